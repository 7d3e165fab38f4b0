"""Following what changes: records, journal entries and files, each list with its own track.

A poll asks for the records and for one of the other two lists: mostly the journal, each `FILES_TURN`-th time the files,
since hanging a file on a record does not touch the record (Attachment API docs).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from syncline.connector import (
    Cursor,
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
from syncline.errors import Configuration, RetryLater
from syncline.http.client import Http
from syncline.model import Attachment, Remark
from syncline_servicenow import records
from syncline_servicenow.client import Client, Rows
from syncline_servicenow.dialect import is_cancelled
from syncline_servicenow.query import after, both, term
from syncline_servicenow.records import Row, Shape, counted, needed
from syncline_servicenow.settings import ServiceNowSettings
from syncline_servicenow.values import instant, said, stamp

RECORDS: Final = "records"
JOURNAL: Final = "journal"
FILES: Final = "files"
FILES_TURN: Final = 4


_Thing = TypeVar("_Thing", Remark, Attachment)


@dataclass(frozen=True, slots=True)
class Feed:
    """One list that is followed.

    Attributes:
        table: Where its rows are.
        column: The time by which they are ordered.
        condition: What they must fulfil.
        columns: What to ask for.
        fixed: Column to the values that it may have, to see that the platform heeded the condition.
    """

    table: str
    column: str
    condition: str
    columns: tuple[str, ...]
    fixed: Mapping[str, frozenset[str]]


class Feeds:
    """The lists of one instance."""

    def __init__(self, client: Client, http: Http, settings: ServiceNowSettings, shape: Shape) -> None:
        self._client = client
        self._http = http
        self._settings = settings
        self._shape = shape
        self._follower = Follower(settings.overlap)
        self._feeds = {
            JOURNAL: Feed(
                "sys_journal_field",
                "sys_created_on",
                both(term("name", "=", settings.table), "elementINcomments,work_notes"),
                records.REMARK_COLUMNS,
                {"name": frozenset({settings.table}), "element": frozenset({"comments", "work_notes"})},
            ),
            FILES: Feed(
                "sys_attachment",
                "sys_created_on",
                term("table_name", "=", settings.table),
                records.ATTACHMENT_COLUMNS,
                {"table_name": frozenset({settings.table})},
            ),
            # The records come last: what they show is taken up at once, and entries that come with a new record find it.
            RECORDS: Feed(settings.table, "sys_updated_on", settings.filter, shape.columns, {}),
        }

    def start(self, since: datetime) -> Cursor:
        """The cursor that sees all from the second of `since` on."""
        track = Track.beginning(since, self._now())
        return {name: track.as_json() for name in self._feeds}

    def poll(self, cursor: Cursor, limit: int) -> Page:
        """One page of each list whose turn it is; while one of them has more, of that one only."""
        followed = tracks(cursor, self._feeds, self._http.instance)
        turn_no = int(cursor.get("turn", 0)) % FILES_TURN
        resting = JOURNAL if turn_no == FILES_TURN - 1 else FILES
        if not any(track.running for track in followed.values()):
            turn_no = (turn_no + 1) % FILES_TURN
        rows, after_it, more = self._follower.poll(
            cursor,
            followed,
            lambda name, track: self._turn(self._feeds[name], track, limit),
            {resting},
            {"turn": turn_no},
        )
        return Page(self._sightings(rows), after_it, more)

    def _turn(self, feed: Feed, track: Track, limit: int) -> tuple[Track, list[Shown[Row]]]:
        asked = self._now()
        track = track.begun(self._http.platform_now(), self._settings.overlap, self._settings.page_size)
        size = max(1, min(track.size, limit))
        try:
            question = after(feed.column, stamp(track.start.at), track.start.id, feed.condition)
            page = self._client.rows(feed.table, question, feed.columns, size, track.offset)
        except RetryLater as failure:
            smaller = track.shrunk() if is_cancelled(failure) else None
            if smaller is None:
                raise
            return smaller, []
        places = [self._place(feed, row) for row in page.rows]
        self._suspect(feed, track, page, places)
        shown = [Shown(p.id, p.stamp, _revision(row), row) for row, p in zip(page.rows, places, strict=True)]
        # The limit is applied before ACLs (Table API docs): a short page says nothing, and rows that we may not see count.
        ended = not page.rows if page.total is None else page.total <= track.offset + size
        return track.turned(places, size, asked, ended=ended), shown

    def _now(self) -> datetime | None:
        """The platform's clock; until it has told its time we cannot say which second has ended there."""
        return None if self._http.clock_skew() is None else self._http.platform_now()

    def _place(self, feed: Feed, row: Row) -> Position:
        with followable(self._http.instance, f"{feed.table} by {feed.column}"):
            at = instant(needed(row, feed.column))
        return Position(at, self._client.sys_id(row, feed.table))

    def _suspect(self, feed: Feed, track: Track, page: Rows, places: list[Position]) -> None:
        """Look whether the rows are those that were asked for: the platform drops terms that it does not know."""
        wrong = misplaced(track.start, places, self._http.platform_now())
        for column, allowed in feed.fixed.items():
            if any(said(row.get(column)) not in allowed for row in page.rows):
                wrong = f"rows came whose {column} is another than was asked for"
        if wrong:
            raise Configuration(
                f"{self._http.instance}: ServiceNow ignored part of the query of {feed.table}: {wrong}; run"
                f" 'syncline check', and see that the account may read {feed.column} and sys_id"
            )

    def _sightings(self, rows: Mapping[str, tuple[Row, ...]]) -> tuple[Sighting, ...]:
        """Each record once, in the order of change, with the entries and files that came in the same poll."""
        seen: dict[str, Record | None] = {}
        own = self._settings.username
        for row in rows.get(RECORDS, ()):
            sys_id = self._client.sys_id(row, self._settings.table)
            try:
                seen[sys_id] = records.record(row, self._shape, own)
            except ValueError:
                # It is read by its id, and fails there under its own name, without holding up the others.
                seen[sys_id] = None
        with followable(self._http.instance, self._feeds[JOURNAL].table):
            remarks = [records.remark(row, own) for row in rows.get(JOURNAL, ())]
        with followable(self._http.instance, self._feeds[FILES].table):
            files = [records.attachment(row, own) for row in rows.get(FILES, ())]
        return sightings(seen, remarks, files)


def _revision(row: Mapping[str, Any]) -> int:
    return counted(row, "sys_mod_count")
