"""Answers the question that nobody else answers: what happened to this incident, and why is it as it is?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from syncline.application.escalations import Escalation, Stored, escalation_of, stored
from syncline.errors import SynclineError
from syncline.intake.adoption import why_not
from syncline.model import Incident
from syncline.reconcile import Situation, situations
from syncline.station import Endpoint, Station
from syncline.store import incidents, instances, items, timeline
from syncline.store.database import Tx
from syncline.store.items import Item
from syncline.store.timeline import Event


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of one incident.

    Attributes:
        situation: The incident, its links, its open writes and what is parked.
        agreement: By instance, common fields that its record does not yet agree on.
        items: Remarks and attachments.
        events: The timeline, oldest first.
        targets: The instances that its routes demand.
        escalation: How escalation stands; None: no policy is in force.
    """

    situation: Situation
    agreement: dict[str, tuple[str, ...]]
    items: Sequence[Item]
    events: Sequence[Event]
    targets: Sequence[str]
    escalation: Escalation | None = None


@dataclass(frozen=True, slots=True)
class Unsynced:
    """Why a record belongs to no incident.

    Attributes:
        instance: Where it is.
        key: What people call it.
        url: Where it is opened.
        reason: Why it is not kept in agreement.
    """

    instance: str
    key: str
    url: str
    reason: str


def named(tx: Tx, key: str) -> list[str]:
    """The incidents that people may mean by a key: its own id, or the key or id of one of its records."""
    if incidents.find(tx, key) is not None:
        return [key]
    found = incidents.link_by_key(tx, key)
    return list(dict.fromkeys(link.incident_id for link in found))


def explain(tx: Tx, station: Station, incident_id: str) -> Explanation:
    """What happened to an incident, and how it stands."""
    situation = situations(tx, [incident_id])[0]
    agreement: dict[str, tuple[str, ...]] = {}
    incident = situation.kept.incident
    for link in situation.live:
        endpoint = station.endpoints.get(link.instance)
        if endpoint is not None:
            agreement[link.instance] = tuple(
                name
                for name, rule in endpoint.mapping.rules.items()
                if rule.direction.writes(creating=False)
                and name in incident.values
                and (name not in link.settled or link.settled[name] != incident[name])
            )
    return Explanation(
        situation,
        agreement,
        items.of_incident(tx, incident_id),
        timeline.of(tx, incident_id),
        station.targets(situation.source, incident) if situation.links else (),
    )


def explained(station: Station, key: str) -> list[Explanation]:
    """What happened to the incidents that a key may mean, and how their escalation stands."""

    def read(tx: Tx) -> list[tuple[Explanation, Stored | None]]:
        found = [explain(tx, station, incident_id) for incident_id in named(tx, key)]
        return [(one, stored(tx, station, one.situation)) for one in found]

    return [
        replace(one, escalation=escalation_of(known)) if known is not None else one
        for one, known in station.database.transact(read)
    ]


def unsynced(station: Station, endpoint: Endpoint, key: str) -> Unsynced | None:
    """Why a record that the platform has belongs to no incident; None where it has no such record.

    Raises:
        SynclineError: the instance could not be asked.
    """
    record = endpoint.connector.lookup(key)
    if record is None:
        return None
    directory = endpoint.directory.including(record.parties)
    incident = Incident("", endpoint.mapping.read(record.values, directory).values)
    progress = station.database.transact(lambda tx: instances.progress(tx, endpoint.name))
    started = progress.started_at if progress else None
    marked = record.marker
    if marked is not None and station.database.transact(lambda tx: incidents.find(tx, marked)) is not None:
        reason = f"it is a second ticket of ours for incident {marked}, or its sync was ended: `syncline explain {marked}`"
        return Unsynced(endpoint.name, record.key, record.url, reason)
    route, reason = why_not(station, endpoint, incident, record, started, backfill=False)
    if route is not None:
        reason += "; it has not been seen yet: the next poll takes it up"
        if progress is None:
            reason = f"{endpoint.name} has never been polled: start the daemon with `syncline run`"
    return Unsynced(endpoint.name, record.key, record.url, reason)


def unsynced_anywhere(station: Station, key: str) -> tuple[list[Unsynced], list[str]]:
    """Records of that key on all instances, and what could not be asked."""
    found: list[Unsynced] = []
    faults: list[str] = []
    for endpoint in station.endpoints.values():
        try:
            one = unsynced(station, endpoint, key)
        except SynclineError as error:
            faults.append(str(error))
            continue
        if one is not None:
            found.append(one)
    return found, faults
