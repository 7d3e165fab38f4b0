"""The tables: what the migrations leave is what the code expects, and what is stored comes back as it was."""

import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncline.connector import Party, PartyKind, Record
from syncline.errors import Configuration
from syncline.merge import Origin
from syncline.model import Incident, Remark, Visibility
from syncline.ports import RandomIds, ThreadRuntime
from syncline.store import incidents, instances, items, operations, published, timeline
from syncline.store.database import Database
from syncline.store.meta import identity, next_generation
from syncline.store.migrate import upgrade
from syncline.store.operations import State
from syncline.store.schema import Instant, metadata, work

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
TEXTS = [
    "",
    "plain",
    "Zoë 東京 🚒 \U0001f469‍\U0001f692",
    "tab\tnew\nline\r\n",
    "quote ' \" \\ %s :x ; --",
    "x" * 100_000,
]


# ---- migrations ---------------------------------------------------------------------------------


def test_the_migrations_leave_what_the_code_expects(database):
    def differences(tx):
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True})
        return compare_metadata(context, metadata)

    assert database.transact(differences) == []


def test_the_migrations_leave_the_same_as_the_tables_made_outright(database, url, clock):
    """Indexes, constraints and nullability too, which a comparison may pass over."""
    sketch = sa.create_engine("sqlite://")
    metadata.create_all(sketch)

    def shape(engine):
        inspector = sa.inspect(engine)
        return {
            name: (
                {(c["name"], c["nullable"]) for c in inspector.get_columns(name)},
                {(i["name"], tuple(i["column_names"]), bool(i["unique"])) for i in _indexes(inspector, name)},
                tuple(inspector.get_pk_constraint(name)["constrained_columns"]),
                {tuple(u["column_names"]) for u in inspector.get_unique_constraints(name)},
            )
            for name in inspector.get_table_names()
            if name != "alembic_version"
        }

    assert shape(database.engine) == shape(sketch)
    sketch.dispose()


def _indexes(inspector, table):
    """Without those that PostgreSQL lists for its unique constraints."""
    return [i for i in inspector.get_indexes(table) if not i.get("duplicates_constraint")]


def test_bringing_it_up_to_date_again_changes_nothing(database, opening, url):
    first = database.transact(identity)
    assert opening(url).transact(identity) == first
    assert first[1] == 1


def test_every_store_has_a_name_of_its_own_and_counts_its_starts(database, tmp_path, clock):
    other = Database(f"sqlite:///{tmp_path}/other.db", clock, ThreadRuntime())
    upgrade(other, RandomIds())
    name, _ = database.transact(identity)
    assert name != other.transact(identity)[0]
    assert [database.transact(next_generation) for _ in range(3)] == [2, 3, 4]
    assert database.transact(identity) == (name, 4)
    other.close()


def test_a_database_of_a_newer_version_is_refused_with_what_to_do(database, opening, url):
    database.transact(lambda tx: tx.execute(sa.text("update alembic_version set version_num = '9999'")))
    with pytest.raises(Configuration) as caught:
        opening(url)
    said = str(caught.value)
    assert "made by a newer Syncline" in said
    assert "9999" in said
    assert "install that version again, or restore the backup" in said
    version = database.transact(
        lambda tx: tx.execute(sa.text("select version_num from alembic_version")).scalar()
    )
    assert version == "9999"


def test_commands_that_start_at_the_same_time_make_one_database(empty, clock, side_by_side):
    databases = [Database(empty, clock, ThreadRuntime()) for _ in range(4)]
    side_by_side(*(partial(upgrade, database, RandomIds()) for database in databases))
    assert len({d.transact(identity) for d in databases}) == 1
    for database in databases:
        database.close()


_DIES = """
import os, signal, sys
import sqlalchemy as sa
from syncline.ports import RandomIds, SystemClock, ThreadRuntime
from syncline.store.database import Database
from syncline.store.migrate import upgrade
database = Database(sys.argv[1], SystemClock(), ThreadRuntime())
left = int(sys.argv[2])
@sa.event.listens_for(database.engine, "before_cursor_execute")
def die(connection, cursor, statement, parameters, context, executemany):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
@sa.event.listens_for(database.engine, "commit")
def die_at_last(connection):
    os.kill(os.getpid(), signal.SIGKILL)
upgrade(database, RandomIds())
"""


@pytest.mark.parametrize("statements", [0, 1, 8, 21, 1000])
def test_a_migration_that_is_killed_is_as_if_it_had_not_begun(empty, opening, statements):
    died = subprocess.run([sys.executable, "-c", _DIES, empty, str(statements)], check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    engine = sa.create_engine(empty, poolclass=sa.NullPool)
    assert sa.inspect(engine).get_table_names() == []
    database = opening(empty)
    assert database.transact(identity)[1] == 1
    test_the_migrations_leave_what_the_code_expects(database)


# ---- what is stored comes back ------------------------------------------------------------------

instants = st.datetimes(timezones=st.just(UTC))


@given(instants)
def test_an_instant_is_kept_to_the_microsecond(moment):
    kept = Instant().process_bind_param(moment, None)
    assert isinstance(kept, int)
    assert Instant().process_result_value(kept, None) == moment


def test_an_instant_of_another_zone_is_the_same_instant():
    moment = datetime(2026, 11, 23, 12, tzinfo=UTC)
    there = moment.astimezone(datetime.strptime("+0530", "%z").tzinfo)
    assert Instant().process_bind_param(there, None) == Instant().process_bind_param(moment, None)


@pytest.mark.parametrize("moment", [datetime.min.replace(tzinfo=UTC), NOON, datetime.max.replace(tzinfo=UTC)])
def test_instants_come_back_from_either_database(database, moment):
    def around(tx):
        instances.begin(tx, "snow", {}, moment)
        found = instances.progress(tx, "snow")
        instances.update(tx, "snow", started_at=NOON)
        return found.started_at

    assert database.transact(around) == moment


natives = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.lists(st.text()).map(tuple)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(values=st.dictionaries(st.text(min_size=1), natives, max_size=6), number=st.integers(0, 10**12))
def test_native_values_come_back_as_they_were(database, values, number):
    """Lists as tuples, NUL and halves of surrogate pairs within values, whole numbers of any size."""
    record = Record(**_record(f"r{number}", values))

    class RolledBack(Exception):
        pass

    def around(tx):
        incident = Incident("SL-1", {"title": "t"})
        incidents.insert(tx, incident, Origin("snow", "amina", NOON))
        incidents.link(tx, "SL-1", "snow", record, {}, origin=True)
        (link,) = incidents.links_of(tx, ["SL-1"])["SL-1"]
        assert dict(link.seen) == dict(link.shadow) == values
        assert [type(v) for v in link.seen.values()] == [type(v) for v in values.values()]
        logged = operations.insert(tx, "SL-1", "snow", "update", "m", NOON, payload=values, base=values)
        assert [o.payload for o in operations.recent(tx, "SL-1", "snow", timedelta(hours=1))] == [
            logged.payload
        ]
        raise RolledBack

    with pytest.raises(RolledBack):
        database.transact(around)


def _record(record_id, values, **other):
    return {
        "id": record_id,
        "key": "INC1",
        "url": "https://example.com/1",
        "values": values,
        "revision": 2**63 - 1,
        "created_at": NOON,
        "updated_at": NOON,
        "updated_by": "amina",
        "own": False,
        **other,
    }


@pytest.mark.parametrize("text", TEXTS)
def test_texts_come_back_as_they_were(database, text):
    def around(tx):
        incidents.insert(tx, Incident("SL-1", {"title": text}), Origin("snow", text, NOON))
        item = items.insert_remark(
            tx, "t1", "SL-1", "snow", Remark(text or "id", "r1", text, text, Visibility.INTERNAL, NOON)
        )
        timeline.append(tx, "SL-1", timeline.Event("changed", text, actor=text, data={"x": text}))
        published.publish(tx, "mapping:snow", text, text)
        instances.remember_parties(tx, "snow", [Party(PartyKind.PERSON, text or "id", text, text)])
        kept = incidents.find(tx, "SL-1")
        (event,) = timeline.of(tx, "SL-1")
        return [
            kept.incident["title"],
            kept.origins["title"].actor,
            items.find(tx, item.id).content["body"],
            event.text,
            event.data["x"],
            published.current(tx, "mapping:snow").text,
            instances.load_parties(tx, "snow")[0].name,
        ]

    assert set(database.transact(around)) == {text}


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d of a pair", "\0", "\udfff"])
def test_what_no_database_can_hold_in_text_is_replaced_and_not_refused(database, text):
    """A platform's words must never keep a page from being stored. Inside of JSON they come back as they were."""

    def around(tx):
        timeline.append(tx, None, timeline.Event("changed", text, actor=text, data={"x": text}))
        instances.remember_parties(tx, "snow", [Party(PartyKind.PERSON, text, text, None)])
        instances.remember_parties(tx, "snow", [Party(PartyKind.PERSON, text, text, None)])
        return timeline.of(tx, None)[0], instances.load_parties(tx, "snow")

    event, (party,) = database.transact(around)
    held = "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)
    assert (event.text, event.actor, party.id, party.name) == (held, held, held, held)
    assert event.data == {"x": text}


def test_the_outcome_of_a_write_is_kept(database):
    def around(tx):
        logged = operations.insert(
            tx,
            "SL-1",
            "snow",
            "update",
            "m",
            NOON,
            payload={"a": "1", "tags": ("x", "y")},
            base={"a": None},
            base_at=NOON,
            fields={"title": "1", "tags": ("x", "y")},
            item_id="t1",
        )
        (found,) = operations.unsettled(tx, ["SL-1"])["SL-1", "snow"]
        assert found == logged
        later = NOON + timedelta(minutes=9)
        operations.doubt(tx, logged.id, "timeout", later)
        (found,) = operations.unsettled(tx, ["SL-1"])["SL-1", "snow"]
        assert found == replace(logged, state=State.UNKNOWN, error="timeout", settle_after=later)
        operations.finish(tx, logged.id, State.APPLIED)
        assert operations.unsettled(tx, ["SL-1"]) == {}
        assert [o.id for o in operations.unaudited(tx, ["SL-1"])["SL-1", "snow"]] == [logged.id]
        operations.audited(tx, [logged.id])
        assert operations.unaudited(tx, ["SL-1"]) == {}

    database.transact(around)


def test_numbers_of_rows_grow_and_are_never_given_twice(database):
    def add(tx):
        timeline.append(tx, None, timeline.Event("x", "x"))
        return timeline.last_id(tx)

    first = [database.transact(add) for _ in range(3)]
    assert first == sorted(set(first))
    logged = [
        database.transact(lambda tx: operations.insert(tx, "SL-1", "snow", "create", "m", NOON)).id
        for _ in range(3)
    ]
    assert logged == sorted(set(logged))


@pytest.mark.parametrize("kind", ["sqlite"])  # PostgreSQL plans by statistics; its index is the same
def test_the_queries_of_the_ledger_use_its_index(database):
    """A scan of all rows would cost 30 to 150 ms at 100,000 due."""

    def plan(tx):
        query = (
            sa.select(work)
            .where(work.c.kind.in_(["incident"]), work.c.lane == "", work.c.urgency == 1, work.c.due <= 1.0)
            .order_by(work.c.due)
            .limit(1)
        )
        text = str(query.compile(database.engine, compile_kwargs={"literal_binds": True}))
        return " ".join(row[3] for row in tx.execute(sa.text(f"EXPLAIN QUERY PLAN {text}")))

    said = database.transact(plan)
    assert "USING INDEX ix_work_kind_lane_urgency_due" in said
    assert "TEMP B-TREE" not in said
