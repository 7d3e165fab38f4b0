"""What the instance does to an incident by itself: its business rules and data policies.

They run on every write, whoever sends it; a client finds their results in the reply.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from syncline.sandbox.servicenow.query import Row, stamp
from syncline.sandbox.servicenow.schema import TableSpec

NEW: Final = "1"
IN_PROGRESS: Final = "2"
ON_HOLD: Final = "3"
RESOLVED: Final = "6"
CLOSED: Final = "7"
CANCELED: Final = "8"

AWAITING_CALLER: Final = "1"

_ENDED: Final = frozenset({CLOSED, CANCELED})
_DEFAULTS: Final = {
    "state": NEW,
    "impact": "3",
    "urgency": "3",
    "severity": "3",
    "category": "inquiry",
    "escalation": "0",
    "active": "true",
}

# The lookup of a new instance: priority by impact and urgency.
PRIORITIES: Final = {(i, u): str(i + u - 1) for i in (1, 2, 3) for u in (1, 2, 3)}


def prepare(before: Row | None, after: dict[str, str], user_id: str, now: datetime, number: str) -> None:
    """Complete a new or changed incident in place: what follows from what was set."""
    if before is None:
        for column, value in _DEFAULTS.items():
            after.setdefault(column, value)
        after.setdefault("number", number)
        after.setdefault("opened_at", stamp(now))
        after.setdefault("opened_by", user_id)
    _compute_priority(before, after)
    _follow_state(before, after, user_id, now)
    _count_reassignment(before, after)


def caller_replies(
    before: Row | None, after: dict[str, str], user_id: str, journal: Mapping[str, str]
) -> None:
    """A comment of the caller takes an incident that awaits the caller back to In Progress, and clears the reason."""
    if before is None or "comments" not in journal or before.get("caller_id") != user_id:
        return
    if after.get("state") == ON_HOLD and after.get("hold_reason") == AWAITING_CALLER:
        after["state"] = IN_PROGRESS
        after.pop("hold_reason")


def missing(
    after: Mapping[str, str], journal: Mapping[str, str], spec: TableSpec, *, hold_comment: bool
) -> list[str]:
    """The labels of fields that a data policy demands and that are empty."""
    demanded: list[str] = []
    if after.get("state") == ON_HOLD:
        demanded.append("hold_reason")
        if hold_comment and after.get("hold_reason") == AWAITING_CALLER and "comments" not in journal:
            demanded.append("comments")
    if after.get("state") in {RESOLVED, CLOSED}:
        demanded += ["close_code", "close_notes"]
    specs = [spec.by_column(column) for column in demanded]
    return [found.label for found in specs if found is not None and not after.get(found.column)]


def _compute_priority(before: Row | None, after: dict[str, str]) -> None:
    # Business rule "Calculate priority": whatever was written to `priority` is overwritten.
    kept = (before or {}).get("priority", "4")
    try:
        after["priority"] = PRIORITIES.get(
            (int(after.get("impact", "")), int(after.get("urgency", ""))), kept
        )
    except ValueError:
        after["priority"] = kept


def _follow_state(before: Row | None, after: dict[str, str], user_id: str, now: datetime) -> None:
    was = (before or {}).get("state", "")
    # `incident_state` is legacy: a write to it alone moves `state`, else it follows.
    if (
        before is not None
        and after.get("state") == was
        and after.get("incident_state") != before.get("incident_state")
    ):
        after["state"] = after.get("incident_state", was)
    state = after.get("state", NEW)
    after["incident_state"] = state
    if state == was:
        return
    after["active"] = "false" if state in _ENDED else "true"
    if state in {RESOLVED, CLOSED}:
        after.setdefault("resolved_at", stamp(now))
        after.setdefault("resolved_by", user_id)
    if state in _ENDED:
        after["closed_at"] = stamp(now)
        after["closed_by"] = user_id
    if was in {RESOLVED, CLOSED, CANCELED} and state not in {RESOLVED, CLOSED, CANCELED}:
        after["reopen_count"] = str(int(after.get("reopen_count", "0") or "0") + 1)
        after["reopened_by"] = user_id
        after["reopened_time"] = stamp(now)
        for column in ("resolved_at", "resolved_by", "closed_at", "closed_by"):
            after.pop(column, None)


def _count_reassignment(before: Row | None, after: dict[str, str]) -> None:
    if before is None:
        return
    for column in ("assignment_group", "assigned_to"):
        if before.get(column) and after.get(column) and before.get(column) != after.get(column):
            after["reassignment_count"] = str(int(after.get("reassignment_count", "0") or "0") + 1)
            return
