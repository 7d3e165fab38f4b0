"""Remarks and attachments, and where each is copied to: the ledger of ids that keeps a copy from being copied."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from syncline.model import Attachment, Remark, Visibility
from syncline.store.database import Tx
from syncline.store.schema import copies, items

REMARK = "remark"
ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class Item:
    """A remark or an attachment, where it was first seen.

    Attributes:
        id: Ours; also the marker of its copies.
        incident_id: Of which incident.
        kind: `remark` or `attachment`.
        instance: Where it was written; empty: by Syncline itself.
        native_id: Its id there.
        author: Who wrote it.
        created_at: On that platform's clock.
        content: `body` and `visibility`, with `everywhere` of what Syncline itself says on all records; or `name`,
            `content_type`, `size` and `record_id`.
    """

    id: str
    incident_id: str
    kind: str
    instance: str
    native_id: str
    author: str
    created_at: datetime
    content: dict[str, Any]

    @property
    def visibility(self) -> Visibility:
        """Of a remark."""
        return Visibility(self.content["visibility"])

    @property
    def everywhere(self) -> bool:
        """Whether every record of the incident gets it, those that are yet to come too."""
        return bool(self.instance) or bool(self.content.get("everywhere"))

    def attachment(self) -> Attachment:
        """As its connector knows it."""
        c = self.content
        return Attachment(
            self.native_id,
            c["record_id"],
            c["name"],
            c["content_type"],
            c["size"],
            self.author,
            self.created_at,
        )


def known(tx: Tx, instance: str, kind: str, native_ids: Sequence[str]) -> set[str]:
    """Which of those ids are in the ledger: as originals, or as copies that we wrote."""
    if not native_ids:
        return set()
    originals = tx.execute(
        sa.select(items.c.native_id).where(
            items.c.instance == instance, items.c.kind == kind, items.c.native_id.in_(native_ids)
        )
    )
    # A platform may number its comments and its files each for itself: an id says nothing without the kind.
    copied = tx.execute(
        sa.select(copies.c.native_id)
        .join(items, items.c.id == copies.c.item_id)
        .where(copies.c.instance == instance, copies.c.native_id.in_(native_ids), items.c.kind == kind)
    )
    return {row[0] for row in originals} | {row[0] for row in copied}


def insert_remark(
    tx: Tx, item_id: str, incident_id: str, instance: str, remark: Remark, *, everywhere: bool = False
) -> Item:
    """A remark that a person wrote, or that we write ourselves (instance empty): on one record, or `everywhere`."""
    content: dict[str, Any] = {"body": remark.body, "visibility": remark.visibility.value}
    if everywhere:
        content["everywhere"] = True
    at = _after_those(tx, incident_id, instance, remark.created_at)
    return _insert(tx, Item(item_id, incident_id, REMARK, instance, remark.id, remark.author, at, content))


def _after_those(tx: Tx, incident_id: str, instance: str, at: datetime) -> datetime:
    """A time behind all remarks of that moment that are known: platforms stamp whole seconds, and within one it is the order in
    which they list them that counts."""
    of_moment = (items.c.created_at >= at) & (items.c.created_at < at + timedelta(milliseconds=1))
    last: datetime | None = tx.execute(
        sa.select(sa.func.max(items.c.created_at)).where(
            items.c.incident_id == incident_id, items.c.instance == instance, of_moment
        )
    ).scalar()
    return at if last is None else last + timedelta(microseconds=1)


def insert_attachment(tx: Tx, item_id: str, incident_id: str, instance: str, file: Attachment) -> Item:
    """A file that a person attached."""
    content = {
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "record_id": file.record_id,
    }
    return _insert(
        tx, Item(item_id, incident_id, ATTACHMENT, instance, file.id, file.author, file.created_at, content)
    )


def _insert(tx: Tx, item: Item) -> Item:
    tx.execute(
        sa.insert(items).values(
            id=item.id,
            incident_id=item.incident_id,
            kind=item.kind,
            instance=item.instance,
            native_id=item.native_id,
            author=item.author,
            created_at=item.created_at,
            content=item.content,
        )
    )
    return item


def fingerprint(tx: Tx, item: Item, sha256: str) -> None:
    """Keep the hash of a file's content, from when it was fetched."""
    content = {**item.content, "sha256": sha256}
    tx.execute(sa.update(items).where(items.c.id == item.id).values(content=content))


def copy_to(tx: Tx, item: Item, instance: str, *, state: str = "due", reason: str | None = None) -> None:
    """The item is to be copied there, or is not, for that reason."""
    tx.execute(
        sa.insert(copies).values(
            item_id=item.id, instance=instance, incident_id=item.incident_id, state=state, reason=reason
        )
    )


def leave(tx: Tx, item: Item, instance: str, reason: str) -> None:
    """The item is not copied there, for that reason, unless that was settled before."""
    settled = sa.select(copies.c.item_id).where(copies.c.item_id == item.id, copies.c.instance == instance)
    if tx.execute(settled).first() is None:
        copy_to(tx, item, instance, state="withheld", reason=reason)


def copied(tx: Tx, item_id: str, instance: str, native_id: str | None) -> bool:
    """The copy stands there; False where we know of no such copy."""
    values: dict[str, Any] = {"state": "done"}
    if native_id is not None:
        values["native_id"] = native_id
    done = tx.execute(
        sa.update(copies).where(copies.c.item_id == item_id, copies.c.instance == instance).values(**values)
    )
    return done.rowcount == 1


def native_of_copy(tx: Tx, item_id: str, instance: str) -> str | None:
    """The id that the copy of an item has there; None where there is none, or its id is not known yet."""
    found: str | None = tx.execute(
        sa.select(copies.c.native_id).where(copies.c.item_id == item_id, copies.c.instance == instance)
    ).scalar()
    return found


def targets(tx: Tx, item_id: str) -> dict[str, str]:
    """Where the item is copied to, or is to be: instance to `due`, `done` or `withheld`."""
    rows = tx.execute(sa.select(copies.c.instance, copies.c.state).where(copies.c.item_id == item_id))
    return {instance: state for instance, state in rows}


def owed(tx: Tx) -> list[str]:
    """The incidents that still lack a copy somewhere."""
    rows = tx.execute(sa.select(copies.c.incident_id).where(copies.c.state == "due").distinct())
    return sorted(row[0] for row in rows)


def withhold(tx: Tx, item_id: str, instance: str, reason: str) -> None:
    """The copy is not made, for that reason."""
    tx.execute(
        sa.update(copies)
        .where(copies.c.item_id == item_id, copies.c.instance == instance)
        .values(state="withheld", reason=reason)
    )


def release(tx: Tx, item_id: str, instance: str) -> None:
    """Try to make the copy after all."""
    tx.execute(
        sa.update(copies)
        .where(copies.c.item_id == item_id, copies.c.instance == instance)
        .values(state="due", reason=None)
    )


# Statements are made once: to build one costs more than to run it.
_NEXT_DUE = (
    sa.select(*items.columns)
    .join(copies, copies.c.item_id == items.c.id)
    .where(
        copies.c.incident_id == sa.bindparam("of_incident"),
        copies.c.instance == sa.bindparam("on"),
        copies.c.state == "due",
    )
    .order_by(items.c.created_at, items.c.id)
    .limit(1)
)
_DUE_INSTANCES = (
    sa.select(copies.c.instance)
    .where(copies.c.incident_id == sa.bindparam("of_incident"), copies.c.state == "due")
    .distinct()
)


def next_due(tx: Tx, incident_id: str, instance: str) -> Item | None:
    """The oldest item that is still to be copied there."""
    row = tx.execute(_NEXT_DUE, {"of_incident": incident_id, "on": instance}).first()
    return None if row is None else Item(*row)


def due_instances(tx: Tx, incident_id: str) -> set[str]:
    """The instances that still lack a copy."""
    rows = tx.execute(_DUE_INSTANCES, {"of_incident": incident_id})
    return {row[0] for row in rows}


def of_incident(tx: Tx, incident_id: str) -> list[Item]:
    """All remarks and attachments of an incident, oldest first."""
    rows = tx.execute(
        sa.select(*items.columns)
        .where(items.c.incident_id == incident_id)
        .order_by(items.c.created_at, items.c.id)
    )
    return [Item(*row) for row in rows]


def find(tx: Tx, item_id: str) -> Item | None:
    """The item with that id."""
    row = tx.execute(sa.select(*items.columns).where(items.c.id == item_id)).first()
    return None if row is None else Item(*row)


def is_copy(tx: Tx, incident_id: str, instance: str, file: Attachment) -> bool:
    """Whether a file on a record is one that we copied there: by id, else by name and size."""
    rows = tx.execute(
        sa.select(items.c.content, copies.c.native_id)
        .join(copies, copies.c.item_id == items.c.id)
        .where(items.c.kind == ATTACHMENT, copies.c.incident_id == incident_id, copies.c.instance == instance)
    )
    return any(
        native_id == file.id
        or (native_id is None and (content["name"], content["size"]) == (file.name, file.size))
        for content, native_id in rows
    )
