"""The whole connector against the simulated Jira, in both flavours, with people working there."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from syncline.connector import (
    Attach,
    Comment,
    Connector,
    Create,
    LinkBack,
    Party,
    PartyKind,
    Reference,
    Severity,
    Sighting,
    Transition,
    Update,
)
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.http.client import Http
from syncline.http.exchange import Rehearsed
from syncline.mapping import Parties, load_mapping
from syncline.model import Incident, Visibility
from syncline.ports import ThreadRuntime
from syncline.sandbox.adapter import SimulatedAdapter, exchange_with
from syncline.sandbox.instance import Instance
from syncline.sandbox.jira import Jira
from syncline.sandbox.jira.fields import team_id
from syncline.sandbox.jira.setup import CUSTOM_FIELDS, CustomField
from syncline_jira import plugin
from syncline_jira.settings import JiraSettings

FIELDS = frozenset(
    [
        "summary",
        "description",
        "status",
        "priority",
        "assignee",
        "reporter",
        "labels",
        "components",
        "resolution",
        "created",
        "updated",
        "customfield_10101",
        "customfield_10102",
        "customfield_10103",
        "customfield_10104",
        "customfield_10105",
    ]
)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 10, 0, 0, 250_000, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Runtime(ThreadRuntime):
    """Nobody sleeps; the clock goes on."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)


class World:
    """A simulated Jira, people who work on it, and connectors to it."""

    def __init__(self, flavour: Any, **knobs: Any) -> None:
        self.cloud = flavour == "cloud"
        self.clock = Clock()
        self.runtime = Runtime(self.clock)
        self.jira = Jira(flavour, **knobs)
        self.instance = Instance("jira-test", self.jira, clock=self.clock, runtime=self.runtime)
        self.url = "https://example.atlassian.net" if self.cloud else "https://jira.example.com"
        self.jira_api = f"{self.url}/rest/api/2"

    def settings(self, **more: Any) -> JiraSettings:
        base: dict[str, Any] = {
            "name": "jira-test", "platform": "jira", "url": self.url, "projects": ["OPS"], "token": SecretStr("token-syncline"),
            "default_issue_type": "Incident", "group_field": "customfield_10105", "requests_per_minute": 100_000,
        }  # fmt: skip
        return JiraSettings(**(base | ({"user": "syncline@example.com"} if self.cloud else {}) | more))

    def http(self, settings: JiraSettings) -> Http:
        return Http.for_instance(
            settings, plugin.dialect, clock=self.clock, runtime=self.runtime, rng=Random(1),
            wire=lambda: SimulatedAdapter(exchange_with(self.instance, self.clock, self.runtime)),
        )  # fmt: skip

    def connect(self, fields: frozenset[str] = FIELDS, **more: Any) -> Connector:
        settings = self.settings(**more)
        return plugin.connect(settings, self.http(settings), fields)

    def person(self, name: str, method: str, path: str, body: Any = None) -> Any:
        """What somebody does in the browser, by v2 with plain text."""
        session = requests.Session()
        session.mount("https://", SimulatedAdapter(exchange_with(self.instance, self.clock, self.runtime)))
        headers = {} if self.cloud else {"Authorization": f"Bearer token-{name}"}
        mail = next(one.email for one in self.jira.site.people.values() if one.login == name)
        auth = (mail, f"token-{name}") if self.cloud else None
        answer = session.request(
            method, f"{self.jira_api}/{path}", json=body, headers=headers, auth=auth, timeout=5
        )
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def add(self, name: str = "amina", **fields: Any) -> str:
        base = {"project": {"key": "OPS"}, "issuetype": {"name": "Incident"}, "summary": "Checkout is slow"}
        return str(self.person(name, "POST", "issue", {"fields": base | fields})["id"])

    def calls(self, do: Callable[[], Any]) -> list[str]:
        """The requests that something makes."""
        seen = self.instance.requests()
        before = seen[-1].n if seen else 0
        do()
        return [
            f"{one.method} {one.path.split('/rest/api/')[-1][2:]}" for one in self.instance.requests(before)
        ]


@pytest.fixture(params=["cloud", "dc"])
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def world(flavour: str) -> World:
    return World(flavour)


def drain(jira: Connector, cursor: Any, limit: int = 50) -> tuple[list[Sighting], Any]:
    found: list[Sighting] = []
    for _ in range(200):
        page = jira.poll(cursor, limit)
        found += page.sightings
        cursor = page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("the poll does not end")


VALUES = {
    "summary": "Checkout is slow",
    "description": "Since 9:00\n\n* all shops *\n\n\n{code}x{code} 😀",
    "priority": "High",
    "labels": ("db", "prod"),
    "components": ("Database", "Payments"),
    "customfield_10101": "INC0010001",
    "customfield_10102": "Restart it\n\nTwice",
    "customfield_10103": "SEV-2",
    "customfield_10104": 12,
    "customfield_10105": "Network",
}


def test_what_is_created_reads_back_as_it_was_written(world: World) -> None:
    jira = world.connect()
    amina = jira.find_party(PartyKind.PERSON, "amina.diallo@example.com")
    values = {**VALUES, "assignee": amina.id}
    receipt = jira.write(Create("SL-7K2M9QXA", values))
    record = jira.read(receipt.record_id).record
    assert {name: record.values[name] for name in values} == values
    assert record.values["status"] == "To Do"
    assert record.marker == "SL-7K2M9QXA"
    assert [one.email for one in record.parties if one.id == amina.id] == ["amina.diallo@example.com"]
    assert world.jira.snapshot()["issues"][0]["properties"] == {"syncline": {"marker": "SL-7K2M9QXA"}}


def test_every_write_is_one_request_once_the_instance_is_known(world: World) -> None:
    jira = world.connect()
    record_id = jira.write(Create("SL-1", VALUES)).record_id
    jira.read(record_id)
    path = f"issue/{record_id}"
    reference = Reference("snow", "servicenow", "INC1", "https://snow.example/1", "Checkout is slow")
    for operation, expected in (
        (Create("SL-2", VALUES), "POST issue"),
        (Update(record_id, {"summary": "Slower", "labels": ("db",), "customfield_10104": 13}), f"PUT {path}"),
        (Transition(record_id, "11", "In Progress"), f"POST {path}/transitions"),
        (Comment(record_id, "SL-1-c", "Looking", Visibility.INTERNAL), f"POST {path}/comment"),
        (Attach(record_id, "SL-1-a", "größe.txt", "text/plain", b"123"), f"POST {path}/attachments"),
        (LinkBack(record_id, "SL-1", (reference,)), f"POST {path}/remotelink"),
    ):
        assert world.calls(lambda operation=operation: jira.write(operation)) == [expected]
    sighting = jira.read(record_id)
    assert sighting.record.values["labels"] == ("db",)
    assert sighting.record.values["status"] == "In Progress"
    assert sighting.record.marker == "SL-1"
    assert [(one.body, one.own) for one in sighting.remarks] == [("Looking", True)]
    assert [(one.name, one.size, one.own) for one in sighting.attachments] == [("größe.txt", 3, True)]
    assert jira.content(sighting.attachments[0]) == b"123"


def test_an_update_on_cloud_brings_the_record_and_nothing_has_to_be_read() -> None:
    world = World("cloud")
    jira = world.connect()
    record_id = jira.write(Create("SL-1", VALUES)).record_id
    receipt = jira.write(Update(record_id, {"summary": "Slower"}))
    assert receipt.record is not None
    assert receipt.record.values["summary"] == "Slower"
    assert receipt.record == replace(jira.read(record_id).record, updated_by=None, own=False)


def test_a_link_back_that_is_written_again_replaces_itself(world: World) -> None:
    jira = world.connect()
    record_id = world.add()
    for title in ("Before", "After"):
        jira.write(
            LinkBack(
                record_id, "SL-1", (Reference("snow", "servicenow", "INC1", "https://snow.example/1", title),)
            )
        )
    (issue,) = world.jira.snapshot()["issues"]
    assert [link["title"] for link in issue["remote_links"]] == ["INC1: After"]


def test_a_poll_brings_what_people_change_and_costs_one_request_when_there_is_nothing(world: World) -> None:
    jira = world.connect()
    cursor = jira.start(None)
    jira.lookup(world.add())
    world.clock.advance(40)
    _, cursor = drain(jira, cursor)
    world.clock.advance(60)
    record_id = world.add(summary="Second", priority={"name": "Low"})
    world.clock.advance(1)
    world.person(
        "bruno", "PUT", f"issue/{record_id}", {"fields": {"priority": {"name": "Highest"}, "labels": ["x"]}}
    )
    world.clock.advance(1)
    world.person("chloe", "POST", f"issue/{record_id}/comment", {"body": "On it\r\n\r\nnow"})
    world.clock.advance(5)
    found, cursor = drain(jira, cursor)
    sighting = next(one for one in found if one.record_id == record_id)
    assert sighting.record.values["priority"] == "Highest"
    assert [(one.author, one.body, one.visibility, one.own) for one in sighting.remarks] == [
        ("Chloe Martin", "On it\n\nnow", Visibility.INTERNAL, False)
    ]
    assert [(e.actor, e.own, e.field, e.before, e.after) for e in sighting.edits] == [
        ("Bruno Keller", False, "labels", (), ("x",)),
        ("Bruno Keller", False, "priority", "Low", "Highest"),
    ]
    world.clock.advance(300)
    drain(jira, cursor)
    world.clock.advance(10)
    search = "GET search/jql" if world.cloud else "GET search"
    assert world.calls(lambda: drain(jira, cursor)) == [search]


def test_a_poll_in_pages_of_any_size_sees_every_issue(world: World) -> None:
    start = world.clock.now()
    expected = set()
    for number in range(30):
        world.clock.advance(0.03)
        expected.add(world.add(summary=f"Issue {number}"))
    world.clock.advance(10)
    jira = world.connect()
    for limit in (1, 2, 7, 100):
        found, _ = drain(jira, jira.start(start), limit)
        assert {one.record_id for one in found} == expected


def test_what_the_index_shows_late_is_seen_by_the_long_reach() -> None:
    world = World("cloud", index_lag=50)
    jira = world.connect()
    cursor, seen = jira.start(None), {}
    record_id = world.add()
    for step in range(16):
        world.clock.advance(10)
        found, cursor = drain(jira, cursor)
        seen |= {one.record_id: step for one in found if one.record_id not in seen}
    assert seen[record_id] in range(4, 9)


def test_other_projects_and_what_the_condition_leaves_out_are_not_polled(world: World) -> None:
    jira = world.connect(jql="priority = Highest")
    cursor = jira.start(None)
    wanted = world.add(priority={"name": "Highest"})
    world.add(priority={"name": "Low"})
    world.add(project={"key": "SEC"}, priority={"name": "Highest"})
    world.clock.advance(10)
    found, _ = drain(jira, cursor)
    assert {one.record_id for one in found} == {wanted}


def test_no_account_time_zone_hides_changes(flavour: str) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"):
        world = World(flavour, timezone=zone)
        jira = world.connect()
        cursor = jira.start(None)
        world.clock.advance(1)
        record_id = world.add()
        world.clock.advance(9)
        found, _ = drain(jira, cursor)
        assert [one.record_id for one in found] == [record_id]
        assert found[0].record.updated_at == datetime(2026, 11, 22, 10, 0, 1, 250_000, tzinfo=UTC)


def test_the_marker_is_found_when_the_index_shows_it(world: World) -> None:
    jira = world.connect()
    record_id = jira.write(Create("SL-7K2M9QXA", {"summary": "x"})).record_id
    world.clock.advance(plugin.capabilities.search_lag)
    assert [(one.id, one.marker) for one in jira.find("SL-7K2M9QXA")] == [(record_id, "SL-7K2M9QXA")]
    assert jira.find("SL-OTHER") == []


def test_many_are_read_at_once_and_the_missing_ones_are_left_out(world: World) -> None:
    jira = world.connect()
    ids = [world.add(summary=str(number)) for number in range(3)]
    world.clock.advance(10)
    found = jira.read_many([*ids, "99999"])
    assert [one.record_id for one in found] == ids
    assert found[0] == jira.read(ids[0])


def test_a_lookup_finds_by_key_and_by_id(world: World) -> None:
    jira = world.connect()
    record_id = world.add()
    record = jira.lookup(record_id)
    assert jira.lookup(record.key) == record
    assert record.url == f"{world.url}/browse/{record.key}"
    assert jira.lookup("OPS-999") is None
    with pytest.raises(Gone, match="99999"):
        jira.read("99999")


def test_the_workflow_is_walked_step_by_step_with_what_each_asks_for(world: World) -> None:
    jira = world.connect()
    record_id = world.add()
    assert {step.to: step.id for step in jira.steps(record_id, "To Do")} == {
        "In Progress": "11",
        "Canceled": "91",
    }
    jira.write(Transition(record_id, "11", "In Progress"))
    (resolve,) = [step for step in jira.steps(record_id, "In Progress") if step.to == "Done"]
    assert set(resolve.required) == {"resolution"}
    assert "Done" in resolve.required["resolution"]
    with pytest.raises(Refused) as caught:
        jira.write(Transition(record_id, resolve.id, "Done"))
    assert "resolution" in caught.value.fields
    receipt = jira.write(Transition(record_id, resolve.id, "Done", {"resolution": "Done"}))
    assert receipt.record is None
    assert jira.read(record_id).record.values["status"] == "Done"
    world.clock.advance(10)
    other = world.add()
    assert {step.to for step in jira.steps(other, "Done")} == {"Closed", "In Progress"}
    assert world.calls(lambda: jira.steps(other, "Done")) == []


def test_the_history_tells_of_people_and_of_us(world: World) -> None:
    jira = world.connect()
    record_id = world.add(description="One")
    since = world.clock.now()
    amina = {
        "accountId" if world.cloud else "name": jira.find_party(
            PartyKind.PERSON, "amina.diallo@example.com"
        ).id
    }
    for number, (who, fields) in enumerate(
        (
            ("bruno", {"assignee": amina, "components": [{"name": "Network"}, {"name": "Payments"}]}),
            ("chloe", {"components": [{"name": "Network"}], "description": "Two\n\nlines"}),
            ("bruno", {"assignee": None, "customfield_10104": 7}),
        )
    ):
        world.clock.advance(1 + number)
        world.person(who, "PUT", f"issue/{record_id}", {"fields": fields})
    world.clock.advance(1)
    jira.write(Update(record_id, {"summary": "Ours"}))
    found = jira.history(record_id, since)
    assert [(e.own, e.field, e.before, e.after) for e in found] == [
        (False, "assignee", None, next(iter(amina.values()))),
        (False, "components", (), ("Network", "Payments")),
        (False, "components", ("Network", "Payments"), ("Network",)),
        (False, "description", "One", "Two\n\nlines"),
        (False, "assignee", next(iter(amina.values())), None),
        (False, "customfield_10104", None, 7),
        (True, "summary", "Checkout is slow", "Ours"),
    ]
    assert list(jira.read(record_id).edits or ()) == found
    assert [e.field for e in jira.history(record_id, found[-1].at)] == ["summary"]


def test_internal_comments_stay_with_the_role(world: World) -> None:
    jira = world.connect(internal_comments={"role": "Service Desk Team"})
    record_id = world.add()
    jira.write(Comment(record_id, "m", "secret", Visibility.INTERNAL))
    jira.write(Comment(record_id, "m", "open", Visibility.PUBLIC))
    (issue,) = world.jira.snapshot()["issues"]
    assert [one["visibility"] for one in issue["comments"]] == ["role:Service Desk Team", None]


def test_more_comments_than_a_reply_brings_are_all_read(world: World) -> None:
    jira = world.connect()
    cursor = jira.start(None)
    record_id = world.add()
    for number in range(130):
        world.clock.advance(0.1)
        world.person("chloe", "POST", f"issue/{record_id}/comment", {"body": f"Number {number}"})
    world.clock.advance(10)
    assert [one.body for one in jira.remarks(record_id)] == [f"Number {number}" for number in range(130)]
    found, _ = drain(jira, cursor)
    assert found[0].remarks[-1].body == "Number 129"


def test_people_and_groups_are_found(world: World) -> None:
    jira = world.connect()
    bruno = jira.find_party(PartyKind.PERSON, "bruno.keller@example.com")
    assert bruno.name == "Bruno Keller"
    assert jira.find_party(PartyKind.PERSON, "Bruno Keller") == bruno
    assert jira.find_party(PartyKind.PERSON, "nobody@example.com") is None
    assert jira.find_party(PartyKind.PERSON, "gus.former@example.com") is None
    assert list(jira.parties(PartyKind.PERSON, [bruno.id, "712020:nobody"])) == [bruno]
    assert jira.find_party(PartyKind.GROUP, "Network").id == "Network"
    assert jira.find_party(PartyKind.GROUP, "Networ") is None


def test_people_who_hide_their_address_are_found_by_name() -> None:
    world = World("cloud", hide_emails=True)
    found = world.connect().find_party(PartyKind.PERSON, "Bruno Keller")
    assert (found.name, found.email) == ("Bruno Keller", None)


def test_the_schema_is_that_of_the_live_project(world: World) -> None:
    world.add()
    world.clock.advance(10)
    schema = world.connect().schema()
    assert schema.statuses == ("To Do", "In Progress", "Waiting", "In Review", "Done", "Closed", "Canceled")
    assert schema.fields["priority"].choices == ("Highest", "High", "Medium", "Low", "Lowest")
    assert schema.fields["customfield_10103"].choices == ("SEV-1", "SEV-2", "SEV-3", "SEV-4")
    assert schema.fields["customfield_10103"].label == "Severity"
    assert (schema.fields["summary"].required, schema.fields["summary"].max_length) == (True, 255)
    assert schema.fields["description"].writable
    assert not schema.fields["status"].writable
    assert not schema.fields["created"].writable
    assert set(schema.fields["components"].choices or ()) == {"Payments", "Network", "Database"}


def test_a_sound_instance_has_no_findings_but_the_unknown_end_of_its_token(world: World) -> None:
    world.add()
    world.clock.advance(10)
    findings = list(world.connect().check())
    assert [(one.check, one.message) for one in findings if one.severity is not Severity.OK] == [
        ("token", "it is not known when the token expires")
    ]
    assert {one.check for one in findings} == {
        "reachable", "flavour", "authorised", "token", "permissions", "clock", "time zone", "history", "schema"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "check", "words"),
    [
        ({"token": SecretStr("token-nobody")}, "authorised", "401"),
        ({"projects": ["NONE"]}, "permissions", "NONE"),
        ({"default_issue_type": "Outage"}, "schema", "Incident"),
        ({"token_expires": "2026-11-30"}, "token", "8 days"),
        ({"token_expires": "2026-11-01"}, "token", "expired"),
    ],
)
def test_what_is_wrong_with_an_instance_is_found_and_says_what_to_do(
    world: World, more: Any, check: str, words: str
) -> None:
    world.add()
    found = [
        one for one in world.connect(**more).check() if one.check == check and one.severity is not Severity.OK
    ]
    assert words in found[0].message
    assert found[0].fix


def test_missing_permissions_are_named(flavour: str) -> None:
    world = World(flavour, denied={"syncline": ["TRANSITION_ISSUES", "LINK_ISSUES"]})
    (found,) = [one for one in world.connect().check() if one.check == "permissions"]
    assert found.severity is Severity.ERROR
    assert "TRANSITION_ISSUES (change the status)" in found.message


def test_the_wrong_flavour_is_found() -> None:
    cloud = World("cloud")
    mistaken = {
        "flavour": "dc",
        "auth": "basic",
        "user": "syncline@example.com",
        "password": SecretStr("token-syncline"),
    }
    (found,) = [one for one in cloud.connect(**mistaken).check() if one.check == "flavour"]
    assert (found.severity, found.fix) == (Severity.ERROR, "Set flavour: cloud.")


def test_a_scoped_token_works_through_the_gateway() -> None:
    world = World("cloud", base_url="https://example.atlassian.net")
    scoped = {"url": f"https://api.atlassian.com/ex/jira/{world.jira._cloud_id}", "token": SecretStr("scoped-token-syncline"),
              "site": "https://example.atlassian.net"}  # fmt: skip
    record_id = world.add()
    for user in ("", "syncline@example.com"):
        record = world.connect(user=user, **scoped).lookup(record_id)
        assert record.url == f"https://example.atlassian.net/browse/{record.key}"


def test_an_instance_that_fails_after_it_committed_leaves_the_outcome_unknown_and_the_marker_finds_it(
    world: World,
) -> None:
    jira = world.connect()
    jira.start(None)
    world.instance.set_faults(error_after=1.0)
    with pytest.raises(OutcomeUnknown):
        jira.write(Create("SL-1", {"summary": "x"}))
    world.instance.clear_faults()
    world.clock.advance(plugin.capabilities.search_lag)
    assert len(jira.find("SL-1")) == 1
    assert len(world.jira.snapshot()["issues"]) == 1


def test_an_instance_that_is_down_is_tried_later(world: World) -> None:
    jira = world.connect()
    world.instance.take_down("unavailable")
    with pytest.raises(RetryLater, match="jira-test"):
        jira.read("10000")


def test_refused_credentials_stop_the_instance(world: World) -> None:
    with pytest.raises(Configuration, match="SYNCLINE_JIRA_TEST_TOKEN"):
        world.connect(token=SecretStr("token-nobody")).read("10000")


def test_a_rehearsal_shows_the_exact_call_and_makes_none(world: World) -> None:
    settings = world.settings()
    jira = plugin.connect(settings, world.http(settings).rehearsal(), FIELDS)
    record_id = world.add()
    with pytest.raises(Rehearsed) as caught:
        jira.write(Transition(record_id, "11", "In Progress"))
    call = caught.value.call
    assert (call.method, call.body) == ("POST", b'{"transition": {"id": "11"}}')
    assert call.url.endswith(f"/issue/{record_id}/transitions")
    assert world.connect().lookup(record_id).values["status"] == "To Do"


def test_workers_side_by_side_do_not_mix_up_their_issues(world: World) -> None:
    jira = world.connect()
    ids = [world.add(summary=f"Issue {number}") for number in range(8)]
    found: dict[str, set[Any]] = {one: set() for one in ids}

    def work(record_id: str) -> None:
        for _ in range(20):
            found[record_id].add(jira.read(record_id).record.values["summary"])

    for task in [world.runtime.spawn(one, lambda one=one: work(one)) for one in ids]:
        task.join(30)
    assert found == {one: {f"Issue {number}"} for number, one in enumerate(ids)}


# Where Jira keeps the group that an issue is assigned to.

TEAM, SELECT, PICKER = "customfield_10106", "customfield_10107", "customfield_10105"
ADDED = (
    *CUSTOM_FIELDS,
    CustomField(10106, "Team", "team", ("Database", "Network Operations")),
    CustomField(10107, "Resolver group", "select", ("Database", "Network Operations")),
)
DATABASE, NETWORK = team_id("Database"), team_id("Network Operations")


@pytest.fixture
def grouped() -> World:
    """Jira Cloud with a Team field and a select, beside its group picker."""
    return World("cloud", custom_fields=ADDED)


@pytest.fixture
def jira_with(grouped: World) -> Callable[[str], Any]:
    return lambda field: grouped.connect(frozenset({"summary", field}), group_field=field)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [(PICKER, "Database", "Database"), (SELECT, "Database", "Database"), (TEAM, DATABASE, "Database")],
)
def test_what_is_written_is_read_back(
    grouped: World, jira_with: Callable[[str], Any], field: str, value: str, shown: str
) -> None:
    jira, issue = jira_with(field), grouped.add()
    since = grouped.clock.now() - timedelta(minutes=1)
    grouped.clock.advance(5)
    jira.write(Update(issue, {field: value}))
    record = jira.read(issue).record
    assert record is not None
    assert record.values[field] == value
    raw = grouped.person("amina", "GET", f"issue/{issue}?fields={field}")["fields"][field]
    assert shown in (raw.get("name"), raw.get("value"))
    assert [edit.after for edit in jira.history(issue, since) if edit.field == field] == [value]
    jira.write(Update(issue, {field: None}))
    emptied = jira.read(issue).record
    assert emptied is not None
    assert emptied.values[field] is None


def test_a_team_is_known_by_its_id_and_named_by_an_issue(
    grouped: World, jira_with: Callable[[str], Any]
) -> None:
    jira = jira_with(TEAM)
    issue = grouped.add(**{TEAM: NETWORK})
    record = jira.read(issue).record
    assert record is not None
    assert Party(PartyKind.GROUP, NETWORK, "Network Operations") in record.parties
    assert jira.find_party(PartyKind.GROUP, DATABASE) == Party(PartyKind.GROUP, DATABASE, DATABASE)
    assert jira.find_party(PartyKind.GROUP, "Database") is None


def test_a_select_offers_groups(jira_with: Callable[[str], Any], grouped: World) -> None:
    grouped.add()
    jira = jira_with(SELECT)
    assert jira.find_party(PartyKind.GROUP, "Database") == Party(PartyKind.GROUP, "Database", "Database")
    assert jira.find_party(PartyKind.GROUP, "Databases") is None


def test_a_team_that_there_is_not_is_refused(grouped: World, jira_with: Callable[[str], Any]) -> None:
    with pytest.raises(Refused, match="Team id is not valid"):
        jira_with(TEAM).write(Update(grouped.add(), {TEAM: "Database"}))


def test_a_tier_is_laid_over_a_team_field(grouped: World, jira_with: Callable[[str], Any]) -> None:
    jira = jira_with(TEAM)
    text = f"mapping: 1\nplatform: jira\nfields:\n  group: {TEAM}\n"
    mapping = load_mapping(text).with_groups({"DBA": DATABASE})
    issue = grouped.add()
    party = jira.find_party(PartyKind.GROUP, DATABASE)
    written = mapping.write({"group": "DBA"}, Incident("SL-1", {"group": "DBA"}), {}, Parties.of([party]))
    jira.write(Update(issue, written.values))
    record = jira.read(issue).record
    assert record is not None
    # The issue names the team, which changes nothing about what it stands for.
    met = Parties.of([party]).including(record.parties)
    assert mapping.read(record.values, met).values == {"group": "DBA"}
    assert mapping.read(record.values, Parties.of()).values == {"group": "DBA"}
