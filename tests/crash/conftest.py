"""A world of real processes: simulated platforms in one, the daemon in another that is killed, people between them."""

import base64
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from tcp_proxy import Fate, Proxy, Toxics

from syncline.demo.stage import SECRETS
from syncline.ports import SystemClock, ThreadRuntime

CLOCK, RUNTIME = SystemClock(), ThreadRuntime()
SIDES = ("snow", "jira", "pd")
PRIORITIES = {  # ours to each platform's
    1: (("1", "1"), "Highest", "P1"),
    2: (("1", "2"), "High", "P2"),
    3: (("2", "2"), "Medium", "P3"),
    4: (("2", "3"), "Low", "P4"),
    5: (("3", "3"), "Lowest", "P5"),
}
STATUSES = {
    "new": ("1", "To Do", "triggered"),
    "in_progress": ("2", "In Progress", "acknowledged"),
    "resolved": ("6", "Done", "resolved"),
}
EMAIL = {"jira": "bruno.keller@example.com", "pd": "noah.brooks@example.com"}
# A write without a verdict is looked for until 5 s are over: longer than anything below is late, plus Jira's 2 s of lag.
CONFIGURATION = """
syncline: 1
database: sqlite:///syncline.db
instances:
  snow:
    platform: servicenow
    url: {snow}
    auth: basic
    username: syncline
    {common}
  jira:
    platform: jira
    url: {jira}
    flavour: cloud
    auth: api_token
    user: syncline@example.com
    projects: [OPS]
    default_issue_type: Task
    {common}
  pd:
    platform: pagerduty
    url: {pd}
    auth: token
    from_email: syncline@example.com
    services: [{service}]
    {common}
routes:
  - name: everywhere
    from: [snow, jira, pd]
    to: [snow, jira, pd]
conflicts:
  default: latest
"""
COMMON = {
    "overlap": 20,
    "poll_every": 0.5,
    "requests_per_minute": 6000,
    "connect_timeout": 2,
    "read_timeout": 4,
    "quarantine": 5,
}
LATE = {"latency": [0.0, 0.25], "late": 0.08, "late_seconds": [0.2, 1.5], "methods": "POST|PUT|PATCH"}


def until(condition: Callable[[], Any], seconds: float, pause: float = 0.05) -> Any:
    """What the condition gives once it is true, or last gave when the time is over."""
    deadline = CLOCK.monotonic() + seconds
    while not (found := condition()) and CLOCK.monotonic() < deadline:
        RUNTIME.sleep(pause)
    return found


class Platforms:
    """The sandbox in a process of its own, and what people do on it through the platforms' own APIs."""

    def __init__(self, seed: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "syncline.sandbox", "--until-eof", "--seed", seed],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.urls: dict[str, str] = json.loads(self.process.stdout.readline())["urls"]
        self.session = requests.Session()
        self.session.trust_env = False
        self.service = str(self.pd("GET", "services")["services"][0]["id"])
        self.priorities = {p["name"]: p["id"] for p in self.pd("GET", "priorities")["priorities"]}

    def close(self) -> None:
        self.session.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process.wait(20)

    # ---- behind the scenes

    def control(self, side: str, method: str, what: str, body: Any = None) -> Any:
        return self.session.request(
            method, f"{self.urls[side]}/_sandbox/{what}", json=body, timeout=20
        ).json()

    def disturb(self, faults: dict[str, Any] | None) -> None:
        for side in SIDES:
            self.control(side, "DELETE", "faults")
            if faults:
                self.control(side, "POST", "faults", faults)

    def log(self, side: str, since: int = 0) -> list[dict[str, Any]]:
        return list(self.control(side, "GET", f"requests?since={since}")["requests"])

    def marks(self) -> dict[str, int]:
        return {side: (log[-1]["n"] if (log := self.log(side)) else 0) for side in SIDES}

    def ours(self, marks: dict[str, int]) -> tuple[int, int]:
        """How many requests of Syncline came since then, and how many of them were writes."""
        sent = [e for side in SIDES for e in self.log(side, marks[side]) if e["actor"].startswith("syncline")]
        reads = re.compile(r"/search(/jql)?$|/bulkfetch$")
        return len(sent), sum(1 for e in sent if e["method"] != "GET" and not reads.search(e["path"]))

    # ---- what people do

    def _call(self, method: str, url: str, auth: str, body: Any = None, **headers: str) -> Any:
        headers = {"Accept": "application/json", "Authorization": auth, **headers}
        response = self.session.request(method, url, json=body, headers=headers, timeout=20)
        assert response.status_code < 300, f"{method} {url}: {response.status_code} {response.text[:400]}"
        return response.json() if response.content else None

    def snow(self, method: str, path: str, body: Any = None) -> Any:
        auth = "Basic " + base64.b64encode(b"amina:secret").decode()
        return self._call(method, f"{self.urls['snow']}/api/now/table/{path}", auth, body)["result"]

    def jira(self, method: str, path: str, body: Any = None) -> Any:
        auth = "Basic " + base64.b64encode(f"{EMAIL['jira']}:token-bruno".encode()).decode()
        return self._call(method, f"{self.urls['jira']}/rest/api/2/{path}", auth, body)

    def pd(self, method: str, path: str, body: Any = None) -> Any:
        accept = "application/vnd.pagerduty+json;version=2"
        auth = "Token token=token-noah"
        return self._call(method, f"{self.urls['pd']}/{path}", auth, body, Accept=accept, From=EMAIL["pd"])

    def create(self, side: str, title: str) -> None:
        if side == "snow":
            self.snow("POST", "incident", {"short_description": title, "impact": "2", "urgency": "2"})
        elif side == "jira":
            fields = {"summary": title, "project": {"key": "OPS"}, "issuetype": {"name": "Task"}}
            self.jira("POST", "issue", {"fields": {**fields, "priority": {"name": "Medium"}}})
        else:
            service = {"id": self.service, "type": "service_reference"}
            priority = {"id": self.priorities["P3"], "type": "priority_reference"}
            incident = {"type": "incident", "title": title, "service": service, "priority": priority}
            self.pd("POST", "incidents", {"incident": incident})

    def set(self, side: str, record: str, name: str, value: Any) -> None:
        at = SIDES.index(side)
        if name == "status":
            self._move(side, record, STATUSES[value][at])
        elif side == "snow":
            impact, urgency = PRIORITIES[value][0] if name == "priority" else ("", "")
            body = {"impact": impact, "urgency": urgency} if impact else {"short_description": value}
            self.snow("PATCH", f"incident/{record}", body)
        elif side == "jira":
            fields = (
                {"priority": {"name": PRIORITIES[value][1]}} if name == "priority" else {"summary": value}
            )
            self.jira("PUT", f"issue/{record}", {"fields": fields})
        else:
            priority = (
                {"id": self.priorities.get(PRIORITIES[value][2]), "type": "priority_reference"}
                if name == "priority"
                else None
            )
            change = {"priority": priority} if priority else {"title": value}
            self.pd("PUT", f"incidents/{record}", {"incident": {"type": "incident", **change}})

    def _move(self, side: str, record: str, to: str) -> None:
        if side == "snow":
            close = (
                {"close_code": "Solution provided", "close_notes": "It was the relay."} if to == "6" else {}
            )
            self.snow("PATCH", f"incident/{record}", {"state": to, **close})
        elif side == "pd":
            self.pd("PUT", f"incidents/{record}", {"incident": {"type": "incident", "status": to}})
        else:
            steps = self.jira("GET", f"issue/{record}/transitions")["transitions"]
            (step,) = [s["id"] for s in steps if s["to"]["name"] == to]
            fields = {"resolution": {"name": "Done"}} if to == "Done" else {}
            self.jira("POST", f"issue/{record}/transitions", {"transition": {"id": step}, "fields": fields})

    def remark(self, side: str, record: str, text: str) -> None:
        if side == "snow":
            self.snow("PATCH", f"incident/{record}", {"work_notes": text})
        elif side == "jira":
            self.jira("POST", f"issue/{record}/comment", {"body": text})
        else:
            self.pd("POST", f"incidents/{record}/notes", {"note": {"content": text}})

    # ---- what people see

    def records(self, side: str) -> dict[str, dict[str, Any]]:
        """All records of one platform: title, status and priority in our words, by id."""
        if side == "snow":
            rows = self.snow("GET", "incident?sysparm_exclude_reference_link=true")
            seen = {r["sys_id"]: (r["short_description"], r["state"], int(r["priority"])) for r in rows}
        elif side == "jira":
            issues = self.jira(
                "POST",
                "search/jql",
                {"jql": "project = OPS", "fields": ["summary", "status", "priority"], "maxResults": 5000},
            )
            assert issues.get("isLast", True)
            seen = {
                i["key"]: (
                    i["fields"]["summary"],
                    i["fields"]["status"]["name"],
                    i["fields"]["priority"]["name"],
                )
                for i in issues["issues"]
            }
        else:
            seen = {}
            while True:
                page = self.pd("GET", f"incidents?date_range=all&limit=100&offset={len(seen)}")
                for i in page["incidents"]:
                    seen[i["id"]] = (i["title"], i["status"], (i.get("priority") or {}).get("summary"))
                if not page["more"]:
                    break
        at = SIDES.index(side)
        return {
            record: {
                "title": title,
                "status": next((n for n, v in STATUSES.items() if v[at] == status), status),
                "priority": next((n for n, v in PRIORITIES.items() if v[at] == priority), priority),
            }
            for record, (title, status, priority) in seen.items()
        }

    def remarks(self, side: str, record: str) -> list[str]:
        if side == "snow":
            rows = self.snow("GET", f"sys_journal_field?sysparm_query=element_id={record}&sysparm_limit=1000")
            return [row["value"] for row in rows]
        if side == "jira":
            return [
                c["body"] for c in self.jira("GET", f"issue/{record}/comment?maxResults=1000")["comments"]
            ]
        return [note["content"] for note in self.pd("GET", f"incidents/{record}/notes")["notes"]]


class Daemon:
    """`syncline run` as a process of its own."""

    def __init__(self, folder: Path, bytecode: Path, lease: float | None = None) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "daemon.log"
        self.kills = 0
        self._bytecode = bytecode
        self._shorten = (
            f"from syncline.ledger import leases, rows; leases.LEASE = rows.LEASE = {lease}; "
            if lease is not None
            else ""
        )

    def twin(self, folder: Path | None = None) -> "Daemon":
        """A second one, that is not started yet; in a folder of its own where that is given."""
        return Daemon(folder or self.folder, self._bytecode)

    def start(self) -> None:
        run = f"{self._shorten}from syncline.cli import main; main()"
        # Half of a start is compiling, where nothing of that is kept.
        kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(self._bytecode)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", run, "--config", str(self.folder / "syncline.yaml"), "run"],
                env={**os.environ, **SECRETS, **kept},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        assert self.process is not None
        ended = self.process.poll()
        assert ended is None, f"the daemon ended by itself with {ended}:\n{self.tail()}"
        self.process.kill()
        assert self.process.wait(20) == -signal.SIGKILL
        self.process = None
        self.kills += 1

    def stop(self) -> None:
        """SIGSTOP: it stands still in the middle of whatever it does, and knows nothing of it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        stopped, status = os.waitpid(self.process.pid, os.WUNTRACED)
        assert stopped
        assert os.WIFSTOPPED(status), f"the daemon ended by itself with {status}:\n{self.tail()}"

    def go_on(self) -> None:
        """SIGCONT."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """It can write no file but its log, for as long as this lasts."""
        assert self.process is not None
        pid, which = self.process.pid, resource.RLIMIT_FSIZE
        before = resource.prlimit(pid, which)
        # The least transaction needs more room in the journal; a hundred lines of the log do not.
        room = self.log.stat().st_size + 4_096
        assert room < (self.folder / "syncline.db").stat().st_size
        resource.prlimit(pid, which, (room, before[1]))
        try:
            yield
        finally:
            resource.prlimit(pid, which, before)

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(20)
            self.process = None

    def tail(self, lines: int = 40) -> str:
        if not self.log.exists():
            return "none: it runs in the process of the test"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Look into the daemon's database, as nobody but this test may."""
        database = self.folder / "syncline.db"
        if not database.exists():
            return []
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as connection:
            try:
                return connection.execute(sql).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise

    def busy(self) -> list[tuple[Any, ...]]:
        """What is under way or owed: writes without a verdict, and work that is due or leased."""
        return self.query(
            "SELECT id, incident_id, instance, kind FROM operations WHERE state IN ('sent', 'unknown')"
        ) + self.query(
            "SELECT kind, key, due, token FROM work WHERE kind IN ('incident', 'delivery') AND (due IS NOT NULL OR token IS NOT NULL)"
        )

    def polled(self) -> list[int]:
        return [at for (at,) in self.query("SELECT polled_at FROM polls")]


@dataclass
class Told:
    """One incident as the people who work on it know it. Each field is edited on one side, so that no two people
    contradict each other; and so what they said last must stand on every side."""

    token: str
    owner: dict[str, str]
    title: str
    status: str = "new"
    priority: int = 3
    remarks: list[str] = field(default_factory=list)
    edits: int = 0

    def record(self) -> dict[str, Any]:
        return {"title": self.title, "status": self.status, "priority": self.priority}


class Story:
    """What the people do, drawn from a seed, and what must come of it."""

    def __init__(self, platforms: Platforms, seed: str) -> None:
        self.platforms = platforms
        self.seed = seed
        self.told: list[Told] = []

    def step(self, name: str, *, calm: bool = False) -> None:
        """One thing that somebody does."""
        rng = random.Random(f"{self.seed}/{name}")
        side, kind, dice = rng.choice(SIDES), rng.random(), rng.random()
        if not self.told or kind < 0.2:
            self.create(side, rng)
            return
        told = self.told[-1 - int(len(self.told) * dice * dice)]  # the newer ones rather than the older
        name = rng.choice(("title", "priority", "status", "status")) if kind < 0.7 else "remark"
        side = told.owner.get(name, side)
        record = self.find(side, told)
        if record is None:
            return  # Syncline has not brought it there yet
        if name == "remark":
            told.remarks.append(
                f"{told.token}.{len(told.remarks)}: {rng.choice(('seen', 'tried', 'called'))}"
            )
            self.platforms.remark(side, record, told.remarks[-1])
        elif told.status != "resolved":
            self._edit(told, side, record, name, rng)
        told.edits += 1

    def create(self, side: str, rng: random.Random) -> None:
        """Somebody opens an incident there."""
        token = f"[{len(self.told):03d}]"
        owner = {name: rng.choice(SIDES) for name in ("title", "priority", "status")}
        told = Told(token, owner, f"{token} {rng.choice(('Mail', 'The shop', 'The network'))} is down")
        self.told.append(told)
        self.platforms.create(side, told.title)

    def _edit(self, told: Told, side: str, record: str, name: str, rng: random.Random) -> None:
        if name == "title":
            told.title = f"{told.token} {rng.choice(('still', 'again', 'no longer'))} down, edit {told.edits}"
            self.platforms.set(side, record, name, told.title)
        elif name == "priority":
            told.priority = rng.choice([p for p in PRIORITIES if p != told.priority])
            self.platforms.set(side, record, name, told.priority)
        elif told.status == "new":
            told.status = "in_progress"
            self.platforms.set(side, record, name, told.status)
        elif not self.wrong([told]):
            # Platforms refuse edits of what is resolved: people end an incident when all is said and has arrived.
            told.status = "resolved"
            self.platforms.set(side, record, name, told.status)

    def find(self, side: str, told: Told) -> str | None:
        found = [
            r for r, seen in self.platforms.records(side).items() if seen["title"].startswith(told.token)
        ]
        return found[0] if found else None

    def wrong(self, which: list[Told] | None = None) -> list[str]:
        """The oracle: what does not stand on the platforms as people left it. It looks at nothing else."""
        faults = []
        wanted = self.told if which is None else which
        for side in SIDES:
            records = self.platforms.records(side)
            if which is None and len(records) != len(self.told):
                faults.append(f"{side} has {len(records)} records of {len(self.told)} incidents")
            for told in wanted:
                mine = {r: seen for r, seen in records.items() if seen["title"].startswith(told.token)}
                if len(mine) != 1:
                    faults.append(f"{side} has {told.token} {len(mine)} times: {sorted(mine)}")
                    continue
                ((record, seen),) = mine.items()
                if seen != told.record():
                    faults.append(f"{side} {record}: {seen} instead of {told.record()}")
                said = self.platforms.remarks(side, record)
                for text in told.remarks:
                    times = sum(1 for body in said if text in body)
                    if times != 1:
                        faults.append(f"{side} {record} has {text!r} {times} times")
                if len(said) > len(told.remarks) + 2:
                    faults.append(
                        f"{side} {record} has {len(said)} remarks instead of {len(told.remarks)} and a link back"
                    )
        return faults


@dataclass
class World:
    """All of it."""

    platforms: Platforms
    daemon: Daemon
    story: Story
    seed: str
    folder: Path
    lines: dict[str, Proxy]
    patience: float
    others: list[Daemon] = field(default_factory=list)
    drawn: dict[str, str] = field(default_factory=dict)

    def settle(self, seconds: float = 180.0) -> None:
        """Wait until all stands as people left it and nothing is under way; then for one more look at every side."""
        wrong = until(lambda: not self.story.wrong() and not self.daemon.busy(), seconds, 0.3)
        if wrong:
            before = max(self.daemon.polled(), default=0)
            wrong = until(
                lambda: min(self.daemon.polled(), default=0) > before and not self.daemon.busy(), seconds, 0.3
            )
        faults = self.story.wrong()
        assert not faults, self.report(faults)
        assert wrong, self.report([f"it does not come to rest: {self.daemon.busy()}"])
        parked = self.daemon.query("SELECT instance, kind, reason FROM parked WHERE ended_at IS NULL")
        assert not parked, self.report([str(entry) for entry in parked])

    late = LATE
    secrets = SECRETS

    def spoil(self, name: str, sides: tuple[str, ...] = SIDES) -> None:
        """Something happens to the lines to those sides."""
        for side in sides:
            toxics = Toxics.drawn(random.Random(f"{self.seed}/{name}/{side}"), self.patience)
            self.drawn[side] = "down" if toxics is None else str(toxics)
            if toxics is None:
                self.lines[side].down()
            else:
                self.lines[side].toxics = toxics
                self.lines[side].up()

    def mend(self) -> None:
        """All is well with the lines."""
        for side, line in self.lines.items():
            self.drawn[side] = str(Toxics())
            line.toxics = Toxics()
            line.up()

    def met(self) -> str:
        """What became of the exchanges."""
        counts = sum((line.met for line in self.lines.values()), Counter[Fate]())
        return ", ".join(f"{counts[fate]} {fate}" for fate in Fate if counts[fate])

    def beside(self) -> Daemon:
        """A second daemon on the same database, with a log of its own."""
        other = self.daemon.twin()
        other.log = self.folder / "other.log"
        self.others.append(other)
        return other

    def clone(self, folder: Path) -> Daemon:
        """A daemon on a copy of the database in that folder, with its configuration and its stamp."""
        folder.mkdir()
        for file in self.folder.glob("syncline*"):
            shutil.copy(file, folder / file.name)
        self.others.append(self.daemon.twin(folder))
        return self.others[-1]

    def until(self, condition: Callable[[], Any], seconds: float) -> Any:
        return until(condition, seconds, 0.015)

    def first_poll(self) -> None:
        """Wait until every side was polled: what is made from now on is taken up."""
        assert until(lambda: len(self.daemon.polled()) == len(SIDES) and all(self.daemon.polled()), 60), (
            self.report([])
        )

    def summary(self) -> str:
        """What happened, in numbers."""
        told = self.story.told
        ops = dict(self.daemon.query("SELECT state, count(*) FROM operations GROUP BY state"))
        found = self.daemon.query(
            "SELECT count(*) FROM events WHERE kind = 'started' AND incident_id IS NULL"
        )
        return (
            f"{len(told)} incidents, {sum(t.edits for t in told)} edits, {sum(len(t.remarks) for t in told)} of them comments, "
            f"{sum(t.status == 'resolved' for t in told)} resolved; writes {ops}, {found[0][0]} starts and first polls"
        )

    def note(self, text: str) -> None:
        print(text)

    def report(self, faults: list[str]) -> str:
        said = "\n".join(faults)
        numbers = [n for n in sorted(os.environ) if n.startswith("SYNCLINE_") and n not in SECRETS]
        given = {name: os.environ[name] for name in numbers}
        given["SYNCLINE_SEED"] = self.seed.partition("/")[0]
        again = " ".join(f"{name}={value}" for name, value in given.items())
        test = os.environ.get("PYTEST_CURRENT_TEST", "").removesuffix(" (call)")
        return (
            f"seed {self.seed}; the same again: {again} pytest '{test}'\n"
            f"{said}\nunder way: {self.daemon.busy()}\nlines: {self.drawn or 'straight'}; {self.met()}\nevents:\n"
            + "\n".join(
                textwrap.shorten(str(row), 300)
                for row in self.daemon.query(
                    "SELECT id, incident_id, instance, kind, text FROM events ORDER BY id DESC LIMIT 60"
                )
            )
            + f"\nlog of the daemon ({self.daemon.log}):\n{self.daemon.tail()}"
        )


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all daemons keep what they have compiled."""
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def worlds(tmp_path: Path, bytecode: Path) -> Iterator[Callable[..., World]]:
    """Makes worlds; a seed is the whole of what is drawn at random in one. `proxied`: a line that can be disturbed to
    each platform. `lease`: seconds, instead of the product's. All else is set for each instance."""
    made: list[World] = []

    def make(seed: str, *, proxied: bool = False, lease: float | None = None, **settings: float) -> World:
        folder = tmp_path / f"world-{len(made)}"
        folder.mkdir()
        platforms = Platforms(seed)
        lines = {}
        if proxied:
            for side, url in platforms.urls.items():
                address = urlsplit(url)
                lines[side] = Proxy((str(address.hostname), address.port or 0), f"{seed}/{side}")
        urls = {**platforms.urls, **{side: line.url for side, line in lines.items()}}
        common = {**COMMON, **settings}
        text = CONFIGURATION.format(
            common="\n    ".join(f"{name}: {value}" for name, value in common.items()),
            service=platforms.service,
            **urls,
        )
        (folder / "syncline.yaml").write_text(text)
        daemon, story = Daemon(folder, bytecode, lease), Story(platforms, seed)
        made.append(World(platforms, daemon, story, seed, folder, lines, common["read_timeout"]))
        return made[-1]

    yield make
    for world in made:
        for daemon in (world.daemon, *world.others):
            daemon.close()
        for line in world.lines.values():
            line.close()
        with suppress(OSError):
            world.platforms.close()
