"""What is read of a platform: tickets as it has them, who wrote them, and pages of what changed."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from syncline.errors import Configuration, RetryLater, SynclineError
from syncline.http.body import UnusableBodyError, checked_json
from syncline.model import Attachment, Remark

_Thing = TypeVar("_Thing", Remark, Attachment)

Native = str | int | float | bool | None | tuple[str, ...]
"""A native value in canonical form: text with `\\n` line ends and no trailing white space, times as ISO 8601
in UTC, references as the bare id, lists as sorted tuples, nothing as None. The same state of a record always
gives equal values: the merge compares them."""


def canonical_text(raw: str) -> str:
    """Text as it stands in a native value: `\\n` line ends, no white space at the end."""
    if "\r" in raw:
        raw = raw.replace("\r\n", "\n").replace("\r", "\n")
    return raw.rstrip()


Cursor = Mapping[str, Any]
"""How far a poll has come, on the platform's clock only. JSON, and nobody's business but the connector's."""


class PartyKind(StrEnum):
    """What a party is."""

    PERSON = "person"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Party:
    """A person or a group of a platform.

    Attributes:
        kind: Person or group.
        id: What the native value holds: a sys_id, an accountId, a PagerDuty id.
        name: What people read.
        email: Lower case; None where the platform hides it.
    """

    kind: PartyKind
    id: str
    name: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """One line of a platform's own change history: who set which field, when, from what to what.

    Attributes:
        id: The platform's id of the entry, or one made of its parts; the same at every read.
        actor: Who, as the platform names the account.
        own: Whether that is our own account.
        at: UTC, the platform's clock.
        field: Native field name, as in `Record.values`.
        before: Canonical native value, or None where the history does not hold it.
        after: Canonical native value.
    """

    id: str
    actor: str
    own: bool
    at: datetime
    field: str
    before: Native
    after: Native


@dataclass(frozen=True, slots=True)
class Record:
    """A ticket as its platform has it.

    Attributes:
        id: Never changes and is never used again: sys_id, Jira's numeric id, PagerDuty's id.
        key: What people call it: `INC0010001`, `OPS-12`, `#4711`.
        url: Where a person opens it.
        values: Native field name to canonical value, for the fields that were asked for.
        revision: Grows with each update; equal revision, equal values.
        created_at: UTC, the platform's clock.
        updated_at: UTC, the platform's clock.
        updated_by: Who wrote last, where the platform says so.
        own: Whether the platform says that our own account wrote last.
        marker: Our marker that the platform keeps for it, or None.
        parties: People and groups that `values` name, as far as the reply described them.
    """

    id: str
    key: str
    url: str
    values: Mapping[str, Native]
    revision: int
    created_at: datetime
    updated_at: datetime
    updated_by: str | None = None
    own: bool = False
    marker: str | None = None
    parties: tuple[Party, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look saw of one record.

    Attributes:
        record_id: Which.
        record: Its values, or None where the look brought only remarks or attachments.
        remarks: Comments and notes that the look brought; not necessarily all there are.
        attachments: Files that the look brought; not necessarily all there are.
        edits: The latest change history, oldest first, where the look brings it; None where it does not.
    """

    record_id: str
    record: Record | None
    remarks: tuple[Remark, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    edits: tuple[Edit, ...] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of changes.

    Attributes:
        sightings: One for each record, in the order of change.
        cursor: Where the next page begins; saved in the transaction that stores this page.
        more: Whether the next page can be asked for at once.
        error: What kept the rest of it from being read, where no history tells again what it does show. Then `cursor` is
            that of this page, and the poll counts as failed once the sightings are stored.
    """

    sightings: tuple[Sighting, ...]
    cursor: Cursor
    more: bool
    error: SynclineError | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """This record may have changed. It carries no decision.

    Attributes:
        record_id: Which.
        delivery_id: The platform's id of the message, so that a repeated one is known; None where it has none.
    """

    record_id: str
    delivery_id: str | None = None


def hook_body(raw: bytes) -> Any:
    """The JSON of a webhook's body, which anybody may have sent.

    Raises:
        ValueError: it is none that can be used.
    """
    try:
        return json.loads(checked_json(raw))
    except UnusableBodyError as error:
        raise ValueError(f"the body {error}") from error


def in_order(things: Iterable[_Thing]) -> tuple[_Thing, ...]:
    """Remarks or files, oldest first; those of one moment by id, so that every reading gives the same order. An id of
    more digits is a later one."""
    return tuple(sorted(things, key=lambda thing: (thing.created_at, len(thing.id), thing.id)))


def sightings(
    seen: Mapping[str, Record | None],
    remarks: Iterable[Remark] = (),
    files: Iterable[Attachment] = (),
    edits: Mapping[str, tuple[Edit, ...]] | None = None,
) -> tuple[Sighting, ...]:
    """What one look at many records saw, one sighting for each, in their order.

    Args:
        seen: By record id; None: its row was of no use, so that it is read by itself.
        remarks: That the look brought, of these records and of others.
        files: The same.
        edits: By record id, the history of those of which it was asked for.
    """
    said: dict[str, list[Remark]] = {}
    hung: dict[str, list[Attachment]] = {}
    for remark in remarks:
        said.setdefault(remark.record_id, []).append(remark)
    for file in files:
        hung.setdefault(file.record_id, []).append(file)
    return tuple(
        Sighting(
            one,
            seen.get(one),
            in_order(said.get(one, ())),
            in_order(hung.get(one, ())),
            (edits or {}).get(one),
        )
        for one in dict.fromkeys((*seen, *said, *hung))
    )


@contextmanager
def usable(instance: str, what: str) -> Iterator[None]:
    """For reads: what cannot be converted may be whole the next time.

    Raises:
        RetryLater: in place of a ValueError; `what`, such as "record INC0010001", cannot be used.
    """
    try:
        yield
    except ValueError as error:
        raise RetryLater(f"{instance}: {what} cannot be used: {error}") from error


@contextmanager
def followable(instance: str, what: str) -> Iterator[None]:
    """For polls: to go on past what cannot be converted would lose a change.

    Raises:
        Configuration: in place of a ValueError; `what`, such as the name of a table, cannot be followed.
    """
    try:
        yield
    except ValueError as error:
        raise Configuration(f"{instance}: {what} cannot be followed: {error}") from error
