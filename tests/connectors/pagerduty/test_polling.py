"""The poll against a simulated account: everything that changes is seen, and in few requests."""

from datetime import timedelta
from itertools import islice

import pytest

from syncline.connector import Update
from syncline.errors import RetryLater
from syncline_pagerduty import cursor as cursors


def ids(sightings):
    return [sighting.record_id for sighting in sightings]


@pytest.fixture(params=[True, False], ids=["newest-first", "oldest-first"])
def either_order(request, make_world):
    return make_world(newest_first=request.param)


def test_nothing_new_costs_one_request(world):
    world.connector.find_party("person", "syncline@example.com")
    cursor = world.connector.start(None)
    for _ in range(4):
        world.clock.move(10)
        seen = []
        requests = world.sent(lambda: seen.append(world.poll(cursor)))  # noqa: B023
        (sightings, cursor) = seen[0]
        assert sightings == []
        assert requests == ["GET /log_entries"]


def test_a_change_comes_with_its_values_and_no_second_request(either_order):
    world = either_order
    world.connector.find_party("person", "syncline@example.com")
    cursor = world.connector.start(None)
    world.clock.move(5)
    incident = world.raise_incident("Disk full")
    world.clock.move(5)
    found = []
    assert world.sent(lambda: found.append(world.poll(cursor))) == ["GET /log_entries"]
    sightings, cursor = found[0]
    assert ids(sightings) == [incident["id"]]
    assert sightings[0].record.values["title"] == "Disk full"
    assert sightings[0].record.values["status"] == "triggered"
    assert sightings[0].record.values["assignee"] == world.AMINA
    assert world.poll(cursor)[0] == []


def test_start_sees_what_changed_since_then(world):
    before = world.raise_incident("Before")
    world.clock.move(600)
    since = world.clock.now()
    after = world.raise_incident("After")
    world.clock.move(600)
    sightings, _ = world.poll(world.connector.start(since))
    assert after["id"] in ids(sightings)
    # The list of open incidents may bring the other one; the log does not.
    assert before["id"] not in [s.record_id for s in sightings if s.edits]


def test_start_from_now_on_goes_by_the_platforms_clock(world):
    world.raise_incident()
    world.clock.move(30)
    requests = world.sent(lambda: world.connector.start(None))
    assert requests == ["GET /log_entries"]
    assert world.sent(lambda: world.connector.start(None)) == []


def test_more_than_one_page_is_read_to_its_end(either_order):
    world = either_order
    cursor = world.connector.start(None)
    world.clock.move(1)
    raised = [world.raise_incident(f"Number {n}")["id"] for n in range(130)]
    world.clock.move(1)
    sightings, cursor = world.poll(cursor, limit=50)
    assert set(ids(sightings)) == set(raised)
    assert world.poll(cursor)[0] == []


def test_an_interrupted_poll_goes_on_where_its_cursor_says(either_order):
    world = either_order
    cursor = world.connector.start(None)
    world.clock.move(1)
    raised = {world.raise_incident(f"Number {n}")["id"] for n in range(60)}
    world.clock.move(1)
    first = world.connector.poll(cursor, 20)
    assert first.more
    # The process ends here: the page was stored with its cursor, and nothing else.
    late = world.raise_incident("Meanwhile")["id"]
    world.clock.move(10)
    rest, cursor = world.poll(first.cursor, 20)
    world.clock.move(10)
    more, _ = world.poll(cursor)
    assert set(ids(first.sightings)) | set(ids(rest)) | set(ids(more)) == raised | {late}


def test_an_entry_that_becomes_visible_late_is_found(either_order):
    world = either_order
    world.platform.index_lag = 45.0
    cursor = world.connector.start(None)
    world.clock.move(5)
    late = world.raise_incident("Slow index")["id"]
    found = []
    for _ in range(14):
        world.clock.move(10)
        sightings, cursor = world.poll(cursor)
        found += [s.record_id for s in sightings if s.edits]
    assert found == [late]


def test_entries_of_one_second_are_told_apart(either_order):
    world = either_order
    cursor = world.connector.start(None)
    first = world.raise_incident("First")["id"]
    sightings, cursor = world.poll(cursor)
    assert ids(sightings) == [first]
    second = world.raise_incident("Second")["id"]  # in the same second
    sightings, cursor = world.poll(cursor)
    assert ids(sightings) == [second]


def test_a_page_brings_each_record_once_in_its_present_state(world):
    cursor = world.connector.start(None)
    world.clock.move(1)
    incident = world.raise_incident()
    world.clock.move(2)
    world.edit(incident["id"], status="acknowledged")
    world.clock.move(2)
    world.edit(incident["id"], status="resolved")
    world.clock.move(1)
    sightings, _ = world.poll(cursor)
    assert ids(sightings) == [incident["id"]]
    assert sightings[0].record.values["status"] == "resolved"
    assert [(e.field, e.after) for e in sightings[0].edits] == [
        ("status", "triggered"),
        ("assignee", world.AMINA),
        ("status", "acknowledged"),
        ("status", "resolved"),
    ]
    assert sightings[0].record.updated_by == "Amina Diallo"


def test_who_changed_it_is_told(world):
    incident = world.raise_incident()
    world.clock.move(60)
    cursor = world.connector.start(None)
    world.clock.move(10)
    world.edit(incident["id"], who="syncline", status="acknowledged")
    world.clock.move(10)
    world.edit(incident["id"], who="amina", priority={"name": "P2", "type": "priority_reference"})
    world.clock.move(10)
    sightings, _ = world.poll(cursor)
    edits = [(e.field, e.before, e.after, e.actor, e.own) for e in sightings[0].edits]
    assert edits[-2:] == [
        ("status", None, "acknowledged", "Syncline", True),
        ("priority", None, "P2", "Amina Diallo", False),
    ]


def test_a_title_that_leaves_no_entry_is_found_beside_an_entry_that_is_known(world):
    """The log is asked for again some way back, and brings the incident as it is now."""
    cursor = world.connector.start(None)
    world.clock.move(5)
    incident = world.raise_incident("Old title")
    world.clock.move(5)
    _, cursor = world.poll(cursor)
    world.clock.move(5)
    world.edit(incident["id"], title="New title")
    world.clock.move(5)
    found = []
    assert world.sent(lambda: found.append(world.poll(cursor))) == ["GET /log_entries"]
    (sighting,) = found[0][0]
    assert sighting.record.values["title"] == "New title"
    assert (sighting.record.updated_by, sighting.edits) == (None, None)


def test_a_title_that_leaves_no_entry_is_found_on_the_list_of_open_incidents(world):
    incident = world.raise_incident("Old title")
    world.clock.move(60)
    cursor = world.connector.start(None)
    world.clock.move(30)
    world.edit(incident["id"], title="New title")
    sightings, cursor = world.poll(cursor)
    assert sightings == []
    world.clock.move(40)
    found = []
    assert world.sent(lambda: found.append(world.poll(cursor))) == ["GET /log_entries", "GET /incidents"]
    sightings, cursor = found[0]
    assert [s.record.values["title"] for s in sightings] == ["New title"]


def test_the_list_of_open_incidents_can_be_switched_off(make_world):
    world = make_world(settings={"reread_open_every": 0})
    cursor = world.connector.start(None)
    world.poll(cursor)
    for _ in range(5):
        world.clock.move(120)
        requests = []
        requests += world.sent(lambda: world.poll(cursor))
        assert requests == ["GET /log_entries"]


def test_the_list_of_open_incidents_keeps_to_its_share_of_the_budget():
    position = cursors.Position.at_start(cursors.moment("2026-11-23T10:00:00Z"))
    at = position.at
    many = cursors.replace(position, open_pages=90)
    assert cursors.open_due(position, at + timedelta(seconds=60), 60, 90)
    assert not cursors.open_due(position, at + timedelta(seconds=59), 60, 90)
    assert cursors.open_due(many, at + timedelta(seconds=60), 60, 90)
    assert not cursors.open_due(many, at + timedelta(seconds=119), 60, 45)


def test_open_incidents_are_listed_page_by_page(world):
    raised = {world.raise_incident(f"Number {n}")["id"] for n in range(25)}
    cursor = world.connector.start(None)
    world.clock.move(120)
    requests = []
    found = []
    requests += world.sent(lambda: found.append(world.poll(cursor, 10)))
    assert set(ids(found[0][0])) == raised
    assert requests.count("GET /incidents") == 3


def test_incidents_of_other_services_are_left_alone(world):
    cursor = world.connector.start(None)
    world.clock.move(1)
    world.raise_incident("Not ours", service=world.NETWORK)
    ours = world.raise_incident("Ours")["id"]
    world.clock.move(120)
    sightings, _ = world.poll(cursor)
    assert set(ids(sightings)) == {ours}


def test_without_services_all_incidents_are_seen(make_world):
    world = make_world(settings={"services": []})
    cursor = world.connector.start(None)
    world.clock.move(1)
    raised = {world.raise_incident("A", service=world.NETWORK)["id"], world.raise_incident("B")["id"]}
    world.clock.move(1)
    sightings, _ = world.poll(cursor)
    assert set(ids(sightings)) == raised


def test_a_note_comes_with_its_id(world):
    incident = world.raise_incident()
    world.clock.move(60)
    cursor = world.connector.start(None)
    world.clock.move(10)
    note = world.note(incident["id"], "Looking at it")
    world.clock.move(1)
    found = []
    requests = world.sent(lambda: found.append(world.poll(cursor)))
    assert f"GET /incidents/{incident['id']}/notes" in requests
    (sighting,) = found[0][0]
    assert [(r.id, r.body, r.author, r.visibility, r.own) for r in sighting.remarks] == [
        (note, "Looking at it", "Amina Diallo", "internal", False)
    ]
    cursor = found[0][1]
    world.clock.move(10)
    assert world.sent(lambda: world.poll(cursor)) == ["GET /log_entries"]


def test_kinds_of_entries_that_we_do_not_know_still_bring_the_record(make_world):
    world = make_world(title_entries=True)
    incident = world.raise_incident()
    world.clock.move(60)
    cursor = world.connector.start(None)
    world.clock.move(10)
    world.edit(incident["id"], title="Renamed")  # makes a title_change_log_entry, which no contract knows
    world.clock.move(1)
    sightings, _ = world.poll(cursor)
    assert [s.record.values["title"] for s in sightings] == ["Renamed"]
    assert sightings[0].edits == ()


def test_without_nulls_the_values_are_the_same(make_world):
    def rows(nulls):
        world = make_world(nulls=nulls)
        cursor = world.connector.start(None)
        world.clock.move(1)
        made = world.raise_incident("Same")["id"]
        world.edit(made, status="resolved")
        world.raise_incident("Other")
        world.clock.move(1)
        return [(s.record.values, s.record.revision) for s in world.poll(cursor)[0]]

    assert rows(nulls=True) == rows(nulls=False)


def test_more_than_ten_thousand_entries_are_read_in_several_windows(make_world, monkeypatch):
    # The real limit with fewer rows: PagerDuty's is 10,000, and so many simulated incidents take too long.
    monkeypatch.setattr(cursors, "LAST_ROW", 60)
    for newest_first in (True, False):
        world = make_world(newest_first=newest_first, settings={"reread_open_every": 0})
        since = world.clock.now()
        raised = set()
        for n in range(150):
            world.clock.move(1)
            raised.add(world.raise_incident(f"Number {n}")["id"])
        world.clock.move(1)
        requests = []
        found = []
        requests += world.sent(lambda: found.append(world.poll(world.connector.start(since), 20)))  # noqa: B023
        assert set(ids(found[0][0])) == raised
        offsets = [entry.query for entry in islice(world.instance.requests(), 200)]
        assert not any("offset=60" in query or "offset=80" in query for query in offsets)


def test_more_entries_in_one_second_than_can_be_listed_stops_the_poll_aloud(world, monkeypatch):
    monkeypatch.setattr(cursors, "LAST_ROW", 10)
    since = world.clock.now()
    for n in range(12):
        world.raise_incident(f"Number {n}")
    world.clock.move(1)
    with pytest.raises(RetryLater, match="more than 10 log entries"):
        world.poll(world.connector.start(since), 5)


def test_a_cursor_of_somebody_else_is_refused_in_words(world):
    with pytest.raises(RetryLater, match="pd: the stored poll cursor cannot be read"):
        world.connector.poll({"watermark": "2026-11-23"}, 10)


def test_a_cursor_stays_small(world):
    cursor = world.connector.start(None)
    for n in range(60):
        world.clock.move(10)
        for m in range(5):
            world.raise_incident(f"Number {n} {m}")
        _, cursor = world.poll(cursor)
    # 20 minutes of work are not remembered: only what a look may reach back to.
    assert sum(len(entries) for entries in cursor["seen"].values()) <= 2 * 5 * 20


@pytest.mark.parametrize("listed", [False, True])
def test_a_row_that_may_be_older_than_our_write_is_one_of_the_past(world, listed):
    """A poll is answered, then our write lands in the same second, then the poll's row arrives: with equal stamps the
    row would pass for a person's revert. Yet it may be the one trace of a title that our write replaced."""
    incident = world.raise_incident()
    world.clock.move(60)
    world.connector.find_party("person", "syncline@example.com")
    cursor = world.connector.start(None)
    world.clock.move(10)
    world.edit(incident["id"], status="acknowledged", title="By a person")
    client = world.connector._reader.client
    get, receipts = client.get, []

    def overtaken(path, params=None):
        reply = get(path, params)
        if path == ("/incidents" if listed else "/log_entries"):
            client.get = get
            wanted = {"status": "resolved", "title": "By us"}
            receipts.append(world.connector.write(Update(incident["id"], wanted)))
        return reply

    client.get = overtaken
    page = world.connector.poll({**cursor, "open_offset": 0} if listed else cursor, 100)
    assert receipts[0].record.values["status"] == "resolved"
    assert [s.record.values["title"] for s in page.sightings] == ["By a person"]
    assert page.sightings[0].record.revision < receipts[0].record.revision
    world.clock.move(10)
    sightings, cursor = world.poll(page.cursor)
    assert [s.record.values["status"] for s in sightings] == ["resolved"]
    assert sightings[0].record.revision > receipts[0].record.revision
    assert [e.after for e in sightings[0].edits][-2:] == ["acknowledged", "resolved"]
    assert world.poll(cursor)[0] == []


def test_later_states_never_have_a_smaller_revision(world):
    cursor = world.connector.start(None)
    incident = world.raise_incident()
    revisions = []
    for title in ("a", "b", "c"):
        receipt = world.connector.write(Update(incident["id"], {"title": title}))
        revisions.append(receipt.record.revision)
        revisions.append(world.connector.read(incident["id"]).record.revision)
    sightings, _ = world.poll(cursor)
    revisions.append(sightings[0].record.revision)
    world.clock.move(2)
    revisions.append(world.connector.read(incident["id"]).record.revision)
    assert revisions == sorted(revisions)
    assert revisions[-1] == revisions[0] + 1
    receipt = world.connector.write(Update(incident["id"], {"title": "d"}))
    assert receipt.record.revision > revisions[-1]


def test_who_wrote_last_is_told(world):
    cursor = world.connector.start(None)
    first, second = world.raise_incident("A"), world.raise_incident("B")
    world.clock.move(1)
    world.connector.write(Update(first["id"], {"status": "acknowledged"}))
    world.edit(second["id"], who="noah", status="acknowledged")
    world.clock.move(1)
    sightings, _ = world.poll(cursor)
    assert {s.record_id: (s.record.own, s.record.updated_by) for s in sightings} == {
        first["id"]: (True, "Syncline"),
        second["id"]: (False, "Noah Brooks"),
    }
    assert world.connector.read(first["id"]).record.own
    assert not world.connector.read(second["id"]).record.own


@pytest.mark.parametrize("annotated", ["the same one", "another one"])
def test_what_a_page_shows_is_not_thrown_away_because_notes_cannot_be_read(world, annotated):
    """No history tells of a title: the page may be the one look that ever shows it."""
    incident, other = world.raise_incident(), world.raise_incident()
    cursor = world.connector.start(None)
    world.clock.move(10)
    world.note(incident["id"] if annotated == "the same one" else other["id"], "Look here.")
    world.edit(incident["id"], title="By a person", status="acknowledged")
    world.clock.move(30)
    world.instance.set_faults(next=[{"fault": "throttle", "method": "GET", "path": "/notes$", "count": 9}])
    page = world.connector.poll(cursor, 100)
    assert isinstance(page.error, RetryLater)
    assert "By a person" in [s.record.values["title"] for s in page.sightings]
    assert not page.more
    world.instance.clear_faults()
    world.clock.move(60)
    again = world.connector.poll(page.cursor, 100)
    assert again.error is None
    assert [r.body for s in again.sightings for r in s.remarks] == ["Look here."]


def test_a_page_is_not_asked_for_as_long_as_we_do_not_know_who_we_are(world):
    """It would be thrown away once it was shown."""
    world.raise_incident()
    cursor = world.connector.start(world.clock.now())
    world.instance.set_faults(
        next=[{"fault": "error_before", "method": "GET", "path": "^/users", "count": 9}]
    )

    def refused():
        with pytest.raises(RetryLater):
            world.connector.poll(cursor, 100)

    assert "GET /log_entries" not in world.sent(refused)
