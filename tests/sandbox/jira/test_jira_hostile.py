"""Whatever a client sends, it gets a reply in Jira's form: no request breaks the simulation."""

import json
from datetime import UTC, datetime
from random import Random
from urllib.parse import urlencode

import pytest
import requests

from syncline.sandbox.platform import Request

NAUGHTY = [
    None, True, 0, -1, 1.5, "", "x", "\ud800", "9" * 400, [], [None], [[]], [{}], {}, {"": None}, {"id": None}, {"id": 7},
    {"id": []}, {"name": {}}, {"key": 1}, {"accountId": 5}, {"set": 1}, [{"set": None}], [{"add": None}], [{"add": {}}],
    [{"remove": 3}], {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text"}]}]},
    {"type": "doc", "version": 1, "content": [{"type": "panel", "content": []}], "attrs": 3}, {"type": "group", "value": 3},
]  # fmt: skip
WRITES = [
    ("POST", "issue"), ("PUT", "issue/OPS-1"), ("PUT", "issue/OPS-1/assignee"), ("POST", "issue/OPS-1/transitions"),
    ("POST", "issue/OPS-1/comment"), ("PUT", "issue/OPS-1/comment/10000"), ("POST", "issue/OPS-1/remotelink"),
    ("PUT", "issue/OPS-1/properties/x"), ("PUT", "comment/10000/properties/x"), ("POST", "search/jql"), ("POST", "search"),
    ("POST", "search/approximate-count"), ("POST", "changelog/bulkfetch"), ("POST", "issue/bulkfetch"),
    ("POST", "issue/OPS-1/attachments"),
]  # fmt: skip
NAMES = [
    "fields", "update", "properties", "transition", "body", "visibility", "object", "globalId", "jql", "maxResults",
    "startAt", "nextPageToken", "reconcileIssues", "expand", "issueIdsOrKeys", "fieldIds", "accountId", "name",
]  # fmt: skip
FIELDS = [
    "summary", "description", "environment", "project", "issuetype", "priority", "labels", "assignee", "reporter",
    "components", "duedate", "resolution", "comment", "customfield_10100", "customfield_10102", "customfield_10103",
    "customfield_10104", "customfield_10105", "nonsense",
]  # fmt: skip


def ask(site, method, path, body=b"", query="", version=None):
    head = {"content-type": "application/json", "x-atlassian-token": "no-check", "host": "jira.example.com"}
    prepared = site.session().prepare_request(
        requests.Request("GET", "https://jira.example.com/", headers={})
    )
    head["authorization"] = prepared.headers["Authorization"]
    request = Request(method, f"/rest/api/{version or site.version}/{path}", query, head, body)
    reply = site.platform.handle(request, datetime(2026, 3, 1, 10, tzinfo=UTC), Random(1))
    assert reply.status < 500
    if reply.status >= 400 and reply.headers.get("Content-Type") == "application/json":
        content = json.loads(reply.body)
        assert {"errorMessages", "errors"} <= set(content) or {"message", "status-code"} <= set(content)
    return reply


@pytest.fixture
def site(either, doc):
    either.create()
    either.post("issue/OPS-1/comment", {"body": doc("x") if either.version == 3 else "x"})
    either.step("OPS-1", "11")
    return either


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_bodies(site, method, path):
    for value in NAUGHTY:
        ask(site, method, path, json.dumps(value).encode())
        for name in NAMES:
            ask(site, method, path, json.dumps({name: value}).encode())
    for raw in (b"", b"{", b"\xff\xfe", b"[" * 5000, b'{"a":' * 5000, b"NaN", b'"\\ud800"'):
        ask(site, method, path, raw)


@pytest.mark.parametrize("name", FIELDS)
def test_values_of_fields(site, name):
    good = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "x"}
    for value in NAUGHTY:
        for version in {2, site.version}:
            ask(
                site, "POST", "issue", json.dumps({"fields": {**good, name: value}}).encode(), version=version
            )
            ask(site, "PUT", "issue/OPS-1", json.dumps({"fields": {name: value}}).encode(), version=version)
            ask(site, "PUT", "issue/OPS-1", json.dumps({"update": {name: value}}).encode(), version=version)
            step = {"transition": {"id": "61"}, "fields": {name: value}}
            ask(site, "POST", "issue/OPS-1/transitions", json.dumps(step).encode(), version=version)
    site.platform.snapshot()
    assert ask(site, "GET", "issue/OPS-1").status == 200


@pytest.mark.parametrize("path", ["search/jql", "search"])
def test_queries(site, path):
    fragments = [
        "project", "=", "OPS", "AND", "OR", "NOT", "(", ")", "in", "is", "EMPTY", "~", '"x', "'", "\\", ",", "cf[1]", "[",
        "updated", ">=", "-5m", "99999999999999999999", "ORDER", "BY", "desc", "labels", "now()", "f(1)", "\x00", "€",
        "duedate", "2026-02-30", '"0000/00/00 99:99"', "9999-12-31", "0001-01-01", "key", "id", "text", '"\\u12"', "%",
    ]  # fmt: skip
    rng = Random(7)
    for _ in range(1500):
        jql = " ".join(rng.choice(fragments) for _ in range(rng.randint(1, 9)))
        ask(site, "GET", path, query=urlencode({"jql": jql}))
    ask(site, "GET", path, query=urlencode({"jql": "(" * 3000 + "a = b" + ")" * 3000}))
    lone = json.dumps({"jql": 'summary ~ "a \ud800"'}).encode()
    assert ask(site, "POST", path, lone).status in {200, 410, 404, 405}
    ask(site, "GET", path, query=urlencode({"jql": "not " * 3000 + "a = b"}))


@pytest.mark.parametrize(
    "name", ["startAt", "maxResults", "nextPageToken", "reconcileIssues", "fields", "expand"]
)
def test_parameters(site, name):
    for value in ("", "-1", "x", "1e3", "9" * 30, "*all", "null", "a,,b", "%00", "²"):
        for path in ("search/jql", "search", "issue/OPS-1", "issue/OPS-1/comment", "user/search", "users/search",
                     "issue/OPS-1/changelog", "group/member", "issue/createmeta/OPS/issuetypes"):  # fmt: skip
            ask(site, "GET", path, query=urlencode({"jql": "project = OPS", "username": "a", name: value}))


@pytest.mark.parametrize("reference", ["²", "٣", "-1", "0", "9" * 5000, "OPS-", "%", "a b", "..", "ops-1"])
def test_references(site, reference):
    for path in ("issue/{}", "issue/{}/comment", "issue/OPS-1/comment/{}", "attachment/{}", "attachment/content/{}",
                 "issue/OPS-1/remotelink/{}", "project/{}", "status/{}", "comment/{}/properties", "priority/{}",
                 "issue/createmeta/{}/issuetypes", "issue/OPS-1/properties/{}"):  # fmt: skip
        ask(site, "GET", path.format(reference))
        ask(site, "DELETE", path.format(reference))


def test_multipart(site):
    boundary = "multipart/form-data; boundary=b"
    for kind in (boundary, "multipart/form-data", "multipart/form-data; boundary=", "", "x" * 10_000):
        for body in (b"", b"--b--", b"--b\r\n", b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--',
                     b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\r\n--b'):  # fmt: skip
            head = {"content-type": kind, "x-atlassian-token": "no-check"}
            head["authorization"] = (
                site.session()
                .prepare_request(requests.Request("GET", "https://jira.example.com/"))
                .headers["Authorization"]
            )
            request = Request("POST", f"/rest/api/{site.version}/issue/OPS-1/attachments", "", head, body)
            assert site.platform.handle(request, datetime(2026, 3, 1, tzinfo=UTC), Random(1)).status < 500
