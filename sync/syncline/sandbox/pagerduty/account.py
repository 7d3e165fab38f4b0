"""One simulated account: what it is set to, what it holds, and who is asking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from syncline.sandbox.pagerduty.directory import Builder, Directory, Json, Person, stable_id
from syncline.sandbox.pagerduty.reading import zone_of
from syncline.sandbox.pagerduty.records import Incident, LogEntry, Records
from syncline.sandbox.pagerduty.refusals import invalid, requester_not_found, unauthorized
from syncline.sandbox.pagerduty.rendering import CustomField, Renderer
from syncline.sandbox.platform import Request

CUSTOM_FIELDS: Final = (
    CustomField(
        stable_id("field", "correlation_id"),
        "correlation_id",
        "Correlation ID",
        description="The incident's id in other systems",
    ),
    CustomField(
        stable_id("field", "environment"),
        "environment",
        "Environment",
        field_type="single_value_fixed",
        options=("production", "staging", "development"),
        description="Where it happened",
    ),
)
"""Custom fields of incidents by default."""

# Entries are many: what is the same in most of them is there once.
_WEBSITE: Final[Json] = {"type": "website"}
_API: Final[Json] = {"type": "api"}
_NO_EXTRA: Final[Json] = {}


@dataclass(frozen=True, slots=True)
class Settings:
    """What differs between accounts, and what nobody could check without one. See `PagerDuty`."""

    time_zone: str
    acknowledgement_timeout: int | None
    priorities: bool
    priority_entries: bool
    title_entries: bool
    reopen_entry: str
    reassign_retriggers: bool
    retrigger_entry: bool
    date_part_only: bool
    newest_first: bool
    from_required: bool
    account_keys: tuple[str, ...]
    enforce_rate_limit: bool
    rate_limit: int
    rate_limit_headers: bool
    nulls: bool
    body_after_create: bool


@dataclass(slots=True)
class Paging:
    """How people are told whom a responder request asks. May be changed at any time.

    Attributes:
        after: Seconds until they are; None: nobody is.
        unreachable: E-mail addresses of people who never are.
        status: What the log says became of it: `success`, or another word for what did not arrive.
    """

    after: float | None = 5.0
    unreachable: set[str] = field(default_factory=set)
    status: str = "success"

    def change(self, content: Mapping[str, Any]) -> Json:
        """Change what is named, and give all.

        Raises:
            ValueError: something in it is not legal; nothing is changed then.
        """
        after, unreachable = content.get("after", self.after), content.get("unreachable", self.unreachable)
        status = content.get("status", self.status)
        known = set(content) <= {"after", "unreachable", "status"}
        number = isinstance(after, int | float) and not isinstance(after, bool) and after >= 0
        addresses = isinstance(unreachable, list | set) and all(isinstance(one, str) for one in unreachable)
        if not known or not (after is None or number) or not addresses or not isinstance(status, str):
            raise ValueError(
                "paging: give after (seconds, or null: nobody is told), unreachable (a list of addresses) and status"
            )
        self.after = None if after is None else float(after)
        self.unreachable, self.status = set(unreachable), status
        return {"after": self.after, "unreachable": sorted(self.unreachable), "status": self.status}


@dataclass(frozen=True, slots=True)
class Moment:
    """When a request is answered, and what chance gives to it.

    Attributes:
        exact: Epoch seconds.
        at: The same in whole seconds: all that PagerDuty keeps.
        rng: For ids.
    """

    exact: float
    at: int
    rng: Random


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is.

    Attributes:
        user: The user's id; None for a key of the account.
        token: As it was sent: counts against the rate limit.
    """

    user: str | None
    token: str


class Account:
    """The state of one account."""

    def __init__(
        self,
        settings: Settings,
        people: Sequence[Person],
        teams: Sequence[str],
        services: Mapping[str, str],
        fields: Sequence[CustomField],
        api: str,
        web: str,
    ) -> None:
        builder = Builder(api, web, settings.time_zone, settings.acknowledgement_timeout)
        self.settings = settings
        self.paging = Paging()
        self.directory: Directory = builder.build(people, teams, services)
        self.records = Records()
        self.fields = {field.id: field for field in fields}
        self.renderer = Renderer(self.directory, self.records, tuple(fields), api, web, nulls=settings.nulls)
        self.zone = zone_of(settings.time_zone)

    def caller(self, request: Request) -> Caller:
        """Who is asking: `Token token=<key>` or `Bearer <token>` (PagerDuty docs, Authentication).

        Raises:
            RefusalError: 401 for no key, or a wrong one.
        """
        scheme, _, rest = request.header("authorization").partition(" ")
        token = ""
        if scheme.lower() == "token":
            name, _, value = rest.strip().partition("=")
            token = value.strip().strip('"') if name.strip().lower() == "token" else ""
        elif scheme.lower() == "bearer":
            token = rest.strip()
        if token in self.settings.account_keys:
            return Caller(None, token)
        user = self.directory.tokens.get(token.removeprefix("token-")) if token.startswith("token-") else None
        if user is None:
            raise unauthorized()
        return Caller(user, token)

    def actor(self, request: Request, caller: Caller) -> Json:
        """The user in whose name a write happens: the one of the From header.

        Raises:
            RefusalError: 400 where the header is missing or names nobody.
        """
        address = request.header("from").strip().lower()
        if not address:
            # The contract marks From as required on writes to incidents; a key of the account has no user.
            if self.settings.from_required or caller.user is None:
                raise invalid("From header must be set to the email address of a valid user.")
            return self.directory.refs[caller.user]
        user = self.directory.by_email.get(address)
        if user is None:
            raise requester_not_found()
        return self.directory.refs[user]

    def log(
        self,
        incident: Incident,
        kind: str,
        summary: str,
        agent: Json,
        moment: Moment,
        *,
        channel: Json | None = None,
        at: int | None = None,
        extra: Json | None = None,
    ) -> None:
        """Write a line of the log; `kind` is `acknowledge`, `at` when it happened where that is not now."""
        when = moment.at if at is None else at
        entry = LogEntry(
            id=self.records.new_id(moment.rng, "R", 26),
            type=f"{kind}_log_entry",
            summary=summary,
            at=when,
            seen_from=moment.exact if at is None else float(at),
            agent=agent,
            channel=channel or (_WEBSITE if agent["type"] == "user_reference" else _API),
            incident=incident,
            extra=extra or _NO_EXTRA,
        )
        self.records.log(entry)
