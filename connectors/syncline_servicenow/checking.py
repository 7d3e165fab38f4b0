"""Looking whether an instance can be worked with: what `syncline check` shows."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Final

from syncline.connector import Finding, Look, Schema, Severity, canonical_text, looks
from syncline.errors import Configuration
from syncline.http.client import Http
from syncline_servicenow.client import Client, Rows
from syncline_servicenow.query import both, named_fields, term
from syncline_servicenow.records import EDIT_COLUMNS, REMARK_COLUMNS, Row, Shape
from syncline_servicenow.schema import Dictionary
from syncline_servicenow.settings import ServiceNowSettings
from syncline_servicenow.values import said

WRITERS: Final = frozenset({"itil", "sn_incident_write"})
"""Roles of the base system that may write incidents."""

_QUERIED: Final = (
    "sys_id",
    "number",
    "sys_created_on",
    "sys_updated_on",
    "correlation_id",
    "correlation_display",
)
_PYSNOW: Final = "0.7."


class Check:
    """One look at one instance."""

    def __init__(self, client: Client, http: Http, settings: ServiceNowSettings, shape: Shape) -> None:
        self._client = client
        self._http = http
        self._settings = settings
        self._shape = shape

    def findings(self) -> Iterator[Finding]:
        """One finding for each thing looked at; only the first where the instance does not answer."""
        return looks(
            self._http,
            self._newest,
            f"the account may read {self._settings.table}",
            "Check credentials, table and roles of the account.",
            Look("permissions", self._account),
            Look("permissions", self._journal),
            Look("history", self._audit),
            Look("schema", self._fields),
            Look("schema", self._invalid_terms),
            Look("library", self._library),
        )

    def _newest(self) -> Rows:
        query = "ORDERBYDESCsys_updated_on"
        return self._client.rows(self._settings.table, query, self._shape.columns, 1)

    def _account(self) -> Iterator[Finding]:
        """Who we are, our time zone, and our roles."""
        name = self._settings.username
        user = self._one(
            "sys_user",
            term("user_name", "=", name),
            ("sys_id", "user_name", "time_zone", "active"),
            "user_name",
            name,
        )
        if user is None:
            yield Finding(
                "permissions",
                Severity.WARNING,
                f"the user {name} is not to be seen in sys_user, so e-mail addresses may not be either",
                "Let the account read sys_user and sys_user_group, and check the spelling of username.",
            )
            return
        zone = canonical_text(said(user.get("time_zone"))) or "that of the instance"
        yield Finding(
            "time zone", Severity.OK, f"the account's zone ({zone}) has no influence: times travel in UTC"
        )
        query = term("user", "=", self._client.sys_id(user, "sys_user"))
        try:
            rows = self._client.rows("sys_user_has_role", query, ("sys_id", "user", "role.name"), 500).rows
        except Configuration:
            # Ordinary accounts may not read it.
            rows = ()
        roles = {canonical_text(said(row.get("role.name"))) for row in rows} - {""}
        yield self._roles(name, roles)

    def _roles(self, name: str, roles: set[str]) -> Finding:
        if not roles:
            return Finding(
                "permissions",
                Severity.WARNING,
                f"the roles of {name} are not to be seen, so whether it may write is not known",
                f"Make sure that it has one of {', '.join(sorted(WRITERS))}, or let it read sys_user_has_role.",
            )
        if "admin" in roles:
            return Finding(
                "permissions",
                Severity.WARNING,
                f"{name} is an administrator, which is more than Syncline needs",
                "Use an account with the roles that the operator's guide lists.",
            )
        if roles & WRITERS:
            return Finding(
                "permissions",
                Severity.OK,
                f"{name} may write incidents ({', '.join(sorted(roles & WRITERS))})",
            )
        return Finding(
            "permissions",
            Severity.WARNING,
            f"{name} has none of the roles {', '.join(sorted(WRITERS))}",
            "Give it one of them, unless a rule of your own lets it write.",
        )

    def _journal(self) -> Iterator[Finding]:
        page = self._client.rows(
            "sys_journal_field",
            both(term("name", "=", self._settings.table), "elementINcomments,work_notes"),
            REMARK_COLUMNS,
            1,
        )
        yield self._readable(
            "permissions", "sys_journal_field", page, "comments and work notes", REMARK_COLUMNS
        )

    def _audit(self) -> Iterator[Finding]:
        table = self._settings.table
        rows = self._client.rows(
            "sys_dictionary",
            both(term("name", "=", table), term("internal_type", "=", "collection")),
            ("sys_id", "name", "internal_type", "audit"),
            1,
        ).rows
        if rows and said(rows[0].get("audit")) == "false":
            yield Finding(
                "history",
                Severity.WARNING,
                f"auditing of {table} is off, so edits that we overwrite cannot be found afterwards",
                f"Switch Audit on in the dictionary entry of {table}.",
            )
            return
        page = self._client.rows("sys_audit", term("tablename", "=", table), EDIT_COLUMNS, 1)
        yield self._readable("history", "sys_audit", page, "the change history", EDIT_COLUMNS)

    def _readable(self, check: str, table: str, page: Rows, what: str, columns: Sequence[str]) -> Finding:
        """Whether a table's rows can be seen, and all columns of them."""
        fix = f"Let the account read {table} (an ACL, or a role that has it)."
        if not page.rows and page.total:
            return Finding(
                check, Severity.ERROR, f"{what} cannot be read: the rows of {table} are hidden", fix
            )
        hidden = [column for column in columns if page.rows and column not in page.rows[0]]
        if hidden:
            return Finding(
                check,
                Severity.ERROR,
                f"{what} cannot be read: {table} hides {', '.join(hidden)}",
                fix,
            )
        if not page.rows:
            return Finding(check, Severity.OK, f"{what} can be asked for; there are none yet")
        return Finding(check, Severity.OK, f"{what} can be read")

    def _fields(self) -> Iterator[Finding]:
        """Whether every field that we ask for and query by exists, and may be read."""
        page = self._newest()
        schema: Schema = Dictionary(self._client, self._settings.table).schema(self._shape.values)
        own = dict.fromkeys((*_QUERIED, *self._shape.values, *named_fields(self._settings.filter)))
        missing = [name for name in own if name.partition(".")[0] not in schema.fields]
        if missing:
            yield Finding(
                "schema",
                Severity.ERROR,
                f"{self._settings.table} has no {', '.join(missing)}; ServiceNow ignores such a field without a word",
                "Correct the mapping and the setting filter, or let the account read sys_dictionary.",
            )
        hidden = [
            name
            for name in self._shape.columns
            if page.rows and name not in page.rows[0] and name not in missing
        ]
        if hidden:
            yield Finding(
                "schema",
                Severity.ERROR if set(hidden) & set(_QUERIED) else Severity.WARNING,
                f"the account may not read {', '.join(hidden)} of {self._settings.table}",
                "Give it a role whose ACL lets it read them.",
            )
        if not missing and not hidden:
            yield Finding("schema", Severity.OK, f"all {len(own)} fields that are used exist")

    def _invalid_terms(self) -> Iterator[Finding]:
        """Whether a term that the platform does not know gives all rows, as it does unless told otherwise."""
        page = self._client.rows(self._settings.table, "syncline_no_such_field=1", ("sys_id",), 1)
        if not page.rows:
            yield Finding("schema", Severity.OK, "a query with an unknown field gives no rows")
        elif self._settings.filter:
            yield Finding(
                "schema",
                Severity.WARNING,
                "a query with an unknown field gives all rows, and rows cannot be held against the setting filter",
                "Set the system property glide.invalid_query.returns_no_rows to true.",
            )
        else:
            yield Finding(
                "schema",
                Severity.OK,
                "a query with an unknown field gives all rows, so Syncline checks each row",
            )

    def _library(self) -> Iterator[Finding]:
        found = version("pysnow")
        if found.startswith(_PYSNOW):
            yield Finding("library", Severity.OK, f"pysnow {found}")
        else:
            said = f"pysnow {found} was never tried"
            yield Finding("library", Severity.WARNING, said, f"Install pysnow {_PYSNOW}17.")

    def _one(self, table: str, query: str, columns: Sequence[str], column: str, value: str) -> Row | None:
        """The row with that value, if the query was heeded."""
        rows = self._client.rows(table, query, columns, 2).rows
        return next(
            (row for row in rows if canonical_text(said(row.get(column))).casefold() == value.casefold()),
            None,
        )
