"""Tiers and people: targets, circles, who can own a record, and what is there on the live platforms."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from syncline.escalation.book import Policy, Step, Tier
from syncline.escalation.lint.sheet import Sheet, listed
from syncline.escalation.lint.whom import (
    MANAGER,
    NEXT,
    above,
    audience,
    moved_to,
    pagings,
    parties,
    tiers_at,
)
from syncline.escalation.roster import Place
from syncline.mapping.validation import nearest, suggestion

PLATFORMS: Final = frozenset({"servicenow", "jira", "pagerduty", "helix", "cherwell"})
"""Keys under `to:` that name a platform; any other one names an instance."""
MOST_TARGETS: Final = 10
"""Targets that PagerDuty takes at once."""


def check_tiers(sheet: Sheet) -> None:
    """All checks of tiers and people."""
    book = sheet.book
    _circles(
        sheet,
        {tier.id: (tier.next, tier.place) for tier in book.tiers.values()},
        "E08",
        lambda path: f"the tiers {' -> '.join(path)} follow one another in a circle",
        "let the highest tier have no next",
    )
    _circles(
        sheet,
        {person.id: (person.manager, person.place) for person in book.people.values()},
        "E09",
        lambda path: f"the managers go round in a circle: {' -> '.join(path)}",
        "correct who is whose manager",
    )
    moved = _moves(sheet)
    _namesakes(sheet, moved)
    _targets(sheet, moved)
    for policy in book.policies:
        _above(sheet, policy)
        _managers(sheet, policy)
        _many(sheet, policy)
    for tier in book.tiers.values():
        if tier.hierarchical and tier.to:
            sheet.add(
                "W35",
                tier.place,
                f"tier {tier.id} is only informed, so that its targets ({listed(tier.to)}) do nothing",
                "delete `to`, or `hierarchical` if the tier works on records",
                {"tier": tier.id},
            )
    _live(sheet)


def _circles(
    sheet: Sheet,
    edges: Mapping[str, tuple[str | None, Place]],
    code: str,
    message: Callable[[list[str]], str],
    mend: str,
) -> None:
    told: set[str] = set()
    for start in edges:
        path: list[str] = []
        at: str | None = start
        while at is not None and at in edges and at not in path:
            path.append(at)
            at = edges[at][0]
        if at is not None and at in path:
            circle = path[path.index(at) :]
            if not told & set(circle):
                told |= set(circle)
                sheet.add(
                    code,
                    edges[circle[0]][1],
                    message([*circle, circle[0]]),
                    mend,
                    {"circle": [*circle, circle[0]]},
                )


def _namesakes(sheet: Sheet, moved: Collection[str]) -> None:
    """Functional tiers with one group, or with one name on a platform."""
    groups: dict[str, str] = {}
    targets: dict[tuple[str, str], str] = {}
    for tier in sheet.book.tiers.values():
        if tier.hierarchical:
            continue
        if tier.group is not None and groups.setdefault(tier.group, tier.id) != tier.id:
            other = groups[tier.group]
            sheet.add(
                "E56" if tier.id in moved else "W56",
                tier.place,
                f'tiers {other} and {tier.id} have one group, "{tier.group}": whatever moves to {tier.id} counts as'
                f" {other}'s",
                f"give {tier.id} a group of its own: group: {tier.id}",
                {"tiers": [other, tier.id], "group": tier.group},
            )
            continue
        for platform, target in tier.to.items():
            other = targets.setdefault((platform, target), tier.id)
            if other != tier.id:
                sheet.add(
                    "W56",
                    tier.place,
                    f'tiers {other} and {tier.id} are both called "{target}" on {platform}, so that a move between them does'
                    " not show there",
                    "give each its own name there, if the platform has one",
                    {"tiers": [other, tier.id], "platform": platform},
                )


# -- moves -----------------------------------------------------------------------------------------


def _moves(sheet: Sheet) -> dict[str, tuple[Policy, int]]:
    """Tiers to which a step moves records, each with the first such step; and what is wrong with moves."""
    book = sheet.book
    found: dict[str, tuple[Policy, int]] = {}
    for policy in book.policies:
        for number, step in enumerate(policy.steps):
            if not step.move:
                continue
            held = [row[number] for row in tiers_at(sheet, policy)]
            goals = {tier: moved_to(book, step.page, tier) for tier in held}
            for goal in goals.values():
                if goal is not None:
                    found.setdefault(goal, (policy, number))
            _immovable(sheet, policy, number, step, goals)
    return found


def _immovable(
    sheet: Sheet, policy: Policy, number: int, step: Step, goals: Mapping[str | None, str | None]
) -> None:
    """A step that moves to tiers that own no record."""
    book = sheet.book
    stuck = [tier for tier, goal in goals.items() if goal is None]
    if not stuck:
        return
    tier = stuck[0]
    named = [above(book, tier) if target == NEXT else target for target in step.page]
    informed = [name for name in named if name in book.tiers]
    if not informed:
        return
    sure = len(stuck) == len(goals) and NEXT not in step.page
    sheet.add(
        "E20" if sure else "W20",
        step.place,
        f"step {number + 1} of policy {policy.id} moves the record to {listed(map(str, informed))}, which is hierarchical"
        " and can own none; the record stays where it is",
        "leave `move` out, or name a tier that works on records",
        {"tier": tier or "none", "above": informed[0]},
    )


def _targets(sheet: Sheet, moved: Mapping[str, tuple[Policy, int]]) -> None:
    working = [tier for tier in sheet.book.tiers.values() if not tier.hierarchical]
    instances = sheet.live.instances
    for tier in working:
        missing = [name for name in _wanted(working, instances) if not _has(tier, name, instances)]
        if not missing:
            continue
        others = [other.id for other in working if _has(other, missing[0], instances)]
        step = moved.get(tier.id)
        if step is not None:
            sheet.add(
                "E07",
                tier.place,
                f"tier {tier.id} has no target on {listed(missing)}, but {listed(others)} {'has' if len(others) == 1 else 'have'}; step"
                f" {step[1] + 1} of policy {step[0].id} moves records there",
                f"write under `to` what the tier is called on {listed(missing)}",
                {"tier": tier.id, "platform": missing[0], "policy": step[0].id},
            )
        else:
            sheet.add(
                "W34",
                tier.place,
                f"tier {tier.id} has no target on {listed(missing)}, but {listed(others)} {'has' if len(others) == 1 else 'have'}",
                f"write under `to` what the tier is called on {listed(missing)}",
                {"tier": tier.id, "platform": missing[0]},
            )


def _wanted(tiers: Iterable[Tier], instances: Mapping[str, str] | None) -> list[str]:
    """Platforms, or instances where they are known, on which some tier has a target."""
    named = dict.fromkeys(name for tier in tiers for name in tier.to)
    if instances is None:
        return [name for name in named if name in PLATFORMS]
    return [name for name, platform in instances.items() if name in named or platform in named]


def _has(tier: Tier, name: str, instances: Mapping[str, str] | None) -> bool:
    if instances is not None:
        return name in tier.to or instances[name] in tier.to
    # An instance may be one of any platform.
    return name in tier.to or any(other not in PLATFORMS for other in tier.to)


# -- next, manager, many ---------------------------------------------------------------------------


def _above(sheet: Sheet, policy: Policy) -> None:
    book = sheet.book
    rows = list(tiers_at(sheet, policy))
    ends = [*((step.page, step.place, f"step {n}") for n, step in enumerate(policy.steps, 1))]
    if policy.end is not None:
        ends.append((policy.end.page, policy.end.place, "the end"))
    for number, (page, place, what) in enumerate(ends):
        if NEXT not in page:
            continue
        top = next((row[number] for row in rows if above(book, row[number]) is None), "")
        if top != "":
            sheet.add(
                "W36",
                place,
                f"{what} of policy {policy.id} pages the next tier, but an incident of tier {top} has none above it",
                f"narrow `when` of the policy, or give {top} a next",
                {"tier": top},
            )
            return


def _managers(sheet: Sheet, policy: Policy) -> None:
    book = sheet.book
    for paging in pagings(policy):
        if MANAGER not in paging.targets:
            continue
        # Whose manager is asked for depends on the tier that holds the incident by then.
        for tier in dict.fromkeys(row[paging.step] for row in tiers_at(sheet, policy)):
            people = audience(book, tier) if tier is not None else ()
            lone = [one for one in people if one in book.people and book.people[one].manager is None]
            if lone:
                sheet.add(
                    "W37",
                    paging.place,
                    f"{paging.what} of policy {policy.id} pages the manager, but {listed(lone)} of tier {tier}"
                    f" {'has' if len(lone) == 1 else 'have'} none",
                    f"write manager: under {lone[0]}",
                    {"person": lone[0], "tier": tier},
                )
                return


def _many(sheet: Sheet, policy: Policy) -> None:
    for number, step in enumerate(policy.steps, 1):
        count = len(parties(sheet.book, step.page, None))
        if count > MOST_TARGETS:
            sheet.add(
                "W39",
                step.place,
                f"step {number} of policy {policy.id} pages {count} schedules and people at once; PagerDuty takes"
                f" {MOST_TARGETS}, the rest are paged by their other ways",
                "page fewer, in two steps, or by a schedule",
                {"targets": count},
            )


# -- live platforms --------------------------------------------------------------------------------


def _live(sheet: Sheet) -> None:
    live, book = sheet.live, sheet.book
    known = None if live.instances is None else {*live.instances, *live.instances.values()}
    for tier in book.tiers.values():
        for name, target in tier.to.items():
            if known is not None and name not in known:
                _unconnected(sheet, tier.place, f"tier {tier.id}", name, known)
                continue
            for instance, names in live.targets.items():
                platform = (live.instances or {}).get(instance)
                if (
                    name == instance or (name == platform and instance not in tier.to)
                ) and target not in names:
                    _absent(
                        sheet,
                        tier.place,
                        f'tier {tier.id}: there is no "{target}" on {instance}',
                        target,
                        names,
                    )
    _live_people(sheet, known)


def _live_people(sheet: Sheet, known: set[str] | None) -> None:
    live, book = sheet.live, sheet.book
    for person in book.people.values():
        for name, ident in person.ids.items():
            if known is not None and name not in known:
                _unconnected(sheet, person.place, person.id, name, known)
            for instance, people in live.people.items():
                if name in {instance, (live.instances or {}).get(instance)} and ident not in people:
                    _absent(
                        sheet,
                        person.place,
                        f'{person.id}: there is nobody "{ident}" on {instance}',
                        ident,
                        people,
                    )
        for channel in person.reach:
            if live.channels is not None and channel not in live.channels:
                near = nearest(channel, sorted(live.channels))
                # Whoever has another way is reached by that; but a slip of the pen is one all the same.
                other = person.ids or any(name in live.channels for name in person.reach)
                sheet.add(
                    "W38" if other and near is None else "E38",
                    person.place,
                    f"{person.id}: there is no channel {channel} in syncline.yaml",
                    f'did you mean "{near}"?' if near else "write it under `channels:` there",
                    {"name": channel},
                )


def _unconnected(sheet: Sheet, place: Place, whose: str, name: str, known: set[str]) -> None:
    """A name like one that is there is a slip. Any other is a platform that this file knows, and this Syncline does not."""
    if nearest(name, sorted(known)) is not None:
        _absent(sheet, place, f"{whose}: there is no instance or platform {name}", name, known)
    else:
        sheet.add(
            "W38",
            place,
            f"{whose}: no instance of {name} is connected here, so what is said of it does nothing",
            "leave it so if another Syncline uses this file too; else connect it in syncline.yaml, or delete it",
            {"name": name},
        )


def _absent(sheet: Sheet, place: Place, message: str, name: str, known: Iterable[str]) -> None:
    mend = suggestion(name, sorted(known)).removeprefix(". ")
    sheet.add("E38", place, message, mend or "correct the name, or create it there", {"name": name})
