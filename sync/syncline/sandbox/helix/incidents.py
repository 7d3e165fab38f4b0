"""What the server's workflow does with an incident: required fields, computed priority, statuses and what they ask for. Pure.

Known from the vendor's documentation: names of statuses, reasons that depend on the status, a resolution for Resolved, a priority
made of impact and urgency by weights, Closed as read-only. That a status beyond Assigned asks for an assignee, and
what number a refusal has, differs from version to version.
"""

from collections.abc import Mapping
from typing import Any, Final

from syncline.sandbox.helix.forms import IMPACTS, REASONS, URGENCIES
from syncline.sandbox.helix.replies import refused_by_workflow

CLOSED: Final = "Closed"
RESOLVED: Final = "Resolved"
_STAFFED: Final = frozenset({"In Progress", "Pending", RESOLVED, CLOSED})

# Stock weights (HPD:CFG-Prioritization): a recorded incident of impact 2 and urgency 1 has weight 25 and is Critical.
_IMPACT_WEIGHTS: Final = dict(zip(IMPACTS, (9, 5, 3, 0), strict=True))
_URGENCY_WEIGHTS: Final = dict(zip(URGENCIES, (20, 15, 10, 0), strict=True))
_RANGES: Final = ((24, "Critical"), (18, "High"), (10, "Medium"), (0, "Low"))


def priority(impact: str, urgency: str) -> tuple[str, int]:
    """The priority and its weight."""
    weight = _IMPACT_WEIGHTS.get(impact, 0) + _URGENCY_WEIGHTS.get(urgency, 0)
    return next(name for least, name in _RANGES if weight >= least), weight


def prepare(
    before: Mapping[str, Any] | None, after: dict[str, Any], now: int, user: str, *, assignee_required: bool
) -> None:
    """Complete an incident that is about to be stored. Raises `RefusalError` where the workflow says no."""
    if before is not None and before["Status"] == CLOSED:
        raise refused_by_workflow(53, "You cannot modify a Closed incident.")
    after["Priority"], after["Priority Weight"] = priority(
        after.get("Impact") or "", after.get("Urgency") or ""
    )
    status = after["Status"]
    if before is None or before["Status"] != status:
        _enter(before, after, now, user)
    if assignee_required and status in _STAFFED and not after.get("Assignee Login ID"):
        raise refused_by_workflow(55, f"The status {status} requires an Assignee.")
    reasons = REASONS.get(status, ())
    if after.get("Status_Reason") and after["Status_Reason"] not in reasons:
        raise refused_by_workflow(56, f"{after['Status_Reason']} is no Status Reason of {status}.")
    if status in {"Pending", RESOLVED} and not after.get("Status_Reason"):
        raise refused_by_workflow(57, f"The status {status} requires a Status Reason.")
    if status == RESOLVED and not after.get("Resolution"):
        raise refused_by_workflow(58, "The status Resolved requires a Resolution.")


def _enter(before: Mapping[str, Any] | None, after: dict[str, Any], now: int, user: str) -> None:
    status = after["Status"]
    after["Status-History"] = {**(after.get("Status-History") or {}), status: (user, now)}
    kept = before is not None and after.get("Status_Reason") == before.get("Status_Reason")
    if kept and after.get("Status_Reason") not in REASONS.get(status, ()):
        # A reason that belongs to the status before goes with it.
        after["Status_Reason"] = None
    if status == RESOLVED:
        after["Last Resolved Date"] = now
    if status == CLOSED:
        after["Closed Date"] = now


def place(value: Any, person: Mapping[str, Any] | None) -> dict[str, Any]:
    """Assignee as it is stored: login and name together. Raises `RefusalError` where there is no such person."""
    if not value:
        return {"Assignee Login ID": None, "Assignee": None}
    if person is None:
        raise refused_by_workflow(61, f"{value} is not a valid Assignee.")
    return {"Assignee Login ID": person["Remedy Login ID"], "Assignee": person["Full Name"]}
