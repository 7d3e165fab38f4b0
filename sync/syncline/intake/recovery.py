"""Edits that our own writes overwrote: found in what a look had shown or in the platform's history, and laid before the
next merge, which re-applies them or puts them on record."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from syncline.audit import added, alike, beside, by_others, may_be, overwritten, undone
from syncline.connector import Edit, HistoryKind, Native, PartyKind, Sighting
from syncline.mapping import Mapping as FieldMapping
from syncline.model import json_value
from syncline.station import Endpoint
from syncline.store import incidents, operations, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.operations import Logged, State
from syncline.store.timeline import Event

_PASSING: Final = timedelta(minutes=15)
"""So long a state of the past can pass for what our own write overwrote: lists are not older than that."""

Entry = Mapping[str, Any]
"""One line of `Link.recovered`."""


def recover(tx: Tx, endpoint: Endpoint, link: Link, writes: Sequence[Logged], edits: Sequence[Edit]) -> bool:
    """Hold our writes against the history, and lay edits that they overwrote before the next merge; whether there
    were any. A write that the history does not show yet waits for the next look; and so does one that overwrote somebody
    whom we have not met: a direct read comes first, before which the platform is asked who that is."""
    age = max((tx.now - logged.created_at for logged in writes), default=timedelta())
    known = operations.recent(tx, link.incident_id, link.instance, max(age, timedelta()) + operations.GHOSTS)
    creates = [logged for logged in writes if logged.kind == operations.CREATE]
    shown = [logged for logged in writes if logged not in creates and _shown(logged, edits, known)]
    sent: dict[str, list[Native]] = {}
    for one in known:
        for native, value in (*one.payload.items(), *endpoint.capabilities.resets_of(one.payload).items()):
            sent.setdefault(native, []).append(value)
    theirs = [
        (logged, overwritten(logged.write(), edits, sent), beside(logged.write(), edits, sent))
        for logged in shown
    ]
    new = [(logged, _added(tx, endpoint, link, logged, edits, sent)) for logged in creates]
    named = [*(edit for _, lost, _ in theirs for edit in lost), *(edit for _, more in new for edit in more)]
    if strangers(endpoint, named, tx.now):
        incidents.update_link(tx, link.incident_id, link.instance, stale=True)
        return True
    new = [(logged, _by_people(endpoint, more)) for logged, more in new]
    # A history that comes with the record tells all that the record shows; another may lag.
    inline = endpoint.capabilities.history is HistoryKind.INLINE
    told_of = [logged for logged, more in new if more or inline]
    operations.audited(tx, [logged.id for logged in (*shown, *told_of)])
    found: dict[tuple[str, str], Entry] = {}
    for logged, lost, near in theirs:
        given = {edit.field: edit.after for edit in lost}
        others = {edit.field: edit.after for edit in near}
        before = {edit.field: edit.before for edit in lost if edit.before is not None}
        told: list[Entry] = []
        if lost:
            last = max(lost, key=lambda edit: edit.at)
            told = entries(tx, endpoint, link, logged, given, others, before, last.actor, last.at)
        told += _in_part(tx, endpoint, link, logged, near, {entry["field"] for entry in told})
        told = [{**entry, **_made(endpoint, link, logged, near, entry["field"])} for entry in told]
        found |= {(entry["field"], entry["at"]): entry for entry in told}
    for logged, more in new:
        found |= {
            (entry["field"], entry["at"]): entry for entry in _said_anew(tx, endpoint, link, logged, more)
        }
    for logged in writes:
        if logged not in creates and logged.state is State.APPLIED:
            told = _said_alike(tx, endpoint, link, logged, edits) + _undone(tx, endpoint, link, logged, edits)
            found |= {(entry["field"], entry["at"]): entry for entry in told}
    news = remember(tx, link, list(found.values()))
    return _alike_to_ghosts(tx, endpoint, link, writes, edits) or news


def _alike_to_ghosts(
    tx: Tx, endpoint: Endpoint, link: Link, writes: Sequence[Logged], edits: Sequence[Edit]
) -> bool:
    """Lay what somebody gave that writes of ours were to give which were taken for lost, and that the incident says no more:
    where our account was the last to write anything there, it would pass for such a write that landed late."""
    ghosts = [w for w in writes if w.state is State.VOID and w.kind in operations.AUDITED]
    kept = incidents.find(tx, link.incident_id) if ghosts else None
    found = False
    for logged in ghosts:
        left = {n for n, v in logged.fields.items() if kept is not None and kept.incident[n] != v}
        if left or not logged.fields:
            found = anothers(tx, endpoint, link, logged, edits, left or None) or found
    return found


def _said_alike(tx: Tx, endpoint: Endpoint, link: Link, logged: Logged, edits: Sequence[Edit]) -> list[Entry]:
    """What people had said as our write said it, and the incident still says: they are among those who did. Told once, as it
    then counts as what the write was based on. Who gave only in part what we then gave, and said something else with it, had
    not seen what we wrote. And what was but a step of ours on the way to another status was theirs alone: our way led on over it."""
    write = logged.write()
    theirs = alike(write, edits)
    if not theirs or strangers(endpoint, theirs, tx.now):
        return []
    kept = incidents.find(tx, link.incident_id)
    assert kept is not None
    operations.rebase(tx, logged, {edit.field: edit.after for edit in theirs})
    # Where it left no line at all, nothing else is told of what it came upon.
    silent = {edit.field for edit in theirs} >= logged.payload.keys()
    found: list[Entry] = []
    for name in logged.fields or endpoint.mapping.rules:
        natives = endpoint.mapping.natives_of(name)
        said = [edit for edit in theirs if edit.field in natives]
        if not said or (len(natives) > 1 and not silent):
            continue
        # What we wrote next does not hide what stood there before.
        by_people = [e for e in edits if e.field in natives and e.at >= write.base_at and not e.own]
        near = list({edit.field: edit for edit in by_people}.values())
        by = max(near, key=lambda edit: edit.at)
        given = {edit.field: edit.after for edit in near}
        step = name not in logged.fields
        before = {edit.field: edit.before for edit in said if step and edit.before is not None}
        told = entries(tx, endpoint, link, logged, given, {}, before, by.actor, by.at, {name})
        if step:
            found += told
            continue
        value = logged.fields[name]
        same = endpoint.mapping.holds(name, value, {**link.shadow, **given}, endpoint.directory)
        for entry in told:
            if not same:
                found.append({**entry, **_made(endpoint, link, logged, near, name)})
            elif kept.incident[name] == value and entry["value"] == json_value(value):
                found.append({**entry, "base": entry["value"]})
    return found


def _undone(tx: Tx, endpoint: Endpoint, link: Link, logged: Logged, edits: Sequence[Edit]) -> list[Entry]:
    """What people had given just before our write, with which the platform took it back. The record stands for it all the
    same, as for what was known when it did so."""
    # The link may have been read before what is seen now was stored.
    now = incidents.link_of(tx, link.incident_id, link.instance) or link
    resets = endpoint.capabilities.resets_of(logged.payload)
    resets = {n: v for n, v in resets.items() if n not in logged.payload and now.seen.get(n) == v}
    theirs = undone(logged.write(), resets, edits)
    if not theirs:
        return []
    operations.rebase(tx, logged, {edit.field: edit.after for edit in theirs})
    last = max(theirs, key=lambda edit: edit.at)
    given = {edit.field: edit.after for edit in theirs}
    told = entries(tx, endpoint, link, logged, given, {}, {}, last.actor, last.at)
    reading = endpoint.mapping.read({**now.seen, **given}, endpoint.directory).values
    settled = {entry["field"]: reading[entry["field"]] for entry in told}
    incidents.update_link(tx, link.incident_id, link.instance, settled={**now.settled, **settled})
    # Our write said nothing of that field: who gave it replaced what they saw.
    return [{**entry, "found": True} for entry in told]


def _added(
    tx: Tx,
    endpoint: Endpoint,
    link: Link,
    create: Logged,
    edits: Sequence[Edit],
    sent: Mapping[str, Collection[Native]],
) -> list[Edit]:
    """Edits of a new record in fields to which we had given nothing, and of which the incident says nothing: they passed for
    what the platform had filled by itself. What it fills in our name it does."""
    kept = incidents.find(tx, link.incident_id)
    assert kept is not None
    free = {
        native
        for name, rule in endpoint.mapping.rules.items()
        if rule.direction.reads and name not in create.fields and kept.incident[name] in (None, "", ())
        for native in endpoint.mapping.natives_of(name)
    }
    assigns = endpoint.capabilities.assigns
    found = added(free, link.shadow, edits, sent)
    return [edit for edit in found if edit.field not in assigns or not edit.own]


def _by_people(endpoint: Endpoint, edits: Sequence[Edit]) -> list[Edit]:
    """Those without what the platform assigned: whom an edit names may be known only once they were asked for."""
    people, assigns = endpoint.directory.people(), endpoint.capabilities.assigns
    return [edit for edit in edits if edit.field not in assigns or edit.actor in people]


def _said_anew(
    tx: Tx, endpoint: Endpoint, link: Link, create: Logged, edits: Sequence[Edit]
) -> Iterator[Entry]:
    """What those edits say in common terms, field by field: people gave the record that, and replaced nothing."""
    for name in endpoint.mapping.rules:
        theirs = [edit for edit in edits if edit.field in endpoint.mapping.natives_of(name)]
        if theirs:
            last = max(theirs, key=lambda edit: edit.at)
            given = {edit.field: edit.after for edit in theirs}
            said = entries(tx, endpoint, link, create, given, {}, {}, last.actor, last.at, {name})
            yield from ({**entry, "base": None, "found": True} for entry in said)


def strangers(endpoint: Endpoint, edits: Sequence[Edit], now: datetime) -> list[tuple[PartyKind, str]]:
    """Those whom a history names and the store has not met: what such an edit says cannot be read without them."""
    natives = [{edit.field: value} for edit in edits for value in (edit.before, edit.after)]
    unmapped = [entry for one in natives for entry in endpoint.mapping.read(one, endpoint.directory).unmapped]
    parties = dict.fromkeys(entry.party for entry in unmapped if entry.party is not None)
    return [party for party in parties if endpoint.worth_asking(*party, now)]


def _in_part(
    tx: Tx, endpoint: Endpoint, link: Link, logged: Logged, near: Sequence[Edit], told: Collection[str]
) -> list[Entry]:
    """Values that stand in several native fields, and of which somebody had given one that our write left alone, or gave
    alike: no field of theirs is overwritten, and yet what they said with it is."""
    found: list[Entry] = []
    known = {**link.shadow, **logged.base}
    for name, value in logged.fields.items():
        natives = endpoint.mapping.natives_of(name)
        # The last edit that we knew of may be as old as what we knew, to the second.
        theirs = [edit for edit in near if edit.field in natives and edit.after != known.get(edit.field)]
        if name in told or len(natives) == 1 or not theirs:
            continue
        last = max(theirs, key=lambda edit: edit.at)
        given = {edit.field: edit.after for edit in theirs}
        before = {edit.field: edit.before for edit in theirs if edit.before is not None}
        said = entries(tx, endpoint, link, logged, given, {}, before, last.actor, last.at, {name})
        # What they gave as we did is gone all the same, where the two of them make something else.
        both = endpoint.mapping.read({**known, **given, **logged.payload}, endpoint.directory).values.get(
            name
        )
        alike = () if both != value else (json_value(value),)
        found += [entry for entry in said if entry["value"] not in (entry["base"], *alike)]
    return found


def _made(
    endpoint: Endpoint, link: Link, logged: Logged, near: Sequence[Edit], name: str
) -> Mapping[str, Mapping[str, Any]]:
    """What our write and the edits that it came upon made together, of a value that stands in several native fields: as
    long as that stands there, nobody gave it."""
    natives = endpoint.mapping.natives_of(name)
    stood = {**link.shadow, **logged.base, **{edit.field: edit.after for edit in near}, **logged.payload}
    return {"made": {n: json_value(stood.get(n)) for n in sorted(natives)}} if len(natives) > 1 else {}


def shown(tx: Tx, logged: Logged, edits: Sequence[Edit]) -> bool:
    """Whether the history shows that write, which came after what we knew."""
    age = max(tx.now - logged.created_at, timedelta())
    known = operations.recent(tx, logged.incident_id, logged.instance, age + operations.GHOSTS)
    since = logged.write().base_at
    later = [edit for edit in edits if edit.at >= since]
    return _shown(logged, may_be(logged.payload, later), known)


def anothers(
    tx: Tx,
    endpoint: Endpoint,
    link: Link,
    logged: Logged,
    edits: Sequence[Edit],
    names: Collection[str] | None,
) -> bool:
    """Whether what a write in doubt was to give its record (of those fields, or any) was given by somebody else, who is then
    laid before the next merge: as long as the write may yet happen, that takes all that looks like it for the write."""
    theirs = by_others(logged.write(), edits)
    if theirs and not logged.audited:
        operations.audited(tx, [logged.id])
        given = {edit.field: edit.after for edit in theirs}
        before = {edit.field: edit.before for edit in theirs if edit.before is not None}
        last = max(theirs, key=lambda edit: edit.at)
        told = entries(tx, endpoint, link, logged, given, {}, before, last.actor, last.at, names)
        # Who gave it when ours was taken for lost had seen what they replaced.
        gone = logged.state is State.VOID
        remember(tx, link, [{**entry, "found": True} if gone else entry for entry in told])
    return bool(theirs)


def recover_from_past(tx: Tx, endpoint: Endpoint, link: Link, sighting: Sighting) -> bool:
    """Look at a state of a record that is older than what we have seen since. It says nothing of the record as it is.
    But it may be the one trace of an edit that our own write overwrote: the reply of a list can be older than that of the
    write, and come after it; and a history that goes on from where the last page ended tells of the edit only here. Whether
    there were any."""
    record = sighting.record
    if record is None or endpoint.capabilities.history is HistoryKind.READ:
        return False
    told = {edit.field: edit for edit in sighting.edits or ()}
    recent = operations.recent(tx, link.incident_id, link.instance, _PASSING)
    ghosts = [logged for logged in recent if logged.state is State.VOID]
    # What it was based on is older than that state: that write came next.
    following = [
        logged
        for logged in recent
        if logged.kind in operations.AUDITED
        and logged.state in operations.EFFECTIVE
        and logged.base_at is not None
        and logged.base_at < record.updated_at
    ]
    for logged in following[-1:]:
        given = {
            native: record.values[native]
            for native, sent in logged.payload.items()
            if native in record.values
            and record.values[native] not in (logged.base.get(native), sent)
            and not any(ghost.payload.get(native) == record.values[native] for ghost in ghosts)
        }
        untold = {native: value for native, value in given.items() if native not in told}
        known = [
            told[native] for native, value in given.items() if native in told and told[native].after == value
        ]
        by, at = record.updated_by or "somebody", record.updated_at
        found = entries(tx, endpoint, link, logged, untold, record.values, {}, by, at) if untold else []
        for edit in known:
            said = {edit.field: edit.after}
            found += entries(tx, endpoint, link, logged, said, record.values, {}, edit.actor, edit.at)
        if known:
            # A later page may tell of it again, beside our write.
            operations.rebase(tx, logged, {edit.field: edit.after for edit in known})
        return remember(tx, link, found)
    return False


def remember(tx: Tx, link: Link, found: Sequence[Entry]) -> bool:
    """Lay those before the next merge, each once; whether any was news."""
    if not found:
        return False
    # The link may have been read before others laid theirs.
    now = incidents.link_of(tx, link.incident_id, link.instance)
    laid = link.recovered if now is None else now.recovered
    news = [entry for entry in found if entry not in laid]
    if news:
        incidents.update_link(tx, link.incident_id, link.instance, recovered=[*laid, *news])
    return bool(news)


def entries(
    tx: Tx,
    endpoint: Endpoint,
    link: Link,
    logged: Logged,
    given: Mapping[str, Native],
    others: Mapping[str, Native],
    before: Mapping[str, Native],
    actor: str,
    at: datetime,
    names: Collection[str] | None = None,
) -> list[Entry]:
    """What an overwritten edit says in common terms.

    Args:
        tx: The transaction.
        endpoint: Where it was made.
        link: The record.
        logged: Our write that overwrote it.
        given: Native field to the value that somebody gave it.
        others: Native field to the value that stood there at that time: a common value may be read of several.
        before: Native field to the value that stood there until then, as far as that is known.
        actor: Who gave it.
        at: When.
        names: The common fields that are asked for; None: all that are read of what was given.
    """
    # They saw the record as we knew it when we decided to write.
    then = {**link.seen, **logged.base, **before}
    mapping: FieldMapping = endpoint.mapping
    reading = mapping.read({**then, **others, **given}, endpoint.directory)
    earlier = mapping.read(then, endpoint.directory)
    found: list[Entry] = []
    for name, rule in mapping.rules.items():
        if names is not None and name not in names:
            continue
        if not rule.direction.reads or mapping.natives_of(name).isdisjoint(given):
            continue
        if name not in reading.values:
            _unreadable(tx, link, name, given, actor)
            continue
        found.append(
            {
                "field": name,
                "value": json_value(reading.values[name]),
                "base": json_value(earlier.values.get(name)),
                "actor": actor,
                "at": at.isoformat(),
            }
        )
    return found


def _shown(logged: Logged, edits: Sequence[Edit], known: Sequence[Logged]) -> bool:
    """Whether the history shows the write. One that was taken for lost and done afresh must show beside its successors,
    which look the same."""
    for native, value in logged.payload.items():
        own = sum(1 for e in edits if e.own and e.field == native and e.after == value)
        successors = 0
        if logged.state is State.VOID:
            successors = sum(
                1
                for k in known
                if k.state is State.APPLIED and k.id > logged.id and k.payload.get(native) == value
            )
        if own > successors:
            return True
    return False


def _unreadable(tx: Tx, link: Link, name: str, given: Mapping[str, Native], actor: str) -> None:
    said = ", ".join(f"{native} = {value!r}" for native, value in given.items())
    timeline.append(
        tx,
        link.incident_id,
        Event(
            "conflict",
            f"{name}: {actor} on {link.instance} had set {said}; our own write came at the same moment and stands. The mapping "
            "has no word for it, so it is kept here only",
            link.instance,
            actor,
            name,
            {"given": {native: json_value(value) for native, value in given.items()}},
        ),
    )
