"""What the entries of the file have in common, and what stands in several of them."""

from typing import Annotated, Any, Final

from pydantic import Field, GetJsonSchemaHandler, ValidationInfo, field_validator, model_validator
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from syncline.escalation.reading.values import Id, Who, listed
from syncline.mapping.validation import Entry

Name = Annotated[str, Field(min_length=1, max_length=255)]
Ids = Annotated[list[Id], listed(Id), Field(min_length=1, max_length=100)]
Whos = Annotated[list[Who], listed(Who), Field(min_length=1, max_length=100)]
Names = Annotated[list[Name], listed(Name), Field(max_length=100)]


_NULL: Final[JsonDict] = {"type": "null"}
_NEEDED: Final[JsonDict] = {"needed": True}


def needed(placeholder: Any, about: str, alias: str | None = None) -> Any:
    """A key that must be there. The model does without it: its entry is then looked at all the same, so that every
    fault in it shows, and `missing` tells."""
    return Field(default=placeholder, alias=alias, description=about, json_schema_extra=_NEEDED)


class Part(Entry):
    """An entry of the file. A list or a group of keys may be left blank, which means that it is empty; all else may be
    left out, but not blank."""

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, raw: Any) -> Any:
        return {} if raw is None else raw

    @field_validator("*", mode="before")
    @classmethod
    def _blank(cls, raw: Any, info: ValidationInfo) -> Any:
        if raw is not None:
            return raw
        field = cls.model_fields[str(info.field_name)]
        if field.default_factory is None:
            raise ValueError("must not be blank; write a value, or leave the whole line out")
        return field.get_default(call_default_factory=True, validated_data={})

    def missing(self) -> list[str]:
        """Keys that must be there and are not."""
        fields = type(self).model_fields.items()
        return [
            field.alias or name
            for name, field in fields
            if field.json_schema_extra == _NEEDED and name not in self.model_fields_set
        ]

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema of the entry, with the same rule about blanks."""
        schema = handler(core)
        whole = handler.resolve_ref_schema(schema)
        keys = whole.get("properties", {})
        for name, field in cls.model_fields.items():
            key = field.alias or name
            keys[key] = _with_null(keys[key]) if field.default_factory else _without_null(keys[key])
            keys[key].pop("default", None)
            if keys[key].pop("needed", False):
                whole.setdefault("required", []).append(key)
            if field.description:
                keys[key]["description"] = field.description
        if "required" not in whole:
            whole["type"] = ["object", "null"]
        return schema


def _with_null(schema: JsonSchemaValue) -> JsonSchemaValue:
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], _NULL]}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, _NULL]}


def _without_null(schema: JsonSchemaValue) -> JsonSchemaValue:
    options = [option for option in schema.get("anyOf", ()) if option != _NULL]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    if len(options) == 1:
        return {**options[0], **rest}
    return {**rest, "anyOf": options} if options else rest
