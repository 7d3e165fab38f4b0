"""Pages that nobody got: the worst failure there is. Another way is tried, then somebody else."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from syncline.escalation import wording
from syncline.escalation.book import Step
from syncline.escalation.decision import PageState
from syncline.escalation.deeds import page_all, page_one
from syncline.escalation.paging import Reached, Way, ways
from syncline.escalation.roster import Person
from syncline.escalation.runs import Key, Run
from syncline.escalation.sitting import Climb, Sitting, superfluous

ARRIVED: Final = frozenset({"reached", "answered"})
TAKEN_BY_SERVICE: Final = ARRIVED | {"sent"}
"""States in which a page by a channel that gives no sign of arrival counts as delivered."""
INSTEAD: Final = " undelivered"
"""Ends the occasion of a page to others, because nobody got the first."""


def see_pages(c: Climb) -> None:
    """Go on with pages that failed, or of which no sign came in time, by the policy's own word.

    Whoever acknowledged since makes those before superfluous; what people are told although somebody has it must reach them
    all the same.
    """
    last: dict[tuple[str, str], PageState] = {}
    tried: dict[tuple[str, str], set[str]] = {}
    for page in c.sitting.case.pages:
        if page.run_id == c.run.id:
            key = (page.occasion, page.recipient)
            last[key] = page
            tried.setdefault(key, set()).add(page.channel)
    _see_waiting(c)
    lost: list[PageState] = []
    for key, page in last.items():
        person = c.sitting.book.people.get(page.recipient)
        if person is None or not _overdue(c, page):
            continue
        way = _next_way(c, person, tried[key])
        if way is not None:
            c.tell("page", wording.other_way(page, person, way), note=True)
            title, text = wording.page(c.incident(), c.sitting.case, c.run, _step(c, page), None)
            page_one(c, page.occasion, person.id, way, title, text)
        elif f"{page.occasion} {page.recipient}" not in c.run.given_over:
            lost.append(page)
    got = {_root(page.occasion) for page in last.values() if _arrived(c, page)}
    for page in lost:
        _give_over(c, page, got, last.values())


def drop_pages(s: Sitting, run: Run) -> None:
    """A run that is over, or stands still, calls nobody: what has yet to leave stays here."""
    for page in s.case.pages:
        if page.run_id == run.id and page.waits:
            _withdraw(s, run, page, "its escalation is over" if run.ended_at else "the incident is resolved")


def _see_waiting(c: Climb) -> None:
    """What has yet to leave, for the first time or once more, wakes nobody who need not be called any more."""
    mine = [page for page in c.sitting.case.pages if page.run_id == c.run.id]
    for page in mine:
        if not page.waits:
            continue
        got = next((other for other in mine if _stands_for(c, other, page)), None)
        if _needless(c, page):
            _withdraw(c.sitting, c.run, page, "somebody has the incident")
        elif got is not None:
            _withdraw(c.sitting, c.run, page, f"it came by {got.channel}")


def _stands_for(c: Climb, other: PageState, page: PageState) -> bool:
    """Whether somebody got a page by another way."""
    same = (other.occasion, other.recipient) == (page.occasion, page.recipient)
    return same and other.channel != page.channel and _arrived(c, other)


def _withdraw(s: Sitting, run: Run, page: PageState, why: str) -> None:
    s.withdrawn.append(page)
    person = s.book.people.get(page.recipient)
    s.tell(run, "page", wording.withdrawn(page, person.name if person else page.recipient, why))


def _arrived(c: Climb, page: PageState) -> bool:
    confirms = page.channel in c.sitting.case.pagers.values()
    return page.state in (ARRIVED if confirms else TAKEN_BY_SERVICE)


def _overdue(c: Climb, page: PageState) -> bool:
    if page.state == "withdrawn" or _arrived(c, page) or _spared(c, page):
        return False
    patience = page.created_at + c.policy.undelivered.after
    c.sitting.look(patience)
    return page.state == "failed" or patience <= c.sitting.now


def _spared(c: Climb, page: PageState) -> bool:
    """Whether somebody took the incident after it was decided; or before that, which was seen only afterwards, so that it
    would not be decided now."""
    taken = c.acknowledged
    return taken is not None and (page.created_at <= taken or _needless(c, page))


def _needless(c: Climb, page: PageState) -> bool:
    """Whether it would not be decided now, because somebody has the incident."""
    if c.acknowledged is None:
        return False
    step, end = _step(c, page), c.policy.end
    if step is not None:
        reason = superfluous(c, step)
        return reason is not None and reason.for_ack
    return end is not None and end.when is None


def _next_way(c: Climb, person: Person, tried: set[str]) -> Way | None:
    platforms = not c.policy.platform_pages
    left = {
        way.channel: way
        for way in ways(person, c.sitting.case, platforms=platforms)
        if way.channel not in tried
    }
    wanted = c.policy.undelivered.via or tuple(left)
    return next((left[channel] for channel in wanted if channel in left), None)


def _root(occasion: str) -> str:
    """The occasion of the page for which others were paged."""
    return occasion.removesuffix(INSTEAD)


def _give_over(c: Climb, page: PageState, got: set[str], known: Iterable[PageState]) -> None:
    """No way to somebody is left: page others, unless the same page reached one who was paged with them."""
    c.run = replace(c.run, given_over=c.run.given_over | {f"{page.occasion} {page.recipient}"})
    said, root = wording.unreachable(page, c.sitting.book.people[page.recipient]), _root(page.occasion)
    if root in got:
        c.tell("page", f"{said}; others got it", note=True)
        return
    asked = {other.recipient for other in known if _root(other.occasion) == root or _overdue(c, other)}
    to = _others(c, asked)
    c.tell("page", f"{said}; {wording.instead(to)}", note=True)
    page_all(c, to, root + INSTEAD, _step(c, page))


def _step(c: Climb, page: PageState) -> Step | None:
    """The step by which that person was paged: who gets it by another way, or for somebody else, needs its runbook too."""
    names = {wording.occasion(key): c.policy.steps[key[1]] for key in c.order}
    return names.get(_root(page.occasion).partition(" again ")[0])


def _others(c: Climb, asked: set[str]) -> Reached:
    """Whom the policy names for it, else the rest of the ladder: the first who were not asked in vain."""
    rest = [c.policy.steps[key[1]].page for key in c.order if _ahead(c, key)]
    end = [c.policy.end.page] if c.policy.end else []
    for targets in [c.policy.undelivered.page, *rest, *end]:
        to = c.reach(targets)
        people = tuple(one for one in to.people if one.person not in asked)
        if people:
            return replace(to, people=people)
    return Reached((), (), ())


def _ahead(c: Climb, key: Key) -> bool:
    mark = c.run.marks.get(key)
    return mark is None or not mark.fired
