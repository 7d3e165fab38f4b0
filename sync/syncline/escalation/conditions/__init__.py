"""Conditions: a small typed language, compiled once, and decidable.

`compiled` reads one, `Condition.holds` asks it; `satisfiable`, `always_true`, `implies` and `overlap` decide about
all incidents there could be.
"""

from syncline.escalation.conditions.compiling import Condition, Facts, compiled
from syncline.escalation.conditions.deciding import (
    MAX_CELLS,
    Verdict,
    always_true,
    implies,
    overlap,
    satisfiable,
)
from syncline.escalation.conditions.faults import ConditionFaults, Fault
from syncline.escalation.conditions.standard import ALWAYS, STANDARD
from syncline.escalation.conditions.vocabulary import Name, Type, Vocabulary

__all__ = [
    "ALWAYS",
    "MAX_CELLS",
    "STANDARD",
    "Condition",
    "ConditionFaults",
    "Facts",
    "Fault",
    "Name",
    "Type",
    "Verdict",
    "Vocabulary",
    "always_true",
    "compiled",
    "implies",
    "overlap",
    "satisfiable",
]
