"""The daemon's workers, each taking one step in the test's own thread."""

import pytest
import sqlalchemy as sa

from syncline import ledger, reconcile
from syncline.delivery.turn import Turn
from syncline.ports import ThreadRuntime
from syncline.store import timeline
from syncline.store.schema import work
from syncline.workers import Workers


class Once:
    """A signal that each loop sees down once, and then up."""

    def __init__(self):
        self.seen = False

    def is_set(self):
        self.seen = not self.seen
        return not self.seen

    def set(self):
        pass

    def clear(self):
        pass

    def wait(self, timeout=None):
        return True


class Inline(ThreadRuntime):
    """What is spawned runs at once, to its end."""

    def spawn(self, name, target):
        target()

    def signal(self):
        return Once()


@pytest.fixture
def linked(cloud):
    """A world with an incident on all three platforms, and its id."""
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Mail is down")
    cloud.settle()
    return cloud, sys_id, cloud.incident_id(sys_id)


def step(world, *, polling=False):
    """Every worker claims once, and does what it claimed."""
    station = world.app.station
    station.runtime = Inline()
    Workers(station, Once(), polling=polling, sweeping=False).start()


def row(world, item):
    return world.app.database.transact(
        lambda tx: tx.execute(sa.select(work).where(work.c.kind == item.kind, work.c.key == item.key)).one()
    )


def test_a_change_goes_through_the_workers_to_both_other_platforms(linked):
    world, sys_id, incident_id = linked
    world.people.snow_set(sys_id, short_description="Mail and calendar are down")
    for _ in range(4):
        world.clock.advance(11)
        step(world, polling=True)
    assert world.people.jira_all()[0]["fields"]["summary"] == "Mail and calendar are down"
    assert world.people.pd_all()[0]["title"] == "Mail and calendar are down"


def test_a_fault_of_our_own_in_the_first_step_of_a_delivery_is_counted_and_parked(linked, monkeypatch):
    world, _, incident_id = linked
    item = ledger.delivery(incident_id, "jira")
    world.app.database.transact(lambda tx: world.app.station.ledger.mark(tx, item))

    def broken(self, tx, evidence=None):
        raise ValueError("a fault of ours")

    monkeypatch.setattr(Turn, "next", broken)
    step(world)
    once = row(world, item)
    assert (once.tries, once.token) == (1, None)
    assert once.due > world.clock.now().timestamp()
    for _ in range(ledger.PATIENCE):
        world.clock.advance(400)
        step(world)
    assert row(world, item).parked_at is not None
    (parked,) = world.app.database.transact(timeline.all_waiting)
    assert "a fault of ours" in parked.reason


def test_an_incident_that_cannot_be_reconciled_does_not_hold_up_those_claimed_with_it(linked, monkeypatch):
    world, sys_id, incident_id = linked
    other = world.people.snow_create(short_description="Printer on fire")
    world.settle()
    other_id = world.incident_id(other)
    whole = reconcile._reconcile

    def broken(tx, station, situation):
        if situation.kept.incident.id == incident_id:
            raise ValueError("a fault of ours")
        return whole(tx, station, situation)

    monkeypatch.setattr(reconcile, "_reconcile", broken)
    items = [ledger.incident(incident_id), ledger.incident(other_id)]
    world.app.database.transact(lambda tx: world.app.station.ledger.mark_all(tx, items))
    step(world)
    assert row(world, items[0]).tries == 1
    assert row(world, items[1]).due is None
