"""A move to another group on all platforms. PagerDuty then pages the new group afresh, which is nobody's edit."""

from dataclasses import replace

import pytest

from syncline import ledger
from syncline.delivery import deliver
from syncline.delivery.actions import Met
from syncline.escalating import past

GROUPS = {"Network": "Network escalation", "Database": "Database escalation"}


def group_id(world, name):
    """The sys_id of a group of ServiceNow's."""
    return world.people.snow("GET", f"sys_user_group?sysparm_query=name={name}")[0]["sys_id"]


def move(trio, name):
    trio.world.people.snow_set(trio.sys_id, assignment_group=group_id(trio.world, name))


def on_call(trio):
    """Address of the one person whom PagerDuty has assigned."""
    (assignment,) = trio.pd["assignments"]
    user = trio.world.people.pd("GET", f"users/{assignment['assignee']['id']}")["user"]
    return user["email"]


def states(trio):
    return trio.snow["state"], trio.jira["status"]["name"], trio.pd["status"]


@pytest.fixture(params=[True, False], ids=["logged", "unlogged"])
def acknowledged(request, trio):
    """An incident that Noah has acknowledged on PagerDuty, which may or may not log that it falls back."""
    account = trio.world.sandbox["pd"].platform._account
    account.settings = replace(account.settings, retrigger_entry=request.param)
    move(trio, "Network")
    trio.world.settle()
    trio.world.people.pd_set(trio.pd_id, "noah", status="acknowledged")
    trio.world.settle()
    assert states(trio) == ("2", "In Progress", "acknowledged")
    return trio


def test_the_new_group_is_paged_and_nobody_is_taken_to_have_given_it_up(acknowledged):
    trio, world = acknowledged, acknowledged.world
    before = on_call(trio)
    move(trio, "Database")
    world.settle()
    assert trio.pd["escalation_policy"]["summary"] == GROUPS["Database"]
    assert states(trio) == ("2", "In Progress", "triggered")
    assert on_call(trio) != before
    # Whoever is on call there has it everywhere, by nobody's hand.
    assert world.value(trio.number, "assignee") == on_call(trio)
    changed = [e for e in world.app.explain(trio.number)[0].events if e.kind == "changed"]
    assert [e.text for e in changed if e.field == "status"][1:] == []
    *_, (last, _) = past(world.app.explain(trio.number)[0].events).changes
    assert (last.field, last.human) == ("assignee", False)
    (assigned,) = [e for e in changed if e.field == "assignee"][-1:]
    assert assigned.data["automatic"] is True
    assert assigned.actor == "the platform"
    # And all is quiet: it is not acknowledged in our name, and not given back.
    marks = world.marks()
    world.clock.advance(120)
    world.settle()
    assert world.writes(marks) == []
    assert states(trio) == ("2", "In Progress", "triggered")
    assert world.parked() == []


def test_an_acknowledgement_by_the_new_group_is_taken_up(acknowledged):
    trio, world = acknowledged, acknowledged.world
    status = world.value(trio.number, "status")
    move(trio, "Database")
    world.settle()
    who = on_call(trio).partition(".")[0]
    marks = world.marks()
    world.people.pd_set(trio.pd_id, who, status="acknowledged")
    world.settle()
    event = [e for e in world.app.explain(trio.number)[0].events if e.kind == "changed"][-1]
    assert (event.field, event.data["before"], event.data["after"]) == ("status", status, status)
    assert event.text == f"status: {status} again on pd, by {event.actor}"
    assert event.actor.partition(" ")[0].lower() == who
    *_, (taken, _) = past(world.app.explain(trio.number)[0].events).changes
    assert (taken.field, taken.value, taken.human) == ("status", status, True)
    assert world.value(trio.number, "status") == status
    assert states(trio) == ("2", "In Progress", "acknowledged")
    assert world.writes(marks) == []


@pytest.mark.parametrize("logged", [True, False])
def test_who_acknowledges_just_before_a_move_has_it_everywhere(trio, logged):
    """Found by the simulation: the move triggers the incident again, and nobody had seen that it was acknowledged."""
    world = trio.world
    account = world.sandbox["pd"].platform._account
    account.settings = replace(account.settings, retrigger_entry=logged)
    move(trio, "Network")
    world.settle()

    def acknowledge():
        world.clock.advance(2)
        world.people.pd_set(trio.pd_id, "noah", status="acknowledged")
        world.clock.advance(2)

    world.before("pd", "PUT", r"^/incidents/", acknowledge)
    move(trio, "Database")
    world.settle(6)
    assert states(trio) == ("2", "In Progress", "triggered")
    assert any("by Noah Brooks on pd" in text for text in trio.said("changed"))
    # What comes next is held against it as ever, and it does not come back.
    world.people.snow_set(trio.sys_id, state="6", close_code="Solution provided", close_notes="Replaced.")
    world.settle(6)
    assert states(trio) == ("6", "Done", "resolved")
    assert trio.said("conflict") == []


def test_a_status_that_says_more_stays(trio):
    """Work waits for a vendor, and goes to another group: what PagerDuty makes of it takes nothing away."""
    world = trio.world
    move(trio, "Network")
    world.settle()
    world.people.snow_set(trio.sys_id, state="3", hold_reason="4")
    world.settle()
    assert trio.pd["status"] == "acknowledged"
    move(trio, "Database")
    world.settle()
    who = on_call(trio).partition(".")[0]
    world.people.pd_set(trio.pd_id, who, status="acknowledged")
    world.settle()
    assert trio.snow["state"] == "3"
    assert world.value(trio.number, "status") == "on_hold"
    # What somebody decides afterwards goes everywhere as ever.
    world.people.snow_set(trio.sys_id, state="6", close_code="Solution provided", close_notes="Replaced.")
    world.settle()
    assert trio.pd["status"] == "resolved"


def test_a_resolution_while_the_new_group_is_paged_goes_everywhere(acknowledged):
    trio, world = acknowledged, acknowledged.world
    move(trio, "Database")
    world.settle()
    world.people.pd_set(trio.pd_id, on_call(trio).partition(".")[0], status="resolved")
    world.settle()
    assert states(trio)[0] == "6"
    assert world.value(trio.number, "status") == "resolved"


@pytest.mark.parametrize("fault", ["reset_after", "error_after"])
def test_a_move_whose_reply_is_lost(acknowledged, fault):
    """A poll may show what the move did before we know that it was ours."""
    trio, world = acknowledged, acknowledged.world
    world.fault("pd", fault, method="PUT", status=503)
    move(trio, "Database")
    world.settle()
    world.clock.advance(200)
    world.settle()
    assert trio.pd["escalation_policy"]["summary"] == GROUPS["Database"]
    assert states(trio) == ("2", "In Progress", "triggered")
    status = [
        e for e in world.app.explain(trio.number)[0].events if e.kind == "changed" and e.field == "status"
    ]
    assert len(status) == 1
    assert world.value(trio.number, "assignee") == on_call(trio)


def test_who_takes_it_back_by_hand_is_believed(acknowledged):
    trio, world = acknowledged, acknowledged.world
    world.people.pd_set(trio.pd_id, "noah", status="triggered")
    world.settle()
    assert world.value(trio.number, "status") == "new"
    assert trio.snow["state"] == "1"


def test_a_group_that_is_just_being_asked_for_is_not_unknown(cloud, monkeypatch):
    """A reconcile comes between the platform's answer and its storing."""
    cloud.sync()
    trio = cloud.trio()
    policies = cloud.people.pd("GET", "escalation_policies")["escalation_policies"]
    (policy,) = [p for p in policies if "Security" in p["summary"]]
    incident = ledger.incident(cloud.incident_id(trio.key))
    seen, carried_out = [], deliver.perform

    def perform(*given):
        evidence = carried_out(*given)
        if isinstance(evidence, Met):
            seen.append(evidence)
            cloud.app.database.transact(lambda tx: cloud.app.station.ledger.mark(tx, incident))
            cloud.reconcile()
        return evidence

    monkeypatch.setattr(deliver, "perform", perform)
    reference = {"id": policy["id"], "type": "escalation_policy_reference"}
    cloud.people.pd_set(trio.pd_id, escalation_policy=reference)
    cloud.settle(4)
    assert seen
    assert trio.snow["assignment_group"]
