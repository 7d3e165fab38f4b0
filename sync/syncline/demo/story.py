"""The story of the demo: incidents on five platforms, people on all sides, and everything that goes wrong in an operations room."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from syncline.demo.emergencies import Emergencies
from syncline.demo.equivalence import CHERWELL, HELIX, JIRA, PD, SIDES, SNOW
from syncline.demo.play import Play
from syncline.demo.script import REMARKS, Edit
from syncline.demo.traffic import Traffic

_SUBJECTS: Final = (
    "Mail is down in Lyon",
    "Checkout answers with 502",
    "VPN drops every ten minutes",
    "Backup of db-01 has not run",
    "Certificate of the web shop expires",
    "Printers on floor 3 are offline",
    "Payments are slow",
    "Disk of web-02 is full",
    "Single sign-on asks twice",
    "Phones ring and nobody is there",
    "Orders arrive twice in the warehouse",
    "Dashboard shows yesterday",
    "Wi-Fi in Zürich loses people",
    "DNS answers late – everywhere",
    "Nightly import stopped at 40 %",
    "Badge readers refuse visitors",
)
_WHO: Final = {
    SNOW: ("amina", "diane"),
    JIRA: ("bruno", "olga"),
    PD: ("noah", "olga", "amina"),
    HELIX: ("chloe", "bruno"),
    CHERWELL: ("diane", "noah"),
}
_PRIORITY: Final = {
    SNOW: ("1", "2", "3", "4"),
    JIRA: ("Highest", "High", "Medium", "Low"),
    PD: ("P1", "P2", "P3", "P4"),
    HELIX: ("Critical", "High", "Medium", "Low"),
    CHERWELL: ("1", "2", "3", "4"),
}
_RESOLUTION: Final = {"close_code": "Solution provided", "close_notes": "Mended and watched for an hour."}
_MENDED: Final = {"Status_Reason": "No Further Action Required", "Resolution": "Cleared the logs."}
_SIGNED: Final = {"CloseDescription": "The cookie lives an hour again."}
_FAULTS_JIRA: Final = {
    "throttle": 0.04,
    "error_after": 0.25,
    "reset_after": 0.15,
    "latency": [0.0, 0.15],
    "statuses": [500, 502, 503],
    "methods": "POST|PUT|DELETE",
    "next": [{"fault": "late", "method": "PUT|POST", "path": "/issue", "seconds": 3.4}],
}
_FAULTS_PD: Final = {
    "error_after": 0.25,
    "reset_after": 0.15,
    "html": 0.05,
    "statuses": [500, 502],
    "methods": "POST|PUT",
}
_OUTAGE: Final = 4.5
_FAULTY: Final = 6.0
_DEAD: Final = 2.0
_HEARD: Final = 30.0


@dataclass(slots=True)
class Story:
    """The acts, one after the other.

    Attributes:
        play: The people.
        traffic: The platforms' logs of requests.
        rng: What is drawn at random.
        act: Told the name of each act as it begins.
        emergencies: What calls people, beside it all.
        reached: How many edits reached the other sides while one platform was down, of how many.
    """

    play: Play
    traffic: Traffic
    rng: random.Random
    act: Callable[[str], None]
    emergencies: Emergencies
    reached: tuple[int, int] = (0, 0)
    _cases: list[str] = field(default_factory=list)
    _notes: int = 0

    def run(self) -> None:
        """Play all acts."""
        for name, play in (
            ("Incidents begin on all five platforms", self._begin),
            ("People work on them, each where they are", self._work),
            ("Two people change one thing at the same time", self._conflicts),
            ("PagerDuty goes down, and comes back", self._outage),
            ("Jira and PagerDuty fail after the deed, throttle, and stall", self._faults),
            ("kill -9, while an account is compromised for the third time", self._kill),
            ("The day ends: incidents are resolved", self._resolve),
        ):
            self.act(name)
            play()

    # ---- acts -----------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.emergencies.begin()
        first = [self._open(side) for side in (SNOW, JIRA, PD, SNOW, JIRA, PD, SNOW, HELIX, CHERWELL)]
        self.play.await_linked(*first, *(case for case in self.play.records if case not in first))

    def _work(self) -> None:
        a, b, c, d, e, f, g, h, i = self._cases[:9]
        play = self.play
        self._do(
            lambda: play.edit(a, PD, "noah", "status", "acknowledged"),
            lambda: self._note(a, PD),
            lambda: play.edit(b, JIRA, "bruno", "status", "In Progress"),
            lambda: play.edit(b, SNOW, "amina", "priority", "1"),
            self.emergencies.start_work,
            lambda: self._note(b, JIRA),
            lambda: play.edit(c, SNOW, "diane", "assignee", "bruno.keller@example.com"),
            lambda: self._public(a),
            lambda: play.attach(a, SNOW, "amina", "trace.log", b"relay refused\n" * 40),
            lambda: play.label(b, "bruno", "checkout"),
            lambda: play.edit(d, JIRA, "olga", "title", _titled(d, "Backup of db-01 and db-02 has not run")),
            lambda: play.edit(e, PD, "olga", "priority", "P2"),
            lambda: play.attach(b, JIRA, "bruno", "screen.txt", b"HTTP 502 Bad Gateway\n" * 25),
            lambda: play.edit(f, PD, "noah", "status", "acknowledged"),
            lambda: play.edit(g, SNOW, "diane", "status", "2"),
            lambda: self._note(g, SNOW),
            lambda: play.edit(
                d, SNOW, "amina", "description", "The job hangs at the second volume.\nSince Tuesday."
            ),
            lambda: play.edit(h, HELIX, "chloe", "assignee", "chloe.martin@example.com"),
            lambda: play.edit(h, HELIX, "chloe", "status", "In Progress"),
            lambda: self._note(h, HELIX),
            lambda: self._public(h, HELIX, "bruno"),
            lambda: play.attach(h, HELIX, "bruno", "volume.log", b"queue full\n" * 30),
            lambda: play.edit(h, PD, "noah", "priority", "P2"),
            lambda: play.edit(i, CHERWELL, "diane", "assignee", "diane.novak@example.com"),
            lambda: play.edit(i, CHERWELL, "diane", "status", "In Progress"),
            lambda: self._note(i, CHERWELL),
            lambda: self._public(i, CHERWELL, "diane"),
            lambda: play.edit(i, JIRA, "olga", "priority", "High"),
            lambda: play.edit(i, CHERWELL, "noah", "group", "Security"),
            lambda: play.edit(c, JIRA, "bruno", "priority", "High"),
            lambda: self._note(c, JIRA),
        )
        self._await_quiet_sides()
        self.emergencies.raise_hand()
        self._do(
            lambda: play.edit(g, SNOW, "diane", "status", "3", hold_reason="4"),
            lambda: play.edit(e, JIRA, "olga", "status", "In Progress"),
            lambda: play.edit(c, SNOW, "diane", "group", "Network"),
            lambda: play.edit(
                b, PD, "noah", "title", _titled(b, "Checkout answers with 502 since the release")
            ),
        )
        self.play.pause(2.0)

    def _conflicts(self) -> None:
        a, b, c, d = self._cases[:4]
        h, i = self._cases[7:9]
        self._together(
            i,
            "title",
            (CHERWELL, "noah", _titled(i, "Single sign-on asks twice in Lyon")),
            (HELIX, "chloe", _titled(i, "Single sign-on asks every hour")),
        )
        self._together(
            h,
            "title",
            (HELIX, "bruno", _titled(h, "Disk of web-02 and web-03 is full")),
            (SNOW, "diane", _titled(h, "Disk of web-02 is nearly full")),
        )
        self._together(
            a,
            "title",
            (SNOW, "amina", _titled(a, "Mail is down in Lyon and Nantes")),
            (JIRA, "bruno", _titled(a, "Mail relay in Lyon refuses connections")),
        )
        self._together(b, "priority", (JIRA, "bruno", "Low"), (PD, "noah", "P2"))
        self._together(
            d,
            "description",
            (SNOW, "diane", "Second volume is read only."),
            (JIRA, "olga", "The tape robot is stuck."),
        )
        self._together(
            c,
            "title",
            (JIRA, "olga", _titled(c, "VPN drops in Berlin")),
            (SNOW, "amina", _titled(c, "VPN drops for everybody")),
        )
        self.play.pause(4.0)

    def _outage(self) -> None:
        a, b, c, d = self._cases[:4]
        stage, play = self.play.stage, self.play
        stage.begin("outage", PD, "down", {"down": True, "mode": "unavailable", "status": 503})
        made: list[Edit | None] = []
        acts: Sequence[Callable[[], Edit | None]] = (
            lambda: play.edit(a, SNOW, "amina", "priority", "2"),
            lambda: self._note(b, SNOW),
            lambda: play.edit(d, SNOW, "diane", "status", "2"),
            lambda: self._note(c, SNOW),
        )
        for act in acts:
            made.append(act())
            play.pause(0.2)
        others = [edit for edit in made if edit is not None]
        seen: set[int] = set()

        def all_seen() -> bool:
            seen.update(edit.n for edit in others if edit.n not in seen and play.visible(edit, JIRA))
            return len(seen) == len(others)

        begun = play.clock.monotonic()
        play.until(all_seen, _OUTAGE)
        new = self._open(SNOW)
        play.pause(max(0.5, _OUTAGE - (play.clock.monotonic() - begun)))
        self.reached = (len(seen), len(others))
        stage.end("outage", PD, lasting=12.0)
        play.await_linked(new)

    def _faults(self) -> None:
        stage, play = self.play.stage, self.play
        stage.begin("faults", JIRA, "faults", _FAULTS_JIRA)
        stage.begin("faults", PD, "faults", _FAULTS_PD)
        begun = play.clock.monotonic()
        for _ in range(3):
            self._open(SNOW)
            play.pause(0.3)
        for case in self._cases[:6]:
            self._do(
                lambda case=case: self._note(case, SNOW),  # type: ignore[misc]
                lambda case=case: play.edit(
                    case, SNOW, "amina", "priority", self._other_priority(case, SNOW)
                ),  # type: ignore[misc]
                between=0.15,
            )
        play.pause(max(0.0, _FAULTY - (play.clock.monotonic() - begun)))
        for side in (JIRA, PD):
            stage.end("faults", side, lasting=15.0)
        play.await_linked(*self._cases, seconds=150.0)
        play.pause(2.0)

    def _kill(self) -> None:
        stage, play = self.play.stage, self.play
        self._burst()
        # The right moment is when it is writing: some of its calls are on their way, and a page has just left. One that
        # was interrupted itself is looked for at length before it is sent again: that would make the story longer.
        before = self._writes()
        self.emergencies.compromise_again()
        play.until(lambda: self._writes() >= before + 3, 3.0)
        stage.kill_daemon()
        play.say(f"the daemon was killed (kill -9, no. {stage.kills})")
        for side in SIDES:
            self._open(side)
            self._note(self._cases[self.rng.randrange(6)], side)
        play.pause(_DEAD)
        stage.restart_daemon()
        play.await_linked(*self._cases, seconds=150.0)
        stage.close_window("killed", "", lasting=5.0)

    def _resolve(self) -> None:
        a, b, _, _, e, f, g, h, i = self._cases[:9]
        play = self.play
        self.play.pause(1.5)
        self._do(
            lambda: play.edit(g, SNOW, "diane", "status", "6", **_RESOLUTION),
            lambda: play.edit(f, PD, "noah", "status", "resolved"),
            lambda: play.edit(h, HELIX, "chloe", "status", "Resolved", **_MENDED),
            lambda: play.edit(i, CHERWELL, "diane", "status", "Resolved", **_SIGNED),
            lambda: self._resolve_in_jira(b),
            lambda: self._note(a, PD),
            lambda: play.edit(e, SNOW, "amina", "status", "8"),
        )
        play.pause(3.0)
        # Who closes an incident has read what was said about it: nobody can add anything there from then on.
        play.until(lambda: self._heard(g, SNOW), _HEARD)
        self._do(lambda: play.edit(g, SNOW, "diane", "status", "7", **_RESOLUTION))

    def _heard(self, case: str, side: str) -> bool:
        said = (e for e in self.play.stage.script.of_case(case) if e.what in REMARKS and e.side != side)
        return all(self.play.visible(edit, side) for edit in said)

    # ---- what they consist of -------------------------------------------------------------------

    def _open(self, side: str) -> str:
        number = len(self._cases) + 1
        case = f"c{number:02}"
        subject = _SUBJECTS[(number - 1) % len(_SUBJECTS)]
        who = self.rng.choice(_WHO[side])
        values = {"priority": self.rng.choice(_PRIORITY[side])}
        self.play.create(case, side, who, f"{subject} #{case}", f"{subject}. Reported by phone.", **values)
        self._cases.append(case)
        self.play.pause(0.15)
        return case

    def _do(self, *acts: Callable[[], object], between: float = 0.22) -> None:
        for act in acts:
            self.play.attempt(act)
            self.play.pause(between * (0.6 + 0.8 * self.rng.random()))

    def _note(self, case: str, side: str) -> Edit:
        self._notes += 1
        words = self.rng.choice(
            ("Looking at it", "The queue is full", "Called the vendor", "Restarted it", "Not the network")
        )
        return self.play.remark(case, side, self.rng.choice(_WHO[side]), f"{words} (note {self._notes})")

    def _public(self, case: str, side: str = SNOW, who: str = "amina") -> Edit:
        self._notes += 1
        text = f"We are working on it and will call you back (note {self._notes})"
        return self.play.remark(case, side, who, text, public=True)

    def _other_priority(self, case: str, side: str) -> str:
        now = self.play.field(case, side, "priority")
        return self.rng.choice([value for value in _PRIORITY[side] if value != now])

    def _together(self, case: str, what: str, *edits: tuple[str, str, str]) -> None:
        """Both have looked before either of them edits."""
        looked = self.play.clock.now()
        before = {side: self.play.field(case, side, what) for side, _, _ in edits}
        for side, who, value in edits:
            if before[side] != value:
                self.play.attempt(
                    lambda side=side, who=who, value=value: self.play.blind(  # type: ignore[misc]
                        case, side, who, what, value, before[side], looked
                    )
                )
        self.play.pause(0.4)

    def _burst(self) -> None:
        for case in self._cases[:9]:
            side = self.rng.choice(SIDES)
            self._note(case, side)
            self.play.attempt(
                lambda case=case, side=side: self.play.edit(  # type: ignore[misc]
                    case, side, self.rng.choice(_WHO[side]), "priority", self._other_priority(case, side)
                )
            )
        self._open(PD)

    def _resolve_in_jira(self, case: str) -> None:
        self.play.edit(case, JIRA, "bruno", "status", "Done", resolution="Done")

    def _await_quiet_sides(self) -> None:
        """Until what was done has come around: nobody puts aside what they have not seen."""
        self.play.until(self.play.latency.idle, 8.0)

    def _writes(self) -> int:
        self.traffic.follow()
        return self.traffic.writes

    def cases(self) -> Sequence[str]:
        """The incidents so far."""
        return self._cases


def _titled(case: str, title: str) -> str:
    """People keep the number of a case at the end of its title."""
    return f"{title} #{case}"
