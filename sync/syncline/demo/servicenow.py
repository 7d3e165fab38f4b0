"""People at ServiceNow, through the Table API and the Attachment API."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from syncline.demo.equivalence import SNOW, Remark, Ticket
from syncline.demo.people import Wire, basic

_FIELD: Final = {
    "title": "short_description",
    "description": "description",
    "status": "state",
    "assignee": "assigned_to",
    "group": "assignment_group",
    "requester": "caller_id",
}
_LEVELS: Final = {"1": ("1", "1"), "2": ("1", "2"), "3": ("2", "2"), "4": ("2", "3"), "5": ("3", "3")}
"""Impact and urgency by which people at ServiceNow give an incident a priority."""
_MARKED: Final = "Syncline"


class ServiceNowSide:
    """ServiceNow, as people use it."""

    name = SNOW

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._users: dict[str, str] = {}
        self._groups: dict[str, str] = {}
        self._learn()

    def _table(self, who: str, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        return self.wire.call(method, f"/api/now/table/{path}", basic(who, "x"), body=body)["result"]

    def _learn(self) -> None:
        for row in self._table("admin", "GET", "sys_user?sysparm_fields=sys_id,email,user_name"):
            self._users[row["sys_id"]] = row["email"]
        for row in self._table("admin", "GET", "sys_user_group?sysparm_fields=sys_id,name"):
            self._groups[row["sys_id"]] = row["name"]

    def hire(self, name: str, email: str) -> None:
        """An account that exists at ServiceNow alone."""
        body = {"user_name": email.partition("@")[0], "name": name, "email": email, "active": "true"}
        self._users[self._table("admin", "POST", "sys_user", body)["sys_id"]] = email

    def found_group(self, name: str) -> None:
        """A group that exists at ServiceNow alone."""
        made = self._table("admin", "POST", "sys_user_group", {"name": name, "active": "true"})
        self._groups[made["sys_id"]] = name

    def native(self, what: str, value: str, more: Mapping[str, str]) -> dict[str, str]:
        """The columns that a value of a field stands in."""
        if what == "priority":
            impact, urgency = _LEVELS[value]
            return {"impact": impact, "urgency": urgency}
        if what in {"assignee", "requester"}:
            value = next((key for key, email in self._users.items() if email == value), "") if value else ""
        if what == "group":
            value = next((key for key, name in self._groups.items() if name == value), "") if value else ""
        return {_FIELD.get(what, what): value, **more}

    def create(self, who: str, title: str, description: str, **values: str) -> str:
        """Open an incident; its sys_id."""
        body = {"short_description": title, "description": description}
        for what, value in values.items():
            body |= self.native(what, value, {})
        return str(self._table(who, "POST", "incident", body)["sys_id"])

    def look(self, record: str) -> Ticket:
        """The incident as it stands."""
        return self._ticket(
            self._table("amina", "GET", f"incident/{record}?sysparm_exclude_reference_link=true")
        )

    def opened_at(self, record: str) -> datetime:
        """When it was opened, by ServiceNow's own clock (UTC, whole seconds)."""
        row = self._table("amina", "GET", f"incident/{record}?sysparm_fields=opened_at")
        return datetime.fromisoformat(row["opened_at"]).replace(tzinfo=UTC)

    def remarks(self, record: str) -> list[str]:
        """The texts of its journal."""
        rows = self._table("amina", "GET", f"sys_journal_field?sysparm_query=element_id={record}")
        return [row["value"] for row in rows]

    def set(self, who: str, record: str, what: str, value: str, **more: str) -> None:
        """Change a field."""
        self._table(who, "PATCH", f"incident/{record}", self.native(what, value, more))

    def patch(self, who: str, record: str, values: Mapping[str, str]) -> None:
        """Change several columns at once, as a form does that is saved."""
        self._table(who, "PATCH", f"incident/{record}", values)

    def remark(self, who: str, record: str, text: str, *, public: bool) -> None:
        """An additional comment (the customer reads it), or a work note."""
        self._table(who, "PATCH", f"incident/{record}", {"comments" if public else "work_notes": text})

    def clone(self, who: str, record: str, title: str) -> str:
        """Open an incident as a copy of another, as "Copy incident" with all columns does; its sys_id."""
        row = self._table("amina", "GET", f"incident/{record}?sysparm_exclude_reference_link=true")
        kept = ("description", "impact", "urgency", "category", "correlation_id", "correlation_display")
        body = {"short_description": title, **{name: row[name] for name in kept}}
        return str(self._table(who, "POST", "incident", body)["sys_id"])

    def delete(self, record: str) -> None:
        """Delete the ticket, as an admin does."""
        self.wire.call("DELETE", f"/api/now/table/incident/{record}", basic("admin", "x"))

    def attach(self, who: str, record: str, name: str, content: bytes) -> None:
        """Attach a file."""
        path = f"/api/now/attachment/file?table_name=incident&table_sys_id={record}&file_name={quote(name)}"
        self.wire.call("POST", path, {**basic(who, "x"), "Content-Type": "text/plain"}, raw=content)

    def newest(self) -> list[Ticket]:
        """The newest incidents."""
        query = "incident?sysparm_query=ORDERBYDESCsys_created_on&sysparm_limit=100&sysparm_fields=sys_id,number,short_description"
        rows = self._table("amina", "GET", query)
        return [Ticket(SNOW, r["sys_id"], r["number"], r["short_description"]) for r in rows]

    def census(self) -> list[Ticket]:
        """Every incident, whole."""
        state = self.wire.sandbox("GET", "state")
        self._users = {row["sys_id"]: row["email"] for row in state["users"] if row.get("email")}
        self._groups = {row["sys_id"]: row["name"] for row in state["groups"]}
        return [self._ticket(row) for row in state["records"]]

    def directory(self) -> tuple[frozenset[str], frozenset[str]]:
        """Everybody with an account, and the groups."""
        return frozenset(self._users.values()), frozenset(self._groups.values())

    def _ticket(self, row: Mapping[str, Any]) -> Ticket:
        marked = row.get("correlation_display") == _MARKED or str(row.get("correlation_id", "")).startswith(
            "SL-"
        )
        return Ticket(
            SNOW,
            row["sys_id"],
            row["number"],
            row["short_description"],
            row["description"],
            row["state"],
            row["priority"],
            self._users.get(row["assigned_to"], row["assigned_to"]),
            self._groups.get(row["assignment_group"], row["assignment_group"]),
            (),
            tuple(
                Remark(note["text"], note["element"] == "comments", note["author"])
                for note in row.get("remarks", ())
            ),
            tuple((file["file_name"], int(file["size_bytes"])) for file in row.get("attachments", ())),
            row.get("correlation_id", "") if marked else "",
        )
