"""JQL, understood: a tree becomes a test of states, and what is known of where to look for them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from syncline.sandbox.jira import adf, setup
from syncline.sandbox.jira.call import Call
from syncline.sandbox.jira.fields import Field
from syncline.sandbox.jira.jql import All, Clause, Either, JqlError, Node, Not, Order, Query, Value
from syncline.sandbox.jira.literals import TextSearch, midnight, moment
from syncline.sandbox.jira.model import State
from syncline.sandbox.jira.render import readable
from syncline.sandbox.jira.site import Site

Test = Callable[[State], bool]
_EQUALITY: Final = frozenset({"=", "!=", "in", "not in", "is", "is not"})
_TEXT: Final = frozenset({"~", "!~", "is", "is not"})
_RANGES: Final = frozenset({">", ">=", "<", "<="})
_NEGATIVE: Final = frozenset({"!=", "not in", "is not", "!~"})
_KEYS: Final = frozenset({"key", "issuekey", "issue", "id"})
_TIMES: Final = {"updated", "created", "resolutiondate"}
_ORDERS: Final[Mapping[str, str]] = {
    "updated": "updated", "updateddate": "updated", "created": "created", "createddate": "created",
    "key": "key", "issuekey": "key", "issue": "key", "id": "id", "priority": "priority",
    "resolved": "resolutiondate", "resolutiondate": "resolutiondate", "due": "duedate", "duedate": "duedate",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """A query ready to run.

    Attributes:
        test: Whether a state is wanted.
        ids: No others can be; None: any.
        ranges: `updated` or `created` to the least and greatest epoch milliseconds that can be wanted.
        orders: What to sort by, and whether downwards.
    """

    test: Test
    ids: frozenset[int] | None = None
    ranges: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    orders: tuple[tuple[str, bool], ...] = ()


def plan(site: Site, call: Call, query: Query) -> Plan:
    """What a query means to this caller.

    Raises:
        JqlError: a field, operator or value that does not exist here.
    """
    orders = tuple(_order(order) for order in query.orders) or (("created", True),)
    found = Plan(lambda _state: True) if query.where is None else _Meaning(site, call).of(query.where)
    if not site.allowed(call.user, "BROWSE_PROJECTS"):
        found = Plan(lambda _state: False, frozenset())
    return replace(found, orders=orders)


def _order(order: Order) -> tuple[str, bool]:
    name = _ORDERS.get(order.field.lower())
    if name is None:
        raise JqlError(f"Not able to sort using field '{order.field}'.")
    return name, order.descending


class _Meaning:
    def __init__(self, site: Site, call: Call) -> None:
        self._site = site
        self._call = call
        self._fields: dict[str, Field] = {}
        for known in site.fields.values():
            self._fields.update({clause.lower(): known for clause in known.clauses})

    def of(self, node: Node) -> Plan:
        if isinstance(node, Clause):
            return self._clause(node)
        if isinstance(node, Not):
            inner = self.of(node.part).test
            return Plan(lambda state: not inner(state))
        parts = [self.of(part) for part in node.parts]
        tests = [part.test for part in parts]
        known = [part.ids for part in parts if part.ids is not None]
        if isinstance(node, All):
            ids = frozenset.intersection(*known) if known else None
            return Plan(lambda state: all(test(state) for test in tests), ids, _narrowed(parts))
        assert isinstance(node, Either)
        ids = frozenset.union(*known) if len(known) == len(parts) else None
        return Plan(lambda state: any(test(state) for test in tests), ids, _widened(parts))

    def _clause(self, clause: Clause) -> Plan:
        name = clause.field.lower()
        if name in _KEYS:
            return self._keys(clause)
        if name == "statuscategory":
            return self._chosen(
                clause, self._category, lambda s: self._site.statuses[s.values["status"]].category
            )
        if name in {"text", "comment"}:
            return self._text(clause, None)
        known = self._fields.get(name)
        if known is None or (known.kind == "computed" and known.id not in {"status", "creator", *_TIMES}):
            raise JqlError(f"Field '{clause.field}' does not exist or you do not have permission to view it.")
        if known.id in _TIMES or known.kind == "date":
            return self._time(clause, known)
        if known.kind in {"summary", "text", "textfield"}:
            return self._text(clause, known)
        if known.kind == "number":
            return self._number(clause, known)
        return self._chosen(clause, lambda value: self._resolve(known, value), _getter(known), known)

    def _check(self, clause: Clause, operators: frozenset[str]) -> None:
        if clause.operator not in operators:
            raise JqlError(
                f"The operator '{clause.operator}' is not supported by the '{clause.field}' field."
            )

    # ------------------------------------------------------------------------------------------ kinds of fields

    def _chosen(
        self,
        clause: Clause,
        resolve: Callable[[Value], frozenset[Any]],
        get: Callable[[State], Any],
        known: Field | None = None,
    ) -> Plan:
        self._check(clause, _EQUALITY)
        if clause.operator in {"is", "is not"}:
            wants_empty = clause.operator == "is"
            return Plan(lambda state: (not get(state)) == wants_empty)
        wanted = frozenset[Any]().union(*(resolve(value) for value in clause.values))
        if known is not None and known.kind in {"labels", "components"}:
            fold = known.kind == "labels"

            def held(state: State) -> frozenset[str]:
                values = get(state)
                return frozenset(v.lower() for v in values) if fold else frozenset(values)

            if clause.operator in _NEGATIVE:
                # JQL: != and NOT IN leave out issues whose field is empty.
                return Plan(lambda state: bool(get(state)) and not held(state) & wanted)
            ids = None
            if fold:
                ids = frozenset(i for label in wanted for i in self._site.index.with_term("labels", label))
            return Plan(lambda state: bool(held(state) & wanted), ids)
        if clause.operator in _NEGATIVE:
            return Plan(lambda state: get(state) is not None and get(state) not in wanted)
        return Plan(lambda state: get(state) in wanted)

    def _category(self, value: Value) -> frozenset[Any]:
        text = value.text.lower()
        for key, (number, name, _) in setup.CATEGORIES.items():
            if text in {key, name.lower(), str(number)}:
                return frozenset({key})
        raise JqlError(f"The value '{value.text}' does not exist for the field 'statusCategory'.")

    def _resolve(self, known: Field, value: Value) -> frozenset[Any]:
        site, text = self._site, value.text
        found: frozenset[Any] = frozenset()
        names = site.names_of(known)
        if known.id == "resolution" and text.lower() == "unresolved":
            return frozenset({None})
        if known.kind == "labels":
            return frozenset({text.lower()})
        if known.id == "project":
            found = frozenset(
                p.key for p in site.projects.values() if text.lower() in {p.key.lower(), p.name.lower(), p.id}
            )
        elif known.kind == "components":
            names = site.component_names
        elif known.kind == "user" or known.id == "creator":
            found = self._person(value)
        elif known.kind == "group":
            group = site.find_group(text)
            found = frozenset() if group is None else frozenset({group})
        if names is not None:
            found = frozenset(
                key for key, name in names.items() if key == text or name.lower() == text.lower()
            )
        if not found:
            raise JqlError(f"The value '{text}' does not exist for the field '{known.clauses[0]}'.")
        return found

    def _person(self, value: Value) -> frozenset[Any]:
        if value.function:
            if value.text.lower() != "currentuser":
                raise JqlError(f"Unable to find JQL function '{value.text}()'.")
            return frozenset({self._call.user.login})
        person = self._site.find_person(value.text)
        return frozenset() if person is None else frozenset({person.login})

    def _keys(self, clause: Clause) -> Plan:
        self._check(clause, _EQUALITY | _RANGES)
        if clause.operator in {"is", "is not"}:
            empty = clause.operator == "is"
            return Plan(lambda _state: not empty)
        issues = []
        for value in clause.values:
            issue = self._site.find_issue(value.text)
            if issue is None:
                kind = "ID" if value.text.isdecimal() else "key"
                raise JqlError(
                    f"An issue with {kind} '{value.text}' does not exist for field '{clause.field}'."
                )
            issues.append(issue)
        ids = frozenset(issue.id for issue in issues)
        if clause.operator in {"=", "in"}:
            return Plan(lambda state: state.issue.id in ids, ids)
        if clause.operator in _NEGATIVE:
            return Plan(lambda state: state.issue.id not in ids)
        compare, pivot = _COMPARE[clause.operator], issues[0].state
        return Plan(lambda state: state.project == pivot.project and compare(state.number, pivot.number))

    def _time(self, clause: Clause, known: Field) -> Plan:
        self._check(clause, _EQUALITY | _RANGES)
        get = self._clock(known)
        if clause.operator in {"is", "is not"}:
            wants_empty = clause.operator == "is"
            return Plan(lambda state: (get(state) is None) == wants_empty)
        times = {moment(self._call, clause.field, value) for value in clause.values}
        if clause.operator in {"=", "in"}:
            return Plan(lambda state: get(state) in times)
        if clause.operator in _NEGATIVE:
            return Plan(lambda state: get(state) is not None and get(state) not in times)
        compare, pivot = _COMPARE[clause.operator], next(iter(times))

        def test(state: State) -> bool:
            at = get(state)
            return at is not None and compare(at, pivot)

        bound = (pivot, None) if clause.operator[0] == ">" else (None, pivot)
        return Plan(test, ranges={known.id: bound} if known.id in {"updated", "created"} else {})

    def _clock(self, known: Field) -> Callable[[State], int | None]:
        if known.id == "updated":
            return lambda state: state.updated
        if known.id == "created":
            return lambda state: state.issue.created
        name, zone = known.id, self._call.zone
        if known.kind == "date":

            def start(state: State) -> int | None:
                day = state.values.get(name)
                return None if day is None else midnight(day, zone)

            return start
        return lambda state: state.values.get(name)

    def _number(self, clause: Clause, known: Field) -> Plan:
        self._check(clause, _EQUALITY | _RANGES)
        get = _getter(known)
        if clause.operator in {"is", "is not"}:
            wants_empty = clause.operator == "is"
            return Plan(lambda state: (get(state) is None) == wants_empty)
        if not all(re.fullmatch(r"-?\d+(\.\d+)?", value.text) for value in clause.values):
            raise JqlError(
                f"The value '{clause.values[0].text}' is not a number for the field '{clause.field}'."
            )
        numbers = {float(value.text) for value in clause.values}
        if clause.operator in {"=", "in"}:
            return Plan(lambda state: get(state) in numbers)
        if clause.operator in _NEGATIVE:
            return Plan(lambda state: get(state) is not None and get(state) not in numbers)
        compare, pivot = _COMPARE[clause.operator], next(iter(numbers))
        return Plan(lambda state: get(state) is not None and compare(get(state), pivot))

    def _text(self, clause: Clause, known: Field | None) -> Plan:
        # JQL: text fields take ~ only; there is no search for an exact text.
        self._check(clause, _TEXT)
        get = self._words(known, clause.field.lower())
        if clause.operator in {"is", "is not"}:
            wants_empty = clause.operator == "is"
            return Plan(lambda state: (not get(state)) == wants_empty)
        search = TextSearch(clause.field, clause.values[0].text)
        if clause.operator == "!~":
            return Plan(lambda state: bool(get(state)) and not search.matches(get(state)))
        ids = None
        if known is not None and known.kind == "textfield" and search.words():
            found = sorted((self._site.index.with_term(known.id, word) for word in search.words()), key=len)
            # The rarest word first: most markers share a word with all others.
            ids = frozenset(set.intersection(found[0], *found[1:]))
        return Plan(lambda state: search.matches(get(state)), ids)

    def _words(self, known: Field | None, name: str) -> Callable[[State], str]:
        if known is not None:
            return lambda state: _plain(state.values.get(known.id))
        texts = () if name == "comment" else ("summary", "description", "environment", *self._custom_texts())
        site, call = self._site, self._call

        def everything(state: State) -> str:
            parts = [_plain(state.values.get(text)) for text in texts]
            parts += [adf.plain(c.body) for c in state.comments if readable(site, call, c)]
            return "\n".join(parts)

        return everything

    def _custom_texts(self) -> Sequence[str]:
        return [f.id for f in self._site.fields.values() if f.custom and f.kind in {"text", "textfield"}]


def _plain(held: Any) -> str:
    return "" if held is None else adf.plain(held)


def _getter(known: Field) -> Callable[[State], Any]:
    if known.id == "project":
        return lambda state: state.project
    if known.id == "creator":
        return lambda state: state.issue.creator
    name = known.id
    return lambda state: state.values.get(name)


_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    ">": lambda one, other: bool(one > other),
    ">=": lambda one, other: bool(one >= other),
    "<": lambda one, other: bool(one < other),
    "<=": lambda one, other: bool(one <= other),
}
_Ranges = Mapping[str, tuple[int | None, int | None]]


def _narrowed(parts: Sequence[Plan]) -> _Ranges:
    found: dict[str, tuple[int | None, int | None]] = {}
    for part in parts:
        for name, (low, high) in part.ranges.items():
            lows = [n for n in (low, found.get(name, (None, None))[0]) if n is not None]
            highs = [n for n in (high, found.get(name, (None, None))[1]) if n is not None]
            found[name] = (max(lows) if lows else None, min(highs) if highs else None)
    return found


def _widened(parts: Sequence[Plan]) -> _Ranges:
    found: dict[str, tuple[int | None, int | None]] = {}
    for name in parts[0].ranges:
        if all(name in part.ranges for part in parts):
            lows = [part.ranges[name][0] for part in parts]
            highs = [part.ranges[name][1] for part in parts]
            found[name] = (
                None if None in lows else min(n for n in lows if n is not None),
                None if None in highs else max(n for n in highs if n is not None),
            )
    return found
