"""A person edits a record in the moment between our look at it and our write to it."""

import pytest


def _just_before(world, name, method, act):
    """Have `act` happen right before our next request of that method reaches the platform."""
    instance = world.sandbox[name]
    answer, done = instance.answer, []

    def wrapped(request):
        if request.method == method and not done and "syncline" in instance.platform.actor(request):
            done.append(True)
            act()
        return answer(request)

    instance.answer = wrapped
    return done


def test_a_priority_that_changes_while_a_note_is_copied_is_an_edit(cloud):
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Mail is down", impact="2", urgency="2")
    cloud.settle()
    (issue,), (incident,) = cloud.people.jira_all(), cloud.people.pd_all()
    cloud.people.jira("POST", f"issue/{issue['key']}/comment", {"body": "The queue is full."})
    done = _just_before(cloud, "snow", "PATCH", lambda: cloud.people.snow_set(sys_id, urgency="1"))
    cloud.settle(6)
    assert done
    assert cloud.people.snow_get(sys_id)["priority"] == "2"
    assert cloud.people.jira("GET", f"issue/{issue['key']}")["fields"]["priority"]["name"] == "High"
    assert cloud.people.pd("GET", f"incidents/{incident['id']}")["incident"]["priority"]["summary"] == "P2"


@pytest.mark.parametrize(
    "edit", [{"urgency": "3"}, {"impact": "3"}, {"state": "2"}, {"urgency": "3", "state": "2"}]
)
@pytest.mark.parametrize("ours", ["summary", "status"])
def test_an_edit_that_a_poll_showed_and_nobody_merged_yet_outlives_our_next_write(cloud, edit, ours):
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Mail is down", impact="2", urgency="2")
    cloud.settle()
    (issue,), (incident,) = cloud.people.jira_all(), cloud.people.pd_all()
    if ours == "summary":
        cloud.people.jira_set(issue["key"], summary="Mail is slow")
    else:
        cloud.people.jira_move(issue["key"], "In Progress")
    cloud.poll("jira")
    cloud.reconcile()  # our write is due now, and an edit comes in before it leaves
    cloud.people.snow_set(sys_id, **edit)
    cloud.poll("snow")
    cloud.deliver("snow")
    cloud.settle(6)
    row = cloud.people.snow_get(sys_id)
    assert {name: row[name] for name in edit} == edit
    shown = cloud.people.jira("GET", f"issue/{issue['key']}")["fields"]
    assert shown["priority"]["name"] == ("Low" if {"urgency", "impact"} & set(edit) else "Medium")
    assert shown["status"]["name"] == ("In Progress" if "state" in edit or ours == "status" else "To Do")
    assert cloud.people.pd("GET", f"incidents/{incident['id']}")["incident"]["priority"]["summary"] == (
        "P4" if {"urgency", "impact"} & set(edit) else "P3"
    )


def test_nobody_is_asked_because_an_issue_moved_while_its_way_was_looked_up(cloud):
    """No issue stands any more where we believed it to be, so no way shows from there."""
    trio = cloud.trio()
    cloud.settle()
    cloud.people.jira_move(trio.key, "In Progress")
    cloud.settle(4)
    cloud.before("jira", "GET", "/issue/", lambda: cloud.people.jira_move(trio.key, "Canceled"))
    cloud.people.snow_set(trio.sys_id, state="3", hold_reason="4")
    cloud.settle(6)
    assert trio.said("parked") == []


def test_who_ends_an_incident_again_while_jira_is_on_its_way_to_another_status_is_followed(cloud):
    """Found by the simulation: a step had been taken, and the record passed for what it had been before."""
    trio = cloud.trio()
    close = {"state": "6", "close_code": "Solution provided", "close_notes": "Restarted."}
    cloud.people.snow_set(trio.sys_id, **close)
    cloud.settle(4)
    assert trio.jira["status"]["name"] == "Done"
    lost = {"fault": "error_before", "method": "POST", "path": "/transitions$", "skip": 1}
    cloud.sandbox["jira"].set_faults(next=[lost])
    cloud.people.snow_set(trio.sys_id, state="3", hold_reason="4")
    cloud.sync()
    assert trio.jira["status"]["name"] not in ("Done", "Waiting")
    cloud.people.snow_set(trio.sys_id, **close)
    for _ in range(8):
        cloud.sync(30)
    assert (trio.snow["state"], trio.jira["status"]["name"]) == ("6", "Done")
