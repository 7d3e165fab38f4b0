"""`syncline demo`: people edit on five simulated platforms while things go wrong, and an oracle checks the claims."""

import json
import random
import sys
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from syncline.assembly import Ports
from syncline.cli.running import stopped_by_signals
from syncline.demo import report
from syncline.demo.claims import claims
from syncline.demo.emergencies import Emergencies
from syncline.demo.ending import Finale
from syncline.demo.eventlog import EventLog, EventLogError, read_log
from syncline.demo.feed import feed
from syncline.demo.hook import Hook
from syncline.demo.latency import Latency
from syncline.demo.people import PlatformRefusedError, UnreachableError
from syncline.demo.play import Play, StoppedError
from syncline.demo.records import Records
from syncline.demo.replay import FREEZE, Replay
from syncline.demo.rules import CHANNEL_URL, CHANNELS, policy
from syncline.demo.stage import Stage, StageError
from syncline.demo.story import Story
from syncline.demo.traffic import Traffic
from syncline.demo.view import Lines, Screen, View
from syncline.errors import SynclineError
from syncline.ports import Signal

PATIENCE: Final = 60.0
"""Seconds without any write of ours after which agreement is no longer waited for: much longer than the quarantine of a
write of which nobody knows the outcome, and than the rest of a platform that was down."""
LIMIT: Final = 200
"""Incidents of a log that are replayed where nobody says how many."""
STOPPED: Final = 130
WRONG: Final = 2
FAILED: Final = 1


def demo(
    events: Path | None,
    limit: int | None,
    speed: float | None,
    seed: int,
    headless: bool,  # noqa: FBT001  as the command line has it
    json_output: bool,  # noqa: FBT001
) -> int:
    """Run the demo.

    Args:
        events: A ServiceNow event log to replay instead of the story.
        limit: How many incidents of it, in the order in which they begin; None: 200.
        speed: How many times faster than it happened; None or 0: as fast as possible.
        seed: For all that is drawn at random.
        headless: Without the live view.
        json_output: One JSON object on standard output, and nothing else there.

    Returns:
        0 where everything converged and nothing was lost or doubled; 1 where not; 2 for a file that cannot be used;
        130 after Ctrl-C.
    """
    console = Console(stderr=json_output)
    log: EventLog | None = None
    if events is not None:
        try:
            log = read_log(events, limit or LIMIT)
        except EventLogError as error:
            return _failed(console, str(error), WRONG, json_output=json_output)
    ports = Ports(rng=random.Random(seed))  # noqa: S311  a demo, not a secret
    with stopped_by_signals(ports.runtime) as stop:
        return _staged(
            ports, stop, console, log, speed or 0.0, seed, headless=headless, json_output=json_output
        )


def _staged(
    ports: Ports,
    stop: Signal,
    console: Console,
    log: EventLog | None,
    speed: float,
    seed: int,
    *,
    headless: bool,
    json_output: bool,
) -> int:
    hook = Hook(ports.clock, ports.runtime)
    try:
        stage = _stage(ports, hook, seed, FREEZE if log else None)
    except OSError as error:
        return _failed(console, f"no web hook: {error}", FAILED, json_output=json_output)
    keep = True
    try:
        with stage.environment():
            figures = _run(stage, ports, stop, console, log, speed, seed, hook, headless=headless)
        code = 0 if report.good(figures) else FAILED
        keep = code != 0
        if keep:
            figures["folder"] = str(stage.folder)
        if json_output:
            sys.stdout.write(json.dumps(figures, ensure_ascii=False) + "\n")
        else:
            report.show(console, figures)
    except StoppedError:
        keep = False
        code = _failed(console, "stopped", STOPPED, json_output=json_output)
    except (StageError, SynclineError, UnreachableError, PlatformRefusedError, OSError) as error:
        code = _failed(console, str(error), FAILED, json_output=json_output)
    finally:
        stop.set()
        stage.close(keep=keep)
        hook.close()
    if keep:
        console.print(
            Text(f"the daemon's log: {stage.log} (configuration and database lie beside it)"), soft_wrap=True
        )
    return code


def _stage(ports: Ports, hook: Hook, seed: int, replays: str | None) -> Stage:
    """Where it plays; `replays`: what the configuration has for a log, by which nobody is paged."""
    if replays is not None:
        return Stage(ports.clock, ports.runtime, seed, more=replays)
    return Stage(
        ports.clock,
        ports.runtime,
        seed,
        more=CHANNELS,
        policy=policy(ports.clock.now().date()),
        secrets={CHANNEL_URL: hook.open()},
    )


def _run(
    stage: Stage,
    ports: Ports,
    stop: Signal,
    console: Console,
    log: EventLog | None,
    speed: float,
    seed: int,
    hook: Hook,
    *,
    headless: bool,
) -> dict[str, Any]:
    begun = ports.clock.monotonic()
    if not (headless and console.stderr):
        console.print(Text("starting five simulated platforms and the daemon ..."), soft_wrap=True)
    stage.open()
    traffic = Traffic(stage.wires, ports.runtime)
    latency = Latency(stage.sides, stage.script, ports.clock, ports.runtime, stop)
    play = Play(stage, ports.clock, ports.runtime, stop, latency)
    view = _view(console, ports, stage, traffic, headless=headless)
    play.say = view.say
    emergencies = Emergencies(play, hook) if log is None else None
    if emergencies is not None:
        play.meanwhile = emergencies.look
    stage.start_daemon()
    _await_first_poll(play, traffic)
    records = Records.of(stage.configuration, ports)
    latency.start()
    rng = random.Random(seed)  # noqa: S311  a demo, not a secret
    reached: tuple[int, int] | None = None
    try:
        with view:
            ports.runtime.spawn("feed", lambda: feed(records, view.say, view.alarm, stop))
            if emergencies is not None:
                story = Story(play, traffic, rng, view.act, emergencies)
                story.run()
                reached = story.reached
            elif log is not None:
                Replay(play, traffic, rng, view.act, log, speed).run()
            view.act("Everything comes to rest, and is checked")
            finale = Finale(play, traffic, records, view.say, emergencies)
            ending = finale.run(PATIENCE)
            table = claims(play, traffic, ending, reached)
    finally:
        records.close()
    figures = report.document(play, traffic, latency, ending, table, ports.clock.monotonic() - begun)
    if log is not None:
        figures["events"] = {**log.figures(), "speed": speed or "as fast as possible"}
        if not speed:
            figures["latency_ms"]["method"] += (
                "; events came as fast as possible: most of it is time in the queue"
            )
        if log.is_published:
            figures["source"] = report.SOURCE
    return figures


def _view(console: Console, ports: Ports, stage: Stage, traffic: Traffic, *, headless: bool) -> View:
    if headless or not console.is_terminal:
        return Lines(console, ports.clock, quiet=headless and console.stderr)
    return Screen(console, ports.clock, ports.runtime, stage.script, traffic)


def _await_first_poll(play: Play, traffic: Traffic) -> None:
    """What exists before the first poll counts as there before: people begin when all platforms have been polled."""

    def polled() -> bool:
        traffic.follow()
        return all(seen.calls["poll"] > 1 for seen in traffic.seen.values())

    if not play.until(polled, 30.0):
        raise StageError(f"the daemon polls nothing; {play.stage.log} says why")


def _failed(console: Console, message: str, code: int, *, json_output: bool) -> int:
    console.print(Text(message, style="" if code == STOPPED else "red"), soft_wrap=True)
    if json_output:
        sys.stdout.write(json.dumps({"error": message}, ensure_ascii=False) + "\n")
    return code
