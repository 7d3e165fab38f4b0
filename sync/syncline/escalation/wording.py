"""The sentences of escalation: on the timeline, in notes on the records, in pages and messages."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from syncline.escalation.book import Policy, Say, Step
from syncline.escalation.case import Case, Hand
from syncline.escalation.decision import Happened, PageState
from syncline.escalation.paging import Reached, Way
from syncline.escalation.roster import Person
from syncline.escalation.runs import Key, Run
from syncline.escalation.templates import filled, one_line
from syncline.model import Incident


def length(time: timedelta, most: int | None = None) -> str:
    """A length of time as the policy file has it: `1h30m`; `most`: of so many units only, the largest."""
    seconds = round(time.total_seconds())
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts[:most]) or "0m"


def when(step: Step) -> str:
    """The place of a step on its clock, as the policy file has it."""
    return length(step.at) if step.share is None else f"{step.share:.0%}"


def moment(at: datetime) -> str:
    """A moment, for people of several time zones."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def occasion(key: Key, repetition: int = 0) -> str:
    """What names a firing within its run, for good."""
    turn, index = key
    text = f"step {index + 1}" if turn == 0 else f"round {turn + 1} step {index + 1}"
    return f"{text} again {repetition}" if repetition else text


def _step(policy: Policy, key: Key, step: Step) -> str:
    return f"{policy.id}, {occasion(key)} ({when(step)})"


def _who(to: Reached | None) -> str:
    if to is None:
        return ""
    people = ", ".join(f"{one.person} ({one.why})" for one in to.people)
    tiers = " and ".join(to.tiers)
    if not people:
        return f"nobody of {tiers}" if tiers else "nobody"
    return f"{tiers}: {people}" if tiers else people


def fired(
    policy: Policy, key: Key, step: Step, to: Reached | None, cause: str, *, late: float, early: bool
) -> str:
    """A step fired."""
    deeds = []
    if to is not None:
        deeds.append(f"paged {_who(to)}")
    if step.move and to is not None and to.tiers:
        deeds.append(f"moved to {to.tiers[0]}")
    if step.say:
        deeds.append(f"told {step.say}")
    deeds += [action.replace("_", " ") for action in step.do]
    if step.runbook:
        deeds.append(f"runbook: {step.runbook}")
    rule = f", because `{step.when.text}`" if step.when is not None else ""
    timing = " at once" if early else f", {length(timedelta(seconds=late), most=2)} late" if late >= 5 else ""
    return (
        f"Escalation {_step(policy, key, step)}{timing}: {'; '.join(deeds) or 'nothing to do'}{rule}. {cause}"
    )


def left_out(policy: Policy, key: Key, step: Step, reason: str) -> str:
    """A step was due and was not needed."""
    return f"Escalation {_step(policy, key, step)} left out: {reason}"


def again(policy: Policy, key: Key, step: Step, number: int, to: Reached | None) -> str:
    """A repetition fired."""
    return f"Escalation {_step(policy, key, step)} again, {number}: paged {_who(to)}"


def ended(policy: Policy, number: int, to: Reached) -> str:
    """The end of the ladder fired."""
    assert policy.end is not None
    later = f", {length(number * policy.end.every)} later" if number else ", at once"
    return f"Escalation {policy.id}, after the last step{later}: paged {_who(to)}"


def waits(policy: Policy, key: Key, missing: Sequence[str], cover: datetime | None) -> str:
    """Nobody is on call, and the policy waits."""
    until = f"from {moment(cover)} somebody is" if cover else "and nobody will be within two weeks"
    return (
        f"Escalation {policy.id}, {occasion(key)} waits: nobody is on call for {', '.join(missing)}; {until}"
    )


def goes_on(policy: Policy, key: Key, missing: Sequence[str]) -> str:
    """Nobody is on call, and the policy goes on."""
    return f"Escalation {policy.id}, {occasion(key)}: nobody is on call for {', '.join(missing)}; it goes on to the next step at once"


def stands_in(policy: Policy, key: Key, missing: Sequence[str], who: str, *, served: bool) -> str:
    """Nobody is on call, and somebody stands in."""
    then = f"{who} is paged instead" if served else f"{who} is away too; it goes on to the next step at once"
    return f"Escalation {policy.id}, {occasion(key)}: nobody is on call for {', '.join(missing)}; {then}"


def lapsed(policy: Policy, taken: datetime, progress: datetime, holds: timedelta) -> str:
    """An acknowledgement ran out."""
    return (
        f"Escalation {policy.id}: acknowledged since {moment(taken)}, and no progress since {moment(progress)}, longer than "
        f"the {length(holds)} that an acknowledgement holds; it goes on with the next step"
    )


def kept(by: str) -> str:
    """The one who raised a hand stays."""
    return f"{by}, who raised it, stays on it as a contributor"


def related(policy: Policy, others: Sequence[str]) -> str:
    """The incidents that were counted."""
    return f"Escalation {policy.id}: belongs to {', '.join(others)}"


def no_way(person: Person) -> str:
    """Somebody cannot be reached by any means."""
    return f"{person.name} was to be paged and has no way to be reached; add `reach:` or `ids:` to {person.id} in the policy file"


def not_told(say: Say, person: Person) -> str:
    """Somebody was to be told and cannot be."""
    return f"{person.name} was to be told {say.id} and has none of its channels; add `reach:` to {person.id} in the policy file"


def other_way(state: PageState, person: Person, way: Way) -> str:
    """A page is tried by another way."""
    return f"The page to {person.name} by {state.channel} {_verdict(state)}; it is tried by {way.channel}"


def unreachable(state: PageState, person: Person) -> str:
    """No way is left."""
    return f"The page to {person.name} by {state.channel} {_verdict(state)}, and no other way is left"


def withdrawn(state: PageState, name: str, why: str) -> str:
    """A page that has yet to leave is not needed any more."""
    what = "is not sent once more" if state.state == "unknown" else "is not sent any more"
    return f"The page to {name} by {state.channel} ({state.occasion}) {what}: {why}"


def _verdict(state: PageState) -> str:
    if state.state == "failed":
        return "failed"
    return "has an unknown outcome" if state.state == "unknown" else "is not known to have arrived"


def instead(to: Reached) -> str:
    """Who is paged for somebody whom no page reached."""
    return (
        f"paged instead: {_who(to)}"
        if to.people
        else "and there is nobody else to page: somebody must look at once"
    )


def began(policy: Policy, cause: str) -> str:
    """A run began."""
    return f"Escalation {policy.id} begins: {cause}"


def over(policy_id: str, why: str) -> str:
    """A run ended."""
    return f"Escalation {policy_id} ends: {why}"


def stands_still(policy_id: str) -> str:
    """A run waits for what becomes of a resolved incident."""
    return f"Escalation {policy_id} stands still: the incident is resolved; it goes on if it is opened again"


def resumes(policy_id: str) -> str:
    """A run goes on."""
    return f"Escalation {policy_id} goes on: the incident was opened again"


def matched(policy: Policy) -> str:
    """Why a policy began: its condition."""
    return f"`{policy.when.text}` holds"


def recurred(policy: Policy, number: int, value: object) -> str:
    """Why a policy began: it happened again and again."""
    assert policy.count is not None
    return f"incident no. {number} with {policy.count.same} {value} within {length(policy.count.within)}"


def raised(hand: Hand) -> str:
    """Why a policy began: somebody asked for it."""
    return f"{hand.by} raised it: {hand.reason}" if hand.reason else f"{hand.by} raised it"


def hand_too_late(hand: Hand, status: str) -> Happened:
    """A hand was raised for what is over."""
    return _about_hand(
        hand, f"{raised(hand)}; the incident is {status}, so nothing is escalated: open it again first"
    )


def hand_unanswered(hand: Hand) -> Happened:
    """No policy answers a raised hand."""
    text = (
        f"{raised(hand)}; no policy with `trigger: manual` answers that for this incident: nobody was paged"
    )
    return _about_hand(hand, text)


def hand_absorbed(hand: Hand, policy: Policy, until: datetime) -> Happened:
    """A hand was raised again too soon."""
    return _about_hand(
        hand, f"{raised(hand)}; {policy.id} answered it already, and rests until {moment(until)} (its guard)"
    )


def _about_hand(hand: Hand, text: str) -> Happened:
    return Happened("escalation", text, {"hand": hand.id, "blame": False}, note=True)


def priority_raised(before: int, after: int, rule: str) -> Happened:
    """A rule of the priority."""
    return Happened(
        "escalation", f"Priority {before} -> {after}, because `{rule}`", {"rule": rule}, note=True
    )


def fields(incident: Incident, case: Case, policy: Policy, run: Run, step: Step | None) -> dict[str, str]:
    """What templates may name, beside the person whom the message goes to."""
    return {
        "id": incident.id,
        "title": incident.title,
        "description": str(incident["description"] or ""),
        "priority": _level(incident),
        "status": incident.status.value,
        "service": str(incident["service"] or "no service"),
        "group": str(incident["group"] or "no group"),
        "assignee": str(incident["assignee"] or "nobody"),
        "requester": str(incident["requester"] or "somebody"),
        "tier": str(incident["tier"] or "no tier"),
        "records": _records(case),
        "policy": policy.id,
        "why": run.cause,
        "raised_by": run.by,
        "runbook": (step.runbook if step else None) or "",
    }


def page(incident: Incident, case: Case, run: Run, step: Step | None, to: Reached | None) -> tuple[str, str]:
    """Title and text of a page."""
    level, service = _level(incident), incident["service"] or "no service"
    lines = [
        incident.title,
        f"{level}, {incident.status.value}, {service}",
        run.cause,
        f"Paged: {_who(to)}" if to is not None and to.people else "",
        _records(case),
        f"Runbook: {step.runbook}" if step is not None and step.runbook else "",
        "Acknowledge it on any of these platforms.",
    ]
    return f"[{level}] {incident.title}", "\n".join(line for line in lines if line)


def _level(incident: Incident) -> str:
    return f"P{incident.priority}" if incident.priority is not None else "no priority"


def _records(case: Case) -> str:
    return "\n".join(f"{name}: {key}" for name, key in case.records.items())


def said(
    say: Say, incident: Incident, case: Case, policy: Policy, run: Run, step: Step | None, person: Person
) -> tuple[str, str]:
    """Title and text of a message to stakeholders."""
    known = {**fields(incident, case, policy, run, step), "person": person.name}
    title = say.title or "{priority} {title}: {status}"
    text = say.text or "{title}\n{priority}, {status}, {service}\n{why}\n{records}"
    return one_line(filled(title, known)), filled(text, known)
