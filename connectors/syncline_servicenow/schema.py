"""What the dictionary of an instance says about its incidents. Pure, but for `Dictionary`, which asks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from syncline.connector import FieldSchema, PartyKind, Schema, canonical_text
from syncline_servicenow.client import Client
from syncline_servicenow.query import both, term
from syncline_servicenow.records import PARTY_COLUMNS, Row, party
from syncline_servicenow.values import said

_FIELD_COLUMNS: Final = (
    "sys_id",
    "name",
    "element",
    "column_label",
    "internal_type",
    "mandatory",
    "read_only",
    "max_length",
    "choice",
)
_CHOICE_COLUMNS: Final = ("sys_id", "name", "element", "value", "label", "sequence", "inactive")
_PARENTS: Final = (
    "name",
    "super_class.name",
    "super_class.super_class.name",
    "super_class.super_class.super_class.name",
)
_TEXTUAL: Final = frozenset(
    {"string", "html", "translated_text", "translated_field", "url", "email", "phone_number", "ph_number"}
)
_SUGGESTION: Final = "2"
"""Value of a field's `choice` in sys_dictionary where the choices only suggest."""

_SIZE: Final = 1000


class Dictionary:
    """Asks an instance for the schema of a table."""

    def __init__(self, client: Client, table: str) -> None:
        self._client = client
        self._table = table

    def lineage(self) -> tuple[str, ...]:
        """The table and those that it extends, nearest first."""
        if self._table == "incident":
            return "incident", "task"
        rows = self._client.rows(
            "sys_db_object", term("name", "=", self._table), ("sys_id", *_PARENTS), 1
        ).rows
        names = [canonical_text(said(row.get(column))) for row in rows for column in _PARENTS]
        found = tuple(dict.fromkeys(name for name in names if name))
        return found if found and found[0] == self._table else (self._table, "task")

    def schema(self, named: Iterable[str]) -> Schema:
        """Fields with their choices, and the groups. `named` adds the dot-walked fields of a mapping."""
        lineage = self.lineage()
        tables = f"nameIN{','.join(lineage)}"
        fields = self._client.all_rows(
            "sys_dictionary", both(tables, "elementISNOTEMPTY"), _FIELD_COLUMNS, _SIZE
        )
        choices = self._client.all_rows(
            "sys_choice", both(tables, term("inactive", "=", "false")), _CHOICE_COLUMNS, _SIZE
        )
        groups = self._client.all_rows("sys_user_group", term("active", "=", "true"), PARTY_COLUMNS, _SIZE)
        known = described(lineage, fields, choices)
        return Schema(
            fields={**known, **_walked(named, known)},
            groups=tuple(
                sorted((party(row, PartyKind.GROUP) for row in groups), key=lambda group: group.name)
            ),
        )


def described(
    lineage: Sequence[str], fields: Sequence[Row], choices: Sequence[Row]
) -> dict[str, FieldSchema]:
    """Fields by name; what a table says goes before what the tables say that it extends."""
    rank = {name: place for place, name in enumerate(lineage)}
    offered = _choices(rank, choices)
    found: dict[str, tuple[int, FieldSchema]] = {}
    for row in fields:
        table, name = canonical_text(said(row.get("name"))), canonical_text(said(row.get("element")))
        if table not in rank or not name or (name in found and found[name][0] <= rank[table]):
            continue
        length = said(row.get("max_length")).strip()
        binding = said(row.get("choice")) != _SUGGESTION
        found[name] = (
            rank[table],
            FieldSchema(
                name=name,
                label=canonical_text(said(row.get("column_label"))) or name,
                required=said(row.get("mandatory")) == "true",
                writable=said(row.get("read_only")) != "true" and not name.startswith("sys_"),
                choices=offered.get(name) if binding else None,
                max_length=int(length)
                if said(row.get("internal_type")) in _TEXTUAL and length.isascii() and length.isdigit()
                else None,
            ),
        )
    return {name: field for name, (_, field) in sorted(found.items())}


def _choices(rank: Mapping[str, int], rows: Sequence[Row]) -> dict[str, tuple[str, ...]]:
    """Field to its values in their order: those of the nearest table that has any, once for all languages."""
    lists: dict[str, dict[int, list[tuple[float, str]]]] = {}
    for row in rows:
        table, name = canonical_text(said(row.get("name"))), canonical_text(said(row.get("element")))
        value = canonical_text(said(row.get("value")))
        if table in rank and name and value and said(row.get("inactive")) != "true":
            place = _number(said(row.get("sequence")))
            lists.setdefault(name, {}).setdefault(rank[table], []).append((place, value))
    return {
        name: tuple(dict.fromkeys(value for _, value in sorted(by_table[min(by_table)])))
        for name, by_table in lists.items()
    }


def _number(raw: str) -> float:
    return float(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else 0.0


def _walked(named: Iterable[str], known: Mapping[str, FieldSchema]) -> dict[str, FieldSchema]:
    """Dot-walked fields whose first step is known; they can only be read."""
    return {
        name: FieldSchema(
            name, f"{known[name.partition('.')[0]].label}: {name.partition('.')[2]}", writable=False
        )
        for name in named
        if "." in name and name.partition(".")[0] in known
    }
