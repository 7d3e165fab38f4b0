"""Virtual time, and the fate of machines."""

from datetime import UTC, datetime

import pytest
from loop import Loop, Machine


@pytest.fixture
def loop():
    return Loop("a seed", datetime(2026, 3, 28, tzinfo=UTC))


@pytest.fixture
def machine(loop):
    return Machine(loop, "one")


def test_sleepers_wake_in_their_order(loop, machine):
    woken = []
    for seconds in (3.0, 1.0, 2.0):
        machine.spawn(
            f"{seconds}", lambda s=seconds: (machine.sleep(s), woken.append((s, round(loop.passed))))
        )
    loop.run(10.0)
    assert woken == [(1.0, 1), (2.0, 2), (3.0, 3)]
    assert loop.passed == 10.0


def test_a_signal_wakes_once_and_a_timeout_says_no(loop, machine):
    signal, told = machine.signal(), []
    machine.spawn("patient", lambda: told.append(signal.wait(60.0)))
    machine.spawn("hasty", lambda: told.append(signal.wait(1.0)))
    machine.spawn("herald", lambda: (machine.sleep(5.0), signal.set()))
    loop.run(100.0)
    assert told == [False, True]


def test_the_dead_never_go_on_and_their_finally_does_not_run(loop, machine):
    told = []

    def work():
        try:
            machine.sleep(5.0)
            told.append("went on")
        finally:
            told.append("cleaned up")

    task = machine.spawn("doomed", work)
    loop.run(1.0)
    machine.kill()
    loop.run(100.0)
    assert told == []
    assert task.is_alive()


def test_a_machine_that_stands_still_goes_on_later(loop, machine):
    told = []
    machine.spawn("worker", lambda: (machine.sleep(1.0), told.append(round(loop.passed))))
    loop.run(0.5)
    machine.stop(60.0)
    loop.run(100.0)
    assert told == [60]


def test_what_waits_for_a_reply_is_woken_by_it_or_by_its_patience_and_not_by_both(loop, machine):
    told = []

    def work():
        signal = machine.signal()
        loop.after(2.0, signal.set)
        told.append(signal.wait(2.0))
        machine.sleep(1.0)
        told.append(round(loop.passed))

    machine.spawn("asker", work)
    loop.run(100.0)
    assert told[1:] == [3]


def test_a_lock_has_one_owner_and_others_wait_their_turn(loop, machine):
    lock, inside, most = machine.lock(), [], []

    def work():
        with lock, lock:
            inside.append(1)
            most.append(len(inside))
            machine.sleep(1.0)
            inside.pop()

    for n in range(4):
        machine.spawn(f"{n}", work)
    loop.run(100.0)
    assert most == [1, 1, 1, 1]


def test_nobody_gives_up_a_turn_inside_a_transaction(loop, machine):
    lock = machine.lock()
    lock.sealed = True

    def work():
        with lock:
            machine.sleep(1.0)

    machine.spawn("careless", work)
    with pytest.raises(AssertionError, match="inside a transaction"):
        loop.run(10.0)


def test_every_greenlet_has_its_own(loop, machine):
    local, told = machine.local(), []

    def work(n):
        local.n = n
        machine.sleep(1.0)
        told.append(local.n)

    for n in range(3):
        machine.spawn(f"{n}", lambda n=n: work(n))
    loop.run(10.0)
    assert sorted(told) == [0, 1, 2]
    assert not hasattr(local, "n")


def test_the_schedule_is_the_seeds():
    def order(seed):
        loop = Loop(seed, datetime(2026, 3, 28, tzinfo=UTC))
        machine, told = Machine(loop, "one"), []
        lock = machine.lock()

        def work(n):
            for _ in range(20):
                with lock:
                    told.append(n)

        for n in range(4):
            machine.spawn(f"{n}", lambda n=n: work(n))
        loop.run(100.0)
        return told

    assert order("a") == order("a")
    assert len({tuple(order(seed)) for seed in "abcdef"}) > 1
