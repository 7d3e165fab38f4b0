"""Whom a step reaches, and by which way. Who is on call is taken from the book in force, at that moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syncline.escalation.book import Book
from syncline.escalation.case import Case
from syncline.escalation.roster import Person, Quiet
from syncline.escalation.rota import OnCall, next_cover, served

PERSON: Final = "person:"
CONFIRMED_WITHIN: Final = timedelta(seconds=60)
"""So soon a page is read back."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Whom a step reaches.

    Attributes:
        people: Each with why it is they.
        tiers: Ids of the tiers that were meant, in order.
        missing: What was meant and is served by nobody: tiers, people, or `next` where there is no tier above.
    """

    people: tuple[OnCall, ...]
    tiers: tuple[str, ...]
    missing: tuple[str, ...]


def reached(book: Book, targets: Sequence[str], tier: str | None, at: datetime) -> Reached:
    """Whom those targets of a step stand for at that moment.

    Args:
        book: In force.
        targets: Ids of tiers, `next`, `manager`, `person:<id>`.
        tier: The tier that holds the incident, or None.
        at: The moment.
    """
    people: dict[str, OnCall] = {}
    tiers: list[str] = []
    missing: list[str] = []
    for target in targets:
        named = _above(book, tier) if target == "next" else target
        if named is None:
            missing.append("the next tier: there is none above")
            continue
        if named in book.tiers:
            tiers.append(named)
        found = _managers(book, tier, at) if named == "manager" else served(book, _who(book, named), at)
        if not found:
            missing.append(named)
        for one in found:
            people.setdefault(one.person, one)
    return Reached(tuple(people.values()), tuple(tiers), tuple(missing))


def covered_from(book: Book, targets: Sequence[str], tier: str | None, at: datetime) -> datetime | None:
    """The first moment from `at` on at which somebody serves one of those targets; None: not within two weeks."""
    found: list[datetime] = []
    for target in targets:
        named = _above(book, tier) if target == "next" else target
        for who in _who(book, named) if named else ():
            if who in book.schedules:
                cover = next_cover(book, who, at)
            else:
                person = book.people.get(who.removeprefix(PERSON))
                cover = (
                    max((span.end for span in person.away if span.covers(at)), default=at) if person else None
                )
            if cover is not None:
                found.append(cover)
    return min(found, default=None)


def _who(book: Book, target: str) -> Sequence[str]:
    if target in book.tiers:
        return book.tiers[target].who
    if target in book.audiences:
        return [who for entry in book.audiences[target] for who in _who(book, entry)]
    return (target,)


def audience(book: Book, targets: Sequence[str], at: datetime) -> list[OnCall]:
    """To whom a message to those targets goes: people, tiers, schedules or audiences of the file."""
    people: dict[str, OnCall] = {}
    for target in targets:
        for one in served(book, _who(book, target), at):
            people.setdefault(one.person, one)
    return list(people.values())


def _above(book: Book, tier: str | None) -> str | None:
    if tier is not None and tier in book.tiers:
        return book.tiers[tier].next
    uppers = {t.next for t in book.tiers.values()}
    return next((t.id for t in book.tiers.values() if t.id not in uppers and not t.hierarchical), None)


def _managers(book: Book, tier: str | None, at: datetime) -> list[OnCall]:
    below = served(book, _who(book, tier), at) if tier is not None and tier in book.tiers else []
    ids = dict.fromkeys(book.people[one.person].manager for one in below)
    return served(book, [f"{PERSON}{who}" for who in ids if who is not None], at)


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody is reached.

    Attributes:
        channel: A channel, or an instance whose platform pages.
        address: There.
        confirms: Whether a sign comes back that it arrived.
    """

    channel: str
    address: str
    confirms: bool


def ways(person: Person, case: Case, *, platforms: bool = True) -> list[Way]:
    """By which ways that person can be reached about that incident, the preferred one first.

    Args:
        person: Whom.
        case: Where a platform pages about a linked record, it goes first: the person can answer there.
        platforms: False leaves the platforms out.
    """
    found = [
        Way(case.pagers[name], address, True)
        for name, address in person.ids.items()
        if platforms and name in case.pagers
    ]
    return [*found, *(Way(channel, address, False) for channel, address in person.reach.items())]


def end_of_quiet(person: Person, at: datetime) -> datetime | None:
    """When the person's quiet hours end, if `at` lies in them."""
    quiet: Quiet | None = person.quiet
    if quiet is None:
        return None
    local = at.astimezone(person.tz)
    clock = local.time().replace(tzinfo=None)
    over_midnight = quiet.start > quiet.end
    within = clock >= quiet.start or clock < quiet.end if over_midnight else quiet.start <= clock < quiet.end
    if not within:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and clock >= quiet.start else 0)
    return datetime.combine(day, quiet.end, person.tz).astimezone(at.tzinfo)
