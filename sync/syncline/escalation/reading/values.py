"""The scalars of the language, as people write them: durations, hours, days, handoffs, names.

Each is a type for the models of `world` and `ladders`: what it makes of the text, and what JSON Schema can say of it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema

from syncline.mapping import durations
from syncline.mapping.validation import nearest, suggestion

LONGEST: Final = timedelta(days=3653)
"""Ten years: no duration, and no stretch of days, is longer."""

PERSON: Final = "person:"
"""Before the id of a person where schedules or tiers may stand, too."""

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

ANY_LENGTH: Final = timedelta(hours=1)
"""Stands in where a duration is missing or at fault, so that the rest can be looked at."""

_DAY: Final = timedelta(days=1)
_YEAR: Final = timedelta(days=366)
_YEARS: Final = (2000, 2100)
_TIME: Final = r"([01]?[0-9]|2[0-3]):([0-5][0-9])"
_WEEKDAY: Final = f"({'|'.join(WEEKDAYS)})"
_DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MOMENT: Final = rf"{_DATE}(?:[T ]{_TIME})?"
_HOURS: Final = rf"^{_TIME} *- *(?:{_TIME}|(24:00))$"
_HANDOFF: Final = rf"^(?:{_WEEKDAY} +)?{_TIME}$"
_DAYS: Final = rf"^(?:daily|{_WEEKDAY}(?: *- *{_WEEKDAY})?)$"
_STRETCH: Final = rf"^{_MOMENT}(?: */ *{_MOMENT})?$"
_SHARE: Final = r"^([0-9]{1,3}(?:\.[0-9]{1,3})?) *%$"
_ID_CHARACTER: Final = r"""[^:,;/|"'{}\[\]\n\r\t]"""
_NAMED: Final = rf"(?! )(?!.* $){_ID_CHARACTER}{{1,64}}$"
_ID: Final = f"^{_NAMED}"


class BadDuration(ValueError):
    """What stands where a duration must stand is none."""

    code = "E13"


def _described(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


# ---- durations ----------------------------------------------------------------------------------


def _duration(raw: object) -> timedelta:
    try:
        found = durations.duration(raw)
    except ValueError as error:
        raise BadDuration(str(error)) from error
    if found > LONGEST:
        raise BadDuration("must be at most 10 years")
    return found


def _positive(raw: object) -> timedelta:
    found = _duration(raw)
    if not found:
        raise BadDuration("must be more than nothing, such as 5m")
    return found


@dataclass(frozen=True, slots=True)
class At:
    """When a step is due: an offset, or a share of the clock's target."""

    offset: timedelta
    share: float | None = None


def _at(raw: object) -> At:
    match = re.match(_SHARE, raw) if isinstance(raw, str) else None
    if match is None:
        try:
            return At(_duration(raw))
        except BadDuration as error:
            raise BadDuration(f"{error}; or a share of the clock's target, such as 75%") from error
    share = float(match[1]) / 100
    if not share:
        raise BadDuration("write 0m for at once")
    return At(timedelta(0), share)


_WORTH = r"(?=.*[1-9])"
Duration = Annotated[
    timedelta, PlainValidator(_duration), _described(durations.PATTERN, "15m", "4h", "1h30m", "2d")
]
Length = Annotated[
    timedelta,
    PlainValidator(_positive),
    _described(f"^{_WORTH}{durations.PATTERN.removeprefix('^')}", "15m", "4h", "1h30m", "2d"),
]
Due = Annotated[
    At,
    PlainValidator(_at),
    _described(
        f"(?:{durations.PATTERN})|(?:^{_WORTH}{_SHARE.removeprefix('^')})",
        "0m",
        "15m",
        "4h",
        "75%",
    ),
]


# ---- hours and days -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hours:
    """From when to when on the local clock. `end` is midnight at the end of the day where it is `time(0, 0)`; an end
    that is not after the start lies on the next day."""

    start: time
    end: time


def _hours(raw: object) -> Hours:
    match = re.match(_HOURS, raw) if isinstance(raw, str) else None
    if match is None:
        raise ValueError("must be hours, such as 08:00-18:00 or 18:00-24:00")
    start = time(int(match[1]), int(match[2]))
    end = time(0) if match[5] else time(int(match[3]), int(match[4]))
    if start == end and not match[5]:
        raise ValueError("begins and ends at the same time; for the whole day write 00:00-24:00")
    return Hours(start, end)


@dataclass(frozen=True, slots=True)
class Handoff:
    """A local time, and the weekday where one is named; 0 is Monday."""

    weekday: int | None
    at: time


def _handoff(raw: object) -> Handoff:
    match = re.match(_HANDOFF, raw) if isinstance(raw, str) else None
    if match is None:
        raise ValueError(
            'must be a local time, such as "mon 09:00", or "09:00" where turns are shorter than a week'
        )
    weekday = WEEKDAYS.index(match[1]) if match[1] else None
    return Handoff(weekday, time(int(match[2]), int(match[3])))


def weekdays(text: str) -> tuple[int, ...]:
    """The weekdays that a key such as `mon`, `mon-fri` or `daily` names; 0 is Monday.

    Raises:
        ValueError: it names none.
    """
    match = re.match(_DAYS, text)
    if match is None:
        near = suggestion(text.strip().casefold()[:3], WEEKDAYS)
        raise ValueError(f'"{text[:40]}" is no day: write mon, or mon-fri, or daily{near}')
    if match[1] is None:
        return tuple(range(7))
    first = WEEKDAYS.index(match[1])
    last = WEEKDAYS.index(match[2]) if match[2] else first
    return tuple((first + n) % 7 for n in range((last - first) % 7 + 1))


# ---- stretches of days --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when to when, local times without a zone; `end` is the first moment after it."""

    start: datetime
    end: datetime


def _moment(text: str, *, last: bool) -> datetime:
    try:
        found = datetime.fromisoformat(text.replace(" ", "T"))
    except ValueError as error:
        raise ValueError(f"{text[:40]} is no day of the calendar") from error
    if not _YEARS[0] <= found.year < _YEARS[1]:
        raise ValueError(f"{text[:40]} does not lie between the years {_YEARS[0]} and {_YEARS[1]}")
    # A day that is named as the end is part of the stretch; a time is not.
    return found + _DAY if last and len(text) == len("2026-01-01") else found


def between(start: str, end: str) -> Stretch:
    """From a day or time to another.

    Raises:
        ValueError: one is no day, or they stand the wrong way round, or lie too far apart.
    """
    found = Stretch(_moment(start, last=False), _moment(end, last=True))
    if found.end <= found.start:
        raise ValueError(f"ends before it begins: {start} to {end}")
    if found.end - found.start > LONGEST:
        raise ValueError("must be at most 10 years")
    return found


def _stretch(raw: object) -> Stretch:
    if not isinstance(raw, str) or re.match(_STRETCH, raw) is None:
        raise ValueError(
            "must be a day, such as 2026-12-24, or from one to another, such as 2026-08-03/2026-08-17"
        )
    start, _, end = (part.strip() for part in raw.partition("/"))
    return between(start, end or start)


def _closed(raw: object) -> Stretch:
    if isinstance(raw, str) and re.search(_TIME, raw):
        raise ValueError(
            "must be whole days, such as 2026-12-24 or 2026-12-27/2026-12-31; hours stand in open"
        )
    found = _stretch(raw)
    if found.end - found.start > _YEAR:
        raise ValueError("must be at most a year")
    return found


def _moment_text(raw: object) -> str:
    if not isinstance(raw, str) or re.match(f"^{_MOMENT}$", raw) is None:
        raise ValueError('must be a day or a local time, such as 2026-05-11 or "2026-05-11T09:00"')
    _moment(raw, last=False)
    return raw


def _day(raw: object) -> date:
    if not isinstance(raw, str) or re.match(f"^{_DATE}$", raw) is None:
        raise ValueError("must be a day, such as 2026-01-05")
    return _moment(raw, last=False).date()


# ---- names --------------------------------------------------------------------------------------


def _zone(raw: object) -> ZoneInfo:
    text = raw if isinstance(raw, str) else ""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"must be a time zone, such as Europe/Paris{_zones_near(text)}") from error


@lru_cache(maxsize=1)
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


def _zones_near(raw: str) -> str:
    """A city alone names its zone; else only zones with the same first letter are near."""
    city = raw.strip().replace(" ", "_").casefold()
    exact = (name for name in _zones() if city in {name.casefold(), name.casefold().rpartition("/")[2]})
    if (found := next(exact, None)) is not None:
        return f'. Did you mean "{found}"?'
    near = nearest(city[:40], [name for name in _zones() if name[:1].casefold() == city[:1]])
    return f'. Did you mean "{near}"?' if near else ""


def _id(raw: object) -> str:
    if isinstance(raw, int | float):
        raise ValueError(f"must be a name; put {str(raw).lower()} in quotes")  # noqa: TRY004
    if not isinstance(raw, str) or re.match(_ID, raw) is None:
        raise ValueError(
            "a name has 1 to 64 characters, none of them a colon, comma, slash, quotation mark or bracket"
        )
    return raw


def _who(raw: object) -> str:
    person = isinstance(raw, str) and raw.startswith(PERSON)
    return f"{PERSON}{_id(raw[len(PERSON) :])}" if isinstance(raw, str) and person else _id(raw)


def _choice(raw: object) -> str | int:
    if isinstance(raw, bool) or not isinstance(raw, str | int) or raw == "" or len(str(raw)) > 255:
        raise ValueError("must be text, or a whole number from 0")
    if isinstance(raw, int) and raw < 0:
        raise ValueError("must be text, or a whole number from 0")
    return raw


def _condition(raw: object) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if not isinstance(raw, str) or not raw:
        raise ValueError("must be a condition, such as: priority == 1 and not ack")
    return raw


def listed(item: Any) -> Callable[[object], object]:
    """A validator that makes one value a list of one."""

    def one(raw: object) -> object:
        return raw if isinstance(raw, list) else [raw]

    return BeforeValidator(one, json_schema_input_type=item | list[item])  # type: ignore[return-value]


HoursOfDay = Annotated[Hours, PlainValidator(_hours), _described(_HOURS, "08:00-18:00", "18:00-24:00")]
HandoffAt = Annotated[Handoff, PlainValidator(_handoff), _described(_HANDOFF, "mon 09:00", "09:00")]
DaysKey = Annotated[str, _described(_DAYS, "mon-fri", "sat", "daily")]
Days = Annotated[
    Stretch, PlainValidator(_stretch), _described(_STRETCH, "2026-08-03", "2026-08-03/2026-08-17")
]
WholeDays = Annotated[
    Stretch,
    PlainValidator(_closed),
    _described(rf"^{_DATE}(?: */ *{_DATE})?$", "2026-12-24", "2026-12-27/2026-12-31"),
]
Moment = Annotated[
    str, PlainValidator(_moment_text), _described(f"^{_MOMENT}$", "2026-05-11", "2026-05-11T09:00")
]
Day = Annotated[date, PlainValidator(_day), _described(f"^{_DATE}$", "2026-01-05")]
Zone = Annotated[
    ZoneInfo, PlainValidator(_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Paris", "UTC"]})
]
Id = Annotated[str, PlainValidator(_id), WithJsonSchema({"type": "string", "pattern": _ID})]
Who = Annotated[
    str, PlainValidator(_who), WithJsonSchema({"type": "string", "pattern": f"^(?:{PERSON})?{_NAMED}"})
]
Choice = Annotated[
    str | int,
    PlainValidator(_choice),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 255}, {"type": "integer", "minimum": 0}]}
    ),
]
ConditionText = Annotated[
    str,
    PlainValidator(_condition),
    WithJsonSchema(
        {"type": ["string", "boolean"], "maxLength": 2000, "examples": ["priority == 1 and not ack"]}
    ),
]
