"""The proxy itself: each fault is what its name says, and it is known what the platform got of it."""

import socket
from contextlib import closing
from functools import partial

import pytest
from tcp_proxy import Fate, Proxy, Toxics

from syncline.ports import SystemClock, ThreadRuntime

CLOCK, RUNTIME = SystemClock(), ThreadRuntime()
ASKED = b"ask 0123456789\n"
ANSWER = b"answer to " + ASKED


class Platform:
    """Answers each line by one, and knows what it got."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.got, self.answered, self.ended = [], 0, RUNTIME.signal()
        RUNTIME.spawn("platform", self.accept)

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            RUNTIME.spawn("platform-connection", partial(self.serve, connection))

    def serve(self, connection):
        with closing(connection), connection.makefile("rb") as stream:
            try:
                for line in stream:
                    self.got.append(line)
                    if line.endswith(b"\n"):
                        self.answered += 1
                        connection.sendall(b"answer to " + line)
            except OSError:
                pass
        self.ended.set()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def platform():
    with closing(Platform()) as found:
        yield found


@pytest.fixture
def proxy(platform):
    with closing(Proxy(platform.address, "a test")) as found:
        yield found


@pytest.fixture
def client(proxy):
    with closing(call(proxy)) as found:
        yield found


def call(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=20)


def whole(client):
    """An answer, or less where the connection ends."""
    found = b""
    while len(found) < len(ANSWER) and (piece := client.recv(len(ANSWER) - len(found))):
        found += piece
    return found


def until_reset(client):
    """What comes before that."""
    found = b""
    try:
        while piece := client.recv(100):
            found += piece
    except ConnectionResetError:
        return found
    raise AssertionError(f"the connection ended as if all were over, after {found!r}")


def test_a_clean_line_passes_everything_both_ways_and_an_end_too(client, platform, proxy):
    for _ in range(3):
        client.sendall(ASKED)
        assert whole(client) == ANSWER
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""
    assert platform.ended.wait(20)
    assert platform.got == [ASKED] * 3
    assert proxy.met == {Fate.PASSES: 3}


def test_a_line_that_is_down_resets_who_is_there_and_refuses_who_calls(client, platform, proxy):
    client.sendall(ASKED)
    whole(client)
    proxy.down()
    assert until_reset(client) == b""
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            call(proxy)
    proxy.up()
    with closing(call(proxy)) as again:
        again.sendall(ASKED)
        assert whole(again) == ANSWER


def test_a_request_that_is_cut_never_arrives_whole(client, platform, proxy):
    proxy.toxics = Toxics(cut_request=1)
    client.sendall(ASKED)
    assert until_reset(client) == b""
    assert platform.ended.wait(20)
    assert platform.answered == 0
    assert all(ASKED.startswith(part) for part in platform.got)


def test_a_reply_that_is_cut_before_it_begins_belongs_to_a_request_that_arrived(client, platform, proxy):
    proxy.toxics = Toxics(cut_before_reply=1)
    client.sendall(ASKED)
    assert until_reset(client) == b""
    assert platform.got == [ASKED]


def test_a_reply_that_is_cut_comes_in_part(client, platform, proxy):
    proxy.toxics = Toxics(cut_reply=1)
    client.sendall(ASKED)
    # What was on its way may be lost with a reset.
    said = until_reset(client)
    assert ANSWER.startswith(said)
    assert said != ANSWER
    assert platform.got == [ASKED]


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_a_reply_that_is_truncated_ends_like_one_that_is_over(client, platform, proxy, seconds):
    proxy.toxics = Toxics(truncate=1, slow_close=seconds)
    client.sendall(ASKED)
    before = CLOCK.monotonic()
    said = whole(client)
    assert ANSWER.startswith(said)
    assert 0 < len(said) < len(ANSWER)
    assert client.recv(100) == b""
    assert CLOCK.monotonic() - before >= seconds
    assert platform.got == [ASKED]


@pytest.mark.parametrize(("fate", "arrives"), [("swallow_request", False), ("swallow_reply", True)])
def test_what_is_swallowed_is_never_answered(client, platform, proxy, fate, arrives):
    proxy.toxics = Toxics(**{fate: 1})
    client.sendall(ASKED)
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.close()
    assert platform.ended.wait(20)
    assert platform.got == ([ASKED] if arrives else [])


@pytest.mark.parametrize(
    ("toxics", "seconds"),
    [
        (Toxics(latency=(0.1, 0.1)), 0.2),
        (Toxics(bandwidth=200), 0.1),
        (Toxics(slices=3, pause=0.02), 0.2),
    ],
)
def test_what_is_slow_comes_whole_and_takes_its_time(client, platform, proxy, toxics, seconds):
    proxy.toxics = toxics
    before = CLOCK.monotonic()
    client.sendall(ASKED)
    assert whole(client) == ANSWER
    assert CLOCK.monotonic() - before >= seconds
    assert platform.got == [ASKED]


def test_a_request_whose_client_gives_up_on_the_way_does_not_get_through(client, platform, proxy):
    proxy.toxics = Toxics(slices=1, pause=0.03)
    client.sendall(ASKED)
    client.close()
    assert platform.ended.wait(20)
    assert platform.answered == 0


def test_shares_of_exchanges_are_kept_on_one_connection_too(client, platform, proxy):
    proxy.toxics = Toxics(swallow_reply=0.5)
    client.settimeout(0.05)
    for _ in range(40):
        client.sendall(ASKED)
        try:
            whole(client)
        except TimeoutError:
            client.close()
            client = call(proxy)
            client.settimeout(0.05)
    client.close()
    assert proxy.met.total() == 40
    assert 5 < proxy.met[Fate.SWALLOW_REPLY] < 35


def test_who_calls_while_the_platform_is_not_there_is_reset(platform, proxy):
    platform.close()
    platform.close = lambda: None
    try:
        client = call(proxy)
    except ConnectionResetError:
        return  # Where the machine is busy, the reset is there before `connect` looks whether it is through.
    with closing(client):
        assert until_reset(client) == b""
