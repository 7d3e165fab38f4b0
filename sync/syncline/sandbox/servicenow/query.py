"""Encoded queries: what `sysparm_query` says, and whether a row fulfils it.

Table API docs: `^` is AND, `^OR` an alternative to the condition before it, `^NQ` a new query whose rows are added;
column names, operators and values are case-sensitive. A `^` inside a value is written `^^` (GlideStringUtil).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from syncline.sandbox.servicenow.schema import DATE_TIME, INTEGER, REFERENCE, FieldSpec

Row = Mapping[str, str]
Path = tuple[FieldSpec, ...]
"""A field, or a dot-walk: all but the last are references."""

Predicate = Callable[[Row], bool]

_TERM: Final = re.compile(
    r"(?P<field>[a-z0-9_]+(?:\.[a-z0-9_]+)*)"
    r"(?P<operator>ISEMPTY|ISNOTEMPTY|ANYTHING|NOT IN|NOT LIKE|STARTSWITH|ENDSWITH|BETWEEN|LIKE|IN|!=|>=|<=|=|>|<)"
    r"(?P<value>.*)",
    re.DOTALL,
)
_GENERATED: Final = re.compile(r"javascript:\s*gs\.dateGenerate\('(\d{4}-\d\d-\d\d)','(\d\d:\d\d:\d\d)'\);?")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")
_ESCAPED: Final = "\0"


@dataclass(frozen=True, slots=True)
class Term:
    """One condition."""

    path: Path
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query.

    Attributes:
        groups: Rows of any of them count (`^NQ`); in each, all of its alternatives (`^OR`) must hold.
        order: Path and whether it descends.
        invalid: Whether some part was not valid; it has been left out.
    """

    groups: tuple[tuple[tuple[Term, ...], ...], ...] = ((),)
    order: tuple[tuple[Path, bool], ...] = ()
    invalid: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """What values mean to the one who asks.

    Attributes:
        user_id: For `javascript:gs.getUserID()`.
        user_name: For `javascript:gs.getUserName()`.
        zone: The user's; only `gs.dateGenerate` is read in it, plain dates are UTC.
    """

    user_id: str
    user_name: str
    zone: ZoneInfo


def parse(text: str, resolve: Callable[[str], Path | None], reader: Reader) -> Query:
    """Read an encoded query. `resolve` gives the path of a field name, None for one that does not exist."""
    groups: list[list[list[Term]]] = [[]]
    order: list[tuple[Path, bool]] = []
    invalid = False
    for part in text.replace("^^", _ESCAPED).split("^"):
        token = part.replace(_ESCAPED, "^")
        if token in {"", "EQ"} or token.startswith("GROUPBY"):
            continue
        if token.startswith("ORDERBY"):
            descends = token.startswith("ORDERBYDESC")
            path = resolve(token[11:] if descends else token[7:])
            if path is None:
                invalid = True
            else:
                order.append((path, descends))
            continue
        starts, alternative = token.startswith("NQ"), token.startswith("OR")
        term = _term(token[2:] if starts or alternative else token, resolve, reader)
        if starts:
            groups.append([])
        if term is None:
            invalid = True
        elif alternative and groups[-1]:
            groups[-1][-1].append(term)
        else:
            groups[-1].append([term])
    # A group of which nothing valid is left filters nothing: it gives every row, as on a real instance.
    return Query(
        tuple(tuple(tuple(alternatives) for alternatives in group) for group in groups), tuple(order), invalid
    )


def _term(text: str, resolve: Callable[[str], Path | None], reader: Reader) -> Term | None:
    match = _TERM.fullmatch(text)
    if match is None:
        return None
    path = resolve(match["field"])
    if path is None:
        return None
    value = _evaluated(match["value"], reader)
    if value is None:
        return None
    dated = path[-1].type == DATE_TIME and value and match["operator"] in {"=", "!=", ">", ">=", "<", "<="}
    # What does not read as a date is an invalid condition, so it drops out of the query.
    if dated and not _DATE.fullmatch(value):
        return None
    return Term(path, match["operator"], value)


def _evaluated(value: str, reader: Reader) -> str | None:
    # Values that start with `javascript:` are run on the server; of those, what integrations use.
    if not value.startswith("javascript:"):
        return value
    if generated := _GENERATED.fullmatch(value):
        local = datetime.fromisoformat(f"{generated[1]} {generated[2]}").replace(tzinfo=reader.zone)
        return stamp(local)
    return {"gs.getUserID()": reader.user_id, "gs.getUserName()": reader.user_name}.get(
        value.removeprefix("javascript:").strip().rstrip(";")
    )


def stamp(moment: datetime) -> str:
    """A time as ServiceNow stores it: UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def compile_query(query: Query, walk: Callable[[Row, Path], str]) -> Predicate:
    """A function that says whether a row fulfils the query. `walk` gives the value at a path."""
    groups = [
        [[_compile(term, walk) for term in alternatives] for alternatives in group] for group in query.groups
    ]
    if any(not group for group in groups):
        return lambda _row: True
    if len(groups) == 1 and all(len(alternatives) == 1 for alternatives in groups[0]):
        conditions = [alternatives[0] for alternatives in groups[0]]
        if len(conditions) == 1:
            return conditions[0]
        return lambda row: all(condition(row) for condition in conditions)
    return lambda row: any(
        all(any(condition(row) for condition in alternatives) for alternatives in group) for group in groups
    )


def _compile(term: Term, walk: Callable[[Row, Path], str]) -> Predicate:
    test = _test(term.path[-1], term.operator, term.value)
    if len(term.path) == 1:
        column, default = term.path[0].column, term.path[0].default
        return lambda row: test(row.get(column, default))
    path = term.path
    return lambda row: test(walk(row, path))


def _test(spec: FieldSpec, operator: str, value: str) -> Callable[[str], bool]:
    match operator:
        case "=":
            return lambda held: held == value
        case "!=":
            # "is not" also gives rows that have no value.
            return lambda held: held != value
        case "IN" | "NOT IN":
            wanted, positive = frozenset(value.split(",")), operator == "IN"
            return lambda held: (held in wanted) is positive
        case "ISEMPTY":
            return lambda held: not held
        case "ISNOTEMPTY":
            return bool
        case "ANYTHING":
            return lambda _held: True
        case "LIKE":
            return lambda held: value in held
        case "NOT LIKE":
            return lambda held: value not in held
        case "STARTSWITH":
            return lambda held: held.startswith(value)
        case "ENDSWITH":
            return lambda held: held.endswith(value)
        case _:
            return _comparison(spec, operator, value)


def _comparison(spec: FieldSpec, operator: str, value: str) -> Callable[[str], bool]:
    key = sort_key(spec)
    if operator == "BETWEEN":
        least, _, most = value.partition("@")
        low, high = key(least), key(most)
        return lambda held: bool(held) and low <= key(held) <= high
    bound = key(value)
    match operator:
        case ">":
            return lambda held: bool(held) and key(held) > bound
        case ">=":
            return lambda held: bool(held) and key(held) >= bound
        case "<":
            return lambda held: bool(held) and key(held) < bound
        case _:
            return lambda held: bool(held) and key(held) <= bound


def sort_key(spec: FieldSpec) -> Callable[[str], tuple[float, str]]:
    """What values of a field are ordered by: numbers as numbers, all else as text; no value comes first."""
    if spec.type == INTEGER:
        return lambda held: (_number(held), "")
    return lambda held: (0.0, held)


def _number(text: str) -> float:
    try:
        return float(text) if text else float("-inf")
    except ValueError:
        return float("-inf")


def pairs_query(
    pairs: Sequence[tuple[str, str]],
    resolve: Callable[[str], Path | None],
    stored: Callable[[Path, str], Sequence[str]],
) -> Query:
    """The filter that bare `name=value` parameters make. `stored` gives the values that a displayed one stands for."""
    alternatives: list[tuple[Term, ...]] = []
    invalid = False
    for name, value in pairs:
        path = resolve(name)
        if path is None:
            invalid = True
            continue
        # Table API docs: choice and reference fields also take the display value (`state=closed`).
        shown = stored(path, value) if path[-1].choice or path[-1].type == REFERENCE else ()
        alternatives.append(tuple(Term(path, "=", each) for each in dict.fromkeys([value, *shown])))
    return Query((tuple(alternatives),), (), invalid)
