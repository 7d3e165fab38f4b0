"""The book of escalation: one YAML file, read and compiled. Frozen data that everybody who decides works on.

What is of the moment (people, schedules, tiers) is always taken from the book in force; a run keeps to the policy
of the book that it began with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from syncline.escalation.conditions import Condition, Vocabulary
from syncline.escalation.roster import NOWHERE, Calendar, Person, Place, Schedule


@dataclass(frozen=True, slots=True)
class Tier:
    """A level of support or of management.

    Attributes:
        id: As its author named it; the common field `tier` holds it.
        who: Ids of schedules, or `person:<id>`; all of them are paged.
        next: The tier above, or None.
        hierarchical: It is informed and never owns a record.
        group: The common group that a move to this tier assigns; None for hierarchical ones.
        to: Platform or instance to the name of the group, team or escalation policy there.
        place: Where it stands.
    """

    id: str
    who: tuple[str, ...]
    next: str | None = None
    hierarchical: bool = False
    group: str | None = None
    to: Mapping[str, str] = field(default_factory=dict)
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Raise:
    """A priority is raised `by` steps when `when` holds, once for each incident."""

    when: Condition
    by: int
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class PriorityRules:
    """How a priority comes about.

    Attributes:
        matrix: (impact, urgency) to priority; used where no platform names a priority.
        raises: In the order of the file.
        place: Where they stand.
    """

    matrix: Mapping[tuple[int, int], int] = field(default_factory=dict)
    raises: tuple[Raise, ...] = ()
    place: Place = NOWHERE


class Start(StrEnum):
    """Events at which a clock starts; a clock may name a condition instead."""

    CREATED = "created"
    RAISED = "raised"  # when the run began
    TIER_ENTERED = "tier_entered"


@dataclass(frozen=True, slots=True)
class Clock:
    """A named clock: an SLA, OLA or UC, or one of the two that are always there, `opened` and `raised`.

    Attributes:
        id: As its author named it.
        when: To which incidents it applies.
        kind: `SLA`, `OLA`, `UC`; empty for the two built-in ones.
        target: How much time there is, on its calendar; None for the built-in ones.
        calendar: Id of a calendar.
        start: An event, or the condition that starts it.
        stop: The condition that stops it.
        pause: The condition during which it stands still, or None.
        max_pause: Pauses longer than this altogether count as time again; None: no limit.
        restart: Whether it starts again when it applies anew (`on_priority_change: restart`), rather than to count
            from its start event (`retroactive`).
        part_of: Id of the clock that it is part of (an OLA of an SLA), or None.
        place: Where it stands.
    """

    id: str
    when: Condition
    kind: str
    target: timedelta | None
    calendar: str
    start: Start | Condition
    stop: Condition
    pause: Condition | None = None
    max_pause: timedelta | None = None
    restart: bool = False
    part_of: str | None = None
    place: Place = NOWHERE


class Trigger(StrEnum):
    """What starts a policy's run."""

    STATE = "state"  # its condition turns true
    TIME = "time"  # the same, with conditions on durations
    MANUAL = "manual"  # somebody raises a hand
    RECUR = "recur"  # it happens again and again


@dataclass(frozen=True, slots=True)
class Again:
    """Repetitions of a step after its first firing."""

    every: timedelta
    times: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a policy.

    Attributes:
        at: When it is due on the policy's clock.
        share: Of the clock's target, 0.75 for `75%`; None: `at` says it.
        page: Whom: ids of tiers, `next` (the tier above the incident's), `person:<id>`, `manager`.
        move: Whether the record moves to the first paged tier.
        when: Fires only if this holds then; None: always.
        until: `ack` or `resolved`: what ends its repetitions, and makes it superfluous; None: nothing.
        again: Repetitions, or None.
        say: Id of a message to stakeholders, or None.
        do: Of `link_incidents`, `open_problem`, `raise_priority`, `assign`.
        keep_raiser: Whether the one who raised the hand stays on the record as a contributor.
        runbook: An address or a few words on what to do, or None.
        place: Where it stands.
    """

    at: timedelta
    share: float | None = None
    page: tuple[str, ...] = ()
    move: bool = False
    when: Condition | None = None
    until: str | None = None
    again: Again | None = None
    say: str | None = None
    do: tuple[str, ...] = ()
    keep_raiser: bool = False
    runbook: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class End:
    """What happens after the last step, every so often, until the incident is acknowledged or over."""

    page: tuple[str, ...]
    every: timedelta
    when: Condition | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What to do about a page that is not known to have reached anybody.

    Attributes:
        after: How long to wait for a sign of it.
        via: Channels to try then, in this order; empty: the rest of the person's own.
        page: Whom to page where no way is left: as in a step; empty: the next step fires at once.
    """

    after: timedelta
    via: tuple[str, ...] = ()
    page: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How often something must have happened.

    Attributes:
        of: Incidents that count.
        same: The field that they share with this one.
        within: How far back is counted, by when they were opened.
        at_least: How many, with this one.
    """

    of: Condition
    same: str
    within: timedelta
    at_least: int


@dataclass(frozen=True, slots=True)
class Guard:
    """What keeps a policy from running too often, and people from fearing it.

    Attributes:
        cooldown: After a run began, no other of this policy for the same incident for so long.
        once_per: After a run began, no other of this policy for the same value of `count.same` (else the same incident).
        blame: False leaves its runs out of all figures about persons.
    """

    cooldown: timedelta | None = None
    once_per: timedelta | None = None
    blame: bool = True


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy.

    Attributes:
        id: As its author named it.
        trigger: What starts it.
        when: To which incidents it applies.
        clock: Id of the clock on which its steps run.
        steps: In the order of the file.
        nobody: What happens at a step whom nobody serves: `next` (the next step at once), `wait` (until somebody
            comes on call), or `person:<id>`.
        ack_holds: So long an acknowledgement stands without progress; None: for good.
        reopen: `restart` or `resume`: what an incident that is opened again does to its run.
        repeat_times: How often the whole ladder is run again after its last step.
        repeat_from: Index of the step from which on.
        guard: Against too many runs.
        end: After the last step, or None.
        undelivered: About pages that nobody got.
        count: For trigger `recur`.
        beside: Ids of policies that may run for the same incident at the same time (`with:`).
        platform_pages: Whether PagerDuty's own escalation is used (`pagerduty: own`) rather than neutralised.
        place: Where it stands.
    """

    id: str
    trigger: Trigger
    when: Condition
    clock: str
    steps: tuple[Step, ...]
    nobody: str = "next"
    ack_holds: timedelta | None = None
    reopen: str = "restart"
    repeat_times: int = 0
    repeat_from: int = 0
    guard: Guard = Guard()
    end: End | None = None
    undelivered: Undelivered = Undelivered(timedelta(minutes=5))
    count: Recurrence | None = None
    beside: tuple[str, ...] = ()
    platform_pages: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Say:
    """A message to stakeholders.

    Attributes:
        id: As its author named it.
        to: Of whom: `person:<id>`, a tier, a schedule, or an audience that `audiences` names.
        via: Channels, in the order in which they are tried; empty: each one's own.
        every: Said again so often while the run goes on; None: once.
        title: Template.
        text: Template.
        place: Where it stands.
    """

    id: str
    to: tuple[str, ...]
    via: tuple[str, ...] = ()
    every: timedelta | None = None
    title: str = ""
    text: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Book:
    """All of the file.

    Attributes:
        digest: Of its text, as it is published.
        vocabulary: The names that its conditions may use.
        calendars: By id; `always` is there in any case.
        people: By id.
        schedules: By id.
        tiers: By id.
        priority: Matrix and raises.
        clocks: By id; `opened` and `raised` are there in any case.
        policies: In the order of the file.
        says: Messages, by id.
        audiences: Name of an audience to `person:<id>`, tiers or schedules.
        sources: Name in conditions to the common field that it is read from: `account` to `custom.account`.
    """

    digest: str
    vocabulary: Vocabulary
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    tiers: Mapping[str, Tier] = field(default_factory=dict)
    priority: PriorityRules = PriorityRules()
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    policies: Sequence[Policy] = ()
    says: Mapping[str, Say] = field(default_factory=dict)
    audiences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def policy(self, policy_id: str) -> Policy | None:
        """The policy of that id, or None."""
        return next((policy for policy in self.policies if policy.id == policy_id), None)
