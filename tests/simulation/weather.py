"""What goes wrong in a world: drawn from its seed, each class of faults off in half of the seeds.

A class draws from a stream of its own, so that switching one off changes nothing of the others.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

CLASSES = (
    "throttle",  # 429, with Retry-After
    "error",  # 5xx, before or after the deed
    "reset",  # the connection breaks, before or after the deed
    "late",  # nothing is said, or the connection breaks, and the request is applied up to a minute later
    "pages",  # a gateway's page, the platform's sleeping page, an empty 202, a reply that was cut off, doubled rows
    "slow",  # replies wait for seconds
    "outage",  # a platform is down for minutes: refuses, hangs, or answers 503
    "clog",  # all platforms stop one by one, and come back in another order
    "stale",  # Jira's search index lags behind by up to 40 s
    "skew",  # platforms' clocks are wrong by up to ten minutes
    "jump",  # somebody sets the clock of our machine
    "kill",  # kill -9 at some moment
    "killwrite",  # kill -9 just when a write took effect, and before its reply left
    "restart",  # the daemon is stopped, and started again
    "pause",  # SIGSTOP for minutes
    "bots",  # people act with our own account
    "disk",  # the disk is full for a while
    "restore",  # an old backup of the store is put back, and adopted
    "silent",  # the web hook takes a message, and no reply comes
    "refuses",  # the web hook answers 400, or 500
    "dropped",  # PagerDuty takes a request to page somebody, and tells nobody
)
OF_CHANNELS = frozenset({"silent", "refuses", "dropped"})
"""Classes that only a world with escalation knows."""


@dataclass(frozen=True, slots=True)
class Spell:
    """Something that is wrong for a while, or happens at a moment.

    Attributes:
        at: Seconds after the story began.
        what: A class, or a kind of it.
        side: The platform; empty: our own machine.
        seconds: How long.
        more: By which measure.
    """

    at: float
    what: str
    side: str = ""
    seconds: float = 0.0
    more: Any = None


@dataclass(frozen=True, slots=True)
class Weather:
    """All that goes wrong.

    Attributes:
        classes: Those that are on.
        rates: Side to what its requests suffer, as `sandbox.faults.configure` takes it.
        skew: Side to seconds that its clock is ahead.
        spells: In the order of time.
        deadly: The share of writes after whose taking effect the daemon dies.
        bots: The share of edits that people make with our own account.
        silent: The share of messages that the web hook takes without a word.
        refuses: The share of messages that it answers with 400 or 500.
    """

    classes: frozenset[str]
    rates: dict[str, dict[str, Any]] = field(default_factory=dict)
    skew: dict[str, float] = field(default_factory=dict)
    spells: tuple[Spell, ...] = ()
    deadly: float = 0.0
    bots: float = 0.0
    silent: float = 0.0
    refuses: float = 0.0


def draw(
    seed: str,
    length: float,
    sides: Sequence[str],
    *,
    off: Collection[str] = (),
    only: Collection[str] | None = None,
    always: Collection[str] = (),
) -> Weather:
    """The weather of a world.

    Args:
        seed: Of the world.
        length: Seconds that the story takes.
        sides: The platforms.
        off: Classes that are off whatever the seed says.
        only: Classes that are on whatever the seed says, and no others; None: by the seed.
        always: Classes that are on whatever the seed says, beside those that it draws.
    """
    toss = Random(f"{seed}/weather")
    drawn = {name for name in CLASSES if toss.random() < 0.5}
    on = ((drawn if only is None else set(only)) | set(always)) - set(off)
    rates: dict[str, dict[str, Any]] = {side: {} for side in sides}
    skew: dict[str, float] = {}
    spells: list[Spell] = []
    deadly = bots = silent = refuses = 0.0
    for name in CLASSES:
        if name not in on:
            continue
        rng = Random(f"{seed}/weather/{name}")
        match name:
            case "skew":
                skew = {side: rng.choice((0.0, rng.uniform(-5, 5), rng.uniform(-600, 600))) for side in sides}
            case "killwrite":
                deadly = rng.choice((0.03, 0.1, 0.25))
            case "bots":
                bots = 0.25
            case "silent":
                silent = rng.choice((0.1, 0.3, 0.6))
            case "refuses":
                refuses = rng.choice((0.1, 0.3, 0.4))
            case _:
                spells += _spells(name, rng, length, sides)
                _rate(name, rng, rates)
    return Weather(
        frozenset(on), rates, skew, tuple(sorted(spells, key=lambda s: s.at)), deadly, bots, silent, refuses
    )


def _rate(name: str, rng: Random, rates: dict[str, dict[str, Any]]) -> None:
    for side in rates:
        height = rng.choice((0.0, 0.02, 0.1, 0.2))
        share, tail = rng.random(), rng.uniform(1.0, 55.0)
        match name:
            case "throttle":
                rates[side]["throttle"] = height
            case "error":
                rates[side] |= {"error_before": height * share, "error_after": height * (1 - share)}
            case "reset":
                rates[side] |= {"reset_before": height * share, "reset_after": height * (1 - share)}
            case "late":
                rates[side] |= {
                    "late": height * share / 2,
                    "late_reset": height * (1 - share) / 2,
                    "late_seconds": [0.5, tail],
                }
            case "pages":
                for kind in ("html", "hibernate", "accepted", "cancelled", "duplicate_rows"):
                    rates[side][kind] = height * rng.choice((0.0, 0.1, 0.4))
            case "slow":
                rates[side]["latency"] = [0.0, rng.choice((0.2, 2.0, 6.0))]
            case "stale" if side == "jira":
                rates[side]["stale"] = rng.uniform(1.0, 40.0)


def _spells(name: str, rng: Random, length: float, sides: Sequence[str]) -> list[Spell]:
    def moments(most: int) -> list[float]:
        return sorted(rng.uniform(0.0, length) for _ in range(rng.randint(1, most)))

    match name:
        case "outage":
            return [
                Spell(
                    at,
                    "outage",
                    rng.choice(sides),
                    rng.uniform(20.0, 400.0),
                    rng.choice(("reset", "hang", "unavailable")),
                )
                for at in moments(3)
            ]
        case "clog":
            at = rng.uniform(0.0, length * 0.7)
            down = rng.sample(sides, len(sides))
            back = rng.sample(sides, len(sides))
            starts = {side: at + n * rng.uniform(5.0, 40.0) for n, side in enumerate(down)}
            end = max(starts.values())
            ends = {side: end + (n + 1) * rng.uniform(5.0, 60.0) for n, side in enumerate(back)}
            return [Spell(starts[side], "outage", side, ends[side] - starts[side], "reset") for side in sides]
        case "jump":
            return [
                Spell(at, "jump", "", 0.0, rng.choice((-1, 1)) * rng.choice((8.0, 120.0, 3600.0)))
                for at in moments(2)
            ]
        case "kill":
            return [Spell(at, "kill", "", rng.choice((0.5, 5.0, 60.0, 240.0))) for at in moments(4)]
        case "restart":
            return [Spell(at, "restart", "", rng.choice((0.5, 30.0))) for at in moments(2)]
        case "pause":
            return [Spell(at, "pause", "", rng.choice((3.0, 40.0, 180.0, 400.0))) for at in moments(2)]
        case "restore":
            at = rng.uniform(60.0, length)
            return [Spell(at, "restore", "", 0.0, rng.choice((30.0, 120.0, 400.0)))]
        case "disk":
            return [Spell(at, "disk", "", rng.uniform(5.0, 90.0), rng.randrange(3)) for at in moments(2)]
        case _:
            return []
