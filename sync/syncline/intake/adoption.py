"""A record that no link knows: does it belong to an incident, does it begin one, or is it none of our business?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syncline import ledger
from syncline.configuration import BackfillKind, Route
from syncline.connector import Native, Record
from syncline.escalation.case import instant_of
from syncline.intake import hands
from syncline.intake.copying import spread
from syncline.mapping import Reading
from syncline.merge import Origin
from syncline.model import ENDED, Incident, Status
from syncline.station import Endpoint, Station
from syncline.store import incidents, instances, items, messages, operations, timeline
from syncline.store.database import Tx
from syncline.store.operations import Logged
from syncline.store.timeline import Event

AT_ONCE: Final = timedelta(seconds=1)
"""What changes so soon after a record's creation is its creation: some platforms count whole seconds."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """What became of a record that no link knew.

    Attributes:
        record_id: Which.
        incident_id: The incident that it belongs to now; None where it is none of our business.
        reason: Why.
    """

    record_id: str
    incident_id: str | None
    reason: str


def adopt(tx: Tx, station: Station, endpoint: Endpoint, record: Record, *, backfill: bool) -> Adoption:
    """Link a record that carries our marker, or begin an incident with one that a route takes."""
    if record.marker is not None:
        kept = incidents.find(tx, record.marker)
        if kept is not None and kept.unlinked_at is not None:
            return Adoption(record.id, None, f"the sync of incident {record.marker} was ended by a person")
        if kept is not None:
            present = [
                li
                for li in incidents.links_of(tx, [kept.incident.id])[kept.incident.id]
                if li.instance == endpoint.name
            ]
            if not present:
                return _found_by_marker(tx, station, endpoint, kept, record)
            reason = twin(tx, endpoint, kept.incident.id, present[0].record_key, record.key)
            return Adoption(record.id, None, reason)
        # The store is older than the record: it came from a backup. The marker is the incident's name all the same.
        adoption = _begin(tx, station, endpoint, record, record.marker, backfill=backfill)
        if adoption.incident_id is not None:
            timeline.append(tx, None, _older(endpoint, record))
        return adoption
    return _begin(tx, station, endpoint, record, station.ids.incident(), backfill=backfill)


def _older(endpoint: Endpoint, record: Record) -> Event:
    text = (
        f"{endpoint.name} {record.key} carries the marker {record.marker}, which this database does not know: another database made it, or "
        "this one went back together with its stamp, as with the snapshot of a whole machine. Then stop the daemon, and "
        "`syncline adopt --anyway` looks for what exists"
    )
    return Event("restored", text, endpoint.name, data={"marker": record.marker, "url": record.url})


def twin(tx: Tx, endpoint: Endpoint, incident_id: str, present: str, other: str) -> str:
    """We made two records for one incident: a person has to close one. It is neither kept in agreement nor taken for an
    incident of its own, which would make further records of it. The reason."""
    text = (
        f"{endpoint.name} has two tickets of ours for this incident: {present} and {other}, since a request that was taken for "
        f"lost took effect after all. {present} is kept in agreement; close {other} by hand, then `syncline park drop`"
    )
    standing = timeline.waiting(tx, [incident_id]).get(incident_id, [])
    timeline.park(
        tx, incident_id, "twin", text, instance=endpoint.name, data={"record": other}, standing=standing
    )
    return text


def _found_by_marker(
    tx: Tx, station: Station, endpoint: Endpoint, kept: incidents.Kept, record: Record
) -> Adoption:
    incident = kept.incident
    creates = operations.settle_creates(tx, incident.id, endpoint.name)
    create = creates[-1] if creates else None
    unread = seen_before(endpoint, record, instances.progress(tx, endpoint.name))
    link_created(tx, station, endpoint, incident.id, record, create, unread=unread)
    return Adoption(record.id, incident.id, "it carries our marker")


def link_created(
    tx: Tx,
    station: Station,
    endpoint: Endpoint,
    incident_id: str,
    record: Record,
    create: Logged | None,
    *,
    unread: bool = False,
) -> None:
    """Link a record that our `create` made; `unread` says whether remarks on it may have been passed over.

    What it did not take is written once more: a platform need take no status with a create. But what somebody has
    changed before we saw it is that person's edit.
    """
    kept = incidents.find(tx, incident_id)
    assert kept is not None
    fields = create.fields if create else {}
    payload = create.payload if create else {}
    mapping = endpoint.mapping
    reading = mapping.read(record.values, endpoint.directory)
    taken = {n: v for n, v in fields.items() if mapping.holds(n, v, record.values, endpoint.directory)}
    # What the platform filled by itself where the incident says nothing is nobody's edit, and is left alone.
    silent = {n: v for n, v in kept.incident.values.items() if v in (None, "", ()) and n not in fields}
    touched = endpoint.capabilities.creates_whole or _touched(record)
    edited = _edited(endpoint, record, reading, payload) - set(taken) if touched else set()
    # Who edited it saw what we had sent, and a status in which a record begins.
    known = {"status": Status.NEW, **fields}
    base = {n: known.get(n, kept.incident[n]) for n in edited}
    natives = {native for n in edited for native in mapping.natives_of(n)}
    incidents.link(
        tx,
        incident_id,
        endpoint.name,
        record,
        {**reading.values, **silent, **taken, **base},
        origin=False,
        unread=unread,
        unsettled=frozenset(natives),
        agreed={n: payload[n] for n in natives if n in payload},
    )
    filled = {
        n
        for n, v in reading.values.items()
        if v not in (None, "", ()) and n not in fields and n not in edited
    }
    # Somebody may be there in the moment of its creation, and that is no sign of what a platform does on its own.
    changed = _touched(record) or record.updated_at > record.created_at
    if create is not None and changed and any(kept.incident[n] in (None, "", ()) for n in filled):
        # Or somebody has added it: the history tells, for which the record is read once more.
        operations.owe_history(tx, create.id, record.created_at)
        incidents.update_link(tx, incident_id, endpoint.name, stale=True)
    for item in items.of_incident(tx, incident_id):
        spread(tx, station, item, [endpoint.name])
    if endpoint.capabilities.pages:
        # A page that waited for a record leaves at once.
        for message_id in messages.waiting_for(tx, incident_id, endpoint.name):
            station.ledger.mark(tx, ledger.message(message_id), urgency=1)
    timeline.append(
        tx,
        incident_id,
        Event(
            "linked",
            f"{endpoint.name} {record.key} is its record on {endpoint.title}",
            endpoint.name,
            data={"url": record.url},
        ),
    )


def _touched(record: Record) -> bool:
    """Whether anybody but us has changed a record that we created: we have written to it once."""
    by_another = record.updated_by is not None and not record.own
    return by_another or record.updated_at - record.created_at > AT_ONCE


def _edited(endpoint: Endpoint, record: Record, reading: Reading, payload: Mapping[str, Native]) -> set[str]:
    """The common fields that somebody has changed: natives that differ from what we sent; and a status in which no record
    begins, since the status is not sent with a create."""
    found = set()
    for name, rule in endpoint.mapping.rules.items():
        natives = endpoint.mapping.natives_of(name)
        if name not in reading.values or not rule.direction.reads:
            continue
        if name == "status" and not natives & set(payload):
            changed = reading.values[name] != Status.NEW
        else:
            changed = any(n in payload and payload[n] != record.values.get(n) for n in natives)
        if changed:
            found.add(name)
    return found


def why_not(
    station: Station,
    endpoint: Endpoint,
    incident: Incident,
    record: Record,
    started_at: datetime | None,
    *,
    backfill: bool,
) -> tuple[Route | None, str]:
    """The route that takes a record up, or why none does."""
    routes = [r for r in station.configuration.routes if endpoint.name in r.sources]
    if not routes:
        return None, f"no route begins on {endpoint.name}"
    missed: list[str] = []
    for route in routes:
        if not route.takes(endpoint.name, incident):
            unmet = [c for c in route.when if not c.holds(incident)]
            said = "; ".join(
                f"{c.field} is {incident[c.field]!r}, not one of {', '.join(map(repr, c.values))}"
                for c in unmet
            )
            missed.append(f"route {route.name}: {said}")
            continue
        if backfill or started_at is None or record.created_at >= started_at:
            return route, f"route {route.name} takes it"
        kind, since = route.backfill.kind, route.backfill.since
        if kind is BackfillKind.OPEN and incident.status not in ENDED:
            return route, f"route {route.name} takes up what was open at the first start"
        if kind is BackfillKind.SINCE and since is not None and record.updated_at >= since:
            return route, f"route {route.name} takes up what changed since {since:%Y-%m-%d}"
        missed.append(
            f"route {route.name}: it was made before the first start of {endpoint.name}; "
            f"`syncline backfill {endpoint.name} --since DATE` or the route's `backfill:` takes such tickets up"
        )
    return None, "; ".join(missed)


def _begin(
    tx: Tx, station: Station, endpoint: Endpoint, record: Record, incident_id: str, *, backfill: bool
) -> Adoption:
    reading = endpoint.mapping.read(record.values, endpoint.directory)
    incident = Incident(incident_id, dict(reading.values))
    progress = instances.progress(tx, endpoint.name)
    started_at = progress.started_at if progress else None
    route, reason = why_not(station, endpoint, incident, record, started_at, backfill=backfill)
    if route is None:
        return Adoption(record.id, None, reason)
    unread = seen_before(endpoint, record, progress)
    begin(tx, endpoint, incident, record, unread=unread, unsettled=not_understood(endpoint, reading))
    timeline.append(
        tx,
        incident_id,
        Event(
            "began",
            f"{endpoint.name} {record.key}: {reason}; it goes to {', '.join(route.targets)}",
            endpoint.name,
            record.updated_by or "somebody",
            data={"route": route.name, "url": record.url},
        ),
    )
    _ask_whether_found(tx, station, endpoint, incident_id, record)
    actor = record.updated_by or "somebody"
    hands.at_start(tx, station, endpoint, incident, record.key, actor, record.updated_at)
    return Adoption(record.id, incident_id, reason)


def _ask_whether_found(
    tx: Tx, station: Station, endpoint: Endpoint, incident_id: str, record: Record
) -> None:
    """A record that is no younger than tickets of ours of which the first was not found may be that first one. What was
    made of it would be made twice: a person says."""
    at = endpoint.by_our_clock(record.created_at)
    asking = timeline.lost_origins(tx, endpoint.name)
    lost = [p.incident_id for p in asking if p.incident_id and at <= datetime.fromisoformat(p.data["before"])]
    if not lost:
        return
    links = incidents.links_of(tx, lost)
    found = {i: ", ".join(f"{li.instance} {li.record_key}" for li in links[i] if li.live) for i in lost}
    theirs = " or ".join(f"incident {i} ({keys})" for i, keys in found.items())
    commands = " or ".join(f"`syncline link {i} {endpoint.name}/{record.key}`" for i in lost)
    for name in station.tied(endpoint.name):
        timeline.park(
            tx,
            incident_id,
            "create",
            f"{name}: {endpoint.name} {record.key} may be the ticket with which {theirs} began, which was not found when the database was "
            f"adopted; then say {commands}. If it is another incident, `syncline park retry` makes its ticket",
            instance=name,
            data={timeline.ORPHANS: lost},
        )


def seen_before(endpoint: Endpoint, record: Record, progress: instances.Progress | None) -> bool:
    """Whether a poll may have passed over the record, and what was said on it: it was made before the last one."""
    if progress is None:
        return True
    last = progress.polled_at or progress.started_at
    return record.created_at <= last + timedelta(seconds=(endpoint.http.clock_skew() or 0.0) + 2.0)


def begin(
    tx: Tx, endpoint: Endpoint, incident: Incident, record: Record, *, unread: bool, unsettled: frozenset[str]
) -> None:
    """An incident whose first record is that one."""
    opened_at, at = instant_of(incident["opened_at"]), record.updated_at
    incidents.insert(
        tx,
        incident,
        Origin(endpoint.name, record.updated_by or "somebody", endpoint.by_our_clock(at), at),
        # By our clock now: after a restart nobody knows how wrong the platform's is, until it answers.
        None if opened_at is None else endpoint.by_our_clock(opened_at),
    )
    incidents.link(
        tx,
        incident.id,
        endpoint.name,
        record,
        incident.values,
        origin=True,
        unread=unread,
        unsettled=unsettled,
    )


def not_understood(endpoint: Endpoint, reading: Reading) -> frozenset[str]:
    """The native fields whose values nobody could read: no shadow is kept of them, so that they are read again."""
    return frozenset(
        native for entry in reading.unmapped for native in endpoint.mapping.natives_of(entry.field)
    )
