"""What a delivery does next, and what came of it. Between two transactions there is exactly one of these."""

from collections.abc import Sequence
from dataclasses import dataclass

from syncline.connector import Operation, Party, PartyKind, Receipt, Record, Sighting, Step
from syncline.errors import SynclineError
from syncline.model import Attachment, Remark
from syncline.store.items import Item
from syncline.store.operations import Logged


@dataclass(frozen=True, slots=True)
class Send:
    """Carry out a write whose intent is committed.

    Attributes:
        logged: The intent.
        operation: The write.
        revision: Of the record as it was known when the write was decided; 0 where there was none.
    """

    logged: Logged
    operation: Operation
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """Find out what became of a write of unknown outcome."""

    logged: Logged


@dataclass(frozen=True, slots=True)
class Read:
    """Read the record: the write's reply did not show it."""

    logged: Logged
    record_id: str


@dataclass(frozen=True, slots=True)
class Explore:
    """Look up which transitions lead out of a status."""

    record_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Recheck:
    """Look at the record once more before a person is asked: it may have moved."""

    record_id: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """Get the bytes of a file from where it was attached."""

    item: Item


@dataclass(frozen=True, slots=True)
class Meet:
    """Ask the platform who these people and groups are: what is written next names them."""

    parties: tuple[tuple[PartyKind, str], ...]


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do now; due again at `next_due` (seconds since 1970), or when it is marked."""

    next_due: float | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """Nothing can be done now, and the lease is given back already, with its back-off."""


Action = Send | Look | Read | Explore | Recheck | Fetch | Meet | Done | Released


@dataclass(frozen=True, slots=True)
class Sent:
    """A write was applied."""

    action: Send
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Failed:
    """An action ended in an error that says what to do about it."""

    action: Action
    error: SynclineError


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look for a write of unknown outcome found.

    Attributes:
        action: Which look.
        began: When it began, by the clock that nobody sets: absence counts only from after the quarantine.
        records: Those with the marker, for a create.
        sighting: The record, for a change of fields.
        remarks: All of the record, for a comment.
        attachments: All of the record, for a file.
    """

    action: Look
    began: float
    records: Sequence[Record] = ()
    sighting: Sighting | None = None
    remarks: Sequence[Remark] = ()
    attachments: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """The record as it is after a write."""

    action: Read
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Explored:
    """The transitions that lead out of a status."""

    action: Explore
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Rechecked:
    """The record as it is."""

    action: Recheck
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a file."""

    action: Fetch
    content: bytes


@dataclass(frozen=True, slots=True)
class Met:
    """Those of the people and groups that the platform knows."""

    action: Meet
    parties: Sequence[Party]


Evidence = Sent | Failed | Looked | Seen | Explored | Rechecked | Fetched | Met
