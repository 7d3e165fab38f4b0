"""Issues and what belongs to them, as Jira's JSON."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from syncline.sandbox.jira import adf, setup
from syncline.sandbox.jira.call import Call, stamp
from syncline.sandbox.jira.fields import Field
from syncline.sandbox.jira.model import Attachment, Comment, History, Issue, RemoteLink, RichText, State
from syncline.sandbox.jira.setup import Person, Status, Transition
from syncline.sandbox.jira.site import Site

ISSUE_EXPAND: Final = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"
_SIZES: Final = (("48x48", "xlarge"), ("24x24", "small"), ("16x16", "xsmall"), ("32x32", "medium"))
HISTORY_PAGE: Final = 100
"""Most history entries that Cloud expands with an issue."""


def avatars(call: Call, kind: str, number: int) -> dict[str, str]:
    """Addresses of an avatar in its four sizes."""
    address = f"{call.api}/universal_avatar/view/type/{kind}/avatar/{number}"
    return {size: f"{address}?size={name}" for size, name in _SIZES}


def user(site: Site, call: Call, login: str | None) -> dict[str, Any] | None:
    """A person; Cloud leaves the e-mail address out where the person hides it."""
    return None if login is None else account(site, call, site.people[login])


def account(site: Site, call: Call, person: Person) -> dict[str, Any]:
    """A person, as every reference to one shows it."""
    shown: dict[str, Any] = {}
    if site.cloud:
        shown["self"] = f"{call.api}/user?accountId={person.account_id}"
        shown["accountId"] = person.account_id
    else:
        shown["self"] = f"{call.api}/user?username={person.login}"
        shown["name"] = person.login
        shown["key"] = person.key
    # Atlassian's user privacy: others see an e-mail address only where its owner lets them.
    if not site.hide_emails or person is call.user or not site.cloud:
        shown["emailAddress"] = person.email
    shown["avatarUrls"] = avatars(call, "user", 10122)
    shown["displayName"] = person.name
    shown["active"] = person.active
    shown["timeZone"] = str(site.zone_of(person))
    if site.cloud:
        shown["accountType"] = "atlassian"
    return shown


def category(call: Call, key: str) -> dict[str, Any]:
    """A status category."""
    number, name, colour = setup.CATEGORIES[key]
    return {
        "self": f"{call.api}/statuscategory/{number}",
        "id": number,
        "key": key,
        "colorName": colour,
        "name": name,
    }


def status(call: Call, shown: Status) -> dict[str, Any]:
    """A status."""
    return {
        "self": f"{call.api}/status/{shown.id}",
        "description": "",
        "iconUrl": f"{call.root}/images/icons/statuses/generic.png",
        "name": shown.name,
        "id": shown.id,
        "statusCategory": category(call, shown.category),
    }


def priority(call: Call, key: str, name: str, *, whole: bool = False) -> dict[str, Any]:
    """A priority; `whole` as its own resource shows it."""
    shown = {
        "self": f"{call.api}/priority/{key}",
        "iconUrl": f"{call.root}/images/icons/priorities/{name.lower()}.svg",
        "name": name,
        "id": key,
    }
    return {**shown, "statusColor": "#ffab00", "description": ""} if whole else shown


def resolution(call: Call, key: str, name: str) -> dict[str, Any]:
    """A resolution."""
    return {"self": f"{call.api}/resolution/{key}", "id": key, "description": "", "name": name}


def issue_type(site: Site, call: Call, key: str) -> dict[str, Any]:
    """An issue type."""
    shown: dict[str, Any] = {
        "self": f"{call.api}/issuetype/{key}",
        "id": key,
        "description": "",
        "iconUrl": f"{call.api}/universal_avatar/view/type/issuetype/avatar/10318?size=medium",
        "name": site.issue_types[key],
        "subtask": False,
        "avatarId": 10318,
    }
    if site.cloud:
        shown["hierarchyLevel"] = 0
    return shown


def project(site: Site, call: Call, key: str) -> dict[str, Any]:
    """A project, as a field shows it."""
    found = site.projects[key]
    shown: dict[str, Any] = {
        "self": f"{call.api}/project/{found.id}",
        "id": found.id,
        "key": found.key,
        "name": found.name,
        "projectTypeKey": "service_desk" if found.service else "software",
        "avatarUrls": avatars(call, "project", 10400),
    }
    if site.cloud:
        shown["simplified"] = False
    return shown


def rich(call: Call, text: RichText | None) -> Any:
    """A text in the form of the API's version."""
    if text is None:
        return None
    return adf.document(text) if call.version == 3 else adf.wiki(text)


def html(text: RichText) -> str:
    """A text as `renderedFields` shows it."""
    parts = escape(adf.plain(text)).split("\n\n")
    return "\n\n".join("<p>" + part.replace("\n", "<br/>\n") + "</p>" for part in parts)


def comment(
    site: Site, call: Call, shown: Comment, issue_id: int, *, expand: Collection[str] = ()
) -> dict[str, Any]:
    """A comment."""
    content: dict[str, Any] = {
        "self": f"{call.api}/issue/{issue_id}/comment/{shown.id}",
        "id": str(shown.id),
        "author": user(site, call, shown.author),
        "body": rich(call, shown.body),
        "updateAuthor": user(site, call, shown.update_author),
        "created": stamp(shown.created, call.zone),
        "updated": stamp(shown.updated, call.zone),
    }
    if shown.visibility:
        kind, name = shown.visibility
        content["visibility"] = {"type": kind, "value": name}
        if site.cloud:
            content["visibility"]["identifier"] = site.group_id(name) if kind == "group" else name
    if site.cloud:
        # JSM Cloud: a comment is public to the customer unless its property sd.public.comment says internal.
        hidden = shown.properties.get("sd.public.comment")
        content["jsdPublic"] = not (isinstance(hidden, dict) and hidden.get("internal") is True)
    if "properties" in expand:
        content["properties"] = [{"key": key, "value": value} for key, value in shown.properties.items()]
    if "renderedBody" in expand:
        content["renderedBody"] = html(shown.body)
    return content


def readable(site: Site, call: Call, shown: Comment) -> bool:
    """Whether the caller is of the group or role that a comment is kept to."""
    if shown.visibility is None:
        return True
    kind, name = shown.visibility
    return name in call.user.groups if kind == "group" else site.in_role(call.user, name)


def attachment(site: Site, call: Call, shown: Attachment) -> dict[str, Any]:
    """A file, without its content."""
    content = f"{call.root}/secure/attachment/{shown.id}/{shown.filename}"
    if site.cloud:
        content = f"{call.api}/attachment/content/{shown.id}"
    return {
        "self": f"{call.api}/attachment/{shown.id}",
        "id": str(shown.id),
        "filename": shown.filename,
        "author": user(site, call, shown.author),
        "created": stamp(shown.created, call.zone),
        "size": len(shown.content),
        "mimeType": shown.mime_type,
        "content": content,
    }


def remote_link(call: Call, issue: Issue, link: RemoteLink) -> dict[str, Any]:
    """A remote link."""
    shown: dict[str, Any] = {"id": link.id, "self": f"{call.api}/issue/{issue.id}/remotelink/{link.id}"}
    if link.global_id is not None:
        shown["globalId"] = link.global_id
    return {**shown, "application": {}, **link.content}


def history(site: Site, call: Call, entry: History) -> dict[str, Any]:
    """One entry of an issue's history. Data Center does not tell field ids."""
    items = []
    for change in entry.changes:
        item: dict[str, Any] = {"field": change.field, "fieldtype": "custom" if change.custom else "jira"}
        if site.cloud:
            item["fieldId"] = change.field_id
        item |= {"from": change.before, "fromString": change.before_text}
        item |= {"to": change.after, "toString": change.after_text}
        items.append(item)
    return {
        "id": str(entry.id),
        "author": user(site, call, entry.author),
        "created": stamp(entry.created, call.zone),
        "items": items,
    }


def changelog(site: Site, call: Call, state: State) -> dict[str, Any]:
    """`expand=changelog`: Cloud brings the latest hundred, newest first; Data Center all, oldest first."""
    entries = state.issue.history[: state.histories]
    total = len(entries)
    if site.cloud:
        # Jira Cloud platform REST API v3: "a list of recent updates to an issue, sorted by date, starting from the most recent".
        entries = entries[-HISTORY_PAGE:][::-1]
    shown = [history(site, call, entry) for entry in entries]
    return {
        "startAt": 0,
        "maxResults": HISTORY_PAGE if site.cloud else total,
        "total": total,
        "histories": shown,
    }


def choice(site: Site, call: Call, field: Field, key: str) -> dict[str, Any]:
    """An option of a select field, or a component."""
    if field.kind == "components":
        return {"self": f"{call.api}/component/{key}", "id": key, "name": site.component_names[key]}
    return {"self": f"{call.api}/customFieldOption/{key}", "value": field.options[key], "id": key}


def group(site: Site, call: Call, name: str) -> dict[str, Any]:
    """A group."""
    shown: dict[str, Any] = {"name": name}
    if site.cloud:
        shown["groupId"] = site.group_id(name)
        shown["self"] = f"{call.api}/group?groupId={site.group_id(name)}"
    else:
        shown["self"] = f"{call.api}/group?groupname={name}"
    return shown


def transition(site: Site, call: Call, state: State, step: Transition) -> dict[str, Any]:
    """A step that an issue may take."""
    leads_to = status(call, site.status_named(state.project, step.to))
    if not site.cloud:
        return {"id": step.id, "name": step.name, "description": "", "opsbarSequence": 10, "to": leads_to}
    return {
        "id": step.id,
        "name": step.name,
        "to": leads_to,
        "hasScreen": bool(step.required or step.offered),
        "isGlobal": not step.sources,
        "isInitial": False,
        "isConditional": False,
        "isAvailable": True,
    }


def wanted(site: Site, asked: Sequence[str], default: str) -> list[str]:
    """Field ids that a `fields` parameter selects. Names that are no field are ignored, as Jira ignores them."""
    chosen: dict[str, None] = {}
    positive = [name for name in asked if not name.startswith("-")]
    for name in positive or [default]:
        if name in {"*all", "*navigable"}:
            chosen |= {f.id: None for f in site.fields.values() if name == "*all" or f.navigable}
        elif name in site.fields:
            chosen[name] = None
    for name in asked:
        chosen.pop(name.removeprefix("-") if name.startswith("-") else "", None)
    return list(chosen)


def names(site: Site, ids: Iterable[str]) -> dict[str, str]:
    """`expand=names`."""
    return {name: site.fields[name].name for name in ids}


def schemas(site: Site, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """`expand=schema`."""
    return {name: site.fields[name].schema for name in ids}
