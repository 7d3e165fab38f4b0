"""What an instance of PagerDuty is configured with."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from requests.auth import AuthBase

from syncline.http.auth import AuthContext, HeaderAuth, OAuthClientCredentials
from syncline.http.settings import InstanceSettings, check_url

US: Final = "https://api.pagerduty.com"
EU: Final = "https://api.eu.pagerduty.com"

SCOPES: Final = (
    "abilities.read",
    "escalation_policies.read",
    "incidents.read",
    "incidents.write",
    "priorities.read",
    "services.read",
    "users.read",
)
"""What our calls need, and nothing more (PagerDuty docs: scoped OAuth)."""

PagerDutyId = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,64}$")]


class PagerDutySettings(InstanceSettings):
    """One PagerDuty account, or those services of it that are named.

    Attributes:
        url: The REST API: `https://api.pagerduty.com`, in the EU service region `https://api.eu.pagerduty.com`.
        auth: `token`, an API access key; or `oauth`, the client credentials of an app.
        token: The API access key.
        client_id: Of the OAuth app.
        client_secret: Of the OAuth app.
        subdomain: The account's, `acme` of `acme.pagerduty.com`; the OAuth scope names it.
        token_url: Where OAuth tokens come from.
        from_email: Login address of the PagerDuty user in whose name we write; PagerDuty demands one.
        services: Ids of the services whose incidents are kept in agreement; empty: all of them. What we create
            goes to the first.
        reread_open_every: Seconds between two looks at all open incidents, for edits that leave no entry in the
            log; 0 switches it off, and the sweep finds them.
        read_body: Whether a read asks for the description too. PagerDuty answers that, but its OpenAPI document
            does not list it.
    """

    url: str = US
    requests_per_minute: Annotated[int, Field(ge=10)] = 900
    auth: Literal["token", "oauth"] = "token"
    token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    subdomain: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")] | None = None
    token_url: str = "https://identity.pagerduty.com/oauth/token"  # noqa: S105  an address
    from_email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    services: list[PagerDutyId] = Field(default_factory=list)
    reread_open_every: Annotated[float, Field(ge=0)] = 60.0
    read_body: bool = False

    @field_validator("services", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """An environment variable holds them with commas."""
        return (
            [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value
        )

    @field_validator("token_url")
    @classmethod
    def _token_url(cls, value: str) -> str:
        return check_url(value)

    @model_validator(mode="after")
    def _oauth_is_whole(self) -> Self:
        if self.auth == "oauth" and not self.client_id:
            raise ValueError("client_id is not set, and auth: oauth needs it")
        if self.auth == "oauth" and not self.subdomain:
            raise ValueError(
                "subdomain is not set, and auth: oauth needs it: the first part of the address at which people"
                " open PagerDuty"
            )
        return self

    @property
    def scope(self) -> str:
        """The OAuth scopes: the account, and what our calls need."""
        region = "eu" if ".eu." in self.url else "us"
        return " ".join((f"as_account-{region}.{self.subdomain}", *SCOPES))

    def authentication(self, context: AuthContext) -> AuthBase:
        """The API access key in PagerDuty's own scheme, or a bearer token that is fetched.

        Raises:
            Configuration: the secret is missing.
        """
        if self.auth == "token":
            return HeaderAuth("Authorization", "Token token=", self.secret("token"))
        return OAuthClientCredentials(
            self.token_url, self.client_id or "", self.secret("client_secret"), self.scope, context=context
        )
