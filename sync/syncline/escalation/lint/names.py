"""What is defined and used by nothing, and what is over."""

from collections.abc import Iterable

from syncline.escalation.lint.sheet import PERSON, Sheet, hour, listed
from syncline.escalation.lint.whom import MANAGER, NEXT, holding, pagings
from syncline.escalation.roster import Place

_BUILT_IN = frozenset({"always"})


def check_names(sheet: Sheet) -> None:
    """W30, I30 and I31."""
    _unused(sheet)
    _past(sheet)


def _unused(sheet: Sheet) -> None:
    book = sheet.book
    said = {step.say for policy in book.policies for step in policy.steps}
    for say in book.says.values():
        if say.id not in said:
            _tell(sheet, "message", say.id, say.place, "no step says it")
    counted = {clock.calendar for clock in book.clocks.values()}
    for calendar in book.calendars.values():
        if calendar.id not in counted | _BUILT_IN:
            _tell(sheet, "calendar", calendar.id, calendar.place, "no clock runs on it")
    tiers = _tiers(sheet)
    for tier in book.tiers.values():
        if book.policies and tier.id not in tiers:
            _tell(sheet, "tier", tier.id, tier.place, "no step pages it, and no message goes to it")
    schedules = _schedules(sheet)
    for schedule in book.schedules.values():
        if schedule.id not in schedules:
            _tell(
                sheet, "schedule", schedule.id, schedule.place, "no tier, message or other schedule needs it"
            )
    people = _people(sheet)
    for person in book.people.values():
        if person.id not in people:
            sheet.add(
                "I31",
                person.place,
                f"{person.name} is on no schedule and in no tier, and no message goes to them",
                "delete the entry if they have left, or put them on a schedule",
                {"person": person.id},
            )


def _tell(sheet: Sheet, what: str, name: str, place: Place, why: str) -> None:
    sheet.add(
        "W30", place, f"the {what} {name} is used by nothing: {why}", "use it, or delete it", {what: name}
    )


def _spoken_to(sheet: Sheet) -> set[str]:
    """All that messages and audiences name."""
    book = sheet.book
    audiences = [who for members in book.audiences.values() for who in members]
    return {who for say in book.says.values() for who in say.to} | set(audiences)


def _tiers(sheet: Sheet) -> set[str]:
    book = sheet.book
    found = _spoken_to(sheet)
    for policy in book.policies:
        for paging in pagings(policy):
            found.update(paging.targets)
            if NEXT in paging.targets:
                found.update(tier.next for tier in book.tiers.values() if tier.next)
                found.update(tier for tier in holding(sheet, policy) if tier is not None)
            if MANAGER in paging.targets:
                found.update(tier for tier in holding(sheet, policy) if tier is not None)
    names = [policy.when for policy in book.policies] + [clock.when for clock in book.clocks.values()]
    # A tier that records are in, and that a condition names, does its part.
    found.update(tier for tier in book.tiers for condition in names if _mentions(condition.text, tier))
    found.update(tier.next for tier in book.tiers.values() if tier.id in found and tier.next)
    return found


def _mentions(text: str, tier: str) -> bool:
    return f'"{tier}"' in text or f"'{tier}'" in text


def _schedules(sheet: Sheet) -> set[str]:
    book = sheet.book
    found = _spoken_to(sheet) | {who for tier in book.tiers.values() for who in tier.who}
    waiting = [schedule for schedule in book.schedules.values() if schedule.id in found]
    for schedule in waiting:
        if schedule.backfill and schedule.backfill not in found:
            found.add(schedule.backfill)
            waiting.append(book.schedules[schedule.backfill])
    return found


def _people(sheet: Sheet) -> set[str]:
    book = sheet.book
    found = {who.removeprefix(PERSON) for who in _persons(sheet)}
    for schedule in book.schedules.values():
        for layer in schedule.layers:
            if layer.until is None or layer.until > sheet.span.start.date():
                found.update(layer.rotate)
        found.update(override.who for override in schedule.overrides if override.span.end > sheet.span.start)
    found.update(person.manager for person in book.people.values() if person.manager)
    return found


def _persons(sheet: Sheet) -> Iterable[str]:
    book = sheet.book
    yield from (who for who in _spoken_to(sheet) if who.startswith(PERSON))
    yield from (who for tier in book.tiers.values() for who in tier.who if who.startswith(PERSON))
    for policy in book.policies:
        for paging in pagings(policy):
            yield from (who for who in paging.targets if who.startswith(PERSON))


def _past(sheet: Sheet) -> None:
    start = sheet.span.start
    for person in sheet.book.people.values():
        over = [span for span in person.away if span.end <= start]
        if over:
            last = max(over, key=lambda span: span.end)
            sheet.add(
                "I30",
                person.place,
                f"{len(over)} of the {len(person.away)} absences of {person.name} are over"
                if len(person.away) > 1
                else f"the absence of {person.name} is over",
                "delete what is over, so that the file stays readable",
                {"person": person.id, "until": hour(last.end, person.tz)},
            )
    for schedule in sheet.book.schedules.values():
        gone = [override for override in schedule.overrides if override.span.end <= start]
        for override in gone:
            sheet.add(
                "I30",
                override.place,
                f"the override of schedule {schedule.id} for {override.who} is over",
                "delete it, so that the file stays readable",
                {"person": override.who, "until": hour(override.span.end, schedule.tz)},
            )
        for layer in schedule.layers:
            if layer.until is not None and layer.until <= start.date():
                sheet.add(
                    "I30",
                    layer.place,
                    f"a layer of schedule {schedule.id} ({listed(layer.rotate)}) is over",
                    "delete it, so that the file stays readable",
                    {"until": layer.until.isoformat()},
                )
