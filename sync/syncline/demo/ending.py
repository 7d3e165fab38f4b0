"""The ending: wait until all is quiet and agreed, and look a second time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from syncline.demo.cherwell import CherwellSide
from syncline.demo.emergencies import Emergencies
from syncline.demo.equivalence import SIDES, TITLES
from syncline.demo.helix import HelixSide
from syncline.demo.oracle import Findings, Oracle, World
from syncline.demo.pager import PageFindings
from syncline.demo.people import everybody
from syncline.demo.play import Play
from syncline.demo.records import Records
from syncline.demo.traffic import Traffic

QUIET: Final = 4.0
"""Seconds without a write of ours after which a look at everything is worth while: Jira's search alone is two late."""
_EVERY: Final = 0.5
_SECOND_LOOK: Final = 30.0


@dataclass(slots=True)
class Ending:
    """How it ended.

    Attributes:
        findings: Of the last look.
        quiet: Seconds without a write at the end.
        second_look: Records that were read again in the end, and writes that followed from it.
        stopped: The daemon's exit code at the end, and the seconds until it had ended.
        conflicts: On record.
        parked: What waits for a person, a sentence each.
        settled_after: Seconds from the last edit to agreement.
        pages: What came of the emergencies; None: there were none.
        places: By which keys the first incident goes on each platform.
    """

    findings: Findings
    quiet: float = 0.0
    second_look: tuple[int, int] = (0, 0)
    stopped: tuple[int, float] = (0, 0.0)
    conflicts: int = 0
    parked: list[str] = field(default_factory=list)
    settled_after: float = 0.0
    pages: PageFindings | None = None
    places: str = ""


@dataclass(slots=True)
class Finale:
    """Brings the demo to its end.

    Attributes:
        play: The people.
        traffic: The platforms' logs of requests.
        records: Syncline's own.
        say: Told what is waited for.
        emergencies: What called people; None: nothing did.
    """

    play: Play
    traffic: Traffic
    records: Records
    say: Callable[[str], None]
    emergencies: Emergencies | None = None
    _pages: PageFindings | None = None
    _places: str = ""

    def run(self, patience: float) -> Ending:
        """Wait for agreement, at most until nothing has moved for `patience` seconds; then look a second time."""
        begun = self.play.clock.monotonic()
        findings = self._settle(patience)
        settled = self.play.clock.monotonic() - begun
        quiet = self._quiet()
        second = self._second_look()
        code, seconds = self.play.stage.stop_daemon()
        if second[1] or self.emergencies is not None:
            findings = self.judge()
        conflicts, _ = self.records.counts()
        waiting = self.records.waiting()
        return Ending(
            findings, quiet, second, (code, seconds), conflicts, waiting, settled, self._pages, self._places
        )

    def judge(self) -> Findings:
        """What the oracle says now."""
        sides = self.play.stage.sides
        world: World = {name: sides[name].census() for name in SIDES}
        self._places = _places(world, self.play.stage.script.cases())
        self.traffic.follow()
        self.records.forget()
        oracle = Oracle(self.play.stage.script, everybody(list(sides.values())), self._wrote_between)
        if self.emergencies is not None:
            self._pages = self.emergencies.judge(world)
        return oracle.judge(world, self.records.conflicts_of)

    def _wrote_between(self, side: str, record: str, start: datetime, end: datetime) -> bool:
        """Whether we wrote to that record in that time. At Helix a write names the entry behind an incident, at Cherwell nothing."""
        platform = self.play.stage.sides[side]
        if isinstance(platform, CherwellSide):
            return platform.wrote_between(record, start, end)
        named = platform.entry(record) if isinstance(platform, HelixSide) else record
        return self.traffic.wrote_between(side, named, start, end)

    def _open_question(self, findings: Findings) -> str:
        """What is not as it should be yet; empty: nothing."""
        if not findings.sound:
            return first_of(findings.open_questions())
        if self.emergencies is not None and not self.emergencies.over:
            return "somebody is called, and nobody has come"
        return first_of(self._pages.open_questions()) if self._pages is not None else ""

    def _quiet(self) -> float:
        self.traffic.follow()
        last = self.traffic.last_write()
        return 0.0 if last is None else (self.play.clock.now() - last).total_seconds()

    def _settle(self, patience: float) -> Findings:
        findings: Findings | None = None
        judged_at = -1
        still = self.play.clock.monotonic()
        writes = -1
        while True:
            self.play.stage.check_daemon()
            quiet = self._quiet()
            if self.traffic.writes != writes:
                writes, still = self.traffic.writes, self.play.clock.monotonic()
            if quiet >= QUIET and (judged_at != writes or findings is None):
                findings = self.judge()
                # What people are told leaves no write on a platform: it is looked at again in any case.
                judged_at = -1 if findings.sound else writes
                question = self._open_question(findings)
                if not question:
                    return findings
                self.say(f"not yet: {question}")
            if self.play.clock.monotonic() - still > patience:
                return self.judge()
            self.play.pause(_EVERY)

    def _second_look(self) -> tuple[int, int]:
        """Start the daemon anew, have it read every linked record again, and count what it writes: nothing, if all agrees."""
        stage, play = self.play.stage, self.play
        self.say("a second look: every record is read again")
        stage.stop_daemon()
        self.traffic.follow()
        writes = self.traffic.writes
        started = play.clock.now()
        every = {f"SYNCLINE_{name.upper()}_SWEEP_EVERY": "1" for name in SIDES}
        stage.start_daemon(**every)

        def swept() -> bool:
            self.traffic.follow()
            status = self.records.application.status()
            return all(i.swept_at is not None and i.swept_at > started for i in status.instances)

        play.until(swept, _SECOND_LOOK + len(stage.script.cases()) / 20)
        play.pause(QUIET)
        self.traffic.follow()
        records = sum(
            i.records
            for i in self.records.application.status().instances
            if i.swept_at is not None and i.swept_at > started
        )
        return records, self.traffic.writes - writes


def _places(world: World, cases: Sequence[str]) -> str:
    found = [ticket for tickets in world.values() for ticket in tickets if ticket.case in cases[:1]]
    return ", ".join(f"{TITLES[ticket.side]} {ticket.key}" for ticket in found)


def first_of(lines: list[str]) -> str:
    """The first of them, and how many there are besides; empty where there is none."""
    return "" if not lines else lines[0] + (f" (and {len(lines) - 1} more)" if len(lines) > 1 else "")
