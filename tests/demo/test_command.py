"""`syncline demo` as people run it: a process of its own, with the sandbox and the daemon as its children."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from syncline.demo.command import demo

COMMAND = [sys.executable, "-c", "import sys; from syncline.cli import main; sys.exit(main())", "demo"]


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_file_that_is_no_log_is_wrong_use_and_starts_nothing(tmp_path, capsys):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    assert demo(path, 10, 0.0, 1, headless=True, json_output=True) == 2
    out, err = capsys.readouterr()
    (line,) = out.splitlines()
    assert "has no column number" in json.loads(line)["error"]
    assert "has no column number" in err.replace("\n", " ")


def test_a_replay_converges_and_prints_one_object(log, log_row, tmp_path):
    path = log(
        log_row("INC1"),
        log_row("INC1", state="Active", count=1, at="29/2/2016 05:30", assigned_to="Resolver 31"),
        log_row("INC1", state="Awaiting Vendor", count=2, at="1/3/2016 05:30", urgency="1 - High"),
        log_row("INC1", state="Resolved", count=3, at="1/3/2016 09:52"),
        log_row("INC1", state="Closed", count=4, at="6/3/2016 10:00"),
        log_row("INC2", at="1/3/2016 00:10"),
        log_row("INC2", state="Active", count=1, at="1/3/2016 05:30", assignment_group="Group 70"),
    )
    environment = {
        **os.environ,
        "TMPDIR": str(tmp_path),
        "SYNCLINE_DATABASE_URL": "sqlite:////nowhere/at/all.db",
    }
    done = subprocess.run(
        [*COMMAND, "--headless", "--json", "--seed", "3", "--events", str(path)],
        capture_output=True,
        text=True,
        timeout=280,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = done.stdout.splitlines()
    figures = json.loads(line)
    assert figures["converged"]
    assert (figures["incidents"], figures["lost"], figures["duplicates"], figures["leaked"]) == (2, 0, 0, 0)
    assert figures["changes"] >= 7
    assert (figures["daemon_kills"], figures["outages"]) == (1, 1)
    assert set(figures["http_calls"]) == {"snow", "jira", "pd", "helix", "cherwell"}
    assert all(kinds["write"] > 0 and kinds["poll"] > 0 for kinds in figures["http_calls"].values())
    assert set(figures["latency_ms"]) >= {"p50", "p95", "method"}
    assert all(claim["holds"] and claim["evidence"] for claim in figures["claims"])
    assert "Amaral" in figures["source"]
    assert not {"escalations", "pages"} & figures.keys()
    assert not list(tmp_path.glob("syncline-demo-*"))


def test_ctrl_c_ends_it_with_all_that_it_has_started(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [*COMMAND, "--headless"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    assert process.stdout is not None
    first, begun = process.stdout.readline(), process.stdout.readline()
    children = children_of(process.pid)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert "starting" in first
    assert "Incidents begin" in begun
    assert len(children) == 2
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    assert not list(tmp_path.glob("syncline-demo-*"))
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
