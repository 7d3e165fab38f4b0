"""Encoded queries: conditions joined by `^`, with every value made harmless. Pure.

A term that the platform does not understand is dropped and the rest still answered, unless
`glide.invalid_query.returns_no_rows` is set (ServiceNow Table API docs). So whoever asks also looks whether
the rows fit, and `check` looks whether the fields exist.
"""

import re
from collections.abc import Iterable

from syncline_servicenow.values import is_script, sys_id_of

_FIELD = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*", re.ASCII)
_TERM = re.compile(r"(?:OR)?([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*)", re.ASCII)


def field_name(name: str) -> str:
    """The name, if a field can be called that.

    Raises:
        ValueError: it cannot.
    """
    if not _FIELD.fullmatch(name):
        raise ValueError(
            f"{name[:60]!r} is no field name of ServiceNow (lower-case letters, digits, '_' and '.')"
        )
    return name


def literal(value: str) -> str:
    """A value as it stands in a query: `^` doubled (GlideStringUtil), nothing that would be run.

    Raises:
        ValueError: the platform would run it, or it holds control characters.
    """
    if is_script(value):
        raise ValueError("a value that begins with 'javascript:' would be run by ServiceNow")
    if any(character < " " for character in value):
        raise ValueError("a value with control characters cannot stand in a query")
    return value.replace("^", "^^")


def term(name: str, operator: str, value: str) -> str:
    """One condition.

    Raises:
        ValueError: name or value cannot stand in a query.
    """
    return f"{field_name(name)}{operator}{literal(value)}"


def one_of(name: str, sys_ids: Iterable[str]) -> str:
    """The condition that a field is one of these sys_ids.

    Raises:
        ValueError: one of them is none.
    """
    return f"{field_name(name)}IN{','.join(sys_id_of(sys_id) for sys_id in sys_ids)}"


def both(*conditions: str) -> str:
    """All these conditions; empty ones do not count."""
    return "^".join(condition for condition in conditions if condition)


def ordered(condition: str, *names: str) -> str:
    """The condition, and by which fields the rows are ordered."""
    return both(condition, *(f"ORDERBY{name}" for name in names))


def after(stamp: str, at: str, sys_id: str, condition: str = "") -> str:
    """The rows behind a position in the order of (stamp, sys_id), in that order.

    Args:
        stamp: The column with the time.
        at: The position's time, as the platform has it.
        sys_id: The last row of that second that is behind us; empty: none of them is.
        condition: What else the rows must fulfil; it may hold `^OR`, but no `^NQ`.
    """
    if not sys_id:
        return ordered(both(f"{stamp}>={at}", condition), stamp, "sys_id")
    later = both(f"{stamp}>{at}", condition)
    same = both(f"{stamp}={at}", f"sys_id>{sys_id}", condition)
    return ordered(f"{later}^NQ{same}", stamp, "sys_id")


def named_fields(condition: str) -> tuple[str, ...]:
    """The fields that a person's own condition names, as far as can be told."""
    terms = condition.replace("^^", "").split("^")
    found = (_TERM.match(part) for part in terms if part)
    return tuple(dict.fromkeys(match.group(1) for match in found if match))


def own_condition(condition: str) -> str:
    """A person's own condition, if it can be joined with ours.

    Raises:
        ValueError: it would run a script, order or group the rows, or start a new query.
    """
    condition = condition.strip().strip("^")
    upper = condition.upper()
    if "JAVASCRIPT:" in upper:
        raise ValueError("must not hold 'javascript:'; name fixed values instead")
    for word in ("NQ", "ORDERBY", "GROUPBY"):
        if upper.startswith(word) or f"^{word}" in upper.replace("^^", ""):
            raise ValueError(f"must not hold '^{word}': Syncline orders and joins the rows by itself")
    return condition
