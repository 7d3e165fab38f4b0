"""The connector against the simulated server, through the real HTTP layer: nothing is left out, and nothing done twice."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from syncline.connector import Attach, Comment, Create, LinkBack, PartyKind, Severity, Update
from syncline.errors import Configuration, Gone, Refused
from syncline.http.client import Http
from syncline.model import Visibility
from syncline.ports import ThreadRuntime
from syncline.sandbox.adapter import SimulatedAdapter, exchange_with
from syncline.sandbox.helix import Helix as SimulatedHelix
from syncline.sandbox.instance import Instance
from syncline.sandbox.platform import Request
from syncline_helix import Helix, plugin

FIELDS = frozenset(
    {
        "Description",
        "Detailed Decription",
        "Status",
        "Impact",
        "Urgency",
        "Assignee Login ID",
        "Assigned Group ID",
    }
)
NEW = {
    "z1D_Action": "CREATE",
    "Login_ID": "olga",
    "Description": "Mail is down",
    "Impact": "2-Significant/Large",
    "Urgency": "2-High",
    "Reported Source": "Phone",
    "Service_Type": "User Service Restoration",
}
BROUGHT = {
    "Description": "Mail is down",
    "Impact": "1-Extensive/Widespread",
    "Urgency": "2-High",
    "Service Type": "User Service Restoration",
    "Reported Source": "Phone",
}


class Advancing(ThreadRuntime):
    def __init__(self, clock: Any) -> None:
        self._clock = clock

    def sleep(self, seconds: float) -> None:
        self._clock.advance(max(seconds, 1e-6))


class Office:
    """The simulated server, our connector to it, and the people who work on it."""

    def __init__(self, clock: Any, settings: Any, http_of: Callable[..., Http], **knobs: Any) -> None:
        self.clock = clock
        self.platform = SimulatedHelix(**knobs)
        self.instance = Instance("helix-test", self.platform, clock=clock, runtime=Advancing(clock))
        exchange = exchange_with(self.instance, clock, Advancing(clock))
        self.http = http_of(settings, wire=lambda: SimulatedAdapter(exchange))
        self.helix = plugin.connect(settings, self.http, FIELDS)
        assert isinstance(self.helix, Helix)

    def person(self, name: str, method: str, form: str, values: Any = None, **params: str) -> Any:
        headers = {
            "authorization": f"AR-JWT token-{name}",
            "content-type": "application/json",
            "host": "helix",
        }
        raw = b"" if values is None else json.dumps({"values": values}).encode()
        request = Request(method, f"/api/arsys/v1/entry/{form}", urlencode(params), headers, raw)
        reply = self.instance.apply(request)
        assert reply.status < 300, reply.body
        return json.loads(reply.body) if reply.body else None

    def opened(self, name: str = "amina", **values: str) -> str:
        made = self.person(
            name, "POST", "HPD:IncidentInterface_Create", {**NEW, **values}, fields="values(Incident Number)"
        )
        return str(made["values"]["Incident Number"])

    def edited(self, number: str, name: str = "amina", **values: Any) -> None:
        q = f"'Incident Number' = \"{number}\""
        (entry,) = self.person(name, "GET", "HPD:IncidentInterface", q=q)["entries"]
        self.person(name, "PUT", f"HPD:IncidentInterface/{entry['values']['Request ID']}", values)

    def noted(self, number: str, text: str, name: str = "amina") -> None:
        values = {
            "Incident Number": number,
            "Work Log Type": "General Information",
            "Detailed Description": text,
            "View Access": "Internal",
            "Secure Work Log": "No",
        }
        self.person(name, "POST", "HPD:WorkLog", values)

    @property
    def calls(self) -> int:
        return len(self.instance.requests())


@pytest.fixture
def office_of(clock, settings_of, http_of) -> Callable[..., Office]:
    def make(changes: dict[str, Any] | None = None, **knobs: Any) -> Office:
        audit = {"audit_form": "HPD:HelpDesk_AuditLogSystem"}
        return Office(clock, settings_of(**{**audit, **(changes or {})}), http_of, **knobs)

    return make


@pytest.fixture
def office(office_of) -> Office:
    return office_of()


def followed(office: Office, cursor: Any) -> tuple[list[Any], Any]:
    """All sightings until nothing more is to be had, and the cursor behind them."""
    found = []
    for _ in range(200):
        page = office.helix.poll(cursor, 100)
        found += page.sightings
        cursor = json.loads(json.dumps(page.cursor))
        if not page.more:
            return found, cursor
    pytest.fail("the poll did not end")


class TestPolling:
    def test_an_edit_and_a_note_are_seen_once_with_who_made_them(self, office):
        number = office.opened()
        cursor = office.helix.start(None)
        office.clock.advance(5)
        office.edited(number, "bruno", Urgency="1-Critical")
        office.noted(number, "DNS")
        office.clock.advance(5)
        (sighting,), cursor = followed(office, cursor)
        assert (sighting.record.id, sighting.record.updated_by, sighting.record.own) == (
            number,
            "bruno",
            False,
        )
        assert [(remark.body, remark.author) for remark in sighting.remarks] == [("DNS", "amina")]
        assert ("Urgency", "1-Critical", "bruno") in [(e.field, e.after, e.actor) for e in sighting.edits]
        for _ in range(30):
            office.clock.advance(10)
            before = office.calls
            found, cursor = followed(office, cursor)
            assert found == []
            assert office.calls - before == 2

    def test_two_edits_within_one_second_with_a_poll_between_are_both_seen(self, office):
        number = office.opened()
        cursor = office.helix.start(None)
        office.clock.advance(5)
        office.edited(number, Description="One")
        (first,), cursor = followed(office, cursor)
        office.edited(number, Description="Two")
        office.clock.advance(5)
        (second,), cursor = followed(office, cursor)
        assert [s.record.values["Description"] for s in (first, second)] == ["One", "Two"]
        assert first.record.revision == second.record.revision

    def test_entries_that_show_late_are_seen(self, office_of):
        office = office_of(index_lag=60.0)
        cursor = office.helix.start(None)
        seen, made = set(), []
        for step in range(60):
            if step < 20:
                made.append(office.opened())
                office.noted(made[-1], "x")
            office.clock.advance(7)
            found, cursor = followed(office, cursor)
            seen |= {s.record_id for s in found if s.record is not None and s.record_id}
        assert seen == set(made)

    def test_many_of_one_second_and_hidden_ones_between_them(self, office):
        start = office.clock.now() - timedelta(seconds=1)
        made = [office.opened() for _ in range(150)]
        office.platform.hidden = frozenset(sorted(made)[10:70])
        office.clock.advance(5)
        found, _ = followed(office, office.helix.start(start))
        assert {s.record_id for s in found} == set(made) - office.platform.hidden

    def test_a_server_that_gives_fewer_entries_than_are_asked_for(self, office_of):
        office = office_of(most_rows=12)
        start = office.clock.now() - timedelta(seconds=1)
        made = {office.opened() for _ in range(40)}
        office.clock.advance(5)
        found, _ = followed(office, office.helix.start(start))
        assert {s.record_id for s in found} == made

    def test_the_filter_keeps_others_out(self, office_of):
        office = office_of({"filter": "'Impact' = \"1-Extensive/Widespread\""})
        start = office.clock.now() - timedelta(seconds=1)
        wanted, _ = office.opened(Impact="1-Extensive/Widespread"), office.opened()
        office.clock.advance(5)
        found, _ = followed(office, office.helix.start(start))
        assert [s.record_id for s in found] == [wanted]

    def test_a_record_dated_in_the_future_holds_nothing_up(self, office):
        office.opened()
        cursor = office.helix.start(None)
        office.clock.advance(86_400)
        ahead = office.opened()
        office.clock.advance(-86_400 + 5)
        _, cursor = followed(office, cursor)
        office.clock.advance(5)
        late = office.opened()
        office.clock.advance(30)
        found, _ = followed(office, cursor)
        assert {s.record_id for s in found} - {ahead} == {late}

    @pytest.mark.parametrize("cursor", [{}, {"records": 1}, {"records": {"mark": ["x", ""]}, "notes": {}}])
    def test_a_cursor_that_is_none_of_ours(self, office, cursor):
        with pytest.raises(Configuration, match="cursor"):
            office.helix.poll(cursor, 10)


class TestDates:
    @pytest.mark.parametrize(
        ("changes", "knobs"),
        [
            ({}, {"time_zone": "Asia/Tokyo"}),
            ({"date_format": "%m/%d/%Y %I:%M:%S %p"}, {}),
            (
                {"date_format": "%d.%m.%Y %H:%M:%S", "date_zone": "Asia/Tokyo"},
                {"date_pattern": "%d.%m.%Y %H:%M:%S", "time_zone": "Asia/Tokyo"},
            ),
        ],
    )
    def test_times_that_are_read_as_they_are_meant(self, office_of, changes, knobs):
        office = office_of(changes, **knobs)
        number = office.opened()
        cursor = office.helix.start(office.clock.now() - timedelta(seconds=1))
        office.clock.advance(5)
        found, _ = followed(office, cursor)
        assert [s.record_id for s in found] == [number]

    @pytest.mark.parametrize(
        ("changes", "knobs"),
        [
            ({"date_format": "%m/%d/%Y %I:%M:%S %p"}, {"time_zone": "Asia/Tokyo"}),
            ({"date_format": "%m/%d/%Y %I:%M:%S %p", "date_zone": "Europe/Berlin"}, {}),
            ({"date_format": "%m/%d/%Y %H:%M:%S"}, {}),
        ],
    )
    def test_times_that_are_not_stop_the_poll_before_it_begins(self, office_of, changes, knobs):
        office = office_of(changes, **knobs)
        office.opened()
        with pytest.raises(Configuration, match=r"date_format|qualification"):
            office.helix.start(None)
        findings = [f for f in office.helix.check() if f.check == "time zone"]
        assert [f.severity for f in findings] == [Severity.ERROR]

    def test_on_an_empty_server_it_is_looked_at_once_there_is_an_incident(self, office_of):
        office = office_of({"date_format": "%m/%d/%Y %I:%M:%S %p"}, time_zone="Asia/Tokyo")
        cursor = office.helix.start(None)
        office.opened()
        with pytest.raises(Configuration, match="date_format"):
            office.helix.poll(cursor, 10)


class TestWriting:
    def test_what_we_made_is_found_by_its_key_and_told_as_ours(self, office):
        receipt = office.helix.write(Create("SL-7K2M9QXA", BROUGHT))
        (found,) = office.helix.find("SL-7K2M9QXA")
        assert (found.id, found.marker, found.own) == (receipt.record_id, "SL-7K2M9QXA", True)
        assert office.helix.lookup(found.id.lower()).id == found.id
        assert office.helix.lookup("INC999999999999") is None
        office.helix.write(Update(found.id, {"Urgency": "1-Critical"}))
        edits = office.helix.read(found.id).edits
        assert [(e.after, e.own) for e in edits if e.field == "Urgency"] == [
            ("2-High", True),
            ("1-Critical", True),
        ]
        assert office.helix.history(found.id, office.clock.now() + timedelta(seconds=1)) == ()

    def test_a_deleted_record_is_gone(self, office):
        number = office.opened()
        q = f"'Incident Number' = \"{number}\""
        (entry,) = office.person("amina", "GET", "HPD:IncidentInterface", q=q)["entries"]
        office.helix.read(number)
        office.person("appadmin", "DELETE", f"HPD:Help Desk/{entry['values']['Entry ID']}")
        with pytest.raises(Gone):
            office.helix.read(number)
        for operation in (
            Update(number, {"Urgency": "1-Critical"}),
            Comment(number, "k4t9r2m1p7q8", "DNS", Visibility.INTERNAL),
            LinkBack(number, "k4t9r2m1p7q8", ()),
            Attach(number, "k4t9r2m1p7q8", "dns.txt", "text/plain", b"DNS"),
        ):
            with pytest.raises(Gone):
                office.helix.write(operation)

    def test_a_note_that_is_refused_is_no_deleted_record(self, office_of):
        office = office_of({"work_log_type": "Gossip"})
        with pytest.raises(Refused):
            office.helix.write(Comment(office.opened(), "k4t9r2m1p7q8", "DNS", Visibility.INTERNAL))

    def test_people_and_groups(self, office):
        amina = office.helix.find_party(PartyKind.PERSON, "Amina.Diallo@example.com")
        assert (amina.id, amina.email) == ("amina", "amina.diallo@example.com")
        network = office.helix.find_party(PartyKind.GROUP, "Network")
        assert office.helix.parties(PartyKind.GROUP, [network.id]) == (network,)
        assert office.helix.find_party(PartyKind.GROUP, "Nobody") is None


class TestSessions:
    def test_all_calls_share_one_token_and_it_is_given_back(self, office):
        for _ in range(5):
            office.helix.find("SL-7K2M9QXA")
        assert (office.http.counts["auth"], office.platform.open_sessions()) == (1, 1)
        office.platform.expire_tokens()
        office.helix.find("SL-7K2M9QXA")
        office.clock.advance(3600)
        office.helix.find("SL-7K2M9QXA")
        assert office.http.counts["auth"] == 3
        office.http.leave()
        assert office.platform.open_sessions() == 0

    def test_a_wrong_password_names_its_variable_and_not_itself(self, office_of):
        office = office_of({"password": SecretStr("wrong-one")})
        with pytest.raises(Configuration, match="SYNCLINE_HELIX_TEST_PASSWORD") as caught:
            office.helix.start(None)
        assert "wrong-one" not in str(caught.value)


class TestCheck:
    def test_every_subject_is_looked_at(self, office):
        office.opened()
        found = list(office.helix.check())
        assert {f.check for f in found} == {
            "reachable",
            "authorised",
            "clock",
            "time zone",
            "permissions",
            "history",
            "schema",
        }
        assert {f.severity for f in found} == {Severity.OK}

    @pytest.mark.parametrize(
        ("changes", "knobs", "severity", "said"),
        [
            ({}, {"unreadable_forms": {"HPD:WorkLog"}}, Severity.WARNING, "could not be looked at"),
            (
                {},
                {"unreadable_forms": {"HPD:HelpDesk_AuditLogSystem"}},
                Severity.WARNING,
                "audit cannot be read",
            ),
            ({}, {"unreadable_forms": {"HPD:IncidentInterface"}}, Severity.ERROR, "no access to form"),
            ({"audit_form": ""}, {}, Severity.WARNING, "no audit is read"),
            ({"stand_in": "ghost"}, {}, Severity.WARNING, "ghost (stand_in)"),
            ({"marker_field": "Sync Key"}, {}, Severity.ERROR, "Sync Key"),
            ({"password": SecretStr("no")}, {}, Severity.ERROR, "Authentication failed"),
        ],
    )
    def test_what_is_wrong_is_said_with_what_to_do(self, office_of, changes, knobs, severity, said):
        office = office_of(changes, **knobs)
        found = [f for f in office.helix.check() if f.severity is not Severity.OK]
        assert any(f.severity is severity and said in f.message and f.fix for f in found), found

    def test_fields_that_the_audit_leaves_out_are_named(self, office, settings_of):
        office.opened()
        settings = settings_of(audit_form="HPD:HelpDesk_AuditLogSystem")
        fields = FIELDS | {"Product Categorization Tier 1", "Submit Date", "Service Type"}
        (found,) = [
            f for f in plugin.connect(settings, office.http, fields).check() if f.severity is not Severity.OK
        ]
        assert "leaves out Product Categorization Tier 1:" in found.message

    def test_a_field_of_ones_own_can_hold_our_key(self, office_of):
        office = office_of({"marker_field": "Sync Key"}, custom_fields=["Sync Key"])
        receipt = office.helix.write(Create("SL-7K2M9QXA", BROUGHT))
        assert [record.id for record in office.helix.find("SL-7K2M9QXA")] == [receipt.record_id]

    def test_a_server_that_is_down_gives_one_finding(self, office):
        office.instance.take_down("unavailable")
        (finding,) = office.helix.check()
        assert (finding.check, finding.severity) == ("reachable", Severity.ERROR)

    def test_without_the_audit_the_visits_of_statuses_are_left(self, office_of):
        office = office_of(unreadable_forms={"HPD:HelpDesk_AuditLogSystem"})
        number = office.opened()
        assert [(e.field, e.after) for e in office.helix.read(number).edits] == [("Status", "Assigned")]

    def test_a_page_in_place_of_the_audit_does_not_say_that_there_is_none(self, office):
        number = office.opened()
        office.instance.set_faults(next={"fault": "html", "path": "AuditLogSystem"})
        with pytest.raises(Configuration, match="page"):
            office.helix.read(number)
        assert ("Description", "amina") in [(e.field, e.actor) for e in office.helix.read(number).edits]

    def test_the_schema_has_what_a_mapping_is_held_against(self, office):
        schema = office.helix.schema()
        assert schema.fields["Description"].max_length == 254
        assert schema.fields["Description"].required
        assert not schema.fields["Incident Number"].writable
        assert not schema.fields["Priority"].writable
        assert {group.name for group in schema.groups} == {"Service Desk", "Network", "Database", "Security"}


class TestQuestions:
    def test_none_is_asked_without_a_condition(self, office):
        """A server can be told to refuse such a search."""
        number = office.opened()
        followed(office, office.helix.start(None))
        list(office.helix.check())
        office.helix.read_many([number])
        asked = [one for one in office.instance.requests() if "/entry/" in one.path and one.method == "GET"]
        assert len(asked) > 10
        assert [one.query for one in asked if "q=%27" not in one.query and "q=%28" not in one.query] == []
