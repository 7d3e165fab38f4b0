"""Canary secrets in every place where one can stand: none of them comes out in messages, reprs, logs or rehearsals."""

import base64
import json
import logging
from urllib.parse import quote, quote_plus

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from syncline.errors import SynclineError
from syncline.http.auth import (
    AuthContext,
    BasicAuth,
    BearerAuth,
    HeaderAuth,
    OAuthClientCredentials,
)
from syncline.http.dialect import Dialect
from syncline.http.exchange import Rehearsed
from syncline.http.logins import JwtLogin, OAuthLogin
from syncline.http.redaction import MASK, RedactingFilter, Redactor, secret_header

CANARY = 'c4nary/"\\ü &=%'


@given(st.text(min_size=4, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_a_known_secret_is_hidden_in_every_form(secret, before, after):
    redact = Redactor([secret])
    raw = secret.encode("utf-8", "replace").decode()
    for form in (
        raw,
        quote(raw, safe=""),
        quote_plus(raw),
        json.dumps(raw)[1:-1],
        base64.b64encode(raw.encode()).decode(),
    ):
        if raw == secret and form not in MASK:
            assert form not in redact(before + "\n" + form + "\n" + after).replace(MASK, "\x00")


@pytest.mark.parametrize(
    "text",
    [
        "https://user:canary-123@example.com/x",
        "https://canary-123@example.com/x",
        "GET /x?access_token=canary-123&a=1",
        "GET /x?a=1&api_key=canary-123",
        "form client_secret=a&client_secret=canary-123",
        '{"access_token": "canary-123"}',
        "{'client_secret': 'canary-123'}",
        '{"password":"a\\"canary-123"}',
        "Authorization: Bearer canary-123",
        "Authorization: Basic canary-123",
        "Authorization: Token token=canary-123",
        "AR-JWT canary-123",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text):
    assert "canary-123" not in Redactor()(text)


def test_what_is_none_stays():
    text = "snow-prod: INC0010001: GET /api/now/table/incident?sysparm_limit=10: Basic words, 401"
    assert Redactor(["abc", ""])(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "x-sn-apikey",
        "Cookie",
        "Set-Cookie",
        "X-Api-Key",
        "X-Auth-Token",
        "Proxy-Authorization",
    ],
)
def test_headers_that_hold_secrets(name):
    assert secret_header(name)
    assert Redactor().headers({name: b"canary", "Accept": "x"}) == {name: MASK, "Accept": "x"}


@pytest.mark.parametrize("name", ["Accept", "Content-Type", "From", "X-Request-Id"])
def test_headers_that_hold_none(name):
    assert not secret_header(name)


def contexts(clock):
    class Post:
        def __call__(self, url, form, basic=None):
            return {"access_token": "canary-token-1", "expires_in": 3600}

        def text(self, url, form):
            return "canary-token-1"

    return AuthContext("snow-prod", clock, Lock(), Post())


class Lock:
    def __enter__(self):
        return self

    def __exit__(self, *args):
        return None


STRATEGIES = {
    "basic": lambda context: BasicAuth("user", SecretStr(CANARY)),
    "bearer": lambda context: BearerAuth(SecretStr(CANARY)),
    "header": lambda context: HeaderAuth("x-sn-apikey", "", SecretStr(CANARY)),
    "token": lambda context: HeaderAuth("Authorization", "Token token=", SecretStr(CANARY)),
    "oauth": lambda context: OAuthClientCredentials(
        "https://snow.example.com/oauth_token.do", "id", SecretStr(CANARY), context=context
    ),
    "jwt": lambda context: JwtLogin(
        "https://snow.example.com/api/jwt/login", "", "user", SecretStr(CANARY), context=context
    ),
    "password": lambda context: OAuthLogin(
        "https://snow.example.com/token", "", "id", "user", SecretStr(CANARY), context=context
    ),
}
FORMS = [
    CANARY,
    quote(CANARY),
    quote_plus(CANARY),
    json.dumps(CANARY)[1:-1],
    base64.b64encode(CANARY.encode()).decode(),
]
FORMS += [base64.b64encode(f"user:{CANARY}".encode()).decode(), "canary-token-1"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_does_not_show_its_secret(clock, strategy):
    auth = STRATEGIES[strategy](contexts(clock))
    shown = repr(auth) + str(auth)
    assert not any(form in shown for form in FORMS)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_a_platform_that_gives_our_secret_back_shows_nothing(make, tools, caplog, strategy, status):
    """The reply quotes what we sent, as it came and in other forms; messages and logs do not."""
    caplog.set_level(logging.DEBUG)
    sent = []

    def echo(request):
        if request.url.endswith("oauth_token.do"):
            sent.append(request.body)
            return tools.reply(200, {"access_token": "canary-token-1"})(request)
        if request.url.endswith("/api/jwt/login"):
            sent.append(request.body)
            return tools.reply(200, b"canary-token-1", Content_Type="text/plain")(request)
        sent.extend(f"{name}: {value!r}" for name, value in request.headers.items())
        return tools.reply(status, {})(request)

    said = [""]
    world = make(echo, auth=STRATEGIES[strategy], dialect=Dialect(reason=lambda response: said[0]))
    with pytest.raises(SynclineError):
        world.http.request("POST", "/x")
    secrets = FORMS[:-2] + {"basic": FORMS[-2:-1], "oauth": FORMS[-1:], "jwt": FORMS[-1:]}.get(strategy, [])
    shown = ""
    for text in [*secrets, *sent]:
        # A text that is cut short must not be cut in the middle of a secret that then is not known any more.
        for padding in (0, 280, 290, 296):
            said[0] = "x" * padding + text
            world.clock.move(600)
            with pytest.raises(SynclineError) as caught:
                world.http.request("GET", "/x?token=canary-query-9", record="INC1")
            shown += str(caught.value) + repr(caught.value) + repr(world.http.health())
    shown += caplog.text
    assert not [form for form in [*secrets, "canary-query-9", CANARY[:8], "canary-t"] if form in shown]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_rehearsed_call_shows_nothing(make, tools, strategy):
    world = make(tools.reply(200, {"access_token": "canary-token-1"}), auth=STRATEGIES[strategy])
    headers = {"Authorization": "Bearer abcdefgh123", "X-Other": f"x {CANARY.encode().decode('latin-1')}"}
    with pytest.raises(Rehearsed) as caught:
        world.http.rehearsal().request("POST", "/x", headers=headers | {"X-Other": "ok"})
    shown = str(caught.value) + repr(caught.value.call)
    assert "abcdefgh123" not in shown
    assert not [form for form in FORMS if form in shown]


def test_a_caller_never_holds_the_signed_request(make, tools):
    world = make(tools.reply(200, {}))
    response = world.http.request("GET", "/x")
    assert "Authorization" in world.wire.sent[0].headers
    assert "Authorization" not in response.request.headers


def test_logs_pass_through_the_filter():
    redactor = Redactor(["canary-secret"])
    log = logging.Logger("test")
    lines, records = [], []

    class Keep(logging.Handler):
        def emit(self, record):
            lines.append(self.format(record))
            records.append(record)

    handler = Keep()
    handler.addFilter(RedactingFilter(redactor))
    log.addHandler(handler)
    log.warning("%s and %s", "canary-secret", {"k": "canary-secret"})

    def fail():
        raise requests.ConnectionError("https://u:canary-other@h/?token=canary-third canary-secret")

    try:
        fail()
    except requests.ConnectionError:
        log.exception("failed with canary-secret", stack_info=True)
    assert len(lines) == 2
    assert records[1].exc_info is None
    assert "ConnectionError" in lines[1]
    assert "canary" not in "".join(
        line for line in "\n".join(lines).splitlines() if "raise " not in line and "log." not in line
    )


def test_secrets_learnt_later_are_hidden_too():
    redact = Redactor()
    redact.learn("token-one")
    redact.learn("token-one-and-more", "")
    assert redact("token-one-and-more token-one") == f"{MASK} {MASK}"
    assert "token" not in repr(redact)


WORD_AS_VALUE = [
    "sandbox",
    "before\nsandbox\nafter",
    "password=sandbox",
    "?user=syncline&pw=sandbox&x=1",
    "http://syncline:sandbox@127.0.0.1:8080/x",
    "{'x': 'sandbox'}",
    '{"x":"sandbox"}',
    "password: sandbox",
    "the password of syncline is sandbox, they say",
    "the token (sandbox) is wrong",
    "Basic " + base64.b64encode(b"sandbox").decode(),
    base64.b64encode(b"sandbox").decode(),
]


@pytest.mark.parametrize("text", WORD_AS_VALUE)
def test_an_ordinary_word_is_hidden_where_it_is_a_value(text):
    redact = Redactor()
    redact.learn("sandbox", ordinary=True)
    shown = redact(text)
    assert "sandbox" not in shown
    assert base64.b64encode(b"sandbox").decode() not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    "text",
    [
        "press Ctrl-C to stop the sandbox",
        "syncline sandbox: 3 simulated platforms, each in a sandbox of its own",
        "sandbox/platform.py and sqlite:///sandbox.db and /var/lib/sandbox",
        "Sandboxes are no sandbox",
    ],
)
def test_an_ordinary_word_stays_where_it_is_a_word(text):
    redact = Redactor()
    redact.learn("sandbox", ordinary=True)
    assert redact(text) == text


@pytest.mark.parametrize(
    "secret", ["sandbox1", "Sandbox", "sand box", "sand-box", "correcthorsebattery", "p\xe4sse"]
)
def test_what_is_no_ordinary_word_is_hidden_wherever_it_stands(secret):
    redact = Redactor()
    redact.learn(secret, ordinary=True)
    assert secret not in redact(f"we say {secret} in passing")


def test_one_that_is_a_real_secret_as_well_is_hidden_wherever_it_stands():
    for real in (0, 1):
        redact = Redactor()
        for turn in (0, 1):
            redact.learn("sandbox", ordinary=turn != real)
        assert redact("we say sandbox in passing") == f"we say {MASK} in passing"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8080", "we say sandbox in passing"),
        ("https://snow.example.com", f"we say {MASK} in passing"),
    ],
)
def test_only_platforms_on_this_machine_may_have_words_for_secrets(make, tools, url, shown):
    auth = lambda _context: BasicAuth("syncline", SecretStr("sandbox"))  # noqa: E731
    world = make(
        tools.reply(400),
        base_url=url,
        auth=auth,
        dialect=Dialect(reason=lambda _: "we say sandbox in passing"),
    )
    with pytest.raises(SynclineError) as caught:
        world.http.request("POST", "/x")
    assert shown in str(caught.value)
