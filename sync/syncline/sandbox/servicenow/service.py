"""A simulated ServiceNow instance: incidents behind the Table API, with what the platform itself does to them.

Facts are those of the Table API, Attachment API and REST API documentation (Australia release) unless a comment
names another source.
"""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from syncline.sandbox.platform import Request, Response, json_response
from syncline.sandbox.servicenow.access import Access, Call, User
from syncline.sandbox.servicenow.attachments import AttachmentApi
from syncline.sandbox.servicenow.database import Database
from syncline.sandbox.servicenow.people import GROUPS, INTEGRATION, PEOPLE, Person
from syncline.sandbox.servicenow.query import Row
from syncline.sandbox.servicenow.replies import RefusalError, page
from syncline.sandbox.servicenow.replies import throttled as throttled_reply
from syncline.sandbox.servicenow.table_api import TableApi
from syncline.sandbox.servicenow.writes import Writer, default_deleters

_VERSIONS: Final = ("v1", "v2")
_CANCELLED: Final = "Transaction cancelled: maximum execution time exceeded"

Hidden = Collection[str] | Callable[[Row], bool]
"""The sys_ids, or a test for the rows, of incidents that the integration account may not see."""


class ServiceNow:
    """One instance. The integration account is `syncline` / `sandbox`; anyone else of `people` signs in with any password.

    Attributes:
        hidden: What the integration account may not see.
        cancelled_queries: How many of the next list requests are killed half-way by a quota rule.
        journal_readable: Whether the integration account may read `sys_journal_field`.
        audit_readable: Whether it may read `sys_audit`.
        requests_per_hour: A rate limit rule for each user; None: no rule.
    """

    platform: Final = "servicenow"

    def __init__(
        self,
        *,
        people: Sequence[Person] = PEOPLE,
        groups: Sequence[str] = GROUPS,
        index_lag: float = 0.0,
        hidden: Hidden = (),
        unreadable_fields: Collection[str] = (),
        invalid_query_returns_no_rows: bool = False,
        journal_readable: bool = True,
        audit_readable: bool = True,
        time_zone: str = "America/Los_Angeles",
        token_lifetime: float = 1800.0,
        requests_per_hour: int | None = None,
        may_delete: Collection[str] | None = None,
        hold_comment: bool = False,
        autoclose_days: float | None = None,
        cancelled_queries: int = 0,
    ) -> None:
        """`time_zone` is that of displayed times; that of a new instance is US Pacific. `autoclose_days` is off
        by default: on, resolved incidents close by themselves. See `Writer` for `may_delete`, `hold_comment`."""
        self.hidden = hidden
        self.journal_readable = journal_readable
        self.audit_readable = audit_readable
        self.requests_per_hour = requests_per_hour
        self.cancelled_queries = cancelled_queries
        self._autoclose_days = autoclose_days
        self._now = datetime(2026, 1, 1, tzinfo=UTC)
        self._database = Database(people, groups)
        self._access = Access({person.user_name: person for person in people}, token_lifetime)
        deleters = frozenset(may_delete) if may_delete is not None else default_deleters()
        self._writer = Writer(self._database, may_delete=deleters, hold_comment=hold_comment)
        zone = ZoneInfo(time_zone)
        self._tables = TableApi(
            self._database, self._writer, zone, self._visible, frozenset(unreadable_fields)
        )
        self._tables.index_lag = index_lag
        self._attachments = AttachmentApi(self._database, self._writer, self._tables, self._visible)
        if invalid_query_returns_no_rows:
            self.set_property("glide.invalid_query.returns_no_rows", "true")

    @property
    def index_lag(self) -> float:
        """Seconds by which lists lag behind what was written."""
        return self._tables.index_lag

    @index_lag.setter
    def index_lag(self, seconds: float) -> None:
        self._tables.index_lag = seconds

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        """Answer one request at that moment."""
        self._now = now
        if self._autoclose_days is not None:
            self._writer.close_resolved(now, self._autoclose_days, rng)
        try:
            return self._answer(request, now, rng)
        except RefusalError as refusal:
            return refusal.response

    def actor(self, request: Request) -> str:
        """The user name of the request's credentials, right or not; empty where they name none."""
        return self._access.name(request) or ""

    def throttled(self, now: datetime) -> Response:
        """The 429 of a rate limit rule."""
        return throttled_reply(now, self.requests_per_hour or 1000)

    def unavailable(self, status: int) -> Response:
        """What the front end of an instance says while there is none behind it: a page."""
        return page(status, "Service unavailable", "The instance is temporarily unavailable.")

    def hibernating(self) -> Response:
        """What a developer instance that sleeps says to everything: a page, with status 200."""
        return page(200, "Instance Hibernating page", "Your instance is hibernating.")

    def cancelled(self, response: Response) -> Response:
        """A list reply whose query was killed by a quota rule: part of the rows and an error, with status 200
        (seen by users of the ansible and sndml clients)."""
        if response.status != 200 or "Content-Disposition" in response.headers:  # a file is no list
            return response
        content = json.loads(response.body or b"{}")
        rows = content.get("result") if isinstance(content, dict) else None
        if not isinstance(rows, list):
            return response
        detail = f"{_CANCELLED} Check logs for error trace or enable glide.rest.debug property to verify REST request processing"
        error = {"message": _CANCELLED, "detail": detail}
        return json_response(
            200, {"result": rows[: len(rows) // 2], "error": error, "status": "failure"}, response.headers
        )

    def rename_field(self, old: str, new: str) -> None:
        """Schema drift: a field of `incident` gets another name. Raises ValueError where there is none."""
        self._database.rename_field("incident", old, new, self._now)

    def require_field(self, name: str) -> None:
        """Schema drift: a field of `incident` becomes mandatory; it is added where it is missing."""
        self._database.require_field("incident", name, self._now)

    def drop_choice(self, field: str, value: str) -> None:
        """Schema drift: an entry of a choice list goes. Raises ValueError where there is none."""
        self._database.drop_choice(field, value, self._now)

    def set_property(self, name: str, value: str) -> None:
        """Set a system property."""
        table = self._database.tables["sys_properties"]
        for row in table.where("name", name):
            table.put({**row, "value": value}, self._now)

    def expire_tokens(self) -> None:
        """Make every OAuth access token invalid."""
        self._access.expire_tokens()

    def snapshot(self) -> dict[str, Any]:
        """Everything, as plain JSON: `records` (incidents with stored values, `remarks`, `attachments`, `history`),
        `users`, `groups`, `deleted`."""
        tables = self._database.tables
        fields = self._database.specs["incident"].fields
        records = []
        for row in tables["incident"].rows.values():
            record: dict[str, Any] = {
                name: row.get(spec.column, spec.default) for name, spec in fields.items()
            }
            record["remarks"] = [
                {
                    "id": entry["sys_id"],
                    "element": entry["element"],
                    "author": entry["sys_created_by"],
                    "at": entry["sys_created_on"],
                    "text": entry["value"],
                }
                for entry in tables["sys_journal_field"].where("element_id", row["sys_id"])
            ]
            record["attachments"] = [
                dict(a) for a in tables["sys_attachment"].where("table_sys_id", row["sys_id"])
            ]
            record["history"] = [
                dict(entry) for entry in tables["sys_audit"].where("documentkey", row["sys_id"])
            ]
            records.append(record)
        return {
            "platform": self.platform,
            "records": records,
            "users": [dict(row) for row in tables["sys_user"].rows.values()],
            "groups": [dict(row) for row in tables["sys_user_group"].rows.values()],
            "deleted": [dict(row) for row in tables["sys_audit_delete"].rows.values()],
        }

    def _answer(self, request: Request, now: datetime, rng: Random) -> Response:
        method = request.header("x-http-method-override").upper() or request.method
        method = "GET" if method == "HEAD" else method
        parts = [part for part in request.path.split("/") if part]
        if parts == ["oauth_token.do"] and method == "POST":
            return self._access.issue(request, now, rng)
        user = self._access.user(request, now)
        if self.requests_per_hour is not None and self._access.over_limit(user, now, self.requests_per_hour):
            return self.throttled(now)
        if parts[:2] != ["api", "now"]:
            raise _no_such_resource()
        pairs = request.params
        call = Call(user, now, rng, pairs, dict(reversed(pairs)))
        rest = parts[2:]
        version = rest.pop(0) if rest and rest[0] in _VERSIONS else "v2"
        match rest:
            case ["table", _] | ["table", _, _]:
                response = self._tables.handle(request, method, version, rest[1:], call)
                return self._perhaps_cancelled(method, rest, response)
            case ["attachment", *further]:
                return self._attachments.handle(request, method, further, call)
            case _:
                raise _no_such_resource()

    def _perhaps_cancelled(self, method: str, rest: list[str], response: Response) -> Response:
        if self.cancelled_queries and method == "GET" and len(rest) == 2:
            self.cancelled_queries -= 1
            return self.cancelled(response)
        return response

    def _visible(self, user: User, table: str, row: Row) -> bool:
        if user.user_name != INTEGRATION:
            return True
        if table == "sys_journal_field":
            return self.journal_readable and self._incident_visible(row.get("element_id", ""))
        if table == "sys_audit":
            return self.audit_readable and self._incident_visible(row.get("documentkey", ""))
        return table != "incident" or self._incident_visible(row["sys_id"])

    def _incident_visible(self, sys_id: str) -> bool:
        row = self._database.tables["incident"].rows.get(sys_id)
        if row is None:
            return True
        return not (self.hidden(row) if callable(self.hidden) else row["sys_id"] in self.hidden)


def _no_such_resource() -> RefusalError:
    # REST API HTTP response codes docs: 400 where the URI does not match the APIs in the system.
    return RefusalError(400, "Requested URI does not represent any resource")
