"""Sizes and dates as people write them: `10 MB`, `2026-11-01`."""

import re
from datetime import UTC, datetime
from typing import Final

_SIZES: Final = {"": 1, "B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
_SIZE: Final = re.compile(r"(\d{1,12})\s*([KMG]?B|)\Z", re.IGNORECASE)


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
