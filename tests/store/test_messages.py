"""Messages as rows: each once, with all that became of it; and how databases of the version before come to hold them."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from syncline.escalation.decision import Message
from syncline.ports import RandomIds, ThreadRuntime
from syncline.store import messages
from syncline.store.database import Database
from syncline.store.messages import State
from syncline.store.migrate import _config
from syncline.store.schema import metadata

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def ids():
    return RandomIds()


def page(**values):
    given = {
        "run_id": "r1",
        "occasion": "step 1",
        "recipient": "amina",
        "channel": "sms",
        "address": "+15555550100",
        "urgent": True,
        "title": "P1",
        "text": "Zoë 東京 \U0001f692",
        "not_before": NOON,
        "confirm_by": NOON + timedelta(minutes=1),
    }
    return Message(**{**given, **values})


def test_a_message_comes_back_as_it_was_decided(database, ids):
    def around(tx):
        (made,) = messages.insert(tx, ids, "SL-1", [page()])
        assert messages.find(tx, made.id) == made
        assert messages.of_incident(tx, "SL-1") == [made]
        assert messages.find(tx, "nope") is None
        return made

    made = database.transact(around)
    assert (made.address, made.urgent, made.title, made.text) == (
        "+15555550100",
        True,
        "P1",
        "Zoë 東京 \U0001f692",
    )
    assert (made.not_before, made.confirm_by) == (NOON, NOON + timedelta(minutes=1))
    assert (made.state, made.tried, made.repeated, made.finished_at) == (State.DUE, 0, False, None)
    assert (made.due, made.urgency) == (NOON.timestamp(), 1)


def test_a_message_is_decided_once(database, ids):
    first = database.transact(lambda tx: messages.insert(tx, ids, "SL-1", [page(), page(text="other")]))
    again = database.transact(lambda tx: messages.insert(tx, ids, "SL-1", [page(), page(occasion="step 2")]))
    assert [len(first), len(again)] == [1, 1]
    kept = database.transact(lambda tx: messages.of_incident(tx, "SL-1"))
    assert sorted(m.occasion for m in kept) == ["step 1", "step 2"]


def test_what_becomes_of_a_message_is_kept(database, ids, clock):
    def of(work):
        def run(tx):
            work(tx, messages.find(tx, made.id))
            return messages.find(tx, made.id)

        return database.transact(run)

    (made,) = database.transact(lambda tx: messages.insert(tx, ids, "SL-1", [page()]))
    clock.advance(5)
    begun = of(lambda tx, m: messages.begin(tx, m))
    assert (begun.state, begun.tried, begun.begun_at, begun.at) == (State.SENDING, 1, clock.at, clock.at)
    clock.advance(5)
    doubtful = of(lambda tx, m: messages.settle(tx, m, State.UNKNOWN, "no answer", finished=False))
    assert (doubtful.state, doubtful.error, doubtful.finished_at) == (State.UNKNOWN, "no answer", None)
    clock.advance(5)
    again = of(lambda tx, m: messages.begin(tx, m, repeat=True))
    assert (again.tried, again.repeated, again.begun_at) == (2, True, clock.at)
    first = again.begun_at
    clock.advance(5)
    assert of(lambda tx, m: messages.begin(tx, m, repeat=True)).begun_at == first
    rested = of(lambda tx, m: messages.settle(tx, m, State.UNKNOWN, "rests", finished=False, counts=False))
    assert rested.tried == 2
    done = of(lambda tx, m: messages.settle(tx, m, State.SENT, finished=True))
    assert (done.state, done.error, done.finished_at, done.at) == (State.SENT, None, clock.at, clock.at)


def test_only_pages_are_what_the_evaluator_is_told_of(database, ids):
    def around(tx):
        messages.insert(tx, ids, "SL-1", [page(), page(occasion="told", urgent=False)])
        messages.insert(tx, ids, "SL-2", [page(run_id="r2")])
        return messages.states(tx, ["SL-1", "SL-2", "SL-3"]), messages.states(tx, ["SL-2"])

    both, one = database.transact(around)
    assert {key: [s.run_id for s in found] for key, found in both.items()} == {"SL-1": ["r1"], "SL-2": ["r2"]}
    (state,) = one["SL-2"]
    assert (state.occasion, state.recipient, state.channel, state.state) == ("step 1", "amina", "sms", "due")
    assert state.at == state.created_at


# ---- databases of the version before ------------------------------------------------------------------


def to_revision(database, revision):
    def work(tx):
        config = _config()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, revision)

    database.transact(work)


@pytest.fixture
def old(empty, clock):
    """A database of revision 0001 that holds something in every table that is changed."""
    database = Database(empty, clock, ThreadRuntime())
    to_revision(database, "0001")

    def fill(tx):
        tx.execute(
            sa.text(
                "insert into messages (id, incident_id, run_id, occasion, recipient, channel, content, state, created_at,"
                " finished_at) values ('m1', 'SL-1', 'r1', 's', 'amina', 'sms', '{\"text\": \"x\"}', 'sent', 5000000, 7000000),"
                " ('m2', 'SL-1', null, 's', 'amina', 'sms', '{}', 'due', 5000000, null)"
            )
        )
        tx.execute(sa.text("insert into meta (name, value) values ('identity', 'abc'), ('generation', '3')"))

    database.transact(fill)
    yield database
    database.close()


def held(tx):
    found = {m.id: m for m in messages.of_incident(tx, "SL-1")}
    assert set(found) == {"m1", "m2"}
    assert (found["m1"].text, found["m1"].state, found["m1"].at) == (
        "x",
        State.SENT,
        datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC),
    )
    assert (found["m2"].state, found["m2"].at) == (State.DUE, datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC))
    for one in found.values():
        assert (one.address, one.urgent, one.tried, one.repeated, one.begun_at) == ("", False, 0, False, None)
    assert tx.execute(sa.text("select value from meta where name = 'identity'")).scalar() == "abc"


def as_expected(database):
    def differences(tx):
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True})
        return compare_metadata(context, metadata)

    assert database.transact(differences) == []


def test_a_database_of_the_version_before_keeps_what_it_holds(old, opening, empty):
    database = opening(empty)
    database.transact(held)
    as_expected(database)


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


@pytest.mark.parametrize("statements", [0, 4, 9, 1000])
def test_an_upgrade_that_is_killed_is_as_if_it_had_not_begun(old, empty, opening, statements):
    old.close()
    died = subprocess.run(
        [sys.executable, "-c", _DIES, empty, str(statements)], check=False, timeout=60, env=os.environ
    )
    assert died.returncode == -signal.SIGKILL
    engine = sa.create_engine(empty, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "0001"
    assert "address" not in {column["name"] for column in sa.inspect(engine).get_columns("messages")}
    database = opening(empty)
    database.transact(held)
    as_expected(database)
