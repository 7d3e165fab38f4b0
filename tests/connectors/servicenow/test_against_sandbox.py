"""The connector against the simulated ServiceNow, through the real HTTP layer and pysnow."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from syncline.connector import Attach, Comment, Create, LinkBack, PartyKind, Reference, Severity, Update
from syncline.errors import Configuration, Gone, Refused, RetryLater
from syncline.http.client import Http
from syncline.model import Visibility
from syncline.ports import ThreadRuntime
from syncline.sandbox.adapter import SimulatedAdapter, exchange_with
from syncline.sandbox.instance import Instance
from syncline.sandbox.platform import Request, Response
from syncline.sandbox.servicenow import ServiceNow as SimulatedServiceNow
from syncline_servicenow import ServiceNow, plugin

FIELDS = frozenset(
    {
        "assigned_to",
        "assignment_group",
        "caller_id",
        "close_code",
        "close_notes",
        "cmdb_ci",
        "cmdb_ci.name",
        "description",
        "hold_reason",
        "impact",
        "opened_at",
        "priority",
        "resolved_at",
        "short_description",
        "state",
        "urgency",
    }
)


class Advancing(ThreadRuntime):
    def __init__(self, clock: Any) -> None:
        self._clock = clock

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)


class Office:
    """The simulated instance, our connector to it, and the people who work on it."""

    def __init__(self, clock: Any, settings: Any, http_of: Callable[..., Http], **knobs: Any) -> None:
        self.clock = clock
        self.platform = SimulatedServiceNow(**knobs)
        self.instance = Instance("snow-test", self.platform, clock=clock, runtime=Advancing(clock))
        exchange = exchange_with(self.instance, clock, Advancing(clock))
        self.http = http_of(settings, wire=lambda: SimulatedAdapter(exchange))
        self.snow = plugin.connect(settings, self.http, FIELDS)
        assert isinstance(self.snow, ServiceNow)

    def person(self, name: str, method: str, path: str, **body: Any) -> Any:
        headers = {
            "authorization": "Basic " + base64.b64encode(f"{name}:x".encode()).decode(),
            "accept": "application/json",
            "content-type": "application/json",
        }
        response: Response = self.instance.apply(
            Request(method, f"/api/now{path}", "", headers, json.dumps(body).encode())
        )
        assert response.status < 300, response.body
        return json.loads(response.body)["result"]

    def opened(self, **values: str) -> str:
        """The sys_id of an incident that Amina opened."""
        row = self.person("amina", "POST", "/table/incident", short_description="Mail is down", **values)
        return str(row["sys_id"])

    def edited(self, record_id: str, name: str = "amina", **values: str) -> None:
        self.person(name, "PATCH", f"/table/incident/{record_id}", **values)

    @property
    def calls(self) -> int:
        return len(self.instance.requests())


@pytest.fixture
def office_of(clock, settings_of, http_of) -> Callable[..., Office]:
    def make(changes: dict[str, Any] | None = None, **knobs: Any) -> Office:
        return Office(clock, settings_of(**(changes or {})), http_of, **knobs)

    return make


@pytest.fixture
def office(office_of) -> Office:
    return office_of()


def followed(office: Office, cursor: Any) -> tuple[list[Any], Any]:
    """All sightings until nothing more is to be had, and the cursor behind them."""
    found = []
    for _ in range(200):
        page = office.snow.poll(cursor, 100)
        found += page.sightings
        cursor = json.loads(json.dumps(page.cursor))
        if not page.more:
            return found, cursor
    pytest.fail("the poll did not end")


class TestPolling:
    def test_an_edit_and_a_comment_of_a_person_are_seen_once(self, office):
        record_id = office.opened()
        cursor = office.snow.start(None)
        office.clock.advance(5)
        office.edited(record_id, "bruno", urgency="1", impact="1", comments="Please hurry", work_notes="DNS")
        office.clock.advance(5)
        (sighting,), cursor = followed(office, cursor)
        assert sighting.record.id == record_id
        assert sighting.record.values["priority"] == "1"
        assert sighting.record.updated_by == "bruno"
        assert not sighting.record.own
        assert {(r.body, r.visibility, r.own) for r in sighting.remarks} == {
            ("Please hurry", Visibility.PUBLIC, False),
            ("DNS", Visibility.INTERNAL, False),
        }
        for _ in range(30):
            office.clock.advance(10)
            before = office.calls
            found, cursor = followed(office, cursor)
            assert found == []
            assert office.calls - before == 2

    def test_rows_that_show_late_are_seen(self, office_of):
        office = office_of(index_lag=60.0)
        cursor, seen = office.snow.start(None), {}
        records = []
        for step in range(60):
            if step < 20:
                records.append(office.opened())
            office.clock.advance(7)
            found, cursor = followed(office, cursor)
            seen |= {sighting.record_id: sighting for sighting in found}
        assert set(seen) == set(records)

    def test_a_thousand_of_one_second_and_hidden_rows_between_them(self, office_of, clock):
        office = office_of()
        start = clock.now() - timedelta(seconds=1)
        records = [office.opened() for _ in range(150)]
        office.platform.hidden = frozenset(sorted(records)[10:70])
        clock.advance(5)
        office.snow.start(None)
        found, _ = followed(office, office.snow.start(start))
        assert {sighting.record_id for sighting in found} == set(records) - office.platform.hidden

    def test_a_cancelled_query_costs_a_smaller_page_and_no_row(self, office):
        start = office.clock.now() - timedelta(seconds=1)
        records = {office.opened() for _ in range(30)}
        office.clock.advance(5)
        # The HTTP layer repeats a read within its few seconds; only more failures than that reach us.
        office.platform.cancelled_queries = 30
        found, cursor = [], office.snow.start(start)
        for _ in range(20):
            try:
                page = office.snow.poll(cursor, 100)
            except RetryLater:
                office.clock.advance(60)
                continue
            found += page.sightings
            cursor = page.cursor
            if not page.more:
                break
        assert {sighting.record_id for sighting in found} == records

    def test_the_filter_keeps_others_out(self, office_of):
        office = office_of({"filter": "impact=1"})
        start = office.clock.now() - timedelta(seconds=1)
        wanted, _ = office.opened(impact="1", urgency="1"), office.opened()
        office.clock.advance(5)
        found, _ = followed(office, office.snow.start(start))
        assert [sighting.record_id for sighting in found] == [wanted]


class TestWriting:
    def test_a_life_in_one_call_a_step(self, office):
        snow = office.snow
        network = snow.find_party(PartyKind.GROUP, "Network")
        bruno = snow.find_party(PartyKind.PERSON, "bruno.keller@example.com")
        assert snow.find_party(PartyKind.GROUP, network.id) == network
        assert snow.find_party(PartyKind.PERSON, bruno.id) == bruno
        before = office.calls
        created = snow.write(
            Create(
                "SL-7K2M9QXA",
                {
                    "short_description": "Mail is down",
                    "description": "Nobody can send.",
                    "impact": "1",
                    "urgency": "2",
                    "assignment_group": network.id,
                    "assigned_to": bruno.id,
                },
            )
        )
        record = created.record
        assert record.marker == "SL-7K2M9QXA"
        assert record.values["priority"] == "2"
        assert {(party.name, party.email) for party in record.parties} >= {
            ("Bruno Keller", "bruno.keller@example.com"),
            ("Network", None),
        }
        assert [found.id for found in snow.find("SL-7K2M9QXA")] == [record.id]
        assert snow.lookup(record.key).values == record.values
        assert snow.read(record.id).record == record
        assert office.calls - before == 4

        computed = snow.write(Update(record.id, {"priority": "5"})).record
        assert computed.values["priority"] == "2"
        with pytest.raises(Refused, match="Resolution") as caught:
            snow.write(Update(record.id, {"state": "6"}))
        assert set(caught.value.fields) == {"close_code", "close_notes"}
        office.clock.advance(3)
        code = snow.schema().fields["close_code"].choices[0]
        resolved = snow.write(
            Update(record.id, {"state": "6", "close_code": code, "close_notes": "Restarted"})
        ).record
        assert resolved.values["resolved_at"] == "2026-11-23T10:00:33Z"
        assert resolved.revision == computed.revision + 1
        reopened = snow.write(Update(record.id, {"state": "2", "close_notes": None})).record
        assert reopened.values["close_notes"] is None

    def test_remarks_notes_and_files(self, office):
        snow, record_id = office.snow, office.opened()
        public = Comment(record_id, "SL-1-c", "Amina (OPS-1): on it [SL-1-c]", Visibility.PUBLIC)
        assert snow.write(public).record.revision == 1
        snow.write(Comment(record_id, "SL-1-n", "internal [SL-1-n]", Visibility.INTERNAL))
        link = Reference("jira-prod", "jira", "OPS-1", "https://jira.example/browse/OPS-1", "Mail")
        snow.write(LinkBack(record_id, "SL-1", (link,)))
        remarks = snow.remarks(record_id)
        assert [(r.visibility, r.own) for r in sorted(remarks, key=lambda r: r.body)] == [
            (Visibility.PUBLIC, True),
            (Visibility.INTERNAL, True),
            (Visibility.INTERNAL, True),
        ]
        receipt = snow.write(Attach(record_id, "SL-1-a", "ä b.txt", "text/plain", b"data\x00"))
        (file,) = snow.attachments(record_id)
        assert (file.id, file.name, file.content_type, file.size, file.own) == (
            receipt.item_id,
            "ä b.txt",
            "text/plain",
            5,
            True,
        )
        assert snow.content(file) == b"data\x00"

    def test_history_tells_our_edits_from_those_of_people(self, office):
        record_id, since = office.opened(), office.clock.now()
        office.snow.write(Update(record_id, {"urgency": "1"}))
        office.edited(record_id, "bruno", urgency="2")
        edits = [edit for edit in office.snow.history(record_id, since) if edit.field == "urgency"]
        assert [(e.actor, e.own, e.before, e.after) for e in edits] == [
            ("syncline", True, "3", "1"),
            ("bruno", False, "1", "2"),
        ]
        office.clock.advance(60)
        assert office.snow.history(record_id, office.clock.now()) == ()

    def test_a_deleted_record_is_gone(self, office):
        record_id = office.opened()
        headers = {"authorization": "Basic " + base64.b64encode(b"admin:x").decode()}
        assert (
            office.instance.apply(
                Request("DELETE", f"/api/now/table/incident/{record_id}", "", headers)
            ).status
            == 204
        )
        with pytest.raises(Gone):
            office.snow.read(record_id)
        with pytest.raises(Gone):
            office.snow.write(Update(record_id, {"urgency": "1"}))

    def test_a_closed_incident_is_refused_for_lack_of_rights(self, office):
        record_id = office.opened(state="7", close_code="Duplicate", close_notes="x")
        with pytest.raises(Refused, match="insufficient rights"):
            office.snow.write(Update(record_id, {"urgency": "1"}))

    def test_nobody_of_that_name(self, office):
        assert office.snow.find_party(PartyKind.PERSON, "nobody@example.com") is None
        assert office.snow.find_party(PartyKind.GROUP, "Amina Diallo") is None
        assert office.snow.find_party(PartyKind.PERSON, "Amina Diallo").email == "amina.diallo@example.com"

    def test_who_is_listed_twice_is_one_person(self, office):
        office.instance.set_faults(duplicate_rows=1.0)
        found = office.snow.find_party(PartyKind.PERSON, "amina.diallo@example.com")
        assert found.name == "Amina Diallo"


class TestTrouble:
    def test_a_wrong_password(self, office_of):
        office = office_of({"password": SecretStr("wrong-one")})
        with pytest.raises(Configuration, match="SYNCLINE_SNOW_TEST_PASSWORD") as caught:
            office.snow.start(None)
        assert "wrong-one" not in str(caught.value)

    def test_a_wrong_table(self, office_of):
        office = office_of({"table": "incidents"})
        with pytest.raises(Configuration, match="Invalid table incidents"):
            office.snow.start(None)

    def test_oauth(self, office_of):
        changes = {
            "auth": "oauth",
            "client_id": "syncline",
            "client_secret": SecretStr("sandbox"),
            "password": None,
        }
        office = office_of(changes)
        record_id = office.opened()
        assert office.snow.read(record_id).record.id == record_id
        office.platform.expire_tokens()
        assert office.snow.read(record_id).record.id == record_id


class TestCheck:
    def findings(self, office: Office) -> dict[tuple[str, Severity], str]:
        return {(f.check, f.severity): f"{f.message} | {f.fix}" for f in office.snow.check()}

    def test_every_subject_is_looked_at(self, office):
        office.opened(comments="hello")
        found = list(office.snow.check())
        assert {finding.check for finding in found} == {
            "reachable",
            "authorised",
            "clock",
            "permissions",
            "history",
            "time zone",
            "schema",
            "library",
        }
        assert [finding for finding in found if finding.severity is Severity.ERROR] == []
        assert all(finding.fix for finding in found if finding.severity is not Severity.OK)

    def test_hidden_journals_and_audit_are_errors(self, office_of):
        office = office_of(journal_readable=False, audit_readable=False)
        office.edited(office.opened(comments="hello"), urgency="1")
        errors = [f for f in office.snow.check() if f.severity is Severity.ERROR]
        assert ["comments and work notes" in errors[0].message, "change history" in errors[1].message] == [
            True,
            True,
        ]

    def test_a_renamed_field_is_an_error(self, office):
        office.opened()
        office.platform.rename_field("close_code", "u_close_code")
        found = self.findings(office)
        assert "incident has no close_code" in found["schema", Severity.ERROR]

    def test_an_instance_that_is_down_gives_one_finding(self, office):
        office.instance.take_down("unavailable")
        (finding,) = office.snow.check()
        assert (finding.check, finding.severity) == ("reachable", Severity.ERROR)

    def test_the_schema_has_what_a_mapping_is_held_against(self, office):
        schema = office.snow.schema()
        assert schema.fields["state"].choices == ("1", "2", "3", "6", "7", "8")
        assert schema.fields["short_description"].max_length == 160
        assert not schema.fields["sys_mod_count"].writable
        assert not schema.fields["cmdb_ci.name"].writable
        assert {group.name for group in schema.groups} == {"Service Desk", "Network", "Database", "Security"}
