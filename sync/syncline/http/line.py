"""What the workers of one instance share: how to reach it, its budget, its breaker, and how it fares."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random
from typing import Final

from requests.adapters import BaseAdapter

from syncline.http.breaker import Breaker, BreakerState, Closed, Opened
from syncline.http.budget import Budget
from syncline.http.dialect import Dialect
from syncline.http.redaction import Redactor
from syncline.ports import Clock, Runtime, Signal

log = logging.getLogger(__name__)

MAX_REPLY: Final = 32_000_000
"""Bytes of a reply that is no file."""

Kind = str | tuple[str, str]
"""What is counted: `read`, `write`, `auth`, and (method, status class) such as `("GET", "2xx")`; a request
without a reply has the status class `none`."""


@dataclass(frozen=True, slots=True)
class Route:
    """How an instance is reached.

    Attributes:
        base_url: No trailing slash.
        timeout: Seconds to connect, and for a reply to begin and then for the whole of it.
        verify: True, or the path of our own certificate authorities.
        cert: The path of our client certificate, or None.
        proxies: As `requests` takes them.
        max_attachment: Bytes of a file.
        max_reply: Bytes of any other reply.
        credentials: Variables that hold our credentials, for messages.
    """

    base_url: str
    timeout: tuple[float, float] = (5.0, 30.0)
    verify: bool | str = True
    cert: str | None = None
    proxies: Mapping[str, str] | None = None
    max_attachment: int = 10_000_000
    max_reply: int = MAX_REPLY
    credentials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """How an instance fares.

    Attributes:
        breaker: Closed where all is well.
        last_error: The last failure as a sentence; None before the first, and again after a success.
        budget_left: Calls that could go out at once.
        last_success: When it last answered properly (our clock, UTC), or None.
        clock_skew: Seconds that its clock is ahead of ours, or None before its first reply.
    """

    breaker: BreakerState
    last_error: str | None
    budget_left: int
    last_success: datetime | None
    clock_skew: float | None


def parse_date(text: str) -> datetime | None:
    """A time as HTTP headers have it, in UTC; None where it is none, or lies beyond all calendars."""
    try:
        at = parsedate_to_datetime(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class Line:
    """The shared state of one instance. Safe to share between workers."""

    def __init__(
        self,
        instance: str,
        route: Route,
        dialect: Dialect,
        *,
        clock: Clock,
        runtime: Runtime,
        rng: Random,
        requests_per_minute: int,
        redactor: Redactor,
        wire: Callable[[], BaseAdapter],
        stop: Signal | None,
    ) -> None:
        self.instance = instance
        self.route = route
        self.dialect = dialect
        self.clock = clock
        self.runtime = runtime
        self.redactor = redactor
        self.wire = wire
        self._stop = stop
        self._rng = rng
        self._lock = runtime.lock()
        self._budget = Budget(requests_per_minute, clock.monotonic())
        self._breaker = Breaker()
        self._counts: Counter[Kind] = Counter()
        self._last_error: str | None = None
        self._last_success: datetime | None = None
        # (the platform's clock, our wall clock, our monotonic clock) at its last reply
        self._heard: tuple[datetime, float] | None = None

    def sleep(self, seconds: float) -> None:
        """Let time pass, less where we are told to stop."""
        if self._stop is None:
            self.runtime.sleep(seconds)
        else:
            self._stop.wait(seconds)

    def stopping(self) -> bool:
        """Whether we were told to stop."""
        return self._stop is not None and self._stop.is_set()

    def jitter(self, most: float) -> float:
        """Anything from 0 to `most` seconds, so that workers do not return all at once."""
        with self._lock:
            return self._rng.uniform(0.0, most)

    def resting(self) -> float:
        """Seconds until the breaker lets a call pass."""
        with self._lock:
            return self._breaker.wait(self.clock.monotonic())

    def admit(self) -> float:
        """Pass the breaker, perhaps as its probe: 0, or the seconds to stay away."""
        with self._lock:
            return self._breaker.admit(self.clock.monotonic())

    def take(self, *, urgent: bool) -> float:
        """Take from the budget: 0, or the seconds until it is worth asking again."""
        with self._lock:
            return self._budget.take(self.clock.monotonic(), urgent=urgent)

    def pause(self, seconds: float) -> None:
        """The platform asked for quiet: for all workers."""
        with self._lock:
            self._budget.pause(self.clock.monotonic(), seconds)

    def count(self, kind: str, method: str, status: int | None) -> None:
        """One request went out."""
        with self._lock:
            self._counts[kind] += 1
            self._counts[method, f"{status // 100}xx" if status else "none"] += 1

    def counts(self) -> Counter[Kind]:
        """A copy of the counts."""
        with self._lock:
            return Counter(self._counts)

    def heard(self, date: str | None, age: str | None, sent: float) -> None:
        """Note the platform's clock by the `Date` header of a reply that no cache kept.

        Args:
            date: The header.
            age: The header `Age`, which caches add.
            sent: When the request went out, by the machine's time since it came up. So old the time may be: a reply that was slow, or
                met a process that was stopped, does not replace what a quick one said.
        """
        if not date or age:
            return
        at = parse_date(date)
        if at is None:
            return
        with self._lock:
            now = self.clock.monotonic()
            if self._heard is not None:
                known, then = self._heard
                behind = (known - at).total_seconds() + now - then
                # The header has whole seconds.
                if now - sent > 1.0 and 0 < behind <= now - sent + 1.0:
                    return
            self._heard = (at, now)

    def platform_now(self) -> datetime:
        """The platform's clock, never ahead of it: its last word plus the time that has passed since."""
        with self._lock:
            if self._heard is None:
                return self.clock.now()
            at, then = self._heard
            return at + timedelta(seconds=max(0.0, self.clock.monotonic() - then))

    def clock_skew(self) -> float | None:
        """Seconds that the platform's clock is ahead of ours, or None before its first reply."""
        with self._lock:
            if self._heard is None:
                return None
            at, then = self._heard
            # Ours as it goes now: somebody may have set it since, and what was heard before is as old as it is.
            now = self.clock.now() - timedelta(seconds=self.clock.monotonic() - then)
            return (at - now).total_seconds()

    def answered(self) -> None:
        """The platform answered for itself, were it with a refusal."""
        with self._lock:
            event = self._breaker.succeeded(self.clock.monotonic())
        self._tell(event)

    def succeeded(self) -> None:
        """The platform did what was asked."""
        with self._lock:
            self._last_success = self.clock.now()
            self._last_error = None

    def erred(self, message: str) -> None:
        """A call failed, for whatever reason."""
        with self._lock:
            self._last_error = message

    def failed(self, message: str) -> None:
        """The platform cannot be reached, or fails inside."""
        with self._lock:
            event = self._breaker.failed(self.clock.monotonic(), message)
        self._tell(event)

    def _tell(self, event: Opened | Closed | None) -> None:
        """One line when an instance goes and one when it comes back, and nothing in between."""
        match event:
            case Opened(reason):
                log.warning("%s is unavailable: %s", self.instance, reason)
            case Closed(after):
                log.warning("%s is available again after %.0f s", self.instance, after)
            case None:
                pass

    def health(self) -> Health:
        """How the instance fares."""
        with self._lock:
            now = self.clock.monotonic()
            return Health(
                breaker=self._breaker.state(now),
                last_error=self._last_error,
                budget_left=int(self._budget.left(now)),
                last_success=self._last_success,
                clock_skew=self.clock_skew(),
            )
