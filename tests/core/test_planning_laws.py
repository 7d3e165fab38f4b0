"""What has to be written: nothing twice, nothing that nobody has merged, and the shortest way through a workflow."""

from collections import deque
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from syncline.connector import Step
from syncline.mapping import load_mapping
from syncline.merge import Look, Rules, View, look, merge
from syncline.model import ENDED, Incident, Status
from syncline.planning import FURTHEST, Explore, difference, onward, path

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
COARSE = """
mapping: 1
platform: coarse
fields:
  title: {field: name, max: 40, transforms: [one_line]}
  description: {field: text}
  status:
    field: state
    values: {new: open, acknowledged: working, in_progress: working, on_hold: working, resolved: done, closed: done, canceled: done}
    read: {working: in_progress, done: resolved}
  priority: {field: severity, values: {1: high, 2: high, 3: low, 4: low, 5: low}, read: {high: 1, low: 4}}
  labels: {field: tags}
  category: {field: sort, direction: once}
  opened_at: {field: created, direction: read}
"""
FINE = """
mapping: 1
platform: fine
fields:
  title: {field: title}
  description: {field: body}
  status:
    field: status
    values: {new: New, acknowledged: Seen, in_progress: Doing, on_hold: Waiting, resolved: Resolved, closed: Closed, canceled: Canceled}
  priority: {fields: [impact, urgency], matrix: [[1, 2, 3], [2, 3, 4], [3, 4, 5]]}
  labels: {field: labels}
"""
MAPPINGS = {"coarse": load_mapping(COARSE), "fine": load_mapping(FINE)}
NOBODY = {name: mapping.directory() for name, mapping in MAPPINGS.items()}
VALUES = {
    "title": st.sampled_from(
        ["Mail is down", "Mail", "A very long title that has to be cut on one of the platforms", "two\nlines"]
    ),
    "description": st.sampled_from(["x", "y\nz", "", None]),
    "status": st.sampled_from([s.value for s in Status]),
    "priority": st.sampled_from([1, 2, 3, 4, 5]),
    "labels": st.sampled_from([(), ("a",), ("a", "b"), ("c",)]),
}
incidents = st.fixed_dictionaries(VALUES).map(lambda values: Incident("SL-1", values))


def record(name, incident):
    """A record that was made from an incident; what was not given is empty there."""
    mapping = MAPPINGS[name]
    written = mapping.write(incident.values, incident, {}, NOBODY[name], creating=True).values
    empty = {
        native: () if field == "labels" else None for field in VALUES for native in mapping.natives_of(field)
    }
    return {**empty, **written}


def view(name, incident, natives):
    return View(name, natives, dict(incident.values), natives, NOON)


def wanted(name, incident, seen, **options):
    return difference(incident, seen, MAPPINGS[name], NOBODY[name], **options)


@pytest.mark.parametrize("name", list(MAPPINGS))
@given(incidents, incidents)
def test_what_was_written_is_not_written_again(name, before, after):
    natives = record(name, before)
    seen = view(name, before, natives)
    want = wanted(name, after, seen)
    assert set(want.values) <= {n for field in VALUES for n in MAPPINGS[name].natives_of(field)}
    done = {**natives, **want.values}
    settled = {**seen.settled, **want.fields, **want.settled}
    again = wanted(name, after, View(name, done, settled, done, NOON))
    assert (again.fields, again.values) == ({}, {})


@pytest.mark.parametrize("name", list(MAPPINGS))
@given(incidents)
def test_a_record_that_agrees_is_left_alone(name, incident):
    want = wanted(name, incident, view(name, incident, record(name, incident)))
    assert not want.fields
    assert not want.values


@given(incidents, st.sampled_from([1, 2]), st.sampled_from([3, 4, 5]))
def test_a_record_whose_value_lies_in_the_right_class_is_left_alone(incident, high, low):
    for first, second in ((1, high), (high, 1), (3, low), (low, 5)):
        natives = record("coarse", incident.changed({"priority": first}))
        want = wanted(
            "coarse",
            incident.changed({"priority": second}),
            view("coarse", incident.changed({"priority": first}), natives),
        )
        assert "severity" not in want.values
        if first != second:
            assert want.settled["priority"] == second


@pytest.mark.parametrize("name", list(MAPPINGS))
@given(incidents, incidents, st.sampled_from(sorted(VALUES)))
def test_what_somebody_edited_is_merged_before_it_is_written(name, before, after, field):
    natives = record(name, before)
    edited = {**natives, **dict.fromkeys(MAPPINGS[name].natives_of(field), "somebody's")}
    seen = View(name, natives, dict(before.values), edited, NOON)
    want = wanted(name, after, seen)
    assert field not in want.fields
    assert MAPPINGS[name].natives_of(field).isdisjoint(want.values)


@pytest.mark.parametrize("name", list(MAPPINGS))
@given(incidents, incidents, st.sets(st.sampled_from(sorted(VALUES))))
def test_what_waits_for_a_person_is_not_written(name, before, after, blocked):
    seen = view(name, before, record(name, before))
    want = wanted(name, after, seen, blocked=frozenset(blocked))
    assert blocked.isdisjoint(want.fields)
    assert blocked.isdisjoint(want.settled)


@given(incidents, incidents)
def test_what_is_only_read_or_written_once_is_never_written_to_a_record_that_stands(before, after):
    values = {"category": "network", "opened_at": "2026-11-23T09:00:00Z"}
    seen = view(
        "coarse", before, {**record("coarse", before), "sort": "disk", "created": "2026-01-01T00:00:00Z"}
    )
    want = wanted("coarse", after.changed(values), seen)
    assert {"sort", "created"}.isdisjoint(want.values)


@given(incidents, st.lists(st.tuples(st.sampled_from(["coarse", "fine"]), incidents), max_size=6))
def test_lossy_maps_never_drift_and_all_sides_converge(start, edits):
    """Whatever people write on either side, both come to rest in two rounds, and a further round writes nothing."""
    incident = start
    sides = {name: view(name, start, record(name, start)) for name in MAPPINGS}

    def synced(incident):
        looks = [look(side, MAPPINGS[name], NOBODY[name]) for name, side in sides.items()]
        merged = merge(incident, {}, looks, Rules(reopen_from=frozenset(ENDED)))
        writes = 0
        for side in looks:
            taken = View(side.instance, side.shadow, side.settled, sides[side.instance].seen, NOON)
            want = wanted(side.instance, merged.incident, taken)
            natives = {**taken.seen, **want.values}
            sides[side.instance] = View(
                side.instance, natives, {**side.settled, **want.fields, **want.settled}, natives, NOON
            )
            writes += bool(want.values)
        return merged.incident, writes

    for name, edit in edits:
        sides[name] = View(
            name, sides[name].shadow, sides[name].settled, {**sides[name].seen, **record(name, edit)}, NOON
        )
        incident, _ = synced(incident)
        incident, _ = synced(incident)
        again, writes = synced(incident)
        assert (again.values, writes) == (incident.values, 0)
        for other in MAPPINGS:
            for field in VALUES:
                assert MAPPINGS[other].holds(field, incident[field], sides[other].seen, NOBODY[other])


def test_a_look_at_an_unchanged_record_says_nothing():
    incident = Incident("SL-1", {"title": "Mail"})
    seen = view("coarse", incident, record("coarse", incident))
    assert look(seen, MAPPINGS["coarse"], NOBODY["coarse"]) == Look(
        "coarse", (), seen.shadow, seen.settled, ()
    )


# ---- workflows ----------------------------------------------------------------------------------

STATES = "ABCDEFGH"
graphs = st.dictionaries(st.sampled_from(STATES), st.lists(st.sampled_from(STATES), max_size=4, unique=True))


def steps_of(graph):
    return {
        state: tuple(Step(f"{state}{to}", f"to {to}", to) for to in graph.get(state, ())) for state in STATES
    }


def distance(graph, start, targets):
    """Breadth first, without any of the code under test."""
    found, queue = {start: 0}, deque([start])
    while queue:
        state = queue.popleft()
        for to in graph.get(state, ()):
            if to not in found:
                found[to] = found[state] + 1
                queue.append(to)
    return min((found[t] for t in targets if t in found), default=None)


@given(
    graphs, st.sampled_from(STATES), st.lists(st.sampled_from(STATES), min_size=1, max_size=3, unique=True)
)
def test_the_way_is_the_shortest_there_is(graph, start, targets):
    way = path(steps_of(graph), start, targets)
    shortest = distance(graph, start, targets)
    if shortest is None or shortest > FURTHEST:
        assert way is None
        return
    assert len(way) == shortest
    at = start
    for step in way:
        assert step.to in graph[at]
        at = step.to
    assert at in targets
    same = [t for t in targets if distance(graph, start, [t]) == shortest]
    assert at == same[0]


@given(graphs, st.sampled_from(STATES), st.sampled_from(STATES))
def test_exploring_leads_to_the_same_way(graph, start, target):
    assume(start != target)
    whole, known = steps_of(graph), {}
    looked_up = []
    while isinstance(way := path(known, start, [target]), Explore):
        assert way.status not in known
        looked_up.append(way.status)
        known[way.status] = whole[way.status]
    assert way == path(whole, start, [target])
    assert len(looked_up) <= len(STATES)


def test_an_unknown_status_is_explored_and_one_without_a_way_has_none():
    assert path({}, "To Do", ["Done"]) == Explore("To Do")
    assert path({"To Do": ()}, "To Do", ["Done"]) is None
    assert path({}, "Done", ["done"]) == ()


@given(st.sampled_from(list(Status)), st.sampled_from(list(Status)), st.permutations(list(Status)))
def test_where_nothing_is_known_only_work_lies_on_the_way(present, wanted_status, order):
    known = {present.value: [Step(status.value, status.value, status.value) for status in order]}
    read = {status.value: status.value for status in Status}
    for step in onward(known, present.value, read, wanted_status):
        assert Status(step.to) not in ENDED
        assert step.to != present
