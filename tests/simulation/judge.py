"""The oracle: what a world came to, held against what people did. It knows the platforms, the script, and the network; of
Syncline's own it reads only what it put on record, and whether it still has something to do."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from network import Network

from syncline.demo.equivalence import SIDES, TITLES, Ticket, case_of, meaning_of_ours, meanings
from syncline.demo.oracle import Findings, OnRecord, Oracle
from syncline.demo.people import Side, everybody
from syncline.demo.script import CREATE, FIELDS, Edit, Script

_NOT_HELD = {("pd", "description"), ("pd", "assignee"), ("pd", "group"), ("jira", "group")}
"""What a platform has no field for, or decides by itself."""


class Judge:
    """Judges one world.

    Args:
        script: What people did.
        sides: The platforms.
        network: What was written to them, and when.
        file: The store.
        now: Seconds since the world began.
        still: Seconds before now in which nothing may have been written.
        clock: What the daemon's clock shows, in seconds since 1970.
        began: When the world began.
    """

    def __init__(
        self,
        script: Script,
        sides: Mapping[str, Side],
        network: Network,
        file: Path,
        now: float,
        still: float,
        clock: float,
        began: datetime,
    ) -> None:
        self.script, self.sides, self.network, self.file = script, sides, network, file
        self.now, self.still, self.clock, self.began = now, still, clock, began
        self.counts: dict[str, float] = {}
        self._conflicts: dict[str, list[OnRecord]] = defaultdict(list)
        self._case_of_incident: dict[str, set[str]] = defaultdict(set)

    @staticmethod
    def busy(file: Path, now: float) -> list[str]:
        """What is under way or owed, according to the store. A look that an incident is due later is not owed yet.

        Args:
            file: The store.
            now: Seconds since 1970, by the daemon's clock.
        """
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5.0)) as connection:
            writes = connection.execute(
                "SELECT id, incident_id, instance, kind, state FROM operations WHERE state IN ('sent', 'unknown')"
            ).fetchall()
            work = connection.execute(
                "SELECT kind, key, lane, due - ?, tries, error FROM work WHERE kind IN ('incident', 'delivery', 'message') "
                "AND (token IS NOT NULL OR due <= ? + CASE kind WHEN 'incident' THEN 0 ELSE 1e9 END)",
                (now, now),
            ).fetchall()
            return [str(row) for row in (*writes, *work)]

    def findings(self) -> list[str]:
        """Everything that breaks the promise, beginning with its kind."""
        found: list[str] = []
        world = {name: side.census() for name, side in self.sides.items()}
        self._read_store(world)
        judged = self._by_the_oracle(world)
        found += [f"missing: {text}" for text in judged.missing]
        found += [f"duplicate: {text}" for text in (*judged.duplicates, *judged.duplicate_items)]
        found += [f"stray: {text}" for text in judged.strays]
        found += [f"diverged: {text}" for text in judged.differences if not self._withheld(text, world)]
        found += [f"lost: {text}" for text in judged.lost if not self._beyond_recall(text)]
        found += [f"lost: {text}" for text in judged.lost_items]
        found += [f"leaked: {text}" for text in judged.leaked]
        found += self._invented(world)
        found += self._stuck()
        found += self._restless()
        self.counts |= {
            "compared": judged.compared,
            "final": judged.final,
            "replaced": judged.replaced,
            "recorded": judged.recorded,
            "copies": judged.copies,
        }
        return found

    def _by_the_oracle(self, world: Mapping[str, Sequence[Ticket]]) -> Findings:
        def never(_side: str, _record: str, _since: datetime, _until: datetime) -> bool:
            return False  # What truly stood there is in the script: nothing needs to be excused by a write of ours.

        oracle = Oracle(self.script, everybody(list(self.sides.values())), never)
        cases = {ticket.key: ticket.case for tickets in world.values() for ticket in tickets}
        return oracle.judge(world, lambda key: self._conflicts.get(cases.get(key, ""), ()))

    @staticmethod
    def _withheld(difference: str, world: Mapping[str, Sequence[Ticket]]) -> bool:
        """Whether the records differ because PagerDuty takes no priority for what is resolved, and agree but for that."""
        case, _, rest = difference.removeprefix("#").partition(" ")
        if not rest.startswith("priority"):
            return False
        tickets = {side: next((t for t in listed if t.case == case), None) for side, listed in world.items()}
        pd, snow, jira = tickets["pd"], tickets["snow"], tickets["jira"]
        if pd is None or snow is None or jira is None or pd.status != "resolved":
            return False
        return bool(meanings("snow", "priority", snow.priority) & meanings("jira", "priority", jira.priority))

    def _beyond_recall(self, lost: str) -> bool:
        """Whether a platform leaves no way to know of a lost edit: PagerDuty keeps no history of titles, nor these accounts
        of priorities. So one that was changed there after our last look, and before our own write of that field, is gone
        without a trace. Had any reply shown the incident in between, it would be our fault, unless it showed nothing new: what
        was set away and back between two looks."""
        edit = next((e for e in self.script.edits if e.side == "pd" and lost.startswith(_named(e))), None)
        if edit is None or edit.what not in {"title", "priority"}:
            return False
        at = (edit.at - self.began).total_seconds()
        path = f"/incidents/{edit.record}"
        given = self.network.given
        write = next((w for w, to, fields in given if w > at and to == path and edit.what in fields), None)
        looks = [r for r, what in self.network.reads["pd"] if what == path]
        beyond = write is not None and (
            not any(at < r < write for r in looks)
            or self._set_back(edit, max((r for r in looks if r < at), default=0.0))
        )
        self.counts["beyond recall"] = self.counts.get("beyond recall", 0) + beyond
        return beyond

    def _set_back(self, edit: Edit, looked: float) -> bool:
        """Whether people had left that value, and we had not written, since that look."""
        at = (edit.at - self.began).total_seconds()
        path = f"/incidents/{edit.record}"
        if any(
            looked < w < at and to == path and edit.what in fields for w, to, fields in self.network.given
        ):
            return False
        since = [
            e
            for e in self.script.edits
            if (e.side, e.what, e.record) == (edit.side, edit.what, edit.record)
            and looked < (e.at - self.began).total_seconds() <= at
        ]
        return since[0].before == edit.value

    # ---- what only the store can tell -----------------------------------------------------------

    def _read_store(self, world: Mapping[str, Sequence[Ticket]]) -> None:
        """The conflicts on record, by case."""
        by_id = {(side, t.id): t.case for side, tickets in world.items() for t in tickets}
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            for incident_id, instance, record_id in connection.execute(
                "SELECT incident_id, instance, record_id FROM links"
            ):
                case = by_id.get((instance, record_id))
                if case:
                    self._case_of_incident[incident_id].add(case)
            for incident_id, what, data in connection.execute(
                "SELECT incident_id, field, data FROM events WHERE kind IN ('conflict', 'parked') AND field IS NOT NULL"
            ):
                for case in self._case_of_incident.get(incident_id, ()):
                    self._conflicts[case] += _losers(what, json.loads(data) if data else {})
            self._parked = connection.execute(
                "SELECT incident_id, instance, kind, reason FROM parked WHERE ended_at IS NULL"
            ).fetchall()

    # ---- what the oracle of the demo does not look at -------------------------------------------

    def _invented(self, world: Mapping[str, Sequence[Ticket]]) -> list[str]:
        """Values that stand on a platform at the end, and that nobody left there: each must be somebody's edit that was not
        replaced knowingly."""
        found = []
        called = {ticket.case: ticket.assignee for ticket in world["pd"]}
        for side, tickets in world.items():
            for ticket in tickets:
                edits = self.script.of_case(ticket.case)
                for what in FIELDS:
                    if (side, what) in _NOT_HELD:
                        continue
                    mine = [e for e in edits if e.what == what]
                    said = meanings(side, what, ticket.field(what))
                    if what == "assignee" and ticket.assignee == called.get(ticket.case):
                        continue  # PagerDuty itself decides who has an incident that begins, or is open again.
                    if what == "priority" and side == "pd" and ticket.status == "resolved":
                        continue  # It takes no priority any more.
                    if not mine or any(
                        said & meanings(e.side, what, e.value) for e in mine if not _seen(e, mine)
                    ):
                        continue
                    found.append(
                        f"invented: #{ticket.case} {what} on {TITLES[side]} {ticket.key} is {ticket.field(what)!r}: "
                        f"all who wrote that were replaced by somebody who saw it"
                    )
        return found

    def _stuck(self) -> list[str]:
        return [f"stuck: {text}" for text in self.busy(self.file, self.clock)] + [
            f"stuck: parked: {row}" for row in self._parked
        ]

    def _restless(self) -> list[str]:
        since = self.now - self.still
        return [
            f"restless: {name} {what} {at:.0f} s after the world began, which should have come to rest"
            for name, writes in self.network.writes.items()
            for at, what in writes
            if at > since
        ]


def _named(edit: Edit) -> str:
    """How the oracle begins to speak of a lost edit."""
    return f"#{edit.case} {edit.what} {edit.value!r} by {edit.who} on {TITLES[edit.side]} at {edit.at:%H:%M:%S.%f}"


def _seen(edit: Edit, edits: Sequence[Edit]) -> bool:
    """Whether a later edit replaced that one knowingly, beyond doubt: what its author saw can have been no other edit."""
    means = meanings(edit.side, edit.what, edit.value)
    for later in edits:
        saw = meanings(later.side, later.what, later.before)
        if later.n > edit.n and saw & means:
            others = (meanings(e.side, e.what, e.value) for e in edits if e.n < later.n and e is not edit)
            if not any(saw & other and other != means for other in others):
                return True
    return False


def _losers(what: str, data: Mapping[str, Any]) -> list[OnRecord]:
    lost = [OnRecord(entry[0], what, entry[2]) for entry in data.get("losers", ())]
    return lost + [OnRecord(entry[0], what, entry[1], waits=True) for entry in data.get("values", ())]


__all__ = ["CREATE", "SIDES", "Judge", "case_of", "meaning_of_ours"]
