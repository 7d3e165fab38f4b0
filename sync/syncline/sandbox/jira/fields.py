"""The fields of an issue: what there is.

Values are kept as: text as it came (`RichText`), people as logins, priorities, resolutions, statuses, issue types,
options and components as ids, groups as names, labels as a tuple in the order given, dates as `YYYY-MM-DD`.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from syncline.sandbox.jira import adf
from syncline.sandbox.jira.setup import CustomField

_TYPES: Final = "com.atlassian.jira.plugin.system.customfieldtypes:"
_CUSTOM: Final[Mapping[str, tuple[str, str]]] = {
    "textfield": ("string", "textfield"),
    "textarea": ("string", "textarea"),
    "select": ("option", "select"),
    "number": ("number", "float"),
    "date": ("date", "datepicker"),
    "group": ("group", "grouppicker"),
    # Type key and behaviour: Atlassian's developer docs, Team field in Jira REST API.
    "team": ("team", "com.atlassian.teams:rm-teams-custom-field-team"),
}


def team_id(name: str, _number: int = 0) -> str:
    """The id of the team of that name: shaped as Atlassian's are, the same at every start."""
    made = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    return "-".join((made[:8], made[8:12], made[12:16], made[16:20], made[20:]))


@dataclass(slots=True)
class Field:
    """A field.

    Attributes:
        id: `summary`, `customfield_10100`.
        name: As people read it; an administrator may change it.
        kind: How its value is read; `computed` fields are never written.
        schema: Jira's `JsonType`.
        screens: Where it may be written: `create`, `edit`.
        operations: Verbs of `update`.
        clauses: Its names in JQL.
        options: Id to text of what it offers.
        required: Whether a create must bring it.
        navigable: Whether `*navigable` includes it.
    """

    id: str
    name: str
    kind: str
    schema: Mapping[str, Any]
    screens: frozenset[str] = frozenset()
    operations: tuple[str, ...] = ("set",)
    clauses: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    navigable: bool = True

    @property
    def custom(self) -> bool:
        """Whether an administrator added it."""
        return "customId" in self.schema


_BOTH: Final = frozenset({"create", "edit"})
_MANY: Final = ("add", "set", "remove")


def _system(
    name: str,
    title: str,
    kind: str,
    type_: str,
    screens: frozenset[str],
    clauses: tuple[str, ...],
    **more: Any,
) -> Field:
    schema = {"type": type_, "system": name}
    if "items" in more:
        schema["items"] = more.pop("items")
    return Field(name, title, kind, schema, screens, clauses=clauses or (name,), **more)


def system_fields() -> Iterator[Field]:
    """The fields that every Jira has, in the order in which `GET field` lists them."""
    create = frozenset({"create"})
    none: frozenset[str] = frozenset()
    yield _system("summary", "Summary", "summary", "string", _BOTH, (), required=True)
    yield _system(
        "issuetype", "Issue Type", "issuetype", "issuetype", create, ("issuetype", "type"), required=True
    )
    yield _system("project", "Project", "project", "project", create, (), required=True)
    yield _system("status", "Status", "computed", "status", none, ())
    yield _system("description", "Description", "text", "string", _BOTH, ())
    yield _system("environment", "Environment", "text", "string", _BOTH, ())
    yield _system("priority", "Priority", "priority", "priority", _BOTH, ())
    yield _system("labels", "Labels", "labels", "array", _BOTH, (), items="string", operations=_MANY)
    yield _system("assignee", "Assignee", "user", "user", _BOTH, ())
    yield _system("reporter", "Reporter", "user", "user", _BOTH, ())
    yield _system("creator", "Creator", "computed", "user", none, ())
    yield _system(
        "components",
        "Components",
        "components",
        "array",
        _BOTH,
        ("component",),
        items="component",
        operations=_MANY,
    )
    yield _system("duedate", "Due date", "date", "date", _BOTH, ("due", "duedate"))
    yield _system("resolution", "Resolution", "resolution", "resolution", none, ())
    resolved = ("resolutiondate", "resolved")
    yield _system("resolutiondate", "Resolved", "computed", "datetime", none, resolved)
    yield _system("created", "Created", "computed", "datetime", none, ("created", "createdDate"))
    yield _system("updated", "Updated", "computed", "datetime", none, ("updated", "updatedDate"))
    aside: dict[str, Any] = {"navigable": False}
    yield _system("comment", "Comment", "computed", "comments-page", none, (), operations=("add",), **aside)
    yield _system(
        "attachment", "Attachment", "computed", "array", none, ("attachments",), items="attachment", **aside
    )
    yield _system("statuscategorychangedate", "Status Category Changed", "computed", "datetime", none, ())
    for name, title, items in (
        ("issuelinks", "Linked Issues", "issuelinks"),
        ("subtasks", "Sub-tasks", "issuelinks"),
        ("fixVersions", "Fix versions", "version"),
        ("versions", "Affects versions", "version"),
    ):
        yield _system(name, title, "computed", "array", none, (name,), items=items)
    yield _system("votes", "Votes", "computed", "votes", none, ())
    yield _system("watches", "Watchers", "computed", "watches", none, ("watchers",))
    yield _system("security", "Security Level", "computed", "securitylevel", none, ("level",))


def custom_field(setup: CustomField) -> Field:
    """A custom field; its options get ids from 10200 on, unlike those of any other field."""
    kind, custom = _CUSTOM[setup.kind]
    schema = {
        "type": kind,
        "custom": custom if ":" in custom else _TYPES + custom,
        "customId": setup.number,
    }
    made = team_id if setup.kind == "team" else lambda _text, number: str(number)
    options = {made(text, setup.number * 10 + place): text for place, text in enumerate(setup.options)}
    clauses = (f"cf[{setup.number}]", setup.name)
    read_as = "text" if setup.kind == "textarea" else setup.kind
    return Field(
        setup.id,
        setup.name,
        read_as,
        schema,
        _BOTH,
        clauses=clauses,
        options=options,
        required=setup.required,
    )


def empty(field: Field) -> Any:
    """What the field holds while nobody has set it."""
    return () if field.kind in {"labels", "components"} else None


def same(field: Field, one: Any, other: Any) -> bool:
    """Whether two values of a field are no change."""
    return adf.same(one, other) if field.kind == "text" else bool(one == other)
