"""When two automations fight through us, and when people just change their minds."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from syncline.fights import Breaker, fight

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def written(*values, every=30):
    return [(NOON + timedelta(seconds=every * i), value) for i, value in enumerate(values)]


@given(st.lists(st.integers(0, 99), max_size=5, unique=True), st.integers(100, 200))
def test_new_values_are_no_fight(values, value):
    assert fight(written(*values), value, NOON + timedelta(minutes=3), Breaker()) is None


@given(st.lists(st.sampled_from("ab"), min_size=6, max_size=20), st.sampled_from("ab"))
def test_never_more_writes_than_the_limit_in_its_time(values, value):
    assert fight(written(*values, every=1), value, NOON + timedelta(minutes=1), Breaker()) is not None


@given(st.lists(st.sampled_from("abc"), max_size=30), st.sampled_from("abc"))
def test_what_lies_longer_back_is_forgotten(values, value):
    assert fight(written(*values, every=1), value, NOON + timedelta(minutes=30), Breaker()) is None


def test_the_third_return_to_a_value_is_a_fight():
    now = NOON + timedelta(minutes=4)
    breaker = Breaker(writes=100)
    assert fight(written("a", "b", "a", "b", "a"), "b", now, breaker) is None
    assert fight(written("a", "b", "a", "b", "a", "b"), "a", now, breaker) is not None


@given(st.integers(1, 10), st.integers(1, 10))
def test_two_automations_are_stopped_within_the_limits(writes, returns):
    breaker = Breaker(writes=writes, returns=returns)
    done, at = [], NOON
    while fight(done, "ab"[len(done) % 2], at, breaker) is None:
        done.append((at, "ab"[len(done) % 2]))
        at += timedelta(seconds=20)
        assert len(done) <= writes
