"""Linking tickets that exist already, and ending a link."""

from typing import Annotated, Final

import typer

from syncline.cli.face import Face, command
from syncline.cli.output import say

PANEL: Final = "Deciding"


def register(program: typer.Typer) -> None:
    """Add these commands."""
    command(program, "link", rich_help_panel=PANEL)(link)
    command(program, "unlink", rich_help_panel=PANEL)(unlink)


def link(
    face: Face,
    keys: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY...", help="Records as instance/key; or an incident and the records that join it."
        ),
    ],
) -> None:
    """Keep tickets that exist already in agreement as one incident. Creates nothing.

    The first one says how the incident stands; the others are brought in line with it.
    """
    with face.application() as application:
        incident = application.link(keys)
    face.answer(
        {"incident": incident, "linked": keys},
        lambda: say(f"linked as incident {incident}; `syncline explain {incident}` shows how it stands"),
    )


def unlink(
    face: Face,
    key: Annotated[str, typer.Argument(help="An incident, or the key of one of its records.")],
    instance: Annotated[
        str | None, typer.Option("--instance", help="Only its record there; else all of them.")
    ] = None,
) -> None:
    """End the sync of an incident, or of one of its records. Deletes nothing on any platform."""
    with face.application() as application:
        if instance is not None:
            application.endpoint(instance)
        incident = application.unlink(key, instance)
    where = f"on {instance}" if instance else "on all instances"
    face.answer(
        {"incident": incident, "instance": instance},
        lambda: say(
            f"incident {incident} is no longer kept in agreement {where}; the tickets themselves stay"
        ),
    )
