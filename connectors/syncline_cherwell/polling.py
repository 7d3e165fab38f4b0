"""Following what changes: incidents and their journals, each list with its own track.

A journal need not touch its incident (nothing says so), so each list is asked for in each poll.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from syncline.connector import Cursor, Follower, Page, Record, Shown, Sighting, followable, sightings, tracks
from syncline.errors import Configuration
from syncline.http.client import Http
from syncline_cherwell import records
from syncline_cherwell.client import Client, Filter, Row
from syncline_cherwell.discovery import Discovery
from syncline_cherwell.records import CREATED, REMARK_FIELDS, Shape
from syncline_cherwell.schema import RECORD, BusinessObject
from syncline_cherwell.settings import CherwellSettings
from syncline_cherwell.values import instant, stamp
from syncline_cherwell.walk import Track, misplaced

RECORDS: Final = "records"
NOTES: Final = "notes"
REQUESTS: Final = "requests"


@dataclass(frozen=True, slots=True)
class Feed:
    """One list that is followed.

    Attributes:
        kind: Its business object.
        time: The field by which it is followed.
        fields: What to ask for.
        filters: What its records must fulfil.
    """

    kind: BusinessObject
    time: str
    fields: tuple[str, ...]
    filters: tuple[Filter, ...] = ()


class Feeds:
    """The lists of one instance. Of its calls it remembers that times are read as they are meant."""

    def __init__(self, client: Client, http: Http, settings: CherwellSettings, discovery: Discovery) -> None:
        self._client = client
        self._http = http
        self._settings = settings
        self._discovery = discovery
        self._follower = Follower(settings.overlap)
        self._proved = False

    def start(self, since: datetime) -> Cursor:
        """The cursor that sees every change from `since` on."""
        # A walk from `since` on is itself a look back; by our own clock we could not say when it was.
        told = self._http.clock_skew() is not None
        track = Track(stamp(since), reached=stamp(self._http.platform_now()) if told else "")
        return {name: track.as_json() for name in (RECORDS, NOTES, REQUESTS)}

    def poll(self, cursor: Cursor, limit: int) -> Page:
        """One page of each list; while one of them has more, of that one only."""
        self.prove_dates()
        shape, feeds = self._discovery.shape(), self._feeds()
        known = tracks(cursor, (RECORDS, NOTES, REQUESTS), self._http.instance, Track.from_json)
        followed = {name: known[name] for name in feeds}
        unread = {name: track.as_json() for name, track in known.items() if name not in feeds}
        rows, cursor_after, more = self._follower.poll(
            cursor,
            followed,
            lambda name, track: self._turn(feeds[name], track, limit, shape),
            beside=unread,
        )
        return Page(self._sightings(rows, shape), cursor_after, more)

    def prove_dates(self) -> bool:
        """Look whether the server reads our times as they are meant, once; False: there is no incident yet to see it by.

        Raises:
            Configuration: it does not; polls would miss changes.
        """
        for _ in range(3):
            if self._proved:
                return True
            newest = self._newest()
            if newest is None:
                return False
            row, at = newest
            found = [
                self._asked(row, moment)
                for moment in (at - timedelta(seconds=61), at + timedelta(seconds=61))
            ]
            self._proved = found == [True, False]
            # It may have been changed between two of the questions: then they say nothing.
            again = self._newest() if not self._proved else None
            if again is not None and (again[0][RECORD], again[1]) == (row[RECORD], at):
                break
        if self._proved:
            return True
        written = self._discovery.dates().write(at)
        raise Configuration(
            f"{self._http.instance}: the server does not read {written} as the time {stamp(at)}; set date_format to the format in"
            " which it shows times, and time_zone to its time zone"
        )

    def _newest(self) -> tuple[Row, datetime] | None:
        """The incident that changed last."""
        shape, incident = self._discovery.shape(), self._discovery.incident()
        found = self._client.search(incident, (), (RECORD, shape.modified), f"-{shape.modified}", 1)
        if not found.rows:
            return None
        row = found.rows[0]
        return row, instant(self._at(row, shape.modified, shape))

    def _asked(self, row: Row, after: datetime) -> bool:
        """Whether the server says that this incident changed after that."""
        shape, incident = self._discovery.shape(), self._discovery.incident()
        filters = (
            Filter(RECORD, "eq", row[RECORD]),
            Filter(shape.modified, "gt", shape.dates.write(after)),
        )
        return bool(self._client.search(incident, filters, (RECORD,), RECORD, 1).rows)

    def _feeds(self) -> dict[str, Feed]:
        shape, incident = self._discovery.shape(), self._discovery.incident()
        feeds = {}
        for name, journal in ((NOTES, self._discovery.note()), (REQUESTS, self._discovery.request())):
            if journal is not None:
                fields = remark_fields(journal, shape)
                feeds[name] = Feed(journal, CREATED, fields, of_incidents(journal, incident))
        # The records come last: what they show is taken up at once, and journals that come with a new record find it.
        feeds[RECORDS] = Feed(incident, shape.modified, shape.fields)
        return feeds

    def _turn(self, feed: Feed, track: Track, limit: int, shape: Shape) -> tuple[Track, list[Shown[Row]]]:
        now = self._http.platform_now()
        track = track.begun(now, self._settings.overlap, told=self._http.clock_skew() is not None)
        assert track.walk is not None
        walk, size = track.walk, max(1, min(self._settings.page_size, limit))
        since = shape.dates.write(shape.dates.asked_from(instant(walk.since)))
        filters = (*feed.filters, Filter(feed.time, "gt", since))
        found = self._client.behind(feed.kind, filters, feed.fields, walk.key, size)
        page = [(row, self._at(row, feed.time, shape)) for row in found.rows]
        places = [(at, row[RECORD]) for row, at in page]
        wrong = misplaced(walk.since, places, self._http.platform_now())
        if wrong:
            raise Configuration(
                f"{self._http.instance}: {feed.kind.name} did not answer what was asked: {wrong}; run 'syncline check', and see to"
                " date_format and time_zone"
            )
        shown = [Shown(row[RECORD], at, _digest(row), row) for row, at in page]
        return track.turned(places, more=found.more), sorted(shown, key=lambda one: (one.at, one.id))

    def _at(self, row: Row, name: str, shape: Shape) -> str:
        with followable(self._http.instance, "changes"):
            return records.changed(row, name, shape)

    def _sightings(self, rows: Mapping[str, tuple[Row, ...]], shape: Shape) -> tuple[Sighting, ...]:
        """Each record once, in the order of change, with the remarks that came in the same poll."""
        seen: dict[str, Record | None] = {}
        for row in rows.get(RECORDS, ()):
            try:
                seen[row[RECORD]] = records.record(row, shape)
            except ValueError:
                # It is read by its id, and fails there under its own name, without holding up the others.
                seen[row[RECORD]] = None
        with followable(self._http.instance, "journals"):
            notes = [records.remark(row, shape, asked=False) for row in rows.get(NOTES, ())]
            requests = [records.remark(row, shape, asked=True) for row in rows.get(REQUESTS, ())]
        return sightings(seen, (remark for remark in (*notes, *requests) if remark is not None))


def remark_fields(journal: BusinessObject, shape: Shape) -> tuple[str, ...]:
    """What to ask for of a journal: whether the customer reads it, where it has a field for that."""
    public = (shape.public,) if shape.public in journal.fields else ()
    return (*REMARK_FIELDS, *public)


def of_incidents(journal: BusinessObject, incident: BusinessObject) -> tuple[Filter, ...]:
    """The condition that a journal hangs on an incident; clients write the parent's kind as its id or as its name."""
    if "ParentTypeID" not in journal.fields:
        return ()
    return tuple(Filter("ParentTypeID", "eq", value) for value in (incident.id, incident.name))


def _digest(row: Row) -> str:
    return blake2b(repr(sorted(row.items())).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
