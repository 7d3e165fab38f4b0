"""A tap on the wire between a connector and its platform: it sees every request, and can make any go wrong."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import responses
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

Send = Callable[[], requests.Response]
"""Lets the request pass, and gives the platform's reply."""
Fault = Callable[[requests.PreparedRequest, Send], requests.Response]
"""What happens to a request instead."""
Where = Callable[[requests.PreparedRequest], bool]
"""Whether it happens to that one."""


def reply(
    request: requests.PreparedRequest,
    status: int,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> requests.Response:
    """A reply that the platform never gave."""
    said = HTTPHeaderDict({"Content-Length": str(len(body)), **(headers or {})})
    original: Any = None
    raw = HTTPResponse(
        body=BytesIO(body),
        headers=said,
        status=status,
        reason=responses.get(status, ""),
        preload_content=False,
        original_response=original,
        request_method=request.method or "GET",
    )
    return HTTPAdapter().build_response(request, raw)


def answers(status: int, body: bytes = b"", **headers: str) -> Fault:
    """It is not applied; that is the reply. `_` in a header's name stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named.setdefault("Content-Type", "application/json")
    return lambda request, _send: reply(request, status, body, named)


def refuses_connections(request: requests.PreparedRequest, _send: Send) -> requests.Response:
    """No connection is made: nothing was sent."""
    raise requests.ConnectTimeout("no connection", request=request)


def breaks_before(request: requests.PreparedRequest, _send: Send) -> requests.Response:
    """The connection breaks, and the request is not applied."""
    raise requests.ConnectionError("connection reset", request=request)


def breaks_after(request: requests.PreparedRequest, send: Send) -> requests.Response:
    """The request is applied, and its reply is lost."""
    send()
    raise requests.ConnectionError("connection reset", request=request)


def alters(change: Callable[[bytes], bytes]) -> Fault:
    """The reply arrives with another body."""

    def fault(request: requests.PreparedRequest, send: Send) -> requests.Response:
        told = send()
        headers = {
            name: value
            for name, value in told.headers.items()
            if name.lower() not in {"content-length", "content-encoding", "transfer-encoding"}
        }
        return reply(request, told.status_code, change(told.content), headers)

    return fault


def replies(body: bytes) -> Fault:
    """The request is applied, and its reply holds that, and nothing of what it held."""
    return alters(lambda _told: body)


def hides(text: str) -> Fault:
    """Of every list in a reply, what holds that text is missing: so a search answers that shows it late."""

    def left(content: Any) -> Any:
        if isinstance(content, dict):
            return {key: left(value) for key, value in content.items()}
        if isinstance(content, list):
            return [left(one) for one in content if text not in json.dumps(one, ensure_ascii=False)]
        return content

    def change(body: bytes) -> bytes:
        try:
            return json.dumps(left(json.loads(body))).encode()
        except ValueError:
            return body

    return alters(change)


def once(fault: Fault, known: dict[tuple[str | None, ...], requests.Response]) -> Fault:
    """That fault, but a read that is repeated reaches the platform once: while nobody changes anything, it answers alike."""

    def passed(request: requests.PreparedRequest, send: Send) -> requests.Response:
        if request.method not in {"GET", "HEAD"}:
            return fault(request, send)
        key = (request.method, request.url, request.headers.get("Accept"), request.headers.get("Range"))

        def first() -> requests.Response:
            if key not in known:
                known[key] = send()
            return known[key]

        return fault(request, first)

    return passed


@dataclass(slots=True)
class _Trap:
    """A fault that waits for its requests."""

    where: Where
    fault: Fault
    left: int | None


@dataclass(slots=True)
class Wiretap:
    """Counts and disturbs what passes.

    Attributes:
        wire: Makes what carries requests to the platform.
        seen: Every request that came by, in order.
    """

    wire: Callable[[], BaseAdapter]
    seen: list[requests.PreparedRequest] = field(default_factory=list)
    _traps: list[_Trap] = field(default_factory=list)

    def __call__(self) -> BaseAdapter:
        """An adapter for one worker's session."""
        return _Tapped(self, self.wire())

    def meets(self, fault: Fault, where: Where | None = None, times: int | None = 1) -> None:
        """The next `times` requests that match meet that fault; None: all of them."""
        self._traps.append(_Trap(where or (lambda _request: True), fault, times))

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        self._traps.clear()

    def paths(self, since: int = 0) -> list[str]:
        """Method and path of each request, for messages."""
        return [f"{one.method} {urlsplit(one.url or '').path}" for one in self.seen[since:]]

    def fault_of(self, request: requests.PreparedRequest) -> Fault | None:
        """What happens to that request."""
        for trap in self._traps:
            if trap.left != 0 and trap.where(request):
                trap.left = None if trap.left is None else trap.left - 1
                return trap.fault
        return None


class _Tapped(BaseAdapter):
    def __init__(self, tap: Wiretap, wire: BaseAdapter) -> None:
        super().__init__()
        self._tap = tap
        self._wire = wire

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001  the signature of requests
        timeout: Any = None,
        verify: bool | str = True,  # noqa: FBT001
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Let it pass, or not."""
        self._tap.seen.append(request)
        fault = self._tap.fault_of(request)

        def passed() -> requests.Response:
            given = dict(proxies or {})
            return self._wire.send(
                request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=given
            )

        return passed() if fault is None else fault(request, passed)

    def close(self) -> None:
        """Close what carries the requests."""
        self._wire.close()
