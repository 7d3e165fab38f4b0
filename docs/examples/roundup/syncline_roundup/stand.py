"""A real Roundup, and Dana, who works there."""

import atexit
from collections.abc import Mapping
from functools import cache
from typing import Any

import requests
from pydantic import SecretStr
from requests.adapters import BaseAdapter, HTTPAdapter

from syncline.connector import Native
from syncline.model import Visibility
from syncline_roundup.served import Served


@cache
def served() -> Served:
    """One server for all stands of this process: it takes a second or two to begin."""
    server = Served()
    atexit.register(server.close)
    return server


class RoundupStand:
    """A tracker without issues, on a server that is there.

    Attributes:
        assignable: A user's address.
        clock: The server's.
    """

    assignable = "erin@tracker.example"

    def __init__(self) -> None:
        self.server = served()
        self.server.empty()
        self.clock = self.server.clock
        self.dana = self.person("dana")

    @property
    def settings(self) -> Mapping[str, object]:
        """As in `syncline.yaml`."""
        return {
            "url": self.server.url,
            "username": "syncline",
            "password": SecretStr("syncline-secret"),
            "requests_per_minute": 600_000,
        }

    def wire(self) -> BaseAdapter:
        """To the server, by its socket."""
        return HTTPAdapter()

    def wait(self, seconds: float) -> None:
        """Move the server's clock."""
        self.server.clock.move(seconds)

    def person(self, name: str) -> requests.Session:
        """Somebody's own way to the tracker."""
        session = requests.Session()
        session.trust_env = False
        session.auth = (name, f"{name}-secret")
        session.headers.update({"X-Requested-With": "rest", "Origin": self.server.url.removesuffix("/t")})
        return session

    def open(self, values: Mapping[str, Native]) -> str:
        """An issue; its number."""
        return str(self.call("POST", "issue", json=self._sent(values))["id"])

    def edit(self, record_id: str, values: Mapping[str, Native]) -> None:
        """Fields of it."""
        self.change(record_id, self._sent(values))

    def say(self, record_id: str, text: str, visibility: Visibility) -> bool:
        """A message, which all may read."""
        if visibility is not Visibility.PUBLIC:
            return False
        message = self.call("POST", "msg", json={"content": text, "author": "dana", "date": "."})
        self.change(record_id, {"@op": "add", "messages": [message["id"]]}, "PATCH")
        return True

    def attach(self, record_id: str, name: str, content: bytes) -> None:
        """A file."""
        form = {"name": name, "type": "application/octet-stream"}
        file = self.call("POST", "file", data=form, files={"content": (name, content)})
        self.change(record_id, {"@op": "add", "files": [file["id"]]}, "PATCH")

    def delete(self, record_id: str) -> bool:
        """An admin retires it, which is how Roundup deletes."""
        self.change(record_id, {"@op": "action", "@action_name": "retire"}, "PATCH", self.person("admin"))
        return True

    def close(self) -> None:
        """Dana goes home; the server stays for the next stand."""
        self.dana.close()

    def issue(self, record_id: str) -> Any:
        """An issue as Dana sees it."""
        return self.call("GET", f"issue/{record_id}?@verbose=3&@protected=true")["attributes"]

    def unstamp(self, record_id: str) -> None:
        """As an issue is that was last changed before the tracker had our detector."""
        self.server.unstamp(record_id)

    def change(
        self,
        record_id: str,
        body: Mapping[str, Any],
        method: str = "PUT",
        who: requests.Session | None = None,
    ) -> None:
        """One change by somebody."""
        etag = self.call("GET", f"issue/{record_id}", who)["@etag"]
        self.call(method, f"issue/{record_id}", who, json=body, headers={"If-Match": etag})

    def call(self, method: str, path: str, who: requests.Session | None = None, **more: Any) -> Any:
        """What Roundup answers somebody.

        Raises:
            RuntimeError: it refused.
        """
        reply = (who or self.dana).request(method, f"{self.server.url}/rest/data/{path}", timeout=30, **more)
        if reply.status_code >= 300:
            raise RuntimeError(
                f"{method} {path}: {reply.status_code} {reply.text[:500]}\n{self.server.log[-2000:]}"
            )
        return reply.json()["data"]

    def _sent(self, values: Mapping[str, Native]) -> dict[str, Any]:
        """As a form sends it: keywords that there are not yet are made first, and nothing is an empty text."""
        sent: dict[str, Any] = {name: "" if value is None else value for name, value in values.items()}
        for name in sent.get("keyword") or ():
            if not any(one["name"] == name for one in self.call("GET", "keyword?@fields=name")["collection"]):
                self.call("POST", "keyword", json={"name": name})
        if "keyword" in sent:
            sent["keyword"] = [
                one["id"]
                for one in self.call("GET", "keyword?@fields=name")["collection"]
                if one["name"] in (sent["keyword"] or ())
            ]
        return sent
