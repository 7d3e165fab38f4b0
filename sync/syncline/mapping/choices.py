"""Codecs whose values come from a table: choices, the priority matrix, people and groups."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import product
from typing import Final, Self

from syncline.connector import PartyKind
from syncline.mapping.codecs import SILENT, Natives, NoWordError, Side, Silence
from syncline.mapping.directory import Directory, folded
from syncline.mapping.transforms import plain
from syncline.model import Kind, Value

CHOICES: Final[Mapping[Kind, tuple[Value, ...]]] = {
    Kind.PRIORITY: (1, 2, 3, 4, 5),
    Kind.LEVEL: (1, 2, 3),
}
"""Kinds whose values stand for themselves where a mapping gives no table."""


@dataclass(frozen=True, slots=True)
class ChoiceCodec:
    """A value out of a table.

    Attributes:
        native: The field.
        written: Common value to the native values that say it; the first is written.
        read_as: Native value to the one common value that it is read as.
        ignored: Native values that say nothing: the record is then left alone in this field.
    """

    native: str
    written: Mapping[Value, tuple[str, ...]]
    read_as: Mapping[str, Value]
    ignored: frozenset[str] = frozenset()

    @property
    def natives(self) -> tuple[str, ...]:
        """The one field."""
        return (self.native,)

    def read(self, side: Side) -> Value | Silence:
        """The common value; empty says nothing, since a status or a priority cannot be taken away."""
        there = plain(side.present.get(self.native))
        if not there or there in self.ignored:
            return SILENT
        if there not in self.read_as:
            raise NoWordError(f"{self.native} is {there[:60]!r}, which the mapping does not know")
        return self.read_as[there]

    def write(self, value: Value, side: Side) -> Natives:  # noqa: ARG002  one shape for all codecs
        """The first native value that says it."""
        choices = self.written.get(value)
        if not choices:
            raise NoWordError(f"the mapping has no value of {self.native} for {value!r}")
        return {self.native: choices[0]}

    def holds(self, value: Value, side: Side) -> bool:
        """Whether the native value is read as it, or is the one that would be written."""
        there = plain(side.present.get(self.native))
        if value is None or there in self.ignored:
            return True
        choices = self.written.get(value, ())
        # A shared value further down the list is only what is written where the ones before it do not exist.
        return there != "" and (self.read_as.get(there) == value or there in choices[:1])

    def shortened(self, limits: Mapping[str, int]) -> Self:  # noqa: ARG002
        """Values out of a table are never cut."""
        return self

    def among(self, choices: frozenset[str]) -> Self:
        """The same without alternatives that the live platform does not have; the last of a common value stays,
        so that it is reported rather than lost."""
        fitting = {
            value: tuple(native for native in natives if native in choices) or natives[:1]
            for value, natives in self.written.items()
        }
        return self if fitting == self.written else replace(self, written=fitting)


@dataclass(frozen=True, slots=True)
class MatrixCodec:
    """A priority that two native fields make together.

    Attributes:
        natives: The field of the rows (impact), the field of the columns (urgency).
        rows: Native values of the first, from the highest.
        columns: Native values of the second, from the highest.
        cells: Row by row, the priority of each pair.
        fields: The common fields that say the same as rows and columns, where they are known.
    """

    natives: tuple[str, str]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[int, ...], ...]
    fields: tuple[str, str] = ("impact", "urgency")
    _by_priority: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        found: dict[int, list[tuple[int, int]]] = {}
        for row, column in self._pairs():
            found.setdefault(self.cells[row][column], []).append((row, column))
        object.__setattr__(
            self, "_by_priority", {priority: tuple(cells) for priority, cells in found.items()}
        )

    def read(self, side: Side) -> Value | Silence:
        """The cell; where one of both is empty, nothing is said."""
        texts = [plain(side.present.get(native)) for native in self.natives]
        if not all(texts):
            return SILENT
        for native, text, known in zip(self.natives, texts, (self.rows, self.columns), strict=True):
            if text not in known:
                raise NoWordError(f"{native} is {text[:60]!r}, which the matrix does not know")
        return self.cells[self.rows.index(texts[0])][self.columns.index(texts[1])]

    def write(self, value: Value, side: Side) -> Natives:
        """The pair that gives the priority and is nearest to the present one."""
        if not isinstance(value, int) or not self._by_priority:
            raise NoWordError(f"the matrix has no cell for {value!r}")
        cells = self._by_priority[self.nearest(value)]
        start = self._start(side)
        row, column = min(cells, key=lambda cell: _distance(cell, start))
        return dict(zip(self.natives, (self.rows[row], self.columns[column]), strict=True))

    def holds(self, value: Value, side: Side) -> bool:
        """Whether the present pair gives the priority, or the nearest that the matrix has."""
        if not isinstance(value, int):
            return True
        try:
            there = self.read(side)
        except NoWordError:
            return False
        return there in (value, self.nearest(value))

    def nearest(self, priority: int) -> int:
        """The priority itself, or the one next to it in the matrix, the more urgent one first."""
        return min(self._by_priority, key=lambda cell: (abs(cell - priority), cell))

    def shortened(self, limits: Mapping[str, int]) -> Self:  # noqa: ARG002
        """A matrix has no length."""
        return self

    def _pairs(self) -> Iterator[tuple[int, int]]:
        return product(range(len(self.rows)), range(len(self.columns)))

    def _start(self, side: Side) -> tuple[int | None, int | None]:
        """Where the record stands; what it does not say, the incident may."""
        found: list[int | None] = []
        for native, known, name in zip(self.natives, (self.rows, self.columns), self.fields, strict=True):
            text, level = plain(side.present.get(native)), side.after[name]
            if text in known:
                found.append(known.index(text))
            elif isinstance(level, int) and 1 <= level <= len(known):
                found.append(level - 1)
            else:
                found.append(None)
        return found[0], found[1]


def _distance(cell: tuple[int, int], start: tuple[int | None, int | None]) -> tuple[int, int, int, int]:
    """Steps away; among equals the one that leaves the impact alone, since urgency is what people set."""
    steps = [abs(at - begin) if begin is not None else 0 for at, begin in zip(cell, start, strict=True)]
    return (sum(steps), steps[0], abs(cell[0] - cell[1]), cell[0])


class Fallback(Enum):
    """What is written for a person or group that the platform does not have."""

    KEEP = "keep"  # nothing: whoever stands there stays
    NONE = "none"  # nobody


@dataclass(frozen=True, slots=True)
class PartyCodec:
    """A person or a group.

    Attributes:
        native: The field, which holds an id.
        kind: Person or group.
        names: Common handle to its name here, where the two differ.
        fallback: What is written for one that the platform does not have: `Fallback`, or an id, address or name.
        patterns: How all others are called here: `* escalation`, with the handle for `*`. The first one that the
            platform knows is written; the longest one that fits is read.
        laid: Common handle to its name or id here, as something above the mapping has it: goes before `names` and
            `patterns`, both ways.
    """

    native: str
    kind: PartyKind
    names: Mapping[str, str] = field(default_factory=dict)
    fallback: Fallback | str = Fallback.KEEP
    patterns: tuple[str, ...] = ("*",)
    laid: Mapping[str, str] = field(default_factory=dict)

    @property
    def natives(self) -> tuple[str, ...]:
        """The one field."""
        return (self.native,)

    def read(self, side: Side) -> Value | Silence:
        """The handle; nobody is None."""
        there = plain(side.present.get(self.native))
        return self._handle(there, side.directory) if there else None

    def _handle(self, there: str, directory: Directory) -> str:
        for table in (self.laid, self.names):
            for common, name in table.items():
                if there == name or (table is self.laid and there == directory.native(self.kind, name)):
                    return common
        handle = directory.handle(self.kind, there)
        if handle is None:
            raise NoWordError(
                f"{self.native} is {there[:60]!r}, a {self.kind} that is not known", ((self.kind, there),)
            )
        tabled = next((common for common, name in self.names.items() if folded(name) == folded(handle)), None)
        return tabled or self._stripped(handle)

    def write(self, value: Value, side: Side) -> Natives:
        """The id. One that the platform does not have gives the fallback, and a report."""
        if value is None or value == "":
            return {self.native: None}
        found = self._native(plain(value), side.directory)
        if found is not None:
            return {self.native: found}
        sought = [side.directory.sought(self.kind, name) for name in self._called(plain(value))]
        raise NoWordError(
            f"there is no {self.kind} {' or '.join(map(repr, sought))} here; {self._consequence()}",
            tuple((self.kind, name) for name in sought),
            stand_in=self._stand_in(side.directory),
        )

    def holds(self, value: Value, side: Side) -> bool:
        """Whether that party stands there, under whichever of its names, or the fallback for one that the platform does
        not have."""
        there = plain(side.present.get(self.native))
        if value is None or value == "":
            return not there
        found = self._native(plain(value), side.directory)
        if there and (there == found or self._reads_as(there, plain(value), side.directory)):
            return True
        stand_in = self._stand_in(side.directory) if found is None else None
        return stand_in is not None and (there or None) == stand_in[self.native]

    def _reads_as(self, there: str, handle: str, directory: Directory) -> bool:
        try:
            return folded(self._handle(there, directory)) == folded(handle)
        except NoWordError:
            return False

    def shortened(self, limits: Mapping[str, int]) -> Self:  # noqa: ARG002
        """Ids are never cut."""
        return self

    def _called(self, handle: str) -> tuple[str, ...]:
        """What the party may be called here, best first."""
        tables = (*self.laid.items(), *self.names.items())
        tabled = next((name for common, name in tables if folded(common) == folded(handle)), None)
        return (tabled,) if tabled else tuple(pattern.replace("*", handle) for pattern in self.patterns)

    def _stripped(self, name: str) -> str:
        """The common handle of somebody who is called so here."""
        for pattern in sorted(self.patterns, key=len, reverse=True):
            before, _, after = pattern.partition("*")
            end = len(name) - len(after)
            fits = folded(name[: len(before)]) == folded(before) and folded(name[end:]) == folded(after)
            if fits and name[len(before) : end].strip():
                return name[len(before) : end].strip()
        return name

    def _native(self, handle: str, directory: Directory) -> str | None:
        found = (directory.native(self.kind, name) for name in self._called(handle))
        return next((native for native in found if native is not None), None)

    def _stand_in(self, directory: Directory) -> Natives | None:
        match self.fallback:
            case Fallback.KEEP:
                return None
            case Fallback.NONE:
                return {self.native: None}
            case name:
                found = directory.native(self.kind, name)
                # An address that nobody has yet is no id; anything else is one by the admin's word.
                return {self.native: found or name} if found or "@" not in name else None

    def _consequence(self) -> str:
        match self.fallback:
            case Fallback.KEEP:
                return f"{self.native} stays as it is"
            case Fallback.NONE:
                return f"{self.native} is left empty"
            case name:
                return f"{name} stands in"
