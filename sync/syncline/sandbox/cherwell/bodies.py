"""What requests bring: objects in JSON, or the same by the address."""

import json
from collections.abc import Mapping
from typing import Any, Final

from syncline.sandbox.cherwell.objects import FieldSpec
from syncline.sandbox.cherwell.replies import bad_request, said
from syncline.sandbox.platform import Request

_LARGEST_BODY: Final = 20 * 1024 * 1024
_NAMES: Final = {
    name.lower(): name
    for name in (
        "allFields",
        "busObId",
        "busObPublicId",
        "busObRecId",
        "dirty",
        "fieldId",
        "fieldIds",
        "fieldName",
        "fieldNames",
        "fields",
        "fieldsList",
        "filters",
        "includeAll",
        "includeAllFields",
        "includeRequired",
        "operator",
        "pageNumber",
        "pageSize",
        "parentBusObId",
        "parentBusObPublicId",
        "parentBusObRecId",
        "persist",
        "readRequests",
        "relationshipId",
        "saveRequests",
        "sortDirection",
        "sorting",
        "stopOnError",
        "value",
    )
}
"""What is looked at, as the published contract spells it."""


def related_by_path(request: Request, object_id: str, rec_id: str, relationship: str) -> dict[str, Any]:
    """What is asked for where the address says it, as a body says it. Raises `RefusalError`."""
    content: dict[str, Any] = {
        "parentBusObId": object_id,
        "parentBusObRecId": rec_id,
        "relationshipId": relationship,
    }
    for name in ("pageNumber", "pageSize"):
        text = request.param(name) or request.param(name.lower())
        if text:
            if not (text.isascii() and text.isdigit()):
                raise bad_request(f"{name} is not a number.")
            content[name] = int(text)
    return content


def body_of(request: Request) -> Mapping[str, Any]:
    """The object that a request brings. Raises `RefusalError`."""
    kind = request.header("content-type")
    if not kind.startswith("application/json"):
        raise said(415, f"The request entity's media type '{kind}' is not supported for this resource.")
    if len(request.body) > _LARGEST_BODY:
        raise said(413, "The request is too large.")
    try:
        content = json.loads(request.body, object_hook=_spelt)
    except (ValueError, RecursionError):
        raise bad_request("The request is not valid JSON.") from None
    if not isinstance(content, dict):
        raise bad_request("The request is not an object.")
    return content


def flag(content: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    """A flag; clients write them as text too, and the service's JSON reader takes that."""
    given = content.get(name)
    return default if given in {None, ""} else str(given).lower() == "true"


def listed(content: Mapping[str, Any], name: str) -> list[Any]:
    """A list; nothing and empty text are none. Raises `RefusalError`."""
    given = content.get(name) or []
    if not isinstance(given, list):
        raise bad_request(f"{name} is not a list.")
    return given


def listed_objects(content: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A list of objects. Raises `RefusalError`."""
    given = listed(content, name)
    if not all(isinstance(one, dict) for one in given):
        raise bad_request(f"{name} is not a list of objects.")
    return given


def _spelt(given: dict[str, Any]) -> dict[str, Any]:
    """An object with the contract's names: the service reads them without regard to case, and clients write `busObID`."""
    return {_NAMES.get(name.lower(), name): value for name, value in given.items()}


def dirty_fields(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The fields of a save that are looked at. Raises `RefusalError`."""
    return [one for one in listed_objects(content, "fields") if flag(one, "dirty")]


def dirty_value(content: Mapping[str, Any], field: FieldSpec) -> str:
    """What a save sets a field to; empty where it does not."""
    ids = {field.full_id.lower(), field.field_id}
    return next(
        (
            str(one.get("value") or "")
            for one in dirty_fields(content)
            if str(one.get("fieldId")).lower() in ids
        ),
        "",
    )
