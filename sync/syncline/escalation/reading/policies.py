"""Policies, messages and audiences of the file."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from syncline.escalation.book import Again, End, Guard, Policy, Recurrence, Say, Step, Trigger, Undelivered
from syncline.escalation.conditions import ALWAYS, Condition, Type, Vocabulary
from syncline.escalation.reading.clocks import BUILT_IN
from syncline.escalation.reading.faults import AUDIENCE, TWICE, UNKNOWN, Faults
from syncline.escalation.reading.ladders import (
    CountEntry,
    EndEntry,
    EscalationFile,
    PolicyEntry,
    SayEntry,
    StepEntry,
)
from syncline.escalation.reading.schedules import NOT_TIERS
from syncline.escalation.reading.values import LONGEST, PERSON
from syncline.mapping.document import Loc
from syncline.mapping.validation import nearest

NOBODY: Final = ("next", "wait")


@dataclass(frozen=True, slots=True)
class _Names:
    """What policies may refer to."""

    conditions: Vocabulary
    tiers: frozenset[str]
    people: frozenset[str]
    clocks: frozenset[str]
    says: frozenset[str]
    policies: frozenset[str]


def policies(
    file: EscalationFile, conditions: Vocabulary, faults: Faults, ids: Sequence[str]
) -> list[Policy]:
    """The policies, in the order of the file.

    Args:
        file: The file.
        conditions: Names that conditions may use.
        faults: Takes what is wrong.
        ids: Of all policies that stand in the file, those with faults too.
    """
    names = _Names(
        conditions,
        faults.ids("tiers"),
        faults.ids("people"),
        faults.ids("slas") | BUILT_IN,
        faults.ids("says"),
        frozenset(ids),
    )
    found: dict[str, Policy] = {}
    for number, entry in enumerate(file.policies):
        loc: Loc = ("policies", number)
        policy = _policy(entry, loc, names, faults)
        if entry.id in found:
            line = found[entry.id].place.line
            faults.note(
                (*loc, "id"),
                f'policy "{entry.id}" stands here twice; it is already in line {line}',
                code=TWICE,
            )
        else:
            found[entry.id] = policy
    return list(found.values())


def _policy(entry: PolicyEntry, loc: Loc, names: _Names, faults: Faults) -> Policy:
    faults.known((*loc, "clock"), entry.clock, names.clocks, "clock")
    if entry.nobody not in NOBODY:
        faults.party((*loc, "nobody"), entry.nobody, NOBODY, "answer to nobody", names.people)
    for number, other in enumerate(entry.with_ or []):
        faults.known((*loc, "with", number), other, names.policies, "policy")
    if entry.repeat is not None and entry.repeat.from_ > len(entry.steps) and faults.sound((*loc, "steps")):
        faults.note(
            (*loc, "repeat", "from"),
            f"from: there is no step {entry.repeat.from_}; the last one is {len(entry.steps)}",
            code=UNKNOWN,
        )
    trigger = Trigger(entry.trigger)
    if (trigger is Trigger.RECUR) != (entry.count is not None) and faults.sound(loc):
        faults.note(
            (*loc, "trigger"),
            f"{entry.id}: `trigger: recur` and `count` go together: count says how often it must have happened",
        )
    missing = entry.undelivered
    return Policy(
        id=entry.id,
        trigger=trigger,
        when=_condition((*loc, "when"), entry.when, names, faults) or ALWAYS,
        clock=entry.clock,
        steps=tuple(
            _step(step, (*loc, "steps", number), names, faults) for number, step in enumerate(entry.steps)
        ),
        nobody=entry.nobody,
        ack_holds=entry.ack.holds,
        reopen=entry.reopen,
        repeat_times=entry.repeat.times if entry.repeat else 0,
        repeat_from=entry.repeat.from_ - 1 if entry.repeat else 0,
        guard=Guard(entry.guard.cooldown, entry.guard.once_per, entry.guard.blame != "never"),
        end=_end(entry, (*loc, "end"), names, faults),
        undelivered=Undelivered(
            missing.after,
            tuple(missing.via),
            _page(missing.page, (*loc, "undelivered", "page"), names, faults),
        ),
        count=_count(entry.count, (*loc, "count"), names, faults),
        beside=tuple(entry.with_ or ()),
        platform_pages=entry.pagerduty == "own",
        place=faults.place(loc),
    )


def _condition(loc: Loc, text: str | None, names: _Names, faults: Faults) -> Condition | None:
    return None if text is None else faults.condition(loc, text, names.conditions)


def _page(page: Sequence[str], loc: Loc, names: _Names, faults: Faults) -> tuple[str, ...]:
    for number, whom in enumerate(page):
        faults.party((*loc, number), whom, names.tiers | NOT_TIERS, "tier", names.people)
    return tuple(page)


def _step(entry: StepEntry, loc: Loc, names: _Names, faults: Faults) -> Step:
    if entry.say is not None:
        faults.known((*loc, "say"), entry.say, names.says, "message")
    if (
        entry.move
        and not any(who in names.tiers or who == "next" for who in entry.page)
        and faults.sound(loc)
    ):
        faults.note((*loc, "move"), "move: a record moves to a tier; name one under page")
    if not (entry.page or entry.say or entry.do) and faults.sound(loc):
        faults.note(loc, "this step does nothing; name somebody under page, or give say or do")
    return Step(
        at=entry.at.offset,
        share=entry.at.share,
        page=_page(entry.page, (*loc, "page"), names, faults),
        move=entry.move,
        when=_condition((*loc, "if"), entry.if_, names, faults),
        until=entry.until,
        again=Again(entry.again.every, entry.again.times) if entry.again else None,
        say=entry.say,
        do=tuple(entry.do),
        keep_raiser=entry.keep == "raiser",
        runbook=entry.runbook,
        place=faults.place(loc),
    )


def _end(entry: PolicyEntry, loc: Loc, names: _Names, faults: Faults) -> End | None:
    """What happens after the last step; one that pages nobody where that is what the file says."""
    end: EndEntry | None = entry.end
    if end is not None:
        return End(
            _page(end.page, (*loc, "page"), names, faults),
            end.every,
            _condition((*loc, "if"), end.if_, names, faults),
            faults.place(loc),
        )
    return End((), LONGEST, None, faults.place(loc)) if "end" in entry.model_fields_set else None


def _count(entry: CountEntry | None, loc: Loc, names: _Names, faults: Faults) -> Recurrence | None:
    if entry is None:
        return None
    same = names.conditions.find(entry.same)
    if same is None:
        faults.known((*loc, "same"), entry.same, names.conditions.words, "name")
    elif same.type not in {Type.TEXT, Type.NUMBER}:
        faults.note((*loc, "same"), f'same: incidents cannot share "{entry.same}", which is {same.type.noun}')
    return Recurrence(
        faults.condition((*loc, "of"), entry.of, names.conditions),
        same.name if same else entry.same,
        entry.within,
        entry.at_least,
    )


def says(file: EscalationFile, faults: Faults) -> dict[str, Say]:
    """The messages to stakeholders, by id."""
    words = faults.ids("tiers") | faults.ids("schedules") | faults.ids("audiences")
    return {name: _say(name, entry, words, faults) for name, entry in file.says.items()}


def _say(name: str, entry: SayEntry, words: Collection[str], faults: Faults) -> Say:
    loc: Loc = ("says", name)
    people = faults.ids("people")
    for number, who in enumerate(entry.to):
        if who.startswith(PERSON) or who in people:
            faults.party((*loc, "to", number), who, words, "audience", people)
        elif who not in words:
            near = nearest(who, words)
            faults.note(
                (*loc, "to", number),
                f'nobody stands behind "{who}"'
                + (f'. Did you mean "{near}"?' if near else "; say under `audiences` who that is"),
                severity="warning",
                code=AUDIENCE,
            )
    for key, text in (("title", entry.title), ("text", entry.text)):
        faults.template((*loc, key), text)
    return Say(
        name, tuple(entry.to), tuple(entry.via), entry.every, entry.title, entry.text, faults.place(loc)
    )


def audiences(file: EscalationFile, faults: Faults) -> dict[str, tuple[str, ...]]:
    """Audience to who stands behind it; empty for one that only messages name."""
    words = faults.ids("tiers") | faults.ids("schedules")
    people = faults.ids("people")
    found = {
        who: ()
        for entry in file.says.values()
        for who in entry.to
        if who not in words and not who.startswith(PERSON)
    }
    named: dict[str, tuple[str, ...]] = {**found}
    for name, members in file.audiences.items():
        loc: Loc = ("audiences", name)
        if name in words:
            faults.note(
                loc,
                f'"{name}" is a tier or schedule already; call the audience something else',
                value=False,
                code=TWICE,
            )
        for number, who in enumerate(members):
            faults.party((*loc, number), who, words, "tier or schedule", people)
        named[name] = tuple(members)
    return named
