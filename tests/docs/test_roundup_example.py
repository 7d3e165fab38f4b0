"""The example of a connector at work: the real core, the simulated ServiceNow, and a real Roundup."""

import ast
import base64
import json
import random
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path

import pytest
from requests.adapters import HTTPAdapter

from syncline.application import Application
from syncline.assembly import Ports
from syncline.configuration.loading import load_configuration
from syncline.model import Visibility
from syncline.plugins import discover
from syncline.ports import RandomIds, ThreadRuntime
from syncline.sandbox.adapter import SimulatedAdapter, exchange_with
from syncline.sandbox.catalogue import build
from syncline.sandbox.instance import Instance
from syncline.sandbox.platform import Request
from syncline.sandbox.servicenow.people import PEOPLE
from syncline_roundup.stand import RoundupStand, served

needs_roundup = pytest.mark.skipif(
    find_spec("roundup") is None, reason="Roundup is not installed: pip install roundup"
)
EXAMPLE = Path(__file__).parents[2] / "docs/examples/roundup"
PERSON = PEOPLE[0].user_name

CONFIGURATION = """
syncline: 1
database: sqlite:///syncline.db
instances:
  snow: {platform: servicenow, url: "http://127.0.0.1:1", username: syncline, overlap: 20}
  tracker: {platform: roundup, url: "%s", username: syncline, overlap: 20}
routes:
  - {name: everywhere, from: all, to: all}
"""


class MovingRuntime(ThreadRuntime):
    """Whoever waits moves the tracker's clock, which is everybody's."""

    def sleep(self, seconds):
        served().clock.move(seconds)


class Interposed(HTTPAdapter):
    """What somebody does just before a request goes out."""

    def __init__(self, world):
        super().__init__()
        self._world = world

    def send(self, request, **given):
        if self._world.before and self._world.before[0](request):
            self._world.before.pop(0)
            self._world.before.pop(0)()
        return super().send(request, **given)


class World:
    def __init__(self, folder, monkeypatch):
        monkeypatch.setenv("SYNCLINE_SNOW_PASSWORD", "sandbox")
        monkeypatch.setenv("SYNCLINE_TRACKER_PASSWORD", "syncline-secret")
        self.tracker = RoundupStand()
        self.clock = self.tracker.clock
        self.before = []
        runtime = MovingRuntime()
        self.desk = Instance("snow", build("snow", "servicenow"), clock=self.clock, runtime=runtime)
        exchange = exchange_with(self.desk, self.clock, runtime)
        wires = {"snow": lambda: SimulatedAdapter(exchange), "tracker": lambda: Interposed(self)}
        ports = Ports(
            self.clock, RandomIds(random.Random(7)), runtime, random.Random(7), lambda name: wires[name]
        )
        example = EntryPoint("roundup", "syncline_roundup:plugin", "syncline.connectors")
        plugins = {**discover().found, **discover([example]).found}
        settings = {platform: plugin.settings for platform, plugin in plugins.items()}
        text = CONFIGURATION % self.tracker.server.url
        configuration = load_configuration(text, folder / "syncline.yaml", settings, {})
        self.application = Application(configuration, plugins, "a test", ports)
        self.sync()

    def sync(self, seconds=15.0):
        """Let time pass, then do all that is due; twice, so that echoes are taken in."""
        for _ in range(2):
            self.tracker.wait(seconds)
            faults = self.application.sync_once(lambda _text: None).faults
            assert faults == [], self.tracker.server.log[-2000:]

    def snow(self, method, path, content=None):
        """Somebody at the service desk; the rows of the reply."""
        person = base64.b64encode(f"{PERSON}:secret".encode()).decode()
        headers = {
            "authorization": f"Basic {person}",
            "content-type": "application/json",
            "accept": "application/json",
        }
        body = json.dumps(content or {}).encode()
        reply = self.desk.apply(Request(method, f"/api/now/table/{path}", headers=headers, body=body))
        assert reply.status < 300, reply.body
        return json.loads(reply.body)["result"]

    def open(self, title):
        row = self.snow(
            "POST",
            "incident",
            {"short_description": title, "description": "Nobody can log in.", "impact": "1", "urgency": "1"},
        )
        return f"incident/{row['sys_id']}"

    def issues(self):
        return [one["id"] for one in self.tracker.call("GET", "issue")["collection"]]

    def messages(self, number):
        ids = [one["id"] for one in self.tracker.issue(number)["messages"]]
        return [self.tracker.call("GET", f"msg/{one}?@verbose=3")["attributes"]["content"] for one in ids]

    def comments(self, path):
        sys_id = path.removeprefix("incident/")
        rows = self.snow("GET", "sys_journal_field")
        return [row["value"] for row in rows if row["element_id"] == sys_id and row["element"] == "comments"]


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = World(tmp_path, monkeypatch)
    yield made
    made.application.close()


@needs_roundup
def test_one_incident_on_both(world):
    row = world.open("Mail is down")
    world.sync()
    (number,) = world.issues()
    issue = world.tracker.issue(number)
    assert (issue["title"], issue["description"]) == ("Mail is down", "Nobody can log in.")
    assert (issue["status"]["name"], issue["priority"]["name"]) == ("unread", "critical")
    assert "(snow)" in issue["links"]
    assert world.messages(number) == []

    world.tracker.edit(number, {"status": "in-progress"})
    assert world.tracker.say(number, "The disk is full.", Visibility.PUBLIC)
    world.snow("PATCH", row, {"comments": "It is urgent."})
    world.sync()
    assert world.snow("GET", row)["state"] == "2"
    assert any("The disk is full." in text for text in world.comments(row))
    theirs, ours = world.messages(number)
    assert theirs == "The disk is full."
    assert "It is urgent." in ours
    # Our note, which the classic tracker would take for a chat, leaves the status as it is.
    assert world.tracker.issue(number)["status"]["name"] == "in-progress"

    world.snow("PATCH", row, {"state": "6", "close_code": "Solution provided", "close_notes": "A new disk."})
    world.sync()
    assert world.tracker.issue(number)["status"]["name"] == "resolved"
    assert world.issues() == [number]


@needs_roundup
def test_an_edit_that_our_write_overwrote_comes_back(world):
    row = world.open("Mail is down")
    world.sync()
    (number,) = world.issues()

    def between():
        world.tracker.edit(number, {"title": "Mail is down again"})

    world.snow("PATCH", row, {"short_description": "Mail is slow"})
    # Just before we ask what the issue is like now, which is after we decided to write.
    world.before += [lambda request: f"/rest/data/issue/{number}?" in request.url, between]
    world.sync()
    assert world.before == []
    world.sync()
    assert world.tracker.issue(number)["title"] == "Mail is down again"
    assert world.snow("GET", row)["short_description"] == "Mail is down again"


def test_it_is_written_with_what_the_page_allows():
    allowed = {
        "syncline.connector",
        "syncline.model",
        "syncline.errors",
        "syncline.testing",
        "syncline.sandbox.platform",
    }
    trees = [ast.parse(path.read_text()) for path in EXAMPLE.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    named = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    named += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    ours = {name for name in named if name.startswith("syncline.")}
    assert ours
    assert {name for name in ours if not name.startswith("syncline.http.")} <= allowed
