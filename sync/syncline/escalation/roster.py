"""Who can be reached, and when: people, hours, and the schedules in which they take turns. The part of the book that is always
taken from the one in force."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the file; 1-based."""

    line: int = 0
    column: int = 0


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, aware; `end` is not part of it."""

    start: datetime
    end: datetime

    def covers(self, at: datetime) -> bool:
        """Whether `at` lies in it."""
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of one weekday on the local clock.

    Attributes:
        weekday: 0 is Monday.
        start: First moment.
        end: First moment after it; `time(0, 0)` is midnight at the end of the day.
    """

    weekday: int
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Calendar:
    """When time counts.

    Attributes:
        id: As its author named it.
        tz: Whose local clock; UTC for one that never closes.
        open: Hours of the week; empty: always.
        closed: Local days on which it is closed: public holidays and days of one's own.
        place: Where it stands.
    """

    id: str
    tz: ZoneInfo
    open: tuple[Window, ...] = ()
    closed: frozenset[date] = frozenset()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Quiet:
    """Local hours in which a person gets pages but no other messages; may run over midnight."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be reached.

    Attributes:
        id: As its author named them.
        name: What people read; the id where none is given.
        tz: Their local clock: for quiet hours and for days of absence.
        skills: What they can do.
        manager: Id of a person, or None.
        away: When they cannot be reached.
        ids: Platform or instance to their id or e-mail address there.
        reach: Channel to address (`email`, `sms`, a chat ...), in the order in which a page tries them.
        quiet: Quiet hours, or None.
        place: Where they stand.
    """

    id: str
    name: str
    tz: ZoneInfo
    skills: tuple[str, ...] = ()
    manager: str | None = None
    away: tuple[Span, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    reach: Mapping[str, str] = field(default_factory=dict)
    quiet: Quiet | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Layer:
    """People who take turns.

    Attributes:
        rotate: Ids of people, in turn.
        every: How long a turn is: hours that divide a day, days, or weeks.
        handoff: Local time at which turns change.
        weekday: On which weekday turns of weeks change, 0 is Monday; None for shorter turns.
        start: Local day on which the first turn begins, at `handoff`.
        only: Hours of the week in which the layer serves; empty: always.
        until: First local day on which it serves no more, or None.
        place: Where it stands.
    """

    rotate: tuple[str, ...]
    every: timedelta
    handoff: time
    weekday: int | None
    start: date
    only: tuple[Window, ...] = ()
    until: date | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody stands in, for a reason."""

    who: str
    span: Span
    why: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who is on call when.

    Attributes:
        id: As its author named it.
        tz: Whose local clock.
        layers: A later one goes before an earlier one.
        overrides: Go before all layers; a later one before an earlier one.
        backfill: Id of the schedule that serves where nobody of this one does, or None.
        place: Where it stands.
    """

    id: str
    tz: ZoneInfo
    layers: tuple[Layer, ...] = ()
    overrides: tuple[Override, ...] = ()
    backfill: str | None = None
    place: Place = NOWHERE
