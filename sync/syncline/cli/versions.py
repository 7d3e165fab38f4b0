"""Published versions, of a mapping or of the policy: as JSON, and for people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli.output import NONE, moment, table

if TYPE_CHECKING:
    from syncline.store.published import Version

NoteOption = Annotated[str, typer.Option("--note", "-m", help="Why; stands in the history.")]
ToOption = Annotated[
    str | None,
    typer.Option("--to", metavar="VERSION", help="That one; else the one before.", show_default=False),
]


def version_row(version: "Version") -> dict[str, Any]:
    """A version, as JSON has it."""
    return {"digest": version.digest, "author": version.author, "at": version.at, "note": version.note}


def say_versions(versions: "Sequence[Version]") -> None:
    """All versions, on standard output."""
    table(
        ("version", "at (UTC)", "by", "note"),
        [(v.digest, moment(v.at), v.author, v.note or NONE) for v in versions],
    )
