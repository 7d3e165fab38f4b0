"""Looking whether an instance can be worked with: what `syncline check` shows."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from syncline.connector import Finding, Look, Severity, looks
from syncline.errors import Gone
from syncline.http.client import Http
from syncline_jira import shape
from syncline_jira.client import JiraClient
from syncline_jira.polling import scope
from syncline_jira.schema import schema
from syncline_jira.settings import JiraSettings

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

_DAYS_OF_WARNING: Final = 30
_HOUR: Final = 3_600_000


class Check:
    """One look at one instance."""

    def __init__(self, client: JiraClient, http: Http, settings: JiraSettings) -> None:
        self._client = client
        self._http = http
        self._settings = settings
        self._server: Mapping[str, Any] = {}
        self._me: Mapping[str, Any] = {}

    def findings(self) -> Iterator[Finding]:
        """One finding for each thing looked at; only the first where the instance does not answer."""
        return looks(
            self._http,
            self._ask_who_we_are,
            f"the account may read itself ({self._settings.scheme})",
            "Check url, user, token and auth; scoped tokens need the gateway as url.",
            Look("flavour", self._flavour),
            Look("token", self._token),
            Look(
                "permissions", self._permissions, "Give the account access to the projects.", Severity.ERROR
            ),
            Look("time zone", self._zone, "Correct projects and jql.", Severity.ERROR),
            Look("history", self._history),
            Look(
                "schema",
                self._fields,
                "Correct projects and default_issue_type, and give the account Create Issues.",
                Severity.ERROR,
            ),
        )

    def _ask_who_we_are(self) -> None:
        self._server = self._client.server()
        self._me = self._client.account()

    def _flavour(self) -> Iterator[Finding]:
        """Whether it is the flavour that we take it for."""
        says, settings = shape.text(self._server.get("deploymentType")), self._settings
        version = shape.text(self._server.get("version"))
        if says and (says == "Cloud") != settings.is_cloud:
            right = "cloud" if says == "Cloud" else "dc"
            yield Finding("flavour", Severity.ERROR, f"Jira says it is {says}", f"Set flavour: {right}.")
        else:
            flavour = says or ("Cloud" if settings.is_cloud else "Data Center")
            yield Finding("flavour", Severity.OK, f"{flavour} {version}".rstrip())

    def _token(self) -> Iterator[Finding]:
        """How long the token is good for: Jira does not tell, and Cloud's live a year at the most."""
        settings = self._settings
        if settings.scheme == "basic":
            return
        if settings.token_expires is None:
            yield Finding(
                "token",
                Severity.WARNING,
                "it is not known when the token expires",
                "Set token_expires to its last day (Atlassian account, Security, API tokens), to be warned in time.",
            )
            return
        left = settings.token_expires - self._http.platform_now().date()
        if left < timedelta(0):
            said = f"the token expired on {settings.token_expires}"
            yield Finding("token", Severity.ERROR, said, "Make a new one.")
        elif left < timedelta(days=_DAYS_OF_WARNING):
            said = f"the token expires in {left.days} days"
            yield Finding("token", Severity.WARNING, said, "Make a new one in time.")
        else:
            yield Finding("token", Severity.OK, f"good until {settings.token_expires}")

    def _permissions(self) -> Iterator[Finding]:
        """Whether the projects are there and we may do in them what we must."""
        for project in self._settings.projects:
            try:
                self._client.get(f"project/{project}")
                have = self._client.permissions_in(project, tuple(NEEDED))
            except Gone:
                said = f"the project {project} is not there, or hidden from our account"
                fix = "Correct projects, or give the account Browse Projects."
                yield Finding("permissions", Severity.ERROR, said, fix)
                continue
            missing = [
                one for one in NEEDED if shape.mapping(have.get(one)).get("havePermission") is not True
            ]
            if not missing:
                yield Finding("permissions", Severity.OK, f"all that is needed in {project}")
                continue
            words = ", ".join(f"{one} ({NEEDED[one]})" for one in missing)
            yield Finding(
                "permissions",
                Severity.ERROR if _VITAL & set(missing) else Severity.WARNING,
                f"in {project} our account lacks {words}",
                "Grant them in the project's permission scheme.",
            )

    def _zone(self) -> Iterator[Finding]:
        """Whether JQL takes bounds in epoch milliseconds, whatever the account's time zone.

        Text dates in JQL are read in the account's zone; whoever mistakes that loses hours of changes in silence. So
        we ask for the newest issue by its own time, and for what comes an hour after it.
        """
        zone = shape.text(self._me.get("timeZone")) or "unknown"
        ours = scope(self._settings.projects, self._settings.jql)
        newest = self._newest()
        at = shape.instant(shape.mapping(newest[0].get("fields")).get("updated")) if newest else None
        bound = shape.millis(at or datetime(2020, 1, 1, tzinfo=UTC))
        there, after = (
            self._client.matching(
                f"{ours} AND updated >= {since} ORDER BY updated ASC, key ASC", ("updated",), 1
            )
            for since in (bound, bound + _HOUR)
        )
        later = [one for one in after if _is_before(one, bound + _HOUR - 60_000)]
        if (at is not None and not there) or later:
            said = f"JQL misreads bounds in epoch milliseconds (the account's time zone is {zone})"
            fix = "Set the account's time zone to UTC, and report this version of Jira."
            yield Finding("time zone", Severity.ERROR, said, fix)
            return
        found = "" if at else "; there is no issue yet to prove it by"
        said = f"the account's is {zone}; polls use epoch milliseconds, which have none{found}"
        yield Finding("time zone", Severity.OK, said)

    def _history(self) -> Iterator[Finding]:
        """Whether issues come with their change history."""
        newest = self._newest()
        if not newest:
            yield Finding("history", Severity.OK, "comes with each issue; there is none yet to see it by")
            return
        issue = shape.mapping(
            self._client.issue_json(shape.text(newest[0].get("id")), ("updated",), "changelog")
        )
        if isinstance(issue.get("changelog"), Mapping):
            yield Finding("history", Severity.OK, "the change history can be read; it comes with each issue")
        else:
            said = "issues come without their change history, so edits that we overwrite cannot be found afterwards"
            yield Finding(
                "history", Severity.WARNING, said, "Check that the proxy passes the parameter expand."
            )

    def _newest(self) -> list[Mapping[str, Any]]:
        ours = scope(self._settings.projects, self._settings.jql)
        return self._client.matching(f"{ours} ORDER BY updated DESC", ("updated",), 1)

    def _fields(self) -> Iterator[Finding]:
        """Whether the schema can be read, and what a create must bring."""
        found = schema(self._client, self._settings)
        must = ", ".join(sorted(one.name for one in found.fields.values() if one.required)) or "nothing"
        counts = f"{len(found.fields)} fields, {len(found.statuses or ())} statuses"
        yield Finding("schema", Severity.OK, f"{counts}; a create must bring {must}")


def _is_before(issue: Mapping[str, Any], bound: int) -> bool:
    at = shape.instant(shape.mapping(issue.get("fields")).get("updated"))
    return at is not None and shape.millis(at) < bound
