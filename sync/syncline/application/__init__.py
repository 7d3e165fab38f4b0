"""Every command and query, each with its actor: the only door for the faces."""

from syncline.application.commands import Application
from syncline.application.explain import Explanation, Unsynced
from syncline.application.once import Round
from syncline.application.rehearsal import Plan, PlannedCall
from syncline.application.report import InstanceStatus, StatusReport

__all__ = [
    "Application",
    "Explanation",
    "InstanceStatus",
    "Plan",
    "PlannedCall",
    "Round",
    "StatusReport",
    "Unsynced",
]
