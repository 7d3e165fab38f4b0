"""Asks the platforms what the store does not know before an incident can be merged, outside any transaction. Most of the
time that is nothing, since a polled row already is the read."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from syncline import ledger
from syncline.connector import Edit, HistoryKind, Party, PartyKind, Sighting
from syncline.errors import Configuration, DatabaseFault, Gone, RetryLater, SynclineError
from syncline.intake.recovery import recover, strangers
from syncline.intake.sightings import take_in
from syncline.station import Endpoint, Station
from syncline.store import incidents, operations, timeline
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.operations import Logged, State
from syncline.store.timeline import Event

HISTORY_LAG: Final = timedelta(minutes=2)
"""So long a change history may take to show a write."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that must be asked of a platform before an incident can be merged.

    Attributes:
        link: The record.
        audit: Writes that are held against a history of its own read.
        owed: Whether a write of ours was not held against the history yet.
    """

    link: Link
    audit: tuple[Logged, ...] = ()
    owed: bool = False


def gaps(tx: Tx, station: Station, incident_ids: Sequence[str]) -> list[Gap]:
    """What must be asked before those incidents can be merged."""
    unaudited = operations.unaudited(tx, incident_ids)
    found: list[Gap] = []
    for of, links in incidents.links_of(tx, incident_ids).items():
        for link in links:
            endpoint = station.endpoints.get(link.instance)
            if endpoint is None or not link.live:
                continue
            by_read = endpoint.capabilities.history is HistoryKind.READ
            writes = unaudited.get((of, link.instance), ())
            # One that was taken for lost can have landed only where our account wrote last.
            audit = tuple(w for w in writes if by_read and (w.state is not State.VOID or link.own))
            if link.stale or link.unread or audit:
                found.append(Gap(link, audit, bool(writes)))
    return found


def refresh(station: Station, found: Sequence[Gap]) -> None:
    """Ask the platforms. What cannot be read now is used as last seen, and looked at again later."""
    for gap in found:
        endpoint = station.endpoints[gap.link.instance]
        try:
            _refresh(station, endpoint, gap)
        except Gone as error:
            station.database.transact(partial(_missing, station=station, link=gap.link, reason=str(error)))
        except DatabaseFault:
            raise
        except (RetryLater, Configuration) as error:
            station.database.transact(partial(_later, station=station, link=gap.link, error=error))


def _refresh(station: Station, endpoint: Endpoint, gap: Gap) -> None:
    link = gap.link
    connector = endpoint.connector
    sighting = connector.read(link.record_id)
    if link.unread:
        sighting = Sighting(
            sighting.record_id,
            sighting.record,
            tuple(connector.remarks(link.record_id)),
            tuple(connector.attachments(link.record_id)) if endpoint.capabilities.attachments else (),
            sighting.edits,
        )
    edits: Sequence[Edit] | None = None
    unmet: Sequence[tuple[PartyKind, str]] = ()
    named: list[Party] = []
    if gap.audit:
        since = min(logged.base_at or logged.created_at for logged in gap.audit)
        edits = connector.history(link.record_id, since - timedelta(seconds=2))
    if gap.owed:
        unmet = strangers(endpoint, (*(edits or ()), *(sighting.edits or ())), station.clock.now())
        # Whom the platform does not let us look up stays on record in its own words.
        with suppress(Configuration):
            named = [party for kind, name in unmet for party in connector.parties(kind, [name])]

    def store(tx: Tx) -> None:
        now = incidents.link_of(tx, link.incident_id, link.instance)
        endpoint.meet(tx, named)
        endpoint.asked.update(dict.fromkeys(unmet, tx.now))
        overtaken, shown = _overtaken(link, now, sighting)
        take_in(tx, station, endpoint, [shown], listed=overtaken)
        if edits is not None:
            recover(tx, endpoint, link, gap.audit, edits)
            _unshown(tx, station, link, gap.audit)
        incidents.update_link(
            tx, link.incident_id, link.instance, stale=overtaken, unread=False, missing_since=None
        )
        if overtaken:
            # Who wrote may be done, and leaves nobody else to look: until it is read again the record is not written to.
            station.ledger.mark(tx, ledger.incident(link.incident_id))

    station.database.transact(store)


def _overtaken(link: Link, now: Link | None, sighting: Sighting) -> tuple[bool, Sighting]:
    """Whether a write of ours came since we asked, so that this may show what was before it; and what is taken in then. Where
    the write's result was read, and is of the same revision, it is taken for older than that.

    Args:
        link: The record as it was known when we asked.
        now: As it is known.
        sighting: What was read.
    """
    record = sighting.record
    if now is None or now.shadow == link.shadow:
        return False, sighting
    if now.stale or record is None or record.revision != now.revision:
        return now.stale, sighting
    return True, replace(sighting, record=replace(record, revision=record.revision - 1))


def _unshown(tx: Tx, station: Station, link: Link, writes: Sequence[Logged]) -> None:
    """Writes that the history did not show: it may lag. After a while that is said, and no longer waited for."""
    unaudited = operations.unaudited(tx, [link.incident_id]).get((link.incident_id, link.instance), ())
    missing = [w for w in unaudited if w.id in {asked.id for asked in writes} and w.state is State.APPLIED]
    given_up = [w for w in missing if tx.now - w.created_at > HISTORY_LAG]
    operations.audited(tx, [w.id for w in given_up])
    changed = {
        n
        for w in given_up
        if w.kind in operations.AUDITED
        for n, v in w.payload.items()
        if w.base.get(n) != v
    }
    natives = ", ".join(sorted(changed))
    if natives:
        text = (
            f"{link.instance} {link.record_key} was written by somebody else at the same moment as by us ({natives}), and its change "
            "history does not show what: an edit of these fields may have been overwritten. `syncline check` says whether "
            "the history is switched on and may be read"
        )
        timeline.append(tx, link.incident_id, Event("unaudited", text, link.instance))
    if len(given_up) < len(missing):
        _again_in(tx, station, link.incident_id, 30.0)


def _later(tx: Tx, station: Station, link: Link, error: SynclineError) -> None:
    wait = error.after if isinstance(error, RetryLater) and error.after else 30.0
    _again_in(tx, station, link.incident_id, wait)


def _again_in(tx: Tx, station: Station, incident_id: str, seconds: float) -> None:
    station.ledger.mark(tx, ledger.incident(incident_id), tx.now.timestamp() + seconds)


def _missing(tx: Tx, station: Station, link: Link, reason: str) -> None:
    """A direct read did not find the record. Once proves nothing: a second one, some time later, does."""
    if link.gone_at is not None:
        return
    patience = station.configuration.gone_after
    if link.missing_since is None:
        incidents.update_link(tx, link.incident_id, link.instance, missing_since=tx.now, stale=True)
        station.ledger.mark(tx, ledger.incident(link.incident_id), (tx.now + patience).timestamp())
        return
    if tx.now - link.missing_since < patience:
        station.ledger.mark(
            tx, ledger.incident(link.incident_id), (link.missing_since + patience).timestamp()
        )
        return
    incidents.update_link(tx, link.incident_id, link.instance, gone_at=tx.now, stale=False)
    text = (
        f"{link.instance} {link.record_key} no longer exists ({reason}); the other tickets stay as they are and go on "
        "without it. If it was moved on purpose, link its new key with `syncline link`."
    )
    timeline.append(tx, link.incident_id, Event("gone", text, link.instance, data={"record": link.record_id}))
    station.ledger.mark(tx, ledger.incident(link.incident_id))


@dataclass(frozen=True, slots=True)
class Stranger:
    """A person or group that a record names and the store has not met.

    Attributes:
        instance: Where.
        kind: Person or group.
        native_id: Its id there.
    """

    instance: str
    kind: PartyKind
    native_id: str


def meet(station: Station, incident_id: str, strangers: Sequence[Stranger]) -> None:
    """Ask the platforms who they are, and have the incident looked at again."""
    for one in strangers:
        endpoint = station.endpoints[one.instance]
        try:
            found = list(endpoint.connector.parties(one.kind, [one.native_id]))
        except SynclineError as error:
            # Marked for later and not for now: a platform that does not answer must not be asked in a circle.
            wait = error.after if isinstance(error, RetryLater) and error.after else 30.0
            station.database.transact(
                partial(_again_in, station=station, incident_id=incident_id, seconds=wait)
            )
            continue
        station.database.transact(
            partial(_met, station=station, endpoint=endpoint, incident_id=incident_id, one=one, found=found)
        )


def _met(
    tx: Tx, station: Station, endpoint: Endpoint, incident_id: str, one: Stranger, found: Sequence[Party]
) -> None:
    endpoint.meet(tx, found)
    endpoint.asked[one.kind, one.native_id] = tx.now
    station.ledger.mark(tx, ledger.incident(incident_id))
