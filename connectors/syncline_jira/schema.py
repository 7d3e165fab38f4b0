"""The live schema: what screens and lists of an instance say that its fields are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from syncline.connector import FieldSchema, Party, PartyKind, Schema
from syncline.errors import Configuration
from syncline_jira import shape
from syncline_jira.catalogue import FieldType, field_type
from syncline_jira.client import JiraClient
from syncline_jira.polling import quoted
from syncline_jira.settings import JiraSettings
from syncline_jira.workflow import names_of

_LENGTHS: Final[Mapping[str, int]] = {"summary": 255, "description": 32_767, "environment": 32_767}

_PAGES: Final = 20


def schema(client: JiraClient, settings: JiraSettings) -> Schema:
    """Fields, choices, statuses and groups of the projects, as they are now.

    Choices and requirements are those of the issue type that we create; other projects add their choices.
    """
    fields = {one.id: _known(one) for one in map(field_type, shape.objects(client.get("field"))) if one.id}
    for project in settings.projects:
        fields |= _of_project(client, settings, project, fields)
    priorities = _names(client.get("priority"))
    resolutions = _names(client.get("resolution"))
    statuses = _statuses(client, settings.projects)
    for name, choices in (("priority", priorities), ("resolution", resolutions), ("status", statuses)):
        if (known := fields.get(name)) and not known.choices:
            fields[name] = _with(known, choices=choices, writable=known.writable and name != "status")
    group = fields.get(settings.group_field)
    groups = tuple(Party(PartyKind.GROUP, name, name) for name in (group.choices or () if group else ()))
    return Schema(fields, statuses, groups)


def _known(one: FieldType) -> FieldSchema:
    """A field that exists; whether it can be written is said by the screens."""
    return FieldSchema(one.id, one.name, writable=False, max_length=_longest(one))


def _longest(one: FieldType) -> int | None:
    if one.custom.endswith(":textfield"):
        return 255
    return 32_767 if one.rich else _LENGTHS.get(one.id)


def _of_project(
    client: JiraClient, settings: JiraSettings, project: str, known: Mapping[str, FieldSchema]
) -> dict[str, FieldSchema]:
    """The fields of the create screen of the type that we create, and of the edit screen of one issue."""
    found: dict[str, FieldSchema] = {}
    main = project == settings.projects[0]
    for raw in _create_fields(client, project, settings.default_issue_type):
        one = field_type(raw)
        # Project and issue type stand in the settings: a mapping need not bring them.
        required = main and _must(raw) and one.id not in {"project", "issuetype"}
        _add(found, known, one, raw, required=required)
    jql = f"project = {quoted(project)} AND issuetype = {quoted(settings.default_issue_type)} ORDER BY updated DESC"
    for issue in client.matching(jql, ("id",), 1):
        listed = shape.mapping(
            shape.mapping(client.get(f"issue/{shape.text(issue.get('id'))}/editmeta")).get("fields")
        )
        for name, raw in listed.items():
            _add(found, known, field_type(shape.mapping(raw), str(name)), shape.mapping(raw), required=False)
    return found


def _add(
    found: dict[str, FieldSchema],
    known: Mapping[str, FieldSchema],
    one: FieldType,
    raw: Mapping[str, Any],
    *,
    required: bool,
) -> None:
    """Take up what a screen says of a field, over what is known of it."""
    if not one.id:
        return
    before = found.get(one.id) or known.get(one.id)
    allowed = names_of(raw.get("allowedValues")) or None
    earlier = before.choices if before else None
    choices = tuple(dict.fromkeys((*(earlier or ()), *(allowed or ())))) or None
    required = required or (before.required if before else False)
    found[one.id] = FieldSchema(
        one.id, one.name, required, writable=True, choices=choices, max_length=_longest(one)
    )


def _with(one: FieldSchema, *, choices: tuple[str, ...], writable: bool) -> FieldSchema:
    return FieldSchema(one.name, one.label, one.required, writable, choices or None, one.max_length)


def _must(raw: Mapping[str, Any]) -> bool:
    """Whether a create must bring the field: required, and no default of Jira's."""
    return raw.get("required") is True and raw.get("hasDefaultValue") is not True


def _create_fields(client: JiraClient, project: str, type_name: str) -> list[Mapping[str, Any]]:
    """The fields of a type's create screen.

    Raises:
        Configuration: the project has no such type.
    """
    types = _all(client, f"issue/createmeta/{project}/issuetypes", "issueTypes")
    wanted = next((one for one in types if shape.text(one.get("name")) == type_name), None)
    if wanted is None:
        names = ", ".join(sorted(shape.text(one.get("name")) for one in types)) or "none"
        raise Configuration(
            f"the project {project} has no issue type {type_name!r} that our account may create (it has: {names});"
            " set default_issue_type to one of them"
        )
    return _all(client, f"issue/createmeta/{project}/issuetypes/{shape.text(wanted.get('id'))}", "fields")


def _all(client: JiraClient, path: str, key: str) -> list[Mapping[str, Any]]:
    """All items of a paged list. Cloud names the list by what it holds, Data Center calls it `values`."""
    found: list[Mapping[str, Any]] = []
    for _ in range(_PAGES):
        page = shape.mapping(client.get(path, {"startAt": len(found), "maxResults": 50}))
        items = shape.objects(page.get(key)) or shape.objects(page.get("values"))
        found += items
        if (
            not items
            or page.get("isLast") is True
            or len(found) >= shape.whole(page.get("total"), len(found))
        ):
            break
    return found


def _names(listed: object) -> tuple[str, ...]:
    return tuple(name for one in shape.objects(listed) if (name := shape.text(one.get("name"))))


def _statuses(client: JiraClient, projects: Sequence[str]) -> tuple[str, ...]:
    """The statuses of all issue types of the projects, in the order in which Jira names them."""
    found: dict[str, None] = {}
    for project in projects:
        for issue_type in shape.objects(client.get(f"project/{project}/statuses")):
            found |= dict.fromkeys(_names(issue_type.get("statuses")))
    return tuple(found)
