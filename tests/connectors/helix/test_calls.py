"""Single calls: what goes out, and what is made of the reply. Entries are those that public clients have recorded."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from syncline.connector import (
    Attach,
    Comment,
    Create,
    LinkBack,
    PagePerson,
    PartyKind,
    Reference,
    Transition,
    Update,
)
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.model import Attachment, Visibility

NUMBER = "INC000000000430"
ENTRY = "HPD:IncidentInterface/INC000000000527%7CINC000000000527"
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def asked(request):
    return {name: value[0] for name, value in parse_qs(urlsplit(request.url).query).items()}


def values(request):
    return json.loads(request.body)["values"]


def note(**changes):
    return {
        "Work Log ID": "WLG000000000001",
        "Incident Number": NUMBER,
        "Submitter": "amina",
        "Submit Date": "2026-11-23T09:10:00.000+0000",
        "Last Modified Date": "2026-11-23T09:10:00.000+0000",
        "Description": None,
        "Detailed Description": "On it\r\n",
        "View Access": "Public",
        "z2AF Work Log01": None,
        "z2AF Work Log02": None,
        "z2AF Work Log03": None,
        **changes,
    }


class TestReading:
    def test_a_record_by_its_number(self, helix, wire, incident):
        wire.answers("GET", "HPD:IncidentInterface", incident())
        sighting = helix.read(NUMBER)
        record = sighting.record
        query = asked(wire.request)
        assert query["q"] == f"'Incident Number' = \"{NUMBER}\""
        assert query["fields"].startswith("values(Request ID,Entry ID,Incident Number,")
        assert wire.request.headers["Authorization"] == "AR-JWT token-1"
        assert (record.id, record.key) == (NUMBER, NUMBER)
        assert record.url == "https://helix.example/smartit/app/#/incident/IDGAI7ZXDK9WFAR3TQUXR2U0M5AZH4"
        assert record.values["Detailed Decription"] == "Nobody can send.\nSince 9."
        assert record.values["Submit Date"] == "2026-11-23T09:00:00Z"
        assert record.values["Assignee Login ID"] is None
        assert record.revision == int(record.updated_at.timestamp())
        assert (record.updated_by, record.own, record.marker) == ("bruno", False, None)
        assert [(p.kind, p.id, p.name) for p in record.parties] == [
            (PartyKind.GROUP, "SGP000000000011", "Service Desk")
        ]
        assert [(e.field, e.after, e.actor, e.own) for e in sighting.edits] == [
            ("Status", "New", "amina", False),
            ("Status", "Assigned", "syncline", True),
        ]

    def test_our_key_counts_only_on_what_we_made(self, helix, wire, incident):
        for submitter, marker in (("Syncline", "SL-7K2M9QXA"), ("amina", None)):
            wire.answers(
                "GET",
                "HPD:IncidentInterface",
                incident(Submitter=submitter, **{"Vendor Ticket Number": "SL-7K2M9QXA"}),
            )
            assert helix.read(NUMBER).record.marker == marker

    @pytest.mark.parametrize("by", ["AR_ESCALATOR", "Remedy Application Service", None])
    def test_what_the_server_changes_by_itself_is_nobodys(self, helix, wire, incident, by):
        wire.answers("GET", "HPD:IncidentInterface", incident(**{"Last Modified By": by}))
        assert helix.read(NUMBER).record.updated_by is None

    def test_none_and_what_can_be_none(self, helix, wire):
        wire.answers("GET", "HPD:IncidentInterface")
        with pytest.raises(Gone):
            helix.read(NUMBER)
        for bad in ("", "x\n", " INC1", "x" * 40):
            with pytest.raises(Gone):
                helix.read(bad)
        assert len(wire.requests) == 1

    def test_another_one_than_was_asked_for(self, helix, wire, incident):
        wire.answers("GET", "HPD:IncidentInterface", incident(431))
        with pytest.raises(RetryLater, match="INC000000000431"):
            helix.read(NUMBER)

    @pytest.mark.parametrize("missing", ["Last Modified Date", "Submit Date"])
    def test_an_entry_that_lacks_what_it_must_have(self, helix, wire, incident, missing):
        wire.answers("GET", "HPD:IncidentInterface", incident(**{missing: None}))
        with pytest.raises(RetryLater, match=missing):
            helix.read(NUMBER)

    def test_a_field_that_is_hidden_is_not_known_instead_of_empty(self, helix, wire, incident):
        row = incident()
        del row["Resolution"]
        wire.answers("GET", "HPD:IncidentInterface", row)
        assert "Resolution" not in helix.read(NUMBER).record.values

    def test_by_our_key(self, helix, wire, incident):
        marked = incident(Submitter="syncline", **{"Vendor Ticket Number": "SL-7K2M9QXA"})
        copied = incident(431, **{"Vendor Ticket Number": "SL-7K2M9QXA"})
        wire.answers("GET", "HPD:IncidentInterface", marked, copied)
        assert [record.id for record in helix.find("SL-7K2M9QXA")] == [NUMBER]
        assert asked(wire.request)["q"] == "'Vendor Ticket Number' = \"SL-7K2M9QXA\""

    def test_an_answer_about_others_is_not_believed(self, helix, wire, incident):
        wire.answers("GET", "HPD:IncidentInterface", incident())
        with pytest.raises(Configuration, match="other records"):
            helix.find("SL-7K2M9QXA")

    def test_many_with_what_was_said_and_their_files(self, helix, wire, incident):
        file = {"name": "a.txt", "sizeBytes": 3, "href": "https://elsewhere.example/x"}
        wire.answers("GET", "HPD:IncidentInterface", incident(), incident(431), incident(999))
        wire.answers(
            "GET", "HPD:WorkLog", note(), note(**{"Work Log ID": "WLG000000000002", "z2AF Work Log02": file})
        )
        first, second = helix.read_many([NUMBER, "INC000000000431", "bad\n"])
        assert (first.record_id, second.record_id) == (NUMBER, "INC000000000431")
        assert [r.id for r in first.remarks] == ["WLG000000000001", "WLG000000000002"]
        assert [(f.id, f.name, f.size, f.content_type) for f in first.attachments] == [
            ("WLG000000000002/z2AF Work Log02", "a.txt", 3, "text/plain")
        ]
        assert (second.remarks, second.attachments) == ((), ())

    def test_a_work_log(self, helix, wire):
        wire.answers(
            "GET",
            "HPD:WorkLog",
            note(
                **{
                    "Work Log ID": "WLG000000000003",
                    "Submit Date": "2026-11-23T09:20:00.000+0000",
                    "View Access": None,
                }
            ),
            note(),
            note(
                **{
                    "Work Log ID": "WLG000000000004",
                    "Submitter": "syncline",
                    "Detailed Description": None,
                    "Description": "Short",
                }
            ),
            note(**{"Work Log ID": "WLG000000000005", "Detailed Description": " "}),
        )
        found = helix.remarks(NUMBER)
        assert [(r.id, r.body, r.visibility, r.own) for r in found] == [
            ("WLG000000000001", "On it", Visibility.PUBLIC, False),
            ("WLG000000000004", "Short", Visibility.PUBLIC, True),
            ("WLG000000000003", "On it", Visibility.INTERNAL, False),
        ]

    def test_a_file(self, helix, wire):
        path = "HPD:WorkLog/WLG000000000002/attach/z2AF%20Work%20Log02"
        wire.answers("GET", path, body=b"<html>as a file</html>", content_type="text/html")
        file = Attachment("WLG000000000002/z2AF Work Log02", NUMBER, "a", "text/html", 5, "amina", AT)
        assert helix.content(file) == b"<html>as a file</html>"

    def test_what_is_no_file_is_gone(self, helix):
        with pytest.raises(Gone):
            helix.content(Attachment("WLG000000000002/../../x", NUMBER, "a", "x/y", 5, "amina", AT))


class TestWriting:
    def test_a_create_uses_the_names_of_its_form(self, helix, wire):
        group = {
            "Support Group ID": "SGP1",
            "Support Group Name": "Network",
            "Company": "Calbro Services",
            "Support Organization": "IT Support",
        }
        person = {"Remedy Login ID": "bruno", "Full Name": "Bruno Keller", "Internet E-mail": None}
        wire.answers("GET", "CTM:Support%20Group", group)
        wire.answers("GET", "CTM:People", person)
        wire.answers(
            "POST", "HPD:IncidentInterface_Create", status=201, json={"values": {"Incident Number": NUMBER}}
        )
        given = {
            "Description": "Mail is down",
            "Detailed Decription": "Long",
            "Impact": "1-Extensive/Widespread",
            "Service Type": "User Service Restoration",
            "Assigned Group ID": "SGP1",
            "Assignee Login ID": "bruno",
            "Resolution": None,
        }
        receipt = helix.write(Create("SL-7K2M9QXA", given))
        assert (receipt.record_id, receipt.record) == (NUMBER, None)
        assert values(wire.requests[-1]) == {
            "Description": "Mail is down",
            "Detailed_Decription": "Long",
            "Impact": "1-Extensive/Widespread",
            "Service_Type": "User Service Restoration",
            "Assigned Group": "Network",
            "Assigned Support Company": "Calbro Services",
            "Assigned Support Organization": "IT Support",
            "Assignee": "Bruno Keller",
            "Assignee Login ID": "bruno",
            "Login_ID": "syncline",
            "Vendor Ticket Number": "SL-7K2M9QXA",
            "z1D_Action": "CREATE",
        }
        assert asked(wire.requests[-1]) == {"fields": "values(Incident Number)"}

    def test_a_create_whose_reply_names_nothing(self, helix, wire):
        wire.answers(
            "POST", "HPD:IncidentInterface_Create", status=201, json={"values": {"Incident Number": None}}
        )
        with pytest.raises(OutcomeUnknown, match="does not say which"):
            helix.write(Create("SL-7K2M9QXA", {"Description": "x"}))

    def test_an_update_looks_once_for_the_entry(self, helix, wire, incident):
        wire.answers("GET", "HPD:IncidentInterface", incident())
        wire.answers("PUT", ENTRY, status=204, body="")
        for text in ("one", "two"):
            receipt = helix.write(Update(NUMBER, {"Description": text, "Resolution": None}))
            assert (receipt.record_id, receipt.record) == (NUMBER, None)
        assert [request.method for request in wire.requests] == ["GET", "PUT", "PUT"]
        assert values(wire.requests[-1]) == {"Description": "two", "Resolution": None, "z1D Action": "MODIFY"}
        assert unquote(urlsplit(wire.requests[-1].url).path).endswith("/INC000000000527|INC000000000527")

    def test_an_incident_that_is_no_more(self, helix, wire):
        wire.answers("GET", "HPD:IncidentInterface")
        with pytest.raises(Gone):
            helix.write(Update(NUMBER, {"Description": "x"}))

    def test_a_stand_in_only_where_nobody_is_assigned(self, connect, wire, incident):
        person = {"Remedy Login ID": "desk", "Full Name": "The Desk", "Internet E-mail": None}
        wire.answers("GET", "CTM:People", person)
        wire.answers("PUT", ENTRY, status=204, body="")
        for assigned, sent in ((None, "desk"), ("bruno", None)):
            helix = connect(stand_in="desk")
            wire.answers("GET", "HPD:IncidentInterface", incident(**{"Assignee Login ID": assigned}))
            helix.write(Update(NUMBER, {"Status": "In Progress"}))
            assert values(wire.requests[-1]).get("Assignee Login ID") == sent

    @pytest.mark.parametrize(
        "given",
        [
            {"Incident Number": "INC1"},
            {"Vendor Ticket Number": "x"},
            {"Assigned Group ID": None},
            {"Description": ("a", "b")},
            {"Last Modified Date": "2026-11-23T09:00:00Z"},
        ],
    )
    def test_what_cannot_be_written_is_refused_here(self, helix, given):
        with pytest.raises(Refused) as caught:
            helix.write(Update(NUMBER, given))
        assert set(caught.value.fields) == set(given)

    def test_an_id_that_cannot_be_asked_for(self, helix):
        with pytest.raises(Refused, match="nobody"):
            helix.write(Update(NUMBER, {"Assigned Group ID": "SGP\n1"}))

    def test_a_group_that_is_not_there(self, helix, wire):
        wire.answers("GET", "CTM:Support%20Group")
        with pytest.raises(Refused, match="SGP404"):
            helix.write(Update(NUMBER, {"Assigned Group ID": "SGP404"}))

    def test_comments_keep_their_visibility(self, helix, wire):
        wire.answers("POST", "HPD:WorkLog", status=201, json={"values": {"Work Log ID": "WLG9"}})
        for visibility, access in ((Visibility.PUBLIC, "Public"), (Visibility.INTERNAL, "Internal")):
            receipt = helix.write(Comment(NUMBER, "m", "Amina: on it", visibility))
            assert receipt.item_id == "WLG9"
            assert values(wire.requests[-1]) == {
                "Incident Number": NUMBER,
                "Work Log Type": "General Information",
                "Detailed Description": "Amina: on it",
                "View Access": access,
                "Secure Work Log": "Yes",
            }

    def test_links_back_are_internal(self, helix, wire):
        wire.answers("POST", "HPD:WorkLog", status=201, json={"values": {"Work Log ID": "WLG9"}})
        link = Reference("snow", "servicenow", "INC1", "https://snow.example/1", "Mail")
        helix.write(LinkBack(NUMBER, "abcdefghijkl", (link,)))
        assert values(wire.request)["View Access"] == "Internal"
        assert values(wire.request)["Detailed Description"].endswith("[syncline:abcdefghijkl]")

    def test_a_file_travels_as_a_form(self, helix, wire):
        wire.answers("POST", "HPD:WorkLog", status=201, json={"values": {"Work Log ID": "WLG9"}})
        receipt = helix.write(Attach(NUMBER, "abcdefghijkl", 'a"b\r\n.txt', "text/plain", b"data\x00"))
        assert receipt.item_id == "WLG9/z2AF Work Log01"
        body = wire.request.body
        assert b'name="entry"' in body
        assert b'name="attach-z2AF Work Log01"; filename="a_b__.txt"' in body
        assert b"data\x00" in body
        assert b'"View Access": "Internal"' in body

    def test_what_helix_cannot(self, helix):
        with pytest.raises(Refused, match="calls nobody"):
            helix.write(PagePerson(NUMBER, "m", "amina", "x"))
        with pytest.raises(Refused, match="no transitions"):
            helix.write(Transition(NUMBER, "1", "Closed"))
        assert helix.steps(NUMBER, "New") == ()


class TestPeople:
    def test_by_address_name_or_login(self, helix, wire):
        amina = {
            "Remedy Login ID": "amina",
            "Full Name": "Amina Diallo",
            "Internet E-mail": "Amina.Diallo@example.com",
        }
        nobody = {"Remedy Login ID": None, "Full Name": "Amina Diallo", "Internet E-mail": "x@example.com"}
        wire.answers("GET", "CTM:People", amina, nobody)
        for name in ("amina.diallo@example.com", "Amina Diallo", "amina"):
            found = helix.find_party(PartyKind.PERSON, name)
            assert (found.id, found.name, found.email) == (
                "amina",
                "Amina Diallo",
                "amina.diallo@example.com",
            )
        assert "'Profile Status' = \"Enabled\"" in asked(wire.requests[0])["q"]
        assert helix.find_party(PartyKind.PERSON, "bruno") is None

    def test_two_of_one_name_are_nobody(self, helix, wire):
        rows = [
            {"Remedy Login ID": login, "Full Name": "A B", "Internet E-mail": None} for login in ("a", "b")
        ]
        wire.answers("GET", "CTM:People", *rows)
        assert helix.find_party(PartyKind.PERSON, "A B") is None

    def test_by_ids(self, helix, wire):
        group = {
            "Support Group ID": "SGP1",
            "Support Group Name": "Network",
            "Company": "C",
            "Support Organization": "O",
        }
        wire.answers("GET", "CTM:Support%20Group", group)
        (found,) = helix.parties(PartyKind.GROUP, ["SGP1", "SGP1", ""])
        assert (found.id, found.name) == ("SGP1", "Network")
        assert helix.parties(PartyKind.GROUP, []) == ()


class TestSettings:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"filter": "('Impact' = 1"}, "do not close"),
            ({"date_format": "%Y-%m-%d"}, "every second"),
            ({"date_format": "now"}, "every second"),
            ({"date_zone": "Mars/Olympus"}, "time zone"),
            ({"marker_field": "a,b"}, "marker_field"),
            ({"web": "http://elsewhere.example"}, "https"),
            ({"password": "plain"}, "secret"),
        ],
    )
    def test_what_cannot_be_is_said(self, settings_of, changes, said):
        with pytest.raises(Configuration, match=said):
            settings_of(**changes)

    def test_a_field_that_would_break_a_list_of_names(self, connect):
        with pytest.raises(Configuration, match="no field of Helix"):
            connect(frozenset({"Status", "a,b"}))
