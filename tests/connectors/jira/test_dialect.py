"""How Jira says no."""

from typing import Any

import pytest
import requests
from jira.exceptions import JIRAError

from syncline.connector import Update
from syncline.errors import Configuration, RetryLater
from syncline.http.dialect import Reaction
from syncline_jira import plugin
from syncline_jira.client import translated


def reply(
    status: int, body: bytes = b"{}", url: str = "https://acme.atlassian.net/rest/api/3/issue", **headers: str
) -> requests.Response:
    found = requests.Response()
    found.status_code, found._content, found.url = status, body, url
    found.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return found


def test_a_captcha_is_a_matter_of_configuration() -> None:
    verdict = plugin.dialect.verdict(
        reply(403, X_Authentication_Denied_Reason="CAPTCHA_CHALLENGE; login-url=https://x")
    )
    assert verdict is not None
    assert verdict.reaction is Reaction.CONFIGURATION
    assert "CAPTCHA" in verdict.reason


def test_a_permission_that_one_write_lacks_is_left_to_the_table() -> None:
    assert plugin.dialect.verdict(reply(403)) is None


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("https://acme.atlassian.net/rest/api/3/myself", "https://api.atlassian.com/ex/jira/<cloud id>"),
        ("https://api.atlassian.com/ex/jira/1/rest/api/3/myself", "read:jira-work"),
        ("https://jira.acme.example/rest/api/2/myself", "personal access token"),
    ],
)
def test_401_says_what_is_usually_wrong_at_that_host(url: str, hint: str) -> None:
    verdict = plugin.dialect.verdict(reply(401, b'{"message": "Unauthorized"}', url))
    assert verdict is not None
    assert verdict.reaction is Reaction.CONFIGURATION
    assert hint in verdict.reason
    assert "Unauthorized" in verdict.reason


def test_a_search_that_nobody_is_logged_in_for_is_not_believed_to_be_empty() -> None:
    verdict = plugin.dialect.verdict(
        reply(200, b'{"issues": []}', X_Seraph_LoginReason="AUTHENTICATED_FAILED")
    )
    assert verdict is not None
    assert verdict.reaction is Reaction.CONFIGURATION
    assert plugin.dialect.verdict(reply(200, b'{"issues": []}', X_Seraph_LoginReason="OK")) is None


def test_the_removed_search_says_that_this_is_cloud() -> None:
    verdict = plugin.dialect.verdict(reply(410, url="https://jira.acme.example/rest/api/2/search?jql=x"))
    assert verdict is not None
    assert verdict.reaction is Reaction.CONFIGURATION
    assert "flavour: cloud" in verdict.reason


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            b'{"errorMessages": ["One.", "Two."], "errors": {"summary": "Too long."}}',
            "One.; Two.; summary: Too long.",
        ),
        (b'{"message": "from the gateway", "code": 403}', "from the gateway"),
        (b'{"errorMessage": "unavailable"}', "unavailable"),
        (b"<html>", "HTTP 418"),
        (b'{"errorMessages": "x", "errors": [1]}', "HTTP 418"),
        (b"[" * 5000, "HTTP 418"),
        (b'{"errorMessages": ["' + b"x" * 5000 + b'"]}', "x" * 500),
        (b'{"errorMessages": ["line\\nline"]}', "line line"),
    ],
)
def test_the_reason_is_jiras_own_words_on_one_line(body: bytes, words: str) -> None:
    assert plugin.dialect.reason(reply(418, body)) == words


@pytest.mark.parametrize(
    ("reset", "date", "seconds"),
    [
        ("2026-11-22T10:01:00Z", "Sun, 22 Nov 2026 10:00:30 GMT", 30.0),
        ("2026-11-22T11:01:00+01:00", "Sun, 22 Nov 2026 10:00:30 GMT", 30.0),
        ("2026-11-22T09:00:00Z", "Sun, 22 Nov 2026 10:00:30 GMT", 0.0),
        ("2036-11-22T09:00:00Z", "Sun, 22 Nov 2026 10:00:30 GMT", 3600.0),
        ("60", "Sun, 22 Nov 2026 10:00:30 GMT", None),
        ("2026-11-22T10:01:00Z", "", None),
        ("", "", None),
    ],
)
def test_a_reset_in_iso_time_is_a_wait(reset: str, date: str, seconds: float | None) -> None:
    assert plugin.dialect.wait(reply(429, X_RateLimit_Reset=reset, Date=date)) == seconds
    assert plugin.dialect.wait(reply(200, X_RateLimit_Reset=reset, Date=date)) is None


def test_a_limit_names_which_one(cloud: Any) -> None:
    said = {"Retry-After": "30", "RateLimit-Reason": "jira-per-issue-on-write"}
    cloud.on("PUT", "issue/10012", {"errorMessages": ["Rate limit exceeded."]}, 429, headers=said)
    cloud.know_me()
    jira = cloud.connect()
    with pytest.raises(RetryLater, match="jira-per-issue-on-write") as caught:
        jira.write(Update("10012", {"summary": "x"}))
    assert caught.value.after == 30


def test_a_page_instead_of_json_is_no_issue(site: Any) -> None:
    site.web.add(
        "GET", site.api("issue/10012"), body="<html><title>Log in</title></html>", content_type="text/html"
    )
    with pytest.raises(Configuration, match="login"):
        site.connect().read("10012")


def test_an_error_of_the_library_itself_is_translated_without_its_headers() -> None:
    error = translated(JIRAError("secret body", status_code=401, url="https://x"), "jira-test")
    assert isinstance(error, Configuration)
    assert "secret" not in str(error)
