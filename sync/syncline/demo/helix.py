"""People at BMC Helix ITSM, through the AR System REST API."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from syncline.demo.equivalence import HELIX, Remark, Ticket
from syncline.demo.people import PlatformRefusedError, Wire

STAFFED: Final = frozenset({"In Progress", "Pending", "Resolved", "Closed"})
"""Statuses that ask for an assignee."""
_INCIDENT: Final = "HPD:IncidentInterface"
_CREATE: Final = "HPD:IncidentInterface_Create"
_NOTES: Final = "HPD:WorkLog"
_NUMBER: Final = "Incident Number"
_FILE: Final = "z2AF Work Log01"
_FIELD: Final = {
    "title": "Description",
    "description": "Detailed Decription",
    "status": "Status",
    "assignee": "Assignee Login ID",
    "group": "Assigned Group",
}
_LEVELS: Final = {
    "Critical": ("1-Extensive/Widespread", "1-Critical"),
    "High": ("1-Extensive/Widespread", "3-Medium"),
    "Medium": ("3-Moderate/Limited", "3-Medium"),
    "Low": ("4-Minor/Localized", "4-Low"),
}
"""Impact and urgency by which people at Helix give an incident a priority."""
_OURS: Final = "syncline"
_PASSWORD: Final = "sandbox"  # noqa: S105  the sandbox's credentials are no secret
_JSON: Final = {"Content-Type": "application/json"}


class HelixSide:
    """Helix, as people use it. Who signs in as Syncline needs a token as Syncline does."""

    name = HELIX

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._token = ""
        self._emails: dict[str, str] = {}
        self._groups: dict[str, Mapping[str, Any]] = {}
        self._learn(wire.sandbox("GET", "state"))

    def _learn(self, state: Mapping[str, Any]) -> None:
        self._emails = {row["Remedy Login ID"]: row["Internet E-mail"] for row in state["users"]}
        self._groups = {row["Support Group Name"]: row for row in state["groups"]}

    def _headers(self, who: str) -> dict[str, str]:
        if who == _OURS and not self._token:
            form = urlencode({"username": _OURS, "password": _PASSWORD}).encode()
            said = {"Content-Type": "application/x-www-form-urlencoded"}
            self._token = self.wire.text("POST", "/api/jwt/login", said, raw=form)
        return {"Authorization": f"AR-JWT {self._token if who == _OURS else f'token-{who}'}"}

    def _entry(self, who: str, method: str, path: str, values: Mapping[str, Any] | None = None) -> Any:
        body = None if values is None else {"values": dict(values)}
        return self.wire.call(method, f"/api/arsys/v1/entry/{path}", self._headers(who), body=body)

    def _row(self, record: str) -> Mapping[str, Any]:
        q = quote(f"'{_NUMBER}' = \"{record}\"")
        rows = self._entry("amina", "GET", f"{_INCIDENT}?q={q}")["entries"]
        if not rows:
            raise PlatformRefusedError(f"there is no incident {record}")
        found: Mapping[str, Any] = rows[0]["values"]
        return found

    def entry(self, record: str) -> str:
        """The id of the entry that an incident is; empty: there is none."""
        rows = self.wire.sandbox("GET", "state")["records"]
        return next((row["Entry ID"] for row in rows if row[_NUMBER] == record), "")

    def native(self, what: str, value: str, more: Mapping[str, str]) -> dict[str, Any]:
        """The fields that a value stands in."""
        if what == "priority":
            impact, urgency = _LEVELS[value]
            return {"Impact": impact, "Urgency": urgency}
        if what == "group":
            row = self._groups[value]
            return {
                "Assigned Support Company": row["Company"],
                "Assigned Support Organization": row["Support Organization"],
                "Assigned Group": value,
            }
        if what == "assignee":
            value = next((login for login, email in self._emails.items() if email == value), "")
        return {_FIELD[what]: value or None, **more}

    def create(self, who: str, title: str, description: str, **values: str) -> str:
        """Open an incident; its number."""
        body: dict[str, Any] = {"Description": title, "Detailed_Decription": description}
        for what, value in values.items():
            body |= self.native(what, value, {})
        return self._created(who, body)

    def _created(self, who: str, body: Mapping[str, Any]) -> str:
        given = {
            "z1D_Action": "CREATE",
            "Login_ID": "olga",
            "Reported Source": "Phone",
            "Service_Type": "User Service Restoration",
            **body,
        }
        made = self._entry(who, "POST", f"{_CREATE}?{urlencode({'fields': f'values({_NUMBER})'})}", given)
        return str(made["values"][_NUMBER])

    def look(self, record: str) -> Ticket:
        """The incident as it stands."""
        return self._ticket(self._row(record))

    def remarks(self, record: str) -> list[str]:
        """The texts of its work log."""
        q = quote(f"'{_NUMBER}' = \"{record}\"")
        rows = self._entry("amina", "GET", f"{_NOTES}?q={q}")["entries"]
        return [row["values"]["Detailed Description"] or "" for row in rows]

    def set(self, who: str, record: str, what: str, value: str, **more: str) -> None:
        """Change a field."""
        entry = quote(self._row(record)["Request ID"], safe="")
        self._entry(who, "PUT", f"{_INCIDENT}/{entry}", self.native(what, value, more))

    def remark(self, who: str, record: str, text: str, *, public: bool) -> None:
        """An entry of the work log that the customer reads, or that nobody outside does."""
        self._entry(who, "POST", _NOTES, self._note(record, public=public, **{"Detailed Description": text}))

    @staticmethod
    def _note(record: str, *, public: bool, **values: str) -> dict[str, str]:
        return {
            _NUMBER: record,
            "Work Log Type": "General Information",
            "View Access": "Public" if public else "Internal",
            "Secure Work Log": "No",
            **values,
        }

    def clone(self, who: str, record: str, title: str) -> str:
        """Open an incident as a copy of another, with our key on it; its number."""
        row = self._row(record)
        kept = ("Impact", "Urgency", "Vendor Ticket Number")
        values = {name: row[name] for name in kept}
        return self._created(
            who, {"Description": title, "Detailed_Decription": row["Detailed Decription"], **values}
        )

    def delete(self, record: str) -> None:
        """Delete the ticket, as an admin does."""
        self._entry("appadmin", "DELETE", f"HPD:Help%20Desk/{self._row(record)['Entry ID']}")

    def attach(self, who: str, record: str, name: str, content: bytes) -> None:
        """A file, on an entry of the work log that says nothing."""
        self.wire.call(
            "POST",
            f"/api/arsys/v1/entry/{_NOTES}",
            self._headers(who),
            form={"values": {**self._note(record, public=False), _FILE: name}},
            files={f"attach-{_FILE}": (name, content)},
        )

    def newest(self) -> list[Ticket]:
        """The newest incidents."""
        asked = urlencode({"sort": "Submit Date.desc", "limit": 100})
        rows = [row["values"] for row in self._entry("amina", "GET", f"{_INCIDENT}?{asked}")["entries"]]
        return [Ticket(HELIX, row[_NUMBER], row[_NUMBER], row["Description"]) for row in rows]

    def census(self) -> list[Ticket]:
        """Every incident, whole."""
        state = self.wire.sandbox("GET", "state")
        self._learn(state)
        return [self._ticket(row) for row in state["records"]]

    def directory(self) -> tuple[frozenset[str], frozenset[str]]:
        """Everybody with an account, and the support groups."""
        return frozenset(self._emails.values()), frozenset(self._groups)

    def _ticket(self, row: Mapping[str, Any]) -> Ticket:
        login, notes = row["Assignee Login ID"] or "", row.get("remarks", ())
        return Ticket(
            HELIX,
            row[_NUMBER],
            row[_NUMBER],
            row["Description"],
            row["Detailed Decription"] or "",
            row["Status"],
            row["Priority"],
            self._emails.get(login, login),
            row["Assigned Group"] or "",
            (),
            tuple(
                Remark(note["Detailed Description"] or "", note["View Access"] == "Public", note["Submitter"])
                for note in notes
            ),
            tuple((file["name"], file["size"]) for file in row.get("attachments", ())),
            # The copy of a ticket has our key too, and another submitter.
            (row["Vendor Ticket Number"] or "") if row["Submitter"] == _OURS else "",
        )
