"""What has to be written to one side so that it agrees with the incident: the smallest set of operations. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from syncline.connector import Capabilities, Native, PartyKind, Step
from syncline.mapping import Directory
from syncline.mapping import Mapping as FieldMapping
from syncline.merge import View
from syncline.model import ENDED, Incident, Status, Value


@dataclass(frozen=True, slots=True)
class Want:
    """What one side lacks.

    Attributes:
        fields: The common values that it is to be given.
        values: The native values that do so.
        settled: Common values that its native ones already stand for: agreed without a write.
        withheld: Common field to the reason why it is not written here.
        supplied: Native fields that go with a status: a workflow step may ask for them.
        strangers: People and groups that the directory does not know, and whom the platform may.
    """

    fields: Mapping[str, Value] = field(default_factory=dict)
    values: Mapping[str, Native] = field(default_factory=dict)
    settled: Mapping[str, Value] = field(default_factory=dict)
    withheld: Mapping[str, str] = field(default_factory=dict)
    supplied: Mapping[str, Native] = field(default_factory=dict)
    strangers: tuple[tuple[PartyKind, str], ...] = ()


def difference(
    incident: Incident,
    view: View,
    mapping: FieldMapping,
    directory: Directory,
    *,
    capabilities: Capabilities | None = None,
    blocked: frozenset[str] = frozenset(),
    origin: str = "",
) -> Want:
    """What the record of `view` lacks to agree with the incident.

    A field that somebody edited since the last merge is left alone: it is merged first. Fields in `blocked` wait for
    a person.

    Args:
        incident: As it should be.
        view: The record as last seen.
        mapping: Of that instance.
        directory: Of that instance's people and groups.
        capabilities: Of that instance's platform; None: nothing is known that it cannot do.
        blocked: Common fields that must not be written there now.
        origin: What a text that must name the origin calls it.
    """
    behind = {
        name: incident[name]
        for name, rule in mapping.rules.items()
        if rule.direction.writes(creating=False)
        and name in incident.values
        and name not in blocked
        and (name not in view.settled or incident[name] != view.settled[name])
    }
    if not behind:
        return Want()
    unmerged = {
        name
        for name in behind
        if any(view.seen.get(n) != view.shadow.get(n) for n in mapping.natives_of(name))
    }
    wanted = {name: value for name, value in behind.items() if name not in unmerged}
    if not wanted:
        return Want()
    writing = mapping.write(wanted, incident, view.shadow, directory, origin=origin)
    fixed = _fixed(mapping, view, capabilities).intersection(writing.values)
    steps = capabilities.workflow if capabilities is not None else None
    waiting = {
        name: found for name in wanted if (found := fixed & _carriers(mapping, name, wanted[name], steps))
    }
    if waiting:
        wanted = {name: value for name, value in wanted.items() if name not in waiting}
        writing = mapping.write(wanted, incident, view.shadow, directory, origin=origin)
    withheld = {entry.field: entry.reason for entry in writing.withheld}
    kept = {
        native
        for native, value in writing.values.items()
        if capabilities is not None and native in capabilities.never_empty and value in (None, "", ())
    }
    values = {native: value for native, value in writing.values.items() if native not in kept}
    for name in wanted:
        for native in sorted(kept & mapping.natives_of(name)):
            withheld[name] = f"{native} cannot be emptied there, and stays as it is"
    fields = {
        name: value for name, value in wanted.items() if any(n in values for n in mapping.natives_of(name))
    }
    if "status" not in fields:  # else the status goes first, and then the rest may be taken
        status = ", ".join(str(view.seen.get(n)) for n in sorted(mapping.natives_of("status")))
        for name, found in waiting.items():
            natives = " and ".join(sorted(found))
            withheld[name] = (
                f"{natives} cannot be changed there while the status is {status}; it is written when that changes"
            )
    settled = {name: value for name, value in wanted.items() if name not in fields}
    strangers = tuple(entry.party for entry in writing.withheld if entry.party is not None)
    return Want(fields, values if fields else {}, settled, withheld, writing.supplied, strangers)


def _fixed(mapping: FieldMapping, view: View, capabilities: Capabilities | None) -> frozenset[str]:
    """The native fields that a record takes no more in the status in which it was last seen."""
    if capabilities is None:
        return frozenset()
    statuses = (view.seen.get(native) for native in mapping.natives_of("status"))
    return frozenset().union(*(capabilities.fixed_in.get(str(status), ()) for status in statuses))


def _carriers(mapping: FieldMapping, name: str, value: Value, workflow: str | None) -> frozenset[str]:
    """The native fields by which a common value is written, with those that must go with it. What goes with a status that is
    reached by steps is given with the step that asks for it, and by then the record stands elsewhere."""
    natives = mapping.natives_of(name)
    if workflow in natives:
        return natives
    return natives | {supply.native for supply in mapping.rules[name].supplies.get(value, ())}


@dataclass(frozen=True, slots=True)
class Explore:
    """The path cannot be known before the steps of that status are."""

    status: str


_LIFE: Final = {status: place for place, status in enumerate(Status)}


def onward(
    known: Mapping[str, Sequence[Step]], start: str, read: Mapping[str, Value], wanted: Status
) -> Sequence[Step]:
    """The shortest way to a status behind which the workflow is not known.

    The workflow of a platform shows itself only from the statuses in which tickets are. A new project has none in most of
    them; then the way is found by walking it, and only over statuses in which people work: nothing ends on the way.
    One that lies between the present status and the wanted one is best; else work in progress, from where most ways lead;
    and what is opened again may begin anew.

    Args:
        known: Native status to the steps that lead out of it; one with none was looked up in vain.
        start: The present native status.
        read: Native status to the common one that it is read as.
        wanted: The common status to be reached.
    """
    present = read.get(start)
    if not isinstance(present, str):
        return ()
    low, high = sorted((_LIFE[Status(present)], _LIFE[wanted]))
    opening = Status(present) in ENDED and wanted not in ENDED
    frontier: list[tuple[str, tuple[Step, ...]]] = [(start, ())]
    visited = {start}
    while frontier:
        found: list[tuple[bool, bool, int, tuple[Step, ...]]] = []
        following: list[tuple[str, tuple[Step, ...]]] = []
        for native, way in frontier:
            for step in known.get(native, ()):
                common = read.get(step.to)
                if not isinstance(common, str) or Status(common) in ENDED or step.to in visited:
                    continue
                if known.get(step.to):
                    visited.add(step.to)
                    following.append((step.to, (*way, step)))
                    continue
                status, life = Status(common), _LIFE[Status(common)]
                between = low < life < high
                anew = opening and status is Status.NEW
                if between or anew or status is Status.IN_PROGRESS:
                    on_hold = anew or status is Status.ON_HOLD
                    found.append((not between, on_hold, abs(_LIFE[wanted] - life), (*way, step)))
        if found:
            return min(found, key=lambda entry: entry[:3])[3]
        frontier = [entry for entry in following if len(entry[1]) < FURTHEST]
    return ()


FURTHEST: Final = 6
"""More transitions than this in a row are no way to a status but a walk through a workflow."""


def path(
    known: Mapping[str, Sequence[Step]], start: str, targets: Sequence[str]
) -> Sequence[Step] | Explore | None:
    """The shortest way through a workflow.

    Args:
        known: Native status to the steps that lead out of it, as far as they were looked up.
        start: The present status.
        targets: Native statuses that will do, the preferred one first.

    Returns:
        The steps in order; the status to look up next; or None where no way leads there.
    """
    wanted = {status.casefold(): rank for rank, status in enumerate(reversed(targets))}
    frontier: list[tuple[str, tuple[Step, ...]]] = [(start, ())]
    visited = {start.casefold()}
    while frontier:
        reached = [way for status, way in frontier if status.casefold() in wanted]
        if reached:
            return max(reached, key=lambda way: wanted[(way[-1].to if way else start).casefold()])
        unknown = next((status for status, _ in frontier if status not in known), None)
        if unknown is not None:
            return Explore(unknown)
        following: list[tuple[str, tuple[Step, ...]]] = []
        for status, way in frontier:
            for step in known[status]:
                if step.to.casefold() not in visited and len(way) < FURTHEST:
                    visited.add(step.to.casefold())
                    following.append((step.to, (*way, step)))
        frontier = following
    return None
