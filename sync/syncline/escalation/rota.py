"""Who is on call: at an instant, and over a stretch of time.

At an instant, in this order: the last-listed override that covers it, if its person is not away; the last-listed
layer that serves then and whose person on turn is not away; whoever serves the backfill; nobody. `on_call` works that
out for one instant. `shifts` lays the stretches of all layers over one another, which is exact and needs no
sampling; the two share no more than the compiled book, and agree at every instant.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from syncline.escalation.book import Book
from syncline.escalation.duty import Duty, Turns, duties
from syncline.escalation.local_time import clock, utc
from syncline.escalation.roster import Span

_FORTNIGHT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class OnCall:
    """Somebody is on call.

    Attributes:
        person: Their id.
        schedule: On which schedule they stand: the backfill, where they serve from there; empty for somebody who is
            named.
        why: `turn`, `named`, `override: holiday swap`, `backfill of desk: amina is away`.
    """

    person: str
    schedule: str
    why: str


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch of time over which nothing changes; `on_call` is None where nobody serves."""

    span: Span
    on_call: OnCall | None


def on_call(book: Book, schedule_id: str, at: datetime) -> OnCall | None:
    """Who is on call at an instant; None: nobody. Nobody serves a schedule that is not in the book."""
    at = utc(at)
    known = duties(book)
    passed: list[str] = []
    why = ""
    next_id: str | None = schedule_id
    while next_id is not None and next_id not in passed and (duty := known.schedule(next_id)) is not None:
        person, reason = _serving(duty, at)
        if person is not None:
            return OnCall(person, next_id, _joined(why, reason))
        why = _joined(why, f"backfill of {next_id}: {reason or 'nobody is on turn'}")
        passed.append(next_id)
        next_id = duty.backfill
    return None


def next_cover(book: Book, schedule_id: str, at: datetime, within: timedelta = _FORTNIGHT) -> datetime | None:
    """The first instant from `at` on, and before `at + within`, at which somebody is on call; None: there is none."""
    at = utc(at)
    if on_call(book, schedule_id, at) is not None:
        return at
    served = (
        shift for shift in shifts(book, schedule_id, Span(at, at + within)) if shift.on_call is not None
    )
    first = next(served, None)
    return None if first is None else first.span.start


def shifts(book: Book, schedule_id: str, span: Span) -> list[Shift]:
    """Who is on call over `span`: stretches as long as can be, each at the end of the one before, in UTC."""
    pieces = [(*piece[:2], _words(piece)) for piece in laid(book, schedule_id, span)]
    found: list[Shift] = []
    known: dict[tuple[str, str, str] | None, OnCall | None] = {None: None}
    index = 0
    while index < len(pieces):
        start, end, words = pieces[index]
        index += 1
        while index < len(pieces) and pieces[index][2] == words:
            end = pieces[index][1]
            index += 1
        if words is not None and words not in known:
            known[words] = OnCall(*words)
        found.append(Shift(Span(start, end), known[words]))
    return found


def away(book: Book, person: str, at: datetime) -> bool:
    """Whether a person cannot be reached then."""
    return duties(book).away(person, utc(at))


def served(book: Book, who: Sequence[str], at: datetime) -> list[OnCall]:
    """Who answers for a tier or a step: `who` holds ids of schedules and `person:<id>`. Each person comes once.

    Somebody who is away, or is no longer in the book, does not serve.
    """
    found: dict[str, OnCall] = {}
    for entry in who:
        person = entry.removeprefix("person:")
        if person == entry:
            one = on_call(book, entry, at)
        elif person in book.people and not away(book, person, at):
            one = OnCall(person, "", "named")
        else:
            one = None
        if one is not None:
            found.setdefault(one.person, one)
    return list(found.values())


class Piece(NamedTuple):
    """Part of a sweep: one source serves, or none does.

    Attributes:
        start: UTC.
        end: UTC; the start of the next piece.
        person: Who serves, or None.
        schedule: On which schedule.
        source: Index of the layer there; -1 for overrides.
        reason: Of an override.
        passed: Schedules that did not serve, each with the person who would be on turn and is away, or None.
    """

    start: datetime
    end: datetime
    person: str | None
    schedule: str
    source: int
    reason: str
    passed: tuple[tuple[str, str | None], ...]


class _Hole(NamedTuple):
    """Nobody found yet; `absent` is the first one on turn in this schedule who is away."""

    start: datetime
    end: datetime
    absent: str | None
    passed: tuple[tuple[str, str | None], ...]


def laid(book: Book, schedule_id: str, span: Span) -> list[Piece]:
    """What serves when, source by source: pieces in order that cover `span` without a gap."""
    start, end = utc(span.start), utc(span.end)
    if start >= end:
        return []
    known = duties(book)
    found: list[Piece] = []
    holes = [_Hole(start, end, None, ())]
    seen: set[str] = set()
    next_id: str | None = schedule_id
    while holes and next_id is not None and next_id not in seen and (duty := known.schedule(next_id)):
        seen.add(next_id)
        first, last = holes[0].start, holes[-1].end
        for source, turns in _sources(duty, first, last):
            holes = _fill(found, holes, turns, next_id, source)
        holes = [_Hole(hole.start, hole.end, None, (*hole.passed, (next_id, hole.absent))) for hole in holes]
        next_id = duty.backfill
    found.extend(Piece(hole.start, hole.end, None, schedule_id, -1, "", hole.passed) for hole in holes)
    found.sort()
    return found


def _sources(duty: Duty, start: datetime, end: datetime) -> Iterator[tuple[int, Turns]]:
    """Overrides, then the layers from the last to the first, each with what it has in a stretch of time."""
    yield -1, duty.overridden(start, end)
    for index in range(len(duty.layers) - 1, -1, -1):
        yield index, duty.present(duty.layers[index].turns(start, end))


def _fill(found: list[Piece], holes: list[_Hole], turns: Turns, schedule: str, source: int) -> list[_Hole]:
    """Let the turns of one source serve in the holes, and return what is left of them."""
    if not turns:
        return holes
    left: list[_Hole] = []
    index, count = 0, len(turns)
    for hole in holes:
        at = hole.start
        while index < count and turns[index].end <= at:
            index += 1
        ahead = index
        while ahead < count and turns[ahead].start < hole.end:
            turn = turns[ahead]
            begin, stop = max(at, turn.start), min(hole.end, turn.end)
            if at < begin:
                left.append(hole._replace(start=at, end=begin))
            if turn.away:
                left.append(_Hole(begin, stop, hole.absent or turn.person, hole.passed))
            else:
                found.append(Piece(begin, stop, turn.person, schedule, source, turn.reason, hole.passed))
            at = stop
            ahead += 1
        if at < hole.end:
            left.append(hole._replace(start=at))
        # The last turn looked at may reach into the next hole.
        index = max(index, ahead - 1)
    return left


def _serving(duty: Duty, at: datetime) -> tuple[str | None, str]:
    """The person and the reason; without a person, who is missed."""
    missed = ""
    index = bisect_right(duty.override_starts, at) - 1
    if index >= 0 and at < duty.overrides[index].end:
        override = duty.overrides[index]
        if not duty.away(override.person, at):
            return override.person, override.reason
        missed = f"{override.person} is away"
    if duty.layers:
        local = clock(duty.tz, at)
        for layer in reversed(duty.layers):
            person = layer.on_turn(local)
            if person is None:
                continue
            if not duty.away(person, at):
                return person, "turn"
            missed = missed or f"{person} is away"
    return None, missed


def _words(piece: Piece) -> tuple[str, str, str] | None:
    """What makes the `OnCall` of a piece; None: nobody serves."""
    if piece.person is None:
        return None
    why = ""
    for schedule, absent in piece.passed:
        why = _joined(
            why, f"backfill of {schedule}: {f'{absent} is away' if absent else 'nobody is on turn'}"
        )
    return piece.person, piece.schedule, _joined(why, piece.reason)


def _joined(why: str, more: str) -> str:
    """Reasons one after the other; that it is somebody's turn goes without saying after another one."""
    if not why:
        return more
    return why if more == "turn" else f"{why}; {more}"
