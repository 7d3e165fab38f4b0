"""Every operation: which request goes out, and what becomes of the reply."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from syncline.connector import (
    Attach,
    Comment,
    Create,
    LinkBack,
    Party,
    PartyKind,
    Reference,
    Transition,
    Update,
)
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.http.exchange import Rehearsed
from syncline.model import Attachment, Visibility
from syncline_servicenow import plugin

COLUMNS = (
    "sys_id,number,sys_created_on,sys_created_by,sys_updated_on,sys_updated_by,sys_mod_count,correlation_id,correlation_display,"
    "assigned_to,assignment_group,caller_id,close_code,cmdb_ci.name,description,impact,opened_at,priority,"
    "short_description,state,urgency,watch_list,"
    "assigned_to.name,assigned_to.email,assignment_group.name,assignment_group.email,caller_id.name,caller_id.email"
)
READING = {
    "sysparm_display_value": "false",
    "sysparm_exclude_reference_link": "true",
    "sysparm_fields": COLUMNS,
}
WRITING = {**READING, "sysparm_input_display_value": "false"}
PATCHING = {name: value for name, value in WRITING.items() if name != "sysparm_exclude_reference_link"}


def sid(number: int) -> str:
    return f"{number:032x}"


def query(request: Any) -> dict[str, str]:
    """The parameters of a request; each may come once."""
    pairs = parse_qs(urlsplit(request.url).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in pairs.values())
    return {name: values[0] for name, values in pairs.items()}


def asked(result: list[Any], sysparm_query: str, limit: int, fields: str = COLUMNS) -> dict[str, str]:
    """The parameters of a list."""
    return {
        "sysparm_display_value": "false",
        "sysparm_exclude_reference_link": "true",
        "sysparm_suppress_pagination_header": "true",
        "sysparm_fields": fields,
        "sysparm_query": sysparm_query,
        "sysparm_limit": str(limit),
    }


class TestReading:
    def test_a_record_comes_canonical_with_its_people(self, snow, wire, incident):
        wire.answers("GET", f"/table/incident/{sid(1)}", incident())
        record = snow.read(sid(1)).record
        assert query(wire.request) == READING
        assert record.id == sid(1)
        assert record.key == "INC0000001"
        assert record.url == f"https://snow.example/nav_to.do?uri=incident.do%3Fsys_id%3D{sid(1)}"
        assert record.values == {
            "assigned_to": sid(0xA1),
            "assignment_group": sid(0xB1),
            "caller_id": None,
            "close_code": None,
            "cmdb_ci.name": "mail-01",
            "description": "Nobody can send.\nSince 9.",
            "impact": "2",
            "opened_at": "2026-11-23T09:00:00Z",
            "priority": "2",
            "short_description": "Mail is down",
            "state": "2",
            "urgency": "1",
            "watch_list": (sid(2), sid(9)),
        }
        assert record.revision == 3
        assert record.created_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
        assert record.updated_at == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
        assert record.updated_by == "amina.diallo"
        assert record.marker is None
        assert record.parties == (
            Party(PartyKind.PERSON, sid(0xA1), "Amina Diallo", "amina.diallo@example.com"),
            Party(PartyKind.GROUP, sid(0xB1), "Network", None),
        )

    def test_a_correlation_of_somebody_else_is_no_marker(self, snow, wire, incident):
        row = incident(correlation_id="SL-1", correlation_display="Another tool")
        wire.answers("GET", f"/table/incident/{sid(1)}", row)
        assert snow.read(sid(1)).record.marker is None

    def test_a_field_that_the_account_may_not_read_is_unknown_not_empty(self, snow, wire, incident):
        row = incident()
        del row["close_code"]
        wire.answers("GET", f"/table/incident/{sid(1)}", row)
        assert "close_code" not in snow.read(sid(1)).record.values

    def test_a_reference_that_comes_as_an_object_is_its_sys_id(self, snow, wire, incident):
        row = incident(assigned_to={"link": "https://snow.example/x", "value": sid(0xA1)})
        wire.answers("GET", f"/table/incident/{sid(1)}", row)
        assert snow.read(sid(1)).record.values["assigned_to"] == sid(0xA1)

    def test_a_record_that_is_not_there_is_gone(self, snow, wire):
        error = {
            "error": {
                "message": "No Record found",
                "detail": "Record doesn't exist or ACL restricts the record retrieval",
            },
            "status": "failure",
        }
        wire.answers("GET", f"/table/incident/{sid(1)}", status=404, json=error)
        with pytest.raises(Gone, match=f"snow-test: record {sid(1)}.*No Record found"):
            snow.read(sid(1))

    @pytest.mark.parametrize("record_id", ["../sys_user", "INC0000001", "", "A" * 32, sid(1) + "\n"])
    def test_what_is_no_sys_id_never_reaches_an_address(self, snow, wire, record_id):
        with pytest.raises(Gone, match="no sys_id"):
            snow.read(record_id)
        assert wire.requests == []

    @pytest.mark.parametrize(
        "row",
        [
            {"sys_mod_count": "2,000"},
            {"sys_updated_on": "23/11/2026 10:00"},
            {"sys_id": "nonsense"},
            {"short_description": ["a"]},
        ],
    )
    def test_a_row_that_is_none_of_the_table_api_is_named(self, snow, wire, incident, row):
        wire.answers("GET", f"/table/incident/{sid(1)}", incident(**row))
        with pytest.raises(RetryLater, match=f"snow-test: record {sid(1)} cannot be used"):
            snow.read(sid(1))

    @pytest.mark.parametrize("body", ["[]", "null", '{"result": []}', '{"result": "x"}', "{}"])
    def test_a_reply_without_a_row_is_tried_again(self, snow, wire, body):
        wire.answers("GET", f"/table/incident/{sid(1)}", body=body, content_type="application/json")
        with pytest.raises(RetryLater, match="no result that is a row"):
            snow.read(sid(1))

    def test_many_are_read_at_once_and_foreign_rows_dropped(self, snow, wire, incident):
        wire.answers("GET", "/table/incident", [incident(1), incident(3)], total=2)
        wire.answers("GET", "/table/sys_journal_field", [], total=0)
        wire.answers("GET", "/attachment", [], total=0)
        found = snow.read_many([sid(2), sid(1), sid(2), "nonsense"])
        expected = f"sys_idIN{sid(1)},{sid(2)}^ORDERBYsys_id"
        assert query(wire.requests[0]) == asked([], expected, 2)
        assert [sighting.record_id for sighting in found] == [sid(1)]

    def test_many_are_read_with_all_that_was_said_on_each(self, snow, wire, incident):
        entries = [
            {
                "sys_id": sid(0xE0 + n),
                "element": "work_notes",
                "element_id": sid(n),
                "name": "incident",
                "value": f"On {n}",
                "sys_created_on": "2026-11-23 09:10:00",
                "sys_created_by": "amina.diallo",
            }
            for n in (1, 2)
        ]
        wire.answers("GET", "/table/incident", [incident(1), incident(2)], total=2)
        wire.answers("GET", "/table/sys_journal_field", entries, total=2)
        wire.answers("GET", "/attachment", [], total=0)
        found = snow.read_many([sid(2), sid(1)])
        assert f"element_idIN{sid(1)},{sid(2)}" in query(wire.requests[1])["sysparm_query"]
        assert {s.record_id: [r.body for r in s.remarks] for s in found} == {
            sid(1): ["On 1"],
            sid(2): ["On 2"],
        }

    def test_nothing_is_asked_for_no_ids(self, snow, wire):
        assert snow.read_many(["nonsense"]) == ()
        assert wire.requests == []


class TestFinding:
    def test_by_marker_oldest_first(self, snow, wire, incident):
        marked = {"correlation_id": "SL-7", "correlation_display": "Syncline"}
        younger = incident(1, **marked)
        older = incident(2, **marked, sys_created_on="2026-11-20 08:00:00")
        foreign = incident(3, correlation_id="SL-7", correlation_display="Another tool")
        wire.answers("GET", "/table/incident", [younger, older, foreign], total=3)
        found = snow.find("SL-7")
        expected = "correlation_id=SL-7^ORDERBYsys_created_on^ORDERBYsys_id"
        assert query(wire.request) == asked([], expected, 20)
        assert [(record.id, record.marker) for record in found] == [(sid(2), "SL-7"), (sid(1), "SL-7")]

    def test_a_marker_cannot_change_the_query(self, snow, wire):
        wire.answers("GET", "/table/incident", [], total=0)
        assert snow.find("x^ORactive=true") == ()
        assert query(wire.request)["sysparm_query"].startswith("correlation_id=x^^ORactive=true^ORDERBY")

    def test_rows_of_a_dropped_term_are_no_find(self, snow, wire, incident):
        wire.answers("GET", "/table/incident", [incident(1), incident(2)], total=2)
        with pytest.raises(Configuration, match="answered with other records"):
            snow.find("SL-7")

    def test_a_hidden_twin_stops_the_create(self, snow, wire):
        wire.answers("GET", "/table/incident", [], total=1)
        with pytest.raises(Configuration, match="1 records carry SL-7"):
            snow.find("SL-7")

    @pytest.mark.parametrize(
        ("key", "expected"),
        [
            (" inc0000001 ", "number=INC0000001^ORDERBYsys_id"),
            (sid(0xAB).upper(), f"sys_id={sid(0xAB)}^ORDERBYsys_id"),
        ],
    )
    def test_people_may_write_a_key_as_they_like(self, snow, wire, incident, key, expected):
        wire.answers("GET", "/table/incident", [incident(0xAB, number="INC0000001")], total=1)
        assert snow.lookup(key).id == sid(0xAB)
        assert query(wire.request) == asked([], expected, 2)

    def test_another_record_is_not_what_was_looked_up(self, snow, wire, incident):
        wire.answers("GET", "/table/incident", [incident(5)], total=1)
        assert snow.lookup("INC0000001") is None

    @pytest.mark.parametrize("key", ["", "  ", "javascript:gs.getUserID()", "a\nb"])
    def test_what_cannot_be_a_key_is_not_asked_for(self, snow, wire, key):
        assert snow.lookup(key) is None
        assert wire.requests == []


class TestWriting:
    def test_a_create_carries_the_marker(self, snow, wire, incident):
        row = incident(7, correlation_id="SL-7", correlation_display="Syncline", sys_mod_count="0")
        wire.answers("POST", "/table/incident", row, status=201)
        values = {"short_description": "Mail is down", "impact": "2", "cmdb_ci": None}
        receipt = snow.write(Create("SL-7", values))
        assert query(wire.request) == WRITING
        assert wire.request.headers["Content-Type"] == "application/json"
        assert wire.request.headers["Accept"] == "application/json"
        assert wire.request.headers["User-Agent"] == "syncline"
        assert json.loads(wire.request.body) == {
            "short_description": "Mail is down",
            "impact": "2",
            "correlation_id": "SL-7",
            "correlation_display": "Syncline",
        }
        assert receipt.record_id == sid(7)
        assert receipt.record.marker == "SL-7"
        assert receipt.record.revision == 0

    def test_an_update_is_one_patch_that_brings_the_record(self, snow, wire, incident):
        wire.answers("PATCH", f"/table/incident/{sid(1)}", incident(priority="1", sys_mod_count="4"))
        values = {
            "priority": "3",
            "opened_at": "2026-11-23T09:00:00Z",
            "watch_list": (sid(2), sid(9)),
            "made_sla": True,
            "close_notes": None,
        }
        receipt = snow.write(Update(sid(1), values))
        assert query(wire.request) == PATCHING
        assert json.loads(wire.request.body) == {
            "priority": "3",
            "opened_at": "2026-11-23 09:00:00",
            "watch_list": f"{sid(2)},{sid(9)}",
            "made_sla": "true",
            "close_notes": "",
        }
        # The platform computes priority: what it says is what counts.
        assert receipt.record.values["priority"] == "1"
        assert receipt.record.revision == 4

    @pytest.mark.parametrize(
        ("visibility", "field"), [(Visibility.PUBLIC, "comments"), (Visibility.INTERNAL, "work_notes")]
    )
    def test_a_remark_keeps_its_visibility(self, snow, wire, incident, visibility, field):
        wire.answers("PATCH", f"/table/incident/{sid(1)}", incident(sys_mod_count="4"))
        receipt = snow.write(Comment(sid(1), "SL-7-c1", "Amina (OPS-12): on it", visibility))
        assert json.loads(wire.request.body) == {field: "Amina (OPS-12): on it"}
        assert receipt.record.revision == 4

    def test_a_link_back_is_an_internal_note_with_every_sibling(self, snow, wire, incident):
        wire.answers("PATCH", f"/table/incident/{sid(1)}", incident())
        siblings = (
            Reference("jira-prod", "jira", "OPS-12", "https://jira.example/browse/OPS-12", "Mail is down"),
            Reference("pd", "pagerduty", "#4711", "https://pd.example/incidents/Q1", "Mail is down"),
        )
        snow.write(LinkBack(sid(1), "SL-7", siblings))
        (field, note), *others = json.loads(wire.request.body).items()
        assert (field, others) == ("work_notes", [])
        assert "SL-7" in note
        assert "OPS-12: https://jira.example/browse/OPS-12" in note
        assert "#4711: https://pd.example/incidents/Q1" in note

    def test_a_file_goes_up_raw_under_its_own_type(self, snow, wire):
        wire.answers("POST", "/attachment/file", {"sys_id": sid(0xF1), "size_bytes": "4"}, status=201)
        receipt = snow.write(Attach(sid(1), "SL-7-a1", "netz plan.png", "image/png", b"\x89PNG"))
        assert query(wire.request) == {
            "table_name": "incident",
            "table_sys_id": sid(1),
            "file_name": "netz plan.png",
        }
        assert wire.request.headers["Content-Type"] == "image/png"
        assert wire.request.body == b"\x89PNG"
        assert (receipt.record_id, receipt.record, receipt.item_id) == (sid(1), None, sid(0xF1))

    @pytest.mark.parametrize("kind", ["text/html\r\nX-Evil: 1", "", "ünicode/x", "text/plain; x"])
    def test_a_type_that_is_none_becomes_plain_bytes(self, snow, wire, kind):
        wire.answers("POST", "/attachment/file", {"sys_id": sid(0xF1)}, status=201)
        snow.write(Attach(sid(1), "m", "a.txt", kind, b"a"))
        assert wire.request.headers["Content-Type"] == "application/octet-stream"

    def test_a_rehearsal_shows_the_call_and_makes_none(self, settings_of, http_of, wire):
        settings = settings_of()
        rehearsing = plugin.connect(settings, http_of(settings).rehearsal(), frozenset({"state"}))
        with pytest.raises(Rehearsed) as caught:
            rehearsing.write(Update(sid(1), {"state": "2"}))
        assert caught.value.call.method == "PATCH"
        assert caught.value.call.url.startswith(f"https://snow.example/api/now/table/incident/{sid(1)}?")
        assert caught.value.call.body == b'{"state": "2"}'
        assert wire.requests == []

    def test_a_transition_is_refused_with_the_way_out(self, snow, wire):
        with pytest.raises(Refused, match="set the field state by an update"):
            snow.write(Transition(sid(1), "31", "6"))
        assert wire.requests == []

    def test_all_that_cannot_be_sent_is_named_at_once(self, snow, wire):
        values = {
            "short_description": " JavaScript:gs.log(1)",
            "cmdb_ci.name": "mail-02",
            "correlation_id": "x",
            "sys_mod_count": "0",
            "impact": "1",
        }
        with pytest.raises(Refused) as caught:
            snow.write(Update(sid(1), values))
        assert set(caught.value.fields) == {
            "short_description",
            "cmdb_ci.name",
            "correlation_id",
            "sys_mod_count",
        }
        assert wire.requests == []

    def test_parameters_of_one_call_never_reach_the_next(self, snow, wire, incident):
        wire.answers("GET", "/table/incident", [], total=0)
        wire.answers("POST", "/attachment/file", {"sys_id": sid(0xF1)}, status=201)
        wire.answers("PATCH", f"/table/incident/{sid(1)}", incident())
        snow.find("SL-7")
        snow.write(Attach(sid(1), "m", "a.txt", "text/plain", b"a"))
        snow.write(Update(sid(1), {"impact": "1"}))
        assert query(wire.requests[-1]) == PATCHING
        assert wire.requests[-1].headers["Content-Type"] == "application/json"

    def test_an_applied_write_stays_applied_though_its_reply_is_odd(self, snow, wire, incident):
        row = incident()
        del row["sys_mod_count"]
        wire.answers("PATCH", f"/table/incident/{sid(1)}", row)
        receipt = snow.write(Update(sid(1), {"impact": "1"}))
        assert (receipt.record_id, receipt.record) == (sid(1), None)

    def test_a_create_whose_reply_names_no_record_has_an_unknown_outcome(self, snow, wire):
        wire.answers("POST", "/table/incident", {"number": "INC0000001"}, status=201)
        with pytest.raises(OutcomeUnknown, match="SL-7"):
            snow.write(Create("SL-7", {"impact": "1"}))

    @pytest.mark.parametrize("body", ["", "[]", "{}", '{"result": []}'])
    def test_a_write_answered_with_something_else_has_an_unknown_outcome(self, snow, wire, body):
        wire.answers("PATCH", f"/table/incident/{sid(1)}", body=body, content_type="application/json")
        with pytest.raises(OutcomeUnknown):
            snow.write(Update(sid(1), {"impact": "1"}))


class TestItems:
    FIELDS = "sys_id,element,element_id,name,value,sys_created_on,sys_created_by"

    def entry(self, number: int, **changes: Any) -> dict[str, Any]:
        return {
            "sys_id": sid(number),
            "element": "comments",
            "element_id": sid(1),
            "name": "incident",
            "value": "Thank you\r\n",
            "sys_created_on": "2026-11-23 09:10:00",
            "sys_created_by": "amina.diallo",
            **changes,
        }

    def test_remarks_come_oldest_first_with_visibility_and_owner(self, snow, wire):
        rows = [
            self.entry(1, sys_created_on="2026-11-23 09:20:00"),
            self.entry(2, element="work_notes", sys_created_by="Syncline"),
        ]
        wire.answers("GET", "/table/sys_journal_field", rows, total=2)
        first, second = snow.remarks(sid(1))
        expected = f"name=incident^element_id={sid(1)}^elementINcomments,work_notes^ORDERBYsys_id"
        assert query(wire.request) == asked([], expected, 1000, self.FIELDS)
        assert (first.id, first.visibility, first.own) == (sid(2), Visibility.INTERNAL, True)
        assert (second.id, second.visibility, second.own) == (sid(1), Visibility.PUBLIC, False)
        assert second.body == "Thank you"
        assert second.author == "amina.diallo"

    def test_entries_of_other_records_show_that_the_query_was_not_heeded(self, snow, wire):
        wire.answers("GET", "/table/sys_journal_field", [self.entry(1, element_id=sid(2))], total=1)
        with pytest.raises(Configuration, match="others came too"):
            snow.remarks(sid(1))

    def test_a_short_page_is_not_the_end(self, snow, wire):
        # The limit is applied before ACLs: hidden rows leave a page short, or empty.
        wire.answers("GET", "/table/sys_journal_field", [self.entry(1)], total=2500)
        wire.answers("GET", "/table/sys_journal_field", [], total=1800)
        wire.answers("GET", "/table/sys_journal_field", [self.entry(5)], total=1800)
        assert [remark.id for remark in snow.remarks(sid(1))] == [sid(1), sid(5)]
        queries = [query(request) for request in wire.requests]
        assert f"sys_id>{sid(1)}" in queries[1]["sysparm_query"]
        assert [q.get("sysparm_offset") for q in queries] == [None, None, "1000"]

    def test_without_a_count_only_an_empty_page_is_the_end(self, snow, wire):
        wire.answers("GET", "/table/sys_journal_field", [self.entry(1)])
        wire.answers("GET", "/table/sys_journal_field", [])
        assert len(snow.remarks(sid(1))) == 1

    def test_files_are_listed_and_fetched(self, snow, wire):
        row = {
            "sys_id": sid(0xF1),
            "table_name": "incident",
            "table_sys_id": sid(1),
            "file_name": "log.html",
            "content_type": "text/html",
            "size_bytes": "13",
            "sys_created_on": "2026-11-23 09:10:00",
            "sys_created_by": "syncline",
        }
        wire.answers("GET", "/attachment", [row], total=1)
        body = b'<p>"error"</p>'
        headers = {"Content-Disposition": 'attachment;filename="log.html"'}
        wire.answers(
            "GET", f"/attachment/{sid(0xF1)}/file", body=body, content_type="text/html", headers=headers
        )
        (file,) = snow.attachments(sid(1))
        assert snow.content(file) == body
        listed, fetched = wire.requests
        expected = f"table_name=incident^table_sys_id={sid(1)}^ORDERBYsys_id"
        assert query(listed) == {"sysparm_query": expected, "sysparm_limit": "1000"}
        assert urlsplit(fetched.url).query == ""
        assert (file.name, file.size, file.own) == ("log.html", 13, True)

    def test_a_login_page_is_no_file(self, snow, wire):
        file = Attachment(
            sid(0xF1), sid(1), "a.txt", "text/plain", 3, "amina", datetime(2026, 11, 23, tzinfo=UTC)
        )
        wire.answers("GET", f"/attachment/{sid(0xF1)}/file", body="<html>Log in", content_type="text/html")
        with pytest.raises(RetryLater, match="a page instead of the file"):
            snow.content(file)

    def test_a_file_whose_id_is_none_is_gone(self, snow, wire):
        file = Attachment(
            "../x", sid(1), "a.txt", "text/plain", 3, "amina", datetime(2026, 11, 23, tzinfo=UTC)
        )
        with pytest.raises(Gone):
            snow.content(file)
        assert wire.requests == []

    def test_history_is_in_the_order_of_updates_and_canonical(self, snow, wire):
        def line(number: int, field: str, before: str, after: str, count: str, user: str) -> dict[str, Any]:
            return {
                "sys_id": sid(number),
                "tablename": "incident",
                "documentkey": sid(1),
                "fieldname": field,
                "oldvalue": before,
                "newvalue": after,
                "user": user,
                "record_checkpoint": count,
                "sys_created_on": "2026-11-23 09:10:00",
            }

        rows = [
            line(1, "state", "2", "6", "10", "syncline"),
            line(2, "state", "1", "2", "9", "amina.diallo"),
            line(3, "work_notes", "", "hello", "9", "amina.diallo"),
            line(4, "resolved_at", "", "2026-11-23 09:10:00", "10", "syncline"),
        ]
        wire.answers("GET", "/table/sys_audit", rows, total=4)
        edits = snow.history(sid(1), datetime(2026, 11, 23, 9, 0, 0, 999, tzinfo=UTC))
        expected = (
            f"tablename=incident^documentkey={sid(1)}^sys_created_on>=2026-11-23 09:00:00^ORDERBYsys_id"
        )
        assert query(wire.request)["sysparm_query"] == expected
        assert [(e.field, e.before, e.after, e.own) for e in edits] == [
            ("state", "1", "2", False),
            ("state", "2", "6", True),
            ("resolved_at", None, "2026-11-23T09:10:00Z", True),
        ]


class TestParties:
    def row(self, number: int, name: str, email: str) -> dict[str, str]:
        return {"sys_id": sid(number), "name": name, "email": email}

    def test_by_id(self, snow, wire):
        wire.answers("GET", "/table/sys_user", [self.row(1, "Amina Diallo", "Amina@x.org")], total=1)
        assert snow.parties(PartyKind.PERSON, [sid(2), sid(1), "nonsense"]) == (
            Party(PartyKind.PERSON, sid(1), "Amina Diallo", "amina@x.org"),
        )
        expected = f"sys_idIN{sid(1)},{sid(2)}^ORDERBYsys_id"
        assert query(wire.request) == asked([], expected, 100, "sys_id,name,email")

    def test_an_address_is_looked_up_as_such_first(self, snow, wire):
        rows = [self.row(1, "amina@x.org", ""), self.row(2, "Amina Diallo", "amina@x.org")]
        wire.answers("GET", "/table/sys_user", rows, total=2)
        assert snow.find_party(PartyKind.PERSON, "amina@x.org").id == sid(2)
        expected = "active=true^email=amina@x.org^ORname=amina@x.org^ORDERBYsys_id"
        assert query(wire.request)["sysparm_query"] == expected

    def test_two_of_the_same_name_are_nobody(self, snow, wire):
        rows = [self.row(1, "Amina Diallo", "a@x.org"), self.row(2, "Amina Diallo", "b@x.org")]
        wire.answers("GET", "/table/sys_user", rows, total=2)
        assert snow.find_party(PartyKind.PERSON, "Amina Diallo") is None

    def test_a_dropped_term_finds_nobody(self, snow, wire):
        wire.answers("GET", "/table/sys_user_group", [self.row(1, "Database", "")], total=1)
        assert snow.find_party(PartyKind.GROUP, "Network^ORactive=true") is None
        assert query(wire.request)["sysparm_query"].startswith("active=true^name=Network^^ORactive=true^")


class TestHints:
    def test_the_message_of_our_business_rule(self, snow):
        body = {"event_id": "e-1", "table": "incident", "sys_id": sid(1), "operation": "update"}
        (hint,) = snow.parse_hint({}, json.dumps(body).encode())
        assert (hint.record_id, hint.delivery_id) == (sid(1), "e-1")

    def test_another_table_is_none_of_ours(self, snow):
        assert snow.parse_hint({}, json.dumps({"table": "problem", "sys_id": sid(1)}).encode()) == ()

    @pytest.mark.parametrize(
        "raw",
        [b"", b"x", b"[]", b'{"sys_id": 1}', b'{"sys_id": "x"}', b"\xff\xfe", b"[" * 100_000, b'{"a":1}'],
    )
    def test_anything_else_is_a_value_error(self, snow, raw):
        with pytest.raises(ValueError):
            snow.parse_hint({}, raw)
