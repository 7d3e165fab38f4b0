"""What the evaluator decides: runs, messages, changes, and what is to be told. Frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from syncline.escalation.runs import Memory, Run
from syncline.model import Incident, Value


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that is to be said to one person by one way. Run, occasion, recipient and channel name it for good.

    Attributes:
        run_id: By which run.
        occasion: `step 2`, `step 2 again 1`, `end 3`: step and repetition.
        recipient: Id of a person.
        channel: A channel of `syncline.yaml`, or an instance whose platform pages.
        address: The person at that channel; for an instance, their id or e-mail address there.
        urgent: A page, rather than a message to stakeholders.
        title: One line.
        text: All of it.
        not_before: The end of the recipient's quiet hours, or None.
        confirm_by: Pages: by then a sign is wanted that it arrived.
        due: When it was due, where that was not just now.
    """

    run_id: str
    occasion: str
    recipient: str
    channel: str
    address: str
    urgent: bool
    title: str
    text: str
    not_before: datetime | None = None
    confirm_by: datetime | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class PageState:
    """What became of a page that was decided earlier.

    Attributes:
        run_id: By which run.
        occasion: As in `Message`.
        recipient: Id of a person.
        channel: As in `Message`.
        state: `due`, `sending`, `sent` (the service took it), `reached` (the person was notified), `answered` (they
            took it), `failed` (for good), `unknown` (no verdict came back) or `withdrawn` (it never left: nobody needed it any
            more).
        at: Since when.
        created_at: When it was decided.
        waits: Whether it has yet to leave, for the first time or once more.
    """

    run_id: str
    occasion: str
    recipient: str
    channel: str
    state: str
    at: datetime
    created_at: datetime
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Happened:
    """Something for the timeline.

    Attributes:
        kind: `escalation`: a run began, ended, or waits; `step`: a step fired or was left out; `page`: nobody could be paged.
        text: One plain sentence.
        data: For those who count: policy, run, step, how late (seconds), blame.
        note: Whether every linked record gets it as an internal note.
    """

    kind: str
    text: str
    data: Mapping[str, object] = field(default_factory=dict)
    note: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows for an incident now.

    Attributes:
        incident: As it should be.
        changes: Common fields that the escalation sets.
        runs: All runs afterwards, ended ones too.
        memory: What is to be remembered of the incident beside them.
        messages: What is to be said.
        withdrawn: Pages that wait, and are not needed any more.
        look_again: When something may be due; None: not before something changes.
        happened: What was decided and why, in order.
    """

    incident: Incident
    changes: Mapping[str, Value] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    memory: Memory = field(default_factory=Memory)
    messages: tuple[Message, ...] = ()
    withdrawn: tuple[PageState, ...] = ()
    look_again: datetime | None = None
    happened: tuple[Happened, ...] = ()
