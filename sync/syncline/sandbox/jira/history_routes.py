"""Histories, issues by the hundred, entity properties and remote links over HTTP."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from syncline.sandbox.jira import editing, render
from syncline.sandbox.jira.call import Call, Routes, issue_of, need
from syncline.sandbox.jira.editing import issue_to_write
from syncline.sandbox.jira.issue_routes import DONE, shown
from syncline.sandbox.jira.model import History, Issue, RemoteLink, number_of
from syncline.sandbox.jira.refusals import bad_payload, refusal
from syncline.sandbox.jira.site import Site
from syncline.sandbox.platform import Response, json_response

_MOST_FETCHED: Final = 100
_MOST_CHANGED: Final = 1000
_MOST_FIELDS: Final = 10
_MOST_ENTRIES: Final = 10_000
_GLOBAL_ID: Final = 255


def _changelog(site: Site, call: Call, reference: str) -> Response:
    issue = issue_of(site, call, reference)
    start, most = call.number("startAt", 0), call.number("maxResults", 100, most=100)
    total = len(issue.history)
    page = issue.history[start : start + most]
    address = f"{call.api}/issue/{reference}/changelog?maxResults={most}&startAt="
    content: dict[str, Any] = {
        "self": f"{address}{start}",
        "maxResults": most,
        "startAt": start,
        "total": total,
        "isLast": start + most >= total,
        "values": [render.history(site, call, entry) for entry in page],
    }
    if not content["isLast"]:
        content["nextPage"] = f"{address}{start + most}"
    return json_response(200, content)


def _references(body: dict[str, Any], most: int) -> list[str]:
    asked = body.get("issueIdsOrKeys")
    if not isinstance(asked, list) or not asked or not all(isinstance(item, str) for item in asked):
        raise bad_payload()
    if len(asked) > most:
        raise refusal(400, f"You can request a maximum of {most} issues.")
    return asked


def _seen(site: Site, call: Call, references: list[str]) -> list[Issue]:
    """The issues that are there and may be seen, each once; bulk reads leave the others out."""
    if not site.allowed(call.user, "BROWSE_PROJECTS"):
        return []
    found = (site.find_issue(reference) for reference in references)
    return list({issue.id: issue for issue in found if issue is not None}.values())


def _bulk_changelog(site: Site, call: Call) -> Response:
    body = call.body()
    issues = sorted(_seen(site, call, _references(body, _MOST_CHANGED)), key=lambda issue: issue.id)
    only = body.get("fieldIds") or []
    if not isinstance(only, list) or len(only) > _MOST_FIELDS:
        raise refusal(400, f"You can filter by a maximum of {_MOST_FIELDS} fields.")
    most, token = body.get("maxResults", 1000), body.get("nextPageToken")
    if isinstance(most, bool) or not isinstance(most, int) or not 0 < most <= _MOST_ENTRIES:
        raise refusal(400, f"The maxResults parameter must be between 1 and {_MOST_ENTRIES}.")
    start = 0 if token is None else _start(token)
    # Bulk fetch changelogs: "sorted by changelog date and issue IDs, starting from the oldest changelog and smallest issue ID".
    entries = sorted(_entries(issues, set(only)), key=lambda pair: (pair[1].created, pair[0], pair[1].id))
    page: dict[int, list[dict[str, Any]]] = {}
    for issue_id, entry in entries[start : start + most]:
        page.setdefault(issue_id, []).append(render.history(site, call, entry))
    logs = [{"issueId": str(key), "changeHistories": histories} for key, histories in page.items()]
    content: dict[str, Any] = {"issueChangeLogs": logs}
    if start + most < len(entries):
        content["nextPageToken"] = base64.urlsafe_b64encode(str(start + most).encode()).decode()
    return json_response(200, content)


def _start(token: Any) -> int:
    try:
        return int(base64.urlsafe_b64decode(str(token).encode()))
    except (ValueError, binascii.Error) as error:
        raise refusal(400, "The provided next page token is invalid or expired.") from error


def _entries(issues: list[Issue], only: set[str]) -> Iterator[tuple[int, History]]:
    for issue in issues:
        for entry in issue.history:
            changes = tuple(change for change in entry.changes if not only or change.field_id in only)
            if changes:
                yield issue.id, replace(entry, changes=changes)


def _bulk_fetch(site: Site, call: Call) -> Response:
    body = call.body()
    references = _references(body, _MOST_FETCHED)
    asked = {name: body.get(name) or [] for name in ("fields", "expand", "properties")}
    if not all(isinstance(names, list) for names in asked.values()):
        raise bad_payload()
    inner = replace(call, params={"expand": [str(name) for name in asked["expand"]]})
    fields = [str(name) for name in asked["fields"]]
    issues = [
        shown(site, inner, issue.state, fields, "*navigable", asked["properties"])
        for issue in sorted(_seen(site, call, references), key=lambda issue: issue.id)
    ]
    return json_response(200, {"issues": issues, "issueErrors": []})


# ------------------------------------------------------------------------------------------------ entity properties


def _property_keys(site: Site, call: Call, reference: str) -> Response:
    issue = issue_of(site, call, reference)
    address = f"{call.api}/issue/{issue.id}/properties"
    return json_response(
        200, {"keys": [{"self": f"{address}/{key}", "key": key} for key in issue.properties]}
    )


def _get_property(site: Site, call: Call, reference: str, key: str) -> Response:
    issue = issue_of(site, call, reference)
    if key not in issue.properties:
        raise refusal(404, f"The property with key '{key}' does not exist.")
    return json_response(200, {"key": key, "value": issue.properties[key]})


def _set_property(site: Site, call: Call, reference: str, key: str) -> Response:
    # An entity property is no field: neither `updated` nor the history moves.
    issue = issue_to_write(site, call, reference)
    need(site, call, "EDIT_ISSUES", 403, "You do not have permission to edit issues in this project.")
    value = call.json()
    editing.check_property(key, value)
    status = 200 if key in issue.properties else 201
    issue.properties[key] = value
    return json_response(status, {})


def _drop_property(site: Site, call: Call, reference: str, key: str) -> Response:
    issue = issue_to_write(site, call, reference)
    need(site, call, "EDIT_ISSUES", 403, "You do not have permission to edit issues in this project.")
    if issue.properties.pop(key, None) is None:
        raise refusal(404, f"The property with key '{key}' does not exist.")
    return DONE


# ------------------------------------------------------------------------------------------------ remote links


def _links(site: Site, call: Call, reference: str) -> Response:
    issue = issue_of(site, call, reference)
    wanted = call.param("globalId")
    if wanted:
        return json_response(200, render.remote_link(call, issue, _by_global_id(issue, wanted)))
    return json_response(200, [render.remote_link(call, issue, link) for link in issue.links.values()])


def _by_global_id(issue: Issue, global_id: str) -> RemoteLink:
    found = next((link for link in issue.links.values() if link.global_id == global_id), None)
    if found is None:
        raise refusal(404, "The remote issue link with the given global ID was not found.")
    return found


def _link(issue: Issue, reference: str) -> RemoteLink:
    link = issue.links.get(number_of(reference) or -1)
    if link is None:
        raise refusal(404, f"The remote link with id '{reference}' does not exist.")
    return link


def _get_link(site: Site, call: Call, reference: str, link_id: str) -> Response:
    issue = issue_of(site, call, reference)
    return json_response(200, render.remote_link(call, issue, _link(issue, link_id)))


def _read_link(site: Site, call: Call) -> tuple[str | None, dict[str, Any]]:
    if not site.allowed(call.user, "LINK_ISSUES"):
        raise refusal(403, "You do not have permission to link issues in this project.")
    body = call.body()
    target, global_id = body.get("object"), body.get("globalId")
    if not isinstance(target, dict):
        raise refusal(400, fields={"object": "'object' is required."})
    errors = {
        name: f"'{name}' is required."
        for name in ("title", "url")
        if not isinstance(target.get(name), str) or not target[name].strip()
    }
    if errors:
        raise refusal(400, fields=errors)
    if global_id is not None and (not isinstance(global_id, str) or len(global_id) > _GLOBAL_ID):
        # Remote issue link: "The maximum length is 255 characters".
        raise refusal(400, fields={"globalId": "'globalId' must not be longer than 255 characters."})
    content: dict[str, Any] = {"object": {"icon": {}, "status": {"icon": {}}, **target}}
    if isinstance(body.get("application"), dict):
        content["application"] = body["application"]
    if isinstance(body.get("relationship"), str):
        content["relationship"] = body["relationship"]
    return global_id or None, content


def _put_link(site: Site, call: Call, reference: str) -> Response:
    issue = issue_to_write(site, call, reference)
    global_id, content = _read_link(site, call)
    held = [link for link in issue.links.values() if global_id and link.global_id == global_id]
    # Create or update: a link with the same globalId is replaced, and the reply is 200 instead of 201.
    link = RemoteLink(held[0].id if held else site.next_id("link"), global_id, content)
    site.put_link(issue, link, call.user.login, call.now)
    address = f"{call.api}/issue/{issue.id}/remotelink/{link.id}"
    return json_response(200 if held else 201, {"id": link.id, "self": address})


def _change_link(site: Site, call: Call, reference: str, link_id: str) -> Response:
    issue = issue_to_write(site, call, reference)
    old = _link(issue, link_id)
    global_id, content = _read_link(site, call)
    site.put_link(issue, RemoteLink(old.id, global_id, content), call.user.login, call.now)
    return DONE


def _drop_link(site: Site, call: Call, reference: str, link_id: str) -> Response:
    issue = issue_to_write(site, call, reference)
    site.drop_link(issue, _link(issue, link_id).id, call.user.login, call.now)
    return DONE


def _drop_by_global_id(site: Site, call: Call, reference: str) -> Response:
    issue = issue_to_write(site, call, reference)
    wanted = call.param("globalId")
    if not wanted:
        raise refusal(400, "The parameter 'globalId' is required.")
    site.drop_link(issue, _by_global_id(issue, wanted).id, call.user.login, call.now)
    return DONE


ROUTES: Routes = {
    ("GET", "issue/{}/properties"): _property_keys,
    ("GET", "issue/{}/properties/{}"): _get_property,
    ("PUT", "issue/{}/properties/{}"): _set_property,
    ("DELETE", "issue/{}/properties/{}"): _drop_property,
    ("GET", "issue/{}/remotelink"): _links,
    ("POST", "issue/{}/remotelink"): _put_link,
    ("DELETE", "issue/{}/remotelink"): _drop_by_global_id,
    ("GET", "issue/{}/remotelink/{}"): _get_link,
    ("PUT", "issue/{}/remotelink/{}"): _change_link,
    ("DELETE", "issue/{}/remotelink/{}"): _drop_link,
}
CLOUD: Routes = {
    ("GET", "issue/{}/changelog"): _changelog,
    ("POST", "changelog/bulkfetch"): _bulk_changelog,
    ("POST", "issue/bulkfetch"): _bulk_fetch,
}
