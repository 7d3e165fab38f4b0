"""A backup that is put back, and what people see on the platforms before and after."""

import shutil
from collections import Counter
from pathlib import Path

from syncline.custody import Custody
from syncline.lineage import Doubt, Recognised


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

    def hold(self):
        """A daemon is started on it, and recognises it. After a minute no write of ours can take effect any more."""
        app = self.world.app
        Custody(app.station.database, self.file.parent).hold(
            Recognised(Doubt.RESTORED, "it comes from a backup"), self.world.clock.monotonic()
        )

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
