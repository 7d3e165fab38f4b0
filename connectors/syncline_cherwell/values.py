"""Native values: from the REST API's texts to their canonical form and back. Pure.

All values are texts, and nothing is an empty one (replies recorded with the Cherwell client of demisto/content). Dates stand in the culture
and the time zone of the instance, as people there write them, with a resolution of one second; some replies leave the seconds out.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from syncline.connector import Native, canonical_text

CULTURES: Final = {
    "en-US": "%m/%d/%Y %I:%M:%S %p",
    "en-GB": "%d/%m/%Y %H:%M:%S",
    "en-AU": "%d/%m/%Y %I:%M:%S %p",
    "de-DE": "%d.%m.%Y %H:%M:%S",
    "fr-FR": "%d/%m/%Y %H:%M:%S",
    "es-ES": "%d/%m/%Y %H:%M:%S",
    "it-IT": "%d/%m/%Y %H:%M:%S",
    "nl-NL": "%d-%m-%Y %H:%M:%S",
    "pt-BR": "%d/%m/%Y %H:%M:%S",
    "sv-SE": "%Y-%m-%d %H:%M:%S",
}
"""How cultures of .NET write a date with a time; of others a setting says so."""

_PARTS: Final = {
    "Y": "year",
    "m": "month",
    "d": "day",
    "H": "hour",
    "I": "hour",
    "M": "minute",
    "S": "second",
}
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_AROUND: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Dates:
    """How an instance writes times.

    Attributes:
        pattern: As of `strftime`, seconds last.
        zone: The time zone of what is written.
    """

    pattern: str
    zone: str = "UTC"

    def read(self, text: str) -> datetime:
        """A time as the instance writes it, in UTC; without seconds it is the beginning of its minute.

        Raises:
            ValueError: it is no such time.
        """
        order = [_PARTS[letter] for letter in re.findall(r"%([YmdHIMS])", self.pattern)]
        numbers = re.findall(r"\d+", text, re.ASCII)
        if len(numbers) not in (len(order), len(order) - 1):
            raise ValueError(f"{text[:40]!r} is no time as of {self.pattern}")
        parts = {name: int(number) for name, number in zip(order, numbers, strict=False)}
        half = text.rstrip().upper()[-2:] if "%p" in self.pattern else ""
        if half in {"AM", "PM"}:
            parts["hour"] = parts["hour"] % 12 + (12 if half == "PM" else 0)
        elif "%p" in self.pattern:
            raise ValueError(f"{text[:40]!r} is no time as of {self.pattern}")
        try:
            return datetime(**parts, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValueError(f"{text[:40]!r} is no time as of {self.pattern}") from None

    def write(self, at: datetime) -> str:
        """A time as the instance takes it, cut to the second."""
        return at.astimezone(ZoneInfo(self.zone)).strftime(self.pattern)

    def asked_from(self, at: datetime) -> datetime:
        """From when on to ask for what is not older than that.

        There is no "not before" among the operators, and replies may be cut to the minute. When clocks are put back, an hour comes
        twice, and its times do not grow: around that more is asked for.
        """
        zone = ZoneInfo(self.zone)
        before, after = ((at + step).astimezone(zone).utcoffset() for step in (-_AROUND, _AROUND))
        return at - timedelta(seconds=1) - (_AROUND if before != after else timedelta(0))


def said(raw: Any) -> str:
    """What stands in one field, as text in canonical form; empty, too, where it holds no text."""
    return canonical_text(raw) if isinstance(raw, str) else ""


def instant(raw: str) -> datetime:
    """A time in canonical form.

    Raises:
        ValueError: it is none.
    """
    if not _ISO.fullmatch(raw):
        raise ValueError(f"{raw[:40]!r} is no time")
    return datetime.fromisoformat(raw).astimezone(UTC).replace(microsecond=0)


def stamp(moment: datetime) -> str:
    """A time in canonical form, cut to the second: `2022-06-21T16:23:14Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def canonical(raw: str, dates: Dates | None) -> Native:
    """The value of one field in canonical form; nothing is None. `dates` where the field holds a time.

    Raises:
        ValueError: a time cannot be read.
    """
    value = canonical_text(raw)
    if not value:
        return None
    return value if dates is None else stamp(dates.read(value))


def wire(value: Native, dates: Dates | None) -> str:
    """The value of one field as the REST API takes it; an empty text empties the field.

    Raises:
        ValueError: the field cannot take it.
    """
    if value is None:
        return ""
    if isinstance(value, tuple):
        raise ValueError("a list cannot stand in a field of Cherwell")  # noqa: TRY004  one error for what cannot be sent
    if dates is not None and isinstance(value, str) and _ISO.fullmatch(value):
        return dates.write(instant(value))
    return str(value)


def separators(line: str) -> tuple[str, str, str, str]:
    """What stands before, between and behind the three parts of a line.

    Raises:
        ValueError: it does not have the three parts in order, or two of them touch.
    """
    start, found, rest = line.partition("{field}")
    first, found_too, rest = rest.partition("{before}")
    second, found_three, end = rest.partition("{after}")
    if not (found and found_too and found_three and first and second):
        raise ValueError("must have {field}, {before} and {after}, in this order and with text between them")
    return start, first, second, end
