"""What changed since the last poll: the log of the account, and now and then all open incidents.

PagerDuty cannot list incidents by when they changed. Its log can be listed by time, and brings with each entry the
incident as it is now; so a page of the log is a page of records, and nothing else is read. What leaves no
entry in the log, such as a new title, is found on the list of open incidents.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from syncline.connector import Page, Record, Sighting
from syncline.errors import Configuration, Gone, RetryLater, SynclineError
from syncline_pagerduty import records
from syncline_pagerduty.client import LAST_ROW, PAGE
from syncline_pagerduty.cursor import Position, advance, begin, open_due, remember
from syncline_pagerduty.reading import Reader, UnreadableError
from syncline_pagerduty.records import ANNOTATE, identity, mapping, moment, stamp

log = logging.getLogger(__name__)

OPEN_SHARE: Final = 0.1
"""Share of the rate budget that the list of open incidents may take."""

_UNSURE: Final = timedelta(seconds=15)
"""Taken off the platform's clock where we know it only from the reply to this very request."""

_FAR: Final = timedelta(days=1)

Entry = Mapping[str, Any]


class Poller:
    """Polls one instance."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._http = reader.client.http
        self._settings = reader.settings

    def start(self, since: datetime | None) -> Position:
        """Where a poll begins that sees every change from `since` on; None: from now on."""
        if since is None:
            if self._http.clock_skew() is None:
                self._reader.client.get("/log_entries", {"limit": 1})
            since = self._http.platform_now()
        return Position.at_start(since)

    def page(self, position: Position, limit: int) -> Page:
        """The next page."""
        if position.open_offset is not None:
            return self._open_page(position, limit)
        return self._log_page(position, limit)

    def _log_page(self, position: Position, limit: int) -> Page:
        size = max(1, min(limit, PAGE))
        # What cannot be read without it would be thrown away once it was shown.
        self._reader.directory.own_id()
        asof, mark = self._reader.clock(), self._reader.writes.moment()
        look = position.look or begin(position, self._http.platform_now(), self._settings.overlap)
        if position.look is None and asof is None:
            look = replace(look, until=look.until + _FAR)
        reply = self._reader.client.get(
            "/log_entries",
            {
                "since": stamp(look.since),
                "until": stamp(look.until),
                "include[]": ["incidents"],
                "limit": size,
                "offset": look.offset,
            },
        )
        if position.look is None and asof is None:
            look = replace(look, asof=self._http.platform_now() - _UNSURE)
        entries = self._reader.client.listed(reply, "log_entries")
        times = [at for at in (moment(entry.get("created_at")) for entry in entries) if at is not None]
        found, error = self._sightings(position, entries, look.floor, asof)
        held = {s.record_id for s in found if s.record is not None and self._is_doubtful(s.record, mark)}
        shown = tuple(_of_the_past(s) if s.record_id in held else s for s in found)
        if error is not None:
            return Page(shown, position.dump(), more=False, error=error)
        more = reply.get("more")
        following = advance(
            position,
            look,
            times,
            size,
            more if isinstance(more, bool) else len(entries) >= size,
            self._http.instance,
        )
        following = remember(following, _stamped(entries, look.floor, held), self._settings.overlap)
        if following.look is None and self._open_due(following):
            following = replace(following, open_offset=0)
        again = following.look is not None or following.open_offset is not None
        return Page(shown, following.dump(), again)

    def _open_page(self, position: Position, limit: int) -> Page:
        size = max(1, min(limit, PAGE))
        offset = position.open_offset or 0
        asof, mark = self._reader.clock(), self._reader.writes.moment()
        reply = self._reader.client.get(
            "/incidents", {**self._reader.open_filter(), "limit": size, "offset": offset}
        )
        sightings = []
        for incident in self._reader.client.listed(reply, "incidents"):
            try:
                record = self._reader.record(incident, asof)
            except UnreadableError as error:
                log.warning("%s", error)
                continue
            sighting = Sighting(record.id, record)
            sightings.append(_of_the_past(sighting) if self._is_doubtful(record, mark) else sighting)
        if reply.get("more") is True and offset + 2 * size <= LAST_ROW:
            following = replace(position, open_offset=offset + size)
        else:
            pages = offset // size + 1
            following = replace(
                position, open_offset=None, open_at=self._http.platform_now(), open_pages=pages
            )
        return Page(tuple(sightings), following.dump(), following.open_offset is not None)

    def _is_doubtful(self, record: Record, mark: int) -> bool:
        """Whether a row may be older than a write of ours with the same stamp, and would look like a person's revert."""
        return not records.is_final(record.revision) and self._reader.writes.disturbed(record.id, mark)

    def _sightings(
        self, position: Position, entries: list[Entry], floor: datetime, asof: datetime | None
    ) -> tuple[list[Sighting], SynclineError | None]:
        """What the entries that are news show, and what kept more from being read of it. The page itself is never thrown
        away for that: nothing else may ever show a title that our next write replaces."""
        of_incident: dict[str, list[Entry]] = {}
        fresh: dict[str, list[Entry]] = {}
        known: dict[str, Entry] = {}
        for entry in self._reader.in_order(entries):
            record_id, entry_id = identity(entry.get("incident")), identity(entry)
            at = moment(entry.get("created_at"))
            if record_id is None or entry_id is None or at is None or not self._mine(entry):
                continue
            of_incident.setdefault(record_id, []).append(entry)
            if at >= floor and not position.known(entry_id, at):
                fresh.setdefault(record_id, []).append(entry)
            elif at >= floor:
                known[record_id] = entry
        found: dict[str, Sighting] = {}
        error: SynclineError | None = None
        for one, new in fresh.items():
            try:
                found[one] = self._sighting(one, of_incident[one], new, asof)
            except Gone:
                self._no_more(one)
            except UnreadableError as broken:
                # One broken incident must not stop the poll of all others.
                log.warning("%s", broken)
            except (RetryLater, Configuration) as failed:
                error = failed
        for one in [one for one in found if any(entry.get("type") == ANNOTATE for entry in fresh[one])]:
            try:
                found[one] = replace(found[one], remarks=self._reader.remarks(one))
            except Gone:
                self._no_more(one)
                del found[one]
            except (RetryLater, Configuration) as failed:
                error = failed
                break
        # Entries that we know come with the incident as it is now, too, which may show what leaves no entry.
        beside = [self._beside(entry, asof) for one, entry in known.items() if one not in fresh]
        return [*found.values(), *(sighting for sighting in beside if sighting is not None)], error

    def _no_more(self, record_id: str) -> None:
        log.info("%s: incident %s was in the log and is no more", self._http.instance, record_id)

    def _beside(self, entry: Entry, asof: datetime | None) -> Sighting | None:
        """The incident that came with its last entry, where it was written later than that tells of; by whom it does not
        say."""
        incident, told = mapping(entry.get("incident")), moment(entry.get("created_at"))
        if not records.complete(incident) or told is None:
            return None
        try:
            record = self._reader.record(incident, asof)
        except UnreadableError:
            return None
        return Sighting(record.id, record) if record.updated_at > told else None

    def _sighting(
        self, record_id: str, entries: list[Entry], new: list[Entry], asof: datetime | None
    ) -> Sighting:
        record = self._row(record_id, new[-1], records.author(entries), asof)
        return Sighting(record_id, record, edits=self._reader.edits(entries, record))

    def _row(self, record_id: str, entry: Entry, agent: Entry, asof: datetime | None) -> Record:
        """The incident that came with an entry; read on its own where only a reference came, or less."""
        incident = mapping(entry.get("incident"))
        if records.complete(incident):
            try:
                return self._reader.record(incident, asof, agent)
            except UnreadableError:
                log.debug("%s: incident %s came broken with its log", self._http.instance, record_id)
        return self._reader.one(record_id, agent)

    def _mine(self, entry: Entry) -> bool:
        return self._reader.ours(mapping(entry.get("incident")), entry)

    def _open_due(self, position: Position) -> bool:
        pages = self._settings.requests_per_minute * OPEN_SHARE
        return open_due(position, self._http.platform_now(), self._settings.reread_open_every, pages)


def _of_the_past(sighting: Sighting) -> Sighting:
    """A doubtful row as older than all that was written in its second. The next poll brings it when there is no doubt any
    more; but what it shows may be the one trace of a title that our write replaced."""
    record = sighting.record
    assert record is not None
    return replace(sighting, record=replace(record, revision=record.revision - 1))


def _stamped(entries: list[Entry], floor: datetime, held: set[str]) -> list[tuple[str, datetime]]:
    """Id and time of the entries that need not be looked at again."""
    found = []
    for entry in entries:
        entry_id, at = identity(entry), moment(entry.get("created_at"))
        if entry_id is None or at is None or at < floor or identity(entry.get("incident")) in held:
            continue
        found.append((entry_id, at))
    return found
