"""The three-way merge: what people changed on each side since the sides last agreed, and what follows for the incident.

Sides are compared in their own vocabulary: a side changed only where a native value differs from its shadow. So a
lossy value map never drifts. Pure: data in, decision out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from syncline.connector import Native
from syncline.mapping import Directory, Unmapped
from syncline.mapping import Mapping as FieldMapping
from syncline.mapping.rules import Conflict as Policy
from syncline.model import ENDED, FIELDS, Incident, Kind, Status, Value

SIMULTANEOUS: Final = timedelta(seconds=2)
"""Two platforms' clocks are not closer than this: edits within it have no order, and policy decides."""

PLATFORM: Final = "the platform"
"""Who did what no person did."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the present value of a field came from.

    Attributes:
        instance: Where it was given; empty: by Syncline itself.
        actor: Who gave it.
        at: When.
        there: The same by the platform's own clock, which nobody sets who sets ours; None: that is not known.
        beside: Who else gave it the same value, on other sides.
    """

    instance: str
    actor: str
    at: datetime
    there: datetime | None = None
    beside: tuple["Origin", ...] = ()

    def all(self) -> tuple["Origin", ...]:
        """Each of those who gave it."""
        return (replace(self, beside=()), *self.beside)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that somebody gave a field on one side.

    Attributes:
        field: Common field.
        value: The new common value; that of `base` where a side has several words for it, and was given another one.
        base: The common value on which that side and the incident last agreed.
        origin: Who gave it, where and when.
        recovered: Our own write had overwritten it; the platform's history brought it back.
        automatic: The platform gave it by itself: it is no sign of a person's.
        unsure: A write of ours to the field was under way, so its author may have seen that and not the base.
        again: The side had fallen back from the value on which it agreed, and a person gave it that value anew. It is
            none to merge.
    """

    field: str
    value: Value
    base: Value
    origin: Origin
    recovered: bool = False
    automatic: bool = False
    unsure: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A write of ours of which the platform may not have told the outcome.

    Attributes:
        values: Native values as sent.
        fields: The common values that they stand for.
        open: Whether its outcome is still unknown; else it was taken for lost.
        resets: What the platform makes of other native fields with it.
    """

    values: Mapping[str, Native]
    fields: Mapping[str, Value]
    open: bool
    resets: Mapping[str, Native] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """One link as the merge sees it.

    Attributes:
        instance: Which side.
        shadow: Native values on which both sides last agreed.
        settled: The common values that the shadow stands for.
        seen: Native values as last seen.
        seen_at: The record's own time of that.
        seen_by: Who wrote last, where the platform says.
        own: Whether that was our own account.
    """

    instance: str
    shadow: Mapping[str, Native]
    settled: Mapping[str, Value]
    seen: Mapping[str, Native]
    seen_at: datetime
    seen_by: str | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What one side has to say.

    Attributes:
        instance: Which side.
        candidates: What people changed there.
        shadow: The shadow once that is taken up.
        settled: What it then stands for.
        unmapped: Values that no mapping knows; their shadow stays, so that they are not forgotten.
    """

    instance: str
    candidates: tuple[Candidate, ...]
    shadow: Mapping[str, Native]
    settled: Mapping[str, Value]
    unmapped: tuple[Unmapped, ...]


def look(
    view: View,
    mapping: FieldMapping,
    directory: Directory,
    sent: Sequence[Sent] = (),
    assigns: frozenset[str] = frozenset(),
) -> Look:
    """Compare what was seen of a record with its shadow.

    Args:
        view: The record.
        mapping: Of that side.
        directory: Of that side's people and groups.
        sent: Writes to it whose outcome is not known, oldest first: what came of them is no person's edit.
        assigns: Native fields that the platform sets by itself, too.
    """
    if view.seen == view.shadow:
        return Look(view.instance, (), view.shadow, view.settled, ())
    reading = mapping.read(view.seen, directory, Incident("", view.settled))
    unknown = {entry.field: entry for entry in reading.unmapped}
    settled = dict(view.settled)
    shadow = dict(view.seen)
    origin = Origin(view.instance, view.seen_by or "somebody", view.seen_at)
    candidates: list[Candidate] = []
    unmapped: list[Unmapped] = []
    for name, rule in mapping.rules.items():
        natives = mapping.natives_of(name)
        changed = {n for n in natives if view.shadow.get(n) != view.seen.get(n)}
        if not changed or not rule.direction.reads:
            continue
        ours = next((s for s in reversed(sent) if _came_of(s, changed, natives, view)), None)
        if ours is not None:
            _agree(settled, name, rule.kind, ours)
        elif any(_fell_with(s, changed, view) for s in sent):
            continue  # the shadow takes it, and the side goes on to stand for the value on which it agreed
        elif name in unknown:
            unmapped.append(unknown[name])
            for native in changed:
                _keep(shadow, view.shadow, native)
        elif name in reading.values:
            value, base = reading.values[name], view.settled.get(name)
            if value != base:
                by_itself = changed <= assigns and (view.own or view.seen_by is None)
                by = replace(origin, actor=PLATFORM) if by_itself else origin
                unsure = any(s.open and s.fields.get(name, base) != base for s in sent)
                candidates.append(Candidate(name, value, base, by, automatic=by_itself, unsure=unsure))
            elif rule.kind is Kind.STATUS and natives <= view.shadow.keys():
                again = _had_fallen(view, name, mapping, directory)
                candidates.append(Candidate(name, value, base, origin, again=again))
            settled[name] = value
    return Look(view.instance, tuple(candidates), shadow, settled, tuple(unmapped))


def _agree(settled: dict[str, Value], name: str, kind: Kind, ours: Sent) -> None:
    """Take up what our own write made of a field. A hop on the way to a status stands for no common value: the way goes on,
    wherever it leads by then."""
    if name in ours.fields:
        settled[name] = ours.fields[name]
    elif kind is Kind.STATUS and not ours.fields:
        settled.pop(name, None)


def _came_of(sent: Sent, changed: set[str], natives: frozenset[str], view: View) -> bool:
    """Whether a difference is our own write that landed: by value and sequence, and by actor where we had given up on
    it and the platform says who wrote. A value that stands in several native fields landed with all of them: a person's
    may share one."""
    matches = changed <= sent.values.keys() and all(
        sent.values[n] == view.seen.get(n) for n in natives if n in sent.values
    )
    return matches and (sent.open or view.own or view.seen_by is None)


def _had_fallen(view: View, name: str, mapping: FieldMapping, directory: Directory) -> bool:
    """Whether the side no longer said the value on which it agreed, before what was seen now."""
    return not mapping.holds(name, view.settled.get(name), view.shadow, directory)


def _fell_with(sent: Sent, changed: set[str], view: View) -> bool:
    """Whether a difference is what the platform made of other fields with our own write."""
    matches = all(n in sent.resets and sent.resets[n] == view.seen.get(n) for n in changed)
    return matches and (sent.open or view.own or view.seen_by is None)


def _keep(shadow: dict[str, Native], old: Mapping[str, Native], native: str) -> None:
    if native in old:
        shadow[native] = old[native]
    else:
        shadow.pop(native, None)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sides gave one field different values.

    Attributes:
        field: Which.
        winner: The one that stands; None while it is parked.
        losers: The others. Each is on record, and none is forgotten.
        reason: Why it was decided so, or why it is not decided.
        reopens: Whether it is about opening an incident again that may not be.
    """

    field: str
    winner: Candidate | None
    losers: tuple[Candidate, ...]
    reason: str
    reopens: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """How conflicts are decided.

    Attributes:
        policy: Common field to policy; a field that is not named follows `default`.
        owner: Common field to the instance that decides under `owner`.
        default: For all other fields.
        default_owner: The instance that decides under `owner` where none is named.
        reopen_from: Statuses from which an ended incident may be opened again.
    """

    policy: Mapping[str, Policy] = field(default_factory=dict)
    owner: Mapping[str, str] = field(default_factory=dict)
    default: Policy = Policy.LATEST
    default_owner: str | None = None
    reopen_from: frozenset[Status] = frozenset({Status.RESOLVED})


@dataclass(frozen=True, slots=True)
class Merged:
    """What the sides together say.

    Attributes:
        incident: The incident afterwards.
        changes: Fields that changed, each with the candidate that won.
        conflicts: Decided ones.
        parked: Ones that wait for a person, those that have waited before included; the field stays as it was, on all
            sides.
        confirmed: Fields that stay as they are, and that a person gave this value anew on a side that had fallen back.
        origins: Who gave the fields their values that changed, or that somebody gave alike.
    """

    incident: Incident
    changes: Mapping[str, Candidate]
    conflicts: tuple[Conflict, ...]
    parked: tuple[Conflict, ...]
    confirmed: Mapping[str, Candidate] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)


def merge(
    incident: Incident,
    origins: Mapping[str, Origin],
    looks: Sequence[Look],
    rules: Rules,
    recovered: Sequence[Candidate] = (),
    blocked: frozenset[str] = frozenset(),
) -> Merged:
    """Merge what people changed on all sides into the incident, field by field.

    Args:
        incident: As it stands.
        origins: Where its present values came from.
        looks: What each side has to say.
        rules: How conflicts are decided.
        recovered: Edits that our own writes had overwritten.
        blocked: Fields that are parked already: they stay as they are until a person decides, or until the sides agree.
    """
    by_field: dict[str, list[Candidate]] = {}
    anew: list[Candidate] = []
    alike: dict[str, list[Origin]] = {}
    for candidate in (*(c for side in looks for c in side.candidates), *recovered):
        name = candidate.field
        if candidate.value == candidate.base == incident[name]:
            alike.setdefault(name, []).append(candidate.origin)
        elif not candidate.again:
            by_field.setdefault(name, []).append(candidate)
        if candidate.again:
            anew.append(candidate)
    changes: dict[str, Candidate] = {}
    conflicts: list[Conflict] = []
    parked: list[Conflict] = []
    given = {name: together([*_givers(origins, name), *more]) for name, more in alike.items()}
    for name, candidates in by_field.items():
        oldest = min(c.origin.at for c in candidates)
        givers = _givers({**origins, **given}, name)
        if not givers and incident[name] not in (None, "", ()):
            givers = (Origin("", "Syncline", oldest),)
        present = [Candidate(name, incident[name], None, giver) for giver in givers]
        policy = Policy.MANUAL if name in blocked else rules.policy.get(name, rules.default)
        decided = _decide(name, incident, present, candidates, rules, policy)
        winner = decided.winner if isinstance(decided, Conflict) else decided
        if isinstance(decided, Conflict):
            (conflicts if winner else parked).append(decided)
        if winner is None:
            continue
        same = [c.origin for c in candidates if c.value == winner.value]
        if winner.value != incident[name]:
            changes[name] = winner
            given[name] = together(same, winner.origin)
        elif same:
            given[name] = together([*givers, *same])
    return Merged(
        incident.changed({name: c.value for name, c in changes.items()}),
        changes,
        tuple(conflicts),
        tuple(parked),
        {c.field: c for c in anew if c.field not in by_field and incident[c.field] == c.value},
        given,
    )


def _givers(origins: Mapping[str, Origin], name: str) -> tuple[Origin, ...]:
    return origins[name].all() if name in origins else ()


def together(givers: Sequence[Origin], first: Origin | None = None) -> Origin:
    """Those who gave a field the same value: of each side the last one, and `first` or the last of all before the others."""
    last: dict[str, Origin] = {}
    for giver in sorted(givers, key=lambda giver: (giver.at, giver.actor)):
        last[giver.instance] = giver
    chief = first or max(last.values(), key=lambda giver: (giver.at, giver.instance))
    return replace(chief, beside=tuple(last[name] for name in sorted(last) if name != chief.instance))


def hold(side: Look, view: View, mapping: FieldMapping, names: frozenset[str]) -> Look:
    """The look without those fields: they stay different from the shadow, so that no later look forgets them."""
    if not names:
        return side
    shadow, settled = dict(side.shadow), dict(side.settled)
    for name in names:
        for native in mapping.natives_of(name):
            _keep(shadow, view.shadow, native)
        if name in view.settled:
            settled[name] = view.settled[name]
        else:
            settled.pop(name, None)
    return replace(side, shadow=shadow, settled=settled)


def _decide(
    name: str,
    incident: Incident,
    present: Sequence[Candidate],
    candidates: Sequence[Candidate],
    rules: Rules,
    policy: Policy,
) -> Candidate | Conflict:
    spec = FIELDS.get(name)
    if spec is not None and spec.kind is Kind.TAGS:
        return _union(incident[name], candidates)
    if name == "status":
        late = _reopens(incident, candidates, rules)
        if late is not None:
            return late
    standing = _unseen(incident[name], present, candidates)
    running = [*candidates, *standing]
    if len({c.value for c in running}) == 1:
        return _latest(candidates)
    if policy is Policy.MANUAL:
        return Conflict(name, None, tuple(running), "a person decides conflicts of this field")
    winner, reason = _winner(name, policy, running, candidates, rules)
    losers = tuple(c for c in running if c.value != winner.value)
    return Conflict(name, winner, losers, reason)


def _unseen(
    value: Value, present: Sequence[Candidate], candidates: Sequence[Candidate]
) -> Sequence[Candidate]:
    """Those who gave the present value, where somebody gave another one who may not have seen it."""
    others = [c for c in candidates if c.value != value]
    # Who made an edit that our write had overwritten could not see what we wrote: it contradicts that, whatever its base.
    # Nor is it known whom somebody replaced while our own write was in doubt there.
    if any(c.recovered or c.unsure or c.base != value for c in others):
        return present
    # A side may have said the value already, were it by a word that stands for several: who edited it there before, or at
    # the same time, replaced something else. On their own side it was replaced knowingly.
    left = {c.origin.instance for c in candidates if c.base == value}
    standing = [p for p in present if p.origin.there is not None and p.origin.instance not in left]
    newest = max((p.origin.at for p in standing), default=None)
    if newest is None or all(c.origin.at > newest + SIMULTANEOUS for c in others):
        return ()
    return standing


def _latest(candidates: Sequence[Candidate]) -> Candidate:
    """The one that was given last; of two at the same moment, always the same one."""
    return max(candidates, key=_order)


def _order(candidate: Candidate) -> tuple[datetime, str, str]:
    return candidate.origin.at, candidate.origin.instance, repr(candidate.value)


def _union(present: Value, candidates: Sequence[Candidate]) -> Candidate:
    """Labels never conflict: what a side took away is taken away, unless another one added it."""
    added: set[str] = set()
    taken: set[str] = set()
    for candidate in candidates:
        base, now = set(_labels(candidate.base)), set(_labels(candidate.value))
        added |= now - base
        taken |= base - now
    value = (set(_labels(present)) - taken) | added
    return replace(_latest(candidates), value=tuple(sorted(value)))


def _labels(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _reopens(incident: Incident, candidates: Sequence[Candidate], rules: Rules) -> Conflict | None:
    if incident.status not in ENDED or incident.status in rules.reopen_from:
        return None
    if not any(isinstance(c.value, str) and Status(c.value) not in ENDED for c in candidates):
        return None
    names = ", ".join(sorted(rules.reopen_from)) or "no status"
    reason = f"the incident is {incident.status}; it may be opened again only from {names}"
    return Conflict("status", None, tuple(candidates), reason, reopens=True)


def _winner(
    name: str, policy: Policy, running: Sequence[Candidate], edits: Sequence[Candidate], rules: Rules
) -> tuple[Candidate, str]:
    owner = rules.owner.get(name, rules.default_owner)
    owned = [c for c in running if owner and c.origin.instance == owner]
    if policy is Policy.OWNER and owned:
        return _latest([c for c in owned if c in edits] or owned), f"{owner} owns this field"
    people = [c for c in running if c.origin.actor != PLATFORM]
    # Whoever opened a ticket and left a field empty has chosen nothing there.
    if any(c.value not in (None, "", ()) for c in people):
        if len({c.value for c in people}) == 1:
            return _latest(people), "what a platform gives by itself replaces nobody's choice"
        running = people
    if policy is Policy.HIGHEST:
        ranked = [c for c in running if c.value is not None]
        if ranked:
            return max(ranked, key=lambda c: (_rank(name, c.value), _order(c))), "the highest value wins"
    newest = max(c.origin.at for c in running)
    close = [c for c in running if newest - c.origin.at <= SIMULTANEOUS]
    if len({c.value for c in close}) == 1:
        return _latest(close), "the latest edit wins"
    fresh = [c for c in close if c in edits]
    pick = [c for c in fresh if c in owned] or [c for c in close if c in owned] or fresh
    first = min(c.origin.instance for c in pick)
    chosen = _latest([c for c in pick if c.origin.instance == first])
    return chosen, "the edits were made at the same time as far as the platforms' clocks can tell"


_LIFE: Final = {status: position for position, status in enumerate(Status)}


def _rank(name: str, value: Value) -> float:
    if name == "status" and isinstance(value, str):
        return _LIFE[Status(value)]
    if isinstance(value, int):
        return -value  # priority 1 is the highest
    return float(len(value)) if isinstance(value, str | tuple) else 0.0
