"""What the store keeps of each instance: how far its polls and sweeps have come, and who is who there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from syncline.connector import Cursor, Party, PartyKind
from syncline.store.database import Tx
from syncline.store.schema import parties, polls

# Statements that every poll needs are made once: to build one costs more than to run it.
_PROGRESS = sa.select(polls).where(polls.c.instance == sa.bindparam("of_instance"))
_UPDATE = sa.update(polls).where(polls.c.instance == sa.bindparam("of_instance"))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an instance's polls and sweeps have come. See `polls` in the schema for the columns."""

    instance: str
    cursor: Cursor
    started_at: datetime
    polled_at: datetime | None
    swept_at: datetime | None
    sweep_position: str
    halted: str | None
    failing_since: datetime | None
    error: str | None


def progress(tx: Tx, instance: str) -> Progress | None:
    """Of one instance; None before its first poll."""
    row = tx.execute(_PROGRESS, {"of_instance": instance}).first()
    return None if row is None else Progress(*row)


def all_progress(tx: Tx) -> list[Progress]:
    """Of all instances."""
    return [Progress(*row) for row in tx.execute(sa.select(polls).order_by(polls.c.instance))]


def begin(tx: Tx, instance: str, cursor: Cursor, started_at: datetime) -> None:
    """The first poll of an instance begins there."""
    tx.execute(
        sa.insert(polls).values(
            instance=instance, cursor=dict(cursor), started_at=started_at, sweep_position=""
        )
    )


def update(tx: Tx, instance: str, **columns: Any) -> None:
    """Set columns of an instance's progress."""
    tx.execute(_UPDATE, {"of_instance": instance, **columns})


def load_parties(tx: Tx, instance: str) -> list[Party]:
    """Everybody and every group of that instance that we ever met."""
    rows = tx.execute(
        sa.select(parties.c.kind, parties.c.native_id, parties.c.name, parties.c.email).where(
            parties.c.instance == instance
        )
    )
    return [Party(PartyKind(kind), native_id, name, email) for kind, native_id, name, email in rows]


def remember_parties(tx: Tx, instance: str, known: Iterable[Party]) -> None:
    """Keep those people and groups; newer names replace older ones."""
    rows: Sequence[Party] = list(known)
    for party in rows:
        tx.execute(
            sa.delete(parties).where(
                parties.c.instance == instance,
                parties.c.kind == party.kind.value,
                parties.c.native_id == party.id,
            )
        )
    if rows:
        tx.execute(
            sa.insert(parties),
            [
                {
                    "instance": instance,
                    "kind": p.kind.value,
                    "native_id": p.id,
                    "name": p.name,
                    "email": p.email,
                }
                for p in rows
            ],
        )
