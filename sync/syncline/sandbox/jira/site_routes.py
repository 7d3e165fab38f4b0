"""The site itself over HTTP: server, projects, issue types, statuses, priorities, resolutions."""

from collections.abc import Mapping
from typing import Any, Final

from syncline.sandbox.jira import render, setup
from syncline.sandbox.jira.call import Call, Routes, stamp
from syncline.sandbox.jira.refusals import refusal
from syncline.sandbox.jira.setup import Project
from syncline.sandbox.jira.site import Site
from syncline.sandbox.platform import Response, json_response

_BUILT: Final = 1_745_000_000_000


def server_info(site: Site, call: Call) -> Response:
    """Also told to those who have not logged in."""
    content: dict[str, Any] = {
        "baseUrl": call.root,
        "version": ".".join(map(str, site.version)),
        "versionNumbers": list(site.version),
        "deploymentType": "Cloud" if site.cloud else "Server",
        "buildNumber": 100285 if site.cloud else 10030005,
        "buildDate": stamp(_BUILT, call.zone),
        "serverTime": stamp(call.now, call.zone),
        "scmInfo": "7d1f0c0a4f3a8b0ef1d6d2d6a1c4ab8c6a0c7f11",
        "serverTitle": "Jira",
    }
    return json_response(200, content)


def _seen(site: Site, call: Call) -> list[Project]:
    return list(site.projects.values()) if site.allowed(call.user, "BROWSE_PROJECTS") else []


def _found(site: Site, call: Call, reference: str) -> Project:
    found = site.projects.get(reference.upper()) or site.project_by_id(reference)
    if found is None or found not in _seen(site, call):
        raise refusal(404, f"No project could be found with key '{reference}'.")
    return found


def _whole(site: Site, call: Call, project: Project) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "expand": "description,lead,issueTypes,url,projectKeys",
        **render.project(site, call, project.key),
        "description": "",
        "lead": render.user(site, call, project.lead),
        "components": [
            {"self": f"{call.api}/component/{key}", "id": key, "name": name, "isAssigneeTypeValid": False}
            for key, name in site.components[project.key].items()
        ],
        "issueTypes": [render.issue_type(site, call, key) for key in site.issue_types],
        "assigneeType": "UNASSIGNED",
        "versions": [],
        "roles": {},
    }
    if site.cloud:
        shown |= {"style": "classic", "isPrivate": False, "properties": {}}
    return shown


def _projects(site: Site, call: Call) -> Response:
    return json_response(200, [_brief(site, call, project) for project in _seen(site, call)])


def _brief(site: Site, call: Call, project: Project) -> dict[str, Any]:
    shown = {
        "expand": "description,lead,issueTypes,url,projectKeys",
        **render.project(site, call, project.key),
    }
    if site.cloud:
        shown |= {"style": "classic", "isPrivate": False}
    expand = call.listed("expand")
    if "lead" in expand:
        shown["lead"] = render.user(site, call, project.lead)
    if "issueTypes" in expand:
        shown["issueTypes"] = [render.issue_type(site, call, key) for key in site.issue_types]
    return shown


def _project_search(site: Site, call: Call) -> Response:
    keys, text = call.params.get("keys", []), call.param("query").lower()
    found = [
        project
        for project in _seen(site, call)
        if (not keys or project.key in keys) and (text in project.key.lower() or text in project.name.lower())
    ]
    start, most = call.number("startAt", 0), call.number("maxResults", 50, most=100)
    content = {
        "self": f"{call.root}{call.request.path}",
        "maxResults": most,
        "startAt": start,
        "total": len(found),
        "isLast": start + most >= len(found),
        "values": [_brief(site, call, project) for project in found[start : start + most]],
    }
    return json_response(200, content)


def _project(site: Site, call: Call, reference: str) -> Response:
    return json_response(200, _whole(site, call, _found(site, call, reference)))


def _project_statuses(site: Site, call: Call, reference: str) -> Response:
    project = _found(site, call, reference)
    listed = [render.status(call, status) for status in site.workflows[project.key].statuses]
    shown = [
        {"self": f"{call.api}/issuetype/{key}", "id": key, "name": name, "subtask": False, "statuses": listed}
        for key, name in site.issue_types.items()
    ]
    return json_response(200, shown)


def _components(site: Site, call: Call, reference: str) -> Response:
    return json_response(200, _whole(site, call, _found(site, call, reference))["components"])


def _issue_types(site: Site, call: Call) -> Response:
    return json_response(200, [render.issue_type(site, call, key) for key in site.issue_types])


def _issue_type(site: Site, call: Call, key: str) -> Response:
    _known(site.issue_types, key, "issue type")
    return json_response(200, render.issue_type(site, call, key))


def _known(offered: Mapping[str, Any], key: str, title: str) -> None:
    if key not in offered:
        raise refusal(404, f"The {title} with id '{key}' does not exist")


def _statuses(site: Site, call: Call) -> Response:
    return json_response(200, [render.status(call, status) for status in site.statuses.values()])


def _status(site: Site, call: Call, reference: str) -> Response:
    named = {status.name: status.id for status in site.statuses.values()}
    key = named.get(reference, reference)
    _known(site.statuses, key, "status")
    return json_response(200, render.status(call, site.statuses[key]))


def _categories(_site: Site, call: Call) -> Response:
    return json_response(200, [render.category(call, key) for key in setup.CATEGORIES])


def _priorities(site: Site, call: Call) -> Response:
    return json_response(
        200, [render.priority(call, key, name, whole=True) for key, name in site.priorities.items()]
    )


def _priority(site: Site, call: Call, key: str) -> Response:
    _known(site.priorities, key, "priority")
    return json_response(200, render.priority(call, key, site.priorities[key], whole=True))


def _resolutions(site: Site, call: Call) -> Response:
    return json_response(200, [render.resolution(call, key, name) for key, name in site.resolutions.items()])


def _resolution(site: Site, call: Call, key: str) -> Response:
    _known(site.resolutions, key, "resolution")
    return json_response(200, render.resolution(call, key, site.resolutions[key]))


def _labels(site: Site, call: Call) -> Response:
    names = sorted({label for issue in site.issues.values() for label in issue.state.values["labels"]})
    start, most = call.number("startAt", 0), call.number("maxResults", 1000, most=1000)
    content = {
        "maxResults": most,
        "startAt": start,
        "total": len(names),
        "isLast": start + most >= len(names),
        "values": names[start : start + most],
    }
    return json_response(200, content)


ROUTES: Routes = {
    ("GET", "project"): _projects,
    ("GET", "project/{}"): _project,
    ("GET", "project/{}/statuses"): _project_statuses,
    ("GET", "project/{}/components"): _components,
    ("GET", "issuetype"): _issue_types,
    ("GET", "issuetype/{}"): _issue_type,
    ("GET", "status"): _statuses,
    ("GET", "status/{}"): _status,
    ("GET", "statuscategory"): _categories,
    ("GET", "priority"): _priorities,
    ("GET", "priority/{}"): _priority,
    ("GET", "resolution"): _resolutions,
    ("GET", "resolution/{}"): _resolution,
}
CLOUD: Routes = {("GET", "project/search"): _project_search, ("GET", "label"): _labels}
