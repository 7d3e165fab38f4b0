"""The JSON that PagerDuty makes of its records (PagerDuty/api-schema, reference/REST/openapiv3.json)."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from syncline.sandbox.pagerduty.directory import Directory, Json, Service
from syncline.sandbox.pagerduty.records import Alert, Incident, LogEntry, Note, Records, stamp

NOTHING: Final[frozenset[str]] = frozenset()

_MOST_TEXTS: Final = 10_000
_KEPT_WITH: Final = frozenset({"channels", "incidents"})

OVERVIEW: Final = frozenset(
    f"{verb}_log_entry"
    for verb in ("trigger", "acknowledge", "unacknowledge", "resolve", "escalate", "assign", "delegate")
)
"""What `is_overview=true` leaves: the most important changes only."""


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field of incidents.

    Attributes:
        id: PagerDuty id.
        name: Lower case letters, digits, underscores.
        display_name: For people.
        data_type: `string`, `integer`, `float`, `boolean`, `datetime` or `url`.
        field_type: `single_value`, `single_value_fixed`, `multi_value` or `multi_value_fixed`.
        options: The legal values of a fixed field.
        description: For people.
    """

    id: str
    name: str
    display_name: str
    data_type: str = "string"
    field_type: str = "single_value"
    options: tuple[str, ...] = ()
    description: str | None = None

    def shown(self, value: Any) -> Json:
        """As `custom_fields/values` has it."""
        return {
            "id": self.id,
            "type": "field_value",
            "name": self.name,
            "display_name": self.display_name,
            "description": self.description,
            "data_type": self.data_type,
            "field_type": self.field_type,
            "value": value,
        }

    def definition(self, api: str) -> Json:
        """As `GET /incidents/custom_fields` has it; `api` is the base address."""
        return {
            "id": self.id,
            "type": "field",
            "summary": self.display_name,
            "self": f"{api}/incidents/custom_fields/{self.id}",
            "namespace": "incidents",
            "name": self.name,
            "display_name": self.display_name,
            "description": self.description,
            "data_type": self.data_type,
            "field_type": self.field_type,
            "default_value": None,
            "created_at": "2026-01-05T09:00:00Z",
            "updated_at": "2026-01-05T09:00:00Z",
            "field_options": [
                {
                    "id": f"{self.id}O{position}",
                    "type": "field_option",
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-01-05T09:00:00Z",
                    "data": {"data_type": self.data_type, "value": option},
                }
                for position, option in enumerate(self.options)
            ],
        }


class Renderer:
    """Makes JSON of records; knows the addresses of the account and who is in it."""

    def __init__(
        self,
        directory: Directory,
        records: Records,
        fields: Sequence[CustomField],
        api: str,
        web: str,
        *,
        nulls: bool = False,
    ) -> None:
        self._directory = directory
        self._records = records
        self._fields = fields
        self._api = api
        self._web = web
        self._nulls = nulls
        self._texts: dict[str, tuple[int, str]] = {}

    def incident_reference(self, incident: Incident) -> Json:
        """`incident_reference`."""
        return {
            "id": incident.id,
            "type": "incident_reference",
            "summary": f"[#{incident.number}] {incident.title}",
            "self": f"{self._api}/incidents/{incident.id}",
            "html_url": f"{self._web}/incidents/{incident.id}",
        }

    def incident(self, incident: Incident, include: Collection[str] = NOTHING) -> Json:
        """An incident. `body`, the conference bridge and custom fields only for who asks for them."""
        shown = self.incident_reference(incident)
        first = incident.entries[0]
        counts = {
            "all": len(incident.alerts),
            "triggered": sum(a.status == "triggered" for a in incident.alerts),
        }
        counts["resolved"] = counts["all"] - counts["triggered"]
        shown |= {
            "type": "incident",
            "incident_number": incident.number,
            "title": incident.title,
            "description": incident.title,
            "created_at": stamp(incident.created),
            "updated_at": stamp(incident.updated),
            "status": incident.status,
            # Incidents with alerts have no key of their own (developer docs, GET /incidents, incident_key).
            "incident_key": incident.key,
            "service": self.service(incident.service) if "services" in include else incident.service.ref,
            "assignments": [
                {
                    "at": stamp(at),
                    "assignee": self._user(user, whole="assignees" in include or "users" in include),
                }
                for at, user in incident.assignments
            ],
            "assigned_via": incident.assigned_via,
            # Neither acknowledged nor resolved: the same as updated_at (api-schema, Incident).
            "last_status_change_at": stamp(
                incident.updated if incident.status == "triggered" else incident.changed_at
            ),
            "resolved_at": None if incident.resolved_at is None else stamp(incident.resolved_at),
            "first_trigger_log_entry": (
                self.entry(first) if "first_trigger_log_entries" in include else self._entry_reference(first)
            ),
            "alert_counts": counts,
            "is_mergeable": True,
            "incident_type": {"name": incident.kind},
            "escalation_policy": (
                incident.policy.full if "escalation_policies" in include else incident.policy.ref
            ),
            "teams": [
                self._directory.teams[team["id"]] if "teams" in include else team
                for team in incident.service.teams
            ],
            "impacted_services": [incident.service.ref],
            "pending_actions": (
                [] if incident.due is None else [{"type": "unacknowledge", "at": stamp(incident.due)}]
            ),
            "acknowledgements": [
                {"at": stamp(at), "acknowledger": self._agent(who, whole="acknowledgers" in include)}
                for at, who in incident.acknowledgements
            ],
            "alert_grouping": None,
            "last_status_change_by": self._agent(incident.changed_by, whole="agents" in include),
            "priority": None if incident.priority is None else self._directory.priorities[incident.priority],
            "resolve_reason": incident.resolve_reason,
            "incidents_responders": [
                asked
                for request in incident.responders
                for entry in request["responder_request_targets"]
                for asked in entry["responder_request_target"]["incidents_responders"]
            ],
            "responder_requests": incident.responders,
            "subscriber_requests": [],
            "urgency": incident.urgency,
        }
        if "conference_bridge" in include:
            shown["conference_bridge"] = incident.bridge
        if "custom_fields" in include:
            shown["custom_fields"] = self.field_values(incident)
        if "body" in include:
            shown["body"] = {"type": "incident_body"}
            if incident.details is not None:
                shown["body"]["details"] = incident.details
        return self.settled(shown)

    def settled(self, shown: Json) -> Json:
        """Without the properties that are not set, as far as this account leaves them out."""
        return shown if self._nulls else {name: value for name, value in shown.items() if value is not None}

    def incident_text(self, incident: Incident, include: Collection[str] = NOTHING) -> str:
        """The same as JSON text. What is asked for again and again is kept until the incident changes."""
        if include:
            return _dump(self.incident(incident, include))
        kept = self._texts.get(incident.id)
        if kept is not None and kept[0] == incident.revision:
            return kept[1]
        return self._keep(incident.id, incident.revision, _dump(self.incident(incident)))[1]

    def _user(self, user: str, *, whole: bool) -> Json:
        return self._directory.users[user] if whole else self._directory.refs[user]

    def _agent(self, who: Json, *, whole: bool) -> Json:
        if not whole:
            return who
        if who["type"] == "service_reference":
            return self.service(self._directory.services[who["id"]])
        return self._directory.users.get(who["id"], who)

    def service(self, service: Service) -> Json:
        """A service with its present status."""
        last = self._records.last_created.get(service.id)
        return self.settled(
            {
                **service.full,
                "status": self._records.service_status(service.id),
                "last_incident_timestamp": None if last is None else stamp(last),
            }
        )

    def field_definitions(self) -> list[Json]:
        """All custom fields."""
        return [field.definition(self._api) for field in self._fields]

    def field_values(self, incident: Incident) -> list[Json]:
        """The values of all custom fields of an incident."""
        return [field.shown(incident.fields.get(field.id)) for field in self._fields]

    def _entry_addresses(self, entry: LogEntry) -> Json:
        return {
            "self": f"{self._api}/log_entries/{entry.id}",
            "html_url": f"{self._web}/incidents/{entry.incident.id}/log_entries/{entry.id}",
        }

    def _entry_reference(self, entry: LogEntry) -> Json:
        head = {"id": entry.id, "type": f"{entry.type}_reference", "summary": entry.summary}
        return head | self._entry_addresses(entry)

    def entry(self, entry: LogEntry, include: Collection[str] = NOTHING) -> Json:
        """A log entry; what is told of the channel and the incident depends on `include`."""
        incident = entry.incident
        shown: Json = {"id": entry.id, "type": entry.type, "summary": entry.summary}
        shown |= self._entry_addresses(entry)
        shown |= {
            "created_at": stamp(entry.at),
            "agent": entry.agent,
            "channel": entry.channel if "channels" in include else _brief(entry.channel),
            "service": self.service(incident.service) if "services" in include else incident.service.ref,
            "teams": [
                self._directory.teams[team["id"]] if "teams" in include else team
                for team in incident.service.teams
            ],
            "contexts": [],
        }
        shown |= entry.extra
        whole = "incidents" in include
        shown["incident"] = self.incident(incident) if whole else self.incident_reference(incident)
        return shown

    def entry_text(self, entry: LogEntry, include: Collection[str] = NOTHING) -> str:
        """The same as JSON text, kept as long as its incident stays as it is."""
        incident, rest = entry.incident, frozenset(include)
        if not rest <= _KEPT_WITH:
            return _dump(self.entry(entry, rest))
        key = f"{entry.id}/{'channels' in rest}"
        kept = self._texts.get(key)
        if kept is None or kept[0] != incident.revision:
            head = self.entry(entry, rest - {"incidents"})
            del head["incident"]
            kept = self._keep(key, incident.revision, _dump(head)[:-1])
        about = (
            self.incident_text(incident) if "incidents" in rest else _dump(self.incident_reference(incident))
        )
        return f'{kept[1]},"incident":{about}}}'

    def _keep(self, key: str, revision: int, text: str) -> tuple[int, str]:
        if len(self._texts) >= _MOST_TEXTS:
            self._texts.clear()
        self._texts[key] = (revision, text)
        return self._texts[key]

    def note(self, note: Note) -> Json:
        """A note."""
        return {
            "id": note.id,
            "user": note.user,
            "channel": {"summary": "The PagerDuty website or APIs"},
            "content": note.content,
            "created_at": stamp(note.at),
        }

    def alert(self, alert: Alert, incident: Incident) -> Json:
        """An alert."""
        integration = self._directory.integrations[alert.service.id]
        return {
            "id": alert.id,
            "type": "alert",
            "summary": alert.summary,
            "self": f"{self._api}/incidents/{incident.id}/alerts/{alert.id}",
            "html_url": f"{self._web}/alerts/{alert.id}",
            "created_at": stamp(alert.at),
            "status": alert.status,
            "alert_key": alert.key,
            "service": alert.service.ref,
            "first_trigger_log_entry": self._entry_reference(incident.entries[0]),
            "incident": self.incident_reference(incident),
            "suppressed": False,
            "severity": alert.severity,
            "integration": {
                "id": integration["id"],
                "type": f"{integration['type']}_reference",
                "summary": integration["summary"],
                "self": integration["self"],
                "html_url": integration["html_url"],
            },
            "body": {
                "type": "alert_body",
                "contexts": [],
                "details": alert.details if isinstance(alert.details, dict) else {"details": alert.details},
            },
        }


def _dump(content: Json) -> str:
    return json.dumps(content, separators=(",", ":"))


_ALWAYS: Final = ("type", "old_priority", "new_priority")


def _brief(channel: Json) -> Json:
    """What is told of a channel without `include[]=channels`."""
    return {key: value for key, value in channel.items() if key in _ALWAYS} if len(channel) > 1 else channel


def in_zone(content: Any, zone: tzinfo) -> Any:
    """The same JSON with its times written in that zone (parameter `time_zone`)."""
    if isinstance(content, Mapping):
        return {
            key: _shifted(value, zone) if key == "at" or key.endswith("_at") else in_zone(value, zone)
            for key, value in content.items()
        }
    return [in_zone(value, zone) for value in content] if isinstance(content, list) else content


def _shifted(value: Any, zone: tzinfo) -> Any:
    if not isinstance(value, str) or len(value) != len("2026-01-05T09:00:00Z") or not value.endswith("Z"):
        return value
    return datetime.fromisoformat(value).astimezone(zone).isoformat()
