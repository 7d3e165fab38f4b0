"""What waits for a person: looking at it, trying it again, giving it up."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from syncline.cli.face import Face, command
from syncline.cli.output import FINE, NONE, WRONG, complain, counted, moment, plain, say, table, value
from syncline.errors import SynclineError

if TYPE_CHECKING:
    from syncline.store.timeline import Parked

PANEL: Final = "Deciding"
MEANING: Final = {
    "conflict": "two people changed the field on two platforms, and no rule decides",
    "reopen": "an ended incident was changed, and may not be opened again by itself",
    "frozen": "two automations fight over the field; it is left alone until somebody decides",
    "refused": "the platform does not accept the value",
    "unreachable": "the platform's workflow offers no way to that status",
    "unmapped": "the mapping has no word for the value",
    "create": "the record could not be created",
    "twin": "the platform has two tickets for one incident; one of them must be closed by hand",
    "item": "a comment or a file could not be copied",
    "work": "a fault of Syncline itself",
}

Number = Annotated[list[int], typer.Argument(metavar="NUMBER...", help="As `syncline park list` shows it.")]


def register(program: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(help="What waits for a person while all else flows on.", no_args_is_help=True)
    command(group, "list")(park_list)
    command(group, "show")(park_show)
    command(group, "retry")(park_retry)
    command(group, "drop")(park_drop)
    program.add_typer(group, name="park", rich_help_panel=PANEL)


def parked_row(parked: "Parked") -> dict[str, Any]:
    """Something that waits, as JSON has it."""
    return {
        "id": parked.id,
        "incident": parked.incident_id,
        "instance": parked.instance,
        "kind": parked.kind,
        "field": parked.field,
        "item": parked.item_id,
        "reason": parked.reason,
        "data": parked.data,
        "since": parked.since,
    }


def parked_table(waiting: "Sequence[Parked]", title: str | None = None) -> None:
    """What waits, on standard output."""
    table(
        ("no.", "since", "incident", "instance", "field", "kind", "why"),
        [
            (
                parked.id,
                moment(parked.since),
                parked.incident_id or NONE,
                parked.instance or "all",
                parked.field or NONE,
                parked.kind,
                parked.reason,
            )
            for parked in waiting
        ],
        title,
    )


def park_list(face: Face) -> None:
    """Show all that waits for a person, oldest first."""
    with face.application() as application:
        waiting = application.parked()

    def show() -> None:
        if not waiting:
            say("nothing waits for a person")
            return
        parked_table(waiting)
        say()
        say(
            f"{counted(len(waiting), 'thing waits', 'things wait')}; `syncline park show NUMBER` says what can be done"
        )

    face.answer({"parked": [parked_row(parked) for parked in waiting]}, show)


def park_show(
    face: Face,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `syncline park list` shows it.")],
) -> None:
    """Show one thing that waits, and what can be done."""
    with face.application() as application:
        parked = application.parked_one(number)

    def show() -> None:
        say(f"no. {parked.id}: {parked.kind}: {MEANING.get(parked.kind, 'it waits for a person')}", "bold")
        say(plain(parked.reason))
        say()
        table(
            ("", ""),
            [
                ("since", f"{moment(parked.since)} UTC"),
                ("incident", parked.incident_id or NONE),
                ("instance", parked.instance or "all"),
                ("field", parked.field or NONE),
                *[(name, value(raw)) for name, raw in parked.data.items()],
            ],
        )
        say()
        _say_choices(parked)

    face.answer({"parked": parked_row(parked)}, show)


def _say_choices(parked: "Parked") -> None:
    if parked.incident_id:
        say(f"look:     syncline explain {parked.incident_id}")
    if parked.kind in {"conflict", "reopen"}:
        say(f"decide:   syncline park retry {parked.id} --take INSTANCE   takes what that instance says")
        say(f"          syncline park retry {parked.id}                   takes the latest edit")
        say(
            f"or keep:  syncline park drop {parked.id}                    the incident stays as it is, on all sides"
        )
    else:
        say(f"again:    syncline park retry {parked.id}   once the cause is mended")
        say(f"give up:  syncline park drop {parked.id}    leaves it as it is")


def park_retry(
    face: Face,
    numbers: Number,
    take: Annotated[
        str | None,
        typer.Option(
            "--take", metavar="INSTANCE", help="Of a conflict, what that instance says; else the latest."
        ),
    ] = None,
) -> None:
    """Try again, once the cause is mended; or decide a conflict."""
    with face.application() as application:
        if take is not None:
            application.endpoint(take)
        _each(face, numbers, lambda number: application.park_retry(number, take))


def park_drop(face: Face, numbers: Number) -> None:
    """Give up: the incident stays as it is, and so do the platforms."""
    with face.application() as application:
        _each(face, numbers, application.park_drop)


def _each(face: Face, numbers: Sequence[int], act: Callable[[int], str]) -> None:
    """Act on each; one that cannot be done does not keep the others from it."""
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for number in dict.fromkeys(numbers):
        try:
            done.append({"id": number, "done": act(number)})
        except SynclineError as error:
            if len(numbers) == 1:
                raise
            failed.append({"id": number, "error": face.redactor(str(error))})

    def show() -> None:
        for one in done:
            say(f"no. {one['id']}: {plain(one['done'])}")
        for one in failed:
            complain(f"no. {one['id']}: {one['error']}")

    face.answer({"done": done, "failed": failed}, show, WRONG if failed else FINE)
