"""Somebody sets the machine's clock: what waits out a time waits as long as before."""

import logging

from syncline import policies
from syncline.errors import SynclineError
from syncline.station import Station
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
            timeline.append(tx, None, Event("clock", text, data={"seconds": round(moved)}))
            operations.clock_was_set(tx, moved)
            messages.clock_was_set(tx, moved)
            if moved < 0:
                station.ledger.clock_went_back(tx, -moved)
                incidents.clock_went_back(tx, -moved)
                published.clock_went_back(tx, -moved)
                if station.policies is not None:
                    station.policies = policies.in_force(tx)

        try:
            station.database.transact(store)
        except SynclineError as error:
            log.error("%s", error)
            return
        station.ahead += moved
