"""Running: the daemon, one round of it, and the taking up of earlier records."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from syncline.cli.face import Face, command
from syncline.cli.logs import LogFormat
from syncline.cli.output import FINDINGS, FINE, counted, plain, progress, say
from syncline.errors import Configuration as Misconfigured

if TYPE_CHECKING:
    from syncline.ports import Runtime, Signal
    from syncline.station import Station

PANEL: Final = "Running"
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger(__name__)


def register(program: typer.Typer) -> None:
    """Add these commands."""
    command(program, "run", rich_help_panel=PANEL)(run)
    command(program, "sync", rich_help_panel=PANEL)(sync)
    command(program, "backfill", rich_help_panel=PANEL)(backfill)


@contextmanager
def stopped_by_signals(runtime: "Runtime") -> "Iterator[Signal]":
    """A flag that SIGTERM or SIGINT raises; a second signal ends the process at once, as signals do."""
    stop = runtime.signal()
    reading, writing = os.pipe()

    def told(_number: int, _frame: FrameType | None) -> None:
        # Raising the flag takes a lock, which the very code that is interrupted here may hold: a byte needs none.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        with suppress(OSError):
            os.write(writing, b"s")

    def wait() -> None:
        if os.read(reading, 1):
            stop.set()
        os.close(reading)

    before = {number: signal.signal(number, told) for number in _SIGNALS}
    waiting = runtime.spawn("signals", wait)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writing)
        waiting.join(1.0)


def run(
    face: Face,
    log_format: Annotated[
        LogFormat | None,
        typer.Option("--log-format", help="How the log on standard error is written.", show_default="text"),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Log every request too.")] = False,
    no_poll: Annotated[bool, typer.Option("--no-poll", hidden=True)] = False,
    no_sweep: Annotated[bool, typer.Option("--no-sweep", hidden=True)] = False,
) -> None:
    """Keep all instances in agreement until stopped: the daemon.

    SIGTERM or Ctrl-C stops it once the calls under way have ended; a second one stops it at once, and nothing is
    lost by that either. There is one daemon for each database.
    """
    from syncline.cli.setting_up import installed_version

    form = log_format or (LogFormat.JSON if face.json else LogFormat.TEXT)
    level = logging.DEBUG if debug else logging.INFO
    with face.application(form=form, level=level) as application:
        log.info("syncline %s, configuration %s", installed_version(), application.configuration.file)
        with stopped_by_signals(application.ports.runtime) as stop:
            clean = application.run(stop, _started, polling=not no_poll, sweeping=not no_sweep)
        log.info("stopped" if clean else "stopped with calls under way")
    face.answer({"stopped": True, "clean": clean}, lambda: None)


def _started(station: "Station") -> None:
    for endpoint in station.endpoints.values():
        log.info(
            "instance %s: %s at %s, polled every %g s",
            endpoint.name,
            endpoint.title,
            endpoint.settings.url,
            endpoint.settings.poll_every,
        )
    log.info("running: %s", counted(len(station.endpoints), "instance"))


def sync(
    face: Face,
    once: Annotated[bool, typer.Option("--once", help="Do all that is due now, then end.")] = False,
) -> None:
    """Do all that is due now, once: poll every instance, bring every record in line, send messages.

    Not while a daemon works on the same database.
    """
    if not once:
        raise Misconfigured(
            "write `syncline sync --once` for one round; `syncline run` keeps the instances in agreement"
        )
    with face.application() as application, progress("beginning") as doing:
        result = application.sync_once(doing)
    document = {
        "pages": result.pages,
        "changed": result.changed,
        "adopted": result.adopted,
        "ignored": result.ignored,
        "reconciled": result.reconciled,
        "deliveries": result.deliveries,
        "messages": result.messages,
        "faults": result.faults,
    }

    def show() -> None:
        say(
            f"{counted(result.changed, 'linked record')} had changed, {result.adopted} taken up, {result.ignored} that no"
            f" route takes; {counted(result.deliveries, 'record')} brought in line, {counted(result.messages, 'message')} sent"
        )
        for fault in result.faults:
            say(f"could not be done: {plain(fault)}", "red")

    face.answer(document, show, FINDINGS if result.faults else FINE)


def since(text: str) -> datetime:
    """The date of an option.

    Raises:
        typer.BadParameter: it is none.
    """
    from syncline.configuration.quantities import moment

    try:
        return moment(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} {error}") from None


def backfill(
    face: Face,
    instance: Annotated[str, typer.Argument(help="The instance whose earlier records are taken up.")],
    start: Annotated[
        str,
        typer.Option("--since", metavar="DATE", help="Changed since then, such as 2026-11-01; UTC."),
    ],
) -> None:
    """Take up records that existed before the first start, where a route takes them.

    What is taken up is brought to the other instances by the daemon, or by `syncline sync --once`.
    """
    begin = since(start)
    with face.application() as application, progress(f"reading {instance}") as doing:
        looked, taken_up = application.backfill(
            instance,
            begin,
            lambda seen, taken: doing(f"{instance}: {seen} looked at, {taken} taken up"),
        )
    document = {"instance": instance, "since": begin, "looked_at": looked, "taken_up": taken_up}
    face.answer(
        document,
        lambda: say(
            f"{instance}: {counted(looked, 'record')} changed since {start}, {taken_up} taken up now; the others are"
            " linked already, or no route takes them (`syncline explain KEY` says why)"
        ),
    )
