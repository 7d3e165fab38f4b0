"""Asks a token endpoint, under the same bounds as any other call of the instance."""

import json
from collections.abc import Mapping
from typing import Any

import requests
import urllib3
from requests.auth import HTTPBasicAuth

from syncline.errors import Configuration, RetryLater
from syncline.http import body
from syncline.http.exchange import Exchange, Outcome
from syncline.http.failures import judge_failure
from syncline.http.line import Line
from syncline.http.replies import judge_redirect, wait_of
from syncline.http.settings import check_url

_LARGEST = 1_000_000


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
        line, route = self._line, self._line.route
        exchange = Exchange(
            line.instance,
            url,
            route.credentials,
            "POST",
            url,
            write=False,
            raw=False,
            record=None,
            redactor=line.redactor,
        )
        try:
            check_url(url)
        except ValueError as error:
            raise Configuration(
                exchange.sentence(f"the address of the token endpoint {error}", "Correct it.")
            ) from None
        request = requests.Request(
            "POST", url, data=dict(form), headers={"Accept": "application/json", "Connection": "close"}
        )
        prepared = request.prepare()
        if basic is not None:
            prepared = HTTPBasicAuth(basic[0].encode(), basic[1].encode())(prepared)
        # Tokens are asked for once in an hour or so: no connection is kept for that.
        wire = line.wire()
        try:
            response = wire.send(
                prepared,
                stream=True,
                timeout=route.timeout,
                verify=route.verify,
                cert=route.cert,
                proxies=dict(route.proxies or {}),
            )
            line.count("auth", "POST", response.status_code)
            until = line.clock.monotonic() + route.timeout[1]
            content = body.read(response, _LARGEST, lambda: line.clock.monotonic() > until)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            line.count("auth", "POST", None)
            outcome = judge_failure(exchange, error)
        except body.UnusableBodyError as error:
            outcome = Outcome(error=exchange.without_verdict(f"the reply of the token endpoint {error}"))
        else:
            return self._tokens(exchange, response, content)
        finally:
            wire.close()
        raise outcome.error or exchange.without_verdict("no token came")

    def _tokens(self, exchange: Exchange, response: requests.Response, content: bytes) -> Mapping[str, Any]:
        """The object that a reply holds."""
        status = response.status_code
        if 300 <= status < 400:
            outcome = judge_redirect(exchange, response)
            raise outcome.error or exchange.without_verdict(f"no token came ({status})")
        answer: Any = None
        fault = "is no JSON object"
        try:
            answer = json.loads(body.checked_json(content, response.headers.get("Content-Type", "")))
        except body.UnusableBodyError as error:
            fault = str(error)
        if status in {400, 401, 403, 404}:
            words = (
                [str(answer.get(key) or "") for key in ("error", "error_description")]
                if isinstance(answer, dict)
                else []
            )
            said = exchange.quote(" ".join(words)) or response.reason or "no reason given"
            step = (
                f"Check the client id, {exchange.credentials_named()} and the address of the token endpoint."
            )
            raise Configuration(exchange.sentence(f"the token endpoint refuses us ({status}: {said})", step))
        if status != 200:
            wait = wait_of(response, self._line.dialect, self._line.platform_now())
            raise exchange.without_verdict(f"the token endpoint fails ({status})", after=wait)
        if not isinstance(answer, dict):
            cause = f"the reply of the token endpoint {fault}"
            raise RetryLater(exchange.sentence(cause, "Check the address of the token endpoint."))
        return answer
