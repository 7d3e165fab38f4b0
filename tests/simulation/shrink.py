"""Makes a failing world small: fewer classes of weather, fewer spells, fewer deeds, as long as it fails in the same way."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from world import Options, Verdict


def smallest(options: Options, verdict: Verdict, failing: Callable[[Options], Verdict | None]) -> Options:
    """The options of the smallest world that still fails.

    Args:
        options: Of the world that failed.
        verdict: What became of it.
        failing: Plays the world again with less of it; None where that does not fail.
    """
    least = replace(options, only=frozenset(verdict.weather), always=frozenset())
    for name in sorted(verdict.weather):
        less = replace(least, only=(least.only or frozenset()) - {name})
        again = failing(less)
        if again is not None:
            least, verdict = less, again
    deeds = _fewest(range(verdict.deeds), lambda part: failing(replace(least, deeds=frozenset(part))))
    least = replace(least, deeds=frozenset(deeds))
    spells = _fewest(range(verdict.spells), lambda part: failing(replace(least, spells=frozenset(part))))
    return replace(least, spells=frozenset(spells))


def _fewest(items: Sequence[int], failing: Callable[[Sequence[int]], Verdict | None]) -> Sequence[int]:
    """Leave out ever smaller blocks, as long as what is left still fails."""
    size = max(1, len(items) // 2)
    while items:
        at = 0
        while at < len(items):
            rest = [*items[:at], *items[at + size :]]
            if failing(rest) is not None:
                items = rest
            else:
                at += size
        if size == 1:
            break
        size //= 2
    return items
