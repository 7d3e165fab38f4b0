"""How long it took: where nothing stood in the way, what somebody wrote must be on the other sides as soon as these are looked
at. Late is lost for whoever works there."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from network import Network
from pages import Watch
from people import Deleted

from syncline.demo.cherwell import CherwellSide
from syncline.demo.equivalence import CHERWELL, PD, TITLES
from syncline.demo.script import REMARKS, Edit, Script

_NUMBER: Final = re.compile(r"(?:edit|no\.) (\d+)")
_POLL: Final = 30.0
_AT_WORK: Final = 15.0
"""Seconds that a poll, a merge and a write take where every reply comes soon, behind others that wait for the same workers."""
_TURNS: Final = {"snow": 2}
"""ServiceNow's journal is not asked for in every fourth poll."""
_BEFORE: Final = 240.0
"""Seconds of calm before an edit: what failed is tried again by then."""


class Promptness:
    """When what people wrote reached the other sides of one world, as the network saw it.

    Args:
        script: What people did.
        network: What was written, and when.
        watch: When the daemon was not up.
        deleted: Records that somebody deleted.
        reread: Seconds after which PagerDuty's list of open incidents is read again: its log tells of no new title.
        end: When the world ended, in seconds since it began.
    """

    def __init__(
        self,
        script: Script,
        network: Network,
        watch: Watch,
        deleted: Mapping[str, Deleted],
        reread: float,
        end: float,
    ) -> None:
        self.script, self.network, self.watch, self.deleted = script, network, watch, deleted
        self.reread, self.end = reread, end
        self.took: list[float] = []

    def findings(self, began: datetime) -> list[str]:
        """What was late, of all that nothing held up."""
        found: list[str] = []
        there = self.watch.sides.get(CHERWELL)
        closed = there.closed() if isinstance(there, CherwellSide) else frozenset()
        for case in self.script.cases():
            edits = self.script.of_case(case)
            open_at = max(
                self.network.opened.get((side, case), self.end)
                for side in self.watch.sides
                if side != edits[0].side
            )
            opened = max(open_at, (edits[0].at - began).total_seconds())
            if any(edit.record in self.deleted for edit in edits):
                continue
            for edit in edits:
                at = (edit.at - began).total_seconds()
                number = _numbered(edit)
                if number is None or at < opened + 60.0:
                    continue
                bound = self._bound(edit)
                until = at + bound
                if until > self.end or not self._calm(at - _BEFORE, until):
                    continue
                if edit.what not in REMARKS and self._disputed(edit, edits, began, at, bound):
                    continue
                for side in self.watch.sides:
                    if side == edit.side or (side == PD and edit.what == "description"):
                        continue
                    if side == CHERWELL and case in closed and edit.what not in REMARKS:
                        continue  # It took no field then.
                    came = self.network.arrived.get((side, number), float("inf"))
                    self.took.append(came - at)
                    if came > until:
                        found.append(
                            f"slow: #{case} {edit.what} {edit.value!r} of {TITLES[edit.side]} at {at:.0f} s was on"
                            f" {TITLES[side]} after {came - at:.0f} s, and nothing stood in the way"
                        )
        return found

    def _bound(self, edit: Edit) -> float:
        if edit.side == PD and edit.what == "title":
            return self.reread + _POLL + _AT_WORK
        turns = _TURNS.get(edit.side, 1) if edit.what in REMARKS else 1
        return turns * _POLL + _AT_WORK

    def _calm(self, start: float, end: float) -> bool:
        """Whether no request failed, and the daemon was there, all that time."""
        down = any(a < end and b > start for _, a, b in self.watch.down)
        jumped = any(start <= at <= end for at, _ in self.watch.jumps)
        return not (
            down
            or jumped
            or any(self.network.lessons.troubled(side, start, end) for side in self.watch.sides)
        )

    @staticmethod
    def _disputed(edit: Edit, edits: Sequence[Edit], began: datetime, at: float, bound: float) -> bool:
        """Whether somebody else wrote that field before all sides can have agreed on it."""
        return any(
            other is not edit
            and other.what == edit.what
            and at - 2 * bound <= (other.at - began).total_seconds() <= at + bound
            for other in edits
        )


def _numbered(edit: Edit) -> str | None:
    """The number of the deed that stands in the text."""
    found = _NUMBER.search(edit.value) if edit.what in {"title", "description", *REMARKS} else None
    return found[1] if found else None
