"""Who is on call."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from syncline.cli.face import Face, command
from syncline.cli.output import FINDINGS, FINE, NONE, moment, plain, say, table

if TYPE_CHECKING:
    from syncline.application import Duty

PANEL: Final = "Looking"


def register(program: typer.Typer) -> None:
    """Add these commands."""
    command(program, "oncall", rich_help_panel=PANEL)(oncall)


def oncall(
    face: Face,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="Then, such as 2026-08-05T09:00 Europe/Paris; UTC without a clock.",
            show_default=False,
        ),
    ] = None,
    schedule: Annotated[
        str | None, typer.Option("--schedule", help="Only this schedule.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            help="By this policy file instead of the policy in force; needs no account.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show who is on call, why, until when, and who comes next. The exit code is 1 where somebody is missing."""
    from syncline.application import moment_named

    when = moment_named(at) if at is not None else None
    if file is not None:
        with face.policies() as policies:
            asked, duties = policies.on_call(when, schedule, file)
    else:
        with face.application() as application:
            asked, duties = application.policies.on_call(when, schedule)
    missing = [duty for duty in duties if duty.person is None]

    def show() -> None:
        say(f"on call at {moment(asked)} UTC:")
        table(
            ("schedule", "tier", "who", "why", "reached by", "until", "then"),
            [
                (
                    duty.schedule,
                    ", ".join(duty.tiers) or NONE,
                    "NOBODY" if duty.person is None else _called(duty),
                    duty.why,
                    ", ".join(duty.ways) or NONE,
                    NONE if duty.until is None else f"{duty.until:%a %d %b %H:%M} {duty.tz}",
                    NONE if duty.until is None else duty.then or "nobody",
                )
                for duty in duties
            ],
        )
        if missing:
            say("`syncline policy check` shows all gaps of the coming year", "yellow")

    face.answer(
        {"at": asked, "schedules": [_row(duty) for duty in duties]}, show, FINDINGS if missing else FINE
    )


def _called(duty: "Duty") -> str:
    return plain(duty.name) if duty.name == duty.person else f"{duty.person} ({plain(duty.name)})"


def _row(duty: "Duty") -> dict[str, Any]:
    return {
        "schedule": duty.schedule,
        "tiers": list(duty.tiers),
        "person": duty.person,
        "name": duty.name or None,
        "why": duty.why,
        "from_schedule": duty.from_schedule,
        "ways": list(duty.ways),
        "until": duty.until,
        "then": duty.then,
    }
