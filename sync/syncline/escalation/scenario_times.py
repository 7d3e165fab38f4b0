"""Times in scenarios: `2026-08-05T09:00 Europe/Paris`, `2026-08-05T09:00+02:00`, and `09:30` on the same clock."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import PlainValidator, WithJsonSchema

from syncline.escalation.local_time import instant
from syncline.mapping.validation import suggestion

_DATE: Final = r"(\d{4}-\d{2}-\d{2})"
_TIME: Final = r"(\d{1,2}:\d{2}(?::\d{2})?)"
_FULL: Final = re.compile(rf"{_DATE}[T ]{_TIME}(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?(?: +(\S+))?\Z")
_CLOCK: Final = re.compile(rf"{_TIME}\Z")
_YEARS: Final = (2000, 2100)


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A moment and the clock on which it was told.

    Attributes:
        at: UTC.
        zone: The clock.
        tz: The clock, where it was named as a time zone.
    """

    at: datetime
    zone: tzinfo
    tz: ZoneInfo | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A time as it was told: with or without a day, with or without a clock."""

    day: date | None
    clock: time
    offset: str | None = None
    zone: str | None = None


def _time(text: str) -> time:
    hour, minute, *second = (int(part) for part in text.split(":"))
    return time(hour, minute, second[0] if second else 0)


def told(raw: object) -> Told:
    """A time, with or without a day.

    Raises:
        ValueError: it is none.
    """
    text = raw.strip() if isinstance(raw, str) else ""
    alone, full = _CLOCK.match(text), _FULL.match(text)
    try:
        if alone:
            return Told(None, _time(alone[1]))
        if full:
            day = date.fromisoformat(full[1])
            if not _YEARS[0] <= day.year < _YEARS[1]:
                raise ValueError(f"{day} does not lie between the years {_YEARS[0]} and {_YEARS[1]}")
            return Told(day, _time(full[2]), full[3], full[4])
    except ValueError as error:
        raise ValueError(f"{text[:40]} is no time: {error}") from error
    raise ValueError(
        "must be a time, such as 2026-08-05T09:00 Europe/Paris or 2026-08-05T09:00+02:00; where the clock is known"
        " 09:30 will do"
    )


def zoned(found: Told) -> LocalTime:
    """The moment.

    Raises:
        ValueError: it names no day, or no clock, or both an offset and a zone.
    """
    if found.day is None:
        raise ValueError("must name the day, too, such as 2026-08-05T09:00 Europe/Paris")
    local = datetime.combine(found.day, found.clock)
    if found.offset and found.zone:
        raise ValueError("name the time zone or the offset from UTC, not both")
    if found.offset:
        aware = datetime.fromisoformat(f"{local.isoformat()}{found.offset}")
        return LocalTime(aware.astimezone(UTC), aware.tzinfo or UTC)
    if found.zone:
        tz = zone_named(found.zone)
        return LocalTime(instant(tz, local), tz, tz)
    raise ValueError("on whose clock? Write the time zone behind it, such as 2026-08-05T09:00 Europe/Paris")


def zone_named(name: str) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        ValueError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = suggestion(name[:40], sorted(available_timezones()))
        raise ValueError(f"there is no time zone {name[:40]}{near}") from error


def moment_of(found: Told, start: LocalTime) -> datetime:
    """The moment of an event, UTC: without a clock of its own on that of the start, and without a day the first time
    after the start that its clock shows that."""
    if found.offset or found.zone:
        return zoned(found).at
    local = start.at.astimezone(start.zone)
    day = found.day or local.date()
    at = _on(start.zone, datetime.combine(day, found.clock))
    if found.day is None and at < start.at:
        at = _on(start.zone, datetime.combine(day + timedelta(days=1), found.clock))
    return at


def _on(zone: tzinfo, local: datetime) -> datetime:
    if isinstance(zone, ZoneInfo):
        return instant(zone, local)
    return local.replace(tzinfo=zone).astimezone(UTC)


def _start(raw: object) -> LocalTime:
    return zoned(told(raw))


_EXAMPLES: Final = ["2026-08-05T09:00 Europe/Paris", "2026-08-05T09:00+02:00"]
StartTime = Annotated[
    LocalTime, PlainValidator(_start), WithJsonSchema({"type": "string", "examples": _EXAMPLES})
]
EventTime = Annotated[
    Told, PlainValidator(told), WithJsonSchema({"type": "string", "examples": ["09:30", *_EXAMPLES]})
]
