"""A web hook by which managers are told: what it got, and when. Nothing of Syncline's is asked about it."""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import unquote

from syncline.demo.equivalence import case_of
from syncline.demo.pager import HOOK, Page
from syncline.ports import Clock, Runtime, Task

_HOST: Final = "127.0.0.1"
_LONGEST: Final = 1_000_000
_LOOK: Final = 0.1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    hook: "Hook"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """Take one message; its path is the person's address."""
        length = int(self.headers.get("content-length") or 0)
        try:
            content = json.loads(self.rfile.read(min(length, _LONGEST)))
            title, text = str(content["title"]), str(content["message"])
        except (ValueError, KeyError, TypeError):
            self.send_error(400)
            return
        self.server.hook.take(unquote(self.path).strip("/"), title, text)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the standard library's
        """Nothing: the terminal belongs to the view."""


@dataclass(slots=True)
class Hook:
    """A web hook on this machine.

    Attributes:
        clock: When a message came in.
        runtime: What listens beside the play.
    """

    clock: Clock
    runtime: Runtime
    _got: list[Page] = field(default_factory=list)
    _lock: AbstractContextManager[Any] = field(init=False, repr=False)
    _server: _Server | None = None
    _task: Task | None = None

    def __post_init__(self) -> None:
        self._lock = self.runtime.lock()

    def open(self) -> str:
        """Listen; the URL of a channel of Apprise that leads here."""
        self._server = server = _Server((_HOST, 0), _Handler)
        server.hook = self
        self._task = self.runtime.spawn("hook", lambda: server.serve_forever(_LOOK))
        return f"json://{_HOST}:{server.server_address[1]}/{{address}}"

    def take(self, who: str, title: str, text: str) -> None:
        """A message came in. It names its incident as its title does."""
        with self._lock:
            self._got.append(Page(case_of(title), who, HOOK, self.clock.now(), f"{title}\n{text}"))

    def pages(self) -> list[Page]:
        """All that came in, in order."""
        with self._lock:
            return list(self._got)

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None and self._task is not None:
            self._server.shutdown()
            self._task.join(5)
            self._server.server_close()
            self._server = None
