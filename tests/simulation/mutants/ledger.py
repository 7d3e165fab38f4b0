"""The ledger of work: marks, leases, back-off, and who is woken."""

from typing import Final

from mutants.mutant import Mutant

LEASES: Final = "sync/syncline/ledger/leases.py"
ROWS: Final = "sync/syncline/ledger/rows.py"
RECONCILE: Final = "sync/syncline/reconcile.py"
WORKERS: Final = "sync/syncline/workers.py"

MUTANTS: Final = (
    Mutant(
        name="mark-during-a-run-forgotten",
        fault="F6",
        breaks="A run that ends has seen everything, so it is due again when it says so.",
        expects="stuck",
        file=LEASES,
        before="    due=sa.func.coalesce(sa.case((work.c.again < _NEXT_DUE, work.c.again), else_=_NEXT_DUE), work.c.again),\n",
        after="    due=_NEXT_DUE,\n",
        needs={"faults": ["delete"]},
    ),
    Mutant(
        name="done-forgets-the-timer",
        fault="F50",
        breaks="Where nothing happened the timers stand as they were: that giving back the lease clears them is overlooked.",
        expects="missed",
        file=RECONCILE,
        before="        outcome.look_again = escalating.next_look(decision, tx.now)\n",
        after="        outcome.look_again = escalating.next_look(decision, tx.now) if decision.happened else None\n",
        needs={"escalation": True},
    ),
    Mutant(
        name="batch-looks-again-when-its-first-does",
        fault="F50",
        breaks="Incidents that are reconciled together are looked at again together: at the first one's time, or not at all.",
        expects="missed",
        file=WORKERS,
        before="        lease.done(tx, outcome.look_again if outcome else None)\n    return outcomes\n",
        after="""\
        first = next(iter(outcomes.values()), None)
        lease.done(tx, first.look_again if outcome and first else None)
    return outcomes
""",
        needs={"escalation": True, "people": "several incidents at the same time"},
    ),
    Mutant(
        name="look-again-only-earlier-than-others",
        fault="F50",
        breaks="Of the time to look again and a mark meanwhile the later one is enough: by then both are due.",
        expects="missed",
        file=LEASES,
        before="sa.case((work.c.again < _NEXT_DUE, work.c.again), else_=_NEXT_DUE)",
        after="sa.case((work.c.again < _NEXT_DUE, _NEXT_DUE), else_=work.c.again)",
        needs={"escalation": True, "faults": ["outage", "delete"]},
    ),
    Mutant(
        name="outage-counts-as-our-fault",
        fault="F40",
        breaks="What fails eight times in a row is parked, whatever the reason: a person had better look at it.",
        expects="stuck",
        file="sync/syncline/delivery/failed.py",
        before="        after = error.after\n    lease.retry(tx, str(error), after)\n",
        after="        after = error.after\n    lease.retry(tx, str(error), after, ours=True)\n",
        needs={"faults": ["outage"]},
    ),
    Mutant(
        name="back-off-without-end",
        fault="F40",
        breaks="Each failure makes the wait longer, and nothing shortens it once the platform is back.",
        expects="stuck",
        file=LEASES,
        before="    most = min(LONGEST, SHORTEST * 2.0 ** min(tries, 20))\n",
        after="    most = SHORTEST * 4.0 ** min(tries, 10)\n",
        also=(
            (
                "sync/syncline/intake/polling.py",
                "            station.ledger.hasten(tx, Kind.DELIVERY, endpoint.name)\n",
                "",
            ),
            (
                "sync/syncline/delivery/failed.py",
                "        after = error.after\n    lease.retry(tx, str(error), after)\n",
                "        after = None\n    lease.retry(tx, str(error), after)\n",
            ),
        ),
        needs={"faults": ["outage"]},
    ),
    Mutant(
        name="restart-leaves-leases",
        fault="F41",
        breaks="A leased row is somebody's: it is not due, and who died with it is found by its lease.",
        expects="stuck",
        file="sync/syncline/daemon.py",
        before="        held = station.ledger.release_all(tx)\n",
        after="        held = 0\n",
        also=(
            (
                ROWS,
                '    due = sa.select(work).where(_at(urgency), work.c.due <= sa.bindparam("now")).order_by(work.c.due)\n',
                """\
    free = work.c.token.is_(None)
    due = sa.select(work).where(_at(urgency), free, work.c.due <= sa.bindparam("now")).order_by(work.c.due)
""",
            ),
        ),
        needs={"faults": ["kill", "killwrite"]},
    ),
    Mutant(
        name="lease-shorter-than-a-request",
        fault="F41",
        breaks="A second is enough for a lease: a peer must take over at once what a dead worker held.",
        expects="doubled",
        file=ROWS,
        before='            held = {"due": now + LEASE, "again": None}\n',
        after='            held = {"due": now + 1.0, "again": None}\n',
        needs={"escalation": True, "faults": ["slow"]},
    ),
    Mutant(
        name="lease-not-fenced",
        fault="F42",
        breaks="The lease was checked when it was taken; what is stored under it belongs to that row in any case.",
        expects="doubled",
        file=LEASES,
        before='    work.c.token == sa.bindparam("held"),\n',
        after='    sa.bindparam("held") != "",\n',
        needs={"escalation": True, "faults": ["pause"]},
    ),
    Mutant(
        name="copy-in-doubt-wakes-nobody",
        fault="F6",
        breaks="A copy in doubt is looked for in the next turn, and whoever changes something brings that about.",
        expects="stuck",
        file="sync/syncline/delivery/turn.py",
        before="        due = min((at for at in (done.next_due, *self.doubtful.values()) if at is not None), default=None)\n",
        after="        due = None if self.doubtful else done.next_due\n",
        needs={"faults": ["late", "error", "reset"]},
    ),
    Mutant(
        name="clock-set-back-the-wrong-way",
        fault="F17",
        breaks="What waits out a time is moved by what the clock was moved: the sign is turned round.",
        expects="stuck",
        file=ROWS,
        before=".values(due=work.c.due - seconds))",
        after=".values(due=work.c.due + seconds))",
        needs={"faults": ["jump"]},
    ),
    Mutant(
        name="nobody-is-woken",
        fault="F6",
        breaks="Workers look by themselves every so often: waking them is a matter of seconds.",
        expects="slow",
        file=WORKERS,
        before="        for signal in self._signals.get((kind, lane), ()):\n            signal.set()\n\n    def start",
        after="        return\n\n    def start",
        needs={"fair": True},
    ),
)
