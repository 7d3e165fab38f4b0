"""What the instance does with incidents that are made, changed and deleted."""

import json

import pytest

from syncline.sandbox.cherwell.lifecycle import TRANSITIONS

STAFFED = {"OwnedBy": "Bruno Keller"}
RESOLVED = {"Status": "Resolved", "CloseDescription": "Restarted.", **STAFFED}


def refused(told, *names):
    """The refusal of a save, with the fields that it names."""
    assert (told["hasError"], told["errorCode"]) == (True, "ValidationError")
    assert told["errorMessage"] == told["fieldValidationErrors"][0]["error"]
    assert all(set(one) == {"error", "errorCode", "fieldId"} for one in told["fieldValidationErrors"])
    return [one["fieldId"] for one in told["fieldValidationErrors"]]


def test_what_a_new_incident_looks_like(desk):
    rec_id = desk.create()
    found = desk.read(rec_id)
    assert (found["RecID"], found["IncidentID"]) == (rec_id, "10001")
    assert (found["Status"], found["IncidentType"], found["OwnedBy"]) == ("New", "Incident", "")
    assert found["CustomerDisplayName"] == "Olga Petrova"
    assert found["CreatedBy"] == found["LastModBy"] == "Amina Diallo"
    assert found["CreatedDateTime"] == found["LastModifiedDateTime"] == "3/1/2026 9:00:00 AM"
    assert (found["ClosedDateTime"], found["Stat_IncidentReopened"]) == ("", "False")


def test_a_record_as_it_is_read(desk):
    rec_id = desk.create()
    base = f"getbusinessobject/busobid/{desk.object_id('Incident')}"
    by_id, by_number = (
        desk.said("GET", f"{base}/busobrecid/{rec_id}"),
        desk.said("GET", f"{base}/publicid/10001"),
    )
    assert by_id == by_number
    assert (by_id["busObRecId"], by_id["busObPublicId"]) == (rec_id, "10001")
    assert (by_id["errorCode"], by_id["errorMessage"], by_id["hasError"]) == (None, None, False)
    status = next(one for one in by_id["fields"] if one["name"] == "Status")
    assert status == {
        "dirty": False,
        "displayName": "Status",
        "fieldId": "BO:6dd53665c0c24cab86870a21cf6434ae,FI:5eb3234ae1344c64a19819eda437f18d",
        "html": None,
        "name": "Status",
        "value": "New",
    }


@pytest.mark.parametrize(("knobs", "status"), [({}, 404), ({"missing_status": 200}, 200)])
@pytest.mark.parametrize("which", ["busobrecid/94ff", "publicid/99999"])
def test_a_record_that_is_not_there(desk_with, error, knobs, status, which):
    desk = desk_with(**knobs)
    reply = desk.send("GET", f"getbusinessobject/busobid/{desk.object_id('Incident')}/{which}")
    assert error(reply) == (status, "RecordNotFound")
    assert json.loads(reply.body)["busObRecId"] is None


@pytest.mark.parametrize("missing", ["Description", "Priority", "CustomerRecID"])
def test_what_a_create_must_bring(desk, missing):
    values = {"Description": "x", "Priority": "2", "CustomerRecID": desk.customer()}
    told = desk.save(**{name: value for name, value in values.items() if name != missing})
    assert refused(told) == [desk.ids("Incident")[missing]]
    assert (told["busObRecId"], told["busObPublicId"]) == (None, None)
    assert desk.search("Incident")["totalRows"] == 0


def test_the_template_says_what_is_required(desk):
    told = desk.said(
        "POST",
        "getbusinessobjecttemplate",
        {"busObId": desk.object_id("Incident"), "includeAll": False, "includeRequired": True},
    )
    assert {one["name"] for one in told["fields"]} == {"Status", "Description", "Priority", "CustomerRecID"}
    named = {
        "busObId": desk.object_id("Incident"),
        "fieldNames": ["Service"],
        "fieldIds": [desk.ids("Incident")["Cause"]],
    }
    told = desk.said("POST", "getbusinessobjecttemplate", named)
    assert [one["name"] for one in told["fields"]] == ["Service", "Cause"]
    unknown = {"busObId": desk.object_id("Incident"), "fieldNames": ["Bogus"], "fieldIds": ["Bogus"]}
    assert desk.said("POST", "getbusinessobjecttemplate", unknown)["fields"] == []
    everything = desk.said(
        "POST", "getbusinessobjecttemplate", {"busObId": desk.object_id("Incident"), "includeAll": True}
    )
    assert len(everything["fields"]) == len(desk.ids("Incident"))


def test_only_what_is_dirty_is_looked_at(desk):
    rec_id = desk.create()
    ids = desk.ids("Incident")
    fields = [
        {"fieldId": ids["Priority"], "value": "1"},
        {"fieldId": ids["Cause"], "value": "x", "dirty": False},
        {"fieldId": "bogus", "value": "x"},
        {"fieldId": ids["Service"].rpartition("FI:")[2], "value": "Mail", "dirty": "true"},
    ]
    body = {"busObId": desk.object_id("Incident"), "busObPublicId": "10001", "fields": fields}
    told = desk.said("POST", "savebusinessobject", body)
    assert (told["hasError"], told["busObRecId"], told["busObPublicId"]) == (False, rec_id, "10001")
    found = desk.read(rec_id)
    assert (found["Priority"], found["Cause"], found["Service"]) == ("2", "", "Mail")


def test_a_save_that_changes_nothing_touches_nothing(desk):
    rec_id = desk.create()
    desk.pass_time(60)
    assert not desk.save("bruno", rec_id, Priority="2")["hasError"]
    found = desk.read(rec_id)
    assert (found["LastModifiedDateTime"], found["LastModBy"]) == ("3/1/2026 9:00:00 AM", "Amina Diallo")
    assert not desk.save("bruno", rec_id, Priority="3")["hasError"]
    found = desk.read(rec_id)
    assert (found["LastModifiedDateTime"], found["LastModBy"]) == ("3/1/2026 9:01:00 AM", "Bruno Keller")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Priority", "6"),
        ("Priority", ""),
        ("Status", "On Hold"),
        ("Status", ""),
        ("ShortDescription", "x" * 256),
        ("OwnedBy", "Nobody Known"),
        ("OwnedByTeamID", "94ff"),
        ("CustomerRecID", "94ff"),
        ("IncidentID", "1"),
        ("LastModifiedDateTime", "3/1/2026 9:00:00 AM"),
    ],
)
def test_values_that_are_refused(desk, name, value):
    rec_id = desk.create()
    before = desk.read(rec_id)
    told = desk.save(rec_id=rec_id, Cause="x", **{name: value})
    assert refused(told) == [desk.ids("Incident")[name]]
    assert desk.read(rec_id) == before


def test_an_unknown_field_is_refused(desk):
    body = {
        "busObId": desk.object_id("Incident"),
        "fields": [{"fieldId": "BO:x,FI:y", "value": "1", "dirty": True}],
    }
    assert refused(desk.said("POST", "savebusinessobject", body)) == ["BO:x,FI:y"]


def test_unicode_and_long_texts_come_back_as_they_were(desk):
    text = "Züge fahren nicht – 東京 📞\r\n" * 2000
    assert desk.read(desk.create(Description=text))["Description"] == text
    assert desk.read(desk.create(ShortDescription="é" * 255))["ShortDescription"] == "é" * 255


def test_owner_team_and_customer_have_a_name_and_an_id(desk):
    rec_id = desk.create(OwnedBy="bruno keller", OwnedByTeam="Network")
    found = desk.read(rec_id)
    ((_, bruno),) = desk.rows("UserInfo", LoginID="bruno")
    ((_, network),) = desk.rows("TeamInfo", Name="Network")
    assert (found["OwnedBy"], found["OwnedByID"], found["OwnedByTeamID"]) == ("Bruno Keller", bruno, network)
    ((_, noah),) = desk.rows("UserInfo", Email="noah.brooks@example.com")
    assert not desk.save(rec_id=rec_id, OwnedByID=noah, OwnedByTeam="", CustomerDisplayName="Diane Novak")[
        "hasError"
    ]
    found = desk.read(rec_id)
    assert (found["OwnedBy"], found["OwnedByTeamID"]) == ("Noah Brooks", "")
    assert found["CustomerRecID"] == desk.customer("Diane Novak")


def test_the_walk_of_an_incident(desk):
    rec_id = desk.create()
    for values in (
        {"Status": "Assigned"},
        {"Status": "In Progress", **STAFFED},
        {"Status": "Pending", "PendingReason": "Vendor"},
        RESOLVED,
        {"Status": "Closed"},
    ):
        desk.pass_time(60)
        assert not desk.save("bruno", rec_id, **values)["hasError"]
    found = desk.read(rec_id)
    assert (found["ClosedDateTime"], found["ClosedBy"]) == ("3/1/2026 9:05:00 AM", "Bruno Keller")
    assert refused(desk.save(rec_id=rec_id, Priority="1")) == [desk.ids("Incident")["Priority"]]
    assert desk.save(rec_id=rec_id, Status="Reopened", Priority="1")["hasError"]
    assert not desk.save(rec_id=rec_id, Status="Reopened")["hasError"]
    found = desk.read(rec_id)
    assert (found["Stat_IncidentReopened"], found["ClosedDateTime"], found["ClosedBy"]) == ("True", "", "")
    assert not desk.save(rec_id=rec_id, Status="In Progress", Priority="1")["hasError"]


@pytest.mark.parametrize(("user", "name"), [("amina", "Amina Diallo"), ("syncline", "Syncline Integration")])
def test_people_and_our_own_account_do_the_same(desk, user, name):
    rec_id = desk.create(user)
    desk.pass_time(60)
    assert not desk.save(user, rec_id, Priority="1", **RESOLVED)["hasError"]
    assert not desk.note(rec_id, "Restarted it", user)["hasError"]
    assert not desk.save(user, rec_id, Status="Reopened")["hasError"]
    (record,) = desk.platform.snapshot()["records"]
    assert (record["Status"], record["CreatedBy"], record["LastModBy"]) == ("Reopened", name, name)
    assert {one["CreatedBy"] for one in record["remarks"] + record["history"]} == {name}
    desk.said(
        "DELETE", f"deletebusinessobject/busobid/{desk.object_id('Incident')}/publicid/10001", user=user
    )
    assert desk.platform.snapshot()["records"] == []


@pytest.mark.parametrize("was", TRANSITIONS)
def test_what_follows_what(desk_with, was):
    desk = desk_with(owner_required=False)
    ways = {"New": [], "Closed": ["Resolved", "Closed"], "Reopened": ["Resolved", "Reopened"]}.get(was, [was])
    for status in set(TRANSITIONS) - {was}:
        rec_id = desk.create(PendingReason="x", CloseDescription="x")
        for step in ways:
            assert not desk.save(rec_id=rec_id, Status=step)["hasError"]
        told = desk.save(rec_id=rec_id, Status=status)
        assert told["hasError"] is (status not in TRANSITIONS[was]), (was, status)
        assert desk.read(rec_id)["Status"] == (was if told["hasError"] else status)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"Status": "In Progress"}, "OwnedBy"),
        ({"Status": "Pending"}, "PendingReason"),
        ({"Status": "Resolved", **STAFFED}, "CloseDescription"),
        ({"Status": "Resolved", "CloseDescription": "Restarted."}, "OwnedBy"),
    ],
)
def test_what_a_status_asks_for(desk, values, name):
    assert refused(desk.save(rec_id=desk.create(), **values)) == [desk.ids("Incident")[name]]


def test_a_create_begins_where_the_lifecycle_lets_it(desk):
    assert desk.read(desk.create(**RESOLVED))["Status"] == "Resolved"
    told = desk.save(Description="x", Priority="1", CustomerRecID=desk.customer(), Status="Closed")
    assert refused(told) == [desk.ids("Incident")["Status"]]


def test_what_is_not_persisted_is_checked_and_forgotten(desk):
    ids = {"busObId": desk.object_id("Incident"), "persist": False}
    good = desk.dirty("Incident", {"Description": "x", "Priority": "1", "CustomerRecID": desk.customer()})
    assert desk.said("POST", "savebusinessobject", {**ids, "fields": good})["hasError"] is False
    assert desk.said("POST", "savebusinessobject", {**ids, "fields": good[:1]})["hasError"] is True
    assert desk.search("Incident")["totalRows"] == 0


def test_a_batch_answers_one_by_one(desk):
    rec_id = desk.create()
    ours = {"busObId": desk.object_id("Incident")}

    def batch(stop):
        requests = [
            {**ours, "busObRecId": "94ff", "fields": desk.dirty("Incident", {"Priority": "1"})},
            {**ours, "busObRecId": rec_id, "fields": desk.dirty("Incident", {"Priority": "1"})},
        ]
        told = desk.said("POST", "savebusinessobjectbatch", {"saveRequests": requests, "stopOnError": stop})
        return [one["hasError"] for one in told["responses"]]

    assert batch(stop=True) == [True]
    assert desk.read(rec_id)["Priority"] == "2"
    assert batch(stop=False) == [True, False]
    assert desk.read(rec_id)["Priority"] == "1"


def test_several_are_read_at_once(desk):
    rec_id = desk.create()
    ours = {"busObId": desk.object_id("Incident")}
    requests = [{**ours, "busObRecId": "94ff"}, {**ours, "busObPublicId": "10001"}, ours]
    told = desk.said("POST", "getbusinessobjectbatch", {"readRequests": requests})
    assert [one["hasError"] for one in told["responses"]] == [True, False, True]
    assert told["responses"][1]["busObRecId"] == rec_id


@pytest.mark.parametrize("by", ["busobrecid", "publicid"])
def test_a_deletion_takes_the_journals_along(desk, error, by):
    rec_id = desk.create()
    desk.note(rec_id, "Restarting it")
    which = rec_id if by == "busobrecid" else "10001"
    path = f"busobid/{desk.object_id('Incident')}/{by}/{which}"
    told = desk.said("DELETE", f"deletebusinessobject/{path}")
    assert (told["busObRecId"], told["busObPublicId"], told["hasError"]) == (rec_id, "10001", False)
    assert error(desk.send("DELETE", f"deletebusinessobject/{path}")) == (404, "RecordNotFound")
    assert desk.search("Incident")["totalRows"] == desk.search("Journal")["totalRows"] == 0
    body = {
        "busObId": desk.object_id("Incident"),
        "busObRecId": rec_id,
        "fields": desk.dirty("Incident", {"Priority": "1"}),
    }
    assert error(desk.send("POST", "savebusinessobject", body)) == (404, "RecordNotFound")


@pytest.mark.parametrize("name", ["UserInfo", "TeamInfo", "CustomerInternal"])
def test_nobody_makes_people_through_an_integration(desk, error, name):
    body = {"busObId": desk.object_id(name), "fields": []}
    assert error(desk.send("POST", "savebusinessobject", body)) == (403, "Forbidden")


def test_what_the_integration_may_not_see(desk_with, error):
    desk = desk_with(hidden={"10001"}, unreadable={"TeamInfo"})
    rec_id = desk.create()
    desk.note(rec_id, "Not for them")
    token = json.loads(desk.login().body)["access_token"]

    def ours(path, body=None):
        return desk.raw(
            "POST" if body else "GET",
            f"/CherwellAPI/api/V1/{path}",
            body=json.dumps(body or {}).encode(),
            authorization=f"Bearer {token}",
            content_type="application/json",
        )

    incident = desk.object_id("Incident")
    assert error(ours(f"getbusinessobject/busobid/{incident}/busobrecid/{rec_id}")) == (404, "RecordNotFound")
    for name in ("Incident", "Journal"):
        found = json.loads(ours("getsearchresults", {"busObId": desk.object_id(name)}).body)
        assert found["totalRows"] == 0
        assert desk.search(name)["totalRows"] == 1
    assert error(ours("getsearchresults", {"busObId": desk.object_id("TeamInfo")})) == (403, "Forbidden")


def test_the_same_requests_at_the_same_times_give_the_same_replies(desk_with):
    def play():
        desk = desk_with()
        rec_id = desk.create()
        desk.note(rec_id, "Restarting it")
        desk.save(rec_id=rec_id, **RESOLVED)
        return desk.login().body, desk.search("Journal"), desk.platform.snapshot()

    assert play() == play()


def test_the_view_from_outside(desk):
    rec_id = desk.create()
    desk.save("bruno", rec_id, **RESOLVED)
    desk.note(rec_id, "Restarted it", ShowInSelfService="True")
    (record,) = desk.platform.snapshot()["records"]
    assert (record["IncidentID"], record["Status"]) == ("10001", "Resolved")
    assert record["CreatedDateTime"] == "2026-03-01T09:00:00+00:00"
    assert [(one["Details"], one["ShowInSelfService"]) for one in record["remarks"]] == [
        ("Restarted it", "True")
    ]
    assert {one["Details"] for one in record["history"]} == {
        "Status changed from 'New' to 'Resolved'",
        "Owned By changed from '' to 'Bruno Keller'",
    }
    assert "Amina Diallo" in {one["FullName"] for one in desk.platform.snapshot()["users"]}
    assert json.dumps(desk.platform.snapshot())
