"""ServiceNow, and a person at its service desk."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from syncline.connector import Native
from syncline.model import Visibility
from syncline.sandbox.servicenow import ServiceNow
from syncline.testing.simulated import SimulatedStand


class ServiceNowStand(SimulatedStand):
    """The Table API, as Amina uses it."""

    platform: ServiceNow

    def __init__(self) -> None:
        super().__init__(ServiceNow())

    @property
    def settings(self) -> Mapping[str, object]:
        """Of the integration account."""
        return {**super().settings, "username": "syncline", "password": SecretStr("sandbox")}

    @property
    def assignable(self) -> str:
        """Bruno."""
        return "bruno.keller@example.com"

    def lag(self, seconds: float) -> None:
        """Rows become visible that late."""
        self.platform.index_lag = seconds

    def open(self, values: Mapping[str, Native]) -> str:
        """An incident; its sys_id."""
        return str(self._table("POST", "incident", values)["sys_id"])

    def edit(self, record_id: str, values: Mapping[str, Native]) -> None:
        """Columns of it."""
        self._table("PATCH", f"incident/{record_id}", values)

    def say(self, record_id: str, text: str, visibility: Visibility) -> bool:
        """An additional comment, which the caller reads, or a work note."""
        column = "comments" if visibility is Visibility.PUBLIC else "work_notes"
        self._table("PATCH", f"incident/{record_id}", {column: text})
        return True

    def attach(self, record_id: str, name: str, content: bytes) -> None:
        """A file."""
        query = f"table_name=incident&table_sys_id={record_id}&file_name={quote(name)}"
        headers = {**_person("amina"), "content-type": "text/plain"}
        self.call("POST", f"/api/now/attachment/file?{query}", content, headers)

    def delete(self, record_id: str) -> bool:
        """As an admin does."""
        self.call("DELETE", f"/api/now/table/incident/{record_id}", headers=_person("admin"))
        return True

    def copy(self, record_id: str) -> str:
        """As "Insert and Stay" does."""
        row = self.call("GET", f"/api/now/table/incident/{record_id}", headers=_person("amina"))["result"]
        return self.open(
            {name: row[name] for name in ("short_description", "correlation_id", "correlation_display")}
        )

    def delivery(self, record_id: str) -> tuple[Mapping[str, str], bytes]:
        """What the business rule of docs/platforms.md sends."""
        body = {"event_id": "9d385017c611228701d22104cc95c371", "table": "incident", "sys_id": record_id}
        return {"content-type": "application/json"}, json.dumps(body).encode()

    def _table(self, method: str, path: str, values: Mapping[str, Native]) -> Any:
        body = {name: "" if value is None else value for name, value in values.items()}
        return self.call(method, f"/api/now/table/{path}", body, _person("amina"))["result"]


def _person(name: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:x".encode()).decode()}
