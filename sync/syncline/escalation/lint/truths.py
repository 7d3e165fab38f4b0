"""Conditions that can never hold, or that always do."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from syncline.escalation.book import Start
from syncline.escalation.conditions import Condition, always_true
from syncline.escalation.conditions.tree import Null, leaves
from syncline.escalation.lint.sheet import Sheet, listed
from syncline.escalation.roster import Place


@dataclass(frozen=True, slots=True)
class _Stands:
    """A condition, where it stands, what it does there, and whether only open incidents come to it."""

    condition: Condition
    place: Place
    what: str
    open_only: bool = False
    may_be_true: bool = False


def check_truths(sheet: Sheet) -> None:
    """E02 and W03 for every condition of the book."""
    for one in _conditions(sheet):
        about = f"whether {one.what}, `{one.condition.text}`, can be true"
        if sheet.never(one.place, about, one.condition):
            sheet.add(
                "E02",
                one.place,
                f"{one.what} can never be true: `{one.condition.text}`",
                "correct the condition, or delete what depends on it",
                _contradiction(one.condition),
            )
        elif one.open_only and sheet.never(one.place, about, one.condition, sheet.open):
            sheet.add(
                "E02",
                one.place,
                f"{one.what} is true only of incidents that are over, and nothing is escalated for those:"
                f" `{one.condition.text}`",
                "leave out the status, or name one of an open incident",
                _contradiction(one.condition),
            )
        elif not (one.may_be_true and one.condition.text.strip() == "true"):
            _always(sheet, one)


def _always(sheet: Sheet, one: _Stands) -> None:
    verdict = always_true(one.condition, sheet.book.vocabulary)
    if verdict.decided and verdict.holds:
        sheet.add(
            "W03",
            one.place,
            f"{one.what} is always true: `{one.condition.text}`",
            "leave the condition out if that is meant, else correct it",
            {"incident": "every one"},
        )
    elif _always_if_known(sheet, one.condition):
        names = sorted(one.condition.names)
        sheet.add(
            "W03",
            one.place,
            f"{one.what} is true of every incident of which {listed(names)} is known: `{one.condition.text}`",
            f"write {names[0]} is not none if that is meant, else correct the condition",
            {"incident": {names[0]: "any, if known"}},
        )


def _always_if_known(sheet: Sheet, condition: Condition) -> bool:
    """Whether it says no more than that its names are known, without asking for that."""
    if any(isinstance(test, Null) for test in leaves(condition.tree)):
        return False
    known = sheet.book.vocabulary.names
    certain = [replace(known[name], nullable=False) for name in sorted(condition.names)]
    verdict = always_true(condition, sheet.book.vocabulary.extended(certain))
    return verdict.decided and verdict.holds


def _contradiction(condition: Condition) -> dict[str, object]:
    return {"condition": condition.text, "incident": "none"}


def _conditions(sheet: Sheet) -> Iterator[_Stands]:
    book = sheet.book
    for clock in book.clocks.values():
        if clock.target is None:
            continue
        name = f"clock {clock.id}"
        yield _Stands(clock.when, clock.place, f"`when` of {name}", may_be_true=True)
        if not isinstance(clock.start, Start):
            yield _Stands(clock.start, clock.place, f"`start` of {name}")
        yield _Stands(clock.stop, clock.place, f"`stop` of {name}")
        if clock.pause is not None:
            yield _Stands(clock.pause, clock.place, f"`pause` of {name}")
    for number, rule in enumerate(book.priority.raises, 1):
        yield _Stands(rule.when, rule.place, f"`when` of raise {number}")
    for policy in book.policies:
        name = f"policy {policy.id}"
        yield _Stands(policy.when, policy.place, f"`when` of {name}", open_only=True, may_be_true=True)
        if policy.count is not None:
            yield _Stands(policy.count.of, policy.place, f"`count.of` of {name}", may_be_true=True)
        for number, step in enumerate(policy.steps, 1):
            if step.when is not None:
                yield _Stands(step.when, step.place, f"`if` of step {number} of {name}")
        if policy.end is not None and policy.end.when is not None:
            yield _Stands(policy.end.when, policy.end.place, f"`if` of the end of {name}")
