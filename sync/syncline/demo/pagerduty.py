"""People at PagerDuty, through its REST API, version 2."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from syncline.demo.equivalence import PD, Remark, Ticket, case_of
from syncline.demo.pager import Page
from syncline.demo.people import EMAIL, PlatformRefusedError, Wire

MARKED: Final = "syncline"


class PagerDutySide:
    """PagerDuty, as people use it.

    Attributes:
        services: Name to id.
    """

    name = PD

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        found = self._api("noah", "GET", "services?limit=100")["services"]
        self.services: dict[str, str] = {service["name"]: service["id"] for service in found}
        listed = self._api("noah", "GET", "escalation_policies?limit=100")["escalation_policies"]
        self._policies = {policy["name"]: policy["id"] for policy in listed}
        people = self._api("noah", "GET", "users?limit=100")["users"]
        self._emails: dict[str, str] = {person["id"]: person["email"].lower() for person in people}

    def _api(self, who: str, method: str, path: str, body: Any = None) -> Any:
        headers = {
            "Accept": "application/vnd.pagerduty+json;version=2",
            "Authorization": f"Token token=token-{who}",
            "From": EMAIL[who],
        }
        return self.wire.call(method, f"/{path}", headers, body=body)

    def create(self, who: str, title: str, description: str, **values: str) -> str:
        """Open an incident; its id."""
        incident: dict[str, Any] = {
            "type": "incident",
            "title": title,
            "service": {
                "id": self.services[values.pop("service", next(iter(self.services)))],
                "type": "service_reference",
            },
            "body": {"type": "incident_body", "details": description},
        }
        for what, value in values.items():
            incident |= self._native(what, value)
        return str(self._api(who, "POST", "incidents", {"incident": incident})["incident"]["id"])

    def _native(self, what: str, value: str) -> dict[str, Any]:
        match what:
            case "group":
                return {
                    "escalation_policy": {"id": self._policies[value], "type": "escalation_policy_reference"}
                }
            case "priority":
                return {"priority": {"name": value, "type": "priority_reference"}}
            case _:
                return {what: value}

    def look(self, record: str) -> Ticket:
        """The incident as it stands."""
        return self._ticket(self._api("noah", "GET", f"incidents/{record}")["incident"])

    def remarks(self, record: str) -> list[str]:
        """The texts of its notes."""
        return [note["content"] for note in self._api("noah", "GET", f"incidents/{record}/notes")["notes"]]

    def set(self, who: str, record: str, what: str, value: str, **more: str) -> None:
        """Change a field."""
        body = {"incident": {"type": "incident", **self._native(what, value), **more}}
        self._api(who, "PUT", f"incidents/{record}", body)

    def remark(self, who: str, record: str, text: str, *, public: bool) -> None:
        """A note; nobody outside reads it."""
        if public:
            raise PlatformRefusedError("PagerDuty has no public comments")
        self._api(who, "POST", f"incidents/{record}/notes", {"note": {"content": text}})

    def attach(self, who: str, record: str, name: str, content: bytes) -> None:  # noqa: ARG002
        """PagerDuty takes no files."""
        raise PlatformRefusedError("PagerDuty takes no files")

    def newest(self) -> list[Ticket]:
        """The newest incidents."""
        path = "incidents?date_range=all&limit=100&sort_by=created_at:desc"
        found = self._api("noah", "GET", path)["incidents"]
        return [Ticket(PD, i["id"], str(i["incident_number"]), i["title"]) for i in found]

    def census(self) -> list[Ticket]:
        """Every incident, whole."""
        return [self._ticket(incident) for incident in self.wire.sandbox("GET", "state")["incidents"]]

    def pages(self) -> list[Page]:
        """Whom responder requests asked, as the simulated platform itself holds it."""
        return [
            Page(
                case_of(incident["title"]),
                self._emails.get(asked["user"]["id"], asked["user"]["id"]).partition(".")[0],
                PD,
                datetime.fromisoformat(asked["requested_at"]),
                asked["message"],
            )
            for incident in self.wire.sandbox("GET", "state")["incidents"]
            for asked in incident["incidents_responders"]
        ]

    def directory(self) -> tuple[frozenset[str], frozenset[str]]:
        """Everybody with an account, and the escalation policies."""
        return frozenset(self._emails.values()), frozenset(self._policies)

    def _ticket(self, incident: Mapping[str, Any]) -> Ticket:
        assigned = incident.get("assignments") or ()
        key = str(incident.get("incident_key") or "")
        return Ticket(
            PD,
            incident["id"],
            str(incident["incident_number"]),
            incident["title"],
            str((incident.get("body") or {}).get("details") or ""),
            incident["status"],
            (incident.get("priority") or {}).get("name", "")
            or (incident.get("priority") or {}).get("summary", ""),
            self._emails.get(assigned[0]["assignee"]["id"], "") if assigned else "",
            (incident.get("escalation_policy") or {}).get("summary", ""),
            (),
            tuple(
                Remark(note["content"], False, (note.get("user") or {}).get("summary", ""))
                for note in incident.get("notes", ())
            ),
            (),
            key if key.startswith(MARKED) else "",
        )
