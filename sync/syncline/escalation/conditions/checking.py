"""Types: what may be compared with what. From Python's syntax tree to ours."""

import ast
from collections.abc import Sequence
from typing import Final

from syncline.escalation.conditions.faults import Fault
from syncline.escalation.conditions.language import MOST_FAULTS, Kind, Token, duration
from syncline.escalation.conditions.tree import (
    All,
    Among,
    Has,
    Is,
    Node,
    Not,
    Null,
    Order,
    Pair,
    Scalar,
    Some,
    Truth,
)
from syncline.escalation.conditions.vocabulary import Name, Type, Vocabulary
from syncline.mapping.validation import nearest

_NOTHING: Final = Truth(value=False)
"""Stands where a fault was found; the tree is then thrown away."""
_ORDERS: Final = {
    ast.Eq: Order.EQUAL,
    ast.NotEq: Order.EQUAL,
    ast.Is: Order.EQUAL,
    ast.IsNot: Order.EQUAL,
    ast.Lt: Order.LESS,
    ast.LtE: Order.AT_MOST,
    ast.Gt: Order.MORE,
    ast.GtE: Order.AT_LEAST,
}
_NEGATIVE: Final = (ast.NotEq, ast.IsNot, ast.NotIn)
_ORDERED: Final = frozenset({Type.NUMBER, Type.DURATION})
_KINDS: Final = {
    Type.TEXT: Kind.TEXT,
    Type.NUMBER: Kind.NUMBER,
    Type.DURATION: Kind.DURATION,
    Type.YES_NO: Kind.TRUTH,
}
_YES_NO: Final = {"yes": "true", "true": "true", "1": "true", "no": "false", "false": "false", "0": "false"}
_MOST_LISTED: Final = 12


class Checker:
    """Reads one condition; collects its faults.

    Attributes:
        spelled: The condition as the parser gets it: names are `x`, constants `1`.
        faults: What is wrong, in the order in which it was found.
    """

    def __init__(self, tokens: Sequence[Token], vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._tokens = tokens
        self._begins: dict[int, Token] = {}
        self._ends: dict[int, Token] = {}
        at = 0
        for token in tokens:
            self._begins[at] = token
            at += len(token.plain)
            self._ends[at] = token
            at += 1
        self.spelled = " ".join(token.plain for token in tokens)
        self.faults: list[Fault] = []

    def look_up(self) -> None:
        """Only asks for each name whether it is known: all that can be said where the structure is wrong."""
        for token in self._tokens:
            if token.kind is Kind.NAME:
                self._name(token)

    def truth(self, expression: ast.expr) -> Node:
        """What an expression means as a condition."""
        match expression:
            case ast.BoolOp(op, values):
                parts = tuple(self.truth(value) for value in values)
                return All(parts) if isinstance(op, ast.And) else Some(parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(self.truth(operand))
            case ast.Compare(left, ops, comparators):
                sides = (left, *comparators)
                tests = tuple(self._test(*test) for test in zip(sides, ops, comparators, strict=False))
                return tests[0] if len(tests) == 1 else All(tests)
            case ast.Name() | ast.Constant():
                return self._alone(self._begins[expression.col_offset])
            case ast.List():
                self._fault(expression, expression, 'A list stands only after in: tier in ["L1", "L2"].')
            case _:
                self._fault(expression, expression, "This is not part of the language.")
        return _NOTHING

    # -- names and constants on their own ----------------------------------------------------------------------

    def _alone(self, token: Token) -> Node:
        if token.kind is Kind.TRUTH:
            return Truth(bool(token.value))
        if token.kind is not Kind.NAME:
            whose = self._whose(str(token.value)) if token.kind is Kind.TEXT else None
            hint = f"write {whose} == {_shown(str(token.value))}" if whose else "compare a name with it"
            self._at(token, f"A constant alone says nothing; {hint}.")
            return _NOTHING
        name = self._name(token)
        if name is None:
            return _NOTHING
        if name.type is Type.YES_NO:
            return Is(name.name, Order.EQUAL, value=True)
        self._at(token, f"{name.name} is {name.type.noun}, not yes or no; compare it: {_example(name)}.")
        return _NOTHING

    def _name(self, token: Token) -> Name | None:
        word = str(token.value)
        name = self._vocabulary.find(word)
        if name is not None or len(self.faults) >= MOST_FAULTS:
            return name
        whose = self._whose(word)
        near = f'{whose} == "{word}"' if whose else nearest(word, self._vocabulary.words)
        hint = f"Did you mean {near}?" if near else f"Names are {', '.join(sorted(self._vocabulary.names))}."
        self._at(token, f"There is no name {_shown(word)}. {hint}", near)
        return None

    def _whose(self, word: str) -> str | None:
        """The closed name that has this value."""
        return next((name.name for name in self._vocabulary.names.values() if word in name.values), None)

    # -- comparisons -------------------------------------------------------------------------------------------

    def _test(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Node:
        if isinstance(op, ast.In | ast.NotIn):
            node = self._membership(left, right)
        else:
            node = self._comparison(left, op, right)
        return Not(node) if isinstance(op, _NEGATIVE) else node

    def _side(self, expression: ast.expr) -> Token | None:
        if isinstance(expression, ast.Name | ast.Constant):
            return self._begins[expression.col_offset]
        message = "A comparison has a name or a constant on each side; join conditions by and, or, not."
        if isinstance(expression, ast.List):
            message = 'A list stands only after in: tier in ["L1", "L2"].'
        self._fault(expression, expression, message)
        return None

    def _comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Node:
        one, other, order = self._side(left), self._side(right), _ORDERS[type(op)]
        if one is None or other is None:
            return _NOTHING
        if isinstance(op, ast.Is | ast.IsNot) and Kind.NONE not in {one.kind, other.kind}:
            self._fault(left, right, "After is stands none; values are compared by == and !=.")
            return _NOTHING
        if one.kind is Kind.NAME and other.kind is Kind.NAME:
            return self._two(one, order, other)
        if other.kind is Kind.NAME:
            one, other, order = other, one, order.turned
        if one.kind is not Kind.NAME:
            self._fault(left, right, "This compares two constants; one side must be a name.")
            return _NOTHING
        return self._one(one, order, other)

    def _one(self, token: Token, order: Order, constant: Token) -> Node:
        name = self._name(token)
        if name is None:
            return _NOTHING
        if constant.kind is Kind.NONE:
            if order is Order.EQUAL:
                return Null(name.name)
            self._at(constant, f"none has no order; write {name.name} is none.")
            return _NOTHING
        if name.type is Type.SET:
            text = str(constant.value) if constant.kind is Kind.TEXT else "..."
            self._at(token, f"{name.name} is a set; write {_shown(text)} in {name.name}.")
            return _NOTHING
        value = self._constant(constant, name)
        if value is None or not self._may_be(order, token, name):
            return _NOTHING
        return Is(name.name, order, value)

    def _two(self, left: Token, order: Order, right: Token) -> Node:
        one, other = self._vocabulary.find(str(left.value)), self._vocabulary.find(str(right.value))
        if one is None and other is not None:
            self._unquoted(left, other)
        elif other is None and one is not None:
            self._unquoted(right, one)
        elif one is None or other is None:
            self._name(left)
            self._name(right)
        elif one.type is not other.type:
            text, bare = (one, right) if one.type is Type.TEXT else (other, left)
            if text.type is Type.TEXT and str(bare.value) in text.values:
                self._unquoted(bare, text)
            else:
                message = (
                    f"{one.name} is {one.type.noun} and {other.name} is {other.type.noun}: never the same."
                )
                self._at(right, message)
        elif one.type is Type.SET:
            self._at(left, f"Sets cannot be compared; write {_example(one)}.")
        elif self._may_be(order, left, one):
            return Pair(one.name, order, other.name)
        return _NOTHING

    def _may_be(self, order: Order, token: Token, name: Name) -> bool:
        if order is Order.EQUAL or name.type in _ORDERED:
            return True
        self._at(token, f"{name.name} is {name.type.noun}, which has no order; compare it by == or in.")
        return False

    def _unquoted(self, token: Token, beside: Name) -> None:
        """An unknown name beside a text or a set: most often a text without its quotes."""
        word = str(token.value)
        if beside.type not in {Type.TEXT, Type.SET}:
            self._name(token)
            return
        alike = [name.name for name in self._vocabulary.names.values() if name.type is Type.TEXT]
        near = nearest(word, [str(value) for value in beside.values])
        if near is None and beside.type is Type.TEXT and nearest(word, alike) is not None:
            self._name(token)
            return
        meant = f'"{near or word}"'
        self._at(token, f"Text stands in quotes: {_shown_as(meant)}.", meant)

    # -- membership --------------------------------------------------------------------------------------------

    def _membership(self, left: ast.expr, right: ast.expr) -> Node:
        token = self._side(left)
        if token is None:
            return _NOTHING
        if isinstance(right, ast.List):
            return self._among(token, right)
        holder = self._side(right)
        if holder is None:
            return _NOTHING
        if holder.kind is not Kind.NAME:
            self._at(holder, 'After in stands a list, ["L1", "L2"], or the name of a set.')
            return _NOTHING
        name = self._name(holder)
        if name is None:
            return _NOTHING
        if name.type is not Type.SET:
            self._at(
                holder,
                f"{name.name} is {name.type.noun}, not a set; after in stands a list in square brackets.",
            )
        elif token.kind is Kind.NAME:
            self._in_set(token, name)
        elif token.kind is not Kind.TEXT:
            self._at(token, f"{name.name} holds texts; write {_example(name)}.")
        else:
            return Has(name.name, str(token.value))
        return _NOTHING

    def _in_set(self, token: Token, holder: Name) -> None:
        if self._vocabulary.find(str(token.value)) is None:
            self._unquoted(token, holder)
        else:
            self._at(token, f"Before in {holder.name} stands a text in quotes, not a name.")

    def _among(self, token: Token, values: ast.List) -> Node:
        if token.kind is not Kind.NAME:
            self._at(token, "Before in and a list stands a name.")
            return _NOTHING
        name = self._name(token)
        if name is None:
            return _NOTHING
        if name.type is Type.SET:
            self._at(token, f"{name.name} is a set; write {_example(name)}.")
            return _NOTHING
        if not values.elts:
            self._fault(values, values, "The list is empty, so nothing is in it.")
        read = [self._element(element, name) for element in values.elts]
        return Among(name.name, tuple(value for value in read if value is not None))

    def _element(self, element: ast.expr, name: Name) -> Scalar | None:
        token = self._begins.get(element.col_offset) if isinstance(element, ast.Name | ast.Constant) else None
        if token is None:
            self._fault(element, element, "A list holds constants only.")
        elif token.kind is Kind.NAME:
            word = str(token.value)
            if name.type is Type.TEXT and (word in name.values or self._vocabulary.find(word) is None):
                self._unquoted(token, name)
            elif self._name(token) is not None:
                self._at(token, "A list holds constants only, no names; join comparisons by or.")
        elif token.kind is Kind.NONE:
            self._at(token, f"none stands in no list; write {name.name} is none or ...")
        else:
            return self._constant(token, name)
        return None

    # -- constants ---------------------------------------------------------------------------------------------

    def _constant(self, token: Token, name: Name) -> Scalar | None:
        """The value of a constant that stands beside a name; None, with a fault, where it is of another type or none
        of the name's values."""
        value = token.value
        if token.kind is not _KINDS[name.type] or value is None:
            message, meant = _wrong_type(token, name)
            self._at(token, message, meant)
            return None
        if name.values and value not in name.values:
            near = None
            if isinstance(value, str):
                near = nearest(value, [str(other) for other in name.values])
            meant = f'"{near}"' if near else None
            hint = f"Did you mean {meant}?" if meant else f"Values are {listed(name)}."
            self._at(token, f"{name.name} is never {_shown(str(value), token.kind)}. {hint}", meant)
            return None
        return value

    # -- faults ------------------------------------------------------------------------------------------------

    def _at(self, token: Token, message: str, suggestion: str | None = None) -> None:
        self.faults.append(Fault(message, token.offset, token.length, suggestion))

    def _fault(self, first: ast.expr, last: ast.expr, message: str) -> None:
        begin = self._begins[first.col_offset]
        end = self._ends[last.end_col_offset or 0]
        self.faults.append(Fault(message, begin.offset, end.offset + end.length - begin.offset))


def listed(name: Name) -> str:
    """The values of a closed name in words: `1 to 5`; long lists are cut."""
    values = name.values
    if all(isinstance(value, int) for value in values) and len(values) > 1:
        numbers = sorted(int(value) for value in values)
        if numbers == list(range(numbers[0], numbers[-1] + 1)):
            return f"{numbers[0]} to {numbers[-1]}"
    shown = [f'"{value}"' if isinstance(value, str) else str(value) for value in values[:_MOST_LISTED]]
    return ", ".join(shown) + (", ..." if len(values) > _MOST_LISTED else "")


def _wrong_type(token: Token, name: Name) -> tuple[str, str | None]:
    value = token.value
    if name.type is Type.TEXT:
        quoted = f'"{_written(token)}"'
        return f"{name.name} is text; write it in quotes: {quoted}.", quoted
    if name.type is Type.NUMBER:
        what = f"a number {listed(name)}" if name.values else "a whole number"
        digits = (
            "".join(char for char in str(value) if char in "0123456789") if token.kind is Kind.TEXT else ""
        )
        fits = digits and len(digits) < 10 and (not name.values or int(digits) in name.values)
        meant = str(int(digits)) if fits else None
        return f"{name.name} is a number; write {what}{f': {meant}' if meant else ''}.", meant
    if name.type is Type.DURATION:
        if token.kind is Kind.NUMBER:
            return f"{name.name} is a duration; write a unit: {value}m.", f"{value}m"
        if token.kind is Kind.TEXT and duration(str(value)) is not None:
            return f"{name.name} is a duration; write it without quotes: {value}.", str(value)
        return f"{name.name} is a duration; write 90s, 30m, 4h, 2d, 1w or 1h30m.", None
    word = _YES_NO.get(str(value).lower())
    return f"{name.name} is yes or no; write {word or 'true or false'}.", word


def _written(token: Token) -> str:
    if isinstance(token.value, float):
        return spelled_duration(token.value)
    return str(token.value).lower()


def spelled_duration(seconds: float) -> str:
    """`1h30m` for 5400.0; whole seconds."""
    rest, parts = int(seconds), []
    for unit, size in (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _example(name: Name) -> str:
    first = name.values[0] if name.values else None
    match name.type:
        case Type.NUMBER:
            return f"{name.name} == {first if first is not None else 1}"
        case Type.DURATION:
            return f"{name.name} > 30m"
        case Type.SET:
            return f'"..." in {name.name}'
        case Type.YES_NO:
            return name.name
        case _:
            return f'{name.name} == "{first if first is not None else "..."}"'


def _shown(word: str, kind: Kind = Kind.TEXT) -> str:
    cut = word if len(word) <= 40 else word[:37] + "..."
    return f'"{cut}"' if kind is Kind.TEXT else cut


def _shown_as(quoted: str) -> str:
    return quoted if len(quoted) <= 60 else quoted[:57] + "..."
