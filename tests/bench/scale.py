"""Whether a change costs the same among many linked incidents, and how much memory that takes."""

import statistics
from collections.abc import Iterator

from figure import RUNTIME, Figure, Scope
from throughput import play
from world import World

FEW = 1_000
LIMIT_MB = 200
SPREAD = 0.15


def measure(scope: Scope) -> Iterator[Figure]:
    """Two worlds side by side, a small one and a large one; rounds by turns, so that both meet the same machine."""
    many = 10_000 if scope.quick else 100_000
    changes, rounds = (200, 3) if scope.quick else (400, 5)
    worlds = {}
    for count in (FEW, many):
        scope.say(f"filling a world with {count:,} linked incidents ...")
        # All incidents are open in this world, and of a thousand as of a hundred thousand the list of open ones would be
        # read each minute. It has its share of a rate budget that here is unlimited; so it is left out.
        worlds[count] = World(scope.folder / str(count), count, reread_open_every=0)
    daemons = {count: world.daemon() for count, world in worlds.items()}
    cpu: dict[int, list[float]] = {FEW: [], many: []}
    seconds: dict[int, list[float]] = {FEW: [], many: []}
    try:
        for number in range(-1, rounds):
            for count in (FEW, many) if number % 2 else (many, FEW):
                played = play(worlds[count], daemons[count], "snow", changes, f"round {number + 1}")
                if number >= 0:
                    cpu[count].append(played.cpu / changes * 1000)
                    seconds[count].append(played.seconds / changes * 1000)
                RUNTIME.sleep(6.0)  # what lists show twice is not shown in the other one's round
            scope.say(f"round {number + 1} of {rounds}")
        now, most = daemons[many].memory()
    finally:
        for daemon in daemons.values():
            daemon.stop()
        for world in worlds.values():
            world.close()
    small, large = statistics.median(cpu[FEW]), statistics.median(cpu[many])
    growth = large / small - 1
    yield Figure(
        f"processor time for one change among {many:,} linked incidents, against {FEW:,}",
        f"at most {SPREAD:.0%} more",
        f"{growth:+.0%} ({small:.1f} -> {large:.1f} ms)",
        growth <= SPREAD,
        growth,
    )
    small, large = statistics.median(seconds[FEW]), statistics.median(seconds[many])
    growth = large / small - 1
    yield Figure(
        f"time for one change among {many:,} linked incidents, against {FEW:,}",
        f"at most {SPREAD:.0%} more",
        f"{growth:+.0%} ({small:.1f} -> {large:.1f} ms)",
        growth <= SPREAD,
        growth,
    )
    yield Figure(
        f"resident memory with {many:,} linked incidents, at most",
        f"under {LIMIT_MB} MB",
        f"{most:.0f} MB (now {now:.0f} MB)",
        most < LIMIT_MB,
        most,
    )
