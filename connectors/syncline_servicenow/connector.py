"""The connector of one ServiceNow instance."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final, TypeVar

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
    canonical_text,
    in_order,
    sightings,
    usable,
)
from syncline.errors import Configuration, RetryLater
from syncline.http.client import Http
from syncline.model import Attachment, Remark
from syncline_servicenow import records
from syncline_servicenow.checking import Check
from syncline_servicenow.client import Client
from syncline_servicenow.hints import hints
from syncline_servicenow.polling import Feeds
from syncline_servicenow.query import both, one_of, ordered, term
from syncline_servicenow.records import Row, Shape, known
from syncline_servicenow.schema import Dictionary
from syncline_servicenow.settings import ServiceNowSettings
from syncline_servicenow.values import JOURNALS, is_sys_id, plain, stamp
from syncline_servicenow.writing import Writer

_PARTY_TABLES: Final = {PartyKind.PERSON: "sys_user", PartyKind.GROUP: "sys_user_group"}
_PAGE: Final = 1000
_IDS: Final = 100

T = TypeVar("T")


class ServiceNow(Connector):
    """One instance. Every call is one request, but for `schema`, `check` and lists of more than one page."""

    def __init__(self, settings: ServiceNowSettings, http: Http, fields: frozenset[str]) -> None:
        self._settings = settings
        self._http = http
        self._client = Client(http)
        self._shape = Shape.of(http.base_url, settings.table, fields, settings.kinds())
        self._feeds = Feeds(self._client, http, settings, self._shape)
        self._writer = Writer(self._client, http, settings, self._shape)

    def start(self, since: datetime | None) -> Cursor:
        """The cursor that sees every change from `since` on; None: from now on, by the platform's clock."""
        if since is None:
            if self._http.clock_skew() is None:
                self._client.rows(self._settings.table, ordered("", "sys_id"), ("sys_id",), 1)
            since = self._http.platform_now() - timedelta(seconds=1)
        return self._feeds.start(since)

    def poll(self, cursor: Cursor, limit: int) -> Page:
        """The changes after `cursor`: one page of journal entries or, now and then, of files, and one of records."""
        return self._feeds.poll(cursor, limit)

    def read(self, record_id: str) -> Sighting:
        """One record by its sys_id; one request."""
        row = self._client.row(
            self._settings.table, known(record_id, self._http.instance), self._shape.columns
        )
        record = self._record(row, record_id)
        if record.id != record_id:
            raise RetryLater(
                f"{self._http.instance}: asked for record {record_id}, ServiceNow answered with {record.id}"
            )
        return Sighting(record_id, record)

    def read_many(self, record_ids: Sequence[str]) -> Sequence[Sighting]:
        """Those of the records that can be seen, with all that was said on them and all files; three requests."""
        wanted = {record_id for record_id in record_ids if is_sys_id(record_id)}
        if not wanted:
            return ()
        query = ordered(one_of("sys_id", sorted(wanted)), "sys_id")
        found = self._client.rows(self._settings.table, query, self._shape.columns, len(wanted)).rows
        seen = {record.id: record for row in found if (record := self._record(row, "")).id in wanted}
        if not seen:
            return ()
        return sightings(seen, self._remarks(seen), self._attachments(seen))

    def find(self, marker: str) -> Sequence[Record]:
        """Records whose correlation_id is the marker, oldest first; the database itself is asked, so none is late.

        Raises:
            Configuration: there are some that we may not see, or the query was not understood.
        """
        query = ordered(self._term("correlation_id", marker), "sys_created_on", "sys_id")
        page = self._client.rows(self._settings.table, query, self._shape.columns, self._settings.page_size)
        found = [self._record(row, "") for row in page.rows]
        if any(canonical_text(plain(row.get("correlation_id"))) != marker for row in page.rows):
            raise Configuration(
                f"{self._http.instance}: asked for correlation_id {marker}, ServiceNow answered with other records;"
                f" check that {self._settings.table} has correlation_id and the account may read it"
            )
        if page.total is not None and page.total > len(found) < self._settings.page_size:
            raise Configuration(
                f"{self._http.instance}: {page.total - len(found)} records carry {marker} that the account may not"
                " read; without them Syncline could create the incident twice, so give the account the right to read them"
            )
        own = [record for record in found if record.marker == marker]
        return tuple(sorted(own, key=lambda record: (record.created_at, record.id)))

    def lookup(self, key: str) -> Record | None:
        """The record with that number or sys_id."""
        key = key.strip()
        name = "sys_id" if is_sys_id(key.lower()) else "number"
        wanted = key.lower() if name == "sys_id" else key.upper()
        try:
            query = ordered(term(name, "=", wanted), "sys_id")
        except ValueError:
            return None
        if not wanted:
            return None
        for row in self._client.rows(self._settings.table, query, self._shape.columns, 2).rows:
            if canonical_text(plain(row.get(name))) == wanted:
                return self._record(row, wanted)
        return None

    def remarks(self, record_id: str) -> Sequence[Remark]:
        """All comments and work notes of a record, oldest first."""
        return self._remarks([known(record_id, self._http.instance)])

    def attachments(self, record_id: str) -> Sequence[Attachment]:
        """All files of a record, oldest first."""
        return self._attachments([known(record_id, self._http.instance)])

    def content(self, attachment: Attachment) -> bytes:
        """The bytes of a file."""
        return self._client.download(known(attachment.id, self._http.instance), attachment.record_id)

    def history(self, record_id: str, since: datetime) -> Sequence[Edit]:
        """The lines of sys_audit from `since` on, oldest first."""
        query = both(
            self._term("tablename", self._settings.table),
            self._term("documentkey", known(record_id, self._http.instance)),
            self._term("sys_created_on", stamp(since), ">="),
        )
        rows = self._of("sys_audit", "documentkey", (record_id,), query, records.EDIT_COLUMNS)
        kinds, own = self._shape.kinds, self._settings.username
        # Within one second the record's own count of updates says what came first.
        edits = self._each(rows, lambda row: (records.audit_order(row), records.edit(row, kinds, own)))
        edits.sort(key=itemgetter(0))
        return tuple(edit for _, edit in edits if edit.field not in JOURNALS)

    def write(self, operation: Operation) -> Receipt:
        """Carry out one operation: one request, whose reply brings the record."""
        return self._writer.write(operation)

    def parties(self, kind: PartyKind, ids: Sequence[str]) -> Sequence[Party]:
        """Those people or groups; one request for a hundred."""
        wanted = sorted({party_id for party_id in ids if is_sys_id(party_id)})
        found: list[Party] = []
        for start in range(0, len(wanted), _IDS):
            query = ordered(one_of("sys_id", wanted[start : start + _IDS]), "sys_id")
            rows = self._client.rows(_PARTY_TABLES[kind], query, records.PARTY_COLUMNS, _IDS).rows
            found.extend(self._each(rows, lambda row: records.party(row, kind)))
        return tuple(party for party in found if party.id in set(wanted))

    def find_party(self, kind: PartyKind, name: str) -> Party | None:
        """The active person with that e-mail address, else with that exact name; the active group with that name; either
        also by its sys_id.

        Where several have it, none is meant for sure: None.
        """
        name = name.strip()
        if is_sys_id(name):
            return next(iter(self.parties(kind, [name])), None)
        try:
            condition = term("name", "=", name)
            if kind is PartyKind.PERSON and "@" in name:
                condition = f"{term('email', '=', name)}^OR{condition}"
        except ValueError:
            return None
        if not name:
            return None
        query = ordered(both("active=true", condition), "sys_id")
        rows = self._client.rows(_PARTY_TABLES[kind], query, records.PARTY_COLUMNS, _PAGE).rows
        # A page may repeat a row: one person who is listed twice is not two.
        found = {party.id: party for party in self._each(rows, lambda row: records.party(row, kind))}.values()
        by_email = [party for party in found if kind is PartyKind.PERSON and party.email == name.lower()]
        by_name = [party for party in found if party.name == name]
        meant = by_email or by_name
        return meant[0] if len(meant) == 1 else None

    def schema(self) -> Schema:
        """Fields, choices and groups, from the dictionary."""
        return Dictionary(self._client, self._settings.table).schema(self._shape.values)

    def check(self) -> Iterator[Finding]:
        """Look at the instance, the account, the clock and the schema."""
        return Check(self._client, self._http, self._settings, self._shape).findings()

    def parse_hint(self, headers: Mapping[str, str], raw: bytes) -> Sequence[Hint]:  # noqa: ARG002
        """The record that the message of our business rule is about: `{event_id, table, sys_id, ...}`."""
        return hints(raw, self._settings.table)

    def _remarks(self, record_ids: Collection[str]) -> Sequence[Remark]:
        query = both(
            self._term("name", self._settings.table),
            _belongs("element_id", record_ids),
            "elementINcomments,work_notes",
        )
        rows = self._of("sys_journal_field", "element_id", record_ids, query, records.REMARK_COLUMNS)
        return in_order(self._each(rows, lambda row: records.remark(row, self._settings.username)))

    def _attachments(self, record_ids: Collection[str]) -> Sequence[Attachment]:
        query = both(self._term("table_name", self._settings.table), _belongs("table_sys_id", record_ids))
        rows = self._of("sys_attachment", "table_sys_id", record_ids, query, records.ATTACHMENT_COLUMNS)
        return in_order(self._each(rows, lambda row: records.attachment(row, self._settings.username)))

    def _of(
        self, table: str, column: str, record_ids: Collection[str], query: str, columns: Sequence[str]
    ) -> list[Row]:
        """All rows of a table that belong to those records.

        Raises:
            Configuration: others came too, so the platform ignored a term of the query.
        """
        rows = self._client.all_rows(table, query, columns, _PAGE)
        if not set(self._each(rows, lambda row: plain(row.get(column)))) <= set(record_ids):
            which = ", ".join(sorted(record_ids)[:3])
            raise Configuration(
                f"{self._http.instance}: asked {table} for record {which}, others came too; check that the account"
                f" may read {column} of {table}"
            )
        return rows

    def _each(self, rows: Sequence[Row], convert: Callable[[Row], T]) -> list[T]:
        with usable(self._http.instance, "a row"):
            return [convert(row) for row in rows]

    def _record(self, row: Row, asked: str) -> Record:
        which = asked or str(row.get("number") or row.get("sys_id"))[:40]
        with usable(self._http.instance, f"record {which}"):
            return records.record(row, self._shape, self._settings.username)

    def _term(self, name: str, value: str, operator: str = "=") -> str:
        try:
            return term(name, operator, value)
        except ValueError as error:
            raise Configuration(
                f"{self._http.instance}: cannot ask for {name} {value[:60]!r}: {error}"
            ) from error


def _belongs(column: str, record_ids: Collection[str]) -> str:
    """The condition that a row belongs to one of those records."""
    ids = sorted(record_ids)
    return term(column, "=", ids[0]) if len(ids) == 1 else one_of(column, ids)
