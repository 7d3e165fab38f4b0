"""Who is on call, why, until when, and who comes next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from syncline.application.mappings import NotFound
from syncline.errors import Configuration as Misconfigured
from syncline.escalation.book import Book
from syncline.escalation.roster import Span
from syncline.escalation.rota import Shift, shifts
from syncline.escalation.scenario_times import told, zoned
from syncline.mapping.validation import suggestion

HORIZON: Final = timedelta(days=35)
"""So far ahead is looked for who comes next."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on call for one schedule.

    Attributes:
        schedule: Its id.
        tiers: Ids of the tiers that it serves.
        person: Id of who is on call; None: nobody.
        name: What people call them.
        why: `turn`, `override: holiday swap`, `backfill of desk: amina is away`.
        from_schedule: On which schedule they stand: this one, or its backfill.
        ways: Channels and platforms by which they can be reached, in the order in which they are tried.
        until: When somebody else comes, on the schedule's clock; None: not within five weeks.
        then: Who comes then; None: nobody.
        tz: The schedule's clock.
    """

    schedule: str
    tiers: tuple[str, ...]
    person: str | None
    name: str
    why: str
    from_schedule: str
    ways: tuple[str, ...]
    until: datetime | None
    then: str | None
    tz: ZoneInfo


def moment(text: str) -> datetime:
    """A time as people write it; UTC where it names no clock.

    Raises:
        Configuration: it is none.
    """
    try:
        found = told(text)
        return zoned(found if found.offset or found.zone else replace(found, offset="+00:00")).at
    except ValueError as error:
        raise Misconfigured(f"{text[:60]}: {error}") from error


def duties(book: Book, at: datetime, schedule: str | None = None) -> list[Duty]:
    """Who is on call then, for one schedule or for all.

    Raises:
        NotFound: there is no such schedule.
    """
    if schedule is not None and schedule not in book.schedules:
        raise NotFound(f'there is no schedule "{schedule}"{suggestion(schedule, book.schedules)}')
    return [_duty(book, name, at) for name in ([schedule] if schedule is not None else book.schedules)]


def _duty(book: Book, schedule: str, at: datetime) -> Duty:
    ahead = shifts(book, schedule, Span(at, at + HORIZON))
    tiers = tuple(tier.id for tier in book.tiers.values() if schedule in tier.who)
    now = ahead[0].on_call
    later = _next(ahead)
    tz = book.schedules[schedule].tz
    until = later.span.start.astimezone(tz) if later is not None else None
    then = later.on_call.person if later is not None and later.on_call is not None else None
    if now is None:
        return Duty(schedule, tiers, None, "", "nobody is on call", schedule, (), until, then, tz)
    person = book.people[now.person]
    ways = (*person.ids, *person.reach)
    return Duty(schedule, tiers, person.id, person.name, now.why, now.schedule, ways, until, then, tz)


def _next(ahead: Sequence[Shift]) -> Shift | None:
    """The first stretch that somebody else serves, or nobody."""
    now = ahead[0].on_call
    return next(
        (s for s in ahead if (s.on_call.person if s.on_call else None) != (now.person if now else None)), None
    )
