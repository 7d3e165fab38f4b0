"""The form of what is there at any moment: names, calendars, people, schedules, tiers, priorities."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from syncline.escalation.reading.form import Name, Names, Part, Whos, needed
from syncline.escalation.reading.values import (
    Choice,
    ConditionText,
    Day,
    Days,
    DaysKey,
    HandoffAt,
    HoursOfDay,
    Id,
    Length,
    Moment,
    WholeDays,
    Zone,
    listed,
)

Open = Annotated[
    dict[DaysKey, Annotated[list[HoursOfDay], listed(HoursOfDay), Field(min_length=1, max_length=24)]],
    Field(max_length=50),
]
Level = Annotated[int, Field(ge=1, le=3)]
Priority = Annotated[int, Field(ge=1, le=5)]


class FieldEntry(Part):
    """A name that conditions may use."""

    from_: Name | None = Field(
        default=None, alias="from", description="The common field that holds it, such as custom.vip."
    )
    type: Literal["text", "number", "yes_no"] | None = Field(
        default=None, description="What it is; without it: text."
    )
    values: Annotated[list[Choice], Field(max_length=500)] = Field(
        default_factory=list,
        description="All values that there are. What is not in the list is then a mistake.",
    )


class CalendarEntry(Part):
    """Opening hours; without any it is always open."""

    tz: Zone | None = Field(default=None, description="Whose local clock, such as Europe/Paris.")
    open: Open = Field(default_factory=dict, description="Hours of the week, such as mon-fri: 08:00-18:00.")
    holidays: Annotated[list[Name], listed(Name), Field(max_length=20)] = Field(
        default_factory=list,
        description="Countries whose public holidays are closed, such as FR, or DE-BY with its region.",
    )
    closed: Annotated[list[WholeDays], listed(WholeDays), Field(max_length=2000)] = Field(
        default_factory=list, description="Further closed days: 2026-12-24, or 2026-12-27/2026-12-31."
    )


class PersonEntry(Part):
    """Somebody who can be reached."""

    name: Name | None = Field(default=None, description="What people read; without it the name in this file.")
    tz: Zone | None = Field(
        default=None, description="Their local clock, for quiet hours and days of absence."
    )
    skills: Names = Field(default_factory=list, description="What they can do, such as [network, linux].")
    manager: Id | None = Field(
        default=None, description="Who is called by `page: manager`: the name of a person here."
    )
    away: Annotated[list[Days], listed(Days), Field(max_length=1000)] = Field(
        default_factory=list,
        description="When they cannot be reached: days, the last one included, such as 2026-08-03/2026-08-17.",
    )
    ids: Annotated[dict[Id, Name], Field(max_length=50)] = Field(
        default_factory=dict,
        description="Who they are on each platform or instance: an id or e-mail address.",
    )
    reach: Annotated[dict[Id, Name], Field(max_length=20)] = Field(
        default_factory=dict,
        description='How to reach them, in the order in which it is tried, such as sms: "+33123456789".',
    )
    quiet: HoursOfDay | None = Field(
        default=None, description="Hours without messages, such as 22:00-07:00. Pages come all the same."
    )


class LayerEntry(Part):
    """People who take turns."""

    rotate: Annotated[list[Id], listed(Id), Field(min_length=1, max_length=500)] = needed(
        [], "Who takes turns, in this order."
    )
    every: Length = Field(
        default=timedelta(weeks=1), description="How long a turn is: 1w, 1d, 12h. Without it 1w."
    )
    handoff: HandoffAt | None = Field(
        default=None,
        description='When turns change, local time: "mon 09:00" for weeks, "09:00" for days and hours.',
    )
    from_: Day | None = Field(
        default=None, alias="from", description="The day on which the first turn begins."
    )
    until: Day | None = Field(default=None, description="The first day on which the layer serves no more.")
    only: Open = Field(
        default_factory=dict, description="Hours of the week in which the layer serves; without it always."
    )


class OverrideEntry(Part):
    """Somebody stands in."""

    who: Id = needed("", "The name of a person here.")
    from_: Moment = needed("", alias="from", about="First day, or local time such as 2026-05-11T09:00.")
    to: Moment = needed("", "Last day, which is included; or local time, which is not.")
    why: Annotated[str, Field(max_length=500)] = Field(
        default="", description="Shown with whom it brings on call."
    )


class ScheduleEntry(Part):
    """Who is on call when."""

    tz: Zone | None = Field(default=None, description="Whose local clock, such as Europe/Paris.")
    layers: Annotated[list[LayerEntry], Field(max_length=100)] = Field(
        default_factory=list, description="Rotations. A later one goes before an earlier one."
    )
    overrides: Annotated[list[OverrideEntry], Field(max_length=2000)] = Field(
        default_factory=list,
        description="Stand-ins. They go before all layers, a later one before an earlier one.",
    )
    backfill: Id | None = Field(
        default=None, description="The schedule that serves where nobody of this one does."
    )


class TargetEntry(Part):
    """Where records go on one platform. A bare text is the name."""

    group: Name | None = Field(default=None, description="An assignment group.")
    team: Name | None = Field(default=None, description="A team.")
    role: Name | None = Field(default=None, description="A project role.")
    policy: Name | None = Field(default=None, description="An escalation policy: its id.")
    name: Name | None = Field(default=None, description="Whatever the platform calls it.")
    project: Name | None = Field(
        default=None, description="Accepted and without effect: records are not moved between projects."
    )


def _bare(raw: Any) -> Any:
    return {"name": raw} if isinstance(raw, str) else raw


Target = Annotated[TargetEntry, BeforeValidator(_bare, json_schema_input_type=TargetEntry | Name)]


class TierEntry(Part):
    """A level of support or of management."""

    who: Whos = needed([], "Who is paged: a schedule, person:<name>, or a list of them.")
    next: Id | None = Field(default=None, description="The tier above.")
    hierarchical: bool = Field(default=False, description="It is informed, and never owns a record.")
    group: Name | None = Field(default=None, description="The common group that a move to this tier assigns.")
    to: Annotated[dict[Id, Target], Field(max_length=50)] = Field(
        default_factory=dict, description="Where the record goes, for each platform or instance."
    )


class RaiseEntry(Part):
    """When a priority is raised."""

    when: ConditionText = needed("true", "For which incidents.")
    by: Annotated[int, Field(ge=1, le=4)] = Field(
        default=1, description="By how many steps: 1 makes a 3 a 2."
    )


class PriorityEntry(Part):
    """How a priority comes about."""

    impact: Annotated[list[Level], Field(min_length=1, max_length=3)] = Field(
        default=[1, 2, 3], description="What the rows of the matrix stand for; without it [1, 2, 3]."
    )
    urgency: Annotated[list[Level], Field(min_length=1, max_length=3)] = Field(
        default=[1, 2, 3], description="What the columns of the matrix stand for; without it [1, 2, 3]."
    )
    matrix: Annotated[list[list[Priority]], Field(max_length=3)] = Field(
        default_factory=list, description="A row for each impact, in it a priority for each urgency."
    )
    raise_: Annotated[list[RaiseEntry], Field(max_length=50)] = Field(
        default_factory=list, alias="raise", description="When a priority is raised."
    )
