from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import unquote, urlsplit

import jira as client_library
import pytest
import requests
from requests.adapters import BaseAdapter

from syncline.sandbox.jira import Jira
from syncline.sandbox.platform import Request


class Wire(BaseAdapter):
    """Hands each request to a simulated Jira, on a clock that moves when told to."""

    def __init__(self, platform: Jira) -> None:
        super().__init__()
        self.platform = platform
        self.now = datetime(2026, 3, 1, 9, 0, 0, 250_000, tzinfo=UTC)
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        self.sent.append(request)
        parts = urlsplit(str(request.url))
        body = request.body or b""
        if hasattr(body, "read"):
            body = body.read()
        elif isinstance(body, str):
            body = body.encode()
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        headers.setdefault("host", parts.netloc)
        asked = Request(str(request.method), unquote(parts.path), parts.query, headers, body)
        answer = self.platform.handle(asked, self.now, Random(1))
        response = requests.Response()
        response.status_code = answer.status
        response.headers.update(answer.headers)
        response._content = answer.body
        response.url = str(request.url)
        response.request = request
        return response

    def close(self) -> None:
        pass


class Site:
    """A simulated Jira and a person in front of it."""

    def __init__(self, platform: Jira, version: int) -> None:
        self.platform = platform
        self.wire = Wire(platform)
        self.version = version

    def advance(self, seconds: float) -> None:
        self.wire.now += timedelta(seconds=seconds)

    def session(self, user: str = "syncline") -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", self.wire)
        cloud = self.platform.flavour == "cloud"
        session.auth = (f"{self.email(user)}", f"token-{user}") if cloud else (user, "sandbox")
        return session

    def email(self, user: str) -> str:
        return next(p.email for p in self.platform.site.people.values() if p.login == user)

    def call(
        self, method: str, path: str, *, user: str = "syncline", version: int | None = None, **kwargs: Any
    ) -> requests.Response:
        address = f"https://jira.example.com/rest/api/{version or self.version}/{path}"
        return self.session(user).request(method, address, **kwargs)

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        return self.call("GET", path, **kwargs)

    def post(self, path: str, body: Any, **kwargs: Any) -> requests.Response:
        return self.call("POST", path, json=body, **kwargs)

    def put(self, path: str, body: Any, **kwargs: Any) -> requests.Response:
        return self.call("PUT", path, json=body, **kwargs)

    def create(self, summary: str = "Mail is down", **fields: Any) -> str:
        content = {"project": {"key": "OPS"}, "issuetype": {"name": "Incident"}, "summary": summary, **fields}
        response = self.post("issue", {"fields": content})
        assert response.status_code == 201, response.text
        return str(response.json()["key"])

    def step(self, key: str, step: str, **fields: Any) -> requests.Response:
        return self.post(f"issue/{key}/transitions", {"transition": {"id": step}, "fields": fields})

    def field(self, key: str, name: str, **kwargs: Any) -> Any:
        return self.get(f"issue/{key}", params={"fields": name}, **kwargs).json()["fields"][name]

    def found(self, jql: str, **kwargs: Any) -> list[str]:
        """Keys, in order."""
        path = "search/jql" if self.platform.flavour == "cloud" else "search"
        response = self.get(path, params={"jql": jql, "fields": "key"}, **kwargs)
        assert response.status_code == 200, response.text
        return [issue["key"] for issue in response.json()["issues"]]

    def library(self, user: str = "syncline") -> client_library.JIRA:
        client = client_library.JIRA(
            "https://jira.example.com",
            basic_auth=self.session(user).auth,
            get_server_info=False,
            max_retries=0,
        )
        client._session.trust_env = False
        client._session.mount("https://", self.wire)
        client.deploymentType = client.server_info()["deploymentType"]
        return client


def document(*paragraphs: str) -> dict[str, Any]:
    content = [{"type": "paragraph", "content": [{"type": "text", "text": text}]} for text in paragraphs]
    return {"version": 1, "type": "doc", "content": content}


@pytest.fixture
def doc() -> Callable[..., dict[str, Any]]:
    return document


@pytest.fixture
def build() -> Callable[..., Site]:
    """A site with knobs of the test's own; searches see writes at once unless it says otherwise."""

    def make(flavour: str = "cloud", **knobs: Any) -> Site:
        knobs.setdefault("index_lag", 0)
        platform = Jira("cloud" if flavour == "cloud" else "dc", **knobs)
        return Site(platform, 3 if flavour == "cloud" else 2)

    return make


@pytest.fixture
def cloud(build: Callable[..., Site]) -> Site:
    return build("cloud")


@pytest.fixture
def dc(build: Callable[..., Site]) -> Site:
    return build("dc")


@pytest.fixture(params=["cloud", "dc"])
def either(request: pytest.FixtureRequest, build: Callable[..., Site]) -> Site:
    return build(request.param)
