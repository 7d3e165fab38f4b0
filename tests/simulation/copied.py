"""What was copied, and what leads from one ticket to the others: whole, under its author's name, in order, and once. The
oracle of the demo knows whether a copy is there; here it is read."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from people import Deleted

from syncline.demo.equivalence import CHERWELL, HELIX, JIRA, PD, SNOW, TITLES, Ticket
from syncline.demo.people import Side
from syncline.demo.script import CREATE, FILE, REMARKS, Edit, Script

_COPY: Final = re.compile(
    r"(?P<who>.*) on (?P<where>.*), \d{4}-\d\d-\d\d \d\d:\d\d UTC:\n(?P<body>.*)\n\[syncline:[0-9a-z]{12}\]\s*",
    re.DOTALL,
)
_LINKS: Final = "The same incident elsewhere:"
_NAMES: Final = {
    SNOW: {"amina": "amina", "diane": "diane"},
    JIRA: {"bruno": "Bruno Keller", "olga": "Olga Petrova"},
    PD: {"noah": "Noah Brooks", "olga": "Olga Petrova", "amina": "Amina Diallo"},
    HELIX: {"bruno": "bruno", "chloe": "chloe"},
    CHERWELL: {"diane": "Diane Novak", "olga": "Olga Petrova", "syncline": "Syncline Integration"},
}
"""What a platform calls who wrote something. ServiceNow's journal and the work log of Helix have their login."""


@dataclass(frozen=True, slots=True)
class Said:
    """One comment or note, as its platform holds it.

    Attributes:
        text: All of it.
        at: By its platform's clock.
    """

    text: str
    at: datetime


@dataclass(slots=True)
class Held:
    """What a platform holds of one ticket.

    Attributes:
        said: Comments and notes.
        files: Name to the hashes of the files of that name.
        leads: All texts and addresses that lead to other tickets.
    """

    said: list[Said] = field(default_factory=list)
    files: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    leads: list[str] = field(default_factory=list)


def held(sides: Mapping[str, Side]) -> dict[str, Held]:
    """Record to what its platform holds of it."""
    return {
        record: found
        for side, platform in sides.items()
        for record, found in _READ[side](platform.wire.sandbox("GET", "state"))
    }  # type: ignore[attr-defined]


def _of_snow(state: Any) -> Iterator[tuple[str, Held]]:
    for row in state["records"]:
        one = Held([Said(r["text"], datetime.fromisoformat(r["at"])) for r in row["remarks"]])
        for file in row["attachments"]:
            one.files[file["file_name"]].append(file["hash"])
        one.leads = [r.text for r in one.said if r.text.startswith(_LINKS)]
        yield row["sys_id"], one


def _of_jira(state: Any) -> Iterator[tuple[str, Held]]:
    for issue in state["issues"]:
        one = Held([Said(c["body"], datetime.fromisoformat(c["created"])) for c in issue["comments"]])
        for file in issue["attachments"]:
            one.files[file["filename"]].append(file["sha256"])
        one.leads = [f"{link['title']} {link['url']}" for link in issue["remote_links"]]
        yield issue["id"], one


def _of_pd(state: Any) -> Iterator[tuple[str, Held]]:
    for incident in state["incidents"]:
        notes = incident.get("notes", ())
        one = Held([Said(n["content"], datetime.fromisoformat(n["created_at"])) for n in notes])
        one.leads = [r.text for r in one.said if r.text.startswith(_LINKS)]
        yield incident["id"], one


def _of_helix(state: Any) -> Iterator[tuple[str, Held]]:
    for row in state["records"]:
        said = (r for r in row["remarks"] if r["Detailed Description"])
        one = Held([Said(r["Detailed Description"], datetime.fromisoformat(r["Submit Date"])) for r in said])
        for file in row["attachments"]:
            one.files[file["name"]].append(file["sha256"])
        one.leads = [r.text for r in one.said if r.text.startswith(_LINKS)]
        yield row["Incident Number"], one


def _of_cherwell(state: Any) -> Iterator[tuple[str, Held]]:
    for row in state["records"]:
        said = (Said(r["Details"], datetime.fromisoformat(r["CreatedDateTime"])) for r in row["remarks"])
        one = Held(list(said))
        one.leads = [r.text for r in one.said if r.text.startswith(_LINKS)]
        yield row["RecID"], one


_READ: Final = {SNOW: _of_snow, JIRA: _of_jira, PD: _of_pd, HELIX: _of_helix, CHERWELL: _of_cherwell}


@dataclass(slots=True)
class Copies:
    """The copies of one world.

    Attributes:
        script: What people did.
        said: What they wrote, by the line by which the script knows it.
        files: What they attached, by name.
        held: Record to what its platform holds of it.
        deleted: Records that somebody deleted.
    """

    script: Script
    said: Mapping[str, str]
    files: Mapping[str, bytes]
    held: Mapping[str, Held]
    deleted: Mapping[str, Deleted]

    def findings(self, world: Mapping[str, Sequence[Ticket]]) -> list[str]:
        """Everything that is not as it was written."""
        opened = {e.record for e in self.script.edits if e.what == CREATE}
        by_case: dict[str, list[Ticket]] = defaultdict(list)
        for tickets in world.values():
            for ticket in tickets:
                by_case[ticket.case].append(ticket)
        found: list[str] = []
        for case, tickets in sorted(by_case.items()):
            edits = self.script.of_case(case)
            for ticket in tickets:
                there = self.held[ticket.id]
                found += self._garbled(case, ticket, there, edits, tickets)
                found += self._files(case, ticket, there, edits)
                found += self._out_of_order(case, ticket, there, edits)
                found += self._leads(case, ticket, there, tickets)
                # PagerDuty gives every incident a key: ours is the marker.
                if ticket.id not in opened and not ticket.marker:
                    found.append(
                        f"unmarked: #{case} {TITLES[ticket.side]} {ticket.key} is ours, and bears no marker"
                    )
        return found

    def _garbled(
        self, case: str, ticket: Ticket, there: Held, edits: Sequence[Edit], tickets: Sequence[Ticket]
    ) -> Iterator[str]:
        keys = {other.side: other.key for other in tickets}
        for edit in edits:
            if edit.what not in REMARKS or edit.side == ticket.side:
                continue
            for one in there.said:
                if edit.value not in one.text:
                    continue
                copy = _COPY.fullmatch(one.text)
                where = f"{TITLES[ticket.side]} {ticket.key}: {one.text[:300]!r}"
                if copy is None:
                    yield f"garbled: #{case} {edit.value!r} is no whole copy on {where}"
                    continue
                if (
                    copy["who"] != _NAMES[edit.side].get(edit.who, edit.who.title())
                    and copy["who"] != edit.who
                ):
                    yield f"garbled: #{case} {edit.value!r} was written by {edit.who}, and not as is said on {where}"
                if edit.record not in self.deleted and keys.get(edit.side, "") not in copy["where"]:
                    yield f"garbled: #{case} {edit.value!r} stands on {keys.get(edit.side)}, and not as is said on {where}"
                if _lines(copy["body"]) != _lines(self.said.get(edit.value, edit.value)):
                    yield f"garbled: #{case} {edit.value!r} says something else on {where}"

    def _files(self, case: str, ticket: Ticket, there: Held, edits: Sequence[Edit]) -> Iterator[str]:
        for edit in edits:
            name = edit.value.rpartition("|")[0]
            if edit.what == FILE and any(
                digest != hashlib.sha256(self.files[name]).hexdigest() for digest in there.files.get(name, ())
            ):
                yield f"garbled: #{case} file {name} has other contents on {TITLES[ticket.side]} {ticket.key}"

    def _out_of_order(self, case: str, ticket: Ticket, there: Held, edits: Sequence[Edit]) -> Iterator[str]:
        """Copies of what was said on one ticket that stand in another order than that. The journals of ServiceNow and Cherwell
        have whole seconds, and tell no order within one."""
        for side in _READ:
            if side == ticket.side:
                continue
            last: tuple[datetime, Edit] | None = None
            for edit in (e for e in edits if e.what in REMARKS and e.side == side):
                times = _times(there, edit)
                if len(times) != 1:
                    continue
                if last is None or times[0] >= last[0]:
                    last = times[0], edit
                elif side not in {SNOW, CHERWELL} or self._written(edit) != self._written(last[1]):
                    yield (
                        f"disordered: #{case} {edit.value!r} was written after {last[1].value!r},"
                        f" and stands before it on {TITLES[ticket.side]} {ticket.key}"
                    )

    def _written(self, edit: Edit) -> list[datetime]:
        """When, by the stamp of its platform."""
        return _times(self.held.get(edit.record, Held()), edit)

    def _leads(self, case: str, ticket: Ticket, there: Held, tickets: Sequence[Ticket]) -> Iterator[str]:
        for other in tickets:
            # ServiceNow's and Cherwell's numbers end in the same digits.
            key = re.escape(f"#{other.key}" if other.side == PD else other.key)
            if other.side != ticket.side and not any(
                re.search(rf"(?<!\w){key}(?!\w)", lead) for lead in there.leads
            ):
                yield f"unlinked: #{case} {TITLES[ticket.side]} {ticket.key} does not lead to {TITLES[other.side]} {other.key}"
        for lead, n in Counter(there.leads).items():
            if n > 1:
                yield f"duplicate: #{case} {TITLES[ticket.side]} {ticket.key} has its links {n} times: {lead!r}"


def _times(there: Held, edit: Edit) -> list[datetime]:
    """When what somebody said was put there."""
    return [one.at for one in there.said if edit.value in one.text]


def _lines(text: str) -> list[str]:
    """Its lines: what no platform keeps is the white space at their ends."""
    return [line.rstrip() for line in text.strip().splitlines()]
