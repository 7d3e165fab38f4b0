"""Searches over HTTP: token pages on Cloud, offset pages on Data Center."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Any, Final

from syncline.sandbox.jira import issues, metadata, render
from syncline.sandbox.jira.call import Call, Routes
from syncline.sandbox.jira.jql import JqlError, parse
from syncline.sandbox.jira.model import State
from syncline.sandbox.jira.query import Plan, plan
from syncline.sandbox.jira.refusals import bad_payload, refusal
from syncline.sandbox.jira.run import Position, Search
from syncline.sandbox.jira.site import Site
from syncline.sandbox.platform import Response, json_response

_PAGE: Final = 50
_MOST_IDS: Final = 5000
_MOST_ROWS: Final = 100
_MOST_DC: Final = 1000
_RECONCILED: Final = 50
_MOST_PROPERTIES: Final = 5
_TOKEN_LIFE: Final = 7 * 86_400_000
_GONE: Final = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. "
    "A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
_STALE_PAGE: Final = "The provided next page token is invalid or expired."
_UNBOUNDED: Final = (
    "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
)


def _planned(site: Site, call: Call, jql: str, *, bounded: bool) -> Plan:
    try:
        query = parse(jql)
        found = plan(site, call, query)
    except JqlError as error:
        raise refusal(400, str(error)) from error
    if bounded and query.where is None:
        # search/jql: "this parameter requires a bounded query".
        raise refusal(400, _UNBOUNDED)
    return found


def _list(value: Any) -> list[str]:
    """Names as a body brings them: an array, or text with commas."""
    if value is None:
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [part.strip() for item in value for part in item.split(",") if part.strip()]
    raise bad_payload()


def _whole(value: Any, default: int) -> int:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise bad_payload()
    return value


# ------------------------------------------------------------------------------------------------ Cloud


def _gone(_site: Site, _call: Call) -> Response:
    # Atlassian changelog CHANGE-2046: /search is removed, in both versions of the API.
    raise refusal(410, _GONE)


def _from_query(call: Call) -> dict[str, Any]:
    asked: dict[str, Any] = {"jql": call.param("jql"), "nextPageToken": call.param("nextPageToken") or None}
    if call.param("maxResults"):
        asked["maxResults"] = call.number("maxResults", _PAGE)
    asked |= {name: call.listed(name) for name in ("fields", "expand", "properties")}
    try:
        asked["reconcileIssues"] = [int(text) for text in call.listed("reconcileIssues")]
    except ValueError as error:
        raise refusal(400, "reconcileIssues must be a list of issue ids.") from error
    return asked


def _jql_get(site: Site, call: Call) -> Response:
    return _jql(site, call, _from_query(call))


_BODY: Final = frozenset(
    {
        "jql", "nextPageToken", "maxResults", "fields", "expand", "properties", "fieldsByKeys", "failFast",
        "reconcileIssues",
    }
)  # fmt: skip


def _jql_post(site: Site, call: Call) -> Response:
    body = call.body()
    if body.keys() - _BODY:
        # EnhancedSearchRequest: additionalProperties is false.
        raise bad_payload()
    return _jql(site, call, body)


def _jql(site: Site, call: Call, asked: Mapping[str, Any]) -> Response:
    jql, fields, expand = asked.get("jql"), _list(asked.get("fields")), _list(asked.get("expand"))
    token = asked.get("nextPageToken")
    if not isinstance(jql, str | None) or not isinstance(token, str | None):
        raise bad_payload()
    properties = _list(asked.get("properties"))
    if len(properties) > _MOST_PROPERTIES:
        raise refusal(400, f"You can request a maximum of {_MOST_PROPERTIES} issue properties.")
    most = _whole(asked.get("maxResults"), _PAGE)
    if not 0 < most <= _MOST_IDS:
        raise refusal(400, f"The maxResults parameter must be between 1 and {_MOST_IDS}.")
    live = _reconciled(site, asked.get("reconcileIssues"))
    search = Search(site, _planned(site, call, jql or "", bounded=True), live)
    bare = not expand and not properties and set(fields or ["id"]) <= {"id", "key", "*none"}
    if not bare:
        # search/jql: "API may return fewer items per page where a large number of fields are requested".
        most = min(most, _MOST_ROWS)
    digest = sha256(f"{call.user.login}\n{jql}".encode(errors="replace")).hexdigest()[:12]
    after = None if token is None else _position(call, token, digest)
    rows = list(islice(search.rows(after), most + 1))
    page = rows[:most]
    content: dict[str, Any] = {"issues": [], "isLast": len(rows) <= most}
    if len(rows) > most:
        content["nextPageToken"] = _token(call, search.position(page[-1]), digest)
    inner = replace(call, params={"expand": expand})
    content["issues"] = [_row(site, inner, state, fields, bare=bare, properties=properties) for state in page]
    chosen = _wanted(site, fields)
    if "names" in expand:
        content["names"] = render.names(site, chosen)
    if "schema" in expand:
        content["schema"] = render.schemas(site, chosen)
    return json_response(200, content)


def _row(
    site: Site, call: Call, state: State, fields: list[str], *, bare: bool, properties: list[str]
) -> dict[str, Any]:
    if bare and "key" not in fields:
        # search/jql: the default of `fields` is `id`, and then nothing else comes.
        return {"id": str(state.issue.id)}
    found = issues.issue(
        site,
        call,
        state,
        ids=_wanted(site, fields),
        expand=set(call.listed("expand")) - {"names", "schema"},
        editmeta=lambda: metadata.edit_fields(site, call, state),
        properties=properties,
    )
    if bare:
        del found["fields"]
    return found


def _wanted(site: Site, fields: list[str]) -> list[str]:
    # Only names with a minus: all navigable fields but these; none at all: nothing but the id.
    return render.wanted(site, fields, "*navigable" if fields else "*none")


def _reconciled(site: Site, ids: Any) -> dict[int, State]:
    if ids is None:
        return {}
    if not isinstance(ids, list) or any(isinstance(i, bool) or not isinstance(i, int) for i in ids):
        raise bad_payload()
    if len(ids) > _RECONCILED:
        # search/jql: "Accepts max 50 ids. All issues must exist."
        raise refusal(400, f"The reconcileIssues parameter accepts at most {_RECONCILED} ids.")
    missing = [i for i in ids if i not in site.issues]
    if missing:
        raise refusal(400, f"The issue with id '{missing[0]}' in reconcileIssues does not exist.")
    return {i: site.issues[i].state for i in ids}


def _token(call: Call, position: Position, digest: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([call.now, digest, position]).encode()).decode()


def _position(call: Call, token: str, digest: str) -> Position:
    try:
        made, query, position = json.loads(base64.urlsafe_b64decode(token.encode()))
        age = call.now - int(made)
        found = tuple(int(number) for number in position)
    except (ValueError, TypeError, binascii.Error) as error:
        raise refusal(400, _STALE_PAGE) from error
    if query != digest or age > _TOKEN_LIFE:
        # search/jql: a token is good for the same query, for seven days.
        raise refusal(400, _STALE_PAGE)
    return found


def _count(site: Site, call: Call) -> Response:
    body = call.body()
    if body.keys() - {"jql"} or not isinstance(body.get("jql"), str):
        raise bad_payload()
    found = Search(site, _planned(site, call, body["jql"], bounded=True))
    return json_response(200, {"count": found.count()})


# ------------------------------------------------------------------------------------------------ Data Center


def _classic_get(site: Site, call: Call) -> Response:
    asked: dict[str, Any] = {"jql": call.param("jql")}
    asked |= {name: call.listed(name) for name in ("fields", "expand")}
    asked["startAt"] = call.number("startAt", 0)
    # A search for maxResults=0 only counts.
    asked["maxResults"] = call.number("maxResults", _PAGE, least=-1)
    return _classic(site, call, asked)


def _classic_post(site: Site, call: Call) -> Response:
    return _classic(site, call, call.body())


def _classic(site: Site, call: Call, asked: Mapping[str, Any]) -> Response:
    jql = asked.get("jql")
    if not isinstance(jql, str | None):
        raise bad_payload()
    start = _whole(asked.get("startAt"), 0)
    most = _whole(asked.get("maxResults"), _PAGE)
    # jira.search.views.default.max: an administrator's cap; a larger page is cut in silence, -1 asks for it.
    most = _MOST_DC if most < 0 else min(most, _MOST_DC)
    if start < 0:
        raise refusal(400, "The value of 'startAt' must not be negative.")
    search = Search(site, _planned(site, call, jql or "", bounded=False))
    fields, expand = _list(asked.get("fields")), _list(asked.get("expand"))
    inner = replace(call, params={"expand": [e for e in expand if e not in {"names", "schema"}]})
    content: dict[str, Any] = {
        "expand": "schema,names",
        "startAt": start,
        "maxResults": most,
        "total": search.count(),
        "issues": [
            issues.issue(
                site,
                inner,
                state,
                ids=render.wanted(site, fields, "*navigable"),
                expand=inner.listed("expand"),
                editmeta=partial(metadata.edit_fields, site, call, state),
            )
            for state in islice(search.rows(), start, start + most)
        ],
    }
    chosen = render.wanted(site, fields, "*navigable")
    if "names" in expand:
        content["names"] = render.names(site, chosen)
    if "schema" in expand:
        content["schema"] = render.schemas(site, chosen)
    return json_response(200, content)


CLOUD: Routes = {
    ("GET", "search"): _gone,
    ("POST", "search"): _gone,
    ("GET", "search/jql"): _jql_get,
    ("POST", "search/jql"): _jql_post,
    ("POST", "search/approximate-count"): _count,
}
DATA_CENTER: Routes = {("GET", "search"): _classic_get, ("POST", "search"): _classic_post}
