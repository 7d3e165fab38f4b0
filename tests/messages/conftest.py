"""An outbox with a clock that tests move, and services on this machine that say what they are told to say."""

import json
import random
import socketserver
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import unquote

import pytest

from syncline import ledger
from syncline.configuration import Channel, Configuration
from syncline.connector import Paged, PagePerson, Receipt
from syncline.escalation.decision import Message
from syncline.http.redaction import Redactor
from syncline.ledger import MESSAGES, Kind, Ledger
from syncline.messages import sending
from syncline.messages.channels import Channels
from syncline.ports import RandomIds, ThreadRuntime
from syncline.station import Station
from syncline.store import incidents, messages, timeline
from syncline.store.database import Database
from syncline.store.migrate import upgrade

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class MovedClock:
    """Time that stands still until it is moved."""

    def __init__(self):
        self.at = NOON

    def now(self):
        return self.at

    def monotonic(self):
        return self.at.timestamp()

    def advance(self, seconds):
        self.at += timedelta(seconds=seconds)


# ---- services ------------------------------------------------------------------------------------


@dataclass
class Hook:
    """A web hook: what it was sent, and what it answers: a status, or what to do with the connection."""

    port: int
    answers: list[int | str] = field(default_factory=list)
    got: list[dict] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    location: str = ""

    @property
    def url(self):
        return f"json://127.0.0.1:{self.port}"

    @property
    def texts(self):
        return [one["message"] for one in self.got]


@pytest.fixture
def hook() -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            made.got.append(body)
            made.paths.append(unquote(self.path))
            answer = made.answers.pop(0) if made.answers else 200
            if answer == "break":
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(answer)
            if 300 <= answer < 400:
                self.send_header("location", made.location)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Hook(server.server_address[1])
        task = ThreadRuntime().spawn("hook", lambda: server.serve_forever(0.01))
        yield made
        server.shutdown()
        task.join(10)


@dataclass
class Mailbox:
    """A mail server: the letters that it took; what it answers to a command instead of its usual."""

    port: int
    instead: dict[str, str] = field(default_factory=dict)
    letters: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self):
        return f"mailto://127.0.0.1:{self.port}?from=syncline%40example.com&to={{address}}&mode=insecure"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    usual = {"DATA": "354 go on", "QUIT": "221 bye", "": "220 mail", ".": "250 taken"}

    class Session(socketserver.StreamRequestHandler):
        def handle(self):
            to = ""
            if not self.say(""):
                return
            while line := self.rfile.readline().decode():
                command = line.split()[0].upper() if line.strip() else ""
                if command == "RCPT":
                    to = line.partition("<")[2].partition(">")[0]
                if not self.say(command):
                    return
                if command == "DATA" and "DATA" not in made.instead:
                    letter = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        letter += part
                    if made.instead.get(".", "2").startswith(("2", "break")):
                        made.letters.append((to, letter.decode()))
                    if not self.say("."):
                        return
                if command == "QUIT":
                    return

        def say(self, command):
            reply = made.instead.get(command, usual.get(command, "250 well"))
            if reply == "break":
                return False
            self.wfile.write(f"{reply}\r\n".encode())
            return True

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads = True
        made = Mailbox(server.server_address[1])
        task = ThreadRuntime().spawn("mail", lambda: server.serve_forever(0.01))
        yield made
        server.shutdown()
        task.join(10)


# ---- a platform that pages --------------------------------------------------------------------------


class Platform:
    """An instance whose platform pages: it does what it is told to, and says what is asked of it."""

    skew = None

    def __init__(self):
        self.outcomes = []
        self.signs = []
        self.pages: list[PagePerson] = []
        self.asked: list[tuple[str, str, datetime]] = []

    def write(self, operation):
        self.pages.append(operation)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome
        return Receipt(operation.record_id)

    def paged(self, record_id, person, since):
        self.asked.append((record_id, person, since))
        sign = self.signs.pop(0) if self.signs else Paged.PENDING
        if isinstance(sign, Exception):
            raise sign
        return sign


# ---- the outbox ------------------------------------------------------------------------------------


@dataclass
class Outbox:
    """A station with an outbox, and how to work it off."""

    station: Station
    clock: MovedClock
    woken: list
    redactor: Redactor

    def transact(self, work):
        return self.station.database.transact(work)

    def post(self, *decided, incident_id="SL-1"):
        def store(tx):
            made = messages.insert(tx, self.station.ids, incident_id, decided)
            for one in made:
                self.station.ledger.mark(tx, ledger.message(one.id), one.due, one.urgency)
            return [one.id for one in made]

        return self.transact(store)

    def claim(self):
        leases = self.transact(lambda tx: self.station.ledger.claim(tx, (Kind.MESSAGE,), MESSAGES))
        return leases[0] if leases else None

    def work(self):
        """Do all that is due now; how much it was."""
        done = 0
        while lease := self.claim():
            sending.work(self.station, lease)
            done += 1
            assert done < 50, "it spins"
        return done

    def run(self, seconds):
        """Let that much time pass, and do what becomes due."""
        end = self.clock.at + timedelta(seconds=seconds)
        done = self.work()
        while self.clock.at < end:
            due = self.transact(lambda tx: self.station.ledger.next_due(tx, (Kind.MESSAGE,), MESSAGES))
            if due is None or due >= end.timestamp():
                self.clock.at = end
            else:
                self.clock.at = max(
                    self.clock.at, datetime.fromtimestamp(due, UTC) + timedelta(milliseconds=1)
                )
            done += self.work()
        return done

    def all(self):
        return self.transact(lambda tx: messages.of_incident(tx, "SL-1"))

    @property
    def one(self):
        (found,) = self.all()
        return found

    def events(self, *kinds):
        found = self.transact(lambda tx: timeline.of(tx, "SL-1"))
        return [event for event in found if not kinds or event.kind in kinds]

    def dirty(self):
        """Whether the incident is to be looked at again; asking makes it clean."""
        leases = self.transact(lambda tx: self.station.ledger.claim(tx, (Kind.INCIDENT,)))
        for lease in leases:
            self.transact(lease.done)
        return bool(leases)

    def restart(self):
        """As a daemon does that died."""
        self.transact(self.station.ledger.release_all)


@pytest.fixture
def clock():
    return MovedClock()


@pytest.fixture
def outboxes(tmp_path, clock, monkeypatch) -> Iterator[Callable[..., Outbox]]:
    opened = []

    def make(urls=None, platforms=None, runtime=None, **settings) -> Outbox:
        for name, url in (urls or {}).items():
            monkeypatch.setenv(f"SYNCLINE_CHANNEL_{name.upper().replace('-', '_')}_URL", url)
        database = Database(f"sqlite:///{tmp_path}/store{len(opened)}.db", clock, ThreadRuntime())
        opened.append(database)
        ids = RandomIds(random.Random(1))
        upgrade(database, ids)
        woken: list = []
        redactor = Redactor()
        specs = {name: Channel(name, **settings) for name in urls or {}}
        endpoints = {
            name: SimpleNamespace(
                name=name,
                title="Pager",
                connector=platform,
                pager=platform,
                http=SimpleNamespace(urgent=nullcontext, clock_skew=partial(getattr, platform, "skew")),
                capabilities=SimpleNamespace(pages=True),
            )
            for name, platform in (platforms or {}).items()
        }
        station = Station(
            Configuration(tmp_path / "syncline.yaml", "", {}),
            database,
            Ledger(ids.token, lambda kind, lane: woken.append((kind, lane))),
            endpoints,
            clock,
            ids,
            ThreadRuntime(),
            Channels(specs, clock, runtime or ThreadRuntime(), redactor),
        )
        return Outbox(station, clock, woken, redactor)

    yield make
    for database in opened:
        database.close()


def _page(**values):
    given = {
        "run_id": "r1",
        "occasion": "step 1",
        "recipient": "amina",
        "channel": "hook",
        "address": "amina@example.com",
        "urgent": True,
        "title": "P1: the shop is down",
        "text": "Nobody can pay.",
    }
    return Message(**{**given, **values})


@pytest.fixture
def page():
    return _page


@pytest.fixture
def linked(outboxes):
    """A platform that pages, with a record of the incident on it; and the outbox."""

    def make(platform, **urls):
        outbox = outboxes(urls, {"pd": platform})
        record = SimpleNamespace(
            id="Q1",
            key="#1",
            url="https://example.com/1",
            values={},
            revision=1,
            updated_at=NOON,
            updated_by=None,
            own=False,
        )
        outbox.transact(lambda tx: incidents.link(tx, "SL-1", "pd", record, {}, origin=True))
        return outbox

    return make


@pytest.fixture
def platform():
    return Platform()
