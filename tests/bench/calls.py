"""HTTP calls for one changed field, and for nothing new; counted in the platforms' logs."""

from collections.abc import Iterator

from figure import RUNTIME, Figure, Scope
from world import World

SETTLED = 7.0
"""Seconds until a change has come around: also as the echo of our own writes, in every list that shows them late."""

LISTS = {
    "snow": ("/api/now/table/incident", "/api/now/table/sys_journal_field", "/api/now/attachment"),
    "jira": ("/rest/api/3/search/jql", "/rest/api/3/myself"),
    "pd": ("/log_entries", "/incidents"),
}
"""What polls ask for, and who we are, which is asked once."""


def measure(scope: Scope) -> Iterator[Figure]:
    """One change at a time, in a quiet world."""
    world = World(scope.folder, 50, poll_every=1.0)
    daemon = world.daemon(sweeping=False)
    try:
        RUNTIME.sleep(SETTLED)
        for source in ("snow", "jira"):
            yield from _changed(world, source)
        yield from _idle(world)
    finally:
        daemon.stop()
        world.close()


def _changed(world: World, source: str) -> Iterator[Figure]:
    changes = 5
    mark = world.platforms.mark()
    for number in range(changes):
        world.platforms.edit(source, [world.linked.records[source][number]], f"changed on {source}")
        RUNTIME.sleep(2.0)
    RUNTIME.sleep(SETTLED)
    log = world.platforms.log(mark)
    for name in log:
        writes = sum(1 for e in log[name] if e.write)
        reads = [e for e in log[name] if not e.write and e.path not in LISTS[name]]
        expected = 0 if name == source else changes
        yield Figure(
            f"writes to {name} for one field changed on {source}",
            "1" if expected else "0",
            f"{writes / changes:g}",
            writes == expected,
            writes / changes,
        )
        yield Figure(
            f"reads from {name} beyond the polls, for one field changed on {source}",
            "0",
            f"{len(reads) / changes:g}",
            not reads,
            len(reads) / changes,
        )


def _idle(world: World) -> Iterator[Figure]:
    """A poll is marked by the first list that it asks for; what else was asked came with it."""
    mark = world.platforms.mark()
    RUNTIME.sleep(15.0)
    for name, most in (("snow", 2), ("jira", 1), ("pd", 1)):
        entries = world.platforms.log(mark)[name]
        polls = sum(1 for e in entries if e.path == LISTS[name][0])
        share = len(entries) / polls
        yield Figure(
            f"calls to {name} for a poll that finds nothing",
            f"at most {most}",
            f"{share:.2f}",
            share <= most + 0.1,
            share,
        )
