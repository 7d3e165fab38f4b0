from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline.escalation.book import Book
from syncline.escalation.conditions import STANDARD
from syncline.escalation.roster import Layer, Override, Person, Schedule, Span, Window
from syncline.escalation.rota import OnCall, away, next_cover, on_call, served, shifts

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
PARIS = ZoneInfo("Europe/Paris")
PEOPLE = ("amina", "bruno", "chloe", "diane")


def book_of(*schedules, people=(), **absences):
    known = {name: Person(name, name, PARIS) for name in (*PEOPLE, *people)}
    known |= {name: Person(name, name, PARIS, away=tuple(spans)) for name, spans in absences.items()}
    return Book("", STANDARD, people=known, schedules={schedule.id: schedule for schedule in schedules})


def layer(*rotate, every=DAY, handoff=time(9), weekday=None, start=date(2026, 1, 5), only=(), until=None):
    return Layer(rotate, every, handoff, weekday, start, only, until)


def weekly(*rotate, **more):
    return layer(*rotate, every=7 * DAY, weekday=0, **more)


def paris(text):
    """An instant by the clock of Paris."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


def person_at(book, schedule_id, at):
    found = on_call(book, schedule_id, at)
    return found and found.person


# Any book, judged at every instant that matters.


def clock_time(minute):
    return time(minute // 60 % 24, minute % 60)


def spans(near):
    return st.builds(
        lambda start, length: Span(near + start * MINUTE, near + (start + length) * MINUTE),
        st.integers(-6000, 6000),
        st.integers(1, 6000),
    )


@st.composite
def windows(draw):
    start = draw(st.integers(0, 1438))
    return Window(draw(st.integers(0, 6)), clock_time(start), clock_time(draw(st.integers(start + 1, 1440))))


@st.composite
def layers(draw, near):
    every = draw(st.sampled_from([HOUR, 6 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY]))
    start = near.date() + draw(st.integers(-40, 5)) * DAY
    return Layer(
        tuple(draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4))),
        every,
        clock_time(draw(st.sampled_from([0, 60, 120, 135, 150, 165, 180, 540, draw(st.integers(0, 1439))]))),
        draw(st.integers(0, 6)) if every >= 7 * DAY else None,
        start,
        tuple(draw(st.lists(windows(), max_size=6))),
        draw(st.none() | st.integers(0, 60).map(lambda days: start + days * DAY)),
    )


@st.composite
def books(draw, watcher):
    """An instant, mostly near a change of the clock, and a book whose first schedule is `one`."""
    name = draw(st.sampled_from(watcher.zones))
    points = watcher.turning_points(name)
    if points and draw(st.integers(0, 3)):
        near = draw(st.sampled_from(points)) + draw(st.integers(-300, 300)) * MINUTE
    else:
        near = watcher.first + draw(st.integers(60 * 1440, 7 * 365 * 1440)) * MINUTE
    ids = ("one", "two", "three")[: draw(st.integers(1, 3))]
    schedules = [
        Schedule(
            schedule_id,
            ZoneInfo(name if schedule_id == "one" else draw(st.sampled_from(watcher.zones))),
            tuple(draw(st.lists(layers(near), max_size=3))),
            tuple(
                Override(draw(st.sampled_from(PEOPLE)), span, draw(st.sampled_from(["", "swap"])))
                for span in draw(st.lists(spans(near), max_size=3))
            ),
            draw(st.none() | st.sampled_from(ids)),
        )
        for schedule_id in ids
    ]
    absences = {person: draw(st.lists(spans(near), max_size=2)) for person in PEOPLE}
    return near, book_of(*schedules, **absences)


@settings(max_examples=150)
@given(st.data())
def test_shifts_agree_with_on_call_at_every_instant_and_are_cut_where_it_changes(watcher, data):
    near, book = data.draw(books(watcher))
    span = Span(
        near - data.draw(st.integers(0, 9000)) * MINUTE, near + data.draw(st.integers(1, 9000)) * MINUTE
    )
    found = shifts(book, "one", span)
    assert [found[0].span.start, found[-1].span.end] == [span.start, span.end]
    for one, other in pairwise(found):
        assert one.span.end == other.span.start
        assert one.on_call != other.on_call
    for shift in found:
        assert shift.span.start < shift.span.end
        assert on_call(book, "one", shift.span.start) == shift.on_call
        assert on_call(book, "one", shift.span.end - MOMENT) == shift.on_call
    for minutes in data.draw(st.lists(st.integers(0, 18000), max_size=30)):
        at = span.start + minutes * MINUTE
        if at < span.end:
            [shift] = [shift for shift in found if shift.span.covers(at)]
            assert on_call(book, "one", at) == shift.on_call


@given(st.data())
def test_a_part_of_a_stretch_says_the_same_as_the_whole(watcher, data):
    near, book = data.draw(books(watcher))
    start, middle, end = (
        near + minutes * MINUTE for minutes in (-4000, data.draw(st.integers(-3999, 3999)), 4000)
    )
    parts = shifts(book, "one", Span(start, middle)) + shifts(book, "one", Span(middle, end))
    whole = shifts(book, "one", Span(start, end))
    assert [shift for shift in parts if shift.span.end < middle or shift.span.start > middle] == [
        shift for shift in whole if shift.span.end < middle or shift.span.start > middle
    ]


@given(st.data())
def test_the_next_cover_is_the_first_instant_at_which_somebody_serves(watcher, data):
    near, book = data.draw(books(watcher))
    first = next_cover(book, "one", near, 10 * DAY)
    whole = shifts(book, "one", Span(near, near + 10 * DAY))
    assert first == next((shift.span.start for shift in whole if shift.on_call), None)


def watched(schedule, away_at, at, shown):
    """Who serves one schedule without backfill, by the rules as they are written down, when a clock shows that."""
    standing = [override for override in schedule.overrides if override.span.covers(at)]
    if standing and not away_at(standing[-1].who, at):
        return standing[-1].who
    for one in reversed(schedule.layers):
        begin = datetime.combine(one.start, one.handoff)
        if shown < begin or (one.until is not None and shown.date() >= one.until):
            continue
        hours = [window for window in one.only if window.weekday == shown.weekday()]
        if one.only and not any(
            window.start <= shown.time() and (window.end == time() or shown.time() < window.end)
            for window in hours
        ):
            continue
        # The first turn ends at the first weekday of handoffs, and then one turn follows the other.
        change, turn = begin + one.every, 0
        if one.weekday is not None and one.weekday != begin.weekday():
            change = begin
            while change.weekday() != one.weekday:
                change += DAY
        while change <= shown:
            change += one.every
            turn += 1
        person = one.rotate[turn % len(one.rotate)]
        if not away_at(person, at):
            return person
    return None


@settings(max_examples=150)
@given(st.data())
def test_on_call_is_what_somebody_says_who_watches_the_clock_and_reads_the_rules(watcher, data):
    near, book = data.draw(books(watcher))

    def away_at(person, at):
        return any(span.covers(at) for span in book.people[person].away)

    for at, shown in watcher.clock(book.schedules["one"].tz.key, near - 100 * MINUTE, 200):
        found = on_call(book, "one", at)
        own = found.person if found is not None and not found.why.startswith("backfill") else None
        assert own == watched(book.schedules["one"], away_at, at, shown)


# Known answers.


def test_turns_of_weeks_change_at_the_same_local_time_all_year():
    book = book_of(Schedule("desk", PARIS, (weekly("amina", "bruno"),)))
    found = shifts(book, "desk", Span(paris("2026-01-05 09:00"), paris("2027-01-04 09:00")))
    assert len(found) == 52
    assert [shift.on_call.person for shift in found] == ["amina", "bruno"] * 26
    assert {shift.span.start.astimezone(PARIS).strftime("%a %H:%M") for shift in found} == {"Mon 09:00"}
    lengths = {
        shift.span.start.astimezone(PARIS).date(): shift.span.end - shift.span.start for shift in found
    }
    odd = {day: length for day, length in lengths.items() if length != 7 * DAY}
    assert odd == {date(2026, 3, 23): 7 * DAY - HOUR, date(2026, 10, 19): 7 * DAY + HOUR}


def test_turns_of_half_days_keep_to_the_clock_in_the_night_in_which_it_changes():
    book = book_of(Schedule("desk", PARIS, (layer("amina", "bruno", every=12 * HOUR),)))
    for night, hours in (("2026-03-28 21:00", 11), ("2026-10-24 21:00", 13), ("2026-06-01 21:00", 12)):
        at = paris(night)
        [shift] = shifts(book, "desk", Span(at, at + hours * HOUR))
        assert shift.on_call == OnCall("bruno", "desk", "turn")
        assert person_at(book, "desk", at + hours * HOUR) == person_at(book, "desk", at - MOMENT) == "amina"


@pytest.mark.parametrize(
    ("handoff", "day", "at"),
    [
        (time(2, 30), "2026-03-29", "2026-03-29T01:00+00:00"),  # skipped: at the end of the gap
        (time(2, 30), "2026-10-25", "2026-10-25T00:30+00:00"),  # twice: at the first
        (time(3, 0), "2026-10-25", "2026-10-25T02:00+00:00"),
    ],
)
def test_a_handoff_that_is_skipped_or_comes_twice(handoff, day, at):
    book = book_of(Schedule("desk", PARIS, (layer("amina", "bruno", handoff=handoff),)))
    at = datetime.fromisoformat(at)
    around = shifts(book, "desk", Span(paris(f"{day} 00:00"), paris(f"{day} 06:00")))
    assert [shift.span.start for shift in around[1:]] == [at]
    assert person_at(book, "desk", at) != person_at(book, "desk", at - MOMENT)


def test_the_first_turn_of_a_layer_that_begins_within_a_week_lasts_until_its_weekday():
    book = book_of(Schedule("desk", PARIS, (weekly("amina", "bruno", "chloe", start=date(2026, 1, 7)),)))
    found = shifts(book, "desk", Span(paris("2026-01-05 00:00"), paris("2026-01-26 09:00")))
    assert [(shift.span.start, shift.on_call and shift.on_call.person) for shift in found] == [
        (paris("2026-01-05 00:00"), None),
        (paris("2026-01-07 09:00"), "amina"),
        (paris("2026-01-12 09:00"), "bruno"),
        (paris("2026-01-19 09:00"), "chloe"),
    ]


def test_a_layer_ends_with_the_day_before_until():
    book = book_of(Schedule("desk", PARIS, (layer("amina", until=date(2026, 2, 1)),)))
    end = paris("2026-02-01 00:00")
    assert person_at(book, "desk", end - MOMENT) == "amina"
    assert on_call(book, "desk", end) is None
    assert next_cover(book, "desk", end) is None


def test_a_later_layer_goes_before_an_earlier_one_in_its_hours():
    nights = tuple(
        Window(day, *hours) for day in range(7) for hours in ((time(22), time()), (time(), time(6)))
    )
    book = book_of(Schedule("desk", PARIS, (weekly("amina"), weekly("bruno", only=nights))))
    found = shifts(book, "desk", Span(paris("2026-06-01 12:00"), paris("2026-06-02 12:00")))
    assert [(shift.span.start, shift.on_call.person) for shift in found] == [
        (paris("2026-06-01 12:00"), "amina"),
        (paris("2026-06-01 22:00"), "bruno"),
        (paris("2026-06-02 06:00"), "amina"),
    ]


def override(who, start, end, why=""):
    return Override(who, Span(paris(start), paris(end)), why)


def test_of_overrides_the_last_listed_stands_and_one_whose_person_is_away_gives_way_to_the_layers():
    away_then = Span(paris("2026-05-13 00:00"), paris("2026-05-14 00:00"))
    schedule = Schedule(
        "desk",
        PARIS,
        (weekly("amina"),),
        (
            override("bruno", "2026-05-11 09:00", "2026-05-18 09:00", "holiday swap"),
            override("chloe", "2026-05-12 09:00", "2026-05-15 09:00"),
        ),
    )
    book = book_of(schedule, chloe=[away_then])
    found = shifts(book, "desk", Span(paris("2026-05-11 00:00"), paris("2026-05-18 10:00")))
    assert [(shift.span.start, shift.on_call.person, shift.on_call.why) for shift in found] == [
        (paris("2026-05-11 00:00"), "amina", "turn"),
        (paris("2026-05-11 09:00"), "bruno", "override: holiday swap"),
        (paris("2026-05-12 09:00"), "chloe", "override"),
        (paris("2026-05-13 00:00"), "amina", "turn"),
        (paris("2026-05-14 00:00"), "chloe", "override"),
        (paris("2026-05-15 09:00"), "bruno", "override: holiday swap"),
        (paris("2026-05-18 09:00"), "amina", "turn"),
    ]


def test_the_backfill_serves_where_the_person_on_turn_is_away_and_says_for_whom():
    vacation = Span(paris("2026-08-03 00:00"), paris("2026-08-18 00:00"))
    book = book_of(
        Schedule("desk", PARIS, (weekly("amina", "bruno"),), backfill="db"),
        Schedule(
            "db",
            PARIS,
            (weekly("noah"),),
            (override("chloe", "2026-08-05 00:00", "2026-08-06 00:00", "swap"),),
        ),
        people=["noah"],
        amina=[vacation],
    )
    assert on_call(book, "desk", paris("2026-08-04 12:00")) == OnCall(
        "noah", "db", "backfill of desk: amina is away"
    )
    assert on_call(book, "desk", paris("2026-08-05 12:00")) == OnCall(
        "chloe", "db", "backfill of desk: amina is away; override: swap"
    )
    assert on_call(book, "desk", paris("2026-08-12 12:00")) == OnCall("bruno", "desk", "turn")
    assert on_call(book, "desk", paris("2026-08-20 12:00")) == OnCall("amina", "desk", "turn")


def test_of_several_people_who_are_away_the_one_tried_first_is_named():
    day = Span(paris("2026-08-04 00:00"), paris("2026-08-05 00:00"))
    book = book_of(
        Schedule("desk", PARIS, (weekly("amina"), weekly("bruno")), backfill="db"),
        Schedule("db", PARIS, (weekly("chloe"),)),
        amina=[day],
        bruno=[day],
    )
    expected = OnCall("chloe", "db", "backfill of desk: bruno is away")
    assert on_call(book, "desk", day.start) == expected
    assert [shift.on_call for shift in shifts(book, "desk", day)] == [expected]


def test_backfills_that_go_in_a_circle_end_in_nobody():
    hours = tuple(Window(day, time(8), time(18)) for day in range(7))
    book = book_of(
        Schedule("one", PARIS, (layer("amina", only=hours),), backfill="two"),
        Schedule("two", PARIS, (), backfill="one"),
    )
    assert on_call(book, "one", paris("2026-06-01 20:00")) is None
    assert on_call(book, "two", paris("2026-06-01 12:00")) == OnCall(
        "amina", "one", "backfill of two: nobody is on turn"
    )
    assert next_cover(book, "one", paris("2026-06-01 20:00")) == paris("2026-06-02 08:00")


def test_nobody_serves_a_schedule_without_layers_or_one_that_is_not_in_the_book():
    book = book_of(Schedule("empty", PARIS), Schedule("lost", PARIS, backfill="gone"))
    at = paris("2026-06-01 12:00")
    for schedule_id in ("empty", "lost", "gone"):
        assert on_call(book, schedule_id, at) is None
        [shift] = shifts(book, schedule_id, Span(at, at + DAY))
        assert shift.on_call is None
    assert shifts(book, "empty", Span(at, at)) == []


def test_whom_a_step_reaches():
    vacation = Span(paris("2026-08-03 00:00"), paris("2026-08-18 00:00"))
    book = book_of(
        Schedule("desk", PARIS, (weekly("amina", "bruno"),)),
        Schedule("duty", PARIS, (weekly("chloe"),)),
        amina=[vacation],
    )
    who = ["desk", "duty", "person:amina", "person:chloe", "person:diane", "person:gone", "gone"]
    assert served(book, who, paris("2026-08-04 12:00")) == [
        OnCall("chloe", "duty", "turn"),
        OnCall("diane", "", "named"),
    ]
    assert [one.person for one in served(book, who, paris("2026-08-18 12:00"))] == ["amina", "chloe", "diane"]
    assert away(book, "amina", vacation.start)
    assert not away(book, "amina", vacation.end)
    assert not away(book, "gone", vacation.start)


def test_a_turn_of_no_length_is_refused():
    book = book_of(Schedule("desk", PARIS, (layer("amina", every=timedelta()),)))
    with pytest.raises(ValueError, match="turn"):
        on_call(book, "desk", paris("2026-08-18 12:00"))
