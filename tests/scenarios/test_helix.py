"""The real core between the simulated ServiceNow and the simulated BMC Helix ITSM."""

from collections.abc import Callable, Iterator

import pytest
from helix_pair import Pair

from syncline.intake.sightings import take_in


@pytest.fixture
def pair_of(folder, monkeypatch) -> Iterator[Callable[..., Pair]]:
    made: list[Pair] = []

    def make(more: str = "stand_in: syncline", **knobs) -> Pair:
        made.append(Pair(folder, monkeypatch, more, **knobs))
        return made[-1]

    yield make
    for pair in made:
        pair.app.close()


@pytest.fixture
def pair(pair_of) -> Pair:
    return pair_of()


@pytest.fixture
def linked(pair) -> tuple[Pair, str, str]:
    """An incident that began on ServiceNow and stands on both: the pair, its sys_id, its number."""
    sys_id = pair.snow_open("Mail is down")
    assert pair.sync() == []
    (row,) = pair.all()
    return pair, sys_id, row["Incident Number"]


def test_what_begins_on_servicenow_appears(pair):
    sys_id = pair.snow_open("Mail is down", description="Nobody can send.\nSince 9.", impact="1", urgency="1")
    assert pair.sync() == []
    (row,) = pair.all()
    assert (row["Description"], row["Detailed Decription"]) == ("Mail is down", "Nobody can send.\nSince 9.")
    assert (row["Impact"], row["Urgency"], row["Priority"]) == (
        "1-Extensive/Widespread",
        "1-Critical",
        "Critical",
    )
    assert (row["Status"], row["Submitter"], row["Service Type"]) == (
        "Assigned",
        "syncline",
        "User Service Restoration",
    )
    assert row["Vendor Ticket Number"].startswith("SL-")
    (link,) = [note for note in pair.notes(row["Incident Number"])]
    assert (link["View Access"], pair.snow_get(sys_id)["number"] in link["Detailed Description"]) == (
        "Internal",
        True,
    )
    assert pair.app.parked() == []


def test_what_begins_on_helix_appears(pair):
    number = pair.open("VPN is slow", Urgency="1-Critical")
    assert pair.sync() == []
    (row,) = pair.snow_all()
    assert (row["short_description"], row["priority"], row["state"]) == ("VPN is slow", "1", "1")
    assert any(number in text for _, text in pair.snow_notes(row["sys_id"]))
    assert pair.app.parked() == []


def test_what_has_no_priority_appears_as_low_and_that_goes_nowhere_else(pair_of):
    pair = pair_of(peer="pd")
    incident = pair.pager_open("Mail is down")
    assert pair.sync(rounds=5) == []
    (row,) = pair.all()
    assert (row["Description"], row["Priority"]) == ("Mail is down", "Low")
    assert pair.pager("GET", f"incidents/{incident}")["incident"].get("priority") is None
    pair.change(row["Incident Number"], Impact="1-Extensive/Widespread", Urgency="1-Critical")
    assert pair.sync() == []
    assert pair.pager("GET", f"incidents/{incident}")["incident"]["priority"]["summary"] == "P1"
    assert pair.app.parked() == []


def test_edits_go_both_ways_and_an_unchanged_pair_is_not_written_to(linked):
    pair, sys_id, number = linked
    pair.change(
        number, Description="Mail is down in Oslo", Impact="1-Extensive/Widespread", Urgency="1-Critical"
    )
    assert pair.sync() == []
    row = pair.snow_get(sys_id)
    assert (row["short_description"], row["priority"]) == ("Mail is down in Oslo", "1")
    pair.snow_set(sys_id, short_description="Mail is up again", impact="3", urgency="3")
    assert pair.sync() == []
    row = pair.read(number)
    assert (row["Description"], row["Priority"]) == ("Mail is up again", "Low")
    before = pair.mark()
    pair.sync(rounds=6)
    assert {call.split()[0] for call in pair.ours(before)} == {"GET"}
    # One for the work log and one for incidents in each poll, and what the look back brings is known already.
    assert len(pair.ours(before)) <= 6 * 2 + 2


def test_assignee_and_group_go_by_address_and_name(linked):
    pair, sys_id, number = linked
    network = pair.snow("GET", "table/sys_user_group?sysparm_query=name=Network")[0]["sys_id"]
    pair.snow_set(sys_id, assigned_to=pair.person("bruno"), assignment_group=network)
    assert pair.sync() == []
    row = pair.read(number)
    assert (row["Assignee"], row["Assigned Group"], row["Assigned Support Organization"]) == (
        "Bruno Keller",
        "Network",
        "IT Support",
    )
    pair.change(number, Assignee__Login__ID="chloe")
    assert pair.sync() == []
    assert pair.snow_get(sys_id)["assigned_to"] == pair.person("chloe")


def test_the_way_of_a_status_with_what_helix_asks_for(linked):
    pair, sys_id, number = linked
    pair.snow_set(sys_id, assigned_to=pair.person("bruno"), state="2")
    assert pair.sync() == []
    assert (pair.read(number)["Status"], pair.read(number)["Assignee"]) == ("In Progress", "Bruno Keller")
    pair.snow_set(sys_id, state="3", hold_reason="4")
    assert pair.sync() == []
    assert (pair.read(number)["Status"], pair.read(number)["Status_Reason"]) == ("Pending", "Client Hold")
    pair.snow_set(sys_id, state="6", close_code="Solution provided", close_notes="Restarted the relay.")
    assert pair.sync() == []
    row = pair.read(number)
    assert (row["Status"], row["Status_Reason"]) == ("Resolved", "No Further Action Required")
    assert row["Resolution"] == "Restarted the relay."
    pair.snow_set(sys_id, state="2")
    assert pair.sync() == []
    assert pair.read(number)["Status"] == "In Progress"
    assert pair.app.parked() == []


def test_what_is_resolved_and_reopened_on_helix_follows_on_servicenow(linked):
    pair, sys_id, number = linked
    pair.change(
        number,
        Assignee__Login__ID="bruno",
        Status="Resolved",
        Status_Reason="Temporary Corrective Action",
        Resolution="Rebooted.",
    )
    assert pair.sync() == []
    row = pair.snow_get(sys_id)
    assert (row["state"], row["close_notes"]) == ("6", "Rebooted.")
    pair.change(number, Status="In Progress")
    assert pair.sync() == []
    assert pair.snow_get(sys_id)["state"] == "2"


def test_a_status_that_asks_for_an_assignee_gets_the_stand_in(linked):
    pair, sys_id, number = linked
    pair.snow_set(sys_id, state="2")
    assert pair.sync() == []
    assert (pair.read(number)["Status"], pair.read(number)["Assignee Login ID"]) == (
        "In Progress",
        "syncline",
    )
    assert pair.app.parked() == []
    pair.sync(rounds=4)
    # Nobody chose it, and somebody who is assigned later takes over.
    pair.snow_set(sys_id, assigned_to=pair.person("diane"))
    assert pair.sync() == []
    assert pair.read(number)["Assignee"] == "Diane Novak"


def test_without_a_stand_in_it_waits_for_a_person_and_says_why(pair_of):
    pair = pair_of(more="poll_every: 10")
    sys_id = pair.snow_open("Mail is down")
    pair.sync()
    pair.snow_set(sys_id, state="2")
    pair.sync()
    (parked,) = pair.app.parked()
    assert "requires an Assignee" in parked.reason
    pair.snow_set(sys_id, short_description="Other fields flow on")
    pair.sync()
    assert pair.all()[0]["Description"] == "Other fields flow on"
    before = pair.mark()
    pair.sync(rounds=4)
    assert not [call for call in pair.ours(before) if not call.startswith("GET")]


@pytest.mark.parametrize("side", ["snow", "helix"])
def test_a_status_that_waits_for_a_field_comes_loose_when_somebody_fills_it_in(pair_of, side):
    pair = pair_of(more="poll_every: 10")
    sys_id = pair.snow_open("Mail is down")
    pair.sync()
    pair.snow_set(sys_id, state="2")
    pair.sync()
    assert len(pair.app.parked()) == 1
    if side == "snow":
        pair.snow_set(sys_id, assigned_to=pair.person("bruno"))
    else:
        (row,) = pair.all()
        pair.change(row["Incident Number"], **{"Assignee Login ID": "bruno", "Assignee": "Bruno Keller"})
    assert pair.sync(rounds=4) == []
    (row,) = pair.all()
    assert (row["Status"], row["Assignee"]) == ("In Progress", "Bruno Keller")
    assert pair.snow_get(sys_id)["state"] == "2"
    assert pair.app.parked() == []


def test_notes_keep_their_visibility_and_arrive_once(linked):
    pair, sys_id, number = linked
    pair.snow_set(sys_id, work_notes="The disk is full.")
    pair.snow_set(sys_id, comments="We are on it.")
    pair.note(number, "Cable checked.")
    pair.note(number, "Please be patient.", "Public")
    assert pair.sync(rounds=5) == []
    there = {
        part: note["View Access"]
        for note in pair.notes(number)
        for part in ("The disk is full.", "We are on it.")
        if part in note["Detailed Description"]
    }
    assert there == {"The disk is full.": "Internal", "We are on it.": "Public"}
    here = pair.snow_notes(sys_id)
    assert [element for element, text in here if "Cable checked." in text] == ["work_notes"]
    assert [element for element, text in here if "Please be patient." in text] == ["comments"]
    assert len(pair.notes(number)) == 5


def test_files_go_both_ways_once(linked):
    pair, sys_id, number = linked
    pair.attach(number, "trace ü.txt", b"from helix")
    assert pair.sync(rounds=4) == []
    files = pair.snow("GET", f"attachment?sysparm_query=table_sys_id={sys_id}")
    assert [(file["file_name"], file["size_bytes"]) for file in files] == [("trace ü.txt", "10")]
    from syncline.sandbox.platform import Request

    token = "Basic YnJ1bm86eA=="
    query = f"table_name=incident&table_sys_id={sys_id}&file_name=log.txt"
    pair.instances["snow"].apply(
        Request(
            "POST",
            "/api/now/attachment/file",
            query,
            {"authorization": token, "accept": "application/json", "content-type": "text/plain"},
            b"from snow",
        )
    )
    assert pair.sync(rounds=8) == []
    own = [note for note in pair.notes(number) if note["Submitter"] == "syncline" and note["z2AF Work Log01"]]
    assert [(note["z2AF Work Log01"]["name"], note["z2AF Work Log01"]["sizeBytes"]) for note in own] == [
        ("log.txt", 9)
    ]
    assert len(pair.snow("GET", f"attachment?sysparm_query=table_sys_id={sys_id}")) == 2


@pytest.mark.parametrize("fault", ["html", "hibernate"])
def test_a_page_that_comes_in_place_of_a_file_is_not_copied_as_the_file(linked, fault):
    """A gateway answers with its own page, and says that all is well."""
    pair, sys_id, number = linked
    pair.fault(fault, "GET", "/attach/")
    pair.attach(number, "trace.txt", b"from helix")
    pair.sync(30.0, rounds=4)
    files = pair.snow("GET", f"attachment?sysparm_query=table_sys_id={sys_id}")
    assert [(file["file_name"], file["size_bytes"]) for file in files] == [("trace.txt", "10")]


def test_a_lost_reply_to_a_create_makes_no_second_ticket(pair):
    pair.fault("reset_after", "POST", "IncidentInterface_Create")
    pair.snow_open("Mail is down")
    pair.sync(60.0, rounds=8)
    (row,) = pair.all()
    assert "unknown" in [event.kind for event in pair.app.explain(row["Incident Number"])[0].events]


def test_who_takes_our_new_ticket_before_we_have_found_it_has_it_everywhere(pair):
    """Found by the simulation: the audit calls people by their logins."""
    pair.fault("reset_after", "POST", "IncidentInterface_Create")
    sys_id = pair.snow_open("Mail is down")
    pair.sync(rounds=1)
    (row,) = pair.all()
    pair.clock.move(5.0)
    given = {"Status": "Pending", "Status_Reason": "Client Hold", "Assignee__Login__ID": "bruno"}
    pair.change(row["Incident Number"], "bruno", **given)
    pair.sync(rounds=20)
    assert pair.read(row["Incident Number"])["Assignee Login ID"] == "bruno"
    assert pair.snow_get(sys_id)["assigned_to"] == pair.person("bruno")


def test_a_create_that_never_came_through_is_made(pair):
    pair.fault("reset_before", "POST", "IncidentInterface_Create")
    pair.snow_open("Mail is down")
    pair.sync(60.0, rounds=8)
    assert [row["Description"] for row in pair.all()] == ["Mail is down"]


def test_a_lost_reply_to_a_note_makes_no_second_one(linked):
    pair, sys_id, number = linked
    pair.fault("reset_after", "POST", "WorkLog")
    pair.snow_set(sys_id, work_notes="Only once")
    pair.sync(60.0, rounds=8)
    assert len([note for note in pair.notes(number) if "Only once" in note["Detailed Description"]]) == 1


def test_an_expired_token_is_renewed_and_sessions_are_not_used_up(linked):
    pair, sys_id, number = linked
    pair.platform.expire_tokens()
    pair.snow_set(sys_id, short_description="Still in agreement")
    assert pair.sync() == []
    assert pair.read(number)["Description"] == "Still in agreement"
    assert pair.platform.open_sessions() == 1
    for _ in range(8):
        pair.reopen()
        assert pair.sync(rounds=1) == []
    assert pair.platform.open_sessions() == 1
    pair.app.close()
    assert pair.platform.open_sessions() == 0


def test_an_edit_that_our_write_overwrote_is_found_in_the_audit(linked):
    pair, sys_id, number = linked
    pair.snow_set(sys_id, short_description="From ServiceNow")
    pair.once(
        "helix",
        "PUT",
        "IncidentInterface",
        lambda: pair.change(number, "bruno", Description="From Helix"),
        before=True,
    )
    assert pair.sync(rounds=5) == []
    conflicts = pair.said(number, "conflict")
    assert any("From Helix" in text and "From ServiceNow" in text for text in conflicts)
    titles = {pair.read(number)["Description"], pair.snow_get(sys_id)["short_description"]}
    assert len(titles) == 1


def test_who_gave_in_part_what_our_write_then_gave_had_not_seen_that(pair):
    """All that our write gave stood there by then, so that it left no line: the rest of their priority is no edit of ours."""
    sys_id = pair.snow_open("Mail is down", impact="3", urgency="3")
    assert pair.sync() == []
    number = pair.all()[0]["Incident Number"]
    pair.snow_set(sys_id, impact="2", urgency="2")
    given = {"Impact": "1-Extensive/Widespread", "Urgency": "3-Medium"}
    pair.once("helix", "PUT", "IncidentInterface", lambda: pair.change(number, "chloe", **given), before=True)
    assert pair.sync(rounds=5) == []
    (said,) = [text for text in pair.said(number, "conflict") if text.startswith("priority")]
    assert "on snow says 3" in said
    assert "chloe on helix says 2" in said
    assert (pair.read(number)["Priority"], pair.snow_get(sys_id)["priority"]) in {
        ("High", "2"),
        ("Medium", "3"),
    }


def test_what_somebody_else_gave_meanwhile_is_no_late_arrival_of_our_write(linked):
    """Ours never came, and was still looked for when the incident had moved on, and somebody took it back by hand."""
    pair, sys_id, number = linked
    pair.snow_set(sys_id, state="2")
    pair.fault("reset_before", "PUT", "IncidentInterface")
    pair.sync(rounds=1)
    assert pair.said(number, "unknown")
    waits = {"Status": "Pending", "Status_Reason": "Client Hold", "Assignee__Login__ID": "chloe"}
    pair.change(number, "chloe", **waits)
    pair.sync(rounds=2)
    assert pair.snow_get(sys_id)["state"] == "3"
    pair.change(number, "bruno", Status="In Progress")
    pair.sync(rounds=3)
    assert pair.sync(60.0, rounds=6) == []
    assert (pair.read(number)["Status"], pair.snow_get(sys_id)["state"]) == ("In Progress", "2")
    assert pair.app.parked() == []


def test_without_an_audit_status_is_all_that_is_told(pair_of):
    pair = pair_of(audited=False)
    sys_id = pair.snow_open("Mail is down")
    pair.sync()
    number = pair.all()[0]["Incident Number"]
    pair.snow_set(sys_id, short_description="From ServiceNow")
    assert pair.sync(60.0, rounds=6) == []
    assert pair.read(number)["Description"] == "From ServiceNow"
    assert pair.said(number, "unaudited") == []


def test_what_was_deleted_becomes_a_tombstone_and_is_not_made_again(linked):
    pair, sys_id, number = linked
    pair.helix("DELETE", f"HPD:Help Desk/{pair.read(number)['Entry ID']}", who="appadmin")
    pair.snow_set(sys_id, short_description="After the deletion")
    pair.sync(120.0, rounds=10)
    assert pair.all() == []
    assert any("no longer exists" in text for text in pair.said(pair.snow_get(sys_id)["number"], "gone"))


def test_a_closed_incident_takes_no_more_and_nothing_is_parked_for_it(linked):
    pair, sys_id, number = linked
    pair.change(
        number,
        Assignee__Login__ID="bruno",
        Status="Resolved",
        Status_Reason="Future Enhancement",
        Resolution="x",
    )
    pair.sync()
    pair.change(number, Status="Closed")
    assert pair.sync() == []
    pair.snow("PATCH", f"table/incident/{sys_id}", {"short_description": "Too late"}, "admin")
    pair.sync(rounds=5)
    assert pair.read(number)["Description"] == "Mail is down"
    assert pair.app.parked() == []


def test_a_page_instead_of_json_stops_nothing_for_good(linked):
    pair, sys_id, number = linked
    pair.instances["helix"].take_down("unavailable")
    pair.snow_set(sys_id, short_description="While it was down")
    assert pair.sync() != []
    pair.instances["helix"].take_down(None)
    pair.fault("html", "GET", "IncidentInterface")
    pair.sync(120.0, rounds=4)
    assert pair.read(number)["Description"] == "While it was down"


def test_other_alphabets_and_long_texts(linked):
    pair, sys_id, number = linked
    title = "Почта 📧 не 'работает' \"вообще\""
    pair.snow_set(sys_id, short_description=title, description="ü" * 3990 + "\r\nEnde  ")
    assert pair.sync() == []
    row = pair.read(number)
    assert row["Description"] == title
    assert row["Detailed Decription"].endswith("ü\nEnde")
    pair.change(number, Description="x" * 254)
    assert pair.sync() == []
    assert len(pair.snow_get(sys_id)["short_description"]) == 160
    before = pair.mark()
    pair.sync(rounds=4)
    assert not [call for call in pair.ours(before) if not call.startswith("GET")]
    assert len(pair.read(number)["Description"]) == 254


def test_a_cursor_across_a_restart_and_a_backlog_leave_nothing_out(pair_of):
    pair = pair_of(more="stand_in: syncline, page_size: 10")
    pair.sync()
    made = [pair.open(f"Number {n}") for n in range(37)]
    pair.reopen()
    assert pair.sync() == []
    assert sorted(row["short_description"] for row in pair.snow_all()) == sorted(
        f"Number {n}" for n in range(37)
    )
    assert len(set(made)) == len(pair.snow_all())


def test_check_is_content(pair):
    pair.open("x")
    findings = [finding for _, finding in pair.app.check(["helix"])]
    assert {finding.severity.value for finding in findings} == {"ok"}
    of_instance, of_platform = [finding.message for finding in findings if finding.check == "history"]
    assert "can be read" in of_instance
    assert "known gaps: fields that are not marked for the audit" in of_platform


def test_what_helix_cannot_empty_stays_and_is_no_matter_for_a_person(pair):
    network = pair.snow("GET", "table/sys_user_group?sysparm_query=name=Network")[0]["sys_id"]
    bruno = pair.person("bruno")
    sys_id = pair.snow_open("Mail is down", assignment_group=network, assigned_to=bruno, state="2")
    pair.sync()
    (row,) = pair.all()
    assert (row["Status"], row["Assignee"], row["Assigned Group"]) == (
        "In Progress",
        "Bruno Keller",
        "Network",
    )
    pair.snow_set(sys_id, assignment_group="")
    pair.snow_set(sys_id, assigned_to="")
    assert pair.sync(rounds=4) == []
    row = pair.read(row["Incident Number"])
    # A group stays; somebody has to be assigned while work is under way, so the stand-in takes over.
    assert (row["Assigned Group"], row["Assignee Login ID"]) == ("Network", "syncline")
    assert pair.app.parked() == []
    before = pair.mark()
    pair.sync(rounds=4)
    assert not [call for call in pair.ours(before) if not call.startswith("GET")]


def test_a_row_from_before_our_write_in_its_second_undoes_nothing(linked):
    """Helix stamps whole seconds: a page that was made before our write, and is stored after it, is of the same second."""
    pair, sys_id, number = linked
    station = pair.app.station
    helix = station.endpoints["helix"]
    pair.change(number, "bruno", Impact="1-Extensive/Widespread", Urgency="1-Critical")
    (row,) = helix.connector.read_many([number])
    pair.snow_set(sys_id, short_description="From ServiceNow")
    pair.clock.move(0.3)
    for _ in range(3):
        pair.app.sync_once(lambda _text: None)
    assert pair.read(number)["Description"] == "From ServiceNow"
    station.database.transact(lambda tx: take_in(tx, station, helix, [row], listed=True))
    assert pair.sync(rounds=5) == []
    assert pair.read(number)["Description"] == pair.snow_get(sys_id)["short_description"] == "From ServiceNow"
    assert pair.read(number)["Priority"] == "Critical"
    assert pair.snow_get(sys_id)["priority"] == "1"
