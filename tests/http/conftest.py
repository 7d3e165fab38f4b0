"""A scripted wire, a clock that only moves when somebody sleeps, and a server on loopback."""

import json
import random
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import urllib3
from pydantic import SecretStr
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from syncline.http.auth import BasicAuth
from syncline.http.client import Http
from syncline.http.dialect import Dialect
from syncline.ports import ThreadRuntime

PASSWORD = "canary-p4ssw0rd/ü&="


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
        self.elapsed = 0.0

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def move(self, seconds: float) -> None:
        self.elapsed += seconds


class Runtime(ThreadRuntime):
    """Sleeps by moving the clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.move(seconds)


class Stop:
    """A signal whose `wait` moves the clock, and which may be raised after some waits."""

    def __init__(self, clock: Clock, after_waits: int = 1_000) -> None:
        self.clock = clock
        self.up = False
        self.waits = after_waits
        self.waited: list[float] = []

    def set(self) -> None:
        self.up = True

    def clear(self) -> None:
        self.up = False

    def is_set(self) -> bool:
        return self.up

    def wait(self, timeout: float | None = None) -> bool:
        self.waits -= 1
        if self.waits <= 0:
            self.up = True
        elif timeout and not self.up:
            self.waited.append(timeout)
            self.clock.move(timeout)
        return self.up


def reply(
    status: int = 200, content: Any = b"{}", **headers: str
) -> Callable[[requests.PreparedRequest], requests.Response]:
    """A reply for the scripted wire; `Retry_After="3"` becomes the header `Retry-After`."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    shown = {"Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }

    def give(request: requests.PreparedRequest) -> requests.Response:
        response = requests.Response()
        response.status_code = status
        response.reason = "Reason"
        response.url = request.url or ""
        response.headers = CaseInsensitiveDict(shown)
        response.request = request
        response.raw = urllib3.HTTPResponse(
            BytesIO(body), headers=shown, status=status, preload_content=False
        )
        return response

    return give


class Wire(BaseAdapter):
    """Gives what the script says, the last entry for ever; keeps what was sent."""

    def __init__(self, *script: Any) -> None:
        super().__init__()
        self.script = list(script) or [reply()]
        self.sent: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []
        self.closed = 0

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        self.sent.append(request)
        self.options.append(options)
        entry = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(entry, BaseException):
            raise entry
        return entry(request)

    def close(self) -> None:
        self.closed += 1


@dataclass
class World:
    """Everything around one `Http`."""

    clock: Clock
    runtime: Runtime
    http: Http
    wire: Wire


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Callable[..., World]:
    """An `Http` over a scripted wire: `make(reply(503), reply(), dialect=...)`."""

    def build(*script: Any, base_url: str = "https://snow.example.com", **options: Any) -> World:
        runtime = Runtime(clock)
        wire = Wire(*script)
        options.setdefault("auth", lambda _context: BasicAuth("syncline", SecretStr(PASSWORD)))
        options.setdefault("dialect", Dialect())
        options.setdefault("credentials", ("SYNCLINE_SNOW_PROD_PASSWORD",))
        http = Http(
            "snow-prod",
            base_url,
            clock=clock,
            runtime=runtime,
            rng=random.Random(7),
            wire=lambda: wire,
            **options,
        )
        return World(clock, runtime, http, wire)

    return build


@pytest.fixture
def tools(clock: Clock) -> SimpleNamespace:
    """What tests build upon, since they cannot import each other."""
    return SimpleNamespace(reply=reply, Wire=Wire, Clock=Clock, Runtime=Runtime, Stop=Stop, password=PASSWORD)


@dataclass
class Server:
    """A server on loopback that does what `answer` says to each request.

    Attributes:
        requests: (method, path) of each request that arrived whole.
        answer: Called with the handler; it may write anything, or drop the connection.
    """

    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: None


def send_json(
    handler: BaseHTTPRequestHandler, status: int, content: Any, headers: dict[str, str] | None = None
) -> None:
    """Write one JSON reply and keep the connection."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    handler.send_response(status)
    for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def drop(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without a byte of reply."""
    handler.close_connection = True
    handler.connection.close()


def _serve(server: Server, context: ssl.SSLContext | None) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            server.bodies.append(self.rfile.read(length))
            server.requests.append((self.command, self.path))
            server.headers.append(dict(self.headers))
            server.answer(self)

        do_GET = do_POST = do_PUT = do_PATCH = handle_any  # noqa: N815  the names that http.server looks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    httpd = Quiet(("127.0.0.1", 0), Handler)
    if context is not None:
        httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    server.url = f"{'https' if context else 'http'}://127.0.0.1:{httpd.server_address[1]}"
    server.answer = lambda handler: send_json(handler, 200, {})
    task = ThreadRuntime().spawn("loopback", lambda: httpd.serve_forever(poll_interval=0.01))
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        task.join(5)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on loopback."""
    yield from _serve(Server(), None)


@pytest.fixture
def live(server: Server) -> Callable[..., Http]:
    """An `Http` over real sockets to the server, with the virtual clock."""

    def build(**options: Any) -> Http:
        clock = Clock()
        options.setdefault("auth", lambda _context: BasicAuth("syncline", SecretStr(PASSWORD)))
        options.setdefault("base_url", server.url)
        options.setdefault("dialect", Dialect())
        return Http("snow-prod", clock=clock, runtime=Runtime(clock), rng=random.Random(7), **options)

    return build


@pytest.fixture
def answers() -> SimpleNamespace:
    """Ways for the server to answer."""
    return SimpleNamespace(json=send_json, drop=drop)


@pytest.fixture
def http_date() -> Callable[[datetime], str]:
    """A time as HTTP headers have it."""
    return lambda at: format_datetime(at, usegmt=True)
