"""From a tree to a function. The code is made from the tree alone, whose names and constants are typed and checked;
nothing that an author wrote is ever run."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from syncline.escalation.conditions.parsing import parsed
from syncline.escalation.conditions.tree import (
    All,
    Among,
    Has,
    Is,
    Leaf,
    Node,
    Not,
    Null,
    Order,
    Pair,
    Scalar,
    Some,
    Truth,
    leaves,
    names_of,
)
from syncline.escalation.conditions.vocabulary import Type, Vocabulary

Facts = Mapping[str, object]
"""Canonical name to fact. One that is absent or None is not known."""

_READABLE: Final[Mapping[Type, tuple[type, ...]]] = {
    Type.TEXT: (str,),
    Type.NUMBER: (int, float),
    Type.YES_NO: (bool,),
    Type.DURATION: (int, float),
    Type.SET: (tuple, frozenset),
}
_AS_SET: Final = 4


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition; two are equal if they are written alike.

    Attributes:
        text: As written.
        names: Canonical names that it reads.
        thresholds: For each duration that it reads: the constants that it is compared with, in seconds, ascending.
        holds: Whether it holds for facts. A fact that is not known makes every comparison false but `!=`, `not in` and
            `is none`. Never raises: a fact of a wrong type counts as not known.
        tree: What it means.
    """

    text: str
    names: frozenset[str] = field(compare=False)
    thresholds: Mapping[str, tuple[float, ...]] = field(compare=False)
    holds: Callable[[Facts], bool] = field(compare=False, repr=False)
    tree: Node = field(compare=False, repr=False)


def compiled(text: str, vocabulary: Vocabulary) -> Condition:
    """The condition that is written so.

    Raises:
        ConditionFaults: It is not one; with all its faults.
    """
    return condition(text, parsed(text, vocabulary), vocabulary)


def condition(text: str, tree: Node, vocabulary: Vocabulary) -> Condition:
    """The condition of that meaning."""
    tests = tuple(leaves(tree))
    names = frozenset(name for test in tests for name in names_of(test))
    types = {name: vocabulary.names[name].type for name in names}
    found: dict[str, set[float]] = {name: set() for name in names if types[name] is Type.DURATION}
    for test in tests:
        match test:
            case Is(name, _, value) if name in found:
                found[name].add(float(value))
            case Among(name, values) if name in found:
                found[name].update(float(value) for value in values)
    thresholds = MappingProxyType(
        {name: tuple(sorted(constants)) for name, constants in sorted(found.items())}
    )
    return Condition(text, names, thresholds, _function(tree, types), tree)


def _function(tree: Node, types: Mapping[str, Type]) -> Callable[[Facts], bool]:
    writer = _Writer(tree)
    body = writer.write(tree)
    first = "".join(f"    {local} = get({name!r})\n" for name, local in writer.shared.items())
    source = (
        "def holds(facts):\n"
        "    get = facts.get\n"
        "    try:\n"
        f"{first.replace('    ', '        ')}"
        f"        return {body}\n"
        "    except TypeError:\n"
        "        return again(readable(facts))\n"
    )
    space: dict[str, Any] = {"readable": lambda facts: _readable(facts, types)}
    # Names are from the vocabulary, which admits letters, digits and _; constants are str, int, float and bool, by repr.
    exec(compile(source, "<condition>", "exec"), space)  # noqa: S102
    function: Callable[[Facts], bool] = space["holds"]
    space["again"] = function
    return function


def _readable(facts: Facts, types: Mapping[str, Type]) -> Facts:
    """The facts whose values are of their types; the others are not known."""
    kept: dict[str, object] = {}
    for name, kind in types.items():
        fact = facts.get(name)
        if isinstance(fact, _READABLE[kind]) and (kind is Type.YES_NO or not isinstance(fact, bool)):
            kept[name] = fact
    return kept


class _Writer:
    """Writes a tree as a Python expression.

    Attributes:
        shared: Names that are read more than once, and the local variables that hold them.
    """

    def __init__(self, tree: Node) -> None:
        counted = Counter(name for test in leaves(tree) for name in names_of(test))
        self._locals = {name: f"v{number}" for number, name in enumerate(sorted(counted))}
        self.shared = {name: self._locals[name] for name, count in sorted(counted.items()) if count > 1}

    def write(self, node: Node) -> str:
        """The expression; its value is a bool."""
        match node:
            case Not(Is(name, Order.EQUAL, value)) if not isinstance(value, bool):
                return f"{self._read(name)} != {value!r}"
            case Not(Among(name, values)):
                return f"{self._read(name)} not in {_group(values)}"
            case Not(Null(name)):
                return f"{self._read(name)} is not None"
            case Not(part):
                return f"not {self._inside(part)}"
            case All(parts):
                return " and ".join(self._inside(part) for part in parts)
            case Some(parts):
                return " or ".join(self._inside(part) for part in parts)
            case _:
                return self._test(node)

    def _inside(self, node: Node) -> str:
        return f"({self.write(node)})"

    def _test(self, test: Leaf) -> str:
        match test:
            case Truth(value):
                return repr(value)
            case Null(name):
                return f"{self._read(name)} is None"
            case Is(name, _, bool() as value):
                return f"{self._read(name)} is {value!r}"
            case Is(name, Order.EQUAL, value):
                return f"{self._read(name)} == {value!r}"
            case Is(name, order, value):
                return f"{self._read(name)} is not None and {self._locals[name]} {order.value} {value!r}"
            case Among(name, values):
                return f"{self._read(name)} in {_group(values)}"
            case Has(name, tag):
                return f"{self._read(name)} is not None and {tag!r} in {self._locals[name]}"
            case Pair(left, order, right):
                known = f"{self._read(left)} is not None and {self._read(right)} is not None"
                return f"{known} and {self._locals[left]} {order.value} {self._locals[right]}"

    def _read(self, name: str) -> str:
        """The first mention of a name: a name that is read once is fetched where it is needed, if it is."""
        local = self._locals[name]
        return local if name in self.shared else f"({local} := get({name!r}))"


def _group(values: tuple[Scalar, ...]) -> str:
    inner = ", ".join(repr(value) for value in values)
    return f"{{{inner}}}" if len(values) >= _AS_SET else f"({inner},)"
