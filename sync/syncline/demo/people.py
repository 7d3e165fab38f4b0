"""People at their platforms: each signs in as who they are, and does what the platform's own REST API lets them do."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import requests

from syncline.demo.equivalence import Directory, Ticket
from syncline.ports import Runtime

EMAIL: Final[Mapping[str, str]] = {
    name.partition(".")[0]: f"{name}@example.com"
    for name in (
        "amina.diallo",
        "bruno.keller",
        "chloe.martin",
        "diane.novak",
        "noah.brooks",
        "olga.petrova",
    )
}
"""Everybody who has an account on all platforms: login to e-mail address."""

_RULE: Final = re.compile(rb'"messageNumber": ?\d{5,}')
"""How Helix says no by a rule of the application: the server has no status for that."""
_PATIENCE: Final = 15.0
_TRIES: Final = 5


class PlatformRefusedError(Exception):
    """A platform would not do what a person wanted; the message has its words."""


class UnreachableError(Exception):
    """A platform did not answer a person, or only with a failure of its own."""


class Side(Protocol):
    """One platform, as the demo's people use it."""

    name: str

    def create(self, who: str, title: str, description: str, **values: str) -> str:
        """Open a ticket; its id."""
        ...

    def look(self, record: str) -> Ticket:
        """The ticket as it stands, without remarks and files."""
        ...

    def remarks(self, record: str) -> list[str]:
        """The texts of its comments and notes."""
        ...

    def set(self, who: str, record: str, what: str, value: str, **more: str) -> None:
        """Give a field a native value, with what the platform asks for beside it."""
        ...

    def remark(self, who: str, record: str, text: str, *, public: bool) -> None:
        """Write a comment or a note."""
        ...

    def attach(self, who: str, record: str, name: str, content: bytes) -> None:
        """Attach a file."""
        ...

    def newest(self) -> list[Ticket]:
        """The tickets that were created last; only id, key and title count."""
        ...

    def census(self) -> list[Ticket]:
        """Every ticket, whole, as the simulated platform itself holds it."""
        ...

    def directory(self) -> tuple[frozenset[str], frozenset[str]]:
        """E-mail addresses of people, and names of groups."""
        ...


class Wire:
    """The way to one platform: one connection for each thread, no retries but of reads.

    Attributes:
        url: Base address.
    """

    def __init__(self, url: str, runtime: Runtime) -> None:
        self.url = url
        self._runtime = runtime
        self._local = runtime.local()

    def call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        body: Any = None,
        raw: bytes | None = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
        form: Any = None,
    ) -> Any:
        """The reply's JSON; None where it has no body. `form` is JSON that goes with the files, as the part `entry`.

        Raises:
            PlatformRefusedError: 4xx, or 500 by which an application's own rule refuses.
            UnreachableError: no answer, or 5xx.
        """
        parts: dict[str, tuple[str | None, bytes]] | None = None if files is None else {**files}
        if parts is not None and form is not None:
            parts["entry"] = (None, json.dumps(form).encode())
        reply = self._reply(method, path, headers, body, raw, parts)
        return json.loads(reply) if reply else None

    def text(self, method: str, path: str, headers: Mapping[str, str], *, raw: bytes) -> str:
        """The reply as it is. Raises as `call`."""
        return self._reply(method, path, headers, None, raw, None).decode()

    def _reply(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Any,
        raw: bytes | None,
        files: Mapping[str, tuple[str | None, bytes]] | None,
    ) -> bytes:
        tries = _TRIES if method == "GET" else 1
        for attempt in range(tries):
            try:
                return self._once(method, path, headers, body, raw, files)
            except UnreachableError:
                if attempt == tries - 1:
                    raise
                self._runtime.sleep(0.2 * (attempt + 1))
        raise AssertionError("unreachable")

    def _once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Any,
        raw: bytes | None,
        files: Mapping[str, tuple[str | None, bytes]] | None,
    ) -> bytes:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        try:
            response = session.request(
                method,
                f"{self.url}{path}",
                json=body,
                data=raw,
                files=files,
                headers={"Accept": "application/json", **headers},
                timeout=_PATIENCE,
            )
        except requests.RequestException as error:
            raise UnreachableError(f"{method} {path}: {type(error).__name__}") from error
        return accepted(f"{method} {path}", response.status_code, response.content)

    def sandbox(self, method: str, what: str, body: Any = None) -> Any:
        """Ask the sandbox itself: `state`, `requests?since=0`, `faults`, `down`."""
        return self.call(method, f"/_sandbox/{what}", {}, body=body)


def accepted(what: str, status: int, body: bytes) -> bytes:
    """The body of a reply.

    Raises:
        PlatformRefusedError, UnreachableError: as `Wire.call`.
    """
    if (status >= 500 and not _RULE.search(body)) or status == 429:
        raise UnreachableError(f"{what}: {status}")
    if status >= 400:
        raise PlatformRefusedError(f"{what}: {status} {body[:300].decode('utf-8', 'replace')}")
    return body


def basic(user: str, secret: str) -> dict[str, str]:
    """The header of basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


def everybody(sides: Sequence[Side]) -> Directory:
    """Who has an account where."""
    found = {side.name: side.directory() for side in sides}
    return Directory(
        {name: people for name, (people, _) in found.items()},
        {name: groups for name, (_, groups) in found.items()},
    )
