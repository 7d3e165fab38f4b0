"""One incident in agreement: what people see who work on three platforms at once."""

import pytest


@pytest.fixture
def linked(world):
    """An incident that began on ServiceNow and stands on all three."""
    world.sync()
    sys_id = world.people.snow_create(
        short_description="Mail is down", description="Nobody can send mail.", impact="2", urgency="2"
    )
    world.settle()
    (issue,) = world.people.jira_all()
    (incident,) = world.people.pd_all()
    return world, sys_id, issue["key"], incident["id"]


def jira(world, key):
    return world.people.jira("GET", f"issue/{key}")["fields"]


def pd(world, incident_id):
    return world.people.pd("GET", f"incidents/{incident_id}")["incident"]


def test_an_incident_of_servicenow_appears_on_jira_and_pagerduty(linked):
    world, _sys_id, key, incident_id = linked
    assert jira(world, key)["summary"] == "Mail is down"
    assert jira(world, key)["priority"]["name"] == "Medium"
    assert pd(world, incident_id)["title"] == "Mail is down"
    assert pd(world, incident_id)["status"] == "triggered"
    assert pd(world, incident_id)["priority"]["summary"] == "P3"


def test_each_side_links_back_to_the_others(linked):
    world, sys_id, key, incident_id = linked
    number = world.people.snow_get(sys_id)["number"]
    notes = "\n".join(entry["value"] for entry in world.people.snow_journal(sys_id))
    assert key in notes
    links = world.people.jira("GET", f"issue/{key}/remotelink")
    assert {link["object"]["title"].split(" ")[0] for link in links} >= {number} or number in str(links)
    assert number in str(world.people.pd_notes(incident_id))


def test_a_status_travels_from_pagerduty_to_both(linked):
    world, sys_id, key, incident_id = linked
    world.people.pd_set(incident_id, status="acknowledged")
    world.settle()
    assert world.people.snow_get(sys_id)["state"] == "2"
    assert jira(world, key)["status"]["name"] == "In Progress"
    assert pd(world, incident_id)["status"] == "acknowledged"


def test_resolving_in_jira_gives_servicenow_its_close_fields(linked):
    world, sys_id, key, incident_id = linked
    world.people.jira_move(key, "In Progress")
    world.settle()
    world.people.jira_move(key, "Done", resolution={"name": "Done"})
    world.settle()
    record = world.people.snow_get(sys_id)
    assert record["state"] == "6"
    assert record["close_code"]
    assert record["close_notes"]
    assert pd(world, incident_id)["status"] == "resolved"


def test_resolving_in_servicenow_walks_the_workflow_of_jira(linked):
    world, sys_id, key, incident_id = linked
    world.people.snow_set(
        sys_id, state="6", close_code="Solution provided", close_notes="Restarted the relay."
    )
    world.settle()
    assert jira(world, key)["status"]["statusCategory"]["key"] == "done"
    assert pd(world, incident_id)["status"] == "resolved"


def test_priority_follows_the_matrix_of_servicenow(linked):
    world, sys_id, key, incident_id = linked
    world.people.jira_set(key, priority={"name": "Highest"})
    world.settle()
    record = world.people.snow_get(sys_id)
    assert (record["impact"], record["urgency"], record["priority"]) == ("1", "1", "1")
    assert pd(world, incident_id)["priority"]["summary"] == "P1"


def test_an_unchanged_world_is_not_written_to(linked):
    world, *_ = linked
    world.settle(6)
    marks = world.marks()
    world.settle(6)
    writes = [
        c
        for calls in world.calls(marks).values()
        for c in calls
        if not c.startswith("GET") and "search" not in c
    ]
    assert writes == []


def test_one_changed_field_costs_one_write_for_each_target(linked):
    world, sys_id, key, _incident_id = linked
    world.settle(4)
    marks = world.marks()
    world.people.snow_set(sys_id, short_description="Mail is down in Lyon")
    world.sync()
    calls = world.calls(marks)
    assert [c for c in calls["pd"] if c.startswith(("PUT", "POST"))] == ["PUT /incidents/*"]
    assert [c for c in calls["jira"] if c.startswith("PUT")] in (
        ["PUT /rest/api/3/issue/*"],
        ["PUT /rest/api/2/issue/*"],
    )
    assert not [c for c in calls["snow"] if not c.startswith("GET")]
    reads = [c for c in calls["jira"] if c.startswith("GET /rest/api") and "/issue/" in c]
    assert len(reads) <= (0 if world.flavour == "cloud" else 1)
    assert jira(world, key)["summary"] == "Mail is down in Lyon"


def test_nothing_new_costs_one_call_for_each_instance_and_two_for_servicenow(linked):
    world, *_ = linked
    world.settle(8)
    marks = world.marks()
    world.sync()
    calls = world.calls(marks)
    assert len(calls["snow"]) <= 2
    assert len(calls["jira"]) <= 1
    assert len(calls["pd"]) <= 2


def test_a_conflict_is_decided_and_the_loser_is_on_record(linked):
    world, sys_id, key, incident_id = linked
    world.people.snow_set(sys_id, short_description="Mail is down (desk)")
    world.clock.advance(30)
    world.people.jira_set(key, summary="Mail is down (ops)")
    world.settle()
    assert world.people.snow_get(sys_id)["short_description"] == "Mail is down (ops)"
    assert pd(world, incident_id)["title"] == "Mail is down (ops)"
    conflicts = [line for line in world.timeline(key) if line.startswith("conflict")]
    assert len(conflicts) == 1
    assert "Mail is down (desk)" in conflicts[0]


def test_comments_reach_every_side_once(linked):
    world, sys_id, key, incident_id = linked
    world.people.snow_set(sys_id, work_notes="Looking at the relay.")
    world.people.jira("POST", f"issue/{key}/comment", {"body": "The queue is full."})
    world.people.pd("POST", f"incidents/{incident_id}/notes", {"note": {"content": "Paged the mail team."}})
    world.settle(6)
    journal = [entry["value"] for entry in world.people.snow_journal(sys_id)]
    comments = [str(c["body"]) for c in world.people.jira("GET", f"issue/{key}/comment")["comments"]]
    notes = [n["content"] for n in world.people.pd_notes(incident_id)]
    for text in ("Looking at the relay.", "The queue is full.", "Paged the mail team."):
        for side in (journal, comments, notes):
            assert sum(text in entry for entry in side) == 1, (text, side)


def test_labels_of_two_sides_are_joined(cloud):
    world = cloud
    world.sync()
    sys_id = world.people.snow_create(short_description="Labels")
    world.settle()
    (issue,) = world.people.jira_all()
    world.people.jira_set(issue["key"], labels=["mail", *issue["fields"]["labels"]])
    world.settle()
    assert "mail" in jira(world, issue["key"])["labels"]
    assert world.people.snow_get(sys_id)["short_description"] == "Labels"


def test_a_deleted_issue_is_neither_made_again_nor_spread(linked):
    world, sys_id, key, incident_id = linked
    world.people.jira("DELETE", f"issue/{key}")
    world.people.snow_set(sys_id, short_description="Still here")
    world.settle()
    world.sync(700)
    world.sync(700)
    assert world.people.jira_all() == []
    assert pd(world, incident_id)["title"] == "Still here"
    assert any(line.startswith("gone") for line in world.timeline(world.people.snow_get(sys_id)["number"]))


def test_an_outage_of_one_platform_holds_up_no_other(linked):
    world, sys_id, key, incident_id = linked
    world.sandbox["pd"].take_down("unavailable", 503)
    world.people.snow_set(sys_id, short_description="During the outage")
    world.settle()
    assert jira(world, key)["summary"] == "During the outage"
    world.people.snow_set(sys_id, short_description="During the outage, again")
    world.settle()
    world.sandbox["pd"].take_down(None)
    world.sync(400)
    world.sync(400)
    assert pd(world, incident_id)["title"] == "During the outage, again"


def test_records_from_before_the_first_start_are_left_alone(cloud):
    world = cloud
    world.people.snow_create(short_description="Long ago")
    world.clock.advance(600)
    world.settle()
    assert world.people.jira_all() == []
    assert world.app.backfill("snow", None, lambda _looked, _taken: None) == (1, 1)
    world.settle()
    assert [i["fields"]["summary"] for i in world.people.jira_all()] == ["Long ago"]


@pytest.mark.parametrize("side", ["snow", "jira", "pd"])
def test_what_is_under_way_when_it_is_found_is_so_everywhere(cloud, side):
    """No platform need take a status with a create: then it is set afterwards."""
    cloud.sync()
    people = cloud.people
    if side == "snow":
        people.snow_set(people.snow_create(short_description="Mail is down"), state="2")
    elif side == "jira":
        fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Mail is down"}
        people.jira_move(people.jira("POST", "issue", {"fields": fields})["key"], "In Progress")
    else:
        service = {"id": people.pd("GET", "services")["services"][0]["id"], "type": "service_reference"}
        incident = {"type": "incident", "title": "Mail is down", "service": service}
        people.pd_set(
            people.pd("POST", "incidents", {"incident": incident})["incident"]["id"], status="acknowledged"
        )
    cloud.settle(6)
    assert [row["state"] for row in people.snow_all()] == ["2"]
    assert [issue["fields"]["status"]["name"] for issue in people.jira_all()] == ["In Progress"]
    assert [incident["status"] for incident in people.pd_all()] == ["acknowledged"]


def test_a_new_project_is_walked_from_hold_to_the_end(linked):
    world, sys_id, key, _ = linked
    world.people.snow_set(sys_id, state="3", hold_reason="4")
    world.settle()
    assert jira(world, key)["status"]["name"] == "Waiting"
    world.people.snow_set(sys_id, state="7", close_code="Solution provided", close_notes="Restarted.")
    world.settle()
    assert jira(world, key)["status"]["name"] == "Closed"
    assert world.app.parked() == []


def test_where_closed_cannot_be_reached_the_last_resort_of_the_mapping_will_do(linked):
    world, sys_id, key, _ = linked
    world.sandbox["jira"].platform.remove_transition("71")
    world.people.snow_set(sys_id, state="7", close_code="Solution provided", close_notes="Restarted.")
    world.settle(6)
    assert jira(world, key)["status"]["name"] == "Done"
    assert world.people.snow_get(sys_id)["state"] == "7"
    assert world.app.parked() == []
