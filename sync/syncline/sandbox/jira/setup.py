"""What a simulated Jira is set up with: people, projects, workflow, fields. All of it is data that a caller may bring."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Person:
    """An account.

    Attributes:
        login: Data Center's username; also what follows `token-` in the text of this person's token.
        name: As people read it.
        email: Lower case.
        groups: Names of groups.
        timezone: IANA name; None takes the site's.
        active: Whether the account may log in and be assigned.
    """

    login: str
    name: str
    email: str
    groups: tuple[str, ...] = ()
    timezone: str | None = None
    active: bool = True

    @property
    def account_id(self) -> str:
        """Jira Cloud's opaque id: stable, and nothing that a person could guess from the name."""
        digest = hashlib.sha256(self.email.encode()).hexdigest()
        return f"712020:{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"

    @property
    def key(self) -> str:
        """Data Center's user key: not the username, which can be renamed."""
        return f"JIRAUSER{10000 + int(hashlib.sha256(self.email.encode()).hexdigest()[:4], 16)}"


@dataclass(frozen=True, slots=True)
class Status:
    """A status of a workflow. `category` is `new`, `indeterminate` or `done`."""

    id: str
    name: str
    category: str


@dataclass(frozen=True, slots=True)
class Transition:
    """A step of a workflow.

    Attributes:
        id: Unique in the workflow.
        name: Not the name of the status that it leads to.
        sources: Names of the statuses it leaves; empty: any (a global transition).
        to: Name of the status it leads to.
        required: Fields that its screen demands.
        offered: Fields that its screen also shows.
        resolution: Name of the resolution that its post-function sets; "" clears it; None leaves it.
    """

    id: str
    name: str
    sources: tuple[str, ...]
    to: str
    required: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    resolution: str | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """Statuses and the steps between them; a new issue starts in the first status."""

    statuses: tuple[Status, ...]
    transitions: tuple[Transition, ...]


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field.

    Attributes:
        number: `customfield_<number>`, `cf[<number>]`.
        name: As people read it.
        kind: `textfield` (one line, 255), `textarea`, `select`, `number`, `date`, `group` or `team`.
        options: What a `select` offers; the names of the teams of a `team`.
        required: Whether a create must bring it.
    """

    number: int
    name: str
    kind: str = "textfield"
    options: tuple[str, ...] = ()
    required: bool = False

    @property
    def id(self) -> str:
        """The field's id."""
        return f"customfield_{self.number}"


@dataclass(frozen=True, slots=True)
class Project:
    """A project with its workflow; one of Jira Service Management where customers read along."""

    key: str
    name: str
    id: str
    lead: str = "diane"
    workflow: Workflow | None = None
    components: tuple[str, ...] = ("Payments", "Network", "Database")
    service: bool = False


PEOPLE: Final = (
    Person("amina", "Amina Diallo", "amina.diallo@example.com", ("Service Desk",), "Africa/Dakar"),
    Person("bruno", "Bruno Keller", "bruno.keller@example.com", ("Network",)),
    Person("chloe", "Chloe Martin", "chloe.martin@example.com", ("Database",)),
    Person("diane", "Diane Novak", "diane.novak@example.com", ("Service Desk", "jira-administrators")),
    Person("noah", "Noah Brooks", "noah.brooks@example.com", ("Security",), "America/New_York"),
    Person("olga", "Olga Petrova", "olga.petrova@example.com", ("Network", "Security")),
    Person("gus", "Gus Former", "gus.former@example.com", ("Network",), active=False),
    Person("syncline", "Syncline", "syncline@example.com", ("Service Desk",)),
)
GROUPS: Final = ("Service Desk", "Network", "Database", "Security", "jira-administrators")

WORKFLOW: Final = Workflow(
    statuses=(
        Status("10000", "To Do", "new"),
        Status("3", "In Progress", "indeterminate"),
        Status("10001", "Waiting", "indeterminate"),
        Status("10002", "In Review", "indeterminate"),
        Status("10003", "Done", "done"),
        Status("10004", "Closed", "done"),
        Status("10005", "Canceled", "done"),
    ),
    transitions=(
        Transition("11", "Start work", ("To Do",), "In Progress"),
        Transition("21", "Wait for answer", ("In Progress",), "Waiting"),
        Transition("31", "Carry on", ("Waiting",), "In Progress"),
        Transition("41", "Ask for review", ("In Progress",), "In Review"),
        Transition("51", "Send back", ("In Review",), "In Progress"),
        Transition("61", "Resolve", ("In Progress", "In Review"), "Done", ("resolution",), ("assignee",)),
        Transition("71", "Close for good", ("Done",), "Closed"),
        Transition("81", "Reopen", ("Done", "Closed"), "In Progress", resolution=""),
        Transition("91", "Drop", ("To Do", "In Progress", "Waiting"), "Canceled", resolution="Won't Do"),
        Transition("101", "Revive", ("Canceled",), "To Do", resolution=""),
    ),
)
"""Like an incident workflow: from To Do to Done, from Waiting to Done and from In Progress to Closed it takes two steps."""

CUSTOM_FIELDS: Final = (
    CustomField(10100, "Sync marker"),
    CustomField(10101, "External key"),
    CustomField(10102, "Workaround", "textarea"),
    CustomField(10103, "Severity", "select", ("SEV-1", "SEV-2", "SEV-3", "SEV-4")),
    CustomField(10104, "Affected users", "number"),
    CustomField(10105, "Assignment group", "group"),
)
PROJECTS: Final = (Project("OPS", "Operations", "10000"), Project("SEC", "Security", "10001"))
ISSUE_TYPES: Final[Mapping[str, str]] = {"10001": "Incident", "10002": "Task", "10003": "Bug"}
PRIORITIES: Final[Mapping[str, str]] = {"1": "Highest", "2": "High", "3": "Medium", "4": "Low", "5": "Lowest"}
RESOLUTIONS: Final[Mapping[str, str]] = {
    "10000": "Done",
    "10001": "Won't Do",
    "10002": "Duplicate",
    "10003": "Cannot Reproduce",
    "10004": "Known Error",
}
CATEGORIES: Final[Mapping[str, tuple[int, str, str]]] = {
    "new": (2, "To Do", "blue-gray"),
    "indeterminate": (4, "In Progress", "yellow"),
    "done": (3, "Done", "green"),
}
"""Category key to its id, name and colour: the same on every Jira."""
ROLES: Final = ("Administrators", "Service Desk Team")
ADMINISTRATORS: Final = "jira-administrators"
