"""YAML that people edit, read strictly: every value with its place, every fault with a plain sentence.

Scalars are those of YAML 1.2, so `on`, `no` and `1:30` stay text. What makes YAML dangerous or surprising is
refused: aliases (300 bytes can stand for gigabytes), duplicate keys (the last would win in silence), tags, several
documents in one file, and more depth or size than a person writes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from syncline.errors import Configuration, InvalidFile, Problem

LARGEST: Final = 1_000_000
"""Bytes."""

DEEPEST: Final = 32
"""Levels of nesting."""

MOST_NODES: Final = 50_000
"""Values and keys; a file of the largest size could else take half a minute."""

Loc = tuple[str | int, ...]
"""Where in the data something stands: keys as text, places in a list as numbers from 0."""

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_TRUE = re.compile(r"(?:true|True|TRUE)\Z")
_FALSE = re.compile(r"(?:false|False|FALSE)\Z")
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OTHER_BASE = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file, read.

    Attributes:
        file: As the person named it.
        data: Mappings, lists, text, numbers, booleans and None.
        text: The file itself.
    """

    file: str
    data: Any = field(repr=False)
    text: str = field(repr=False)
    _keys: dict[Loc, tuple[int, int]] = field(default_factory=dict, repr=False)
    _values: dict[Loc, tuple[int, int]] = field(default_factory=dict, repr=False)

    def position(self, loc: Loc, *, value: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the key at `loc`, or with `value` of what stands there; of the nearest thing
        around it where there is no such place."""
        path = tuple(str(part) if not isinstance(part, int) else part for part in loc)
        for end in range(len(path), -1, -1):
            for table in (self._values, self._keys) if value else (self._keys, self._values):
                if path[:end] in table:
                    return table[path[:end]]
        return 1, 1

    def problem(
        self, loc: Loc, message: str, *, value: bool = False, severity: str = "error", code: str = ""
    ) -> Problem:
        """A fault at that place."""
        line, column = self.position(loc, value=value)
        return Problem(message, self.file, line, column, severity, code)


def read_document(path: Path, name: str | None = None) -> Document:
    """The YAML file at `path`, called `name` in messages.

    Raises:
        InvalidFile: with every fault that could be found.
        Configuration: it cannot be read.
    """
    name = name or str(path)
    raw = raw_document(path, name)
    return parse_document(raw, name)


def raw_document(path: Path, name: str | None = None) -> bytes:
    """The content of the file at `path`, called `name` in messages: as much of it as `parse_document` must see.

    Raises:
        Configuration: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise Configuration(f"{name or path} cannot be read: {error.strerror}") from error


def parse_document(raw: str | bytes, file: str = "", twice: str = "") -> Document:
    """The YAML text.

    Args:
        raw: The file's content.
        file: What to call it in messages.
        twice: The code of the problem that a key stands twice.

    Raises:
        InvalidFile: with every fault that could be found.
    """
    if len(raw) > LARGEST:
        raise InvalidFile([Problem(f"the file is larger than {LARGEST // 1_000_000} MB", file, 1, 1)])
    if isinstance(raw, str):
        return _parsed(raw, file, twice)
    try:
        return _parsed(raw.decode("utf-8-sig"), file, twice)
    except UnicodeDecodeError as error:
        line, column = raw.count(b"\n", 0, error.start) + 1, error.start - raw.rfind(b"\n", 0, error.start)
    raise InvalidFile([Problem("this is not UTF-8 text; save the file as UTF-8", file, line, column)])


def _parsed(text: str, file: str, twice: str) -> Document:
    builder = _Builder(file, twice)
    try:
        builder.build(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        builder.problems.append(_syntax(error, file))
    except ReaderError as error:
        line, column = (
            text.count("\n", 0, error.position) + 1,
            error.position - text.rfind("\n", 0, error.position),
        )
        builder.problems.append(Problem("there is a control character here; delete it", file, line, column))
    except _TooMuchError:
        pass
    if builder.problems:
        raise InvalidFile(in_order(builder.problems))
    return Document(file, builder.data, text, builder.keys, builder.values)


def in_order(problems: list[Problem]) -> list[Problem]:
    """The problems in the order of the file, each once."""
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.column))


def _syntax(error: MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    reason = " ".join(str(part) for part in (error.context, error.problem) if part)
    hint = _hint(reason)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    return Problem(f"this is not YAML: {reason}{hint}", file, line, column)


def _hint(reason: str) -> str:
    if "mapping values are not allowed" in reason:
        return "; is the line above indented as it should be, or must text with a colon stand in quotes?"
    if "\\t" in reason:
        return "; indent with blanks, not with tabs"
    if "quoted scalar" in reason:
        return "; a quotation mark is not closed"
    if "flow" in reason:
        return "; a bracket or brace is not closed, or a comma is missing"
    if "expected <block end>" in reason:
        return "; this line is not indented like the ones that it belongs to"
    return ""


class _TooMuchError(Exception):
    """The file goes beyond a bound; the problem is noted already."""


@dataclass(slots=True)
class _Level:
    """A mapping or list that is being read. `key` is the one whose value comes next."""

    loc: Loc
    content: dict[Any, Any] | list[Any]
    key: Any = None
    has_key: bool = False
    skipping: bool = False


class _Builder:
    """Builds plain data from the parser's events, without recursion."""

    def __init__(self, file: str, twice: str) -> None:
        self.data: Any = None
        self.keys: dict[Loc, tuple[int, int]] = {}
        self.values: dict[Loc, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._file = file
        self._twice = twice
        self._levels: list[_Level] = []
        self._nodes = 0
        self._documents = 0

    def build(self, events: Iterator[Event]) -> None:
        """Take in all events."""
        for event in events:
            match event:
                case DocumentStartEvent():
                    self._documents += 1
                    if self._documents > 1:
                        self._fault(
                            event, "a second document begins here; one file holds one document, without `---`"
                        )
                        raise _TooMuchError
                case AliasEvent():
                    self._fault(event, f"*{event.anchor}: aliases are not allowed here; write the value out")
                    self._take(event, None)
                case ScalarEvent():
                    self._take(event, self._scalar(event))
                case MappingStartEvent():
                    self._open(event, {})
                case SequenceStartEvent():
                    self._open(event, [])
                case MappingEndEvent() | SequenceEndEvent():
                    self._close()
                case _:
                    pass

    def _fault(self, event: Event, message: str, code: str = "") -> None:
        self.problems.append(Problem(message, self._file, *_place(event), code=code))

    def _count(self, event: Event) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._fault(event, f"the file holds more than {MOST_NODES} values; split it or leave some out")
            raise _TooMuchError

    def _open(self, event: CollectionStartEvent, content: dict[Any, Any] | list[Any]) -> None:
        self._count(event)
        if event.tag is not None and not event.implicit:
            self._fault(event, f"tags such as {event.tag} are not allowed here")
        if len(self._levels) >= DEEPEST:
            self._fault(event, f"this is nested deeper than {DEEPEST} levels")
            raise _TooMuchError
        if self._awaits_key():
            self._fault(event, "a key must be one word or text, not a list or a mapping")
            self._levels[-1].key, self._levels[-1].has_key = None, True
            self._levels.append(_Level(self._nowhere(), content, skipping=True))
            return
        loc = self._place(event, content)
        self._levels.append(_Level(loc, content))

    def _close(self) -> None:
        level = self._levels.pop()
        if self._levels and not level.skipping:
            self._levels[-1].has_key = False

    def _take(self, event: ScalarEvent | AliasEvent, value: Any) -> None:
        self._count(event)
        if not self._awaits_key():
            self._place(event, value)
            if self._levels:
                self._levels[-1].has_key = False
            return
        level = self._levels[-1]
        level.key, level.has_key = value, True
        if isinstance(event, AliasEvent):
            return
        if value is None or isinstance(value, float):
            self._fault(
                event, f"{event.value or 'nothing'} cannot be a key; put it in quotes if it is meant as text"
            )
            return
        loc = (*level.loc, _name(value))
        if loc in self.keys:
            line, _ = self.keys[loc]
            self._fault(
                event, f"key {_name(value)!r} stands here twice; it is already in line {line}", self._twice
            )
            level.key = None
            return
        self.keys[loc] = _place(event)

    def _awaits_key(self) -> bool:
        return (
            bool(self._levels) and isinstance(self._levels[-1].content, dict) and not self._levels[-1].has_key
        )

    def _place(self, event: Event, value: Any) -> Loc:
        """Put a value where it belongs; its loc."""
        if not self._levels:
            self.data = value
            self.values[()] = _place(event)
            return ()
        level = self._levels[-1]
        if isinstance(level.content, list):
            loc: Loc = (*level.loc, len(level.content))
            level.content.append(value)
        elif level.key is None:
            # The value of a key that was at fault: read, so that faults inside it show, and dropped.
            return self._nowhere()
        else:
            loc = (*level.loc, _name(level.key))
            level.content[level.key] = value
        self.values[loc] = _place(event)
        return loc

    def _nowhere(self) -> Loc:
        """A loc of its own for what will be dropped: two such things never look like duplicates of one another."""
        return ("", self._nodes)

    def _scalar(self, event: ScalarEvent) -> Any:
        text = event.value
        if _FORBIDDEN.search(text):
            self._fault(event, "the text holds a control character or half a character; delete it")
            return ""
        if event.tag is not None:
            self._fault(event, f"tags such as {event.tag} are not allowed here; quotes make text of anything")
            return text
        if not event.implicit[0]:
            return text
        return self._plain(event, text)

    def _plain(self, event: ScalarEvent, text: str) -> Any:
        if _NULL.match(text):
            return None
        if _TRUE.match(text) or _FALSE.match(text):
            return bool(_TRUE.match(text))
        if _INTEGER.match(text) or _OTHER_BASE.match(text):
            if len(text) > _LONGEST_NUMBER:
                self._fault(event, "this number is too long; put it in quotes if it is meant as text")
                return 0
            return int(text) if _INTEGER.match(text) else int(text, 0)
        if _FLOAT.match(text) and len(text) <= _LONGEST_NUMBER:
            return float(text)
        return text


def _name(key: Any) -> str:
    """A key as text: `1` and `"1"` are the same key to a person."""
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)


def _place(event: Event) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1
