"""Issues as Jira gives them, turned into records, remarks and attachments. Pure.

Native values are what an admin reads in Jira: names of statuses, priorities, resolutions, components, options;
accountIds on Cloud and user names on Data Center; times in UTC; labels without our own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from syncline.connector import Native, Party, PartyKind, Record, in_order
from syncline.model import Attachment, Remark, Visibility, tags
from syncline_jira import shape
from syncline_jira.text import one_line, plain

LABEL: Final = "syncline-"
"""Labels that begin so are ours: what follows is the marker in lower case."""

ALWAYS: Final = ("created", "creator", "issuetype", "labels", "project", "status", "updated")
"""Fields that we ask for whatever the mapping names."""

PEOPLE: Final = frozenset({"assignee", "reporter", "creator"})

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?([+-]\d\d:?\d\d|Z)")

_MARKER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")

_REFERENCE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,254}-[0-9]{1,19}|[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Lens:
    """How one instance's issues are looked at.

    Attributes:
        instance: Name, for messages.
        cloud: Whether people are known by accountId; else by user name.
        site: Address that people open.
        fields: Native fields that the mapping names.
        own: Accounts that are or were ours; empty: not known.
        custom: Display name of a custom field to its id, as far as there is only one of that name.
        people: Native fields that hold a person.
        names: Data Center: user key to user name.
        teams: Native fields that hold a team.
    """

    instance: str
    cloud: bool
    site: str
    fields: frozenset[str]
    own: frozenset[str] = frozenset()
    custom: Mapping[str, str] = field(default_factory=dict)
    people: frozenset[str] = PEOPLE
    names: Mapping[str, str] = field(default_factory=dict)
    teams: frozenset[str] = frozenset()


def is_reference(text: str) -> bool:
    """Whether text is shaped like an issue's key or id."""
    return _REFERENCE.fullmatch(text) is not None


def label_of(marker: str) -> str | None:
    """The label that a marker becomes; None where it would not make one word."""
    return LABEL + marker.lower() if _MARKER.fullmatch(marker) else None


def marker_labels(issue: Mapping[str, Any]) -> tuple[str, ...]:
    """Our own labels on an issue."""
    return tuple(label for label in _labels(issue) if label.startswith(LABEL))


def record(issue: object, lens: Lens, last: Mapping[str, Any] | None = None) -> Record:
    """One issue; `last` is the user who changed it last, where that is known.

    Raises:
        RetryLater: it has no id, key or times: this is no issue.
    """
    raw = shape.mapping(issue)
    found = shape.mapping(raw.get("fields"))
    key = shape.required(raw.get("key"), "issue key", lens.instance)
    updated = shape.required_instant(found.get("updated"), "updated", lens.instance)
    return Record(
        id=shape.required(raw.get("id"), "issue id", lens.instance),
        key=key,
        url=f"{lens.site}/browse/{key}",
        values={name: value_of(name, found.get(name), lens) for name in sorted(lens.fields) if name in found},
        revision=shape.millis(updated),
        created_at=shape.required_instant(found.get("created"), "created", lens.instance),
        updated_at=updated,
        updated_by=(person_name(last, lens) or None) if last else None,
        own=bool(last) and is_own(last or {}, lens),
        marker=_marker(raw, lens),
        parties=_parties({name: found.get(name) for name in lens.fields}, lens),
    )


def _marker(issue: Mapping[str, Any], lens: Lens) -> str | None:
    """The marker of an issue that we created. Cloning copies labels, but the clone has another creator."""
    creator = shape.mapping(shape.mapping(issue.get("fields")).get("creator"))
    if creator and lens.own and not is_own(creator, lens):
        return None
    labels = sorted(marker_labels(issue))
    return labels[0].removeprefix(LABEL).upper() if labels else None


def _labels(issue: Mapping[str, Any]) -> tuple[str, ...]:
    listed = shape.mapping(issue.get("fields")).get("labels")
    return tuple(label for label in listed if isinstance(label, str)) if isinstance(listed, list) else ()


def value_of(name: str, value: object, lens: Lens) -> Native:
    """The canonical native value of one field."""
    match name:
        case "labels":
            listed = value if isinstance(value, list) else []
            return tags(label for label in listed if isinstance(label, str) and not label.startswith(LABEL))
        case "summary":
            return one_line(value) or None if isinstance(value, str) else None
        case "project":
            return shape.text(shape.mapping(value).get("key")) or None
        case _ if name in lens.teams:
            return shape.text(shape.mapping(value).get("id")) or None
        case _:
            return _native(value, lens)


def _native(value: object, lens: Lens) -> Native:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return shape.number(value)
    if isinstance(value, str):
        at = shape.instant(value) if _TIME.fullmatch(value) else None
        return shape.iso(at) if at else plain(value)
    if isinstance(value, list):
        items = (_native(item, lens) for item in value)
        return tuple(
            sorted({item if isinstance(item, str) else str(item) for item in items if item not in (None, ())})
        )
    return _reference(shape.mapping(value), lens)


def _reference(value: Mapping[str, Any], lens: Lens) -> str | None:
    """What an object stands for: rich text, a person, an option, or something with a name."""
    if value.get("type") == "doc":
        return plain(value)
    if is_person(value):
        return person_id(value, lens) or None
    option = shape.text(value.get("value"))
    if option:
        child = shape.text(shape.mapping(value.get("child")).get("value"))
        return f"{option} / {child}" if child else option
    return next((found for part in ("name", "key", "id") if (found := shape.text(value.get(part)))), None)


def is_person(value: Mapping[str, Any]) -> bool:
    """Whether an object is a user: they alone have a display name."""
    return "accountId" in value or ("displayName" in value and "name" in value)


def person_id(user: Mapping[str, Any], lens: Lens) -> str:
    """What a native value holds for a user: accountId on Cloud, user name on Data Center."""
    return shape.text(user.get("accountId" if lens.cloud else "name"))


def person_name(user: Mapping[str, Any], lens: Lens) -> str:
    """What people read."""
    return shape.text(user.get("displayName")) or person_id(user, lens)


def is_own(user: Mapping[str, Any], lens: Lens) -> bool:
    """Whether a user is an account of ours."""
    return bool(lens.own & {shape.text(user.get(part)) for part in ("accountId", "name", "key")} - {""})


def party(user: Mapping[str, Any], lens: Lens) -> Party:
    """A user as a party. Cloud hides most e-mail addresses."""
    email = shape.text(user.get("emailAddress")).lower()
    return Party(
        PartyKind.PERSON, person_id(user, lens), person_name(user, lens), email if "@" in email else None
    )


def _parties(values: Mapping[str, object], lens: Lens) -> tuple[Party, ...]:
    found: dict[str, Party] = {}
    for name, value in values.items():
        if name in lens.teams and (team := _team(value)):
            found[team.id] = team
        for user in shape.objects(value if isinstance(value, list) else [value]):
            if is_person(user) and person_id(user, lens):
                one = party(user, lens)
                found[one.id] = one
    return tuple(found[key] for key in sorted(found))


def _team(value: object) -> Party | None:
    raw = shape.mapping(value)
    team_id = shape.text(raw.get("id"))
    return Party(PartyKind.GROUP, team_id, shape.text(raw.get("name")) or team_id) if team_id else None


def is_service_project(issue: object) -> bool:
    """Whether an issue belongs to Jira Service Management, where customers read comments."""
    project = shape.mapping(shape.mapping(shape.mapping(issue).get("fields")).get("project"))
    return project.get("projectTypeKey") == "service_desk"


def remark(comment: Mapping[str, Any], record_id: str, lens: Lens, *, service: bool) -> Remark:
    """A comment. Public is only what Jira Service Management says that customers see, and no role or group
    restricts; in every other project a comment is read by those who may see the issue, hence internal.

    Raises:
        RetryLater: it has no id or time: this is no comment.
    """
    author = shape.mapping(comment.get("author"))
    public = service and comment.get("jsdPublic") is True and not comment.get("visibility")
    return Remark(
        id=shape.required(comment.get("id"), "comment id", lens.instance),
        record_id=record_id,
        author=person_name(author, lens) or "anonymous",
        body=plain(comment.get("body")) or "",
        visibility=Visibility.PUBLIC if public else Visibility.INTERNAL,
        created_at=shape.required_instant(comment.get("created"), "a comment's created", lens.instance),
        own=is_own(author, lens),
    )


def remarks(comments: object, record_id: str, lens: Lens, *, service: bool) -> tuple[Remark, ...]:
    """Comments, oldest first."""
    return in_order(remark(one, record_id, lens, service=service) for one in shape.objects(comments))


def attachments(listed: object, record_id: str, lens: Lens) -> tuple[Attachment, ...]:
    """Files, oldest first.

    Raises:
        RetryLater: one has no id or time: this is no attachment.
    """
    found = [
        Attachment(
            id=shape.required(one.get("id"), "attachment id", lens.instance),
            record_id=record_id,
            name=shape.text(one.get("filename")) or "unnamed",
            content_type=shape.text(one.get("mimeType")) or "application/octet-stream",
            size=max(shape.whole(one.get("size")), 0),
            author=person_name(shape.mapping(one.get("author")), lens) or "anonymous",
            created_at=shape.required_instant(one.get("created"), "an attachment's created", lens.instance),
            own=is_own(shape.mapping(one.get("author")), lens),
        )
        for one in shape.objects(listed)
    ]
    return in_order(found)
