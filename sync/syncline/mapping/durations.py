"""Durations as people write them: `45s`, `10m`, `1h30m`, `2w`."""

import re
from datetime import timedelta
from typing import Final

PATTERN: Final = (
    r"^ *(?=[0-9])(?:([0-9]{1,4}) *w *)?(?:([0-9]{1,4}) *d *)?(?:([0-9]{1,5}) *h *)?"
    r"(?:([0-9]{1,6}) *m *)?(?:([0-9]{1,7}) *s)?$"
)
"""Of a duration; a regular expression as JSON Schema has them, too."""

_UNITS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION: Final = re.compile(PATTERN)


def duration(text: object) -> timedelta:
    """A duration: weeks, days, hours, minutes and seconds, in this order.

    Raises:
        ValueError: it is none.
    """
    match = _DURATION.match(text) if isinstance(text, str) else None
    if match is None:
        number = isinstance(text, int | float) and not isinstance(text, bool)
        unit = f"; {text} of what? write {text}s or {text}m" if number else ""
        raise ValueError(f"must be a duration, such as 45s, 10m or 1h30m{unit}")
    seconds = sum(
        int(amount) * unit for amount, unit in zip(match.groups(), _UNITS.values(), strict=True) if amount
    )
    return timedelta(seconds=seconds)


def said(span: timedelta) -> str:
    """The duration as people write it, in one unit where that is exact: `90m`, `4h`, `2d`."""
    seconds = int(span.total_seconds())
    for unit, length in _UNITS.items():
        if unit != "w" and seconds % length == 0 and seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
