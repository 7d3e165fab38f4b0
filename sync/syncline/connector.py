"""The connector contract: everything that the core asks of a platform, and all that a plugin must bring.

A plugin is an object of `Plugin` behind the entry point group `syncline.connectors`. Its `connect` gives a
`Connector` for one configured instance. What a platform can and cannot do is stated as data (`Capabilities`),
so that the core never asks which platform it talks to. `CONTRACT` is the version of all of this.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol, runtime_checkable

from syncline.http.client import Http
from syncline.http.dialect import Dialect
from syncline.http.settings import InstanceSettings
from syncline.model import Attachment, Remark, Visibility

CONTRACT: Final = 1
"""Raised when a plugin written for the version before would no longer work."""

Native = str | int | float | bool | None | tuple[str, ...]
"""A native value in canonical form: text with `\\n` line ends and no trailing white space, times as ISO 8601
in UTC, references as the bare id, lists as sorted tuples, nothing as None. The same state of a record always
gives equal values: the merge compares them."""

Cursor = Mapping[str, Any]
"""How far a poll has come, on the platform's clock only. JSON, and nobody's business but the connector's."""


_MARK: Final = re.compile(r"\[syncline:([0-9a-z]{12})\]\s*\Z")


def mark(marker: str) -> str:
    """The mark that ends every text of ours that people can read. `marker` is twelve lower-case letters and digits."""
    return f"[syncline:{marker}]"


def marker_of(text: str) -> str | None:
    """The marker of a text that we wrote. It stands at the very end: one that is quoted in a person's reply is none."""
    found = _MARK.search(text)
    return found.group(1) if found else None


class PartyKind(StrEnum):
    """What a party is."""

    PERSON = "person"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Party:
    """A person or a group of a platform.

    Attributes:
        kind: Person or group.
        id: What the native value holds: a sys_id, an accountId, a PagerDuty id.
        name: What people read.
        email: Lower case; None where the platform hides it.
    """

    kind: PartyKind
    id: str
    name: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """One line of a platform's own change history: who set which field, when, from what to what.

    Attributes:
        id: The platform's id of the entry, or one made of its parts; the same at every read.
        actor: Who, as the platform names the account.
        own: Whether that is our own account.
        at: UTC, the platform's clock.
        field: Native field name, as in `Record.values`.
        before: Canonical native value, or None where the history does not hold it.
        after: Canonical native value.
    """

    id: str
    actor: str
    own: bool
    at: datetime
    field: str
    before: Native
    after: Native


@dataclass(frozen=True, slots=True)
class Record:
    """A ticket as its platform has it.

    Attributes:
        id: Never changes and is never used again: sys_id, Jira's numeric id, PagerDuty's id.
        key: What people call it: `INC0010001`, `OPS-12`, `#4711`.
        url: Where a person opens it.
        values: Native field name to canonical value, for the fields that were asked for.
        revision: Grows with each update; equal revision, equal values.
        created_at: UTC, the platform's clock.
        updated_at: UTC, the platform's clock.
        updated_by: Who wrote last, where the platform says so.
        own: Whether the platform says that our own account wrote last.
        marker: Our marker that the platform keeps for it, or None.
        parties: People and groups that `values` name, as far as the reply described them.
    """

    id: str
    key: str
    url: str
    values: Mapping[str, Native]
    revision: int
    created_at: datetime
    updated_at: datetime
    updated_by: str | None = None
    own: bool = False
    marker: str | None = None
    parties: tuple[Party, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look saw of one record.

    Attributes:
        record_id: Which.
        record: Its values, or None where the look brought only remarks or attachments.
        remarks: Comments and notes that the look brought; not necessarily all there are.
        attachments: Files that the look brought; not necessarily all there are.
        edits: The latest change history, oldest first, where the look brings it; None where it does not.
    """

    record_id: str
    record: Record | None
    remarks: tuple[Remark, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    edits: tuple[Edit, ...] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of changes.

    Attributes:
        sightings: One for each record, in the order of change.
        cursor: Where the next page begins; saved in the transaction that stores this page.
        more: Whether the next page can be asked for at once.
    """

    sightings: tuple[Sighting, ...]
    cursor: Cursor
    more: bool


@dataclass(frozen=True, slots=True)
class Create:
    """Make a record that carries our marker."""

    marker: str
    values: Mapping[str, Native]


@dataclass(frozen=True, slots=True)
class Update:
    """Set fields of a record."""

    record_id: str
    values: Mapping[str, Native]


@dataclass(frozen=True, slots=True)
class Transition:
    """Take one step of the platform's workflow.

    Attributes:
        record_id: Which record.
        transition_id: The platform's id of the step.
        to: The native status that it leads to.
        values: Fields that the step asks for.
    """

    record_id: str
    transition_id: str
    to: str
    values: Mapping[str, Native] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comment:
    """Write a remark. `body` already names author and origin and carries the marker in its text."""

    record_id: str
    marker: str
    body: str
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class Attach:
    """Hang a file on a record."""

    record_id: str
    marker: str
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Reference:
    """A record elsewhere: where a link back leads."""

    instance: str
    platform: str
    key: str
    url: str
    title: str


@dataclass(frozen=True, slots=True)
class LinkBack:
    """Show on a record where its siblings are. Written again it replaces what the same marker wrote,
    where the platform can. A platform that has no links of its own gets `text` as an internal note."""

    record_id: str
    marker: str
    references: tuple[Reference, ...]

    @property
    def text(self) -> str:
        """The note; it ends with the mark by which it is known as ours."""
        lines = [f"{r.platform} {r.key}: {r.url}" for r in self.references]
        return "\n".join(("The same incident elsewhere:", *lines, mark(self.marker)))


@dataclass(frozen=True, slots=True)
class PagePerson:
    """Ask a person to respond to a record, by the platform's own paging. Only where `Capabilities.pages`.

    Attributes:
        record_id: Which record.
        marker: Of this page: its text ends with it.
        person: The platform's id of the person, or their e-mail address there.
        text: What the person reads, without a mark.
    """

    record_id: str
    marker: str
    person: str
    text: str


Operation = Create | Update | Transition | Comment | Attach | LinkBack | PagePerson
"""One intended write to one platform: one request, or one of which only the last changes anything."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the platform said to a write that it applied.

    Attributes:
        record_id: The record, also of a create.
        record: Its new values, or None where the reply brings none: it is then read once.
        item_id: The id of the comment or attachment, where the reply brings it.
    """

    record_id: str
    record: Record | None = None
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A transition that a record's workflow allows.

    Attributes:
        id: The platform's id of it.
        name: What people read.
        to: The native status that it leads to, as in `Record.values`.
        required: Native fields that must be given, each with its allowed values (empty: any).
    """

    id: str
    name: str
    to: str
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
        check: What was looked at: `reachable`, `authorised`, `permissions`, `clock`, `time zone`, `schema`.
        severity: How bad it is.
        message: What was found.
        fix: What to do about it; empty where all is well.
    """

    check: str
    severity: Severity
    message: str
    fix: str = ""


class Paged(StrEnum):
    """What the platform says of a person whom it was to page."""

    PENDING = "pending"  # no sign yet
    REACHED = "reached"  # told, by one of the ways that the person chose there
    ANSWERED = "answered"  # accepted, or acknowledged the record
    FAILED = "failed"  # declined, or told in vain by every way


class HistoryKind(StrEnum):
    """How a platform's change history is had."""

    NONE = "none"
    INLINE = "inline"  # polls and reads bring it: `Sighting.edits`
    READ = "read"  # by a read of its own: `Connector.history`


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can do, as facts. The core adapts to these and never to a platform's name.

    Attributes:
        counted_revisions: Each update raises the revision by exactly one, so a foreign one in between shows.
        workflow: The native field that only transitions change, or None where statuses are simply set.
        create_key: The platform itself refuses a second create with a marker that an open record carries.
        search_lag: Seconds until a search by marker is sure to show what was written.
        settles_within: Seconds after which a request that we gave up on can no longer take effect.
        visibilities: Kinds of remark that it keeps apart. What it lacks is never copied there as something
            more public.
        attachments: Whether files can be hung on a record.
        max_attachment: Largest file, bytes.
        history: How the change history is had.
        history_gaps: What the history is known to leave out, for the operator; empty where it is complete.
        text_limits: Native field to most characters; what is longer is cut with a visible mark.
        read_many: Most records that one `read_many` takes.
        never_empty: Native fields that the platform cannot empty once they hold something.
        fixed_in: Native status to the fields that a record in it takes no more.
        resets: Native field to the values that the platform gives other fields when it is written: nobody's edits, and
            the incident does not follow them.
        assigns: Native fields that the platform sets by itself, too: where it names no person, none did.
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
    text_limits: Mapping[str, int] = field(default_factory=dict)
    read_many: int = 50
    never_empty: frozenset[str] = frozenset()
    fixed_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    resets: Mapping[str, Mapping[str, Native]] = field(default_factory=dict)
    assigns: frozenset[str] = frozenset()
    pages: bool = False

    def resets_of(self, natives: Iterable[str]) -> dict[str, Native]:
        """What the platform makes of other fields when those are written."""
        return {name: value for native in natives for name, value in self.resets.get(native, {}).items()}


@dataclass(frozen=True, slots=True)
class Hint:
    """This record may have changed. It carries no decision.

    Attributes:
        record_id: Which.
        delivery_id: The platform's id of the message, so that a repeated one is known; None where it has none.
    """

    record_id: str
    delivery_id: str | None = None


class Connector(Protocol):
    """One instance of a platform. Called by several workers at once: keeps no state but caches.

    Every method may raise `Configuration`, `RetryLater` or `Gone`; those that write also `Refused` and
    `OutcomeUnknown`. None of them retries or sleeps by itself: `Http` does, within its bounds.
    """

    def start(self, since: datetime | None) -> Cursor:
        """The cursor that sees every change from `since` on (aware, UTC); None: from now on."""
        ...

    def poll(self, cursor: Cursor, limit: int) -> Page:
        """The changes after `cursor`, about `limit` records at the most. Overlaps are the connector's affair:
        it may bring a record twice, and must never leave one out."""
        ...

    def read(self, record_id: str) -> Sighting:
        """One record by its id, never from a search index. Raises `Gone` where it is no more."""
        ...

    def read_many(self, record_ids: Sequence[str]) -> Sequence[Sighting]:
        """Those of the records that can be seen; absence proves nothing."""
        ...

    def find(self, marker: str) -> Sequence[Record]:
        """Records that carry the marker, oldest first; open and ended ones."""
        ...

    def lookup(self, key: str) -> Record | None:
        """The record that people call by that key or id; None where there is none."""
        ...

    def remarks(self, record_id: str) -> Sequence[Remark]:
        """All comments and notes of a record, oldest first."""
        ...

    def attachments(self, record_id: str) -> Sequence[Attachment]:
        """All files of a record, oldest first."""
        ...

    def content(self, attachment: Attachment) -> bytes:
        """The bytes of a file. Raises `Refused` where it is larger than the instance's limit."""
        ...

    def history(self, record_id: str, since: datetime) -> Sequence[Edit]:
        """The change history from `since` on (platform's clock), oldest first."""
        ...

    def steps(self, record_id: str, status: str) -> Sequence[Step]:
        """The transitions that a record in native `status` may take. Where `record_id` is not in that status, those
        of another record of the same workflow that is; empty where none can be found. Only with `workflow`."""
        ...

    def write(self, operation: Operation) -> Receipt:
        """Carry out one operation. Sends exactly one request that changes something."""
        ...

    def parties(self, kind: PartyKind, ids: Sequence[str]) -> Sequence[Party]:
        """Those people or groups, by id."""
        ...

    def find_party(self, kind: PartyKind, name: str) -> Party | None:
        """The person with that e-mail address (else that exact name), or the group with that exact name; either also
        by its id."""
        ...

    def schema(self) -> Schema:
        """Fields, choices, required fields, statuses and groups, as they are now."""
        ...

    def check(self) -> Iterator[Finding]:
        """Look whether this instance can be worked with: one finding for each thing looked at."""
        ...

    def parse_hint(self, headers: Mapping[str, str], raw: bytes) -> Sequence[Hint]:
        """The records that a webhook's body is about. Header names are lower case; the signature is already
        verified. Raises ValueError where the body is not one of the platform's."""
        ...


@runtime_checkable
class Pager(Connector, Protocol):
    """The connector of a platform that calls people by itself."""

    def paged(self, record_id: str, person: str, since: datetime) -> Paged:
        """Whether a person whom we paged for a record has been reached since then (platform's clock).

        `person` is what `PagePerson` had. Raises `Gone` where the record is no more.
        """
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
        connect: Gives the connector of one instance. `fields` are the native fields that the mapping names.
        mapping: Its default mapping as YAML text; None where `mappings/<platform>.yaml` is shipped with Syncline.
        contract: The version of the contract that it was written for.
    """

    platform: str
    title: str
    capabilities: Capabilities
    settings: type[InstanceSettings]
    dialect: Dialect
    connect: Callable[[InstanceSettings, Http, frozenset[str]], Connector]
    mapping: str | None = None
    contract: int = CONTRACT
