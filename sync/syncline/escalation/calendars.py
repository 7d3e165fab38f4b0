"""Open time: how much of it passes between two instants, and when so much of it has passed.

All instants are aware, all results UTC. What a calendar says is worked out once for each year and kept, so that a
question costs microseconds however many years it spans.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from syncline.escalation.kept import ByIdentity
from syncline.escalation.local_time import instant, utc
from syncline.escalation.roster import Calendar, Span, Window

ALWAYS = Calendar("always", ZoneInfo("UTC"))

_ZERO = timedelta()
_DAY = timedelta(days=1)
_MIDNIGHT = time()
_ALL_WEEK = tuple(Window(weekday, _MIDNIGHT, _MIDNIGHT) for weekday in range(7))

# How many years without an opening make a calendar one that never opens, and how far ahead time is worked off.
_SILENT_YEARS = 10
_FARTHEST_YEARS = 100
# Local days before the first or after the last date there is are needed for no other year.
_FIRST_YEAR, _LAST_YEAR = 2, 9998

_MOST_CALENDARS = 256
_MOST_YEARS = 128


def after(calendar: Calendar, start: datetime, worked: timedelta) -> datetime:
    """The first instant at which `worked` of open time has passed since `start`: the inverse of `elapsed`.

    For no time at all it is `start` if that is open, else the next opening.

    Raises:
        ValueError: `worked` is negative, or the calendar does not offer so much: it does not open for ten years, or
            not for so long within a hundred years.
    """
    start = utc(start)
    if worked < _ZERO:
        raise ValueError(f"{worked} of open time cannot pass")
    if _never_closes(calendar):
        try:
            return start + worked
        except OverflowError as far:
            raise ValueError(f"{worked} after {start.isoformat()} is beyond the last year") from far
    if not worked:
        opening = next_opening(calendar, start)
        if opening is None:
            raise ValueError(f"calendar {calendar.id} does not open within ten years of {start.date()}")
        return opening
    kept = _kept(calendar)
    left = worked + kept.year(start.year).before(start)
    silent = 0
    for number in range(start.year, min(start.year + _FARTHEST_YEARS, _LAST_YEAR) + 1):
        year = kept.year(number)
        if left <= year.total:
            return year.reached(left)
        left -= year.total
        silent = 0 if year.total else silent + 1
        if silent > _SILENT_YEARS:
            break
    raise ValueError(f"calendar {calendar.id} does not offer {worked} of open time after {start.date()}")


def elapsed(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """The open time from `start` until `end`; nothing where `end` is not after `start`.

    Raises:
        ValueError: They are more than a hundred years apart, and the calendar is one that closes.
    """
    start, end = utc(start), utc(end)
    if end <= start:
        return _ZERO
    if _never_closes(calendar):
        return end - start
    if end.year - start.year > _FARTHEST_YEARS:
        raise ValueError(f"{start.isoformat()} is more than {_FARTHEST_YEARS} years before {end.isoformat()}")
    kept = _kept(calendar)
    whole = sum((kept.year(number).total for number in range(start.year, end.year)), _ZERO)
    return whole + kept.year(end.year).before(end) - kept.year(start.year).before(start)


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether time counts at that instant."""
    at = utc(at)
    return _never_closes(calendar) or _kept(calendar).year(at.year).covers(at)


def next_opening(calendar: Calendar, at: datetime) -> datetime | None:
    """The first open instant from `at` on, `at` itself where it is open; None: not within ten years."""
    at = utc(at)
    if _never_closes(calendar):
        return at
    kept = _kept(calendar)
    for number in range(at.year, min(at.year + _SILENT_YEARS, _LAST_YEAR) + 1):
        year = kept.year(number)
        index = bisect_right(year.ends, at)
        if index < len(year.starts):
            return max(at, year.starts[index])
    return None


def openings(calendar: Calendar, span: Span) -> Iterator[Span]:
    """The stretches of `span` in which it is open, in order, as long as can be, in UTC."""
    start, end = utc(span.start), utc(span.end)
    if start >= end:
        return
    if _never_closes(calendar):
        yield Span(start, end)
        return
    kept = _kept(calendar)
    held: tuple[datetime, datetime] | None = None
    for number in range(start.year, end.year + 1):
        year = kept.year(number)
        for index in range(bisect_right(year.ends, start), bisect_left(year.starts, end)):
            opens, closes = max(start, year.starts[index]), min(end, year.ends[index])
            # An opening over the end of a year is kept as two.
            if held is not None and held[1] == opens:
                held = held[0], closes
                continue
            if held is not None:
                yield Span(*held)
            held = opens, closes
    if held is not None:
        yield Span(*held)


def hours(
    windows: tuple[Window, ...], tz: ZoneInfo, first: date, last: date
) -> list[tuple[datetime, datetime]]:
    """The stretches of hours of the week from local day `first` to `last`, both included: in order, none touching."""
    week = _week(windows)
    found: list[tuple[datetime, datetime]] = []
    day = first
    while day <= last:
        _add_day(found, week[day.weekday()], tz, day)
        day += _DAY
    return found


@dataclass(frozen=True, slots=True)
class _Year:
    """The openings of a calendar in one year of UTC; `sums` is the open time up to each one's end."""

    starts: list[datetime]
    ends: list[datetime]
    sums: list[timedelta]

    @property
    def total(self) -> timedelta:
        return self.sums[-1] if self.sums else _ZERO

    def before(self, at: datetime) -> timedelta:
        """The open time of the year before `at`."""
        index = bisect_right(self.starts, at)
        if not index:
            return _ZERO
        return self.sums[index - 1] - max(self.ends[index - 1] - at, _ZERO)

    def reached(self, worked: timedelta) -> datetime:
        """The first instant at which so much of the year's open time has passed: more than none, at most all."""
        index = bisect_left(self.sums, worked)
        return self.ends[index] - (self.sums[index] - worked)

    def covers(self, at: datetime) -> bool:
        index = bisect_right(self.starts, at)
        return index > 0 and at < self.ends[index - 1]


class _Kept:
    """A calendar with its years, as far as they were asked for."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._week = _week(calendar.open or _ALL_WEEK)
        self._years: dict[int, _Year] = {}

    def year(self, number: int) -> _Year:
        found = self._years.get(number)
        if found is None:
            if len(self._years) >= _MOST_YEARS:
                self._years.clear()
            found = self._years[number] = self._worked_out(number)
        return found

    def _worked_out(self, number: int) -> _Year:
        calendar = self.calendar
        if not _FIRST_YEAR <= number <= _LAST_YEAR:
            raise ValueError(f"calendar {calendar.id} knows nothing of the year {number}")
        begin, end = datetime(number, 1, 1, tzinfo=UTC), datetime(number + 1, 1, 1, tzinfo=UTC)
        found: list[tuple[datetime, datetime]] = []
        # No local clock is a whole day away from UTC, but Samoa was once and Manila too.
        day, last = begin.date() - 2 * _DAY, end.date() + _DAY
        while day <= last:
            if day not in calendar.closed:
                _add_day(found, self._week[day.weekday()], calendar.tz, day)
            day += _DAY
        clipped = [
            (max(start, begin), min(stop, end)) for start, stop in found if start < end and stop > begin
        ]
        starts, ends = [start for start, _ in clipped], [stop for _, stop in clipped]
        return _Year(starts, ends, list(accumulate(stop - start for start, stop in clipped)))


_kept = ByIdentity(_Kept, _MOST_CALENDARS)


def _never_closes(calendar: Calendar) -> bool:
    return not calendar.open and not calendar.closed


def _week(windows: tuple[Window, ...]) -> list[list[tuple[time, time]]]:
    """For each weekday its hours in order."""
    week: list[list[tuple[time, time]]] = [[] for _ in range(7)]
    for window in windows:
        week[window.weekday].append((window.start, window.end))
    for day in week:
        day.sort(key=lambda hours: hours[0])
    return week


def _add_day(
    found: list[tuple[datetime, datetime]], windows: list[tuple[time, time]], tz: ZoneInfo, day: date
) -> None:
    for opens, closes in windows:
        start = instant(tz, datetime.combine(day, opens))
        end = instant(tz, datetime.combine(day if closes != _MIDNIGHT else day + _DAY, closes))
        if found and start <= found[-1][1]:
            start = found.pop()[0] if end > found[-1][1] else end
        if start < end:
            found.append((start, end))
