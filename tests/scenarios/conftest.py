"""A whole small world: simulated platforms over real HTTP, and Syncline beside them, under one clock that tests move."""

import base64
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from syncline.application import Application
from syncline.assembly import Ports
from syncline.configuration import Configuration
from syncline.configuration.loading import load_configuration
from syncline.plugins import discover
from syncline.ports import RandomIds, ThreadRuntime
from syncline.sandbox.catalogue import build
from syncline.sandbox.server import Sandbox

EMAIL = {
    name.partition(".")[0]: f"{name}@example.com"
    for name in ("amina.diallo", "bruno.keller", "chloe.martin", "diane.novak", "noah.brooks", "olga.petrova")
}
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

CONFIGURATION = """
syncline: 1
database: sqlite:///syncline.db
instances:
  snow:
    platform: servicenow
    url: {snow}
    auth: basic
    username: syncline
    overlap: 20
  jira:
    platform: jira
    url: {jira}
    flavour: {flavour}
    {jira_auth}
    projects: [OPS]
    default_issue_type: Task
    overlap: 20
  pd:
    platform: pagerduty
    url: {pd}
    auth: token
    from_email: syncline@example.com
    services: [{service}]
    overlap: 20
routes:
  - name: everywhere
    from: [snow, jira, pd]
    to: [snow, jira, pd]
conflicts:
  default: latest
"""


class WorldClock:
    """Time that stands still until it is moved, but for a microsecond at each look."""

    def __init__(self) -> None:
        self._now = START
        self._ticks = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - START).total_seconds() + self._ticks

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class WorldRuntime(ThreadRuntime):
    """Waiting moves the clock instead of taking time."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)


class People:
    """What people do on the platforms, through the platforms' own APIs."""

    def __init__(self, urls: dict[str, str], flavour: str) -> None:
        self.urls = urls
        self.flavour = flavour
        self.session = requests.Session()
        self.session.trust_env = False

    def _call(self, method: str, url: str, auth: str, body: Any = None, **headers: str) -> Any:
        response = self.session.request(
            method,
            url,
            json=body,
            headers={"Accept": "application/json", "Content-Type": "application/json", "Authorization": auth, **headers},
            timeout=20,
        )
        assert response.status_code < 300, f"{method} {url}: {response.status_code} {response.text[:400]}"
        return response.json() if response.content else None

    # ServiceNow

    def snow(self, method: str, path: str, body: Any = None, who: str = "amina") -> Any:
        token = base64.b64encode(f"{who}:secret".encode()).decode()
        return self._call(method, f"{self.urls['snow']}/api/now/table/{path}", f"Basic {token}", body)["result"]

    def snow_create(self, **values: str) -> str:
        return str(self.snow("POST", "incident", {"impact": "2", "urgency": "2", **values})["sys_id"])

    def snow_set(self, sys_id: str, who: str = "amina", **values: str) -> Any:
        return self.snow("PATCH", f"incident/{sys_id}", values, who)

    def snow_get(self, sys_id: str) -> dict[str, str]:
        return dict(self.snow("GET", f"incident/{sys_id}?sysparm_exclude_reference_link=true"))

    def snow_journal(self, sys_id: str) -> list[dict[str, str]]:
        return list(self.snow("GET", f"sys_journal_field?sysparm_query=element_id={sys_id}^ORDERBYsys_created_on"))

    def snow_all(self) -> list[dict[str, str]]:
        return list(self.snow("GET", "incident?sysparm_exclude_reference_link=true"))

    # Jira

    def jira(self, method: str, path: str, body: Any = None, who: str = "bruno") -> Any:
        if self.flavour == "cloud":
            token = base64.b64encode(f"{EMAIL[who]}:token-{who}".encode()).decode()
            auth = f"Basic {token}"
        else:
            auth = f"Bearer token-{who}"
        return self._call(method, f"{self.urls['jira']}/rest/api/2/{path}", auth, body)

    def jira_all(self) -> list[dict[str, Any]]:
        fields = ["summary", "status", "priority", "labels", "assignee", "description", "resolution", "comment"]
        body = {"jql": "project = OPS ORDER BY created ASC", "fields": fields}
        path = "search/jql" if self.flavour == "cloud" else "search"
        return list(self.jira("POST", path, body)["issues"])

    def jira_set(self, key: str, who: str = "bruno", **fields: Any) -> None:
        self.jira("PUT", f"issue/{key}", {"fields": fields}, who)

    def jira_move(self, key: str, to: str, who: str = "bruno", **fields: Any) -> None:
        for step in self.jira("GET", f"issue/{key}/transitions", who=who)["transitions"]:
            if step["to"]["name"] == to:
                self.jira("POST", f"issue/{key}/transitions", {"transition": {"id": step["id"]}, "fields": fields}, who)
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

    def pd_notes(self, incident_id: str) -> list[dict[str, Any]]:
        return list(self.pd("GET", f"incidents/{incident_id}/notes")["notes"])


class World:
    """The platforms, the people, and Syncline."""

    def __init__(self, folder: Path, flavour: str, **knobs: dict[str, Any]) -> None:
        self.clock = WorldClock()
        self.flavour = flavour
        self.folder = folder
        kinds = {"snow": "servicenow", "jira": f"jira-{flavour}", "pd": "pagerduty"}
        platforms = {name: build(name, kind, **knobs.get(name, {})) for name, kind in kinds.items()}
        self.sandbox = Sandbox(platforms, clock=self.clock, record_bodies=True)
        self.urls = self.sandbox.start()
        self.people = People(self.urls, flavour)
        self.text = CONFIGURATION
        self.app = self.open()

    def environment(self) -> dict[str, str]:
        return {
            "SYNCLINE_SNOW_PASSWORD": "sandbox",
            "SYNCLINE_JIRA_TOKEN": "token-syncline",
            "SYNCLINE_PD_TOKEN": "token-syncline",
        }

    def configuration(self) -> Configuration:
        auth = "auth: api_token\n    user: syncline@example.com" if self.flavour == "cloud" else "auth: pat"
        service = self.people.pd("GET", "services")["services"][0]["id"]
        text = self.text.format(flavour=self.flavour, jira_auth=auth, service=service, **self.urls)
        return load_configuration(text, self.folder / "syncline.yaml", discover().settings(), self.environment())

    def ports(self) -> Ports:
        runtime = WorldRuntime(self.clock)
        return Ports(self.clock, RandomIds(random.Random(7)), runtime, random.Random(7))

    def open(self) -> Application:
        return Application(self.configuration(), discover().found, "test", self.ports())

    def reopen(self) -> None:
        """Close and open again, as after a restart."""
        self.app.close()
        self.app = self.open()

    def sync(self, seconds: float = 3.0) -> Any:
        """Let some time pass, then do all that is due."""
        self.clock.advance(seconds)
        return self.app.sync_once(lambda _text: None)

    def settle(self, rounds: int = 4) -> Any:
        """Sync until everything that follows from one change has come around."""
        return [self.sync() for _ in range(rounds)][-1]

    def requests(self, name: str, since: int = 0) -> list[Any]:
        return [entry for entry in self.sandbox[name].requests(since) if entry.actor.startswith("syncline")]

    def marks(self) -> dict[str, int]:
        """Where each platform's log of requests stands."""
        return {name: (log[-1].n if (log := self.sandbox[name].requests()) else 0) for name in self.urls}

    def calls(self, marks: dict[str, int]) -> dict[str, list[str]]:
        """Our own requests since then, as `METHOD path`."""
        return {
            name: [re.sub(r"[0-9a-f]{32}|[A-Z0-9]{14}|OPS-\d+|\b\d{5,}\b", "*", f"{r.method} {r.path}") for r in self.requests(name, n)]
            for name, n in marks.items()
        }

    def incident_id(self, key: str) -> str:
        return str(self.app.explain(key)[0].situation.kept.incident.id)

    def timeline(self, key: str) -> list[str]:
        return [f"{e.kind}: {e.text}" for e in self.app.explain(key)[0].events]

    def close(self) -> None:
        self.people.session.close()
        self.app.close()
        self.sandbox.stop()


@pytest.fixture(params=["cloud", "dc"])
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world on both flavours of Jira."""
    yield from _world(tmp_path, request.param, monkeypatch)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world with Jira Cloud."""
    yield from _world(tmp_path, "cloud", monkeypatch)


def _world(folder: Path, flavour: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in (
        ("SYNCLINE_SNOW_PASSWORD", "sandbox"),
        ("SYNCLINE_JIRA_TOKEN", "token-syncline"),
        ("SYNCLINE_PD_TOKEN", "token-syncline"),
    ):
        monkeypatch.setenv(name, value)
    world = World(folder, flavour)
    try:
        yield world
    finally:
        world.close()
