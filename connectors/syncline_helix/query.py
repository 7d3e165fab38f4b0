"""Qualifications: the server's conditions, with every value made harmless. Pure.

BMC, "Formatting conventions for fields in qualifications": a field stands in single quotation marks, one inside doubled; text in
double ones, one inside doubled; numbers bare, and in a time field they count seconds. What a quoted time looks like is a matter
of the server's locale, so how times are written is a setting, and looked at before it is relied on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

EPOCH = "epoch"
"""Times as seconds since 1970: in no zone and no locale."""


@dataclass(frozen=True, slots=True)
class Dates:
    """How times stand in a qualification.

    Attributes:
        pattern: `epoch`, or a pattern as of `strftime`.
        zone: The zone of the written ones.
    """

    pattern: str = EPOCH
    zone: str = "UTC"

    def literal(self, at: datetime) -> str:
        """A time, cut to the second."""
        if self.pattern == EPOCH:
            return str(int(at.timestamp()))
        return f'"{at.astimezone(ZoneInfo(self.zone)).strftime(self.pattern)}"'


def field(name: str) -> str:
    """A field as it stands in a qualification.

    Raises:
        ValueError: no field can be called that.
    """
    if not name or not name.isprintable():
        raise ValueError(f"{name[:60]!r} is no name of a field")
    return "'" + name.replace("'", "''") + "'"


def literal(value: str) -> str:
    """A text as it stands in a qualification.

    Raises:
        ValueError: it holds control characters.
    """
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("a value with control characters cannot stand in a qualification")
    return '"' + value.replace('"', '""') + '"'


def equals(name: str, value: str) -> str:
    """The condition that a field is that text.

    Raises:
        ValueError: name or value cannot stand in a qualification.
    """
    return f"{field(name)} = {literal(value)}"


def any_of(key: str) -> str:
    """The condition that an entry exists. Servers can be told to refuse a search without any condition.

    Raises:
        ValueError: no field can be called that.
    """
    return f"{field(key)} != $NULL$"


def one_of(name: str, values: Iterable[str]) -> str:
    """The condition that a field is one of those texts.

    Raises:
        ValueError: as `equals`.
    """
    return " OR ".join(equals(name, value) for value in values)


def both(*conditions: str) -> str:
    """All these conditions; empty ones do not count."""
    kept = [condition for condition in conditions if condition]
    return kept[0] if len(kept) == 1 else " AND ".join(f"({condition})" for condition in kept)


def after(time: str, key: str, at: datetime, last: str, dates: Dates, condition: str = "") -> str:
    """The entries behind a position in the order of (time, key).

    Args:
        time: The field with the time.
        key: The field by which entries of one second are told apart.
        at: The position's time.
        last: The last entry of that second that is behind us; empty: none of them is.
        dates: How times are written.
        condition: What else the entries must fulfil.

    Raises:
        ValueError: as `equals`.
    """
    moment = dates.literal(at)
    if not last:
        return both(f"{field(time)} >= {moment}", condition)
    same = both(f"{field(time)} = {moment}", f"{field(key)} > {literal(last)}")
    return both(f"({field(time)} > {moment}) OR ({same})", condition)


def own_condition(condition: str) -> str:
    """A person's own condition, if it can be joined with ours.

    Raises:
        ValueError: its quotation marks or brackets do not close, or it holds control characters.
    """
    condition = condition.strip()
    if not condition.isprintable():
        raise ValueError("must not hold line breaks or control characters")
    depth, quoted = 0, ""
    for character in condition:
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth < 0:
                break
    if quoted or depth:
        raise ValueError("has quotation marks or brackets that do not close")
    return condition
