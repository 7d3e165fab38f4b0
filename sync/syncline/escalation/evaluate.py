"""The evaluator: the only one. The daemon calls it for every incident that is reconciled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syncline.model import Incident, Value


@dataclass(frozen=True, slots=True)
class Policy:
    """A published escalation policy.

    Attributes:
        id: As its author named it.
        digest: Of its text; a run keeps to the version that it began with.
        body: As parsed.
    """

    id: str
    digest: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """An escalation in progress.

    Attributes:
        id: Its own.
        policy: The policy's id.
        digest: The version of the policy that it keeps to.
        started_at: Aware, UTC.
        state: What the evaluator remembers between two looks.
    """

    id: str
    policy: str
    digest: str
    started_at: datetime
    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said to somebody.

    Attributes:
        run_id: By which run.
        occasion: Step and repetition: for one recipient and channel it is said once.
        recipient: A person's or a group's handle.
        channel: By which way.
        content: What.
    """

    run_id: str
    occasion: str
    recipient: str
    channel: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows for an incident now.

    Attributes:
        incident: As it should be.
        changes: Common fields that the escalation sets.
        runs: The runs afterwards.
        messages: What is to be said.
        look_again: When the next step may be due; None: not before something changes.
        reasons: One sentence for each thing decided, for the timeline.
    """

    incident: Incident
    changes: Mapping[str, Value] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    messages: tuple[Message, ...] = ()
    look_again: datetime | None = None
    reasons: tuple[str, ...] = ()


def escalate(policies: Sequence[Policy], incident: Incident, runs: Sequence[Run], now: datetime) -> Decision:
    """Apply the policies to an incident at a moment.

    Without a policy nothing is escalated, and running escalations stay as they are.

    Raises:
        ValueError: there is a policy, and this version of Syncline speaks no policy language yet.
    """
    if policies:
        raise ValueError(
            f"escalation policy {policies[0].id!r} at {now.isoformat()}: this version keeps incidents in agreement "
            "but has no policy language yet; remove the policy"
        )
    return Decision(incident, runs=tuple(runs))
