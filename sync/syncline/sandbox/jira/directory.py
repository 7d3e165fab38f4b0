"""What a simulated Jira site is made of: people, groups, projects, workflows, fields, permissions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

from syncline.sandbox.jira import setup
from syncline.sandbox.jira.fields import Field, custom_field, system_fields
from syncline.sandbox.jira.model import State
from syncline.sandbox.jira.setup import CustomField, Person, Project, Status, Transition, Workflow

FIRST_ID: Final = 10000
PERMISSIONS: Final = (
    "ADMINISTER", "ADMINISTER_PROJECTS", "BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "TRANSITION_ISSUES",
    "RESOLVE_ISSUES", "CLOSE_ISSUES", "ASSIGN_ISSUES", "ASSIGNABLE_USER", "MOVE_ISSUES", "LINK_ISSUES", "DELETE_ISSUES",
    "MODIFY_REPORTER", "SCHEDULE_ISSUES", "ADD_COMMENTS", "EDIT_ALL_COMMENTS", "EDIT_OWN_COMMENTS",
    "DELETE_ALL_COMMENTS", "DELETE_OWN_COMMENTS", "CREATE_ATTACHMENTS", "DELETE_ALL_ATTACHMENTS",
    "DELETE_OWN_ATTACHMENTS", "BULK_CHANGE", "USER_PICKER",
)  # fmt: skip
"""Built-in permissions (Jira Cloud platform REST API, "Permissions")."""
_GLOBAL_ADMIN: Final = frozenset(
    {"ADMINISTER", "ADMINISTER_PROJECTS", "EDIT_ALL_COMMENTS", "DELETE_ALL_COMMENTS"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a site is set up; `jira.Jira` says what each means."""

    cloud: bool
    version: tuple[int, int, int]
    index_lag: float
    people: Iterable[Person] = setup.PEOPLE
    groups: Iterable[str] = setup.GROUPS
    projects: Iterable[Project] = setup.PROJECTS
    workflow: Workflow = setup.WORKFLOW
    custom_fields: Iterable[CustomField] = setup.CUSTOM_FIELDS
    timezone: str = "UTC"
    hide_emails: bool = False
    denied: Mapping[str, Iterable[str]] = field(default_factory=dict)
    issue_writes: tuple[int, float] | None = None
    attachment_limit: int = 10_485_760
    captcha: Iterable[str] = ()


class Directory:
    """The set-up of one Jira.

    Attributes:
        cloud: Cloud, or else Data Center.
        version: Of the software.
        people: By login.
        groups: Their names.
        roles: Names of project roles.
        projects: By key.
        workflows: By project key.
        fields: By id, in the order in which they are listed.
        priorities: Those on offer: id to name.
        components: Project key to component id to name.
        denied: Login to the permissions that this person lacks.
        index_lag: Seconds until searches see a write.
        hide_emails: Whether people hide their addresses from others (Cloud).
        issue_writes: How many writes one issue takes in how many seconds; None: any number.
        attachment_limit: Largest file, bytes.
        captcha: Logins that must solve a CAPTCHA first (Data Center).
    """

    def __init__(self, settings: Settings) -> None:
        self.cloud = settings.cloud
        self.version = settings.version
        self.index_lag = settings.index_lag
        self.hide_emails = settings.hide_emails
        self.issue_writes = settings.issue_writes
        self.attachment_limit = settings.attachment_limit
        self.captcha = set(settings.captcha)
        self.denied = {login: set(names) for login, names in settings.denied.items()}
        self.people = {person.login: person for person in settings.people}
        self.groups = tuple(settings.groups)
        self.roles = setup.ROLES
        somebody = next(iter(self.people))
        self.projects = {
            project.key: project if project.lead in self.people else replace(project, lead=somebody)
            for project in settings.projects
        }
        self.workflows = {
            key: project.workflow or settings.workflow for key, project in self.projects.items()
        }
        self.issue_types = dict(setup.ISSUE_TYPES)
        self.priorities = dict(setup.PRIORITIES)
        self.resolutions = dict(setup.RESOLUTIONS)
        self.statuses: dict[str, Status] = {}
        for flow in self.workflows.values():
            self.statuses.update({status.id: status for status in flow.statuses})
        self.fields: dict[str, Field] = {known.id: known for known in system_fields()}
        self.fields.update({custom.id: custom_field(custom) for custom in settings.custom_fields})
        self.components: dict[str, dict[str, str]] = {}
        for place, project in enumerate(self.projects.values()):
            first = FIRST_ID + 100 * place
            self.components[project.key] = {str(first + n): name for n, name in enumerate(project.components)}
        self.zone = ZoneInfo(settings.timezone)
        self._zones = {p.login: ZoneInfo(p.timezone or settings.timezone) for p in self.people.values()}
        # Kept apart from what is offered: a dropped priority keeps its name on the issues that have it.
        self._names: dict[str, dict[str, str]] = {
            "priority": dict(self.priorities),
            "resolution": dict(self.resolutions),
            "issuetype": dict(self.issue_types),
            "status": {status.id: status.name for status in self.statuses.values()},
        }
        self._identities: dict[str, Person] = {}
        for person in self.people.values():
            ids = (person.account_id,) if self.cloud else (person.login, person.key)
            self._identities.update(dict.fromkeys(ids, person))

    def names_of(self, field: Field) -> Mapping[str, str] | None:
        """Id to name for a field that holds ids; None for others."""
        if field.kind in {"select", "team"}:
            return field.options
        return self._names.get(field.id)

    @property
    def component_names(self) -> Mapping[str, str]:
        """Component id to name, over all projects."""
        return {key: name for offered in self.components.values() for key, name in offered.items()}

    def zone_of(self, person: Person) -> ZoneInfo:
        """The zone of a person's profile."""
        return self._zones.get(person.login, self.zone)

    def identity(self, login: str) -> str:
        """How Jira's own records name a person: accountId, or Data Center's user key."""
        person = self.people[login]
        return person.account_id if self.cloud else person.key

    def find_person(self, identity: str) -> Person | None:
        """The person of an accountId, or of a Data Center username or key."""
        return self._identities.get(identity)

    def find_group(self, text: str) -> str | None:
        """The name of the group with that name or id."""
        return next((name for name in self.groups if text in {name, self.group_id(name)}), None)

    def group_id(self, name: str) -> str:
        """Jira Cloud's id of a group."""
        digest = sha256(name.encode()).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"

    def members(self, group: str) -> list[Person]:
        """The people of a group, by name."""
        return sorted((p for p in self.people.values() if group in p.groups), key=lambda p: p.name)

    def in_role(self, person: Person, role: str) -> bool:
        """Whether a person has a project role."""
        return role == "Service Desk Team" or setup.ADMINISTRATORS in person.groups

    def project_by_id(self, text: str) -> Project | None:
        """The project with that id."""
        return next((project for project in self.projects.values() if project.id == text), None)

    def allowed(self, person: Person, permission: str) -> bool:
        """Whether a person holds a permission; everyone holds all but administration, less what is denied."""
        if permission in self.denied.get(person.login, ()):
            return False
        return permission not in _GLOBAL_ADMIN or setup.ADMINISTRATORS in person.groups

    def assignable(self, login: str, project: str) -> bool:
        """Whether issues of the project can be assigned to that person."""
        person = self.people[login]
        return project in self.projects and person.active and self.allowed(person, "ASSIGNABLE_USER")

    def steps(self, state: State) -> list[Transition]:
        """The transitions that the workflow allows from here."""
        status = self.statuses[state.values["status"]].name
        flow = self.workflows[state.project]
        return [step for step in flow.transitions if not step.sources or status in step.sources]

    def status_named(self, project: str, name: str) -> Status:
        """A status of the project's workflow."""
        return next(status for status in self.workflows[project].statuses if status.name == name)

    def rename_field(self, field_id: str, name: str) -> None:
        """Give a field another name, in JQL too."""
        field = self.fields[field_id]
        field.clauses = tuple(name if clause == field.name else clause for clause in field.clauses)
        field.name = name

    def remove_transition(self, transition_id: str, project: str | None) -> None:
        """Take a step out of the workflow of one project, or of all."""
        for key, flow in self.workflows.items():
            if project in {None, key}:
                kept = tuple(step for step in flow.transitions if step.id != transition_id)
                self.workflows[key] = replace(flow, transitions=kept)
