"""What may be written: metadata of create, edit and transition screens, and the list of fields."""

from collections.abc import Mapping
from typing import Any, Final

from syncline.sandbox.jira import editing, render
from syncline.sandbox.jira.call import Call, Routes, issue_of, need
from syncline.sandbox.jira.fields import Field
from syncline.sandbox.jira.model import State
from syncline.sandbox.jira.refusals import refusal
from syncline.sandbox.jira.setup import Project, Transition
from syncline.sandbox.jira.site import Site
from syncline.sandbox.platform import Response, json_response

_CLASSIC_UNTIL: Final = 9


def field_meta(
    site: Site, call: Call, known: Field, project: str, *, required: bool, listed: bool = False
) -> dict[str, Any]:
    """A field on a screen. `listed`: as an item of a list, with its id in it."""
    shown: dict[str, Any] = {
        "required": required,
        "schema": known.schema,
        "name": known.name,
        "key": known.id,
        "hasDefaultValue": known.kind == "priority",
        "operations": list(known.operations),
    }
    if listed or not site.cloud:
        # Cloud's FieldMetadata has no id of its own; FieldCreateMetadata and Data Center's have.
        shown["fieldId"] = known.id
    if known.kind == "priority":
        shown["defaultValue"] = render.priority(call, "3", "Medium")
    choices = _choices(site, call, known, project)
    if choices is not None:
        shown["allowedValues"] = choices
    if known.kind == "user":
        shown["autoCompleteUrl"] = f"{call.api}/user/assignable/search?project={project}&query="
    return shown


def _choices(site: Site, call: Call, known: Field, project: str) -> list[dict[str, Any]] | None:
    if known.kind == "priority":
        return [render.priority(call, key, name) for key, name in site.priorities.items()]
    if known.kind == "resolution":
        return [render.resolution(call, key, name) for key, name in site.resolutions.items()]
    if known.kind == "issuetype":
        return [render.issue_type(site, call, key) for key in site.issue_types]
    if known.kind == "project":
        return [render.project(site, call, project)]
    if known.kind == "components":
        return [render.choice(site, call, known, key) for key in site.components[project]]
    if known.kind == "select":
        return [render.choice(site, call, known, key) for key in known.options]
    return None


def edit_fields(site: Site, call: Call, state: State) -> dict[str, Any]:
    """`editmeta`: every field on the edit screen, and the comment."""
    if not site.allowed(call.user, "EDIT_ISSUES"):
        return {}
    shown = {
        name: field_meta(site, call, known, state.project, required=known.required)
        for name, known in editing.screen(site, call, "edit").items()
    }
    comment = site.fields["comment"]
    return {**shown, "comment": field_meta(site, call, comment, state.project, required=False)}


def step_fields(site: Site, call: Call, state: State, step: Transition) -> dict[str, Any]:
    """`expand=transitions.fields`: what the screen of a transition shows."""
    return {
        name: field_meta(site, call, known, state.project, required=name in step.required)
        for name, known in editing.step_screen(site, step).items()
    }


def create_fields(site: Site, call: Call, project: str, *, listed: bool = False) -> dict[str, Any]:
    """The create screen of a project; all its issue types share it."""
    return {
        name: field_meta(site, call, known, project, required=known.required, listed=listed)
        for name, known in editing.screen(site, call, "create").items()
    }


def _editmeta(site: Site, call: Call, reference: str) -> Response:
    issue = issue_of(site, call, reference)
    return json_response(200, {"fields": edit_fields(site, call, issue.state)})


def _project(site: Site, call: Call, reference: str) -> Project:
    project = site.projects.get(reference) or site.project_by_id(reference)
    need(site, call, "BROWSE_PROJECTS", 404, f"No project could be found with key '{reference}'.")
    if project is None or not site.allowed(call.user, "CREATE_ISSUES"):
        raise refusal(404, f"No project could be found with key '{reference}'.")
    return project


def _page(site: Site, call: Call, items: list[Any], name: str) -> Response:
    start = call.number("startAt", 0)
    most = call.number("maxResults", 50, most=200)
    content: dict[str, Any] = {"maxResults": most, "startAt": start, "total": len(items)}
    page = items[start : start + most]
    if site.cloud:
        return json_response(200, {**content, name: page})
    return json_response(200, {**content, "isLast": start + most >= len(items), "values": page})


def _create_types(site: Site, call: Call, reference: str) -> Response:
    _project(site, call, reference)
    return _page(site, call, [render.issue_type(site, call, key) for key in site.issue_types], "issueTypes")


def _create_type_fields(site: Site, call: Call, reference: str, issue_type: str) -> Response:
    project = _project(site, call, reference)
    if issue_type not in site.issue_types:
        raise refusal(404, f"The issue type with id '{issue_type}' does not exist.")
    shown = create_fields(site, call, project.key, listed=True)
    return _page(site, call, list(shown.values()), "fields")


def _classic(site: Site, call: Call) -> Response:
    if not site.cloud and site.version[0] >= _CLASSIC_UNTIL:
        # Jira 9.0 release notes: the unpaged createmeta is removed from Data Center.
        raise refusal(404, "Issue Does Not Exist")
    keys, ids = call.listed("projectKeys"), call.listed("projectIds")
    kinds, names = call.listed("issuetypeIds"), call.params.get("issuetypeNames", [])
    projects: list[Mapping[str, Any]] = []
    for project in site.projects.values():
        if (keys or ids) and project.key not in keys and project.id not in ids:
            continue
        types = []
        for key, name in site.issue_types.items():
            if (kinds and key not in kinds) or (names and name not in names):
                continue
            shown = render.issue_type(site, call, key)
            if "projects.issuetypes.fields" in call.listed("expand"):
                shown |= {"expand": "fields", "fields": create_fields(site, call, project.key)}
            types.append(shown)
        brief = render.project(site, call, project.key)
        projects.append(
            {key: brief[key] for key in ("self", "id", "key", "name", "avatarUrls")} | {"issuetypes": types}
        )
    if not site.allowed(call.user, "CREATE_ISSUES"):
        projects = []
    return json_response(200, {"expand": "projects", "projects": projects})


def _fields(site: Site, _call: Call) -> Response:
    listed = []
    for known in site.fields.values():
        shown: dict[str, Any] = {
            "id": known.id,
            "name": known.name,
            "custom": known.custom,
            "orderable": bool(known.screens),
            "navigable": known.navigable,
            "searchable": bool(known.clauses),
            "clauseNames": list(known.clauses),
            "schema": known.schema,
        }
        if site.cloud:
            shown["key"] = known.id
        listed.append(shown)
    return json_response(200, listed)


ROUTES: Routes = {
    ("GET", "field"): _fields,
    ("GET", "issue/createmeta"): _classic,
    ("GET", "issue/createmeta/{}/issuetypes"): _create_types,
    ("GET", "issue/createmeta/{}/issuetypes/{}"): _create_type_fields,
    ("GET", "issue/{}/editmeta"): _editmeta,
}
