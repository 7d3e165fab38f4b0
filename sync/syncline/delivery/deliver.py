"""Carries out what a turn decides: one action after the other, each outside any transaction."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from syncline.connector import Connector, HistoryKind, Record, Sighting
from syncline.delivery.actions import (
    Action,
    Done,
    Evidence,
    Explore,
    Explored,
    Failed,
    Fetch,
    Fetched,
    Look,
    Looked,
    Meet,
    Met,
    Read,
    Recheck,
    Rechecked,
    Released,
    Seen,
    Send,
    Sent,
)
from syncline.delivery.looked import moved_beside
from syncline.delivery.turn import Turn
from syncline.errors import Configuration, DatabaseFault, Gone, Refused, RetryLater, SynclineError
from syncline.http.replies import is_page
from syncline.model import Attachment
from syncline.station import Endpoint, Station
from syncline.store import incidents, operations
from syncline.store.database import Tx
from syncline.store.incidents import Link
from syncline.store.operations import Logged

__all__ = ["deliver", "perform"]


T = TypeVar("T")


class _FollowingError(Exception):
    """What was to follow in the same transaction failed; its cause is the reason."""


def deliver(
    station: Station,
    turn: Turn,
    first: Action | None = None,
    following: Callable[[Tx], T] | None = None,
) -> T | None:
    """Do what one record needs, to the end or to the first thing that must be waited for.

    Args:
        station: At hand.
        turn: Of that record.
        first: What the turn decided in the transaction that claimed it.
        following: What else is to be done in the transaction that ends it. If that fails, it ends without.

    Returns:
        What `following` gave, if it came to that.
    """
    given: T | None = None
    action = station.database.transact(turn.next) if first is None else first
    while not isinstance(action, Done | Released):
        evidence = perform(station, turn.endpoint, action)
        try:
            action, given = station.database.transact(partial(_step, turn, evidence, following))
        except _FollowingError:
            action, given = station.database.transact(partial(_step, turn, evidence, None))
    return given


def _step(
    turn: Turn, evidence: Evidence, following: Callable[[Tx], T] | None, tx: Tx
) -> tuple[Action, T | None]:
    action = turn.next(tx, evidence)
    if following is None or not isinstance(action, Done | Released):
        return action, None
    try:
        return action, following(tx)
    except Exception as error:
        raise _FollowingError from error


def perform(station: Station, endpoint: Endpoint, action: Action) -> Evidence:
    """Carry out one action against the platform; an error that says what to do is evidence too."""
    try:
        return _perform(station, endpoint, action)
    except DatabaseFault:
        raise
    except SynclineError as error:
        return Failed(action, error)


def _perform(station: Station, endpoint: Endpoint, action: Action) -> Evidence:
    connector = endpoint.connector
    match action:
        case Send(_, operation):
            return Sent(action, connector.write(operation))
        case Read(_, record_id):
            return Seen(action, connector.read(record_id))
        case Explore(record_id, status):
            return Explored(action, connector.steps(record_id, status))
        case Recheck(record_id):
            return Rechecked(action, connector.read(record_id))
        case Fetch(item):
            return Fetched(action, _content(station.endpoints[item.instance], item.attachment()))
        case Meet(parties):
            found = [connector.find_party(kind, name) for kind, name in parties]
            return Met(action, [party for party in found if party is not None])
        case Look(logged):
            return _look(station, endpoint, action, logged)
        case _:
            raise AssertionError(f"{action} is nothing to carry out")


def _content(source: Endpoint, file: Attachment) -> bytes:
    """The bytes of a file, which is not even asked for where it is said to be larger than the instance's limit.

    Raises:
        RetryLater: a gateway's page came in its place, or nothing. A file may be a page itself; then it is as long as was said.
    """
    limit = source.settings.max_attachment
    if file.size > limit:
        raise Refused(
            f"{source.name}: {file.name} on record {file.record_id} has {file.size:,} bytes and max_attachment is {limit:,};"
            " raise max_attachment, or leave the file where it is"
        )
    content = source.connector.content(file)
    if len(content) != file.size and (not content or is_page("", content)):
        came = "a page" if content else "nothing"
        raise RetryLater(
            f"{source.name}: {came} came in place of the file {file.name} on record {file.record_id}; check that url leads to"
            f" {source.title}"
        )
    return content


def _created(connector: Connector, logged: Logged) -> Sequence[Record]:
    """The records that a create made: by the id that the platform gave, where its reply came, else by our marker."""
    if logged.made is not None:
        try:
            record = connector.read(logged.made).record
        except Gone:
            record = None
        if record is not None:
            return [record]
    return connector.find(logged.marker)


def _look(station: Station, endpoint: Endpoint, action: Look, logged: Logged) -> Looked:
    """Search for the traces of a write of unknown outcome."""
    connector = endpoint.connector
    began = station.clock.monotonic()
    if logged.kind == "create":
        return Looked(action, began, records=_created(connector, logged))
    links = station.database.transact(lambda tx: incidents.links_of(tx, [logged.incident_id]))[
        logged.incident_id
    ]
    link = next((li for li in links if li.instance == endpoint.name), None)
    if link is None:
        return Looked(action, began)
    record_id = link.record_id
    if logged.kind == "attach":
        return Looked(action, began, attachments=connector.attachments(record_id))
    if logged.kind in {"comment", "linkback"}:
        return Looked(action, began, remarks=connector.remarks(record_id))
    sighting: Sighting = connector.read(record_id)
    if endpoint.capabilities.history is HistoryKind.READ and _puzzling(endpoint, link, logged, sighting):
        # What cannot be read now is looked at again later: until then nothing is known of that write. An account that may not
        # read it learns what there is to learn from the record.
        since = (logged.base_at or logged.created_at) - timedelta(seconds=2)
        with suppress(Configuration):
            sighting = replace(sighting, edits=tuple(connector.history(record_id, since)))
    return Looked(action, began, sighting=sighting)


def _puzzling(endpoint: Endpoint, link: Link, logged: Logged, sighting: Sighting) -> bool:
    """Whether a record shows neither that nobody touched it since we knew it nor, for certain, our write."""
    if sighting.record is None or logged.kind not in operations.AUDITED:
        return False
    shown = {native: sighting.record.values.get(native) for native in logged.payload}
    untouched = logged.base_at is not None and sighting.record.updated_at <= logged.base_at
    if untouched and shown == {native: logged.base.get(native) for native in logged.payload}:
        return False
    # Who wrote last may be somebody else, who gave what ours was to give.
    others = not sighting.record.own or moved_beside(endpoint, link, logged, sighting.record)
    return shown != logged.payload or others
