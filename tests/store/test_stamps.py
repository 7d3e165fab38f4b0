"""The stamp beside a database, and the custody that keeps it."""

import json
import os
import shutil

import pytest
import sqlalchemy as sa

from syncline.custody import Custody, Replaced
from syncline.errors import Configuration
from syncline.lineage import Doubt, Home, Recognised, Stamp, Unreadable
from syncline.ports import RandomIds, SystemClock, ThreadRuntime
from syncline.store import meta, stamps, timeline
from syncline.store.database import Database
from syncline.store.migrate import upgrade
from syncline.store.timeline import Event

STAMP = Stamp("store", 3, 12, Home("m", "/srv/a.db"))


def opened(file):
    database = Database(f"sqlite:///{file}", SystemClock(), ThreadRuntime())
    upgrade(database, RandomIds())
    return database


@pytest.fixture
def at_home(tmp_path):
    """A database that was worked with, closed."""
    database = opened(tmp_path / "a.db")
    custody = Custody(database, tmp_path)
    assert custody.recognise() is None
    custody.beat()
    custody.beat()
    database.close()
    return tmp_path / "a.db"


def recognised(file):
    database = opened(file)
    try:
        found = Custody(database, file.parent).recognise()
        return None if found is None else found.doubt
    finally:
        database.close()


def test_what_is_written_is_read(tmp_path):
    stamps.write(tmp_path / "s", STAMP)
    assert stamps.read(tmp_path / "s") == STAMP
    stamps.write(tmp_path / "s", STAMP)
    assert [entry.name for entry in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"identity": 1}', "\0\0\0", "null"])
def test_what_is_no_stamp_says_so(tmp_path, text):
    (tmp_path / "s").write_text(text)
    assert isinstance(stamps.read(tmp_path / "s"), Unreadable)


def test_a_crash_while_it_is_written_leaves_the_old_one(tmp_path, monkeypatch):
    stamps.write(tmp_path / "s", STAMP)
    monkeypatch.setattr(os, "fsync", lambda _handle: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(Configuration, match="No space left"):
        stamps.write(tmp_path / "s", Stamp("store", 9, 9, STAMP.home))
    assert stamps.read(tmp_path / "s") == STAMP


def test_a_server_keeps_it_where_the_service_may_write(tmp_path):
    url = sa.make_url("postgresql+psycopg://me:secret@db.example.com/syncline")
    beside = stamps.path(url, tmp_path, {})
    assert beside.parent == tmp_path
    assert "secret" not in str(beside)
    assert stamps.path(url, tmp_path, {"STATE_DIRECTORY": "/var/lib/syncline:/x"}).parent.name == "syncline"
    assert stamps.home(url).place == "db.example.com:5432/syncline"


def test_memory_has_no_home(tmp_path):
    database = Database("sqlite://", SystemClock(), ThreadRuntime())
    upgrade(database, RandomIds())
    custody = Custody(database, tmp_path)
    custody.beat()
    assert custody.recognise() is None
    assert not list(tmp_path.iterdir())


def test_it_is_known_at_home(at_home):
    assert recognised(at_home) is None
    assert json.loads((at_home.parent / "a.db.stamp").read_text())["beat"] == 2


def test_a_copy_is_known_with_its_stamp_and_without(at_home):
    for name in ("b", "c"):
        (at_home.parent / name).mkdir()
        shutil.copy(at_home, at_home.parent / name / "a.db")
    shutil.copy(at_home.parent / "a.db.stamp", at_home.parent / "c" / "a.db.stamp")
    assert recognised(at_home.parent / "b" / "a.db") is Doubt.MOVED
    assert recognised(at_home.parent / "c" / "a.db") is Doubt.MOVED


def test_a_link_to_the_file_is_no_copy(at_home):
    (at_home.parent / "link.db").symlink_to(at_home)
    assert recognised(at_home.parent / "link.db") is None


def test_a_backup_of_ten_seconds_ago_is_known(at_home):
    shutil.copy(at_home, at_home.parent / "backup")
    database = opened(at_home)
    Custody(database, at_home.parent).beat()
    database.close()
    shutil.copy(at_home.parent / "backup", at_home)
    assert recognised(at_home) is Doubt.RESTORED


def test_another_machine(at_home, monkeypatch):
    monkeypatch.setattr(stamps, "machine", lambda: "another")
    assert recognised(at_home) is (
        Doubt.ELSEWHERE if stamps.read(at_home.parent / "a.db.stamp").home.machine else None
    )


def test_taking_over_makes_it_the_one_and_keeps_its_identity(at_home):
    (at_home.parent / "b").mkdir()
    copy = at_home.parent / "b" / "a.db"
    shutil.copy(at_home, copy)
    database = opened(copy)
    custody = Custody(database, copy.parent)
    before = database.transact(meta.kept)
    with pytest.raises(Configuration, match="syncline adopt"):
        custody.demand()
    custody.take_over(lambda _tx: None)
    custody.demand()
    after = database.transact(meta.kept)
    assert after.identity == before.identity
    assert (after.generation, after.beat) > (before.generation, before.beat)
    assert database.transact(meta.adopted_at) is not None
    database.close()


def test_taking_over_goes_ahead_of_the_stamp(at_home):
    stamps.write(
        at_home.parent / "a.db.stamp",
        Stamp(stamps.read(at_home.parent / "a.db.stamp").identity, 50, 900, Home("", str(at_home))),
    )
    database = opened(at_home)
    custody = Custody(database, at_home.parent)
    custody.take_over(lambda _tx: None)
    assert stamps.read(at_home.parent / "a.db.stamp").generation == 51
    assert custody.recognise() is None
    database.close()


def test_a_crash_between_database_and_stamp_leaves_one_that_can_be_adopted_again(at_home, monkeypatch):
    (at_home.parent / "b").mkdir()
    copy = at_home.parent / "b" / "a.db"
    shutil.copy(at_home, copy)
    database = opened(copy)
    custody = Custody(database, copy.parent)

    def killed(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(stamps, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        custody.take_over(lambda _tx: None)
    monkeypatch.undo()
    assert custody.recognise() is None  # it is at home here, and has no stamp that could be missed
    custody.beat()
    assert custody.recognise() is None
    database.close()


def test_a_database_that_is_replaced_while_it_is_worked_with(at_home):
    database = opened(at_home)
    custody = Custody(database, at_home.parent)
    custody.beat()
    database.transact(lambda tx: tx.execute(sa.text("UPDATE meta SET value = '1' WHERE name = 'beat'")))
    with pytest.raises(Replaced, match="was replaced by an older one"):
        custody.beat()
    database.close()


def test_a_folder_that_takes_no_stamp_is_worked_with_and_said(at_home, monkeypatch, caplog):
    (at_home.parent / "a.db.stamp").unlink()

    def refused(*_args):
        raise Configuration("the stamp cannot be written")

    monkeypatch.setattr(stamps, "write", refused)
    database = opened(at_home.parent / "new.db")
    custody = Custody(database, at_home.parent)
    custody.beat()
    custody.beat()
    assert caplog.text.count("the stamp cannot be written") == 1
    assert custody.recognise() is None
    database.close()


def held(file, doubt=Doubt.RESTORED, machine=None):
    """A database on which a daemon was held when its machine had been up for an hour."""
    database = opened(file)
    custody = Custody(database, file.parent)
    if machine is not None:
        custody.here = Home(machine, custody.here.place)
    custody.hold(Recognised(doubt, "it comes from a backup"), 3600.0)
    database.close()
    database = opened(file)
    return Custody(database, file.parent)


@pytest.mark.parametrize(("now", "since"), [(3600.0, 3600.0), (4000.0, 3600.0), (20.0, 0.0)])
def test_since_a_daemon_is_held_nobody_of_ours_was_at_work(at_home, now, since):
    """By a time that nobody sets. A machine that came up since tells only since then."""
    custody = held(at_home)
    assert custody.held_since(now) == since
    custody.database.close()


@pytest.mark.parametrize(
    "how", [{"doubt": Doubt.MOVED}, {"doubt": Doubt.ELSEWHERE}, {"machine": "another"}], ids=str
)
def test_elsewhere_somebody_of_ours_may_be_at_work_yet(at_home, how):
    custody = held(at_home, **how)
    assert custody.held_since(4000.0) is None
    custody.database.close()


def test_who_was_held_before_the_last_start_says_nothing_of_now(at_home):
    custody = held(at_home)
    custody.database.transact(lambda tx: timeline.append(tx, None, Event("started", "the daemon started")))
    assert custody.held_since(4000.0) is None
    custody.database.close()
