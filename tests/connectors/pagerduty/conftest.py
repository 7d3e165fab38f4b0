"""A simulated account, a connector to it, and time that only the tests move."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr
from requests.adapters import BaseAdapter

from syncline.connector import Connector, Cursor, Sighting
from syncline.http.client import Http
from syncline.ports import ThreadRuntime
from syncline.sandbox.adapter import SimulatedAdapter, exchange_with
from syncline.sandbox.instance import Instance
from syncline.sandbox.pagerduty.directory import stable_id
from syncline.sandbox.pagerduty.platform import PagerDuty
from syncline.sandbox.platform import Request
from syncline_pagerduty import plugin
from syncline_pagerduty.settings import PagerDutySettings

SERVICE = stable_id("service", "Service Desk")

PEOPLE = {
    "amina": "amina.diallo@example.com",
    "bruno": "bruno.keller@example.com",
    "noah": "noah.brooks@example.com",
    "syncline": "syncline@example.com",
}

FIELDS = frozenset(
    {
        "title",
        "description",
        "status",
        "urgency",
        "priority",
        "assignee",
        "assignees",
        "escalation_policy",
        "service",
        "teams",
        "incident_key",
        "resolve_reason",
        "merged_into",
        "created_at",
        "resolved_at",
        "incident_number",
        "resolution",
    }
)

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class VirtualClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class VirtualRuntime(ThreadRuntime):
    """Threads that sleep by moving the clock."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def sleep(self, seconds: float) -> None:
        self._clock.move(seconds)


def make_settings(**changes: Any) -> PagerDutySettings:
    """Settings of the sandbox's integration account."""
    given: dict[str, Any] = {
        "name": "pd",
        "platform": "pagerduty",
        "url": "https://api.pagerduty.com",
        "token": SecretStr("token-syncline"),
        "from_email": "syncline@example.com",
        "services": [SERVICE],
        "requests_per_minute": 100_000,
    }
    return PagerDutySettings(**(given | changes))


def make_http(
    settings: PagerDutySettings, clock: VirtualClock, wire: Callable[[], BaseAdapter] | None = None
) -> Http:
    return Http.for_instance(
        settings, plugin.dialect, clock=clock, runtime=VirtualRuntime(clock), rng=Random(7), wire=wire
    )


@dataclass
class World:
    """One account, people who work in it, and our connector."""

    platform: PagerDuty
    clock: VirtualClock
    instance: Instance
    settings: PagerDutySettings
    http: Http
    connector: Connector
    calls: int = 0

    SERVICE = stable_id("service", "Service Desk")
    NETWORK = stable_id("service", "Network")
    AMINA = stable_id("user", "amina.diallo@example.com")
    BRUNO = stable_id("user", "bruno.keller@example.com")
    NOAH = stable_id("user", "noah.brooks@example.com")
    SYNCLINE = stable_id("user", "syncline@example.com")
    DESK_POLICY = stable_id("escalation_policy", "Service Desk escalation")
    NETWORK_POLICY = stable_id("escalation_policy", "Network escalation")

    def call(self, who: str, method: str, path: str, body: Any = None, query: str = "") -> Any:
        """What a person does by PagerDuty's own API."""
        headers = {
            "authorization": f"Token token=token-{who}",
            "from": PEOPLE[who],
            "accept": "application/vnd.pagerduty+json;version=2",
            "content-type": "application/json",
        }
        raw = b"" if body is None else json.dumps(body).encode()
        self.calls += 1
        reply = self.platform.handle(
            Request(method, path, query, headers, raw), self.clock.now(), Random(self.calls)
        )
        assert reply.status < 300, reply.body
        return json.loads(reply.body or b"{}")

    def raise_incident(self, title: str = "It burns", service: str = SERVICE, **more: Any) -> dict[str, Any]:
        incident = {
            "type": "incident",
            "title": title,
            "service": {"id": service, "type": "service_reference"},
        }
        reply = self.call("amina", "POST", "/incidents", {"incident": incident | more})
        return dict(reply["incident"])

    def edit(self, record_id: str, who: str = "amina", **changes: Any) -> dict[str, Any]:
        body = {"incident": {"type": "incident_reference", **changes}}
        return dict(self.call(who, "PUT", f"/incidents/{record_id}", body)["incident"])

    def note(self, record_id: str, content: str, who: str = "amina") -> str:
        reply = self.call(who, "POST", f"/incidents/{record_id}/notes", {"note": {"content": content}})
        return str(reply["note"]["id"])

    def sent(self, work: Callable[[], Any]) -> list[str]:
        """The requests that `work` sends, as `GET /path`."""
        last = self.instance.requests()[-1].n if self.instance.requests() else 0
        work()
        return [f"{entry.method} {entry.path}" for entry in self.instance.requests(last)]

    def poll(self, cursor: Cursor, limit: int = 100) -> tuple[list[Sighting], Cursor]:
        """Poll until there is no more."""
        found: list[Sighting] = []
        for _ in range(1_000):
            page = self.connector.poll(cursor, limit)
            found += page.sightings
            cursor = page.cursor
            if not page.more:
                return found, cursor
        raise AssertionError("the poll never ends")


@pytest.fixture
def make_world() -> Callable[..., World]:
    """Makes a world; keyword arguments for the account, `settings` for ours, `fields` for the mapping."""

    def make(
        settings: dict[str, Any] | None = None, fields: frozenset[str] = FIELDS, **account: Any
    ) -> World:
        clock = VirtualClock()
        platform = PagerDuty(**{"priority_entries": True, **account})
        instance = Instance("pd", platform, clock=clock, runtime=VirtualRuntime(clock))
        ours = make_settings(**(settings or {}))
        exchange = exchange_with(instance, clock, VirtualRuntime(clock))
        http = make_http(ours, clock, lambda: SimulatedAdapter(exchange))
        return World(platform, clock, instance, ours, http, plugin.connect(ours, http, fields))

    return make


@pytest.fixture
def settings() -> Callable[..., PagerDutySettings]:
    """Makes settings; keyword arguments over those of the sandbox's integration account."""
    return make_settings


@pytest.fixture
def plain() -> Callable[..., tuple[Connector, VirtualClock]]:
    """Makes a connector whose requests go out of `requests` as they are, for the library `responses`."""

    def make(fields: frozenset[str] = FIELDS, **changes: Any) -> tuple[Connector, VirtualClock]:
        clock = VirtualClock()
        ours = make_settings(**changes)
        return plugin.connect(ours, make_http(ours, clock), fields), clock

    return make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A world as it is by default."""
    return make_world()
