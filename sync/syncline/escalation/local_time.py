"""Local clocks and the instants that they stand for.

Elapsed time is counted in UTC, handoffs and opening hours on the local clock; everything that goes from one to the
other goes through here. A local time that does not exist, because the clock was put forward over it, stands for the
first instant after the gap. One that exists twice stands for the first of the two. So a later local time never
stands for an earlier instant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from syncline.escalation.roster import Span

_NONE = timedelta()
_SECOND = timedelta(seconds=1)
_MOMENT = timedelta(microseconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """A local clock is put forward or back.

    Attributes:
        at: The first instant with the new offset, UTC.
        start: The first local time that is skipped or comes twice, without a zone.
        end: The first local time after those.
        forward: They are skipped; else they come twice.
    """

    at: datetime
    start: datetime
    end: datetime
    forward: bool


def utc(at: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        ValueError: `at` has no time zone, so that nobody can say which instant it is; or it is within a day of the
            first or the last date there is.
    """
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone")
    try:
        return at.astimezone(UTC)
    except OverflowError as far:
        raise ValueError(f"{at.isoformat()} is beyond the dates there are") from far


def instant(tz: ZoneInfo, local: datetime) -> datetime:
    """The instant, UTC, of a local time without a zone."""
    before = local.replace(tzinfo=tz, fold=0).utcoffset() or _NONE
    after = local.replace(tzinfo=tz, fold=1).utcoffset() or _NONE
    at = (local - before).replace(tzinfo=UTC)
    return at if before >= after else _changed(tz, at - (after - before), at)


def clock(tz: ZoneInfo, at: datetime) -> datetime:
    """What a local clock shows that is stopped instead of being put back; without a zone.

    `instant(tz, local) <= at` exactly where `local <= clock(tz, at)`: in the second pass of an hour, the clock stands
    at its last microsecond.
    """
    local = at.astimezone(tz)
    if not local.fold:
        return local.replace(tzinfo=None)
    before = local.replace(fold=0).utcoffset() or _NONE
    shown = local.replace(tzinfo=None, fold=0)
    change = _changed(tz, (shown - before).replace(tzinfo=UTC), at)
    return (change + before).replace(tzinfo=None) - _MOMENT


def changes(tz: ZoneInfo, span: Span) -> Iterator[Change]:
    """When the clock is put forward or back in `span`, in order."""
    end = utc(span.end)
    low = utc(span.start)
    offset = _offset(tz, low - _MOMENT)
    # The span's own first instant may be a change.
    low -= _SECOND
    while low < end:
        high = min(low + _DAY, end)
        new = _offset(tz, high)
        if new != offset:
            at = _changed(tz, low, high)
            if at < end:
                old_local, new_local = ((at + shift).replace(tzinfo=None) for shift in (offset, new))
                yield Change(at, min(old_local, new_local), max(old_local, new_local), new > offset)
            offset = new
        low = high


def _offset(tz: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(tz).utcoffset() or _NONE


def _changed(tz: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first whole second in (low, high] at which the offset is no longer the one at `low`."""
    low, high = low.replace(microsecond=0), high.replace(microsecond=0)
    before = _offset(tz, low)
    missing, there = 0, int((high - low).total_seconds())
    while there - missing > 1:
        middle = (missing + there) // 2
        if _offset(tz, low + middle * _SECOND) == before:
            missing = middle
        else:
            there = middle
    return low + there * _SECOND
