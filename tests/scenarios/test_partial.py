"""Writes of which a platform takes only a part."""

import json
from dataclasses import replace


def test_what_an_ended_incident_of_pagerduty_does_not_take_follows_when_it_is_open(trio):
    world = trio.world
    close = {"close_code": "Solution provided", "close_notes": "Restarted."}
    world.people.snow_set(trio.sys_id, state="6", **close)
    world.settle()
    assert trio.pd["status"] == "resolved"
    world.people.jira_move(trio.key, "In Progress")
    world.people.jira_set(trio.key, summary="Down again", priority={"name": "Highest"})
    world.settle(6)
    assert trio.pd["status"] == "acknowledged"
    assert trio.titles() == ("Down again",) * 3
    assert trio.pd["priority"]["summary"] == "P1"
    assert world.parked() == []


def test_who_takes_our_write_back_at_once_is_heard(both):
    """It looks as if the platform had passed over the field; its history knows better."""
    world = both.world
    world.after("jira", "PUT", "/issue/", lambda: world.people.jira_set(both.key, summary="Mail is down"))
    world.people.snow_set(both.sys_id, short_description="New")
    world.settle(6)
    assert both.titles() == ("Mail is down",) * 3


def test_what_a_platform_ignores_is_tried_twice_and_reported_once(trio, monkeypatch):
    """ServiceNow takes the request and leaves the field as it was."""
    world = trio.world
    world.settle()
    handle = world.sandbox["snow"].platform.handle

    def deaf(request, now, rng):
        if request.method == "PATCH":
            values = {k: v for k, v in request.json().items() if k != "short_description"}
            request = replace(
                request, body=json.dumps(values or {"description": "Nobody can send."}).encode()
            )
        return handle(request, now, rng)

    monkeypatch.setattr(world.sandbox["snow"].platform, "handle", deaf)
    marks = world.marks()
    world.people.jira_set(trio.key, summary="Not here")
    world.settle(6)
    assert [w for w in world.writes(marks) if w.startswith("snow")] == [
        "snow PATCH /api/now/table/incident/*"
    ] * 2
    assert trio.titles() == ("Mail is down", "Not here", "Not here")
    (said,) = trio.said("forced")
    assert "short_description" in said or "title" in said


def policy_of(trio):
    return trio.pd["escalation_policy"]["summary"]


def groups_of(world):
    return {row["name"]: row["sys_id"] for row in world.people.snow("GET", "sys_user_group")}


def test_a_group_that_is_cleared_stays_on_pagerduty_and_is_said_once(trio):
    """PagerDuty has no incident without an escalation policy: nothing that a person could mend."""
    world = trio.world
    groups = groups_of(world)
    world.people.snow_set(trio.sys_id, assignment_group=groups["Network"])
    world.settle()
    assert policy_of(trio) == "Network escalation"
    marks = world.marks()
    world.people.snow_set(trio.sys_id, assignment_group="", assigned_to="")
    world.settle(6)
    assert world.parked() == []
    assert not [w for w in world.writes(marks) if w.startswith("pd")]
    assert policy_of(trio) == "Network escalation"
    assert trio.snow["assignment_group"] == ""
    (said,) = [text for text in trio.said("withheld") if "group" in text]
    assert "group is not written to pd" in said
    assert "escalation_policy cannot be emptied there, and stays as it is" in said
    world.people.snow_set(trio.sys_id, assignment_group=groups["Database"])
    world.settle()
    assert policy_of(trio) == "Database escalation"


def test_a_group_of_a_resolved_incident_waits_on_pagerduty_until_it_is_open(trio):
    world = trio.world
    groups = groups_of(world)
    world.people.snow_set(trio.sys_id, assignment_group=groups["Network"])
    world.settle()
    world.people.pd_set(trio.pd["id"], status="resolved")
    world.settle()
    marks = world.marks()
    world.people.snow_set(trio.sys_id, assignment_group=groups["Database"], short_description="Was the disk")
    world.settle(6)
    assert world.parked() == []
    assert trio.titles() == ("Was the disk",) * 3
    assert len([w for w in world.writes(marks) if w.startswith("pd")]) == 1
    (said,) = [text for text in trio.said("withheld") if "group" in text]
    assert "escalation_policy cannot be changed there while the status is resolved" in said
    world.people.jira_move(trio.key, "In Progress")
    world.settle(6)
    # It is open again, and the new policy pages whoever is on call there.
    assert (trio.pd["status"], policy_of(trio)) == ("triggered", "Database escalation")
    assert trio.jira["status"]["name"] == "In Progress"
    assert world.parked() == []


def test_who_resolves_on_pagerduty_just_before_a_new_group_arrives_parks_nothing(trio):
    world = trio.world
    groups = groups_of(world)
    pd_id = trio.pd["id"]
    world.before("pd", "PUT", "/incidents/", lambda: world.people.pd_set(pd_id, status="resolved"))
    world.people.snow_set(trio.sys_id, assignment_group=groups["Database"])
    world.settle(6)
    assert world.parked() == []
    assert trio.pd["status"] == "resolved"
    assert trio.snow["state"] == "6"
    assert trio.snow["assignment_group"] == groups["Database"]
    assert [text for text in trio.said("withheld") if "while the status is resolved" in text]
