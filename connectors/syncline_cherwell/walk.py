"""How far a poll has come: walks through all that changed since a time, in the order of record ids, and how often it looks back. Pure.

The platform has no "not before" and no condition over two fields, so there are no pages by (time, id). A walk asks for all that changed
after a time, page by page behind the last record id: what somebody edits meanwhile keeps its id, and stays in the list. What changed
behind it while it went on is younger than its beginning, and the next one brings it. Rows that two walks bring are dropped by `Follower`,
by their content: the platform shows no count of changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from syncline.connector import depth, look_back_due
from syncline_cherwell.values import instant, stamp

_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk through what changed.

    Attributes:
        since: It asks for what is not older.
        until: The mark goes no further, for what is younger may have changed behind it.
        newest: The youngest that it saw.
        key: The last record id that it passed; empty: it begins.
    """

    since: str
    until: str
    newest: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """How far one list has been followed.

    Attributes:
        mark: All before it was brought, by pages that were stored.
        walk: The one under way; None between two.
        reached: When one last began further back, on the platform's clock; empty: never.
    """

    mark: str
    walk: Walk | None = None
    reached: str = ""

    @property
    def running(self) -> bool:
        """Whether a walk is under way."""
        return self.walk is not None

    def begun(self, now: datetime, overlap: float, *, told: bool) -> Self:
        """A walk under way: this one, or a new one from the mark, or from further back when that is due.

        Args:
            now: The platform's clock.
            overlap: Seconds for which rows may become visible late.
            told: Whether the platform has told its time; else nothing counts as past.
        """
        if self.running:
            return self
        mark = min(self.mark, stamp(now))
        start, reached = mark, self.reached
        last = instant(self.reached) if self.reached else None
        if look_back_due(last, instant(self.mark), now, overlap):
            start, reached = _earlier(mark, depth(overlap)), stamp(now)
        # Times may be shown without seconds, so the minute under way is read again.
        past = (now - timedelta(seconds=1)).replace(second=0, microsecond=0)
        until = max(mark, stamp(past)) if told else mark
        return replace(self, mark=mark, walk=Walk(start, until, mark), reached=reached)

    def turned(self, rows: Sequence[tuple[str, str]], *, more: bool) -> Self:
        """After a page: time and record id of its rows, in its order, and whether there is more."""
        assert self.walk is not None
        newest = max([self.walk.newest, *(at for at, _ in rows)])
        if more and rows:
            return replace(self, walk=replace(self.walk, newest=newest, key=rows[-1][1]))
        return replace(self, mark=max(self.mark, min(newest, self.walk.until)), walk=None)

    def earliest(self, overlap: float) -> str:
        """The time from which on rows can come again."""
        # A minute for times without seconds, and two hours for clocks that are put back.
        return _earlier(self.mark, depth(overlap) + 7_260)

    def as_json(self) -> dict[str, Any]:
        """For the cursor."""
        walk = self.walk
        return {
            "mark": self.mark,
            "walk": None if walk is None else [walk.since, walk.until, walk.newest, walk.key],
            "reached": self.reached,
        }

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """What `as_json` wrote.

        Raises:
            ValueError: that is none of ours.
        """
        known = raw if isinstance(raw, Mapping) else {}
        mark, walk, reached = known.get("mark"), known.get("walk"), known.get("reached", "")
        if not isinstance(mark, str) or not isinstance(reached, str):
            raise ValueError("the cursor lacks the mark of a list, or has values of the wrong kind")  # noqa: TRY004
        if walk is not None and not (
            isinstance(walk, Sequence) and len(walk) == 4 and all(isinstance(one, str) for one in walk)
        ):
            raise ValueError("the cursor has a walk that is none")
        for at in (mark, *([reached] if reached else []), *(walk[:3] if walk else [])):
            instant(at)
        return cls(mark, Walk(*walk) if walk else None, reached)


def misplaced(since: str, rows: Sequence[tuple[str, str]], now: datetime) -> str | None:
    """What is wrong with rows that should be younger than `since` and not of the future; None: nothing.

    A server that reads our times otherwise than we mean them, or writes its own otherwise than we read them, answers with such rows, and
    following them would lose changes.
    """
    oldest, newest = _earlier(since, 7_260), stamp(now + _AHEAD)
    for at, _ in rows:
        if at < oldest:
            return f"a record of {at} came where only later ones than {since} were asked for"
        if at > newest:
            return f"a record of {at} came, and it is {stamp(now)}"
    return None


def _earlier(at: str, seconds: float) -> str:
    return stamp(instant(at) - timedelta(seconds=seconds))
