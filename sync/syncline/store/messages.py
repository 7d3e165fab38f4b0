"""Messages: what is to be said to whom, and what became of it. Each is kept for good, so that none is said twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from syncline.escalation.decision import Message, PageState
from syncline.ports import Ids
from syncline.store.database import Among, Tx, insertion
from syncline.store.schema import messages

AWAITED: Final = timedelta(days=1)
"""Longer than policies wait for a sign of a page."""


class State(StrEnum):
    """What became of a message."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    REACHED = "reached"
    ANSWERED = "answered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message in the outbox.

    Attributes:
        id: Ours; also the marker of a page that a platform sends.
        incident_id: Of which incident.
        run_id: By which run.
        occasion: Step and repetition: with run, recipient and channel it is said once.
        recipient: Id of a person.
        channel: A channel, or an instance whose platform pages.
        address: The person at that channel.
        urgent: A page, rather than a message to stakeholders.
        title: One line.
        text: All of it.
        not_before: It does not leave before.
        confirm_by: By then a sign is wanted that a page arrived.
        state: What became of it.
        tried: Times that it set out.
        repeated: Sent once more, since no verdict came back the first time.
        created_at: When it was decided.
        begun_at: When it set out for the first time; of a repeat, when that did.
        at: Since when it is in that state.
        finished_at: When it came to its end; None: something is still to be done about it.
        error: Why it did not arrive, or did not arrive at once.
    """

    id: str
    incident_id: str
    run_id: str
    occasion: str
    recipient: str
    channel: str
    address: str
    urgent: bool
    title: str
    text: str
    not_before: datetime | None
    confirm_by: datetime | None
    state: State
    tried: int
    repeated: bool
    created_at: datetime
    begun_at: datetime | None
    at: datetime
    finished_at: datetime | None
    error: str | None

    @property
    def due(self) -> float | None:
        """When its work is due first, seconds since 1970; None: at once."""
        return None if self.not_before is None else self.not_before.timestamp()

    @property
    def urgency(self) -> int:
        """In the ledger: pages go before all others."""
        return 1 if self.urgent else 4


_WAITING: Final = frozenset({State.DUE, State.UNKNOWN})
"""States of what has yet to leave, for the first time or once more, where it is not finished."""

_COLUMNS: Final = (
    messages.c.id,
    messages.c.incident_id,
    messages.c.run_id,
    messages.c.occasion,
    messages.c.recipient,
    messages.c.channel,
    messages.c.address,
    messages.c.urgent,
    messages.c.content,
    messages.c.not_before,
    messages.c.confirm_by,
    messages.c.state,
    messages.c.tried,
    messages.c.repeated,
    messages.c.created_at,
    messages.c.begun_at,
    messages.c.at,
    messages.c.finished_at,
    messages.c.error,
)


@cache
def _once(dialect: str) -> sa.Executable:
    """Insert a message that is not there yet."""
    once: sa.Executable = (
        insertion(dialect, messages)
        .on_conflict_do_nothing(
            index_elements=[
                messages.c.run_id,
                messages.c.occasion,
                messages.c.recipient,
                messages.c.channel,
            ]
        )
        .execution_options(preserve_rowcount=True)  # PostgreSQL's would be forgotten
    )
    return once


def insert(
    tx: Tx, ids: Ids, incident_id: str, decided: Iterable[Message], *, repeated: bool = False
) -> list[Outgoing]:
    """Put what was decided into the outbox; those that were not there yet. Each wants a mark in the ledger. `repeated`:
    they may have been sent before, by a state of the database that is lost."""
    fresh = []
    for message in decided:
        row = Outgoing(
            ids.token(),
            incident_id,
            message.run_id,
            message.occasion,
            message.recipient,
            message.channel,
            message.address,
            message.urgent,
            message.title,
            message.text,
            message.not_before,
            message.confirm_by,
            State.DUE,
            0,
            repeated,
            tx.now,
            None,
            tx.now,
            None,
            None,
        )
        values = {
            "id": row.id,
            "incident_id": incident_id,
            "run_id": row.run_id,
            "occasion": row.occasion,
            "recipient": row.recipient,
            "channel": row.channel,
            "address": row.address,
            "urgent": row.urgent,
            "content": {"title": row.title, "text": row.text},
            "not_before": row.not_before,
            "confirm_by": row.confirm_by,
            "state": row.state,
            "tried": 0,
            "repeated": repeated,
            "created_at": row.created_at,
            "at": row.at,
        }
        if tx.execute(_once(tx.dialect), values).rowcount == 1:
            fresh.append(row)
    return fresh


def find(tx: Tx, message_id: str) -> Outgoing | None:
    """The message of that id."""
    row = tx.execute(sa.select(*_COLUMNS).where(messages.c.id == message_id)).first()
    return None if row is None else _outgoing(row)


def of_incident(tx: Tx, incident_id: str) -> list[Outgoing]:
    """All messages about an incident, oldest first."""
    rows = tx.execute(
        sa.select(*_COLUMNS)
        .where(messages.c.incident_id == incident_id)
        .order_by(messages.c.created_at, messages.c.id)
    )
    return [_outgoing(row) for row in rows]


def waiting_for(tx: Tx, incident_id: str, channel: str) -> list[str]:
    """Ids of the messages about an incident that have yet to leave by that channel."""
    rows = tx.execute(
        sa.select(messages.c.id).where(
            messages.c.incident_id == incident_id,
            messages.c.channel == channel,
            messages.c.state == State.DUE,
            messages.c.finished_at.is_(None),
        )
    )
    return [row.id for row in rows]


# Statements are made once: to build one costs more than to run it.
_STATES: Final = Among(
    sa.select(
        messages.c.incident_id,
        messages.c.run_id,
        messages.c.occasion,
        messages.c.recipient,
        messages.c.channel,
        messages.c.state,
        messages.c.at,
        messages.c.created_at,
        messages.c.finished_at,
    )
    .where(messages.c.urgent, messages.c.run_id.is_not(None))
    .order_by(messages.c.created_at, messages.c.id),
    messages.c.incident_id,
)


def states(tx: Tx, incident_ids: Sequence[str]) -> dict[str, list[PageState]]:
    """What became of the pages about those incidents, oldest first; without those that have none."""
    found: dict[str, list[PageState]] = {}
    for row in _STATES.rows(tx, incident_ids):
        waits = row.finished_at is None and row.state in _WAITING
        found.setdefault(row.incident_id, []).append(
            PageState(
                row.run_id,
                row.occasion,
                row.recipient,
                row.channel,
                row.state,
                row.at,
                row.created_at,
                waits,
            )
        )
    return found


def withdraw(tx: Tx, incident_id: str, pages: Iterable[PageState]) -> None:
    """Pages that wait are not sent any more. Of one in doubt it stays unknown whether it arrived."""
    for page in pages:
        tx.execute(
            sa.update(messages)
            .where(
                messages.c.incident_id == incident_id,
                messages.c.run_id == page.run_id,
                messages.c.occasion == page.occasion,
                messages.c.recipient == page.recipient,
                messages.c.channel == page.channel,
                messages.c.state.in_(_WAITING),
                messages.c.finished_at.is_(None),
            )
            .values(
                state=State.UNKNOWN if page.state == State.UNKNOWN else State.WITHDRAWN,
                at=tx.now,
                finished_at=tx.now,
            )
        )


def unfinished(tx: Tx) -> list[str]:
    """The incidents about which something is still to be said."""
    rows = tx.execute(sa.select(messages.c.incident_id).where(messages.c.finished_at.is_(None)).distinct())
    return sorted(row[0] for row in rows)


def clock_was_set(tx: Tx, seconds: float) -> None:
    """The wall clock was set forward by so much, or back: what is waited for after a message is waited for as long as
    before. The end of quiet hours is a time that people count on, and stays."""
    moved = round(seconds * 1_000_000)
    waits = (messages.c.created_at, messages.c.begun_at, messages.c.confirm_by, messages.c.at)
    awaited = messages.c.created_at > tx.now - timedelta(seconds=seconds) - AWAITED
    tx.execute(
        sa.update(messages)
        .where(messages.c.finished_at.is_(None) | awaited)
        .values({column: sa.type_coerce(column, sa.BigInteger) + moved for column in waits})
    )


def suspect(tx: Tx, message: Outgoing) -> None:
    """It may have been sent before: it says so."""
    _update(tx, message.id, repeated=True)


def begin(tx: Tx, message: Outgoing, *, repeat: bool = False) -> None:
    """It sets out: what comes of it is not known until `settle`."""
    first = message.begun_at is None or (repeat and not message.repeated)
    _update(
        tx,
        message.id,
        state=State.SENDING,
        tried=message.tried + 1,
        repeated=message.repeated or repeat,
        begun_at=tx.now if first else message.begun_at,
        at=tx.now,
    )


def settle(
    tx: Tx,
    message: Outgoing,
    state: State,
    error: str | None = None,
    *,
    finished: bool,
    counts: bool = True,
) -> None:
    """What became of it.

    Args:
        tx: The transaction.
        message: As it was before.
        state: Since now.
        error: Why it did not arrive, or did not arrive at once.
        finished: Nothing more is done about it.
        counts: Whether its last try was one.
    """
    values: dict[str, Any] = {"error": error, "finished_at": tx.now if finished else None}
    if not counts:
        values["tried"] = max(0, message.tried - 1)
    if state is not message.state:
        values |= {"state": state, "at": tx.now}
    _update(tx, message.id, **values)


def _update(tx: Tx, message_id: str, **values: Any) -> None:
    tx.execute(sa.update(messages).where(messages.c.id == message_id).values(**values))


def _outgoing(row: sa.Row[Any]) -> Outgoing:
    return Outgoing(
        row.id,
        row.incident_id,
        row.run_id or "",
        row.occasion,
        row.recipient,
        row.channel,
        row.address,
        row.urgent,
        row.content.get("title", ""),
        row.content.get("text", ""),
        row.not_before,
        row.confirm_by,
        State(row.state),
        row.tried,
        row.repeated,
        row.created_at,
        row.begun_at,
        row.at,
        row.finished_at,
        row.error,
    )
