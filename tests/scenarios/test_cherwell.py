"""The real core between the simulated ServiceNow and the simulated Cherwell."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cherwell_pair import ALL, Pair

from syncline.model import Visibility


@pytest.fixture
def pair_of(folder, monkeypatch) -> Iterator[Callable[..., Pair]]:
    made: list[Pair] = []

    def make(more: str = "stand_in: Olga Petrova", routes: str = ALL, *, sync: bool = True, **knobs) -> Pair:
        made.append(Pair(folder, monkeypatch, more, routes, sync=sync, **knobs))
        return made[-1]

    yield make
    for pair in made:
        pair.app.close()


@pytest.fixture
def pair(pair_of) -> Pair:
    return pair_of()


@pytest.fixture
def linked(pair) -> tuple[Pair, str, str]:
    """An incident that began on ServiceNow and stands on both: the pair, its sys_id, its record id."""
    sys_id = pair.snow_open("Mail is down")
    assert pair.sync() == []
    return pair, sys_id, pair.desk.one()["RecID"]


def test_what_begins_on_servicenow_appears(pair):
    sys_id = pair.snow_open("Mail is down", description="Nobody can send.\nSince 9.", impact="1", urgency="1")
    assert pair.sync() == []
    row = pair.desk.one()
    assert (row["ShortDescription"], row["Description"]) == ("Mail is down", "Nobody can send.\nSince 9.")
    assert (row["Priority"], row["Status"], row["CreatedBy"]) == ("1", "New", "Syncline Integration")
    assert row["CustomerDisplayName"] == "Syncline Integration"
    assert row["SynclineID"].startswith("SL-")
    (link,) = row["remarks"]
    assert pair.snow_get(sys_id)["number"] in link["Details"]
    assert link["ShowInSelfService"] in (None, "", "False")
    assert pair.app.parked() == []


def test_what_begins_on_cherwell_appears(pair):
    pair.desk.open({"ShortDescription": "VPN is slow", "Description": "In Oslo.", "Priority": "1"})
    assert pair.sync() == []
    (row,) = pair.snow_all()
    assert (row["short_description"], row["priority"], row["state"]) == ("VPN is slow", "1", "1")
    assert any(pair.desk.one()["IncidentID"] in text for _, text in pair.snow_notes(row["sys_id"]))
    assert pair.app.parked() == []


def test_what_has_no_description_gets_one_that_goes_nowhere_else(pair):
    sys_id = pair.snow_open("Mail is down", description="")
    assert pair.sync(rounds=5) == []
    assert pair.desk.one()["Description"] == "Mail is down"
    assert pair.snow_get(sys_id)["description"] == ""
    assert pair.app.parked() == []


def test_edits_go_both_ways_and_an_unchanged_pair_is_not_written_to(linked):
    pair, sys_id, rec_id = linked
    pair.desk.edit(rec_id, {"ShortDescription": "Mail is down in Oslo", "Priority": "1"})
    assert pair.sync() == []
    row = pair.snow_get(sys_id)
    assert (row["short_description"], row["priority"]) == ("Mail is down in Oslo", "1")
    pair.snow_set(sys_id, short_description="Почта 📧 'снова' \"работает\"", impact="3", urgency="3")
    assert pair.sync() == []
    row = pair.desk.one()
    assert (row["ShortDescription"], row["Priority"]) == ("Почта 📧 'снова' \"работает\"", "5")
    before = pair.writes()
    pair.sync(rounds=6)
    assert pair.writes() == before


def test_owner_and_team_go_by_address_and_name(linked):
    pair, sys_id, rec_id = linked
    network = pair.snow("GET", "table/sys_user_group?sysparm_query=name=Network")[0]["sys_id"]
    pair.snow_set(sys_id, assigned_to=pair.person("bruno"), assignment_group=network)
    assert pair.sync() == []
    row = pair.desk.one()
    assert (row["OwnedBy"], row["OwnedByTeam"]) == ("Bruno Keller", "Network")
    pair.desk.edit(rec_id, {"OwnedBy": "Chloe Martin", "OwnedByTeam": "Database"})
    assert pair.sync() == []
    row = pair.snow_get(sys_id)
    assert row["assigned_to"] == pair.person("chloe")
    groups = pair.snow("GET", "table/sys_user_group?sysparm_query=name=Database")
    assert row["assignment_group"] == groups[0]["sys_id"]


def test_the_way_of_a_status_over_the_lifecycle(linked):
    pair, sys_id, _ = linked
    pair.snow_set(sys_id, state="2")
    assert pair.sync() == []
    assert (pair.desk.one()["Status"], pair.desk.one()["OwnedBy"]) == ("In Progress", "Olga Petrova")
    pair.snow_set(sys_id, state="3", hold_reason="4")
    assert pair.sync() == []
    assert pair.desk.one()["Status"] == "Pending"
    pair.snow_set(sys_id, state="6", close_code="Solution provided", close_notes="Restarted the relay.")
    assert pair.sync() == []
    assert (pair.desk.one()["Status"], pair.desk.one()["CloseDescription"]) == (
        "Resolved",
        "Restarted the relay.",
    )
    # Cherwell leads there over Reopened only.
    pair.snow_set(sys_id, state="2")
    assert pair.sync() == []
    assert pair.desk.one()["Status"] == "In Progress"
    pair.snow_set(sys_id, state="7", close_code="Solution provided", close_notes="It was the relay.")
    assert pair.sync() == []
    assert (pair.desk.one()["Status"], pair.desk.one()["CloseDescription"]) == ("Closed", "It was the relay.")
    assert pair.app.parked() == []


def test_what_is_resolved_and_reopened_on_cherwell_follows_on_servicenow(linked):
    pair, sys_id, rec_id = linked
    pair.desk.edit(rec_id, {"Status": "Resolved", "CloseDescription": "Rebooted."})
    assert pair.sync() == []
    row = pair.snow_get(sys_id)
    assert (row["state"], row["close_notes"]) == ("6", "Rebooted.")
    pair.desk.edit(rec_id, {"Status": "In Progress"})
    assert pair.sync() == []
    assert pair.snow_get(sys_id)["state"] == "2"


def test_a_stand_in_replaces_nobody_who_was_chosen_elsewhere_at_that_time(linked):
    """Cherwell asks for an owner before it knows of one, and gives it later than somebody was chosen."""
    pair, sys_id, _ = linked

    def choose() -> None:
        pair.snow_set(sys_id, assigned_to=pair.person("bruno"))
        pair.clock.move(5)

    pair.snow_set(sys_id, state="2")
    pair.before("savebusinessobject", choose)
    assert pair.sync(rounds=6) == []
    assert (pair.desk.one()["Status"], pair.desk.one()["OwnedBy"]) == ("In Progress", "Bruno Keller")
    assert pair.snow_get(sys_id)["assigned_to"] == pair.person("bruno")


def test_without_a_stand_in_it_waits_for_a_person_and_says_why(pair_of):
    pair = pair_of(more="poll_every: 10")
    sys_id = pair.snow_open("Mail is down")
    pair.sync()
    pair.snow_set(sys_id, state="2")
    pair.sync()
    (parked,) = pair.app.parked()
    assert "Owned By is required" in parked.reason
    pair.snow_set(sys_id, short_description="Other fields flow on")
    pair.sync()
    assert pair.desk.one()["ShortDescription"] == "Other fields flow on"
    # Once somebody has it, the status comes loose by itself.
    pair.snow_set(sys_id, assigned_to=pair.person("bruno"))
    assert pair.sync(60.0, rounds=6) == []
    assert (pair.desk.one()["Status"], pair.desk.one()["OwnedBy"]) == ("In Progress", "Bruno Keller")
    assert pair.app.parked() == []


def test_notes_keep_their_visibility_and_arrive_once(linked):
    pair, sys_id, rec_id = linked
    pair.snow_set(sys_id, work_notes="The disk is full.")
    pair.snow_set(sys_id, comments="We are on it.")
    pair.say(rec_id, "Cable checked.")
    pair.say(rec_id, "Please be patient.", Visibility.PUBLIC)
    assert pair.sync(rounds=5) == []
    there = {
        part: note["ShowInSelfService"] == "True"
        for note in pair.desk.one()["remarks"]
        for part in ("The disk is full.", "We are on it.")
        if part in note["Details"]
    }
    assert there == {"The disk is full.": False, "We are on it.": True}
    here = pair.snow_notes(sys_id)
    assert [element for element, text in here if "Cable checked." in text] == ["work_notes"]
    assert [element for element, text in here if "Please be patient." in text] == ["comments"]
    assert len(pair.desk.one()["remarks"]) == 5


def test_a_lost_reply_to_a_create_makes_no_second_ticket(pair):
    pair.fault("reset_after", "savebusinessobject")
    pair.snow_open("Mail is down")
    pair.sync(60.0, rounds=8)
    row = pair.desk.one()
    assert "unknown" in [event.kind for event in pair.app.explain(row["IncidentID"])[0].events]


def test_a_lost_reply_to_a_note_makes_no_second_one(linked):
    pair, sys_id, _ = linked
    pair.fault("reset_after", "saverelatedbusinessobject")
    pair.snow_set(sys_id, work_notes="Only once")
    pair.sync(60.0, rounds=8)
    assert len([note for note in pair.desk.one()["remarks"] if "Only once" in note["Details"]]) == 1


def test_an_expired_token_is_renewed_and_licences_are_not_used_up(linked):
    pair, sys_id, _ = linked
    for refresh in (False, True):
        pair.desk.platform.expire_tokens(refresh=refresh)
        pair.snow_set(sys_id, short_description=f"Still in agreement, {refresh}")
        assert pair.sync() == []
        assert pair.desk.one()["ShortDescription"] == f"Still in agreement, {refresh}"
    for _ in range(5):
        pair.reopen()
        assert pair.sync(rounds=1) == []
    assert pair.desk.platform.open_sessions() == 1
    pair.app.close()
    assert pair.desk.platform.open_sessions() == 0


def test_an_edit_that_our_write_overwrote_is_found_in_the_history(linked):
    pair, sys_id, rec_id = linked
    pair.snow_set(sys_id, short_description="From ServiceNow")
    pair.before("savebusinessobject", lambda: pair.desk.edit(rec_id, {"ShortDescription": "From Cherwell"}))
    assert pair.sync(rounds=5) == []
    conflicts = pair.said(pair.desk.one()["IncidentID"], "conflict")
    assert any("From Cherwell" in text and "From ServiceNow" in text for text in conflicts)
    titles = {pair.desk.one()["ShortDescription"], pair.snow_get(sys_id)["short_description"]}
    assert len(titles) == 1


def test_who_gives_the_status_that_is_our_own_next_step_is_on_record(linked):
    """Our step changes nothing then, and leaves no line in the history: theirs passed for it."""
    pair, sys_id, rec_id = linked
    pair.snow_set(sys_id, state="8")
    given = {"Status": "Resolved", "CloseDescription": "Rebooted."}
    pair.before("savebusinessobject", lambda: pair.desk.edit(rec_id, given))
    assert pair.sync(rounds=6) == []
    (conflict,) = pair.said(pair.desk.one()["IncidentID"], "conflict")
    assert "Amina Diallo on cherwell says resolved and stands; amina on snow says canceled" in conflict
    assert (pair.desk.one()["Status"], pair.snow_get(sys_id)["state"]) == ("Resolved", "6")
    assert pair.app.parked() == []


def test_who_takes_the_ticket_out_of_the_status_that_our_step_begins_in_parks_nothing(linked):
    """Cherwell refuses the step by naming the status, and the record is read again before anything is parked."""
    pair, sys_id, rec_id = linked
    pair.snow_set(sys_id, state="2")
    given = {"Status": "Resolved", "CloseDescription": "Rebooted."}

    def resolve() -> None:
        pair.clock.move(5)
        pair.desk.edit(rec_id, given)

    pair.before("savebusinessobject", resolve)
    assert pair.sync(rounds=6) == []
    assert (pair.desk.one()["Status"], pair.snow_get(sys_id)["state"]) == ("Resolved", "6")
    assert pair.app.parked() == []


def test_what_was_deleted_becomes_a_tombstone_and_is_not_made_again(linked):
    pair, sys_id, rec_id = linked
    pair.desk.delete(rec_id)
    pair.snow_set(sys_id, short_description="After the deletion")
    pair.sync(120.0, rounds=10)
    assert pair.desk.all() == []
    assert any("no longer exists" in text for text in pair.said(pair.snow_get(sys_id)["number"], "gone"))


def test_a_closed_incident_takes_no_more_and_nothing_is_parked_for_it(linked):
    pair, sys_id, rec_id = linked
    pair.desk.edit(rec_id, {"Status": "Closed"})
    assert pair.sync() == []
    pair.snow("PATCH", f"table/incident/{sys_id}", {"short_description": "Too late"}, "admin")
    pair.sync(rounds=5)
    assert pair.desk.one()["ShortDescription"] == "Mail is down"
    assert pair.app.parked() == []


def test_a_page_instead_of_json_stops_nothing_for_good(linked):
    pair, sys_id, _ = linked
    pair.desk.instance.take_down("unavailable")
    pair.snow_set(sys_id, short_description="While it was down")
    assert pair.sync() != []
    pair.desk.instance.take_down(None)
    pair.fault("html", "getsearchresults")
    pair.sync(120.0, rounds=4)
    assert pair.desk.one()["ShortDescription"] == "While it was down"


def test_a_cursor_across_a_restart_and_a_backlog_leave_nothing_out(pair_of):
    pair = pair_of(more="page_size: 10")
    pair.sync()
    for n in range(37):
        pair.desk.open({"ShortDescription": f"Number {n}"})
    pair.reopen()
    assert pair.sync() == []
    assert sorted(row["short_description"] for row in pair.snow_all()) == sorted(
        f"Number {n}" for n in range(37)
    )


def test_open_incidents_leave_by_the_route_of_the_documentation(pair_of):
    page = Path(__file__).parents[2].joinpath("docs/admins.md").read_text()
    block = page.partition("## Moving to another platform")[2].partition("```yaml\n")[2].partition("```")[0]
    routes = block.replace("cherwell-prod", "cherwell").replace("snow-prod", "snow")
    pair = pair_of(routes=routes, sync=False)
    old = pair.desk.open({"ShortDescription": "Mail is down"})
    ended = pair.desk.open({"ShortDescription": "Long ago"})
    pair.desk.edit(ended, {"Status": "Closed"})
    pair.say(old, "Cable checked.")
    pair.clock.move(3600.0)
    assert pair.sync(rounds=5) == []
    (row,) = pair.snow_all()
    assert row["short_description"] == "Mail is down"
    assert any("Cable checked." in text for _, text in pair.snow_notes(row["sys_id"]))
    # What is new on ServiceNow does not come here; what is new here still leaves.
    pair.snow_open("Printer is on fire")
    pair.desk.open({"ShortDescription": "VPN is slow"})
    assert pair.sync() == []
    assert {one["ShortDescription"] for one in pair.desk.all()} == {"Mail is down", "Long ago", "VPN is slow"}
    assert len(pair.snow_all()) == 3
    pair.snow_set(row["sys_id"], assigned_to=pair.person("bruno"))
    pair.snow_set(row["sys_id"], state="7", close_code="Solution provided", close_notes="The relay.")
    assert pair.sync() == []
    here = {one["ShortDescription"]: one for one in pair.desk.all()}
    assert (here["Mail is down"]["Status"], here["Mail is down"]["CloseDescription"]) == (
        "Closed",
        "The relay.",
    )
    assert pair.app.parked() == []


def test_what_was_canceled_and_waits_again_is_taken_out_of_closed(pair_of):
    pair = pair_of(routes=f"{ALL}\nreopen: {{from: [resolved, closed, canceled]}}")
    sys_id = pair.snow_open("Mail is down")
    assert pair.sync() == []
    pair.snow_set(sys_id, state="8")
    assert pair.sync(rounds=6) == []
    assert pair.desk.one()["Status"] == "Closed"
    pair.snow_set(sys_id, state="3", hold_reason="4")
    assert pair.sync(rounds=6) == []
    assert (pair.desk.one()["Status"], pair.app.parked()) == ("Pending", [])
    assert pair.desk.one()["PendingReason"]


def test_what_was_canceled_and_is_resolved_after_all_is_taken_out_of_closed(linked):
    """What goes with Resolved cannot be written to what is closed: it goes with the step that asks for it."""
    pair, sys_id, _ = linked
    pair.snow_set(sys_id, state="8")
    assert pair.sync(rounds=6) == []
    assert pair.desk.one()["Status"] == "Closed"
    ended = {"state": "6", "close_code": "Solution provided", "close_notes": "It was the relay."}
    pair.snow("PATCH", f"table/incident/{sys_id}", ended, "admin")
    assert pair.sync(rounds=6) == []
    assert (pair.desk.one()["Status"], pair.desk.one()["CloseDescription"]) == (
        "Resolved",
        "It was the relay.",
    )
    assert pair.app.parked() == []
