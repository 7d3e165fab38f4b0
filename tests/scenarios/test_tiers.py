"""A hand raised on one platform moves the incident on all of them, to what the book calls the tier there."""

import pytest

BOOK = """
escalation: 1
people:
  amina: {tz: Europe/Paris}
  olga: {tz: Europe/Paris, ids: {pagerduty: olga.petrova@example.com}}
schedules:
  desk: {tz: Europe/Paris, layers: [{rotate: [amina], every: 1w, handoff: mon 09:00, from: 2026-01-05}]}
  lab: {tz: Europe/Paris, layers: [{rotate: [olga], every: 1w, handoff: mon 09:00, from: 2026-01-05}]}
tiers:
  L1: {who: desk, next: L2, group: First Line, to: {servicenow: Network, pagerduty: Network escalation}}
  L2: {who: lab, group: Deep Water, to: {servicenow: Database, pagerduty: Database escalation}}
policies:
  - id: hand-raise
    trigger: manual
    when: 'true'
    clock: raised
    steps: [{at: 0m, page: L2, move: true, until: ack}]
    end: {page: L2, every: 30m}
"""


@pytest.fixture
def tiered(cloud):
    (cloud.folder / "escalation.yaml").write_text(BOOK)
    cloud.reopen()
    return cloud


def test_a_hand_raised_on_jira_moves_it_everywhere(tiered):
    world = tiered
    network = world.people.snow("GET", "sys_user_group?sysparm_query=name=Network")[0]["sys_id"]
    database = world.people.snow("GET", "sys_user_group?sysparm_query=name=Database")[0]["sys_id"]
    trio = world.trio(assignment_group=network)
    assert world.value(trio.number, "group") == "First Line"
    assert trio.pd["escalation_policy"]["summary"] == "Network escalation"
    world.people.pd_set(trio.pd_id, "noah", status="acknowledged")
    world.settle()
    world.people.jira("POST", f"issue/{trio.key}/comment", {"body": "/escalate I cannot read this trace"})
    world.settle(6)
    assert world.value(trio.number, "group") == "Deep Water"
    assert trio.snow["assignment_group"] == database
    assert trio.pd["escalation_policy"]["summary"] == "Database escalation"
    assert (trio.snow["state"], trio.jira["status"]["name"], trio.pd["status"]) == (
        "2",
        "In Progress",
        "triggered",
    )
    assert len([e for e in world.app.explain(trio.number)[0].events if e.kind == "raised"]) == 1
    # Jira has no group here: what happened is told there by a note.
    assert any("hand-raise" in text for text in trio.comments())
    assert world.parked() == []
    marks = world.marks()
    world.clock.advance(60)
    world.settle()
    assert [w for w in world.writes(marks) if "responder_requests" not in w and "comment" not in w] == []
