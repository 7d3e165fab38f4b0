"""The simulated platforms in a process of their own, and a line to it that is not HTTP: to fill them, to edit like
people do, and to read their logs of requests."""

import base64
import json
import multiprocessing
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from syncline.ports import SystemClock
from syncline.sandbox.catalogue import build
from syncline.sandbox.platform import Request
from syncline.sandbox.server import Sandbox

KINDS = {"snow": "servicenow", "jira": "jira-cloud", "pd": "pagerduty"}
OURS = ("syncline", "syncline@example.com")
"""Our own accounts, as the logs name them."""
YESTERDAY = -timedelta(days=1)
SPAWN = multiprocessing.get_context("spawn")


class ShiftedClock(SystemClock):
    """The machine's clock, moved. What is there before a measurement is made a day before it."""

    def __init__(self, shift: timedelta = timedelta()) -> None:
        self.shift = shift

    def now(self) -> datetime:
        return super().now() + self.shift


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of a platform's log; `at` is when it arrived, seconds since 1970."""

    n: int
    method: str
    path: str
    query: str
    status: int
    at: float
    body: str

    @property
    def write(self) -> bool:
        """Whether it changes something."""
        return _writes(self.method, self.path)


def _writes(method: str, path: str) -> bool:
    # Cloud's search and its bulk reads are sent by POST.
    return method != "GET" and not path.endswith(("/search/jql", "/bulkfetch"))


class Platforms:
    """What the other process does when it is asked. Each method is one command."""

    def __init__(self, kinds: Mapping[str, str], shift: timedelta) -> None:
        self.clock = ShiftedClock(shift)
        self.sandbox = Sandbox({name: build(name, kind) for name, kind in kinds.items()}, clock=self.clock)
        self.rng = random.Random(11)

    def start(self) -> dict[str, str]:
        return self.sandbox.start()

    def arrive(self) -> None:
        """From now on it is today."""
        self.clock.shift = timedelta()

    def latency(self, seconds: float) -> None:
        for name in self.sandbox.instances:
            self.sandbox[name].set_faults(latency=seconds)

    def record_bodies(self, on: bool) -> None:
        for instance in self.sandbox.instances.values():
            instance._record_bodies = on

    def service(self) -> str:
        return str(self._call("pd", "GET", "/services")["services"][0]["id"])

    def mark(self) -> dict[str, int]:
        """Where each log of requests stands."""
        return {name: instance._count for name, instance in self.sandbox.instances.items()}

    def log(self, marks: Mapping[str, int], *, ours: bool = True) -> dict[str, list[Entry]]:
        """The requests since then."""
        return {
            name: [
                Entry(
                    e.n, e.method, e.path, e.query, e.status, datetime.fromisoformat(e.at).timestamp(), e.body
                )
                for e in self.sandbox[name].requests(since)
                if not ours or e.actor in OURS
            ]
            for name, since in marks.items()
        }

    def written(self, marks: Mapping[str, int]) -> dict[str, int]:
        """How many writes came since then."""
        return {
            name: sum(
                _writes(e.method, e.path) and e.actor in OURS for e in self.sandbox[name].requests(since)
            )
            for name, since in marks.items()
        }

    # ---- people ---------------------------------------------------------------------------------

    def create(self, title: str) -> str:
        """Somebody opens an incident on ServiceNow."""
        body = {
            "short_description": title,
            "description": "Nobody can send mail since this morning.",
            "impact": "2",
            "urgency": "2",
        }
        return str(self._call("snow", "POST", "/api/now/table/incident", body)["result"]["sys_id"])

    def edit(self, name: str, ids: Sequence[str], title: str) -> None:
        """Somebody gives those records of one platform another title, number by number."""
        for number, record_id in enumerate(ids):
            text = f"{title} {number:06d}"
            if name == "snow":
                self._call(name, "PATCH", f"/api/now/table/incident/{record_id}", {"short_description": text})
            elif name == "jira":
                self._call(name, "PUT", f"/rest/api/2/issue/{record_id}", {"fields": {"summary": text}})
            else:
                self._call(
                    name, "PUT", f"/incidents/{record_id}", {"incident": {"type": "incident", "title": text}}
                )

    def acknowledge(self, record_id: str) -> None:
        """Somebody on PagerDuty takes an incident."""
        self._call(
            "pd",
            "PUT",
            f"/incidents/{record_id}",
            {"incident": {"type": "incident", "status": "acknowledged"}},
        )

    def titles(self, name: str, ids: Sequence[str]) -> list[str]:
        """What those records are called now."""
        if name == "snow":
            rows = self.sandbox[name].platform._database.tables["incident"].rows
            return [rows[i]["short_description"] for i in ids]
        if name == "jira":
            issues = self.sandbox[name].platform.site.issues
            return [issues[int(i)].state.values["summary"] for i in ids]
        found = self.sandbox[name].platform._account.records.by_id
        return [found[i].title for i in ids]

    def _call(self, name: str, method: str, path: str, body: Any = None) -> Any:
        token = {
            "snow": "Basic " + base64.b64encode(b"amina:secret").decode(),
            "jira": "Basic " + base64.b64encode(b"bruno@example.com:token-bruno").decode(),
            "pd": "Token token=token-noah",
        }[name]
        email = {"jira": "bruno.keller@example.com", "pd": "noah.brooks@example.com"}.get(name, "")
        if name == "jira":
            token = "Basic " + base64.b64encode(f"{email}:token-bruno".encode()).decode()
        headers = {
            "accept": "application/json",
            "authorization": token,
            "content-type": "application/json",
            "from": email,
            "host": "127.0.0.1",
        }
        content = json.dumps(body).encode() if body is not None else b""
        response = self.sandbox[name].apply(Request(method, path, "", headers, content))
        assert response.status < 300, f"{method} {path}: {response.status} {response.body[:300]!r}"
        return json.loads(response.body) if response.body else None

    # ---- filling --------------------------------------------------------------------------------

    def copy(
        self, originals: Mapping[str, str], old: str, new: Sequence[str]
    ) -> dict[str, list[tuple[str, str]]]:
        """Copy one incident's three records, straight into what the platforms keep.

        Args:
            originals: The records' ids, by instance.
            old: The incident's id, which they carry as a marker.
            new: The ids of the copies' incidents.

        Returns:
            By instance, id and key of each copy.
        """
        return {
            "snow": self._copy_snow(originals["snow"], old, new),
            "jira": self._copy_jira(originals["jira"], old, new),
            "pd": self._copy_pd(originals["pd"], old, new),
        }

    def _copy_snow(self, sys_id: str, old: str, new: Sequence[str]) -> list[tuple[str, str]]:
        table, now = self.sandbox["snow"].platform._database.tables["incident"], self.clock.now()
        row = table.rows[sys_id]
        at = now.strftime("%Y-%m-%d %H:%M:%S")
        made = []
        for number, incident_id in enumerate(new, 20_000_000):
            copied = {name: value.replace(old, incident_id) for name, value in row.items()}
            copied |= {"sys_id": f"{self.rng.getrandbits(128):032x}", "number": f"INC{number}"}
            copied |= {"sys_created_on": at, "sys_updated_on": at}
            table.put(copied, now)
            made.append((copied["sys_id"], copied["number"]))
        table._changes.clear()
        return made

    def _copy_jira(self, issue_id: str, old: str, new: Sequence[str]) -> list[tuple[str, str]]:
        site, now = self.sandbox["jira"].platform.site, round(self.clock.now().timestamp() * 1000)
        original = site.issues[int(issue_id)]
        skipped = {"status", "statuschanged", "resolutiondate"}
        held = {name: value for name, value in original.state.values.items() if name not in skipped}
        made = []
        for incident_id in new:
            labels = tuple(label.replace(old.lower(), incident_id.lower()) for label in held["labels"])
            issue = site.create(original.state.project, {**held, "labels": labels}, original.creator, now)
            made.append((str(issue.id), issue.state.key))
        site.index.settle(now + 60_000)
        return made

    def _copy_pd(self, incident_id: str, old: str, new: Sequence[str]) -> list[tuple[str, str]]:
        records, exact = self.sandbox["pd"].platform._account.records, self.clock.now().timestamp()
        original, at = records.by_id[incident_id], int(exact)
        first = original.entries[0]
        made = []
        for name in new:
            copied = replace(
                original,
                id=records.new_id(self.rng, "Q", 14),
                number=len(records.incidents) + 1,
                key=(original.key or "").replace(old.lower(), name.lower()),
                created=at, updated=at, changed_at=at,
                notes=[], entries=[], assignments=list(original.assignments),
            )  # fmt: skip
            records.add(copied)
            records.log(
                replace(first, id=records.new_id(self.rng, "R", 26), at=at, seen_from=exact, incident=copied)
            )
            made.append((copied.id, f"#{copied.number}"))
        return made


def _serve(line: Connection, kinds: Mapping[str, str], shift: timedelta) -> None:
    platforms = Platforms(kinds, shift)
    while True:
        try:
            command, args, keywords = line.recv()
        except EOFError:
            return
        try:
            line.send((getattr(platforms, command)(*args, **keywords), None))
        except Exception as error:  # noqa: BLE001  it is raised again on the other side
            line.send((None, f"{type(error).__name__}: {error}"))


class Remote:
    """The other process, as if it were here: `remote.edit(...)`."""

    def __init__(self, kinds: Mapping[str, str] = KINDS, shift: timedelta = YESTERDAY) -> None:
        self._line, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=_serve, args=(theirs, kinds, shift), daemon=True)
        self._process.start()
        theirs.close()
        self.urls: dict[str, str] = self.start()

    def __getattr__(self, command: str) -> Any:
        def ask(*args: Any, **keywords: Any) -> Any:
            self._line.send((command, args, keywords))
            result, error = self._line.recv()
            if error is not None:
                raise RuntimeError(f"{command}: {error}")
            return result

        return ask

    def close(self) -> None:
        """End the process."""
        self._line.close()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()


def utc(seconds: float) -> datetime:
    """Seconds since 1970 as a time."""
    return datetime.fromtimestamp(seconds, UTC)
