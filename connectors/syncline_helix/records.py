"""Entries of forms as records, remarks, attachments and parties. Pure.

A record is known by its Incident Number: it never changes, the reply to a create names it, work logs refer to it, and people use
it. The entry of the interface form is another one (`INC…527|INC…527` for number `INC…430`, in a recorded reply).
Every function raises ValueError, naming the field, where an entry lacks what it must have.
"""

import mimetypes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self
from urllib.parse import quote

from syncline.connector import Native, Party, PartyKind, Record, canonical_text
from syncline.errors import Gone
from syncline.model import Attachment, Remark, Visibility
from syncline_helix.client import Row
from syncline_helix.values import canonical, instant, plain

NUMBER: Final = "Incident Number"
UPDATED: Final = "Last Modified Date"
GROUP: Final = "Assigned Group ID"
ASSIGNEE: Final = "Assignee Login ID"
FILES: Final = ("z2AF Work Log01", "z2AF Work Log02", "z2AF Work Log03")

_OWN_FIELDS: Final = (
    "Request ID",
    "Entry ID",
    NUMBER,
    "InstanceId",
    "Submitter",
    "Submit Date",
    "Last Modified By",
    UPDATED,
    "Status-History",
)
REMARK_FIELDS: Final = (
    "Work Log ID",
    NUMBER,
    "Submitter",
    "Submit Date",
    UPDATED,
    "Description",
    "Detailed Description",
    "View Access",
    *FILES,
)
PERSON_FIELDS: Final = ("Remedy Login ID", "Full Name", "Internet E-mail")
GROUP_FIELDS: Final = ("Support Group ID", "Support Group Name", "Company", "Support Organization")
_SYSTEM: Final = frozenset({"AR_ESCALATOR", "Remedy Application Service"})
"""Logins in whose name the server itself writes: nobody's edit."""
_PARTIES: Final = {PartyKind.GROUP: (GROUP, "Assigned Group"), PartyKind.PERSON: (ASSIGNEE, "Assignee")}


@dataclass(frozen=True, slots=True)
class Shape:
    """What is asked for of a record, and what it holds.

    Attributes:
        web: The address of Smart IT, where people open incidents.
        marker: The field of our key.
        values: Native fields that come as values, sorted.
        fields: All fields to ask for: those, what every record needs, and the name of its group.
        times: Fields that hold a date and time.
    """

    web: str
    marker: str
    values: tuple[str, ...]
    fields: tuple[str, ...]
    times: frozenset[str]

    @classmethod
    def of(cls, web: str, marker: str, fields: Iterable[str], times: frozenset[str]) -> Self:
        """The shape of records of which those fields are wanted."""
        values = tuple(sorted(fields))
        named = [_PARTIES[PartyKind.GROUP][1]] if GROUP in values else []
        return cls(web, marker, values, tuple(dict.fromkeys((*_OWN_FIELDS, marker, *values, *named))), times)


def needed(row: Row, name: str) -> str:
    """A field that the entry must have.

    Raises:
        ValueError: it is missing or empty.
    """
    value = canonical_text(plain(row.get(name)))
    if not value:
        raise ValueError(f"field {name} is missing or empty; the account may not be allowed to read it")
    return value


def ident(row: Row, name: str) -> str:
    """An id that the entry must have: it can stand in a qualification.

    Raises:
        ValueError: it is missing or empty, or no id.
    """
    value = needed(row, name)
    if not value.isprintable():
        raise ValueError(f"field {name} holds control characters, so it is no id")
    return value


def moment(row: Row, name: str) -> datetime:
    """A time that the entry must have.

    Raises:
        ValueError: it is missing, or no time.
    """
    return instant(needed(row, name))


def is_number(value: object) -> bool:
    """Whether that can be an Incident Number: it goes into qualifications."""
    return isinstance(value, str) and 0 < len(value) <= 31 and value.isprintable() and value.strip() == value


def record(row: Row, shape: Shape, own: str) -> Record:
    """An entry of the interface form as a record; `own` is the login of our account.

    A field that the entry leaves out is left out of the values: it is not known, which is something else than empty.
    """
    number, updated = ident(row, NUMBER), moment(row, UPDATED)
    instance = canonical_text(plain(row.get("InstanceId")))
    updated_by = canonical_text(plain(row.get("Last Modified By")))
    # Copying an incident may copy the field with our key, but the copy has another submitter.
    marked = is_own(canonical_text(plain(row.get("Submitter"))), own)
    return Record(
        id=number,
        key=number,
        url=f"{shape.web}/#/incident/{quote(instance or number, safe='')}",
        values={name: _value(name, row[name], shape.times) for name in shape.values if name in row},
        # The server keeps no count of changes: two within one second have the same.
        revision=int(updated.timestamp()),
        created_at=moment(row, "Submit Date"),
        updated_at=updated,
        updated_by=None if not updated_by or updated_by in _SYSTEM else updated_by,
        own=is_own(updated_by, own),
        marker=(canonical_text(plain(row.get(shape.marker))) or None) if marked else None,
        parties=tuple(_described(row)),
    )


def _value(name: str, raw: Any, times: frozenset[str]) -> Native:
    try:
        return canonical(name, raw, times)
    except ValueError as error:
        raise ValueError(f"field {name}: {error}") from error


def _described(row: Row) -> Iterator[Party]:
    # The group alone: of a person the e-mail address counts, which an incident does not hold.
    group, name = (canonical_text(plain(row.get(field))) for field in _PARTIES[PartyKind.GROUP])
    if group and name:
        yield Party(PartyKind.GROUP, group, name)


def party(row: Row, kind: PartyKind) -> Party:
    """An entry of CTM:People or CTM:Support Group."""
    if kind is PartyKind.GROUP:
        return Party(kind, needed(row, "Support Group ID"), needed(row, "Support Group Name"))
    login = needed(row, "Remedy Login ID")
    email = canonical_text(plain(row.get("Internet E-mail"))).lower()
    return Party(kind, login, canonical_text(plain(row.get("Full Name"))) or login, email or None)


def remark(row: Row, own: str) -> Remark | None:
    """A work log entry. What is not plainly for the public is internal. None: it says nothing, or brings a file of ours."""
    body = canonical_text(plain(row.get("Detailed Description"))) or canonical_text(
        plain(row.get("Description"))
    )
    author = canonical_text(plain(row.get("Submitter")))
    mine = is_own(author, own)
    if not body or (mine and any(row.get(name) for name in FILES)):
        return None
    return Remark(
        id=ident(row, "Work Log ID"),
        record_id=ident(row, NUMBER),
        author=author,
        body=body,
        visibility=Visibility.PUBLIC if row.get("View Access") == "Public" else Visibility.INTERNAL,
        created_at=moment(row, "Submit Date"),
        own=mine,
    )


def attachments(row: Row, own: str) -> tuple[Attachment, ...]:
    """The files of a work log entry: up to three."""
    found = []
    for name in FILES:
        file = row.get(name)
        if not isinstance(file, dict):
            continue
        size = file.get("sizeBytes")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise ValueError(f"{name} has no sizeBytes")
        file_name = canonical_text(plain(file.get("name"))) or "file"
        author = canonical_text(plain(row.get("Submitter")))
        found.append(
            Attachment(
                id=f"{needed(row, 'Work Log ID')}/{name}",
                record_id=ident(row, NUMBER),
                name=file_name,
                content_type=mimetypes.guess_type(file_name)[0] or "application/octet-stream",
                size=size,
                author=author,
                created_at=moment(row, "Submit Date"),
                own=is_own(author, own),
            )
        )
    return tuple(found)


def known(number: str, instance: str) -> str:
    """The number, if it can be one of an incident.

    Raises:
        Gone: no record can have that number.
    """
    if not is_number(number):
        raise Gone(f"{instance}: {number[:60]!r} is no {NUMBER}, so there is no such record")
    return number


def is_own(author: str, own: str) -> bool:
    """Whether that login is our account's. Logins differ in case only by mistake."""
    return bool(author) and author.casefold() == own.casefold()
