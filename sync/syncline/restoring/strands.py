"""What a change history says in common terms, and who last gave a field its value. Pure.

A database that comes from a backup has forgotten its own writes. They stand on the platforms beside what people did, and must
not pass for anybody's edit: a value that our account wrote is a copy of what somebody said elsewhere before, and counts from
then; where nobody did, it was Syncline's own decision.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syncline.connector import Capabilities, Edit, HistoryKind, Native, Record
from syncline.intake.adoption import AT_ONCE
from syncline.mapping import Directory
from syncline.mapping import Mapping as FieldMapping
from syncline.merge import PLATFORM, SIMULTANEOUS
from syncline.model import Kind, Value

TOLERANCE: Final = timedelta(seconds=5)
"""A copy may bear a time that lies so much before that of its original: platforms' clocks differ, and count seconds."""
DECIDED: Final = frozenset({"assignee", "group", "labels", "priority", "status", "tier"})
"""Fields that escalation gives a value by itself. Any other that our account wrote, somebody had said."""
BEFORE: Final = timedelta(microseconds=1)
"""A copy counts from just before its original: where both stand, the original is the one that was said."""


@dataclass(frozen=True, slots=True)
class Said:
    """That a field got a value on one side.

    Attributes:
        field: Common field.
        value: Common value.
        at: When, by our clock.
        own: Whether our account wrote it.
        actor: Who did, as the platform calls them.
        natives: Native values of the field as they were then.
        automatic: Whether the platform gave it by itself.
        before: Common value that stood there until then.
    """

    field: str
    value: Value
    at: datetime
    own: bool
    actor: str
    natives: Mapping[str, Native]
    automatic: bool = False
    before: Value = None


@dataclass(frozen=True, slots=True)
class Side:
    """One record, and what happened to it.

    Attributes:
        instance: Where.
        record: As it is now.
        said: Its history in common terms, oldest first.
        mapping: Of the instance.
        directory: Of the instance.
        resets: What the platform made of other native fields with our own writes.
        skew: By how much the platform's clock is ahead of ours.
        unlogged: Native fields of which its history does not tell.
        workflow: The native field that only transitions change, or None.
        alone_since: Since when nobody of ours was at work, by our clock; None: that is not known.
    """

    instance: str
    record: Record
    said: Sequence[Said]
    mapping: FieldMapping
    directory: Directory
    resets: Mapping[str, Native]
    skew: timedelta
    unlogged: Collection[str]
    workflow: str | None
    alone_since: datetime | None = None

    def of(self, name: str) -> list[Said]:
        """Who gave that field a value, oldest first, as far as the history tells."""
        return [said for said in self.said if said.field == name]

    def last(self, name: str) -> Said | None:
        """Who last gave that field a value, as far as the history tells."""
        return next((s for s in reversed(self.said) if s.field == name), None)

    def holds(self, name: str, value: Value) -> bool:
        """Whether the record says that value."""
        return self.mapping.holds(name, value, self.record.values, self.directory)

    def logs(self, name: str) -> bool:
        """Whether its history would tell of an edit of that field."""
        return self.mapping.natives_of(name).isdisjoint(self.unlogged)

    def moves(self, name: str) -> bool:
        """Whether it comes to a value of that field by steps, through a workflow."""
        return self.workflow in self.mapping.natives_of(name)

    def came_to(self, name: str, value: Value, since: datetime) -> bool:
        """Whether it came to say that since then, or came from there."""
        return any(
            said.before == value or self.mapping.holds(name, value, said.natives, self.directory)
            for said in self.of(name)
            if said.at >= since
        )

    def may_copy(self, source: Said, there: "Side", until: int) -> bool:
        """Whether an entry of our account can be our copy of what was said on some side: somebody of ours must have been at work
        by then, and nobody brings once more what had come here already, and was replaced here by somebody.

        Args:
            source: What was said.
            there: Where.
            until: So many entries of the field came here before.
        """
        if there.alone_since is not None and source.at > there.alone_since:
            return False
        came = False
        for said in self.of(source.field)[:until]:
            if self.mapping.holds(source.field, source.value, said.natives, self.directory):
                came = came or said.at >= source.at - TOLERANCE
            elif came and not said.own and not said.automatic:
                return False
        return True

    def changed_at(self) -> datetime:
        """When the record last changed, by our clock."""
        return self.record.updated_at - self.skew


def side(
    instance: str,
    record: Record,
    edits: Sequence[Edit] | None,
    mapping: FieldMapping,
    directory: Directory,
    facts: Capabilities,
    skew: timedelta,
    people: Collection[str],
    alone_since: datetime | None = None,
) -> Side:
    """A record with its history in common terms, or None where that cannot be read. `people`: the names of those who are known
    there; what the platform assigns in another name it does by itself. `alone_since`: since when nobody of ours was at work, by
    the platform's clock."""
    untold = edits is None or facts.history is HistoryKind.NONE
    unlogged = frozenset(record.values) if untold else facts.unlogged
    edits = edits or ()
    # What a record shows no more is as it was last given.
    values = {**{edit.field: edit.after for edit in edits}, **record.values}
    for edit in reversed(edits):
        values[edit.field] = edit.before
    # Some histories begin with what a record was created with. What we created it with is no edit, of whatever side.
    made = record.created_at + AT_ONCE if record.marker is not None else None
    said: list[Said] = []
    before = mapping.read(values, directory).values
    for at, actor, own, group in _strokes(edits):
        touched = {edit.field for edit in group}
        values.update({edit.field: edit.after for edit in group})
        after = mapping.read(values, directory).values
        for name, rule in mapping.rules.items():
            moved = touched & mapping.natives_of(name)
            if not moved or not rule.direction.reads or name not in after:
                continue
            # A person may give a status by another word, which says the same elsewhere.
            if name in before and before[name] == after[name] and (own or rule.kind is not Kind.STATUS):
                continue
            by_itself = moved <= facts.assigns and (own or actor not in people)
            if made is not None and at <= made and (own or by_itself) and before.get(name) in (None, "", ()):
                continue
            who = PLATFORM if by_itself else actor
            ours = own and not by_itself
            natives = {native: values[native] for native in mapping.natives_of(name) if native in values}
            said.append(Said(name, after[name], at - skew, ours, who, natives, by_itself, before.get(name)))
        before = after
    resets = facts.resets_of([edit.field for edit in edits if edit.own])
    alone = None if alone_since is None else alone_since - skew
    return Side(instance, record, said, mapping, directory, resets, skew, unlogged, facts.workflow, alone)


def _strokes(edits: Iterable[Edit]) -> Iterable[tuple[datetime, str, bool, list[Edit]]]:
    """The edits that were made at one stroke, together."""
    group: list[Edit] = []
    for edit in edits:
        if group and (edit.at, edit.actor, edit.own) != (group[0].at, group[0].actor, group[0].own):
            yield group[0].at, group[0].actor, group[0].own, group
            group = []
        group.append(edit)
    if group:
        yield group[0].at, group[0].actor, group[0].own, group


@dataclass(frozen=True, slots=True)
class Claim:
    """What a side has to say about a field.

    Attributes:
        value: Common value.
        actor: Who said it.
        at: Since when it counts, by our clock.
        automatic: It is no sign of a person's.
        copied: Somebody said it elsewhere.
    """

    value: Value
    actor: str
    at: datetime
    automatic: bool
    copied: bool = False


def claim(name: str, one: Side, others: Sequence[Side], known: Mapping[str, Value]) -> Claim | None:
    """What a side says about a field now, and since when; None: nothing that counts.

    Args:
        name: Common field.
        one: The side.
        others: The other records of the incident.
        known: Common values that the side may stand for in its own words.
    """
    natives = one.mapping.natives_of(name)
    last = one.last(name)
    if last is not None and not last.own:
        return Claim(_value(name, one, known, last.value), last.actor, last.at, last.automatic)
    if natives and all(n in one.resets and one.resets[n] == one.record.values.get(n) for n in natives):
        return None
    until = (last.at if last is not None else one.changed_at()) + TOLERANCE
    place = max(0, len(one.of(name)) - 1)
    sources = [
        said
        for other in others
        for said in other.of(name)
        if not said.own and said.at <= until and one.holds(name, said.value)
        if one.may_copy(said, other, place)
    ]
    if sources:
        source = max(sources, key=lambda said: said.at)
        return Claim(source.value, source.actor, source.at - BEFORE, automatic=True, copied=True)
    if last is not None:
        # Who uses our account passes for us, and what we made of that elsewhere may say less.
        elder = [
            said
            for other in others
            for number, said in enumerate(other.of(name))
            if said.own and said.at < last.at and one.holds(name, said.value)
            if one.may_copy(said, other, place) and not _copied(said, other, number, (one, *others))
        ]
        if elder:
            source = min(elder, key=lambda said: said.at)
            return Claim(source.value, source.actor, source.at - BEFORE, automatic=True, copied=True)
        ahead = _ahead(name, one, others, last)
        if ahead:
            at = max(said.at for said in ahead) - 2 * SIMULTANEOUS
            return Claim(last.value, last.actor, at, automatic=True)
    value = _value(name, one, known, None)
    if last is not None:
        return Claim(value, last.actor, last.at, automatic=True)
    at = one.changed_at()
    # The record's own time need not tell when it was edited: it counts from before our copies of it. What our account replaced
    # elsewhere since is none: it would have replaced this, too.
    written = [[said for said in other.of(name) if said.own] for other in others]
    copies = [told[-1].at for told in written if told and one.holds(name, told[-1].value)]
    if copies:
        # Where our account was the last to change the record, this is a copy, too.
        return Claim(
            value, one.record.updated_by or "somebody", min(copies) - BEFORE, one.record.own, one.record.own
        )
    if unlogged(name, one, others):
        # What stands elsewhere was copied from here, and is an earlier edit.
        earlier = [said.at for other in others for said in other.of(name) if said.own]
        at = max(at, max(earlier) + 2 * SIMULTANEOUS)
    return Claim(value, one.record.updated_by or "somebody", at, automatic=one.record.own)


def _copied(copy: Said, at: Side, place: int, sides: Sequence[Side]) -> bool:
    """Whether an entry of our account can be the copy of what a person said."""
    return any(
        not said.own
        and said.at <= copy.at + TOLERANCE
        and at.mapping.holds(copy.field, said.value, copy.natives, at.directory)
        and at.may_copy(said, there, place)
        for there in sides
        for said in there.of(copy.field)
    )


def _ahead(name: str, one: Side, others: Sequence[Side], last: Said) -> list[Said]:
    """What people had said elsewhere when our account gave that side its present value, and what it never came to say since:
    through a workflow that value may be a step on the way there, and then nobody ever wanted it."""
    if not one.moves(name):
        return []
    return [
        said
        for other in others
        for said in other.of(name)
        if not said.own
        and not said.automatic
        and said.at <= last.at + TOLERANCE
        and not one.came_to(name, said.value, said.at - TOLERANCE)
    ]


def unlogged(name: str, one: Side, others: Sequence[Side]) -> bool:
    """Whether somebody edited a field on that side though its history does not tell: no platform logs every field. Then our
    account wrote it elsewhere, and no history says whose words those were. What another side said before is only older: then
    somebody used our account there."""
    if name in DECIDED or one.last(name) is not None:
        return False
    if any(one.holds(name, said.before) for other in others for said in other.of(name)):
        return False
    people = [said for other in others for said in other.said if said.field == name and not said.own]
    return any(
        said.own and said.field == name and not any(p.value == said.value for p in people)
        for other in others
        for said in other.said
    )


def _value(name: str, one: Side, known: Mapping[str, Value], otherwise: Value) -> Value:
    """What the side says: a value that is known already, where its own words mean that."""
    if name in known and known[name] is not None and one.holds(name, known[name]):
        return known[name]
    return one.mapping.read(one.record.values, one.directory).values.get(name, otherwise)
