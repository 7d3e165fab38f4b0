"""Named clocks: how much time has counted, and when so much will have counted.

A clock is read off the incident's past each time. So a late page of changes, a pause that was seen an hour after it
began, or an outage of our own cannot make it wrong; and a priority raised after three hours counts from the opening.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from syncline.escalation.book import Book, Clock, Start
from syncline.escalation.calendars import after, elapsed, is_open, next_opening
from syncline.escalation.case import Case, Facts, Stretch
from syncline.escalation.conditions import Condition
from syncline.escalation.roster import Calendar

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
        worth: How much time counts in each piece; nothing for the one that lasts.
    """

    clock: Clock
    calendar: Calendar
    pieces: Sequence[Piece]
    worth: Sequence[timedelta] = field(init=False)

    def __post_init__(self) -> None:
        """Count once what is asked for again and again."""
        worth = [
            elapsed(self.calendar, p.start, p.end) if p.counts and p.end is not None else NOTHING
            for p in self.pieces
        ]
        object.__setattr__(self, "worth", worth)

    @property
    def started_at(self) -> datetime | None:
        """When it started; None: not yet."""
        return self.pieces[0].start if self.pieces else None

    def state(self, at: datetime) -> str:
        """`not started`, `runs`, `paused`, `stopped` or `pause used up` at that moment."""
        piece = next((p for p in self.pieces if p.start <= at and (p.end is None or at < p.end)), None)
        return piece.why if piece else "not started"

    def rests(self, at: datetime) -> bool:
        """Whether it stands still at that moment, or it is outside the hours of its calendar."""
        return self.state(at) == "paused" or not is_open(self.calendar, at)

    def wakes(self, at: datetime) -> datetime | None:
        """When it may count again, if all stays as it is; None: never, as things stand."""
        piece = next((p for p in self.pieces if p.start <= at and (p.end is None or at < p.end)), None)
        return piece.end if piece is not None and piece.why == "paused" else next_opening(self.calendar, at)

    def counted(self, at: datetime) -> timedelta:
        """How much time has counted until then."""
        total = NOTHING
        for piece, worth in zip(self.pieces, self.worth, strict=True):
            if piece.start >= at:
                break
            if piece.end is not None and piece.end <= at:
                total += worth
            elif piece.counts:
                total += elapsed(self.calendar, piece.start, at)
        return total

    def due(self, offset: timedelta) -> datetime | None:
        """When that much time will have counted, if all stays as it is; None: never, as things stand."""
        left = max(offset, NOTHING)
        for piece, worth in zip(self.pieces, self.worth, strict=True):
            if not piece.counts:
                continue
            # Equal: what is due just when the clock stands still was due while it ran.
            if piece.end is None or (worth and left <= worth):
                return _after(self.calendar, piece.start, left)
            left -= worth
        return None

    def offset(self, share: float) -> timedelta | None:
        """That share of the target; None: the clock has none."""
        return None if self.clock.target is None else self.clock.target * share

    @property
    def breach(self) -> datetime | None:
        """When the target is used up, if all stays as it is; None: never, or there is no target."""
        return None if self.clock.target is None else self.due(self.clock.target)


def read_clock(
    book: Book, clock: Clock, case: Case, began: datetime | None, counts_from: datetime | None = None
) -> Reading:
    """A clock, as the incident's past makes it.

    Args:
        book: For its calendar and names.
        clock: Which.
        case: The incident and its past.
        began: When the run began, for a clock that starts with it; None: there is none.
        counts_from: Before it nothing counts; None: all does.
    """
    calendar = book.calendars[clock.calendar]
    if clock.start is Start.RAISED and began is None:
        return Reading(clock, calendar, ())
    told = case.told(book, _fields(book, clock))
    start = _start(clock, case.opened_at, told, began)
    if start is not None and counts_from is not None:
        start = max(start, counts_from)
    return Reading(clock, calendar, () if start is None else _pieces(clock, calendar, told, start))


_Told = Sequence[tuple[Stretch, Facts]]
"""Stretches of an incident's life, each with its facts."""
_OF_STATUS: Final = frozenset({"resolved", "ack"})


def _fields(book: Book, clock: Clock) -> frozenset[str]:
    """The common fields by which a clock goes."""
    asked = set(clock.stop.names)
    if clock.pause is not None:
        asked |= clock.pause.names
    if isinstance(clock.start, Condition):
        asked |= clock.start.names
    if clock.restart:
        asked |= clock.when.names
    fields = {book.sources.get(name, name) for name in asked}
    if not asked.isdisjoint(_OF_STATUS):
        fields.add("status")
    if clock.start is Start.TIER_ENTERED or "tier" in asked:
        fields |= {"tier", "group"}
    return frozenset(fields)


def _start(clock: Clock, opened_at: datetime, told: _Told, began: datetime | None) -> datetime | None:
    if clock.start is Start.RAISED:
        return began
    if clock.start is Start.CREATED:
        start: datetime | None = opened_at
    elif clock.start is Start.TIER_ENTERED:
        start = _last_turn(told, lambda now, before: now["tier"] != before["tier"])
    else:
        begin: Condition = clock.start
        start = next((stretch.start for stretch, facts in told if begin.holds(facts)), None)
    if start is None or not clock.restart:
        return start
    applies = clock.when
    return max(start, _last_turn(told, lambda now, before: applies.holds(now) and not applies.holds(before)))


def _last_turn(told: _Told, turned: Callable[[Facts, Facts], bool]) -> datetime:
    at = told[0][0].start
    for (_, before), (stretch, now) in pairwise(told):
        if turned(now, before):
            at = stretch.start
    return at


def _pieces(clock: Clock, calendar: Calendar, told: _Told, start: datetime) -> list[Piece]:
    pieces: list[Piece] = []
    paused = NOTHING
    for stretch, facts in told:
        if stretch.end is not None and stretch.end <= start:
            continue
        begin, end = max(stretch.start, start), stretch.end
        if clock.stop.holds(facts):
            _add(pieces, Piece(begin, end, False, "stopped"))
        elif clock.pause is None or not clock.pause.holds(facts):
            _add(pieces, Piece(begin, end, True, "runs"))
        elif clock.max_pause is None:
            _add(pieces, Piece(begin, end, False, "paused"))
        else:
            paused += _add_pause(pieces, calendar, begin, end, clock.max_pause - paused)
    return pieces


def _add_pause(
    pieces: list[Piece], calendar: Calendar, begin: datetime, end: datetime | None, left: timedelta
) -> timedelta:
    """Add a pause of which at most so much counts as one; how much did."""
    if end is not None:
        worth = elapsed(calendar, begin, end)
        if worth < left:
            _add(pieces, Piece(begin, end, False, "paused"))
            return worth
    used_up = _after(calendar, begin, max(left, NOTHING))
    until = end if used_up is None or (end is not None and end < used_up) else used_up
    if until is None or until > begin:
        _add(pieces, Piece(begin, until, False, "paused"))
    if until is not None and (end is None or until < end):
        _add(pieces, Piece(until, end, True, "pause used up"))
    return NOTHING if until is None else elapsed(calendar, begin, until)


def _after(calendar: Calendar, start: datetime, worked: timedelta) -> datetime | None:
    """When that much open time will have passed; None: the calendar never offers so much."""
    try:
        return after(calendar, start, worked)
    except ValueError:
        return None


def _add(pieces: list[Piece], piece: Piece) -> None:
    """What goes on as before is one piece."""
    if pieces and pieces[-1].why == piece.why:
        piece = Piece(pieces.pop().start, piece.end, piece.counts, piece.why)
    pieces.append(piece)
