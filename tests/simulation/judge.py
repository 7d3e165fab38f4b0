"""The oracle: what a world came to, held against what people did. It knows the platforms, the script, and the network; of
Syncline's own it reads only what it put on record, and whether it still has something to do."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from math import nextafter
from pathlib import Path
from types import MappingProxyType
from typing import Any

from copied import Copies, held
from deletions import Deletions
from learnt import fields_of, named, priority_of, record_of
from network import Network
from people import OURSELVES, Deleted
from retriggered import Span, as_it_stands, as_meant
from winners import Winners

from syncline.demo.cherwell import CLOSED, CherwellSide
from syncline.demo.equivalence import CHERWELL, TITLES, Ticket, agree, meaning_of_ours, meanings
from syncline.demo.helix import HelixSide
from syncline.demo.oracle import Findings, OnRecord, Oracle
from syncline.demo.pagerduty import PagerDutySide
from syncline.demo.people import Side, everybody
from syncline.demo.script import CREATE, FIELDS, FILE, Edit, Script

_WRITES_EACH = 3
"""So many writes for each edit, and each platform that it goes to, are beyond what repetitions explain: each tried again once or twice."""
_NOT_HELD = {("pd", "description"), ("pd", "assignee"), ("pd", "group"), ("jira", "group")}
"""What a platform has no field for, or decides by itself."""

_NATIVE = {
    "snow": {"title": "short_description", "status": "state", "priority": "impact"},
    "jira": {"title": "summary", "status": "status", "priority": "priority"},
    "pd": {"title": "title", "status": "status", "priority": "priority"},
    "helix": {"title": "Description", "status": "Status", "priority": "Impact"},
    "cherwell": {"title": "ShortDescription", "status": "Status", "priority": "Priority"},
}
"""The fields of replies that tell what people changed."""
_WAITING = frozenset({"missing", "diverged", "lost", "invented", "split", "stuck", "unlinked"})
"""What a question about the first ticket of an incident leaves open until it is answered. It is asked so that nothing is made
twice: no duplicate is excused by it, nor that something stands where customers read it, or is not what was written."""
_BY_POLICY = {"delegate_log_entry", "escalate_log_entry"}
"""PagerDuty gave an incident to whoever is on call, since its policy or level was changed: by us alone, nobody else does."""


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
        lost: Stores that were replaced by a backup: what they had on record was on record.
        deleted: Records that somebody deleted.
        retriggered: Records of PagerDuty that our own write triggered again, and when.
        said, files: What people wrote and attached, by the names that the script has for them.
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
        lost: Sequence[Path] = (),
        deleted: Mapping[str, Deleted] = MappingProxyType({}),
        retriggered: Mapping[str, Sequence[Span]] = MappingProxyType({}),
        said: Mapping[str, str] = MappingProxyType({}),
        files: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        self.script, self.sides, self.network, self.file = script, sides, network, file
        self.now, self.still, self.clock, self.began = now, still, clock, began
        self.lost, self.retriggered = lost, retriggered
        self.copies = Copies(script, said, files, held(sides), deleted)
        self.deletions = Deletions(script, network, deleted, self._was_shown)
        self.counts: dict[str, float] = {}
        self._conflicts: dict[str, list[OnRecord]] = defaultdict(list)
        self._of_nobody: list[tuple[str, str]] = []
        self._case_of_incident: dict[str, set[str]] = defaultdict(set)

    @staticmethod
    def busy(file: Path, now: float) -> list[str]:
        """What is under way or owed, according to the store. A look at an incident that is due later is not owed yet.

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
        opened = {e.record for e in self.script.edits if e.what == CREATE}
        # What stands on somebody's own ticket, as on a clone, is no marker of ours.
        world = {
            name: [replace(t, marker="") if t.id in opened else t for t in side.census()]
            for name, side in self.sides.items()
        }
        self.counts["retriggered"] = as_meant(self.script, self.retriggered, self.began)
        world["pd"] = as_it_stands(world["pd"], self.retriggered, self.now)
        self._on_pd = {ticket.case: ticket.id for ticket in world["pd"]}
        self._read_store(world)
        judged = self._by_the_oracle(world)
        found += [f"missing: {text}" for text in judged.missing if not self.deletions.explain(text)]
        found += self.deletions.revived(world)
        found += [f"duplicate: {text}" for text in (*judged.duplicates, *judged.duplicate_items)]
        found += [f"stray: {text}" for text in judged.strays]
        found += [
            f"diverged: {text}"
            for text in judged.differences
            if not self._withheld(text, world) and not self._at_cherwell(text, world)
        ]
        found += [f"lost: {text}" for text in judged.lost if not self._excused(text)]
        with_it = [text for text in judged.lost_items if self.deletions.took(text)]
        passing = [text for text in judged.lost_items if self._passes_for_a_copy(text)]
        found += [f"lost: {text}" for text in judged.lost_items if text not in with_it + passing]
        found += [f"leaked: {text}" for text in judged.leaked]
        found += self.copies.findings(world)
        found += self._invented(world)
        if (
            not self.lost
        ):  # What is found again after a backup was put back is decided by what came after what.
            winners = Winners(self.script, self.network, self.began, self._address, self._was_shown)
            found += winners.findings(self.file, self._case_of_incident)
            self.counts["winners"] = winners.timed
        found += self._split()
        found += self._phantoms()
        found += self._wasteful()
        found += self._stuck()
        found += self._restless()
        asked, apart = self._asked_about(), self._ends_apart(world)
        self.counts["asked"] = len(asked) + len(apart)
        self.counts["items gone with their ticket"] = len(with_it)
        self.counts["files that pass for copies"] = len(passing)
        found = [f for f in found if not _asked(f, asked, _WAITING) and not _ends(f, apart)]
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
        pd = tickets.pop("pd")
        if pd is None or pd.status != "resolved":
            return False
        # Of those that were deleted there are none that could differ.
        others = [meanings(t.side, "priority", t.priority) for t in tickets.values() if t is not None]
        return not others or bool(frozenset.intersection(*others))

    def _at_cherwell(self, difference: str, world: Mapping[str, Sequence[Ticket]]) -> bool:
        """Whether the records differ by what Cherwell's can hold, and agree but for that: one that is closed takes no field but
        its status any more."""
        case, _, rest = difference.removeprefix("#").partition(" ")
        what = rest.partition(":")[0]
        tickets = [t for listed in world.values() for t in listed if t.case == case]
        ours = next((t for t in tickets if t.side == CHERWELL), None)
        others = [t for t in tickets if t.side != CHERWELL]
        if ours is None or not agree(what, others, everybody(list(self.sides.values()))):
            return False
        closed = what != "status" and ours.status == CLOSED
        self._count("closed at Cherwell", closed)
        return closed

    def _passes_for_a_copy(self, lost: str) -> bool:
        """Whether a file is not copied that somebody attached with our own account, in a world whose store was lost: files
        carry no marker, so it may be our copy of one that was deleted."""
        return bool(self.lost) and any(
            lost.startswith(f"#{e.case} file {e.value.rpartition('|')[0]} is not on ")
            for e in self.script.edits
            if e.what == FILE and e.who == OURSELVES
        )

    def _excused(self, lost: str) -> bool:
        """Whether a platform leaves no way to know of an edit that is lost."""
        edit = next((e for e in self.script.edits if lost.startswith(_told(e))), None)
        if edit is None:
            return False
        reasons = {
            "beyond recall": self._beyond_recall(edit),
            "not in Cherwell's history": self._untracked(edit),
            "taken back": self._taken_back(edit),
            "gone with its ticket": self.deletions.took_edit(edit),
            "given alike": self._given_alike(edit),
            "called instead": self._called_instead(edit),
        }
        for reason, holds in reasons.items():
            self._count(reason, holds)
        return any(reasons.values())

    def _count(self, reason: str, holds: int = 1) -> None:
        self.counts[reason] = self.counts.get(reason, 0) + holds

    def _beyond_recall(self, edit: Edit) -> bool:
        """PagerDuty keeps no history of titles, and on such an account as this one none of priorities. An edit of one that
        our own write overwrote is gone without a trace, unless a reply had shown it to us, or there was nothing to write, since
        we knew that what we wrote stood there already before the edit: then it would be our fault."""
        if edit.side != "pd" or edit.what not in {"title", "priority"}:
            return False
        at = self._passed(edit.at)
        path = f"/incidents/{edit.record}"
        written = [
            fields[edit.what]
            for w, to, fields in self.network.given
            if w > at and to == path and edit.what in fields
        ]
        following = (e for e in self._like(edit) if e.n > edit.n)
        until = next((self._passed(e.at) for e in following), self.now)
        if not written or self._was_shown(edit, until):
            return False
        first = written[0]
        stood = edit.before == (self._priority(first["id"]) if isinstance(first, dict) else first)
        return not stood or self._unknown_to_us(edit, path)

    def _untracked(self, edit: Edit) -> bool:
        """Cherwell's history tells nothing of descriptions: one that our own write overwrote, before any reply had shown it to
        us, is gone without a trace."""
        if (edit.side, edit.what) != (CHERWELL, "description"):
            return False
        side, at = self.sides[CHERWELL], self._passed(edit.at)
        assert isinstance(side, CherwellSide)
        until = next((self._passed(e.at) for e in self._like(edit) if e.n > edit.n), self.now)
        written = [
            w
            for w, record, fields in self.network.saved
            if at <= w <= until and record == edit.record and side.ids["Description"] in fields
        ]
        numbered = edit.value.partition("\n")[0].encode()
        return bool(written) and not any(
            at <= said <= written[0] and numbered in body and edit.record.encode() in body
            for said, body in self.network.heard[CHERWELL]
        )

    def _unknown_to_us(self, edit: Edit, path: str) -> bool:
        """Whether what an edit replaced was somebody's that no reply had shown us, and that we had not written since."""
        earlier = [e for e in self._like(edit) if e.n < edit.n]
        if not earlier or earlier[-1].value != edit.before:
            return False
        since, at = self._passed(earlier[-1].at), self._passed(edit.at)
        ours = any(
            since < w < at and to == path and edit.what in given for w, to, given in self.network.given
        )
        return not ours and not self._was_shown(earlier[-1], at)

    def _taken_back(self, edit: Edit) -> bool:
        """Whether the edit put a value back that had stood there when we last looked, and what stood there in between was
        never shown to us. To us nobody had touched it; and somebody replaced that very value knowingly on another side."""
        if edit.what not in _NATIVE[edit.side]:
            return False  # What replies say of it is not looked up here.
        mine = [e for e in self._like(edit) if e.n <= edit.n]
        first = edit
        for earlier, later in zip(mine[-2::-1], mine[::-1], strict=False):
            if later.before != earlier.value or self._was_shown(earlier, self._passed(later.at)):
                return False
            first = earlier
            if earlier.before == edit.value:
                break
        else:
            return False
        means = meanings(edit.side, edit.what, edit.value)
        of_field = [e for e in self.script.of_case(edit.case) if e.what == edit.what]
        since = max(
            (e.n for e in of_field if e.n < first.n and meanings(e.side, e.what, e.value) & means), default=0
        )
        return any(
            e.n > since and e.record != edit.record and meanings(e.side, e.what, e.before) & means
            for e in of_field
        )

    def _given_alike(self, edit: Edit) -> bool:
        """Whether our next write of a status or priority to an incident of PagerDuty was of the value that the edit had given it.
        That leaves no line in its log: from then on the two are one. And that this lost is on record, by whoever said it
        elsewhere; or, where no reply had shown us the edit, that it was theirs alone to us, and brought there only then."""
        if edit.side != "pd" or edit.what not in {"status", "priority"}:
            return False
        at, path = self._passed(edit.at), f"/incidents/{edit.record}"
        until = next((self._passed(e.at) for e in self._like(edit) if e.n > edit.n), self.now)
        given = [
            (w, self._priority(what["id"]) if isinstance(what, dict) else what)
            for w, to, fields in self.network.given
            if to == path and (what := fields.get(edit.what)) is not None
        ]
        written, first = next(((w, what) for w, what in given if at < w < until), (0.0, None))
        if first != edit.value:
            return False
        means = meanings(edit.side, edit.what, edit.value)
        recorded = any(
            entry.what == edit.what and meaning_of_ours(entry.what, entry.value) in means
            for entry in self._conflicts.get(edit.case, ())
        )
        # Whoever said it elsewhere is judged by themselves. The reply to our write shows it too.
        brought = any(
            e.what == edit.what
            and e.record != edit.record
            and meanings(e.side, e.what, e.value) & means
            and self._passed(e.at) < written
            and not any(self._passed(e.at) < w < written and what == first for w, what in given)
            for e in self.script.of_case(edit.case)
        )
        return recorded or (brought and not self._was_shown(edit, nextafter(written, at)))

    def _priority(self, priority_id: str) -> str:
        """What PagerDuty calls a priority."""
        pd = self.sides["pd"]
        assert isinstance(pd, PagerDutySide)
        listed = pd._api("noah", "GET", "priorities?limit=100")["priorities"]
        return next((str(one["name"]) for one in listed if one["id"] == priority_id), "")

    def _like(self, edit: Edit) -> list[Edit]:
        """All edits of that field of that record."""
        return [e for e in self.script.edits if (e.record, e.what) == (edit.record, edit.what)]

    def _was_shown(self, edit: Edit, until: float) -> bool:
        """Whether a reply showed us the record as that edit had left it, and whoever heard it lived to store that."""
        at = self._passed(edit.at)
        return any(
            value == edit.value
            for said, body in self.network.heard[edit.side]
            if at <= said <= until and edit.record.encode() in body
            for value in _values(_parsed(body), edit)
        )

    def _address(self, edit: Edit) -> str:
        """By what paths name a record: the entry behind an incident of Helix has another id than its number."""
        side = self.sides[edit.side]
        return (side.entry(edit.record) if isinstance(side, HelixSide) else "") or edit.record

    def _passed(self, at: datetime) -> float:
        """Seconds after the world began."""
        return (at - self.began).total_seconds()

    # ---- what only the store can tell -----------------------------------------------------------

    def _read_store(self, world: Mapping[str, Sequence[Ticket]]) -> None:
        """The conflicts on record, by case."""
        by_id = {(side, t.id): t.case for side, tickets in world.items() for t in tickets}
        for file in (*self.lost, self.file):
            self._case_of_incident.clear()
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                self._read_records(connection, by_id)

    def _read_records(self, connection: sqlite3.Connection, by_id: Mapping[tuple[str, str], str]) -> None:
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
                told = json.loads(data) if data else {}
                self._conflicts[case] += _losers(what, told)
                if _of_nobody(told):
                    self._of_nobody.append((case, what))
        self._parked = connection.execute(
            "SELECT incident_id, instance, kind, reason FROM parked WHERE ended_at IS NULL"
        ).fetchall()

    # ---- what the oracle of the demo does not look at -------------------------------------------

    def _invented(self, world: Mapping[str, Sequence[Ticket]]) -> list[str]:
        """Values that stand on a platform at the end, and that nobody left there: each must be somebody's edit that was not
        replaced knowingly."""
        found = []
        called = {ticket.case: {ticket.assignee} | self._called(ticket.id) for ticket in world["pd"]}
        for side, tickets in world.items():
            for ticket in tickets:
                edits = self.script.of_case(ticket.case)
                for what in FIELDS:
                    if (side, what) in _NOT_HELD:
                        continue
                    mine = [e for e in edits if e.what == what]
                    said = meanings(side, what, ticket.field(what))
                    if what == "assignee" and ticket.assignee in called.get(ticket.case, ()):
                        continue  # PagerDuty itself decides who has an incident that begins, or is open again.
                    if what == "priority" and side == "pd" and ticket.status == "resolved":
                        continue  # It takes no priority any more.
                    if what != "status" and (side, ticket.status) == (CHERWELL, CLOSED):
                        continue  # It takes no field any more.
                    alike = [e for e in mine if said & meanings(e.side, what, e.value)]
                    if not mine or any(not _seen(e, mine) for e in alike):
                        continue
                    # Who replaced it without a trace is known to nobody, and what they replaced stands.
                    traceless = (
                        self._beyond_recall,
                        self._untracked,
                        self._taken_back,
                        self.deletions.took_edit,
                    )
                    known = [e for e in mine if not any(without(e) for without in traceless)]
                    # With what a record begins is nobody's edit.
                    if not known or any(not _seen(e, mine, known) for e in alike):
                        self._count("replaced without a trace")
                        continue
                    if any(not _seen(e, mine, self._replacing(e, mine)) for e in alike):
                        self._count("replaced on another record")
                        continue
                    found.append(
                        f"invented: #{ticket.case} {what} on {TITLES[side]} {ticket.key} is {ticket.field(what)!r}: "
                        f"all who wrote that were replaced by somebody who saw it"
                    )
        return found

    def _replacing(self, edit: Edit, edits: Sequence[Edit]) -> list[Edit]:
        """The edits that can have replaced that one. Where somebody gave another record the same value, and that was replaced
        there before a reply had shown us the edit, or that the other record says the same, there are two to us, and the
        edit still stands."""
        if edit.what not in _NATIVE[edit.side]:
            return list(edits)
        means = meanings(edit.side, edit.what, edit.value)
        found = []
        for later in edits:
            there = [e for e in edits if e.n < later.n and e.record == later.record]
            alike = (
                there
                and later.record != edit.record
                and meanings(later.side, later.what, there[-1].value) & means
            )
            until = self._passed(later.at)
            if not alike or (self._was_shown(edit, until) and self._was_shown(there[-1], until)):
                found.append(later)
        return found

    def _split(self) -> list[str]:
        """Incidents of ours that are about the same case, or about several."""
        incidents: dict[str, set[str]] = defaultdict(set)
        for incident_id, cases in self._case_of_incident.items():
            for case in cases:
                incidents[case].add(incident_id)
        return [
            f"split: #{case} is {len(those)} incidents: {', '.join(sorted(those))}"
            for case, those in sorted(incidents.items())
            if len(those) > 1
        ] + [
            f"split: incident {incident_id} is about {', '.join(sorted(cases))}"
            for incident_id, cases in sorted(self._case_of_incident.items())
            if len(cases) > 1
        ]

    def _phantoms(self) -> list[str]:
        """Conflicts on record about a title, of which nobody ever wrote the losing one: a record must not be had by putting down
        whatever stands there. A store that was restored no longer knows on which side a value was said first. And conflicts with
        nothing, which nobody said: of what people took away it is known where."""
        return [
            f"phantom: a conflict about {what} of #{case} has nothing, which nobody said anywhere"
            for case, what in sorted(self._of_nobody)
        ] + [
            f"phantom: a conflict of #{case} has {entry.value!r} on {entry.instance}, which nobody wrote there"
            for case, entries in sorted(self._conflicts.items())
            for entry in entries
            if entry.what == "title"
            and not any(
                e.value == entry.value
                for e in self.script.of_case(case)
                if e.what == "title" and (e.side == entry.instance or self.lost)
            )
        ]

    def _wasteful(self) -> list[str]:
        """More writes than any trouble explains: the sides write back to one another what they wrote. Pages, of which the oracle
        of pages tells which are too many, are not among them."""
        edits, cases = len(self.script.edits), len(self.script.cases())
        paging, notes = self.network.paging, self.network.notes
        writes = sum(len(written) for written in self.network.writes.values()) - paging - notes
        causes = edits + 2 * cases
        each = _WRITES_EACH * (len(self.sides) - 1)
        found = [f"wasteful: {writes} writes for {edits} edits of {cases} incidents"]
        # A step, a page that went astray, and a raised hand are each told of in one note.
        said = [f"wasteful: {notes} notes of {paging} pages and {edits} edits of {cases} incidents"]
        return found * (writes > each * causes) + said * (notes > each * (causes + paging))

    def _asked_about(self) -> list[tuple[str, str]]:
        """Case and incident of which a restored store could not find the first ticket: it was lost between our create and the
        link back, and nothing that stands on the two tickets says any more that they are one. A person is asked, who alone
        can tell; and so about each ticket that may be that first one."""
        said = (
            "found again without the ticket with which it began",
            "not found when the database was adopted",
        )
        return [
            (case, incident_id)
            for incident_id, _, kind, reason in self._parked
            if kind == "create" and any(words in reason for words in said)
            for case in sorted(self._case_of_incident.get(incident_id, ()))
        ]

    def _called(self, record: str) -> set[str]:
        """Whom PagerDuty itself gave an incident, by the platform's own log: once it is resolved nobody has it, and what
        the others took over of that stays there."""
        return {who for _, itself, people in self._assigned(record) if itself for who in people}

    def _called_instead(self, edit: Edit) -> bool:
        """Whether PagerDuty itself gave the incident to somebody else, when it was theirs to whom the edit had given it: its
        policy was changed, as a step of escalation does."""
        record = self._on_pd.get(edit.case)
        if edit.what != "assignee" or record is None:
            return False
        had: set[str] = set()
        for at, itself, people in self._assigned(record):
            if itself and at > self._passed(edit.at) and had == {edit.value} != people:
                return True
            had = people
        return False

    def _assigned(self, record: str) -> Iterator[tuple[float, bool, set[str]]]:
        """When an incident was given to whom, by PagerDuty's own log, and whether it did so by itself."""
        pd = self.sides["pd"]
        assert isinstance(pd, PagerDutySide)
        (incident,) = (i for i in pd.wire.sandbox("GET", "state")["incidents"] if i["id"] == record)
        skew = timedelta(seconds=self.network.skew("pd"))
        for entry in incident["log_entries"]:
            if entry["type"] in {*_BY_POLICY, "assign_log_entry"}:
                itself = entry["type"] in _BY_POLICY or entry["agent"]["type"] == "service_reference"
                at = datetime.fromisoformat(entry["created_at"]) - skew
                yield (
                    self._passed(at),
                    itself,
                    {pd._emails.get(user["id"], "") for user in entry["assignees"]},
                )

    def _ends_apart(self, world: Mapping[str, Sequence[Ticket]]) -> list[tuple[str, str]]:
        """Case and incident that people ended on two sides at once, in different ways, where Jira's workflow leads from one end to
        the other only by opening the issue again: a person is asked, and nothing is opened."""
        ended = {
            side: {t.case for t in world[side] if t.status in ends}
            for side, ends in (("snow", {"6", "7", "8"}), ("jira", {"Done", "Closed", "Canceled"}))
        }
        return [
            (case, incident_id)
            for incident_id, instance, kind, reason in self._parked
            if (instance, kind) == ("jira", "unreachable") and reason.startswith("status of ")
            for case in sorted(self._case_of_incident.get(incident_id, ()))
            if case in ended["snow"] & ended["jira"]
        ]

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


def _asked(finding: str, asked: Sequence[tuple[str, str]], kinds: frozenset[str]) -> bool:
    """Whether what was found waits for the answer of a person who is asked about that incident."""
    return finding.partition(":")[0] in kinds and any(
        f"#{case} " in finding or incident in finding for case, incident in asked
    )


def _ends(finding: str, apart: Sequence[tuple[str, str]]) -> bool:
    """Whether it is the status that differs, of an incident about whose two ends a person is asked."""
    about = f"{finding} ".partition(": ")[2]
    return any(
        about.startswith(f"#{case} status") or (incident in about and "'unreachable'" in about)
        for case, incident in apart
    )


def _seen(edit: Edit, edits: Sequence[Edit], replacing: Sequence[Edit] | None = None) -> bool:
    """Whether a later edit, or one of `replacing`, replaced that one knowingly, beyond doubt: what its author saw can have
    been no other edit."""
    means = meanings(edit.side, edit.what, edit.value)
    for later in edits if replacing is None else replacing:
        saw = meanings(later.side, later.what, later.before)
        if later.n > edit.n and saw & means:
            others = (meanings(e.side, e.what, e.value) for e in edits if e.n < later.n and e is not edit)
            if not any(saw & other and other != means for other in others):
                return True
    return False


def _told(edit: Edit) -> str:
    """How the oracle begins to tell of an edit that is lost."""
    return f"#{edit.case} {edit.what} {edit.value!r} by {edit.who} on {TITLES[edit.side]} at {edit.at:%H:%M:%S.%f}:"


def _parsed(body: bytes) -> Any:
    """What a reply says; None where it was cut off, or is a gateway's page."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _values(reply: Any, edit: Edit) -> Iterator[str]:
    """What a reply says of the record and the field of an edit, in its platform's words, wherever that stands in it."""
    if isinstance(reply, list):
        for one in reply:
            yield from _values(one, edit)
    if not isinstance(reply, dict):
        return
    if edit.record in (reply.get("id"), record_of(reply)):
        shown = fields_of(reply)
        native = _NATIVE[edit.side].get(edit.what, "")
        said = priority_of(edit.side, shown) if edit.what == "priority" else named(shown.get(native))
        if said is not None:
            yield said
    for one in reply.values():
        yield from _values(one, edit)


def _of_nobody(data: Mapping[str, Any]) -> bool:
    """Whether a conflict on record is one with nothing, said nowhere."""
    sides = [(entry[0], entry[2]) for entry in data.get("losers", ())]
    sides += [(entry[0], entry[1]) for entry in (*data.get("values", ()), data.get("winner") or ("-", "-"))]
    return any(not instance and value in (None, "", []) for instance, value in sides)


def _losers(what: str, data: Mapping[str, Any]) -> list[OnRecord]:
    lost = [OnRecord(entry[0], what, entry[2]) for entry in data.get("losers", ())]
    return lost + [OnRecord(entry[0], what, entry[1], waits=True) for entry in data.get("values", ())]
