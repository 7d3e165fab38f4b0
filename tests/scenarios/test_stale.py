"""A write whose result cannot be read yet: what was seen before it is no news."""

import pytest

from syncline import ledger
from syncline.store import incidents


def _unreadable_once_moved(world):
    """From our next transition on no issue can be read by itself."""
    lost = {"fault": "error_before", "method": "GET", "path": r"/issue/\d+$", "count": 1000}
    world.after("jira", "POST", "/transitions$", lambda: world.sandbox["jira"].set_faults(next=[lost]))


def test_what_was_seen_before_our_write_is_nobodys_edit(cloud):
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Mail is down")
    cloud.settle()
    (issue,) = cloud.people.jira_all()
    _unreadable_once_moved(cloud)
    cloud.people.snow_set(sys_id, state="2")
    cloud.sync()
    assert cloud.people.jira("GET", f"issue/{issue['key']}")["fields"]["status"]["name"] == "In Progress"
    assert cloud.people.snow_get(sys_id)["state"] == "2"
    cloud.sandbox["jira"].clear_faults()
    cloud.settle(6)
    assert cloud.people.snow_get(sys_id)["state"] == "2"
    assert cloud.people.jira("GET", f"issue/{issue['key']}")["fields"]["status"]["name"] == "In Progress"
    assert not [line for line in cloud.timeline(issue["key"]) if line.startswith("conflict")]


def test_a_list_that_shows_an_edit_but_not_yet_our_later_write_takes_nothing_back(cloud):
    """The row is newer than what was seen before, and older than the write, whose result could not be read yet."""
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Mail is down")
    cloud.settle()
    (issue,) = cloud.people.jira_all()
    cloud.clock.advance(60)
    cloud.sandbox["jira"].set_faults(stale=30)
    cloud.people.jira_set(issue["key"], labels=["mail"])
    cloud.clock.advance(28)
    cloud.people.snow_set(sys_id, state="2")
    cloud.poll("snow")
    cloud.reconcile()
    _unreadable_once_moved(cloud)
    cloud.deliver("jira")
    assert cloud.people.jira("GET", f"issue/{issue['key']}")["fields"]["status"]["name"] == "In Progress"
    cloud.clock.advance(3)
    cloud.poll("jira")
    cloud.reconcile()
    cloud.sandbox["jira"].clear_faults()
    cloud.settle(6)
    assert cloud.people.snow_get(sys_id)["state"] == "2"
    fields = cloud.people.jira("GET", f"issue/{issue['key']}")["fields"]
    assert (fields["status"]["name"], fields["labels"]) == ("In Progress", ["mail"])


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_a_read_that_began_before_our_write_and_ended_after_it_undoes_nothing(trio_of, flavour):
    """Jira's reply to a transition shows nothing, and the read that follows it fails. What reconcile had asked for meanwhile
    is what was before."""
    trio = trio_of(flavour)
    world, station = trio.world, trio.world.app.station
    world.people.snow_set(trio.sys_id, state="2")
    world.poll("snow")
    world.reconcile()
    incident = world.incident_id(trio.number)

    def unread(tx):
        incidents.update_link(tx, incident, "jira", unread=True)
        station.ledger.mark(tx, ledger.incident(incident))

    def deliver():
        _unreadable_once_moved(world)
        world.deliver("jira")
        world.sandbox["jira"].clear_faults()
        assert trio.jira["status"]["name"] == "In Progress"

    station.database.transact(unread)
    world.after("jira", "GET", r"/issue/\d+$", deliver)
    world.reconcile()
    for _ in range(6):
        world.sync(30)
    assert (trio.jira["status"]["name"], trio.snow["state"]) == ("In Progress", "2")
    assert [text for text in trio.said("changed") if text.startswith("status")] == [
        "status: new -> in_progress, by amina on snow"
    ]


def test_a_read_of_our_own_writes_second_undoes_nothing(trio):
    """Found by the simulation: PagerDuty's reply to a write shows the record, so its result was known; but what reconcile had
    asked for meanwhile was as new, to the second, and passed for somebody's revert."""
    world, station = trio.world, trio.world.app.station
    world.people.snow_set(trio.sys_id, state="2")
    world.poll("snow")
    world.reconcile()
    incident = world.incident_id(trio.number)

    def unread(tx):
        incidents.update_link(tx, incident, "pd", unread=True)
        station.ledger.mark(tx, ledger.incident(incident))

    def deliver():
        world.deliver("pd")
        assert trio.pd["status"] == "acknowledged"

    station.database.transact(unread)
    world.people.pd_set(trio.pd_id, title="Mail is slow")
    world.after("pd", "GET", r"/incidents/\w+$", deliver)
    world.reconcile()
    for _ in range(6):
        world.sync(30)
    assert (trio.pd["status"], trio.snow["state"]) == ("acknowledged", "2")
    assert trio.titles() == ("Mail is slow",) * 3
    assert [text for text in trio.said("changed") if text.startswith("status")] == [
        "status: new -> in_progress, by amina on snow"
    ]


def test_what_came_of_a_read_that_our_own_write_overtook_is_written_all_the_same(trio):
    """Found by the simulation: the write was done by then, and the record waited to be read again, which nobody was told."""
    world, station = trio.world, trio.world.app.station
    world.people.jira_move(trio.key, "In Progress")
    world.poll("jira")
    world.reconcile()
    incident = world.incident_id(trio.number)
    station.database.transact(lambda tx: incidents.update_link(tx, incident, "snow", unread=True))
    world.people.jira_set(trio.key, summary="Mail is slow")
    world.poll("jira")
    world.before("snow", "GET", r"table/incident/\w+$", lambda: world.deliver("snow"))
    world.reconcile()
    for _ in range(6):
        world.sync(30)
    assert trio.snow["state"] == "2"
    assert trio.titles() == ("Mail is slow",) * 3
