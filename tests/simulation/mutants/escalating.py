"""Escalation: steps, clocks, acknowledgements, runs, and what the store keeps of them."""

from typing import Final

from mutants.mutant import Mutant

CASE: Final = "sync/syncline/escalation/case.py"
CLOCKS: Final = "sync/syncline/escalation/clocks.py"
ESCALATING: Final = "sync/syncline/escalating.py"
EVALUATE: Final = "sync/syncline/escalation/evaluate.py"
LADDER: Final = "sync/syncline/escalation/ladder.py"
UNDELIVERED: Final = "sync/syncline/escalation/undelivered.py"

MUTANTS: Final = (
    Mutant(
        name="step-without-its-mark",
        fault="F50",
        breaks="A run is stored when it begins and when it ends; what its steps did is on the timeline.",
        expects="doubled",
        file=ESCALATING,
        before="    runs.save(tx, incident_id, [run for run in decision.runs if known.get(run.id) != run])\n",
        after="    runs.save(tx, incident_id, [run for run in decision.runs if run.id not in known or run.ended_at])\n",
        needs={"escalation": True},
    ),
    Mutant(
        name="missed-repetitions-made-up-for",
        fault="F50",
        breaks="Each repetition is owed: those that were missed in an outage are made up for, one after the other.",
        expects="doubled",
        file=LADDER,
        before="    number = _due_repetition(c, step, offset)\n",
        after="    number = min(mark.repetitions + 1, _due_repetition(c, step, offset))\n",
        also=(
            (LADDER, "    repetitions = _due_repetition(c, step, offset)\n", "    repetitions = 0\n"),
            (
                LADDER,
                "        c.sitting.look(c.reading.due(offset + (number + 1) * step.again.every))\n",
                "        c.sitting.looks.append(c.reading.due(offset + (number + 1) * step.again.every) or c.sitting.now)\n",
            ),
        ),
        needs={"escalation": True, "faults": ["pause"]},
    ),
    Mutant(
        name="due-from-the-start-of-the-run",
        fault="escalation",
        breaks="A step is due so long after its run began; what the clock leaves out is a matter of reports.",
        expects="early",
        file=LADDER,
        before="    due = None if offset is None else c.reading.due(offset)\n",
        after="    due = None if offset is None else c.run.started_at + offset\n",
        needs={"escalation": True, "people": "put incidents on hold"},
    ),
    Mutant(
        name="due-from-the-last-step",
        fault="F50",
        breaks="A step is due so long after the last one, and every sign of life puts it off.",
        expects="missed",
        file=LADDER,
        before="    due = None if offset is None else c.reading.due(offset)\n",
        after="""\
    last = max((mark.at for mark in c.run.marks.values()), default=c.run.started_at)
    due = None if offset is None else max(last, c.sitting.case.last_activity(last)) + offset
""",
        needs={"escalation": True},
    ),
    Mutant(
        name="pause-ignored",
        fault="escalation",
        breaks="The clock runs until it is stopped: that a pause stops it for a while is left out.",
        expects="early",
        file=CLOCKS,
        before="        elif clock.pause is None or not clock.pause.holds(facts):\n",
        after="        elif clock.pause is None or clock.pause is not None:\n",
        needs={"escalation": True, "people": "put incidents on hold"},
    ),
    Mutant(
        name="each-pause-counts-anew",
        fault="escalation",
        breaks="A pause may last so long: that all pauses together may is overlooked.",
        expects="missed",
        file=CLOCKS,
        before="            paused += _add_pause(pieces, calendar, begin, end, clock.max_pause - paused)\n",
        after="            _add_pause(pieces, calendar, begin, end, clock.max_pause - paused)\n",
        needs={
            "escalation": True,
            "people": "put incidents on hold again and again, for longer than max_pause in all",
        },
    ),
    Mutant(
        name="only-an-acknowledgement-acknowledges",
        fault="escalation",
        breaks="An incident is taken when it is acknowledged: on platforms that know no such status it never is.",
        expects="early",
        file=CASE,
        before="frozenset({Status.ACKNOWLEDGED.value, Status.IN_PROGRESS.value, Status.ON_HOLD.value})",
        after="frozenset({Status.ACKNOWLEDGED.value})",
        needs={"escalation": True, "people": "take incidents on ServiceNow or Jira"},
    ),
    Mutant(
        name="acknowledgement-outlives-its-end",
        fault="escalation",
        breaks="Somebody who has taken an incident has it, also when it falls back to new.",
        expects="missed",
        file=CASE,
        before="            taken = (taken or at) if status in TAKEN else None\n",
        after="            taken = (taken or at) if status in TAKEN else taken\n",
        also=((CASE, "signs if at >= fell and", "signs if"),),
        needs={"escalation": True, "people": "give an incident back that they had taken"},
    ),
    Mutant(
        name="page-counts-as-answered",
        fault="escalation",
        breaks="A page that has not failed is in the hands of somebody.",
        expects="missed",
        file=CASE,
        before='            (page.at for page in self.pages if page.run_id == run_id and page.state == "answered"),\n',
        after='            (page.at for page in self.pages if page.run_id == run_id and page.state != "failed"),\n',
        needs={"escalation": True},
    ),
    Mutant(
        name="reopened-run-begins-anew",
        fault="escalation",
        breaks="A resolved incident needs no escalation, so its run is over; opened again, it gets another one.",
        expects="doubled",
        file=EVALUATE,
        before='    if status == Status.RESOLVED.value and policy.reopen == "resume":\n',
        after='    if status == Status.RESOLVED.value and policy.reopen == "anew":\n',
        needs={"escalation": True, "people": "resolve incidents and open them again"},
    ),
    Mutant(
        name="hand-answered-again",
        fault="escalation",
        breaks="Which hand was answered stands in its run, and need not be remembered beside it.",
        expects="doubled",
        file=EVALUATE,
        before='        told["hand"] = signal\n',
        after='        told["signal"] = signal\n',
        needs={"escalation": True, "people": "raise a hand"},
    ),
    Mutant(
        name="guard-forgets-ended-runs",
        fault="escalation",
        breaks="A cool-down protects from a run that is still there.",
        expects="doubled",
        file=EVALUATE,
        before="    last = max((run.started_at for run in runs if run.policy == policy.id), default=None)\n",
        after="    last = max((run.started_at for run in runs if run.policy == policy.id and run.active), default=None)\n",
        needs={
            "escalation": True,
            "people": "raise a hand again within its cool-down, when the first run is over",
        },
    ),
    Mutant(
        name="page-taken-by-a-platform-has-arrived",
        fault="F20",
        breaks="A platform that takes a page has delivered it: 2xx is 2xx.",
        expects="missed",
        file=UNDELIVERED,
        before="    return page.state in (ARRIVED if confirms else TAKEN_BY_SERVICE)\n",
        after="    return page.state in TAKEN_BY_SERVICE\n",
        needs={"escalation": True, "faults": ["dropped"]},
    ),
    Mutant(
        name="failed-page-is-a-page",
        fault="F20",
        breaks="Who was paged was paged: the ladder goes on by its times, whatever became of a page.",
        expects="missed",
        file=UNDELIVERED,
        before="    if _arrived(c, page) or _spared(c, page):\n        return False\n",
        after='    if _arrived(c, page) or _spared(c, page) or page.state in ("failed", "due"):\n        return False\n',
        needs={"escalation": True, "faults": ["refuses"]},
    ),
    Mutant(
        name="changes-count-from-when-we-saw-them",
        fault="escalation",
        breaks="Changes count from when we saw them, since platforms' clocks are not to be trusted.",
        expects="early",
        file=ESCALATING,
        before='        at = min(instant_of(data.get("at")) or event.at, event.at, now)\n',
        after="        at = event.at\n",
        needs={
            "escalation": True,
            "faults": ["outage", "pause"],
            "people": "put incidents on hold meanwhile",
        },
    ),
)
