"""What lies between the daemon and the platforms. A request belongs to the network, not to who sent it: that of a daemon
that died meanwhile lands all the same."""

import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import requests
from greenlet import getcurrent, greenlet
from learnt import Lessons
from loop import Loop, Machine
from tracing import Trace

from syncline.sandbox.faults import Fault
from syncline.sandbox.instance import Instance
from syncline.sandbox.platform import Request, Response
from syncline.sandbox.server import http_date

_FOR_EVER = 3600.0
_INCIDENT = re.compile("/incidents/[^/]+")
_NOTE = b'"Syncline:'
"""How every note of escalation begins, in the JSON of each platform."""
_DEED = re.compile(rb"(?:edit|no\.) (\d+)")
_CASE = re.compile(rb'#(\w+)"')
_SIGNS_IN = re.compile("oauth|/api/jwt/|/CherwellAPI/token|/logout")
_READS = ("/search", "/search/jql", "/bulkfetch", "/getsearchresults", "/fieldvalueslookup")
_SAVE = "/savebusinessobject"


class SkewedClock:
    """A platform's own clock, which is wrong by some seconds."""

    def __init__(self, loop: Loop, seconds: float = 0.0) -> None:
        self._loop = loop
        self.skew = timedelta(seconds=seconds)

    def now(self) -> datetime:
        """What it shows."""
        return self._loop.now() + self.skew

    def monotonic(self) -> float:
        """Seconds since the world began."""
        return self._loop.passed


@dataclass(slots=True)
class Sent:
    """One request on its way; its end counts once it is back."""

    request: Request
    reply: Response | None = None
    answered: float = 0.0
    fault: Fault = Fault.NONE
    error: requests.RequestException | None = None
    back: bool = False
    over: bool = False

    def usable(self) -> tuple[float, bytes] | None:
        """When the platform said what, where that came back and can be believed. That there is no such thing is also said."""
        if not self.back or self.reply is None or self.error is not None or self.fault not in _BELIEVED:
            return None
        said = self.reply.status < 300 or self.reply.status in {404, 410}
        return (self.answered, self.reply.body) if said else None


def is_write(request: Request) -> bool:
    """Whether a request changes something."""
    return (
        request.method != "GET" and not request.path.endswith(_READS) and not _SIGNS_IN.search(request.path)
    )


class Network:
    """All lines between the daemon and the platforms.

    Args:
        loop: Time.
        instances: The platforms, by name.
        trace: Told of every request.
        seed: Of the delays.
        applied: Told of every write that took effect, before its reply leaves; it may kill the sender.
    """

    def __init__(
        self,
        loop: Loop,
        instances: dict[str, Instance],
        trace: Trace,
        seed: str,
        applied: Callable[[str], None],
    ) -> None:
        self.loop = loop
        self.instances = instances
        self.trace = trace
        self.delay = dict.fromkeys(instances, 0.08)
        self.writes: dict[str, list[tuple[float, str]]] = {name: [] for name in instances}
        self.reads: dict[str, list[tuple[float, str]]] = {name: [] for name in instances}
        # What a daemon took in, and when the platform said it. Who was killed before the next commit took in nothing.
        self.heard: dict[str, list[tuple[float, bytes]]] = {name: [] for name in instances}
        # What PagerDuty's incidents were given, and when.
        self.given: list[tuple[float, str, Mapping[str, Any]]] = []
        # What Cherwell's incidents were given: ids of fields.
        self.saved: list[tuple[float, str, frozenset[str]]] = []
        # When the text of which deed, and the title of which case, first was written where.
        self.arrived: dict[tuple[str, str], float] = {}
        self.opened: dict[tuple[str, str], float] = {}
        # How many of the writes page somebody, and how many are notes of escalation.
        self.paging = self.notes = 0
        self.lessons = Lessons()
        self._hearing: dict[greenlet, list[tuple[str, float, bytes]]] = {}
        self._rng = Random(f"{seed}/network")
        self._applied = applied

    def exchange(self, machine: Machine, name: str) -> Callable[[Request, float | None], Response]:
        """How that machine reaches that platform."""

        def exchange(request: Request, patience: float | None) -> Response:
            sent, began = Sent(request), self.loop.passed
            me = getcurrent()
            wait = _FOR_EVER if patience is None else patience

            def over() -> bool:
                first, sent.over = not sent.over, True
                return first

            def back() -> None:
                sent.back = True
                machine.resume(me, over)

            there = self._rng.uniform(0.002, self.delay[name])
            self.loop.after(there, lambda: self._arrive(name, sent, back))
            machine.resume_after(wait, over)
            machine.yield_()
            now, what = self.loop.passed, f"{name} {request.method} {request.path}?{request.query}"
            self.lessons.asked(me, name, what, sent.usable(), now, now - began)
            if sent.back and sent.error is not None:
                raise sent.error
            if not sent.back or sent.reply is None:
                raise requests.ReadTimeout(f"{name} said nothing within {wait:g} s")
            if sent.reply.status < 300:
                self._hearing.setdefault(me, []).append((name, sent.answered, sent.reply.body))
            return sent.reply

        return exchange

    def skew(self, name: str) -> float:
        """By how many seconds that platform's clock is wrong."""
        clock = self.instances[name].clock
        assert isinstance(clock, SkewedClock)
        return clock.skew.total_seconds()

    def committed(self) -> None:
        """Who runs now has stored what came of all that it heard."""
        for name, at, body in self._hearing.pop(getcurrent(), ()):
            self.heard[name].append((at, body))
        self.lessons.stored(getcurrent(), self.loop.passed)

    def _arrive(self, name: str, sent: Sent, back: Callable[[], None]) -> None:
        """The request is there; when its reply, or the end of the connection, gets back to the sender."""
        instance, request = self.instances[name], sent.request
        silent = instance.down == "hang"
        outcome = instance.answer(request)
        sent.fault = outcome.fault
        self._tell(name, request, outcome.response, str(outcome.fault))
        if silent:
            return
        delay = outcome.delay + self._rng.uniform(0.002, self.delay[name])
        if outcome.late is not None:
            self.loop.after(outcome.late, lambda: self._apply_late(name, sent, outcome.fault, back))
            if outcome.fault is Fault.LATE:
                return
        if outcome.response is None:
            sent.error = requests.ConnectionError(f"{name} reset the connection")
        else:
            date = {"Date": http_date(instance.clock.now())}
            sent.reply = Response(
                outcome.response.status, outcome.response.body, {**date, **outcome.response.headers}
            )
            sent.answered = self.loop.passed
        self.loop.after(delay, back)
        if is_write(request) and outcome.fault not in _NOT_APPLIED:
            self._wrote(name, request)
        elif outcome.response is not None and outcome.response.status < 300 and outcome.fault is Fault.NONE:
            self.reads[name].append((self.loop.passed, request.path))

    def _apply_late(self, name: str, sent: Sent, fault: Fault, back: Callable[[], None]) -> None:
        instance = self.instances[name]
        response = instance.apply(sent.request)
        self._tell(name, sent.request, response, "applied late")
        if is_write(sent.request):
            self._wrote(name, sent.request)
        if fault is Fault.LATE:
            date = {"Date": http_date(instance.clock.now())}
            sent.reply = Response(response.status, response.body, {**date, **response.headers})
            sent.answered = self.loop.passed
            self.loop.after(0.01, back)

    def _wrote(self, name: str, request: Request) -> None:
        path = request.path
        if path.endswith(_SAVE):
            # Which record it is for stands in the body.
            content = json.loads(request.body)
            record = str(content.get("busObRecId") or "")
            self.saved.append((self.loop.passed, record, frozenset(f["fieldId"] for f in content["fields"])))
            path = f"{path} {record}"
        self.writes[name].append((self.loop.passed, f"{request.method} {path}"))
        self.paging += name == "hook" or request.path.endswith("/responder_requests")
        self.notes += _NOTE in request.body
        for seen, text in ((self.arrived, _DEED), (self.opened, _CASE)):
            for found in text.findall(request.body):
                seen.setdefault((name, found.decode()), self.loop.passed)
        if name == "pd" and request.method == "PUT" and _INCIDENT.fullmatch(request.path):
            self.given.append((self.loop.passed, request.path, json.loads(request.body)["incident"]))
        self._applied(name)

    def _tell(self, name: str, request: Request, response: Response | None, fault: str) -> None:
        status = response.status if response is not None else 0
        query = f"?{request.query}" if request.query else ""
        body = zlib.crc32(request.body)
        said = "" if fault == "none" else f" ({fault})"
        self.trace.add(
            self.loop.passed, f"{name} {request.method} {request.path}{query} {body:08x} -> {status}{said}"
        )


_BELIEVED = {Fault.NONE, Fault.LATE, Fault.DUPLICATE_ROWS, Fault.DUPLICATE_REQUEST}
_NOT_APPLIED = {
    Fault.THROTTLE,
    Fault.ERROR_BEFORE,
    Fault.RESET_BEFORE,
    Fault.HTML,
    Fault.HIBERNATE,
    Fault.ACCEPTED,
    Fault.LATE,
    Fault.LATE_RESET,
}
