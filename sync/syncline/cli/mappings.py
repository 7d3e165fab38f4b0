"""Mappings: held against the rules, tried on a record, published, and taken back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from syncline.cli.face import Face, command, problem_row
from syncline.cli.looking import plan_document, say_plan
from syncline.cli.output import FINDINGS, FINE, counted, plain, progress, say, table, value
from syncline.cli.versions import NoteOption, ToOption, say_versions, version_row
from syncline.errors import Configuration as Misconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncline.application.mappings import MappingReport
    from syncline.mapping import Loss

PANEL: Final = "Deciding"

InstanceArgument = Annotated[str, typer.Argument(metavar="INSTANCE", help="Whose mapping.")]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file", "-f", help="This file instead of the one that the configuration names.", show_default=False
    ),
]


def register(program: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(
        help="How each platform's fields and values are understood. Files are drafts until they are published.",
        no_args_is_help=True,
    )
    command(group, "check")(mapping_check)
    command(group, "preview")(mapping_preview)
    command(group, "publish")(mapping_publish)
    command(group, "history")(mapping_history)
    command(group, "rollback")(mapping_rollback)
    program.add_typer(group, name="mapping", rich_help_panel=PANEL)


def mapping_check(
    face: Face,
    instance: Annotated[
        str | None, typer.Argument(help="Whose mapping; all where none is named.", show_default=False)
    ] = None,
    file: FileOption = None,
    live: Annotated[
        bool, typer.Option("--live", help="Hold it against the platform as it is now, too.")
    ] = False,
) -> None:
    """Show every fault of a mapping file, and the values that the platform cannot tell apart."""
    if file is not None and instance is None:
        raise Misconfigured(
            "--file needs the instance that it is meant for: `syncline mapping check INSTANCE --file F`"
        )
    with face.application() as application, progress("reading mappings") as doing:
        reports = []
        for name in [instance] if instance is not None else application.configuration.instances:
            doing(f"looking at {name}")
            reports.append(application.mappings.check(name, file, live=live))
    ok = not any(problem.severity == "error" for report in reports for problem in report.problems)

    def show() -> None:
        for report in reports:
            _say_report(report, live=live)

    face.answer({"ok": ok, "mappings": [_report(one) for one in reports]}, show, FINE if ok else FINDINGS)


def _report(report: "MappingReport") -> dict[str, Any]:
    return {
        "instance": report.instance,
        "file": report.file,
        "ok": not any(problem.severity == "error" for problem in report.problems),
        "differs": report.differs,
        "problems": [problem_row(problem) for problem in report.problems],
        "losses": _losses(report.losses),
        "unmapped": list(report.unmapped),
    }


def _losses(losses: "Sequence[Loss]") -> list[dict[str, Any]]:
    return [
        {"field": loss.field, "value": loss.common, "reads_back_as": loss.reads_back_as} for loss in losses
    ]


def _say_report(report: "MappingReport", *, live: bool) -> None:
    say(f"{report.instance}: {plain(report.file)}", "bold")
    for problem in report.problems:
        say(plain(problem), "red" if problem.severity == "error" else "yellow")
    if not report.problems:
        say("no faults" + (", and it fits the live platform" if live else ""))
    say_losses(report.instance, report.losses)
    for person in report.unmapped:
        say(f"  {plain(person)}")
    if report.differs and not any(problem.severity == "error" for problem in report.problems):
        say(f"it differs from what runs now: `syncline mapping publish {report.instance}` puts it in force")
    say()


def say_losses(instance: str, losses: "Sequence[Loss]") -> None:
    """What a platform cannot tell apart, on standard output."""
    if losses:
        table(
            ("field", "value", f"someone who reads {instance} takes it for"),
            [(loss.field, value(loss.common), value(loss.reads_back_as)) for loss in losses],
            f"values that {instance} cannot tell apart (nothing is lost on the other sides):",
        )


def mapping_preview(
    face: Face,
    record: Annotated[
        str, typer.Argument(help="An incident, or a record's key; instance/key where several could be meant.")
    ],
    file: FileOption = None,
    instance: Annotated[str | None, typer.Option("--instance", help="Whose mapping the file is.")] = None,
) -> None:
    """Show what would be done to a record if the mapping files were published as they are. Makes no call that writes."""
    if file is not None and instance is None:
        raise Misconfigured("--file needs --instance: whose mapping is it?")
    with face.application() as application, progress(f"reading {record}"):
        drafts = application.mappings.drafts([instance] if instance is not None else (), file)
        found = application.plan(record, drafts)
        reports = [
            application.mappings.check(name, file if name == instance else None, live=False)
            for name in drafts
        ]
        unmapped = {name: application.mappings.unmapped(name) for name in drafts}
    document = {
        "plan": plan_document(found),
        "drafts": [
            {
                "instance": report.instance,
                "file": report.file,
                "differs": report.differs,
                "losses": _losses(report.losses),
                "unmapped": unmapped[report.instance],
            }
            for report in reports
        ],
    }

    def show() -> None:
        say_plan(found)
        for report in reports:
            say()
            state = "differs from what runs now" if report.differs else "is what runs now"
            say(f"{report.instance}: {plain(report.file)} {state}", "bold")
            say_losses(report.instance, report.losses)
            for person in unmapped[report.instance]:
                say(f"  {plain(person)}")

    face.answer(document, show)


def mapping_publish(
    face: Face,
    instance: InstanceArgument,
    file: FileOption = None,
    note: NoteOption = "",
) -> None:
    """Put a mapping in force. A running daemon takes it up within seconds and looks at all incidents again."""
    with face.application() as application, progress(f"publishing the mapping of {instance}"):
        version = application.mappings.publish(instance, file, note)
    face.answer(
        {"instance": instance, "published": version_row(version)},
        lambda: say(
            f"{instance}: version {version.digest} is in force; `syncline mapping rollback {instance}` takes it back"
        ),
    )


def mapping_history(face: Face, instance: InstanceArgument) -> None:
    """Show all published versions of a mapping, newest first; the first one is in force."""
    with face.application() as application:
        versions = application.mappings.history(instance)

    def show() -> None:
        say_versions(versions)
        say(f"{counted(len(versions), 'version')} of the mapping of {instance}; the first one is in force")

    face.answer({"instance": instance, "versions": [version_row(v) for v in versions]}, show)


def mapping_rollback(
    face: Face,
    instance: InstanceArgument,
    to: ToOption = None,
) -> None:
    """Put an older version of a mapping in force again."""
    with face.application() as application, progress(f"publishing the mapping of {instance}"):
        version = application.mappings.rollback(instance, to)
    face.answer(
        {"instance": instance, "published": version_row(version)},
        lambda: say(f"{instance}: version {version.digest} is in force again ({plain(version.note)})"),
    )
