"""The connector of one Cherwell server."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from syncline.connector import (
    Connector,
    Cursor,
    Edit,
    Finding,
    Hint,
    Operation,
    Page,
    Party,
    PartyKind,
    Receipt,
    Record,
    Schema,
    Sighting,
    Step,
    in_order,
    sightings,
    usable,
)
from syncline.errors import Configuration, Gone, Refused, RetryLater
from syncline.http.client import Http
from syncline.model import Remark
from syncline_cherwell import history, records
from syncline_cherwell.checking import Check
from syncline_cherwell.client import Client, Filter, Row
from syncline_cherwell.directory import Directory
from syncline_cherwell.discovery import Discovery
from syncline_cherwell.hints import hints
from syncline_cherwell.polling import Feeds, of_incidents, remark_fields
from syncline_cherwell.records import CREATED, Shape, is_id, known
from syncline_cherwell.schema import RECORD
from syncline_cherwell.settings import CherwellSettings
from syncline_cherwell.writing import Writer

_PAGE: Final = 200


class Cherwell(Connector):
    """One server. A read asks for the incident by its record id; a write is one save."""

    def __init__(self, settings: CherwellSettings, http: Http, fields: frozenset[str]) -> None:
        self._settings = settings
        self._http = http
        self._client = Client(http, settings.ascending)
        self._discovery = Discovery(self._client, http, settings, fields)
        self._feeds = Feeds(self._client, http, settings, self._discovery)
        self._directory = Directory(self._client, http, self._discovery)
        self._writer = Writer(self._client, http, settings, self._discovery)

    def start(self, since: datetime | None) -> Cursor:
        """The cursor that sees every change from `since` on; None: from now on, by the platform's clock."""
        self._feeds.prove_dates()
        if since is None:
            since = self._http.platform_now() - timedelta(seconds=1)
        return self._feeds.start(since)

    def poll(self, cursor: Cursor, limit: int) -> Page:
        """The changes after `cursor`: one page of incidents, and one of each kind of journal that people write."""
        try:
            return self._feeds.poll(cursor, limit)
        except Configuration:
            self._discovery.forget()
            raise

    def read(self, record_id: str) -> Sighting:
        """One record by its record id."""
        return Sighting(record_id, self._read(record_id))

    def read_many(self, record_ids: Sequence[str]) -> Sequence[Sighting]:
        """Those of the records that can be seen, with all that was said on them; three requests or more."""
        wanted = sorted({record_id for record_id in record_ids if is_id(record_id)})
        if not wanted:
            return ()
        incident, shape = self._discovery.incident(), self._discovery.shape()
        filters = [Filter(RECORD, "eq", record_id) for record_id in wanted]
        rows = self._client.all_of(incident, filters, shape.fields, _PAGE)
        seen = {record.id: record for row in rows if (record := self._record(row, shape)).id in wanted}
        if not seen:
            return ()
        return sightings(seen, self._remarks(sorted(seen)))

    def find(self, marker: str) -> Sequence[Record]:
        """Records that carry the marker, oldest first.

        Raises:
            Configuration: the question was not understood.
        """
        shape, name = self._discovery.shape(), self._settings.marker_field
        rows = self._client.all_of(
            self._discovery.incident(), [Filter(name, "eq", marker)], shape.fields, _PAGE
        )
        # The database compares texts without regard to case.
        if any(row.get(name, "").strip().lower() != marker.lower() for row in rows):
            raise Configuration(
                f"{self._http.instance}: asked for {name} {marker}, the server answered with other records; check that the"
                f" account may read {name}"
            )
        found = [self._record(row, shape) for row in rows]
        own = [record for record in found if record.marker == marker]
        return tuple(sorted(own, key=lambda record: (record.created_at, record.id)))

    def lookup(self, key: str) -> Record | None:
        """The record with that record id, or that people call so."""
        key = key.strip()
        if not key or len(key) > 60 or not all(c.isalnum() or c in "-_ " for c in key) or not key.isascii():
            return None
        try:
            if is_id(key):
                return self._read(key)
            row = self._client.read(self._discovery.incident(), key, public=True)
            record = self._record(row, self._discovery.shape())
        except Gone:
            return None
        return record if record.key == key else None

    def remarks(self, record_id: str) -> Sequence[Remark]:
        """All notes of a record, and what customers wrote to it, oldest first."""
        return self._remarks([known(record_id, self._http.instance)])

    def history(self, record_id: str, since: datetime) -> Sequence[Edit]:
        """What the history tells of who changed the record from `since` on, oldest first."""
        journal = self._discovery.history()
        if journal is None:
            return ()
        shape, incident = self._discovery.shape(), self._discovery.incident()
        filters = (
            Filter("ParentRecID", "eq", known(record_id, self._http.instance)),
            Filter(CREATED, "gt", shape.dates.write(shape.dates.asked_from(since))),
        )
        rows = self._client.all_of(journal, filters, remark_fields(journal, shape), _PAGE)
        rows = [row for row in rows if row.get("ParentRecID") == record_id]
        owners = history.owners(rows, incident, shape.history_line)
        with usable(self._http.instance, f"the history of record {record_id}"):
            told = history.edits(rows, incident, shape, self._directory.named(owners) if owners else {})
        return tuple(edit for edit in told if edit.at >= since.replace(microsecond=0))

    def steps(self, record_id: str, status: str) -> Sequence[Step]:  # noqa: ARG002  the contract's signature
        """The ways out of a status that the setting `lifecycle` has: the server does not tell which there are."""
        asked = self._settings.asked_for
        return tuple(
            Step(to, to, to, dict.fromkeys(asked.get(to, ()), ()))
            for to in self._settings.lifecycle.get(status, ())
        )

    def write(self, operation: Operation) -> Receipt:
        """Carry out one operation: one request that changes something. Its reply shows no record."""
        try:
            return self._writer.write(operation)
        except (Configuration, Refused):
            # A blueprint may have been published since we asked for it.
            self._discovery.forget()
            raise

    def parties(self, kind: PartyKind, ids: Sequence[str]) -> Sequence[Party]:
        """Those people or teams, by record id or name."""
        return self._directory.parties(kind, ids)

    def find_party(self, kind: PartyKind, name: str) -> Party | None:
        """The person with that e-mail address, else with that exact name, also by id; the team with that name."""
        return self._directory.find(kind, name)

    def schema(self) -> Schema:
        """Fields, statuses and teams, as they are now."""
        self._discovery.forget()
        incident = self._discovery.incident()
        fields = dict(incident.fields)
        if "Priority" in fields:
            choices = self._client.choices(incident, "Priority") or None
            fields["Priority"] = replace(fields["Priority"], choices=choices)
        return Schema(dict(sorted(fields.items())), incident.statuses or None, self._directory.teams())

    def check(self) -> Iterator[Finding]:
        """Look at the server, the account, the clock, how times are read, journals, and fields."""
        return Check(
            self._client, self._http, self._settings, self._discovery, self._feeds, self._directory
        ).findings()

    def parse_hint(self, headers: Mapping[str, str], raw: bytes) -> Sequence[Hint]:  # noqa: ARG002
        """The incidents that the message of a One-Step is about."""
        return hints(raw)

    def _read(self, record_id: str) -> Record:
        row = self._client.read(self._discovery.incident(), known(record_id, self._http.instance))
        if row[RECORD].lower() != record_id.lower():
            raise RetryLater(
                f"{self._http.instance}: asked for record {record_id}, the server answered with {row[RECORD]}"
            )
        return self._record(row, self._discovery.shape())

    def _remarks(self, record_ids: Sequence[str]) -> Sequence[Remark]:
        """What people said on those records, oldest first."""
        shape, request = self._discovery.shape(), self._discovery.request()
        filters = [Filter("ParentRecID", "eq", record_id) for record_id in record_ids]
        found: list[Remark | None] = []
        for journal in (self._discovery.note(), request):
            rows: list[Row] = []
            if journal is not None:
                also = of_incidents(journal, self._discovery.incident())
                rows = self._client.all_of(journal, (*filters, *also), remark_fields(journal, shape), _PAGE)
            with usable(self._http.instance, "a journal"):
                found += [records.remark(row, shape, asked=journal is request) for row in rows]
        return in_order(one for one in found if one is not None and one.record_id in record_ids)

    def _record(self, row: Row, shape: Shape) -> Record:
        with usable(self._http.instance, f"record {row[RECORD][:50]}"):
            return records.record(row, shape)
