"""Reading requests: paging, times, lists, bodies. Whatever is not legal becomes PagerDuty's 400."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from syncline.sandbox.pagerduty.refusals import invalid
from syncline.sandbox.platform import Request, Response

DEFAULT_LIMIT: Final = 25
MAX_LIMIT: Final = 100
MAX_POSITION: Final = 10_000
"""Classic pagination: offset + limit beyond it is a 400 (PagerDuty docs, Pagination)."""

LATEST: Final = 7_258_118_400
"""Epoch seconds of the year 2200: later times are refused."""

MAX_DEPTH: Final = 60


class Query:
    """The parameters of one request, decoded once."""

    def __init__(self, request: Request) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in request.params:
            self._values.setdefault(name, []).append(value)

    def one(self, name: str) -> str | None:
        """The first value, None where it is missing or empty."""
        return (self._values.get(name) or [""])[0] or None

    def many(self, name: str) -> list[str]:
        """The values of `name[]`; also of `name` with commas, as some clients write it. Empty ones are dropped."""
        listed = self._values.get(f"{name}[]", [])
        plain = [part for value in self._values.get(name, []) for part in value.split(",")]
        return [value for value in (*listed, *plain) if value]

    def flag(self, name: str) -> bool:
        """Whether a boolean parameter is `true`.

        Raises:
            RefusalError: it is neither true nor false.
        """
        value = (self.one(name) or "false").lower()
        if value not in {"true", "false", "1", "0"}:
            raise invalid(f"{name} must be true or false.")
        return value in {"true", "1"}


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for.

    Attributes:
        limit: Rows, 1 to 100.
        offset: Rows to leave out.
        total: Whether to count all.
    """

    limit: int
    offset: int
    total: bool

    def wrap(self, name: str, rows: Sequence[Any], *, more: bool, total: int) -> dict[str, Any]:
        """The body of a list. `total` stays null unless it was asked for (PagerDuty docs, Pagination)."""
        return {
            name: rows,
            "limit": self.limit,
            "offset": self.offset,
            "total": total if self.total else None,
            "more": more,
        }

    def wrap_texts(self, name: str, rows: Iterable[str], *, more: bool, total: int) -> str:
        """The same of rows that are JSON text already."""
        tail = json.dumps(self.wrap(name, (), more=more, total=total), separators=(",", ":"))
        return tail.replace("[]", f"[{','.join(rows)}]", 1)

    def cut(self, name: str, rows: Sequence[Any]) -> dict[str, Any]:
        """The page of a list that is at hand as a whole."""
        end = self.offset + self.limit
        return self.wrap(name, list(rows[self.offset : end]), more=len(rows) > end, total=len(rows))


def text_response(text: str) -> Response:
    """A 200 with JSON text."""
    return Response(200, text.encode(), {"Content-Type": "application/json"})


def page_of(query: Query) -> Page:
    """The page that a request asks for.

    Raises:
        RefusalError: a number is none, or the page ends beyond 10,000.
    """
    # A limit above the largest page is cut, not refused; the reply echoes what was used.
    limit = min(_whole(query, "limit", DEFAULT_LIMIT, 1), MAX_LIMIT)
    offset = _whole(query, "offset", 0, 0)
    if offset + limit > MAX_POSITION:
        raise invalid(f"Offset plus limit must not exceed {MAX_POSITION}.")
    return Page(limit, offset, query.flag("total"))


def _whole(query: Query, name: str, default: int, least: int) -> int:
    text = query.one(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) < least:
        raise invalid(f"{name.capitalize()} must be a whole number of at least {least}.")
    return int(text)


def zone_of(name: str) -> tzinfo:
    """The zone of that name.

    Raises:
        RefusalError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid("Time zone is not a valid tzinfo name.") from None


def moment(text: str, name: str, zone: tzinfo) -> int:
    """Epoch seconds of ISO 8601 text; without an offset it is meant in the account's zone.

    Raises:
        RefusalError: it is no time.
    """
    # A plus sign that was not escaped arrives as a blank.
    if len(text) > 6 and text[-6] == " ":
        text = f"{text[:-6]}+{text[-5:]}"
    try:
        parsed = datetime.fromisoformat(text)
        aware = parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=zone)
        at = int(aware.timestamp())
    except (ValueError, OverflowError):
        raise invalid(f"{name.capitalize()} must be an ISO 8601 date and time.") from None
    if not 0 <= at < LATEST:
        raise invalid(f"{name.capitalize()} is out of range.")
    return at


def day_of(at: int, zone: tzinfo) -> tuple[int, int]:
    """The first second of the day of `at` in that zone, and the first second of the next day."""
    day: date = datetime.fromtimestamp(at, zone).date()
    start = datetime.combine(day, time(), zone)
    return int(start.timestamp()), int(datetime.combine(day + timedelta(days=1), time(), zone).timestamp())


def months_before(at: int, months: int) -> int:
    """The same day and time that many months earlier, or the last day of that month. `at` is not before 1970."""
    then = datetime.fromtimestamp(at, UTC)
    index = then.year * 12 + then.month - 1 - months
    year, month = index // 12, index % 12 + 1
    for day in range(then.day, then.day - 4, -1):
        try:
            return int(then.replace(year=year, month=month, day=day).timestamp())
        except ValueError:
            continue
    raise ValueError(f"no day {then.day} or the three before it in {year}-{month}")


def parse(raw: bytes) -> Any:
    """JSON as the standard has it, without Python's `NaN` and `Infinity`. Raises ValueError or RecursionError."""
    return json.loads(raw, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def body_of(request: Request, name: str | None = None) -> dict[str, Any]:
    """The JSON object of a request, or the object under `name` in it.

    Raises:
        RefusalError: it is no JSON, not declared as JSON, nested too deep, or not of that form.
    """
    declared = request.header("content-type").lower()
    if declared and "json" not in declared:
        raise invalid("Content-Type must be application/json.")
    try:
        content = parse(request.body)
    except (ValueError, RecursionError):
        raise invalid("The request body is not valid JSON.") from None
    if not isinstance(content, dict):
        raise invalid("The request body must be a JSON object.")
    if _too_deep(content):
        raise invalid("The request body is nested too deeply.")
    if name is None:
        return content
    inner = content.get(name)
    if not isinstance(inner, dict):
        raise invalid(f"{name.capitalize()} is missing or not an object.")
    return inner


def _too_deep(content: Any) -> bool:
    level = [content]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True


def text_of(content: Mapping[str, Any], name: str, *, longest: int | None = None) -> str:
    """A text that must be there and not blank.

    Raises:
        RefusalError: it is missing, blank, no text or too long.
    """
    value = content.get(name)
    label = name.replace("_", " ").capitalize()
    if not isinstance(value, str) or not value.strip():
        raise invalid(f"{label} cannot be empty.")
    if longest is not None and len(value) > longest:
        raise invalid(f"{label} is too long (maximum is {longest} characters).")
    return value


def reference_id(value: Any, name: str, types: Sequence[str]) -> str:
    """The id in a reference; its `type`, where there is one, must be one of `types`.

    Raises:
        RefusalError: it is no reference.
    """
    if not isinstance(value, dict) or not isinstance(value.get("id"), str) or not value["id"]:
        raise invalid(f"{name} must be a reference with an id.")
    kind = value.get("type")
    if kind is not None and kind not in types:
        raise invalid(f"{name} type must be one of {', '.join(types)}.")
    return str(value["id"])


def choice_of(value: Any, name: str, choices: Sequence[str]) -> str:
    """A value out of a fixed list.

    Raises:
        RefusalError: it is not in the list.
    """
    if not isinstance(value, str) or value not in choices:
        raise invalid(f"{name} must be one of {', '.join(choices)}.")
    return value
