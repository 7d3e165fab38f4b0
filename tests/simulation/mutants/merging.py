"""Merging, echoes and conflicts: whose change it was, and what becomes of the other one."""

from typing import Final

from mutants.mutant import Mutant

MERGE: Final = "sync/syncline/merge.py"
OPERATIONS: Final = "sync/syncline/store/operations.py"

_LOST = "(operations.c.state == State.VOID.value) & (operations.c.finished_at"
_LANDED = "operations.c.state.in_([State.VOID.value, State.APPLIED.value]) & (operations.c.finished_at"

MUTANTS: Final = (
    Mutant(
        name="classic-lost-update",
        fault="F21",
        breaks="Who comes with a change is right: the incident's present value has been told to everybody.",
        expects="unrecorded",
        file=MERGE,
        before="    running = [*candidates, *standing]\n",
        after="    running = list(candidates)\n",
    ),
    Mutant(
        name="loser-of-a-re-apply-not-recorded",
        fault="F23",
        breaks="An edit that our write had overwritten is put back: that undoes our mistake, and is no conflict.",
        expects="unrecorded",
        file=MERGE,
        before="    running = [*candidates, *standing]\n",
        after="""\
    again = any(c.recovered for c in candidates)
    running = list(candidates) if again else [*candidates, *standing]
""",
    ),
    Mutant(
        name="conflict-without-a-record",
        fault="F21",
        breaks="The policy has decided, so there is nothing that a person need know.",
        expects="unrecorded",
        file="sync/syncline/reconcile.py",
        before="    timeline.append(tx, incident_id, *(_decided(conflict) for conflict in merged.conflicts))\n",
        after="",
    ),
    Mutant(
        name="value-diff-only",
        fault="F24",
        breaks="A side changed where its common value differs from the one that was agreed; native values are details.",
        expects="lost",
        file=MERGE,
        before="        if not changed or not rule.direction.reads:\n",
        after="        if not rule.direction.reads:\n",
        also=(
            (
                MERGE,
                '    reading = mapping.read(view.seen, directory, Incident("", view.settled))\n',
                "    reading = mapping.read(view.seen, directory)\n",
            ),
        ),
    ),
    Mutant(
        name="ownership-by-actor-only",
        fault="F28",
        breaks="What our own account wrote last is our own write.",
        expects="lost",
        file=MERGE,
        before="        ours = next((s for s in reversed(sent) if ",
        after="""\
        if view.own:
            continue
        ours = next((s for s in reversed(sent) if """,
    ),
    Mutant(
        name="send-log-without-sequence",
        fault="F28",
        breaks="A value that our account sets, and that we have sent within the hour, is our echo.",
        expects="lost",
        file=OPERATIONS,
        before=_LOST,
        after=_LANDED,
        needs={"bots": "set fields back to what we wrote, with our own account"},
    ),
    Mutant(
        name="echo-by-value-alone",
        fault="F28",
        breaks="A value that we have sent within the hour is our echo, whoever the platform says has set it.",
        expects="lost",
        file=OPERATIONS,
        before=_LOST,
        after=_LANDED,
        also=(
            (
                MERGE,
                "    matches = changed <= sent.values.keys() and all(\n",
                """\
    if all(n in sent.values and sent.values[n] == view.seen.get(n) for n in changed):
        return True
    matches = changed <= sent.values.keys() and all(
""",
            ),
        ),
        needs={"people": "set a status or a priority back and forth"},
    ),
    Mutant(
        name="unmerged-edit-overwritten",
        fault="F22",
        breaks="What the incident says is what the record is to say: an edit that was just seen is merged afterwards.",
        expects="lost",
        file="sync/syncline/planning.py",
        before="    wanted = {name: value for name, value in behind.items() if name not in unmerged}\n",
        after="    wanted = dict(behind)\n",
    ),
    Mutant(
        name="parked-dispute-settled-on-one-side",
        fault="F21",
        breaks="A dispute is parked, so its sides need not be remembered: the shadow takes what was seen.",
        expects="lost",
        file="sync/syncline/reconcile.py",
        before="            hold(side, link.view(), station.endpoints[link.instance].mapping, waiting)\n",
        after="            side\n",
        needs={"conflicts": "manual"},
    ),
    Mutant(
        name="shadow-not-moved-on",
        fault="F21",
        breaks="What a side has said is settled, and the shadow follows with the next write to it.",
        expects="diverged",
        file="sync/syncline/reconcile.py",
        before="            shadow=side.shadow,\n            settled=side.settled,\n",
        after="            settled=side.settled,\n",
    ),
    Mutant(
        name="lowest-priority-wins",
        fault="F21",
        breaks="The highest of two priorities is the greater number.",
        expects="unruly",
        file=MERGE,
        before="        return -value  # priority 1 is the highest\n",
        after="        return value\n",
    ),
    Mutant(
        name="edits-ordered-by-platforms-clocks",
        fault="F17",
        breaks="When somebody wrote something is what their platform says of it.",
        expects="unruly",
        file="sync/syncline/reconcile.py",
        before="replace(candidate.origin, at=endpoint.by_our_clock(at), there=at)",
        after="replace(candidate.origin, at=at, there=at)",
        needs={"faults": ["skew"]},
    ),
    Mutant(
        name="loser-under-the-winners-name",
        fault="F21",
        breaks="A conflict has one actor, who is named beside each value.",
        expects="unruly",
        file="sync/syncline/reconcile.py",
        before="[c.origin.instance, c.origin.actor, json_value(c.value), c.origin.at.isoformat()]",
        after="[c.origin.instance, conflict.winner.origin.actor, json_value(c.value), c.origin.at.isoformat()]",
    ),
)
