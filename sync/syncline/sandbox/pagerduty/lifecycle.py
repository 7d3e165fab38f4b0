"""What happens to an incident: every change of its state, with the log entries that tell of it.

Nothing here checks whether a request is legal (see `updates`); each function is one thing that happens.
"""

from collections.abc import Sequence
from typing import Any, Final

from syncline.sandbox.pagerduty.account import Account, Moment
from syncline.sandbox.pagerduty.directory import Json, Policy, Service
from syncline.sandbox.pagerduty.records import ACKNOWLEDGED, RESOLVED, TRIGGERED, Incident, Note, stamp

MAX_NOTES: Final = 2000
"""A maximum of 2000 notes can be added to an incident (api-schema, createIncidentNote)."""


class Lifecycle:
    """Changes incidents of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._records = account.records

    def open(
        self,
        *,
        title: str,
        service: Service,
        policy: Policy,
        key: str | None,
        agent: Json,
        channel: Json,
        summary: str,
        moment: Moment,
        **values: Any,
    ) -> Incident:
        """A new triggered incident, assigned to nobody yet."""
        incident = Incident(
            id=self._records.new_id(moment.rng, "Q", 14),
            number=len(self._records.incidents) + 1,
            title=title,
            service=service,
            policy=policy,
            created=moment.at,
            updated=moment.at,
            key=key,
            changed_at=moment.at,
            changed_by=agent,
            **values,
        )
        self._records.add(incident)
        extra = {"event_details": {"description": title}}
        self._account.log(incident, "trigger", summary, agent, moment, channel=channel, extra=extra)
        return incident

    def _status(self, incident: Incident, status: str, agent: Json, at: int) -> None:
        self._records.move(incident, status)
        incident.changed_at = at
        incident.touch(at)
        incident.changed_by = agent

    def acknowledge(self, incident: Incident, agent: Json, moment: Moment) -> None:
        """Somebody takes it: it stays acknowledged until the service's timeout."""
        if incident.status != ACKNOWLEDGED:
            self._status(incident, ACKNOWLEDGED, agent, moment.at)
        incident.touch(moment.at)
        incident.acknowledgements.append((moment.at, agent))
        timeout = incident.service.full["acknowledgement_timeout"]
        self._records.set_timer(incident, None if timeout is None else moment.at + timeout)
        self._account.log(
            incident,
            "acknowledge",
            f"Acknowledged by {agent['summary']}.",
            agent,
            moment,
            extra={} if timeout is None else {"acknowledgement_timeout": timeout},
        )

    def unacknowledge(
        self,
        incident: Incident,
        agent: Json,
        moment: Moment,
        *,
        timed_out_at: int | None = None,
        logged: bool = True,
    ) -> None:
        """Back to triggered: somebody says so or assigns it anew, or the acknowledgement timed out."""
        at = moment.at if timed_out_at is None else timed_out_at
        self._status(incident, TRIGGERED, agent, at)
        incident.acknowledgements = []
        self._records.set_timer(incident, None)
        if not logged:
            return
        self._account.log(
            incident,
            "unacknowledge",
            "Unacknowledged due to timeout."
            if timed_out_at is not None
            else f"Unacknowledged by {agent['summary']}.",
            agent,
            moment,
            channel={"type": "timeout"} if timed_out_at is not None else None,
            at=timed_out_at,
        )

    def resolve(
        self,
        incident: Incident,
        agent: Json,
        moment: Moment,
        *,
        into: Incident | None = None,
        note: str | None = None,
    ) -> None:
        """It is over; `into` is the incident that it was merged into."""
        self._status(incident, RESOLVED, agent, moment.at)
        incident.resolved_at = moment.at
        # Both lists are empty once it is resolved (api-schema, Incident).
        incident.assignments = []
        incident.acknowledgements = []
        self._records.set_timer(incident, None)
        for alert in incident.alerts:
            alert.status = RESOLVED
        summary = f"Resolved by {agent['summary']}."
        if into is not None:
            target = self._account.renderer.incident_reference(into)
            incident.resolve_reason = {"type": "merge_resolve_reason", "incident": target}
            summary = f"Merged into {target['summary']} by {agent['summary']}."
        extra = {"note": note} if note else {}
        self._account.log(incident, "resolve", summary, agent, moment, extra=extra)

    def reopen(self, incident: Incident, agent: Json, moment: Moment) -> None:
        """Triggered again, and assigned by its escalation policy from the first level on."""
        self._status(incident, TRIGGERED, agent, moment.at)
        incident.resolved_at = None
        kind = self._account.settings.reopen_entry
        if kind:
            self._account.log(incident, kind, f"Reopened by {agent['summary']}.", agent, moment)
        self.assign_by_policy(incident, 1, incident.service.ref, moment)

    def assign(self, incident: Incident, users: Sequence[str], agent: Json, moment: Moment) -> None:
        """To these people, by hand: such an incident escalates no further (api-schema, assigned_via)."""
        incident.assigned_via = "direct_assignment"
        self._assigned(incident, "assign", users, agent, moment)

    def assign_by_policy(
        self, incident: Incident, level: int, agent: Json, moment: Moment, *, kind: str = "assign"
    ) -> None:
        """To whoever is on call at a level of its escalation policy; `kind` is assign, escalate or delegate."""
        incident.level = level
        incident.assigned_via = "escalation_policy"
        self._assigned(incident, kind, incident.policy.levels[level - 1], agent, moment)

    def _assigned(
        self, incident: Incident, kind: str, users: Sequence[str], agent: Json, moment: Moment
    ) -> None:
        incident.assignments = [(moment.at, user) for user in users]
        incident.touch(moment.at)
        assignees = [self._account.directory.refs[user] for user in users]
        names = " and ".join(user["summary"] for user in assignees)
        words = {"assign": "Assigned", "escalate": "Escalated", "delegate": "Delegated"}
        self._account.log(
            incident,
            kind,
            f"{words[kind]} to {names} by {agent['summary']}.",
            agent,
            moment,
            extra={"assignees": assignees},
        )

    def prioritise(self, incident: Incident, priority: str | None, agent: Json, moment: Moment) -> None:
        """Another priority, or none."""
        known = self._account.directory.priorities
        old = None if incident.priority is None else known[incident.priority]
        new = None if priority is None else known[priority]
        incident.priority = priority
        incident.touch(moment.at)
        if not self._account.settings.priority_entries:
            return
        names = [f'"{each["name"]}"' if each is not None else "none" for each in (old, new)]
        self._account.log(
            incident,
            "priority_change",
            f"Priority changed from {names[0]} to {names[1]}",
            agent,
            moment,
            channel={"type": "website", "old_priority": old, "new_priority": new},
        )

    def urge(self, incident: Incident, urgency: str, agent: Json, moment: Moment) -> None:
        """Another urgency."""
        incident.urgency = urgency
        incident.touch(moment.at)
        self._account.log(
            incident, "urgency_change", f"Urgency changed to {urgency} by {agent['summary']}.", agent, moment
        )

    def rename(self, incident: Incident, title: str, agent: Json, moment: Moment) -> None:
        """Another title."""
        incident.title = title
        incident.touch(moment.at)
        if self._account.settings.title_entries:
            self._account.log(
                incident, "title_change", f"Title changed by {agent['summary']}.", agent, moment
            )

    def rehome(self, incident: Incident, service: Service, moment: Moment) -> None:
        """Another service; the escalation policy stays."""
        self._records.rehome(incident, service)
        incident.touch(moment.at)

    def annotate(self, incident: Incident, content: str, agent: Json, moment: Moment) -> Note:
        """A note."""
        note = Note(self._records.new_id(moment.rng, "P", 14), agent, content, moment.at)
        incident.notes.append(note)
        incident.touch(moment.at)
        self._account.log(
            incident,
            "annotate",
            f"Note added by {agent['summary']}.",
            agent,
            moment,
            channel={"type": "note", "summary": content},
        )
        return note

    def snooze(self, incident: Incident, seconds: int, agent: Json, moment: Moment) -> None:
        """Acknowledged for that long, whatever the service's timeout is."""
        if incident.status != ACKNOWLEDGED:
            self.acknowledge(incident, agent, moment)
        due = moment.at + seconds
        self._records.set_timer(incident, due)
        incident.touch(moment.at)
        changed = [{"type": "unacknowledge", "at": stamp(due)}]
        self._account.log(
            incident,
            "snooze",
            f"Snoozed for {seconds} seconds by {agent['summary']}.",
            agent,
            moment,
            extra={"changed_actions": changed},
        )

    def merge(self, target: Incident, sources: Sequence[Incident], agent: Json, moment: Moment) -> None:
        """The sources' alerts move to the target, and the sources are resolved (api-schema, mergeIncidents)."""
        for source in sources:
            moved, source.alerts = source.alerts, []
            target.alerts.extend(moved)
            for alert in moved:
                self._records.index_alert(alert, target)
            if source.open:
                self.resolve(source, agent, moment, into=target)
        target.touch(moment.at)

    def notify(self, incident: Incident, user: str, moment: Moment, at: int) -> None:
        """A user is told of the incident, as their notification rules have it; who cannot be reached is not, and then
        there is no entry."""
        person = self._account.directory.users[user]
        if not incident.open or person["email"] in self._account.paging.unreachable:
            return
        # `user` and `channel.notification` as in the vendor's examples of a notify_log_entry.
        told = {"type": "email", "address": person["email"], "status": self._account.paging.status}
        self._account.log(
            incident,
            "notify",
            f"Notified {person['name']} by email",
            incident.service.ref,
            moment,
            channel={"type": "auto", "notification": told},
            at=at,
            extra={"user": self._account.directory.refs[user]},
        )

    def expire(self, moment: Moment) -> None:
        """Let everything happen that has come due by now, at the second at which it did: acknowledgements end, and people
        are told."""
        while (found := self._records.expired(moment.at)) is not None:
            at, incident, user = found
            if user is not None:
                self.notify(incident, user, moment, at)
            else:
                self.unacknowledge(incident, incident.service.ref, moment, timed_out_at=at)
