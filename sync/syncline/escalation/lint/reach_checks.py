"""Ways to people: who cannot be reached, pages that have no second way, and messages that reach nobody."""

from syncline.escalation.book import Person, Policy, Say
from syncline.escalation.lint.sheet import Sheet, listed
from syncline.escalation.lint.whom import audience, paged_people

_SEVERAL = 3


def check_reach(sheet: Sheet) -> None:
    """All checks of pages and messages on their way."""
    paged: dict[str, Policy] = {}
    for policy in sheet.book.policies:
        for person in paged_people(sheet.book, policy):
            paged.setdefault(person, policy)
    _no_way(sheet, paged)
    for policy in sheet.book.policies:
        _undelivered(sheet, policy)
    spoken = {
        step.say: policy for policy in reversed(sheet.book.policies) for step in policy.steps if step.say
    }
    for say in sheet.book.says.values():
        _audience(sheet, say)
        if say.id in spoken:
            _heard(sheet, say, spoken[say.id])
    _quiet(sheet, set(paged))


def _no_way(sheet: Sheet, paged: dict[str, Policy]) -> None:
    people = [sheet.book.people[person] for person in paged if person in sheet.book.people]
    mute = [person for person in people if not person.reach and not person.ids]
    if len(mute) > _SEVERAL and len(mute) == len(people):
        first = mute[0]
        sheet.add(
            "E35",
            first.place,
            f"nobody can be reached: none of the {len(mute)} people who are paged has a way",
            "write reach: {sms: ...} or ids: {pagerduty: ...} under each of them",
            {"person": first.id, "people": [person.id for person in mute], "policy": paged[first.id].id},
        )
        return
    for person in mute:
        sheet.add(
            "E35",
            person.place,
            f"policy {paged[person.id].id} pages {person.name}, whom nobody can reach: there is neither a way nor an id"
            " at a platform",
            "write reach: {sms: ...} or ids: {pagerduty: ...} under them",
            {"person": person.id, "policy": paged[person.id].id},
        )


def _ways(person: Person) -> set[str]:
    return {*person.reach, *person.ids}


def _undelivered(sheet: Sheet, policy: Policy) -> None:
    book = sheet.book
    people = [book.people[one] for one in paged_people(book, policy) if one in book.people]
    people = [person for person in people if _ways(person)]
    missing = [channel for channel in policy.undelivered.via if not any(channel in _ways(p) for p in people)]
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
    via = set(policy.undelivered.via)
    single = [
        person
        for person in people
        if len(_ways(person) & (via | set(_first(person))) if via else _ways(person)) < 2
    ]
    if single:
        sheet.add(
            "W60",
            policy.place,
            f"if a page of policy {policy.id} does not reach {listed(p.id for p in single)}, there is no second way to"
            " them, and nobody is named who is paged instead",
            "write undelivered: {page: MGMT}, or give them a second way",
            {"person": single[0].id, "ways": sorted(_ways(single[0]))},
        )


def _first(person: Person) -> list[str]:
    return [*person.ids, *person.reach][:1]


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


def _heard(sheet: Sheet, say: Say, policy: Policy) -> None:
    book = sheet.book
    ids = dict.fromkeys(person for who in say.to for person in audience(book, who))
    people = [book.people[one] for one in ids if one in book.people]
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
