"""Records take their places again: those of an incident that the database has lost, those that it never linked, and those
whose shadows are older than what its own lost state wrote. It lays the facts before the merge, and decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from syncline.connector import PartyKind
from syncline.intake import hands
from syncline.intake.adoption import AT_ONCE, not_understood, twin
from syncline.merge import Origin
from syncline.model import Incident, Kind, Value, json_value
from syncline.restoring.families import Family
from syncline.restoring.strands import Claim, Said, Side, basis, claim, replaced, side, unlogged
from syncline.restoring.survey import Sheet
from syncline.station import Endpoint, Station
from syncline.store import incidents, operations, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Kept, Link
from syncline.store.timeline import Event

CLOCKS: Final = timedelta(minutes=2)
"""So much younger than our ticket another may seem from which that was made: clocks differ, and a person is only asked."""

Sides = Mapping[tuple[str, str], Side]


def sides_of(tx: Tx, station: Station, sheets: Sequence[Sheet]) -> Sides:
    """Those records, each with its history in common terms."""
    found: dict[tuple[str, str], Side] = {}
    for sheet in sheets:
        endpoint = station.endpoints[sheet.instance]
        endpoint.meet(tx, sheet.record.parties)
        found[sheet.instance, sheet.record.id] = side(
            sheet.instance,
            sheet.record,
            sheet.edits,
            endpoint.mapping,
            endpoint.directory,
            endpoint.capabilities,
            skew_of(endpoint, sheet),
            {p.name for p in endpoint.directory.parties.values() if p.kind is PartyKind.PERSON},
        )
    return found


def skew_of(endpoint: Endpoint, sheet: Sheet) -> timedelta:
    """By how much the clock of a record's platform is ahead of ours, as far as that counts."""
    return sheet.record.updated_at - endpoint.by_our_clock(sheet.record.updated_at)


def begin_again(
    tx: Tx, station: Station, family: Family, sheets: Mapping[tuple[str, str], Sheet], sides: Sides
) -> None:
    """An incident that the database has lost, with the record with which it began."""
    first = (family.others or family.made)[0]
    sheet, one = sheets[first.key], sides[first.key]
    endpoint, record = station.endpoints[sheet.instance], sheet.record
    reading = endpoint.mapping.read(record.values, endpoint.directory)
    incident = Incident(family.incident_id, {**_shown_no_more(one, endpoint), **reading.values})
    created = record.created_at
    began = Origin(sheet.instance, "somebody", endpoint.by_our_clock(created), created)
    incidents.insert(tx, incident, began)
    origins = dict.fromkeys(incident.values, began)
    others = [other for key, other in sides.items() if key != first.key]
    for name in incident.values:
        told = one.last(name) is not None or unlogged(name, one, others)
        said = claim(name, one, others, {}) if told else None
        if said is not None:
            origins[name] = Origin(sheet.instance, said.actor, said.at, said.at + one.skew)
    incidents.save(tx, incident, origins)
    incidents.link(
        tx,
        incident.id,
        sheet.instance,
        record,
        incident.values,
        origin=bool(family.others),
        unsettled=not_understood(endpoint, reading),
    )
    how = "its tickets carry our marker and lead to one another"
    if family.guessed is not None:
        how = f"{sheet.instance} {record.key} says, or said once, what the tickets that carry our marker say, and is a little older"
    elif not family.others:
        how = "its tickets carry our marker; the one with which it began was not found"
    text = f"found again: {how}. What happened to it before is not known here"
    timeline.append(tx, incident.id, Event("began", text, sheet.instance, data={"url": record.url}))
    actor = record.updated_by or "somebody"
    hands.at_start(tx, station, endpoint, incident, record.key, actor, record.updated_at)


def _shown_no_more(one: Side, endpoint: Endpoint) -> dict[str, Value]:
    """What a record said before it came into a state in which it does not show that: nobody took it back."""
    hidden = [
        n for n in endpoint.mapping.rules if endpoint.mapping.natives_of(n).isdisjoint(one.record.values)
    ]
    return {said.field: said.value for said in one.said if said.field in hidden}


def join(tx: Tx, station: Station, kept: Kept, sheet: Sheet, sides: Sides) -> bool:
    """Link a further record of an incident; False where its instance has one already.

    A field that nobody has touched since we created the record says nothing by itself: it is as old as the create.
    """
    incident, record = kept.incident, sheet.record
    endpoint = station.endpoints[sheet.instance]
    present = incidents.link_of(tx, incident.id, sheet.instance)
    if present is not None:
        if record.marker is not None and present.live:
            twin(tx, endpoint, incident.id, present.record_key, record.key)
        return False
    one = sides[sheet.instance, record.id]
    others = [other for other in sides.values() if other is not one]
    reading = endpoint.mapping.read(record.values, endpoint.directory)
    settled, entries = dict(reading.values), []
    for name in reading.values:
        value, last = incident[name], _touched(one, name)
        if one.holds(name, value) or (value in (None, "", ()) and last is None):
            settled[name] = value
            continue
        if last is None and not unlogged(name, one, others) and not _edited(name, one, others, endpoint):
            told = name == "status" or record.marker is None or any(other.last(name) for other in others)
            # No history tells who differs from what it was created with: whoever stands alone.
            agree = sum(other.holds(name, value) for other in others)
            if told or agree < 2:
                if not told and agree == 1 and endpoint.mapping.rules[name].direction.writes(creating=False):
                    lost = Claim(reading.values[name], "somebody", one.changed_at(), automatic=False)
                    timeline.append(tx, incident.id, _kept_here(name, sheet, lost, kept))
                continue
        if not endpoint.mapping.rules[name].direction.writes(creating=False) and (last is None or last.own):
            continue
        said = claim(name, one, others, {name: value})
        settled[name] = value if said is None else said.value
        if said is not None and said.value != value and not replaced(name, said, one, others):
            base = basis(name, one, others, value, _created_with(name, one, others, value))
            entries.append(_entry(name, said, base, skew_of(endpoint, sheet)))
    unsettled = not_understood(endpoint, reading)
    incidents.link(tx, incident.id, sheet.instance, record, settled, origin=False, unsettled=unsettled)
    incidents.update_link(tx, incident.id, sheet.instance, recovered=entries)
    operations.settle_creates(tx, incident.id, sheet.instance)
    text = f"{sheet.instance} {record.key} is its record on {endpoint.title}: found again"
    timeline.append(tx, incident.id, Event("linked", text, sheet.instance, data={"url": record.url}))
    return True


def _created_with(name: str, one: Side, others: Sequence[Side], value: Value) -> Value:
    """What we created a record with, as far as that is known: no other side ever said anything else than the incident does."""
    known = one.record.marker is not None and not any(other.last(name) for other in others)
    return value if known and not isinstance(value, tuple) else None


def _edited(name: str, one: Side, others: Sequence[Side], endpoint: Endpoint) -> bool:
    """Whether somebody gave a field of a record that we created its value, though no history tells: the record took all that
    we created it with, and the others never said that, as far as their histories tell."""
    if not endpoint.capabilities.creates_whole or name == "status" or one.last(name) is not None:
        return False
    past = [said for other in others for said in other.of(name)]
    told = bool(past) or all(other.logs(name) for other in others)
    return told and not any(one.holds(name, v) for said in past for v in (said.value, said.before))


def _kept_here(name: str, sheet: Sheet, lost: Claim, kept: Kept) -> Event:
    """What a record says otherwise than the one with which the incident began, where no history tells who said it last."""
    stands, origin = kept.incident[name], kept.origins.get(name)
    text = (
        f"{name}: {sheet.instance} {sheet.record.key} says {timeline.shown(lost.value)}; {timeline.shown(stands)} stands, as on the "
        "ticket with which the incident began, and this is kept here only (no history tells which is newer)"
    )
    data = {
        "winner": [origin.instance if origin else "", json_value(stands)],
        "losers": [[sheet.instance, lost.actor, json_value(lost.value), lost.at.isoformat()]],
    }
    return Event("conflict", text, sheet.instance, field=name, data=data)


def _touched(one: Side, name: str) -> Said | None:
    """Who gave a field of a record that we created its value since; None: it is as the create left it. What the platform
    filled by itself with the create is part of that."""
    last = one.last(name)
    created = one.record.created_at - one.skew + AT_ONCE
    by_create = last is not None and (last.own or last.automatic) and last.at <= created
    return None if by_create and one.record.marker is not None else last


def lay(tx: Tx, station: Station, kept: Kept, link: Link, sheet: Sheet, sides: Sides) -> int:
    """Lay what changed on a linked record since the backup before the next merge; in how many fields.

    The shadow takes all of it: what our own lost state wrote must not pass for a person's edit, nor be written once more.
    """
    record, endpoint = sheet.record, station.endpoints[sheet.instance]
    if not link.live or record.revision < link.revision:
        return 0
    one = sides[sheet.instance, record.id]
    others = [other for other in sides.values() if other is not one]
    shadow, settled = dict(link.shadow), dict(link.settled)
    entries = list(link.recovered)
    before = len(entries)
    reading = endpoint.mapping.read(record.values, endpoint.directory, Incident("", settled))
    for name in reading.values:
        natives = endpoint.mapping.natives_of(name)
        changed = {n for n in natives if link.shadow.get(n) != record.values.get(n)}
        if not changed:
            continue
        shadow.update({n: record.values.get(n) for n in changed})
        said = claim(name, one, others, {**kept.incident.values, **_known(settled, name)})
        if said is None:
            continue
        # Another word for the status that was known is an edit, too.
        anew = endpoint.mapping.rules[name].kind is Kind.STATUS and not said.automatic
        if said.value == link.settled.get(name) and not anew:
            continue
        base = basis(name, one, others, kept.incident[name], link.settled.get(name))
        settled[name] = said.value
        if not replaced(name, said, one, others):
            entries.append(_entry(name, said, base, skew_of(endpoint, sheet)))
    columns = {"shadow": shadow, "settled": settled, "recovered": entries}
    incidents.update_link(tx, link.incident_id, link.instance, **incidents.sight(record), **columns)
    return len(entries) - before


def _known(settled: Mapping[str, Value], name: str) -> dict[str, Value]:
    return {name: settled[name]} if name in settled else {}


def _entry(name: str, said: Claim, base: Value, skew: timedelta) -> dict[str, object]:
    """A line of `Link.recovered`, with its time by the platform's clock."""
    said = replace(said, at=said.at + skew)
    return {
        "field": name,
        "value": json_value(said.value),
        "base": json_value(base),
        "actor": said.actor,
        "at": said.at.isoformat(),
        "found": True,
        "automatic": said.automatic,
    }


def ask_where_it_began(tx: Tx, station: Station, orphan: Family) -> None:
    """Where it is not known with which record an incident began, a person decides: also on instances where none is demanded
    of it, since intake asks about the records there that may be it."""
    incident_id = orphan.incident_id
    linked = [link.instance for link in incidents.links_of(tx, [incident_id])[incident_id]]
    before = orphan.made[0].created_at + CLOCKS
    for name in dict.fromkeys(name for made in linked for name in station.tied(made)):
        if name not in linked:
            timeline.park(
                tx,
                incident_id,
                "create",
                f"{name}: the incident was found again without the ticket with which it began, which may stand there. Link it with "
                f"`syncline link {incident_id} {name}/KEY`; `syncline park retry` goes on without it, with a new ticket there where a route "
                "demands one",
                instance=name,
                data={timeline.ORPHANS: [incident_id], "before": before.isoformat()},
            )


def look_before_creating(tx: Tx, station: Station, kept: Kept) -> None:
    """An instance that lacks its record may have one all the same, that its lists do not show yet: the create is looked
    for as one whose reply was lost. What a person was asked about is not created meanwhile."""
    incident = kept.incident
    links = incidents.links_of(tx, [incident.id])[incident.id]
    if not links:
        return
    source = next((link.instance for link in links if link.origin), links[0].instance)
    linked = {link.instance for link in links}
    open_creates = {
        instance
        for (_, instance), logged in operations.unsettled(tx, [incident.id]).items()
        if any(one.kind == "create" and one.state in operations.OPEN for one in logged)
    }
    waiting = timeline.waiting(tx, [incident.id]).get(incident.id, [])
    asked = {entry.instance for entry in waiting if timeline.ORPHANS in entry.data}
    for name in station.targets(source, incident):
        if name in linked or name in open_creates or name in asked:
            continue
        endpoint = station.endpoints[name]
        latest = tx.now + endpoint.aftermath()
        logged = operations.insert(tx, incident.id, name, "create", incident.id, latest)
        operations.doubt(tx, logged.id, "it may have been made before the database was adopted", latest)
