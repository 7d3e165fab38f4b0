"""Strategies of authentication, and tokens that are fetched once, renewed early, and once more on a 401."""

import base64
import json
from urllib.parse import parse_qs

import pytest
import requests
from pydantic import SecretStr

from syncline.errors import Configuration, RetryLater
from syncline.http.auth import BasicAuth, BearerAuth, HeaderAuth, OAuthClientCredentials
from syncline.http.logins import JwtLogin, OAuthLogin
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


LOGIN, LOGOUT = "https://snow.example.com/api/jwt/login", "https://snow.example.com/api/jwt/logout"


def jwt(number, life=None):
    """A JSON Web Token, with the claims of its life where it says one."""
    claims = {"sub": f"syncline-{number}"} if life is None else {"iat": 1_000, "exp": 1_000 + life}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{body}.signature{number}"


class Desk:
    """Logs people in, and knows who is still in."""

    def __init__(self, tools, life=None):
        self.tools = tools
        self.life = life
        self.answer = None
        self.logins = []
        self.held = set()

    def __call__(self, request):
        if request.url == LOGIN:
            self.logins.append(parse_qs(request.body))
            if self.answer is not None:
                return self.answer(request)
            token = jwt(len(self.logins), self.life)
            self.held.add(token)
            return self.tools.reply(200, token.encode(), Content_Type="text/plain")(request)
        token = request.headers["Authorization"].removeprefix("AR-JWT ")
        if request.url == LOGOUT:
            self.held.discard(token)
            return self.tools.reply(204, b"")(request)
        return self.tools.reply(200 if token in self.held else 401, {"ok": True})(request)


def login(context, **options):
    return JwtLogin(
        LOGIN, LOGOUT, "syncline", SecretStr("canary-secret"), context=context, scheme="AR-JWT", **options
    )


@pytest.fixture
def jwt_desk(tools):
    return Desk(tools)


def test_a_login_gives_one_token_for_all_and_a_logout_gives_it_back(make, jwt_desk, clock):
    world = make(jwt_desk, auth=lambda context: login(context, parameters={"authString": "corp"}))
    for _ in range(5):
        world.http.request("GET", "/x")
    assert jwt_desk.logins == [
        {"username": ["syncline"], "password": ["canary-secret"], "authString": ["corp"]}
    ]
    world.http.leave()
    assert jwt_desk.held == set()
    world.http.leave()
    world.http.request("GET", "/x")
    assert (len(jwt_desk.logins), len(jwt_desk.held)) == (2, 1)


@pytest.mark.parametrize(("life", "good_for"), [(None, 3600 - 60), (600, 540), (60, 30)])
def test_a_token_says_itself_how_long_it_lives(make, tools, clock, life, good_for):
    desk = Desk(tools, life)
    world = make(desk, auth=login)
    world.http.request("GET", "/x")
    clock.move(good_for - 1)
    world.http.request("GET", "/x")
    assert len(desk.logins) == 1
    clock.move(2)
    world.http.request("GET", "/x")
    assert len(desk.logins) == 2


@pytest.mark.parametrize("token", ["a.b.c", "a.e30.c", "a.bnVsbA.c", "opaque", "a.%%%.c"])
def test_a_token_that_says_nothing_lives_an_hour(make, tools, jwt_desk, clock, token):
    jwt_desk.answer = tools.reply(200, token.encode(), Content_Type="text/plain")
    jwt_desk.held.add(token)
    world = make(jwt_desk, auth=login)
    world.http.request("GET", "/x")
    clock.move(3500)
    world.http.request("GET", "/x")
    assert len(jwt_desk.logins) == 1


def test_a_token_that_is_refused_is_replaced_once(make, jwt_desk):
    world = make(jwt_desk, auth=login)
    world.http.request("GET", "/x")
    jwt_desk.held.clear()
    world.http.request("GET", "/x")
    assert len(jwt_desk.logins) == 2


def test_a_login_that_is_refused_shows_the_words_and_no_password(make, tools, jwt_desk):
    words = [{"messageType": "ERROR", "messageText": "Authentication failed", "messageNumber": 623}]
    jwt_desk.answer = tools.reply(401, words)
    world = make(jwt_desk, auth=login)
    with pytest.raises(Configuration, match="Authentication failed") as caught:
        world.http.request("GET", "/x")
    assert "canary-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "content", "kind", "error"),
    [
        (200, "<html><title>Sign in</title></html>", "text/html", Configuration),
        (200, "two words", "text/plain", RetryLater),
        (200, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzeW5j", "text/plain", RetryLater),
        (200, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzeW5jbGluZSJ9.", "text/plain", RetryLater),
        (200, "", "text/plain", RetryLater),
        (200, "tökén", "text/plain", RetryLater),
        (503, "down", "text/plain", RetryLater),
        (
            500,
            '[{"messageText": "too many sessions", "messageNumber": 9093}]',
            "application/json",
            RetryLater,
        ),
    ],
)
def test_logins_that_give_no_token(make, tools, jwt_desk, status, content, kind, error):
    jwt_desk.answer = tools.reply(status, content.encode(), Content_Type=kind)
    with pytest.raises(error):
        make(jwt_desk, auth=login).http.request("GET", "/x")


def test_who_cannot_log_out_leaves_all_the_same(make, tools, jwt_desk):
    world = make(jwt_desk, auth=login)
    world.http.request("GET", "/x")
    world.wire.script = [requests.ConnectionError("gone")]
    world.http.leave()
    assert world.wire.sent[-1].url == LOGOUT


TOKEN, END = (
    "https://snow.example.com/CherwellAPI/token",
    "https://snow.example.com/CherwellAPI/api/V1/logout",
)


class Counter:
    """Gives pairs of tokens: access-1 and refresh-1, and so on; each pair ends the one before."""

    def __init__(self, tools):
        self.tools = tools
        self.grants = []
        self.held = ()
        self.down = False

    def __call__(self, request):
        if request.url.partition("?")[0] == TOKEN:
            form = {name: values[0] for name, values in parse_qs(request.body).items()}
            self.grants.append(form["grant_type"])
            assert form["client_id"] == "client-1"
            if self.down:
                return self.tools.reply(503, {})(request)
            known = form.get("refresh_token") in self.held if "refresh_token" in form else form["password"]
            if not known:
                return self.tools.reply(400, {"error": "invalid_grant"})(request)
            number = len(self.grants)
            self.held = (f"access-{number}", f"refresh-{number}")
            told = {"access_token": self.held[0], "refresh_token": self.held[1], "expires_in": 1199}
            return self.tools.reply(200, told)(request)
        if request.url == END:
            assert (request.method, request.headers["Authorization"]) == ("DELETE", f"Bearer {self.held[0]}")
            self.held = ()
            return self.tools.reply(200, b"")(request)
        known = request.headers["Authorization"].removeprefix("Bearer ") in self.held
        return self.tools.reply(200 if known else 401, {"ok": True})(request)


def oauth_login(context):
    return OAuthLogin(
        f"{TOKEN}?auth_mode=Internal",
        END,
        "client-1",
        "syncline",
        SecretStr("canary-secret"),
        context=context,
    )


@pytest.fixture
def counter(tools):
    return Counter(tools)


def test_the_password_goes_out_once_and_the_refresh_token_from_then_on(make, counter, clock):
    world = make(counter, auth=oauth_login)
    for _ in range(3):
        world.http.request("GET", "/x")
        clock.move(1150)
    assert counter.grants == ["password", "refresh_token", "refresh_token"]
    world.http.leave()
    assert counter.held == ()
    world.http.request("GET", "/x")
    assert counter.grants[-1] == "password"


def test_a_session_that_was_ended_for_us_is_begun_again_by_password(make, counter):
    world = make(counter, auth=oauth_login)
    world.http.request("GET", "/x")
    counter.held = ()
    world.http.request("GET", "/x")
    assert counter.grants == ["password", "refresh_token", "password"]


def test_a_refresh_token_outlives_an_outage_of_the_token_endpoint(make, counter, clock):
    world = make(counter, auth=oauth_login)
    world.http.request("GET", "/x")
    clock.move(1195)
    counter.down = True
    world.http.request("GET", "/x")
    clock.move(10)
    with pytest.raises(RetryLater):
        world.http.request("GET", "/x")
    counter.down = False
    clock.move(120)
    world.http.request("GET", "/x")
    assert set(counter.grants[1:]) == {"refresh_token"}
