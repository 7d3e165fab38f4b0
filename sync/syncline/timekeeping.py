"""Somebody sets the machine's clock: what waits out a time waits as long as before."""

import logging

from syncline import policies
from syncline.errors import SynclineError
from syncline.station import LEAP, Station
from syncline.store import incidents, messages, operations, published, timeline
from syncline.store.database import Tx
from syncline.store.timeline import Event

log = logging.getLogger(__name__)


def notice(station: Station) -> None:
    """See whether somebody set the clock, and move what stands on it. Whoever stamps a wait asks first: what was stamped by
    the new time already would be moved with all else."""
    if not station.clock_set_by():
        return
    with station.timekeeping:
        moved = station.clock_set_by()
        if not moved:
            return
        way = "forward" if moved > 0 else "back"
        text = f"the machine's clock was set {way} by {abs(moved):.0f} s; escalations go by its new time"
        log.warning("%s", text)

        def store(tx: Tx) -> None:
            _move(tx, station, moved, text)

        try:
            station.database.transact(store)
        except SynclineError as error:
            log.error("%s", error)
            return
        station.ahead += moved


def resume(tx: Tx, station: Station) -> None:
    """See whether the clock was set back while nobody watched: the newest line of the timeline is yet to come then. By how much
    more, for as long as nobody was there, nothing tells: what waits out a time begins where it was left."""
    newest = timeline.newest_at(tx)
    moved = (tx.now - newest).total_seconds() if newest is not None else 0.0
    if moved > -LEAP:
        return
    text = (
        f"while nothing ran, the machine's clock was set back, by {-moved:.0f} s at least; escalations go by its new time, and"
        " what they waited for goes on from when the daemon last did anything"
    )
    log.warning("%s", text)
    _move(tx, station, moved, text)


def _move(tx: Tx, station: Station, moved: float, text: str) -> None:
    timeline.append(tx, None, Event("clock", text, data={"seconds": round(moved)}))
    operations.clock_was_set(tx, moved)
    messages.clock_was_set(tx, moved)
    if moved < 0:
        station.ledger.clock_went_back(tx, -moved)
        incidents.clock_went_back(tx, -moved)
        published.clock_went_back(tx, -moved)
        if station.policies is not None:
            station.policies = policies.in_force(tx)
