"""BMC Helix ITSM in agreement with ServiceNow or PagerDuty: both simulated, people on them, and Syncline between, under one clock that tests move."""

import base64
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from syncline.application import Application
from syncline.assembly import Ports
from syncline.configuration.loading import load_configuration
from syncline.plugins import discover
from syncline.ports import RandomIds
from syncline.sandbox.adapter import SimulatedAdapter, exchange_with
from syncline.sandbox.catalogue import build
from syncline.sandbox.instance import Instance
from syncline.sandbox.platform import Request, Response
from syncline.testing.simulated import MovedClock, MovedRuntime

ENTRY = EntryPoint("helix", "syncline_helix:plugin", "syncline.connectors")
CONFIGURATION = """
syncline: 1
database: sqlite:///syncline.db
instances:
  <peer>
  helix: {platform: helix, url: "http://127.0.0.1:2", username: syncline, overlap: 20, <more>}
routes:
  - {name: everywhere, from: all, to: all}
conflicts: {default: latest}
gone_after: 10m
"""
PEERS = {
    "snow": 'snow: {platform: servicenow, url: "http://127.0.0.1:1", username: syncline, overlap: 20}',
    "pd": 'pd: {platform: pagerduty, url: "http://127.0.0.1:1", from_email: syncline@example.com, overlap: 20}',
}
"""What Helix is kept in agreement with."""
HEADERS = {"accept": "application/json", "content-type": "application/json"}


@dataclass
class Hook:
    """Something that happens once, just before or after a request of ours reaches a platform."""

    name: str
    method: str
    path: str
    what: Callable[[], Any]
    before: bool


class Pair:
    def __init__(
        self, folder: Path, environment: pytest.MonkeyPatch, more: str, *, peer: str = "snow", **knobs: Any
    ) -> None:
        environment.setenv("SYNCLINE_SNOW_PASSWORD", "sandbox")
        environment.setenv("SYNCLINE_PD_TOKEN", "token-syncline")
        environment.setenv("SYNCLINE_HELIX_PASSWORD", "sandbox")
        self.clock = MovedClock()
        self.folder = folder
        self.hooks: list[Hook] = []
        runtime = MovedRuntime(self.clock)
        self.platform = build("helix", "helix", **knobs)
        other = build(peer, "servicenow" if peer == "snow" else "pagerduty")
        self.instances = {
            name: Instance(name, platform, clock=self.clock, runtime=runtime, record_bodies=True)
            for name, platform in ((peer, other), ("helix", self.platform))
        }
        plain = {name: exchange_with(one, self.clock, runtime) for name, one in self.instances.items()}

        def wire(name: str) -> Callable[[], SimulatedAdapter]:
            def exchange(request: Request, patience: float | None) -> Response:
                self._call(name, request, before=True)
                try:
                    return plain[name](request, patience)
                finally:
                    self._call(name, request, before=False)

            return lambda: SimulatedAdapter(exchange)

        ports = Ports(self.clock, RandomIds(random.Random(7)), runtime, random.Random(7), wire)
        plugins = {**discover().found, **discover([ENTRY]).found}
        settings = {platform: plugin.settings for platform, plugin in plugins.items()}
        text = CONFIGURATION.replace("<more>", more).replace("<peer>", PEERS[peer])
        configuration = load_configuration(text, folder / "syncline.yaml", settings, {})
        self._open = lambda: Application(configuration, plugins, "a test", ports)
        self.app = self._open()
        self.sync()

    def reopen(self) -> None:
        """Close and open again, as after a restart."""
        self.app.close()
        self.app = self._open()

    def once(self, name: str, method: str, path: str, what: Callable[[], Any], *, before: bool) -> None:
        self.hooks.append(Hook(name, method, path, what, before))

    def fault(self, fault: str, method: str, path: str, **more: Any) -> None:
        """One thing goes wrong on Helix."""
        self.instances["helix"].set_faults(next={"fault": fault, "method": method, "path": path, **more})

    def sync(self, seconds: float = 15.0, rounds: int = 3) -> list[str]:
        """Let time pass and do all that is due, so that echoes are taken in; the faults."""
        faults: list[str] = []
        for _ in range(rounds):
            self.clock.move(seconds)
            faults += self.app.sync_once(lambda _text: None).faults
        return faults

    # Helix

    def helix(self, method: str, form: str, body: Any = None, who: str = "amina", **params: str) -> Any:
        raw = b"" if body is None else json.dumps({"values": body}).encode()
        headers = {**HEADERS, "authorization": f"AR-JWT token-{who}", "host": "helix"}
        path = f"/api/arsys/v1/entry/{form}"
        reply = self.instances["helix"].apply(Request(method, path, urlencode(params), headers, raw))
        assert reply.status < 300, reply.body
        return json.loads(reply.body) if reply.body else None

    def open(self, title: str, who: str = "amina", **values: Any) -> str:
        """The number of an incident that somebody opened on Helix."""
        given = {
            "z1D_Action": "CREATE",
            "Login_ID": "olga",
            "Description": title,
            "Impact": "2-Significant/Large",
            "Urgency": "2-High",
            "Reported Source": "Phone",
            "Service_Type": "User Service Restoration",
            **values,
        }
        made = self.helix(
            "POST", "HPD:IncidentInterface_Create", given, who, fields="values(Incident Number)"
        )
        return str(made["values"]["Incident Number"])

    def all(self) -> list[dict[str, Any]]:
        found = self.helix("GET", "HPD:IncidentInterface", sort="Incident Number.asc")["entries"]
        return [entry["values"] for entry in found]

    def read(self, number: str) -> dict[str, Any]:
        q = f"'Incident Number' = \"{number}\""
        (entry,) = self.helix("GET", "HPD:IncidentInterface", q=q)["entries"]
        return dict(entry["values"])

    def change(self, number: str, who: str = "amina", **values: Any) -> None:
        body = {name.replace("__", " "): value for name, value in values.items()}
        self.helix("PUT", f"HPD:IncidentInterface/{self.read(number)['Request ID']}", body, who)

    def note(self, number: str, text: str, access: str = "Internal", who: str = "amina") -> None:
        body = {
            "Incident Number": number,
            "Work Log Type": "General Information",
            "Detailed Description": text,
            "View Access": access,
            "Secure Work Log": "No",
        }
        self.helix("POST", "HPD:WorkLog", body, who)

    def attach(self, number: str, name: str, content: bytes, who: str = "amina") -> None:
        values = {
            "Incident Number": number,
            "Work Log Type": "General Information",
            "Detailed Description": "See the file",
            "View Access": "Internal",
            "Secure Work Log": "No",
            "z2AF Work Log01": name,
        }
        parts = [
            ("entry", (None, json.dumps({"values": values}), "application/json")),
            ("attach-z2AF Work Log01", (name, content, "text/plain")),
        ]
        prepared = requests.Request("POST", "http://helix/x", files=parts).prepare()
        headers = {
            "authorization": f"AR-JWT token-{who}",
            "content-type": prepared.headers["Content-Type"],
            "host": "helix",
        }
        reply = self.instances["helix"].apply(
            Request("POST", "/api/arsys/v1/entry/HPD:WorkLog", "", headers, prepared.body)
        )
        assert reply.status == 201, reply.body

    def notes(self, number: str) -> list[dict[str, Any]]:
        found = self.helix(
            "GET", "HPD:WorkLog", q=f"'Incident Number' = \"{number}\"", sort="Work Log ID.asc"
        )
        return [entry["values"] for entry in found["entries"]]

    # ServiceNow

    def snow(self, method: str, path: str, body: Any = None, who: str = "amina") -> Any:
        token = base64.b64encode(f"{who}:secret".encode()).decode()
        headers = {**HEADERS, "authorization": f"Basic {token}"}
        path, _, query = path.partition("?")
        raw = json.dumps(body or {}).encode()
        reply = self.instances["snow"].apply(Request(method, f"/api/now/{path}", query, headers, raw))
        assert reply.status < 300, reply.body
        return json.loads(reply.body)["result"]

    def snow_open(self, title: str, **values: str) -> str:
        body = {"short_description": title, "impact": "2", "urgency": "2", "caller_id": "", **values}
        return str(self.snow("POST", "table/incident", body)["sys_id"])

    def snow_set(self, sys_id: str, who: str = "amina", **values: str) -> None:
        self.snow("PATCH", f"table/incident/{sys_id}", values, who)

    def snow_get(self, sys_id: str) -> dict[str, str]:
        return dict(self.snow("GET", f"table/incident/{sys_id}?sysparm_exclude_reference_link=true"))

    def snow_all(self) -> list[dict[str, str]]:
        return list(self.snow("GET", "table/incident?sysparm_query=ORDERBYnumber"))

    def snow_notes(self, sys_id: str) -> list[tuple[str, str]]:
        rows = self.snow(
            "GET", f"table/sys_journal_field?sysparm_query=element_id={sys_id}^ORDERBYsys_created_on"
        )
        return [(row["element"], row["value"]) for row in rows]

    def person(self, name: str) -> str:
        """The sys_id of somebody on ServiceNow."""
        return str(self.snow("GET", f"table/sys_user?sysparm_query=user_name={name}")[0]["sys_id"])

    # PagerDuty

    def pager(self, method: str, path: str, body: Any = None) -> Any:
        headers = {
            **HEADERS,
            "accept": "application/vnd.pagerduty+json;version=2",
            "authorization": "Token token=token-noah",
            "from": "noah.brooks@example.com",
        }
        reply = self.instances["pd"].apply(
            Request(method, f"/{path}", "", headers, json.dumps(body or {}).encode())
        )
        assert reply.status < 300, reply.body
        return json.loads(reply.body)

    def pager_open(self, title: str) -> str:
        """The id of an incident that somebody opened on PagerDuty: it has no priority."""
        service = {"id": self.pager("GET", "services")["services"][0]["id"], "type": "service_reference"}
        given = {"incident": {"type": "incident", "title": title, "service": service}}
        return str(self.pager("POST", "incidents", given)["incident"]["id"])

    # What Syncline says

    def said(self, key: str, kind: str) -> list[str]:
        return [event.text for event in self.app.explain(key)[0].events if event.kind == kind]

    def ours(self, since: int = 0) -> list[str]:
        """Our requests to Helix after that number, as `METHOD path`."""
        log = self.instances["helix"].requests(since)
        return [f"{one.method} {one.path}" for one in log if one.actor == "syncline"]

    def mark(self) -> int:
        log = self.instances["helix"].requests()
        return log[-1].n if log else 0

    def _call(self, name: str, request: Request, *, before: bool) -> None:
        for hook in list(self.hooks):
            fits = hook.name == name and hook.before is before and re.fullmatch(hook.method, request.method)
            if fits and re.search(hook.path, request.path):
                self.hooks.remove(hook)
                hook.what()
