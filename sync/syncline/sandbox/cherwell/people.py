"""Who works on the simulated instance: users, teams and customers, as UserInfo, TeamInfo and CustomerInternal have them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncline.sandbox.cherwell.objects import record_id

ADMIN: Final = "CSDAdmin"
INTEGRATION: Final = "syncline"
INTEGRATION_PASSWORD: Final = "sandbox"  # noqa: S105  the sandbox's credentials are no secret
CLIENT_ID: Final = "sandbox-client"
"""The id of a REST API client, which an administrator makes."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who can sign in.

    Attributes:
        login: What they sign in as.
        name: What people read.
        email: Their address.
    """

    login: str
    name: str
    email: str

    @property
    def user_id(self) -> str:
        """The record id of their user."""
        return record_id("UserInfo", self.login)

    @property
    def customer_id(self) -> str:
        """The record id of the customer that they are."""
        return record_id("CustomerInternal", self.login)


PEOPLE: Final = (
    Person("amina", "Amina Diallo", "amina.diallo@example.com"),
    Person("bruno", "Bruno Keller", "bruno.keller@example.com"),
    Person("chloe", "Chloe Martin", "chloe.martin@example.com"),
    Person("diane", "Diane Novak", "diane.novak@example.com"),
    Person("noah", "Noah Brooks", "noah.brooks@example.com"),
    Person("olga", "Olga Petrova", "olga.petrova@example.com"),
    Person(INTEGRATION, "Syncline Integration", "syncline@example.com"),
    Person(ADMIN, "Cherwell Admin", "csdadmin@example.com"),
)
"""The people of a new instance."""

TEAMS: Final = ("Service Desk", "Network", "Database", "Security")
"""The teams of a new instance."""


def users(people: Sequence[Person], at: int) -> list[dict[str, Any]]:
    """The records of UserInfo."""
    return [
        {
            "RecID": person.user_id,
            "FullName": person.name,
            "Email": person.email,
            "LoginID": person.login,
            "LastModDateTime": at,
        }
        for person in people
    ]


def customers(people: Sequence[Person], at: int) -> list[dict[str, Any]]:
    """The records of CustomerInternal: everybody may report something."""
    return [
        {
            "RecID": person.customer_id,
            "FullName": person.name,
            "Email": person.email,
            "LastModDateTime": at,
        }
        for person in people
    ]


def teams(names: Sequence[str], at: int) -> list[dict[str, Any]]:
    """The records of TeamInfo."""
    return [{"RecID": record_id("TeamInfo", name), "Name": name, "LastModDateTime": at} for name in names]
