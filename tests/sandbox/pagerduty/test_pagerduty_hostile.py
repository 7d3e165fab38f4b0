"""Whatever is sent, the answer is PagerDuty's: never an exception."""

import json
from random import Random

import pytest

JUNK = [
    None,
    True,
    -1,
    10**40,
    1.5,
    "",
    " ",
    "x" * 3000,
    "\ud800",
    "\x00",
    [],
    {},
    [[]],
    [{}],
    {"id": []},
    {"id": {}},
]


def spoil(rng, content):
    """The content with one value in it replaced by junk."""
    if isinstance(content, dict) and content and rng.random() < 0.8:
        key = rng.choice(list(content))
        return {**content, key: spoil(rng, content[key])}
    if isinstance(content, list) and content and rng.random() < 0.8:
        return [spoil(rng, content[0]), *content[1:]]
    return rng.choice(JUNK)


def requests_to(desk, made):
    user, path = desk.user("noah.brooks"), f"/incidents/{made['id']}"
    reference = {"id": made["id"], "type": "incident_reference"}
    change = {
        "type": "incident",
        "title": "x",
        "status": "acknowledged",
        "urgency": "low",
        "priority": {"id": "P1", "type": "priority_reference", "name": "P1"},
        "service": desk.service("Network"),
        "assignments": [{"assignee": user}],
        "body": {"type": "incident_body", "details": "x"},
        "conference_bridge": {"conference_url": "x"},
        "incident_type": {"name": "incident_default"},
        "incident_key": "k",
        "resolution": "x",
    }
    escalating = {"type": "incident", "escalation_level": 2, "escalation_policy": {"id": "P", "type": "x"}}
    event = {"routing_key": desk.platform.routing_key("Network"), "event_action": "trigger", "dedup_key": "k"}
    event["payload"] = {"summary": "x", "source": "y", "severity": "info", "custom_details": {"a": 1}}
    return [
        ("POST", "/incidents", {"incident": change}),
        ("PUT", path, {"incident": change}),
        ("PUT", path, {"incident": escalating}),
        ("PUT", "/incidents", {"incidents": [{**change, "id": made["id"]}]}),
        ("POST", f"{path}/notes", {"note": {"content": "x"}}),
        ("POST", f"{path}/snooze", {"duration": 60}),
        ("PUT", f"{path}/merge", {"source_incidents": [reference]}),
        ("POST", f"{path}/status_updates", {"message": "x"}),
        (
            "POST",
            f"{path}/responder_requests",
            {
                "requester_id": user["id"],
                "message": "x",
                "responder_request_targets": [{"responder_request_target": user}],
            },
        ),
        (
            "PUT",
            f"{path}/custom_fields/values",
            {"custom_fields": [{"name": "environment", "value": "production"}]},
        ),
        ("POST", "/v2/enqueue", event),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_bodies(desk, seed):
    rng = Random(seed)
    for _ in range(60):
        made = desk.create()
        for method, path, content in requests_to(desk, made):
            status, answer = desk.send(method, path, spoil(rng, content))
            assert status in {200, 201, 202, 400, 404, 413}, (method, path, answer)
            assert status < 300 or answer.get("error", {}).get("code") or answer.get("status")
        json.dumps(desk.platform.snapshot()["incidents"][-1])


@pytest.mark.parametrize("seed", range(5))
def test_parameters(desk, seed):
    rng = Random(seed)
    desk.create()
    names = [
        "limit",
        "offset",
        "total",
        "since",
        "until",
        "date_range",
        "statuses[]",
        "urgencies[]",
        "sort_by",
    ]
    names += ["include[]", "time_zone", "is_overview", "incident_key", "team_ids[]", "user_ids[]", "query"]
    values = [
        "",
        "0",
        "-1",
        "99999999999999",
        "all",
        "true",
        "²",
        "\x00",
        "../../etc/passwd",
        "x" * 2000,
        "2026-13-45",
    ]
    values += [
        "0001-01-01",
        "9999-12-31T23:59:59-14:00",
        "triggered",
        "urgency:desc",
        "UTC",
        "high",
        "incidents",
    ]
    for _ in range(300):
        params = [(rng.choice(names), rng.choice(values)) for _ in range(3)]
        for path in (
            "/incidents",
            "/log_entries",
            "/incidents/1/log_entries",
            "/users",
            "/oncalls",
            "/incidents/1",
        ):
            status, answer = desk.send("GET", path, params=params)
            assert status in {200, 400}, (path, params, answer)


def test_numbers_that_are_none_are_refused(desk):
    body = b'{"incident": {"type": "incident", "title": "x", "service": {"id": NaN}}}'
    assert desk.send("POST", "/incidents", body)[0] == 400
