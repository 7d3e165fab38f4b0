"""The Table API: `/api/now/table/{table}` and its versions."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from syncline.sandbox.platform import Request, Response, json_response
from syncline.sandbox.servicenow.access import Call, User
from syncline.sandbox.servicenow.database import Database, Found
from syncline.sandbox.servicenow.query import Query, Reader, Row, pairs_query, parse
from syncline.sandbox.servicenow.replies import (
    JSON_TYPE,
    NO_RECORD,
    RESTRICTED,
    RefusalError,
    Renderer,
    base_url,
)
from syncline.sandbox.servicenow.writes import Writer

LARGEST_BODY: Final = 10 * 1024 * 1024
_DEFAULT_LIMIT: Final = 10_000
_LONGEST_LINKS: Final = 8_192
_NO_ROWS: Final = "glide.invalid_query.returns_no_rows"

Visible = Callable[[User, str, Row], bool]
"""Whether a user may see a row of a table."""


class TableApi:
    """Answers the requests of the Table API.

    Attributes:
        index_lag: Seconds by which lists lag behind what was written: rows become visible at commit, later
            than their `sys_updated_on` says. A row that is read by its sys_id never lags.
    """

    def __init__(
        self, database: Database, writer: Writer, zone: ZoneInfo, visible: Visible, unreadable: frozenset[str]
    ) -> None:
        self._database = database
        self._writer = writer
        self._renderer = Renderer(database)
        self._zone = zone
        self._visible = visible
        self._unreadable = unreadable
        self.index_lag = 0.0

    def handle(
        self,
        request: Request,
        method: str,
        version: str,
        rest: list[str],
        call: Call,
    ) -> Response:
        """Answer one request. `rest` is the path after `table`. Raises `RefusalError`."""
        table = rest[0]
        if table not in self._database.tables:
            raise RefusalError(400, f"Invalid table {table}")
        _check_accept(request, required=method in {"POST", "PUT", "PATCH"})
        match method, len(rest):
            case "GET", 1:
                return self._list(request, version, table, call)
            case "GET", 2:
                return self._show(200, request, table, self._row(table, rest[1], call.user), call)
            case "POST", 1:
                given = self._input(request, table, call)
                row = self._writer.insert(table, given, call)
                location = f"{base_url(request)}/api/now/table/{table}/{row['sys_id']}"
                return self._show(201, request, table, row, call, {"Location": location})
            case (("PUT" | "PATCH"), 2):
                before = self._row(table, rest[1], call.user)
                given = self._input(request, table, call)
                return self._show(200, request, table, self._writer.update(table, before, given, call), call)
            case "DELETE", 2:
                self._row(table, rest[1], call.user)
                self._writer.delete(table, rest[1], call)
                return Response(204)
            case _:
                raise RefusalError(
                    405, "Method not supported", f"{method} is not supported for {request.path}"
                )

    def find(self, table: str, call: Call, limit: int) -> Found:
        """The page of rows that the request's parameters ask for; `limit` where they name none. Those that the
        user may not see are still among them."""
        query = self._query(table, call)
        wanted, offset = _count(call, "sysparm_limit", limit, 1), _count(call, "sysparm_offset", 0, 0)
        if query is None:
            return Found([], 0)
        seen_at = call.now - timedelta(seconds=self.index_lag) if self.index_lag > 0 else None
        counted = not call.flag("sysparm_no_count")
        return self._database.search(
            table, query, offset=offset, limit=wanted, count=counted, seen_at=seen_at, rng=call.rng
        )

    def _list(self, request: Request, version: str, table: str, call: Call) -> Response:
        found = self.find(table, call, _DEFAULT_LIMIT)
        view = self._renderer.view(request, call.params, table, self._zone)
        unreadable = self._may_not_read(call.user)
        # The limit is applied before ACLs: rows that the user may not see make the page short (Table API docs).
        rows = [
            self._renderer.record(table, row, view, unreadable)
            for row in found.rows
            if self._visible(call.user, table, row)
        ]
        if version == "v1" and not rows:
            # Table API docs: version 1 answers 404 where later ones answer 200 with an empty list.
            raise RefusalError(
                404, NO_RECORD, "Records matching query not found. Check query parameter or offset parameter"
            )
        headers = {"Content-Type": JSON_TYPE}
        if found.total is not None:
            headers["X-Total-Count"] = str(found.total)
        if not call.flag("sysparm_suppress_pagination_header"):
            links = _links(request, call, found.total, _DEFAULT_LIMIT)
            if len(links) > _LONGEST_LINKS:
                # A very long query does not fit into the Link header.
                raise RefusalError(
                    400, "Pagination not supported", "The query is too long for the pagination header"
                )
            headers["Link"] = links
        return json_response(200, {"result": rows}, headers)

    def _query(self, table: str, call: Call) -> Query | None:
        """The query; None where an invalid one gives no rows."""
        resolve = lambda name: self._database.path(table, name)  # noqa: E731
        if text := call.params.get("sysparm_query"):
            query = parse(text, resolve, Reader(call.user.sys_id, call.user.user_name, self._zone))
        else:
            pairs = [(name, value) for name, value in call.pairs if not name.startswith("sysparm_")]
            query = pairs_query(pairs, resolve, self._database.stored)
        # By default the invalid part is dropped and the rest answers (Table API docs).
        return None if query.invalid and self._database.property(_NO_ROWS) == "true" else query

    def _row(self, table: str, sys_id: str, user: User) -> Row:
        row = self._database.tables[table].rows.get(sys_id)
        if row is None or not self._visible(user, table, row):
            raise RefusalError(404, NO_RECORD, RESTRICTED)
        return row

    def _may_not_read(self, user: User) -> frozenset[str]:
        return frozenset() if user.is_admin else self._unreadable

    def _input(self, request: Request, table: str, call: Call) -> Any:
        body = read_json(request)
        zone = self._zone if call.flag("sysparm_input_display_value") else None
        return self._writer.read_input(table, body, zone)

    def _show(
        self,
        status: int,
        request: Request,
        table: str,
        row: Row,
        call: Call,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        if request.header("x-no-response-body").lower() == "true" and request.method != "GET":
            return Response(status, b"", headers or {})
        view = self._renderer.view(request, call.params, table, self._zone)
        shown = self._renderer.record(table, row, view, self._may_not_read(call.user))
        return json_response(status, {"result": shown}, {"Content-Type": JSON_TYPE, **(headers or {})})


def read_json(request: Request) -> Mapping[str, Any]:
    """The object in the body. Of several only the first is looked at (KB0534905). Raises `RefusalError`."""
    kind = request.header("content-type")
    if not kind:
        # REST API docs: POST, PUT and PATCH need both Accept and Content-Type.
        raise RefusalError(400, "Invalid Content-Type", "The Content-Type header is required")
    if "json" not in kind:
        raise RefusalError(415, "Unsupported Media Type", f"The endpoint does not support {kind}")
    if len(request.body) > LARGEST_BODY:
        size = len(request.body)
        detail = f"Rejected large REST payload with content-length = {size} bytes. Max allowed: {LARGEST_BODY} bytes."
        raise RefusalError(413, "Exception while reading request", detail)
    try:
        content = json.loads(request.body)
    except (ValueError, RecursionError):
        raise RefusalError(400, "Exception while reading request", "The payload is not valid JSON.") from None
    if isinstance(content, list) and content:
        content = content[0]
    if not isinstance(content, dict):
        raise RefusalError(400, "Exception while reading request", "The payload is not a JSON object.")
    return content


def _check_accept(request: Request, *, required: bool) -> None:
    accept = request.header("accept")
    if not accept:
        if required:
            raise RefusalError(400, "Invalid Accept", "The Accept header is required")
        return
    if not any(kind in accept for kind in ("json", "*/*", "application/*")):
        raise RefusalError(406, "Not Acceptable", f"The endpoint does not support {accept}")


def _count(call: Call, name: str, default: int, least: int) -> int:
    text = call.params.get(name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < least:
        # Table API docs: no negative numbers.
        raise RefusalError(400, f"Invalid {name}", f"{text} is not a number of {least} or more")
    return int(text)


def _links(request: Request, call: Call, total: int | None, default_limit: int) -> str:
    """The Link header: first, prev, next, last, each with all the parameters of this request."""
    limit, offset = _count(call, "sysparm_limit", default_limit, 1), _count(call, "sysparm_offset", 0, 0)
    places = {"first": 0}
    if offset:
        places["prev"] = max(0, offset - limit)
    if total is None or offset + limit < total:
        places["next"] = offset + limit
    if total is not None:
        places["last"] = max(0, total - 1) // limit * limit
    kept = urlencode([(name, value) for name, value in call.pairs if name != "sysparm_offset"])
    address = f"{base_url(request)}{request.path}?{kept}{'&' if kept else ''}sysparm_offset="
    return ",".join(f'<{address}{at}>;rel="{rel}"' for rel, at in places.items())
