"""Named clocks: how much time has counted, and when so much will have counted.

A clock is read off the incident's past each time. So a late page of changes, a pause that was seen an hour after it
began, or an outage of our own cannot make it wrong; and a priority raised after three hours counts from the opening.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syncline.escalation.book import Book, Calendar, Clock, Start
from syncline.escalation.calendars import after, elapsed
from syncline.escalation.case import Case, Stretch, field_facts
from syncline.escalation.conditions import Condition

NOTHING: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time on a clock.

    Attributes:
        start: Its first moment.
        end: The first moment after it; None: it lasts.
        counts: Whether time counts in it.
        why: What it does: `runs`, `paused`, `stopped`, `pause used up`.
    """

    start: datetime
    end: datetime | None
    counts: bool
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A clock, as it stands for one incident.

    Attributes:
        clock: Which.
        calendar: On which its time counts.
        pieces: Its life without gaps, from its start on; empty: it has not started.
    """

    clock: Clock
    calendar: Calendar
    pieces: Sequence[Piece]

    @property
    def started_at(self) -> datetime | None:
        """When it started; None: not yet."""
        return self.pieces[0].start if self.pieces else None

    def state(self, at: datetime) -> str:
        """`not started`, `runs`, `paused`, `stopped` or `pause used up` at that moment."""
        piece = next((p for p in self.pieces if p.start <= at and (p.end is None or at < p.end)), None)
        return piece.why if piece else "not started"

    def counted(self, at: datetime) -> timedelta:
        """How much time has counted until then."""
        total = NOTHING
        for piece in self.pieces:
            if piece.start >= at:
                break
            if piece.counts:
                end = at if piece.end is None else min(piece.end, at)
                total += elapsed(self.calendar, piece.start, end)
        return total

    def due(self, offset: timedelta) -> datetime | None:
        """When that much time will have counted, if all stays as it is; None: never, as things stand."""
        left = offset
        for piece in self.pieces:
            if not piece.counts:
                continue
            if piece.end is None:
                return after(self.calendar, piece.start, left)
            worth = elapsed(self.calendar, piece.start, piece.end)
            # Equal: what is due just when the clock stands still was due while it ran.
            if worth and left <= worth:
                return after(self.calendar, piece.start, left)
            left -= worth
        return None

    def offset(self, share: float) -> timedelta | None:
        """That share of the target; None: the clock has none."""
        return None if self.clock.target is None else self.clock.target * share

    @property
    def breach(self) -> datetime | None:
        """When the target is used up, if all stays as it is; None: never, or there is no target."""
        return None if self.clock.target is None else self.due(self.clock.target)


def read_clock(book: Book, clock: Clock, case: Case, began: datetime | None) -> Reading:
    """A clock, as the incident's past makes it.

    Args:
        book: For its calendar and names.
        clock: Which.
        case: The incident and its past.
        began: When the run began, for a clock that starts with it; None: there is none.
    """
    calendar = book.calendars[clock.calendar]
    facts = _by_stretch(book, case)
    start = _start(clock, case, facts, began)
    if start is None:
        return Reading(clock, calendar, ())
    return Reading(clock, calendar, _pieces(clock, calendar, case.stretches, facts, start))


def _by_stretch(book: Book, case: Case) -> Callable[[Stretch], Mapping[str, object]]:
    known: dict[int, Mapping[str, object]] = {}

    def facts(stretch: Stretch) -> Mapping[str, object]:
        key = id(stretch)
        if key not in known:
            known[key] = field_facts(book, case, stretch.values)
        return known[key]

    return facts


def _start(
    clock: Clock, case: Case, facts: Callable[[Stretch], Mapping[str, object]], began: datetime | None
) -> datetime | None:
    if clock.start is Start.RAISED:
        return began
    if clock.start is Start.CREATED:
        start: datetime | None = case.opened_at
    elif clock.start is Start.TIER_ENTERED:
        start = _last_turn(case, facts, lambda now, before: now["tier"] != before["tier"])
    else:
        begin: Condition = clock.start
        start = next((s.start for s in case.stretches if begin.holds(facts(s))), None)
    if start is None or not clock.restart:
        return start
    applies = clock.when
    return max(
        start, _last_turn(case, facts, lambda now, before: applies.holds(now) and not applies.holds(before))
    )


def _last_turn(
    case: Case,
    facts: Callable[[Stretch], Mapping[str, object]],
    turned: Callable[[Mapping[str, object], Mapping[str, object]], bool],
) -> datetime:
    at = case.opened_at
    for before, now in zip(case.stretches, case.stretches[1:], strict=False):
        if turned(facts(now), facts(before)):
            at = now.start
    return at


def _pieces(
    clock: Clock,
    calendar: Calendar,
    stretches: Sequence[Stretch],
    facts: Callable[[Stretch], Mapping[str, object]],
    start: datetime,
) -> list[Piece]:
    pieces: list[Piece] = []
    paused = NOTHING
    for stretch in stretches:
        if stretch.end is not None and stretch.end <= start:
            continue
        begin, end = max(stretch.start, start), stretch.end
        known = facts(stretch)
        if clock.stop.holds(known):
            pieces.append(Piece(begin, end, False, "stopped"))
        elif clock.pause is None or not clock.pause.holds(known):
            pieces.append(Piece(begin, end, True, "runs"))
        elif clock.max_pause is None:
            pieces.append(Piece(begin, end, False, "paused"))
        else:
            used_up = after(calendar, begin, max(clock.max_pause - paused, NOTHING))
            until = used_up if end is None else min(end, used_up)
            if until > begin:
                pieces.append(Piece(begin, until, False, "paused"))
                paused += elapsed(calendar, begin, until)
            if end is None or until < end:
                pieces.append(Piece(until, end, True, "pause used up"))
    return pieces
