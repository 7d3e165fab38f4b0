"""Who works on the simulated server: people and support groups, as the forms CTM:People and CTM:Support Group have them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

ADMIN: Final = "appadmin"
INTEGRATION: Final = "syncline"
INTEGRATION_PASSWORD: Final = "sandbox"  # noqa: S105  the sandbox's credentials are no secret
ESCALATOR: Final = "AR_ESCALATOR"
"""The login in whose name the server's own escalations write."""

COMPANY: Final = "Calbro Services"
ORGANIZATION: Final = "IT Support"


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


PEOPLE: Final = (
    Person("amina", "Amina Diallo", "amina.diallo@example.com"),
    Person("bruno", "Bruno Keller", "bruno.keller@example.com"),
    Person("chloe", "Chloe Martin", "chloe.martin@example.com"),
    Person("diane", "Diane Novak", "diane.novak@example.com"),
    Person("noah", "Noah Brooks", "noah.brooks@example.com"),
    Person("olga", "Olga Petrova", "olga.petrova@example.com"),
    Person(INTEGRATION, "Syncline Integration", "syncline@example.com"),
    Person(ADMIN, "App Admin", "appadmin@example.com"),
)
"""The people of a new server."""

GROUPS: Final = ("Service Desk", "Network", "Database", "Security")
"""The support groups of a new server."""


def people_entries(people: Sequence[Person], at: int) -> list[dict[str, Any]]:
    """The entries of CTM:People."""
    return [
        {
            "Person ID": f"PPL{number:012}",
            "Submitter": ADMIN,
            "Submit Date": at,
            "Last Modified By": ADMIN,
            "Last Modified Date": at,
            "Remedy Login ID": person.login,
            "Profile Status": "Enabled",
            "Full Name": person.name,
            "First Name": person.name.partition(" ")[0],
            "Last Name": person.name.partition(" ")[2] or person.name,
            "Internet E-mail": person.email,
            "Company": COMPANY,
            "Support Staff": "Yes",
        }
        for number, person in enumerate(people, 1)
    ]


def group_entries(groups: Sequence[str], at: int) -> list[dict[str, Any]]:
    """The entries of CTM:Support Group."""
    return [
        {
            "Support Group ID": f"SGP{number:012}",
            "Submitter": ADMIN,
            "Submit Date": at,
            "Last Modified By": ADMIN,
            "Last Modified Date": at,
            "Status": "Enabled",
            "Support Group Name": name,
            "Company": COMPANY,
            "Support Organization": ORGANIZATION,
        }
        for number, name in enumerate(groups, 1)
    ]
