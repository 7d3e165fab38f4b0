"""The transport adapter that every request passes, whichever library made it.

It bounds time and size, takes from the budget, asks the breaker, signs, repeats what may be repeated, and turns
whatever goes wrong into an exception of `syncline.errors` before the library sees it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from io import BytesIO
from typing import Final
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict
from tenacity import RetryCallState, Retrying, retry_if_result

from syncline.errors import Configuration, Refused, RetryLater, SynclineError
from syncline.http import body
from syncline.http.auth import Renewable
from syncline.http.exchange import SAFE_METHODS, About, Call, Exchange, Outcome, Rehearsed
from syncline.http.failures import judge_failure
from syncline.http.line import Line
from syncline.http.replies import (
    is_page,
    judge,
    judge_page,
    judge_redirect,
    leads_to_login,
    origin,
    redirect_target,
    wait_of,
)

log = logging.getLogger(__name__)

PATIENCE: Final = 5.0
"""Seconds within which the last repetition begins; whoever needs more waits in the ledger, not in a worker."""

_FIRST_BACKOFF: Final = 0.25
_LONGEST_BACKOFF: Final = 2.0
_UNSTATED_PAUSE: Final = 1.0
_MOST_REDIRECTS: Final = 3

Timeout = float | tuple[float | None, float | None] | None


class GuardedAdapter(BaseAdapter):
    """A transport adapter for one worker's session of one instance.

    Args:
        line: What the instance's workers share.
        auth: Gives what signs each attempt; the caller's own request stays unsigned, so that no library can show it.
        about: What the worker says about its current request.
        rehearsing: Whether writes end in `Rehearsed` instead of going out.
    """

    def __init__(
        self,
        line: Line,
        auth: Callable[[], AuthBase],
        about: Callable[[], About],
        *,
        rehearsing: bool = False,
    ) -> None:
        super().__init__()
        self._line = line
        self._auth = auth
        self._about = about
        self._rehearsing = rehearsing
        self._wire = line.wire()

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001  the signature of requests; replies are always read whole
        timeout: object = None,
        verify: bool | str = True,  # noqa: ARG002, FBT001  the instance's settings decide
        cert: object = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        """Send a request; the reply is one that says yes.

        Raises:
            SynclineError: one of `Configuration`, `RetryLater`, `OutcomeUnknown`, `Refused`, `Gone`.
            Rehearsed: it is a write, and this is a rehearsal.
        """
        about = self._about()
        exchange = self._exchange(request, about)
        _hold(request)
        if exchange.write and self._rehearsing:
            raise Rehearsed(self._call(request))
        bounded = _bounded(timeout, self._line.route.timeout)
        sending = _Sending(
            self._line, self._wire, self._auth(), request, exchange, bounded, urgent=about.urgent
        )
        try:
            outcome = sending.run()
        except SynclineError as error:
            self._line.erred(str(error))
            raise
        if outcome.error is not None or outcome.response is None:
            failure = outcome.error or exchange.without_verdict("no attempt was made")
            self._line.erred(str(failure))
            raise failure
        self._line.succeeded()
        return outcome.response

    def _exchange(self, request: requests.PreparedRequest, about: About) -> Exchange:
        """The request as the rest knows it. Raises Configuration where it would go to a stranger."""
        route = self._line.route
        method = (request.method or "GET").upper()
        url = request.url or ""
        safe = method in SAFE_METHODS if about.safe is None else about.safe
        exchange = Exchange(
            instance=self._line.instance,
            base_url=route.base_url,
            credentials=route.credentials,
            method=method,
            url=url,
            write=not safe,
            raw=about.raw,
            record=about.record,
            redactor=self._line.redactor,
        )
        if origin(url) != origin(route.base_url):
            cause = f"the address {urlsplit(url).netloc} is not that of the instance"
            step = f"Nothing was sent. The setting url is {route.base_url}; correct it if the platform has moved."
            raise Configuration(exchange.sentence(cause, step))
        return exchange

    def _call(self, request: requests.PreparedRequest) -> Call:
        """The request as a rehearsal shows it."""
        content = request.body.encode() if isinstance(request.body, str) else request.body
        return Call(
            method=(request.method or "").upper(),
            url=self._line.redactor(request.url or ""),
            headers=self._line.redactor.headers(request.headers),
            body=content if isinstance(content, bytes) else None,
        )


class _Sending:
    """One request on its way, through all its attempts."""

    def __init__(
        self,
        line: Line,
        wire: BaseAdapter,
        auth: AuthBase,
        request: requests.PreparedRequest,
        exchange: Exchange,
        timeout: tuple[float, float],
        *,
        urgent: bool,
    ) -> None:
        self._line = line
        self._wire = wire
        self._auth = auth
        self._request = request
        self._exchange = exchange
        self._timeout = timeout
        self._urgent = urgent
        self._last: Outcome | None = None
        self._deadline = line.clock.monotonic() + PATIENCE
        self._redirects = 0
        self._renewed = False
        self._at_once = False

    def run(self) -> Outcome:
        """Send, and repeat as long as that is harmless, hopeful and in time."""
        retrying = Retrying(
            retry=retry_if_result(lambda outcome: outcome.repeat),
            stop=self._stop,
            wait=self._wait,
            sleep=self._line.sleep,
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else self._last,
        )
        return retrying(self._attempt)

    def _stop(self, state: RetryCallState) -> bool:
        """Whether the next repetition would begin too late, or nobody wants it any more."""
        return self._line.stopping() or self._line.clock.monotonic() + state.upcoming_sleep > self._deadline

    def _wait(self, state: RetryCallState) -> float:
        """Seconds until the next attempt: as the platform says, else full jitter."""
        if self._at_once:
            return 0.0
        outcome = state.outcome.result() if state.outcome else Outcome()
        if outcome.after is not None:
            return float(outcome.after)
        return self._line.jitter(min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2**state.attempt_number))

    def _attempt(self) -> Outcome:
        """One attempt, from the breaker to the verdict."""
        self._at_once = False
        if self._last is not None and self._line.stopping():
            return replace(self._last, repeat=False)
        if rest := self._line.resting():
            return self._unavailable(rest)
        while wait := self._line.take(urgent=self._urgent):
            if self._line.stopping() or self._line.clock.monotonic() + wait > self._deadline:
                step = "It is tried again by itself. If this lasts, raise requests_per_minute as far as the platform allows."
                return self._not_sent(
                    RetryLater(self._exchange.sentence("the rate budget is used up", step), wait)
                )
            self._line.sleep(wait)
        signed = self._auth(self._request.copy())
        if rest := self._line.admit():
            return self._unavailable(rest)
        self._last = self._transmit(signed)
        if self._last.down:
            self._line.failed(self._line.redactor(self._last.reason))
        else:
            self._line.answered()
        return self._last

    def _unavailable(self, rest: float) -> Outcome:
        """The breaker is open: nothing is sent."""
        cause = "the instance is unavailable and is left alone for a while"
        return self._not_sent(
            RetryLater(self._exchange.sentence(cause, "It is tried again by itself."), rest)
        )

    def _not_sent(self, error: RetryLater) -> Outcome:
        """No attempt now. What an earlier one brought to light says more than that."""
        return Outcome(error=error) if self._last is None else replace(self._last, repeat=False)

    def _transmit(self, signed: requests.PreparedRequest) -> Outcome:
        """Put the request on the wire and judge what comes back."""
        exchange, line, route = self._exchange, self._line, self._line.route
        kind = "write" if exchange.write else "read"
        sent = line.clock.monotonic()
        try:
            response = self._wire.send(
                signed,
                stream=True,
                timeout=self._timeout,
                verify=route.verify,
                cert=route.cert,
                proxies=dict(route.proxies or {}),
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            line.count(kind, exchange.method, None)
            return judge_failure(exchange, error)
        line.count(kind, exchange.method, response.status_code)
        line.heard(response.headers.get("Date"), response.headers.get("Age"), sent)
        log.debug(
            "%s: %s %s -> %s",
            line.instance,
            exchange.method,
            urlsplit(exchange.url).path,
            response.status_code,
        )
        content = self._read(response)
        if isinstance(content, bytes):
            content = self._sound(response, content)
        if isinstance(content, Outcome):
            return content
        return self._judge(signed, _whole(response, self._request, content))

    def _read(self, response: requests.Response) -> bytes | Outcome:
        """The reply's body, or what it means that there is none that can be used."""
        exchange, route = self._exchange, self._line.route
        limit = route.max_attachment if exchange.raw and response.status_code < 300 else route.max_reply
        until = self._line.clock.monotonic() + self._timeout[1]
        try:
            return body.read(response, limit, lambda: self._line.clock.monotonic() > until)
        except body.TooLargeError as error:
            if response.status_code >= 300:
                # Its status decides.
                return b""
            if exchange.raw:
                step = "Raise the setting max_attachment if such files are to be copied."
                return Outcome(error=Refused(exchange.sentence(f"the file {error}", step)))
            return Outcome(error=exchange.without_verdict(f"the reply {error}"))
        except body.BrokenError as error:
            cause = f"the reply {error}"
            return Outcome(
                error=exchange.without_verdict(cause), repeat=not exchange.write, down=True, reason=cause
            )
        finally:
            response.close()

    def _sound(self, response: requests.Response, content: bytes) -> bytes | Outcome:
        """The body, if it is what the dialect says that bodies are."""
        kind = response.headers.get("Content-Type", "")
        if self._exchange.raw:
            return content
        if not content:
            return self._empty(response)
        json_only = self._line.dialect.json_only
        if is_page(kind, content):
            fault = json_only and response.status_code < 300
            return judge_page(self._exchange, response.status_code, content) if fault else content
        if not json_only and "json" not in kind.lower():
            return content
        try:
            return body.checked_json(content, kind)
        except body.UnusableBodyError as error:
            if response.status_code < 300:
                return Outcome(error=self._exchange.without_verdict(f"the reply {error}"))
            # Its status decides; what it says is not worth reading.
            return b""

    def _empty(self, response: requests.Response) -> bytes | Outcome:
        """No body. To a question that is no answer: it would pass for one that there is nothing."""
        asked = not self._exchange.write and self._exchange.method != "HEAD"
        if asked and self._line.dialect.json_only and response.status_code in {200, 203}:
            return Outcome(error=self._exchange.without_verdict("the reply is empty"))
        return b""

    def _judge(self, signed: requests.PreparedRequest, response: requests.Response) -> Outcome:
        """What a whole reply means."""
        exchange = self._exchange
        if response.is_redirect:
            return self._redirect(response)
        outcome = judge(exchange, self._line.dialect, response, self._line.platform_now())
        if response.status_code == 401 and not self._renewed and isinstance(self._auth, Renewable):
            self._renewed = True
            if self._auth.renew(signed):
                self._at_once = True
                return Outcome(error=outcome.error, repeat=True)
        if response.status_code in {429, 503} and outcome.error is not None:
            wait = wait_of(response, self._line.dialect, self._line.platform_now())
            if wait is not None or response.status_code == 429:
                self._line.pause(_UNSTATED_PAUSE if wait is None else wait)
        return outcome

    def _redirect(self, response: requests.Response) -> Outcome:
        """Follow a read within the instance; nothing else."""
        outcome = judge_redirect(self._exchange, response)
        target = redirect_target(self._exchange, response)
        if self._exchange.write or target is None or self._redirects >= _MOST_REDIRECTS:
            return outcome
        if origin(target) != origin(self._exchange.url) or leads_to_login(target):
            return outcome
        self._redirects += 1
        self._request = self._request.copy()
        self._request.url = target
        self._at_once = True
        return Outcome(error=outcome.error, repeat=True)


def _hold(request: requests.PreparedRequest) -> None:
    """Read a streamed body, so that it can be sent again or shown."""
    content = request.body
    if content is None or isinstance(content, bytes | str):
        return
    if hasattr(content, "read"):
        whole = content.read()
    elif isinstance(content, Iterable):
        whole = b"".join(piece if isinstance(piece, bytes) else str(piece).encode() for piece in content)
    else:
        return
    request.body = whole.encode() if isinstance(whole, str) else whole
    request.headers.pop("Transfer-Encoding", None)
    request.prepare_content_length(request.body)


def _bounded(given: object, ours: tuple[float, float]) -> tuple[float, float]:
    """Our timeouts, or the caller's where they are shorter."""
    connect, read = given if isinstance(given, tuple) and len(given) == 2 else (given, given)
    return (
        min(connect, ours[0]) if isinstance(connect, int | float) else ours[0],
        min(read, ours[1]) if isinstance(read, int | float) else ours[1],
    )


def _whole(
    received: requests.Response, request: requests.PreparedRequest, content: bytes
) -> requests.Response:
    """The reply, with a body that lies in memory and can be read in every way that the libraries have."""
    response = requests.Response()
    response.status_code = received.status_code
    response.reason = received.reason
    response.url = received.url
    # JSON is UTF-8 by now; guessing would cost more than parsing.
    response.encoding = (
        "utf-8" if "json" in received.headers.get("Content-Type", "").lower() else received.encoding
    )
    response.cookies = received.cookies
    response.elapsed = received.elapsed
    response.headers = CaseInsensitiveDict(received.headers)
    for name in ("Content-Encoding", "Transfer-Encoding"):
        response.headers.pop(name, None)
    response.request = request
    # A session takes its cookies from the original message.
    original = getattr(received.raw, "_original_response", None)
    response.raw = urllib3.HTTPResponse(
        body=BytesIO(content), status=received.status_code, preload_content=False, original_response=original
    )
    return response
