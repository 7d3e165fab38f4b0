"""Looking at an instance before it is worked with: the live schema, and one finding for each thing looked at."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from syncline.connector import FieldSchema, Finding, Party, PartyKind, Schema, Severity
from syncline.errors import Configuration, Gone, Refused, RetryLater
from syncline.http.client import Http
from syncline_jira import shape
from syncline_jira.catalogue import FieldType, field_type
from syncline_jira.client import JiraClient
from syncline_jira.polling import quoted, scope
from syncline_jira.settings import JiraSettings
from syncline_jira.workflow import names_of

NEEDED: Final[Mapping[str, str]] = {
    "BROWSE_PROJECTS": "see issues",
    "CREATE_ISSUES": "create issues",
    "EDIT_ISSUES": "set fields",
    "TRANSITION_ISSUES": "change the status",
    "ADD_COMMENTS": "write comments",
    "ASSIGN_ISSUES": "assign issues",
    "CREATE_ATTACHMENTS": "attach files",
    "LINK_ISSUES": "link back to other platforms",
}
"""Permissions that the connector uses (Jira docs: "Built-in permissions"), and what for."""

_VITAL: Final = frozenset(
    {"BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "TRANSITION_ISSUES", "ADD_COMMENTS"}
)

_LENGTHS: Final[Mapping[str, int]] = {"summary": 255, "description": 32_767, "environment": 32_767}

_MOST_SKEW: Final = 30.0
_DAYS_OF_WARNING: Final = 30
_PAGES: Final = 20

_CREDENTIALS: Final = "correct user, token and auth; scoped tokens need the gateway as url"

_FAILURES: Final = (Configuration, RetryLater, Gone, Refused)


def schema(client: JiraClient, settings: JiraSettings) -> Schema:
    """Fields, choices, statuses and groups of the projects, as they are now.

    Choices and requirements are those of the issue type that we create; other projects add their choices.
    """
    fields = {one.id: _known(one) for one in map(field_type, shape.objects(client.get("field"))) if one.id}
    for project in settings.projects:
        fields |= _of_project(client, settings, project, fields)
    priorities = _names(client.get("priority"))
    resolutions = _names(client.get("resolution"))
    statuses = _statuses(client, settings.projects)
    for name, choices in (("priority", priorities), ("resolution", resolutions), ("status", statuses)):
        if (known := fields.get(name)) and not known.choices:
            fields[name] = _with(known, choices=choices, writable=known.writable and name != "status")
    group = fields.get(settings.group_field)
    groups = tuple(Party(PartyKind.GROUP, name, name) for name in (group.choices or () if group else ()))
    return Schema(fields, statuses, groups)


def _known(one: FieldType) -> FieldSchema:
    """A field that exists; whether it can be written is said by the screens."""
    return FieldSchema(one.id, one.name, writable=False, max_length=_longest(one))


def _longest(one: FieldType) -> int | None:
    if one.custom.endswith(":textfield"):
        return 255
    return 32_767 if one.rich else _LENGTHS.get(one.id)


def _of_project(
    client: JiraClient, settings: JiraSettings, project: str, known: Mapping[str, FieldSchema]
) -> dict[str, FieldSchema]:
    """The fields of the create screen of the type that we create, and of the edit screen of one issue."""
    found: dict[str, FieldSchema] = {}
    main = project == settings.projects[0]
    for raw in _create_fields(client, project, settings.default_issue_type):
        one = field_type(raw)
        # Project and issue type stand in the settings: a mapping need not bring them.
        required = main and _must(raw) and one.id not in {"project", "issuetype"}
        _add(found, known, one, raw, required=required)
    jql = f"project = {quoted(project)} AND issuetype = {quoted(settings.default_issue_type)} ORDER BY updated DESC"
    for issue in client.matching(jql, ("id",), 1):
        listed = shape.mapping(
            shape.mapping(client.get(f"issue/{shape.text(issue.get('id'))}/editmeta")).get("fields")
        )
        for name, raw in listed.items():
            _add(found, known, field_type(shape.mapping(raw), str(name)), shape.mapping(raw), required=False)
    return found


def _add(
    found: dict[str, FieldSchema],
    known: Mapping[str, FieldSchema],
    one: FieldType,
    raw: Mapping[str, Any],
    *,
    required: bool,
) -> None:
    """Take up what a screen says of a field, over what is known of it."""
    if not one.id:
        return
    before = found.get(one.id) or known.get(one.id)
    allowed = names_of(raw.get("allowedValues")) or None
    earlier = before.choices if before else None
    choices = tuple(dict.fromkeys((*(earlier or ()), *(allowed or ())))) or None
    required = required or (before.required if before else False)
    found[one.id] = FieldSchema(
        one.id, one.name, required, writable=True, choices=choices, max_length=_longest(one)
    )


def _with(one: FieldSchema, *, choices: tuple[str, ...], writable: bool) -> FieldSchema:
    return FieldSchema(one.name, one.label, one.required, writable, choices or None, one.max_length)


def _must(raw: Mapping[str, Any]) -> bool:
    """Whether a create must bring the field: required, and no default of Jira's."""
    return raw.get("required") is True and raw.get("hasDefaultValue") is not True


def _create_fields(client: JiraClient, project: str, type_name: str) -> list[Mapping[str, Any]]:
    """The fields of a type's create screen.

    Raises:
        Configuration: the project has no such type.
    """
    types = _all(client, f"issue/createmeta/{project}/issuetypes", "issueTypes")
    wanted = next((one for one in types if shape.text(one.get("name")) == type_name), None)
    if wanted is None:
        names = ", ".join(sorted(shape.text(one.get("name")) for one in types)) or "none"
        raise Configuration(
            f"the project {project} has no issue type {type_name!r} that our account may create (it has: {names});"
            " set default_issue_type to one of them"
        )
    return _all(client, f"issue/createmeta/{project}/issuetypes/{shape.text(wanted.get('id'))}", "fields")


def _all(client: JiraClient, path: str, key: str) -> list[Mapping[str, Any]]:
    """All items of a paged list. Cloud names the list by what it holds, Data Center calls it `values`."""
    found: list[Mapping[str, Any]] = []
    for _ in range(_PAGES):
        page = shape.mapping(client.get(path, {"startAt": len(found), "maxResults": 50}))
        items = shape.objects(page.get(key)) or shape.objects(page.get("values"))
        found += items
        if (
            not items
            or page.get("isLast") is True
            or len(found) >= shape.whole(page.get("total"), len(found))
        ):
            break
    return found


def _names(listed: object) -> tuple[str, ...]:
    return tuple(name for one in shape.objects(listed) if (name := shape.text(one.get("name"))))


def _statuses(client: JiraClient, projects: Sequence[str]) -> tuple[str, ...]:
    """The statuses of all issue types of the projects, in the order in which Jira names them."""
    found: dict[str, None] = {}
    for project in projects:
        for issue_type in shape.objects(client.get(f"project/{project}/statuses")):
            found |= dict.fromkeys(_names(issue_type.get("statuses")))
    return tuple(found)


def check(client: JiraClient, http: Http, settings: JiraSettings) -> Iterator[Finding]:
    """One finding for each thing looked at; those that need one that failed are left out."""
    try:
        server = client.server()
    except Configuration as error:
        # Anybody may ask for the server's version, but credentials that are shown must be good.
        if "(401" in str(error):
            yield _failed("authorised", error, _CREDENTIALS)
        else:
            yield _failed("reachable", error, "correct the url")
        return
    except _FAILURES as error:
        yield _failed("reachable", error, "wait until Jira is up again, or correct the url")
        return
    yield Finding(
        "reachable", Severity.OK, f"{settings.url} answers: Jira {shape.text(server.get('version'))}".rstrip()
    )
    yield _flavour(server, settings)
    try:
        me = client.account()
    except _FAILURES as error:
        yield _failed("authorised", error, _CREDENTIALS)
        return
    name = shape.text(me.get("displayName")) or shape.text(me.get("name"))
    yield Finding("authorised", Severity.OK, f"as {name} ({settings.scheme})")
    yield from _token(http, settings)
    yield from (_permissions(client, project) for project in settings.projects)
    yield _clock(http)
    yield _zone(client, me, settings)
    yield _schema(client, settings)


def _failed(what: str, error: Exception, fix: str) -> Finding:
    return Finding(what, Severity.ERROR, str(error), fix)


def _flavour(server: Mapping[str, Any], settings: JiraSettings) -> Finding:
    """Whether it is the flavour that we take it for."""
    says = shape.text(server.get("deploymentType"))
    if says and (says == "Cloud") != settings.is_cloud:
        right = "cloud" if says == "Cloud" else "dc"
        return Finding("flavour", Severity.ERROR, f"Jira says it is {says}", f"set flavour: {right}")
    return Finding("flavour", Severity.OK, says or ("Cloud" if settings.is_cloud else "Data Center"))


def _token(http: Http, settings: JiraSettings) -> Iterator[Finding]:
    """How long the token is good for: Jira does not tell, and Cloud's live a year at the most."""
    if settings.scheme == "basic":
        return
    if settings.token_expires is None:
        yield Finding(
            "token",
            Severity.WARNING,
            "it is not known when the token expires",
            "set token_expires to its last day (Atlassian account, Security, API tokens), to be warned in time",
        )
        return
    left = settings.token_expires - http.platform_now().date()
    if left < timedelta(0):
        yield Finding(
            "token", Severity.ERROR, f"the token expired on {settings.token_expires}", "make a new one"
        )
    elif left < timedelta(days=_DAYS_OF_WARNING):
        yield Finding(
            "token", Severity.WARNING, f"the token expires in {left.days} days", "make a new one in time"
        )
    else:
        yield Finding("token", Severity.OK, f"good until {settings.token_expires}")


def _permissions(client: JiraClient, project: str) -> Finding:
    """Whether the project is there and we may do in it what we must."""
    try:
        client.get(f"project/{project}")
        have = client.permissions_in(project, tuple(NEEDED))
    except Gone:
        return Finding(
            "permissions", Severity.ERROR, f"the project {project} is not there, or hidden from our account",
            "correct projects, or give the account Browse Projects",
        )  # fmt: skip
    except _FAILURES as error:
        return _failed("permissions", error, "give the account access to the project")
    missing = [one for one in NEEDED if shape.mapping(have.get(one)).get("havePermission") is not True]
    if not missing:
        return Finding("permissions", Severity.OK, f"all that is needed in {project}")
    words = ", ".join(f"{one} ({NEEDED[one]})" for one in missing)
    severity = Severity.ERROR if _VITAL & set(missing) else Severity.WARNING
    return Finding(
        "permissions",
        severity,
        f"in {project} our account lacks {words}",
        "grant them in the project's permission scheme",
    )


def _clock(http: Http) -> Finding:
    """How far our clock and the platform's are apart."""
    skew = http.clock_skew()
    if skew is None:
        return Finding(
            "clock", Severity.WARNING, "replies carry no Date header, so the platform's time is not known",
            "let the proxy in front of Jira pass the Date header",
        )  # fmt: skip
    if abs(skew) > _MOST_SKEW:
        return Finding(
            "clock", Severity.WARNING, f"the clocks differ by {skew:.0f} s", "synchronise both by NTP"
        )
    return Finding("clock", Severity.OK, f"the clocks differ by {abs(skew):.0f} s")


def _zone(client: JiraClient, me: Mapping[str, Any], settings: JiraSettings) -> Finding:
    """Whether JQL takes bounds in epoch milliseconds, whatever the account's time zone.

    Text dates in JQL are read in the account's zone; whoever mistakes that loses hours of changes in silence. So
    we ask for the newest issue by its own time, and for what comes an hour after it.
    """
    zone = shape.text(me.get("timeZone")) or "unknown"
    ours = scope(settings.projects, settings.jql)
    try:
        newest = client.matching(f"{ours} ORDER BY updated DESC", ("updated",), 1)
        at = shape.instant(shape.mapping(newest[0].get("fields")).get("updated")) if newest else None
        bound = shape.millis(at or datetime(2020, 1, 1, tzinfo=UTC))
        there = client.matching(
            f"{ours} AND updated >= {bound} ORDER BY updated ASC, key ASC", ("updated",), 1
        )
        after = client.matching(
            f"{ours} AND updated >= {bound + 3_600_000} ORDER BY updated ASC, key ASC", ("updated",), 1
        )
    except _FAILURES as error:
        return _failed("time zone", error, "correct projects and jql")
    later = [one for one in after if _is_before(one, bound + 3_600_000 - 60_000)]
    if (at is not None and not there) or later:
        return Finding(
            "time zone", Severity.ERROR, f"JQL misreads bounds in epoch milliseconds (the account's time zone is {zone})",
            "set the account's time zone to UTC, and report this version of Jira",
        )  # fmt: skip
    found = "" if at else "; there is no issue yet to prove it by"
    return Finding(
        "time zone",
        Severity.OK,
        f"the account's is {zone}; polls use epoch milliseconds, which have none{found}",
    )


def _is_before(issue: Mapping[str, Any], bound: int) -> bool:
    at = shape.instant(shape.mapping(issue.get("fields")).get("updated"))
    return at is not None and shape.millis(at) < bound


def _schema(client: JiraClient, settings: JiraSettings) -> Finding:
    """Whether the schema can be read, and what a create must bring."""
    try:
        found = schema(client, settings)
    except _FAILURES as error:
        return _failed(
            "schema", error, "correct projects and default_issue_type, and give the account Create Issues"
        )
    must = sorted(one.name for one in found.fields.values() if one.required)
    words = f"{len(found.fields)} fields, {len(found.statuses or ())} statuses; a create must bring {', '.join(must) or 'nothing'}"
    return Finding("schema", Severity.OK, words)
