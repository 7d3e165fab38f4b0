"""The lifecycle of an incident: which status follows which, and what a status asks for. Pure.

Ivanti's documentation and recorded replies name the statuses; which follows which, and what each asks for, is set in the blueprint
of an instance. That an owner is needed before work begins is known from a public client (OpsGenie's script names one where there is
none); the rest is assumed.
"""

from collections.abc import Mapping
from typing import Any, Final

TRANSITIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "New": ("Assigned", "In Progress", "Pending", "Resolved"),
    "Assigned": ("In Progress", "Pending", "Resolved"),
    "In Progress": ("Assigned", "Pending", "Resolved"),
    "Pending": ("Assigned", "In Progress", "Resolved"),
    "Resolved": ("Closed", "Reopened"),
    "Closed": ("Reopened",),
    "Reopened": ("Assigned", "In Progress", "Pending", "Resolved"),
}
"""Status to the statuses that may follow it."""

FIRST: Final = "New"
CLOSED: Final = "Closed"
_STAFFED: Final = frozenset({"In Progress", "Resolved"})
_ASKED: Final = {"Pending": "PendingReason", "Resolved": "CloseDescription"}


def faults(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    transitions: Mapping[str, tuple[str, ...]],
    *,
    owner_required: bool,
) -> list[tuple[str, str]]:
    """What the lifecycle says against a save: field names and texts."""
    was, status = str(before["Status"]) if before else FIRST, str(after["Status"])
    moved = status != was
    if before is not None and was == CLOSED:
        changed = [name for name in after if after[name] != before.get(name) and name != "Status"]
        if changed or not moved:
            return [(changed[0] if changed else "Status", "The record is closed and cannot be changed.")]
    if moved and status not in transitions.get(was, ()):
        return [("Status", f"The status cannot be changed from {was} to {status}.")]
    found = []
    if owner_required and status in _STAFFED and not after.get("OwnedBy"):
        found.append(("OwnedBy", f"Owned By is required when Status is {status}."))
    asked = _ASKED.get(status)
    if asked is not None and not after.get(asked):
        found.append((asked, f"{asked} is required when Status is {status}."))
    return found


def entered(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], now: int, who: Mapping[str, str]
) -> dict[str, Any]:
    """What the instance sets by itself where the status changes. `who` has `name` and `id`."""
    if before is None or before["Status"] == after["Status"]:
        return {}
    match after["Status"]:
        case "Closed":
            return {"ClosedDateTime": now, "ClosedBy": who["name"], "ClosedByID": who["id"]}
        case "Reopened":
            return {
                "Stat_IncidentReopened": "True",
                "ClosedDateTime": None,
                "ClosedBy": "",
                "ClosedByID": "",
            }
        case _:
            return {}
