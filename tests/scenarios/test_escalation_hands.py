"""A raised hand is answered at once: from whatever platform, by a label, a comment or the command line."""

import pytest


def raise_hand(trio, how):
    """Somebody asks for help."""
    world = trio.world
    people = world.people
    match how:
        case "comment on snow":
            people.snow_set(trio.sys_id, work_notes="/escalate I am lost")
        case "comment on jira":
            people.jira("POST", f"issue/{trio.key}/comment", {"body": "/escalate I am lost"})
        case "note on pd":
            people.pd("POST", f"incidents/{trio.pd_id}/notes", {"note": {"content": "/escalate I am lost"}})
        case "label on jira":
            people.jira_set(trio.key, labels=["escalate"])
        case "command":
            world.app.escalate(trio.number, "I am lost")


HOWS = ("comment on snow", "comment on jira", "note on pd", "label on jira", "command")


@pytest.mark.parametrize("how", HOWS)
def test_it_is_answered_at_once_without_approval(desk, how):
    world, trio = desk.world, desk.world.trio()
    raise_hand(trio, how)
    world.settle(2)
    # Nobody had it, so the first tier is asked; the one who asked stays on it.
    assert desk.asked(trio) == ["amina"]
    assert desk.runs(trio) == [("hand-raise", "runs")]
    (begun,) = desk.events(trio, "escalation")
    assert begun.text.startswith("Escalation hand-raise begins: ")
    assert "raised it" in begun.text
    assert begun.text.endswith(": I am lost") is (how != "label on jira")
    snow, jira, pd = desk.notes(trio)
    assert snow == jira == pd
    assert len(snow) == 1
    assert "stays on it as a contributor" in snow[0]


def test_also_while_somebody_has_it(desk):
    world, trio = desk.world, desk.urgent()
    desk.at(trio, 1)
    desk.acknowledge(trio, "pd")
    desk.at(trio, 2)
    raise_hand(trio, "comment on jira")
    desk.at(trio, 3, 4)
    assert desk.asked(trio) == ["amina", "amina"]
    assert desk.runs(trio) == [("urgent", "runs"), ("hand-raise", "runs")]
    # Nobody took it after the hand was raised: management hears of it. Whoever takes it now, ends that.
    desk.at(trio, 13, 14)
    assert desk.outbox(trio)[-1] == ("step 2", "diane", "hook", "sent")
    world.people.snow_set(trio.sys_id, state="2", assigned_to=_user(world, "olga"))
    desk.at(trio, 15, 29)
    told = len(desk.outbox(trio))
    desk.at(trio, 80)
    assert [o for o in desk.outbox(trio)[told:] if o[0].startswith("end")] == []


def _user(world, name):
    return world.people.snow("GET", f"sys_user?sysparm_query=user_name={name}")[0]["sys_id"]


def test_raised_again_within_the_cooldown_it_is_absorbed_and_told(desk):
    world, trio = desk.world, desk.world.trio()
    raise_hand(trio, "comment on snow")
    world.settle(2)
    raise_hand(trio, "comment on jira")
    world.settle(2)
    assert desk.asked(trio) == ["amina"]
    assert any(
        "hand-raise answered it already, and rests until" in e.text for e in desk.events(trio, "escalation")
    )
    desk.at(trio, 12)
    raise_hand(trio, "note on pd")
    desk.at(trio, 13, 14)
    assert desk.asked(trio) == ["amina", "amina"]
    assert desk.runs(trio) == [("hand-raise", "the hand was raised again"), ("hand-raise", "runs")]


def test_it_is_never_counted_against_anybody(desk):
    world, trio = desk.world, desk.world.trio()
    raise_hand(trio, "label on jira")
    world.settle(2)
    desk.at(trio, 11)
    told = [
        e for e in desk.events(trio, "escalation", "step") if (e.data or {}).get("policy") == "hand-raise"
    ]
    assert len(told) >= 4
    assert [e.data["blame"] for e in told] == [False] * len(told)


def test_our_own_copies_raise_no_hand(desk):
    """What somebody wrote is copied to all sides, and comes back from there with every poll and sweep."""
    world, trio = desk.world, desk.world.trio()
    raise_hand(trio, "comment on snow")
    world.settle(2)
    world.reopen()
    for name in ("snow", "jira", "pd"):
        world.sweep(name)
    desk.at(trio, 12)
    world.settle(2)
    assert len(desk.events(trio, "raised")) == 1
    assert [policy for policy, _ in desk.runs(trio)] == ["hand-raise"]


def test_too_late_or_answered_by_nobody_it_is_told_on_every_ticket(desk):
    world, trio = desk.world, desk.world.trio()
    world.people.snow_set(trio.sys_id, state="6", close_code="Solution provided", close_notes="Restarted.")
    world.settle()
    raise_hand(trio, "comment on jira")
    world.settle()
    assert desk.runs(trio) == []
    (told,) = desk.events(trio, "escalation")
    assert told.text.endswith("the incident is resolved, so nothing is escalated: open it again first")
    assert any(told.text in note for note in trio.journal())
    assert any(told.text in note for note in trio.comments())


def test_it_goes_to_the_tier_above_the_one_that_has_it(desk):
    world = desk.world
    desk_id = world.people.snow("GET", "sys_user_group?sysparm_query=name=Service Desk")[0]["sys_id"]
    trio = world.trio(assignment_group=desk_id)
    raise_hand(trio, "note on pd")
    world.settle(2)
    assert desk.asked(trio) == ["bruno"]
    assert trio.snow["assignment_group"] == desk_id


def test_two_hands_at_once_are_one(desk):
    world, trio = desk.world, desk.world.trio()
    raise_hand(trio, "comment on snow")
    raise_hand(trio, "comment on jira")
    world.poll("snow")
    world.poll("jira")
    world.settle(2)
    assert len(desk.events(trio, "raised")) == 2
    assert desk.asked(trio) == ["amina"]
    assert desk.runs(trio) == [("hand-raise", "runs")]
