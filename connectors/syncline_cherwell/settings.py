"""The settings of a Cherwell instance."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, StringConstraints, field_validator
from requests.auth import AuthBase

from syncline.http.auth import AuthContext
from syncline.http.logins import OAuthLogin
from syncline.http.settings import InstanceSettings, check_url
from syncline_cherwell.values import separators

LIFECYCLE: Final = {
    "New": ["Assigned", "In Progress", "Pending", "Resolved"],
    "Assigned": ["In Progress", "Pending", "Resolved"],
    "In Progress": ["Assigned", "Pending", "Resolved"],
    "Pending": ["Assigned", "In Progress", "Resolved"],
    "Resolved": ["Closed", "Reopened"],
    "Closed": ["Reopened"],
    "Reopened": ["Assigned", "In Progress", "Pending", "Resolved"],
}
"""Of the incident that Cherwell comes with, as far as it is published; every company changes it."""

ASKED_FOR: Final = {
    "Pending": ["PendingReason"],
    "Resolved": ["CloseDescription"],
}

OWNED: Final = ["In Progress", "Resolved"]

Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,120}$", strip_whitespace=True)]
"""A field or a business object, by its internal name; a relationship or a journal, by what people read."""


class CherwellSettings(InstanceSettings):
    """One Cherwell Service Management (CSM) server.

    Attributes:
        url: Up to and without `/CherwellAPI`: `https://acme.cherwellondemand.com`.
        username: The integration account; by it our own edits are told from those of people.
        client_id: The API client key of CSM Administrator, with password grants allowed.
        password: The account's password.
        auth_mode: How the account is known: `Internal`, `Windows`, `LDAP`, `SAML` or `Auto`.
        web: Where people open records; without it, `url` with `/CherwellClient/Access`.
        customer: Full name of the customer for incidents that we make; without it, that of the account.
        stand_in: Full name of who is put in as the owner where a status asks for one and there is none. Without it such a status is
            parked: assign somebody, then `syncline park retry`.
        object_name: The business object that holds incidents.
        marker_field: The text field of our own key; you add it to the business object.
        modified_field: The field with the time of the last change.
        note_journal: The journal in which notes stand, by what people read.
        request_journal: The journal in which customers write in the portal; empty: none is read.
        history_journal: The journal in which Cherwell writes what people changed; empty: none is read.
        journal_relationship: How an incident's journals hang on it.
        public_field: The field of a note that shows it to the customer; empty: notes are for those who work there only.
        history_line: How a line of the history reads, with `{field}`, `{before}` and `{after}`, in this order.
        lifecycle: Status to the statuses that it may be changed to.
        asked_for: Status to the fields without which it is refused.
        owned: Statuses that ask for an owner.
        ascending: The number that sorts upwards.
        date_format: How times are written, such as `%m/%d/%Y %I:%M:%S %p`; empty: as the culture of the instance says.
        time_zone: The time zone of written times.
        page_size: Records to ask for at once.
    """

    platform: Literal["cherwell"] = "cherwell"
    username: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]
    client_id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]
    password: SecretStr | None = None
    auth_mode: Literal["Internal", "Windows", "LDAP", "SAML", "Auto"] = "Internal"
    web: str = ""
    customer: str = ""
    stand_in: str = ""
    object_name: Name = "Incident"
    marker_field: Name = "SynclineID"
    modified_field: Name = "LastModifiedDateTime"
    note_journal: Name = "Journal - Note"
    request_journal: Name | Literal[""] = "Journal - Customer Request"
    history_journal: Name | Literal[""] = "Journal - History"
    journal_relationship: Name = "Incident Owns Journals"
    public_field: Name | Literal[""] = "ShowInSelfService"
    history_line: str = "{field} changed from '{before}' to '{after}'"
    lifecycle: dict[str, list[str]] = LIFECYCLE
    asked_for: dict[str, list[str]] = ASKED_FOR
    owned: list[str] = OWNED
    ascending: Literal[0, 1] = 1
    date_format: str = ""
    time_zone: str = "UTC"
    page_size: Annotated[int, Field(ge=10, le=1000)] = 200
    requests_per_minute: Annotated[int, Field(ge=10)] = 240
    workers: Annotated[int, Field(ge=1, le=64)] = 2

    @field_validator("web")
    @classmethod
    def _web(cls, value: str) -> str:
        return check_url(value) if value else ""

    @field_validator("history_line")
    @classmethod
    def _history_line(cls, value: str) -> str:
        separators(value)
        return value

    @field_validator("date_format")
    @classmethod
    def _date_format(cls, value: str) -> str:
        told = datetime(2026, 11, 23, 21, 8, 7, tzinfo=UTC)
        if value and (
            not value.replace(" %p", "").endswith("%S")
            or told.strftime(value) == told.replace(hour=9, second=8).strftime(value)
        ):
            raise ValueError(
                "must tell every second apart, seconds last, such as %d/%m/%Y %H:%M:%S or %m/%d/%Y %I:%M:%S %p"
            )
        return value

    @field_validator("time_zone")
    @classmethod
    def _time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("must be a time zone such as UTC or Europe/Berlin") from None
        return value

    def authentication(self, context: AuthContext) -> AuthBase:
        """A token by login, refreshed once for all workers, and given back when we leave: a session may occupy a licence.

        Raises:
            Configuration: the password is nowhere to be found.
        """
        api = f"{self.url}/CherwellAPI"
        return OAuthLogin(
            f"{api}/token?auth_mode={self.auth_mode}",
            f"{api}/api/V1/logout",
            self.client_id,
            self.username,
            self.secret("password"),
            context=context,
        )
