"""Incidents that happen again and again: which earlier ones count with one."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from syncline.escalation.book import Book, Recurrence
from syncline.escalation.case import Case, field_facts, instant_of
from syncline.escalation.conditions import Type
from syncline.model import Incident

_WORKED_OUT: Final = frozenset({"tier", "status", "source"})
"""Facts that are not just what a field says."""


def subject(book: Book, case: Case, count: Recurrence) -> object | None:
    """What this incident may share with others; None: it does not count itself."""
    facts = field_facts(book, case, case.incident.values)
    return facts.get(count.same) if count.of.holds(facts) else None


def told_by_value(book: Book, count: Recurrence) -> bool:
    """Whether incidents that share what is counted have its very text in one of their fields."""
    return book.vocabulary.names[count.same].type is Type.TEXT and count.same not in _WORKED_OUT


def alike(book: Book, case: Case, count: Recurrence, others: Iterable[Incident]) -> list[str] | None:
    """The ids of those incidents that count with this one; None: this one does not count itself.

    Args:
        book: In force.
        case: The incident.
        count: What counts.
        others: Some of them may be too old, or the incident itself.
    """
    value = subject(book, case, count)
    if value is None:
        return None
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
