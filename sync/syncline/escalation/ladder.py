"""One run, at one moment: which of its steps are due."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from syncline.escalation import wording
from syncline.escalation.book import Step
from syncline.escalation.deeds import effects, page_all, say_again
from syncline.escalation.paging import Reached, covered_from
from syncline.escalation.runs import Key, Mark, Run
from syncline.escalation.sitting import Climb, superfluous
from syncline.escalation.undelivered import see_pages

END_AT_ONCE: Final = "end 0"
"""The occasion of the end where it does not wait for its time: the last step had nobody to page."""


def climb(c: Climb) -> Run:
    """Do all that is due in a run now. The run afterwards."""
    at_once = _see_lapse(c)
    see_pages(c)
    for key in c.order:
        c.due = None
        mark = c.run.marks.get(key)
        if mark is None:
            at_once = _step(c, key, at_once=at_once)
        elif mark.fired:
            _repeat(c, key, mark)
    c.due = None
    _end(c, at_once=at_once)
    c.due = None
    say_again(c)
    return c.run


# ---- when ---------------------------------------------------------------------------------------


def _offset(c: Climb, key: Key) -> timedelta | None:
    """When a step of a round is due on the clock; None: it is a share of no target.

    A further round begins as long after the last step as that came after the one before it.
    """
    offsets, (turn, index) = c.offsets, key
    own, first = offsets[index], offsets[c.policy.repeat_from]
    if turn == 0 or own is None or first is None:
        return own
    known = sorted(offset for offset in offsets if offset is not None)
    gap = known[-1] - known[-2] if len(known) > 1 else timedelta()
    return own + turn * (known[-1] - first + (gap or timedelta(minutes=5)))


def _see_lapse(c: Climb) -> bool:
    """Whether an acknowledgement without progress ends now, so that the next step is due at once."""
    holds, taken = c.policy.ack_holds, c.acknowledged
    if holds is None or taken is None:
        return False
    now, progress = c.sitting.now, c.sitting.case.last_activity(taken)
    if c.run.lapsed == progress:
        c.acknowledged = None
        return False
    if c.reading.rests(now):  # nobody is called in a pause, nor outside the hours of the clock
        c.sitting.look(c.reading.wakes(now))
        return False
    lapses = progress + holds
    if lapses > now:
        c.sitting.look(lapses)
        return False
    c.acknowledged = None
    left_out = min((key for key, mark in c.run.marks.items() if mark.for_ack), default=None)
    marks = {key: mark for key, mark in c.run.marks.items() if key != left_out}
    c.run = replace(c.run, lapsed=progress, marks=marks)
    c.tell("escalation", wording.lapsed(c.policy, taken, progress, holds), note=True)
    return True


# ---- steps --------------------------------------------------------------------------------------


def _step(c: Climb, key: Key, *, at_once: bool) -> bool:
    """Fire the step if it is due; whether the next one is due at once."""
    now, offset = c.sitting.now, _offset(c, key)
    due = None if offset is None else c.reading.due(offset)
    early = due is None or due > now
    if early and not at_once:
        c.sitting.look(due)
        return False
    step, number = c.policy.steps[key[1]], key[1] + 1
    reason = superfluous(c, step)
    if reason is not None:
        c.run = c.run.marked(key, Mark(now, fired=False, for_ack=reason.for_ack))
        c.tell("step", wording.left_out(c.policy, key, step, reason.text), step=number, fired=False)
        return at_once
    to = c.reach(step.page) if step.page else None
    if to is not None and not to.people and c.policy.nobody == "wait":
        return _wait(c, key, step, to)
    late = 0.0 if due is None or early else (now - due).total_seconds()
    repetitions = _due_repetition(c, step, offset)
    c.due = None if early else due
    c.run = c.run.marked(key, Mark(now, fired=True, repetitions=repetitions, tier=c.tier))
    c.tell(
        "step",
        wording.fired(c.policy, key, step, to, c.run.cause, late=late, early=early),
        note=True,
        step=number,
        fired=True,
        late=late,
        blame=c.policy.guard.blame,
        people=[one.person for one in to.people] if to else [],
    )
    effects(c, step, wording.occasion(key), to)
    return to is not None and not to.people and _nobody(c, key, step, to)


def _wait(c: Climb, key: Key, step: Step, to: Reached) -> bool:
    """Wait until somebody comes on call; nothing is due at once."""
    s = c.sitting
    cover = covered_from(s.book, step.page, c.tier, s.now)
    s.look(cover or s.now + timedelta(hours=1))
    if key not in c.run.waiting:
        c.run = replace(c.run, waiting=c.run.waiting | {key})
        c.tell("page", wording.waits(c.policy, key, to.missing, cover), note=True, step=key[1] + 1)
    return False


def _nobody(c: Climb, key: Key, step: Step, to: Reached) -> bool:
    """What the policy says about a step whom nobody serves; whether the next step is due at once."""
    then, number = c.policy.nobody, key[1] + 1
    if not then.startswith("person:"):
        c.tell("page", wording.goes_on(c.policy, key, to.missing), note=True, step=number)
        return True
    stand_in = c.reach((then,))
    served = bool(stand_in.people)
    text = wording.stands_in(c.policy, key, to.missing, then, served=served)
    c.tell("page", text, note=True, step=number)
    page_all(c, stand_in, wording.occasion(key), step)
    return not served


def _due_repetition(c: Climb, step: Step, offset: timedelta | None) -> int:
    """The number of the last repetition that is due by now; 0: none."""
    if step.again is None or offset is None:
        return 0
    since = c.reading.counted(c.sitting.now) - offset
    return min(step.again.times, max(0, int(since / step.again.every)))


def _repeat(c: Climb, key: Key, mark: Mark) -> None:
    step, offset = c.policy.steps[key[1]], _offset(c, key)
    if step.again is None or offset is None or mark.repetitions >= step.again.times:
        return
    number = _due_repetition(c, step, offset)
    if number > mark.repetitions:
        c.run = c.run.marked(key, replace(mark, repetitions=number))
        c.due = c.reading.due(offset + number * step.again.every)
        if superfluous(c, step) is None:
            to = c.sitting.reach(step.page, mark.tier)
            text = wording.again(c.policy, key, step, number, to)
            c.tell(
                "step",
                text,
                note=True,
                step=key[1] + 1,
                repetition=number,
                blame=c.policy.guard.blame,
                people=[one.person for one in to.people],
            )
            page_all(c, to, wording.occasion(key, number), step)
    if number < step.again.times:
        c.sitting.look(c.reading.due(offset + (number + 1) * step.again.every))


# ---- the end ------------------------------------------------------------------------------------


def _end(c: Climb, *, at_once: bool) -> None:
    end, keys = c.policy.end, c.order
    if end is None or not end.page or any(key not in c.run.marks for key in keys):
        return
    last = max((o for o in (_offset(c, key) for key in keys) if o is not None), default=timedelta())
    number = max(0, int((c.reading.counted(c.sitting.now) - last) / end.every))
    if number > c.run.repetitions_end:
        c.run = replace(c.run, repetitions_end=number)
        c.due = c.reading.due(last + number * end.every)
        _fire_end(c, number)
    elif at_once and END_AT_ONCE not in c.run.given_over:
        c.run = replace(c.run, given_over=c.run.given_over | {END_AT_ONCE})
        _fire_end(c, 0)
    c.sitting.look(c.reading.due(last + (c.run.repetitions_end + 1) * end.every))


def _fire_end(c: Climb, number: int) -> None:
    end = c.policy.end
    assert end is not None
    wanted = c.acknowledged is None if end.when is None else end.when.holds(c.facts())
    if not wanted:
        return
    to = c.reach(end.page)
    people = [one.person for one in to.people]
    c.tell("step", wording.ended(c.policy, number, to), note=True, end=number, people=people)
    page_all(c, to, f"end {number}", None)
