"""Everything on a site in plain words, for whoever checks what came of it. No API, no index, no permissions."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from syncline.sandbox.jira import adf
from syncline.sandbox.jira.fields import Field
from syncline.sandbox.jira.model import Comment, Issue
from syncline.sandbox.jira.site import Site


def _time(moment: int) -> str:
    return datetime.fromtimestamp(moment // 1000, UTC).replace(microsecond=moment % 1000 * 1000).isoformat()


def _plain(site: Site, field: Field, held: Any) -> Any:
    if held is None:
        return None
    names = site.component_names if field.kind == "components" else site.names_of(field)
    if field.kind == "components":
        return [(names or {})[key] for key in held]
    if names is not None:
        return names[held]
    if field.kind == "labels":
        return list(held)
    if field.kind == "user":
        return site.people[held].email
    return adf.plain(held) if field.kind == "text" else held


def _comment(site: Site, comment: Comment) -> dict[str, Any]:
    return {
        "id": str(comment.id),
        "author": site.people[comment.author].email,
        "body": adf.plain(comment.body),
        "visibility": None if comment.visibility is None else ":".join(comment.visibility),
        "properties": dict(comment.properties),
        "created": _time(comment.created),
        "updated": _time(comment.updated),
    }


def _issue(site: Site, issue: Issue) -> dict[str, Any]:
    state = issue.state
    shown = [field for field in site.fields.values() if field.id in state.values]
    return {
        "id": str(issue.id),
        "key": state.key,
        "project": state.project,
        "created": _time(issue.created),
        "updated": _time(state.updated),
        "creator": site.people[issue.creator].email,
        "fields": {
            field.id: _time(state.values[field.id])
            if field.id == "resolutiondate" and state.values[field.id] is not None
            else _plain(site, field, state.values[field.id])
            for field in shown
        },
        "comments": [_comment(site, comment) for comment in state.comments],
        "attachments": [
            {
                "id": str(file.id),
                "filename": file.filename,
                "content_type": file.mime_type,
                "size": len(file.content),
                "sha256": hashlib.sha256(file.content).hexdigest(),
                "author": site.people[file.author].email,
            }
            for file in state.attachments
        ],
        "remote_links": [
            {"id": link.id, "global_id": link.global_id, **link.content["object"]}
            for link in issue.links.values()
        ],
        "properties": dict(issue.properties),
        "changelog": [
            {
                "id": str(entry.id),
                "author": site.people[entry.author].email,
                "created": _time(entry.created),
                "items": [
                    {"field": change.field_id, "from": change.before_text, "to": change.after_text}
                    for change in entry.changes
                ],
            }
            for entry in issue.history
        ],
    }


def snapshot(site: Site) -> dict[str, Any]:
    """`issues`: each with id, key, times (ISO 8601, UTC), `fields` by id with names and e-mail addresses instead of
    ids, comments, attachments, remote links, properties and changelog; oldest first."""
    return {"issues": [_issue(site, issue) for issue in site.issues.values()]}
