"""Asks a token endpoint, under the same bounds as any other call of the instance."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import requests
import urllib3
from requests.auth import HTTPBasicAuth

from syncline.errors import Configuration, RetryLater, SynclineError
from syncline.http import body
from syncline.http.exchange import Exchange, Outcome
from syncline.http.failures import judge_failure
from syncline.http.line import Line
from syncline.http.replies import is_page, judge_redirect, wait_of
from syncline.http.settings import check_url

_LARGEST: Final = 1_000_000
_FAREWELL: Final = 3.0
"""Seconds: whoever leaves does not wait longer."""


class TokenEndpoint:
    """Posts forms to token endpoints for one instance. Asking twice is harmless, so no outcome is unknown."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def __call__(
        self, url: str, form: Mapping[str, str], basic: tuple[str, str] | None = None
    ) -> Mapping[str, Any]:
        """The reply's JSON object.

        Raises:
            Configuration: the endpoint refuses these credentials, or is no token endpoint.
            RetryLater: it cannot be reached, or fails.
        """
        request = _form(url, form, "application/json")
        if basic is not None:
            request = HTTPBasicAuth(basic[0].encode(), basic[1].encode())(request)
        return self._object(*self._asked(url, request))

    def text(self, url: str, form: Mapping[str, str]) -> str:
        """The reply's plain text. Raises as a call does."""
        exchange, response, content = self._asked(url, _form(url, form, "*/*"))
        self._refuse(exchange, response, _words(content))
        if is_page(response.headers.get("Content-Type", ""), content):
            cause = "the login answers with a page instead of a token"
            step = "Check the setting url, and whether the account may log in without single sign-on."
            raise Configuration(exchange.sentence(cause, step))
        try:
            return content.decode("ascii").strip()
        except UnicodeDecodeError:
            return ""

    def give_back(self, url: str, authorization: str, method: str = "POST") -> None:
        """Tell the endpoint that a token is no longer needed. Raises nothing that concerns the network."""
        request = requests.Request(
            method, url, headers={"Authorization": authorization, "Connection": "close"}
        )
        with suppress(SynclineError):
            self._asked(url, request.prepare(), most=_FAREWELL)

    def _asked(
        self, url: str, request: requests.PreparedRequest, most: float | None = None
    ) -> tuple[Exchange, requests.Response, bytes]:
        """The exchange, the reply and its body. `most`: seconds that are waited at the most."""
        line, route = self._line, self._line.route
        exchange = Exchange(
            line.instance,
            url,
            route.credentials,
            request.method or "POST",
            url,
            write=False,
            raw=False,
            record=None,
            redactor=line.redactor,
        )
        try:
            # Some take options in the query; none of them is a secret.
            check_url(url.partition("?")[0])
        except ValueError as error:
            raise Configuration(
                exchange.sentence(f"the address of the token endpoint {error}", "Correct it.")
            ) from None
        timeout = (
            route.timeout if most is None else (min(most, route.timeout[0]), min(most, route.timeout[1]))
        )
        # Tokens are asked for once in an hour or so: no connection is kept for that.
        wire = line.wire()
        try:
            response = wire.send(
                request,
                stream=True,
                timeout=timeout,
                verify=route.verify,
                cert=route.cert,
                proxies=dict(route.proxies or {}),
            )
            line.count("auth", exchange.method, response.status_code)
            until = line.clock.monotonic() + timeout[1]
            return exchange, response, body.read(response, _LARGEST, lambda: line.clock.monotonic() > until)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            line.count("auth", exchange.method, None)
            outcome = judge_failure(exchange, error)
        except body.UnusableBodyError as error:
            outcome = Outcome(error=exchange.without_verdict(f"the reply of the token endpoint {error}"))
        finally:
            wire.close()
        raise outcome.error or exchange.without_verdict("no token came")

    def _refuse(self, exchange: Exchange, response: requests.Response, words: str) -> None:
        """Raise where the endpoint says anything but yes."""
        status = response.status_code
        if 300 <= status < 400:
            outcome = judge_redirect(exchange, response)
            raise outcome.error or exchange.without_verdict(f"no token came ({status})")
        if status in {400, 401, 403, 404}:
            said = exchange.quote(words) or response.reason or "no reason given"
            step = (
                f"Check the client id, {exchange.credentials_named()} and the address of the token endpoint."
            )
            raise Configuration(exchange.sentence(f"the token endpoint refuses us ({status}: {said})", step))
        if status != 200:
            wait = wait_of(response, self._line.dialect, self._line.platform_now())
            raise exchange.without_verdict(f"the token endpoint fails ({status})", after=wait)

    def _object(self, exchange: Exchange, response: requests.Response, content: bytes) -> Mapping[str, Any]:
        """The object that a reply holds."""
        answer: Any = None
        fault = "is no JSON object"
        try:
            answer = json.loads(body.checked_json(content, response.headers.get("Content-Type", "")))
        except body.UnusableBodyError as error:
            fault = str(error)
        told = isinstance(answer, dict)
        words = [str(answer.get(key) or "") for key in ("error", "error_description")] if told else []
        self._refuse(exchange, response, " ".join(words))
        if not isinstance(answer, dict):
            cause = f"the reply of the token endpoint {fault}"
            raise RetryLater(exchange.sentence(cause, "Check the address of the token endpoint."))
        return answer


def _form(url: str, form: Mapping[str, str], accept: str) -> requests.PreparedRequest:
    return requests.Request(
        "POST", url, data=dict(form), headers={"Accept": accept, "Connection": "close"}
    ).prepare()


def _words(content: bytes) -> str:
    """What an endpoint that gives plain text says in an error: short text, or the texts of a list of messages."""
    try:
        listed = json.loads(body.checked_json(content, "application/json"))
    except (body.UnusableBodyError, ValueError, RecursionError):
        return "" if is_page("", content) else content[:500].decode("utf-8", "replace")
    messages = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return " ".join(
        str(text) for one in messages for key, text in one.items() if "text" in key.lower() and text
    )
