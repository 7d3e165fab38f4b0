"""The script: every edit that the demo's people made, as the platform accepted it. The oracle holds the world against it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syncline.ports import Runtime

CREATE = "create"
PUBLIC = "public comment"
INTERNAL = "internal note"
FILE = "file"
LABEL = "label"
FIELDS = ("title", "description", "status", "priority", "assignee", "group")
"""What has one value at a time; everything else is added to what is there."""
REMARKS = (PUBLIC, INTERNAL)


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing that one person did.

    Attributes:
        n: Its number, from 1 on, in the order of acceptance.
        case: The incident, as the script calls it; its title ends with `#` and this name.
        side: Where: `snow`, `jira`, `pd`.
        who: Who.
        what: A field of `FIELDS`, or one of the words above.
        value: The native value that was set, or the text that was written.
        before: The native value that stood there when the person looked; empty for what is added.
        looked_at: When the person looked (UTC).
        at: When the platform had accepted it (UTC).
        record: The record's id on that side.
    """

    n: int
    case: str
    side: str
    who: str
    what: str
    value: str
    before: str
    looked_at: datetime
    at: datetime
    record: str


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which something was broken on purpose.

    Attributes:
        what: `outage`, `faults`, `killed`.
        side: Where; empty: the daemon.
        start: UTC.
        end: UTC; None while it lasts.
    """

    what: str
    side: str
    start: datetime
    end: datetime | None = None


@dataclass(slots=True)
class Script:
    """All edits. Several people may add to it at once.

    Attributes:
        edits: In the order of acceptance.
        windows: When what was broken.
        refused: What platforms refused to people, in their words; nobody's edit.
    """

    runtime: Runtime
    edits: list[Edit] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _lock: AbstractContextManager[Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._lock = self.runtime.lock()

    def add(
        self,
        case: str,
        side: str,
        who: str,
        what: str,
        value: str,
        before: str,
        looked_at: datetime,
        at: datetime,
        record: str,
    ) -> Edit:
        """Put down an edit that a platform has accepted."""
        with self._lock:
            edit = Edit(len(self.edits) + 1, case, side, who, what, value, before, looked_at, at, record)
            self.edits.append(edit)
            return edit

    def cases(self) -> list[str]:
        """The incidents that people opened, in order."""
        return [edit.case for edit in self.edits if edit.what == CREATE]

    def of_case(self, case: str) -> list[Edit]:
        """The edits of one incident, in order."""
        return [edit for edit in self.edits if edit.case == case]

    def disturbed(self, start: datetime, end: datetime) -> bool:
        """Whether anything was broken on purpose at some time between these."""
        return any(w.start <= end and (w.end is None or start <= w.end) for w in self.windows)

    def kinds(self, what: str) -> Sequence[Window]:
        """The windows of a kind."""
        return [w for w in self.windows if w.what == what]
