from datetime import UTC, datetime
from io import BytesIO
from random import Random

import pytest
import requests

from syncline.sandbox.jira import CLOUD_ID, Jira
from syncline.sandbox.platform import Request


class TestDoor:
    def session(self, site, auth=None, bearer=None):
        session = site.session()
        session.auth = auth
        if bearer:
            session.headers["Authorization"] = f"Bearer {bearer}"
        return session

    def test_cloud_takes_address_and_token(self, cloud):
        me = "https://jira.example.com/rest/api/3/myself"
        assert self.session(cloud, ("bruno.keller@example.com", "token-bruno")).get(me).status_code == 200
        for auth in (("bruno.keller@example.com", "password"), ("bruno", "token-bruno"), ("x", "token-bruno"),
                     ("gus.former@example.com", "token-gus")):  # fmt: skip
            refused = self.session(cloud, auth).get(me)
            assert refused.status_code == 401
            assert refused.json()["message"] == "Client must be authenticated to access this resource."
        assert self.session(cloud).get(me).status_code == 401
        assert self.session(cloud, bearer="token-bruno").get(me).status_code == 403

    def test_scoped_tokens_work_at_the_gateway_only(self, cloud):
        site_address = "https://jira.example.com/rest/api/3/myself"
        gateway = f"https://api.atlassian.com/ex/jira/{CLOUD_ID}/rest/api/3/myself"
        scoped = ("bruno.keller@example.com", "scoped-token-bruno")
        assert self.session(cloud, scoped).get(site_address).status_code == 401
        assert self.session(cloud, bearer="scoped-token-bruno").get(site_address).status_code == 401
        for session in (self.session(cloud, scoped), self.session(cloud, bearer="scoped-token-bruno")):
            shown = session.get(gateway)
            assert shown.status_code == 200
            assert shown.json()["self"].startswith(
                f"https://api.atlassian.com/ex/jira/{CLOUD_ID}/rest/api/3/user"
            )
        refused = self.session(cloud, bearer="scoped-token-nobody").get(gateway)
        assert (refused.status_code, refused.json()) == (401, {"code": 401, "message": "Unauthorized"})
        assert self.session(cloud, scoped).get(gateway.replace(CLOUD_ID, "other")).status_code == 404

    def test_the_site_tells_its_cloud_id(self, cloud):
        shown = self.session(cloud).get("https://jira.example.com/_edge/tenant_info")
        assert shown.json() == {"cloudId": CLOUD_ID}

    def test_data_center_takes_a_password_or_a_personal_token(self, dc):
        me = "https://jira.example.com/rest/api/2/myself"
        assert self.session(dc, ("bruno", "secret")).get(me).json()["name"] == "bruno"
        assert self.session(dc, bearer="token-bruno").get(me).json()["name"] == "bruno"
        assert self.session(dc, bearer="bruno").get(me).status_code == 401
        for auth in (("nobody", "secret"), ("bruno", ""), ("bruno", "wrong one")):
            assert self.session(dc, auth).get(me).status_code == 401
        refused = self.session(dc, ("nobody", "secret")).get(me)
        assert refused.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
        assert "html" in refused.headers["Content-Type"]

    def test_a_captcha_bars_the_way(self, build):
        site = build("dc", captcha=("syncline",))
        refused = site.get("myself")
        assert refused.status_code == 403
        assert refused.headers["X-Authentication-Denied-Reason"].startswith("CAPTCHA_CHALLENGE")

    def test_the_server_introduces_itself_to_anyone(self, cloud, dc):
        for site, kind in ((cloud, "Cloud"), (dc, "Server")):
            shown = self.session(site).get(f"https://jira.example.com/rest/api/{site.version}/serverInfo")
            assert (shown.status_code, shown.json()["deploymentType"]) == (200, kind)

    def test_wrong_paths_and_methods(self, either):
        unknown = either.get("nothing")
        assert (unknown.status_code, unknown.json()["status-code"]) == (404, 404)
        assert either.session().get("https://jira.example.com/elsewhere").status_code == 404
        wrong = either.call("PATCH", "issue/OPS-1")
        assert wrong.status_code == 405
        assert "PUT" in wrong.headers["Allow"]


class TestEdge:
    def test_cloud_throttles_with_its_headers(self):
        reply = Jira("cloud").throttled(datetime(2026, 3, 1, 9, tzinfo=UTC))
        assert reply.status == 429
        assert reply.headers["RateLimit-Reason"] == "jira-burst-based"
        assert reply.headers["X-RateLimit-Reset"] == "2026-03-01T09:00Z"
        assert {"Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining"} <= set(reply.headers)

    def test_data_center_throttles_with_its_headers(self):
        reply = Jira("dc").throttled(datetime(2026, 3, 1, 9, tzinfo=UTC))
        assert reply.status == 429
        assert {"X-RateLimit-FillRate", "X-RateLimit-Interval-Seconds", "Retry-After"} <= set(reply.headers)

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_an_outage_is_a_page_for_people(self, status):
        reply = Jira("cloud").unavailable(status)
        assert reply.status == status
        assert reply.body.startswith(b"<!DOCTYPE html>")


class TestMetadata:
    def test_me(self, either):
        me = either.get("myself", params={"expand": "groups"}).json()
        assert me["timeZone"] == "Europe/Berlin"
        assert [g["name"] for g in me["groups"]["items"]] == ["Service Desk"]
        assert either.get("myself", user="noah").json()["timeZone"] == "America/New_York"

    def test_lists(self, either):
        assert [p["name"] for p in either.get("priority").json()] == [
            "Highest",
            "High",
            "Medium",
            "Low",
            "Lowest",
        ]
        assert "Known Error" in [r["name"] for r in either.get("resolution").json()]
        assert [t["name"] for t in either.get("issuetype").json()] == ["Incident", "Task", "Bug"]
        assert [s["name"] for s in either.get("status").json()][:2] == ["To Do", "In Progress"]
        assert [p["key"] for p in either.get("project").json()] == ["OPS", "SEC"]
        assert either.get("project/OPS").json()["lead"]["displayName"] == "Diane Novak"
        assert either.get("project/NOPE").status_code == 404
        assert either.get("priority/1").json()["name"] == "Highest"
        assert either.get("priority/9").status_code == 404

    def test_fields(self, either):
        fields = {field["id"]: field for field in either.get("field").json()}
        marker = fields["customfield_10100"]
        assert marker["clauseNames"] == ["cf[10100]", "Sync marker"]
        assert marker["schema"]["customId"] == 10100
        assert fields["summary"]["custom"] is False
        either.platform.rename_field("customfield_10100", "Marker")
        renamed = {f["id"]: f["name"] for f in either.get("field").json()}
        assert renamed["customfield_10100"] == "Marker"

    def test_what_a_create_takes(self, cloud, dc):
        shown = cloud.get("issue/createmeta/OPS/issuetypes").json()
        assert [t["name"] for t in shown["issueTypes"]] == ["Incident", "Task", "Bug"]
        fields = cloud.get("issue/createmeta/OPS/issuetypes/10001").json()
        assert {f["fieldId"] for f in fields["fields"] if f["required"]} == {
            "summary",
            "issuetype",
            "project",
        }
        page = dc.get("issue/createmeta/10000/issuetypes/10001", params={"maxResults": 5}).json()
        assert (len(page["values"]), page["isLast"]) == (5, False)
        assert dc.get("issue/createmeta/NOPE/issuetypes").status_code == 404
        assert dc.get("issue/createmeta/OPS/issuetypes/9").status_code == 404

    def test_the_unpaged_createmeta_is_gone_from_data_center_9_on(self, cloud, dc, build):
        asked = {"projectKeys": "OPS", "expand": "projects.issuetypes.fields"}
        for site in (cloud, build("dc", version=(8, 20, 30))):
            (project,) = site.get("issue/createmeta", params=asked).json()["projects"]
            assert project["issuetypes"][0]["fields"]["summary"]["required"] is True
        assert dc.get("issue/createmeta", params=asked).status_code == 404

    def test_what_an_edit_takes(self, either):
        fields = either.get(f"issue/{either.create()}/editmeta").json()["fields"]
        assert "status" not in fields
        assert "resolution" not in fields
        assert fields["priority"]["allowedValues"][0]["name"] == "Highest"
        either.platform.drop_priority("Highest")
        fields = either.get("issue/OPS-1/editmeta").json()["fields"]
        assert "Highest" not in [v["name"] for v in fields["priority"]["allowedValues"]]

    def test_people_on_cloud(self, cloud):
        (bruno,) = cloud.get("user/search", params={"query": "bruno"}).json()
        assert (
            cloud.get("user", params={"accountId": bruno["accountId"]}).json()["displayName"]
            == "Bruno Keller"
        )
        assert cloud.get("user", params={"username": "bruno"}).status_code == 400
        assert cloud.get("user", params={"accountId": "nobody"}).status_code == 404
        found = cloud.get("user/search", params={"query": "noah.brooks@example.com"}).json()
        assert [p["displayName"] for p in found] == ["Noah Brooks"]
        page = cloud.get("user/bulk", params={"accountId": [bruno["accountId"], "x"]}).json()
        assert (page["total"], page["isLast"]) == (1, True)

    def test_people_on_data_center(self, dc):
        assert (
            dc.get("user", params={"username": "bruno"}).json()["emailAddress"] == "bruno.keller@example.com"
        )
        assert [p["name"] for p in dc.get("user/search", params={"username": "diane.n"}).json()] == ["diane"]
        assert dc.get("user/search").status_code == 400

    def test_who_can_be_assigned(self, either):
        name = "query" if either.version == 3 else "username"
        people = either.get("user/assignable/search", params={"project": "OPS", name: ""}).json()
        assert "Gus Former" not in [p["displayName"] for p in people]
        assert either.get("user/assignable/search", params={name: "x"}).status_code == 400
        key = either.create()
        assert either.get("user/assignable/search", params={"issueKey": key, name: "olga"}).json()[0][
            "active"
        ]

    def test_groups(self, either):
        page = either.get("group/member", params={"groupname": "Network"}).json()
        assert [p["displayName"] for p in page["values"]] == ["Bruno Keller", "Olga Petrova"]
        assert either.get("group/member", params={"groupname": "Nope"}).status_code == 404
        found = either.get("groups/picker", params={"query": "data"}).json()
        assert [g["name"] for g in found["groups"]] == ["Database"]
        key = either.create(customfield_10105={"name": "Network"})
        assert either.field(key, "customfield_10105")["name"] == "Network"


class TestOracle:
    def test_a_snapshot_tells_all_in_plain_words(self, cloud, doc):
        bruno = cloud.platform.site.people["bruno"].account_id
        key = cloud.create(assignee={"accountId": bruno}, description=doc("why", "how"), labels=["a"])
        cloud.step(key, "11")
        cloud.post(f"issue/{key}/comment", {"body": doc("hi")})
        cloud.post(f"issue/{key}/remotelink", {"globalId": "g", "object": {"url": "https://x", "title": "t"}})
        (issue,) = cloud.platform.snapshot()["issues"]
        assert (issue["id"], issue["key"]) == ("10000", "OPS-1")
        assert issue["fields"]["status"] == "In Progress"
        assert issue["fields"]["priority"] == "Medium"
        assert issue["fields"]["assignee"] == "bruno.keller@example.com"
        assert issue["fields"]["description"] == "why\n\nhow"
        assert issue["comments"][0]["body"] == "hi"
        assert issue["remote_links"][0]["global_id"] == "g"
        assert issue["changelog"][0]["items"] == [{"field": "status", "from": "To Do", "to": "In Progress"}]

    def test_the_same_requests_at_the_same_times_give_the_same_replies(self):
        def play() -> list[bytes]:
            platform, now = Jira("dc"), datetime(2026, 3, 1, tzinfo=UTC)
            head = {"authorization": "Bearer token-syncline", "content-type": "application/json"}
            body = b'{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Task"},"summary":"x"}}'
            return [
                platform.handle(Request(method, path, "", head, sent), now, Random(1)).body
                for method, path, sent in (
                    ("POST", "/rest/api/2/issue", body),
                    ("GET", "/rest/api/2/issue/OPS-1", b""),
                    ("GET", "/rest/api/2/search", b""),
                )
            ]

        assert play() == play()


class TestCost:
    def test_a_search_does_not_look_at_every_issue(self, build):
        """Counted, not timed: how many states a query is tried on."""
        site = build("cloud")
        for n in range(3000):
            values = {"labels": (f"sync-{n}",), "customfield_10100": f"sync-{n}"}
            site.platform.add_issue("OPS", f"n{n}", by="syncline", now=site.wire.now, values=values)
            site.advance(1)
        tried = 0
        resolve = site.platform.site.index.states

        class Counting(dict):
            def __getitem__(self, key):
                nonlocal tried
                tried += 1
                return super().__getitem__(key)

        site.platform.site.index.states = Counting(resolve)
        for jql in (
            "labels = sync-7",
            'cf[10100] ~ "\\"sync-1234\\""',
            "key = OPS-2999",
            "project = OPS AND updated >= -1m ORDER BY updated ASC, key ASC",
        ):
            tried = 0
            assert site.found(jql)
            assert tried <= 70, jql
        tried = 0
        assert len(site.found("project = OPS ORDER BY updated DESC")) == 50
        assert tried <= 60


def test_what_the_library_sends_is_taken(either):
    """The `jira` client, as it comes."""
    client = either.library()
    text = "It is down."
    issue = client.create_issue(
        project="OPS", issuetype={"name": "Incident"}, summary="Mail", description=text, labels=["m1"]
    )
    assert issue.key == "OPS-1"
    assert issue.fields.description == text
    issue.update(fields={"summary": "Mail!", "labels": ["m1", "m2"]})
    assert client.issue("OPS-1").fields.summary == "Mail!"
    comment = client.add_comment(issue, "hello")
    comment.update(body="hello!")
    assert [c.body for c in client.comments(issue)] == ["hello!"]
    client.transition_issue(issue, "Start work")
    client.transition_issue(issue, "61", resolution={"name": "Done"})
    assert client.issue("OPS-1", expand="changelog").fields.status.name == "Done"
    attachment = client.add_attachment(issue, attachment=BytesIO(b"abc"), filename="a.txt")
    assert attachment.get() == b"abc"
    with pytest.warns(Warning, match="applicationlinks"):  # only administrators may list those
        link = client.add_remote_link(issue, {"url": "https://x", "title": "t"}, globalId="g")
    assert link.id == client.remote_links(issue)[0].id
    assert client.myself()["timeZone"] == "Europe/Berlin"
    assert [p.key for p in client.projects()] == ["OPS", "SEC"]
    assert "customfield_10100" in {f["id"] for f in client.fields()}
    found = client.search_issues("labels = m2", fields="summary", use_post=either.version == 2)
    assert [row.key for row in found] == ["OPS-1"]
    assert [t["name"] for t in client.transitions(issue)] == ["Close for good", "Reopen"]
    issue.delete()
    with pytest.raises(Exception, match="Issue does not exist"):
        client.issue("OPS-1")


def test_the_library_pages_by_token_on_cloud(cloud):
    for n in range(5):
        cloud.create(f"n{n}")
    client = cloud.library()
    page = client.enhanced_search_issues("project = OPS ORDER BY key", maxResults=2, fields="summary")
    assert [row.key for row in page] == ["OPS-1", "OPS-2"]
    rest = client.enhanced_search_issues(
        "project = OPS ORDER BY key", maxResults=2, fields="summary", nextPageToken=page.nextPageToken
    )
    assert [row.key for row in rest] == ["OPS-3", "OPS-4"]
    assert isinstance(client._session, requests.Session)
