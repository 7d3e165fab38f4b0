"""What people edited around a backup, once it is adopted: what nobody replaced knowingly stands, or is on record."""

import pytest
from old_store import Backup, jira_create, pd_create, settle, wait


def test_the_newest_edit_stands_and_not_the_record_that_was_touched_last(trio):
    world, people = trio.world, trio.world.people
    backup = Backup(world)
    people.snow_set(trio.sys_id, short_description="Mail is slow")
    world.settle()
    people.jira_set(trio.key, summary="Mail is lost")  # nobody carried it on any more
    world.clock.advance(30)
    people.snow_set(trio.sys_id, impact="1", urgency="1")  # touches the record that has the older title
    backup.restore()
    backup.adopt()
    assert trio.titles() == ("Mail is lost",) * 3
    assert trio.snow["priority"] == "1"
    assert trio.jira["priority"]["name"] == "Highest"
    assert world.parked() == []


def test_edits_made_while_nobody_was_at_work_are_carried_on(trio):
    world, people = trio.world, trio.world.people
    people.snow_set(trio.sys_id, short_description="Mail is slow")
    world.settle()
    backup = Backup(world)
    people.pd_set(trio.pd_id, title="Mail is slow again")
    people.jira_move(trio.key, "In Progress")
    world.clock.advance(600)
    backup.restore()
    marks = world.marks()
    assert world.app.recognised() is None  # nothing was done since, so nothing is missing
    settle(world)
    assert trio.titles() == ("Mail is slow again",) * 3
    assert trio.snow["state"] == "2"
    assert len([w for w in world.writes(marks) if "title" in w or "incident" in w]) <= 4


def test_what_escalation_itself_decided_is_not_taken_back(desk):
    world = desk.world
    trio = desk.urgent(short_description="Mail is down")
    world.settle()
    backup = Backup(world)
    desk.at(trio, 16, 31)
    groups = (trio.snow["assignment_group"], trio.jira["labels"], trio.pd["escalation_policy"]["id"])
    backup.restore()
    marks = world.marks()
    backup.adopt()
    assert (trio.snow["assignment_group"], trio.jira["labels"], trio.pd["escalation_policy"]["id"]) == groups
    assert [w for w in world.writes(marks) if "responder" not in w] == []


def test_who_replaced_a_priority_of_a_lost_incident_is_not_outvoted_by_it(cloud):
    """Found by the simulation: it was not known what they had seen, and the highest won."""
    world, people = cloud, cloud.people
    world.configure("default: latest", "default: latest\n  priority: highest")
    world.sync()
    backup = Backup(world)
    sys_id = people.snow_create(short_description="Mail is down", impact="1", urgency="2")
    world.settle()
    world.clock.advance(30)
    (issue,) = people.jira_all()
    people.jira_set(issue["key"], priority={"name": "Medium"})
    world.clock.advance(30)
    people.jira_set(issue["key"], priority={"name": "Low"})
    backup.restore()
    backup.adopt()
    row = people.snow_get(sys_id)
    assert row["priority"] == "4"
    assert world.said(row["number"], "conflict") == []


def test_who_changed_what_our_ticket_was_created_with_has_seen_that(cloud):
    """Found by the simulation: PagerDuty logged no priority, so it was not known what had been replaced there, and the highest
    won."""
    world, people = cloud, cloud.people
    world.configure("default: latest", "default: latest\n  priority: highest")
    world.sync()
    backup = Backup(world)
    sys_id = people.snow_create(short_description="Mail is down", impact="1", urgency="1")
    world.settle()
    world.clock.advance(30)
    (alert,) = people.pd_all()
    people.pd_priority(alert["id"], "P5")
    backup.restore()
    backup.adopt()
    row = people.snow_get(sys_id)
    assert row["priority"] == "5"
    assert world.said(row["number"], "conflict") == []


@pytest.mark.parametrize("where", ["where it was copied to", "where it was made"])
def test_an_edit_of_the_lost_time_that_was_replaced_is_not_found_again(trio, where):
    world, people = trio.world, trio.world.people
    world.configure("default: latest", "default: latest\n  priority: highest")
    backup = Backup(world)
    world.clock.advance(30)
    people.snow_set(trio.sys_id, impact="1", urgency="2")
    world.settle()
    assert trio.jira["priority"]["name"] == "High"
    world.clock.advance(30)
    if where == "where it was made":
        people.snow_set(trio.sys_id, impact="2", urgency="3")
    else:
        people.jira_set(trio.key, priority={"name": "Low"})
    backup.restore()
    backup.adopt()
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("4", "Low")
    assert trio.said("conflict") == []


def test_what_two_sides_said_in_the_lost_time_without_seeing_one_another_is_on_record(trio):
    world, people = trio.world, trio.world.people
    world.configure("default: latest", "default: latest\n  priority: highest")
    backup = Backup(world)
    world.clock.advance(30)
    people.snow_set(trio.sys_id, impact="1", urgency="2")
    world.clock.advance(30)
    people.jira_set(trio.key, priority={"name": "Low"})
    backup.restore()
    backup.adopt()
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("2", "High")
    assert any("4" in text for text in trio.said("conflict"))


@pytest.mark.parametrize("known", [False, True], ids=["the lost store knew", "the backup knows"])
def test_a_word_that_says_the_same_elsewhere_is_an_edit_of_the_lost_time_too(trio, known):
    """In Review is in progress to all others. It came after the end that somebody gave the incident elsewhere, unseen."""
    world, people = trio.world, trio.world.people
    backup = Backup(world)
    world.clock.advance(30)
    people.jira_move(trio.key, "In Progress")
    world.settle()
    assert trio.snow["state"] == "2"
    backup = Backup(world) if known else backup
    world.clock.advance(30)
    people.snow_set(trio.sys_id, state="6", close_code="Resolved by caller", close_notes="Done.")
    world.clock.advance(30)
    people.jira_move(trio.key, "In Review")
    backup.restore()
    backup.adopt()
    assert (trio.jira["status"]["name"], trio.snow["state"]) == ("In Review", "2")
    assert any("amina on snow says resolved" in text for text in trio.said("conflict"))


def test_who_had_a_lost_incident_when_it_was_resolved_in_pagerduty_is_not_forgotten(cloud):
    """Found by the simulation: what is resolved names nobody there, and the others were left with two opinions."""
    world, people = cloud, cloud.people
    world.sync()
    backup = Backup(world)
    world.sandbox["snow"].take_down("reset")
    pd_id = pd_create(world, "Mail is down")
    world.settle()
    (issue,) = people.jira_all()
    on_call = issue["fields"]["assignee"]["emailAddress"]
    people.pd_set(pd_id, status="resolved")
    backup.restore()
    world.sandbox["snow"].take_down(None)
    backup.adopt()
    (row,) = people.snow_all()
    assert world.value(row["number"], "assignee") == on_call
    assert people.snow("GET", f"sys_user/{row['assigned_to']}")["email"] == on_call
    assert people.jira("GET", f"issue/{issue['key']}")["fields"]["assignee"]["emailAddress"] == on_call


def test_an_edit_of_which_no_history_tells_is_found_beside_those_of_which_it_does(cloud):
    """Found by the simulation: PagerDuty logs no titles, and since the title had changed elsewhere it passed for one that was
    only older."""
    world, people = cloud, cloud.people
    world.sync()
    backup = Backup(world)
    sys_id = people.snow_create(short_description="Mail is down")
    world.settle()
    world.clock.advance(30)
    people.snow_set(sys_id, short_description="Mail is slow")
    world.clock.advance(30)
    (alert,) = people.pd_all()
    people.pd_set(alert["id"], title="Mail is lost")
    backup.restore()
    backup.adopt()
    row = people.snow_get(sys_id)
    assert row["short_description"] == "Mail is lost"
    assert any("Mail is slow" in text for text in world.said(row["number"], "conflict"))


def test_a_platform_that_logs_a_field_is_believed_that_nobody_edited_it(cloud):
    """Found by the simulation: somebody used our account in Jira, and that nobody there was known to have said so counted for
    an edit in ServiceNow, whose old title came back everywhere."""
    world, people = cloud, cloud.people
    world.sync()
    backup = Backup(world)
    key = jira_create(world, "Mail is down")
    world.settle()
    world.clock.advance(30)
    people.jira_set(key, who="syncline", summary="Mail is slow")
    (alert,), (row,) = people.pd_all(), people.snow_all()
    people.pd_set(alert["id"], title="Mail is lost")
    world.clock.advance(30)
    people.snow_set(row["sys_id"], impact="1", urgency="1")
    backup.restore()
    backup.adopt()
    (row,) = people.snow_all()
    assert (row["short_description"], row["priority"]) == ("Mail is lost", "1")
    assert any("Mail is slow" in text for text in world.said(row["number"], "conflict"))


def test_labels_that_several_put_on_one_after_the_other_all_stay(cloud):
    world, people = cloud, cloud.people
    world.sync()
    backup = Backup(world)
    people.snow_create(short_description="Mail is down")
    world.settle()
    (issue,) = people.jira_all()
    for label in ("mail", "provider"):
        world.clock.advance(30)
        people.jira("PUT", f"issue/{issue['key']}", {"update": {"labels": [{"add": label}]}})
    backup.restore()
    backup.adopt()
    (issue,) = people.jira_all()
    assert {"mail", "provider"} <= set(issue["fields"]["labels"])


def test_an_end_that_somebody_gave_with_our_account_is_not_taken_for_what_pagerduty_makes_of_it(trio):
    """Found by the simulation: both were written by our account, and what it had written last counted."""
    world = trio.world
    backup = Backup(world)
    world.clock.advance(30)
    world.people.jira_move(trio.key, "Canceled", who="syncline")
    world.settle()
    assert trio.pd["status"] == "resolved"
    backup.restore()
    backup.adopt()
    assert (trio.jira["status"]["name"], trio.snow["state"]) == ("Canceled", "8")
    assert trio.said("conflict") == []


def test_where_no_history_tells_which_is_newer_what_is_not_taken_is_on_record(cloud):
    world, people = cloud, cloud.people
    world.sync()
    backup = Backup(world)
    sys_id = people.snow_create(short_description="Mail is down")
    world.poll("snow")
    world.reconcile()
    world.deliver("pd")
    (alert,) = people.pd_all()
    world.clock.advance(30)
    people.pd_priority(alert["id"], "P1")
    backup.restore()
    backup.adopt()
    row = people.snow_get(sys_id)
    (record,) = [e for e in world.app.explain(row["number"])[0].events if e.kind == "conflict"]
    assert record.data["winner"] == ["snow", 3]
    assert [loser[0::2] for loser in record.data["losers"]] == [["pd", 1]]


def test_what_differs_where_all_histories_are_silent_was_edited(cloud):
    """Found by the simulation: PagerDuty logs no priorities, but Jira does, and nobody had given one there. The edit in PagerDuty
    was only put on record."""
    world, people = cloud, cloud.people
    world.sync()
    backup = Backup(world)
    key = jira_create(world, "Mail is down")
    world.poll("jira")
    world.reconcile()
    world.deliver("pd")
    (alert,) = people.pd_all()
    world.clock.advance(30)
    people.pd_priority(alert["id"], "P1")
    backup.restore()
    backup.adopt()
    assert people.jira("GET", f"issue/{key}")["fields"]["priority"]["name"] == "Highest"
    assert world.said(key, "conflict") == []


def test_a_step_of_ours_on_the_way_to_a_status_is_nobodys_decision(trio):
    """Found by the simulation: it was the last that our account had written, and nobody had said so: it opened again what
    somebody had resolved."""
    world = trio.world
    backup = Backup(world)
    world.clock.advance(30)
    world.people.snow_set(trio.sys_id, state="6", close_code="Solution provided", close_notes="Mended.")
    world.clock.advance(30)
    world.fault("jira", "error_before", "POST", "/transitions$", skip=1, count=1000)
    world.settle()
    assert (trio.jira["status"]["name"], trio.pd["status"]) == ("In Progress", "resolved")
    world.sandbox["jira"].clear_faults()
    backup.restore()
    backup.adopt()
    assert (trio.snow["state"], trio.jira["status"]["name"], trio.pd["status"]) == ("6", "Done", "resolved")


def test_a_step_of_ours_towards_what_the_backup_knows_is_nobodys_decision(trio):
    """Found by the simulation: no history that was read went back to what the step led to."""
    world = trio.world
    world.people.snow_set(trio.sys_id, state="6", close_code="Solution provided", close_notes="Mended.")
    world.fault("jira", "error_before", "POST", "/transitions$", count=1000)
    wait(world, 30)
    backup = Backup(world)
    world.sandbox["jira"].clear_faults()
    world.fault("jira", "error_before", "POST", "/transitions$", skip=1, count=1000)
    wait(world, 30)
    assert (trio.jira["status"]["name"], trio.pd["status"]) == ("In Progress", "resolved")
    world.sandbox["jira"].clear_faults()
    backup.restore()
    backup.adopt()
    assert (trio.snow["state"], trio.jira["status"]["name"], trio.pd["status"]) == ("6", "Done", "resolved")


# ---- what nobody replaced knowingly --------------------------------------------------------------


def test_who_gives_a_field_anew_what_the_backup_knows_has_edited_it(trio):
    """Found by the simulation: nothing had changed there, so what they had replaced came back everywhere."""
    world, people = trio.world, trio.world.people
    world.configure("default: latest", "default: latest\n  priority: highest")
    backup = Backup(world)
    world.clock.advance(30)
    people.pd_priority(trio.pd_id, "P2")
    world.settle()
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("2", "High")
    world.clock.advance(30)
    people.jira_set(trio.key, priority={"name": "Medium"})
    people.pd("POST", f"incidents/{trio.pd_id}/notes", {"note": {"content": "Called the provider."}})
    backup.restore()
    backup.adopt()
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("3", "Medium")
    assert trio.pd["priority"]["summary"] == "P3"
    assert trio.said("conflict") == []


def test_who_gives_a_ticket_anew_what_it_was_created_with_has_edited_it(cloud):
    """Found by the simulation: the backup did not know the ticket, and it said what the incident says."""
    world, people = cloud, cloud.people
    world.sync()
    key = jira_create(world, "Mail is down")
    world.poll("jira")
    world.reconcile()
    backup = Backup(world)
    world.settle()
    (row,) = people.snow_all()
    world.clock.advance(30)
    people.jira_set(key, priority={"name": "Lowest"})
    for impact in ("3", "2"):
        world.clock.advance(30)
        people.snow_set(row["sys_id"], impact=impact)
    backup.restore()
    backup.adopt()
    assert (
        people.snow_get(row["sys_id"])["priority"],
        people.jira("GET", f"issue/{key}")["fields"]["priority"]["name"],
    ) == ("3", "Medium")
    assert any("jira says 5" in text for text in world.said(key, "conflict"))


def test_all_who_gave_a_lost_incident_the_status_that_lost_are_on_record(cloud):
    """Found by the simulation: who had said the same as the first ticket was forgotten."""
    world, people = cloud, cloud.people
    world.sync()
    backup = Backup(world)
    sys_id = people.snow_create(short_description="Mail is down")
    world.settle()
    (issue,), (alert,) = people.jira_all(), people.pd_all()
    world.clock.advance(30)
    people.snow_set(sys_id, state="6", close_code="Solution provided", close_notes="Mended.")
    people.pd_set(alert["id"], status="resolved")
    world.clock.advance(30)
    people.jira_move(issue["key"], "In Progress")
    backup.restore()
    backup.adopt()
    row = people.snow_get(sys_id)
    assert row["state"] == "2"
    (said,) = world.said(row["number"], "conflict")
    assert "snow says resolved" in said
    assert "pd says resolved" in said


@pytest.mark.parametrize("since", [False, True], ids=["as it was left", "replaced since"])
def test_what_the_lost_store_overwrote_unseen_is_on_record(trio, since):
    """Found by the simulation: what stood there was held against what others said, and not what our own write had replaced."""
    world, people = trio.world, trio.world.people
    backup = Backup(world)
    world.clock.advance(30)
    people.jira_set(trio.key, summary="Mail is slow")
    world.clock.advance(30)
    people.snow_set(trio.sys_id, short_description="Mail is lost")
    world.settle()
    assert trio.titles() == ("Mail is lost",) * 3
    world.clock.advance(30)
    if since:
        people.jira_set(trio.key, summary="Mail is odd")
    backup.restore()
    backup.adopt()
    assert trio.titles() == ("Mail is odd" if since else "Mail is lost",) * 3
    (said,) = trio.said("conflict")
    assert "Mail is slow" in said


def test_who_uses_our_account_has_not_copied_what_a_silent_platform_never_said(cloud):
    """Found by the simulation: PagerDuty logs no titles, so the title that was put there passed for one that had been edited there
    before; what PagerDuty said all along, for one that came after it."""
    world, people = cloud, cloud.people
    world.sync()
    backup = Backup(world)
    pd_create(world, "Mail is down")
    world.settle()
    (issue,) = people.jira_all()
    world.clock.advance(30)
    people.jira_set(issue["key"], who="syncline", summary="Mail is slow")
    backup.restore()
    backup.adopt()
    (row,), (alert,) = people.snow_all(), people.pd_all()
    assert (row["short_description"], alert["title"]) == ("Mail is slow", "Mail is slow")
    assert world.said(row["number"], "conflict") == []


# ---- who uses our account ------------------------------------------------------------------------


def test_who_uses_our_account_while_the_daemon_is_held_copies_nothing(trio):
    """Found by the simulation: what they gave passed for our copy of what somebody had said elsewhere before, and so for one that
    had not seen what it replaced."""
    world, people = trio.world, trio.world.people
    world.configure("default: latest", "default: latest\n  priority: highest")
    backup = Backup(world)
    backup.restore()
    backup.hold()
    world.clock.advance(70)
    people.snow_set(trio.sys_id, impact="2", urgency="3")
    world.clock.advance(30)
    people.jira_set(trio.key, priority={"name": "High"})
    world.clock.advance(1)
    people.jira_set(trio.key, who="syncline", priority={"name": "Low"})
    backup.adopt()
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("4", "Low")
    assert trio.said("conflict") == []


@pytest.mark.parametrize("first", ["snow", "jira"])
@pytest.mark.parametrize("after", [10, 70], ids=["while a write may land", "later"])
def test_what_our_account_gave_on_two_sides_while_the_daemon_is_held_is_said_twice(trio, first, after):
    """Found by the simulation: the second passed for a copy of the first, and only that was on record."""
    world, people = trio.world, trio.world.people
    world.configure("default: latest", "default: latest\n  priority: highest")
    backup = Backup(world)
    backup.restore()
    backup.hold()
    world.clock.advance(after)
    gives = {
        "snow": lambda: people.snow_set(trio.sys_id, who="syncline", impact="2", urgency="3"),
        "jira": lambda: people.jira_set(trio.key, who="syncline", priority={"name": "Low"}),
    }
    gives.pop(first)()
    world.clock.advance(3)
    gives.popitem()[1]()
    world.clock.advance(30)
    people.pd_priority(trio.pd_id, "P2")
    backup.adopt()
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("2", "High")
    (said,) = [text for text in trio.said("conflict") if text.startswith("priority")]
    assert "on snow says 4" in said
    assert "on jira says 4" in said


def test_what_our_account_replaced_knowingly_is_not_brought_back_by_what_stood_there_before(trio):
    """Found by the simulation: PagerDuty logs a second trigger on the way from resolved to acknowledged. It passed for a copy of the
    first one, which had seen nothing of the end."""
    world, people = trio.world, trio.world.people
    backup = Backup(world)
    world.clock.advance(30)
    people.pd_set(trio.pd_id, status="resolved")
    world.clock.advance(3)
    people.pd_set(trio.pd_id, who="syncline", status="acknowledged")
    world.settle()
    backup.restore()
    backup.adopt()
    assert (trio.pd["status"], trio.snow["state"], trio.jira["status"]["name"]) == (
        "acknowledged",
        "2",
        "In Progress",
    )
    assert trio.said("conflict") == []


def test_a_field_that_nobody_gave_a_value_contradicts_nobody(cloud):
    """Found by reading what a world said: impact and urgency of an incident that began elsewhere were nothing, and that was put on
    record as said by Syncline."""
    world, people = cloud, cloud.people
    world.sync()
    key = jira_create(world, "Mail is down")
    world.settle()
    backup = Backup(world)
    world.clock.advance(30)
    (row,) = people.snow_all()
    people.snow_set(row["sys_id"], impact="1", urgency="1")
    backup.restore()
    backup.adopt()
    assert people.jira("GET", f"issue/{key}")["fields"]["priority"]["name"] == "Highest"
    assert world.said(key, "conflict") == []


@pytest.mark.parametrize("origin", ["pd", "jira"])
def test_what_our_priority_set_beside_it_is_nobodys_urgency(cloud, origin):
    """Found by the daemon as a process: ServiceNow's urgency, which only our own write of a priority had set, was carried on to
    PagerDuty when a lost incident was found again."""
    world, people = cloud, cloud.people
    world.sync()
    backup = Backup(world)
    if origin == "pd":
        pd_create(world, "Mail is down")
    else:
        jira_create(world, "Mail is down")
    world.settle()
    world.clock.advance(30)
    if origin == "pd":
        people.pd_priority(people.pd_all()[0]["id"], "P4")
    else:
        people.jira_set(people.jira_all()[0]["key"], priority={"name": "Low"})
    world.settle()
    (row,) = people.snow_all()
    assert row["priority"] == "4"
    world.clock.advance(30)
    backup.restore()
    marks = world.marks()
    backup.adopt()
    assert world.said(row["number"], "changed") == []
    assert world.writes(marks) == []
