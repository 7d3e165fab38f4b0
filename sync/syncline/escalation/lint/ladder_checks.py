"""Steps that never fire, ladders that end in nothing, and policies that end by their own steps."""

from typing import Final

from syncline.escalation.book import Policy, Step
from syncline.escalation.conditions import Condition
from syncline.escalation.lint.sheet import Sheet
from syncline.escalation.lint.whom import by_state, pagings

MOVED: Final = ("tier", "group", "hops", "since_tier", "since_update")
"""Names whose facts a move changes."""
OF_ACKS: Final = ("ack", "since_ack")
"""Policies begin and end by the status; for steps a page that was answered counts, too, and an acknowledgement that
lapsed does not."""


def check_ladders(sheet: Sheet) -> None:
    """E18, W18, E21 and W53."""
    for policy in sheet.book.policies:
        if policy.end is None and pagings(policy):
            sheet.add(
                "E21",
                policy.place,
                f"policy {policy.id} is a dead end: if nobody acts after its last step, nothing happens any more",
                "write end: {page: MGMT, every: 30m}; or end: none if that is meant",
                {"after": f"step {len(policy.steps)}", "incident": {"ack": False, "resolved": False}},
            )
        # Of all steps: rounds and acknowledgements that lapse bring earlier ones back.
        changed = tuple(dict.fromkeys(name for step in policy.steps for name in _changes(step)))
        for number, step in enumerate(policy.steps, 1):
            _unreachable(sheet, policy, number, step, changed)
        if by_state(policy):
            _ends_itself(sheet, policy)


def _changes(step: Step) -> list[str]:
    """Names whose facts a step changes."""
    found: list[str] = []
    if step.move:
        found += MOVED
    if "raise_priority" in step.do:
        found.append("priority")
    if "assign" in step.do:
        found.append("assignee")
    if "open_problem" in step.do:
        found.append("labels")
    return found


def _unreachable(sheet: Sheet, policy: Policy, number: int, step: Step, changed: tuple[str, ...]) -> None:
    about = f"whether step {number} of policy {policy.id} can fire"
    wanted: list[Condition] = [] if step.when is None else [step.when]
    if sheet.never(step.place, about, *wanted):
        return  # told of already
    no_ack = [sheet.acknowledged] if step.until == "ack" else []
    why = ""
    if sheet.never(step.place, about, *wanted, without=no_ack):
        why = f"`until: ack` leaves it out once somebody has the incident, and `{step.when.text if step.when else ''}` asks for that"
    elif sheet.never(step.place, about, *wanted, sheet.open, without=no_ack):
        why = "the policy is over by then: it ends when the incident is resolved, closed or canceled"
    elif step.when is not None and _contradicts(sheet, policy, step, (*changed, *OF_ACKS)):
        why = f"it contradicts the policy, which ends when `{policy.when.text}` holds no more"
    elif step.when is not None and _contradicts(sheet, policy, step, changed):
        _, incident = sheet.example(step.place, about, *wanted)
        sheet.add(
            "W18",
            step.place,
            f"step {number} of policy {policy.id} can hardly fire: it contradicts `{policy.when.text}`, with which the"
            " policy ends, but for acknowledgements that lapse or come by a page alone",
            "correct `if`, or delete the step",
            {"incident": incident},
        )
        return
    if why:
        _, incident = sheet.example(step.place, about, *wanted)
        sheet.add(
            "E18",
            step.place,
            f"step {number} of policy {policy.id} can never fire: {why}",
            "correct `if`, or delete the step",
            {"incident": incident},
        )
        return
    _after_stop(sheet, policy, number, step)


def _contradicts(sheet: Sheet, policy: Policy, step: Step, changed: tuple[str, ...]) -> bool:
    """Whether a step cannot fire as long as its policy runs, whatever becomes of those names meanwhile."""
    if not by_state(policy) or step.when is None:
        return False
    lasting, vocabulary = sheet.later(policy.when, changed)
    about = f"whether a step of policy {policy.id} contradicts it"
    no_ack = [sheet.acknowledged] if step.until == "ack" else []
    wanted = (step.when, lasting, sheet.open)
    return sheet.example(step.place, about, *wanted, without=no_ack, vocabulary=vocabulary)[0] is False


def _after_stop(sheet: Sheet, policy: Policy, number: int, step: Step) -> None:
    """A step whose condition holds only once the policy's clock has stopped, so that it is never due."""
    clock = sheet.book.clocks[policy.clock]
    if step.when is None or clock.target is None:
        return
    about = f"whether step {number} of policy {policy.id} comes before the stop of clock {clock.id}"
    if sheet.never(step.place, about, step.when, sheet.open, without=[clock.stop]):
        acks = "ack" in clock.stop.names or "ack" in step.when.names
        _, incident = sheet.example(step.place, about, step.when, sheet.open)
        sheet.add(
            "W18" if acks else "E18",
            step.place,
            f"step {number} of policy {policy.id} can hardly fire: clock {clock.id} has stopped by then"
            f" (`{clock.stop.text}`), so that the step is never due"
            if acks
            else f"step {number} of policy {policy.id} can never fire: clock {clock.id} has stopped by then"
            f" (`{clock.stop.text}`), so that the step is never due",
            "correct `if`, let the clock stop later, or let the policy run on clock: raised",
            {"incident": incident},
        )


def _ends_itself(sheet: Sheet, policy: Policy) -> None:
    """A policy whose own step makes its condition fail, with steps left."""
    for number, step in enumerate(policy.steps, 1):
        last = number == len(policy.steps) and policy.end is None
        why, mend = "", ""
        if step.move and {"hops", "since_tier"} & policy.when.names:
            names = sorted({"hops", "since_tier"} & policy.when.names)
            why = f"moves the record, and `{policy.when.text}` asks for {' and '.join(names)}, which the move changes"
            mend = "ask for the tier or group instead: those are taken as they were when the policy began"
        elif "assign" in step.do and "assignee" in policy.when.names:
            why = f"assigns the incident, and `{policy.when.text}` asks for the assignee"
            mend = "ask for ack instead"
        if why and not last:
            sheet.add(
                "W53",
                step.place,
                f"step {number} of policy {policy.id} may end the policy itself: it {why}",
                mend,
                {"policy": policy.id, "step": number},
            )
            return
