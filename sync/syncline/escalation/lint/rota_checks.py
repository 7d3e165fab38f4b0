"""Rotas: one person alone, layers that fight, odd handoffs, balance, rest, and steps that page the same person."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from syncline.escalation.book import Policy
from syncline.escalation.coverage import alone, balance, doubled, idle, load, longest, odd_handoffs
from syncline.escalation.duty import duties
from syncline.escalation.lint.sheet import PERSON, Sheet, hour, listed, long
from syncline.escalation.lint.spans import both, either, total, without
from syncline.escalation.lint.whom import MANAGER, Paging, members, pagings, parties, tiers_at
from syncline.escalation.roster import Layer, Schedule, Span, Window
from syncline.escalation.rota import shifts

UNEVEN: Final = 0.5
"""Below this balance people of one rotation are on call for very different times."""
TIRING: Final = timedelta(days=15)
"""Longer without a break is too long, unless a turn is meant to last so long ..."""
LONGEST_TURN: Final = timedelta(weeks=3)
"""... which is too long in any case."""
_MIDNIGHT_MINUTE: Final = 24 * 60


def check_rotas(sheet: Sheet) -> None:
    """All checks of schedules, and of who is paged by steps that follow one another."""
    needed = _needed(sheet)
    for schedule in sheet.book.schedules.values():
        _itself(sheet, schedule)
        _stand_ins(sheet, schedule)
        _claims(sheet, schedule)
        _layers(sheet, schedule)
        _handoffs(sheet, schedule)
        if schedule.id in needed:
            _shared(sheet, schedule)
    _alone(sheet)
    named = _Named(sheet)
    for policy in sheet.book.policies:
        named.check(policy)
    same = _Same(sheet)
    for policy in sheet.book.policies:
        same.check(policy)


def _needed(sheet: Sheet) -> set[str]:
    return {who for tier in sheet.book.tiers.values() for who in tier.who} or set(sheet.book.schedules)


def _alone(sheet: Sheet) -> None:
    told: set[tuple[str, ...]] = set()
    units = [(f"tier {tier.id}", tier.who, tier.place) for tier in sheet.book.tiers.values()]
    if not units:
        units = [(f"schedule {one.id}", (one.id,), one.place) for one in sheet.book.schedules.values()]
    for name, who, place in units:
        if who in told:
            continue
        told.add(who)
        people: set[str] = set()
        for party in who:
            single = alone(sheet.book, party, sheet.span) if party in sheet.book.schedules else None
            people.update([single] if single else members(sheet.book, party))
        if len(people) == 1:
            schedule = sheet.book.schedules.get(who[0])
            sheet.add(
                "W11",
                schedule.place if schedule and len(who) == 1 else place,
                f"{listed(people)} alone is on call for {name}, all the time",
                "add somebody to the rotation, or a backfill",
                {
                    "person": next(iter(people)),
                    "from": hour(
                        sheet.span.start, schedule.tz if schedule else sheet.book.people[min(people)].tz
                    ),
                },
            )


def _itself(sheet: Sheet, schedule: Schedule) -> None:
    if schedule.backfill == schedule.id:
        sheet.add(
            "E40",
            schedule.place,
            f"schedule {schedule.id} is its own backfill, which fills no hole",
            "name another schedule, or leave backfill out",
            {"schedule": schedule.id},
        )


def _stand_ins(sheet: Sheet, schedule: Schedule) -> None:
    for override in schedule.overrides:
        absences = [Span(*absence) for absence in duties(sheet.book).absent(override.who)]
        ahead = Span(max(override.span.start, sheet.span.start), override.span.end)
        away = both([ahead], absences) if ahead.start < ahead.end else []
        if away:
            sheet.add(
                "E41",
                override.place,
                f"{override.who} stands in on schedule {schedule.id} and is away for {long(total(away))} of it, from"
                f" {hour(away[0].start, schedule.tz)}",
                "let somebody else stand in, or correct the absence",
                {
                    "person": override.who,
                    "from": hour(away[0].start, schedule.tz),
                    "until": hour(away[0].end, schedule.tz),
                },
            )


def _claims(sheet: Sheet, schedule: Schedule) -> None:
    """Overrides of one schedule that overlap."""
    ahead = [one for one in schedule.overrides if one.span.end > sheet.span.start]
    ahead.sort(key=lambda one: one.span.start)
    for before, after in pairwise(ahead):
        shared = both([before.span], [after.span])
        if shared and before.who != after.who:
            winner = max(before, after, key=schedule.overrides.index)
            sheet.add(
                "W41",
                winner.place,
                f"{before.who} and {after.who} both stand in on schedule {schedule.id} from"
                f" {hour(shared[0].start, schedule.tz)}; {winner.who} goes before, because that override stands last",
                "let the one override begin where the other ends",
                {
                    "people": [before.who, after.who],
                    "from": hour(shared[0].start, schedule.tz),
                    "until": hour(shared[0].end, schedule.tz),
                },
            )


# -- layers ----------------------------------------------------------------------------------------


def _layers(sheet: Sheet, schedule: Schedule) -> None:
    silent = idle(sheet.book, schedule.id, sheet.span)
    for one in silent:
        people = schedule.layers[one.layer].rotate
        by = [f"layer {number + 1}" for number in one.by] + (["overrides"] if one.overridden else [])
        sheet.add(
            "W41",
            one.place,
            f"layer {one.layer + 1} of schedule {schedule.id} ({listed(people)}) never serves: {listed(by)} always"
            " goes before it",
            "delete the layer, or put the one with fewer hours last: a later layer goes before an earlier one",
            {"person": people[0], "hours": round(one.hours / timedelta(hours=1), 2)},
        )
    numbers = {one.layer for one in silent}
    for first, layer in enumerate(schedule.layers):
        for second in range(first + 1, len(schedule.layers)):
            if not {first, second} & numbers:
                _fight(sheet, schedule, first, layer, second)


def _fight(sheet: Sheet, schedule: Schedule, first: int, layer: Layer, second: int) -> None:
    """Two layers with hours of their own that overlap in part."""
    other = schedule.layers[second]
    if (
        not (layer.only and other.only)
        or not _at_once(layer, other)
        or set(layer.rotate) == set(other.rotate)
    ):
        return
    mine, theirs = _minutes(layer.only), _minutes(other.only)
    shared = _common(mine, theirs)
    if not shared or shared in (mine, theirs):
        return
    at = _next_minute(sheet, schedule, shared[0][0])
    sheet.add(
        "W41",
        other.place,
        f"layers {first + 1} and {second + 1} of schedule {schedule.id} both claim some hours, such as {hour(at, schedule.tz)};"
        f" layer {second + 1} goes before",
        "let the hours of the one begin where those of the other end",
        {"from": hour(at, schedule.tz), "people": [layer.rotate[0], other.rotate[0]]},
    )


def _at_once(layer: Layer, other: Layer) -> bool:
    ends = [one for one in (layer.until, other.until) if one is not None]
    return not ends or max(layer.start, other.start) < min(ends)


def _minutes(windows: Sequence[Window]) -> list[tuple[int, int]]:
    """Hours of the week as minutes from Monday, joined."""
    found: list[tuple[int, int]] = []
    for window in sorted(windows, key=lambda window: (window.weekday, window.start)):
        start = window.weekday * _MIDNIGHT_MINUTE + window.start.hour * 60 + window.start.minute
        length = (window.end.hour * 60 + window.end.minute) or _MIDNIGHT_MINUTE
        end = window.weekday * _MIDNIGHT_MINUTE + length
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _common(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    found = [(max(a, c), min(b, d)) for a, b in one for c, d in other]
    return sorted(pair for pair in found if pair[0] < pair[1])


def _next_minute(sheet: Sheet, schedule: Schedule, minute: int) -> datetime:
    local = sheet.span.start.astimezone(schedule.tz)
    day = local.date() + timedelta(days=(minute // _MIDNIGHT_MINUTE - local.weekday()) % 7 or 7)
    return local.replace(
        year=day.year,
        month=day.month,
        day=day.day,
        hour=minute % _MIDNIGHT_MINUTE // 60,
        minute=minute % 60,
        second=0,
        microsecond=0,
    )


def _handoffs(sheet: Sheet, schedule: Schedule) -> None:
    odd = odd_handoffs(sheet.book, schedule.id, sheet.span)
    for index in sorted({one.layer for one in odd}):
        first = next(one for one in odd if one.layer == index)
        what = "the hours of a layer" if first.hours else "turns"
        happens = "does not exist then" if first.forward else "comes twice then"
        sheet.add(
            "W43",
            first.place,
            f"{what} of schedule {schedule.id} change at {first.local:%H:%M} on {first.local:%Y-%m-%d}, which {happens};"
            f" it counts as {hour(first.at, schedule.tz)}",
            "change over at another hour: clocks are changed between 00:00 and 04:00",
            {
                "local": f"{first.local:%Y-%m-%d %H:%M} {schedule.tz.key}",
                "at": hour(first.at, schedule.tz),
                "people": list(first.people),
            },
        )


# -- load ------------------------------------------------------------------------------------------


def _shared(sheet: Sheet, schedule: Schedule) -> None:
    hours = load(sheet.book, schedule.id, sheet.span)
    for number, layer in enumerate(schedule.layers, 1):
        own = {person: hours.get(person, timedelta()) for person in dict.fromkeys(layer.rotate)}
        own = {person: time for person, time in own.items() if time}
        if len(own) > 1 and balance(own) < UNEVEN:
            most, least = max(own, key=lambda one: own[one]), min(own, key=lambda one: own[one])
            sheet.add(
                "W44",
                layer.place,
                f"people of layer {number} of schedule {schedule.id} are on call for very different times: {most} for"
                f" {long(own[most])}, {least} for {long(own[least])} of the year",
                "let overrides and turns even it out",
                {"hours": {person: round(time / timedelta(hours=1)) for person, time in own.items()}},
            )
    if len(hours) < 2:
        return  # one person alone is told of already
    turn = max((layer.every for layer in schedule.layers), default=timedelta())
    spans = longest(sheet.book, schedule.id, sheet.span)
    person = max(spans, key=lambda one: spans[one].end - spans[one].start)
    span = spans[person]
    if span.end - span.start > max(TIRING, min(turn, LONGEST_TURN)):
        sheet.add(
            "W45",
            schedule.place,
            f"{person} is on call on schedule {schedule.id} for {long(span.end - span.start)} without a break, from"
            f" {hour(span.start, schedule.tz)}",
            "let somebody stand in for a part of it",
            {"person": person, "from": hour(span.start, schedule.tz), "until": hour(span.end, schedule.tz)},
        )


# -- people who are named --------------------------------------------------------------------------


class _Named:
    """People whom policies page by name, and who are away."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._told: set[str] = set()

    def check(self, policy: Policy) -> None:
        """W46."""
        book = self._sheet.book
        for paging in pagings(policy):
            for who in paging.targets:
                person = book.people.get(who.removeprefix(PERSON)) if who.startswith(PERSON) else None
                if person is None or person.id in self._told:
                    continue
                absences = [Span(*absence) for absence in duties(book).absent(person.id)]
                away = both([self._sheet.span], absences)
                if away:
                    self._told.add(person.id)
                    self._sheet.add(
                        "W46",
                        paging.place,
                        f"{paging.what} of policy {policy.id} pages {person.name}, who is away from"
                        f" {hour(away[0].start, person.tz)} until {hour(away[0].end, person.tz)}",
                        "page a schedule or tier in which somebody stands in",
                        {
                            "person": person.id,
                            "from": hour(away[0].start, person.tz),
                            "until": hour(away[0].end, person.tz),
                        },
                    )


# -- the same person twice -------------------------------------------------------------------------


class _Same:
    """Steps that page only those whom the step before has paged."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._spans: dict[tuple[str, ...], dict[str, list[Span]]] = {}
        self._told: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()

    def check(self, policy: Policy) -> None:
        """W40 for every two steps that follow one another."""
        steps = [paging for paging in pagings(policy) if 0 <= paging.step < len(policy.steps)]
        for row in tiers_at(self._sheet, policy):
            for before, after in pairwise(steps):
                if MANAGER in before.targets or MANAGER in after.targets:
                    continue
                one = parties(self._sheet.book, before.targets, row[before.step])
                other = parties(self._sheet.book, after.targets, row[after.step])
                if not other or set(one) & set(other) or (one, other) in self._told:
                    continue
                self._told.add((one, other))
                self._compare(policy, before.what, after, one, other)

    def _compare(
        self, policy: Policy, before: str, after: Paging, one: tuple[str, ...], other: tuple[str, ...]
    ) -> None:
        found = self._shared(one, other)
        if not found:
            return
        span, person = found[0]
        zone = self._sheet.book.people[person].tz
        length = total(either(span for span, _ in found))
        self._sheet.add(
            "W40",
            after.place,
            f"{after.what} of policy {policy.id} pages nobody but {person}, whom {before} has paged already, for"
            f" {long(length)} of the time, first at {hour(span.start, zone)}",
            "let another schedule fill in, or let the rotas not meet",
            {
                "person": person,
                "from": hour(span.start, zone),
                "until": hour(span.end, zone),
                "hours": round(length / timedelta(hours=1), 2),
            },
        )

    def _shared(self, one: tuple[str, ...], other: tuple[str, ...]) -> list[tuple[Span, str]]:
        """When nobody serves the other who does not serve the one, and one person who does."""
        book = self._sheet.book
        if len(one) == len(other) == 1 and {*one, *other} <= set(book.schedules):
            both_of = doubled(book, self._sheet.span, (*one, *other))
            return sorted(
                ((double.span, double.person) for double in both_of), key=lambda pair: pair[0].start
            )
        first, second = self._people(one), self._people(other)
        found: list[tuple[Span, str]] = []
        for person in sorted(set(first) & set(second)):
            shared = both(first[person], second[person])
            others = either(
                span
                for name, spans in second.items()
                if name != person
                for span in without(spans, first.get(name, []))
            )
            found += [(span, person) for span in without(shared, others)]
        return sorted(found, key=lambda pair: pair[0].start)

    def _people(self, who: tuple[str, ...]) -> dict[str, list[Span]]:
        """When each person serves."""
        if who not in self._spans:
            found: dict[str, list[Span]] = {}
            for person, span in self._serving(who):
                found.setdefault(person, []).append(span)
            self._spans[who] = {person: either(spans) for person, spans in found.items()}
        return self._spans[who]

    def _serving(self, who: tuple[str, ...]) -> Iterator[tuple[str, Span]]:
        book, span = self._sheet.book, self._sheet.span
        for name in who:
            if name in book.schedules:
                for shift in shifts(book, name, span):
                    if shift.on_call is not None:
                        yield shift.on_call.person, shift.span
            else:
                person = name.removeprefix(PERSON)
                absences = [Span(*absence) for absence in duties(book).absent(person)]
                for free in without([span], absences):
                    yield person, free
