"""Durations, sizes and dates as people write them: `10m`, `1h30m`, `10 MB`, `2026-11-01`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION: Final = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?\Z")
_SIZES: Final = {"": 1, "B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
_SIZE: Final = re.compile(r"(\d{1,12})\s*([KMG]?B|)\Z", re.IGNORECASE)


def duration(text: object) -> timedelta:
    """A duration: days, hours, minutes and seconds, in this order.

    Raises:
        ValueError: it is none.
    """
    match = _DURATION.match(text.replace(" ", "")) if isinstance(text, str) else None
    if match is None or not any(match.groups()):
        unit = f"; {text} of what? write {text}s or {text}m" if isinstance(text, int) else ""
        raise ValueError(f"must be a duration, such as 45s, 10m or 1h30m{unit}")
    seconds = sum(
        int(amount) * unit for amount, unit in zip(match.groups(), _UNITS.values(), strict=True) if amount
    )
    return timedelta(seconds=seconds)


def size(text: object) -> int:
    """A number of bytes.

    Raises:
        ValueError: it is none.
    """
    match = (
        _SIZE.match(str(text).strip()) if isinstance(text, str | int) and not isinstance(text, bool) else None
    )
    if match is None:
        raise ValueError("must be a size, such as 10 MB or 500 KB")
    return int(match[1]) * _SIZES[match[2].upper()]


def moment(text: object) -> datetime:
    """A date, or a date and time; UTC where it names no zone.

    Raises:
        ValueError: it is none.
    """
    if isinstance(text, str):
        try:
            found = datetime.fromisoformat(text.strip())
        except ValueError:
            pass
        else:
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    raise ValueError("must be a date, such as 2026-11-01")
