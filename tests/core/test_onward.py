"""The way through a workflow that has not shown itself yet."""

from syncline.connector import Step
from syncline.model import Status
from syncline.planning import onward

READ = {
    "To Do": "new",
    "In Progress": "in_progress",
    "Waiting": "on_hold",
    "Done": "resolved",
    "Closed": "closed",
    "Canceled": "canceled",
}


def steps(*targets):
    return [Step(str(n), f"to {target}", target) for n, target in enumerate(targets)]


def to(known, start, wanted):
    return [step.to for step in onward(known, start, READ, wanted)]


def test_a_status_of_work_that_lies_between_is_taken():
    assert to({"To Do": steps("Canceled", "In Progress")}, "To Do", Status.RESOLVED) == ["In Progress"]


def test_from_hold_the_way_leads_over_work_in_progress():
    assert to({"Waiting": steps("In Progress", "Canceled")}, "Waiting", Status.CLOSED) == ["In Progress"]


def test_nothing_ends_on_the_way():
    assert to({"To Do": steps("Done", "Canceled")}, "To Do", Status.CLOSED) == []


def test_what_was_searched_already_is_not_walked():
    known = {"Waiting": steps("In Progress"), "In Progress": steps("Waiting")}
    assert to(known, "Waiting", Status.RESOLVED) == []


def test_a_status_without_a_word_of_ours_is_no_ground_to_walk_on():
    assert to({"To Do": steps("Triage")}, "To Do", Status.RESOLVED) == []
    assert to({"Triage": steps("In Progress")}, "Triage", Status.RESOLVED) == []


def test_what_is_opened_again_may_begin_anew_where_nothing_else_is_offered():
    assert to({"Canceled": steps("To Do")}, "Canceled", Status.ON_HOLD) == ["To Do"]
    assert to({"Canceled": steps("To Do", "In Progress")}, "Canceled", Status.ON_HOLD) == ["In Progress"]
    assert to({"Canceled": steps("To Do")}, "Canceled", Status.CLOSED) == []


def test_the_way_to_what_does_not_show_itself_may_lead_over_what_does():
    """Other tickets stand in To Do, and none in In Progress."""
    known = {"Canceled": steps("To Do"), "To Do": steps("Canceled", "In Progress"), "In Progress": []}
    assert to(known, "Canceled", Status.ON_HOLD) == ["To Do", "In Progress"]
