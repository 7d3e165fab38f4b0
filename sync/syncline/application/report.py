"""How everything stands: what `syncline status` shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syncline.ledger import Backlog, backlog
from syncline.lineage import Recognised
from syncline.station import Station
from syncline.store import incidents, instances, timeline
from syncline.store.database import Tx
from syncline.store.meta import identity


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """How one instance stands.

    Attributes:
        name: `snow-prod`.
        platform: `servicenow`.
        records: Linked records.
        polled_at: Last complete poll.
        swept_at: Last complete sweep.
        lag: Seconds since the last poll; None before the first.
        halted: Why it stands still until a person acts.
        failing_since: Since when it does not answer.
        error: With what.
    """

    name: str
    platform: str
    records: int
    polled_at: datetime | None
    swept_at: datetime | None
    lag: float | None
    halted: str | None
    failing_since: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """How everything stands.

    Attributes:
        store: Identity and generation of the store.
        incidents: How many.
        instances: Each.
        backlog: What waits, lane by lane.
        parked: How much waits for a person.
        events: How many lines of each kind the timelines have.
        held: Why nothing is polled, written or sent before the database is adopted; None: it is the one.
    """

    store: tuple[str, int]
    incidents: int
    instances: Sequence[InstanceStatus]
    backlog: Sequence[Backlog]
    parked: int
    events: dict[str, int]
    held: Recognised | None = None

    @property
    def well(self) -> bool:
        """Whether nothing waits for a person and every instance answers."""
        return (
            self.held is None
            and not self.parked
            and not any(i.halted or i.failing_since for i in self.instances)
        )


def report(tx: Tx, station: Station, held: Recognised | None) -> StatusReport:
    """How everything stands now; `held` is what was recognised of the database."""
    total, records = incidents.counts(tx)
    progress = {p.instance: p for p in instances.all_progress(tx)}
    rows = []
    for name, endpoint in station.endpoints.items():
        p = progress.get(name)
        rows.append(
            InstanceStatus(
                name,
                endpoint.plugin.platform,
                records.get(name, 0),
                p.polled_at if p else None,
                p.swept_at if p else None,
                (tx.now - p.polled_at).total_seconds() if p and p.polled_at else None,
                p.halted if p else None,
                p.failing_since if p else None,
                p.error if p else None,
            )
        )
    waiting = len(timeline.all_waiting(tx))
    return StatusReport(identity(tx), total, rows, backlog(tx), waiting, timeline.count_by_kind(tx), held)
