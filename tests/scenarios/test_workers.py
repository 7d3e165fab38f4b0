"""The daemon's workers, one after the other in the test's own thread."""

import sqlite3

import pytest
import sqlalchemy as sa

from syncline import ledger, reconcile
from syncline.delivery.turn import Turn
from syncline.intake import polling
from syncline.ports import ThreadRuntime
from syncline.store import timeline
from syncline.store.schema import work
from syncline.workers import Workers


class Flag:
    """A signal among threads that are none."""

    def __init__(self):
        self.up = False

    def is_set(self):
        return self.up

    def set(self):
        self.up = True

    def clear(self):
        self.up = False

    def wait(self, timeout=None):
        return self.up


class Bell(Flag):
    """A worker's own signal: when it begins to wait, nothing is left to do, and it is told to stop."""

    def __init__(self, stop):
        super().__init__()
        self.stop = stop
        self.rounds = 0

    def clear(self):
        self.rounds += 1
        assert self.rounds < 20, "the worker spins"

    def wait(self, timeout=None):
        self.stop.set()
        return True


class Inline(ThreadRuntime):
    """What is spawned runs at once, until it has nothing to do."""

    def __init__(self, stop):
        self.stop = stop

    def spawn(self, name, target):
        self.stop.clear()
        target()

    def signal(self):
        return Bell(self.stop)


@pytest.fixture
def linked(cloud):
    """A world with an incident on all three platforms, and its id."""
    cloud.sync()
    sys_id = cloud.people.snow_create(short_description="Mail is down")
    cloud.settle()
    return cloud, sys_id, cloud.incident_id(sys_id)


def work_off(world, *, polling=False):
    """Each worker in turn does all that is due."""
    station = world.app.station
    stop = Flag()
    station.runtime = Inline(stop)
    Workers(station, stop, polling=polling, sweeping=False).start()


def row(world, item):
    return world.app.database.transact(
        lambda tx: tx.execute(sa.select(work).where(work.c.kind == item.kind, work.c.key == item.key)).one()
    )


def test_a_change_goes_through_the_workers_to_both_other_platforms(linked):
    world, sys_id, _ = linked
    world.people.snow_set(sys_id, short_description="Mail and calendar are down")
    for _ in range(4):
        world.clock.advance(11)
        work_off(world, polling=True)
    assert world.people.jira_all()[0]["fields"]["summary"] == "Mail and calendar are down"
    assert world.people.pd_all()[0]["title"] == "Mail and calendar are down"


def test_a_fault_of_our_own_in_the_first_step_of_a_delivery_is_counted_and_parked(linked, monkeypatch):
    world, _, incident_id = linked
    item = ledger.delivery(incident_id, "jira")
    world.app.database.transact(lambda tx: world.app.station.ledger.mark(tx, item))

    def broken(self, tx, evidence=None):
        raise ValueError("a fault of ours")

    monkeypatch.setattr(Turn, "next", broken)
    work_off(world)
    once = row(world, item)
    assert (once.tries, once.token) == (1, None)
    assert once.due > world.clock.now().timestamp()
    for _ in range(ledger.PATIENCE - 1):
        world.clock.advance(400)
        work_off(world)
    assert row(world, item).parked_at is not None
    (parked,) = world.app.database.transact(timeline.all_waiting)
    assert "a fault of ours" in parked.reason


def test_an_incident_that_cannot_be_reconciled_does_not_hold_up_those_claimed_with_it(linked, monkeypatch):
    world, _, incident_id = linked
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
    work_off(world)
    assert row(world, items[0]).tries == 1
    assert row(world, items[1]).due is None


def test_what_was_claimed_in_the_transaction_that_ended_another_delivery_is_done(linked):
    world, sys_id, _ = linked
    other = world.people.snow_create(short_description="Printer on fire")
    world.settle()
    world.people.snow_set(sys_id, short_description="Mail and calendar are down")
    world.people.snow_set(other, short_description="Printer on fire again")
    for _ in range(4):
        world.clock.advance(11)
        work_off(world, polling=True)
    titles = {issue["fields"]["summary"] for issue in world.people.jira_all()}
    assert titles == {"Mail and calendar are down", "Printer on fire again"}
    assert {incident["title"] for incident in world.people.pd_all()} == titles


def test_a_fault_in_what_follows_does_not_undo_the_delivery_before_it(linked, monkeypatch):
    world, sys_id, incident_id = linked
    other = world.people.snow_create(short_description="Printer on fire")
    world.settle()
    other_id = world.incident_id(other)
    world.people.snow_set(sys_id, short_description="Mail and calendar are down")
    world.people.snow_set(other, short_description="Printer on fire again")
    world.clock.advance(11)
    whole = Turn.next

    def broken(self, tx, evidence=None):
        if self.lease.item.incident_id == other_id and self.endpoint.name == "jira":
            raise ValueError("a fault of ours")
        return whole(self, tx, evidence)

    monkeypatch.setattr(Turn, "next", broken)
    for _ in range(2):
        work_off(world, polling=True)
        world.clock.advance(11)
    summaries = {issue["fields"]["summary"] for issue in world.people.jira_all()}
    assert summaries == {"Mail and calendar are down", "Printer on fire"}
    assert row(world, ledger.delivery(incident_id, "jira")).due is None
    assert row(world, ledger.delivery(other_id, "jira")).faults >= 1


@pytest.mark.parametrize("code", ["SQLITE_READONLY", "SQLITE_FULL"])
def test_a_fault_of_our_own_database_is_not_held_against_a_platform(linked, monkeypatch, code):
    """It says that the database cannot be written; the platform would pass for one that refuses us, or is down."""
    world, sys_id, _ = linked
    take_in, faults = polling.take_in, []

    def once(*arguments, **options):
        if faults:
            return take_in(*arguments, **options)
        faults.append(sqlite3.OperationalError("cannot"))
        faults[0].sqlite_errorname = code
        raise faults[0]

    monkeypatch.setattr(polling, "take_in", once)
    world.people.snow_set(sys_id, short_description="Mail and calendar are down")
    for _ in range(4):
        world.clock.advance(11)
        work_off(world, polling=True)
    assert faults
    assert world.people.pd_all()[0]["title"] == "Mail and calendar are down"
    events = world.app.database.transact(
        lambda tx: tx.execute(sa.text("SELECT kind FROM events")).scalars().all()
    )
    assert not {"halted", "unreachable"} & set(events)
