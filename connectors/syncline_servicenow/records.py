"""Rows of the Table API as records, remarks, attachments, edits and parties. Pure.

Every function raises ValueError, naming the column, where a row lacks what it must have: the Table API leaves
out what the account may not read, without a word.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote

from syncline.connector import Edit, Native, Party, PartyKind, Record, canonical_text
from syncline.errors import Gone
from syncline.model import Attachment, Remark, Visibility
from syncline_servicenow.values import (
    JOURNALS,
    Kinds,
    canonical,
    instant,
    is_sys_id,
    plain,
    said,
    sys_id_of,
)

Row = Mapping[str, Any]

ORIGIN: Final = "Syncline"
"""What stands in `correlation_display` where `correlation_id` is our marker."""

_OWN_COLUMNS: Final = (
    "sys_id",
    "number",
    "sys_created_on",
    "sys_created_by",
    "sys_updated_on",
    "sys_updated_by",
    "sys_mod_count",
    "correlation_id",
    "correlation_display",
)

REMARK_COLUMNS: Final = (
    "sys_id",
    "element",
    "element_id",
    "name",
    "value",
    "sys_created_on",
    "sys_created_by",
)
ATTACHMENT_COLUMNS: Final = (
    "sys_id",
    "table_name",
    "table_sys_id",
    "file_name",
    "content_type",
    "size_bytes",
    "sys_created_on",
    "sys_created_by",
)
EDIT_COLUMNS: Final = (
    "sys_id",
    "tablename",
    "documentkey",
    "fieldname",
    "oldvalue",
    "newvalue",
    "user",
    "record_checkpoint",
    "sys_created_on",
)
PARTY_COLUMNS: Final = ("sys_id", "name", "email")


@dataclass(frozen=True, slots=True)
class Shape:
    """What is asked for of a record, and what it holds.

    Attributes:
        base_url: The instance, without a slash at the end.
        table: The table of the records.
        values: Native fields that come as values, sorted; a dot-walked one (`cmdb_ci.name`) can only be read.
        columns: All columns to ask for: those, what every record needs, and who its people and groups are.
        kinds: Which fields hold more than text.
    """

    base_url: str
    table: str
    values: tuple[str, ...]
    columns: tuple[str, ...]
    kinds: Kinds

    @classmethod
    def of(cls, base_url: str, table: str, fields: Iterable[str], kinds: Kinds) -> Self:
        """The shape of records of which those fields are wanted; journals never come as values."""
        values = tuple(sorted(set(fields) - JOURNALS))
        described = [
            f"{name}.{column}"
            for name in values
            if name in kinds.people or name in kinds.groups
            for column in ("name", "email")
        ]
        columns = tuple(dict.fromkeys((*_OWN_COLUMNS, *values, *described)))
        return cls(base_url, table, values, columns, kinds)

    def url(self, sys_id: str) -> str:
        """Where a person opens the record."""
        return f"{self.base_url}/nav_to.do?uri={quote(f'{self.table}.do?sys_id={sys_id}', safe='')}"


def needed(row: Row, column: str) -> str:
    """A column that the row must have.

    Raises:
        ValueError: it is missing or empty.
    """
    value = plain(row.get(column))
    if not value:
        raise ValueError(f"column {column} is missing or empty; the account may not be allowed to read it")
    return value


def known(record_id: str, instance: str) -> str:
    """The id, if it can be one of ours; it becomes part of an address.

    Raises:
        Gone: no record can have that id.
    """
    if not is_sys_id(record_id):
        raise Gone(f"{instance}: {record_id[:60]!r} is no sys_id, so there is no such record")
    return record_id


def record(row: Row, shape: Shape, own: str | None = None) -> Record:
    """A row of the table as a record; `own` is the user name of our account.

    A field that the row leaves out (the account may not read it, or there is none) is left out of the values:
    it is not known, which is something else than empty.
    """
    sys_id = sys_id_of(needed(row, "sys_id"))
    count = needed(row, "sys_mod_count")
    if not (count.isascii() and count.isdigit() and len(count) < 16):
        raise ValueError(f"sys_mod_count {count[:40]!r} is no number")
    # Copying a record copies its correlation, but the copy has another creator.
    creator = canonical_text(plain(row.get("sys_created_by")))
    display = canonical_text(plain(row.get("correlation_display")))
    marked = display == ORIGIN and (not own or creator in {"", own})
    updated_by = canonical_text(plain(row.get("sys_updated_by"))) or None
    return Record(
        id=sys_id,
        key=canonical_text(plain(row.get("number"))) or sys_id,
        url=shape.url(sys_id),
        values={name: _value(name, row, shape.kinds) for name in shape.values if name in row},
        revision=int(count),
        created_at=instant(needed(row, "sys_created_on")),
        updated_at=instant(needed(row, "sys_updated_on")),
        updated_by=updated_by,
        own=bool(own) and updated_by == own,
        marker=(canonical_text(plain(row.get("correlation_id"))) or None) if marked else None,
        parties=tuple(_described(row, shape)),
    )


def _value(name: str, row: Row, kinds: Kinds) -> Native:
    try:
        return canonical(name, row[name], kinds)
    except ValueError as error:
        raise ValueError(f"field {name}: {error}") from error


def _described(row: Row, shape: Shape) -> Iterator[Party]:
    seen: set[tuple[PartyKind, str]] = set()
    for name in shape.values:
        kind = (
            PartyKind.PERSON
            if name in shape.kinds.people
            else PartyKind.GROUP
            if name in shape.kinds.groups
            else None
        )
        if kind is None:
            continue
        party_id, party_name = plain(row.get(name)), canonical_text(plain(row.get(f"{name}.name")))
        if is_sys_id(party_id) and party_name and (kind, party_id) not in seen:
            seen.add((kind, party_id))
            yield Party(kind, party_id, party_name, _email(row.get(f"{name}.email")))


def _email(raw: Any) -> str | None:
    return canonical_text(said(raw)).lower() or None


def party(row: Row, kind: PartyKind) -> Party:
    """A row of sys_user or sys_user_group."""
    sys_id = sys_id_of(needed(row, "sys_id"))
    return Party(kind, sys_id, canonical_text(said(row.get("name"))) or sys_id, _email(row.get("email")))


def remark(row: Row, own_user: str | None) -> Remark:
    """A row of sys_journal_field. What is not plainly a comment to the customer is internal."""
    author = canonical_text(plain(row.get("sys_created_by")))
    return Remark(
        id=sys_id_of(needed(row, "sys_id")),
        record_id=sys_id_of(needed(row, "element_id")),
        author=author,
        body=canonical_text(plain(row.get("value"))),
        visibility=Visibility.PUBLIC if row.get("element") == "comments" else Visibility.INTERNAL,
        created_at=instant(needed(row, "sys_created_on")),
        own=is_own(author, own_user),
    )


def attachment(row: Row, own_user: str | None) -> Attachment:
    """A row of sys_attachment, as the Attachment API lists it."""
    size = needed(row, "size_bytes")
    if not (size.isascii() and size.isdigit() and len(size) < 16):
        raise ValueError(f"size_bytes {size[:40]!r} is no number")
    author = canonical_text(plain(row.get("sys_created_by")))
    return Attachment(
        id=sys_id_of(needed(row, "sys_id")),
        record_id=sys_id_of(needed(row, "table_sys_id")),
        name=canonical_text(needed(row, "file_name")),
        content_type=canonical_text(plain(row.get("content_type"))) or "application/octet-stream",
        size=int(size),
        author=author,
        created_at=instant(needed(row, "sys_created_on")),
        own=is_own(author, own_user),
    )


def edit(row: Row, kinds: Kinds, own_user: str | None) -> Edit:
    """A row of sys_audit."""
    name, actor = needed(row, "fieldname"), canonical_text(plain(row.get("user")))
    return Edit(
        id=sys_id_of(needed(row, "sys_id")),
        actor=actor,
        own=is_own(actor, own_user),
        at=instant(needed(row, "sys_created_on")),
        field=name,
        before=canonical(name, row.get("oldvalue"), kinds),
        after=canonical(name, row.get("newvalue"), kinds),
    )


def audit_order(row: Row) -> tuple[str, int, str]:
    """What rows of sys_audit are sorted by: time, count of the record's updates, sys_id."""
    return plain(row.get("sys_created_on")), counted(row, "record_checkpoint"), plain(row.get("sys_id"))


def counted(row: Row, column: str) -> int:
    """The count of updates in a column; 0 where it holds none."""
    raw = row.get(column)
    count = plain(raw) if isinstance(raw, str | int | Mapping) else ""
    return int(count) if count.isascii() and count.isdigit() and len(count) < 16 else 0


def is_own(author: str, own_user: str | None) -> bool:
    """Whether that user name is our account's; ServiceNow compares user names without regard to case."""
    return own_user is not None and author.casefold() == own_user.casefold()
