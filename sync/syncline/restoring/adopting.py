"""Adopts a database: reads everything first, then puts each incident in its place in one transaction of its own.

Nothing is written to any platform. Killed at any moment and run again it goes on: what was put in its place is known then.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from syncline import ledger
from syncline.connector import PartyKind, Record
from syncline.intake.adoption import why_not
from syncline.model import Incident, Status
from syncline.reconcile import reconcile
from syncline.restoring.families import Family, Trace, backs_in, families, incident_of, words_of
from syncline.restoring.hearing import Hearing
from syncline.restoring.joining import (
    Part,
    ask_where_it_began,
    begin_again,
    contend,
    join,
    lay,
    look_before_creating,
    sides_of,
)
from syncline.restoring.strands import TOLERANCE
from syncline.restoring.survey import Sheet, Survey, left_alone, survey
from syncline.station import Endpoint, Station
from syncline.store import incidents, instances, items, messages, operations, runs, timeline
from syncline.store.database import Tx
from syncline.store.messages import Outgoing, State
from syncline.store.timeline import Event

Key = tuple[str, str]


@dataclass(slots=True)
class Found:
    """What was found on the platforms.

    Attributes:
        looked: Records that had changed since the database last looked.
        incidents: Incidents that the database had lost, or never known.
        links: Records that were linked again.
        copies: Comments and files that were copied already.
        edits: Fields of linked records that had changed.
        messages: Pages and messages that waited in the outbox, and may have been sent.
        orphans: Incidents whose first record was not found.
    """

    looked: int = 0
    incidents: int = 0
    links: int = 0
    copies: int = 0
    edits: int = 0
    messages: int = 0
    orphans: list[str] = field(default_factory=list)


def adopt(station: Station, progress: Callable[[str], None], idle_since: float | None = None) -> Found:
    """Look for what exists, and take it in.

    Args:
        station: At hand; no worker is at work on it.
        progress: Told in a few words what is being done.
        idle_since: Since when nobody of ours has been at work, by the machine's time since it came up; None: that is not known.

    Raises:
        SynclineError: a platform cannot be asked now; nothing was decided, and it can be tried again.
    """
    for endpoint in station.endpoints.values():
        endpoint.fit()
    in_question = station.database.transact(_in_question)
    wanted = station.database.transact(lambda tx: _records(tx, in_question))
    clocks = _clocks(station)
    survey_of = survey(station, wanted, partial(_matters, station), progress)
    if idle_since is not None:
        # What a reply says of the clock is as old as it was slow.
        clocks = {name: max(clock, clocks[name]) for name, clock in _clocks(station).items()}
        _without_us(station, survey_of, clocks, idle_since)
    for endpoint in station.endpoints.values():
        _meet(station, endpoint, [s for s in survey_of.sheets.values() if s.instance == endpoint.name])
    found = Found(looked=survey_of.looked)
    groups, kin = station.database.transact(lambda tx: _groups(tx, station, survey_of.sheets))
    station.adopting = True
    try:
        for number, (incident_id, keys) in enumerate(groups.items(), 1):
            progress(f"incident {number} of {len(groups)}: {incident_id}")
            sheets = {key: survey_of.sheets[key] for key in keys}
            work = partial(_restore, station=station, incident_id=incident_id, sheets=sheets, found=found)
            station.database.transact(partial(work, family=kin.get(incident_id)))
        for incident_id in in_question:
            if incident_id not in groups:
                station.database.transact(
                    partial(_reconsider, station=station, incident_id=incident_id, found=found)
                )
    finally:
        station.adopting = False
    return found


def _clocks(station: Station) -> dict[str, datetime]:
    """What time it was on each platform when this machine came up."""
    now = timedelta(seconds=station.clock.monotonic())
    return {name: endpoint.http.platform_now() - now for name, endpoint in station.endpoints.items()}


def _without_us(station: Station, survey_of: Survey, clocks: Mapping[str, datetime], since: float) -> None:
    """What bears our account's name, and came when nobody of ours was at work any more, is by somebody who uses it.

    Args:
        station: At hand.
        survey_of: What exists.
        clocks: What time it was on each platform when this machine came up.
        since: When nobody was at work any more, by the machine's time since it came up.
    """
    for key, sheet in survey_of.sheets.items():
        alone = clocks[sheet.instance] + timedelta(seconds=since) + TOLERANCE
        landed = alone + timedelta(seconds=station.endpoints[sheet.instance].capabilities.settles_within)
        survey_of.sheets[key] = left_alone(sheet, alone, landed)


def _in_question(tx: Tx) -> list[str]:
    """The incidents about which something was under way: a copy, a write, an escalation, a message."""
    pairs = (*operations.under_way(tx), *runs.in_progress(tx))
    found = [*items.owed(tx), *(incident_id for incident_id, _ in pairs), *messages.unfinished(tx)]
    return list(dict.fromkeys(found))


def _records(tx: Tx, incident_ids: Sequence[str]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for links in incidents.links_of(tx, incident_ids).values():
        for link in links:
            if link.live:
                found.setdefault(link.instance, set()).add(link.record_id)
    return {name: frozenset(ids) for name, ids in found.items()}


def _matters(station: Station, endpoint: Endpoint, record: Record) -> bool:
    """Whether an incident can have begun with a record: a route would take it up."""
    reading = endpoint.mapping.read(record.values, endpoint.directory)
    progress = station.database.transact(lambda tx: instances.progress(tx, endpoint.name))
    incident = Incident("", dict(reading.values))
    route, _ = why_not(
        station, endpoint, incident, record, progress.started_at if progress else None, backfill=True
    )
    return route is not None


def _meet(station: Station, endpoint: Endpoint, sheets: Sequence[Sheet]) -> None:
    """Ask who those are whom the records name and the database has not met: a name that cannot be read would pass for one
    that was given just now."""
    strangers: dict[PartyKind, set[str]] = {}
    for sheet in sheets:
        natives = [sheet.record.values, *({edit.field: edit.after} for edit in sheet.edits or ())]
        for values in natives:
            for entry in endpoint.mapping.read(values, endpoint.directory).unmapped:
                if entry.party is not None:
                    strangers.setdefault(entry.party[0], set()).add(entry.party[1])
    parties = [party for sheet in sheets for party in sheet.record.parties]
    for kind, ids in strangers.items():
        parties += endpoint.connector.parties(kind, sorted(ids))
    station.database.transact(lambda tx: endpoint.meet(tx, parties))


def _groups(
    tx: Tx, station: Station, sheets: Mapping[Key, Sheet]
) -> tuple[dict[str, list[Key]], dict[str, Family]]:
    """The records of each incident, and the families of those that no link knows."""
    groups: dict[str, list[Key]] = {}
    strange: list[Trace] = []
    for name in station.endpoints:
        ids = [record_id for instance, record_id in sheets if instance == name]
        links = incidents.links_to(tx, name, ids)
        for record_id in ids:
            if record_id in links:
                groups.setdefault(links[record_id].incident_id, []).append((name, record_id))
            else:
                strange.append(_trace(station, sheets[name, record_id]))
    markers = {trace.marker for trace in strange if trace.marker} | {b for t in strange for b in t.backs}
    known = set(incidents.load(tx, sorted(markers)))
    kin = {family.incident_id: family for family in families(strange, known)}
    for incident_id, family in kin.items():
        groups.setdefault(incident_id, []).extend(trace.key for trace in (*family.others, *family.made))
    return groups, kin


def _trace(station: Station, sheet: Sheet) -> Trace:
    endpoint, record = station.endpoints[sheet.instance], sheet.record
    backs, texts = backs_in(sheet.remarks)
    linked = frozenset(i for marker, _ in sheet.linked if (i := incident_of(marker)) is not None)
    return Trace(
        (sheet.instance, record.id),
        record.url,
        _words(endpoint, sheet),
        endpoint.by_our_clock(record.created_at),
        record.marker,
        backs | linked,
        texts,
    )


def _words(endpoint: Endpoint, sheet: Sheet) -> frozenset[str]:
    """What its title and description say now, and said before each change that the history knows."""
    found: list[str] = []
    for name in ("title", "description"):
        natives = endpoint.mapping.natives_of(name)
        changes = [{e.field: v} for e in sheet.edits or () if e.field in natives for v in (e.before, e.after)]
        for values in ({}, *changes):
            reading = endpoint.mapping.read({**sheet.record.values, **values}, endpoint.directory)
            found.append(str(reading.values.get(name) or ""))
        # What is written once and never read again says what stood there at the beginning.
        found += [str(sheet.record.values.get(native) or "") for native in natives]
    return words_of(found)


# ---- one incident, in one transaction -----------------------------------------------------------


def _restore(
    tx: Tx,
    station: Station,
    incident_id: str,
    sheets: Mapping[Key, Sheet],
    family: Family | None,
    found: Found,
) -> None:
    sides = sides_of(tx, station, list(sheets.values()))
    kept = incidents.find(tx, incident_id)
    lost = kept is None
    parts: list[Part] = []
    if kept is not None and kept.unlinked_at is not None:
        return
    if kept is None:
        assert family is not None
        parts.append(begin_again(tx, station, family, sheets, sides))
        kept = incidents.find(tx, incident_id)
        assert kept is not None
        found.incidents += 1
        found.links += 1
    else:
        for link in incidents.links_of(tx, [incident_id])[incident_id]:
            sheet = sheets.get((link.instance, link.record_id))
            part = None if sheet is None else lay(tx, station, kept, link, sheet, sides)
            parts += [] if part is None else [part]
    for trace in (*family.others, *family.made) if family is not None else ():
        first = incidents.link_of(tx, incident_id, trace.key[0])
        if first is None or first.record_id != trace.key[1]:
            part = join(tx, station, kept, sheets[trace.key], sides)
            parts += [] if part is None else [part]
            found.links += part is not None
    found.edits += contend(tx, kept, parts, lost=lost) if parts else 0
    orphaned = lost and family is not None and not family.others
    if orphaned:
        found.orphans.append(incident_id)
    by_hand = lost and family is not None and len(family.others) > 1
    by_instance = _by_instance(tx, incident_id, sheets)
    found.copies += Hearing(tx, station, incident_id, by_instance, by_hand).take()
    if orphaned and family is not None:
        ask_where_it_began(tx, station, family)
    else:
        look_before_creating(tx, station, kept)
    _reconsider(tx, station, incident_id, found)


def _by_instance(tx: Tx, incident_id: str, sheets: Mapping[Key, Sheet]) -> dict[str, Sheet]:
    links = incidents.links_of(tx, [incident_id])[incident_id]
    return {
        link.instance: sheets[link.instance, link.record_id]
        for link in links
        if (link.instance, link.record_id) in sheets
    }


def _reconsider(tx: Tx, station: Station, incident_id: str, found: Found) -> None:
    """Merge what was laid before the incident, decide what it still needs, and what became of what waited to be said."""
    station.adopted_at = tx.now
    waiting = [m for m in messages.of_incident(tx, incident_id) if m.finished_at is None]
    reconcile(tx, station, [incident_id])
    kept = incidents.find(tx, incident_id)
    if kept is None:
        return
    taken = kept.incident.status != Status.NEW
    for message in waiting:
        found.messages += _doubt(tx, message, taken=taken)
    station.ledger.mark(tx, ledger.incident(incident_id), urgency=kept.incident.priority or ledger.ORDINARY)


def _doubt(tx: Tx, message: Outgoing, *, taken: bool) -> bool:
    """A message that waited when the backup was made may have been sent since; whether that was to be considered."""
    quiet = message.state is State.DUE and message.not_before is not None and message.not_before > tx.now
    if quiet or message.repeated or message.state not in {State.DUE, State.SENDING, State.UNKNOWN}:
        return False
    what = f"the {'page' if message.urgent else 'message'} to {message.recipient} by {message.channel} ({message.occasion})"
    if message.urgent and not taken:
        if message.state is State.DUE:
            messages.suspect(tx, message)
        text = f"{what} may have been sent before the database was adopted; it is sent, and says that it may be a repeat"
        timeline.append(tx, message.incident_id, Event("unknown", text, data={"message": message.id}))
        return True
    why = "it may have been sent before the database was adopted"
    messages.settle(tx, message, State.UNKNOWN, why, finished=True)
    text = f"{what} may have been sent before the database was adopted; it is not sent again"
    timeline.append(tx, message.incident_id, Event("unknown", text, data={"message": message.id}))
    return True
