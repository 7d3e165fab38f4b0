"""The exact requests, and how replies are judged: each against a reply written out in full."""

import json
import subprocess
import sys
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import responses
from pydantic import SecretStr

from syncline.connector import Comment, Create, Update
from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.http.dialect import Reaction
from syncline.model import Visibility
from syncline_pagerduty.dialect import verdict, wait
from syncline_pagerduty.writing import resolution_note

API = "https://api.pagerduty.com"
DATE = {"Date": "Mon, 23 Nov 2026 10:00:00 GMT"}

INCIDENT = {
    "id": "PT4KHLK",
    "type": "incident",
    "summary": "[#1234] The server is on fire.",
    "self": f"{API}/incidents/PT4KHLK",
    "html_url": "https://subdomain.pagerduty.com/incidents/PT4KHLK",
    "incident_number": 1234,
    "created_at": "2026-11-23T09:00:00Z",
    "updated_at": "2026-11-23T09:30:00Z",
    "status": "acknowledged",
    "title": "The server is on fire.",
    "incident_key": "syncline-sl-7k2m9qxa",
    "service": {"id": "PWIXJZS", "type": "service_reference", "summary": "My Mail Service"},
    "priority": {"id": "P53ZZH5", "type": "priority_reference", "summary": "P2"},
    "assigned_via": "escalation_policy",
    "assignments": [
        {
            "at": "2026-11-23T09:00:01Z",
            "assignee": {"id": "PXPGF42", "type": "user_reference", "summary": "Earline Greenholt"},
        }
    ],
    "escalation_policy": {"id": "PT20YPA", "type": "escalation_policy_reference", "summary": "Another"},
    "teams": [{"id": "PQ9K7I8", "type": "team_reference", "summary": "Engineering"}],
    "urgency": "high",
}

PRIORITIES = {"priorities": [{"id": "P53ZZH5", "type": "priority", "name": "P2"}], "more": False}


def sent(call):
    """Method, path and query of a request."""
    parts = urlsplit(call.request.url)
    return call.request.method, parts.path, sorted(parse_qsl(parts.query))


@pytest.fixture
def api():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def test_a_create_is_sent_as_the_contract_has_it(plain, api):
    connector, _ = plain(services=["PWIXJZS"])
    api.get(f"{API}/priorities", json=PRIORITIES, headers=DATE)
    api.post(f"{API}/incidents", status=201, json={"incident": INCIDENT}, headers=DATE)
    values = {
        "title": "The server is on fire.",
        "priority": "P2",
        "urgency": "high",
        "description": "Quite a lot.",
        "escalation_policy": "PT20YPA",
    }
    receipt = connector.write(Create("SL-7K2M9QXA", values))
    assert receipt.record_id == "PT4KHLK"
    assert receipt.record.marker == "SL-7K2M9QXA"
    request = api.calls[-1].request
    assert json.loads(request.body) == {
        "incident": {
            "type": "incident",
            "title": "The server is on fire.",
            "service": {"id": "PWIXJZS", "type": "service_reference"},
            "priority": {"id": "P53ZZH5", "type": "priority_reference"},
            "urgency": "high",
            "incident_key": "syncline-sl-7k2m9qxa",
            "body": {"type": "incident_body", "details": "Quite a lot."},
            "escalation_policy": {"id": "PT20YPA", "type": "escalation_policy_reference"},
        }
    }
    assert request.headers["From"] == "syncline@example.com"
    assert request.headers["Accept"] == "application/vnd.pagerduty+json;version=2"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"].startswith("pdpyras/5.4")


def test_an_update_is_sent_as_the_contract_has_it(plain, api):
    connector, _ = plain()
    api.put(f"{API}/incidents/PT4KHLK", json={"incident": INCIDENT}, headers=DATE)
    connector.write(Update("PT4KHLK", {"status": "resolved", "resolution": "Done.", "assignee": "PXPGF42"}))
    assert json.loads(api.calls[-1].request.body) == {
        "incident": {
            "type": "incident_reference",
            "status": "resolved",
            "resolution": resolution_note("Done."),
            "assignments": [{"assignee": {"id": "PXPGF42", "type": "user_reference"}}],
        }
    }


def test_a_note_is_sent_as_the_contract_has_it(plain, api):
    connector, _ = plain()
    api.post(
        f"{API}/incidents/PT4KHLK/notes", json={"note": {"id": "PWL7QXS", "content": "Hi"}}, headers=DATE
    )
    assert connector.write(Comment("PT4KHLK", "m", "Hi", Visibility.INTERNAL)).item_id == "PWL7QXS"
    assert json.loads(api.calls[-1].request.body) == {"note": {"content": "Hi"}}


def test_a_poll_asks_for_the_log_with_its_incidents_and_says_utc(plain, api):
    connector, clock = plain()
    api.get(f"{API}/users", json={"users": []})
    api.get(f"{API}/log_entries", json={"log_entries": [], "more": False}, headers=DATE)
    cursor = connector.start(None)
    clock.move(100)
    connector.poll(cursor, 500)
    method, path, query = sent(api.calls[-1])
    headers = api.calls[-1].request.headers
    assert headers["Accept"] == "application/vnd.pagerduty+json;version=2"
    assert headers["Content-Type"] == "application/json"
    assert (method, path) == ("GET", "/log_entries")
    assert dict(query) == {
        "include[]": "incidents",
        "limit": "100",
        "offset": "0",
        "since": "2026-11-23T10:00:00Z",
        "until": "2026-11-23T10:02:40Z",
    }


def test_find_asks_for_the_key(plain, api):
    connector, _ = plain(services=["PWIXJZS", "PSECOND"])
    alert = INCIDENT | {"id": "PALERT", "incident_key": None}
    api.get(f"{API}/incidents", json={"incidents": [alert, INCIDENT], "more": False}, headers=DATE)
    (found,) = connector.find("SL-7K2M9QXA")
    assert found.id == "PT4KHLK"
    assert sent(api.calls[-1])[2] == [
        ("date_range", "all"),
        ("incident_key", "syncline-sl-7k2m9qxa"),
        ("limit", "100"),
        ("offset", "0"),
        ("service_ids[]", "PSECOND"),
        ("service_ids[]", "PWIXJZS"),
    ]


def test_an_entry_that_brings_a_reference_only_costs_one_read(plain, api):
    connector, clock = plain(services=["PWIXJZS"])
    entry = {
        "id": "R1",
        "type": "some_new_log_entry",
        "created_at": "2026-11-23T10:00:30Z",
        "incident": {"id": "PT4KHLK", "type": "incident_reference"},
        "agent": {"id": "PXPGF42", "type": "user_reference", "summary": "Earline Greenholt"},
    }
    broken = entry | {"id": "R2", "incident": {"id": "PBROKEN"}}
    stranger = entry | {"id": "R3", "incident": {"id": "PX"}, "service": {"id": "POTHER"}}
    nameless = {"id": "R4", "type": "x_log_entry", "created_at": "2026-11-23T10:00:31Z"}
    rows = [entry, broken, stranger, nameless, "no object"]
    api.get(f"{API}/log_entries", json={"log_entries": [], "more": False}, headers=DATE)
    api.get(f"{API}/users", json={"users": []}, headers=DATE)
    api.get(f"{API}/incidents/PT4KHLK", json={"incident": INCIDENT}, headers=DATE)
    api.get(f"{API}/incidents/PBROKEN", json={"incident": {"id": "PBROKEN"}}, headers=DATE)
    cursor = connector.start(None)
    clock.move(40)
    api.replace(responses.GET, f"{API}/log_entries", json={"log_entries": rows, "more": False}, headers=DATE)
    page = connector.poll(cursor, 100)
    assert [s.record_id for s in page.sightings] == ["PT4KHLK"]
    assert page.sightings[0].record.updated_by == "Earline Greenholt"
    assert connector.poll(page.cursor, 100).sightings == ()


def test_entries_from_before_the_window_are_not_news(plain, api):
    """One report says that PagerDuty counts `since` in whole days."""
    connector, clock = plain(services=[])
    entry = {
        "id": "R1",
        "type": "trigger_log_entry",
        "created_at": "2026-11-23T01:00:00Z",
        "incident": INCIDENT,
    }
    api.get(f"{API}/users", json={"users": []}, headers=DATE)
    api.get(f"{API}/log_entries", json={"log_entries": [entry], "more": False}, headers=DATE)
    cursor = connector.start(None)
    clock.move(40)
    assert connector.poll(cursor, 100).sightings == ()


def test_each_failure_is_one_request_whatever_the_library_would_do(plain, api):
    connector, _ = plain()
    for answer, error in (
        ({"body": requests.ConnectionError("reset")}, OutcomeUnknown),
        ({"body": requests.ReadTimeout("late")}, OutcomeUnknown),
        ({"status": 503}, OutcomeUnknown),
        ({"status": 500, "json": {"error": {"message": "Internal", "code": 1}}}, OutcomeUnknown),
        ({"status": 408}, OutcomeUnknown),
    ):
        api.reset()
        api.post(f"{API}/incidents/PX/notes", **answer)
        with pytest.raises(error):
            connector.write(Comment("PX", "m", "x", Visibility.INTERNAL))
        assert len(api.calls) == 1


def test_a_429_waits_as_pagerduty_says(plain, api):
    connector, _ = plain()
    throttled = {"error": {"message": "Rate Limit Exceeded", "code": 2020}}
    api.get(
        f"{API}/incidents/PX/notes", status=429, json=throttled, headers={"ratelimit-reset": "42", **DATE}
    )
    with pytest.raises(RetryLater) as later:
        connector.remarks("PX")
    assert later.value.after == 42
    assert len(api.calls) == 1


def reply(status, code=None, *errors, method="PUT", path="/incidents/PX", message="Said"):
    response = requests.Response()
    response.status_code = status
    response.url = API + path
    response.request = requests.Request(method, API + path).prepare()
    error = {"message": message, "code": code, "errors": list(errors)}
    response._content = json.dumps({"error": error}).encode() if code is not None else b"<html>"
    return response


@pytest.mark.parametrize(
    ("response", "reaction", "field"),
    [
        (reply(400, 1001), Reaction.REFUSED, "status"),
        (reply(400, 1002), Reaction.REFUSED, "status"),
        (reply(400, 1005), Reaction.LATER, None),
        (reply(400, 1008), Reaction.CONFIGURATION, None),
        (reply(400, 2013), Reaction.CONFIGURATION, None),
        (reply(400, 1014), Reaction.REFUSED, "escalation_policy"),
        (reply(400, 1015), Reaction.REFUSED, "escalation_policy"),
        (reply(400, 1019), Reaction.REFUSED, "status"),
        (reply(400, 1020), Reaction.REFUSED, "priority"),
        (reply(400, 2001), Reaction.REFUSED, None),
        (reply(400, 2016), Reaction.UNKNOWN, None),
        (reply(400, 2016, method="GET"), Reaction.LATER, None),
        (reply(403, 2018), Reaction.GONE, None),
        (reply(429, 2020), Reaction.LATER, None),
        (reply(401, 2006), Reaction.CONFIGURATION, None),
        (reply(402, 2012), Reaction.REFUSED, None),
        (reply(402, 2012, method="GET", path="/priorities"), Reaction.CONFIGURATION, None),
        (reply(403, 2010, method="GET", path="/log_entries"), Reaction.CONFIGURATION, None),
        (reply(403, 2010, method="GET"), Reaction.GONE, None),
        (reply(404, 2100, method="GET", path="/log_entries"), Reaction.CONFIGURATION, None),
        (reply(404, 2100, method="POST", path="/incidents"), Reaction.REFUSED, None),
        (
            reply(
                400,
                2002,
                "Open incident with matching dedup key already exists",
                method="POST",
                path="/incidents",
            ),
            Reaction.REFUSED,
            "incident_key",
        ),
    ],
)
def test_what_a_code_means(response, reaction, field):
    found = verdict(response)
    assert found.reaction is reaction
    assert (next(iter(found.fields), None)) == field


@pytest.mark.parametrize("status", [200, 404, 408, 429, 500, 503])
def test_where_pagerduty_says_no_more_the_status_decides(status):
    assert verdict(reply(status)) is None


def test_reasons_are_pagerdutys_own_words():
    found = verdict(reply(400, 2001, "Title is\ntoo long", "x" * 500))
    assert found.reason.startswith("Said; Title is too long; xxx")
    assert len(found.reason) < 300
    assert "service region" in verdict(reply(401, 2006)).reason


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("", None), ("soon", None), ("-4", None), ("1e9", 3600.0)]
)
def test_the_wait_is_that_of_the_header(header, seconds):
    response = reply(429, 2020)
    response.headers["ratelimit-reset"] = header
    assert wait(response) == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"7",
        b"",
        b'{"incident": []}',
        b'{"incident": {"id": 5}}',
        b'{"incident": {"id": "P1"}}',
    ],
)
def test_replies_that_are_no_incident_are_errors_of_ours(plain, api, body):
    connector, _ = plain()
    api.get(f"{API}/incidents/P1", body=body, content_type="application/json", headers=DATE)
    api.put(f"{API}/incidents/P1", body=body, content_type="application/json", headers=DATE)
    with pytest.raises((RetryLater, Configuration)):
        connector.read("P1")
    if body == b'{"incident": {"id": "P1"}}':
        assert connector.write(Update("P1", {"title": "x"})).record is None
    else:
        with pytest.raises(OutcomeUnknown):
            connector.write(Update("P1", {"title": "x"}))


@pytest.mark.parametrize("page", [b"<html>Log in</html>"])
def test_a_login_page_is_not_taken_for_an_answer(plain, api, page):
    connector, _ = plain()
    api.get(f"{API}/incidents/P1", body=page, content_type="text/html", headers=DATE)
    with pytest.raises((Configuration, RetryLater)):
        connector.read("P1")


def test_ids_cannot_leave_their_place_in_the_path(plain, api):
    connector, _ = plain()
    api.get(
        f"{API}/incidents/..%2Fusers%3Fa%3D1",
        status=404,
        json={"error": {"message": "Not Found", "code": 2100}},
    )
    with pytest.raises(Gone):
        connector.read("../users?a=1")
    assert urlsplit(api.calls[0].request.url).path == "/incidents/..%2Fusers%3Fa%3D1"


def test_the_key_is_sent_as_pagerduty_wants_it_and_shown_nowhere(plain, api, caplog):
    caplog.set_level("DEBUG")
    connector, _ = plain(token=SecretStr("y_NbAkKc66ryYTWUXYEu"))
    api.post(
        f"{API}/incidents/P1/notes",
        status=400,
        json={"error": {"message": "y_NbAkKc66ryYTWUXYEu", "code": 2001}},
    )
    with pytest.raises(Refused) as refused:
        connector.write(Comment("P1", "m", "x", Visibility.INTERNAL))
    assert api.calls[0].request.headers["Authorization"] == "Token token=y_NbAkKc66ryYTWUXYEu"
    assert "y_NbAkKc66ryYTWUXYEu" not in str(refused.value) + caplog.text


def test_oauth_fetches_a_scoped_bearer_token(plain, api):
    connector, _ = plain(
        auth="oauth", token=None, client_id="app", client_secret=SecretStr("hush-hush"), subdomain="acme"
    )
    token_url = "https://identity.pagerduty.com/oauth/token"
    api.post(token_url, json={"access_token": "pdus+tok", "expires_in": 3600, "token_type": "bearer"})
    api.get(f"{API}/incidents/P1/notes", json={"notes": []}, headers=DATE)
    api.get(f"{API}/users", json={"users": []}, headers=DATE)
    connector.remarks("P1")
    form = dict(
        parse_qsl(
            api.calls[0].request.body
            if isinstance(api.calls[0].request.body, str)
            else api.calls[0].request.body.decode()
        )
    )
    assert form["grant_type"] == "client_credentials"
    assert form["scope"].startswith("as_account-us.acme ")
    assert {"incidents.read", "incidents.write", "users.read"} <= set(form["scope"].split())
    assert api.calls[1].request.headers["Authorization"] == "Bearer pdus+tok"


def test_settings_say_what_is_missing(settings):
    with pytest.raises(ValueError, match="client_id"):
        settings(auth="oauth", client_secret=SecretStr("hush"))
    with pytest.raises(ValueError, match="subdomain"):
        settings(auth="oauth", client_id="a", client_secret=SecretStr("hush"))
    with pytest.raises(ValueError):
        settings(services=["not an id"])
    with pytest.raises(ValueError):
        settings(from_email="nobody")
    assert settings(services="P1, P2").services == ["P1", "P2"]
    assert settings(url="https://api.eu.pagerduty.com", subdomain="acme").scope.startswith(
        "as_account-eu.acme "
    )


def test_the_plugin_can_be_looked_at_without_its_library():
    """Importing pdpyras warns; whoever only lists the plugins shall not see it."""
    program = "import sys, syncline_pagerduty; assert 'pdpyras' not in sys.modules; from syncline_pagerduty.client import library; assert library().__version__ >= '5'"
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, env=environment)
