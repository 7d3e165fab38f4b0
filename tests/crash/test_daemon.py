"""The daemon's life beside being killed: one of it, a prompt end, and a disk that fills up under it."""

import random
import signal
import sqlite3
from contextlib import closing, suppress

import pytest
import sqlalchemy as sa

from syncline.application import Application
from syncline.configuration.loading import read_configuration
from syncline.errors import RetryLater
from syncline.plugins import discover
from syncline.ports import ThreadRuntime


@pytest.mark.timeout(120)
def test_there_is_one_until_it_dies(worlds):
    world = worlds("one")
    world.daemon.start()
    world.first_poll()
    other = world.beside()
    other.start()
    assert other.process.wait(30) == 2
    assert f"another syncline daemon (process {world.daemon.process.pid}) works on" in other.tail()
    assert "stop that one first" in other.tail()
    world.daemon.kill()
    other.start()
    world.story.step("a create")
    world.settle()
    other.process.send_signal(signal.SIGTERM)
    assert other.process.wait(30) == 0
    other.close()


@pytest.mark.timeout(120)
def test_one_that_stands_still_in_the_middle_of_a_transaction_keeps_its_right(worlds):
    world = worlds("still")
    world.daemon.start()
    world.first_poll()
    world.daemon.stop()
    with closing(sqlite3.connect(world.folder / "syncline.db", isolation_level=None, timeout=0)) as held:
        with suppress(sqlite3.OperationalError):  # it is in one already
            held.execute("BEGIN IMMEDIATE")
        other = world.beside()
        other.start()
        # Who waited for the database first would do so for 30 s, and then blame another program.
        assert other.process.wait(25) == 2
        assert f"another syncline daemon (process {world.daemon.process.pid}) works on" in other.tail()
        assert "busy" not in other.tail()
    world.daemon.go_on()
    world.story.create("snow", random.Random("still"))
    world.settle()
    world.daemon.stop()
    world.daemon.kill()
    other.start()
    world.story.create("jira", random.Random("killed"))
    world.settle()


@pytest.mark.timeout(120)
def test_it_ends_promptly_when_told_to_and_leaves_nothing_half_done(worlds):
    world = worlds("end")
    world.daemon.start()
    world.first_poll()
    marks = world.platforms.marks()
    world.platforms.disturb({"latency": [0.2, 0.5]})
    for n in range(4):
        world.platforms.create("snow", f"[{n:03d}] Mail is down")
    assert world.until(lambda: world.platforms.ours(marks)[1] >= 2, 30), world.report([])
    world.daemon.process.send_signal(signal.SIGTERM)
    assert world.daemon.process.wait(20) == 0
    assert world.daemon.query("SELECT id FROM operations WHERE state = 'sent'") == []
    assert world.daemon.query("SELECT kind, key FROM work WHERE token IS NOT NULL") == []


@pytest.mark.timeout(300)
def test_a_disk_that_fills_up_again_and_again_costs_time_and_nothing_else(worlds, monkeypatch, caplog):
    """The daemon runs in this process, so that the room in its database can be taken away under it."""
    world = worlds("disk")
    for name, value in world.secrets.items():
        monkeypatch.setenv(name, value)
    configuration = read_configuration(world.folder / "syncline.yaml", discover().settings(), {})
    application = Application(configuration, discover().found, "test")
    stop, stations, ended = ThreadRuntime().signal(), [], []
    running = ThreadRuntime().spawn("daemon", lambda: ended.append(application.run(stop, stations.append)))
    try:
        world.first_poll()
        database, room = stations[0].database, []

        def limit(connection, _record):
            if room:
                connection.execute(f"PRAGMA max_page_count = {room[0]}")

        sa.event.listen(database.engine, "connect", limit)
        for n in range(8):
            rng = random.Random(f"disk/{n}")
            before = caplog.text.count("the disk is full")
            surely(database, lambda tx, rng=rng: room.insert(0, leave(tx, rng.randrange(3))))
            for side in ("snow", "jira", "pd"):
                world.story.create(side, rng)
            world.story.step(f"{n}")
            assert world.until(lambda before=before: caplog.text.count("the disk is full") > before, 30)
            room.clear()
            surely(database, lambda tx: tx.execute(sa.text("PRAGMA max_page_count = 1073741823")))
        world.settle()
        said = [r.getMessage() for r in caplog.records if "the disk is full" in r.getMessage()]
        assert len(said) >= 8
        assert all("syncline.db" in text and "free space and it goes on by itself" in text for text in said)
        assert not [r for r in caplog.records if r.exc_info and "the disk is full" not in r.getMessage()]
    finally:
        stop.set()
        running.join(60)
        application.close()
    assert ended == [True]


def surely(database, work):
    """A commit that is shared with the daemon's own fails with them; then it is begun again."""
    for _ in range(1000):
        try:
            return database.transact(work)
        except RetryLater:
            continue
    raise AssertionError("the database takes nothing any more")


def leave(tx, pages):
    """Let the database grow by so many pages and no further; how many it then has. The limit is one connection's."""
    most = tx.execute(sa.text("PRAGMA page_count")).scalar() + pages
    tx.execute(sa.text(f"PRAGMA max_page_count = {most}"))
    return most
