"""Records take their places again: those of an incident that the database has lost, those that it never linked, and those
whose shadows are older than what its own lost state wrote. It lays the facts before the merge, and decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from syncline.intake import hands
from syncline.intake.adoption import AT_ONCE, not_understood, twin
from syncline.intake.recovery import Entry, remember
from syncline.merge import SIMULTANEOUS, Origin, together
from syncline.model import FIELDS, Incident, Kind, Value, json_value
from syncline.restoring.families import Family
from syncline.restoring.standing import Strand, standing
from syncline.restoring.strands import Claim, Said, Side, claim, side, unlogged
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
            endpoint.directory.people(),
            sheet.alone_since,
        )
    return found


def skew_of(endpoint: Endpoint, sheet: Sheet) -> timedelta:
    """By how much the clock of a record's platform is ahead of ours, as far as that counts."""
    return sheet.record.updated_at - endpoint.by_our_clock(sheet.record.updated_at)


@dataclass(frozen=True, slots=True)
class Part:
    """What a record brings to its incident.

    Attributes:
        side: The record with its history.
        claims: Field to what the record says otherwise than was known.
        link: As the backup has it; None: it does not know the record.
    """

    side: Side
    claims: Mapping[str, Claim]
    link: Link | None = None

    def strand(self, name: str) -> Strand:
        """What it has to do with one field."""
        last, said = self.side.last(name), self.claims.get(name)
        by_itself = said is not None and not said.copied and (last is None or last.own)
        return Strand(self.side, self._known(name), said if by_itself else None)

    def unknown(self, name: str) -> bool:
        """Whether its history tells more of a field than the backup knows."""
        return self._known(name) < len(self.side.of(name))

    def _known(self, name: str) -> int:
        told, link = self.side.of(name), self.link
        if link is None:
            made = self.side.record.marker is not None
            return sum(_by_create(self.side, said) for said in told) if made else 0
        natives = self.side.mapping.natives_of(name)
        seen_at = link.seen_at - self.side.skew
        agreed = [
            place
            for place, said in enumerate(told, 1)
            if said.at <= seen_at and all(said.natives.get(n) == link.shadow.get(n) for n in natives)
        ]
        merged = all(link.seen.get(n) == link.shadow.get(n) for n in natives)
        return agreed[-1] if agreed else sum(said.at < seen_at for said in told) if merged else 0


def begin_again(
    tx: Tx, station: Station, family: Family, sheets: Mapping[tuple[str, str], Sheet], sides: Sides
) -> Part:
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
    claims: dict[str, Claim] = {}
    for name in incident.values:
        told = one.last(name) is not None or unlogged(name, one, others)
        said = claim(name, one, others, {}) if told else None
        if said is not None:
            claims[name] = said
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
    return Part(one, claims)


def _shown_no_more(one: Side, endpoint: Endpoint) -> dict[str, Value]:
    """What a record said before it came into a state in which it does not show that: nobody took it back."""
    hidden = [
        n for n in endpoint.mapping.rules if endpoint.mapping.natives_of(n).isdisjoint(one.record.values)
    ]
    return {said.field: said.value for said in one.said if said.field in hidden}


def join(tx: Tx, station: Station, kept: Kept, sheet: Sheet, sides: Sides) -> Part | None:
    """Link a further record of an incident; None where its instance has one already.

    A field that nobody has touched since we created the record says nothing by itself: it is as old as the create.
    """
    incident, record = kept.incident, sheet.record
    endpoint = station.endpoints[sheet.instance]
    present = incidents.link_of(tx, incident.id, sheet.instance)
    if present is not None:
        if record.marker is not None and present.live:
            twin(tx, endpoint, incident.id, present.record_key, record.key)
        return None
    one = sides[sheet.instance, record.id]
    others = [other for other in sides.values() if other is not one]
    reading = endpoint.mapping.read(record.values, endpoint.directory)
    settled, claims = dict(reading.values), dict[str, Claim]()
    for name in reading.values:
        value, last = incident[name], _touched(one, name)
        written = endpoint.mapping.rules[name].direction.writes(creating=False)
        if one.holds(name, value) or (value in (None, "", ()) and last is None):
            settled[name] = value
            # What we only read, our account's entry of another field brought with it.
            ours = last is not None and last.own and written
            back = claim(name, one, others, {name: value}) if ours else None
            claims |= {} if back is None else {name: back}
            continue
        if last is None and not unlogged(name, one, others) and not _edited(name, one, others, endpoint):
            told = name == "status" or record.marker is None or any(other.last(name) for other in others)
            # No history tells who differs from what it was created with: whoever stands alone.
            agree = sum(other.holds(name, value) for other in others)
            if told or agree < 2:
                if not told and agree == 1 and written:
                    lost = Claim(reading.values[name], "somebody", one.changed_at(), automatic=False)
                    timeline.append(tx, incident.id, _kept_here(name, sheet, lost, kept))
                continue
        if not written and (last is None or last.own):
            continue
        said = claim(name, one, others, {name: value})
        settled[name] = value if said is None else said.value
        if said is not None:
            claims[name] = said
    unsettled = not_understood(endpoint, reading)
    incidents.link(tx, incident.id, sheet.instance, record, settled, origin=False, unsettled=unsettled)
    operations.settle_creates(tx, incident.id, sheet.instance)
    text = f"{sheet.instance} {record.key} is its record on {endpoint.title}: found again"
    timeline.append(tx, incident.id, Event("linked", text, sheet.instance, data={"url": record.url}))
    return Part(one, claims)


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
    return None if last is not None and one.record.marker is not None and _by_create(one, last) else last


def _by_create(one: Side, said: Said) -> bool:
    return (said.own or said.automatic) and said.at <= one.record.created_at - one.skew + AT_ONCE


def lay(tx: Tx, station: Station, kept: Kept, link: Link, sheet: Sheet, sides: Sides) -> Part | None:
    """What changed on a linked record since the backup; None where that is nothing.

    The shadow takes all of it: what our own lost state wrote must not pass for a person's edit, nor be written once more.
    """
    record, endpoint = sheet.record, station.endpoints[sheet.instance]
    if not link.live or record.revision < link.revision:
        return None
    one = sides[sheet.instance, record.id]
    others = [other for other in sides.values() if other is not one]
    shadow, settled, claims = dict(link.shadow), dict(link.settled), dict[str, Claim]()
    part = Part(one, claims, link)
    reading = endpoint.mapping.read(record.values, endpoint.directory, Incident("", settled))
    for name in reading.values:
        natives = endpoint.mapping.natives_of(name)
        changed = {n for n in natives if link.shadow.get(n) != record.values.get(n)}
        if not changed and not part.unknown(name):
            continue
        shadow.update({n: record.values.get(n) for n in changed})
        known = {name: link.settled[name]} if name in link.settled else {}
        said = claim(name, one, others, {**kept.incident.values, **known})
        if said is not None:
            settled[name] = said.value
            claims[name] = _as_step(name, said, one, link, kept)
    columns = {"shadow": shadow, "settled": settled}
    incidents.update_link(tx, link.incident_id, link.instance, **incidents.sight(record), **columns)
    return part


def _as_step(name: str, said: Claim, one: Side, link: Link, kept: Kept) -> Claim:
    """What our account gave a record that was owed what the backup knows may be a step on the way there: it is older."""
    last, origin, wanted = one.last(name), kept.origins.get(name), kept.incident[name]
    owed = last is not None and last.own and not said.copied and link.settled.get(name) != wanted
    if origin is None or not owed or not one.moves(name) or one.came_to(name, wanted, origin.at):
        return said
    return replace(said, at=min(said.at, origin.at - 2 * SIMULTANEOUS))


def contend(tx: Tx, kept: Kept, parts: Sequence[Part], *, lost: bool) -> int:
    """Lay what was said of an incident, and what nobody replaced knowingly, before the next merge; how much of it there is.

    Args:
        tx: The transaction.
        kept: The incident.
        parts: Its records. Of an incident that was lost the first is that with which it began.
        lost: Whether the database had lost it.
    """
    origins, laid = dict(kept.origins), dict[str, list[Entry]]()
    rules = (rule for part in parts for rule in part.side.mapping.rules.values())
    for name in dict.fromkeys(rule.name for rule in rules if rule.direction.reads):
        present = kept.incident[name]
        if name in FIELDS and FIELDS[name].kind is Kind.TAGS:
            _lay_labels(laid, name, parts, present)
            continue
        base = _began_with(name, parts[0], present) if lost else present
        found = standing(name, [part.strand(name) for part in parts], base)
        said = [(parts[n], _in_words(parts[n], saying, present)) for n, saying in found.sayings]
        alike = [
            Origin(p.side.instance, s.actor, s.at, s.at + p.side.skew) for p, s in said if s.value == present
        ]
        if alike and not found.base:
            origins[name] = together(alike)
        # What stands there was seen by nobody who says otherwise: else it would not stand.
        unseen = bool(alike) or (found.base and base == present)
        for part, saying in said:
            if saying.value != present or found.base:
                entry = _entry(name, saying, part, present, unsure=unseen and saying.value != present)
                laid.setdefault(part.side.instance, []).append(entry)
    if origins != kept.origins:
        incidents.credit(tx, kept.incident.id, origins)
    for link in incidents.links_of(tx, [kept.incident.id])[kept.incident.id]:
        remember(tx, link, laid.get(link.instance, []))
    return sum(len(entries) for entries in laid.values())


def _began_with(name: str, first: Part, present: Value) -> Value:
    """What an incident that was lost began with, as far as that is known."""
    told = first.side.of(name)
    if told:
        return told[0].before
    return None if name in first.claims else present


def _lay_labels(laid: dict[str, list[Entry]], name: str, parts: Sequence[Part], present: Value) -> None:
    """Labels are added and taken away one by one: what counts is in what a side differs from what was agreed there."""
    for part in parts:
        said = part.claims.get(name)
        agreed = present if part.link is None else part.link.settled.get(name)
        if said is not None and said.value != agreed:
            base = None if part.link is None else agreed
            laid.setdefault(part.side.instance, []).append(_entry(name, said, part, base))


def _in_words(part: Part, said: Said, present: Value) -> Said:
    """The same, said as a value that is known already, where the side's own words mean that."""
    agreed = part.link.settled.get(said.field) if part.link is not None else None
    side = part.side
    for value in (agreed, present):
        if value is not None and side.mapping.holds(said.field, value, said.natives, side.directory):
            return replace(said, value=value)
    return said


def _entry(name: str, said: Said | Claim, part: Part, base: Value, *, unsure: bool = False) -> Entry:
    """A line of `Link.recovered`, with its time by the platform's clock."""
    return {
        "field": name,
        "value": json_value(said.value),
        "base": json_value(base),
        "actor": said.actor,
        "at": (said.at + part.side.skew).isoformat(),
        "found": True,
        "automatic": said.automatic or (isinstance(said, Said) and said.own),
        "unsure": unsure,
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
