"""Virtual time and a seeded scheduler: what threads and the machine's clock are in production.

Everything runs as greenlets in one thread. One runs at a time, and another gets its turn only where this one waits: for
time, a signal, a lock, a reply; and at locks, where the scheduler may draw another. A `Machine` is a group of greenlets that
dies together (kill -9), stands still together (SIGSTOP), and has a clock that somebody may set.
"""

import heapq
import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet


class Deadlocked(AssertionError):
    """Greenlets wait, and nothing will ever wake them."""


class Loop:
    """The heap of what is to happen, and the one greenlet that makes it happen.

    Args:
        seed: Of the schedule: who is next where several could be, and how long a step of the program takes.
        begin: The time at which the world begins.
    """

    def __init__(self, seed: str, begin: datetime) -> None:
        self.begin = begin
        self.passed = 0.0
        self.events = 0
        self.rng = Random(f"{seed}/schedule")
        # Never none: a program that only computes would else find no time passing.
        self.shuffle = self.rng.choice((0.01, 0.03, 0.1, 0.4))
        self._heap: list[tuple[float, float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.hub = getcurrent()
        self._begun = begin.timestamp()

    def now(self) -> datetime:
        """The true time, which no clock in the world need show."""
        return self.begin + timedelta(seconds=self.passed)

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Call that so many seconds from now, in the hub: it must not wait."""
        at = self.passed + max(seconds, 0.0)
        heapq.heappush(self._heap, (at, self.rng.random(), next(self._order), what))

    def run(self, until: float) -> None:
        """Let everything happen up to that second of the world."""
        assert getcurrent() is self.hub, "only the hub lets time pass"
        heap = self._heap
        while heap and heap[0][0] <= until:
            at, _, _, what = heapq.heappop(heap)
            self.passed = max(self.passed, at)
            self.events += 1
            what()
        self.passed = max(self.passed, until)

    def pause(self) -> None:
        """Give the turn back to the hub; whoever calls this has seen to being resumed."""
        self.hub.switch()

    @property
    def in_hub(self) -> bool:
        """Whether the hub itself is running: what it calls must not wait."""
        return getcurrent() is self.hub


class Machine:
    """Greenlets that share a fate and a clock."""

    def __init__(self, loop: Loop, name: str) -> None:
        self.loop = loop
        self.name = name
        self.dead = False
        self.set_by = 0.0
        self.still_until = 0.0
        self.began = loop.passed
        self._tasks: list[SimTask] = []

    # ---- clock

    def now(self) -> datetime:
        """The machine's wall clock."""
        return self.loop.begin + timedelta(seconds=self.loop.passed + self.set_by)

    def monotonic(self) -> float:
        """Seconds of uptime; nobody sets them."""
        return self.loop.passed

    # ---- fate

    def kill(self) -> None:
        """kill -9. Its greenlets are never resumed, nor freed: their `finally` would run, which no kill -9 does."""
        self.dead = True

    def stop(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT so many seconds later."""
        self.still_until = max(self.still_until, self.loop.passed + seconds)

    # ---- runtime

    def spawn(self, name: str, target: Callable[[], None]) -> "SimTask":
        """Start a greenlet."""
        task = SimTask(self, name, target)
        self._tasks.append(task)
        return task

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""
        self.resume_after(seconds)
        self.yield_()

    def signal(self) -> "SimSignal":
        """A new flag, down."""
        return SimSignal(self)

    def lock(self) -> AbstractContextManager[Any]:
        """A new re-entrant lock."""
        return SimLock(self)

    def local(self) -> Any:
        """A namespace of which every greenlet sees its own."""
        return SimLocal()

    # ---- turns

    def resume_after(self, seconds: float, still_wanted: Callable[[], bool] = lambda: True) -> None:
        """See to it that the current greenlet goes on so many seconds from now, unless that is no longer wanted."""
        me = getcurrent()
        self.loop.after(seconds, lambda: self.resume(me, still_wanted))

    def resume(self, task: greenlet, still_wanted: Callable[[], bool] = lambda: True) -> None:
        """Let a greenlet go on now; later where the machine stands still; never where it died. In the hub."""
        if self.dead:
            return
        if self.loop.passed < self.still_until:
            self.loop.after(self.still_until - self.loop.passed, lambda: self.resume(task, still_wanted))
        elif still_wanted():
            task.switch()

    def yield_(self) -> None:
        """Wait for one's next turn."""
        sealed = getattr(getcurrent(), "sealed", 0)
        assert not sealed, "a turn was given up inside a transaction"
        self.loop.pause()

    def perhaps_yield(self) -> None:
        """A moment at which another may be drawn: where a lock was asked for, or given back."""
        if self.loop.in_hub or getattr(getcurrent(), "held", 0):
            return
        if self.loop.rng.random() < self.loop.shuffle:
            self.sleep(self.loop.rng.expovariate(500.0))


class SimTask:
    """A greenlet as a `Task`."""

    def __init__(self, machine: Machine, name: str, target: Callable[[], None]) -> None:
        self.name = name
        self.done = machine.signal()
        self._target = target
        self._greenlet = greenlet(self._run, parent=machine.loop.hub)
        self._greenlet.called = name  # type: ignore[attr-defined]
        machine.loop.after(machine.loop.rng.uniform(0.0, 0.002), lambda: machine.resume(self._greenlet))

    def _run(self) -> None:
        try:
            self._target()
        finally:
            self.done.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        self.done.wait(timeout)

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return not self.done.is_set()


class SimSignal:
    """A flag that can be waited for."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._up = False
        self._waiting: list[tuple[greenlet, list[bool]]] = []

    def set(self) -> None:
        """Raise it, and wake who waits."""
        self._up = True
        waiting, self._waiting = self._waiting, []
        machine = self._machine
        for task, wanted in waiting:
            delay = machine.loop.rng.uniform(0.0, 0.001)
            machine.loop.after(delay, lambda t=task, w=wanted: machine.resume(t, lambda: _once(w)))

    def clear(self) -> None:
        """Lower it."""
        self._up = False

    def is_set(self) -> bool:
        """Whether it is up."""
        return self._up

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is up, at most that many seconds."""
        if self._up:
            return True
        wanted = [True]
        self._waiting.append((getcurrent(), wanted))
        if timeout is not None:
            self._machine.resume_after(timeout, lambda: _once(wanted))
        self._machine.yield_()
        self._waiting = [entry for entry in self._waiting if entry[1] is not wanted]
        return self._up


def _once(wanted: list[bool]) -> bool:
    """True the first time only: who was woken by one event is not woken by the next."""
    first = wanted[0]
    wanted[0] = False
    return first


class SimLock:
    """A re-entrant lock. One that is `sealed` guards a transaction: nobody may give up a turn while holding it."""

    def __init__(self, machine: Machine) -> None:
        self.sealed = False
        self._machine = machine
        self._owner: greenlet | None = None
        self._depth = 0
        self._waiting: list[greenlet] = []

    def __enter__(self) -> "SimLock":
        me: Any = getcurrent()
        if self._owner is not me:
            self._machine.perhaps_yield()
            while self._owner is not None:
                assert not self._machine.loop.in_hub, "the hub would wait for a lock"
                self._waiting.append(me)
                self._machine.yield_()
            self._owner = me
            me.held = getattr(me, "held", 0) + 1
            if self.sealed:
                me.sealed = getattr(me, "sealed", 0) + 1
        self._depth += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth:
            return
        me: Any = getcurrent()
        self._owner = None
        me.held -= 1
        if self.sealed:
            me.sealed -= 1
        if self._waiting:
            following = self._waiting.pop(0)
            self._machine.loop.after(0.0, lambda: self._machine.resume(following))
        self._machine.perhaps_yield()


class SimLocal:
    """A namespace of which every greenlet sees its own."""

    def __getattr__(self, name: str) -> Any:
        try:
            return getcurrent().__dict__[id(self)][name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        getcurrent().__dict__.setdefault(id(self), {})[name] = value
