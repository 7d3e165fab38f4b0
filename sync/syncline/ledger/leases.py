"""The right to work on one item, and how it is given back."""

import random
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from syncline.ledger.items import ORDINARY, Item
from syncline.store.database import Tx
from syncline.store.schema import work

LEASE: Final = 120.0
"""Seconds after which a peer takes over what a dead worker held."""
PATIENCE: Final = 8
"""Faults of our own, one after the other, after which an item is parked. Outages of a platform never count."""
SHORTEST, LONGEST = 1.0, 300.0
"""Seconds of back-off."""

# Statements that every piece of work needs are made once: to build one costs more than to run it.
_HOLD = sa.update(work).where(
    work.c.kind == sa.bindparam("of_kind"),
    work.c.key == sa.bindparam("of_key"),
    work.c.token == sa.bindparam("held"),
)
_NEXT_DUE = sa.bindparam("next_due", type_=sa.Float)
_DONE = _HOLD.values(
    # The earlier of both, of which each may be missing.
    due=sa.func.coalesce(sa.case((work.c.again < _NEXT_DUE, work.c.again), else_=_NEXT_DUE), work.c.again),
    urgency=sa.case((work.c.revision != sa.bindparam("claimed"), work.c.urgency), else_=ORDINARY),
    token=None,
    again=None,
    tries=0,
    faults=0,
    error=None,
)


class LeaseLost(Exception):
    """Somebody else works on the item by now: roll back what was done under the lease, and mark it again."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one item.

    Attributes:
        item: The item.
        revision: Marks counted when it was claimed.
        urgency: 1 to 5.
        tries: Failures since it last went well, of whatever kind.
        token: Fresh for each claim; what fences a worker that slept through its lease.
        due: When it became due; seconds since 1970.
        faults: Failures since it last went well that were our own fault.
    """

    item: Item
    revision: int
    urgency: int
    tries: int
    token: str
    due: float
    faults: int = 0

    def done(self, tx: Tx, next_due: float | None = None) -> None:
        """It is worked on, in the transaction that stores the result; due again at `next_due`, or when a mark that was
        made meanwhile asks for it, whichever is earlier.

        Raises:
            LeaseLost: the lease ran out and a peer has it.
        """
        given = tx.execute(_DONE, {**self._held(), "claimed": self.revision, "next_due": next_due})
        if given.rowcount != 1:
            raise LeaseLost(f"{self.item.kind} {self.item.key}")

    def retry(self, tx: Tx, error: str, after: float | None = None, *, ours: bool = False) -> bool:
        """It failed: due again after `after` seconds, else after a back-off with jitter. A fault of our own parks the
        item after `PATIENCE` of them, unless it was marked meanwhile: then it has its chance with what is new.
        Whether it was parked.

        Raises:
            LeaseLost: the lease ran out and a peer has it.
        """
        tries, faults = self.tries + 1, self.faults + ours
        if ours and faults >= PATIENCE:
            now = tx.now.timestamp()
            if self._park(tx, due=None, tries=tries, faults=faults, error=error, parked_at=now):
                return True
            faults = 0
        wait = backoff(tries, self.token) if after is None else after
        due = tx.now.timestamp() + wait
        # What was marked meanwhile may have been marked because things are better now; but a platform's own
        # wish for peace outlives any mark.
        earliest = due if after is not None else _earlier(work.c.again, due)
        self._give_back(tx, due=earliest, tries=tries, faults=faults, error=error)
        return False

    def hold(self, tx: Tx) -> None:
        """Make sure that the lease is still ours, in the transaction that acts on it, and make it last.

        Raises:
            LeaseLost: the lease ran out and a peer has it.
        """
        held = tx.execute(_HOLD, {**self._held(), "due": tx.now.timestamp() + LEASE})
        if held.rowcount != 1:
            raise LeaseLost(f"{self.item.kind} {self.item.key}")

    def _held(self) -> dict[str, str]:
        """Binds of `_LEASED`."""
        return {"of_kind": self.item.kind, "of_key": self.item.key, "held": self.token}

    def _park(self, tx: Tx, **values: Any) -> bool:
        return self._release(tx, work.c.revision == self.revision, **values)

    def _give_back(self, tx: Tx, **values: Any) -> None:
        if not self._release(tx, sa.true(), **values):
            raise LeaseLost(f"{self.item.kind} {self.item.key}")

    def _release(self, tx: Tx, condition: sa.ColumnElement[bool], **values: Any) -> bool:
        released = _HOLD.where(condition).values(token=None, again=None, **values)
        return tx.execute(released, self._held()).rowcount == 1


def _earlier(mark: sa.ColumnElement[float | None], due: float | None) -> sa.ColumnElement[float | None]:
    """The earlier of two times, of which each may be missing."""
    if due is None:
        return mark
    return sa.case((mark < due, mark), else_=sa.literal(due, sa.Float))


def backoff(tries: int, seed: str) -> float:
    """Seconds to wait after that many failures: doubling, at most `LONGEST`, with full jitter from a half on."""
    most = min(LONGEST, SHORTEST * 2.0 ** min(tries, 20))
    return most * (0.5 + 0.5 * random.Random(seed).random())  # noqa: S311  jitter; drawn from the lease's token
