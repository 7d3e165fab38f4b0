"""Where production and simulation differ: clock, randomness, ids, and the runtime that runs side by side.

These are handed in at the edge and read nowhere else; a lint bans the direct calls. `System*` are the ones of
production.
"""

import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only ever grow; for deadlines and durations."""
        ...


class Ids(Protocol):
    """New names for new things."""

    def incident(self) -> str:
        """An id for an incident, such as `SL-7K2M9QXA`; never given twice, not even after a restored backup."""
        ...

    def token(self) -> str:
        """A short unguessable token of lower-case letters and digits, for leases and markers."""
        ...


class Signal(Protocol):
    """A flag that can be waited for."""

    def set(self) -> None:
        """Raise the flag."""
        ...

    def clear(self) -> None:
        """Lower the flag."""
        ...

    def is_set(self) -> bool:
        """Whether the flag is up."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the flag is up, at most `timeout` seconds; whether it is up."""
        ...


class Task(Protocol):
    """Something that was spawned."""

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end, at most `timeout` seconds."""
        ...

    def is_alive(self) -> bool:
        """Whether it still runs."""
        ...


class Runtime(Protocol):
    """What runs side by side, and how it waits."""

    def spawn(self, name: str, target: Callable[[], None]) -> Task:
        """Start `target` beside the caller."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""
        ...

    def signal(self) -> Signal:
        """A new flag, down."""
        ...

    def lock(self) -> AbstractContextManager[Any]:
        """A new re-entrant lock."""
        ...

    def local(self) -> Any:
        """A namespace of which every task sees its own."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        return time.monotonic()


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class RandomIds:
    """Ids drawn at random: no two databases, nor a database and its backup, give the same one."""

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.SystemRandom()

    def incident(self) -> str:
        """`SL-` and ten letters and digits: 50 bits."""
        return "SL-" + "".join(self._rng.choice(_CROCKFORD) for _ in range(10))

    def token(self) -> str:
        """Twelve lower-case letters and digits: 60 bits."""
        return "".join(self._rng.choice(_CROCKFORD) for _ in range(12)).lower()


class ThreadRuntime:
    """Threads of the operating system. They are daemons: kill -9 is survived by design, so is a hung call."""

    def spawn(self, name: str, target: Callable[[], None]) -> Task:
        """Start a thread."""
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""
        time.sleep(seconds)

    def signal(self) -> Signal:
        """A `threading.Event`."""
        return threading.Event()

    def lock(self) -> AbstractContextManager[Any]:
        """A `threading.RLock`."""
        return threading.RLock()

    def local(self) -> Any:
        """A `threading.local`."""
        return threading.local()
