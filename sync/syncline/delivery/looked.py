"""What became of a write of unknown outcome: it happened, it did not, or it is too early to tell."""

from collections.abc import MutableMapping, Sequence
from datetime import timedelta

from syncline.connector import Edit, HistoryKind, Record, marker_of
from syncline.delivery.actions import Action, Done, Looked
from syncline.delivery.applied import edited_since, link_on, link_up, mark, report, shows
from syncline.delivery.failed import ASIDE, next_look
from syncline.intake.adoption import twin
from syncline.intake.recovery import anothers, recover, shown
from syncline.intake.sightings import take_in
from syncline.model import Remark
from syncline.reconcile import Situation
from syncline.station import Endpoint, Station
from syncline.store import incidents, items, operations, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.operations import Logged, State
from syncline.store.timeline import Event


def looked(
    tx: Tx,
    station: Station,
    endpoint: Endpoint,
    s: Situation,
    evidence: Looked,
    doubtful: MutableMapping[int, float],
) -> Action | None:
    """Settle it if that can be done. `doubtful` takes writes that are looked for later, and when (seconds since 1970)."""
    asked = evidence.action.logged
    # Its quarantine was moved, if somebody set the clock since the look was decided.
    logged = next((one for one in s.sent.get(endpoint.name, ()) if one.id == asked.id), asked)
    doubtful.pop(logged.id, None)
    if _happened(tx, station, endpoint, s, evidence):
        return None
    if evidence.sighting is not None:
        # What the look shows is news like that of any other: the write that is done afresh would bury it unmerged.
        take_in(tx, station, endpoint, [evidence.sighting])
    if logged.state is State.SENT:
        # We were stopped while it was under way, and do not know when it left.
        latest = max(logged.settle_after, tx.now + endpoint.aftermath())
        operations.doubt(tx, logged.id, "we were stopped before the reply came", latest)
    else:
        latest = logged.settle_after
    # Right after somebody has set the clock it does not tell how long we have waited.
    began_at = tx.now - timedelta(seconds=station.clock.monotonic() - evidence.began)
    waited = began_at >= latest and not station.clock_set_by()
    # A key of the platform's own does not make it sure any sooner: it is free again once the record has ended, and a request that
    # lands late then makes a second one.
    if waited:
        operations.finish(tx, logged.id, State.VOID, "it did not happen")
        timeline.append(
            tx,
            s.kept.incident.id,
            Event(
                "settled",
                f"{endpoint.name}: the {logged.kind} did not happen; it is done afresh",
                endpoint.name,
                data={"operation": logged.id},
            ),
        )
        link = incidents.link_of(tx, s.kept.incident.id, endpoint.name)
        if link is not None and link.seen != link.shadow:
            # An edit that may have been half ours waits to be merged; what is done afresh waits for that.
            mark(tx, station, s)
            return Done()
        return None
    again = next_look(logged.created_at, tx.now, latest)
    if logged.kind not in ASIDE:
        return Done(again)
    doubtful[logged.id] = again
    return None


def _happened(tx: Tx, station: Station, endpoint: Endpoint, s: Situation, evidence: Looked) -> bool:
    match evidence.action.logged.kind:
        case "create":
            return _created(tx, station, endpoint, s, evidence)
        case "attach" | "comment":
            return _copied(tx, endpoint, s, evidence)
        case "linkback":
            return _linked_back(tx, endpoint, s, evidence)
        case _:
            return _changed(tx, station, endpoint, s, evidence)


def _created(tx: Tx, station: Station, endpoint: Endpoint, s: Situation, evidence: Looked) -> bool:
    logged = evidence.action.logged
    if link_on(s, endpoint) is not None:
        operations.finish(tx, logged.id, State.APPLIED)
        return True
    if not evidence.records:
        return False
    operations.finish(tx, logged.id, State.APPLIED)
    link_up(tx, station, endpoint, s, logged, evidence.records[0])
    # A page may repeat a row: the same record once more is no second one.
    others = {record.id: record for record in evidence.records if record.id != evidence.records[0].id}
    for other in others.values():
        twin(tx, endpoint, s.kept.incident.id, evidence.records[0].key, other.key)
    return True


def _changed(tx: Tx, station: Station, endpoint: Endpoint, s: Situation, evidence: Looked) -> bool:
    logged, sighting = evidence.action.logged, evidence.sighting
    record = sighting.record if sighting else None
    link = link_on(s, endpoint)
    edits = sighting.edits if sighting is not None else None
    if record is None:
        return False
    if link is not None and edits and shown(tx, logged, edits):
        return _told(tx, station, endpoint, s, logged, link, record, edits)
    stands = all(record.values.get(n) == v for n, v in logged.payload.items())
    stands = stands and not (link is not None and moved_beside(endpoint, link, logged, record))
    # A step on the way to a status is not what the incident says, nor is what the incident has left since: somebody who gave
    # that said so.
    left = {
        n for n, v in logged.fields.items() if s.kept.incident[n] != v and _says(endpoint, logged, n, record)
    }
    theirs = left or (stands and not logged.fields)
    if theirs and link and edits and anothers(tx, endpoint, link, logged, edits, left or None):
        if not logged.audited:
            mark(tx, station, s)
        return False
    # A history that is read for this alone tells all of it.
    if not stands or (link and edits and endpoint.capabilities.history is HistoryKind.READ):
        return False
    operations.finish(tx, logged.id, State.APPLIED)
    if link is not None:
        report(tx, endpoint, s, logged)
        shows(tx, station, endpoint, s, logged, record)
        if edits:
            fresh = incidents.link_of(tx, link.incident_id, link.instance)
            assert fresh is not None
            if recover(tx, endpoint, fresh, [logged], edits):
                mark(tx, station, s)
    return True


def _says(endpoint: Endpoint, logged: Logged, name: str, record: Record) -> bool:
    """Whether a record says of a field what our write was to give it: the merge takes that for the write as long as that is
    in doubt, whatever becomes of its other fields."""
    natives = endpoint.mapping.natives_of(name) & logged.payload.keys()
    return bool(natives) and all(record.values.get(n) == logged.payload[n] for n in natives)


def moved_beside(endpoint: Endpoint, link: Link, logged: Logged, record: Record) -> bool:
    """Whether a value that stands in several native fields has another one of them changed: it does not say what we wrote, and
    somebody's own value may share with ours what we wrote of it."""
    shared = frozenset().union(*(endpoint.mapping.natives_of(name) for name in logged.fields))
    others = shared.intersection(record.values) - logged.payload.keys()
    return any(record.values[n] != link.shadow.get(n) for n in others)


def _told(
    tx: Tx,
    station: Station,
    endpoint: Endpoint,
    s: Situation,
    logged: Logged,
    link: Link,
    record: Record,
    edits: Sequence[Edit],
) -> bool:
    """What the history tells of a write that happened: upon whose edit, and what was given since."""
    operations.finish(tx, logged.id, State.APPLIED)
    report(tx, endpoint, s, logged)
    shows(tx, station, endpoint, s, logged, record, later=edited_since(logged, record, edits))
    fresh = incidents.link_of(tx, link.incident_id, link.instance)
    assert fresh is not None
    recover(tx, endpoint, fresh, [logged], edits)
    mark(tx, station, s)
    return True


def _copied(tx: Tx, endpoint: Endpoint, s: Situation, evidence: Looked) -> bool:
    logged = evidence.action.logged
    found: str | None
    if logged.kind == "comment":
        found = next((r.id for r in evidence.remarks if marker_of(r.body) == logged.marker), None)
    else:
        item = items.find(tx, logged.marker)
        wanted = (item.content["name"], item.content["size"]) if item else None
        # Several files may bear one name: those that are known already are not this one.
        known = items.known(tx, endpoint.name, items.ATTACHMENT, [a.id for a in evidence.attachments])
        found = next(
            (
                a.id
                for a in evidence.attachments
                if a.own and a.id not in known and (a.name, a.size) == wanted
            ),
            None,
        )
    if found is None:
        return False
    operations.finish(tx, logged.id, State.APPLIED)
    items.copied(tx, logged.marker, endpoint.name, found)
    report(tx, endpoint, s, logged)
    return True


def _linked_back(tx: Tx, endpoint: Endpoint, s: Situation, evidence: Looked) -> bool:
    """A note names each sibling. Where links are no notes the look finds nothing; written again they do no harm."""
    logged = evidence.action.logged
    siblings = [li.record_key for li in s.live if li.instance != endpoint.name]

    def ours(remark: Remark) -> bool:
        return marker_of(remark.body) == logged.marker and all(key in remark.body for key in siblings)

    if not any(ours(remark) for remark in evidence.remarks):
        return False
    operations.finish(tx, logged.id, State.APPLIED)
    references = str(logged.fields.get("references", ""))
    incidents.update_link(tx, s.kept.incident.id, endpoint.name, referenced=references)
    report(tx, endpoint, s, logged)
    return True
