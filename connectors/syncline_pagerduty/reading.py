"""Single incidents, their notes and their log, and lists of open ones."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from syncline.connector import Edit, Record, Sighting
from syncline.errors import Gone, RetryLater
from syncline.model import Remark
from syncline_pagerduty import records
from syncline_pagerduty.client import LAST_ROW, PAGE, Client, Params
from syncline_pagerduty.directory import Directory
from syncline_pagerduty.records import ANNOTATE, MalformedError, identity, mapping, moment, stamp
from syncline_pagerduty.settings import PagerDutySettings

log = logging.getLogger(__name__)

LOOKED_BACK: Final = timedelta(hours=24)
"""How much of an incident's log a read brings."""

OPEN: Final = ("triggered", "acknowledged")

WORTH_A_LIST: Final = 4
"""So many incidents to be read make a page of the open ones cheaper than one read for each."""


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
        self._services = frozenset(settings.services)

    def ours(self, *referring: Mapping[str, Any]) -> bool:
        """Whether the first service that one of them names is one that we look at; where none does: yes."""
        if not self._services:
            return True
        named = (identity(one.get("service")) for one in referring)
        return next((service in self._services for service in named if service), True)

    def record(self, incident: Mapping[str, Any], updated_by: str | None = None) -> Record:
        """An incident of a reply.

        Raises:
            RetryLater: it lacks what every incident has.
        """
        try:
            return records.record(incident, self.fields, updated_by)
        except MalformedError as error:
            raise RetryLater(f"{self.client.http.instance}: PagerDuty sent {error}") from None

    def incident(self, record_id: str) -> Mapping[str, Any]:
        """One incident by id or number, as PagerDuty has it. Raises `Gone`."""
        params = {"include[]": ["body"]} if self.settings.read_body and "description" in self.fields else {}
        reply = self.client.get(f"/incidents/{quote(record_id, safe='')}", params)
        return mapping(reply.get("incident"))

    def read(self, record_id: str) -> Sighting:
        """One incident with the latest of its log, and its notes where the log tells of any. Raises `Gone`."""
        record = self.record(self.incident(record_id))
        entries = list(self.log_of(record.id, self.client.http.platform_now() - LOOKED_BACK))
        annotated = any(entry.get("type") == ANNOTATE for entry in entries)
        return Sighting(
            record_id=record.id,
            record=record,
            remarks=self.remarks(record.id) if annotated else (),
            edits=self.edits(entries, record),
        )

    def read_many(self, record_ids: Sequence[str]) -> list[Sighting]:
        """Those that there are. PagerDuty takes no list of ids: a few pages of open incidents, and a read for each
        that is not on them."""
        wanted = list(dict.fromkeys(record_ids))
        found: dict[str, Sighting] = {}
        if len(wanted) >= WORTH_A_LIST:
            for incident in self.open(most=len(wanted) // WORTH_A_LIST * PAGE):
                record_id = identity(incident)
                if record_id in wanted and records.complete(incident):
                    record = self.record(incident)
                    found[record.id] = Sighting(record.id, record)
                if len(found) == len(wanted):
                    break
        for record_id in wanted:
            if record_id not in found:
                try:
                    found[record_id] = Sighting(record_id, self.record(self.incident(record_id)))
                except Gone:
                    continue
        return [found[record_id] for record_id in wanted if record_id in found]

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
        key = records.incident_key(marker)
        params: Params = {"incident_key": key, "date_range": "all", **self.service_filter()}
        # The filter also finds incidents by the keys of their alerts (REST API docs); those are not ours.
        rows = [
            row
            for row in self.client.rows("/incidents", "incidents", params)
            if row.get("incident_key") == key
        ]
        return sorted(map(self.record, rows), key=lambda record: (record.created_at, record.key))

    def remarks(self, record_id: str) -> tuple[Remark, ...]:
        """All notes of an incident, oldest first."""
        reply = self.client.get(f"/incidents/{quote(record_id, safe='')}/notes")
        return records.remarks(record_id, reply.get("notes"), self.directory.own_id())

    def log_of(self, record_id: str, since: datetime) -> Iterator[Mapping[str, Any]]:
        """The log entries of an incident from then on, in no particular order."""
        path = f"/incidents/{quote(record_id, safe='')}/log_entries"
        for entry in self.client.rows(path, "log_entries", {"since": stamp(since)}):
            at = moment(entry.get("created_at"))
            if at is not None and at >= since.replace(microsecond=0):
                yield entry

    def edits(self, entries: Iterable[Mapping[str, Any]], record: Record | None) -> tuple[Edit, ...]:
        """The changes that log entries tell of."""
        status = record.values.get("status") if record is not None else None
        return records.edits(entries, self.directory.own_id(), status)
