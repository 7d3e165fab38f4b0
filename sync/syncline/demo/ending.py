"""The ending: wait until all is quiet and agreed, look a second time, and put down what was claimed and what holds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from syncline.demo.equivalence import SIDES, TITLES
from syncline.demo.oracle import Findings, Oracle, World
from syncline.demo.people import everybody
from syncline.demo.play import Play
from syncline.demo.records import Records
from syncline.demo.script import CREATE, FILE, INTERNAL, REMARKS
from syncline.demo.traffic import Traffic

QUIET: Final = 4.0
"""Seconds without a write of ours after which a look at everything is worth while: Jira's search alone is two late."""
_EVERY: Final = 0.5
_SECOND_LOOK: Final = 30.0


@dataclass(frozen=True, slots=True)
class Claim:
    """One line of the closing table.

    Attributes:
        claim: What was promised.
        holds: Whether it does.
        evidence: By what that was found.
    """

    claim: str
    holds: bool
    evidence: str


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
    """

    findings: Findings
    quiet: float = 0.0
    second_look: tuple[int, int] = (0, 0)
    stopped: tuple[int, float] = (0, 0.0)
    conflicts: int = 0
    parked: list[str] = field(default_factory=list)
    settled_after: float = 0.0


@dataclass(slots=True)
class Finale:
    """Brings the demo to its end.

    Attributes:
        play: The people.
        traffic: The platforms' logs of requests.
        records: Syncline's own.
        say: Told what is waited for.
    """

    play: Play
    traffic: Traffic
    records: Records
    say: Callable[[str], None]

    def run(self, patience: float) -> Ending:
        """Wait for agreement, at most until nothing has moved for `patience` seconds; then look a second time."""
        begun = self.play.clock.monotonic()
        findings = self._settle(patience)
        settled = self.play.clock.monotonic() - begun
        quiet = self._quiet()
        second = self._second_look()
        if second[1]:
            findings = self.judge()
        code, seconds = self.play.stage.stop_daemon()
        conflicts, _ = self.records.counts()
        return Ending(findings, quiet, second, (code, seconds), conflicts, self.records.waiting(), settled)

    def judge(self) -> Findings:
        """What the oracle says now."""
        sides = self.play.stage.sides
        world: World = {name: sides[name].census() for name in SIDES}
        self.traffic.follow()
        self.records.forget()
        oracle = Oracle(self.play.stage.script, everybody(list(sides.values())), self.traffic.wrote_between)
        return oracle.judge(world, self.records.conflicts_of)

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
                findings, judged_at = self.judge(), writes
                if findings.sound:
                    return findings
                self.say(_open_questions(findings))
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


def _open_questions(findings: Findings) -> str:
    return f"not yet: {_first(findings.open_questions())}"


def claims(
    play: Play, traffic: Traffic, ending: Ending, reached: tuple[int, int] | None = None
) -> list[Claim]:
    """The claims, each with what was found."""
    script, found = play.stage.script, ending.findings
    opened = len(script.cases())
    by_side = {side: sum(1 for e in script.edits if e.what == CREATE and e.side == side) for side in SIDES}
    remarks = sum(1 for e in script.edits if e.what in REMARKS)
    internal = sum(1 for e in script.edits if e.what == INTERNAL)
    files = sum(1 for e in script.edits if e.what == FILE)
    fields = found.final + found.replaced + found.recorded + len(found.lost)
    began = ", ".join(f"{n} began on {TITLES[side]}" for side, n in by_side.items() if n)
    table = [
        Claim(
            "Every incident stands on every platform",
            not found.missing,
            _first(found.missing) or f"{opened} incidents ({began}), {opened * len(SIDES)} records",
        ),
        Claim(
            "Nothing was created twice",
            not (found.duplicates or found.strays),
            _first([*found.duplicates, *found.strays])
            or "counted by our markers and by the titles that people gave",
        ),
        Claim(
            "All records of an incident agree, field by field",
            not found.differences,
            _first(found.differences) or f"{found.compared} fields compared",
        ),
        Claim(
            "No edit was lost",
            not found.lost,
            _first(found.lost)
            or f"{fields} edits of fields: {found.final} stand, {found.replaced} were replaced by people who saw them,"
            f" {found.recorded} lost a conflict that is on record",
        ),
    ]
    if remarks or files:
        table += [
            Claim(
                "Every comment, note and file is everywhere once",
                not (found.lost_items or found.duplicate_items),
                _first([*found.lost_items, *found.duplicate_items])
                or f"{remarks} comments and notes and {files} files, looked for in {found.copies} places",
            ),
            Claim(
                "Internal notes stay internal",
                not found.leaked,
                _first(found.leaked) or f"{internal} internal notes, none of which a customer can read",
            ),
        ]
    return table + _running(play, traffic, ending, reached)


def _running(play: Play, traffic: Traffic, ending: Ending, reached: tuple[int, int] | None) -> list[Claim]:
    script = play.stage.script
    table: list[Claim] = []
    if reached is not None and script.kinds("outage"):
        table.append(
            Claim(
                "A platform that is down holds up no other",
                reached[0] == reached[1],
                f"while PagerDuty was down, {reached[0]} of {reached[1]} edits at ServiceNow were seen in Jira",
            )
        )
    if script.kinds("faults"):
        kinds = sum(
            (seen.faults for seen in traffic.seen.values()), start=type(traffic.seen["snow"].faults)()
        )
        told = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in kinds.most_common())
        table.append(
            Claim(
                "Faults of the platforms neither lose nor double anything",
                ending.findings.sound,
                f"{kinds.total()} of our calls were spoilt: {told}",
            )
        )
    if play.stage.kills:
        times = "once" if play.stage.kills == 1 else f"{play.stage.kills} times"
        table.append(
            Claim(
                "kill -9 loses and doubles nothing",
                ending.findings.sound,
                f"killed {times} in the middle of its writing and started again; everything above was looked at after that",
            )
        )
    read, wrote = ending.second_look
    table += [
        Claim(
            "Where nothing changes, nothing is written",
            ending.quiet >= QUIET and wrote == 0 and read > 0,
            f"no write in the last {ending.quiet:.1f} s; a second look at {read} records wrote {wrote} times",
        ),
        Claim(
            "It stops promptly when it is told to",
            ending.stopped[0] == 0 and ending.stopped[1] < 10,
            f"SIGTERM: exit code {ending.stopped[0]} after {ending.stopped[1]:.1f} s",
        ),
    ]
    return table


def _first(lines: list[str]) -> str:
    return "" if not lines else lines[0] + (f" (and {len(lines) - 1} more)" if len(lines) > 1 else "")
