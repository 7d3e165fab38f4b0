"""When steps are due: their order, their targets, their repetitions, and how many pages an hour brings."""

from datetime import timedelta
from itertools import pairwise
from typing import Final

from syncline.escalation.book import Policy, Step
from syncline.escalation.conditions import Condition
from syncline.escalation.lint.sheet import Sheet
from syncline.escalation.lint.whom import pagings
from syncline.mapping.durations import said

TICK: Final = timedelta(seconds=1)
"""What is due is looked for so often."""
MOST_PAGES: Final = 12
"""Pages in an hour that one person can answer: one every five minutes."""
_HOUR: Final = timedelta(hours=1)
_NONE: Final = timedelta(0)


def check_timers(sheet: Sheet) -> None:
    """All checks of when steps are due."""
    for policy in sheet.book.policies:
        offsets = [offset(sheet, policy, step) for step in policy.steps]
        _shares(sheet, policy)
        _order(sheet, policy, offsets)
        _too_late(sheet, policy, offsets)
        _repetitions(sheet, policy, offsets)
        _acknowledged(sheet, policy)
        _often(sheet, policy, offsets)


def offset(sheet: Sheet, policy: Policy, step: Step) -> timedelta | None:
    """When a step is due on the policy's clock; None: it is a share of no target."""
    if step.share is None:
        return step.at
    target = sheet.book.clocks[policy.clock].target
    return None if target is None else target * step.share


def _due(step: Step) -> str:
    return said(step.at) if step.share is None else f"{step.share * 100:g}%"


def _shares(sheet: Sheet, policy: Policy) -> None:
    if sheet.book.clocks[policy.clock].target is not None:
        return
    for number, step in enumerate(policy.steps, 1):
        if step.share is not None:
            sheet.add(
                "E14",
                step.place,
                f"step {number} of policy {policy.id} is due at {_due(step)} of a target, but clock {policy.clock} has none",
                "let the policy run on one of the clocks under slas, or write a duration such as 30m",
                {"clock": policy.clock, "at": _due(step)},
            )


def _order(sheet: Sheet, policy: Policy, offsets: list[timedelta | None]) -> None:
    steps = list(zip(policy.steps, offsets, strict=True))
    for number, ((before, one), (step, other)) in enumerate(pairwise(steps), 2):
        if one is None or other is None:
            continue
        where = {"policy": policy.id, "at": [_due(before), _due(step)]}
        if other < one:
            sheet.add(
                "E15",
                step.place,
                f"step {number} of policy {policy.id} is due at {_due(step)}, before step {number - 1} at {_due(before)}",
                "put the steps in the order of their times",
                where,
            )
        elif other == one and before.page and step.page and _both(sheet, policy, before, step):
            sheet.add(
                "W16",
                step.place,
                f"steps {number - 1} and {number} of policy {policy.id} both page at {_due(step)}",
                "page both in one step, or let the second come later",
                where,
            )
        elif _NONE < other - one < TICK:
            sheet.add(
                "W47",
                step.place,
                f"step {number} of policy {policy.id} follows step {number - 1} within less than a second",
                "let at least a minute pass between them",
                where,
            )


def _both(sheet: Sheet, policy: Policy, one: Step, other: Step) -> bool:
    """Whether both steps may fire for one incident."""
    conditions = [step.when for step in (one, other) if step.when is not None]
    about = f"whether two steps of policy {policy.id} fire together"
    return not (len(conditions) > 1 and sheet.never(other.place, about, *conditions))


def _too_late(sheet: Sheet, policy: Policy, offsets: list[timedelta | None]) -> None:
    clock = sheet.book.clocks[policy.clock]
    if clock.target is None:
        return
    for number, (step, due) in enumerate(zip(policy.steps, offsets, strict=True), 1):
        if due is None or due < clock.target:
            continue
        if step.share is None:
            sheet.add(
                "E17",
                step.place,
                f"step {number} of policy {policy.id} is due at {_due(step)}, when the target of {clock.id},"
                f" {said(clock.target)}, is used up already",
                "let it come earlier; for a message about the breach itself write 100%",
                {"clock": clock.id, "target": said(clock.target), "at": _due(step)},
            )
        else:
            sheet.add(
                "W17",
                step.place,
                f"step {number} of policy {policy.id} comes at {_due(step)} of {clock.id}, when it is too late to keep it",
                "leave it so if it is about the breach itself",
                {"clock": clock.id, "target": said(clock.target), "at": _due(step)},
            )


def _repetitions(sheet: Sheet, policy: Policy, offsets: list[timedelta | None]) -> None:
    last = len(policy.steps) - 1
    for number, (step, due) in enumerate(zip(policy.steps, offsets, strict=True)):
        if step.again is None or due is None:
            continue
        _after_ack(sheet, policy, number + 1, step)
        ends = due + step.again.every * step.again.times
        what, begins = "the end", None
        if number < last:
            follow = next((n for n in range(number + 1, last + 1) if policy.steps[n].page), None)
            if follow is not None:
                what, begins = f"step {follow + 1}", offsets[follow]
        elif policy.end is not None and policy.end.page:
            begins = due + policy.end.every
        if begins is not None and ends >= begins > due:
            sheet.add(
                "W19",
                step.place,
                f"the repetitions of step {number + 1} of policy {policy.id} last until {said(ends)} and run into"
                f" {what} at {said(begins)}",
                f"let the repetitions end before {said(begins)}: fewer of them, or faster",
                {"policy": policy.id, "last repetition": said(ends), "next": said(begins)},
            )


def _after_ack(sheet: Sheet, policy: Policy, number: int, step: Step) -> None:
    about = f"whether step {number} of policy {policy.id} is repeated after an acknowledgement"
    wanted = [sheet.acknowledged] if step.when is None else [sheet.acknowledged, step.when]
    if step.until is None and sheet.example(step.place, about, *wanted)[0]:
        sheet.add(
            "W57",
            step.place,
            f"step {number} of policy {policy.id} is repeated although somebody has acknowledged the incident",
            "write until: ack",
            {"incident": {"ack": True, "resolved": False}},
        )


def _acknowledged(sheet: Sheet, policy: Policy) -> None:
    """Whether anything is left to happen once somebody has acknowledged the incident."""
    if policy.ack_holds is not None or not pagings(policy):
        return
    ends: list[Condition | None] = [step.when for step in policy.steps[1:] if step.until != "ack"]
    end = policy.end
    if end is not None and end.page and end.when is not None:
        ends.append(end.when)
    about = f"whether an acknowledgement stops policy {policy.id}"
    for condition in ends:
        if condition is None or not sheet.never(policy.place, about, condition, sheet.acknowledged):
            return
    first = policy.steps[0]
    if len(policy.steps) == 1 and not (first.until == "ack" or (end is not None and end.page)):
        return  # one message to somebody: there is nothing to stop
    sheet.add(
        "W22",
        policy.place,
        f"an acknowledgement stops policy {policy.id} for ever: whoever takes the incident and forgets it is never"
        " reminded",
        "write ack: {holds: 30m}, or let a later step fire if: not resolved",
        {"incident": {"ack": True, "resolved": False}},
    )


def _often(sheet: Sheet, policy: Policy, offsets: list[timedelta | None]) -> None:
    """The busiest hour of one target, as long as nobody acknowledges."""
    pages: dict[tuple[str, ...], list[timedelta]] = {}
    last = _NONE
    for step, due in zip(policy.steps, offsets, strict=True):
        if due is None:
            continue
        last = max(last, due)
        if step.page:
            times = step.again.times if step.again else 0
            every = step.again.every if step.again else _NONE
            pages.setdefault(step.page, []).extend(due + every * n for n in range(times + 1))
    if policy.end is not None and policy.end.page:
        count = min(int(_HOUR / policy.end.every), 2 * MOST_PAGES)
        pages.setdefault(policy.end.page, []).extend(last + policy.end.every * n for n in range(1, count + 1))
    for target, moments in pages.items():
        most = max(sum(1 for at in moments if start <= at < start + _HOUR) for start in moments)
        if most > MOST_PAGES:
            place = policy.end.place if policy.end and policy.end.page == target else policy.place
            place = next((step.place for step in policy.steps if step.page == target), place)
            more = "or more " if most >= 2 * MOST_PAGES else ""
            sheet.add(
                "W48",
                place,
                f"policy {policy.id} pages {', '.join(target)} {most} {more}times within an hour, as long as nobody"
                " acknowledges",
                "page less often: a page every five minutes is as much as one person can answer",
                {"pages": most},
            )
