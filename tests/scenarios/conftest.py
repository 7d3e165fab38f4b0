"""A whole small world: simulated platforms, people on them, and Syncline beside them, under one clock that tests move.

No sockets and no threads: every request is a function call, and what lands later lands when the clock gets there.
"""

import base64
import heapq
import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import requests
from desk import Desk, desk_in
from requests.adapters import BaseAdapter

from syncline import ledger
from syncline.application import Application, Round
from syncline.application.once import _deliver, _reconcile
from syncline.assembly import Ports
from syncline.configuration import Configuration
from syncline.configuration.loading import load_configuration
from syncline.delivery.deliver import deliver
from syncline.delivery.turn import Turn
from syncline.intake import polling
from syncline.ledger import Kind
from syncline.plugins import discover
from syncline.ports import RandomIds, ThreadRuntime
from syncline.sandbox.adapter import SimulatedAdapter
from syncline.sandbox.catalogue import build
from syncline.sandbox.faults import Fault
from syncline.sandbox.instance import Instance
from syncline.sandbox.platform import Request, Response
from syncline.sandbox.server import http_date
from syncline.store import timeline

EMAIL = {
    name.partition(".")[0]: f"{name}@example.com"
    for name in ("amina.diallo", "bruno.keller", "chloe.martin", "diane.novak", "noah.brooks", "olga.petrova")
}
EMAIL["syncline"] = "syncline@example.com"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

CONFIGURATION = """
syncline: 1
database: sqlite:///syncline.db
instances:
  snow:
    platform: servicenow
    url: <snow>
    auth: basic
    username: syncline
    overlap: 20
  jira:
    platform: jira
    url: <jira>
    flavour: <flavour>
    <jira_auth>
    projects: [OPS]
    default_issue_type: Task
    overlap: 20
  pd:
    platform: pagerduty
    url: <pd>
    auth: token
    from_email: syncline@example.com
    services: [<service>]
    overlap: 20
routes:
  - name: everywhere
    from: [snow, jira, pd]
    to: [snow, jira, pd]
conflicts:
  default: latest
"""


class WorldClock:
    """Time that stands still until it is moved. What is to happen at some time happens when it gets there."""

    def __init__(self) -> None:
        self._now = START
        self._later: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - START).total_seconds()

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._later, (self._now + timedelta(seconds=seconds), next(self._order), what))

    def advance(self, seconds: float) -> None:
        until = self._now + max(timedelta(seconds=seconds), timedelta(microseconds=1 if seconds > 0 else 0))
        while self._later and self._later[0][0] <= until:
            at, _, what = heapq.heappop(self._later)
            self._now = max(self._now, at)
            what()
        self._now = until


class SkewedClock:
    """A platform's own clock, that goes wrong by some seconds."""

    def __init__(self, clock: WorldClock, seconds: float) -> None:
        self._clock = clock
        self._skew = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self._clock.now() + self._skew

    def monotonic(self) -> float:
        return self._clock.monotonic()


class WorldRuntime(ThreadRuntime):
    """Waiting moves the clock instead of taking time."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)


@dataclass(slots=True)
class Hook:
    """Something that happens once, just before or just after a request of ours reaches a platform."""

    method: str
    path: str
    what: Callable[[], None]
    before: bool

    def fits(self, request: Request) -> bool:
        return bool(re.fullmatch(self.method, request.method) and re.search(self.path, request.path))


class Wire:
    """What lies between Syncline and one platform: its faults, and hooks for what people do at the wrong moment."""

    def __init__(self, instance: Instance, clock: WorldClock) -> None:
        self.instance = instance
        self.clock = clock
        self.hooks: list[Hook] = []

    def ours(self, request: Request, patience: float | None) -> Response:
        """A request of Syncline's."""
        if request.header("host") != f"{self.instance.name}.example":
            raise requests.ConnectionError(f"{request.header('host')} has no address")
        self._call(request, before=True)
        outcome = self.instance.answer(request)
        self._call(request, before=False)
        wait = 3600.0 if patience is None else patience
        if outcome.late is not None:
            self.clock.after(outcome.late, lambda: self.instance.apply(request) and None)
        if outcome.fault is Fault.LATE or (outcome.response is None and self.instance.down == "hang"):
            self.clock.advance(wait)
            raise requests.ReadTimeout(f"{self.instance.name} said nothing")
        if outcome.delay > wait:
            self.clock.advance(wait)
            raise requests.ReadTimeout(f"{self.instance.name} said nothing in time")
        self.clock.advance(outcome.delay)
        if outcome.response is None:
            raise requests.ConnectionError(f"{self.instance.name} reset the connection")
        return self._dated(outcome.response)

    def theirs(self, request: Request, _patience: float | None) -> Response:
        """A request of a person's: no fault stands in its way."""
        return self._dated(self.instance.apply(request))

    def _dated(self, response: Response) -> Response:
        return Response(
            response.status, response.body, {"Date": http_date(self.instance.clock.now()), **response.headers}
        )

    def _call(self, request: Request, *, before: bool) -> None:
        for hook in [h for h in self.hooks if h.before is before and h.fits(request)]:
            self.hooks.remove(hook)
            hook.what()


class People:
    """What people do on the platforms, through the platforms' own APIs."""

    def __init__(self, urls: dict[str, str], wires: dict[str, Wire], flavour: str) -> None:
        self.urls = urls
        self.flavour = flavour
        self.session = requests.Session()
        self.session.trust_env = False
        for name, url in urls.items():
            self.session.mount(url, SimulatedAdapter(wires[name].theirs))

    def _call(self, method: str, url: str, auth: str, body: Any = None, **headers: str) -> Any:
        response = self.session.request(
            method,
            url,
            json=body,
            headers={
                "Accept": "application/json",
                "Content-Type": "application/json",
                "Authorization": auth,
                **headers,
            },
            timeout=20,
        )
        assert response.status_code < 300, f"{method} {url}: {response.status_code} {response.text[:400]}"
        return response.json() if response.content else None

    # ServiceNow

    def snow(self, method: str, path: str, body: Any = None, who: str = "amina") -> Any:
        password = "sandbox" if who == "syncline" else "secret"
        token = base64.b64encode(f"{who}:{password}".encode()).decode()
        return self._call(method, f"{self.urls['snow']}/api/now/table/{path}", f"Basic {token}", body)[
            "result"
        ]

    def snow_create(self, **values: str) -> str:
        return str(self.snow("POST", "incident", {"impact": "2", "urgency": "2", **values})["sys_id"])

    def snow_set(self, sys_id: str, who: str = "amina", **values: str) -> Any:
        return self.snow("PATCH", f"incident/{sys_id}", values, who)

    def snow_get(self, sys_id: str) -> dict[str, str]:
        return dict(self.snow("GET", f"incident/{sys_id}?sysparm_exclude_reference_link=true"))

    def snow_journal(self, sys_id: str) -> list[dict[str, str]]:
        return list(
            self.snow("GET", f"sys_journal_field?sysparm_query=element_id={sys_id}^ORDERBYsys_created_on")
        )

    def snow_all(self) -> list[dict[str, str]]:
        return list(self.snow("GET", "incident?sysparm_exclude_reference_link=true"))

    def snow_attach(self, sys_id: str, name: str, content: bytes, who: str = "amina") -> None:
        token = base64.b64encode(f"{who}:secret".encode()).decode()
        response = self.session.post(
            f"{self.urls['snow']}/api/now/attachment/file",
            params={"table_name": "incident", "table_sys_id": sys_id, "file_name": name},
            data=content,
            headers={
                "Authorization": f"Basic {token}",
                "Content-Type": "text/plain",
                "Accept": "application/json",
            },
            timeout=20,
        )
        assert response.status_code == 201, response.text

    def snow_files(self, sys_id: str) -> list[tuple[str, bytes]]:
        """Name and content of each file."""
        rows = self.snow("GET", f"sys_attachment?sysparm_query=table_sys_id={sys_id}^ORDERBYsys_created_on")
        token = base64.b64encode(b"amina:secret").decode()
        found = []
        for row in rows:
            url = f"{self.urls['snow']}/api/now/attachment/{row['sys_id']}/file"
            reply = self.session.get(url, headers={"Authorization": f"Basic {token}"}, timeout=20)
            found.append((row["file_name"], reply.content))
        return found

    # Jira

    def jira_attach(self, key: str, name: str, content: bytes, who: str = "bruno") -> None:
        response = self.session.post(
            f"{self.urls['jira']}/rest/api/2/issue/{key}/attachments",
            files={"file": (name, content, "text/plain")},
            headers={"Authorization": self._jira_auth(who), "X-Atlassian-Token": "no-check"},
            timeout=20,
        )
        assert response.status_code == 200, response.text

    def jira_files(self, key: str) -> list[tuple[str, bytes]]:
        """Name and content of each file."""
        found = []
        for file in self.jira("GET", f"issue/{key}?fields=attachment")["fields"]["attachment"]:
            reply = self.session.get(
                file["content"], headers={"Authorization": self._jira_auth("bruno")}, timeout=20
            )
            found.append((file["filename"], reply.content))
        return found

    def _jira_auth(self, who: str) -> str:
        if self.flavour == "cloud":
            return f"Basic {base64.b64encode(f'{EMAIL[who]}:token-{who}'.encode()).decode()}"
        return f"Bearer token-{who}"

    def jira(self, method: str, path: str, body: Any = None, who: str = "bruno") -> Any:
        return self._call(method, f"{self.urls['jira']}/rest/api/2/{path}", self._jira_auth(who), body)

    def jira_all(self) -> list[dict[str, Any]]:
        fields = [
            "summary",
            "status",
            "priority",
            "labels",
            "assignee",
            "description",
            "resolution",
            "comment",
        ]
        body = {"jql": "project = OPS ORDER BY created ASC", "fields": fields}
        path = "search/jql" if self.flavour == "cloud" else "search"
        return list(self.jira("POST", path, body)["issues"])

    def jira_set(self, key: str, who: str = "bruno", **fields: Any) -> None:
        self.jira("PUT", f"issue/{key}", {"fields": fields}, who)

    def jira_move(self, key: str, to: str, who: str = "bruno", **fields: Any) -> None:
        for step in self.jira("GET", f"issue/{key}/transitions", who=who)["transitions"]:
            if step["to"]["name"] == to:
                self.jira(
                    "POST",
                    f"issue/{key}/transitions",
                    {"transition": {"id": step["id"]}, "fields": fields},
                    who,
                )
                return
        raise AssertionError(f"no transition of {key} leads to {to}")

    # PagerDuty

    def pd(self, method: str, path: str, body: Any = None, who: str = "noah") -> Any:
        return self._call(
            method,
            f"{self.urls['pd']}/{path}",
            f"Token token=token-{who}",
            body,
            Accept="application/vnd.pagerduty+json;version=2",
            From=EMAIL[who],
        )

    def pd_all(self) -> list[dict[str, Any]]:
        return list(self.pd("GET", "incidents?date_range=all&limit=100")["incidents"])

    def pd_set(self, incident_id: str, who: str = "noah", **values: Any) -> None:
        self.pd("PUT", f"incidents/{incident_id}", {"incident": {"type": "incident", **values}}, who)

    def pd_priority(self, incident_id: str, name: str) -> None:
        ids = {one["name"]: one["id"] for one in self.pd("GET", "priorities")["priorities"]}
        self.pd_set(incident_id, priority={"id": ids[name], "type": "priority_reference"})

    def pd_notes(self, incident_id: str) -> list[dict[str, Any]]:
        return list(self.pd("GET", f"incidents/{incident_id}/notes")["notes"])


class World:
    """The platforms, the people, and Syncline."""

    def __init__(
        self,
        folder: Path,
        flavour: str,
        environment: pytest.MonkeyPatch,
        skew: dict[str, float] | None = None,
        **knobs: dict[str, Any],
    ) -> None:
        self.environment = environment
        self.clock = WorldClock()
        self.flavour = flavour
        self.folder = folder
        kinds = {"snow": "servicenow", "jira": f"jira-{flavour}", "pd": "pagerduty"}
        runtime = WorldRuntime(self.clock)
        self.sandbox = {
            name: Instance(
                name,
                build(name, kind, **knobs.get(name, {})),
                clock=SkewedClock(self.clock, (skew or {}).get(name, 0.0)),
                runtime=runtime,
                record_bodies=True,
            )
            for name, kind in kinds.items()
        }
        self.wires = {name: Wire(instance, self.clock) for name, instance in self.sandbox.items()}
        self.urls = {name: f"https://{name}.example" for name in kinds}
        self.people = People(self.urls, self.wires, flavour)
        self.text = CONFIGURATION
        self.secret("SNOW_PASSWORD", "sandbox")
        self.secret("JIRA_TOKEN", "token-syncline")
        self.secret("PD_TOKEN", "token-syncline")
        self.ids = RandomIds(random.Random(7))
        self.app = self.open()

    def secret(self, name: str, value: str) -> None:
        self.environment.setenv(f"SYNCLINE_{name}", value)

    def configuration(self) -> Configuration:
        auth = "auth: api_token\n    user: syncline@example.com" if self.flavour == "cloud" else "auth: pat"
        service = self.people.pd("GET", "services")["services"][0]["id"]
        text = self.text
        for name, value in {
            "flavour": self.flavour,
            "jira_auth": auth,
            "service": service,
            **self.urls,
        }.items():
            text = text.replace(f"<{name}>", value)
        return load_configuration(text, self.folder / "syncline.yaml", discover().settings(), {})

    def ports(self) -> Ports:
        def wire(instance: str) -> Callable[[], BaseAdapter]:
            return lambda: SimulatedAdapter(self.wires[instance].ours)

        return Ports(self.clock, self.ids, WorldRuntime(self.clock), random.Random(7), wire)

    def open(self) -> Application:
        return Application(self.configuration(), discover().found, "test", self.ports())

    def reopen(self) -> None:
        """Close and open again, as after a restart."""
        self.app.close()
        self.app = self.open()

    def configure(self, old: str, new: str) -> None:
        """Change the configuration, and start again with it."""
        assert old in self.text, old
        self.text = self.text.replace(old, new)
        self.reopen()

    def before(self, name: str, method: str, path: str, what: Callable[[], Any]) -> None:
        """Have that happen once, just before such a request of ours reaches the platform."""
        self.wires[name].hooks.append(Hook(method, path, what, before=True))

    def after(self, name: str, method: str, path: str, what: Callable[[], Any]) -> None:
        """Have that happen once, when such a request of ours has taken effect and its reply is under way."""
        self.wires[name].hooks.append(Hook(method, path, what, before=False))

    def fault(self, name: str, fault: str, method: str = ".*", path: str = "", **more: Any) -> None:
        """One thing goes wrong."""
        self.sandbox[name].set_faults(next={"fault": fault, "method": method, "path": path, **more})

    def sync(self, seconds: float = 3.0) -> Any:
        """Let some time pass, then do all that is due."""
        self.clock.advance(seconds)
        return self.app.sync_once(lambda _text: None)

    def settle(self, rounds: int = 4) -> Any:
        """Sync until everything that follows from one change has come around."""
        return [self.sync() for _ in range(rounds)][-1]

    def sweep(self, name: str) -> list[polling.Swept]:
        """A whole round of the sweep of one instance, and what follows from it."""
        station, steps = self.app.station, []
        while not steps or not steps[-1].finished:
            station.database.transact(lambda tx: station.ledger.mark(tx, ledger.sweep(name)))
            (lease,) = station.database.transact(lambda tx: station.ledger.claim(tx, (Kind.SWEEP,), name))
            steps.append(polling.sweep(station, station.endpoints[name], lease))
        return steps

    def poll(self, name: str) -> None:
        """Ask one instance what changed, and do nothing about it yet."""
        station = self.app.station
        self.clock.advance(3.0)
        station.database.transact(lambda tx: station.ledger.mark(tx, ledger.poll(name)))
        (lease,) = station.database.transact(lambda tx: station.ledger.claim(tx, (Kind.POLL,), name))
        polling.poll(station, station.endpoints[name], lease)

    def reconcile(self) -> None:
        """Reconcile all incidents that are marked, and write nothing yet."""
        while _reconcile(self.app.station, Round(), lambda _: None):
            continue

    def deliver(self, name: str) -> None:
        """Make the delivery that is due to one instance."""
        station = self.app.station
        (lease,) = station.database.transact(lambda tx: station.ledger.claim(tx, (Kind.DELIVERY,), name))
        deliver(station, Turn(station, station.endpoints[name], lease))

    def work(self) -> None:
        """Do all that is due, without polling anybody."""
        station = self.app.station
        while _reconcile(station, Round(), lambda _: None) or _deliver(station, Round(), lambda _: None):
            continue

    def writes(self, marks: dict[str, int]) -> list[str]:
        """Our own writes since then, as `instance METHOD path`."""
        return [
            f"{name} {call}"
            for name, calls in self.calls(marks).items()
            for call in calls
            if not call.startswith("GET") and not re.search(r"search|bulkfetch|/oauth", call)
        ]

    def events(self) -> list[Any]:
        """What the daemon itself has to say."""
        return self.app.database.transact(lambda tx: timeline.of(tx, None))

    def parked(self) -> list[Any]:
        return self.app.parked()

    def requests(self, name: str, since: int = 0) -> list[Any]:
        return [entry for entry in self.sandbox[name].requests(since) if entry.actor.startswith("syncline")]

    def marks(self) -> dict[str, int]:
        """Where each platform's log of requests stands."""
        return {name: (log[-1].n if (log := self.sandbox[name].requests()) else 0) for name in self.urls}

    def calls(self, marks: dict[str, int]) -> dict[str, list[str]]:
        """Our own requests since then, as `METHOD path`."""
        return {
            name: [
                re.sub(r"[0-9a-f]{32}|[A-Z0-9]{14}|OPS-\d+|\b\d{5,}\b", "*", f"{r.method} {r.path}")
                for r in self.requests(name, n)
            ]
            for name, n in marks.items()
        }

    def incident_id(self, key: str) -> str:
        return str(self.app.explain(key)[0].situation.kept.incident.id)

    def timeline(self, key: str) -> list[str]:
        return [f"{e.kind}: {e.text}" for e in self.app.explain(key)[0].events]

    def said(self, key: str, kind: str) -> list[str]:
        """The lines of one kind on an incident's timeline."""
        return [e.text for e in self.app.explain(key)[0].events if e.kind == kind]

    def value(self, key: str, field: str) -> Any:
        """What the incident holds."""
        return self.app.explain(key)[0].situation.kept.incident[field]

    def trio(self, **values: str) -> "Trio":
        """An incident of ServiceNow that stands on all three."""
        return trio_in(self, **values)

    def standing(self) -> "Trio":
        """The one incident that there is, on all three, wherever it began."""
        (row,), (issue,), (incident,) = self.people.snow_all(), self.people.jira_all(), self.people.pd_all()
        return Trio(self, row["sys_id"], row["number"], issue["key"], incident["id"])

    def close(self) -> None:
        self.people.session.close()
        self.app.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the database stands: in memory if there is such a place, since no scenario here cuts the power."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(dir=memory) as name:
        yield Path(name)


@pytest.fixture(params=["cloud", "dc"])
def world(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world on both flavours of Jira."""
    yield from _world(folder, request.param, monkeypatch)


@pytest.fixture
def cloud(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world with Jira Cloud."""
    yield from _world(folder, "cloud", monkeypatch)


def _world(folder: Path, flavour: str, environment: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(folder, flavour, environment)
    try:
        yield world
    finally:
        world.close()


@dataclass(frozen=True, slots=True)
class Trio:
    """An incident that began on ServiceNow and stands on all three, with what people do to it there."""

    world: World
    sys_id: str
    number: str
    key: str
    pd_id: str

    @property
    def snow(self) -> dict[str, str]:
        return self.world.people.snow_get(self.sys_id)

    @property
    def jira(self) -> dict[str, Any]:
        return dict(self.world.people.jira("GET", f"issue/{self.key}")["fields"])

    @property
    def pd(self) -> dict[str, Any]:
        return dict(self.world.people.pd("GET", f"incidents/{self.pd_id}")["incident"])

    def titles(self) -> tuple[str, str, str]:
        return self.snow["short_description"], self.jira["summary"], self.pd["title"]

    def journal(self) -> list[str]:
        return [entry["value"] for entry in self.world.people.snow_journal(self.sys_id)]

    def comments(self) -> list[str]:
        return [
            str(c["body"]) for c in self.world.people.jira("GET", f"issue/{self.key}/comment")["comments"]
        ]

    def notes(self) -> list[str]:
        return [n["content"] for n in self.world.people.pd_notes(self.pd_id)]

    def said(self, kind: str) -> list[str]:
        return self.world.said(self.number, kind)


def trio_in(world: World, **values: str) -> Trio:
    """Make an incident on ServiceNow and wait until it stands on all three."""
    world.sync()
    sys_id = world.people.snow_create(
        **{"short_description": "Mail is down", "description": "Nobody can send.", **values}
    )
    world.settle()
    (issue,) = world.people.jira_all()
    (incident,) = world.people.pd_all()
    return Trio(world, sys_id, world.people.snow_get(sys_id)["number"], issue["key"], incident["id"])


@pytest.fixture
def world_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., World]]:
    """Makes a world with the flavour of Jira that is asked for, and platforms whose clocks are wrong by some seconds."""
    worlds = ExitStack()

    def make(flavour: str = "cloud", **skew: float) -> World:
        world = World(folder, flavour, monkeypatch, skew)
        worlds.callback(world.close)
        return world

    with worlds:
        yield make


@pytest.fixture
def trio_of(world_of: Callable[..., World]) -> Callable[..., Trio]:
    """The same, with an incident that stands on all three."""
    return lambda flavour="cloud", **skew: trio_in(world_of(flavour, **skew))


@pytest.fixture
def trio(cloud: World) -> Trio:
    """An incident on ServiceNow, Jira Cloud and PagerDuty."""
    return trio_in(cloud)


@pytest.fixture
def both(world: World) -> Trio:
    """The same on both flavours of Jira."""
    return trio_in(world)


@pytest.fixture
def desk(cloud: World) -> Iterator[Desk]:
    """A world whose book of escalation (`desk.yaml`) is in force, and whose people have a web hook."""
    with desk_in(cloud) as made:
        yield made
