import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from syncline.sandbox.platform import Request, Response, json_response
from syncline.sandbox.servicenow import ServiceNow


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Counter:
    """The smallest platform: each POST makes a row, each GET lists them."""

    platform = "counter"
    index_lag = 0.0

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        if request.path == "/echo":
            return json_response(
                200,
                {
                    "headers": dict(request.headers),
                    "query": request.query,
                    "body": request.body.decode("latin-1"),
                },
            )
        if request.method == "POST":
            self.rows.append({"n": len(self.rows) + 1, "draw": rng.random(), "at": now.isoformat()})
            return json_response(201, self.rows[-1], {"Set-Cookie": "glide=1; Path=/"})
        if request.method == "DELETE":
            self.rows.clear()
            return Response(204)
        return json_response(200, {"result": self.rows})

    def throttled(self, now: datetime) -> Response:
        return json_response(429, {"error": "slow down"}, {"Retry-After": "7"})

    def snapshot(self) -> dict[str, Any]:
        return {"rows": list(self.rows)}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


class Desk:
    """A simulated ServiceNow and someone who talks to it."""

    def __init__(self, clock: Clock, **knobs: Any) -> None:
        self.platform = ServiceNow(**knobs)
        self.clock = clock
        self.rng = Random(1)

    def send(self, method, path, user="syncline", body=None, headers=None, **params) -> Response:
        password = "sandbox" if user == "syncline" else "any"
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        sent = {"accept": "application/json", "host": "snow.example", "authorization": f"Basic {token}"}
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if body is not None:
            sent["content-type"] = "application/json"
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        sent = {name: value for name, value in sent.items() if value is not None}
        path = path if path.startswith("/") else f"/api/now/table/{path}"
        return self.platform.handle(
            Request(method, path, urlencode(params), sent, raw), self.clock.now(), self.rng
        )

    def rows(self, path, **params) -> list[dict[str, Any]]:
        reply = self.send("GET", path, **params)
        assert reply.status == 200, reply.body
        return json.loads(reply.body)["result"]

    def query(self, text, table="incident", key="short_description", **params) -> list[str]:
        return [row[key] for row in self.rows(table, sysparm_query=text, **params)]

    def create(self, user="syncline", **values) -> dict[str, Any]:
        reply = self.send("POST", "incident", user, values)
        assert reply.status == 201, reply.body
        return json.loads(reply.body)["result"]

    def update(self, record, user="syncline", **values) -> dict[str, Any]:
        reply = self.send("PATCH", f"incident/{record['sys_id']}", user, values)
        assert reply.status == 200, reply.body
        return json.loads(reply.body)["result"]

    def read(self, record, **params) -> dict[str, Any]:
        return self.rows(f"incident/{record['sys_id']}", **params)

    def id_of(self, user) -> str:
        return self.rows("sys_user", sysparm_query=f"user_name={user}")[0]["sys_id"]

    def error(self, reply) -> tuple[int, str, str | None]:
        content = json.loads(reply.body)
        assert content["status"] == "failure"
        return reply.status, content["error"]["message"], content["error"]["detail"]


@pytest.fixture
def desk(clock: Clock) -> Desk:
    return Desk(clock)


@pytest.fixture
def desk_with(clock: Clock):
    return lambda **knobs: Desk(clock, **knobs)
