import json
from random import Random

import pytest

from syncline.sandbox.pagerduty import PagerDuty, Person


def error(answer):
    status, content = answer
    return status, content["error"]["code"]


class TestKeys:
    @pytest.mark.parametrize(
        "authorization",
        [
            "Token token=token-amina",
            'Token token="token-amina"',
            "Bearer token-amina",
            "token token=token-amina.diallo",
        ],
    )
    def test_a_users_key_is_that_user(self, desk, authorization):
        status, content = desk.send("GET", "/users/me", authorization=authorization)
        assert status == 200
        assert content["user"]["email"] == "amina.diallo@example.com"

    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            "Token token=wrong",
            "Token token-amina",
            "Bearer",
            "Basic YTpi",
            "Token token=token-nobody",
            "Token token=",
        ],
    )
    def test_a_wrong_key_is_401(self, desk, authorization):
        assert error(desk.send("GET", "/incidents", authorization=authorization)) == (401, 2006)

    def test_a_key_of_the_account_is_no_user(self, desk):
        status, content = desk.send("GET", "/users/me", authorization="Token token=account-sandbox")
        assert status == 400
        assert "account-level access token" in content["error"]
        body = {"incident": {"type": "incident", "title": "x", "service": desk.service("Network")}}
        status, content = desk.send(
            "POST", "/incidents", body, who="noah", authorization="Token token=account-sandbox"
        )
        assert content["incident"]["last_status_change_by"]["summary"] == "Noah Brooks"


class TestProtocol:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/"),
            ("GET", "/incident"),
            ("GET", "/incidents/QNOSUCH"),
            ("GET", "/incidents/99"),
            ("DELETE", "/incidents/1"),
            ("GET", "/incidents/1/nothing"),
            ("POST", "/users"),
            ("GET", "/services/PNOSUCH"),
            ("GET", "/v2/enqueue"),
            ("PATCH", "/incidents"),
        ],
    )
    def test_what_there_is_not_is_404_in_the_vendors_words(self, desk, method, path):
        desk.create()
        status, content = desk.send(method, path, {} if method != "GET" else None)
        assert (status, content) == (404, {"error": {"message": "Not Found", "code": 2100}})

    @pytest.mark.parametrize(
        ("accept", "status"),
        [
            ("application/vnd.pagerduty+json;version=2", 200),
            ("application/json", 200),
            ("*/*", 200),
            ("", 200),
            ("text/html, application/json;q=0.5", 200),
            ("application/vnd.pagerduty+json;version=1", 406),
            ("text/html", 406),
        ],
    )
    def test_version_2_of_json_only(self, desk, accept, status):
        assert desk.send("GET", "/incidents", accept=accept)[0] == status

    def test_replies_tell_of_the_rate_limit(self, desk):
        desk.get("/incidents")
        assert desk.headers["ratelimit-limit"] == "960"
        assert desk.headers["ratelimit-remaining"] == "959"
        assert desk.headers["ratelimit-reset"] == "60"

    def test_the_limit_counts_for_each_key_and_minute(self, open_desk):
        desk = open_desk(rate_limit=2, enforce_rate_limit=True)
        assert [desk.send("GET", "/teams")[0] for _ in range(3)] == [200, 200, 429]
        assert desk.send("GET", "/teams", who="amina")[0] == 200
        desk.wait(60)
        assert desk.send("GET", "/teams")[0] == 200

    def test_too_many_and_unavailable(self, desk, open_desk):
        answer = desk.platform.throttled(desk.now)
        assert (answer.status, answer.headers["ratelimit-reset"]) == (429, "60")
        assert json.loads(answer.body) == {"error": {"message": "Rate Limit Exceeded", "code": 2020}}
        bare = open_desk(rate_limit_headers=False).platform.throttled(desk.now)
        assert not [name for name in bare.headers if name.startswith("ratelimit")]
        assert json.loads(desk.platform.unavailable(500).body)["error"]["code"] == 2000
        assert desk.platform.unavailable(503).headers["Content-Type"] == "text/html"

    def test_what_is_not_set_is_left_out_or_null(self, open_desk):
        unset = {"priority", "resolved_at", "resolve_reason", "alert_grouping"}
        desk = open_desk()
        shown = desk.create()
        assert not unset & shown.keys()
        assert None not in shown.values()
        assert "support_hours" not in desk.get("/services")["services"][0]
        assert desk.get("/services")["total"] is None
        spelt_out = open_desk(nulls=True)
        made = spelt_out.create()
        assert {made[name] for name in unset} == {None}
        assert spelt_out.get("/services")["services"][0]["support_hours"] is None


class TestConfiguration:
    def test_users(self, desk):
        listed = desk.get("/users")["users"]
        assert len(listed) == 7
        found = desk.get("/users", query="Amina")["users"]
        assert [u["email"] for u in found] == ["amina.diallo@example.com"]
        assert desk.get("/users", query="noah.brooks@example.com")["users"][0]["name"] == "Noah Brooks"
        assert desk.get(f"/users/{found[0]['id']}")["user"] == found[0]

    @pytest.mark.parametrize(
        ("plural", "singular"),
        [
            ("teams", "team"),
            ("services", "service"),
            ("escalation_policies", "escalation_policy"),
            ("schedules", "schedule"),
        ],
    )
    def test_lists_and_single_ones_agree(self, desk, plural, singular):
        listed = desk.get(f"/{plural}")
        assert len(listed[plural]) == 4
        for row in listed[plural]:
            assert desk.get(f"/{plural}/{row['id']}") == {singular: row}
            assert row["type"] == singular
            assert row["self"].endswith(f"/{plural}/{row['id']}")

    def test_priorities_the_highest_first(self, desk):
        listed = desk.get("/priorities")["priorities"]
        assert [p["name"] for p in listed] == ["P1", "P2", "P3", "P4", "P5"]
        assert sorted((p["order"] for p in listed), reverse=True) == [p["order"] for p in listed]

    def test_who_is_on_call(self, desk):
        policy = desk.get("/escalation_policies", query="Network")["escalation_policies"][0]
        listed = desk.get("/oncalls", escalation_policy_ids=[policy["id"]])["oncalls"]
        assert [(o["escalation_level"], o["user"]["summary"]) for o in listed] == [
            (1, "Bruno Keller"),
            (2, "Noah Brooks"),
        ]
        assert listed[0]["schedule"]["type"] == "schedule_reference"
        assert not {"schedule", "start", "end"} & listed[1].keys()
        noah = desk.user("noah.brooks")["id"]
        assert {o["user"]["id"] for o in desk.get("/oncalls", user_ids=[noah])["oncalls"]} == {noah}

    def test_a_service_tells_its_state(self, desk):
        made = desk.create(service="Network")
        path = f"/services/{made['service']['id']}"
        states = [desk.get(path)["service"]["status"]]
        for status in ("acknowledged", "resolved"):
            desk.put(made, status=status)
            states.append(desk.get(path)["service"]["status"])
        assert states == ["critical", "warning", "active"]
        assert desk.get(path)["service"]["last_incident_timestamp"] == made["created_at"]

    def test_abilities_members_and_the_rest(self, desk):
        assert "teams" in desk.get("/abilities")["abilities"]
        assert desk.send("GET", "/abilities/teams") == (204, None)
        assert error(desk.send("GET", "/abilities/time_travel")) == (402, 2012)
        team = desk.get("/teams", query="Security")["teams"][0]["id"]
        assert len(desk.get(f"/teams/{team}/members")["members"]) == 2
        assert desk.get("/webhook_subscriptions")["webhook_subscriptions"] == []
        assert desk.get("/incidents/types")["incident_types"][0]["name"] == "incident_default"
        assert {f["name"] for f in desk.get("/incidents/custom_fields")["fields"]} == {
            "correlation_id",
            "environment",
        }

    def test_an_account_of_ones_own(self):
        people = [Person("ada@example.org", "Ada", ("Ops",))]
        platform = PagerDuty(people=people, teams=["Ops"], services={"Shop": "Ops", "Till": "Ops"})
        assert platform.service_id("Till")
        with pytest.raises(ValueError, match="there is no team 'Dev'"):
            PagerDuty(people=people, teams=["Ops"], services={"Shop": "Dev"})
        with pytest.raises(ValueError, match="has no members"):
            PagerDuty(people=people, teams=["Ops", "Dev"])


def test_the_same_requests_give_the_same_account(open_desk):
    def play():
        desk = open_desk()
        desk.rng = Random(3)
        made = desk.create("a")
        desk.wait(1.5)
        desk.put(made, status="acknowledged", priority={"name": "P2"})
        desk.note(made, "x")
        return json.dumps(desk.platform.snapshot(), sort_keys=True)

    assert play() == play()


def test_a_snapshot_holds_all_that_was_done(desk):
    made = desk.create("Disk full", incident_key="SL-1")
    desk.note(made, "On it", who="noah")
    values = {"custom_fields": [{"name": "correlation_id", "value": "SL-1"}]}
    desk.send("PUT", f"/incidents/{made['id']}/custom_fields/values", values)
    (kept,) = desk.platform.snapshot()["incidents"]
    assert kept["custom_fields"] == {"correlation_id": "SL-1"}
    assert [note["content"] for note in kept["notes"]] == ["On it"]
    assert [entry["type"] for entry in kept["log_entries"]] == [
        "trigger_log_entry",
        "assign_log_entry",
        "annotate_log_entry",
    ]
    json.dumps(desk.platform.snapshot())
