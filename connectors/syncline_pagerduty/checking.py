"""Looking whether an instance can be worked with: what `syncline check` shows."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from syncline.connector import Finding, Look, Severity, looks
from syncline.errors import Gone
from syncline_pagerduty.client import Client, library
from syncline_pagerduty.directory import Directory
from syncline_pagerduty.records import mapping, name, text
from syncline_pagerduty.settings import PagerDutySettings

_READERS: Final = frozenset({"observer", "read_only_user", "read_only_limited_user", "restricted_access"})
"""Roles whose holders may change no incident (REST API docs, users)."""

_RIGHT: Final = "Give our key the right to read this."
_MANY_SERVICES: Final = 100


class Check:
    """One look at one instance."""

    def __init__(self, client: Client, directory: Directory, settings: PagerDutySettings) -> None:
        self._client = client
        self._directory = directory
        self._settings = settings
        self._abilities: object = None

    def findings(self) -> Iterator[Finding]:
        """One finding for each thing looked at; only the first where the instance does not answer."""
        return looks(
            self._client.http,
            self._ask_for_abilities,
            "PagerDuty accepts our key",
            "Check the key; an account in the EU service region has the url https://api.eu.pagerduty.com.",
            Look("permissions", self._sender, _RIGHT, Severity.ERROR),
            Look("history", self._log, _RIGHT, Severity.ERROR),
            Look("schema", self._services, _RIGHT, Severity.ERROR),
            Look("schema", self._priorities, "Map no priority, or have priorities switched on."),
            Look("library", self._library),
        )

    def _ask_for_abilities(self) -> None:
        self._abilities = self._client.get("/abilities").get("abilities")

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

    def _log(self) -> Iterator[Finding]:
        """Whether the log can be read, by which we poll."""
        self._client.get("/log_entries", {"limit": 1})
        yield Finding("permissions", Severity.OK, "the log of the account can be read")
        yield Finding("history", Severity.OK, "the change history can be read; it is that log")

    def _priorities(self) -> Iterator[Finding]:
        names, abilities = self._directory.priorities(), self._abilities
        plan = f", {len(abilities)} abilities" if isinstance(abilities, list) else ""
        yield Finding("schema", Severity.OK, f"priorities {', '.join(names) or 'none'}{plan}")

    def _library(self) -> Iterator[Finding]:
        yield Finding("library", Severity.OK, f"pdpyras {library().__version__}, its retries switched off")
