"""An issue's fields as JSON, and the issue around them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from syncline.sandbox.jira import render
from syncline.sandbox.jira.call import Call, stamp
from syncline.sandbox.jira.fields import Field
from syncline.sandbox.jira.model import State
from syncline.sandbox.jira.site import Site

_Shown = Callable[[Site, Call, State], Any]


def _comments(site: Site, call: Call, state: State) -> Any:
    shown = [
        render.comment(site, call, comment, state.issue.id)
        for comment in state.comments
        if render.readable(site, call, comment)
    ]
    address = f"{call.api}/issue/{state.issue.id}/comment"
    return {
        "comments": shown,
        "self": address,
        "maxResults": len(shown),
        "total": len(shown),
        "startAt": 0,
    }


_COMPUTED: Final[Mapping[str, _Shown]] = {
    "status": lambda site, call, state: render.status(call, site.statuses[state.values["status"]]),
    "creator": lambda site, call, state: render.user(site, call, state.issue.creator),
    "created": lambda _site, call, state: stamp(state.issue.created, call.zone),
    "updated": lambda _site, call, state: stamp(state.updated, call.zone),
    "resolutiondate": lambda _site, call, state: _stamped(call, state.values["resolutiondate"]),
    "statuscategorychangedate": lambda _site, call, state: stamp(state.values["statuschanged"], call.zone),
    "comment": _comments,
    "attachment": lambda site, call, state: [
        render.attachment(site, call, attachment) for attachment in state.attachments
    ],
    "issuelinks": lambda *_: [],
    "subtasks": lambda *_: [],
    "fixVersions": lambda *_: [],
    "versions": lambda *_: [],
    "security": lambda *_: None,
    "votes": lambda _site, call, state: {
        "self": f"{call.api}/issue/{state.key}/votes",
        "votes": 0,
        "hasVoted": False,
    },
    "watches": lambda _site, call, state: {
        "self": f"{call.api}/issue/{state.key}/watchers",
        "watchCount": 0,
        "isWatching": False,
    },
}


def _stamped(call: Call, moment: int | None) -> str | None:
    return None if moment is None else stamp(moment, call.zone)


def value(site: Site, call: Call, state: State, field: Field) -> Any:
    """One field of an issue as JSON."""
    if field.id == "project":
        return render.project(site, call, state.project)
    computed = _COMPUTED.get(field.id)
    if computed is not None:
        return computed(site, call, state)
    held = state.values.get(field.id)
    if field.kind == "labels":
        return list(held or ())
    if field.kind == "components":
        return [render.choice(site, call, field, key) for key in held or ()]
    if held is None:
        return None
    return _single(site, call, field, held)


def _single(site: Site, call: Call, field: Field, held: Any) -> Any:
    kind = field.kind
    if kind == "text":
        return render.rich(call, held)
    if kind == "user":
        return render.user(site, call, held)
    if kind == "priority":
        return render.priority(call, held, (site.names_of(field) or {})[held])
    if kind == "resolution":
        return render.resolution(call, held, (site.names_of(field) or {})[held])
    if kind == "issuetype":
        return render.issue_type(site, call, held)
    if kind == "select":
        return render.choice(site, call, field, held)
    if kind == "group":
        return render.group(site, call, held)
    if kind == "team":
        name = field.options[held]
        return {
            "id": held,
            "name": name,
            "avatarUrl": "",
            "isVisible": True,
            "title": name,
            "isShared": True,
        }
    return held


def issue(
    site: Site,
    call: Call,
    state: State,
    *,
    ids: Sequence[str],
    expand: Collection[str],
    editmeta: Callable[[], Mapping[str, Any]],
    properties: Sequence[str] = (),
) -> dict[str, Any]:
    """An issue: the fields named by `ids`, and what `expand` asks for."""
    shown: dict[str, Any] = {
        "expand": render.ISSUE_EXPAND,
        "id": str(state.issue.id),
        "self": f"{call.api}/issue/{state.issue.id}",
        "key": state.key,
    }
    if "names" in expand:
        shown["names"] = render.names(site, ids)
    if "schema" in expand:
        shown["schema"] = render.schemas(site, ids)
    if "changelog" in expand:
        shown["changelog"] = render.changelog(site, call, state)
    if "transitions" in expand:
        shown["transitions"] = [render.transition(site, call, state, step) for step in site.steps(state)]
    if "operations" in expand:
        shown["operations"] = {"linkGroups": []}
    if "editmeta" in expand:
        shown["editmeta"] = {"fields": editmeta()}
    if properties:
        held = state.issue.properties
        shown["properties"] = {k: v for k, v in held.items() if k in properties or "*all" in properties}
    if "renderedFields" in expand:
        shown["renderedFields"] = _rendered(site, state, ids)
    shown["fields"] = {name: value(site, call, state, site.fields[name]) for name in ids}
    return shown


def _rendered(site: Site, state: State, ids: Sequence[str]) -> dict[str, Any]:
    rendered: dict[str, Any] = {}
    for name in ids:
        held = state.values.get(name)
        rendered[name] = render.html(held) if held is not None and site.fields[name].kind == "text" else None
    return rendered
