"""How fast an instance may be called: a token bucket with a reserve for escalations. Arithmetic only."""

from dataclasses import dataclass
from typing import Final

_MINUTE: Final = 60.0
_GRAIN: Final = 1e-9


@dataclass(slots=True)
class Budget:
    """At most `per_minute` calls in any 60 seconds, urgent ones included. Not safe to share without a lock.

    The last tokens in the bucket are for urgent calls: ordinary ones leave them there. So an escalation goes
    out at once however busy the instance is.

    Args:
        per_minute: Calls in any minute, at least 10.
        now: Monotonic seconds.
    """

    capacity: float
    reserve: float
    per_second: float
    _level: float
    _at: float

    def __init__(self, per_minute: int, now: float) -> None:
        if per_minute < 10:
            raise ValueError("a budget is at least 10 calls a minute")
        # A full bucket may go out at once, and the rest of the minute's calls as it refills.
        self.capacity = max(2.0, float(per_minute // 12))
        self.reserve = float(max(1, int(self.capacity // 5)))
        self.per_second = (per_minute - self.capacity) / _MINUTE
        self._level = self.capacity
        self._at = now

    def take(self, now: float, *, urgent: bool = False) -> float:
        """Take a token: 0 where it was had, else the seconds until it is worth asking again."""
        self._refill(now)
        wanted = 1.0 if urgent else 1.0 + self.reserve
        if now >= self._at and self._level >= wanted - _GRAIN:
            self._level -= 1.0
            return 0.0
        short = max(0.0, wanted - self._level)
        return max(self._at - now, 0.0) + short / self.per_second

    def pause(self, now: float, seconds: float) -> None:
        """The platform asked for quiet: nothing goes out for that long, then slowly, the urgent first."""
        self._refill(now)
        self._at = max(self._at, now + seconds)
        # A full bucket at the end of the pause would bring on the next 429.
        self._level = min(self._level, 1.0)

    def left(self, now: float) -> float:
        """Tokens in the bucket; none during a pause."""
        self._refill(now)
        return self._level if now >= self._at else 0.0

    def paused_for(self, now: float) -> float:
        """Seconds of the pause that remain."""
        return max(self._at - now, 0.0)

    def _refill(self, now: float) -> None:
        # `_at` lies ahead during a pause, in which nothing flows in.
        if now > self._at:
            self._level = min(self.capacity, self._level + (now - self._at) * self.per_second)
            self._at = now
