"""Native values: from the REST API's JSON to their canonical form and back. Pure.

Selections come as their labels, times as `2022-06-21T16:23:14.000+0000` with a resolution of one second, nothing as null (replies
recorded with the BmcITSM client of demisto/content).
"""

import re
from datetime import UTC, datetime
from typing import Any, Final

from syncline.connector import Native, canonical_text

TIMES: Final = frozenset(
    {
        "Closed Date",
        "Estimated Resolution Date",
        "Last Acknowledged Date",
        "Last Modified Date",
        "Last Resolved Date",
        "Reported Date",
        "Required Resolution DateTime",
        "Responded Date",
        "Submit Date",
    }
)
"""Fields of an incident that hold a date and time."""

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)", re.ASCII)


def plain(raw: Any) -> str:
    """What stands in one field, as text; nothing is empty.

    Raises:
        ValueError: the field holds no single value.
    """
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str | int | float):
        return str(raw)
    raise ValueError(f"a {type(raw).__name__} stands where a single value is due")


def said(raw: Any) -> str:
    """What stands in one field, as text in canonical form; empty, too, where it holds no single value."""
    return canonical_text(plain(raw)) if isinstance(raw, str | int | float) else ""


def instant(raw: str) -> datetime:
    """A time as the REST API gives it, in UTC.

    Raises:
        ValueError: it is no such time.
    """
    if not _TIME.fullmatch(raw):
        raise ValueError(f"{raw[:40]!r} is no time of the REST API (2022-06-21T16:23:14.000+0000)")
    try:
        return datetime.fromisoformat(raw).astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        raise ValueError(f"{raw!r} lies beyond all calendars") from None


def stamp(moment: datetime) -> str:
    """A time in canonical form, cut to the second: `2022-06-21T16:23:14Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def canonical(name: str, raw: Any, times: frozenset[str]) -> Native:
    """The value of one field in canonical form; nothing is None.

    Raises:
        ValueError: the field holds no single value.
    """
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return raw
    value = canonical_text(plain(raw))
    if not value:
        return None
    if name in times and _TIME.fullmatch(value):
        return stamp(instant(value))
    return value


def wire(name: str, value: Native, times: frozenset[str]) -> str | int | float | None:
    """The value of one field as the REST API takes it; None empties the field.

    Raises:
        ValueError: the field cannot take it.
    """
    if value is None or isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        raise ValueError("a list cannot stand in a field of Helix")  # noqa: TRY004  one error for what cannot be sent
    if name in times and _TIME.fullmatch(value):
        return instant(value).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return value
