"""Escalations: those in progress, those that ended, and when a policy last ran for a subject."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Final

import sqlalchemy as sa

from syncline.escalation.runs import Run, run_from_json, run_to_json
from syncline.store.database import Among, Tx, insertion
from syncline.store.schema import runs

_COLUMNS: Final = (
    runs.c.id,
    runs.c.policy,
    runs.c.policy_digest,
    runs.c.started_at,
    runs.c.ended_at,
    runs.c.state,
)

# Statements are made once: to build one costs more than to run it.
_OF: Final = Among(
    sa.select(runs.c.incident_id, *_COLUMNS).order_by(runs.c.started_at, runs.c.id), runs.c.incident_id
)


def of_incidents(tx: Tx, incident_ids: Sequence[str]) -> dict[str, list[Run]]:
    """All runs of those incidents, oldest first; without those that have none."""
    found: dict[str, list[Run]] = {}
    for row in _OF.rows(tx, incident_ids):
        found.setdefault(row.incident_id, []).append(run_from_json(*row[1:]))
    return found


@cache
def _save(dialect: str) -> sa.Executable:
    """Insert a run, or store how it is now."""
    insert = insertion(dialect, runs)
    upsert: sa.Executable = insert.on_conflict_do_update(
        index_elements=[runs.c.id],
        set_={"state": insert.excluded.state, "ended_at": insert.excluded.ended_at},
    )
    return upsert


def save(tx: Tx, incident_id: str, changed: Iterable[Run]) -> None:
    """The runs of an incident as they are now."""
    for run in changed:
        tx.execute(
            _save(tx.dialect),
            {
                "id": run.id,
                "incident_id": incident_id,
                "policy": run.policy,
                "policy_digest": run.digest,
                "state": run_to_json(run),
                "started_at": run.started_at,
                "ended_at": run.ended_at,
            },
        )


def last_for(tx: Tx, policy: str, subject: str, since: datetime) -> datetime | None:
    """When a policy last began for that subject on any incident, since then; None: it did not."""
    rows = tx.execute(
        sa.select(runs.c.started_at, runs.c.state)
        .where(runs.c.policy == policy, runs.c.started_at >= since)
        .order_by(runs.c.started_at.desc())
    )
    return next((row.started_at for row in rows if row.state.get("subject") == subject), None)


def in_progress(tx: Tx) -> list[tuple[str, Run]]:
    """Incident and run of every escalation that has not ended, oldest first."""
    rows = tx.execute(
        sa.select(runs.c.incident_id, *_COLUMNS)
        .where(runs.c.ended_at.is_(None))
        .order_by(runs.c.started_at, runs.c.id)
    )
    return [(row.incident_id, run_from_json(*row[1:])) for row in rows]


def latest(tx: Tx, limit: int) -> list[str]:
    """The incidents for which a run began last, the latest first."""
    began = sa.func.max(runs.c.started_at)
    rows = tx.execute(
        sa.select(runs.c.incident_id)
        .group_by(runs.c.incident_id)
        .order_by(began.desc(), runs.c.incident_id)
        .limit(limit)
    )
    return [row.incident_id for row in rows]


def digests(tx: Tx) -> set[str]:
    """Of the books to which escalations in progress keep."""
    return {row[0] for row in tx.execute(sa.select(runs.c.policy_digest).where(runs.c.ended_at.is_(None)))}
