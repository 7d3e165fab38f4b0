"""A write that was applied: its outcome, the new shadow and what follows from it are stored together."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from syncline import ledger
from syncline.connector import Attach, Comment, Create, Edit, HistoryKind, Native, Receipt, Record, Sighting
from syncline.delivery.actions import Action, Done, Read, Send
from syncline.intake import recovery
from syncline.intake.adoption import link_created, twin
from syncline.intake.sightings import take_in
from syncline.mapping.rules import Direction, Rule
from syncline.model import Kind, Value, json_value
from syncline.reconcile import Situation
from syncline.station import Endpoint, Station
from syncline.store import incidents, instances, items, operations, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.operations import Logged, State
from syncline.store.timeline import Event

_SAID: Final = {
    "comment": "comment copied",
    "attach": "file copied",
    "linkback": "links to its siblings written",
}
_TWICE: Final = timedelta(minutes=10)
"""So long a platform that passed over a field is not given the same once more."""


def link_on(s: Situation, endpoint: Endpoint) -> Link | None:
    """The incident's link to a record of that instance."""
    return next((li for li in s.links if li.instance == endpoint.name), None)


def mark(tx: Tx, station: Station, s: Situation) -> None:
    """Have the incident looked at again."""
    urgency = s.kept.incident.priority or ledger.ORDINARY
    station.ledger.mark(tx, ledger.incident(s.kept.incident.id), urgency=urgency)


def applied(
    tx: Tx, station: Station, endpoint: Endpoint, s: Situation, action: Send, receipt: Receipt
) -> Action | None:
    """The platform said yes."""
    logged = action.logged
    _recovered(tx, endpoint)
    link = link_on(s, endpoint)
    if isinstance(action.operation, Create):
        return _created(tx, station, endpoint, s, logged, receipt, link)
    operations.finish(tx, logged.id, State.APPLIED)
    report(tx, endpoint, s, logged)
    _unpark(tx, endpoint, s, logged)
    if link is None:
        return Done()
    if isinstance(action.operation, Comment | Attach):
        items.copied(tx, logged.marker, endpoint.name, receipt.item_id)
    elif logged.kind == "linkback":
        references = str(logged.fields.get("references", ""))
        incidents.update_link(tx, link.incident_id, link.instance, referenced=references)
    elif receipt.record is None:
        # The shadow is what we sent until the record is read: a crash before that leaves it to be read again.
        agree(tx, link, logged, stale=True)
        return Read(logged, link.record_id)
    if receipt.record is not None:
        # The one revision more must be ours: a write that changed nothing makes none, and it would be somebody else's.
        counted, own = endpoint.capabilities.counted_revisions, receipt.record.own
        alone = counted and own and receipt.record.revision == action.revision + 1
        beaten = _beaten(endpoint, logged, receipt.record) if counted and not own else frozenset()
        shows(tx, station, endpoint, s, logged, receipt.record, alone=alone, beaten=beaten)
    return None


def _unpark(tx: Tx, endpoint: Endpoint, s: Situation, logged: Logged) -> None:
    """What was refused for its value, or for want of another, waits no longer once that field is taken."""
    for entry in [
        p
        for p in s.parked
        if p.kind == "refused" and p.instance == endpoint.name and p.field in logged.fields
    ]:
        how = "the platform took it"
        s.parked.remove(entry)
        timeline.unpark(tx, entry.id, timeline.SYNCLINE, how)
        text = f"no. {entry.id}, {entry.field}: {how}"
        timeline.append(tx, s.kept.incident.id, Event("unparked", text, endpoint.name, field=entry.field))


def agree(
    tx: Tx,
    link: Link,
    logged: Logged,
    *,
    stale: bool,
    resets: Mapping[str, Native] | None = None,
    halved: frozenset[str] = frozenset(),
) -> None:
    """The record says what we wrote, but for `halved`; `resets` is what the platform made of other fields with it."""
    incidents.update_link(
        tx,
        link.incident_id,
        link.instance,
        shadow={**link.shadow, **(resets or {}), **logged.payload},
        settled=_agreed(link, logged, logged.fields, halved),
        stale=stale,
    )


def _agreed(
    link: Link, logged: Logged, taken: Mapping[str, Value], halved: frozenset[str]
) -> dict[str, Value]:
    """What the record stands for after our write. On the way to another status it stands for none, and of a value of which
    half is ours nothing is agreed: were it that of the incident now, nobody would go on."""
    nothing = halved | ({"status"} if logged.kind == "transition" and not logged.fields else set())
    return {name: value for name, value in {**link.settled, **taken}.items() if name not in nothing}


def report(tx: Tx, endpoint: Endpoint, s: Situation, logged: Logged) -> None:
    """Say on the timeline what was written."""
    link = link_on(s, endpoint)
    where = f"{endpoint.name} {link.record_key}" if link else endpoint.name
    if logged.kind in {"update", "transition"}:
        said = ", ".join(f"{n} = {timeline.shown(v)}" for n, v in logged.payload.items())
        data: Mapping[str, object] = {"operation": logged.id, "fields": sorted(logged.fields)}
    elif logged.kind in _SAID:
        said, data = _SAID[logged.kind], {"operation": logged.id, "item": logged.item_id}
    else:
        return
    timeline.append(tx, s.kept.incident.id, Event("written", f"{where}: {said}", endpoint.name, data=data))


def _recovered(tx: Tx, endpoint: Endpoint) -> None:
    if endpoint.refusing:
        endpoint.refusing = False
        instances.update(tx, endpoint.name, halted=None)
        timeline.append(tx, None, Event("recovered", f"{endpoint.name} takes writes again", endpoint.name))


# ---- a record that we created -------------------------------------------------------------------


def _created(
    tx: Tx,
    station: Station,
    endpoint: Endpoint,
    s: Situation,
    logged: Logged,
    receipt: Receipt,
    link: Link | None,
) -> Action | None:
    if link is None and receipt.record is None:
        # It stays open until its record is linked: a crash, or a read that fails, must not have it made again.
        operations.made(tx, logged.id, receipt.record_id)
        return Read(logged, receipt.record_id)
    operations.finish(tx, logged.id, State.APPLIED)
    if link is not None:
        if link.record_id != receipt.record_id:
            twin(tx, endpoint, s.kept.incident.id, link.record_key, receipt.record_id)
        return None
    assert receipt.record is not None
    link_up(tx, station, endpoint, s, logged, receipt.record)
    return None


def link_up(
    tx: Tx, station: Station, endpoint: Endpoint, s: Situation, logged: Logged, record: Record
) -> None:
    """Link the record that our create made."""
    endpoint.meet(tx, record.parties)
    link_created(tx, station, endpoint, s.kept.incident.id, record, logged)
    mark(tx, station, s)


# ---- a record that we changed -------------------------------------------------------------------


def seen(
    tx: Tx, station: Station, endpoint: Endpoint, s: Situation, logged: Logged, sighting: Sighting
) -> None:
    """The read after a write whose reply did not show the record."""
    if sighting.record is None:
        return
    if logged.kind == "create":
        operations.finish(tx, logged.id, State.APPLIED)
        if link_on(s, endpoint) is None:
            link_up(tx, station, endpoint, s, logged, sighting.record)
        return
    later = edited_since(logged, sighting.record, sighting.edits)
    shows(tx, station, endpoint, s, logged, sighting.record, later=later)
    rest = Sighting(sighting.record_id, None, sighting.remarks, sighting.attachments, sighting.edits)
    take_in(tx, station, endpoint, [rest])


def edited_since(logged: Logged, record: Record, edits: Sequence[Edit] | None) -> frozenset[str]:
    """The native fields of our write that somebody has changed again before we looked."""
    differing = {n for n, v in logged.payload.items() if n in record.values and record.values[n] != v}
    found: set[str] = set()
    for native in differing:
        told = [edit for edit in edits or () if edit.field == native]
        ours = told[-1].own if told else record.own or record.updated_by is None
        if not ours:
            found.add(native)
    return frozenset(found)


def shows(
    tx: Tx,
    station: Station,
    endpoint: Endpoint,
    s: Situation,
    logged: Logged,
    record: Record,
    *,
    alone: bool = False,
    later: frozenset[str] = frozenset(),
    beaten: frozenset[str] = frozenset(),
) -> None:
    """The record after our write: what it says then is the shadow of what we wrote.

    Args:
        tx: The transaction.
        station: At hand.
        endpoint: Where it stands.
        s: The incident.
        logged: Our write.
        record: The record, not older than the write.
        alone: Whether nobody can have written between our look at the record and our write.
        later: Native fields that somebody changed again since: edits, to be merged.
        beaten: Common fields that somebody had given another value when our write came, which changed nothing: that value
            was given to what stood there before, and is yet to be merged.
    """
    link = incidents.link_of(tx, s.kept.incident.id, endpoint.name)
    assert link is not None
    endpoint.meet(tx, record.parties)
    writes = logged.kind in operations.AUDITED
    if record.revision < link.revision:
        # A poll has seen more already: what it saw and our write differ in is an edit.
        if writes:
            resets = _resets(endpoint, logged, link.seen)
            halved = _halved(endpoint, link, logged, link.seen)
            agree(tx, link, logged, stale=link.stale, resets=resets, halved=halved)
            mark(tx, station, s)
        return
    shadow = {**link.shadow, **{n: record.values.get(n) for n in logged.payload if n not in later}}
    shadow.update({n: logged.payload[n] for n in later})
    shadow.update({n: link.shadow.get(n) for name in beaten for n in endpoint.mapping.natives_of(name)})
    shadow.update(_resets(endpoint, logged, record.values))
    passed_over = _passed_over(tx, endpoint, logged, record, later)
    halved = _halved(endpoint, link, logged, record.values)
    taken = {n: v for n, v in logged.fields.items() if n not in passed_over | beaten}
    settled = _agreed(link, logged, taken if writes else {}, halved)
    news = _overwritten(tx, endpoint, link, logged, record)
    news += _derived(endpoint, s, link, logged, record, shadow, settled, alone=alone)
    columns = {"shadow": shadow, "settled": settled, "recovered": [*link.recovered, *news]}
    sight = incidents.sight(record)
    if not writes and record.values == link.seen != link.shadow:
        # What is yet to be merged was given when it was seen, by whoever it was: our note changed no field.
        sight |= {"seen_at": link.seen_at, "seen_by": link.seen_by, "own": link.own}
    incidents.update_link(tx, link.incident_id, link.instance, **sight, **columns)
    _forced(tx, endpoint, link.incident_id, logged, record, later, passed_over | beaten)
    if alone or not writes:
        operations.audited(tx, [logged.id])
    owes_history = writes and not alone and endpoint.capabilities.history is HistoryKind.READ
    if news or owes_history or any(shadow.get(n) != v for n, v in record.values.items()):
        mark(tx, station, s)


def _resets(endpoint: Endpoint, logged: Logged, seen: Mapping[str, Native]) -> dict[str, Native]:
    """What the platform made of other fields with our write, as far as it shows. The record goes on to stand for the
    common values on which it agreed: written once more they would undo what our write was for."""
    made = endpoint.capabilities.resets_of(logged.payload)
    return {n: v for n, v in made.items() if n not in logged.payload and seen.get(n) == v}


def _beaten(endpoint: Endpoint, logged: Logged, record: Record) -> frozenset[str]:
    """Common fields of our write that a record does not hold, and that somebody else was the last to write."""
    mapping, directory = endpoint.mapping, endpoint.directory
    return frozenset(n for n, v in logged.fields.items() if not mapping.holds(n, v, record.values, directory))


def _halved(endpoint: Endpoint, link: Link, logged: Logged, values: Mapping[str, Native]) -> frozenset[str]:
    """Common fields of which our write gave some native fields, while somebody gave the others, which is merged by now: what
    they say together is neither's, and is to be written whole."""
    found = set()
    for name, value in logged.fields.items():
        natives = endpoint.mapping.natives_of(name) & values.keys()
        ours, others = natives & logged.payload.keys(), natives - logged.payload.keys()
        landed = ours and all(values[n] == logged.payload[n] for n in ours)
        merged = others and all(values[n] == link.shadow.get(n) for n in others)
        if landed and merged and not endpoint.mapping.holds(name, value, values, endpoint.directory):
            found.add(name)
    return frozenset(found)


def _passed_over(
    tx: Tx, endpoint: Endpoint, logged: Logged, record: Record, later: frozenset[str]
) -> frozenset[str]:
    """Common fields that the platform took without a word and left as they were, for the first time: some take no other
    field together with a status. They are written once more; then the platform decides."""
    if logged.kind != "update":
        return frozenset()
    untouched = {
        n
        for n, v in logged.payload.items()
        if n in record.values and n not in later and record.values[n] == logged.base.get(n) != v
    }
    found = {
        name
        for name, value in logged.fields.items()
        if not untouched.isdisjoint(endpoint.mapping.natives_of(name))
        and not endpoint.mapping.holds(name, value, record.values, endpoint.directory)
    }
    if not found:
        return frozenset()
    earlier = operations.recent(tx, logged.incident_id, logged.instance, _TWICE)
    tried = {
        name
        for other in earlier
        if other.id < logged.id and other.state is State.APPLIED
        for name in found
        if name in other.fields and other.fields[name] == logged.fields[name]
    }
    return frozenset(found - tried)


def _overwritten(
    tx: Tx, endpoint: Endpoint, link: Link, logged: Logged, record: Record
) -> list[recovery.Entry]:
    """An edit that a poll showed while our write was under way, and that the write then overwrote unmerged."""
    given: dict[str, Native] = {}
    for native, sent in logged.payload.items():
        was = link.seen.get(native)
        if was not in (logged.base.get(native), sent, record.values.get(native)):
            given[native] = was
    if not given or logged.kind not in operations.AUDITED or record.revision <= link.revision:
        return []
    by = link.seen_by or "somebody"
    return recovery.entries(tx, endpoint, link, logged, given, link.seen, {}, by, link.seen_at)


def _derived(
    endpoint: Endpoint,
    s: Situation,
    link: Link,
    logged: Logged,
    record: Record,
    shadow: dict[str, Native],
    settled: dict[str, Value],
    *,
    alone: bool,
) -> list[recovery.Entry]:
    """What the platform made of our write in other fields: nobody's edit, and the incident follows where it must."""
    mapping, incident = endpoint.mapping, s.kept.incident
    before = mapping.read(link.seen, endpoint.directory)
    reading = mapping.read(record.values, endpoint.directory, incident)
    found: list[recovery.Entry] = []
    both = [n for n, rule in mapping.rules.items() if rule.direction is Direction.BOTH]
    shared = frozenset().union(*(mapping.natives_of(n) for n in both))
    for name, rule in mapping.rules.items():
        if name in logged.fields:
            continue
        natives = mapping.natives_of(name)
        if rule.direction is not Direction.BOTH:
            if alone or _follows(rule, logged, natives):
                # Natives that are also written (urgency with priority) are not settled on the side: where our write left them
                # alone, it was a person who moved them.
                # And what stands there as it did before is no consequence, but may be an edit that is yet to be merged.
                moved = natives if alone else natives - shared
                shadow.update(
                    {n: record.values.get(n) for n in moved if record.values.get(n) != link.seen.get(n)}
                )
        elif name in reading.values and any(natives & mapping.natives_of(w) for w in logged.fields):
            # A field that shares its natives with what we wrote (impact with priority) moved along.
            value = reading.values[name]
            settled[name] = value
            if value not in (before.values.get(name), incident[name]):
                found.append(
                    {
                        "field": name,
                        "value": json_value(value),
                        "base": json_value(incident[name]),
                        "actor": endpoint.title,
                        "at": record.updated_at.isoformat(),
                        "derived": True,
                    }
                )
    return found


def _follows(rule: Rule, logged: Logged, natives: frozenset[str]) -> bool:
    """Whether a field that is only read may have changed by our write itself: a time of resolution, say. Who works on
    it is always somebody's decision."""
    if rule.kind in {Kind.PERSON, Kind.GROUP}:
        return False
    moves = "status" in logged.fields or logged.kind == "transition"
    return moves or rule.kind in {Kind.TIME, Kind.LEVEL} or not natives.isdisjoint(logged.payload)


def _forced(
    tx: Tx,
    endpoint: Endpoint,
    incident_id: str,
    logged: Logged,
    record: Record,
    later: frozenset[str] = frozenset(),
    passed_over: frozenset[str] = frozenset(),
) -> None:
    """The platform kept something else than what it was given: reported, not hidden, and not fought over."""
    reading = endpoint.mapping.read(record.values, endpoint.directory)
    for name, value in logged.fields.items():
        if name in passed_over:
            continue
        natives = endpoint.mapping.natives_of(name)
        # A reply need not show every field: what it leaves out was not refused.
        sent = {
            n: v for n, v in logged.payload.items() if n in natives and n in record.values and n not in later
        }
        kept = {n: record.values[n] for n in sent}
        if kept == sent or endpoint.mapping.holds(name, value, record.values, endpoint.directory):
            continue
        timeline.append(
            tx,
            incident_id,
            Event(
                "forced",
                f"{endpoint.name} {record.key} was given {name} = {timeline.shown(value)} and kept {timeline.shown(reading.values.get(name))}; "
                "the platform decides there, and Syncline does not fight it",
                endpoint.name,
                field=name,
                data={
                    "sent": {n: json_value(v) for n, v in sent.items()},
                    "kept": {n: json_value(v) for n, v in kept.items()},
                },
            ),
        )
