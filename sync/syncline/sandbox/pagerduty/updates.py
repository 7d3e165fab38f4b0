"""Creating and updating incidents over REST: what is legal, checked in whole before anything changes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from syncline.sandbox.pagerduty.account import Account, Moment
from syncline.sandbox.pagerduty.directory import Json, Policy, Service
from syncline.sandbox.pagerduty.lifecycle import MAX_NOTES, Lifecycle
from syncline.sandbox.pagerduty.reading import choice_of, reference_id, text_of
from syncline.sandbox.pagerduty.records import ACKNOWLEDGED, RESOLVED, STATUSES, TRIGGERED, Incident
from syncline.sandbox.pagerduty.refusals import (
    already_acknowledged,
    already_resolved,
    bad_priority,
    cannot_escalate,
    invalid,
    key_in_use,
    merged,
    missing_ability,
    nobody_on_call,
)

URGENCIES: Final = ("high", "low")
LONGEST_KEY: Final = 255
KINDS: Final = ("incident_default", "major_incident", "security_incident")
"""Names of incident types."""

Step = Callable[[], object]


class Updates:
    """Creates and updates incidents of one account."""

    def __init__(self, account: Account, lifecycle: Lifecycle) -> None:
        self._account = account
        self._do = lifecycle

    def create(self, content: Mapping[str, Any], actor: Json, moment: Moment) -> Incident:
        """`POST /incidents`.

        Raises:
            RefusalError: something in it is not legal, or its incident_key is in use.
        """
        if content.get("type") != "incident":
            raise invalid("Type must be incident.")
        title = text_of(content, "title")
        if content.get("service") is None:
            raise invalid("Service cannot be empty.")
        service = self._service(content["service"])
        assignee = self._first_assignee(content)
        policy = self._policy(content["escalation_policy"]) if content.get("escalation_policy") else None
        priority = self._priority(content.get("priority"))
        urgency = choice_of(content.get("urgency") or "high", "Urgency", URGENCIES)
        details = _details(content.get("body"))
        bridge = _bridge(content.get("conference_bridge"))
        kind = _kind(content.get("incident_type"))
        key = content.get("incident_key")
        if key is not None and key != "":
            key = text_of(content, "incident_key", longest=LONGEST_KEY)
            # Rejected while an open incident of the same service has it (api-schema, createIncident).
            if self._account.records.holder(key, service.id) is not None:
                raise key_in_use()
        incident = self._do.open(
            title=title,
            service=service,
            policy=policy or self._account.directory.policies[service.policy],
            key=key or f"{moment.rng.getrandbits(128):032x}",
            agent=actor,
            channel={"type": "web_trigger", "summary": title, "subject": title, "details": details},
            summary="Triggered through the API.",
            moment=moment,
            priority=priority,
            urgency=urgency,
            details=details,
            bridge=bridge,
            kind=kind,
        )
        if assignee is None:
            self._do.assign_by_policy(incident, 1, service.ref, moment)
        else:
            self._do.assign(incident, [assignee], actor, moment)
            if assignee == actor["id"]:
                # Who assigns a new incident to themself has acknowledged it, and is not notified.
                self._do.acknowledge(incident, actor, moment)
        return incident

    def _first_assignee(self, content: Mapping[str, Any]) -> str | None:
        if not content.get("assignments"):
            return None
        if content.get("escalation_policy"):
            raise invalid("Assignments cannot be specified if an escalation policy is given.")
        users = self._assignees(content["assignments"])
        if len(users) > 1:
            raise invalid("An incident can be created with one assignee only.")
        return users[0]

    def plan(self, incident: Incident, content: Mapping[str, Any], actor: Json, moment: Moment) -> list[Step]:
        """The steps of one `PUT`; none of them fails.

        Raises:
            RefusalError: something in it is not legal now.
        """
        choice_of(content.get("type"), "Type", ("incident", "incident_reference"))
        steps = [
            *self._plan_texts(incident, content, actor, moment),
            *self._plan_priority(incident, content, actor, moment),
        ]
        status = content.get("status")
        resolution = content.get("resolution")
        if resolution is not None and not isinstance(resolution, str):
            raise invalid("Resolution must be text.")
        assigning = self._plan_assignment(incident, content, actor, moment)
        if status is None:
            return steps + assigning
        choice_of(status, "Status", STATUSES)
        moving = self._plan_status(incident, status, actor, moment, resolution or None)
        if not incident.open:
            # Reopening assigns anew; what this request assigns comes after that.
            return steps + moving[:1] + assigning + moving[1:]
        return steps + assigning + moving

    def _plan_status(
        self, incident: Incident, status: str, actor: Json, moment: Moment, resolution: str | None
    ) -> list[Step]:
        if status == RESOLVED:
            return self._plan_resolve(incident, actor, moment, resolution)
        steps: list[Step] = []
        if not incident.open:
            if incident.resolve_reason is not None:
                raise merged()
            if incident.key is not None and self._account.records.holder(incident.key, incident.service.id):
                raise key_in_use()
            # Triggered or acknowledged on a resolved incident reopens it.
            steps.append(lambda: self._do.reopen(incident, actor, moment))
        if status == ACKNOWLEDGED:
            if incident.status == ACKNOWLEDGED and any(
                a["id"] == actor["id"] for _, a in incident.acknowledgements
            ):
                raise already_acknowledged()
            steps.append(lambda: self._do.acknowledge(incident, actor, moment))
        elif incident.status == ACKNOWLEDGED:
            steps.append(lambda: self._do.unacknowledge(incident, actor, moment))
        return steps

    def _plan_resolve(
        self, incident: Incident, actor: Json, moment: Moment, resolution: str | None
    ) -> list[Step]:
        if not incident.open:
            raise already_resolved()
        steps: list[Step] = [lambda: self._do.resolve(incident, actor, moment, note=resolution)]
        if resolution is not None:
            if len(incident.notes) >= MAX_NOTES:
                raise invalid(f"A maximum of {MAX_NOTES} notes can be added to an incident.")
            steps.append(lambda: self._do.annotate(incident, resolution, actor, moment))
        return steps

    def _plan_texts(
        self, incident: Incident, content: Mapping[str, Any], actor: Json, moment: Moment
    ) -> list[Step]:
        steps: list[Step] = []
        if "title" in content:
            title = text_of(content, "title")
            if title != incident.title:
                steps.append(lambda: self._do.rename(incident, title, actor, moment))
        if content.get("conference_bridge") is not None:
            bridge = _bridge(content["conference_bridge"])
            if bridge != incident.bridge:
                steps.append(lambda: self._set(incident, moment, bridge=bridge))
        if content.get("incident_type") is not None:
            kind = _kind(content["incident_type"])
            if kind != incident.kind:
                steps.append(lambda: self._set(incident, moment, kind=kind))
        return steps

    @staticmethod
    def _set(incident: Incident, moment: Moment, **values: Any) -> None:
        for name, value in values.items():
            setattr(incident, name, value)
        incident.touch(moment.at)

    def _plan_priority(
        self, incident: Incident, content: Mapping[str, Any], actor: Json, moment: Moment
    ) -> list[Step]:
        steps: list[Step] = []
        if "priority" in content:
            priority = self._priority(content["priority"])
            if priority != incident.priority:
                steps.append(lambda: self._do.prioritise(incident, priority, actor, moment))
        if content.get("urgency") is not None:
            urgency = choice_of(content["urgency"], "Urgency", URGENCIES)
            if not incident.open and urgency != incident.urgency:
                raise already_resolved()
            if urgency != incident.urgency:
                steps.append(lambda: self._do.urge(incident, urgency, actor, moment))
        return steps

    def _plan_assignment(
        self, incident: Incident, content: Mapping[str, Any], actor: Json, moment: Moment
    ) -> list[Step]:
        steps: list[Step] = []
        policy = self._policy(content["escalation_policy"]) if content.get("escalation_policy") else None
        level = content.get("escalation_level")
        assigns = bool(content.get("assignments"))
        if assigns and (policy is not None or level is not None):
            raise invalid("Assignments cannot be specified if an escalation policy or level is given.")
        opened = incident.open or content.get("status") in (TRIGGERED, ACKNOWLEDGED)
        if (policy is not None or level is not None or assigns) and not opened:
            raise already_resolved()
        if content.get("service") is not None:
            service = self._service(content["service"])
            if service.id != incident.service.id:
                steps.append(lambda: self._do.rehome(incident, service, moment))
        if assigns:
            users = self._assignees(content["assignments"])
            if (
                users != [user for _, user in incident.assignments]
                or incident.assigned_via != "direct_assignment"
            ):
                steps.append(lambda: self._do.assign(incident, users, actor, moment))
        elif policy is not None or level is not None:
            steps.append(self._plan_escalation(incident, policy, level, actor, moment))
        # Whoever is assigned is paged until somebody acknowledges (PagerDuty's knowledge base, Reassign Incidents): the
        # acknowledgement of who had it before does not outlive that.
        settings = self._account.settings
        assigned = assigns or policy is not None or level is not None
        if settings.reassign_retriggers and assigned and steps and incident.status == ACKNOWLEDGED:
            steps.append(
                lambda: self._do.unacknowledge(incident, actor, moment, logged=settings.retrigger_entry)
            )
        return steps

    def _plan_escalation(
        self, incident: Incident, policy: Policy | None, level: Any, actor: Json, moment: Moment
    ) -> Step:
        target = policy or incident.policy
        wanted = 1 if level is None else level
        if not isinstance(wanted, int) or isinstance(wanted, bool):
            raise invalid("Escalation level must be a whole number.")
        if not 1 <= wanted <= len(target.levels):
            raise cannot_escalate()
        if not target.levels[wanted - 1]:
            raise nobody_on_call()
        kind = "escalate" if policy is None or policy.id == incident.policy.id else "delegate"

        def step() -> None:
            incident.policy = target
            self._do.assign_by_policy(incident, wanted, actor, moment, kind=kind)

        return step

    def _service(self, value: Any) -> Service:
        made = reference_id(value, "Service", ("service_reference", "service"))
        service = self._account.directory.services.get(made)
        if service is None:
            raise invalid("Service not found.")
        return service

    def _policy(self, value: Any) -> Policy:
        made = reference_id(value, "Escalation policy", ("escalation_policy_reference", "escalation_policy"))
        policy = self._account.directory.policies.get(made)
        if policy is None:
            raise invalid("Escalation policy not found.")
        return policy

    def _assignees(self, value: Any) -> list[str]:
        if not isinstance(value, list):
            raise invalid("Assignments must be an array.")
        users: list[str] = []
        for entry in value:
            assignee = entry.get("assignee") if isinstance(entry, dict) else None
            user = reference_id(assignee, "Assignee", ("user_reference", "user"))
            if user not in self._account.directory.users:
                raise invalid("Assignee not found.")
            if user not in users:
                users.append(user)
        return users

    def _priority(self, value: Any) -> str | None:
        if value is None:
            return None
        if not self._account.settings.priorities:
            raise missing_ability("priorities")
        directory = self._account.directory
        # A reference, or the name alone (PagerDuty docs: priority as object or name).
        if isinstance(value, str):
            found = directory.priority_names.get(value)
        elif not isinstance(value, dict):
            raise invalid("Priority must be a reference.")
        elif isinstance(value.get("id"), str):
            found = value["id"] if value["id"] in directory.priorities else None
        else:
            name = value.get("name") or value.get("summary")
            found = directory.priority_names.get(name) if isinstance(name, str) else None
        if found is None:
            raise bad_priority()
        return found


def _details(body: Any) -> Any:
    if body is None:
        return None
    if not isinstance(body, dict) or body.get("type") not in ("incident_body", None):
        raise invalid("Body must be an object of type incident_body.")
    details = body.get("details")
    if details is not None and not isinstance(details, str | dict):
        raise invalid("Body details must be text or an object.")
    return details


def _bridge(value: Any) -> Json | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid("Conference bridge must be an object.")
    made: Json = {}
    for name in ("conference_number", "conference_url"):
        part = value.get(name)
        if part is not None and not isinstance(part, str):
            raise invalid(f"{name.replace('_', ' ').capitalize()} must be text.")
        made[name] = part
    return made


def _kind(value: Any) -> str:
    if value is None:
        return KINDS[0]
    name = value.get("name") if isinstance(value, dict) else None
    return choice_of(name, "Incident type", KINDS)
