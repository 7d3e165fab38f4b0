"""The Events API v2: `POST /v2/enqueue`, what monitoring tools send (PagerDuty/api-schema, events-v2)."""

from collections.abc import Mapping
from typing import Any, Final

from syncline.sandbox.pagerduty.account import Account, Moment
from syncline.sandbox.pagerduty.directory import Json, Service
from syncline.sandbox.pagerduty.lifecycle import Lifecycle
from syncline.sandbox.pagerduty.reading import parse
from syncline.sandbox.pagerduty.records import ACKNOWLEDGED, TRIGGERED, Alert, Incident
from syncline.sandbox.platform import Request, Response, json_response

LARGEST: Final = 512 * 1024
"""Bytes of one event (developer docs, Events API v2)."""

LONGEST_KEY: Final = 255
LONGEST_SUMMARY: Final = 1024
ACTIONS: Final = ("trigger", "acknowledge", "resolve")
SEVERITIES: Final = ("critical", "warning", "error", "info")


class Events:
    """Takes events for one account."""

    def __init__(self, account: Account, lifecycle: Lifecycle) -> None:
        self._account = account
        self._do = lifecycle

    def enqueue(self, request: Request, moment: Moment) -> Response:
        """One event: 202 where it is well-formed, whether or not anything comes of it."""
        if len(request.body) > LARGEST:
            return json_response(413, {"status": "invalid event", "message": "Event object is too large"})
        try:
            event = parse(request.body)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            return json_response(
                400, {"status": "Unrecognized object", "message": "Event object format is unrecognized"}
            )
        problems = self._problems(event)
        if problems:
            return json_response(
                400, {"status": "invalid event", "message": "Event object is invalid", "errors": problems}
            )
        service = self._account.directory.services[self._account.directory.routing[event["routing_key"]]]
        key = event.get("dedup_key") or f"{moment.rng.getrandbits(128):032x}"
        match event["event_action"]:
            case "trigger":
                self._trigger(service, key, event["payload"], moment)
            case "acknowledge":
                self._acknowledge(service, key, moment)
            case _:
                self._resolve(service, key, moment)
        return json_response(202, {"status": "success", "message": "Event processed", "dedup_key": key})

    def _problems(self, event: Mapping[str, Any]) -> list[str]:
        problems: list[str] = []
        routing = event.get("routing_key")
        if not isinstance(routing, str) or routing not in self._account.directory.routing:
            problems.append("Invalid routing key")
        action = event.get("event_action")
        if action not in ACTIONS:
            problems.append("'event_action' is invalid (must be one of trigger, acknowledge, resolve)")
        key = event.get("dedup_key")
        if key is not None and (not isinstance(key, str) or len(key) > LONGEST_KEY):
            problems.append(f"'dedup_key' must be a string of at most {LONGEST_KEY} characters")
        if action in ("acknowledge", "resolve") and not key:
            problems.append("'dedup_key' is missing or blank")
        if action == "trigger":
            problems += _payload_problems(event.get("payload"))
        return problems

    def _open(self, service: Service, key: str) -> tuple[Alert, Incident] | None:
        found = self._account.records.alerts.get((service.id, key))
        return found if found is not None and found[0].status == TRIGGERED and found[1].open else None

    def _trigger(self, service: Service, key: str, payload: Json, moment: Moment) -> None:
        found = self._open(service, key)
        if found is not None:
            # The same key while the alert is open is the same alert; its text is replaced.
            alert, incident = found
            alert.summary, alert.severity = payload["summary"], payload["severity"]
            alert.details, alert.source = payload.get("custom_details"), payload["source"]
            incident.touch(moment.at)
            return
        directory, records = self._account.directory, self._account.records
        incident = self._do.open(
            title=payload["summary"],
            service=service,
            policy=directory.policies[service.policy],
            key=None,
            agent=service.ref,
            channel={"type": "api", "summary": payload["summary"], "details": payload.get("custom_details")},
            summary="Triggered through the API.",
            moment=moment,
            details=payload.get("custom_details"),
        )
        alert = Alert(
            records.new_id(moment.rng, "Q", 14),
            key,
            payload["summary"],
            payload["severity"],
            payload.get("custom_details"),
            payload["source"],
            service,
            moment.at,
        )
        incident.alerts.append(alert)
        records.index_alert(alert, incident)
        self._do.assign_by_policy(incident, 1, service.ref, moment)

    def _acknowledge(self, service: Service, key: str, moment: Moment) -> None:
        # Without an open alert of that key an acknowledge or resolve is dropped in silence.
        found = self._open(service, key)
        if found is not None and found[1].status != ACKNOWLEDGED:
            self._do.acknowledge(found[1], service.ref, moment)

    def _resolve(self, service: Service, key: str, moment: Moment) -> None:
        found = self._open(service, key)
        if found is None:
            return
        alert, incident = found
        alert.status = "resolved"
        incident.touch(moment.at)
        if all(other.status == "resolved" for other in incident.alerts):
            self._do.resolve(incident, service.ref, moment)


def _payload_problems(payload: Any) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    problems = [
        f"'payload.{name}' is missing or blank"
        for name in ("summary", "source", "severity")
        if not isinstance(payload.get(name), str) or not payload[name].strip()
    ]
    if isinstance(payload.get("summary"), str) and len(payload["summary"]) > LONGEST_SUMMARY:
        problems.append(f"'payload.summary' must be at most {LONGEST_SUMMARY} characters")
    if payload.get("severity") and payload["severity"] not in SEVERITIES:
        problems.append("'payload.severity' is invalid (must be one of critical, warning, error, info)")
    return problems
