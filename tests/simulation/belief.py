"""What Syncline may know at a moment, and what it must: worked out from what stood on the platforms, and from which of their
lists it got to read. Where that leaves several possibilities, all of them are given, and the oracle of pages gives way."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from learnt import Shown, shown
from network import Network
from pages import Stood, Watch
from weather import Weather

from syncline.demo.equivalence import PD, meanings

NEVER: Final = float("inf")

# ---- what the oracle grants, each with its reason -------------------------------------------------

PROCESS: Final = 5.0
"""Seconds from when a reply was stored to the decision that goes by it: a turn of a worker, or a few."""
SETTLED: Final = 90.0
"""Seconds after the weather calmed down in which waits that it caused still last."""
JUMP_NOTICED: Final = 60.0
"""Seconds until a daemon has seen that its clock was set, and looks at what waits by the new one."""
RISES: Final = 25.0
"""Seconds that a daemon which starts needs before it does anything in time."""

TAKEN: Final = frozenset({"working", "waiting"})
OVER: Final = frozenset({"resolved", "closed", "canceled"})
ANYTHING: Final = frozenset({"new", *TAKEN, *OVER})

_ROUGH: Final = frozenset({"stale"})
"""Rates that lose no request."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What may be believed of an incident in some stretch of time.

    Attributes:
        since: When that begins.
        statuses: All that are possible, in the words of the table of equivalence.
        priorities: The same; `1` to `5`.
    """

    since: float
    statuses: frozenset[str]
    priorities: frozenset[str]


class Belief:
    """What may be believed when.

    Args:
        watch: What truly stood where.
        network: Which lists were read.
        weather: Which platforms lose requests.
        calm_at: When that ended.
    """

    def __init__(self, watch: Watch, network: Network, weather: Weather, calm_at: float) -> None:
        self._watch, self._weather, self.calm_at = watch, weather, calm_at
        self.lessons = network.lessons
        self._shown = shown(network.lessons.of)
        self.down = sorted((a, b + RISES if what == "dead" else b) for what, a, b in watch.down)
        self._facts: dict[str, list[Facts]] = {}
        self.jumps = [(0.0, 0.0), *watch.jumps]

    # ---- the machine

    def shows(self, at: float) -> float:
        """What the machine's clock shows at a moment, in seconds since the world began by the true time."""
        return at + self.jumps[max(bisect_right(self.jumps, (at, NEVER)) - 1, 0)][1]

    def jumped(self, start: float, end: float) -> bool:
        """Whether somebody set that clock in this time."""
        return any(start <= at <= end for at, _ in self.jumps[1:])

    def span_of(self, start: float, end: float) -> tuple[float, float]:
        """The least and the most that the clock shows in this time."""
        moments = [start, end]
        for at, _ in self.jumps[1:]:
            if start <= at <= end:
                moments += [at, at - 1e-6]
        shown = [self.shows(max(at, start)) for at in moments]
        return min(shown), max(shown)

    def works(self, start: float, end: float) -> bool:
        """Whether the daemon was at work all that time."""
        return not any(a < end and start < b for a, b in self.down)

    def after(self, start: float, seconds: float) -> float:
        """When the daemon will have been at work for so many seconds."""
        at, left = start, seconds
        for begin, end in self.down:
            if end <= at:
                continue
            if begin > at:
                if begin - at >= left:
                    return at + left
                left -= begin - at
            at = end
        return at + left

    def before(self, end: float, seconds: float) -> float:
        """Since when the daemon has been at work for so many seconds."""
        at, left = end, seconds
        for begin, until in reversed(self.down):
            if begin >= at:
                continue
            if until < at:
                if at - until >= left:
                    return at - left
                left -= at - until
            at = begin
        return at - left

    def rough(self, side: str, at: float) -> bool:
        """Whether requests to a platform may get lost at that moment."""
        rates = self._weather.rates.get(side, {})
        lossy = any(rate for name, rate in rates.items() if name not in _ROUGH and rate != [0.0, 0.2])
        return at < self.calm_at + SETTLED and (lossy or bool(self._weather.deadly))

    def troubled(self, side: str, start: float, end: float) -> bool:
        """Whether requests to a platform had no good reply in that time."""
        return self.lessons.troubled(side, start, end)

    # ---- what is known

    def known(self, case: str, side: str, index: int) -> float:
        """By when Syncline goes by what stood on a platform: a reply that it stored has shown that, or what came after it."""
        stood = self._watch.stood[case][side]
        for one in self._shown.get((side, self._watch.records[case, side]), ()):
            if one.said >= stood[index].at and any(_tells(one, s) for s in stood[index:] if s.at <= one.said):
                return self.decided(one.at)
        return NEVER

    def decided(self, stored: float) -> float:
        """By when what was stored at that moment was decided on."""
        at = self.after(stored, PROCESS)
        return self.after(stored, JUMP_NOTICED) if self.jumped(stored - 1.0, at) else at

    def labelled(self, case: str, side: str, at: float, label: str) -> float:
        """By when Syncline goes by a label that was given at that moment."""
        replies = self._shown.get((side, self._watch.records.get((case, side), "")), ())
        return next((self.decided(r.at) for r in replies if r.said >= at and label in r.labels), NEVER)

    def said(self, at: float, text: str) -> float:
        """By when Syncline goes by a remark that was written at that moment, wherever."""
        wanted = text.encode()
        stored = (
            le.at
            for side in self._watch.sides
            for le in self.lessons.of[side]
            if le.said >= at and wanted in le.body
        )
        return self.decided(min(stored, default=NEVER))

    def facts(self, case: str) -> Sequence[Facts]:
        """The whole of it about an incident, without gaps from its opening on."""
        if case not in self._facts:
            self._facts[case] = self._worked_out(case, self._watch.stood.get(case, {}))
        return self._facts[case]

    def _worked_out(self, case: str, stood: Mapping[str, Sequence[Stood]]) -> list[Facts]:
        stays: list[tuple[float, float, str, Stood]] = []
        for side, all_of_it in stood.items():
            for n, one in enumerate(all_of_it):
                ends = self.known(case, side, n + 1) if n + 1 < len(all_of_it) else NEVER
                stays.append((one.at, ends, side, one))
        turns = sorted({at for start, end, _, _ in stays for at in (start, end) if at < NEVER})
        return [_facts(at, [(side, one) for a, b, side, one in stays if a <= at < b]) for at in turns]

    def at(self, case: str, at: float) -> Facts:
        """What may be believed at a moment."""
        facts = self.facts(case)
        index = bisect_right([one.since for one in facts], at) - 1
        return facts[index] if index >= 0 else Facts(at, ANYTHING, frozenset())

    def between(self, case: str, start: float, end: float) -> Iterator[Facts]:
        """All that may be believed at some moment between these."""
        facts = self.facts(case)
        yield self.at(case, start)
        for one in facts:
            if start < one.since <= end:
                yield one

    def surely(self, case: str, start: float, end: float, statuses: Iterable[str]) -> bool:
        """Whether the status can be no other all that time."""
        allowed = frozenset(statuses)
        return all(one.statuses <= allowed for one in self.between(case, start, end))


def _facts(at: float, stood: Sequence[tuple[str, Stood]]) -> Facts:
    statuses = _reduced(meanings(side, "status", one.status) for side, one in stood)
    # PagerDuty takes no priority any more for what is resolved.
    told = [(side, one) for side, one in stood if (side, one.status) != (PD, "resolved")] or stood
    priorities = _reduced(meanings(side, "priority", one.priority) for side, one in told if one.priority)
    return Facts(at, statuses, priorities)


def _reduced(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """All that is possible. Who knows fewer words than others adds nothing where its word can mean theirs."""
    known = set(sets)
    exact = frozenset(word for one in known if len(one) == 1 for word in one)
    return exact.union(*(one for one in known if not one & exact))


def _tells(reply: Shown, stood: Stood) -> bool:
    return reply.status == stood.status and reply.priority in (None, stood.priority or None)
