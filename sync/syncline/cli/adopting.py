"""Adopting a database that is a copy, or older than the platforms."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from syncline.cli.face import Face, command
from syncline.cli.output import FINDINGS, FINE, counted, plain, progress, say
from syncline.errors import Configuration as Misconfigured

if TYPE_CHECKING:
    from syncline.application import Found

PANEL: Final = "Running"


def register(program: typer.Typer) -> None:
    """Add this command."""
    command(program, "adopt", rich_help_panel=PANEL)(adopt)


def adopt(
    face: Face,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Look for what exists though nothing was recognised.")
    ] = False,
) -> None:
    """Go on with a database that was restored, moved or copied. Looks for what exists, and creates nothing.

    Run it on one copy only, when every other one is stopped. A daemon that is held goes on by itself afterwards. The exit code
    is 1 where something was found that a person must decide, or where the answer was no.
    """
    with face.application() as application:
        recognised = application.recognised()
        if recognised is None and not anyway:
            face.answer(
                _document(None, None),
                lambda: say(
                    "this database is at home and the newest that was here: there is nothing to adopt"
                ),
            )
            return
        if not yes:
            if face.json:
                raise Misconfigured("`syncline adopt --json` asks nothing: say --yes too")
            say(plain(recognised.text) if recognised else "nothing was recognised; it is done all the same")
            if not typer.confirm("Is every other copy of this database stopped, and shall this one go on?"):
                say("nothing was done")
                raise typer.Exit(FINDINGS)
        with progress("looking for what exists") as doing:
            found = application.adopt(doing)
    reason = recognised.text if recognised else "asked for"
    code = FINDINGS if found.orphans else FINE
    face.answer(_document(reason, found), lambda: _say(found), code)


def _document(reason: str | None, found: "Found | None") -> dict[str, Any]:
    document: dict[str, Any] = {"adopted": found is not None, "reason": reason}
    if found is not None:
        document |= {
            "looked_at": found.looked,
            "incidents": found.incidents,
            "links": found.links,
            "copies": found.copies,
            "edits": found.edits,
            "messages": found.messages,
            "orphans": found.orphans,
        }
    return document


def _say(found: "Found") -> None:
    say(
        f"adopted: {counted(found.looked, 'record')} had changed since this database last looked;"
        f" {counted(found.incidents, 'incident')}, {counted(found.links, 'link')} and"
        f" {counted(found.copies, 'copy', 'copies')} found again, {counted(found.edits, 'field')} of linked records had"
        f" changed, {counted(found.messages, 'message')} may have been sent before",
        "green",
    )
    for incident_id in found.orphans:
        say(
            f"{incident_id}: the ticket with which it began was not found; `syncline explain {incident_id}` and"
            " `syncline park list` say what to do",
            "yellow",
        )
