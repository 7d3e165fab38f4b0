"""Writes against a simulated account: what arrives, what comes back, what is refused and why."""

import re

import pytest
from requests import ReadTimeout

from syncline.connector import (
    Attach,
    Comment,
    Create,
    LinkBack,
    Reference,
    Transition,
    Update,
)
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.model import Visibility

MARKER = "SL-7K2M9QXA"
VALUES = {"title": "Disk full", "priority": "P2", "urgency": "low", "description": "df says 100 %"}


def unmarked(text):
    """What was written, without the mark by which the core knows it for ours."""
    assert re.search(r"\n\[syncline:[0-9a-z]{12}\]$", text)
    return text.rpartition("\n")[0]


def create(world, **values):
    return world.connector.write(Create(MARKER, VALUES | values))


def test_a_create_is_one_post_that_carries_our_key(world):
    world.connector.write(Create("SL-FIRST", {"title": "Fetches the priorities"} | {"priority": "P1"}))
    receipts = []
    requests = world.sent(lambda: receipts.append(create(world)))
    assert requests == ["POST /incidents"]
    record = receipts[0].record
    assert record.marker == MARKER
    assert record.values["incident_key"] == "syncline-sl-7k2m9qxa"
    assert record.values["service"] == world.SERVICE
    assert {name: record.values[name] for name in VALUES} == VALUES
    assert record.values["assignee"] == world.AMINA  # on call


def test_a_create_goes_to_the_service_that_the_mapping_names(world):
    assert create(world, service=world.NETWORK).record.values["service"] == world.NETWORK


def test_a_second_create_adopts_the_open_incident_with_our_key(world):
    first = create(world)
    receipts = []
    requests = world.sent(lambda: receipts.append(create(world)))
    assert requests == ["POST /incidents", "GET /incidents"]
    assert receipts[0].record_id == first.record_id
    assert receipts[0].record == first.record or receipts[0].record.revision == first.record.revision
    assert len(world.connector.find(MARKER)) == 1


def test_after_the_end_of_the_first_a_create_makes_another(world):
    first = create(world)
    world.clock.move(5)
    world.edit(first.record_id, status="resolved")
    second = create(world)
    assert second.record_id != first.record_id
    assert [r.id for r in world.connector.find(MARKER)] == [first.record_id, second.record_id]


def test_find_looks_at_our_services_only_and_at_all_times(world):
    made = create(world)
    world.edit(made.record_id, status="resolved")
    world.clock.move(300 * 86_400)
    (found,) = world.connector.find(MARKER)
    assert found.id == made.record_id
    assert found.marker == MARKER
    query = next(r.query for r in reversed(world.instance.requests()) if r.path == "/incidents")
    assert "date_range=all" in query
    assert f"service_ids%5B%5D={world.SERVICE}" in query
    assert world.connector.find("SL-OTHER") == []


def test_a_status_is_not_sent_with_a_create(world):
    assert create(world, status="acknowledged").record.values["status"] == "triggered"


def test_a_policy_goes_out_before_an_assignee(world):
    made = create(world, assignee=world.NOAH, escalation_policy=world.NETWORK_POLICY)
    assert made.record.values["escalation_policy"] == world.NETWORK_POLICY
    assert made.record.values["assignee"] == world.BRUNO  # on call for the network
    after = world.connector.write(Update(made.record_id, {"assignee": world.NOAH}))
    assert after.record.values["assignee"] == world.NOAH
    assert after.record.values["escalation_policy"] == world.NETWORK_POLICY


def test_an_update_is_one_put_and_its_reply_the_new_record(world):
    made = create(world)
    world.clock.move(3)
    receipts = []
    changes = {"title": "Disk fuller", "urgency": "high", "priority": "P1", "status": "acknowledged"}
    requests = world.sent(lambda: receipts.append(world.connector.write(Update(made.record_id, changes))))
    assert requests == [f"PUT /incidents/{made.record_id}"]
    record = receipts[0].record
    assert {name: record.values[name] for name in changes} == changes
    assert record.revision > made.record.revision
    assert world.connector.read(made.record_id).record.revision == record.revision


def test_the_row_of_a_poll_equals_the_reply_of_the_write(world):
    cursor = world.connector.start(None)
    world.clock.move(1)
    made = create(world, description=None)
    sightings, _ = world.poll(cursor)
    row = sightings[0].record
    assert row.revision == made.record.revision
    assert {k: v for k, v in made.record.values.items() if k in row.values} == row.values


def test_resolving_leaves_its_note_and_says_nothing_of_the_assignee(world):
    made = create(world)
    world.clock.move(3)
    after = world.connector.write(Update(made.record_id, {"status": "resolved", "resolution": "Swept."}))
    assert after.record.values["status"] == "resolved"
    assert "assignee" not in after.record.values
    assert after.record.values["resolved_at"] == "2026-11-23T10:00:03Z"
    assert [unmarked(r.body) for r in world.connector.remarks(made.record_id)] == ["Swept."]


def test_a_resolved_incident_is_reopened_by_its_status(world):
    made = create(world)
    world.connector.write(Update(made.record_id, {"status": "resolved"}))
    world.clock.move(3)
    after = world.connector.write(Update(made.record_id, {"status": "triggered"}))
    assert after.record.values["status"] == "triggered"
    assert after.record.values["assignee"] == world.AMINA
    assert after.record.values["resolved_at"] is None


def test_an_acknowledgement_is_taken_back_by_its_status(world):
    made = create(world)
    world.connector.write(Update(made.record_id, {"status": "acknowledged"}))
    assert (
        world.connector.write(Update(made.record_id, {"status": "triggered"})).record.values["status"]
        == "triggered"
    )


def test_what_is_resolved_already_counts_as_resolved(world):
    made = create(world)
    world.edit(made.record_id, status="resolved")
    receipts = []
    requests = world.sent(
        lambda: receipts.append(world.connector.write(Update(made.record_id, {"status": "resolved"})))
    )
    assert requests == [f"PUT /incidents/{made.record_id}", f"GET /incidents/{made.record_id}"]
    assert receipts[0].record.values["status"] == "resolved"


def test_what_is_acknowledged_already_counts_and_the_rest_is_written(world):
    made = create(world)
    world.connector.write(Update(made.record_id, {"status": "acknowledged"}))
    world.clock.move(2)
    after = world.connector.write(Update(made.record_id, {"status": "acknowledged", "title": "Newer"}))
    assert after.record.values["title"] == "Newer"
    assert after.record.values["status"] == "acknowledged"


def test_what_is_resolved_already_takes_the_rest_but_for_what_no_ended_incident_takes(world):
    """Somebody resolved it first: that its urgency stays as it is must not read as if its status had been refused."""
    made = create(world)
    world.edit(made.record_id, status="resolved")
    world.clock.move(2)
    before = world.connector.read(made.record_id).record.values["urgency"]
    other = {"high": "low", "low": "high"}[before]
    values = {"status": "resolved", "urgency": other, "title": "Newer"}
    after = world.connector.write(Update(made.record_id, values)).record.values
    assert (after["title"], after["status"], after["urgency"]) == ("Newer", "resolved", before)
    values = {"status": "resolved", "urgency": other}
    after = world.connector.write(Update(made.record_id, values)).record.values
    assert (after["status"], after["urgency"]) == ("resolved", before)


def test_a_resolution_is_kept_when_a_person_was_faster(world):
    made = create(world)
    world.edit(made.record_id, status="resolved")
    world.connector.write(Update(made.record_id, {"status": "resolved", "resolution": "Swept."}))
    assert [unmarked(r.body) for r in world.connector.remarks(made.record_id)] == ["Swept."]


def test_what_an_ended_incident_refuses_is_named_by_its_field(world):
    made = create(world)
    world.edit(made.record_id, status="resolved")
    with pytest.raises(Refused) as refused:
        world.connector.write(Update(made.record_id, {"urgency": "high"}))
    assert set(refused.value.fields) == {"urgency"}


def test_an_incident_is_opened_again_even_where_its_urgency_cannot_follow_at_once(world):
    made = create(world)
    world.edit(made.record_id, status="resolved")
    after = world.connector.write(Update(made.record_id, {"status": "triggered", "urgency": "high"}))
    assert after.record.values["status"] == "triggered"


def test_a_merged_incident_reads_as_merged_and_stays_so(world):
    target, source = world.raise_incident("Target"), world.raise_incident("Source")
    world.clock.move(2)
    references = [{"id": source["id"], "type": "incident_reference"}]
    world.call("amina", "PUT", f"/incidents/{target['id']}/merge", {"source_incidents": references})
    sighting = world.connector.read(source["id"])
    assert sighting.record.values["status"] == "merged"
    assert sighting.record.values["resolve_reason"] == "merge"
    assert sighting.record.values["merged_into"] == target["id"]
    assert sighting.edits[-1].after == "merged"
    with pytest.raises(Refused) as refused:
        world.connector.write(Update(source["id"], {"status": "triggered"}))
    assert "status" in refused.value.fields
    assert "Merged" in str(refused.value)


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"priority": "P9"}, "priority", "there are: P1, P2, P3, P4, P5"),
        ({"status": "merged"}, "status", "cannot be set to 'merged'"),
        ({"urgency": "middling"}, "urgency", "high, low"),
        ({"assignee": None}, "assignee", "always assigned"),
        ({"title": None}, "title", "cannot be emptied"),
        ({"description": "Later"}, "description", "cannot be written"),
        ({"incident_key": "x"}, "incident_key", "cannot be written"),
        ({"teams": ("A",)}, "teams", "cannot be written"),
        ({"title": 5}, "title", "takes text"),
        ({"resolution": "Done", "title": "x"}, "resolution", "together with status resolved"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_sent(world, values, field, words):
    made = create(world)
    writes = []

    def write():
        with pytest.raises(Refused) as refused:
            world.connector.write(Update(made.record_id, values))
        writes.append(refused.value)

    assert not [r for r in world.sent(write) if not r.startswith("GET")]
    assert words in writes[0].fields[field]
    assert str(writes[0]).startswith(f"pd: incident {made.record_id} cannot be written: ")


def test_all_complaints_come_at_once(world):
    made = create(world)
    with pytest.raises(Refused) as refused:
        world.connector.write(Update(made.record_id, {"priority": "P9", "urgency": "x", "title": "ok"}))
    assert set(refused.value.fields) == {"priority", "urgency"}


def test_a_create_without_title_or_service_is_refused(make_world):
    world = make_world(settings={"services": []})
    with pytest.raises(Refused, match="without a title"):
        world.connector.write(Create(MARKER, {}))
    with pytest.raises(Refused, match="no service for a new incident"):
        world.connector.write(Create(MARKER, {"title": "x"}))


def test_an_account_without_priorities_refuses_the_field_alone(make_world):
    world = make_world(priorities=False)
    with pytest.raises((Refused, Configuration)):
        world.connector.write(Create(MARKER, {"title": "x", "priority": "P1"}))
    assert world.connector.write(Create(MARKER, {"title": "x"})).record.values["priority"] is None


def test_a_comment_is_a_note_with_its_id(world):
    made = create(world)
    receipt = world.connector.write(
        Comment(made.record_id, "SL-1-c1", "Amina on snow: look [SL-1-c1]", Visibility.INTERNAL)
    )
    (note,) = world.connector.remarks(made.record_id)
    assert note.id == receipt.item_id
    assert note.body == "Amina on snow: look [SL-1-c1]"
    assert note.own
    assert note.visibility is Visibility.INTERNAL


def test_notes_come_oldest_first(world):
    made = create(world)
    for n in range(3):
        world.clock.move(1)
        world.note(made.record_id, f"Note {n}")
    assert [r.body for r in world.connector.remarks(made.record_id)] == ["Note 0", "Note 1", "Note 2"]


def test_a_link_back_is_one_note_however_often_it_is_written(world):
    made = create(world)
    snow = Reference("snow", "servicenow", "INC0010001", "https://snow.example/x", "Disk full")
    jira = Reference("ops", "jira", "OPS-1", "https://jira.example/OPS-1", "Disk full")
    first = world.connector.write(LinkBack(made.record_id, "0123456789ab", (snow,)))
    assert first == world.connector.write(LinkBack(made.record_id, "0123456789ab", (snow,)))
    (note,) = world.connector.remarks(made.record_id)
    assert note.body == (
        "The same incident elsewhere:\nsnow INC0010001: https://snow.example/x\n[syncline:0123456789ab]"
    )
    world.note(made.record_id, note.body)  # a person who quotes us
    again = world.connector.write(LinkBack(made.record_id, "ba9876543210", (snow, jira)))
    assert again.item_id == first.item_id
    bodies = {note.id: note.body for note in world.connector.remarks(made.record_id)}
    assert len(bodies) == 2
    assert "https://jira.example/OPS-1\n[syncline:ba9876543210]" in bodies[first.item_id]


def test_files_and_transitions_are_refused(world):
    made = create(world)
    with pytest.raises(Refused, match="holds no files"):
        world.connector.write(Attach(made.record_id, "m", "a.txt", "text/plain", b"x"))
    with pytest.raises(Refused, match="no workflow"):
        world.connector.write(Transition(made.record_id, "1", "resolved"))
    assert world.connector.attachments(made.record_id) == ()
    assert world.connector.steps(made.record_id, "triggered") == ()


def test_an_incident_that_is_not_there_is_gone(world):
    for work in (
        lambda: world.connector.read("PNOWHERE"),
        lambda: world.connector.write(Update("PNOWHERE", {"title": "x"})),
        lambda: world.connector.remarks("PNOWHERE"),
        lambda: world.connector.write(Comment("PNOWHERE", "m", "x", Visibility.INTERNAL)),
    ):
        with pytest.raises(Gone, match="pd: incident PNOWHERE"):
            work()


def test_a_dropped_write_is_sent_once_and_its_outcome_is_unknown(world):
    made = create(world)
    world.instance.take_down("reset")
    last = world.instance.requests()[-1].n
    with pytest.raises(OutcomeUnknown):
        world.connector.write(Update(made.record_id, {"title": "x"}))
    assert len(world.instance.requests(last)) == 1


def test_a_read_of_an_instance_that_is_down_says_so(world):
    world.instance.take_down("unavailable")
    with pytest.raises(RetryLater, match="pd"):
        world.connector.read("PX")


def test_no_exception_of_the_client_library_gets_out(world, monkeypatch):
    made = create(world)
    session = world.connector._writer._client._session()

    def fail(*args, **kwargs):
        raise ReadTimeout("token-syncline")

    monkeypatch.setattr(session.get_adapter("https://api.pagerduty.com"), "send", fail)
    with pytest.raises(OutcomeUnknown, match="the PagerDuty client failed") as unknown:
        world.connector.write(Update(made.record_id, {"title": "x"}))
    assert "token-syncline" not in str(unknown.value)
    with pytest.raises(RetryLater):
        world.connector.remarks(made.record_id)
