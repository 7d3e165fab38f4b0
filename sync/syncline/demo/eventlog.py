"""Reads an event log of a ServiceNow instance: one row for each update of an incident, as CSV, packed or not.

The format is that of the *Incident management process enriched event log* (UCI): `?` means empty, dates are day first in
local time, `resolved_*`, `closed_*` and `closed_code` carry the incident's final values on every row and count only once
its state has got there, the state `-100` is unknown, and the rows of an incident are in the order of `sys_mod_count`.
"""

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

REQUIRED: Final = ("number", "incident_state", "sys_mod_count", "sys_updated_at", "impact", "urgency")
_PUBLISHED: Final = frozenset(
    {"made_sla", "u_symptom", "u_priority_confirmation", "reassignment_count", "caused_by", "closed_code"}
)
"""Columns by which the published log is known: its authors are named wherever a figure from it is shown."""
_EMPTY: Final = frozenset({"", "?"})
_NUMBER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}\Z")
_DATE: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?\Z")
_LARGEST: Final = 2_000_000_000
"""Bytes after unpacking; more is no log but a trap."""
_LONGEST: Final = 100_000
"""Characters of one field."""

STATES: Final[Mapping[str, tuple[str, str]]] = {
    "New": ("1", ""),
    "Active": ("2", ""),
    "In Progress": ("2", ""),
    "Awaiting User Info": ("3", "1"),
    "Awaiting Caller": ("3", "1"),
    "Awaiting Evidence": ("3", "1"),
    "On Hold": ("3", "1"),
    "Awaiting Problem": ("3", "3"),
    "Awaiting Vendor": ("3", "4"),
    "Awaiting Change": ("3", "5"),
    "Resolved": ("6", ""),
    "Closed": ("7", ""),
    "Canceled": ("8", ""),
}
"""State of the log to the state of an incident and the reason why it is on hold."""

_CODES: Final = (
    "Solution provided",
    "Workaround provided",
    "Resolved by caller",
    "Duplicate",
    "Known error",
    "User error",
    "No resolution provided",
)
"""The codes of the log have no names: each stands for one of a new instance's list."""


class EventLogError(Exception):
    """The file cannot be used; the message says why and what is expected."""


@dataclass(frozen=True, slots=True)
class Step:
    """What an incident looked like after one update.

    Attributes:
        at: Local time; never before that of the step before.
        state: Of the incident: `1` to `8`; empty: not known.
        hold_reason: Where it is on hold.
        close_code: Where it has ended.
        impact, urgency: `1` to `3`, empty where not known.
        assigned_to, assignment_group, category, subcategory: As the log names them, empty where it names none.
    """

    at: datetime
    state: str
    hold_reason: str
    close_code: str
    impact: str
    urgency: str
    assigned_to: str
    assignment_group: str
    category: str
    subcategory: str


@dataclass(frozen=True, slots=True)
class Case:
    """One incident of the log: its number, what it is called, and its steps in order."""

    number: str
    title: str
    steps: tuple[Step, ...]


@dataclass(slots=True)
class EventLog:
    """What was read.

    Attributes:
        cases: In the order in which they begin.
        rows: Of those cases.
        total: Rows in the file.
        skipped: What could not be used, by reason.
        is_published: Whether it has the columns of the published log.
    """

    cases: list[Case] = field(default_factory=list)
    rows: int = 0
    total: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    is_published: bool = False

    def figures(self) -> dict[str, Any]:
        """For the closing report."""
        return {
            "incidents": len(self.cases),
            "rows": self.rows,
            "rows_in_file": self.total,
            "skipped": dict(self.skipped),
        }


@dataclass(slots=True)
class _Raw:
    """One row, with its place."""

    line: int
    order: int
    at: datetime | None
    values: Mapping[str, str]


def read_log(path: Path, limit: int) -> EventLog:
    """The first `limit` incidents of a log, by the time at which they begin.

    Raises:
        EventLogError: it cannot be read, or is no such log.
    """
    log = EventLog()
    by_number: dict[str, list[_Raw]] = {}
    try:
        for line, values in _rows(path, log):
            log.total += 1
            raw = _raw(line, values, log.skipped)
            if raw is not None:
                by_number.setdefault(values["number"].strip(), []).append(raw)
    except csv.Error as error:
        raise EventLogError(f"{path} is no CSV that can be read: {error}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise EventLogError(f"{path} cannot be read: {error}") from error
    begun = sorted(
        (
            case
            for number, raws in by_number.items()
            if (case := _case(number, raws, log.skipped)) is not None
        ),
        key=lambda case: (case.steps[0].at, case.number),
    )
    log.cases = begun[:limit]
    log.rows = sum(len(case.steps) for case in log.cases)
    if not log.cases:
        told = ", ".join(f"{n} {reason}" for reason, n in log.skipped.items())
        raise EventLogError(f"{path} holds no incident that can be replayed" + (f": {told}" if told else ""))
    return log


# ---- bytes to rows ------------------------------------------------------------------------------


def _rows(path: Path, log: EventLog) -> Iterator[tuple[int, dict[str, str]]]:
    with _text(path) as stream:
        csv.field_size_limit(_LONGEST)
        head = stream.readline(_LONGEST)
        if not head.strip():
            raise EventLogError(f"{path} is empty")
        delimiter = max(",;\t", key=head.count)
        columns = [name.strip().strip('"') for name in next(csv.reader([head], delimiter=delimiter))]
        missing = [name for name in REQUIRED if name not in columns]
        if missing:
            raise EventLogError(
                f"{path} has no column {', '.join(missing)}; a ServiceNow event log has one row for each update and at"
                f" least the columns {', '.join(REQUIRED)}"
            )
        log.is_published = set(columns) >= _PUBLISHED
        reader = csv.reader(_bounded(stream, path), delimiter=delimiter)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(columns):
                log.total += 1
                log.skipped["rows with too many or too few fields"] += 1
                continue
            yield reader.line_num + 1, dict(zip(columns, cells, strict=True))


def _bounded(stream: io.TextIOBase, path: Path) -> Iterator[str]:
    size = 0
    for line in stream:
        size += len(line)
        if size > _LARGEST:
            raise EventLogError(f"{path} unpacks to more than {_LARGEST:,} characters; that is no event log")
        yield line


@contextmanager
def _text(path: Path) -> Iterator[io.TextIOBase]:
    """The file as text, unpacked if it is packed, whatever its name says."""
    if path.is_dir():
        raise EventLogError(f"{path} is a folder; name a file")
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        binary = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if packed else raw
        encoding = _encoding(binary.peek(4096)[:4096])
        # What is no valid text is read all the same: the names in a log are not what is synced.
        with io.TextIOWrapper(binary, encoding=encoding, errors="replace", newline="") as stream:
            yield stream


def _encoding(begin: bytes) -> str:
    if begin.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if begin.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    try:
        # The last character may be cut in two.
        begin[: max(0, len(begin) - 3)].decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


# ---- rows to cases ------------------------------------------------------------------------------


def _raw(line: int, values: Mapping[str, str], skipped: Counter[str]) -> _Raw | None:
    if not _NUMBER.match(values["number"].strip()):
        skipped["rows without a usable incident number"] += 1
        return None
    try:
        order = int(values["sys_mod_count"].strip())
    except ValueError:
        skipped["rows without a usable sys_mod_count"] += 1
        return None
    at = _moment(values["sys_updated_at"])
    if at is None:
        skipped["dates that are none (the time of the row before is taken)"] += 1
    return _Raw(line, order, at, values)


def _moment(text: str) -> datetime | None:
    found = _DATE.match(text.strip())
    if found is None:
        return None
    day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        # The log tells local times of a place that it does not name; only their order and distance count.
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None


def _case(number: str, raws: list[_Raw], skipped: Counter[str]) -> Case | None:
    if any(after.order < before.order for before, after in pairwise(raws)):
        skipped["incidents whose rows were put in order"] += 1
        raws = sorted(raws, key=lambda raw: raw.order)
    first = next((raw.at for raw in raws if raw.at is not None), None)
    if first is None:
        skipped["incidents without any date"] += 1
        return None
    steps: list[Step] = []
    now = first
    for raw in raws:
        now = max(now, raw.at or now)
        steps.append(_step(now, raw.values, steps[-1] if steps else None, skipped))
    values = raws[0].values
    about = ", ".join(
        cell for name in ("category", "subcategory", "u_symptom") if (cell := _cell(values, name))
    )
    return Case(number, f"{about[:90] or 'Incident'} #{number}", tuple(steps))


def _step(at: datetime, values: Mapping[str, str], before: Step | None, skipped: Counter[str]) -> Step:
    named = _cell(values, "incident_state")
    state, hold = STATES.get(named, ("", ""))
    if not state:
        skipped["states that are not known (the one before is kept)"] += 1
        state, hold = (before.state, before.hold_reason) if before else ("1", "")
    ended = state in {"6", "7"}
    return Step(
        at,
        state,
        hold if state == "3" else "",
        _code(_cell(values, "closed_code")) if ended else "",
        _level(_cell(values, "impact")),
        _level(_cell(values, "urgency")),
        _cell(values, "assigned_to"),
        _cell(values, "assignment_group"),
        _cell(values, "category")[:40],
        _cell(values, "subcategory")[:40],
    )


def _cell(values: Mapping[str, str], name: str) -> str:
    cell = " ".join(values.get(name, "").split())[:100]
    return "" if cell in _EMPTY else cell


def _level(cell: str) -> str:
    return cell[0] if cell[:1] in {"1", "2", "3"} else ""


def _code(cell: str) -> str:
    digits = re.sub(r"\D", "", cell)[:6]
    return _CODES[int(digits or 0) % len(_CODES)]
