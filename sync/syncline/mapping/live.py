"""A mapping held against the live platform: what has been renamed, removed, or made mandatory since it was written."""

from collections.abc import Iterator
from typing import Final

from syncline.connector import FieldSchema, PartyKind, Schema
from syncline.errors import Problem
from syncline.mapping.choices import ChoiceCodec, MatrixCodec, PartyCodec
from syncline.mapping.codecs import Codec, TemplateCodec, TextCodec
from syncline.mapping.directory import folded
from syncline.mapping.document import Document, Loc, in_order
from syncline.mapping.lens import Mapping
from syncline.mapping.rules import Rule
from syncline.mapping.validation import nearest, suggestion


def against(mapping: Mapping, schema: Schema) -> list[Problem]:
    """Where the mapping does not fit the live platform, in the order of the file."""
    return in_order(list(_Comparison(mapping, schema).problems()))


class _Comparison:
    def __init__(self, mapping: Mapping, schema: Schema) -> None:
        self._mapping = mapping
        self._schema = schema
        self._document = mapping.document or Document("", {}, "")

    def problems(self) -> Iterator[Problem]:
        """Every misfit."""
        for name, rule in self._mapping.rules.items():
            codec = self._mapping.codecs[name]
            for place, native in enumerate(rule.natives):
                at: Loc = (
                    ("fields", name, "fields", place) if len(rule.natives) > 1 else ("fields", name, "field")
                )
                writes = rule.direction.writes(creating=True)
                yield from self._field(at, native, writes=writes, stepwise=name == "status")
            yield from self._values(rule, codec)
            yield from self._supplies(rule)
        for native, value in self._mapping.constants.items():
            yield from self._field(("create", native), native, writes=True)
            yield from self._choice(("create", native), native, value)
        yield from self._required()

    def _problem(self, loc: Loc, message: str, severity: str = "error") -> Problem:
        return self._document.problem(
            loc, f"{self._mapping.platform}: {message}", value=True, severity=severity
        )

    def _field(self, loc: Loc, native: str, *, writes: bool, stepwise: bool = False) -> Iterator[Problem]:
        """`stepwise`: the steps of a workflow may set it, even where an edit may not."""
        found = self._schema.fields.get(native)
        if stepwise and self._workflow():
            writes = False
        if found is None:
            yield self._problem(loc, f'there is no field "{native}"{self._meant(native)}')
        elif writes and not found.writable:
            yield self._problem(
                loc, f"our account may not write {native}; make it `direction: read`, or grant the right"
            )

    def _workflow(self) -> bool:
        """Whether the status is reached by steps: there are statuses, and it cannot simply be set."""
        status = self._mapping.rules.get("status")
        found = self._schema.fields.get(status.natives[0]) if status is not None else None
        return bool(self._schema.statuses) and found is not None and not found.writable

    def _meant(self, native: str) -> str:
        """The field that was most likely meant: by its name, or by what people read there."""
        near = nearest(native, self._schema.fields)
        if near is not None:
            return f'. Did you mean "{near}"?'
        labels = {found.label: name for name, found in self._schema.fields.items()}
        near = nearest(native.replace("_", " "), labels)
        return f'. Did you mean "{labels[near]}" ("{near}")?' if near is not None else ""

    def _values(self, rule: Rule, codec: Codec) -> Iterator[Problem]:
        loc: Loc = ("fields", rule.name)
        match codec:
            case ChoiceCodec():
                yield from self._choices(rule, codec)
            case MatrixCodec():
                for native, values in zip(codec.natives, (codec.rows, codec.columns), strict=True):
                    for value in values:
                        yield from self._choice((*loc, "matrix"), native, value)
            case PartyCodec() if codec.kind is PartyKind.GROUP and self._schema.groups:
                known = [group.name for group in self._schema.groups]
                ids = {group.id for group in self._schema.groups}
                for common, name in codec.names.items():
                    if folded(name) not in map(folded, known) and name not in ids:
                        yield self._problem(
                            (*loc, "values", common), f'there is no group "{name}"{suggestion(name, known)}'
                        )
            case TextCodec() | TemplateCodec():
                found = self._schema.fields.get(codec.native)
                if codec.limit and found and found.max_length and codec.limit > found.max_length:
                    yield self._problem(
                        (*loc, "max"),
                        f"{codec.native} takes {found.max_length} characters, and max is {codec.limit}",
                    )
            case _:
                pass

    def _choices(self, rule: Rule, codec: ChoiceCodec) -> Iterator[Problem]:
        known = self._known(codec.native)
        if known is None:
            return
        loc: Loc = ("fields", rule.name, "values")
        if rule.direction.writes(creating=True):
            for value, natives in codec.written.items():
                if not any(native in known for native in natives):
                    yield self._problem(
                        (*loc, str(value)),
                        f'{codec.native} has no value "{natives[0]}", which stands for {value}{suggestion(natives[0], known)}',
                    )
        if rule.direction.reads:
            for native in known:
                if native not in codec.read_as and native not in codec.ignored:
                    yield self._problem(
                        loc,
                        f'{codec.native} has the value "{native}", which the mapping does not know: a record that'
                        f" has it keeps the {rule.name} that the incident had",
                        "warning",
                    )

    def _known(self, native: str) -> tuple[str, ...] | None:
        """The values that a field can have; None where anything goes."""
        status = self._mapping.rules.get("status")
        if self._schema.statuses and status is not None and status.natives == (native,):
            return self._schema.statuses
        found = self._schema.fields.get(native)
        return found.choices or None if found is not None else None

    def _choice(self, loc: Loc, native: str, value: object) -> Iterator[Problem]:
        known = self._known(native)
        if known is not None and isinstance(value, str) and value not in known:
            yield self._problem(loc, f'{native} has no value "{value}"{suggestion(value, known)}')

    def _supplies(self, rule: Rule) -> Iterator[Problem]:
        for value, supplies in rule.supplies.items():
            for supply in supplies:
                loc: Loc = ("fields", rule.name, "with", str(value), supply.native)
                yield from self._field(loc, supply.native, writes=True, stepwise=True)
                if supply.default is not None and "{" not in supply.default:
                    place = (*loc, "always" if supply.fixed else "default")
                    yield from self._choice(place, supply.native, supply.default)

    def _required(self) -> Iterator[Problem]:
        surely, perhaps = set(self._mapping.constants), dict[str, Rule]()
        for name, rule in self._mapping.rules.items():
            if rule.direction.writes(creating=True):
                known = name in _KNOWN or rule.default is not None
                if known or isinstance(self._mapping.codecs[name], TemplateCodec):
                    surely.update(rule.natives)
                perhaps.update(dict.fromkeys(rule.natives, rule))
        for native, found in self._schema.fields.items():
            if not found.required or not found.writable or native in surely:
                continue
            if native in perhaps:
                name = perhaps[native].name
                yield self._problem(
                    ("fields", name),
                    f"every new record needs {native} ({_label(found)}), and nothing is written to it while the {name} of the"
                    " incident is not known; give it a `default`",
                    "warning",
                )
            else:
                yield self._problem(
                    ("create",) if self._mapping.constants else ("fields",),
                    f"every new record needs {native} ({_label(found)}), and the mapping does not write it; map a field"
                    f" to it, or give it a value under `create`{_offered(found)}",
                )


_KNOWN: Final = frozenset({"title", "status"})
"""Fields that every incident has."""


def _label(found: FieldSchema) -> str:
    return found.label or found.name


def _offered(found: FieldSchema) -> str:
    return f". It can be: {', '.join(found.choices[:12])}" if found.choices else ""
