"""The two ladders of a world's policies, held against the pages of one incident: none missed, doubled, early or late, and
none once somebody has it and Syncline can know."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from belief import JUMP_NOTICED, NEVER, OVER, TAKEN, Belief
from emergency import HOOK, SIREN, Callers
from pages import TAKEN as ARRIVED
from pages import Page, Watch
from rules import ACK, MAX_PAUSE, OLGA, SERIOUS, SERVED_BY, URGENT, Rung

from syncline.demo.equivalence import PD, meanings
from syncline.demo.script import CREATE, Edit

# ---- what the oracle grants, each with its reason -------------------------------------------------

DECIDES: Final = 6.0
"""Seconds from when a step is due to its decision, where the daemon is at work: a worker's turn behind others."""
CARRIED: Final = 15.0
"""Seconds from the decision to the page, where nothing is lost on the way."""
UNDELIVERED: Final = 180.0
"""So long the policies wait for a sign of a page; then they take another way."""
HELD: Final = 60.0
"""The longest that a way rests, or that its next attempt waits, after something went wrong there."""
LEFT: Final = 10.0
"""Seconds that a page which sets out may take to leave: an acknowledgement in this time comes too late for it."""
STAMPED: Final = 3.0
"""Seconds by which a clock that goes by platforms' stamps may be wrong: they are whole, and so is the header by which
the skew is measured."""
STAMPED_ROUGH: Final = 12.0
"""The same where replies wait for seconds, by which the skew is measured wrong."""
EXACT: Final = 1.0
"""Rounding."""

_OPEN: Final = frozenset({"new", *TAKEN})


@dataclass(frozen=True, slots=True)
class Stay:
    """A time in which a policy may apply all along.

    Attributes:
        start: When it may have begun to.
        end: When it surely does no more.
        sure: Spans in which it surely does.
    """

    start: float
    end: float
    sure: Sequence[tuple[float, float]]


class Ladders:
    """The ladders of one incident.

    Args:
        belief: What may be believed of it.
        watch: What truly happened.
        callers: Who accepted pages.
        case: The incident.
        now: Seconds since the world began.
    """

    def __init__(self, belief: Belief, watch: Watch, callers: Callers, case: str, now: float) -> None:
        self._belief, self._watch, self._case, self._now = belief, watch, case, now
        self._answers = callers.answers.get(case, [])
        self._edits = callers.people.script.of_case(case)
        self._begin = watch.loop.begin
        stood = watch.stood[case]
        self._opened = min(one[0].at for one in stood.values())
        origin = next(side for side, one in stood.items() if one[0].at == self._opened)
        self._met = belief.known(case, origin, 0)
        self._paging = stood[PD][0].at if PD in stood else NEVER
        self.found: list[str] = []
        self.counts: dict[str, float] = Counter()

    @staticmethod
    def arrives(
        belief: Belief, decided: float, side: str, ticket: float = 0.0
    ) -> tuple[float, frozenset[str]]:
        """By when a page that was decided on is there, and by which ways: by its first one; or by the next, where that one had
        trouble, or PagerDuty has no `ticket` yet."""
        at = decided
        if side == PD:
            there = belief.after(max(at, ticket), CARRIED)
            if ticket < at + UNDELIVERED and not belief.troubled(PD, at - HELD, there):
                return there, frozenset({PD})
            at = belief.after(at, UNDELIVERED + DECIDES)
        there = belief.after(at, CARRIED)
        if belief.troubled(HOOK, at - HELD, there):
            there = belief.after(at, HELD + CARRIED)
        return there, frozenset({PD, HOOK, SIREN})

    def findings(self, pages: Sequence[Page], plain: Sequence[Page]) -> list[str]:
        """What is wrong with the pages of its ladders; `plain`: those that do not say that they may be a repeat."""
        for policy, rungs, priority in (("urgent", URGENT, "1"), ("serious", SERIOUS, "2")):
            all_of_them = {rung.step: [p for p in pages if _is(p, rung.step, priority)] for rung in rungs}
            came = {rung.step: [p for p in plain if _is(p, rung.step, priority)] for rung in rungs}
            stays = list(self._stays(priority, lasts=policy == "serious"))
            self._strangers(policy, stays, came)
            for stay in stays:
                self._not_more(policy, stay, rungs, came)
                for start, end in stay.sure:
                    self._not_less(policy, stay, start, end, rungs, all_of_them)
            for rung in rungs:
                for page in all_of_them[rung.step]:
                    self._heard(page, rung, priority)
        return self.found

    # ---- when a policy applies ------------------------------------------------------------------

    def _stays(self, priority: str, *, lasts: bool) -> Iterator[Stay]:
        """`lasts`: whether a run that stands still while the incident is resolved goes on afterwards."""
        alive = _OPEN | {"resolved"} if lasts else _OPEN
        facts = self._belief.facts(self._case)
        start, sure = NEVER, list[tuple[float, float]]()
        for n, one in enumerate(facts):
            end = facts[n + 1].since if n + 1 < len(facts) else self._now
            if not (priority in one.priorities and one.statuses & alive):
                if start < NEVER:
                    yield Stay(start, one.since, sure)
                start, sure = NEVER, []
                continue
            start = min(start, one.since)
            if one.priorities == {priority} and one.statuses <= _OPEN and end > self._met:
                begin = max(one.since, self._met)
                if sure and sure[-1][1] == begin:
                    begin = sure.pop()[0]
                sure.append((begin, end))
        if start < NEVER:
            yield Stay(start, self._now, sure)

    def _runs(self, policy: str, stay: Stay, until: float) -> int:
        """How many runs there can have been by then: each begins because somebody did something that makes it."""
        n = 0
        priority = "1" if policy == "urgent" else "2"
        for edit in self._edits:
            at = (edit.at - self._begin).total_seconds()
            if not stay.start - 120.0 <= at <= until:
                continue
            means, before = (
                meanings(edit.side, edit.what, edit.value),
                meanings(edit.side, edit.what, edit.before),
            )
            if edit.what == CREATE:
                n += 1
            elif edit.what == "priority" and edit.before:
                n += priority in means
            elif edit.what == "status" and before & OVER and means & _OPEN:
                resolved = self._belief.at(self._case, at - 0.001).statuses == {"resolved"}
                n += not (policy == "serious" and resolved)
        return max(1, n)

    # ---- clocks ---------------------------------------------------------------------------------

    def _most(self, policy: str, stay: Stay, at: float) -> float:
        """The most that can have counted on a policy's clock by then."""
        if policy == "urgent":
            begun = min(stay.sure[0][0] if stay.sure else at, at)
            return (
                self._belief.span_of(stay.start, at)[1]
                - self._belief.span_of(stay.start, max(begun, stay.start))[0]
            )
        low, high = self._belief.span_of(self._opened, at)
        return high - low - self._paused(at)

    def _counted(self, policy: str, stay: Stay, at: float) -> float:
        """The most that can have counted when a page was decided on that came by then: it may have waited for its way out, and
        when it was decided on, nobody may have known yet that the clock stood still."""
        before = [known - 0.5 for _, _, known in self._statuses if stay.start < known - 0.5 < at]
        return max(self._most(policy, stay, moment) for moment in (*before, at))

    def _least(self, policy: str, stay: Stay, begun: float, at: float) -> float:
        """The least that must have counted, where a run has begun by `begun`."""
        if policy == "urgent":
            return self._belief.shows(at) - self._belief.span_of(stay.start, begun)[1]
        waiting = self._possibly(self._opened, at, frozenset({"waiting"}))
        over = self._possibly(self._opened, at, OVER)
        return at - self._opened - min(waiting, MAX_PAUSE) - over - self._wrong(at)

    def _wrong(self, at: float) -> float:
        rough = any(self._belief.rough(side, at) for side in ("snow", "jira", PD))
        return STAMPED_ROUGH if rough else STAMPED

    def _paused(self, at: float) -> float:
        """Seconds for which it surely stood still: somebody put it on hold when Syncline knew all that had been done to its
        status before, and nobody did anything more to that before Syncline knew of the hold."""
        total = 0.0
        for n, (edit, begun, known) in enumerate(self._statuses):
            if "waiting" not in meanings(edit.side, "status", edit.value) or edit.side == PD:
                continue
            ended = self._statuses[n + 1][1] if n + 1 < len(self._statuses) else NEVER
            before = max((one[2] for one in self._statuses[:n]), default=-NEVER)
            if before < begun and known < ended and known <= at:
                total += min(ended, at) - begun
        return min(total, MAX_PAUSE) - self._wrong(at)

    @cached_property
    def _statuses(self) -> list[tuple[Edit, float, float]]:
        """What people did to its status, when, and by when Syncline goes by it."""
        edits = [(e, (e.at - self._begin).total_seconds()) for e in self._edits if e.what == "status"]
        return [(edit, at, self._known_at(edit.side, at)) for edit, at in edits]

    def _known_at(self, side: str, at: float) -> float:
        """By when Syncline goes by what somebody did there at that moment."""
        stood = self._watch.stood[self._case].get(side, ())
        index = next((n for n, one in enumerate(stood) if abs(one.at - at) < 0.5), None)
        return NEVER if index is None else self._belief.known(self._case, side, index)

    def _possibly(self, start: float, end: float, statuses: frozenset[str]) -> float:
        """Seconds for which one of these statuses is possible."""
        total, at, possible = 0.0, start, False
        for one in self._belief.between(self._case, start, end):
            total += (max(one.since, start) - at) * possible
            at, possible = max(one.since, start), bool(one.statuses & statuses)
        return total + (end - at) * possible

    # ---- not missed, and not late ---------------------------------------------------------------

    def _not_less(
        self,
        policy: str,
        stay: Stay,
        start: float,
        end: float,
        rungs: Sequence[Rung],
        came: Mapping[str, Sequence[Page]],
    ) -> None:
        if policy == "serious" and self._belief.jumped(self._opened, end):
            return  # Its clock goes by stamps that were put down by a clock that showed something else.
        for rung in rungs:
            for number in range(rung.times + 1):
                span = self._due(policy, stay, start, end, rung.offset + number * rung.every)
                if span is None:
                    break
                low, _, decided = span
                if rung.every and number < rung.times:
                    following = self._due(policy, stay, start, end, rung.offset + (number + 1) * rung.every)
                    if following is not None and following[0] <= decided:
                        continue  # Of several that are overdue one comes.
                if rung.spared == ACK and not self._nobody_has_it(low, decided):
                    if not rung.step.endswith("end"):
                        break  # A step that was left out, or may have been, has no repetitions.
                    continue
                self._came(rung, number, end, span, came[rung.step])

    def _due(
        self, policy: str, stay: Stay, start: float, end: float, offset: float
    ) -> tuple[float, float, float] | None:
        """Between which moments so much has counted, and by when that is seen; None: not surely in this span."""
        low = self._first(lambda at: self._most(policy, stay, at) >= offset - EXACT, stay.start, end)
        high = self._first(lambda at: self._least(policy, stay, start, at) >= offset, start, end)
        if low is None or high is None:
            return None
        seen = JUMP_NOTICED if self._belief.jumped(stay.start, high + JUMP_NOTICED) else DECIDES
        decided = self._belief.after(high, seen)
        return (low, high, decided) if decided < min(end, self._now - 30.0) else None

    def _first(self, holds: Callable[[float], bool], start: float, end: float) -> float | None:
        """The first moment, to half a second, from which on something holds."""
        end = min(end, self._now)
        if end <= start or holds(start):
            return start if end > start else None
        if self._belief.jumped(start, end):
            at = start
            while at < end:
                if holds(at):
                    return at
                at += 2.0
            return None
        if not holds(end):
            return None
        while end - start > 0.5:
            middle = (start + end) / 2
            start, end = (start, middle) if holds(middle) else (middle, end)
        return end

    def _nobody_has_it(self, start: float, end: float) -> bool:
        if any(at <= end for at in self._answers):
            return False
        return self._belief.surely(self._case, start, end, {"new"})

    def _came(
        self, rung: Rung, number: int, end: float, span: tuple[float, float, float], came: Sequence[Page]
    ) -> None:
        low, high, decided = span
        side = HOOK if rung.level == OLGA else PD
        arrives, ways = self.arrives(self._belief, decided, side, self._paging)
        if arrives > min(self._now, end):
            return  # What has yet to leave when its policy applies no more stays where it is.
        if (rung.spared == ACK or arrives > decided + UNDELIVERED) and not self._nobody_has_it(low, arrives):
            return  # Who takes it in this time makes superfluous what has yet to leave, and every other way.
        self.counts["due"] += 1
        if ways == {PD} and (
            self._paging > low + UNDELIVERED or self._belief.troubled(PD, low - HELD, decided)
        ):
            ways |= {
                HOOK,
                SIREN,
            }  # It may have been decided on as early as that, and have gone another way since.
        here = [page.at for page in came if low - EXACT <= page.at <= arrives and page.by in ways]
        if here:
            self.counts["latest"] = max(self.counts["latest"], here[0] - high)
            return
        again = f", repetition {number}" if number else ""
        later = next((page.at for page in came if page.at >= low - EXACT), None)
        kind = "missed" if later is None else "late"
        self.found.append(
            f"{kind}: {rung.step}{again} for #{self._case} was due by {high:.0f}, to be decided by {decided:.0f} and there by {arrives:.0f}, and {'did not come' if later is None else f'came at {later:.0f}'}"
        )

    # ---- not early, and not twice ---------------------------------------------------------------

    def _strangers(self, policy: str, stays: Sequence[Stay], came: Mapping[str, Sequence[Page]]) -> None:
        for step, pages in came.items():
            for page in pages:
                if not any(stay.start <= page.at for stay in stays):
                    self.found.append(f"early: {_told(page, step)}, and {policy} did not apply yet")

    def _not_more(
        self, policy: str, stay: Stay, rungs: Sequence[Rung], came: Mapping[str, Sequence[Page]]
    ) -> None:
        following = self._later_stay(policy, stay)
        for rung in rungs:
            first = begun(came[rung.step], rung.level, self._covered)
            mine = [page for page in first if stay.start <= page.at < following]
            for index, page in enumerate(mine):
                if policy == "serious" and self._belief.jumped(self._opened, page.at):
                    continue
                repetition = index // self._runs(policy, stay, page.at)
                due = rung.offset + repetition * rung.every
                counted = self._counted(policy, stay, page.at)
                self.counts["pages of ladders"] += 1
                if repetition > rung.times:
                    self.found.append(f"doubled: {_told(page, rung.step)}, no. {index + 1} of it")
                elif counted < due - EXACT:
                    kind = "doubled" if repetition else "early"
                    self.found.append(
                        f"{kind}: {_told(page, rung.step)}, no. {index + 1} of it: {counted:.0f} s can have counted, and it is due after {due:.0f}"
                    )

    def _covered(self, page: Page, by: Page) -> bool:
        """Whether a page surely need not leave any more, since somebody got it by another way."""
        return covered(self._belief, page, by)

    def _later_stay(self, policy: str, stay: Stay) -> float:
        priority = "1" if policy == "urgent" else "2"
        stays = self._stays(priority, lasts=policy == "serious")
        return next((other.start for other in stays if other.start > stay.start), NEVER)

    # ---- not once somebody has it ---------------------------------------------------------------

    def _heard(self, page: Page, rung: Rung, priority: str) -> None:
        since = page.left - LEFT
        if not self._belief.works(since - 60.0, page.left):
            return
        if self._belief.troubled(page.by, since, page.left):
            return  # What is asked before it leaves, such as who that is, may have waited for its replies.
        spare = (TAKEN | OVER) if rung.spared == ACK else OVER
        facts = list(self._belief.between(self._case, since, page.left))
        if all(one.statuses <= spare for one in facts):
            self.found.append(
                f"deaf: {_told(page, rung.step)}, and it was {sorted(facts[0].statuses)} by then"
            )
        elif all(priority not in one.priorities for one in facts):
            self.found.append(
                f"deaf: {_told(page, rung.step)}, and its priority was {sorted(facts[0].priorities)}"
            )


def _is(page: Page, step: str, priority: str) -> bool:
    """Whether a page is one of that step, or of what follows the last step."""
    if step.endswith("-end"):
        names = "\nRunbook: " in page.text
        return page.who == OLGA and not names and f"`priority == {priority}` holds" in page.text
    return f"\nRunbook: {step}" in page.text


def begun(pages: Sequence[Page], level: str, covered: Callable[[Page, Page], bool]) -> list[Page]:
    """Each page of a step as it came first: without those to the same person by another way, and to who stands in. Of two
    ways the second may be there before the first, unless that one is `covered` by it."""
    found: list[Page] = []
    waiting: dict[str, int] = Counter()
    ahead: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        if page.who not in SERVED_BY[level]:
            continue
        if page.by == PD:
            before = next((other for other in ahead[page.who] if not covered(page, other)), None)
            if before is not None:
                ahead[page.who].remove(before)
                continue
            waiting[page.who] += 1
        elif waiting[page.who]:
            waiting[page.who] -= 1
            continue
        elif "\nPaged: " not in page.text:
            ahead[page.who].append(page)
        found.append(page)
    return found


def covered(belief: Belief, page: Page, by: Page) -> bool:
    """Whether a page surely need not leave any more when it does, since somebody got it by another way: what became of that
    was heard, and decided on."""
    heard = by.said == ARRIVED and belief.works(by.at, by.at + CARRIED)
    return heard and page.left > belief.decided(by.at + CARRIED) + LEFT


def _told(page: Page, step: str) -> str:
    return f"{page.who} was paged about #{page.case} ({step}) by {page.by} at {page.at:.0f}"
