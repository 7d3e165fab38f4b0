"""What the server does with incidents that are made and changed."""

import json

import pytest

STAFFED = {"Assignee Login ID": "bruno"}
RESOLVED = {"Status": "Resolved", "Status_Reason": "No Further Action Required", "Resolution": "Restarted."}


def changed(desk, number, **values):
    body = {"values": values}
    return desk.send("PUT", f"HPD:IncidentInterface/{desk.read(number)['Request ID']}", body)


def test_what_a_new_incident_looks_like(desk):
    row = desk.read(desk.create())
    assert row["Request ID"] == f"{row['Entry ID']}|{row['Entry ID']}"
    assert row["Incident Number"] != row["Entry ID"]
    assert (row["Status"], row["Assigned Group"], row["Assignee"]) == ("Assigned", "Service Desk", None)
    assert (row["Priority"], row["Priority Weight"]) == ("High", 20)
    assert (row["Customer Login ID"], row["Internet E-mail"]) == ("olga", "olga.petrova@example.com")
    assert row["Submitter"] == row["Last Modified By"] == "amina"
    assert row["Status-History"] == {
        "Assigned": {"user": "amina", "timestamp": "2026-03-01T09:00:00.000+0000"}
    }


def test_a_create_says_no_more_than_it_is_asked_for(desk):
    bare = desk.send("POST", "HPD:IncidentInterface_Create", {"values": desk.new})
    assert (bare.status, bare.body) == (201, b"")
    assert "/HPD%3AIncidentInterface_Create/INC" in bare.headers["Location"]


@pytest.mark.parametrize(
    "missing",
    ["Description", "Impact", "Urgency", "Reported Source", "Service_Type", "z1D_Action", "Login_ID"],
)
def test_what_a_create_must_bring(desk, error, missing):
    values = {name: value for name, value in desk.new.items() if name != missing}
    status, number, _ = error(desk.send("POST", "HPD:IncidentInterface_Create", {"values": values}))
    assert (status, number) == (400, 307)


@pytest.mark.parametrize(
    "name", ["Detailed Decription", "Service Type", "First Name", "Bogus", "Incident Number"]
)
def test_the_create_form_has_names_of_its_own(desk, error, name):
    reply = desk.send("POST", "HPD:IncidentInterface_Create", {"values": {**desk.new, name: "x"}})
    assert error(reply)[:2] == (400, 314)


@pytest.mark.parametrize("name", ["Detailed_Decription", "Service_Type", "Bogus"])
def test_the_other_form_has_none_of_them(desk, error, name):
    assert error(changed(desk, desk.create(), **{name: "x"}))[:2] == (400, 314)


@pytest.mark.parametrize(
    ("impact", "urgency", "priority"),
    [
        ("1-Extensive/Widespread", "1-Critical", "Critical"),
        ("2-Significant/Large", "1-Critical", "Critical"),
        ("1-Extensive/Widespread", "3-Medium", "High"),
        ("4-Minor/Localized", "1-Critical", "High"),
        ("3-Moderate/Limited", "3-Medium", "Medium"),
        ("4-Minor/Localized", "3-Medium", "Medium"),
        ("1-Extensive/Widespread", "4-Low", "Low"),
        ("4-Minor/Localized", "4-Low", "Low"),
    ],
)
def test_the_priority_is_made_of_impact_and_urgency_and_cannot_be_set(desk, impact, urgency, priority):
    number = desk.create(Impact=impact, Urgency=urgency)
    assert changed(desk, number, Priority="Medium").status == 204
    assert desk.read(number)["Priority"] == priority


def test_a_status_beyond_assigned_asks_for_an_assignee(desk, error, desk_with):
    number = desk.create()
    status, code, text = error(changed(desk, number, Status="In Progress"))
    assert (status, code > 1_000_000) == (500, True)
    assert "requires an Assignee" in text
    assert changed(desk, number, Status="In Progress", **STAFFED).status == 204
    assert (desk.read(number)["Assignee"], desk.read(number)["Assignee Login ID"]) == (
        "Bruno Keller",
        "bruno",
    )
    assert "requires an Assignee" in error(changed(desk, number, **{"Assignee Login ID": None}))[2]
    lenient = desk_with(assignee_required=False)
    assert changed(lenient, lenient.create(), Status="In Progress").status == 204


def test_what_pending_and_resolved_ask_for(desk, error):
    number = desk.create()
    assert changed(desk, number, **STAFFED).status == 204
    assert "requires a Status Reason" in error(changed(desk, number, Status="Pending"))[2]
    wrong = changed(desk, number, Status="Pending", Status_Reason="No Further Action Required")
    assert "is no Status Reason of Pending" in error(wrong)[2]
    assert changed(desk, number, Status="Pending", Status_Reason="Client Hold").status == 204
    reason = RESOLVED["Status_Reason"]
    assert "requires a Resolution" in error(changed(desk, number, Status="Resolved", Status_Reason=reason))[2]
    assert changed(desk, number, **RESOLVED).status == 204
    row = desk.read(number)
    assert (row["Status"], row["Last Resolved Date"]) == ("Resolved", "2026-03-01T09:00:00.000+0000")
    assert changed(desk, number, Status="In Progress").status == 204
    assert desk.read(number)["Status_Reason"] is None


def test_closed_is_read_only(desk, error):
    number = desk.create()
    changed(desk, number, **STAFFED)
    changed(desk, number, **RESOLVED)
    assert changed(desk, number, Status="Closed").status == 204
    assert "Closed" in error(changed(desk, number, Description="Again"))[2]
    assert "Closed" in error(changed(desk, number, Status="In Progress"))[2]
    assert desk.note(number, "After all").status == 201


def test_groups_go_by_company_organization_and_name(desk, error):
    number = desk.create()
    names = {
        "Assigned Group": "Network",
        "Assigned Support Company": "Calbro Services",
        "Assigned Support Organization": "IT Support",
    }
    assert "go together" in error(changed(desk, number, **{"Assigned Group": "Network"}))[2]
    assert "go together" in error(changed(desk, number, **{"Assigned Group ID": "SGP000000000002"}))[2]
    assert "no support group" in error(changed(desk, number, **{**names, "Assigned Group": "Nobody"}))[2]
    assert changed(desk, number, **names).status == 204
    assert desk.read(number)["Assigned Group ID"] == "SGP000000000002"


def test_without_a_routing_rule_a_create_must_name_a_group(desk_with, error):
    desk = desk_with(routed_to="")
    reply = desk.send("POST", "HPD:IncidentInterface_Create", {"values": desk.new})
    assert "no assignment rule" in error(reply)[2]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"Description": "x" * 255}, (400, 306)),
        ({"Description": ""}, (400, 326)),
        ({"Urgency": "5-None"}, (400, 306)),
        ({"Urgency": None}, (400, 326)),
        ({"Incident Number": "INC1"}, (403, 330)),
        ({"Description": ["x"]}, (400, 306)),
    ],
)
def test_values_that_are_none(desk, error, values, expected):
    number = desk.create()
    assert error(changed(desk, number, **values))[:2] == expected


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"values": 1}', b"[" * 100_000])
def test_bodies_that_are_none(desk, error, raw):
    path = f"/api/arsys/v1/entry/HPD:IncidentInterface/{desk.read(desk.create())['Request ID']}"
    assert error(desk.raw("PUT", path, body=raw, authorization="AR-JWT token-amina"))[0] == 400


def test_the_status_history_keeps_the_last_visit_of_each_status(desk):
    number = desk.create()
    changed(desk, number, Status="In Progress", **STAFFED)
    desk.pass_time(60)
    changed(desk, number, Status="Pending", Status_Reason="Client Hold")
    desk.pass_time(60)
    changed(desk, number, Status="In Progress")
    history = desk.read(number)["Status-History"]
    assert {name: visit["timestamp"][11:19] for name, visit in history.items()} == {
        "Assigned": "09:00:00",
        "In Progress": "09:02:00",
        "Pending": "09:01:00",
    }


def test_the_audit_keeps_names_and_new_values_of_what_changed(desk, desk_with):
    number = desk.create()
    desk.pass_time(5)
    assert desk.change(number, "bruno", Urgency="1-Critical", Description="Mail: down").status == 204
    q = f"'Original Request ID' = \"{desk.read(number)['Entry ID']}\""
    lines = desk.rows("HPD:HelpDesk_AuditLogSystem", q, sort="Request ID.asc")
    assert [(line["User"], line["Action"]) for line in lines] == [("amina", "Create"), ("bruno", "Set")]
    assert lines[1]["Fields Changed"] == ";Description;Urgency;Priority;"
    assert lines[1]["Log"] == "Description: Mail: down\nUrgency: 1-Critical\nPriority: Critical"
    assert (lines[1]["Create Date"], lines[1]["Last Modified By"]) == (
        "2026-03-01T09:00:05.000+0000",
        "AR_AUDITOR",
    )
    off = desk_with(audited=False)
    off.create()
    assert off.rows("HPD:HelpDesk_AuditLogSystem", "1=1") == []


def test_only_an_administrator_deletes(desk, error):
    number = desk.create()
    entry = desk.read(number)["Entry ID"]
    assert error(desk.send("DELETE", f"HPD:Help Desk/{entry}"))[:2] == (403, 331)
    assert desk.send("DELETE", f"HPD:Help Desk/{entry}", user="appadmin").status == 204
    assert desk.rows("HPD:IncidentInterface", f"'Incident Number' = \"{number}\"") == []
    assert error(desk.send("DELETE", f"HPD:Help Desk/{entry}", user="appadmin"))[:2] == (404, 302)
    assert error(desk.send("DELETE", f"HPD:IncidentInterface/{entry}"))[0] == 405


def test_people_and_groups(desk):
    (olga,) = desk.rows("CTM:People", "'Internet E-mail' = \"olga.petrova@example.com\"")
    assert (olga["Remedy Login ID"], olga["Full Name"], olga["Profile Status"]) == (
        "olga",
        "Olga Petrova",
        "Enabled",
    )
    groups = desk.rows("CTM:Support Group", "'Status' = \"Enabled\"")
    assert [group["Support Group Name"] for group in groups] == [
        "Service Desk",
        "Network",
        "Database",
        "Security",
    ]


def test_its_failures_are_a_page_and_its_gateways_429_is_json(desk, error):
    assert desk.platform.unavailable(503).headers["Content-Type"].startswith("text/html")
    throttled = desk.platform.throttled(desk.at)
    assert (error(throttled)[0], throttled.headers["Retry-After"]) == (429, "5")
    assert json.loads(json.dumps(desk.platform.snapshot()))["platform"] == "helix"
