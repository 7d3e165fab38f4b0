"""Linking of tickets that exist already, and the end of a link. Neither creates or deletes anything on a platform."""

from collections.abc import Sequence

from syncline import escalating, ledger
from syncline.connector import Record, marker_of
from syncline.errors import Configuration
from syncline.intake import hands
from syncline.intake.adoption import begin, not_understood
from syncline.model import Attachment, Incident, Remark
from syncline.reconcile import situations
from syncline.station import Endpoint, Station
from syncline.store import incidents, items, operations, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.timeline import Event


def link(station: Station, keys: Sequence[str], actor: str) -> str:
    """Keep records in agreement as one incident.

    The first one says how the incident stands; the others are brought in line with it, field by field, as their
    mappings allow.

    Args:
        station: At hand.
        keys: `instance/key` each; or an incident's id and then the records that join it.
        actor: Who asks.

    Raises:
        Configuration: a record does not exist, belongs to another incident, or its instance has one already.
    """
    first, rest = keys[0], keys[1:]
    joined = first if first.startswith("SL-") else None
    found = [_record(station, key) for key in (rest if joined else keys)]
    if not found or (joined is None and len(found) < 2):
        raise Configuration(
            "name at least two records as instance/key, or an incident and the records that join it"
        )
    incident_id = joined or station.ids.incident()
    talk = [(endpoint, record, *_said_on(endpoint, record)) for endpoint, record in found]

    def work(tx: Tx) -> str:
        _refuse_taken(tx, incident_id, found, actor)
        remaining = list(found)
        if joined is None:
            endpoint, record = remaining.pop(0)
            endpoint.meet(tx, record.parties)
            reading = endpoint.mapping.read(record.values, endpoint.directory)
            begin(
                tx,
                endpoint,
                Incident(incident_id, dict(reading.values)),
                record,
                unread=False,
                unsettled=not_understood(endpoint, reading),
            )
            first = Incident(incident_id, dict(reading.values))
            by = record.updated_by or actor
            hands.at_start(tx, station, endpoint, first, record.key, by, record.updated_at)
        elif not situations(tx, [incident_id]):
            raise Configuration(f"there is no incident {incident_id}")
        for endpoint, record in remaining:
            _join(tx, endpoint, incident_id, record)
        _answered(tx, incident_id, actor)
        _leave_where_it_is(tx, station, incident_id, talk)
        said = ", ".join(f"{e.name} {r.key}" for e, r in found)
        timeline.append(tx, incident_id, Event("linked", f"linked by hand: {said}", actor=actor))
        station.ledger.mark(tx, ledger.incident(incident_id), urgency=2)
        return incident_id

    return station.database.transact(work)


def _record(station: Station, key: str) -> tuple[Endpoint, Record]:
    name, _, bare = key.partition("/")
    endpoint = station.endpoints.get(name)
    if endpoint is None or not bare:
        raise Configuration(
            f"{key!r} is no record: write instance/key, with one of {', '.join(station.endpoints)}"
        )
    record = endpoint.connector.lookup(bare)
    if record is None:
        raise Configuration(f"{name} has no record {bare!r}")
    return endpoint, record


def _refuse_taken(tx: Tx, incident_id: str, found: Sequence[tuple[Endpoint, Record]], actor: str) -> None:
    names = [endpoint.name for endpoint, _ in found]
    if len(set(names)) != len(names):
        raise Configuration("an incident has one record on each instance; name each instance once")
    for endpoint, record in found:
        taken = incidents.links_to(tx, endpoint.name, [record.id]).get(record.id)
        if taken is not None and taken.unlinked_at is None and _gives_way(tx, taken, incident_id):
            incidents.unlink(tx, taken.incident_id)
            why = f"{endpoint.name} {record.key} belongs to incident {incident_id}"
            _end(tx, taken.incident_id, why)
            timeline.append(tx, taken.incident_id, Event("unlinked", why, endpoint.name, actor))
            incidents.forget_link(tx, taken)
        elif taken is not None and taken.unlinked_at is not None:
            incidents.forget_link(tx, taken)
        elif taken is not None:
            raise Configuration(
                f"{endpoint.name} {record.key} belongs to incident {taken.incident_id} already; `syncline unlink` it there first"
            )
        present = [
            li for li in incidents.links_of(tx, [incident_id])[incident_id] if li.instance == endpoint.name
        ]
        if present and present[0].unlinked_at is not None:
            incidents.forget_link(tx, present[0])
        elif present:
            raise Configuration(
                f"incident {incident_id} has {present[0].record_key} on {endpoint.name} already"
            )


def _gives_way(tx: Tx, taken: Link, incident_id: str) -> bool:
    """Whether an incident waits because its one record may be that with which the other began, and nothing was made of it."""
    waiting = timeline.waiting(tx, [taken.incident_id]).get(taken.incident_id, [])
    asked = any(incident_id in entry.data.get(timeline.ORPHANS, ()) for entry in waiting)
    alone = sum(li.live for li in incidents.links_of(tx, [taken.incident_id])[taken.incident_id]) == 1
    return asked and alone and not operations.unsettled(tx, [taken.incident_id])


def _end(tx: Tx, incident_id: str, why: str) -> None:
    incidents.end(tx, incident_id)
    escalating.end(tx, incident_id, why)
    for entry in timeline.waiting(tx, [incident_id]).get(incident_id, []):
        timeline.unpark(tx, entry.id, timeline.SYNCLINE, why)


def _answered(tx: Tx, incident_id: str, actor: str) -> None:
    """A ticket that exists is not created, and where the first one was found nothing else is in doubt."""
    linked = {li.instance for li in incidents.links_of(tx, [incident_id])[incident_id] if li.live}
    for entry in timeline.waiting(tx, [incident_id]).get(incident_id, []):
        asked = incident_id in entry.data.get(timeline.ORPHANS, ())
        if entry.kind == "create" and (asked or entry.instance in linked):
            timeline.unpark(tx, entry.id, actor, "linked by hand")


def _join(tx: Tx, endpoint: Endpoint, incident_id: str, record: Record) -> None:
    """A further record: what it says differently from the incident is written over, so it is put on record first."""
    endpoint.meet(tx, record.parties)
    reading = endpoint.mapping.read(record.values, endpoint.directory)
    incident = situations(tx, [incident_id])[0].kept.incident
    missing = {
        n: v for n, v in reading.values.items() if incident[n] in (None, "", ()) and v not in (None, "", ())
    }
    if missing:
        kept = situations(tx, [incident_id])[0].kept
        incidents.save(tx, incident.changed(missing), kept.origins)
        incident = incident.changed(missing)
    for name, value in reading.values.items():
        if (
            value != incident[name]
            and name in endpoint.mapping.rules
            and endpoint.mapping.rules[name].direction.writes(creating=False)
        ):
            text = f"{name}: {endpoint.name} {record.key} said {value!r} when it was linked; the incident's {incident[name]!r} stands"
            timeline.append(
                tx,
                incident_id,
                Event(
                    "conflict",
                    text,
                    endpoint.name,
                    record.updated_by or "somebody",
                    name,
                    {"loser": str(value)},
                ),
            )
    incidents.link(
        tx,
        incident_id,
        endpoint.name,
        record,
        reading.values,
        # Of an incident that was found without it, this is the ticket with which it began: its routes count from now on.
        origin=not any(li.origin for li in incidents.links_of(tx, [incident_id])[incident_id]),
        unsettled=not_understood(endpoint, reading),
    )


def _said_on(endpoint: Endpoint, record: Record) -> tuple[Sequence[Remark], Sequence[Attachment]]:
    connector = endpoint.connector
    files = connector.attachments(record.id) if endpoint.capabilities.attachments else ()
    return connector.remarks(record.id), files


def _leave_where_it_is(
    tx: Tx,
    station: Station,
    incident_id: str,
    talk: Sequence[tuple[Endpoint, Record, Sequence[Remark], Sequence[Attachment]]],
) -> None:
    """What was said before tickets are linked stays where it was said: people may have copied it by hand. A record that
    is made afterwards gets all of it."""
    for endpoint, _, remarks, files in talk:
        known = items.known(tx, endpoint.name, items.REMARK, [r.id for r in remarks])
        for remark in remarks:
            if remark.id not in known and marker_of(remark.body) is None:
                items.insert_remark(tx, station.ids.token(), incident_id, endpoint.name, remark)
        known = items.known(tx, endpoint.name, items.ATTACHMENT, [f.id for f in files])
        for file in files:
            if file.id not in known:
                items.insert_attachment(tx, station.ids.token(), incident_id, endpoint.name, file)
    linked = [li.instance for li in incidents.links_of(tx, [incident_id])[incident_id] if li.live]
    joined = {endpoint.name for endpoint, *_ in talk}
    for item in items.of_incident(tx, incident_id):
        for name in linked:
            if name != item.instance and item.instance and (name in joined or item.instance in joined):
                items.leave(tx, item, name, "it is older than the link")


def unlink(station: Station, key: str, instance: str | None, actor: str) -> str:
    """End the sync of an incident, or of its record on one instance.

    Raises:
        Configuration: there is no such incident, or it has no record there.
    """

    def work(tx: Tx) -> str:
        ids = [key] if incidents.find(tx, key) else [li.incident_id for li in incidents.link_by_key(tx, key)]
        if not ids:
            raise Configuration(f"no incident is called {key!r}, and none has a record of that key")
        incident_id = ids[0]
        gone = incidents.unlink(tx, incident_id, instance)
        if not gone:
            raise Configuration(f"incident {incident_id} has no record on {instance}")
        where = f"on {instance}" if instance else "on all instances"
        left = incidents.links_of(tx, [incident_id])[incident_id]
        if sum(li.live for li in left) < 2:
            _end(tx, incident_id, "its sync was ended")
            where += "; nothing keeps its tickets in agreement any more"
        timeline.append(
            tx,
            incident_id,
            Event("unlinked", f"unlinked {where}; the tickets themselves stay", instance, actor),
        )
        return incident_id

    return station.database.transact(work)
