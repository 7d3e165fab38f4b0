"""Incidents with a past, of no route, without siblings yet, and with values that nobody can mean."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from desk import BOOK, desk_in

from syncline import escalating
from syncline.store import incidents
from syncline.store.schema import published

# ---- siblings that come later --------------------------------------------------------------------


def test_a_ticket_that_is_made_later_gets_what_was_said_before(desk):
    world = desk.world
    world.sync()
    world.sandbox["jira"].take_down()
    sys_id = world.people.snow_create(short_description="Mail is down", impact="1", urgency="1")
    world.settle(2)
    for _ in range(6):
        world.sync(60)
    said = [n for n in (j["value"] for j in world.people.snow_journal(sys_id)) if "scalation urgent" in n]
    assert len(said) == 2
    world.sandbox["jira"].take_down(None)
    world.clock.advance(120)
    world.settle(3)
    (issue,) = world.people.jira_all()
    comments = world.people.jira("GET", f"issue/{issue['key']}/comment")["comments"]
    bodies = [c["body"] for c in comments if "scalation urgent" in str(c["body"])]
    assert [body.partition("\n[")[0] for body in bodies] == [note.partition("\n[")[0] for note in said]
    # Once: also after everything was read again.
    world.sweep("jira")
    world.settle(2)
    comments = world.people.jira("GET", f"issue/{issue['key']}/comment")["comments"]
    assert len([c for c in comments if "scalation urgent" in str(c["body"])]) == len(said)


def test_what_is_said_on_one_record_alone_stays_there(desk):
    """A note in place of a file that is too large is for the side that lacks the file."""
    world = desk.world
    world.configure("conflicts:\n", "attachments: {max_bytes: 1kB}\nconflicts:\n")
    world.sync()
    world.sandbox["jira"].take_down()
    sys_id = world.people.snow_create(short_description="Mail is down", impact="3", urgency="3")
    world.settle(2)
    world.people.snow_attach(sys_id, "trace.txt", b"x" * 5_000)
    world.settle(2)
    world.sandbox["jira"].take_down(None)
    world.clock.advance(120)
    world.settle(3)
    (issue,) = world.people.jira_all()
    comments = world.people.jira("GET", f"issue/{issue['key']}/comment")["comments"]
    assert len([c for c in comments if "trace.txt" in str(c["body"])]) == 1


# ---- again and again -----------------------------------------------------------------------------


def again(world, **values):
    sys_id = world.people.snow_create(
        short_description="Strange logins", category="network", impact="2", urgency="2", **values
    )
    world.settle(2)
    return world.people.snow_get(sys_id)["number"]


def test_the_third_of_one_account_within_a_month(desk):
    world = desk.world
    world.sync()
    olga, noah = (
        world.people.snow("GET", f"sys_user?sysparm_query=user_name={name}")[0]["sys_id"]
        for name in ("olga", "noah")
    )
    first = again(world, caller_id=olga)
    world.clock.advance(timedelta(days=31).total_seconds())
    numbers = [again(world, caller_id=caller) for caller in (olga, noah, olga)]
    for number in (first, *numbers):
        assert world.said(number, "escalation") == []
    third = again(world, caller_id=olga)
    (said,) = world.said(third, "escalation")
    assert said.startswith(
        "Escalation again begins: incident no. 3 with requester olga.petrova@example.com within 30d"
    )
    assert world.value(third, "group") == "Database"
    assert world.value(third, "priority") == 2
    assert "open-problem" in world.value(third, "labels")
    others = [world.incident_id(number) for number in (numbers[0], numbers[2])]
    (related,) = [s for s in world.said(third, "step") if "belongs to" in s]
    assert all(other in related for other in others)
    assert world.incident_id(first) not in related
    # What it raised stands on all sides, and nobody fights over it.
    world.settle(2)
    marks = world.marks()
    world.settle(2)
    assert world.writes(marks) == []
    assert world.value(third, "priority") == 2
    (row,) = [row for row in world.people.snow_all() if row["number"] == third]
    assert row["priority"] == "2"
    assert world.parked() == []
    # Once for the account: the next one is absorbed for a week.
    fourth = again(world, caller_id=olga)
    assert world.said(fourth, "escalation") == []


# ---- what was there before -----------------------------------------------------------------------


def test_what_was_open_before_the_first_start_counts_from_when_it_is_taken_up(desk):
    """Else all steps of a ticket of last week would be due at once, and everybody be paged."""
    world = desk.world
    sys_id = world.people.snow_create(short_description="Mail is down", impact="1", urgency="1")
    world.clock.advance(timedelta(days=7).total_seconds())
    world.sync()
    assert world.people.jira_all() == []
    world.app.backfill("snow", None, lambda *_: None)
    world.settle()
    number = world.people.snow_get(sys_id)["number"]
    assert [text for text in world.said(number, "step") if text.startswith("Escalation")] == [
        "Escalation urgent, step 1 (0m): paged L1: amina (turn). `priority == 1` holds"
    ]
    world.sync(60)
    world.sync(15 * 60)
    assert world.value(number, "group") == "Network"


def test_what_was_open_before_the_first_book_counts_from_its_publication(cloud):
    world = cloud
    trio = world.trio(impact="1", urgency="1")
    world.clock.advance(timedelta(hours=5).total_seconds())
    world.settle(2)
    with desk_in(world):
        world.settle(2)
    assert [text for text in trio.said("step") if text.startswith("Escalation")] == [
        "Escalation urgent, step 1 (0m): paged L1: amina (turn). `priority == 1` holds"
    ]


def test_of_what_no_route_takes_nobody_is_told(desk):
    world = desk.world
    world.configure("    to: [snow, jira, pd]\n", "    to: [snow, jira, pd]\n    when: {priority: [2, 3]}\n")
    world.sync()
    world.people.snow_create(short_description="Mail is down", impact="1", urgency="1")
    world.settle(2)
    assert desk.in_progress() == []
    assert desk.hook.got == []
    assert world.people.jira_all() == []


def test_an_incident_that_stands_on_one_platform_alone_is_escalated_there(desk):
    world = desk.world
    world.configure("    to: [snow, jira, pd]\n", "    to: [snow]\n")
    world.sync()
    sys_id = world.people.snow_create(short_description="Mail is down", impact="1", urgency="1")
    world.settle(2)
    assert desk.hook.told("amina") == ["[P1] Mail is down"]
    assert any("scalation urgent" in entry["value"] for entry in world.people.snow_journal(sys_id))


# ---- what nobody can mean ------------------------------------------------------------------------


def reconciled(world, number, **values):
    """Give an incident values that no platform here would, look at it again, and give the runs in progress."""
    station = world.app.station
    situation = world.app.explain(number)[0].situation
    incident = situation.kept.incident.changed(values)

    def store(tx):
        incidents.save(tx, incident, situation.kept.origins)
        case = escalating.case_of(
            tx,
            station,
            station.policies,
            situation.kept,
            incident,
            situation.links,
            escalating.past([]),
        )
        standing = escalating.standing(tx, station, situation.kept, incident, situation.links)
        return case, (standing.decide(), standing.runs)

    return station.database.transact(store)


@pytest.mark.parametrize(
    "opened_at",
    [
        "0001-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59+00:00",
        "9999-12-31T23:59:59-14:00",
        "1970-01-01T00:00:00",
        "2026-11-23",
        None,
    ],
)
def test_an_opening_that_cannot_be(desk, opened_at):
    trio = desk.world.trio()
    first = desk.world.app.explain(trio.number)[0].situation.kept.created_at
    case, decided = reconciled(desk.world, trio.number, opened_at=opened_at, priority=1)
    assert decided is not None
    assert decided[0].messages
    assert first - timedelta(days=1) < case.opened_at <= first


def test_values_that_are_too_much(desk):
    world, trio = desk.world, desk.world.trio()
    title = "{title} {{x}} {0} %s \x00\x1b[31m\u202e" + "A" * 100_000
    _, decided = reconciled(
        world,
        trio.number,
        title=title,
        priority=1,
        assignee="nobody we know",
        labels=tuple(f"label {n}" for n in range(1_000)),
        group="a group of no tier",
    )
    assert decided is not None
    message = decided[0].messages[0]
    assert message.recipient == "amina"


def test_a_title_of_braces_and_control_characters_pages_all_the_same(desk):
    world = desk.world
    world.sync()
    title = "{title} {{x}} {0} %s \x1b[31m\u202e" + "A" * 100_000
    sys_id = world.people.snow_create(short_description=title[:160], impact="1", urgency="1")
    world.settle(2)
    number = world.people.snow_get(sys_id)["number"]
    assert [t for t in world.timeline(number) if t.startswith("paged: page to amina by pd")]
    world.sync(60)
    assert [t for t in world.timeline(number) if "amina was reached" in t]
    assert world.parked() == []


# ---- what nobody looks at any more ---------------------------------------------------------------


def test_an_incident_whose_sync_is_ended_is_not_escalated_any_more(desk):
    world, trio = desk.world, desk.urgent()
    desk.at(trio, 1)
    world.app.unlink(trio.number)
    assert desk.runs(trio) == [("urgent", "its sync was ended")]
    world.sync(3600)
    assert desk.asked(trio) == ["amina"]
    assert desk.in_progress() == []


def test_an_incident_without_any_ticket_is_not_escalated_any_more(desk):
    world = desk.world
    world.configure("    to: [snow, jira, pd]\n", "    to: [jira]\n")
    world.sync()
    fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Mail is down"}
    key = world.people.jira("POST", "issue", {"fields": {**fields, "priority": {"name": "Highest"}}})["key"]
    world.settle(2)
    assert len(desk.in_progress()) == 1
    world.people.jira("DELETE", f"issue/{key}")
    for _ in range(3):
        world.sweep("jira")
        world.sync(700)
    ended = world.said(key, "escalation")[-1]
    assert ended == "Escalation urgent ends: none of its tickets exists any more"
    assert desk.in_progress() == []
    told = len(desk.hook.got)
    world.sync(7200)
    assert len(desk.hook.got) == told


def test_a_run_whose_book_cannot_be_read_any_more_goes_on_by_todays(desk):
    """The book of a version before this one, say: it must not keep the daemon from starting."""
    world, trio = desk.world, desk.urgent()
    desk.at(trio, 1)
    desk.publish(BOOK + "# another\n")
    world.app.database.transact(
        lambda tx: tx.execute(
            sa.update(published).where(published.c.text == BOOK).values(text="escalation: 0\n")
        )
    )
    world.reopen()
    desk.at(trio, 5, 6, 15)
    assert desk.runs(trio) == [("urgent", "runs")]
    assert desk.asked(trio) == ["amina", "amina", "amina", "bruno"]


def test_a_policy_that_is_added_later_counts_from_its_publication(desk):
    """Else all its steps would be overdue at once on every old ticket."""
    world = desk.world
    trio = world.trio(impact="2", urgency="2")
    world.sync(10 * 3600)
    added = (
        "  - id: slow\n    when: priority == 3\n    clock: opened\n    end: none\n"
        "    steps: [{at: 1h, page: L1}, {at: 4h, page: L2}]\nsays:\n"
    )
    desk.publish(BOOK.replace("says:\n", added))
    world.reopen()
    world.settle(3)
    assert desk.asked(trio) == []
    world.sync(3700)
    world.settle(2)
    assert desk.asked(trio) == ["amina"]
    world.reopen()
    world.sync(3 * 3600)
    world.settle(2)
    assert desk.asked(trio) == ["amina", "bruno"]
