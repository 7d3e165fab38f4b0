"""Transactions: all or nothing, one after the other, and several in one commit."""

import random
from contextlib import suppress
from functools import partial

import pytest
import sqlalchemy as sa

from syncline.errors import Configuration, RetryLater
from syncline.ports import RandomIds, ThreadRuntime
from syncline.store.database import Database
from syncline.store.migrate import upgrade
from syncline.store.schema import meta


def put(tx, name, value="x"):
    tx.execute(sa.insert(meta).values(name=name, value=value))


def names(database):
    rows = database.transact(lambda tx: tx.execute(sa.select(meta.c.name)).scalars().all())
    return {name for name in rows if name not in {"identity", "generation"}}


def together(database, *works):
    """Run those works in one batch: the first holds the turn until all others wait. Their outcomes, in order."""
    runtime = ThreadRuntime()
    entered, go = runtime.signal(), runtime.signal()
    outcomes = [None] * len(works)

    def first(tx):
        entered.set()
        assert go.wait(20)

    def run(at, work):
        try:
            outcomes[at] = database.transact(work)
        except Exception as error:  # noqa: BLE001  it is the outcome
            outcomes[at] = error

    tasks = [runtime.spawn("first", partial(database.transact, first))]
    assert entered.wait(20)
    for at, work in enumerate(works):
        tasks.append(runtime.spawn(f"no. {at}", partial(run, at, work)))
        while len(database._waiting) <= at:
            tasks[-1].join(0.001)
    go.set()
    for task in tasks:
        task.join(30)
        assert not task.is_alive()
    return outcomes


def test_what_returns_is_stored_and_what_raises_never_happened(database):
    assert database.transact(lambda tx: put(tx, "a") or 7) == 7

    def fails(tx):
        put(tx, "b")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.transact(fails)
    assert names(database) == {"a"}


def test_a_fault_of_our_own_is_handed_back_as_it_is(database):
    database.transact(lambda tx: put(tx, "a"))
    with pytest.raises(sa.exc.IntegrityError):
        database.transact(lambda tx: put(tx, "a"))
    with pytest.raises(sa.exc.SQLAlchemyError):
        database.transact(lambda tx: tx.execute(sa.text("select nothing from nowhere")))
    assert names(database) == {"a"}


def test_values_do_not_get_into_the_words_of_an_error(database):
    database.transact(lambda tx: put(tx, "a", "the patient's name"))
    with pytest.raises(sa.exc.IntegrityError) as caught:
        database.transact(lambda tx: put(tx, "a", "the patient's name"))
    assert "patient" not in str(caught.value)


def test_a_transaction_inside_another_one_is_refused_and_never_carried_out(database):
    def outer(tx):
        with pytest.raises(AssertionError, match="inside another"):
            database.transact(lambda tx: put(tx, "inner"))
        put(tx, "outer")

    database.transact(outer)
    database.transact(lambda tx: None)
    assert names(database) == {"outer"}


def test_callbacks_come_after_the_commit_and_may_use_the_database(database):
    seen = []

    def work(tx):
        put(tx, "a")
        tx.after_commit(lambda: seen.append(names(database)))
        assert seen == []

    database.transact(work)
    assert seen == [{"a"}]


def test_what_is_rolled_back_calls_nobody(database):
    seen = []

    def work(tx):
        tx.after_commit(lambda: seen.append(1))
        raise ValueError

    with pytest.raises(ValueError):
        database.transact(work)
    database.transact(lambda tx: None)
    assert seen == []


def test_nobody_sees_it_before_its_commit(database, opening, url):
    other = sa.create_engine(url, poolclass=sa.NullPool)

    def count():
        with other.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).where(meta.c.name == "a")).scalar()

    seen = []

    def work(tx):
        put(tx, "a")
        seen.append(count())

    database.transact(work)
    assert (seen, count()) == ([0], 1)


def test_those_that_come_at_the_same_time_share_one_commit(database):
    before = database.commits
    outcomes = together(database, *[lambda tx, n=n: put(tx, f"n{n}") or n for n in range(6)])
    assert outcomes == list(range(6))
    assert names(database) == {f"n{n}" for n in range(6)}
    assert database.commits == before + 2 + 1  # who held the turn, the batch, and `names`


def test_one_that_fails_takes_no_other_along(database):
    called = []

    def fails(tx):
        put(tx, "lost")
        tx.after_commit(lambda: called.append("lost"))
        raise ValueError("mine")

    def clashes(tx):
        put(tx, "also lost")
        put(tx, "a")

    def good(tx, name):
        tx.after_commit(lambda: called.append(name))
        put(tx, name)

    outcomes = together(database, lambda tx: good(tx, "a"), fails, clashes, lambda tx: good(tx, "b"), fails)
    assert [type(o) for o in outcomes] == [
        type(None),
        ValueError,
        sa.exc.IntegrityError,
        type(None),
        ValueError,
    ]
    assert names(database) == {"a", "b"}
    assert called == ["a", "b"]


def test_each_of_a_batch_sees_what_those_before_it_stored(database):
    def read(tx):
        return tx.execute(sa.select(sa.func.count()).where(meta.c.name == "a")).scalar()

    assert together(database, lambda tx: put(tx, "a"), read, read) == [None, 1, 1]


def test_an_error_of_the_commit_reaches_everybody_and_calls_nobody(database):
    called = []
    armed = ThreadRuntime().signal()

    def work(tx, name):
        armed.set()
        tx.after_commit(lambda: called.append(name))
        put(tx, name)

    @sa.event.listens_for(database.engine, "commit")
    def refuse(connection):
        if armed.is_set():
            armed.clear()
            raise sa.exc.OperationalError(
                "COMMIT", None, Exception("server closed the connection unexpectedly")
            )

    def fails(tx):
        raise ValueError("mine")

    outcomes = together(database, lambda tx: work(tx, "a"), lambda tx: work(tx, "b"), fails)
    assert all(isinstance(o, RetryLater) for o in outcomes[:2])
    assert isinstance(outcomes[2], ValueError)
    assert called == []
    assert names(database) == set()
    database.transact(lambda tx: put(tx, "goes on"))
    assert names(database) == {"goes on"}


def test_a_lost_connection_is_made_anew(database):
    def lose(tx):
        put(tx, "a")
        tx.connection.connection.driver_connection.close()
        put(tx, "b")

    with pytest.raises((RetryLater, sa.exc.ProgrammingError)):
        database.transact(lose)
    with suppress(RetryLater, sa.exc.SQLAlchemyError):
        database.transact(lambda tx: None)
    database.transact(lambda tx: put(tx, "c"))
    assert names(database) == {"c"}


def test_transactions_take_turns_so_that_no_update_is_lost(database, opening, url, side_by_side):
    """Two processes and several threads read and write the same row."""
    database.transact(lambda tx: put(tx, "n", "0"))
    other = opening(url)

    def increment(tx):
        value = int(tx.execute(sa.select(meta.c.value).where(meta.c.name == "n")).scalar())
        tx.execute(sa.update(meta).where(meta.c.name == "n").values(value=str(value + 1)))

    def run(which):
        for _ in range(25):
            which.transact(increment)

    side_by_side(*(partial(run, which) for which in (database, other) for _ in range(4)))
    value = database.transact(
        lambda tx: tx.execute(sa.select(meta.c.value).where(meta.c.name == "n")).scalar()
    )
    assert value == "200"


def test_many_threads_with_faults_store_exactly_what_was_acknowledged(database, side_by_side):
    acknowledged = set()

    def run(seed):
        rng = random.Random(seed)
        for n in range(40):
            name, fate = f"{seed}-{n}", rng.random()

            def work(tx, name=name, fate=fate):
                put(tx, name)
                if fate < 0.2:
                    raise ValueError
                if fate < 0.4:
                    put(tx, name)

            with suppress(ValueError, sa.exc.IntegrityError):
                database.transact(work)
                acknowledged.add(name)

    side_by_side(*(partial(run, seed) for seed in range(6)))
    assert names(database) == acknowledged
    assert 60 < len(acknowledged) < 240


def test_a_database_that_cannot_be_reached_says_so(clock):
    database = Database("postgresql+psycopg://nobody:hunter2@127.0.0.1:1/syncline", clock, ThreadRuntime())
    with pytest.raises(RetryLater, match="does not answer") as caught:
        database.transact(lambda tx: None)
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1:1/syncline" in str(caught.value)
    database.close()


def test_a_database_that_does_not_exist_is_for_a_person_to_mend(postgres, clock):
    database = Database(
        postgres.set(database="nowhere").render_as_string(hide_password=False), clock, ThreadRuntime()
    )
    with pytest.raises(Configuration, match=r"nowhere.*turns us away.*mend user, password or database name"):
        database.transact(lambda tx: None)
    database.close()


def test_a_missing_driver_is_for_a_person_to_mend(clock):
    with pytest.raises(Configuration, match=r"driver that is not installed.*postgresql\+psycopg"):
        Database("postgresql+pg8000://127.0.0.1/syncline", clock, ThreadRuntime())


def test_a_database_in_memory_serves_several_threads(clock, side_by_side):
    database = Database("sqlite://", clock, ThreadRuntime())
    upgrade(database, RandomIds())
    side_by_side(*(partial(database.transact, partial(put, name=str(n))) for n in range(5)))
    assert names(database) == set("01234")
    database.close()
