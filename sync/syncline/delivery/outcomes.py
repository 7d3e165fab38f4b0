"""What the end of an action means for the store: applied, not applied, unknown, refused, gone."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from syncline import ledger
from syncline.configuration import PublicComments
from syncline.connector import Attach, Comment, Create, HistoryKind, Receipt, Record, Sighting, marker_of
from syncline.delivery.actions import Action, Done, Fetch, Looked, Read, Released, Send
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater, SynclineError
from syncline.intake.adoption import link_created
from syncline.intake.sightings import take_in
from syncline.ledger import Lease
from syncline.mapping.rules import Direction
from syncline.model import Visibility, json_value
from syncline.reconcile import Situation, shown
from syncline.station import Endpoint, Station
from syncline.store import incidents, instances, items, operations, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.items import Item
from syncline.store.operations import Logged, State
from syncline.store.timeline import Event

PROBE: Final = timedelta(seconds=5)
"""How soon a write of unknown outcome is looked for again: if it happened, there is no need to wait out the quarantine."""


def visibility(station: Station, target: Endpoint, item: Item) -> Visibility:
    """How visible a copy is: never more than its original."""
    keep = station.configuration.comments.public is PublicComments.KEEP
    if (
        item.visibility is Visibility.PUBLIC
        and keep
        and Visibility.PUBLIC in target.capabilities.visibilities
    ):
        return Visibility.PUBLIC
    return Visibility.INTERNAL if Visibility.INTERNAL in target.capabilities.visibilities else item.visibility


def _link(s: Situation, endpoint: Endpoint) -> Link | None:
    return next((li for li in s.links if li.instance == endpoint.name), None)


def _mark(tx: Tx, station: Station, s: Situation) -> None:
    urgency = s.kept.incident.priority or ledger.ORDINARY
    station.ledger.mark(tx, ledger.incident(s.kept.incident.id), urgency=urgency)


# ---- applied ------------------------------------------------------------------------------------


def applied(
    tx: Tx, station: Station, endpoint: Endpoint, s: Situation, action: Send, receipt: Receipt
) -> Action | None:
    """A write was applied: its outcome, the new shadow and what follows are stored together."""
    logged = action.logged
    operations.finish(tx, logged.id, State.APPLIED)
    _report(tx, endpoint, s, logged)
    link = _link(s, endpoint)
    if isinstance(action.operation, Create):
        return _created(tx, station, endpoint, s, logged, receipt, link)
    if link is None:
        return Done()
    if isinstance(action.operation, Comment | Attach):
        items.copied(tx, logged.marker, endpoint.name, receipt.item_id)
    elif logged.kind == "linkback":
        incidents.update_link(
            tx, link.incident_id, link.instance, referenced=logged.fields.get("references", "")
        )
    else:
        settled = {**link.settled, **logged.fields}
        shadow = {**link.shadow, **logged.payload}
        incidents.update_link(tx, link.incident_id, link.instance, shadow=shadow, settled=settled)
        if receipt.record is None:
            # The shadow is what we sent until the record is read: a crash before that leaves it to be read again.
            incidents.update_link(tx, link.incident_id, link.instance, stale=True)
            return Read(logged, link.record_id)
    if receipt.record is not None:
        _shows(tx, station, endpoint, s, logged, receipt.record)
    return None


def _report(tx: Tx, endpoint: Endpoint, s: Situation, logged: Logged) -> None:
    link = _link(s, endpoint)
    where = f"{endpoint.name} {link.record_key}" if link else endpoint.name
    if logged.kind in {"update", "transition"}:
        said = ", ".join(f"{n} = {shown(v)}" for n, v in logged.payload.items())
        timeline.append(
            tx,
            s.kept.incident.id,
            Event(
                "written",
                f"{where}: {said}",
                endpoint.name,
                data={"operation": logged.id, "fields": sorted(logged.fields)},
            ),
        )
    elif logged.kind in {"comment", "attach", "linkback"}:
        what = {
            "comment": "comment copied",
            "attach": "file copied",
            "linkback": "links to its siblings written",
        }[logged.kind]
        timeline.append(
            tx,
            s.kept.incident.id,
            Event(
                "written",
                f"{where}: {what}",
                endpoint.name,
                data={"operation": logged.id, "item": logged.item_id},
            ),
        )


def _created(
    tx: Tx,
    station: Station,
    endpoint: Endpoint,
    s: Situation,
    logged: Logged,
    receipt: Receipt,
    link: Link | None,
) -> Action | None:
    if link is not None:
        if link.record_id != receipt.record_id:
            _twin(tx, endpoint, s, link.record_key, receipt.record_id)
        return None
    if receipt.record is None:
        return Read(logged, receipt.record_id)
    _link_up(tx, station, endpoint, s, logged, receipt.record)
    return None


def _link_up(
    tx: Tx, station: Station, endpoint: Endpoint, s: Situation, logged: Logged, record: Record
) -> None:
    endpoint.meet(tx, record.parties)
    link_created(tx, station, endpoint, s.kept.incident.id, record, logged.fields)
    _forced(tx, endpoint, s.kept.incident.id, logged, record)
    _mark(tx, station, s)


def _twin(tx: Tx, endpoint: Endpoint, s: Situation, present: str, other: str) -> None:
    timeline.park(
        tx,
        s.kept.incident.id,
        "twin",
        f"{endpoint.name} has two tickets for this incident: {present} and {other}. {present} is kept in agreement; close "
        f"{other} by hand, then `syncline park drop`",
        instance=endpoint.name,
        data={"record": other},
        standing=s.parked,
    )


def _shows(
    tx: Tx, station: Station, endpoint: Endpoint, s: Situation, logged: Logged, record: Record
) -> None:
    """The record after our write: what it returned is the shadow of what we wrote."""
    link = next(
        li
        for li in incidents.links_of(tx, [s.kept.incident.id])[s.kept.incident.id]
        if li.instance == endpoint.name
    )
    endpoint.meet(tx, record.parties)
    if record.revision < link.revision:
        return
    incidents.see(tx, [(link, record)])
    mapping = endpoint.mapping
    before = mapping.read(link.seen, endpoint.directory)
    shadow = dict(link.shadow)
    settled = dict(link.settled)
    reading = mapping.read(record.values, endpoint.directory, s.kept.incident)
    for native in logged.payload:
        shadow[native] = record.values.get(native)
    consequences: list[Mapping[str, object]] = list(link.recovered)
    for name, rule in mapping.rules.items():
        natives = mapping.natives_of(name)
        if rule.direction is not Direction.BOTH and name not in logged.fields:
            # What the platform derives from our own write (a time of resolution, say) is nobody's edit.
            shadow.update({n: record.values.get(n) for n in natives})
        elif (
            name not in logged.fields
            and any(natives & mapping.natives_of(written) for written in logged.fields)
            and name in reading.values
        ):
            # A field that shares its natives with what we wrote (impact with priority) moved along: the incident follows.
            settled[name] = reading.values[name]
            if reading.values[name] not in (before.values.get(name), s.kept.incident[name]):
                consequences.append(
                    {
                        "field": name,
                        "value": json_value(reading.values[name]),
                        "actor": endpoint.title,
                        "at": record.updated_at.isoformat(),
                        "derived": True,
                    }
                )
    incidents.update_link(
        tx,
        link.incident_id,
        link.instance,
        shadow=shadow,
        settled=settled,
        recovered=consequences,
        stale=False,
    )
    _forced(tx, endpoint, link.incident_id, logged, record)
    counted = endpoint.capabilities.counted_revisions
    if logged.kind not in {"update", "transition"} or (counted and record.revision == link.revision + 1):
        # Nobody wrote between our look and our write: there is nothing to look for in the history.
        operations.audited(tx, [logged.id])
    if (
        any(shadow.get(n) != v for n, v in record.values.items())
        or len(consequences) > len(link.recovered)
        or not _owes_no_history(endpoint, logged, record, link)
    ):
        _mark(tx, station, s)


def _owes_no_history(endpoint: Endpoint, logged: Logged, record: Record, link: Link) -> bool:
    """Whether no look into the history is owed: it comes with a poll, or nobody can have come between."""
    if endpoint.capabilities.history is not HistoryKind.READ or logged.kind not in {"update", "transition"}:
        return True
    return endpoint.capabilities.counted_revisions and record.revision == link.revision + 1


def _forced(tx: Tx, endpoint: Endpoint, incident_id: str, logged: Logged, record: Record) -> None:
    """The platform kept something else than what it was given: reported, not hidden, and not fought over."""
    reading = endpoint.mapping.read(record.values, endpoint.directory)
    for name, value in logged.fields.items():
        kept = {n: record.values.get(n) for n in endpoint.mapping.natives_of(name)}
        sent = {n: v for n, v in logged.payload.items() if n in kept}
        if not sent or all(kept[n] == v for n, v in sent.items()):
            continue
        if endpoint.mapping.holds(name, value, record.values, endpoint.directory):
            continue
        timeline.append(
            tx,
            incident_id,
            Event(
                "forced",
                f"{endpoint.name} {record.key} was given {name} = {shown(value)} and kept {shown(reading.values.get(name))}; "
                "the platform decides there, and Syncline does not fight it",
                endpoint.name,
                field=name,
                data={
                    "sent": {n: json_value(v) for n, v in sent.items()},
                    "kept": {n: json_value(v) for n, v in kept.items()},
                },
            ),
        )


def seen(
    tx: Tx, station: Station, endpoint: Endpoint, s: Situation, logged: Logged, sighting: Sighting
) -> None:
    """The read after a write whose reply did not show the record."""
    if sighting.record is None:
        return
    if logged.kind == "create":
        if _link(s, endpoint) is None:
            _link_up(tx, station, endpoint, s, logged, sighting.record)
        return
    _shows(tx, station, endpoint, s, logged, sighting.record)
    take_in(
        tx,
        station,
        endpoint,
        [Sighting(sighting.record_id, None, sighting.remarks, sighting.attachments, sighting.edits)],
    )


# ---- failed -------------------------------------------------------------------------------------


def failed(
    tx: Tx,
    station: Station,
    endpoint: Endpoint,
    s: Situation,
    lease: Lease,
    action: Action,
    error: SynclineError,
) -> Action | None:
    """An action ended in an error that says what to do about it."""
    if isinstance(action, Send):
        return _send_failed(tx, station, endpoint, s, lease, action, error)
    if isinstance(error, Gone):
        if isinstance(action, Fetch):
            items.withhold(tx, action.item.id, endpoint.name, f"the file is no longer there ({error})")
            return None
        return _record_missing(tx, station, endpoint, s)
    if isinstance(error, Refused) and isinstance(action, Fetch):
        items.withhold(tx, action.item.id, endpoint.name, str(error))
        timeline.append(
            tx,
            s.kept.incident.id,
            Event(
                "withheld",
                f"not copied to {endpoint.name}: {error}",
                endpoint.name,
                data={"item": action.item.id},
            ),
        )
        return None
    if isinstance(action, Read):
        _mark(tx, station, s)
    return _wait(tx, endpoint, lease, error)


def _wait(tx: Tx, endpoint: Endpoint, lease: Lease, error: SynclineError) -> Action:
    after: float | None = None
    if isinstance(error, Configuration):
        halt(tx, endpoint.name, str(error))
        after = 60.0
    elif isinstance(error, RetryLater):
        after = error.after
    lease.retry(tx, str(error), after)
    return Released()


def halt(tx: Tx, instance: str, reason: str) -> None:
    """The instance stands still until a person acts; said once."""
    progress = instances.progress(tx, instance)
    if progress is not None and progress.halted is None:
        instances.update(tx, instance, halted=reason)
        timeline.append(tx, None, Event("halted", reason, instance))


def _record_missing(tx: Tx, station: Station, endpoint: Endpoint, s: Situation) -> Action:
    link = _link(s, endpoint)
    if link is not None:
        incidents.update_link(tx, link.incident_id, link.instance, stale=True)
        _mark(tx, station, s)
    return Done()


def _send_failed(
    tx: Tx,
    station: Station,
    endpoint: Endpoint,
    s: Situation,
    lease: Lease,
    action: Send,
    error: SynclineError,
) -> Action | None:
    logged = action.logged
    match error:
        case OutcomeUnknown():
            operations.doubt(tx, logged.id, str(error))
            timeline.append(
                tx,
                s.kept.incident.id,
                Event(
                    "unknown",
                    f"{error}; it is looked for before it is repeated",
                    endpoint.name,
                    data={"operation": logged.id},
                ),
            )
            return Done((tx.now + PROBE).timestamp())
        case Refused():
            operations.finish(tx, logged.id, State.REFUSED, str(error))
            _refused(tx, endpoint, s, logged, error)
            return None
        case Gone():
            operations.finish(tx, logged.id, State.REFUSED, str(error))
            if logged.kind == "create":
                _refused(tx, endpoint, s, logged, Refused(str(error)))
                return None
            return _record_missing(tx, station, endpoint, s)
        case _:
            operations.finish(tx, logged.id, State.VOID, str(error))
            return _wait(tx, endpoint, lease, error)


def _refused(tx: Tx, endpoint: Endpoint, s: Situation, logged: Logged, error: Refused) -> None:
    """Park what was refused and nothing else."""
    incident = s.kept.incident
    retry = "; mend that, then `syncline park retry`"
    if logged.kind == "create":
        timeline.park(
            tx,
            incident.id,
            "create",
            f"{error}{retry}",
            instance=endpoint.name,
            data={"fields": error.fields},
            standing=s.parked,
        )
        return
    if logged.item_id is not None:
        items.withhold(tx, logged.item_id, endpoint.name, str(error))
        timeline.park(
            tx,
            incident.id,
            "item",
            f"{error}{retry}",
            instance=endpoint.name,
            item_id=logged.item_id,
            standing=s.parked,
        )
        return
    if logged.kind == "linkback":
        incidents.update_link(tx, incident.id, endpoint.name, referenced=logged.fields.get("references", ""))
        timeline.append(tx, incident.id, Event("refused", f"links to its siblings: {error}", endpoint.name))
        return
    natives = set(error.fields)
    named = [n for n in logged.fields if natives & endpoint.mapping.natives_of(n)]
    if not named and len(logged.fields) > 1:
        timeline.append(
            tx, incident.id, Event("refused", f"{error}; the fields are tried one by one", endpoint.name)
        )
        return
    for name in named or list(logged.fields) or ["status"]:
        timeline.park(
            tx,
            incident.id,
            "refused",
            f"{name}: {error}{retry}",
            instance=endpoint.name,
            field=name,
            data={"value": json_value(incident[name]), "fields": error.fields},
            standing=s.parked,
        )


# ---- looked for ---------------------------------------------------------------------------------


def looked(tx: Tx, station: Station, endpoint: Endpoint, s: Situation, evidence: Looked) -> Action | None:
    """What became of a write of unknown outcome: it happened, it did not, or it is too early to tell."""
    logged = evidence.action.logged
    happened = _happened(tx, station, endpoint, s, evidence)
    if happened:
        return None
    certain = evidence.began_at >= logged.settle_after or (
        logged.kind == "create" and endpoint.capabilities.create_key
    )
    if certain:
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
        return None
    return Done(min(logged.settle_after, tx.now + PROBE).timestamp())


def _happened(tx: Tx, station: Station, endpoint: Endpoint, s: Situation, evidence: Looked) -> bool:
    logged = evidence.action.logged
    link = _link(s, endpoint)
    if logged.kind == "create":
        if link is not None:
            operations.finish(tx, logged.id, State.APPLIED)
            return True
        if not evidence.records:
            return False
        operations.finish(tx, logged.id, State.APPLIED)
        _link_up(tx, station, endpoint, s, logged, evidence.records[0])
        for other in evidence.records[1:]:
            _twin(tx, endpoint, s, evidence.records[0].key, other.key)
        return True
    found = None
    if logged.kind == "attach":
        item = items.find(tx, logged.marker)
        name = item.content["name"] if item else None
        found = next((a.id for a in evidence.attachments if a.own and a.name == name), None)
    elif logged.kind in {"comment", "linkback"}:
        found = next((r.id for r in evidence.remarks if marker_of(r.body) == logged.marker), None)
    else:
        record = evidence.sighting.record if evidence.sighting else None
        if record is None or any(record.values.get(n) != v for n, v in logged.payload.items()):
            return False
        operations.finish(tx, logged.id, State.APPLIED)
        if link is not None:
            incidents.update_link(
                tx, link.incident_id, link.instance, settled={**link.settled, **logged.fields}
            )
            _report(tx, endpoint, s, logged)
            _shows(tx, station, endpoint, s, logged, record)
        return True
    if found is None:
        return False
    operations.finish(tx, logged.id, State.APPLIED)
    operations.audited(tx, [logged.id])
    if logged.kind == "linkback":
        incidents.update_link(
            tx, s.kept.incident.id, endpoint.name, referenced=logged.fields.get("references", "")
        )
    else:
        items.copied(tx, logged.marker, endpoint.name, found)
    _report(tx, endpoint, s, logged)
    return True
