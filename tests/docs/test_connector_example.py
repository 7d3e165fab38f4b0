"""The connector of the integrators' page at work: the real core, the simulated ServiceNow, and an Acme Desk."""

import base64
import json
import random
from importlib.metadata import EntryPoint

import pytest

from syncline.application import Application
from syncline.assembly import Ports
from syncline.configuration.loading import load_configuration
from syncline.connector import CONTRACT
from syncline.plugins import discover
from syncline.ports import RandomIds
from syncline.sandbox.adapter import SimulatedAdapter, exchange_with
from syncline.sandbox.catalogue import build
from syncline.sandbox.instance import Instance
from syncline.sandbox.platform import Request, json_response
from syncline.sandbox.servicenow.people import PEOPLE
from syncline.testing.example.acme_stand import SimulatedAcmeDesk
from syncline.testing.simulated import MovedClock, MovedRuntime

PERSON = PEOPLE[0].user_name

CONFIGURATION = """
syncline: 1
database: sqlite:///syncline.db
instances:
  snow: {platform: servicenow, url: "http://127.0.0.1:1", username: syncline, overlap: 20}
  acme: {platform: acmedesk, url: "http://127.0.0.1:2", overlap: 20}
routes:
  - {name: everywhere, from: all, to: all}
"""


@pytest.fixture
def entry_point():
    """The example, installed as a package of its own would be."""
    return EntryPoint("acmedesk", "syncline.testing.example.acme_desk:plugin", "syncline.connectors")


def dana(acme, now, method, path, **values):
    """Somebody at Acme Desk; the ticket."""
    headers = {"authorization": "Bearer dana-secret"}
    request = Request(method, path, headers=headers, body=json.dumps(values).encode())
    return json.loads(acme.handle(request, now, random.Random(1)).body)


class World:
    def __init__(self, entry_point, folder, monkeypatch):
        monkeypatch.setenv("SYNCLINE_SNOW_PASSWORD", "sandbox")
        monkeypatch.setenv("SYNCLINE_ACME_TOKEN", "acme-secret")
        self.clock = MovedClock()
        runtime = MovedRuntime(self.clock)
        self.acme = SimulatedAcmeDesk()
        self.instances = {
            name: Instance(name, platform, clock=self.clock, runtime=runtime)
            for name, platform in (("snow", build("snow", "servicenow")), ("acme", self.acme))
        }
        exchanges = {
            name: exchange_with(instance, self.clock, runtime) for name, instance in self.instances.items()
        }
        ports = Ports(
            self.clock,
            RandomIds(random.Random(7)),
            runtime,
            random.Random(7),
            lambda name: lambda: SimulatedAdapter(exchanges[name]),
        )
        installed = discover()
        plugins = {**installed.found, **discover([entry_point]).found}
        settings = {platform: plugin.settings for platform, plugin in plugins.items()}
        configuration = load_configuration(CONFIGURATION, folder / "syncline.yaml", settings, {})
        self.application = Application(configuration, plugins, "a test", ports)
        self.sync()

    def sync(self, seconds=15.0):
        """Let time pass, then do all that is due; twice, so that echoes are taken in."""
        for _ in range(2):
            self.clock.move(seconds)
            faults = self.application.sync_once(lambda _text: None).faults
            assert faults == []

    def snow(self, method, path, content=None):
        """Somebody at the service desk; the rows of the reply."""
        person = base64.b64encode(f"{PERSON}:secret".encode()).decode()
        headers = {
            "authorization": f"Basic {person}",
            "content-type": "application/json",
            "accept": "application/json",
        }
        body = json.dumps(content or {}).encode()
        reply = self.instances["snow"].apply(
            Request(method, f"/api/now/table/{path}", headers=headers, body=body)
        )
        assert reply.status < 300, reply.body
        return json.loads(reply.body)["result"]

    def open(self, title):
        return self.snow("POST", "incident", {"short_description": title, "impact": "2", "urgency": "2"})


@pytest.fixture
def world(entry_point, tmp_path, monkeypatch):
    made = World(entry_point, tmp_path, monkeypatch)
    yield made
    made.application.close()


def test_it_is_found_by_its_entry_point(entry_point):
    found = discover([entry_point])
    assert found.broken == ()
    plugin = found.found["acmedesk"]
    assert plugin.title == "Acme Desk"
    assert plugin.contract == CONTRACT  # what `connector new` writes is of today


def test_what_begins_on_servicenow_appears_and_what_is_edited_comes_back(world):
    row = world.open("Mail is down")
    world.sync()
    (ticket,) = world.acme.tickets.values()
    assert (ticket["title"], ticket["state"]) == ("Mail is down", "open")
    assert ticket["tag"].startswith("SL-")

    path = f"/tickets/{ticket['number']}"
    dana(world.acme, world.clock.now(), "PATCH", path, title="Mail is down again", state="working")
    world.sync()
    row = world.snow("GET", f"incident/{row['sys_id']}")
    assert row["short_description"] == "Mail is down again"
    assert row["state"] == "2"


def test_what_begins_there_appears_on_servicenow(world):
    dana(world.acme, world.clock.now(), "POST", "/tickets", title="VPN is slow", state="open")
    world.sync()
    assert [one["short_description"] for one in world.snow("GET", "incident")] == ["VPN is slow"]


def test_an_unchanged_world_is_not_written_to(world):
    world.open("Mail is down")
    world.sync()
    before = world.instances["acme"].requests()[-1].n
    world.sync()
    world.sync()
    assert {one.method for one in world.instances["acme"].requests(before)} == {"GET"}


def test_a_lost_reply_makes_no_second_ticket(world):
    world.instances["acme"].set_faults(next={"fault": "reset_after", "method": "POST", "path": "^/tickets$"})
    world.open("Mail is down")
    for _ in range(6):
        world.sync(30.0)
    assert [one["title"] for one in world.acme.tickets.values()] == ["Mail is down"]
    (explained,) = world.application.explain("A-1")
    assert "unknown" in [event.kind for event in explained.events]


def test_internal_notes_arrive_once_with_their_author(world):
    row = world.open("Mail is down")
    world.sync()
    world.snow("PATCH", f"incident/{row['sys_id']}", {"work_notes": "The disk is full."})
    for _ in range(4):
        world.sync()
    texts = [note["text"] for note in world.acme.notes[1]]
    (copy,) = [text for text in texts if "The disk is full." in text]
    assert row["number"] in copy


def test_check_and_the_live_mapping_are_content(world):
    findings = [finding for name, finding in world.application.check(["acme"])]
    assert {finding.severity.value for finding in findings} == {"ok"}
    (history,) = [finding.message for finding in findings if finding.check == "history"]
    assert "cannot be found afterwards: Acme Desk keeps no history" in history


def test_a_wrong_token_is_said_with_its_variable(entry_point, tmp_path, monkeypatch):
    world = World(entry_point, tmp_path, monkeypatch)
    world.application.close()
    monkeypatch.setattr(world.acme, "handle", lambda *_: json_response(401, {"error": "no"}))
    (finding,) = [f for _, f in world.application.check(["acme"]) if f.check == "authorised"]
    assert "SYNCLINE_ACME_TOKEN" in finding.message


def test_a_ticket_without_its_fields_is_no_stumbling_block(world):
    world.acme.tickets[1] = {"number": 1, "updated": world.clock.now().isoformat()}
    world.clock.move(15)
    (fault,) = world.application.sync_once(lambda _text: None).faults
    assert fault.startswith("acme: Acme Desk sent a ticket that cannot be read")
