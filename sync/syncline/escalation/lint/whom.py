"""Whom policies page: their targets, in every case that may come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from syncline.escalation.book import Book, Policy
from syncline.escalation.conditions import Condition, satisfiable
from syncline.escalation.conditions.compiling import condition as made
from syncline.escalation.conditions.tree import Is, Null, Order
from syncline.escalation.lint.sheet import BY_STATE, PERSON, Sheet
from syncline.escalation.roster import Place

NEXT: Final = "next"
MANAGER: Final = "manager"


@dataclass(frozen=True, slots=True)
class Paging:
    """One place of a policy that pages.

    Attributes:
        policy: Which.
        what: `step 2`, `the end`, `undelivered`.
        targets: As written.
        place: Where it stands.
        step: Its index; the number of steps for the end, -1 for others.
    """

    policy: Policy
    what: str
    targets: tuple[str, ...]
    place: Place
    step: int


def pagings(policy: Policy) -> list[Paging]:
    """All places of a policy that page somebody."""
    found = [
        Paging(policy, f"step {number + 1}", step.page, step.place, number)
        for number, step in enumerate(policy.steps)
        if step.page
    ]
    if policy.end is not None and policy.end.page:
        found.append(Paging(policy, "the end", policy.end.page, policy.end.place, len(policy.steps)))
    if policy.undelivered.page:
        found.append(Paging(policy, "undelivered", policy.undelivered.page, policy.place, -1))
    if policy.nobody.startswith(PERSON):
        found.append(Paging(policy, "nobody", (policy.nobody,), policy.place, -1))
    return found


def holding(sheet: Sheet, policy: Policy) -> list[str | None]:
    """The tiers that may hold an incident when the policy begins; None is an incident without a tier."""
    found = sheet.holding.get(policy.id)
    if found is None:
        tiers: list[str | None] = [tier.id for tier in sheet.book.tiers.values() if not tier.hierarchical]
        found = [tier for tier in [*tiers, None] if _possible(sheet.book, policy, tier)]
        sheet.holding[policy.id] = found
    return found


def _possible(book: Book, policy: Policy, tier: str | None) -> bool:
    """Whether the policy may begin for an incident of that tier; yes where that is undecided."""
    if (
        tier is not None
        and book.vocabulary.names["tier"].values
        and tier not in book.vocabulary.names["tier"].values
    ):
        return False
    if not policy.when.names & {"tier", "group"}:
        return True
    tree = Null("tier") if tier is None else Is("tier", Order.EQUAL, tier)
    held: Condition = made(f"tier == {tier}", tree, book.vocabulary)
    verdict = satisfiable(policy.when, held, vocabulary=book.vocabulary)
    return verdict.holds or not verdict.decided


def tiers_at(sheet: Sheet, policy: Policy) -> Iterator[list[str | None]]:
    """For each tier that may hold the incident when the policy begins: the tier that holds it at each step, and at
    the end, as far as the policy's own moves go. One case only where none of its targets depends on the tier."""
    book = sheet.book
    depends = any({NEXT, MANAGER} & set(paging.targets) for paging in pagings(policy))
    for tier in holding(sheet, policy) if depends else [None]:
        held: list[str | None] = []
        now = tier
        for step in policy.steps:
            held.append(now)
            if step.move:
                now = moved_to(book, step.page, now) or now
        yield [*held, now]


def moved_to(book: Book, targets: Sequence[str], tier: str | None) -> str | None:
    """The tier to which a record of that tier moves; None: to none."""
    for target in targets:
        named = above(book, tier) if target == NEXT else target
        if named is not None and named in book.tiers and not book.tiers[named].hierarchical:
            return named
    return None


def above(book: Book, tier: str | None) -> str | None:
    """What `next` stands for: the tier above, or the lowest one for an incident without a tier."""
    if tier is not None and tier in book.tiers:
        return book.tiers[tier].next
    uppers = {one.next for one in book.tiers.values()}
    return next(
        (one.id for one in book.tiers.values() if one.id not in uppers and not one.hierarchical), None
    )


def parties(book: Book, targets: Sequence[str], tier: str | None) -> tuple[str, ...]:
    """Schedules and `person:<id>` behind targets, for an incident of that tier; `manager` is left out."""
    found: dict[str, None] = {}
    for target in targets:
        named = above(book, tier) if target == NEXT else target
        if named is None or named == MANAGER:
            continue
        found.update(dict.fromkeys(book.tiers[named].who if named in book.tiers else (named,)))
    return tuple(found)


def audience(book: Book, word: str) -> tuple[str, ...]:
    """Everybody who may stand behind a tier, an audience, a schedule or `person:<id>`; a tier goes before a schedule of
    the same name."""
    if word in book.tiers:
        return _all(book, book.tiers[word].who)
    if word in book.audiences:
        return tuple(
            dict.fromkeys(person for one in book.audiences[word] for person in _behind(book, one, None))
        )
    return members(book, word)


def members(book: Book, party: str) -> tuple[str, ...]:
    """Everybody who may stand behind a schedule or `person:<id>`, backfills included."""
    if party.startswith(PERSON):
        return (party.removeprefix(PERSON),)
    found: dict[str, None] = {}
    seen: set[str] = set()
    schedule = book.schedules.get(party)
    while schedule is not None and schedule.id not in seen:
        seen.add(schedule.id)
        for layer in schedule.layers:
            found.update(dict.fromkeys(layer.rotate))
        found.update(dict.fromkeys(override.who for override in schedule.overrides))
        schedule = book.schedules.get(schedule.backfill) if schedule.backfill else None
    return tuple(found)


def _all(book: Book, parties_: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(person for party in parties_ for person in members(book, party)))


def paged_people(sheet: Sheet, policy: Policy) -> tuple[str, ...]:
    """Everybody whom the policy may page."""
    book = sheet.book
    found: dict[str, None] = {}
    for paging in pagings(policy):
        for target in paging.targets:
            for tier in {row[paging.step]: None for row in tiers_at(sheet, policy)}:
                found.update(dict.fromkeys(_behind(book, target, tier)))
    return tuple(found)


def _behind(book: Book, target: str, tier: str | None) -> tuple[str, ...]:
    if target != MANAGER:
        return _all(book, parties(book, (target,), tier))
    people = audience(book, tier) if tier is not None and tier in book.tiers else ()
    managers = (book.people[person].manager for person in people if person in book.people)
    return tuple(dict.fromkeys(manager for manager in managers if manager is not None))


def by_state(policy: Policy) -> bool:
    """Whether it starts by itself from the state of the incident, and ends when that state does."""
    return policy.trigger in BY_STATE
