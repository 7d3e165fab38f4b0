"""What one evaluation of an incident works on: the moment, and each run at that moment."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncline.escalation.book import Book, Policy, Step
from syncline.escalation.case import Case, Moment, tier_of
from syncline.escalation.clocks import Reading, read_clock
from syncline.escalation.decision import Happened, Message, PageState
from syncline.escalation.paging import Reached, reached
from syncline.escalation.runs import Key, Run
from syncline.model import Incident, Value


@dataclass(slots=True)
class Sitting:
    """All that one evaluation of an incident works on.

    Attributes:
        book: In force: people, schedules, tiers.
        case: The incident and its past.
        now: The moment.
        values: The incident's values, with what was decided so far.
        messages: Decided so far.
        withdrawn: Pages that wait, and of which it is decided that nobody needs them any more.
        happened: Decided so far.
        looks: When something may be due.
        moment: What conditions ask for.
    """

    book: Book
    case: Case
    now: datetime
    values: dict[str, Value]
    messages: list[Message] = field(default_factory=list)
    withdrawn: list[PageState] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)
    looks: list[datetime] = field(default_factory=list)
    moment: Moment = field(init=False)
    _reached: dict[tuple[str | None, ...], Reached] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What conditions ask for is worked out once for all of them."""
        self.moment = Moment(self.case, self.now)

    def facts(self, book: Book, acknowledged: datetime | None) -> dict[str, object]:
        """What conditions of a book are asked about now."""
        return self.moment.facts(book, self.values, acknowledged)

    def reach(self, targets: Sequence[str], tier: str | None) -> Reached:
        """Whom those targets stand for now, where that tier holds the incident."""
        key = (*targets, tier)
        found = self._reached.get(key)
        if found is None:
            found = self._reached[key] = reached(self.book, targets, tier, self.now)
        return found

    def tell(self, run: Run, kind: str, text: str, *, note: bool = False, **data: object) -> None:
        """Add a line for the timeline."""
        self.happened.append(Happened(kind, text, {"policy": run.policy, "run": run.id, **data}, note))

    def look(self, at: datetime | None) -> None:
        """Something may be due then."""
        if at is not None and at > self.now:
            self.looks.append(at)


@dataclass(slots=True)
class Climb:
    """One run at work, at one moment.

    Attributes:
        sitting: Shared with the other runs.
        own: The book the run keeps to: its policy, clock and messages.
        policy: Of that book.
        run: As it is by now.
        reading: Its clock.
        offsets: When each step of the first round is due on the clock; None: it is a share of no target.
        order: All steps of all rounds, in their order.
        acknowledged: Since when somebody has the incident; None: nobody has, or they did nothing about it for too long.
        due: When that was due which is being done; None: just now.
    """

    sitting: Sitting
    own: Book
    policy: Policy
    run: Run
    reading: Reading = field(init=False)
    offsets: Sequence[timedelta | None] = field(init=False)
    order: Sequence[Key] = field(init=False)
    acknowledged: datetime | None = field(init=False)
    due: datetime | None = None

    def __post_init__(self) -> None:
        """Read the clock, and see whether somebody has the incident."""
        case = self.sitting.case
        clock = self.own.clocks[self.policy.clock]
        self.reading = read_clock(self.own, clock, case, self.run.started_at, self.run.counts_from)
        steps = self.policy.steps
        self.offsets = [s.at if s.share is None else self.reading.offset(s.share) for s in steps]
        self.order = [
            (turn, index)
            for turn in range(self.policy.repeat_times + 1)
            for index in range(self.policy.repeat_from if turn else 0, len(steps))
        ]
        # A raised hand calls people though somebody has it: only who takes it after that has heard the call.
        raised = next((hand.at for hand in case.hands if hand.id == self.run.signal), self.run.started_at)
        self.acknowledged = case.acknowledged(self.run.id, raised if self.run.signal else None)

    def facts(self) -> dict[str, object]:
        """What conditions of this run are asked about now."""
        return self.sitting.facts(self.own, self.acknowledged)

    @property
    def tier(self) -> str | None:
        """The tier that holds the incident."""
        return tier_of(self.sitting.book, self.sitting.values)

    def reach(self, targets: Sequence[str]) -> Reached:
        """Whom those targets stand for now."""
        return self.sitting.reach(targets, self.tier)

    def incident(self) -> Incident:
        """The incident with what was decided so far."""
        return Incident(self.sitting.case.incident.id, self.sitting.values)

    def tell(self, kind: str, text: str, *, note: bool = False, **data: object) -> None:
        """Add a line for the timeline."""
        self.sitting.tell(self.run, kind, text, note=note, **data)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why a step is left out.

    Attributes:
        text: In words.
        for_ack: Only because somebody has the incident.
    """

    text: str
    for_ack: bool


def superfluous(c: Climb, step: Step) -> LeftOut | None:
    """Why a step is not needed now; None: it is."""
    if step.until == "ack" and c.acknowledged is not None:
        return LeftOut("somebody has it", for_ack=True)
    if step.when is None:
        return None
    facts = c.facts()
    if step.when.holds(facts):
        return None
    for_ack = c.acknowledged is not None and step.when.holds({**facts, "ack": False, "since_ack": None})
    return LeftOut(f"`{step.when.text}` does not hold", for_ack=for_ack)
