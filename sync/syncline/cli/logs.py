"""The log: to standard error, one line for each event, without secrets."""

import json
import logging
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from syncline.cli.output import plain

if TYPE_CHECKING:
    from syncline.http.redaction import Redactor


class LogFormat(StrEnum):
    """How the log is written."""

    TEXT = "text"
    JSON = "json"


class _StandardError(logging.Handler):
    """Writes to whatever standard error is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):  # nobody reads it any more; the work goes on
            self.handleError(record)


def _at(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Text(logging.Formatter):
    """A line for people; what a platform says cannot forge a second one."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_at(record)} {record.levelname:<7} {record.name}: {plain(record.getMessage())}"
        return f"{line}\n{plain(record.exc_text, lines=True)}" if record.exc_text else line


class _Json(logging.Formatter):
    """An object on one line for programs."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            entry["exception"] = record.exc_text
        return json.dumps(entry)


def begin(redactor: "Redactor", form: LogFormat = LogFormat.TEXT, level: int = logging.WARNING) -> None:
    """Send the log to standard error, through the redactor."""
    from syncline.http.redaction import RedactingFilter

    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _StandardError)]:
        root.removeHandler(old)
    handler = _StandardError()
    handler.addFilter(RedactingFilter(redactor))
    handler.setFormatter(_Json() if form is LogFormat.JSON else _Text())
    root.addHandler(handler)
    logging.getLogger("syncline").setLevel(level)
