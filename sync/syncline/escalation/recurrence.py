"""Incidents that happen again and again: which earlier ones count with one."""

from collections.abc import Iterable
from datetime import UTC, datetime

from syncline.escalation.book import Book, Recurrence
from syncline.escalation.case import Case, field_facts
from syncline.model import Incident


def alike(book: Book, case: Case, count: Recurrence, others: Iterable[Incident]) -> list[str] | None:
    """The ids of those incidents that count with this one; None: this one does not count itself.

    Args:
        book: In force.
        case: The incident.
        count: What counts.
        others: Some of them may be too old, or the incident itself.
    """
    facts = field_facts(book, case, case.incident.values)
    value = facts.get(count.same)
    if value is None or not count.of.holds(facts):
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
    opened = other["opened_at"]
    if not isinstance(opened, str):
        return True
    at = datetime.fromisoformat(opened)
    return since <= (at if at.tzinfo is not None else at.replace(tzinfo=UTC)) <= until
