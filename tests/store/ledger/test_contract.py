"""The ledger's contract: what each part of Syncline relies on, on both databases."""

from functools import partial

import pytest
import sqlalchemy as sa

from syncline import ledger as keys
from syncline.ledger import (
    AGEING,
    LEASE,
    LONGEST,
    ORDINARY,
    PATIENCE,
    Item,
    Kind,
    LeaseLost,
    backlog,
    backoff,
)
from syncline.store.schema import work

A, B, C = (keys.incident(f"SL-{name}") for name in "ABC")
LANE = keys.delivery("SL-A", "snow")


@pytest.fixture
def claim(database, ledger):
    def claim(count=1, kinds=(Kind.INCIDENT,), lane=""):
        return database.transact(lambda tx: ledger.claim(tx, kinds, lane, count))

    return claim


@pytest.fixture
def mark(database, ledger):
    def mark(*items, due=None, urgency=ORDINARY):
        database.transact(lambda tx: ledger.mark_all(tx, items, due, urgency))

    return mark


@pytest.fixture
def row(database):
    def row(item):
        where = (work.c.kind == item.kind, work.c.key == item.key)
        return database.transact(lambda tx: tx.execute(sa.select(work).where(*where)).one())

    return row


def the(leases):
    (lease,) = leases
    return lease


# ---- marks and transactions ---------------------------------------------------------------------


def test_a_mark_comes_with_its_transaction_and_goes_with_it(database, ledger, claim, woken):
    def fails(tx):
        ledger.mark(tx, A)
        raise ValueError

    with pytest.raises(ValueError):
        database.transact(fails)
    assert claim() == []
    assert woken == []
    database.transact(lambda tx: ledger.mark(tx, A))
    assert woken == [(Kind.INCIDENT, "")]
    assert the(claim()).item == A


def test_a_mark_that_is_rolled_back_leaves_the_older_one(database, ledger, mark, claim, clock):
    mark(A, due=clock.seconds + 60, urgency=4)

    def fails(tx):
        ledger.mark(tx, A, urgency=1)
        raise ValueError

    with pytest.raises(ValueError):
        database.transact(fails)
    assert claim() == []
    clock.advance(60)
    assert the(claim()).urgency == 4


def test_a_run_that_starts_after_the_commit_sees_what_was_committed(database, ledger, claim):
    def change(tx):
        ledger.mark(tx, A)
        ledger.mark(tx, B, urgency=1)

    database.transact(change)
    assert {le.item for le in claim(10)} == {A, B}


def test_a_hundred_marks_are_one_run(mark, claim, database):
    for _ in range(100):
        mark(A)
    lease = the(claim(10))
    database.transact(lease.done)
    assert claim(10) == []


def test_marks_during_a_run_are_exactly_one_more_run(mark, claim, database):
    mark(A)
    lease = the(claim())
    for _ in range(100):
        mark(A)
    assert claim() == []
    database.transact(lease.done)
    again = the(claim())
    database.transact(again.done)
    assert claim() == []


def test_many_may_be_marked_at_once_and_from_a_generator(database, ledger, woken, claim):
    database.transact(lambda tx: ledger.mark_all(tx, (keys.incident(f"SL-{n}") for n in range(300))))
    database.transact(lambda tx: ledger.mark_all(tx, iter([keys.poll("snow"), keys.poll("snow")])))
    assert sorted(set(woken)) == [(Kind.INCIDENT, ""), (Kind.POLL, "snow")]
    assert len(claim(1000)) == 300
    assert len(claim(10, (Kind.POLL,), "snow")) == 1


def test_who_waits_learns_of_what_is_due_later(mark, woken, clock):
    mark(A, due=clock.seconds + 1)
    assert woken == [(Kind.INCIDENT, "")]


def test_what_is_overdue_is_known_by_kind_and_lane(database, ledger, mark, claim, clock):
    mark(A, B, keys.poll("snow"))
    mark(keys.poll("jira"), due=clock.seconds + 60)
    mark(keys.delivery("SL-A", "pd"))

    def overdue(*lanes):
        return database.transact(lambda tx: ledger.overdue(tx, lanes))

    assert overdue("", "snow", "jira") == [(Kind.INCIDENT, ""), (Kind.POLL, "snow")]
    assert overdue("pd") == [(Kind.DELIVERY, "pd")]
    assert len(claim(2)) == 2
    assert overdue("", "jira") == []
    clock.advance(60)
    assert overdue("", "jira") == [(Kind.POLL, "jira")]


# ---- one run for each key -----------------------------------------------------------------------


def test_a_leased_key_is_nobody_elses(mark, claim):
    mark(A, B)
    assert len(claim(1)) == 1
    assert len(claim(5)) == 1
    assert claim(5) == []


def test_lanes_and_kinds_are_kept_apart(mark, claim):
    mark(A, LANE, keys.poll("snow"), keys.sweep("snow"), keys.poll("jira"))
    assert {le.item for le in claim(9)} == {A}
    assert {le.item for le in claim(9, (Kind.POLL,), "snow")} == {keys.poll("snow")}
    assert {le.item for le in claim(9, (Kind.DELIVERY, Kind.SWEEP), "snow")} == {LANE, keys.sweep("snow")}
    assert LANE.incident_id == "SL-A"


def test_each_key_is_claimed_once_by_workers_side_by_side(database, ledger, opening, url, side_by_side):
    """Threads of one process, and another process beside it."""
    items = [keys.incident(f"SL-{n}") for n in range(200)]
    database.transact(lambda tx: ledger.mark_all(tx, items))
    other = opening(url)
    taken = []

    def run(which):
        while leases := which.transact(lambda tx: ledger.claim(tx, (Kind.INCIDENT,), "", 7)):
            taken.extend(leases)
            for lease in leases:
                which.transact(lease.done)

    side_by_side(*(partial(run, which) for which in (database, other) for _ in range(3)))
    assert sorted(le.item.key for le in taken) == sorted(item.key for item in items)
    assert len({le.token for le in taken}) == 200


def test_marks_and_runs_side_by_side_lose_no_mark(database, ledger, side_by_side):
    """Each run reads a counter that the marking transaction raised: the last run must have seen the last value."""
    value, seen, over = [0], [-1], []

    def writer():
        for n in range(1, 61):

            def change(tx, n=n):
                value[0] = n
                ledger.mark(tx, A)

            database.transact(change)
        over.append(True)

    def worker():
        while True:
            last = bool(over)
            leases = database.transact(lambda tx: ledger.claim(tx, (Kind.INCIDENT,), "", 1))
            for lease in leases:
                seen[0] = value[0]
                database.transact(lease.done)
            if last and not leases:
                return

    side_by_side(writer, worker, worker)
    assert (seen[0], value[0]) == (60, 60)


# ---- leases -------------------------------------------------------------------------------------


def test_a_peer_takes_over_when_the_lease_has_run_out(mark, claim, clock):
    mark(A)
    first = the(claim())
    clock.advance(LEASE - 1)
    assert claim() == []
    clock.advance(1)
    second = the(claim())
    assert second.item == first.item
    assert second.token != first.token


@pytest.mark.parametrize("how", ["done", "retry", "hold", "park"])
def test_a_lost_lease_raises_and_rolls_back(mark, claim, clock, database, ledger, how, row):
    mark(A)
    first = the(claim())
    clock.advance(LEASE)
    second = the(claim())

    def act(tx):
        ledger.mark(tx, B)
        match how:
            case "done":
                first.done(tx)
            case "retry":
                first.retry(tx, "why")
            case "hold":
                first.hold(tx)
            case "park":
                for _ in range(PATIENCE):
                    first.retry(tx, "why", ours=True)

    with pytest.raises(LeaseLost, match="incident SL-A"):
        database.transact(act)
    assert claim() == []
    assert row(A).token == second.token
    mark(A)
    database.transact(second.done)
    assert the(claim()).item == A


def test_a_lease_that_ran_out_unclaimed_is_still_its_holders(mark, claim, clock, database):
    mark(A)
    lease = the(claim())
    clock.advance(LEASE * 10)
    database.transact(lease.hold)
    assert claim() == []
    database.transact(lease.done)
    assert claim() == []


def test_hold_makes_a_lease_last(mark, claim, clock, database):
    mark(A)
    lease = the(claim())
    for _ in range(5):
        clock.advance(LEASE - 1)
        database.transact(lease.hold)
    assert claim() == []
    clock.advance(LEASE)
    assert len(claim()) == 1


def test_a_mark_of_a_run_that_died_is_not_lost_with_it(mark, claim, clock, database):
    mark(A)
    claim()
    mark(A, due=clock.seconds + 86400)
    clock.advance(LEASE)
    lease = the(claim())
    database.transact(lease.done)
    assert claim() == []


def test_what_a_daemon_left_is_due_at_once_when_the_next_begins(mark, claim, clock, database, ledger):
    mark(A, B, C)
    mark(keys.incident("SL-later"), due=clock.seconds + 100)
    claim(2)
    mark(
        A, due=clock.seconds + 86400
    )  # asked for by the very run that died: what it owed is owed all the same
    assert database.transact(ledger.release_all) == 2
    assert {le.item for le in claim(9)} == {A, B, C}


# ---- when ---------------------------------------------------------------------------------------


def test_the_earliest_due_and_the_highest_urgency_win(mark, claim, clock, row):
    now = clock.seconds
    mark(A, due=now + 100, urgency=4)
    mark(A, due=now + 300, urgency=2)
    mark(A, due=now + 200, urgency=5)
    assert (row(A).due, row(A).urgency) == (now + 100, 2)
    mark(A, due=now + 50)
    clock.advance(49)
    assert claim() == []
    clock.advance(1)
    assert the(claim()).urgency == 2


def test_done_makes_it_due_when_it_asks_for_it(mark, claim, clock, database):
    mark(A)
    lease = the(claim())
    database.transact(lambda tx: lease.done(tx, clock.seconds + 30))
    clock.advance(29)
    assert claim() == []
    clock.advance(1)
    assert len(claim()) == 1


@pytest.mark.parametrize(
    ("marked", "asked", "due"), [(40, 30, 30), (30, 40, 30), (30, None, 30), (None, 30, 30)]
)
def test_of_a_mark_made_meanwhile_and_what_the_run_asks_for_the_earlier_counts(
    mark, claim, clock, database, marked, asked, due
):
    mark(A)
    lease = the(claim())
    if marked is not None:
        mark(A, due=clock.seconds + marked)
    database.transact(lambda tx: lease.done(tx, None if asked is None else clock.seconds + asked))
    clock.advance(due - 1)
    assert claim() == []
    clock.advance(1)
    assert len(claim()) == 1


def test_done_resets_urgency_and_tries(mark, claim, database, row, clock):
    mark(A, urgency=1)
    lease = the(claim())
    database.transact(lambda tx: lease.retry(tx, "no"))
    clock.advance(LONGEST)
    lease = the(claim())
    assert (lease.urgency, lease.tries) == (1, 1)
    database.transact(lease.done)
    assert (row(A).urgency, row(A).tries, row(A).faults, row(A).error) == (ORDINARY, 0, 0, None)
    mark(A)
    assert the(claim()).urgency == ORDINARY


def test_the_urgency_of_a_mark_made_meanwhile_outlives_done(mark, claim, database):
    mark(A)
    lease = the(claim())
    mark(A, urgency=1)
    database.transact(lease.done)
    assert the(claim()).urgency == 1


@pytest.mark.parametrize(("given", "kept"), [(-3, 1), (0, 1), (1, 1), (5, 5), (6, 5), (99, 5)])
def test_urgencies_are_from_1_to_5(mark, claim, given, kept):
    mark(A, urgency=given)
    assert the(claim()).urgency == kept


# ---- order --------------------------------------------------------------------------------------


def test_what_is_urgent_overtakes_a_backlog(mark, claim):
    mark(*(keys.incident(f"SL-{n}") for n in range(500)), urgency=4)
    mark(A, urgency=1)
    assert the(claim()).item == A


def test_of_the_same_urgency_the_longest_waiting_comes_first(mark, claim, clock):
    for name in "ACB":
        mark(keys.incident(f"SL-{name}"))
        clock.advance(1)
    assert [le.item for le in claim(3)] == [A, C, B]


def test_waiting_counts_as_urgency_so_that_nothing_starves(mark, claim, clock):
    mark(A, urgency=5)
    clock.advance(4 * AGEING - 1)
    mark(B, urgency=1)
    assert the(claim()).item == B
    clock.advance(1)
    mark(C, urgency=1)
    assert the(claim()).item == A


def test_the_least_urgent_is_worked_on_under_a_steady_stream_of_urgent_ones(mark, claim, clock, database):
    mark(A, urgency=5)
    for n in range(30):
        mark(keys.incident(f"SL-{n}"), urgency=1)
        lease = the(claim())
        database.transact(lease.done)
        if lease.item == A:
            assert n <= 4 * AGEING / 10
            return
        clock.advance(10)
    raise AssertionError("it starved")


# ---- failures -----------------------------------------------------------------------------------


def fail(database, claim, clock, *, ours=True, after=None):
    lease = the(claim())
    parked = database.transact(lambda tx: lease.retry(tx, "why", after, ours=ours))
    clock.advance(max(LONGEST, after or 0))
    return parked


def test_faults_of_our_own_park_it_and_a_new_mark_revives_it(mark, claim, clock, database, row):
    mark(A)
    assert [fail(database, claim, clock) for _ in range(PATIENCE)] == [False] * (PATIENCE - 1) + [True]
    clock.advance(1e6)
    assert claim() == []
    assert row(A).error == "why"
    assert [(b.parked, b.due, b.waiting) for b in database.transact(backlog)] == [(1, 0, 0)]
    mark(A)
    assert [fail(database, claim, clock) for _ in range(PATIENCE)] == [False] * (PATIENCE - 1) + [True]
    mark(A)
    database.transact(the(claim()).done)
    assert claim() == []


def test_outages_never_park_it_and_are_not_counted_with_faults(mark, claim, clock, database):
    mark(A)
    assert not any(fail(database, claim, clock, ours=False) for _ in range(PATIENCE * 3))
    assert [fail(database, claim, clock) for _ in range(PATIENCE - 1)] == [False] * (PATIENCE - 1)
    assert not fail(database, claim, clock, ours=False)
    assert fail(database, claim, clock)


def test_what_was_marked_during_its_last_chance_gets_another_one(mark, claim, clock, database):
    mark(A)
    for _ in range(PATIENCE - 1):
        fail(database, claim, clock)
    lease = the(claim())
    mark(A)
    assert database.transact(lambda tx: lease.retry(tx, "why", ours=True)) is False
    assert [fail(database, claim, clock) for _ in range(PATIENCE)] == [False] * (PATIENCE - 1) + [True]


def test_it_backs_off_doubling_up_to_a_limit(mark, claim, clock, database, row):
    mark(A)
    waits = []
    for _ in range(14):
        lease = the(claim())
        database.transact(lambda tx, lease=lease: lease.retry(tx, "why"))
        waits.append(row(A).due - clock.seconds)
        clock.advance(waits[-1] + 0.001)
    for n, wait in enumerate(waits, 1):
        most = min(LONGEST, 2.0**n)
        assert most / 2 - 0.001 <= wait <= most
    assert waits[-1] > 100


def test_the_back_off_is_drawn_from_the_token_and_nothing_else():
    assert backoff(3, "abc") == backoff(3, "abc") != backoff(3, "abd")
    assert backoff(10**6, "abc") <= LONGEST


def test_the_platforms_own_wish_for_peace_is_kept(mark, claim, clock, database):
    mark(A)
    lease = the(claim())
    mark(A)
    database.transact(lambda tx: lease.retry(tx, "429", 90.0))
    clock.advance(89)
    assert claim() == []
    clock.advance(1)
    assert len(claim()) == 1


def test_a_mark_made_meanwhile_cuts_the_back_off_short(mark, claim, database, clock):
    mark(A)
    for _ in range(5):
        fail(database, claim, clock, ours=False)
    lease = the(claim())
    mark(A)
    database.transact(lambda tx: lease.retry(tx, "no"))
    assert len(claim()) == 1


def test_a_later_mark_made_meanwhile_does_not_put_off_the_next_try(mark, claim, database, clock):
    mark(A)
    lease = the(claim())
    mark(A, due=clock.seconds + 86400)
    database.transact(lambda tx: lease.retry(tx, "no"))
    clock.advance(2)
    assert len(claim()) == 1


# ---- looking ------------------------------------------------------------------------------------


def test_the_next_due_of_a_lane(database, ledger, mark, claim, clock):
    def due(lane=""):
        return database.transact(lambda tx: ledger.next_due(tx, (Kind.INCIDENT,), lane))

    assert due() is None
    mark(A, due=clock.seconds + 50)
    mark(B, due=clock.seconds + 20)
    assert due() == clock.seconds + 20
    assert due("snow") is None
    clock.advance(20)
    claim()
    assert due() == clock.seconds + 30


def test_the_backlog_of_each_lane(database, mark, claim, clock):
    mark(A)
    clock.advance(7)
    mark(B, C)
    mark(LANE, due=clock.seconds + 9)
    mark(keys.poll("snow"))
    claim(1, (Kind.POLL,), "snow")
    found = {(b.kind, b.lane): b for b in database.transact(backlog)}
    assert (found["incident", ""].due, found["incident", ""].oldest) == (3, 7.0)
    assert (found["delivery", "snow"].due, found["delivery", "snow"].waiting) == (0, 1)
    assert (found["poll", "snow"].due, found["poll", "snow"].oldest) == (0, 0.0)


def test_a_forgotten_key_is_gone_whoever_has_it(database, ledger, mark, claim):
    mark(A)
    lease = the(claim())
    database.transact(lambda tx: ledger.forget(tx, A))
    with pytest.raises(LeaseLost):
        database.transact(lease.done)
    assert claim() == []


def test_keys_may_hold_anything(mark, claim, database):
    strange = Item(Kind.DELIVERY, "a'b\"c|%s:x\\|東京", "東 京")
    mark(strange)
    lease = the(claim(1, (Kind.DELIVERY,), "東 京"))
    assert lease.item == strange
    database.transact(lease.done)
    assert claim(1, (Kind.DELIVERY,), "東 京") == []


def test_what_waits_out_a_back_off_can_be_hastened_and_nothing_else(
    mark, claim, clock, database, ledger, woken
):
    """An instance answers again: its deliveries need not wait any longer. Timers and other lanes do."""
    failed, timer, running, elsewhere = (
        keys.delivery("SL-A", "snow"),
        keys.delivery("SL-B", "snow"),
        keys.delivery("SL-C", "snow"),
        keys.delivery("SL-A", "jira"),
    )
    mark(failed, running, elsewhere)
    for lane in ("snow", "jira"):
        for lease in claim(9, (Kind.DELIVERY,), lane):
            if lease.item != running:
                database.transact(lambda tx, lease=lease: lease.retry(tx, "down"))
    mark(timer, due=clock.seconds + 500)
    woken.clear()
    database.transact(lambda tx: ledger.hasten(tx, Kind.DELIVERY, "snow"))
    assert woken == [(Kind.DELIVERY, "snow")]
    assert {le.item for le in claim(9, (Kind.DELIVERY,), "snow")} == {failed}
    assert claim(9, (Kind.DELIVERY,), "jira") == []


def test_a_clock_that_is_set_back_makes_nobody_wait_longer(database, ledger, clock, mark, claim, row):
    later = clock.seconds + 10
    mark(A, due=later)
    mark(LANE, keys.poll("snow"), due=later)
    mark(B)
    (lease,) = claim()
    database.transact(lambda tx: lease.retry(tx, "the disk is full", 5.0))
    clock.advance(-3_600)
    database.transact(lambda tx: ledger.clock_went_back(tx, 3_600))
    assert row(A).due == row(LANE).due == row(keys.poll("snow")).due == later - 3_600
    assert row(B).due == later - 5 - 3_600
