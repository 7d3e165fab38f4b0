from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from syncline.sandbox.jira.jql import JqlError, parse


def milliseconds(moment):
    return round(moment.timestamp() * 1000)


class TestQueries:
    @pytest.fixture
    def world(self, either):
        either.create("Mail is down", labels=["sync-1", "mail"], priority={"name": "High"})
        either.advance(60)
        either.create("Mail is slow", labels=["mail"], customfield_10100="sync abc-123 z")
        either.advance(60)
        either.create(
            "Printer on fire", customfield_10103={"value": "SEV-1"}, components=[{"name": "Network"}]
        )
        either.step("OPS-3", "11")
        either.advance(60)
        return either

    @pytest.mark.parametrize(
        ("jql", "keys"),
        [
            ("project = OPS", ["OPS-3", "OPS-2", "OPS-1"]),
            ("project = ops ORDER BY key ASC", ["OPS-1", "OPS-2", "OPS-3"]),
            ("project = OPS ORDER BY updated ASC, key DESC", ["OPS-1", "OPS-2", "OPS-3"]),
            ("project in (SEC)", []),
            ("status = 'To Do' ORDER BY id", ["OPS-1", "OPS-2"]),
            ('status in ("In Progress", Done)', ["OPS-3"]),
            ("status != 'To Do'", ["OPS-3"]),
            ("statusCategory = indeterminate", ["OPS-3"]),
            ('statusCategory = "To Do" ORDER BY key', ["OPS-1", "OPS-2"]),
            ("labels = MAIL order by key", ["OPS-1", "OPS-2"]),
            ("labels in (sync-1, nothing)", ["OPS-1"]),
            ("labels != sync-1", ["OPS-2"]),
            ("labels is EMPTY", ["OPS-3"]),
            ("labels is not empty order by key", ["OPS-1", "OPS-2"]),
            ("key in (OPS-1, OPS-3) ORDER BY key DESC", ["OPS-3", "OPS-1"]),
            ("key > OPS-1 order by key", ["OPS-2", "OPS-3"]),
            ("id = 10001", ["OPS-2"]),
            ("issuetype = Incident and not labels = mail", ["OPS-3"]),
            ("priority = High", ["OPS-1"]),
            ("priority not in (High) order by key", ["OPS-2", "OPS-3"]),
            ("project = OPS ORDER BY priority DESC, key ASC", ["OPS-1", "OPS-2", "OPS-3"]),
            ("resolution = Unresolved AND summary ~ printer", ["OPS-3"]),
            ("summary ~ 'mail down'", ["OPS-1"]),
            ("summary ~ 'pri*'", ["OPS-3"]),
            ("summary !~ mail", ["OPS-3"]),
            ("text ~ fire", ["OPS-3"]),
            (r'cf[10100] ~ "\"abc-123\""', ["OPS-2"]),
            (r'"Sync marker" ~ "\"abc 123\""', ["OPS-2"]),
            (r'cf[10100] ~ "\"123 abc\""', []),
            ("cf[10100] is not EMPTY", ["OPS-2"]),
            ("Severity = SEV-1", ["OPS-3"]),
            ("component = Network", ["OPS-3"]),
            (
                "assignee is EMPTY AND reporter = currentUser() AND labels = mail AND summary ~ slow",
                ["OPS-2"],
            ),
            ("(labels = sync-1 OR summary ~ fire) AND project = OPS order by key", ["OPS-1", "OPS-3"]),
            ("labels = sync-1 OR summary ~ fire AND status = Done", ["OPS-1"]),
            ("updated >= -2m ORDER BY updated ASC", ["OPS-2", "OPS-3"]),
            ("created < -2m", ["OPS-1"]),
            ("updated >= 1w", []),
        ],
    )
    def test_finds(self, world, jql, keys):
        assert world.found(jql) == keys

    @pytest.mark.parametrize(
        ("jql", "message"),
        [
            ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'."),
            ("status = Nope", "The value 'Nope' does not exist for the field 'status'."),
            ("colour = red", "Field 'colour' does not exist or you do not have permission to view it."),
            (
                "customfield_10100 ~ x",
                "Field 'customfield_10100' does not exist or you do not have permission to view it.",
            ),
            ("key = OPS-99", "An issue with key 'OPS-99' does not exist for field 'key'."),
            ("summary = x", "The operator '=' is not supported by the 'summary' field."),
            ("status ~ x", "The operator '~' is not supported by the 'status' field."),
            ("labels > x", "The operator '>' is not supported by the 'labels' field."),
            ("summary ~ '*x'", "The text query '*x' for field 'summary' is not allowed to start with '*'."),
            ("project = OPS ORDER BY colour", "Not able to sort using field 'colour'."),
        ],
    )
    def test_refuses_what_means_nothing_here(self, world, jql, message):
        path = "search/jql" if world.version == 3 else "search"
        response = world.get(path, params={"jql": jql})
        assert response.status_code == 400
        assert response.json() == {"errorMessages": [message], "errors": {}}

    @pytest.mark.parametrize(
        "jql",
        ["project =", "project = OPS AND", "(project = OPS", "project OPS", "= OPS", "project = OPS OPS", 'a = "x',
         "project = OPS ORDER updated", "status in Done", "a = b@c", "status is Done", r'a = "\q"'],
    )  # fmt: skip
    def test_refuses_what_cannot_be_read(self, jql):
        with pytest.raises(JqlError):
            parse(jql)

    def test_at_most_seven_fields_to_order_by(self):
        names = ["updated", "created", "key", "id", "priority", "due", "resolved"]
        assert len(parse("project = OPS ORDER BY " + ", ".join(names)).orders) == 7
        with pytest.raises(JqlError, match="7"):
            parse("project = OPS ORDER BY " + ", ".join([*names, "updated"]))

    def test_a_renamed_field_is_searched_by_its_new_name(self, world):
        world.platform.rename_field("customfield_10100", "Marker")
        assert world.found("Marker ~ abc") == ["OPS-2"]
        assert world.found("cf[10100] ~ abc") == ["OPS-2"]
        path = "search/jql" if world.version == 3 else "search"
        assert world.get(path, params={"jql": '"Sync marker" ~ abc'}).status_code == 400


class TestTimes:
    def test_text_is_read_in_the_zone_of_the_callers_profile(self, either):
        either.create()  # 09:00 UTC: 10:00 in Berlin, 04:00 in New York, 09:00 in Dakar
        for user, local in (("syncline", "10:00"), ("noah", "04:00"), ("amina", "09:00")):
            assert either.found(f'updated >= "2026-03-01 {local}"', user=user) == ["OPS-1"]
            later = f"{local[:3]}01"
            assert either.found(f'updated >= "2026/03/01 {later}"', user=user) == []

    def test_text_has_no_seconds(self, either):
        either.create()
        path = "search/jql" if either.version == 3 else "search"
        response = either.get(path, params={"jql": 'updated >= "2026-03-01 10:00:00"'})
        assert response.status_code == 400
        assert "Valid formats include" in response.json()["errorMessages"][0]

    def test_epoch_milliseconds_are_exact_and_know_no_zone(self, either):
        either.create()
        at = milliseconds(datetime(2026, 3, 1, 9, 0, 0, 250_000, tzinfo=UTC))
        for user in ("syncline", "noah"):
            assert either.found(f"updated >= {at}", user=user) == ["OPS-1"]
            assert either.found(f"updated > {at}", user=user) == []
            assert either.found(f"updated <= '{at}'", user=user) == ["OPS-1"]


class TestCloud:
    def test_the_old_search_is_gone(self, cloud):
        for response in (cloud.get("search"), cloud.post("search", {}), cloud.get("search", version=2)):
            assert response.status_code == 410
            assert "/rest/api/3/search/jql" in response.json()["errorMessages"][0]

    def test_only_ids_unless_fields_are_named(self, cloud):
        cloud.create()
        assert cloud.get("search/jql", params={"jql": "project = OPS"}).json() == {
            "issues": [{"id": "10000"}],
            "isLast": True,
        }
        body = {"jql": "project = OPS", "fields": ["summary", "labels"]}
        (issue,) = cloud.post("search/jql", body).json()["issues"]
        assert issue["key"] == "OPS-1"
        assert set(issue["fields"]) == {"summary", "labels"}

    @pytest.mark.parametrize("jql", ["", "ORDER BY key", "   "])
    def test_a_search_must_be_bounded(self, cloud, jql):
        for response in (
            cloud.get("search/jql", params={"jql": jql}),
            cloud.post("search/jql", {"jql": jql}),
            cloud.post("search/approximate-count", {"jql": jql}),
        ):
            assert response.status_code == 400
            assert response.json()["errorMessages"][0].startswith("Unbounded JQL queries are not allowed")

    def test_pages_by_token_without_a_total(self, cloud):
        keys = [cloud.create(f"n{n}") for n in range(7)]
        asked, seen, pages = (
            {"jql": "project = OPS ORDER BY key ASC", "maxResults": 3, "fields": ["key"]},
            [],
            0,
        )
        while True:
            page = cloud.post("search/jql", asked).json()
            assert "total" not in page
            seen += [issue["key"] for issue in page["issues"]]
            pages += 1
            assert page["isLast"] is ("nextPageToken" not in page)
            if page["isLast"]:
                break
            asked["nextPageToken"] = page["nextPageToken"]
        assert (seen, pages) == (keys, 3)

    def test_an_exactly_full_last_page_is_the_last(self, cloud):
        for n in range(4):
            cloud.create(f"n{n}")
        page = cloud.get("search/jql", params={"jql": "project = OPS", "maxResults": 4}).json()
        assert (len(page["issues"]), page["isLast"]) == (4, True)

    def test_a_token_is_for_its_query_and_for_seven_days(self, cloud):
        for n in range(3):
            cloud.create(f"n{n}")
        token = cloud.get("search/jql", params={"jql": "project = OPS", "maxResults": 1}).json()[
            "nextPageToken"
        ]
        other = cloud.get("search/jql", params={"jql": "project = SEC", "nextPageToken": token})
        assert other.status_code == 400
        assert (
            cloud.get("search/jql", params={"jql": "project = OPS", "nextPageToken": "x"}).status_code == 400
        )
        cloud.advance(8 * 86_400)
        late = cloud.get("search/jql", params={"jql": "project = OPS", "nextPageToken": token})
        assert late.status_code == 400

    def test_pages_are_shorter_with_fields(self, cloud):
        at = cloud.wire.now
        for n in range(120):
            cloud.platform.add_issue("OPS", f"n{n}", by="syncline", now=at)
        asked = {"jql": "project = OPS", "maxResults": 5000}
        assert len(cloud.get("search/jql", params=asked).json()["issues"]) == 120
        page = cloud.get("search/jql", params={**asked, "fields": "summary"}).json()
        assert (len(page["issues"]), page["isLast"]) == (100, False)
        assert cloud.get("search/jql", params={**asked, "maxResults": 5001}).status_code == 400

    def test_issues_of_the_same_moment_are_neither_skipped_nor_repeated(self, cloud):
        for n in range(25):
            cloud.platform.add_issue("OPS" if n % 2 else "SEC", f"n{n}", by="syncline", now=cloud.wire.now)
        for order in (
            "updated ASC, key ASC",
            "updated DESC, key DESC",
            "created ASC",
            "priority DESC, id DESC",
        ):
            asked, seen = {"jql": f"project in (OPS, SEC) ORDER BY {order}", "maxResults": 4}, []
            while True:
                page = cloud.post("search/jql", asked).json()
                seen += [issue["id"] for issue in page["issues"]]
                if page["isLast"]:
                    break
                asked["nextPageToken"] = page["nextPageToken"]
            assert len(seen) == len(set(seen)) == 25

    def test_history_comes_with_the_rows(self, cloud):
        key = cloud.create()
        cloud.step(key, "11")
        body = {"jql": "project = OPS", "fields": ["status"], "expand": "changelog"}
        (issue,) = cloud.post("search/jql", body).json()["issues"]
        assert issue["changelog"]["histories"][0]["items"][0]["toString"] == "In Progress"

    def test_names_and_schema_stand_beside_the_rows(self, cloud):
        cloud.create()
        body = {"jql": "project = OPS", "fields": ["summary"], "expand": "names,schema"}
        page = cloud.post("search/jql", body).json()
        assert page["names"] == {"summary": "Summary"}
        assert page["schema"] == {"summary": {"type": "string", "system": "summary"}}

    @pytest.mark.parametrize(
        "extra",
        [{"startAt": 0}, {"jql": 1}, {"fields": 3}, {"maxResults": "x"}, {"maxResults": 0}, {"properties": list("abcdef")},
         {"reconcileIssues": ["10000"]}, {"reconcileIssues": [99999]}, {"reconcileIssues": list(range(51))}],
    )  # fmt: skip
    def test_refuses_other_bodies(self, cloud, extra):
        assert cloud.post("search/jql", {"jql": "project = OPS", **extra}).status_code == 400

    def test_counts(self, cloud):
        for n in range(3):
            cloud.create(f"n{n}")
        counted = cloud.post("search/approximate-count", {"jql": "project = OPS AND summary ~ n1"})
        assert counted.json() == {"count": 1}

    def test_many_at_once(self, cloud):
        keys = [cloud.create(f"n{n}") for n in range(3)]
        body = {"issueIdsOrKeys": [keys[2], "10000", "OPS-99"], "fields": ["summary"]}
        page = cloud.post("issue/bulkfetch", body).json()
        assert [issue["key"] for issue in page["issues"]] == ["OPS-1", "OPS-3"]
        assert page["issueErrors"] == []
        assert cloud.post("issue/bulkfetch", {"issueIdsOrKeys": ["1"] * 101}).status_code == 400

    def test_many_histories_at_once(self, cloud):
        for _ in range(2):
            cloud.step(cloud.create(), "11")
        cloud.put("issue/OPS-1", {"fields": {"summary": "y"}})
        body = {"issueIdsOrKeys": ["OPS-1", "OPS-2"], "fieldIds": ["status"]}
        logs = cloud.post("changelog/bulkfetch", body).json()["issueChangeLogs"]
        assert {log["issueId"]: len(log["changeHistories"]) for log in logs} == {"10000": 1, "10001": 1}
        body, entries = {"issueIdsOrKeys": ["OPS-1", "OPS-2"], "maxResults": 2}, 0
        while True:
            page = cloud.post("changelog/bulkfetch", body).json()
            entries += sum(len(log["changeHistories"]) for log in page["issueChangeLogs"])
            if "nextPageToken" not in page:
                break
            body["nextPageToken"] = page["nextPageToken"]
        assert entries == 3


class TestLag:
    def test_a_search_sees_a_write_only_after_the_lag(self, build):
        site = build("cloud", index_lag=3)
        key = site.create("one")
        assert site.found("project = OPS") == []
        assert site.get(f"issue/{key}").status_code == 200
        site.advance(2.999)
        assert site.found("project = OPS") == []
        site.advance(0.001)
        assert site.found("project = OPS") == [key]

    def test_until_then_it_shows_the_old_values(self, build):
        site = build("cloud", index_lag=3)
        key = site.create("one")
        site.advance(10)
        site.put(f"issue/{key}", {"fields": {"summary": "two"}})
        body = {"jql": "project = OPS", "fields": ["summary", "updated"]}
        (row,) = site.post("search/jql", body).json()["issues"]
        assert row["fields"]["summary"] == "one"
        assert row["fields"]["updated"] < site.field(key, "updated")
        site.advance(3)
        assert site.post("search/jql", body).json()["issues"][0]["fields"]["summary"] == "two"

    def test_named_issues_are_reconciled(self, build):
        site = build("cloud", index_lag=3)
        first = site.create("one")
        site.advance(10)
        site.put(f"issue/{first}", {"fields": {"labels": ["new"]}})
        second = site.create("two", labels=["new"])
        ids = [int(site.get(f"issue/{key}").json()["id"]) for key in (first, second)]
        body = {"jql": "labels = new ORDER BY key ASC", "fields": ["labels"]}
        assert site.post("search/jql", body).json()["issues"] == []
        rows = site.post("search/jql", {**body, "reconcileIssues": ids}).json()["issues"]
        assert [row["key"] for row in rows] == [first, second]
        query = urlencode({"jql": "labels = new", "reconcileIssues": ids[0]})
        assert len(site.get(f"search/jql?{query}").json()["issues"]) == 1

    def test_a_deleted_issue_lingers(self, build):
        site = build("cloud", index_lag=3)
        key = site.create()
        site.advance(5)
        site.call("DELETE", f"issue/{key}")
        assert site.found("project = OPS") == [key]
        site.advance(3)
        assert site.found("project = OPS") == []

    def test_shortening_the_lag_never_brings_an_old_state_back(self, build):
        site = build("cloud", index_lag=60)
        key = site.create("one")
        site.platform.index_lag = 1
        site.advance(1)
        site.put(f"issue/{key}", {"fields": {"summary": "two"}})
        site.advance(1)
        assert site.found("summary ~ two") == [key]
        site.advance(60)
        assert site.found("summary ~ two") == [key]

    def test_data_center_sees_its_own_writes(self, dc):
        assert dc.found(f"key = {dc.create()}") == ["OPS-1"]


class TestDataCenter:
    def test_pages_by_offset_with_a_total(self, dc):
        for n in range(5):
            dc.create(f"n{n}")
        page = dc.get(
            "search", params={"jql": "project = OPS ORDER BY key", "startAt": 3, "maxResults": 50}
        ).json()
        assert [issue["key"] for issue in page["issues"]] == ["OPS-4", "OPS-5"]
        assert (page["startAt"], page["maxResults"], page["total"]) == (3, 50, 5)
        assert "comment" not in page["issues"][0]["fields"]

    def test_an_empty_query_finds_everything(self, dc):
        dc.create()
        assert dc.post("search", {"jql": "", "fields": ["key"]}).json()["total"] == 1

    def test_the_page_is_capped_in_silence(self, dc):
        assert dc.post("search", {"jql": "project = OPS", "maxResults": 100_000}).json()["maxResults"] == 1000

    def test_the_history_comes_with_the_issue_only(self, dc):
        key = dc.create()
        dc.step(key, "11")
        assert dc.get(f"issue/{key}/changelog").status_code == 404
        (row,) = dc.post("search", {"jql": "project = OPS", "expand": ["changelog"]}).json()["issues"]
        assert [h["items"][0]["toString"] for h in row["changelog"]["histories"]] == ["In Progress"]

    def test_it_has_nothing_of_clouds(self, dc):
        dc.create()
        for response in (
            dc.get("search/jql", params={"jql": "project = OPS"}),
            dc.post("search/approximate-count", {"jql": "project = OPS"}),
            dc.post("changelog/bulkfetch", {"issueIdsOrKeys": ["OPS-1"]}),
            dc.get("issue/OPS-1", version=3),
        ):
            assert response.status_code in {404, 405}
