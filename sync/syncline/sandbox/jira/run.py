"""A plan, run over the search index: rows in their order, from a position on, no further than is asked for."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Final

from syncline.sandbox.jira.model import State
from syncline.sandbox.jira.query import Plan
from syncline.sandbox.jira.site import Site

Position = tuple[int, ...]
"""The sort key of the last row of a page."""
_FEW: Final = 5000
"""Up to so many candidates are sorted outright, before an index is walked in order."""


class Search:
    """One plan over one site.

    `live` are issues that the caller wants as they are now, not as the index knows them (`reconcileIssues`).
    """

    def __init__(self, site: Site, plan: Plan, live: Mapping[int, State] | None = None) -> None:
        self._index = site.index
        self._plan = plan
        self._live = live or {}
        self._orders = (*plan.orders, ("id", False))
        self._priorities = {
            key: -place for place, key in enumerate(site.names_of(site.fields["priority"]) or {})
        }

    def position(self, state: State) -> Position:
        """Where a state stands in the order; unlike for any other issue."""
        return tuple(
            -self._number(name, state) if down else self._number(name, state) for name, down in self._orders
        )

    def _number(self, name: str, state: State) -> int:
        if name == "priority":
            return self._priorities[state.values["priority"]]
        if name == "resolutiondate":
            return state.values["resolutiondate"] or 0
        if name == "duedate":
            day = state.values["duedate"]
            return date.fromisoformat(day).toordinal() if day else 0
        return self._index.number(name, state)

    def count(self) -> int:
        """How many there are."""
        indexed = sum(1 for state in self._candidates() if self._wanted(state))
        return indexed + sum(1 for state in self._live.values() if self._plan.test(state))

    def rows(self, after: Position | None = None) -> Iterator[State]:
        """All there are behind `after`, in order, found as they are asked for."""
        live = sorted((s for s in self._live.values() if self._plan.test(s)), key=self.position)
        for state in heapq.merge(self._indexed(after), live, key=self.position):
            if after is None or self.position(state) > after:
                yield state

    def _wanted(self, state: State) -> bool:
        return state.issue.id not in self._live and self._plan.test(state)

    def _indexed(self, after: Position | None) -> Iterator[State]:
        name, down = self._plan.orders[0]
        few = self._plan.ids is not None and len(self._plan.ids) <= _FEW
        ranged = any(bound != name for bound in self._plan.ranges) and name not in self._plan.ranges
        if few or ranged or name not in self._index.orders:
            return iter(sorted((s for s in self._candidates() if self._wanted(s)), key=self.position))
        return self._walk(name, after, down=down)

    def _walk(self, name: str, after: Position | None, *, down: bool) -> Iterator[State]:
        low, high = self._plan.ranges.get(name, (None, None))
        if after is not None and down:
            high = -after[0] if high is None else min(high, -after[0])
        elif after is not None:
            low = after[0] if low is None else max(low, after[0])
        rows = self._index.orders[name].walk(low, high, descending=down)
        for _, tied in groupby(rows, key=lambda row: row[0]):
            states: Sequence[State] = [self._index.states[issue_id] for _, issue_id in tied]
            yield from sorted((s for s in states if self._wanted(s)), key=self.position)

    def _candidates(self) -> Iterator[State]:
        states = self._index.states
        if self._plan.ids is not None:
            return (states[i] for i in self._plan.ids if i in states)
        if self._plan.ranges:
            name, (low, high) = next(iter(self._plan.ranges.items()))
            return (states[i] for _, i in self._index.orders[name].walk(low, high, descending=False))
        return iter(states.values())
