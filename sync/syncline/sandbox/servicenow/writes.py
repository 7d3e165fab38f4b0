"""Writing rows: what a client may set, the business rules and data policies around it, journal and audit."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from syncline.sandbox.servicenow import incident
from syncline.sandbox.servicenow.access import Call, User
from syncline.sandbox.servicenow.database import Database
from syncline.sandbox.servicenow.people import INTEGRATION, fixed_id
from syncline.sandbox.servicenow.query import Row, stamp
from syncline.sandbox.servicenow.replies import NO_RECORD, RESTRICTED, RefusalError, restricted
from syncline.sandbox.servicenow.schema import BOOLEAN, DATE_TIME, JOURNAL, REFERENCE, FieldSpec

_UNAUDITED: Final = frozenset({"active", "incident_state", "reassignment_count", "reopen_count"})
_ITIL_TABLES: Final = frozenset({"incident"})
_ADMIN_TABLES: Final = frozenset(
    {
        "sys_user",
        "sys_user_group",
        "sys_user_grmember",
        "sys_choice",
        "sys_properties",
        "cmdb_ci",
        "cmdb_ci_service",
    }
)
SYSTEM: Final = User(fixed_id("sys_user", "system"), "system", is_admin=True)


@dataclass(frozen=True, slots=True)
class Input:
    """What a body sets, by column.

    Attributes:
        values: Plain columns; an empty value clears.
        journal: Entries to add to journal columns.
    """

    values: dict[str, str]
    journal: dict[str, str]


class Writer:
    """Carries out writes on the tables.

    Attributes:
        may_delete: User names that may delete incidents. A new instance allows it to admins alone.
        hold_comment: Whether Awaiting Caller demands a comment (a UI policy that some turn into a data policy).
    """

    def __init__(self, database: Database, *, may_delete: frozenset[str], hold_comment: bool) -> None:
        self._database = database
        self.may_delete = may_delete
        self.hold_comment = hold_comment
        self._last_number = 10_000
        self._resolved: deque[tuple[datetime, str]] = deque()

    def read_input(self, table: str, body: Mapping[str, Any], zone: ZoneInfo | None) -> Input:
        """What a body sets. `zone`: values are displayed ones (`sysparm_input_display_value`) of that time zone."""
        found = Input({}, {})
        fields = self._database.specs[table].fields
        for name, given in body.items():
            spec = fields.get(name)
            # What is no field, and what only the platform writes, is ignored.
            if spec is None or spec.read_only:
                continue
            value = _text(name, given)
            if spec.type == JOURNAL:
                if value:
                    found.journal[spec.column] = value
                continue
            # REST API docs: an empty string clears a field, except choice fields.
            if spec.choice and not value:
                continue
            found.values[spec.column] = self._stored(spec, value, zone)
        return found

    def insert(self, table: str, given: Input, call: Call) -> Row:
        """Add a row; gives it. Raises `RefusalError`."""
        self._allow(table, call.user, "Insert")
        sys_id = f"{call.rng.getrandbits(128):032x}"
        row = {column: value for column, value in given.values.items() if value}
        row |= self._system(sys_id, call)
        if table == "incident":
            self._last_number += 1
            incident.prepare(None, row, call.user.sys_id, call.now, f"INC{self._last_number:07}")
            self._demand(table, row, given, inserting=True)
        self._put(table, row, call.now)
        self._journal(table, sys_id, given, call, row)
        return row

    def update(self, table: str, before: Row, given: Input, call: Call) -> Row:
        """Change a row; gives the new one. Raises `RefusalError`."""
        self._allow(table, call.user, "Update")
        if table == "incident" and before.get("state") == incident.CLOSED and not call.user.is_admin:
            # Closed incidents are read-only, except to admins.
            raise restricted("Update")
        after = dict(before)
        for column, value in given.values.items():
            if value:
                after[column] = value
            else:
                after.pop(column, None)
        if table == "incident":
            incident.caller_replies(before, after, call.user.sys_id, given.journal)
            incident.prepare(before, after, call.user.sys_id, call.now, "")
            self._demand(table, after, given, inserting=False)
        if after == before and not given.journal:
            # An update that changes nothing is not carried out: the count and the times stay.
            return before
        after["sys_mod_count"] = str(int(before.get("sys_mod_count", "0")) + 1)
        after["sys_updated_on"] = stamp(call.now)
        after["sys_updated_by"] = call.user.user_name
        self._put(table, after, call.now)
        if table == "incident":
            self._audit(before, after, call)
            self._cascade(before, after, call)
        self._journal(table, before["sys_id"], given, call, after)
        return after

    def delete(self, table: str, sys_id: str, call: Call) -> None:
        """Remove a row for good. Raises `RefusalError`."""
        if table not in _ITIL_TABLES | _ADMIN_TABLES | {"sys_attachment"}:
            raise restricted("Delete")
        if not call.user.is_admin and not (
            call.user.user_name in self.may_delete and table not in _ADMIN_TABLES
        ):
            raise restricted("Delete")
        row = self._database.tables[table].remove(sys_id, call.now)
        if row is None:
            raise RefusalError(404, NO_RECORD, RESTRICTED)
        if table == "sys_choice":
            self._database.forget_labels()
        self._record(
            "sys_audit_delete",
            {
                "tablename": table,
                "documentkey": sys_id,
                "display_value": row.get(self._database.specs[table].display, ""),
                "user": call.user.user_name,
            },
            call,
        )

    def close_resolved(self, now: datetime, days: float, rng: Random) -> None:
        """Close incidents that have been resolved for that long, as the scheduled job does."""
        limit = now - timedelta(days=days)
        while self._resolved and self._resolved[0][0] <= limit:
            at, sys_id = self._resolved.popleft()
            row = self._database.tables["incident"].rows.get(sys_id)
            if (
                row is not None
                and row.get("state") == incident.RESOLVED
                and row.get("resolved_at") == stamp(at)
            ):
                self.update("incident", row, Input({"state": incident.CLOSED}, {}), Call(SYSTEM, now, rng))

    def add_row(self, table: str, row: Mapping[str, str], call: Call) -> Row:
        """Add a row that no client could write, such as an attachment's."""
        return self._record(table, row, call)

    def _allow(self, table: str, user: User, what: str) -> None:
        if not (table in _ITIL_TABLES or (table in _ADMIN_TABLES and user.is_admin)):
            raise restricted(what)

    def _stored(self, spec: FieldSpec, value: str, zone: ZoneInfo | None) -> str:
        if zone is not None and value:
            if spec.choice or spec.type == REFERENCE:
                # An unknown one is stored as it is.
                value = next(iter(self._database.stored((spec,), value)), value)
            elif spec.type == DATE_TIME:
                moment = _parsed(value)
                value = stamp(moment.replace(tzinfo=zone)) if moment is not None else ""
        if spec.type == DATE_TIME:
            # What is no date does not get into a date field.
            return value if _parsed(value) is not None else ""
        if spec.type == BOOLEAN:
            return "true" if value.lower() in {"true", "1"} else "false"
        # KB0534905: values are stored as given, be they on the choice list or not; the database cuts what is too long.
        return value[: spec.max_length]

    def _demand(self, table: str, row: Mapping[str, str], given: Input, *, inserting: bool) -> None:
        spec = self._database.specs[table]
        labels = incident.missing(row, given.journal, spec, hold_comment=self.hold_comment)
        for name in sorted(self._database.mandatory):
            required = spec.fields.get(name)
            if required is None or row.get(required.column):
                continue
            # A data policy looks at what a write leaves behind; older rows fail only where the field is touched.
            if inserting or required.column in given.values:
                labels.append(required.label)
        if labels:
            listed = ", ".join(dict.fromkeys(labels))
            detail = f"Data Policy Exception: The following fields are mandatory: {listed}"
            raise RefusalError(403, "Operation Failed", detail)

    def _system(self, sys_id: str, call: Call) -> dict[str, str]:
        at = stamp(call.now)
        return {
            "sys_id": sys_id,
            "sys_created_on": at,
            "sys_created_by": call.user.user_name,
            "sys_updated_on": at,
            "sys_updated_by": call.user.user_name,
            "sys_mod_count": "0",
        }

    def _put(self, table: str, row: Row, now: datetime) -> None:
        self._database.tables[table].put(row, now)
        if table == "sys_choice":
            self._database.forget_labels()
        if table == "incident" and row.get("state") == incident.RESOLVED:
            self._resolved.append((now.replace(microsecond=0), row["sys_id"]))

    def _record(self, table: str, row: Mapping[str, str], call: Call) -> Row:
        complete = {
            **{k: v for k, v in row.items() if v},
            **self._system(f"{call.rng.getrandbits(128):032x}", call),
        }
        self._database.tables[table].put(complete, call.now)
        return complete

    def _journal(self, table: str, sys_id: str, given: Input, call: Call, row: Row) -> None:
        for column, text in given.journal.items():
            entry = {"name": table, "element": column, "element_id": sys_id, "value": text}
            self._record("sys_journal_field", entry, call)
            self._changed(table, sys_id, column, "", text, call, row)

    def _audit(self, before: Row, after: Row, call: Call) -> None:
        table = self._database.specs["incident"]
        for column in sorted({column for column, _ in before.items() ^ after.items()}):
            spec = table.by_column(column)
            old, new = before.get(column, ""), after.get(column, "")
            if spec is not None and not column.startswith("sys_") and column not in _UNAUDITED:
                self._changed("incident", after["sys_id"], spec.name, old, new, call, after)

    def _changed(
        self,
        table: str,
        sys_id: str,
        field: str,
        old: str,
        new: str,
        call: Call,
        row: Row,
    ) -> None:
        entry = {
            "tablename": table,
            "documentkey": sys_id,
            "fieldname": field,
            "oldvalue": old,
            "newvalue": new,
            "user": call.user.user_name,
            "record_checkpoint": row["sys_mod_count"],
        }
        self._record("sys_audit", entry, call)

    def _cascade(self, before: Row, after: Row, call: Call) -> None:
        """Resolving a parent resolves its children."""
        if after.get("state") != incident.RESOLVED or before.get("state") == incident.RESOLVED:
            return
        closing = {column: after[column] for column in ("state", "close_code", "close_notes")}
        for child in self._database.tables["incident"].where("parent_incident", after["sys_id"]):
            if child.get("state") not in {incident.RESOLVED, incident.CLOSED, incident.CANCELED}:
                self.update("incident", child, Input(dict(closing), {}), call)


def default_deleters() -> frozenset[str]:
    """Only admins may delete on a new instance; the integration account has been given it, as on a developer's."""
    return frozenset({INTEGRATION})


def _text(name: str, given: Any) -> str:
    """A JSON value as the text that is stored: everything is a string."""
    if given is None:
        return ""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, str):
        return given
    if isinstance(given, int | float):
        return str(given)
    raise RefusalError(
        400, "Exception while reading request", f"The value of {name} is neither text, number nor boolean"
    )


def _parsed(text: str) -> datetime | None:
    try:
        # Times on the wire are UTC by definition, or of the user's zone: the caller knows.
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
