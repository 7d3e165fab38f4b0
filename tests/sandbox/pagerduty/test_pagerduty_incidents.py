import pytest


def error(answer):
    status, content = answer
    return status, content["error"]["code"]


def post(desk, **changes):
    content = {"type": "incident", "title": "Disk full", "service": desk.service("Network"), **changes}
    return desk.send("POST", "/incidents", {"incident": {k: v for k, v in content.items() if v is not ...}})


class TestCreate:
    def test_it_is_triggered_and_assigned_by_the_services_policy(self, desk):
        made = desk.create(
            "Disk full", body={"type": "incident_body", "details": "99 %"}, incident_key="SL-1"
        )
        assert made["status"] == "triggered"
        assert made["id"][0] == "Q"
        assert len(made["id"]) == 14
        assert made["incident_number"] == 1
        assert made["incident_key"] == "SL-1"
        assert made["assigned_via"] == "escalation_policy"
        assert [a["assignee"]["summary"] for a in made["assignments"]] == ["Bruno Keller"]
        assert made["created_at"] == "2026-11-22T10:00:00Z"
        assert desk.read(made, include=["body"])["body"] == {"type": "incident_body", "details": "99 %"}
        assert desk.types(made) == ["trigger", "assign"]

    def test_a_key_is_made_where_none_is_given(self, desk):
        assert len(desk.create()["incident_key"]) == 32

    def test_assigning_to_oneself_acknowledges_at_once(self, desk):
        made = desk.create(who="bruno", assignments=[{"assignee": desk.user("bruno.keller")}])
        assert made["status"] == "acknowledged"
        assert made["assigned_via"] == "direct_assignment"
        assert desk.types(made) == ["trigger", "assign", "acknowledge"]

    def test_assigning_to_another_leaves_it_triggered(self, desk):
        made = desk.create(assignments=[{"assignee": desk.user("noah.brooks")}])
        assert made["status"] == "triggered"

    def test_it_answers_to_its_id_and_its_number(self, desk):
        made = desk.create()
        assert desk.get("/incidents/1")["incident"] == desk.read(made)

    def test_the_reply_to_a_create_may_lack_the_body(self, desk, open_desk):
        details = {"type": "incident_body", "details": "99 %"}
        assert desk.create(body=details)["body"] == details
        assert "body" not in open_desk(body_after_create=False).create(body=details)

    def test_body_and_bridge_only_for_who_asks(self, desk):
        made = desk.create(body={"type": "incident_body", "details": "99 %"})
        assert "body" not in desk.read(made)
        assert desk.read(made, include=["body", "conference_bridge"])["body"]["details"] == "99 %"

    def test_include_brings_whole_objects(self, desk):
        made = desk.create()
        whole = desk.read(made, include=["assignees", "services", "teams", "escalation_policies", "agents"])
        assert whole["assignments"][0]["assignee"]["email"] == "bruno.keller@example.com"
        assert whole["service"]["type"] == "service"
        assert whole["service"]["status"] == "critical"
        assert whole["teams"][0]["type"] == "team"
        assert whole["escalation_policy"]["escalation_rules"]
        assert whole["last_status_change_by"]["type"] == "user"

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"title": ...}, 2001),
            ({"title": "  "}, 2001),
            ({"type": "incident_reference"}, 2001),
            ({"service": ...}, 2001),
            ({"service": {"id": "PNOSUCH", "type": "service_reference"}}, 2001),
            ({"service": {"id": 7}}, 2001),
            ({"urgency": "medium"}, 2001),
            ({"priority": {"id": "PNOSUCH", "type": "priority_reference"}}, 1020),
            ({"incident_key": "k" * 256}, 2001),
            ({"body": "text"}, 2001),
            ({"assignments": [{"assignee": {"id": "PNOSUCH", "type": "user_reference"}}]}, 2001),
            ({"assignments": ["amina"]}, 2001),
            ({"incident_type": {"name": "picnic"}}, 2001),
        ],
    )
    def test_what_is_not_legal_is_refused(self, desk, changes, code):
        assert error(post(desk, **changes)) == (400, code)
        assert desk.platform.snapshot()["incidents"] == []

    def test_one_assignee_only(self, desk):
        both = [{"assignee": desk.user("noah.brooks")}, {"assignee": desk.user("amina.diallo")}]
        assert error(post(desk, assignments=both)) == (400, 2001)

    def test_assignee_or_policy_not_both(self, desk):
        policy = desk.get("/escalation_policies")["escalation_policies"][0]
        chosen = {"id": policy["id"], "type": "escalation_policy_reference"}
        assert error(
            post(desk, escalation_policy=chosen, assignments=[{"assignee": desk.user("noah.brooks")}])
        ) == (
            400,
            2001,
        )
        assert post(desk, escalation_policy=chosen)[1]["incident"]["escalation_policy"]["id"] == policy["id"]

    @pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"incident": 3}', b'{"incident":' * 40_000])
    def test_a_body_that_is_none_is_refused(self, desk, raw):
        assert error(desk.send("POST", "/incidents", raw)) == (400, 2001)

    def test_a_body_declared_as_something_else_is_refused(self, desk):
        answer = desk.send("POST", "/incidents", {"incident": {}}, content_type="text/plain")
        assert error(answer) == (400, 2001)


class TestKey:
    def test_a_key_of_an_open_incident_of_the_service_is_refused(self, desk):
        desk.create(incident_key="SL-1")
        status, content = post(desk, incident_key="SL-1")
        assert status == 400
        assert content["error"] == {
            "message": "Arguments Caused Error",
            "code": 2002,
            "errors": ["Open incident with matching dedup key already exists on this service"],
        }
        assert len(desk.platform.snapshot()["incidents"]) == 1

    def test_it_is_free_on_another_service_and_after_the_end(self, desk):
        first = desk.create(incident_key="SL-1")
        desk.create(incident_key="SL-1", service="Database")
        desk.put(first, status="resolved")
        assert desk.create(incident_key="SL-1")["incident_number"] == 3

    def test_an_ended_incident_cannot_take_back_a_key_that_is_in_use(self, desk):
        first = desk.create(incident_key="SL-1")
        desk.put(first, status="resolved")
        desk.create(incident_key="SL-1")
        assert desk.put(first, status="triggered", expect=400)["code"] == 2002


class TestFrom:
    def test_writes_need_it(self, desk):
        made = desk.create()
        path = f"/incidents/{made['id']}"
        for method, where, body in [
            (
                "POST",
                "/incidents",
                {"incident": {"type": "incident", "title": "x", "service": desk.service("Network")}},
            ),
            ("PUT", path, {"incident": {"type": "incident", "status": "resolved"}}),
            (
                "PUT",
                "/incidents",
                {"incidents": [{"id": made["id"], "type": "incident", "status": "resolved"}]},
            ),
            ("POST", f"{path}/notes", {"note": {"content": "x"}}),
            ("POST", f"{path}/snooze", {"duration": 60}),
            (
                "PUT",
                f"{path}/merge",
                {"source_incidents": [{"id": made["id"], "type": "incident_reference"}]},
            ),
        ]:
            assert error(desk.send(method, where, body, **{"from": ""})) == (400, 2001), where
        assert desk.read(made) == desk.get("/incidents/1")["incident"]
        assert desk.read(made)["status"] == "triggered"

    def test_it_must_name_a_user(self, desk):
        body = {"incident": {"type": "incident", "title": "x", "service": desk.service("Network")}}
        assert error(desk.send("POST", "/incidents", body, **{"from": "ghost@example.com"})) == (400, 2013)

    def test_a_users_key_needs_none_where_the_account_is_lenient(self, open_desk):
        desk = open_desk(from_required=False)
        body = {"incident": {"type": "incident", "title": "x", "service": desk.service("Network")}}
        status, content = desk.send("POST", "/incidents", body, who="amina", **{"from": ""})
        assert status == 201
        assert content["incident"]["last_status_change_by"]["summary"] == "Amina Diallo"
        key = {"authorization": "Token token=account-sandbox", "from": ""}
        assert desk.send("POST", "/incidents", body, **key)[0] == 400


class TestStatus:
    def test_acknowledge_resolve_reopen(self, desk):
        made = desk.create()
        desk.wait(5)
        taken = desk.put(made, who="noah", status="acknowledged")
        assert taken["status"] == "acknowledged"
        assert taken["acknowledgements"][0]["acknowledger"]["summary"] == "Noah Brooks"
        assert taken["last_status_change_by"]["summary"] == "Noah Brooks"
        desk.wait(5)
        done = desk.put(made, status="resolved")
        assert (done["status"], done["resolved_at"]) == ("resolved", "2026-11-22T10:00:10Z")
        assert (done["assignments"], done["acknowledgements"]) == ([], [])
        desk.wait(5)
        again = desk.put(made, status="triggered")
        assert again["status"] == "triggered"
        assert "resolved_at" not in again
        assert again["assignments"]
        assert desk.types(made) == ["trigger", "assign", "acknowledge", "resolve", "trigger", "assign"]

    def test_acknowledged_on_a_resolved_one_reopens_it(self, desk):
        made = desk.create()
        desk.put(made, status="resolved")
        assert desk.put(made, status="acknowledged")["status"] == "acknowledged"

    def test_resolving_or_acknowledging_twice_is_refused(self, desk):
        made = desk.create()
        desk.put(made, status="acknowledged")
        assert desk.put(made, status="acknowledged", expect=400)["code"] == 1002
        assert len(desk.put(made, who="noah", status="acknowledged")["acknowledgements"]) == 2
        desk.put(made, status="resolved")
        assert desk.put(made, status="resolved", expect=400)["code"] == 1001
        assert (
            desk.put(made, assignments=[{"assignee": desk.user("noah.brooks")}], expect=400)["code"] == 1001
        )
        assert desk.put(made, urgency="low", expect=400)["code"] == 1001

    def test_back_to_triggered_by_hand(self, desk):
        made = desk.create()
        desk.put(made, status="acknowledged")
        assert desk.put(made, status="triggered")["acknowledgements"] == []
        assert desk.types(made)[-1] == "unacknowledge"

    def test_triggered_on_a_triggered_one_changes_nothing(self, desk):
        made = desk.create()
        desk.wait(60)
        assert desk.put(made, status="triggered")["updated_at"] == made["updated_at"]

    def test_an_acknowledgement_times_out_at_its_second(self, open_desk):
        desk = open_desk(acknowledgement_timeout=1800)
        made = desk.create()
        taken = desk.put(made, status="acknowledged")
        assert taken["pending_actions"] == [{"type": "unacknowledge", "at": "2026-11-22T10:30:00Z"}]
        desk.wait(1799)
        assert desk.read(made)["status"] == "acknowledged"
        desk.wait(3600)
        seen = desk.read(made)
        assert (seen["status"], seen["updated_at"]) == ("triggered", "2026-11-22T10:30:00Z")
        entry = desk.get(f"/incidents/{made['id']}/log_entries")["log_entries"][0]
        assert (entry["type"], entry["created_at"]) == ("unacknowledge_log_entry", "2026-11-22T10:30:00Z")
        assert entry["channel"] == {"type": "timeout"}
        assert entry["agent"]["type"] == "service_reference"

    def test_a_new_acknowledgement_starts_the_timeout_anew(self, open_desk):
        desk = open_desk(acknowledgement_timeout=100)
        made = desk.create()
        desk.put(made, status="acknowledged")
        desk.wait(60)
        desk.put(made, who="noah", status="acknowledged")
        desk.wait(60)
        assert desk.read(made)["status"] == "acknowledged"
        desk.wait(40)
        assert desk.read(made)["status"] == "triggered"

    def test_a_snooze_ends(self, desk):
        made = desk.create()
        status, content = desk.send("POST", f"/incidents/{made['id']}/snooze", {"duration": 600})
        assert status == 201
        assert content["incident"]["status"] == "acknowledged"
        assert desk.types(made)[-2:] == ["acknowledge", "snooze"]
        desk.wait(600)
        assert desk.read(made)["status"] == "triggered"
        assert error(desk.send("POST", f"/incidents/{made['id']}/snooze", {"duration": 604_801})) == (
            400,
            2001,
        )

    def test_a_resolution_becomes_a_note(self, desk):
        made = desk.create()
        desk.put(made, status="resolved", resolution="Cleaned up")
        notes = desk.get(f"/incidents/{made['id']}/notes")["notes"]
        assert [note["content"] for note in notes] == ["Cleaned up"]
        assert desk.types(made)[-2:] == ["resolve", "annotate"]


class TestUpdate:
    def test_priority_by_reference_and_by_name_and_none(self, desk):
        priorities = {p["name"]: p for p in desk.get("/priorities")["priorities"]}
        made = desk.create()
        assert "priority" not in made
        chosen = {"id": priorities["P1"]["id"], "type": "priority_reference"}
        assert desk.put(made, priority=chosen)["priority"]["summary"] == "P1"
        assert desk.put(made, priority={"name": "P3", "type": "priority"})["priority"]["name"] == "P3"
        assert "priority" not in desk.put(made, priority=None)
        assert desk.put(made, priority={"id": "PNOSUCH"}, expect=400)["code"] == 1020

    def test_priority_with_an_entry(self, open_desk):
        desk = open_desk(priority_entries=True)
        made = desk.create()
        desk.put(made, priority={"name": "P1"})
        desk.put(made, priority={"name": "P3"})
        newest = desk.get("/log_entries")["log_entries"][0]
        assert newest["type"] == "priority_change_log_entry"
        assert newest["summary"] == 'Priority changed from "P1" to "P3"'
        assert newest["channel"]["new_priority"]["name"] == "P3"

    def test_priority_without_an_entry(self, open_desk):
        desk = open_desk()
        made = desk.create()
        desk.put(made, priority={"name": "P1"})
        assert desk.types(made) == ["trigger", "assign"]

    def test_an_account_without_priorities(self, open_desk):
        desk = open_desk(priorities=False)
        assert error(desk.send("GET", "/priorities")) == (402, 2012)
        assert error(post(desk, priority={"name": "P1"})) == (402, 2012)
        assert desk.send("GET", "/abilities/priorities")[0] == 402
        assert "priorities" not in desk.get("/abilities")["abilities"]

    def test_title_changes_without_an_entry(self, desk):
        made = desk.create("Disk full")
        desk.wait(9)
        renamed = desk.put(made, title="Disk full on db-3")
        assert renamed["summary"] == "[#1] Disk full on db-3"
        assert renamed["updated_at"] == "2026-11-22T10:00:09Z"
        assert desk.types(made) == ["trigger", "assign"]

    def test_the_same_again_changes_nothing(self, desk):
        made = desk.create("Disk full", priority={"name": "P2"}, urgency="low")
        desk.wait(9)
        assert (
            desk.put(made, title="Disk full", priority={"name": "P2"}, urgency="low")["updated_at"]
            == (made["updated_at"])
        )

    def test_urgency_and_service(self, desk):
        made = desk.create()
        moved = desk.put(made, urgency="low", service=desk.service("Database"))
        assert (moved["urgency"], moved["service"]["summary"]) == ("low", "Database")
        assert desk.types(made)[-1] == "urgency_change"
        assert desk.get("/incidents", service_ids=[moved["service"]["id"]])["incidents"]

    def test_direct_assignment_stops_escalation_and_policy_starts_it_again(self, desk):
        made = desk.create()
        both = [{"assignee": desk.user("noah.brooks")}, {"assignee": desk.user("amina.diallo")}]
        held = desk.put(made, assignments=both)
        assert held["assigned_via"] == "direct_assignment"
        assert len(held["assignments"]) == 2
        policy = {"id": made["escalation_policy"]["id"], "type": "escalation_policy_reference"}
        assert desk.put(made, escalation_policy=policy)["assigned_via"] == "escalation_policy"

    def test_escalation_to_a_level(self, desk):
        made = desk.create()
        up = desk.put(made, escalation_level=2)
        assert [a["assignee"]["summary"] for a in up["assignments"]] == ["Noah Brooks"]
        assert desk.types(made)[-1] == "escalate"
        assert desk.put(made, escalation_level=3, expect=400)["code"] == 1006

    def test_another_policy_delegates(self, desk):
        made = desk.create(service="Network")
        other = desk.create(service="Database")["escalation_policy"]
        moved = desk.put(made, escalation_policy={"id": other["id"], "type": "escalation_policy_reference"})
        assert moved["escalation_policy"]["summary"] == "Database escalation"
        assert desk.types(made)[-1] == "delegate"

    def test_nothing_changes_where_one_part_is_not_legal(self, desk):
        made = desk.create("Disk full")
        desk.put(made, title="Other", status="acknowledged", urgency="medium", expect=400)
        assert desk.read(made, include=["body"]) == made

    def test_the_type_is_required(self, desk):
        made = desk.create()
        assert error(desk.send("PUT", f"/incidents/{made['id']}", {"incident": {"title": "x"}})) == (
            400,
            2001,
        )

    def test_reassigning_takes_the_acknowledgement_where_the_account_is_so(self, open_desk):
        desk = open_desk(reassign_retriggers=True)
        made = desk.create()
        desk.put(made, status="acknowledged")
        moved = desk.put(made, assignments=[{"assignee": desk.user("noah.brooks")}])
        assert (moved["status"], moved["acknowledgements"]) == ("triggered", [])


class TestBulk:
    def test_all_or_nothing(self, desk):
        first, second = desk.create("a"), desk.create("b")
        desk.put(second, status="resolved")
        both = [{"id": i["id"], "type": "incident_reference", "status": "resolved"} for i in (first, second)]
        assert error(desk.send("PUT", "/incidents", {"incidents": both})) == (400, 1001)
        assert desk.read(first)["status"] == "triggered"
        status, content = desk.send("PUT", "/incidents", {"incidents": both[:1]})
        assert status == 200
        assert [i["status"] for i in content["incidents"]] == ["resolved"]

    def test_250_at_most(self, desk):
        made = [desk.create(str(n)) for n in range(251)]
        many = [{"id": i["id"], "type": "incident_reference", "status": "acknowledged"} for i in made]
        assert desk.send("PUT", "/incidents", {"incidents": many})[0] == 413
        assert desk.send("PUT", "/incidents", {"incidents": many[:250]})[0] == 200


class TestNotes:
    def test_add_change_remove(self, desk):
        made = desk.create()
        first = desk.note(made, "On it", who="noah")
        assert first["user"]["summary"] == "Noah Brooks"
        desk.note(made, "Still on it")
        path = f"/incidents/{made['id']}/notes"
        assert [n["content"] for n in desk.get(path)["notes"]] == ["Still on it", "On it"]
        status, content = desk.send("PUT", f"{path}/{first['id']}", {"note": {"content": "Done"}})
        assert (status, content["note"]["content"]) == (200, "Done")
        assert desk.send("DELETE", f"{path}/{first['id']}") == (204, None)
        assert error(desk.send("DELETE", f"{path}/{first['id']}")) == (404, 2100)
        assert error(desk.send("POST", path, {"note": {"content": " "}})) == (400, 2001)

    def test_2000_at_most(self, desk):
        made = desk.create()
        for n in range(2000):
            desk.note(made, str(n))
        answer = desk.send("POST", f"/incidents/{made['id']}/notes", {"note": {"content": "one more"}})
        assert error(answer) == (400, 2001)


class TestMerge:
    def test_sources_are_resolved_for_that_reason(self, desk):
        target, source = desk.create("a"), desk.create("b")
        body = {"source_incidents": [{"id": source["id"], "type": "incident_reference"}]}
        status, content = desk.send("PUT", f"/incidents/{target['id']}/merge", body)
        assert (status, content["incident"]["type"]) == (200, "incident_reference")
        merged = desk.read(source)
        assert merged["status"] == "resolved"
        assert merged["resolve_reason"]["type"] == "merge_resolve_reason"
        assert merged["resolve_reason"]["incident"]["id"] == target["id"]
        assert desk.put(source, status="triggered", expect=400)["code"] == 1019

    def test_not_into_itself(self, desk):
        made = desk.create()
        body = {"source_incidents": [{"id": made["id"], "type": "incident_reference"}]}
        assert error(desk.send("PUT", f"/incidents/{made['id']}/merge", body)) == (400, 2001)


class TestCustomFields:
    def test_by_name_and_by_id(self, desk):
        made = desk.create()
        path = f"/incidents/{made['id']}/custom_fields/values"
        before = {f["name"]: f for f in desk.get(path)["custom_fields"]}
        assert before["environment"]["value"] is None
        values = [
            {"name": "correlation_id", "value": "SL-1"},
            {"id": before["environment"]["id"], "value": "production"},
        ]
        status, content = desk.send("PUT", path, {"custom_fields": values})
        assert status == 201
        assert {f["name"]: f["value"] for f in content["custom_fields"]} == {
            "correlation_id": "SL-1",
            "environment": "production",
        }
        assert desk.read(made, include=["custom_fields"])["custom_fields"] == content["custom_fields"]

    @pytest.mark.parametrize(
        "value",
        [
            {"name": "nothing", "value": "x"},
            {"name": "correlation_id", "value": 3},
            {"name": "correlation_id", "value": "x" * 201},
            {"name": "environment", "value": "moon"},
            {"name": "environment"},
            "environment",
        ],
    )
    def test_what_is_not_legal_is_refused(self, desk, value):
        made = desk.create()
        answer = desk.send("PUT", f"/incidents/{made['id']}/custom_fields/values", {"custom_fields": [value]})
        assert error(answer) == (400, 2001)


def test_status_updates(desk):
    made = desk.create()
    path = f"/incidents/{made['id']}"
    status, content = desk.send("POST", f"{path}/status_updates", {"message": "We know"})
    assert (status, content["status_update"]["sender"]["summary"]) == (200, "Syncline")
