"""What connectors share that follow a list by (time, id): how far they look back, and what that brings again. Pure.

Rows become visible after younger ones, so a poll looks back now and then; what it has brought already is not brought again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

REMEMBERED: Final = 50_000
"""Rows that a chain remembers; beyond them it brings all once more, which costs time and loses nothing."""

Brought = Mapping[str, tuple[str, int | str]]
"""Row to its time, and to what tells its states apart: a revision or a digest. A key is the list's name, a colon and the row's id."""


def depth(overlap: float) -> float:
    """Seconds that a run looks back: a quarter more than the overlap, for that much lies between two such runs."""
    return overlap * 1.25 + 2


def look_back_due(last: datetime | None, mark: datetime, now: datetime, overlap: float) -> bool:
    """Whether a look back is due: it is not where the last one already saw all that can come late behind the mark.

    Args:
        last: When the last one began; None: there was none.
        mark: All before it was brought.
        now: The platform's clock.
        overlap: Seconds for which rows may become visible late.
    """
    if overlap <= 0:
        return False
    if last is None or now < last:
        return True
    if last >= mark + timedelta(seconds=depth(overlap)):
        return False
    return (now - last).total_seconds() >= overlap / 4


def link(last: str, brought: Brought) -> str:
    """The name of all that was brought so far: that of what was brought before, and these rows. It stands in the
    cursor, so that equal cursors mean that the same rows were brought."""
    if not brought:
        return last
    return blake2b(f"{last}{sorted(brought.items())}".encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Chain:
    """Which rows the pages up to a cursor brought, so that looking back brings only what is new.

    Only whoever goes on from exactly that cursor has stored those pages; with any other cursor nothing counts
    as brought.

    Attributes:
        cursor: The cursor of the last page.
        brought: The rows that may come again.
    """

    cursor: Mapping[str, Any] | None = None
    brought: Brought = field(default_factory=dict)

    def before(self, cursor: Mapping[str, Any]) -> Brought:
        """What was brought up to that cursor."""
        return self.brought if self.cursor == cursor else {}

    @staticmethod
    def after(cursor: Mapping[str, Any], brought: Brought, since: Mapping[str, str]) -> "Chain":
        """The chain that ends with `cursor`; rows that no look back can bring any more are forgotten.

        Args:
            cursor: The new cursor.
            brought: All that was brought up to it.
            since: List to the time from which on rows can come again.
        """
        kept = {key: row for key, row in brought.items() if row[0] >= since[key.partition(":")[0]]}
        return Chain(cursor, kept if len(kept) <= REMEMBERED else {})
