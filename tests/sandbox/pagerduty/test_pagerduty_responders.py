"""Responder requests: what is legal, who is told, and what the person says to it."""

import json

import pytest

from syncline.ports import ThreadRuntime
from syncline.sandbox.instance import Instance
from syncline.sandbox.pagerduty.refusals import RefusalError
from syncline.sandbox.pagerduty.responders import MAX_REQUESTS
from syncline.sandbox.platform import Request

NOAH = "noah.brooks@example.com"


class Clock:
    """The desk's time."""

    def __init__(self, desk):
        self._desk = desk

    def now(self):
        return self._desk.now

    def monotonic(self):
        return self._desk.now.timestamp()


def body(desk, *people, **changes):
    targets = [{"responder_request_target": desk.user(person)} for person in people or ("noah.brooks",)]
    asked = {
        "requester_id": desk.user("amina.diallo")["id"],
        "message": "Please help",
        "responder_request_targets": targets,
    }
    return asked | changes


def ask(desk, made, *people, **changes):
    return desk.send("POST", f"/incidents/{made['id']}/responder_requests", body(desk, *people, **changes))


def log(desk, made, **params):
    listed = desk.get(f"/incidents/{made['id']}/log_entries", **params)["log_entries"]
    return list(reversed(listed))


def refused(answer):
    status, content = answer
    return status, content["error"]["code"]


def test_the_person_is_told_a_little_later_and_the_log_says_how(desk):
    made = desk.create()
    assert ask(desk, made)[0] == 200
    assert desk.types(made)[-1] == "responder_request"
    desk.wait(5)
    told = log(desk, made, include=["channels"])[-1]
    assert told["type"] == "notify_log_entry"
    assert told["user"]["id"] == desk.user("noah.brooks")["id"]
    assert told["channel"]["notification"] == {"type": "email", "address": NOAH, "status": "success"}
    assert "notification" not in log(desk, made)[-1]["channel"]  # only who includes channels is told


def test_entries_stand_in_the_order_of_time_whatever_made_them(open_desk):
    desk = open_desk(acknowledgement_timeout=3)
    made = desk.create()
    desk.put(made, status="acknowledged")
    ask(desk, made)
    desk.wait(60)
    entries = log(desk, made)
    assert [e["type"].removesuffix("_log_entry") for e in entries[-2:]] == ["unacknowledge", "notify"]
    assert [e["created_at"] for e in entries] == sorted(e["created_at"] for e in entries)


@pytest.mark.parametrize("joins", [True, False])
def test_the_person_answers(desk, joins):
    made = desk.create()
    ask(desk, made)
    desk.wait(30)
    desk.platform.respond(made["id"], NOAH, desk.now, desk.rng, joins=joins)
    shown = desk.read(made)
    target = shown["responder_requests"][0]["responder_request_targets"][0]["responder_request_target"]
    state = "joined" if joins else "declined"
    assert target["incidents_responders"] == shown["incidents_responders"]
    assert (shown["incidents_responders"][0]["state"], shown["incidents_responders"][0]["updated_at"]) == (
        state,
        "2026-11-22T10:00:30Z",
    )
    assert desk.types(made)[-1] == ("responder_accept" if joins else "responder_decline")
    with pytest.raises(RefusalError):
        desk.platform.respond(made["id"], NOAH, desk.now, desk.rng)


def test_a_policy_stands_for_who_is_on_call(desk):
    made = desk.create(service="Database")
    policy = {"id": made["escalation_policy"]["id"], "type": "escalation_policy_reference"}
    ask(desk, made, responder_request_targets=[{"responder_request_target": policy}])
    asked = desk.read(made)["incidents_responders"]
    assert [a["user"]["id"] for a in asked] == [made["assignments"][0]["assignee"]["id"]]


def test_nobody_is_told_where_the_account_is_so(desk):
    made = desk.create()
    desk.platform.paging.unreachable.add(NOAH)
    ask(desk, made, "noah.brooks", "amina.diallo")
    desk.wait(60)
    assert [e["user"]["summary"] for e in log(desk, made) if e["type"] == "notify_log_entry"] == [
        "Amina Diallo"
    ]
    desk.platform.paging.after = None
    ask(desk, made, "bruno.keller")
    desk.wait(600)
    assert desk.types(made)[-1] == "responder_request"


def test_who_is_to_be_told_of_a_resolved_incident_is_not(desk):
    made = desk.create()
    ask(desk, made)
    desk.put(made, status="resolved")
    desk.wait(60)
    assert "notify" not in desk.types(made)


@pytest.mark.parametrize(
    "changes",
    [
        {"requester_id": None},
        {"requester_id": "PNOBODY"},
        {"message": ""},
        {"responder_request_targets": []},
        {"responder_request_targets": [{"responder_request_target": {"id": "PNOBODY"}}]},
        {"responder_request_targets": [{"id": "PNOBODY"}]},
        {"responder_request_targets": "PNOBODY"},
    ],
)
def test_what_is_not_legal_is_refused_and_nobody_is_asked(desk, changes):
    made = desk.create()
    assert refused(ask(desk, made, **changes)) == (400, 2001)
    assert desk.read(made)["responder_requests"] == []


def test_a_resolved_incident_takes_no_responders(desk):
    made = desk.create()
    desk.put(made, status="resolved")
    assert refused(ask(desk, made)) == (400, 1001)


def test_a_sender_is_needed(desk):
    made = desk.create()
    path = f"/incidents/{made['id']}/responder_requests"
    assert refused(desk.send("POST", path, body(desk), **{"from": ""})) == (400, 2001)
    assert refused(desk.send("POST", path, body(desk), **{"from": "nobody@example.com"})) == (400, 2013)


def test_an_incident_has_so_many_requests_and_no_more(desk):
    made = desk.create()
    incident = desk.platform._account.records.by_id[made["id"]]
    incident.responders = [{"responder_request_targets": []}] * MAX_REQUESTS
    assert refused(ask(desk, made)) == (400, 2001)


class TestControl:
    """What who runs the sandbox may do, over HTTP."""

    @pytest.fixture
    def control(self, desk):
        instance = Instance("pd", desk.platform, clock=Clock(desk), runtime=ThreadRuntime())

        def post(what, content):
            reply = instance.control(
                Request("POST", f"/_sandbox/{what}", "", {}, json.dumps(content).encode())
            )
            return reply.status, json.loads(reply.body)

        return post

    def test_nobody_is_told_and_somebody_declines_all_the_same(self, desk, control):
        assert control("paging", {"after": None, "status": "failed"}) == (
            200,
            {"after": None, "unreachable": [], "status": "failed"},
        )
        made = desk.create()
        ask(desk, made)
        desk.wait(60)
        assert control("respond", {"incident": made["id"], "email": NOAH, "joins": False})[0] == 200
        assert desk.read(made)["incidents_responders"][0]["state"] == "declined"
        assert "notify" not in desk.types(made)
        assert control("paging", {"unreachable": [NOAH]})[1]["unreachable"] == [NOAH]

    @pytest.mark.parametrize(
        ("what", "content", "status"),
        [
            ("paging", {"after": -1}, 400),
            ("paging", {"after": True}, 400),
            ("paging", {"unreachable": NOAH}, 400),
            ("paging", {"afer": 1}, 400),
            ("respond", {"incident": "QNONE", "email": NOAH}, 400),
            ("respond", {}, 400),
            ("sulk", {}, 404),
        ],
    )
    def test_what_is_not_legal_is_said(self, desk, control, what, content, status):
        assert control(what, content)[0] == status
        assert desk.platform.paging.after == 5.0

    def test_who_was_not_asked_cannot_answer(self, desk, control):
        status, content = control("respond", {"incident": desk.create()["id"], "email": NOAH})
        assert (status, "Responder request not found" in content["error"]) == (400, True)
