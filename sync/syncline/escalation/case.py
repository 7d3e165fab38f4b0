"""A case: what is known of an incident and its past, as the evaluator sees it. And the facts that conditions ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import Final

from syncline.escalation.book import Book
from syncline.escalation.decision import PageState
from syncline.model import ENDED, Incident, Status, Value

TAKEN: Final = frozenset({Status.ACKNOWLEDGED.value, Status.IN_PROGRESS.value, Status.ON_HOLD.value})
"""Statuses in which somebody has taken the incident."""
OVER: Final = frozenset(status.value for status in ENDED)

Facts = Mapping[str, object]
"""What a condition is asked about: name to value; durations in seconds."""


@dataclass(frozen=True, slots=True)
class Change:
    """That a common field changed.

    Attributes:
        at: When, by our clock.
        field: Common field.
        value: What it became.
        human: Whether somebody on a platform did it, and not Syncline.
    """

    at: datetime
    field: str
    value: Value
    human: bool = True


@dataclass(frozen=True, slots=True)
class Hand:
    """A raised hand: somebody asks for help with an incident.

    Attributes:
        id: Grows.
        at: When.
        by: Who.
        reason: In their words; may be empty.
        via: `label`, `comment` or `command`.
        instance: Where; empty: on the command line.
    """

    id: int
    at: datetime
    by: str
    reason: str = ""
    via: str = "command"
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of an incident's life in which no field changed.

    Attributes:
        start: Its first moment.
        end: The first moment after it; None: it lasts.
        values: Common fields then.
    """

    start: datetime
    end: datetime | None
    values: Mapping[str, Value]


@dataclass(frozen=True)
class Case:
    """One incident with its past. Equal cases give equal decisions.

    Attributes:
        incident: As merged now.
        source: The instance on which it began.
        opened_at: When it was opened.
        history: Changes of its fields, oldest first; the first values of all are changes at `opened_at`.
        activity: When people did something about it: changes and remarks, oldest first.
        hands: Raised hands, oldest first.
        pages: What became of earlier pages.
        records: Instance to what people call its record there, for messages.
        pagers: Platform and instance name to the instance, where its platform can page somebody for a linked record.
        recurrences: Policy id to how many incidents its `count` found, with this one.
        related: Policy id to the other incidents that were counted: their ids or record keys.
        last_runs: Policy id to when it last ran for an incident with the same `count.same`.
    """

    incident: Incident
    source: str
    opened_at: datetime
    history: Sequence[Change] = ()
    activity: Sequence[datetime] = ()
    hands: Sequence[Hand] = ()
    pages: Sequence[PageState] = ()
    records: Mapping[str, str] = field(default_factory=dict)
    pagers: Mapping[str, str] = field(default_factory=dict)
    recurrences: Mapping[str, int] = field(default_factory=dict)
    related: Mapping[str, Sequence[str]] = field(default_factory=dict)
    last_runs: Mapping[str, datetime] = field(default_factory=dict)

    @cached_property
    def stretches(self) -> Sequence[Stretch]:
        """The incident's life, without gaps from its opening on; the last one lasts, and holds the present values."""
        cuts: list[datetime] = [self.opened_at]
        values: dict[str, Value] = {}
        states: list[Mapping[str, Value]] = [values]
        for change in self.history:
            at = max(change.at, self.opened_at, cuts[-1])
            if at > cuts[-1]:
                cuts.append(at)
                values = dict(values)
                states.append(values)
            values[change.field] = change.value
        states[-1] = {**values, **self.incident.values}
        ends: list[datetime | None] = [*cuts[1:], None]
        return [Stretch(*parts) for parts in zip(cuts, ends, states, strict=True)]

    @property
    def reopens(self) -> int:
        """How often it was opened again."""
        statuses = [status for _, status in self._statuses]
        return sum(1 for a, b in pairwise(statuses) if a in OVER and b not in OVER)

    @cached_property
    def _statuses(self) -> list[tuple[datetime, str]]:
        """When the status changed, and to what."""
        found: list[tuple[datetime, str]] = []
        for stretch in self.stretches:
            status = str(stretch.values.get("status") or Status.NEW.value)
            if not found or found[-1][1] != status:
                found.append((stretch.start, status))
        return found

    def since(self, name: str) -> datetime:
        """Since when a field has its present value."""
        at = self.opened_at
        stretches = self.stretches
        for before, after in pairwise(stretches):
            if before.values.get(name) != after.values.get(name):
                at = after.start
        return at

    @cached_property
    def taken_at(self) -> datetime | None:
        """Since when somebody has the incident, with no break since; None: nobody has."""
        taken: datetime | None = None
        for at, status in self._statuses:
            taken = (taken or at) if status in TAKEN else None
        return taken

    @cached_property
    def _grips(self) -> list[datetime]:
        """When somebody took it anew: a status that says so, or another assignee by a person's hand."""
        return sorted(
            change.at
            for change in self.history
            if change.human
            and (
                (change.field == "status" and change.value in TAKEN)
                or (change.field == "assignee" and change.value)
            )
        )

    def answered(self, run_id: str) -> datetime | None:
        """When the last page of that run was answered by whom it reached."""
        return max(
            (page.at for page in self.pages if page.run_id == run_id and page.state == "answered"),
            default=None,
        )

    def acknowledged(self, run_id: str, after: datetime | None) -> datetime | None:
        """Since when the incident is acknowledged, as far as that run is concerned; None: it is not.

        Args:
            run_id: The run.
            after: Only what somebody did after that moment counts; None: also what was before.
        """
        fell = max((at for at, status in self._statuses if status not in TAKEN), default=self.opened_at)
        signs = [at for at in self._grips if at >= self.taken_at] if self.taken_at is not None else []
        answer = self.answered(run_id)
        if answer is not None:
            signs.append(answer)
        if self.taken_at is not None:
            signs.append(self.taken_at)
        return max((at for at in signs if at >= fell and (after is None or at > after)), default=None)

    def last_activity(self, after: datetime) -> datetime:
        """The last time that somebody did something about it, not before `after`."""
        return max((at for at in self.activity if at > after), default=after)


def tier_of(book: Book, values: Mapping[str, Value]) -> str | None:
    """The tier that holds an incident: the one whose group it is assigned to, else the one that it names."""
    group = values.get("group")
    if group is not None:
        for tier in book.tiers.values():
            if tier.group == group and not tier.hierarchical:
                return tier.id
    tier_id = values.get("tier")
    return tier_id if isinstance(tier_id, str) else None


_LONGEST_NUMBER: Final = 18
_YES: Final = frozenset({"true", "yes", "y", "1", "on"})


def field_facts(book: Book, case: Case, values: Mapping[str, Value]) -> dict[str, object]:
    """The facts that do not depend on time, for the values of some stretch."""
    facts: dict[str, object] = dict(values)
    status = str(values.get("status") or Status.NEW.value)
    facts["status"] = status
    facts["tier"] = tier_of(book, values)
    facts["labels"] = values.get("labels") or ()
    facts["source"] = case.source
    facts["resolved"] = status in OVER
    facts["ack"] = status in TAKEN
    for name, source in book.sources.items():
        facts[name] = values.get(source)
    for name in book.yes_no:
        raw = facts.get(name)
        facts[name] = (
            None if raw is None else (raw if isinstance(raw, bool) else str(raw).strip().lower() in _YES)
        )
    for name in book.numbers:
        digits = str(facts.get(name) or "").strip()
        known = digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER
        facts[name] = int(digits) if known else None
    return facts


def moment_facts(
    book: Book, case: Case, values: Mapping[str, Value], now: datetime, acknowledged: datetime | None
) -> dict[str, object]:
    """All facts at a moment.

    Args:
        book: In force.
        case: The incident and its past.
        values: Its values, as far as they are decided by now.
        now: The moment.
        acknowledged: Since when somebody has it; None: nobody has.
    """
    facts = field_facts(book, case, values)
    facts["ack"] = acknowledged is not None
    facts["raised"] = bool(case.hands)
    groups = [c.value for c in case.history if c.field == "group" and c.value is not None]
    facts["hops"] = sum(1 for a, b in pairwise(groups) if a != b)
    facts["reopens"] = case.reopens
    facts["reopened"] = facts["reopens"] != 0
    facts["recurrences"] = max(case.recurrences.values(), default=0)
    for name, anchor in anchors(case, acknowledged).items():
        facts[name] = None if anchor is None else max(0.0, (now - anchor).total_seconds())
    return facts


def anchors(case: Case, acknowledged: datetime | None) -> dict[str, datetime | None]:
    """From when each duration that conditions may name is counted."""
    return {
        "age": case.opened_at,
        "since_ack": acknowledged,
        "since_update": case.last_activity(case.opened_at),
        "since_tier": max(case.since("tier"), case.since("group")),
        "in_status": case.since("status"),
    }
