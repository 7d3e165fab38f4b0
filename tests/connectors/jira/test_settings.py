"""Which Jira it is, and how we authenticate there."""

from typing import Any

import pytest
from pydantic import SecretStr

from syncline.connector import Hint
from syncline.http.settings import InvalidSettings
from syncline_jira import plugin
from syncline_jira.settings import JiraSettings

GATEWAY = "https://api.atlassian.com/ex/jira/11223344-a1b2-3b33-c444-def123456789"


def load(url: str, **more: Any) -> JiraSettings:
    return JiraSettings.load(
        {"name": "jira-test", "platform": "jira", "url": url, "projects": ["OPS"], **more}
    )


@pytest.mark.parametrize(
    ("url", "more", "cloud", "scheme"),
    [
        ("https://acme.atlassian.net", {"user": "a@example.com"}, True, "api_token"),
        (GATEWAY, {}, True, "scoped_token"),
        (GATEWAY, {"user": "a@example.com"}, True, "scoped_token"),
        ("https://jira.acme.example/jira/", {}, False, "pat"),
        ("https://jira.acme.example", {"auth": "basic", "user": "syncline"}, False, "basic"),
        ("http://127.0.0.1:8080", {"flavour": "cloud", "user": "a@example.com"}, True, "api_token"),
    ],
)
def test_the_host_says_which_flavour_it_is(url: str, more: dict[str, Any], cloud: bool, scheme: str) -> None:
    found = load(url, **more)
    assert (found.is_cloud, found.scheme) == (cloud, scheme)


@pytest.mark.parametrize(
    ("url", "more", "words"),
    [
        ("https://acme.atlassian.net", {}, "user is not set"),
        ("https://acme.atlassian.net", {"auth": "scoped_token"}, "api.atlassian.com/ex/jira"),
        ("https://acme.atlassian.net", {"auth": "pat"}, "Data Center"),
        ("https://jira.acme.example", {"auth": "api_token"}, "Jira Cloud"),
        (GATEWAY, {"projects": []}, "at least 1"),
        (GATEWAY, {"projects": ['OPS" OR project = "X']}, "pattern"),
        (GATEWAY, {"jql": "component = Web ORDER BY key"}, "ORDER BY"),
        (GATEWAY, {"jql": "component = Web) OR (project = X"}, "unbalanced"),
        (GATEWAY, {"jql": 'summary ~ "x'}, "unbalanced"),
        (GATEWAY, {"jql": "x" * 1001}, "1000"),
        (GATEWAY, {"internal_comments": {"role": "A", "group": "B"}}, "only one"),
        (GATEWAY, {"projekts": ["OPS"]}, "did you mean projects"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_sent(url: str, more: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load(url, **more)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("url", "more", "header"),
    [
        ("https://acme.atlassian.net", {"user": "a@example.com"}, "Basic YUBleGFtcGxlLmNvbTpz"),
        (GATEWAY, {}, "Bearer s"),
        (GATEWAY, {"user": "a@example.com"}, "Basic YUBleGFtcGxlLmNvbTpz"),
        ("https://jira.acme.example", {"user": "ignored"}, "Bearer s"),
        ("https://jira.acme.example", {"auth": "basic", "user": "u"}, "Basic dTpw"),
    ],
)
def test_each_scheme_signs_as_jira_wants_it(cloud: Any, url: str, more: dict[str, Any], header: str) -> None:
    secrets = {"password": SecretStr("p")} if more.get("auth") == "basic" else {"token": SecretStr("s")}
    if url.startswith("https://jira."):
        cloud.cloud = False
    cloud.url = url
    cloud.on("GET", "serverInfo", {"serverTime": "2026-11-22T10:00:00.000+0000"})
    given = {"user": "", "token": None} | more | secrets
    cloud.connect(
        **{name: value for name, value in given.items() if value is not None or name == "token"}
    ).start(None)
    assert cloud.headers()["Authorization"] == header


def test_projects_can_come_from_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCLINE_JIRA_TEST_PROJECTS", "OPS, NET")
    assert load(GATEWAY).projects == ["OPS", "NET"]


def test_a_missing_token_is_named_with_the_places_that_were_tried(cloud: Any) -> None:
    with pytest.raises(InvalidSettings, match="SYNCLINE_JIRA_TEST_TOKEN"):
        cloud.connect(token=None).lookup("OPS-1")


def hints(site: Any, body: str | bytes, **headers: str) -> Any:
    raw = body.encode() if isinstance(body, str) else body
    return tuple(
        site.connect().parse_hint({name.replace("_", "-"): value for name, value in headers.items()}, raw)
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"webhookEvent": "jira:issue_updated", "issue": {"id": "10012", "key": "OPS-12"}}',
        '{"webhookEvent": "jira:issue_deleted", "issue": {"id": "10012", "fields": {"project": {"key": "OPS"}}}}',
        '{"webhookEvent": "comment_created", "issue": {"id": "10012"}, "comment": {"id": "5"}}',
        '{"webhookEvent": "comment_deleted", "comment": {"self": "https://x/rest/api/2/issue/10012/comment/5"}}',
    ],
)
def test_a_webhook_says_which_issue_to_look_at(cloud: Any, body: str) -> None:
    assert hints(cloud, body, x_atlassian_webhook_identifier="d-1") == (Hint("10012", "d-1"),)
    assert hints(cloud, body) == (Hint("10012", None),)


@pytest.mark.parametrize(
    "body",
    [
        '{"webhookEvent": "jira:issue_updated", "issue": {"id": "10012", "key": "HR-12"}}',
        '{"webhookEvent": "project_created", "project": {"id": 1}}',
        '{"webhookEvent": "attachment_created", "attachment": {"id": 1}}',
        '{"webhookEvent": "jira:issue_updated", "issue": {"id": "../1"}}',
        '{"webhookEvent": "jira:issue_updated", "issue": 7}',
    ],
)
def test_what_is_about_no_issue_of_ours_is_no_hint(cloud: Any, body: str) -> None:
    assert hints(cloud, body) == ()


@pytest.mark.parametrize(
    "body", ["", "[]", "7", "{}", '{"event": "incident.triggered"}', "[" * 100_000, b"\xff\xfe"]
)
def test_a_body_that_is_not_jiras_is_an_error(cloud: Any, body: str | bytes) -> None:
    with pytest.raises(ValueError):
        hints(cloud, body)


def test_the_plugin_states_what_jira_can_do() -> None:
    assert plugin.platform == "jira"
    assert plugin.capabilities.workflow == "status"
    assert plugin.capabilities.create_key is False
