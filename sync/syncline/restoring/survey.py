"""Asks the platforms what exists, before anything is created: all records that changed since the database last looked."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from syncline.connector import Edit, HistoryKind, Linking, Record
from syncline.errors import Configuration, Gone, Refused
from syncline.model import Attachment, Remark
from syncline.station import Endpoint, Station
from syncline.store import incidents, instances
from syncline.store.database import Tx

log = logging.getLogger(__name__)

PAGE: Final = 200
MARGIN: Final = timedelta(minutes=2)
"""So much further back than the database's last poll: clocks differ, and an index shows records late."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One record with all that stands on it.

    Attributes:
        instance: Where.
        record: As it is now.
        remarks: All of them, oldest first.
        files: All of them, oldest first.
        edits: Its change history; None: it cannot be read.
        linked: The links back that stand on it as links of the platform's own: marker, and where each leads.
        alone_since: Since when nobody of ours was at work, by the platform's clock; None: that is not known.
    """

    instance: str
    record: Record
    remarks: Sequence[Remark] = ()
    files: Sequence[Attachment] = ()
    edits: Sequence[Edit] | None = ()
    linked: frozenset[tuple[str, str]] = frozenset()
    alone_since: datetime | None = None


@dataclass(slots=True)
class Survey:
    """What exists, by instance and record id.

    Attributes:
        sheets: Records of which all was read.
        looked: How many records had changed.
    """

    sheets: dict[tuple[str, str], Sheet] = field(default_factory=dict)
    looked: int = 0


def survey(
    station: Station,
    wanted: Mapping[str, frozenset[str]],
    matters: Callable[[Endpoint, Record], bool],
    progress: Callable[[str], None],
) -> Survey:
    """Read what changed on every instance since the database last looked. Writes nothing, anywhere.

    Args:
        station: At hand.
        wanted: Instance to records that are read in any case.
        matters: Whether a record that no link knows may belong to an incident.
        progress: Told in a few words what is being done.

    Raises:
        SynclineError: an instance cannot be asked now; what exists is then not known.
    """
    began = station.clock.monotonic()
    found = Survey()
    # Those whose lists lag come last: what the other daemon wrote just before it was stopped shows by then.
    for endpoint in sorted(station.endpoints.values(), key=lambda e: (_lag(e), e.name)):
        since = station.database.transact(lambda tx, e=endpoint: _since(tx, e))  # type: ignore[misc]
        records: dict[str, Record] = {}
        if since is not None:
            wait = _lag(endpoint) - (station.clock.monotonic() - began)
            if wait > 0:
                progress(f"{endpoint.name}: its lists lag behind, so it is asked in {wait:.0f} s")
                station.runtime.sleep(wait)
            records = _changed(endpoint, since, progress)
        found.looked += len(records)
        links = station.database.transact(
            lambda tx, e=endpoint, ids=tuple(records): incidents.links_to(tx, e.name, ids)  # type: ignore[misc]
        )
        kept = {i: r for i, r in records.items() if i in links or r.marker or matters(endpoint, r)}
        for record_id in {**dict.fromkeys(kept), **dict.fromkeys(sorted(wanted.get(endpoint.name, ())))}:
            progress(f"{endpoint.name}: reading {len(found.sheets) + 1} of the records in question")
            sheet = _sheet(endpoint, record_id, since)
            if sheet is not None:
                found.sheets[endpoint.name, record_id] = sheet
        by_read = endpoint.capabilities.history is HistoryKind.READ
        mine = [sheet for sheet in found.sheets.values() if sheet.instance == endpoint.name]
        if by_read and not any(sheet.edits for sheet in mine):
            # Nothing stands in any of them: it may be that nobody keeps a history there.
            found.sheets |= {(s.instance, s.record.id): replace(s, edits=None) for s in mine}
    return found


def left_alone(sheet: Sheet, since: datetime, landed: datetime) -> Sheet:
    """A record as it is known once nobody of ours was at work any more: then our account was somebody's who uses it.

    Args:
        sheet: The record.
        since: When that began, by the platform's clock.
        landed: When the last of our writes had taken effect, or never would.
    """
    edits = sheet.edits
    if edits is not None:
        edits = tuple(replace(edit, own=False) if edit.at > landed else edit for edit in edits)
    record = sheet.record
    if record.updated_at > landed:
        record = replace(record, own=False)
    return replace(sheet, record=record, edits=edits, alone_since=since)


def _lag(endpoint: Endpoint) -> float:
    """Seconds by which its lists may lag, as far as they count in the quarantine of a write."""
    lag = endpoint.capabilities.search_lag
    return lag if endpoint.settings.quarantine is None else min(lag, endpoint.settings.quarantine)


def _since(tx: Tx, endpoint: Endpoint) -> datetime | None:
    progress = instances.progress(tx, endpoint.name)
    if progress is None:
        return None
    skew = timedelta(seconds=abs(endpoint.http.clock_skew() or 0.0))
    overlap = timedelta(seconds=2 * endpoint.settings.overlap)
    return (progress.polled_at or progress.started_at) - skew - overlap - MARGIN


def _changed(endpoint: Endpoint, since: datetime, progress: Callable[[str], None]) -> dict[str, Record]:
    cursor = endpoint.connector.start(since)
    found: dict[str, Record] = {}
    more = True
    while more:
        page = endpoint.connector.poll(cursor, PAGE)
        if page.error is not None:
            raise page.error
        for sighting in page.sightings:
            record = sighting.record
            if record is None:
                try:
                    record = endpoint.connector.read(sighting.record_id).record
                except Gone:
                    continue
            known = found.get(sighting.record_id)
            if record is not None and (known is None or known.revision <= record.revision):
                found[sighting.record_id] = record
        progress(f"{endpoint.name}: {len(found)} records changed since {since:%Y-%m-%d %H:%M} UTC")
        cursor, more = page.cursor, page.more
    return found


def _sheet(endpoint: Endpoint, record_id: str, since: datetime | None) -> Sheet | None:
    """All that stands on a record; None where it is no more."""
    connector = endpoint.connector
    try:
        sighting = connector.read(record_id)
        record = sighting.record
        if record is None:
            return None
        files = connector.attachments(record_id) if endpoint.capabilities.attachments else ()
        linked = frozenset(connector.linked(record_id)) if isinstance(connector, Linking) else frozenset()
        first = record.created_at if since is None else since
        edits = _history(endpoint, record, max(first, record.created_at))
        remarks = tuple(connector.remarks(record_id))
    except Gone:
        return None
    return Sheet(endpoint.name, record, remarks, tuple(files), edits, linked)


def _history(endpoint: Endpoint, record: Record, since: datetime) -> Sequence[Edit] | None:
    try:
        return tuple(endpoint.connector.history(record.id, since))
    except (Configuration, Refused) as error:
        # Without it the record's own time and author decide, as they do where a platform has no history.
        log.warning("%s %s: its change history cannot be read (%s)", endpoint.name, record.key, error)
        return None
