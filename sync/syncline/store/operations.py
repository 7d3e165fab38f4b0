"""The log of what we sent: one row for each write, committed before its request leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from syncline.audit import Write
from syncline.connector import Capabilities, Native
from syncline.merge import Sent
from syncline.model import Value, json_value
from syncline.store.database import Among, Tx
from syncline.store.schema import operations


class State(StrEnum):
    """How a write stands."""

    SENT = "sent"  # its request may be on its way; after a crash its outcome is unknown
    UNKNOWN = "unknown"
    APPLIED = "applied"
    VOID = "void"  # it did not happen, as far as the read-back could tell
    REFUSED = "refused"


OPEN = (State.SENT, State.UNKNOWN)
EFFECTIVE = (*OPEN, State.APPLIED)
"""States of a write that changed the record, or may have."""
GHOSTS = timedelta(hours=1)
"""So long a write that was taken for lost is known again when it turns up after all."""
AUDITED = ("update", "transition")
"""Kinds of writes that can overwrite an edit: nobody edited a record before it was created."""
CREATE = "create"
"""It overwrites nothing; it is held against the history where somebody may have added to its record before we saw that."""
AUDITABLE = timedelta(days=1)
"""So long a write waits to be held against the history: a platform may be down for hours. Some do not log every field."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One write. See `operations` in the schema for the columns."""

    id: int
    incident_id: str
    instance: str
    kind: str
    marker: str
    item_id: str | None
    made: str | None
    payload: Mapping[str, Native]
    base: Mapping[str, Native]
    fields: Mapping[str, Value]
    state: State
    created_at: datetime
    base_at: datetime | None
    settle_after: datetime
    finished_at: datetime | None
    audited: bool
    error: str | None

    def sent(self, capabilities: Capabilities) -> Sent:
        """As the merge sees it."""
        return Sent(self.payload, self.fields, self.state in OPEN, capabilities.resets_of(self.payload))

    def write(self) -> Write:
        """As the audit sees it."""
        return Write(self.payload, self.base, self.base_at or self.created_at)


def _logged(row: sa.Row[*tuple[Any, ...]]) -> Logged:
    return Logged(*row[:10], State(row[10]), *row[11:])  # type: ignore[call-arg]


# Statements are made once: to build one costs more than to run it.
_COLUMNS = list(operations.columns)
_INSERT = sa.insert(operations)
_UPDATE = sa.update(operations).where(operations.c.id == sa.bindparam("of_id"))
_UNSETTLED = Among(
    sa.select(*_COLUMNS)
    .where(
        sa.or_(
            *(operations.c.state == state.value for state in OPEN),
            (operations.c.state == State.VOID.value) & (operations.c.finished_at > sa.bindparam("since")),
        )
    )
    .order_by(operations.c.id),
    operations.c.incident_id,
)
_UNAUDITED = Among(
    sa.select(*_COLUMNS)
    .where(
        ((operations.c.state == State.APPLIED.value) & (operations.c.created_at > sa.bindparam("since")))
        | ((operations.c.state == State.VOID.value) & (operations.c.created_at > sa.bindparam("ghosts"))),
        operations.c.audited.is_(False),
        sa.or_(*(operations.c.kind == kind for kind in (*AUDITED, CREATE))),
    )
    .order_by(operations.c.id),
    operations.c.incident_id,
)
_RECENT = (
    sa.select(*_COLUMNS)
    .where(
        operations.c.incident_id == sa.bindparam("of_incident"),
        operations.c.instance == sa.bindparam("on"),
        operations.c.created_at > sa.bindparam("since"),
    )
    .order_by(operations.c.id)
)


def insert(
    tx: Tx,
    incident_id: str,
    instance: str,
    kind: str,
    marker: str,
    settle_after: datetime,
    *,
    payload: Mapping[str, Native] | None = None,
    base: Mapping[str, Native] | None = None,
    base_at: datetime | None = None,
    fields: Mapping[str, Value] | None = None,
    item_id: str | None = None,
) -> Logged:
    """Log the intent to write."""
    values = {
        "incident_id": incident_id,
        "instance": instance,
        "kind": kind,
        "marker": marker,
        "item_id": item_id,
        "payload": _json(payload),
        "base": _json(base),
        "fields": _json(fields),
        "state": State.SENT.value,
        "created_at": tx.now,
        "base_at": base_at,
        "settle_after": settle_after,
        "audited": kind == CREATE,
    }
    key = tx.execute(_INSERT, values).inserted_primary_key
    assert key is not None
    return Logged(
        key[0],
        incident_id,
        instance,
        kind,
        marker,
        item_id,
        None,
        payload or {},
        base or {},
        fields or {},
        State.SENT,
        tx.now,
        base_at,
        settle_after,
        None,
        kind == CREATE,
        None,
    )


def _json(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: json_value(value) for name, value in (values or {}).items()}


def finish(tx: Tx, operation_id: int, state: State, error: str | None = None) -> None:
    """Its outcome is known."""
    tx.execute(_UPDATE, {"of_id": operation_id, "state": state.value, "finished_at": tx.now, "error": error})


def made(tx: Tx, operation_id: int, record_id: str) -> None:
    """A create was applied, and that is its record's id; it stays open until the record is linked."""
    tx.execute(_UPDATE, {"of_id": operation_id, "made": record_id})


def doubt(tx: Tx, operation_id: int, error: str, settle_after: datetime) -> None:
    """No verdict came back; before `settle_after` absence proves nothing."""
    tx.execute(
        _UPDATE,
        {
            "of_id": operation_id,
            "state": State.UNKNOWN.value,
            "error": error,
            "settle_after": settle_after,
        },
    )


def rebase(tx: Tx, logged: Logged, told: Mapping[str, Native]) -> None:
    """What a write overwrote is known, and laid before the merge: from now on it counts as what the write was based on."""
    tx.execute(_UPDATE, {"of_id": logged.id, "base": _json({**logged.base, **told})})


def clock_was_set(tx: Tx, seconds: float) -> None:
    """The wall clock was set forward by so much, or back: a quarantine lasts as long as it did before."""
    moved = sa.type_coerce(operations.c.settle_after, sa.BigInteger) + round(seconds * 1_000_000)
    waiting = operations.c.state.in_([state.value for state in OPEN])
    tx.execute(sa.update(operations).where(waiting).values(settle_after=moved))


def begin_anew(tx: Tx, instance: str, settle_after: datetime) -> None:
    """The quarantine of all that is in doubt on that instance begins anew: nobody watched the clock meanwhile."""
    waiting = operations.c.state.in_([state.value for state in OPEN]) & (operations.c.instance == instance)
    tx.execute(sa.update(operations).where(waiting).values(settle_after=settle_after))


def retract(tx: Tx, operation_id: int) -> None:
    """It never took effect, for certain: it was not sent, or the platform said so. It leaves no trace, so that an outage
    neither fills the log nor looks like a fight."""
    tx.execute(sa.delete(operations).where(operations.c.id == operation_id))


def unsettled(tx: Tx, incident_ids: Sequence[str]) -> dict[tuple[str, str], list[Logged]]:
    """Writes that may yet show up on the platform, by incident and instance, oldest first: those of unknown outcome,
    and for a while those that we took for lost."""
    found: dict[tuple[str, str], list[Logged]] = {}
    for row in _UNSETTLED.rows(tx, incident_ids, since=tx.now - GHOSTS):
        found.setdefault((row.incident_id, row.instance), []).append(_logged(row))
    return found


def under_way(tx: Tx) -> list[tuple[str, str]]:
    """The incidents that have a write of unknown outcome, each with the instance."""
    states = [state.value for state in OPEN]
    columns = (operations.c.incident_id, operations.c.instance)
    rows = tx.execute(sa.select(*columns).where(operations.c.state.in_(states)).distinct())
    return sorted((row[0], row[1]) for row in rows)


def settle_creates(tx: Tx, incident_id: str, instance: str) -> list[Logged]:
    """The creates of a record that might yet have shown up, oldest first: now that it stands there, they were applied."""
    creates = [o for o in unsettled(tx, [incident_id]).get((incident_id, instance), []) if o.kind == "create"]
    for logged in creates:
        finish(tx, logged.id, State.APPLIED)
    return creates


def recent(tx: Tx, incident_id: str, instance: str, within: timedelta) -> list[Logged]:
    """The writes to a record in the last while, oldest first."""
    rows = tx.execute(_RECENT, {"of_incident": incident_id, "on": instance, "since": tx.now - within})
    return [_logged(row) for row in rows]


def unaudited(tx: Tx, incident_ids: Sequence[str]) -> dict[tuple[str, str], list[Logged]]:
    """Writes that are yet to be held against the platform's history, by incident and instance: applied ones, and those
    that were taken for lost and may have landed all the same."""
    found: dict[tuple[str, str], list[Logged]] = {}
    times = {"since": tx.now - AUDITABLE, "ghosts": tx.now - GHOSTS}
    for row in _UNAUDITED.rows(tx, incident_ids, **times):
        found.setdefault((row.incident_id, row.instance), []).append(_logged(row))
    return found


def owe_history(tx: Tx, operation_id: int, since: datetime) -> None:
    """That write is to be held against the platform's history from then on, by the platform's clock."""
    tx.execute(_UPDATE, {"of_id": operation_id, "audited": False, "base_at": since})


def audited(tx: Tx, operation_ids: Sequence[int]) -> None:
    """Those were held against the history."""
    if operation_ids:
        tx.execute(_UPDATE, [{"of_id": operation_id, "audited": True} for operation_id in operation_ids])
