"""Who won: a conflict is decided by the policy, and its record says whose edit lost. Held against when people truly did
what they did; that a conflict is on record is the judge's business."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from network import Network

from syncline.demo.equivalence import TITLES
from syncline.demo.script import Edit, Script

_UNLIKE: Final = ("title",)
"""Fields of which no two edits say the same: it is known whose each value is, and when we saw it."""
_MARGIN: Final = timedelta(seconds=15)
"""Within that, platforms' clocks tell no order: stamps of whole seconds, and clocks that are known by replies that took long."""
_NOBODY: Final = ("somebody", "the platform", "syncline")


@dataclass(slots=True)
class Winners:
    """The conflicts of one world.

    Attributes:
        script: What people did.
        network: What was written to them, and when.
        began: When the world began.
        address: By what paths name the record of an edit.
        shown: Whether a reply had shown us, until that second of the world, what an edit made of a field.
        timed: How many were held against the order in which people wrote.
    """

    script: Script
    network: Network
    began: datetime
    address: Callable[[Edit], str]
    shown: Callable[[Edit, float], bool]
    timed: int = field(default=0)

    def findings(self, file: Path, cases: Mapping[str, set[str]]) -> list[str]:
        """What was not decided by the policy, or is on record under another's name.

        Args:
            file: The store.
            cases: Incident to the cases that it is about.
        """
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            rows = connection.execute(
                "SELECT incident_id, field, data FROM events WHERE kind = 'conflict' AND field IS NOT NULL ORDER BY id"
            ).fetchall()
        found: list[str] = []
        for incident_id, what, data in rows:
            for case in cases.get(incident_id, ()):
                told = json.loads(data) if data else {}
                if "winner" in told:
                    found += self._one(case, what, told["winner"], told["losers"])
        return found

    def _one(self, case: str, what: str, winner: Sequence[Any], losers: Sequence[Sequence[Any]]) -> list[str]:
        found = []
        for loser in losers:
            said = f"#{case} {what}: {winner[1]!r} of {winner[0]} won over {loser[2]!r} of {loser[0]}"
            if what == "priority" and None not in (winner[1], loser[2]) and winner[1] > loser[2]:
                found.append(f"unruly: {said}, and the highest is to win")
            if what in _UNLIKE and self._came_later(case, what, winner, loser):
                found.append(f"unruly: {said}, which was written later")
            if not self._touched(case, str(loser[0]), str(loser[1])):
                found.append(f"unruly: {said} by {loser[1]}, who never was at that ticket")
        return found

    def _came_later(self, case: str, what: str, winner: Sequence[Any], loser: Sequence[Any]) -> bool:
        first, last = self._edit(case, what, winner[0], winner[1]), self._edit(case, what, loser[0], loser[2])
        if first is None or last is None:
            return False
        if self._touched_before_it_was_seen(first):
            return False  # A record has one time of its last change: whatever stands there passes for as young as that.
        self.timed += 1
        return last.at > first.at + _MARGIN

    def _edit(self, case: str, what: str, side: str, value: object) -> Edit | None:
        words = " ".join(str(value).split())
        return next(
            (
                e
                for e in self.script.of_case(case)
                if (e.side, e.what) == (side, what) and " ".join(e.value.split()) == words
            ),
            None,
        )

    def _touched_before_it_was_seen(self, edit: Edit) -> bool:
        since = self._passed(edit.at)
        name = self.address(edit)
        ours = [at for at, path in self.network.writes[edit.side] if at > since and name in path]
        others = [
            self._passed(e.at)
            for e in self.script.edits
            if e.record == edit.record and e.at >= edit.at and e is not edit
        ]
        return any(not self.shown(edit, at) for at in (*ours, *others))

    def _passed(self, at: datetime) -> float:
        return (at - self.began).total_seconds()

    def _touched(self, case: str, side: str, actor: str) -> bool:
        """Whether that person ever did anything to the ticket; by their first name, which all platforms' names begin with."""
        first = actor.casefold().replace(".", " ").partition(" ")[0]
        return (
            side not in TITLES
            or actor.casefold().startswith(_NOBODY)
            or actor in TITLES.values()
            or any(e.side == side and e.who.partition(".")[0] == first for e in self.script.of_case(case))
        )
