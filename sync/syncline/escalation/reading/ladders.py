"""The form of what is done: clocks, policies, messages; and of the file as a whole."""

from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from syncline.escalation.reading.form import Ids, Names, Part, Whos, needed
from syncline.escalation.reading.values import (
    ANY_LENGTH,
    At,
    ConditionText,
    Due,
    Id,
    Length,
    Who,
    Zone,
    listed,
)
from syncline.escalation.reading.world import (
    CalendarEntry,
    FieldEntry,
    PersonEntry,
    PriorityEntry,
    ScheduleEntry,
    TierEntry,
)

VERSION: Final = 1

Work = Literal["link_incidents", "open_problem", "raise_priority", "assign"]
Count = Annotated[int, Field(ge=1, le=100)]
Template = Annotated[str, Field(max_length=10_000)]


class ClockEntry(Part):
    """A clock with a target: an SLA, an OLA or a UC."""

    when: ConditionText | None = Field(default=None, description="For which incidents; without it for all.")
    kind: Literal["SLA", "OLA", "UC"] = Field(
        default="SLA", description="With the customer (SLA), a team of one's own (OLA), a supplier (UC)."
    )
    target: Length = needed(ANY_LENGTH, "How much time there is, counted on the calendar.")
    calendar: Id = Field(
        default="always", description="A calendar of this file; without it the clock runs day and night."
    )
    start: ConditionText = Field(
        default="created", description="created, tier_entered, raised, or a condition. Without it created."
    )
    stop: ConditionText = Field(
        default="resolved", description="resolved, closed, ack, or a condition. Without it resolved."
    )
    pause: ConditionText | None = Field(
        default=None, description='While this holds the clock stands still: status == "on_hold".'
    )
    max_pause: Length | None = Field(
        default=None,
        description="Pauses longer than this altogether count as time again; without it there is no limit.",
    )
    on_priority_change: Literal["retroactive", "restart"] = Field(
        default="retroactive",
        description="An incident to which the clock applies only later: it counts from the clock's start event"
        " (retroactive), or from then on (restart).",
    )
    part_of: Id | None = Field(
        default=None, description="The clock that this one is a part of: an OLA of an SLA."
    )


class AgainEntry(Part):
    """Repetitions of a step."""

    every: Length = needed(ANY_LENGTH, "How long to wait before each.")
    times: Count = needed(1, "How many.")


class StepEntry(Part):
    """One step."""

    at: Due = needed(At(ANY_LENGTH), "When, on the policy's clock: 0m, 15m, or 75% of the clock's target.")
    page: Annotated[list[Who], listed(Who), Field(max_length=20)] = Field(
        default_factory=list,
        description="Whom: tiers, next (the tier above the incident's), person:<name>, manager (the assignee's).",
    )
    move: bool = Field(
        default=False, description="Whether the record moves to that tier; without it people are informed."
    )
    if_: ConditionText | None = Field(
        default=None, alias="if", description="It fires only if this holds then."
    )
    until: Literal["ack", "resolved"] | None = Field(
        default=None, description="What ends its repetitions, and makes it superfluous."
    )
    again: AgainEntry | None = Field(default=None, description="Repetitions: {every: 5m, times: 2}.")
    say: Id | None = Field(default=None, description="A message of `says`.")
    do: Annotated[list[Work], listed(Work), Field(max_length=4)] = Field(
        default_factory=list, description="Other work: link_incidents, open_problem, raise_priority, assign."
    )
    keep: Literal["raiser"] | None = Field(
        default=None, description="raiser: who raised the hand stays on the record as a contributor."
    )
    runbook: Annotated[str, Field(min_length=1, max_length=1000)] | None = Field(
        default=None,
        description="What to do: an address or a few words. It stands in the page and in the note.",
    )


class AckEntry(Part):
    """About acknowledgements."""

    holds: Length | None = Field(
        default=None, description="So long one stands without progress; without it it stands for good."
    )


class RepeatEntry(Part):
    """The whole ladder again."""

    times: Count = needed(1, "How often.")
    from_: Count = Field(default=1, alias="from", description="From which step on; 1 is the first.")


class GuardEntry(Part):
    """What keeps a policy from running too often, and people from fearing it."""

    cooldown: Length | None = Field(
        default=None,
        description="After a run began, no other of this policy for the same incident for so long.",
    )
    once_per: Length | None = Field(
        default=None, description="The same for the value of count.same; without a count for the incident."
    )
    approve: Literal["none"] | None = Field(
        default=None, description="none: nobody has to approve. There is nothing else."
    )
    blame: Literal["never", "counted"] = Field(
        default="counted", description="never: its runs are left out of all figures about persons."
    )


class EndEntry(Part):
    """After the last step."""

    page: Whos = needed([], "Whom, as in a step.")
    every: Length = needed(ANY_LENGTH, "How often, until the incident is acknowledged or over.")
    if_: ConditionText | None = Field(default=None, alias="if", description="Only while this holds.")


class UndeliveredEntry(Part):
    """About a page that nobody is known to have got."""

    after: Length = Field(
        default=timedelta(minutes=5), description="How long to wait for a sign of it. Without it 5m."
    )
    via: Names = Field(
        default_factory=list, description="Ways to try then; without them the person's others."
    )
    page: Annotated[list[Who], listed(Who), Field(max_length=20)] = Field(
        default_factory=list, description="Whom to page where no way is left; without it the next step fires."
    )


class CountEntry(Part):
    """How often something must have happened."""

    of: ConditionText = needed("true", "Which incidents count.")
    same: Id = needed("", "What they share with this one, such as account.")
    within: Length = needed(ANY_LENGTH, "How far back is counted.")
    at_least: Annotated[int, Field(ge=2, le=10_000)] = needed(2, "How many, with this one.")


def _none(raw: Any) -> Any:
    """`none` as nothing; that it was written is seen by `model_fields_set`."""
    return None if raw == "none" else raw


class PolicyEntry(Part):
    """One policy."""

    id: Id = Field(description="Its name.")
    trigger: Literal["state", "time", "manual", "recur"] = Field(
        default="state",
        description="What starts it: its condition turns true (state, time), somebody raises a hand (manual), it"
        " happens again and again (recur).",
    )
    when: ConditionText | None = Field(default=None, description="For which incidents; without it for all.")
    clock: Id = Field(
        default="raised",
        description="On which clock its steps run: one of `slas`, opened, or raised (when it began).",
    )
    steps: Annotated[list[StepEntry], Field(min_length=1, max_length=100)] = needed([], "What is done when.")
    ack: AckEntry = Field(default_factory=AckEntry, description="About acknowledgements: {holds: 30m}.")
    nobody: Who = Field(
        default="next",
        description="At a step whom nobody serves: next (the next step at once), wait (until somebody comes on"
        " call), or person:<name>.",
    )
    reopen: Literal["restart", "resume"] = Field(
        default="restart", description="What an incident that is opened again does to its run."
    )
    repeat: RepeatEntry | None = Field(
        default=None, description="The whole ladder again after its last step."
    )
    guard: GuardEntry = Field(default_factory=GuardEntry, description="Against too many runs.")
    end: Annotated[
        EndEntry | None, BeforeValidator(_none, json_schema_input_type=EndEntry | Literal["none"])
    ] = Field(
        default=None,
        description="After the last step: {page: MGMT, every: 30m}; none for deliberately nothing.",
    )
    undelivered: UndeliveredEntry = Field(
        default_factory=UndeliveredEntry, description="About a page that nobody is known to have got."
    )
    count: CountEntry | None = Field(
        default=None, description="For trigger recur: how often it must have happened."
    )
    with_: Ids | None = Field(
        default=None, alias="with", description="Policies that may run for the same incident."
    )
    pagerduty: Literal["one_step", "own"] = Field(
        default="one_step",
        description="Whether PagerDuty escalates by its own policy (own), or only by ours (one_step).",
    )


class SayEntry(Part):
    """A message to stakeholders."""

    to: Whos = needed([], "To whom: person:<name>, a tier, a schedule, or one of `audiences`.")
    via: Names = Field(
        default_factory=list, description="Ways, such as [email, chat]; without it each one's own."
    )
    every: Length | None = Field(
        default=None, description="Said again so often while the run goes on; without it once."
    )
    title: Template = Field(default="", description="Its first line, such as {priority}: {title}.")
    text: Template = Field(
        default="", description="What it says. {title}, {service} and the like are filled in."
    )


class EscalationFile(Part):
    """All of the file."""

    escalation: int = Field(description="The version of the language: 1.")
    tz: Zone | None = Field(default=None, description="The time zone of whatever names none of its own.")
    fields: Annotated[dict[Id, FieldEntry], Field(max_length=200)] = Field(
        default_factory=dict, description="Further names for conditions, and closed lists of values."
    )
    calendars: Annotated[dict[Id, CalendarEntry], Field(max_length=200)] = Field(
        default_factory=dict, description="When time counts. `always` is there in any case."
    )
    people: Annotated[dict[Id, PersonEntry], Field(max_length=5000)] = Field(
        default_factory=dict, description="Who can be reached."
    )
    schedules: Annotated[dict[Id, ScheduleEntry], Field(max_length=500)] = Field(
        default_factory=dict, description="Who is on call when."
    )
    tiers: Annotated[dict[Id, TierEntry], Field(max_length=100)] = Field(
        default_factory=dict, description="Levels of support and of management."
    )
    priority: PriorityEntry = Field(
        default_factory=PriorityEntry, description="How a priority comes about where no platform names one."
    )
    slas: Annotated[dict[Id, ClockEntry], Field(max_length=200)] = Field(
        default_factory=dict, description="Clocks with a target."
    )
    policies: Annotated[list[PolicyEntry], Field(max_length=500)] = Field(
        default_factory=list, description="Who is reached when."
    )
    says: Annotated[dict[Id, SayEntry], Field(max_length=500)] = Field(
        default_factory=dict, description="Messages to stakeholders."
    )
    audiences: Annotated[dict[Id, Whos], Field(max_length=500)] = Field(
        default_factory=dict,
        description="Who stands behind a word such as stakeholders: person:<name>, tiers, schedules.",
    )
