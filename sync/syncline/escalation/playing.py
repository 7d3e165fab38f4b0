"""Play an incident through the policies in virtual time: the rehearsal of a scenario. Pure, and by the same evaluator."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from syncline.escalation.case import Case, Change, Hand
from syncline.escalation.decision import Decision, Happened, Message, PageState
from syncline.escalation.evaluate import NEW, Policies, escalate
from syncline.escalation.runs import Memory, Run
from syncline.model import Incident, Value

MOST_LOOKS = 10_000
"""Looks at one incident; a policy that would go on for ever is cut off there."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody does.

    Attributes:
        at: When.
        by: Who.
        values: Common fields that they set.
        hand: Their reason, where they raise a hand; None: they do not.
        answers: Id of the person who answers the pages that they got until then; None: nobody does.
        remarks: Whether they write a remark.
    """

    at: datetime
    by: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    hand: str | None = None
    answers: str | None = None
    remarks: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """What was decided at one moment.

    Attributes:
        at: When.
        happened: What and why.
        messages: To whom it was said.
        changes: Fields that the escalation set.
    """

    at: datetime
    happened: tuple[Happened, ...]
    messages: tuple[Message, ...]
    changes: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Played:
    """How it went.

    Attributes:
        moments: At which something was decided, in order.
        case: The incident at the end.
        runs: All of them.
        looks: How often it was looked at.
        cut_off: Whether it would have gone on.
    """

    moments: tuple[Moment, ...]
    case: Case
    runs: tuple[Run, ...]
    looks: int
    cut_off: bool

    @property
    def messages(self) -> list[tuple[datetime, Message]]:
        """All messages with their moments."""
        return [(moment.at, message) for moment in self.moments for message in moment.messages]


def play(
    policies: Policies,
    opened: Case,
    deeds: Sequence[Deed],
    until: datetime,
    becomes: Callable[[Message], str] = lambda _message: "reached",
    *,
    since: datetime | None = None,
    runs: Sequence[Run] = (),
    memory: Memory = NEW,
    enough: Callable[[Moment], bool] = lambda _moment: False,
    recount: Callable[[Case], Case] = lambda case: case,
) -> Played:
    """Play an incident.

    Args:
        policies: In force.
        opened: The case at its opening.
        deeds: What people do, in any order.
        until: The end, aware.
        becomes: The state that a page comes to at once: `reached`, `sent`, `failed`, `unknown`.
        since: From then on, for an incident that has a past; None: from its opening.
        runs: As they are then.
        memory: What the last decision asked to remember.
        enough: Whether to stop after a moment.
        recount: Counts what is like the incident, as it is by then.
    """
    left = sorted(deeds, key=lambda deed: deed.at)
    case, after = opened, tuple(runs)
    moments: list[Moment] = []
    now, looks = since or opened.opened_at, 0
    while now <= until and looks < MOST_LOOKS:
        while left and left[0].at <= now:
            case = _done(case, left.pop(0))
        case = recount(case)
        decision = escalate(policies, case, after, now, memory)
        looks += 1
        after, memory = decision.runs, decision.memory
        if decision.happened or decision.messages or decision.changes:
            moments.append(Moment(now, decision.happened, decision.messages, decision.changes))
            if enough(moments[-1]):
                break
        known = len(case.pages)
        case = _after(case, decision, now, becomes)
        if decision.changes or any(page.state == "failed" for page in case.pages[known:]):
            continue  # what it changed, and what could not be sent, is looked at in the same moment
        times = [at for at in (decision.look_again, left[0].at if left else None) if at is not None]
        if not times:
            break
        now = min(times)
    return Played(tuple(moments), case, after, looks, looks >= MOST_LOOKS)


def _done(case: Case, deed: Deed) -> Case:
    changes = [
        Change(deed.at, name, value)
        for name, value in deed.values.items()
        if case.incident.values.get(name) != value
    ]
    active = bool(changes) or deed.remarks or deed.answers is not None
    hands = list(case.hands)
    if deed.hand is not None:
        hands.append(Hand(len(hands) + 1, deed.at, deed.by, deed.hand))
    pages = [
        replace(page, state="answered", at=deed.at)
        if page.recipient == deed.answers and page.state in {"reached", "sent"}
        else page
        for page in case.pages
    ]
    return replace(
        case,
        incident=case.incident.changed(deed.values),
        history=[*case.history, *changes],
        activity=[*case.activity, deed.at] if active else case.activity,
        hands=hands,
        pages=pages,
    )


def _after(case: Case, decision: Decision, now: datetime, becomes: Callable[[Message], str]) -> Case:
    known = {(page.run_id, page.occasion, page.recipient, page.channel) for page in case.pages}
    pages = [
        PageState(m.run_id, m.occasion, m.recipient, m.channel, becomes(m), now, now)
        for m in decision.messages
        if m.urgent and (m.run_id, m.occasion, m.recipient, m.channel) not in known
    ]
    changes = [Change(now, name, value, human=False) for name, value in decision.changes.items()]
    return replace(
        case,
        incident=decision.incident,
        history=[*case.history, *changes],
        pages=[*case.pages, *pages],
    )


def opened_case(
    incident_id: str,
    values: Mapping[str, Value],
    at: datetime,
    *,
    source: str = "",
    pagers: Mapping[str, str] | None = None,
    recurrences: Mapping[str, int] | None = None,
) -> Case:
    """A case at its opening: the first values of all."""
    incident = Incident(incident_id, values)
    first = [Change(at, name, value) for name, value in values.items()]
    return Case(incident, source, at, first, pagers=pagers or {}, recurrences=recurrences or {})
