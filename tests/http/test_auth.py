"""Strategies of authentication, and tokens that are fetched once, renewed early, and once more on a 401."""

import base64
from urllib.parse import parse_qs

import pytest
import requests
from pydantic import SecretStr

from syncline.errors import Configuration, RetryLater
from syncline.http.auth import BasicAuth, BearerAuth, HeaderAuth, OAuthClientCredentials
from syncline.ports import ThreadRuntime

TOKENS = "https://snow.example.com/oauth_token.do"


def oauth(context, **options):
    return OAuthClientCredentials(
        TOKENS, "client-1", SecretStr("canary-secret"), "useraccount", context=context, **options
    )


class Issuer:
    """Issues token-1, token-2, ...; accepts those that are not revoked."""

    def __init__(self, tools, life=3600):
        self.tools = tools
        self.life = life
        self.issued = 0
        self.revoked = set()
        self.down = False
        self.forms = []

    def __call__(self, request):
        if request.url == TOKENS:
            if self.down:
                return self.tools.reply(503)(request)
            self.issued += 1
            self.forms.append((parse_qs(request.body), request.headers.get("Authorization")))
            return self.tools.reply(200, {"access_token": f"token-{self.issued}", "expires_in": self.life})(
                request
            )
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return self.tools.reply(401 if token in self.revoked else 200, {"token": token})(request)


@pytest.fixture
def issuer(tools):
    return Issuer(tools)


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        (
            BasicAuth("user", SecretStr("pässword")),
            "Authorization",
            "Basic " + base64.b64encode("user:pässword".encode()).decode(),
        ),
        (BearerAuth(SecretStr("pat-1")), "Authorization", "Bearer pat-1"),
        (HeaderAuth("x-sn-apikey", "", SecretStr("key-1")), "x-sn-apikey", "key-1"),
        (HeaderAuth("Authorization", "Token token=", SecretStr("t-1")), "Authorization", "Token token=t-1"),
    ],
)
def test_what_a_strategy_sends(make, auth, name, value):
    world = make(auth=lambda context: auth)
    world.http.request("GET", "/x")
    assert world.wire.sent[0].headers[name] == value


def test_a_token_is_fetched_once_and_used_until_shortly_before_its_end(make, issuer, clock):
    world = make(issuer, auth=oauth)
    for _ in range(5):
        assert world.http.json("GET", "/x") == {"token": "token-1"}
    clock.move(3600 - 61)
    assert world.http.json("GET", "/x") == {"token": "token-1"}
    clock.move(2)
    assert world.http.json("GET", "/x") == {"token": "token-2"}
    assert issuer.forms[0][0] == {
        "grant_type": ["client_credentials"],
        "scope": ["useraccount"],
        "client_id": ["client-1"],
        "client_secret": ["canary-secret"],
    }
    assert world.http.counts["auth"] == world.wire.closed == 2
    assert world.http.counts["read"] == 7


def test_id_and_secret_can_go_in_the_header(make, issuer):
    world = make(issuer, auth=lambda context: oauth(context, basic=True, parameters={"audience": "api"}))
    world.http.request("GET", "/x")
    form, header = issuer.forms[0]
    assert header == "Basic " + base64.b64encode(b"client-1:canary-secret").decode()
    assert form == {"grant_type": ["client_credentials"], "scope": ["useraccount"], "audience": ["api"]}


def test_many_workers_fetch_one_token(make, issuer):
    runtime = ThreadRuntime()
    entered, go = runtime.signal(), runtime.signal()
    plain = issuer.__call__

    def slowly(request):
        if request.url == TOKENS:
            entered.set()
            go.wait(10)
        return plain(request)

    world = make(slowly, auth=oauth)
    tokens = []
    tasks = [
        runtime.spawn(f"w{n}", lambda: tokens.append(world.http.json("GET", "/x")["token"])) for n in range(8)
    ]
    assert entered.wait(10)
    go.set()
    for task in tasks:
        task.join(10)
    assert tokens == ["token-1"] * 8
    assert issuer.issued == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_token_is_renewed_and_the_call_made_once_more(make, issuer, method):
    world = make(issuer, auth=oauth)
    world.http.request("GET", "/x")
    issuer.revoked.add("token-1")
    assert world.http.json(method, "/x", json={"a": 1}) == {"token": "token-2"}
    assert issuer.issued == 2
    assert world.wire.sent[-1].body == world.wire.sent[-3].body


def test_a_second_401_is_for_a_person(make, issuer):
    world = make(issuer, auth=oauth)
    issuer.revoked |= {f"token-{n}" for n in range(100)}
    with pytest.raises(Configuration, match="credentials"):
        world.http.request("POST", "/x")
    assert issuer.issued == 2
    assert [request.method for request in world.wire.sent if request.url != TOKENS] == ["POST", "POST"]


def test_two_workers_with_the_same_refused_token_renew_it_once(make, issuer, tools):
    kept = []
    world = make(issuer, auth=lambda context: kept.append(oauth(context)) or kept[0])
    world.http.request("GET", "/x")
    refused = world.wire.sent[-1]
    assert kept[0].renew(refused)
    assert kept[0].renew(refused)
    assert issuer.issued == 2


def test_a_password_that_is_refused_is_not_tried_again(make, tools):
    world = make(tools.reply(401))
    with pytest.raises(Configuration):
        world.http.request("GET", "/x")
    assert len(world.wire.sent) == 1


def test_an_endpoint_that_is_down_hurts_only_when_the_token_has_ended(make, issuer, clock):
    world = make(issuer, auth=oauth)
    world.http.request("GET", "/x")
    issuer.down = True
    clock.move(3600 - 30)
    assert world.http.json("GET", "/x") == {"token": "token-1"}
    clock.move(31)
    with pytest.raises(RetryLater, match="token endpoint fails"):
        world.http.request("POST", "/x")
    issuer.down = False
    assert world.http.json("GET", "/x") == {"token": "token-2"}


@pytest.mark.parametrize(
    ("life", "seconds"),
    [
        (None, 300),
        ("60", 60),
        (60, 60),
        (-1, 300),
        ("x", 300),
        (True, 300),
        ("nan", 300),
        ([], 300),
        (10**12, 86_400),
    ],
)
def test_a_life_that_is_no_number_is_taken_to_be_short(make, issuer, clock, life, seconds):
    issuer.life = life
    world = make(issuer, auth=oauth)
    world.http.request("GET", "/x")
    clock.move(seconds - min(60, seconds / 2) - 0.5)
    world.http.request("GET", "/x")
    assert issuer.issued == 1
    clock.move(1)
    world.http.request("GET", "/x")
    assert issuer.issued == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("status", "content", "kind", "words"),
    [
        (
            401,
            {"error": "invalid_client", "error_description": "no\nsuch client"},
            Configuration,
            "invalid_client no such client",
        ),
        (400, {"error": "unauthorized_client"}, Configuration, "unauthorized_client"),
        (400, b"<html>", Configuration, "refuses us"),
        (404, b"", Configuration, "address of the token endpoint"),
        (302, b"", Configuration, "SSO"),
        (500, {}, RetryLater, "fails"),
        (429, {}, RetryLater, "fails"),
        (200, {}, RetryLater, "no usable access_token"),
        (200, {"access_token": 5}, RetryLater, "no usable access_token"),
        (200, {"access_token": "a\r\nb: c"}, RetryLater, "no usable access_token"),
        (200, [], RetryLater, "no JSON object"),
        (200, b"<html>", RetryLater, "is not JSON"),
        (200, b"[" * 9999, RetryLater, "nested"),
    ],
)
def test_what_a_token_endpoint_may_answer(make, tools, method, status, content, kind, words):
    headers = {"Location": "https://sso.example.org/login"} if status == 302 else {}
    world = make(tools.reply(status, content, **headers), auth=oauth)
    with pytest.raises(kind, match=words) as caught:
        world.http.request(method, "/x")
    assert "canary" not in str(caught.value)
    assert str(caught.value).startswith("snow-prod: ")
    assert all(request.url == TOKENS for request in world.wire.sent)


def test_an_unreachable_endpoint_is_for_later_even_for_a_write(make):
    world = make(requests.ReadTimeout("slow"), auth=oauth)
    with pytest.raises(RetryLater, match="in time"):
        world.http.request("POST", "/x")


def test_tokens_travel_encrypted_only(make):
    def plain(context):
        return OAuthClientCredentials(
            "http://snow.example.com/token", "id", SecretStr("canary"), context=context
        )

    world = make(auth=plain)
    with pytest.raises(Configuration, match="https"):
        world.http.request("GET", "/x")
    assert world.wire.sent == []


@pytest.mark.parametrize("secret", ["canary\nX-Evil: 1", "canary\r", "\x00canary"])
def test_a_secret_that_breaks_a_header_is_refused_unseen(secret):
    with pytest.raises(Configuration, match="line break") as caught:
        BearerAuth(SecretStr(secret))
    assert "canary" not in str(caught.value)
