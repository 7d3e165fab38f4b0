"""One simulated instance in service: its platform, its faults, its log of requests, and the control of these."""

import base64
import binascii
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from random import Random
from typing import Any, Final
from urllib.parse import parse_qs

from syncline.ports import Clock, Runtime
from syncline.sandbox.faults import Fault, Faults, Outcome, carry_out, configure, decide, describe
from syncline.sandbox.faults import unavailable as unavailable_reply
from syncline.sandbox.platform import Request, Response, SimulatedPlatform, json_response

CONTROL: Final = "/_sandbox/"
"""Paths below it belong to the sandbox and never reach a platform."""

LOGGED: Final = 200_000
"""Requests that the log keeps; the oldest go first."""

_DOWN_MODES: Final = ("reset", "hang", "unavailable")


@dataclass(frozen=True, slots=True)
class Logged:
    """One request of the log.

    Attributes:
        n: Its number, from 1 on.
        method: Upper case.
        path: Decoded.
        query: Raw.
        actor: Who sent it, as far as its credentials say; empty where they do not.
        status: Of the reply; 0 where the connection was reset or nothing was said.
        at: When it arrived, ISO 8601.
        fault: What went wrong on purpose.
        body: The request's body as text, where the sandbox records bodies; else empty.
        reply: The reply's body as text, where the sandbox records bodies; else empty.
    """

    n: int
    method: str
    path: str
    query: str
    actor: str
    status: int
    at: str
    fault: str
    body: str = ""
    reply: str = ""


def actor_of(request: Request) -> str:
    """The user whom the credentials name; the sandbox's tokens are `token-<user>`. Never the secret itself."""
    scheme, _, rest = request.header("authorization").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode("utf-8", "replace").partition(":")[0]
        except (binascii.Error, ValueError):
            return ""
    token = rest.rpartition("token=")[2].strip('" ')
    return token.removeprefix("token-") if token.startswith("token-") else ""


class Instance:
    """A simulated platform behind faults. All of its methods may be called by several threads at once."""

    def __init__(
        self,
        name: str,
        platform: SimulatedPlatform,
        *,
        clock: Clock,
        runtime: Runtime,
        seed: int | str = 0,
        record_bodies: bool = False,
        logged: int = LOGGED,
    ) -> None:
        self.name = name
        self.platform = platform
        self.clock = clock
        self.lock = runtime.lock()
        self._faults = Faults()
        self._down: str | None = None
        self._down_status = 503
        # Two sources: switching a fault on must not change what the platform draws.
        self._platform_rng = Random(f"{seed}/{name}/platform")
        self._fault_rng = Random(f"{seed}/{name}/faults")
        self._log: deque[Logged] = deque(maxlen=logged)
        self._count = 0
        self._record_bodies = record_bodies
        self._index_lag = float(getattr(platform, "index_lag", 0.0))

    @property
    def down(self) -> str | None:
        """How it is down: `reset`, `hang`, `unavailable`; None while it is up."""
        return self._down

    @property
    def faults(self) -> Faults:
        """What may go wrong at present."""
        return self._faults

    def answer(self, request: Request) -> Outcome:
        """One exchange with the outside: decided, carried out and logged. A late request is not applied yet."""
        with self.lock:
            now = self.clock.now()
            if self._down is not None:
                outcome = self._answer_while_down()
            else:
                decision, self._faults = decide(self._faults, request, now, self._fault_rng)
                outcome = carry_out(decision, self.platform, request, now, self._platform_rng)
            self._record(request, outcome, now)
            return outcome

    def apply(self, request: Request) -> Response:
        """Let the platform handle a request now: no fault, no log."""
        with self.lock:
            return self.platform.handle(request, self.clock.now(), self._platform_rng)

    def set_faults(self, **content: Any) -> None:
        """Change what goes wrong: `faults.configure` has the names. Raises ValueError for what is not legal."""
        with self.lock:
            self._faults = configure(self._faults, content, self.clock.now())
            self._set_lag(self._index_lag + self._faults.stale)

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        with self.lock:
            self._faults = Faults()
            self._set_lag(self._index_lag)

    def take_down(self, mode: str | None = "reset", status: int = 503) -> None:
        """Make it unreachable: `reset` breaks connections, `hang` says nothing, `unavailable` answers `status`
        with the platform's page; None brings it up again. Raises ValueError for another mode."""
        if mode is not None and mode not in _DOWN_MODES:
            raise ValueError(f"there is no way down {mode!r}; there are {', '.join(_DOWN_MODES)}")
        with self.lock:
            self._down, self._down_status = mode, status

    def requests(self, since: int = 0) -> list[Logged]:
        """The logged requests whose number is greater than `since`, in order."""
        with self.lock:
            if not self._log or self._log[-1].n <= since:
                return []
            return list(islice(self._log, max(0, since + 1 - self._log[0].n), None))

    def state(self) -> dict[str, Any]:
        """All that the platform holds, as plain JSON. Raises ValueError where it does not show it."""
        snapshot = getattr(self.platform, "snapshot", None)
        if snapshot is None:
            raise ValueError(f"{self.name}: the simulated {self.platform.platform} shows no state")
        with self.lock:
            return dict(snapshot())

    def control(self, request: Request) -> Response:
        """Answer one request below `/_sandbox/`."""
        what = request.path.removeprefix(CONTROL)
        try:
            match request.method, what:
                case "GET", "" | "health":
                    content: Any = {"name": self.name, "platform": self.platform.platform, "down": self._down}
                case "GET", "state":
                    content = self.state()
                case "GET", "faults":
                    content = describe(self._faults)
                case "POST", "faults":
                    self.set_faults(**_object(request))
                    content = describe(self._faults)
                case "DELETE", "faults":
                    self.clear_faults()
                    content = describe(self._faults)
                case "GET", "requests":
                    since = parse_qs(request.query).get("since", ["0"])[0]
                    content = {"requests": [asdict(entry) for entry in self.requests(int(since))]}
                case "POST", "down":
                    content = self._control_down(_object(request))
                case "POST", _ if hasattr(self.platform, "control"):
                    with self.lock:
                        told = _object(request)
                        content = self.platform.control(what, told, self.clock.now(), self._platform_rng)
                case _:
                    raise LookupError(what)
        except LookupError:
            return json_response(404, {"error": f"the sandbox has no {request.method} {request.path}"})
        except ValueError as error:
            return json_response(400, {"error": str(error)})
        return json_response(200, content)

    def _control_down(self, content: Mapping[str, Any]) -> dict[str, Any]:
        status = content.get("status", 503)
        if not isinstance(status, int) or not 500 <= status <= 599:
            raise ValueError(f"status: give 500 to 599; got {status!r}")
        self.take_down(str(content.get("mode", "reset")) if content.get("down", True) else None, status)
        return {"down": self._down}

    def _answer_while_down(self) -> Outcome:
        if self._down == "unavailable":
            return Outcome(unavailable_reply(self.platform, self._down_status), fault=Fault.ERROR_BEFORE)
        return Outcome(None, fault=Fault.RESET_BEFORE)

    def _set_lag(self, seconds: float) -> None:
        if hasattr(self.platform, "index_lag"):
            self.platform.index_lag = seconds

    def _record(self, request: Request, outcome: Outcome, now: datetime) -> None:
        self._count += 1
        name = getattr(self.platform, "actor", None)
        actor = (name(request) if name is not None else None) or actor_of(request)
        status = outcome.response.status if outcome.response is not None else 0
        body = reply = ""
        if self._record_bodies:
            body = request.body.decode("utf-8", "replace")
            reply = outcome.response.body.decode("utf-8", "replace") if outcome.response is not None else ""
        self._log.append(
            Logged(
                self._count,
                request.method,
                request.path,
                request.query,
                actor,
                status,
                now.isoformat(),
                str(outcome.fault),
                body,
                reply,
            )
        )


def _object(request: Request) -> dict[str, Any]:
    content = json.loads(request.body or b"{}")
    if not isinstance(content, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004  one error for bad input
    return content
