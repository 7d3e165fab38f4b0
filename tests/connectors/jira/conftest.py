"""A Jira of intercepted requests, in both flavours, and the pieces of its replies."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
import responses
from pydantic import SecretStr

from syncline.http.client import Http
from syncline.ports import SystemClock, ThreadRuntime
from syncline_jira import plugin
from syncline_jira.connector import Jira
from syncline_jira.settings import JiraSettings

FIELDS = frozenset(
    {"summary", "description", "status", "priority", "assignee", "labels", "components", "resolution"}
)


class Site:
    """A Jira whose every request is intercepted: one that no reply was set for fails, and so does a reply for
    which nobody asked."""

    def __init__(self, web: responses.RequestsMock, url: str, *, cloud: bool) -> None:
        self.web = web
        self.url = url
        self.cloud = cloud
        person = {"displayName": "Syncline", "timeZone": "Europe/Paris"}
        self.me = person | ({"accountId": "712020:me"} if cloud else {"name": "syncline", "key": "JIRAUSER1"})
        self.amina = {"displayName": "Amina Diallo", "emailAddress": "Amina.Diallo@example.com"} | (
            {"accountId": "712020:amina", "accountType": "atlassian"}
            if cloud
            else {"name": "amina", "key": "JIRAUSER2"}
        )

    def settings(self, **more: Any) -> JiraSettings:
        values: dict[str, Any] = {
            "name": "jira-test",
            "platform": "jira",
            "url": self.url,
            "projects": ["OPS"],
        }
        values |= {"token": SecretStr("token-syncline")} | (
            {"user": "syncline@example.com"} if self.cloud else {}
        )
        return JiraSettings(**(values | more))

    def connect(self, fields: frozenset[str] = FIELDS, **more: Any) -> Jira:
        given = self.settings(**more)
        http = Http.for_instance(
            given, plugin.dialect, clock=SystemClock(), runtime=ThreadRuntime(), rng=Random(1)
        )
        return Jira(given, http, fields)

    def api(self, path: str) -> str:
        return f"{self.url}/rest/api/{3 if self.cloud else 2}/{path}"

    def on(self, method: str, path: str, body: Any = None, status: int = 200, **more: Any) -> None:
        """Answer the next request to that path, whatever its query."""
        content = b"" if body is None else json.dumps(body)
        self.web.add(
            method, self.api(path), body=content, status=status, content_type="application/json", **more
        )

    def know_me(self) -> None:
        """Our account is asked for once, when a reply has to be understood."""
        self.on("GET", "myself", self.me)

    def issue(
        self, number: int = 12, updated: str = "2026-11-22T11:00:00.123+0100", **fields: Any
    ) -> dict[str, Any]:
        """An issue as Jira gives it; `changelog` goes beside its fields."""
        changelog = fields.pop("changelog", None)
        base: dict[str, Any] = {
            "summary": "Disk full",
            "status": {"id": "3", "name": "In Progress", "statusCategory": {"key": "indeterminate"}},
            "issuetype": {"id": "10001", "name": "Task"},
            "project": {"id": "10000", "key": "OPS", "projectTypeKey": "software"},
            "labels": [],
            "creator": self.me,
            "created": "2026-11-22T10:00:00.000+0100",
            "updated": updated,
        }
        key = f"OPS-{number}"
        found = {
            "id": str(10000 + number),
            "key": key,
            "self": self.api(f"issue/{key}"),
            "fields": base | fields,
        }
        return found | ({"changelog": changelog} if changelog is not None else {})

    def paths(self) -> list[str]:
        """Method and path of every request so far."""
        root = self.api("")
        return [
            f"{call.request.method} {call.request.url.split('?')[0].removeprefix(root)}"
            for call in self.web.calls
        ]

    def sent(self, at: int = -1) -> Any:
        """The JSON that a request carried."""
        return json.loads(self.web.calls[at].request.body)

    def query(self, at: int = -1) -> dict[str, Any]:
        """The query of a request."""
        return dict(self.web.calls[at].request.params)

    def headers(self, at: int = -1) -> Any:
        return self.web.calls[at].request.headers


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def cloud(web: responses.RequestsMock) -> Site:
    return Site(web, "https://acme.atlassian.net", cloud=True)


@pytest.fixture
def dc(web: responses.RequestsMock) -> Site:
    return Site(web, "https://jira.acme.example/jira", cloud=False)


@pytest.fixture(params=["cloud", "dc"])
def site(request: pytest.FixtureRequest) -> Site:
    """Each flavour in turn."""
    found: Site = request.getfixturevalue(request.param)
    return found
