"""The connector of one BMC Helix ITSM server."""

from collections.abc import Iterator, Mapping, Sequence
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
    in_order,
    sightings,
    usable,
)
from syncline.errors import Configuration, Gone, RetryLater
from syncline.http.client import Http
from syncline.model import Attachment, Remark
from syncline_helix import records
from syncline_helix.checking import Check
from syncline_helix.client import INCIDENT, WORK_LOG, Client, Row
from syncline_helix.directory import Directory
from syncline_helix.hints import hints
from syncline_helix.polling import AUDITED, Feeds
from syncline_helix.query import any_of, equals, one_of
from syncline_helix.records import FILES, NUMBER, REMARK_FIELDS, UPDATED, Shape, is_number, known
from syncline_helix.schema import Forms
from syncline_helix.settings import HelixSettings
from syncline_helix.values import said
from syncline_helix.writing import Writer

_PAGE: Final = 200


class Helix(Connector):
    """One server. A read asks for the incident and for its audit; a write for the entry that the incident is, once."""

    def __init__(self, settings: HelixSettings, http: Http, fields: frozenset[str]) -> None:
        unusable = sorted(name for name in fields if set(name) & set(",()'\"") or not name.isprintable())
        if unusable:
            raise Configuration(
                f"{http.instance}: the mapping names {', '.join(unusable)}, which no field of Helix can be called"
            )
        self._settings = settings
        self._http = http
        self._client = Client(http)
        web = settings.web or f"{http.base_url}/smartit/app"
        self._shape = Shape.of(web, settings.marker_field, fields, settings.times())
        self._feeds = Feeds(self._client, http, settings, self._shape)
        self._directory = Directory(self._client, http)
        self._writer = Writer(self._client, http, settings, self._directory)

    def start(self, since: datetime | None) -> Cursor:
        """The cursor that sees every change from `since` on; None: from now on, by the platform's clock."""
        self._feeds.prove_dates()
        if since is None:
            if self._http.clock_skew() is None:
                self._client.entries(INCIDENT, any_of(NUMBER), (NUMBER,), (NUMBER,), 1)
            since = self._http.platform_now() - timedelta(seconds=1)
        return self._feeds.start(since)

    def poll(self, cursor: Cursor, limit: int) -> Page:
        """The changes after `cursor`: one page of the work log, one of incidents, and the audit of these."""
        return self._feeds.poll(cursor, limit)

    def read(self, record_id: str) -> Sighting:
        """One record by its number, with its change history where it changed of late."""
        row = self._row(record_id)
        record = self._record(row, record_id)
        recent = record.updated_at >= self._http.platform_now() - AUDITED
        edits = self._feeds.edits({record_id: row})[record_id] if recent else None
        return Sighting(record_id, record, edits=edits)

    def read_many(self, record_ids: Sequence[str]) -> Sequence[Sighting]:
        """Those of the records that can be seen, with all that was said on them and all files; two requests or more."""
        wanted = sorted({record_id for record_id in record_ids if is_number(record_id)})
        if not wanted:
            return ()
        # By pages: the server may have a limit of its own, and what is left out the sweep never sees.
        found = self._client.all_entries(INCIDENT, one_of(NUMBER, wanted), self._shape.fields, NUMBER, _PAGE)
        seen = {record.id: record for row in found if (record := self._record(row, "")).id in set(wanted)}
        if not seen:
            return ()
        notes = self._notes(sorted(seen))
        return sightings(seen, self._remarks(notes), self._attachments(notes))

    def find(self, marker: str) -> Sequence[Record]:
        """Records that carry the marker, oldest first.

        Raises:
            Configuration: the question was not understood.
        """
        name = self._settings.marker_field
        rows = self._client.all_entries(
            INCIDENT, self._asked(name, marker), self._shape.fields, NUMBER, _PAGE
        )
        if any(said(row.get(name)) != marker for row in rows):
            raise Configuration(
                f"{self._http.instance}: asked for {name} {marker}, the server answered with other records; check that the"
                f" account may read {name}"
            )
        found = [self._record(row, "") for row in rows]
        own = [record for record in found if record.marker == marker]
        return tuple(sorted(own, key=lambda record: (record.created_at, record.id)))

    def lookup(self, key: str) -> Record | None:
        """The record with that number."""
        key = key.strip().upper()
        if not is_number(key):
            return None
        try:
            return self._record(self._row(key), key)
        except Gone:
            return None

    def remarks(self, record_id: str) -> Sequence[Remark]:
        """All entries of a record's work log, oldest first."""
        return self._remarks(self._notes([known(record_id, self._http.instance)]))

    def attachments(self, record_id: str) -> Sequence[Attachment]:
        """All files of a record's work log, oldest first."""
        return self._attachments(self._notes([known(record_id, self._http.instance)]))

    def content(self, attachment: Attachment) -> bytes:
        """The bytes of a file."""
        entry, _, name = attachment.id.partition("/")
        if name not in FILES:
            raise Gone(f"{self._http.instance}: {attachment.id[:60]!r} is no file of a work log entry")
        return self._client.download(entry, name, attachment.record_id)

    def history(self, record_id: str, since: datetime) -> Sequence[Edit]:
        """What is known of who changed the record from `since` on, oldest first."""
        edits = self._feeds.edits({record_id: self._row(record_id)})[record_id]
        return tuple(edit for edit in edits if edit.at >= since)

    def write(self, operation: Operation) -> Receipt:
        """Carry out one operation: one request that changes something. Its reply shows no record."""
        return self._writer.write(operation)

    def parties(self, kind: PartyKind, ids: Sequence[str]) -> Sequence[Party]:
        """Those people or groups, by login or id."""
        return self._directory.parties(kind, ids)

    def find_party(self, kind: PartyKind, name: str) -> Party | None:
        """The active person with that e-mail address, else with that exact name; the active group with that name; either
        also by its id."""
        return self._directory.find(kind, name)

    def schema(self) -> Schema:
        """Fields and groups, as the server describes them."""
        return Forms(self._client).schema(self._directory.groups())

    def check(self) -> Iterator[Finding]:
        """Look at the server, the account, the clock, how times are read, and the forms."""
        return Check(
            self._client, self._http, self._settings, self._shape, self._feeds, self._directory
        ).findings()

    def parse_hint(self, headers: Mapping[str, str], raw: bytes) -> Sequence[Hint]:  # noqa: ARG002
        """The incidents that the message of an AR System Webhook is about."""
        return hints(raw)

    def _row(self, record_id: str) -> Row:
        """The entry of a record.

        Raises:
            Gone: there is none, or we may not see it.
        """
        number = known(record_id, self._http.instance)
        rows = self._client.entries(INCIDENT, equals(NUMBER, number), self._shape.fields, (UPDATED,), 2)
        for row in rows:
            if said(row.get(NUMBER)) == number:
                self._writer.knows(row)
                return row
        if rows:
            raise RetryLater(
                f"{self._http.instance}: asked for record {number}, the server answered with {rows[0].get(NUMBER)!r}"
            )
        raise Gone(f"{self._http.instance}: there is no incident {number}, or the account may not see it")

    def _notes(self, numbers: Sequence[str]) -> list[Row]:
        """The work log of those incidents.

        Raises:
            Configuration: other entries came too.
        """
        rows = self._client.all_entries(
            WORK_LOG, one_of(NUMBER, numbers), REMARK_FIELDS, "Work Log ID", _PAGE
        )
        if any(said(row.get(NUMBER)) not in numbers for row in rows):
            raise Configuration(
                f"{self._http.instance}: asked {WORK_LOG} for {', '.join(numbers[:3])}, others came too; check that the account"
                f" may read {NUMBER} of {WORK_LOG}"
            )
        return rows

    def _remarks(self, rows: Sequence[Row]) -> Sequence[Remark]:
        with usable(self._http.instance, "a work log entry"):
            found = [records.remark(row, self._settings.username) for row in rows]
        return in_order(remark for remark in found if remark is not None)

    def _attachments(self, rows: Sequence[Row]) -> Sequence[Attachment]:
        with usable(self._http.instance, "a work log entry"):
            return in_order(
                file for row in rows for file in records.attachments(row, self._settings.username)
            )

    def _record(self, row: Row, asked: str) -> Record:
        which = asked or str(row.get(NUMBER) or row.get("Request ID"))[:40]
        with usable(self._http.instance, f"record {which}"):
            return records.record(row, self._shape, self._settings.username)

    def _asked(self, name: str, value: str) -> str:
        try:
            return equals(name, value)
        except ValueError as error:
            raise Configuration(
                f"{self._http.instance}: cannot ask for {name} {value[:60]!r}: {error}"
            ) from error
