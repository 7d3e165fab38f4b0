"""What a fault of the database means, in the operator's words."""

import sqlite3
from typing import Final

import sqlalchemy as sa

from syncline.errors import Configuration, DatabaseFault, RetryLater

_FULL: Final = {"SQLITE_FULL", "53100", "58030"}
_BUSY: Final = {
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_PROTOCOL",
    "25P03",
    "40001",
    "40P01",
    "55P03",
    "57014",
}
_FORBIDDEN: Final = {"SQLITE_READONLY", "SQLITE_PERM", "42501"}
_DAMAGED: Final = {"SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002"}
_REFUSED: Final = ("authentication failed", "no password supplied", "no pg_hba.conf entry", "does not exist")
"""A PostgreSQL that turns a connection away says so in words only: the driver has no code for it."""
_STANDBY: Final = "25006"


class Unavailable(DatabaseFault, RetryLater):
    """It passes by itself."""


class Unusable(DatabaseFault, Configuration):
    """A person must act."""


def storage_error(error: BaseException, url: sa.URL) -> BaseException:
    """What it means: `Unavailable` where it passes by itself, `Unusable` where a person must act; the error itself
    where it is our own fault, or none of a database."""
    orig = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if orig is None or not isinstance(error, sa.exc.DBAPIError | sqlite3.Error):
        return error
    where = f"database {url.render_as_string(hide_password=True)}"
    said = str(orig).strip().replace("\n", "; ")
    code = _code(orig)
    base = "_".join(code.split("_")[:2])  # SQLITE_IOERR_WRITE is a kind of SQLITE_IOERR
    if base in _FULL or base == "SQLITE_IOERR":
        return Unavailable(
            f"{where}: the disk is full or failing ({said}); nothing was lost, free space and it goes on by itself"
        )
    if base in _FORBIDDEN:
        return Unusable(
            f"{where} cannot be written ({said}); give the daemon's user write access to it"
            + (" and to its folder" if base.startswith("SQLITE") else "")
        )
    if base == "SQLITE_CANTOPEN":
        return Unusable(
            f"{where} cannot be opened ({said}); make its folder, give the daemon's user access to both, and see that "
            "it may open enough files"
        )
    if base in _DAMAGED:
        return Unusable(
            f"{where} is damaged, or no database of Syncline ({said}); stop the daemon, keep the file, and restore the "
            "last backup, or name another path"
        )
    if code == _STANDBY:
        return Unavailable(
            f"{where} is a standby at the moment ({said}); it is tried again until it takes over"
        )
    if base in _BUSY or "timeout" in said:
        return Unavailable(f"{where} is busy with another process ({said}); it is tried again")
    if not code and any(words in said for words in _REFUSED):
        return Unusable(
            f"{where} turns us away ({said}); mend user, password or database name in its address"
        )
    if code == "SQLITE_ERROR":
        return error  # an operational error to the driver, but it means that our SQL is wrong
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | sqlite3.OperationalError):
        return Unavailable(f"{where} does not answer ({said}); it is tried again")
    return error


def _code(orig: BaseException) -> str:
    """SQLite's name of the error, or PostgreSQL's SQLSTATE; empty where there is none."""
    return str(getattr(orig, "sqlite_errorname", None) or getattr(orig, "sqlstate", None) or "")
