"""Whether an instance can be worked with, and what it looks like."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from syncline.connector import FieldSchema, Finding, Schema, Severity
from syncline.errors import Configuration, Gone, RetryLater
from syncline_pagerduty.client import Client, library
from syncline_pagerduty.directory import Directory
from syncline_pagerduty.records import STATUSES, URGENCIES, identity, mapping, name, text
from syncline_pagerduty.settings import PagerDutySettings

_READERS: Final = frozenset({"observer", "read_only_user", "read_only_limited_user", "restricted_access"})
"""Roles whose holders may change no incident (REST API docs, users)."""

_SKEW: Final = 60.0
"""Seconds by which the clocks may differ without a word."""

_MANY_SERVICES: Final = 100


class Checker:
    """Looks at one instance."""

    def __init__(self, client: Client, directory: Directory, settings: PagerDutySettings) -> None:
        self._client = client
        self._directory = directory
        self._settings = settings

    def schema(self) -> Schema:
        """Fields, choices, statuses and escalation policies, as they are now."""
        services = tuple(sorted(filter(None, map(identity, self._directory.services()))))
        try:
            priorities: tuple[str, ...] = self._directory.priorities()
        except Configuration:
            # Smaller plans have no priorities, and answer 402.
            priorities = ()
        fields = (
            FieldSchema("title", "Title", required=True, max_length=1024),
            FieldSchema("description", "Details, at creation only"),
            FieldSchema("status", "Status", choices=STATUSES),
            FieldSchema("urgency", "Urgency", choices=URGENCIES),
            FieldSchema("priority", "Priority", writable=bool(priorities), choices=priorities),
            FieldSchema("assignee", "First assigned user"),
            FieldSchema("assignees", "Assigned users", writable=False),
            FieldSchema("escalation_policy", "Escalation policy"),
            FieldSchema("service", "Service", required=not self._settings.services, choices=services),
            FieldSchema("teams", "Teams", writable=False),
            FieldSchema("incident_key", "Deduplication key", writable=False),
            FieldSchema("resolution", "Resolution note, written together with status resolved"),
            FieldSchema("resolve_reason", "Why it counts as resolved", writable=False),
            FieldSchema("merged_into", "Incident that it was merged into", writable=False),
            FieldSchema("created_at", "Created", writable=False),
            FieldSchema("resolved_at", "Resolved", writable=False),
            FieldSchema("incident_number", "Number", writable=False),
        )
        return Schema({field.name: field for field in fields}, STATUSES, self._directory.groups())

    def check(self) -> Iterator[Finding]:
        """One finding for each thing looked at; what cannot be looked at ends it."""
        try:
            abilities = self._client.get("/abilities").get("abilities")
        except Configuration as error:
            yield Finding("reachable", Severity.OK, f"{self._settings.url} answers")
            yield Finding(
                "authorised",
                Severity.ERROR,
                str(error),
                "Check the key; an account in the EU service region has the url https://api.eu.pagerduty.com.",
            )
            return
        except RetryLater as error:
            yield Finding(
                "reachable", Severity.ERROR, str(error), "Check url, proxy and network, then try again."
            )
            return
        yield Finding("reachable", Severity.OK, f"{self._settings.url} answers")
        yield Finding("authorised", Severity.OK, "PagerDuty accepts our key")
        yield from self._looked(self._sender, "permissions")
        yield from self._looked(self._services, "schema")
        yield from self._looked(self._feed, "permissions")
        yield from self._looked(lambda: self._priorities(abilities), "schema")
        yield self._clock()
        yield Finding("client", Severity.OK, f"pdpyras {library().__version__}, its retries switched off")

    def _looked(self, look: Any, check: str) -> Iterator[Finding]:
        """The findings of one look; that it failed is a finding too."""
        try:
            yield from look()
        except (Configuration, RetryLater, Gone) as error:
            yield Finding(check, Severity.ERROR, str(error), "Give our key the right to read this.")

    def _sender(self) -> Iterator[Finding]:
        email = self._settings.from_email
        user = self._directory.user(email)
        if user is None:
            yield Finding(
                "permissions",
                Severity.ERROR,
                f"no PagerDuty user has the address {email}, in whose name we write",
                "Set from_email to the login address of a user kept for this integration.",
            )
            return
        role = text(user.get("role")) or "unknown"
        if role in _READERS:
            yield Finding(
                "permissions",
                Severity.ERROR,
                f"the user {email} has the role {role}, which may change no incident",
                "Give that user the role of a responder or manager.",
            )
        else:
            yield Finding("permissions", Severity.OK, f"we write as {name(user)} <{email}>, role {role}")
        zone = text(user.get("time_zone")) or "unknown"
        yield Finding("time zone", Severity.OK, f"that user's time zone is {zone}; we send all times in UTC")

    def _services(self) -> Iterator[Finding]:
        if not self._settings.services:
            yield Finding(
                "schema",
                Severity.WARNING,
                "no services are named: we look at all incidents of the account, and cannot create any",
                "Name the ids of the services in the setting services, the one for new incidents first.",
            )
        for service_id in self._settings.services[:_MANY_SERVICES]:
            try:
                reply = self._client.get(f"/services/{quote(service_id, safe='')}")
            except Gone:
                yield Finding(
                    "schema",
                    Severity.ERROR,
                    f"there is no service {service_id}, or our key may not see it",
                    "Correct the setting services: the id ends the address of the service's page.",
                )
                continue
            yield from self._service(service_id, mapping(reply.get("service")))

    def _service(self, service_id: str, service: Mapping[str, Any]) -> Iterator[Finding]:
        called = f"service {name(service) or service_id} ({service_id})"
        timeout = service.get("acknowledgement_timeout")
        if service.get("status") == "disabled":
            yield Finding(
                "schema", Severity.WARNING, f"{called} is disabled: it opens no incidents", "Enable it."
            )
        elif isinstance(timeout, int) and timeout > 0:
            yield Finding(
                "schema",
                Severity.WARNING,
                f"{called} takes acknowledgements back after {timeout} s, and that reads as a change of status",
                "Switch its acknowledgement timeout off, or map triggered so that this does no harm elsewhere.",
            )
        else:
            yield Finding("schema", Severity.OK, f"{called} is there")

    def _feed(self) -> Iterator[Finding]:
        self._client.get("/log_entries", {"limit": 1})
        yield Finding("permissions", Severity.OK, "the log of the account can be read")

    def _priorities(self, abilities: object) -> Iterator[Finding]:
        try:
            names = self._directory.priorities()
        except Configuration as error:
            yield Finding(
                "schema", Severity.WARNING, str(error), "Map no priority, or have priorities switched on."
            )
            return
        plan = f", {len(abilities)} abilities" if isinstance(abilities, list) else ""
        yield Finding("schema", Severity.OK, f"priorities {', '.join(names) or 'none'}{plan}")

    def _clock(self) -> Finding:
        skew = self._client.http.clock_skew() or 0.0
        if abs(skew) <= _SKEW:
            return Finding("clock", Severity.OK, f"PagerDuty's clock and ours differ by {abs(skew):.0f} s")
        return Finding(
            "clock",
            Severity.WARNING,
            f"PagerDuty's clock and ours differ by {abs(skew):.0f} s",
            "Set this machine's clock by NTP; polls go by PagerDuty's, timers by ours.",
        )
