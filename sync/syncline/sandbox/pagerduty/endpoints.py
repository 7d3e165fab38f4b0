"""The endpoints below `/incidents`, each as a function of the request and the moment."""

from typing import Final

from syncline.sandbox.pagerduty.account import Account, Caller, Moment
from syncline.sandbox.pagerduty.directory import Json
from syncline.sandbox.pagerduty.fieldvalues import set_values
from syncline.sandbox.pagerduty.lifecycle import MAX_NOTES, Lifecycle
from syncline.sandbox.pagerduty.listing import Lists
from syncline.sandbox.pagerduty.reading import Query, body_of, page_of, reference_id, text_of, text_response
from syncline.sandbox.pagerduty.records import Incident, Note, stamp
from syncline.sandbox.pagerduty.refusals import RefusalError, already_resolved, invalid, not_found
from syncline.sandbox.pagerduty.responders import Responders
from syncline.sandbox.pagerduty.updates import KINDS, Step, Updates
from syncline.sandbox.platform import Request, Response, json_response

MAX_BULK: Final = 250
"""More in one `PUT /incidents` is a 413 (api-schema, updateIncidents)."""

LONGEST_SNOOZE: Final = 604_800
"""Seconds (developer docs, createIncidentSnooze)."""


class Incidents:
    """Answers what is asked below `/incidents` of one account."""

    def __init__(self, account: Account, lifecycle: Lifecycle, lists: Lists) -> None:
        self._account = account
        self._do = lifecycle
        self._lists = lists
        self._updates = Updates(account, lifecycle)
        self._responders = Responders(account)
        self._render = account.renderer

    def answer(
        self, request: Request, parts: list[str], query: Query, caller: Caller, now: Moment, lag: float
    ) -> Response:
        """Answer `request`; `parts` are the segments of its path after `incidents`.

        Raises:
            RefusalError: it is not carried out.
        """
        match request.method, parts:
            case "GET", []:
                return text_response(self._lists.incidents(query, now))
            case "POST", []:
                actor = self._account.actor(request, caller)
                made = self._updates.create(body_of(request, "incident"), actor, now)
                include = frozenset({"body"} if self._account.settings.body_after_create else ())
                return json_response(201, {"incident": self._render.incident(made, include)})
            case "PUT", []:
                return self._update_many(request, query, caller, now)
            case "GET", ["custom_fields"]:
                return json_response(200, {"fields": self._account.renderer.field_definitions()})
            case "GET", ["types"]:
                # The whole list, unpaged (api-schema, listIncidentTypes).
                return json_response(200, {"incident_types": [_kind(name) for name in KINDS]})
            case "GET", [found]:
                return self._one(self._incident(found), query)
            case "PUT", [found]:
                return self._update(request, self._incident(found), caller, now)
            case _, [found, *rest]:
                return self._below(request, self._incident(found), rest, query, caller, now, lag)
            case _:
                raise not_found()

    def _incident(self, found: str) -> Incident:
        """By id or by number (api-schema, getIncident)."""
        records = self._account.records
        incident = records.by_id.get(found)
        if incident is None and found.isascii() and found.isdigit() and len(found) < 12:
            number = int(found)
            incident = records.incidents[number - 1] if 1 <= number <= len(records.incidents) else None
        if incident is None:
            raise not_found()
        return incident

    def _one(self, incident: Incident, query: Query) -> Response:
        text = self._render.incident_text(incident, frozenset(query.many("include")))
        return text_response(f'{{"incident":{text}}}')

    def _update(self, request: Request, incident: Incident, caller: Caller, now: Moment) -> Response:
        actor = self._account.actor(request, caller)
        for step in self._updates.plan(incident, body_of(request, "incident"), actor, now):
            step()
        return json_response(200, {"incident": self._render.incident(incident)})

    def _update_many(self, request: Request, query: Query, caller: Caller, now: Moment) -> Response:
        actor = self._account.actor(request, caller)
        contents = body_of(request).get("incidents")
        if not isinstance(contents, list) or not contents:
            raise invalid("Incidents must be an array that is not empty.")
        if len(contents) > MAX_BULK:
            raise RefusalError(
                413,
                "Request Entity Too Large",
                2001,
                f"A maximum of {MAX_BULK} incidents may be updated at a time.",
            )
        steps: list[Step] = []
        changed: dict[str, Incident] = {}
        for content in contents:
            made = reference_id(content, "Incident", ("incident", "incident_reference"))
            incident = self._incident(made)
            if incident.id in changed:
                raise invalid(f"Incident {made} is given more than once.")
            changed[incident.id] = incident
            steps += self._updates.plan(incident, content, actor, now)
        # All or nothing: 200 says that all of the updates succeeded (api-schema, updateIncidents).
        for step in steps:
            step()
        shown = [self._render.incident(incident) for incident in changed.values()]
        return json_response(200, page_of(query).wrap("incidents", shown, more=False, total=len(shown)))

    def _below(
        self,
        request: Request,
        incident: Incident,
        rest: list[str],
        query: Query,
        caller: Caller,
        now: Moment,
        lag: float,
    ) -> Response:
        match request.method, rest:
            case "GET", ["log_entries"]:
                return text_response(self._lists.incident_entries(incident, query, now, lag))
            case "GET", ["alerts", *which]:
                return self._alerts(incident, which, query)
            case _, ["notes", *which]:
                return self._notes(request, incident, which, caller, now)
            case "GET", ["custom_fields", "values"]:
                return json_response(200, {"custom_fields": self._render.field_values(incident)})
            case "PUT", ["custom_fields", "values"]:
                set_values(self._account.fields, incident, body_of(request), now.at)
                # 201, not 200 (api-schema, setIncidentFieldValues).
                return json_response(201, {"custom_fields": self._render.field_values(incident)})
            case "PUT", ["merge"]:
                return self._merge(request, incident, caller, now)
            case "POST", ["snooze"]:
                return self._snooze(request, incident, caller, now)
            case "POST", ["status_updates"]:
                return self._status_update(request, incident, caller, now)
            case "POST", ["responder_requests"]:
                actor = self._account.actor(request, caller)
                made = self._responders.request(incident, body_of(request), actor, now)
                return json_response(200, {"responder_request": made})
            case _:
                raise not_found()

    def _alerts(self, incident: Incident, which: list[str], query: Query) -> Response:
        if which:
            for alert in incident.alerts:
                if which == [alert.id]:
                    return json_response(200, {"alert": self._render.alert(alert, incident)})
            raise not_found()
        statuses = frozenset(query.many("statuses"))
        if not statuses <= {"triggered", "resolved"}:
            raise invalid("Status must be a list of triggered or resolved.")
        key = query.one("alert_key")
        rows = [
            self._render.alert(alert, incident)
            for alert in incident.alerts
            if (not statuses or alert.status in statuses) and (key is None or alert.key == key)
        ]
        if "created_at:desc" in query.many("sort_by"):
            rows.reverse()
        return json_response(200, page_of(query).cut("alerts", rows))

    def _notes(
        self, request: Request, incident: Incident, which: list[str], caller: Caller, now: Moment
    ) -> Response:
        if request.method == "GET" and not which:
            # Newest first, as the contract's example has them.
            return json_response(
                200, {"notes": [self._render.note(note) for note in reversed(incident.notes)]}
            )
        if request.method == "POST" and not which:
            actor = self._account.actor(request, caller)
            content = text_of(body_of(request, "note"), "content")
            if len(incident.notes) >= MAX_NOTES:
                raise invalid(f"A maximum of {MAX_NOTES} notes can be added to an incident.")
            note = self._do.annotate(incident, content, actor, now)
            # 200, not 201 (api-schema, createIncidentNote).
            return json_response(200, {"note": self._render.note(note)})
        if len(which) != 1 or request.method not in {"PUT", "DELETE"}:
            raise not_found()
        note = self._note(incident, which[0])
        self._account.actor(request, caller)
        if request.method == "PUT":
            note.content = text_of(body_of(request, "note"), "content")
            incident.touch(now.at)
            return json_response(200, {"note": self._render.note(note)})
        incident.notes.remove(note)
        incident.touch(now.at)
        return Response(204)

    @staticmethod
    def _note(incident: Incident, made: str) -> Note:
        for note in incident.notes:
            if note.id == made:
                return note
        raise not_found()

    def _merge(self, request: Request, target: Incident, caller: Caller, now: Moment) -> Response:
        actor = self._account.actor(request, caller)
        listed = body_of(request).get("source_incidents")
        if not isinstance(listed, list) or not listed:
            raise invalid("Source incidents must be an array that is not empty.")
        if not target.open:
            raise already_resolved()
        sources: list[Incident] = []
        for reference in listed:
            source = self._incident(
                reference_id(reference, "Source incident", ("incident_reference", "incident"))
            )
            if source is target:
                raise invalid("An incident cannot be merged into itself.")
            if source not in sources:
                sources.append(source)
        self._do.merge(target, sources, actor, now)
        return json_response(200, {"incident": self._render.incident_reference(target)})

    def _snooze(self, request: Request, incident: Incident, caller: Caller, now: Moment) -> Response:
        actor = self._account.actor(request, caller)
        seconds = body_of(request).get("duration")
        if not isinstance(seconds, int) or isinstance(seconds, bool) or not 1 <= seconds <= LONGEST_SNOOZE:
            raise invalid(f"Duration must be between 1 and {LONGEST_SNOOZE} seconds.")
        if not incident.open:
            raise already_resolved()
        self._do.snooze(incident, seconds, actor, now)
        return json_response(201, {"incident": self._render.incident(incident)})

    def _status_update(self, request: Request, incident: Incident, caller: Caller, now: Moment) -> Response:
        actor = self._account.actor(request, caller)
        message = text_of(body_of(request), "message")
        made = self._account.records.new_id(now.rng, "P", 14)
        update: Json = {"id": made, "message": message, "created_at": stamp(now.at), "sender": actor}
        incident.status_updates.append(update)
        return json_response(200, {"status_update": update})


def _kind(name: str) -> Json:
    return {
        "id": name,
        "type": "incident_type",
        "name": name,
        "display_name": name.replace("_", " "),
        "enabled": True,
    }
