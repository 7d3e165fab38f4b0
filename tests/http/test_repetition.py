"""What is repeated, how soon, and when we give up: at most five seconds, in the platform's time, and never a doubt."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from syncline.errors import OutcomeUnknown, RetryLater
from syncline.http.dialect import Dialect
from syncline.http.replies import retry_after


def test_a_read_is_repeated_until_it_succeeds(make, tools):
    world = make(tools.reply(503), tools.reply(502), tools.reply(200, {"result": []}))
    assert world.http.json("GET", "/x") == {"result": []}
    assert len(world.wire.sent) == 3


def test_repetitions_begin_within_five_seconds(make, tools):
    world = make(tools.reply(502))
    with pytest.raises(RetryLater):
        world.http.request("GET", "/x")
    assert 3 <= len(world.wire.sent) <= 40
    assert world.clock.monotonic() <= 5.0
    assert len(set(world.runtime.slept)) == len(world.runtime.slept)


def test_waits_are_jittered_by_the_rng_that_was_given(make, tools):
    slept = []
    for _ in range(2):
        world = make(tools.reply(502))
        with pytest.raises(RetryLater):
            world.http.request("GET", "/x")
        slept.append(world.runtime.slept)
        world.clock.elapsed = 0.0
    assert slept[0] == slept[1]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_429_with_a_short_wait_is_repeated_after_it(make, tools, method):
    world = make(tools.reply(429, Retry_After="2"), tools.reply(200, {"ok": True}))
    assert world.http.json(method, "/x") == {"ok": True}
    assert len(world.wire.sent) == 2
    assert world.clock.monotonic() >= 2.0


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_429_with_a_long_wait_goes_back_to_the_ledger(make, tools, method):
    world = make(tools.reply(429, Retry_After="30"))
    with pytest.raises(RetryLater) as caught:
        world.http.request(method, "/x")
    assert caught.value.after == 30
    assert len(world.wire.sent) == 1
    assert world.clock.monotonic() == 0
    assert "requests_per_minute" in str(caught.value)


def test_a_pause_holds_for_all_workers(make, tools):
    world = make(tools.reply(429, Retry_After="30"), tools.reply(200, {}))
    with pytest.raises(RetryLater):
        world.http.request("GET", "/x")
    with pytest.raises(RetryLater, match="budget") as caught, world.http.urgent():
        world.http.request("GET", "/y")
    assert caught.value.after == pytest.approx(30, abs=0.5)
    assert len(world.wire.sent) == 1
    world.clock.move(30)
    with world.http.urgent():
        world.http.request("GET", "/y")


def test_a_date_in_retry_after_is_read_by_the_platforms_clock(make, tools, http_date, clock):
    theirs = clock.now() + timedelta(hours=3)
    late = tools.reply(429, Date=http_date(theirs), Retry_After=http_date(theirs + timedelta(seconds=90)))
    world = make(late)
    with pytest.raises(RetryLater) as caught:
        world.http.request("GET", "/x")
    assert caught.value.after == pytest.approx(90)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("-3", None),
        ("soon", None),
        ("", None),
        ("999999999", 3600.0),
        ("9" * 5000, None),
        ("inf", None),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 11:59:00 GMT", 0.0),
        ("Sunday, 22-Nov-26 12:01:00 GMT", 60.0),
        ("Sun Nov 22 12:01:00 2026", 60.0),
        ("Sun, 22 Nov 9999 12:01:00 GMT", 3600.0),
        ("Sun, 22 Nov 99999999999999999999 12:01:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:00 -2300", None),
        ("Sun, 99 Nov 2026 12:01:00 GMT", None),
    ],
)
def test_retry_after_in_all_its_forms(clock, value, seconds):
    assert retry_after(value, clock.now()) == seconds


@given(
    st.text(max_size=60)
    | st.from_regex(r"[A-Z][a-z]{2}, \d{1,20} [A-Z][a-z]{2} \d{1,20} \d+:\d+:\d+ [+-]?\w*")
)
def test_any_text_in_retry_after_is_a_wait_or_none(text):
    wait = retry_after(text, datetime(2026, 11, 22, tzinfo=UTC))
    assert wait is None or 0 <= wait <= 3600


def test_a_header_of_the_platforms_own_is_honoured(make, tools):
    dialect = Dialect(wait=lambda response: float(response.headers["ratelimit-reset"]))
    world = make(tools.reply(429, ratelimit_reset="12"), dialect=dialect)
    with pytest.raises(RetryLater) as caught:
        world.http.request("POST", "/x")
    assert caught.value.after == 12


@pytest.mark.parametrize("status", [409, 425])
def test_a_write_that_must_wait_is_decided_upon_afresh(make, tools, status):
    world = make(tools.reply(status, Retry_After="1"), tools.reply(200))
    with pytest.raises(RetryLater) as caught:
        world.http.request("POST", "/x")
    assert caught.value.after == 1
    assert len(world.wire.sent) == 1


def never_connected():
    pool = urllib3.HTTPConnectionPool("snow.example.com")
    reason = urllib3.exceptions.NewConnectionError(pool, "refused")
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/x", reason))


@pytest.mark.parametrize("failure", [never_connected(), requests.ConnectTimeout("slow")])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_was_never_sent_is_sent_again(make, tools, failure, method):
    world = make(failure, tools.reply(200, {"ok": 1}))
    assert world.http.json(method, "/x") == {"ok": 1}


@pytest.mark.parametrize("failure", [never_connected(), requests.ConnectTimeout("slow")])
def test_what_can_never_be_sent_is_for_later(make, failure):
    world = make(failure)
    with pytest.raises(RetryLater, match="Nothing was sent"):
        world.http.request("POST", "/x")


@pytest.mark.parametrize(
    "failure",
    [requests.ReadTimeout("slow"), requests.ConnectionError("reset"), urllib3.exceptions.HTTPError("odd")],
)
def test_a_write_that_may_have_arrived_is_never_repeated(make, tools, failure):
    world = make(failure, tools.reply(200))
    with pytest.raises(OutcomeUnknown, match="looked up before anything is sent again"):
        world.http.request("POST", "/x", json={"a": 1})
    assert len(world.wire.sent) == 1


def test_a_stop_ends_the_waiting(make, tools, clock):
    stop = tools.Stop(clock)
    world = make(tools.reply(503), stop=stop)
    stop.set()
    with pytest.raises(RetryLater):
        world.http.request("GET", "/x")
    assert len(world.wire.sent) == 1


def test_a_stop_during_a_wait_ends_it_without_another_attempt(make, tools, clock):
    stop = tools.Stop(clock, after_waits=2)
    world = make(tools.reply(503), stop=stop)
    with pytest.raises(RetryLater, match="503"):
        world.http.request("GET", "/x")
    assert len(world.wire.sent) == 2
    assert world.runtime.slept == []


def test_a_streamed_body_can_be_repeated(make, tools):
    world = make(tools.reply(429, Retry_After="1"), tools.reply(201, {"id": "1"}))
    pieces = iter([b"one", b"two"])
    world.http.request("POST", "/x", data=pieces)
    assert [request.body for request in world.wire.sent] == [b"onetwo", b"onetwo"]
    assert world.wire.sent[1].headers["Content-Length"] == "6"
    assert "Transfer-Encoding" not in world.wire.sent[1].headers


def test_the_budget_delays_and_then_defers(make, tools):
    world = make(tools.reply(200), requests_per_minute=12)
    world.http.request("GET", "/1")
    with pytest.raises(RetryLater, match="budget") as caught:
        [world.http.request("GET", f"/{path}") for path in range(10)]
    assert caught.value.after > 0
    sent = len(world.wire.sent)
    with world.http.urgent():
        world.http.request("POST", "/page")
    assert len(world.wire.sent) == sent + 1


def test_the_breaker_opens_once_and_says_so_once(make, tools, caplog):
    world = make(tools.reply(500))
    for _ in range(8):
        with pytest.raises(OutcomeUnknown if len(world.wire.sent) < 5 else RetryLater):
            world.http.request("POST", "/x")
    assert len(world.wire.sent) == 5
    assert world.http.health().breaker == "open"
    world.clock.move(6)
    with pytest.raises(OutcomeUnknown):
        world.http.request("POST", "/x")
    world.clock.move(11)
    world.wire.script = [tools.reply(200)]
    world.http.request("POST", "/x")
    assert world.http.health().breaker == "closed"
    messages = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(messages) == 2
    assert messages[0].startswith("snow-prod is unavailable: it answers (500")
    assert messages[1] == "snow-prod is available again after 17 s"


def test_refusals_do_not_open_the_breaker(make, tools):
    world = make(tools.reply(404))
    for _ in range(20):
        with pytest.raises(Exception, match="404"):
            world.http.request("GET", "/x")
    assert len(world.wire.sent) == 20
