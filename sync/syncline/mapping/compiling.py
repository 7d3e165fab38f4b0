"""From a mapping file to a `Mapping`: each field's entry becomes a rule and a codec, or a list of faults."""

from pathlib import Path
from typing import Any, Final

from syncline.connector import PartyKind
from syncline.errors import InvalidFile, Problem
from syncline.mapping.choices import CHOICES, ChoiceCodec, Fallback, MatrixCodec, PartyCodec
from syncline.mapping.codecs import Codec, TagsCodec, TemplateCodec, TextCodec, TimeCodec
from syncline.mapping.document import Document, Loc, in_order, parse_document, read_document
from syncline.mapping.lens import Mapping
from syncline.mapping.lint import Note, lint, lint_entry
from syncline.mapping.rules import Conflict, Direction, Rule, Supply
from syncline.mapping.specification import VERSION, FieldEntry, MappingFile
from syncline.mapping.template import EXTRAS, Template
from syncline.mapping.transforms import SPLIT, TRANSFORMS, Transform, TransformKind
from syncline.mapping.validation import Outcome, suggestion, validate
from syncline.model import CUSTOM, FIELDS, Kind, Status, Value, field_named, legal

NUMBER: Final = TransformKind(
    "number",
    "The platform's field holds a number.",
    0,
    lambda: Transform("number", str, str),
    "number",
)
"""Only for text: the native value is a number, not text."""


_STATUSES: Final[frozenset[Value]] = frozenset(Status)


def load_mapping(raw: str | bytes, file: str = "", platform: str | None = None) -> Mapping:
    """The mapping that the YAML text describes.

    Args:
        raw: The file's content.
        file: What to call it in messages.
        platform: Whose it must be; None: any.

    Raises:
        InvalidFile: with every fault in it.
    """
    mapping, problems = examine(parse_document(raw, file), platform)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors or mapping is None:
        raise InvalidFile(errors)
    return mapping


def read_mapping(path: Path, name: str | None = None, platform: str | None = None) -> Mapping:
    """The mapping in that file, as `load_mapping`.

    Raises:
        InvalidFile: with every fault in it.
        Configuration: it cannot be read.
    """
    document = read_document(path, name)
    return load_mapping(document.text, document.file, platform)


def examine(document: Document, platform: str | None = None) -> tuple[Mapping | None, list[Problem]]:
    """The mapping, as far as it can be made, and everything that is wrong or doubtful in it, in the order of the
    file. None where it has errors."""
    outcome = validate(document, MappingFile)
    problems = list(outcome.problems)
    if outcome.model is None:
        return None, in_order(problems)
    compiler = _Compiler(document, outcome, problems)
    mapping = compiler.compile(outcome.model, platform)
    lint(mapping, outcome.model, compiler.note, compiler.sound)
    broken = any(problem.severity == "error" for problem in problems)
    return None if broken else mapping, in_order(problems)


class _Compiler:
    """Compiles one file. `damaged` entries are compiled as far as they go, so that all their faults show."""

    def __init__(self, document: Document, outcome: Outcome[MappingFile], problems: list[Problem]) -> None:
        self._document = document
        self._outcome = outcome
        self._problems = problems

    def note(self, loc: Loc, message: str, *, value: bool = False, severity: str = "error") -> None:
        """Put down a fault."""
        place = self._outcome.original(loc)
        self._problems.append(self._document.problem(place, message, value=value, severity=severity))

    def compile(self, file: MappingFile, platform: str | None) -> Mapping:
        """The mapping; faulty entries are left out of it."""
        if file.mapping != VERSION:
            self.note(
                ("mapping",),
                f"this is a mapping of version {file.mapping}; this Syncline reads version {VERSION}",
                value=True,
            )
        if platform is not None and file.platform != platform:
            self.note(
                ("platform",), f'this mapping is for "{file.platform}", not for "{platform}"', value=True
            )
        rules: dict[str, Rule] = {}
        codecs: dict[str, Codec] = {}
        for name, entry in file.fields.items():
            made = _Field(name, entry, self).made()
            if made is not None:
                rules[name], codecs[name] = made
        return Mapping(
            file.platform,
            rules,
            codecs,
            dict(file.create),
            dict(file.people),
            dict(file.groups),
            self._document,
        )

    def sound(self, loc: Loc) -> bool:
        """Whether the file's form is in order at `loc`."""
        return self._outcome.sound(loc)


class _Field:
    """Compiles the entry of one field."""

    def __init__(self, name: str, entry: FieldEntry, compiler: _Compiler) -> None:
        self._name = name
        self._entry = entry
        self._loc: Loc = ("fields", name)
        self._sound = compiler.sound
        self._note: Note = lambda loc, message, **how: compiler.note((*self._loc, *loc), message, **how)

    def made(self) -> tuple[Rule, Codec] | None:
        """The rule and the codec; None where the entry has no meaning."""
        found = field_named(self._name)
        if found is None:
            self._note(
                (),
                f'there is no common field "{self._name}"{suggestion(self._name, (*FIELDS, CUSTOM + "x"))}',
            )
        kind = found.kind if found is not None else self._guessed()
        direction = self._entry.direction or (Direction.WRITE if self._entry.template else Direction.BOTH)
        lint_entry(self._name, kind, self._entry, direction, self._note)
        codec = self._codec(kind)
        supplies = self._supplies(kind)
        if found is None or codec is None:
            return None
        default = self._default(kind)
        rule = Rule(
            self._name,
            kind,
            codec.natives,
            direction,
            self._entry.conflict or (Conflict.OWNER if self._entry.owner else None),
            self._entry.owner,
            default,
            supplies,
        )
        return rule, codec

    def _guessed(self) -> Kind:
        """The kind of a field that does not exist, so that the rest of its entry can be looked at."""
        return Kind(self._entry.party) if self._entry.party else Kind.TEXT

    def _codec(self, kind: Kind) -> Codec | None:
        entry = self._entry
        if entry.fields is not None or entry.matrix is not None:
            return self._matrix(kind)
        if entry.field is None:
            # A misspelt key was reported already; that its right form is missing is the same fault.
            if self._sound(self._loc):
                self._note((), f'{self._name}: "field" is missing: which native field is it?')
            return None
        if entry.template is not None:
            template = self._template(("template",), entry.template)
            return TemplateCodec(entry.field, template, entry.max) if template is not None else None
        if kind in {Kind.PERSON, Kind.GROUP} or entry.party is not None:
            return self._party(kind, entry.field)
        if kind is Kind.TIME:
            return TimeCodec(entry.field)
        if kind is not Kind.TAGS and (
            entry.values is not None or kind in {Kind.STATUS, Kind.PRIORITY, Kind.LEVEL}
        ):
            return self._choices(kind, entry.field)
        transforms, special = self._transforms(kind)
        if kind is Kind.TAGS:
            return TagsCodec(entry.field, transforms, special.get("split"))
        return TextCodec(entry.field, transforms, entry.max, "number" in special)

    def _matrix(self, kind: Kind) -> Codec | None:
        entry = self._entry
        if kind is not Kind.PRIORITY:
            self._note((), f"{self._name}: only the priority can be made of a matrix")
            return None
        for key in ("fields", "matrix"):
            if getattr(entry, key) is None and self._sound((*self._loc, key)):
                self._note((), f'{self._name}: "fields" and "matrix" go together; "{key}" is missing')
        if entry.fields is None or not entry.matrix or not self._sound((*self._loc, "matrix")):
            return None
        rows = entry.rows or [str(number) for number in range(1, len(entry.matrix) + 1)]
        columns = entry.columns or [str(number) for number in range(1, max(map(len, entry.matrix)) + 1)]
        if len(rows) != len(entry.matrix):
            self._note(
                ("matrix",),
                f"the matrix has {len(entry.matrix)} rows, but rows names {len(rows)}",
                value=True,
            )
            return None
        for number, row in enumerate(entry.matrix):
            if len(row) != len(columns):
                self._note(
                    ("matrix", number),
                    f"row {number + 1} of the matrix has {len(row)} cells; it must have {len(columns)}, one for each"
                    f" value of {entry.fields[1]}",
                    value=True,
                )
                return None
            for column, priority in enumerate(row):
                if not legal(Kind.PRIORITY, priority):
                    self._note(
                        ("matrix", number, column),
                        f"{priority} is no priority; they go from 1 to 5",
                        value=True,
                    )
                    return None
        cells = tuple(tuple(row) for row in entry.matrix)
        return MatrixCodec((entry.fields[0], entry.fields[1]), tuple(rows), tuple(columns), cells)

    def _party(self, kind: Kind, native: str) -> Codec:
        party = PartyKind(self._entry.party or (kind if kind in {Kind.PERSON, Kind.GROUP} else Kind.PERSON))
        names = {common: natives[0] for common, natives in (self._entry.values or {}).items()}
        fallback: Fallback | str = self._entry.fallback or Fallback.KEEP
        if fallback in {Fallback.KEEP.value, Fallback.NONE.value}:
            fallback = Fallback(fallback)
        return PartyCodec(native, party, names, fallback, tuple(self._entry.names or ("*",)))

    def _choices(self, kind: Kind, native: str) -> Codec | None:
        table = self._entry.values
        if table is None:
            if kind is Kind.STATUS:
                if self._sound((*self._loc, "values")):
                    self._note((), 'status: "values" is missing: which native value stands for which status?')
                return None
            table = {str(value): [str(value)] for value in CHOICES[kind]}
        written: dict[Value, tuple[str, ...]] = {
            value: tuple(natives)
            for text, natives in table.items()
            if (value := self._common(kind, text, ("values", text))) is not None
        }
        read_as: dict[str, Value] = {}
        for value, natives in written.items():
            for choice in natives:
                read_as.setdefault(choice, value)
        for choice, text in (self._entry.read or {}).items():
            value = self._common(kind, text, ("read", choice), value=True)
            if value is not None:
                read_as[choice] = value
        ignored = frozenset(self._entry.ignore or ())
        return ChoiceCodec(native, written, {n: v for n, v in read_as.items() if n not in ignored}, ignored)

    def _common(self, kind: Kind, text: str, loc: Loc, *, value: bool = False) -> Value:
        """The common value that a text of the file stands for; None and a fault where it stands for none."""
        found: Value = text
        if kind in CHOICES and text.isascii() and text.isdigit() and len(text) < 3:
            found = int(text)
        if fits(kind, found):
            return found
        self._note(loc, wrong_value(self._name, kind, text), value=value)
        return None

    def _supplies(self, kind: Kind) -> dict[Value, tuple[Supply, ...]]:
        found: dict[Value, tuple[Supply, ...]] = {}
        for text, natives in (self._entry.with_ or {}).items():
            supplies = []
            for native, entry in natives.items():
                loc: Loc = ("with", text, native)
                if entry.from_ is not None and field_named(entry.from_) is None:
                    message = f'there is no common field "{entry.from_}"{suggestion(entry.from_, FIELDS)}'
                    self._note((*loc, "from"), message, value=True)
                key = "always" if entry.always is not None else "default"
                written = entry.always if entry.always is not None else entry.default
                if entry.always is not None and (entry.from_ is not None or entry.default is not None):
                    self._note((*loc, key), f'{native}: "always" excludes "from" and "default"', value=True)
                if written is not None and self._template((*loc, key), written) is None:
                    continue
                if entry.from_ is None and written is None and self._sound((*self._loc, *loc)):
                    self._note(
                        loc, f'{native}: say where its value comes from: "from", "default", or "always"'
                    )
                supplies.append(Supply(native, entry.from_, written, fixed=entry.always is not None))
            value = self._common(kind, text, ("with", text))
            if value is not None:
                found[value] = tuple(supplies)
        return found

    def _template(self, loc: Loc, text: str) -> Template | None:
        try:
            template = Template.parsed(text)
        except ValueError as error:
            self._note(loc, f"{loc[-1]}: {error}", value=True)
            return None
        for name in sorted(template.names):
            if field_named(name) is None and name not in EXTRAS:
                self._note(
                    loc,
                    f'there is no common field "{name}"{suggestion(name, (*FIELDS, *EXTRAS))}',
                    value=True,
                )
        return template

    def _default(self, kind: Kind) -> Value:
        default = self._entry.default
        if default is None:
            return None
        if kind in CHOICES and isinstance(default, str) and default.isascii() and default.isdigit():
            default = int(default)
        if kind is Kind.TAGS and isinstance(default, str):
            default = (default,)
        if kind is Kind.TEXT and isinstance(default, int):
            default = str(default)
        if fits(kind, default):
            return default
        self._note(("default",), wrong_value(self._name, kind, str(default)), value=True)
        return None

    def _transforms(self, kind: Kind) -> tuple[tuple[Transform, ...], dict[str, str]]:
        """The transforms, and those that are no change of text: `split` and `number`, with their argument."""
        found: list[Transform] = []
        special: dict[str, str] = {}
        for number, raw in enumerate(self._entry.transforms or []):
            self._transform(raw, kind, ("transforms", number), found, special)
        return tuple(found), special

    def _transform(
        self, raw: Any, kind: Kind, loc: Loc, found: list[Transform], special: dict[str, str]
    ) -> None:
        known: dict[str, TransformKind] = {
            **TRANSFORMS,
            (SPLIT if kind is Kind.TAGS else NUMBER).name: (SPLIT if kind is Kind.TAGS else NUMBER),
        }
        name, arguments = _taken_apart(raw)
        if name is None:
            self._note(
                loc,
                "a transform is one name, such as `strip`, or one name with its text, such as `prefix: X`",
            )
            return
        transform = known.get(name)
        if transform is None:
            hint = (
                "; to shorten text give `max`"
                if name.startswith(("trunc", "cut", "max"))
                else suggestion(name, known)
            )
            self._note(loc, f'there is no transform "{name}"{hint}', value=True)
        elif len(arguments) != transform.arguments or not all(isinstance(a, str) and a for a in arguments):
            self._note(loc, f"{name} is written like this: `{transform.example}`", value=True)
        elif transform in (SPLIT, NUMBER):
            special[name] = arguments[0] if arguments else ""
        else:
            found.append(transform.make(*arguments))


def _taken_apart(raw: Any) -> tuple[str | None, list[Any]]:
    """A transform's name and arguments: `strip`, `{prefix: X}`, `{replace: [a, b]}`."""
    if isinstance(raw, str):
        return raw, []
    if isinstance(raw, dict) and len(raw) == 1:
        name, arguments = next(iter(raw.items()))
        return str(name), arguments if isinstance(arguments, list) else [arguments]
    return None, []


def fits(kind: Kind, value: Value) -> bool:
    """Whether a value that stands in a file may stand in a field of that kind."""
    # `text in Status` raises TypeError for text before Python 3.12.
    return value in _STATUSES if kind is Kind.STATUS else legal(kind, value)


def wrong_value(name: str, kind: Kind, text: str) -> str:
    """That a text is no value of a field."""
    match kind:
        case Kind.STATUS:
            return f'"{text}" is no status{suggestion(text, [str(status) for status in Status])}'
        case Kind.PRIORITY:
            return f'"{text}" is no priority; they go from 1 (highest) to 5'
        case Kind.LEVEL:
            return f'"{text}" is not possible for {name}; it goes from 1 (most) to 3'
        case _:
            return f'"{text}" is not possible for {name}'
