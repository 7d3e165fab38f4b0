"""Incidents and their links, as rows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from syncline.connector import Native, Record
from syncline.merge import Candidate, Origin, View
from syncline.model import Incident, Value, json_value, value_from_json
from syncline.store.database import Among, Tx
from syncline.store.schema import incidents, links

_NAMING: Final = 200
"""Characters of a value by which incidents are looked for."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An incident as the store keeps it.

    Attributes:
        incident: Its values.
        origins: Where each value came from.
        created_at: When we first knew of it.
        changed_at: When a value last changed.
        unlinked_at: When a person ended the sync of it.
    """

    incident: Incident
    origins: Mapping[str, Origin]
    created_at: datetime
    changed_at: datetime
    unlinked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """That a record belongs to an incident. See `links` in the schema for the columns."""

    incident_id: str
    instance: str
    record_id: str
    record_key: str
    url: str
    shadow: Mapping[str, Native]
    settled: Mapping[str, Value]
    seen: Mapping[str, Native]
    revision: int
    seen_at: datetime
    seen_by: str | None
    stale: bool
    unread: bool
    recovered: Sequence[Mapping[str, Any]]
    withheld: Mapping[str, str]
    referenced: str
    missing_since: datetime | None
    gone_at: datetime | None
    linked_at: datetime
    origin: bool
    own: bool = False
    unlinked_at: datetime | None = None

    @property
    def live(self) -> bool:
        """Whether its record exists and is kept in agreement."""
        return self.gone_at is None and self.unlinked_at is None

    def view(self) -> View:
        """The link as the merge sees it."""
        return View(self.instance, self.shadow, self.settled, self.seen, self.seen_at, self.seen_by, self.own)

    def candidates(self) -> list[Candidate]:
        """What the shadow cannot show and waits to be merged: edits that our own writes overwrote, values that the
        platform derived from them, and what was found otherwise: when an old database was adopted, or where the platform took
        back with our write what that said nothing of."""
        return [
            Candidate(
                entry["field"],
                value_from_json(entry["value"]),
                value_from_json(entry["base"]),
                Origin(self.instance, entry["actor"], datetime.fromisoformat(entry["at"])),
                recovered=not entry.get("derived", False) and not entry.get("found", False),
                automatic=bool(entry.get("derived", False) or entry.get("automatic", False)),
                unsure=bool(entry.get("unsure", False)),
            )
            for entry in self.recovered
        ]


def _origins(raw: Mapping[str, Sequence[Any]]) -> dict[str, Origin]:
    return {name: _origin(one) for name, one in raw.items()}


def _origin(raw: Sequence[Any]) -> Origin:
    instance, actor, *rest = raw
    at, there, *_ = [*(datetime.fromisoformat(time) for time in rest if isinstance(time, str)), None]
    assert at is not None
    return Origin(instance, actor, at, there, tuple(_origin(one) for one in rest if isinstance(one, list)))


def _raw_origins(origins: Mapping[str, Origin]) -> dict[str, list[Any]]:
    return {name: _raw_origin(one) for name, one in origins.items()}


def _raw_origin(one: Origin) -> list[Any]:
    times = [at.isoformat() for at in (one.at, one.there) if at is not None]
    return [one.instance, one.actor, *times, *(_raw_origin(other) for other in one.beside)]


def _kept(row: sa.Row[*tuple[Any, ...]]) -> Kept:
    return Kept(
        Incident(row.id, row.values), _origins(row.origins), row.created_at, row.changed_at, row.unlinked_at
    )


# Statements are made once: to build one costs more than to run it.
_ALL_LINKS = list(links.columns)
LIVE = links.c.gone_at.is_(None) & links.c.unlinked_at.is_(None)
_SELECT_KEPT = sa.select(
    incidents.c.id,
    incidents.c["values"].label("values"),
    incidents.c.origins,
    incidents.c.created_at,
    incidents.c.changed_at,
    incidents.c.unlinked_at,
)


_LOAD = Among(_SELECT_KEPT, incidents.c.id)


def find(tx: Tx, incident_id: str) -> Kept | None:
    """The incident with that id."""
    return load(tx, [incident_id]).get(incident_id)


def load(tx: Tx, incident_ids: Sequence[str]) -> dict[str, Kept]:
    """Those incidents, by id."""
    rows = _LOAD.rows(tx, incident_ids)
    return {row[0]: Kept(Incident(row[0], row[1]), _origins(row[2]), row[3], row[4], row[5]) for row in rows}


_LINKS_OF = Among(sa.select(*_ALL_LINKS).order_by(links.c.linked_at, links.c.instance), links.c.incident_id)


def links_of(tx: Tx, incident_ids: Sequence[str]) -> dict[str, list[Link]]:
    """The links of those incidents, by incident, in the order in which they were made."""
    found: dict[str, list[Link]] = {incident_id: [] for incident_id in incident_ids}
    for row in _LINKS_OF.rows(tx, incident_ids):
        found[row.incident_id].append(_link(row))
    return found


_LINK_OF = sa.select(*_ALL_LINKS).where(
    links.c.incident_id == sa.bindparam("of_incident"), links.c.instance == sa.bindparam("on")
)


def link_of(tx: Tx, incident_id: str, instance: str) -> Link | None:
    """The link of that incident on that instance."""
    row = tx.execute(_LINK_OF, {"of_incident": incident_id, "on": instance}).first()
    return None if row is None else _link(row)


_LINKS_TO = Among(sa.select(*_ALL_LINKS).where(links.c.instance == sa.bindparam("on")), links.c.record_id)


def links_to(tx: Tx, instance: str, record_ids: Iterable[str]) -> dict[str, Link]:
    """The links to those records of one instance, by record id."""
    rows = _LINKS_TO.rows(tx, list(record_ids), on=instance)
    return {row.record_id: _link(row) for row in rows}


def link_by_key(tx: Tx, key: str) -> list[Link]:
    """The links to records that people call by that key or id, on whatever instance."""
    rows = tx.execute(
        sa.select(*_ALL_LINKS).where(sa.or_(links.c.record_key == key, links.c.record_id == key))
    )
    return [_link(row) for row in rows]


def next_links(tx: Tx, instance: str, after: str, count: int) -> list[Link]:
    """The next links of an instance in the order of their incidents, for the sweep; none that are gone."""
    rows = tx.execute(
        sa.select(*_ALL_LINKS)
        .where(links.c.instance == instance, links.c.incident_id > after, LIVE)
        .order_by(links.c.incident_id)
        .limit(count)
    )
    return [_link(row) for row in rows]


def _link(row: sa.Row[*tuple[Any, ...]]) -> Link:
    return Link(*row)


def insert(tx: Tx, incident: Incident, origin: Origin, opened_at: datetime | None = None) -> None:
    """A new incident, all of whose values came from `origin`; it was opened at `opened_at` by our own clock, where that
    differs."""
    origins = dict.fromkeys(incident.values, origin)
    if opened_at is not None and "opened_at" in origins:
        origins["opened_at"] = replace(origin, at=opened_at, there=None)
    tx.execute(
        sa.insert(incidents).values(
            id=incident.id,
            values=_json(incident.values),
            origins=_raw_origins(origins),
            created_at=tx.now,
            changed_at=tx.now,
        )
    )


_SAVE = sa.update(incidents).where(incidents.c.id == sa.bindparam("of_id"))


def credit(tx: Tx, incident_id: str, origins: Mapping[str, Origin]) -> None:
    """Somebody gave it values that it had already."""
    tx.execute(_SAVE, {"of_id": incident_id, "origins": _raw_origins(origins)})


def save(tx: Tx, incident: Incident, origins: Mapping[str, Origin]) -> None:
    """The incident's new values."""
    tx.execute(
        _SAVE,
        {
            "of_id": incident.id,
            "values": _json(incident.values),
            "origins": _raw_origins(origins),
            "changed_at": tx.now,
        },
    )


def clock_went_back(tx: Tx, seconds: float) -> None:
    """The wall clock was set back by so much: no incident was taken up at a time that is yet to come."""
    moved = round(seconds * 1_000_000)
    tx.execute(
        sa.update(incidents)
        .where(incidents.c.created_at > tx.now)
        .values(created_at=sa.type_coerce(incidents.c.created_at, sa.BigInteger) - moved)
    )


def known_since(tx: Tx, since: datetime, naming: str | None = None) -> list[Incident]:
    """The incidents that we first knew of since then; all that were opened since are among them.

    Args:
        tx: The transaction.
        since: Since when.
        naming: All that have this value in some field are among them, and few others; None: all.
    """
    found = (
        sa.select(incidents.c.id, incidents.c["values"])
        .where(incidents.c.created_at >= since, incidents.c.unlinked_at.is_(None))
        .order_by(incidents.c.created_at, incidents.c.id)
    )
    if naming is not None:
        # As it stands in the JSON text: no database need understand it, whatever is in there.
        written = json.dumps(naming)[1:-1][:_NAMING]
        found = found.where(sa.cast(incidents.c["values"], sa.Text).contains(written, autoescape=True))
    return [Incident(row.id, row.values) for row in tx.execute(found)]


def end(tx: Tx, incident_id: str) -> None:
    """Sync of it has ended by a person's wish; its timeline stays."""
    tx.execute(sa.update(incidents).where(incidents.c.id == incident_id).values(unlinked_at=tx.now))


def link(
    tx: Tx,
    incident_id: str,
    instance: str,
    record: Record,
    settled: Mapping[str, Value],
    *,
    origin: bool,
    unread: bool = False,
    unsettled: frozenset[str] = frozenset(),
    agreed: Mapping[str, Native] = MappingProxyType({}),
) -> None:
    """That record belongs to that incident. What it says now is agreed upon, but for the native fields in `unsettled`: of
    these, what `agreed` says."""
    values = _json(record.values)
    tx.execute(
        sa.insert(links).values(
            incident_id=incident_id,
            instance=instance,
            record_id=record.id,
            record_key=record.key,
            url=record.url,
            shadow={n: v for n, v in values.items() if n not in unsettled} | _json(agreed),
            settled=_json(settled),
            seen=values,
            revision=record.revision,
            seen_at=record.updated_at,
            seen_by=record.updated_by,
            own=record.own,
            stale=False,
            unread=unread,
            recovered=[],
            withheld={},
            referenced="",
            linked_at=tx.now,
            origin=origin,
        )
    )


def unlink(tx: Tx, incident_id: str, instance: str | None = None) -> int:
    """Records are no longer kept in agreement; how many were. The rows stay, so that no poll takes them up again."""
    where = [links.c.incident_id == incident_id, links.c.unlinked_at.is_(None)]
    if instance is not None:
        where.append(links.c.instance == instance)
    return tx.execute(sa.update(links).where(*where).values(unlinked_at=tx.now)).rowcount


def forget_link(tx: Tx, ended: Link) -> None:
    """Drop an ended link, so that its record can be linked anew."""
    tx.execute(
        sa.delete(links).where(links.c.incident_id == ended.incident_id, links.c.instance == ended.instance)
    )


_UPDATE_LINK = sa.update(links).where(
    links.c.incident_id == sa.bindparam("of_incident"), links.c.instance == sa.bindparam("of_instance")
)


def update_link(tx: Tx, incident_id: str, instance: str, **columns: Any) -> None:
    """Set columns of a link; mappings and sequences are kept as JSON."""
    for name in ("shadow", "settled", "seen"):
        if name in columns:
            columns[name] = _json(columns[name])
    tx.execute(_UPDATE_LINK, {"of_incident": incident_id, "of_instance": instance, **columns})


def sight(record: Record) -> dict[str, Any]:
    """The columns of a link that say what its record looks like now."""
    return {
        "record_key": record.key,
        "url": record.url,
        "seen": _json(record.values),
        "revision": record.revision,
        "seen_at": record.updated_at,
        "seen_by": record.updated_by,
        "own": record.own,
        "stale": False,
        "missing_since": None,
    }


def see(tx: Tx, seen: Sequence[tuple[Link, Record]]) -> None:
    """What those links' records look like now."""
    if seen:
        tx.execute(
            _UPDATE_LINK,
            [
                {"of_incident": old.incident_id, "of_instance": old.instance, **sight(record)}
                for old, record in seen
            ],
        )


def _json(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: json_value(value) for name, value in values.items()}


def listed(tx: Tx, limit: int = 50) -> list[Kept]:
    """The incidents that changed last."""
    return [
        _kept(row) for row in tx.execute(_SELECT_KEPT.order_by(incidents.c.changed_at.desc()).limit(limit))
    ]


def counts(tx: Tx) -> tuple[int, dict[str, int]]:
    """How many incidents there are, and how many linked records of each instance."""
    total = tx.execute(sa.select(sa.func.count()).select_from(incidents)).scalar_one()
    rows = tx.execute(sa.select(links.c.instance, sa.func.count()).group_by(links.c.instance))
    return total, {instance: count for instance, count in rows}


def incident_ids(tx: Tx, instance: str) -> list[str]:
    """The incidents that have a record on that instance."""
    rows = tx.execute(sa.select(links.c.incident_id).where(links.c.instance == instance, LIVE))
    return [row[0] for row in rows]


def remap(tx: Tx, instance: str, *, reread: bool) -> None:
    """A new mapping of that instance: what could not be said there before is tried again. With `reread`, because the
    mapping asks for fields that were never read, so is every record."""
    rows = tx.execute(
        sa.select(links.c.incident_id, links.c.settled, links.c.withheld).where(links.c.instance == instance)
    )
    for incident_id, settled, withheld in rows.all():
        if withheld:
            kept = {name: value for name, value in settled.items() if name not in withheld}
            update_link(tx, incident_id, instance, settled=kept, withheld={})
    if reread:
        tx.execute(sa.update(links).where(links.c.instance == instance, LIVE).values(stale=True))
