"""Values in JQL: times in the caller's zone, and text searches."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from syncline.sandbox.jira.call import Call, milliseconds
from syncline.sandbox.jira.index import words
from syncline.sandbox.jira.jql import JqlError, Value

_FORMATS: Final = ("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d", "%Y-%m-%d")
_SHAPE: Final = re.compile(r"\d{4}[/-]\d{1,2}[/-]\d{1,2}( \d{1,2}:\d{2})?\Z")
_PERIOD: Final = re.compile(r"([+-]?)\s*((?:\d+\s*[wdhm]\s*)+)\Z", re.IGNORECASE)
_UNITS: Final = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000}
_EPOCH: Final = re.compile(r"-?\d{1,14}\Z")
_TERM: Final = re.compile(r'"([^"]*)"|(\S+)')


def moment(call: Call, field: str, value: Value) -> int:
    """Epoch milliseconds of a time in a query.

    Text has minutes at the finest and is read in the zone of the caller's profile; a bare number is epoch milliseconds.

    Raises:
        JqlError: it is no time.
    """
    text = value.text.strip()
    if value.function:
        return _function(call, text)
    if _EPOCH.match(text):
        return int(text)
    period = _PERIOD.match(text)
    if period:
        amount = sum(
            int(n) * _UNITS[unit.lower()]
            for n, unit in re.findall(r"(\d+)\s*([wdhm])", period[2], re.IGNORECASE)
        )
        return call.now - amount if period[1] == "-" else call.now + amount
    if _SHAPE.match(text):
        for form in _FORMATS:
            try:
                return milliseconds(datetime.strptime(text, form).replace(tzinfo=call.zone))
            except ValueError:
                continue
    raise JqlError(
        f"Date value '{text}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )


def _function(call: Call, name: str) -> int:
    if name.lower() == "now":
        return call.now
    if name.lower() == "startofday":
        here = datetime.fromtimestamp(call.now / 1000, UTC).astimezone(call.zone)
        return milliseconds(here.replace(hour=0, minute=0, second=0, microsecond=0))
    if name.lower() == "endofday":
        here = datetime.fromtimestamp(call.now / 1000, UTC).astimezone(call.zone)
        return milliseconds(here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)) - 1
    raise JqlError(f"Unable to find JQL function '{name}()'.")


def midnight(day: str, zone: ZoneInfo) -> int:
    """Epoch milliseconds at which a date begins."""
    start = date.fromisoformat(day)
    return milliseconds(datetime(start.year, start.month, start.day, tzinfo=zone))


class TextSearch:
    """The right side of `~`: every term must occur; `"…"` within it is a phrase, `word*` a beginning.

    It never compares whole values: `~ "\\"a b\\""` also finds `x a b y`.

    Attributes:
        phrases: Words that must follow each other.
        prefixes: Beginnings of words.
    """

    def __init__(self, field: str, text: str) -> None:
        self.phrases: list[list[str]] = []
        self.prefixes: list[str] = []
        for match in _TERM.finditer(text):
            term = match[2] or match[1]
            if match[2] and term[0] in "*?":
                # Jira: "the text query is not allowed to start with '*'".
                raise JqlError(
                    f"The text query '{text}' for field '{field}' is not allowed to start with '{term[0]}'."
                )
            found = words(term)
            if not found:
                continue
            if match[2] and term.endswith("*"):
                self.prefixes.append(found.pop())
            if found:
                self.phrases.append(found)
        if not self.phrases and not self.prefixes:
            raise JqlError(f"The field '{field}' does not support searching for an empty string.")

    def words(self) -> list[str]:
        """Words that a matching text holds for certain."""
        return [word for phrase in self.phrases for word in phrase]

    def matches(self, text: str) -> bool:
        """Whether a text has it all."""
        found = words(text)
        return all(_follows(found, phrase) for phrase in self.phrases) and all(
            any(word.startswith(prefix) for word in found) for prefix in self.prefixes
        )


def _follows(found: Sequence[str], phrase: Sequence[str]) -> bool:
    length = len(phrase)
    return any(found[at : at + length] == phrase for at in range(len(found) - length + 1))
