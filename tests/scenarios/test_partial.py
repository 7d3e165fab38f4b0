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
