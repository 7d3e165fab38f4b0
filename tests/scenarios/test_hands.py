"""Raised hands: a label or a comment on any platform, told once for each raise."""

import pytest

from syncline.intake.hands import asked


def raised(world, number):
    """By, via, reason and instance of each raised hand, oldest first."""
    events = [e for e in world.app.explain(number)[0].events if e.kind == "raised"]
    for event in events:
        assert set(event.data) == {"by", "via", "reason", "instance", "at"}
        assert (event.actor, event.instance) == (event.data["by"], event.data["instance"])
    return [tuple(e.data[n] for n in ("by", "via", "reason", "instance")) for e in events]


def label(trio, *labels):
    trio.world.people.jira_set(trio.key, labels=list(labels))


def test_a_comment_on_any_platform_raises_a_hand_once(trio):
    world = trio.world
    world.people.snow_set(trio.sys_id, work_notes="/escalate It sends spam again.\nSince Monday.")
    world.settle()
    assert raised(world, trio.number) == [("amina", "comment", "It sends spam again. Since Monday.", "snow")]
    assert trio.said("raised") == [
        f"amina raised a hand on snow {trio.number}: It sends spam again. Since Monday."
    ]
    # Its copies stand on the other platforms, and raise nothing.
    assert any("/escalate It sends spam" in text for text in trio.comments())
    assert any("/escalate It sends spam" in text for text in trio.notes())
    world.clock.advance(600)
    world.settle()
    assert len(raised(world, trio.number)) == 1
    world.people.jira("POST", f"issue/{trio.key}/comment", {"body": "/ESCALATE"})
    world.settle()
    world.people.pd(
        "POST", f"incidents/{trio.pd_id}/notes", {"note": {"content": "/escalate: still burning"}}
    )
    world.settle()
    assert raised(world, trio.number)[1:] == [
        ("Bruno Keller", "comment", "", "jira"),
        ("Noah Brooks", "comment", "still burning", "pd"),
    ]


def test_a_pasted_copy_raises_nothing(trio):
    world = trio.world
    world.people.snow_set(trio.sys_id, work_notes="/escalate now")
    world.settle()
    (copy,) = [text for text in trio.comments() if "/escalate" in text]
    world.people.jira("POST", f"issue/{trio.key}/comment", {"body": copy})
    world.settle()
    world.people.jira("POST", f"issue/{trio.key}/comment", {"body": f"As Amina says:\n{copy}"})
    world.settle()
    assert len(raised(world, trio.number)) == 1


def test_a_restart_between_asks_nobody_again(trio):
    world = trio.world
    world.people.snow_set(trio.sys_id, comments="/escalate")
    label(trio, "escalate")
    world.sync()
    world.reopen()
    world.settle()
    world.sweep("jira")
    world.sweep("snow")
    world.settle()
    assert sorted(raised(world, trio.number)) == [
        ("Bruno Keller", "label", "", "jira"),
        ("amina", "comment", "", "snow"),
    ]


def test_a_label_raises_a_hand_and_set_again_it_raises_another(trio):
    world = trio.world
    label(trio, "mail", "Escalate")
    world.settle()
    assert raised(world, trio.number) == [("Bruno Keller", "label", "", "jira")]
    assert trio.said("raised") == [f"Bruno Keller raised a hand on jira {trio.key} by the label escalate"]
    label(trio, "mail", "Escalate", "urgent")
    world.settle()
    label(trio, "mail")
    world.settle()
    assert len(raised(world, trio.number)) == 1
    label(trio, "mail", "escalate")
    world.settle()
    assert len(raised(world, trio.number)) == 2


def test_a_label_that_was_there_at_first_sight_counts_once(cloud):
    world = cloud
    world.sync()
    fields = {
        "project": {"key": "OPS"},
        "issuetype": {"name": "Task"},
        "summary": "Strange logins",
        "labels": ["escalate"],
    }
    key = world.people.jira("POST", "issue", {"fields": fields})["key"]
    world.settle()
    (row,) = world.people.snow_all()
    assert raised(world, row["number"]) == [("somebody", "label", "", "jira")]  # Jira does not say who
    world.people.jira_set(key, summary="Strange logins from abroad")
    world.settle()
    assert len(raised(world, row["number"])) == 1


def test_words_of_ones_own(trio):
    world = trio.world
    world.configure("conflicts:\n", "escalation: {label: hilfe, command: '!hilfe'}\nconflicts:\n")
    label(trio, "escalate")
    world.people.snow_set(trio.sys_id, work_notes="/escalate")
    world.settle()
    assert raised(world, trio.number) == []
    label(trio, "hilfe")
    world.people.snow_set(trio.sys_id, work_notes="!hilfe bitte")
    world.settle()
    assert {via for _, via, *_ in raised(world, trio.number)} == {"label", "comment"}


def test_both_can_be_switched_off(trio):
    world = trio.world
    world.configure("conflicts:\n", "escalation: {label: false, command: false}\nconflicts:\n")
    label(trio, "escalate")
    world.people.snow_set(trio.sys_id, work_notes="/escalate")
    world.settle()
    assert raised(world, trio.number) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/escalate", ""),
        ("  /Escalate  please ", "please"),
        ("/escalate: a\n\nb", "a b"),
        ("\n/escalate\nnow", "now"),
        ("/escalated to the vendor", None),
        ("please /escalate", None),
        ("Amina on ServiceNow INC1, 2026-11-23 09:00 UTC:\n/escalate", None),
        ("", None),
        ("/escalate " + "x" * 9_000, "x" * 500),
    ],
)
def test_what_a_remark_asks(text, reason):
    assert asked(text, "/escalate") == reason
