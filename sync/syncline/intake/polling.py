"""Poll and sweep: the truth about what changed, and the net under it.

A poll asks for what changed since its cursor and saves the cursor in the transaction that stores the page. A sweep reads
every linked record again, slowly, and finds what polls missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from syncline import ledger
from syncline.configuration import BackfillKind
from syncline.connector import Edit, HistoryKind
from syncline.errors import Configuration, Gone, SynclineError
from syncline.intake.asking import HISTORY_LAG
from syncline.intake.sightings import Taken, take_in
from syncline.ledger import Kind, Lease
from syncline.station import Endpoint, Station
from syncline.store import incidents, instances, operations, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.instances import Progress
from syncline.store.operations import Logged, State
from syncline.store.timeline import Event

PAGE: Final = 200
"""Records that one poll asks for."""
VANISHED: Final = (3, 0.01)
"""More linked records than both of these missing from one sweep are a lost permission, not deletions."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A poll that was begun.

    Attributes:
        progress: How far the instance's polls had come; None: there was none.
    """

    progress: Progress | None


def begin(tx: Tx, endpoint: Endpoint) -> Begun:
    """What a poll must know before it asks."""
    return Begun(instances.progress(tx, endpoint.name))


def poll(station: Station, endpoint: Endpoint, lease: Lease, begun: Begun | None = None) -> Taken:
    """One page of changes; due again at once where there are more.

    Args:
        station: At hand.
        endpoint: The instance that is asked.
        lease: The right to.
        begun: Its beginning, where that was made in the transaction that claimed it.

    Raises:
        SynclineError: the instance could not be asked, or not for all; the cursor has not moved.
    """
    begun = begun or station.database.transact(partial(begin, endpoint=endpoint))
    progress = begun.progress
    if progress is None:
        return _first(station, endpoint, lease)
    page = endpoint.connector.poll(progress.cursor, PAGE)

    def store(tx: Tx) -> Taken:
        taken = take_in(tx, station, endpoint, page.sightings, listed=True)
        if page.error is not None:
            lease.hold(tx)
            return taken
        columns: dict[str, object] = {"polled_at": tx.now}
        if dict(page.cursor) != dict(progress.cursor):
            columns["cursor"] = dict(page.cursor)
        if progress.failing_since or (progress.halted and not endpoint.refusing):
            columns.update(halted=None, failing_since=None, error=None)
            station.ledger.hasten(tx, Kind.DELIVERY, endpoint.name)
            timeline.append(tx, None, Event("recovered", f"{endpoint.name} answers again", endpoint.name))
        instances.update(tx, endpoint.name, **columns)
        lease.done(tx, tx.now.timestamp() + (0.0 if page.more else endpoint.settings.poll_every))
        return taken

    taken = station.database.transact(store)
    if page.error is not None:
        raise page.error
    return taken


def _first(station: Station, endpoint: Endpoint, lease: Lease) -> Taken:
    """The first poll of an instance: where it begins follows from the routes' backfill."""
    # The first reply brings the platform's clock: what was made before it is old, by that clock and no other. Platforms
    # stamp whole seconds: what is made in this very one would else look older than it is, and be left out for good.
    # And what was made since the daemon said that it runs is news, however long this poll had to wait for its turn.
    endpoint.connector.poll(endpoint.connector.start(None), 1)
    waited = timedelta(seconds=max(0.0, station.clock.now().timestamp() - lease.due))
    now = (endpoint.http.platform_now() - waited).replace(microsecond=0)
    since = _backfill_since(station, endpoint)
    cursor = endpoint.connector.start(since if since is not None else now)

    def store(tx: Tx) -> Taken:
        instances.begin(tx, endpoint.name, cursor, now)
        timeline.append(
            tx,
            None,
            Event(
                "started",
                f"{endpoint.name}: changes are taken up from {since or now:%Y-%m-%d %H:%M:%S} UTC on",
                endpoint.name,
            ),
        )
        lease.done(tx, tx.now.timestamp())
        return Taken()

    return station.database.transact(store)


def _backfill_since(station: Station, endpoint: Endpoint) -> datetime | None:
    kinds = [r.backfill for r in station.configuration.routes if endpoint.name in r.sources]
    if any(b.kind is BackfillKind.OPEN for b in kinds):
        return datetime.fromtimestamp(0, tz=station.clock.now().tzinfo)
    return min((b.since for b in kinds if b.since is not None), default=None)


def failed(station: Station, endpoint: Endpoint, lease: Lease, error: SynclineError) -> None:
    """A poll or a sweep failed: tried again with a back-off for as long as it takes, and said once."""

    def store(tx: Tx) -> None:
        progress = instances.progress(tx, endpoint.name)
        halted = isinstance(error, Configuration)
        if progress is None:
            if lease.tries == 0:
                timeline.append(
                    tx, None, Event("halted" if halted else "unreachable", str(error), endpoint.name)
                )
        elif progress.failing_since is None or (halted and progress.halted is None):
            timeline.append(tx, None, Event("halted" if halted else "unreachable", str(error), endpoint.name))
            instances.update(
                tx,
                endpoint.name,
                failing_since=progress.failing_since or tx.now,
                error=str(error),
                halted=str(error) if halted else None,
            )
        after = getattr(error, "after", None)
        # An outage ends at some time that nobody announces: the first poll after it must not be minutes away.
        wait = (
            after if after is not None else min(endpoint.settings.poll_every * 2 ** min(lease.tries, 3), 60.0)
        )
        lease.retry(tx, str(error), max(wait, 0.5))

    station.database.transact(store)


@dataclass(slots=True)
class Swept:
    """What a step of a sweep came to.

    Attributes:
        read: Records that were read.
        drifted: Links that differed without a poll having told.
        absent: Links whose records were not among them.
        finished: Whether the round is complete.
    """

    read: int
    drifted: int
    absent: int
    finished: bool


def sweep(station: Station, endpoint: Endpoint, lease: Lease) -> Swept:
    """The next step of the round through all linked records of an instance.

    Raises:
        SynclineError: the instance could not be asked.
    """
    count = endpoint.capabilities.read_many

    def batch(tx: Tx) -> tuple[Sequence[Link], Mapping[str, Sequence[Logged]]]:
        progress = instances.progress(tx, endpoint.name)
        after = progress.sweep_position if progress else ""
        links = incidents.next_links(tx, endpoint.name, after, count)
        return links, _untold(tx, endpoint, progress, links)

    links, untold = station.database.transact(batch)
    # History first: what a look at a record shows may stand in no history, and must not be thrown away for it.
    edits = {record_id: _history(endpoint, record_id, writes) for record_id, writes in untold.items()}
    found = endpoint.connector.read_many([li.record_id for li in links]) if links else ()
    sightings = [replace(s, edits=edits[s.record_id]) if s.record_id in edits else s for s in found]

    def store(tx: Tx) -> Swept:
        taken = take_in(tx, station, endpoint, sightings, listed=True)
        drifted = taken.changed
        present = {s.record_id for s in sightings}
        absent = [li for li in links if li.record_id not in present]
        _absent(tx, station, endpoint, links, absent)
        _asked(tx, [logged for writes in untold.values() for logged in writes])
        # What changed within the last polls' time will be told by the next one: the sweep was only faster.
        told = endpoint.http.platform_now() - _told_within(endpoint)
        changed_at = {s.record_id: s.record.updated_at for s in sightings if s.record is not None}
        drifted = [li for li in drifted if changed_at[li.record_id] < told]
        for link in drifted:
            timeline.append(
                tx,
                link.incident_id,
                Event(
                    "swept",
                    f"{endpoint.name} {link.record_key} had changed without a poll having told",
                    endpoint.name,
                ),
            )
        finished = len(links) < count
        columns: dict[str, object] = {"sweep_position": "" if finished else links[-1].incident_id}
        if finished:
            columns["swept_at"] = tx.now
        if instances.progress(tx, endpoint.name) is not None:
            instances.update(tx, endpoint.name, **columns)
        # The round is spread over its interval: a sweep must never compete with what people wait for.
        pause = endpoint.settings.sweep_every if finished else min(5.0, endpoint.settings.sweep_every / 20)
        lease.done(tx, tx.now.timestamp() + pause)
        return Swept(len(sightings), len(drifted), len(absent), finished)

    return station.database.transact(store)


def _told_within(endpoint: Endpoint) -> timedelta:
    """So long it takes at most until a poll has told of a change."""
    return timedelta(seconds=endpoint.settings.overlap + 2 * endpoint.settings.poll_every)


def _untold(
    tx: Tx, endpoint: Endpoint, progress: Progress | None, links: Sequence[Link]
) -> Mapping[str, Sequence[Logged]]:
    """By record, our writes that were not held against a history that comes with polls, where no poll came."""
    polled = progress.polled_at if progress else None
    if endpoint.capabilities.history is not HistoryKind.INLINE or (
        polled is not None and abs(tx.now - polled) < _told_within(endpoint)
    ):
        return {}
    unaudited = operations.unaudited(tx, [li.incident_id for li in links])
    found = {li.record_id: unaudited.get((li.incident_id, li.instance), ()) for li in links}
    return {record_id: writes for record_id, writes in found.items() if writes}


def _history(endpoint: Endpoint, record_id: str, writes: Sequence[Logged]) -> tuple[Edit, ...]:
    """All that may have come between what we knew and those writes."""
    since = min(logged.base_at or logged.created_at for logged in writes) - timedelta(seconds=2)
    try:
        return tuple(endpoint.connector.history(record_id, since))
    except Gone:
        return ()


def _asked(tx: Tx, writes: Sequence[Logged]) -> None:
    """The history was asked for those: what it did not show by now it never will, since not every field is logged."""
    old = [w for w in writes if w.state is State.APPLIED and tx.now - w.created_at > HISTORY_LAG]
    operations.audited(tx, [logged.id for logged in old])


def _absent(
    tx: Tx, station: Station, endpoint: Endpoint, links: Sequence[Link], absent: Sequence[Link]
) -> None:
    if not absent:
        return
    most = max(VANISHED[0], VANISHED[1] * len(links))
    if len(absent) > most:
        keys = ", ".join(li.record_key for li in absent[:5])
        text = (
            f"{endpoint.name}: {len(absent)} of {len(links)} linked tickets can no longer be seen ({keys}, ...): our account has probably "
            "lost a permission. None is taken for deleted; give the permission back"
        )
        timeline.append(tx, None, Event("vanished", text, endpoint.name))
        return
    for link in absent:
        # Absence from a list proves nothing: a direct read decides.
        incidents.update_link(tx, link.incident_id, link.instance, stale=True)
        station.ledger.mark(tx, ledger.incident(link.incident_id))
