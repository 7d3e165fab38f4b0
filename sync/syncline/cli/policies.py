"""The escalation policy: checked, rehearsed, published, and taken back."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from syncline.cli.face import Face, command
from syncline.cli.output import (
    FINDINGS,
    FINE,
    counted,
    plain,
    progress,
    say,
    table,
)
from syncline.cli.rehearsing import rehearsal_document, say_rehearsal
from syncline.cli.versions import NoteOption, ToOption, say_versions, version_row

if TYPE_CHECKING:
    from syncline.application import Publication
    from syncline.escalation.lint import Finding

PANEL: Final = "Deciding"
_MOST_TOLD: Final = 40
"""Changes that are told one by one."""


class Form(StrEnum):
    """How findings are written."""

    TEXT = "text"
    GITHUB = "github"
    SARIF = "sarif"


FileArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="The policy file; else the one that the configuration names.",
        show_default=False,
    ),
]


def register(program: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(
        help="Who is reached when: the escalation policy. The file is a draft until it is published.",
        no_args_is_help=True,
    )
    command(group, "check")(policy_check)
    command(group, "simulate")(policy_simulate)
    command(group, "publish")(policy_publish)
    command(group, "show")(policy_show)
    command(group, "history")(policy_history)
    command(group, "rollback")(policy_rollback)
    command(group, "schema")(policy_schema)
    program.add_typer(group, name="policy", rich_help_panel=PANEL)


# ---- check --------------------------------------------------------------------------------------


def policy_check(
    face: Face,
    file: FileArgument = None,
    form: Annotated[
        Form,
        typer.Option("--format", help="github: annotations for a code review; sarif: for code scanners."),
    ] = Form.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Count warnings as findings too.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the platforms for its groups and people, too.")
    ] = False,
    codes: Annotated[bool, typer.Option("--codes", help="Show all checks that there are.")] = False,
) -> None:
    """Show every fault of a policy file, and what cannot be meant: gaps on call, steps that never fire, dead ends.

    Needs no account, no secret and no database, but for --live.
    """
    from syncline import application

    if codes:
        _codes(face)
        return
    with face.policies() as policies, progress("reading the policy"):
        report = policies.check(file, live=live)
    document = {
        "ok": report.ok,
        "file": report.file,
        "errors": sum(one.severity == "error" for one in report.findings),
        "warnings": sum(one.severity == "warning" for one in report.findings),
        "findings": [finding_row(finding) for finding in report.findings],
    }

    def show() -> None:
        text = report.said(application.Form(form.value))
        if form is Form.TEXT and not report.findings:
            say(f"{plain(report.file)}: {text}")
        elif text:
            say(text)

    fine = report.ok and not (strict and document["warnings"])
    face.answer(document, show, FINE if fine else FINDINGS)


def _codes(face: Face) -> None:
    from syncline.application import PolicyAdministration

    known = PolicyAdministration.codes()

    def show() -> None:
        table(("code", "what it is about"), list(known.items()))

    face.answer({"codes": known}, show)


def finding_row(finding: "Finding") -> dict[str, Any]:
    """A finding, as JSON has it."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
        "witness": dict(finding.witness),
        "mend": finding.mend,
    }


# ---- simulate -----------------------------------------------------------------------------------


def policy_simulate(
    face: Face,
    scenario: Annotated[Path, typer.Argument(help="The scenario file.")],
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", "-f", help="This policy file instead of the one of the scenario.", show_default=False
        ),
    ] = None,
) -> None:
    """Show who would be reached when, step by step and why, for an incident and what people do about it.

    In virtual time and by the same evaluator as the daemon's. Needs no account, no secret and no database. The exit code
    is 1 where something does not come as the scenario expects.
    """
    with face.policies() as policies, progress("playing the scenario"):
        rehearsal = policies.simulate(scenario, file)
    face.answer(
        rehearsal_document(rehearsal),
        lambda: say_rehearsal(rehearsal),
        FINE if rehearsal.as_expected and not rehearsal.cut_off else FINDINGS,
    )


# ---- what is in force ---------------------------------------------------------------------------


def policy_publish(
    face: Face,
    file: FileArgument = None,
    note: NoteOption = "",
) -> None:
    """Put the policy in force. A running daemon takes it up within seconds and looks at all incidents again."""
    with face.application() as application, progress("publishing the policy"):
        done = application.policies.publish(file, note)
    _answer_publication(face, done, "is in force; `syncline policy rollback` takes it back")


def policy_rollback(
    face: Face,
    to: ToOption = None,
) -> None:
    """Put an older version of the policy in force again."""
    with face.application() as application, progress("publishing the policy"):
        done = application.policies.rollback(to)
    _answer_publication(face, done, f"is in force again ({plain(done.version.note)})")


def _answer_publication(face: Face, done: "Publication", text: str) -> None:
    def show() -> None:
        for line in done.changes[:_MOST_TOLD]:
            say(f"  {plain(line)}")
        if len(done.changes) > _MOST_TOLD:
            say(f"  and {len(done.changes) - _MOST_TOLD} more differences")
        if not done.changes and not done.first:
            say("  it means the same as the one before")
        say(f"version {done.version.digest} {text}")
        if done.running:
            runs = counted(done.running, "escalation")
            say(
                f"{runs} in progress: the steps stay those of the policy with which each began; people, schedules and"
                " tiers are the new ones at once"
            )

    document = {
        "published": version_row(done.version),
        "first": done.first,
        "changes": list(done.changes),
        "running": done.running,
    }
    face.answer(document, show)


def policy_show(
    face: Face,
    version: Annotated[
        str | None,
        typer.Argument(help="That version; else the one that is in force.", show_default=False),
    ] = None,
) -> None:
    """Show the policy that is in force, as it was published."""
    with face.application() as application:
        found = application.policies.show(version)
    face.answer(
        {"version": version_row(found), "text": found.text},
        lambda: say(found.text.rstrip("\n")),
    )


def policy_history(face: Face) -> None:
    """Show all published versions of the policy, newest first; the first one is in force."""
    with face.application() as application:
        versions = application.policies.history()

    def show() -> None:
        say_versions(versions)
        if versions:
            say(f"{counted(len(versions), 'version')} of the policy; the first one is in force")
        else:
            say(
                "no policy is published, so nothing is escalated; `syncline policy publish` puts one in force"
            )

    face.answer({"versions": [version_row(v) for v in versions]}, show)


def policy_schema(face: Face) -> None:
    """Print the JSON Schema of the policy file, for editors."""
    from syncline.application import PolicyAdministration

    document = PolicyAdministration.schema()
    face.answer(document, lambda: say(json.dumps(document, indent=2)))
