"""The settings of one Jira: which flavour it is, how we authenticate, which projects are ours."""

import re
from datetime import date
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from requests.auth import AuthBase

from syncline.http.auth import AuthContext, BasicAuth, BearerAuth
from syncline.http.settings import InstanceSettings, check_url

GATEWAY: Final = "api.atlassian.com"
"""Where scoped API tokens and service accounts are accepted, and nowhere else (Atlassian: "API tokens")."""

_ORDER: Final = re.compile(r"\border\s+by\b", re.IGNORECASE)

ProjectKey = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,254}$")]


class CommentAudience(BaseModel):
    """Who may read an internal comment: the members of one project role, or of one group."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    group: Annotated[str, Field(min_length=1, max_length=255)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.role is None) == (self.group is None):
            raise ValueError("must name a role or a group, and only one of them")
        return self

    def restriction(self) -> dict[str, str]:
        """The `visibility` of a comment, as both flavours take it."""
        if self.role is not None:
            return {"type": "role", "value": self.role}
        return {"type": "group", "value": self.group or ""}


class JiraSettings(InstanceSettings):
    """One Jira Cloud site or Data Center installation.

    Attributes:
        url: `https://example.atlassian.net`; `https://api.atlassian.com/ex/jira/<cloud id>` for scoped tokens;
            for Data Center the base URL with its context path, `https://jira.example.com/jira`.
        flavour: `cloud` or `dc`; without it the host says so.
        auth: `api_token` (Cloud: e-mail address and API token), `scoped_token` (Cloud: scoped API token or
            service account, through the gateway), `pat` (Data Center: personal access token), `basic` (Data
            Center: user and password). Default: `api_token` or `scoped_token` on Cloud, `pat` on Data Center.
        user: E-mail address on Cloud, user name on Data Center; empty: the token is sent as a bearer token.
        token: API token or personal access token.
        password: Password for `basic`.
        token_expires: Last day of the token, for a warning in time; Jira does not tell.
        site: Address that people open, where it differs from `url`; asked of Jira where it is not given.
        projects: Keys of the projects whose issues are kept in agreement; the first takes what we create.
        default_issue_type: Name of the type of the issues that we create.
        jql: A further condition on the issues that are polled, without ORDER BY.
        internal_comments: Who may read our internal comments; without it all who may read the issue, and in
            service projects the agents.
        group_field: Native field that holds the group an issue is assigned to; empty: Jira has no groups.
        former_accounts: Accounts that were ours before: what they wrote still counts as ours.
    """

    requests_per_minute: Annotated[int, Field(ge=10)] = 600
    flavour: Literal["cloud", "dc"] | None = None
    auth: Literal["api_token", "scoped_token", "pat", "basic"] | None = None
    user: str = ""
    token: SecretStr | None = None
    password: SecretStr | None = None
    token_expires: date | None = None
    site: str | None = None
    projects: Annotated[list[ProjectKey], Field(min_length=1, max_length=50)]
    default_issue_type: Annotated[str, Field(min_length=1, max_length=255)] = "Task"
    jql: Annotated[str, Field(max_length=1000)] = ""
    internal_comments: CommentAudience | None = None
    group_field: str = ""
    former_accounts: list[str] = Field(default_factory=list)

    @field_validator("projects", "former_accounts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """An environment variable holds them with commas."""
        return (
            [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value
        )

    @field_validator("site")
    @classmethod
    def _site(cls, value: str | None) -> str | None:
        return None if value is None else check_url(value)

    @field_validator("jql")
    @classmethod
    def _condition(cls, value: str) -> str:
        if _ORDER.search(value):
            raise ValueError("must be a condition only: the poll brings its own ORDER BY")
        if _unbalanced(value):
            raise ValueError("has an unbalanced quotation mark or parenthesis")
        return value

    @model_validator(mode="after")
    def _scheme_fits(self) -> Self:
        if self.scheme in {"api_token", "scoped_token"} and not self.is_cloud:
            raise ValueError(f"auth: {self.scheme} is for Jira Cloud; Data Center takes pat or basic")
        if self.scheme in {"pat", "basic"} and self.is_cloud:
            raise ValueError(
                f"auth: {self.scheme} is for Data Center; Jira Cloud takes api_token or scoped_token"
            )
        if (
            self.scheme == "scoped_token"
            and not self.through_gateway
            and self.host.endswith(".atlassian.net")
        ):
            raise ValueError(
                f"a scoped token is accepted only at https://{GATEWAY}/ex/jira/<cloud id>; make that the url"
                f" (the cloud id stands in https://{self.host}/_edge/tenant_info)"
            )
        if self.scheme in {"api_token", "basic"} and not self.user:
            raise ValueError(f"user is not set, and auth: {self.scheme} needs it")
        return self

    @property
    def host(self) -> str:
        """The host of `url`."""
        return urlsplit(self.url).hostname or ""

    @property
    def through_gateway(self) -> bool:
        """Whether `url` is Atlassian's gateway, whose addresses nobody can open in a browser."""
        return self.host == GATEWAY

    @property
    def is_cloud(self) -> bool:
        """Whether this is Jira Cloud: by `flavour`, else by the host."""
        if self.flavour is not None:
            return self.flavour == "cloud"
        return self.host.endswith(".atlassian.net") or self.through_gateway

    @property
    def scheme(self) -> str:
        """`auth`, or what is usual here."""
        if self.auth is not None:
            return self.auth
        if self.is_cloud:
            return "scoped_token" if self.through_gateway else "api_token"
        return "pat"

    def authentication(self, context: AuthContext) -> AuthBase:  # noqa: ARG002  nothing here is renewed
        """Basic with e-mail address and API token or with user and password, or a bearer token.

        Raises:
            Configuration: the secret is missing.
        """
        if self.scheme == "basic":
            return BasicAuth(self.user, self.secret("password"))
        token = self.secret("token")
        if self.scheme == "pat" or not self.user:
            return BearerAuth(token)
        return BasicAuth(self.user, token)


def _unbalanced(jql: str) -> bool:
    """Whether a condition could break out of the parentheses that the poll puts around it."""
    depth, quote, escaped = 0, "", False
    for char in jql:
        if quote:
            if escaped or char == "\\":
                escaped = not escaped
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth < 0:
                return True
    return bool(quote) or depth != 0
