"""Which issues a webhook's body is about. Pure; what it says of their state is not believed."""

import re
from collections.abc import Mapping
from typing import Any, Final

from syncline.connector import Hint, hook_body
from syncline_jira import shape

_LARGEST: Final = 10_000_000
_SELF: Final = re.compile(r"/issue/(\d{1,19})(?:/|$)")


def hints(headers: Mapping[str, str], raw: bytes, projects: frozenset[str]) -> tuple[Hint, ...]:
    """The issue of an issue, comment or link event; none for other events and other projects.

    Args:
        headers: Names in lower case.
        raw: The body.
        projects: Keys of the projects that are ours.

    Raises:
        ValueError: the body is not one of Jira's.
    """
    if len(raw) > _LARGEST:
        raise ValueError("the body is larger than any webhook of Jira's")
    body = hook_body(raw)
    if not shape.text(shape.mapping(body).get("webhookEvent")):
        raise ValueError("the body has no webhookEvent, so it is not one of Jira's webhooks")
    record_id = _record_id(body)
    if record_id is None or not _ours(body, projects):
        return ()
    # Stable over Jira's own retries of one delivery (Cloud docs: "Webhooks"); Data Center sends none.
    return (Hint(record_id, headers.get("x-atlassian-webhook-identifier") or None),)


def _record_id(body: Mapping[str, Any]) -> str | None:
    """The issue's id; a comment event may bring it only within the comment's own address."""
    given = shape.text(shape.mapping(body.get("issue")).get("id"))
    if given.isascii() and given.isdigit():
        return given
    found = _SELF.search(shape.text(shape.mapping(body.get("comment")).get("self")))
    return found[1] if found else None


def _ours(body: Mapping[str, Any], projects: frozenset[str]) -> bool:
    """Whether the issue is in a project of ours, as far as the body says where it is."""
    issue = shape.mapping(body.get("issue"))
    key = shape.text(shape.mapping(shape.mapping(issue.get("fields")).get("project")).get("key"))
    key = key or shape.text(issue.get("key")).rpartition("-")[0]
    return not key or key in projects
