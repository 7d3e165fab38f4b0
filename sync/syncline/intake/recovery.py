"""Edits that our own writes overwrote: found in what a look had shown or in the platform's history, and laid before the
next merge, which re-applies them or puts them on record."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from syncline.audit import overwritten
from syncline.connector import Edit, Native
from syncline.mapping import Mapping as FieldMapping
from syncline.model import json_value
from syncline.station import Endpoint
from syncline.store import incidents, operations, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.operations import Logged, State
from syncline.store.timeline import Event

Entry = Mapping[str, Any]
"""One line of `Link.recovered`."""


def recover(tx: Tx, endpoint: Endpoint, link: Link, writes: Sequence[Logged], edits: Sequence[Edit]) -> bool:
    """Hold our writes against the history, and lay edits that they overwrote before the next merge; whether there
    were any. A write that the history does not show yet waits for the next look."""
    known = operations.recent(tx, link.incident_id, link.instance, operations.GHOSTS)
    shown = [logged for logged in writes if _shown(logged, edits, known)]
    operations.audited(tx, [logged.id for logged in shown])
    sent: dict[str, list[Native]] = {}
    for one in known:
        for native, value in (*one.payload.items(), *endpoint.capabilities.resets_of(one.payload).items()):
            sent.setdefault(native, []).append(value)
    found: dict[tuple[str, str], Entry] = {}
    for logged in shown:
        lost = overwritten(logged.write(), edits, sent)
        if not lost:
            continue
        last = max(lost, key=lambda edit: edit.at)
        given = {edit.field: edit.after for edit in lost}
        before = {edit.field: edit.before for edit in lost if edit.before is not None}
        for entry in entries(tx, endpoint, link, logged, given, before, last.actor, last.at):
            found[entry["field"], entry["at"]] = entry
    return remember(tx, link, list(found.values()))


def remember(tx: Tx, link: Link, found: Sequence[Entry]) -> bool:
    """Lay those before the next merge, each once; whether any was news."""
    news = [entry for entry in found if entry not in link.recovered]
    if news:
        incidents.update_link(tx, link.incident_id, link.instance, recovered=[*link.recovered, *news])
    return bool(news)


def entries(
    tx: Tx,
    endpoint: Endpoint,
    link: Link,
    logged: Logged,
    given: Mapping[str, Native],
    before: Mapping[str, Native],
    actor: str,
    at: datetime,
) -> list[Entry]:
    """What an overwritten edit says in common terms.

    Args:
        tx: The transaction.
        endpoint: Where it was made.
        link: The record.
        logged: Our write that overwrote it.
        given: Native field to the value that somebody gave it.
        before: Native field to the value that stood there until then, as far as that is known.
        actor: Who gave it.
        at: When.
    """
    # They saw the record as we knew it when we decided to write.
    then = {**link.seen, **logged.base, **before}
    mapping: FieldMapping = endpoint.mapping
    reading = mapping.read({**then, **given}, endpoint.directory)
    earlier = mapping.read(then, endpoint.directory)
    found: list[Entry] = []
    for name, rule in mapping.rules.items():
        if not rule.direction.reads or mapping.natives_of(name).isdisjoint(given):
            continue
        if name not in reading.values:
            _unreadable(tx, link, name, given, actor)
            continue
        found.append(
            {
                "field": name,
                "value": json_value(reading.values[name]),
                "base": json_value(earlier.values.get(name)),
                "actor": actor,
                "at": at.isoformat(),
            }
        )
    return found


def _shown(logged: Logged, edits: Sequence[Edit], known: Sequence[Logged]) -> bool:
    """Whether the history shows the write. One that was taken for lost and done afresh must show beside its successors,
    which look the same."""
    for native, value in logged.payload.items():
        own = sum(1 for e in edits if e.own and e.field == native and e.after == value)
        successors = 0
        if logged.state is State.VOID:
            successors = sum(
                1
                for k in known
                if k.state is State.APPLIED and k.id > logged.id and k.payload.get(native) == value
            )
        if own > successors:
            return True
    return False


def _unreadable(tx: Tx, link: Link, name: str, given: Mapping[str, Native], actor: str) -> None:
    said = ", ".join(f"{native} = {value!r}" for native, value in given.items())
    timeline.append(
        tx,
        link.incident_id,
        Event(
            "conflict",
            f"{name}: {actor} on {link.instance} had set {said}; our own write came at the same moment and stands. The mapping "
            "has no word for it, so it is kept here only",
            link.instance,
            actor,
            name,
            {"given": {native: json_value(value) for native, value in given.items()}},
        ),
    )
