"""Native values, turned into what Jira takes in `fields`. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final

from syncline.connector import Native, unfit
from syncline.errors import Refused
from syncline_jira import shape
from syncline_jira.catalogue import Catalogue, FieldType
from syncline_jira.text import canonical, document, one_line

WORKFLOW: Final = "status"
"""Only transitions change it."""

_SYSTEM: Final[Mapping[str, tuple[str, str]]] = {
    "assignee": ("user", ""),
    "components": ("array", "component"),
    "description": ("string", ""),
    "environment": ("string", ""),
    "fixVersions": ("array", "version"),
    "issuetype": ("issuetype", ""),
    "labels": ("array", "string"),
    "parent": ("issuelink", ""),
    "priority": ("priority", ""),
    "project": ("project", ""),
    "reporter": ("user", ""),
    "resolution": ("resolution", ""),
    "security": ("securitylevel", ""),
    "versions": ("array", "version"),
}

_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(\.\d{1,9})?")


def fields(
    values: Mapping[str, Native], catalogue: Catalogue, *, cloud: bool, instance: str, target: str
) -> dict[str, Any]:
    """The `fields` of a create, an edit or a transition.

    Raises:
        Refused: the status is among them, or values cannot stand in their fields; `target` says whose.
    """
    if WORKFLOW in values:
        raise Refused(
            f"{instance}: an issue's status cannot be set, only transitions change it; take the workflow's way",
            {WORKFLOW: "only transitions change it"},
        )
    written: dict[str, Any] = {}
    complaints: dict[str, str] = {}
    for name, value in sorted(values.items()):
        field = _type(name, catalogue)
        try:
            written[name] = _written(field, value, cloud)
        except ValueError as error:
            complaints[name] = f"{field.name} {error}" if field.name != name else str(error)
    if complaints:
        raise unfit(instance, target, complaints)
    return written


def needs_catalogue(values: Mapping[str, Native]) -> bool:
    """Whether writing these takes more knowledge than that of the system fields."""
    return any(name not in _SYSTEM and name.startswith("customfield_") for name in values)


def _type(name: str, catalogue: Catalogue) -> FieldType:
    if name in _SYSTEM:
        kind, items = _SYSTEM[name]
        return FieldType(name, name, kind, items)
    return catalogue.fields.get(name) or FieldType(name, name, "")


def _written(field: FieldType, value: Native, cloud: bool) -> Any:  # noqa: FBT001
    if value is None:
        return [] if field.type == "array" else None
    if field.id == "summary":
        return one_line(str(value))
    if field.type == "array":
        items = value if isinstance(value, tuple) else (value,)
        return [_one(field.items, str(item), cloud) for item in items]
    if isinstance(value, tuple):
        if field.type:
            raise ValueError("takes one value, not a list")
        return list(value)
    if field.rich:
        return document(str(value)) if cloud else canonical(str(value))
    if field.type == "number":
        return _number(value)
    if field.type == "datetime":
        return _moment(value)
    if field.type in {"", "string", "any", "date"}:
        return canonical(value) if isinstance(value, str) else value
    return _one(field.type, str(value), cloud)


def _one(kind: str, value: str, cloud: bool) -> Any:  # noqa: FBT001
    """One value of a type that stands alone or in a list."""
    match kind:
        case "user":
            return {"accountId" if cloud else "name": value}
        case "option":
            return {"value": value}
        case "option-with-child":
            first, _, second = value.partition(" / ")
            return {"value": first, "child": {"value": second}} if second else {"value": first}
        case "project" | "issuelink":
            return {"key": value}
        case "component" | "version" | "priority" | "resolution" | "issuetype" | "securitylevel" | "group":
            # Where two bear one name an admin can put the id into the mapping: nothing is called by digits alone.
            return (
                {"id": value} if value.isascii() and value.isdigit() and kind != "group" else {"name": value}
            )
        case _:
            return value


def _number(value: Native) -> int | float | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return shape.number(float(value))
    if isinstance(value, int | float):
        return shape.number(value)
    raise ValueError(f"takes a number, not {str(value)[:80]!r}")


def _moment(value: Native) -> str:
    """A time as Jira takes it: milliseconds, and the offset without a colon."""
    at = shape.instant(value)
    if at is None:
        raise ValueError(f"takes a time with its offset, not {str(value)[:80]!r}")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "+0000"
