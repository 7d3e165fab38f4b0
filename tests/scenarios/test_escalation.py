"""An urgent incident and its ladder, over all three platforms: who is paged, where it goes, and what stops it."""

import pytest
from desk import desk_in

from syncline import ledger
from syncline.configuration.defaults import default_mapping


def groups(world):
    """Name of each group of ServiceNow's, by its sys_id."""
    return {row["sys_id"]: row["name"] for row in world.people.snow("GET", "sys_user_group")}


def where(trio):
    """The group on ServiceNow and the policy on PagerDuty that have it."""
    return groups(trio.world).get(trio.snow["assignment_group"]), trio.pd["escalation_policy"]["summary"]


def test_what_nobody_takes_goes_up_the_ladder(desk):
    world, trio = desk.world, desk.urgent()
    before = where(trio)
    desk.at(trio, 1, 5, 6, 10, 11)
    assert desk.asked(trio) == ["amina"] * 3
    assert where(trio) == before
    desk.at(trio, 15, 16)
    assert desk.asked(trio) == ["amina"] * 3 + ["bruno"]
    assert where(trio) == ("Network", "Network escalation")
    desk.at(trio, 30, 60)
    # Management is told by its channel, and gets no ticket.
    assert where(trio) == ("Network", "Network escalation")
    assert desk.outbox(trio) == [
        ("step 1", "amina", "pd", "reached"),
        ("step 1 again 1", "amina", "pd", "reached"),
        ("step 1 again 2", "amina", "pd", "reached"),
        ("step 2", "bruno", "pd", "reached"),
        ("step 3", "diane", "hook", "sent"),
        ("step 3 says major", "diane", "hook", "sent"),
        ("end 1", "diane", "hook", "sent"),
    ]
    assert desk.hook.told("diane") == ["[P1] Mail is down", "P1 Mail is down", "[P1] Mail is down"]
    steps = desk.steps(trio)
    assert [step.partition(":")[0].partition(" (")[0] for step in steps] == [
        "urgent, step 1",
        "urgent, step 1",
        "urgent, step 1",
        "urgent, step 2",
        "urgent, step 3",
        "urgent, after the last step, 30m later",
    ]
    assert "paged L2: bruno (turn); moved to L2, because `not ack`. `priority == 1` holds" in steps[3]
    assert [e.text for e in desk.events(trio, "changed") if e.instance is None] == [
        "group: nothing -> Network, by the escalation",
        "tier: nothing -> L2, by the escalation",
    ]
    # Jira has no field for a group here, and says so.
    assert trio.said("withheld") == [
        f"group is not written to jira {trio.key}: its mapping has no field for it; a note says it"
    ]
    # Every ticket tells all of it, to nobody outside.
    snow, jira, pd = desk.notes(trio)
    assert snow == jira == pd
    assert len(snow) == 6
    assert all(any(step in note for note in snow) for step in steps)
    assert {entry["element"] for entry in world.people.snow_journal(trio.sys_id)} == {"work_notes"}
    assert world.parked() == []


def test_the_field_that_holds_a_group_on_jira_is_written(desk):
    field, world = "  opened_at: {field: created, direction: read}\n", desk.world
    text = default_mapping("jira").read_text()
    assert field in text
    (world.folder / "jira.yaml").write_text(
        text.replace(field, f"{field}  group: {{field: customfield_10105}}\n")
    )
    world.configure(
        "projects: [OPS]\n", "projects: [OPS]\n    group_field: customfield_10105\n    mapping: jira.yaml\n"
    )
    world.app.mappings.publish("jira")
    trio = desk.urgent()
    desk.at(trio, 15)
    assert where(trio) == ("Network", "Network escalation")
    assert trio.jira["customfield_10105"]["name"] == "Network"
    assert trio.said("withheld") == []


@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_who_takes_it_on_any_platform_stops_it(desk, name):
    trio = desk.urgent()
    desk.at(trio, 1, 5)
    desk.acknowledge(trio, name)
    desk.at(trio, 6, 15, 16)
    assert desk.asked(trio) == ["amina", "amina"]
    assert (trio.snow["state"], trio.jira["status"]["name"], trio.pd["status"]) == (
        "2",
        "In Progress",
        "acknowledged",
    )
    assert where(trio)[0] is None
    assert "urgent, step 2 (15m) left out: `not ack` does not hold" in desk.steps(trio)
    # It is not resolved, so management is told all the same; but it ends there, while somebody has it.
    desk.at(trio, 30, 60)
    assert [occasion for occasion, *_ in desk.outbox(trio)] == [
        "step 1",
        "step 1 again 1",
        "step 3",
        "step 3 says major",
    ]
    assert desk.runs(trio) == [("urgent", "runs")]


def test_what_we_write_ourselves_starts_and_acknowledges_nothing(desk):
    """The move makes PagerDuty assign whoever is on call there; notes and moves come back with every poll."""
    world, trio = desk.world, desk.urgent()
    desk.at(trio, 15, 16)
    assert world.value(trio.number, "assignee") == "bruno.keller@example.com"
    for _ in range(3):
        world.sync(20)
    world.reopen()
    for name in ("snow", "jira", "pd"):
        world.sweep(name)
    world.settle(2)
    assert desk.runs(trio) == [("urgent", "runs")]
    assert world.value(trio.number, "status") == "new"
    marks = world.marks()
    world.settle(2)
    assert world.writes(marks) == []
    desk.at(trio, 30)
    assert desk.outbox(trio)[-1] == ("step 3 says major", "diane", "hook", "sent")
    assert len(desk.events(trio, "escalation")) == 1


def test_on_hold_stops_the_clock(desk):
    world, trio = desk.world, desk.urgent()
    desk.at(trio, 1, 5)
    world.people.snow_set(trio.sys_id, state="3", hold_reason="4")
    desk.at(trio, 6, 40)
    assert [occasion for occasion, *_ in desk.outbox(trio)] == ["step 1", "step 1 again 1"]
    # Half an hour later work goes on by nobody's hand: 25 minutes are left to step 3.
    world.people.snow_set(trio.sys_id, state="1")
    desk.at(trio, 41, 48)
    assert where(trio)[0] is None
    desk.at(trio, 51)
    assert where(trio)[0] == "Network"
    desk.at(trio, 64)
    assert desk.hook.told("diane") == []
    desk.at(trio, 66)
    assert desk.hook.told("diane")


def test_resolved_it_stands_still_and_opened_again_it_goes_on(desk):
    world, trio = desk.world, desk.urgent()
    desk.at(trio, 1, 5)
    world.people.snow_set(trio.sys_id, state="6", close_code="Solution provided", close_notes="Restarted.")
    desk.at(trio, 6, 60)
    assert desk.runs(trio) == [("urgent", "stands still")]
    assert trio.pd["status"] == "resolved"
    assert [occasion for occasion, *_ in desk.outbox(trio)] == ["step 1", "step 1 again 1"]
    world.people.snow_set(trio.sys_id, state="1")
    desk.at(trio, 61, 66)
    assert [e.text for e in desk.events(trio, "escalation")][1:] == [
        "Escalation urgent stands still: the incident is resolved; it goes on if it is opened again",
        "Escalation urgent goes on: the incident was opened again",
    ]
    # The clock stood still meanwhile: the second repetition comes five minutes on.
    assert [occasion for occasion, *_ in desk.outbox(trio)][2:] == ["step 1 again 2"]
    world.people.snow_set(trio.sys_id, state="7", close_code="Solution provided", close_notes="Gone.")
    desk.at(trio, 67, 120)
    assert desk.runs(trio) == [("urgent", "the incident is closed")]
    assert len(desk.outbox(trio)) == 3


def test_what_a_person_decides_afterwards_wins(desk):
    """The move of the escalation is one edit among others: what somebody sets later stands on all sides."""
    world, trio = desk.world, desk.urgent()
    desk.at(trio, 15, 16)
    database = next(i for i, name in groups(world).items() if name == "Database")
    world.people.snow_set(trio.sys_id, assignment_group=database)
    desk.at(trio, 17, 18)
    assert where(trio) == ("Database", "Database escalation")
    assert (world.value(trio.number, "group"), world.value(trio.number, "tier")) == ("Database", "L3")
    world.people.jira_set(trio.key, priority={"name": "Low"})
    desk.at(trio, 19, 20)
    assert world.value(trio.number, "priority") == 4
    assert desk.runs(trio) == [("urgent", "`priority == 1` does not hold any more")]
    desk.at(trio, 30, 60)
    assert where(trio) == ("Database", "Database escalation")
    assert trio.said("conflict") == []
    assert world.parked() == []
    marks = world.marks()
    world.settle(2)
    assert world.writes(marks) == []


@pytest.mark.parametrize("name", ["jira", "pd"])
def test_what_begins_on_another_platform_is_escalated_alike(desk, name):
    world = desk.world
    world.sync()
    if name == "jira":
        fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Mail is down"}
        world.people.jira("POST", "issue", {"fields": {**fields, "priority": {"name": "Highest"}}})
    else:
        p1 = next(p for p in world.people.pd("GET", "priorities")["priorities"] if p["name"] == "P1")
        service = world.people.pd("GET", "services")["services"][0]
        body = {
            "type": "incident",
            "title": "Mail is down",
            "service": {"id": service["id"], "type": "service_reference"},
            "priority": {"id": p1["id"], "type": "priority_reference"},
        }
        world.people.pd("POST", "incidents", {"incident": body})
    world.settle()
    trio = world.standing()
    assert desk.asked(trio) == ["amina"]
    desk.at(trio, 1, 5, 6, 10, 11, 15, 16)
    assert desk.asked(trio) == ["amina"] * 3 + ["bruno"]
    assert where(trio) == ("Network", "Network escalation")
    snow, jira, pd = desk.notes(trio)
    assert snow == jira == pd
    assert len(snow) == 4
    assert world.parked() == []


@pytest.mark.parametrize(("flavour", "skew"), [("cloud", -600.0), ("dc", 600.0)])
def test_steps_are_due_by_our_clock_whatever_a_platform_says(world_of, flavour, skew):
    with desk_in(world_of(flavour, snow=skew)) as desk:
        trio = desk.urgent()
        assert desk.asked(trio) == ["amina"]
        desk.at(trio, 1, 5, 6, 10, 11, 14.5)
        assert desk.asked(trio) == ["amina"] * 3
        desk.at(trio, 15.2)
        assert desk.asked(trio) == ["amina"] * 3 + ["bruno"]


def test_a_restart_does_not_forget_how_wrong_a_platforms_clock_is(world_of):
    """Before its first reply after the start nothing shows it; what is decided meanwhile goes by what was known."""
    with desk_in(world_of("cloud", snow=-600.0)) as desk:
        world = desk.world
        world.sync()
        world.clock.advance(3_600)
        trio = desk.urgent()
        desk.at(trio, 1, 5, 6, 10, 11, 12)
        assert desk.asked(trio) == ["amina"] * 3
        world.reopen()
        station = world.app.station
        incident = world.incident_id(trio.number)
        station.database.transact(lambda tx: station.ledger.mark(tx, ledger.incident(incident)))
        world.reconcile()
        world.settle(2)
        assert desk.asked(trio) == ["amina"] * 3
        desk.at(trio, 14.5, 15.2)
        assert desk.asked(trio) == ["amina"] * 3 + ["bruno"]
