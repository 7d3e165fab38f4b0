"""Notes, requests of customers, and the history."""

import json

import pytest


def test_a_note_is_a_record_that_the_incident_owns(desk):
    rec_id = desk.create()
    desk.pass_time(60)
    told = desk.note(rec_id, "Restarting it", "bruno", ShowInSelfService="true")
    assert (told["hasError"], told["parentBusObRecId"], told["parentBusObPublicId"]) == (
        False,
        rec_id,
        "10001",
    )
    assert told["busObPublicId"] == "Journal - Note"
    (note,) = desk.journals(rec_id)
    assert note["RecID"] == told["busObRecId"]
    assert (note["Details"], note["ShowInSelfService"]) == ("Restarting it", "True")
    assert (note["CreatedBy"], note["CreatedDateTime"]) == ("Bruno Keller", "3/1/2026 9:01:00 AM")
    assert (note["ParentRecID"], note["ParentTypeID"]) == (rec_id, desk.object_id("Incident"))
    assert note["JournalTypeID"] == desk.object_id("JournalNote")


def test_a_note_through_the_group_names_its_kind(desk):
    rec_id = desk.create()
    kind = desk.object_id("JournalNote")
    assert not desk.note(rec_id, "Restarting it", kind="Journal", JournalTypeID=kind)["hasError"]
    assert desk.note(rec_id, "Restarting it", kind="Journal")["hasError"] is True
    assert [one["JournalTypeName"] for one in desk.journals(rec_id)] == ["Journal - Note"]


def test_a_note_may_name_the_incident_itself(desk, error):
    rec_id = desk.create()
    desk.object_id("Journal")
    values = {"Details": "Restarting it", "ParentTypeID": desk.object_id("Incident"), "ParentRecID": rec_id}

    def saved(**changed):
        fields = desk.dirty("JournalNote", {**values, **changed})
        return desk.send(
            "POST", "savebusinessobject", {"busObId": desk.object_id("JournalNote"), "fields": fields}
        )

    note = json.loads(saved().body)["busObRecId"]
    assert [one["RecID"] for one in desk.journals(rec_id)] == [note]
    assert error(saved(ParentRecID="94ff")) == (404, "RecordNotFound")
    assert error(saved(ParentRecID="")) == (404, "RecordNotFound")


@pytest.mark.parametrize(
    ("touches", "shown"), [(False, "3/1/2026 9:00:00 AM"), (True, "3/1/2026 9:01:00 AM")]
)
def test_whether_a_note_touches_the_incident(desk_with, touches, shown):
    desk = desk_with(journal_touches=touches)
    rec_id = desk.create()
    desk.pass_time(60)
    desk.note(rec_id, "Restarting it")
    assert desk.read(rec_id)["LastModifiedDateTime"] == shown


def test_notes_are_found_by_when_they_were_made(desk):
    rec_id = desk.create()
    desk.note(rec_id, "One")
    desk.pass_time(60)
    desk.note(rec_id, "Two", kind="JournalCustomerRequest")
    since = ("CreatedDateTime", "gt", "3/1/2026 9:00:00 AM")
    assert desk.search("Journal")["totalRows"] == 2
    (row,) = desk.search("Journal", since)["businessObjects"]
    assert row["busObId"] == desk.object_id("JournalCustomerRequest")
    assert desk.search("JournalNote", since)["totalRows"] == 0
    assert desk.search("JournalNote", ("ParentRecID", "eq", rec_id))["totalRows"] == 1


def test_what_is_related_comes_in_pages(desk):
    rec_id = desk.create()
    other = desk.create()
    desk.note(other, "Elsewhere")
    for at in range(3):
        desk.note(rec_id, f"Note {at}")
        desk.pass_time(1)
    body = {
        "parentBusObId": desk.object_id("Incident"),
        "parentBusObRecId": rec_id,
        "relationshipId": desk.relationship(),
        "pageNumber": 2,
        "pageSize": 2,
        "fieldsList": [desk.ids("Journal")["Details"]],
        "sorting": [{"fieldId": desk.ids("Journal")["CreatedDateTime"], "sortDirection": 1}],
    }
    told = desk.said("POST", "getrelatedbusinessobject", body)
    assert (told["totalRecords"], told["pageNumber"], told["pageSize"]) == (3, 2, 2)
    (row,) = told["relatedBusinessObjects"]
    assert [one["value"] for one in row["fields"]] == ["Note 2"]
    (row,) = desk.said("POST", "getrelatedbusinessobject", {**body, "allFields": True})[
        "relatedBusinessObjects"
    ]
    assert len(row["fields"]) > 1
    path = (
        f"getrelatedbusinessobject/parentbusobid/{desk.object_id('Incident')}/parentbusobrecid/{rec_id}"
        f"/relationshipid/{desk.relationship()}"
    )
    assert len(desk.said("GET", path, query="pageNumber=2&pageSize=2")["relatedBusinessObjects"]) == 1
    assert desk.send("GET", path, query="pageSize=many").status == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"relationshipId": "bogus"}, 400),
        ({"parentBusObRecId": "94ff"}, 404),
        ({"parentBusObRecId": ""}, 400),
        ({"busObId": "6dd53665c0c24cab86870a21cf6434ae"}, 400),
    ],
)
def test_what_is_no_journal_of_an_incident(desk, error, change, status):
    body = {
        "parentBusObId": desk.object_id("Incident"),
        "parentBusObRecId": desk.create(),
        "relationshipId": desk.relationship(),
        "busObId": desk.object_id("Journal") and desk.object_id("JournalNote"),
        "fields": desk.dirty("JournalNote", {"Details": "x"}),
        **change,
    }
    assert error(desk.send("POST", "saverelatedbusinessobject", body))[0] == status


def test_an_empty_note_and_a_history_by_hand_are_refused(desk):
    rec_id = desk.create()
    assert desk.note(rec_id, "")["hasError"] is True
    assert desk.note(rec_id, "x", kind="JournalHistory")["hasError"] is True
    assert desk.journals(rec_id) == []


def test_who_wrote_a_note_may_change_it_and_delete_it(desk, error):
    rec_id = desk.create()
    note = desk.note(rec_id, "Restarting it", "bruno")["busObRecId"]
    kind = desk.object_id("JournalNote")
    body = {
        "busObId": kind,
        "busObRecId": note,
        "fields": desk.dirty("JournalNote", {"Details": "Restarted it"}),
    }
    path = f"deletebusinessobject/busobid/{kind}/busobrecid/{note}"
    assert error(desk.send("POST", "savebusinessobject", body, "amina")) == (403, "Forbidden")
    assert error(desk.send("DELETE", path, user="amina")) == (403, "Forbidden")
    desk.pass_time(60)
    assert desk.said("POST", "savebusinessobject", body, "bruno")["hasError"] is False
    (found,) = desk.journals(rec_id)
    assert (found["Details"], found["LastModDateTime"]) == ("Restarted it", "3/1/2026 9:01:00 AM")
    assert found["CreatedDateTime"] == "3/1/2026 9:00:00 AM"
    assert desk.said("DELETE", path, user="bruno")["hasError"] is False
    assert desk.journals(rec_id) == []


def test_all_journals_of_a_kind_have_one_public_id(desk, error):
    desk.note(desk.create(), "Restarting it")
    path = f"getbusinessobject/busobid/{desk.object_id('JournalNote')}/publicid/Journal - Note"
    assert error(desk.send("GET", path)) == (400, "BadRequest")


def test_the_history_says_who_changed_what_is_tracked(desk):
    rec_id = desk.create()
    desk.pass_time(60)
    desk.save("bruno", rec_id, Priority="1", OwnedByTeam="Network", Description="Not tracked")
    found = desk.journals(rec_id, "Journal - History")
    assert {one["Details"] for one in found} == {
        "Priority changed from '2' to '1'",
        "Owned By Team changed from '' to 'Network'",
    }
    assert {(one["CreatedBy"], one["CreatedDateTime"]) for one in found} == {
        ("Bruno Keller", "3/1/2026 9:01:00 AM")
    }


def test_the_history_may_be_one_record_and_is_cut(desk_with):
    desk = desk_with(history_combined=True, tracked=("Priority", "Description"))
    rec_id = desk.create()
    desk.save(rec_id=rec_id, Priority="1", Description="x" * 300, Cause="y")
    (found,) = desk.journals(rec_id, "Journal - History")
    assert found["Details"].splitlines() == [
        "Priority changed from '2' to '1'",
        f"Description changed from 'Nobody can send.' to '{'x' * 255}'",
    ]


def test_there_may_be_no_history(desk_with):
    desk = desk_with(tracked=())
    rec_id = desk.create()
    desk.save(rec_id=rec_id, Priority="1")
    assert desk.journals(rec_id) == []


def test_a_note_may_have_no_field_that_shows_it(desk_with):
    desk = desk_with(shown_field="")
    desk.object_id("Journal")
    assert "ShowInSelfService" not in desk.ids("JournalNote")


def test_nobody_deletes_history_but_an_admin(desk, error):
    rec_id = desk.create()
    desk.save(rec_id=rec_id, Priority="1")
    (row,) = desk.search("Journal")["businessObjects"]
    path = f"deletebusinessobject/busobid/{row['busObId']}/busobrecid/{row['busObRecId']}"
    assert error(desk.send("DELETE", path)) == (403, "Forbidden")
    assert json.loads(desk.send("DELETE", path, user="CSDAdmin").body)["hasError"] is False
