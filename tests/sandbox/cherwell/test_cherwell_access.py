"""Tokens, sessions, and what is said to whoever has none."""

import json

import pytest

from syncline.sandbox.platform import Request


def bearer(desk, token, path="getteams"):
    return desk.raw("GET", f"/CherwellAPI/api/V2/{path}", authorization=f"Bearer {token}")


def test_a_login_gives_a_pair_of_tokens(desk):
    reply = desk.login()
    told = json.loads(reply.body)
    assert reply.status == 200
    assert set(told) == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "as:client_id",
        "username",
        ".issued",
        ".expires",
    }
    assert (told["token_type"], told["expires_in"], told["username"]) == ("bearer", 1199, "syncline")
    assert (told[".issued"], told[".expires"]) == (
        "Sun, 01 Mar 2026 09:00:00 GMT",
        "Sun, 01 Mar 2026 09:19:59 GMT",
    )
    assert bearer(desk, told["access_token"]).status == 200


@pytest.mark.parametrize(
    ("query", "form", "error"),
    [
        ("", {"client_id": "12345"}, "invalid_client_id"),
        ("api_key=12345", {}, "invalid_client_id"),
        ("auth_mode=Magic", {}, "invalid_request"),
        ("", {"password": "wrong"}, "invalid_grant"),
        ("", {"username": "nobody"}, "invalid_grant"),
        ("", {"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ("", {"grant_type": "refresh_token", "refresh_token": "old"}, "invalid_grant"),
        ("", {"grant_type": "refresh_token", "refresh_token": ""}, "invalid_grant"),
    ],
)
def test_what_is_refused(desk, query, form, error):
    reply = desk.token(
        query, **{"grant_type": "password", "username": "syncline", "password": "sandbox", **form}
    )
    assert (reply.status, json.loads(reply.body)["error"]) == (400, error)


def test_credentials_go_in_a_form(desk):
    body = json.dumps({"grant_type": "password", "username": "syncline", "password": "sandbox"}).encode()
    reply = desk.raw("POST", "/CherwellAPI/token", body=body, content_type="application/json")
    assert reply.status == 400


def test_a_refresh_gives_both_anew_and_ends_both_of_before(desk):
    first = json.loads(desk.login().body)
    reply = desk.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    second = json.loads(reply.body)
    assert reply.status == 200
    assert bearer(desk, first["access_token"]).status == 401
    assert bearer(desk, second["access_token"]).status == 200
    again = desk.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (again.status, json.loads(again.body)["error"]) == (400, "invalid_grant")


def test_an_access_token_ends_and_a_refresh_token_outlives_it(desk):
    told = json.loads(desk.login().body)
    desk.pass_time(1198)
    assert bearer(desk, told["access_token"]).status == 200
    desk.pass_time(1)
    reply = bearer(desk, told["access_token"])
    assert (reply.status, list(json.loads(reply.body))) == (401, ["Message"])
    assert desk.token(grant_type="refresh_token", refresh_token=told["refresh_token"]).status == 200


def test_a_refresh_token_ends_too(desk):
    told = json.loads(desk.login().body)
    desk.pass_time(28_800)
    assert desk.token(grant_type="refresh_token", refresh_token=told["refresh_token"]).status == 400


@pytest.mark.parametrize("refresh", [False, True])
def test_a_test_can_end_tokens(desk, refresh):
    told = json.loads(desk.login().body)
    desk.platform.expire_tokens(refresh=refresh)
    assert bearer(desk, told["access_token"]).status == 401
    again = desk.token(grant_type="refresh_token", refresh_token=told["refresh_token"])
    assert again.status == (400 if refresh else 200)


def test_a_session_occupies_a_licence_until_it_ends(desk):
    tokens = [json.loads(desk.login().body)["access_token"] for _ in range(3)]
    assert desk.login().status == 400
    assert desk.platform.open_sessions() == 3
    assert desk.raw("DELETE", "/CherwellAPI/api/V1/logout", authorization=f"Bearer {tokens[0]}").status == 200
    assert bearer(desk, tokens[0]).status == 401
    assert desk.login().status == 200
    desk.pass_time(1200)
    assert desk.login().status == 200
    assert desk.platform.open_sessions() == 1


def test_only_the_integration_must_log_in(desk):
    assert bearer(desk, "token-amina").status == 200
    assert bearer(desk, "token-syncline").status == 401
    assert bearer(desk, "token-nobody").status == 401
    assert desk.raw("GET", "/CherwellAPI/api/V1/getteams").status == 401


@pytest.mark.parametrize("path", ["/CherwellApi/api/v1/GetTeams", "/cherwellapi/API/V1/getteams/"])
def test_paths_are_taken_however_they_are_written(desk, path):
    assert desk.raw("GET", path, authorization="Bearer token-amina").status == 200


@pytest.mark.parametrize(
    "path", ["/CherwellAPI/api/V1/bogus", "/CherwellAPI/api/V3/getteams", "/api/V1/getteams", "/"]
)
def test_what_is_no_operation(desk, path):
    assert desk.raw("GET", path, authorization="Bearer token-amina").status == 404


def test_the_service_says_what_it_is_to_anybody(desk_with):
    desk = desk_with(culture="de-DE", time_zone="America/New_York")
    told = json.loads(desk.raw("GET", "/CherwellAPI/api/V1/serviceinfo").body)
    assert told["csmCulture"] == "de-DE"
    assert told["systemDateTime"] == "2026-03-01T04:00:00-05:00"
    assert told["systemUtcOffset"] == "-05:00:00"


def test_bodies_that_do_not_read(desk, error):
    for body in (b"{", b"[]", b"[" * 100_000):
        reply = desk.raw(
            "POST",
            "/CherwellAPI/api/V1/getsearchresults",
            body=body,
            authorization="Bearer token-amina",
            content_type="application/json",
        )
        assert error(reply) == (400, "BadRequest")
    form = desk.raw("POST", "/CherwellAPI/api/V1/getsearchresults", authorization="Bearer token-amina")
    assert form.status == 415


def test_who_speaks_is_known_to_the_log(desk):
    assert (
        desk.platform.actor(Request("GET", "/", headers={"authorization": "Bearer token-amina"})) == "amina"
    )
    assert desk.platform.actor(Request("GET", "/")) == ""


def test_its_own_words_for_faults(desk):
    throttled, down = desk.platform.throttled(desk.at), desk.platform.unavailable(503)
    assert (throttled.status, throttled.headers["Retry-After"]) == (429, "5")
    assert down.status == 503
    assert b"HTTP Error 503" in down.body
