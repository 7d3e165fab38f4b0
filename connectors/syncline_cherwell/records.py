"""Records of business objects as records, remarks and parties. Pure.

An incident is known by its record id: public ids, which people use, can be ambiguous (Ivanti's advice for its REST API).
Every function raises ValueError, naming the field, where a record lacks what it must have.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from syncline.connector import Native, Party, PartyKind, Record
from syncline.errors import Gone
from syncline.model import Remark, Visibility
from syncline_cherwell.client import PUBLIC, Row
from syncline_cherwell.schema import RECORD
from syncline_cherwell.values import Dates, canonical, stamp

GROUP: Final = "OwnedByTeam"
ASSIGNEE: Final = "OwnedByID"
CREATED: Final = "CreatedDateTime"

_OWN_FIELDS: Final = (RECORD, CREATED, "CreatedBy", "CreatedByID", "LastModBy", "LastModByID")
REMARK_FIELDS: Final = (RECORD, CREATED, "CreatedBy", "CreatedByID", "ParentRecID", "Details")
PERSON_FIELDS: Final = (RECORD, "FullName", "Email")


@dataclass(frozen=True, slots=True)
class Shape:
    """What is asked for of a record, and how it is read.

    Attributes:
        web: Where people open records.
        kind: The name of the business object, in addresses.
        marker: The field of our key.
        modified: The field with the time of the last change.
        values: Native fields that come as values, sorted.
        times: Fields that hold a date and time.
        dates: How times are written.
        account: Record id and full name of our account.
        public: The field that shows a note to the customer; empty: there is none.
        history_line: How a line of the history reads.
    """

    web: str
    kind: str
    marker: str
    modified: str
    values: tuple[str, ...]
    times: frozenset[str]
    dates: Dates
    account: tuple[str, str]
    public: str
    history_line: str

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields to ask for."""
        return tuple(dict.fromkeys((*_OWN_FIELDS, self.modified, self.marker, *self.values)))

    def is_own(self, ident: str, name: str) -> bool:
        """Whether that is our account; by its full name where no id stands."""
        return ident == self.account[0] if ident else bool(name) and name == self.account[1]


def needed(row: Row, name: str) -> str:
    """A field that the record must have.

    Raises:
        ValueError: it is missing or empty.
    """
    value = row.get(name, "")
    if not value:
        raise ValueError(f"field {name} is missing or empty; the account may not be allowed to read it")
    return value


def moment(row: Row, name: str, dates: Dates) -> datetime:
    """A time that the record must have.

    Raises:
        ValueError: it is missing, or no time.
    """
    return dates.read(needed(row, name))


def is_id(value: object) -> bool:
    """Whether that can be a record id: it goes into addresses."""
    return (
        isinstance(value, str)
        and 20 <= len(value) <= 50
        and all(c in "0123456789abcdefABCDEF" for c in value)
    )


def record(row: Row, shape: Shape) -> Record:
    """A record of the incidents' business object.

    A field that the reply leaves out is left out of the values: it is not known, which is something else than empty.
    """
    ident, updated = needed(row, RECORD), moment(row, shape.modified, shape.dates)
    key, group = row.get(PUBLIC, "") or ident, row.get(GROUP, "")
    # Cloning an incident copies the field with our key, but somebody else created the copy.
    marked = shape.is_own(row.get("CreatedByID", ""), row.get("CreatedBy", ""))
    return Record(
        id=ident,
        key=key,
        url=f"{shape.web}/{quote(shape.kind.lower(), safe='')}/{quote(key, safe='')}",
        values={name: _value(row, name, shape) for name in shape.values if name in row},
        # The server shows no count of changes: two within one second have the same.
        revision=int(updated.timestamp()),
        created_at=moment(row, CREATED, shape.dates),
        updated_at=updated,
        updated_by=row.get("LastModBy") or None,
        own=shape.is_own(row.get("LastModByID", ""), row.get("LastModBy", "")),
        marker=(row.get(shape.marker) or None) if marked else None,
        parties=(Party(PartyKind.GROUP, group, group),) if group else (),
    )


def _value(row: Row, name: str, shape: Shape) -> Native:
    try:
        return canonical(row[name], shape.dates if name in shape.times else None)
    except ValueError as error:
        raise ValueError(f"field {name}: {error}") from error


def person(row: Row) -> Party:
    """A record of UserInfo."""
    email = row.get("Email", "").lower()
    return Party(PartyKind.PERSON, needed(row, RECORD), row.get("FullName", "") or row[RECORD], email or None)


def remark(row: Row, shape: Shape, *, asked: bool) -> Remark | None:
    """A journal. What is not plainly for the customer is internal. `asked`: the customer wrote it. None: it says nothing."""
    body = row.get("Details", "")
    if not body:
        return None
    author = row.get("CreatedBy", "")
    public = asked or (bool(shape.public) and row.get(shape.public) == "True")
    return Remark(
        id=needed(row, RECORD),
        record_id=needed(row, "ParentRecID"),
        author=author or "unknown",
        body=body,
        visibility=Visibility.PUBLIC if public else Visibility.INTERNAL,
        created_at=moment(row, CREATED, shape.dates),
        own=shape.is_own(row.get("CreatedByID", ""), author),
    )


def known(record_id: str, instance: str) -> str:
    """The record id, if it can be one.

    Raises:
        Gone: no record can have that id.
    """
    if not is_id(record_id):
        raise Gone(f"{instance}: {record_id[:60]!r} is no {RECORD}, so there is no such record")
    return record_id


def changed(row: Row, name: str, shape: Shape) -> str:
    """The time of a row in canonical form.

    Raises:
        ValueError: it is missing, or no time.
    """
    return stamp(moment(row, name, shape.dates))
