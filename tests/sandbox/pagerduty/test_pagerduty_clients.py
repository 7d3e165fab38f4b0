"""Clients that others wrote: pdpyras, and plain requests."""

import pdpyras
import pytest
import requests

API = "https://api.pagerduty.com"


@pytest.fixture
def session(desk, wire):
    made = pdpyras.APISession("token-syncline", default_from="syncline@example.com")
    made.max_network_attempts, made.retry[429], made.max_http_attempts = 0, 1, -1
    return wire(made, desk)


class TestPdpyras:
    def test_the_life_of_an_incident(self, session, desk):
        service = session.find("services", "Network")
        made = session.rpost(
            "incidents",
            json={
                "type": "incident",
                "title": "Disk full",
                "service": {"id": service["id"], "type": "service_reference"},
                "incident_key": "SL-1",
            },
        )
        session.rput(f"incidents/{made['id']}", json={"type": "incident_reference", "status": "acknowledged"})
        note = session.rpost(f"incidents/{made['id']}/notes", json={"content": "On it"})
        assert note["content"] == "On it"
        assert session.rget(f"incidents/{made['id']}")["status"] == "acknowledged"
        types = [
            entry["type"] for entry in session.iter_all("log_entries", params={"include[]": ["incidents"]})
        ]
        assert types == [
            "annotate_log_entry",
            "acknowledge_log_entry",
            "assign_log_entry",
            "trigger_log_entry",
        ]
        done = session.rput(
            "incidents", json=[{"id": made["id"], "type": "incident_reference", "status": "resolved"}]
        )
        assert done[0]["status"] == "resolved"

    def test_paging_comes_to_the_end(self, session, desk):
        for n in range(120):
            desk.create(str(n))
        assert [i["title"] for i in session.iter_all("incidents", page_size=50)] == [
            str(n) for n in range(120)
        ]
        params = {"statuses": ["triggered"], "since": "2026-11-22T00:00:00Z"}
        assert len(session.list_all("incidents", params=params)) == 120

    def test_the_kind_of_key(self, session, desk, wire):
        assert session.api_key_access == "user"
        account = wire(pdpyras.APISession("account-sandbox", default_from="syncline@example.com"), desk)
        assert account.api_key_access == "account"
        assert session.find("users", "noah.brooks@example.com", attribute="email")["name"] == "Noah Brooks"

    def test_refusals_reach_the_caller(self, session, desk, wire):
        with pytest.raises(pdpyras.PDHTTPError) as refused:
            session.rput("incidents/QNOSUCH", json={"type": "incident_reference", "status": "resolved"})
        assert refused.value.response.json()["error"]["code"] == 2100
        wrong = wire(pdpyras.APISession("nobody"), desk)
        with pytest.raises(pdpyras.PDClientError):
            wrong.rget("users")

    def test_a_bearer_token(self, desk, wire):
        made = wire(pdpyras.APISession("token-noah", auth_type="oauth2"), desk)
        assert made.rget("users/me")["email"] == "noah.brooks@example.com"

    def test_events(self, desk, wire):
        events = wire(pdpyras.EventsAPISession(desk.platform.routing_key("Database")), desk)
        key = events.trigger("Replica lags", "db-3", dedup_key="lag")
        assert key == "lag"
        (made,) = desk.get("/incidents", incident_key="lag")["incidents"]
        assert made["title"] == "Replica lags"
        events.acknowledge("lag")
        assert desk.read(made)["status"] == "acknowledged"
        events.resolve("lag")
        assert desk.read(made)["status"] == "resolved"


class TestRequests:
    def test_without_any_library(self, desk, wire):
        plain = wire(requests.Session(), desk)
        headers = {"Authorization": "Token token=token-amina", "From": "amina.diallo@example.com"}
        content = {
            "incident": {"type": "incident", "title": "Ünïcode ✓", "service": desk.service("Security")}
        }
        made = plain.post(f"{API}/incidents", json=content, headers=headers)
        assert made.status_code == 201
        assert made.json()["incident"]["title"] == "Ünïcode ✓"
        found = plain.get(
            f"{API}/incidents", params={"statuses[]": ["triggered", "acknowledged"]}, headers=headers
        )
        assert [i["id"] for i in found.json()["incidents"]] == [made.json()["incident"]["id"]]
        assert plain.get(f"{API}/incidents").status_code == 401
