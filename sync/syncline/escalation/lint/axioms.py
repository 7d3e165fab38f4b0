"""What is true of every incident of a book, whatever its policies say: names that are functions of others."""

from dataclasses import replace
from itertools import product
from typing import Final

from syncline.escalation.book import Book
from syncline.escalation.conditions import Condition, compiled
from syncline.escalation.conditions.compiling import condition
from syncline.escalation.conditions.tree import Is, Node, Not, Order, Some

_ALWAYS_SO: Final = (
    "reopened and reopens > 0 or not reopened and reopens == 0",
    "ack and since_ack is not none or not ack and since_ack is none",
)
_MATRIX: Final = "impact is none or urgency is none or priority is not none"
_LEVELS: Final = (1, 2, 3)


def with_axioms(book: Book) -> Book:
    """The book, its vocabulary with what the evaluator makes true: an incident is of the tier whose group it is
    assigned to, and has a priority where the matrix gives one."""
    names = book.vocabulary
    found = [compiled(text, names) for text in _ALWAYS_SO]
    cells = product(_LEVELS, _LEVELS)
    if all(cell in book.priority.matrix for cell in cells):
        found.append(compiled(_MATRIX, names))
    return replace(book, vocabulary=replace(names, axioms=(*names.axioms, *found, *_groups(book))))


def _groups(book: Book) -> list[Condition]:
    """`group == "DBA"` goes with `tier == "L2"`."""
    found: dict[str, Condition] = {}
    tiers = book.vocabulary.names["tier"].values
    groups = book.vocabulary.names["group"].values
    for tier in book.tiers.values():
        group = tier.group
        if group is None or tier.hierarchical or group in found:
            continue
        if (tiers and tier.id not in tiers) or (groups and group not in groups):
            continue
        tree: Node = Some((Not(Is("group", Order.EQUAL, group)), Is("tier", Order.EQUAL, tier.id)))
        found[group] = condition(f"{group} is of {tier.id}", tree, book.vocabulary)
    return list(found.values())
