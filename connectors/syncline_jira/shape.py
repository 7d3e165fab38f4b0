"""Looking into JSON that somebody else wrote: each function takes anything and gives the one type it is named for."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from syncline.errors import RetryLater


def mapping(value: object) -> Mapping[str, Any]:
    """The object itself, empty where it is none."""
    return value if isinstance(value, Mapping) else {}


def objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; what is none is left out."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def listed(value: object, what: str, instance: str) -> list[Mapping[str, Any]]:
    """The objects of a list that every reply to this question has.

    Raises:
        RetryLater: it is missing: then this is no reply of Jira's, and says nothing of what there is.
    """
    if not isinstance(value, list):
        raise RetryLater(
            f"{instance}: the reply holds no list of {what}; check that the url is that of Jira's REST API"
        )
    return objects(value)


def text(value: object) -> str:
    """The text, a number's digits, else empty."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def whole(value: object, default: int = 0) -> int:
    """The whole number, else `default`."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def number(value: float) -> int | float | None:
    """A number in canonical form: whole where it can be, None where it is none."""
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def instant(value: object) -> datetime | None:
    """A time with its offset (`2024-12-29T08:41:23.303+0530`) in UTC; None where it is none."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def iso(at: datetime) -> str:
    """ISO 8601 in UTC; milliseconds only where there are any."""
    exact = at.astimezone(UTC).isoformat(timespec="milliseconds" if at.microsecond else "seconds")
    return exact.removesuffix("+00:00") + "Z"


def millis(at: datetime) -> int:
    """Milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def required(value: object, what: str, instance: str) -> str:
    """Text that must be there.

    Raises:
        RetryLater: it is missing: then this is no reply of Jira's.
    """
    found = text(value)
    if not found:
        raise RetryLater(
            f"{instance}: the reply holds no {what}; check that the url is that of Jira's REST API"
        )
    return found


def required_instant(value: object, what: str, instance: str) -> datetime:
    """A time that must be there.

    Raises:
        RetryLater: it is missing or no time.
    """
    at = instant(value)
    if at is None:
        raise RetryLater(
            f"{instance}: the reply holds no readable time in {what}; check that the url is that of Jira"
        )
    return at
