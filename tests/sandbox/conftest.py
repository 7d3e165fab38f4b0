from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
import requests

from syncline.sandbox.platform import Request, Response, json_response


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
