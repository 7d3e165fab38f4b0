"""Which incidents we are writing to, or have just written to: what a poll read meanwhile may be older."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Final

REMEMBERED: Final = 1_000


class Writes:
    """A cache in memory; every step is atomic, so workers share it without a lock."""

    def __init__(self) -> None:
        self._moments = count(1)
        self._under_way: set[str] = set()
        self._ended: dict[str, int] = {}

    def moment(self) -> int:
        """A mark in time."""
        return next(self._moments)

    @contextmanager
    def under_way(self, record_id: str) -> Iterator[None]:
        """One incident is written to. The core never delivers to one incident twice at a time."""
        self._under_way.add(record_id)
        try:
            yield
        finally:
            if len(self._ended) >= REMEMBERED:
                self._ended.clear()
            self._ended[record_id] = self.moment()
            self._under_way.discard(record_id)

    def disturbed(self, record_id: str, since: int) -> bool:
        """Whether an incident was, or is being, written to since that mark."""
        return record_id in self._under_way or self._ended.get(record_id, 0) > since
