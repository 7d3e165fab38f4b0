"""Pages that nobody got: the worst failure there is. Another way is tried, then somebody else."""

from dataclasses import replace
from typing import Final

from syncline.escalation import wording
from syncline.escalation.book import Person
from syncline.escalation.decision import PageState
from syncline.escalation.deeds import page_all, page_one
from syncline.escalation.paging import Way, ways
from syncline.escalation.sitting import Climb

ARRIVED: Final = frozenset({"reached", "answered"})
TAKEN_BY_SERVICE: Final = ARRIVED | {"sent"}
"""States in which a page by a channel that gives no sign of arrival counts as delivered."""
INSTEAD: Final = " undelivered"
"""Ends the occasion of a page to others, because nobody got the first."""


def see_pages(c: Climb) -> None:
    """Go on with pages that failed, or of which no sign came in time, by the policy's own word.

    Whoever acknowledged since makes those before superfluous; what people are told afterwards must reach them all the same.
    """
    last: dict[tuple[str, str], PageState] = {}
    tried: dict[tuple[str, str], set[str]] = {}
    for page in c.sitting.case.pages:
        if page.run_id == c.run.id:
            key = (page.occasion, page.recipient)
            last[key] = page
            tried.setdefault(key, set()).add(page.channel)
    for key, page in last.items():
        person = c.sitting.book.people.get(page.recipient)
        if person is not None and _overdue(c, page):
            _go_on(c, page, person, tried[key])


def _overdue(c: Climb, page: PageState) -> bool:
    confirms = page.channel in c.sitting.case.pagers.values()
    taken = c.acknowledged is not None and page.created_at <= c.acknowledged
    if taken or page.state in (ARRIVED if confirms else TAKEN_BY_SERVICE):
        return False
    patience = page.created_at + c.policy.undelivered.after
    c.sitting.look(patience)
    return page.state == "failed" or patience <= c.sitting.now


def _go_on(c: Climb, page: PageState, person: Person, tried: set[str]) -> None:
    way = _next_way(c, person, tried)
    if way is not None:
        c.tell("page", wording.other_way(page, person, way), note=True)
        title, text = wording.page(c.incident(), c.sitting.case, c.policy, c.run, None, None)
        page_one(c, page.occasion, person.id, way, title, text)
    elif not page.occasion.endswith(INSTEAD) and page.occasion not in c.run.given_over:
        c.run = replace(c.run, given_over=c.run.given_over | {page.occasion})
        to = c.reach(c.policy.undelivered.page or _rest_of_ladder(c))
        c.tell("page", f"{wording.unreachable(page, person)}; {wording.instead(to)}", note=True)
        page_all(c, to, page.occasion + INSTEAD, None)


def _next_way(c: Climb, person: Person, tried: set[str]) -> Way | None:
    left = {way.channel: way for way in ways(person, c.sitting.case) if way.channel not in tried}
    wanted = c.policy.undelivered.via or tuple(left)
    return next((left[channel] for channel in wanted if channel in left), None)


def _rest_of_ladder(c: Climb) -> tuple[str, ...]:
    """Whom the first step that has not fired pages, else the end."""
    for key in c.order:
        mark, step = c.run.marks.get(key), c.policy.steps[key[1]]
        if step.page and (mark is None or not mark.fired):
            return step.page
    return c.policy.end.page if c.policy.end else ()
