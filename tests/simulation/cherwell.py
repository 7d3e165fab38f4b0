"""People at Cherwell, through the REST API of Cherwell Service Management; and what equals what there."""

from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlencode

from syncline.demo import equivalence
from syncline.demo.equivalence import Remark, Ticket
from syncline.demo.people import PlatformRefusedError, Wire

CHERWELL: Final = "cherwell"
CLOSED: Final = "Closed"
"""A record in that status takes no fields any more."""
STAFFED: Final = frozenset({"In Progress", "Resolved"})
"""Statuses that ask for an owner."""
_INCIDENT: Final = "6dd53665c0c24cab86870a21cf6434ae"
_API: Final = "/CherwellAPI/api/V1"
_OURS: Final = "syncline"
_OUR_NAME: Final = "Syncline Integration"
_REQUEST: Final = "Journal - Customer Request"
_FIELD: Final = {
    "title": "ShortDescription",
    "description": "Description",
    "status": "Status",
    "priority": "Priority",
    "assignee": "OwnedBy",
    "group": "OwnedByTeam",
}


def _know() -> None:
    """Tell the oracle's table of Cherwell, written down from its screens as the rest of it."""
    status = {
        "New": frozenset({"new"}),
        "Assigned": frozenset({"new"}),
        "Reopened": frozenset({"new"}),
        "In Progress": frozenset({"working"}),
        "Pending": frozenset({"waiting"}),
        "Resolved": frozenset({"resolved"}),
        # It cannot say that an incident was canceled.
        CLOSED: frozenset({"closed", "canceled"}),
    }
    priority = {str(n): frozenset({str(n)}) for n in range(1, 6)}
    for table, told in (
        (equivalence.STATUS, status),
        (equivalence.PRIORITY, priority),
        (equivalence.TITLES, "Cherwell"),
    ):
        cast("dict[str, Any]", table).setdefault(CHERWELL, told)


_know()


class CherwellSide:
    """Cherwell, as people use it. Who signs in as Syncline needs a token as Syncline does."""

    name = CHERWELL

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._emails: dict[str, str] = {}
        self._groups: frozenset[str] = frozenset()
        self._known: dict[str, dict[str, str]] = {}
        self._learn(wire.sandbox("GET", "state"))

    def _learn(self, state: Mapping[str, Any]) -> None:
        self._emails = {row["FullName"]: row["Email"] for row in state["users"]}
        self._groups = frozenset(row["Name"] for row in state["groups"])

    def _headers(self, who: str) -> dict[str, str]:
        token = f"token-{who}"
        if who == _OURS:
            form = {
                "grant_type": "password",
                "client_id": "sandbox-client",
                "username": _OURS,
                "password": "sandbox",
            }
            said = {"Content-Type": "application/x-www-form-urlencoded"}
            reply = self.wire.call("POST", "/CherwellAPI/token", said, raw=urlencode(form).encode())
            token = reply["access_token"]
        return {"Authorization": f"Bearer {token}"}

    def _api(self, who: str, method: str, path: str, body: Any = None) -> Any:
        said = self.wire.call(method, f"{_API}/{path}", self._headers(who), body=body)
        if isinstance(said, dict) and said.get("hasError"):
            # It says no with a status that says yes.
            raise PlatformRefusedError(f"{path}: {said['errorMessage']}")
        return said

    def _object(self, name: str) -> str:
        (told,) = self._api("amina", "GET", f"getbusinessobjectsummary/busobname/{name}")
        return str(told["busObId"])

    def ids(self, object_id: str = _INCIDENT) -> Mapping[str, str]:
        """Names of fields to the ids by which they are written."""
        if object_id not in self._known:
            told = self._api("amina", "GET", f"getbusinessobjectschema/busobid/{object_id}")
            self._known[object_id] = {one["name"]: one["fieldId"] for one in told["fieldDefinitions"]}
        return self._known[object_id]

    def _save(self, who: str, object_id: str, values: Mapping[str, str], record: str = "") -> str:
        ids = self.ids(object_id)
        fields = [
            {"fieldId": ids[name], "name": name, "value": value, "dirty": True}
            for name, value in values.items()
        ]
        body = {"busObId": object_id, "busObRecId": record, "fields": fields, "persist": True}
        return str(self._api(who, "POST", "savebusinessobject", body)["busObRecId"])

    def native(self, what: str, value: str) -> dict[str, str]:
        """The field that a value stands in."""
        if what == "assignee":
            value = next((name for name, email in self._emails.items() if email == value), "")
        return {_FIELD[what]: value}

    def create(self, who: str, title: str, description: str, **values: str) -> str:
        """Open an incident; its record id."""
        body = {
            "ShortDescription": title,
            "Description": description,
            "CustomerDisplayName": "Olga Petrova",
        }
        for what, value in values.items():
            body |= self.native(what, value)
        return self._save(who, _INCIDENT, body)

    def look(self, record: str) -> Ticket:
        """The incident as it stands."""
        told = self._api("amina", "GET", f"getbusinessobject/busobid/{_INCIDENT}/busobrecid/{record}")
        return self._ticket({one["name"]: one["value"] for one in told["fields"]})

    def remarks(self, record: str) -> list[str]:
        """The texts of its notes, and of what customers wrote."""
        rows = self.wire.sandbox("GET", "state")["records"]
        return [note["Details"] for row in rows if row["RecID"] == record for note in row["remarks"]]

    def set(self, who: str, record: str, what: str, value: str, **more: str) -> None:
        """Change a field."""
        self._save(who, _INCIDENT, {**self.native(what, value), **more}, record)

    def remark(self, who: str, record: str, text: str, *, public: bool) -> None:
        """A note that the customer reads in the portal, or that nobody outside does."""
        values = {"Details": text, "ParentRecID": record, "ParentTypeID": _INCIDENT}
        self._save(who, self._object("JournalNote"), {**values, "ShowInSelfService": str(public)})

    def attach(self, who: str, record: str, name: str, content: bytes) -> None:
        """Files there stay there."""
        raise PlatformRefusedError(f"{who} attaches no {name} of {len(content)} bytes to {record}")

    def clone(self, who: str, record: str, title: str) -> str:
        """Open an incident as a copy of another, with our key on it; its record id."""
        told = self._api("amina", "GET", f"getbusinessobject/busobid/{_INCIDENT}/busobrecid/{record}")
        row = {one["name"]: one["value"] for one in told["fields"]}
        kept = ("Description", "Priority", "CustomerRecID", "SynclineID")
        return self._save(who, _INCIDENT, {"ShortDescription": title, **{name: row[name] for name in kept}})

    def delete(self, record: str) -> None:
        """Delete the ticket."""
        self._api("diane", "DELETE", f"deletebusinessobject/busobid/{_INCIDENT}/busobrecid/{record}")

    def newest(self) -> list[Ticket]:
        """The newest incidents."""
        return self.census()

    def census(self) -> list[Ticket]:
        """Every incident, whole."""
        state = self.wire.sandbox("GET", "state")
        self._learn(state)
        return [self._ticket(row) for row in state["records"]]

    def directory(self) -> tuple[frozenset[str], frozenset[str]]:
        """Everybody with an account, and the teams."""
        return frozenset(self._emails.values()), self._groups

    def closed(self) -> frozenset[str]:
        """The incidents that were closed at any time, by title's case."""
        return frozenset(
            self._ticket(row).case
            for row in self.wire.sandbox("GET", "state")["records"]
            if any(line["Details"].endswith(f"to '{CLOSED}'") for line in row["history"])
        )

    def _ticket(self, row: Mapping[str, Any]) -> Ticket:
        return Ticket(
            CHERWELL,
            row["RecID"],
            row["IncidentID"],
            row["ShortDescription"],
            row["Description"],
            row["Status"],
            row["Priority"],
            self._emails.get(row["OwnedBy"], row["OwnedBy"]),
            row["OwnedByTeam"],
            (),
            tuple(
                Remark(
                    note["Details"],
                    note["JournalTypeName"] == _REQUEST or note["ShowInSelfService"] == "True",
                    note["CreatedBy"],
                )
                for note in row.get("remarks", ())
            ),
            (),
            # The copy of a ticket has our key too, and another author.
            row["SynclineID"] if row["CreatedBy"] == _OUR_NAME else "",
        )
