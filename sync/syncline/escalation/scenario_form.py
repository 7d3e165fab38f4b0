"""The form of a scenario file."""

from typing import Annotated, Any

from pydantic import Field

from syncline.escalation.reading.form import Part
from syncline.escalation.reading.values import Duration, Id, Length, Who, listed
from syncline.escalation.scenario_times import EventTime, StartTime

Said = Annotated[str, Field(max_length=2000)]
Actor = Annotated[str, Field(min_length=1, max_length=255)]
Whom = Annotated[list[Id], listed(Id), Field(min_length=1, max_length=100)]
Values = Annotated[dict[str, Any], Field(max_length=100)]


class EventEntry(Part):
    """What somebody does."""

    after: Duration | None = Field(default=None, description="How long after the opening: 20m.")
    at: EventTime | None = Field(default=None, description="When, instead of after: 09:30, 2026-08-05T09:30.")
    who: Actor = Field(description="Who does it.")
    set_: Values = Field(default_factory=dict, alias="set", description="Fields that they set.")
    raises: Said | None = Field(default=None, description="They raise a hand; the reason.")
    answers: bool = Field(default=False, description="They answer the pages that they got.")
    remarks: Said | None = Field(default=None, description="They write a comment.")


class EarlierEntry(Part):
    """An earlier incident, like this one but for what `set` says."""

    before: Length = Field(description="How long before this one it was opened: 3d.")
    set_: Values = Field(default_factory=dict, alias="set", description="What was different about it.")
    ran: Annotated[list[Id], listed(Id), Field(max_length=50)] = Field(
        default_factory=list, description="Policies that ran for it, from its opening on."
    )


class ExpectEntry(Part):
    """What should come of it."""

    after: Duration | None = Field(default=None, description="How long after the opening; without it: ever.")
    at: EventTime | None = Field(default=None, description="When, instead of after.")
    paged: Whom | None = Field(default=None, description="People who are paged then.")
    reached: Whom | None = Field(default=None, description="People whom a page reaches then.")
    by: Id | None = Field(default=None, description="By which channel or platform.")
    moved: Id | None = Field(default=None, description="The tier that it moves to then.")
    told: Whom | None = Field(default=None, description="People who are told then, or a message of `says`.")
    never_paged: Whom | None = Field(default=None, description="People who are not paged at all.")
    nobody_paged_after: Duration | None = Field(default=None, description="The last page is not later.")


class ScenarioFile(Part):
    """All of the file."""

    scenario: int = Field(description="The version of the language.")
    title: Said = Field(default="", description="What it is about.")
    policy: Said | None = Field(default=None, description="The policy file, from this one's folder.")
    at: StartTime = Field(description="When the incident is opened: 2026-08-05T09:00 Europe/Paris.")
    incident: Values = Field(description="Its fields.")
    people: Annotated[list[EventEntry], Field(max_length=1000)] = Field(default_factory=list)
    earlier: Annotated[list[EarlierEntry], Field(max_length=1000)] = Field(default_factory=list)
    unreachable: Annotated[list[Who], listed(Who), Field(max_length=200)] = Field(
        default_factory=list, description="Channels, and person:<name>: pages there fail."
    )
    lost: Annotated[list[Who], listed(Who), Field(max_length=200)] = Field(
        default_factory=list, description="The same: of pages there no sign comes back."
    )
    pages_by: Annotated[list[Id], listed(Id), Field(max_length=20)] | None = Field(
        default=None, description="Platforms that hold a ticket of it and page people; without it pagerduty."
    )
    until: Length | None = Field(default=None, description="How long it is played.")
    expect: Annotated[list[ExpectEntry], Field(max_length=1000)] = Field(default_factory=list)
