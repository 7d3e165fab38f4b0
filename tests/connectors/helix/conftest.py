"""One Helix instance whose wire the tests answer, and a clock that only the tests move."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Any

import pytest
import responses
from pydantic import SecretStr

from syncline.http.client import Http
from syncline.ports import ThreadRuntime
from syncline_helix import Helix, HelixSettings, plugin

URL = "https://helix.example"
FIELDS = frozenset(
    {
        "Assigned Group ID",
        "Assignee Login ID",
        "Customer Login ID",
        "Description",
        "Detailed Decription",
        "Impact",
        "Resolution",
        "Status",
        "Status_Reason",
        "Submit Date",
        "Urgency",
    }
)


class StillClock:
    """A clock that stands until a test, or somebody who waits, moves it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 10, 0, 30, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class StillRuntime(ThreadRuntime):
    """Waiting moves the clock and takes no time."""

    def __init__(self, clock: StillClock) -> None:
        self._clock = clock

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def http_of(clock: StillClock) -> Callable[..., Http]:
    def make(settings: HelixSettings, **more: Any) -> Http:
        return Http.for_instance(
            settings, plugin.dialect, clock=clock, runtime=StillRuntime(clock), rng=Random(7), **more
        )

    return make


@pytest.fixture
def settings_of() -> Callable[..., HelixSettings]:
    def make(**changes: Any) -> HelixSettings:
        values = {
            "name": "helix-test",
            "platform": "helix",
            "url": URL,
            "username": "syncline",
            "password": SecretStr("sandbox"),
            "page_size": 20,
            "audit_form": "",
            "requests_per_minute": 100_000,
            **changes,
        }
        return HelixSettings.load(values)

    return make


@pytest.fixture
def connect(settings_of: Callable[..., HelixSettings], http_of: Callable[..., Http]) -> Callable[..., Helix]:
    def make(fields: frozenset[str] = FIELDS, **changes: Any) -> Helix:
        settings = settings_of(**changes)
        connector = plugin.connect(settings, http_of(settings), fields)
        assert isinstance(connector, Helix)
        return connector

    return make


@pytest.fixture
def helix(connect: Callable[..., Helix]) -> Helix:
    return connect()


class Wire:
    """What the server answers, and what it was asked; a login always succeeds."""

    def __init__(self, mock: responses.RequestsMock, clock: StillClock) -> None:
        self._mock = mock
        self._clock = clock
        mock.add("POST", f"{URL}/api/jwt/login", body="token-1", content_type="text/plain")

    def answers(self, method: str, path: str, *rows: dict[str, Any], status: int = 200, **more: Any) -> None:
        """An answer of `/api/arsys/v1/entry/<path>`: entries with those values, unless `json` or `body` says otherwise."""
        headers = {"Date": format_datetime(self._clock.time, usegmt=True), **more.pop("headers", {})}
        if "body" not in more and "json" not in more:
            more["json"] = {"entries": [{"values": row} for row in rows]}
        self._mock.add(method, f"{URL}/api/arsys/v1/entry/{path}", status=status, headers=headers, **more)

    @property
    def requests(self) -> list[Any]:
        return [call.request for call in self._mock.calls if not call.request.url.endswith("/login")]

    @property
    def request(self) -> Any:
        (request,) = self.requests
        return request


@pytest.fixture
def wire(clock: StillClock) -> Iterator[Wire]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Wire(mock, clock)


@pytest.fixture
def incident() -> Callable[..., dict[str, Any]]:
    """Makes entries of the interface form, as the server gives them."""
    return incident_row


def incident_row(number: int = 430, /, **changes: Any) -> dict[str, Any]:
    entry = f"INC{number + 97:012}"
    return {
        "Request ID": f"{entry}|{entry}",
        "Entry ID": entry,
        "Incident Number": f"INC{number:012}",
        "InstanceId": "IDGAI7ZXDK9WFAR3TQUXR2U0M5AZH4",
        "Submitter": "amina",
        "Submit Date": "2026-11-23T09:00:00.000+0000",
        "Last Modified By": "bruno",
        "Last Modified Date": "2026-11-23T09:30:00.000+0000",
        "Status-History": {
            "New": {"user": "amina", "timestamp": "2026-11-23T09:00:00.000+0000"},
            "Assigned": {"user": "syncline", "timestamp": "2026-11-23T09:30:00.000+0000"},
        },
        "Vendor Ticket Number": None,
        "Description": "Mail is down",
        "Detailed Decription": "Nobody can send.\r\nSince 9.\r\n  ",
        "Status": "Assigned",
        "Status_Reason": None,
        "Impact": "2-Significant/Large",
        "Urgency": "1-Critical",
        "Resolution": None,
        "Assigned Group ID": "SGP000000000011",
        "Assigned Group": "Service Desk",
        "Assignee Login ID": None,
        "Customer Login ID": "Mary",
        **changes,
    }
