"""What holds of all incidents there could be: decided exactly, with an example.

The conditions become one formula over cells (`cells`), in which negation has vanished: a test is the set of the cells
in which it holds. The search takes every test that must hold as given, splits the rest into parts that share no name,
and branches on one test at a time. It ends with an example, with the certainty that there is none, or undecided.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

from syncline.escalation.conditions.cells import MAX_CELLS, Count, Space, TooMany
from syncline.escalation.conditions.compiling import Condition
from syncline.escalation.conditions.tree import All, Leaf, Node, Not, Some, Truth, leaves, names_of
from syncline.escalation.conditions.vocabulary import Vocabulary

_DEEPEST: Final = 40
"""Levels to which the search splits into parts; below, it goes on with them together."""

_MOST_STEPS: Final = 200_000
"""Parts of formulas that are looked at, about a second, before the answer is that it is undecided."""

__all__ = ["MAX_CELLS", "Verdict", "always_true", "implies", "overlap", "satisfiable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer.

    Attributes:
        decided: Whether it is known; beyond `MAX_CELLS` it is not.
        holds: Whether it is so; false where it is undecided.
        witness: Facts that show it, or show that it is not so, as the question says; None where there are none.
        cells: How many cells were looked at, or would have to be.
    """

    decided: bool
    holds: bool
    witness: Mapping[str, object] | None
    cells: int


def satisfiable(*conditions: Condition, vocabulary: Vocabulary, without: Sequence[Condition] = ()) -> Verdict:
    """Whether all of them can hold of one incident, and none of `without`; the witness is one."""
    wanted: list[Node] = [condition.tree for condition in conditions]
    return _example([*wanted, *(Not(condition.tree) for condition in without)], vocabulary)


def always_true(condition: Condition, vocabulary: Vocabulary) -> Verdict:
    """Whether it holds of every incident; the witness is one of which it does not."""
    return _refuted([Not(condition.tree)], vocabulary)


def implies(condition: Condition, other: Condition, vocabulary: Vocabulary) -> Verdict:
    """Whether `other` holds wherever `condition` does; the witness is an incident where it does not."""
    return _refuted([condition.tree, Not(other.tree)], vocabulary)


def overlap(condition: Condition, other: Condition, vocabulary: Vocabulary) -> Verdict:
    """Whether both can hold of one incident; the witness is one."""
    return satisfiable(condition, other, vocabulary=vocabulary)


def _refuted(wanted: Sequence[Node], vocabulary: Vocabulary) -> Verdict:
    found = _example(wanted, vocabulary)
    return Verdict(found.decided, found.decided and not found.holds, found.witness, found.cells)


def _example(wanted: Sequence[Node], vocabulary: Vocabulary) -> Verdict:
    nodes = [*wanted, *_axioms(wanted, vocabulary)]
    tests = dict.fromkeys(test for node in nodes for test in leaves(node) if not isinstance(test, Truth))
    count = Count()
    count.add()
    try:
        space = Space(tests, vocabulary, count)
        parts = [_formula(node, space, wanted=True) for node in nodes]
        parts += [Either((Cells(*one), Cells(*other))) for one, other in space.clashes]
        known = {index: dimension.known for index, dimension in enumerate(space.dimensions)}
        search = _Search(space, count)
        # An example of which all is known is easier to believe.
        chosen = search.solve(parts, known)
        if chosen is None:
            chosen = search.solve(parts, {})
    except TooMany:
        return Verdict(decided=False, holds=False, witness=None, cells=count.cells)
    if chosen is None:
        return Verdict(decided=True, holds=False, witness=None, cells=count.cells)
    return Verdict(decided=True, holds=True, witness=space.facts(chosen), cells=count.cells)


def _axioms(wanted: Sequence[Node], vocabulary: Vocabulary) -> Iterator[Node]:
    """The axioms that share a name with what is asked, directly or through others; the rest cannot matter, because
    they hold of some incident, and of that one whatever the other names are."""
    names = {name for node in wanted for test in leaves(node) for name in names_of(test)}
    waiting = list(vocabulary.axioms)
    while near := [axiom for axiom in waiting if axiom.names & names]:
        waiting = [axiom for axiom in waiting if axiom not in near]
        for axiom in near:
            names |= axiom.names
            yield axiom.tree


# -- formulas ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cells:
    """The facts lie in one of these cells of a dimension."""

    dimension: int
    mask: int


@dataclass(frozen=True, slots=True)
class Both:
    """Every part holds."""

    parts: tuple["Formula", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple["Formula", ...]


Formula = bool | Cells | Both | Either


def _formula(node: Node, space: Space, *, wanted: bool) -> Formula:
    """The formula for a tree, or for its opposite."""
    match node:
        case Not(part):
            return _formula(part, space, wanted=not wanted)
        case All(parts) | Some(parts):
            inner = tuple(_formula(part, space, wanted=wanted) for part in parts)
            return Both(inner) if isinstance(node, All) is wanted else Either(inner)
        case Truth(value):
            return value is wanted
        case _:
            return _cells(node, space, wanted=wanted)


def _cells(test: Leaf, space: Space, *, wanted: bool) -> Formula:
    dimension, mask = space.literal(test)
    return Cells(dimension, mask if wanted else space.dimensions[dimension].full & ~mask)


Given = dict[int, int]
"""Dimension to the cells that are still possible; absent: all of them."""


class _Search:
    """One search for an example."""

    def __init__(self, space: Space, count: Count) -> None:
        size = prod(len(dimension.cells) for dimension in space.dimensions)
        # Where all cells together are no more than the limit, the search ends by itself.
        self._limited = size if size > MAX_CELLS else None
        self._steps = 0
        self._full = [dimension.full for dimension in space.dimensions]
        self._count = count

    def solve(self, parts: Sequence[Formula], given: Given, depth: int = 0) -> Given | None:
        """Cells in which all parts hold, within those that are given; None: there are none."""
        waiting: list[tuple[Sequence[Formula], Given]] = [(parts, given)]
        while waiting:
            parts, given = waiting.pop()
            self._look()
            left = self._settled(parts, given)
            if left is None:
                continue
            groups = list(_apart(left)) if depth < _DEEPEST else [left]
            if len(groups) > 1:
                found = self._each(groups, given, depth + 1)
                if found is not None:
                    return found
            elif left:
                test = _first(min(left, key=lambda part: len(part.parts)))
                possible = given.get(test.dimension, self._full[test.dimension])
                waiting += [
                    (left, {**given, test.dimension: possible & ~test.mask}),
                    (left, {**given, test.dimension: possible & test.mask}),
                ]
            else:
                return given
        return None

    def _look(self) -> None:
        if self._limited is None:
            self._count.cells += 1
        elif self._steps > _MOST_STEPS:
            self._count.add(self._limited)
        else:
            self._count.add()

    def _each(self, groups: Sequence[Sequence[Either]], given: Given, depth: int) -> Given | None:
        """Cells in which every group holds; no two of them share a dimension."""
        for group in groups:
            found = self.solve(group, dict(given), depth)
            if found is None:
                return None
            given = found
        return given

    def _settled(self, parts: Sequence[Formula], given: Given) -> list[Either] | None:
        """The parts that are still open once all that must hold is taken as given, which is added to `given`; None
        where they contradict it."""
        waiting = list(parts)
        while True:
            before = dict(given)
            kept: list[Formula] = []
            for part in waiting:
                simple = self._simplified(part, given)
                if simple is False or not self._take(simple, given, kept):
                    return None
            waiting = kept
            if given == before and not self._agreed(waiting, given):
                return [part for part in waiting if isinstance(part, Either)]

    def _agreed(self, parts: Sequence[Formula], given: Given) -> bool:
        """Take cells of which all open tests on a dimension approve, which can do no harm; whether there were any."""
        common: Given = {}
        for test in _tests(parts):
            full = given.get(test.dimension, self._full[test.dimension])
            common[test.dimension] = common.get(test.dimension, full) & test.mask
        agreed = {dimension: mask for dimension, mask in common.items() if mask}
        given.update(agreed)
        return bool(agreed)

    def _take(self, part: Formula, given: Given, kept: list[Formula]) -> bool:
        """Take what must hold; False where nothing is possible any more."""
        match part:
            case Cells(dimension, mask):
                given[dimension] = given.get(dimension, self._full[dimension]) & mask
                return given[dimension] != 0
            case Both(parts):
                return all(self._take(inner, given, kept) for inner in parts)
            case Either():
                kept.append(part)
        return part is not False

    def _simplified(self, part: Formula, given: Given) -> Formula:
        """The part within what is given; never a `Both` or `Either` of fewer than two."""
        self._steps += 1
        match part:
            case Cells(dimension, mask):
                possible = given.get(dimension, self._full[dimension])
                if possible & mask == possible:
                    return True
                return Cells(dimension, possible & mask) if possible & mask else False
            case Both(parts) | Either(parts):
                ends = isinstance(part, Either)  # the truth of a part that settles the whole
                inner: list[Formula] = []
                for one in parts:
                    simple = self._simplified(one, given)
                    if simple is ends:
                        return ends
                    if not isinstance(simple, bool):
                        inner.append(simple)
                return self._joined(inner, given, ends=ends)
            case _:
                return part

    def _joined(self, parts: Sequence[Formula], given: Given, *, ends: bool) -> Formula:
        """`Either` or `Both` of open parts, with one test for each dimension."""
        masks: dict[int, int] = {}
        inner: list[Formula] = []
        for part in parts:
            if not isinstance(part, Cells):
                inner.append(part)
            elif part.dimension not in masks:
                masks[part.dimension] = part.mask
            elif ends:
                masks[part.dimension] |= part.mask
            else:
                masks[part.dimension] &= part.mask
        for dimension, mask in masks.items():
            if mask == (given.get(dimension, self._full[dimension]) if ends else 0):
                return ends
        inner += [Cells(dimension, mask) for dimension, mask in masks.items()]
        if len(inner) > 1:
            return Either(tuple(inner)) if ends else Both(tuple(inner))
        return inner[0] if inner else not ends


def _apart(parts: Sequence[Either]) -> Iterator[list[Either]]:
    """The parts in groups that share no dimension."""
    groups: list[tuple[set[int], list[Either]]] = []
    for part in parts:
        dimensions = {test.dimension for test in _tests([part])}
        members = [part]
        rest = []
        for others, held in groups:
            if others & dimensions:
                dimensions |= others
                members = held + members
            else:
                rest.append((others, held))
        groups = [*rest, (dimensions, members)]
    for _, members in groups:
        yield members


def _tests(parts: Sequence[Formula]) -> Iterator[Cells]:
    for part in parts:
        match part:
            case Cells():
                yield part
            case Both(inner) | Either(inner):
                yield from _tests(inner)


def _first(part: Formula) -> Cells:
    """The first test of an open part."""
    return next(_tests([part]))
