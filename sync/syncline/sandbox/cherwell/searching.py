"""Ad-hoc searches: filters, sorting, pages. Pure.

Known from a public client's documentation (demisto/content): filters on one field are alternatives, those on different fields go
together; the operators eq, gt, lt, contains, startswith. Without an order rows come as the database likes, and so do rows that are
alike in what they are sorted by.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from syncline.sandbox.cherwell.bodies import listed_objects
from syncline.sandbox.cherwell.culture import Culture
from syncline.sandbox.cherwell.objects import DATE_TIME, NUMBER, FieldSpec, ObjectSpec
from syncline.sandbox.cherwell.records import Record, Records
from syncline.sandbox.cherwell.replies import bad_request

OPERATORS: Final = ("eq", "gt", "lt", "contains", "startswith")
ASCENDING: Final = 1
"""`sortDirection` as gocherwell writes it; 0, which is also what a missing one means, descends."""

_USUAL_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class _Filter:
    spec: FieldSpec
    operator: str
    value: Any

    def test(self, record: Record) -> bool:
        held = _comparable(self.spec, record.get(self.spec.name))
        match self.operator:
            case "eq":
                return bool(held == self.value)
            case "contains":
                return str(self.value) in str(held)
            case "startswith":
                return str(held).startswith(str(self.value))
        # Nothing is neither less nor more than anything.
        if held in {None, ""} or self.value in {None, ""}:
            return False
        return bool(held > self.value if self.operator == "gt" else held < self.value)


@dataclass(frozen=True, slots=True)
class Search:
    """What a request asks for.

    Attributes:
        filters: By field; alternatives within one.
        order: Fields and whether they ascend.
        page: From 1 on.
        size: Rows of a page.
    """

    filters: Mapping[str, Sequence[_Filter]]
    order: tuple[tuple[FieldSpec, bool], ...]
    page: int
    size: int

    def candidates(self, records: Records) -> Iterable[Record]:
        """Records among which all that fit are found."""
        for name, alternatives in self.filters.items():
            if records.indexed(name) and all(one.operator == "eq" for one in alternatives):
                found = [record for one in alternatives for record in records.where(name, str(one.value))]
                return {str(record["RecID"]): record for record in found}.values()
        timed = self.filters.get(records.spec.time, ())
        if timed and all(one.operator in {"gt", "eq"} and one.value is not None for one in timed):
            return records.since(min(int(one.value) for one in timed))
        return records.by_id.values()

    def fits(self, record: Record) -> bool:
        """Whether it is among the rows."""
        return all(any(one.test(record) for one in alternatives) for alternatives in self.filters.values())

    def ordered(self, found: list[Record], rng: Random) -> list[Record]:
        """The rows in order."""
        rng.shuffle(found)
        for spec, ascending in reversed(self.order):
            found.sort(key=_ranked(spec), reverse=not ascending)
        return found

    def paged(self, found: list[Record]) -> list[Record]:
        """The rows of the page."""
        return found[(self.page - 1) * self.size : self.page * self.size]


def parse(content: Mapping[str, Any], spec: ObjectSpec, culture: Culture, most_rows: int) -> Search:
    """The search of a request's body. Raises `RefusalError` (400)."""
    filters: dict[str, list[_Filter]] = {}
    for one in _addressed(content, "filters"):
        made = _filter(one, spec, culture)
        filters.setdefault(made.spec.name, []).append(made)
    order = tuple(
        (field_of(spec, one.get("fieldId")), _integer(one, "sortDirection", 0) == ASCENDING)
        for one in _addressed(content, "sorting")
    )
    page = max(_integer(content, "pageNumber", 1), 1)
    size = _integer(content, "pageSize", 0)
    return Search(filters, order, page, min(size if size > 0 else _USUAL_PAGE, most_rows))


def field_of(spec: ObjectSpec, field_id: Any) -> FieldSpec:
    """The field of that id. Raises `RefusalError` (400)."""
    found = spec.addressed(field_id)
    if found is None:
        raise bad_request(f"Field {field_id} is not a field of {spec.display}.")
    return found


def _filter(given: Mapping[str, Any], spec: ObjectSpec, culture: Culture) -> _Filter:
    field = field_of(spec, given.get("fieldId"))
    operator, text = str(given.get("operator") or "").lower(), str(given.get("value") or "")
    if operator not in OPERATORS:
        raise bad_request(f"Operator '{given.get('operator')}' is not valid.")
    if field.type == DATE_TIME and text:
        try:
            return _Filter(field, operator, culture.read(text))
        except ValueError as error:
            raise bad_request(str(error)) from None
    return _Filter(field, operator, _comparable(field, text))


def _comparable(spec: FieldSpec, value: Any) -> Any:
    if spec.type == DATE_TIME:
        return value if isinstance(value, int) else None
    text = str(value or "").casefold()
    if spec.type == NUMBER and text.isdigit():
        return int(text)
    return text


def _ranked(spec: FieldSpec) -> Callable[[Record], tuple[bool, Any]]:
    def rank(record: Record) -> tuple[bool, Any]:
        held = _comparable(spec, record.get(spec.name))
        return (held is not None, held if held is not None else 0)

    return rank


def _addressed(content: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Of the filters or the order what names a field: clients leave empty ones in (cherpy)."""
    return [one for one in listed_objects(content, name) if one.get("fieldId")]


def _integer(content: Mapping[str, Any], name: str, default: int) -> int:
    given = content.get(name)
    if given is None:
        return default
    if isinstance(given, str) and given.isascii() and given.isdigit():
        # The service's JSON reader takes a number in quotation marks; the client of demisto/content sends them.
        return int(given)
    if isinstance(given, bool) or not isinstance(given, int):
        raise bad_request(f"{name} is not a number.")
    return given
