"""The oracle: holds what stands on the platforms against the script of what people did.

It reads the platforms and the script, and nothing of Syncline's: not its database, not its mappings, not its merge. One
exception is in the nature of the thing: whether a conflict is on record can only be read where the record is kept. Those
records are handed in.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syncline.demo.equivalence import (
    HELIX,
    JIRA,
    SNOW,
    TITLES,
    Directory,
    Ticket,
    agree,
    meaning_of_ours,
    meanings,
    shows,
)
from syncline.demo.script import CREATE, FIELDS, FILE, INTERNAL, LABEL, PUBLIC, REMARKS, Edit, Script

World = Mapping[str, Sequence[Ticket]]
"""Side to all its tickets."""
WroteBetween = Callable[[str, str, datetime, datetime], bool]
"""Whether Syncline wrote to that record of that side between two times, by the platform's log of requests."""


@dataclass(frozen=True, slots=True)
class OnRecord:
    """A losing edit on Syncline's record of conflicts.

    Attributes:
        instance: Where it was made.
        what: Common field.
        value: In Syncline's words.
        waits: Whether a person is asked to decide.
    """

    instance: str
    what: str
    value: object
    waits: bool = False


@dataclass(slots=True)
class Findings:
    """What the oracle found. Everything in words, so that it can be shown as it is.

    Attributes:
        missing: Incidents that do not stand on a platform.
        duplicates: Incidents that stand somewhere twice.
        strays: Records that nobody opened.
        differences: Fields on which records of one incident do not agree.
        lost: Edits that are neither there, nor replaced by somebody who saw them, nor on record.
        leaked: Internal notes that the customer can read.
        lost_items, duplicate_items: Comments, notes, files and labels that are missing somewhere, or stand there twice.
        compared: Fields that were compared.
        final, replaced, recorded: Edits that stand; that were replaced knowingly; that lost, on record.
        copies: Remarks and files that were looked for on another platform.
    """

    missing: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    lost_items: list[str] = field(default_factory=list)
    duplicate_items: list[str] = field(default_factory=list)
    compared: int = 0
    final: int = 0
    replaced: int = 0
    recorded: int = 0
    copies: int = 0

    @property
    def converged(self) -> bool:
        """Whether every incident stands on every platform and all of its records say the same."""
        return not self.missing and not self.differences

    @property
    def sound(self) -> bool:
        """Whether everything that was promised holds."""
        return not self.open_questions()

    def open_questions(self) -> list[str]:
        """Everything that is not as it should be."""
        return [
            *self.missing,
            *self.duplicates,
            *self.strays,
            *self.differences,
            *self.lost,
            *self.lost_items,
            *self.duplicate_items,
            *self.leaked,
        ]


@dataclass(slots=True)
class Oracle:
    """Judges one world.

    Attributes:
        script: What people did.
        directory: Who has an account where.
        wrote_between: The platforms' log of our writes.
        files_on: Sides that take files.
    """

    script: Script
    directory: Directory
    wrote_between: WroteBetween
    files_on: Sequence[str] = (SNOW, JIRA, HELIX)

    def judge(self, world: World, records: Callable[[str], Sequence[OnRecord]]) -> Findings:
        """Look at everything.

        Args:
            world: The platforms as they stand.
            records: The conflicts that are on record for the incident to which a record belongs, by the record's key.
        """
        findings = Findings()
        by_case = self._records(world, findings)
        self._markers(world, findings)
        for case in self.script.cases():
            tickets = by_case.get(case, {})
            edits = self.script.of_case(case)
            for side in world:
                if side not in tickets:
                    findings.missing.append(f"#{case} does not stand on {TITLES[side]}")
            self._agreement(case, list(tickets.values()), findings)
            self._fields(case, tickets, edits, records, findings)
            for edit in edits:
                if edit.what in REMARKS:
                    self._remark(edit, tickets, findings)
                elif edit.what == FILE:
                    self._file(edit, tickets, findings)
                elif edit.what == LABEL:
                    self._label(edit, tickets, findings)
        return findings

    # ---- existence ------------------------------------------------------------------------------

    def _records(self, world: World, findings: Findings) -> dict[str, dict[str, Ticket]]:
        """Case to side to ticket; what stands twice, or belongs to no case, goes to the findings."""
        cases = set(self.script.cases())
        by_case: dict[str, dict[str, Ticket]] = {}
        for side, tickets in world.items():
            for ticket in tickets:
                if ticket.case not in cases:
                    findings.strays.append(f"{TITLES[side]} {ticket.key} {ticket.title!r}: nobody opened it")
                elif side in by_case.setdefault(ticket.case, {}):
                    other = by_case[ticket.case][side]
                    findings.duplicates.append(
                        f"#{ticket.case} stands twice on {TITLES[side]}: {other.key} and {ticket.key}"
                    )
                else:
                    by_case[ticket.case][side] = ticket
        return by_case

    @staticmethod
    def _markers(world: World, findings: Findings) -> None:
        for side, tickets in world.items():
            marked = Counter(_marker(t) for t in tickets if t.marker)
            for marker, n in marked.items():
                if n > 1:
                    findings.duplicates.append(f"{n} records on {TITLES[side]} carry the marker {marker}")

    # ---- fields ---------------------------------------------------------------------------------

    def _agreement(self, case: str, tickets: Sequence[Ticket], findings: Findings) -> None:
        for what in FIELDS:
            findings.compared += 1
            if not agree(what, tickets, self.directory):
                said = ", ".join(f"{TITLES[t.side]} {t.key} says {t.field(what)!r}" for t in tickets)
                findings.differences.append(f"#{case} {what}: {said}")

    def _fields(
        self,
        case: str,
        tickets: Mapping[str, Ticket],
        edits: Sequence[Edit],
        records: Callable[[str], Sequence[OnRecord]],
        findings: Findings,
    ) -> None:
        on_record: Sequence[OnRecord] | None = None
        for at, edit in enumerate(edits):
            if edit.what not in FIELDS:
                continue
            # Where the record is not there any more, the others stand for it.
            ticket = tickets.get(edit.side) or next(iter(tickets.values()), None)
            if ticket is not None and shows(ticket, edit.side, edit.what, edit.value):
                findings.final += 1
            elif any(self._replaces(later, edit) for later in edits[at + 1 :]):
                findings.replaced += 1
            else:
                if on_record is None:
                    on_record = records(ticket.key) if ticket is not None else ()
                if any(_same(entry, edit) for entry in on_record):
                    findings.recorded += 1
                else:
                    now = ticket.field(edit.what) if ticket is not None else "nothing"
                    findings.lost.append(
                        f"#{case} {edit.what} {edit.value!r} by {edit.who} on {TITLES[edit.side]} at"
                        f" {edit.at:%H:%M:%S.%f}: {now!r} stands there, nobody replaced it knowingly, and no conflict is on record"
                    )

    def _replaces(self, later: Edit, edit: Edit) -> bool:
        """Whether a later edit replaced this one, made by somebody who could see it."""
        if later.what != edit.what:
            return False
        if later.side == edit.side and later.looked_at < edit.at:
            return True  # Two people at one record at the same time: its platform put one upon the other.
        if meanings(later.side, later.what, later.before) & meanings(edit.side, edit.what, edit.value):
            return True
        # It arrived between the look and the edit: the record itself had it, and the platform put one upon the other.
        return self.wrote_between(later.side, later.record, later.looked_at, later.at)

    # ---- what is added --------------------------------------------------------------------------

    def _remark(self, edit: Edit, tickets: Mapping[str, Ticket], findings: Findings) -> None:
        for side, ticket in tickets.items():
            holding = [remark for remark in ticket.remarks if edit.value in remark.text]
            findings.copies += 1
            if not holding:
                findings.lost_items.append(
                    f"#{edit.case} {edit.what} {edit.value!r} is not on {TITLES[side]} {ticket.key}"
                )
            if len(holding) > 1:
                findings.duplicate_items.append(
                    f"#{edit.case} {edit.what} {edit.value!r} stands {len(holding)} times on {TITLES[side]} {ticket.key}"
                )
            if edit.what == INTERNAL and any(remark.public for remark in holding):
                findings.leaked.append(
                    f"#{edit.case} internal note {edit.value!r} can be read by the customer on {TITLES[side]} {ticket.key}"
                )
            if edit.what == PUBLIC and side == edit.side and not any(remark.public for remark in holding):
                findings.lost_items.append(
                    f"#{edit.case} {edit.value!r} is no longer public on {TITLES[side]}"
                )

    def _file(self, edit: Edit, tickets: Mapping[str, Ticket], findings: Findings) -> None:
        name, _, size = edit.value.rpartition("|")
        for side in self.files_on:
            ticket = tickets.get(side)
            if ticket is None:
                continue
            findings.copies += 1
            n = ticket.files.count((name, int(size)))
            if n == 0:
                findings.lost_items.append(f"#{edit.case} file {name} is not on {TITLES[side]} {ticket.key}")
            if n > 1:
                findings.duplicate_items.append(
                    f"#{edit.case} file {name} is {n} times on {TITLES[side]} {ticket.key}"
                )

    @staticmethod
    def _label(edit: Edit, tickets: Mapping[str, Ticket], findings: Findings) -> None:
        ticket = tickets.get(edit.side)
        if ticket is not None and edit.value not in ticket.labels:
            findings.lost_items.append(
                f"#{edit.case} label {edit.value!r} is gone from {TITLES[edit.side]} {ticket.key}"
            )

    def opened(self) -> int:
        """How many incidents people opened."""
        return sum(1 for edit in self.script.edits if edit.what == CREATE)


def _marker(ticket: Ticket) -> str:
    return ticket.marker.lower().removeprefix("syncline-")


def _same(entry: OnRecord, edit: Edit) -> bool:
    """Whether a record of a conflict is about that edit."""
    if entry.instance != edit.side or entry.what != edit.what:
        return False
    return meaning_of_ours(entry.what, entry.value) in meanings(edit.side, edit.what, edit.value)
