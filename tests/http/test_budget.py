"""Laws of the rate budget, whatever the order and the times of the calls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.http.budget import Budget

rates = st.integers(min_value=10, max_value=5_000)
steps = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=20), st.booleans(), st.none() | st.floats(min_value=0, max_value=100)
    ),
    max_size=200,
)


@given(rates, steps)
def test_never_more_than_the_rate_in_any_minute_nor_anything_during_a_pause(rate, script):
    now, sent, paused_until = 0.0, [], 0.0
    budget = Budget(rate, now)
    for moved, urgent, pause in script:
        now += moved
        if pause is not None:
            budget.pause(now, pause)
            paused_until = max(paused_until, now + pause)
        if budget.take(now, urgent=urgent) == 0.0:
            assert now >= paused_until
            sent.append(now)
        assert sum(1 for at in sent if at > now - 60) <= rate


@given(rates)
def test_a_burst_never_exceeds_the_rate(rate):
    budget = Budget(rate, 0.0)
    now, sent = 0.0, []
    for _ in range(min(rate * 2, 400)):
        wait = budget.take(now, urgent=True)
        while wait:
            now += wait
            wait = budget.take(now, urgent=True)
        sent.append(now)
    assert all(sum(1 for at in sent if begin <= at < begin + 59.999) <= rate for begin in sent)


@given(rates, steps)
def test_the_wait_it_names_is_enough_for_the_only_caller(rate, script):
    now = 0.0
    budget = Budget(rate, now)
    for moved, urgent, pause in script:
        now += moved
        if pause is not None:
            budget.pause(now, pause)
        wait = budget.take(now, urgent=urgent)
        if wait:
            now += wait
            assert budget.take(now, urgent=urgent) < 1e-6


@given(rates)
def test_ordinary_calls_leave_the_reserve_to_urgent_ones(rate):
    budget = Budget(rate, 0.0)
    while budget.take(0.0) == 0.0:
        pass
    urgent = 0
    while budget.take(0.0, urgent=True) == 0.0:
        urgent += 1
    assert urgent == budget.reserve >= 1


def test_after_a_pause_urgent_calls_go_first_and_there_is_no_burst():
    budget = Budget(600, 0.0)
    budget.pause(0.0, 10.0)
    assert budget.left(5.0) == 0.0
    assert budget.paused_for(4.0) == 6.0
    assert budget.take(10.0) > 0.0
    assert budget.take(10.0, urgent=True) == 0.0
    assert budget.take(10.0, urgent=True) > 0.0


def test_a_shorter_pause_does_not_shorten_a_longer_one():
    budget = Budget(600, 0.0)
    budget.pause(0.0, 30.0)
    budget.pause(1.0, 1.0)
    assert budget.take(29.0, urgent=True) >= 1.0


def test_a_budget_that_cannot_flow_is_refused():
    with pytest.raises(ValueError, match="at least 10"):
        Budget(9, 0.0)
