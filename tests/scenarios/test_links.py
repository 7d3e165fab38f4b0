"""Which tickets belong together: taken up, linked by hand, unlinked, cloned, moved, deleted, and left alone."""

import pytest

from syncline.errors import SynclineError
from syncline.store import operations

ROUTES = "  - name: everywhere\n    from: [snow, jira, pd]\n    to: [snow, jira, pd]\n"


def issue(world, summary, **fields):
    body = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": summary, **fields}
    return world.people.jira("POST", "issue", {"fields": body})["key"]


def summaries(world):
    return [found["fields"]["summary"] for found in world.people.jira_all()]


def in_doubt(world):
    """The incidents with a write of which nobody knows whether it happened."""
    return world.app.station.database.transact(operations.under_way)


# ---- where an incident begins -------------------------------------------------------------------


@pytest.mark.parametrize("side", ["snow", "jira", "pd"])
def test_an_incident_may_begin_on_any_side(world, side):
    world.sync()
    if side == "snow":
        world.people.snow_create(short_description="Begun")
    elif side == "jira":
        issue(world, "Begun")
    else:
        service = world.people.pd("GET", "services")["services"][0]["id"]
        body = {"type": "incident", "title": "Begun", "service": {"id": service, "type": "service_reference"}}
        world.people.pd("POST", "incidents", {"incident": body})
    world.settle()
    assert [row["short_description"] for row in world.people.snow_all()] == ["Begun"]
    assert summaries(world) == ["Begun"]
    assert [incident["title"] for incident in world.people.pd_all()] == ["Begun"]
    marks = world.marks()
    world.settle()
    assert world.writes(marks) == []


def test_a_condition_keeps_tickets_out_and_says_why(cloud):
    cloud.configure(ROUTES, ROUTES + "    when:\n      priority: [1, 2]\n")
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Small", impact="3", urgency="3")
    cloud.settle()
    assert summaries(cloud) == []
    number = cloud.people.snow_get(sys_id)["number"]
    (found,), faults = cloud.app.unsynced(number)
    assert "priority is 5, not one of 1, 2" in found.reason
    assert faults == []
    cloud.people.snow_set(sys_id, impact="1", urgency="1")
    cloud.settle()
    assert summaries(cloud) == ["Small"]


def test_an_incident_that_becomes_urgent_rings_then(cloud):
    cloud.configure(
        ROUTES,
        "  - name: tickets\n    from: [snow, jira]\n    to: [snow, jira]\n"
        "  - name: rings\n    from: [snow, jira]\n    to: [pd]\n    when:\n      priority: [1, 2]\n",
    )
    cloud.sync()
    cloud.people.snow_create(short_description="Grows", impact="3", urgency="3")
    cloud.settle()
    assert cloud.people.pd_all() == []
    (found,) = cloud.people.jira_all()
    cloud.people.jira_move(found["key"], "In Progress")
    cloud.people.jira_set(found["key"], priority={"name": "Highest"})
    cloud.settle(6)
    (incident,) = cloud.people.pd_all()
    assert incident["priority"]["summary"] == "P1"
    assert incident["status"] == "acknowledged"  # work goes on already: nobody is called out of bed for it


def test_a_ticket_from_before_the_first_start_says_how_it_can_be_taken_up(cloud):
    sys_id = cloud.people.snow_create(short_description="Long ago")
    cloud.clock.advance(600)
    cloud.sync()
    number = cloud.people.snow_get(sys_id)["number"]
    (found,), _ = cloud.app.unsynced(number)
    assert "syncline backfill snow" in found.reason


def test_backfill_brings_the_old_talk_and_files_too(cloud):
    sys_id = cloud.people.snow_create(short_description="Long ago")
    cloud.people.snow_set(sys_id, work_notes="Looked at it last week.")
    cloud.people.snow_attach(sys_id, "old.txt", b"old")
    cloud.clock.advance(3600)
    cloud.sync()
    assert cloud.app.backfill("snow", None, lambda *_: None) == (1, 1)
    cloud.settle()
    (found,) = cloud.people.jira_all()
    comments = [str(c["body"]) for c in found["fields"]["comment"]["comments"]]
    assert sum("Looked at it last week." in text for text in comments) == 1
    assert cloud.people.jira_files(found["key"]) == [("old.txt", b"old")]
    assert cloud.app.backfill("snow", None, lambda *_: None)[1] == 0
    cloud.settle()
    assert len(cloud.people.jira_all()) == 1


def test_a_route_may_take_up_what_is_open(cloud):
    cloud.configure(ROUTES, ROUTES + "    backfill: open\n")
    cloud.people.snow_create(short_description="Open")
    ended = cloud.people.snow_create(short_description="Ended")
    cloud.people.snow_set(ended, state="6", close_code="Solution provided", close_notes="Done.")
    cloud.clock.advance(3600)
    cloud.settle()
    assert summaries(cloud) == ["Open"]


# ---- by hand ------------------------------------------------------------------------------------


@pytest.fixture
def pair(cloud):
    """Two tickets about the same, from before Syncline came."""
    sys_id = cloud.people.snow_create(short_description="Mail is down", description="Nobody can send.")
    cloud.people.snow_set(sys_id, work_notes="Old note.")
    key = issue(cloud, "Mail broken", labels=["mail"])
    cloud.people.jira("POST", f"issue/{key}/comment", {"body": "Old comment."})
    cloud.clock.advance(3600)
    cloud.settle()
    return cloud, sys_id, cloud.people.snow_get(sys_id)["number"], key


def test_existing_tickets_are_linked_without_making_any(pair):
    world, sys_id, number, key = pair
    incident_id = world.app.link([f"snow/{number}", f"jira/{key}"])
    world.configure("to: [snow, jira, pd]", "to: [snow, jira]")
    world.settle()
    assert len(world.people.snow_all()) == 1
    assert summaries(world) == ["Mail is down"]
    assert world.people.jira_all()[0]["fields"]["labels"] == ["mail"]
    assert any("Mail broken" in text for text in world.said(key, "conflict"))
    world.people.jira_set(key, summary="Mail is slow")
    world.settle()
    assert world.people.snow_get(sys_id)["short_description"] == "Mail is slow"
    assert world.incident_id(number) == incident_id


def test_linking_copies_no_old_remarks_and_every_new_one(pair):
    world, sys_id, number, key = pair
    world.configure("to: [snow, jira, pd]", "to: [snow, jira]")
    world.app.link([f"snow/{number}", f"jira/{key}"])
    world.settle()
    world.people.jira("POST", f"issue/{key}/comment", {"body": "New comment."})
    world.people.snow_set(sys_id, work_notes="New note.")
    world.settle()
    journal = [entry["value"] for entry in world.people.snow_journal(sys_id)]
    comments = [str(c["body"]) for c in world.people.jira("GET", f"issue/{key}/comment")["comments"]]
    assert [sum(t in entry for entry in journal) for t in ("Old comment.", "New comment.")] == [0, 1]
    assert [sum(t in entry for entry in comments) for t in ("Old note.", "New note.")] == [0, 1]


def test_a_linked_pair_may_still_get_what_its_routes_demand(pair):
    world, _sys_id, number, key = pair
    world.app.link([f"snow/{number}", f"jira/{key}"])
    world.settle()
    (incident,) = world.people.pd_all()
    assert incident["title"] == "Mail is down"
    notes = [n["content"] for n in world.people.pd_notes(incident["id"])]
    assert sum("Old note." in text for text in notes) == 1


def test_what_cannot_be_linked_is_named(pair):
    world, _sys_id, number, key = pair
    with pytest.raises(SynclineError, match="no record"):
        world.app.link([f"snow/{number}", "jira/OPS-999"])
    with pytest.raises(SynclineError, match="at least two"):
        world.app.link([f"snow/{number}"])
    world.app.link([f"snow/{number}", f"jira/{key}"])
    with pytest.raises(SynclineError, match="belongs to incident"):
        world.app.link([f"snow/{number}", f"jira/{key}"])
    assert len(world.people.jira_all()) == 1


# ---- unlinking ----------------------------------------------------------------------------------


def test_an_unlinked_incident_is_left_alone_for_good(trio):
    world = trio.world
    world.app.unlink(trio.number)
    marks = world.marks()
    world.people.snow_set(trio.sys_id, short_description="On its own", work_notes="Alone.")
    world.people.jira_set(trio.key, summary="On its own too")
    world.people.pd_set(trio.pd_id, title="And so is this")
    world.settle()
    for name in world.urls:
        world.sweep(name)
    world.settle()
    assert world.writes(marks) == []
    assert trio.titles() == ("On its own", "On its own too", "And so is this")
    assert len(world.people.jira_all()) == len(world.people.pd_all()) == 1


def test_one_record_leaves_and_the_others_go_on(trio):
    world = trio.world
    world.app.unlink(trio.number, "jira")
    world.people.snow_set(trio.sys_id, short_description="Without Jira", work_notes="Not for Jira.")
    world.people.jira_set(trio.key, summary="Elsewhere")
    world.settle(6)
    assert trio.titles() == ("Without Jira", "Elsewhere", "Without Jira")
    assert trio.comments() == []
    assert len(world.people.jira_all()) == 1


def test_what_was_unlinked_can_be_linked_again(trio):
    world = trio.world
    world.app.unlink(trio.number, "jira")
    world.people.jira_set(trio.key, summary="Elsewhere")
    world.settle()
    world.app.link([world.incident_id(trio.number), f"jira/{trio.key}"])
    world.settle()
    assert len(set(trio.titles())) == 1
    assert len(world.people.jira_all()) == 1


# ---- deleted, moved, cloned ---------------------------------------------------------------------


def test_a_deleted_ticket_is_a_tombstone_after_two_looks_and_the_others_go_on(both):
    world = both.world
    world.people.jira("DELETE", f"issue/{both.key}")
    world.people.snow_set(both.sys_id, short_description="Goes on")
    world.settle()
    assert both.said("gone") == []
    assert both.pd["title"] == "Goes on"
    world.sync(700)
    world.sync(700)
    assert len(both.said("gone")) == 1
    world.people.pd_set(both.pd_id, title="Still goes on")
    for _ in range(4):
        world.sync(60)
    assert both.snow["short_description"] == "Still goes on"
    assert world.people.jira_all() == []
    assert both.said("gone")[0].startswith(f"jira {both.key}")


def test_a_write_in_doubt_ends_with_the_ticket_that_it_was_for(both):
    world = both.world
    world.fault("jira", "reset_before", "PUT", "/issue/")
    world.people.snow_set(both.sys_id, short_description="Never arrives")
    world.sync()
    assert in_doubt(world)
    world.people.jira("DELETE", f"issue/{both.key}")
    for _ in range(4):
        world.sync(700)
    assert both.said("gone")
    assert not in_doubt(world)


def test_nothing_is_asked_in_a_circle_for_a_ticket_that_cannot_be_read(trio):
    world = trio.world
    world.people.jira("DELETE", f"issue/{trio.key}")
    world.people.snow_set(trio.sys_id, short_description="Goes on")
    marks = world.marks()
    world.settle()
    assert len(world.calls(marks)["jira"]) < 20


def test_a_ticket_that_comes_back_is_kept_in_agreement_again(trio):
    world = trio.world
    jira = world.sandbox["jira"].platform
    jira.deny("syncline", "BROWSE_PROJECTS")
    world.people.snow_set(trio.sys_id, short_description="While it was hidden")
    world.settle()
    world.sync(700)
    world.sync(700)
    assert trio.said("gone")
    jira.grant("syncline", "BROWSE_PROJECTS")
    world.people.jira_set(trio.key, labels=["back"])
    world.settle(6)
    assert trio.said("back")
    assert trio.titles() == ("While it was hidden",) * 3


def test_an_issue_that_moves_to_another_project_stays_the_same_issue(trio):
    world = trio.world
    world.sandbox["jira"].platform.move(trio.key, "SEC")
    world.people.snow_set(trio.sys_id, short_description="Moved along")
    world.settle()
    world.sweep("jira")
    world.settle()
    moved = world.people.jira("GET", f"issue/{trio.key}")
    assert moved["key"].startswith("SEC-")
    assert moved["fields"]["summary"] == "Moved along"
    assert summaries(world) == []
    link = next(li for li in world.app.explain(trio.number)[0].situation.links if li.instance == "jira")
    assert link.record_key == moved["key"]


def test_a_clone_that_carries_our_marker_is_a_ticket_of_its_own(trio):
    """Cloning an issue copies its labels, ours among them."""
    world = trio.world
    raw = world.sandbox["jira"].platform.snapshot()["issues"]
    marker = [
        label for found in raw for label in found["fields"].get("labels", []) if label.startswith("syncline")
    ]
    clone = issue(world, "Clone of it", labels=marker)
    world.settle(6)
    assert len(world.people.jira_all()) == 2
    titles = sorted(row["short_description"] for row in world.people.snow_all())
    assert titles == ["Clone of it", "Mail is down"]
    assert world.incident_id(clone) != world.incident_id(trio.key)
    world.people.jira_set(clone, summary="Its own way")
    world.settle()
    assert trio.titles() == ("Mail is down",) * 3


def test_a_copied_marker_in_servicenow_makes_a_ticket_of_its_own(cloud):
    cloud.sync()
    key = issue(cloud, "Begun in Jira")
    cloud.settle()
    (row,) = cloud.people.snow_all()
    copied = {name: row[name] for name in ("correlation_id", "correlation_display")}
    cloud.people.snow_create(short_description="Copied in ServiceNow", **copied)
    cloud.settle(6)
    assert sorted(summaries(cloud)) == ["Begun in Jira", "Copied in ServiceNow"]
    assert cloud.people.jira("GET", f"issue/{key}")["fields"]["summary"] == "Begun in Jira"
    assert cloud.parked() == []


@pytest.mark.parametrize("name", ["snow", "jira"])
def test_a_duplicate_that_a_platform_forces_on_us_is_reported_and_does_not_spread(cloud, name):
    """A create that takes effect after its quarantine: no key of the platform's own keeps it from doing so."""
    cloud.sync()
    cloud.fault(
        name, "late_reset", "POST", {"snow": r"table/incident$", "jira": r"/issue$"}[name], seconds=500.0
    )
    if name == "snow":
        issue(cloud, "Once, we hoped")
    else:
        cloud.people.snow_create(short_description="Once, we hoped")
    for _ in range(24):
        cloud.sync(30)
    counts = {
        "snow": len(cloud.people.snow_all()),
        "jira": len(cloud.people.jira_all()),
        "pd": len(cloud.people.pd_all()),
    }
    assert counts == {"snow": 1, "jira": 1, "pd": 1, name: 2}
    (one,) = cloud.parked()
    assert one.kind == "twin"
    assert one.instance == name
    assert "close" in one.reason
    cloud.app.park_drop(one.id)
    cloud.settle()
    assert cloud.parked() == []


def test_a_create_that_was_given_up_is_not_tried_again(cloud):
    cloud.sync()
    cloud.sandbox["jira"].platform.deny("syncline", "CREATE_ISSUES")
    sys_id = cloud.people.snow_create(short_description="Not for Jira")
    cloud.settle()
    (one,) = cloud.parked()
    assert one.kind == "create"
    cloud.app.park_drop(one.id)
    cloud.sandbox["jira"].platform.grant("syncline", "CREATE_ISSUES")
    cloud.people.snow_set(sys_id, short_description="Still not for Jira")
    cloud.settle()
    assert cloud.people.jira_all() == []
    assert cloud.parked() == []
    assert [incident["title"] for incident in cloud.people.pd_all()] == ["Still not for Jira"]
    key = issue(cloud, "By hand")
    cloud.settle()
    cloud.app.unlink(key)
    cloud.app.link([cloud.incident_id(cloud.people.snow_get(sys_id)["number"]), f"jira/{key}"])
    cloud.settle()
    assert cloud.people.jira("GET", f"issue/{key}")["fields"]["summary"] == "Still not for Jira"


def test_a_record_that_was_never_linked_brings_nothing_by_its_remarks(cloud):
    """ServiceNow's journal tells of records that no route takes."""
    cloud.configure(ROUTES, ROUTES + "    when:\n      priority: [1, 2]\n")
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Small", impact="3", urgency="3")
    cloud.sync()
    marks = cloud.marks()
    cloud.people.snow_set(sys_id, work_notes="Nobody else needs to know.")
    cloud.settle()
    assert cloud.writes(marks) == []
    # Once it is taken up, what was said before comes along.
    cloud.people.snow_set(sys_id, impact="1", urgency="1")
    cloud.settle()
    (found,) = cloud.people.jira_all()
    assert sum("Nobody else needs" in str(c["body"]) for c in found["fields"]["comment"]["comments"]) == 1
