"""HTML where JSON should stand, and replies that send us elsewhere."""

import pytest

from syncline.errors import Configuration, Gone, OutcomeUnknown, Refused, RetryLater
from syncline.http.dialect import Dialect

HIBERNATING = (
    b"<html><head><title>Instance Hibernating page</title></head><body>Sign in to wake it</body></html>"
)
LOGIN = b"<!DOCTYPE html><title>Log in &amp; continue</title><input type='password'>"
SAML = b"<html><body onload='document.forms[0].submit()'><input name=SAMLRequest></body></html>"
MAINTENANCE = b"\xef\xbb\xbf  <html><title>Scheduled maintenance</title>Please log in later</html>"
OTHER = b"<html><title>Welcome to nginx!</title></html>"


def page(tools, content, status=200, kind="text/html; charset=utf-8"):
    return tools.reply(status, content, Content_Type=kind)


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (HIBERNATING, RetryLater, ["hibernates", "Instance Hibernating page", "developer portal"]),
        (LOGIN, Configuration, ['"Log in & continue"', "SSO", "SYNCLINE_SNOW_PROD_PASSWORD"]),
        (SAML, Configuration, ["SSO"]),
        (MAINTENANCE, RetryLater, ["Scheduled maintenance"]),
        (OTHER, Configuration, ["Welcome to nginx!", "https://snow.example.com"]),
    ],
)
@pytest.mark.parametrize("content_type", ["text/html", "application/json"])
def test_a_page_instead_of_json(make, tools, content, kind, words, content_type):
    world = make(page(tools, content, kind=content_type))
    with pytest.raises(kind) as caught:
        world.http.request("GET", "/x")
    for word in words:
        assert word in str(caught.value)
    assert len(world.wire.sent) == 1


@pytest.mark.parametrize("content", [HIBERNATING, LOGIN, SAML, MAINTENANCE, OTHER])
def test_of_a_write_a_page_proves_nothing(make, tools, content):
    with pytest.raises(OutcomeUnknown):
        make(page(tools, content)).http.request("POST", "/x")


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (404, Configuration, Configuration),
        (401, Configuration, Configuration),
        (403, Configuration, Refused),
        (503, RetryLater, OutcomeUnknown),
    ],
)
def test_a_status_beside_a_page_decides(make, tools, status, read, write):
    for method, kind in (("GET", read), ("POST", write)):
        with pytest.raises(kind, match="Welcome to nginx!" if status != 401 else "401"):
            make(page(tools, OTHER, status)).http.request(method, "/x")


def test_a_404_in_json_is_a_record_that_is_gone(make, tools):
    with pytest.raises(Gone):
        make(tools.reply(404, {"error": {"message": "No Record found"}})).http.request("GET", "/x")


def test_a_page_is_fine_where_the_dialect_says_so(make, tools):
    world = make(page(tools, OTHER), dialect=Dialect(json_only=False))
    assert world.http.request("GET", "/x").content == OTHER


def test_a_file_may_be_a_page(make, tools):
    assert make(page(tools, LOGIN)).http.request("GET", "/file", raw=True).content == LOGIN


def test_a_title_cannot_forge_the_message(make, tools):
    content = b"<title>ok\n2026-11-22 ERROR forged \x1b[2J" + b"x" * 9_000 + b"</title>"
    with pytest.raises(Configuration) as caught:
        make(page(tools, content)).http.request("GET", "/x")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "target", ["https://login.example.org/saml2?SAMLRequest=abc", "/login.do", "//evil.example"]
)
def test_a_login_or_another_host_is_never_followed(make, tools, status, method, target):
    world = make(tools.reply(status, b"", Location=target))
    with pytest.raises(Configuration) as caught:
        world.http.request(method, "/x")
    assert len(world.wire.sent) == 1
    assert "SSO" in str(caught.value)
    assert "SAMLRequest" not in str(caught.value)


def test_a_read_is_not_followed_out_of_tls(make, tools):
    world = make(tools.reply(302, b"", Location="http://snow.example.com/x"))
    with pytest.raises(Configuration, match="Set url"):
        world.http.request("GET", "/x")
    assert len(world.wire.sent) == 1


def test_a_read_is_followed_within_the_instance(make, tools):
    world = make(tools.reply(307, b"", Location="/y?z=1"), tools.reply(200, {"ok": 1}))
    assert world.http.json("GET", "/x") == {"ok": 1}
    assert [request.url for request in world.wire.sent] == [
        "https://snow.example.com/x",
        "https://snow.example.com/y?z=1",
    ]


def test_redirects_that_never_end_are_a_fault_of_the_address(make, tools):
    world = make(tools.reply(302, b"", Location="/x"))
    with pytest.raises(Configuration, match="Set url"):
        world.http.request("GET", "/x")
    assert len(world.wire.sent) == 4


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Configuration),
        (307, Configuration),
        (308, Configuration),
        (302, OutcomeUnknown),
        (303, OutcomeUnknown),
    ],
)
def test_a_write_is_never_followed(make, tools, status, kind):
    world = make(tools.reply(status, b"", Location="/y"))
    with pytest.raises(kind):
        world.http.request("POST", "/x")
    assert len(world.wire.sent) == 1


def test_a_redirect_to_nowhere_is_no_success(make, tools):
    with pytest.raises(RetryLater, match="302"):
        make(tools.reply(302, b"")).http.request("GET", "/x")


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/x",
        "https://snow.example.com:8443/x",
        "http://snow.example.com/x",
        "https://snow.example.com@evil.example/",
    ],
)
def test_no_other_host_is_ever_called(make, address):
    world = make()
    with pytest.raises(Configuration, match="Nothing was sent"):
        world.http.request("GET", address)
    with pytest.raises(Configuration, match="Nothing was sent"):
        world.http.session().get(address)
    assert world.wire.sent == []


def test_an_absolute_address_of_the_instance_is_fine(make):
    world = make()
    world.http.request("GET", "https://snow.example.com:443/api/x")
    assert len(world.wire.sent) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://snow.example.com",
        "ftp://x",
        "snow.example.com",
        "https://u:canary-pw@h",
        "https://h/?a=1",
        "https://h:x",
        "https://h\n",
    ],
)
def test_an_address_that_must_not_be_called(make, url):
    with pytest.raises(Configuration, match="snow-prod: the setting url") as caught:
        make(base_url=url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost/", "http://[::1]:1/base/"])
def test_loopback_needs_no_tls(make, url):
    world = make(base_url=url)
    world.http.request("GET", "/x")
    assert world.wire.sent[0].url == f"{url.rstrip('/')}/x"


@pytest.mark.parametrize(
    "location", ["https://h:x/", "http://[", "//[::1", "https://snow.example.com:99999/", ""]
)
@pytest.mark.parametrize(("method", "kind"), [("GET", RetryLater), ("POST", OutcomeUnknown)])
def test_a_redirect_to_no_address_decides_nothing(make, tools, location, method, kind):
    world = make(tools.reply(307, b"", Location=location))
    with pytest.raises(kind, match="307"):
        world.http.request(method, "/x")
    assert len(world.wire.sent) == 1


def test_a_strange_redirect_is_quoted_before_it_is_followed(live, server, answers):
    def answer(handler):
        if handler.path == "/x":
            answers.json(handler, 302, b"", {"Location": "/y z\xfc?a=b c"})
        else:
            answers.json(handler, 200, {"path": handler.path})

    server.answer = answer
    assert live().json("GET", "/x") == {"path": "/y%20z%C3%BC?a=b%20c"}


def test_a_path_may_hold_a_colon(make):
    world = make()
    world.http.request("GET", "entry:1/x")
    assert world.wire.sent[0].url == "https://snow.example.com/entry:1/x"
