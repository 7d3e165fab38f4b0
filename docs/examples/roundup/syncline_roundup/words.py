"""From what Roundup sends to the words of the contract. Everything that it sends may lack anything."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from syncline.connector import Native, Party, PartyKind, Record, canonical_text
from syncline.errors import RetryLater
from syncline.model import Attachment, Remark, Visibility

_DATE: Final = re.compile(r"(\d{4}-\d\d-\d\d)\.(\d\d:\d\d:\d\d)")
_T = TypeVar("_T")


def moment(raw: Any) -> datetime:
    """`2026-11-23.19:48:17`, which is UTC for everyone."""
    found = _DATE.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        raise ValueError(f"{raw!r} is no date")
    return datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC)


def asked(time: datetime) -> str:
    """A time as a search has it."""
    return time.astimezone(UTC).strftime("%Y-%m-%d.%H:%M:%S")


def native(raw: Any) -> Native:
    """Any value of an issue. Who is linked is told by id, and what is linked by the name that people chose for it."""
    match raw:
        case None | "" | []:
            return None
        case bool() | int() | float():
            return raw
        case str() if found := _DATE.fullmatch(raw):
            return f"{found[1]}T{found[2]}+00:00"
        case str():
            return canonical_text(raw) or None
        case {"username": _, "id": number}:
            return str(number)
        case {"name": name}:
            return text(name)
        case {"id": number}:
            return str(number)
        case list():
            return tuple(sorted(str(native(one)) for one in raw))
    raise ValueError(f"{raw!r} is no value")


def text(raw: Any) -> str:
    """A text; of anything else, null too, `str` would make one that nobody wrote."""
    if not isinstance(raw, str):
        raise TypeError(f"{raw!r} is no text")
    return raw


def linked(raw: Any) -> list[str]:
    """The ids of what an issue links."""
    return [str(int(one["id"])) for one in raw]


def size(headers: Mapping[str, str]) -> int:
    """Of a file of whose bytes the first was asked for: `bytes 0-0/1000`; a server that knows no parts gives the whole."""
    part = headers.get("Content-Range")
    return int(part.rpartition("/")[2]) if part else int(headers["Content-Length"])


def heeded(instance: str, what: str, read: Callable[[], _T]) -> _T:
    """What `read` gives; that something is not there is said, not stumbled over."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RetryLater(
            f"{instance}: Roundup sent {what} that cannot be read ({error!r}); check that url leads to a tracker"
        ) from error


def revision(raw: Mapping[str, Any]) -> int:
    """Microseconds. Issues from before the detector have no stamp until they are changed."""
    return int(raw["stamp"] or moment(raw["activity"]).timestamp() * 1_000_000)


def record(raw: Mapping[str, Any], fields: frozenset[str], url: str, account: str) -> Record:
    """An issue of a list."""
    number = str(int(raw["id"]))
    actor = raw["actor"]["username"]
    return Record(
        id=number,
        key=f"issue{number}",
        url=f"{url}/issue{number}",
        values={name: native(raw[name]) for name in fields},
        revision=revision(raw),
        created_at=moment(raw["creation"]),
        updated_at=moment(raw["activity"]),
        updated_by=text(actor),
        own=actor == account,
        marker=None if raw["syncline"] is None else text(raw["syncline"]),
    )


def remark(raw: Mapping[str, Any], record_id: str, account: str) -> Remark:
    """A message."""
    creator = text(raw["creator"]["username"])
    author = raw["author"] or raw["creator"]
    return Remark(
        id=str(raw["id"]),
        record_id=record_id,
        author=text(author["username"]),
        body=canonical_text(text(raw["content"] or "")),
        visibility=Visibility.PUBLIC,
        created_at=moment(raw["creation"]),
        own=creator == account,
    )


def attachment(raw: Mapping[str, Any], record_id: str, size: int, account: str) -> Attachment:
    """A file, of which a list does not tell the size."""
    creator = text(raw["creator"]["username"])
    return Attachment(
        id=str(raw["id"]),
        record_id=record_id,
        name=text(raw["name"] or f"file{raw['id']}"),
        content_type=text(raw["type"] or "application/octet-stream"),
        size=size,
        author=creator,
        created_at=moment(raw["creation"]),
        own=creator == account,
    )


def party(raw: Mapping[str, Any]) -> Party:
    """A user."""
    name = text(raw["realname"] or raw["username"])
    return Party(
        PartyKind.PERSON, str(raw["id"]), name, text(raw["address"]).lower() if raw["address"] else None
    )
