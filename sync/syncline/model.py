"""The common model: what every linked record is about, in no platform's words.

Everything here is frozen and pure. A field of an incident has one of a few *kinds*; the kind says which
values are legal, and the mapping linter, the merge and the command line all read it from `FIELDS`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

Value = str | int | bool | None | tuple[str, ...]
"""A value of a common field. People and groups are handles (an e-mail address or a name), times are
ISO 8601 text in UTC, labels are a sorted tuple."""

CUSTOM: Final = "custom."
"""Prefix of the names of custom fields: `custom.change_window`."""


class Status(StrEnum):
    """The statuses of an incident, in the order of its life."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELED = "canceled"


STATUSES: Final = frozenset(status.value for status in Status)
"""The words for them."""
ENDED: Final = frozenset({Status.RESOLVED, Status.CLOSED, Status.CANCELED})
"""Statuses in which nobody works on the incident any more."""


class Visibility(StrEnum):
    """Who may read a remark: the customer too, or only those who work on the incident."""

    PUBLIC = "public"
    INTERNAL = "internal"


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    STATUS = "status"
    PRIORITY = "priority"
    LEVEL = "level"
    PERSON = "person"
    GROUP = "group"
    TAGS = "tags"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the common model.

    Attributes:
        name: As it stands in mappings and on the timeline.
        kind: What it holds.
        about: One sentence for the reader of a mapping.
    """

    name: str
    kind: Kind
    about: str


FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        f.name: f
        for f in (
            Field("title", Kind.TEXT, "One line that says what is wrong."),
            Field("description", Kind.TEXT, "What is wrong, at length."),
            Field("status", Kind.STATUS, "Where the incident stands in its life."),
            Field("priority", Kind.PRIORITY, "1 (highest) to 5; drives the escalation."),
            Field("impact", Kind.LEVEL, "How much is affected: 1 (most) to 3."),
            Field("urgency", Kind.LEVEL, "How soon it must be mended: 1 (soonest) to 3."),
            Field("assignee", Kind.PERSON, "Who works on it."),
            Field("group", Kind.GROUP, "Which group it is assigned to."),
            Field("tier", Kind.TEXT, "The support tier that holds it: L1, L2, L3."),
            Field("service", Kind.TEXT, "The service or configuration item that is affected."),
            Field("category", Kind.TEXT, "What sort of incident it is."),
            Field("labels", Kind.TAGS, "Free labels."),
            Field("requester", Kind.PERSON, "Who reported it."),
            Field("resolution_code", Kind.TEXT, "How it was resolved, as a code."),
            Field("resolution_notes", Kind.TEXT, "How it was resolved, in words."),
            Field("opened_at", Kind.TIME, "When it was opened."),
            Field("resolved_at", Kind.TIME, "When it was resolved."),
            Field("closed_at", Kind.TIME, "When it was closed."),
        )
    }
)


def field_named(name: str) -> Field | None:
    """The field of that name; a custom field is text. None if the model has no such field."""
    if name.startswith(CUSTOM) and len(name) > len(CUSTOM):
        return Field(name, Kind.TEXT, "A custom field.")
    return FIELDS.get(name)


def legal(kind: Kind, value: Value) -> bool:
    """Whether `value` may stand in a field of that kind. None, *not known*, always may."""
    if value is None:
        return True
    match kind:
        case Kind.STATUS:
            return isinstance(value, str) and value in STATUSES
        case Kind.PRIORITY:
            return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5
        case Kind.LEVEL:
            return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 3
        case Kind.TAGS:
            return isinstance(value, tuple) and all(isinstance(v, str) for v in value)
        case _:
            return isinstance(value, str)


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident, as all its linked records together say it is.

    Attributes:
        id: Ours, never a platform's: `SL-7K2M9QXA`. It is also the marker on the records that we create.
        values: Common field name to value; a field that is absent is not known.
    """

    id: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Value:
        """The value of a field, None where it is not known."""
        return self.values.get(name)

    def changed(self, changes: Mapping[str, Value]) -> "Incident":
        """A copy with those fields set."""
        return Incident(self.id, {**self.values, **changes})

    @property
    def title(self) -> str:
        """The title, or a stand-in that still says which incident it is."""
        title = self.values.get("title")
        return title if isinstance(title, str) and title else f"Incident {self.id}"

    @property
    def status(self) -> Status:
        """The status; an incident of which none is known yet is new."""
        status = self.values.get("status")
        return Status(status) if isinstance(status, str) else Status.NEW

    @property
    def priority(self) -> int | None:
        """1 (highest) to 5."""
        priority = self.values.get("priority")
        return priority if isinstance(priority, int) else None


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment or a work note that somebody wrote on a record.

    Attributes:
        id: The platform's id of it.
        record_id: The record it stands on.
        author: Name or address, as the platform shows it.
        body: Plain text, line ends as `\\n`.
        visibility: Public comments and internal work notes never mix.
        created_at: UTC, the platform's clock.
        own: Whether the platform says that our own account wrote it.
    """

    id: str
    record_id: str
    author: str
    body: str
    visibility: Visibility
    created_at: datetime
    own: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file on a record; its content is fetched only when it is copied.

    Attributes:
        id: The platform's id of it.
        record_id: The record it hangs on.
        name: File name.
        content_type: MIME type.
        size: Bytes.
        author: Who attached it.
        created_at: UTC, the platform's clock.
        own: Whether the platform says that our own account attached it.
    """

    id: str
    record_id: str
    name: str
    content_type: str
    size: int
    author: str
    created_at: datetime
    own: bool = False


def json_value(value: Value | float) -> Any:
    """The value as JSON has it."""
    return list(value) if isinstance(value, tuple) else value


def value_from_json(raw: Any) -> Value:
    """The value that `json_value` wrote.

    Raises:
        ValueError: what stands there is no value.
    """
    if isinstance(raw, list):
        return tuple(str(item) for item in raw)
    if raw is None or isinstance(raw, str | int | bool):
        return raw
    raise ValueError(f"{raw!r} is not a value of a field")


def tags(items: Iterable[str]) -> tuple[str, ...]:
    """Labels in the one form in which they are compared: sorted, without repeats or blanks."""
    return tuple(sorted({item for item in items if item}))
