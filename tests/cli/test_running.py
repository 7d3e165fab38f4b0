"""Rounds, earlier records, and the daemon and the sandbox as real processes."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from syncline.cli.sandboxing import sandbox_configuration
from syncline.ports import SystemClock
from syncline.sandbox.catalogue import build
from syncline.sandbox.server import Sandbox

PATIENCE = 60
"""Seconds that a process gets for what takes it one or two."""


# ---- rounds ---------------------------------------------------------------------------------------


def test_a_round_tells_what_it_did(desk):
    desk.sync(1)
    desk.opened("Mail is down")
    desk.clock.advance(5)
    document = desk("sync", "--once", "--json").document
    assert set(document) == {
        "pages",
        "changed",
        "adopted",
        "ignored",
        "reconciled",
        "deliveries",
        "messages",
        "faults",
    }
    assert document["adopted"] == 1
    assert document["faults"] == []
    assert desk.jira("GET", "issue/OPS-1")["fields"]["summary"] == "Mail is down"
    assert "record" in desk("sync", "--once").out


def test_earlier_records_are_taken_up_on_demand(desk):
    desk.opened("An old one")
    desk.clock.advance(86_400)
    desk.sync()
    assert desk("status", "--json").document["incidents"] == 0
    answer = desk("backfill", "snow", "--since", "2026-11-01", "--json")
    assert answer.code == 0
    assert answer.document == {
        "instance": "snow",
        "since": "2026-11-01T00:00:00Z",
        "looked_at": 1,
        "taken_up": 1,
    }
    desk.sync()
    assert desk("status", "--json").document["incidents"] == 1
    assert "0 taken up" in desk("backfill", "snow", "--since", "2026-11-01").out


# ---- processes ------------------------------------------------------------------------------------


class Process:
    """`syncline` as a process of its own; its streams are read as they come."""

    def __init__(self, *arguments: str | Path, environment: dict[str, str]) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SYNCLINE_")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from syncline.cli import main; main()", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**inherited, **environment},
        )
        self.lines: list[str] = []
        self._partial = b""

    def until(self, text: str, stream: str = "stderr") -> str:
        """Read a stream until a line holds that text; the line."""
        for line in self.lines:
            if text in line:
                return line
        pipe = getattr(self.process, stream)
        while select.select([pipe], [], [], PATIENCE)[0]:
            read = os.read(pipe.fileno(), 65_536)
            if not read:
                break
            *whole, self._partial = (self._partial + read).split(b"\n")
            self.lines += [line.decode() for line in whole]
            for line in self.lines:
                if text in line:
                    return line
        raise AssertionError(f"it never said {text!r}, but: {self.lines}")

    def end(self, number: signal.Signals | None = None) -> tuple[int, str, str]:
        """Send that signal and wait for the end: exit code, and what was left on both streams."""
        if number is not None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out.decode(), err.decode()

    def close(self) -> None:
        self.process.kill()
        with contextlib.suppress(ValueError):
            self.process.communicate(timeout=PATIENCE)


@pytest.fixture
def started() -> Iterator[list[Process]]:
    """Processes that end with the test."""
    processes: list[Process] = []
    try:
        yield processes
    finally:
        for process in processes:
            process.close()


@pytest.fixture
def living(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str], dict[str, str]]]:
    """Two simulated platforms under the real clock: configuration, environment, urls."""
    kinds = {"snow": "servicenow", "pd": "pagerduty"}
    with Sandbox({name: build(name, kind) for name, kind in kinds.items()}, clock=SystemClock()) as sandbox:
        text, environment = sandbox_configuration(kinds, sandbox.urls)
        config = tmp_path / "syncline.yaml"
        config.write_text(text.replace("poll_every: 2", "poll_every: 0.2"), encoding="utf-8")
        yield config, environment, sandbox.urls


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_daemon_says_what_it_runs_and_stops_promptly_and_cleanly(living, started, number):
    config, environment, _ = living
    daemon = Process("run", "--config", config, environment=environment)
    started.append(daemon)
    daemon.until("running: 2 instances")
    log = "\n".join(daemon.lines)
    for part in (
        "syncline 0",
        str(config),
        "SQLite",
        "instance snow: ServiceNow at http://127.0.0.1",
        "instance pd:",
    ):
        assert part in log
    code, out, err = daemon.end(number)
    assert (code, out) == (0, "")
    assert "stopped" in err.splitlines()[-1]
    assert "sandbox" not in "".join(daemon.lines).replace(str(config), "")


def test_the_log_and_the_end_are_json_where_json_is_asked_for(living, started):
    config, environment, _ = living
    daemon = Process("run", "--config", config, "--json", environment=environment)
    started.append(daemon)
    daemon.until("running: 2 instances")
    code, out, err = daemon.end(signal.SIGTERM)
    assert code == 0
    assert json.loads(out) == {"stopped": True, "clean": True}
    for line in [*daemon.lines, *err.splitlines()]:
        assert set(json.loads(line)) >= {"at", "level", "logger", "message"}


def test_the_daemon_carries_an_incident_across_while_others_look_on(living, started):
    config, environment, urls = living
    daemon = Process("run", "--config", config, environment=environment)
    started.append(daemon)
    daemon.until("running: 2 instances")
    with requests.Session() as session:
        session.trust_env = False
        session.post(
            f"{urls['snow']}/api/now/table/incident",
            json={"short_description": "Mail is down"},
            auth=("amina", "secret"),
            timeout=10,
        ).raise_for_status()
    rounds = 0
    while True:
        look = Process("explain", "INC0010001", "--config", config, "--json", environment=environment)
        started.append(look)
        code, out, _ = look.end()
        if code == 0 and len(json.loads(out)["incidents"][0]["records"]) == 2:
            break
        rounds += 1
        assert rounds < PATIENCE, "the incident never reached the other side"
    code, _, _ = daemon.end(signal.SIGTERM)
    assert code == 0


def test_a_second_daemon_and_a_round_beside_it_are_refused(living, started):
    config, environment, _ = living
    daemon = Process("run", "--config", config, environment=environment)
    started.append(daemon)
    daemon.until("running: 2 instances")
    for arguments in (["run"], ["sync", "--once"]):
        second = Process(*arguments, "--config", config, environment=environment)
        started.append(second)
        code, out, err = second.end()
        assert (code, out) == (2, "")
        assert f"another syncline daemon (process {daemon.process.pid})" in err
        assert "Traceback" not in err
    assert daemon.end(signal.SIGTERM)[0] == 0


def test_the_sandbox_writes_a_configuration_that_works(tmp_path, started):
    config = tmp_path / "trial.yaml"
    sandbox = Process("sandbox", "--config-out", config, "--json", environment={})
    started.append(sandbox)
    ready = json.loads(sandbox.until("urls", "stdout"))
    assert set(ready) == {"urls", "config", "environment"}
    assert set(ready["urls"]) == {"snow", "jira", "pd"}
    sync = Process("sync", "--once", "--config", config, "--json", environment=ready["environment"])
    started.append(sync)
    code, out, err = sync.end()
    assert code == 0, out + err
    refused = Process("sandbox", "--config-out", config, environment={})
    started.append(refused)
    code, _, err = refused.end()
    assert code == 1
    assert "--force" in err
    assert sandbox.end(signal.SIGTERM)[0] == 0


@pytest.mark.parametrize("flavour", ["jira-cloud", "jira-dc"])
def test_the_sandbox_knows_both_flavours_of_jira(tmp_path, monkeypatch, flavour):
    from syncline.configuration import read_configuration
    from syncline.plugins import discover

    kinds = {"tickets": flavour, "desk": "servicenow"}
    with Sandbox({name: build(name, kind) for name, kind in kinds.items()}) as sandbox:
        text, environment = sandbox_configuration(kinds, sandbox.urls)
        assert set(environment) == {"SYNCLINE_TICKETS_TOKEN", "SYNCLINE_DESK_PASSWORD"}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        (tmp_path / "syncline.yaml").write_text(text)
        found = read_configuration(tmp_path / "syncline.yaml", discover().settings(), os.environ)
        assert set(found.instances) == {"tickets", "desk"}


def test_the_demonstration_is_handed_all_it_is_told(terminal, monkeypatch):
    from types import SimpleNamespace

    told = []

    def demo(*arguments: object) -> int:
        told.append(arguments)
        return 1

    monkeypatch.setitem(sys.modules, "syncline.demo.command", SimpleNamespace(demo=demo))
    answer = terminal(
        "demo", "--events", "log.csv.gz", "--limit", 5, "--speed", 60, "--seed", 7, "--headless", "--json"
    )
    assert answer.code == 1
    assert told == [(Path("log.csv.gz"), 5, 60.0, 7, True, True)]
