"""People, groups and permissions over HTTP."""

from collections.abc import Iterable
from typing import Any, Final

from syncline.sandbox.jira import render, setup
from syncline.sandbox.jira.call import Call, Routes, issue_of
from syncline.sandbox.jira.directory import PERMISSIONS
from syncline.sandbox.jira.refusals import refusal
from syncline.sandbox.jira.setup import Person
from syncline.sandbox.jira.site import Site
from syncline.sandbox.platform import Response, json_response

_GDPR: Final = (
    "'accountId' must be the only user identifying query parameter in GDPR strict mode. "
    "Please use 'accountId' or 'query' instead."
)
_USER_EXPAND: Final = "groups,applicationRoles"
_ADMIN: Final = {"ADMINISTER", "BULK_CHANGE", "USER_PICKER"}


def _whole(site: Site, call: Call, person: Person) -> dict[str, Any]:
    expand = call.listed("expand")
    groups = [render.group(site, call, name) for name in person.groups] if "groups" in expand else []
    return {
        **render.account(site, call, person),
        "locale": "en_US",
        "groups": {"size": len(person.groups), "items": groups},
        "applicationRoles": {"size": 1, "items": []},
        "expand": _USER_EXPAND,
    }


def _myself(site: Site, call: Call) -> Response:
    return json_response(200, _whole(site, call, call.user))


def _user(site: Site, call: Call) -> Response:
    if site.cloud:
        if call.param("username") or call.param("key"):
            # GDPR migration guide: usernames and user keys no longer identify anyone on Cloud.
            raise refusal(400, _GDPR)
        asked = call.param("accountId")
        if not asked:
            raise refusal(400, "The query parameter 'accountId' is required.")
    else:
        asked = call.param("username") or call.param("key")
        if not asked:
            raise refusal(404, "Either the 'username' or the 'key' query parameters need to be provided")
    person = site.find_person(asked)
    if person is None:
        said = (
            "Specified user does not exist or you do not have required permissions"
            if site.cloud
            else f"The user named '{asked}' does not exist"
        )
        raise refusal(404, said)
    return json_response(200, _whole(site, call, person))


def _bulk(site: Site, call: Call) -> Response:
    asked = call.params.get("accountId", [])
    if not asked:
        raise refusal(400, "The query parameter 'accountId' is required.")
    found = [person for person in map(site.find_person, asked) if person is not None]
    return _page(site, call, found, 10, 200)


def _page(site: Site, call: Call, people: list[Person], default: int, most: int) -> Response:
    start, size = call.number("startAt", 0), call.number("maxResults", default, most=most)
    page = people[start : start + size]
    content = {
        "self": f"{call.root}{call.request.path}",
        "maxResults": size,
        "startAt": start,
        "total": len(people),
        "isLast": start + size >= len(people),
        "values": [render.account(site, call, person) for person in page],
    }
    return json_response(200, content)


def _matching(site: Site, call: Call, people: Iterable[Person]) -> list[Person]:
    if site.cloud:
        if call.param("username"):
            raise refusal(400, _GDPR)
        if not any(name in call.params for name in ("query", "accountId", "property")):
            raise refusal(400, "The 'query', 'accountId' or 'property' parameter is required.")
        account = call.param("accountId")
        if account:
            return [person for person in people if person.account_id == account]
    text = (call.param("query") or call.param("username")).lower()
    return [person for person in people if text in {".", ""} or _matches(site, call, person, text)]


def _matches(site: Site, call: Call, person: Person, text: str) -> bool:
    names = [person.name.lower(), *person.name.lower().split()]
    # Find users: an e-mail address matches only where the caller may see it.
    if not site.cloud or not site.hide_emails or person is call.user:
        names.append(person.email)
    if not site.cloud:
        names.append(person.login)
    return any(name.startswith(text) for name in names)


def _listed(site: Site, call: Call, people: list[Person]) -> Response:
    start, most = call.number("startAt", 0), call.number("maxResults", 50, most=1000)
    return json_response(200, [render.account(site, call, person) for person in people[start : start + most]])


def _search(site: Site, call: Call) -> Response:
    if not site.cloud and not call.param("username"):
        raise refusal(400, "The username query parameter was not provided")
    inactive = site.cloud or call.flag("includeInactive")
    return _listed(
        site, call, [p for p in _matching(site, call, site.people.values()) if p.active or inactive]
    )


def _everyone(site: Site, call: Call) -> Response:
    return _listed(site, call, list(site.people.values()))


def _assignable(site: Site, call: Call) -> Response:
    reference = call.param("issueKey") or call.param("issueId")
    project = call.param("project")
    if reference:
        project = issue_of(site, call, reference).state.project
    if not project:
        raise refusal(400, "Either the 'project' or the 'issueKey' query parameter is required.")
    found = site.projects.get(project) or site.project_by_id(project)
    if found is None:
        raise refusal(404, f"No project could be found with key '{project}'.")
    if site.cloud and not any(name in call.params for name in ("query", "accountId")):
        people = list(site.people.values())
    else:
        people = _matching(site, call, site.people.values())
    return _listed(site, call, [person for person in people if site.assignable(person.login, found.key)])


def _group_named(site: Site, call: Call) -> str:
    asked = call.param("groupId") or call.param("groupname")
    name = site.find_group(asked) if asked else None
    if name is None:
        raise refusal(404, f"The group named '{asked}' does not exist.")
    return name


def _members(site: Site, call: Call) -> Response:
    people = [
        p for p in site.members(_group_named(site, call)) if p.active or call.flag("includeInactiveUsers")
    ]
    return _page(site, call, people, 50, 50)


def _picker(site: Site, call: Call) -> Response:
    text, most = call.param("query").lower(), call.number("maxResults", 20)
    names = [name for name in site.groups if text in name.lower()]
    groups = []
    for name in names[:most]:
        shown: dict[str, Any] = {"name": name, "html": name, "labels": []}
        if site.cloud:
            shown["groupId"] = site.group_id(name)
        groups.append(shown)
    header = f"Showing {len(groups)} of {len(names)} matching groups"
    return json_response(200, {"header": header, "total": len(names), "groups": groups})


def _group_bulk(site: Site, call: Call) -> Response:
    ids, asked = call.params.get("groupId", []), call.params.get("groupName", [])
    names = [n for n in site.groups if (not ids and not asked) or n in asked or site.group_id(n) in ids]
    start, most = call.number("startAt", 0), call.number("maxResults", 50, most=10_000)
    page = [{"name": name, "groupId": site.group_id(name)} for name in names[start : start + most]]
    content = {
        "maxResults": most,
        "startAt": start,
        "total": len(names),
        "isLast": start + most >= len(names),
        "values": page,
    }
    return json_response(200, content)


def _user_groups(site: Site, call: Call) -> Response:
    person = site.find_person(call.param("accountId"))
    if person is None:
        raise refusal(404, "Specified user does not exist or you do not have required permissions")
    return json_response(200, [render.group(site, call, name) for name in person.groups])


def _permissions(site: Site, call: Call) -> Response:
    asked = call.listed("permissions")
    if site.cloud and not asked:
        # Get my permissions: the parameter `permissions` is required since 1 February 2019.
        raise refusal(400, "The 'permissions' query parameter is required.")
    unknown = [key for key in asked if key not in PERMISSIONS]
    if unknown:
        raise refusal(400, f"Unrecognized permission: {unknown[0]}")
    reference = call.param("issueKey") or call.param("issueId")
    if reference:
        issue_of(site, call, reference)
    project = call.param("projectKey") or call.param("projectId")
    if project and project not in site.projects and site.project_by_id(project) is None:
        raise refusal(404, f"No project could be found with key '{project}'.")
    shown = {}
    for place, key in enumerate(PERMISSIONS):
        if asked and key not in asked:
            continue
        shown[key] = {
            "id": str(place),
            "key": key,
            "name": key.replace("_", " ").capitalize(),
            "type": "GLOBAL" if key in _ADMIN else "PROJECT",
            "description": "",
            "havePermission": site.allowed(call.user, key),
        }
        if not site.cloud:
            shown[key]["deprecatedKey"] = False
    return json_response(200, {"permissions": shown})


def _roles(site: Site, call: Call, reference: str) -> Response:
    project = site.projects.get(reference) or site.project_by_id(reference)
    if project is None:
        raise refusal(404, f"No project could be found with key '{reference}'.")
    address = f"{call.api}/project/{project.id}/role"
    return json_response(200, {role: f"{address}/{10002 + place}" for place, role in enumerate(setup.ROLES)})


ROUTES: Routes = {
    ("GET", "myself"): _myself,
    ("GET", "user"): _user,
    ("GET", "user/search"): _search,
    ("GET", "user/assignable/search"): _assignable,
    ("GET", "group/member"): _members,
    ("GET", "groups/picker"): _picker,
    ("GET", "mypermissions"): _permissions,
    ("GET", "project/{}/role"): _roles,
}
CLOUD: Routes = {
    ("GET", "user/bulk"): _bulk,
    ("GET", "users/search"): _everyone,
    ("GET", "users"): _everyone,
    ("GET", "group/bulk"): _group_bulk,
    ("GET", "user/groups"): _user_groups,
}
