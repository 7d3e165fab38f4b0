"""The ground on which a world stands: its configuration, its store, and what a machine is to the daemon."""

import io
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import urllib3.filepost
from emergency import SECRETS as CHANNEL_SECRETS
from pages import channels_through
from places import PLACES

import syncline.daemon
import syncline.store.database
import syncline.workers
from syncline import assembly
from syncline.assembly import Ports
from syncline.configuration import Configuration
from syncline.configuration.defaults import default_mapping
from syncline.connector import Plugin
from syncline.daemon import OnlyDaemon
from syncline.demo.stage import SECRETS
from syncline.plugins import discover
from syncline.ports import RandomIds, SystemClock, ThreadRuntime
from syncline.sandbox.adapter import Exchange
from syncline.sandbox.catalogue import build
from syncline.store.database import Database
from syncline.store.migrate import upgrade

if TYPE_CHECKING:
    from world import World

CONFIGURATION = """
syncline: 1
database: sqlite:///syncline.db
instances:
  snow:
    platform: servicenow
    url: https://snow.example
    auth: basic
    username: syncline
    {common}
  jira:
    platform: jira
    url: https://jira.example
    flavour: cloud
    auth: api_token
    user: syncline@example.com
    projects: [OPS]
    default_issue_type: Incident
    {common}
  pd:
    platform: pagerduty
    url: https://pd.example
    auth: token
    from_email: syncline@example.com
    services: [{service}]
    {common}
{beside}routes:
  - name: everywhere
    from: [all]
    to: [all]
conflicts:
  default: latest
  priority: highest
gone_after: 1m
reopen:
  from: [resolved, closed, canceled]
freeze:
  writes: 1000
  minutes: 1
  returns: 100
"""


class Exceptions(logging.Handler):
    """Hears of exceptions that our own code did not foresee, and of failed assertions."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []
        self.tell: Callable[[str], None] = lambda _text: None
        self.warned: Callable[[], None] = lambda: None

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            said = f"{text}: {record.exc_info[1]!r}"
            out = io.StringIO()
            out.write(logging.Formatter().formatException(record.exc_info))
            self.heard.append(f"{said}\n{out.getvalue()}")
            self.tell(f"log: exception {said[:300]}")
        elif record.levelno >= logging.WARNING:
            self.tell(f"log: {text[:300]}")
            self.warned()


@contextmanager
def stage(world: "World") -> Iterator[None]:
    """What a machine is to the daemon: environment, files that close with the process, and how long it idles."""
    secrets = {**SECRETS, **CHANNEL_SECRETS, "SYNCLINE_CHERWELL_PASSWORD": "sandbox"}
    before = {name: os.environ.get(name) for name in secrets}
    os.environ.update(secrets)
    opened, only = assembly.named_database, syncline.daemon.OnlyDaemon
    idle, watch, beat = syncline.workers.IDLE, syncline.daemon.WATCH, syncline.daemon.BEAT

    def named_database(configuration: Configuration, ports: Ports) -> Database:
        _from_template(world.database_file)
        database = opened(configuration, ports)
        database._turn.sealed = True  # type: ignore[attr-defined]
        world.databases.append(database)
        transact = database.transact

        def committed(work: Callable[[Any], Any]) -> Any:
            done = transact(work)
            world.network.committed()
            return done

        database.transact = committed  # type: ignore[method-assign]
        return database

    class Held(OnlyDaemon):
        def take(self) -> None:
            super().take()
            world.rights.append(self)

    engine_of, load_mapping = syncline.store.database._sqlite_engine, assembly.load_mapping
    read_document = assembly.read_document
    # What a daemon works out at its start is the same each time; some worlds see fifty starts.
    syncline.store.database._sqlite_engine = partial(_warm, _engine())
    assembly.load_mapping, assembly.read_document = _mapping, _document
    boundary = urllib3.filepost.choose_boundary
    # The one thing that the client libraries draw at random.
    urllib3.filepost.choose_boundary = lambda: "boundary-of-a-simulated-request"
    assembly.named_database = named_database
    syncline.daemon.OnlyDaemon = Held  # type: ignore[misc]
    # What no worker was told of is looked for once a second. Here they are told, or the test of that is lost in the noise:
    # twice a minute do, with thirty times fewer transactions.
    syncline.workers.IDLE = 30.0  # type: ignore[misc]
    syncline.daemon.WATCH = 20.0  # type: ignore[misc]
    syncline.daemon.BEAT = 1  # type: ignore[misc]
    logger = logging.getLogger("syncline")
    level, propagate = logger.level, logger.propagate
    logger.addHandler(world.exceptions)
    logger.setLevel(logging.WARNING)
    logger.propagate = False

    def exchange() -> Exchange:
        assert world.machine is not None
        return world.network.exchange(world.machine, "hook")

    try:
        with channels_through(exchange):
            yield
    finally:
        urllib3.filepost.choose_boundary = boundary
        syncline.store.database._sqlite_engine, assembly.load_mapping = engine_of, load_mapping
        assembly.read_document = read_document
        logger.removeHandler(world.exceptions)
        logger.setLevel(level)
        logger.propagate = propagate
        assembly.named_database, syncline.daemon.OnlyDaemon = opened, only  # type: ignore[misc]
        syncline.workers.IDLE, syncline.daemon.WATCH, syncline.daemon.BEAT = idle, watch, beat  # type: ignore[misc]
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@cache
def plugins_and_settings() -> tuple[Mapping[str, Plugin], Any]:
    found = discover()
    return found.found, found.settings()


_file = ""
_mapping, _document = cache(assembly.load_mapping), cache(assembly.read_document)


def _warm(engine: sa.Engine, url: sa.URL) -> sa.Engine:
    global _file
    _file = url.database or ""
    return engine


@cache
def _engine() -> sa.Engine:
    """One engine for every daemon of this process, so that each statement is compiled once. Connections are not shared."""
    engine = syncline.store.database._sqlite_engine(sa.make_url("sqlite:///world.db"))

    @sa.event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, arguments: list[str], _options: object) -> None:
        arguments[0] = _file

    return engine


_template: list[Path] = []


def _from_template(file: Path) -> None:
    """A new database is a copy of one that was migrated once: migrating takes longer than a whole day of a world."""
    if not file.exists() and _template:
        shutil.copyfile(_template[0], file)


def prepare(folder: Path) -> None:
    """Migrate one database, of which all others are copies. It has no identity yet: each world draws its own."""
    file = folder / "template.db"
    database = Database(f"sqlite:///{file}", SystemClock(), ThreadRuntime())
    upgrade(database, RandomIds(Random(0)))
    database.close()
    connection = sqlite3.connect(file)
    connection.execute("DELETE FROM meta")
    connection.commit()
    connection.close()
    _template[:] = [file]
    # Imported once, and not by each world.
    plugins_and_settings()
    for instance, platform in ((name, place.platform) for name, place in PLACES.items()):
        path = default_mapping(platform)
        assert path is not None
        text = _document(path).text
        for source in (str(path), f"published mapping of {instance}"):
            _mapping(text, source, platform)
    for name, place in PLACES.items():
        build(name, place.kind)
