"""The settings of a BMC Helix ITSM instance."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, StringConstraints, field_validator
from requests.auth import AuthBase

from syncline.http.auth import AuthContext
from syncline.http.logins import JwtLogin
from syncline.http.settings import InstanceSettings, check_url
from syncline_helix.query import EPOCH, Dates, own_condition
from syncline_helix.values import TIMES

AUDIT: Final = "HPD:HelpDesk_AuditLogSystem"
"""The stock audit of incidents, in the log style."""

Name = Annotated[str, StringConstraints(pattern=r"^[^,()'\"\x00-\x1f]{1,80}$", strip_whitespace=True)]
"""A field or a form, by its database name; what would break a list of names is none."""


class HelixSettings(InstanceSettings):
    """One BMC Helix ITSM (or Remedy ITSM) server.

    Attributes:
        url: Where its REST API answers: `https://acme-restapi.onbmc.com`, or `https://ar.example.com:8443`.
        username: The integration account; by it our own edits are told from those of people.
        password: Its password.
        auth_string: The authentication string that the login asks for on some servers.
        web: Where people open incidents: the address of Smart IT up to `/#/`; without it, `url` with `/smartit/app`.
        customer: Login of the customer for incidents whose reporter Helix does not know; without it, `username`.
        stand_in: Login of who is put in as the assignee where a status asks for one and nobody is assigned. Without it such a
            status is parked until somebody is assigned.
        marker_field: The field of our own key; it must stand on the interface form and on the one that creates.
        filter: A qualification that polled incidents must fulfil too; empty for all.
        date_format: How times are written in qualifications: `epoch`, or a pattern such as `%m/%d/%Y %I:%M:%S %p`.
        date_zone: The time zone of written ones.
        audit_form: The form with the audit of incidents; empty: there is none to be read.
        work_log_type: The type of our work log entries.
        page_size: Entries to ask for at once.
        time_fields: Fields of your own that hold a date and time.
    """

    platform: Literal["helix"] = "helix"
    username: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]
    password: SecretStr | None = None
    auth_string: str = ""
    web: str = ""
    customer: str = ""
    stand_in: str = ""
    marker_field: Name = "Vendor Ticket Number"
    filter: str = ""
    date_format: str = EPOCH
    date_zone: str = "UTC"
    audit_form: Name | Literal[""] = AUDIT
    work_log_type: str = "General Information"
    page_size: Annotated[int, Field(ge=10, le=1000)] = 200
    time_fields: tuple[Name, ...] = ()
    requests_per_minute: Annotated[int, Field(ge=10)] = 240
    workers: Annotated[int, Field(ge=1, le=64)] = 2

    @field_validator("filter")
    @classmethod
    def _filter(cls, value: str) -> str:
        return own_condition(value)

    @field_validator("web")
    @classmethod
    def _web(cls, value: str) -> str:
        return check_url(value) if value else ""

    @field_validator("date_format")
    @classmethod
    def _date_format(cls, value: str) -> str:
        said = datetime(2026, 11, 23, 21, 8, 7, tzinfo=UTC)
        if value != EPOCH and (
            '"' in value
            or said.strftime(value) == said.replace(hour=9, second=8).strftime(value)
            or "%" not in value
        ):
            raise ValueError(
                f"must be {EPOCH}, or a pattern that tells every second apart, such as %m/%d/%Y %I:%M:%S %p"
            )
        return value

    @field_validator("date_zone")
    @classmethod
    def _date_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("must be a time zone such as UTC or Europe/Berlin") from None
        return value

    def dates(self) -> Dates:
        """How times stand in qualifications."""
        return Dates(self.date_format, self.date_zone)

    def times(self) -> frozenset[str]:
        """Fields that hold a date and time, this instance's own ones among them."""
        return TIMES | set(self.time_fields)

    def authentication(self, context: AuthContext) -> AuthBase:
        """A token by login, given back when we leave: a server has only so many sessions.

        Raises:
            Configuration: the password is nowhere to be found.
        """
        return JwtLogin(
            f"{self.url}/api/jwt/login",
            f"{self.url}/api/jwt/logout",
            self.username,
            self.secret("password"),
            context=context,
            scheme="AR-JWT",
            parameters={"authString": self.auth_string} if self.auth_string else None,
        )
