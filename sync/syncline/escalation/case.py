"""A case: what is known of an incident and its past, as the evaluator sees it. And the facts that conditions ask for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from operator import itemgetter
from typing import Final

from syncline.escalation.book import Book
from syncline.escalation.conditions import Type
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
    def _tracks(self) -> Mapping[str, list[tuple[datetime, Value]]]:
        """What each field was since when; the last entry of each is its present value."""
        found: dict[str, list[tuple[datetime, Value]]] = {}
        at = self.opened_at
        for change in self.history:
            if change.at > at:
                at = change.at
            _became(found.setdefault(change.field, []), at, change.value)
        for name, value in self.incident.values.items():
            _became(found.setdefault(name, []), at, value)
        return found

    @cached_property
    def stretches(self) -> Sequence[Stretch]:
        """The incident's life, without gaps from its opening on; the last one lasts, and holds the present values."""
        return self.stretches_of(self._tracks)

    def stretches_of(self, names: Iterable[str]) -> Sequence[Stretch]:
        """The same, as if it had those fields and no others."""
        values: dict[str, Value] = {}
        turns: list[tuple[datetime, str, Value]] = []
        for name in names:
            for at, value in self._tracks.get(name, ()):
                if at <= self.opened_at:
                    values[name] = value
                else:
                    turns.append((at, name, value))
        found: list[Stretch] = []
        start = self.opened_at
        for at, name, value in sorted(turns, key=itemgetter(0)):
            if at > start:
                found.append(Stretch(start, at, values))
                start, values = at, dict(values)
            values[name] = value
        return [*found, Stretch(start, None, values)]

    def told(self, book: Book, names: frozenset[str]) -> Sequence[tuple[Stretch, Facts]]:
        """The same, each stretch with its facts by that book; kept, since several clocks go by the same fields."""
        key = id(book), names
        kept = self._told.get(key)
        if kept is None:
            facts = [(one, field_facts(book, self, one.values)) for one in self.stretches_of(names)]
            kept = self._told[key] = (
                book,
                facts,
            )  # the book is held, so that no other one can have its identity
        return kept[1]

    @cached_property
    def _told(self) -> dict[tuple[int, frozenset[str]], tuple[Book, Sequence[tuple[Stretch, Facts]]]]:
        return {}

    @cached_property
    def reopens(self) -> int:
        """How often it was opened again."""
        statuses = [status for _, status in self._statuses]
        return sum(1 for a, b in pairwise(statuses) if a in OVER and b not in OVER)

    @property
    def hops(self) -> int:
        """How often it went to another group; the first one is none."""
        groups = [value for _, value in self._tracks.get("group", ()) if value is not None]
        return sum(1 for a, b in pairwise(groups) if a != b)

    @cached_property
    def _statuses(self) -> list[tuple[datetime, str]]:
        """When the status changed, and to what."""
        found = [(at, str(value or Status.NEW.value)) for at, value in self._tracks.get("status", ())]
        if not found or found[0][0] > self.opened_at:
            found.insert(0, (self.opened_at, Status.NEW.value))
        return [entry for n, entry in enumerate(found) if n == 0 or entry[1] != found[n - 1][1]]

    def since(self, name: str) -> datetime:
        """Since when a field has its present value."""
        track = self._tracks.get(name)
        return track[-1][0] if track else self.opened_at

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

    def set_by_hand(self, name: str) -> bool | None:
        """Whether a person gave a field its present value; None: it never changed since the opening."""
        last = next((change for change in reversed(self.history) if change.field == name), None)
        if last is None or (last.human and last.at <= self.opened_at):
            return None
        return last.human

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
        return max(self.activity[-1], after) if self.activity else after


def _became(track: list[tuple[datetime, Value]], at: datetime, value: Value) -> None:
    """Add to the track of a field that it became that. What lasted no time was not."""
    if track and track[-1][0] == at:
        track.pop()
    if track[-1][1] != value if track else value is not None:
        track.append((at, value))


def instant_of(value: Value) -> datetime | None:
    """The moment that a time field names, UTC; None: it names none that can be reckoned with."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


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
        facts[name] = _typed(book.vocabulary.names[name].type, values.get(source))
    return facts


def _typed(kind: Type, raw: Value) -> object:
    """What a field of one's own says, as a condition asks for it; None: it says nothing of that kind."""
    if raw is None or kind is Type.TEXT:
        return raw
    if kind is Type.YES_NO:
        return raw if isinstance(raw, bool) else str(raw).strip().lower() in _YES
    digits = str(raw).strip()
    known = digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER
    return int(digits) if known else None


@dataclass(slots=True)
class Moment:
    """What is asked of a case at one moment: worked out once for all the conditions that are looked at then.

    Attributes:
        case: The incident and its past.
        now: The moment.
    """

    case: Case
    now: datetime
    _anchors: Mapping[str, datetime] | None = None
    _lasting: dict[str, object] | None = None
    _known: tuple[Book, dict[str, Value], dict[str, object]] | None = None

    def facts(
        self, book: Book, values: Mapping[str, Value], acknowledged: datetime | None
    ) -> dict[str, object]:
        """All facts; to be changed by whoever asked for them.

        Args:
            book: In force, or the one that a run keeps to.
            values: The incident's values, as far as they are decided by now.
            acknowledged: Since when somebody has it; None: nobody has.
        """
        known = self._known
        if known is None or known[0] is not book or known[1] != values:
            facts = {**field_facts(book, self.case, values), **self._lasting_facts()}
            known = self._known = book, dict(values), facts
        return {**known[2], "ack": acknowledged is not None, "since_ack": self._since(acknowledged)}

    def anchors(self) -> Mapping[str, datetime]:
        """From when each duration that conditions may name is counted, but `since_ack`."""
        if self._anchors is None:
            case = self.case
            self._anchors = {
                "age": case.opened_at,
                "since_update": case.last_activity(case.opened_at),
                "since_tier": max(case.since("tier"), case.since("group")),
                "in_status": case.since("status"),
            }
        return self._anchors

    def _lasting_facts(self) -> dict[str, object]:
        """The facts that no decision of now changes."""
        if self._lasting is None:
            case = self.case
            self._lasting = {
                "raised": bool(case.hands),
                "hops": case.hops,
                "reopens": case.reopens,
                "reopened": case.reopens != 0,
                "recurrences": max(case.recurrences.values(), default=0),
                **{name: self._since(anchor) for name, anchor in self.anchors().items()},
            }
        return self._lasting

    def _since(self, anchor: datetime | None) -> float | None:
        return None if anchor is None else max(0.0, (self.now - anchor).total_seconds())
