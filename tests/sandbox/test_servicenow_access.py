import json
from urllib.parse import urlencode

import pytest

from syncline.sandbox.servicenow import Person

FORM = {"content-type": "application/x-www-form-urlencoded", "authorization": None}
CLIENT = {"client_id": "syncline", "client_secret": "sandbox"}


def token(desk, headers=None, **form):
    reply = desk.send(
        "POST", "/oauth_token.do", body=urlencode(form).encode(), headers={**FORM, **(headers or {})}
    )
    return reply.status, json.loads(reply.body)


def with_header(desk, name, value):
    headers = {"authorization": None, name: value}
    return desk.send("GET", "incident", headers=headers).status


class TestCredentials:
    @pytest.mark.parametrize(
        ("authorization", "status"),
        [
            (None, 401),
            ("Basic c3luY2xpbmU6c2FuZGJveA==", 200),  # syncline:sandbox
            ("Basic c3luY2xpbmU6d3Jvbmc=", 401),  # syncline:wrong
            ("Basic YW1pbmE6YW55", 200),  # amina:any
            ("Basic YW1pbmE6", 401),  # amina without a password
            ("Basic bm9ib2R5Ong=", 401),  # nobody:x
            ("Basic ???", 401),
            ("Bearer token-syncline", 200),
            ("Bearer token-nobody", 401),
            ("Bearer made-up", 401),
            ("Digest x", 401),
        ],
    )
    def test_who_gets_in(self, desk, authorization, status):
        assert with_header(desk, "authorization", authorization) == status

    def test_api_keys(self, desk):
        assert with_header(desk, "x-sn-apikey", "token-syncline") == 200
        assert with_header(desk, "x-sn-apikey", "wrong") == 401

    def test_the_refusal(self, desk):
        reply = desk.send("GET", "incident", headers={"authorization": None})
        assert desk.error(reply) == (401, "User Not Authenticated", "Required to provide Auth information")
        assert reply.headers["WWW-Authenticate"] == 'BASIC realm="Service-now"'

    def test_other_people(self, desk_with):
        desk = desk_with(
            people=[Person("zoe", "Zoe", "zoe@example.com", ("Facilities",))], groups=["Facilities"]
        )
        assert desk.rows("sys_user", user="zoe")[0]["email"] == "zoe@example.com"
        assert desk.rows("sys_user_grmember", user="zoe", sysparm_fields="group.name") == [
            {"group.name": "Facilities"}
        ]
        assert desk.send("GET", "incident", "amina").status == 401


class TestOauth:
    def test_client_credentials(self, desk):
        status, content = token(desk, grant_type="client_credentials", **CLIENT)
        assert status == 200
        assert content["token_type"] == "Bearer"
        assert content["expires_in"] == 1799
        assert "refresh_token" not in content
        assert with_header(desk, "authorization", f"Bearer {content['access_token']}") == 200

    def test_the_client_may_stand_in_the_header(self, desk):
        status, _ = token(
            desk, {"authorization": "Basic c3luY2xpbmU6c2FuZGJveA=="}, grant_type="client_credentials"
        )
        assert status == 200

    def test_tokens_expire_and_are_refreshed(self, desk):
        _, first = token(desk, grant_type="password", username="amina", password="x", **CLIENT)
        bearer = f"Bearer {first['access_token']}"
        desk.clock.advance(1799)
        assert with_header(desk, "authorization", bearer) == 200
        desk.clock.advance(1)
        assert with_header(desk, "authorization", bearer) == 401
        status, second = token(
            desk, grant_type="refresh_token", refresh_token=first["refresh_token"], **CLIENT
        )
        assert status == 200
        assert second["access_token"] != first["access_token"]
        assert with_header(desk, "authorization", f"Bearer {second['access_token']}") == 200
        desk.platform.expire_tokens()
        assert with_header(desk, "authorization", f"Bearer {second['access_token']}") == 401

    def test_a_valid_token_is_given_again(self, desk):
        _, one = token(desk, grant_type="client_credentials", **CLIENT)
        _, two = token(desk, grant_type="client_credentials", **CLIENT)
        assert one["access_token"] == two["access_token"]

    @pytest.mark.parametrize(
        "form",
        [
            {"grant_type": "client_credentials", "client_id": "syncline", "client_secret": "wrong"},
            {"grant_type": "password", "username": "amina", "password": "", **CLIENT},
            {"grant_type": "password", "username": "syncline", "password": "wrong", **CLIENT},
            {"grant_type": "refresh_token", "refresh_token": "made-up", **CLIENT},
            {"grant_type": "magic", **CLIENT},
            {},
        ],
    )
    def test_refusals(self, desk, form):
        status, content = token(desk, **form)
        assert (status, content["error"]) == (401, "server_error")

    def test_the_body_must_be_a_form(self, desk):
        status, _ = token(
            desk, {"content-type": "application/json"}, grant_type="client_credentials", **CLIENT
        )
        assert status == 401


class TestHeaders:
    def test_writes_need_accept_and_content_type(self, desk):
        assert desk.send("POST", "incident", body={}, headers={"accept": None}).status == 400
        assert desk.send("POST", "incident", body={}, headers={"content-type": None}).status == 400
        assert desk.send("GET", "incident", headers={"accept": None}).status == 200

    def test_formats_that_are_not_spoken(self, desk):
        assert desk.send("GET", "incident", headers={"accept": "text/html"}).status == 406
        assert desk.send("POST", "incident", body={}, headers={"content-type": "text/plain"}).status == 415

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b'"text"',
            b"[]",
            b"[1]",
            b"[" * 100_000,
            b'{"description": {"a": 1}}',
            b'{"impact": [1]}',
            b"\xff",
        ],
    )
    def test_malformed_bodies(self, desk, body):
        reply = desk.send("POST", "incident", body=body)
        assert desk.error(reply)[:2] == (400, "Exception while reading request")

    def test_a_large_body(self, desk):
        reply = desk.send("POST", "incident", body={"description": "x" * 11_000_000})
        assert reply.status == 413
        assert "Rejected large REST payload" in desk.error(reply)[2]

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/", 400),
            ("GET", "/api/now/nothing", 400),
            ("GET", "/api/now/table", 400),
            ("GET", "/api/now/v9/table/incident", 400),
            ("POST", "/oauth_token.do/x", 400),
            ("PATCH", "/api/now/table/incident", 405),
            ("POST", f"/api/now/table/incident/{'0' * 32}", 405),
            ("OPTIONS", "/api/now/table/incident", 405),
            ("PUT", "/api/now/attachment", 405),
            ("HEAD", "/api/now/table/incident", 200),
        ],
    )
    def test_addresses_and_methods(self, desk, method, path, status):
        reply = desk.send(method, path, body={})
        assert reply.status == status
        if status >= 400:
            desk.error(reply)


class TestLimits:
    def test_a_rate_limit_rule_counts_by_user_and_hour(self, desk_with):
        desk = desk_with(requests_per_hour=2)
        desk.clock.advance(1800)
        assert [desk.send("GET", "incident").status for _ in range(3)] == [200, 200, 429]
        assert desk.send("GET", "incident", "amina").status == 200
        reply = desk.send("GET", "incident")
        assert desk.error(reply) == (
            429,
            "Rate limit exceeded",
            "Rate limit of 2 requests per hour for Table API exceeded",
        )
        assert reply.headers["Retry-After"] == "1800"
        assert reply.headers["X-RateLimit-Limit"] == "2"
        assert int(reply.headers["X-RateLimit-Reset"]) == desk.clock.now().timestamp() + 1800
        assert len(reply.headers["X-RateLimit-Rule"]) == 32
        desk.clock.advance(1800)
        assert desk.send("GET", "incident").status == 200

    def test_killed_queries_give_200_and_part_of_the_rows(self, desk_with):
        desk = desk_with()
        for _ in range(4):
            desk.create()
        desk.platform.cancelled_queries = 1
        content = json.loads(desk.send("GET", "incident").body)
        assert len(content["result"]) == 2
        assert content["error"]["message"] == "Transaction cancelled: maximum execution time exceeded"
        assert content["status"] == "failure"
        assert len(desk.rows("incident")) == 4

    def test_a_file_is_no_list_whose_query_could_be_killed(self, desk):
        params = {"table_name": "incident", "table_sys_id": desk.create()["sys_id"], "file_name": "a.json"}
        headers = {"content-type": "application/json"}
        made = desk.send("POST", "/api/now/attachment/file", "syncline", b"\x94", headers, **params)
        file = desk.send("GET", f"/api/now/attachment/{json.loads(made.body)['result']['sys_id']}/file")
        assert desk.platform.cancelled(file) is file

    def test_pages_instead_of_json(self, desk):
        for reply, status in ((desk.platform.unavailable(502), 502), (desk.platform.hibernating(), 200)):
            assert reply.status == status
            assert reply.headers["Content-Type"].startswith("text/html")
        assert b"Your instance is hibernating" in desk.platform.hibernating().body
        assert desk.platform.throttled(desk.clock.now()).status == 429
