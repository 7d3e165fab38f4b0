"""What the machine and the ledger give by themselves: commits, and pieces of work."""

import random
from collections.abc import Iterator

from figure import CLOCK, Figure, Scope

from syncline import ledger
from syncline.ledger import Kind, Ledger
from syncline.ports import RandomIds, SystemClock, ThreadRuntime
from syncline.store.database import Database
from syncline.store.migrate import upgrade


def measure(scope: Scope) -> Iterator[Figure]:
    """One worker, one item at a time; then 5,000 items in one transaction each way."""
    scope.folder.mkdir(parents=True)
    ids = RandomIds(random.Random(3))
    database = Database(f"sqlite:///{scope.folder / 'raw.db'}", SystemClock(), ThreadRuntime())
    upgrade(database, ids)
    book = Ledger(ids.token)
    items = [ledger.incident(ids.incident()) for _ in range(5_000)]
    began = CLOCK.monotonic()
    for item in items[:300]:
        database.transact(lambda tx, item=item: book.mark(tx, item))
    rate = 300 / (CLOCK.monotonic() - began)
    yield Figure("durable commits by one worker", "", f"{rate:.0f}/s", None, rate)
    began = CLOCK.monotonic()
    database.transact(lambda tx: book.mark_all(tx, items))
    while leases := database.transact(lambda tx: book.claim(tx, (Kind.INCIDENT,), "", 500)):
        database.transact(lambda tx, leases=leases: [lease.done(tx) for lease in leases])
    rate = len(items) / (CLOCK.monotonic() - began)
    yield Figure("ledger: items marked, claimed and done, 500 at a time", "", f"{rate:.0f}/s", None, rate)
    database.close()
