"""A clone and a restored backup, with real processes: the daemon stands still until the database is adopted."""

import json
import os
import random
import shutil
import subprocess
import sys


def syncline(world, folder, *words):
    """One command; its exit code and what it said as JSON."""
    run = "from syncline.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", run, "--config", str(folder / "syncline.yaml"), *words, "--json"],
        env={**os.environ, **world.secrets},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, json.loads(done.stdout or done.stderr)


def held(daemon):
    return daemon.query("SELECT text FROM events WHERE kind = 'held'")


def test_a_clone_sends_not_one_request(worlds, tmp_path):
    world = worlds("clone/1")
    world.daemon.start()
    world.first_poll()
    world.story.create("snow", random.Random(1))
    world.settle()
    world.platforms.remark(
        "snow", world.story.find("snow", world.story.told[0]), "to be copied by the original"
    )
    world.story.told[0].remarks.append("to be copied by the original")
    world.daemon.kill()
    copy = tmp_path / "clone"
    clone = world.clone(copy)
    marks = world.platforms.marks()
    clone.start()
    assert world.until(lambda: held(clone), 60), clone.tail()
    code, status = syncline(world, copy, "status")
    assert code == 1
    assert status["held"]["doubt"] == "moved"
    code, refused = syncline(world, copy, "sync", "--once")
    assert code == 2
    assert "another syncline daemon" in refused["error"]  # it is held, and it is there
    assert "HELD" in clone.tail()
    clone.kill()  # it was up all the while
    assert world.platforms.ours(marks) == (0, 0)
    world.daemon.start()
    world.settle()


def test_a_restored_backup_stands_still_until_it_is_adopted(worlds):
    world = worlds("restore/1")
    rng = random.Random(2)
    world.daemon.start()
    world.first_poll()
    world.story.create("snow", rng)
    world.settle()
    world.daemon.kill()
    backup = world.folder / "backup"
    shutil.copy(world.folder / "syncline.db", backup)
    world.daemon.start()
    world.story.create("jira", rng)
    world.story.create("pd", rng)
    world.settle()
    for number in range(12):
        world.story.step(f"after/{number}", calm=True)
    world.settle()
    world.daemon.kill()
    for end in ("-wal", "-shm", "-journal"):
        (world.folder / f"syncline.db{end}").unlink(missing_ok=True)
    shutil.copy(backup, world.folder / "syncline.db")
    marks = world.platforms.marks()
    world.daemon.start()
    assert world.until(lambda: held(world.daemon), 60), world.daemon.tail()
    code, status = syncline(world, world.folder, "status")
    assert (code, status["held"]["doubt"]) == (1, "restored")
    assert world.platforms.ours(marks) == (0, 0)
    code, found = syncline(world, world.folder, "adopt", "--yes")
    assert code == 0, found
    assert found["incidents"] >= 2
    assert world.platforms.ours(marks)[1] == 0
    world.settle()  # the daemon goes on by itself
    assert world.platforms.ours(marks)[1] == 0, world.report([])
    code, again = syncline(world, world.folder, "adopt")
    assert (code, again["adopted"]) == (0, False)
    world.story.step("afterwards", calm=True)
    world.settle()
