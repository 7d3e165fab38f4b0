"""The oracle of escalation: holds who was paged, as PagerDuty and the web hook have it, against the rota and the rules.

What should happen was worked out by hand from the policy of the demo, and stands here as a table. Nothing of
Syncline's is asked: not its timeline, not its outbox, not its reading of the policy.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from syncline.demo.equivalence import CHERWELL, HELIX, PD, SIDES, SNOW, TITLES, Ticket, meanings
from syncline.demo.oracle import World

HOOK: Final = "hook"
WAYS: Final = {PD: "PagerDuty", HOOK: "the web hook"}
SAID_AGAIN: Final = "This may be a repeat"
"""How a page begins of which nobody knows whether the first one arrived."""
WORD_TRAVELS: Final = timedelta(seconds=8)
"""So long it may take until a daemon on a busy machine has heard that somebody took an incident."""


@dataclass(frozen=True, slots=True)
class Page:
    """Somebody was paged.

    Attributes:
        case: The incident, by its title; empty where that names none.
        who: Their login.
        by: `pd` or `hook`.
        at: When it arrived there (UTC); PagerDuty says it in whole seconds.
        text: What it said.
    """

    case: str
    who: str
    by: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Due:
    """A page that the rules ask for.

    Attributes:
        step: Number of the policy's step.
        who: Whom the rota names.
        by: `pd` or `hook`.
        after: How long after the beginning.
        every: After that again, so often; None: once.
    """

    step: int
    who: str
    by: str
    after: timedelta
    every: timedelta | None = None

    def times(self, since: datetime, until: datetime) -> int:
        """How often it is due in that time, both ends included."""
        first = since + self.after
        if until < first:
            return 0
        return 1 + ((until - first) // self.every if self.every else 0)


@dataclass(slots=True)
class Emergency:
    """An incident, and what the rules say about it.

    Attributes:
        case: As the script calls it.
        rule: Id of the policy; empty: none applies.
        due: The pages that it asks for, in order.
        group: Where it belongs in the end: the group at ServiceNow, and in PagerDuty the escalation policy of that name.
        priority: 1 to 5, in the end.
        since: From when its time is counted (UTC, whole seconds); None: it has not begun.
        taken_at: When a platform had accepted that somebody took it.
    """

    case: str
    rule: str
    due: Sequence[Due]
    group: str
    priority: str
    since: datetime | None = None
    taken_at: datetime | None = None


def _seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


# By hand. It is Chloe's week at the desk, and she is on vacation: Amina stands in. Bruno has the network, Diane security,
# and Olga manages: she is told, and nothing is ever moved to her.
LADDER: Final = (
    Due(1, "amina", PD, _seconds(0)),
    Due(2, "bruno", PD, _seconds(15)),
    Due(3, "olga", HOOK, _seconds(25), _seconds(15)),
)
HAND: Final = (Due(1, "bruno", PD, _seconds(0)), Due(2, "olga", HOOK, _seconds(40), _seconds(600)))
AGAIN: Final = (Due(1, "diane", PD, _seconds(0)), Due(2, "olga", HOOK, _seconds(900), _seconds(900)))


def emergencies() -> dict[str, Emergency]:
    """The incidents of the story about which the rules say something, and two about which they say nothing."""
    desk = "Service Desk"
    listed = (
        Emergency("e01", "p1-ladder", LADDER, "Network", "1"),
        Emergency("e02", "hand-raise", HAND, desk, "4"),
        Emergency("e03", "", (), desk, "3"),  # the first and the second time are none of security's business
        Emergency("e04", "", (), desk, "3"),
        Emergency("e05", "repeat-compromise", AGAIN, "Security", "2"),
    )
    return {one.case: one for one in listed}


@dataclass(slots=True)
class PageFindings:
    """What the oracle found, in words.

    Attributes:
        strangers: Pages to whom, or about what, the rules do not say.
        missing: Pages that did not come.
        doubled: Pages that came again, without saying that they may be a repeat.
        early: Pages before their time.
        late: Pages after somebody had taken it.
        misplaced: Incidents that are not where, or not as urgent as, the rules say.
        undocumented: Steps that a ticket has no note of, or two, or one that does not say whom.
        public: Notes of a step that a customer can read.
        pages: All pages.
        paged: Incident to those who were paged, in order.
        repeats: Pages that said that they may be a repeat.
        latest: Seconds that a page came after its time, at most.
        spared: Pages that would have come, had nobody taken it.
        places: Incident to the group with which it belongs in the end, where a rule is about it.
        placed: Groups, policies and priorities that were compared.
        notes: Notes that were found.
    """

    strangers: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)
    undocumented: list[str] = field(default_factory=list)
    public: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    paged: dict[str, list[str]] = field(default_factory=dict)
    repeats: int = 0
    latest: float = 0.0
    spared: int = 0
    places: dict[str, str] = field(default_factory=dict)
    placed: int = 0
    notes: int = 0

    def open_questions(self) -> list[str]:
        """Everything that is not as it should be."""
        return [
            *self.strangers,
            *self.missing,
            *self.doubled,
            *self.early,
            *self.late,
            *self.misplaced,
            *self.undocumented,
            *self.public,
        ]

    @property
    def sound(self) -> bool:
        """Whether everything that was promised holds."""
        return not self.open_questions()


def judge(cases: Mapping[str, Emergency], pages: Sequence[Page], world: World, now: datetime) -> PageFindings:
    """Hold the pages and the tickets against the rules.

    Args:
        cases: What the rules say.
        pages: All that came in, anywhere.
        world: The platforms as they stand.
        now: When they stood so (UTC).
    """
    found = PageFindings(pages=sorted(pages, key=lambda page: page.at))
    came: dict[tuple[str, str, str], list[Page]] = defaultdict(list)
    for page in found.pages:
        came[page.case, page.who, page.by].append(page)
        if not _asked_for(cases, page):
            found.strangers.append(f"{_told(page)}, and no rule asks for it")
    for case in cases.values():
        for due in case.due:
            _due(case, due, came.get((case.case, due.who, due.by), []), now, found)
        tickets = _tickets(case.case, world)
        _place(case, tickets, found)
        for due in case.due:
            if (case.case, due.who, due.by) in came:
                _notes(case, due, tickets, found)
        _privacy(case, tickets, found)
    return found


def _asked_for(cases: Mapping[str, Emergency], page: Page) -> bool:
    case = cases.get(page.case)
    if case is None or case.since is None:
        return False
    return any((due.who, due.by) == (page.who, page.by) for due in case.due)


def _due(case: Emergency, due: Due, came: Sequence[Page], now: datetime, found: PageFindings) -> None:
    """One page of the rules: that it came, when, and how often."""
    if case.since is None:
        return
    found.paged.setdefault(case.case, [])
    until = now if case.taken_at is None else min(now, case.taken_at)
    # Where the first one was lost, the one that says that it may be a repeat is all there is.
    again = [page for page in came if SAID_AGAIN in page.text]
    plain = [page for page in came if SAID_AGAIN not in page.text] or again[:1]
    found.repeats += len(again)
    found.spared += due.times(case.since, now) - due.times(case.since, until)
    # Who takes it just when a page is due may be faster than the page.
    certain = until if case.taken_at is None else until - WORD_TRAVELS
    if not plain and due.times(case.since, certain):
        found.missing.append(
            f"{due.who} was to be paged about #{case.case} by {WAYS[due.by]}"
            f" {due.after.total_seconds():g} s after it began, and was not"
        )
    if plain:
        found.paged[case.case].append(due.who)
    for number, page in enumerate(plain):
        if number and due.every is None:
            found.doubled.append(f"{_told(page)}, for the {number + 1}. time")
            continue
        before = (case.since + due.after + number * (due.every or timedelta()) - page.at).total_seconds()
        if before > 0:
            # A page that comes twice at its first time is the second one too early; who reads it shall know both.
            into = found.doubled if number else found.early
            into.append(f"{_told(page)}, {before:g} s before its time")
        found.latest = max(found.latest, -before)
    for page in came:
        if case.taken_at is not None and page.at > case.taken_at + WORD_TRAVELS:
            past = (page.at - case.taken_at).total_seconds()
            found.late.append(f"{_told(page)}, {past:.0f} s after somebody had taken it")


def _told(page: Page) -> str:
    about = f"#{page.case}" if page.case else "no incident that anybody opened"
    return f"{page.who} was paged about {about} by {WAYS[page.by]} at {page.at:%H:%M:%S}"


def _tickets(case: str, world: World) -> list[Ticket]:
    return [ticket for side in SIDES for ticket in world.get(side, ()) if ticket.case == case]


def _place(case: Emergency, tickets: Sequence[Ticket], found: PageFindings) -> None:
    """Where it stands in the end, and how urgent. Jira has no group that an issue is assigned to."""
    if case.rule:
        found.places[case.case] = case.group
    names = {**dict.fromkeys((SNOW, HELIX, CHERWELL), case.group), PD: f"{case.group} escalation"}
    for ticket in tickets:
        wanted = names.get(ticket.side)
        if wanted is not None:
            found.placed += 1
            if ticket.group != wanted:
                found.misplaced.append(
                    f"#{case.case} belongs to {wanted} on {TITLES[ticket.side]}, and is with {ticket.group or 'nobody'}"
                )
        found.placed += 1
        if case.priority not in meanings(ticket.side, "priority", ticket.priority):
            found.misplaced.append(
                f"#{case.case} has the priority {ticket.priority!r} on {TITLES[ticket.side]}, and {case.priority} was due"
            )


def _notes(case: Emergency, due: Due, tickets: Sequence[Ticket], found: PageFindings) -> None:
    """Every ticket has one note of a step, with whom it paged."""
    begins = f"Escalation {case.rule}, step {due.step} ("
    for ticket in tickets:
        notes = [remark.text for remark in ticket.remarks if begins in remark.text]
        said = [line for text in notes for line in text.splitlines() if begins in line]
        found.notes += len(notes)
        place = f"{TITLES[ticket.side]} {ticket.key} (#{case.case})"
        if len(said) != 1:
            found.undocumented.append(f"step {due.step} of {case.rule} has {len(said)} notes on {place}")
        elif due.who not in said[0]:
            found.undocumented.append(
                f"the note of step {due.step} of {case.rule} on {place} does not name {due.who}"
            )


def _privacy(case: Emergency, tickets: Sequence[Ticket], found: PageFindings) -> None:
    for ticket in tickets:
        shown = [remark for remark in ticket.remarks if remark.public and "Escalation " in remark.text]
        found.public.extend(
            f"a customer can read a note of the escalation of #{case.case} on {TITLES[ticket.side]} {ticket.key}"
            for _ in shown
        )
