"""Which records are one incident: by the marker that our creates carry, and by the links back. Pure.

The record with which an incident began carries no marker. It is told by the link back that we wrote on it, by the links back
on its siblings, which lead to it, and at last by its words: a sibling was created from it, soon after it, with its title and its
description as they were then.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from syncline.connector import marker_of
from syncline.model import Remark
from syncline.remarks import is_link_back, letters

SOON: Final = timedelta(minutes=15)
"""So long after the first record its siblings are created, unless their platform is down."""
JUST: Final = timedelta(seconds=5)
"""What two platforms' clocks may differ by."""
LETTERS: Final = 60
"""So much of a text is compared: platforms cut long ones."""
FEWEST: Final = 5
_INCIDENT: Final = re.compile(r"sl([0-9a-z]{10})\Z")

Key = tuple[str, str]
"""Instance and record id."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a record that no link knows says of where it belongs.

    Attributes:
        key: Which.
        url: Where people open it.
        words: What its title and its description say, or said once: letters and digits alone.
        created_at: By our clock.
        marker: Ours, or None.
        backs: Ids of incidents whose links back stand on it.
        mentions: Texts of the links back on it.
        fresh: Whether a route would take it up: only then can an incident have begun with it.
    """

    key: Key
    url: str
    words: frozenset[str]
    created_at: datetime
    marker: str | None = None
    backs: frozenset[str] = frozenset()
    mentions: tuple[str, ...] = ()
    fresh: bool = True


@dataclass(slots=True)
class Family:
    """The records of one incident.

    Attributes:
        incident_id: Which.
        made: Records that we created, the oldest first.
        others: Records that people created, the oldest first; the incident began with the first.
        guessed: Of these, one that was told by its words alone.
    """

    incident_id: str
    made: list[Trace] = field(default_factory=list)
    others: list[Trace] = field(default_factory=list)
    guessed: Trace | None = None


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """Those texts, so that they can be compared across platforms; a few letters say nothing, and are left out."""
    return frozenset(found[:LETTERS] for text in texts if len(found := letters(text)) >= FEWEST)


def incident_of(marker: str) -> str | None:
    """The incident whose links back bear that marker; None: it is that of a copy."""
    found = _INCIDENT.fullmatch(marker)
    return None if found is None else f"SL-{found.group(1).upper()}"


def backs_in(remarks: Iterable[Remark]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Whose links back are among those remarks, and what they say."""
    found: set[str] = set()
    texts: list[str] = []
    for remark in remarks:
        marker = marker_of(remark.body)
        incident_id = incident_of(marker) if marker is not None and is_link_back(remark.body) else None
        if incident_id is not None and remark.own:
            found.add(incident_id)
            texts.append(remark.body)
    return frozenset(found), tuple(texts)


def families(traces: Sequence[Trace], known: Collection[str]) -> list[Family]:
    """The records that belong together, by incident.

    Args:
        traces: Records that no link knows.
        known: Ids of the incidents that the database has; the first records of these are linked already.
    """
    ordered = sorted(traces, key=lambda trace: (trace.created_at, trace.key))
    found: dict[str, Family] = {}
    taken: set[Key] = set()

    def into(incident_id: str, trace: Trace) -> None:
        family = found.setdefault(incident_id, Family(incident_id))
        (family.made if trace.marker is not None else family.others).append(trace)
        taken.add(trace.key)

    for trace in ordered:
        if trace.marker is not None:
            into(trace.marker, trace)
    for trace in ordered:
        if trace.key not in taken and len(trace.backs) == 1:
            into(next(iter(trace.backs)), trace)
    free = [trace for trace in ordered if trace.key not in taken]
    for incident_id, family in found.items():
        said = "\n".join(text for trace in (*family.made, *family.others) for text in trace.mentions)
        for trace in free:
            if trace.url and trace.key not in taken and re.search(re.escape(trace.url) + r"(?:\s|$)", said):
                into(incident_id, trace)
    for incident_id, family in found.items():
        if not family.others and incident_id not in known:
            first = _by_words(family, [t for t in free if t.key not in taken and t.fresh])
            if first is not None:
                into(incident_id, first)
                family.guessed = first
    return list(found.values())


def _by_words(family: Family, free: Sequence[Trace]) -> Trace | None:
    """The one record with which the family can have begun; None where there is none, or several."""
    words = frozenset().union(*(trace.words for trace in family.made))
    oldest = family.made[0]
    instances = {trace.key[0] for trace in family.made}
    fits = [
        trace
        for trace in free
        if trace.key[0] not in instances
        and not words.isdisjoint(trace.words)
        and oldest.created_at - SOON <= trace.created_at <= oldest.created_at + JUST
    ]
    return fits[0] if len(fits) == 1 else None
