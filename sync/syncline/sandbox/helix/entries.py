"""The entries of one form, with the indexes that keep a call cheap among 100,000 of them.

An entry is never changed, only replaced: what the form held before stays readable, so that a list can be answered from an
earlier state without copying anything.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from syncline.sandbox.helix.forms import FormSpec
from syncline.sandbox.helix.qualification import Entry, Query, ordered

REMEMBERED: Final = timedelta(minutes=15)
"""How far back a list can see."""


class Entries:
    """Entries by their id."""

    def __init__(self, spec: FormSpec) -> None:
        self.spec = spec
        self.by_id: dict[str, Entry] = {}
        self._equal: dict[str, dict[Any, dict[str, None]]] = {name: {} for name in spec.indexed}
        self._times: list[tuple[int, str]] = []
        self._changes: deque[tuple[datetime, str, Entry | None]] = deque()

    def put(self, entry: Entry, now: datetime) -> None:
        """Add an entry, or put it in the place of the one with its id."""
        entry_id = str(entry[self.spec.key])
        before = self.by_id.get(entry_id)
        self._remember(entry_id, before, now)
        if before is not None:
            self._forget(entry_id, before)
        self.by_id[entry_id] = entry
        for name, index in self._equal.items():
            if entry.get(name) is not None:
                index.setdefault(entry[name], {})[entry_id] = None
        key = (int(entry[self.spec.time]), entry_id)
        if not self._times or self._times[-1] < key:
            self._times.append(key)
        else:
            insort(self._times, key)

    def remove(self, entry_id: str, now: datetime) -> Entry | None:
        """Take an entry away; gives it."""
        entry = self.by_id.pop(entry_id, None)
        if entry is not None:
            self._remember(entry_id, entry, now)
            self._forget(entry_id, entry)
        return entry

    def where(self, name: str, value: Any) -> list[Entry]:
        """The entries that hold that value; `name` is one of the indexed."""
        return [self.by_id[entry_id] for entry_id in self._equal[name].get(value, ())]

    def search(self, query: Query, sort: str, rng: Random, seen_at: datetime | None = None) -> list[Entry]:
        """All entries that fulfil it, in order. `seen_at`: as they were at that time. Raises `RefusalError`.

        Entries with equal sort keys come in an order that changes from call to call: a database promises none.
        """
        earlier = self._earlier(seen_at) if seen_at is not None else {}
        found = [
            entry
            for entry in self._candidates(query)
            if str(entry[self.spec.key]) not in earlier and query.test(entry)
        ]
        found += [entry for entry in earlier.values() if entry is not None and query.test(entry)]
        if not sort:
            return sorted(found, key=lambda entry: str(entry[self.spec.key]))
        rng.shuffle(found)
        return ordered(found, self.spec, sort)

    def _candidates(self, query: Query) -> Iterable[Entry]:
        if query.equal is not None:
            found: dict[str, None] = {}
            for name, value in query.equal:
                found |= self._equal[name].get(value, {})
            return [self.by_id[entry_id] for entry_id in found]
        if query.since is not None:
            start = bisect_left(self._times, (query.since, ""))
            return [self.by_id[entry_id] for _, entry_id in self._times[start:]]
        return list(self.by_id.values())

    def _earlier(self, since: datetime) -> dict[str, Entry | None]:
        """The entries that changed after `since`, as they were then; None: not there yet."""
        earlier: dict[str, Entry | None] = {}
        for at, entry_id, before in reversed(self._changes):
            if at <= since:
                break
            earlier[entry_id] = before
        return earlier

    def _remember(self, entry_id: str, before: Entry | None, now: datetime) -> None:
        self._changes.append((now, entry_id, before))
        while self._changes[0][0] < now - REMEMBERED:
            self._changes.popleft()

    def _forget(self, entry_id: str, entry: Entry) -> None:
        for name, index in self._equal.items():
            if entry.get(name) is not None:
                index[entry[name]].pop(entry_id, None)
        del self._times[bisect_left(self._times, (int(entry[self.spec.time]), entry_id))]
