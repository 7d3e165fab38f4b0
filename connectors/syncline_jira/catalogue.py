"""The fields of one Jira: what type each has. Pure; read from `GET field`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from syncline_jira import shape
from syncline_jira.records import PEOPLE

_TEAMS: Final = (":rm-teams-custom-field-team", ":atlassian-team")
"""How the keys of the Team field's type end."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """What a field holds.

    Attributes:
        id: Native name: `summary`, `customfield_10100`.
        name: What people read.
        type: Jira's type: `string`, `number`, `option`, `user`, `array`, ...
        items: What an array holds.
        custom: Key of a custom field's type: `com.atlassian.jira.plugin.system.customfieldtypes:textarea`.
    """

    id: str
    name: str
    type: str
    items: str = ""
    custom: str = ""

    @property
    def rich(self) -> bool:
        """Whether it holds rich text: ADF in v3."""
        return self.id in {"description", "environment"} or self.custom.endswith(":textarea")

    @property
    def team(self) -> bool:
        """Whether it holds a team of Atlassian's: read as an object, written as its id (Atlassian's developer docs,
        Team field in Jira REST API)."""
        return self.type == "team" or self.custom.endswith(_TEAMS)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All fields by id."""

    fields: Mapping[str, FieldType] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def people(self) -> frozenset[str]:
        """Fields that hold one person."""
        return PEOPLE | {one.id for one in self.fields.values() if one.type == "user"}

    @property
    def teams(self) -> frozenset[str]:
        """Fields that hold a team."""
        return frozenset(one.id for one in self.fields.values() if one.team)

    @property
    def custom(self) -> dict[str, str]:
        """Display name to id of custom fields; a name that several bear tells nothing."""
        found: dict[str, str] = {}
        twice = set()
        for one in self.fields.values():
            if one.custom:
                twice |= {one.name} & found.keys()
                found[one.name] = one.id
        return {name: found[name] for name in found.keys() - twice}


EMPTY: Final = Catalogue()
"""Nothing known; enough for the system fields."""


def field_type(raw: Mapping[str, object], field_id: str = "") -> FieldType:
    """One field, as `GET field`, the create and the edit metadata describe it."""
    schema = shape.mapping(raw.get("schema"))
    found = (
        field_id or shape.text(raw.get("fieldId")) or shape.text(raw.get("id")) or shape.text(raw.get("key"))
    )
    return FieldType(
        id=found,
        name=shape.text(raw.get("name")) or found,
        type=shape.text(schema.get("type")),
        items=shape.text(schema.get("items")),
        custom=shape.text(schema.get("custom")),
    )


def catalogue(listed: object) -> Catalogue:
    """The fields of the reply to `GET field`."""
    found = (field_type(raw) for raw in shape.objects(listed))
    return Catalogue(MappingProxyType({one.id: one for one in found if one.id}))
