"""The search index: what searches see, which lags behind what reads see.

`search/jql` gives no read after write (Jira Cloud platform REST API v3, "search and reconcile"): each write shows
`lag` seconds after it was made, and until then a search finds the issue as it was, values and all.
"""

import heapq
import re
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

from syncline.sandbox.jira.model import State

_WORD: Final = re.compile(r"\w+")
Row = tuple[int, int]
"""A sort key and the issue's id."""


def words(text: str) -> list[str]:
    """What the index keeps of a text: words, lower case."""
    return _WORD.findall(text.lower())


class Ordered:
    """Issues in the order of one number."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Insert, most often at the end."""
        if not self._rows or row > self._rows[-1]:
            self._rows.append(row)
        else:
            insort(self._rows, row)

    def remove(self, row: Row) -> None:
        """Take out a row that is in."""
        del self._rows[bisect_left(self._rows, row)]

    def walk(self, low: int | None, high: int | None, *, descending: bool) -> Iterator[Row]:
        """Rows with `low <= number <= high`, in order."""
        start = 0 if low is None else bisect_left(self._rows, (low, -1))
        end = len(self._rows) if high is None else bisect_right(self._rows, (high, 1 << 62))
        places = range(end - 1, start - 1, -1) if descending else range(start, end)
        return (self._rows[place] for place in places)


class Index:
    """States by id, order, label and word, as searches see them.

    Attributes:
        states: Issue id to the state that a search finds.
        orders: `updated`, `created`, `key`, `id` to issues in that order.
    """

    def __init__(
        self, rank: Callable[[str], int], indexed: Callable[[State], Iterator[tuple[str, str]]]
    ) -> None:
        self.states: dict[int, State] = {}
        self.orders = {name: Ordered() for name in ("updated", "created", "key", "id")}
        self._terms: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._waiting: list[tuple[int, int, int, State | None]] = []
        self._sequence = 0
        self._shown: dict[int, int] = {}
        self._rank = rank
        self._indexed = indexed

    def number(self, order: str, state: State) -> int:
        """The number by which `order` sorts a state."""
        if order == "updated":
            return state.updated
        if order == "created":
            return state.issue.created
        if order == "id":
            return state.issue.id
        return self._rank(state.project) * 1_000_000_000 + state.number

    def write(self, issue_id: int, state: State | None, visible: int) -> None:
        """Take in a write; None: the issue was deleted. `visible`: epoch milliseconds from which searches see it."""
        self._sequence += 1
        heapq.heappush(self._waiting, (visible, self._sequence, issue_id, state))

    def settle(self, now: int) -> None:
        """Let all writes show that are due."""
        while self._waiting and self._waiting[0][0] <= now:
            _, sequence, issue_id, state = heapq.heappop(self._waiting)
            # Where the lag was shortened meanwhile, a later write may have shown first: it stays.
            if sequence > self._shown.get(issue_id, 0):
                self._shown[issue_id] = sequence
                self._show(issue_id, state)

    def with_term(self, field: str, word: str) -> set[int]:
        """Ids of the issues whose field holds that word (or label, in lower case)."""
        return self._terms.get((field, word), set())

    def _show(self, issue_id: int, state: State | None) -> None:
        shown = self.states.pop(issue_id, None)
        for order, rows in self.orders.items():
            old = None if shown is None else self.number(order, shown)
            new = None if state is None else self.number(order, state)
            if old != new:
                if old is not None:
                    rows.remove((old, issue_id))
                if new is not None:
                    rows.add((new, issue_id))
        if state is not None:
            self.states[issue_id] = state
        if shown is None or state is None or shown.values is not state.values:
            for term in self._indexed(shown) if shown is not None else ():
                self._drop(term, issue_id)
            for term in self._indexed(state) if state is not None else ():
                self._terms[term].add(issue_id)

    def _drop(self, term: tuple[str, str], issue_id: int) -> None:
        ids = self._terms.get(term)
        if ids is not None:
            ids.discard(issue_id)
            if not ids:
                del self._terms[term]
