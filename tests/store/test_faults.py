"""What goes wrong with a database: said in words that help, nothing acknowledged lost, and on it goes."""

import os
import shutil
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from syncline import ledger as keys
from syncline.daemon import OnlyDaemon
from syncline.errors import Configuration, RetryLater
from syncline.ledger import Kind
from syncline.merge import Origin
from syncline.model import Incident
from syncline.ports import RandomIds, SystemClock, ThreadRuntime
from syncline.store import incidents, operations, timeline
from syncline.store.database import Database
from syncline.store.faults import storage_error
from syncline.store.migrate import upgrade
from syncline.store.operations import State

sqlite_only = pytest.mark.parametrize("kind", ["sqlite"])
postgres_only = pytest.mark.parametrize("kind", ["postgresql"])


def fill_up(database, pages=0):
    """Let the file grow by that many pages and no further."""

    def limit(tx):
        size = tx.execute(sa.text("PRAGMA page_count")).scalar()
        tx.execute(sa.text(f"PRAGMA max_page_count = {size + pages}"))

    database.transact(limit)


def make_room(database):
    database.transact(lambda tx: tx.execute(sa.text("PRAGMA max_page_count = 1073741823")))


# ---- disk full ----------------------------------------------------------------------------------


def scenario(database, ledger, clock):
    """A piece of Syncline's life, one transaction after the other; what each of them left, to be looked at."""
    long = "x" * 12_000

    def begin(tx):
        incident = Incident("SL-1", {"title": long})
        incidents.insert(tx, incident, Origin("snow", "amina", clock.now()))
        ledger.mark(tx, keys.incident("SL-1"))
        timeline.append(tx, "SL-1", timeline.Event("began", long))

    def intend(tx):
        operations.insert(tx, "SL-1", "jira", "create", "SL-1", clock.now(), payload={"summary": long})

    def apply(tx):
        (logged,) = operations.unsettled(tx, ["SL-1"])["SL-1", "jira"]
        operations.finish(tx, logged.id, State.APPLIED)
        timeline.append(tx, "SL-1", timeline.Event("linked", long))

    def change(tx):
        kept = incidents.find(tx, "SL-1")
        incidents.save(tx, Incident("SL-1", {"title": long * 5}), kept.origins)
        ledger.mark(tx, keys.delivery("SL-1", "jira"))

    def claim(tx):
        (lease,) = ledger.claim(tx, (Kind.INCIDENT,))
        lease.done(tx)
        timeline.append(tx, "SL-1", timeline.Event("done", long))

    return [begin, intend, apply, change, claim]


def contents(database):
    """All rows of all tables."""

    def read(tx):
        return {
            table: [tuple(row) for row in tx.execute(sa.text(f'SELECT * FROM "{table}"'))]
            for table in ("incidents", "operations", "events", "work", "links", "meta")
        }

    return database.transact(read)


@sqlite_only
@pytest.mark.parametrize("pages", range(25))
def test_a_full_disk_loses_nothing_that_was_acknowledged(database, ledger, clock, pages, opening, url):
    """The disk is full after each number of pages: what raised never happened, what returned stands, room heals it."""
    fill_up(database, pages)
    refused = 0
    for step in scenario(database, ledger, clock):
        before = contents(database)
        try:
            database.transact(step)
        except RetryLater as error:
            refused += 1
            said = str(error)
            assert database.url.database in said
            assert "the disk is full or failing (database or disk is full)" in said
            assert "free space and it goes on by itself" in said
            assert contents(database) == before
            make_room(database)
            database.transact(step)
        assert contents(database) != before
    assert opening(url).transact(lambda tx: tx.execute(sa.text("PRAGMA integrity_check")).scalar()) == "ok"
    assert refused == 1


@sqlite_only
def test_a_full_disk_is_for_everybody_whose_work_was_in_the_same_commit(database, side_by_side):
    """SQLite may give up the whole transaction when one of its statements finds no room: then no other is stored."""
    told = {}

    def put(tx, name, size):
        timeline.append(tx, name, timeline.Event("x", "x" * size))

    def run(name, size):
        try:
            database.transact(partial(put, name=name, size=size))
            told[name] = "stored"
        except RetryLater:
            told[name] = "refused"

    fill_up(database, 6)
    for n in range(8):
        side_by_side(*(partial(run, f"{n}.{i}", 2500 if i % 3 else 40_000) for i in range(5)))
    make_room(database)
    stored = {event.incident_id for event in database.transact(lambda tx: timeline.after(tx, 0))}
    assert stored == {name for name, what in told.items() if what == "stored"}
    assert "refused" in told.values()
    side_by_side(*(partial(run, f"again.{i}", 40_000) for i in range(5)))
    assert all(what == "stored" for name, what in told.items() if name.startswith("again"))


# ---- the file ------------------------------------------------------------------------------------


@sqlite_only
def test_a_database_that_may_not_be_written_says_whose_access_is_missing(url, clock):
    database = Database(url, clock, ThreadRuntime())
    # Root may write any file; SQLite says the same of a connection that may only read.
    database.transact(lambda tx: tx.execute(sa.text("PRAGMA query_only = ON")))
    with pytest.raises(
        Configuration, match=r"store.db.* cannot be written.*give the daemon's user write access"
    ) as e:
        database.transact(lambda tx: timeline.append(tx, None, timeline.Event("x", "x")))
    assert "and to its folder" in str(e.value)
    database.close()


def test_a_folder_that_does_not_exist_is_to_be_made_first(folder, clock):
    with pytest.raises(Configuration, match=r"the folder .*/nowhere does not exist; make it first"):
        Database(f"sqlite:///{folder}/nowhere/store.db", clock, ThreadRuntime())


def test_a_path_that_cannot_be_opened_says_so(folder, clock):
    (folder / "store.db").mkdir()
    database = Database(f"sqlite:///{folder}/store.db", clock, ThreadRuntime())
    with pytest.raises(Configuration, match=r"store.db cannot be opened \(unable to open database file\)"):
        upgrade(database, RandomIds())
    database.close()


def test_a_file_that_is_no_database_is_left_as_it_is(folder, clock):
    path = folder / "store.db"
    path.write_text("Dear diary, " * 500)
    database = Database(f"sqlite:///{path}", clock, ThreadRuntime())
    with pytest.raises(
        Configuration, match=r"no database of Syncline.*restore the last backup, or name another path"
    ):
        upgrade(database, RandomIds())
    assert path.read_text().startswith("Dear diary")
    database.close()


@sqlite_only
def test_a_damaged_database_is_for_a_person_to_restore(database, url, clock, opening):
    database.transact(
        lambda tx: [timeline.append(tx, None, timeline.Event("x", "x" * 2000)) for _ in range(50)]
    )
    database.close()
    path = Path(sa.make_url(url).database)
    size = path.stat().st_size
    with path.open("r+b") as file:
        for page in range(1, size // 4096):
            file.seek(page * 4096)
            file.write(os.urandom(64))
    again = Database(url, clock, ThreadRuntime())
    with pytest.raises(Configuration, match=r"is damaged.*restore the last backup"):
        again.transact(lambda tx: timeline.after(tx, 0))
    again.close()


@sqlite_only
def test_a_database_that_another_program_holds_is_tried_again(url, clock):
    holder = sa.create_engine(url, poolclass=sa.NullPool)
    database = Database(url, clock, ThreadRuntime())
    database.transact(lambda tx: tx.execute(sa.text("PRAGMA busy_timeout = 50")))
    with holder.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(
            RetryLater, match=r"is busy with another process \(database is locked\); it is tried again"
        ):
            database.transact(lambda tx: None)
    database.transact(lambda tx: timeline.append(tx, None, timeline.Event("x", "x")))
    database.close()


@sqlite_only
def test_what_is_promised_is_what_is_set(database):
    said = database.describe()
    mode, synchronous = database.transact(
        lambda tx: [
            tx.execute(sa.text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")
        ]
    )
    assert f"journal {mode.upper()}" in said
    assert (synchronous, "synchronous FULL" in said) == (2, True)


# ---- the server ----------------------------------------------------------------------------------


@postgres_only
def test_a_server_that_ends_our_connections_is_only_a_pause(database, server):
    database.transact(lambda tx: timeline.append(tx, None, timeline.Event("x", "before")))

    def end(tx):
        timeline.append(tx, None, timeline.Event("x", "during"))
        with server._admin.connect() as admin:
            admin.execute(
                sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
                {"name": database.url.database},
            )
        timeline.append(tx, None, timeline.Event("x", "during"))

    with pytest.raises(RetryLater, match="does not answer"):
        database.transact(end)
    database.transact(lambda tx: timeline.append(tx, None, timeline.Event("x", "after")))
    assert [e.text for e in database.transact(lambda tx: timeline.after(tx, 0))] == ["before", "after"]


@postgres_only
def test_connections_that_died_while_idle_are_not_noticed_by_anybody(database, server):
    for n in range(3):
        database.transact(lambda tx, n=n: timeline.append(tx, None, timeline.Event("x", str(n))))
        with server._admin.connect() as admin:
            admin.execute(
                sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
                {"name": database.url.database},
            )
    assert len(database.transact(lambda tx: timeline.after(tx, 0))) == 3


@postgres_only
def test_a_worker_that_is_paused_in_its_turn_does_not_block_the_others(url, clock, opening):
    paused, other = opening(url), opening(url)

    def sleeps(tx):
        tx.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 200"))
        timeline.append(tx, None, timeline.Event("x", "never"))
        other.transact(lambda tx: timeline.append(tx, None, timeline.Event("x", "others")))
        timeline.append(tx, None, timeline.Event("x", "never"))

    with pytest.raises(RetryLater):
        paused.transact(sleeps)
    assert [e.text for e in other.transact(lambda tx: timeline.after(tx, 0))] == ["others"]


@postgres_only
def test_a_standby_is_waited_for(database):
    def readonly(tx):
        tx.execute(sa.text("SET TRANSACTION READ ONLY"))
        timeline.append(tx, None, timeline.Event("x", "x"))

    with pytest.raises(RetryLater, match="is a standby at the moment"):
        database.transact(readonly)


@sqlite_only
def test_what_could_only_be_read_for_a_while_is_written_to_again(database, folder):
    """SQLite then opens it for reading, without a word; so the next connection must be another one."""
    reading = [True]

    def connect(_dialect, _record, _arguments, options):
        if reading:
            return sqlite3.connect(f"file:{folder}/store.db?mode=ro", uri=True, **options)
        return None

    def note(tx):
        tx.execute(sa.text("INSERT INTO meta (name, value) VALUES ('note', 'x')"))

    database.close()
    sa.event.listen(database.engine, "do_connect", connect)
    for _ in range(3):
        with pytest.raises(Configuration, match="cannot be written"):
            database.transact(note)
    reading.clear()
    database.transact(note)
    noted = sa.text("SELECT value FROM meta WHERE name = 'note'")
    assert database.transact(lambda tx: tx.execute(noted).scalar()) == "x"


def test_what_is_no_fault_of_a_database_is_left_alone():
    for error in (ValueError("x"), KeyboardInterrupt(), sa.exc.IntegrityError("s", {}, Exception("unique"))):
        assert storage_error(error, sa.make_url("sqlite:///x.db")) is error


# ---- one daemon for each database -----------------------------------------------------------------


def test_a_second_daemon_is_refused_until_the_first_has_gone(database, opening, url):
    first, second = OnlyDaemon(database), OnlyDaemon(opening(url))
    first.take()
    with pytest.raises(Configuration, match="another syncline daemon") as caught:
        second.take()
    assert "stop that one first" in str(caught.value)
    if database.sqlite:
        assert f"process {os.getpid()}" in str(caught.value)
    first.give_back()
    second.take()
    second.give_back()


def test_a_second_daemon_does_not_wait_for_a_transaction_of_the_first(database, opening, url):
    first, second = OnlyDaemon(database), OnlyDaemon(opening(url))
    first.take()

    def standing_still(tx):
        with pytest.raises(Configuration, match="another syncline daemon"):
            second.take()

    before = SystemClock().monotonic()
    database.transact(standing_still)
    assert SystemClock().monotonic() - before < 9  # PostgreSQL ends a session that is idle for ten
    first.give_back()


@sqlite_only
def test_a_second_daemon_is_refused_by_whatever_path_it_comes(database, folder, opening, url):
    """Through a link to the file, or to its folder."""
    first = OnlyDaemon(database)
    first.take()
    (folder / "other.db").symlink_to(folder / "store.db")
    (folder / "way").symlink_to(folder)
    for path in (folder / "other.db", folder / "way" / "store.db"):
        second = OnlyDaemon(opening(f"sqlite:///{path}"))
        with suppress(Configuration):
            second.take()
            second.give_back()
            raise AssertionError(f"there are two by {path}")
    first.give_back()


@sqlite_only
def test_two_daemons_on_two_databases_do_not_mind_each_other(database, folder, opening, url):
    shutil.copy(sa.make_url(url).database, folder / "two.db")
    first, second = OnlyDaemon(database), OnlyDaemon(opening(f"sqlite:///{folder}/two.db"))
    first.take()
    second.take()
    first.give_back()
    second.give_back()


@sqlite_only
def test_a_lock_that_cannot_be_taken_says_why(database, folder):
    (folder / "store.db.lock").mkdir()
    with pytest.raises(
        Configuration, match=r"store.db.lock cannot be written .*give the daemon's user write access"
    ):
        OnlyDaemon(database).take()
