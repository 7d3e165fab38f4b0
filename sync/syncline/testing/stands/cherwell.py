"""Cherwell, and a person at its service desk."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from pydantic import SecretStr

from syncline.connector import Native
from syncline.model import Visibility
from syncline.sandbox.cherwell import Cherwell
from syncline.testing.simulated import SimulatedStand

_API: Final = "/CherwellAPI/api/V1"
_AMINA: Final = "Amina Diallo"
_DEMANDED: Final[Mapping[str, Native]] = {
    "Description": "Somebody reports something.",
    "Priority": "3",
    "CustomerDisplayName": "Bruno Keller",
}
"""What Cherwell asks for whoever reports an incident."""

_ASKED: Final[Mapping[str, str]] = {"Pending": "PendingReason", "Resolved": "CloseDescription"}
_OWNED: Final = frozenset({"In Progress", "Resolved"})


class CherwellStand(SimulatedStand):
    """The REST API, as Amina uses it."""

    platform: Cherwell

    def __init__(self) -> None:
        # A connector that is begun anew has not given its session back, and checks begin dozens.
        # Its times are of a place that puts its clocks back, and in an order of day and month that is not that of ISO 8601.
        super().__init__(Cherwell(culture="en-GB", time_zone="Europe/Berlin", most_sessions=10_000))
        self._incident = self._object("Incident")
        self._note = self._object("Journal", "Journal - Note")

    @property
    def settings(self) -> Mapping[str, object]:
        """Of the integration account."""
        ours = {"username": "syncline", "client_id": "sandbox-client", "stand_in": "Olga Petrova"}
        return {**super().settings, **ours, "time_zone": "Europe/Berlin", "password": SecretStr("sandbox")}

    @property
    def assignable(self) -> str:
        """Bruno."""
        return "bruno.keller@example.com"

    def lag(self, seconds: float) -> None:
        """Searches show what was saved that long ago."""
        self.platform.index_lag = seconds

    def open(self, values: Mapping[str, Native]) -> str:
        """An incident; its record id."""
        given = {name: value for name, value in values.items() if value is not None}
        made = self._save("savebusinessobject", {}, self._incident, {**_DEMANDED, **given})
        return str(made["busObRecId"])

    def edit(self, record_id: str, values: Mapping[str, Native]) -> None:
        """Fields of it; a status by the way that leads there, and whoever works on what nobody has, takes it."""
        given = dict(values)
        row = self._read(record_id)
        way = self._way(row["Status"], str(given["Status"])) if given.get("Status") else []
        for status in way[:-1]:
            self._change(record_id, self._with(row, {"Status": status}))
        self._change(record_id, self._with(row, given))

    def say(self, record_id: str, text: str, visibility: Visibility) -> bool:
        """A note, which the portal shows to the customer or does not."""
        body = {
            "parentBusObId": self._incident["busObId"],
            "parentBusObRecId": record_id,
            "relationshipId": self._incident["relationships"][0]["relationshipId"],
        }
        shown = "True" if visibility is Visibility.PUBLIC else "False"
        values = {"Details": text, "ShowInSelfService": shown}
        self._save("saverelatedbusinessobject", body, self._note, values)
        return True

    def delete(self, record_id: str) -> bool:
        """As an admin does."""
        path = f"deletebusinessobject/busobid/{self._incident['busObId']}/busobrecid/{record_id}"
        self.call("DELETE", f"{_API}/{path}", headers=_person("CSDAdmin"))
        return True

    def copy(self, record_id: str) -> str:
        """As a One-Step does."""
        row = self._read(record_id)
        return self.open({name: row[name] for name in ("ShortDescription", "SynclineID")})

    def delivery(self, record_id: str) -> tuple[Mapping[str, str], bytes]:
        """What the One-Step of docs/platforms.md sends."""
        body = {"busObName": "Incident", "RecID": record_id}
        return {"content-type": "application/json"}, json.dumps(body).encode()

    def _with(self, row: Mapping[str, str], given: Mapping[str, Native]) -> dict[str, Native]:
        """With what the status asks for."""
        filled, status = dict(given), str(given.get("Status"))
        if status in _OWNED and not row["OwnedBy"] and not given.get("OwnedByID"):
            filled["OwnedBy"] = _AMINA
        if (asked := _ASKED.get(status)) and not given.get(asked):
            filled[asked] = "So it was said."
        return filled

    def _way(self, start: str, end: str) -> list[str]:
        """The statuses behind `start` on the shortest way to `end`."""
        ways = [[start]]
        for way in ways:
            if way[-1] == end:
                return way[1:]
            ways += [[*way, to] for to in self.platform.writer.transitions[way[-1]] if to not in way]
        raise RuntimeError(f"no way leads from {start} to {end}")

    def _change(self, record_id: str, values: Mapping[str, Native]) -> None:
        self._save("savebusinessobject", {"busObRecId": record_id}, self._incident, values)

    def _read(self, record_id: str) -> dict[str, str]:
        path = f"getbusinessobject/busobid/{self._incident['busObId']}/busobrecid/{record_id}"
        found = self.call("GET", f"{_API}/{path}", headers=_person("amina"))
        return {one["name"]: one["value"] for one in found["fields"]}

    def _save(
        self, operation: str, body: Mapping[str, Any], kind: Mapping[str, Any], values: Mapping[str, Native]
    ) -> Any:
        ids = {one["name"]: one["fieldId"] for one in kind["fieldDefinitions"]}
        fields = [
            {"fieldId": ids[name], "name": name, "value": "" if value is None else str(value), "dirty": True}
            for name, value in values.items()
        ]
        sent = {"busObId": kind["busObId"], **body, "fields": fields, "persist": True}
        reply = self.call("POST", f"{_API}/{operation}", sent, _person("amina"))
        if reply["hasError"]:
            raise RuntimeError(f"{operation}: {reply['errorMessage']}: {reply['fieldValidationErrors']}")
        return reply

    def _object(self, name: str, member: str = "") -> Mapping[str, Any]:
        """A business object as the API describes it, or that member of a group."""
        path = f"{_API}/getbusinessobjectsummary/busobname/{quote(name)}"
        (found,) = self.call("GET", path, headers=_person("amina"))
        if member:
            found = next(one for one in found["groupSummaries"] if one["displayName"] == member)
        path = f"getbusinessobjectschema/busobid/{found['busObId']}?includerelationships=true"
        described: Mapping[str, Any] = self.call("GET", f"{_API}/{path}", headers=_person("amina"))
        return described


def _person(login: str) -> dict[str, str]:
    return {"authorization": f"Bearer token-{login}"}
