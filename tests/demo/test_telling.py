"""What is shown and counted: the view, the closing table, the logs of requests, and how long an edit takes to be seen."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from rich.console import Console

from syncline.demo import report
from syncline.demo.equivalence import SIDES
from syncline.demo.latency import Latency, percentile
from syncline.demo.script import INTERNAL, Script, Window
from syncline.demo.stage import Stage
from syncline.demo.traffic import Traffic, is_write, kind_of
from syncline.demo.view import Lines, Screen
from syncline.ports import SystemClock, ThreadRuntime

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/api/now/table/incident", "poll"),
        ("GET", "/api/now/table/incident/0123", "read"),
        ("PATCH", "/api/now/table/incident/0123", "write"),
        ("POST", "/rest/api/3/search/jql", "poll"),
        ("POST", "/rest/api/3/issue", "write"),
        ("POST", "/rest/api/3/issue/10000/comment", "write"),
        ("GET", "/rest/api/3/issue/10000/transitions", "read"),
        ("POST", "/oauth_token.do", "read"),
        ("GET", "/log_entries", "poll"),
        ("PUT", "/incidents/Q1", "write"),
        ("POST", "/CherwellAPI/token", "read"),
        ("POST", "/CherwellAPI/api/V1/getsearchresults", "poll"),
        ("POST", "/CherwellAPI/api/V1/getrelatedbusinessobject", "read"),
        ("POST", "/CherwellAPI/api/V1/fieldvalueslookup", "read"),
        ("POST", "/CherwellAPI/api/V1/savebusinessobject", "write"),
        ("POST", "/CherwellAPI/api/V1/saverelatedbusinessobject", "write"),
    ],
)
def test_calls_are_told_apart(method, path, kind):
    assert kind_of(method, path) == kind
    assert is_write(method, path) is (kind == "write")


class Wire:
    """The log of one sandbox."""

    def __init__(self, *rows):
        self.rows = rows
        self.asked = []

    def sandbox(self, method, what):
        since = int(what.rpartition("=")[2])
        self.asked.append(since)
        return {"requests": [row for row in self.rows if row["n"] > since]}


def entry(n, actor="syncline", method="PATCH", path="/api/now/table/incident/s1", fault="none", seconds=0):
    at = (NOON + timedelta(seconds=seconds)).isoformat()
    return {"n": n, "actor": actor, "method": method, "path": path, "fault": fault, "at": at}


def test_a_log_is_read_on_and_only_our_own_calls_are_counted():
    wire = Wire(
        entry(1),
        entry(2, actor="amina"),
        entry(3, method="GET", fault="throttle"),
        entry(4, "syncline@example.com"),
    )
    traffic = Traffic({"snow": wire}, ThreadRuntime())
    traffic.follow()
    traffic.follow()
    seen = traffic.seen["snow"]
    assert wire.asked == [0, 4]
    assert (traffic.writes, traffic.calls, traffic.faults, seen.people) == (2, 3, 1, 1)
    assert traffic.last_write() == NOON
    assert traffic.wrote_between("snow", "s1", NOON, NOON)
    assert not traffic.wrote_between("snow", "s1", NOON + timedelta(seconds=1), NOON + timedelta(seconds=2))


# ---- how long it takes --------------------------------------------------------------------------


class Side:
    """A platform on which an edit arrives when it is told to."""

    def __init__(self, ticket):
        self.ticket = ticket
        self.texts = []

    def look(self, _record):
        return self.ticket

    def remarks(self, _record):
        return self.texts


@pytest.fixture
def followed(stand):
    sides = {name: Side(ticket) for name, ticket in stand.tickets.items()}
    runtime = ThreadRuntime()
    return stand, sides, Latency(sides, stand.script, SystemClock(), runtime, runtime.signal())


def look_once(latency):
    for one in list(latency._followed):
        latency._look(one)


def test_an_edit_counts_once_for_each_other_side_when_it_is_seen_there(followed):
    stand, sides, latency = followed
    latency.watch(stand.edit("snow", INTERNAL, "Looking (note 1)"), {"snow": "s1", "jira": "j1", "pd": "p1"})
    look_once(latency)
    assert latency.samples == []
    sides["jira"].texts = ["amina on ServiceNow:\nLooking (note 1)"]
    look_once(latency)
    look_once(latency)
    assert len(latency.samples) == 1
    sides["pd"].texts = ["amina on ServiceNow:\nLooking (note 1)"]
    look_once(latency)
    assert len(latency.samples) == 2
    assert latency.idle()


def test_an_edit_that_is_replaced_before_it_is_seen_is_not_counted(followed):
    stand, _, latency = followed
    places = {"snow": "s1", "jira": "j1", "pd": "p1"}
    latency.watch(stand.edit("snow", "priority", "1", "3"), places)
    latency.watch(stand.edit("snow", "priority", "2", "1"), places)
    assert (latency.replaced, len(latency._followed)) == (1, 1)


def test_what_the_other_side_says_already_is_no_news(followed):
    stand, _, latency = followed
    latency.watch(stand.edit("snow", "priority", "3", "1"), {"snow": "s1", "jira": "j1", "pd": "p1"})
    assert latency.idle()


def test_what_met_something_broken_is_counted_apart(followed):
    stand, sides, latency = followed
    edit = stand.edit("snow", INTERNAL, "Looking (note 1)")
    stand.script.windows.append(Window("outage", "pd", edit.at - timedelta(days=1)))
    latency.watch(edit, {"snow": "s1", "pd": "p1"})
    sides["pd"].texts = ["Looking (note 1)"]
    look_once(latency)
    assert (len(latency.samples), len(latency.disturbed)) == (0, 1)


@pytest.mark.parametrize(
    ("samples", "share", "found"),
    [
        ([], 0.5, None),
        ([0.25], 0.95, 250.0),
        ([0.1, 0.2, 0.3, 0.4], 0.5, 300.0),
        ([0.1] * 99 + [9.0], 0.95, 100.0),
    ],
)
def test_percentiles(samples, share, found):
    assert percentile(samples, share) == found


# ---- what is shown ------------------------------------------------------------------------------


def console():
    return Console(file=StringIO(), width=120, force_terminal=False)


def test_the_screen_shows_people_platforms_and_what_is_broken(stand):
    stand.edit("snow", INTERNAL, "[red]not a style[/red]\nsecond line")
    stand.script.windows.append(Window("outage", "pd", NOON))
    stand.script.windows.append(Window("killed", "", NOON))
    runtime = ThreadRuntime()
    wires = {name: Wire(entry(1)) for name in SIDES}
    traffic = Traffic(wires, runtime)
    traffic.follow()
    screen = Screen(console(), SystemClock(), runtime, stand.script, traffic)
    screen.act("Something breaks")
    screen.say("conflict  [bold]title[/bold]")
    screen.console.print(screen.picture())
    shown = screen.console.file.getvalue()
    for text in (
        "Something breaks",
        "ServiceNow",
        "outage",
        "killed",
        "[red]not a style[/red]",
        "[bold]title[/bold]",
    ):
        assert text in shown


def test_lines_are_told_or_kept_quiet():
    talking, quiet = Lines(console(), SystemClock()), Lines(console(), SystemClock(), quiet=True)
    for view in (talking, quiet):
        with view:
            view.act("It begins")
    assert "It begins" in talking.console.file.getvalue()
    assert quiet.console.file.getvalue() == ""


FIGURES = {
    "incidents": 2,
    "changes": 7,
    "seconds": 12.5,
    "settled_seconds_after_last_edit": 4.0,
    "conflicts": 1,
    "parked": 1,
    "http_calls": {name: {"poll": 3, "read": 2, "write": 1} for name in ("snow", "jira", "pd")},
    "writes_per_change": 2.0,
    "latency_ms": {"p50": 450.0, "p95": 2700.0, "samples": 9},
    "latency_while_broken_ms": {"p50": None, "p95": None, "samples": 0},
    "claims": [
        {"claim": "No edit was lost", "holds": False, "evidence": "[b]one[/b] is gone"},
        {"claim": "It stops", "holds": True, "evidence": "exit code 0"},
    ],
    "problems": ["#c01 is gone"],
    "waiting": ["a person must decide"],
    "source": report.SOURCE,
    "events": {"rows": 9, "incidents": 2, "skipped": {"rows without a usable incident number": 4}},
}


def test_the_closing_table_shows_every_claim_and_its_evidence():
    screen = console()
    report.show(screen, FIGURES)
    shown = " ".join(screen.file.getvalue().split())
    for text in (
        "✗ │ No edit was lost",
        "[b]one[/b] is gone",
        "✓ │ It stops",
        "problem: #c01 is gone",
        "a person must decide",
        "half within 0.45 s, 95 % within 2.70 s",
        "not measured",
        "Amaral, Fantinato, Reijers, Peres",
        "4 rows without a usable incident number",
    ):
        assert text in shown


@pytest.mark.parametrize("field", ["lost", "duplicates", "leaked"])
def test_a_run_is_good_only_if_nothing_was_lost_doubled_or_leaked(field):
    good = {"converged": True, "lost": 0, "duplicates": 0, "leaked": 0}
    assert report.good(good)
    assert not report.good({**good, field: 1})
    assert not report.good({**good, "converged": False})


# ---- the stage ----------------------------------------------------------------------------------


def test_nobodys_own_settings_reach_the_demo(monkeypatch):
    import os

    monkeypatch.setenv("SYNCLINE_DATABASE_URL", "postgresql://db.example.com/production")
    runtime = ThreadRuntime()
    stage = Stage(SystemClock(), runtime, 1)
    try:
        with stage.environment():
            assert "SYNCLINE_DATABASE_URL" not in os.environ
            assert os.environ["SYNCLINE_SNOW_PASSWORD"] == "sandbox"
        assert "SYNCLINE_SNOW_PASSWORD" not in os.environ
        assert os.environ["SYNCLINE_DATABASE_URL"].endswith("/production")
        assert "SYNCLINE_DATABASE_URL" not in stage._environment
    finally:
        stage.close(keep=False)
    assert not stage.folder.exists()


def test_a_daemon_that_ended_by_itself_is_noticed():
    from syncline.demo.stage import StageError

    stage = Stage(SystemClock(), ThreadRuntime(), 1)
    try:
        stage._daemon = SimpleNamespace(poll=lambda: 3, returncode=3)
        with pytest.raises(StageError, match=r"ended by itself with 3; .*daemon\.log"):
            stage.check_daemon()
        stage._daemon = None
    finally:
        stage.close(keep=False)


def test_a_window_that_was_closed_no_longer_disturbs(stand):
    script: Script = stand.script
    script.windows.append(Window("outage", "pd", NOON, NOON + timedelta(seconds=5)))
    assert script.disturbed(NOON + timedelta(seconds=4), NOON + timedelta(seconds=9))
    assert not script.disturbed(NOON + timedelta(seconds=6), NOON + timedelta(seconds=9))
