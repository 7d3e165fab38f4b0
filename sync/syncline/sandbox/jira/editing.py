"""The bodies of writes: `fields`, `update` and `properties`, read against a screen."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from syncline.sandbox.jira import adf, fields, values
from syncline.sandbox.jira.call import Call, issue_of
from syncline.sandbox.jira.fields import Field
from syncline.sandbox.jira.model import Comment, Issue, RichText, State
from syncline.sandbox.jira.refusals import ContentError, FieldError, bad_payload, refusal
from syncline.sandbox.jira.setup import Transition
from syncline.sandbox.jira.site import Site

_PROPERTY_KEY: Final = 255
_PROPERTY_VALUE: Final = 32768
_GUARDED: Final = {"assignee": "ASSIGN_ISSUES", "reporter": "MODIFY_REPORTER", "duedate": "SCHEDULE_ISSUES"}


@dataclass(slots=True)
class Edits:
    """What a body asks for: kept values by field, comments, entity properties."""

    values: dict[str, Any] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)


def issue_to_write(site: Site, call: Call, reference: str) -> Issue:
    """The issue that a write names.

    Raises:
        RefusalError: 404; 429 where the issue was written to too often of late.
    """
    issue = issue_of(site, call, reference)
    if site.issue_writes is not None:
        # Jira Cloud rate limiting: writes to one issue have a limit of their own.
        count, seconds = site.issue_writes
        while issue.writes and issue.writes[0] <= call.now - seconds * 1000:
            issue.writes.popleft()
        if len(issue.writes) >= count:
            wait = max(1, -(-(issue.writes[0] + round(seconds * 1000) - call.now) // 1000))
            headers = {"Retry-After": str(wait), "RateLimit-Reason": "jira-per-issue-on-write"}
            raise refusal(429, "Rate limit exceeded for writes to this issue.", headers=headers)
        issue.writes.append(call.now)
    return issue


def screen(site: Site, call: Call, name: str) -> dict[str, Field]:
    """The fields that the caller may write on the `create` or `edit` screen."""
    return {
        known.id: known
        for known in site.fields.values()
        if name in known.screens and (known.id not in _GUARDED or site.allowed(call.user, _GUARDED[known.id]))
    }


def step_screen(site: Site, step: Transition) -> dict[str, Field]:
    """The fields on the screen of a transition."""
    return {name: site.fields[name] for name in (*step.required, *step.offered) if name in site.fields}


def read(
    site: Site,
    call: Call,
    body: Mapping[str, Any],
    project: str,
    offered: Mapping[str, Field],
    state: State | None,
) -> Edits:
    """What a body asks for.

    Args:
        site: Where.
        call: By whom; its version says which texts are right.
        body: As sent.
        project: Key of the issue's project.
        offered: The fields on the screen.
        state: Of the issue, for operations on what it has; None for a create.

    Raises:
        RefusalError: 400 with every complaint at once.
    """
    plain, update = body.get("fields") or {}, body.get("update") or {}
    if not isinstance(plain, dict) or not isinstance(update, dict):
        raise bad_payload()
    edits, errors = Edits(), {}
    for name in plain.keys() & update.keys():
        # Jira REST API, "Edit issue": fields included in `fields` cannot be included in `update`.
        errors[name] = f"Field '{name}' cannot appear in both 'fields' and 'update'"
    try:
        for name, reading in _readings(site, call, project, offered, state, plain, update, edits):
            if name not in errors:
                complaint = _attempt(reading)
                if complaint is not None:
                    errors[name] = complaint
        edits.properties = entity_properties(body.get("properties"))
    except ContentError as error:
        raise refusal(400, str(error)) from error
    if errors:
        raise refusal(400, fields=errors)
    return edits


def _attempt(reading: Callable[[], None]) -> str | None:
    try:
        reading()
    except FieldError as error:
        return str(error)
    return None


def _readings(
    site: Site,
    call: Call,
    project: str,
    offered: Mapping[str, Field],
    state: State | None,
    plain: Mapping[str, Any],
    update: Mapping[str, Any],
    edits: Edits,
) -> Iterator[tuple[str, Callable[[], None]]]:
    def one(name: str) -> None:
        edits.values[name] = _value(site, call, project, _on_screen(offered, name), plain[name])

    def several(name: str) -> None:
        if name == "comment":
            edits.comments += [
                new_comment(site, call, sent) for verb, sent in _operations(update[name], ("add",))
            ]
            return
        known = _on_screen(offered, name)
        held = state.values[name] if state is not None else fields.empty(known)
        edits.values[name] = _updated(site, call, project, known, held, update[name])

    for name in plain:
        yield name, partial(one, name)
    for name in update:
        yield name, partial(several, name)


def _on_screen(offered: Mapping[str, Field], name: str) -> Field:
    if name not in offered:
        raise FieldError(f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown.")
    return offered[name]


def _value(site: Site, call: Call, project: str, known: Field, sent: Any) -> Any:
    value = values.read(site, call.version, project, known, sent)
    if known.required and (value is None or value == ()):
        raise FieldError(f"{known.name} is required.")
    return value


def _operations(sent: Any, verbs: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if not isinstance(sent, list):
        raise FieldError("data was not an array")
    for item in sent:
        if not isinstance(item, dict) or not item:
            raise FieldError("Operation must be an object with one verb")
        for verb, value in item.items():
            if verb not in verbs:
                raise FieldError(f"Operation '{verb}' is not supported for this field.")
            yield verb, value


def _updated(site: Site, call: Call, project: str, known: Field, held: Any, sent: Any) -> Any:
    for verb, value in _operations(sent, known.operations):
        if verb == "set":
            held = _value(site, call, project, known, value)
            continue
        items = values.read(site, call.version, project, known, [value])
        kept = tuple(item for item in held if item not in items)
        held = (*held, *(item for item in items if item not in held)) if verb == "add" else kept
    return held


def check_required(offered: Mapping[str, Field], brought: Mapping[str, Any]) -> dict[str, str]:
    """Complaints about what a create must bring and does not."""
    errors: dict[str, str] = {}
    for known in offered.values():
        value = brought.get(known.id)
        if known.required and (value is None or value == ()):
            errors[known.id] = f"{known.name} is required."
    if "summary" in errors:
        errors["summary"] = "You must specify a summary of the issue."
    return errors


def entity_properties(sent: Any) -> dict[str, Any]:
    """`properties: [{key, value}]`.

    Raises:
        RefusalError: 400 where it has another shape, or something is too long.
    """
    if sent is None:
        return {}
    if not isinstance(sent, list):
        raise bad_payload()
    found: dict[str, Any] = {}
    for item in sent:
        if not isinstance(item, dict) or not isinstance(item.get("key"), str) or "value" not in item:
            raise bad_payload()
        check_property(item["key"], item["value"])
        found[item["key"]] = item["value"]
    return found


def check_property(key: str, value: Any) -> None:
    """Entity properties: a key has at most 255 characters, a value 32,768 as JSON."""
    if not key or len(key) > _PROPERTY_KEY:
        raise refusal(400, f"The property key must have between 1 and {_PROPERTY_KEY} characters.")
    if len(json.dumps(value)) > _PROPERTY_VALUE:
        raise refusal(400, f"The property value exceeds the maximum length of {_PROPERTY_VALUE} characters.")


def comment_body(call: Call, sent: Any) -> RichText:
    """A comment's text.

    Raises:
        FieldError: it is empty or of the wrong form.
        ContentError: as `adf.parse_document`.
    """
    if call.version == 3 and isinstance(sent, str):
        raise FieldError("Comment body is not valid!")
    body = adf.parse_document(sent) if call.version == 3 else adf.parse_text(sent)
    if body is None or not adf.plain(body).strip():
        raise FieldError("Comment body can not be empty!")
    return body


def visibility(site: Site, call: Call, sent: Any) -> tuple[str, str] | None:
    """To whom a comment is kept.

    Raises:
        FieldError: no such group or role, or the caller is not of it.
    """
    if sent is None or sent == {}:
        return None
    kind = sent.get("type") if isinstance(sent, dict) else None
    name = (sent.get("value") or sent.get("identifier")) if isinstance(sent, dict) else None
    if kind not in {"group", "role"} or not isinstance(name, str):
        raise FieldError("Comment visibility is not valid!")
    if kind == "role":
        if name not in site.roles:
            raise FieldError(f"Role: {name} does not exist.")
        if not site.in_role(call.user, name):
            raise FieldError(f"You are currently not a member of the project role: {name}.")
        return "role", name
    group = site.find_group(name)
    if group is None:
        raise FieldError(f"Group: {name} does not exist.")
    if group not in call.user.groups:
        raise FieldError(f"You are currently not a member of the group: {group}.")
    return "group", group


def new_comment(site: Site, call: Call, sent: Any) -> Comment:
    """A comment as a client sent it, with its id and author.

    Raises:
        FieldError: its text or visibility is not taken.
    """
    if not isinstance(sent, dict):
        raise FieldError("data was not an object")
    body = comment_body(call, sent.get("body"))
    seen_by = visibility(site, call, sent.get("visibility"))
    properties = entity_properties(sent.get("properties"))
    author = call.user.login
    return Comment(site.next_id("comment"), author, body, call.now, call.now, author, seen_by, properties)
