"""The account that incidents live in: its people, teams, services, escalation policies, schedules and priorities."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Json = dict[str, Any]

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_OPENED: Final = "2026-01-05T09:00:00Z"
"""When everything that is configuration was created."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the account, as its administrator entered it.

    Attributes:
        email: Also names the user's token: `token-` and the part before the first dot or the at sign.
        name: In full.
        teams: Names of teams.
        job_title: For people to read.
    """

    email: str
    name: str
    teams: tuple[str, ...] = ()
    job_title: str = "Engineer"

    @property
    def handle(self) -> str:
        """`amina` for `amina.diallo@example.com`."""
        return self.email.partition("@")[0].partition(".")[0]


PEOPLE: Final = (
    Person("amina.diallo@example.com", "Amina Diallo", ("Service Desk",), "Service desk lead"),
    Person("bruno.keller@example.com", "Bruno Keller", ("Network",), "Network engineer"),
    Person("chloe.martin@example.com", "Chloe Martin", ("Database",), "Database administrator"),
    Person("diane.novak@example.com", "Diane Novak", ("Security",), "Security analyst"),
    Person("noah.brooks@example.com", "Noah Brooks", ("Service Desk", "Network"), "Service desk agent"),
    Person("olga.petrova@example.com", "Olga Petrova", ("Database", "Security"), "Incident manager"),
    Person("syncline@example.com", "Syncline", (), "Integration"),
)
"""Who works here by default."""

TEAMS: Final = ("Service Desk", "Network", "Database", "Security")
"""Teams by default; each has a service, an escalation policy and a schedule of its own."""

PRIORITIES: Final = (
    ("P1", "Critical: a service is down", "a8171c"),
    ("P2", "High: a service is degraded", "eb6016"),
    ("P3", "Moderate: a part of a service is degraded", "f9b406"),
    ("P4", "Low: annoying", "555555"),
    ("P5", "Planning", "555555"),
)
"""Name, description, colour, the highest first: what PagerDuty sets up when priorities are switched on."""


def stable_id(kind: str, name: str, length: int = 7, first: str = "P") -> str:
    """An id that looks like PagerDuty's and is the same in every run: `PXPGF42`."""
    digest = hashlib.sha256(f"{kind}/{name}".encode()).digest()
    return first + "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[: length - 1])


def routing_key(service: str) -> str:
    """The 32 characters of the Events API v2 integration of the service of that name."""
    return stable_id("integration", service, 32, "R")


def reference(full: Json) -> Json:
    """What other objects hold of a resource: its id, its type with `_reference`, its summary and addresses."""
    return {
        "id": full["id"],
        "type": full["type"] + "_reference",
        "summary": full["summary"],
        "self": full["self"],
        "html_url": full["html_url"],
    }


@dataclass(frozen=True, slots=True)
class Service:
    """A service, with what an incident on it starts from.

    Attributes:
        id: PagerDuty id.
        full: As `GET /services/{id}` has it.
        ref: As others refer to it.
        policy: Id of its escalation policy.
        teams: References.
    """

    id: str
    full: Json
    ref: Json
    policy: str
    teams: list[Json]


@dataclass(frozen=True, slots=True)
class Policy:
    """An escalation policy.

    Attributes:
        id: PagerDuty id.
        full: As `GET /escalation_policies/{id}` has it.
        ref: As others refer to it.
        levels: For each level, the ids of the users who are on call.
        teams: References.
    """

    id: str
    full: Json
    ref: Json
    levels: tuple[tuple[str, ...], ...]
    teams: list[Json]


@dataclass(slots=True)
class Directory:
    """Everything that an administrator configured. Objects in it are never changed after the start.

    Attributes:
        users: By id; `refs` holds the same as references.
        by_email: Lower case address to user id.
        tokens: What follows `token-` to user id.
        routing: Events API v2 routing key to service id.
    """

    users: dict[str, Json] = field(default_factory=dict)
    refs: dict[str, Json] = field(default_factory=dict)
    by_email: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    teams: dict[str, Json] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    schedules: dict[str, Json] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    routing: dict[str, str] = field(default_factory=dict)
    integrations: dict[str, Json] = field(default_factory=dict)
    priorities: dict[str, Json] = field(default_factory=dict)
    priority_names: dict[str, str] = field(default_factory=dict)


class Builder:
    """Makes a directory of people, teams and services."""

    def __init__(self, api: str, web: str, time_zone: str, acknowledgement_timeout: int | None) -> None:
        self._api = api
        self._web = web
        self._zone = time_zone
        self._timeout = acknowledgement_timeout
        self._made = Directory()

    def build(self, people: Sequence[Person], teams: Sequence[str], services: Mapping[str, str]) -> Directory:
        """The directory. `services` gives for each name the team that owns the service.

        Raises:
            ValueError: a person or a service names a team that there is not, or a team has no members.
        """
        for name in teams:
            self._add_team(name)
        for person in people:
            self._add_user(person)
        leads = [self._made.by_email[p.email.lower()] for p in people if p.teams]
        for name in teams:
            self._add_coverage(name, leads)
        for name, team in services.items():
            self._add_service(name, team)
        for position, (name, about, color) in enumerate(PRIORITIES):
            self._add_priority(position, name, about, color)
        return self._made

    def _entity(self, kind: str, plural: str, name: str, *, html: str | None = "") -> Json:
        made = stable_id(kind, name)
        page = f"{self._web}/{html or plural}/{made}" if html is not None else None
        return {
            "id": made,
            "type": kind,
            "summary": name,
            "self": f"{self._api}/{plural}/{made}",
            "html_url": page,
            "name": name,
        }

    def _team(self, name: str) -> Json:
        made = stable_id("team", name)
        if made not in self._made.teams:
            raise ValueError(
                f"there is no team {name!r}; there are {', '.join(map(repr, self._team_names()))}"
            )
        return self._made.teams[made]

    def _team_names(self) -> list[str]:
        return [team["name"] for team in self._made.teams.values()]

    def _add_team(self, name: str) -> None:
        team = self._entity("team", "teams", name)
        team |= {"description": f"The {name} team", "default_role": "manager"}
        self._made.teams[team["id"]] = team
        self._made.members[team["id"]] = []

    def _add_user(self, person: Person) -> None:
        user = self._entity("user", "users", person.email)
        teams = [self._team(name) for name in person.teams]
        avatar = hashlib.sha256(person.email.lower().encode()).hexdigest()
        user |= {
            "summary": person.name,
            "name": person.name,
            "email": person.email,
            "time_zone": self._zone,
            "color": "purple",
            "role": "user",
            "avatar_url": f"https://secure.gravatar.com/avatar/{avatar}.png?d=mm&r=PG",
            "billed": True,
            "invitation_sent": False,
            "job_title": person.job_title,
            "teams": [reference(team) for team in teams],
            "contact_methods": [],
            "notification_rules": [],
        }
        made = user["id"]
        self._made.users[made] = user
        self._made.refs[made] = reference(user)
        self._made.by_email[person.email.lower()] = made
        self._made.tokens[person.handle] = made
        self._made.tokens.setdefault(person.email.partition("@")[0], made)
        for team in teams:
            self._made.members[team["id"]].append(made)

    def _add_coverage(self, name: str, leads: Sequence[str]) -> None:
        team = self._team(name)
        members = self._made.members[team["id"]]
        if not members:
            raise ValueError(f"team {name!r} has no members: nobody could be on call")
        schedule = self._entity("schedule", "schedules", f"{name} on call")
        schedule |= {
            "description": f"Who is on call for {name}",
            "time_zone": self._zone,
            "schedule_layers": [],
            "escalation_policies": [],
            "users": [self._made.refs[member] for member in members],
            "teams": [reference(team)],
        }
        self._made.schedules[schedule["id"]] = schedule
        # Level 1 is the schedule's first member, level 2 all other members, or any lead where there are none.
        second = tuple(members[1:]) or tuple(lead for lead in leads if lead != members[0])[:1]
        policy = self._entity("escalation_policy", "escalation_policies", f"{name} escalation")
        policy |= {
            "description": f"Escalates what {name} does not take",
            "num_loops": 0,
            "on_call_handoff_notifications": "if_has_services",
            "escalation_rules": [
                self._rule(name, 1, [reference(schedule)]),
                self._rule(name, 2, [self._made.refs[member] for member in second]),
            ],
            "services": [],
            "teams": [reference(team)],
        }
        ref = reference(policy)
        schedule["escalation_policies"].append(ref)
        levels = ((members[0],), second)
        self._made.policies[policy["id"]] = Policy(policy["id"], policy, ref, levels, [reference(team)])

    def _rule(self, name: str, level: int, targets: list[Json]) -> Json:
        return {
            "id": stable_id("rule", f"{name}/{level}"),
            "escalation_delay_in_minutes": 30,
            "targets": targets,
        }

    def _add_service(self, name: str, team: str) -> None:
        owner = self._team(team)
        policy = self._made.policies[stable_id("escalation_policy", f"{team} escalation")]
        service = self._entity("service", "services", name, html="service-directory")
        integration = self._integration(name, service)
        service |= {
            "description": f"Run by {team}",
            "created_at": _OPENED,
            "updated_at": _OPENED,
            "status": "active",
            "auto_resolve_timeout": None,
            "acknowledgement_timeout": self._timeout,
            "last_incident_timestamp": None,
            "teams": [reference(owner)],
            "incident_urgency_rule": {"type": "constant", "urgency": "high"},
            "scheduled_actions": [],
            "support_hours": None,
            "escalation_policy": policy.ref,
            "addons": [],
            "alert_creation": "create_alerts_and_incidents",
            "integrations": [reference(integration)],
        }
        made = service["id"]
        policy.full["services"].append(reference(service))
        self._made.services[made] = Service(made, service, reference(service), policy.id, service["teams"])
        self._made.routing[routing_key(name)] = made
        self._made.integrations[made] = integration

    def _integration(self, name: str, service: Json) -> Json:
        made = stable_id("integration", name)
        where = f"services/{service['id']}/integrations/{made}"
        return {
            "id": made,
            "type": "events_api_v2_inbound_integration",
            "summary": f"{name} events",
            "self": f"{self._api}/{where}",
            "html_url": f"{self._web}/{where}",
            "name": f"{name} events",
            "integration_key": routing_key(name),
            "created_at": _OPENED,
            "service": reference(service),
        }

    def _add_priority(self, position: int, name: str, about: str, color: str) -> None:
        priority = self._entity("priority", "priorities", name, html=None)
        priority |= {
            "description": about,
            "color": color,
            "order": 2 ** (27 - position),
            "created_at": _OPENED,
            "updated_at": _OPENED,
            "schema_version": 0,
        }
        self._made.priorities[priority["id"]] = priority
        self._made.priority_names[name] = priority["id"]
