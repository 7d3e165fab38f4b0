"""Escalations: those in progress, a hand raised by hand, and how it all stands for one incident."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from syncline.cli.face import Face, command
from syncline.cli.output import FINDINGS, FINE, NONE, counted, moment, plain, progress, say, shortened, table
from syncline.cli.rehearsing import PREFIX

if TYPE_CHECKING:
    from syncline.application import ClockState, Coming, Escalation, RunState
    from syncline.store.messages import Outgoing

LOOKING: Final = "Looking"
DECIDING: Final = "Deciding"


def register(program: typer.Typer) -> None:
    """Add these commands."""
    command(program, "runs", rich_help_panel=LOOKING)(runs)
    command(program, "escalate", rich_help_panel=DECIDING)(escalate)


# ---- escalate -----------------------------------------------------------------------------------


def escalate(
    face: Face,
    incident: Annotated[str, typer.Argument(help="An incident, or the key of one of its records.")],
    reason: Annotated[
        str, typer.Option("--reason", "-r", help="Why; the people who are paged read it.")
    ] = "",
) -> None:
    """Raise a hand: the incident is escalated at once, whatever its priority, and without approval.

    Nobody is blamed for it: it is left out of all figures about persons. The exit code is 1 where no policy answers.
    """
    with face.application() as application, progress(f"escalating {incident}"):
        done = application.escalate(incident, reason)

    def show() -> None:
        for text in done.texts:
            say(plain(text.removeprefix(PREFIX)))
        if done.policies:
            say(
                f"{done.incident_id}: {', '.join(done.policies)} answers; the daemon pages"
                f" {', '.join(done.people) or 'nobody'} at once"
            )
        else:
            say(f"{done.incident_id}: it is on record, and nobody is paged for it", "yellow")

    face.answer(
        {
            "incident": done.incident_id,
            "policies": list(done.policies),
            "paged": list(done.people),
            "texts": list(done.texts),
        },
        show,
        FINE if done.policies else FINDINGS,
    )


# ---- runs ---------------------------------------------------------------------------------------


def runs(
    face: Face,
    incident: Annotated[
        str | None,
        typer.Argument(help="Only this incident, or that of a record's key.", show_default=False),
    ] = None,
    ended: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
) -> None:
    """Show the escalations in progress: how far each has come, for whom it waits, and what comes next and when."""
    with face.application() as application, progress("looking at escalations"):
        found = application.runs(incident, ended=ended)
        in_force = application.station.policies is not None
    shown = [
        (one, run)
        for one in found
        for run in one.runs
        if ended or incident is not None or run.run.ended_at is None
    ]

    def show() -> None:
        if not in_force:
            say("no policy is in force, so nothing is escalated; `syncline policy publish` puts one in force")
            return
        if not shown:
            say("nothing is being escalated")
            return
        table(
            ("incident", "policy", "since (UTC)", "state", "reached", "waits for", "clock", "next (UTC)"),
            [
                (
                    one.incident_id,
                    run.run.policy,
                    moment(run.run.started_at),
                    _state(run),
                    run.reached or NONE,
                    ", ".join(run.waits_for) or NONE,
                    _clock(run.clock) if run.clock else NONE,
                    _next(run.coming),
                )
                for one, run in shown
            ],
        )
        say(f"{counted(len(shown), 'escalation')}; `syncline explain INCIDENT` says what comes next, and why")

    face.answer(
        {"runs": [{"incident": one.incident_id, "title": one.title, **_run(run)} for one, run in shown]}, show
    )


def _state(run: "RunState") -> str:
    if run.run.ended_at is not None:
        return f"ended {moment(run.run.ended_at)}"
    return run.state


def _next(coming: "Coming | None") -> str:
    if coming is None:
        return NONE
    return "now" if coming.due else moment(coming.at)


def _clock(clock: "ClockState") -> str:
    target = f" of {_length(clock.target)}" if clock.target is not None else ""
    return f"{clock.id} {clock.state}, {_length(clock.elapsed)}{target}"


def _length(time: timedelta) -> str:
    from syncline.escalation.wording import length

    return length(time)


# ---- as JSON ------------------------------------------------------------------------------------


def escalation_document(escalation: "Escalation | None") -> dict[str, Any] | None:
    """How escalation stands for one incident, as JSON has it; null: no policy is in force."""
    if escalation is None:
        return None
    return {
        "version": escalation.digest,
        "runs": [_run(run) for run in escalation.runs],
        "clocks": [_clock_row(clock) for clock in escalation.clocks],
        "messages": [_message(message) for message in escalation.messages],
        "next": _coming(escalation.coming),
        "look_again": escalation.look_again,
    }


def _run(state: "RunState") -> dict[str, Any]:
    run = state.run
    return {
        "id": run.id,
        "policy": run.policy,
        "version": run.digest,
        "since": run.started_at,
        "cause": run.cause,
        "raised_by": run.by or None,
        "state": state.state,
        "reached": state.reached or None,
        "waits_for": list(state.waits_for),
        "clock": _clock_row(state.clock) if state.clock else None,
        "next": _coming(state.coming),
        "ended_at": run.ended_at,
        "ended_why": run.ended_why or None,
    }


def _clock_row(clock: "ClockState") -> dict[str, Any]:
    return {
        "id": clock.id,
        "kind": clock.kind or None,
        "calendar": clock.calendar,
        "state": clock.state,
        "started_at": clock.started_at,
        "elapsed_seconds": clock.elapsed.total_seconds(),
        "paused_seconds": clock.paused.total_seconds(),
        "target_seconds": clock.target.total_seconds() if clock.target is not None else None,
        "breach": clock.breach,
        "breached": clock.breached,
    }


def _message(message: "Outgoing") -> dict[str, Any]:
    return {
        "id": message.id,
        "run": message.run_id,
        "occasion": message.occasion,
        "recipient": message.recipient,
        "channel": message.channel,
        "urgent": message.urgent,
        "title": message.title,
        "state": message.state,
        "repeated": message.repeated,
        "created_at": message.created_at,
        "not_before": message.not_before,
        "at": message.at,
        "error": message.error,
    }


def _coming(coming: "Coming | None") -> dict[str, Any] | None:
    if coming is None:
        return None
    return {
        "at": coming.at,
        "due": coming.due,
        "texts": list(coming.texts),
        "people": list(coming.people),
    }


# ---- for people ---------------------------------------------------------------------------------


def say_escalation(escalation: "Escalation") -> None:
    """How escalation stands for one incident, on standard output; nothing where nothing is to be said."""
    if escalation.clocks:
        say()
        table(
            ("clock", "state", "counted", "of", "stood still", "used up (UTC)"),
            [_clock_cells(clock) for clock in escalation.clocks],
        )
    if escalation.runs:
        say()
        table(
            ("escalation", "since (UTC)", "state", "reached", "waits for", "why"),
            [
                (
                    state.run.policy,
                    moment(state.run.started_at),
                    _state(state),
                    state.reached or NONE,
                    ", ".join(state.waits_for) or NONE,
                    shortened(state.run.ended_why or state.run.cause),
                )
                for state in escalation.runs
            ],
        )
    if escalation.messages:
        say()
        table(
            ("to", "by", "what", "for", "state", "at (UTC)"),
            [_message_cells(message) for message in escalation.messages],
        )
    lines = list(_ahead(escalation))
    if lines:
        say()
        for line in lines:
            say(line)


def _clock_cells(clock: "ClockState") -> tuple[str, ...]:
    breach = moment(clock.breach)
    return (
        f"{clock.kind} {clock.id}".strip(),
        clock.state,
        _length(clock.elapsed),
        _length(clock.target) if clock.target is not None else NONE,
        _length(clock.paused) if clock.paused else NONE,
        f"BREACHED {breach}" if clock.breached else breach,
    )


def _message_cells(message: "Outgoing") -> tuple[str, ...]:
    state = f"{message.state}{', sent once more' if message.repeated else ''}"
    return (
        message.recipient,
        message.channel,
        "page" if message.urgent else "message",
        message.occasion,
        f"{state}: {shortened(message.error)}" if message.error else state,
        moment(message.at),
    )


def _ahead(escalation: "Escalation") -> Iterator[str]:
    coming = escalation.coming
    if coming is None:
        if any(state.run.ended_at is None for state in escalation.runs):
            yield "next: nothing, as things stand; any change is looked at"
        return
    when = (
        "now, as soon as the daemon looks"
        if coming.due
        else f"at {moment(coming.at)} UTC, if all stays as it is"
    )
    yield f"next: {when}:"
    for text in coming.texts:
        yield f"  {plain(text).removeprefix(PREFIX)}"
