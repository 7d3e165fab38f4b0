"""The daemon: `syncline run`. One for each database; starts the workers, and stops them promptly and cleanly."""

import contextlib
import fcntl
import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Final

import sqlalchemy as sa

from syncline import assembly, ledger, policies, timekeeping
from syncline.assembly import Ports
from syncline.configuration import Configuration
from syncline.connector import Plugin
from syncline.custody import Custody, Replaced
from syncline.errors import Configuration as Misconfigured
from syncline.errors import SynclineError
from syncline.http.redaction import Redactor
from syncline.ledger import Kind
from syncline.ports import Signal
from syncline.station import Station
from syncline.store import incidents, operations, published, timeline
from syncline.store.database import Database, Tx
from syncline.store.faults import storage_error
from syncline.store.meta import identity, next_generation
from syncline.store.migrate import upgrade
from syncline.store.timeline import Event
from syncline.workers import Workers

log = logging.getLogger(__name__)

WATCH: Final = 2.0
"""Seconds between two looks for newly published configuration."""
PATIENCE: Final = 20.0
"""Seconds that running calls get to end when the daemon stops. What does not is found again at the next start."""
BEAT: Final = 5
"""Looks from one sign of life in the database and on its stamp to the next: a backup that is older than that is known."""
HANDOVER: Final = 0.0005
"""Seconds that a thread may keep the interpreter from the others (Python's default is 0.005). The thread whose turn the
database is gives it up with every statement; with the default it would wait ten times as long to get it back."""
_ADVISORY: Final = 0x53796E63  # "Sync": the key of the advisory lock in PostgreSQL


class OnlyDaemon:
    """The right to be the only daemon on a database. The operating system or the server gives it back when we die."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._file: IO[str] | None = None
        self._connection: sa.Connection | None = None

    def take(self) -> None:
        """Take it.

        Raises:
            Configuration: another daemon works on this database, or it takes none until a person acts.
            RetryLater: it cannot be reached now.
        """
        where = self._database.url.render_as_string(hide_password=True)
        if self._database.sqlite:
            self._take_file(where)
            return
        try:
            taken = self._take_lock()
        except sa.exc.DBAPIError as error:
            self.give_back()
            raise storage_error(error, self._database.url) from None
        if not taken:
            self.give_back()
            raise Misconfigured(f"another syncline daemon works on {where}; stop that one first")

    def _take_lock(self) -> bool:
        self._connection = self._database.beside()  # the lock is as long as the connection
        return bool(self._connection.execute(sa.select(sa.func.pg_try_advisory_lock(_ADVISORY))).scalar())

    def _take_file(self, where: str) -> None:
        path = self._database.url.database
        if not path or path == ":memory:":
            return
        lock = Path(f"{Path(path).resolve()}.lock")  # the same by whatever link it is reached
        try:
            handle = lock.open("a+", encoding="utf-8")
        except OSError as error:
            raise Misconfigured(
                f"{lock} cannot be written ({error.strerror}); give the daemon's user write access to it and to its folder"
            ) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            other = handle.read().strip() or "unknown"
            handle.close()
            raise Misconfigured(
                f"another syncline daemon (process {other}) works on {where}; stop that one first, or give this one a database of its own"
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        self._file = handle

    def give_back(self) -> None:
        """Give it back."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._connection is not None:
            with contextlib.suppress(sa.exc.DBAPIError):
                self._connection.close()
            self._connection = None


@dataclass(slots=True)
class Daemon:
    """One daemon on one database.

    Attributes:
        configuration: What `syncline.yaml` says.
        plugins: By platform.
        ports: What production and simulation differ in.
        redactor: Shared with the log.
        polling: Whether platforms are polled.
        sweeping: Whether linked records are read again.
    """

    configuration: Configuration
    plugins: Mapping[str, Plugin]
    ports: Ports
    redactor: Redactor = field(default_factory=Redactor)
    polling: bool = True
    sweeping: bool = True

    def run(self, stop: Signal, started: Callable[[Station], None] | None = None) -> bool:
        """Work until `stop` is up; whether every worker ended in time.

        Raises:
            Configuration: it cannot start; the message says why and what to do.
        """
        database = assembly.named_database(self.configuration, self.ports)
        right = OnlyDaemon(database)
        # Before the first transaction: another daemon that stands still in the middle of one would let us wait for it.
        right.take()
        try:
            upgrade(database, self.ports.ids)
            custody = Custody(database, self.configuration.file.parent)
            if not self._may_work(custody, stop):
                return True
            return self._run(database, custody, stop, started)
        finally:
            right.give_back()
            database.close()

    def _may_work(self, custody: Custody, stop: Signal) -> bool:
        """Wait while the database may be a copy, or older than the platforms; False: stopped before it was adopted.

        The daemon stays up: who watches it sees that it stands still and why, and it goes on when the database is adopted.
        """
        found = custody.recognise()
        if found is None:
            return True
        log.warning("HELD: %s", found.text)
        custody.hold(found, self.ports.clock.monotonic())
        while not stop.wait(WATCH):
            try:
                if custody.recognise() is None:
                    log.info("the database was adopted; the daemon goes on with it")
                    return True
            except SynclineError as error:
                log.error("%s", error)
        return False

    def _run(
        self,
        database: Database,
        custody: Custody,
        stop: Signal,
        started: Callable[[Station], None] | None,
    ) -> bool:
        workers: list[Workers] = []

        def wake(kind: Kind, lane: str) -> None:
            for one in workers:
                one.wake(kind, lane)

        station = assembly.station(
            self.configuration,
            self.plugins,
            database,
            self.ports,
            redactor=self.redactor,
            stop=stop,
            wake=wake,
        )
        station.agree()
        station.authenticate()
        workers.append(Workers(station, stop, self.polling, self.sweeping))
        known = database.transact(lambda tx: self._begin(tx, station))
        custody.beat()
        log.info("%s", database.describe())
        sys.setswitchinterval(HANDOVER)
        workers[0].start()
        if started is not None:
            started(station)
        looks, replaced = 0, None
        while replaced is None and not stop.wait(WATCH):
            known = self._watch(station, known)
            timekeeping.notice(station)
            looks += 1
            replaced = self._beat(custody) if looks % BEAT == 0 else None
        stop.set()
        log.info("stopping: running calls get %d seconds", PATIENCE)
        clean = workers[0].join(PATIENCE)
        if not clean:
            log.warning("some calls did not end in time; what they did is found again at the next start")
        station.leave()
        if replaced is not None:
            raise replaced
        try:
            database.transact(lambda tx: timeline.append(tx, None, Event("stopped", "the daemon stopped")))
            custody.beat()
        except SynclineError as error:  # a database that takes nothing must not keep the daemon from ending
            log.error("%s", error)
        return clean

    def _beat(self, custody: Custody) -> Replaced | None:
        """Show a sign of life; what is wrong where the database is another one all of a sudden."""
        try:
            custody.beat()
        except Replaced as error:
            return error
        except SynclineError as error:
            log.error("%s", error)
        return None

    def _begin(self, tx: Tx, station: Station) -> int:
        name, _ = identity(tx)
        generation = next_generation(tx)
        timekeeping.resume(tx, station)
        held = station.ledger.release_all(tx)
        timeline.append(
            tx,
            None,
            Event(
                "started",
                f"the daemon started (store {name}, start no. {generation}; {held} pieces of work taken up again)",
            ),
        )
        station.ledger.bounded(tx)
        for name, endpoint in station.endpoints.items():
            operations.begin_anew(tx, name, tx.now + endpoint.aftermath())
        station.ledger.mark_all(tx, [ledger.delivery(*pair) for pair in operations.under_way(tx)])
        now = tx.now.timestamp()
        if self.polling:
            station.ledger.mark_all(tx, [ledger.poll(n) for n in station.endpoints])
        if self.sweeping:
            for endpoint in station.endpoints.values():
                # A sweep at the very start finds what changed while nobody polled and the cursor cannot show.
                station.ledger.mark(
                    tx, ledger.sweep(endpoint.name), now + min(30.0, endpoint.settings.sweep_every)
                )
        return published.newest(tx)

    def _watch(self, station: Station, known: int) -> int:
        """Take up what was published meanwhile, without a restart."""
        try:
            newest = station.database.transact(published.newest)
            if newest != known:
                station.database.transact(partial(take_up_policies, station=station, known=known))
                for name in station.endpoints:
                    station.database.transact(partial(take_up, station=station, name=name, known=known))
            return newest
        except SynclineError as error:
            log.error("%s", error)
            return known


def take_up_policies(tx: Tx, station: Station, known: int) -> None:
    """Take up the book of escalation if a newer one than `known` was published. Runs keep to their own policies."""
    version = published.current(tx, policies.NAME)
    if version is None or version.id <= known:
        return
    book = policies.in_force(tx, station.policies)
    station.policies = book
    for name, endpoint in station.endpoints.items():
        endpoint.mapping = assembly.with_tiers(endpoint.mapping, book, name, endpoint.plugin)
    marked = policies.look_again(tx, station.ledger, station.endpoints)
    text = f"escalation policy {version.digest} by {version.author} is in force; {marked} incidents are looked at again"
    timeline.append(tx, None, Event("published", text, None, version.author))
    log.info("%s", text)


def take_up(tx: Tx, station: Station, name: str, known: int) -> None:
    """Take up an instance's mapping if a newer one than `known` was published, and look at its incidents again."""
    version = published.current(tx, assembly.mapping_name(name))
    if version is None or version.id <= known:
        return
    asked = station.endpoints[name].mapping.native_fields
    mapping = assembly.republished(station, tx, name)
    incidents.remap(tx, name, reread=not mapping.native_fields <= asked)
    freed = timeline.release(tx, name, ("refused", "unreachable", "create"), "a new mapping is in force")
    affected = list(dict.fromkeys([*incidents.incident_ids(tx, name), *freed]))
    station.ledger.mark_all(tx, [ledger.incident(i) for i in affected], urgency=5)
    text = f"{name}: mapping {version.digest} by {version.author} is in force; {len(affected)} incidents are looked at again"
    timeline.append(tx, None, Event("published", text, name, version.author))
    log.info("%s", text)
