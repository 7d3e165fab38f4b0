"""The connector against the simulated server, through the real HTTP layer, where the conformance kit does not look."""

import json
from contextlib import suppress
from datetime import timedelta

import pytest

from syncline.connector import Comment, Create, Severity, Transition, Update, mark
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.model import Visibility
from syncline.testing.wiretap import answers

MANY = 23


def findings(trial):
    return {one.check: one for one in trial.connector.check() if one.severity is not Severity.OK}


@pytest.mark.parametrize(
    ("culture", "zone"), [("en-US", "America/New_York"), ("en-GB", "UTC"), ("de-DE", "Europe/Berlin")]
)
@pytest.mark.parametrize("seconds", [True, False])
def test_every_culture_and_zone_is_followed(trial_of, culture, zone, seconds):
    trial = trial_of({"time_zone": zone}, culture=culture, time_zone=zone, seconds_shown=seconds)
    cursor = trial.connector.start(None)
    trial.stand.wait(3)
    ids = [trial.open() for _ in range(MANY)]
    found, cursor = trial.polled(cursor, limit=5)
    for record_id in ids[::4]:
        trial.edit(record_id, title=trial.title())
    trial.stand.say(ids[0], "It is the disk.", Visibility.INTERNAL)
    later, _ = trial.polled(cursor, limit=5)
    assert {one.record_id for one in found} == set(ids)
    assert set(ids[::4]) <= {one.record_id for one in later}
    assert [remark.body for one in later for remark in one.remarks] == ["It is the disk."]
    slack = timedelta(seconds=2 if seconds else 62)
    assert abs(trial.read(ids[-1]).created_at - trial.stand.clock.now()) < timedelta(minutes=2) + slack
    assert findings(trial) == {}


def test_a_setting_writes_times_where_the_culture_is_not_known(trial_of):
    trial = trial_of({"date_format": "%d.%m.%Y %H:%M:%S"}, culture="de-DE")
    record_id = trial.open()
    assert trial.read(record_id).created_at <= trial.stand.clock.now()
    assert not any("locale=" in one.url for one in trial.tap.seen)


def test_a_time_zone_that_is_not_the_server_s_is_said(trial_of):
    trial = trial_of({"time_zone": "Europe/Berlin"}, time_zone="America/New_York")
    with pytest.raises(Configuration, match="set time_zone"):
        trial.connector.start(None)
    assert "set time_zone" in findings(trial)["time zone"].message


def test_a_format_that_is_not_the_server_s_is_said(trial_of):
    trial = trial_of({"date_format": "%d/%m/%Y %I:%M:%S %p"})
    trial.stand.open({"ShortDescription": "Mail is down"})
    with pytest.raises(Configuration, match="is no time"):
        trial.connector.start(None)


def test_a_bulk_edit_within_a_second_is_walked_through_whatever_happens_meanwhile(trial_of):
    trial = trial_of(most_rows=10)
    cursor = trial.connector.start(None)
    ids = [trial.stand.open(trial.natives(title=trial.title())) for _ in range(MANY)]
    seen, more = set(), True
    while more:
        page = trial.connector.poll(cursor, 4)
        seen |= {one.record_id for one in page.sightings}
        cursor, more = page.cursor, page.more
        trial.edit(ids[len(seen) % MANY], title=trial.title())
    assert seen == set(ids)


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_an_incident_that_is_not_there_is_gone_whatever_the_status(trial_of, status):
    trial = trial_of(missing_status=status)
    record = trial.create()
    trial.delete(record.id)
    for act in (
        lambda: trial.connector.read(record.id),
        lambda: trial.connector.write(Update(record.id, {"Priority": "1"})),
        lambda: trial.connector.write(trial.comment(record.id, "x")),
    ):
        with pytest.raises(Gone):
            act()


def test_what_is_refused_with_200_names_the_fields(trial):
    record = trial.create()
    with pytest.raises(Refused, match="Owned By is required") as caught:
        trial.again(stand_in="").connector.write(Transition(record.id, "In Progress", "In Progress"))
    assert set(caught.value.fields) == {"OwnedByID"}
    with pytest.raises(Refused) as caught:
        trial.connector.write(Update(record.id, {"OwnedByID": "nobody", "Priority": "9"}))
    assert set(caught.value.fields) & {"OwnedByID", "Priority"}
    assert record.values == trial.read(record.id).values


def test_only_what_is_dirty_and_only_what_is_meant_goes_out(trial):
    record = trial.create()
    trial.connector.write(Update(record.id, {"Priority": "1"}))
    body = json.loads(trial.tap.seen[-1].body)
    (field,) = body["fields"]
    assert (field["name"], field["value"], field["dirty"], body["busObRecId"]) == (
        "Priority",
        "1",
        True,
        record.id,
    )


def test_a_create_that_failed_and_names_a_record_is_of_unknown_outcome(trial):
    operation = Create(trial.marker(), trial.natives(title="x"))
    reply = {
        "hasError": True,
        "errorCode": "GENERALFAILURE",
        "errorMessage": "One-Step failed",
        "busObRecId": "9" * 42,
    }
    trial.tap.meets(answers(200, json.dumps(reply).encode()), trial.sent_for(operation))
    with pytest.raises(OutcomeUnknown, match="One-Step failed"):
        trial.connector.write(operation)


def test_a_clone_does_not_pass_for_ours(trial):
    record = trial.create()
    clone = trial.stand.open({"ShortDescription": "Clone", "SynclineID": record.marker})
    assert trial.read(clone).marker is None
    assert [one.id for one in trial.find(record.marker)] == [record.id]


def test_an_owner_in_the_history_is_known_by_id(trial_of):
    for combined in (False, True):
        trial = trial_of(history_combined=combined)
        record_id = trial.open()
        trial.stand.edit(record_id, {"OwnedBy": "Bruno Keller", "Priority": "1"})
        told = {one.field: one for one in trial.connector.history(record_id, trial.stand.clock.now())}
        assert told["OwnedByID"].after == trial.read(record_id).values["OwnedByID"]
        assert (told["Priority"].before, told["Priority"].after) == ("4", "1")
        assert {one.actor for one in told.values()} == {"Amina Diallo"}


def test_values_that_the_history_cuts_are_left_out(trial):
    record_id = trial.open()
    trial.stand.edit(record_id, {"ShortDescription": "x" * 255})
    assert trial.connector.history(record_id, trial.stand.clock.now()) == ()


def test_without_a_field_for_it_no_note_is_shown_to_the_customer(trial_of):
    for more, knobs in (({"public_field": ""}, {}), ({}, {"shown_field": ""})):
        trial = trial_of(more, **knobs)
        record = trial.create()
        comment = Comment(record.id, "a" * 12, f"For you.\n{mark('a' * 12)}", Visibility.PUBLIC)
        with pytest.raises(Refused, match="public_field"):
            trial.connector.write(comment)
        assert trial.remarks(record.id) == ()
    assert "ShowInSelfService" in findings(trial)["permissions"].message


def test_what_the_instance_lacks_is_said_by_check(trial_of):
    trial = trial_of(custom_fields=())
    assert "created twice" in findings(trial)["schema"].message
    assert "there is no incident yet" in findings(trial)["time zone"].message
    trial = trial_of({"journal_relationship": "Incident Has Journals", "history_journal": ""})
    trial.open()
    assert set(findings(trial)) == {"permissions", "history"}
    trial = trial_of({"lifecycle": {"New": ["Gone Fishing"]}, "stand_in": "Nobody"})
    trial.open()
    assert set(findings(trial)) == {"permissions", "schema"}


def test_a_history_that_is_laid_out_otherwise_is_said_by_check(trial_of):
    trial = trial_of({"history_line": "{field}: {before} -> {after}"})
    trial.edit(trial.open(), title="Another")
    assert "history_line" in findings(trial)["history"].message
    assert trial.connector.history(trial.open(), trial.stand.clock.now()) == ()


def test_an_order_that_was_not_asked_for_is_said(trial_of):
    trial = trial_of({"ascending": 0})
    for _ in range(3):
        trial.open()
    with pytest.raises((Configuration, RetryLater), match=r"ascending|date_format"):
        trial.polled(trial.connector.start(trial.stand.clock.now() - timedelta(hours=1)))


def test_blueprints_are_asked_for_once_an_hour(trial):
    record_id = trial.open()
    for hours in (0, 0, 2):
        trial.stand.wait(hours * 3600)
        trial.read(record_id)
        trial.read(record_id)
    assert len([one for one in trial.tap.seen if "getbusinessobjectschema" in one.url]) == 2


def test_after_a_refusal_a_blueprint_is_asked_for_anew(trial):
    record_id = trial.open()
    for _ in range(2):
        with pytest.raises(Refused):
            trial.connector.write(Update(record_id, {"Priority": "9"}))
    assert len([one for one in trial.tap.seen if "getbusinessobjectschema" in one.url]) == 2


def test_what_we_bring_by_ourselves_no_mapping_needs_to(trial):
    fields = trial.schema.fields
    asked = {name for name, one in fields.items() if one.required}
    assert asked == {"Priority", "Status"}
    record = trial.create()
    assert record.values["Description"] == record.values["ShortDescription"]


@pytest.mark.parametrize("path", ["getuserbyloginid", "getbusinessobjectschema", "getsearchresults"])
def test_only_a_record_can_be_gone(trial, path):
    record = trial.create()
    reply = {"hasError": True, "errorCode": "RecordNotFound", "errorMessage": "Record not found"}
    again = trial.again()
    again.tap.meets(answers(200, json.dumps(reply).encode()), lambda request: path in request.url, times=None)
    for act in (lambda: again.read(record.id), lambda: again.remarks(record.id)):
        with suppress(Configuration):
            act()
    with pytest.raises(Configuration, match="Record not found"):
        again.polled(again.connector.start(again.stand.clock.now()))
