"""From text to a tree: order, nesting, grammar, types. Every fault that can be told is told at once."""

import ast
from collections.abc import Sequence
from typing import Final

from syncline.escalation.conditions.checking import Checker
from syncline.escalation.conditions.faults import ConditionFaults, Fault
from syncline.escalation.conditions.language import (
    DEEPEST,
    LONGEST,
    MOST_FAULTS,
    VALUES,
    Kind,
    Token,
    ends_value,
    tokens,
)
from syncline.escalation.conditions.tree import Node
from syncline.escalation.conditions.vocabulary import Vocabulary

_BRACKETS: Final = {"(": ")", "[": "]"}


def parsed(text: str, vocabulary: Vocabulary) -> Node:
    """What a condition means.

    Raises:
        ConditionFaults: It is not a condition; with all its faults.
    """
    if len(text) > LONGEST:
        message = f"A condition has at most {LONGEST} characters; this one has {len(text)}."
        raise _refusal(text, [Fault(message, LONGEST, 1)])
    found, faults, whole = tokens(text, vocabulary)
    if not found and not faults:
        raise _refusal(text, [Fault("The condition is empty; leave it out, or write true.", 0, 1)])
    structure = _structure(found, len(text)) if whole else None
    if structure is not None and not _told(structure, faults):
        faults.append(structure)
    checker = Checker(found, vocabulary)
    if whole and structure is None:
        node = checker.truth(_grammar(text, checker.spelled, faults))
        if not faults and not checker.faults:
            return node
    else:
        checker.look_up()
    raise _refusal(text, [*faults, *(fault for fault in checker.faults if not _told(fault, faults))])


def _refusal(text: str, faults: Sequence[Fault]) -> ConditionFaults:
    in_order = sorted(faults, key=lambda fault: (fault.offset, -fault.length))
    return ConditionFaults(text, tuple(in_order[:MOST_FAULTS]))


def _told(fault: Fault, others: Sequence[Fault]) -> bool:
    """Whether a fault is only what follows from another one at the same place."""
    return any(
        other.offset < fault.offset + fault.length and fault.offset < other.offset + other.length
        for other in others
    )


def _grammar(text: str, spelled: str, faults: list[Fault]) -> ast.expr:
    try:
        return ast.parse(spelled, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise _refusal(
            text, faults or [Fault("This cannot be read as a condition.", 0, max(1, len(text)))]
        ) from None


def _structure(found: Sequence[Token], end: int) -> Fault | None:
    """The first place at which names, constants, words and brackets cannot follow one another as they do."""
    levels: list[tuple[Token, int]] = []
    depth = pending = 0  # `not`s before the value that is to come
    before: Token | None = None
    for token in found:
        fault = _misplaced(token, before, levels)
        if fault is not None:
            return fault
        if token.kind is Kind.NOT:
            pending += 1
        elif token.kind is Kind.OPEN:
            levels.append((token, pending + 1))
            depth, pending = depth + pending + 1, 0
        elif token.kind is Kind.CLOSE:
            depth -= levels.pop()[1]
        else:
            pending = 0
        if depth + pending > DEEPEST:
            return Fault(f"This is nested more than {DEEPEST} levels deep.", token.offset, token.length)
        before = token
    if before is None or not ends_value(before):
        at = before.offset + before.length if before else 0
        return Fault("Something is missing here: the condition ends too soon.", min(at, max(0, end - 1)), 1)
    if levels:
        bracket = levels[-1][0]
        return Fault(f"This {bracket.plain} is never closed.", bracket.offset, bracket.length)
    return None


def _misplaced(token: Token, before: Token | None, levels: Sequence[tuple[Token, int]]) -> Fault | None:
    bracket = levels[-1][0].plain if levels else ""

    def fault(message: str) -> Fault:
        return Fault(message, token.offset, token.length)

    if token.kind is Kind.CLOSE and _BRACKETS.get(bracket) != token.plain:
        return fault(f"This {token.plain} closes nothing.")
    if before is not None and ends_value(before):
        if token.kind in VALUES:
            return fault("A word is missing before this: and, or, or a comparison.")
        if token.kind is Kind.NOT:
            return fault("Before `not` stands and, or or; after it, here, in.")
        if token.kind is Kind.OPEN:
            what = "A call" if token.plain == "(" else "A part of a value"
            return Fault(
                f"{what} is not part of the language.", before.offset, token.offset + 1 - before.offset
            )
        if token.kind is Kind.COMMA and bracket != "[":
            return fault('A list stands in square brackets: ["a", "b"]; conditions are joined by and, or or.')
        return None
    empty = before is not None and before.plain == "[" and token.plain == "]"
    if token.kind in VALUES or token.kind is Kind.OPEN or empty:
        return None
    if token.kind is Kind.NOT:
        if before is not None and before.kind is Kind.COMPARE:
            return fault("A comparison has a name or a constant on each side, not another condition.")
        return None
    return fault(f"A name or a constant is missing before this {token.plain}.")
