"""How far a poll has come: strict keyset pages over (time, id), and how often it looks back. Pure.

Two facts of the platform shape this. An entry's time is set when it is saved and it shows when that is committed, so
entries appear behind the cursor: every quarter of `overlap` a run begins that far back. And times have a resolution of one
second, so a second that had not surely ended on the platform's clock when we looked is read again. What either brings
a second time is dropped by `Chain`, by its content: the platform keeps no count of changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

from syncline.connector import depth, look_back_due
from syncline_helix.client import is_last
from syncline_helix.values import instant, stamp


class Position(NamedTuple):
    """A place in the order of (time, id): behind that entry, or before the whole second where `id` is empty."""

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
        hold: The first second that had not surely ended when a page of this run passed it; None: none such.
        reached: When a run last began further back, on the platform's clock; empty: never.
    """

    mark: Position
    page: Position | None = None
    hold: Position | None = None
    reached: str = ""

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self.page is not None

    def begun(self, now: datetime, overlap: float) -> Self:
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
        return replace(self, mark=mark, page=start, hold=None, reached=reached)

    def turned(self, rows: Sequence[Position], limit: int, asked: datetime | None) -> Self:
        """After a page.

        Args:
            rows: The places of its entries, in its order.
            limit: How many were asked for.
            asked: The platform's clock when it was asked, not later than it really was; None: not known.
        """
        start = self.page or self.mark
        # One second more, because the clocks of header and database need not agree to the second.
        frontier = start.at if asked is None else stamp(asked - timedelta(seconds=1))
        hold = self.hold
        if any(row.at >= frontier for row in rows):
            limit_of_trust = Position(frontier, "")
            hold = limit_of_trust if hold is None else min(hold, limit_of_trust)
        # The last entry by the server's own order, which is that of its database; ours may differ for letters.
        settled = [row for row in rows if row.at < frontier]
        # An entry that changed while the page was made shows its new time among old ones: never jump with it.
        behind = (settled or rows or [start])[-1]
        if is_last(len(rows), limit):
            mark = behind if hold is None else min(behind, hold)
            return replace(self, mark=max(self.mark, mark), page=None, hold=None)
        return replace(self, page=behind, hold=hold)

    def earliest(self, overlap: float) -> str:
        """The time from which on entries can come again."""
        return self.mark.seconds_earlier(depth(overlap)).at

    def as_json(self) -> dict[str, Any]:
        """For the cursor."""
        return {
            "mark": list(self.mark),
            "page": None if self.page is None else list(self.page),
            "hold": None if self.hold is None else list(self.hold),
            "reached": self.reached,
        }

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """What `as_json` wrote.

        Raises:
            ValueError: that is none of ours.
        """
        known = raw if isinstance(raw, Mapping) else {}
        mark, page, hold = (_position(known.get(name)) for name in ("mark", "page", "hold"))
        reached = known.get("reached", "")
        if mark is None or not isinstance(reached, str):
            raise ValueError("the cursor lacks the mark of one of its lists, or has values of the wrong kind")
        if reached:
            instant(reached)
        return cls(mark, page, hold, reached)


def _position(raw: Any) -> Position | None:
    if raw is None:
        return None
    if not isinstance(raw, Sequence) or isinstance(raw, str) or len(raw) != 2:
        raise ValueError("the cursor has a place that is none")
    at, ident = raw
    return Position(stamp(instant(str(at))), str(ident))


def misplaced(start: Position, rows: Sequence[Position], now: datetime) -> str | None:
    """What is wrong with the entries of a page that should lie behind `start`, in order; None: nothing.

    A server that reads our times otherwise than we mean them answers with such entries, and following them would lose
    changes.
    """
    settled = stamp(now - timedelta(seconds=10))
    before = start.at
    for row in rows:
        if row.at < start.at:
            return f"an entry of {row.at} came where only later ones than {start.at} were asked for"
        if row.at < before and row.at < settled:
            return f"an entry of {row.at} came behind one of {before}"
        if row == start:
            return f"the entry {row.id} of {row.at} came once more"
        if row.at < settled:
            before = row.at
    return None
