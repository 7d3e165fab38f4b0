"""Every command and query, each with its actor: the only door for the faces."""

from syncline.application.commands import Application
from syncline.application.escalations import ClockState, Coming, Escalation, RunState
from syncline.application.explain import Explanation, Unsynced
from syncline.application.oncall import Duty
from syncline.application.oncall import moment as moment_named
from syncline.application.once import Round
from syncline.application.policies import Form, PolicyAdministration, PolicyReport, Publication
from syncline.application.raising import Raised
from syncline.application.rehearsal import Plan, PlannedCall
from syncline.application.rehearsing import Rehearsal
from syncline.application.report import InstanceStatus, StatusReport
from syncline.restoring import Found

__all__ = [
    "Application",
    "ClockState",
    "Coming",
    "Duty",
    "Escalation",
    "Explanation",
    "Form",
    "Found",
    "InstanceStatus",
    "Plan",
    "PlannedCall",
    "PolicyAdministration",
    "PolicyReport",
    "Publication",
    "Raised",
    "Rehearsal",
    "Round",
    "RunState",
    "StatusReport",
    "Unsynced",
    "moment_named",
]
