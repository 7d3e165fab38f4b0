"""`syncline adopt`: what it says, what it asks, and its exit codes."""

import re
import shutil


def database(desk):
    found = re.search(r"^database: sqlite:///(.*)$", desk.config.read_text(), re.MULTILINE)
    return desk.config.parent / (found[1] if found else "syncline.db")


def restored(desk):
    """A database that was put back after something had happened."""
    desk.opened("Mail is down")
    desk.sync()
    file = database(desk)
    shutil.copy(file, f"{file}.backup")
    desk.opened("The shop is down")
    desk.sync()
    shutil.copy(f"{file}.backup", file)


def test_there_is_nothing_to_adopt_where_nothing_happened(desk):
    desk.sync(1)
    answer = desk("adopt", "--json")
    assert (answer.code, answer.document) == (0, {"adopted": False, "reason": None})
    assert "nothing to adopt" in desk("adopt").out


def test_a_restored_backup_is_said_refused_and_adopted(desk):
    desk.sync(1)
    restored(desk)
    status = desk("status", "--json")
    assert status.code == 1
    assert status.document["held"]["doubt"] == "restored"
    assert "HELD: the database" in desk("status").out
    refused = desk("sync", "--once")
    assert refused.code == 2
    assert "`syncline adopt`" in refused.err
    asking = desk("adopt", "--json")
    assert asking.code == 2
    assert "--yes" in asking.err
    done = desk("adopt", "--yes", "--json")
    assert done.code == 0
    assert done.document["adopted"]
    assert done.document["incidents"] == 1
    assert done.document["orphans"] == []
    assert desk("status", "--json").document["held"] is None
    desk.sync()
    assert len(desk.snow("GET", "incident")) == 2
    assert desk("adopt").code == 0


def test_what_was_found_is_said_in_a_sentence(desk):
    desk.sync(1)
    restored(desk)
    answer = desk("adopt", "--yes")
    assert answer.code == 0
    assert re.search(r"adopted: \d+ records? had changed .* 1 incident, 3 links", answer.out), answer.out
    assert "adopted this database (restored)" not in desk("status").out


def test_nothing_is_done_without_a_yes(desk):
    desk.sync(1)
    restored(desk)
    answer = desk("adopt")
    assert answer.code != 0
    assert desk("status", "--json").document["held"] is not None
    assert desk("adopt", "--anyway", "--yes").code == 0
