"""The replies of the simulated instance: errors in the vendor's shape, and records as the Table API shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from syncline.sandbox.platform import Request, Response, json_response
from syncline.sandbox.servicenow.database import Database
from syncline.sandbox.servicenow.people import fixed_id
from syncline.sandbox.servicenow.query import Path, Row
from syncline.sandbox.servicenow.schema import JOURNAL, JOURNAL_LIST, REFERENCE, FieldSpec

JSON_TYPE: Final = "application/json;charset=UTF-8"
RULE_ID: Final = fixed_id("sys_rate_limit_rules", "sandbox")

NO_RECORD: Final = "No Record found"
RESTRICTED: Final = "Record doesn't exist or ACL restricts the record retrieval"


class RefusalError(Exception):
    """The request is answered with an error; `response` is the reply."""

    def __init__(self, status: int, message: str, detail: str | None = None, **headers: str) -> None:
        super().__init__(message)
        self.response = failure(status, message, detail, headers)


def failure(
    status: int, message: str, detail: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """`{"error": {"message", "detail"}, "status": "failure"}`."""
    content = {"error": {"message": message, "detail": detail}, "status": "failure"}
    return json_response(status, content, {"Content-Type": JSON_TYPE, **(headers or {})})


def unauthenticated() -> RefusalError:
    """No or wrong credentials."""
    refusal = RefusalError(401, "User Not Authenticated", "Required to provide Auth information")
    headers = {**refusal.response.headers, "WWW-Authenticate": 'BASIC realm="Service-now"'}
    refusal.response = Response(401, refusal.response.body, headers)
    return refusal


def restricted(what: str) -> RefusalError:
    """An ACL forbids it: `Update`, `Delete`, `Insert`."""
    return RefusalError(403, "Operation Failed", f"ACL Exception {what} Failed due to security constraints")


def throttled(now: datetime, limit: int) -> Response:
    """The 429 of a rate limit rule: counted by the hour (Inbound REST API rate limiting docs)."""
    reset = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    headers = {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Reset": str(int(reset.timestamp())),
        "X-RateLimit-Rule": RULE_ID,
        "Retry-After": str(max(1, int((reset - now).total_seconds()))),
    }
    detail = f"Rate limit of {limit} requests per hour for Table API exceeded"
    return failure(429, "Rate limit exceeded", detail, headers)


def page(status: int, title: str, text: str) -> Response:
    """An HTML page, as the front end of an instance gives it whatever was asked for."""
    body = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"
    return Response(status, body.encode(), {"Content-Type": "text/html;charset=UTF-8"})


@dataclass(frozen=True, slots=True)
class View:
    """How a client wants records shown.

    Attributes:
        base: `http://host`, for links.
        paths: Name to path of the fields asked for; None: all.
        display: `false`, `true` or `all`.
        links: Whether references carry a link.
        zone: The user's, for displayed times.
    """

    base: str
    paths: Mapping[str, Path] | None
    display: str
    links: bool
    zone: ZoneInfo


def base_url(request: Request) -> str:
    """The address that the client used."""
    scheme = request.header("x-forwarded-proto") or "http"
    return f"{scheme}://{request.header('host') or 'localhost'}"


class Renderer:
    """Shows rows as the Table API does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def view(self, request: Request, params: Mapping[str, str], table: str, zone: ZoneInfo) -> View:
        """The view that the request's parameters ask for."""
        display = params.get("sysparm_display_value", "false").lower()
        paths: dict[str, Path] | None = None
        if names := params.get("sysparm_fields"):
            # Table API docs: invalid fields are ignored.
            found = {name.strip(): self._database.path(table, name.strip()) for name in names.split(",")}
            paths = {name: path for name, path in found.items() if path is not None}
        return View(
            base_url(request),
            paths,
            display if display in {"true", "all"} else "false",
            params.get("sysparm_exclude_reference_link", "").lower() != "true",
            zone,
        )

    def record(
        self, table: str, row: Row, view: View, unreadable: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """One row. Fields that the user may not read are absent, not null."""
        shown: dict[str, Any] = {}
        if view.paths is None:
            for name, spec in self._database.specs[table].fields.items():
                if name not in unreadable:
                    shown[name] = self._value(row, spec, row.get(spec.column, spec.default), view)
            return shown
        walk = self._database.walk
        for name, path in view.paths.items():
            if name in unreadable:
                continue
            spec = path[-1]
            value = row.get(spec.column, spec.default) if len(path) == 1 else walk(row, path)
            shown[name] = self._value(row, spec, value, view)
        return shown

    def _value(self, row: Row, spec: FieldSpec, value: str, view: View) -> Any:
        if view.display == "false":
            if spec.type == REFERENCE and value:
                return {"link": self._link(spec, value, view), "value": value} if view.links else value
            return value
        if spec.type in {JOURNAL, JOURNAL_LIST}:
            text = self._journal(row, spec, view.zone)
            return text if view.display == "true" else {"display_value": text, "value": ""}
        text = self._database.display(spec, value, view.zone)
        linked = spec.type == REFERENCE and bool(value) and view.links
        if view.display == "true":
            return {"display_value": text, "link": self._link(spec, value, view)} if linked else text
        both = {"display_value": text, "value": value}
        return {**both, "link": self._link(spec, value, view)} if linked else both

    def _link(self, spec: FieldSpec, value: str, view: View) -> str:
        return f"{view.base}/api/now/table/{spec.reference}/{value}"

    def _journal(self, row: Row, spec: FieldSpec, zone: ZoneInfo) -> str:
        """The entries of a record in one text, newest first, as a form shows them."""
        wanted = {"comments", "work_notes"} if spec.type == JOURNAL_LIST else {spec.column}
        entries: Sequence[Row] = self._database.tables["sys_journal_field"].where("element_id", row["sys_id"])
        users = self._database.tables["sys_user"]
        label = {"comments": "Additional comments", "work_notes": "Work notes"}
        created = self._database.field("sys_journal_field", "sys_created_on")
        parts = []
        for entry in reversed(entries):
            if entry["element"] in wanted:
                author = next(
                    (u["name"] for u in users.where("user_name", entry["sys_created_by"])),
                    entry["sys_created_by"],
                )
                at = self._database.display(created, entry["sys_created_on"], zone)
                parts.append(f"{at} - {author} ({label[entry['element']]})\n{entry['value']}\n\n")
        return "".join(parts)
