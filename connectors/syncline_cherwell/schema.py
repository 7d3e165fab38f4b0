"""What a server says of its business objects: their ids, fields and relationships, found by their names and remembered.

Fields go by ids in every request and keep them (Ivanti, "REST API: Business Object Usage and Examples"), names and blueprints are each
company's own. So nothing is taken for granted but the names in mapping and settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from syncline.connector import FieldSchema
from syncline_cherwell.values import said

RECORD: Final = "RecID"
DESCRIPTION: Final = "Description"
CUSTOMER: Final = ("CustomerRecID", "CustomerDisplayName")
"""Fields that a create must bring, and that we bring by ourselves where the mapping does not; of the customer one will do."""


@dataclass(frozen=True, slots=True)
class BusinessObject:
    """A business object.

    Attributes:
        id: Its busObId.
        name: Its internal name.
        fields: By internal name.
        ids: Internal name to the id by which requests name the field.
        times: The fields that hold a date and time.
        relationships: What people read to the id.
        statuses: Of its lifecycle.
    """

    id: str
    name: str
    fields: Mapping[str, FieldSchema]
    ids: Mapping[str, str]
    times: frozenset[str]
    relationships: Mapping[str, str]
    statuses: tuple[str, ...]


def described(body: Mapping[str, Any]) -> BusinessObject:
    """A business object as the reply describes it."""
    fields, ids = {}, {}
    times = set()
    for raw in _objects(body.get("fieldDefinitions")):
        name, size = said(raw.get("name")), said(raw.get("maximumSize"))
        ids[name] = said(raw.get("fieldId"))
        fields[name] = FieldSchema(
            name=name,
            label=said(raw.get("displayName")) or name,
            required=raw.get("required") is True and name not in (DESCRIPTION, *CUSTOMER),
            writable=raw.get("readOnly") is not True and raw.get("calculated") is not True,
            max_length=int(size) if size.isdecimal() and size.isascii() and int(size) > 0 else None,
        )
        if said(raw.get("type")).lower() == "datetime":
            times.add(name)
    relationships = {
        said(raw.get("displayName")): said(raw.get("relationshipId"))
        for raw in _objects(body.get("relationships"))
    }
    statuses = tuple(one.strip() for one in said(body.get("states")).split(",") if one.strip())
    return BusinessObject(
        said(body.get("busObId")),
        said(body.get("name")),
        fields,
        ids,
        frozenset(times),
        relationships,
        statuses,
    )


def named(summaries: object) -> dict[str, str]:
    """The ids of those business objects and of the members of their groups, by their names and by what people read."""
    found: dict[str, str] = {}
    for raw in _objects(summaries):
        names = (said(raw.get("displayName")), said(raw.get("name")))
        found |= {name: said(raw.get("busObId")) for name in names if name and said(raw.get("busObId"))}
        found |= named(raw.get("groupSummaries"))
    return found


def _objects(raw: object) -> list[dict[str, Any]]:
    return [one for one in raw if isinstance(one, dict)] if isinstance(raw, list) else []
