"""The audit finds exactly the edits that a write of ours overwrote, in any history."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from syncline.audit import Write, added, alike, beside, by_others, may_be, overwritten, undone
from syncline.connector import Edit

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
VALUES = st.sampled_from(["a", "b", "c", "d"])
FIELDS = st.sampled_from(["title", "state"])


def edit(n, at, field, before, after, own=False, told=True):
    return Edit(
        str(n),
        "syncline" if own else "amina",
        own,
        NOON + timedelta(seconds=at),
        field,
        before if told else None,
        after,
    )


def sent(write):
    """What we gave the fields, where that was our only write."""
    return {name: [value] for name, value in write.values.items()}


@st.composite
def histories(draw):
    """What happened to two fields: before we looked, between our look and our write, our write, and afterwards. Some of the
    people use our account."""
    told = draw(st.booleans())
    at, n, edits = 0, 0, []
    now = {"title": "a", "state": "a"}

    wanted = {field: draw(VALUES) for field in draw(st.sets(FIELDS, min_size=1))}

    def happen(count, own=None):
        nonlocal at, n
        for _ in range(count):
            field, value = draw(FIELDS), draw(VALUES)
            at += draw(st.integers(1, 5))
            by_us = wanted.get(field) != value and draw(st.booleans()) if own is None else own
            if now[field] != value:
                edits.append(edit(n, at, field, now[field], value, by_us, told))
                n += 1
                now[field] = value

    happen(draw(st.integers(0, 3)), own=draw(st.booleans()))
    base, base_at = dict(now), NOON + timedelta(seconds=at)
    at += 1
    happen(draw(st.integers(0, 4)))
    between = dict(now)
    at += 1
    written = {f: v for f, v in wanted.items() if v != base[f]}
    shown = {}
    for field, value in written.items():
        if now[field] != value:
            edits.append(edit(n, at, field, now[field], value, own=True, told=told))
            n += 1
            now[field] = value
            shown[field] = value
    happen(draw(st.integers(0, 3)), own=False)
    lost = {f for f in shown if between[f] not in (base[f], written[f])}
    return Write(written, base, base_at), edits, lost, between, bool(shown)


@given(histories())
def test_exactly_the_edits_between_our_look_and_our_write_are_found(history):
    write, edits, lost, between, _ = history
    found = overwritten(write, edits, sent(write))
    assert {e.field for e in found} == lost
    assert all(e.after == between[e.field] for e in found)


@given(histories())
def test_a_history_without_our_write_proves_nothing(history):
    write, edits, *_ = history
    assert overwritten(write, [e for e in edits if not e.own], sent(write)) == []
    assert beside(write, [e for e in edits if not e.own], sent(write)) == []


def like_ours_before_we_looked():
    """Somebody used our account to give what our write gives later, and took it back. What that line says is older than what
    we knew; then somebody gave the value anew, so that our write left no line of it."""
    edits = [
        edit(0, 1, "title", None, "b", own=True),
        edit(1, 2, "title", None, "a", own=True),
        edit(2, 4, "title", None, "b"),
        edit(3, 5, "state", None, "b", own=True),
    ]
    base = {"title": "a", "state": "a"}
    write = Write({"title": "b", "state": "b"}, base, NOON + timedelta(seconds=2))
    return write, edits, set(), {"title": "b", "state": "a"}, True


@given(histories())
@example(like_ours_before_we_looked())
def test_the_record_is_known_whole_as_it_stood_just_before_our_write(history):
    write, edits, _, between, shown = history
    if shown:
        found = beside(write, edits, sent(write))
        assert {**write.base, **{e.field: e.after for e in found}} == between


@given(histories(), st.booleans())
def test_who_gave_what_our_write_gave_once_more_is_found(history, onward):
    """Also where we went on from there at once."""
    write, edits, _, between, _ = history
    told = [e for e in edits if e.at <= write.base_at or not e.own or e.after != write.values.get(e.field)]
    once_more = {n for n, value in write.values.items() if between[n] == value}
    later = [edit(9, 99, name, write.values[name], "z", own=True) for name in once_more if onward]
    last = {e.field: e for e in told}
    untouched = {n for n in once_more if last[n].after == write.values[n]}
    found = {e.field: e for e in alike(write, [*told, *later])}
    assert {n: e for n, e in found.items() if n in once_more} == {n: last[n] for n in untouched}


def test_one_write_that_leaves_several_lines_is_one_write():
    edits = [
        edit(0, 10, "status", "triggered", "resolved"),
        edit(1, 12, "status", "resolved", "triggered", own=True),
        edit(2, 12, "status", "triggered", "acknowledged", own=True),
    ]
    write = Write({"status": "acknowledged"}, {"status": "triggered"}, NOON)
    assert [e.after for e in overwritten(write, edits, sent(write))] == ["resolved"]


def test_somebody_who_came_back_to_what_we_knew_has_lost_nothing():
    edits = [
        edit(0, 3, "title", "a", "b"),
        edit(1, 5, "title", "b", "a"),
        edit(2, 7, "title", "a", "c", own=True),
    ]
    write = Write({"title": "c"}, {"title": "a"}, NOON)
    assert overwritten(write, edits, sent(write)) == []


def test_a_write_of_ours_that_came_before_is_no_persons_edit():
    edits = [
        edit(0, 3, "title", "a", "b", own=True),
        edit(1, 5, "title", "b", "c", own=True),
    ]
    write = Write({"title": "c"}, {"title": "a"}, NOON)
    assert overwritten(write, edits, {"title": ["b", "c"]}) == []
    assert [e.after for e in overwritten(write, edits, sent(write))] == ["b"]


def test_what_others_gave_is_not_ours_until_the_history_shows_ours():
    write = Write({"status": "In Progress"}, {"status": "To Do"}, NOON)
    theirs = edit(0, 3, "status", "To Do", "In Progress")
    ours = edit(1, 5, "status", "To Do", "In Progress", own=True)
    assert by_others(write, [theirs]) == [theirs]
    assert by_others(write, [ours]) == by_others(write, []) == []
    assert by_others(write, [ours, edit(2, 7, "status", "Waiting", "In Progress")]) == []
    assert by_others(write, [theirs, edit(1, 5, "status", "In Progress", "Waiting")]) == []
    assert by_others(write, [edit(0, -3, "status", "To Do", "In Progress")]) == []


def test_what_the_platform_took_back_with_our_write_was_given_by_others_since_what_we_knew():
    write = Write({"group": "b"}, {"group": "a", "status": "new"}, NOON)
    taken = edit(1, 3, "status", None, "taken")
    back = edit(2, 5, "status", None, "new", own=True)
    resets = {"status": "new"}
    assert undone(write, resets, [taken]) == undone(write, resets, [taken, back]) == [taken]
    # It was known, is older than what was known, or somebody took it back.
    known = Write(write.values, {"group": "a", "status": "taken"}, NOON)
    assert undone(known, resets, [taken, back]) == []
    assert undone(write, resets, [edit(1, -3, "status", None, "taken"), back]) == []
    assert undone(write, resets, [taken, edit(2, 5, "status", None, "new")]) == []


def test_of_a_new_record_counts_what_people_gave_and_not_what_the_platform_filled():
    """What was there from the start has no line; what our account gave as we sent it is ours; what is there no more is told
    by what replaced it."""
    shown = {"title": "a", "state": "b", "group": "c", "tier": "d", "site": None}
    history = [
        edit(1, 1, "title", None, "a"),
        edit(2, 2, "state", None, "a"),
        edit(3, 3, "state", "a", "b", own=True),
        edit(4, 4, "group", None, "c", own=True),
        edit(5, 5, "tier", None, "c"),
        edit(6, 6, "site", None, None),
        edit(7, 7, "text", None, "d"),
    ]
    free = {"title", "state", "group", "tier", "site", "kind"}
    found = added(free, shown | {"kind": "filled", "text": "d"}, history, {"state": ["b"]})
    assert [edit.field for edit in found] == ["title", "group"]


def test_a_stroke_of_ours_that_gave_a_field_something_else_is_another_write():
    """Two writes of ours gave the same title. Only one of them came, and what it gave the state tells which."""
    cancels = [edit(1, 70, "title", "a", "b", own=True), edit(2, 70, "state", "a", "d", own=True)]
    theirs = edit(3, 70, "state", "d", "c")
    assert may_be({"title": "b", "state": "c"}, [*cancels, theirs]) == [theirs]
    assert may_be({"title": "b", "state": "d"}, [*cancels, theirs]) == [*cancels, theirs]
    assert may_be({"title": "b"}, cancels) == cancels
    # A state that was passed through on the way is of the same stroke.
    way = [edit(1, 70, "state", "a", "b", own=True), edit(2, 70, "state", "b", "c", own=True)]
    assert may_be({"state": "c"}, way) == way
