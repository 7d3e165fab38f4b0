"""Issues, comments, files and histories, read as one reply brings them."""

from datetime import UTC, datetime
from typing import Any

import pytest
import responses
from responses import matchers

from syncline.connector import PartyKind
from syncline.errors import Configuration, Gone, RetryLater
from syncline.model import Visibility


def adf(text: str) -> dict[str, Any]:
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}],
    }


def test_an_issue_becomes_a_record_of_canonical_values(site: Any) -> None:
    site.know_me()
    site.on("GET", "issue/10012", site.issue(
        summary=" Disk  full ", description=adf("Hello") if site.cloud else "Hello\r\n", priority={"id": "2", "name": "High"},
        assignee=site.amina, labels=["prod", "db", "syncline-sl-7k2m9qxa"], components=[{"name": "Web"}, {"name": "Api"}],
        resolution=None, comment={"comments": [], "total": 0}, attachment=[], changelog={"histories": [], "total": 0},
    ))  # fmt: skip
    sighting = site.connect().read("10012")
    record = sighting.record
    assert record is not None
    assert record.values == {
        "summary": "Disk  full",
        "description": "Hello",
        "status": "In Progress",
        "priority": "High",
        "assignee": "712020:amina" if site.cloud else "amina",
        "labels": ("db", "prod"),
        "components": ("Api", "Web"),
        "resolution": None,
    }
    assert (record.id, record.key, record.url) == ("10012", "OPS-12", f"{site.url}/browse/OPS-12")
    assert record.updated_at == datetime(2026, 11, 22, 10, 0, 0, 123000, tzinfo=UTC)
    assert record.revision == 1795341600123
    assert record.created_at == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert record.marker == "SL-7K2M9QXA"
    assert [(p.id, p.name, p.email) for p in record.parties] == [
        ("712020:amina" if site.cloud else "amina", "Amina Diallo", "amina.diallo@example.com")
    ]
    assert sighting.edits == ()
    assert site.paths() == ["GET issue/10012", "GET myself"]
    query = site.query(0)
    assert query["expand"] == "changelog"
    assert {"updated", "labels", "comment", "attachment", "summary"} <= set(query["fields"].split(","))


def test_custom_fields_are_read_by_what_they_hold(site: Any) -> None:
    names = [f"customfield_{number}" for number in range(1, 10)]
    site.on(
        "GET",
        "field",
        [{"id": name, "name": name, "schema": {"type": "any", "custom": "x"}} for name in names],
    )
    site.know_me()
    held = [adf("Rich") if site.cloud else "Rich", "A7", 3.0, 3.5, {"value": "Lyon", "child": {"value": "Hall 2"}},
            [{"value": "b"}, {"value": "a"}], "2026-11-22T10:00:00.500+0100", {"name": "Network"}, site.amina]  # fmt: skip
    site.on("GET", "issue/OPS-12", site.issue(**dict(zip(names, held, strict=True))))
    record = site.connect(frozenset(names)).lookup("OPS-12")
    assert [record.values[name] for name in names] == [
        "Rich", "A7", 3, 3.5, "Lyon / Hall 2", ("a", "b"), "2026-11-22T09:00:00.500Z", "Network",
        "712020:amina" if site.cloud else "amina",
    ]  # fmt: skip


def test_a_clone_by_somebody_else_does_not_carry_the_marker(site: Any) -> None:
    site.know_me()
    site.on("GET", "issue/10013", site.issue(13, labels=["syncline-sl-1", "db"], creator=site.amina))
    record = site.connect().lookup("10013")
    assert record.marker is None
    assert record.values["labels"] == ("db",)


def test_what_a_former_account_of_ours_created_keeps_its_marker(site: Any) -> None:
    site.know_me()
    site.on("GET", "issue/10013", site.issue(13, labels=["syncline-sl-1"], creator=site.amina))
    former = site.amina.get("accountId") or site.amina["name"]
    assert site.connect(former_accounts=[former]).lookup("10013").marker == "SL-1"


def test_a_record_that_is_not_there_is_gone_and_a_lookup_finds_none(site: Any) -> None:
    missing = {
        "errorMessages": ["Issue does not exist or you do not have permission to see it."],
        "errors": {},
    }
    site.on("GET", "issue/10012", missing, 404)
    site.on("GET", "issue/OPS-9", missing, 404)
    jira = site.connect()
    with pytest.raises(Gone, match=r"jira-test: 10012: .*does not exist"):
        jira.read("10012")
    assert jira.lookup("OPS-9") is None
    assert jira.lookup("no key at all") is None
    assert jira.lookup("../../admin-1") is None


@pytest.mark.parametrize("broken", ["id", "key", "updated", "created"])
def test_a_reply_that_is_no_issue_is_named_as_such(cloud: Any, broken: str) -> None:
    if broken != "id":  # without it nothing else is asked
        cloud.know_me()
    raw = cloud.issue()
    (raw if broken in raw else raw["fields"]).pop(broken)
    cloud.on("GET", "issue/10012", raw)
    with pytest.raises(RetryLater, match="jira-test"):
        cloud.connect().read("10012")


@pytest.mark.parametrize("reply", [{}, [], {"issues": None}])
def test_a_search_without_issues_does_not_say_that_there_is_none(cloud: Any, reply: object) -> None:
    cloud.on("GET", "search/jql", reply)
    with pytest.raises(RetryLater, match="jira-test: the reply holds no list of issues"):
        cloud.connect().find("SL-000000000A")


def test_the_gateway_prefix_is_kept_and_links_lead_to_the_site(
    web: responses.RequestsMock, cloud: Any
) -> None:
    cloud.url = "https://api.atlassian.com/ex/jira/11223344-a1b2"
    cloud.know_me()
    cloud.on("GET", "serverInfo", {"baseUrl": "https://acme.atlassian.net", "deploymentType": "Cloud"})
    cloud.on("GET", "issue/10012", cloud.issue())
    record = cloud.connect(user="").lookup("10012")
    assert record.url == "https://acme.atlassian.net/browse/OPS-12"
    assert cloud.headers()["Authorization"] == "Bearer token-syncline"


def comment(number: int, site: Any, text: str = "Hello", **more: Any) -> dict[str, Any]:
    return {"id": str(number), "author": site.amina, "body": adf(text) if site.cloud else text,
            "created": f"2026-11-22T11:{number % 60:02}:00.000+0000", "updated": "2026-11-22T12:00:00.000+0000", **more}  # fmt: skip


def test_in_a_service_project_only_what_customers_see_is_public(site: Any) -> None:
    site.know_me()
    comments = [
        comment(3, site, "restricted", jsdPublic=True, visibility={"type": "role", "value": "Developers"}),
        comment(1, site, "public", jsdPublic=True),
        comment(2, site, "internal", jsdPublic=False),
        comment(4, site, "not said"),
    ]
    project = {"key": "OPS", "projectTypeKey": "service_desk"}
    site.on("GET", "issue/10012", site.issue(project=project, comment={"comments": comments, "total": 4}))
    found = site.connect().remarks("10012")
    assert [(one.body, one.visibility) for one in found] == [
        ("public", Visibility.PUBLIC),
        ("internal", Visibility.INTERNAL),
        ("restricted", Visibility.INTERNAL),
        ("not said", Visibility.INTERNAL),
    ]
    assert (found[0].author, found[0].own, found[0].id) == ("Amina Diallo", False, "1")


def test_in_other_projects_comments_are_internal_and_our_own_are_known(site: Any) -> None:
    site.know_me()
    ours = comment(1, site, jsdPublic=True) | {"author": site.me}
    site.on("GET", "issue/10012", site.issue(comment={"comments": [ours], "total": 1}))
    (found,) = site.connect().remarks("10012")
    assert (found.visibility, found.own) == (Visibility.INTERNAL, True)


def test_comments_that_do_not_fit_are_read_page_by_page(site: Any) -> None:
    site.know_me()
    site.on("GET", "issue/10012", site.issue(comment={"comments": [comment(1, site)], "total": 3}))
    for start, numbers in ((0, (1, 2)), (2, (3,))):
        site.web.get(
            site.api("issue/10012/comment"),
            json={"comments": [comment(n, site) for n in numbers], "total": 3, "startAt": start},
            match=[matchers.query_param_matcher({"startAt": start, "maxResults": 100, "orderBy": "created"})],
        )
    assert [one.id for one in site.connect().remarks("10012")] == ["1", "2", "3"]


def test_files_are_listed_and_fetched(site: Any) -> None:
    site.know_me()
    raw = {"id": "777", "filename": "größe 1.txt", "author": site.me, "created": "2026-11-22T11:00:00.000+0000",
           "size": 6, "mimeType": "text/html", "content": "x"}  # fmt: skip
    site.on("GET", "issue/10012", site.issue(attachment=[raw]))
    if site.cloud:
        where = site.api("attachment/content/777?redirect=false")
    else:
        where = f"{site.url}/secure/attachment/777/gr%C3%B6%C3%9Fe%201.txt"
    site.web.get(where, body=b"<html>", content_type="text/html", match_querystring=None)
    jira = site.connect()
    (found,) = jira.attachments("10012")
    assert (found.name, found.size, found.own) == ("größe 1.txt", 6, True)
    assert jira.content(found) == b"<html>"


def test_many_issues_are_read_in_one_request(site: Any) -> None:
    site.know_me()
    both = [site.issue(12), site.issue(13)]
    if site.cloud:
        site.on("POST", "issue/bulkfetch", {"issues": both, "issueErrors": []})
    else:
        site.on("GET", "search", {"issues": both, "total": 2, "startAt": 0, "maxResults": 3})
    found = site.connect().read_many(["10012", "10013", "10014", "10012", "not an id"])
    assert [one.record_id for one in found] == ["10012", "10013"]
    if site.cloud:
        assert site.sent(0)["issueIdsOrKeys"] == ["10012", "10013", "10014"]
        assert site.sent(0)["expand"] == ["changelog"]
    else:
        assert site.query(0)["jql"] == "id in (10012, 10013, 10014)"
        assert site.query(0)["validateQuery"] == "false"


def test_a_search_by_post_that_breaks_off_is_no_write_of_unknown_outcome(cloud: Any) -> None:
    cloud.web.add(
        "POST", cloud.api("issue/bulkfetch"), status=500, body="{}", content_type="application/json"
    )
    with pytest.raises(RetryLater):
        cloud.connect().read_many(["10012"])


def test_what_carries_a_marker_is_found_by_its_label(site: Any) -> None:
    site.know_me()
    rows = [
        site.issue(12, labels=["syncline-sl-1"]),
        site.issue(13, labels=["syncline-sl-1"], creator=site.amina),
    ]
    site.on("GET", "search/jql" if site.cloud else "search", {"issues": rows, "total": 2, "isLast": True})
    found = site.connect().find("SL-1")
    assert [(one.id, one.marker) for one in found] == [("10012", "SL-1")]
    assert site.query(0)["jql"] == 'labels = "syncline-sl-1" ORDER BY created ASC, key ASC'


def test_people_are_found_by_address_and_by_id(site: Any) -> None:
    site.know_me()
    site.on("GET", "user/search", [site.amina])
    key = "712020:amina" if site.cloud else "amina"
    site.on(
        "GET", "user/bulk" if site.cloud else "user", {"values": [site.amina]} if site.cloud else site.amina
    )
    jira = site.connect()
    assert jira.find_party(PartyKind.PERSON, "amina.diallo@EXAMPLE.com").id == key
    assert site.query()["query" if site.cloud else "username"] == "amina.diallo@EXAMPLE.com"
    assert [one.name for one in jira.parties(PartyKind.PERSON, [key, key])] == ["Amina Diallo"]


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        ([{"accountId": "a", "displayName": "A", "accountType": "atlassian"}], "a"),
        ([{"accountId": "a", "displayName": "A", "emailAddress": "other@example.com"}], None),
        ([{"accountId": "a", "displayName": "A"}, {"accountId": "b", "displayName": "B"}], None),
        ([{"accountId": "a", "displayName": "A"}, {"accountId": "a", "displayName": "A"}], "a"),
        ([{"accountId": "a", "displayName": "A", "accountType": "app"}], None),
        ([{"accountId": "a", "displayName": "A", "active": False}], None),
        ([], None),
    ],
)
def test_a_hidden_address_counts_only_for_a_single_hit(
    cloud: Any, users: list[Any], expected: str | None
) -> None:
    cloud.know_me()
    cloud.on("GET", "user/search", users)
    found = cloud.connect().find_party(PartyKind.PERSON, "a@example.com")
    assert (found.id if found else None) == expected


def test_without_a_group_field_jira_has_no_groups(site: Any) -> None:
    jira = site.connect()
    assert jira.find_party(PartyKind.GROUP, "Network") is None
    assert jira.parties(PartyKind.GROUP, ["Network"]) == []


def test_with_a_group_picker_groups_are_those_of_jira(site: Any) -> None:
    site.on(
        "GET",
        "field",
        [{"id": "customfield_9", "name": "Group", "schema": {"type": "group", "custom": "x:grouppicker"}}],
    )
    site.on("GET", "groups/picker", {"groups": [{"name": "Network Ops"}, {"name": "Network"}]})
    found = site.connect(group_field="customfield_9").find_party(PartyKind.GROUP, "Network")
    assert (found.id, found.kind) == ("Network", PartyKind.GROUP)


def history(number: int, at: str, author: Any, *items: dict[str, Any]) -> dict[str, Any]:
    return {"id": str(number), "author": author, "created": f"2026-11-22T{at}.000+0000", "items": list(items)}


def item(field: str, before: tuple[Any, Any], after: tuple[Any, Any], **more: Any) -> dict[str, Any]:
    return {
        "field": field,
        "fieldtype": "jira",
        "from": before[0],
        "fromString": before[1],
        "to": after[0],
        "toString": after[1],
        **more,
    }


def changes(site: Any) -> list[dict[str, Any]]:
    someone, nobody = ("712020:amina", None) if site.cloud else ("JIRAUSER2", None)
    return [
        history(3, "10:00:03", site.me, item("Component", ("1", "Old"), (nobody, None)), item("Component", (None, None), ("2", "Web"))),
        history(1, "10:00:01", site.amina, item("status", ("1", "To Do"), ("3", "In Progress")), item("Rank", ("", "a"), ("", "b"))),
        history(2, "10:00:02", site.amina, item("labels", (None, "a syncline-sl-1"), (None, "a b syncline-sl-1")),
                item("assignee", (None, None), (someone, "Amina Diallo"))),
    ]  # fmt: skip


def test_the_history_comes_with_the_issue_in_order_and_in_native_values(site: Any) -> None:
    site.know_me()
    raw = site.issue(components=[{"name": "Api"}, {"name": "Web"}], assignee=site.amina,
                     changelog={"histories": changes(site), "total": 3, "startAt": 0})  # fmt: skip
    raw["fields"]["updated"] = "2026-11-22T10:00:03.000+0000"
    site.on("GET", "issue/10012", raw)
    sighting = site.connect().read("10012")
    amina = "712020:amina" if site.cloud else "amina"
    assert [(e.id, e.own, e.field, e.before, e.after) for e in sighting.edits] == [
        ("1:status", False, "status", "To Do", "In Progress"),
        ("2:assignee", False, "assignee", None, amina),
        ("2:labels", False, "labels", ("a",), ("a", "b")),
        ("3:components", True, "components", ("Api", "Old"), ("Api", "Web")),
    ]
    assert sighting.edits[0].actor == "Amina Diallo"
    assert sighting.edits[0].at == datetime(2026, 11, 22, 10, 0, 1, tzinfo=UTC)
    assert sighting.record.updated_by == "Syncline"
    assert sighting.record.own


def test_user_keys_of_the_history_become_user_names_on_data_center(dc: Any) -> None:
    dc.know_me()
    entry = history(1, "10:00:01", dc.me, item("assignee", ("JIRAUSER7", "Gone"), ("JIRAUSER8", "Noah")))
    dc.on("GET", "issue/10012", dc.issue(changelog={"histories": [entry], "total": 1}))
    dc.on("GET", "user", {"errorMessages": ["no"]}, 404)
    dc.on("GET", "user", {"key": "JIRAUSER8", "name": "noah", "displayName": "Noah"})
    (edit,) = dc.connect().read("10012").edits
    assert (edit.before, edit.after) == ("JIRAUSER7", "noah")
    assert dc.query() == {"key": "JIRAUSER8"}


def test_an_inline_history_that_may_lack_its_end_is_not_taken_for_one(cloud: Any) -> None:
    cloud.know_me()
    oldest_first = [history(n, f"10:00:0{n}", cloud.me) for n in (1, 2)]
    cloud.on("GET", "issue/10012", cloud.issue(changelog={"histories": oldest_first, "total": 9}))
    cloud.on("GET", "issue/10012", cloud.issue(changelog={"histories": oldest_first[::-1], "total": 9}))
    jira = cloud.connect()
    assert jira.read("10012").edits is None
    assert jira.read("10012").edits == ()


def test_the_history_since_a_time_is_read_from_its_end(cloud: Any) -> None:
    cloud.know_me()
    since = datetime(2026, 11, 22, 10, tzinfo=UTC)
    status = item("status", ("1", "To Do"), ("3", "In Progress"))
    newest = [history(250, "10:00:09", cloud.me, status)]
    cloud.on("GET", "issue/10012", cloud.issue(changelog={"histories": newest, "total": 250}))
    for start, size, entries in (
        (0, 100, [history(1, "01:00:00", cloud.me, status)]),
        (150, 100, [history(199, "10:00:01", cloud.me, status), history(200, "10:00:02", cloud.me, status)]),
        (100, 50, [history(120, "09:00:00", cloud.me, status)]),
    ):
        cloud.web.get(
            cloud.api("issue/10012/changelog"),
            json={"values": entries, "total": 250, "startAt": start, "isLast": False},
            match=[matchers.query_param_matcher({"startAt": start, "maxResults": size})],
        )
    assert [edit.id for edit in cloud.connect().history("10012", since)] == ["199:status", "200:status"]


def test_a_login_that_failed_silently_is_no_missing_record(site: Any) -> None:
    missing = {"errorMessages": ["Issue does not exist or you do not have permission to see it."]}
    site.on("GET", "issue/10012", missing, 404, headers={"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"})
    with pytest.raises(Configuration, match="credentials"):
        site.connect().read("10012")


def test_a_request_that_was_merely_taken_note_of_is_no_answer(cloud: Any) -> None:
    cloud.on("GET", "issue/10012", status=202)
    with pytest.raises(RetryLater, match="202"):
        cloud.connect().read("10012")
