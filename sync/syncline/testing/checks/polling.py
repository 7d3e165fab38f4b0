"""Polls: nothing that changed is left out, ever."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from syncline.connector import Cursor, Sighting
from syncline.errors import RetryLater, SynclineError
from syncline.testing.check import Tier, check
from syncline.testing.stand import Lags
from syncline.testing.trial import MOST_PAGES, Trial
from syncline.testing.wiretap import answers, hides

HOUR = 3600.0
MANY = 7


def _titles(t: Trial, sightings: list[Sighting]) -> set[str]:
    title = t.native_of("title")
    return {str(one.record.values.get(title)) for one in sightings if one.record is not None}


def _missing(ids: list[str], sightings: list[Sighting]) -> str:
    seen = {one.record_id for one in sightings}
    return ", ".join(one for one in ids if one not in seen)


@check(
    Tier.BRONZE,
    "In `start(None)` take http.platform_now() after one request, and nothing earlier; and look up in which time zone the platform reads"
    " the times of a question.",
)
def poll_begins_now(t: Trial) -> None:
    """A new instance must not take in the tickets of ten years, and must miss nothing from now on."""
    old = t.open()
    t.stand.wait(HOUR)
    cursor = t.connector.start(None)
    t.stand.wait(2)
    new = t.open()
    t.settle()
    found, _ = t.polled(cursor)
    t.claim(not _missing([new], found), "a ticket that was opened after the start is not shown")
    t.claim(_missing([old], found), "a ticket that nobody touched for an hour is shown")


@check(Tier.BRONZE, "In `start(since)` begin at `since`, or a little before.")
def poll_begins_then(t: Trial) -> None:
    """After an outage of ours everything since then has to be read."""
    since = t.stand.clock.now()
    t.stand.wait(5)
    ids = [t.open() for _ in range(3)]
    t.stand.wait(2 * HOUR)
    found, _ = t.polled(t.connector.start(since))
    t.claim(not (missing := _missing(ids, found)), f"opened since then, and not shown: {missing}")


@check(Tier.BRONZE, "Page by (time, id) and go on until the platform says that there is no more.")
def poll_brings_every_edit(t: Trial) -> None:
    """An edit that is left out is carried nowhere until the next sweep."""
    ids = [t.open() for _ in range(MANY)]
    cursor = t.connector.start(t.stand.clock.now() - timedelta(seconds=30))
    titles = []
    for record_id in ids:
        titles.append(t.title())
        t.edit(record_id, title=titles[-1])
        t.stand.wait(2)
    t.settle()
    found, _ = t.polled(cursor, limit=3)
    missing = set(titles) - _titles(t, found)
    t.claim(not missing, f"of {MANY} edits it leaves out {len(missing)}")


@check(
    Tier.BRONZE,
    "Page by (time, id): where a page ends within a second, ask for the rest of that second. A page may be short because the server"
    " has a limit of its own.",
)
def poll_brings_ties(t: Trial) -> None:
    """Platforms stamp whole seconds: a bulk edit changes dozens of tickets in one, and a page ends in the middle of it."""
    cursor = t.connector.start(t.stand.clock.now())
    t.stand.wait(3)
    natives = [t.natives(title=t.title()) for _ in range(3 * MANY)]
    ids = [t.stand.open(one) for one in natives]
    t.settle()
    t.stand.wait(3)
    for limit in (2, 200):
        found, _ = t.polled(cursor, limit)
        missing = _missing(ids, found)
        told = f"of {len(ids)} tickets that were opened at once, by pages of {limit}, these were never shown: {missing}"
        t.claim(not missing, told)


@check(
    Tier.BRONZE,
    "Ask in UTC, or by seconds since 1970. Where times are of the platform's zone, ask from two hours earlier while its clocks are"
    " put back: an hour comes twice then.",
)
def poll_bears_clocks_put_back(t: Trial) -> None:
    """One night a year two hours have the same name: what somebody reports in the second one passes for an hour old, and is left out."""
    cursor = t.connector.start(None)
    now = t.stand.clock.now()
    nights = [_clocks_back(year) for year in (now.year, now.year + 1)]
    night = next(one for one in nights if one > now + timedelta(days=1))
    t.stand.wait((night - timedelta(minutes=70) - now).total_seconds())
    t.polled(cursor)
    cursor = t.connector.start(None)
    ids = []
    found: list[Sighting] = []
    for _ in range(11):
        ids.append(t.open())
        t.stand.wait(15 * 60)
        seen, cursor = t.polled(cursor)
        found += seen
    missing = _missing(ids, found)
    t.claim(not missing, f"in the night in which Europe puts its clocks back it leaves out {missing}")


def _clocks_back(year: int) -> datetime:
    """When clocks are put back in Europe: the last Sunday of October, at one o'clock UTC."""
    last = datetime(year, 10, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


@check(Tier.BRONZE, "Give `more` only where the next page can bring something that this one did not.")
def poll_comes_to_an_end(t: Trial) -> None:
    """A poll without an end keeps a worker busy, and the rate budget used up."""
    t.open()
    cursor = t.connector.start(t.stand.clock.now() - timedelta(hours=1))
    for _ in range(3):
        _, cursor = t.polled(cursor, limit=1)
    pages = 0
    while t.connector.poll(cursor, 1).more:
        pages += 1
        t.claim(pages < MOST_PAGES, "with nothing new it still says that there is more")
        cursor = t.connector.poll(cursor, 1).cursor


@check(
    Tier.BRONZE,
    "Go back by settings.overlap behind the newest row that was seen, and remember the rows of it.",
)
def poll_brings_what_shows_late(t: Trial) -> None:
    """Rows become visible after younger ones: commits take time, search indexes lag."""
    if not isinstance(t.stand, Lags):
        t.exempt("on this stand everything is shown at once (Lags)")
    lag = t.settings.overlap / 2
    cursor = t.connector.start(None)
    t.stand.lag(lag)
    found: list[Sighting] = []
    ids = []
    for _ in range(8):
        t.stand.wait(lag / 4)
        ids.append(t.open())
        seen, cursor = t.polled(cursor)
        found += seen
    for _ in range(4):
        t.stand.wait(lag / 2)
        seen, cursor = t.polled(cursor)
        found += seen
    t.claim(not (missing := _missing(ids, found)), f"shown {lag:g} s late, and never seen: {missing}")


@check(
    Tier.BRONZE,
    "Go back by settings.overlap behind the newest row that was seen, now and then: what shows late stands among rows that were"
    " brought already. A `Track` does it.",
)
def poll_brings_what_shows_behind_younger_ones(t: Trial) -> None:
    """Who saves first is not always committed first, nor first in an index: whoever goes on from the newest row never sees the other."""
    _, cursor = t.polled(t.connector.start(None))
    title = t.title()
    late = t.stand.open(t.natives(title=title))
    t.stand.wait(2)
    younger = t.open()
    t.stand.wait(2)
    t.tap.meets(hides(title), times=None)
    found: list[Sighting] = []
    for _ in range(4):
        try:
            seen, cursor = t.polled(cursor)
        except RetryLater:
            t.exempt(
                "it reads each ticket that a list names, and goes on only when it has it: nothing can show late"
            )
        found += seen
        t.stand.wait(t.settings.overlap / 8)
    t.claim(not _missing([younger], found), "a new ticket is not shown")
    t.tap.mend()
    for _ in range(6):
        seen, cursor = t.polled(cursor)
        found += seen
        t.stand.wait(t.settings.overlap / 4)
    half = t.settings.overlap / 2
    t.claim(
        not _missing([late], found),
        f"a ticket that showed {half:g} s late, after a younger one, is never shown",
    )


@check(Tier.BRONZE, "Go by http.platform_now(), which is the platform's clock; never by a clock of your own.")
def poll_goes_by_the_clock_of_the_platform(t: Trial) -> None:
    """Our machine's clock is an hour wrong one day; whoever goes by it leaves out an hour."""
    for ahead in (HOUR, -HOUR):
        trial = t.again(ahead)
        cursor = trial.connector.start(None)
        t.stand.wait(3)
        ids = []
        found: list[Sighting] = []
        for _ in range(3):
            ids.append(trial.open())
            trial.settle()
            seen, cursor = trial.polled(cursor)
            found += seen
        missing = _missing(ids, found)
        t.claim(not missing, f"with our clock {ahead / HOUR:+g} h wrong it leaves out {missing}")


@contextmanager
def _time_zone(name: str) -> Iterator[None]:
    """Our machine stands there meanwhile."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


@check(
    Tier.BRONZE,
    "Use aware times only, and send the zone with them (or what the platform's documentation asks for).",
)
def poll_does_not_depend_on_our_time_zone(t: Trial) -> None:
    """Where a time without a zone is read as local time, hours of edits are left out, at some customers and never in your tests."""
    for zone in ("America/St_Johns", "Pacific/Auckland"):
        with _time_zone(zone):
            trial = t.again()
            cursor = trial.connector.start(None)
            t.stand.wait(3)
            record_id = trial.open()
            trial.settle()
            found, _ = trial.polled(cursor)
            t.claim(not _missing([record_id], found), f"in {zone} a new ticket is not shown")
            record = trial.read(record_id)
            off = abs(record.updated_at - t.stand.clock.now())
            t.claim(off < timedelta(minutes=30), f"in {zone} its time is {off} off")


@check(
    Tier.BRONZE,
    "Put all that is to be remembered into the cursor: plain JSON, and not the connector's memory.",
)
def cursor_is_all_that_is_remembered(t: Trial) -> None:
    """The cursor is what outlives a restart, as JSON."""
    cursor = t.connector.start(t.stand.clock.now())
    t.stand.wait(3)
    ids = [t.open() for _ in range(MANY)]
    t.settle()
    found: list[Sighting] = []
    for _ in range(MOST_PAGES):
        page = t.again().connector.poll(cursor, 2)
        found += page.sightings
        cursor = page.cursor
        if not page.more:
            break
    t.claim(
        not (missing := _missing(ids, found)), f"with a new connector for each page it leaves out {missing}"
    )


@check(Tier.BRONZE, "Let the cursor alone decide what a poll brings.")
def poll_can_be_asked_again(t: Trial) -> None:
    """If we are killed before a page is stored, the same page is asked for again, with the same cursor."""
    cursor = t.connector.start(t.stand.clock.now())
    t.stand.wait(3)
    ids = [t.open() for _ in range(3)]
    t.settle()
    t.polled(cursor)
    found, _ = t.polled(cursor)
    t.claim(
        not (missing := _missing(ids, found)), f"asked again with the same cursor it leaves out {missing}"
    )


@check(Tier.BRONZE, "Raise when a request of the page fails; the cursor moves only with what was brought.")
def poll_loses_nothing_to_a_failure(t: Trial) -> None:
    """A page that is half read and then counted as read is lost."""
    cursor = t.connector.start(t.stand.clock.now())
    t.stand.wait(3)
    ids = [t.open() for _ in range(3)]
    text = "Who looks at it?"
    said = bool(t.plugin.capabilities.visibilities) and t.stand.say(ids[0], text, t.visibility())
    t.settle()
    before = len(t.tap.seen)
    t.polled(cursor)
    requests = len(t.tap.seen) - before
    for broken in range(min(requests, 12)):
        trial = t.again()
        passing = [broken]

        def after_some(_request: object, left: list[int] = passing) -> bool:
            left[0] -= 1
            return left[0] < 0

        trial.tap.meets(answers(500, b"{}"), after_some, times=None)
        kept: Cursor = cursor
        found: list[Sighting] = []
        try:
            page = trial.connector.poll(kept, 50)
            found, kept = list(page.sightings), page.cursor
        except SynclineError:
            pass
        trial.tap.mend()
        t.stand.wait(HOUR / 10)
        found += trial.polled(kept)[0]
        missing = _missing(ids, found)
        t.claim(not missing, f"when request {broken + 1} of {requests} fails, {missing} is never shown")
        brought = any(text in one.body for seen in found for one in seen.remarks)
        t.claim(
            brought or not said,
            f"when request {broken + 1} of {requests} fails, what was said is never shown",
        )


@check(Tier.BRONZE, "Page by (time, id), not by offset: rows move between two pages.")
def poll_bears_edits_between_pages(t: Trial) -> None:
    """People go on while we read; by offset, a row that moves to the end makes another one slip through."""
    for pause, when in ((2, "one after the other"), (0, "all in one second")):
        cursor = t.connector.start(t.stand.clock.now())
        t.stand.wait(3)
        ids = []
        for natives in [t.natives(title=t.title()) for _ in range(MANY)]:
            ids.append(t.stand.open(natives))
            t.stand.wait(pause)
        # What is left out now no look back brings later.
        t.stand.wait(2 * t.settings.overlap + t.plugin.capabilities.search_lag)
        found: list[Sighting] = []
        for number in range(MOST_PAGES):
            page = t.connector.poll(cursor, 2)
            found += page.sightings
            cursor = page.cursor
            if number < 3:
                for one in page.sightings:
                    t.edit(one.record_id, title=t.title())
            if not page.more:
                break
        t.settle()
        found += t.polled(cursor)[0]
        missing = _missing(ids, found)
        t.claim(
            not missing,
            f"of tickets opened {when} people edited some while it read, and it leaves out {missing}",
        )


@check(
    Tier.SILVER,
    "Give them in Sighting.remarks: those of each ticket that the page shows; where a remark changes no ticket, follow their list too.",
)
def poll_brings_remarks(t: Trial) -> None:
    """A note that is carried an hour later, with the sweep, is as good as none."""
    if not t.plugin.capabilities.visibilities:
        t.cannot("the platform has no remarks")
    record_id = t.open()
    t.settle()
    cursor = t.connector.start(None)
    _, cursor = t.polled(cursor)
    t.stand.wait(t.settings.overlap + 60)
    _, cursor = t.polled(cursor)
    t.stand.say(record_id, "It is the disk.", t.visibility())
    t.settle()
    found, _ = t.polled(cursor)
    shown = [one for one in found if one.record_id == record_id]
    t.claim(shown, "the ticket on which somebody wrote is not shown")
    bodies = [remark.body for one in shown for remark in one.remarks]
    brought = any("It is the disk." in body for body in bodies)
    t.claim(brought, f"the remark is not brought; there are {bodies}")


@check(Tier.GOLD, "Ask one question for all that changed, and one for the remarks; nothing for each ticket.")
def quiet_poll_is_cheap(t: Trial) -> None:
    """Polls go out every few seconds for years; the platform's owner sees them on the bill."""
    for _ in range(5):
        t.open()
    t.stand.wait(10 * HOUR)
    cursor = t.connector.start(None)
    for _ in range(3):
        t.stand.wait(30)
        _, cursor = t.polled(cursor)
    t.stand.wait(30)
    before = len(t.tap.seen)
    t.polled(cursor)
    sent = t.tap.paths(before)
    t.claim(len(sent) <= 3, f"with nothing new it asks {len(sent)} times: {', '.join(sent)}")


@check(Tier.BRONZE, "Give an empty page; read a list that is empty like any other.")
def poll_of_an_empty_platform(t: Trial) -> None:
    """The first minute of every new instance."""
    found, _ = t.polled(t.connector.start(None))
    t.claim(not found, f"where there is no ticket it shows {len(found)}")
    page = t.connector.poll(t.connector.start(t.stand.clock.now() - timedelta(days=1)), 50)
    t.claim(not page.sightings, "where there is no ticket it shows some of yesterday")


@check(Tier.BRONZE, "Only read; say safe=True for a search by POST.")
def poll_changes_nothing(t: Trial) -> None:
    """What passes for a write is never repeated, is sent in no rehearsal, and counts as one of ours."""
    record_id = t.open()
    before = t.writes()
    t.polled(t.connector.start(t.stand.clock.now() - timedelta(hours=1)))
    t.read(record_id)
    t.connector.read_many([record_id])
    t.connector.find(t.marker())
    t.connector.remarks(record_id)
    t.connector.attachments(record_id)
    t.claim(t.writes() == before, "a request that only reads went out as one that changes something")


@check(Tier.SILVER, "Bring what is left, or raise; a ticket that goes while we read is no error.")
def poll_bears_a_deletion(t: Trial) -> None:
    """A deleted ticket that stops the poll stops everything behind it, for ever."""
    cursor = t.connector.start(t.stand.clock.now())
    t.stand.wait(3)
    ids = [t.open() for _ in range(4)]
    t.delete(ids[1])
    for _ in range(3):
        try:
            found, _ = t.polled(cursor)
            break
        except RetryLater:
            t.stand.wait(60)
    else:
        found = []
    missing = _missing([ids[0], ids[2], ids[3]], found)
    t.claim(not missing, f"beside a deleted ticket it leaves out {missing}")
