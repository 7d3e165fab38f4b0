"""Writes of which no verdict comes back: whatever became of them, nothing is made twice and nothing is lost."""

from datetime import timedelta

import pytest

LOST = ["error_before", "error_after", "reset_before", "reset_after", "late_reset", "late", "accepted"]
"""What may happen to a write so that we do not know what became of it."""

CREATES = {"snow": r"table/incident$", "jira": r"/issue$", "pd": r"^/incidents$"}
UPDATES = {"snow": ("PATCH", r"table/incident/"), "jira": ("PUT", r"/issue/"), "pd": ("PUT", r"^/incidents/")}
COMMENTS = {"snow": ("PATCH", r"table/incident/"), "jira": ("POST", r"/comment$"), "pd": ("POST", r"/notes$")}


def lose(world, name, fault, method, path):
    world.fault(name, fault, method, path, seconds=45.0 if fault.startswith("late") else 0.0)


def quiet(world, minutes=6):
    """So long that every quarantine is over."""
    for _ in range(minutes * 2):
        world.sync(30)


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_a_create_is_made_once(cloud, name, fault):
    cloud.sync()
    lose(cloud, name, fault, "POST", CREATES[name])
    if name == "snow":
        cloud.people.jira(
            "POST",
            "issue",
            {"fields": {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Once"}},
        )
    else:
        cloud.people.snow_create(short_description="Once")
    quiet(cloud)
    titles = {
        "snow": [row["short_description"] for row in cloud.people.snow_all()],
        "jira": [issue["fields"]["summary"] for issue in cloud.people.jira_all()],
        "pd": [incident["title"] for incident in cloud.people.pd_all()],
    }
    assert titles == {"snow": ["Once"], "jira": ["Once"], "pd": ["Once"]}
    assert cloud.parked() == []


def test_a_late_create_makes_no_twin_of_an_incident_that_ended_meanwhile(cloud):
    """PagerDuty's key is free again once the incident that had it is resolved."""
    cloud.sync()
    lose(cloud, "pd", "late_reset", "POST", CREATES["pd"])
    cloud.people.snow_create(short_description="Once")
    while not cloud.people.pd_all():
        cloud.sync(1)
    cloud.people.pd_set(cloud.people.pd_all()[0]["id"], status="resolved")
    quiet(cloud)
    assert [incident["status"] for incident in cloud.people.pd_all()] == ["resolved"]
    assert cloud.parked() == []


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_an_update_arrives(trio, name, fault):
    world = trio.world
    lose(world, name, fault, *UPDATES[name])
    if name == "snow":
        world.people.jira_set(trio.key, summary="Arrives")
    else:
        world.people.snow_set(trio.sys_id, short_description="Arrives")
    quiet(world)
    assert trio.titles() == ("Arrives",) * 3
    assert trio.said("conflict") == []


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_a_comment_arrives_once(trio, name, fault):
    world = trio.world
    world.settle()
    lose(world, name, fault, *COMMENTS[name])
    if name == "snow":
        world.people.jira("POST", f"issue/{trio.key}/comment", {"body": "Only once, please."})
    else:
        world.people.snow_set(trio.sys_id, work_notes="Only once, please.")
    quiet(world)
    for side in (trio.journal(), trio.comments(), trio.notes()):
        assert sum("Only once, please." in text for text in side) == 1


@pytest.mark.parametrize("fault", LOST)
def test_a_transition_is_taken_once(trio, fault):
    world = trio.world
    lose(world, "jira", fault, "POST", r"/transitions$")
    world.people.snow_set(trio.sys_id, state="2")
    quiet(world)
    assert trio.jira["status"]["name"] == "In Progress"
    assert trio.snow["state"] == "2"
    assert trio.pd["status"] == "acknowledged"
    assert world.parked() == []


@pytest.mark.parametrize("fault", LOST)
def test_every_step_of_a_longer_way_may_be_lost(trio, fault):
    world = trio.world
    for skip in (0, 1):
        world.fault(
            "jira", fault, "POST", r"/transitions$", skip=skip, seconds=45.0 if "late" in fault else 0.0
        )
    world.people.snow_set(trio.sys_id, state="6", close_code="Solution provided", close_notes="Restarted.")
    quiet(world, 10)
    assert trio.jira["status"]["statusCategory"]["key"] == "done"
    assert trio.snow["state"] == "6"
    assert trio.pd["status"] == "resolved"


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("name", ["snow", "jira"])
def test_a_file_arrives_once(trio, name, fault):
    world = trio.world
    path = r"/attachment/file$" if name == "snow" else r"/attachments$"
    lose(world, name, fault, "POST", path)
    if name == "snow":
        world.people.jira_attach(trio.key, "log.txt", b"the log")
    else:
        world.people.snow_attach(trio.sys_id, "log.txt", b"the log")
    quiet(world)
    assert [f for f in world.people.snow_files(trio.sys_id)] == [("log.txt", b"the log")]
    assert [f for f in world.people.jira_files(trio.key)] == [("log.txt", b"the log")]


def test_who_gives_a_record_what_a_lost_create_was_to_give_another_is_a_person(cloud):
    """PagerDuty tells nobody who gave a title. The create that was taken for lost can still make a record; it cannot change
    the one that was made instead."""
    cloud.sync()
    lose(cloud, "pd", "reset_before", "POST", CREATES["pd"])
    sys_id = cloud.people.snow_create(short_description="Once")
    quiet(cloud)
    cloud.people.snow_set(sys_id, short_description="Twice")
    cloud.settle()
    (incident,) = cloud.people.pd_all()
    assert incident["title"] == "Twice"
    cloud.people.pd_set(incident["id"], title="Once")
    quiet(cloud)
    assert cloud.people.pd_all()[0]["title"] == "Once"
    assert cloud.people.snow_get(sys_id)["short_description"] == "Once"


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_links_back_stand_there_once(cloud, name, fault):
    cloud.sync()
    cloud.people.snow_create(short_description="Linked")
    method, path = {
        "snow": ("PATCH", "table/incident/"),
        "jira": ("POST", "/remotelink$"),
        "pd": ("POST", "/notes$"),
    }[name]
    lose(cloud, name, fault, method, path)
    quiet(cloud)
    (row,), (issue,), (incident,) = cloud.people.snow_all(), cloud.people.jira_all(), cloud.people.pd_all()
    journal = [e["value"] for e in cloud.people.snow_journal(row["sys_id"]) if issue["key"] in e["value"]]
    notes = [n["content"] for n in cloud.people.pd_notes(incident["id"]) if row["number"] in n["content"]]
    links = cloud.people.jira("GET", f"issue/{issue['key']}/remotelink")
    assert (len(journal), len(notes), len(links)) == (1, 1, 2)


@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_a_write_that_lands_after_it_was_given_up_does_not_undo_a_newer_edit(trio, name):
    world = trio.world
    world.fault(name, "late_reset", *UPDATES[name], seconds=400.0)  # longer than any quarantine
    if name == "snow":
        world.people.jira_set(trio.key, summary="Old news")
    else:
        world.people.snow_set(trio.sys_id, short_description="Old news")
    quiet(world, 5)
    assert trio.titles() == ("Old news",) * 3
    if name == "jira":
        world.people.jira_set(trio.key, summary="Newer")
    elif name == "snow":
        world.people.snow_set(trio.sys_id, short_description="Newer")
    else:
        world.people.pd_set(trio.pd_id, title="Newer")
    quiet(world, 4)
    assert trio.titles() == ("Newer",) * 3


@pytest.mark.parametrize("name", ["snow", "jira"])
def test_an_edit_that_a_late_write_of_ours_overwrites_unseen_is_brought_back(trio, name):
    world = trio.world
    world.fault(name, "late_reset", *UPDATES[name], seconds=400.0)
    if name == "snow":
        world.people.jira_set(trio.key, summary="Old news")
        edit = lambda: world.people.snow_set(trio.sys_id, short_description="Newer")  # noqa: E731
    else:
        world.people.snow_set(trio.sys_id, short_description="Old news")
        edit = lambda: world.people.jira_set(trio.key, summary="Newer")  # noqa: E731
    world.sync(1)
    world.clock.after(398.5, edit)
    quiet(world, 8)
    assert trio.titles() == ("Newer",) * 3


def test_an_urgent_change_does_not_wait_for_a_comment_in_doubt(trio):
    world = trio.world
    world.settle()
    world.fault("jira", "late_reset", "POST", "/comment$", seconds=50.0)
    world.people.snow_set(trio.sys_id, work_notes="Slow.")
    world.sync()
    world.people.snow_set(trio.sys_id, impact="1", urgency="1")
    world.sync()
    assert trio.jira["priority"]["name"] == "Highest"
    quiet(world)
    assert sum("Slow." in text for text in trio.comments()) == 1


def test_a_record_that_was_made_and_cannot_be_read_is_not_made_again(world):
    """Jira's reply to a create names the issue and shows nothing of it; searches do not show it yet either."""
    world.sync()
    world.sandbox["jira"].set_faults(stale=3600)
    world.fault("jira", "error_before", "GET", r"/issue/\d+$", count=20)
    world.people.snow_create(short_description="Only once")
    quiet(world)
    world.sandbox["jira"].clear_faults()
    quiet(world)
    assert [
        issue.state.values["summary"] for issue in world.sandbox["jira"].platform.site.issues.values()
    ] == ["Only once"]
    assert world.parked() == []


def test_a_persons_value_that_shares_a_part_with_ours_is_not_taken_for_ours(cloud):
    """A priority stands in two fields at ServiceNow. While ours was in doubt, a person gave it another one, of which the
    impact happened to be the same."""
    trio = cloud.trio(impact="1", urgency="2")
    cloud.people.jira_set(trio.key, priority={"name": "Low"})
    cloud.fault("snow", "reset_before", "PATCH", r"table/incident/")
    cloud.sync()
    cloud.people.snow_set(trio.sys_id, impact="2", urgency="2")
    quiet(cloud)
    assert (trio.snow["priority"], trio.jira["priority"]["name"]) == ("3", "Medium")
    assert any("4" in text for text in trio.said("conflict"))


def test_what_a_write_in_doubt_has_overwritten_is_found_with_the_write(cloud):
    """The look that settles our write shows the edit beneath it. Nothing else will ever speak of that edit."""
    trio = cloud.trio()
    cloud.settle()
    cloud.before("jira", "PUT", "/issue/", lambda: cloud.people.jira_set(trio.key, summary="From Jira"))
    cloud.fault("jira", "reset_after", "PUT", "/issue/")
    cloud.people.snow_set(trio.sys_id, short_description="From ServiceNow")
    quiet(cloud)
    assert len(set(trio.titles())) == 1
    lost = ({"From Jira", "From ServiceNow"} - set(trio.titles())).pop()
    assert any(lost in text for text in trio.said("conflict"))


def test_an_edit_that_only_the_look_for_a_write_in_doubt_shows_is_merged_before_the_write_is_done_afresh(
    cloud,
):
    """PagerDuty keeps no history of titles: what is done afresh over one that nobody took in buries it without a trace."""
    trio = cloud.trio()
    cloud.settle()
    cloud.after("pd", "PUT", "^/incidents/", lambda: cloud.people.pd_set(trio.pd_id, title="From PagerDuty"))
    cloud.fault("pd", "reset_before", "PUT", "^/incidents/")
    cloud.people.snow_set(trio.sys_id, short_description="From ServiceNow")
    quiet(cloud)
    assert len(set(trio.titles())) == 1
    lost = ({"From PagerDuty", "From ServiceNow"} - set(trio.titles())).pop()
    assert any(lost in text for text in trio.said("conflict"))


@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_what_is_accepted_is_not_done(trio, name):
    """A gateway may take a request and forget it: the status that it was to bring is looked for, not taken as read."""
    world = trio.world
    path = {"snow": r"table/incident/", "jira": r"/transitions$", "pd": r"^/incidents/"}[name]
    world.fault(name, "accepted", "PATCH|POST|PUT", path)
    if name == "snow":
        world.people.jira_move(trio.key, "In Progress")
    else:
        world.people.snow_set(trio.sys_id, state="2")
    quiet(world)
    assert trio.snow["state"] == "2"
    assert (trio.jira["status"]["name"], trio.pd["status"]) == ("In Progress", "acknowledged")
    assert trio.said("forced") == []


def test_a_persons_value_that_shows_what_we_wrote_of_ours_is_not_our_write_that_landed(cloud):
    """Of the two fields of a priority we wrote the urgency, which did not arrive; a person set both, and the urgency alike."""
    trio = cloud.trio(impact="1", urgency="1")
    cloud.people.jira_set(trio.key, priority={"name": "Medium"})
    cloud.fault("snow", "reset_before", "PATCH", r"table/incident/")
    edit = {"impact": "3", "urgency": "3"}
    cloud.before("snow", "GET", r"table/incident/", lambda: cloud.people.snow_set(trio.sys_id, **edit))
    quiet(cloud)
    (conflict,) = [text for text in trio.said("conflict") if text.startswith("priority")]
    assert "amina on snow says 5" in conflict
    assert "Bruno Keller on jira says 3" in conflict


def test_who_replaces_our_write_in_doubt_has_not_seen_the_same_value_that_came_about_elsewhere_since(cloud):
    """PagerDuty was at 4, our 5 arrived there without a reply, and olga replaced it. That amina had meanwhile gone back to 4
    elsewhere she cannot have known."""
    trio = cloud.trio(impact="2", urgency="3")
    cloud.sync()
    priorities = {p["summary"]: p["id"] for p in cloud.people.pd("GET", "priorities")["priorities"]}
    cloud.fault("pd", "reset_after", "PUT", r"^/incidents/")
    cloud.people.jira_set(trio.key, priority={"name": "Lowest"})
    cloud.poll("jira")
    cloud.reconcile()
    cloud.deliver("snow")
    cloud.deliver("pd")
    assert (trio.snow["priority"], trio.pd["priority"]["summary"]) == ("5", "P5")
    cloud.clock.advance(5)
    cloud.people.pd_set(trio.pd_id, "olga", priority={"id": priorities["P2"], "type": "priority_reference"})
    cloud.people.snow_set(trio.sys_id, impact="2", urgency="3")
    cloud.poll("snow")
    cloud.reconcile()
    quiet(cloud)
    assert (trio.snow["priority"], trio.pd["priority"]["summary"]) == ("2", "P2")
    assert any("amina on snow says 4 and is kept here only" in text for text in trio.said("conflict"))


@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_who_puts_back_what_our_write_in_doubt_replaced_is_not_overwritten_by_its_repetition(trio, name):
    """The record says what it said before our write, as if that had not happened. The history tells that it did."""
    world = trio.world
    world.people.snow_set(trio.sys_id, state="2")
    world.settle(6)
    path = {"snow": ("PATCH", r"table/incident/"), "jira": ("POST", r"/transitions$"), "pd": UPDATES["pd"]}[
        name
    ]
    back = {
        "snow": lambda: world.people.snow_set(trio.sys_id, state="2"),
        "jira": lambda: world.people.jira_move(trio.key, "In Progress"),
        "pd": lambda: world.people.pd_set(trio.pd_id, "noah", status="acknowledged"),
    }[name]
    world.clock.advance(5)
    if name == "snow":
        world.people.jira_move(trio.key, "Done", resolution={"name": "Done"})
    else:
        world.people.snow_set(
            trio.sys_id, state="6", close_code="Solution provided", close_notes="Restarted."
        )
    world.poll("jira" if name == "snow" else "snow")
    world.reconcile()
    world.fault(name, "reset_after", *path)
    world.clock.after(2, back)
    world.deliver(name)
    world.clock.advance(3)
    quiet(world, 8)
    assert (trio.snow["state"], trio.jira["status"]["name"], trio.pd["status"]) == (
        "2",
        "In Progress",
        "acknowledged",
    )


def test_who_gives_what_our_write_in_doubt_was_to_give_after_it_was_ended_opens_it_again(trio):
    """Found by the simulation: what they gave passed for our write, and the incident had left that value meanwhile."""
    world = trio.world
    world.fault("snow", "reset_before", "PATCH", r"table/incident/")
    world.people.jira_move(trio.key, "In Progress")
    world.poll("jira")
    world.reconcile()
    world.deliver("snow")
    world.people.snow_set(trio.sys_id, state="6", close_code="Solution provided", close_notes="Restarted.")
    world.poll("snow")
    world.reconcile()
    assert world.value(trio.number, "status") == "resolved"
    world.clock.advance(5)
    world.people.snow_set(trio.sys_id, "diane", state="2")
    quiet(world)
    assert (trio.snow["state"], trio.jira["status"]["name"]) == ("2", "In Progress")
    assert any("by diane on snow" in text for text in trio.said("changed"))


def test_who_ends_what_our_write_in_doubt_was_to_end_after_it_was_opened_again_is_heard(trio):
    """Found by the simulation: of our write the note on how it was resolved lacked, and the status alone passed for it."""
    world = trio.world
    world.fault("pd", "reset_before", "PUT", r"^/incidents/")
    world.people.snow_set(trio.sys_id, state="6", close_code="Solution provided", close_notes="Restarted.")
    world.poll("snow")
    world.reconcile()
    world.deliver("pd")
    world.people.snow_set(trio.sys_id, "diane", state="2")
    world.poll("snow")
    world.reconcile()
    assert world.value(trio.number, "status") == "in_progress"
    world.clock.advance(5)
    world.people.pd_set(trio.pd_id, "noah", status="resolved")
    quiet(world)
    assert (trio.pd["status"], trio.snow["state"], trio.jira["status"]["name"]) == ("resolved", "6", "Done")
    assert any("Noah Brooks on pd says resolved and stands" in text for text in trio.said("conflict"))


def test_who_gives_what_our_lost_write_was_to_give_is_heard_though_we_wrote_a_note_since(trio):
    """Found by the simulation: our note was the last change of the issue, and what they gave passed for our write, landed late."""
    world = trio.world
    world.people.jira_move(trio.key, "In Progress")
    world.settle()
    world.fault("jira", "accepted", "POST", r"/transitions$")
    world.people.snow_set(trio.sys_id, state="6", close_code="Solution provided", close_notes="Restarted.")
    world.sync()
    world.people.snow_set(trio.sys_id, "diane", state="2")
    quiet(world, 3)
    assert world.value(trio.number, "status") == "in_progress"
    world.people.jira_move(trio.key, "Done", resolution={"name": "Done"})
    world.clock.advance(1)
    world.people.snow_set(trio.sys_id, comments="On it.")
    world.poll("snow")
    world.reconcile()
    world.deliver("jira")
    quiet(world)
    assert (trio.jira["status"]["name"], trio.snow["state"]) == ("Done", "6")
    assert not [text for text in trio.said("conflict") if "Bruno Keller" in text]


@pytest.mark.parametrize("commented", [False, True])
def test_a_status_that_a_person_gave_is_not_our_step_on_the_way_to_another_one(both, commented):
    """Bruno began to work on it, unseen as yet, and we were to take the same step on the way to Done: no reply came, and the
    issue stands where the step leads. The history says that he took it."""
    world = both.world
    world.people.snow_create(short_description="Another one, whose issue shows the way out of To Do")
    world.settle()
    world.people.jira_move(both.key, "In Progress")
    if commented:
        world.people.jira("POST", f"issue/{both.key}/comment", {"body": "On it."})
    world.clock.advance(5)
    world.people.snow_set(both.sys_id, state="6", close_code="Solution provided", close_notes="Restarted.")
    world.poll("snow")
    world.reconcile()
    world.fault("jira", "reset_after", "POST", r"/transitions$")
    world.deliver("jira")
    marks = world.marks()
    for _ in range(20):
        world.sync(1)
    assert sum(call == "GET /rest/api/3/issue/*" for call in world.calls(marks)["jira"]) <= 6
    quiet(world, 8)
    assert both.jira["status"]["statusCategory"]["key"] == "done"
    (conflict,) = [text for text in both.said("conflict") if text.startswith("status")]
    assert "amina on snow says resolved and stands" in conflict
    assert "Bruno Keller on jira says in_progress" in conflict


@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_a_record_that_is_listed_twice_is_no_twin(cloud, name):
    cloud.sync()
    cloud.fault(name, "reset_after", "POST", CREATES[name])
    if name == "snow":
        fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Once"}
        cloud.people.jira("POST", "issue", {"fields": fields})
    else:
        cloud.people.snow_create(short_description="Once")
    cloud.poll("jira" if name == "snow" else "snow")
    cloud.reconcile()
    cloud.deliver(name)
    cloud.sandbox[name].set_faults(duplicate_rows=1.0)
    cloud.clock.advance(8)
    cloud.deliver(name)
    cloud.sandbox[name].clear_faults()
    quiet(cloud)
    assert cloud.parked() == []
    assert cloud.standing().titles() == ("Once",) * 3


def test_a_write_that_did_not_happen_is_looked_for_ever_more_seldom_and_at_the_end(cloud):
    cloud.sync()
    cloud.fault("jira", "reset_before", "POST", "/issue$")
    cloud.people.snow_create(short_description="Mail is down")
    marks, began = cloud.marks(), cloud.clock.now()
    while not cloud.people.jira_all():
        cloud.sync(1)
    waited = cloud.clock.now() - began
    quarantine = cloud.app.station.endpoints["jira"].quarantine()
    looks = [r for r in cloud.requests("jira", marks["jira"]) if "syncline-sl" in r.query.lower()]
    assert quarantine <= waited <= quarantine + timedelta(seconds=10)
    assert 4 <= len(looks) <= 12
