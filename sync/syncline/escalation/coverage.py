"""What a rota is worth over a stretch of time: holes, load, and turns that go wrong; exact, as data for a linter.

Everything comes from one sweep of a schedule, which is kept, so that a linter may ask all its questions about the same
stretch without paying for each.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import combinations

from syncline.escalation.book import Book
from syncline.escalation.duty import Duty, LayerTurns, Turn, duties
from syncline.escalation.kept import ByIdentity
from syncline.escalation.local_time import Change, changes, instant, utc
from syncline.escalation.roster import NOWHERE, Place, Span
from syncline.escalation.rota import Piece, laid

_ZERO = timedelta()
_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)
_MOST_SWEEPS = 128


@dataclass(frozen=True, slots=True)
class Missed:
    """Nobody is on call because the people on turn are away and nobody stands in.

    Attributes:
        schedule: That nobody serves.
        span: When.
        people: Who is on turn and away, in the order in which they were tried: the schedule's own, then backfills'.
    """

    schedule: str
    span: Span
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Doubled:
    """Somebody is on call for several schedules at once.

    Attributes:
        person: Who.
        span: When.
        schedules: For which, in the order asked.
        backfill: They stand on one schedule only, which serves the others as backfill.
    """

    person: str
    span: Span
    schedules: tuple[str, ...]
    backfill: bool


@dataclass(frozen=True, slots=True)
class OddHandoff:
    """A handoff at a local time that a change of the clock skips or repeats.

    Attributes:
        schedule: Whose.
        layer: Index of the layer.
        local: Its local time, without a zone.
        at: When it happens: the first instant after a skipped hour, the first of two.
        forward: The time is skipped; else it comes twice.
        hours: An end of the layer's hours (`only`), not a change of turns.
        people: Who is on turn before and after.
        place: Where the layer stands.
    """

    schedule: str
    layer: int
    local: datetime
    at: datetime
    forward: bool
    hours: bool
    people: tuple[str, str]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Idle:
    """A layer whose people could serve, and that never does, because something always goes before it.

    Attributes:
        schedule: Whose.
        layer: Index of the layer.
        by: Indices of the later layers that serve in its hours instead.
        overridden: Overrides serve in its hours, too.
        hours: For how long its people could have served.
        place: Where the layer stands.
    """

    schedule: str
    layer: int
    by: tuple[int, ...]
    overridden: bool
    hours: timedelta
    place: Place = NOWHERE


def gaps(book: Book, schedule_id: str, span: Span) -> list[Span]:
    """When nobody is on call: stretches as long as can be, in UTC."""
    return [Span(start, end) for start, end, person in _people(book, schedule_id, span) if person is None]


def load(book: Book, schedule_id: str, span: Span) -> Mapping[str, timedelta]:
    """How long each person is on call; people of backfills, too. Who never is, is not in it."""
    found: dict[str, timedelta] = {}
    for start, end, person in _people(book, schedule_id, span):
        if person is not None:
            found[person] = found.get(person, _ZERO) + (end - start)
    return found


def alone(book: Book, schedule_id: str, span: Span) -> str | None:
    """The only person who ever serves in `span`; None: there are others, or nobody at all."""
    people = load(book, schedule_id, span)
    return next(iter(people)) if len(people) == 1 else None


def longest(book: Book, schedule_id: str, span: Span) -> Mapping[str, Span]:
    """Each person's longest time on call without a break."""
    found: dict[str, Span] = {}
    for start, end, person in _people(book, schedule_id, span):
        if person is not None and (
            person not in found or end - start > found[person].end - found[person].start
        ):
            found[person] = Span(start, end)
    return found


def balance(load: Mapping[str, timedelta]) -> float:
    """How evenly it is shared: over all pairs of people, the mean of the smaller over the larger; 1.0 is even."""
    shares = [
        min(one, other) / max(one, other) for one, other in combinations(load.values(), 2) if one or other
    ]
    return sum(shares) / len(shares) if shares else 1.0


def missed(book: Book, schedule_id: str, span: Span) -> list[Missed]:
    """When nobody serves because people are away: turns without cover. A hole in the rota itself is not among them."""
    found: list[Missed] = []
    for piece in _sweep(book, schedule_id, span):
        people = tuple(dict.fromkeys(absent for _, absent in piece.passed if absent is not None))
        if piece.person is not None or not people:
            continue
        last = found[-1] if found else None
        if last is not None and last.span.end == piece.start and last.people == people:
            found[-1] = Missed(schedule_id, Span(last.span.start, piece.end), people)
        else:
            found.append(Missed(schedule_id, Span(piece.start, piece.end), people))
    return found


def doubled(book: Book, span: Span, schedules: Iterable[str] | None = None) -> list[Doubled]:
    """When people are on call for several of the schedules (None: of all) at once; by person, then in order of time."""
    asked = list(book.schedules if schedules is None else dict.fromkeys(schedules))
    cuts: dict[str, list[tuple[datetime, bool, int, str]]] = {}
    for index, schedule_id in enumerate(asked):
        for piece in _sweep(book, schedule_id, span):
            if piece.person is not None:
                cuts.setdefault(piece.person, []).extend(
                    ((piece.start, True, index, piece.schedule), (piece.end, False, index, piece.schedule))
                )
    found: list[Doubled] = []
    for person in sorted(cuts):
        # At one instant, what ends goes before what begins.
        found += _together(person, sorted(cuts[person]), asked)
    return found


def odd_handoffs(book: Book, schedule_id: str, span: Span) -> list[OddHandoff]:
    """Handoffs and ends of hours that fall on a local time that does not exist or exists twice."""
    duty = duties(book).schedule(schedule_id)
    if duty is None:
        return []
    found: list[OddHandoff] = []
    for change in changes(duty.tz, span):
        for index, layer in enumerate(duty.layers):
            found += _odd(duty, index, layer, change)
    return [odd for odd in found if utc(span.start) <= odd.at < utc(span.end)]


def idle(book: Book, schedule_id: str, span: Span) -> list[Idle]:
    """Layers that have turns in `span`, with people who are there, and never serve."""
    duty = duties(book).schedule(schedule_id)
    if duty is None:
        return []
    own = [piece for piece in _sweep(book, schedule_id, span) if piece.schedule == schedule_id]
    serving = {piece.source for piece in own if piece.person is not None}
    found: list[Idle] = []
    for index, layer in enumerate(duty.layers):
        if index in serving:
            continue
        turns = [turn for turn in duty.present(layer.turns(utc(span.start), utc(span.end))) if not turn.away]
        if not turns:
            continue
        before = _sources_over(turns, own)
        found.append(
            Idle(
                schedule_id,
                index,
                tuple(sorted(source for source in before if source > index)),
                -1 in before,
                sum((turn.end - turn.start for turn in turns), _ZERO),
                layer.layer.place,
            )
        )
    return found


_sweep = ByIdentity(laid, _MOST_SWEEPS)


def _people(book: Book, schedule_id: str, span: Span) -> list[tuple[datetime, datetime, str | None]]:
    """Who serves when, whatever the reason; stretches as long as can be."""
    found: list[tuple[datetime, datetime, str | None]] = []
    for piece in _sweep(book, schedule_id, span):
        if found and found[-1][2] == piece.person:
            found[-1] = found[-1][0], piece.end, piece.person
        else:
            found.append((piece.start, piece.end, piece.person))
    return found


def _together(
    person: str, cuts: Sequence[tuple[datetime, bool, int, str]], asked: Sequence[str]
) -> list[Doubled]:
    """The stretches in which one person serves several schedules."""
    found: list[Doubled] = []
    standing: dict[int, str] = {}
    at: datetime | None = None
    for moment, begins, index, stands_on in cuts:
        if at is not None and at < moment and len(standing) > 1:
            schedules = tuple(asked[number] for number in sorted(standing))
            backfill = len(set(standing.values())) == 1
            last = found[-1] if found else None
            if last and last.span.end == at and (last.schedules, last.backfill) == (schedules, backfill):
                found[-1] = Doubled(person, Span(last.span.start, moment), schedules, backfill)
            else:
                found.append(Doubled(person, Span(at, moment), schedules, backfill))
        at = moment
        if begins:
            standing[index] = stands_on
        else:
            standing.pop(index, None)
    return found


def _odd(duty: Duty, index: int, layer: LayerTurns, change: Change) -> list[OddHandoff]:
    """What of one layer falls into one change of the clock."""
    if not layer.layer.rotate:
        return []
    found: list[OddHandoff] = []
    for local in layer.positions(change.start - _MOMENT, change.end - _MOMENT):
        people = layer.person(local - _MOMENT), layer.person(local)
        serves = layer.on_turn(local) is not None or layer.on_turn(local - _MOMENT) is not None
        if local > layer.begin and serves and people[0] != people[1]:
            found.append(_odd_handoff(duty, index, layer, change, local, False, people))
    for local in _edges(layer, change):
        before, after = layer.on_turn(local - _MOMENT), layer.on_turn(local)
        # Hours that end where others of the same layer begin end nothing.
        if (before is None) != (after is None):
            people = layer.person(max(local - _MOMENT, layer.begin)), layer.person(local)
            found.append(_odd_handoff(duty, index, layer, change, local, True, people))
    return found


def _odd_handoff(
    duty: Duty,
    index: int,
    layer: LayerTurns,
    change: Change,
    local: datetime,
    of_hours: bool,  # noqa: FBT001
    people: tuple[str, str],
) -> OddHandoff:
    at = instant(duty.tz, local)
    return OddHandoff(duty.id, index, local, at, change.forward, of_hours, people, layer.layer.place)


def _edges(layer: LayerTurns, change: Change) -> list[datetime]:
    """Where the layer's hours begin or end within the local times that a change skips or repeats."""
    found: set[datetime] = set()
    for window in layer.layer.only:
        day = change.start.date() - _DAY
        while day <= change.end.date():
            if day.weekday() == window.weekday:
                end_day = day if window.end != time() else day + _DAY
                found |= {datetime.combine(day, window.start), datetime.combine(end_day, window.end)}
            day += _DAY
    return sorted(edge for edge in found if change.start <= edge < change.end and edge >= layer.begin)


def _sources_over(turns: Sequence[Turn], pieces: Sequence[Piece]) -> set[int]:
    """Which sources serve while those turns would."""
    found: set[int] = set()
    index = 0
    for turn in turns:
        while index < len(pieces) and pieces[index].end <= turn.start:
            index += 1
        ahead = index
        while ahead < len(pieces) and pieces[ahead].start < turn.end:
            if pieces[ahead].person is not None:
                found.add(pieces[ahead].source)
            ahead += 1
    return found
