"""One message: it sets out, and what became of it is stored. Three outcomes, as of every write.

The intent is committed before the message leaves, what became of it afterwards. Where that is not known (a crash, no
answer), a page is sent once more and says that it may be a repeat; a message to stakeholders is not.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from syncline import ledger
from syncline.connector import Paged
from syncline.errors import Configuration, RetryLater
from syncline.ledger import Lease, backoff
from syncline.messages import paging, wording
from syncline.messages.carrier import Fate, Verdict
from syncline.station import Station
from syncline.store import incidents, messages, timeline
from syncline.store.database import Tx
from syncline.store.messages import Outgoing, State

log = logging.getLogger(__name__)

PAGE_TRIES: Final = 8
PAGE_PATIENCE: Final = timedelta(minutes=15)
"""After so many tries, or so long, a page has failed: its policy must go on by another way."""
MESSAGE_PATIENCE: Final = timedelta(hours=2)
"""A message to stakeholders that is later than this is news no more."""
LONGEST_WAIT: Final = 60.0
"""Seconds between two tries of a page."""
REPEAT_AFTER: Final = 5.0
"""Seconds after which a page without a verdict is sent once more, where nobody can be asked whether it arrived."""
STORE_TRIES: Final = 10
"""Seconds that a worker waits for a database that does not take what became of a message."""
ASK_FIRST: Final = timedelta(seconds=25)
"""So long the platform is asked whether a page without a verdict arrived, before it is sent once more."""


class Act(StrEnum):
    """What is to be done about a message now."""

    NOTHING = "nothing"
    SEND = "send"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a worker has begun.

    Attributes:
        act: What is to be done.
        message: As it stands, begun.
        record_id: Of a page that a platform sends: the record there; None where there is none yet.
    """

    act: Act
    message: Outgoing | None = None
    record_id: str | None = None


NOTHING: Final = Attempt(Act.NOTHING)


def work(station: Station, lease: Lease, attempt: Attempt | None = None) -> None:
    """Do what is due about the leased message; `attempt` is its beginning, where it was begun with the claim.

    Raises:
        LeaseLost: the lease ran out meanwhile, and a peer has it.
    """
    if attempt is None:
        attempt = station.database.transact(lambda tx: begin(tx, station, lease))
    message = attempt.message
    if message is None:
        return
    if attempt.act is Act.LOOK:
        _look(station, lease, message, attempt.record_id)
        return
    verdict = _carry(station, message, attempt.record_id)
    _stored(station, lambda tx: _finish(tx, station, lease, message, verdict))


def _stored(station: Station, store: Callable[[Tx], None]) -> None:
    """Store what became of a message, however busy the database is: what we know now would be unknown afterwards, and a
    page would be sent once more for nothing."""
    for left in range(STORE_TRIES, -1, -1):
        try:
            station.database.transact(store)
            return
        except RetryLater:
            if left == 0:
                raise
            station.runtime.sleep(1.0)


# ---- before it leaves ------------------------------------------------------------------------------


def begin(tx: Tx, station: Station, lease: Lease) -> Attempt:
    """What is to be done about the leased message. The intent to send it is stored in this transaction."""
    message = messages.find(tx, lease.item.key)
    if message is None or message.finished_at is not None:
        lease.done(tx)
        return NOTHING
    if message.not_before is not None and message.not_before > tx.now and message.state is State.DUE:
        lease.done(tx, message.due)
        return NOTHING
    if message.state is State.SENDING:
        _doubt(tx, station, lease, message, "Syncline was interrupted while it was on its way")
        return NOTHING
    asked = message.channel in station.endpoints
    doubtful = message.state is State.UNKNOWN
    # Nobody has asked since it came in doubt: it is asked at least once, however long we were away.
    to_ask = lease.tries > 0 or tx.now - message.at < ASK_FIRST
    if message.state in {State.SENT, State.REACHED} or (
        doubtful and asked and not message.repeated and to_ask
    ):
        return Attempt(Act.LOOK, message, _record(tx, message) if asked else None)
    messages.begin(tx, message, repeat=doubtful)
    return Attempt(Act.SEND, messages.find(tx, message.id), _record(tx, message) if asked else None)


def _record(tx: Tx, message: Outgoing) -> str | None:
    link = incidents.link_of(tx, message.incident_id, message.channel)
    return link.record_id if link is not None and link.live else None


def _carry(station: Station, message: Outgoing, record_id: str | None) -> Verdict:
    endpoint = station.endpoints.get(message.channel)
    if endpoint is not None:
        return paging.send(endpoint, message, record_id)
    text = f"{wording.REPEAT}\n\n{message.text}" if message.repeated else message.text
    return station.channels.send(message.channel, message.address, message.title, text, urgent=message.urgent)


# ---- afterwards ------------------------------------------------------------------------------------


def _finish(tx: Tx, station: Station, lease: Lease, message: Outgoing, verdict: Verdict) -> None:
    """Store what became of a message that set out, and what follows."""
    match verdict.fate:
        case Fate.TAKEN:
            _arrived(tx, station, lease, message, State.SENT)
        case Fate.REFUSED:
            _failed(tx, station, lease, message, verdict.reason)
        case Fate.UNKNOWN:
            _doubt(tx, station, lease, message, verdict.reason)
        case Fate.LATER:
            _later(tx, station, lease, message, verdict)


def _arrived(tx: Tx, station: Station, lease: Lease, message: Outgoing, state: State) -> None:
    """There is a sign of it. A page that a platform sends is looked after until there is a better one."""
    following = None if state is State.ANSWERED else _next_look(station, message, tx.now)
    messages.settle(tx, message, state, finished=following is None)
    if state is not message.state:
        timeline.append(tx, message.incident_id, wording.arrived(message, state))
        _tell(tx, station, message)
    lease.done(tx, following)


def _next_look(station: Station, message: Outgoing, now: datetime) -> float | None:
    """When the platform is asked next what became of a page, seconds since 1970; None: no more."""
    if message.channel not in station.endpoints or message.begun_at is None:
        return None
    begun = message.begun_at.timestamp()
    planned = next((begun + look for look in paging.LOOKS if begun + look > now.timestamp()), None)
    if planned is not None:
        return planned
    until = min(message.confirm_by or message.begun_at, message.begun_at + paging.LONGEST_LOOK)
    again = now.timestamp() + paging.LOOK_AGAIN
    if now >= until:
        return None
    return min(again, until.timestamp())


def _failed(tx: Tx, station: Station, lease: Lease, message: Outgoing, reason: str) -> None:
    # What set out before and may have arrived has not failed because its repeat did.
    state = State.UNKNOWN if message.repeated else State.FAILED
    messages.settle(tx, message, state, reason, finished=True)
    timeline.append(tx, message.incident_id, wording.failed(message, reason))
    log.warning("%s could not be delivered: %s", wording.about(message), reason)
    _tell(tx, station, message)
    lease.done(tx)


def _doubt(tx: Tx, station: Station, lease: Lease, message: Outgoing, reason: str) -> None:
    """No verdict came back. A page is sent once more, where the platform does not say that it arrived."""
    last = message.repeated or not message.urgent
    asked = message.channel in station.endpoints
    follows = "it is not sent again"
    if not last:
        follows = "it is looked for" if asked else "it is sent once more, and says that it may be a repeat"
    messages.settle(tx, message, State.UNKNOWN, reason, finished=last)
    timeline.append(tx, message.incident_id, wording.doubtful(message, reason, follows))
    _tell(tx, station, message)
    if last:
        lease.done(tx)
    else:
        lease.retry(tx, reason, paging.LOOKS[0] if asked else REPEAT_AFTER)


def _later(tx: Tx, station: Station, lease: Lease, message: Outgoing, verdict: Verdict) -> None:
    """It surely did not arrive. It is tried again, until that makes no sense any more."""
    tries = message.tried - (not verdict.counts)
    if _spent(message, tries, tx.now):
        _failed(tx, station, lease, message, f"{verdict.reason}; given up after {tries} tries")
        return
    state = State.UNKNOWN if message.repeated else State.DUE
    messages.settle(tx, message, state, verdict.reason, finished=False, counts=verdict.counts)
    if message.error is None:
        timeline.append(tx, message.incident_id, wording.delayed(message, verdict.reason))
    wait = backoff(message.tried, lease.token)
    if verdict.after is not None:
        wait = verdict.after
    lease.retry(tx, verdict.reason, min(wait, LONGEST_WAIT) if message.urgent else wait)


def _spent(message: Outgoing, tries: int, now: datetime) -> bool:
    underway = now - (message.begun_at or now)
    if message.urgent:
        return tries >= PAGE_TRIES or underway >= PAGE_PATIENCE
    return underway >= MESSAGE_PATIENCE


def _tell(tx: Tx, station: Station, message: Outgoing) -> None:
    """The policy goes on by what became of a page."""
    if message.urgent:
        station.ledger.mark(tx, ledger.incident(message.incident_id), urgency=1)


# ---- what a platform says of a page ------------------------------------------------------------------


def _look(station: Station, lease: Lease, message: Outgoing, record_id: str | None) -> None:
    endpoint = station.endpoints.get(message.channel)
    reason = ""
    paged = Paged.PENDING
    if endpoint is not None:
        try:
            paged = paging.look(endpoint, message, record_id)
        except (RetryLater, Configuration) as error:
            reason = str(error)
    _stored(station, lambda tx: _seen(tx, station, lease, message, paged, reason))


def _seen(tx: Tx, station: Station, lease: Lease, message: Outgoing, paged: Paged, reason: str) -> None:
    """Store what the platform says became of a page."""
    match paged:
        case Paged.ANSWERED:
            _arrived(tx, station, lease, message, State.ANSWERED)
        case Paged.REACHED:
            _arrived(tx, station, lease, message, State.REACHED)
        case Paged.FAILED:
            messages.settle(tx, message, State.FAILED, "declined, or told in vain", finished=True)
            why = f"{message.channel} says that {message.recipient} declined, or could be told by no way"
            timeline.append(tx, message.incident_id, wording.failed(message, why))
            _tell(tx, station, message)
            lease.done(tx)
        case Paged.PENDING:
            _no_sign(tx, station, lease, message, reason)


def _no_sign(tx: Tx, station: Station, lease: Lease, message: Outgoing, reason: str) -> None:
    if message.state is State.UNKNOWN:
        # Asked again, and after `ASK_FIRST` sent once more.
        lease.done(tx, tx.now.timestamp() + paging.LOOKS[0])
        return
    following = _next_look(station, message, tx.now)
    if following is None:
        messages.settle(tx, message, message.state, reason or None, finished=True)
        if message.state is State.SENT:
            timeline.append(tx, message.incident_id, wording.silent(message))
            _tell(tx, station, message)
    lease.done(tx, following)
