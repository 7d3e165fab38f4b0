"""The form of a mapping file, version 1: which keys there are and what may stand behind them."""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from syncline.mapping.rules import Conflict, Direction
from syncline.mapping.validation import Entry
from syncline.model import Value

VERSION: Final = 1


def text_of(raw: Any) -> str:
    """A scalar as text: an admin who writes `new: 1` means the text.

    Raises:
        ValueError: it is no scalar, or a number whose text is not certain.
    """
    match raw:
        case bool():
            return "true" if raw else "false"
        case int():
            return str(raw)
        case str() if raw.strip():
            return raw.strip()
        case str() | None:
            raise ValueError("must not be empty")
        case float():
            raise ValueError(f"put {raw} in quotes")
        case _:
            raise ValueError("must be one value, not a list or a mapping")


def listed(raw: Any) -> Any:
    """One value as a list of one."""
    return raw if isinstance(raw, list) else [raw]


def _constant(raw: Any) -> Any:
    if raw is None or isinstance(raw, str | int | float | bool):
        return raw
    if isinstance(raw, list) and all(isinstance(item, str) for item in raw):
        return tuple(sorted(set(raw)))
    raise ValueError("must be one value, or a list of texts")


def _value(raw: Any) -> Any:
    if isinstance(raw, list) and all(isinstance(item, str) for item in raw):
        return tuple(sorted(set(raw)))
    if isinstance(raw, str | int):
        return raw
    raise ValueError("must be one value, or a list of texts")


Text = Annotated[str, BeforeValidator(text_of)]
Texts = Annotated[list[Text], BeforeValidator(listed), Field(min_length=1)]
Name = Annotated[str, Field(min_length=1, max_length=255)]


class SupplyEntry(Entry):
    """Where a native field that goes with a status gets its value. A bare text is its default."""

    from_: Annotated[Name | None, Field(alias="from")] = None
    default: Text | None = None
    always: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, raw: Any) -> Any:
        return raw if isinstance(raw, dict) else {"default": raw}


class FieldEntry(Entry):
    """What a mapping says about one common field. A bare text is the native field."""

    field: Name | None = None
    fields: Annotated[list[Name] | None, Field(min_length=2, max_length=2)] = None
    matrix: Annotated[list[list[int]] | None, Field(min_length=1, max_length=9)] = None
    rows: Annotated[list[Text] | None, Field(min_length=1)] = None
    columns: Annotated[list[Text] | None, Field(min_length=1)] = None
    template: Annotated[str | None, Field(min_length=1, max_length=2000)] = None
    direction: Annotated[Direction | None, Field(strict=False)] = None
    values: dict[Text, Texts] | None = None
    read: dict[Text, Text] | None = None
    ignore: Texts | None = None
    with_: Annotated[dict[Text, dict[Name, SupplyEntry]] | None, Field(alias="with")] = None
    transforms: list[Any] | None = None
    max: Annotated[int | None, Field(ge=8)] = None
    party: Literal["person", "group"] | None = None
    names: Texts | None = None
    fallback: Text | None = None
    owner: Name | None = None
    conflict: Annotated[Conflict | None, Field(strict=False)] = None
    default: Annotated[Value | None, BeforeValidator(_value)] = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, raw: Any) -> Any:
        return {"field": raw} if isinstance(raw, str) else raw


class MappingFile(Entry):
    """A mapping file."""

    mapping: int
    platform: Name
    fields: dict[str, FieldEntry]
    create: dict[Name, Annotated[Any, BeforeValidator(_constant)]] = Field(default_factory=dict)
    people: dict[Name, Text] = Field(default_factory=dict)
    groups: dict[Name, Text] = Field(default_factory=dict)
