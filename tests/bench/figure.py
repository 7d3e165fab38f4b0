"""One line of the table, and what a part of the measurement is given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from syncline.ports import SystemClock, ThreadRuntime

CLOCK: Final = SystemClock()
RUNTIME: Final = ThreadRuntime()


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Attributes:
        name: What was measured.
        target: What it shall be.
        measured: What it is, with its unit.
        reached: Whether the target was reached; None: there is none, it stands beside another one.
        value: The number alone.
    """

    name: str
    target: str
    measured: str
    reached: bool | None
    value: float


@dataclass(frozen=True, slots=True)
class Scope:
    """How a part is to measure.

    Attributes:
        folder: Its own; it is made when needed.
        quick: Fewer rounds.
        profile: Where the daemon's profile goes, or None.
        say: Shows progress.
    """

    folder: Path
    quick: bool
    profile: Path | None
    say: Callable[[str], None]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least that share of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return percentile(values, 0.5)
