"""The settings of a ServiceNow instance."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator
from requests.auth import AuthBase

from syncline.http.auth import AuthContext, BasicAuth, OAuthClientCredentials
from syncline.http.settings import InstanceSettings
from syncline_servicenow.query import own_condition
from syncline_servicenow.values import Kinds

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,79}$")]
"""A table or a field, as the dictionary names it."""


class ServiceNowSettings(InstanceSettings):
    """One ServiceNow instance.

    Attributes:
        auth: `basic` with username and password, or `oauth` with client credentials at `/oauth_token.do`.
        username: The integration account; by it our own edits are told from those of people. With `oauth` it is the
            user that the OAuth application runs as.
        password: Its password.
        client_id: The OAuth client.
        client_secret: Its secret.
        table: The table of the incidents: `incident` or one that extends it.
        filter: An encoded query that polled records must fulfil too; empty for all. No `^NQ`, no `ORDERBY`.
        page_size: Rows to ask for at once.
        person_fields: Fields of your own that refer to sys_user.
        group_fields: Fields of your own that refer to sys_user_group.
        time_fields: Fields of your own that hold a date and time.
    """

    platform: Literal["servicenow"] = "servicenow"
    auth: Literal["basic", "oauth"] = "basic"
    username: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    password: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    table: Name = "incident"
    filter: str = ""
    page_size: Annotated[int, Field(ge=10, le=10_000)] = 200
    person_fields: tuple[Name, ...] = ()
    group_fields: tuple[Name, ...] = ()
    time_fields: tuple[Name, ...] = ()
    requests_per_minute: Annotated[int, Field(ge=10)] = 600

    @field_validator("filter")
    @classmethod
    def _filter(cls, value: str) -> str:
        return own_condition(value)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.auth == "basic" and not self.username:
            raise ValueError("auth is basic, so username must be set: the integration account")
        if not self.username:
            raise ValueError(
                "auth is oauth, so username must be set to the user that the OAuth application runs as (the field User of"
                " its entry in the Application Registry): without it Syncline takes its own edits for those of people"
            )
        if self.auth == "oauth" and not self.client_id:
            raise ValueError("auth is oauth, so client_id must be set: the OAuth client of the instance")
        return self

    def kinds(self) -> Kinds:
        """Which fields hold more than text, this instance's own ones among them."""
        return Kinds().extended(self.person_fields, self.group_fields, self.time_fields)

    def authentication(self, context: AuthContext) -> AuthBase:
        """Basic, or OAuth client credentials at the instance's own token endpoint.

        Raises:
            Configuration: the password or the client secret is nowhere to be found.
        """
        if self.auth == "oauth":
            return OAuthClientCredentials(
                f"{self.url}/oauth_token.do",
                self.client_id or "",
                self.secret("client_secret"),
                context=context,
            )
        return BasicAuth(self.username, self.secret("password"))
