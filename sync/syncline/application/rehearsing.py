"""A scenario played in virtual time: who would be reached when, and why. By the same evaluator as the daemon's."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from syncline.application.expecting import Checked, check
from syncline.escalation import Policies
from syncline.escalation.book import Book, Clock, Policy, Start
from syncline.escalation.case import Case, Stretch, field_facts
from syncline.escalation.clocks import Reading, read_clock
from syncline.escalation.decision import Happened, Message
from syncline.escalation.playing import Deed, Moment, Played, opened_case, play
from syncline.escalation.recurrence import counted
from syncline.escalation.runs import Run
from syncline.escalation.scenario import Scenario
from syncline.escalation.wording import length
from syncline.model import Incident

INCIDENT: Final = "scenario"
"""The id of the incident that is played."""
ANY_WAY: Final = "any way"
"""Stands for a way to reach people in a policy file that names none at all."""


@dataclass(frozen=True, slots=True)
class Row:
    """Something that happens.

    Attributes:
        at: When, UTC.
        after: Since the opening.
        kind: `opened`, `person` (somebody does something), `clock`, `page`, `message`, or as on the timeline:
            `escalation`, `step`.
        text: What happens, and why.
        who: Ids of the people whom it reaches, or who do it.
        by: By which way each of them is reached, in the same order; `sms (fails)`, `sms (no sign)`.
        policy: Of which policy; empty: of none.
        data: What a program would want to know.
    """

    at: datetime
    after: timedelta
    kind: str
    text: str
    who: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    policy: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How a scenario went.

    Attributes:
        scenario: As it was read.
        policy: The policy file, as the person named it.
        digest: Of its text.
        tz: On whose clock it is told.
        rows: In order.
        checked: Whether what was expected came, in the order of the file.
        assumed: Whether everybody was taken to be reachable, since the policy file says of nobody how.
        cut_off: Whether there was more to come than can be played.
    """

    scenario: Scenario
    policy: str
    digest: str
    tz: ZoneInfo
    rows: Sequence[Row]
    checked: Sequence[Checked]
    assumed: bool
    cut_off: bool

    @property
    def as_expected(self) -> bool:
        """Whether all came as expected."""
        return all(one.holds for one in self.checked)


def rehearse_scenario(book: Book, scenario: Scenario, policy: str) -> Rehearsal:
    """Play a scenario.

    Args:
        book: The policies.
        scenario: Read for that book.
        policy: What the policy file is called.
    """
    at_hand, assumed = _reachable(book)
    opened = _opened(scenario)
    played = play(
        Policies(at_hand),
        opened,
        scenario.deeds,
        scenario.until,
        scenario.fate,
        recount=lambda case: _counted(at_hand, scenario, case),
    )
    told = _Telling(at_hand, scenario, played)
    tz = scenario.tz or next((schedule.tz for schedule in book.schedules.values()), ZoneInfo("UTC"))
    return Rehearsal(
        scenario,
        policy,
        book.digest,
        tz,
        told.rows(),
        check(scenario, played),
        assumed,
        played.cut_off,
    )


def _reachable(book: Book) -> tuple[Book, bool]:
    """The book; where it says of nobody how they are reached, with a way to everybody, and True."""
    if not book.people or any(person.reach or person.ids for person in book.people.values()):
        return book, False
    people = {name: replace(person, reach={ANY_WAY: name}) for name, person in book.people.items()}
    says = {name: replace(say, via=()) for name, say in book.says.items()}
    return replace(book, people=people, says=says), True


def _opened(scenario: Scenario) -> Case:
    pagers = {name: name for name in scenario.pagers}
    return opened_case(INCIDENT, scenario.values, scenario.opened_at, source=scenario.source, pagers=pagers)


def _counted(book: Book, scenario: Scenario, case: Case) -> Case:
    """The case with how often the like of it happened before: what is set after the opening may make it one of them."""
    others = {
        f"earlier {number}": Incident(
            f"earlier {number}", {**earlier.values, "opened_at": earlier.at.isoformat()}
        )
        for number, earlier in enumerate(scenario.earlier, 1)
    }

    def last_run(policy: Policy, _value: object, found: Sequence[str]) -> datetime | None:
        ran = (
            earlier.at
            for name, earlier in zip(others, scenario.earlier, strict=True)
            if policy.id in earlier.ran and name in found
        )
        return max(ran, default=None)

    return counted(book, case, lambda _count, _value: others.values(), last_run)


# ---- telling -----------------------------------------------------------------------------------

_FATES: Final = {"failed": " (fails)", "unknown": " (no sign)"}
_SAYS: Final = re.compile(r"(?:.* says (?P<say>.+)|again .*)\Z")


class _Telling:
    """Makes rows of what was played."""

    def __init__(self, book: Book, scenario: Scenario, played: Played) -> None:
        self._book = book
        self._scenario = scenario
        self._played = played

    def rows(self) -> list[Row]:
        """All, in order. What people do comes before what follows from it, and clocks before both."""
        opened = self._row(self._scenario.opened_at, "opened", _described(self._scenario.values))
        later = [
            *self._clocks(),
            *(row for deed in self._scenario.deeds for row in self._deed(deed)),
            *(row for moment in self._played.moments for row in self._moment(moment)),
        ]
        return [opened, *sorted((row for row in later if row.at <= self._scenario.until), key=_time)]

    def _row(
        self,
        at: datetime,
        kind: str,
        text: str,
        who: Sequence[str] = (),
        by: Sequence[str] = (),
        policy: str = "",
        data: Mapping[str, object] | None = None,
    ) -> Row:
        after = at - self._scenario.opened_at
        return Row(at, after, kind, text, tuple(who), tuple(by), policy, data or {})

    def _deed(self, deed: Deed) -> Iterator[Row]:
        if deed.values:
            text = ", ".join(f"{name}: {_shown(value)}" for name, value in deed.values.items())
            yield self._row(deed.at, "person", f"sets {text}", [deed.by], data={"set": dict(deed.values)})
        if deed.hand is not None:
            reason = f": {deed.hand}" if deed.hand else ""
            yield self._row(
                deed.at, "person", f"raises a hand{reason}", [deed.by], data={"raises": deed.hand}
            )
        if deed.answers is not None:
            got = any(
                at < deed.at
                and m.urgent
                and m.recipient == deed.answers
                and self._scenario.fate(m) == "reached"
                for at, m in self._played.messages
            )
            text = "answers the page" if got else "would answer, and no page has come"
            yield self._row(deed.at, "person", text, [deed.by], data={"answers": got})
        if deed.remarks:
            said = self._scenario.remarks.get((deed.at, deed.by), "")
            yield self._row(deed.at, "person", f"writes: {said}" if said else "writes a comment", [deed.by])

    def _moment(self, moment: Moment) -> Iterator[Row]:
        left = list(moment.messages)
        for happened in moment.happened:
            mine = [message for message in left if _belongs(message, happened)]
            left = [message for message in left if message not in mine]
            yield self._happened(moment.at, happened, mine)
        groups: dict[tuple[str, str], list[Message]] = {}
        for message in left:
            groups.setdefault((message.run_id, message.occasion), []).append(message)
        for messages in groups.values():
            yield self._sent(moment.at, messages)
        told = {str(name) for happened in moment.happened for name in _moved(happened)}
        changes = {name: value for name, value in moment.changes.items() if name not in told}
        if changes:
            text = ", ".join(f"{name}: {_shown(value)}" for name, value in changes.items())
            yield self._row(moment.at, "escalation", f"Syncline sets {text}", data={"changes": changes})

    def _happened(self, at: datetime, happened: Happened, messages: Sequence[Message]) -> Row:
        people = happened.data.get("people")
        named = [str(one) for one in people] if isinstance(people, list) else []
        by = {message.recipient: self._way(message) for message in messages}
        return self._row(
            at,
            happened.kind,
            happened.text,
            named,
            [by.get(one, "no way") for one in named],
            str(happened.data.get("policy", "")),
            {**happened.data, "note": happened.note},
        )

    def _sent(self, at: datetime, messages: Sequence[Message]) -> Row:
        first = messages[0]
        policy = first.run_id.split("/")[1]
        found = _SAYS.match(first.occasion)
        waits = [m.not_before for m in messages if m.not_before is not None]
        later = f" (some after their quiet hours, from {min(waits):%H:%M} UTC)" if waits else ""
        text = f"message: {first.title}{later}" if not first.urgent else f"page for {first.occasion}"
        data: dict[str, object] = {"run": first.run_id, "occasion": first.occasion, "title": first.title}
        if found and found["say"]:
            data["say"] = found["say"]
        kind = "page" if first.urgent else "message"
        who = [message.recipient for message in messages]
        return self._row(at, kind, text, who, [self._way(m) for m in messages], policy, data)

    def _way(self, message: Message) -> str:
        return f"{message.channel}{_FATES.get(self._scenario.fate(message), '')}"

    # ---- clocks ---------------------------------------------------------------------------------

    def _clocks(self) -> Iterator[Row]:
        for clock in self._book.clocks.values():
            if clock.target is None:
                continue
            began: list[datetime | None] = [None]
            if clock.start is Start.RAISED:
                began = [run.started_at for run in self._runs_on(clock)]
            for start in began:
                yield from self._clock(clock, read_clock(self._book, clock, self._played.case, start))

    def _runs_on(self, clock: Clock) -> list[Run]:
        on = {policy.id for policy in self._book.policies if policy.clock == clock.id}
        return [run for run in self._played.runs if run.policy in on]

    def _clock(self, clock: Clock, reading: Reading) -> Iterator[Row]:
        case = self._played.case
        applies = [
            stretch
            for stretch in case.stretches
            if clock.when.holds(field_facts(self._book, case, stretch.values))
        ]
        started = reading.started_at
        if not applies or started is None:
            return
        first = max(started, applies[0].start)
        target = length(clock.target) if clock.target is not None else ""
        before = ""
        for piece in reading.pieces:
            if piece.end is not None and piece.end <= first:
                continue
            at = max(piece.start, first)
            if piece.why != before and self._within(applies, at):
                yield self._clock_row(clock, at, self._sentence(reading, piece.why, before, at, target))
            before = piece.why
        breach = reading.breach
        if breach is not None and breach >= first and self._within(applies, breach):
            yield self._clock_row(clock, breach, f"is BREACHED: its {target} are used up", breach=True)

    @staticmethod
    def _within(applies: Sequence[Stretch], at: datetime) -> bool:
        return any(part.start <= at and (part.end is None or at < part.end) for part in applies)

    @staticmethod
    def _sentence(reading: Reading, why: str, before: str, at: datetime, target: str) -> str:
        counted = length(reading.counted(at))
        if why == "runs":
            since = f", counted from its start {counted} ago" if reading.counted(at) else ""
            return f"runs again, at {counted} of {target}" if before else f"starts: {target}{since}"
        return (
            f"is {why}, at {counted} of {target}"
            if why != "pause used up"
            else (f"runs on, at {counted} of {target}: its longest pause is used up")
        )

    def _clock_row(self, clock: Clock, at: datetime, text: str, *, breach: bool = False) -> Row:
        data: dict[str, object] = {"clock": clock.id, "kind": clock.kind, "breach": breach}
        return self._row(at, "clock", f"{clock.kind} {clock.id} {text}", data=data)


def _time(row: Row) -> tuple[datetime, int]:
    return row.at, {"person": 0, "clock": 1}.get(row.kind, 2)


def _belongs(message: Message, happened: Happened) -> bool:
    """Whether a page is part of what that line tells."""
    data = happened.data
    people = data.get("people")
    if not message.urgent or data.get("run") != message.run_id or not isinstance(people, list):
        return False
    if message.recipient not in people:
        return False
    if "end" in data:
        return message.occasion == f"end {data['end']}"
    again = f" again {data['repetition']}" if "repetition" in data else ""
    step = f"step {data.get('step')}{again}"
    return message.occasion == step or message.occasion.endswith(f" {step}")


def _moved(happened: Happened) -> Sequence[str]:
    """Fields whose change a step tells of in its own sentence."""
    return (
        ("tier", "group")
        if happened.kind == "step" and "moved to" in happened.text
        else (("priority",) if "rule" in happened.data else ())
    )


def _described(values: Mapping[str, object]) -> str:
    known = {name: value for name, value in values.items() if name != "title" and value not in (None, ())}
    said = ", ".join(f"{name}: {_shown(value)}" for name, value in known.items())
    return f"{values.get('title')}; {said}"


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
