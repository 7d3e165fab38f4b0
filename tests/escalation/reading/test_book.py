"""What becomes of a sound file."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from syncline.configuration.defaults import defaults
from syncline.escalation.book import Book, Start, Trigger
from syncline.escalation.conditions import ALWAYS, Type
from syncline.escalation.lint import lint
from syncline.escalation.reading import examine, read_book
from syncline.escalation.roster import Quiet, Span, Window

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def read(whole: str) -> Book:
    return read_book(whole, "whole.yaml")


def test_calendars(read: Book) -> None:
    shop = read.calendars["shop"]
    assert shop.tz == PARIS
    assert shop.open[4:] == (
        Window(4, time(8), time(18)),
        Window(5, time(8), time(12)),
        Window(5, time(13), time(0)),
    )
    assert {date(2026, 12, 24), date(2026, 12, 27), date(2026, 12, 31)} <= shop.closed
    assert {
        date(2026, 7, 14),
        date(2026, 10, 3),
        date(2015, 1, 1),
        date(2040, 1, 1),
    } <= shop.closed  # FR and DE
    assert date(2026, 12, 28) in shop.closed
    assert date(2026, 12, 23) not in shop.closed
    assert read.calendars["always"].open == ()
    assert set(read.calendars) == {"always", "shop", "empty"}
    assert shop.place.line == 9


def test_people(read: Book) -> None:
    ines = read.people["ines"]
    assert (ines.name, ines.tz, ines.skills, ines.manager) == ("Inès Example", PARIS, ("network",), "karim")
    assert ines.quiet == Quiet(time(22), time(7))
    # The last day is part of it; a time is not.
    assert ines.away == (
        Span(datetime(2026, 7, 5, 22, tzinfo=UTC), datetime(2026, 7, 17, 22, tzinfo=UTC)),
        Span(datetime(2026, 9, 1, 7, tzinfo=UTC), datetime(2026, 9, 1, 10, 30, tzinfo=UTC)),
    )
    assert list(read.people["jonas"].reach.items()) == [
        ("sms", "+33123456789"),
        ("email", "jonas@example.com"),
    ]
    assert read.people["jonas"].ids == {"pagerduty": "PXYZ1", "jira": "jonas@example.com"}
    assert (read.people["lea"].name, read.people["mike"].skills) == ("lea", ("database",))


def test_schedules(read: Book) -> None:
    (layer,) = read.schedules["front"].layers
    assert (layer.rotate, layer.every, layer.handoff) == (("ines", "jonas"), timedelta(weeks=1), time(9))
    assert (layer.weekday, layer.start, layer.only, layer.until) == (0, date(2026, 1, 5), (), None)
    assert read.schedules["front"].backfill == "bases"
    alone, nights = read.schedules["bases"].layers
    assert alone.rotate == ("mike",)
    assert (nights.every, nights.handoff, nights.weekday) == (timedelta(hours=12), time(6), None)
    assert nights.until == date(2026, 3, 1)
    # Hours over midnight are cut there; days run over the end of the week.
    assert nights.only == (
        Window(0, time(0), time(6)),
        Window(0, time(22), time(0)),
        Window(1, time(0), time(6)),
        Window(4, time(22), time(0)),
        Window(5, time(0), time(6)),
        Window(5, time(22), time(0)),
        Window(6, time(0), time(6)),
        Window(6, time(22), time(0)),
    )
    assert (read.schedules["heads"].layers[0].weekday, read.schedules["heads"].layers[0].every.days) == (
        2,
        14,
    )
    timed, day = read.schedules["bases"].overrides
    assert timed.span == Span(datetime(2026, 6, 1, 13, tzinfo=UTC), datetime(2026, 6, 8, 13, tzinfo=UTC))
    assert (timed.who, timed.why, timed.place.line) == ("jonas", "mike moves house", 25)
    assert day.span.end - day.span.start == timedelta(days=1)


def test_tiers(read: Book) -> None:
    first = read.tiers["L1"]
    assert first.to == {
        "servicenow": "Desk", "jira": "desk", "pagerduty": "P1", "helix": "Desk", "cherwell": "First"
    }  # fmt: skip
    assert (first.who, first.next, first.group) == (("front",), "L2", "Desk")
    assert (read.tiers["L2"].who, read.tiers["L2"].group) == (("bases", "person:jonas"), "Databases")
    assert (read.tiers["L3"].to, read.tiers["L3"].group) == ({}, "L3")
    assert (read.tiers["BOARD"].hierarchical, read.tiers["BOARD"].group) == (True, None)


def test_names_of_conditions(read: Book) -> None:
    names = read.vocabulary.names
    assert names["category"].values == ("network", "account-takeover", "printer")
    assert names["affected"].type is Type.NUMBER
    assert names["tier"].values == ("BOARD", "L1", "L2", "L3")
    assert read.sources == {
        "vip": "custom.important", "account": "custom.account", "affected": "custom.affected"
    }  # fmt: skip


def test_priority(read: Book) -> None:
    assert read.priority.matrix == {(1, 1): 1, (1, 2): 2, (2, 1): 2, (2, 2): 3, (3, 1): 3, (3, 2): 4}
    (one,) = read.priority.raises
    assert (one.when.holds({"vip": True}), one.when.holds({}), one.by) == (True, False, 1)


def test_clocks(read: Book) -> None:
    fast, slow, take, hand = (read.clocks[name] for name in ("fast", "slow", "take", "hand"))
    assert (fast.kind, fast.target, fast.calendar, fast.start) == (
        "SLA",
        timedelta(hours=4),
        "always",
        Start.CREATED,
    )
    assert fast.pause is not None
    assert fast.pause.holds({"status": "on_hold"})
    assert (fast.max_pause, fast.restart, fast.part_of) == (timedelta(hours=2), False, None)
    assert fast.stop.holds({"resolved": True, "status": "resolved"})
    assert (slow.kind, slow.calendar, slow.restart, slow.pause) == ("SLA", "shop", True, None)
    assert not slow.stop.holds({"resolved": True, "status": "resolved"})
    assert slow.stop.holds({"resolved": True, "status": "closed"})
    assert (take.kind, take.start, take.part_of, take.calendar) == (
        "OLA",
        Start.TIER_ENTERED,
        "fast",
        "always",
    )
    assert take.stop.holds({"ack": True})
    assert not isinstance(hand.start, Start)
    assert hand.start.holds({"status": "in_progress"})
    assert hand.when == ALWAYS
    assert (read.clocks["opened"].start, read.clocks["raised"].start) == (Start.CREATED, Start.RAISED)
    assert read.clocks["opened"].target is None


def test_policies(read: Book) -> None:
    ladder, helping, again = read.policies
    first, second, third = ladder.steps
    assert (first.at, first.page, first.until) == (timedelta(0), ("L1",), "ack")
    assert first.again is not None
    assert (first.again.every, first.again.times) == (timedelta(minutes=5), 2)
    assert first.runbook == "https://wiki.example.com/p1"
    assert (second.page, second.move, second.share) == (("L2", "person:lea"), True, None)
    assert second.when is not None
    assert second.when.holds({"ack": False})
    assert (third.share, third.page, third.say, third.move) == (0.75, ("BOARD", "manager"), "heads-up", False)
    assert (ladder.ack_holds, ladder.nobody, ladder.reopen) == (timedelta(minutes=30), "person:lea", "resume")
    assert (ladder.repeat_times, ladder.repeat_from) == (2, 1)  # the second step
    assert (ladder.platform_pages, ladder.beside, ladder.trigger) == (True, ("help",), Trigger.STATE)
    assert ladder.end is not None
    assert (ladder.end.page, ladder.end.every) == (("BOARD",), timedelta(minutes=30))
    assert ladder.undelivered.via == ("sms", "email")
    assert (ladder.undelivered.after, ladder.undelivered.page) == (timedelta(minutes=3), ("BOARD",))
    assert (helping.trigger, helping.clock, helping.nobody) == (Trigger.MANUAL, "raised", "wait")
    assert (helping.guard.cooldown, helping.guard.blame) == (timedelta(minutes=10), False)
    assert helping.steps[0].keep_raiser
    assert helping.undelivered.after == timedelta(minutes=5)
    assert again.count is not None
    assert (again.count.same, again.count.within, again.count.at_least) == ("account", timedelta(days=30), 3)
    assert again.steps[0].do == ("link_incidents", "open_problem", "raise_priority")
    assert again.steps[1].at == timedelta(minutes=90)
    assert (again.guard.once_per, again.guard.blame, again.clock) == (timedelta(days=7), True, "opened")
    assert again.place.line == 67


def test_an_end_left_out_and_deliberately_none_are_two_things(read: Book) -> None:
    _, helping, again = read.policies
    assert again.end is None
    assert helping.end is not None
    assert helping.end.page == ()


def test_messages(read: Book) -> None:
    say = read.says["heads-up"]
    assert (say.to, say.via) == (("owners", "BOARD", "front", "person:mike"), ("email", "statuspage"))
    assert (say.every, say.title, say.text) == (
        timedelta(minutes=30),
        "{priority}: {title}",
        "{{note}} {records}",
    )
    assert read.audiences == {"owners": ("person:karim", "L2")}


def test_what_is_only_doubtful_is_no_fault(whole: str) -> None:
    book, problems = examine(whole, "w.yaml")
    assert book is not None
    assert [(p.line, p.code, p.severity) for p in problems] == [
        (29, "W07", "warning"),
        (31, "W07", "warning"),
    ]


def test_an_audience_that_nobody_named_is_doubtful_and_empty(small: str) -> None:
    book, problems = examine(small + "says: {hello: {to: [owners, dexk]}}\n", "e.yaml")
    assert book is not None
    assert book.audiences == {"owners": (), "dexk": ()}
    assert [str(p) for p in problems] == [
        'e.yaml:9:21: warning W06: nobody stands behind "owners"; say under `audiences` who that is',
        'e.yaml:9:29: warning W06: nobody stands behind "dexk". Did you mean "desk"?',
    ]


def test_the_digest_is_of_the_text(small: str) -> None:
    one, same, other = (read_book(text, "e.yaml") for text in (small, small, small + "# more\n"))
    assert one.digest == same.digest
    assert other.digest not in {one.digest, ""}


def test_lists_and_sections_may_be_left_blank(book: Callable[[str], Book]) -> None:
    read = book("slas:\npolicies:\npriority:\nsays:\naudiences:\ncalendars:\nfields:\n")
    assert (list(read.policies), set(read.clocks), read.priority.matrix) == ([], {"opened", "raised"}, {})


def test_the_zone_of_the_file_is_that_of_whatever_names_none(book: Callable[[str], Book]) -> None:
    read = book(
        "calendars: {shop: {open: {daily: 9:00-17:00}}, abroad: {tz: Asia/Tokyo, closed: 2026-01-01}}\n"
    )
    assert {read.calendars["shop"].tz, read.people["ada"].tz, read.schedules["desk"].tz} == {PARIS}
    assert read.calendars["abroad"].tz.key == "Asia/Tokyo"
    assert len(read.calendars["shop"].open) == 7


def test_the_starter_is_sound_and_says_nothing_doubtful() -> None:
    path = defaults("config/escalation.yaml")
    book, problems = examine(path.read_text(encoding="utf-8"), path.name)
    assert problems == []
    assert book is not None
    assert set(book.tiers) == {"L1", "L2", "MGMT"}
    assert [policy.trigger for policy in book.policies] == [Trigger.STATE, Trigger.MANUAL]
    assert {person.reach["email"].partition("@")[2] for person in book.people.values()} == {"example.com"}


def test_what_the_starter_comments_out_can_be_taken_in() -> None:
    text = defaults("config/escalation.yaml").read_text(encoding="utf-8")
    for line in ("away:", "quiet:", "overrides:", "  - {who: billie", "calendars:", "  office:"):
        assert text.count(f"# {line}") == 1
        text = text.replace(f"# {line}", line)
    read = read_book(text, "e.yaml")
    assert read.people["alex"].away
    assert read.schedules["desk"].overrides[0].who == "billie"
    assert read.calendars["office"].closed


def test_the_linter_has_nothing_to_say_about_the_starter() -> None:
    path = defaults("config/escalation.yaml")
    text = path.read_text(encoding="utf-8")
    assert lint(read_book(text, path.name), file=path.name, today=date(2026, 11, 23), text=text) == []
