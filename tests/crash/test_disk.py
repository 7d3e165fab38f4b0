"""A disk that takes nothing: while a write is on its way, so that nothing can be kept of what became of it, and for as
long as somebody has mounted it read-only. No write is lost or made twice, and the daemon goes on by itself."""

import random
import resource
import sqlite3

import pytest
import sqlalchemy as sa

from syncline.application import Application
from syncline.configuration.loading import read_configuration
from syncline.plugins import discover
from syncline.ports import ThreadRuntime

FULL = "the disk is full or failing"


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux lets one process limit another")
@pytest.mark.timeout(300)
def test_the_disk_takes_nothing_while_a_write_is_on_its_way(worlds):
    """By a limit on the size of the daemon's files: the system then refuses to write, as it does on a full disk."""
    world = worlds("outcome", sweep_every=8)
    world.daemon.start()
    world.first_poll()
    world.story.create("jira", random.Random("outcome"))
    (told,) = world.story.told
    world.settle()
    # The log of a platform shows a write as soon as it is done, and the reply takes its time.
    world.platforms.disturb({"latency": [0.5, 0.6]})
    for number, what in enumerate(("create", "title", "status", "remark")):
        marks = world.platforms.marks()
        rng = random.Random(f"outcome {number}")
        if what == "create":
            world.story.create(rng.choice(("snow", "pd")), rng)
        elif what == "remark":
            told.remarks.append(f"{told.token}.0: seen")
            world.platforms.remark("snow", world.story.find("snow", told), told.remarks[-1])
        else:
            value = {"title": f"{told.token} still down", "status": "in_progress"}[what]
            side = told.owner[what]
            world.platforms.set(side, world.story.find(side, told), what, value)
            setattr(told, what, value)
        assert world.until(lambda marks=marks: world.platforms.ours(marks)[1], 30), world.report([what])
        said = world.daemon.log.read_text().count(FULL)
        with world.daemon.full_disk():
            assert world.until(lambda said=said: world.daemon.log.read_text().count(FULL) > said, 30), (
                world.report([f"{what}: it was not met"])
            )
    world.platforms.disturb(None)
    world.settle()
    assert world.daemon.process.poll() is None
    assert "Traceback" not in world.daemon.log.read_text()
    assert world.daemon.query("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.timeout(300)
def test_a_database_that_may_only_be_read_for_a_while(worlds, monkeypatch, caplog):
    """The daemon runs in this process, so that its connections can be made such that SQLite finds a file it may not
    write to. Nobody needs to be root for that, nor may be: root writes to everything."""
    world = worlds("read-only")
    for name, value in world.secrets.items():
        monkeypatch.setenv(name, value)
    configuration = read_configuration(world.folder / "syncline.yaml", discover().settings(), {})
    application = Application(configuration, discover().found, "test")
    stop, stations, ended, reading = ThreadRuntime().signal(), [], [], []
    running = ThreadRuntime().spawn("daemon", lambda: ended.append(application.run(stop, stations.append)))
    try:
        world.first_poll()
        database = stations[0].database

        def connect(_dialect, _record, arguments, options):
            if not reading:
                return None
            return sqlite3.connect(f"file:{world.folder}/syncline.db?mode=ro", uri=True, **options)

        sa.event.listen(database.engine, "do_connect", connect)
        for number in range(2):
            rng, said = random.Random(f"read-only {number}"), caplog.text.count("cannot be written")
            for side in ("snow", "jira", "pd"):
                world.story.create(side, rng)
            reading.append(True)
            database.close()  # the connection that there is would go on writing; the next one is made anew
            assert world.until(lambda said=said: caplog.text.count("cannot be written") > said + 5, 30)
            world.story.step(f"{number}")
            reading.clear()
        world.settle(60)
        assert not [r for r in caplog.records if r.exc_info]
        assert not world.daemon.query("SELECT * FROM events WHERE kind = 'halted'")
    finally:
        stop.set()
        running.join(60)
        application.close()
    assert ended == [True]
