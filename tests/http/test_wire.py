"""Over real sockets: connections that are refused, dropped, stale, slow or not to be trusted."""

import contextlib
import datetime as dt
import random
import socket
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from syncline.errors import Configuration, OutcomeUnknown, RetryLater
from syncline.http.auth import BearerAuth, HeaderAuth
from syncline.http.client import Http
from syncline.http.dialect import Dialect
from syncline.ports import SystemClock, ThreadRuntime


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that is taken, so that nobody else gets it meanwhile, and on which nobody listens."""
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_listens(live, method, deaf_port):
    with pytest.raises(RetryLater) as caught:
        live(base_url=f"http://127.0.0.1:{deaf_port}").request(method, "/x")
    for part in ("snow-prod", "cannot be reached", "refused", "Nothing was sent", "setting url"):
        assert part in str(caught.value)


def test_a_name_that_nobody_knows(live):
    with pytest.raises(RetryLater) as caught:
        live(base_url="https://no-such-host.invalid").request("POST", "/x")
    assert "no-such-host.invalid is not known to the name service" in str(caught.value)


def test_a_dropped_write_leaves_once_and_its_outcome_is_unknown(live, server, answers):
    server.answer = answers.drop
    http = live()
    with pytest.raises(OutcomeUnknown, match="broke off"):
        http.request("POST", "/x", json={"a": 1}, record="INC1")
    assert server.requests == [("POST", "/x")]
    assert http.counts["write"] == 1
    assert http.counts["POST", "none"] == 1


def test_a_kept_connection_that_the_server_closed_leaves_a_write_unknown(live, server, answers):
    http = live()
    http.request("GET", "/first")
    ports = []

    def gone(handler):
        ports.append(handler.client_address[1])
        answers.drop(handler)

    server.answer = gone
    with pytest.raises(OutcomeUnknown, match="is not known"):
        http.request("POST", "/second")
    assert server.requests == [("GET", "/first"), ("POST", "/second")]


def test_a_dropped_read_is_repeated(live, server, answers):
    replies = [answers.drop, answers.drop, lambda handler: answers.json(handler, 200, {"ok": 1})]
    server.answer = lambda handler: replies.pop(0)(handler)
    assert live().json("GET", "/x") == {"ok": 1}
    assert len(server.requests) == 3


def test_a_slow_reply_leaves_a_write_unknown(live, server):
    done = ThreadRuntime().signal()
    server.answer = lambda handler: done.wait(10)
    try:
        with pytest.raises(OutcomeUnknown, match="in time"):
            live(timeout=(1.0, 0.05)).request("POST", "/x")
    finally:
        done.set()
    assert len(server.requests) == 1


DRIP = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 62\r\n\r\n{"a": "'
    + b"x" * 53
    + b'"}'
)


@pytest.mark.parametrize(
    ("at_once", "words"), [(10, "no reply .* in time"), (75, "the reply did not end in time")]
)
@pytest.mark.parametrize(("method", "error"), [("POST", OutcomeUnknown), ("GET", RetryLater)])
def test_a_reply_that_comes_byte_by_byte_takes_no_longer_than_one_that_does_not_come(
    live, server, method, error, at_once, words
):
    """From within its head, and from within its body."""
    seen, once, clock = ThreadRuntime().signal(), ThreadRuntime().signal(), SystemClock()
    once.set()  # who shall stop repeats nothing

    def drip(handler):
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.wfile.write(DRIP[:at_once])
            for byte in DRIP[at_once:]:
                if seen.wait(0.1):
                    return
                handler.wfile.write(bytes([byte]))

    server.answer = drip
    before = clock.monotonic()
    try:
        with pytest.raises(error, match=words):
            live(timeout=(5.0, 0.4), stop=once).request(method, "/x")
        assert clock.monotonic() - before < 2.5  # the whole of it would take more than five
    finally:
        seen.set()


@pytest.mark.parametrize("reply", [DRIP[:at] for at in (3, 10, 17, 40, DRIP.index(b"\r\n\r\n") + 2)])
@pytest.mark.parametrize(("method", "error"), [("POST", OutcomeUnknown), ("GET", RetryLater)])
def test_a_reply_whose_head_ends_early_is_none(live, server, caplog, method, error, reply):
    """Half a head says 200, and nothing of a body: it must not pass for a reply without one."""
    once = ThreadRuntime().signal()
    once.set()

    def cut(handler):
        handler.close_connection = True
        handler.wfile.write(reply)

    server.answer = cut
    with pytest.raises(error, match="broke off the connection before its reply was complete"):
        live(stop=once).request(method, "/x")
    assert not [record for record in caplog.records if record.name.startswith("urllib3")]


def test_a_library_can_shorten_the_timeout_but_not_lengthen_it(make):
    world = make(timeout=(5.0, 30.0))
    session = world.http.session()
    for given in (None, 60, (3.05, 27), (None, 100), 2):
        session.get("https://snow.example.com/x", timeout=given)
    assert [options["timeout"] for options in world.wire.options] == [
        (5.0, 30.0),
        (5.0, 30.0),
        (3.05, 27),
        (5.0, 30.0),
        (2, 2),
    ]


def test_a_worker_keeps_one_connection(live, server):
    ports = set()
    http = live()

    def answer(handler):
        ports.add(handler.client_address[1])
        handler.send_response(200)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    server.answer = answer
    for _ in range(5):
        http.request("GET", "/x")
    assert len(ports) == 1
    assert http.session() is http.session()


def test_each_worker_has_its_own_session(live):
    http = live()
    sessions = [http.session()]
    task = ThreadRuntime().spawn("other", lambda: sessions.append(http.session()))
    task.join(5)
    assert len({id(session) for session in sessions}) == 2


def test_cookies_stay_with_the_session(live, server, answers):
    server.answer = lambda handler: answers.json(handler, 200, {}, {"Set-Cookie": "JSESSIONID=abc; Path=/"})
    http = live()
    http.request("GET", "/x")
    http.request("GET", "/x")
    assert server.headers[1]["Cookie"] == "JSESSIONID=abc"


def test_the_environment_names_no_proxy_and_no_credentials(live, server, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    live(auth=lambda _context: HeaderAuth("x-sn-apikey", "", SecretStr("key-1"))).request("GET", "/x")
    assert server.headers[0]["x-sn-apikey"] == "key-1"
    assert "Authorization" not in server.headers[0]


def test_a_proxy_that_is_not_there(live, deaf_port):
    with pytest.raises(RetryLater, match="proxy"):
        live(base_url="https://snow.example.com", proxy=f"http://127.0.0.1:{deaf_port}").request("POST", "/x")


@pytest.mark.parametrize("digits", ["403", "407"])
def test_the_port_of_a_proxy_that_is_not_there_is_no_refusal(live, digits):
    """Its number stands in the library's words, as the status of a refusal does."""
    with contextlib.closing(socket.socket()) as taken:
        port = next(p for p in range(int(digits) * 100, int(digits) * 100 + 100) if _bound(taken, p))
        http = live(base_url="https://snow.example.com", proxy=f"http://127.0.0.1:{port}")
        with pytest.raises(RetryLater, match="proxy"):
            http.request("POST", "/x")


def _bound(taken: socket.socket, port: int) -> bool:
    try:
        taken.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(("status", "words"), [(407, "proxy_password"), (403, "allow the host")])
def test_a_proxy_that_does_not_let_us_through(live, status, words):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        http = live(
            base_url="https://snow.example.com",
            proxy=f"http://user:canary-proxy@127.0.0.1:{listener.getsockname()[1]}",
        )

        def refuse():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())

        task = ThreadRuntime().spawn("proxy", refuse)
        with pytest.raises(Configuration, match=words) as caught:
            http.request("POST", "/x")
        task.join(5)
    assert "canary" not in str(caught.value)


@pytest.fixture
def certificate():
    """A certificate for 127.0.0.1 that nobody signed but itself, with its key."""
    return Path(__file__).with_name("loopback.pem")


@pytest.fixture
def tls_server(certificate):
    """The address of a server with that certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args):
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request, client_address):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    httpd = Quiet(("127.0.0.1", 0), Handler)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    task = ThreadRuntime().spawn("tls", lambda: httpd.serve_forever(poll_interval=0.01))
    yield f"https://127.0.0.1:{httpd.server_address[1]}"
    httpd.shutdown()
    httpd.server_close()
    task.join(5)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_certificate_that_nobody_vouches_for(live, tls_server, method):
    http = live(base_url=tls_server)
    session = http.session()
    session.verify = False
    with pytest.raises(Configuration, match="ca_file") as caught:
        session.request(method, f"{tls_server}/x", verify=False)
    assert "snow-prod" in str(caught.value)


def test_an_authority_of_our_own(live, tls_server, certificate):
    assert live(base_url=tls_server, ca_file=certificate).json("GET", "/x") == {}


def test_plain_http_behind_an_https_address(live, server):
    with pytest.raises(Configuration, match="no trusted connection"):
        live(base_url=server.url.replace("http:", "https:")).request("GET", "/x")


def test_counts_and_health(make, tools, http_date, clock):
    date = http_date(clock.now() + dt.timedelta(seconds=90))
    world = make(
        tools.reply(200, {}, Date=date), tools.reply(201, {}, Date=date), tools.reply(422, {}, Date=date)
    )
    assert world.http.clock_skew() is None
    assert world.http.platform_now() == clock.now()
    assert world.http.health().last_success is None
    world.http.request("GET", "/x")
    world.http.request("POST", "/x")
    with pytest.raises(Exception, match="422"):
        world.http.request("PATCH", "/x")
    assert world.http.counts == {
        "read": 1,
        "write": 2,
        ("GET", "2xx"): 1,
        ("POST", "2xx"): 1,
        ("PATCH", "4xx"): 1,
    }
    health = world.http.health()
    assert (health.breaker, health.last_success, health.clock_skew) == ("closed", clock.now(), 90)
    assert health.last_error is not None
    assert "422" in health.last_error
    assert 40 <= health.budget_left <= 50
    assert world.http.clock_skew() == 90
    clock.move(10)
    assert (world.http.platform_now() - clock.now()).total_seconds() == 90
    clock.at += dt.timedelta(hours=5)
    assert (world.http.platform_now() - clock.now()).total_seconds() == 90 - 5 * 3600


@pytest.mark.parametrize(("stopped", "skew"), [(400.0, 90), (0.0, 60)])
def test_a_reply_that_waited_for_us_does_not_put_the_clock_of_the_platform_back(
    make, tools, http_date, clock, stopped, skew
):
    """The process was stopped between the platform's answer and our reading of it. What a quick reply says counts, earlier or not."""
    world = make(tools.reply(200, {}, Date=http_date(clock.now() + dt.timedelta(seconds=90))))
    world.http.request("GET", "/x")
    clock.move(10)

    def late(request):
        ahead = 90 if stopped else 60
        response = tools.reply(200, {}, Date=http_date(clock.now() + dt.timedelta(seconds=ahead)))(request)
        clock.move(stopped)
        return response

    world.wire.script = [late]
    world.http.request("GET", "/x")
    assert world.http.clock_skew() == skew


@pytest.mark.parametrize(
    "headers", [{"Date": "nonsense"}, {"Date": "Sun, 22 Nov 2026 12:00:00 GMT", "Age": "60"}, {}]
)
def test_a_date_that_says_nothing_is_left_out(make, tools, headers):
    world = make(tools.reply(200, {}, **headers))
    world.http.request("GET", "/x")
    assert world.http.clock_skew() is None


def test_production_needs_nothing_but_the_ports(server, clock):
    http = Http(
        "x",
        server.url,
        auth=lambda _context: BearerAuth(SecretStr("token-2")),
        dialect=Dialect(),
        clock=clock,
        runtime=ThreadRuntime(),
        rng=random.Random(1),
    )
    assert http.json("GET", "/x") == {}
    assert repr(http) == f"Http('x', '{server.url}')"
