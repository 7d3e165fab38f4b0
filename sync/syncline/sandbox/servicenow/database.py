"""All tables of the simulated instance: field names to paths, values along a dot-walk, searches, display values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from syncline.sandbox.servicenow.people import (
    GROUPS,
    PEOPLE,
    Person,
    choice_rows,
    dictionary_row,
    dictionary_rows,
    directory_rows,
    fixture_rows,
)
from syncline.sandbox.servicenow.query import Path, Query, Row, compile_query, sort_key, stamp
from syncline.sandbox.servicenow.records import Table, in_order
from syncline.sandbox.servicenow.schema import DATE_TIME, REFERENCE, FieldSpec, tables

_DEEPEST_WALK: Final = 4
_FIRST_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Found:
    """The rows of one page, and how many there are in all (None: not counted)."""

    __slots__ = ("rows", "total")

    def __init__(self, rows: list[Row], total: int | None) -> None:
        self.rows = rows
        self.total = total


class Database:
    """The tables and what relates them."""

    def __init__(self, people: Sequence[Person] = PEOPLE, groups: Sequence[str] = GROUPS) -> None:
        self.specs = tables()
        self.tables = {name: Table(spec) for name, spec in self.specs.items()}
        self.mandatory: set[str] = set()
        self._paths: dict[tuple[str, str], Path | None] = {}
        self._labels: dict[str, dict[str, str]] = {}
        rows = {
            **directory_rows(people, groups),
            **fixture_rows(),
            **dictionary_rows(self.specs),
            "sys_choice": choice_rows(),
        }
        for table, listed in rows.items():
            for row in listed:
                self.tables[table].put(self._dated(row), _FIRST_DAY)

    def path(self, table: str, name: str) -> Path | None:
        """The path that a field name, dots included, stands for; None where it leads nowhere."""
        key = (table, name)
        if key not in self._paths:
            self._paths[key] = self._resolve(table, name)
        return self._paths[key]

    def walk(self, row: Row, path: Path) -> str:
        """The value at a path from a row."""
        current: Row = row
        for step in path[:-1]:
            target = self.tables.get(step.reference)
            found = target.rows.get(current.get(step.column, step.default)) if target is not None else None
            if found is None:
                return ""
            current = found
        last = path[-1]
        return current.get(last.column, last.default)

    def search(
        self,
        table: str,
        query: Query,
        *,
        offset: int,
        limit: int,
        count: bool,
        seen_at: datetime | None,
        rng: Random,
    ) -> Found:
        """A page of the rows that fulfil a query. `seen_at`: the state at that time, not the present one.

        Rows with equal sort keys come in an order that changes from call to call: a database promises none.
        """
        rows = self.tables[table]
        predicate = compile_query(query, self.walk)
        candidates = rows.candidates(query)
        hidden = rows.unseen(seen_at) if seen_at is not None else {}
        if hidden:
            listed = [row for row in candidates.rows if row["sys_id"] not in hidden]
            listed += [row for row in hidden.values() if row is not None]
            found = self._ordered([row for row in listed if predicate(row)], query, rng)
            return Found(found[offset : offset + limit], len(found) if count else None)
        if in_order(candidates, query.order):
            matched: Iterable[Row] = filter(predicate, candidates.rows)
            if len(query.order) == 1:
                matched = _shuffled_ties(matched, query.order[0][0][0].column, rng)
            if not count or candidates.size is not None:
                total = candidates.size if count else None
                return Found(list(islice(matched, offset, offset + limit)), total)
            found = list(matched)
        else:
            found = self._ordered([row for row in candidates.rows if predicate(row)], query, rng)
        return Found(found[offset : offset + limit], len(found) if count else None)

    def display(self, spec: FieldSpec, value: str, zone: ZoneInfo) -> str:
        """What people read for a value."""
        if not value:
            return ""
        if spec.type == REFERENCE:
            target = self.tables.get(spec.reference)
            row = target.rows.get(value) if target is not None else None
            # A reference that leads nowhere shows its sys_id (KB0813643).
            return row.get(target.spec.display, value) if row is not None and target is not None else value
        if spec.choice:
            return self.labels(spec.name).get(value, value)
        if spec.type == DATE_TIME:
            # Display values are in the zone of the user (Table API docs); stored ones are UTC.
            moment = datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        return value

    def labels(self, field: str) -> dict[str, str]:
        """Value to label of the choice list of a field. One of `incident` goes before one that `task` hands down."""
        if field not in self._labels:
            rows = [
                row
                for row in self.tables["sys_choice"].where("element", field)
                if row.get("inactive") != "true"
            ]
            rows.sort(key=lambda row: row["name"] == "incident")
            self._labels[field] = {row["value"]: row["label"] for row in rows}
        return self._labels[field]

    def forget_labels(self) -> None:
        """Choices have changed."""
        self._labels.clear()

    def stored(self, path: Path, shown: str) -> list[str]:
        """The values that a displayed one stands for, in a choice or reference field."""
        spec = path[-1]
        if spec.choice:
            wanted = shown.lower()
            return [value for value, label in self.labels(spec.name).items() if label.lower() == wanted]
        target = self.tables.get(spec.reference)
        if target is None:
            return []
        columns = [target.spec.display, *(("user_name",) if spec.reference == "sys_user" else ())]
        return [row["sys_id"] for column in columns for row in self._having(target, column, shown)]

    def property(self, name: str) -> str:
        """The value of a system property."""
        return next((row.get("value", "") for row in self.tables["sys_properties"].where("name", name)), "")

    def rename_field(self, table: str, old: str, new: str, now: datetime) -> None:
        """Give a field another name; its values stay. Raises ValueError where there is none of that name."""
        spec = self.field(table, old)
        renamed = replace(spec, name=new)
        self._respecify(
            table, {new if name == old else name: s for name, s in self._fields(table)} | {new: renamed}
        )
        for row in self.tables["sys_choice"].where("element", old):
            self.tables["sys_choice"].put({**row, "element": new}, now)
        self.forget_labels()
        row = dictionary_row(renamed, mandatory=new in self.mandatory)
        self.tables["sys_dictionary"].put(self._dated(row, now), now)

    def require_field(self, table: str, name: str, now: datetime) -> None:
        """Add a field, if it is not there, and make it mandatory."""
        if name not in self.specs[table].fields:
            label = name.removeprefix("u_").replace("_", " ").capitalize()
            spec = FieldSpec(name, "string", label, name, table)
            self._respecify(table, {**dict(self._fields(table)), name: spec})
        self.mandatory.add(name)
        row = dictionary_row(self.field(table, name), mandatory=True)
        self.tables["sys_dictionary"].put(self._dated(row, now), now)

    def drop_choice(self, field: str, value: str, now: datetime) -> None:
        """Take an entry off a choice list; rows that hold it keep it. Raises ValueError where there is none."""
        rows = [row for row in self.tables["sys_choice"].where("element", field) if row["value"] == value]
        if not rows:
            raise ValueError(f"there is no choice {value!r} of {field}")
        for row in rows:
            self.tables["sys_choice"].remove(row["sys_id"], now)
        self.forget_labels()

    def field(self, table: str, name: str) -> FieldSpec:
        """The field of that name. Raises ValueError where there is none."""
        spec = self.specs[table].fields.get(name)
        if spec is None:
            raise ValueError(f"{table} has no field {name!r}")
        return spec

    def _fields(self, table: str) -> Iterable[tuple[str, FieldSpec]]:
        return self.specs[table].fields.items()

    def _respecify(self, table: str, fields: Mapping[str, FieldSpec]) -> None:
        self.specs[table] = replace(self.specs[table], fields=fields)
        self.tables[table].spec = self.specs[table]
        self._paths.clear()

    def _resolve(self, table: str, name: str) -> Path | None:
        steps: list[FieldSpec] = []
        names = name.split(".")
        if len(names) > _DEEPEST_WALK:
            return None
        for at, part in enumerate(names):
            if table not in self.specs:
                return None
            spec = self.specs[table].fields.get(part)
            if spec is None or (at < len(names) - 1 and spec.type != REFERENCE):
                return None
            steps.append(spec)
            table = spec.reference
        return tuple(steps)

    def _ordered(self, rows: list[Row], query: Query, rng: Random) -> list[Row]:
        if not query.order:
            return rows
        if not any(path[-1].column in {"sys_id", "number"} and len(path) == 1 for path, _ in query.order):
            rng.shuffle(rows)
        for path, descends in reversed(query.order):
            rows.sort(key=self._key(path), reverse=descends)
        return rows

    def _key(self, path: Path) -> Callable[[Row], tuple[float, str]]:
        key = sort_key(path[-1])
        return lambda row: key(self.walk(row, path))

    def _having(self, table: Table, column: str, value: str) -> list[Row]:
        if column in table.spec.indexed:
            return table.where(column, value)
        return [row for row in table.rows.values() if row.get(column) == value]

    def _dated(self, row: Mapping[str, str], now: datetime = _FIRST_DAY) -> Row:
        at = stamp(now)
        system = {
            "sys_created_on": at,
            "sys_updated_on": at,
            "sys_created_by": "system",
            "sys_updated_by": "system",
        }
        return {**system, **{name: value for name, value in row.items() if value}}


def _shuffled_ties(rows: Iterable[Row], column: str, rng: Random) -> Iterable[Row]:
    for _, tied in groupby(rows, key=lambda row: row.get(column, "")):
        together = list(tied)
        if len(together) > 1:
            rng.shuffle(together)
        yield from together


def visible_at(now: datetime, lag: float) -> datetime | None:
    """The time whose state a search sees; None: the present."""
    return now - timedelta(seconds=lag) if lag > 0 else None
