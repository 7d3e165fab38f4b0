"""The oracle of pages: which step of which policy was due when, for whom, and what really came.

The policies stand here once more, as a table written by hand from their text. Nothing is computed by Syncline's evaluator.
"""

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from belief import NEVER, OVER, Belief
from emergency import HELP, HOOK, SIREN, Callers
from ladders import HELD, UNDELIVERED, Ladders, begun, covered
from network import Network
from pages import FAILED, REFUSED, SILENT, Page, Watch
from pages import TAKEN as ARRIVED
from rules import HANDS, L1, L2, OLGA, SERVED_BY, STAND_IN, on_call
from weather import Weather

from syncline.demo.equivalence import JIRA, PD, SNOW, TITLES
from syncline.demo.pager import SAID_AGAIN

# ---- what the oracle grants, each with its reason -------------------------------------------------

SIGN: Final = 20.0
"""Seconds until a daemon that is at work sees that nothing came of a page, and has sent another."""
SILENCE: Final = 9.0
"""Seconds for which a channel surely waits for a verdict."""
DOUBT: Final = 60.0
"""Seconds in which a page without a verdict is sent again: the deadline of the first, the wait, and a channel that rests."""
INTERRUPTED: Final = 60.0
"""So long before it stopped a daemon may have sent a page of which it never stored what became of it: it waits for a verdict,
and for a database that does not take it."""

REPEATED: Final = 120.0
"""So long after the first one a page that says that it may be a repeat is one of that."""


class Due:
    """Holds the pages of one world against the policies.

    Args:
        watch: What truly happened.
        callers: Who raised hands and accepted pages.
        network: What was read of the platforms.
        weather: What went wrong.
        dropped: Whom PagerDuty tells nothing.
        file: The store, for its timeline.
    """

    def __init__(
        self,
        watch: Watch,
        callers: Callers,
        network: Network,
        weather: Weather,
        dropped: frozenset[str],
        file: Path,
    ) -> None:
        self.watch, self.callers, self.network, self.weather = watch, callers, network, weather
        self.dropped, self.file = dropped, file
        self.found: list[str] = []
        self.counts: dict[str, float] = Counter()

    def findings(self, calm_at: float, now: float) -> list[str]:
        """All that is not as the policies say, each beginning with its kind."""
        self.belief = Belief(self.watch, self.network, self.weather, calm_at)
        self.now = now
        pages = self.watch.pages()
        self.counts["pages"] = len(pages)
        by_case: dict[str, list[Page]] = defaultdict(list)
        for page in pages:
            by_case[page.case].append(page)
        for case, came in by_case.items():
            if case not in self.watch.stood:
                self.found.append(f"stranger: {told(came[0])}, and nobody opened that")
        for case in self.watch.stood:
            self._incident(case, by_case.get(case, []))
        self._written()
        return self.found

    def _incident(self, case: str, pages: Sequence[Page]) -> None:
        plain = list(self._first_ones(case, pages))
        for page in plain:
            self._right_person(page, pages)
        ladders = Ladders(self.belief, self.watch, self.callers, case, self.now)
        sure = [page for page in pages if _step(page) or _of_the_end(page, pages)]
        self.found += ladders.findings(pages, [page for page in sure if SAID_AGAIN not in page.text])
        self.counts.update(ladders.counts)
        self._hands(case, plain)
        self._other_ways(case, pages)
        for page in pages:
            self._goes_on(case, page, pages)

    def _first_ones(self, case: str, pages: Sequence[Page]) -> Iterator[Page]:
        """All pages but those that are another one once more, and say so because nobody knew whether that had arrived."""
        before: list[Page] = []
        for page in pages:
            if SAID_AGAIN not in page.text:
                yield page
            else:
                same = [p for p in before if (p.who, p.by) == (page.who, page.by)]
                self.counts["repeats"] += 1
                if not any(p.at > page.at - REPEATED for p in same):
                    yield page  # the first one was lost: this is all there is of it
                elif not any(self._in_doubt(p, page.at) for p in same):
                    self.found.append(
                        f"doubled: {told(page)}: it may be a repeat, it says, and the first one was taken at {same[-1].at:.0f}"
                    )
            before.append(page)

    def _in_doubt(self, page: Page, until: float) -> bool:
        if page.by == PD and self.belief.troubled(PD, page.at - HELD, until):
            return True
        return page.said in {SILENT, FAILED} or not self.belief.works(page.at - 1.0, page.at + INTERRUPTED)

    def _right_person(self, page: Page, pages: Sequence[Page]) -> None:
        level = _meant(page)
        if not level:
            return
        if page.who not in SERVED_BY[level]:
            if not self._in_vain(page, pages):
                self.found.append(f"stranger: {told(page)}, and others could be reached")
            return
        waited = INTERRUPTED if self._interrupted(page.at) else 10.0
        held = self.belief.troubled(page.by, self.belief.before(page.at, HELD), page.at)
        if (page.by == HOOK and page.who != OLGA) or held or SAID_AGAIN in page.text:
            waited = 900.0  # Who is on call is looked up when the step is due; by another way the same person is paged.
        since = self.belief.before(page.at, waited)
        shown = self.belief.span_of(since, page.at)
        if page.who not in {on_call(level, at) for at in shown}:
            self.found.append(f"stranger: {told(page)}, and was not on call")

    def _in_vain(self, page: Page, pages: Sequence[Page]) -> bool:
        """Whether a page that was due before that one may have reached nobody, so that somebody stands in."""
        since = self.belief.before(page.at, 2 * UNDELIVERED + 900.0)
        before = [p for p in pages if since < p.at < page.at]
        lost = any(p.said != ARRIVED or self._in_doubt(p, page.at) for p in before)
        return lost or self.belief.troubled(HOOK, since, page.at)

    def _interrupted(self, at: float) -> bool:
        return not self.belief.works(at - INTERRUPTED, at)

    # ---- raised hands ---------------------------------------------------------------------------

    def _hands(self, case: str, pages: Sequence[Page]) -> None:
        hands = sorted((at, n, label) for n, (at, of, label) in self.callers.hands.items() if of == case)
        # A label that is there already is given by nobody.
        named = [n for _, n, label in hands if label]
        hands = [hand for hand in hands if hand[1] not in named[1:]]
        for at, n, label in hands:
            self.counts["hands"] += 1
            mine = [page for page in pages if _step(page).startswith("hand-") and _calls(page, n, label)]
            for step, (offset, level) in enumerate(HANDS, start=1):
                of_it = [page for page in mine if _step(page) == f"hand-{step}"]
                came = begun(of_it, level, lambda page, by: covered(self.belief, page, by))
                for number, page in enumerate(came):
                    if number:
                        self.found.append(f"doubled: {told(page)}, step {step} of hand no. {n}, once more")
                    low, high = self.belief.span_of(at, page.at)
                    if high - low < offset - 2.0:
                        self.found.append(
                            f"early: {told(page)}, step {step} of hand no. {n} raised at {at:.0f}"
                        )
            self._rested(case, n, at, hands, pages, mine, self._known(case, n, at, label))
            self._answered(case, n, at, hands, mine, self._known(case, n, at, label))
            self._both(case, n, mine)

    def _both(self, case: str, n: int, mine: Sequence[Page]) -> None:
        """A hand that was answered is not put off as well."""
        lines = [
            line
            for side in self.watch.sides
            for ticket in self.watch.sides[side].census()
            if ticket.case == case
            for remark in ticket.remarks
            for line in remark.text.splitlines()
        ]
        if mine and any(f"Call no. {n}:" in line and "answered it already" in line for line in lines):
            self.found.append(f"doubled: hand no. {n} of #{case} was answered, and then put off by its guard")

    def _rested(
        self,
        case: str,
        n: int,
        at: float,
        hands: Sequence[tuple[float, int, bool]],
        pages: Sequence[Page],
        mine: Sequence[Page],
        seen: float,
    ) -> None:
        """A hand within the cool-down of one that was answered starts nothing."""
        for before, other, label in hands:
            answered = [p for p in pages if _calls(p, other, label) and p.at < at]
            if before >= at or not answered or self.belief.jumped(before, seen):
                continue
            if seen < before + 300.0 and mine:
                self.found.append(
                    f"doubled: {told(mine[0])} for hand no. {n}, within the cool-down of no. {other}"
                )

    def _answered(
        self,
        case: str,
        n: int,
        at: float,
        hands: Sequence[tuple[float, int, bool]],
        mine: Sequence[Page],
        seen: float,
    ) -> None:
        rivals = [h for h, other, _ in hands if other != n and at - 700.0 < h <= seen]
        if rivals or seen >= self.now or self.belief.jumped(at - 700.0, seen + 600.0):
            return
        for step, (offset, _) in enumerate(HANDS, start=1):
            due = self.belief.after(seen + offset, 5.0)
            ticket = self.watch.stood[case][PD][0].at if PD in self.watch.stood[case] else NEVER
            arrives, _ = Ladders.arrives(self.belief, due, PD if step == 1 else HOOK, ticket)
            over = any(one.statuses & OVER for one in self.belief.between(case, at - 1.0, arrives))
            again = any(other > at for other, m, _ in hands if m != n and other < arrives)
            if over or again or self._touched(case, at - 5.0, arrives) or arrives > self.now:
                return
            self.counts["due"] += 1
            if not any(_step(page) == f"hand-{step}" and page.at <= arrives for page in mine):
                self.found.append(
                    f"missed: step {step} of hand no. {n}, raised for #{case} at {at:.0f} and known by {seen:.0f}, was due by {due:.0f}, and nobody was paged"
                )

    def _known(self, case: str, n: int, at: float, label: bool) -> float:
        """By when a call for help is known."""
        return self.belief.labelled(case, JIRA, at, HELP) if label else self.belief.said(at, f"Call no. {n}:")

    def _touched(self, case: str, start: float, end: float) -> bool:
        """Whether somebody may have taken it in that time."""
        edits = self.callers.people.script.of_case(case)
        began = self.watch.loop.begin
        moments = [(e.at - began).total_seconds() for e in edits if e.what in {"status", "assignee"}]
        moments += self.callers.answers.get(case, [])
        return any(start <= at <= end for at in moments)

    # ---- pages that nobody got ------------------------------------------------------------------

    def _other_ways(self, case: str, pages: Sequence[Page]) -> None:
        """Nobody is called by a second way whom the first one reached."""
        for page in pages:
            if page.by != HOOK or page.who == OLGA:
                continue
            first = [p for p in pages if p.by == PD and p.who == page.who and p.at < page.at]
            since = page.at - UNDELIVERED - 240.0
            fair = not self.belief.troubled(PD, since, page.at) and self.belief.works(since, page.at)
            over = any(one.statuses & OVER for one in self.belief.between(case, since, page.at))
            fair = fair and not self.belief.jumped(0.0, page.at)  # how long a page may take goes by the clock
            if fair and not over and page.who not in self.dropped and SAID_AGAIN not in page.text:
                why = f"PagerDuty told them at {first[-1].at:.0f}" if first else "PagerDuty was never asked"
                self.found.append(f"doubled: {told(page)}, though {why}")

    def _goes_on(self, case: str, page: Page, pages: Sequence[Page]) -> None:
        """A page that did not arrive is followed by another."""
        if page.said in {SILENT, FAILED} and SAID_AGAIN not in page.text:
            by = self.belief.after(page.at, DOUBT)
            again = [p for p in pages if (p.who, p.by) == (page.who, page.by) and page.at < p.at <= by]
            self.counts["in doubt"] += 1
            said = any(SAID_AGAIN in p.text for p in again)
            # What is of another step, or left before the silence was noticed, repeats nothing.
            noticed = page.at + (SILENCE if page.said == SILENT else 0.0)
            repeated = any(_step(p) == _step(page) and p.at > noticed for p in again)
            if not said and by < self.now and (repeated or self._needed(case, page.at - 60.0, by)):
                kind = "doubled" if repeated else "missed"
                self.found.append(
                    f"{kind}: {told(page)} without a verdict, and no page that says it may be a repeat by {by:.0f}"
                )
        if SAID_AGAIN in page.text:
            return
        if page.by == PD and page.who in self.dropped:
            self._followed(case, page, pages, UNDELIVERED, {(HOOK, page.who)})
        elif page.by == HOOK and page.said == REFUSED and page.who in SERVED_BY.get(_meant(page), {page.who}):
            # A daemon that died over it never heard that it was refused: it waits for a sign, as after any page in doubt.
            heard = self.belief.works(page.at, page.at + INTERRUPTED)
            wait = 0.0 if heard else UNDELIVERED
            ways = {(SIREN, STAND_IN), (PD, page.who)}
            if not heard:
                ways.add((HOOK, page.who))  # It is sent once more by the same way, and may be taken there.
            self._followed(case, page, pages, wait, ways)

    def _followed(
        self, case: str, page: Page, pages: Sequence[Page], wait: float, ways: set[tuple[str, str]]
    ) -> None:
        by = self.belief.after(page.at + wait, SIGN)
        if self.belief.troubled(HOOK, page.at + wait - HELD, by):
            by = self.belief.after(by, HELD)
        if self.belief.jumped(page.at, by) or by > self.now or not self._needed(case, page.at - 60.0, by):
            return
        self.counts["undelivered"] += 1
        after = [p for p in pages if (p.by, p.who) in ways and page.at < p.at <= by]
        if not any((p.by, p.who) != (page.by, page.who) or p.said == ARRIVED for p in after):
            self.found.append(
                f"missed: {told(page)}, who never got it, and nobody else was paged by {by:.0f}"
            )

    def _needed(self, case: str, start: float, end: float) -> bool:
        """Whether all that time nobody had it, and its priority was one: so that what has yet to leave leaves."""
        if not self.belief.surely(case, start, end, {"new"}) or self._touched(case, start, end):
            return False
        return len({p for one in self.belief.between(case, start, end) for p in one.priorities}) == 1

    # ---- what is written ------------------------------------------------------------------------

    def _written(self) -> None:
        """Each step stands on the timeline once, and once on each ticket; and its move has reached the platforms."""
        world = {side: self.watch.sides[side].census() for side in self.watch.sides}
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as connection:
            links = connection.execute("SELECT incident_id, instance, record_id FROM links").fetchall()
            events = connection.execute(
                "SELECT incident_id, text, json_extract(data, '$.run') FROM events WHERE kind = 'step' ORDER BY id"
            ).fetchall()
        tickets = {(side, ticket.id): ticket for side, listed in world.items() for ticket in listed}
        lines: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for incident, text, run in events:
            found = _LINE.match(text)
            if found and " left out: " not in text:
                lines[incident].append((found[0], str(run)))
        for incident, side, record in links:
            ticket = tickets.get((side, record))
            if ticket is None:
                continue
            for twice, n in Counter(lines[incident]).items():
                if n > 1 and side == SNOW:
                    self.found.append(
                        f"doubled: {twice[0]!r} of run {twice[1]} stands {n} times on the timeline of #{ticket.case}"
                    )
            shown = "\n".join(remark.text for remark in ticket.remarks)
            for line, n in Counter(line for line, _ in lines[incident]).items():
                stands = len(re.findall(re.escape(line) + r"(?!\d| again)", shown))
                self.counts["notes"] += 1
                if stands != n:
                    self.found.append(
                        f"{'lost' if stands < n else 'duplicate'}: {line!r} stands {stands} times on {TITLES[side]} {ticket.key} (#{ticket.case}), and {n} on the timeline"
                    )
            moved = any(line.startswith("Escalation urgent, step 2 ") for line, _ in lines[incident])
            wanted = {SNOW: "Network", PD: "Network escalation"}.get(side)
            if moved and wanted and ticket.group != wanted and ticket.status != "resolved":
                self.found.append(
                    f"misplaced: #{ticket.case} was moved to {wanted}, and is with {ticket.group!r} on {TITLES[side]}"
                )


_LINE: Final = re.compile(
    r"Escalation [a-z]+, (?:step \d \([0-9a-z]+\)(?: again, \d+)?|after the last step, [0-9a-z]+ later)"
)
_BOOK: Final = re.compile(r"^Runbook: ([a-z]+-\d)$", re.MULTILINE)


def _step(page: Page) -> str:
    """The step that a page names; empty: it names none."""
    found = _BOOK.search(page.text)
    return found[1] if found else ""


def _of_the_end(page: Page, pages: Sequence[Page]) -> bool:
    """Whether a page follows the last step of a ladder. Where even the stand-in may not have been reached, it can as well be
    one in place of another."""
    return page.who == OLGA and not any(p.by == SIREN and p.at < page.at for p in pages)


_LEVELS: Final = {
    "urgent-1": "1",
    "urgent-2": "2",
    "urgent-3": "3",
    "serious-1": "1",
    "serious-2": "2",
    "serious-3": "3",
    "hand-1": "2",
    "hand-2": "3",
}


def _calls(page: Page, n: int, label: bool) -> bool:
    """Whether a page answers that hand. One that was raised by a label gives no reason."""
    return (
        _step(page).startswith("hand-") and "Call no. " not in page.text
        if label
        else f"Call no. {n}:" in page.text
    )


def _meant(page: Page) -> str:
    """The level that a page's step means."""
    return {"1": L1, "2": L2, "3": OLGA}.get(_level(page), "")


def _level(page: Page) -> str:
    return _LEVELS.get(_step(page), "")


def told(page: Page) -> str:
    """A page, in words."""
    step = f" ({_step(page)})" if _step(page) else ""
    said = f" [{page.said}]" if page.said != ARRIVED else ""
    return f"{page.who} was paged about #{page.case}{step} by {page.by} at {page.at:.0f}{said}"
