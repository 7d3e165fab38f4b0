"""Incidents that happen again and again: which earlier ones count with one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from syncline.escalation.book import Book, Policy, Recurrence, Trigger
from syncline.escalation.case import Case, field_facts, instant_of
from syncline.escalation.conditions import Type
from syncline.model import Incident

_WORKED_OUT: Final = frozenset({"tier", "status", "source"})
"""Facts that are not just what a field says."""


def counted(
    book: Book,
    case: Case,
    earlier: Callable[[Recurrence, object], Iterable[Incident]],
    last_run: Callable[[Policy, object, Sequence[str]], datetime | None],
) -> Case:
    """The case with what counts together with it, for each policy whose incidents it is one of.

    Args:
        book: In force.
        case: The incident.
        earlier: Incidents among which those lie that share a value; some may be too old, or the incident itself.
        last_run: When a policy last ran for that value, or for one of those incidents; None: it did not.
    """
    counts: dict[str, int] = {}
    related: dict[str, list[str]] = {}
    last: dict[str, datetime] = {}
    for policy in book.policies:
        count = policy.count
        if policy.trigger is not Trigger.RECUR or count is None:
            continue
        value = _subject(book, case, count)
        if value is None:
            continue
        found = _alike(book, case, count, value, earlier(count, value))
        counts[policy.id], related[policy.id] = len(found) + 1, found
        at = last_run(policy, value, found) if policy.guard.once_per is not None else None
        if at is not None:
            last[policy.id] = at
    return replace(case, recurrences=counts, related=related, last_runs=last) if counts else case


def _subject(book: Book, case: Case, count: Recurrence) -> object | None:
    """What this incident may share with others; None: it does not count itself."""
    facts = field_facts(book, case, case.incident.values)
    return facts.get(count.same) if count.of.holds(facts) else None


def told_by_value(book: Book, count: Recurrence) -> bool:
    """Whether incidents that share what is counted have its very text in one of their fields."""
    return book.vocabulary.names[count.same].type is Type.TEXT and count.same not in _WORKED_OUT


def _alike(book: Book, case: Case, count: Recurrence, value: object, others: Iterable[Incident]) -> list[str]:
    """The ids of those incidents that count with this one."""
    since = case.opened_at - count.within
    found = []
    for other in others:
        known = field_facts(book, case, other.values)
        if (
            other.id != case.incident.id
            and known.get(count.same) == value
            and count.of.holds(known)
            and _opened_within(other, since, case.opened_at)
        ):
            found.append(other.id)
    return found


def _opened_within(other: Incident, since: datetime, until: datetime) -> bool:
    """Whether it was opened then; one that does not say is taken to be."""
    at = instant_of(other["opened_at"])
    return at is None or since <= at <= until
