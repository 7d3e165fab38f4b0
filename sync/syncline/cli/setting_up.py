"""Setting up: a first configuration, a look at every instance, and what is installed."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from syncline.cli import connectors
from syncline.cli.face import Face, command
from syncline.cli.output import FINDINGS, FINE, counted, plain, progress, say, write_new

if TYPE_CHECKING:
    from syncline.connector import Finding

PANEL: Final = "Setting up"
MAPPINGS: Final = ("servicenow", "jira", "pagerduty")
"""Platforms whose mapping is shipped."""

_PLATFORM: Final = re.compile(r"^(?P<indent> +)platform: (?P<name>\w+)$", re.MULTILINE)
_HINT: Final = re.compile(r"^ *# mapping: .*\n", re.MULTILINE)
_SECRET: Final = re.compile(r"\bSYNCLINE_[A-Z0-9_]+_(?:PASSWORD|TOKEN|SECRET)\b")


def register(program: typer.Typer) -> None:
    """Add these commands."""
    command(program, "init", rich_help_panel=PANEL)(init)
    command(program, "check", rich_help_panel=PANEL)(check)
    connectors.register(program)
    command(program, "version", rich_help_panel=PANEL)(version)


def first_configuration() -> tuple[str, dict[str, str]]:
    """The shipped configuration, made to use the mappings beside it; and those and the policies by their relative path."""
    from syncline.configuration import defaults

    text = defaults("config/syncline.yaml").read_text(encoding="utf-8")
    text = _HINT.sub("", text)
    text = _PLATFORM.sub(
        lambda found: f"{found[0]}\n{found['indent']}mapping: mappings/{found['name']}.yaml", text
    )
    copies = {
        f"mappings/{name}.yaml": defaults(f"mappings/{name}.yaml").read_text(encoding="utf-8")
        for name in MAPPINGS
    }
    copies["escalation.yaml"] = defaults("config/escalation.yaml").read_text(encoding="utf-8")
    return text, copies


def init(
    face: Face,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there already.")] = False,
) -> None:
    """Write a configuration with comments, and the mappings and policies for you to edit."""
    text, copies = first_configuration()
    folder = face.path.parent
    files: dict[Path, str] = {face.path: text, **{folder / name: copy for name, copy in copies.items()}}
    write_new(files, force=force)
    secrets = sorted(set(_SECRET.findall(text)))

    def show() -> None:
        for path in files:
            say(f"wrote {path}")
        say()
        say("What comes next:")
        say(f"  1. edit {face.path}: addresses, accounts, routes")
        say(f"  2. give the secrets in the environment: {', '.join(secrets)}")
        say("  3. `syncline check` looks whether every instance can be worked with")
        say("  4. `syncline run` keeps them in agreement")
        say("  5. edit escalation.yaml, and `syncline policy check`: until then nothing is escalated")

    face.answer({"written": [str(path) for path in files], "secrets": secrets}, show)


def check(
    face: Face,
    instances: Annotated[
        list[str] | None, typer.Argument(help="Which instances; all where none is named.", show_default=False)
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Count warnings as findings too.")] = False,
) -> None:
    """Look whether each instance can be worked with: reachable, authorised, permissions, clock, schema, mapping.

    Looks at the channels too, where no instance is named. Changes nothing on any platform, and sends nothing.
    """
    channels: dict[str, list[Finding]] = {}
    found: dict[str, list[Finding]] = {}
    with face.application() as application, progress("reading the configuration") as doing:
        asked = instances or list(application.configuration.instances)
        application.authenticate(asked)
        for name in dict.fromkeys(asked):
            doing(f"looking at {name}")
            found[name] = [finding for _, finding in application.check([name])]
        for name in [] if instances else application.configuration.channels:
            doing(f"looking at channel {name}")
            channels[name] = application.check_channel(name)
        summary = (
            f"{face.path} is sound: {counted(len(application.configuration.instances), 'instance')},"
            f" {counted(len(application.configuration.routes), 'route')}"
        )
    errors, warnings = (
        sum(f.severity == severity for all_of in (*found.values(), *channels.values()) for f in all_of)
        for severity in ("error", "warning")
    )
    document = {
        "config": str(face.path),
        "instances": [
            {"name": name, "findings": [finding_row(f) for f in all_of]} for name, all_of in found.items()
        ],
        "channels": [
            {"name": name, "findings": [finding_row(f) for f in all_of]} for name, all_of in channels.items()
        ],
        "errors": errors,
        "warnings": warnings,
    }

    def show() -> None:
        say(summary)
        titled = [*found.items(), *((f"channel {name}", all_of) for name, all_of in channels.items())]
        for title, all_of in titled:
            say()
            say(title, "bold")
            for finding in all_of:
                _say_finding(finding)
        say()
        say(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}")

    face.answer(document, show, FINDINGS if errors or (strict and warnings) else FINE)


def finding_row(finding: "Finding") -> dict[str, Any]:
    """A finding, as JSON has it."""
    return {
        "check": finding.check,
        "severity": finding.severity,
        "message": finding.message,
        "fix": finding.fix,
    }


_MARKS: Final[Mapping[str, tuple[str, str | None]]] = {
    "ok": ("ok     ", None),
    "warning": ("warning", "yellow"),
    "error": ("ERROR  ", "bold red"),
}


def _say_finding(finding: "Finding") -> None:
    mark, style = _MARKS[finding.severity]
    say(f"  {mark}  {plain(finding.check)}: {plain(finding.message)}", style)
    if finding.fix and finding.severity != "ok":
        say(f"           what to do: {plain(finding.fix)}")


def installed_version() -> str:
    """The version of this Syncline."""
    from importlib.metadata import version as of_package

    return of_package("syncline")


def version(face: Face) -> None:
    """Show which Syncline this is."""
    import platform
    import sqlite3

    from syncline.connector import CONTRACT

    document = {
        "version": installed_version(),
        "connector_contract": CONTRACT,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    face.answer(
        document,
        lambda: say(
            f"syncline {document['version']} (connector contract {CONTRACT}, Python {document['python']},"
            f" SQLite {document['sqlite']})"
        ),
    )
