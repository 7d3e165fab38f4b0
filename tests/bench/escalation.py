"""One evaluation of an incident with a past, by twenty policies, two of which are at work on it.

Timed by the processor's time of this process, so that what else the machine does counts as little as can be.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from figure import Figure, Scope, percentile

from syncline.escalation import Policies
from syncline.escalation.case import Case, Change
from syncline.escalation.decision import Decision
from syncline.escalation.evaluate import escalate
from syncline.escalation.playing import opened_case
from syncline.escalation.reading import read_book
from syncline.escalation.runs import Memory, Run

OPENED: Final = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NOW: Final = OPENED + timedelta(minutes=20)
CHANGES: Final = 30
MICROSECONDS: Final = 200.0

_WORLD: Final = """
escalation: 1
tz: Europe/Paris
calendars:
  office: {open: {mon-fri: 08:00-18:00}, closed: [2026-12-24]}
people:
  amina: {reach: {email: amina@example.com}}
  bruno: {reach: {email: bruno@example.com}}
  chloe: {reach: {email: chloe@example.com}}
schedules:
  desk: {layers: [{rotate: [amina, bruno], every: 1w, handoff: mon 09:00, from: 2026-01-05}]}
  lines: {layers: [{rotate: [bruno, chloe], every: 1w, handoff: mon 09:00, from: 2026-01-05}]}
tiers:
  L1: {who: desk, next: L2, to: {servicenow: Service Desk}}
  L2: {who: lines, to: {servicenow: Network}}
slas:
  fast: {when: priority == 1, target: 4h, stop: resolved, pause: 'status == "on_hold"', max_pause: 2h}
  slow: {when: priority == 1, target: 8h, calendar: office, stop: resolved, pause: 'status == "on_hold"', max_pause: 8h}
policies:
"""
_RUNNING: Final = """
  - id: {id}
    when: priority == 1
    clock: {clock}
    steps:
      - {{at: 0m, page: L1, until: ack, again: {{every: 5m, times: 5}}}}
      - {{at: 15m, page: L2, if: not ack}}
      - {{at: 50%, page: L2, if: 'not resolved and since_update > 30m'}}
      - {{at: 75%, page: L2, if: not resolved}}
    ack: {{holds: 30m}}
    end: {{page: L2, every: 30m}}
    with: [{other}]
"""
_IDLE: Final = """
  - id: idle-{number}
    when: 'priority == 1 and service == "service {number}" and (age > {number}m or "security" in labels) and not ack'
    clock: fast
    steps: [{{at: 0m, page: L1, until: ack}}, {{at: 30m, page: L2, if: not ack}}]
    end: {{page: L2, every: 30m}}
"""


def measure(scope: Scope) -> Iterator[Figure]:
    """The shortest of many batches is what the work itself takes; the median stands beside it."""
    policies, case, decided = situation()
    about = f"{len(policies.book.policies)} policies, two active runs, {CHANGES} changes"
    later = NOW + timedelta(seconds=70)
    done = escalate(policies, case, decided.runs, NOW, decided.memory)
    assert len(done.messages) == 4
    assert not escalate(policies, replace(case), done.runs, later, done.memory).happened
    for name, runs, at, aimed in (
        (f"one evaluation between two steps: {about}", done.runs, later, True),
        ("one that decides four pages and their notes", decided.runs, NOW, False),
    ):
        taken = _timed(scope, policies, case, runs, at, decided.memory)
        best = min(taken)
        measured = f"{best:.0f} µs (median {percentile(taken, 0.5):.0f})"
        target = f"under {MICROSECONDS:.0f} µs" if aimed else ""
        yield Figure(name, target, measured, best < MICROSECONDS if aimed else None, best)


def _timed(
    scope: Scope, policies: Policies, case: Case, runs: Sequence[Run], at: datetime, memory: Memory
) -> list[float]:
    """Microseconds for one evaluation, batch by batch."""
    batches, size = (40, 25) if scope.quick else (200, 50)
    taken: list[float] = []
    for _ in range(batches):
        # Each look has a case of its own, as a reconcile has: nothing is carried over from the look before.
        cases = [replace(case) for _ in range(size)]
        began = time.process_time()
        for one in cases:
            escalate(policies, one, runs, at, memory)
        taken.append((time.process_time() - began) / size * 1e6)
    return taken


def situation() -> tuple[Policies, Case, Decision]:
    """The policies, the case twenty minutes after its opening, and what was decided five minutes before."""
    running = _RUNNING.format(id="first", clock="fast", other="second") + _RUNNING.format(
        id="second", clock="slow", other="first"
    )
    idle = "".join(_IDLE.format(number=number) for number in range(1, 19))
    policies = Policies(read_book(_WORLD + running + idle, "escalation.yaml"))
    first = {"title": "The database is down", "status": "new", "priority": 1, "group": "Service Desk"}
    case = opened_case("SL-1", first, OPENED, source="snow")
    decided = escalate(policies, case, (), OPENED)
    texts = [
        Change(OPENED + timedelta(seconds=30 * n), "description", f"seen {n}") for n in range(CHANGES - 6)
    ]
    waits = [
        Change(OPENED + timedelta(minutes=12 + n), "status", "on_hold" if n % 2 == 0 else "new")
        for n in range(6)
    ]
    history = sorted([*case.history, *texts, *waits], key=lambda change: change.at)
    values = {**case.incident.values, "description": texts[-1].value, "status": "new"}
    case = replace(
        case, incident=case.incident.changed(values), history=history, activity=[c.at for c in history]
    )
    decided = escalate(policies, case, decided.runs, OPENED + timedelta(minutes=15), decided.memory)
    assert sum(run.active for run in decided.runs) == 2
    return policies, case, decided
