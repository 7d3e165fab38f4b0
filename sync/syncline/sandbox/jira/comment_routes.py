"""Comments and their properties over HTTP."""

from dataclasses import replace
from typing import Any

from syncline.sandbox.jira import editing, render
from syncline.sandbox.jira.call import Call, Routes, issue_of
from syncline.sandbox.jira.editing import issue_to_write
from syncline.sandbox.jira.issue_routes import DONE
from syncline.sandbox.jira.model import Comment, Issue
from syncline.sandbox.jira.refusals import ContentError, FieldError, RefusalError, refusal
from syncline.sandbox.jira.site import Site
from syncline.sandbox.platform import Response, json_response


def _found(site: Site, call: Call, issue: Issue, reference: str) -> Comment:
    for comment in issue.state.comments:
        if str(comment.id) == reference and render.readable(site, call, comment):
            return comment
    raise _unknown(reference)


def _unknown(reference: str) -> RefusalError:
    return refusal(404, f"Can not find a comment for the id: {reference}.")


def _shown(site: Site, call: Call, comment: Comment, issue: Issue) -> dict[str, Any]:
    return render.comment(site, call, comment, issue.id, expand=call.listed("expand"))


def _list(site: Site, call: Call, reference: str) -> Response:
    issue = issue_of(site, call, reference)
    comments = [c for c in issue.state.comments if render.readable(site, call, c)]
    order = call.param("orderBy").strip()
    if order.lstrip("+-") not in {"", "created"}:
        raise refusal(400, f"The value '{order}' is not valid for the parameter 'orderBy'.")
    if order.startswith("-"):
        comments.reverse()
    start = call.number("startAt", 0)
    # Cloud pages by a hundred at the most (and from a hundred by default); Data Center gives what is asked for.
    most = call.number("maxResults", 100, most=100) if site.cloud else call.number("maxResults", 1_000_000)
    shown = [_shown(site, call, comment, issue) for comment in comments[start : start + most]]
    content = {"startAt": start, "maxResults": most, "total": len(comments), "comments": shown}
    return json_response(200, content)


def _get(site: Site, call: Call, reference: str, comment_id: str) -> Response:
    issue = issue_of(site, call, reference)
    return json_response(200, _shown(site, call, _found(site, call, issue, comment_id), issue))


def _add(site: Site, call: Call, reference: str) -> Response:
    issue = issue_to_write(site, call, reference)
    body = call.body()
    if not site.allowed(call.user, "ADD_COMMENTS"):
        raise refusal(400, f"{call.user.name}, you do not have the permission to comment on this issue.")
    try:
        comment = editing.new_comment(site, call, body)
    except FieldError as error:
        raise refusal(400, fields={"comment": str(error)}) from error
    except ContentError as error:
        raise refusal(400, str(error)) from error
    site.put_comment(issue, comment, call.now)
    return json_response(201, _shown(site, call, comment, issue))


def _change(site: Site, call: Call, reference: str, comment_id: str) -> Response:
    issue = issue_to_write(site, call, reference)
    comment = _found(site, call, issue, comment_id)
    body = call.body()
    _own(site, call, comment, "EDIT")
    try:
        text = editing.comment_body(call, body.get("body"))
        seen_by = (
            editing.visibility(site, call, body["visibility"]) if "visibility" in body else comment.visibility
        )
        properties = {**comment.properties, **editing.entity_properties(body.get("properties"))}
    except FieldError as error:
        raise refusal(400, fields={"comment": str(error)}) from error
    except ContentError as error:
        raise refusal(400, str(error)) from error
    comment = replace(
        comment,
        body=text,
        visibility=seen_by,
        properties=properties,
        updated=call.now,
        update_author=call.user.login,
    )
    site.put_comment(issue, comment, call.now)
    return json_response(200, _shown(site, call, comment, issue))


def _remove(site: Site, call: Call, reference: str, comment_id: str) -> Response:
    issue = issue_to_write(site, call, reference)
    comment = _found(site, call, issue, comment_id)
    _own(site, call, comment, "DELETE")
    site.drop_comment(issue, comment.id, call.now)
    return DONE


def _own(site: Site, call: Call, comment: Comment, verb: str) -> None:
    needed = f"{verb}_OWN_COMMENTS" if comment.author == call.user.login else f"{verb}_ALL_COMMENTS"
    if not site.allowed(call.user, needed):
        said = "edit" if verb == "EDIT" else "delete"
        raise refusal(400, f"You do not have permission to {said} comment with id '{comment.id}'.")


# ------------------------------------------------------------------------------------------------ properties


def _anywhere(site: Site, call: Call, comment_id: str) -> tuple[Issue, Comment]:
    issue = site.comment_issue(comment_id)
    if issue is None or not site.allowed(call.user, "BROWSE_PROJECTS"):
        raise _unknown(comment_id)
    return issue, _found(site, call, issue, comment_id)


def _keys(site: Site, call: Call, comment_id: str) -> Response:
    _, comment = _anywhere(site, call, comment_id)
    address = f"{call.api}/comment/{comment.id}/properties"
    return json_response(
        200, {"keys": [{"self": f"{address}/{key}", "key": key} for key in comment.properties]}
    )


def _property(site: Site, call: Call, comment_id: str, key: str) -> Response:
    _, comment = _anywhere(site, call, comment_id)
    if key not in comment.properties:
        raise refusal(404, f"The property with key '{key}' does not exist.")
    return json_response(200, {"key": key, "value": comment.properties[key]})


def _set_property(site: Site, call: Call, comment_id: str, key: str) -> Response:
    issue, comment = _anywhere(site, call, comment_id)
    value = call.json()
    editing.check_property(key, value)
    _own(site, call, comment, "EDIT")
    new = key not in comment.properties
    site.put_comment_properties(issue, replace(comment, properties={**comment.properties, key: value}))
    return json_response(201 if new else 200, {})


def _drop_property(site: Site, call: Call, comment_id: str, key: str) -> Response:
    issue, comment = _anywhere(site, call, comment_id)
    if key not in comment.properties:
        raise refusal(404, f"The property with key '{key}' does not exist.")
    _own(site, call, comment, "EDIT")
    kept = {name: value for name, value in comment.properties.items() if name != key}
    site.put_comment_properties(issue, replace(comment, properties=kept))
    return DONE


ROUTES: Routes = {
    ("GET", "issue/{}/comment"): _list,
    ("POST", "issue/{}/comment"): _add,
    ("GET", "issue/{}/comment/{}"): _get,
    ("PUT", "issue/{}/comment/{}"): _change,
    ("DELETE", "issue/{}/comment/{}"): _remove,
    ("GET", "comment/{}/properties"): _keys,
    ("GET", "comment/{}/properties/{}"): _property,
    ("PUT", "comment/{}/properties/{}"): _set_property,
    ("DELETE", "comment/{}/properties/{}"): _drop_property,
}
