"""What all checks work on: the book, the stretch of time, what was found, and questions about conditions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from syncline.escalation.book import Book, Policy, Trigger
from syncline.escalation.conditions import Condition, Type, Verdict, Vocabulary, compiled, satisfiable
from syncline.escalation.conditions.compiling import condition as made
from syncline.escalation.conditions.tree import (
    All,
    Among,
    Has,
    Is,
    Node,
    Not,
    Null,
    Pair,
    Some,
    Truth,
)
from syncline.escalation.lint.codes import severity
from syncline.escalation.lint.finding import Finding, LiveNames
from syncline.escalation.roster import NOWHERE, Place, Span
from syncline.mapping.durations import said

PERSON: Final = "person:"
BY_STATE: Final = frozenset({Trigger.STATE, Trigger.TIME})
_THEN: Final = "_then"
_MOST_LISTED: Final = 6
_MOST_DOUBTS: Final = 3


class Sheet:
    """One lint of one book.

    Attributes:
        book: Under the lens.
        span: The stretch of time that is looked at.
        live: What is known of the live platforms.
        policies_place: Where the list of policies stands; not known: nowhere.
        findings: So far.
        open: The condition `not resolved`: escalations are about open incidents only.
        acknowledged: The condition `ack`.
        holding: Policy to the tiers that may hold an incident when it begins, as far as they were asked for.
    """

    def __init__(
        self, book: Book, span: Span, file: str, live: LiveNames | None, policies_place: Place = NOWHERE
    ) -> None:
        self.book = book
        self.span = span
        self.policies_place = policies_place
        self.live = live or LiveNames()
        self.findings: list[Finding] = []
        self.open = compiled("not resolved", book.vocabulary)
        self.acknowledged = compiled("ack", book.vocabulary)
        self.holding: dict[str, list[str | None]] = {}
        self._verdicts: dict[tuple[object, ...], Verdict] = {}
        self._file = file
        self._undecided: dict[Place, list[str]] = {}

    def add(
        self,
        code: str,
        place: Place,
        message: str,
        mend: str = "",
        witness: Mapping[str, object] | None = None,
    ) -> None:
        """Put down a finding."""
        self.findings.append(
            Finding(
                code, severity(code), place.line, place.column, message, dict(witness or {}), mend, self._file
            )
        )

    # -- conditions --------------------------------------------------------------------------------

    def example(
        self,
        place: Place,
        about: str,
        *wanted: Condition,
        without: Sequence[Condition] = (),
        vocabulary: Vocabulary | None = None,
    ) -> tuple[bool | None, dict[str, object]]:
        """Whether there can be an incident for which all of `wanted` and none of `without` holds, and its fields.

        None where it cannot be decided, which `doubts` puts down.
        """
        vocabulary = vocabulary or self.book.vocabulary
        verdict = self._verdict(wanted, without, vocabulary)
        if not verdict.decided:
            self._doubt(place, about)
            return None, {}
        asked = {name for condition in (*wanted, *without) for name in condition.names}
        facts = {name: fact for name, fact in (verdict.witness or {}).items() if name in asked}
        return verdict.holds, self.incident(facts, vocabulary)

    def _verdict(
        self, wanted: Sequence[Condition], without: Sequence[Condition], vocabulary: Vocabulary
    ) -> Verdict:
        # Conditions are equal if they are written alike; those of a later moment are known by their vocabulary.
        key = tuple(wanted), tuple(without), len(vocabulary.names), *sorted(_later_names(vocabulary))
        found = self._verdicts.get(key)
        if found is None:
            found = self._verdicts[key] = satisfiable(*wanted, vocabulary=vocabulary, without=without)
        return found

    def never(self, place: Place, about: str, *wanted: Condition, without: Sequence[Condition] = ()) -> bool:
        """Whether there can surely be no such incident."""
        return self.example(place, about, *wanted, without=without)[0] is False

    def _doubt(self, place: Place, about: str) -> None:
        questions = self._undecided.setdefault(place, [])
        if about not in questions:
            questions.append(about)

    def doubts(self) -> None:
        """Put down what could not be decided: one finding for each place."""
        for place, questions in self._undecided.items():
            self.add(
                "W29",
                place,
                f"undecided: {'; '.join(questions[:_MOST_DOUBTS])}. The conditions tell too many cases apart to look at all"
                " of them",
                "make the conditions shorter, or check this by hand",
                {"questions": len(questions)},
            )

    def incident(
        self, facts: Mapping[str, object], vocabulary: Vocabulary | None = None
    ) -> dict[str, object]:
        """Facts as people read them: durations as `31m`, names of a later moment by their own."""
        names = (vocabulary or self.book.vocabulary).names
        found: dict[str, object] = {}
        for name, fact in facts.items():
            shown = fact
            if (
                isinstance(fact, int | float)
                and not isinstance(fact, bool)
                and names[name].type is Type.DURATION
            ):
                shown = said(timedelta(seconds=round(fact))) if fact >= 1 else "0s"
            elif isinstance(fact, frozenset | tuple):
                shown = sorted(fact)
            found[f"{name.removesuffix(_THEN)} later" if name.endswith(_THEN) else name] = shown
        return found

    def later(self, condition: Condition, names: Iterable[str]) -> tuple[Condition, Vocabulary]:
        """The condition about a later moment, at which those names may have other values than before; and the
        vocabulary that knows both."""
        changed = frozenset(names) & condition.names
        if not changed:
            return condition, self.book.vocabulary
        known = self.book.vocabulary.names
        vocabulary = self.book.vocabulary.extended(
            [replace(known[name], name=name + _THEN) for name in sorted(changed)]
        )
        return made(condition.text, _renamed(condition.tree, changed), vocabulary), vocabulary

    # -- words -------------------------------------------------------------------------------------

    @property
    def alarms(self) -> list[Policy]:
        """The policies that start by themselves from the state of an incident."""
        return [policy for policy in self.book.policies if policy.trigger in BY_STATE]


def _later_names(vocabulary: Vocabulary) -> list[str]:
    return [name for name in vocabulary.names if name.endswith(_THEN)]


def _renamed(node: Node, names: frozenset[str]) -> Node:
    def called(name: str) -> str:
        return name + _THEN if name in names else name

    match node:
        case Not(part):
            return Not(_renamed(part, names))
        case All(parts):
            return All(tuple(_renamed(part, names) for part in parts))
        case Some(parts):
            return Some(tuple(_renamed(part, names) for part in parts))
        case Pair(left, order, right):
            return Pair(called(left), order, called(right))
        case Truth():
            return node
        case Null() | Is() | Among() | Has():
            return replace(node, name=called(node.name))


def hour(at: datetime, tz: ZoneInfo) -> str:
    """An hour on the local clock and in UTC: `Sat 2026-12-26 18:00 Europe/Paris (17:00 UTC)`."""
    local, world = at.astimezone(tz), at.astimezone(UTC)
    day = f"{world:%Y-%m-%d} " if world.date() != local.date() else ""
    return f"{_weekday(local)} {local:%Y-%m-%d %H:%M} {tz.key} ({day}{world:%H:%M} UTC)"


def _weekday(at: datetime) -> str:
    return ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[at.weekday()]


def long(span: timedelta) -> str:
    """A length of time for people: `90m`, `238h`, `3d 4h`."""
    minutes = round(span.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    days, rest = divmod(hours, 24)
    if days >= 3:
        return f"{days}d{f' {rest}h' if rest else ''}"
    return f"{hours}h{f' {minutes}m' if minutes else ''}"


def listed(names: Iterable[str]) -> str:
    """`a, b and c`; of many only the first."""
    every = list(names)
    if len(every) > _MOST_LISTED:
        return f"{', '.join(every[:_MOST_LISTED])} and {len(every) - _MOST_LISTED} more"
    return " and ".join((", ".join(every[:-1]), every[-1])) if len(every) > 1 else "".join(every)
