"""What a mapping says about each common field, once its file has been read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from syncline.connector import Native, PartyKind
from syncline.model import Kind, Value


class Direction(StrEnum):
    """Which way a field goes between the incident and a platform."""

    BOTH = "both"
    READ = "read"  # from the platform only
    WRITE = "write"  # to the platform only; what people change there is not taken up
    ONCE = "once"  # read always, written only when we create the record

    @property
    def reads(self) -> bool:
        """Whether the platform's value is taken up."""
        return self is not Direction.WRITE

    def writes(self, *, creating: bool) -> bool:
        """Whether the incident's value is written: to a record that we create, or to one that stands."""
        return self in {Direction.BOTH, Direction.WRITE} or (creating and self is Direction.ONCE)


class Conflict(StrEnum):
    """Who wins where both sides changed a field since they last agreed."""

    LATEST = "latest"
    HIGHEST = "highest"
    MANUAL = "manual"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A value that could not be carried over; the field stays as it is, and the report says why.

    Attributes:
        field: Common field name.
        value: What could not be carried over: the native value when reading, the common one when writing.
        reason: A sentence for the operator.
        party: Kind and name of the person or group that the directory does not know, where that is why: an id when
            reading, what to look for when writing (an e-mail address, a name or an id). Look it up, add it to
            the directory, and read or write again. One that may go by several names is reported once for each.
    """

    field: str
    value: Native | Value
    reason: str
    party: tuple[PartyKind, str] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a record says in common terms.

    Attributes:
        values: Common field to value. A field that the record says nothing about is absent; one that it holds
            empty is None (labels: an empty tuple).
        unmapped: What it says that the mapping has no word for.
    """

    values: Mapping[str, Value]
    unmapped: tuple[Unmapped, ...] = ()


@dataclass(frozen=True, slots=True)
class Writing:
    """What must be written for a record to say what the incident says.

    Attributes:
        values: Native field to value: only what differs from the record as it stands, and only where the record
            does not already say the same in its own words.
        withheld: What cannot be said on this platform. Everything else is written all the same. Where a
            fallback stands in for a person or group, both are here: the fallback in `values`, who it stands for here.
        supplied: The native fields that must go with a status or choice that is written, also those that already have
            their value: a workflow step asks for them all the same. Those that differ are in `values` too.
    """

    values: Mapping[str, Native]
    withheld: tuple[Unmapped, ...] = ()
    supplied: Mapping[str, Native] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loss:
    """A common value that this platform cannot tell from another.

    Attributes:
        field: Common field name.
        common: The value written.
        reads_back_as: What a fresh reader of the record takes it for; None where it takes it for nothing.
    """

    field: str
    common: Value
    reads_back_as: Value


@dataclass(frozen=True, slots=True)
class Supply:
    """Where a native field that must go with a status, or another choice, gets its value.

    Attributes:
        native: The native field.
        source: Common field to take it from; None: always `default`.
        default: Text used where the source is not known; `{origin}` and common fields may stand in it.
            None: the field is then left alone.
        fixed: `default` is written whatever stands there and whatever another field says.
    """

    native: str
    source: str | None = None
    default: str | None = None
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What the mapping says about one common field.

    Attributes:
        name: Common field.
        kind: What it holds.
        natives: The native fields that it is read from and written to.
        direction: Which way it goes.
        conflict: Who wins; None: the configuration decides.
        owner: The instance that wins with `Conflict.OWNER`.
        default: Common value used when a record is created while the field is not known.
        supplies: Common value to the native fields that must be written with it.
    """

    name: str
    kind: Kind
    natives: tuple[str, ...]
    direction: Direction = Direction.BOTH
    conflict: Conflict | None = None
    owner: str | None = None
    default: Value = None
    supplies: Mapping[Value, tuple[Supply, ...]] = field(default_factory=dict)
