"""What a simulated platform is: a function of a request, the time and randomness over its own state."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Protocol
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Attributes:
        method: Upper case.
        path: Decoded, with its leading slash, without the query.
        query: The raw query string, without the question mark.
        headers: Names in lower case.
        body: Raw.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def params(self) -> list[tuple[str, str]]:
        """The query, decoded, in order; repeated names stay."""
        return parse_qsl(self.query, keep_blank_values=True)

    def param(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return next((value for key, value in self.params if key == name), default)

    def header(self, name: str) -> str:
        """A header's value, empty where it is missing."""
        return self.headers.get(name.lower(), "")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is not.
        """
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP reply."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    """A reply with a JSON body."""
    body = json.dumps(content, separators=(",", ":")).encode()
    return Response(status, body, {"Content-Type": "application/json", **(headers or {})})


class SimulatedPlatform(Protocol):
    """One simulated instance. `handle` changes nothing but its own state, and reads no clock and no randomness
    but what it is given: the same requests at the same times give the same replies."""

    @property
    def platform(self) -> str:
        """The kind of system: `servicenow`."""
        ...

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        """Answer one request at that moment (aware, UTC)."""
        ...
