"""Escalation: one pure function decides, for every platform, who must hear of an incident and what changes."""

from syncline.escalation.evaluate import Decision, Message, Policy, Run, escalate

__all__ = ["Decision", "Message", "Policy", "Run", "escalate"]
