import json
import os
import signal
import socket
import subprocess
import sys

import pytest
import requests

from syncline.ports import SystemClock, ThreadRuntime
from syncline.sandbox.adapter import SimulatedAdapter, exchange_with
from syncline.sandbox.catalogue import KINDS, build, parse_instances
from syncline.sandbox.instance import Instance, actor_of
from syncline.sandbox.platform import Request, json_response
from syncline.sandbox.server import Sandbox


@pytest.fixture
def sandbox(counter, clock):
    with Sandbox({"one": counter}, clock=clock, seed=7) as running:
        yield running


@pytest.fixture
def url(sandbox):
    return sandbox.urls["one"]


def raw(url, data):
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


class TestHttp:
    def test_one_connection_carries_many_requests(self, url, http):
        for _ in range(20):
            assert http.post(f"{url}/rows").status_code == 201
        pools = http.adapters["http://"].poolmanager.pools
        keys = pools.keys()
        assert [pools[key].num_connections for key in keys] == [1]

    def test_the_date_is_the_clocks(self, url, http, clock):
        assert http.get(f"{url}/rows").headers["Date"] == "Sun, 01 Mar 2026 09:00:00 GMT"
        clock.advance(61)
        assert http.get(f"{url}/rows").headers["Date"] == "Sun, 01 Mar 2026 09:01:01 GMT"

    def test_bodies_headers_and_queries_arrive_as_sent(self, url, http):
        seen = http.post(
            f"{url}/echo?a=1%2F2&b", data="naïve".encode(), headers={"X-One": "é".encode("latin-1")}
        ).json()
        assert seen["query"] == "a=1%2F2&b"
        assert seen["body"].encode("latin-1").decode() == "naïve"
        assert seen["headers"]["x-one"] == "é"

    def test_chunked_bodies(self, url, http):
        assert (
            http.post(f"{url}/echo", data=iter([b"ab", b"c" * 70_000])).json()["body"] == "ab" + "c" * 70_000
        )

    def test_replies_without_a_body(self, url, http):
        http.post(f"{url}/rows")
        head = http.head(f"{url}/rows")
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["Content-Length"]) > 20
        assert http.delete(f"{url}/rows").status_code == 204
        assert http.get(f"{url}/rows").json() == {"result": []}

    def test_expect_continue_is_answered(self, url):
        got = raw(
            url, b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"
        )
        assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")

    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (b"nonsense\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
            (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
            (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 300 + b"\r\n", 431),
            (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 400),
        ],
    )
    def test_what_is_not_http_is_refused_and_the_port_lives_on(self, url, http, data, status):
        assert raw(url, data).split(b" ")[1] == str(status).encode()
        assert http.get(f"{url}/rows").status_code == 200

    def test_a_taken_port_is_an_error(self, counter, url):
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            Sandbox({"two": counter}, port=port).start()

    def test_stopping_closes_the_port(self, counter, http):
        running = Sandbox({"one": counter})
        url = running.start()["one"]
        assert http.get(f"{url}/rows").status_code == 200
        running.stop()
        with pytest.raises(requests.ConnectionError):
            http.get(f"{url}/rows")
        assert running.urls == {}


class TestFaults:
    def test_a_reset_after_the_commit_breaks_the_connection(self, sandbox, url, http, counter):
        sandbox["one"].set_faults(next=[{"fault": "reset_after", "method": "POST"}])
        with pytest.raises(requests.ConnectionError):
            http.post(f"{url}/rows")
        assert len(counter.rows) == 1
        assert http.post(f"{url}/rows").json()["n"] == 2

    def test_a_reset_is_a_reset_and_no_orderly_end(self, sandbox, url):
        sandbox["one"].set_faults(reset_before=1)
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(b"GET /rows HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                connection.recv(10)

    def test_a_late_request_is_applied_after_the_client_gave_up(self, sandbox, url, http, counter):
        sandbox["one"].set_faults(next=[{"fault": "late", "seconds": 0.4}])
        with pytest.raises(requests.ReadTimeout):
            http.post(f"{url}/rows", timeout=(5, 0.1))
        assert counter.rows == []
        self.wait_for(lambda: counter.rows)

    def test_a_late_request_whose_connection_broke_at_once(self, sandbox, url, http, counter):
        sandbox["one"].set_faults(next=[{"fault": "late_reset", "seconds": 0.3}])
        with pytest.raises(requests.ConnectionError):
            http.post(f"{url}/rows")
        assert counter.rows == []
        self.wait_for(lambda: counter.rows)

    def test_latency_is_waited_for(self, sandbox, url, http):
        sandbox["one"].set_faults(latency=0.15)
        assert http.get(f"{url}/rows").elapsed.total_seconds() >= 0.15

    def test_stale_reads_are_the_platforms_affair(self, sandbox, counter):
        sandbox["one"].set_faults(stale=20)
        assert counter.index_lag == 20
        sandbox["one"].clear_faults()
        assert counter.index_lag == 0

    def wait_for(self, condition):
        runtime = ThreadRuntime()
        for _ in range(200):
            if condition():
                return
            runtime.sleep(0.02)
        raise AssertionError("it was never applied")


class TestControl:
    def test_faults_over_http(self, url, http):
        set_to = http.post(f"{url}/_sandbox/faults", json={"throttle": 1, "next": [{"fault": "html"}]}).json()
        assert set_to["throttle"] == 1
        assert "html" in http.get(f"{url}/rows").headers["Content-Type"]
        assert http.get(f"{url}/rows").status_code == 429
        assert http.get(f"{url}/_sandbox/faults").json()["next"] == []
        http.delete(f"{url}/_sandbox/faults")
        assert http.get(f"{url}/rows").status_code == 200

    def test_bad_control_requests_are_said(self, url, http):
        assert "gremlins" in http.post(f"{url}/_sandbox/faults", json={"gremlins": 1}).json()["error"]
        assert http.post(f"{url}/_sandbox/faults", data="{").status_code == 400
        assert http.post(f"{url}/_sandbox/faults", json=[1]).status_code == 400
        assert http.post(f"{url}/_sandbox/down", json={"down": True, "mode": "sulk"}).status_code == 400
        assert http.get(f"{url}/_sandbox/requests?since=x").status_code == 400
        assert http.get(f"{url}/_sandbox/nothing").status_code == 404

    def test_the_log_names_who_did_what(self, url, http):
        http.post(f"{url}/rows?x=1", auth=("amina", "secret"))
        http.get(f"{url}/rows", headers={"Authorization": "Token token=token-bruno"})
        http.get(f"{url}/_sandbox/health")
        log = http.get(f"{url}/_sandbox/requests").json()["requests"]
        assert [(e["n"], e["method"], e["path"], e["query"], e["actor"], e["status"]) for e in log] == [
            (1, "POST", "/rows", "x=1", "amina", 201),
            (2, "GET", "/rows", "", "bruno", 200),
        ]
        assert log[0]["at"] == "2026-03-01T09:00:00+00:00"
        assert "secret" not in json.dumps(log)
        assert [e["n"] for e in http.get(f"{url}/_sandbox/requests?since=1").json()["requests"]] == [2]
        assert http.get(f"{url}/_sandbox/requests?since=2").json()["requests"] == []

    def test_bodies_are_recorded_only_when_asked_for(self, counter, http):
        with Sandbox({"one": counter}, record_bodies=True) as running:
            http.post(f"{running.urls['one']}/echo", data="hello")
            (entry,) = running["one"].requests()
        assert entry.body == "hello"
        assert "hello" in entry.reply

    def test_the_state_is_what_the_platform_holds(self, url, http):
        http.post(f"{url}/rows")
        assert [row["n"] for row in http.get(f"{url}/_sandbox/state").json()["rows"]] == [1]

    def test_down_and_up_again(self, url, http):
        assert http.post(f"{url}/_sandbox/down", json={"down": True}).json() == {"down": "reset"}
        with pytest.raises(requests.ConnectionError):
            http.post(f"{url}/rows")
        assert http.get(f"{url}/_sandbox/state").json() == {"rows": []}
        http.post(f"{url}/_sandbox/down", json={"down": False})
        assert http.post(f"{url}/rows").status_code == 201

    def test_down_without_a_word(self, url, http):
        http.post(f"{url}/_sandbox/down", json={"down": True, "mode": "hang"})
        with pytest.raises(requests.ReadTimeout):
            http.get(f"{url}/rows", timeout=(5, 0.1))
        http.post(f"{url}/_sandbox/down", json={"down": False})
        assert http.get(f"{url}/rows").status_code == 200

    def test_down_with_a_page(self, url, http):
        http.post(f"{url}/_sandbox/down", json={"down": True, "mode": "unavailable", "status": 502})
        reply = http.get(f"{url}/rows")
        assert (reply.status_code, reply.headers["Content-Type"]) == (502, "text/html")


class TestInstance:
    def test_the_log_is_bounded(self, counter, clock):
        instance = Instance("one", counter, clock=clock, runtime=ThreadRuntime(), logged=10)
        for _ in range(15):
            instance.answer(Request("GET", "/none"))
        assert [entry.n for entry in instance.requests()] == list(range(6, 16))
        assert [entry.n for entry in instance.requests(13)] == [14, 15]

    def test_faults_do_not_change_what_the_platform_draws(self, clock):
        draws = []
        for rates in ({}, {"throttle": 0.5}):
            platform = type("P", (), {"platform": "p", "seen": None})()
            platform.seen = []
            platform.handle = lambda request, now, rng, p=platform: (
                p.seen.append(rng.random()),
                json_response(200, {}),
            )[1]
            instance = Instance("one", platform, clock=clock, runtime=ThreadRuntime(), seed=3)
            instance.set_faults(**rates)
            for _ in range(20):
                instance.answer(Request("GET", "/"))
            draws.append(platform.seen)
        assert draws[1] == draws[0][: len(draws[1])]
        assert 0 < len(draws[1]) < 20

    @pytest.mark.parametrize(
        ("authorization", "actor"),
        [
            ("Basic YW1pbmE6eA==", "amina"),
            ("Basic %%%", ""),
            ("Bearer token-olga", "olga"),
            ("Token token=token-noah", "noah"),
            ("Bearer secret", ""),
            ("", ""),
        ],
    )
    def test_actor_of_credentials(self, authorization, actor):
        assert actor_of(Request("GET", "/", headers={"authorization": authorization})) == actor


class Recorder(ThreadRuntime):
    """A runtime whose time passes at once."""

    def __init__(self):
        self.slept = []
        self.spawned = []

    def sleep(self, seconds):
        self.slept.append(seconds)

    def spawn(self, name, target):
        self.spawned.append(target)


class TestAdapter:
    @pytest.fixture
    def runtime(self):
        return Recorder()

    @pytest.fixture
    def instance(self, counter, clock):
        return Instance("one", counter, clock=clock, runtime=ThreadRuntime())

    @pytest.fixture
    def session(self, instance, clock, runtime, http):
        http.mount("http://one.example", SimulatedAdapter(exchange_with(instance, clock, runtime)))
        return http

    def test_replies_are_real_ones(self, session):
        reply = session.post("http://one.example/rows", json={"a": 1})
        assert (reply.status_code, reply.reason, reply.json()["n"]) == (201, "Created", 1)
        assert reply.headers["date"] == "Sun, 01 Mar 2026 09:00:00 GMT"
        assert reply.url == "http://one.example/rows"
        assert session.cookies["glide"] == "1"
        assert session.delete("http://one.example/rows").content == b""

    def test_requests_arrive_as_over_a_socket(self, session):
        seen = session.post(
            "http://one.example/echo", params={"a": "1/2"}, data="naïve".encode(), auth=("u", "p")
        ).json()
        assert (seen["query"], seen["body"]) == ("a=1%2F2", "naïve".encode().decode("latin-1"))
        assert seen["headers"]["authorization"].startswith("Basic ")
        assert seen["headers"]["host"] == "one.example"
        assert session.post("http://one.example/echo", data=iter([b"a", b"b"])).json()["body"] == "ab"

    def test_streamed_replies(self, session):
        session.post("http://one.example/rows")
        reply = session.get("http://one.example/rows", stream=True)
        assert json.loads(b"".join(reply.iter_content(5)))["result"][0]["n"] == 1

    def test_resets_and_timeouts_are_those_of_requests(self, session, instance, counter, runtime):
        instance.set_faults(next=[{"fault": "reset_after"}, {"fault": "late", "seconds": 90}])
        with pytest.raises(requests.ConnectionError):
            session.post("http://one.example/rows")
        with pytest.raises(requests.ReadTimeout) as caught:
            session.post("http://one.example/rows", timeout=(1, 30))
        assert caught.value.request.method == "POST"
        assert (len(counter.rows), runtime.slept[-1]) == (1, 30)
        runtime.spawned[0]()
        assert (len(counter.rows), runtime.slept[-1]) == (2, 90)

    def test_a_patient_client_gets_the_late_reply(self, session, instance, counter, runtime):
        instance.set_faults(next=[{"fault": "late", "seconds": 20}])
        assert session.post("http://one.example/rows", timeout=30).status_code == 201
        assert (len(counter.rows), runtime.slept) == (1, [20])

    def test_a_late_reset_breaks_at_once_and_applies_later(self, session, instance, counter, runtime):
        instance.set_faults(next=[{"fault": "late_reset", "seconds": 20}])
        with pytest.raises(requests.ConnectionError):
            session.post("http://one.example/rows", timeout=30)
        assert counter.rows == []
        runtime.spawned[0]()
        assert (len(counter.rows), runtime.slept) == (1, [20])

    def test_latency_counts_against_the_clients_patience(self, session, instance, runtime):
        instance.set_faults(latency=2)
        assert session.get("http://one.example/rows", timeout=5).status_code == 200
        with pytest.raises(requests.ReadTimeout):
            session.get("http://one.example/rows", timeout=1)
        assert runtime.slept == [2, 1]

    def test_hanging(self, session, instance):
        instance.take_down("hang")
        with pytest.raises(requests.ReadTimeout):
            session.get("http://one.example/rows", timeout=1)


class TestCatalogue:
    def test_instances_are_read_in_order(self):
        assert list(parse_instances("b=jira-dc, a=servicenow").items()) == [
            ("b", "jira-dc"),
            ("a", "servicenow"),
        ]

    @pytest.mark.parametrize("text", ["", "snow", "=servicenow", "a=servicenow,a=jira-dc"])
    def test_what_does_not_read_so_is_said(self, text):
        with pytest.raises(ValueError, match=r"NAME=KIND|twice"):
            parse_instances(text)

    def test_an_unknown_kind_is_said(self):
        with pytest.raises(ValueError, match="servicenow"):
            build("x", "remedy")

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_says_no_in_its_own_words_and_shows_its_state(self, kind, clock):
        instance = Instance("x", build("x", kind), clock=clock, runtime=ThreadRuntime())
        assert instance.platform.throttled(clock.now()).status == 429
        assert instance.platform.unavailable(503).status == 503
        assert instance.answer(Request("GET", "/")).response.status >= 400
        json.dumps(instance.state())

    def test_servicenow_is_built_with_its_knobs(self):
        assert "servicenow" in KINDS
        assert build("snow", "servicenow", index_lag=3.0).index_lag == 3.0


class TestProcess:
    def start(self, *arguments):
        command = [sys.executable, "-m", "syncline.sandbox", "--instances", "snow=servicenow", *arguments]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ)
        return process, json.loads(process.stdout.readline())["urls"]

    def test_it_serves_and_ends_when_its_input_closes(self, http):
        process, urls = self.start("--until-eof")
        with process:
            assert http.get(f"{urls['snow']}/_sandbox/health").json()["platform"] == "servicenow"
            process.stdin.close()
            assert process.wait(10) == 0

    def test_it_ends_on_sigterm(self, http):
        process, urls = self.start()
        with process:
            assert http.get(f"{urls['snow']}/_sandbox/health").status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0

    def test_wrong_use_is_said(self):
        command = [sys.executable, "-m", "syncline.sandbox", "--instances", "x=remedy"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "remedy" in done.stderr


def test_the_default_clock_is_the_machines(counter, http):
    with Sandbox({"one": counter}) as running:
        http.post(f"{running.urls['one']}/rows")
    assert counter.rows[0]["at"][:13] == SystemClock().now().isoformat()[:13]
