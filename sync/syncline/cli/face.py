"""What every command has at hand: the options that all share, the way to the application, and how errors are told."""

import getpass
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, Final, ParamSpec

import typer

from syncline.cli import logs
from syncline.cli.output import FINDINGS, WRONG, as_json, complain, counted, plain
from syncline.errors import Configuration as Misconfigured
from syncline.errors import InvalidFile, SynclineError

if TYPE_CHECKING:
    from syncline.application import Application, PolicyAdministration
    from syncline.assembly import Ports
    from syncline.configuration import Configuration
    from syncline.http.redaction import Redactor
    from syncline.plugins import Plugins

P = ParamSpec("P")

VARIABLE: Final = "SYNCLINE_CONFIG"
STANDARD: Final = Path("syncline.yaml")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help=f"The configuration; else {VARIABLE}, else ./{STANDARD}.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def actor() -> str:
    """Who asks: the person behind sudo, else the login name. Stands on the timeline."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    return plain(name)[:100]


def ports() -> "Ports":
    """The clock, ids and threads of production."""
    from syncline.assembly import Ports

    return Ports()


@dataclass(slots=True)
class Face:
    """What the command line knows while one command runs.

    Attributes:
        config: The configuration file, as named on the command line.
        json: Whether to answer in JSON.
    """

    config: Path | None = None
    json: bool = False
    _redactor: "Redactor | None" = field(default=None, repr=False)

    @property
    def path(self) -> Path:
        """The configuration file."""
        if self.config is not None:
            return self.config
        return Path(os.environ.get(VARIABLE) or STANDARD)

    @property
    def redactor(self) -> "Redactor":
        """Hides secrets in the log and in errors."""
        if self._redactor is None:
            from syncline.http.redaction import Redactor

            self._redactor = Redactor()
        return self._redactor

    def configuration(self, plugins: "Plugins") -> "Configuration":
        """What the configuration file says.

        Raises:
            Configuration: it is not there, or has faults: all of them.
        """
        from syncline.configuration import read_configuration

        if not self.path.exists():
            raise Misconfigured(
                f"there is no configuration {self.path}; `syncline init` writes one, and --config or {VARIABLE} names"
                " another place"
            )
        return read_configuration(self.path, plugins.settings(), os.environ, plugins.causes())

    @contextmanager
    def application(self, **log: Any) -> "Iterator[Application]":
        """The application of that configuration, with the log begun.

        Args:
            log: How: `form` and `level` as in `logs.begin`.
        """
        from syncline.application import Application
        from syncline.plugins import discover

        logs.begin(self.redactor, **log)
        plugins = discover()
        application = Application(
            self.configuration(plugins), plugins.found, actor(), ports(), redactor=self.redactor
        )
        try:
            yield application
        finally:
            application.close()

    @contextmanager
    def policies(self) -> "Iterator[PolicyAdministration]":
        """The escalation policy, by that configuration; without one as far as the file goes, which needs no account."""
        from syncline.application import PolicyAdministration

        if self.config is None and not self.path.exists():
            yield PolicyAdministration(self.path.parent, ports().clock)
            return
        with self.application() as application:
            yield application.policies

    def answer(self, document: Mapping[str, Any], show: Callable[[], None], code: int = 0) -> None:
        """End the command: with the object, or with what `show` prints; and with that exit code."""
        if self.json:
            sys.stdout.write(as_json(document) + "\n")
        else:
            show()
        if code:
            raise typer.Exit(code)

    def fail(self, error: Exception) -> typer.Exit:
        """Tell of an error on standard error; the exit to be raised."""
        text = self.redactor(_sentence(error))
        if self.json:
            document: dict[str, Any] = {"error": text}
            if isinstance(error, InvalidFile):
                document["problems"] = [problem_row(problem) for problem in error.problems]
            sys.stderr.write(as_json(document) + "\n")
        else:
            complain(text)
            if isinstance(error, InvalidFile):
                wrong = sum(1 for problem in error.problems if problem.severity == "error")
                complain(f"{counted(wrong, 'fault')} to mend; nothing was done")
        return typer.Exit(WRONG if isinstance(error, Misconfigured) else FINDINGS)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def problem_row(problem: Any) -> dict[str, Any]:
    """A fault in a file, as JSON has it."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "severity": problem.severity,
        "message": problem.message,
    }


def command(
    program: typer.Typer, name: str, **settings: Any
) -> Callable[[Callable[Concatenate[Face, P], None]], Callable[Concatenate[Face, P], None]]:
    """Register a function as a command. It gets a `Face`, and the command gets the options that all share."""

    def register(function: Callable[Concatenate[Face, P], None]) -> Callable[Concatenate[Face, P], None]:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        shared = [
            _parameter("context", typer.Context, inspect.Parameter.empty),
            *own,
            _parameter("config", ConfigOption, None),
            _parameter("as_json", JsonOption, False),
        ]

        @wraps(function)
        def run(context: typer.Context, config: Path | None, as_json: bool, **given: Any) -> None:  # noqa: FBT001
            before: Face = context.find_root().obj or Face()
            face = Face(config or before.config, as_json or before.json)
            try:
                function(face, **given)  # type: ignore[call-arg]
            except BrokenPipeError:
                raise
            except (SynclineError, OSError) as error:
                raise face.fail(error) from None

        signed: Any = run
        signed.__signature__ = inspect.Signature(
            [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in shared]
        )
        signed.__annotations__ = {parameter.name: parameter.annotation for parameter in shared}
        program.command(name, **settings)(signed)
        return function

    return register


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
