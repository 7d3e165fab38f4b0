import pytest


@pytest.fixture
def send(desk):
    def enqueue(action="trigger", key="disk", service="Network", **more):
        event = {"routing_key": desk.platform.routing_key(service), "event_action": action, "dedup_key": key}
        if action == "trigger":
            event["payload"] = {"summary": "Disk full", "source": "db-3", "severity": "critical"}
        return desk.send("POST", "/v2/enqueue", {**event, **more}, authorization="")

    return enqueue


def incidents(desk, **params):
    return desk.get("/incidents", **params)["incidents"]


def test_an_event_makes_an_incident_with_an_alert(desk, send):
    assert send() == (202, {"status": "success", "message": "Event processed", "dedup_key": "disk"})
    (made,) = incidents(desk)
    assert "incident_key" not in made
    assert made["alert_counts"] == {"all": 1, "triggered": 1, "resolved": 0}
    (alert,) = desk.get(f"/incidents/{made['id']}/alerts")["alerts"]
    assert (alert["alert_key"], alert["status"], alert["severity"]) == ("disk", "triggered", "critical")
    assert desk.get(f"/incidents/{made['id']}/alerts/{alert['id']}")["alert"] == alert
    assert desk.types(made) == ["trigger", "assign"]
    assert incidents(desk, incident_key="disk") == [made]


def test_the_same_key_while_open_is_the_same_alert(desk, send):
    send()
    send(payload={"summary": "Disk still full", "source": "db-3", "severity": "error"})
    (made,) = incidents(desk)
    (alert,) = desk.get(f"/incidents/{made['id']}/alerts")["alerts"]
    assert alert["summary"] == "Disk still full"


def test_the_key_of_another_service_is_another_alert(desk, send):
    send()
    send(service="Database")
    assert len(incidents(desk)) == 2


def test_after_the_end_a_trigger_makes_a_new_one(desk, send):
    send()
    send("resolve")
    send()
    assert [i["status"] for i in incidents(desk)] == ["resolved", "triggered"]


def test_what_has_no_open_alert_is_dropped_in_silence(desk, send):
    assert send("acknowledge")[0] == 202
    assert send("resolve")[0] == 202
    assert incidents(desk) == []


def test_a_key_is_made_where_none_is_given(desk, send):
    status, content = send(key=None)
    assert (status, len(content["dedup_key"])) == (202, 32)


@pytest.mark.parametrize(
    "change",
    [
        {"routing_key": "unknown"},
        {"routing_key": 7},
        {"event_action": "explode"},
        {"dedup_key": "k" * 256},
        {"payload": None},
        {"payload": {"summary": "x", "source": "y"}},
        {"payload": {"summary": "x" * 1025, "source": "y", "severity": "info"}},
        {"payload": {"summary": "x", "source": "y", "severity": "awful"}},
    ],
)
def test_what_is_not_legal_is_refused(desk, send, change):
    status, content = send(**change)
    assert (status, content["status"]) == (400, "invalid event")
    assert content["errors"]
    assert incidents(desk) == []


def test_what_is_no_event_or_too_large(desk, send):
    assert desk.send("POST", "/v2/enqueue", b"[]")[0] == 400
    assert send(payload={"summary": "x" * 600_000, "source": "y", "severity": "info"})[0] == 413


def test_merging_moves_the_alerts(desk, send):
    send(key="a")
    send(key="b")
    target, source = incidents(desk)
    body = {"source_incidents": [{"id": source["id"], "type": "incident_reference"}]}
    desk.send("PUT", f"/incidents/{target['id']}/merge", body)
    assert desk.read(target)["alert_counts"]["all"] == 2
    assert [
        a["alert_key"] for a in desk.get(f"/incidents/{target['id']}/alerts", alert_key="b")["alerts"]
    ] == ["b"]
    send("resolve", "b")
    assert desk.read(target)["status"] == "triggered"
    send("resolve", "a")
    assert desk.read(target)["status"] == "resolved"
