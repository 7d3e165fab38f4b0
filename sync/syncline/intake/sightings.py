"""Takes in what a look at an instance brought: in one transaction for the whole page.

A row that shows what we know already, such as the echo of our own write, costs a comparison and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from syncline import ledger
from syncline.connector import HistoryKind, Record, Sighting
from syncline.intake.adoption import Adoption, adopt
from syncline.intake.copying import take_items
from syncline.intake.recovery import recover, recover_from_past
from syncline.station import Endpoint, Station
from syncline.store import incidents, operations, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.operations import State
from syncline.store.timeline import Event


@dataclass(slots=True)
class Taken:
    """What came of it.

    Attributes:
        changed: Links whose record looks different from what was last seen.
        adopted: Incidents that began, or records that were linked, with their reasons.
        remarks: Remarks and files that are new.
        dirty: Incidents to be reconciled.
    """

    changed: list[Link] = field(default_factory=list)
    adopted: list[Adoption] = field(default_factory=list)
    remarks: int = 0
    dirty: set[str] = field(default_factory=set)


def take_in(
    tx: Tx,
    station: Station,
    endpoint: Endpoint,
    sightings: Sequence[Sighting],
    *,
    backfill: bool = False,
    listed: bool = False,
) -> Taken:
    """Store what was seen, and mark the incidents that must be looked at.

    Args:
        tx: The transaction, in which a poll saves its cursor too.
        station: At hand.
        endpoint: Where it was seen.
        sightings: What was seen.
        backfill: Whether records that existed before the first start may begin an incident.
        listed: Whether they come from a list, which may lag behind our own writes.
    """
    taken = Taken()
    endpoint.meet(tx, (party for s in sightings if s.record for party in s.record.parties))
    links = incidents.links_to(tx, endpoint.name, {s.record_id for s in sightings})
    for sighting in sightings:
        if sighting.record_id in links or sighting.record is None:
            continue
        adoption = adopt(tx, station, endpoint, sighting.record, backfill=backfill)
        taken.adopted.append(adoption)
        if adoption.incident_id is not None:
            taken.dirty.add(adoption.incident_id)
            links.update(incidents.links_to(tx, endpoint.name, [sighting.record_id]))
    echoes = _records(tx, taken, endpoint, links, sightings, listed=listed)
    _haunted(tx, taken, endpoint, echoes)
    _audit(tx, taken, endpoint, links, sightings)
    news = take_items(tx, station, endpoint, links, sightings)
    taken.remarks += len(news)
    taken.dirty.update(news)
    urgency: dict[int, list[str]] = {}
    for kept in incidents.load(tx, sorted(taken.dirty)).values():
        urgency.setdefault(kept.incident.priority or ledger.ORDINARY, []).append(kept.incident.id)
    for level, ids in urgency.items():
        station.ledger.mark_all(tx, [ledger.incident(i) for i in ids], urgency=level)
    return taken


def _records(
    tx: Tx,
    taken: Taken,
    endpoint: Endpoint,
    links: dict[str, Link],
    sightings: Sequence[Sighting],
    *,
    listed: bool,
) -> Sequence[str]:
    """Store what the records look like; the incidents whose record our own account wrote without changing anything."""
    echoes: list[str] = []
    fresh: dict[str, tuple[Link, Record]] = {}
    for sighting in sightings:
        link, record = links.get(sighting.record_id), sighting.record
        if link is None or record is None or link.unlinked_at is not None:
            continue
        if record.revision < link.revision or (listed and link.stale):
            if _behind(tx, endpoint, link, sighting, record):
                taken.dirty.add(link.incident_id)
            continue
        if listed and link.own and record.revision == link.revision and record.values != link.seen:
            # Where revisions are whole seconds, the row may be from before our write of its second: a direct read tells.
            recover_from_past(tx, endpoint, link, sighting)
            incidents.update_link(tx, link.incident_id, link.instance, stale=True)
            taken.dirty.add(link.incident_id)
            continue
        if link.incident_id in fresh and record.revision < fresh[link.incident_id][1].revision:
            continue  # a page may bring a record twice
        if link.gone_at is not None:
            incidents.update_link(tx, link.incident_id, link.instance, gone_at=None)
            timeline.append(
                tx,
                link.incident_id,
                Event(
                    "back",
                    f"{link.instance} {record.key} exists again; it is kept in agreement again",
                    link.instance,
                ),
            )
        changed = record.values != link.seen
        if changed or link.stale or link.gone_at is not None:
            taken.dirty.add(link.incident_id)
        if changed:
            taken.changed.append(link)
        elif record.own and record.revision != link.revision:
            echoes.append(link.incident_id)
        if (
            changed
            or link.stale
            or link.missing_since
            or record.revision != link.revision
            or record.key != link.record_key
        ):
            fresh[link.incident_id] = (link, record)
    incidents.see(tx, list(fresh.values()))
    return echoes


def _behind(tx: Tx, endpoint: Endpoint, link: Link, sighting: Sighting, record: Record) -> bool:
    """A state from before what we know, which must not look like a revert; whether it is a reason to look all the same.

    A lagging index shows what was before the last look. And while our own write's result is not read, a row of a list, however
    new, may show what was before that: only a direct read does not.
    """
    if record.revision < link.revision:
        return recover_from_past(tx, endpoint, link, sighting)
    return record.revision != link.revision


def _haunted(tx: Tx, taken: Taken, endpoint: Endpoint, echoes: Sequence[str]) -> None:
    """A write that was taken for lost may have landed after all, and have overwritten an edit that nobody saw."""
    if echoes and endpoint.capabilities.history is HistoryKind.READ:
        for (incident_id, instance), writes in operations.unaudited(tx, echoes).items():
            if instance == endpoint.name and any(logged.state is State.VOID for logged in writes):
                taken.dirty.add(incident_id)


def _audit(
    tx: Tx, taken: Taken, endpoint: Endpoint, links: dict[str, Link], sightings: Sequence[Sighting]
) -> None:
    with_history = {
        links[s.record_id].incident_id: (links[s.record_id], s)
        for s in sightings
        if s.edits and s.record_id in links and links[s.record_id].live
    }
    if not with_history:
        return
    for (incident_id, instance), writes in operations.unaudited(tx, list(with_history)).items():
        if instance != endpoint.name:
            continue
        link, sighting = with_history[incident_id]
        if recover(tx, endpoint, link, writes, sighting.edits or ()):
            taken.dirty.add(incident_id)
