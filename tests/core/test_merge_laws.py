"""The laws of the merge, over whatever people may do to one incident."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import assume, given
from hypothesis import strategies as st

from syncline.mapping.rules import Conflict as Policy
from syncline.merge import PLATFORM, SIMULTANEOUS, Candidate, Conflict, Look, Merged, Origin, Rules, merge
from syncline.model import ENDED, Incident, Status

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SIDES = ("jira", "pd", "snow")
PLAIN = {
    "title": st.sampled_from(["mail", "disk", "disk full", None]),
    "priority": st.sampled_from([1, 2, 3, 4, 5]),
    "status": st.sampled_from([s.value for s in Status]),
    "assignee": st.sampled_from(["amina@example.com", "bruno@example.com", None]),
}
LABELS = st.sets(st.sampled_from("abcde")).map(lambda s: tuple(sorted(s)))


def look(instance, *candidates):
    return Look(instance, tuple(candidates), {}, {}, ())


def candidate(instance, field, value, base, at=NOON, actor="somebody", recovered=False):
    return Candidate(field, value, base, Origin(instance, actor, at), recovered)


def given_by(instance, at=NOON, actor="somebody", *beside):
    return Origin(instance, actor, at, at, beside)


@st.composite
def situations(draw, fields=tuple(PLAIN)):
    """An incident, who set its values, and what each side says of some fields."""
    values = {name: draw(PLAIN[name]) for name in fields}
    incident = Incident("SL-1", values)
    moments = st.integers(0, 20).map(lambda s: NOON + timedelta(seconds=s))
    origins = {name: given_by(draw(st.sampled_from(SIDES)), draw(moments), "before") for name in fields}
    looks = []
    for side in SIDES:
        said = []
        for name in fields:
            if draw(st.booleans()):
                base = values[name] if draw(st.booleans()) else draw(PLAIN[name])
                value = draw(PLAIN[name])
                if value != base:
                    said.append(candidate(side, name, value, base, draw(moments)))
        looks.append(look(side, *said))
    return incident, origins, looks


@st.composite
def rules(draw):
    policies = st.sampled_from(list(Policy))
    return Rules(
        policy={name: draw(policies) for name in PLAIN if draw(st.booleans())},
        owner={name: draw(st.sampled_from(SIDES)) for name in PLAIN},
        default=draw(policies),
        default_owner=draw(st.sampled_from([None, *SIDES])),
        reopen_from=frozenset(draw(st.sets(st.sampled_from(sorted(ENDED))))),
    )


def outcome(merged: Merged):
    """What a merge came to, without the order in which it is told."""

    def told(conflicts):
        return {(c.field, c.winner, frozenset(c.losers), c.reason, c.reopens) for c in conflicts}

    return dict(merged.incident.values), dict(merged.changes), told(merged.conflicts), told(merged.parked)


@given(situations(), rules())
def test_the_order_of_the_sides_does_not_matter(situation, how):
    incident, origins, looks = situation
    results = [outcome(merge(incident, origins, order, how)) for order in permutations(looks)]
    assert all(result == results[0] for result in results)


@given(situations(), rules())
def test_no_edit_is_lost_without_being_on_record(situation, how):
    incident, origins, looks = situation
    merged = merge(incident, origins, looks, how)
    recorded = {
        (c.field, c.value)
        for con in (*merged.conflicts, *merged.parked)
        for c in (con.winner, *con.losers)
        if c
    }
    for side in looks:
        for edit in side.candidates:
            assert merged.incident[edit.field] == edit.value or (edit.field, edit.value) in recorded


@given(situations(), rules())
def test_a_value_that_gives_way_to_an_edit_which_did_not_know_it_is_on_record(situation, how):
    incident, origins, looks = situation
    merged = merge(incident, origins, looks, how)
    recorded = {(c.field, c.value) for con in merged.conflicts for c in con.losers}
    for name, winner in merged.changes.items():
        if winner.base != incident[name]:
            assert (name, incident[name]) in recorded


@given(situations(), rules())
def test_merging_the_result_again_changes_nothing(situation, how):
    incident, origins, looks = situation
    merged = merge(incident, origins, looks, how)
    again = merge(merged.incident, {**origins, **{n: c.origin for n, c in merged.changes.items()}}, [], how)
    assert (again.incident, again.changes, again.conflicts, again.parked) == (merged.incident, {}, (), ())


@given(situations(), rules(), st.data())
def test_fields_do_not_touch_each_other(situation, how, data):
    incident, origins, looks = situation
    name = data.draw(st.sampled_from(sorted(PLAIN)))
    alone = [look(s.instance, *(c for c in s.candidates if c.field == name)) for s in looks]
    assert (
        merge(incident, origins, looks, how).incident[name]
        == merge(incident, origins, alone, how).incident[name]
    )


@given(st.sampled_from(["title", "priority", "assignee"]), st.data(), rules())
def test_one_sides_change_always_wins_alone(name, data, how):
    before, after = data.draw(PLAIN[name]), data.draw(PLAIN[name])
    assume(before != after)
    side = data.draw(st.sampled_from(SIDES))
    merged = merge(
        Incident("SL-1", {name: before}), {}, [look(side, candidate(side, name, after, before))], how
    )
    assert merged.incident[name] == after
    assert not merged.conflicts
    assert not merged.parked


@given(situations(), rules())
def test_sides_that_say_the_same_never_conflict(situation, how):
    incident, origins, _ = situation
    values = {"title": "agreed", "assignee": "agreed@example.com"}
    looks = [look(side, *(candidate(side, n, v, incident[n]) for n, v in values.items())) for side in SIDES]
    merged = merge(incident, origins, looks, how)
    assert {n: merged.incident[n] for n in values} == values
    assert not merged.conflicts
    assert not merged.parked


@given(situations(), rules())
def test_a_manual_field_stays_as_it_is_until_a_person_decides(situation, how):
    incident, origins, looks = situation
    manual = Rules(dict.fromkeys(PLAIN, Policy.MANUAL), how.owner, how.default, frozenset(ENDED))
    merged = merge(incident, origins, looks, manual)
    assert not merged.conflicts
    for conflict in merged.parked:
        assert merged.incident[conflict.field] == incident[conflict.field]
        assert conflict.winner is None
        assert conflict.reopens or len({c.value for c in conflict.losers}) > 1


@given(situations(), rules())
def test_a_parked_field_moves_only_when_the_sides_agree(situation, how):
    incident, origins, looks = situation
    merged = merge(incident, origins, looks, how, blocked=frozenset(PLAIN))
    for name in merged.changes:
        assert len({c.value for s in looks for c in s.candidates if c.field == name}) == 1
    assert not merged.conflicts


@given(situations(fields=("title", "priority")), st.sampled_from(SIDES))
def test_the_owner_decides_where_it_says_anything(situation, owner):
    incident, origins, looks = situation
    how = Rules({}, dict.fromkeys(PLAIN, owner), Policy.OWNER)
    merged = merge(incident, origins, looks, how)
    for side in looks:
        if side.instance == owner:
            assert all(merged.incident[c.field] == c.value for c in side.candidates)


@given(situations(fields=("priority",)))
def test_highest_takes_the_most_urgent(situation):
    incident, origins, looks = situation
    merged = merge(incident, origins, looks, Rules({}, {}, Policy.HIGHEST))
    for conflict in merged.conflicts:
        assert conflict.winner.value == min(c.value for c in (conflict.winner, *conflict.losers))


@given(situations(fields=("title",)))
def test_latest_takes_the_latest_unless_the_clocks_cannot_tell(situation):
    incident, origins, looks = situation
    merged = merge(incident, origins, looks, Rules({}, {}, Policy.LATEST))
    for conflict in merged.conflicts:
        newest = max(c.origin.at for c in (conflict.winner, *conflict.losers))
        assert newest - conflict.winner.origin.at <= SIMULTANEOUS


def test_within_the_tolerance_the_owner_wins_and_the_other_is_on_record():
    incident = Incident("SL-1", {"title": "a"})
    near = NOON + SIMULTANEOUS
    looks = [
        look("jira", candidate("jira", "title", "b", "a", near)),
        look("snow", candidate("snow", "title", "c", "a")),
    ]
    merged = merge(incident, {}, looks, Rules({}, {"title": "snow"}))
    assert merged.incident["title"] == "c"
    assert [c.value for c in merged.conflicts[0].losers] == ["b"]
    later = [look("jira", candidate("jira", "title", "b", "a", near + timedelta(seconds=1))), looks[1]]
    assert merge(incident, {}, later, Rules({}, {"title": "snow"})).incident["title"] == "b"


@given(situations(fields=("assignee",)), st.data(), st.sampled_from([Policy.LATEST, Policy.HIGHEST]))
def test_what_a_platform_gives_by_itself_replaces_nobodys_choice(situation, data, policy):
    incident, origins, looks = situation
    by_itself = [
        replace(one, automatic=True, origin=replace(one.origin, actor=PLATFORM))
        for side in looks
        for one in side.candidates
        if data.draw(st.booleans())
    ]
    instances = {one.origin.instance for one in by_itself}
    looks = [side for side in looks if side.instance not in instances]
    looks += [look(one.origin.instance, one) for one in by_itself]
    merged = merge(incident, origins, looks, Rules(default=policy))
    for conflict in merged.conflicts:
        assert conflict.winner.origin.actor != PLATFORM or all(
            loser.origin.actor == PLATFORM or loser.value is None for loser in conflict.losers
        )


def test_who_chooses_somebody_before_a_platform_gives_somebody_by_itself_is_heard_after_it():
    given = {"assignee": given_by("helix", NOON + timedelta(minutes=1), PLATFORM)}
    chosen = look("snow", candidate("snow", "assignee", "bruno@example.com", None))
    merged = merge(Incident("SL-1", {"assignee": "syncline@example.com"}), given, [chosen], Rules())
    assert merged.incident["assignee"] == "bruno@example.com"


def test_what_was_left_empty_is_no_choice_that_a_platform_could_not_replace():
    given = {"assignee": given_by("snow", NOON, "amina")}
    on_call = candidate(
        "pd", "assignee", "bruno@example.com", "chloe@example.com", NOON + timedelta(minutes=1), PLATFORM
    )
    merged = merge(Incident("SL-1", {"assignee": None}), given, [look("pd", on_call)], Rules())
    assert merged.incident["assignee"] == "bruno@example.com"


@given(LABELS, st.lists(st.tuples(LABELS, LABELS), min_size=3, max_size=3))
def test_labels_are_joined(present, said):
    edits = zip(SIDES, said, strict=True)
    looks = [look(side, candidate(side, "labels", now, base)) for side, (base, now) in edits]
    results = {
        merge(Incident("SL-1", {"labels": present}), {}, order, Rules()).incident["labels"]
        for order in permutations(looks)
    }
    (joined,) = results
    added = {label for base, now in said for label in set(now) - set(base)}
    taken = {label for base, now in said for label in set(base) - set(now)}
    assert set(joined) == (set(present) - taken) | added
    assert list(joined) == sorted(set(joined))


@given(st.sampled_from(sorted(ENDED)), st.sets(st.sampled_from(sorted(ENDED))), st.sampled_from(list(Status)))
def test_an_ended_incident_opens_again_only_from_where_it_may(ended, allowed, to):
    assume(to != ended)
    how = Rules(reopen_from=frozenset(allowed))
    merged = merge(
        Incident("SL-1", {"status": ended.value}),
        {},
        [look("pd", candidate("pd", "status", to.value, ended.value))],
        how,
    )
    if to in ENDED or ended in allowed:
        assert merged.incident.status == to
    else:
        assert merged.incident.status == ended
        assert merged.parked[0].reopens


def test_an_edit_that_our_write_had_overwritten_does_not_win_in_silence():
    incident = Incident("SL-1", {"title": "ours"})
    origins = {"title": Origin("snow", "amina", NOON)}
    lost = candidate(
        "jira", "title", "theirs", "before both", NOON + timedelta(seconds=30), "bruno", recovered=True
    )
    merged = merge(incident, origins, [], Rules(), recovered=[lost])
    assert merged.incident["title"] == "theirs"
    (conflict,) = merged.conflicts
    assert isinstance(conflict, Conflict)
    assert [(c.value, c.origin.actor) for c in conflict.losers] == [("ours", "amina")]


def test_nothing_that_nobody_said_contradicts_nobody():
    found = candidate("snow", "impact", 1, None, recovered=True)
    merged = merge(Incident("SL-1", {}), {}, [], Rules(), recovered=[found])
    assert merged.incident["impact"] == 1
    assert merged.conflicts == ()
    emptied = {"impact": Origin("jira", "amina", NOON)}
    merged = merge(Incident("SL-1", {}), emptied, [], Rules(), recovered=[found])
    assert len(merged.conflicts) == 1


@given(situations(), rules())
def test_what_an_older_edit_on_another_side_replaces_is_on_record(situation, how):
    """Whatever its base: the side may have said that value already, in its own words."""
    incident, origins, looks = situation
    merged = merge(incident, origins, looks, how)
    recorded = {(c.field, c.origin) for con in merged.conflicts for c in con.losers}
    for name, winner in merged.changes.items():
        said = {c.origin.instance for side in looks for c in side.candidates if c.field == name}
        giver = origins[name]
        if giver.instance not in said and winner.origin.at < giver.at:
            assert (name, giver) in recorded


@given(situations(), rules())
def test_who_gave_a_value_alike_is_told_of_with_it(situation, how):
    incident, origins, looks = situation
    merged = merge(incident, origins, looks, how)
    parked = {conflict.field for conflict in merged.parked}
    for side in looks:
        for edit in side.candidates:
            if edit.value == merged.incident[edit.field] and edit.field not in parked:
                givers = {giver.instance: giver.at for giver in merged.origins[edit.field].all()}
                assert givers[side.instance] >= edit.origin.at


def test_both_who_gave_a_value_lose_on_record():
    """The one by another word of their side, which says the same elsewhere."""
    incident = Incident("SL-1", {"status": "in_progress"})
    origins = {"status": given_by("snow", NOON, "amina")}
    review = Candidate("status", "in_progress", "in_progress", given_by("jira", NOON, "bruno"))
    merged = merge(incident, origins, [look("jira", review)], Rules())
    assert (merged.changes, merged.conflicts) == ({}, ())
    assert {giver.actor for giver in merged.origins["status"].all()} == {"amina", "bruno"}
    later = Candidate("status", "resolved", "new", given_by("pd", NOON + timedelta(minutes=1), "noah"))
    (conflict,) = merge(incident, merged.origins, [look("pd", later)], Rules()).conflicts
    assert {c.origin.actor for c in conflict.losers} == {"amina", "bruno"}
    knowing = Candidate(
        "status", "resolved", "in_progress", given_by("pd", NOON + timedelta(minutes=1), "noah")
    )
    assert merge(incident, merged.origins, [look("pd", knowing)], Rules()).conflicts == ()


def test_a_time_that_is_not_known_by_the_platforms_clock_makes_nobody_late():
    """Somebody may have set ours back since: what stands would win over all that people do until then."""
    incident = Incident("SL-1", {"title": "a"})
    to_come = Origin("snow", "amina", NOON + timedelta(hours=1))
    edit = candidate("jira", "title", "b", "a")
    assert merge(incident, {"title": to_come}, [look("jira", edit)], Rules()).incident["title"] == "b"
