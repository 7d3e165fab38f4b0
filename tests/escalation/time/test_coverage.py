from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from syncline.escalation.book import Book
from syncline.escalation.conditions import STANDARD
from syncline.escalation.coverage import (
    Doubled,
    Idle,
    Missed,
    OddHandoff,
    alone,
    balance,
    doubled,
    gaps,
    idle,
    load,
    longest,
    missed,
    odd_handoffs,
)
from syncline.escalation.roster import NOWHERE, Layer, Override, Person, Place, Schedule, Span, Window

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PARIS = ZoneInfo("Europe/Paris")
YEAR = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def paris(text):
    """An instant by the clock of Paris."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


def stretch(start, end):
    return Span(paris(start), paris(end))


def book_of(*schedules, **absences):
    named = {who for schedule in schedules for layer in schedule.layers for who in layer.rotate}
    known = {name: Person(name, name, PARIS, away=tuple(absences.get(name, ()))) for name in named}
    return Book("", STANDARD, people=known, schedules={schedule.id: schedule for schedule in schedules})


def every_day(start, end):
    return tuple(Window(day, time(start), time(end % 24)) for day in range(7))


def daily(*rotate, only=(), handoff=time(0), place=NOWHERE):
    return Layer(rotate, DAY, handoff, None, date(2025, 1, 1), only, None, place)


def weekly(*rotate, only=()):
    return Layer(rotate, 7 * DAY, time(9), 0, date(2025, 12, 29), only)


def around_the_world(**sites):
    """Each site serves its own hours, and the next one backfills it."""
    ids = [*sites, None]
    return book_of(
        *(
            Schedule(name, ZoneInfo(zone), (daily(name, only=every_day(*hours)),), backfill=following)
            for (name, (zone, hours)), following in zip(sites.items(), ids[1:], strict=True)
        )
    )


def test_a_rota_around_the_world_that_is_complete_in_winter_has_238_holes_in_a_year():
    book = around_the_world(
        paris=("Europe/Paris", (8, 16)),
        york=("America/New_York", (10, 18)),
        singapore=("Asia/Singapore", (7, 15)),
    )
    found = gaps(book, "paris", YEAR)
    assert len(found) == 238
    assert {gap.end - gap.start for gap in found} == {HOUR}
    assert (found[0].start.date(), found[-1].start.date()) == (date(2026, 3, 8), date(2026, 10, 31))
    assert sum(load(book, "paris", YEAR).values(), timedelta()) == 365 * DAY - 238 * HOUR


def test_paris_and_sydney_leave_392_hours():
    book = around_the_world(paris=("Europe/Paris", (8, 20)), sydney=("Australia/Sydney", (6, 18)))
    assert sum((gap.end - gap.start for gap in gaps(book, "paris", YEAR)), timedelta()) == 392 * HOUR


def test_the_same_sites_as_layers_of_one_clock_leave_nothing():
    book = book_of(
        Schedule("desk", PARIS, (daily("amina", only=every_day(8, 20)), daily("bruno", only=every_day(20, 24)),
                                 daily("chloe", only=every_day(0, 8))))
    )  # fmt: skip
    assert gaps(book, "desk", YEAR) == []
    spring = stretch("2026-03-29 00:00", "2026-03-30 00:00")
    assert load(book, "desk", spring) == {"chloe": 7 * HOUR, "amina": 12 * HOUR, "bruno": 4 * HOUR}


def test_a_hole_at_the_start_of_a_rota():
    book = book_of(
        Schedule("desk", PARIS, (Layer(("amina",), 7 * DAY, time(9), 0, date(2026, 1, 5)),)),
    )
    assert gaps(book, "desk", YEAR) == [Span(YEAR.start, paris("2026-01-05 09:00"))]


def test_load_longest_and_balance():
    book = book_of(Schedule("desk", PARIS, (weekly("amina", "bruno", "amina"),)))
    three_weeks = stretch("2025-12-29 09:00", "2026-01-19 09:00")
    assert load(book, "desk", three_weeks) == {"amina": 14 * DAY, "bruno": 7 * DAY}
    six_weeks = stretch("2025-12-29 09:00", "2026-02-09 09:00")
    # The third turn of one round and the first of the next belong to the same person.
    assert longest(book, "desk", six_weeks) == {
        "amina": stretch("2026-01-12 09:00", "2026-01-26 09:00"),
        "bruno": stretch("2026-01-05 09:00", "2026-01-12 09:00"),
    }
    assert balance(load(book, "desk", three_weeks)) == pytest.approx(0.5)
    assert balance({"amina": 4 * HOUR, "bruno": 4 * HOUR, "chloe": 2 * HOUR}) == pytest.approx(2 / 3)
    assert balance({"amina": HOUR}) == balance({}) == 1.0


def test_who_is_alone():
    book = book_of(
        Schedule("solo", PARIS, (weekly("amina", "amina"),)),
        Schedule("pair", PARIS, (weekly("amina", "bruno"),)),
        Schedule("empty", PARIS),
    )
    assert alone(book, "solo", YEAR) == "amina"
    assert alone(book, "pair", YEAR) is None
    assert alone(book, "empty", YEAR) is None


def test_turns_of_people_who_are_away_without_cover():
    vacation = stretch("2026-08-03 00:00", "2026-08-18 00:00")
    week_off = stretch("2026-08-10 00:00", "2026-08-12 00:00")
    desk = Schedule("desk", PARIS, (weekly("amina"),), backfill="db")
    book = book_of(desk, Schedule("db", PARIS, (weekly("noah"),)), amina=[vacation], noah=[week_off])
    assert missed(book, "desk", YEAR) == [Missed("desk", week_off, ("amina", "noah"))]
    assert gaps(book, "desk", YEAR) == [week_off]
    uncovered = book_of(desk, amina=[vacation])
    assert missed(uncovered, "desk", YEAR) == [Missed("desk", vacation, ("amina",))]


def test_a_hole_in_the_rota_is_nobodys_absence():
    office = every_day(8, 18)
    book = book_of(
        Schedule("desk", PARIS, (daily("amina", only=office),)),
        amina=[stretch("2026-08-03 17:00", "2026-08-04 09:00")],
    )
    assert missed(book, "desk", YEAR) == [
        Missed("desk", stretch("2026-08-03 17:00", "2026-08-03 18:00"), ("amina",)),
        Missed("desk", stretch("2026-08-04 08:00", "2026-08-04 09:00"), ("amina",)),
    ]


def test_somebody_on_two_schedules_at_once():
    book = book_of(
        Schedule("desk", PARIS, (weekly("amina", "bruno"),)),
        Schedule("duty", PARIS, (weekly("bruno", "chloe", "bruno", "bruno"),)),
    )
    four_weeks = stretch("2025-12-29 09:00", "2026-01-26 09:00")
    assert doubled(book, four_weeks) == [
        Doubled("bruno", stretch("2026-01-19 09:00", "2026-01-26 09:00"), ("desk", "duty"), False)
    ]
    assert doubled(book, four_weeks, ["desk"]) == []


def test_somebody_who_backfills_another_schedule_stands_on_one_only():
    book = book_of(
        Schedule("desk", PARIS, (daily("amina", only=every_day(8, 18)),), backfill="db"),
        Schedule("db", PARIS, (weekly("noah"),)),
    )
    day = stretch("2026-06-01 00:00", "2026-06-02 00:00")
    assert doubled(book, day) == [
        Doubled("noah", stretch("2026-06-01 00:00", "2026-06-01 08:00"), ("desk", "db"), True),
        Doubled("noah", stretch("2026-06-01 18:00", "2026-06-02 00:00"), ("desk", "db"), True),
    ]


def test_handoffs_that_are_skipped_or_come_twice():
    place = Place(7, 3)
    book = book_of(Schedule("desk", PARIS, (daily("amina", "bruno", handoff=time(2, 30), place=place),)))
    spring, autumn = odd_handoffs(book, "desk", YEAR)
    # 2025-01-01 is the day of the first turn; both days are an odd number of days later.
    assert spring == OddHandoff(
        "desk",
        0,
        datetime.fromisoformat("2026-03-29T02:30"),
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        forward=True,
        hours=False,
        people=("bruno", "amina"),
        place=place,
    )
    assert (autumn.at, autumn.forward) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), False)


def test_hours_that_begin_at_a_time_that_is_skipped_or_comes_twice():
    hours = (*every_day(2, 24), Window(6, time(0), time(1, 30)))
    book = book_of(Schedule("desk", PARIS, (daily("amina", only=hours),)))
    assert [(odd.at, odd.hours, odd.people) for odd in odd_handoffs(book, "desk", YEAR)] == [
        (datetime(2026, 3, 29, 1, tzinfo=UTC), True, ("amina", "amina")),
        (datetime(2026, 10, 25, 0, tzinfo=UTC), True, ("amina", "amina")),
    ]


@pytest.mark.parametrize(
    "layer",
    [
        daily("amina", "bruno", handoff=time(9)),  # in the day
        daily("amina", handoff=time(2, 30)),  # hands over to oneself
        daily("amina", "bruno", handoff=time(2, 30), only=every_day(8, 18)),  # while nobody serves
        weekly("amina", "bruno"),
    ],
)
def test_handoffs_that_no_change_of_the_clock_touches(layer):
    assert odd_handoffs(book_of(Schedule("desk", PARIS, (layer,))), "desk", YEAR) == []


def test_handoffs_belong_to_their_own_span():
    book = book_of(Schedule("desk", PARIS, (daily("amina", "bruno", handoff=time(2, 30)),)))
    assert odd_handoffs(book, "desk", stretch("2026-04-01 00:00", "2026-10-01 00:00")) == []
    assert odd_handoffs(book, "gone", YEAR) == []


def test_layers_that_never_serve():
    place = Place(9, 5)
    under = daily("amina", only=every_day(8, 18), place=place)
    book = book_of(
        Schedule("desk", PARIS, (under, daily("bruno", only=every_day(0, 13)), weekly("chloe", "bruno")))
    )
    hours = 365 * 10 * HOUR
    assert idle(book, "desk", YEAR) == [
        Idle("desk", 0, (2,), False, hours, place),
        Idle("desk", 1, (2,), False, 365 * 13 * HOUR, NOWHERE),
    ]


def test_a_layer_that_serves_once_in_a_year_is_not_idle():
    book = book_of(
        Schedule("desk", PARIS, (weekly("amina"), weekly("bruno"))),
        bruno=[stretch("2026-08-03 09:00", "2026-08-03 10:00")],
    )
    assert idle(book, "desk", YEAR) == []
    [found] = idle(book, "desk", stretch("2026-09-01 00:00", "2026-10-01 00:00"))
    assert (found.layer, found.by) == (0, (1,))


def test_a_layer_that_has_not_begun_or_whose_people_are_away_is_not_idle():
    later = Layer(("amina",), 7 * DAY, time(9), 0, date(2030, 1, 7))
    book = book_of(Schedule("desk", PARIS, (later, weekly("chloe"), weekly("bruno"))), chloe=[YEAR])
    assert idle(book, "desk", YEAR) == []


def test_a_layer_under_an_override_of_all_year_is_overridden():
    whole = Override("bruno", Span(YEAR.start - DAY, YEAR.end + DAY), "handover")
    book = book_of(Schedule("desk", PARIS, (weekly("amina"),), (whole,)))
    [found] = idle(book, "desk", YEAR)
    assert (found.by, found.overridden, found.hours) == ((), True, 365 * DAY)
