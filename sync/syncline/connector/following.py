"""What connectors share that follow a list by (time, id): how far they have come, how far they look back, and what that brings
again. Pure.

Two facts of platforms shape this. A row's time is set when its update executes and the row shows when that is committed, so rows
appear behind younger ones: every quarter of `overlap` a run begins that far back. And stamps often have a resolution of one
second, so a second that had not surely ended on the platform's clock when we looked is read again. What either brings a second
time is not brought again: that is what `Follower` sees to.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, Generic, NamedTuple, Protocol, Self, TypeVar, overload

from syncline.errors import Configuration

_REMEMBERED: Final = 50_000
"""Rows that a chain remembers; beyond them it brings all once more, which costs time and loses nothing."""

_SMALLEST_PAGE: Final = 10
"""A page is not made smaller than this when the platform gives up on questions that take too long."""

_Brought = Mapping[str, tuple[str, int | str]]
"""Row to its time, and to what tells its states apart: a revision or a digest. A key is the list's name, a colon and the row's id."""


def depth(overlap: float) -> float:
    """Seconds that a run looks back: a quarter more than the overlap, for that much lies between two such runs."""
    return overlap * 1.25 + 2


def look_back_due(last: datetime | None, mark: datetime, now: datetime, overlap: float) -> bool:
    """Whether a look back is due: it is not where the last one already saw all that can come late behind the mark.

    Args:
        last: When the last one began; None: there was none.
        mark: All before it was brought.
        now: The platform's clock.
        overlap: Seconds for which rows may become visible late.
    """
    if overlap <= 0:
        return False
    if last is None or now < last:
        return True
    if last >= mark + timedelta(seconds=depth(overlap)):
        return False
    return (now - last).total_seconds() >= overlap / 4


def _link(last: str, brought: _Brought) -> str:
    """The name of all that was brought so far: that of what was brought before, and these rows. It stands in the
    cursor, so that equal cursors mean that the same rows were brought."""
    if not brought:
        return last
    return blake2b(f"{last}{sorted(brought.items())}".encode(), digest_size=8).hexdigest()


class Position(NamedTuple):
    """A place in the order of (time, id): behind that row, or before the whole second where `id` is empty.

    Attributes:
        at: UTC, the platform's clock, whole seconds.
        id: The row's.
    """

    at: datetime
    id: str = ""

    @classmethod
    def before(cls, moment: datetime) -> Self:
        """Before the whole second of that moment."""
        return cls(moment.astimezone(UTC).replace(microsecond=0))

    @property
    def stamp(self) -> str:
        """Its time as text: `2022-06-21T16:23:14Z`."""
        return _stamp(self.at)

    def earlier(self, seconds: float) -> Self:
        """Before the whole second that lies that much earlier."""
        return type(self).before(self.at - timedelta(seconds=seconds))


@dataclass(frozen=True, slots=True)
class Track:
    """How far one list has been followed. A run goes page by page from `mark`, or further back, to the end of the list.

    Attributes:
        mark: All before it was brought, by pages that were stored.
        page: Where the next page of the run under way begins; None between two runs.
        offset: Rows behind `page` that we may not see and step over.
        hold: The first second that had not surely ended when a page of this run passed it; None: none such.
        reached: When a run last began further back, on the platform's clock; None: never.
        size: Rows to ask for; less than configured while the platform gives up on larger questions.
    """

    mark: Position
    page: Position | None = None
    offset: int = 0
    hold: Position | None = None
    reached: datetime | None = None
    size: int = 0

    @classmethod
    def beginning(cls, since: datetime, now: datetime | None) -> Self:
        """The track that sees all from the second of `since` on. `now`: the platform's clock, None where it is not told yet."""
        # A run from `since` on is itself a look back; by our own clock we could not say when it was.
        return cls(Position.before(since), reached=None if now is None else Position.before(now).at)

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self.page is not None

    @property
    def start(self) -> Position:
        """Where the next page begins."""
        return self.page or self.mark

    def begun(self, now: datetime, overlap: float, size: int) -> Self:
        """A run under way: this one, or a new one that begins at the mark, or further back when that is due.

        A mark never lies ahead of the clock, unless that was put back: then it goes back too.
        """
        if self.running:
            return self
        mark, reached = min(self.mark, Position.before(now)), self.reached
        start = mark
        if look_back_due(reached, self.mark.at, now, overlap):
            start, reached = mark.earlier(depth(overlap)), Position.before(now).at
        size = min(self.size or size, size)
        return replace(self, mark=mark, page=start, offset=0, hold=None, reached=reached, size=size)

    def turned(self, rows: Sequence[Position], limit: int, asked: datetime | None, *, ended: bool) -> Self:
        """After a page.

        Args:
            rows: The places of its rows, in its order.
            limit: How many rows were asked for.
            asked: The platform's clock when it was asked, not later than it really was; None: not known.
            ended: Whether the list ends with it. A short page need not be the last, and an empty one that is not has rows
                that we may not see.
        """
        start = self.start
        # One second more, because the clocks of header and database need not agree to the second.
        frontier = start if asked is None else Position.before(asked - timedelta(seconds=1))
        hold = self.hold
        if any(row.at >= frontier.at for row in rows):
            hold = frontier if hold is None else min(hold, frontier)
        # The last row in the platform's own order, which is that of its database; ours may differ for letters.
        if ended:
            last = rows[-1] if rows else start
            mark = max(self.mark, last if hold is None else min(last, hold))
            return replace(self, mark=mark, page=None, offset=0, hold=None, size=self.size * 2)
        if not rows:
            return replace(self, offset=self.offset + limit, hold=hold)
        settled = [row for row in rows if row.at < frontier.at]
        # A row that changed while the page was made shows its new time among old ones: never jump with it.
        return replace(self, page=(settled or rows)[-1], offset=0, hold=hold)

    def earliest(self, overlap: float) -> str:
        """The time from which on rows can come again."""
        return self.mark.earlier(depth(overlap)).stamp

    def shrunk(self) -> Self | None:
        """With half the rows to a page; None where they are as few as may be."""
        return replace(self, size=max(self.size // 2, _SMALLEST_PAGE)) if self.size > _SMALLEST_PAGE else None

    def as_json(self) -> dict[str, Any]:
        """For the cursor."""
        return {
            "mark": [self.mark.stamp, self.mark.id],
            "page": None if self.page is None else [self.page.stamp, self.page.id],
            "offset": self.offset,
            "hold": None if self.hold is None else [self.hold.stamp, self.hold.id],
            "reached": "" if self.reached is None else _stamp(self.reached),
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
        return cls(mark, page, offset, hold, _moment(reached) if reached else None, size)


def misplaced(start: Position, rows: Sequence[Position], now: datetime, *, by_id: bool = True) -> str | None:
    """What is wrong with the rows of a page that should lie behind `start`, in order; None: nothing.

    A platform that dropped a term of the question, or reads our times otherwise than we mean them, answers with such rows, and
    following them would lose changes.

    Args:
        start: Where the page begins.
        rows: The places of its rows, in its order.
        now: The platform's clock.
        by_id: Whether its order of ids is ours too; databases differ in that of letters.
    """
    settled = Position.before(now - timedelta(seconds=10))
    before = start
    for row in rows:
        if row == start or (row < start if by_id else row.at < start.at):
            return f"a row of {row.stamp} came where only later ones than {start.stamp} were asked for"
        if (row < before if by_id else row.at < before.at) and row < settled:
            return f"a row of {row.stamp} came behind one of {before.stamp}"
        if row < settled:
            before = row
    return None


def _position(raw: Any) -> Position | None:
    if raw is None:
        return None
    match raw:
        case [str(at), str(ident)]:
            return Position(_moment(at), ident)
        case _:
            raise ValueError("the cursor has a place that is none")


def _moment(raw: str) -> datetime:
    try:
        at = datetime.fromisoformat(raw)
    except ValueError:
        raise ValueError(f"{raw[:40]!r} is no time") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class _Chain:
    """Which rows the pages up to a cursor brought, so that looking back brings only what is new.

    Only whoever goes on from exactly that cursor has stored those pages; with any other cursor nothing counts
    as brought.

    Attributes:
        cursor: The cursor of the last page.
        brought: The rows that may come again.
    """

    cursor: Mapping[str, Any] | None = None
    brought: _Brought = field(default_factory=dict)

    def before(self, cursor: Mapping[str, Any]) -> _Brought:
        """What was brought up to that cursor."""
        return self.brought if self.cursor == cursor else {}

    @staticmethod
    def after(cursor: Mapping[str, Any], brought: _Brought, since: Mapping[str, str]) -> "_Chain":
        """The chain that ends with `cursor`; rows that no look back can bring any more are forgotten.

        Args:
            cursor: The new cursor.
            brought: All that was brought up to it.
            since: List to the time from which on rows can come again.
        """
        kept = {key: row for key, row in brought.items() if row[0] >= since[key.partition(":")[0]]}
        return _Chain(cursor, kept if len(kept) <= _REMEMBERED else {})


class Followed(Protocol):
    """How far one list has been followed: a `Track`, or what a platform needs instead."""

    @property
    def running(self) -> bool:
        """Whether the list has more to bring at once."""
        ...

    def earliest(self, overlap: float) -> str:
        """The time from which on rows can come again."""
        ...

    def as_json(self) -> Mapping[str, Any]:
        """For the cursor."""
        ...


_F = TypeVar("_F", bound=Followed)
_R = TypeVar("_R")


@overload
def tracks(cursor: Mapping[str, Any], lists: Iterable[str], instance: str) -> dict[str, Track]: ...


@overload
def tracks(
    cursor: Mapping[str, Any], lists: Iterable[str], instance: str, read: Callable[[Any], _F]
) -> dict[str, _F]: ...


def tracks(
    cursor: Mapping[str, Any],
    lists: Iterable[str],
    instance: str,
    read: Callable[[Any], Followed] = Track.from_json,
) -> Mapping[str, Followed]:
    """The track of each of those lists in a stored cursor. `read` makes it of what stands there, or raises ValueError.

    Raises:
        Configuration: the cursor is none of ours.
    """
    try:
        return {name: read(cursor.get(name)) for name in lists}
    except (ValueError, OverflowError) as error:
        raise Configuration(
            f"{instance}: the stored cursor cannot be read: {error}; start the poll anew with 'syncline sync --once'"
        ) from error


@dataclass(frozen=True, slots=True)
class Shown(Generic[_R]):
    """A row that a page of a list shows.

    Attributes:
        id: The row's.
        at: Its time, in the form of `Position.stamp`.
        state: What tells its states apart: a revision, or a digest of it.
        row: Itself.
    """

    id: str
    at: str
    state: int | str
    row: _R


class Follower:
    """Follows several lists at once, each by its own track, and brings what is new. It remembers only what the last page brought, as
    a cache: any worker may go on with any cursor."""

    def __init__(self, overlap: float) -> None:
        self._overlap = overlap
        self._chain = _Chain()

    def poll(
        self,
        cursor: Mapping[str, Any],
        followed: Mapping[str, _F],
        turn: Callable[[str, _F], tuple[_F, Iterable[Shown[_R]]]],
        resting: Collection[str] = (),
        beside: Mapping[str, Any] | None = None,
    ) -> tuple[dict[str, tuple[_R, ...]], dict[str, Any], bool]:
        """A page of each list; while some of them have more, of those only.

        Args:
            cursor: Where we are.
            followed: The track of each list in it, in the order in which they are asked for.
            turn: Asks for the next page of a list: its track afterwards, and the rows that it shows.
            resting: Lists that are not asked for this time, unless they have more.
            beside: What else stands in the cursor afterwards.

        Returns:
            What is new of each list, the cursor afterwards, and whether there is more.
        """
        going_on = any(track.running for track in followed.values())
        before, after = self._chain.before(cursor), dict(followed)
        fresh: dict[str, tuple[str, int | str]] = {}
        brought: dict[str, tuple[_R, ...]] = {}
        for name, track in followed.items():
            if not track.running if going_on else name in resting:
                continue
            after[name], page = turn(name, track)
            news: dict[str, _R] = {}
            for shown in page:
                key, state = f"{name}:{shown.id}", (shown.at, shown.state)
                if before.get(key) != state:
                    news[key], fresh[key] = shown.row, state
            brought[name] = tuple(news.values())
        reached: dict[str, Any] = {name: track.as_json() for name, track in after.items()}
        reached |= {**(beside or {}), "chain": _link(str(cursor.get("chain", "")), fresh)}
        since = {name: track.earliest(self._overlap) for name, track in after.items()}
        self._chain = _Chain.after(reached, {**before, **fresh}, since)
        return brought, reached, any(track.running for track in after.values())
