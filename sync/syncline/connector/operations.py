"""What is written to a platform: one operation at a time, and what it says to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from syncline.connector.records import Native, Record
from syncline.errors import Refused
from syncline.model import Visibility

LINKS: Final = "The same incident elsewhere:"
"""How a note with links back begins."""

_MARK: Final = re.compile(r"\[syncline:([0-9a-z]{12})\]\s*\Z")


def mark(marker: str) -> str:
    """The mark that ends every text of ours that people can read. `marker` is twelve lower-case letters and digits."""
    return f"[syncline:{marker}]"


def marker_of(text: str) -> str | None:
    """The marker of a text that we wrote. It stands at the very end: one that is quoted in a person's reply is none."""
    found = _MARK.search(text)
    return found.group(1) if found else None


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
    """Hang a file on a record. Where no reply comes it is looked for by name and size among the files that are ours."""

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
        return "\n".join((LINKS, *lines, mark(self.marker)))


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


class Paged(StrEnum):
    """What the platform says of a person whom it was to page."""

    PENDING = "pending"  # no sign yet
    REACHED = "reached"  # told, by one of the ways that the person chose there
    ANSWERED = "answered"  # accepted, or acknowledged the record
    FAILED = "failed"  # declined, or told in vain by every way


def unfit(instance: str, target: str, complaints: Mapping[str, str]) -> Refused:
    """The refusal of a write that cannot be sent as it stands.

    Args:
        instance: Whose.
        target: Which record is meant: "record INC0010001", "the new record".
        complaints: Native field name to what is wrong with its value.
    """
    said = "; ".join(f"{name}: {complaint}" for name, complaint in complaints.items())
    return Refused(
        f"{instance}: {target} cannot be written: {said}; change the value or the mapping", dict(complaints)
    )
