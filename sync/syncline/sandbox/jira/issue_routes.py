"""Issues over HTTP: create, read, edit, assign, take through the workflow, delete."""

from collections.abc import Sequence
from typing import Any

from syncline.sandbox.jira import editing, issues, metadata, render, values
from syncline.sandbox.jira.call import Call, Routes, issue_of, need
from syncline.sandbox.jira.editing import Edits, issue_to_write
from syncline.sandbox.jira.model import Issue, State
from syncline.sandbox.jira.refusals import FieldError, RefusalError, bad_payload, refusal
from syncline.sandbox.jira.setup import Transition
from syncline.sandbox.jira.site import Site
from syncline.sandbox.platform import Response, json_response

DONE = Response(204)


def shown(
    site: Site, call: Call, state: State, asked: Sequence[str], default: str, properties: Sequence[str] = ()
) -> dict[str, Any]:
    """An issue as the request's `fields` and `expand` want it."""
    return issues.issue(
        site,
        call,
        state,
        ids=render.wanted(site, asked, default),
        expand=call.listed("expand"),
        editmeta=lambda: metadata.edit_fields(site, call, state),
        properties=properties,
    )


def _get(site: Site, call: Call, reference: str) -> Response:
    issue = issue_of(site, call, reference)
    return json_response(
        200, shown(site, call, issue.state, call.listed("fields"), "*all", call.listed("properties"))
    )


def _create(site: Site, call: Call) -> Response:
    body = call.body()
    issue = _created(site, call, body)
    content: dict[str, Any] = {
        "id": str(issue.id),
        "key": issue.state.key,
        "self": f"{call.api}/issue/{issue.id}",
    }
    sent = body.get("transition")
    if isinstance(sent, dict) and site.cloud:
        try:
            _transition(site, call, issue, {"transition": sent})
            content["transition"] = {
                "status": 200,
                "errorCollection": {"errorMessages": [], "errors": {}, "status": 200},
            }
        except RefusalError as error:
            failed = {"errorMessages": [str(sent.get("id"))], "errors": {}, "status": error.response.status}
            content["transition"] = {"status": error.response.status, "errorCollection": failed}
    return json_response(201, content)


def _created(site: Site, call: Call, body: dict[str, Any]) -> Issue:
    sent = body.get("fields")
    if sent is None:
        raise refusal(400, fields={"fields": "Specify the fields of the issue."})
    if not isinstance(sent, dict):
        raise bad_payload()
    try:
        project = values.read(site, call.version, "", site.fields["project"], sent.get("project"))
    except FieldError as error:
        missing = "project is required" if sent.get("project") is None else str(error)
        raise refusal(400, fields={"project": missing}) from error
    if not site.allowed(call.user, "BROWSE_PROJECTS"):
        raise refusal(400, fields={"project": "valid project is required"})
    if not site.allowed(call.user, "CREATE_ISSUES"):
        raise refusal(400, fields={"project": "You cannot create issues in this project."})
    offered = editing.screen(site, call, "create")
    edits = editing.read(site, call, body, project, offered, None)
    errors = editing.check_required(offered, edits.values)
    if "issuetype" in errors:
        errors["issuetype"] = "Specify an issue type"
    if errors:
        raise refusal(400, fields=errors)
    edits.values.pop("project")
    issue = site.create(project, edits.values, call.user.login, call.now)
    if site.issue_writes is not None:
        issue.writes.append(call.now)
    _finish(site, issue, edits, call.now)
    return issue


def _finish(site: Site, issue: Issue, edits: Edits, now: int) -> None:
    for comment in edits.comments:
        site.put_comment(issue, comment, now)
    issue.properties.update(edits.properties)


def _edit(site: Site, call: Call, reference: str) -> Response:
    issue = issue_to_write(site, call, reference)
    body = call.body()
    need(site, call, "EDIT_ISSUES", 403, "You do not have permission to edit issues in this project.")
    if not call.flag("notifyUsers", default=True) and not site.allowed(call.user, "ADMINISTER_PROJECTS"):
        # Edit issue: "To disable the notification, administer Jira or administer project permissions are required."
        raise refusal(
            403, "To discard the user notification either admin or project admin permissions are required."
        )
    if not any(isinstance(body.get(name), dict | list) for name in ("fields", "update", "properties")):
        raise refusal(400, "one of 'fields' or 'update' required")
    edits = editing.read(
        site, call, body, issue.state.project, editing.screen(site, call, "edit"), issue.state
    )
    site.edit(issue, edits.values, call.user.login, call.now)
    _finish(site, issue, edits, call.now)
    if site.cloud and call.flag("returnIssue"):
        return json_response(200, shown(site, call, issue.state, (), "*all"))
    return DONE


def _delete(site: Site, call: Call, reference: str) -> Response:
    issue = issue_to_write(site, call, reference)
    need(site, call, "DELETE_ISSUES", 403, "You do not have permission to delete issues in this project.")
    site.delete(issue, call.now)
    return DONE


def _assign(site: Site, call: Call, reference: str) -> Response:
    issue = issue_to_write(site, call, reference)
    body = call.body()
    need(site, call, "ASSIGN_ISSUES", 403, "You do not have permission to assign issues.")
    try:
        login = values.read(site, call.version, issue.state.project, site.fields["assignee"], body)
    except FieldError as error:
        raise refusal(400, fields={"assignee": str(error)}) from error
    site.edit(issue, {"assignee": login}, call.user.login, call.now)
    return DONE


def _transitions(site: Site, call: Call, reference: str) -> Response:
    state = issue_of(site, call, reference).state
    steps = site.steps(state) if site.allowed(call.user, "TRANSITION_ISSUES") else []
    only = call.param("transitionId")
    listed = []
    for step in steps:
        if only and step.id != only:
            continue
        content = render.transition(site, call, state, step)
        if "transitions.fields" in call.listed("expand"):
            content |= {"expand": "fields", "fields": metadata.step_fields(site, call, state, step)}
        listed.append(content)
    return json_response(200, {"expand": "transitions", "transitions": listed})


def _take_step(site: Site, call: Call, reference: str) -> Response:
    issue = issue_to_write(site, call, reference)
    _transition(site, call, issue, call.body())
    return DONE


def _transition(site: Site, call: Call, issue: Issue, body: dict[str, Any]) -> None:
    step = _step(site, call, issue, body.get("transition"))
    edits = editing.read(site, call, body, issue.state.project, editing.step_screen(site, step), issue.state)
    errors = {}
    for name in step.required:
        held = edits.values.get(name, issue.state.values.get(name))
        if name in site.fields and (held is None or held == ()):
            errors[name] = f"{site.fields[name].name} is required."
    if errors:
        # Do transition: 400 "if a required field is missing".
        raise refusal(400, fields=errors)
    site.transition(issue, step, edits.values, call.user.login, call.now)
    _finish(site, issue, edits, call.now)


def _step(site: Site, call: Call, issue: Issue, sent: Any) -> Transition:
    identity = sent.get("id") if isinstance(sent, dict) else None
    if identity is None:
        raise refusal(400, "Missing 'transition' identifier")
    # The contract says string; the real one takes a number too.
    if isinstance(identity, bool) or not str(identity).isdecimal():
        raise refusal(400, "'transition' identifier must be an integer")
    steps = site.steps(issue.state) if site.allowed(call.user, "TRANSITION_ISSUES") else []
    step = next((step for step in steps if step.id == str(identity)), None)
    if step is None:
        # Only steps that leave the current status exist; the ids of all others mean nothing here.
        raise refusal(400, f"Transition id '{identity}' is not valid for this issue.")
    return step


ROUTES: Routes = {
    ("POST", "issue"): _create,
    ("GET", "issue/{}"): _get,
    ("PUT", "issue/{}"): _edit,
    ("DELETE", "issue/{}"): _delete,
    ("PUT", "issue/{}/assignee"): _assign,
    ("GET", "issue/{}/transitions"): _transitions,
    ("POST", "issue/{}/transitions"): _take_step,
}
