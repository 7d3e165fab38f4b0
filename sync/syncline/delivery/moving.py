"""The next step of a record through its platform's workflow. Pure: data in, decision out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from syncline.connector import Step, Transition
from syncline.mapping.choices import ChoiceCodec
from syncline.model import Status
from syncline.planning import Explore, Want, onward, path
from syncline.station import Endpoint
from syncline.store.incidents import Link


@dataclass(frozen=True, slots=True)
class Stuck:
    """There is no way on, for a reason that a person can mend."""

    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """The record stands where it can stand: in the last resort of the mapping, since nothing nearer can be reached."""


@dataclass(frozen=True, slots=True)
class Move:
    """The next transition.

    Attributes:
        operation: It.
        start: The native status that it leads out of.
        target: The native status where the way ends.
        name: What people call it.
        last: Whether the incident's status is reached with it.
    """

    operation: Transition
    start: str
    target: str
    name: str
    last: bool


def next_move(
    endpoint: Endpoint,
    link: Link,
    wanted: Status,
    want: Want,
    known: Mapping[str, Sequence[Step]],
    taken: Collection[tuple[str, str]],
) -> Move | Explore | Arrived | Stuck:
    """The next transition on the shortest way to the wanted status.

    Args:
        endpoint: Whose workflow it is.
        link: The record.
        wanted: The incident's status.
        want: What the record lacks, its status among it.
        known: Native status to the steps that lead out of it, as far as they were looked up.
        taken: Native status and id of the steps that were taken just now.
    """
    workflow = endpoint.capabilities.workflow
    assert workflow is not None
    start, target = str(link.seen.get(workflow)), str(want.values[workflow])
    way = _way(endpoint, known, start, target, wanted)
    if isinstance(way, Explore):
        return way
    if way is not None and not way:
        return Arrived()
    if not way:
        reached = ", ".join(sorted({step.to for steps in known.values() for step in steps})) or "nowhere"
        return Stuck(
            f"its workflow leads from {start!r} to {reached}, and not to {target!r}; "
            "add a transition there, or map the status to one that can be reached"
        )
    step = way[0]
    if (start, step.id) in taken:
        return Stuck(
            f"the transition {step.name!r} was taken, and it still is {start!r}; see what the workflow does there"
        )
    available = {**want.supplied, **want.values}
    missing = [n for n in step.required if available.get(n) is None]
    if missing:
        return Stuck(
            f"the transition {step.name!r} asks for {', '.join(missing)}; give it in the mapping under `status: with:`"
        )
    values = {n: available[n] for n in step.required}
    there = {**link.seen, workflow: step.to}
    last = len(way) == 1 and endpoint.mapping.holds("status", wanted, there, endpoint.directory)
    return Move(Transition(link.record_id, step.id, step.to, values), start, target, step.name, last)


def _way(
    endpoint: Endpoint, known: Mapping[str, Sequence[Step]], start: str, target: str, wanted: Status
) -> Sequence[Step] | Explore | None:
    """The steps to a native status that says what the incident's status is."""
    codec = endpoint.mapping.codecs.get("status")
    if not isinstance(codec, ChoiceCodec):
        return path(known, start, [target])
    words = dict.fromkeys([target, *codec.written.get(wanted, ())])
    exact = [native for native in words if native == target or codec.read_as.get(native) == wanted]
    # A word that is read as another status is the last resort.
    for targets in (exact, [native for native in words if native not in exact]):
        way = path(known, start, targets)
        if way is not None:
            return way
    return onward(known, start, codec.read_as, wanted) or None
