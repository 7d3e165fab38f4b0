"""What happened to an incident, and what waits for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

import sqlalchemy as sa

from syncline.model import Value
from syncline.store.database import Among, Tx
from syncline.store.schema import events, parked

SYNCLINE = "Syncline"
"""The actor of what nobody asked for."""
ORPHANS = "orphans"
"""In the data of a create that waits: the incidents of ours whose first ticket was not found, and because of which it waits."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a timeline.

    Attributes:
        kind: What sort of thing happened: `changed`, `written`, `conflict`, `parked`, ...
        text: The sentence that people read.
        instance: Where, or None.
        actor: Who.
        field: Which common field, or None.
        data: What a program would want to know.
        at: When it happened, by our clock.
        id: Grows along the timeline; 0 before it is stored.
        incident_id: Of which incident; None: of the daemon itself.
    """

    kind: str
    text: str
    instance: str | None = None
    actor: str = SYNCLINE
    field: str | None = None
    data: Mapping[str, Any] | None = None
    at: datetime | None = None
    id: int = 0
    incident_id: str | None = None


# Statements are made once: to build one costs more than to run it.
_APPEND = sa.insert(events)


def append(tx: Tx, incident_id: str | None, *entries: Event) -> None:
    """Add lines to an incident's timeline."""
    if entries:
        tx.execute(
            _APPEND,
            [
                {
                    "incident_id": incident_id,
                    "at": tx.now,
                    "kind": entry.kind,
                    "instance": entry.instance,
                    "actor": entry.actor,
                    "field": entry.field,
                    "text": entry.text,
                    "data": dict(entry.data or {}),
                }
                for entry in entries
            ],
        )


def of(tx: Tx, incident_id: str | None) -> list[Event]:
    """The whole timeline, oldest first."""
    return _events(tx, sa.select(events).where(events.c.incident_id == incident_id).order_by(events.c.id))


_PAST = (
    sa.select(events)
    .where(
        events.c.incident_id == sa.bindparam("of_incident"),
        events.c.kind.in_(("changed", "remark", "raised", "escalation")),
    )
    .order_by(events.c.id)
)


def past_of(tx: Tx, incident_id: str) -> list[Event]:
    """What escalation asks of a timeline, oldest first: changes, remarks, raised hands, and what it did before."""
    return _events(tx, _PAST, of_incident=incident_id)


def after(tx: Tx, event_id: int, limit: int = 200) -> list[Event]:
    """Lines of all timelines after that one, oldest first."""
    return _events(tx, sa.select(events).where(events.c.id > event_id).order_by(events.c.id).limit(limit))


def last_of(tx: Tx, kinds: Sequence[str]) -> Event | None:
    """The daemon's own newest line of one of those kinds."""
    newest = sa.select(events).where(events.c.incident_id.is_(None), events.c.kind.in_(kinds))
    return next(iter(_events(tx, newest.order_by(events.c.id.desc()).limit(1))), None)


def newest_at(tx: Tx) -> datetime | None:
    """The latest time of the last few hundred lines, by our own clock, since that was last seen to be set; None: there are none."""
    newest = tx.execute(sa.select(events.c.kind, events.c.at).order_by(events.c.id.desc()).limit(300))
    return max((row.at for row in takewhile(lambda row: row.kind != "clock", newest)), default=None)


def last_id(tx: Tx) -> int:
    """The newest line's id; 0 where there is none."""
    return tx.execute(sa.select(sa.func.max(events.c.id))).scalar() or 0


def count_by_kind(tx: Tx) -> dict[str, int]:
    """How many lines of each kind there are."""
    return {
        kind: n for kind, n in tx.execute(sa.select(events.c.kind, sa.func.count()).group_by(events.c.kind))
    }


def _events(tx: Tx, statement: sa.Select[*tuple[Any, ...]], **binds: str) -> list[Event]:
    return [
        Event(r.kind, r.text, r.instance, r.actor, r.field, r.data, r.at, r.id, r.incident_id)
        for r in tx.execute(statement, binds)
    ]


def shown(value: Value | float) -> str:
    """A value as people read it on a timeline: on one line, and cut where it is long."""
    if value is None or value in ("", ()):
        return "nothing"
    if isinstance(value, tuple):
        return ", ".join(value)
    text = str(value)
    return text if len(text) <= 80 and "\n" not in text else text[:77].replace("\n", " ") + "..."


@dataclass(frozen=True, slots=True)
class Parked:
    """Something that waits for a person while all else flows on.

    Attributes:
        id: What a person calls it by.
        incident_id: Of which incident.
        instance: On which side; None: on all.
        kind: `conflict`, `reopen`, `frozen`, `refused`, `unreachable`, `unmapped`, `create`, `item`, `work`.
        field: Which common field, or None.
        item_id: Which remark or attachment, or None.
        reason: Why, and what to do.
        data: The values in question.
        since: Since when.
    """

    id: int
    incident_id: str | None
    instance: str | None
    kind: str
    field: str | None
    item_id: str | None
    reason: str
    data: Mapping[str, Any]
    since: datetime


_COLUMNS = (
    parked.c.id,
    parked.c.incident_id,
    parked.c.instance,
    parked.c.kind,
    parked.c.field,
    parked.c.item_id,
    parked.c.reason,
    parked.c.data,
    parked.c.since,
)


def park(
    tx: Tx,
    incident_id: str | None,
    kind: str,
    reason: str,
    *,
    instance: str | None = None,
    field: str | None = None,
    item_id: str | None = None,
    data: Mapping[str, Any] | None = None,
    standing: Sequence[Parked] = (),
) -> bool:
    """Let something wait for a person, once: False where the same waits already. `standing` is what is known to wait."""
    for entry in standing:
        same = (entry.kind, entry.instance, entry.field, entry.item_id) == (kind, instance, field, item_id)
        if same and entry.data == dict(data or {}):
            return False
        if same:
            unpark(tx, entry.id, SYNCLINE, "replaced by a newer one")
    tx.execute(
        sa.insert(parked).values(
            incident_id=incident_id,
            instance=instance,
            kind=kind,
            field=field,
            item_id=item_id,
            reason=reason,
            data=dict(data or {}),
            since=tx.now,
        )
    )
    append(tx, incident_id, Event("parked", reason, instance, field=field, data={"why": kind}))
    return True


def unpark(tx: Tx, parked_id: int, by: str, how: str) -> None:
    """It waits no longer."""
    tx.execute(
        sa.update(parked)
        .where(parked.c.id == parked_id, parked.c.ended_at.is_(None))
        .values(ended_at=tx.now, ended_by=by, ended_how=how)
    )


_WAITING = Among(
    sa.select(*_COLUMNS).where(parked.c.ended_at.is_(None)).order_by(parked.c.id), parked.c.incident_id
)


def release(tx: Tx, instance: str, kinds: Sequence[str], how: str) -> list[str]:
    """What waits on that instance for one of those reasons is tried again: what stood in its way may have changed. The
    incidents that it belongs to."""
    found = [entry for entry in _waiting_on(tx, instance, kinds) if ORPHANS not in entry.data]
    for entry in found:
        unpark(tx, entry.id, SYNCLINE, how)
        text = f"no. {entry.id}: {how}"
        append(tx, entry.incident_id, Event("unparked", text, instance, field=entry.field))
    return list(dict.fromkeys(entry.incident_id for entry in found if entry.incident_id is not None))


def lost_origins(tx: Tx, instance: str) -> list[Parked]:
    """What asks a person whether an incident of ours, whose first ticket was not found, began on that instance."""
    found = _waiting_on(tx, instance, ("create",))
    return [entry for entry in found if entry.incident_id in entry.data.get(ORPHANS, ())]


def _waiting_on(tx: Tx, instance: str, kinds: Sequence[str]) -> list[Parked]:
    where = (parked.c.instance == instance, parked.c.kind.in_(kinds), parked.c.ended_at.is_(None))
    return [Parked(*row) for row in tx.execute(sa.select(*_COLUMNS).where(*where).order_by(parked.c.id))]


def waiting(tx: Tx, incident_ids: Sequence[str]) -> dict[str, list[Parked]]:
    """What waits, by incident."""
    found: dict[str, list[Parked]] = {}
    for row in _WAITING.rows(tx, incident_ids):
        found.setdefault(row.incident_id, []).append(Parked(*row))
    return found


def all_waiting(tx: Tx, limit: int = 1000) -> list[Parked]:
    """All that waits, oldest first."""
    return [
        Parked(*row)
        for row in tx.execute(
            sa.select(*_COLUMNS).where(parked.c.ended_at.is_(None)).order_by(parked.c.id).limit(limit)
        )
    ]


def last_retry(tx: Tx, incident_id: str, kind: str, instance: str, field: str) -> datetime | None:
    """When a person last let such a thing go on; None: never."""
    found: datetime | None = tx.execute(
        sa.select(parked.c.ended_at)
        .where(
            parked.c.incident_id == incident_id,
            parked.c.kind == kind,
            parked.c.instance == instance,
            parked.c.field == field,
            parked.c.ended_at.is_not(None),
        )
        .order_by(parked.c.ended_at.desc())
        .limit(1)
    ).scalar()
    return found


def parked_by_id(tx: Tx, parked_id: int) -> Parked | None:
    """That one, while it waits."""
    row = tx.execute(
        sa.select(*_COLUMNS).where(parked.c.id == parked_id, parked.c.ended_at.is_(None))
    ).first()
    return None if row is None else Parked(*row)
