"""A desk with a terminal: the command line in a folder of its own, over simulated platforms and a clock that tests move."""

import base64
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from syncline.assembly import Ports
from syncline.cli import face
from syncline.cli.program import program
from syncline.cli.sandboxing import sandbox_configuration
from syncline.ports import RandomIds, ThreadRuntime
from syncline.sandbox.catalogue import build
from syncline.sandbox.server import Sandbox

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KINDS = {"snow": "servicenow", "jira": "jira-cloud", "pd": "pagerduty"}


class MovedClock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self._now = START

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - START).total_seconds()

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class MovedRuntime(ThreadRuntime):
    """Waiting moves the clock instead of taking time."""

    def __init__(self, clock: MovedClock) -> None:
        self._clock = clock

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)


class Answer:
    """What a command said, and how it ended."""

    def __init__(self, result: Any) -> None:
        self.code: int = result.exit_code
        self.out: str = result.stdout
        self.err: str = result.stderr
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception

    @property
    def document(self) -> dict[str, Any]:
        """Standard output, which is one JSON object and nothing else."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def error(self) -> dict[str, Any]:
        """Standard error, which is one JSON object."""
        assert self.out == ""
        found = json.loads(self.err)
        assert isinstance(found, dict)
        return found


class Terminal:
    """The command line in a folder."""

    def __init__(self, folder: Path, environment: dict[str, str | None] | None = None) -> None:
        self.folder = folder
        self.config = folder / "syncline.yaml"
        self.environment: dict[str, str | None] = {
            "SYNCLINE_CONFIG": str(self.config),
            "SYNCLINE_SECRETS_DIR": None,
            "CREDENTIALS_DIRECTORY": None,
            "SYNCLINE_DATABASE_URL": None,
            "SUDO_USER": "olga",
            **(environment or {}),
        }

    def __call__(self, *arguments: str | int | Path) -> Answer:
        return Answer(CliRunner().invoke(program, [str(a) for a in arguments], env=self.environment))


class Desk(Terminal):
    """The command line, the simulated platforms, and the people who work on them."""

    def __init__(self, folder: Path) -> None:
        self.clock = MovedClock()
        self.sandbox = Sandbox({name: build(name, kind) for name, kind in KINDS.items()}, clock=self.clock)
        self.urls = self.sandbox.start()
        self.session = requests.Session()
        self.session.trust_env = False
        text, environment = sandbox_configuration(KINDS, self.urls)
        super().__init__(folder, dict(environment))
        self.config.write_text(text, encoding="utf-8")

    def ports(self) -> Ports:
        return Ports(self.clock, RandomIds(random.Random(self.clock.monotonic())), MovedRuntime(self.clock))

    def sync(self, rounds: int = 3) -> Answer:
        """Let some time pass, then do all that is due, several times."""
        for _ in range(rounds):
            self.clock.advance(7)
            answer = self("sync", "--once", "--json")
        return answer

    def _call(self, method: str, url: str, authorization: str, body: Any = None) -> Any:
        headers = {"Authorization": authorization, "Accept": "application/json"}
        reply = self.session.request(method, url, json=body, headers=headers, timeout=20)
        assert reply.status_code < 300, f"{method} {url}: {reply.status_code} {reply.text[:300]}"
        return reply.json() if reply.content else None

    def snow(self, method: str, path: str, **values: str) -> Any:
        token = base64.b64encode(b"amina:secret").decode()
        return self._call(
            method, f"{self.urls['snow']}/api/now/table/{path}", f"Basic {token}", values or None
        )["result"]

    def opened(self, title: str, **values: str) -> dict[str, str]:
        """An incident that somebody opens on ServiceNow."""
        return dict(self.snow("POST", "incident", short_description=title, impact="2", urgency="2", **values))

    def jira(self, method: str, path: str, body: Any = None) -> Any:
        token = base64.b64encode(b"bruno.keller@example.com:token-bruno").decode()
        return self._call(method, f"{self.urls['jira']}/rest/api/2/{path}", f"Basic {token}", body)

    def titled(self, key: str, title: str) -> None:
        """Somebody changes the title on Jira."""
        self.jira("PUT", f"issue/{key}", {"fields": {"summary": title}})

    def issue(self, title: str) -> str:
        """An issue that somebody creates on Jira; its key."""
        fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": title}
        return str(self.jira("POST", "issue", {"fields": fields})["key"])

    def close(self) -> None:
        self.session.close()
        self.sandbox.stop()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk of one's own."""
    made = Desk(tmp_path)
    monkeypatch.setattr(face, "ports", made.ports)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk on which an incident stands on all three platforms; for tests that only look."""
    made = Desk(tmp_path_factory.mktemp("desk"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(face, "ports", made.ports)
        made.sync(1)
        made.opened("Mail is down")
        made.sync()
        try:
            yield made
        finally:
            made.close()


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The command line in an empty folder, without platforms."""
    return Terminal(tmp_path)
