"""PagerDuty through pdpyras, tamed: its retries off, our guarded transport under it, our errors out of it.

pdpyras resends any request three times after a dropped connection and a 429 without end, both with its own
sleeps. The three settings in `_tame` stop all of that: one call, one request. It is imported on first use,
because it warns of its end of life while it is imported.
"""

import functools
import importlib
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote
from weakref import WeakKeyDictionary

import requests

from syncline.errors import Gone, OutcomeUnknown, RetryLater
from syncline.http.client import Http

PAGE: Final = 100
"""Rows of one page at the most (REST API docs, pagination)."""

LAST_ROW: Final = 10_000
"""`offset` and `limit` together may not exceed this (REST API docs, pagination)."""

_ABOUT: Final = re.compile(r"/incidents/([^/]+)")

Params = Mapping[str, str | int | list[str]]


@functools.cache
def library() -> Any:
    """The module pdpyras, imported when the first instance is connected."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message='The package "pdpyras" is deprecated', category=UserWarning)
        return importlib.import_module("pdpyras")


class Client:
    """PagerDuty's REST API for one instance; safe to share between workers, each of which gets its own session.

    Args:
        http: The instance's transport.
        from_email: Goes out as `From` with every request; PagerDuty demands it of writes.
    """

    def __init__(self, http: Http, from_email: str) -> None:
        self.http = http
        self._from_email = from_email
        self._pdpyras = library()
        self._sessions: WeakKeyDictionary[requests.Session, Any] = WeakKeyDictionary()

    def get(self, path: str, params: Params | None = None) -> Mapping[str, Any]:
        """The JSON object that a GET brings.

        Raises:
            Gone: there is no such incident, or it alone is hidden from us.
            Configuration: none is ours to read.
            RetryLater: what came is no JSON object.
        """
        try:
            return self._call("GET", path, params=dict(params or {}))
        except Gone as error:
            if "(403" in str(error):
                # One that is hidden passes for deleted; all of them do not, when somebody took the right from our key.
                self._call("GET", "/incidents", params={"limit": 1})
            raise

    def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The JSON object that a POST brings.

        Raises:
            OutcomeUnknown: what came is no JSON object.
        """
        return self._call("POST", path, json=dict(body))

    def put(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The JSON object that a PUT brings.

        Raises:
            OutcomeUnknown: what came is no JSON object.
        """
        return self._call("PUT", path, json=dict(body))

    def rows(
        self, path: str, key: str, params: Params | None = None, most: int = LAST_ROW
    ) -> Iterator[Mapping[str, Any]]:
        """The rows of a list, page by page as they are taken, `most` of them or somewhat more.

        For lists that hardly move: offset pages skip rows of one that does.
        """
        for offset in range(0, min(most, LAST_ROW), PAGE):
            reply = self.get(path, {**(params or {}), "limit": PAGE, "offset": offset})
            yield from self.listed(reply, key)
            if reply.get("more") is not True:
                return

    def listed(self, reply: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        """The objects of a reply's list.

        Raises:
            RetryLater: it has none: then it is no reply of PagerDuty's, and says nothing of what there is.
        """
        rows = reply.get(key)
        if not isinstance(rows, list):
            raise RetryLater(
                f"{self.http.instance}: a reply without {key}; check that url leads to PagerDuty's REST API"
            )
        return [row for row in rows if isinstance(row, dict)]

    def _call(self, method: str, path: str, **content: Any) -> Mapping[str, Any]:
        trouble = RetryLater if method == "GET" else OutcomeUnknown
        about = _ABOUT.match(path)
        try:
            with self.http.about(record=f"incident {unquote(about[1])}" if about else None):
                response: requests.Response = self._session().request(method, path, **content)
            body = response.json()
        except self._pdpyras.PDClientError as error:
            cause = error.__cause__ or error
            raise trouble(
                f"{self.http.instance}: {method} {path}: the PagerDuty client failed ({type(cause).__name__})"
            ) from None
        except (ValueError, RecursionError):
            raise trouble(
                f"{self.http.instance}: {method} {path}: the reply is no JSON that can be read"
            ) from None
        if not isinstance(body, dict):
            raise trouble(f"{self.http.instance}: {method} {path}: the reply is no JSON object")
        return body

    def _session(self) -> Any:
        """This worker's pdpyras session."""
        worker = self.http.session()
        session = self._sessions.get(worker)
        if session is None:
            session = self._sessions[worker] = self._tame()
        return session

    def _tame(self) -> Any:
        # pdpyras shows the end of its key in messages: it never gets ours, which the guard adds on the way out.
        session = self._pdpyras.APISession("unused", default_from=self._from_email)
        del session.headers["Authorization"]
        # The OpenAPI document asks for it on reads too; pdpyras sends it with writes only.
        session.headers["Content-Type"] = "application/json"
        session.max_network_attempts = 0
        session.retry[429] = 1
        session.max_http_attempts = -1
        session.url = self.http.base_url
        session.timeout = self.http.timeout
        return self.http.equip(session)
