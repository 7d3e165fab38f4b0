"""The rows of the ledger: marked, claimed by what is most urgent, and counted."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

import sqlalchemy as sa

from syncline.ledger.items import ORDINARY, Item, Kind
from syncline.ledger.leases import LEASE, LONGEST, Lease
from syncline.store.database import Tx, insertion
from syncline.store.schema import work

URGENCIES: Final = range(1, 6)
"""1 is worked on first; incidents bring their priority."""
AGEING: Final = 60.0
"""Seconds of waiting that count like one step of urgency, so that the least urgent never starves."""


def _at(urgency: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        work.c.kind == sa.bindparam("of_kind"),
        work.c.lane == sa.bindparam("of_lane"),
        work.c.urgency == urgency,
    )


def _oldest(urgency: int) -> sa.Select[*tuple[Any, ...]]:
    due = sa.select(work).where(_at(urgency), work.c.due <= sa.bindparam("now")).order_by(work.c.due)
    return sa.select(due.limit(sa.bindparam("most")).with_for_update(skip_locked=True).subquery())


def _first(urgency: int) -> sa.Select[*tuple[Any, ...]]:
    # Most rows are clean. The index steps over them; without this it would read them all.
    return sa.select(sa.func.min(work.c.due).label("due")).where(_at(urgency), work.c.due > 0)


# One index probe for each urgency: a plain sort over all due rows takes 30 to 150 ms at 100,000.
_DUE = sa.union_all(*map(_oldest, URGENCIES))
_FIRST_DUE = sa.select(sa.func.min(sa.union_all(*map(_first, URGENCIES)).subquery().c.due))
_OVERDUE = (
    sa.select(work.c.kind, work.c.lane)
    .where(
        work.c.kind.in_(list(Kind)),
        work.c.lane.in_(sa.bindparam("lanes", expanding=True)),
        # With what comes before it given, the index leads to what is due, and past all that is not.
        work.c.urgency.in_(list(URGENCIES)),
        work.c.due <= sa.bindparam("now"),
    )
    .distinct()
)
_LEASE = sa.update(work).where(work.c.kind == sa.bindparam("of_kind"), work.c.key == sa.bindparam("of_key"))


@cache
def _mark(dialect: str) -> sa.Executable:
    """Insert a row, or have it worked on once more: the earliest due and the highest urgency win."""
    insert = insertion(dialect, work)
    new = insert.excluded
    free = work.c.token.is_(None)
    upsert: sa.Executable = insert.on_conflict_do_update(
        index_elements=[work.c.kind, work.c.key],
        set_={
            "due": sa.case(
                (free & work.c.due.is_(None), new.due),
                (free & (work.c.due > new.due), new.due),
                else_=work.c.due,
            ),
            "again": sa.case(
                (free, None),
                (work.c.again.is_(None) | (work.c.again > new.due), new.due),
                else_=work.c.again,
            ),
            "urgency": sa.case((work.c.urgency > new.urgency, new.urgency), else_=work.c.urgency),
            "tries": sa.case((work.c.parked_at.is_not(None), 0), else_=work.c.tries),
            "faults": sa.case((work.c.parked_at.is_not(None), 0), else_=work.c.faults),
            "parked_at": None,
            "revision": work.c.revision + 1,
        },
    )
    return upsert


class Ledger:
    """The rows, and who is told when one becomes due.

    Args:
        wake: Called after the commit with kind and lane of each item that was marked: who waits there learns until when.
        token: Gives a fresh token for each claim.
    """

    def __init__(self, token: Callable[[], str], wake: Callable[[Kind, str], None] | None = None) -> None:
        self._token = token
        self._wake = wake

    def mark(self, tx: Tx, item: Item, due: float | None = None, urgency: int = ORDINARY) -> None:
        """Look at this again, at `due` (seconds since 1970; None: now). The earliest due and the highest urgency win."""
        self.mark_all(tx, [item], due, urgency)

    def mark_all(
        self, tx: Tx, items: Iterable[Item], due: float | None = None, urgency: int = ORDINARY
    ) -> None:
        """`mark` for many, in one statement."""
        fresh = list(dict.fromkeys(items))
        if not fresh:
            return
        when = tx.now.timestamp() if due is None else due
        rows = [
            {
                "kind": item.kind,
                "key": item.key,
                "lane": item.lane,
                "due": when,
                "urgency": min(max(urgency, URGENCIES.start), URGENCIES.stop - 1),
                "revision": 1,
                "tries": 0,
                "faults": 0,
            }
            for item in fresh
        ]
        tx.execute(_mark(tx.dialect), rows)
        if self._wake is not None:
            for kind, lane in dict.fromkeys((item.kind, item.lane) for item in fresh):
                tx.after_commit(lambda kind=kind, lane=lane: self._wake(kind, lane))  # type: ignore[misc]

    def claim(self, tx: Tx, kinds: Sequence[Kind], lane: str = "", count: int = 1) -> list[Lease]:
        """Lease up to `count` due items of a lane, the most urgent first; waiting counts as urgency."""
        now = tx.now.timestamp()
        found: list[tuple[float, float, sa.Row[*tuple[Any, ...]]]] = []
        for kind in kinds:
            rows = tx.execute(_DUE, {"of_kind": kind, "of_lane": lane, "now": now, "most": count})
            found.extend((row.urgency - math.floor((now - row.due) / AGEING), row.due, row) for row in rows)
        found.sort(key=lambda entry: entry[:2])
        leases = [
            Lease(
                Item(Kind(row.kind), row.key, row.lane),
                row.revision,
                row.urgency,
                row.tries,
                self._token(),
                row.due,
                row.faults,
            )
            for _, _, row in found[:count]
        ]
        if leases:
            # A leased row is due again when its lease has run out: a dead worker's items come back by themselves.
            held = {"due": now + LEASE, "again": None}
            tx.execute(
                _LEASE,
                [
                    {"of_kind": le.item.kind, "of_key": le.item.key, "token": le.token, **held}
                    for le in leases
                ],
            )
        return leases

    def hasten(self, tx: Tx, kind: Kind, lane: str) -> None:
        """Try again now what failed and waits out its back-off: the reason for waiting is gone."""
        now = tx.now.timestamp()
        tx.execute(
            sa.update(work)
            .where(
                work.c.kind == kind,
                work.c.lane == lane,
                work.c.tries > 0,
                work.c.token.is_(None),
                work.c.due > now,
            )
            .values(due=now)
        )
        if self._wake is not None:
            tx.after_commit(partial(self._wake, kind, lane))

    def clock_went_back(self, tx: Tx, seconds: float) -> None:
        """The wall clock was set back by so much: what waits out a time waits no longer for that. Whoever is looked at too
        early finds nothing due, and says when that will be."""
        tx.execute(sa.update(work).where(work.c.due.is_not(None)).values(due=work.c.due - seconds))

    def bounded(self, tx: Tx) -> None:
        """No delivery waits longer than after a failure: one that does was put off by a clock that went back while nobody
        watched."""
        latest = tx.now.timestamp() + LONGEST
        late = (work.c.kind == Kind.DELIVERY) & (work.c.due > latest)
        tx.execute(sa.update(work).where(late).values(due=latest))

    def next_due(self, tx: Tx, kinds: Sequence[Kind], lane: str = "") -> float | None:
        """When the next item of a lane is due, seconds since 1970; None when there is none."""
        found = (tx.execute(_FIRST_DUE, {"of_kind": kind, "of_lane": lane}).scalar() for kind in kinds)
        return min((due for due in found if due is not None), default=None)

    def overdue(self, tx: Tx, lanes: Sequence[str]) -> list[tuple[Kind, str]]:
        """Of those lanes, the kinds of which something is due now."""
        rows = tx.execute(_OVERDUE, {"lanes": lanes, "now": tx.now.timestamp()})
        return sorted((Kind(kind), lane) for kind, lane in rows)

    def release_all(self, tx: Tx) -> int:
        """Give back every lease: only for a daemon that has made sure it is the only one. How many there were.

        All are due at once: a run that was broken off is owed in full, whenever it was marked for besides.
        """
        return tx.execute(
            sa.update(work)
            .where(work.c.token.is_not(None))
            .values(token=None, due=tx.now.timestamp(), again=None)
        ).rowcount

    def forget(self, tx: Tx, item: Item) -> None:
        """Drop a row for good: its subject is no longer kept in agreement."""
        tx.execute(sa.delete(work).where(work.c.kind == item.kind, work.c.key == item.key))


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits in a lane.

    Attributes:
        kind: What is to be done.
        lane: Whose workers do it.
        due: Items that are due now.
        waiting: Items that are due later.
        parked: Items that wait for a person.
        oldest: Seconds that the longest-waiting due item has waited.
    """

    kind: str
    lane: str
    due: int
    waiting: int
    parked: int
    oldest: float


def backlog(tx: Tx) -> list[Backlog]:
    """What waits, lane by lane."""
    now = tx.now.timestamp()
    ready = (work.c.due <= now) & work.c.token.is_(None)
    rows = tx.execute(
        sa.select(
            work.c.kind,
            work.c.lane,
            sa.func.sum(sa.case((ready, 1), else_=0)),
            sa.func.sum(sa.case((work.c.due > now, 1), else_=0)),
            sa.func.sum(sa.case((work.c.parked_at.is_not(None), 1), else_=0)),
            sa.func.min(sa.case((ready, work.c.due), else_=None)),
        )
        .where(work.c.due.is_not(None) | work.c.parked_at.is_not(None))
        .group_by(work.c.kind, work.c.lane)
        .order_by(work.c.kind, work.c.lane)
    )
    return [
        Backlog(kind, lane, int(due), int(waiting), int(parked), max(0.0, now - oldest) if oldest else 0.0)
        for kind, lane, due, waiting, parked, oldest in rows
    ]
