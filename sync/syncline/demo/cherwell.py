"""People at Cherwell, through the CSM REST API."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from syncline.demo.equivalence import CHERWELL, Remark, Ticket
from syncline.demo.people import PlatformRefusedError, Wire

CLOSED: Final = "Closed"
"""A record in that status takes no fields any more."""
STAFFED: Final = frozenset({"In Progress", "Resolved"})
"""Statuses that ask for an owner."""
_API: Final = "/CherwellAPI/api/V1"
_JOURNALS: Final = "Incident Owns Journals"
_CALLER: Final = "Olga Petrova"
_OURS: Final = "syncline"
_OUR_NAME: Final = "Syncline Integration"
_PASSWORD: Final = "sandbox"  # noqa: S105  the sandbox's credentials are no secret
_CLONED: Final = ("Description", "Priority", "CustomerRecID", "SynclineID")
_SHOWN: Final = "ShowInSelfService"
_FIELD: Final = {
    "title": "ShortDescription",
    "description": "Description",
    "status": "Status",
    "priority": "Priority",
    "assignee": "OwnedBy",
    "group": "OwnedByTeam",
}
_TICK: Final = timedelta(seconds=1)
"""What Cherwell keeps of a time."""


class CherwellSide:
    """Cherwell, as people use it. Who signs in as Syncline needs a token as Syncline does.

    Attributes:
        ids: Names of an incident's fields to the ids by which they are written.
    """

    name = CHERWELL

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._emails: dict[str, str] = {}
        self._groups: frozenset[str] = frozenset()
        self._learn(wire.sandbox("GET", "state"))
        self._incident = self._object("Incident")
        journal = self._object("Journal")
        self._note: str = next(
            o["busObId"] for o in journal["groupSummaries"] if o["displayName"] == "Journal - Note"
        )
        schema = self._schema(self._incident["busObId"])
        self.ids = _ids(schema)
        self._note_ids = _ids(self._schema(self._note))
        self._journals: str = next(
            r["relationshipId"] for r in schema["relationships"] if r["displayName"] == _JOURNALS
        )

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
                "password": _PASSWORD,
            }
            said = {"Content-Type": "application/x-www-form-urlencoded"}
            token = self.wire.call("POST", "/CherwellAPI/token", said, raw=urlencode(form).encode())[
                "access_token"
            ]
        return {"Authorization": f"Bearer {token}"}

    def _call(self, who: str, method: str, path: str, body: Any = None) -> Any:
        told = self.wire.call(method, f"{_API}/{path}", self._headers(who), body=body)
        # A save that is refused comes with 200.
        if isinstance(told, dict) and told.get("hasError"):
            raise PlatformRefusedError(f"{path}: {told['errorCode']} {told['errorMessage']}")
        return told

    def _object(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._call("amina", "GET", f"getbusinessobjectsummary/busobname/{name}")[0]
        return found

    def _schema(self, object_id: str) -> Mapping[str, Any]:
        path = f"getbusinessobjectschema/busobid/{object_id}?includerelationships=true"
        found: Mapping[str, Any] = self._call("amina", "GET", path)
        return found

    def _save(self, who: str, record: str, values: Mapping[str, str]) -> str:
        body = {
            "busObId": self._incident["busObId"],
            "busObRecId": record,
            "fields": _dirty(self.ids, values),
            "persist": True,
        }
        return str(self._call(who, "POST", "savebusinessobject", body)["busObRecId"])

    def native(self, what: str, value: str, more: Mapping[str, str]) -> dict[str, str]:
        """The fields that a value stands in."""
        if what == "assignee":
            value = next((name for name, email in self._emails.items() if email == value), "")
        return {_FIELD[what]: value, **more}

    def create(self, who: str, title: str, description: str, **values: str) -> str:
        """Open an incident; its record id."""
        body = {
            "CustomerDisplayName": _CALLER,
            "Priority": "3",
            **self.native("title", title, {}),
            **self.native("description", description, {}),
        }
        for what, value in values.items():
            body |= self.native(what, value, {})
        return self._save(who, "", body)

    def clone(self, who: str, record: str, title: str) -> str:
        """Open an incident as a copy of another, with our key on it; its record id."""
        row = self._row(record)
        return self._save(who, "", {"ShortDescription": title, **{name: row[name] for name in _CLONED}})

    def delete(self, record: str) -> None:
        """Delete the ticket."""
        path = f"deletebusinessobject/busobid/{self._incident['busObId']}/busobrecid/{record}"
        self._call("diane", "DELETE", path)

    def _row(self, record: str) -> dict[str, str]:
        path = f"getbusinessobject/busobid/{self._incident['busObId']}/busobrecid/{record}"
        return _values(self._call("amina", "GET", path))

    def look(self, record: str) -> Ticket:
        """The incident as it stands."""
        return self._ticket(self._row(record))

    def remarks(self, record: str) -> list[str]:
        """The texts of its notes, and of what customers wrote, oldest first: a reply with journals of one second has any order."""
        rows = self.wire.sandbox("GET", "state")["records"]
        return [note["Details"] for row in rows if row["RecID"] == record for note in row["remarks"]]

    def set(self, who: str, record: str, what: str, value: str, **more: str) -> None:
        """Change a field."""
        self._save(who, record, self.native(what, value, more))

    def remark(self, who: str, record: str, text: str, *, public: bool) -> None:
        """A note that the customer reads in the portal, or that nobody outside does."""
        body = {
            "parentBusObId": self._incident["busObId"],
            "parentBusObRecId": record,
            "relationshipId": self._journals,
            "busObId": self._note,
            "fields": _dirty(self._note_ids, {"Details": text, _SHOWN: str(public)}),
            "persist": True,
        }
        self._call(who, "POST", "saverelatedbusinessobject", body)

    def attach(self, who: str, record: str, name: str, content: bytes) -> None:  # noqa: ARG002
        """Nobody does: the simulated instance has no files, and Syncline carries none there.

        Raises:
            PlatformRefusedError: always.
        """
        raise PlatformRefusedError(f"{name} cannot be attached to {record}")

    def newest(self) -> list[Ticket]:
        """The newest incidents."""
        body = {
            "busObId": self._incident["busObId"],
            "fields": [self.ids[name] for name in ("RecID", "IncidentID", "ShortDescription")],
            "sorting": [{"fieldId": self.ids["CreatedDateTime"], "sortDirection": 0}],
            "pageNumber": 1,
            "pageSize": 100,
        }
        found = self._call("amina", "POST", "getsearchresults", body)["businessObjects"]
        rows = map(_values, found)
        return [Ticket(CHERWELL, r["RecID"], r["IncidentID"], r["ShortDescription"]) for r in rows]

    def census(self) -> list[Ticket]:
        """Every incident, whole."""
        state = self.wire.sandbox("GET", "state")
        self._learn(state)
        return [self._ticket(row) for row in state["records"]]

    def directory(self) -> tuple[frozenset[str], frozenset[str]]:
        """Everybody with an account, and the teams."""
        return frozenset(self._emails.values()), self._groups

    def wrote_between(self, record: str, start: datetime, end: datetime) -> bool:
        """Whether we changed that incident in that time, by its own history: a request names no record in its path."""
        state = self.wire.sandbox("GET", "state")
        listed = next((row["history"] for row in state["records"] if row["RecID"] == record), ())
        ours = (
            datetime.fromisoformat(one["CreatedDateTime"]) for one in listed if one["CreatedBy"] == _OUR_NAME
        )
        return any(start - _TICK < at <= end for at in ours)

    def closed(self) -> frozenset[str]:
        """The incidents that were closed at any time, by title's case."""
        return frozenset(
            self._ticket(row).case
            for row in self.wire.sandbox("GET", "state")["records"]
            if any(line["Details"].endswith(f"to '{CLOSED}'") for line in row["history"])
        )

    def _ticket(self, row: Mapping[str, Any]) -> Ticket:
        owner = row["OwnedBy"]
        return Ticket(
            CHERWELL,
            row["RecID"],
            row["IncidentID"],
            row["ShortDescription"],
            row["Description"],
            row["Status"],
            row["Priority"],
            self._emails.get(owner, owner),
            row["OwnedByTeam"],
            (),
            tuple(
                # What a customer wrote has no such field, and is theirs to read.
                Remark(note["Details"], note.get(_SHOWN, "True") == "True", note["CreatedBy"])
                for note in row.get("remarks", ())
            ),
            (),
            # The copy of a ticket has our key too, and another author.
            row["SynclineID"] if row["CreatedBy"] == _OUR_NAME else "",
        )


def _ids(schema: Mapping[str, Any]) -> dict[str, str]:
    return {one["name"]: one["fieldId"] for one in schema["fieldDefinitions"]}


def _dirty(ids: Mapping[str, str], values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"fieldId": ids[name], "name": name, "value": value, "dirty": True} for name, value in values.items()
    ]


def _values(record: Mapping[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in record["fields"]}
