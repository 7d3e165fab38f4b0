"""Cells: the finitely many kinds of facts that given tests can tell apart, with one example of each.

A *dimension* is what varies on its own: one name; several names that are compared with one another; one text in a set;
whether a set is known. Its cells differ in the outcome of at least one test, and within a cell every test has one
outcome. A test is then a set of cells, written as the bits of a number.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Final

from syncline.escalation.conditions.tree import (
    Among,
    Has,
    Is,
    Leaf,
    Null,
    Order,
    Pair,
    Scalar,
    Truth,
    names_of,
)
from syncline.escalation.conditions.vocabulary import Name, Type, Vocabulary

MAX_CELLS: Final = 100_000
"""Cells that are looked at before the answer is that it is undecided."""

Value = Scalar | None

_STEPS: Final = (60.0, 1.0)


class TooMany(Exception):
    """More than `MAX_CELLS`; never leaves this package."""


class Count:
    """How many cells were looked at, or would have to be."""

    def __init__(self) -> None:
        self.cells = 0

    def add(self, cells: int = 1) -> None:
        """Count more of them.

        Raises:
            TooMany: These are too many.
        """
        self.cells += cells
        if self.cells > MAX_CELLS:
            raise TooMany


@dataclass(frozen=True, slots=True)
class Dimension:
    """Something that varies on its own.

    Attributes:
        names: The names whose facts it gives; of a set, its name alone.
        cells: An example of each cell: values in the order of `names`; for sets, whether the text is in it, or whether
            the set is known. What a reader would rather see comes first.
        tag: The text in the set, or None.
    """

    names: tuple[str, ...]
    cells: tuple[tuple[Value, ...], ...]
    tag: str | None = None

    @property
    def full(self) -> int:
        """All cells."""
        return (1 << len(self.cells)) - 1

    @property
    def known(self) -> int:
        """The cells in which every fact is known."""
        return sum(1 << bit for bit, cell in enumerate(self.cells) if None not in cell)


class Space:
    """The dimensions of some tests.

    Attributes:
        dimensions: All of them.
        clashes: Pairs of literals of which at least one must hold: a set that is not known holds no text.
    """

    def __init__(self, tests: Collection[Leaf], vocabulary: Vocabulary, count: Count) -> None:
        self.dimensions: list[Dimension] = []
        self.clashes: list[tuple[tuple[int, int], tuple[int, int]]] = []
        self._masks: dict[Leaf, tuple[int, int]] = {}
        self._vocabulary = vocabulary
        by_name: dict[str, list[Leaf]] = {}
        for test in tests:
            for name in dict.fromkeys(names_of(test)):
                by_name.setdefault(name, []).append(test)
        for group in _linked(by_name):
            if self._name(group[0]).type is Type.SET:
                self._set(self._name(group[0]), by_name[group[0]])
            else:
                named = [self._name(name) for name in group]
                self._plain(named, list(dict.fromkeys(t for name in group for t in by_name[name])), count)

    def literal(self, test: Leaf) -> tuple[int, int]:
        """A test as the index of its dimension and the cells in which it holds."""
        return self._masks[test]

    def facts(self, chosen: Mapping[int, int]) -> dict[str, object]:
        """Facts that lie in the chosen cells; a dimension to many cells, all of them for one that is not chosen."""
        facts: dict[str, object] = {}
        tags: dict[str, list[str]] = {}
        unknown: set[str] = set()
        for index, dimension in enumerate(self.dimensions):
            mask = chosen.get(index, dimension.full)
            cell = dimension.cells[(mask & -mask).bit_length() - 1]
            name = dimension.names[0]
            if self._vocabulary.names[name].type is not Type.SET:
                facts.update(zip(dimension.names, cell, strict=True))
            elif dimension.tag is None:
                tags.setdefault(name, [])
                unknown.update([name] if cell[0] is None else [])
            else:
                tags.setdefault(name, []).extend([dimension.tag] if cell[0] else [])
        facts.update((name, None if name in unknown else tuple(sorted(held))) for name, held in tags.items())
        return dict(sorted(facts.items()))

    def _name(self, name: str) -> Name:
        known = self._vocabulary.names.get(name)
        if known is None:
            raise ValueError(f'the vocabulary has no name "{name}"')
        return known

    def _plain(self, names: Sequence[Name], tests: Sequence[Leaf], count: Count) -> None:
        domains = [_domain(name, names, tests) for name in names]
        at = {name.name: place for place, name in enumerate(names)}
        count.add(prod(len(domain) for domain in domains))
        # The example of a cell has as few unknown facts as may be.
        facts = sorted(product(*domains), key=lambda cell: cell.count(None))
        held: list[list[int]] = [[] for _ in facts]
        for number, test in enumerate(tests):
            for place in _where(test, facts, at):
                held[place].append(number)
        cells: dict[tuple[int, ...], tuple[Value, ...]] = {}
        for outcome, cell in zip(held, facts, strict=True):
            cells.setdefault(tuple(outcome), cell)
        masks = [0] * len(tests)
        for bit, numbers in enumerate(cells):
            for number in numbers:
                masks[number] |= 1 << bit
        self._masks.update(
            (test, (len(self.dimensions), mask)) for test, mask in zip(tests, masks, strict=True)
        )
        self.dimensions.append(Dimension(tuple(name.name for name in names), tuple(cells.values())))

    def _set(self, name: Name, tests: Sequence[Leaf]) -> None:
        known: tuple[int, int] | None = None
        for test in tests:
            if isinstance(test, Null):
                cells: tuple[tuple[Value, ...], ...] = ((True,), (None,)) if name.nullable else ((True,),)
                index = len(self.dimensions)
                known = index, 1
                self._masks[test] = index, 2 if name.nullable else 0
                self.dimensions.append(Dimension((name.name,), cells))
        for test in tests:
            if isinstance(test, Has):
                index = len(self.dimensions)
                self._masks[test] = index, 2
                self.dimensions.append(Dimension((name.name,), ((False,), (True,)), test.tag))
                if known is not None:
                    self.clashes.append((known, (index, 1)))


def _linked(by_name: Mapping[str, Iterable[Leaf]]) -> Iterator[list[str]]:
    """The names in groups: those that are compared with one another, directly or through others, together."""
    waiting = dict.fromkeys(by_name)
    while waiting:
        group = [next(iter(waiting))]
        for name in group:
            waiting.pop(name, None)
            near = (other for test in by_name[name] for other in names_of(test) if other in waiting)
            group += [other for other in dict.fromkeys(near) if other not in group]
        yield group


def _where(test: Leaf, facts: Sequence[tuple[Value, ...]], at: Mapping[str, int]) -> Iterable[int]:
    """The places of the facts of which a test holds."""
    if len(at) == 1 and isinstance(test, Is) and test.order is Order.EQUAL:
        # The usual test, which a long list of policies has by the hundred.
        return [place for place, cell in enumerate(facts) if cell[0] == test.value]
    return [place for place, cell in enumerate(facts) if _outcome(test, cell, at)]


def _outcome(test: Leaf, cell: Sequence[Value], at: Mapping[str, int]) -> bool:
    match test:
        case Null(name):
            return cell[at[name]] is None
        case Is(name, order, constant):
            value = cell[at[name]]
            return value is not None and order.compare(value, constant)
        case Among(name, constants):
            return cell[at[name]] in constants
        case Pair(left, order, right):
            one, other = cell[at[left]], cell[at[right]]
            return one is not None and other is not None and order.compare(one, other)
        case Has() | Truth():
            raise AssertionError("a set or a truth is no value")


def _domain(name: Name, together: Sequence[Name], tests: Sequence[Leaf]) -> list[Value]:
    """Examples of a name's values: at least one of each kind that the tests can tell apart, alone and together with
    those of the names that it is compared with."""
    constants: list[Scalar] = []
    for test in tests:
        if isinstance(test, Is):
            constants.append(test.value)
        elif isinstance(test, Among):
            constants += test.values
    values: list[Value]
    if name.type is Type.YES_NO:
        values = [False, True]
    elif name.values:
        values = list(name.values)
    else:
        constants += (value for other in together for value in other.values)
        if name.type is Type.TEXT:
            values = _texts([str(constant) for constant in constants], len(together))
        else:
            numbers = [float(constant) for constant in constants if not isinstance(constant, str)]
            durations = name.type is Type.DURATION
            values = list(_times(numbers, len(together)) if durations else _wholes(numbers, len(together)))
    return [*values, None] if name.nullable else values


def _texts(constants: Iterable[str], fresh: int) -> list[Value]:
    values: dict[str, None] = dict.fromkeys(constants)
    number = 0
    while fresh:
        number += 1
        text = "other" if number == 1 else f"other {number}"
        if text not in values:
            values[text] = None
            fresh -= 1
    return list(values)


def _times(constants: Iterable[float], fresh: int) -> list[float]:
    """Every constant, and between two of them, before the first and after the last as many others as there are
    names."""
    found: list[float] = []
    before = 0.0
    for constant in sorted(set(constants)):
        if not found and constant > 0:
            found += [0.0, *_between(0.0, constant, fresh - 1)]
        elif found:
            found += _between(before, constant, fresh)
        found.append(constant)
        before = constant
    if not found:
        found, fresh = [0.0], fresh - 1
    return found + [before + _STEPS[0] * step for step in range(1, fresh + 1)]


def _between(low: float, high: float, fresh: int) -> list[float]:
    for step in _STEPS:
        if low + step * fresh < high:
            return [low + step * number for number in range(1, fresh + 1)]
    return [low + (high - low) * number / (fresh + 1) for number in range(1, fresh + 1)]


def _wholes(constants: Iterable[float], fresh: int) -> list[int]:
    """The same for whole numbers, of which there may be fewer between two constants."""
    found: list[int] = []
    after = 0  # the first number that is not yet spoken for
    for constant in sorted({int(constant) for constant in constants}):
        found += range(after, min(constant, after + fresh))
        found.append(constant)
        after = constant + 1
    return found + list(range(after, after + fresh))
