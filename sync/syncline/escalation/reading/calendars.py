"""Calendars and people of the file."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from syncline.escalation.local_time import instant
from syncline.escalation.reading.faults import TWICE, Faults
from syncline.escalation.reading.ladders import EscalationFile
from syncline.escalation.reading.public_holidays import public_holidays
from syncline.escalation.reading.values import WEEKDAYS, Hours, Stretch, weekdays
from syncline.escalation.reading.world import CalendarEntry, PersonEntry
from syncline.escalation.roster import Calendar, Person, Quiet, Span, Window
from syncline.mapping.document import Loc

ALWAYS_OPEN: Final = "always"
"""The calendar that is there in any case."""

_UTC: Final = ZoneInfo("UTC")
_MIDNIGHT: Final = time(0)
_DAY: Final = timedelta(days=1)


def calendars(file: EscalationFile, faults: Faults) -> dict[str, Calendar]:
    """The calendars, by id."""
    found = {ALWAYS_OPEN: Calendar(ALWAYS_OPEN, _UTC)}
    for name, entry in file.calendars.items():
        loc: Loc = ("calendars", name)
        calendar = _calendar(name, entry, file.tz, loc, faults)
        if name == ALWAYS_OPEN and (calendar.open or calendar.closed):
            faults.note(loc, f'"{ALWAYS_OPEN}" never closes; give these hours another name', value=False)
        else:
            found[name] = calendar
    return found


def _calendar(
    name: str, entry: CalendarEntry, default: ZoneInfo | None, loc: Loc, faults: Faults
) -> Calendar:
    tz = entry.tz or default
    if tz is None and (entry.open or entry.closed or entry.holidays):
        needs_zone(loc, name, "hours and days", faults)
    closed: set[date] = set()
    for number, code in enumerate(entry.holidays):
        try:
            closed |= public_holidays(code)
        except ValueError as error:
            faults.note((*loc, "holidays", number), f"holidays: {error}")
    for stretch in entry.closed:
        closed.update(_days(stretch))
    return Calendar(
        name,
        tz or _UTC,
        windows(entry.open, (*loc, "open"), faults),
        frozenset(closed),
        faults.place(loc),
    )


def _days(stretch: Stretch) -> list[date]:
    first = stretch.start.date()
    return [first + n * _DAY for n in range((stretch.end - stretch.start).days)]


def needs_zone(loc: Loc, name: str, what: str, faults: Faults) -> None:
    """Note that a time zone is missing, unless it is there and is at fault itself."""
    if faults.sound((*loc, "tz")) and faults.sound(("tz",)):
        faults.note(
            loc,
            f"{name}: tz is missing: on which clock are its {what}? Write tz: Europe/Paris here, or once for all"
            " at the top of the file",
            value=False,
        )


def windows(open_: Mapping[str, list[Hours]], loc: Loc, faults: Faults) -> tuple[Window, ...]:
    """Hours of the week, in the order of the week. Hours over midnight are cut there."""
    pieces: list[tuple[Window, Loc]] = []
    for key, hours in open_.items():
        try:
            days = weekdays(key)
        except ValueError as error:
            faults.note((*loc, key), str(error), value=False)
            continue
        for number, one in enumerate(hours):
            pieces.extend((piece, (*loc, key, number)) for day in days for piece in _cut(day, one))
    pieces.sort(key=lambda pair: (pair[0].weekday, pair[0].start))
    for (before, _), (window, place) in pairwise(pieces):
        if before.weekday == window.weekday and (before.end == _MIDNIGHT or window.start < before.end):
            day = WEEKDAYS[window.weekday]
            faults.note(
                place,
                f"two stretches of hours overlap on {day}: {_said(before)} and {_said(window)}; give each hour once",
                code=TWICE,
            )
            break
    return tuple(window for window, _ in pieces)


def _cut(day: int, hours: Hours) -> list[Window]:
    if hours.end == _MIDNIGHT or hours.start < hours.end:
        return [Window(day, hours.start, hours.end)]
    return [Window(day, hours.start, _MIDNIGHT), Window((day + 1) % 7, _MIDNIGHT, hours.end)]


def _said(window: Window) -> str:
    end = "24:00" if window.end == _MIDNIGHT else f"{window.end:%H:%M}"
    return f"{window.start:%H:%M}-{end}"


def span(tz: ZoneInfo, stretch: Stretch) -> Span:
    """The stretch of a local clock as instants."""
    return Span(instant(tz, stretch.start), instant(tz, stretch.end))


def people(file: EscalationFile, faults: Faults) -> dict[str, Person]:
    """The people, by id."""
    known = faults.ids("people")
    return {name: _person(name, entry, file.tz, known, faults) for name, entry in file.people.items()}


def _person(
    name: str, entry: PersonEntry, default: ZoneInfo | None, known: frozenset[str], faults: Faults
) -> Person:
    loc: Loc = ("people", name)
    tz = entry.tz or default
    if tz is None and (entry.away or entry.quiet):
        needs_zone(loc, name, "hours and days", faults)
    if entry.manager is not None:
        faults.known((*loc, "manager"), entry.manager, known, "person")
    quiet = entry.quiet
    return Person(
        id=name,
        name=entry.name or name,
        tz=tz or _UTC,
        skills=tuple(entry.skills),
        manager=entry.manager,
        away=tuple(span(tz or _UTC, stretch) for stretch in entry.away),
        ids=dict(entry.ids),
        reach=dict(entry.reach),
        quiet=Quiet(quiet.start, quiet.end) if quiet is not None else None,
        place=faults.place(loc),
    )
