"""Escalation: one pure function decides, for every platform, who must hear of an incident and what changes."""

from syncline.escalation.evaluate import Policies, escalate

__all__ = ["Policies", "escalate"]
