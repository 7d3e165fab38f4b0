"""Statuses: set, or reached by the steps of a workflow."""

from syncline.connector import Transition
from syncline.errors import OutcomeUnknown, Refused, SynclineError
from syncline.testing.check import Tier, check
from syncline.testing.checks import needs
from syncline.testing.trial import Trial
from syncline.testing.wiretap import breaks_after


@check(
    Tier.BRONZE,
    "Write statuses like any field where the platform takes them; state `workflow` where it does not.",
)
def status_is_carried(t: Trial) -> None:
    """An incident that is resolved on one side and open on another pages people for nothing."""
    for status in ("in_progress", "resolved"):
        record = t.create()
        t.move(record.id, status)
        after = t.read(record.id)
        natives = {name: after.values[name] for name in t.mapping.natives_of("status")}
        holds = t.fitted.holds("status", status, natives, t.fitted.directory(after.parties))
        t.claim(holds, f"brought to {status}, the ticket is {natives}")


@check(Tier.BRONZE, "Where steps alone change the status, state `workflow`.", needs.no_workflow)
def no_workflow_is_true(t: Trial) -> None:
    """Where statuses are simply set there are no steps; a connector that offers some keeps the core from them."""
    record = t.create()
    status = str(t.read(record.id).values[t.native_status()])
    steps = t.connector.steps(record.id, status)
    t.claim(
        not steps, f"`workflow` is not stated, and there are steps: {', '.join(one.name for one in steps)}"
    )


@check(
    Tier.BRONZE, "Give the transitions that the platform offers for the ticket as it stands.", needs.workflow
)
def steps_lead_where_they_say(t: Trial) -> None:
    """The way to a status is planned by them; a step that leads elsewhere makes tickets wander."""
    record = t.create()
    here = str(record.values[t.native_status()])
    steps = t.connector.steps(record.id, here)
    t.claim(steps, f"no step leads out of {here!r}")
    for step in steps:
        other = t.create()
        t.connector.write(t.transition(other.id, step.id))
        t.stand.wait(1)
        after = t.read(other.id).values[t.native_status()]
        t.claim(after == step.to, f"{step.name!r} says that it leads to {step.to!r}, and led to {after!r}")


@check(
    Tier.SILVER, "Look for another ticket of the same workflow that stands in that status.", needs.workflow
)
def steps_of_a_status_elsewhere(t: Trial) -> None:
    """A way over several steps is planned ahead: the ticket does not yet stand where the second step begins."""
    first, second = t.create(), t.create()
    here = str(first.values[t.native_status()])
    steps = t.connector.steps(second.id, here)
    t.connector.write(t.transition(second.id, steps[0].id))
    t.settle()
    there = str(t.read(second.id).values[t.native_status()])
    ids = {one.to for one in t.connector.steps(second.id, there)}
    elsewhere = {one.to for one in t.again().connector.steps(first.id, there)}
    t.claim(
        elsewhere == ids,
        f"out of {there!r} lead {sorted(ids)}; seen from a ticket in {here!r}, {sorted(elsewhere)}",
    )


@check(
    Tier.BRONZE,
    "Send the one request; a status that the platform does not let be reached is Refused.",
    needs.workflow,
)
def impossible_step_is_refused(t: Trial) -> None:
    """A step that the ticket does not offer any more, because somebody moved it, is no success."""
    record = t.create()
    before = t.read(record.id).values
    operation = Transition(record.id, "987654", "Nowhere")
    t.raises(Refused, lambda: t.connector.write(operation), "a step that there is not")
    t.claim(t.read(record.id).values == before, "a step that there is not changed the ticket")


@check(Tier.BRONZE, "Send one request that changes something.", needs.workflow)
def step_is_one_request(t: Trial) -> None:
    """Between two writes we can be killed, or somebody else can move the ticket."""
    record = t.create()
    steps = t.connector.steps(record.id, str(record.values[t.native_status()]))
    operation = t.transition(record.id, steps[0].id)
    before = t.writes()
    t.connector.write(operation)
    t.claim(t.writes() - before == 1, f"{t.writes() - before} requests that change something went out")


@check(Tier.BRONZE, "Let `Http` judge it; catch no exception of requests or of your library.", needs.workflow)
def lost_reply_to_a_step_is_unknown(t: Trial) -> None:
    """Taken again, a step may lead on to a status that nobody wanted."""
    record = t.create()
    steps = t.connector.steps(record.id, str(record.values[t.native_status()]))
    operation = t.transition(record.id, steps[0].id)
    t.tap.meets(breaks_after, t.sent_for(operation))
    t.raises(OutcomeUnknown, lambda: t.connector.write(operation), "a step whose reply was lost")


@check(Tier.SILVER, "Let people reopen; where the platform does not, Refused with its own words.")
def reopening_works_or_is_refused(t: Trial) -> None:
    """An incident that comes back must come back everywhere, or somebody must be told that it does not."""
    record = t.create()
    t.move(record.id, "resolved")
    try:
        t.move(record.id, "in_progress")
    except Refused:
        return
    except SynclineError as error:
        t.claim(False, f"reopening raised {type(error).__name__}: {error}")
    after = t.read(record.id)
    natives = {name: after.values[name] for name in t.mapping.natives_of("status")}
    reading = t.fitted.read(natives, t.fitted.directory(after.parties)).values.get("status")
    t.claim(reading not in {"resolved", "closed", "canceled"}, f"reopened, the ticket is {natives}")
