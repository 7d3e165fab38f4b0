"""PagerDuty as a connector: what the core asks, answered by the parts that know how."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from syncline.connector import (
    Cursor,
    Edit,
    Finding,
    Hint,
    Operation,
    Page,
    Paged,
    Pager,
    Party,
    PartyKind,
    Receipt,
    Record,
    Schema,
    Sighting,
)
from syncline.errors import Gone
from syncline.http.client import Http
from syncline.model import Remark
from syncline_pagerduty.checking import Check
from syncline_pagerduty.client import Client
from syncline_pagerduty.cursor import Position
from syncline_pagerduty.directory import Directory
from syncline_pagerduty.hints import hints
from syncline_pagerduty.paging import Pages
from syncline_pagerduty.polling import Poller
from syncline_pagerduty.reading import Reader
from syncline_pagerduty.schema import schema
from syncline_pagerduty.settings import PagerDutySettings
from syncline_pagerduty.writing import Writer

_LONGEST_KEY: Final = 64


class PagerDuty(Pager):
    """One instance of PagerDuty.

    Requests: a poll 1, and every minute 1 more for each 100 open incidents; a read 2, and 1 where notes were
    added; a sweep 1 for the notes of each incident, 1 for each that is not open, and some for lists of open
    ones; a create, update, comment or page 1; a link back 2; a lookup 1; a look at a page 1 or 2.
    """

    def __init__(self, settings: PagerDutySettings, http: Http, fields: frozenset[str]) -> None:
        self._settings = settings
        self._http = http
        self._client = Client(http, settings.from_email)
        self._directory = Directory(self._client, settings.from_email)
        self._reader = Reader(self._client, self._directory, settings, fields)
        self._poller = Poller(self._reader)
        self._pages = Pages(self._reader)
        self._writer = Writer(self._reader, self._pages)

    def start(self, since: datetime | None) -> Cursor:
        """The cursor that sees every change from `since` on (aware, UTC); None: from now on."""
        return self._poller.start(since).dump()

    def poll(self, cursor: Cursor, limit: int) -> Page:
        """The changes after `cursor`: one page of the log, or of the open incidents."""
        return self._poller.page(Position.load(cursor, self._http.instance), limit)

    def read(self, record_id: str) -> Sighting:
        """One incident, with the latest of its log. Raises `Gone` where it is no more."""
        return self._reader.read(record_id)

    def read_many(self, record_ids: Sequence[str]) -> Sequence[Sighting]:
        """Those of the incidents that can be seen."""
        return self._reader.read_many(record_ids)

    def find(self, marker: str) -> Sequence[Record]:
        """Incidents that carry the marker, oldest first; open and ended ones."""
        return self._reader.find(marker)

    def lookup(self, key: str) -> Record | None:
        """The incident of that number (`#4711` or `4711`) or id; None where there is none."""
        plain = key.strip().removeprefix("#")
        if not plain.isascii() or not plain.isalnum() or len(plain) > _LONGEST_KEY:
            return None
        try:
            return self._reader.one(plain)
        except Gone:
            return None

    def remarks(self, record_id: str) -> Sequence[Remark]:
        """All notes of an incident, oldest first."""
        return self._reader.remarks(record_id)

    def history(self, record_id: str, since: datetime) -> Sequence[Edit]:
        """The changes that the log tells of from `since` on, oldest first."""
        return self._reader.edits(self._reader.log_of(record_id, since), None)

    def write(self, operation: Operation) -> Receipt:
        """Carry out one operation, by one request that changes something."""
        return self._writer.write(operation)

    def paged(self, record_id: str, person: str, since: datetime) -> Paged:
        """Whether a person whom we paged has been told, has accepted or declined, or has acknowledged."""
        return self._pages.came_of(record_id, person, since)

    def parties(self, kind: PartyKind, ids: Sequence[str]) -> Sequence[Party]:
        """Those users or escalation policies, by id."""
        return self._directory.parties(kind, ids)

    def find_party(self, kind: PartyKind, name: str) -> Party | None:
        """The user with that e-mail address (else that exact name), or the escalation policy of that exact name."""
        return self._directory.find(kind, name)

    def schema(self) -> Schema:
        """Fields, priorities, services, statuses and escalation policies, as they are now."""
        return schema(self._directory, self._settings)

    def check(self) -> Iterator[Finding]:
        """Look whether this instance can be worked with."""
        return Check(self._client, self._directory, self._settings).findings()

    def parse_hint(self, headers: Mapping[str, str], raw: bytes) -> Sequence[Hint]:  # noqa: ARG002
        """The incident that a webhook (version 3) is about; none for a ping or an event of a service.

        Raises:
            ValueError: it is no webhook of PagerDuty's.
        """
        return hints(raw, self._reader.ours)
