"""Native values: from the Table API's strings to their canonical form and back. Pure.

The Table API gives everything as a string, with `sysparm_display_value=false` in database form: times in UTC,
references as sys_ids, choices as values (ServiceNow Table API docs).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from syncline.connector import Native, canonical_text

PEOPLE: Final = frozenset(
    {"assigned_to", "caller_id", "closed_by", "opened_by", "reopened_by", "requested_for", "resolved_by"}
)
"""Fields of task and incident that refer to sys_user."""

GROUPS: Final = frozenset({"assignment_group"})
"""Fields of task that refer to sys_user_group."""

TIMES: Final = frozenset(
    {
        "activity_due",
        "approval_set",
        "closed_at",
        "due_date",
        "expected_start",
        "follow_up",
        "opened_at",
        "promised_by",
        "reopened_time",
        "resolved_at",
        "sla_due",
        "sys_created_on",
        "sys_updated_on",
        "work_end",
        "work_start",
    }
)
"""Fields of task and incident that hold a date and time."""

LISTS: Final = frozenset({"additional_assignee_list", "group_list", "watch_list", "work_notes_list"})
"""Fields of task that hold several sys_ids, with commas between."""

JOURNALS: Final = frozenset({"comments", "work_notes", "comments_and_work_notes"})
"""Fields of task that only take entries and read back empty; entries are had from sys_journal_field."""

_SYS_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_STAMP = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kinds:
    """Which fields hold more than text.

    Attributes:
        people: Fields that refer to sys_user.
        groups: Fields that refer to sys_user_group.
        times: Fields with a date and time.
        lists: Fields with several sys_ids.
    """

    people: frozenset[str] = PEOPLE
    groups: frozenset[str] = GROUPS
    times: frozenset[str] = TIMES
    lists: frozenset[str] = LISTS

    def extended(
        self, people: Iterable[str] = (), groups: Iterable[str] = (), times: Iterable[str] = ()
    ) -> "Kinds":
        """These and an instance's own fields."""
        return Kinds(
            self.people | set(people), self.groups | set(groups), self.times | set(times), self.lists
        )


def is_sys_id(value: object) -> bool:
    """Whether that is a sys_id: 32 hexadecimal digits in lower case."""
    return isinstance(value, str) and _SYS_ID.fullmatch(value) is not None


def sys_id_of(value: object) -> str:
    """The value, if it is a sys_id.

    Raises:
        ValueError: it is none.
    """
    if not is_sys_id(value):
        raise ValueError(f"{str(value)[:40]!r} is no sys_id (32 hexadecimal digits)")
    return str(value)


def is_script(text: str) -> bool:
    """Whether the platform would run that text instead of storing it: it begins with `javascript:`."""
    return text.lstrip().lower().startswith("javascript:")


def plain(raw: Any) -> str:
    """What stands in one cell of a row, as the platform has it; a reference that comes as an object is its value.

    Raises:
        ValueError: the cell holds no single value.
    """
    if isinstance(raw, Mapping):
        raw = raw.get("value")
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str):
        return raw
    if isinstance(raw, int | float):
        return str(raw)
    raise ValueError(f"a {type(raw).__name__} stands where the Table API gives text")


def said(raw: object) -> str:
    """What a cell of the platform's own tables says; nothing where it holds no single value."""
    try:
        return plain(raw)
    except ValueError:
        return ""


def instant(raw: str) -> datetime:
    """A time as the Table API gives it, `2026-11-23 10:00:00` in UTC.

    Raises:
        ValueError: it is no such time.
    """
    if not _STAMP.fullmatch(raw):
        raise ValueError(f"{raw[:40]!r} is no time of the Table API (YYYY-MM-DD HH:MM:SS)")
    return datetime.fromisoformat(raw).replace(tzinfo=UTC)


def stamp(moment: datetime) -> str:
    """A time as the Table API takes it, cut to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def canonical(name: str, raw: Any, kinds: Kinds) -> Native:
    """The value of one field in canonical form; nothing is None.

    Raises:
        ValueError: the cell holds no single value.
    """
    value = canonical_text(plain(raw))
    if not value:
        return None
    if name in kinds.times and _STAMP.fullmatch(value):
        return f"{value[:10]}T{value[11:]}Z"
    if name in kinds.lists:
        return tuple(sorted({part.strip() for part in value.split(",") if part.strip()})) or None
    return value


def wire(name: str, value: Native, kinds: Kinds) -> str:
    """The value of one field as the Table API takes it; None empties the field.

    Raises:
        ValueError: the platform would run the value as a script.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        value = ",".join(value)
    written = str(value)
    if is_script(written):
        raise ValueError("it begins with 'javascript:', which ServiceNow would run instead of storing it")
    if name in kinds.times and _ISO.fullmatch(written):
        return stamp(datetime.fromisoformat(written))
    return written
