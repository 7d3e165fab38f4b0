"""The simulated Jira itself: its address, who may come in, and the knobs that bend it while it runs."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, Literal
from urllib.parse import parse_qs

from syncline.sandbox.jira import (
    attachment_routes,
    comment_routes,
    history_routes,
    issue_routes,
    metadata,
    people_routes,
    search_routes,
    setup,
    site_routes,
)
from syncline.sandbox.jira.auth import authenticate, denied
from syncline.sandbox.jira.call import Call, milliseconds
from syncline.sandbox.jira.directory import Settings
from syncline.sandbox.jira.model import Issue
from syncline.sandbox.jira.oracle import snapshot
from syncline.sandbox.jira.refusals import RefusalError, no_resource, refusal
from syncline.sandbox.jira.routing import Router
from syncline.sandbox.jira.setup import CustomField, Person, Project, Workflow
from syncline.sandbox.jira.site import Site
from syncline.sandbox.platform import Request, Response, json_response

CLOUD_ID: Final = "3f2b1c4e-9a7d-4b60-8e55-0c1d2e3f4a5b"
_LOOPBACK: Final = ("127.", "localhost", "[::1]")
_SHARED: Final = (
    site_routes.ROUTES,
    metadata.ROUTES,
    people_routes.ROUTES,
    issue_routes.ROUTES,
    comment_routes.ROUTES,
    attachment_routes.ROUTES,
    history_routes.ROUTES,
)
_CLOUD: Final = (
    site_routes.CLOUD,
    people_routes.CLOUD,
    search_routes.CLOUD,
    attachment_routes.CLOUD,
    history_routes.CLOUD,
)


class Jira:
    """A Jira site that exists nowhere else.

    Args:
        flavour: `cloud` (versions 2 and 3 of the API) or `dc` (Data Center: version 2).
        people: Accounts; their tokens are `token-<login>` and, on Cloud, `scoped-token-<login>`.
        groups: Names of groups.
        projects: With a workflow of their own or the site's.
        workflow: Of all projects that bring none.
        custom_fields: Beside the system fields.
        index_lag: Seconds until searches see a write; None: 2 on Cloud, 0 on Data Center.
        timezone: IANA name; of the site and of every profile that has none.
        hide_emails: Whether people hide their e-mail addresses from others (Cloud).
        denied: Login to permissions that this person lacks.
        issue_writes: How many writes one issue takes in how many seconds; None: any number.
        attachment_limit: Largest file, bytes.
        base_url: The site's address; None: taken from each request's `Host`.
        cloud_id: In the gateway's path, `/ex/jira/{cloudId}`.
        version: Of the software; the unpaged createmeta is gone from Data Center 9 on.
        captcha: Logins that Data Center lets in only after a CAPTCHA in a browser.
    """

    platform = "jira"

    def __init__(
        self,
        flavour: Literal["cloud", "dc"] = "cloud",
        *,
        people: Iterable[Person] = setup.PEOPLE,
        groups: Iterable[str] = setup.GROUPS,
        projects: Iterable[Project] = setup.PROJECTS,
        workflow: Workflow = setup.WORKFLOW,
        custom_fields: Iterable[CustomField] = setup.CUSTOM_FIELDS,
        index_lag: float | None = None,
        timezone: str = "Europe/Berlin",
        hide_emails: bool = False,
        denied: Mapping[str, Iterable[str]] | None = None,
        issue_writes: tuple[int, float] | None = None,
        attachment_limit: int = 10_485_760,
        base_url: str | None = None,
        cloud_id: str = CLOUD_ID,
        version: tuple[int, int, int] | None = None,
        captcha: Iterable[str] = (),
    ) -> None:
        cloud = flavour == "cloud"
        lag = (2.0 if cloud else 0.0) if index_lag is None else index_lag
        self.flavour = flavour
        settings = Settings(
            cloud=cloud,
            version=version or ((1001, 0, 0) if cloud else (10, 3, 5)),
            index_lag=lag,
            people=people,
            groups=groups,
            projects=projects,
            workflow=workflow,
            custom_fields=custom_fields,
            timezone=timezone,
            hide_emails=hide_emails,
            denied=denied or {},
            issue_writes=issue_writes,
            attachment_limit=attachment_limit,
            captcha=captcha,
        )
        self.site = Site(settings)
        self._base_url = base_url
        self._prefix = f"/ex/jira/{cloud_id}"
        self._cloud_id = cloud_id
        self._router = Router(*_SHARED, *(_CLOUD if cloud else (search_routes.DATA_CENTER,)))
        self._versions = {"2": 2, "latest": 2} | ({"3": 3} if cloud else {})
        self._now = milliseconds(datetime(2026, 1, 1, tzinfo=UTC))

    @property
    def index_lag(self) -> float:
        """Seconds until searches see a write; a change of it holds for the writes that follow."""
        return self.site.index_lag

    @index_lag.setter
    def index_lag(self, seconds: float) -> None:
        self.site.index_lag = seconds

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:  # noqa: ARG002  nothing here is random
        """Answer one request at that moment (aware, UTC)."""
        self._now = milliseconds(now)
        self.site.index.settle(self._now)
        try:
            response = self._answer(request)
        except RefusalError as error:
            response = error.response
        if request.method == "HEAD":
            return Response(response.status, b"", response.headers)
        return response

    def _answer(self, request: Request) -> Response:
        path, root = request.path.rstrip("/"), self._root(request)
        gateway = False
        if path.startswith("/ex/jira/"):
            if not self.site.cloud or not path.startswith(f"{self._prefix}/"):
                raise RefusalError(json_response(404, {"code": 404, "message": "Not Found"}))
            path, root, gateway = path[len(self._prefix) :], root + self._prefix, True
        elif path == "/_edge/tenant_info" and self.site.cloud:
            return json_response(200, {"cloudId": self._cloud_id})
        parts = path.split("/")
        person = authenticate(self.site, request, root, gateway=gateway)
        if parts[1:3] == ["secure", "attachment"] and len(parts) == 5 and not self.site.cloud:
            return attachment_routes.secure(self.site, self._call(request, person, 2, root), parts[3])
        version = self._versions.get(parts[3]) if parts[1:3] == ["rest", "api"] and len(parts) > 4 else None
        if version is None:
            raise no_resource(root + path)
        if parts[4:] == ["serverInfo"] and request.method in {"GET", "HEAD"}:
            # Get Jira instance info: "this operation can be accessed anonymously".
            caller = person or next(iter(self.site.people.values()))
            return site_routes.server_info(self.site, self._call(request, caller, version, root))
        call = self._call(request, person, version, root, gateway=gateway)
        found = self._router.find(parts[4:])
        if found is None:
            raise no_resource(root + path)
        methods, variables = found
        handler = methods.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            raise RefusalError(Response(405, b"", {"Allow": ",".join(sorted(methods))}))
        return handler(self.site, call, *variables)

    def _call(
        self, request: Request, person: Person | None, version: int, root: str, *, gateway: bool = False
    ) -> Call:
        if person is None:
            raise denied(self.site, root, basic=False, gateway=gateway)
        params = parse_qs(request.query, keep_blank_values=True) if request.query else {}
        return Call(request, self._now, person, version, root, self.site.zone_of(person), params)

    def _root(self, request: Request) -> str:
        if self._base_url is not None:
            return self._base_url
        host = request.header("host") or "example.atlassian.net"
        scheme = request.header("x-forwarded-proto") or ("http" if host.startswith(_LOOPBACK) else "https")
        return f"{scheme}://{host}"

    # ------------------------------------------------------------------------------------------ replies of the edge

    def throttled(self, now: datetime) -> Response:
        """The 429 of this kind of Jira, with its headers."""
        if not self.site.cloud:
            # Data Center, "Adjusting your code for rate limiting": a token bucket for each user and node.
            headers = {
                "X-RateLimit-Limit": "10",
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-FillRate": "2",
                "X-RateLimit-Interval-Seconds": "5",
                "Retry-After": "5",
            }
            return refusal(429, "Rate limit exceeded.", headers=headers).response
        # Jira Cloud, "Rate limiting": Reset is ISO 8601; RateLimit-Reason names the limit that was hit.
        reset = (now.astimezone(UTC) + timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%MZ")
        headers = {
            "Retry-After": "5",
            "X-RateLimit-Limit": "350",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": reset,
            "X-RateLimit-NearLimit": "true",
            "RateLimit-Reason": "jira-burst-based",
        }
        return refusal(429, "Rate limit exceeded.", headers=headers).response

    def unavailable(self, status: int = 503) -> Response:
        """A 5xx: a page for people, as the edge before Jira sends it."""
        name = {500: "Internal Server Error", 502: "Bad Gateway", 504: "Gateway Timeout"}.get(
            status, "Service Unavailable"
        )
        page = (
            f"<!DOCTYPE html><html><head><title>{status} {name}</title></head>"
            f"<body><h1>{name}</h1><p>Jira is temporarily unavailable.</p></body></html>"
        )
        return Response(status, page.encode(), {"Content-Type": "text/html;charset=UTF-8"})

    # ------------------------------------------------------------------------------------------ knobs

    def add_issue(
        self, project: str, summary: str, *, by: str, now: datetime, values: Mapping[str, Any] | None = None
    ) -> str:
        """Make an issue without a request, for a large world; gives its key.

        `values` are kept values by field id: ids of priorities, tuples of labels, logins of people, text.
        """
        moment = milliseconds(now)
        issue = self.site.create(
            project, {"issuetype": "10001", "summary": summary, **(values or {})}, by, moment
        )
        self.site.index.settle(moment)
        return issue.state.key

    def move(self, reference: str, project: str, *, by: str = "diane", now: datetime | None = None) -> str:
        """Move an issue to another project; gives its new key. Its id stays, the old key leads to it."""
        issue = self._issue(reference)
        self.site.move(issue, project, by, self._moment(now))
        return issue.state.key

    def delete(self, reference: str, *, now: datetime | None = None) -> None:
        """Delete an issue as an administrator would."""
        self.site.delete(self._issue(reference), self._moment(now))

    def rename_field(self, field_id: str, name: str) -> None:
        """Give a field another name; its id stays, JQL by the old name ends."""
        self.site.rename_field(field_id, name)

    def require_field(self, field_id: str, *, required: bool = True) -> None:
        """Make a field required on create, or no longer."""
        self.site.fields[field_id].required = required

    def remove_transition(self, transition_id: str, *, project: str | None = None) -> None:
        """Take a step out of the workflow of one project, or of all."""
        self.site.remove_transition(transition_id, project)

    def drop_priority(self, name: str) -> None:
        """Take a priority out of the scheme; issues that have it keep it."""
        self.site.priorities = {key: known for key, known in self.site.priorities.items() if known != name}

    def deny(self, login: str, *permissions: str) -> None:
        """Take permissions from a person."""
        self.site.denied.setdefault(login, set()).update(permissions)

    def grant(self, login: str, *permissions: str) -> None:
        """Give back what was denied."""
        self.site.denied.get(login, set()).difference_update(permissions)

    def snapshot(self) -> dict[str, Any]:
        """All issues as they are now, for an oracle: see `oracle.snapshot`."""
        return snapshot(self.site)

    def _issue(self, reference: str) -> Issue:
        issue = self.site.find_issue(reference)
        if issue is None:
            raise ValueError(f"the simulated Jira has no issue {reference!r}")
        return issue

    def _moment(self, now: datetime | None) -> int:
        return self._now if now is None else milliseconds(now)
