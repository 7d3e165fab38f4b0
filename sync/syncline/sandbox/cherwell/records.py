"""The records of one business object, with the indexes that keep a call cheap among 100,000 of them.

A record is never changed, only replaced: what was there before stays readable, so that a search can be answered from an earlier
state without copying anything.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from syncline.sandbox.cherwell.objects import ObjectSpec

Record = Mapping[str, Any]

REMEMBERED: Final = timedelta(minutes=15)
"""How far back a search can see."""


class Records:
    """Records by their record id."""

    def __init__(self, spec: ObjectSpec) -> None:
        self.spec = spec
        self.by_id: dict[str, Record] = {}
        self._equal: dict[str, dict[str, dict[str, None]]] = {name: {} for name in spec.indexed}
        self._times: list[tuple[int, str]] = []
        self._changes: deque[tuple[datetime, str, Record | None]] = deque()

    def put(self, record: Record, now: datetime) -> None:
        """Add a record, or put it in the place of the one with its id."""
        rec_id = str(record["RecID"])
        before = self.by_id.get(rec_id)
        self._remember(rec_id, before, now)
        if before is not None:
            self._forget(rec_id, before)
        self.by_id[rec_id] = record
        for name, index in self._equal.items():
            index.setdefault(_key(record.get(name)), {})[rec_id] = None
        insort(self._times, (int(record[self.spec.time]), rec_id))

    def remove(self, rec_id: str, now: datetime) -> None:
        """Take a record away."""
        record = self.by_id.pop(rec_id, None)
        if record is not None:
            self._remember(rec_id, record, now)
            self._forget(rec_id, record)

    def where(self, name: str, value: str) -> list[Record]:
        """The records that hold that text, without regard to case; `name` is one of the indexed."""
        return [self.by_id[rec_id] for rec_id in self._equal[name].get(_key(value), ())]

    def indexed(self, name: str) -> bool:
        """Whether `where` takes that field."""
        return name in self._equal

    def since(self, at: int) -> list[Record]:
        """The records whose time is not before `at`."""
        return [self.by_id[rec_id] for _, rec_id in self._times[bisect_left(self._times, (at, "")) :]]

    def earlier(self, since: datetime) -> dict[str, Record | None]:
        """The records that changed after `since`, as they were then; None: not there yet."""
        found: dict[str, Record | None] = {}
        for at, rec_id, before in reversed(self._changes):
            if at <= since:
                break
            found[rec_id] = before
        return found

    def _remember(self, rec_id: str, before: Record | None, now: datetime) -> None:
        self._changes.append((now, rec_id, before))
        while self._changes[0][0] < now - REMEMBERED:
            self._changes.popleft()

    def _forget(self, rec_id: str, record: Record) -> None:
        for name, index in self._equal.items():
            index[_key(record.get(name))].pop(rec_id, None)
        del self._times[bisect_left(self._times, (int(record[self.spec.time]), rec_id))]


def as_of(records: Records, candidates: Iterable[Record], seen_at: datetime | None) -> list[Record]:
    """The candidates as they were at that time, and all that were something else since; None: as they are."""
    if seen_at is None:
        return list(candidates)
    earlier = records.earlier(seen_at)
    stood = [record for record in earlier.values() if record is not None]
    return [record for record in candidates if record["RecID"] not in earlier] + stood


def _key(value: Any) -> str:
    """By what texts are equal: the database compares without regard to case."""
    return str(value or "").casefold()
