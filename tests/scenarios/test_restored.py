"""A database that comes from a backup, or is a copy: held until it is adopted; then nothing is lost and nothing is done twice."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from syncline.errors import Configuration
from syncline.store import meta


class Backup:
    """A copy of the database, as `.backup` makes it, and what happens on the platforms after it."""

    def __init__(self, world):
        self.world = world
        self.file = world.folder / "syncline.db"
        world.app.close()
        self.copy = Path(world.folder) / "backup.db"
        shutil.copy(self.file, self.copy)
        world.app = world.open()

    def restore(self):
        """Put it back. The stamp beside the database stays as it is, as it does when only the database is restored."""
        self.world.app.close()
        for end in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.file}{end}").unlink(missing_ok=True)
        shutil.copy(self.copy, self.file)
        self.world.app = self.world.open()

    def adopt(self):
        found = self.world.app.adopt(lambda _text: None)
        settle(self.world)
        return found


def settle(world):
    """Until all that is in doubt has been looked for."""
    for seconds in (3, 3, 30, 60, 60, 3, 3):
        world.sync(seconds)


def state(world):
    """Everything that people see on all platforms, without times."""
    people = world.people
    snow = {
        r["number"]: (
            r["short_description"],
            r["state"],
            r["priority"],
            r["correlation_id"],
            Counter(e["value"] for e in people.snow_journal(r["sys_id"])),
            Counter(name for name, _ in people.snow_files(r["sys_id"])),
        )
        for r in people.snow_all()
    }
    jira = {
        i["key"]: (
            i["fields"]["summary"],
            i["fields"]["status"]["name"],
            (i["fields"]["priority"] or {}).get("name"),
            sorted(i["fields"]["labels"]),
            Counter(str(c["body"]) for c in people.jira("GET", f"issue/{i['key']}/comment")["comments"]),
            Counter(name for name, _ in people.jira_files(i["key"])),
        )
        for i in people.jira_all()
    }
    pd = {
        i["id"]: (i["title"], i["status"], Counter(n["content"] for n in people.pd_notes(i["id"])))
        for i in people.pd_all()
    }
    return snow, jira, pd


def jira_create(world, title):
    fields = {"summary": title, "project": {"key": "OPS"}, "issuetype": {"name": "Task"}}
    return world.people.jira("POST", "issue", {"fields": {**fields, "priority": {"name": "Medium"}}})["key"]


def pd_create(world, title):
    service = world.people.pd("GET", "services")["services"][0]["id"]
    body = {"type": "incident", "title": title, "service": {"id": service, "type": "service_reference"}}
    return world.people.pd("POST", "incidents", {"incident": body})["incident"]["id"]


def wait(world, minutes):
    """Let time pass while the daemon works as usual."""
    for _ in range(4):
        world.sync(minutes * 15.0)


def numbers(world):
    return len(world.people.snow_all()), len(world.people.jira_all()), len(world.people.pd_all())


def much_happens(trio, minutes):
    """Everything that can happen in a day, after the backup."""
    world, people = trio.world, trio.world.people
    people.snow_set(trio.sys_id, short_description="Mail is slow", work_notes="I restarted the relay.")
    world.settle()
    people.jira("POST", f"issue/{trio.key}/comment", {"body": "It is the queue."})
    people.pd("POST", f"incidents/{trio.pd_id}/notes", {"note": {"content": "Called the provider."}})
    people.snow_attach(trio.sys_id, "trace.txt", b"hop 1\nhop 2\n")
    people.jira_attach(trio.key, "queue.log", b"stuck\n")
    world.settle()
    people.pd_set(trio.pd_id, status="acknowledged")
    people.snow_create(short_description="The shop is down")
    jira_create(world, "The network is down")
    pd_create(world, "The phones are down")
    world.settle()
    wait(world, minutes)
    for issue in people.jira_all():
        people.jira(
            "POST", f"issue/{issue['key']}/comment", {"body": f"Looked at {issue['fields']['summary']}"}
        )
    world.settle()
    (shop,) = [r for r in people.snow_all() if r["short_description"] == "The shop is down"]
    people.snow_set(shop["sys_id"], impact="1", urgency="1", comments="Customers call.")
    people.snow_attach(shop["sys_id"], "basket.txt", b"empty\n")
    world.settle()


@pytest.mark.parametrize("minutes", [1, 30, 600])
def test_after_all_that_can_happen_nothing_is_lost_and_nothing_is_done_twice(both, minutes):
    world = both.world
    backup = Backup(world)
    much_happens(both, minutes)
    before, counts = state(world), numbers(world)
    assert counts == (4, 4, 4)
    backup.restore()
    with pytest.raises(Configuration, match="comes from a backup"):
        world.sync()
    marks = world.marks()
    found = world.app.adopt(lambda _text: None)
    assert world.writes(marks) == []
    assert found.incidents == 3
    assert not found.orphans
    settle(world)
    assert world.writes(marks) == []
    assert state(world) == before
    assert numbers(world) == counts
    assert world.parked() == []
    # And all goes on as if nothing had been.
    world.people.snow_set(both.sys_id, short_description="Mail works")
    for row in world.people.snow_all():
        world.people.snow_set(row["sys_id"], work_notes=f"Seen again {row['number']}")
    settle(world)
    assert both.titles() == ("Mail works",) * 3
    for issue in world.people.jira_all():
        texts = [c["body"] for c in world.people.jira("GET", f"issue/{issue['key']}/comment")["comments"]]
        assert sum("Seen again" in str(text) for text in texts) == 1
    assert numbers(world) == counts
