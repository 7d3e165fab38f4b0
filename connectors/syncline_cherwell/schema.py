"""What a server says of its business objects: their ids, fields and relationships, found by their names and remembered.

Fields go by ids in every request and keep them (Ivanti, "REST API: Business Object Usage and Examples"), names and blueprints are each
company's own. So nothing is taken for granted but the names in mapping and settings.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from syncline.connector import FieldSchema, Party, Schema
from syncline_cherwell.values import said

RECORD: Final = "RecID"
BROUGHT: Final = ("CustomerRecID", "CustomerDisplayName")
"""Fields that a create must bring, and that we bring by ourselves."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a business object: its id, names and kind."""

    id: str
    name: str
    label: str
    kind: str
    max_length: int | None
    required: bool
    writable: bool


@dataclass(frozen=True, slots=True)
class BusinessObject:
    """A business object.

    Attributes:
        id: Its busObId.
        name: Its internal name.
        fields: By internal name.
        relationships: What people read to the id.
        statuses: Of its lifecycle.
    """

    id: str
    name: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    relationships: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[str, ...] = ()

    @property
    def times(self) -> frozenset[str]:
        """The fields that hold a date and time."""
        return frozenset(name for name, one in self.fields.items() if one.kind == "datetime")

    def schema(self, groups: Iterable[Party], choices: Mapping[str, tuple[str, ...]]) -> Schema:
        """As mappings are held against it."""
        return Schema(
            fields={
                name: FieldSchema(
                    name, one.label, one.required, one.writable, choices.get(name), one.max_length
                )
                for name, one in sorted(self.fields.items())
            },
            statuses=self.statuses or None,
            groups=tuple(groups),
        )


def described(body: Mapping[str, Any]) -> BusinessObject:
    """A business object as the reply describes it."""
    fields = {}
    for raw in _objects(body.get("fieldDefinitions")):
        ident, name = said(raw.get("fieldId")), said(raw.get("name"))
        if ident and name:
            size = said(raw.get("maximumSize"))
            fields[name] = Field(
                ident,
                name,
                said(raw.get("displayName")) or name,
                said(raw.get("type")).lower(),
                int(size) if size.isdecimal() and size.isascii() and int(size) > 0 else None,
                raw.get("required") is True and name not in BROUGHT,
                raw.get("readOnly") is not True and raw.get("calculated") is not True,
            )
    relationships = {
        said(raw.get("displayName")): said(raw.get("relationshipId"))
        for raw in _objects(body.get("relationships"))
    }
    statuses = tuple(one.strip() for one in said(body.get("states")).split(",") if one.strip())
    return BusinessObject(said(body.get("busObId")), said(body.get("name")), fields, relationships, statuses)


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
