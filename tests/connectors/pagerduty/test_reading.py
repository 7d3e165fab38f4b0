"""Reads, lookups, people and the checks against a simulated account."""

import json
from datetime import timedelta

import pytest
from pydantic import SecretStr

from syncline.connector import PartyKind, Severity
from syncline.errors import Configuration


def test_a_read_brings_the_record_and_the_latest_of_its_log(world):
    incident = world.raise_incident()
    world.clock.move(5)
    world.edit(incident["id"], status="acknowledged")
    found = []
    world.connector.find_party(PartyKind.PERSON, "syncline@example.com")
    requests = world.sent(lambda: found.append(world.connector.read(incident["id"])))
    assert requests == [f"GET /incidents/{incident['id']}", f"GET /incidents/{incident['id']}/log_entries"]
    assert found[0].record.values["status"] == "acknowledged"
    assert [e.after for e in found[0].edits if e.field == "status"] == ["triggered", "acknowledged"]
    assert found[0].remarks == ()


def test_a_read_does_not_depend_on_notes(world):
    """There is no history of titles: what a read showed is not thrown away because something else cannot be read."""
    incident = world.raise_incident()
    world.note(incident["id"], "Hello")
    world.connector.find_party(PartyKind.PERSON, "syncline@example.com")
    requests = world.sent(lambda: world.connector.read(incident["id"]))
    assert requests == [f"GET /incidents/{incident['id']}", f"GET /incidents/{incident['id']}/log_entries"]


def test_the_description_comes_where_it_is_asked_for(make_world):
    for read_body, expected in ((True, "All of it"), (False, None)):
        world = make_world(settings={"read_body": read_body})
        incident = world.raise_incident(body={"type": "incident_body", "details": "All of it"})
        assert world.connector.read(incident["id"]).record.values.get("description") == expected


def test_history_tells_who_did_what_since_when(world):
    incident = world.raise_incident()
    world.clock.move(100)
    since = world.clock.now()
    world.edit(incident["id"], who="bruno", status="acknowledged")
    world.clock.move(100)
    world.edit(incident["id"], assignments=[{"assignee": {"id": world.NOAH, "type": "user_reference"}}])
    edits = world.connector.history(incident["id"], since)
    assert [(e.actor, e.field, e.after) for e in edits] == [
        ("Bruno Keller", "status", "acknowledged"),
        ("Amina Diallo", "assignee", world.NOAH),
        ("Amina Diallo", "status", "triggered"),  # who is assigned anew has not acknowledged yet
    ]
    assert len({e.id for e in edits}) == 3
    assert edits == world.connector.history(incident["id"], since)
    assert world.connector.history(incident["id"], world.clock.now() + timedelta(hours=1)) == ()


def test_many_open_incidents_are_read_by_one_list_and_the_others_one_by_one(world):
    raised = [world.raise_incident(f"Number {n}")["id"] for n in range(12)]
    world.edit(raised[3], status="resolved")
    found = []
    requests = world.sent(lambda: found.append(world.connector.read_many([*raised, "PNOWHERE"])))
    assert [s.record_id for s in found[0]] == raised
    assert found[0][3].record.values["status"] == "resolved"
    asked = [request for request in requests if "/incidents" in request and not request.endswith("/notes")]
    assert asked == ["GET /incidents", f"GET /incidents/{raised[3]}", "GET /incidents/PNOWHERE"]


def test_few_incidents_are_read_one_by_one(world):
    raised = [world.raise_incident(f"Number {n}")["id"] for n in range(2)]
    requests = world.sent(lambda: world.connector.read_many(raised))
    assert [request for request in requests if "/incidents" in request] == [
        f"GET /incidents/{made}{what}" for what in ("/notes", "") for made in raised
    ]
    assert world.connector.read_many([]) == []


@pytest.mark.parametrize("key", ["#1", "1", " #1 "])
def test_an_incident_is_looked_up_by_its_number(world, key):
    incident = world.raise_incident()
    assert world.connector.lookup(key).id == incident["id"]
    assert world.connector.lookup(key).key == "#1"


@pytest.mark.parametrize("key", ["#77", "", "#", "../users", "a/b", "x" * 100, "é"])
def test_a_lookup_of_nothing_finds_nothing(world, key):
    assert world.connector.lookup(key) is None


def test_an_incident_is_looked_up_by_its_id(world):
    incident = world.raise_incident()
    record = world.connector.lookup(incident["id"])
    assert record.url == incident["html_url"]
    assert record.parties[0].name == "Service Desk escalation"


def test_people_are_known_by_one_list(world):
    found = []
    requests = world.sent(
        lambda: found.append(world.connector.parties(PartyKind.PERSON, [world.NOAH, world.AMINA]))
    )
    assert requests == ["GET /users"]
    assert [(p.name, p.email) for p in found[0]] == [
        ("Noah Brooks", "noah.brooks@example.com"),
        ("Amina Diallo", "amina.diallo@example.com"),
    ]
    assert world.sent(lambda: world.connector.parties(PartyKind.PERSON, [world.AMINA])) == []
    world.clock.move(1000)
    assert world.sent(lambda: world.connector.parties(PartyKind.PERSON, [world.AMINA])) == ["GET /users"]


def test_who_is_not_on_the_list_is_asked_for_once(world):
    world.connector.parties(PartyKind.PERSON, [world.AMINA])
    assert world.connector.parties(PartyKind.PERSON, ["PNOBODY"]) == []
    assert world.sent(lambda: world.connector.parties(PartyKind.PERSON, ["PNOBODY"])) == []
    world.clock.move(61)
    assert world.sent(lambda: world.connector.parties(PartyKind.PERSON, ["PNOBODY"])) == [
        "GET /users/PNOBODY"
    ]


def test_parties_are_found_by_address_or_exact_name(world):
    find = world.connector.find_party
    assert find(PartyKind.PERSON, "Noah.Brooks@example.com").id == world.NOAH
    assert find(PartyKind.PERSON, "Noah Brooks").id == world.NOAH
    assert find(PartyKind.PERSON, "Noah") is None
    assert find(PartyKind.PERSON, "nobody@example.com") is None
    assert find(PartyKind.GROUP, "Network escalation").id == world.NETWORK_POLICY
    assert find(PartyKind.GROUP, "Network") is None
    assert find(PartyKind.GROUP, "") is None
    assert find(PartyKind.GROUP, world.NETWORK_POLICY).name == "Network escalation"
    assert find(PartyKind.PERSON, world.NOAH).name == "Noah Brooks"


def test_the_schema_is_that_of_the_account(world):
    schema = world.connector.schema()
    assert schema.fields["priority"].choices == ("P1", "P2", "P3", "P4", "P5")
    assert world.NETWORK in schema.fields["service"].choices
    assert schema.statuses == ("triggered", "acknowledged", "resolved", "merged")
    assert {g.name for g in schema.groups} >= {"Service Desk escalation", "Network escalation"}
    assert schema.fields["title"].max_length == 1024


def test_the_schema_of_an_account_without_priorities(make_world):
    field = make_world(priorities=False).connector.schema().fields["priority"]
    assert not field.choices
    assert not field.writable


def findings(world):
    return list(world.connector.check())


def test_a_good_instance_has_only_good_findings(world):
    found = findings(world)
    assert {f.severity for f in found} == {Severity.OK}
    assert {"reachable", "authorised", "permissions", "time zone", "schema", "clock"} <= {
        f.check for f in found
    }
    assert any("pdpyras 5." in f.message for f in found)


def test_a_wrong_key_names_the_other_region(make_world):
    world = make_world(settings={"token": SecretStr("token-nobody")})
    found = findings(world)
    assert found[-1].check == "authorised"
    assert found[-1].severity is Severity.ERROR
    assert "api.eu.pagerduty.com" in found[-1].message + found[-1].fix
    assert "token-nobody" not in repr(found)
    with pytest.raises(Configuration):
        world.connector.read("PX")


def test_a_sender_that_is_no_user_is_found(make_world):
    found = findings(make_world(settings={"from_email": "ghost@example.com"}))
    (bad,) = [f for f in found if f.severity is Severity.ERROR]
    assert "ghost@example.com" in bad.message
    assert "from_email" in bad.fix


def test_a_service_that_is_not_there_is_found(make_world):
    (bad,) = [
        f for f in findings(make_world(settings={"services": ["PNOWHERE"]})) if f.severity is Severity.ERROR
    ]
    assert "PNOWHERE" in bad.message


def test_an_instance_that_is_down_is_not_reachable(world):
    world.instance.take_down("reset")
    (found,) = findings(world)
    assert (found.check, found.severity) == ("reachable", Severity.ERROR)


def test_acknowledgements_that_time_out_are_worth_a_warning(make_world):
    found = findings(make_world(acknowledgement_timeout=600))
    assert [f for f in found if f.severity is Severity.WARNING and "600 s" in f.message]


def event(**data):
    return json.dumps({"event": {"id": "E1", "event_type": "incident.resolved", "data": data}}).encode()


def test_a_webhook_is_a_hint(world):
    (hint,) = world.connector.parse_hint({}, event(id="P1", type="incident"))
    assert (hint.record_id, hint.delivery_id) == ("P1", "E1")
    note = event(id="N1", type="incident_note", incident={"id": "P2", "type": "incident_reference"})
    assert world.connector.parse_hint({}, note)[0].record_id == "P2"


def test_webhooks_that_are_not_about_our_incidents_hint_at_nothing(world):
    service = {"id": world.NETWORK, "type": "service_reference"}
    assert world.connector.parse_hint({}, event(id="P1", type="incident", service=service)) == ()
    assert world.connector.parse_hint({}, event(id="S1", type="service")) == ()
    ping = {"event": {"id": "E2", "event_type": "pagey.ping", "data": {"message": "Hello", "type": "ping"}}}
    assert world.connector.parse_hint({}, json.dumps(ping).encode()) == ()


@pytest.mark.parametrize(
    "raw", [b"", b"no json", b"[]", b"{}", b'{"event": []}', b'{"event": {}}', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_webhook_is_refused(world, raw):
    with pytest.raises(ValueError):
        world.connector.parse_hint({}, raw)
