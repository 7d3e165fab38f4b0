"""The published versions of configuration: what the daemon runs. Files are drafts until they are published."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from syncline.store.database import Tx
from syncline.store.schema import published


@dataclass(frozen=True, slots=True)
class Version:
    """One published version.

    Attributes:
        id: Grows with each publication, of whatever name.
        name: `mapping:<instance>`, or `escalation`.
        digest: SHA-256 of the text, first twelve characters.
        text: As published.
        author: Who published it.
        at: When.
        note: Why, or what it was made from.
    """

    id: int
    name: str
    digest: str
    text: str
    author: str
    at: datetime
    note: str


def digest(text: str) -> str:
    """What a version is called by."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def publish(tx: Tx, name: str, text: str, author: str, note: str = "") -> Version:
    """Make that text the version that runs."""
    version = Version(0, name, digest(text), text, author, tx.now, note)
    tx.execute(
        sa.insert(published).values(
            name=name, digest=version.digest, text=text, author=author, at=tx.now, note=note
        )
    )
    return version


def current(tx: Tx, name: str) -> Version | None:
    """The version that runs."""
    versions = history(tx, name, 1)
    return versions[0] if versions else None


def first_at(tx: Tx, name: str) -> datetime | None:
    """When the first version of all was published; None: there is none."""
    return tx.execute(sa.select(sa.func.min(published.c.at)).where(published.c.name == name)).scalar()


def clock_went_back(tx: Tx, seconds: float) -> None:
    """The wall clock was set back by so much: nothing was published at a time that is yet to come."""
    moved = timedelta(seconds=seconds)
    ahead = tx.execute(sa.select(published.c.id, published.c.at).where(published.c.at > tx.now)).all()
    for version_id, at in ahead:
        tx.execute(
            sa.update(published).where(published.c.id == version_id).values(at=min(at - moved, tx.now))
        )


def history(tx: Tx, name: str, limit: int = 100) -> list[Version]:
    """All versions, newest first."""
    rows = tx.execute(
        sa.select(published).where(published.c.name == name).order_by(published.c.id.desc()).limit(limit)
    )
    return [Version(*row) for row in rows]


def of_digests(tx: Tx, name: str, digests: Iterable[str]) -> list[Version]:
    """The newest version of each of those texts."""
    rows = tx.execute(
        sa.select(published)
        .where(published.c.name == name, published.c.digest.in_(sorted(digests)))
        .order_by(published.c.id)
    )
    return list({row.digest: Version(*row) for row in rows}.values())


_NEWEST = sa.select(sa.func.max(published.c.id))


def newest(tx: Tx) -> int:
    """The id of the newest publication of all; 0 where there is none. Grows whenever anything is published."""
    return tx.execute(_NEWEST).scalar() or 0
