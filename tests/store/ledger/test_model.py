"""The ledger against a model of it: any sequence of marks, runs, failures, deaths and time."""

import math
import random

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from syncline import ledger as keys
from syncline.ledger import AGEING, LEASE, ORDINARY, PATIENCE, Kind, LeaseLost, Ledger, backoff
from syncline.ports import RandomIds
from syncline.store.schema import work

ITEMS = [keys.incident(f"SL-{name}") for name in "ABC"]
EARLIEST = math.inf


class Key:
    """What is owed for one key, in the plainest terms: when it is to be looked at, and who looks at it."""

    def __init__(self):
        self.due = None  # when a run is to begin; None: nothing is owed
        self.urgency = ORDINARY
        self.tries = self.faults = 0
        self.token = None
        self.until = None  # the end of the lease
        self.meanwhile = None  # the earliest of the marks made during the run
        self.marked = False  # whether there were any
        self.parked = False

    def mark(self, due, urgency):
        self.urgency = min(self.urgency, urgency)
        if self.parked:
            self.tries = self.faults = 0
            self.parked = False
        if self.token is None:
            self.due = due if self.due is None else min(self.due, due)
        else:
            self.marked = True
            self.meanwhile = due if self.meanwhile is None else min(self.meanwhile, due)

    def end(self, due):
        self.token = self.until = self.meanwhile = None
        self.marked = False
        self.due = due

    def claimable(self):
        return self.until if self.token is not None else self.due


class Machine(RuleBasedStateMachine):
    database = clock = None  # set by the test

    def __init__(self):
        super().__init__()
        self.ledger = Ledger(RandomIds(random.Random(5)).token)
        self.database.transact(lambda tx: tx.execute(sa.delete(work)))
        self.model = {}
        self.leases = []  # also those that were lost or given back

    @property
    def now(self):
        return self.clock.seconds

    def do(self, act):
        return self.database.transact(act)

    @initialize()
    def begin(self):
        self.clock.advance(1)

    @rule(seconds=st.sampled_from([0.5, 1.0, 30.0, AGEING, LEASE, 400.0]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @rule(
        items=st.lists(st.sampled_from(ITEMS), min_size=1, max_size=4),
        wait=st.none() | st.sampled_from([-50.0, 0.0, 1.0, 45.0, 500.0]),
        urgency=st.integers(1, 5),
        commits=st.sampled_from([True, True, True, False]),
    )
    def mark(self, items, wait, urgency, commits):
        due = None if wait is None else self.now + wait

        def act(tx):
            self.ledger.mark_all(tx, items, due, urgency)
            if not commits:
                raise ZeroDivisionError

        if not commits:
            with pytest.raises(ZeroDivisionError):
                self.do(act)
            return
        self.do(act)
        for item in set(items):
            key = self.model.get(item)
            if key is None:
                key = self.model[item] = Key()
                key.urgency = 5  # its first mark decides
            key.mark(self.now if due is None else due, urgency)

    @rule(count=st.integers(1, 4))
    def claim(self, count):
        ready = [
            (i, k) for i, k in self.model.items() if k.claimable() is not None and k.claimable() <= self.now
        ]
        waited = {i: self.now - k.claimable() for i, k in ready}
        order = sorted(ready, key=lambda e: (e[1].urgency - math.floor(waited[e[0]] / AGEING), -waited[e[0]]))
        taken = self.do(lambda tx: self.ledger.claim(tx, (Kind.INCIDENT,), "", count))
        assert len(taken) == min(count, len(ready))
        rank = {i: (k.urgency - math.floor(waited[i] / AGEING), -waited[i]) for i, k in ready}
        assert [rank[le.item] for le in taken] == [rank[i] for i, _ in order[:count]]
        for lease in taken:
            key = self.model[lease.item]
            assert (lease.urgency, lease.tries, lease.faults) == (key.urgency, key.tries, key.faults)
            key.token, key.until, key.meanwhile, key.marked = lease.token, self.now + LEASE, None, False
            key.due = None
            self.leases.append(lease)

    def _holds(self, lease):
        key = self.model.get(lease.item)
        return key if key is not None and key.token == lease.token else None

    def _act(self, lease, act):
        """Do it, or see that a lost lease refuses; whether it was done."""
        if self._holds(lease) is None:
            with pytest.raises(LeaseLost):
                self.do(act)
            return False
        return self.do(act)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), wait=st.none() | st.sampled_from([0.0, 10.0, 1000.0]))
    def done(self, data, wait):
        lease = data.draw(st.sampled_from(self.leases))
        key = self._holds(lease)
        asked = None if wait is None else self.now + wait
        self._act(lease, lambda tx: lease.done(tx, asked))
        if key is not None:
            if not key.marked:
                key.urgency = ORDINARY
            key.tries = key.faults = 0
            key.end(min((t for t in (key.meanwhile, asked) if t is not None), default=None))

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), after=st.none() | st.just(20.0), ours=st.booleans())
    def retry(self, data, after, ours):
        lease = data.draw(st.sampled_from(self.leases))
        key = self._holds(lease)
        parked = self._act(lease, lambda tx: lease.retry(tx, "why", after, ours=ours))
        if key is None:
            return
        key.tries, key.faults = lease.tries + 1, lease.faults + ours
        if ours and key.faults >= PATIENCE and not key.marked:
            assert parked
            key.parked = True
            key.end(None)
            return
        assert not parked
        if ours and key.faults >= PATIENCE:
            key.faults = 0
        if after is not None:
            key.end(self.now + after)
        else:
            key.end(min(self.now + backoff(key.tries, lease.token), key.meanwhile or EARLIEST))

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def hold(self, data):
        lease = data.draw(st.sampled_from(self.leases))
        key = self._holds(lease)
        self._act(lease, lease.hold)
        if key is not None:
            key.until = self.now + LEASE

    @rule()
    def a_new_daemon_begins(self):
        self.do(self.ledger.release_all)
        for key in self.model.values():
            if key.token is not None:
                key.end(self.now)

    @invariant()
    def the_rows_say_the_same(self):
        rows = {row.key: row for row in self.do(lambda tx: tx.execute(sa.select(work)).all())}
        assert set(rows) == {item.key for item in self.model}
        for item, key in self.model.items():
            row = rows[item.key]
            assert (row.due, row.again) == (key.claimable(), key.meanwhile), item
            assert (row.urgency, row.tries, row.faults) == (key.urgency, key.tries, key.faults), item
            assert (row.token, row.parked_at is not None) == (key.token, key.parked), item

    @invariant()
    def nothing_owed_is_forgotten(self):
        """A key is clean only when no mark waits: either a run is due, or one is on its way, or it is parked."""
        for item, key in self.model.items():
            if key.marked:
                assert key.token is not None, item


def test_it_behaves_as_its_model(database, clock):
    bound = type("Bound", (Machine,), {"database": database, "clock": clock})
    examples = 60 if database.sqlite else 30
    run_state_machine_as_test(
        bound,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
