"""Adopting a database that is a copy, or older than the platforms: it goes on as the only one."""

from collections.abc import Callable

from syncline import restoring
from syncline.custody import LIFE, Custody
from syncline.daemon import OnlyDaemon
from syncline.errors import Configuration
from syncline.lineage import Recognised
from syncline.restoring import Found
from syncline.station import Station
from syncline.store import timeline
from syncline.store.database import Database
from syncline.store.timeline import Event


def adopt(
    station: Station,
    custody: Custody,
    recognised: Recognised | None,
    actor: str,
    progress: Callable[[str], None],
) -> Found:
    """Look for what exists, take it in, and go on with this database. A daemon that is held meanwhile goes on by itself.

    Args:
        station: At hand.
        custody: Of the database.
        recognised: What is doubtful about it; None: nothing, and it is done all the same.
        actor: Who asks.
        progress: Told in a few words what is being done.

    Raises:
        Configuration: a daemon works on the database, or a secret is missing.
        RetryLater: a platform cannot be asked now; it can be run again.
    """
    right = OnlyDaemon(station.database)
    try:
        right.take()
    except Configuration as error:
        _see_that_it_is_held(station.database, recognised, error)
    try:
        station.agree()
        station.authenticate()
        found = restoring.adopt(station, progress, custody.held_since(station.clock.monotonic()))
        custody.take_over(lambda tx: timeline.append(tx, None, _told(recognised, actor, found)))
        return found
    finally:
        right.give_back()


def _see_that_it_is_held(database: Database, recognised: Recognised | None, error: Configuration) -> None:
    last = database.transact(lambda tx: timeline.last_of(tx, LIFE))
    if recognised is None or last is None or last.kind != "held":
        raise error


def _told(recognised: Recognised | None, actor: str, found: Found) -> Event:
    why = recognised.doubt.value if recognised is not None else "asked for"
    text = (
        f"{actor} adopted this database ({why}): {found.looked} records had changed since it last looked; {found.incidents} incidents, "
        f"{found.links} links and {found.copies} copies were found again, {found.edits} fields of linked records had changed, "
        f"{found.messages} messages may have been sent"
    )
    data = {
        "doubt": why,
        "incidents": found.incidents,
        "links": found.links,
        "copies": found.copies,
        "edits": found.edits,
        "messages": found.messages,
        "orphans": list(found.orphans),
    }
    return Event("adopted", text, actor=actor, data=data)
