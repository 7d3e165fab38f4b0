"""The evaluator, and the only one: the daemon, the dry run, the rehearsal and the backtest all call `escalate`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from syncline.escalation import wording
from syncline.escalation.book import Book, Policy, Trigger
from syncline.escalation.case import OVER, Case, tier_of
from syncline.escalation.conditions import Condition
from syncline.escalation.decision import Decision
from syncline.escalation.ladder import climb
from syncline.escalation.runs import Memory, Run
from syncline.escalation.sitting import Climb, Sitting
from syncline.escalation.undelivered import drop_pages
from syncline.model import Status, Value

INSTANT: Final = 0.001
"""Seconds. A condition on a duration is looked at so long after its threshold, when it has turned for certain."""
NEW: Final = Memory()
BY_STATE: Final = frozenset({Trigger.STATE, Trigger.TIME})


@dataclass(frozen=True, slots=True)
class Policies:
    """The book in force, and the earlier ones that running escalations keep to.

    Attributes:
        book: In force: who starts, who is on call, which tier is which.
        earlier: Digest to book.
        since: When the first book of all came into force; None: always.
        began: Policy id to when it came into force, where it was added to a book later. Nothing before counts for its steps:
            else all would be overdue at once on every old ticket.
    """

    book: Book
    earlier: Mapping[str, Book] = field(default_factory=dict)
    since: datetime | None = None
    began: Mapping[str, datetime] = field(default_factory=dict)

    def of(self, run: Run) -> tuple[Book, Policy] | None:
        """The book and policy that a run keeps to; None where neither its own nor today's has it."""
        for book in (self.earlier.get(run.digest), self.book):
            policy = book.policy(run.policy) if book is not None else None
            if book is not None and policy is not None:
                return book, policy
        return None


def escalate(
    policies: Policies, case: Case, runs: Sequence[Run], now: datetime, memory: Memory = NEW
) -> Decision:
    """Apply the policies to an incident at a moment. Pure: the same in, the same out.

    Args:
        policies: In force, and those that runs keep to.
        case: The incident and its past.
        runs: All its runs so far, ended ones too.
        now: Aware, UTC.
        memory: What the last decision asked to remember.
    """
    sitting = Sitting(policies.book, case, now, dict(case.incident.values))
    memory = _priority(sitting, memory)
    _tier(sitting)
    after = [run if run.ended_at else _continued(sitting, policies, run) for run in runs]
    memory = _answer_hands(sitting, policies, after, memory)
    _begin(sitting, policies, after)
    for index, run in enumerate(after):
        found = policies.of(run) if run.active else None
        if found is not None:
            after[index] = climb(Climb(sitting, *found, run))
        else:
            drop_pages(sitting, run)
    changes = {
        name: value for name, value in sitting.values.items() if case.incident.values.get(name) != value
    }
    if changes:
        sitting.looks.append(now)  # what it changed itself may be another policy's business
    return Decision(
        case.incident.changed(changes) if changes else case.incident,
        changes,
        tuple(after),
        memory,
        tuple(sitting.messages),
        tuple(sitting.withdrawn),
        min(sitting.looks, default=None),
        tuple(sitting.happened),
    )


# ---- what the incident is -----------------------------------------------------------------------


def _facts(s: Sitting, book: Book | None = None) -> dict[str, object]:
    return s.facts(book or s.book, s.case.taken_at)


def _priority(s: Sitting, memory: Memory) -> Memory:
    rules, values = s.book.priority, s.values
    impact, urgency = values.get("impact"), values.get("urgency")
    if values.get("priority") is None and isinstance(impact, int) and isinstance(urgency, int):
        found = rules.matrix.get((impact, urgency))
        if found is not None:
            values["priority"] = found
    if not rules.raises:
        return memory
    facts = _facts(s)
    for rule in rules.raises:
        priority = values.get("priority")
        _look_at_turns(s, rule.when, facts)
        if rule.when.text in memory.raised or not isinstance(priority, int) or not rule.when.holds(facts):
            continue
        memory = replace(memory, raised=memory.raised | {rule.when.text})
        raised = max(1, priority - rule.by)
        values["priority"] = raised
        s.happened.append(wording.priority_raised(priority, raised, rule.when.text))
    return memory


def _tier(s: Sitting) -> None:
    """A person who assigns another tier's group moves the incident to that tier."""
    tier = tier_of(s.book, s.values)
    if tier is not None and tier != s.values.get("tier"):
        s.values["tier"] = tier


def _look_at_turns(s: Sitting, condition: Condition, facts: Mapping[str, object]) -> None:
    """Look again when time alone may turn that condition."""
    for name, thresholds in condition.thresholds.items():
        known = facts.get(name)
        if not isinstance(known, float):
            continue
        for threshold in thresholds:
            if known < threshold + INSTANT:
                s.look(s.now + timedelta(seconds=threshold + INSTANT - known))


# ---- runs that go on ----------------------------------------------------------------------------


def _continued(s: Sitting, policies: Policies, run: Run) -> Run:
    found = policies.of(run)
    if found is None:
        return _over(s, run, "its policy is not there any more")
    book, policy = found
    status = str(s.values.get("status") or Status.NEW.value)
    if status == Status.RESOLVED.value and policy.reopen == "resume":
        if run.stood_still is None:
            s.tell(run, "escalation", wording.stands_still(run.policy))
            return replace(run, stood_still=s.now)
        return run
    if status in OVER:
        return _over(s, run, f"the incident is {status}")
    if run.stood_still is not None:
        s.tell(run, "escalation", wording.resumes(run.policy), note=True)
        run = replace(run, stood_still=None)
    if policy.trigger in BY_STATE:
        facts = _facts(s, book)
        _look_at_turns(s, policy.when, facts)
        if not _applies(s.case, facts, policy, run):
            return _over(s, run, f"`{policy.when.text}` does not hold any more")
    return run


def _applies(case: Case, facts: dict[str, object], policy: Policy, run: Run) -> bool:
    """Whether a policy still applies. What escalation changed does not count: its own steps must not end it. But what
    somebody changed since does."""
    if policy.when.holds(facts):
        return True
    owner = "tier" if case.set_by_hand("group") is None else "group"
    if case.set_by_hand(owner) is False:
        facts.update({name: run.origin.get(name) for name in ("tier", "group")})
    if case.set_by_hand("priority") is False:
        facts["priority"] = run.origin.get("priority")
    return policy.when.holds(facts)


def _over(s: Sitting, run: Run, why: str) -> Run:
    s.tell(run, "escalation", wording.over(run.policy, why))
    return run.ended(s.now, why)


# ---- runs that begin ----------------------------------------------------------------------------


def _begin(s: Sitting, policies: Policies, runs: list[Run]) -> None:
    facts = _facts(s)
    if facts["resolved"]:
        return
    for policy in policies.book.policies:
        number = 0
        if policy.trigger in BY_STATE:
            if policy.when.thresholds:
                _look_at_turns(s, policy.when, facts)
            wanted = policy.when.holds(facts) and not _excluded(policies, policy, runs)
        elif policy.trigger is Trigger.RECUR and policy.count is not None:
            number = s.case.recurrences.get(policy.id, 0)
            wanted = number >= policy.count.at_least and policy.when.holds(facts)
        else:
            continue
        if not wanted or any(run.policy == policy.id and run.ended_at is None for run in runs):
            continue
        if _guarded(s, policy, runs) is None:
            value = facts.get(policy.count.same) if policy.count else None
            cause = wording.recurred(policy, number, value) if policy.count else wording.matched(policy)
            runs.append(_begun(s, policies, policy, runs, cause))


def _excluded(policies: Policies, policy: Policy, runs: Sequence[Run]) -> bool:
    """Whether another policy has the incident already, and neither says that it may run beside it."""
    for run in runs:
        if run.ended_at is not None or run.policy == policy.id:
            continue
        found = policies.of(run)
        if found is None or found[1].trigger not in BY_STATE:
            continue
        if run.policy not in policy.beside and policy.id not in found[1].beside:
            return True
    return False


def _guarded(s: Sitting, policy: Policy, runs: Sequence[Run]) -> datetime | None:
    """Until when the policy's guard keeps it from running again; None: it does not."""
    last = max((run.started_at for run in runs if run.policy == policy.id), default=None)
    ends: list[datetime] = []
    if policy.guard.cooldown is not None and last is not None:
        ends.append(last + policy.guard.cooldown)
    if policy.guard.once_per is not None:
        before = [at for at in (last, s.case.last_runs.get(policy.id)) if at is not None]
        ends += [at + policy.guard.once_per for at in before]
    until = max(ends, default=s.now)
    if until <= s.now:
        return None
    s.look(until)
    return until


def _begun(
    s: Sitting,
    policies: Policies,
    policy: Policy,
    runs: Sequence[Run],
    cause: str,
    signal: int = 0,
    by: str = "",
) -> Run:
    number = 1 + max((run.number for run in runs if run.policy == policy.id), default=0)
    subject = "" if policy.count is None else str(_facts(s).get(policy.count.same) or "")
    origin: dict[str, Value] = {name: s.values.get(name) for name in ("group", "priority")}
    run = Run(
        f"{s.case.incident.id}/{policy.id}/{number}",
        policy.id,
        policies.book.digest,
        number,
        s.now,
        cause,
        subject,
        signal,
        by,
        policies.began.get(policy.id),
        {**origin, "tier": tier_of(s.book, s.values)},
    )
    told: dict[str, object] = {"blame": policy.guard.blame}
    if signal:
        told["hand"] = signal
    s.tell(run, "escalation", wording.began(policy, cause), note=bool(signal), **told)
    return run


def _answer_hands(s: Sitting, policies: Policies, runs: list[Run], memory: Memory) -> Memory:
    """Start what answers each raised hand that was not answered yet."""
    for hand in s.case.hands:
        if hand.id <= memory.signal:
            continue
        memory = replace(memory, signal=hand.id)
        facts = {**_facts(s), "raised": True}
        if facts["resolved"]:
            s.happened.append(wording.hand_too_late(hand, str(facts["status"])))
            continue
        matching = [p for p in policies.book.policies if p.trigger is Trigger.MANUAL and p.when.holds(facts)]
        if not matching:
            s.happened.append(wording.hand_unanswered(hand))
            continue
        for policy in (matching[0], *(p for p in matching[1:] if p.id in matching[0].beside)):
            until = _guarded(s, policy, runs)
            if until is not None:
                s.happened.append(wording.hand_absorbed(hand, policy, until))
                continue
            for index, run in enumerate(runs):
                if run.policy == policy.id and run.ended_at is None:
                    runs[index] = _over(s, run, "the hand was raised again")
            cause = wording.raised(hand)
            runs.append(_begun(s, policies, policy, runs, cause, hand.id, hand.by))
    return memory
