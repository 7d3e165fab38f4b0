"""`sync --once`: all that is due now, in the caller's own thread, in a fixed order."""

from collections.abc import Callable
from dataclasses import dataclass, field

from syncline import ledger
from syncline.delivery.deliver import deliver
from syncline.delivery.turn import Turn
from syncline.errors import SynclineError
from syncline.intake import polling
from syncline.ledger import MESSAGES, Kind, Lease
from syncline.messages import sending
from syncline.station import Endpoint, Station
from syncline.workers import BATCH, reconcile_leased


@dataclass(slots=True)
class Round:
    """What one round came to.

    Attributes:
        pages: Pages that were polled.
        changed: Linked records that had changed.
        adopted: Records that were taken up.
        ignored: Records that no route takes.
        reconciled: Incidents that were looked at.
        deliveries: Records that were brought in line.
        messages: Messages that were sent, or looked after.
        faults: What went wrong, a sentence each.
    """

    pages: int = 0
    changed: int = 0
    adopted: int = 0
    ignored: int = 0
    reconciled: int = 0
    deliveries: int = 0
    messages: int = 0
    faults: list[str] = field(default_factory=list)


def once(station: Station, progress: Callable[[str], None]) -> Round:
    """Poll every instance to the end, then reconcile, deliver and send messages until nothing is due.

    Args:
        station: At hand.
        progress: Told in a few words what is being done.
    """
    result = Round()
    for endpoint in station.endpoints.values():
        progress(f"polling {endpoint.name}")
        _poll(station, endpoint, result)
    while (
        _reconcile(station, result, progress)
        or _deliver(station, result, progress)
        or _send(station, result, progress)
    ):
        continue
    return result


def _poll(station: Station, endpoint: Endpoint, result: Round) -> None:
    station.database.transact(lambda tx: station.ledger.mark(tx, ledger.poll(endpoint.name)))
    while lease := _claim(station, Kind.POLL, endpoint.name):
        try:
            endpoint.fit()
            taken = polling.poll(station, endpoint, lease)
        except SynclineError as error:
            result.faults.append(str(error))
            polling.failed(station, endpoint, lease, error)
            return
        result.pages += 1
        result.changed += len(taken.changed)
        result.adopted += sum(1 for a in taken.adopted if a.incident_id)
        result.ignored += sum(1 for a in taken.adopted if a.incident_id is None)


def _claim(station: Station, kind: Kind, lane: str) -> Lease | None:
    leases = station.database.transact(lambda tx: station.ledger.claim(tx, (kind,), lane))
    return leases[0] if leases else None


def _reconcile(station: Station, result: Round, progress: Callable[[str], None]) -> bool:
    leases = station.database.transact(lambda tx: station.ledger.claim(tx, (Kind.INCIDENT,), "", BATCH))
    if not leases:
        return False
    result.reconciled += len(leases)
    progress(f"{result.reconciled} incidents reconciled")
    reconcile_leased(station, leases)
    return True


def _send(station: Station, result: Round, progress: Callable[[str], None]) -> bool:
    lease = _claim(station, Kind.MESSAGE, MESSAGES)
    if lease is None:
        return False
    result.messages += 1
    progress(f"{result.messages} messages sent")
    sending.work(station, lease)
    return True


def _deliver(station: Station, result: Round, progress: Callable[[str], None]) -> bool:
    worked = False
    for endpoint in station.endpoints.values():
        lease = _claim(station, Kind.DELIVERY, endpoint.name)
        if lease is None:
            continue
        worked = True
        result.deliveries += 1
        progress(f"{result.deliveries} records brought in line")
        deliver(station, Turn(station, endpoint, lease))
    return worked
