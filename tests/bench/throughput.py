"""How many changes a second go through poll, merge, store and two writes; and a forwarder beside it, in the same run.

A round: so many records of one platform are edited at once. It begins when the first list that shows them is asked
for, and ends when the outcome of the last write is stored. The forwarder then makes the requests of that round once
more, taken from the platforms' logs, on platforms of its own: plain `requests`, as many workers, nothing stored.
"""

import base64
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import requests
import sqlalchemy as sa
from figure import CLOCK, RUNTIME, Figure, Scope
from platforms import Entry
from world import Daemon, World

from syncline.store.schema import operations

WORKERS = 4
"""For each instance, as the daemon has."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round of the daemon.

    Attributes:
        seconds: From the first poll to the last stored outcome.
        cpu: Seconds on the processor.
        calls: The requests, by instance.
    """

    seconds: float
    cpu: float
    calls: dict[str, list[Entry]]


def measure(scope: Scope) -> Iterator[Figure]:
    """Rounds of the daemon and of the forwarder by turns."""
    changes, rounds = (200, 3) if scope.quick else (600, 5)
    world = World(scope.folder / "synced", changes)
    others = World(scope.folder / "forwarded", changes)
    daemon = world.daemon(scope.profile)
    ours: list[float] = []
    theirs: list[float] = []
    try:
        world.platforms.record_bodies(True)
        for number in range(-1, rounds):  # the first one warms up
            tag = f"round {number + 1}"
            played = play(world, daemon, "snow", changes, tag)
            forwarded = _forward(others, played.calls, _same(world, others))
            cpu = played.cpu / changes * 1000
            reads = ", ".join(f"{n} {sum(not e.write for e in es)}" for n, es in played.calls.items())
            scope.say(
                f"{tag}: {changes / played.seconds:.0f} changes/s, {cpu:.1f} ms of processor each, reads: {reads}; "
                f"forwarder {changes / forwarded:.0f}/s"
            )
            if number >= 0:
                ours.append(changes / played.seconds)
                theirs.append(changes / forwarded)
            RUNTIME.sleep(1.0)
    finally:
        daemon.stop()
        world.close()
        others.close()
    rate, bare = statistics.median(ours), statistics.median(theirs)
    yield Figure(
        "changes through poll, merge, store and two writes",
        "at least 60/s",
        f"{rate:.0f}/s",
        rate >= 60,
        rate,
    )
    yield Figure(
        "a forwarder that makes the same requests and stores nothing", "", f"{bare:.0f}/s", None, bare
    )
    yield Figure("share of the forwarder's rate", "", f"{rate / bare:.0%}", None, rate / bare)


def play(world: World, daemon: Daemon, source: str, changes: int, tag: str) -> Round:
    """Edit so many records of one platform, and wait until both others have it and it is stored."""
    mark = world.platforms.mark()
    cpu = daemon.cpu()
    world.platforms.edit(source, world.linked.records[source][:changes], tag)
    edited = CLOCK.now().timestamp()
    targets = [name for name in ("snow", "jira", "pd") if name != source]
    deadline = edited + 300
    while sum(world.platforms.written(mark).values()) < len(targets) * changes:
        RUNTIME.sleep(0.2)
        if CLOCK.now().timestamp() > deadline:
            raise RuntimeError(f"{world.platforms.written(mark)} of {changes} changes arrived")
    stored = _stored(world, edited, len(targets) * changes)
    used = daemon.cpu() - cpu
    log = world.platforms.log(mark)
    began = min(e.at for e in log[source] if e.at >= edited)
    expected = [f"{tag} {number:06d}" for number in range(changes)]
    for name in targets:
        titles = world.platforms.titles(name, world.linked.records[name][:changes])
        assert titles == expected, f"{name} does not have what was written on {source}"
    return Round(stored - began, used, log)


def _stored(world: World, since: float, count: int) -> float:
    """When the outcome of the last write was stored."""
    engine = sa.create_engine(f"sqlite:///{world.folder / 'syncline.db'}", poolclass=sa.pool.NullPool)
    applied = sa.select(operations.c.finished_at).where(
        operations.c.state == "applied",
        sa.type_coerce(operations.c.finished_at, sa.BigInteger) >= int(since * 1e6),
    )
    for _ in range(600):
        with engine.connect() as connection:
            times = [row[0].timestamp() for row in connection.execute(applied)]
        if len(times) >= count:
            return max(times)
        RUNTIME.sleep(0.05)
    raise RuntimeError(f"{len(times)} of {count} outcomes were stored")


def _same(world: World, others: World) -> dict[str, str]:
    """Record ids of one world to those of the same records in the other."""
    return {
        mine: theirs
        for name, ids in world.linked.records.items()
        for mine, theirs in zip(ids, others.linked.records[name], strict=True)
    }


def _forward(world: World, calls: dict[str, list[Entry]], same: dict[str, str]) -> float:
    """Make the same requests; seconds that it took."""
    took = [e.at for entries in calls.values() for e in entries if e.write]
    queues = {name: [e for e in entries if e.at <= max(took) + 0.5] for name, entries in calls.items()}
    for entries in queues.values():
        entries.reverse()
    began = CLOCK.monotonic()
    tasks = [
        RUNTIME.spawn("forwarder", partial(_worker, name, world.platforms.urls[name], queues[name], same))
        for name in queues
        for _ in range(WORKERS)
    ]
    for task in tasks:
        task.join()
    return CLOCK.monotonic() - began


def _worker(name: str, url: str, queue: list[Entry], same: dict[str, str]) -> None:
    session = requests.Session()
    session.trust_env = False
    session.headers.update({"Accept": "application/json", "Content-Type": "application/json", **_AUTH[name]})
    while True:
        try:
            call = queue.pop()
        except IndexError:
            session.close()
            return
        path = "/".join(same.get(part, part) for part in call.path.split("/"))
        address = f"{url}{path}" + (f"?{call.query}" if call.query else "")
        response = session.request(call.method, address, data=call.body.encode() or None, timeout=30)
        if response.status_code >= 300:
            raise RuntimeError(f"{call.method} {address}: {response.status_code} {response.text[:200]}")
        if response.content:
            response.json()


_AUTH = {
    "snow": {"Authorization": "Basic " + base64.b64encode(b"syncline:sandbox").decode()},
    "jira": {"Authorization": "Basic " + base64.b64encode(b"syncline@example.com:token-syncline").decode()},
    "pd": {"Authorization": "Token token=token-syncline", "From": "syncline@example.com"},
}
