"""PagerDuty triggers an acknowledged incident again when its policy is changed, until whoever it pages then acknowledges it. Where
that was our write it is nobody's edit (docs/platforms.md): such a record goes on to stand for what it was acknowledged as."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from network import Network
from pages import Watch

from syncline.demo.equivalence import PD, Ticket
from syncline.demo.script import Script

_FROM: Final = "acknowledged"
_TO: Final = "triggered"
_ASSIGNS: Final = frozenset({"escalation_policy", "assignments"})
Span = tuple[float, float]


def retriggered(watch: Watch, network: Network) -> dict[str, list[Span]]:
    """Record to the times in which it was triggered because of our own write, in seconds since the world began."""
    written = {
        (at, path.rpartition("/")[2]) for at, path, fields in network.given if fields.keys() & _ASSIGNS
    }
    found: dict[str, list[Span]] = {}
    for case, sides in watch.stood.items():
        stood, record = sides.get(PD, []), watch.records.get((case, PD), "")
        for before, one in itertools.pairwise(stood):
            if (before.status, one.status) == (_FROM, _TO) and (one.at, record) in written:
                until = next((s.at for s in stood if s.at > one.at and s.status != _TO), float("inf"))
                found.setdefault(record, []).append((one.at, until))
    return found


def as_meant(script: Script, spans: Mapping[str, Sequence[Span]], began: datetime) -> int:
    """Let the script say what people saw in such a record; how many edits that are."""
    told = 0
    for index, edit in enumerate(script.edits):
        at = (edit.at - began).total_seconds()
        if (edit.side, edit.what, edit.before) == (PD, "status", _TO) and any(
            a < at <= b for a, b in spans.get(edit.record, ())
        ):
            script.edits[index] = replace(edit, before=_FROM)
            told += 1
    return told


def as_it_stands(tickets: Sequence[Ticket], spans: Mapping[str, Sequence[Span]], now: float) -> list[Ticket]:
    """The tickets of PagerDuty, each for what it stands."""
    return [
        replace(t, status=_FROM) if t.status == _TO and any(b > now for _, b in spans.get(t.id, ())) else t
        for t in tickets
    ]
