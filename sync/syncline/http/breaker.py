"""Leaves an instance alone that does not answer, and finds out when it does again. A pure state machine."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

THRESHOLD: Final = 5
"""Failures in a row that open it."""

FIRST_REST: Final = 5.0
"""Seconds that it stays open the first time; each failed probe doubles them."""

LONGEST_REST: Final = 60.0
"""Seconds that it stays open at the most."""

PROBE_LIFE: Final = 120.0
"""Seconds after which a probe of which nothing was heard no longer holds up the next."""

PROBE_AGAIN: Final = 1.0
"""Seconds after which who met a probe under way may ask again: by then it has mostly been decided."""


class BreakerState(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Opened:
    """The instance became unreachable. Told once, however often probes fail afterwards."""

    reason: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The instance answers again.

    Attributes:
        after: Seconds that it was unreachable.
    """

    after: float


class Breaker:
    """Closed: calls pass. Open: none does. Half-open: one, the probe, decides. Not safe to share without a lock.

    All times are monotonic seconds.
    """

    def __init__(
        self, threshold: int = THRESHOLD, first_rest: float = FIRST_REST, longest_rest: float = LONGEST_REST
    ) -> None:
        self._threshold = threshold
        self._first_rest = first_rest
        self._longest_rest = longest_rest
        self._failures = 0
        self._opened_at: float | None = None
        self._rest = first_rest
        self._probe_from = 0.0
        self._probing_until = 0.0

    def state(self, now: float) -> BreakerState:
        """Where it stands."""
        if self._opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._probe_from else BreakerState.HALF_OPEN

    def wait(self, now: float) -> float:
        """Seconds after which to ask again; 0 where a call may pass now. Takes nothing."""
        if self._opened_at is None:
            return 0.0
        if now < self._probe_from:
            return self._probe_from - now
        # The probe's whole life would be far too long: whoever was sent away for it would miss that it succeeded.
        return min(max(self._probing_until - now, 0.0), PROBE_AGAIN)

    def admit(self, now: float) -> float:
        """Like `wait`; where it says 0 and the breaker is half-open, the caller is the probe."""
        wait = self.wait(now)
        if wait == 0.0 and self._opened_at is not None:
            self._probing_until = now + PROBE_LIFE
        return wait

    def succeeded(self, now: float) -> Closed | None:
        """The platform answered, whatever it said."""
        opened_at, self._opened_at = self._opened_at, None
        self._failures = 0
        self._rest = self._first_rest
        self._probing_until = 0.0
        return None if opened_at is None else Closed(now - opened_at)

    def failed(self, now: float, reason: str) -> Opened | None:
        """The platform did not answer, or only with a failure of its own."""
        self._failures += 1
        if self._opened_at is None:
            if self._failures < self._threshold:
                return None
            self._opened_at = now
            self._probe_from = now + self._rest
            return Opened(reason)
        # Calls that left before it opened come back while it rests; they say nothing new.
        if now >= self._probe_from:
            self._rest = min(self._rest * 2, self._longest_rest)
            self._probe_from = now + self._rest
            self._probing_until = 0.0
        return None
