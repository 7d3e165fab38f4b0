import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

from syncline.sandbox.pagerduty import PagerDuty
from syncline.sandbox.platform import Request

ACCEPT = "application/vnd.pagerduty+json;version=2"


class Desk:
    """Talks to a simulated account at a time that it sets itself."""

    def __init__(self, **knobs: Any) -> None:
        self.platform = PagerDuty(**knobs)
        self.now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
        self.rng = Random(7)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Any = (),
        who: str = "syncline",
        **headers: str,
    ) -> tuple[int, Any]:
        sent = {
            "authorization": f"Token token=token-{who}",
            "accept": ACCEPT,
            "content-type": "application/json",
        }
        people = {"amina": "amina.diallo", "bruno": "bruno.keller", "noah": "noah.brooks"}
        sent["from"] = f"{people.get(who, who)}@example.com"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        query = urlencode(list(params.items() if isinstance(params, dict) else params), doseq=True)
        response = self.platform.handle(Request(method, path, query, sent, raw), self.now, self.rng)
        self.headers = response.headers
        return response.status, json.loads(response.body) if response.body else None

    def get(self, path: str, **params: Any) -> Any:
        status, content = self.send("GET", path, params=_bracketed(params))
        assert status == 200, content
        return content

    def create(
        self, title: str = "Disk full", *, who: str = "syncline", service: str = "Network", **more: Any
    ) -> Any:
        content = {"type": "incident", "title": title, "service": self.service(service), **more}
        status, answer = self.send("POST", "/incidents", {"incident": content}, who=who)
        assert status == 201, answer
        return answer["incident"]

    def put(self, incident: Any, *, who: str = "syncline", expect: int = 200, **changes: Any) -> Any:
        content = {"incident": {"type": "incident_reference", **changes}}
        status, answer = self.send("PUT", f"/incidents/{incident['id']}", content, who=who)
        assert status == expect, answer
        return answer["incident"] if status == 200 else answer["error"]

    def note(self, incident: Any, content: str, who: str = "syncline") -> Any:
        status, answer = self.send(
            "POST", f"/incidents/{incident['id']}/notes", {"note": {"content": content}}, who=who
        )
        assert status == 200, answer
        return answer["note"]

    def read(self, incident: Any, **params: Any) -> Any:
        return self.get(f"/incidents/{incident['id']}", **params)["incident"]

    def types(self, incident: Any) -> list[str]:
        listed = self.get(f"/incidents/{incident['id']}/log_entries")["log_entries"]
        return [entry["type"].removesuffix("_log_entry") for entry in reversed(listed)]

    def service(self, name: str) -> dict[str, str]:
        return {"id": self.platform.service_id(name), "type": "service_reference"}

    def user(self, email: str) -> dict[str, str]:
        return {"id": self.platform.user_id(f"{email}@example.com"), "type": "user_reference"}


def _bracketed(params: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(f"{name}[]" if isinstance(value, list) else name, value) for name, value in params.items()]


class Wire(BaseAdapter):
    """Carries what a `requests` session sends to a simulated account, without a network."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        url = urlsplit(request.url or "")
        body = request.body or b""
        answer = self.desk.platform.handle(
            Request(
                request.method or "",
                unquote(url.path),
                url.query,
                {name.lower(): value for name, value in request.headers.items()},
                body if isinstance(body, bytes) else body.encode(),
            ),
            self.desk.now,
            self.desk.rng,
        )
        response = requests.Response()
        response.status_code = answer.status
        response._content = answer.body
        response.headers.update(answer.headers)
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def open_desk() -> Callable[..., Desk]:
    return Desk


@pytest.fixture
def wire() -> Callable[[requests.Session, Desk], requests.Session]:
    def mount(session: requests.Session, desk: Desk) -> requests.Session:
        session.mount("https://", Wire(desk))
        return session

    return mount
