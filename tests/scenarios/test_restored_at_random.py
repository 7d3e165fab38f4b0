"""People do what they like, the database goes back to some moment, and is adopted: each comment stands once on every platform,
each incident has one ticket there, and the last edit of each field stands. SYNCLINE_RESTORES says how many worlds there are."""

import os
import random
import re
import shutil

import pytest

WORLDS = int(os.environ.get("SYNCLINE_RESTORES", "3"))
TITLES = ("is down", "is slow", "is back", "is lost", "is odd")


class People:
    """Who does what, drawn from a seed. Each field of an incident is edited on one platform, so that nobody contradicts."""

    def __init__(self, world, rng):
        self.world, self.rng = world, rng
        self.titles = {}  # token of an incident to its title
        self.owner = {}
        self.remarks = []
        self.files = []

    def create(self):
        token = f"[{len(self.titles):02d}]"
        self.titles[token] = f"{token} it {self.rng.choice(TITLES)}"
        self.owner[token] = self.rng.choice(("snow", "jira", "pd"))
        people, title = self.world.people, self.titles[token]
        side = self.rng.choice(("snow", "jira", "pd"))
        if side == "snow":
            people.snow_create(short_description=title)
        elif side == "jira":
            fields = {"summary": title, "project": {"key": "OPS"}, "issuetype": {"name": "Task"}}
            people.jira("POST", "issue", {"fields": fields})
        else:
            service = {"id": people.pd("GET", "services")["services"][0]["id"], "type": "service_reference"}
            people.pd(
                "POST", "incidents", {"incident": {"type": "incident", "title": title, "service": service}}
            )

    def step(self):
        dice = self.rng.random()
        if dice < 0.25 or not self.titles:
            self.create()
            return
        token = self.rng.choice(sorted(self.titles))
        side = self.owner[token] if dice < 0.5 else self.rng.choice(("snow", "jira", "pd"))
        record = self.find(side, token)
        if record is None:
            return
        if dice < 0.5:
            self.titles[token] = f"{token} it {self.rng.choice(TITLES)} {self.rng.randrange(99)}"
            self.retitle(side, record, self.titles[token])
        elif dice < 0.9 or side == "pd":
            self.remarks.append((token, f"{token} remark {len(self.remarks)}."))
            self.say(side, record, self.remarks[-1][1])
        else:
            self.files.append((token, f"file-{len(self.files)}.txt"))
            attach = self.world.people.snow_attach if side == "snow" else self.world.people.jira_attach
            attach(record, self.files[-1][1], b"x" * (len(self.files) + 1))

    def find(self, side, token):
        found = [record for record, title in self.all()[side] if title.startswith(token)]
        return found[0] if found else None

    def all(self):
        people = self.world.people
        return {
            "snow": [(r["sys_id"], r["short_description"]) for r in people.snow_all()],
            "jira": [(i["key"], i["fields"]["summary"]) for i in people.jira_all()],
            "pd": [(i["id"], i["title"]) for i in people.pd_all()],
        }

    def retitle(self, side, record, title):
        people = self.world.people
        if side == "snow":
            people.snow_set(record, short_description=title)
        elif side == "jira":
            people.jira_set(record, summary=title)
        else:
            people.pd_set(record, title=title)

    def say(self, side, record, text):
        people = self.world.people
        if side == "snow":
            people.snow_set(record, work_notes=text)
        elif side == "jira":
            people.jira("POST", f"issue/{record}/comment", {"body": text})
        else:
            people.pd("POST", f"incidents/{record}/notes", {"note": {"content": text}})

    def said(self, side, record):
        people = self.world.people
        if side == "snow":
            return [e["value"] for e in people.snow_journal(record)]
        if side == "jira":
            return [str(c["body"]) for c in people.jira("GET", f"issue/{record}/comment")["comments"]]
        return [n["content"] for n in people.pd_notes(record)]

    def faults(self):
        """The oracle: what does not stand as people left it."""
        found = []
        for side, records in self.all().items():
            for token, title in self.titles.items():
                mine = [(record, text) for record, text in records if text.startswith(token)]
                if [text for _, text in mine] != [title]:
                    found.append(f"{side}: {token} should be {title!r}, and there are {mine}")
                    continue
                said = self.said(side, mine[0][0])
                for of, text in self.remarks:
                    times = sum(text in body for body in said)
                    if times != (of == token):
                        found.append(f"{side} {token}: {text!r} stands there {times} times")
                links = sum(bool(re.match("The same incident", body)) for body in said)
                if side == "snow" and links != 1:
                    found.append(f"{side} {token}: {links} links back")
                if side != "pd":
                    files = self.world.people.snow_files if side == "snow" else self.world.people.jira_files
                    names = [name for name, _ in files(mine[0][0])]
                    for of, name in self.files:
                        if names.count(name) != (of == token):
                            found.append(f"{side} {token}: {name} stands there {names.count(name)} times")
        return found


def settle(world):
    for seconds in (3, 3, 30, 60, 60, 60, 3, 3):
        world.sync(seconds)


@pytest.mark.parametrize("seed", range(WORLDS))
@pytest.mark.parametrize("minutes", [1, 30, 600])
def test_nothing_is_lost_and_nothing_stands_twice(world_of, seed, minutes):
    rng = random.Random(f"{seed}/{minutes}")
    world = world_of(rng.choice(("cloud", "dc")))
    people = People(world, rng)
    file, copy = world.folder / "syncline.db", world.folder / "backup.db"

    def live(steps):
        for _ in range(steps):
            people.step()
            if rng.random() < 0.7:
                world.sync(rng.uniform(1, 8))
            if rng.random() < 0.2:
                world.poll(rng.choice(("snow", "jira", "pd")))

    world.sync()
    live(rng.randrange(2, 8))
    world.app.close()
    shutil.copy(file, copy)
    world.app = world.open()
    live(rng.randrange(3, 9))
    for _ in range(3):
        world.sync(minutes * 20.0)
    live(rng.randrange(3, 9))
    if rng.random() < 0.5:
        settle(world)  # else the daemon dies with work under way
    world.app.close()
    for end in ("-wal", "-shm", "-journal"):
        (world.folder / f"syncline.db{end}").unlink(missing_ok=True)
    shutil.copy(copy, file)
    world.app = world.open()
    assert world.app.recognised() is not None
    marks = world.marks()
    world.app.adopt(lambda _text: None)
    assert world.writes(marks) == []
    settle(world)
    assert people.faults() == []
    for _ in range(3):
        people.step()
        world.sync(3)
    settle(world)
    assert people.faults() == []
