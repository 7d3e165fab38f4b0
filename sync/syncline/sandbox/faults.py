"""What goes wrong between a client and a simulated platform: decided from rates and a seeded source, so that runs repeat.

`decide` says what happens to one request, `carry_out` does it. Neither sleeps nor touches a socket: they say
how long the reply waits and whether the connection breaks, and the shell (`server`, `adapter`) does so.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any, Final

from syncline.sandbox.platform import Request, Response, SimulatedPlatform, json_response


class Fault(StrEnum):
    """One thing that can happen to a request. `before` and `after` are relative to its taking effect."""

    NONE = "none"
    THROTTLE = "throttle"  # the platform's 429; not applied
    ERROR_BEFORE = "error_before"  # a 5xx; not applied
    ERROR_AFTER = "error_after"  # a 5xx, although it was applied
    RESET_BEFORE = "reset_before"  # the connection is reset; not applied
    RESET_AFTER = "reset_after"  # the connection is reset, although it was applied
    LATE = "late"  # nothing is said until it is applied, `seconds` later
    LATE_RESET = "late_reset"  # the connection is reset at once, and the request is applied `seconds` later
    DUPLICATE_ROWS = "duplicate_rows"  # a page repeats rows
    DUPLICATE_REQUEST = "duplicate_request"  # the request reaches the platform twice
    HTML = "html"  # a gateway answers 200 with a page; not applied
    HIBERNATE = "hibernate"  # the platform's sleeping page; not applied
    ACCEPTED = "accepted"  # 202 without a body; not applied
    CANCELLED = "cancelled"  # the platform's "query killed" reply with only a part of the rows


_RATES: Final = tuple(kind for kind in Fault if kind is not Fault.NONE)
_GATEWAY_PAGE: Final = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
)


@dataclass(frozen=True, slots=True)
class OneShot:
    """A fault for the next request that it matches.

    Attributes:
        fault: What happens.
        method: Regular expression for the whole method.
        path: Regular expression that is searched for in the path.
        skip: Matching requests that pass unharmed before.
        count: Requests that it happens to.
        status: For `error_before` and `error_after`.
        seconds: For `late` and `late_reset`: how much later; for the others: how long the reply waits.
    """

    fault: Fault
    method: str = ".*"
    path: str = ""
    skip: int = 0
    count: int = 1
    status: int = 503
    seconds: float = 0.0

    def matches(self, request: Request) -> bool:
        """Whether the request is one of those that are meant."""
        return bool(re.fullmatch(self.method, request.method) and re.search(self.path, request.path))


@dataclass(frozen=True, slots=True)
class Faults:
    """What may go wrong on one instance.

    Attributes:
        rates: Fault to its share of requests, 0 to 1; they exclude each other, so their sum is at most 1.
        latency: Least and most seconds that each reply waits.
        throttle_until: Until then every request is throttled.
        statuses: What the 5xx faults choose from.
        late_seconds: Least and most seconds after which late requests are applied.
        stale: Seconds by which searches lag behind.
        methods: Regular expression for the methods that the rates apply to.
        paths: Regular expression, searched for, of the paths that the rates apply to.
        next: One-shot faults; the first that matches a request is taken before all rates.
    """

    rates: Mapping[Fault, float] = field(default_factory=dict)
    latency: tuple[float, float] = (0.0, 0.0)
    throttle_until: datetime | None = None
    statuses: tuple[int, ...] = (500, 502, 503)
    late_seconds: tuple[float, float] = (60.0, 60.0)
    stale: float = 0.0
    methods: str = ".*"
    paths: str = ""
    next: tuple[OneShot, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to one request.

    Attributes:
        fault: What.
        status: For the 5xx faults.
        delay: Seconds that the reply waits.
        late: Seconds after which it is applied, for the late ones.
    """

    fault: Fault = Fault.NONE
    status: int = 503
    delay: float = 0.0
    late: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the client sees.

    Attributes:
        response: The reply; None: the connection is reset.
        delay: Seconds to wait before that.
        late: Seconds after which the request must be applied, or None where that is over or never to be.
        fault: What happened.
    """

    response: Response | None
    delay: float = 0.0
    late: float | None = None
    fault: Fault = Fault.NONE


def _span(value: Any, name: str) -> tuple[float, float]:
    pair = value if isinstance(value, list | tuple) else (value, value)
    if len(pair) != 2 or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in pair):
        raise ValueError(f"{name}: give seconds, or [least, most]; got {value!r}")
    least, most = float(pair[0]), float(pair[1])
    if not 0 <= least <= most:
        raise ValueError(f"{name}: seconds must be 0 or more, the least first; got {value!r}")
    return least, most


def _pattern(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name}: give a regular expression; got {value!r}")  # noqa: TRY004  one error for bad input
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{name}: not a regular expression: {value!r}") from error
    return value


def _number(value: Any, name: str, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(f"{name}: give a number from 0 to {most:g}; got {value!r}")
    return float(value)


def _one_shot(content: Any) -> OneShot:
    known = {f.name for f in fields(OneShot)}
    if not isinstance(content, Mapping) or not set(content) <= known or "fault" not in content:
        raise ValueError(
            f"next: each entry needs `fault` and may have {sorted(known - {'fault'})}; got {content!r}"
        )
    if content["fault"] not in list(Fault):
        raise ValueError(f"next: there is no fault {content['fault']!r}; there are {[str(f) for f in Fault]}")
    shot = OneShot(fault=Fault(content["fault"]))
    changes: dict[str, Any] = {}
    for name, value in content.items():
        match name:
            case "method" | "path":
                changes[name] = _pattern(value, name)
            case "skip" | "count" | "status":
                changes[name] = int(_number(value, name, 1e6))
            case "seconds":
                changes[name] = _number(value, name, 1e6)
    return replace(shot, **changes)


def configure(faults: Faults, content: Any, now: datetime) -> Faults:
    """The faults after a change. What `content` (JSON) does not name stays; its `next` is appended.

    Names: each `Fault` with its rate, `latency`, `late_seconds`, `throttle_for` (seconds from now), `statuses`,
    `stale`, `methods`, `paths`, `next`.

    Raises:
        ValueError: a name is not known or a value is not legal.
    """
    if not isinstance(content, Mapping):
        raise ValueError(f"faults are a JSON object; got {type(content).__name__}")  # noqa: TRY004  one error for bad input
    rates = dict(faults.rates)
    changes: dict[str, Any] = {}
    for name, value in content.items():
        if name in list(_RATES):
            rates[Fault(name)] = _number(value, name, 1.0)
        elif name in {"latency", "late_seconds"}:
            changes[name] = _span(value, name)
        elif name == "throttle_for":
            changes["throttle_until"] = now + timedelta(seconds=_number(value, name, 1e6))
        elif name == "statuses":
            listed = value if isinstance(value, list) else [value]
            changes[name] = tuple(int(_number(status, name, 599)) for status in listed)
        elif name == "stale":
            changes[name] = _number(value, name, 1e6)
        elif name in {"methods", "paths"}:
            changes[name] = _pattern(value, name)
        elif name == "next":
            listed = value if isinstance(value, list) else [value]
            changes[name] = (*faults.next, *map(_one_shot, listed))
        else:
            raise ValueError(f"there is no fault {name!r}")
    if sum(rates.values()) > 1 + 1e-9:
        raise ValueError(
            f"the rates exclude each other and must not exceed 1 together; they are {sum(rates.values()):g}"
        )
    if changes.get("statuses") == ():
        raise ValueError("statuses: give at least one")
    return replace(faults, rates=rates, **changes)


def describe(faults: Faults) -> dict[str, Any]:
    """The faults as plain JSON."""
    content: dict[str, Any] = {str(kind): rate for kind, rate in faults.rates.items() if rate}
    content |= {
        "latency": list(faults.latency),
        "late_seconds": list(faults.late_seconds),
        "throttle_until": faults.throttle_until.isoformat() if faults.throttle_until else None,
        "statuses": list(faults.statuses),
        "stale": faults.stale,
        "methods": faults.methods,
        "paths": faults.paths,
        "next": [{f.name: getattr(shot, f.name) for f in fields(OneShot)} for shot in faults.next],
    }
    return content


def _take(shots: tuple[OneShot, ...], request: Request) -> tuple[OneShot | None, tuple[OneShot, ...]]:
    for at, shot in enumerate(shots):
        if not shot.matches(request):
            continue
        if shot.skip:
            return None, (*shots[:at], replace(shot, skip=shot.skip - 1), *shots[at + 1 :])
        left = (replace(shot, count=shot.count - 1),) if shot.count > 1 else ()
        return shot, (*shots[:at], *left, *shots[at + 1 :])
    return None, shots


def _drawn(faults: Faults, request: Request, draw: float) -> Fault:
    if not (re.fullmatch(faults.methods, request.method) and re.search(faults.paths, request.path)):
        return Fault.NONE
    total = 0.0
    for kind in _RATES:
        total += faults.rates.get(kind, 0.0)
        if draw < total:
            return kind
    return Fault.NONE


def decide(faults: Faults, request: Request, now: datetime, rng: Random) -> tuple[Decision, Faults]:
    """What happens to a request, and the faults that are left.

    Takes the same number of draws from `rng` for every request, so that one more fault does not shift all others.
    """
    wait, draw, pick, late = rng.random(), rng.random(), rng.random(), rng.random()
    delay = faults.latency[0] + wait * (faults.latency[1] - faults.latency[0])
    if faults.next:
        shot, left = _take(faults.next, request)
        if left is not faults.next:
            faults = replace(faults, next=left)
        if shot is not None:
            held = 0.0 if shot.fault in {Fault.LATE, Fault.LATE_RESET} else shot.seconds
            return Decision(shot.fault, shot.status, delay + held, shot.seconds), faults
    if faults.throttle_until is not None and now < faults.throttle_until:
        return Decision(Fault.THROTTLE, delay=delay), faults
    kind = _drawn(faults, request, draw) if faults.rates else Fault.NONE
    status = faults.statuses[int(pick * len(faults.statuses))]
    seconds = faults.late_seconds[0] + late * (faults.late_seconds[1] - faults.late_seconds[0])
    return Decision(kind, status, delay, seconds), faults


def repeat_rows(response: Response, rng: Random) -> Response:
    """The reply with one row of its first list of objects a second time; unchanged where it has none."""
    if response.status != 200 or "json" not in response.headers.get("Content-Type", ""):
        return response
    content = json.loads(response.body)
    listed = content.values() if isinstance(content, dict) else [content]
    for value in listed:
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value.insert(rng.randrange(len(value) + 1), rng.choice(value))
            headers = {k: v for k, v in response.headers.items() if k != "Content-Length"}
            return json_response(200, content, headers)
    return response


def _own(platform: SimulatedPlatform, method: str, default: Response, *arguments: Any) -> Response:
    """The platform's own words for it, where it has some."""
    say = getattr(platform, method, None)
    answer = say(*arguments) if say is not None else default
    return answer if isinstance(answer, Response) else default


def _unapplied(decision: Decision, platform: SimulatedPlatform, now: datetime) -> Outcome | None:
    """The outcome of a request that does not reach the platform now; None where it does."""
    kind, delay = decision.fault, decision.delay
    page = Response(200, _GATEWAY_PAGE, {"Content-Type": "text/html;charset=UTF-8"})
    response: Response | None = None
    match kind:
        case Fault.THROTTLE:
            response = _own(platform, "throttled", Response(429, b"", {"Retry-After": "1"}), now)
        case Fault.ERROR_BEFORE:
            response = unavailable(platform, decision.status)
        case Fault.HTML:
            response = page
        case Fault.HIBERNATE:
            response = _own(platform, "hibernating", page)
        case Fault.ACCEPTED:
            response = Response(202)
        case Fault.LATE | Fault.LATE_RESET:
            return Outcome(None, delay, late=decision.late, fault=kind)
        case Fault.RESET_BEFORE:
            return Outcome(None, delay, fault=kind)
        case _:
            return None
    return Outcome(response, delay, fault=kind)


def carry_out(
    decision: Decision, platform: SimulatedPlatform, request: Request, now: datetime, rng: Random
) -> Outcome:
    """Send one request through what was decided for it. A late one is left to the caller: see `Outcome.late`."""
    outcome = _unapplied(decision, platform, now)
    if outcome is not None:
        return outcome
    kind, delay = decision.fault, decision.delay
    response = platform.handle(request, now, rng)
    match kind:
        case Fault.ERROR_AFTER:
            response = unavailable(platform, decision.status)
        case Fault.RESET_AFTER:
            return Outcome(None, delay, fault=kind)
        case Fault.DUPLICATE_REQUEST:
            response = platform.handle(request, now, rng)
        case Fault.DUPLICATE_ROWS:
            # A source of its own: a fault must not change what the platform draws next.
            response = repeat_rows(response, Random(response.body))
        case Fault.CANCELLED:
            response = _own(platform, "cancelled", response, response)
    return Outcome(response, delay, fault=kind)


def unavailable(platform: SimulatedPlatform, status: int) -> Response:
    """The platform's own 5xx reply, or a gateway's page where it has none."""
    page = b"<html><head><title>%d</title></head><body><h1>%d Service Unavailable</h1></body></html>" % (
        status,
        status,
    )
    return _own(platform, "unavailable", Response(status, page, {"Content-Type": "text/html"}), status)
