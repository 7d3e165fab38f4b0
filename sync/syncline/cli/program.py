"""The program `syncline`: all commands, and what is done with a command line that is wrong."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from syncline.cli import (
    adopting,
    escalations,
    links,
    looking,
    mappings,
    oncall,
    park,
    policies,
    running,
    sandboxing,
    setting_up,
)
from syncline.cli.face import ConfigOption, Face, JsonOption
from syncline.cli.output import WRONG, as_json, complain, plain

_Usage: Final[Any] = typer.BadParameter.__mro__[2]
"""What every fault of a command line is, whichever click typer brings along."""


class _Program(TyperGroup):
    """Tells of a wrong command line in a sentence, or in JSON where that is asked for."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001
        windows_expand_args: bool = True,  # noqa: FBT001
        **extra: Any,
    ) -> Any:
        """Run, and end the process with the exit code unless `standalone_mode` is off."""
        given = list(sys.argv[1:] if args is None else args)
        try:
            result = super().main(given, prog_name, complete_var, False, windows_expand_args, **extra)
        except _Usage as error:
            if not standalone_mode:
                raise
            _complain(error, json="--json" in given)
            sys.exit(WRONG)
        except typer.Abort:
            complain("broken off")
            sys.exit(130)
        if standalone_mode:
            sys.exit(result if isinstance(result, int) else 0)
        return result


def _complain(error: Any, *, json: bool) -> None:
    if type(error).__name__ == "NoArgsIsHelpError" and not json:
        error.show()
        return
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "syncline"
    text = plain(error.format_message())
    text += "" if text.endswith((".", "?")) else "."
    if json:
        sys.stderr.write(as_json({"error": text}) + "\n")
        return
    complain(f"{path}: {text} `{path} --help` shows how it is called")


program = typer.Typer(
    name="syncline",
    cls=_Program,
    help="Keeps one incident in agreement across ServiceNow, Jira, PagerDuty, BMC Helix and Cherwell.",
    epilog="Exit codes: 0 all is well, 1 something is to be looked at, 2 the command or the configuration is wrong.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


VersionOption = Annotated[bool, typer.Option("--version", help="What `version` says, and end.")]


@program.callback(invoke_without_command=True)
def _shared(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    version: VersionOption = False,
) -> None:
    context.obj = Face(config, as_json)
    if version:
        setting_up.version(context.obj)
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.fail("Missing command.")


setting_up.register(program)
running.register(program)
adopting.register(program)
looking.register(program)
links.register(program)
park.register(program)
mappings.register(program)
policies.register(program)
oncall.register(program)
escalations.register(program)
sandboxing.register(program)


def run() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # A terminal whose encoding lacks a character must not bring a command down.
            reconfigure(errors="backslashreplace")
    program(prog_name="syncline")
