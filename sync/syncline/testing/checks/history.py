"""The change history: who set what, when, and over what."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from syncline.connector import Edit
from syncline.model import Value
from syncline.testing.check import Tier, check
from syncline.testing.checks import needs
from syncline.testing.trial import Trial

_PROBES: Final[Mapping[str, tuple[Value, ...]]] = {
    "title": ("One", "Two", "Three"),
    "priority": (3, 2, 4),
    "status": ("new", "in_progress", "resolved"),
}
"""Fields whose history is looked at, with three common values each: one that a ticket is opened with, two that it gets."""


def _of(edits: list[Edit], field: str) -> list[Edit]:
    return [one for one in edits if one.field == field]


def _probe(t: Trial) -> tuple[str, tuple[Value, ...]]:
    """A field of whose edits the history tells, with common values for it."""
    found = next((one for one in _PROBES if _told(t, one)), None)
    if found is None:
        t.cannot("`unlogged` names title and priority, and the status takes steps")
    return found, _PROBES[found]


def _told(t: Trial, field: str, *, steps: bool = False) -> bool:
    """Whether the history tells of edits of a field; `steps`: also of a status that steps change."""
    rule = t.mapping.rules.get(field)
    if field == "status" and t.plugin.capabilities.workflow and not steps:
        return False
    return bool(rule and rule.direction.reads and not set(rule.natives) & t.plugin.capabilities.unlogged)


def _first(field: str, values: tuple[Value, ...]) -> dict[str, Value]:
    """What a ticket is opened with; its first status the platform gives it."""
    return {} if field == "status" else {field: values[0]}


def _edited(t: Trial, record_id: str, field: str, value: Value) -> None:
    t.edit(record_id, **{field: value})
    t.settle()


@check(
    Tier.GOLD,
    "Give one Edit for each field: actor, time, before and after, in the very values that Record.values has: where the history has"
    " ids and the record names, look the names up.",
    needs.history,
)
def history_tells_of_edits(t: Trial) -> None:
    """By the history an edit that our write overwrote is found, and put on record."""
    _probe(t)
    for field, values in _PROBES.items():
        if _told(t, field, steps=True):
            _tells_of(t, field, values)


def _tells_of(t: Trial, field: str, values: tuple[Value, ...]) -> None:
    since = t.stand.clock.now() - timedelta(seconds=1)
    record_id = t.open(**_first(field, values))
    before = t.read(record_id)
    _edited(t, record_id, field, values[1])
    after = t.read(record_id)
    edits = t.history(record_id, since)
    for native in t.mapping.natives_of(field):
        if before.values.get(native) == after.values.get(native):
            continue
        told = _of(edits, native)
        t.claim(told, f"somebody changed {native}, and the history does not tell of it")
        last = told[-1]
        t.claim(
            last.after == after.values[native],
            f"{native} became {after.values[native]!r}, the history has {last.after!r}",
        )
        t.claim(
            last.before in (before.values[native], None),
            f"{native} was {before.values[native]!r}, the history has {last.before!r}",
        )
        t.claim(not last.own, f"a person changed {native}, and the history says that we did")
        t.claim(last.actor.strip(), f"the history does not say who changed {native}")
        off = abs(last.at - after.updated_at)
        t.claim(off < timedelta(minutes=5), f"the history's time is {off} off")
        again = _of(list(t.connector.history(record_id, last.at)), native)
        t.claim(
            last in again,
            f"asked for what is from {last.at} on, the history leaves out the edit of that very second",
        )


@check(Tier.GOLD, "Compare the actor with our own account, by its id.", needs.history)
def history_knows_our_own(t: Trial) -> None:
    """Our own writes in the history must not pass for somebody's edits."""
    since = t.stand.clock.now() - timedelta(seconds=1)
    field, values = _probe(t)
    record = t.create(**_first(field, values))
    t.update(record.id, **{field: values[1]})
    t.settle()
    natives = t.mapping.natives_of(field)
    told = [one for one in t.history(record.id, since) if one.field in natives]
    t.claim(told, f"we changed {field}, and the history does not tell of it")
    t.claim(told[-1].own, f"we changed {told[-1].field}, and the history says that {told[-1].actor} did")


@check(Tier.GOLD, "Give every entry, also of values that did not last.", needs.history)
def history_keeps_what_was_overwritten(t: Trial) -> None:
    """A person edits, and a second later our write lands: the history is the only trace of what the person wanted."""
    since = t.stand.clock.now() - timedelta(seconds=1)
    field, values = _probe(t)
    record = t.create(**_first(field, values))
    operation = t.change(record.id, **{field: values[2]})
    t.stand.edit(record.id, t.natives(t.read(record.id), **{field: values[1]}))
    between = t.read(record.id)
    t.connector.write(operation)
    t.settle()
    edits = t.history(record.id, since)
    for native in t.mapping.natives_of(field):
        if between.values[native] == record.values.get(native):
            continue
        theirs = [one for one in _of(edits, native) if not one.own and one.after == between.values[native]]
        t.claim(
            theirs,
            f"a person gave {native} {between.values[native]!r}, we overwrote it, and the history does not tell",
        )


@check(Tier.GOLD, "Use the platform's id of the entry, or one made of its parts.", needs.history)
def history_stays_the_same(t: Trial) -> None:
    """By its id an entry is known; under another one it is somebody's new edit."""
    since = t.stand.clock.now() - timedelta(seconds=1)
    field, values = _probe(t)
    record_id = t.open(**_first(field, values))
    _edited(t, record_id, field, values[1])
    _edited(t, record_id, field, values[2])
    first = t.history(record_id, since)
    t.stand.wait(60)
    second = t.again().history(record_id, since)
    t.claim(first == second, f"first {[one.id for one in first]}, then {[one.id for one in second]}")
    ids = [(one.id, one.field) for one in first]
    t.claim(len(set(ids)) == len(ids), f"two entries have one id: {ids}")
    times = [one.at for one in first]
    t.claim(times == sorted(times), "the history is not in order")


@check(
    Tier.GOLD,
    "Give what is from `since` on, by the platform's clock; go through all its pages.",
    needs.history,
)
def history_goes_back_far_enough(t: Trial) -> None:
    """What happened in a long outage is looked for with the first write after it."""
    since = t.stand.clock.now() - timedelta(seconds=1)
    field, values = _probe(t)
    if field == "status":
        t.exempt("the history tells of nothing that can be changed twelve times")
    record_id = t.open(**_first(field, values))
    for number in range(12):
        t.edit(record_id, **{field: values[1 + number % 2]})
    t.settle()
    natives = t.mapping.natives_of(field)
    many = [one for one in t.history(record_id, since) if one.field in natives and not one.own]
    moments = {one.at for one in many}
    t.claim(len(moments) >= 12 or len(many) >= 12, f"of twelve edits it tells of {len(many)}")
    late = t.stand.clock.now() + timedelta(seconds=5)
    t.claim(not t.history(record_id, late), "asked for what is yet to come, it gives some")


@check(Tier.GOLD, "State READ or INLINE, or give nothing.", needs.no_history)
def no_history_is_true(t: Trial) -> None:
    """A history that is there and denied leaves overwritten edits unfound."""
    record_id = t.open()
    t.edit(record_id, title=t.title())
    t.settle()
    since = t.stand.clock.now() - timedelta(hours=1)
    told = t.connector.history(record_id, since)
    t.claim(not told, f"the plugin says that no history is kept, and there are {len(told)} entries")
    brought = t.connector.read(record_id).edits
    t.claim(not brought, "the plugin says that no history is kept, and reads bring edits")


@check(Tier.GOLD, "Name each field whose changes leave no entry, and only those.", needs.history)
def unlogged_fields_are_true(t: Trial) -> None:
    """Of such a field an overwritten edit is looked for elsewhere; wrongly named, the history is not believed."""
    record_id = t.open()
    probes: Mapping[str, Value] = {"title": "Another", "description": "Another.", "priority": 4, "urgency": 2}
    for field, value in probes.items():
        if not t.both_ways(field):
            continue
        since = t.stand.clock.now()
        before = t.read(record_id)
        t.edit(record_id, **{field: value})
        t.settle()
        after = t.read(record_id)
        told = {one.field for one in t.history(record_id, since)}
        for native in t.mapping.rules[field].natives:
            if before.values.get(native) == after.values.get(native):
                continue
            stated = native in t.plugin.capabilities.unlogged
            t.claim(
                stated or native in told, f"somebody changed {native}, and the history does not tell of it"
            )
            t.claim(
                not stated or native not in told, f"`unlogged` names {native}, and the history tells of it"
            )
