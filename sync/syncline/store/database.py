"""The database: transactions, and the one place where the two dialects differ.

All transactions take turns, on both databases: what one reads stays true until it has written. SQLite knows no other
way; on PostgreSQL an advisory lock sees to it. A durable commit costs several syncs of the disk, so the transactions
of workers that come at the same time are committed together: the first whose turn it is carries the others, each in a
savepoint of its own, through one commit. None returns before that commit.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine

from syncline.errors import Configuration
from syncline.ports import Clock, Runtime
from syncline.store.faults import storage_error

T = TypeVar("T")

SAFE_WAL: Final = (3, 51, 3)
"""SQLite 3.7.0 to 3.51.2 can corrupt a WAL database that several connections write to (sqlite.org, WAL-reset bug)."""


_TURN: Final = 0x53796E6354757226
"""Key of the advisory lock by which transactions take turns in PostgreSQL; "SyncTur&" in letters."""


class _NothingToCommit(Exception):
    """All work of a batch failed: roll back, and let each caller have its own error."""


@dataclass(slots=True)
class Tx:
    """One transaction. What must happen only once it is durable is handed to `after_commit`."""

    connection: Connection
    now: datetime
    callbacks: list[Callable[[], None]] = field(default_factory=list)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.connection.dialect.name

    def execute(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult[*tuple[Any, ...]]:
        """Run one statement."""
        return self.connection.execute(statement, parameters)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call that when the transaction is durable; never, if it is rolled back."""
        self.callbacks.append(callback)


def insertion(dialect: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that can say what becomes of a row that is there already; each dialect has its own."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


class Among:
    """A select of the rows that belong to some keys, made once. For one key, as in most turns, it asks for equality:
    to spell out a list costs as much as to run the statement.

    Args:
        statement: Without the condition.
        column: Of the keys.
    """

    def __init__(self, statement: sa.Select[*tuple[Any, ...]], column: sa.ColumnElement[Any]) -> None:
        self._one = statement.where(column == sa.bindparam("only_key"))
        self._many = statement.where(column.in_(sa.bindparam("all_keys", expanding=True)))

    def rows(self, tx: Tx, keys: Sequence[Any], **binds: Any) -> sa.CursorResult[*tuple[Any, ...]]:
        """The rows of those keys; `binds` are the statement's other parameters."""
        if len(keys) == 1:
            return tx.execute(self._one, {"only_key": keys[0], **binds})
        return tx.execute(self._many, {"all_keys": keys, **binds})


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
        self._turn: AbstractContextManager[Any] = runtime.lock()
        self._waiting: list[_Job[Any]] = []
        self._kept: Connection | None = None
        self._unfit = False
        self._own = runtime.local()
        self.commits = 0

    def transact(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in a transaction; it is durable when this returns, and never happened when it raises.

        The work may run in another task than the caller's. Only an error of the commit itself leaves it open whether
        it happened, as a crash does.

        Raises:
            RetryLater: the database cannot take it now (disk full, locked, connection lost).
            Configuration: it cannot take it until a person acts (no write access, damaged).
        """
        assert not getattr(self._own, "inside", False), "a transaction was begun inside another one"
        job = _Job(work)
        with self._gate:
            self._waiting.append(job)
        with self._turn:
            if not job.finished:
                with self._gate:
                    batch, self._waiting = self._waiting, []
                self._own.inside = True
                try:
                    callbacks = self._together(batch)
                finally:
                    self._own.inside = False
                for callback in callbacks:
                    callback()
        return job.outcome()

    def _together(self, batch: list[_Job[Any]]) -> list[Callable[[], None]]:
        """Carry a batch through one commit; what is to be called now that it is durable."""
        callbacks: list[Callable[[], None]] = []
        connection = None
        try:
            connection = self._connect()
            with connection.begin():
                for job in batch:
                    self._one_of(job, connection, len(batch) > 1, callbacks)
                if all(job.error is not None for job in batch):
                    raise _NothingToCommit
            self.commits += 1
        except _NothingToCommit:
            callbacks.clear()
        except BaseException as error:
            callbacks.clear()
            for job in batch:
                # What failed by itself keeps its own reason; all others fail by that of the commit.
                job.error = job.error or storage_error(error, self.url)
            if connection is not None and isinstance(error, sa.exc.DBAPIError | sqlite3.Error):
                connection.invalidate()
            if not isinstance(error, Exception):
                raise
        finally:
            if connection is not None:
                self._let_go(connection)
            for job in batch:
                job.finished = True
        return callbacks

    def _connect(self) -> Connection:
        """SQLite's connection is kept; one to PostgreSQL comes from the pool, which sees first whether it still lives."""
        if not self.sqlite:
            return self.engine.connect()
        if self._kept is None:
            self._kept = self.engine.connect()
        return self._kept

    def _let_go(self, connection: Connection) -> None:
        """Keep it for the next batch, unless it is none that is kept, or failed."""
        if connection.invalidated or self._unfit:
            self._kept, self._unfit = None, False
        if connection is not self._kept:
            connection.close()

    def beside(self) -> Connection:
        """A connection to PostgreSQL that no pool gets back and that waits for no transaction's turn."""
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT", out_of_turn=True)
        connection.detach()
        return connection

    def _one_of(
        self,
        job: _Job[Any],
        connection: Connection,
        several: bool,  # noqa: FBT001
        callbacks: list[Callable[[], None]],
    ) -> None:
        tx = Tx(connection, self.clock.now())
        savepoint = connection.begin_nested() if several else None
        try:
            job.result = job.work(tx)
        except Exception as error:  # noqa: BLE001  it belongs to the caller whose work this is: handed back there
            job.error = storage_error(error, self.url)
            # What failed may be the connection: SQLite opens a file that it may not write to for reading, and goes on
            # to do no more than that when it may.
            self._unfit = self._unfit or job.error is not error
        if savepoint is not None and job.error is None:
            savepoint.commit()
        elif savepoint is not None:
            try:
                savepoint.rollback()
            except sa.exc.DBAPIError:
                # SQLite gives up the whole transaction when the disk is full: then nobody's work is stored.
                connection.invalidate()
                assert job.error is not None
                raise job.error from None
        if job.error is None:
            callbacks.extend(tx.callbacks)

    def close(self) -> None:
        """Give all connections back."""
        with self._turn:
            if self._kept is not None:
                self._kept.close()
                self._kept = None
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


_DECODER = json.JSONDecoder()


def _parsed(text: str) -> Any:
    """JSON that we wrote: there is nothing around it to be looked for."""
    return _DECODER.raw_decode(text)[0]


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
        hide_parameters=True,  # what an incident says does not belong into a log
        json_deserializer=_parsed,
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
        # Past SQLAlchemy, whose handling of a statement takes longer than this one does.
        connection.connection.cursor().execute("BEGIN IMMEDIATE")

    return engine


def _postgres_engine(url: sa.URL) -> Engine:
    try:
        engine = sa.create_engine(
            url,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                # A worker that is paused in its turn must not block all others.
                "options": "-c idle_in_transaction_session_timeout=10000 -c lock_timeout=30000",
            },
        )
    except ImportError as error:
        raise Configuration(
            f"the database {url.render_as_string(hide_password=True)} needs a driver that is not installed ({error}); "
            "install syncline[postgres], and write its address as postgresql+psycopg://..."
        ) from error

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("out_of_turn"):
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))

    return engine
