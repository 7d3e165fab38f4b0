"""PagerDuty, and a responder."""

import json
from collections.abc import Mapping
from random import Random
from typing import Any

from pydantic import SecretStr

from syncline.connector import Native
from syncline.model import Visibility
from syncline.sandbox.pagerduty import PagerDuty
from syncline.testing.simulated import SimulatedStand


class PagerDutyStand(SimulatedStand):
    """The REST API, as Noah uses it."""

    platform: PagerDuty

    def __init__(self) -> None:
        super().__init__(PagerDuty(time_zone="America/New_York"))
        self._service = self._api("GET", "services?limit=1")["services"][0]["id"]

    @property
    def settings(self) -> Mapping[str, object]:
        """Of the integration's key."""
        ours = {
            "token": SecretStr("token-syncline"),
            "from_email": "syncline@example.com",
            "services": [self._service],
            "read_body": True,
        }
        return {**super().settings, **ours}

    @property
    def assignable(self) -> str:
        """Bruno."""
        return "bruno.keller@example.com"

    @property
    def callable_person(self) -> str:
        """Chloe."""
        return "chloe.martin@example.com"

    def lag(self, seconds: float) -> None:
        """Entries of its log show late."""
        self.platform.index_lag = seconds

    def open(self, values: Mapping[str, Native]) -> str:
        """An incident; its id."""
        given = dict(values)
        details = given.pop("description", None)
        body = {
            "type": "incident",
            "service": {"id": self._service, "type": "service_reference"},
            **_incident(given),
        }
        if details is not None:
            body["body"] = {"type": "incident_body", "details": details}
        return str(self._api("POST", "incidents", {"incident": body})["incident"]["id"])

    def edit(self, record_id: str, values: Mapping[str, Native]) -> None:
        """Fields of it."""
        self._api("PUT", f"incidents/{record_id}", {"incident": {"type": "incident", **_incident(values)}})

    def say(self, record_id: str, text: str, visibility: Visibility) -> bool:
        """A note; no customer reads any."""
        if visibility is Visibility.PUBLIC:
            return False
        self._api("POST", f"incidents/{record_id}/notes", {"note": {"content": text}})
        return True

    def delete(self, record_id: str) -> bool:  # noqa: ARG002
        """Nobody deletes an incident of PagerDuty."""
        return False

    def delivery(self, record_id: str) -> tuple[Mapping[str, str], bytes]:
        """A webhook of version 3."""
        incident = self._api("GET", f"incidents/{record_id}")["incident"]
        event = {"id": "01CR7U2J40FQ3TCHRPGMC8AVYJ", "event_type": "incident.reassigned", "data": incident}
        return {"content-type": "application/json"}, json.dumps({"event": event}).encode()

    def respond(self, record_id: str, person: str, *, joins: bool) -> None:
        """On their phone."""
        self.platform.respond(record_id, person, self.clock.now(), Random(1), joins=joins)  # noqa: S311  drawn alike each time

    def _api(self, method: str, path: str, body: Any = None) -> Any:
        headers = {
            "accept": "application/vnd.pagerduty+json;version=2",
            "authorization": "Token token=token-noah",
            "from": "noah.brooks@example.com",
        }
        return self.call(method, f"/{path}", body, headers)


def _incident(values: Mapping[str, Native]) -> dict[str, Any]:
    return {
        name: {"name": value, "type": "priority_reference"}
        if name == "priority" and value is not None
        else value
        for name, value in values.items()
    }
