import pytest

from syncline.sandbox.jira.fields import team_id
from syncline.sandbox.jira.setup import CustomField


def errors(response):
    return response.status_code, response.json()["errors"]


class TestCreate:
    def test_a_new_issue_starts_in_the_first_status_and_has_what_was_sent(self, either):
        key = either.create(
            labels=["b", "a"], priority={"name": "High"}, customfield_10103={"value": "SEV-2"}
        )
        fields = either.get(f"issue/{key}").json()["fields"]
        assert key == "OPS-1"
        assert fields["status"]["name"] == "To Do"
        assert fields["status"]["statusCategory"]["key"] == "new"
        assert fields["labels"] == ["b", "a"]
        assert fields["priority"]["id"] == "2"
        assert fields["customfield_10103"]["value"] == "SEV-2"
        assert fields["resolution"] is None
        assert fields["creator"] == fields["reporter"]

    def test_the_reply_has_id_key_and_self_and_nothing_else(self, either):
        body = {"fields": {"project": {"id": "10001"}, "issuetype": {"id": "10002"}, "summary": "x"}}
        response = either.post("issue", body)
        assert response.status_code == 201
        assert response.json() == {
            "id": "10000",
            "key": "SEC-1",
            "self": f"https://jira.example.com/rest/api/{either.version}/issue/10000",
        }

    def test_properties_travel_in_the_create(self, either):
        body = {
            "fields": {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "x"},
            "properties": [{"key": "sync", "value": {"marker": "m1"}}],
        }
        key = either.post("issue", body).json()["key"]
        assert either.get(f"issue/{key}/properties/sync").json() == {"key": "sync", "value": {"marker": "m1"}}

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"summary": None}, ("summary", "You must specify a summary of the issue.")),
            (
                {"summary": "a\nb"},
                ("summary", "The summary is invalid because it contains newline characters."),
            ),
            ({"summary": "x" * 256}, ("summary", "Summary must be less than 255 characters.")),
            ({"labels": ["a b"]}, ("labels", "The label 'a b' contains spaces which is invalid.")),
            ({"priority": {"name": "Urgent"}}, ("priority", "Priority name 'Urgent' is not valid")),
            ({"priority": {"id": "99"}}, ("priority", "Priority id '99' is not valid")),
            ({"issuetype": {"name": "Epic"}}, ("issuetype", "Specify a valid issue type")),
            ({"project": {"key": "NOPE"}}, ("project", "valid project is required")),
            (
                {"duedate": "01.03.2026"},
                ("duedate", "Operation value must be a date in the format yyyy-MM-dd"),
            ),
            ({"components": [{"name": "Nope"}]}, ("components", "Component name 'Nope' is not valid")),
            ({"customfield_10104": "3"}, ("customfield_10104", "Operation value must be a number")),
            (
                {"customfield_10103": {"value": "SEV-9"}},
                ("customfield_10103", "Option value 'SEV-9' is not valid"),
            ),
            (
                {"customfield_10100": "x" * 256},
                (
                    "customfield_10100",
                    "The entered text is too long. It exceeds the allowed limit of 255 characters.",
                ),
            ),
            (
                {"nonsense": 1},
                (
                    "nonsense",
                    "Field 'nonsense' cannot be set. It is not on the appropriate screen, or unknown.",
                ),
            ),
            (
                {"status": {"name": "Done"}},
                ("status", "Field 'status' cannot be set. It is not on the appropriate screen, or unknown."),
            ),
            (
                {"resolution": {"name": "Done"}},
                (
                    "resolution",
                    "Field 'resolution' cannot be set. It is not on the appropriate screen, or unknown.",
                ),
            ),
        ],
    )
    def test_what_a_field_does_not_take(self, either, change, complaint):
        fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Incident"}, "summary": "x", **change}
        field, message = complaint
        assert errors(either.post("issue", {"fields": fields})) == (400, {field: message})
        assert either.platform.snapshot()["issues"] == []

    def test_all_faults_come_at_once(self, either):
        fields = {
            "project": {"key": "OPS"},
            "issuetype": {"name": "Incident"},
            "summary": "",
            "labels": ["a b"],
        }
        status, said = errors(either.post("issue", {"fields": fields}))
        assert status == 400
        assert set(said) == {"summary", "labels"}

    def test_a_required_custom_field(self, either):
        either.platform.require_field("customfield_10101")
        fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Incident"}, "summary": "x"}
        assert errors(either.post("issue", {"fields": fields})) == (
            400,
            {"customfield_10101": "External key is required."},
        )
        assert either.create(customfield_10101="INC1") == "OPS-1"

    def test_a_dropped_priority_is_no_longer_taken_but_stays_where_it_is(self, either):
        key = either.create(priority={"name": "Lowest"})
        either.platform.drop_priority("Lowest")
        assert either.field(key, "priority")["name"] == "Lowest"
        assert either.put(f"issue/{key}", {"fields": {"priority": {"id": "5"}}}).status_code == 400

    @pytest.mark.parametrize("body", [[], "x", {"fields": []}, {"fields": {}, "properties": {}}])
    def test_a_body_of_another_shape(self, either, body):
        assert either.post("issue", body).status_code == 400

    def test_no_json_and_no_content_type(self, either):
        broken = either.call("POST", "issue", data=b"{", headers={"Content-Type": "application/json"})
        assert broken.status_code == 400
        assert (
            either.call("POST", "issue", data=b"{}", headers={"Content-Type": "text/plain"}).status_code
            == 415
        )


class TestPeople:
    def test_cloud_takes_account_ids_and_no_names(self, cloud):
        bruno = cloud.platform.site.people["bruno"]
        key = cloud.create(assignee={"accountId": bruno.account_id})
        assert cloud.field(key, "assignee")["accountId"] == bruno.account_id
        assert "name" not in cloud.field(key, "assignee")
        refused = cloud.put(f"issue/{key}", {"fields": {"assignee": {"name": "bruno"}}})
        assert errors(refused) == (400, {"assignee": "expected Object containing an 'accountId' property"})

    def test_data_center_takes_names_and_no_account_ids(self, dc):
        key = dc.create(assignee={"name": "bruno"})
        assert dc.field(key, "assignee")["name"] == "bruno"
        assert "accountId" not in dc.field(key, "assignee")
        refused = dc.put(f"issue/{key}", {"fields": {"assignee": {"accountId": "x"}}})
        assert errors(refused) == (400, {"assignee": "expected Object containing a 'name' property"})

    def test_former_people_and_strangers_are_not_assigned(self, dc):
        key = dc.create()
        gone = dc.put(f"issue/{key}/assignee", {"name": "gus"})
        stranger = dc.put(f"issue/{key}/assignee", {"name": "nobody"})
        assert errors(gone)[1]["assignee"].endswith("cannot be assigned issues.")
        assert errors(stranger) == (400, {"assignee": "User 'nobody' does not exist."})

    def test_the_assignee_resource_assigns_and_unassigns(self, cloud):
        key, person = cloud.create(), cloud.platform.site.people["chloe"]
        assert cloud.put(f"issue/{key}/assignee", {"accountId": person.account_id}).status_code == 204
        assert cloud.field(key, "assignee")["displayName"] == "Chloe Martin"
        assert cloud.put(f"issue/{key}/assignee", {"accountId": None}).status_code == 204
        assert cloud.field(key, "assignee") is None

    def test_hidden_addresses(self, build):
        site = build("cloud", hide_emails=True)
        people = site.get("users/search").json()
        assert [p["displayName"] for p in people if "emailAddress" in p] == ["Syncline"]
        assert site.get("user/search", params={"query": "bruno.keller@example.com"}).json() == []
        assert len(site.get("user/search", params={"query": "bruno"}).json()) == 1


class TestText:
    def test_version_3_wants_documents(self, cloud, doc):
        key = cloud.create(description=doc("one", "two"))
        assert cloud.field(key, "description") == doc("one", "two")
        assert cloud.field(key, "description", version=2) == "one\n\ntwo"
        refused = cloud.put(f"issue/{key}", {"fields": {"description": "one"}})
        assert errors(refused) == (
            400,
            {
                "description": "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
            },
        )

    def test_version_2_wants_text(self, cloud, doc):
        key = cloud.create()
        assert cloud.put(f"issue/{key}", {"fields": {"description": doc("x")}}, version=2).status_code == 400
        assert (
            cloud.put(f"issue/{key}", {"fields": {"description": "a\nb\n\nc"}}, version=2).status_code == 204
        )
        shown = cloud.field(key, "description")
        assert [block["type"] for block in shown["content"]] == ["paragraph", "paragraph"]
        assert [node["type"] for node in shown["content"][0]["content"]] == ["text", "hardBreak", "text"]
        assert cloud.field(key, "description", version=2) == "a\nb\n\nc"

    def test_a_round_trip_through_the_other_version_is_no_change(self, cloud, doc):
        key = cloud.create(description=doc("one", "two"))
        before = cloud.field(key, "updated")
        cloud.advance(10)
        text = cloud.field(key, "description", version=2)
        assert cloud.put(f"issue/{key}", {"fields": {"description": text}}, version=2).status_code == 204
        assert cloud.field(key, "updated") == before

    @pytest.mark.parametrize(
        "broken",
        [
            {"type": "doc", "content": []},
            {"version": 1, "type": "doc", "content": [{"type": "text", "text": "x"}]},
            {
                "version": 1,
                "type": "doc",
                "content": [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}],
            },
            {"version": 1, "type": "doc", "content": [{"type": "blink"}]},
            {"version": 1, "type": "doc", "content": [{"type": "heading", "content": []}]},
        ],
    )
    def test_documents_that_the_format_does_not_allow(self, cloud, broken):
        key = cloud.create()
        refused = cloud.put(f"issue/{key}", {"fields": {"description": broken}})
        assert (refused.status_code, refused.json()["errorMessages"]) == (400, ["INVALID_INPUT"])

    def test_marks_and_lists_read_as_wiki_markup(self, cloud):
        bold = {"type": "text", "text": "now", "marks": [{"type": "strong"}]}
        item = {"type": "listItem", "content": [{"type": "paragraph", "content": [bold]}]}
        code = {"type": "codeBlock", "content": [{"type": "text", "text": "ls"}]}
        content = [{"type": "bulletList", "content": [item, item]}, code]
        key = cloud.create(description={"version": 1, "type": "doc", "content": content})
        assert cloud.field(key, "description", version=2) == "* *now*\n* *now*\n\n{code}ls{code}"

    def test_too_much_text(self, either, doc):
        long = "x" * 32768
        if either.version == 3:
            refused = either.put(f"issue/{either.create()}", {"fields": {"description": doc(long)}})
            assert refused.json()["errorMessages"] == ["CONTENT_LIMIT_EXCEEDED"]
        refused = either.put(f"issue/{either.create()}", {"fields": {"environment": long}}, version=2)
        assert refused.status_code == 400
        assert "32,767" in refused.json()["errors"]["environment"]


class TestEdit:
    def test_a_change_shows_in_values_history_and_updated(self, either):
        key = either.create()
        either.advance(61)
        assert either.put(f"issue/{key}", {"fields": {"summary": "Mail is slow"}}).status_code == 204
        shown = either.get(f"issue/{key}", params={"expand": "changelog"}).json()
        assert shown["fields"]["summary"] == "Mail is slow"
        assert shown["fields"]["updated"] == "2026-03-01T10:01:01.250+0100"
        (entry,) = shown["changelog"]["histories"]
        assert entry["author"]["displayName"] == "Syncline"
        (item,) = entry["items"]
        assert (item["field"], item["fromString"], item["toString"]) == (
            "summary",
            "Mail is down",
            "Mail is slow",
        )

    def test_times_are_in_the_zone_of_the_caller(self, either):
        key = either.create()
        assert either.field(key, "created", user="amina") == "2026-03-01T09:00:00.250+0000"
        assert either.field(key, "created", user="noah") == "2026-03-01T04:00:00.250-0500"

    def test_setting_what_is_already_there_is_no_update(self, either):
        key = either.create(labels=["a"])
        either.advance(5)
        before = either.field(key, "updated")
        assert either.put(f"issue/{key}", {"fields": {"labels": ["a"]}}).status_code == 204
        assert either.field(key, "updated") == before

    def test_operations_add_and_remove(self, either):
        key = either.create(labels=["a", "b"])
        update = {"labels": [{"add": "c"}, {"remove": "a"}], "components": [{"add": {"name": "Network"}}]}
        assert either.put(f"issue/{key}", {"update": update}).status_code == 204
        assert either.field(key, "labels") == ["b", "c"]
        assert [c["name"] for c in either.field(key, "components")] == ["Network"]

    def test_a_field_may_not_stand_in_both(self, either):
        body = {"fields": {"labels": ["a"]}, "update": {"labels": [{"add": "b"}]}}
        status, said = errors(either.put(f"issue/{either.create()}", body))
        assert (status, list(said)) == (400, ["labels"])

    def test_nothing_to_do(self, either):
        refused = either.put(f"issue/{either.create()}", {})
        assert refused.status_code == 400
        assert refused.json()["errorMessages"] == ["one of 'fields' or 'update' required"]

    def test_cloud_returns_the_issue_when_asked(self, cloud, dc):
        body = {"fields": {"summary": "y"}}
        whole = cloud.put(f"issue/{cloud.create()}", body, params={"returnIssue": "true"})
        assert (whole.status_code, whole.json()["fields"]["summary"]) == (200, "y")
        assert dc.put(f"issue/{dc.create()}", body, params={"returnIssue": "true"}).status_code == 204

    def test_silent_edits_are_for_administrators(self, either):
        path, body = f"issue/{either.create()}", {"fields": {"summary": "y"}}
        assert either.put(path, body, params={"notifyUsers": "false"}).status_code == 403
        assert either.put(path, body, params={"notifyUsers": "false"}, user="diane").status_code == 204

    def test_writes_to_one_issue_have_a_limit_of_their_own(self, build):
        site = build("cloud", issue_writes=(3, 10))
        key, other = site.create(), site.create()
        answers = [site.put(f"issue/{key}", {"fields": {"summary": f"s{n}"}}).status_code for n in range(3)]
        assert answers == [204, 204, 429]
        refused = site.put(f"issue/{key}", {"fields": {"summary": "z"}})
        assert refused.headers["RateLimit-Reason"] == "jira-per-issue-on-write"
        assert refused.headers["Retry-After"] == "10"
        assert site.put(f"issue/{other}", {"fields": {"summary": "z"}}).status_code == 204
        site.advance(10)
        assert site.put(f"issue/{key}", {"fields": {"summary": "z"}}).status_code == 204


class TestReading:
    def test_selected_fields(self, either):
        key = either.create()
        asked = {"fields": "summary,labels,nonsense"}
        assert set(either.get(f"issue/{key}", params=asked).json()["fields"]) == {"summary", "labels"}
        rest = either.get(f"issue/{key}", params={"fields": "*all,-comment"}).json()["fields"]
        assert "comment" not in rest
        assert "attachment" in rest
        assert (
            "attachment" not in either.get(f"issue/{key}", params={"fields": "*navigable"}).json()["fields"]
        )

    def test_by_id_and_by_key(self, either):
        key = either.create()
        number = either.get(f"issue/{key}").json()["id"]
        assert either.get(f"issue/{number}").json()["key"] == key

    @pytest.mark.parametrize("reference", ["OPS-99", "99999", "NOPE-1", "9" * 40])
    def test_an_issue_that_is_not_there(self, either, reference):
        response = either.get(f"issue/{reference}")
        assert response.status_code == 404
        assert response.json() == {
            "errorMessages": ["Issue does not exist or you do not have permission to see it."],
            "errors": {},
        }

    def test_a_deleted_issue_is_gone_and_its_key_is_not_used_again(self, either):
        key = either.create()
        assert either.call("DELETE", f"issue/{key}").status_code == 204
        assert either.get(f"issue/{key}").status_code == 404
        assert either.create() == "OPS-2"

    def test_a_moved_issue_keeps_its_id_and_answers_to_both_keys(self, either):
        key = either.create()
        number = either.get(f"issue/{key}").json()["id"]
        assert either.platform.move(key, "SEC") == "SEC-1"
        for reference in (key, "SEC-1", number):
            shown = either.get(f"issue/{reference}").json()
            assert (shown["id"], shown["key"]) == (number, "SEC-1")
        assert either.found("project = SEC") == ["SEC-1"]

    def test_expansions(self, either):
        expand = "names,schema,transitions,editmeta,renderedFields"
        shown = either.get(f"issue/{either.create()}", params={"expand": expand}).json()
        assert shown["names"]["customfield_10100"] == "Sync marker"
        assert shown["schema"]["labels"] == {"type": "array", "system": "labels", "items": "string"}
        assert [step["id"] for step in shown["transitions"]] == ["11", "91"]
        assert shown["editmeta"]["fields"]["summary"]["required"] is True

    def test_entity_properties_leave_updated_alone(self, either):
        key = either.create()
        before = either.field(key, "updated")
        either.advance(60)
        assert either.put(f"issue/{key}/properties/sync", {"n": 1}).status_code == 201
        assert either.put(f"issue/{key}/properties/sync", {"n": 2}).status_code == 200
        assert either.get(f"issue/{key}/properties/sync").json()["value"] == {"n": 2}
        assert [p["key"] for p in either.get(f"issue/{key}/properties").json()["keys"]] == ["sync"]
        assert either.field(key, "updated") == before
        assert either.put(f"issue/{key}/properties/big", "x" * 32768).status_code == 400
        assert either.call("DELETE", f"issue/{key}/properties/sync").status_code == 204
        assert either.get(f"issue/{key}/properties/sync").status_code == 404


class TestPermissions:
    def test_what_may_not_be_seen_is_not_there(self, either):
        key = either.create()
        either.platform.deny("noah", "BROWSE_PROJECTS")
        assert either.get(f"issue/{key}", user="noah").status_code == 404
        assert either.get("project", user="noah").json() == []
        either.platform.grant("noah", "BROWSE_PROJECTS")
        assert either.get(f"issue/{key}", user="noah").status_code == 200

    def test_what_may_not_be_done(self, either):
        key = either.create()
        either.platform.deny("noah", "EDIT_ISSUES", "DELETE_ISSUES", "TRANSITION_ISSUES", "CREATE_ISSUES")
        assert either.put(f"issue/{key}", {"fields": {"summary": "y"}}, user="noah").status_code == 403
        assert either.call("DELETE", f"issue/{key}", user="noah").status_code == 403
        assert either.get(f"issue/{key}/transitions", user="noah").json()["transitions"] == []
        body = {"fields": {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "x"}}
        assert either.post("issue", body, user="noah").status_code == 400

    def test_one_can_ask(self, either):
        either.platform.deny("noah", "ADD_COMMENTS")
        asked = {"permissions": "ADD_COMMENTS,EDIT_ISSUES,ADMINISTER"}
        held = either.get("mypermissions", params=asked, user="noah").json()["permissions"]
        assert {key: bit["havePermission"] for key, bit in held.items()} == {
            "ADD_COMMENTS": False,
            "EDIT_ISSUES": True,
            "ADMINISTER": False,
        }

    def test_cloud_wants_to_know_which(self, cloud, dc):
        assert cloud.get("mypermissions").status_code == 400
        assert "EDIT_ISSUES" in dc.get("mypermissions").json()["permissions"]


def test_a_team_is_written_by_its_id_and_shown_as_an_object(build):
    teams = CustomField(10106, "Team", "team", ("Database",))
    site = build("cloud", custom_fields=(teams,))
    key = site.create()
    made = team_id("Database")
    for wrong in ("Database", {"id": made}, 7):
        reply = site.put(f"issue/{key}", {"fields": {teams.id: wrong}})
        assert (reply.status_code, reply.json()["errors"]) == (400, {teams.id: "Team id is not valid"})
    assert site.put(f"issue/{key}", {"fields": {teams.id: made}}).status_code == 204
    shown = site.field(key, teams.id)
    assert (shown["id"], shown["name"], shown["isShared"]) == (made, "Database", True)
