"""The endpoints of what an administrator configured: users, teams, services, policies, schedules. All read only."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from syncline.sandbox.pagerduty.account import Account, Caller
from syncline.sandbox.pagerduty.directory import Json
from syncline.sandbox.pagerduty.reading import Query, page_of
from syncline.sandbox.pagerduty.records import stamp
from syncline.sandbox.pagerduty.refusals import missing_ability, not_found
from syncline.sandbox.platform import Response, json_response

ABILITIES: Final = (
    "teams",
    "urgencies",
    "service_support_hours",
    "read_only_users",
    "permissions_service",
    "response_operations",
    "custom_fields_on_incidents",
)
"""What the account's plan has; `priorities` and `incident_priorities` come on top where they are switched on."""


class Configuration:
    """Answers what is asked about the configuration of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._directory = account.directory
        self._lists: Mapping[str, Callable[[Query], Iterable[Json]]] = {
            "users": self._users,
            "teams": lambda query: _named(query, self._directory.teams.values()),
            "services": self._services,
            "escalation_policies": self._policies,
            "schedules": lambda query: _named(query, self._directory.schedules.values()),
            "priorities": self._priorities,
        }

    def answer(self, parts: list[str], query: Query, caller: Caller, at: int) -> Response:
        """Answer a GET; `parts` are the segments of its path.

        Raises:
            RefusalError: it is not carried out.
        """
        match parts:
            case ["abilities"]:
                return json_response(200, {"abilities": list(self._abilities())})
            case ["abilities", name]:
                # 204 where the account has it, 402 where not (api-schema, getAbility).
                if name in self._abilities():
                    return Response(204)
                raise missing_ability(name)
            case ["oncalls"]:
                return json_response(200, page_of(query).cut("oncalls", self._oncalls(query, at)))
            case ["webhook_subscriptions"]:
                return json_response(200, page_of(query).cut("webhook_subscriptions", []))
            case ["users", "me"]:
                return self._me(caller)
            case [kind] if kind in self._lists:
                return json_response(200, page_of(query).cut(kind, list(self._lists[kind](query))))
            case [kind, made] if kind in self._lists and kind != "priorities":
                return self._one(kind, made)
            case _:
                return self._below(parts, query)

    def _below(self, parts: list[str], query: Query) -> Response:
        match parts:
            case ["teams", made, "members"] if made in self._directory.teams:
                rows = [
                    {"user": self._directory.refs[user], "role": "responder"}
                    for user in self._directory.members[made]
                ]
                return json_response(200, page_of(query).cut("members", rows))
            case ["services", made, "integrations", integration] if made in self._directory.services:
                found = self._directory.integrations[made]
                if found["id"] != integration:
                    raise not_found()
                return json_response(200, {"integration": found})
            case ["users", made, "contact_methods" | "notification_rules" as name] if (
                made in self._directory.users
            ):
                return json_response(200, {name: []})
            case _:
                raise not_found()

    def _abilities(self) -> tuple[str, ...]:
        extra = ("priorities", "incident_priorities") if self._account.settings.priorities else ()
        return ABILITIES + extra

    def _me(self, caller: Caller) -> Response:
        if caller.user is None:
            # The one error whose body is text: it is how clients tell the kinds of keys apart.
            message = "`me` user-id is supported only for user-level access tokens, not an account-level access token"
            return json_response(400, {"error": message})
        return json_response(200, {"user": self._directory.users[caller.user]})

    def _one(self, kind: str, made: str) -> Response:
        found: Json | None
        match kind:
            case "users":
                found = self._directory.users.get(made)
            case "teams":
                found = self._directory.teams.get(made)
            case "schedules":
                found = self._directory.schedules.get(made)
            case "services":
                service = self._directory.services.get(made)
                found = None if service is None else self._account.renderer.service(service)
            case _:
                policy = self._directory.policies.get(made)
                found = None if policy is None else policy.full
        if found is None:
            raise not_found()
        return json_response(200, {_singular(kind): found})

    def _users(self, query: Query) -> Iterable[Json]:
        wanted = (query.one("query") or "").lower()
        teams = frozenset(query.many("team_ids"))
        for user in self._directory.users.values():
            if wanted not in user["name"].lower() and wanted not in user["email"].lower():
                continue
            if not teams or any(team["id"] in teams for team in user["teams"]):
                yield user

    def _services(self, query: Query) -> Iterable[Json]:
        teams = frozenset(query.many("team_ids"))
        shown = (self._account.renderer.service(service) for service in self._directory.services.values())
        return _of_teams(teams, _named(query, shown))

    def _policies(self, query: Query) -> Iterable[Json]:
        teams, users = frozenset(query.many("team_ids")), frozenset(query.many("user_ids"))
        chosen = (
            policy.full
            for policy in self._directory.policies.values()
            if not users or any(user in users for level in policy.levels for user in level)
        )
        return _of_teams(teams, _named(query, chosen))

    def _priorities(self, _query: Query) -> Iterable[Json]:
        if not self._account.settings.priorities:
            raise missing_ability("priorities")
        return self._directory.priorities.values()

    def _oncalls(self, query: Query, at: int) -> list[Json]:
        users = frozenset(query.many("user_ids"))
        policies = frozenset(query.many("escalation_policy_ids"))
        schedules = frozenset(query.many("schedule_ids"))
        rows: list[Json] = []
        # A shift of the schedule is a day here, whoever has it.
        start = at - at % 86_400
        for policy in self._directory.policies.values():
            if policies and policy.id not in policies:
                continue
            for level, (on_call, rule) in enumerate(
                zip(policy.levels, policy.full["escalation_rules"], strict=True), start=1
            ):
                target = rule["targets"][0]
                scheduled = target["type"] == "schedule_reference"
                if schedules and (target["id"] if scheduled else "null") not in schedules:
                    continue
                rows += [
                    self._account.renderer.settled(
                        {
                            "escalation_policy": policy.ref,
                            "escalation_level": level,
                            "schedule": target if scheduled else None,
                            "user": self._directory.refs[user],
                            # Not set: a permanent user on-call, who does not go off-call (api-schema, Oncall).
                            "start": stamp(start) if scheduled else None,
                            "end": stamp(start + 86_400) if scheduled else None,
                        }
                    )
                    for user in on_call
                    if not users or user in users
                ]
        return rows


def _singular(kind: str) -> str:
    return "escalation_policy" if kind == "escalation_policies" else kind[:-1]


def _named(query: Query, rows: Iterable[Json]) -> Iterable[Json]:
    wanted = (query.one("query") or "").lower()
    return (row for row in rows if wanted in row["name"].lower())


def _of_teams(teams: frozenset[str], rows: Iterable[Json]) -> Iterable[Json]:
    return (row for row in rows if not teams or any(team["id"] in teams for team in row["teams"]))
