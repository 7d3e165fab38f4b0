"""Raised hands: somebody asks for help with an incident, by a label or by a word that a remark begins with. Each is one line
of the timeline, in the transaction that takes in where it stood; what follows from it the escalation decides."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from syncline.merge import Candidate, Look, Merged
from syncline.model import Incident, Remark, Value
from syncline.station import Endpoint, Station
from syncline.store import timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.timeline import Event

LONGEST: Final = 500
"""Characters of a reason that are kept."""


class Via(StrEnum):
    """How a hand is raised."""

    LABEL = "label"
    COMMENT = "comment"
    COMMAND = "command"


def raised(
    by: str, via: Via, instance: str | None, key: str, at: datetime, *, reason: str = "", label: str = ""
) -> Event:
    """The line of the timeline. `at` is by our own clock."""
    where = f" on {instance} {key}".rstrip() if instance else ""
    how = f" by the label {label}" if label else ""
    return Event(
        "raised",
        f"{by} raised a hand{where}{how}" + (f": {reason}" if reason else ""),
        instance,
        by,
        data={
            "by": by,
            "via": via.value,
            "reason": reason,
            "instance": instance or "",
            "at": at.isoformat(),
        },
    )


def asked(text: str, command: str | None) -> str | None:
    """The reason that a remark gives for raising a hand: what stands behind the command with which its first line
    begins, in one line and maybe empty. None: it raises none."""
    words = text.strip()
    if command is None or not words.casefold().startswith(command.casefold()):
        return None
    rest = words[len(command) :]
    if rest and not rest[0].isspace() and rest[0] not in ":,;.!":
        return None  # another word that only begins so
    return " ".join(rest.lstrip(" :,;.!").split())[:LONGEST]


def by_remark(tx: Tx, station: Station, endpoint: Endpoint, link: Link, remark: Remark) -> None:
    """A person's remark, seen for the first time. What our own account wrote raises no hand."""
    reason = asked(remark.body, station.configuration.escalation.command)
    if reason is None or remark.own:
        return
    at = min(endpoint.by_our_clock(remark.created_at), tx.now)
    event = raised(remark.author, Via.COMMENT, endpoint.name, link.record_key, at, reason=reason)
    timeline.append(tx, link.incident_id, event)


def by_label(
    tx: Tx, station: Station, before: Incident, merged: Merged, looks: Sequence[Look], links: Sequence[Link]
) -> None:
    """A label that the sides together did not have before."""
    label = station.configuration.escalation.label
    if label is None or _has(before["labels"], label) or not _has(merged.incident["labels"], label):
        return
    setters = [c for side in looks for c in side.candidates if _sets(c, label)]
    setter = min(setters, key=lambda c: c.origin.at, default=merged.changes.get("labels"))
    if setter is None:
        return
    origin = setter.origin
    key = next((li.record_key for li in links if li.instance == origin.instance), "")
    at = min(origin.at, tx.now)
    event = raised(origin.actor, Via.LABEL, origin.instance, key, at, label=label)
    timeline.append(tx, before.id, event)


def at_start(
    tx: Tx, station: Station, endpoint: Endpoint, incident: Incident, key: str, actor: str, at: datetime
) -> None:
    """A label that the first record of an incident has already; `at` is the platform's time."""
    label = station.configuration.escalation.label
    if label is not None and _has(incident["labels"], label):
        seen = min(endpoint.by_our_clock(at), tx.now)
        timeline.append(tx, incident.id, raised(actor, Via.LABEL, endpoint.name, key, seen, label=label))


def _sets(candidate: Candidate, label: str) -> bool:
    return candidate.field == "labels" and _has(candidate.value, label) and not _has(candidate.base, label)


def _has(labels: Value, label: str) -> bool:
    return isinstance(labels, tuple) and label.casefold() in (one.casefold() for one in labels)
