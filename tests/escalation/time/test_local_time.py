from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.escalation.local_time import changes, clock, instant, utc
from syncline.escalation.roster import Span

MINUTE = timedelta(minutes=1)


def local(text):
    """A local time, without a zone."""
    return datetime.fromisoformat(text)


def at_a_change(draw, watcher):
    """A zone, and an instant that is often near one at which its offset changes."""
    name = draw(st.sampled_from(watcher.zones))
    points = watcher.turning_points(name)
    if points and draw(st.booleans()):
        return name, draw(st.sampled_from(points)) + draw(st.integers(-200, 200)) * MINUTE
    return name, watcher.first + draw(st.integers(0, 7 * 365 * 1440)) * MINUTE


@given(st.data())
def test_a_local_time_stands_for_the_first_instant_at_which_the_clock_has_come_to_it(watcher, data):
    name, near = at_a_change(data.draw, watcher)
    shown = (
        near.astimezone(ZoneInfo(name)).replace(tzinfo=None, fold=0)
        + data.draw(st.integers(-90, 90)) * MINUTE
    )
    assert instant(ZoneInfo(name), shown) == watcher.instant(name, shown)


@given(st.data())
def test_the_clock_has_come_to_a_local_time_exactly_from_its_instant_on(watcher, data):
    name, at = at_a_change(data.draw, watcher)
    tz = ZoneInfo(name)
    at += timedelta(microseconds=data.draw(st.integers(-2, 2)))
    for offset in (timedelta(), timedelta(microseconds=1), data.draw(st.integers(-90, 90)) * MINUTE):
        shown = clock(tz, at) + offset
        assert (instant(tz, shown) <= at) == (shown <= clock(tz, at))


@given(st.data())
def test_later_local_times_stand_for_no_earlier_instants(watcher, data):
    name, near = at_a_change(data.draw, watcher)
    shown = near.replace(tzinfo=None)
    later = shown + data.draw(st.integers(0, 300)) * MINUTE
    assert instant(ZoneInfo(name), shown) <= instant(ZoneInfo(name), later)


def test_every_change_of_seven_years_is_found_at_its_second(watcher):
    found = {
        name: [change.at for change in changes(ZoneInfo(name), Span(watcher.first, watcher.last))]
        for name in watcher.zones
    }
    assert found == {name: watcher.turning_points(name) for name in watcher.zones}
    assert len(found["Europe/Paris"]) == len(found["Australia/Lord_Howe"]) == 14
    assert found["Asia/Kolkata"] == found["Asia/Tehran"] == []


@pytest.mark.parametrize(
    ("name", "shown", "at"),
    [
        ("Europe/Paris", "2026-03-29 02:30", "2026-03-29 01:00"),  # skipped
        ("Europe/Paris", "2026-03-29 03:00", "2026-03-29 01:00"),
        ("Europe/Paris", "2026-10-25 02:30", "2026-10-25 00:30"),  # the first of two
        ("Europe/Paris", "2026-10-25 03:00", "2026-10-25 02:00"),
        ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:30"),
        ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45"),
        (
            "Pacific/Apia",
            "2011-12-30 12:00",
            "2011-12-30 10:00",
        ),  # a day that never was
    ],
)
def test_known_local_times(name, shown, at):
    assert instant(ZoneInfo(name), local(shown)) == local(at).replace(tzinfo=UTC)


def test_a_change_says_what_is_skipped_and_what_comes_twice():
    spring, autumn = changes(
        ZoneInfo("Europe/Paris"), Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    )
    assert (spring.start, spring.end, spring.forward) == (
        local("2026-03-29 02:00"),
        local("2026-03-29 03:00"),
        True,
    )
    assert (autumn.start, autumn.end, autumn.forward) == (
        local("2026-10-25 02:00"),
        local("2026-10-25 03:00"),
        False,
    )


def test_a_change_belongs_to_the_span_that_it_begins_and_not_to_the_one_that_it_ends():
    at = datetime(2026, 3, 29, 1, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert [change.at for change in changes(ZoneInfo("Europe/Paris"), Span(at, at + hour))] == [at]
    assert not list(changes(ZoneInfo("Europe/Paris"), Span(at - hour, at)))
    assert not list(changes(ZoneInfo("Europe/Paris"), Span(at + MINUTE, at + hour)))


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        utc(local("2026-01-01 00:00"))
