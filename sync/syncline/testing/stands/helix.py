"""BMC Helix ITSM, and a person at its service desk."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from pydantic import SecretStr

from syncline.connector import Native
from syncline.model import Visibility
from syncline.sandbox.helix import Helix
from syncline.testing.simulated import SimulatedStand

_INCIDENT: Final = "HPD:IncidentInterface"
_CREATE: Final = "HPD:IncidentInterface_Create"
_WORK_LOG: Final = "HPD:WorkLog"

_DEMANDED: Final[Mapping[str, Native]] = {
    "Impact": "3-Moderate/Limited",
    "Urgency": "3-Medium",
    "Reported Source": "Phone",
    "Service Type": "User Service Restoration",
    "Customer Login ID": "bruno",
}
"""What the create form asks for whoever fills it in."""

_CREATE_NAMES: Final = {
    "Customer Login ID": "Login_ID",
    "Detailed Decription": "Detailed_Decription",
    "Service Type": "Service_Type",
}
_STAFFED: Final = frozenset({"In Progress", "Pending", "Resolved", "Closed"})
"""Statuses that ask for an assignee."""


class HelixStand(SimulatedStand):
    """The AR System REST API, as Amina uses it."""

    platform: Helix

    def __init__(self) -> None:
        # A connector that is begun anew has not given its session back, and checks begin dozens.
        super().__init__(Helix(most_sessions=10_000, most_rows=15))

    @property
    def settings(self) -> Mapping[str, object]:
        """Of the integration account."""
        ours = {"username": "syncline", "password": SecretStr("sandbox"), "stand_in": "olga"}
        return {**super().settings, **ours}

    @property
    def assignable(self) -> str:
        """Bruno."""
        return "bruno.keller@example.com"

    def lag(self, seconds: float) -> None:
        """Lists show what was saved that long ago."""
        self.platform.index_lag = seconds

    def open(self, values: Mapping[str, Native]) -> str:
        """An incident; its number."""
        given = self._filled({**_DEMANDED, **values})
        body = {_CREATE_NAMES.get(name, name): value for name, value in given.items()}
        address = f"{_address(_CREATE)}?{urlencode({'fields': _values(['Incident Number'])})}"
        made = self._write("POST", address, {**body, "z1D_Action": "CREATE"})
        return str(made["values"]["Incident Number"])

    def edit(self, record_id: str, values: Mapping[str, Native]) -> None:
        """Fields of it; whoever works on what nobody has, takes it."""
        row = self._incident(record_id, "Request ID", "Assignee Login ID")
        given = dict(values)
        if given.get("Status") in _STAFFED and not row["Assignee Login ID"]:
            given.setdefault("Assignee Login ID", "amina")
        filled = {**self._filled(given), "z1D Action": "MODIFY"}
        self._write("PUT", _address(_INCIDENT, row["Request ID"]), filled)

    def say(self, record_id: str, text: str, visibility: Visibility) -> bool:
        """A work log entry, which the customer reads or does not."""
        self._write("POST", _address(_WORK_LOG), _note(record_id, text, visibility))
        return True

    def attach(self, record_id: str, name: str, content: bytes) -> None:
        """A work log entry with a file."""
        values = {**_note(record_id, "See the file.", Visibility.INTERNAL), "z2AF Work Log01": name}
        entry = (None, json.dumps({"values": values}).encode(), "application/json")
        files = {"entry": entry, "attach-z2AF Work Log01": (name, content, "application/octet-stream")}
        self.call("POST", _address(_WORK_LOG), headers=_person("amina"), files=files)

    def delete(self, record_id: str) -> bool:
        """As an admin does."""
        entry = self._incident(record_id, "Entry ID")["Entry ID"]
        self.call("DELETE", _address("HPD:Help Desk", entry), headers=_person("appadmin"))
        return True

    def copy(self, record_id: str) -> str:
        """As "Copy Incident" does."""
        return self.open(dict(self._incident(record_id, "Description", "Vendor Ticket Number")))

    def delivery(self, record_id: str) -> tuple[Mapping[str, str], bytes]:
        """An AR System Webhook with the field of docs/platforms.md; how it is nested BMC does not say."""
        body = {"form": "HPD:Help Desk", "values": self._incident(record_id, "Incident Number")}
        return {"content-type": "application/json"}, json.dumps(body).encode()

    def _filled(self, values: Mapping[str, Native]) -> dict[str, Native]:
        """The values of a form, on which a group stands by its names and a person by both."""
        given = dict(values)
        if (group := given.pop("Assigned Group ID", None)) is not None:
            names = ("Company", "Support Organization", "Support Group Name")
            (row,) = self._list("CTM:Support Group", "Support Group ID", group, names)
            given["Assigned Support Company"] = row["Company"]
            given["Assigned Support Organization"] = row["Support Organization"]
            given["Assigned Group"] = row["Support Group Name"]
        if "Assignee Login ID" in given:
            login = given["Assignee Login ID"]
            rows = self._list("CTM:People", "Remedy Login ID", login, ("Full Name",)) if login else []
            given["Assignee"] = rows[0]["Full Name"] if rows else None
        return given

    def _incident(self, number: str, *fields: str) -> Mapping[str, Any]:
        (row,) = self._list(_INCIDENT, "Incident Number", number, fields)
        return row

    def _list(self, form: str, name: str, value: Native, fields: Sequence[str]) -> list[Mapping[str, Any]]:
        query = urlencode({"q": f"'{name}' = \"{value}\"", "fields": _values(fields)})
        found = self.call("GET", f"{_address(form)}?{query}", headers=_person("amina"))
        return [one["values"] for one in found["entries"]]

    def _write(self, method: str, address: str, values: Mapping[str, Native]) -> Any:
        return self.call(method, address, {"values": dict(values)}, _person("amina"))


def _values(fields: Sequence[str]) -> str:
    return f"values({','.join(fields)})"


def _note(number: str, text: str, visibility: Visibility) -> dict[str, Native]:
    return {
        "Incident Number": number,
        "Work Log Type": "General Information",
        "Detailed Description": text,
        "View Access": "Public" if visibility is Visibility.PUBLIC else "Internal",
        "Secure Work Log": "No",
    }


def _address(form: str, entry: str = "") -> str:
    address = f"/api/arsys/v1/entry/{quote(form, safe=':')}"
    return f"{address}/{quote(entry, safe='')}" if entry else address


def _person(login: str) -> dict[str, str]:
    return {"authorization": f"AR-JWT token-{login}"}
