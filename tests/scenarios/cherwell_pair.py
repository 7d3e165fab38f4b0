"""Cherwell in agreement with ServiceNow: both simulated, people on them, and Syncline between, under one clock that tests move."""

import base64
import json
import random
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from syncline.application import Application
from syncline.assembly import Ports
from syncline.configuration.loading import load_configuration
from syncline.model import Visibility
from syncline.plugins import discover
from syncline.ports import RandomIds
from syncline.sandbox.adapter import SimulatedAdapter, exchange_with
from syncline.sandbox.catalogue import build
from syncline.sandbox.cherwell import Cherwell
from syncline.sandbox.instance import Instance
from syncline.sandbox.platform import Request, Response
from syncline.testing.simulated import MovedRuntime
from syncline.testing.stands.cherwell import CherwellStand

ENTRY = EntryPoint("cherwell", "syncline_cherwell:plugin", "syncline.connectors")
CONFIGURATION = """
syncline: 1
database: sqlite:///syncline.db
instances:
  snow: {platform: servicenow, url: "http://127.0.0.1:1", username: syncline, overlap: 20}
  cherwell: {platform: cherwell, url: "http://127.0.0.1:2", username: syncline, client_id: sandbox-client, overlap: 20, <more>}
<routes>
conflicts: {default: latest}
gone_after: 10m
"""
ALL = "routes:\n  - {name: everywhere, from: all, to: all}"
HEADERS = {"accept": "application/json", "content-type": "application/json"}


class Desk(CherwellStand):
    """Amina at Cherwell, with few licences, and two words for what she reads."""

    def __init__(self, **knobs: Any) -> None:
        super().__init__()
        self.platform = Cherwell(**knobs)
        self.instance = Instance(
            "cherwell", self.platform, clock=self.clock, runtime=MovedRuntime(self.clock), record_bodies=True
        )

    def all(self) -> list[dict[str, Any]]:
        return list(self.platform.snapshot()["records"])

    def one(self) -> dict[str, Any]:
        (record,) = self.all()
        return record


class Pair:
    def __init__(
        self,
        folder: Path,
        environment: pytest.MonkeyPatch,
        more: str,
        routes: str,
        *,
        sync: bool,
        **knobs: Any,
    ) -> None:
        environment.setenv("SYNCLINE_SNOW_PASSWORD", "sandbox")
        environment.setenv("SYNCLINE_CHERWELL_PASSWORD", "sandbox")
        self.desk = Desk(**knobs)
        self.clock = self.desk.clock
        self.hooks: list[tuple[str, Callable[[], None]]] = []
        runtime = MovedRuntime(self.clock)
        snow = Instance("snow", build("snow", "servicenow"), clock=self.clock, runtime=runtime)
        self.instances = {"snow": snow, "cherwell": self.desk.instance}
        plain = {name: exchange_with(one, self.clock, runtime) for name, one in self.instances.items()}

        def wire(name: str) -> Callable[[], SimulatedAdapter]:
            def exchange(request: Request, patience: float | None) -> Response:
                for hook in [one for one in self.hooks if name == "cherwell" and one[0] in request.path]:
                    self.hooks.remove(hook)
                    hook[1]()
                return plain[name](request, patience)

            return lambda: SimulatedAdapter(exchange)

        ports = Ports(self.clock, RandomIds(random.Random(7)), runtime, random.Random(7), wire)
        plugins = {**discover().found, **discover([ENTRY]).found}
        settings = {platform: plugin.settings for platform, plugin in plugins.items()}
        text = CONFIGURATION.replace("<more>", more).replace("<routes>", routes)
        configuration = load_configuration(text, folder / "syncline.yaml", settings, {})
        self._open = lambda: Application(configuration, plugins, "a test", ports)
        self.app = self._open()
        if sync:
            self.sync()

    def reopen(self) -> None:
        """Close and open again, as after a restart."""
        self.app.close()
        self.app = self._open()

    def before(self, path: str, what: Callable[[], None]) -> None:
        """Something that happens once, just before a request of ours reaches Cherwell."""
        self.hooks.append((path, what))

    def fault(self, fault: str, path: str, method: str = "POST") -> None:
        """One thing goes wrong on Cherwell."""
        self.desk.instance.set_faults(next={"fault": fault, "method": method, "path": path})

    def sync(self, seconds: float = 15.0, rounds: int = 3) -> list[str]:
        """Let time pass and do all that is due, so that echoes are taken in; the faults."""
        faults: list[str] = []
        for _ in range(rounds):
            self.clock.move(seconds)
            faults += self.app.sync_once(lambda _text: None).faults
        return faults

    def writes(self) -> int:
        """How many saves of ours reached Cherwell."""
        log = self.desk.instance.requests()
        return len([one for one in log if one.actor == "syncline" and "/save" in one.path.lower()])

    def say(self, record_id: str, text: str, visibility: Visibility = Visibility.INTERNAL) -> None:
        self.desk.say(record_id, text, visibility)

    def snow(self, method: str, path: str, body: Any = None, who: str = "amina") -> Any:
        token = base64.b64encode(f"{who}:secret".encode()).decode()
        path, _, query = path.partition("?")
        headers = {**HEADERS, "authorization": f"Basic {token}"}
        raw = json.dumps(body or {}).encode()
        reply = self.instances["snow"].apply(Request(method, f"/api/now/{path}", query, headers, raw))
        assert reply.status < 300, reply.body
        return json.loads(reply.body)["result"]

    def snow_open(self, title: str, **values: str) -> str:
        body = {"short_description": title, "impact": "2", "urgency": "2", "caller_id": "", **values}
        return str(self.snow("POST", "table/incident", body)["sys_id"])

    def snow_set(self, sys_id: str, **values: str) -> None:
        self.snow("PATCH", f"table/incident/{sys_id}", values)

    def snow_get(self, sys_id: str) -> dict[str, str]:
        return dict(self.snow("GET", f"table/incident/{sys_id}?sysparm_exclude_reference_link=true"))

    def snow_all(self) -> list[dict[str, str]]:
        return list(self.snow("GET", "table/incident?sysparm_query=ORDERBYnumber"))

    def snow_notes(self, sys_id: str) -> list[tuple[str, str]]:
        query = f"sysparm_query=element_id={sys_id}^ORDERBYsys_created_on"
        rows = self.snow("GET", f"table/sys_journal_field?{query}")
        return [(row["element"], row["value"]) for row in rows]

    def person(self, name: str) -> str:
        """The sys_id of somebody on ServiceNow."""
        return str(self.snow("GET", f"table/sys_user?sysparm_query=user_name={name}")[0]["sys_id"])

    def said(self, key: str, kind: str) -> list[str]:
        return [event.text for event in self.app.explain(key)[0].events if event.kind == kind]
