"""What equals what on the platforms, by the oracle's own table: written down anew, from the platforms' screens.

It shares nothing with the mappings on purpose. A fault in them must show here, not be repeated.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

SNOW: Final = "snow"
JIRA: Final = "jira"
PD: Final = "pd"
HELIX: Final = "helix"
CHERWELL: Final = "cherwell"
SIDES: Final = (SNOW, JIRA, PD, HELIX, CHERWELL)
TITLES: Final = {SNOW: "ServiceNow", JIRA: "Jira", PD: "PagerDuty", HELIX: "BMC Helix", CHERWELL: "Cherwell"}

_ENDED: Final = frozenset({"resolved", "closed", "canceled"})
STATUS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    SNOW: {
        "1": frozenset({"new"}),
        "2": frozenset({"working"}),
        "3": frozenset({"waiting"}),
        "6": frozenset({"resolved"}),
        "7": frozenset({"closed"}),
        "8": frozenset({"canceled"}),
    },
    JIRA: {
        "To Do": frozenset({"new"}),
        "In Progress": frozenset({"working"}),
        "In Review": frozenset({"working"}),
        "Waiting": frozenset({"waiting"}),
        "Done": _ENDED,
        "Closed": frozenset({"closed"}),
        "Canceled": frozenset({"canceled"}),
    },
    PD: {
        "triggered": frozenset({"new"}),
        "acknowledged": frozenset({"working", "waiting"}),
        "resolved": _ENDED,
    },
    HELIX: {
        "New": frozenset({"new"}),
        "Assigned": frozenset({"new"}),
        "In Progress": frozenset({"working"}),
        "Pending": frozenset({"waiting"}),
        "Resolved": frozenset({"resolved"}),
        "Closed": frozenset({"closed"}),
        "Cancelled": frozenset({"canceled"}),
    },
    # It has no status for what was canceled.
    CHERWELL: {
        "New": frozenset({"new"}),
        "Assigned": frozenset({"new"}),
        "Reopened": frozenset({"new", "working"}),
        "In Progress": frozenset({"working"}),
        "Pending": frozenset({"waiting"}),
        "Resolved": frozenset({"resolved"}),
        "Closed": frozenset({"closed", "canceled"}),
    },
}
"""Native status to all that it can mean. Two agree where they can mean the same."""

PRIORITY: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    SNOW: {str(n): frozenset({str(n)}) for n in range(1, 6)},
    JIRA: {
        name: frozenset({str(n)})
        for n, name in enumerate(("Highest", "High", "Medium", "Low", "Lowest"), start=1)
    },
    PD: {f"P{n}": frozenset({str(n)}) for n in range(1, 6)},
    # It has four, and the last two of the others are one there.
    HELIX: {
        "Critical": frozenset({"1"}),
        "High": frozenset({"2"}),
        "Medium": frozenset({"3"}),
        "Low": frozenset({"4", "5"}),
    },
    CHERWELL: {str(n): frozenset({str(n)}) for n in range(1, 6)},
}
STAND_IN: Final = "syncline@example.com"
"""Who is put in at Helix and Cherwell where a status asks for an assignee and nobody was chosen. It stands for nobody, wherever it was
carried."""

OURS: Final[Mapping[str, str]] = {
    "new": "new",
    "acknowledged": "working",
    "in_progress": "working",
    "on_hold": "waiting",
    "resolved": "resolved",
    "closed": "closed",
    "canceled": "canceled",
}
"""The statuses of Syncline's own records of conflicts, in the words of this table."""

_CASE: Final = re.compile(r"#([A-Za-z0-9][A-Za-z0-9_-]{0,39})\s*$")
_SPACE: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment or note on a ticket, copies included.

    Attributes:
        text: All of it.
        public: Whether the customer sees it.
        author: Who the platform says wrote it.
    """

    text: str
    public: bool
    author: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """A record as people see it, in its platform's own words; people by e-mail address, groups by name.

    Attributes:
        side: Where.
        id: The platform's id.
        key: What people call it.
        title, description, status, priority, assignee, group: Empty where there is none.
        labels: In any order.
        remarks: Comments and notes.
        files: Name and size.
        marker: What Syncline left on a record that it created; empty where a person created it.
    """

    side: str
    id: str
    key: str
    title: str = ""
    description: str = ""
    status: str = ""
    priority: str = ""
    assignee: str = ""
    group: str = ""
    labels: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    files: tuple[tuple[str, int], ...] = ()
    marker: str = ""

    @property
    def case(self) -> str:
        """The incident that the title names, empty where it names none."""
        return case_of(self.title)

    def field(self, name: str) -> str:
        """The native value of a field."""
        return str(getattr(self, name))


@dataclass(frozen=True, slots=True)
class Directory:
    """Who has an account where: a value that a platform cannot hold cannot be asked of it.

    Attributes:
        people: Side to e-mail addresses.
        groups: Side to names of groups (PagerDuty: of escalation policies).
    """

    people: Mapping[str, frozenset[str]]
    groups: Mapping[str, frozenset[str]]


def case_of(title: str) -> str:
    """The incident that a title names: what follows the `#` at its end."""
    found = _CASE.search(title)
    return found.group(1) if found else ""


def meanings(side: str, what: str, value: str) -> frozenset[str]:
    """All that a native value can mean; two values agree where these overlap."""
    table = {"status": STATUS, "priority": PRIORITY}.get(what)
    if table is not None:
        return table[side].get(value, frozenset({f"{side}: {value}"}))
    if (what, value) == ("assignee", STAND_IN):
        return frozenset({""})
    if (side, what) == (CHERWELL, "description") and case_of(value):
        # It takes no incident without one: where there is none, the title that it began with stands there.
        return frozenset({"", _SPACE.sub(" ", value).strip()})
    return frozenset({_SPACE.sub(" ", value).strip()})


def meaning_of_ours(what: str, value: object) -> str:
    """A value of Syncline's own records, in the words of this table."""
    if what == "status":
        return OURS.get(str(value), str(value))
    return _SPACE.sub(" ", "" if value is None else str(value)).strip()


def compared(what: str, tickets: Iterable[Ticket], directory: Directory) -> list[Ticket]:
    """The tickets that must agree on a field: those whose platform has it, and can hold what the others say."""
    listed = list(tickets)
    if what == "description":
        return [t for t in listed if t.side != PD]
    if what == "assignee":
        # PagerDuty decides by itself who is on call, so a person assigned elsewhere is not assigned there.
        named = [t for t in listed if t.side != PD]
        known = all(
            not t.assignee or all(t.assignee in directory.people[n.side] for n in named) for t in named
        )
        return named if known else []
    if what == "group":
        # Jira has no group that an issue is assigned to; a PagerDuty incident is never without a policy, which most call otherwise
        # than the group, and keeps the one that it has once it is resolved.
        named = [t for t in listed if t.side not in {JIRA, PD}]
        named += [
            t
            for t in listed
            if t.side == PD
            and t.status != "resolved"
            and all(t.group in directory.groups[n.side] for n in named)
        ]
        known = all(t.group and all(t.group in directory.groups[n.side] for n in named) for t in named)
        return named if known else []
    return listed


def agree(what: str, tickets: Iterable[Ticket], directory: Directory) -> bool:
    """Whether those tickets of one incident say the same about a field."""
    common: frozenset[str] | None = None
    for ticket in compared(what, tickets, directory):
        means = meanings(ticket.side, what, ticket.field(what))
        common = means if common is None else common & means
    return common is None or bool(common)


def shows(ticket: Ticket, side: str, what: str, value: str) -> bool:
    """Whether a ticket stands for a native value of another side."""
    return bool(meanings(ticket.side, what, ticket.field(what)) & meanings(side, what, value))
