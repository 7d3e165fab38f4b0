"""What stands after a restored backup is exactly what nobody saw who said something else, in any history."""

from collections import namedtuple
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from hypothesis import example, given
from hypothesis import strategies as st

from syncline.restoring.joining import Part
from syncline.restoring.standing import Strand, standing
from syncline.restoring.strands import Said, Side, claim

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SIDES = range(3)
BEHIND = 2
"""The side to which the base was still owed when the backup was made."""

Edit = namedtuple("Edit", "side")
Copy = namedtuple("Copy", "side source")
"""Our account writes what the source said at some time; the base, where that is None."""
Back = namedtuple("Back", "side")
"""Somebody who uses our account takes back what a person has just said there, to what somebody had said before."""

EVENTS = st.one_of(
    st.builds(Edit, st.sampled_from(SIDES)),
    st.builds(Copy, st.sampled_from(SIDES), st.none() | st.integers(0, 9)),
    st.builds(Back, st.sampled_from(SIDES)),
)


class SaysWhatItSays:
    """A mapping that loses nothing."""

    def natives_of(self, name):
        return frozenset({name})

    def holds(self, name, value, natives, _directory):
        return natives.get(name) == value

    def read(self, natives, _directory):
        return SimpleNamespace(values=dict(natives))


def played(events):
    """Each side's history, what each edit's author had seen, and what each of them said."""
    told = {side: [] for side in SIDES}
    stands = {**dict.fromkeys(SIDES, "base"), BEHIND: "older"}
    seen = {"base": set(), "older": set()}
    words = {"base": "base", "older": "older"}
    for n, event in enumerate(events):
        here = told[event.side]
        there = stands[event.side]
        match event:
            case Edit():
                one, words[n] = n, f"edit {n}"
            case Back():
                people = [said for said in here if not said.own]
                if len(people) < 2 or here[-1].own:
                    continue
                one, words[n] = n, people[-2].value
            case Copy():
                edits = [n for n in seen if isinstance(n, int)]
                one = edits[event.source % len(edits)] if edits and event.source is not None else "base"
                # Nobody brings once more what stood there and was replaced there.
                if words[one] in {words[there], *(said.value for said in here)} or (
                    one == "base" and event.side != BEHIND
                ):
                    continue
        if one == n:
            seen[n] = {there, *seen[there]}
        stands[event.side] = one
        own = not isinstance(event, Edit)
        natives = {"title": words[one]}
        who = "syncline" if own else "amina"
        here.append(
            Said("title", words[one], NOON + timedelta(minutes=n), own, who, natives, before=words[there])
        )
    return told, seen, stands, words


def side(told):
    record = SimpleNamespace(
        created_at=NOON - timedelta(hours=1),
        updated_at=told[-1].at if told else NOON,
        values={"title": told[-1].value} if told else {},
        marker=None,
        updated_by="syncline",
        own=True,
    )
    return Side("a", record, told, SaysWhatItSays(), None, {}, timedelta(), (), None)


def strand(told, known=0):
    return Strand(side(told), known)


@given(st.lists(EVENTS, max_size=14))
@example([Edit(0), Copy(1, 0), Edit(1), Copy(0, 1), Copy(2, 1)])
@example([Edit(0), Edit(1), Copy(0, 1), Edit(0)])
@example([Edit(0), Edit(0), Back(0)])
@example([Edit(0), Copy(1, 0), Edit(0), Back(0)])
def test_what_nobody_saw_stands_and_nothing_else(events):
    told, seen, stands, words = played(events)
    sides = [side(told[n]) for n in SIDES]
    parts = [
        Part(one, {"title": claim("title", one, [o for o in sides if o is not one], {})} if one.said else {})
        for one in sides
    ]
    found = standing("title", [part.strand("title") for part in parts], "base")
    unseen = set(seen) - set().union(*seen.values())
    ours = {n for n in unseen if isinstance(n, int) and isinstance(events[n], Back)}
    # What our own write replaced of what our account had given is known to be anybody's only where it stands.
    gone = {n for n in ours if stands[events[n].side] != n}
    assert {said.value for _, said in found.sayings} == {words[n] for n in unseen - gone} - {"base", "older"}
    assert found.base == ("base" in unseen)


@given(st.lists(EVENTS, max_size=14), st.integers(0, 14))
def test_what_the_backup_knows_is_not_laid_again(events, until):
    told, *_ = played(events)
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
