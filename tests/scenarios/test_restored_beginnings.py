"""Incidents that a backup does not know, and whose links back were not written yet: with which ticket each began."""

import pytest
from old_store import Backup, numbers, settle

from syncline.configuration.defaults import default_mapping
from syncline.errors import Configuration

ROUTES = "  - name: everywhere\n    from: [snow, jira, pd]\n    to: [snow, jira, pd]\n"


def stopped_before_the_links(world, title):
    """An incident of ServiceNow whose ticket on Jira exists, and nothing leads from one to the other."""
    people = world.people
    world.sync()
    backup = Backup(world)
    people.snow_create(short_description=title)
    world.poll("snow")
    world.reconcile()
    world.deliver("jira")
    world.clock.advance(30)
    assert numbers(world) == (1, 1, 0)
    return backup


def test_the_ticket_with_which_it_began_is_told_by_its_title(cloud):
    backup = stopped_before_the_links(cloud, "Mail is down")
    backup.restore()
    found = backup.adopt()
    assert (found.incidents, found.links) == (1, 2)
    assert numbers(cloud) == (1, 1, 1)
    assert cloud.said(cloud.people.snow_all()[0]["number"], "began")[0].startswith("found again: snow INC")


def test_it_is_told_by_the_title_that_it_had(cloud):
    """Found by the simulation: somebody had renamed it, and it passed for another incident, of which everything was made twice."""
    backup = stopped_before_the_links(cloud, "Mail is down")
    row = cloud.people.snow_all()[0]
    cloud.clock.advance(30)
    cloud.people.snow_set(row["sys_id"], short_description="Something else altogether")
    backup.restore()
    found = backup.adopt()
    assert (found.incidents, found.links) == (1, 2)
    assert numbers(cloud) == (1, 1, 1)


def test_where_it_is_not_found_nothing_is_created_and_a_person_decides(cloud):
    backup = stopped_before_the_links(cloud, "Mail is down")
    row = cloud.people.snow_all()[0]
    cloud.people.snow_set(row["sys_id"], short_description="Entirely", description="Otherwise")
    cloud.sandbox["snow"].platform._database.tables["sys_audit"].rows.clear()
    backup.restore()
    found = cloud.app.adopt(lambda _text: None)
    assert len(found.orphans) == 1
    parked = cloud.parked()
    assert {(p.kind, p.instance) for p in parked} == {("create", "snow"), ("create", "pd")}
    assert all("syncline link" in p.reason for p in parked)


@pytest.fixture
def orphan(cloud):
    """A backup was put back and adopted. The incident began on ServiceNow after it; our ticket on PagerDuty was renamed, and
    nothing leads from one to the other."""
    world, people = cloud, cloud.people
    world.sync()
    backup = Backup(world)
    people.snow_create(short_description="Mail is down")
    world.poll("snow")
    world.reconcile()
    world.deliver("pd")
    (alert,) = people.pd_all()
    people.pd_set(alert["id"], title="Something else altogether")
    world.clock.advance(30)
    backup.restore()
    (backup.orphan,) = backup.adopt().orphans
    return backup


def test_nothing_is_made_of_a_ticket_that_may_be_the_one_that_was_not_found(orphan):
    """It passed for a new incident: PagerDuty had two."""
    world = orphan.world
    (row,) = world.people.snow_all()
    assert numbers(world) == (1, 0, 1)
    asked = [p for p in world.parked() if p.incident_id == world.incident_id(row["number"])]
    assert {(p.kind, p.instance) for p in asked} == {("create", "jira"), ("create", "pd")}
    for parked in asked:
        assert f"syncline link {orphan.orphan} snow/{row['number']}" in parked.reason
        assert "(pd #1)" in parked.reason


def test_the_two_are_linked_as_the_question_says(orphan):
    world = orphan.world
    (row,) = world.people.snow_all()
    world.app.link([orphan.orphan, f"snow/{row['number']}"])
    assert world.parked() == []
    settle(world)
    assert numbers(world) == (1, 1, 1)
    assert world.people.snow_all()[0]["short_description"] == "Something else altogether"
    world.people.snow_set(row["sys_id"], short_description="Mail is slow")
    settle(world)
    assert (
        world.people.pd_all()[0]["title"] == world.people.jira_all()[0]["fields"]["summary"] == "Mail is slow"
    )
    assert world.parked() == []


def test_if_they_are_two_incidents_each_gets_its_tickets_when_a_person_says_so(orphan):
    world = orphan.world
    for parked in world.parked():
        world.app.park_retry(parked.id)
    settle(world)
    assert numbers(world) == (2, 2, 2)
    assert world.parked() == []


def test_the_question_outlasts_a_second_adoption_and_a_new_mapping(orphan):
    world = orphan.world
    asked = world.parked()
    world.people.snow_set(world.people.snow_all()[0]["sys_id"], impact="1", urgency="1")
    orphan.adopt()
    assert numbers(world) == (1, 0, 1)
    for name, platform in (("snow", "servicenow"), ("pd", "pagerduty"), ("jira", "jira")):
        file = world.folder / f"{name}.yaml"
        file.write_text(default_mapping(platform).read_text() + "# another\n")
        world.app.mappings.publish(name, file)
    settle(world)
    assert numbers(world) == (1, 0, 1)
    assert [p.id for p in world.parked()] == [p.id for p in asked]
    world.app.link([orphan.orphan, f"snow/{world.people.snow_all()[0]['number']}"])
    settle(world)
    assert numbers(world) == (1, 1, 1)


def test_what_was_made_of_the_other_ticket_meanwhile_keeps_the_two_apart(orphan):
    world = orphan.world
    number = world.people.snow_all()[0]["number"]
    of_other = [p for p in world.parked() if p.incident_id == world.incident_id(number)]
    world.app.park_retry(next(p.id for p in of_other if p.instance == "jira"))
    settle(world)
    with pytest.raises(Configuration, match="unlink"):
        world.app.link([orphan.orphan, f"snow/{number}"])
    assert numbers(world) == (1, 1, 1)


def test_nobody_is_asked_any_more_about_an_incident_that_is_unlinked(orphan):
    world = orphan.world
    world.app.unlink(orphan.orphan)
    world.people.snow_create(short_description="Another")
    settle(world)
    assert {p.incident_id for p in world.parked()} == {
        world.incident_id(world.people.snow_all()[0]["number"])
    }


def test_a_ticket_that_came_long_after_is_an_incident_of_its_own(orphan):
    world = orphan.world
    world.clock.advance(300)
    sys_id = world.people.snow_create(short_description="The shop is down")
    settle(world)
    assert numbers(world) == (2, 1, 2)
    assert (
        world.people.snow_get(sys_id)["short_description"] == world.people.jira_all()[0]["fields"]["summary"]
    )


def test_it_is_asked_too_where_no_route_begins_on_the_side_of_our_ticket(cloud):
    world, people = cloud, cloud.people
    world.configure(
        ROUTES,
        "  - name: tickets\n    from: [snow]\n    to: [jira]\n"
        "  - name: rings\n    from: [snow]\n    to: [pd]\n    when:\n      priority: [1, 2]\n",
    )
    world.sync()
    backup = Backup(world)
    sys_id = people.snow_create(short_description="Mail is down", impact="1", urgency="1")
    world.poll("snow")
    world.reconcile()
    world.deliver("pd")
    people.pd_set(people.pd_all()[0]["id"], title="Something else altogether")
    people.snow_set(sys_id, impact="3", urgency="3")
    world.clock.advance(30)
    backup.restore()
    (orphan,) = backup.adopt().orphans
    people.snow_set(sys_id, impact="1", urgency="1")
    settle(world)
    assert numbers(world) == (1, 0, 1)
    world.app.link([orphan, f"snow/{people.snow_get(sys_id)['number']}"])
    settle(world)
    assert numbers(world) == (1, 1, 1)
    assert world.parked() == []
