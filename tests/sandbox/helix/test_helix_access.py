"""Logging in, and what a token is good for."""

import json
from base64 import urlsafe_b64decode

import pytest
import requests

from syncline.sandbox.catalogue import build
from syncline.sandbox.server import Sandbox


def ask(desk, token):
    return desk.raw(
        "GET", "/api/arsys/v1/entry/CTM:People", "limit=1", authorization=f"AR-JWT {token}"
    ).status


def test_a_token_is_plain_text_and_lives_for_an_hour(desk):
    reply = desk.login()
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/plain;charset=utf-8")
    token = reply.body.decode()
    assert ask(desk, token) == 200
    desk.pass_time(3599)
    assert ask(desk, token) == 200
    desk.pass_time(1)
    assert ask(desk, token) == 401


def test_a_token_says_whose_it_is_and_how_long_it_lives(desk):
    header, claims, signature = desk.login().body.decode().split(".")
    said = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert (said["sub"], said["exp"] - said["iat"], said["iat"] - said["nbf"]) == ("syncline", 3600, 120)
    assert header.startswith("eyJ")
    assert signature


@pytest.mark.parametrize(
    ("user", "password"), [("syncline", "wrong"), ("nobody", "x"), ("amina", ""), ("syncline", "")]
)
def test_wrong_credentials(desk, error, user, password):
    assert error(desk.login(user, password))[:2] == (401, 623)


def test_the_integration_must_log_in_and_people_of_a_test_need_not(desk, error):
    assert ask(desk, "token-amina") == 200
    assert error(desk.send("GET", "CTM:People", user="syncline"))[:2] == (401, 623)
    assert desk.raw("GET", "/api/arsys/v1/entry/CTM:People").status == 401


def test_logins_without_logouts_exhaust_the_sessions_of_an_account(desk, error):
    tokens = [desk.login().body.decode() for _ in range(3)]
    assert error(desk.login())[:2] == (500, 9093)
    assert desk.platform.open_sessions() == 3
    out = desk.raw("POST", "/api/jwt/logout", authorization=f"AR-JWT {tokens[0]}")
    assert (out.status, out.body) == (204, b"")
    assert ask(desk, tokens[0]) == 401
    assert desk.login().status == 200
    desk.pass_time(3600)
    assert desk.login().status == 200


def test_a_login_is_a_form(desk, error):
    body = json.dumps({"username": "syncline", "password": "sandbox"}).encode()
    assert error(desk.raw("POST", "/api/jwt/login", body=body, content_type="application/json"))[0] == 400


def test_over_http_with_a_client_of_the_vendors_kind():
    with Sandbox({"helix": build("helix", "helix")}) as sandbox, requests.Session() as http:
        http.trust_env = False
        url = sandbox.urls["helix"]
        token = http.post(f"{url}/api/jwt/login", data={"username": "syncline", "password": "sandbox"}).text
        http.headers["Authorization"] = f"AR-JWT {token}"
        values = {
            "z1D_Action": "CREATE",
            "First_Name": "Olga",
            "Last_Name": "Petrova",
            "Description": "Mail is down",
            "Impact": "1-Extensive/Widespread",
            "Urgency": "1-Critical",
            "Reported Source": "Direct Input",
            "Service_Type": "User Service Restoration",
        }
        form = f"{url}/api/arsys/v1/entry/HPD:IncidentInterface"
        made = http.post(f"{form}_Create?fields=values(Incident Number)", json={"values": values})
        number = made.json()["values"]["Incident Number"]
        (entry,) = http.get(form, params={"q": f"'Incident Number' = \"{number}\""}).json()["entries"]
        changed = http.put(f"{form}/{entry['values']['Request ID']}", json={"values": {"Urgency": "4-Low"}})
        assert (made.status_code, changed.status_code, changed.content) == (201, 204, b"")
        assert [log.actor for log in sandbox["helix"].requests()] == ["syncline"] * 4
        assert http.get(f"{url}/_sandbox/state").json()["records"][0]["Urgency"] == "4-Low"
