"""Whether somebody is on call whenever a policy may page: exact holes over the stretch that is looked at."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from syncline.escalation.book import Policy
from syncline.escalation.calendars import openings
from syncline.escalation.coverage import gaps, missed
from syncline.escalation.duty import duties
from syncline.escalation.lint.sheet import PERSON, Sheet, hour, listed, long
from syncline.escalation.lint.spans import Spans, both, either, total, without
from syncline.escalation.lint.whom import NEXT, above, pagings, parties, tiers_at
from syncline.escalation.roster import Layer, Place, Schedule, Span

_WEEK: Final = timedelta(weeks=1)
_DAY: Final = timedelta(days=1)
_MARGIN: Final = timedelta(days=8)
"""So much more is swept on both sides, to see holes of every week as a whole."""
_OFTEN: Final = 0.75
"""A hole in at least so many of all weeks is one that comes every week; those of summer time come in two thirds."""
_LONG: Final = timedelta(hours=6)
"""A weekly hole of that length is closing time, and not a slip between two shifts."""
_MOST_SHOWN: Final = 10


@dataclass(slots=True)
class _Unit:
    """Somebody whom policies page as one: a tier, or a schedule where there are no tiers.

    Attributes:
        name: For messages.
        who: Schedules and `person:<id>`.
        place: Where it stands.
        policies: That page it.
        odd: Holes that are no closing time.
        closing: Holes of every week.
    """

    name: str
    who: tuple[str, ...]
    place: Place
    policies: list[Policy] = field(default_factory=list)
    odd: list[Span] = field(default_factory=list)
    closing: list[Span] = field(default_factory=list)


class Cover:
    """The holes of one book.

    Args:
        sheet: Takes the findings.
        from_today: The stretch begins with a day, of which it is not known how much is over.
    """

    def __init__(self, sheet: Sheet, *, from_today: bool) -> None:
        self._sheet = sheet
        self._book = sheet.book
        self._from_today = from_today
        self._wide = Span(sheet.span.start - _MARGIN, sheet.span.end + _MARGIN)
        self._holes: dict[tuple[str, ...], list[Span]] = {}
        self._open: dict[str, list[Span]] = {}

    def check(self) -> None:
        """E10 and W10."""
        for unit in self._units():
            self._classify(unit)
            self._odd(unit)
            self._closing(unit)
        for policy in self._book.policies:
            self._nobody_at_all(policy)

    # -- whom ---------------------------------------------------------------------------------------

    def _units(self) -> list[_Unit]:
        book = self._book
        found = {
            tier.id: _Unit(f"tier {tier.id}", tier.who, self._place(tier.who, tier.place))
            for tier in book.tiers.values()
        }
        if not book.tiers:
            return [_Unit(f"schedule {one.id}", (one.id,), one.place) for one in book.schedules.values()]
        for policy in book.policies:
            for tier in self._tiers(policy):
                found[tier].policies.append(policy)
        return [unit for unit in found.values() if unit.policies or not book.policies]

    def _place(self, who: Sequence[str], other: Place) -> Place:
        schedule = self._book.schedules.get(who[0]) if len(who) == 1 else None
        return schedule.place if schedule else other

    def _tiers(self, policy: Policy) -> list[str]:
        """Tiers that the policy may page."""
        book = self._book
        rows = list(tiers_at(self._sheet, policy))
        found: dict[str, None] = {}
        for paging in pagings(policy):
            for target in paging.targets:
                names = [above(book, row[paging.step]) for row in rows] if target == NEXT else [target]
                found.update((name, None) for name in names if name is not None and name in book.tiers)
        return list(found)

    def _schedules(self, who: Iterable[str]) -> list[Schedule]:
        """Those and their backfills."""
        found: dict[str, Schedule] = {}
        for name in who:
            at: str | None = name
            while at is not None and at in self._book.schedules and at not in found:
                found[at] = self._book.schedules[at]
                at = found[at].backfill
        return list(found.values())

    def _zone(self, who: Sequence[str]) -> ZoneInfo:
        for name in who:
            if name in self._book.schedules:
                return self._book.schedules[name].tz
            person = self._book.people.get(name.removeprefix(PERSON))
            if person is not None:
                return person.tz
        return ZoneInfo("UTC")

    # -- when ---------------------------------------------------------------------------------------

    def _gaps(self, who: Sequence[str]) -> list[Span]:
        """When nobody of them is there, over the wide stretch."""
        key = tuple(who)
        if key not in self._holes:
            found: list[Span] = [self._wide]
            for name in who:
                found = both(found, self._party_gaps(name))
            self._holes[key] = found
        return self._holes[key]

    def _party_gaps(self, name: str) -> list[Span]:
        if name in self._book.schedules:
            span, wide = self._sheet.span, self._wide
            parts = (Span(wide.start, span.start), span, Span(span.end, wide.end))
            return either(gap for part in parts for gap in gaps(self._book, name, part))
        person = name.removeprefix(PERSON)
        if person not in self._book.people:
            return [self._wide]
        return [Span(start, end) for start, end in duties(self._book).absent(person)]

    def _needed(self, policies: Iterable[Policy]) -> list[Span]:
        """When steps of those policies may fire."""
        calendars = {self._book.clocks[policy.clock].calendar for policy in policies}
        return either(span for calendar in sorted(calendars) for span in self._openings(calendar))

    def _openings(self, calendar: str) -> list[Span]:
        if calendar not in self._open:
            self._open[calendar] = list(openings(self._book.calendars[calendar], self._sheet.span))
        return self._open[calendar]

    def _classify(self, unit: _Unit) -> None:
        """Tell holes of every week from others."""
        zone = self._zone(unit.who)
        schedules = self._schedules(unit.who)
        found = self._gaps(unit.who)
        keys = [_weekly(gap, zone) for gap in found]
        weeks = (self._wide.end - self._wide.start) / _WEEK
        often = {key for key, count in Counter(keys).items() if count >= _OFTEN * weeks}
        needed = self._needed(unit.policies) if unit.policies else [self._sheet.span]
        weekly = [gap for gap, key in zip(found, keys, strict=True) if key in often]
        closing = [gap for gap in weekly if gap.end - gap.start >= _LONG]
        if closing:
            closing = [gap for gap in weekly if gap.end - gap.start >= _LONG or _break(gap, schedules)]
        unit.closing = both(both(closing, [self._sheet.span]), needed)
        unit.odd = both(both(without(found, closing), [self._sheet.span]), needed)

    # -- findings -----------------------------------------------------------------------------------

    def _odd(self, unit: _Unit) -> None:
        if not unit.odd:
            return
        first, zone = unit.odd[0], self._zone(unit.who)
        start = self._sheet.span.start
        today = self._from_today and len(unit.odd) == 1 and first.start == start and first.end <= start + _DAY
        meant = bool(unit.policies) and all(policy.nobody != NEXT for policy in unit.policies)
        why = self._why(unit, first)
        many = len(unit.odd) > 1
        count = f"{len(unit.odd)} stretches, {_hours(unit.odd)} together" if many else long(total(unit.odd))
        self._sheet.add(
            "W10" if today or meant else "E10",
            unit.place,
            f"nobody of {unit.name} is on call for {count}; {'the first ' if many else ''}from"
            f" {hour(first.start, zone)} until {hour(first.end, zone)}{why}"
            + (f"; policy {unit.policies[0].id} says nobody: {unit.policies[0].nobody}" if meant else ""),
            "add an override, a backfill, or hours to the schedule that cover it",
            self._witness(unit.odd, zone),
        )

    def _witness(self, spans: Spans, zone: ZoneInfo) -> dict[str, object]:
        shown = [[hour(gap.start, zone), hour(gap.end, zone)] for gap in spans[:_MOST_SHOWN]]
        return {
            "from": shown[0][0],
            "until": shown[0][1],
            "stretches": len(spans),
            "hours": round(total(spans) / timedelta(hours=1), 2),
            "first stretches": shown,
        }

    def _why(self, unit: _Unit, gap: Span) -> str:
        for name in unit.who:
            if name not in self._book.schedules:
                continue
            for one in missed(self._book, name, self._sheet.span):
                if one.span.start < gap.end and gap.start < one.span.end:
                    return f": {listed(one.people)} {'are' if len(one.people) > 1 else 'is'} away, and nobody stands in"
        people = [name.removeprefix(PERSON) for name in unit.who if name.startswith(PERSON)]
        if people and len(people) == len(unit.who):
            return f": {listed(people)} {'are' if len(people) > 1 else 'is'} away"
        layers = [layer for schedule in self._schedules(unit.who) for layer in schedule.layers]
        day = gap.end.astimezone(self._zone(unit.who)).date()
        if layers and all(layer.start >= day for layer in layers):
            return ": no turn has begun by then"
        if layers and all(layer.until is not None and layer.until <= day for layer in layers):
            return ": every layer is over"
        zones = {schedule.tz.key for schedule in self._schedules(unit.who)}
        return f": the hours of {listed(sorted(zones))} do not meet then" if len(zones) > 1 else ""

    def _closing(self, unit: _Unit) -> None:
        for policy in unit.policies:
            if policy.nobody != NEXT:
                continue
            left = both(unit.closing, self._openings(self._book.clocks[policy.clock].calendar))
            left = both(left, self._unserved(policy, unit))
            if not left:
                continue
            zone = self._zone(unit.who)
            first = left[0]
            self._sheet.add(
                "W10",
                unit.place,
                f"nobody of {unit.name} is on call out of hours, such as from {hour(first.start, zone)} until"
                f" {hour(first.end, zone)}; policy {policy.id} then goes on to whom it pages next",
                "leave it so if that is meant; else give the policy a clock on business hours, or the schedule a"
                " backfill",
                self._witness(left, zone),
            )
            return

    def _unserved(self, policy: Policy, unit: _Unit) -> list[Span]:
        """When some step that pages the unit finds nobody, of those that it pages beside it either."""
        found: list[Span] = []
        for row in tiers_at(self._sheet, policy):
            for paging in pagings(policy):
                who = parties(self._book, paging.targets, row[paging.step])
                if set(unit.who) <= set(who):
                    found += self._gaps(who)
        return either(found)

    def _nobody_at_all(self, policy: Policy) -> None:
        """Times at which no step and not the end of a policy finds anybody."""
        book = self._book
        if policy.nobody != NEXT or any("manager" in paging.targets for paging in pagings(policy)):
            return
        for row in tiers_at(self._sheet, policy):
            reached = [
                parties(book, paging.targets, row[paging.step])
                for paging in pagings(policy)
                if paging.step >= 0
            ]
            if not reached:
                return
            left = both([self._sheet.span], self._openings(book.clocks[policy.clock].calendar))
            for who in reached:
                left = both(left, self._gaps(who)) if who else left
            told = [unit_gap for who in reached if who for unit_gap in self._told(who)]
            left = without(left, either(told))
            everybody = tuple(dict.fromkeys(name for who in reached for name in who))
            if left and everybody:
                zone = self._zone(everybody)
                first = left[0]
                self._sheet.add(
                    "E10",
                    policy.place,
                    f"policy {policy.id} reaches nobody at all for {long(total(left))}, such as from"
                    f" {hour(first.start, zone)} until {hour(first.end, zone)}: none of"
                    f" {listed(name.removeprefix(PERSON) for name in everybody)} is on call then",
                    "let one of its steps, or its end, page somebody who is always on call, or write nobody: wait",
                    self._witness(left, zone),
                )
                return

    def _told(self, who: tuple[str, ...]) -> list[Span]:
        """Holes of a tier that are told of already: all that are no closing time."""
        unit = _Unit("", who, Place())
        self._classify(unit)
        return unit.odd


def _hours(spans: Spans) -> str:
    return f"{total(spans) / timedelta(hours=1):g}h"


def _weekly(gap: Span, zone: ZoneInfo) -> tuple[object, ...]:
    start, end = gap.start.astimezone(zone), gap.end.astimezone(zone)
    return start.weekday(), start.time(), end.weekday(), end.time(), (end.date() - start.date()).days


def _break(gap: Span, schedules: Sequence[Schedule]) -> bool:
    """Whether a short hole is a break of one layer, such as lunch: its author wrote both of its edges side by side."""
    return any(_edges(layer, gap, schedule.tz) for schedule in schedules for layer in schedule.layers)


def _edges(layer: Layer, gap: Span, zone: ZoneInfo) -> bool:
    start, end = gap.start.astimezone(zone), gap.end.astimezone(zone)
    ends = any(window.end == start.time() and _on(window.weekday, start) for window in layer.only)
    begins = any(window.start == end.time() and window.weekday == end.weekday() for window in layer.only)
    return ends and begins


def _on(weekday: int, end: datetime) -> bool:
    return weekday == (end.weekday() if end.hour or end.minute else (end - _DAY).weekday())
