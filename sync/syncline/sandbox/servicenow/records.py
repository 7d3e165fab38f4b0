"""The rows of one table, with the indexes that keep a call cheap among 100,000 of them.

A row is never changed, only replaced: what the table held before stays readable, so that a search can be
answered from an earlier state without copying anything.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syncline.sandbox.servicenow.query import Path, Query, Row, Term
from syncline.sandbox.servicenow.schema import TableSpec

REMEMBERED: Final = timedelta(minutes=15)
"""How far back a search can see."""

_ORDERED: Final = ("sys_updated_on", "sys_created_on")
_LAST: Final = "\uffff"
_LOWEST: Final = ("", "")
_HIGHEST: Final = (_LAST, _LAST)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows that may fulfil a query.

    Attributes:
        rows: All that fulfil it are among them.
        column: They come in the order of this column and `sys_id`; empty: in none that means anything.
        size: How many there are, where all of them fulfil it; else None.
    """

    rows: Iterable[Row]
    column: str = ""
    size: int | None = None


class Table:
    """Rows by sys_id."""

    def __init__(self, spec: TableSpec) -> None:
        self.spec = spec
        self.rows: dict[str, Row] = {}
        self._equal: dict[str, dict[str, dict[str, None]]] = {column: {} for column in spec.indexed}
        self._sorted: dict[str, list[tuple[str, str]]] = {column: [] for column in _ORDERED}
        self._changes: deque[tuple[datetime, str, Row | None]] = deque()

    def put(self, row: Row, now: datetime) -> None:
        """Add a row, or put it in the place of the one with its `sys_id`."""
        sys_id = row["sys_id"]
        before = self.rows.get(sys_id)
        self._remember(sys_id, before, now)
        self.rows[sys_id] = row
        for column, index in self._equal.items():
            old, new = (before or {}).get(column), row.get(column)
            if before is not None and old == new:
                continue
            if before is not None and old is not None:
                index[old].pop(sys_id, None)
            if new is not None:
                index.setdefault(new, {})[sys_id] = None
        for column, keys in self._sorted.items():
            if before is not None:
                if before.get(column, "") == row.get(column, ""):
                    continue
                del keys[bisect_left(keys, (before.get(column, ""), sys_id))]
            key = (row.get(column, ""), sys_id)
            if not keys or keys[-1] < key:
                keys.append(key)
            else:
                insort(keys, key)

    def remove(self, sys_id: str, now: datetime) -> Row | None:
        """Take a row away; gives it."""
        row = self.rows.pop(sys_id, None)
        if row is None:
            return None
        self._remember(sys_id, row, now)
        for column, index in self._equal.items():
            if column in row:
                index[row[column]].pop(sys_id, None)
        for column, keys in self._sorted.items():
            del keys[bisect_left(keys, (row.get(column, ""), sys_id))]
        return row

    def where(self, column: str, value: str) -> list[Row]:
        """The rows that hold that value; `column` is one of the indexed."""
        return [self.rows[sys_id] for sys_id in self._equal[column].get(value, ())]

    def unseen(self, since: datetime) -> dict[str, Row | None]:
        """The rows that changed after `since`, as they were then; None: not there yet."""
        earlier: dict[str, Row | None] = {}
        for at, sys_id, before in reversed(self._changes):
            if at <= since:
                break
            earlier[sys_id] = before
        return earlier

    def candidates(self, query: Query) -> Candidates:
        """The rows to look at for a query: as few as the indexes allow."""
        found: dict[str, None] = {}
        for group in query.groups:
            ids = self._by_index(group)
            if ids is None:
                return self._by_order(query)
            found |= dict.fromkeys(ids)
        return Candidates([self.rows[sys_id] for sys_id in found if sys_id in self.rows])

    def _by_index(self, group: tuple[tuple[Term, ...], ...]) -> Iterable[str] | None:
        for alternatives in group:
            term = alternatives[0]
            column = term.path[0].column
            if len(alternatives) > 1 or len(term.path) > 1 or term.operator not in {"=", "IN"}:
                continue
            values = [term.value] if term.operator == "=" else term.value.split(",")
            if column == "sys_id":
                return values
            # An empty value means rows without one: the index does not hold these.
            if column in self._equal and "" not in values:
                return [sys_id for value in values for sys_id in self._equal[column].get(value, ())]
        return None

    def _by_order(self, query: Query) -> Candidates:
        for column in self._preferred(query.order):
            bounds = [_bounds(group, column) for group in query.groups]
            least = min(low for low, _ in bounds)
            most = max(high for _, high in bounds)
            ordered = bool(query.order) and _ascends(query.order, column)
            if ordered or (least, most) != (_LOWEST, _HIGHEST):
                keys = self._sorted[column]
                first, last = bisect_left(keys, least), bisect_left(keys, most)
                exact = len(query.groups) == 1 and all(
                    _bounded(alternatives, column) for alternatives in query.groups[0]
                )
                rows = (self.rows[keys[at][1]] for at in range(first, last))
                return Candidates(rows, column, max(0, last - first) if exact else None)
        return Candidates(self.rows.values())

    def _preferred(self, order: tuple[tuple[Path, bool], ...]) -> tuple[str, ...]:
        if order and order[0][0][0].column == _ORDERED[1]:
            return _ORDERED[::-1]
        return _ORDERED

    def _remember(self, sys_id: str, before: Row | None, now: datetime) -> None:
        self._changes.append((now, sys_id, before))
        oldest = now - REMEMBERED
        while self._changes[0][0] < oldest:
            self._changes.popleft()


def _ascends(order: tuple[tuple[Path, bool], ...], column: str) -> bool:
    """Whether an order is the one of the index on that column: it, and then nothing or `sys_id`."""
    named = [(path[0].column if len(path) == 1 else "", descends) for path, descends in order]
    return named in ([(column, False)], [(column, False), ("sys_id", False)])


def _bounded(alternatives: tuple[Term, ...], column: str) -> bool:
    """Whether a condition is about that column alone, and a range of it."""
    term = alternatives[0]
    return (
        len(alternatives) == 1
        and len(term.path) == 1
        and term.path[0].column == column
        and term.operator in {">", ">=", "<", "<=", "="}
        and bool(term.value)
    )


def _bounds(group: tuple[tuple[Term, ...], ...], column: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """The keys between which the rows of a group lie."""
    least, most = _LOWEST, _HIGHEST
    for alternatives in group:
        if not _bounded(alternatives, column):
            continue
        operator, value = alternatives[0].operator, alternatives[0].value
        if operator in {">=", "=", ">"}:
            least = max(least, (value, _LAST if operator == ">" else ""))
        if operator in {"<=", "=", "<"}:
            most = min(most, (value, "" if operator == "<" else _LAST))
    return least, most


def in_order(candidates: Candidates, order: tuple[tuple[Path, bool], ...]) -> bool:
    """Whether the candidates already come in that order, ties by `sys_id`."""
    return bool(candidates.column) and bool(order) and _ascends(order, candidates.column)
