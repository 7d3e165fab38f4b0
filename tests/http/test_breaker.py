"""Laws of the breaker."""

from hypothesis import given
from hypothesis import strategies as st

from syncline.http.breaker import (
    FIRST_REST,
    PROBE_AGAIN,
    PROBE_LIFE,
    THRESHOLD,
    Breaker,
    BreakerState,
    Closed,
    Opened,
)

events = st.lists(
    st.tuples(st.floats(min_value=0, max_value=200), st.sampled_from(["admit", "fail", "succeed"])),
    max_size=200,
)


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    told = [breaker.failed(now, f"failure {n}") for n in range(THRESHOLD)]
    assert told == [None] * (THRESHOLD - 1) + [Opened(f"failure {THRESHOLD - 1}")]
    return breaker


@given(events)
def test_it_is_told_once_when_it_opens_and_once_when_it_closes(script):
    breaker, now, told = Breaker(), 0.0, []
    for moved, event in script:
        now += moved
        if event == "admit":
            breaker.admit(now)
        else:
            told.append(breaker.failed(now, "x") if event == "fail" else breaker.succeeded(now))
    kinds = [type(event) for event in told if event is not None]
    assert kinds == [Opened, Closed] * (len(kinds) // 2) + [Opened] * (len(kinds) % 2)


@given(events)
def test_an_open_breaker_lets_nothing_pass_and_a_half_open_one_a_single_probe(script):
    breaker, now, probed_at = Breaker(), 0.0, None
    for moved, event in script:
        now += moved
        state = breaker.state(now)
        if event == "admit":
            wait = breaker.admit(now)
            assert wait >= 0
            if state is BreakerState.CLOSED:
                assert wait == 0
            elif state is BreakerState.OPEN:
                assert wait > 0
            elif wait == 0:
                assert probed_at is None or now >= probed_at + PROBE_LIFE
                probed_at = now
        else:
            if event == "fail":
                breaker.failed(now, "x")
            else:
                breaker.succeeded(now)
            probed_at = None


def test_successes_in_between_keep_it_closed():
    breaker = Breaker()
    for n in range(100):
        assert breaker.failed(n, "x") is None
        assert breaker.succeeded(n) is None
    assert breaker.state(100) is BreakerState.CLOSED


def test_a_failed_probe_doubles_the_rest_up_to_its_bound():
    breaker, now = opened(), 0.0
    rests = []
    for _ in range(7):
        wait = breaker.wait(now)
        rests.append(wait)
        now += wait
        assert breaker.admit(now) == 0
        assert breaker.admit(now) > 0
        assert breaker.failed(now, "again") is None
    assert rests == [5, 10, 20, 40, 60, 60, 60]
    assert breaker.succeeded(now + 60) == Closed(now + 60)


def test_failures_of_calls_that_left_before_do_not_lengthen_the_rest():
    breaker = opened()
    for _ in range(10):
        breaker.failed(1.0, "late")
    assert breaker.wait(1.0) == 4.0


def test_asking_takes_no_probe():
    breaker = opened()
    assert breaker.wait(5.0) == 0
    assert breaker.wait(5.0) == 0
    assert breaker.admit(5.0) == 0
    assert breaker.wait(5.0) > 0


def test_a_probe_that_never_reports_back_is_replaced():
    breaker = opened()
    assert breaker.admit(5.0) == 0
    assert breaker.admit(5.0 + PROBE_LIFE) == 0


def test_who_comes_while_a_probe_is_under_way_is_asked_back_soon():
    breaker = opened()
    assert breaker.admit(FIRST_REST) == 0
    assert 0 < breaker.admit(FIRST_REST + 0.01) <= PROBE_AGAIN
    breaker.succeeded(FIRST_REST + 0.02)
    assert breaker.admit(FIRST_REST + 0.03) == 0
