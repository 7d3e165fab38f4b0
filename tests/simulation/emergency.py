"""Emergencies in a world: the policies in force, and the people who open them, take them, and call for help.

Planned from a stream of its own, so that a world with escalation has the same people, weather and schedule beside it as
one without.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from people import PRIORITIES, WHO, Deed, People

from syncline.demo.equivalence import JIRA, PD, SNOW
from syncline.demo.jira import JiraSide
from syncline.demo.people import EMAIL, PlatformRefusedError
from syncline.demo.script import CREATE, INTERNAL, LABEL
from syncline.sandbox.instance import Instance
from syncline.sandbox.pagerduty.platform import PagerDuty

HOOK: Final = "hook"
SIREN: Final = "siren"
CHANNELS: Final = f"channels:\n  {HOOK}:\n  {SIREN}:\n"
SECRETS: Final = {
    "SYNCLINE_CHANNEL_HOOK_URL": "json://hook.example/hook/{address}",
    "SYNCLINE_CHANNEL_SIREN_URL": "json://hook.example/siren/{address}",
}
"""Both channels lead to one web hook. That of the siren is never refused and never silent."""

POLICY: Final = """\
escalation: 1
tz: Europe/Paris

people:
  amina: {name: Amina Diallo, ids: {pagerduty: amina.diallo@example.com}, reach: {hook: amina}}
  bruno: {name: Bruno Keller, ids: {pagerduty: bruno.keller@example.com}, reach: {hook: bruno}}
  chloe: {name: Chloe Martin, ids: {pagerduty: chloe.martin@example.com}, reach: {hook: chloe}}
  diane: {name: Diane Novak, ids: {pagerduty: diane.novak@example.com}, reach: {hook: diane}}
  olga:  {name: Olga Petrova, reach: {hook: olga}}
  noah:  {name: Noah Brooks, reach: {siren: noah}}

schedules:
  # Beirut's clocks went forward at midnight, half an hour before the world begins: 01:45 comes an hour early that night.
  desk:    {tz: Asia/Beirut, layers: [{rotate: [amina, bruno], every: 1d, handoff: "01:45", from: 2026-03-28}]}
  network: {layers: [{rotate: [chloe, diane], every: 1d, handoff: "23:50", from: 2026-03-27}]}

tiers:
  L1:   {who: desk, next: L2, to: {servicenow: Service Desk, pagerduty: Service Desk escalation}}
  L2:   {who: network, to: {servicenow: Network, pagerduty: Network escalation}}
  MGMT: {who: person:olga, hierarchical: true}

slas:
  answer: {when: priority == 2, target: 1h, start: created, stop: resolved, pause: 'status == "on_hold"', max_pause: 4m}

policies:
  - id: urgent
    when: priority == 1
    steps:
      - {at: 0m, page: L1, until: ack, again: {every: 2m, times: 2}, runbook: urgent-1}
      - {at: 5m, page: L2, if: not ack, move: true, runbook: urgent-2}
      - {at: 8m, page: MGMT, if: not resolved, runbook: urgent-3}
    undelivered: {after: 3m, page: person:noah}
    end: {page: MGMT, every: 6m}
  - id: serious
    when: priority == 2
    clock: answer
    steps:
      - {at: 1m, page: L1, until: ack, runbook: serious-1}
      - {at: 6m, page: L2, if: not resolved, runbook: serious-2}
      - {at: 10m, page: MGMT, if: not ack, runbook: serious-3}
    reopen: resume
    undelivered: {after: 3m, page: person:noah}
    end: {page: MGMT, every: 9m}
  - id: hand
    trigger: manual
    steps:
      - {at: 0m, page: L2, until: ack, keep: raiser, runbook: hand-1}
      - {at: 4m, page: MGMT, if: not ack, runbook: hand-2}
    guard: {cooldown: 5m, approve: none, blame: never}
    undelivered: {after: 3m, page: person:noah}
    end: none
"""

TAKE: Final = "take"
HOLD: Final = "hold"
RESOLVE: Final = "resolve"
REOPEN: Final = "reopen"
HAND: Final = "hand"
HAND_LABEL: Final = "hand by label"
ANSWER: Final = "answer"
COMMAND: Final = "/escalate"
HELP: Final = "escalate"
"""The label that raises a hand."""

_STATUS: Final = {
    (TAKE, SNOW): ("2", {}),
    (TAKE, JIRA): ("In Progress", {}),
    (TAKE, PD): ("acknowledged", {}),
    (HOLD, SNOW): ("3", {"hold_reason": "4"}),
    (HOLD, JIRA): ("Waiting", {}),
    (RESOLVE, SNOW): ("6", {"close_code": "Solution provided", "close_notes": "Mended."}),
    (RESOLVE, JIRA): ("Done", {"resolution": "Done"}),
    (RESOLVE, PD): ("resolved", {}),
    (REOPEN, SNOW): ("2", {}),
}
"""What somebody sets for it; where a platform has no such status, it is done on ServiceNow."""
_NEW: Final = {SNOW: "1", JIRA: "To Do", PD: "triggered"}
_MINUTE: Final = 60.0


def plan_emergencies(seed: str, length: float, first: int, sides: Sequence[str]) -> list[Deed]:
    """What people mean to do about a few emergencies, in the order of time.

    Args:
        seed: Of the world.
        length: Seconds that the story takes; some of what they do comes after it, in calm weather.
        first: Number of the first deed.
        sides: The platforms.
    """
    rng = Random(f"{seed}/emergency")
    deeds: list[tuple[float, str, str, str, float]] = []
    for number in range(rng.choice((1, 2, 2, 3))):
        born = rng.uniform(0.0, length / 3)
        case, kind = f"e{number:02d}", rng.choice(_TOLD)
        priority = rng.choice(_OPENED_WITH.get(kind, (1, 1, 2)))
        deeds.append((born, case, rng.choice(sides), f"{CREATE} {priority}", 0.0))
        deeds += [(at, case, rng.choice(sides), what, 0.0) for at, what in _STORIES[kind](rng, born)]
    deeds.sort()
    return [Deed(first + n, *deed) for n, deed in enumerate(deeds)]


def _nobody(_rng: Random, _born: float) -> list[tuple[float, str]]:
    return []


def _race(rng: Random, born: float) -> list[tuple[float, str]]:
    """It is taken within seconds of when a step is due, for all that anybody knows."""
    step = rng.choice((0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 8.0, 10.0)) * _MINUTE
    at = max(born + step + rng.uniform(-5.0, 30.0), born + 1.0)
    return [(at, rng.choice((TAKE, TAKE, ANSWER)))]


def _waits(rng: Random, born: float) -> list[tuple[float, str]]:
    """It waits for somebody, once or twice; all in all sometimes for longer than a clock allows."""
    found, at = [], born + rng.uniform(20.0, 250.0)
    for _ in range(rng.choice((1, 1, 2))):
        found.append((at, HOLD))
        at += rng.uniform(60.0, 330.0)
        found.append((at, TAKE))
        at += rng.uniform(60.0, 200.0)
    return found


def _returns(rng: Random, born: float) -> list[tuple[float, str]]:
    """It is resolved too early, and opened again."""
    at = born + rng.uniform(60.0, 420.0)
    back = at + rng.uniform(60.0, 300.0)
    return [(at, RESOLVE), (back, REOPEN)]


def _wavers(rng: Random, born: float) -> list[tuple[float, str]]:
    """Nobody is sure how bad it is."""
    at = born + rng.uniform(60.0, 330.0)
    return [
        (at, f"priority {rng.choice((2, 3, 4))}"),
        (at + rng.uniform(60.0, 300.0), f"priority {rng.choice((1, 1, 2))}"),
    ]


def _calls(rng: Random, born: float) -> list[tuple[float, str]]:
    """It is nothing special, until somebody calls for help; often more than once."""
    found, at = [], born + rng.uniform(60.0, 200.0)
    if rng.random() < 0.5:
        found.append((at - 50.0, TAKE))
    for n in range(rng.choice((1, 2, 3))):
        found.append((at, HAND if n or rng.random() < 0.75 else HAND_LABEL))
        if rng.random() < 0.25:
            found += [(at + 60.0, RESOLVE), (at + 120.0, REOPEN)]
            at += 120.0
        elif rng.random() < 0.25:
            found.append((at + rng.uniform(20.0, 260.0), rng.choice((ANSWER, TAKE))))
        at += rng.choice((rng.uniform(5.0, 60.0), rng.uniform(60.0, 250.0), rng.uniform(330.0, 500.0)))
    return found


def _anything(rng: Random, born: float) -> list[tuple[float, str]]:
    found, at = [], born
    kinds = (TAKE, HOLD, RESOLVE, REOPEN, HAND, ANSWER, "priority 1", "priority 2", "priority 3")
    for _ in range(rng.randint(2, 6)):
        at += rng.choice((rng.uniform(0.0, 5.0), rng.uniform(30.0, 240.0)))
        found.append((at, rng.choice(kinds)))
    return found


_STORIES: Final = {
    "nobody": _nobody,
    "race": _race,
    "waits": _waits,
    "returns": _returns,
    "wavers": _wavers,
    "calls": _calls,
    "anything": _anything,
}
_TOLD: Final = (*_STORIES, "nobody", "waits", "calls")
"""What shows only where nobody meddles, or somebody waits or calls, is told more often."""
_OPENED_WITH: Final = {"calls": (3, 3, 4), "waits": (2, 2, 1), "anything": (1, 2, 3)}


@dataclass(slots=True)
class Callers:
    """Who has to do with emergencies. They use the platforms as all people do, and what was accepted is in the same script.

    Attributes:
        people: Everybody else.
        pagerduty: On whose telephones people accept a page.
        hands: Number of a deed to when a hand was raised by it, and whether by the label.
        answers: Case to when somebody accepted a page.
    """

    people: People
    pagerduty: Instance
    hands: dict[int, tuple[float, str, bool]]
    answers: dict[str, list[float]]

    def begin(self, deeds: Sequence[Deed]) -> None:
        """See to it that each deed is done in its time."""
        for deed in deeds:
            self.people.loop.after(deed.at, lambda deed=deed: self._do(deed))  # type: ignore[misc]

    def _do(self, deed: Deed) -> None:
        rng = Random(f"{self.people.seed}/emergency/{deed.n}")
        try:
            if deed.what.startswith(CREATE):
                self._create(deed, rng)
            else:
                self._act(deed, rng)
        except PlatformRefusedError as refusal:
            self.people.script.refused.append(str(refusal))
            self._told(f"refused #{deed.case} {deed.side} {deed.what}: {str(refusal)[:120]}")

    def _told(self, text: str) -> None:
        self.people.trace.add(self.people.loop.passed, text)

    def _create(self, deed: Deed, rng: Random) -> None:
        people, side, who = self.people, deed.side, rng.choice(WHO[deed.side])
        title = f"Core router is down #{deed.case}"
        priority = PRIORITIES[side][int(deed.what.split()[1]) - 1]
        record = people.sides[side].create(who, title, f"It began at {deed.at:.0f}.", priority=priority)
        people.records.setdefault(deed.case, {})[side] = record
        self._accepted(deed, side, who, CREATE, title, "", record)
        before, at = people.sides[side].look(record), people.loop.now()
        for what in ("title", "priority"):
            people.script.add(deed.case, side, who, what, before.field(what), "", at, at, record)

    def _act(self, deed: Deed, rng: Random) -> None:
        what, value = deed.what, ""
        wanted = deed.side
        if what in {HOLD, REOPEN} and (what, wanted) not in _STATUS:
            wanted = SNOW
        if what == HAND_LABEL:
            wanted = JIRA
        if what == ANSWER:
            wanted = PD
        side = next((s for s in (wanted, *self.people.sides) if self.people.locate(deed.case, s)), None)
        record = self.people.locate(deed.case, side) if side is not None else None
        if side is None or record is None:
            return
        if what == HOLD and self.people.sides[side].look(record).field("status") == "To Do":
            # Jira lets nobody wait for what nobody has begun: on ServiceNow one can.
            side, record = SNOW, self.people.locate(deed.case, SNOW)
            if record is None:
                return
        who = rng.choice(WHO[side])
        if what.startswith("priority"):
            value = PRIORITIES[side][int(what.split()[1]) - 1]
            self._set(deed, side, who, record, "priority", value, {})
        elif (what, side) in _STATUS:
            value, more = _STATUS[what, side]
            self._set(deed, side, who, record, "status", value, more)
        elif what == HAND:
            text = f"{COMMAND} Call no. {deed.n}: nobody here can mend that."
            self.people.sides[side].remark(who, record, text, public=False)
            self.hands[deed.n] = (self.people.loop.passed, deed.case, False)
            self._accepted(deed, side, who, INTERNAL, text, "", record)
        elif what == HAND_LABEL and side == JIRA:
            platform = self.people.sides[side]
            assert isinstance(platform, JiraSide)
            platform.label("bruno", record, HELP)
            self.hands[deed.n] = (self.people.loop.passed, deed.case, True)
            self._accepted(deed, side, "bruno", LABEL, HELP, "", record)
        elif what == ANSWER and side == PD:
            self._answer(deed, record)

    def _set(
        self,
        deed: Deed,
        side: str,
        who: str,
        record: str,
        what: str,
        value: str,
        more: dict[str, str],
    ) -> None:
        stood = self.people.sides[side].look(record).field(what)
        if stood == value or (what == "status" and not _may(deed.what, side, stood)):
            return
        self.people.sides[side].set(who, record, what, value, **more)
        self._accepted(deed, side, who, what, value, stood, record)

    def _answer(self, deed: Deed, record: str) -> None:
        """Somebody who was paged says so on the telephone, and does not touch the incident."""
        platform = self.pagerduty.platform
        assert isinstance(platform, PagerDuty)
        for name in ("amina", "bruno", "chloe", "diane"):
            try:
                now, rng = self.pagerduty.clock.now(), Random(f"{self.people.seed}/answer/{deed.n}")
                platform.respond(record, EMAIL[name], now, rng)
            except Exception as refusal:  # noqa: BLE001  nobody asked them, or it is over
                self._told(f"{name} does not answer #{deed.case}: {type(refusal).__name__}")
                continue
            self.answers.setdefault(deed.case, []).append(self.people.loop.passed)
            self._told(f"{name} answers the page about #{deed.case}")

    def _accepted(
        self, deed: Deed, side: str, who: str, what: str, value: str, before: str, record: str
    ) -> None:
        at = self.people.loop.now()
        self.people.script.add(deed.case, side, who, what, value, before, at, at, record)
        self.people.done[what] = self.people.done.get(what, 0) + 1
        self._told(f"{who} on {side} #{deed.case} {what}: {before!r} -> {value!r}")

    def go_home(self, number: int) -> None:
        """Somebody takes whatever nobody has taken, so that the night ends: on ServiceNow, or where else it stands so far."""
        first = {
            ticket.case: (side, ticket)
            for side in (PD, JIRA, SNOW)
            for ticket in self.people.sides[side].census()
            if ticket.case
        }
        for case, (side, ticket) in first.items():
            if ticket.status != _NEW[side]:
                continue
            deed = Deed(number, self.people.loop.passed, case, side, TAKE)
            self.people.records.setdefault(case, {})[side] = ticket.id
            value, more = _STATUS[TAKE, side]
            self._set(deed, side, WHO[side][0], ticket.id, "status", value, more)


def _may(what: str, side: str, stood: str) -> bool:
    """Whether somebody who sees that status would do it: what is over is opened again on purpose, and by no other deed."""
    over = stood in {"6", "7", "8", "Done", "Closed", "Canceled", "resolved"}
    if what == REOPEN:
        return over and (side != SNOW or stood == "6")
    return not over
