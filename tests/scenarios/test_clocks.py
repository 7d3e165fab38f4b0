"""Platforms whose clocks are wrong: nothing is missed, and the later edit is the one that was made later."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from desk import desk_in

from syncline import ledger, timekeeping
from syncline.assembly import Ports
from syncline.daemon import Daemon
from syncline.delivery import deliver
from syncline.ledger import Kind
from syncline.store.schema import incidents
from syncline.workers import Workers, _Duty


@dataclass
class SetClock:
    """A clock that somebody sets."""

    true: Any
    set_by: float = 0.0

    def now(self):
        return self.true.now() + timedelta(seconds=self.set_by)

    def monotonic(self):
        return self.true.monotonic()


def settable(station):
    """The station's clock, which somebody may set from now on."""
    clock = SetClock(station.clock)
    station.clock = station.database.clock = clock
    return clock


WRONG = [-600.0, -7.0, 7.0, 600.0]


@pytest.mark.parametrize("skew", WRONG)
@pytest.mark.parametrize("name", ["snow", "jira", "pd"])
def test_nothing_is_missed_on_a_platform_whose_clock_is_wrong(trio_of, name, skew):
    trio = trio_of("cloud", **{name: skew})
    world = trio.world
    world.people.pd_set(trio.pd_id, status="acknowledged")
    world.settle()
    assert (trio.snow["state"], trio.jira["status"]["name"]) == ("2", "In Progress")
    world.people.jira_set(trio.key, summary="From Jira")
    world.settle()
    world.people.snow_set(trio.sys_id, description="From ServiceNow")
    world.settle()
    assert trio.titles() == ("From Jira",) * 3
    assert str(trio.jira["description"]) == "From ServiceNow"
    marks = world.marks()
    world.settle()
    assert world.writes(marks) == []


@pytest.mark.parametrize("skew", WRONG)
@pytest.mark.parametrize("name", ["snow", "jira"])
def test_the_later_edit_wins_whatever_the_clocks_say(trio_of, name, skew):
    trio = trio_of("cloud", **{name: skew})
    world = trio.world
    world.people.jira_set(trio.key, summary="earlier")
    world.clock.advance(10)
    world.people.snow_set(trio.sys_id, short_description="later")
    world.settle()
    assert trio.titles() == ("later",) * 3
    assert any("earlier" in text for text in trio.said("conflict"))


def set_ours_back(world, seconds):
    """Our own clock, and no platform's."""
    shown = world.clock.now
    world.clock.now = lambda: shown() - timedelta(seconds=seconds)
    for platform in world.sandbox.values():
        platform.clock._skew += timedelta(seconds=seconds)


def test_the_later_edit_wins_although_our_clock_was_set_back_in_between(trio):
    """Found by the simulation, as a restored database: what stood in the store counted from a time that was yet to come, and
    won over every edit of the next hour."""
    world = trio.world
    world.clock.advance(60)
    world.sandbox["pd"].take_down()
    world.people.jira_set(trio.key, summary="earlier")
    world.settle()
    assert trio.snow["short_description"] == "earlier"
    set_ours_back(world, 3_600.0)
    world.clock.advance(10)
    world.sandbox["pd"].take_down(None)
    world.people.pd_set(trio.pd_id, title="later")
    for _ in range(4):
        world.sync(60)
    assert trio.titles() == ("later",) * 3
    assert any("earlier" in text for text in trio.said("conflict"))


@pytest.mark.parametrize("skew", WRONG)
def test_what_was_made_before_the_first_start_is_known_by_the_platforms_clock(world_of, skew):
    world = world_of("cloud", snow=skew)
    world.people.snow_create(short_description="Before")
    world.clock.advance(60)
    world.sync()
    world.clock.advance(1)
    world.people.snow_create(short_description="After")
    world.settle()
    assert [issue["fields"]["summary"] for issue in world.people.jira_all()] == ["After"]


@pytest.mark.parametrize(("moved", "word"), [(-3_600.0, "back"), (3_600.0, "forward")])
def test_a_clock_of_our_own_that_is_set_is_noticed_and_polls_go_on(cloud, moved, word):
    station = cloud.app.station
    clock = settable(station)
    timekeeping.notice(station)
    station.database.transact(
        lambda tx: station.ledger.mark(tx, ledger.poll("snow"), clock.now().timestamp() + 10)
    )
    clock.set_by = moved
    timekeeping.notice(station)
    timekeeping.notice(station)
    told = [e.text for e in cloud.events() if e.kind == "clock"]
    assert told == [f"the machine's clock was set {word} by 3600 s; escalations go by its new time"]
    due = station.database.transact(lambda tx: station.ledger.next_due(tx, (Kind.POLL,), "snow"))
    assert due is not None
    assert due - clock.now().timestamp() <= 10


def test_a_clock_that_was_set_back_while_nothing_ran_puts_nothing_off(cloud):
    """Found by the simulation (60302): what was taken up before counted from a time that was yet to come, and was not
    escalated for an hour."""
    cloud.sync()
    cloud.people.snow_create(short_description="Before")
    cloud.settle()
    station = cloud.app.station

    def youngest():
        return station.database.transact(
            lambda tx: tx.execute(sa.select(sa.func.max(incidents.c.created_at))).scalar_one()
        )

    clock = settable(station)
    clock.set_by = -3_600.0
    assert youngest() > clock.now()
    for _ in range(2):
        station.database.transact(lambda tx: timekeeping.resume(tx, station))
    assert youngest() <= clock.now()
    (told,) = [e.text for e in cloud.events() if e.kind == "clock"]
    assert told.startswith("while nothing ran, the machine's clock was set back, by ")


def test_a_clock_that_nobody_set_is_left_alone_at_the_start(cloud):
    cloud.sync()
    cloud.people.snow_create(short_description="Before")
    cloud.settle()
    cloud.app.station.database.transact(lambda tx: timekeeping.resume(tx, cloud.app.station))
    assert not [e for e in cloud.events() if e.kind == "clock"]


@pytest.mark.parametrize("moved", [-3_600.0, 3_600.0])
@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "just now"])
def test_a_write_in_doubt_waits_as_long_as_ever_when_the_clock_is_set(cloud, moved, noticed):
    """Set forward, the clock must not end the quarantine of a create that is still under way: it would be made twice. Set
    back, it must not hold it up for an hour."""
    station = cloud.app.station
    clock = settable(station)
    cloud.sync()
    cloud.fault("jira", "late_reset", "POST", "/issue$", seconds=50.0)
    cloud.people.snow_create(short_description="Once")
    cloud.settle()
    assert cloud.people.jira_all() == []
    clock.set_by = moved
    if noticed or moved < 0:
        timekeeping.notice(station)
    cloud.sync(6)
    timekeeping.notice(station)
    for _ in range(8):
        cloud.sync(20)
    assert [issue["fields"]["summary"] for issue in cloud.people.jira_all()] == ["Once"]
    assert cloud.parked() == []
    waiting = station.database.transact(lambda tx: station.ledger.next_due(tx, (Kind.DELIVERY,), "jira"))
    assert waiting is None


@pytest.mark.parametrize("moved", [-3_600.0, 3_600.0])
@pytest.mark.parametrize("when", ["before", "while"])
def test_a_clock_that_is_set_while_a_write_is_looked_for_does_not_end_its_wait(
    cloud, monkeypatch, moved, when
):
    """Found by the simulation: set forward and noticed between the decision to look and the look, it was held against the end
    of the quarantine as that had been; an issue was made twice."""
    station = cloud.app.station
    clock = settable(station)
    look = deliver._look

    def disturbed(*given):
        def set_it():
            if not clock.set_by:
                clock.set_by = moved
                timekeeping.notice(station)

        if when == "before":
            set_it()
        found = look(*given)
        set_it()
        return found

    cloud.sync()
    cloud.fault("jira", "late_reset", "POST", "/issue$", seconds=50.0)
    cloud.people.snow_create(short_description="Once")
    monkeypatch.setattr(deliver, "_look", disturbed)
    for _ in range(12):
        cloud.sync(10)
    assert clock.set_by
    assert [issue["fields"]["summary"] for issue in cloud.people.jira_all()] == ["Once"]
    assert cloud.parked() == []


def test_a_write_in_doubt_that_never_happened_is_repeated_although_the_clock_was_set_back(cloud):
    station = cloud.app.station
    clock = settable(station)
    cloud.sync()
    cloud.fault("jira", "reset_before", "POST", "/issue$")
    cloud.people.snow_create(short_description="Once")
    cloud.settle()
    assert cloud.people.jira_all() == []
    clock.set_by = -3_600.0
    timekeeping.notice(station)
    for _ in range(10):
        cloud.sync(20)
    assert [issue["fields"]["summary"] for issue in cloud.people.jira_all()] == ["Once"]


@pytest.mark.parametrize("moved", [-3_600.0, 3_600.0])
@pytest.mark.parametrize("fault", ["reset_before", "late_reset"])
def test_a_write_in_doubt_waits_as_long_as_ever_when_the_clock_was_set_while_no_daemon_ran(
    cloud, moved, fault
):
    """Found by the simulation, where a backup was put back: it was looked for every five seconds for an hour."""
    station = cloud.app.station
    daemon = Daemon(station.configuration, {}, Ports())
    clock = settable(station)
    cloud.sync()
    cloud.fault("jira", fault, "POST", "/issue$", **({"seconds": 50.0} if fault == "late_reset" else {}))
    cloud.people.snow_create(short_description="Once")
    cloud.settle()
    assert cloud.people.jira_all() == []
    clock.set_by = moved
    station.ahead += moved
    station.database.transact(lambda tx: daemon._begin(tx, station))
    for _ in range(10):
        cloud.sync(20)
    assert [issue["fields"]["summary"] for issue in cloud.people.jira_all()] == ["Once"]
    assert cloud.parked() == []


def test_a_clock_that_is_set_back_does_not_put_off_what_begins_afterwards(world_of):
    """The book came into force at a time that is yet to come: nothing before that counts, it says, and the clocks of all
    incidents that are opened now would stand still for an hour."""
    with desk_in(world_of("cloud")) as desk:
        world = desk.world
        world.sync()
        station = world.app.station
        clock = settable(station)
        timekeeping.notice(station)
        world.sync()
        clock.set_by = -3_600.0
        world.sync()
        timekeeping.notice(station)
        trio = desk.urgent()
        assert desk.asked(trio) == ["amina"]
        for _ in range(16):
            world.sync(60)
        assert desk.asked(trio) == ["amina"] * 3 + ["bruno"]


@pytest.mark.parametrize("moved", [-3_600.0, 130.0])
def test_a_page_is_waited_for_as_long_as_ever_when_the_clock_is_set(world_of, moved):
    """Set back, the clock must not put off for an hour that another way is tried; set forward, it must not take it at once,
    while PagerDuty is about to reach her."""
    with desk_in(world_of("cloud")) as desk:
        world = desk.world
        station = world.app.station
        clock = settable(station)
        world.sandbox["pd"].platform.paging.unreachable.add("amina.diallo@example.com")
        trio = desk.urgent()
        world.sync(40)
        (page,) = [m for m in desk.outbox(trio) if m[2] == "pd"]
        assert page == ("step 1", "amina", "pd", "sent")
        clock.set_by = moved
        timekeeping.notice(station)
        world.sync(20)
        assert desk.hook.told("amina") == []
        for _ in range(3):
            world.sync(60)
        assert desk.hook.told("amina") == ["[P1] Mail is down"]


def test_a_worker_that_claims_an_incident_has_noticed_that_the_clock_was_set(cloud):
    """What it decides is stamped by the new time, and must not be moved with all that was stamped before."""
    station = cloud.app.station
    clock = settable(station)
    stop = station.runtime.signal()
    seen = []

    def begin(_tx, _leases):
        seen.append(station.clock_set_by())
        stop.set()

    station.database.transact(lambda tx: station.ledger.mark(tx, ledger.incident("SL-A")))
    clock.set_by = 3_600.0
    duty = _Duty("incidents", Kind.INCIDENT, "", 1, lambda _claim, _next: None, begin)
    Workers(station, stop)._loop(duty, station.runtime.signal())
    assert seen == [0.0]


def test_an_incident_from_before_the_clock_was_set_back_is_escalated_at_once_all_the_same(world_of):
    """It was opened, by its platform's clock, long before we knew of it by the clock that was wrong: it passed for one from
    before the first start, which counts from when we saw it, and that was yet to come."""
    with desk_in(world_of("cloud")) as desk:
        world = desk.world
        world.sync()
        station = world.app.station
        clock = settable(station)
        timekeeping.notice(station)
        world.sync(60)
        trio = world.trio()
        world.sync(60)
        clock.set_by = -3_600.0
        timekeeping.notice(station)
        world.people.snow_set(trio.sys_id, impact="1", urgency="1")
        world.sync()
        world.sync()
        assert desk.asked(trio) == ["amina"]
        for _ in range(16):
            world.sync(60)
        assert desk.asked(trio)[-1] == "bruno"
