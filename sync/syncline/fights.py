"""Recognises two automations that fight through us, so that one field can be frozen before it eats the rate limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncline.model import Value


@dataclass(frozen=True, slots=True)
class Breaker:
    """When a field is frozen.

    Attributes:
        writes: More writes of one field than this ...
        within: ... in this time are a fight,
        returns: and so is the value that comes back for the time of this number.
    """

    writes: int = 6
    within: timedelta = timedelta(minutes=10)
    returns: int = 3


def fight(
    written: Sequence[tuple[datetime, Value]], value: Value, now: datetime, breaker: Breaker
) -> str | None:
    """Why writing `value` once more would be part of a fight; None where it would not.

    Args:
        written: When which value was written to the field on that side, oldest first.
        value: The one that would be written now.
        now: The time.
        breaker: The limits.
    """
    recent = [v for at, v in written if now - at <= breaker.within]
    if len(recent) >= breaker.writes:
        minutes = round(breaker.within.total_seconds() / 60)
        return f"it was written {len(recent)} times in {minutes} minutes"
    sequence = [*recent, value]
    returns = sum(
        1
        for i in range(2, len(sequence))
        if sequence[i] == value and sequence[i] != sequence[i - 1] and value in sequence[:i]
    )
    if returns >= breaker.returns:
        return f"it came back to {value!r} for the time no. {returns}"
    return None
