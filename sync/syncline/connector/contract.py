"""What a connector can do and must offer, and how a plugin brings it."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol, runtime_checkable

from syncline.connector.operations import Operation, Paged, Receipt, Step
from syncline.connector.records import Cursor, Edit, Hint, Native, Page, Party, PartyKind, Record, Sighting
from syncline.errors import Refused
from syncline.http.client import Http
from syncline.http.dialect import Dialect
from syncline.http.settings import InstanceSettings
from syncline.model import Attachment, Remark, Visibility

CONTRACT: Final = "1.1"
"""The first number is raised when a plugin written for the version before would no longer work, the second when something is
added that a plugin may use."""


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """A field of the live platform.

    Attributes:
        name: As in `Record.values`.
        label: What people read.
        required: Whether a create must bring it.
        writable: Whether we may set it.
        choices: Allowed native values, or None where anything goes.
        max_length: Characters, or None.
    """

    name: str
    label: str
    required: bool = False
    writable: bool = True
    choices: tuple[str, ...] | None = None
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """What the live platform looks like to our account: what a mapping is held against.

    Attributes:
        fields: By native name.
        statuses: The native statuses there are, or None where the field's choices say it.
        groups: The groups that tickets can be assigned to.
    """

    fields: Mapping[str, FieldSchema]
    statuses: tuple[str, ...] | None = None
    groups: tuple[Party, ...] = ()


class Severity(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of looking at an instance.

    Attributes:
        check: What was looked at: `reachable`, `authorised`, `clock`, `time zone`, `permissions`, `history`, `schema`,
            `library`, or a name of the platform's own.
        severity: How bad it is.
        message: What was found.
        fix: What to do about it; empty where all is well.
    """

    check: str
    severity: Severity
    message: str
    fix: str = ""


class HistoryKind(StrEnum):
    """How a platform's change history is had.

    Attributes:
        NONE: There is none.
        INLINE: Polls and reads bring it: `Sighting.edits`.
        READ: By a read of its own: `Connector.history`.
    """

    NONE = "none"
    INLINE = "inline"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can do, as facts. The core adapts to these and never to a platform's name.

    Attributes:
        counted_revisions: Each update raises the revision by exactly one, so a foreign one in between shows.
        workflow: The native field that only transitions change, or None where statuses are simply set.
        create_key: The platform itself refuses a second create with a marker that an open record carries. It
            spares no quarantine: the marker of a record that has ended is free again.
        search_lag: Seconds until a search by marker is sure to show what was written.
        settles_within: Seconds after which a request that we gave up on can no longer take effect.
        visibilities: Kinds of remark that it keeps apart. What it lacks is never copied there as something
            more public.
        attachments: Whether files can be hung on a record.
        max_attachment: Largest file, bytes.
        history: How the change history is had.
        history_gaps: What the history is known to leave out, for the operator; empty where it is complete.
        unlogged: Native fields of which the history does not tell, or not always: that it is silent says nothing of them.
        text_limits: Native field to most characters; what is longer is cut with a visible mark.
        read_many: Most records that one `read_many` takes.
        creates_whole: A create takes every field that it is given: what differs at our first look was changed since.
        never_empty: Native fields that the platform cannot empty once they hold something.
        fixed_in: Native status to the fields that a record in it takes no more.
        resets: Native field to the values that the platform gives other fields when it is written: nobody's edits, and
            the incident does not follow them.
        assigns: Native fields that the platform sets by itself, too: where it names no person, none did. That replaces no
            choice of a person's elsewhere.
        pages: Whether it calls people by itself. Its connector then is a `Pager`, and takes `PagePerson`.
    """

    counted_revisions: bool
    workflow: str | None
    create_key: bool
    search_lag: float
    settles_within: float
    visibilities: frozenset[Visibility]
    attachments: bool
    max_attachment: int
    history: HistoryKind
    history_gaps: str = ""
    unlogged: frozenset[str] = frozenset()
    text_limits: Mapping[str, int] = field(default_factory=dict)
    read_many: int = 50
    creates_whole: bool = False
    never_empty: frozenset[str] = frozenset()
    fixed_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    resets: Mapping[str, Mapping[str, Native]] = field(default_factory=dict)
    assigns: frozenset[str] = frozenset()
    pages: bool = False

    def resets_of(self, natives: Iterable[str]) -> dict[str, Native]:
        """What the platform makes of other fields when those are written."""
        return {name: value for native in natives for name, value in self.resets.get(native, {}).items()}


class Connector(Protocol):
    """One instance of a platform. Called by several workers at once: keeps no state but caches.

    Every method may raise `Configuration`, `RetryLater` or `Gone`; those that write also `Refused` and
    `OutcomeUnknown`. None of them retries or sleeps by itself: `Http` does, within its bounds.

    A class that derives from this one need not write what its platform lacks: what answers here says that there is nothing.
    """

    @abstractmethod
    def start(self, since: datetime | None) -> Cursor:
        """The cursor that sees every change from `since` on (aware, UTC); None: from now on."""
        ...

    @abstractmethod
    def poll(self, cursor: Cursor, limit: int) -> Page:
        """The changes after `cursor`, about `limit` records at the most. Overlaps are the connector's affair:
        it may bring a record twice, and must never leave one out."""
        ...

    @abstractmethod
    def read(self, record_id: str) -> Sighting:
        """One record by its id, never from a search index. Raises `Gone` where it is no more."""
        ...

    @abstractmethod
    def read_many(self, record_ids: Sequence[str]) -> Sequence[Sighting]:
        """Those of the records that can be seen, each with all that was said on it and all its files: the sweep finds what
        polls missed by nothing else. Absence proves nothing."""
        ...

    @abstractmethod
    def find(self, marker: str) -> Sequence[Record]:
        """Records that carry the marker, oldest first; open and ended ones."""
        ...

    @abstractmethod
    def lookup(self, key: str) -> Record | None:
        """The record that people call by that key or id; None where there is none."""
        ...

    @abstractmethod
    def remarks(self, record_id: str) -> Sequence[Remark]:
        """All comments and notes of a record, oldest first."""
        ...

    def attachments(self, record_id: str) -> Sequence[Attachment]:  # noqa: ARG002
        """All files of a record, oldest first. Only with `Capabilities.attachments`."""
        return ()

    def content(self, attachment: Attachment) -> bytes:
        """The bytes of a file. `Http` raises `Refused` where it is larger than the instance's limit. Only with
        `Capabilities.attachments`."""
        raise Refused(f"the file {attachment.name!r} cannot be fetched: the platform holds none")

    def history(self, record_id: str, since: datetime) -> Sequence[Edit]:  # noqa: ARG002
        """The change history from `since` on (platform's clock), oldest first. Only with `Capabilities.history`."""
        return ()

    def steps(self, record_id: str, status: str) -> Sequence[Step]:  # noqa: ARG002
        """The transitions that a record in native `status` may take. Where `record_id` is not in that status, those
        of another record of the same workflow that is; empty where none can be found. Only with `workflow`."""
        return ()

    @abstractmethod
    def write(self, operation: Operation) -> Receipt:
        """Carry out one operation. Sends exactly one request that changes something, and what prepares it shows to nobody; or
        several, where each of them may be sent again without harm and the platform takes no more at once."""
        ...

    def parties(self, kind: PartyKind, ids: Sequence[str]) -> Sequence[Party]:  # noqa: ARG002
        """Those people or groups, by id. Only where tickets are assigned to somebody."""
        return ()

    def find_party(self, kind: PartyKind, name: str) -> Party | None:  # noqa: ARG002
        """The person with that e-mail address (else that exact name), or the group with that exact name; either also
        by its id. Only where tickets are assigned to somebody."""
        return None

    @abstractmethod
    def schema(self) -> Schema:
        """Fields, choices, required fields, statuses and groups, as they are now."""
        ...

    @abstractmethod
    def check(self) -> Iterator[Finding]:
        """Look whether this instance can be worked with: one finding for each thing looked at."""
        ...

    def parse_hint(self, headers: Mapping[str, str], raw: bytes) -> Sequence[Hint]:  # noqa: ARG002
        """The records that a webhook's body is about. Header names are lower case; the signature is already
        verified. Raises ValueError where the body is not one of the platform's. Only where it sends webhooks."""
        raise ValueError("no webhooks are known of this platform")


@runtime_checkable
class Pager(Connector, Protocol):
    """The connector of a platform that calls people by itself."""

    @abstractmethod
    def paged(self, record_id: str, person: str, since: datetime) -> Paged:
        """Whether a person whom we paged for a record has been reached since then (platform's clock).

        `person` is what `PagePerson` had. Raises `Gone` where the record is no more.
        """
        ...


@runtime_checkable
class Linking(Connector, Protocol):
    """The connector of a platform whose links back are no notes, so that `remarks` does not show them."""

    @abstractmethod
    def linked(self, record_id: str) -> Sequence[tuple[str, str]]:
        """The links back that stand on a record: marker, and the instance to which it leads. Raises `Gone` where the record is
        no more."""
        ...


@dataclass(frozen=True, slots=True)
class Plugin:
    """What an entry point of `syncline.connectors` gives.

    Attributes:
        platform: The kind of system: `servicenow`. Also the name of its default mapping.
        title: What people read: `ServiceNow`.
        capabilities: What it can do.
        settings: Its settings, a subclass of `InstanceSettings`.
        dialect: How it says no.
        connect: Gives the connector of one instance: the class will do. It is called with settings of the class above, the
            instance's `Http`, and the native fields that the mapping names.
        mapping: Its default mapping as YAML text; None where `mappings/<platform>.yaml` is shipped with Syncline.
        contract: The version of the contract that it was written for, as text: a plugin that takes it from `CONTRACT` would
            say of itself that it fits whatever it meets.
    """

    platform: str
    title: str
    capabilities: Capabilities
    settings: type[InstanceSettings]
    dialect: Dialect
    connect: Callable[[Any, Http, frozenset[str]], Connector]
    mapping: str | None = None
    contract: str = "1.0"
