"""That what agrees is left alone: a second sync writes nothing, and no value drifts on its way there and back."""

from collections.abc import Iterator

import sqlalchemy as sa
from figure import Figure, Scope
from world import World, application

from syncline import ledger
from syncline.assembly import Ports
from syncline.configuration.defaults import default_mapping
from syncline.connector import Native
from syncline.ledger import Kind
from syncline.mapping import Mapping, load_mapping
from syncline.mapping.choices import ChoiceCodec, MatrixCodec
from syncline.model import Incident
from syncline.store.schema import links, polls
from syncline.workers import Workers

TRIPS = 1_000


def measure(scope: Scope) -> Iterator[Figure]:
    """An unchanged world is looked at in every way there is; each value of each map goes to and fro."""
    yield _second_sync(scope, 50 if scope.quick else 300)
    yield _round_trips()


def _second_sync(scope: Scope, count: int) -> Figure:
    """All records are polled from the very beginning, swept and reconciled again."""
    world = World(scope.folder, count)
    app = application(scope.folder, Ports())
    try:
        app.sync_once(lambda _text: None)
        mark = world.platforms.mark()
        station = app.station
        for name, endpoint in station.endpoints.items():
            cursor = dict(endpoint.connector.start(endpoint.http.platform_now().replace(year=2020)))
            app.database.transact(
                lambda tx, name=name, cursor=cursor: tx.execute(
                    sa.update(polls).where(polls.c.instance == name).values(cursor=cursor)
                )
            )
            workers = Workers(station, station.runtime.signal())
            while True:
                app.database.transact(lambda tx, name=name: station.ledger.mark(tx, ledger.sweep(name)))
                (lease,) = app.database.transact(
                    lambda tx, name=name: station.ledger.claim(tx, (Kind.SWEEP,), name)
                )
                workers.sweep(endpoint, lease)
                if app.database.transact(lambda tx, name=name: _round_ended(tx, name)):
                    break
        ids = [*world.linked.incidents]
        app.database.transact(lambda tx: station.ledger.mark_all(tx, [ledger.incident(i) for i in ids]))
        done = app.sync_once(lambda _text: None)
        read = app.database.transact(
            lambda tx: tx.execute(sa.select(sa.func.count()).select_from(links)).scalar_one()
        )
        writes = sum(world.platforms.written(mark).values())
    finally:
        app.close()
        world.close()
    assert done.reconciled >= count
    assert not done.faults, done.faults
    return Figure(
        f"writes by a second sync of {read} unchanged records", "0", str(writes), writes == 0, writes
    )


def _round_ended(tx: object, name: str) -> bool:
    return not tx.execute(sa.select(polls.c.sweep_position).where(polls.c.instance == name)).scalar_one()  # type: ignore[attr-defined]


def _round_trips() -> Figure:
    trips = drifted = 0
    for platform in ("servicenow", "jira", "pagerduty"):
        path = default_mapping(platform)
        assert path is not None
        mapping = load_mapping(path.read_text(), str(path), platform)
        for name, codec in mapping.codecs.items():
            for natives in _natives(codec):
                for _ in range(TRIPS):
                    after = _to_and_fro(mapping, name, natives)
                    trips += 1
                    drifted += after != natives
    return Figure(
        f"values that drift in {TRIPS:,} round trips of every value of every map ({trips:,} trips)",
        "0", str(drifted), drifted == 0, drifted,
    )  # fmt: skip


def _natives(codec: object) -> Iterator[dict[str, Native]]:
    """Every native value that a map knows, field by field."""
    if isinstance(codec, ChoiceCodec):
        for native in dict.fromkeys([*codec.read_as, *(n for some in codec.written.values() for n in some)]):
            yield {codec.native: native}
    elif isinstance(codec, MatrixCodec):
        for row in codec.rows:
            for column in codec.columns:
                yield dict(zip(codec.natives, (row, column), strict=True))


def _to_and_fro(mapping: Mapping, name: str, natives: dict[str, Native]) -> dict[str, Native]:
    """A record is read, and what was read is written back to it."""
    directory = mapping.directory()
    reading = mapping.read(natives, directory)
    values = {n: v for n, v in reading.values.items() if n == name}
    incident = Incident("SL-0", values)
    writing = mapping.write(values, incident, natives, directory)
    return {**natives, **{n: v for n, v in writing.values.items() if n in natives}}
