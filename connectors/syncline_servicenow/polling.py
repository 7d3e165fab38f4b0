"""How far a poll has come: strict keyset pages over (time, sys_id), and how often it looks back. Pure.

Two facts of the platform shape this. A row's time is set when its update executes and the row shows when that
is committed, so rows appear behind the cursor: every quarter of `overlap` a run begins that far back. And
stamps have a resolution of one second, so a second that had not surely ended on the platform's clock when we
looked is read again. What either brings a second time is dropped by `Chain`.

The limit is applied before ACLs (ServiceNow Table API docs): a short page says nothing. A run ends where
`X-Total-Count` says so, or with an empty page; rows that we may not see are skipped by offset.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Self

from syncline.connector import depth, look_back_due
from syncline_servicenow.query import after
from syncline_servicenow.values import instant, is_sys_id, stamp

SMALLEST_PAGE: Final = 10
"""A page is not made smaller than this when the platform cancels queries that take too long."""


class Position(NamedTuple):
    """A place in the order of (time, sys_id): behind that row, or before the whole second where `id` is empty."""

    at: str
    id: str

    def seconds_earlier(self, seconds: float) -> "Position":
        """Before the whole second that lies that much earlier."""
        return Position(stamp(instant(self.at) - timedelta(seconds=seconds)), "")


@dataclass(frozen=True, slots=True)
class Track:
    """How far one list has been followed.

    Attributes:
        mark: All before it was brought, by pages that were stored.
        page: Where the next page of the run under way begins; None between two runs.
        offset: Rows behind `page` that we may not see and skip.
        hold: The first second that had not surely ended when a page of this run passed it; None: none such.
        reached: When a run last began further back, on the platform's clock; empty: never.
        size: Rows to ask for; less than configured while the platform cancels larger queries.
    """

    mark: Position
    page: Position | None = None
    offset: int = 0
    hold: Position | None = None
    reached: str = ""
    size: int = 0

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self.page is not None

    def begun(self, now: datetime, overlap: float, size: int) -> Self:
        """A run under way: this one, or a new one that begins at the mark, or further back when that is due.

        A mark never lies ahead of the clock, unless that was put back: then it goes back too.
        """
        if self.running:
            return self
        mark = min(self.mark, Position(stamp(now), ""))
        start, reached = mark, self.reached
        last = instant(self.reached) if self.reached else None
        if look_back_due(last, instant(self.mark.at), now, overlap):
            start, reached = mark.seconds_earlier(depth(overlap)), stamp(now)
        size = min(self.size or size, size)
        return replace(self, mark=mark, page=start, offset=0, hold=None, reached=reached, size=size)

    def query(self, column: str, condition: str) -> str:
        """The encoded query of the next page."""
        position = self.page or self.mark
        return after(column, position.at, position.id, condition)

    def turned(self, rows: Sequence[Position], total: int | None, limit: int, asked: datetime | None) -> Self:
        """After a page.

        Args:
            rows: The places of its rows, in its order.
            total: What `X-Total-Count` said; None where it said nothing.
            limit: How many rows were asked for.
            asked: The platform's clock when it was asked, not later than it really was; None: not known.
        """
        start = self.page or self.mark
        # One second more, because the clocks of header and database need not agree to the second.
        frontier = start if asked is None else Position(stamp(asked - timedelta(seconds=1)), "")
        hold = self.hold
        if rows and max(rows) > frontier:
            hold = frontier if hold is None else min(hold, frontier)
        ended = not rows if total is None else total <= self.offset + limit
        if ended:
            reached = max(rows, default=start)
            mark = max(self.mark, reached if hold is None else min(reached, hold))
            return replace(self, mark=mark, page=None, offset=0, hold=None, size=self.size * 2)
        if not rows:
            return replace(self, offset=self.offset + limit, hold=hold)
        settled = [row for row in rows if row < frontier]
        # A row that changed while the page was made shows its new time among old ones: never jump with it.
        return replace(self, page=max(settled or rows), offset=0, hold=hold)

    def earliest(self, overlap: float) -> str:
        """The time from which on rows can come again."""
        return self.mark.seconds_earlier(depth(overlap)).at

    def shrunk(self) -> Self | None:
        """With half the rows to a page; None where they are as few as may be."""
        return replace(self, size=max(self.size // 2, SMALLEST_PAGE)) if self.size > SMALLEST_PAGE else None

    def as_json(self) -> dict[str, Any]:
        """For the cursor."""
        return {
            "mark": list(self.mark),
            "page": None if self.page is None else list(self.page),
            "offset": self.offset,
            "hold": None if self.hold is None else list(self.hold),
            "reached": self.reached,
            "size": self.size,
        }

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """What `as_json` wrote.

        Raises:
            ValueError: that is none of ours.
        """
        known = raw if isinstance(raw, Mapping) else {}
        mark, page, hold = (_position(known.get(name)) for name in ("mark", "page", "hold"))
        offset, reached, size = known.get("offset", 0), known.get("reached", ""), known.get("size", 0)
        numbers = isinstance(offset, int) and isinstance(size, int) and offset >= 0 and size >= 0
        if mark is None or not numbers or not isinstance(reached, str):
            raise ValueError("the cursor lacks the mark of one of its lists, or has values of the wrong kind")
        if reached:
            instant(reached)
        return cls(mark, page, offset, hold, reached, size)


def _position(raw: Any) -> Position | None:
    if raw is None:
        return None
    if not isinstance(raw, Sequence) or isinstance(raw, str) or len(raw) != 2:
        raise ValueError("the cursor has a place that is none")
    at, sys_id = raw
    if not isinstance(at, str) or (sys_id != "" and not is_sys_id(sys_id)):
        raise ValueError("the cursor has a place that is none")
    instant(at)
    return Position(at, sys_id)


def misplaced(start: Position, rows: Sequence[Position], now: datetime) -> str | None:
    """What is wrong with the rows of a page that should lie behind `start`, in order; None: nothing.

    A platform that dropped a term of the query answers with such rows, and following them would lose changes.
    """
    settled = Position(stamp(now - timedelta(seconds=10)), "")
    before = start
    for row in rows:
        if row <= start:
            return f"a row of {row.at} came where only later ones than {start.at} were asked for"
        if row < before and row < settled:
            return f"a row of {row.at} came behind one of {before.at}"
        if row < settled:
            before = row
    return None
