"""One ServiceNow instance whose wire the tests answer, and a clock that only the tests move."""

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
from syncline_servicenow import ServiceNow, ServiceNowSettings, plugin

URL = "https://snow.example"
FIELDS = frozenset(
    {
        "assigned_to",
        "assignment_group",
        "caller_id",
        "close_code",
        "cmdb_ci.name",
        "description",
        "impact",
        "opened_at",
        "priority",
        "short_description",
        "state",
        "urgency",
        "watch_list",
        "work_notes",
    }
)


def sys_id(number: int) -> str:
    return f"{number:032x}"


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


Connect = Callable[..., ServiceNow]


@pytest.fixture
def http_of(clock: StillClock) -> Callable[..., Http]:
    def make(settings: ServiceNowSettings, **more: Any) -> Http:
        return Http.for_instance(
            settings, plugin.dialect, clock=clock, runtime=StillRuntime(clock), rng=Random(7), **more
        )

    return make


@pytest.fixture
def settings_of() -> Callable[..., ServiceNowSettings]:
    def make(**changes: Any) -> ServiceNowSettings:
        values = {
            "name": "snow-test",
            "platform": "servicenow",
            "url": URL,
            "username": "syncline",
            "password": SecretStr("sandbox"),
            "page_size": 20,
            "requests_per_minute": 100_000,
            **changes,
        }
        return ServiceNowSettings.load(values)

    return make


@pytest.fixture
def connect(settings_of: Callable[..., ServiceNowSettings], http_of: Callable[..., Http]) -> Connect:
    def make(fields: frozenset[str] = FIELDS, **changes: Any) -> ServiceNow:
        settings = settings_of(**changes)
        connector = plugin.connect(settings, http_of(settings), fields)
        assert isinstance(connector, ServiceNow)
        return connector

    return make


@pytest.fixture
def snow(connect: Connect) -> ServiceNow:
    return connect()


class Wire:
    """What the instance answers, and what it was asked."""

    def __init__(self, mock: responses.RequestsMock, clock: StillClock) -> None:
        self._mock = mock
        self._clock = clock

    def answers(
        self,
        method: str,
        path: str,
        result: Any = None,
        *,
        status: int = 200,
        total: int | None = None,
        **more: Any,
    ) -> None:
        headers = {"Date": format_datetime(self._clock.time, usegmt=True), **more.pop("headers", {})}
        if total is not None:
            headers["X-Total-Count"] = str(total)
        if "body" not in more and "json" not in more:
            more["json"] = {"result": result}
        self._mock.add(method, f"{URL}/api/now{path}", status=status, headers=headers, **more)

    @property
    def requests(self) -> list[Any]:
        return [call.request for call in self._mock.calls]

    @property
    def request(self) -> Any:
        (request,) = self.requests
        return request


@pytest.fixture
def wire(clock: StillClock) -> Iterator[Wire]:
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        yield Wire(mock, clock)


@pytest.fixture
def incident() -> Callable[..., dict[str, Any]]:
    """Makes rows of the Table API in database values."""
    return incident_row


def incident_row(number: int = 1, /, **changes: Any) -> dict[str, Any]:
    return {
        "sys_id": sys_id(number),
        "number": f"INC{number:07d}",
        "sys_created_on": "2026-11-23 09:00:00",
        "sys_updated_on": "2026-11-23 09:30:00",
        "sys_updated_by": "amina.diallo",
        "sys_mod_count": "3",
        "correlation_id": "",
        "correlation_display": "",
        "short_description": "Mail is down",
        "description": "Nobody can send.\r\nSince 9.\r\n  ",
        "state": "2",
        "impact": "2",
        "urgency": "1",
        "priority": "2",
        "close_code": "",
        "opened_at": "2026-11-23 09:00:00",
        "assigned_to": sys_id(0xA1),
        "assigned_to.name": "Amina Diallo",
        "assigned_to.email": "Amina.Diallo@example.com",
        "assignment_group": sys_id(0xB1),
        "assignment_group.name": "Network",
        "assignment_group.email": "",
        "caller_id": "",
        "cmdb_ci.name": "mail-01",
        "watch_list": f"{sys_id(9)},{sys_id(2)}",
        **changes,
    }
