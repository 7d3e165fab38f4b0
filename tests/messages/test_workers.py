"""The workers of messages: threads that send, a prompt end, and a process that is killed again and again."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from syncline.messages.wording import REPEAT
from syncline.ports import SystemClock, ThreadRuntime
from syncline.store import messages
from syncline.store.messages import State
from syncline.workers import MESSENGERS, Workers

CLOCK, RUNTIME = SystemClock(), ThreadRuntime()


def until(what, seconds=60.0):
    end = CLOCK.monotonic() + seconds
    while not what():
        assert CLOCK.monotonic() < end, "it did not come to that"
        RUNTIME.sleep(0.01)


def start(outbox):
    workers = Workers(outbox.station, RUNTIME.signal(), polling=False, sweeping=False)
    outbox.woken.clear()
    workers.start()
    return workers


def end(workers):
    workers.stop.set()
    return workers.join(20)


def test_all_messages_are_sent_once_and_the_workers_end_when_told_to(outboxes, hook, page):
    outbox = outboxes({"hook": f"{hook.url}/{{address}}"})
    outbox.station.clock = outbox.station.database.clock = CLOCK
    outbox.post(*(page(occasion=f"step {n}", text=str(n), urgent=n % 2 == 0) for n in range(20)))
    workers = start(outbox)
    try:
        until(lambda: len(hook.got) >= 20)
        until(lambda: all(m.finished_at for m in outbox.all()))
    finally:
        assert end(workers)
    assert sorted(hook.texts, key=int) == [str(n) for n in range(20)]
    assert {m.state for m in outbox.all()} == {State.SENT}


def test_what_no_worker_was_told_of_is_found_all_the_same(outboxes, hook, page):
    """Another process marked it, or the signal was lost."""
    outbox = outboxes({"hook": f"{hook.url}/{{address}}"})
    outbox.station.clock = outbox.station.database.clock = CLOCK
    workers = start(outbox)
    try:
        until(lambda: outbox.station.database.commits > 3)
        outbox.post(page(text="nobody was told"))
        until(lambda: hook.got, 30.0)
    finally:
        assert end(workers)
    assert hook.texts == ["nobody was told"]


def test_without_any_way_to_reach_people_nobody_waits_for_messages(outboxes):
    outbox = outboxes()
    spawned = []
    outbox.station.runtime = SimpleNamespace(
        signal=RUNTIME.signal, lock=RUNTIME.lock, spawn=lambda name, _target: spawned.append(name)
    )
    Workers(outbox.station, RUNTIME.signal()).start()
    assert spawned == ["incidents", "lookout"]


def test_a_message_without_any_way_is_said_to_fail(outboxes, page):
    """The policy file was published while the daemon ran, and names a channel that is not configured."""
    outbox = outboxes()
    outbox.station.clock = outbox.station.database.clock = CLOCK
    workers = start(outbox)
    outbox.station.ledger._wake = workers.wake
    try:
        outbox.post(page())
        until(lambda: outbox.one.state is State.FAILED)
    finally:
        assert end(workers)


def test_what_was_not_sent_when_the_channels_were_taken_out_is_said_to_fail(outboxes, page):
    outbox = outboxes()
    outbox.station.clock = outbox.station.database.clock = CLOCK
    outbox.post(page())
    workers = start(outbox)
    try:
        until(lambda: outbox.one.state is State.FAILED)
    finally:
        assert end(workers)


def test_there_are_workers_where_a_platform_pages(outboxes, platform):
    outbox = outboxes({}, {"pd": platform})
    spawned = []
    outbox.station.endpoints["pd"].settings = SimpleNamespace(workers=0)
    outbox.station.runtime = SimpleNamespace(
        signal=RUNTIME.signal, lock=RUNTIME.lock, spawn=lambda name, _target: spawned.append(name)
    )
    Workers(outbox.station, RUNTIME.signal(), polling=False, sweeping=False).start()
    assert spawned == ["incidents", *(f"messages-{n}" for n in range(MESSENGERS)), "lookout"]


_PROCESS = """
import sys
from pathlib import Path
from syncline.configuration import Channel, Configuration
from syncline.http.redaction import Redactor
from syncline.ledger import Ledger
from syncline.messages.channels import Channels
from syncline.ports import RandomIds, SystemClock, ThreadRuntime
from syncline.station import Station
from syncline.store.database import Database
from syncline.workers import Workers
clock, runtime, ids = SystemClock(), ThreadRuntime(), RandomIds()
database = Database(sys.argv[1], clock, runtime)
channels = Channels({"hook": Channel("hook")}, clock, runtime, Redactor())
station = Station(
    Configuration(Path("syncline.yaml"), "", {}), database, Ledger(ids.token), {}, clock, ids, runtime, channels
)
database.transact(station.ledger.release_all)
stop = runtime.signal()
Workers(station, stop, polling=False, sweeping=False).start()
print("started", flush=True)
stop.wait()
"""


@pytest.mark.timeout(300)
def test_killed_again_and_again_no_page_is_lost_and_none_comes_twice_without_saying_so(outboxes, hook, page):
    outbox = outboxes({"hook": hook.url})
    outbox.station.database.clock = CLOCK
    count = 40
    outbox.post(*(page(occasion=f"step {n}", text=f"no. {n}.", urgent=n % 4 > 0) for n in range(count)))
    url = str(outbox.station.database.url)
    for kill in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", _PROCESS, url], stdout=subprocess.PIPE, env=os.environ
        )
        try:
            assert process.stdout.readline() == b"started\n"
            if kill < 4:
                goal = min(len(hook.got) + 6, count)
                until(lambda goal=goal: len(hook.got) >= goal)
            else:
                until(lambda: all(m.finished_at for m in outbox.all()))
        finally:
            process.kill()
            process.wait(20)
            process.stdout.close()
    kept = {m.occasion: m for m in outbox.all()}
    repeats = 0
    for n in range(count):
        came = [text for text in hook.texts if text.endswith(f"no. {n}.")]
        message = kept[f"step {n}"]
        more = came[1:]
        assert came or message.state is State.UNKNOWN, "a page or message was lost, and nothing says so"
        assert len(more) <= (1 if message.urgent else 0)
        assert all(text.startswith(REPEAT) for text in more)
        assert message.repeated or not more
        assert not message.urgent or came, "a page was lost"
        repeats += len(more)
    assert repeats <= 4 * MESSENGERS
    assert {m.state for m in kept.values() if m.urgent} <= {State.SENT}
    sent = len(hook.got)
    assert outbox.transact(lambda tx: len(messages.states(tx, ["SL-1"])["SL-1"])) == count * 3 // 4
    outbox.restart()
    assert outbox.work() == 0
    assert len(hook.got) == sent
