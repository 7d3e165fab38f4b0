"""The sandbox over real HTTP: each simulated instance on a loopback port of its own.

HTTP/1.1 with keep-alive, one thread for each connection. It is written by hand because it must be fast (a
sandbox that is slower than what it tests measures itself) and must be able to break a connection at will.
"""

import json
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from http import HTTPStatus
from io import BufferedReader
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote

from syncline.ports import Clock, Runtime, SystemClock, ThreadRuntime
from syncline.sandbox.faults import Fault
from syncline.sandbox.instance import CONTROL, Instance
from syncline.sandbox.platform import Request, Response, SimulatedPlatform, json_response

_LINE: Final = 65_536
_HEADERS: Final = 200
_BODY: Final = 64 * 1024 * 1024
_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}
_RESET: Final = struct.pack("ii", 1, 0)


class _RequestError(Exception):
    """The bytes are not a request that can be answered; `args` are status and reason."""


class Sandbox:
    """Simulated instances, served. Use it as a context manager, or call `start` and `stop`.

    Attributes:
        instances: By name.
    """

    def __init__(
        self,
        platforms: Mapping[str, SimulatedPlatform],
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        clock: Clock | None = None,
        runtime: Runtime | None = None,
        seed: int | str = 0,
        record_bodies: bool = False,
    ) -> None:
        """Each platform gets a port: from `port` upwards in their order, or a free one where it is 0."""
        self._clock = clock or SystemClock()
        self._runtime = runtime or ThreadRuntime()
        self._host, self._port = host, port
        self._listeners: dict[str, _Listener] = {}
        self.instances = {
            name: Instance(
                name,
                platform,
                clock=self._clock,
                runtime=self._runtime,
                seed=seed,
                record_bodies=record_bodies,
            )
            for name, platform in platforms.items()
        }

    def start(self) -> dict[str, str]:
        """Listen, and give the urls by name. Raises OSError where a port is taken."""
        try:
            for at, (name, instance) in enumerate(self.instances.items()):
                port = self._port + at if self._port else 0
                self._listeners[name] = _Listener(instance, self._host, port, self._clock, self._runtime)
        except OSError:
            self.stop()
            raise
        for listener in self._listeners.values():
            listener.start()
        return self.urls

    def stop(self) -> None:
        """Close all ports and connections."""
        for listener in self._listeners.values():
            listener.stop()
        self._listeners.clear()

    @property
    def urls(self) -> dict[str, str]:
        """Where each instance answers, while it is started."""
        return {name: f"http://{self._host}:{listener.port}" for name, listener in self._listeners.items()}

    def __getitem__(self, name: str) -> Instance:
        return self.instances[name]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Listener:
    """One port."""

    def __init__(self, instance: Instance, host: str, port: int, clock: Clock, runtime: Runtime) -> None:
        self._instance, self._clock, self._runtime = instance, clock, runtime
        self._stopping = runtime.signal()
        self._lock = runtime.lock()
        self._open: set[socket.socket] = set()
        self._date: tuple[int, bytes] = (-1, b"")
        self._socket = socket.create_server((host, port), backlog=256)
        self.port: int = self._socket.getsockname()[1]

    def start(self) -> None:
        self._runtime.spawn(f"sandbox-{self._instance.name}", self._accept)

    def stop(self) -> None:
        self._stopping.set()
        # A thread that is blocked in accept() holds the port even after close(); shutdown() wakes it.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(connection)
            self._runtime.spawn(f"sandbox-{self._instance.name}-connection", partial(self._serve, connection))

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection.makefile("rb") as stream:
                while not self._stopping.is_set() and self._exchange(connection, stream):
                    pass
        except OSError:
            return  # the client has gone, or the port is closing
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _exchange(self, connection: socket.socket, stream: BufferedReader) -> bool:
        """Answer one request; whether the connection stays open."""
        try:
            got = _read_request(stream, connection)
        except _RequestError as error:
            status, reason = error.args
            self._send(connection, "GET", json_response(status, {"error": reason}), keep=False)
            return False
        if got is None:
            return False
        request, keep = got
        if request.path.startswith(CONTROL):
            self._send(connection, request.method, self._instance.control(request), keep=keep)
            return keep
        outcome = self._instance.answer(request)
        if outcome.fault is Fault.RESET_BEFORE and self._instance.down == "hang":
            while self._instance.down == "hang" and not self._stopping.wait(0.05):
                pass
            return _reset(connection)
        if outcome.fault is Fault.LATE_RESET and outcome.late is not None:
            self._apply_later(request, outcome.late)
            return _reset(connection)
        self._wait(outcome.delay)
        response = outcome.response
        if outcome.fault is Fault.LATE and outcome.late is not None:
            response = self._instance.apply(request) if self._wait(outcome.late) else None
        if response is None:
            return _reset(connection)
        self._send(connection, request.method, response, keep=keep)
        return keep

    def _apply_later(self, request: Request, seconds: float) -> None:
        def apply() -> None:
            if self._wait(seconds):
                self._instance.apply(request)

        self._runtime.spawn(f"sandbox-{self._instance.name}-late", apply)

    def _wait(self, seconds: float) -> bool:
        """Let that time pass; whether it did, and was not cut short by `stop`."""
        return seconds <= 0 or not self._stopping.wait(seconds)

    def _send(self, connection: socket.socket, method: str, response: Response, *, keep: bool) -> None:
        status = response.status
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\n".encode("latin-1"), self._dated()]
        lines += [f"{name}: {value}\r\n".encode() for name, value in response.headers.items()]
        if status not in {204, 304}:
            lines.append(b"Content-Length: %d\r\n" % len(response.body))
        lines.append(b"\r\n" if keep else b"Connection: close\r\n\r\n")
        if method != "HEAD" and status not in {204, 304}:
            lines.append(response.body)
        connection.sendall(b"".join(lines))

    def _dated(self) -> bytes:
        now = self._clock.now()
        second = int(now.timestamp())
        if self._date[0] != second:
            self._date = (second, b"Date: " + http_date(now).encode() + b"\r\n")
        return self._date[1]


def http_date(moment: datetime) -> str:
    """`Sun, 06 Nov 1994 08:49:37 GMT`; `moment` is aware and in UTC."""
    return format_datetime(moment.replace(microsecond=0), usegmt=True)


def _reset(connection: socket.socket) -> bool:
    """Break the connection with RST; gives False, as it does not stay open."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    return False


def _read_request(stream: BufferedReader, connection: socket.socket) -> tuple[Request, bool] | None:
    """The next request and whether the client keeps the connection; None where it has closed it."""
    line = stream.readline(_LINE + 1)
    if not line:
        return None
    try:
        method, target, version = line.decode("latin-1").split()
    except ValueError:
        raise _RequestError(400, "malformed request line") from None
    if len(line) > _LINE:
        raise _RequestError(414, "the request line is too long")
    headers = _read_headers(stream)
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = _read_body(stream, headers)
    path, _, query = target.partition("?")
    keep = headers.get("connection", "").lower() != "close" and version != "HTTP/1.0"
    return Request(method.upper(), unquote(path) if "%" in path else path, query, headers, body), keep


def _read_headers(stream: BufferedReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_HEADERS):
        line = stream.readline(_LINE + 1)
        if line in {b"\r\n", b"\n"}:
            return headers
        if not line or len(line) > _LINE:
            raise _RequestError(400, "malformed headers")
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise _RequestError(400, "malformed header")
        headers[name.strip().lower()] = value.strip()
    raise _RequestError(431, "too many headers")


def _read_body(stream: BufferedReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _read_chunks(stream)
    declared = headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit():
        raise _RequestError(400, "malformed Content-Length")
    length = int(declared)
    if length > _BODY:
        raise _RequestError(413, "the body is too large")
    body = stream.read(length) if length else b""
    if len(body) < length:
        raise ConnectionResetError("the client went away in the middle of its request")
    return body


def _read_chunks(stream: BufferedReader) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        try:
            size = int(stream.readline(_LINE).partition(b";")[0], 16)
        except ValueError:
            raise _RequestError(400, "malformed chunk") from None
        if size == 0:
            while stream.readline(_LINE) not in {b"\r\n", b"\n", b""}:
                pass
            return b"".join(parts)
        total += size
        if size < 0 or total > _BODY:
            raise _RequestError(413, "the body is too large")
        parts.append(stream.read(size))
        stream.readline(_LINE)


def urls_line(sandbox: Sandbox) -> str:
    """The urls as one line of JSON: what the process prints when it is ready."""
    content: dict[str, Any] = {"urls": sandbox.urls}
    return json.dumps(content)
