"""How escalations stand: runs, clocks, pages, and what comes next. All by the evaluator, on the stored case; nothing of
it is carried out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from syncline import escalating
from syncline.escalating import Standing
from syncline.escalation import wording
from syncline.escalation.book import Book, Policy
from syncline.escalation.case import field_facts
from syncline.escalation.clocks import Reading, read_clock
from syncline.escalation.decision import Happened
from syncline.escalation.playing import Moment, play
from syncline.escalation.runs import Run
from syncline.escalation.sitting import Climb, Sitting
from syncline.reconcile import Situation, situations
from syncline.station import Station
from syncline.store import messages, runs
from syncline.store.database import Tx
from syncline.store.messages import Outgoing

HORIZON: Final = timedelta(days=60)
"""So far ahead is looked for what comes next."""
MOST_MOMENTS: Final = 25
"""So many moments ahead is looked for the next one of every run."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """How a clock stands.

    Attributes:
        id: Its id.
        kind: `SLA`, `OLA`, `UC`; empty for `opened` and `raised`.
        calendar: On which it counts.
        state: `not started`, `runs`, `paused`, `stopped`, `pause used up`.
        started_at: When it started, or None.
        elapsed: What has counted.
        paused: For how long it stood still, by the wall clock.
        target: How much time there is, or None.
        breach: When the target is used up if all stays as it is; None: never, or there is none.
        breached: Whether it is used up.
    """

    id: str
    kind: str
    calendar: str
    state: str
    started_at: datetime | None
    elapsed: timedelta
    paused: timedelta
    target: timedelta | None
    breach: datetime | None
    breached: bool


@dataclass(frozen=True, slots=True)
class Coming:
    """What will happen if nobody does anything.

    Attributes:
        at: When.
        due: Whether it is due now, and the daemon has yet to do it.
        texts: What and why, a sentence each.
        people: Ids of whom it pages.
    """

    at: datetime
    due: bool
    texts: tuple[str, ...]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunState:
    """How one escalation stands.

    Attributes:
        run: It.
        state: `active`, `acknowledged`, `stands still`, `ended`.
        reached: The last step that fired: `step 2 (15m)`; empty: none yet.
        waits_for: Ids of people who were paged last and have not answered; `on call: L1` where nobody is.
        clock: Of its policy; None where that is not there any more.
        coming: What comes next for it; None: nothing, as things stand.
    """

    run: Run
    state: str
    reached: str
    waits_for: tuple[str, ...]
    clock: ClockState | None
    coming: Coming | None


@dataclass(frozen=True, slots=True)
class Escalation:
    """How escalation stands for one incident.

    Attributes:
        incident_id: Of which.
        title: Of which.
        digest: Of the policy in force.
        runs: Oldest first, ended ones too.
        clocks: Those with a target that apply to it.
        messages: Pages and other messages, oldest first.
        coming: What comes next of all; None: nothing, as things stand.
        look_again: When the evaluator wants to look again; None: not before something changes.
    """

    incident_id: str
    title: str
    digest: str
    runs: Sequence[RunState]
    clocks: Sequence[ClockState]
    messages: Sequence[Outgoing]
    coming: Coming | None
    look_again: datetime | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store says of an incident and its escalation, read in one transaction.

    Attributes:
        standing: What the evaluator is asked with.
        messages: Oldest first.
        ended: Whether its sync was ended.
    """

    standing: Standing
    messages: Sequence[Outgoing]
    ended: bool


def stored(tx: Tx, station: Station, situation: Situation) -> Stored | None:
    """Read what `escalation_of` works on; None: no policy is in force."""
    kept = situation.kept
    if not situation.links:
        return None
    standing = escalating.standing(tx, station, kept, kept.incident, situation.links)
    if standing is None:
        return None
    return Stored(standing, messages.of_incident(tx, kept.incident.id), kept.unlinked_at is not None)


def escalation_of(read: Stored) -> Escalation:
    """How escalation stands for an incident. Outside any transaction: looking ahead takes its time, and the daemon must
    not wait for it."""
    standing = read.standing
    view = _View(standing)
    moments = () if read.ended else view.ahead()
    return Escalation(
        standing.case.incident.id,
        standing.case.incident.title,
        standing.policies.book.digest,
        [view.run(run, moments) for run in standing.runs],
        view.clocks(),
        read.messages,
        view.coming(moments[0], moments[0].happened) if moments else None,
        standing.decide().look_again,
    )


def escalations(station: Station, ids: Sequence[str]) -> list[Escalation]:
    """How escalation stands for those incidents, in their order. Each is read in a transaction of its own."""
    found = []
    for incident_id in ids:
        read = station.database.transact(partial(_read, station=station, incident_id=incident_id))
        if read is not None:
            found.append(escalation_of(read))
    return found


def _read(tx: Tx, station: Station, incident_id: str) -> Stored | None:
    situation = situations(tx, [incident_id])
    return stored(tx, station, situation[0]) if situation else None


def in_progress(tx: Tx) -> list[str]:
    """The incidents that are being escalated, in the order in which that began."""
    return list(dict.fromkeys(incident_id for incident_id, _ in runs.in_progress(tx)))


class _View:
    """An incident at a moment, as the evaluator sees it."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._policies = standing.policies
        self._case = standing.case
        self._runs = standing.runs
        self._now = standing.now

    # ---- what comes -----------------------------------------------------------------------------

    def ahead(self) -> Sequence[Moment]:
        """The next moments at which something happens, until each active run had one."""
        wanted = {run.id for run in self._runs if run.active}
        seen: list[Moment] = []

        def enough(moment: Moment) -> bool:
            seen.append(moment)
            wanted.difference_update(str(h.data.get("run")) for h in moment.happened)
            told = any(one.happened for one in seen)
            return (told and not wanted) or len(seen) >= MOST_MOMENTS

        play(
            self._policies,
            self._case,
            (),
            self._now + HORIZON,
            since=self._now,
            runs=self._runs,
            memory=self._standing.memory,
            enough=enough,
        )
        return [moment for moment in seen if moment.happened]

    def coming(self, moment: Moment, happened: Sequence[Happened]) -> Coming:
        """That moment, for people."""
        people = [str(name) for h in happened for name in _people(h)]
        return Coming(
            moment.at,
            moment.at <= self._now,
            tuple(h.text for h in happened),
            tuple(dict.fromkeys(people)),
        )

    # ---- how it stands --------------------------------------------------------------------------

    def run(self, run: Run, moments: Sequence[Moment]) -> RunState:
        """How a run stands."""
        found = self._policies.of(run)
        reached = _reached(run, found[1]) if found is not None else ""
        if run.ended_at is not None or found is None:
            return RunState(run, "ended", reached, (), None, None)
        climb = Climb(self._sitting(), *found, run)
        state = self._state(climb)
        own = next(
            (
                self.coming(moment, mine)
                for moment in moments
                if (mine := [h for h in moment.happened if h.data.get("run") == run.id])
            ),
            None,
        )
        waits = self._waits(run, found[1]) if state == "active" else ()
        return RunState(run, state, reached, waits, self._clock(climb.reading), own)

    def _sitting(self) -> Sitting:
        return Sitting(self._policies.book, self._case, self._now, dict(self._case.incident.values))

    @staticmethod
    def _state(climb: Climb) -> str:
        if climb.run.stood_still is not None:
            return "stands still"
        return "acknowledged" if climb.acknowledged is not None else "active"

    def _waits(self, run: Run, policy: Policy) -> tuple[str, ...]:
        """Who was paged last and has not answered; or whom nobody serves now."""
        if run.waiting:
            missing = [who for _, index in sorted(run.waiting) for who in policy.steps[index].page]
            return tuple(dict.fromkeys(f"on call: {who}" for who in missing))
        pages = [page for page in self._case.pages if page.run_id == run.id]
        if not pages:
            return ()
        last = max(page.created_at for page in pages)
        return tuple(
            dict.fromkeys(p.recipient for p in pages if p.created_at == last and p.state != "answered")
        )

    def clocks(self) -> list[ClockState]:
        """The clocks with a target that apply to the incident."""
        book = self._policies.book
        facts = field_facts(book, self._case, self._case.incident.values)
        return [
            self._clock(read_clock(book, clock, self._case, self._began(book, clock.id)))
            for clock in book.clocks.values()
            if clock.target is not None and clock.when.holds(facts)
        ]

    def _began(self, book: Book, clock_id: str) -> datetime | None:
        on = {policy.id for policy in book.policies if policy.clock == clock_id}
        return max((run.started_at for run in self._runs if run.policy in on), default=None)

    def _clock(self, reading: Reading) -> ClockState:
        now, clock = self._now, reading.clock
        paused = sum(
            (
                (min(piece.end, now) if piece.end is not None else now) - piece.start
                for piece in reading.pieces
                if piece.why == "paused" and piece.start < now
            ),
            timedelta(),
        )
        breach = reading.breach
        return ClockState(
            clock.id,
            clock.kind,
            clock.calendar,
            reading.state(now),
            reading.started_at,
            reading.counted(now),
            paused,
            clock.target,
            breach,
            breach is not None and breach <= now,
        )


def _people(happened: Happened) -> Sequence[object]:
    people = happened.data.get("people")
    return people if isinstance(people, list) else ()


def _reached(run: Run, policy: Policy) -> str:
    if run.repetitions_end:
        return f"after the last step, {run.repetitions_end} times"
    fired = [key for key, mark in run.marks.items() if mark.fired and key[1] < len(policy.steps)]
    if not fired:
        return ""
    key = max(fired)
    return f"{wording.occasion(key)} ({wording.when(policy.steps[key[1]])})"
