"""The workers: they claim what is due in the ledger, and do it. One set for the incidents, one for each instance, and one
for messages."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from syncline import timekeeping
from syncline.delivery.actions import Action
from syncline.delivery.deliver import deliver
from syncline.delivery.turn import Turn
from syncline.errors import DatabaseFault, SynclineError
from syncline.intake import polling
from syncline.intake.asking import gaps, meet, refresh
from syncline.intake.polling import Begun
from syncline.ledger import MESSAGES, Kind, Lease, LeaseLost
from syncline.messages import sending
from syncline.messages.sending import Attempt
from syncline.ports import Signal, Task
from syncline.reconcile import Outcome, reconcile
from syncline.station import Endpoint, Station
from syncline.store import timeline
from syncline.store.database import Tx
from syncline.store.timeline import Event

log = logging.getLogger(__name__)

BATCH: Final = 32
"""Incidents that are reconciled in one transaction."""
IDLE: Final = 1.0
"""Seconds between two looks for what is due and whose worker was not told: a signal is a hint, the ledger is the truth. One
looks for all."""
MESSENGERS: Final = 2
"""Messages that are sent side by side."""


@dataclass(frozen=True, slots=True)
class _Duty:
    """What one sort of workers does.

    Attributes:
        name: Of its threads.
        kind: Of work.
        lane: Whose.
        count: Items that are claimed together.
        work: Does it. Where it ends with a transaction, it may claim what comes next in there, by the function
            that it is given, and hand it back.
        begin: What can be done in the transaction that claims. Each commit that it spares is one that a change does
            not wait for.
    """

    name: str
    kind: Kind
    lane: str
    count: int
    work: Callable[["_Claim", Callable[[Tx], "_Claim"]], "_Claim | None"]
    begin: Callable[[Tx, list[Lease]], Any] = lambda _tx, _leases: None


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a worker has claimed.

    Attributes:
        leases: The right to it; empty: nothing is due.
        begun: What its beginning came to; None where it was not begun.
        due: Where nothing is: when something will be, seconds since 1970; None: nothing that is known of.
    """

    leases: list[Lease]
    begun: Any = None
    due: float | None = None


@dataclass(slots=True)
class Workers:
    """All workers of one daemon.

    Attributes:
        station: At hand.
        stop: Up when they shall stop.
        polling: Whether platforms are polled.
        sweeping: Whether linked records are read again.
    """

    station: Station
    stop: Signal
    polling: bool = True
    sweeping: bool = True
    _signals: dict[tuple[Kind, str], list[Signal]] = field(default_factory=dict)
    _tasks: list[Task] = field(default_factory=list)
    _messengers: AbstractContextManager[Any] = field(init=False)
    _relieved: Signal = field(init=False)

    def __post_init__(self) -> None:
        self._messengers = self.station.runtime.lock()
        self._relieved = self.station.runtime.signal()

    def wake(self, kind: Kind, lane: str) -> None:
        """Something of that kind is due in that lane."""
        if kind is Kind.MESSAGE:
            self._send()
        for signal in self._signals.get((kind, lane), ()):
            signal.set()

    def start(self) -> None:
        """Start them all."""
        self._spawn(_Duty("incidents", Kind.INCIDENT, "", BATCH, self._incidents, self._begin_incidents))
        for endpoint in self.station.endpoints.values():
            name = endpoint.name
            work, begin = partial(self._deliver, endpoint), partial(self._begin_delivery, endpoint)
            for number in range(endpoint.settings.workers):
                self._spawn(_Duty(f"{name}-delivery-{number}", Kind.DELIVERY, name, 1, work, begin))
            if self.polling:
                ask, start = partial(self._poll, endpoint), partial(self._begin_poll, endpoint)
                self._spawn(_Duty(f"{name}-poll", Kind.POLL, name, 1, ask, start))
            if self.sweeping:
                self._spawn(_Duty(f"{name}-sweep", Kind.SWEEP, name, 1, partial(self._sweep, endpoint)))
        if self.station.speaks or self._unsent():
            self._send()
        self._tasks.append(self.station.runtime.spawn("lookout", self._look_out))

    def _send(self) -> None:
        """Start the workers of messages, once. Where there is no way to reach people they are there to say so."""
        with self._messengers:
            if (Kind.MESSAGE, MESSAGES) in self._signals or self.stop.is_set():
                return
            for number in range(MESSENGERS):
                name = f"{MESSAGES}-{number}"
                self._spawn(_Duty(name, Kind.MESSAGE, MESSAGES, 1, self._message, self._begin_message))

    def _unsent(self) -> bool:
        ledger = self.station.ledger
        due = self.station.database.transact(lambda tx: ledger.next_due(tx, (Kind.MESSAGE,), MESSAGES))
        return due is not None

    def join(self, timeout: float) -> bool:
        """Wait for all to stop, at most that many seconds; whether all did."""
        self._relieved.set()
        for signals in self._signals.values():
            for signal in signals:
                signal.set()
        deadline = self.station.clock.monotonic() + timeout
        for task in tuple(self._tasks):
            task.join(max(0.0, deadline - self.station.clock.monotonic()))
        return not any(task.is_alive() for task in self._tasks)

    def _spawn(self, duty: _Duty) -> None:
        signal = self.station.runtime.signal()
        self._signals.setdefault((duty.kind, duty.lane), []).append(signal)
        self._tasks.append(self.station.runtime.spawn(duty.name, lambda: self._loop(duty, signal)))

    def _look_out(self) -> None:
        """Wake who waits while something is due: another process marked it, a lease ran out, or the clock was set."""
        station = self.station
        while not self.stop.is_set():
            timekeeping.notice(station)
            lanes = ["", MESSAGES, *station.endpoints]
            try:
                for kind, lane in station.database.transact(partial(station.ledger.overdue, lanes=lanes)):
                    self.wake(kind, lane)
            except SynclineError as error:
                log.error("%s", error)
            except Exception:  # as with all workers: nobody would miss it until it is too late
                log.exception("the look for what is due failed; the next one comes")
            self._relieved.wait(IDLE)

    def _loop(self, duty: _Duty, signal: Signal) -> None:
        station = self.station
        claim: _Claim | None = None
        while (claim and claim.leases) or not self.stop.is_set():
            timekeeping.notice(station)
            try:
                if claim is None:
                    signal.clear()
                    claim = self._claim(duty)
                if claim.leases:
                    # What is marked from here on is either in the claim that ends this work, or raises the signal.
                    signal.clear()
                    claim = self._guarded(duty, claim)
                    continue
            except SynclineError as error:  # the database: say so, and do not spin
                log.error("%s", error)
                claim = None
                self.stop.wait(IDLE)
                continue
            except Exception:  # whatever it is, a worker that ends is missed by nobody until it is too late
                log.exception(
                    "the workers of %s (%s) failed; they go on", duty.lane or "all incidents", duty.kind
                )
                claim = None
                self.stop.wait(IDLE)
                continue
            due, claim = claim.due, None
            wait = None if due is None else due - station.clock.now().timestamp()
            if (wait is None or wait > 0.0) and not self.stop.is_set():
                signal.wait(wait)

    def _claim(self, duty: _Duty) -> _Claim:
        """Claim what is due, and begin with it."""
        database, ledger = self.station.database, self.station.ledger
        try:
            return database.transact(lambda tx: self._claim_and_begin(tx, duty))
        except Exception:  # noqa: BLE001  it took the claim along; it comes again with the lease in hand, and counts there
            return _Claim(database.transact(lambda tx: ledger.claim(tx, (duty.kind,), duty.lane, duty.count)))

    def _claim_and_begin(self, tx: Tx, duty: _Duty) -> _Claim:
        ledger = self.station.ledger
        leases = ledger.claim(tx, (duty.kind,), duty.lane, duty.count)
        if not leases:
            return _Claim(leases, due=ledger.next_due(tx, (duty.kind,), duty.lane))
        return _Claim(leases, duty.begin(tx, leases))

    def _next(self, tx: Tx, duty: _Duty) -> _Claim:
        """Claim what comes next in the transaction that ends the work before it; nothing, once we shall stop."""
        return _Claim([]) if self.stop.is_set() else self._claim_and_begin(tx, duty)

    def _guarded(self, duty: _Duty, claim: _Claim) -> _Claim | None:
        """Do what was claimed, and give what was claimed after it. A fault of our own must not take the worker along:
        the items are tried again, and parked after a while."""
        leases = claim.leases
        try:
            return duty.work(claim, partial(self._next, duty=duty))
        except LeaseLost as lost:
            log.warning("the lease of %s ran out while it was worked on; it is looked at again", lost)
            self._until_stored(partial(self._again, leases))
        except SynclineError as error:
            log.error("%s %s: %s", leases[0].item.kind, leases[0].item.key, error)
            self._until_stored(partial(self._failed, leases, error))
        except Exception as error:
            log.exception("%s %s failed", leases[0].item.kind, leases[0].item.key)
            self._until_stored(partial(self._failed, leases, error))
        return None

    def _until_stored(self, give_back: Callable[[], None]) -> None:
        """Leases are given back as soon as the database takes them: else they would be waited for until they run out."""
        while not self.stop.is_set():
            try:
                give_back()
                return
            except SynclineError as error:
                log.error("%s", error)
                self.stop.wait(IDLE)

    def _again(self, leases: Sequence[Lease]) -> None:
        def mark(tx: Tx) -> None:
            self.station.ledger.mark_all(tx, [lease.item for lease in leases])

        self.station.database.transact(mark)
        for lease in leases:
            # One lost lease rolls back its whole batch: what is still ours must not wait for its lease to run out.
            with suppress(LeaseLost):
                self.station.database.transact(lease.done)

    def _failed(self, leases: Sequence[Lease], error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        for lease in leases:

            def store(tx: Tx, lease: Lease = lease) -> None:
                ours = not isinstance(error, SynclineError)
                if lease.retry(tx, reason, ours=ours):
                    subject = (
                        lease.item.incident_id if lease.item.kind in {Kind.INCIDENT, Kind.DELIVERY} else None
                    )
                    timeline.park(
                        tx,
                        subject,
                        "work",
                        f"{lease.item.kind} {lease.item.key} failed {lease.faults + 1} times, last with {reason}; this is a fault of "
                        "Syncline: please report it with the log. `syncline park retry` tries it again",
                        instance=lease.item.lane or None,
                        data={"kind": lease.item.kind.value, "key": lease.item.key, "lane": lease.item.lane},
                    )

            try:
                self.station.database.transact(store)
            except LeaseLost:
                continue  # it was given back before the fault: its mark stands

    # ---- what each kind does --------------------------------------------------------------------

    def _begin_incidents(self, tx: Tx, leases: list[Lease]) -> dict[str, Outcome] | None:
        return reconcile_at_once(tx, self.station, leases)

    def _incidents(self, claim: _Claim, _next: Callable[[Tx], _Claim]) -> None:
        if claim.begun is None:
            reconcile_leased(self.station, claim.leases)
        else:
            meet_strangers(self.station, claim.begun)

    def _begin_delivery(self, endpoint: Endpoint, tx: Tx, leases: list[Lease]) -> tuple[Turn, Action]:
        turn = Turn(self.station, endpoint, leases[0])
        return turn, turn.next(tx)

    def _deliver(self, endpoint: Endpoint, claim: _Claim, following: Callable[[Tx], _Claim]) -> _Claim | None:
        turn, first = claim.begun or (Turn(self.station, endpoint, claim.leases[0]), None)
        return deliver(self.station, turn, first, following)

    def _begin_message(self, tx: Tx, leases: list[Lease]) -> Attempt:
        return sending.begin(tx, self.station, leases[0])

    def _message(self, claim: _Claim, _next: Callable[[Tx], _Claim]) -> None:
        sending.work(self.station, claim.leases[0], claim.begun)

    def _begin_poll(self, endpoint: Endpoint, tx: Tx, _leases: list[Lease]) -> Begun:
        return polling.begin(tx, endpoint)

    def _poll(self, endpoint: Endpoint, claim: _Claim, _next: Callable[[Tx], _Claim]) -> None:
        self.poll(endpoint, claim.leases[0], claim.begun)

    def _sweep(self, endpoint: Endpoint, claim: _Claim, _next: Callable[[Tx], _Claim]) -> None:
        self.sweep(endpoint, claim.leases[0])

    def poll(self, endpoint: Endpoint, lease: Lease, begun: Begun | None = None) -> None:
        """Ask one instance what changed."""
        try:
            endpoint.fit()
            polling.poll(self.station, endpoint, lease, begun)
        except DatabaseFault:
            raise
        except SynclineError as error:
            log.warning("%s", error)
            polling.failed(self.station, endpoint, lease, error)

    def sweep(self, endpoint: Endpoint, lease: Lease) -> None:
        """Read the next linked records of one instance again."""
        try:
            polling.sweep(self.station, endpoint, lease)
        except DatabaseFault:
            raise
        except SynclineError as error:
            log.warning("%s", error)
            polling.failed(self.station, endpoint, lease, error)


def reconcile_leased(station: Station, leases: Sequence[Lease]) -> dict[str, Outcome]:
    """Reconcile the leased incidents: in one transaction where nothing must be asked first."""
    ids = [lease.item.incident_id for lease in leases]
    missing = station.database.transact(lambda tx: gaps(tx, station, ids))
    if missing:
        refresh(station, missing)

    try:
        outcomes = station.database.transact(lambda tx: _reconcile_and_release(tx, station, leases))
    except (LeaseLost, SynclineError):
        raise
    except Exception:
        if len(leases) == 1:
            raise
        # One incident that cannot be reconciled must not hold up the others of its batch.
        log.exception("reconciling %d incidents together failed; they are taken one by one", len(leases))
        outcomes = _one_by_one(station, leases)
    meet_strangers(station, outcomes)
    return outcomes


def reconcile_at_once(tx: Tx, station: Station, leases: Sequence[Lease]) -> dict[str, Outcome] | None:
    """Reconcile the leased incidents in that transaction; None where a platform must be asked first."""
    ids = [lease.item.incident_id for lease in leases]
    return None if gaps(tx, station, ids) else _reconcile_and_release(tx, station, leases)


def _reconcile_and_release(tx: Tx, station: Station, leases: Sequence[Lease]) -> dict[str, Outcome]:
    outcomes = reconcile(tx, station, [lease.item.incident_id for lease in leases])
    for lease in leases:
        outcome = outcomes.get(lease.item.incident_id)
        lease.done(tx, outcome.look_again if outcome else None)
    return outcomes


def meet_strangers(station: Station, outcomes: Mapping[str, Outcome]) -> None:
    """Ask the platforms for the people whom those incidents need."""
    for incident_id, outcome in outcomes.items():
        if outcome.strangers:
            meet(station, incident_id, outcome.strangers)


def _one_by_one(station: Station, leases: Sequence[Lease]) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    for lease in leases:

        def store(tx: Tx, lease: Lease = lease) -> dict[str, Outcome]:
            found = reconcile(tx, station, [lease.item.incident_id])
            lease.done(tx, next((o.look_again for o in found.values()), None))
            return found

        try:
            outcomes.update(station.database.transact(store))
        except Exception as error:
            log.exception("incident %s cannot be reconciled", lease.item.key)
            reason = f"{type(error).__name__}: {error}"

            def later(tx: Tx, lease: Lease = lease, reason: str = reason) -> None:
                if lease.retry(tx, reason, ours=True):
                    timeline.append(
                        tx, lease.item.incident_id, Event("parked", f"it cannot be reconciled: {reason}")
                    )

            station.database.transact(later)
    return outcomes
