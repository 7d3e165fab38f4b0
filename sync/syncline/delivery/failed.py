"""An action that ended in an error: the error says what to do about it."""

from collections.abc import MutableMapping
from datetime import datetime, timedelta
from typing import Final

from syncline.connector import Create
from syncline.delivery.actions import Action, Done, Fetch, Meet, Read, Released, Send
from syncline.delivery.applied import link_on, mark
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater, SynclineError
from syncline.ledger import Lease
from syncline.model import json_value
from syncline.reconcile import Situation
from syncline.station import Endpoint, Station
from syncline.store import incidents, instances, items, operations, timeline
from syncline.store.database import Tx
from syncline.store.operations import Logged, State
from syncline.store.timeline import Event

PROBE: Final = timedelta(seconds=5)
"""How soon a write of unknown outcome is looked for: if it happened, there is no need to wait out the quarantine."""
SELDOM: Final = timedelta(minutes=1)
"""It is looked for at least so often."""
ASIDE: Final = frozenset({"comment", "attach", "linkback"})
"""Kinds of writes that a change of fields need not wait for."""
REREAD: Final = timedelta(minutes=10)
"""So long a record whose status may be why it refused fields is not read once more for that."""
_HALTED: Final = 60.0


def failed(
    tx: Tx,
    station: Station,
    endpoint: Endpoint,
    s: Situation,
    lease: Lease,
    action: Action,
    error: SynclineError,
    doubtful: MutableMapping[int, float],
) -> Action | None:
    """What to do about it. `doubtful` takes writes that are looked for later, and when (seconds since 1970)."""
    if isinstance(action, Send):
        return _send_failed(tx, station, endpoint, s, lease, action, error, doubtful)
    if isinstance(error, Gone):
        if isinstance(action, Fetch):
            _withheld(tx, endpoint, s, action, f"the file is no longer there ({error})")
            return None
        return _record_missing(tx, station, endpoint, s)
    if isinstance(error, Refused) and isinstance(action, Fetch):
        _withheld(tx, endpoint, s, action, str(error))
        return None
    if isinstance(error, Configuration) and isinstance(action, Fetch | Meet):
        # It is another instance that is asked, or another right that lacks: writes may go on.
        lease.retry(tx, str(error), _HALTED)
        return Released()
    if isinstance(action, Read):
        mark(tx, station, s)
    return _wait(tx, endpoint, lease, error)


def _withheld(tx: Tx, endpoint: Endpoint, s: Situation, action: Fetch, reason: str) -> None:
    items.withhold(tx, action.item.id, endpoint.name, reason)
    timeline.append(
        tx,
        s.kept.incident.id,
        Event(
            "withheld",
            f"not copied to {endpoint.name}: {reason}",
            endpoint.name,
            data={"item": action.item.id},
        ),
    )


def _wait(tx: Tx, endpoint: Endpoint, lease: Lease, error: SynclineError) -> Action:
    after: float | None = None
    if isinstance(error, Configuration):
        halt(tx, endpoint, str(error))
        after = _HALTED
    elif isinstance(error, RetryLater):
        after = error.after
    lease.retry(tx, str(error), after)
    return Released()


def halt(tx: Tx, endpoint: Endpoint, reason: str) -> None:
    """The instance takes no writes until a person acts; said once."""
    endpoint.refusing = True
    progress = instances.progress(tx, endpoint.name)
    if progress is not None and progress.halted is None:
        instances.update(tx, endpoint.name, halted=reason)
        timeline.append(tx, None, Event("halted", reason, endpoint.name))


def _record_missing(tx: Tx, station: Station, endpoint: Endpoint, s: Situation) -> Action:
    link = link_on(s, endpoint)
    if link is not None:
        incidents.update_link(tx, link.incident_id, link.instance, stale=True)
        mark(tx, station, s)
    return Done()


def _send_failed(
    tx: Tx,
    station: Station,
    endpoint: Endpoint,
    s: Situation,
    lease: Lease,
    action: Send,
    error: SynclineError,
    doubtful: MutableMapping[int, float],
) -> Action | None:
    logged = action.logged
    match error:
        case OutcomeUnknown():
            return _unknown(tx, endpoint, s, logged, error, doubtful)
        case Refused():
            operations.finish(tx, logged.id, State.REFUSED, str(error))
            _refused(tx, endpoint, s, logged, error)
            return None
        case Gone():
            operations.finish(tx, logged.id, State.REFUSED, str(error))
            if isinstance(action.operation, Create):
                _refused(tx, endpoint, s, logged, Refused(str(error)))
                return None
            return _record_missing(tx, station, endpoint, s)
        case _:
            operations.retract(tx, logged.id)
            return _wait(tx, endpoint, lease, error)


def next_look(sent: datetime, now: datetime, latest: datetime) -> float:
    """When a write in doubt is looked for again, in seconds since 1970: most of what happened shows soon, so the looks become
    rarer; and there is one when absence proves something.

    Args:
        sent: When it was.
        now: When it was looked for in vain.
        latest: The end of its quarantine.
    """
    again = now + min(max((now - sent) / 2, PROBE), SELDOM)
    return (min(again, latest) if latest > now else again).timestamp()


def _unknown(
    tx: Tx,
    endpoint: Endpoint,
    s: Situation,
    logged: Logged,
    error: OutcomeUnknown,
    doubtful: MutableMapping[int, float],
) -> Action | None:
    # The request left before now: counted from here, the quarantine cannot be too short.
    operations.doubt(tx, logged.id, str(error), max(logged.settle_after, tx.now + endpoint.aftermath()))
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
    probe = (tx.now + PROBE).timestamp()
    if logged.kind not in ASIDE:
        return Done(probe)
    doubtful[logged.id] = probe
    return None


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
    elif logged.item_id is not None:
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
    elif logged.kind == "linkback":
        references = str(logged.fields.get("references", ""))
        incidents.update_link(tx, incident.id, endpoint.name, referenced=references)
        timeline.append(tx, incident.id, Event("refused", f"links to its siblings: {error}", endpoint.name))
    else:
        _fields_refused(tx, endpoint, s, logged, error, retry)


def _fields_refused(
    tx: Tx, endpoint: Endpoint, s: Situation, logged: Logged, error: Refused, retry: str
) -> None:
    incident = s.kept.incident
    natives = set(error.fields)
    if _moved_meanwhile(tx, endpoint, s, logged, natives):
        incidents.update_link(tx, incident.id, endpoint.name, stale=True)
        return
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
            data={
                "value": json_value(incident[name]),
                "fields": error.fields,
                **_beside(endpoint, s, name, natives),
            },
            standing=s.parked,
        )


def _beside(endpoint: Endpoint, s: Situation, field: str, natives: set[str]) -> dict[str, dict[str, object]]:
    """The other fields that a refusal complains of, as they are now: it is for want of them, and ends when one is given."""
    mapping, incident = endpoint.mapping, s.kept.incident
    others = {
        n: json_value(incident[n])
        for n in sorted(mapping.rules)
        if n != field and natives & mapping.natives_of(n)
    }
    return {"beside": others} if others else {}


def _moved_meanwhile(tx: Tx, endpoint: Endpoint, s: Situation, logged: Logged, natives: set[str]) -> bool:
    """Whether the record may by now stand in another status, in which it does not take those fields or has other ways
    on: it is read before anything is parked. What is refused again after that is no matter of the status."""
    moves = logged.kind == "transition"
    # A field that was not sent is one that is missing: that is no matter of where the record stands.
    natives = natives - {endpoint.capabilities.workflow} if moves else natives & logged.payload.keys()
    fixed = frozenset().union(*endpoint.capabilities.fixed_in.values())
    if link_on(s, endpoint) is None or (natives if moves else natives.isdisjoint(fixed)):
        return False
    return not any(
        other.id < logged.id
        and other.state is State.REFUSED
        and other.kind == logged.kind
        and (_same_step(other, logged) if moves else not natives.isdisjoint(other.payload))
        for other in operations.recent(tx, logged.incident_id, logged.instance, REREAD)
    )


def _same_step(one: Logged, other: Logged) -> bool:
    """Whether both lead to one status out of one: another step that was refused says nothing of this one."""
    return one.payload == other.payload and one.base == other.base
