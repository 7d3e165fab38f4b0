"""The names that every condition knows."""

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from syncline.escalation.conditions.compiling import compiled
from syncline.escalation.conditions.vocabulary import Name, Type, Vocabulary
from syncline.model import Status

_NAMES = (
    Name("priority", Type.NUMBER, (1, 2, 3, 4, 5), about="1 (highest) to 5."),
    Name("impact", Type.NUMBER, (1, 2, 3), about="How much is affected: 1 (most) to 3."),
    Name("urgency", Type.NUMBER, (1, 2, 3), about="How soon it must be mended: 1 (soonest) to 3."),
    Name(
        "status",
        Type.TEXT,
        tuple(status.value for status in Status),
        nullable=False,
        about="Where the incident stands in its life.",
    ),
    Name("title", Type.TEXT, about="One line that says what is wrong."),
    Name("description", Type.TEXT, about="What is wrong, at length."),
    Name("assignee", Type.TEXT, about="Who works on it."),
    Name("group", Type.TEXT, about="Which group it is assigned to."),
    Name("tier", Type.TEXT, about="The support tier that holds it."),
    Name("service", Type.TEXT, about="The service or configuration item that is affected."),
    Name("category", Type.TEXT, about="What sort of incident it is."),
    Name("requester", Type.TEXT, about="Who reported it."),
    Name("resolution_code", Type.TEXT, about="How it was resolved, as a code."),
    Name("labels", Type.SET, about="Free labels."),
    Name("source", Type.TEXT, about="The instance on which it began."),
    Name("vip", Type.YES_NO, about="Whether it is about somebody important."),
    Name("account", Type.TEXT, about="The account that it is about."),
    Name("ack", Type.YES_NO, nullable=False, about="Somebody has it, and the acknowledgement still stands."),
    Name("resolved", Type.YES_NO, nullable=False, about="Its status is resolved, closed or canceled."),
    Name("reopened", Type.YES_NO, nullable=False, about="It was resolved once and is open again."),
    Name("raised", Type.YES_NO, nullable=False, about="Somebody raised a hand."),
    Name("hops", Type.NUMBER, nullable=False, about="How often its group changed."),
    Name("reopens", Type.NUMBER, nullable=False, about="How often it was opened again."),
    Name("recurrences", Type.NUMBER, nullable=False, about="How often the same happened, this one included."),
    Name("age", Type.DURATION, nullable=False, about="Time since it was opened."),
    Name("since_ack", Type.DURATION, about="Time since it was acknowledged."),
    Name("since_update", Type.DURATION, about="Time since a person last changed it."),
    Name("since_tier", Type.DURATION, about="Time since it came to its tier."),
    Name("in_status", Type.DURATION, about="Time since it came to its status."),
)

_PLAIN = Vocabulary(
    names=MappingProxyType({name.name: name for name in _NAMES}),
    aliases=MappingProxyType({"state": "status", "tags": "labels"}),
)
_RESOLVED = 'status in ["resolved", "closed", "canceled"]'
_AXIOMS = (
    f"not resolved and not ({_RESOLVED}) or resolved and {_RESOLVED}",
    "not reopened and reopens == 0 or reopened and reopens >= 1",
    "not ack and since_ack is none or ack and since_ack is not none",
)
"""What one name says about another, whoever gives the facts keeps to it."""

STANDARD: Final = replace(_PLAIN, axioms=tuple(compiled(axiom, _PLAIN) for axiom in _AXIOMS))
"""What every condition knows; a book adds its own names."""

ALWAYS: Final = compiled("true", STANDARD)
"""Holds for every incident; also what an absent condition means."""
