"""Clocks: starts, pauses, stops, parts, and whether a policy runs on them."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import combinations
from typing import Final

from syncline.escalation.book import Clock, Policy, Start
from syncline.escalation.calendars import openings
from syncline.escalation.conditions import Condition
from syncline.escalation.lint.sheet import Sheet, hour
from syncline.escalation.roster import Calendar
from syncline.mapping.durations import said

CHANGING: Final = (
    "tier",
    "group",
    "assignee",
    "status",
    "ack",
    "resolved",
    "reopened",
    "hops",
    "reopens",
    "age",
    "since_ack",
    "since_update",
    "since_tier",
    "in_status",
    "labels",
)
"""Names whose facts change in an incident's life: parts of an SLA that differ in them may follow one another."""
_MOST_PARTS: Final = 12


def check_clocks(sheet: Sheet) -> None:
    """All checks of clocks."""
    for clock in sheet.book.clocks.values():
        if clock.target is not None:
            if _counts(sheet, clock):
                _pause(sheet, clock)
            _parts(sheet, clock)
            _escalated(sheet, clock)
            _part_asleep(sheet, clock)
    _circles(sheet)
    for policy in sheet.book.policies:
        _wider(sheet, policy)


# -- one clock -------------------------------------------------------------------------------------


def _counts(sheet: Sheet, clock: Clock) -> bool:
    """Whether the clock may count at all; put down if not."""
    begins = _beginning(clock)
    about = f"whether clock {clock.id} has stopped when it starts"
    if begins and sheet.never(clock.place, about, *begins, without=[clock.stop]):
        if sheet.never(clock.place, about, *begins):
            return True  # a condition that is never true is told of elsewhere
        _, incident = sheet.example(clock.place, about, *begins)
        sheet.add(
            "E30",
            clock.place,
            f"clock {clock.id} has always stopped when it starts, so that it never counts: whatever starts it also"
            f" meets its stop, `{clock.stop.text}`",
            "let it start earlier, or stop later",
            {"incident": incident},
        )
        return False
    return True


def _beginning(clock: Clock) -> list[Condition]:
    """What holds when the clock counts first."""
    found = [] if clock.when.text.strip() == "true" else [clock.when]
    return found if isinstance(clock.start, Start) else [*found, clock.start]


def _pause(sheet: Sheet, clock: Clock) -> None:
    pause = clock.pause
    if pause is None:
        return
    if clock.max_pause is None:
        sheet.add(
            "W05",
            clock.place,
            f"clock {clock.id} stands still as long as `{pause.text}` holds, for ever if nobody ends it",
            "give it a limit, such as max_pause: 2d",
            {"incident": sheet.example(clock.place, f"when clock {clock.id} pauses", pause)[1]},
        )
    about = f"whether clock {clock.id} ever pauses"
    if sheet.never(clock.place, about, pause):
        return
    when = [clock.when]
    if sheet.never(clock.place, about, pause, *when, without=[clock.stop]):
        stops = not sheet.never(clock.place, about, pause, *when)
        why = (
            f"it has stopped by then: `{clock.stop.text}`"
            if stops
            else f"the clock is for `{clock.when.text}`"
        )
        _, incident = sheet.example(clock.place, about, pause)
        sheet.add(
            "E04",
            clock.place,
            f"the pause of clock {clock.id}, `{pause.text}`, can never happen, because {why}",
            "correct pause, or leave it out",
            {"incident": incident},
        )
    elif sheet.never(clock.place, about, *when, without=[clock.stop, pause]):
        _, incident = sheet.example(clock.place, about, pause, *when, without=[clock.stop])
        sheet.add(
            "E31",
            clock.place,
            f"clock {clock.id} stands still all the time: it pauses whenever it is not stopped",
            "correct pause or stop: there must be a state in which the clock runs",
            {"incident": incident},
        )
    elif not isinstance(clock.start, Start) and sheet.never(clock.place, about, pause, clock.start):
        _, incident = sheet.example(clock.place, about, pause, *when)
        sheet.add(
            "W04",
            clock.place,
            f"the pause and the start of clock {clock.id} exclude each other; it pauses here, but an SLA of ServiceNow"
            " with the same conditions is cancelled then",
            f"let start hold during the pause, too: {clock.start.text} or {pause.text}",
            {"incident": incident},
        )


def _escalated(sheet: Sheet, clock: Clock) -> None:
    used = {policy.clock for policy in sheet.book.policies}
    # A part of an SLA is looked after if the SLA is.
    if not {clock.id, clock.part_of} & used and not _asleep(sheet, clock):
        _, incident = sheet.example(clock.place, f"`when` of clock {clock.id}", clock.when, sheet.open)
        sheet.add(
            "W24",
            clock.place,
            f"no policy runs on clock {clock.id}: nobody hears that its target of {said(clock.target or timedelta())}"
            " is in danger",
            f"write a policy with clock: {clock.id}, or delete the clock",
            {"incident": incident},
        )


# -- parts of an SLA -------------------------------------------------------------------------------


def _parts(sheet: Sheet, whole: Clock) -> None:
    parts = [
        clock for clock in sheet.book.clocks.values() if clock.part_of == whole.id and clock.id != whole.id
    ]
    chain = max(_together(sheet, whole, parts), key=_sum, default=())
    if whole.target is None or _sum(chain) <= whole.target:
        return
    same = all(part.calendar == whole.calendar for part in chain)
    sums = " + ".join(f"{said(part.target or timedelta())} ({part.id})" for part in chain)
    sheet.add(
        "E32" if same else "W32",
        whole.place,
        f"the parts of {whole.id} take {said(_sum(chain))} together, but its target is {said(whole.target)}"
        + ("" if same else "; they are counted on different calendars, so that this may or may not fit"),
        "give the parts less time, or the whole more",
        {"parts": sums},
    )


def _sum(chain: Sequence[Clock]) -> timedelta:
    return sum((clock.target or timedelta() for clock in chain), timedelta())


def _together(sheet: Sheet, whole: Clock, parts: Sequence[Clock]) -> Iterator[tuple[Clock, ...]]:
    """Parts that one incident may need one after the other: those that differ only in what changes in its life, such
    as its tier, but not those of different categories."""
    parts = sorted(parts, key=lambda part: part.target or timedelta(), reverse=True)[:_MOST_PARTS]
    apart = {
        frozenset((one.id, other.id))
        for one, other in combinations(parts, 2)
        if not _may_follow(sheet, whole, one, other)
    }

    def chains(chosen: tuple[Clock, ...], left: Sequence[Clock]) -> Iterator[tuple[Clock, ...]]:
        yield chosen
        for index, part in enumerate(left):
            if not any(frozenset((part.id, other.id)) in apart for other in chosen):
                yield from chains((*chosen, part), left[index + 1 :])

    yield from chains((), parts)


def _may_follow(sheet: Sheet, whole: Clock, one: Clock, other: Clock) -> bool:
    later, vocabulary = sheet.later(other.when, CHANGING)
    about = f"whether {one.id} and {other.id} are parts of the same {whole.id}"
    return sheet.example(whole.place, about, one.when, later, vocabulary=vocabulary)[0] is not False


def _circles(sheet: Sheet) -> None:
    told: set[str] = set()
    for clock in sheet.book.clocks.values():
        path: list[str] = []
        at: str | None = clock.id
        while at is not None and at not in path and at in sheet.book.clocks:
            path.append(at)
            at = sheet.book.clocks[at].part_of
        if at in path and clock.id == at and not told & set(path):
            told |= set(path)
            sheet.add(
                "E33",
                clock.place,
                f"clock {clock.id} is part of itself"
                + (f", by {' and '.join(path[1:])}" if path[1:] else ""),
                "let part_of name the clock of the whole, which is part of nothing",
                {"circle": " -> ".join([*path, clock.id])},
            )


# -- clocks and their policies ---------------------------------------------------------------------


def _wider(sheet: Sheet, policy: Policy) -> None:
    clock = sheet.book.clocks[policy.clock]
    about = f"whether policy {policy.id} is only for incidents of clock {clock.id}"
    wider, incident = sheet.example(policy.place, about, policy.when, sheet.open, without=[clock.when])
    if wider:
        sheet.add(
            "E23",
            policy.place,
            f"policy {policy.id} is for incidents that its clock {clock.id} is not for (`{clock.when.text}`)",
            "narrow `when` of the policy, widen that of the clock, or let the policy run on clock: opened",
            {"incident": incident},
        )


def _asleep(sheet: Sheet, sla: Clock) -> bool:
    """Whether an SLA that runs day and night has only policies that sleep; put down if so."""
    if sla.kind != "SLA" or sla.start is Start.RAISED or _hours(sheet, sla) is not None:
        return False
    for policy in sheet.book.policies:
        clock = sheet.book.clocks[policy.clock]
        if _hours(sheet, clock) is None:
            continue
        about = f"whether policy {policy.id} is about incidents of {sla.id}"
        both, incident = sheet.example(policy.place, about, policy.when, sla.when, sheet.open)
        if both:
            sheet.add(
                "W42",
                policy.place,
                f"policy {policy.id} runs on clock {clock.id}, which stands still out of hours, while the SLA {sla.id} of"
                " the same incidents runs day and night",
                f"let the policy run on clock: {sla.id}, or give {sla.id} the calendar {clock.calendar}",
                {"incident": incident, **_closed(sheet, clock)},
            )
            return True
    return False


def _part_asleep(sheet: Sheet, part: Clock) -> None:
    """A part of an SLA that stands still while the SLA runs."""
    whole = sheet.book.clocks.get(part.part_of or "")
    if whole is not None and _hours(sheet, whole) is None and _hours(sheet, part) is not None:
        sheet.add(
            "W42",
            part.place,
            f"clock {part.id} stands still out of hours, but {whole.id}, of which it is a part, runs day and night",
            f"give both the same calendar: {whole.calendar} or {part.calendar}",
            _closed(sheet, part),
        )


def _hours(sheet: Sheet, clock: Clock) -> Calendar | None:
    """The calendar of a clock; None for one that never closes."""
    calendar = sheet.book.calendars[clock.calendar]
    return calendar if calendar.open or calendar.closed else None


def _closed(sheet: Sheet, clock: Clock) -> dict[str, object]:
    """The first time at which a clock stands still out of hours."""
    calendar = sheet.book.calendars[clock.calendar]
    before = sheet.span.start
    for opening in openings(calendar, sheet.span):
        if opening.start > before:
            return {"from": hour(before, calendar.tz), "until": hour(opening.start, calendar.tz)}
        before = opening.end
    return {}
