"""The linter: what is wrong with a book that can be read, each with an example and a way to mend it.

`check` looks at the text of a file, `lint` at a book; `report` writes findings down; `CODES` says what each check is.
"""

from syncline.escalation.lint.codes import CODES, Severity, severity
from syncline.escalation.lint.finding import Finding, LiveNames
from syncline.escalation.lint.linting import YEAR, check, lint

__all__ = ["CODES", "YEAR", "Finding", "LiveNames", "Severity", "check", "lint", "severity"]
