"""Replays an event log: people at ServiceNow do again what they did, and people at Jira and PagerDuty join in.

Groups and people go by the names of the log. The four groups and six people that it names most often are played by those
of the sandbox, who have accounts on every platform; all others exist at ServiceNow alone.
"""

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from syncline.demo.equivalence import JIRA, PD, SNOW, shows
from syncline.demo.eventlog import Case, EventLog, Step
from syncline.demo.people import EMAIL, PlatformRefusedError
from syncline.demo.play import Play
from syncline.demo.script import Edit
from syncline.demo.traffic import Traffic

FREEZE: Final = "freeze:\n  writes: 1000\n  minutes: 1\n  returns: 100\n"
"""Months of work in minutes would look like automations that fight over a field."""

_JOIN_IN: Final = 0.3
"""The share of incidents that people at Jira or PagerDuty work on too."""
_JOINS_WITHIN: Final = 60.0
"""Seconds after which an incident goes on without them."""
_SEEN_WITHIN: Final = 300.0
"""Seconds after which people at ServiceNow no longer wait for what was done elsewhere."""
_CHECK: Final = 0.5
_OUTAGE: Final = 4.5
_FAULTY: Final = 6.0
_DEAD: Final = 2.0
_CALM: Final = 4.0
_SPOILT: Final = {"error_after": 0.15, "reset_after": 0.15, "methods": "POST|PUT", "statuses": [500, 502]}
_ENDED: Final = frozenset({"6", "7", "8"})


@dataclass(slots=True)
class _Walk:
    """One incident on its way through its steps."""

    case: Case
    at: int = 0
    joins: int = -1
    side: str = ""
    edit: Edit | None = None
    since: float = 0.0


@dataclass(slots=True)
class Replay:
    """The replay of one log.

    Attributes:
        play: The people.
        traffic: The platforms' logs of requests.
        rng: What is drawn at random.
        act: Told the name of each act as it begins.
        log: What is replayed.
        speed: How many times faster than it happened; 0: as fast as possible.
    """

    play: Play
    traffic: Traffic
    rng: random.Random
    act: Callable[[str], None]
    log: EventLog
    speed: float
    _people: dict[str, str] = field(default_factory=dict)
    _groups: dict[str, str] = field(default_factory=dict)
    _waiting: list[_Walk] = field(default_factory=list)
    _checked: float = 0.0
    _done: int = 0
    _turns: int = 0
    _calm_until: float = 0.0
    _mishaps: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _repairs: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def run(self) -> None:
        """Replay all of it."""
        self.act(f"{len(self.log.cases)} incidents of the log are opened to people")
        self._hire()
        self.act(f"{self.log.rows} events are replayed")
        self._plan()
        clock = self.play.clock
        start, first = clock.monotonic(), self.log.cases[0].steps[0].at
        queue: list[tuple[float, int, _Walk]] = []
        for n, case in enumerate(self.log.cases):
            walk = _Walk(case)
            if len(case.steps) > 1 and self.rng.random() < _JOIN_IN:
                walk.joins, walk.side = self.rng.randrange(1, len(case.steps)), self.rng.choice((JIRA, PD))
            heapq.heappush(queue, ((case.steps[0].at - first).total_seconds(), n, walk))
        while queue or self._waiting or self._mishaps or self._repairs:
            self._tend(queue)
            if not queue:
                self.play.pause(_CHECK / 2)
                continue
            due, n, walk = heapq.heappop(queue)
            if self.speed > 0:
                self._wait_for(start + due / self.speed, queue)
            if self._must_wait(walk):
                self._waiting.append(walk)
                continue
            self._go(walk)
            if walk.at < len(walk.case.steps):
                heapq.heappush(queue, ((walk.case.steps[walk.at].at - first).total_seconds(), n, walk))

    # ---- the log's people -----------------------------------------------------------------------

    def _hire(self) -> None:
        people: Counter[str] = Counter()
        groups: Counter[str] = Counter()
        for case in self.log.cases:
            for step in case.steps:
                people[step.assigned_to] += 1
                groups[step.assignment_group] += 1
        self._people = self._played(
            people, list(EMAIL.values()), lambda name: f"{_slug(name)}@log.example.com"
        )
        self._groups = self._played(
            groups, ["Service Desk", "Network", "Database", "Security"], lambda name: name
        )
        snow = self.play.stage.snow
        for name, email in self._people.items():
            if email.endswith("@log.example.com"):
                snow.hire(name, email)
        for name, group in self._groups.items():
            if name == group:
                snow.found_group(name)

    @staticmethod
    def _played(names: Counter[str], players: list[str], other: Callable[[str], str]) -> dict[str, str]:
        ordered = [name for name, _ in names.most_common() if name]
        return {name: players[n] if n < len(players) else other(name) for n, name in enumerate(ordered)}

    # ---- one step -------------------------------------------------------------------------------

    def _go(self, walk: _Walk) -> None:
        step = walk.case.steps[walk.at]
        walk.at += 1
        self._done += 1
        if walk.at == 1:
            self._open(walk.case, step)
            return
        self.play.attempt(lambda: self._save(walk.case.number, step))

    def _open(self, case: Case, step: Step) -> None:
        values = _columns(step)
        if step.assigned_to:
            values["assignee"] = self._people[step.assigned_to]
        if step.assignment_group:
            values["group"] = self._groups[step.assignment_group]
        self.play.attempt(
            lambda: self.play.create(case.number, SNOW, "amina", case.title, "From the event log.", **values)
        )

    def _save(self, number: str, step: Step) -> None:
        """What somebody changed in the form is saved at once, in one request."""
        record = self.play.records.get(number, {}).get(SNOW)
        if record is None:
            raise PlatformRefusedError(f"#{number} was never opened")
        snow, looked = self.play.stage.snow, self.play.clock.now()
        ticket = snow.look(record)
        wanted = {
            "status": step.state,
            "priority": _priority(step) or ticket.priority,
            "assignee": self._people.get(step.assigned_to, ""),
            "group": self._groups.get(step.assignment_group, ""),
        }
        changed = {what: value for what, value in wanted.items() if ticket.field(what) != value}
        if not changed:
            return
        values: dict[str, str] = {}
        for what, value in changed.items():
            if what == "priority":
                values |= {"impact": step.impact, "urgency": step.urgency}
            elif what == "status":
                values |= _ending(step)
            else:
                values |= snow.native(what, value, {})
        # Nobody but an administrator may change an incident that is closed.
        snow.patch("admin" if ticket.status == "7" else "amina", record, values)
        for what, value in changed.items():
            self.play.accepted(number, SNOW, "amina", what, value, ticket.field(what), looked)

    # ---- people at Jira and PagerDuty -----------------------------------------------------------

    def _must_wait(self, walk: _Walk) -> bool:
        """Whether somebody elsewhere is about to do something here, or ServiceNow has not seen yet what they did."""
        if walk.joins < 0 or walk.at < walk.joins:
            return False
        if not walk.since:
            walk.since = self.play.clock.monotonic()
        patience = _JOINS_WITHIN if walk.edit is None else _SEEN_WITHIN
        if self.play.clock.monotonic() - walk.since > patience:
            walk.joins = -1
            return False
        broken = any(w.end is None and w.side in {"", walk.side} for w in self.play.stage.script.windows)
        if walk.edit is None:
            if broken or not self._in_step(walk):
                return True
            walk.edit, walk.since = self._join(walk), self.play.clock.monotonic()
            if walk.edit is None:
                walk.joins = -1
                return False
        if not self.play.visible(walk.edit, SNOW):
            return True
        walk.joins = -1
        return False

    def _in_step(self, walk: _Walk) -> bool:
        """Whether the ticket elsewhere exists and stands where ServiceNow stands: people act on what they see."""
        records = self.play.records.get(walk.case.number, {})
        if walk.side not in records:
            return False
        here = self.play.stage.snow.look(records[SNOW])
        there = self.play.stage.sides[walk.side].look(records[walk.side])
        return all(shows(there, SNOW, what, here.field(what)) for what in ("status", "priority", "title"))

    def _join(self, walk: _Walk) -> Edit | None:
        number, side, play = walk.case.number, walk.side, self.play
        who = "noah" if side == PD else "bruno"
        kind = self.rng.choice(("note", "status", "priority", "title"))
        made: list[Edit | None] = []
        ended = walk.case.steps[walk.at - 1].state in _ENDED

        def act() -> None:
            if kind == "note" or ended:
                made.append(play.remark(number, side, who, f"Seen from here too (note {number}-{walk.at})"))
            elif kind == "status":
                made.append(
                    play.edit(number, side, who, "status", "acknowledged" if side == PD else "In Progress")
                )
            elif kind == "priority":
                value = self.rng.choice(("P2", "P4") if side == PD else ("High", "Low"))
                made.append(play.edit(number, side, who, "priority", value))
            else:
                made.append(play.edit(number, side, who, "title", f"Looked at by {who}: {walk.case.title}"))

        play.attempt(act)
        return made[0] if made else None

    # ---- time, and what goes wrong --------------------------------------------------------------

    def _tend(self, queue: list[tuple[float, int, _Walk]]) -> None:
        """Repair, break, and look whether incidents that wait can go on."""
        now = self.play.clock.monotonic()
        for entry in [entry for entry in self._repairs if entry[0] <= now]:
            self._repairs.remove(entry)
            entry[1]()
        self._break(now)
        if now - self._checked < _CHECK:
            return
        self._checked = now
        self.play.stage.check_daemon()
        if self._waiting:
            self.play.locate()
        for walk in [walk for walk in self._waiting if not self._must_wait(walk)]:
            self._waiting.remove(walk)
            self._turns -= 1
            heapq.heappush(queue, (0.0, self._turns, walk))

    def _wait_for(self, moment: float, queue: list[tuple[float, int, _Walk]]) -> None:
        while (left := moment - self.play.clock.monotonic()) > 0:
            self.play.pause(min(left, _CHECK))
            self._tend(queue)

    def _break(self, now: float) -> None:
        """One thing after the other goes wrong: when that much is done, and Syncline has been well for a while."""
        if self._repairs or not self._mishaps or now < self._calm_until:
            return
        share, mishap = self._mishaps[0]
        if self._done >= share * self.log.rows:
            del self._mishaps[0]
            mishap()

    def _plan(self) -> None:
        self._mishaps = [(0.25, self._outage), (0.5, self._kill), (0.75, self._faults)]

    def _later(self, seconds: float, repair: Callable[[], None]) -> None:
        now = self.play.clock.monotonic()
        self._repairs.append((now + seconds, repair))
        self._calm_until = now + seconds + _CALM

    def _outage(self) -> None:
        stage = self.play.stage
        self.act("PagerDuty goes down for a while")
        stage.begin("outage", PD, "down", {"down": True, "mode": "unavailable", "status": 503})
        self._later(_OUTAGE, lambda: stage.end("outage", PD, lasting=12.0))

    def _kill(self) -> None:
        stage = self.play.stage
        self.act("kill -9, in the middle of everything")
        stage.kill_daemon()

        def back() -> None:
            stage.restart_daemon()
            stage.close_window("killed", "", lasting=5.0)

        self._later(_DEAD, back)

    def _faults(self) -> None:
        stage = self.play.stage
        self.act("Jira and PagerDuty fail after the deed for a while")
        for side in (JIRA, PD):
            stage.begin("faults", side, "faults", _SPOILT)

        def mend() -> None:
            for side in (JIRA, PD):
                stage.end("faults", side, lasting=15.0)

        self._later(_FAULTY, mend)


def _priority(step: Step) -> str:
    if not step.impact or not step.urgency:
        return ""
    return str(int(step.impact) + int(step.urgency) - 1)


def _columns(step: Step) -> dict[str, str]:
    """All that a new incident is given."""
    values = {**_ending(step), "category": step.category, "subcategory": step.subcategory}
    if step.impact and step.urgency:
        values |= {"impact": step.impact, "urgency": step.urgency}
    return {name: value for name, value in values.items() if value}


def _ending(step: Step) -> dict[str, str]:
    """A state, and what ServiceNow demands with it."""
    values = {"state": step.state}
    if step.hold_reason:
        values["hold_reason"] = step.hold_reason
    if step.close_code:
        values |= {"close_code": step.close_code, "close_notes": "As the log has it."}
    return values


def _slug(name: str) -> str:
    return "".join(char if char.isalnum() and char.isascii() else "-" for char in name.lower())[:60]
