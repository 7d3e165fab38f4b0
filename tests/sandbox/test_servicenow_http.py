"""The simulated ServiceNow through the clients that people use: requests and pysnow."""

import pysnow
import pytest
import requests

from syncline.sandbox.catalogue import build
from syncline.sandbox.server import Sandbox


@pytest.fixture
def sandbox(clock):
    with Sandbox({"snow": build("snow", "servicenow")}, clock=clock, seed=5) as running:
        yield running


@pytest.fixture
def url(sandbox):
    return sandbox.urls["snow"]


@pytest.fixture
def client(url, http):
    http.auth = ("syncline", "sandbox")
    return pysnow.Client(host=url.removeprefix("http://"), session=http, use_ssl=False)


@pytest.fixture
def incidents(client):
    return lambda: client.resource(api_path="/table/incident")


class TestPysnow:
    def test_create_read_update_delete(self, incidents):
        made = incidents().create({"short_description": "Mail is down", "impact": "1", "urgency": "2"}).one()
        assert (made["number"], made["priority"]) == ("INC0010001", "2")
        found = incidents().get(query={"number": "INC0010001"}, fields=["sys_id", "short_description"]).one()
        assert found == {"sys_id": made["sys_id"], "short_description": "Mail is down"}
        changed = incidents().update({"number": "INC0010001"}, {"description": "since nine"}).one()
        assert (changed["description"], changed["sys_mod_count"]) == ("since nine", "1")
        assert incidents().delete({"number": "INC0010001"}) == {"status": "record deleted"}
        assert incidents().get(query={"number": "INC0010001"}).one_or_none() is None

    def test_patch(self, incidents):
        made = incidents().create({"short_description": "a"}).one()
        reply = incidents().request("PATCH", path_append=f"/{made['sys_id']}", data='{"urgency": "1"}')
        assert reply.one()["priority"] == "3"

    def test_built_queries_and_streaming(self, incidents):
        for title in ("b", "a", "c"):
            incidents().create({"short_description": title})
        query = pysnow.QueryBuilder().field("short_description").not_equals("c").AND()
        query = query.field("short_description").order_ascending()
        rows = incidents().get(query=query, stream=True).all()
        assert [row["short_description"] for row in rows] == ["a", "b"]

    # pysnow leaves the file that it uploads open.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_attachments(self, incidents, tmp_path):
        made = incidents().create({"short_description": "a"}).one()
        path = tmp_path / "notes.txt"
        path.write_text("hello")
        sent = incidents().attachments.upload(sys_id=made["sys_id"], file_path=str(path)).one()
        assert (sent["file_name"], sent["size_bytes"]) == ("notes.txt", "5")
        (listed,) = incidents().attachments.get(sys_id=made["sys_id"])
        assert listed["sys_id"] == sent["sys_id"]

    def test_an_error_keeps_its_detail(self, incidents):
        made = incidents().create({"short_description": "a"}).one()
        with pytest.raises(requests.HTTPError) as caught:
            incidents().request("PATCH", path_append=f"/{made['sys_id']}", data='{"state": "6"}').one()
        assert caught.value.response.status_code == 403
        assert "Resolution code" in caught.value.response.json()["error"]["detail"]

    def test_wrong_credentials(self, incidents, http):
        http.auth = ("syncline", "wrong")
        with pytest.raises(requests.HTTPError, match="401"):
            incidents().get(query={}).all()

    def test_what_pysnow_swallows(self, sandbox, incidents):
        for _ in range(4):
            incidents().create({"short_description": "a"})
        sandbox["snow"].set_faults(next=[{"fault": "cancelled", "method": "GET"}])
        assert len(incidents().get(query={}).all()) == 2
        sandbox["snow"].set_faults(next=[{"fault": "accepted", "method": "GET"}])
        with pytest.raises(pysnow.exceptions.EmptyContent):
            incidents().get(query={}).all()


class TestRequests:
    def test_following_the_links_sees_every_row(self, url, http):
        http.auth = ("syncline", "sandbox")
        for at in range(7):
            http.post(f"{url}/api/now/table/incident", json={"short_description": str(at)})
        address, seen = f"{url}/api/now/table/incident?sysparm_limit=3&sysparm_query=ORDERBYnumber", []
        while address:
            reply = http.get(address)
            seen += [row["short_description"] for row in reply.json()["result"]]
            address = reply.links.get("next", {}).get("url")
        assert seen == list("0123456")

    def test_oauth_then_a_form_upload(self, url, http):
        form = {"grant_type": "client_credentials", "client_id": "syncline", "client_secret": "sandbox"}
        token = http.post(f"{url}/oauth_token.do", data=form).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        made = http.post(f"{url}/api/now/table/incident", json={"short_description": "a"}).json()["result"]
        assert made["sys_created_by"] == "syncline"
        data = {"table_name": "incident", "table_sys_id": made["sys_id"]}
        files = {"uploadFile": ("é.txt", b"hello", "text/plain")}
        sent = http.post(f"{url}/api/now/attachment/upload", data=data, files=files).json()["result"]
        assert (sent["file_name"], sent["size_bytes"]) == ("é.txt", "5")
        assert http.get(sent["download_link"]).content == b"hello"

    def test_the_log_knows_oauth_users(self, sandbox, url, http):
        form = {"grant_type": "client_credentials", "client_id": "syncline", "client_secret": "sandbox"}
        token = http.post(f"{url}/oauth_token.do", data=form).json()["access_token"]
        http.get(f"{url}/api/now/table/incident", headers={"Authorization": f"Bearer {token}"})
        assert [entry.actor for entry in sandbox["snow"].requests()] == ["", "syncline"]

    def test_a_reset_after_a_create_leaves_the_record(self, sandbox, url, http):
        http.auth = ("syncline", "sandbox")
        sandbox["snow"].set_faults(next=[{"fault": "reset_after", "method": "POST"}])
        with pytest.raises(requests.ConnectionError):
            http.post(f"{url}/api/now/table/incident", json={"correlation_id": "SL-1"})
        rows = http.get(f"{url}/api/now/table/incident?sysparm_query=correlation_id=SL-1").json()["result"]
        assert len(rows) == 1
        assert http.get(f"{url}/_sandbox/state").json()["records"][0]["correlation_id"] == "SL-1"
