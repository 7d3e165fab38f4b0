"""What a simulated Jira keeps of an issue. A `State` is never changed once made: a lagging index keeps the old one."""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

RichText = str | Mapping[str, Any]
"""Text as it was written: wiki markup (version 2 of the API) or an ADF document (version 3)."""


_DIGITS: Final = re.compile(r"[0-9]{1,18}\Z")


def number_of(text: str) -> int | None:
    """The id that a text spells; None where it is none."""
    return int(text) if _DIGITS.match(text) else None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment. `visibility` is None, or `role`/`group` with its name; times are epoch milliseconds."""

    id: int
    author: str
    body: RichText
    created: int
    updated: int
    update_author: str
    visibility: tuple[str, str] | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file on an issue."""

    id: int
    issue_id: int
    filename: str
    author: str
    created: int
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a history: which field, from what to what, as Jira keeps it (raw value and text)."""

    field: str
    field_id: str
    before: str | None
    before_text: str | None
    after: str | None
    after_text: str | None
    custom: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """What one person changed at one moment."""

    id: int
    author: str
    created: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class RemoteLink:
    """A link to something elsewhere; `content` is what the client sent, without `globalId`."""

    id: int
    global_id: str | None
    content: Mapping[str, Any]


@dataclass(slots=True)
class State:
    """An issue at one moment.

    Attributes:
        issue: Whose state it is.
        project: Key of the project.
        number: Number within the project.
        values: Field id to value, in the form that `fields.py` describes.
        updated: Epoch milliseconds.
        comments: Oldest first.
        attachments: Oldest first.
        histories: How many entries the issue's history had.
    """

    issue: "Issue"
    project: str
    number: int
    values: Mapping[str, Any]
    updated: int
    comments: tuple[Comment, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    histories: int = 0

    @property
    def key(self) -> str:
        """What people call it."""
        return f"{self.project}-{self.number}"


@dataclass(slots=True)
class Issue:
    """What of an issue outlives its states. `writes` are the moments of the latest writes, epoch milliseconds."""

    id: int
    created: int
    creator: str
    state: State = field(init=False)
    history: list[History] = field(default_factory=list)
    links: dict[int, RemoteLink] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    writes: deque[int] = field(default_factory=deque)
