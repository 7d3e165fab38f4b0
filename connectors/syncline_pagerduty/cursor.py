"""How far a poll has come: the cursor as an immutable value, and the arithmetic of windows. Pure.

The change feed is `GET /log_entries`, insert-only, stamped to the second, in an order that PagerDuty does not
promise. A *look* is one pass over a window of it, page by page; the watermark moves when a look is through.
Most looks reach back a few seconds only; once a minute one reaches back the whole overlap, counted from the look before
that did, so that an entry that becomes visible late is found without reading the overlap six times a minute.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from syncline.errors import RetryLater
from syncline_pagerduty.client import LAST_ROW
from syncline_pagerduty.records import moment, stamp

BRIEF: Final = timedelta(seconds=20)
"""How far back most looks reach."""

THOROUGH_EVERY: Final = timedelta(seconds=60)
"""How often a look reaches back the whole overlap."""

AHEAD: Final = timedelta(seconds=60)
"""How far a window reaches beyond the platform's clock as we know it."""

REMEMBERED: Final = 2_000
"""Log entries that are known again; beyond that an entry may be reported twice."""

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Look:
    """One pass over a window of the feed.

    Attributes:
        since: Its beginning, inclusive.
        until: Its end.
        floor: Entries before this are of no interest; `since`, before narrowing moved it.
        asof: The platform's clock when it began: what the watermark becomes.
        offset: Rows of the window that are behind us.
        first: Time of the first row of the window, which tells the order; None before the first page.
        thorough: Whether it reaches back the whole overlap.
    """

    since: datetime
    until: datetime
    floor: datetime
    asof: datetime
    offset: int = 0
    first: datetime | None = None
    thorough: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """The cursor.

    Attributes:
        at: The watermark, on the platform's clock.
        born: Where it all began: no look reaches back behind it.
        thorough_at: The watermark of the last thorough look.
        open_at: When open incidents were last looked at.
        seen: Ids of log entries by the second of their creation.
        look: The pass that is under way, or None between two.
        open_offset: Rows of the open incidents that are behind us, or None while they are not being listed.
        open_pages: How many pages of open incidents there were the last time.
    """

    at: datetime
    born: datetime
    thorough_at: datetime
    open_at: datetime
    seen: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    look: Look | None = None
    open_offset: int | None = None
    open_pages: int = 1

    @classmethod
    def at_start(cls, since: datetime) -> Self:
        """Sees every change from `since` on."""
        first = since.astimezone(UTC).replace(microsecond=0)
        return cls(first, first, first, first)

    @classmethod
    def load(cls, cursor: Mapping[str, Any], instance: str) -> Self:
        """What `dump` gave.

        Raises:
            RetryLater: it is no cursor of ours.
        """
        try:
            seen = {int(second): tuple(map(str, ids)) for second, ids in cursor.get("seen", {}).items()}
            look = cursor.get("look")
            return cls(
                at=_time(cursor["at"]),
                born=_time(cursor["born"]),
                thorough_at=_time(cursor["thorough_at"]),
                open_at=_time(cursor["open_at"]),
                seen=seen,
                look=None if look is None else _look(look),
                open_offset=None if cursor.get("open_offset") is None else int(cursor["open_offset"]),
                open_pages=int(cursor.get("open_pages", 1)),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RetryLater(
                f"{instance}: the stored poll cursor cannot be read ({error}); a sweep finds what a poll from now on"
                " would miss"
            ) from None

    def dump(self) -> dict[str, Any]:
        """JSON."""
        content: dict[str, Any] = {
            "at": stamp(self.at),
            "born": stamp(self.born),
            "thorough_at": stamp(self.thorough_at),
            "open_at": stamp(self.open_at),
            "seen": {str(second): list(ids) for second, ids in self.seen.items()},
            "open_pages": self.open_pages,
        }
        if self.open_offset is not None:
            content["open_offset"] = self.open_offset
        if self.look is not None:
            content["look"] = {
                "since": stamp(self.look.since),
                "until": stamp(self.look.until),
                "floor": stamp(self.look.floor),
                "asof": stamp(self.look.asof),
                "offset": self.look.offset,
                "first": None if self.look.first is None else stamp(self.look.first),
                "thorough": self.look.thorough,
            }
        return content

    def known(self, entry_id: str, at: datetime) -> bool:
        """Whether that log entry was reported before."""
        return entry_id in self.seen.get(int(at.timestamp()), ())


def begin(position: Position, now: datetime, overlap: float) -> Look:
    """The next look at the feed, at that time of the platform's clock."""
    reach = timedelta(seconds=overlap)
    thorough = reach <= BRIEF or now - position.thorough_at >= THOROUGH_EVERY
    since = position.thorough_at - reach if thorough else position.at - BRIEF
    since = max(min(since, position.at), position.born)
    until = max(now, position.at).replace(microsecond=0) + AHEAD
    return Look(since, until, since, asof=now, thorough=thorough)


def advance(
    position: Position,
    look: Look,
    times: list[datetime],
    size: int,
    more: bool,  # noqa: FBT001  as the reply has it
    instance: str,
) -> Position:
    """Behind one page of a look.

    Args:
        position: Where the page began.
        look: The look that the page belongs to, its `asof` known.
        times: Of the page's rows, in their order.
        size: How many rows were asked for.
        more: Whether the platform has more.
        instance: For messages.

    Raises:
        RetryLater: more than 10,000 entries in one second, which no window can tell apart.
    """
    first = look.first if look.first is not None or not times else times[0]
    falling = first is not None and bool(times) and times[-1] < first
    if not more or not times or (falling and times[-1] < look.floor):
        return _finished(position, look)
    offset = look.offset + size
    if offset + size <= LAST_ROW:
        return replace(position, look=replace(look, offset=offset, first=first))
    # Rows behind the last that can be asked for: look again at a window that ends, or begins, where this one got to.
    if falling:
        until = times[-1] + _SECOND
        if until < look.until:
            return replace(position, look=replace(look, until=until, offset=0, first=None))
    elif times[-1] > look.since:
        return replace(position, look=replace(look, since=times[-1], offset=0, first=None))
    raise RetryLater(
        f"{instance}: PagerDuty lists more than {LAST_ROW} log entries around {stamp(times[-1])} and shows no more"
        " of them; name fewer services, or start the poll anew at a later time"
    )


def remember(position: Position, entries: Iterable[tuple[str, datetime]], overlap: float) -> Position:
    """With those log entries known, and those forgotten that no look reaches back to."""
    seen = {second: list(ids) for second, ids in position.seen.items()}
    for entry_id, at in entries:
        ids = seen.setdefault(int(at.timestamp()), [])
        if entry_id not in ids:
            ids.append(entry_id)
    reach = timedelta(seconds=overlap)
    horizon = int(min(position.thorough_at - reach, position.at - BRIEF).timestamp())
    kept: dict[int, tuple[str, ...]] = {}
    count = 0
    for second in sorted(seen, reverse=True):
        if second < horizon or count >= REMEMBERED:
            break
        kept[second] = tuple(seen[second][: REMEMBERED - count])
        count += len(kept[second])
    return replace(position, seen=kept)


def open_due(position: Position, now: datetime, every: float, pages_per_minute: float) -> bool:
    """Whether open incidents are to be looked at again: every so often, and as seldom as it takes to keep within
    that many pages a minute."""
    if every <= 0:
        return False
    seconds = max(every, position.open_pages / pages_per_minute * 60)
    return now - position.open_at >= timedelta(seconds=seconds)


def _finished(position: Position, look: Look) -> Position:
    at = max(position.at, min(look.asof, look.until).replace(microsecond=0))
    return replace(position, at=at, thorough_at=at if look.thorough else position.thorough_at, look=None)


def _time(raw: Any) -> datetime:
    at = moment(raw)
    if at is None:
        raise ValueError(f"{str(raw)[:40]!r} is no time")
    return at


def _look(raw: Mapping[str, Any]) -> Look:
    first = raw["first"]
    return Look(
        since=_time(raw["since"]),
        until=_time(raw["until"]),
        floor=_time(raw["floor"]),
        asof=_time(raw["asof"]),
        offset=int(raw["offset"]),
        first=None if first is None else _time(first),
        thorough=bool(raw["thorough"]),
    )
