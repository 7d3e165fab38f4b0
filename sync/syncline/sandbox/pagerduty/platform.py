"""The simulated PagerDuty: REST API v2 and Events API v2 of one account, over nothing but its own state."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from random import Random
from typing import Any, Final

from syncline.sandbox.pagerduty.account import CUSTOM_FIELDS, Account, Caller, Moment, Paging, Settings
from syncline.sandbox.pagerduty.configuration import Configuration
from syncline.sandbox.pagerduty.directory import PEOPLE, TEAMS, Json, Person, routing_key
from syncline.sandbox.pagerduty.endpoints import Incidents
from syncline.sandbox.pagerduty.events import Events
from syncline.sandbox.pagerduty.lifecycle import Lifecycle
from syncline.sandbox.pagerduty.listing import Lists
from syncline.sandbox.pagerduty.reading import Query, text_response, zone_of
from syncline.sandbox.pagerduty.refusals import RefusalError, error_response, not_found
from syncline.sandbox.pagerduty.rendering import CustomField, in_zone
from syncline.sandbox.pagerduty.responders import DECLINED, JOINED, Responders
from syncline.sandbox.platform import Request, Response, json_response

_MINUTE: Final = 60
_CONFIGURED: Final = frozenset(
    [
        "abilities",
        "escalation_policies",
        "oncalls",
        "priorities",
        "schedules",
        "services",
        "teams",
        "users",
        "webhook_subscriptions",
    ]
)


class PagerDuty:
    """A simulated PagerDuty account.

    Keys: `token-<user>` is that user's (`token-amina`, `token-syncline`), as `Token token=...` or `Bearer ...`.
    Keys of the account, which belong to no user, are named in `account_keys`.
    """

    platform = "pagerduty"

    def __init__(
        self,
        *,
        people: Sequence[Person] = PEOPLE,
        teams: Sequence[str] = TEAMS,
        services: Mapping[str, str] | None = None,
        custom_fields: Sequence[CustomField] = CUSTOM_FIELDS,
        api: str = "https://api.pagerduty.com",
        web: str = "https://example.pagerduty.com",
        time_zone: str = "UTC",
        acknowledgement_timeout: int | None = None,
        index_lag: float = 0.0,
        priorities: bool = True,
        priority_entries: bool = False,
        title_entries: bool = False,
        reopen_entry: str = "trigger",
        reassign_retriggers: bool = True,
        retrigger_entry: bool = True,
        date_part_only: bool = False,
        newest_first: bool = True,
        from_required: bool = True,
        account_keys: Sequence[str] = ("account-sandbox",),
        enforce_rate_limit: bool = False,
        rate_limit: int = 960,
        rate_limit_headers: bool = True,
        nulls: bool = False,
        body_after_create: bool = True,
    ) -> None:
        """Set up an account.

        Args:
            people: Its users.
            teams: Each gets a schedule and an escalation policy of two levels.
            services: Name to the team that owns it; by default one for each team, of the same name.
            custom_fields: Of incidents.
            api: Address that `self` links begin with.
            web: Address that `html_url` links begin with.
            time_zone: Of the account: `since` and `until` without an offset are read in it.
            acknowledgement_timeout: Seconds after which an acknowledged incident is triggered again; None: never.
            index_lag: Seconds after which a log entry appears in lists. May be set at any time.
            priorities: Whether the account has them; without, they are refused with 402.
            priority_entries: Whether another priority makes a `priority_change_log_entry`. The contract's list of
                types has none such, yet clients in the field read it, with `channel.new_priority`.
            title_entries: Whether another title makes a log entry. Nobody documents one.
            reopen_entry: Verb of the log entry of a reopened incident; empty for none. The contract has none.
            reassign_retriggers: Whether another assignee, level or policy takes an acknowledgement away.
            retrigger_entry: Whether that leaves an `unacknowledge_log_entry`. Nobody documents it.
            date_part_only: Whether `since` and `until` of incidents count in whole days, as one report says.
            newest_first: Order of log entries; not documented.
            from_required: Whether writes need a From header with keys of users too, as the contract says.
            account_keys: Keys that belong to no user.
            enforce_rate_limit: Whether more than `rate_limit` requests a minute are refused.
            rate_limit: Requests a minute for each key.
            rate_limit_headers: Whether replies tell of it; a 429 may come without.
            nulls: Whether what is not set of incidents, services and on-calls is sent as null, as some of the vendor's
                examples do, or left out, since its schema calls none of these properties nullable. `total` and what
                else the schema calls nullable is null either way.
            body_after_create: Whether the reply to a create has the body; to reads only who includes it gets it, and
                the contract does not say which it is for a create.

        Raises:
            ValueError: a name of a team or time zone that there is not.
        """
        self.index_lag = index_lag
        settings = Settings(
            time_zone=time_zone,
            acknowledgement_timeout=acknowledgement_timeout,
            priorities=priorities,
            priority_entries=priority_entries,
            title_entries=title_entries,
            reopen_entry=reopen_entry,
            reassign_retriggers=reassign_retriggers,
            retrigger_entry=retrigger_entry,
            date_part_only=date_part_only,
            newest_first=newest_first,
            from_required=from_required,
            account_keys=tuple(account_keys),
            enforce_rate_limit=enforce_rate_limit,
            rate_limit=rate_limit,
            rate_limit_headers=rate_limit_headers,
            nulls=nulls,
            body_after_create=body_after_create,
        )
        owned = services if services is not None else {team: team for team in teams}
        self._account = Account(
            settings, people, teams, owned, custom_fields, api.rstrip("/"), web.rstrip("/")
        )
        self._settings = settings
        self._lifecycle = Lifecycle(self._account)
        self._lists = Lists(self._account)
        self._incidents = Incidents(self._account, self._lifecycle, self._lists)
        self._configuration = Configuration(self._account)
        self._events = Events(self._account, self._lifecycle)
        self._latest = float("-inf")
        self._windows: dict[str, tuple[int, int]] = {}

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        """Answer one request at that moment (aware, UTC)."""
        # Time never runs back here: the log and the incidents stay in its order.
        self._latest = max(self._latest, now.timestamp())
        moment = Moment(self._latest, int(self._latest), rng)
        self._lifecycle.expire(moment)
        if request.path == "/v2/enqueue":
            return (
                self._events.enqueue(request, moment) if request.method == "POST" else not_found().response()
            )
        try:
            caller = self._account.caller(request)
        except RefusalError as refusal:
            return refusal.response()
        headers, spent = self._budget(caller, moment.at)
        if spent:
            return self._too_many(headers)
        try:
            response = self._answer(request, caller, moment)
        except RefusalError as refusal:
            response = refusal.response()
        return Response(response.status, response.body, {**response.headers, **headers})

    def _answer(self, request: Request, caller: Caller, now: Moment) -> Response:
        _check_accept(request)
        query = Query(request)
        zone = query.one("time_zone")
        rendered_in = None if zone is None else zone_of(zone)
        response = self._dispatch(request, request.path.strip("/").split("/"), query, caller, now)
        if rendered_in is None or not response.body:
            return response
        return json_response(response.status, in_zone(json.loads(response.body), rendered_in))

    def _dispatch(
        self, request: Request, parts: list[str], query: Query, caller: Caller, now: Moment
    ) -> Response:
        match parts:
            case ["incidents", *rest]:
                return self._incidents.answer(request, rest, query, caller, now, self.index_lag)
            case ["log_entries"] if request.method == "GET":
                return text_response(self._lists.entries(query, now, self.index_lag))
            case ["log_entries", made] if request.method == "GET":
                entry = self._account.records.entry_by_id.get(made)
                if entry is None:
                    raise not_found()
                include = frozenset(query.many("include"))
                return json_response(200, {"log_entry": self._account.renderer.entry(entry, include)})
            case [kind, *_] if kind in _CONFIGURED and request.method == "GET":
                return self._configuration.answer(parts, query, caller, now.at)
            case _:
                raise not_found()

    def throttled(self, now: datetime) -> Response:
        """A 429: code 2020, and how many seconds until there is room again. Some come without these headers."""
        left = _MINUTE - int(now.timestamp()) % _MINUTE
        return self._too_many(self._rate_headers(0, left))

    @staticmethod
    def unavailable(status: int) -> Response:
        """A 5xx. Code 2000 is PagerDuty's internal error; 502 to 504 come from a proxy before it, as HTML."""
        if status == 500:
            return error_response(500, "Internal Server Error", 2000, ("An internal error occurred.",))
        reason = HTTPStatus(status).phrase
        page = f"<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1>"
        return Response(
            status, f"{page}</center>\r\n</body>\r\n</html>\r\n".encode(), {"Content-Type": "text/html"}
        )

    def _rate_headers(self, left: int, reset: int) -> dict[str, str]:
        if not self._settings.rate_limit_headers:
            return {}
        limit = str(self._settings.rate_limit)
        return {"ratelimit-limit": limit, "ratelimit-remaining": str(left), "ratelimit-reset": str(reset)}

    @staticmethod
    def _too_many(headers: Mapping[str, str]) -> Response:
        return error_response(429, "Rate Limit Exceeded", 2020, (), headers)

    def _budget(self, caller: Caller, at: int) -> tuple[dict[str, str], bool]:
        """What the reply tells of the caller's rate limit, and whether it is spent. A window is a minute."""
        window, used = self._windows.get(caller.token, (0, 0))
        used = used + 1 if window == at // _MINUTE else 1
        self._windows[caller.token] = (at // _MINUTE, used)
        left = self._settings.rate_limit - used
        return self._rate_headers(max(0, left), _MINUTE - at % _MINUTE), (
            left < 0 and self._settings.enforce_rate_limit
        )

    @property
    def paging(self) -> Paging:
        """How people are told of responder requests. May be changed at any time."""
        return self._account.paging

    def respond(
        self, incident_id: str, email: str, now: datetime, rng: Random, *, joins: bool = True
    ) -> None:
        """A person who was asked for help joins, or declines, on their phone.

        Raises:
            KeyError: there is no such incident or person.
            RefusalError: nobody asked them, or the incident is resolved.
        """
        self._latest = max(self._latest, now.timestamp())
        moment = Moment(self._latest, int(self._latest), rng)
        self._lifecycle.expire(moment)
        incident = self._account.records.by_id[incident_id]
        state = JOINED if joins else DECLINED
        Responders(self._account).answer(incident, self.user_id(email), state, moment)

    def control(self, what: str, content: Mapping[str, Any], now: datetime, rng: Random) -> Json:
        """What who runs the sandbox may do beside the API: `paging` changes how people are told, `respond` has somebody
        who was asked join or decline.

        Raises:
            LookupError: there is no such thing.
            ValueError: the content is not legal, or it cannot be done now.
        """
        match what:
            case "paging":
                return self.paging.change(content)
            case "respond":
                try:
                    self.respond(
                        str(content.get("incident")),
                        str(content.get("email")),
                        now,
                        rng,
                        joins=content.get("joins") is not False,
                    )
                except KeyError as error:
                    raise ValueError(
                        f"respond: give incident (its id), email and joins; there is no {error}"
                    ) from error
                except RefusalError as refusal:
                    raise ValueError(
                        f"respond: {refusal.message}; {'; '.join(refusal.errors)}".rstrip("; ")
                    ) from refusal
                return {"responded": True}
            case _:
                raise LookupError(what)

    def user_id(self, email: str) -> str:
        """The id of the user with that address. Raises KeyError where there is none."""
        return self._account.directory.by_email[email.lower()]

    def service_id(self, name: str) -> str:
        """The id of the service of that name. Raises KeyError where there is none."""
        return {s.full["name"]: s.id for s in self._account.directory.services.values()}[name]

    def routing_key(self, service: str) -> str:
        """The key under which events for the service of that name come in. Raises KeyError for no such service."""
        self.service_id(service)
        return routing_key(service)

    def snapshot(self) -> Json:
        """Everything in the account as plain JSON, for who checks it from outside: incidents whole, with notes,
        alerts, custom field values by name, and their log from the oldest entry on."""
        renderer, fields = self._account.renderer, self._account.fields
        include = {"body", "conference_bridge"}
        incidents: list[dict[str, Any]] = [
            renderer.incident(incident, include)
            | {
                "notes": [renderer.note(note) for note in incident.notes],
                "alerts": [renderer.alert(alert, incident) for alert in incident.alerts],
                "custom_fields": {fields[made].name: value for made, value in incident.fields.items()},
                "log_entries": [renderer.entry(entry, {"channels"}) for entry in incident.entries],
                "status_updates": list(incident.status_updates),
            }
            for incident in self._account.records.incidents
        ]
        return {
            "platform": self.platform,
            "incidents": incidents,
            "users": list(self._account.directory.users.values()),
            "services": [renderer.service(service) for service in self._account.directory.services.values()],
        }


def _check_accept(request: Request) -> None:
    """Only version 2 is spoken (developer docs, Versioning).

    Raises:
        RefusalError: 406 where the client accepts only something else.
    """
    accept = request.header("accept").lower().replace(" ", "")
    if not accept:
        return
    for kind in accept.split(","):
        name, *parameters = kind.split(";")
        if name in {"*/*", "application/*", "application/json"}:
            return
        if name == "application/vnd.pagerduty+json" and parameters in ([], ["version=2"]):
            return
    raise RefusalError(
        406, "Not Acceptable", 2001, "Accept must be application/vnd.pagerduty+json;version=2."
    )
