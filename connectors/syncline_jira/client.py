"""The `jira` library, tamed: its addresses, endpoints and parsing; our connections, deadlines and errors.

What is taken from it: URL building, REST version and gateway prefix, and the calls that are one clean request
(`enhanced_search_issues`, `transitions`, `myself`, `my_permissions`, `server_info`, ...). What is taken away:
its session with its retries of writes, its cache of fields with the extra request, its logging of bodies, and
the reloading after each write: updates, transitions and comments are our own requests through its session.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote, urlsplit

import requests
from jira import JIRA
from jira.exceptions import JIRAError
from jira.resilientsession import ResilientSession

from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater, SynclineError
from syncline.http.client import Http
from syncline.model import Attachment
from syncline_jira import shape

_RECORD: Final = re.compile(r"/issue/(\d+|[A-Z][A-Z0-9_]+-\d+)(?:/|$)")


class GuardedSession(ResilientSession):
    """Stands where the library keeps its session, and hands each request to `Http`.

    So each worker uses its own connections, and no reply that is a failure ever reaches the library: neither its
    retries nor its `JIRAError` have an occasion.
    """

    def __init__(self, http: Http) -> None:
        super().__init__(max_retries=0)
        self._http = http

    def request(  # type: ignore[override]  # the library's own differs from that of requests, too
        self, method: str, url: str | bytes, _prepare_retry_class: object = None, **options: Any
    ) -> requests.Response:
        """One request: of the arguments of a session, those that `Http.request` takes."""
        address = url.decode() if isinstance(url, bytes) else url
        headers = {"Accept": "application/json", **(options.pop("headers", None) or {})}
        if isinstance(options.get("data"), str):  # the library sends its JSON as text
            headers.setdefault("Content-Type", "application/json")
        options.pop("allow_redirects", None)
        return self._http.request(method, address, headers=headers, record=_record_in(address), **options)


def issue_path(record: str, *more: str) -> str:
    """The path of an issue, or of something beneath it."""
    return "/".join(("issue", quote(record, safe=""), *more))


def _record_in(address: str) -> str | None:
    """The issue that an address is about, for messages."""
    found = _RECORD.search(urlsplit(address).path)
    return found[1] if found else None


class JiraClient(JIRA):
    """The library's client over `Http`. It keeps nothing between calls, so that all workers may share it.

    Args:
        http: The instance's transport.
        cloud: Whether this is Jira Cloud: REST v3 with ADF; else v2 with wiki markup.
    """

    def __init__(self, http: Http, *, cloud: bool) -> None:
        super().__init__(
            server=http.base_url,
            options={"rest_api_version": "3" if cloud else "2", "check_update": False},
            get_server_info=False,
            max_retries=0,
            timeout=http.timeout,
            logging=False,
        )
        # Without it every call for Cloud only would return None and say so in the log alone.
        self.deploymentType = "Cloud" if cloud else "Data Center"
        self._http = http
        self._session = GuardedSession(http)

    def _try_magic(self) -> None:
        """The library would load libmagic to guess file types; ours come with the file."""
        self._magic = None

    def close(self) -> None:
        """Called when the object is freed; the connections are those of `Http` and stay."""

    @property
    def _fields_cache(self) -> dict[str, str]:
        """Field names are ids here; the library would fetch the whole catalogue to translate them."""
        return {}

    def _get_json(
        self,
        path: str,
        params: dict[str, Any] | None = None,
        base: str = JIRA.JIRA_BASE_URL,
        use_post: bool = False,  # noqa: FBT001  the library's signature
    ) -> Any:
        """All reading of the library comes by here: parsed within `Http`'s bounds on size and depth."""
        address = self._get_url(path, base)
        given = {name: value for name, value in (params or {}).items() if value is not None}
        if use_post:  # in the library only searches are posted, and they change nothing
            return self._http.json("POST", address, json=given, safe=True, record=_record_in(address))
        return self._http.json("GET", address, params=given, record=_record_in(address))

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON of `GET rest/api/N/<path>`."""
        return self._get_json(path, dict(params or {}))

    def query(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON of a POST that only reads."""
        return self._get_json(path, dict(body), use_post=True)

    def send(
        self, method: str, path: str, body: Mapping[str, Any], params: Mapping[str, str] | None = None
    ) -> Any:
        """Carry out one write, once; the reply's JSON, None where it has no body."""
        address = self._get_url(path)
        response = self._session.request(method, address, json=dict(body), params=dict(params or {}))
        return _json(response, f"{self._http.instance}: {method} {path}")

    def upload(self, path: str, name: str, content_type: str, content: bytes) -> Any:
        """Send one file, as a multipart form. Without the token header Jira takes it for forged (XSRF)."""
        files = {"file": (name, content, content_type)}
        headers = {"X-Atlassian-Token": "no-check"}
        response = self._session.request("POST", self._get_url(path), files=files, headers=headers)
        return _json(response, f"{self._http.instance}: POST {path}")

    def download(self, attachment: Attachment) -> bytes:
        """The bytes of a file.

        Raises:
            Refused: it is larger than the instance's limit.
        """
        params = {}
        if self._is_cloud:
            # Else Cloud sends us to a media host, where our credentials are not to go.
            address, params = (
                self._get_url(f"attachment/content/{quote(attachment.id, safe='')}"),
                {"redirect": "false"},
            )
        else:
            name = quote(attachment.name, safe="")
            address = f"{self.server_url}/secure/attachment/{quote(attachment.id, safe='')}/{name}"
        response = self._http.request(
            "GET", address, params=params, headers={"Accept": "*/*"}, record=attachment.record_id, raw=True
        )
        return response.content

    def issue_json(self, record: str, fields: Sequence[str], expand: str = "") -> Any:
        """One issue by id or key, from the database and not from the search index.

        Raises:
            RetryLater: what came is none, and says nothing of its comments and files.
        """
        params = {"fields": ",".join(fields)}
        if expand:
            params["expand"] = expand
        issue = self.get(issue_path(record), params)
        shape.required(shape.mapping(issue).get("id"), "issue id", self._http.instance)
        return issue

    def page(
        self, jql: str, fields: Sequence[str], limit: int, token: str | None = None, expand: str = ""
    ) -> Any:
        """One page of a search on Cloud. By GET: a search is no write, whatever becomes of the connection."""
        with self._translated():
            return self.enhanced_search_issues(
                jql,
                nextPageToken=token,
                maxResults=limit,
                fields=list(fields),
                expand=expand or None,
                json_result=True,
            )

    def offset_page(
        self, jql: str, fields: Sequence[str], limit: int, start: int = 0, expand: str = ""
    ) -> Any:
        """One page of a search on Data Center. The library's own call sends `validateQuery=True`, which is no
        boolean of the published contract."""
        params = {"jql": jql, "startAt": start, "maxResults": limit, "fields": ",".join(fields)}
        if expand:
            params["expand"] = expand
        return self.get("search", params)

    def matching(self, jql: str, fields: Sequence[str], limit: int) -> list[Mapping[str, Any]]:
        """The first issues that a search finds."""
        page = self.page(jql, fields, limit) if self._is_cloud else self.offset_page(jql, fields, limit)
        return shape.listed(shape.mapping(page).get("issues"), "issues", self._http.instance)

    def transitions_of(self, record: str) -> Any:
        """The transitions that an issue may take now, with the fields that they ask for."""
        with self._translated():
            return self.transitions(quote(record, safe=""), expand="transitions.fields")

    def account(self) -> Mapping[str, Any]:
        """Our own account."""
        with self._translated():
            return shape.mapping(self.myself())

    def server(self) -> Mapping[str, Any]:
        """Version, base URL and time of the server."""
        with self._translated():
            return shape.mapping(self.server_info())

    def permissions_in(self, project: str, wanted: Sequence[str]) -> Mapping[str, Any]:
        """Which of the permissions we have in a project."""
        with self._translated():
            found = self.my_permissions(projectKey=project, permissions=",".join(wanted))
            return shape.mapping(shape.mapping(found).get("permissions"))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Around calls of the library, which trusts replies and has one error for everything."""
        try:
            yield
        except JIRAError as error:
            raise translated(error, self._http.instance) from None
        except (LookupError, TypeError) as error:
            raise RetryLater(
                f"{self._http.instance}: the reply is not shaped as Jira's are ({type(error).__name__}); check that the"
                " url is that of Jira's REST API"
            ) from None


def _json(response: requests.Response, what: str) -> Any:
    """The reply of a write. One that cannot be read says nothing about what became of it."""
    if not response.content:
        return None
    try:
        return response.json()
    except (ValueError, RecursionError):
        raise OutcomeUnknown(
            f"{what}: the reply cannot be read as JSON; the record will be read back"
        ) from None


_BY_STATUS: Final[Mapping[int, type[SynclineError]]] = {401: Configuration, 404: Gone, 410: Gone}


def translated(error: JIRAError, instance: str) -> SynclineError:
    """The library's one error in our classes. It comes up only if the library fails without a request of ours:
    the guard has spoken before in every other case. Its `str` holds headers and bodies, so only its status is told."""
    status = error.status_code or 0
    message = f"{instance}: the jira library failed with status {status or 'unknown'}"
    if kind := _BY_STATUS.get(status):
        return kind(message)
    return Refused(message) if 400 <= status < 500 and status not in {408, 409, 429} else RetryLater(message)
