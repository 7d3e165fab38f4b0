"""What a step does: pages, messages, a move, and the other things that `do:` may say."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from syncline.escalation import wording
from syncline.escalation.book import Say, Step
from syncline.escalation.decision import Message
from syncline.escalation.paging import CONFIRMED_WITHIN, Reached, Way, audience, end_of_quiet, ways
from syncline.escalation.sitting import Climb

PROBLEM_LABEL: Final = "open-problem"
"""For problem management to find."""


def effects(c: Climb, step: Step, occasion: str, to: Reached | None) -> None:
    """Do all that a step says."""
    if to is not None:
        page_all(c, to, occasion, step)
    if step.move and to is not None:
        _move(c, to)
    if step.say is not None:
        _say(c, c.own.says[step.say], occasion, step)
    for action in step.do:
        ACTIONS[action](c, to)
    if step.keep_raiser and c.run.by:
        c.tell("step", wording.kept(c.run.by), note=True, blame=False)


# ---- pages --------------------------------------------------------------------------------------


def page_all(c: Climb, to: Reached, occasion: str, step: Step | None) -> None:
    """Page all those people, each by their first way."""
    s = c.sitting
    title, text = wording.page(c.incident(), s.case, c.run, step, to)
    for one in to.people:
        person = s.book.people[one.person]
        found = ways(person, s.case, platforms=not c.policy.platform_pages)
        if found:
            page_one(c, occasion, person.id, found[0], title, text)
        else:
            c.tell("page", wording.no_way(person), note=True)


def page_one(c: Climb, occasion: str, person_id: str, way: Way, title: str, text: str) -> None:
    """Page one person by one way."""
    s = c.sitting
    confirm_by = s.now + CONFIRMED_WITHIN if way.confirms else None
    s.messages.append(
        Message(
            c.run.id,
            occasion,
            person_id,
            way.channel,
            way.address,
            urgent=True,
            title=title,
            text=text,
            confirm_by=confirm_by,
            due=c.due,
        )
    )
    s.look(confirm_by)
    s.look(s.now + c.policy.undelivered.after)


# ---- messages to stakeholders -------------------------------------------------------------------


def _say(c: Climb, say: Say, occasion: str, step: Step | None) -> None:
    s = c.sitting
    c.run = replace(c.run, said={**c.run.said, say.id: s.now})
    for one in audience(s.book, say.to, s.now):
        person = s.book.people[one.person]
        by_channel = {way.channel: way for way in ways(person, s.case, platforms=False)}
        wanted = say.via or tuple(by_channel)[:1]
        found = [by_channel[channel] for channel in wanted if channel in by_channel]
        if not found:
            c.tell("page", wording.not_told(say, person))
        quiet = end_of_quiet(person, s.now)
        if quiet is not None and step is None:
            continue  # the first one waits for the end of their quiet hours; all its repetitions would come with it
        title, text = wording.said(say, c.incident(), s.case, c.policy, c.run, step, person)
        s.messages.extend(
            Message(
                c.run.id,
                f"{occasion} says {say.id}",
                person.id,
                way.channel,
                way.address,
                urgent=False,
                title=title,
                text=text,
                not_before=quiet,
                due=c.due,
            )
            for way in found
        )
    if say.every is not None:
        s.look(s.now + say.every)


def say_again(c: Climb) -> None:
    """Say again what is said every so often while the run goes on."""
    now = c.sitting.now
    for say_id, last in sorted(c.run.said.items()):
        say = c.own.says[say_id]
        if say.every is None:
            continue
        if last + say.every <= now:
            _say(c, say, f"again {now:%Y-%m-%dT%H:%M:%SZ}", None)
        else:
            c.sitting.look(last + say.every)


# ---- what else a step does ----------------------------------------------------------------------


def _move(c: Climb, to: Reached) -> None:
    """Functional: the record goes to the first paged tier that can own one."""
    tiers = c.sitting.book.tiers
    tier = next((tiers[name] for name in to.tiers if not tiers[name].hierarchical), None)
    if tier is not None:
        c.sitting.values["tier"] = tier.id
        if tier.group is not None:
            c.sitting.values["group"] = tier.group


def _assign(c: Climb, to: Reached | None) -> None:
    """Give it to the first person who was paged."""
    if to is not None and to.people:
        person = c.sitting.book.people[to.people[0].person]
        c.sitting.values["assignee"] = person.reach.get("email", person.name)


def _raise_priority(c: Climb, _to: Reached | None) -> None:
    """One step up."""
    priority = c.sitting.values.get("priority")
    if isinstance(priority, int) and priority > 1:
        c.sitting.values["priority"] = priority - 1


def _open_problem(c: Climb, _to: Reached | None) -> None:
    """Mark it for problem management."""
    labels = c.sitting.values.get("labels") or ()
    assert isinstance(labels, tuple)
    c.sitting.values["labels"] = tuple(sorted({*labels, PROBLEM_LABEL}))


def _link_incidents(c: Climb, _to: Reached | None) -> None:
    """Name the others that it belongs to, on every record."""
    others = c.sitting.case.related.get(c.policy.id, ())
    if others:
        c.tell("step", wording.related(c.policy, others), note=True)


ACTIONS: Final[Mapping[str, Callable[[Climb, Reached | None], None]]] = {
    "assign": _assign,
    "raise_priority": _raise_priority,
    "open_problem": _open_problem,
    "link_incidents": _link_incidents,
}
"""What `do:` may say."""
