"""What can be known about a mapping without a platform: contradictions, gaps, the two laws, and what is lost."""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import pairwise
from typing import Final, Protocol

from syncline.errors import Problem
from syncline.mapping.choices import CHOICES, ChoiceCodec, MatrixCodec
from syncline.mapping.codecs import Codec, Natives, NoWordError, Side, TagsCodec, TextCodec
from syncline.mapping.directory import Parties
from syncline.mapping.document import Loc
from syncline.mapping.lens import Mapping
from syncline.mapping.rules import Conflict, Direction, Loss, Rule
from syncline.mapping.specification import FieldEntry, MappingFile
from syncline.mapping.validation import suggestion
from syncline.model import Kind, Status, Value

_NOBODY: Final = Parties.of()
_NEW: Final = Side({}, _NOBODY)

_TABLES: Final = frozenset({Kind.STATUS, Kind.PRIORITY, Kind.LEVEL})
_RANKED: Final = _TABLES
_PARTIES: Final = frozenset({Kind.PERSON, Kind.GROUP})


class Note(Protocol):
    """Puts down a fault at a place of the file."""

    def __call__(self, loc: Loc, message: str, *, value: bool = False, severity: str = "error") -> None:
        """The fault."""
        ...


def lint_entry(name: str, kind: Kind, entry: FieldEntry, direction: Direction, note: Note) -> None:
    """Faults of one entry by itself: keys that do not go together, or not with such a field."""
    for key, why in _misplaced(kind, entry):
        note((key,), f'{name}: "{key}" {why}')
    for number, pattern in enumerate(entry.names or []):
        if pattern.count("*") != 1:
            note(
                ("names", number),
                f'{name}: "{pattern}" must hold one *, which stands for the common name, such as "* escalation"',
                value=True,
            )
    if entry.template is not None and direction not in {Direction.WRITE, Direction.ONCE}:
        note(
            ("direction",),
            f'{name}: a template is only written; direction must be "write" or "once"',
            value=True,
        )
    if entry.default is not None and direction is Direction.READ:
        note(
            ("default",), f"{name}: the field is only read, so its default is never used", severity="warning"
        )
    if entry.conflict is Conflict.OWNER and entry.owner is None:
        note(
            ("conflict",),
            f'{name}: conflict is "owner", but no instance is named: add `owner: <instance>`',
            value=True,
        )
    if entry.owner is not None and entry.conflict not in {None, Conflict.OWNER}:
        note(
            ("conflict",),
            f'{name}: "owner" and conflict "{entry.conflict}" contradict each other',
            value=True,
        )
    if entry.conflict is Conflict.HIGHEST and kind not in _RANKED:
        note(("conflict",), f'{name}: only status, priority, impact and urgency have a "highest"', value=True)


def _misplaced(kind: Kind, entry: FieldEntry) -> Iterator[tuple[str, str]]:
    """Keys that have no meaning in this entry, and why."""
    given = {
        field.alias or name
        for name, field in FieldEntry.model_fields.items()
        if getattr(entry, name) is not None
    }
    matrix = bool(given & {"fields", "matrix"})
    party = kind in _PARTIES or "party" in given
    table = kind in _TABLES or "values" in given
    rules = (
        ({"field", "values", "read", "ignore", "transforms", "max", "party", "names", "template"}, matrix, "and a matrix exclude each other"),
        ({"rows", "columns"}, not matrix, "belongs to a matrix; there is none here"),
        (
            {"values", "read", "ignore", "with", "transforms", "party", "names", "fallback", "default"},
            "template" in given,
            "and a template exclude each other",
        ),
        ({"party"}, kind not in _PARTIES and kind is not Kind.TEXT, f"is for people and groups; this field holds a {kind}"),
        ({"fallback", "names"}, not party, "is for people and groups only"),
        ({"values"}, kind in {Kind.TAGS, Kind.TIME}, f"is not possible for {kind}"),
        ({"read", "ignore", "with"}, not (table or matrix) or party, 'needs a table under "values"'),
        ({"transforms", "max"}, table or party or kind is Kind.TIME, "is for text only"),
        ({"max"}, kind is Kind.TAGS, "is for text only"),
    )  # fmt: skip
    said: set[str] = set()
    for keys, applies, why in rules:
        for key in sorted(keys & given - said):
            if applies:
                said.add(key)
                yield key, why


def lint(mapping: Mapping, file: MappingFile, note: Note, sound: Callable[[Loc], bool]) -> None:
    """Faults between the parts of a mapping."""
    _shared_natives(mapping, file, note)
    for name, codec in mapping.codecs.items():
        rule, entry, loc = mapping.rules[name], file.fields[name], ("fields", name)
        if isinstance(codec, ChoiceCodec):
            if entry.values is None or (sound((*loc, "values")) and len(codec.written) == len(entry.values)):
                _coverage(rule, codec, note)
            _read_table(rule, codec, entry, note)
        elif isinstance(codec, MatrixCodec):
            _shape(rule, codec, note)


def _shared_natives(mapping: Mapping, file: MappingFile, note: Note) -> None:
    writers: dict[str, str] = {}
    for name, rule in mapping.rules.items():
        if not (rule.direction.writes(creating=True)):
            continue
        for native in rule.natives:
            key = "fields" if len(rule.natives) > 1 else "field"
            if native in writers:
                note(
                    ("fields", name, key),
                    f'{name}: {native} is already written by "{writers[native]}"; make one of them `direction: read`',
                    value=True,
                )
            writers.setdefault(native, name)
    for native in file.create:
        if native in writers:
            note(("create", native), f'{native} is written by the field "{writers[native]}" already')


def _coverage(rule: Rule, codec: ChoiceCodec, note: Note) -> None:
    every: tuple[Value, ...] = tuple(Status) if rule.kind is Kind.STATUS else CHOICES.get(rule.kind, ())
    missing = [str(value) for value in every if value not in codec.written]
    if missing and rule.direction.writes(creating=True):
        note(
            ("fields", rule.name, "values"),
            f"{rule.name}: no native value for {', '.join(missing)}, which other platforms can send; several may share"
            ' one, with a line under "read"',
        )


def _read_table(rule: Rule, codec: ChoiceCodec, entry: FieldEntry, note: Note) -> None:
    loc: Loc = ("fields", rule.name)
    users: dict[str, list[Value]] = {}
    for value, natives in codec.written.items():
        for native in natives:
            users.setdefault(native, []).append(value)
    read = entry.read or {}
    for native, values in users.items():
        names = " and ".join(str(value) for value in values)
        if len(values) > 1 and native not in read and native not in codec.ignored and rule.direction.reads:
            note(
                (*loc, "values", str(values[-1])),
                f'{rule.name}: "{native}" stands for {names}; say which one it is read as, such as'
                f' `read: {{"{native}": {values[-1]}}}`',
            )
        if native in read and codec.read_as.get(native) is not None and codec.read_as[native] not in values:
            note(
                (*loc, "read", native),
                f'{rule.name}: "{native}" is written for {names}, so it cannot be read as {codec.read_as[native]}',
                value=True,
            )
        if native in codec.ignored:
            note(
                (*loc, "ignore"),
                f'{rule.name}: "{native}" is written for {names}, so it cannot be ignored',
                value=True,
            )


def _shape(rule: Rule, codec: MatrixCodec, note: Note) -> None:
    loc: Loc = ("fields", rule.name, "matrix")
    for number, row in enumerate(codec.cells):
        for column, (left, right) in enumerate(pairwise(row)):
            if right < left:
                note(
                    (*loc, number, column + 1),
                    f"{rule.name}: {right} stands right of {left}: a lower {codec.natives[1]} gives a higher priority",
                    value=True,
                    severity="warning",
                )
    for number, (upper, lower) in enumerate(pairwise(codec.cells)):
        for column, (above, below) in enumerate(zip(upper, lower, strict=True)):
            if below < above:
                note(
                    (*loc, number + 1, column),
                    f"{rule.name}: {below} stands below {above}: a lower {codec.natives[0]} gives a higher priority",
                    value=True,
                    severity="warning",
                )
    for value in CHOICES[Kind.PRIORITY]:
        if isinstance(value, int) and codec.nearest(value) != value:
            note(
                loc,
                f"{rule.name}: no cell gives {value}; it is written as {codec.nearest(value)}",
                severity="warning",
            )


def unknown_owners(mapping: Mapping, instances: Collection[str]) -> list[Problem]:
    """Owners that are no configured instance; what a mapping by itself cannot know."""
    return [
        mapping.document.problem(
            ("fields", name, "owner"),
            f'{name}: there is no instance "{rule.owner}"{suggestion(rule.owner, instances)}',
            value=True,
        )
        for name, rule in mapping.rules.items()
        if rule.owner is not None and rule.owner not in instances and mapping.document is not None
    ]


def contradictions(mapping: Mapping, others: Iterable[Mapping]) -> list[Problem]:
    """Fields of which another mapping says otherwise who wins. What a mapping says about that holds for all instances,
    so one of the two would be passed over without a word."""
    found, others = [], tuple(others)
    for name, rule in mapping.rules.items():
        if mapping.document is None or rule.conflict is None:
            continue
        for other in others:
            theirs = other.rules.get(name)
            if other.document is None or theirs is None or theirs.conflict is None:
                continue
            if (rule.conflict, rule.owner) != (theirs.conflict, theirs.owner):
                line, column = other.document.position(_winner(name, theirs), value=True)
                said = (
                    f"{name}: {_who_wins(rule)} here, but {_who_wins(theirs)} in {other.document.file}:{line}:{column};"
                    " it holds for all instances, so name it in one mapping only"
                )
                found.append(mapping.document.problem(_winner(name, rule), said, value=True))
    return found


def _winner(name: str, rule: Rule) -> Loc:
    return ("fields", name, "conflict" if rule.owner is None else "owner")


def _who_wins(rule: Rule) -> str:
    return f'conflict is "{rule.conflict}"' if rule.owner is None else f'the owner is "{rule.owner}"'


def losses(mapping: Mapping) -> list[Loss]:
    """Every common value that a fresh reader of the record would take for another, value by value. Our own reader,
    who knows the incident, does not."""
    found = []
    for name, codec in mapping.codecs.items():
        if not mapping.rules[name].direction.reads:
            continue
        for value in values_of(codec):
            back = _read_back(codec, value)
            if back != value:
                found.append(Loss(name, value, back))
    return found


def text_losses(mapping: Mapping) -> list[str]:
    """What text fields cannot carry whole, in words: text has too many values to name them one by one."""
    found = []
    for name, codec in mapping.codecs.items():
        if isinstance(codec, TextCodec) and codec.limit is not None:
            found.append(f"{name}: what is longer than {codec.limit} characters is cut with a visible mark")
        if isinstance(codec, TextCodec | TagsCodec):
            found += [f"{name}: {one.name} loses {one.loses}" for one in codec.transforms if one.loses]
    return found


def laws(mapping: Mapping) -> list[Problem]:
    """Breaches of the laws over every value of every table; empty, or the mapping is not safe to use."""
    found = []
    for name, codec in mapping.codecs.items():
        for value in values_of(codec):
            written = codec.write(value, _NEW)
            if not codec.holds(value, _side(written)):
                found.append(
                    Problem(f"put-get: {name} {value!r} is written as {written}, which does not hold it")
                )
            again = codec.write(value, _side(written))
            if dict(again) != dict(written):
                found.append(Problem(f"put-put: {name} {value!r} is written as {written}, then as {again}"))
        for natives in natives_of(codec):
            read = codec.read(_side(natives))
            if isinstance(read, str | int) and not codec.holds(read, _side(natives)):
                found.append(
                    Problem(f"get-put: {name} {natives} is read as {read!r}, which it does not hold")
                )
    return found


def _side(natives: Natives) -> Side:
    return Side(natives, _NOBODY)


def values_of(codec: Codec) -> tuple[Value, ...]:
    """The common values of a codec with a table; none for text and parties."""
    if isinstance(codec, ChoiceCodec):
        return tuple(codec.written)
    return CHOICES[Kind.PRIORITY] if isinstance(codec, MatrixCodec) else ()


def natives_of(codec: Codec) -> Iterator[dict[str, str]]:
    """The native states of a codec with a table; none for text and parties."""
    if isinstance(codec, ChoiceCodec):
        yield from ({codec.native: native} for native in (*codec.read_as, *codec.ignored))
    elif isinstance(codec, MatrixCodec):
        yield from (
            dict(zip(codec.natives, (row, column), strict=True))
            for row in codec.rows
            for column in codec.columns
        )


def _read_back(codec: Codec, value: Value) -> Value:
    try:
        read = codec.read(_side(codec.write(value, _NEW)))
    except NoWordError:
        return None
    return read if isinstance(read, str | int | tuple) else None
