"""The audit finds exactly the edits that a write of ours overwrote, in any history."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from syncline.audit import Write, beside, overwritten
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


@st.composite
def histories(draw):
    """What happened to two fields: before we looked, between our look and our write, our write, and afterwards."""
    told = draw(st.booleans())
    at, n, edits = 0, 0, []
    now = {"title": "a", "state": "a"}

    def happen(count, own):
        nonlocal at, n
        for _ in range(count):
            field, value = draw(FIELDS), draw(VALUES)
            at += draw(st.integers(1, 5))
            if now[field] != value:
                edits.append(edit(n, at, field, now[field], value, own, told))
                n += 1
                now[field] = value

    happen(draw(st.integers(0, 3)), own=draw(st.booleans()))
    base, base_at = dict(now), NOON + timedelta(seconds=at)
    at += 1
    happen(draw(st.integers(0, 4)), own=False)
    between = dict(now)
    at += 1
    wanted = {field: draw(VALUES) for field in draw(st.sets(FIELDS, min_size=1))}
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
    found = overwritten(write, edits)
    assert {e.field for e in found} == lost
    assert all(e.after == between[e.field] and not e.own for e in found)


@given(histories())
def test_a_history_without_our_write_proves_nothing(history):
    write, edits, *_ = history
    assert overwritten(write, [e for e in edits if not e.own]) == []
    assert beside(write, [e for e in edits if not e.own]) == []


@given(histories())
def test_the_record_is_known_whole_as_it_stood_just_before_our_write(history):
    write, edits, _, between, shown = history
    if shown:
        assert {**write.base, **{e.field: e.after for e in beside(write, edits)}} == between


def test_one_write_that_leaves_several_lines_is_one_write():
    edits = [
        edit(0, 10, "status", "triggered", "resolved"),
        edit(1, 12, "status", "resolved", "triggered", own=True),
        edit(2, 12, "status", "triggered", "acknowledged", own=True),
    ]
    write = Write({"status": "acknowledged"}, {"status": "triggered"}, NOON)
    assert [e.after for e in overwritten(write, edits)] == ["resolved"]


def test_somebody_who_came_back_to_what_we_knew_has_lost_nothing():
    edits = [
        edit(0, 3, "title", "a", "b"),
        edit(1, 5, "title", "b", "a"),
        edit(2, 7, "title", "a", "c", own=True),
    ]
    assert overwritten(Write({"title": "c"}, {"title": "a"}, NOON), edits) == []
