"""What can go wrong with a platform, sorted by what we do about it.

One class for each reaction. A message names the instance, the record where there is one, the cause and the
next step; it is written for the operator who is woken by it, and never holds a secret.
"""

from dataclasses import dataclass


class SynclineError(Exception):
    """Something that Syncline can name. `str()` of it is the operator's sentence."""


class Configuration(SynclineError):
    """A person must change something (credentials, permissions, address, mapping); the instance stops."""


class RetryLater(SynclineError):
    """The platform did not do it and may do so later.

    Attributes:
        after: Seconds that the platform asked us to wait, or None.
    """

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class OutcomeUnknown(SynclineError):
    """A write left us and no verdict came back: it may have happened, or may happen yet."""


class Refused(SynclineError):
    """The platform will never accept this write as it stands; it is parked for a person.

    Attributes:
        fields: Native field name to the platform's complaint about it, where it named any.
    """

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class Gone(SynclineError):
    """The record no longer exists, or we may no longer see it."""


class DatabaseFault(SynclineError):
    """It is our own database that cannot do it, beside what must be done about that. It says nothing about a platform."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a file that a person edits.

    Attributes:
        message: A plain sentence, with the nearest right name where there is one.
        file: Path as the person named it.
        line: 1-based; 0 where the whole file is meant.
        column: 1-based.
        severity: `error` or `warning`.
        code: Which check found it, where the checks of such files have names.
    """

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    severity: str = "error"
    code: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: " if self.file else ""
        return f"{where}{self.severity}{f' {self.code}' if self.code else ''}: {self.message}"


class InvalidFile(Configuration):
    """A file that a person edits has faults: all of them at once, each with its place.

    Attributes:
        problems: Every fault found, in the order of the file.
    """

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
