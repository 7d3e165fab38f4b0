"""Responder requests: people who are asked for help with an open incident, are told so, and join or decline."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from syncline.sandbox.pagerduty.account import Account, Moment
from syncline.sandbox.pagerduty.directory import Json
from syncline.sandbox.pagerduty.reading import reference_id, text_of
from syncline.sandbox.pagerduty.records import Incident, stamp
from syncline.sandbox.pagerduty.refusals import already_resolved, invalid

MAX_REQUESTS: Final = 1000
MAX_RESPONDERS: Final = 500
"""For each incident (PagerDuty's knowledge base, Add Responders)."""

PENDING: Final = "pending"
JOINED: Final = "joined"
DECLINED: Final = "declined"

_TARGETS: Final = ("user_reference", "user", "escalation_policy_reference", "escalation_policy")


class Responders:
    """Responder requests of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._directory = account.directory

    def request(self, incident: Incident, content: Mapping[str, Any], actor: Json, moment: Moment) -> Json:
        """`POST /incidents/{id}/responder_requests`; `requester_id`, `message` and `responder_request_targets` are
        required (api-schema, createIncidentResponderRequest).

        Raises:
            RefusalError: something in it is not legal, or nobody can be added to the incident any more.
        """
        requester_id = text_of(content, "requester_id")
        requester = self._directory.refs.get(requester_id)
        if requester is None or requester_id not in self._directory.users:
            raise invalid("Requester not found.")
        message = text_of(content, "message")
        listed = content.get("responder_request_targets")
        if not isinstance(listed, list) or not listed:
            raise invalid("Responder request targets must be an array that is not empty.")
        named = [self._target(entry) for entry in listed]
        # Responders are added to open incidents (PagerDuty's knowledge base, Add Responders).
        if not incident.open:
            raise already_resolved()
        if len(incident.responders) >= MAX_REQUESTS:
            raise invalid(f"A maximum of {MAX_REQUESTS} responder requests can be made for an incident.")
        wanted = {user for _, _, users in named for user in users}
        if len(wanted | {asked["user"]["id"] for asked in self.asked(incident)}) > MAX_RESPONDERS:
            raise invalid(f"A maximum of {MAX_RESPONDERS} responders can be added to an incident.")
        made: Json = {
            "incident": self._account.renderer.incident_reference(incident),
            "requester": requester,
            "requested_at": stamp(moment.at),
            "message": message,
            "responder_request_targets": [
                {
                    "responder_request_target": {
                        "type": kind,
                        "id": found,
                        "incidents_responders": [
                            self._asked(incident, user, requester, message, moment) for user in users
                        ],
                    }
                }
                for kind, found, users in named
            ],
        }
        incident.responders.append(made)
        incident.touch(moment.at)
        self._announce(incident, sorted(wanted), actor, message, moment)
        return made

    def answer(self, incident: Incident, user: str, state: str, moment: Moment) -> None:
        """A person who was asked joins or declines. They do so by phone, app or web; the public API has no request for
        it, and does not list the entry that the log then gets.

        Raises:
            RefusalError: nobody asked them, or it is over.
        """
        if not incident.open:
            raise already_resolved()
        pending = [a for a in self.asked(incident) if a["user"]["id"] == user and a["state"] == PENDING]
        if not pending:
            raise invalid("Responder request not found.")
        for asked in pending:
            asked |= {"state": state, "updated_at": stamp(moment.at)}
        incident.touch(moment.at)
        who = self._directory.refs[user]
        word = "accept" if state == JOINED else "decline"
        self._account.log(incident, f"responder_{word}", f"{who['summary']} {state}.", who, moment)

    @staticmethod
    def asked(incident: Incident) -> Iterator[Json]:
        """Everybody whom a request asked, request by request; the very objects that are shown."""
        for request in incident.responders:
            for entry in request["responder_request_targets"]:
                yield from entry["responder_request_target"]["incidents_responders"]

    def _target(self, entry: Any) -> tuple[str, str, tuple[str, ...]]:
        """Kind, id, and the users that are meant: the person, or who is on call at the policy's first level."""
        target = entry.get("responder_request_target") if isinstance(entry, dict) else None
        found = reference_id(target, "Target", _TARGETS)
        policy = self._directory.policies.get(found)
        if policy is not None and policy.levels[0]:
            return "escalation_policy", found, tuple(policy.levels[0])
        if found not in self._directory.users:
            raise invalid("Responder request target not found.")
        return "user", found, (found,)

    def _asked(self, incident: Incident, user: str, requester: Json, message: str, moment: Moment) -> Json:
        return {
            "state": PENDING,
            "user": self._directory.refs[user],
            "incident": self._account.renderer.incident_reference(incident),
            "updated_at": stamp(moment.at),
            "message": message,
            "requester": requester,
            "requested_at": stamp(moment.at),
        }

    def _announce(
        self, incident: Incident, users: list[str], actor: Json, message: str, moment: Moment
    ) -> None:
        """The log tells of the request; people are told one by one."""
        refs = [self._directory.refs[user] for user in users]
        names = " and ".join(ref["summary"] for ref in refs)
        self._account.log(
            incident,
            "responder_request",
            f"{actor['summary']} requested help from {names}.",
            actor,
            moment,
            extra={"responders": [{"user": ref} for ref in refs], "message": message},
        )
        after = self._account.paging.after
        if after is None:
            return
        for user in users:
            self._account.records.set_notification(incident, user, moment.at + int(after))
