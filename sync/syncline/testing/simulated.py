"""A stand for a platform that is a function of a request: time passes only where somebody waits."""

import json as json_format
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote

import requests
from requests.adapters import BaseAdapter

from syncline.connector import Native
from syncline.model import Visibility
from syncline.ports import ThreadRuntime
from syncline.sandbox.adapter import SimulatedAdapter, exchange_with, simulated_request
from syncline.sandbox.instance import Instance
from syncline.sandbox.platform import Request, SimulatedPlatform

START: Final = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class MovedClock:
    """A clock that stands until somebody moves it."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        """The moment."""
        return self.time

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return (self.time - START).total_seconds()

    def move(self, seconds: float) -> None:
        """Let time pass."""
        # Times have microseconds: what waits for less must not wait for ever.
        self.time += max(timedelta(seconds=seconds), timedelta(microseconds=1))


class MovedRuntime(ThreadRuntime):
    """Waiting moves the clock, and takes no time."""

    def __init__(self, clock: MovedClock) -> None:
        self._clock = clock

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self._clock.move(seconds)


class SimulatedStand(ABC):
    """Build yours on it: `settings`, and what a person does, in terms of `call`.

    Args:
        platform: The simulated platform.
        url: The address that the instance's setting `url` has.

    Attributes:
        platform: The simulated platform.
        instance: It, in service.
        clock: Its clock.
        url: Its address.
    """

    def __init__(self, platform: SimulatedPlatform, url: str = "https://stand.example") -> None:
        self.platform = platform
        self.clock = MovedClock()
        self.url = url
        self._runtime = MovedRuntime(self.clock)
        self.instance = Instance("stand", platform, clock=self.clock, runtime=self._runtime)

    @property
    def settings(self) -> Mapping[str, object]:
        """The address, and room for every call; add what your settings need."""
        return {"url": self.url, "requests_per_minute": 600_000}

    def wire(self) -> BaseAdapter:
        """To the platform, without a socket."""
        return SimulatedAdapter(exchange_with(self.instance, self.clock, self._runtime))

    def wait(self, seconds: float) -> None:
        """Move the clock."""
        self.clock.move(seconds)

    def close(self) -> None:  # noqa: B027  most have nothing to close
        """Nothing is open."""

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes] | tuple[str | None, bytes, str]] | None = None,
    ) -> Any:
        """What a person's own request gives: the reply's JSON, None where it is empty.

        Raises:
            RuntimeError: the platform refused it.
        """
        where, _, query = path.partition("?")
        said = {
            "accept": "application/json",
            **{name.lower(): value for name, value in (headers or {}).items()},
        }
        if files is not None:
            prepared = requests.Request(method, f"{self.url}{path}", headers=said, files=files).prepare()
            request = simulated_request(prepared)
        elif isinstance(body, bytes):
            request = Request(method, unquote(where), query, said, body)
        else:
            content = b"" if body is None else json_format.dumps(body).encode()
            request = Request(
                method, unquote(where), query, {"content-type": "application/json", **said}, content
            )
        response = self.instance.apply(request)
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {response.body[:500]!r}")
        return json_format.loads(response.body) if response.body else None

    # What a person does is the platform's own affair.

    @abstractmethod
    def open(self, values: Mapping[str, Native]) -> str:
        """The person opens a ticket."""

    @abstractmethod
    def edit(self, record_id: str, values: Mapping[str, Native]) -> None:
        """The person edits a ticket."""

    @abstractmethod
    def say(self, record_id: str, text: str, visibility: Visibility) -> bool:
        """The person writes a remark."""

    @abstractmethod
    def delete(self, record_id: str) -> bool:
        """An admin deletes a ticket."""

    def attach(self, record_id: str, name: str, content: bytes) -> None:  # noqa: ARG002  for platforms without files
        """The person hangs a file on a ticket; to be written where the plugin states `attachments`."""
        raise RuntimeError(
            f"{type(self).__name__} has no `attach`; write it, since the plugin states attachments"
        )
