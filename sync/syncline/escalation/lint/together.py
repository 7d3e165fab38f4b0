"""Policies beside one another: those that want the same incident, that never run, and what none of them looks at."""

from collections.abc import Sequence

from syncline.escalation.book import Policy, Trigger
from syncline.escalation.conditions import compiled
from syncline.escalation.lint.sheet import Sheet, listed
from syncline.escalation.lint.whom import by_state


def check_together(sheet: Sheet) -> None:
    """E25, E50, W51 and W52."""
    alarms = [policy for policy in sheet.alarms if not _dead(sheet, policy)]
    for number, policy in enumerate(alarms):
        rivals = [other for other in alarms[:number] if not _beside(policy, other)]
        alone = _overlaps(sheet, policy, rivals)
        if len(rivals) > 1 and not alone:
            _shadowed(sheet, policy, rivals)
    _hole(sheet, alarms)
    _chains(sheet)


def _dead(sheet: Sheet, policy: Policy) -> bool:
    about = f"whether policy {policy.id} ever begins"
    return sheet.never(policy.place, about, policy.when, sheet.open)


def _beside(one: Policy, other: Policy) -> bool:
    return one.id in other.beside or other.id in one.beside


def _overlaps(sheet: Sheet, policy: Policy, rivals: Sequence[Policy]) -> bool:
    """Put down every earlier policy that wants the same incident; whether one of them takes them all."""
    taken = False
    for other in rivals:
        about = f"whether policies {other.id} and {policy.id} want the same incident"
        found, incident = sheet.example(policy.place, about, other.when, policy.when, sheet.open)
        if not found:
            continue
        all_of_them = sheet.never(policy.place, about, policy.when, sheet.open, without=[other.when])
        taken = taken or all_of_them
        result = (
            f"policy {policy.id} never begins, because {other.id} takes every incident that it is for"
            if all_of_them
            else f"only {other.id} begins then, because it stands first"
        )
        sheet.add(
            "E25",
            policy.place,
            f"policies {other.id} and {policy.id} both want the same incident; {result}",
            f"write with: [{other.id}] under {policy.id} if both shall run, or let their conditions exclude each other",
            {"incident": incident, "policies": [other.id, policy.id]},
        )
    return taken


def _shadowed(sheet: Sheet, policy: Policy, rivals: Sequence[Policy]) -> None:
    about = f"whether policy {policy.id} ever begins beside those before it"
    if sheet.never(policy.place, about, policy.when, sheet.open, without=[other.when for other in rivals]):
        _, incident = sheet.example(policy.place, about, policy.when, sheet.open)
        sheet.add(
            "E50",
            policy.place,
            f"policy {policy.id} never begins: {listed(other.id for other in rivals)} together take every incident that"
            " it is for",
            "put it before them and let them exclude it, or delete it",
            {"incident": incident},
        )


def _hole(sheet: Sheet, alarms: Sequence[Policy]) -> None:
    if not alarms:
        return
    place = sheet.policies_place if sheet.policies_place.line else alarms[0].place
    about = "whether every open incident has a policy"
    found, incident = sheet.example(place, about, sheet.open, without=[policy.when for policy in alarms])
    if not found:
        return
    left = [
        number
        for number in range(1, 6)
        if sheet.never(
            place,
            about,
            compiled(f"priority == {number}", sheet.book.vocabulary),
            sheet.open,
            without=[policy.when for policy in alarms],
        )
    ]
    missing = [str(number) for number in range(1, 6) if number not in left]
    what = f"; it may have priority {listed(missing)}" if left and missing else ""
    sheet.add(
        "W51",
        place,
        f"there are open incidents that no policy looks at by itself{what}",
        "leave it so if nobody needs to hear of them; else write a policy for them, the last one with the widest `when`",
        {"incident": incident},
    )


def _chains(sheet: Sheet) -> None:
    """A raised priority that brings in another policy, which raises it again; and rounds that raise it each time."""
    raising = [
        policy for policy in sheet.book.policies if any("raise_priority" in s.do for s in policy.steps)
    ]
    for policy in raising:
        first = next(s for s in policy.steps if "raise_priority" in s.do)
        if policy.repeat_times and any("raise_priority" in s.do for s in policy.steps[policy.repeat_from :]):
            sheet.add(
                "W52",
                first.place,
                f"policy {policy.id} raises the priority again in each of its {policy.repeat_times + 1} rounds",
                "let the rounds begin after that step: repeat: {from: ...}",
                {"policy": policy.id},
            )
        for other in raising:
            if other is policy or not by_state(other) or not _may_join(policy, other):
                continue
            later, vocabulary = sheet.later(other.when, ("priority",))
            about = f"whether policy {other.id} raises what {policy.id} has raised"
            found, incident = sheet.example(
                first.place,
                about,
                policy.when,
                later,
                sheet.open,
                without=[other.when],
                vocabulary=vocabulary,
            )
            if found:
                sheet.add(
                    "W52",
                    first.place,
                    f"policy {policy.id} raises the priority, which may bring in policy {other.id}, which raises it again",
                    "let one of them raise it only, or exclude the raised incident from the other",
                    {"incident": incident, "policies": [policy.id, other.id]},
                )


def _may_join(policy: Policy, other: Policy) -> bool:
    """Whether the other may begin while the first runs."""
    return policy.trigger in {Trigger.MANUAL, Trigger.RECUR} or _beside(policy, other)
