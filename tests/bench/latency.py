"""How long a change takes once a poll has found it, with platforms that are 100 ms away.

Timed in the platforms' own logs: from the arrival of the request whose reply first shows the change, to the end of the
reply to the last of both writes (its arrival and the 100 ms that each reply waits). The least possible is one read
and one write: 200 ms. One change at a time; the next one is made when all is quiet again.
"""

from collections.abc import Iterator

from figure import CLOCK, RUNTIME, Figure, Scope, median, percentile
from platforms import Entry
from world import World

AWAY = 0.1
FACTOR = 1.2
LISTS = {"snow": "/api/now/table/incident", "jira": "/rest/api/3/search/jql"}
INDEX_LAG = 2.0
"""Seconds after which the search of Jira Cloud shows a write."""


def measure(scope: Scope) -> Iterator[Figure]:
    """Changes on ServiceNow and on Jira in turn."""
    count = 24 if scope.quick else 100
    world = World(scope.folder, count + 10, poll_every=0.7)
    world.platforms.latency(AWAY)
    daemon = world.daemon(sweeping=False)  # a sweep might find it first
    taken: dict[str, list[float]] = {"snow": [], "jira": []}
    try:
        for number in range(-4, count):  # the first ones open connections
            source = ("snow", "jira")[number % 2]
            seconds = _once(world, source, number)
            if number >= 0:
                taken[source].append(seconds)
    finally:
        daemon.stop()
        world.close()
    limit = FACTOR * 2 * AWAY * 1000
    for source, seconds_each in taken.items():
        p95, p50 = percentile(seconds_each, 0.95) * 1000, median(seconds_each) * 1000
        yield Figure(
            f"a change found by a poll of {source} is on both others, p95 of {len(seconds_each)}, each 100 ms away",
            f"at most {limit:.0f} ms",
            f"{p95:.0f} ms (p50 {p50:.0f} ms)",
            p95 <= limit,
            p95,
        )


def _once(world: World, source: str, number: int) -> float:
    """Seconds from the poll that shows the change to the end of the last write."""
    mark = world.platforms.mark()
    record = world.linked.records[source][number]
    visible = CLOCK.now().timestamp() + (INDEX_LAG if source == "jira" else 0.0)
    world.platforms.edit(source, [record], f"latency {number}")
    for _ in range(200):
        RUNTIME.sleep(0.05)
        log = world.platforms.log(mark)
        writes = [e for name, entries in log.items() for e in entries if e.write and name != source]
        if len(writes) >= 2:
            break
    else:
        raise RuntimeError(f"the change of {record} on {source} did not arrive")
    RUNTIME.sleep(0.4)  # its outcome is stored, and the queue is empty
    last = max(e.at for e in writes)
    shown = min(e.at for e in log[source] if _shows(e, source) and e.at >= visible)
    return last + AWAY - shown


def _shows(entry: Entry, source: str) -> bool:
    return entry.path == LISTS[source] and entry.status == 200
