"""A transport for `requests` that reaches a simulated platform without a socket."""

from collections.abc import Callable, Mapping
from email.message import Message
from http.client import responses
from io import BytesIO
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from syncline.ports import Clock, Runtime
from syncline.sandbox.faults import Fault
from syncline.sandbox.instance import Instance
from syncline.sandbox.platform import Request, Response
from syncline.sandbox.server import http_date

Exchange = Callable[[Request, float | None], Response]
"""Gives the reply to a request. The second argument is how many seconds the client waits for it (None: for
ever). May raise `requests.ConnectionError` (the connection broke) and `requests.ReadTimeout`."""

_FOR_EVER: Final = 3600.0


class SimulatedAdapter(BaseAdapter):
    """Mount it on a session: `session.mount("https://snow.example", SimulatedAdapter(exchange))`."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange
        self._builder = HTTPAdapter()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001  the signature is that of `requests`
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,  # noqa: ARG002, FBT001
        cert: Any = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        """Turn the prepared request into a `Request`, have it answered and give a real `requests.Response`."""
        patience = timeout[1] if isinstance(timeout, tuple) else timeout
        try:
            answer = self._exchange(simulated_request(request), patience)
        except requests.RequestException as error:
            error.request = request
            raise
        return self._builder.build_response(request, _as_urllib3(answer, request.method or "GET"))

    def close(self) -> None:
        """Nothing is open."""


def simulated_request(request: requests.PreparedRequest) -> Request:
    """The platform's view of a prepared request."""
    parts = urlsplit(request.url or "/")
    body: Any = request.body
    if body is None:
        raw = b""
    elif isinstance(body, str):
        raw = body.encode()
    elif isinstance(body, bytes):
        raw = body
    elif hasattr(body, "read"):
        read = body.read()
        raw = read.encode() if isinstance(read, str) else bytes(read)
    else:
        raw = b"".join(body)
    headers = {str(name).lower(): _text(value) for name, value in request.headers.items()}
    headers.setdefault("host", parts.netloc)
    return Request((request.method or "GET").upper(), unquote(parts.path) or "/", parts.query, headers, raw)


def exchange_with(instance: Instance, clock: Clock, runtime: Runtime) -> Exchange:
    """An exchange with an instance in this process, faults and waiting included."""

    def wait(seconds: float, patience: float | None) -> None:
        limit = _FOR_EVER if patience is None else patience
        if seconds > 0:
            runtime.sleep(min(seconds, limit))
        if seconds > limit:
            raise requests.ReadTimeout(f"{instance.name} said nothing within {limit:g} s")

    def later(request: Request, seconds: float) -> None:
        def apply() -> None:
            runtime.sleep(seconds)
            instance.apply(request)

        runtime.spawn(f"sandbox-{instance.name}-late", apply)

    def exchange(request: Request, patience: float | None) -> Response:
        outcome = instance.answer(request)
        if outcome.fault is Fault.RESET_BEFORE and instance.down == "hang":
            wait(_FOR_EVER, _FOR_EVER - 1 if patience is None else patience)
        response = outcome.response
        if outcome.fault is Fault.LATE and outcome.late is not None:
            if patience is None or outcome.late <= patience:
                runtime.sleep(outcome.late)
                response = instance.apply(request)
            else:
                later(request, outcome.late)
                wait(outcome.late, patience)
        elif outcome.late is not None:
            later(request, outcome.late)
        wait(outcome.delay, patience)
        if response is None:
            raise requests.ConnectionError(f"{instance.name} reset the connection")
        return Response(
            response.status,
            response.body,
            {"Date": http_date(clock.now()), **response.headers},
        )

    return exchange


class _Original:
    """What `requests` looks for cookies in."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.msg = Message()
        for name, value in headers.items():
            self.msg[name] = value

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        return None


def _as_urllib3(answer: Response, method: str) -> HTTPResponse:
    bare = method == "HEAD" or answer.status in {204, 304}
    headers = HTTPHeaderDict(answer.headers)
    if answer.status not in {204, 304}:
        headers["Content-Length"] = str(len(answer.body))
    original: Any = _Original(answer.headers)
    return HTTPResponse(
        body=BytesIO(b"" if bare else answer.body),
        headers=headers,
        status=answer.status,
        reason=responses.get(answer.status, ""),
        preload_content=False,
        original_response=original,
        request_method=method,
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
