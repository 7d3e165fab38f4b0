"""A world to measure in: the platforms in one process, Syncline on a database beside them, and many incidents in agreement.

One incident goes the real way: a person opens it on ServiceNow, Syncline puts it on Jira and PagerDuty and links the
three. All others are copies of that one, written straight into the platforms and into the store.
"""

import cProfile
import os
import pstats
import random
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from figure import RUNTIME
from platforms import SPAWN, YESTERDAY, Remote, ShiftedClock

from syncline.application import Application
from syncline.assembly import Ports
from syncline.configuration.loading import load_configuration
from syncline.connector import Record
from syncline.demo.stage import SECRETS
from syncline.plugins import discover
from syncline.ports import RandomIds, Task, ThreadRuntime
from syncline.store.database import Database, Tx
from syncline.store.schema import incidents, links, polls, work

CONFIGURATION = """
syncline: 1
database: sqlite:///syncline.db
instances:
  snow:
    platform: servicenow
    url: {snow}
    auth: basic
    username: syncline
    requests_per_minute: 600000
    poll_every: {poll_every}
  jira:
    platform: jira
    url: {jira}
    flavour: cloud
    auth: api_token
    user: syncline@example.com
    projects: [OPS]
    default_issue_type: Task
    requests_per_minute: 600000
    poll_every: {poll_every}
  pd:
    platform: pagerduty
    url: {pd}
    auth: token
    from_email: syncline@example.com
    services: [{service}]
    requests_per_minute: 600000
    reread_open_every: {reread_open_every}
    poll_every: {poll_every}
routes:
  - name: everywhere
    from: [snow, jira, pd]
    to: [snow, jira, pd]
"""


def application(folder: Path, ports: Ports) -> Application:
    """Syncline on the configuration in that folder."""
    file = folder / "syncline.yaml"
    configuration = load_configuration(file.read_text(), file, discover().settings(), SECRETS)
    return Application(configuration, discover().found, "bench", ports)


@dataclass(frozen=True, slots=True)
class Linked:
    """The linked incidents: their ids, and by instance their records' ids, in one order."""

    incidents: list[str]
    records: dict[str, list[str]]


class World:
    """Platforms, configuration and database."""

    def __init__(
        self, folder: Path, linked: int, *, poll_every: float = 2.0, reread_open_every: float = 60.0
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        os.environ.update(SECRETS)
        self.platforms = Remote()
        text = CONFIGURATION.format(
            service=self.platforms.service(),
            poll_every=poll_every,
            reread_open_every=reread_open_every,
            **self.platforms.urls,
        )
        (folder / "syncline.yaml").write_text(text)
        self.linked = self._fill(linked)

    def _fill(self, count: int) -> Linked:
        app = application(self.folder, Ports(clock=ShiftedClock(YESTERDAY)))
        app.sync_once(lambda _text: None)
        RUNTIME.sleep(1.1)  # what was made in the second of the very first poll counts as made before it
        self.platforms.create("Mail is down")
        for _ in range(4):
            RUNTIME.sleep(1.1)
            app.sync_once(lambda _text: None)
        template = app.database.transact(_template)
        original = {row["instance"]: row["record_id"] for row in template.links}
        assert len(original) == 3, "the first incident did not come to all three platforms"
        ids = RandomIds(random.Random(count))
        made = [ids.incident() for _ in range(count)]
        copies = self.platforms.copy(original, template.incident["id"], made)
        shown = {
            name: app.station.endpoints[name].connector.read(listed[0][0]).record
            for name, listed in copies.items()
        }
        app.database.transact(lambda tx: _insert(tx, template, made, copies, shown))
        app.close()
        self.platforms.arrive()
        records = {name: [record_id for record_id, _ in listed] for name, listed in copies.items()}
        return Linked(made, records)

    def app(self) -> Application:
        """Syncline in this process; not while the daemon runs."""
        return application(self.folder, Ports())

    def daemon(self, profile: Path | None = None, *, sweeping: bool = True) -> "Daemon":
        """Syncline in a process of its own."""
        return Daemon(self.folder, profile, sweeping=sweeping)

    def close(self) -> None:
        """End the platforms."""
        self.platforms.close()


@dataclass(frozen=True, slots=True)
class _Template:
    incident: Mapping[str, Any]
    links: Sequence[Mapping[str, Any]]


def _template(tx: Tx) -> _Template:
    """The one incident that went the real way, as the store has it."""
    (row,) = tx.execute(sa.select(incidents)).mappings()
    return _Template(dict(row), [dict(link) for link in tx.execute(sa.select(links)).mappings()])


def _insert(
    tx: Tx,
    template: _Template,
    made: Sequence[str],
    copies: Mapping[str, Sequence[tuple[str, str]]],
    shown: Mapping[str, Record | None],
) -> None:
    """Put the copies into the store, and let every poll begin anew."""
    tx.execute(sa.insert(incidents), [{**template.incident, "id": incident_id} for incident_id in made])
    for link in template.links:
        name = link["instance"]
        record = shown[name]
        assert record is not None
        other = {n for n, value in record.values.items() if link["seen"][n] != value}
        assert other <= {"created", "created_at", "opened_at", "sys_created_on"}, (
            f"{name}: a copy differs in {other}"
        )
        seen = {
            "shadow": record.values,
            "seen": record.values,
            "revision": record.revision,
            "seen_at": record.updated_at,
            "seen_by": record.updated_by,
            "own": record.own,
        }
        others = [other["instance"] for other in template.links if other["instance"] != name]
        rows = []
        for number, (incident_id, (record_id, key)) in enumerate(zip(made, copies[name], strict=True)):
            referenced = " ".join(f"{other}/{copies[other][number][0]}" for other in others)
            url = link["url"].replace(link["record_id"], record_id).replace(link["record_key"], key)
            mine = {"incident_id": incident_id, "record_id": record_id, "record_key": key, "url": url}
            rows.append({**link, **seen, **mine, "referenced": referenced})
        tx.execute(sa.insert(links), rows)
    tx.execute(sa.delete(polls))
    tx.execute(sa.delete(work))


# ---- the daemon ---------------------------------------------------------------------------------


class ProfiledRuntime(ThreadRuntime):
    """Threads that count what each function costs, in time on the processor."""

    def __init__(self) -> None:
        self.profiles: list[cProfile.Profile] = []

    def spawn(self, name: str, target: Callable[[], None]) -> Task:
        profile = cProfile.Profile(time.thread_time)
        self.profiles.append(profile)
        return super().spawn(name, lambda: profile.runcall(target))


def _run(folder: Path, profile: Path | None, sweeping: bool) -> None:
    runtime = ProfiledRuntime() if profile else ThreadRuntime()
    stop = runtime.signal()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    application(folder, Ports(runtime=runtime)).run(stop, sweeping=sweeping)
    if profile is not None:
        assert isinstance(runtime, ProfiledRuntime)
        total = pstats.Stats(runtime.profiles[0])
        for one in runtime.profiles[1:]:
            total.add(one)
        total.dump_stats(profile)


class Daemon:
    """The daemon in a process of its own, and what it takes of the machine."""

    def __init__(self, folder: Path, profile: Path | None, *, sweeping: bool) -> None:
        self._database = folder / "syncline.db"
        self._process = SPAWN.Process(target=_run, args=(folder, profile, sweeping))
        self._process.start()
        database = self._open()
        for _ in range(600):
            if database.transact(_polled) == 3:
                break
            RUNTIME.sleep(0.1)
        else:
            raise RuntimeError("the daemon did not begin to poll")
        database.close()

    def _open(self) -> Database:
        return Database(f"sqlite:///{self._database}", ShiftedClock(), ThreadRuntime())

    def cpu(self) -> float:
        """Seconds on the processor so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> tuple[float, float]:
        """Resident memory now, and at most so far, in MB of 1,000,000 bytes."""
        lines = dict(
            line.split(":", 1) for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        )
        return tuple(int(lines[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))  # type: ignore[return-value]

    def stop(self) -> None:
        """As SIGTERM does."""
        self._process.terminate()
        self._process.join(30)
        if self._process.is_alive():
            self._process.kill()
            raise RuntimeError("the daemon did not stop")


def _polled(tx: Tx) -> int:
    return tx.execute(
        sa.select(sa.func.count()).select_from(polls).where(polls.c.polled_at.is_not(None))
    ).scalar_one()
