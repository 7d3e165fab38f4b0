"""Qualifications, the server's own conditions: `'Status' = "Assigned" AND 'Last Modified Date' >= 1700000000`. Pure.

BMC, "Formatting conventions for fields in qualifications": fields in single quotation marks by name or number, one inside doubled;
text and times in double ones, one inside doubled; numbers bare. How a quoted time is written is a matter of the server's locale.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cmp_to_key
from typing import Any, Final
from zoneinfo import ZoneInfo

from syncline.sandbox.helix.forms import ENUM, INTEGER, TIME, FieldSpec, FormSpec
from syncline.sandbox.helix.replies import BAD_QUERY, RefusalError

Entry = Mapping[str, Any]
Test = Callable[[Entry], bool]

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<field>'(?:[^']|'')*')|(?P<text>"(?:[^"]|"")*")|(?P<keyword>\$[A-Z]+\$)|(?P<number>-?\d+)"""
    r"""|(?P<operator><=|>=|!=|<>|=|<|>|\bLIKE\b)|(?P<word>\bAND\b|\bOR\b|\bNOT\b)|(?P<bracket>[()]))""",
    re.IGNORECASE,
)
_LONGEST: Final = 20_000


@dataclass(frozen=True, slots=True)
class Locale:
    """How the server reads a quoted time.

    Attributes:
        pattern: As of `strptime`.
        zone: Its time zone.
    """

    pattern: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled qualification.

    Attributes:
        test: Whether an entry fulfils it.
        equal: Field and value pairs of which every entry that fulfils it has one; None: not known.
        since: Every entry that fulfils it has at least this in the form's time field; None: not known.
    """

    test: Test
    equal: tuple[tuple[str, Any], ...] | None = None
    since: int | None = None


class _Parser:
    def __init__(self, text: str, form: FormSpec, locale: Locale, user: str, now: datetime) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._form = form
        self._locale = locale
        self._values = {"$USER$": user, "$TIMESTAMP$": int(now.timestamp()), "$NULL$": None}

    def whole(self) -> Query:
        found = self._either()
        if self._at < len(self._tokens):
            raise _wrong(f"unexpected {self._tokens[self._at][1]}")
        return found

    def _either(self) -> Query:
        parts = [self._both()]
        while self._take("word", "OR"):
            parts.append(self._both())
        if len(parts) == 1:
            return parts[0]
        tests = [part.test for part in parts]
        equal: tuple[tuple[str, Any], ...] | None = ()
        for part in parts:
            equal = None if equal is None or part.equal is None else equal + part.equal
        bounds = [part.since for part in parts]
        since = None if None in bounds else min(bound for bound in bounds if bound is not None)
        return Query(lambda entry: any(test(entry) for test in tests), equal, since)

    def _both(self) -> Query:
        parts = [self._one()]
        while self._take("word", "AND"):
            parts.append(self._one())
        if len(parts) == 1:
            return parts[0]
        tests = [part.test for part in parts]
        equals = [part.equal for part in parts if part.equal is not None]
        bounds = [part.since for part in parts if part.since is not None]
        return Query(
            lambda entry: all(test(entry) for test in tests),
            min(equals, key=len) if equals else None,
            max(bounds) if bounds else None,
        )

    def _one(self) -> Query:
        if self._take("word", "NOT"):
            inner = self._one().test
            return Query(lambda entry: not inner(entry))
        if self._take("bracket", "("):
            found = self._either()
            if not self._take("bracket", ")"):
                raise _wrong("a bracket is not closed")
            return found
        return self._comparison()

    def _comparison(self) -> Query:
        kind, left = self._next()
        operator_kind, operator = self._next()
        right_kind, right = self._next()
        if operator_kind != "operator":
            raise _wrong("a comparison was expected")
        operator = operator.upper()
        if kind == "number" and right_kind == "number" and operator == "=":
            # `1=1` is how all entries are asked for.
            same = left == right
            return Query(lambda _entry: same)
        if kind != "field":
            raise _wrong("a field was expected in single quotation marks")
        spec = self._form.named(left[1:-1].replace("''", "'"))
        if spec is None:
            raise _wrong(f"unknown field {left}")
        value = self._value(spec, right_kind, right)
        test = _compared(spec, operator, value)
        equal = (
            ((spec.name, value),)
            if operator == "=" and spec.name in self._form.indexed and value is not None
            else None
        )
        timed = spec.name == self._form.time and operator in {"=", ">", ">="} and isinstance(value, int)
        return Query(test, equal, value if timed else None)

    def _value(self, spec: FieldSpec, kind: str, token: str) -> Any:
        if kind == "keyword":
            if token.upper() not in self._values:
                raise _wrong(f"unknown keyword {token}")
            return self._values[token.upper()]
        if kind == "number":
            if spec.type == ENUM:
                return spec.options[int(token)] if 0 <= int(token) < len(spec.options) else token
            return int(token) if spec.type in {TIME, INTEGER} else token
        if kind != "text":
            raise _wrong("a value was expected")
        text = token[1:-1].replace('""', '"')
        if spec.type == TIME:
            return _moment(text, self._locale)
        if spec.type == ENUM and text.isdigit() and int(text) < len(spec.options):
            return spec.options[int(text)]
        return text

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _wrong("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, kind: str, text: str) -> bool:
        if self._at < len(self._tokens):
            found, given = self._tokens[self._at]
            if found == kind and given.upper() == text:
                self._at += 1
                return True
        return False


def compile_query(text: str, form: FormSpec, locale: Locale, user: str, now: datetime) -> Query:
    """The qualification, ready to be asked of entries. Raises `RefusalError` (400) where it is none."""
    if not text.strip():
        return Query(lambda _entry: True)
    return _Parser(text, form, locale, user, now).whole()


def ordered(entries: list[Entry], form: FormSpec, sort: str) -> list[Entry]:
    """The entries in the order that `sort` names: `Last Modified Date.asc,Request ID.desc`. Raises `RefusalError`."""
    for part in reversed([part.strip() for part in sort.split(",") if part.strip()]):
        name, dot, direction = part.rpartition(".")
        if not dot or direction.lower() not in {"asc", "desc"}:
            name, direction = part, "asc"
        spec = form.named(name)
        if spec is None:
            raise _wrong(f"unknown field '{name}' in sort")
        entries.sort(key=cmp_to_key(_by(spec)), reverse=direction.lower() == "desc")
    return entries


def _by(spec: FieldSpec) -> Callable[[Entry, Entry], int]:
    def compare(one: Entry, other: Entry) -> int:
        left, right = _rank(spec, one.get(spec.name)), _rank(spec, other.get(spec.name))
        return (left > right) - (left < right)

    return compare


def _rank(spec: FieldSpec, value: Any) -> tuple[int, Any]:
    """By what a value is compared: selections by their number."""
    if value is None:
        return (0, 0)
    if spec.type == ENUM:
        return (1, spec.options.index(value)) if value in spec.options else (2, str(value))
    return (1, value if isinstance(value, int) == (spec.type in {TIME, INTEGER}) else str(value))


def _compared(spec: FieldSpec, operator: str, value: Any) -> Test:
    if operator == "LIKE":
        pattern = re.compile(
            "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in str(value)), re.DOTALL
        )
        return lambda entry: pattern.fullmatch(str(entry.get(spec.name) or "")) is not None
    if operator in {"=", "!=", "<>"}:
        wanted = operator == "="
        return lambda entry: (entry.get(spec.name) == value) is wanted
    rank = _rank(spec, value)
    tests: dict[str, Callable[[tuple[int, Any]], bool]] = {
        "<": lambda found: found < rank,
        ">": lambda found: found > rank,
        "<=": lambda found: found <= rank,
        ">=": lambda found: found >= rank,
    }
    fits = tests[operator]
    # Nothing is neither less nor more than anything.
    return lambda entry: entry.get(spec.name) is not None and fits(_rank(spec, entry.get(spec.name)))


def _moment(text: str, locale: Locale) -> int:
    try:
        return int(datetime.strptime(text, locale.pattern).replace(tzinfo=locale.zone).timestamp())
    except ValueError:
        raise _wrong(f'"{text}" is no time in the format of this server') from None


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > _LONGEST:
        raise _wrong("it is too long")
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _wrong(f"cannot read it from position {at}")
        found.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    return found


def _wrong(detail: str) -> RefusalError:
    return RefusalError(400, BAD_QUERY, detail)
