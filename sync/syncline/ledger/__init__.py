"""The ledger of work: dirty keys, not jobs.

The work is level-triggered: a mark says *look at this again*, and says it once however often it is said. So there is
one row for each work item, which holds the dirty mark, the back-off, the timer, the urgency and the lease. A mark
commits or rolls back with its transaction; what is marked while it is worked on is worked on once more afterwards.
"""

from syncline.ledger.items import MESSAGES, ORDINARY, Item, Kind, delivery, incident, message, poll, sweep
from syncline.ledger.leases import LEASE, LONGEST, PATIENCE, SHORTEST, Lease, LeaseLost, backoff
from syncline.ledger.rows import AGEING, URGENCIES, Backlog, Ledger, backlog

__all__ = [
    "AGEING",
    "LEASE",
    "LONGEST",
    "MESSAGES",
    "ORDINARY",
    "PATIENCE",
    "SHORTEST",
    "URGENCIES",
    "Backlog",
    "Item",
    "Kind",
    "Lease",
    "LeaseLost",
    "Ledger",
    "backlog",
    "backoff",
    "delivery",
    "incident",
    "message",
    "poll",
    "sweep",
]
