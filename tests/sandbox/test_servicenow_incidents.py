import json

import pytest


def entries(desk, record):
    rows = desk.rows(
        "sys_journal_field", sysparm_query=f"element_id={record['sys_id']}^ORDERBYsys_created_on"
    )
    return [(row["element"], row["value"], row["sys_created_by"]) for row in rows]


class TestCreate:
    def test_what_a_new_incident_looks_like(self, desk):
        reply = desk.send("POST", "incident", "amina", {"short_description": "Mail is down"})
        record = json.loads(reply.body)["result"]
        assert reply.status == 201
        assert reply.headers["Location"].endswith(f"/api/now/table/incident/{record['sys_id']}")
        assert (record["number"], record["state"], record["active"]) == ("INC0010001", "1", "true")
        assert (record["impact"], record["urgency"], record["priority"]) == ("3", "3", "5")
        assert (record["sys_mod_count"], record["sys_created_by"]) == ("0", "amina")
        assert record["sys_created_on"] == record["opened_at"] == "2026-03-01 09:00:00"
        assert record["opened_by"]["value"] == desk.id_of("amina")
        assert len(record["sys_id"]) == 32
        assert desk.create()["number"] == "INC0010002"

    def test_who_wants_no_body_gets_none(self, desk):
        quiet = {"X-no-response-body": "true"}
        made = desk.send("POST", "incident", "amina", {"short_description": "Mail is down"}, quiet)
        assert (made.status, made.body) == (201, b"")
        path = "incident/" + made.headers["Location"].rpartition("/")[2]
        changed = desk.send("PATCH", path, "amina", {"urgency": "1"}, quiet)
        assert (changed.status, changed.body) == (200, b"")
        assert desk.rows(path)["urgency"] == "1"

    def test_what_is_no_field_or_the_platforms_own_is_ignored(self, desk):
        record = desk.create(
            bogus="x", sys_id="f" * 32, sys_created_by="me", reassignment_count="9", active="false"
        )
        assert "bogus" not in record
        assert record["sys_id"] != "f" * 32
        assert (record["sys_created_by"], record["reassignment_count"]) == ("syncline", "0")
        assert record["active"] == "true"

    def test_too_long_text_is_cut(self, desk):
        record = desk.create(short_description="x" * 200, correlation_id="y" * 130)
        assert (len(record["short_description"]), len(record["correlation_id"])) == (160, 100)

    def test_numbers_and_booleans_become_text(self, desk):
        record = desk.create(impact=1, urgency=2, knowledge=True, description=None)
        assert (record["impact"], record["urgency"], record["knowledge"]) == ("1", "2", "true")
        assert record["description"] == ""

    def test_only_the_first_of_several_records_counts(self, desk):
        reply = desk.send("POST", "incident", body=[{"short_description": "a"}, {"short_description": "b"}])
        assert reply.status == 201
        assert desk.query("") == ["a"]

    def test_values_off_the_choice_list_are_stored_as_they_are(self, desk):
        record = desk.create(category="gardening", contact_type="pigeon", impact="9")
        assert (record["category"], record["contact_type"], record["impact"]) == ("gardening", "pigeon", "9")
        assert record["priority"] == "4"
        shown = desk.read(record, sysparm_display_value="true", sysparm_fields="category")
        assert shown["category"] == "gardening"

    def test_references_that_lead_nowhere_are_stored_as_they_are(self, desk):
        record = desk.create(assigned_to="e" * 32)
        assert record["assigned_to"]["value"] == "e" * 32
        shown = desk.read(record, sysparm_display_value="all", sysparm_fields="assigned_to,assigned_to.email")
        assert shown["assigned_to"]["display_value"] == "e" * 32
        assert shown["assigned_to.email"]["value"] == ""

    def test_input_as_displayed(self, desk):
        values = {
            "assigned_to": "Amina Diallo",
            "assignment_group": "Network",
            "state": "In Progress",
            "opened_at": "2026-02-28 16:00:00",
            "caller_id": "nobody",
        }
        reply = desk.send("POST", "incident", body=values, sysparm_input_display_value="true")
        record = json.loads(reply.body)["result"]
        assert record["assigned_to"]["value"] == desk.id_of("amina")
        assert record["assignment_group"]["link"].endswith(record["assignment_group"]["value"])
        assert (record["state"], record["opened_at"]) == ("2", "2026-03-01 00:00:00")
        assert record["caller_id"]["value"] == "nobody"

    def test_what_is_no_date_does_not_get_into_a_date(self, desk):
        assert desk.create(due_date="soon")["due_date"] == ""
        assert desk.create(due_date="2026-03-02 10:00:00")["due_date"] == "2026-03-02 10:00:00"


class TestUpdate:
    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_both_methods_set_only_what_they_name(self, desk, method):
        record = desk.create(short_description="a", description="b")
        desk.clock.advance(60)
        reply = desk.send(method, f"incident/{record['sys_id']}", "bruno", {"description": "c"})
        changed = json.loads(reply.body)["result"]
        assert (changed["short_description"], changed["description"]) == ("a", "c")
        assert (changed["sys_mod_count"], changed["sys_updated_by"]) == ("1", "bruno")
        assert (changed["sys_updated_on"], changed["sys_created_on"]) == (
            "2026-03-01 09:01:00",
            "2026-03-01 09:00:00",
        )

    def test_an_update_that_changes_nothing_does_not_count(self, desk):
        record = desk.create(short_description="a")
        desk.clock.advance(60)
        changed = desk.update(record, short_description="a")
        assert (changed["sys_mod_count"], changed["sys_updated_on"]) == ("0", record["sys_updated_on"])

    def test_an_empty_value_clears_but_not_a_choice(self, desk):
        record = desk.create(description="a", category="network")
        changed = desk.update(record, description="", category="")
        assert (changed["description"], changed["category"]) == ("", "network")

    def test_unknown_records_and_tables(self, desk):
        reply = desk.send("PATCH", f"incident/{'0' * 32}", body={"description": "x"})
        assert desk.error(reply)[:2] == (404, "No Record found")
        assert desk.error(desk.send("GET", "incidents")) == (400, "Invalid table incidents", None)

    def test_the_method_can_be_overridden(self, desk):
        record = desk.create()
        headers = {"X-HTTP-Method-Override": "PATCH"}
        reply = desk.send("POST", f"incident/{record['sys_id']}", body={"description": "x"}, headers=headers)
        assert json.loads(reply.body)["result"]["description"] == "x"


class TestPriority:
    @pytest.mark.parametrize(
        ("impact", "urgency", "priority"), [("1", "1", "1"), ("1", "3", "3"), ("3", "2", "4")]
    )
    def test_it_follows_from_impact_and_urgency(self, desk, impact, urgency, priority):
        assert desk.create(impact=impact, urgency=urgency)["priority"] == priority

    def test_writing_it_has_no_effect(self, desk):
        record = desk.create(priority="1")
        assert record["priority"] == "5"
        assert desk.update(record, priority="2")["priority"] == "5"
        assert desk.update(record, priority="2", impact="1")["priority"] == "3"


class TestStates:
    def test_resolving_needs_code_and_notes(self, desk):
        record = desk.create()
        for values, missing in (
            ({}, "Resolution code, Resolution notes"),
            ({"close_code": "Solution provided"}, "Resolution notes"),
            ({"close_notes": "done"}, "Resolution code"),
        ):
            reply = desk.send("PATCH", f"incident/{record['sys_id']}", body={"state": "6", **values})
            detail = f"Data Policy Exception: The following fields are mandatory: {missing}"
            assert desk.error(reply) == (403, "Operation Failed", detail)
        assert desk.read(record)["sys_mod_count"] == "0"
        assert desk.rows("sys_audit") == []

    def test_resolving_and_closing_leave_their_marks(self, desk):
        record = desk.create()
        desk.clock.advance(60)
        resolved = desk.update(record, "bruno", state="6", close_code="Duplicate", close_notes="see other")
        assert (resolved["resolved_at"], resolved["active"]) == ("2026-03-01 09:01:00", "true")
        assert resolved["resolved_by"]["value"] == desk.id_of("bruno")
        assert resolved["incident_state"] == "6"
        assert resolved["closed_at"] == ""
        desk.clock.advance(60)
        closed = desk.update(record, state="7")
        assert (closed["closed_at"], closed["active"]) == ("2026-03-01 09:02:00", "false")
        assert closed["resolved_at"] == "2026-03-01 09:01:00"

    def test_closed_ones_are_read_only_except_to_admins(self, desk):
        record = desk.create(state="7", close_code="x", close_notes="y")
        reply = desk.send("PATCH", f"incident/{record['sys_id']}", body={"comments": "one more thing"})
        assert desk.error(reply) == (
            403,
            "Operation Failed",
            "ACL Exception Update Failed due to security constraints",
        )
        assert desk.update(record, "admin", description="z")["description"] == "z"

    def test_reopening_is_counted(self, desk):
        record = desk.create()
        desk.update(record, state="6", close_code="x", close_notes="y")
        reopened = desk.update(record, "noah", state="2")
        assert (reopened["reopen_count"], reopened["resolved_at"], reopened["active"]) == ("1", "", "true")
        assert reopened["reopened_by"]["value"] == desk.id_of("noah")

    def test_canceling_ends_it(self, desk):
        record = desk.update(desk.create(), state="8")
        assert (record["active"], record["closed_at"], record["resolved_at"]) == (
            "false",
            "2026-03-01 09:00:00",
            "",
        )

    def test_on_hold_needs_a_reason(self, desk):
        record = desk.create()
        reply = desk.send("PATCH", f"incident/{record['sys_id']}", body={"state": "3"})
        assert (
            desk.error(reply)[2]
            == "Data Policy Exception: The following fields are mandatory: On hold reason"
        )
        assert desk.update(record, state="3", hold_reason="4")["state"] == "3"

    def test_awaiting_caller_may_need_a_comment(self, desk_with):
        desk = desk_with(hold_comment=True)
        record = desk.create()
        reply = desk.send("PATCH", f"incident/{record['sys_id']}", body={"state": "3", "hold_reason": "1"})
        assert "Additional comments" in desk.error(reply)[2]
        assert desk.update(record, state="3", hold_reason="1", comments="which one?")["state"] == "3"

    def test_a_reply_of_the_caller_ends_the_wait(self, desk):
        record = desk.create(caller_id=desk.id_of("olga"))
        desk.update(record, state="3", hold_reason="1")
        assert desk.update(record, "amina", comments="still waiting")["state"] == "3"
        assert desk.update(record, "olga", work_notes="not a comment")["state"] == "3"
        replied = desk.update(record, "olga", comments="it is the red one")
        assert (replied["state"], replied["hold_reason"]) == ("2", "")

    def test_a_reply_changes_nothing_where_something_else_is_awaited(self, desk):
        record = desk.create(caller_id=desk.id_of("olga"), state="3", hold_reason="4")
        assert desk.update(record, "olga", comments="hello")["state"] == "3"

    def test_the_legacy_state_moves_the_state(self, desk):
        record = desk.create()
        assert desk.update(record, incident_state="2")["state"] == "2"

    def test_reassignments_are_counted(self, desk):
        network, database = (
            desk.rows("sys_user_group", name=n)[0]["sys_id"] for n in ("Network", "Database")
        )
        record = desk.create()
        assert desk.update(record, assignment_group=network)["reassignment_count"] == "0"
        assert desk.update(record, assignment_group=database)["reassignment_count"] == "1"

    def test_a_parent_resolves_its_children(self, desk):
        parent = desk.create()
        child = desk.create(parent_incident=parent["sys_id"])
        gone = desk.create(parent_incident=parent["sys_id"], state="8")
        desk.update(parent, state="6", close_code="Known error", close_notes="fixed")
        assert desk.read(child)["state"] == "6"
        assert desk.read(child)["close_code"] == "Known error"
        assert desk.read(gone)["state"] == "8"

    def test_resolved_ones_close_by_themselves(self, desk_with):
        desk = desk_with(autoclose_days=7)
        one, two = desk.create(), desk.create()
        for record in (one, two):
            desk.update(record, state="6", close_code="x", close_notes="y")
        desk.update(two, state="2")
        desk.clock.advance(7 * 86400 - 1)
        assert desk.read(one)["state"] == "6"
        desk.clock.advance(1)
        assert (desk.read(one)["state"], desk.read(one)["sys_updated_by"]) == ("7", "system")
        assert desk.read(two)["state"] == "2"


class TestJournal:
    def test_entries_are_added_and_the_field_reads_back_empty(self, desk):
        record = desk.create("amina", comments="hello", work_notes="note")
        assert (record["comments"], record["work_notes"]) == ("", "")
        desk.clock.advance(1)
        changed = desk.update(record, "bruno", comments="hello")
        assert (changed["comments"], changed["sys_mod_count"], changed["sys_updated_by"]) == (
            "",
            "1",
            "bruno",
        )
        written = entries(desk, record)
        assert sorted(written[:2]) == [("comments", "hello", "amina"), ("work_notes", "note", "amina")]
        assert written[2:] == [("comments", "hello", "bruno")]
        row = desk.rows("sys_journal_field", sysparm_query="element=comments", sysparm_limit=1)[0]
        assert (row["name"], row["element_id"]) == ("incident", record["sys_id"])
        assert len(row["sys_id"]) == 32

    def test_displayed_they_are_one_text_newest_first(self, desk):
        record = desk.create("amina", comments="first")
        desk.clock.advance(60)
        desk.update(record, "bruno", comments="second", work_notes="inside")
        shown = desk.read(
            record, sysparm_display_value="all", sysparm_fields="comments,comments_and_work_notes"
        )
        assert shown["comments"]["value"] == ""
        assert shown["comments"]["display_value"] == (
            "2026-03-01 01:01:00 - Bruno Keller (Additional comments)\nsecond\n\n"
            "2026-03-01 01:00:00 - Amina Diallo (Additional comments)\nfirst\n\n"
        )
        assert "inside" in shown["comments_and_work_notes"]["display_value"]

    def test_many_accounts_may_not_read_them(self, desk_with):
        desk = desk_with(journal_readable=False, audit_readable=False)
        desk.update(desk.create(comments="hello"), description="x")
        assert desk.rows("sys_journal_field") == desk.rows("sys_audit") == []
        assert len(desk.rows("sys_journal_field", user="amina")) == 1

    def test_clients_cannot_write_them_directly(self, desk):
        reply = desk.send("POST", "sys_journal_field", "admin", {"element": "comments", "value": "x"})
        assert desk.error(reply)[:2] == (403, "Operation Failed")


class TestHistory:
    def test_each_changed_field_has_its_line(self, desk):
        record = desk.create(short_description="a", impact="3")
        desk.clock.advance(5)
        desk.update(record, "bruno", short_description="b", impact="1", comments="why")
        rows = desk.rows("sys_audit", sysparm_query=f"documentkey={record['sys_id']}^ORDERBYfieldname")
        assert [(r["fieldname"], r["oldvalue"], r["newvalue"]) for r in rows] == [
            ("comments", "", "why"),
            ("impact", "3", "1"),
            ("priority", "5", "3"),
            ("short_description", "a", "b"),
        ]
        assert {(r["user"], r["record_checkpoint"], r["tablename"]) for r in rows} == {
            ("bruno", "1", "incident")
        }
        assert {r["sys_created_on"] for r in rows} == {"2026-03-01 09:00:05"}


class TestDelete:
    def test_it_is_gone_and_leaves_a_trace(self, desk):
        record = desk.create(short_description="a")
        assert desk.send("DELETE", f"incident/{record['sys_id']}").status == 204
        assert desk.send("GET", f"incident/{record['sys_id']}").status == 404
        assert desk.send("DELETE", f"incident/{record['sys_id']}").status == 404
        (row,) = desk.rows("sys_audit_delete")
        assert (row["documentkey"], row["display_value"]) == (record["sys_id"], "INC0010001")

    def test_most_people_may_not(self, desk, desk_with):
        record = desk.create()
        reply = desk.send("DELETE", f"incident/{record['sys_id']}", "amina")
        assert desk.error(reply) == (
            403,
            "Operation Failed",
            "ACL Exception Delete Failed due to security constraints",
        )
        assert desk.send("DELETE", f"incident/{record['sys_id']}", "admin").status == 204
        strict = desk_with(may_delete=())
        assert strict.send("DELETE", f"incident/{strict.create()['sys_id']}").status == 403


class TestSchema:
    def test_the_dictionary_puts_inherited_fields_under_their_table(self, desk):
        rows = desk.rows("sys_dictionary", sysparm_query="nameINincident,task^elementISNOTEMPTY")
        named = {row["element"]: row for row in rows}
        assert named["short_description"]["name"] == "task"
        assert named["short_description"]["max_length"] == "160"
        assert named["caller_id"]["name"] == "incident"
        assert named["caller_id"]["reference"]["value"] == "sys_user"
        assert named["sys_updated_on"]["internal_type"]["value"] == "glide_date_time"
        own = desk.query("name=incident", "sys_dictionary", "element")
        assert "short_description" not in own
        assert desk.query(
            "name=incident", "sys_db_object", "super_class.name", sysparm_fields="super_class.name"
        ) == ["task"]

    def test_choices_are_read(self, desk):
        codes = desk.query("name=incident^element=close_code^inactive=false", "sys_choice", "value")
        assert "Solution provided" in codes
        states = desk.rows("sys_choice", sysparm_query="name=incident^element=state^ORDERBYsequence")
        assert [(s["value"], s["label"]) for s in states][:3] == [
            ("1", "New"),
            ("2", "In Progress"),
            ("3", "On Hold"),
        ]

    def test_a_renamed_field_keeps_its_values(self, desk):
        record = desk.create(short_description="a", category="network")
        desk.platform.rename_field("category", "u_sort")
        shown = desk.read(record)
        assert "category" not in shown
        assert shown["u_sort"] == "network"
        assert desk.query("category=hardware") == ["a"]
        assert desk.query("u_sort=hardware") == []
        assert desk.query("element=category", "sys_dictionary", "name") == []
        assert desk.query("element=u_sort", "sys_dictionary", "name") == ["incident"]
        assert "network" in desk.query("element=u_sort", "sys_choice", "value")
        assert desk.update(record, category="hardware", u_sort="database")["u_sort"] == "database"
        with pytest.raises(ValueError, match="category"):
            desk.platform.rename_field("category", "x")

    def test_a_new_mandatory_field(self, desk):
        old = desk.create()
        desk.platform.require_field("u_region")
        reply = desk.send("POST", "incident", body={"short_description": "a"})
        assert desk.error(reply)[2] == "Data Policy Exception: The following fields are mandatory: Region"
        assert desk.create(u_region="emea")["u_region"] == "emea"
        assert desk.update(old, description="still fine")["description"] == "still fine"
        assert desk.query("element=u_region", "sys_dictionary", "mandatory") == ["true"]
        desk.platform.require_field("description")
        assert "Description" in desk.error(desk.send("POST", "incident", body={"u_region": "x"}))[2]

    def test_a_dropped_choice(self, desk):
        record = desk.create(category="network")
        desk.platform.drop_choice("category", "network")
        assert "network" not in desk.query("element=category", "sys_choice", "value")
        assert desk.read(record, sysparm_display_value="true")["category"] == "network"
        with pytest.raises(ValueError, match="network"):
            desk.platform.drop_choice("category", "network")

    def test_admins_change_choices_over_http(self, desk):
        values = {"name": "incident", "element": "close_code", "value": "Magic", "label": "Magic!"}
        assert desk.send("POST", "sys_choice", body=values).status == 403
        assert desk.send("POST", "sys_choice", "admin", values).status == 201
        record = desk.create(close_code="Magic")
        assert desk.read(record, sysparm_display_value="true")["close_code"] == "Magic!"


class TestSnapshot:
    def test_it_holds_what_an_oracle_needs(self, desk):
        record = desk.create("amina", short_description="a", comments="hello", impact="1")
        desk.update(record, description="b")
        gone = desk.create()
        desk.send("DELETE", f"incident/{gone['sys_id']}")
        state = desk.platform.snapshot()
        json.dumps(state)
        (kept,) = state["records"]
        assert (kept["sys_id"], kept["priority"], kept["description"]) == (record["sys_id"], "3", "b")
        assert [(r["element"], r["author"], r["text"]) for r in kept["remarks"]] == [
            ("comments", "amina", "hello")
        ]
        assert "description" in [entry["fieldname"] for entry in kept["history"]]
        assert kept["attachments"] == []
        assert [entry["documentkey"] for entry in state["deleted"]] == [gone["sys_id"]]
        assert {"amina", "syncline", "admin"} <= {user["user_name"] for user in state["users"]}
