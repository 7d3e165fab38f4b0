"""Schedules as they are worked with: layers on the local clock, overrides and absences in UTC."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from heapq import heappop, heappush
from typing import NamedTuple
from zoneinfo import ZoneInfo

from syncline.escalation.book import Book
from syncline.escalation.calendars import hours
from syncline.escalation.kept import ByIdentity
from syncline.escalation.local_time import clock, instant, utc
from syncline.escalation.roster import Layer, Schedule, Span

_DAY = timedelta(days=1)
_MIDNIGHT = time()
_LAST_MOMENT = time.max
_MOST_BOOKS = 32

_Absences = tuple[list[datetime], list[datetime]]
_NEVER: _Absences = ([], [])


class Turn(NamedTuple):
    """Somebody's turn in one layer or by an override; `away` says that they are not there."""

    start: datetime
    end: datetime
    person: str
    reason: str
    away: bool


Turns = Sequence[Turn]


class LayerTurns:
    """Whose turn it is in a layer, on the schedule's local clock.

    A turn begins where the clock comes to the layer's first turn plus a whole number of `every`, so that turns change
    at the same local time all year. Where `start` is not the weekday on which turns change, the first turn lasts
    until the first such weekday.

    Attributes:
        layer: As it stands in the book.
        begin: Local time at which it begins.
        end: Local time at which it ends, or None.
    """

    __slots__ = ("_every", "_origin", "_people", "_tz", "_week", "begin", "end", "layer")

    def __init__(self, layer: Layer, tz: ZoneInfo) -> None:
        if layer.every <= timedelta():
            raise ValueError(f"a turn of {layer.every} is none")
        self.layer = layer
        self.begin = datetime.combine(layer.start, layer.handoff)
        self.end = None if layer.until is None else datetime.combine(layer.until, _MIDNIGHT)
        self._tz = tz
        self._every = layer.every
        self._people = layer.rotate
        self._origin = self.begin
        if layer.weekday is not None and layer.weekday != layer.start.weekday():
            first_change = self.begin + (layer.weekday - layer.start.weekday()) % 7 * _DAY
            self._origin = first_change - layer.every
        self._week: list[list[tuple[time, time]]] | None = None
        if layer.only:
            self._week = [[] for _ in range(7)]
            for window in layer.only:
                end = window.end if window.end != _MIDNIGHT else _LAST_MOMENT
                self._week[window.weekday].append((window.start, end))

    def on_turn(self, local: datetime) -> str | None:
        """Who is on turn when the local clock shows that; None: the layer does not serve then."""
        if local < self.begin or (self.end is not None and local >= self.end) or not self._people:
            return None
        if self._week is not None and not self._open(local):
            return None
        return self._people[(local - self._origin) // self._every % len(self._people)]

    def _open(self, local: datetime) -> bool:
        assert self._week is not None
        shown = local.time()
        return any(
            start <= shown and (shown < end or end is _LAST_MOMENT)
            for start, end in self._week[local.weekday()]
        )

    def positions(self, start: datetime, end: datetime) -> list[datetime]:
        """The local times in (start, end] at which turns change, while the layer serves."""
        start = max(start, self.begin)
        if self.end is not None:
            end = min(end, self.end)
        count = (start - self._origin) // self._every + 1
        found = []
        while (position := self._origin + count * self._every) <= end:
            found.append(position)
            count += 1
        return found

    def person(self, local: datetime) -> str:
        """Whose turn it is at a local time, whether or not the layer serves then."""
        return self._people[(local - self._origin) // self._every % len(self._people)]

    def turns(self, start: datetime, end: datetime) -> list[Turn]:
        """Its turns in a stretch of time, UTC; in order, as far as its hours go."""
        if not self._people:
            return []
        tz = self._tz
        start = max(start, instant(tz, self.begin))
        if self.end is not None:
            end = min(end, instant(tz, self.end))
        if start >= end:
            return []
        found = []
        shown, last = clock(tz, start), clock(tz, end)
        if len(self._people) == 1:
            found.append(Turn(start, end, self._people[0], "turn", False))
        else:
            at, local = start, shown
            for position in self.positions(shown, last):
                change = min(instant(tz, position), end)
                if at < change:
                    found.append(Turn(at, change, self.person(local), "turn", False))
                at, local = change, position
            if at < end:
                found.append(Turn(at, end, self.person(local), "turn", False))
        if not self.layer.only:
            return found
        return _within(found, hours(self.layer.only, tz, shown.date() - _DAY, last.date() + _DAY))


class Duty:
    """One schedule, ready to be asked.

    Attributes:
        id: Of the schedule.
        tz: Whose local clock.
        backfill: Id of the schedule that serves where nobody of this one does, or None.
        layers: As in the book.
        overrides: The ones that win, in order, none over another.
        override_starts: When each of those begins.
    """

    __slots__ = ("_away", "backfill", "id", "layers", "override_starts", "overrides", "tz")

    def __init__(self, schedule: Schedule, away: Mapping[str, _Absences]) -> None:
        self.id = schedule.id
        self.tz = schedule.tz
        self.backfill = schedule.backfill
        self.layers = [LayerTurns(layer, schedule.tz) for layer in schedule.layers]
        self.overrides = _winning(schedule)
        self.override_starts = [override.start for override in self.overrides]
        self._away = away

    def away(self, person: str, at: datetime) -> bool:
        """Whether a person is away then."""
        absences = self._away.get(person)
        return absences is not None and _among(absences, at)

    def overridden(self, start: datetime, end: datetime) -> list[Turn]:
        """What overrides say over a stretch of time."""
        first = max(bisect_right(self.override_starts, start) - 1, 0)
        last = bisect_right(self.override_starts, end)
        return self.present(self.overrides[first:last])

    def present(self, turns: Iterable[Turn]) -> list[Turn]:
        """The turns, split where their person goes or comes back."""
        found: list[Turn] = []
        for turn in turns:
            absences = self._away.get(turn.person)
            if absences is None:
                found.append(turn)
                continue
            starts, ends = absences
            at = turn.start
            index = bisect_right(ends, at)
            while index < len(starts) and starts[index] < turn.end:
                if at < starts[index]:
                    found.append(Turn(at, starts[index], turn.person, turn.reason, False))
                at = max(at, starts[index])
                back = min(turn.end, ends[index])
                found.append(Turn(at, back, turn.person, turn.reason, True))
                at = back
                index += 1
            if at < turn.end:
                found.append(Turn(at, turn.end, turn.person, turn.reason, False))
        return found


class Duties:
    """The schedules and absences of a book, compiled as they are asked for."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._away = {person.id: _merged(person.away) for person in book.people.values() if person.away}
        self._schedules: dict[str, Duty] = {}

    def schedule(self, schedule_id: str) -> Duty | None:
        """The schedule of that id, or None."""
        found = self._schedules.get(schedule_id)
        if found is None and (schedule := self.book.schedules.get(schedule_id)) is not None:
            found = self._schedules[schedule_id] = Duty(schedule, self._away)
        return found

    def away(self, person: str, at: datetime) -> bool:
        """Whether a person is away then."""
        return _among(self._away.get(person, _NEVER), at)

    def absent(self, person: str) -> list[tuple[datetime, datetime]]:
        """When a person is away, UTC, in order."""
        return list(zip(*self._away.get(person, _NEVER), strict=True))


duties = ByIdentity(Duties, _MOST_BOOKS)
"""The compiled form of a book; kept for the books asked for last."""


def _among(absences: _Absences, at: datetime) -> bool:
    index = bisect_right(absences[0], at)
    return index > 0 and at < absences[1][index - 1]


def _merged(spans: Iterable[Span]) -> _Absences:
    starts: list[datetime] = []
    ends: list[datetime] = []
    for start, end in sorted((utc(span.start), utc(span.end)) for span in spans):
        if start >= end:
            continue
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return starts, ends


def _winning(schedule: Schedule) -> list[Turn]:
    """Of overrides over one another, the one listed last; in order of time."""
    spans = [(utc(override.span.start), utc(override.span.end)) for override in schedule.overrides]
    cuts: list[tuple[datetime, bool, int]] = []
    for index, (start, end) in enumerate(spans):
        if start < end:
            cuts += [(start, True, index), (end, False, index)]
    cuts.sort()
    found: list[Turn] = []
    standing: list[int] = []
    over: set[int] = set()
    at = datetime.min.replace(tzinfo=UTC)
    for moment, begins, index in cuts:
        while standing and -standing[0] in over:
            heappop(standing)
        if standing and at < moment:
            override = schedule.overrides[-standing[0]]
            reason = f"override: {override.why}" if override.why else "override"
            found.append(Turn(at, moment, override.who, reason, False))
        at = moment
        if begins:
            heappush(standing, -index)
        else:
            over.add(index)
    return found


def _within(turns: Sequence[Turn], open_hours: Sequence[tuple[datetime, datetime]]) -> list[Turn]:
    """The turns as far as the hours go; both in order."""
    found: list[Turn] = []
    index = 0
    for start, end in open_hours:
        while index < len(turns) and turns[index].end <= start:
            index += 1
        ahead = index
        while ahead < len(turns) and turns[ahead].start < end:
            turn = turns[ahead]
            found.append(
                Turn(max(start, turn.start), min(end, turn.end), turn.person, turn.reason, turn.away)
            )
            ahead += 1
    return found
