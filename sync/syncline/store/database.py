"""The database: transactions, and the one place where the two dialects differ.

SQLite allows one writer, and a durable commit costs it several syncs of the disk. So on SQLite the transactions of
workers that come at the same time are committed together: the first to get the writer's lock carries the others,
each in a savepoint of its own, through one commit. None returns before that commit.
"""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from syncline.errors import Configuration, RetryLater
from syncline.ports import Clock, Runtime

T = TypeVar("T")

SAFE_WAL: Final = (3, 51, 3)
"""SQLite 3.7.0 to 3.51.2 can corrupt a WAL database that several connections write to (sqlite.org, WAL-reset bug)."""


@dataclass(slots=True)
class Tx:
    """One transaction. What must happen only once it is durable is handed to `after_commit`."""

    connection: Connection
    now: datetime
    callbacks: list[Callable[[], None]] = field(default_factory=list)

    def execute(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult[*tuple[Any, ...]]:
        """Run one statement."""
        return self.connection.execute(statement, parameters)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call that when the transaction is durable; never, if it is rolled back."""
        self.callbacks.append(callback)


@dataclass(slots=True, eq=False)
class _Job(Generic[T]):
    work: Callable[[Tx], T]
    result: T | None = None
    error: BaseException | None = None
    finished: bool = False

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class Database:
    """A database and how its transactions are run.

    Args:
        url: SQLAlchemy URL, `sqlite:///syncline.db` or `postgresql+psycopg://...`.
        clock: Gives the time that every transaction carries.
        runtime: Gives the locks.
    """

    def __init__(self, url: str, clock: Clock, runtime: Runtime) -> None:
        self.url = sa.make_url(url)
        self.clock = clock
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.sqlite else _postgres_engine(self.url)
        self._gate: AbstractContextManager[Any] = runtime.lock()
        self._writer: AbstractContextManager[Any] = runtime.lock()
        self._waiting: list[_Job[Any]] = []
        self._connection: Connection | None = None
        self._inside = False
        self.commits = 0

    def transact(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in a transaction; it is durable when this returns, and never happened when it raises.

        Raises:
            RetryLater: the database cannot take it now (disk full, locked, connection lost).
        """
        if not self.sqlite:
            return self._alone(work)
        job = _Job(work)
        with self._gate:
            self._waiting.append(job)
        with self._writer:
            assert not self._inside, "a transaction was begun inside another one"
            if not job.finished:
                with self._gate:
                    batch, self._waiting = self._waiting, []
                self._together(batch)
        return job.outcome()

    def _alone(self, work: Callable[[Tx], T]) -> T:
        try:
            with self.engine.begin() as connection:
                tx = Tx(connection, self.clock.now())
                result = work(tx)
        except sa.exc.DBAPIError as error:
            raise storage_error(error, self.url) from error
        self.commits += 1
        for callback in tx.callbacks:
            callback()
        return result

    def _together(self, batch: list[_Job[Any]]) -> None:
        callbacks: list[Callable[[], None]] = []
        self._inside = True
        try:
            if self._connection is None:
                self._connection = self.engine.connect()
            with self._connection.begin():
                for job in batch:
                    self._one_of(job, len(batch) > 1, callbacks)
                    if job.error is not None and len(batch) == 1:
                        raise job.error
        except BaseException as error:
            if not (len(batch) == 1 and batch[0].error is error):
                for job in batch:
                    job.error = job.error or _translated(error, self.url)
            if isinstance(error, sa.exc.DBAPIError) and self._connection is not None:
                self._connection.invalidate()
                self._connection.close()
                self._connection = None
            callbacks.clear()
            if not isinstance(error, Exception):
                raise
        finally:
            self._inside = False
            for job in batch:
                job.finished = True
        self.commits += 1
        for callback in callbacks:
            callback()

    def _one_of(self, job: _Job[Any], several: bool, callbacks: list[Callable[[], None]]) -> None:  # noqa: FBT001
        assert self._connection is not None
        tx = Tx(self._connection, self.clock.now())
        savepoint = self._connection.begin_nested() if several else None
        try:
            job.result = job.work(tx)
        except sa.exc.DBAPIError as error:
            job.error = storage_error(error, self.url)
        except Exception as error:  # noqa: BLE001  it belongs to the caller whose work this is: handed back there
            job.error = error
        if job.error is None:
            callbacks.extend(tx.callbacks)
        if savepoint is not None:
            if job.error is None:
                savepoint.commit()
            elif savepoint.is_active:
                savepoint.rollback()

    def close(self) -> None:
        """Give all connections back."""
        with self._writer:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
        self.engine.dispose()

    def describe(self) -> str:
        """One line for the start of the log: which database, and how it keeps its promises."""
        if not self.sqlite:
            return f"PostgreSQL at {self.url.host or 'local socket'}, database {self.url.database}"
        mode = _journal_mode()
        why = "" if mode == "WAL" else " (this SQLite is older than the fix of its WAL corruption bug)"
        return (
            f"SQLite {sqlite3.sqlite_version} in {self.url.database}, journal {mode}{why}, synchronous FULL"
        )


def _journal_mode() -> str:
    return "WAL" if sqlite3.sqlite_version_info >= SAFE_WAL else "TRUNCATE"


def _sqlite_engine(url: sa.URL) -> Engine:
    if url.database and url.database != ":memory:":
        parent = Path(url.database).resolve().parent
        if not parent.is_dir():
            raise Configuration(
                f"the database {url.database} cannot be made: the folder {parent} does not exist; make it first"
            )
    engine = sa.create_engine(
        url,
        poolclass=sa.pool.StaticPool if url.database in {None, "", ":memory:"} else sa.pool.NullPool,
        connect_args={"check_same_thread": False, "timeout": 30.0},
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = (
            None  # BEGIN is ours: the driver's own would come too late for a write lock
        )
        for pragma in (
            f"journal_mode={_journal_mode()}",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-16000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgres_engine(url: sa.URL) -> Engine:
    return sa.create_engine(
        url,
        pool_size=20,
        pool_pre_ping=True,
        connect_args={
            # A worker that is paused while it holds a row lock must not block the marks of all others.
            "options": "-c idle_in_transaction_session_timeout=10000 -c lock_timeout=10000",
        },
    )


def _translated(error: BaseException, url: sa.URL) -> BaseException:
    return storage_error(error, url) if isinstance(error, sa.exc.DBAPIError) else error


def storage_error(error: sa.exc.DBAPIError, url: sa.URL) -> Exception:
    """What a fault of the database means, in the operator's words."""
    text = str(error.orig or error)
    where = f"database {url.render_as_string(hide_password=True)}"
    if "disk is full" in text or "No space left" in text or "disk I/O error" in text:
        return RetryLater(
            f"{where}: the disk is full or failing ({text}); nothing was lost, free space and it goes on by itself"
        )
    if "readonly" in text or "read-only" in text:
        return Configuration(
            f"{where} cannot be written ({text}); give the daemon's user write access to it and to its folder"
        )
    if "locked" in text or "timeout" in text:
        return RetryLater(f"{where} is locked by another process ({text}); it is tried again")
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return RetryLater(f"{where} does not answer ({text}); it is tried again")
    return error
