"""What people do when they are called, the web hook that tells managers, and how all of it is shown."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from rich.console import Console

from syncline.demo import report
from syncline.demo.claims import paging
from syncline.demo.emergencies import Emergencies
from syncline.demo.equivalence import PD, SIDES, SNOW
from syncline.demo.feed import feed
from syncline.demo.hook import Hook
from syncline.demo.pager import HOOK, Page, PageFindings
from syncline.demo.pagerduty import PagerDutySide
from syncline.demo.people import PlatformRefusedError, UnreachableError, Wire
from syncline.demo.rules import CHANNEL_URL, CHANNELS
from syncline.demo.servicenow import ServiceNowSide
from syncline.demo.stage import Stage
from syncline.demo.view import Lines, Screen
from syncline.ports import SystemClock, ThreadRuntime
from syncline.sandbox.catalogue import build
from syncline.sandbox.server import Sandbox

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NONE = SimpleNamespace(total=lambda: 0)


class Clock:
    """Stands still until it is moved."""

    def __init__(self):
        self.seconds = 100.0

    def now(self):
        return NOON + timedelta(seconds=self.seconds)

    def monotonic(self):
        return self.seconds


# ---- the web hook -----------------------------------------------------------------------------------


@pytest.fixture
def hook():
    hook = Hook(SystemClock(), ThreadRuntime())
    yield hook
    hook.close()


def send(url, body):
    target = url.replace("json://", "http://").replace("{address}", "olga")
    return urlopen(Request(target, data=body, method="POST"), timeout=10).status


def test_the_hook_knows_who_was_told_what_and_when(hook):
    url = hook.open()
    before = SystemClock().now()
    body = {"title": "[P1] Core router is down #e01", "message": "Please look.", "type": "failure"}
    assert send(url, json.dumps(body).encode()) == 200
    (page,) = hook.pages()
    assert (page.case, page.who, page.by) == ("e01", "olga", HOOK)
    assert page.text == "[P1] Core router is down #e01\nPlease look."
    assert before <= page.at <= SystemClock().now()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"title": "no message"}'])
def test_the_hook_takes_nothing_that_is_no_message(hook, body):
    url = hook.open()
    with pytest.raises(HTTPError, match="400"):
        send(url, body)
    assert hook.pages() == []


def test_a_hook_that_was_never_opened_closes(hook):
    hook.close()
    assert hook.pages() == []


# ---- the platforms ----------------------------------------------------------------------------------


@pytest.fixture
def wires():
    platforms = {"snow": build("snow", "servicenow"), "pd": build("pd", "pagerduty")}
    with Sandbox(platforms) as sandbox:
        yield {name: Wire(url, ThreadRuntime()) for name, url in sandbox.urls.items()}


def test_whom_pagerduty_was_asked_to_page_is_read_from_it(wires):
    side = PagerDutySide(wires["pd"])
    record = side.create("noah", "Core router is down #e01", "It is down.")
    assert side.pages() == []
    users = {email: key for key, email in side._emails.items()}
    target = {"id": users["bruno.keller@example.com"], "type": "user_reference"}
    body = {
        "requester_id": users["noah.brooks@example.com"],
        "message": "[P1] Core router is down",
        "responder_request_targets": [{"responder_request_target": target}],
    }
    side._api("noah", "POST", f"incidents/{record}/responder_requests", body)
    (found,) = side.pages()
    assert (found.case, found.who, found.by, found.text) == ("e01", "bruno", PD, "[P1] Core router is down")
    assert abs(found.at - SystemClock().now()) < timedelta(minutes=1)


def test_an_incident_for_an_account_says_when_it_was_opened(wires):
    side = ServiceNowSide(wires["snow"])
    values = {
        "category": "account-compromise",
        "requester": "olga.petrova@example.com",
        "group": "Service Desk",
    }
    record = side.create("diane", "Mail is forwarded #e03", "It is.", **values)
    opened = side.opened_at(record)
    assert abs(opened - SystemClock().now()) < timedelta(minutes=1)
    assert opened.microsecond == 0
    row = side._table("amina", "GET", f"incident/{record}?sysparm_exclude_reference_link=true")
    assert side._users[row["caller_id"]] == "olga.petrova@example.com"
    assert side.look(record).group == "Service Desk"
    assert row["category"] == "account-compromise"


# ---- who is called, comes ---------------------------------------------------------------------------


class People:
    """A play in which every edit is accepted at once, unless ServiceNow refuses it."""

    def __init__(self):
        self.clock = Clock()
        self.asked = []
        self.done = []
        self.refuses = False
        self.unreachable = False
        self.looks = 0
        self.records = {}
        self.opened = []
        self.stage = SimpleNamespace(pd=self, snow=self)

    def pages(self):
        self.looks += 1
        if self.unreachable:
            raise UnreachableError("down")
        return self.asked

    def edit(self, case, side, who, what, value):
        if self.refuses:
            raise PlatformRefusedError("not now")
        self.done.append((case, side, who, what))
        return SimpleNamespace(at=self.clock.now())

    def attempt(self, act):
        try:
            act()
        except PlatformRefusedError:
            return False
        return True

    def create(self, case, side, who, title, description, **values):
        self.opened.append((case, side, values))
        self.records[case] = {side: f"{side}-{case}"}

    def remark(self, case, side, who, text):
        return SimpleNamespace(looked_at=NOON + timedelta(seconds=7.9), text=text)

    def opened_at(self, record):
        return NOON + timedelta(seconds=len(record))

    def until(self, holds, _seconds):
        self.asked.append(page("e05", "diane", PD, 99))
        self.waited = holds()


class Told:
    """A hook that got what it was given."""

    def __init__(self):
        self.got = []

    def pages(self):
        return self.got


@pytest.fixture
def called():
    play = People()
    emergencies = Emergencies(play, Told())
    for name in ("e01", "e02", "e05"):
        emergencies.cases[name].since = NOON
    return emergencies


def page(case, who, by, seconds):
    return Page(case, who, by, NOON + timedelta(seconds=seconds), "")


def test_time_counts_from_what_the_platforms_say():
    play = People()
    emergencies = Emergencies(play, Told())
    emergencies.begin()
    assert [case for case, _, _ in play.opened] == ["e01", "e02", "e03", "e04"]
    since = {case.case: case.since for case in emergencies.cases.values() if case.since is not None}
    assert since == {"e01": NOON + timedelta(seconds=8)}
    emergencies.raise_hand()
    assert emergencies.cases["e02"].since == NOON + timedelta(seconds=7)


def test_the_third_compromise_is_of_the_same_account_and_waits_for_its_page():
    play = People()
    emergencies = Emergencies(play, Told())
    emergencies.begin()
    emergencies.compromise_again()
    (third, *earlier) = [values for case, _, values in reversed(play.opened) if case in {"e03", "e04", "e05"}]
    assert earlier == [third, third]
    assert third["category"] == "account-compromise"
    assert emergencies.cases["e05"].since is not None
    assert play.waited


def test_nobody_comes_who_was_not_paged(called):
    called.look()
    assert called.play.done == []
    assert not called.over


def test_who_was_paged_takes_it_once(called):
    called.play.asked = [page("e02", "bruno", PD, 90), page("e05", "diane", PD, 90)]
    for _ in range(3):
        called.play.clock.seconds += 1
        called.look()
    assert called.play.done == [("e02", SNOW, "bruno", "assignee"), ("e05", SNOW, "diane", "status")]
    assert called.cases["e02"].taken_at == NOON + timedelta(seconds=101)


def test_the_first_one_is_not_taken_before_a_manager_was_told(called):
    called.play.asked = [page("e01", "amina", PD, 50), page("e01", "bruno", PD, 60)]
    called.look()
    assert called.play.done == []
    called.hook.got = [page("e01", "olga", HOOK, 80)]
    called.play.clock.seconds += 1
    called.look()
    assert called.play.done == [("e01", SNOW, "bruno", "status")]


def test_people_need_a_moment_from_their_pager_to_their_screen(called):
    called.play.asked = [page("e02", "bruno", PD, 99)]
    called.look()
    assert called.play.done == []
    called.play.clock.seconds += 1
    called.look()
    assert len(called.play.done) == 1


def test_who_is_refused_tries_again(called):
    called.play.asked, called.play.refuses = [page("e02", "bruno", PD, 90)], True
    called.look()
    assert called.cases["e02"].taken_at is None
    called.play.refuses = False
    called.play.clock.seconds += 1
    called.look()
    assert called.cases["e02"].taken_at is not None


def test_nobody_looks_where_nothing_waits_or_too_often(called):
    called.look()
    called.look()
    assert called.play.looks == 1
    for case in called.cases.values():
        case.taken_at = NOON
    called.play.clock.seconds += 1
    called.look()
    assert called.play.looks == 1
    assert called.over


def test_a_pager_that_cannot_be_read_is_read_again(called):
    called.play.unreachable = True
    called.look()
    called.play.unreachable, called.play.asked = False, [page("e02", "bruno", PD, 90)]
    called.play.clock.seconds += 1
    called.look()
    assert len(called.play.done) == 1


# ---- what is shown ----------------------------------------------------------------------------------


def console():
    return Console(file=StringIO(), width=120, force_terminal=False)


def test_the_screen_shows_who_is_called_in_one_line(stand):
    runtime = ThreadRuntime()
    traffic = SimpleNamespace(writes=0, calls=0, follow=lambda: None, seen={})
    traffic.seen = {
        name: SimpleNamespace(people=0, calls={"write": 0, "read": 0, "poll": 0}, faults=NONE)
        for name in SIDES
    }
    screen = Screen(console(), SystemClock(), runtime, stand.script, traffic)
    screen.console.print(screen.picture())
    assert "☎" not in screen.console.file.getvalue()
    screen.alarm("Escalation p1-ladder, step 1\npaged L1: amina " + "x" * 300)
    screen.console.print(screen.picture())
    (line,) = [line for line in screen.console.file.getvalue().splitlines() if "☎" in line]
    assert "Escalation p1-ladder, step 1 paged L1: amina" in line


def test_lines_tell_it_too():
    lines = Lines(console(), SystemClock())
    with lines:
        lines.alarm("Escalation p1-ladder, step 1")
    assert "☎ Escalation p1-ladder, step 1" in lines.console.file.getvalue()


def test_the_feed_tells_of_escalation_apart_and_not_of_steps_of_a_workflow():
    event = SimpleNamespace
    events = [
        event(id=1, kind="step", instance=None, text="paged L1"),
        event(id=2, kind="step", instance="jira", text="To Do -> In Progress"),
        event(id=3, kind="raised", instance="jira", text="Noah raised a hand"),
        event(id=4, kind="written", instance="jira", text="copied"),
    ]
    said, alarms, looks = [], [], iter([False, True])
    stop = SimpleNamespace(wait=lambda _seconds: next(looks))
    feed(SimpleNamespace(after=lambda last: events[last:]), said.append, alarms.append, stop)
    assert alarms == ["paged L1", "Noah raised a hand"]
    assert said == ["written   copied"]


def test_the_claims_name_who_was_paged_and_the_first_of_what_is_wrong():
    found = PageFindings(
        pages=[page("e01", "amina", PD, 1), page("e01", "olga", HOOK, 25)],
        paged={"e01": ["amina", "olga"], "e02": []},
        repeats=1,
    )
    table = {claim.claim: claim for claim in paging(found, 20)}
    assert all(claim.holds for claim in table.values())
    assert "#e01: amina, olga; nobody on vacation, and nobody for the other 19 incidents" in str(table)
    assert "1 asked of PagerDuty, 1 taken by the web hook" in str(table)
    assert "1 said to be a repeat" in str(table)
    found.strangers = ["chloe was paged", "chloe was paged again"]
    assert paging(found, 20)[0].evidence == "chloe was paged (and 1 more)"


def test_a_run_in_which_somebody_was_paged_wrongly_is_not_good():
    good = {"converged": True, "lost": 0, "duplicates": 0, "leaked": 0}
    assert report.good({**good, "wrong_pages": 0})
    assert not report.good({**good, "wrong_pages": 1})


# ---- the stage --------------------------------------------------------------------------------------


def test_the_secret_of_the_channel_is_there_for_the_demo_alone(monkeypatch):
    import os

    monkeypatch.delenv(CHANNEL_URL, raising=False)
    stage = Stage(
        SystemClock(), ThreadRuntime(), 1, more=CHANNELS, secrets={CHANNEL_URL: "json://127.0.0.1:1"}
    )
    try:
        with stage.environment():
            assert os.environ[CHANNEL_URL] == "json://127.0.0.1:1"
        assert CHANNEL_URL not in os.environ
        assert stage._environment[CHANNEL_URL] == "json://127.0.0.1:1"
        assert stage._environment["NO_PROXY"] == "127.0.0.1"
    finally:
        stage.close(keep=False)
