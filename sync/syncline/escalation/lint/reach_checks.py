"""Ways to people: who cannot be reached, pages that have no second way, and messages that reach nobody."""

from collections.abc import Collection
from typing import Final

from syncline.escalation.book import Policy, Say
from syncline.escalation.lint.sheet import Sheet, listed
from syncline.escalation.lint.tier_checks import PLATFORMS
from syncline.escalation.lint.whom import audience, paged_people
from syncline.escalation.roster import Person

_SEVERAL: Final = 3
_SILENT: Final = PLATFORMS - {"pagerduty"}
"""Platforms that call nobody."""


def check_reach(sheet: Sheet) -> None:
    """All checks of pages and messages on their way."""
    paged: dict[str, Policy] = {}
    for policy in sheet.book.policies:
        for person in paged_people(sheet, policy):
            paged.setdefault(person, policy)
    mute = _no_way(sheet, paged)
    for policy in sheet.book.policies:
        _undelivered(sheet, policy)
    spoken = {
        step.say: policy for policy in reversed(sheet.book.policies) for step in policy.steps if step.say
    }
    for say in sheet.book.says.values():
        _audience(sheet, say)
        if say.id in spoken:
            _heard(sheet, say, spoken[say.id], mute)
    _quiet(sheet, set(paged))


def _no_way(sheet: Sheet, paged: dict[str, Policy]) -> list[str]:
    """Put down who is paged and has no way."""
    people = [sheet.book.people[person] for person in paged if person in sheet.book.people]
    mute = [person for person in people if not _ways(sheet, person)]
    if len(mute) > _SEVERAL and len(mute) == len(people):
        first = mute[0]
        sheet.add(
            "E35",
            first.place,
            f"nobody can be reached: none of the {len(mute)} people who are paged has a way",
            "write reach: {sms: ...} or ids: {pagerduty: ...} under each of them",
            {"person": first.id, "people": [person.id for person in mute], "policy": paged[first.id].id},
        )
        return [person.id for person in mute]
    for person in mute:
        sheet.add(
            "E35",
            person.place,
            f"policy {paged[person.id].id} pages {person.name}, whom nobody can reach: there is neither a way nor an id"
            " at a platform",
            "write reach: {sms: ...} or ids: {pagerduty: ...} under them",
            {"person": person.id, "policy": paged[person.id].id},
        )
    return [person.id for person in mute]


def _ways(sheet: Sheet, person: Person) -> list[str]:
    """By which ways a page may reach a person, in the order in which they are tried."""
    platforms = sheet.live.instances or {}
    paging = [name for name in person.ids if platforms.get(name, name) not in _SILENT]
    return [*paging, *person.reach]


def _undelivered(sheet: Sheet, policy: Policy) -> None:
    book = sheet.book
    people = [book.people[one] for one in paged_people(sheet, policy) if one in book.people]
    people = [person for person in people if _ways(sheet, person)]
    missing = [
        channel for channel in policy.undelivered.via if not any(channel in _ways(sheet, p) for p in people)
    ]
    if missing and people:
        sheet.add(
            "W62",
            policy.place,
            f"policy {policy.id} tries {listed(missing)} for pages that were not delivered, but nobody whom it pages has that",
            f"write {missing[0]}: under `reach` of the people, or name a way that they have",
            {"via": missing},
        )
    if policy.undelivered.page:
        return
    single = [person for person in people if not _others(sheet, policy, person)]
    if single:
        sheet.add(
            "W60",
            policy.place,
            f"if a page of policy {policy.id} does not reach {listed(p.id for p in single)}, there is no second way to"
            " them, and nobody is named who is paged instead",
            "write undelivered: {page: MGMT}, or give them a second way",
            {"person": single[0].id, "ways": _ways(sheet, single[0])},
        )


def _others(sheet: Sheet, policy: Policy, person: Person) -> list[str]:
    """By which ways a page is tried again."""
    second, via = _ways(sheet, person)[1:], policy.undelivered.via
    return [way for way in second if not via or way in via]


# -- messages --------------------------------------------------------------------------------------


def _audience(sheet: Sheet, say: Say) -> None:
    for who in say.to:
        if who in sheet.book.audiences and not sheet.book.audiences[who]:
            sheet.add(
                "W06",
                say.place,
                f'message {say.id} goes to "{who}", behind which nobody stands',
                "say under `audiences` who that is",
                {"audience": who},
            )


def _heard(sheet: Sheet, say: Say, policy: Policy, mute: Collection[str]) -> None:
    book = sheet.book
    ids = dict.fromkeys(person for who in say.to for person in audience(book, who))
    people = [book.people[one] for one in ids if one in book.people]
    # Of those who are paged and have no way at all, `_no_way` tells.
    people = [person for person in people if person.id not in mute]
    if not people:
        return
    deaf = [person for person in people if not _hears(person, say)]
    ways = listed(say.via) if say.via else "any way"
    if len(deaf) == len(people):
        sheet.add(
            "E61",
            say.place,
            f"message {say.id} reaches nobody: none of {listed(p.id for p in people)} has {ways}",
            f"write {say.via[0] if say.via else 'email'}: under `reach` of the people",
            {"person": deaf[0].id, "policy": policy.id, "via": list(say.via)},
        )
    elif deaf:
        sheet.add(
            "W61",
            say.place,
            f"message {say.id} does not reach {listed(p.id for p in deaf)}, who has none of its ways: {ways}",
            "write one of them under `reach`",
            {"person": deaf[0].id, "policy": policy.id, "via": list(say.via)},
        )


def _hears(person: Person, say: Say) -> bool:
    return any(channel in person.reach for channel in say.via) if say.via else bool(person.reach)


def _quiet(sheet: Sheet, paged: set[str]) -> None:
    book = sheet.book
    spoken = {step.say for policy in book.policies for step in policy.steps}
    for say in book.says.values():
        if say.id not in spoken:
            continue
        for who in say.to:
            for one in audience(book, who):
                person = book.people.get(one)
                if person is None or person.quiet is None or one in paged:
                    continue
                paged.add(one)
                quiet = f"{person.quiet.start:%H:%M}-{person.quiet.end:%H:%M}"
                sheet.add(
                    "I63",
                    person.place,
                    f"{person.name} hears of incidents by messages only, and has quiet hours {quiet}: of an incident at"
                    f" night they hear at {person.quiet.end:%H:%M}",
                    "page them, too, if they must know at once",
                    {"person": one, "message": say.id, "at": f"{person.quiet.end:%H:%M} {person.tz.key}"},
                )
