"""What stands after a restored backup is exactly what nobody saw who said something else, in any history."""

from collections import namedtuple
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from hypothesis import example, given
from hypothesis import strategies as st

from syncline.restoring.standing import Strand, standing
from syncline.restoring.strands import Said

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SIDES = range(3)
BEHIND = 2
"""The side to which the base was still owed when the backup was made."""

Edit = namedtuple("Edit", "side")
Copy = namedtuple("Copy", "side source")
"""Our account writes what the source said at some time; the base, where that is None."""

EVENTS = st.one_of(
    st.builds(Edit, st.sampled_from(SIDES)),
    st.builds(Copy, st.sampled_from(SIDES), st.none() | st.integers(0, 9)),
)


class SaysWhatItSays:
    """A mapping that loses nothing."""

    def natives_of(self, name):
        return frozenset({name})

    def holds(self, name, value, natives, _directory):
        return natives.get(name) == value


def played(events):
    """Each side's history, what each edit's author had seen, and how many edits there were before each event."""
    told = {side: [] for side in SIDES}
    stands = {**dict.fromkeys(SIDES, "base"), BEHIND: "older"}
    seen = {"base": set(), "older": set()}
    for n, event in enumerate(events):
        edits = [value for value in seen if value not in ("base", "older")]
        if isinstance(event, Edit):
            value = f"edit {n}"
            seen[value] = {stands[event.side], *seen[stands[event.side]]}
        else:
            value = edits[event.source % len(edits)] if edits and event.source is not None else "base"
        if value == stands[event.side] or (value == "base" and event.side != BEHIND):
            continue
        at = NOON + timedelta(minutes=n)
        own = isinstance(event, Copy)
        before, stands[event.side] = stands[event.side], value
        said = Said("title", value, at, own, "syncline" if own else "amina", {"title": value}, before=before)
        told[event.side].append(said)
    return told, seen


def strand(told, known=0):
    record = SimpleNamespace(created_at=NOON - timedelta(hours=1), values={})
    side = SimpleNamespace(
        record=record, skew=timedelta(), mapping=SaysWhatItSays(), directory=None, of=lambda _name: told
    )
    return Strand(side, known)


@given(st.lists(EVENTS, max_size=14))
@example([Edit(0), Copy(1, 0), Edit(1), Copy(0, 1), Copy(2, 1)])
@example([Edit(0), Edit(1), Copy(0, 1), Edit(0)])
def test_what_nobody_saw_stands_and_nothing_else(events):
    told, seen = played(events)
    found = standing("title", [strand(told[side]) for side in SIDES], "base")
    unseen = set(seen) - set().union(*seen.values())
    assert {said.value for _, said in found.sayings} == unseen - {"base", "older"}
    assert found.base == ("base" in unseen)


@given(st.lists(EVENTS, max_size=14), st.integers(0, 14))
def test_what_the_backup_knows_is_not_laid_again(events, until):
    told, _seen = played(events)
    moment = NOON + timedelta(minutes=until)
    known = {side: sum(said.at < moment for said in told[side]) for side in SIDES}
    found = standing("title", [strand(told[side], known[side]) for side in SIDES], "base")
    assert all(said.at >= moment for _, said in found.sayings)


def test_two_who_seem_to_have_seen_one_another_are_not_both_gone():
    """The clocks of two platforms differ: each replaced what looks like a copy of the other's."""
    told = [
        [
            Said("title", theirs, NOON, True, "syncline", {"title": theirs}, before="base"),
            Said("title", mine, NOON + timedelta(seconds=1), False, "amina", {"title": mine}, before=theirs),
        ]
        for mine, theirs in (("a", "b"), ("b", "a"))
    ]
    found = standing("title", [strand(one) for one in told], "base")
    assert len(found.sayings) == 1
