"""The ways by which people are paged, and who keeps account of them: a simulated web hook, PagerDuty's responder requests,
and what stood on each platform when. All of it by the true time, and none of it asked of Syncline."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from types import SimpleNamespace
from typing import Any, Final

import requests
from apprise.plugins import custom_json
from emergency import HOOK, SIREN
from loop import Loop

from syncline.demo.equivalence import PD, Ticket, case_of
from syncline.demo.pagerduty import PagerDutySide
from syncline.demo.people import Side
from syncline.ports import Clock
from syncline.sandbox.adapter import Exchange, SimulatedAdapter
from syncline.sandbox.faults import Fault, Outcome
from syncline.sandbox.instance import Instance
from syncline.sandbox.pagerduty.platform import PagerDuty
from syncline.sandbox.platform import Request, Response, json_response

TAKEN: Final = "taken"
SILENT: Final = "silent"
REFUSED: Final = "refused"
FAILED: Final = "failed"
_FOR_EVER: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Page:
    """Somebody was paged, or was to be.

    Attributes:
        at: When it arrived there, in seconds since the world began.
        case: The incident, by its title.
        who: Their login.
        by: `pd`, `hook` or `siren`.
        text: What it said.
        said: What the way answered: `taken`; `silent`: it took it, and its reply was lost; `refused`; `failed`: 500.
        held_up: Seconds for which it was on its way.
    """

    at: float
    case: str
    who: str
    by: str
    text: str
    said: str = TAKEN
    held_up: float = 0.0

    @property
    def left(self) -> float:
        """When it left Syncline."""
        return self.at - self.held_up


@dataclass(frozen=True, slots=True)
class Stood:
    """What stood on a record from a moment on.

    Attributes:
        at: Seconds since the world began.
        status: Native.
        priority: Native.
        group: Native.
    """

    at: float
    status: str
    priority: str
    group: str


class Hook:
    """A web hook that takes messages, and does with them what the weather says.

    Args:
        loop: Time.
        clock: Its own.
        seed: Of what goes wrong.
        silent: The share of messages that it takes without a word.
        refuses: The share that it answers with 400 or 500.
    """

    name = HOOK
    down: str | None = None

    def __init__(self, loop: Loop, clock: Clock, seed: str, silent: float, refuses: float) -> None:
        self.clock = clock
        self.pages: list[Page] = []
        self._loop = loop
        self._rng = Random(f"{seed}/hook")
        self._silent, self._refuses = silent, refuses

    def answer(self, request: Request) -> Outcome:
        """One message."""
        channel, _, who = request.path.strip("/").partition("/")
        content = json.loads(request.body)
        title, text = str(content["title"]), str(content["message"])
        drawn, kind = self._rng.random(), self._rng.choice((400, 500))
        said, outcome = TAKEN, Outcome(json_response(200, {}))
        if channel != SIREN and drawn < self._silent:
            said, outcome = SILENT, Outcome(json_response(200, {}), delay=_FOR_EVER)
        elif channel != SIREN and drawn < self._silent + self._refuses:
            said = REFUSED if kind == 400 else FAILED
            outcome = Outcome(json_response(kind, {"error": "no"}))
        self.pages.append(Page(self._loop.passed, case_of(title), who, channel, f"{title}\n{text}", said))
        return outcome

    def calm_down(self) -> None:
        """It takes everything from now on."""
        self._silent = self._refuses = 0.0

    def apply(self, _request: Request) -> Response:
        """Nothing is ever applied late here."""
        raise AssertionError("the web hook is never late")


class Watched(Instance):
    """A platform of which somebody looks at the records whenever one may have changed."""

    looked: Callable[[str, float], None] = staticmethod(lambda _name, _held_up: None)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._held: dict[int, datetime] = {}

    def answer(self, request: Request) -> Outcome:
        """As it is, and looked at."""
        outcome = super().answer(request)
        if outcome.late is not None:
            self._held[id(request)] = self.clock.now()
        if outcome.fault not in _KEPT_OFF:
            self._look(request, 0.0)
        return outcome

    def apply(self, request: Request) -> Response:
        """As it is, and looked at."""
        response = super().apply(request)
        now = self.clock.now()
        self._look(request, (now - self._held.pop(id(request), now)).total_seconds())
        return response

    def _look(self, request: Request, held_up: float) -> None:
        if request.method != "GET" and not request.path.endswith(("/search", "/search/jql", "/bulkfetch")):
            self.looked(self.name, held_up)


_KEPT_OFF: Final = {Fault.THROTTLE, Fault.ERROR_BEFORE, Fault.RESET_BEFORE, Fault.LATE, Fault.LATE_RESET}


@dataclass(slots=True)
class Watch:
    """What truly happened.

    Attributes:
        loop: Time.
        sides: The platforms, as people use them.
        hook: The web hook.
        stood: Case to side to what stood there, in the order of time.
        records: Case and side to the record there.
        requests: PagerDuty's responder requests.
        down: Spans in which the daemon was `dead`, `still`, or had a `full` disk; one may be open.
        jumps: When the machine's clock was set, and by how many seconds it has been off since.
    """

    loop: Loop
    sides: Mapping[str, Side]
    hook: Hook
    stood: dict[str, dict[str, list[Stood]]] = field(default_factory=dict)
    records: dict[tuple[str, str], str] = field(default_factory=dict)
    requests: list[Page] = field(default_factory=list)
    down: list[tuple[str, float, float]] = field(default_factory=list)
    jumps: list[tuple[float, float]] = field(default_factory=list)
    _asked: dict[str, int] = field(default_factory=dict)
    _looking: bool = False

    def look(self, name: str, held_up: float = 0.0) -> None:
        """Something may have changed there, by a request that was on its way for so many seconds."""
        if self._looking:
            return
        self._looking = True
        try:
            for ticket in self.sides[name].census():
                self._put_down(ticket)
            if name == PD:
                self._ask(held_up)
        finally:
            self._looking = False

    def _put_down(self, ticket: Ticket) -> None:
        self.records.setdefault((ticket.case, ticket.side), ticket.id)
        known = self.stood.setdefault(ticket.case, {}).setdefault(ticket.side, [])
        now = Stood(self.loop.passed, ticket.status, ticket.priority, ticket.group)
        if not known or (known[-1].status, known[-1].priority, known[-1].group) != (
            now.status,
            now.priority,
            now.group,
        ):
            known.append(now)

    def _ask(self, held_up: float) -> None:
        platform = self.sides[PD]
        assert isinstance(platform, PagerDutySide)
        by_record: dict[str, list[Any]] = {}
        for page in platform.pages():
            by_record.setdefault(page.case, []).append(page)
        for case, pages in by_record.items():
            for page in pages[self._asked.get(case, 0) :]:
                self.requests.append(Page(self.loop.passed, case, page.who, PD, page.text, held_up=held_up))
            self._asked[case] = len(pages)

    def not_up(self, what: str, until: float = float("inf")) -> None:
        """The daemon does nothing from now until then."""
        self.down.append((what, self.loop.passed, until))

    def up(self, *whats: str) -> None:
        """That is over."""
        now = self.loop.passed
        self.down = [(what, a, min(b, now) if what in whats else b) for what, a, b in self.down]

    def set_clock(self, by: float) -> None:
        """The machine's clock is off by that much from now on."""
        self.jumps.append((self.loop.passed, by))

    def pages(self) -> list[Page]:
        """All pages, in the order of time."""
        return sorted([*self.requests, *self.hook.pages], key=lambda page: page.at)


@contextmanager
def channels_through(exchange: Callable[[], Exchange]) -> Iterator[None]:
    """Let Apprise's web hooks leave by the simulated network, from whichever machine runs the daemon then."""
    real = custom_json.requests

    def request(method: str, url: str, **more: Any) -> requests.Response:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", SimulatedAdapter(exchange()))
        return session.request(method, url, **more)

    custom_json.requests = SimpleNamespace(request=request, RequestException=requests.RequestException)  # type: ignore[assignment]
    try:
        yield
    finally:
        custom_json.requests = real


def drop_pages(instance: Instance, seed: str) -> frozenset[str]:
    """PagerDuty takes requests to page these people, and tells them nothing; their logins."""
    rng = Random(f"{seed}/weather/dropped/who")
    names = {
        "amina": "amina.diallo",
        "bruno": "bruno.keller",
        "chloe": "chloe.martin",
        "diane": "diane.novak",
    }
    dropped = frozenset(rng.sample(sorted(names), rng.choice((1, 2, 4))))
    platform = instance.platform
    assert isinstance(platform, PagerDuty)
    platform.paging.change({"unreachable": [f"{names[who]}@example.com" for who in sorted(dropped)]})
    return dropped
