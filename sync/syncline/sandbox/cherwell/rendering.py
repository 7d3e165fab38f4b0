"""Records, fields and objects as the REST API shows them. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from syncline.sandbox.cherwell.culture import Culture
from syncline.sandbox.cherwell.objects import (
    DATE_TIME,
    INCIDENT,
    LOGICAL,
    RELATIONSHIP,
    RELATIONSHIP_ID,
    FieldSpec,
    ObjectSpec,
)
from syncline.sandbox.cherwell.records import Record
from syncline.sandbox.cherwell.replies import FINE


def shown(spec: FieldSpec, value: Any, culture: Culture) -> str:
    """One value as text; nothing is empty."""
    if value is not None and spec.type == DATE_TIME:
        return culture.written(value)
    return _text(spec, value)


def plain(spec: ObjectSpec, record: Record) -> dict[str, Any]:
    """A record for whoever looks from outside: times in ISO 8601, UTC."""
    return {
        name: _moment(record.get(name)) if one.type == DATE_TIME else _text(one, record.get(name))
        for name, one in spec.fields.items()
    }


def item(spec: FieldSpec, value: str) -> dict[str, Any]:
    """One field of a record or of a template."""
    return {
        "dirty": False,
        "displayName": spec.display,
        "fieldId": spec.full_id,
        "html": None,
        "name": spec.name,
        "value": value,
    }


def read_response(
    spec: ObjectSpec, record: Record, culture: Culture, wanted: Iterable[FieldSpec] | None = None
) -> dict[str, Any]:
    """A record; None: with all of its fields."""
    fields = spec.fields.values() if wanted is None else wanted
    return {
        "busObId": spec.object_id,
        "busObPublicId": str(record.get(spec.public) or ""),
        "busObRecId": record["RecID"],
        "fields": [item(one, shown(one, record.get(one.name), culture)) for one in fields],
        "links": [],
        **FINE,
    }


def summary(spec: ObjectSpec, objects: Mapping[str, ObjectSpec]) -> dict[str, Any]:
    """An object as getbusinessobjectsummary describes it; a group with its members."""
    rec_id = spec.fields["RecID"].field_id
    return {
        "firstRecIdField": rec_id,
        "groupSummaries": [summary(objects[name], objects) for name in spec.members],
        "recIdFields": rec_id,
        "stateFieldId": spec.fields[spec.state].field_id if spec.state else "",
        "states": ",".join(spec.fields[spec.state].options) if spec.state else "",
        "busObId": spec.object_id,
        "displayName": spec.display,
        "group": bool(spec.members),
        "lookup": False,
        "major": spec.name == INCIDENT,
        "name": spec.name,
        "supporting": spec.name != INCIDENT,
    }


def schema(spec: ObjectSpec, objects: Mapping[str, ObjectSpec], *, related: bool) -> dict[str, Any]:
    """An object as getbusinessobjectschema describes it."""
    told = summary(spec, objects)
    relationships = [_relationship(objects)] if spec.name == INCIDENT else []
    return {
        "busObId": spec.object_id,
        "fieldDefinitions": [_definition(one) for one in spec.fields.values()],
        "firstRecIdField": told["firstRecIdField"],
        "gridDefinitions": [],
        "name": spec.name,
        "recIdFields": told["recIdFields"],
        "relationships": relationships if related else None,
        "stateFieldId": told["stateFieldId"],
        "states": told["states"],
        **FINE,
    }


def _relationship(objects: Mapping[str, ObjectSpec]) -> dict[str, Any]:
    return {
        "cardinality": "OneToMany",
        "description": "",
        "displayName": RELATIONSHIP,
        "fieldDefinitions": None,
        "relationshipId": RELATIONSHIP_ID,
        "target": objects["Journal"].object_id,
    }


def _definition(spec: FieldSpec) -> dict[str, Any]:
    timed = spec.type == DATE_TIME
    return {
        "autoFill": False,
        "calculated": False,
        "category": "",
        "decimalDigits": 0,
        "description": "",
        "details": "",
        "displayName": spec.display,
        "enabled": True,
        "fieldId": spec.full_id,
        "hasDate": timed,
        "hasTime": timed,
        "isFullTextSearchable": False,
        "maximumSize": str(spec.size) if spec.size else "",
        "name": spec.name,
        "readOnly": spec.read_only,
        "required": spec.required,
        "type": spec.type,
        "typeLocalized": spec.type,
        "validated": bool(spec.options),
        "wholeDigits": 0,
    }


def _text(spec: FieldSpec, value: Any) -> str:
    if value is None:
        return "False" if spec.type == LOGICAL else ""
    return str(value)


def _moment(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()
