"""Policies beside one another: those that want the same incident, that never run, and what none of them looks at."""

from collections.abc import Sequence

from syncline.escalation.book import Policy, Step, Trigger
from syncline.escalation.conditions import Condition, compiled
from syncline.escalation.conditions.tree import All, Among, Is, Node, Order, Scalar
from syncline.escalation.lint.sheet import Sheet, listed


def check_together(sheet: Sheet) -> None:
    """E25, E50, W51 and W52."""
    alarms = [policy for policy in sheet.alarms if not _dead(sheet, policy)]
    for number, policy in enumerate(alarms):
        rivals = [other for other in alarms[:number] if not _beside(policy, other)]
        sure = [other for other in rivals if _always_first(alarms, other, policy)]
        alone = _overlaps(sheet, policy, rivals, sure)
        if len(sure) > 1 and not alone:
            _shadowed(sheet, policy, sure)
    _unheard(sheet)
    _hole(sheet, alarms)
    _chains(sheet)


def _dead(sheet: Sheet, policy: Policy) -> bool:
    about = f"whether policy {policy.id} ever begins"
    return sheet.never(policy.place, about, policy.when, sheet.open)


def _beside(one: Policy, other: Policy) -> bool:
    return one.id in other.beside or other.id in one.beside


def _always_first(alarms: Sequence[Policy], rival: Policy, policy: Policy) -> bool:
    """Whether the policy can never begin for an incident that its rival is for: nothing but what would keep the policy
    back, too, keeps the rival back."""
    guarded = rival.guard.cooldown is not None or rival.guard.once_per is not None
    others = [one for one in alarms if one not in (rival, policy)]
    return not guarded and not any(_beside(one, policy) and not _beside(one, rival) for one in others)


def _overlaps(sheet: Sheet, policy: Policy, rivals: Sequence[Policy], sure: Sequence[Policy]) -> bool:
    """Put down every earlier policy that wants the same incident; whether one of them takes them all."""
    taken = False
    for other in rivals:
        if _apart(other.when, policy.when):
            continue
        about = f"whether policies {other.id} and {policy.id} want the same incident"
        found, incident = sheet.example(policy.place, about, other.when, policy.when, sheet.open)
        if not found:
            continue
        all_of_them = other in sure and sheet.never(
            policy.place, about, policy.when, sheet.open, without=[other.when]
        )
        taken = taken or all_of_them
        result = (
            f"policy {policy.id} never begins, because {other.id} takes every incident that it is for"
            if all_of_them
            else f"{other.id} keeps {policy.id} back then, because it stands first"
        )
        sheet.add(
            "E25",
            policy.place,
            f"policies {other.id} and {policy.id} both want the same incident; {result}",
            f"write with: [{other.id}] under {policy.id} if both shall run, or let their conditions exclude each other",
            {"incident": incident, "policies": [other.id, policy.id]},
        )
    return taken


def _apart(one: Condition, other: Condition) -> bool:
    """Whether both plainly ask for different values of one name, which most policies of a large file do."""
    pinned, others = _pinned(one.tree), _pinned(other.tree)
    return any(not pinned[name] & others[name] for name in pinned.keys() & others.keys())


def _pinned(tree: Node) -> dict[str, set[Scalar]]:
    """Names that can only have certain values where the condition holds."""
    match tree:
        case All(parts):
            found: dict[str, set[Scalar]] = {}
            for part in parts:
                for name, values in _pinned(part).items():
                    found[name] = found.get(name, values) & values
            return found
        case Is(name, Order.EQUAL, value):
            return {name: {value}}
        case Among(name, values):
            return {name: set(values)}
        case _:
            return {}


def _shadowed(sheet: Sheet, policy: Policy, rivals: Sequence[Policy]) -> None:
    about = f"whether policy {policy.id} ever begins beside those before it"
    if sheet.never(policy.place, about, policy.when, sheet.open, without=[other.when for other in rivals]):
        _, incident = sheet.example(policy.place, about, policy.when, sheet.open)
        sheet.add(
            "E50",
            policy.place,
            f"policy {policy.id} never begins: {listed(other.id for other in rivals)} {'together take' if len(rivals) > 1 else 'takes'}"
            " every incident that it is for",
            "put it before them and let them exclude it, or delete it",
            {"incident": incident},
        )


def _unheard(sheet: Sheet) -> None:
    """Policies for raised hands, all of which are answered by others: the first one that matches answers."""
    manual = [policy for policy in sheet.book.policies if policy.trigger is Trigger.MANUAL]
    for number, policy in enumerate(manual):
        # One that runs it beside itself may be the first to match.
        if any(policy.id in other.beside for other in manual[:number]) or _dead(sheet, policy):
            continue
        if number:
            _shadowed(sheet, policy, manual[:number])


def _hole(sheet: Sheet, alarms: Sequence[Policy]) -> None:
    if not sheet.book.policies:
        text = "there is no policy: nobody is ever called"
        sheet.add("W51", sheet.policies_place, text, "write one under `policies:`", {})
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
        for other in sheet.alarms:
            if other is not policy and "priority" in other.when.names:
                _raised_into(sheet, policy, first, other, again=other in raising)


def _raised_into(sheet: Sheet, policy: Policy, step: Step, other: Policy, *, again: bool) -> None:
    """A policy whose incidents become another one's by a raise."""
    joins = _may_join(policy, other)
    if joins and not again:
        return
    later, vocabulary = sheet.later(other.when, ("priority",))
    about = f"whether policy {policy.id} raises incidents into those of {other.id}"
    for priority in range(2, 6):
        now = compiled(f"priority == {priority}", sheet.book.vocabulary)
        raised, _ = sheet.later(compiled(f"priority == {priority - 1}", sheet.book.vocabulary), ("priority",))
        wanted = (policy.when, now, later, raised, sheet.open)
        found, incident = sheet.example(
            step.place, about, *wanted, without=[other.when], vocabulary=vocabulary
        )
        if found:
            sheet.add(
                "W52",
                step.place,
                f"policy {policy.id} raises the priority, which brings in policy {other.id}, which raises it again"
                if joins
                else f"policy {policy.id} raises the priority into what {other.id} is for, but {other.id} cannot begin as"
                f" long as {policy.id} runs",
                "let only one of them raise it, or exclude the raised incident from the other"
                if joins
                else f"write with: [{other.id}] if both shall run then",
                {"incident": incident, "policies": [policy.id, other.id]},
            )
            return


def _may_join(policy: Policy, other: Policy) -> bool:
    """Whether the other may begin while the first runs."""
    return policy.trigger in {Trigger.MANUAL, Trigger.RECUR} or _beside(policy, other)
