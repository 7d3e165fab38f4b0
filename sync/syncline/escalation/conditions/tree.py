"""What a condition means: a tree of tests on facts, typed and free of its spelling.

`x != y` is `Not` of `x == y`, and `not in` is `Not` of `in`, null or not. A test on a fact that is not known is false,
but for `Null`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

Scalar = str | int | float | bool
"""A constant. Durations are floats, in seconds."""


class Order(StrEnum):
    """How two values are compared."""

    EQUAL = "=="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="

    def compare(self, left: Scalar, right: Scalar) -> bool:
        """Whether `left` stands in this order to `right`; orders other than `==` take numbers and durations only."""
        if self is Order.EQUAL:
            return left == right
        assert not isinstance(left, str)
        assert not isinstance(right, str)
        if self is Order.LESS:
            return left < right
        if self is Order.AT_MOST:
            return left <= right
        return left > right if self is Order.MORE else left >= right

    @property
    def turned(self) -> "Order":
        """The same with the two sides exchanged: `<` for `>`."""
        return _TURNED.get(self, self)


_TURNED = {
    Order.LESS: Order.MORE,
    Order.MORE: Order.LESS,
    Order.AT_MOST: Order.AT_LEAST,
    Order.AT_LEAST: Order.AT_MOST,
}


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Null:
    """The fact is not known."""

    name: str


@dataclass(frozen=True, slots=True)
class Is:
    """The fact stands in that order to a constant."""

    name: str
    order: Order
    value: Scalar


@dataclass(frozen=True, slots=True)
class Among:
    """The fact is one of several constants."""

    name: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Has:
    """The fact, a set, holds that text."""

    name: str
    tag: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two facts stand in that order, and both are known."""

    left: str
    order: Order
    right: str


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple["Node", ...]


Leaf = Truth | Null | Is | Among | Has | Pair
Node = Leaf | Not | All | Some


def leaves(node: Node) -> Iterator[Leaf]:
    """The tests of a tree, from left to right."""
    match node:
        case Not(part):
            yield from leaves(part)
        case All(parts) | Some(parts):
            for part in parts:
                yield from leaves(part)
        case _:
            yield node


def names_of(leaf: Leaf) -> tuple[str, ...]:
    """The names that a test reads."""
    match leaf:
        case Truth():
            return ()
        case Pair(left, _, right):
            return left, right
        case _:
            return (leaf.name,)
