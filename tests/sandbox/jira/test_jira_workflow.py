from syncline.sandbox.jira import Project, Status, Transition, Workflow


def steps(site, key):
    return {s["id"]: s["to"]["name"] for s in site.get(f"issue/{key}/transitions").json()["transitions"]}


class TestTransitions:
    def test_only_the_steps_from_here_exist(self, either):
        key = either.create()
        assert steps(either, key) == {"11": "In Progress", "91": "Canceled"}
        refused = either.step(key, "61", resolution={"name": "Done"})
        assert refused.status_code == 400
        assert refused.json()["errorMessages"] == ["Transition id '61' is not valid for this issue."]
        assert either.step(key, "11").status_code == 204
        assert steps(either, key) == {"21": "Waiting", "41": "In Review", "61": "Done", "91": "Canceled"}

    def test_from_waiting_to_done_it_takes_two(self, either):
        key = either.create()
        assert either.step(key, "11").status_code == 204
        assert either.step(key, "21").status_code == 204
        assert "Done" not in steps(either, key).values()
        assert either.step(key, "31").status_code == 204
        assert "Done" in steps(either, key).values()

    def test_resolving_asks_for_a_resolution(self, either):
        key = either.create()
        either.step(key, "11")
        shown = either.get(f"issue/{key}/transitions", params={"expand": "transitions.fields"}).json()
        resolve = next(step for step in shown["transitions"] if step["id"] == "61")
        assert resolve["name"] == "Resolve"
        assert resolve["fields"]["resolution"]["required"] is True
        assert "Known Error" in [v["name"] for v in resolve["fields"]["resolution"]["allowedValues"]]
        refused = either.step(key, "61")
        assert (refused.status_code, refused.json()["errors"]) == (
            400,
            {"resolution": "Resolution is required."},
        )
        assert either.step(key, "61", resolution={"name": "Done"}).status_code == 204
        either.advance(1)
        fields = either.get(f"issue/{key}").json()["fields"]
        assert (fields["status"]["name"], fields["resolution"]["name"]) == ("Done", "Done")
        assert fields["resolutiondate"] == fields["updated"]

    def test_reopening_clears_the_resolution(self, either):
        key = either.create()
        either.step(key, "11")
        either.step(key, "61", resolution={"name": "Duplicate"})
        assert either.step(key, "81").status_code == 204
        fields = either.get(f"issue/{key}").json()["fields"]
        assert (fields["status"]["name"], fields["resolution"], fields["resolutiondate"]) == (
            "In Progress",
            None,
            None,
        )

    def test_a_post_function_sets_the_resolution(self, either):
        key = either.create()
        assert either.step(key, "91").status_code == 204
        assert either.field(key, "resolution")["name"] == "Won't Do"

    def test_only_what_is_on_the_screen_can_be_set(self, either):
        key = either.create()
        refused = either.step(key, "11", summary="y")
        assert refused.status_code == 400
        assert list(refused.json()["errors"]) == ["summary"]
        assert either.field(key, "status")["name"] == "To Do"

    def test_a_step_may_bring_a_comment(self, either, doc):
        key = either.create()
        body = doc("on it") if either.version == 3 else "on it"
        sent = {"transition": {"id": "11"}, "update": {"comment": [{"add": {"body": body}}]}}
        assert either.post(f"issue/{key}/transitions", sent).status_code == 204
        assert either.get(f"issue/{key}/comment").json()["total"] == 1

    def test_an_id_that_is_none(self, either):
        path = f"issue/{either.create()}/transitions"
        assert either.post(path, {}).json()["errorMessages"] == ["Missing 'transition' identifier"]
        assert either.post(path, {"transition": {"id": "Resolve"}}).status_code == 400
        assert either.post(path, {"transition": {"id": 11}}).status_code == 204

    def test_the_history_tells_status_and_resolution_together(self, cloud):
        key = cloud.create()
        cloud.step(key, "11")
        cloud.step(key, "61", resolution={"name": "Done"})
        entries = cloud.get(f"issue/{key}/changelog").json()["values"]
        told = [
            {item["field"]: (item["fromString"], item["toString"]) for item in entry["items"]}
            for entry in entries
        ]
        assert told == [
            {"status": ("To Do", "In Progress")},
            {"status": ("In Progress", "Done"), "resolution": (None, "Done")},
        ]

    def test_a_step_taken_out_leaves_the_status_out_of_reach(self, either):
        key = either.create()
        either.step(key, "11")
        either.platform.remove_transition("61")
        assert "Done" not in steps(either, key).values()
        assert either.step(key, "61", resolution={"name": "Done"}).status_code == 400


class TestWorkflowsAsData:
    def test_a_project_brings_its_own(self, build):
        flow = Workflow(
            (Status("1", "Open", "new"), Status("2", "Shut", "done")),
            (Transition("5", "Shut it", (), "Shut", required=("customfield_10101",)),),
        )
        site = build("dc", projects=(Project("NET", "Networks", "10000", workflow=flow),))
        body = {"fields": {"project": {"key": "NET"}, "issuetype": {"name": "Task"}, "summary": "x"}}
        key = site.post("issue", body).json()["key"]
        assert key == "NET-1"
        assert steps(site, key) == {"5": "Shut"}
        refused = site.step(key, "5")
        assert refused.json()["errors"] == {"customfield_10101": "External key is required."}
        assert site.step(key, "5", customfield_10101="INC1").status_code == 204
        statuses = site.get("project/NET/statuses").json()
        assert [s["name"] for s in statuses[0]["statuses"]] == ["Open", "Shut"]
