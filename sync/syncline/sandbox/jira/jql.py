"""JQL, read: text to a tree. What the names and values mean is `query.py`'s affair."""

import re
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<operator>!=|!~|>=|<=|=|~|>|<|!|&&|\|\||&|\|)
    | (?P<mark>[(),])
    | (?P<field>cf\[\d+\])
    | (?P<word>[^\s"'=!~<>(),\[\]{}&|;?*%$\#@^`:/\\]+)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\", " ": " "}
_MOST_ORDERS: Final = 7
_DEPTH: Final = 100


class JqlError(Exception):
    """The query cannot be read or means nothing here; `str()` is Jira's message."""


@dataclass(frozen=True, slots=True)
class Value:
    """A literal. `quoted` tells `"-5m"` from `-5m`; `function` is set for `currentUser()`."""

    text: str
    quoted: bool = False
    function: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison. `operator` is lower case: `=`, `!=`, `~`, `!~`, `>`…, `in`, `not in`, `is`, `is not`."""

    field: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class All:
    """AND."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """OR."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """NOT."""

    part: "Node"


Node = Clause | All | Either | Not


@dataclass(frozen=True, slots=True)
class Order:
    """One field of ORDER BY."""

    field: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked. `where` is None for an unbounded query."""

    where: Node | None
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int

    def __str__(self) -> str:
        return self.text


def _fault(detail: str, at: int) -> JqlError:
    return JqlError(f"Error in the JQL Query: {detail} (line 1, character {at + 1})")


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            sign = text[at]
            if sign in "\"'":
                raise _fault(f"The quoted string '{text[at + 1 :]}' has not been completed.", at)
            raise _fault(
                f"The character '{sign}' is a reserved JQL character. You must enclose it in a string.", at
            )
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    found.append(_Token("end", "", end))
    return found


def _unquoted(token: _Token) -> str:
    def escaped(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] == "u" and len(code) > 1:
            return chr(int(code[1:], 16))
        if code not in _ESCAPES:
            raise _fault(f"The escape '\\{code}' is not valid.", token.at + match.start())
        return _ESCAPES[code]

    return _ESCAPE.sub(escaped, token.text[1:-1])


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    @property
    def token(self) -> _Token:
        return self._tokens[self._next]

    def take(self) -> _Token:
        token = self.token
        self._next += 1
        return token

    def word(self, *words: str) -> bool:
        """Take the next token if it is one of these words."""
        if self.token.kind in {"word", "operator"} and self.token.text.lower() in words:
            self._next += 1
            return True
        return False

    def mark(self, sign: str) -> bool:
        if self.token.kind == "mark" and self.token.text == sign:
            self._next += 1
            return True
        return False

    def query(self) -> Query:
        where = None
        if self.token.kind != "end" and self.token.text.lower() != "order":
            where = self.either()
        orders = self.orders() if self.word("order") else ()
        if self.token.kind != "end":
            raise _fault(f"Expecting either 'OR' or 'AND' but got '{self.token}'.", self.token.at)
        return Query(where, orders)

    def either(self) -> Node:
        parts = [self.all()]
        while self.word("or", "||", "|"):
            parts.append(self.all())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def all(self) -> Node:
        parts = [self.part()]
        while self.word("and", "&&", "&"):
            parts.append(self.part())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def part(self) -> Node:
        self._depth += 1
        if self._depth > _DEPTH:
            raise _fault("The query is nested too deeply.", self.token.at)
        try:
            if self.word("not", "!"):
                return Not(self.part())
            if self.mark("("):
                node = self.either()
                if not self.mark(")"):
                    raise _fault(f"Expecting ')' before '{self.token}'.", self.token.at)
                return node
            return self.clause()
        finally:
            self._depth -= 1

    def name(self) -> str:
        token = self.take()
        if token.kind == "quoted":
            return _unquoted(token)
        if token.kind not in {"word", "field"}:
            raise _fault(f"Expecting a field name but got '{token}'.", token.at)
        return token.text

    def clause(self) -> Clause:
        field = self.name()
        token = self.take()
        operator = token.text.lower()
        if operator == "not" and self.word("in"):
            return Clause(field, "not in", self.several())
        if operator == "in":
            return Clause(field, "in", self.several())
        if operator == "is":
            negated = self.word("not")
            value = self.value()
            if value.quoted or value.text.lower() not in {"empty", "null"}:
                raise JqlError(
                    f"The operator 'is{' not' if negated else ''}' only supports 'EMPTY' and 'NULL'."
                )
            return Clause(field, "is not" if negated else "is", ())
        if token.kind != "operator" or operator not in {"=", "!=", "~", "!~", ">", ">=", "<", "<="}:
            got = f"got '{token}'. The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'"
            raise _fault(f"Expecting operator but {got}.", token.at)
        value = self.value()
        if not value.quoted and value.text.lower() in {"empty", "null"} and operator in {"=", "!="}:
            return Clause(field, "is" if operator == "=" else "is not", ())
        return Clause(field, operator, (value,))

    def several(self) -> tuple[Value, ...]:
        if not self.mark("("):
            raise _fault(f"Expecting '(' but got '{self.token}'.", self.token.at)
        values = [self.value()]
        while self.mark(","):
            values.append(self.value())
        if not self.mark(")"):
            raise _fault(f"Expecting ')' before '{self.token}'.", self.token.at)
        return tuple(values)

    def value(self) -> Value:
        token = self.take()
        if token.kind == "quoted":
            return Value(_unquoted(token), quoted=True)
        if token.kind != "word" or token.text.lower() in {"and", "or", "not", "in", "order"}:
            raise _fault(f"Expecting either a value, list or function but got '{token}'.", token.at)
        if self.mark("("):
            if not self.mark(")"):
                raise _fault(f"Function '{token}' takes no arguments here.", token.at)
            return Value(token.text, function=True)
        return Value(token.text)

    def orders(self) -> tuple[Order, ...]:
        if not self.word("by"):
            raise _fault(f"Expecting 'by' but got '{self.token}'.", self.token.at)
        orders: list[Order] = []
        while True:
            field = self.name()
            descending = self.word("desc")
            if not descending:
                self.word("asc")
            orders.append(Order(field, descending))
            if not self.mark(","):
                break
        if len(orders) > _MOST_ORDERS:
            # Jira Cloud platform REST API v3, search/jql: "orderBy clause can contain a maximum of 7 fields".
            raise JqlError(f"The maximum number of fields in the ORDER BY clause is {_MOST_ORDERS}.")
        return tuple(orders)


def parse(text: str) -> Query:
    """The query as a tree.

    Raises:
        JqlError: it cannot be read.
    """
    return _Reader(text).query()
