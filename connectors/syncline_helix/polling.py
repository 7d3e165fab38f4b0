"""Following what changes: incidents and their work log, each list with its own track.

An entry of the work log need not touch its incident (BMC does not say), so both lists are asked for in each poll. What the audit
tells of incidents that a page brought is asked for with it, where they changed of late: the edits that our own writes may
have overwritten.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from syncline.connector import (
    Cursor,
    Edit,
    Follower,
    Page,
    Position,
    Record,
    Shown,
    Sighting,
    Track,
    followable,
    misplaced,
    sightings,
    tracks,
)
from syncline.errors import Configuration
from syncline.http.client import Http
from syncline_helix import history, records
from syncline_helix.client import INCIDENT, WORK_LOG, Client, Row, is_last
from syncline_helix.dialect import is_hidden
from syncline_helix.query import after, any_of, both, equals, one_of
from syncline_helix.query import field as named
from syncline_helix.records import NUMBER, UPDATED, Shape, ident, moment
from syncline_helix.settings import HelixSettings
from syncline_helix.values import said

log = logging.getLogger(__name__)

RECORDS: Final = "records"
NOTES: Final = "notes"

AUDITED: Final = timedelta(days=1)
"""Of what changed before that nobody asks what our writes overwrote."""

_BATCH: Final = 40
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Feed:
    """One list that is followed.

    Attributes:
        form: Where its entries are.
        key: The field by which entries of one second are told apart.
        condition: What they must fulfil.
        fields: What to ask for.
    """

    form: str
    key: str
    condition: str
    fields: tuple[str, ...]


class Feeds:
    """The lists of one instance. Of its calls it remembers that times are read as they are meant."""

    def __init__(self, client: Client, http: Http, settings: HelixSettings, shape: Shape) -> None:
        self._client = client
        self._http = http
        self._settings = settings
        self._shape = shape
        self._dates = settings.dates()
        self._follower = Follower(settings.overlap)
        self._proved = False
        self._warned = False
        self._feeds = {
            NOTES: Feed(WORK_LOG, "Work Log ID", "", records.REMARK_FIELDS),
            # The records come last: what they show is taken up at once, and entries that come with a new record find it.
            RECORDS: Feed(INCIDENT, NUMBER, settings.filter, shape.fields),
        }

    def start(self, since: datetime) -> Cursor:
        """The cursor that sees all from the second of `since` on."""
        track = Track.beginning(since, self._now())
        return {name: track.as_json() for name in self._feeds}

    def poll(self, cursor: Cursor, limit: int) -> Page:
        """One page of each list; while one of them has more, of that one only."""
        self.prove_dates()
        followed = tracks(cursor, self._feeds, self._http.instance)
        rows, after_it, more = self._follower.poll(
            cursor, followed, lambda name, track: self._turn(self._feeds[name], track, limit)
        )
        return Page(self._sightings(rows), after_it, more)

    def prove_dates(self) -> bool:
        """Look whether the server reads our times as they are meant, once; False: there is no incident yet to see it by.

        Raises:
            Configuration: it does not; polls would miss changes.
        """
        for _ in range(3):
            if self._proved:
                return True
            rows = self._client.entries(INCIDENT, any_of(NUMBER), (NUMBER, UPDATED), (f"{UPDATED}.desc",), 1)
            if not rows:
                return False
            place = self._place(self._feeds[RECORDS], rows[0])
            literal, stamped = self._dates.literal(place.at), named(UPDATED)
            at_that = both(equals(NUMBER, place.id), f"{stamped} >= {literal}", f"{stamped} <= {literal}")
            later = both(equals(NUMBER, place.id), f"{stamped} > {literal}")
            found = [
                self._client.entries(INCIDENT, asked, (NUMBER, UPDATED), (), 2) for asked in (at_that, later)
            ]
            self._proved = len(found[0]) == 1 and not found[1]
            # It may have been changed between two of the questions: then they say nothing.
            if all(said(row.get(UPDATED)) == said(rows[0].get(UPDATED)) for row in found[1]):
                break
        if self._proved:
            return True
        raise Configuration(
            f"{self._http.instance}: the server does not read {literal} as the time {place.stamp}; set date_format to epoch, or to the"
            " format in which it shows times, and date_zone to its time zone"
        )

    def edits(self, rows: Mapping[str, Row]) -> dict[str, tuple[Edit, ...]]:
        """What the platform tells of who changed those incidents, by their numbers."""
        own = self._settings.username
        named_by = {number: said(row.get("Entry ID")) for number, row in rows.items()}
        entries = {entry: number for number, entry in named_by.items() if entry and entry.isprintable()}
        lines: dict[str, list[Row]] = {}
        since = self._http.platform_now() - AUDITED - timedelta(hours=1)
        for line in self._audit(sorted(entries), since):
            lines.setdefault(entries.get(said(line.get("Original Request ID")), ""), []).append(line)
        found = {}
        for number, row in rows.items():
            with followable(self._http.instance, f"the history of {number}"):
                audited = history.edits(lines.get(number, ()), self._shape, own)
                found[number] = history.together(audited, history.visits(row, own))
        return found

    def _audit(self, entries: list[str], since: datetime) -> list[Row]:
        """The lines of the audit about those entries. None where it may not be read: `check` says so.

        Raises:
            Configuration, RetryLater: it could not be read this time. What it tells is asked for again then.
        """
        form = self._settings.audit_form
        if not form:
            return []
        found: list[Row] = []
        try:
            for start in range(0, len(entries), _BATCH):
                asked = both(
                    one_of("Original Request ID", entries[start : start + _BATCH]),
                    f"{named('Create Date')} >= {self._dates.literal(since)}",
                )
                found += self._client.all_entries(form, asked, history.AUDIT_FIELDS, "Request ID", _PAGE)
        except Configuration as error:
            if not is_hidden(error):
                raise
            if not self._warned:
                self._warned = True
                log.warning("%s: the change history cannot be read: %s", self._http.instance, error)
            return []
        return found

    def _turn(self, feed: Feed, track: Track, limit: int) -> tuple[Track, list[Shown[Row]]]:
        asked = self._now()
        track = track.begun(self._http.platform_now(), self._settings.overlap, self._settings.page_size)
        start, size = track.start, max(1, min(track.size, limit))
        question = after(UPDATED, feed.key, start.at, start.id, self._dates, feed.condition)
        page = self._client.entries(feed.form, question, feed.fields, (UPDATED, feed.key), size)
        places = [self._place(feed, row) for row in page]
        wrong = misplaced(start, places, self._http.platform_now(), by_id=False)
        if wrong:
            raise Configuration(
                f"{self._http.instance}: {feed.form} did not answer what was asked: {wrong}; run 'syncline check', and see that"
                f" the account may read {UPDATED} and {feed.key}"
            )
        shown = [Shown(p.id, p.stamp, _digest(row), row) for row, p in zip(page, places, strict=True)]
        return track.turned(places, size, asked, ended=is_last(len(page), size)), shown

    def _now(self) -> datetime | None:
        """The platform's clock; until it has told its time we cannot say which second has ended there."""
        return None if self._http.clock_skew() is None else self._http.platform_now()

    def _place(self, feed: Feed, row: Row) -> Position:
        with followable(self._http.instance, feed.form):
            return Position(moment(row, UPDATED), ident(row, feed.key))

    def _sightings(self, rows: Mapping[str, tuple[Row, ...]]) -> tuple[Sighting, ...]:
        """Each record once, in the order of change, with the entries and files that came in the same poll."""
        own = self._settings.username
        seen: dict[str, Record | None] = {}
        recent: dict[str, Row] = {}
        since = self._http.platform_now() - AUDITED
        for row in rows.get(RECORDS, ()):
            number = ident(row, NUMBER)
            try:
                record = seen[number] = records.record(row, self._shape, own)
            except ValueError:
                # It is read by its number, and fails there under its own name, without holding up the others.
                seen[number] = None
                continue
            if record.updated_at >= since:
                recent[number] = row
        told = self.edits(recent) if recent else {}
        notes = rows.get(NOTES, ())
        with followable(self._http.instance, WORK_LOG):
            remarks = [remark for row in notes if (remark := records.remark(row, own)) is not None]
            files = [file for row in notes for file in records.attachments(row, own)]
        return sightings(seen, remarks, files, told)


def _digest(row: Row) -> str:
    return blake2b(repr(sorted(row.items())).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
