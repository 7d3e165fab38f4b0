"""Who works on the simulated instance, and what stands in its tables from the first day."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from syncline.sandbox.servicenow.schema import BOOLEAN, CHOICES, Choice, FieldSpec, TableSpec

ADMIN: Final = "admin"
INTEGRATION: Final = "syncline"
INTEGRATION_PASSWORD: Final = "sandbox"  # noqa: S105  the sandbox's credentials are no secret


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who can sign in.

    Attributes:
        user_name: What they sign in as.
        name: What people read.
        email: Their address.
        groups: Names of the groups that they are in.
        roles: `itil`, `admin`.
    """

    user_name: str
    name: str
    email: str
    groups: tuple[str, ...] = ()
    roles: frozenset[str] = field(default=frozenset({"itil"}))


PEOPLE: Final = (
    Person("amina", "Amina Diallo", "amina.diallo@example.com", ("Service Desk",)),
    Person("bruno", "Bruno Keller", "bruno.keller@example.com", ("Network",)),
    Person("chloe", "Chloe Martin", "chloe.martin@example.com", ("Database",)),
    Person("diane", "Diane Novak", "diane.novak@example.com", ("Security", "Service Desk")),
    Person("noah", "Noah Brooks", "noah.brooks@example.com"),
    Person("olga", "Olga Petrova", "olga.petrova@example.com"),
    Person(INTEGRATION, "Syncline", "syncline@example.com"),
    Person(ADMIN, "System Administrator", "admin@example.com", (), frozenset({"itil", "admin"})),
)
"""The people of a new instance."""

GROUPS: Final = ("Service Desk", "Network", "Database", "Security")
"""The groups of a new instance."""

ROLES: Final = ("admin", "itil")
"""The roles that people of a new instance have."""

_SERVICES: Final = ("Payments", "E-mail", "VPN", "Web shop")
_ITEMS: Final = ("mail-01", "web-01", "web-02", "db-01", "vpn-01")
_PROPERTIES: Final = {
    "com.glide.attachment.max_size": "1024",
    "glide.attachment.extensions": "",
    "glide.invalid_query.returns_no_rows": "false",
    "glide.ui.autoclose.time": "7",
    "instance_name": "sandbox",
}


def fixed_id(*parts: str) -> str:
    """A sys_id that is the same in every sandbox."""
    return hashlib.md5("/".join(parts).encode(), usedforsecurity=False).hexdigest()


def directory_rows(people: Iterable[Person], groups: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """The rows of users, groups, memberships and roles."""
    users: list[dict[str, str]] = []
    members: list[dict[str, str]] = []
    held: list[dict[str, str]] = []
    for person in people:
        first, _, last = person.name.partition(" ")
        user_id = fixed_id("sys_user", person.user_name)
        users.append(
            {
                "sys_id": user_id,
                "user_name": person.user_name,
                "name": person.name,
                "first_name": first,
                "last_name": last,
                "email": person.email,
                "active": "true",
                "locked_out": "false",
            }
        )
        held += [
            {
                "sys_id": fixed_id("sys_user_has_role", user_id, role),
                "user": user_id,
                "role": fixed_id("sys_user_role", role),
                "inherited": "false",
                "state": "active",
            }
            for role in sorted(person.roles)
        ]
        for group in person.groups:
            group_id = fixed_id("sys_user_group", group)
            members.append(
                {"sys_id": fixed_id("member", user_id, group_id), "user": user_id, "group": group_id}
            )
    listed = [
        {
            "sys_id": fixed_id("sys_user_group", name),
            "name": name,
            "active": "true",
            "description": f"{name} team",
        }
        for name in groups
    ]
    return {
        "sys_user": users,
        "sys_user_group": listed,
        "sys_user_grmember": members,
        "sys_user_role": [{"sys_id": fixed_id("sys_user_role", name), "name": name} for name in ROLES],
        "sys_user_has_role": held,
    }


def fixture_rows() -> dict[str, list[dict[str, str]]]:
    """Configuration items, services and properties."""

    def named(table: str, names: Iterable[str], **more: str) -> list[dict[str, str]]:
        return [
            {"sys_id": fixed_id(table, name), "name": name, "sys_class_name": table, **more} for name in names
        ]

    return {
        "cmdb_ci": named("cmdb_ci", _ITEMS, operational_status="1"),
        "cmdb_ci_service": named("cmdb_ci_service", _SERVICES, operational_status="1"),
        "sys_properties": [
            {"sys_id": fixed_id("sys_properties", name), "name": name, "value": value, "type": "string"}
            for name, value in _PROPERTIES.items()
        ],
    }


def choice_rows(choices: Iterable[Choice] = CHOICES) -> list[dict[str, str]]:
    """The rows of `sys_choice`."""
    return [
        {
            "sys_id": fixed_id("sys_choice", choice.table, choice.field, choice.dependent, choice.value),
            "name": choice.table,
            "element": choice.field,
            "value": choice.value,
            "label": choice.label,
            "dependent_value": choice.dependent,
            "language": "en",
            "inactive": "false",
            "sequence": str(at),
        }
        for at, choice in enumerate(choices)
    ]


def dictionary_row(spec: FieldSpec, *, mandatory: bool = False) -> dict[str, str]:
    """The row of `sys_dictionary` for one field."""
    row = {
        "sys_id": fixed_id("sys_dictionary", spec.table, spec.column),
        "name": spec.table,
        "element": spec.name,
        "internal_type": spec.type,
        "column_label": spec.label,
        "max_length": str(spec.max_length),
        "mandatory": "true" if mandatory else "false",
        "read_only": "true" if spec.read_only else "false",
        "reference": spec.reference,
        "choice": "1" if spec.choice else "0",
        "default_value": spec.default,
        "active": "true",
        "array": "false",
        "display": "true" if spec.column == "number" else "false",
    }
    if spec.type == BOOLEAN:
        row["max_length"] = "40"
    return row


def dictionary_rows(tables: Mapping[str, TableSpec]) -> dict[str, list[dict[str, str]]]:
    """The rows of `sys_dictionary` and `sys_db_object`. An inherited field stands once, under the table that
    defines it: a client that asks for `name=incident` alone does not see `short_description`."""
    rows = [dictionary_row(spec) for table in tables.values() for spec in table.fields.values()]
    objects = [
        {
            "sys_id": fixed_id("sys_db_object", table.name),
            "name": table.name,
            "label": table.label,
            "super_class": fixed_id("sys_db_object", table.parent) if table.parent else "",
        }
        for table in tables.values()
    ]
    objects.append(
        {"sys_id": fixed_id("sys_db_object", "task"), "name": "task", "label": "Task", "super_class": ""}
    )
    return {"sys_dictionary": rows, "sys_db_object": objects}
