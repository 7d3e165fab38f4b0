from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline.escalation.calendars import ALWAYS, after, elapsed, is_open, next_opening, openings
from syncline.escalation.roster import Calendar, Span, Window

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
PARIS = ZoneInfo("Europe/Paris")
OFFICE = Calendar("office", PARIS, tuple(Window(day, time(8), time(18)) for day in range(5)))
NEVER = Calendar("never", PARIS, (Window(0, time(8), time(8)),))


def clock_time(minute):
    return time(minute // 60 % 24, minute % 60)


@st.composite
def windows(draw):
    start = draw(st.integers(0, 1438))
    end = draw(st.integers(start + 1, 1440))
    return Window(draw(st.integers(0, 6)), clock_time(start), clock_time(end))


@st.composite
def calendars(draw, name, near):
    """Hours of a week, some of them over one another, and a few closed days near an instant."""
    open_hours = draw(st.lists(windows(), min_size=0, max_size=20))
    closed = frozenset(
        near.date() + day * timedelta(days=1) for day in draw(st.sets(st.integers(-3, 3), max_size=2))
    )
    return Calendar("any", ZoneInfo(name), tuple(open_hours), closed)


@st.composite
def cases(draw, watcher):
    """A zone, an instant that is mostly near a change of its clock, and a calendar."""
    name = draw(st.sampled_from(watcher.zones))
    points = watcher.turning_points(name)
    if points and draw(st.integers(0, 3)):
        near = draw(st.sampled_from(points)) + draw(st.integers(-600, 600)) * MINUTE
    else:
        near = watcher.first + draw(st.integers(1440, 7 * 365 * 1440)) * MINUTE
    return name, near, draw(calendars(name, near))


def covers(calendar, shown):
    """What the calendar says of a local time."""
    if shown.date() in calendar.closed:
        return False
    return not calendar.open or any(
        window.weekday == shown.weekday()
        and window.start <= shown.time()
        and (shown.time() < window.end or window.end == time())
        for window in calendar.open
    )


@settings(max_examples=60)
@given(st.data())
def test_open_time_is_what_somebody_counts_who_looks_every_minute(watcher, data):
    name, near, calendar = data.draw(cases(watcher))
    count = data.draw(st.integers(1, 2500))
    seen = {at: covers(calendar, shown) for at, shown in watcher.clock(name, near, count)}
    assert elapsed(calendar, near, near + count * MINUTE) == sum(seen.values()) * MINUTE
    assert {at: is_open(calendar, at) for at in seen} == seen
    first = next((at for at, counts in seen.items() if counts), None)
    if first is not None:
        assert next_opening(calendar, near) == first


@given(st.data())
def test_after_is_the_inverse_of_elapsed_and_the_first_such_instant(watcher, data):
    _, near, calendar = data.draw(cases(watcher))
    worked = data.draw(st.timedeltas(MOMENT, elapsed(calendar, near, near + timedelta(days=1000))))
    done = after(calendar, near, worked)
    assert elapsed(calendar, near, done) == worked
    assert is_open(calendar, done - MOMENT)


@given(st.data())
def test_from_any_instant_to_a_later_one_and_back(watcher, data):
    _, near, calendar = data.draw(cases(watcher))
    later = near + data.draw(st.timedeltas(MOMENT, timedelta(days=400)))
    worked = elapsed(calendar, near, later)
    if worked:
        done = after(calendar, near, worked)
        assert done <= later
        assert not elapsed(calendar, done, later)


@given(st.data())
def test_open_time_adds_up(watcher, data):
    _, near, calendar = data.draw(cases(watcher))
    first = data.draw(st.timedeltas(timedelta(), timedelta(days=800)))
    second = data.draw(st.timedeltas(timedelta(), timedelta(days=800)))
    middle, end = near + first, near + first + second
    assert elapsed(calendar, near, middle) + elapsed(calendar, middle, end) == elapsed(calendar, near, end)
    stretches = list(openings(calendar, Span(near, end)))
    assert sum((one.end - one.start for one in stretches), timedelta()) == elapsed(calendar, near, end)
    assert all(one.start < one.end for one in stretches)
    assert all(one.end < other.start for one, other in pairwise(stretches))


def days(*, open_hours=((time(0), time(0)),), zone=PARIS, closed=()):
    return Calendar(
        "daily",
        zone,
        tuple(Window(day, start, end) for day in range(7) for start, end in open_hours),
        frozenset(closed),
    )


@pytest.mark.parametrize(
    ("zone", "day", "opens", "closes", "hours"),
    [
        ("Europe/Paris", date(2026, 3, 29), time(0), time(0), 23),
        ("Europe/Paris", date(2026, 10, 25), time(0), time(0), 25),
        ("Europe/Paris", date(2026, 3, 29), time(2), time(3), 0),
        ("Europe/Paris", date(2026, 3, 29), time(1), time(2, 30), 1),
        ("Europe/Paris", date(2026, 3, 29), time(2, 30), time(5), 2),
        ("Europe/Paris", date(2026, 10, 25), time(2), time(3), 2),
        ("Europe/Paris", date(2026, 10, 25), time(1), time(2, 30), 1.5),
        ("Europe/Paris", date(2026, 10, 25), time(2, 30), time(3), 1.5),
        ("Australia/Lord_Howe", date(2026, 4, 5), time(0), time(0), 24.5),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(0), time(0), 23.5),
        ("Pacific/Chatham", date(2026, 4, 5), time(0), time(0), 25),
        ("Asia/Kolkata", date(2026, 3, 29), time(8), time(18), 10),
    ],
)
def test_hours_of_a_day_on_which_the_clock_changes(zone, day, opens, closes, hours):
    calendar = Calendar("one", ZoneInfo(zone), (Window(day.weekday(), opens, closes),))
    noon = datetime.combine(day, time(12), ZoneInfo(zone))
    assert elapsed(calendar, noon - timedelta(days=2), noon + timedelta(days=2)) == hours * HOUR


def test_two_working_hours_after_friday_afternoon_are_on_monday_however_the_clock_changes():
    friday = datetime(2026, 3, 27, 17, tzinfo=PARIS)
    assert after(OFFICE, friday, 2 * HOUR) == datetime(2026, 3, 30, 9, tzinfo=PARIS)
    assert after(OFFICE, friday, HOUR) == datetime(2026, 3, 27, 18, tzinfo=PARIS)
    assert elapsed(OFFICE, friday, datetime(2026, 3, 30, 9, tzinfo=PARIS)) == 2 * HOUR


def test_no_time_at_all_is_over_at_the_next_opening():
    open_now, evening = datetime(2026, 3, 27, 17, tzinfo=PARIS), datetime(2026, 3, 27, 18, tzinfo=PARIS)
    assert after(OFFICE, open_now, timedelta()) == open_now
    assert after(OFFICE, evening, timedelta()) == datetime(2026, 3, 30, 8, tzinfo=PARIS)


def test_closed_days_are_local_days():
    calendar = days(zone=ZoneInfo("Pacific/Apia"), closed=[date(2026, 6, 1)])
    opens = datetime(2026, 6, 2, tzinfo=ZoneInfo("Pacific/Apia"))
    assert not is_open(calendar, opens - 24 * HOUR)
    assert is_open(calendar, opens - 24 * HOUR - MOMENT)
    assert next_opening(calendar, opens - HOUR) == opens == datetime(2026, 6, 1, 11, tzinfo=UTC)


def test_a_calendar_of_closed_days_alone_is_open_on_all_others():
    calendar = Calendar("closed", PARIS, (), frozenset([date(2026, 12, 24)]))
    start, end = datetime(2026, 12, 1, tzinfo=PARIS), datetime(2027, 1, 1, tzinfo=PARIS)
    assert elapsed(calendar, start, end) == timedelta(days=30)


def test_hours_over_midnight_and_over_the_new_year_are_one_stretch():
    calendar = days(open_hours=[(time(22), time(0)), (time(0), time(6))])
    start, end = datetime(2026, 12, 31, 12, tzinfo=PARIS), datetime(2027, 1, 1, 12, tzinfo=PARIS)
    assert list(openings(calendar, Span(start, end))) == [
        Span(datetime(2026, 12, 31, 21, tzinfo=UTC), datetime(2027, 1, 1, 5, tzinfo=UTC))
    ]


@pytest.mark.parametrize("calendar", [ALWAYS, days(), days(zone=ZoneInfo("Australia/Lord_Howe"))])
def test_a_calendar_that_never_closes_counts_elapsed_time(calendar):
    start = datetime(2024, 2, 28, 23, 59, 59, 999999, tzinfo=ZoneInfo("America/New_York"))
    for worked in (MOMENT, 12 * HOUR, timedelta(days=2000, microseconds=1)):
        end = start.astimezone(UTC) + worked
        assert elapsed(calendar, start, end) == worked
        assert after(calendar, start, worked) == end
    assert after(calendar, start, timedelta()) == start
    assert next_opening(calendar, start) == start


def test_a_span_in_local_time_is_counted_in_elapsed_time():
    night = Span(datetime(2026, 3, 28, 20, tzinfo=PARIS), datetime(2026, 3, 29, 8, tzinfo=PARIS))
    assert elapsed(ALWAYS, night.start, night.end) == 11 * HOUR
    assert [one.end - one.start for one in openings(ALWAYS, night)] == [11 * HOUR]


def test_a_calendar_that_never_opens_says_so_and_comes_to_an_end():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert next_opening(NEVER, at) is None
    assert not is_open(NEVER, at)
    assert not list(openings(NEVER, Span(at, at + timedelta(days=3000))))
    assert elapsed(NEVER, at, at + timedelta(days=3000)) == timedelta()
    for worked in (timedelta(), MOMENT):
        with pytest.raises(ValueError, match="never"):
            after(NEVER, at, worked)


def test_a_calendar_closed_for_years_is_waited_for_up_to_ten_years():
    closed = [date(2026, 1, 1) + number * timedelta(days=1) for number in range(9 * 365)]
    calendar = days(closed=closed)
    opens = next_opening(calendar, datetime(2026, 6, 1, tzinfo=UTC))
    assert opens == datetime.combine(closed[-1] + timedelta(days=1), time(), PARIS)
    assert after(calendar, datetime(2026, 6, 1, tzinfo=UTC), HOUR) == opens + HOUR


@pytest.mark.parametrize("calendar", [ALWAYS, OFFICE])
def test_what_no_calendar_offers_is_refused(calendar):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="cannot pass"):
        after(calendar, at, -MOMENT)
    with pytest.raises(ValueError, match="2026"):
        after(calendar, at, timedelta.max)
    with pytest.raises(ValueError, match="no time zone"):
        elapsed(calendar, at.replace(tzinfo=None), at)


@pytest.mark.parametrize("calendar", [ALWAYS, OFFICE])
def test_no_time_passes_backwards(calendar):
    at = datetime(2026, 1, 7, 12, tzinfo=UTC)
    assert elapsed(calendar, at, at - HOUR) == elapsed(calendar, at, at) == timedelta()
    assert not list(openings(calendar, Span(at, at)))


def test_dates_that_cannot_be_meant_are_refused_and_not_counted_up_to():
    at = datetime(2026, 1, 7, 12, tzinfo=UTC)
    for absurd in (at.replace(year=1), at.replace(year=1800)):
        with pytest.raises(ValueError, match="100 years before 2026"):
            elapsed(OFFICE, absurd, at)
        assert elapsed(ALWAYS, absurd, at) == at - absurd
    for year in (1, 9999):
        with pytest.raises(ValueError, match="office"):
            after(OFFICE, at.replace(year=year), HOUR)
    with pytest.raises(ValueError, match="beyond"):
        is_open(OFFICE, datetime(1, 1, 1, tzinfo=PARIS))
