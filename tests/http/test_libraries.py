"""The three client libraries on our sessions: one request for one write, our exceptions unchanged, rehearsals that hold.

Once over mocked adapters and once over real sockets: the mock knows nothing of dropped connections.
"""

import json
import warnings
from importlib import import_module

import jira
import pysnow
import pytest
import requests
import responses

from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.http.exchange import Rehearsed


def snow_create(http):
    host = http.base_url.partition("://")[2]
    client = pysnow.Client(host=host, use_ssl=http.base_url.startswith("https"), session=http.session())
    return client.resource(api_path="/table/incident").create(payload={"short_description": "x"}).one()


def snow_read(http):
    host = http.base_url.partition("://")[2]
    client = pysnow.Client(host=host, use_ssl=http.base_url.startswith("https"), session=http.session())
    return client.resource(api_path="/table/incident").get(query={"sys_id": "1"}, stream=True).first()


def jira_client(http):
    client = jira.JIRA(server=http.base_url, get_server_info=False, max_retries=0)
    http.equip(client._session)
    return client


def jira_create(http):
    fields = {"project": {"key": "OPS"}, "summary": "x", "issuetype": {"id": "1"}}
    return jira_client(http).create_issue(fields=fields, prefetch=False)


def jira_attach(http, tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"content")
    return jira_client(http).add_attachment(issue="OPS-1", attachment=str(path))


def jira_read(http):
    return jira_client(http).issue("OPS-1")


def pagerduty(http):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library = import_module("pdpyras")
    session = http.equip(library.APISession("placeholder", default_from="syncline@example.com"))
    session.url = http.base_url
    session.max_network_attempts = 0
    session.retry[429] = 1
    session.max_http_attempts = -1
    return session


def pagerduty_create(http):
    return pagerduty(http).rpost("incidents", json={"type": "incident", "title": "x"})


def pagerduty_read(http):
    return pagerduty(http).rget("/incidents/P1")


WRITES = {"pysnow": snow_create, "jira": jira_create, "pdpyras": pagerduty_create}
READS = {"pysnow": snow_read, "jira": jira_read, "pdpyras": pagerduty_read}
GOOD = {
    "pysnow": {"result": [{"sys_id": "1"}]},
    "jira": {"id": "1", "key": "OPS-1", "fields": {}},
    "pdpyras": {"incident": {"id": "P1"}},
}


@pytest.mark.parametrize("library", WRITES)
def test_a_dropped_write_is_sent_once(live, server, answers, library):
    server.answer = answers.drop
    with pytest.raises(OutcomeUnknown) as caught:
        WRITES[library](live())
    assert type(caught.value) is OutcomeUnknown
    assert len(server.requests) == 1
    assert server.requests[0][0] == "POST"


def test_a_dropped_attachment_is_sent_once(live, server, answers, tmp_path):
    server.answer = answers.drop
    with pytest.raises(OutcomeUnknown):
        jira_attach(live(), tmp_path)
    assert len(server.requests) == 1
    assert b"content" in server.bodies[0]


@pytest.mark.parametrize("library", WRITES)
@pytest.mark.parametrize(
    ("status", "kind", "times"),
    [
        (400, Refused, 1),
        (401, Configuration, 1),
        (403, Refused, 1),
        (404, Gone, 1),
        (429, RetryLater, 1),
        (503, OutcomeUnknown, 1),
    ],
)
def test_a_write_that_failed_ends_in_our_exception(live, server, answers, library, status, kind, times):
    server.answer = lambda handler: answers.json(handler, status, {"error": {}}, {"Retry-After": "60"})
    with pytest.raises(kind) as caught:
        WRITES[library](live())
    assert type(caught.value) is kind
    assert len(server.requests) == times


@pytest.mark.parametrize("library", READS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Configuration), (401, Configuration), (404, Gone), (429, RetryLater), (503, RetryLater)],
)
def test_a_read_that_failed_ends_in_our_exception(live, server, answers, library, status, kind):
    server.answer = lambda handler: answers.json(handler, status, {"error": {}}, {"Retry-After": "60"})
    with pytest.raises(kind) as caught:
        READS[library](live())
    assert type(caught.value) is kind
    assert len(server.requests) == 1


@pytest.mark.parametrize("library", READS)
def test_a_page_never_reaches_a_library(live, server, answers, library):
    page = b"<html><title>Instance Hibernating page</title></html>"
    server.answer = lambda handler: answers.json(handler, 200, page, {"Content-Type": "text/html"})
    with pytest.raises(RetryLater, match="hibernates"):
        READS[library](live())


@pytest.mark.parametrize("library", READS)
def test_what_is_well_reaches_the_library(live, server, answers, library):
    server.answer = lambda handler: answers.json(handler, 200, GOOD[library])
    assert READS[library](live())
    server.answer = lambda handler: answers.json(handler, 201, GOOD[library])
    assert WRITES[library](live())
    assert all(headers["Authorization"].startswith("Basic ") for headers in server.headers)


@pytest.mark.parametrize("library", WRITES)
def test_a_rehearsal_sends_no_write_and_shows_it(live, server, answers, library):
    server.answer = lambda handler: answers.json(handler, 200, GOOD[library])
    twin = live().rehearsal()
    READS[library](twin)
    before = len(server.requests)
    with pytest.raises(Rehearsed) as caught:
        WRITES[library](twin)
    call = caught.value.call
    assert len(server.requests) == before
    assert call.method == "POST"
    assert call.url.startswith(server.url)
    assert json.loads(call.body)
    assert "Basic" not in str(call.headers)
    assert "placeholder" not in str(call.headers)


def test_a_rehearsed_attachment_shows_its_content(live, server, tmp_path):
    with pytest.raises(Rehearsed) as caught:
        jira_attach(live().rehearsal(), tmp_path)
    assert b"content" in caught.value.call.body
    assert server.requests == []


def test_a_rehearsal_shares_all_but_the_writing(make, tools):
    world = make(tools.reply(200, {"a": 1}))
    twin = world.http.rehearsal()
    assert twin.session() is not world.http.session()
    assert twin.json("GET", "/x") == {"a": 1}
    assert twin.json("POST", "/search", json={}, safe=True) == {"a": 1}
    with pytest.raises(Rehearsed):
        twin.request("POST", "/x")
    assert world.http.counts == twin.counts == {"read": 2, ("GET", "2xx"): 1, ("POST", "2xx"): 1}
    assert world.http.request("POST", "/x").ok
    assert (twin.instance, twin.base_url) == (world.http.instance, world.http.base_url)


def test_rehearsed_is_none_of_the_errors_that_anyone_catches():
    assert not issubclass(Rehearsed, requests.RequestException | OSError)
    assert Rehearsed.__bases__ == (Exception,)


@pytest.mark.parametrize("library", WRITES)
def test_over_mocked_adapters(live, library):
    http = live(base_url="https://mocked.example.com")
    with responses.RequestsMock() as mock:
        mock.add(responses.POST, requests_url(library), body=requests.ConnectionError("reset"))
        with pytest.raises(OutcomeUnknown):
            WRITES[library](http)
        assert len(mock.calls) == 1
    with responses.RequestsMock() as mock:
        mock.add(
            responses.POST,
            requests_url(library),
            json={"error": {}},
            status=429,
            headers={"Retry-After": "1"},
        )
        mock.add(responses.POST, requests_url(library), json=GOOD[library], status=201)
        assert WRITES[library](live(base_url="https://mocked.example.com"))
        assert len(mock.calls) == 2
        assert mock.calls[0].request.body == mock.calls[1].request.body


def requests_url(library):
    paths = {"pysnow": "/api/now/table/incident", "jira": "/rest/api/2/issue", "pdpyras": "/incidents"}
    return f"https://mocked.example.com{paths[library]}"


def test_what_a_caller_says_goes_for_calls_through_a_library(make, tools):
    world = make(tools.reply(503), tools.reply(200), tools.reply(422))
    session = world.http.session()
    with world.http.about(record="OPS-1", safe=True):
        assert session.post("https://snow.example.com/search").ok
    with pytest.raises(Refused) as caught, world.http.about(record="OPS-1"), world.http.about(raw=False):
        session.post("https://snow.example.com/issue")
    assert "snow-prod: OPS-1: POST /issue" in str(caught.value)
    assert world.http.counts["write"] == 1
    with pytest.raises(Refused) as bare:
        session.post("https://snow.example.com/issue")
    assert "OPS-1" not in str(bare.value)
