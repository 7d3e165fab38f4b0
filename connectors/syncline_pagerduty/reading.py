"""Single incidents, their notes and their log, and lists of open ones."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from syncline.connector import Edit, Record, Sighting
from syncline.errors import Gone, RetryLater
from syncline.model import Remark
from syncline_pagerduty import records
from syncline_pagerduty.client import LAST_ROW, PAGE, Client, Params
from syncline_pagerduty.directory import Directory
from syncline_pagerduty.records import MalformedError, identity, mapping, moment, stamp
from syncline_pagerduty.settings import PagerDutySettings
from syncline_pagerduty.writes import Writes

log = logging.getLogger(__name__)

LOOKED_BACK: Final = timedelta(hours=24)
"""How much of an incident's log a read brings."""

OPEN: Final = ("triggered", "acknowledged")

WORTH_A_LIST: Final = 4
"""So many incidents to be read make a page of the open ones cheaper than one read for each."""


class UnreadableError(RetryLater):
    """PagerDuty sent an incident that lacks what every incident has."""


class Reader:
    """Reads incidents of one instance.

    Args:
        client: The account.
        directory: Its people.
        settings: Which services are ours.
        fields: The native fields that the mapping names.
    """

    def __init__(
        self, client: Client, directory: Directory, settings: PagerDutySettings, fields: frozenset[str]
    ) -> None:
        self.client = client
        self.directory = directory
        self.settings = settings
        self.fields = fields
        self.writes = Writes()
        # The order of the log is not documented; it is learnt from the first page that shows it.
        self._newest_first = True
        self._services = frozenset(settings.services)

    def ours(self, *referring: Mapping[str, Any]) -> bool:
        """Whether the first service that one of them names is one that we look at; where none does: yes."""
        if not self._services:
            return True
        named = (identity(one.get("service")) for one in referring)
        return next((service in self._services for service in named if service), True)

    def record(
        self, incident: Mapping[str, Any], asof: datetime | None, last: Mapping[str, Any] | None = None
    ) -> Record:
        """An incident of a reply; `last` refers to who wrote last.

        Raises:
            UnreadableError: it lacks what every incident has.
        """
        own = self.directory.own_id() if last else None
        try:
            return records.record(incident, self.fields, asof, last, own)
        except MalformedError as error:
            raise UnreadableError(
                f"{self.client.http.instance}: PagerDuty sent {error}; it is read again later"
            ) from None

    def clock(self) -> datetime | None:
        """PagerDuty's clock, for a read that begins now; None as long as we have not heard from it."""
        http = self.client.http
        return None if http.clock_skew() is None else http.platform_now()

    def one(self, record_id: str, last: Mapping[str, Any] | None = None) -> Record:
        """One incident by id or number, read on its own. Raises `Gone`."""
        asof = self.clock()
        params = {"include[]": ["body"]} if self.settings.read_body and "description" in self.fields else {}
        reply = self.client.get(f"/incidents/{quote(record_id, safe='')}", params)
        return self.record(mapping(reply.get("incident")), asof, last)

    def read(self, record_id: str) -> Sighting:
        """One incident with the latest of its log. Raises `Gone`.

        Notes come with polls and the sweep: one more request that fails would throw away what nothing shows again."""
        record = self.one(record_id)
        entries = self.log_of(record.id, self.client.http.platform_now() - LOOKED_BACK)
        if entries:
            agent = records.author(entries)
            own = self.directory.own_id()
            record = replace(
                record,
                updated_by=records.name(agent) or identity(agent),
                own=own is not None and identity(agent) == own,
            )
        return Sighting(record.id, record, edits=self.edits(entries, record))

    def read_many(self, record_ids: Sequence[str]) -> list[Sighting]:
        """Those that there are, with all that was said on them. PagerDuty takes no list of ids: a few pages of open
        incidents, and a read for each that is not on them; and one for the notes of each."""
        wanted = list(dict.fromkeys(record_ids))
        # Notes first: whatever fails then, no look at an incident is thrown away, for there is no history of all that it shows.
        notes: dict[str, tuple[Remark, ...]] = {}
        for record_id in wanted:
            with suppress(Gone):
                notes[record_id] = self.remarks(record_id)
        found: dict[str, Record] = {}
        asof = self.clock()
        if len(wanted) >= WORTH_A_LIST:
            for incident in self.open(most=len(wanted) // WORTH_A_LIST * PAGE):
                listed_id = identity(incident)
                if listed_id in wanted and records.complete(incident):
                    found[listed_id] = self.record(incident, asof)
                if len(found) == len(wanted):
                    break
        for record_id in wanted:
            if record_id not in found:
                with suppress(Gone):
                    found[record_id] = self.one(record_id)
        seen = [record_id for record_id in wanted if record_id in found]
        return [Sighting(record_id, found[record_id], notes.get(record_id, ())) for record_id in seen]

    def open(self, most: int = LAST_ROW) -> Iterator[Mapping[str, Any]]:
        """Open incidents, page by page as they are taken."""
        yield from self.client.rows("/incidents", "incidents", self.open_filter(), most)

    def open_filter(self) -> dict[str, str | list[str]]:
        """What asks for all open incidents that we look at, whenever they were opened."""
        return {
            "statuses[]": list(OPEN),
            "date_range": "all",
            "sort_by": "created_at:asc",
            **self.service_filter(),
        }

    def service_filter(self) -> dict[str, list[str]]:
        """What asks for our services only."""
        return {"service_ids[]": list(self.settings.services)} if self.settings.services else {}

    def find(self, marker: str) -> list[Record]:
        """Incidents that carry the marker, oldest first."""
        key, asof = records.incident_key(marker), self.clock()
        params: Params = {"incident_key": key, "date_range": "all", **self.service_filter()}
        # The filter also finds incidents by the keys of their alerts (REST API docs); those are not ours.
        # Its stamps are whole seconds: who took an incident in the second of its creation shows by the name alone.
        found = [
            self.record(row, asof, _mover(row))
            for row in self.client.rows("/incidents", "incidents", params)
            if row.get("incident_key") == key
        ]
        return sorted(found, key=lambda record: (record.created_at, len(record.key), record.key))

    def remarks(self, record_id: str) -> tuple[Remark, ...]:
        """All notes of an incident, oldest first."""
        reply = self.client.get(f"/incidents/{quote(record_id, safe='')}/notes")
        return records.remarks(record_id, self.client.listed(reply, "notes"), self.directory.own_id())

    def log_of(self, record_id: str, since: datetime, *, channels: bool = False) -> list[Mapping[str, Any]]:
        """The log entries of an incident from then on, oldest first; with `channels` all of how each came about."""
        path, first = f"/incidents/{quote(record_id, safe='')}/log_entries", since.replace(microsecond=0)
        params: dict[str, str | int | list[str]] = {"since": stamp(since)}
        if channels:
            params["include[]"] = ["channels"]
        entries = self.in_order(list(self.client.rows(path, "log_entries", params)))
        return [entry for entry in entries if (moment(entry.get("created_at")) or first) >= first]

    def in_order(self, entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Log entries as they came, oldest first."""
        shown = records.newest_first(entries)
        if shown is not None:
            self._newest_first = shown
        return records.ordered(entries, falling=self._newest_first)

    def edits(self, entries: Iterable[Mapping[str, Any]], record: Record | None) -> tuple[Edit, ...]:
        """The changes that log entries tell of."""
        status = record.values.get("status") if record is not None else None
        return records.edits(entries, self.directory.own_id(), status)


def _mover(incident: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Who moved an incident out of the status in which it began, as a reference; None: nobody did."""
    moved = incident.get("status") != "triggered"
    return (mapping(incident.get("last_status_change_by")) or None) if moved else None
