"""What a person does with something that waits: try it again, or give it up."""

from syncline import ledger
from syncline.connector import Record
from syncline.errors import Configuration
from syncline.ledger import Item, Kind
from syncline.model import value_from_json
from syncline.reconcile import Situation, merged_views, situations
from syncline.station import Station
from syncline.store import incidents, items, timeline
from syncline.store.database import Tx
from syncline.store.timeline import Event, Parked

DECIDED = ("conflict", "reopen")
"""Kinds that hold a field back on all sides until a person decides."""


def retry(tx: Tx, station: Station, parked: Parked, actor: str, take: str | None) -> str:
    """Let it go on. Of a conflict the latest edit is taken, or that of the instance `take`."""
    if parked.kind in DECIDED and parked.incident_id is not None and parked.field is not None:
        said = _take(tx, station, parked, actor, take)
    else:
        said = "it is tried again"
        if parked.item_id is not None and parked.instance is not None:
            items.release(tx, parked.item_id, parked.instance)
        if parked.kind == "work":
            item = Item(Kind(parked.data["kind"]), parked.data["key"], parked.data["lane"])
            station.ledger.mark(tx, item)
    _end(tx, station, parked, actor, f"retry: {said}")
    return said


def drop(tx: Tx, station: Station, parked: Parked, actor: str) -> str:
    """Give it up. Of a conflict the present value stays, and is written to the sides that said otherwise."""
    if parked.kind in DECIDED and parked.incident_id is not None and parked.field is not None:
        situation = situations(tx, [parked.incident_id])[0]
        _settle_sides(tx, station, situation, parked.field)
        said = f"{parked.field} stays {situation.kept.incident[parked.field]!r}"
    elif parked.field is not None and parked.incident_id is not None and parked.instance is not None:
        # What was refused is taken for agreed: it is written again when the value changes, and not before.
        situation = situations(tx, [parked.incident_id])[0]
        endpoint = station.endpoints.get(parked.instance)
        for link in situation.links:
            if link.instance == parked.instance:
                settled = {**link.settled, parked.field: situation.kept.incident[parked.field]}
                natives = endpoint.mapping.natives_of(parked.field) if endpoint else ()
                taken = {n: link.seen.get(n) for n in natives} if parked.kind == "unmapped" else {}
                shadow = {**link.shadow, **taken}
                incidents.update_link(tx, link.incident_id, link.instance, settled=settled, shadow=shadow)
        said = f"{parked.field} is left as it is on {parked.instance}"
    elif parked.kind == "create" and parked.incident_id is not None and parked.instance is not None:
        # A link that was ended: its routes do not demand the record any more, and it can still be linked by hand.
        present = {li.instance for li in incidents.links_of(tx, [parked.incident_id])[parked.incident_id]}
        if parked.instance not in present:
            nothing = Record(f"none:{parked.incident_id}", "(none)", "", {}, 0, tx.now, tx.now)
            incidents.link(tx, parked.incident_id, parked.instance, nothing, {}, origin=False)
            incidents.unlink(tx, parked.incident_id, parked.instance)
        said = f"it gets no ticket on {parked.instance}"
    else:
        said = "it is given up"
    _end(tx, station, parked, actor, f"drop: {said}")
    return said


def _end(tx: Tx, station: Station, parked: Parked, actor: str, how: str) -> None:
    timeline.unpark(tx, parked.id, actor, how)
    timeline.append(
        tx,
        parked.incident_id,
        Event("unparked", f"no. {parked.id}, {how}", parked.instance, actor, parked.field),
    )
    if parked.incident_id is not None:
        station.ledger.mark(tx, ledger.incident(parked.incident_id), urgency=2)
        if parked.instance is not None:
            station.ledger.mark(tx, ledger.delivery(parked.incident_id, parked.instance), urgency=2)


def _take(tx: Tx, station: Station, parked: Parked, actor: str, take: str | None) -> str:
    """Give the incident the value of one side; all sides then agree on it or are written to."""
    assert parked.incident_id is not None
    assert parked.field is not None
    name = parked.field
    situation = situations(tx, [parked.incident_id])[0]
    _, merged = merged_views(station, situation)
    waiting = [c for conflict in merged.parked if conflict.field == name for c in conflict.losers]
    sides = [c for c in waiting if take is None or c.origin.instance == take]
    if take is not None and not sides:
        offered = ", ".join(sorted({c.origin.instance for c in waiting})) or "no side any more"
        raise Configuration(
            f"no. {parked.id}: {take} has no edit of {name} that waits; these have: {offered}"
        )
    if not sides:
        return f"no edit of {name} waits any more"
    winner = max(sides, key=lambda c: c.origin.at)
    value = value_from_json(list(winner.value) if isinstance(winner.value, tuple) else winner.value)
    incident = situation.kept.incident.changed({name: value})
    incidents.save(tx, incident, {**situation.kept.origins, name: winner.origin})
    _settle_sides(tx, station, situation, name)
    return f"{name} becomes {winner.value!r}, as {winner.origin.actor} says on {winner.origin.instance} (decided by {actor})"


def _settle_sides(tx: Tx, station: Station, situation: Situation, name: str) -> None:
    """Take each side's present value as known, so that it is written to where it differs from the incident's."""
    for link in situation.live:
        endpoint = station.endpoints.get(link.instance)
        if endpoint is None:
            continue
        reading = endpoint.mapping.read(link.seen, endpoint.directory)
        shadow = {**link.shadow, **{n: link.seen.get(n) for n in endpoint.mapping.natives_of(name)}}
        settled = dict(link.settled)
        if name in reading.values:
            settled[name] = reading.values[name]
        recovered = [entry for entry in link.recovered if entry["field"] != name]
        incidents.update_link(
            tx, link.incident_id, link.instance, shadow=shadow, settled=settled, recovered=recovered
        )
