"""Timers of escalations: each fires once, never early, and soon, through deaths at any moment and clocks that jump.

SYNCLINE_TIMERS says how many there are, SYNCLINE_SEED by which draws.
"""

import contextlib
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from syncline import ledger, policies
from syncline.configuration import Configuration
from syncline.connector import Record
from syncline.http.redaction import Redactor
from syncline.ledger import Kind, Ledger
from syncline.merge import Origin
from syncline.messages.channels import Channels
from syncline.model import Incident
from syncline.ports import RandomIds, ThreadRuntime
from syncline.station import Station
from syncline.store import incidents, published, schema
from syncline.store.database import Database
from syncline.store.migrate import upgrade
from syncline.store.schema import messages
from syncline.workers import BATCH, IDLE, reconcile_leased

TIMERS = int(os.environ.get("SYNCLINE_TIMERS", "300"))
SEED = os.environ.get("SYNCLINE_SEED", "1")
KILLS = min(200, max(20, TIMERS // 50))
JUMPS = 10
LATEST = 5.0
"""Seconds that a timer may be late while the daemon is up."""
SPREAD = max(3_600, 5 * TIMERS)
"""Seconds over which the timers fall due: so many that one worker has done in time what an hour's jump makes due at once."""
BEGIN = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
"""The night in which Europe's clocks go forward."""

BOOK = """
escalation: 1
people:
  amina: {tz: Europe/Paris, reach: {email: amina@example.com}}
schedules:
  desk: {tz: Europe/Paris, layers: [{rotate: [amina], every: 1w, handoff: mon 09:00, from: 2026-01-05}]}
tiers:
  L1: {who: desk}
policies:
  - id: slow
    when: priority <= 2
    clock: opened
    steps: [{at: 2h, page: L1, if: not ack}]
    end: none
"""


class Killed(BaseException):
    """kill -9: nobody catches it."""


@dataclass
class JumpingClock:
    """The machine's clock, which somebody sets, and the time that really passes."""

    passed: float = 0.0
    set_by: float = 0.0
    told: dict[datetime, float] = field(default_factory=dict)

    def now(self):
        at = BEGIN + timedelta(seconds=self.passed + self.set_by)
        self.told[at] = self.passed
        return at

    def monotonic(self):
        return self.passed


@dataclass
class Night:
    """A database, a clock, and daemons one after the other."""

    url: str
    clock: JumpingClock
    rng: random.Random
    folder: object
    due: dict[str, datetime] = field(default_factory=dict)

    def open(self):
        database = Database(self.url, self.clock, ThreadRuntime())
        upgrade(database, RandomIds(self.rng))
        runtime = ThreadRuntime()
        station = Station(
            Configuration(file=self.folder, database=self.url, instances={}),
            database,
            Ledger(RandomIds(self.rng).token),
            {},
            self.clock,
            RandomIds(self.rng),
            runtime,
            Channels({}, self.clock, runtime, Redactor()),
            database.transact(policies.in_force),
        )
        database.transact(station.ledger.release_all)
        return station

    def fill(self, station):
        def one_batch(tx, numbers):
            for number in numbers:
                incident_id = f"SL-{number:010d}"
                opened = BEGIN + timedelta(seconds=self.rng.uniform(-7_000, SPREAD))
                values = {
                    "title": f"no. {number}",
                    "status": "new",
                    "priority": 1,
                    "opened_at": opened.isoformat(),
                }
                incidents.insert(tx, Incident(incident_id, values), Origin("gone", "somebody", BEGIN), opened)
                # Each was seen as it was opened: nothing counts from after that.
                one = schema.incidents.c.id == incident_id
                tx.execute(sa.update(schema.incidents).where(one).values(created_at=opened))
                record = Record(str(number), f"G-{number}", "", {}, 1, opened, opened)
                incidents.link(tx, incident_id, "gone", record, values, origin=True)
                station.ledger.mark(tx, ledger.incident(incident_id), max(opened, BEGIN).timestamp())
                self.due[incident_id] = opened + timedelta(hours=2)

        for first in range(0, TIMERS, 1_000):
            station.database.transact(lambda tx, f=first: one_batch(tx, range(f, min(f + 1_000, TIMERS))))


def work(night, station, until, kill_after):
    """The incident worker, in the time of the night; killed after so many transactions."""
    left = kill_after
    database = station.database
    transact = database.transact

    def mortal(job):
        nonlocal left
        left -= 1
        if left == 0 and night.rng.random() < 0.5:
            transact(job)
            raise Killed
        if left == 0:

            def dies(tx):
                job(tx)
                raise Killed

            return transact(dies)
        return transact(job)

    database.transact = mortal
    while night.clock.passed < until:
        leases = database.transact(lambda tx: station.ledger.claim(tx, (Kind.INCIDENT,), "", BATCH))
        if leases:
            reconcile_leased(station, leases)
            night.clock.passed += 0.003 * len(leases)
            continue
        following = database.transact(lambda tx: station.ledger.next_due(tx, (Kind.INCIDENT,)))
        now = night.clock.now().timestamp()
        night.clock.passed += min(IDLE, max(0.001, (following or now + IDLE) - now))


def could_fire(due, fired, jumps, outages):
    """The moment, in time that really passes, from which on a timer could fire: its time had come by the clock, and the
    daemon was up, or came up again."""
    reached = fired
    for (start, set_by), (end, _) in zip(jumps, [*jumps[1:], (float("inf"), 0.0)], strict=True):
        at = max(start, (due - BEGIN).total_seconds() - set_by)
        if at < end:
            reached = at
            break
    for down, up in outages:
        if down - LATEST <= reached < up and down < fired:
            reached = max(reached, up)
    return reached


@pytest.mark.timeout(7_200)
def test_every_timer_fires_once_never_early_and_soon(tmp_path):
    rng = random.Random(f"timers {SEED}")
    night = Night(f"sqlite:///{tmp_path}/night.db", JumpingClock(), rng, tmp_path / "syncline.yaml")
    database = Database(night.url, night.clock, ThreadRuntime())
    upgrade(database, RandomIds(rng))
    database.transact(lambda tx: published.publish(tx, policies.NAME, BOOK, "the test"))
    # The book is older than all of them: nothing counts from before the first one.
    earlier = sa.update(schema.published).values(at=BEGIN - timedelta(hours=3))
    database.transact(lambda tx: tx.execute(earlier))
    station = night.open()
    night.fill(station)
    end = SPREAD + 7_200 + 4_000
    disturbances = ["kill"] * KILLS + ["forward", "back"] * (JUMPS // 2)
    rng.shuffle(disturbances)
    moments = sorted(rng.uniform(0, end) for _ in disturbances)
    outages: list[tuple[float, float]] = []
    jumps = [(0.0, 0.0)]
    for moment, what in zip(moments, disturbances, strict=True):
        dead = what == "kill"
        with contextlib.suppress(Killed):
            work(night, station, moment, rng.randrange(1, 400) if dead else 1 << 60)
        if dead:
            station.database.close()
            down = rng.uniform(0, 60)
            outages.append((night.clock.passed, night.clock.passed + down))
            night.clock.passed += down
            station = night.open()
        else:
            night.clock.set_by += 3_600 if what == "forward" else -3_600
            jumps.append((night.clock.passed, night.clock.set_by))
    work(night, station, end + 3 * 3_600, 1 << 60)

    rows = station.database.transact(
        lambda tx: tx.execute(sa.select(messages.c.incident_id, messages.c.created_at)).all()
    )
    times = Counter(row.incident_id for row in rows)
    assert set(times) == set(night.due), "some timers never fired"
    assert set(times.values()) == {1}, "some timers fired twice"
    assert not [row for row in rows if row.created_at < night.due[row.incident_id]], "some timers fired early"
    late = [
        night.clock.told[row.created_at]
        - could_fire(night.due[row.incident_id], night.clock.told[row.created_at], jumps, outages)
        for row in rows
    ]
    print(f"{len(rows)} timers, {KILLS} kills, {JUMPS} jumps: the latest was {max(late):.2f} s late")
    assert max(late) <= LATEST
