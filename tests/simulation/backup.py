"""An old backup of the store is put back while the platforms have moved on; an admin has the daemon adopt it."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from loop import Machine
from requests.adapters import BaseAdapter

from syncline.application import Application
from syncline.assembly import Ports
from syncline.errors import SynclineError
from syncline.ports import RandomIds, Task

if TYPE_CHECKING:
    from world import World

ASKS_AGAIN = 30.0
"""Seconds after which the admin runs `syncline adopt` again, where a platform could not be asked."""


def _copied(file: Path, to: Path) -> None:
    """A copy as SQLite itself makes one: with what still stands in the journal."""
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


class Backup:
    """The store's backup in one world, and who puts it back.

    Args:
        world: Whose store it is.
    """

    def __init__(self, world: "World") -> None:
        self.world = world
        self.owed = False
        self.lost: list[Path] = []
        self._tries = 0
        self._task: tuple[Machine, Task] | None = None

    def taken(self) -> None:
        """Copy the store; between transactions, as a backup does."""
        if self.world.database_file.exists():
            _copied(self.world.database_file, self._copy)

    @property
    def _copy(self) -> Path:
        return self.world.folder / "backup.db"

    def put_back(self) -> None:
        """The daemon dies with its store, and starts on the backup. What was on record in between is only in the lost one."""
        world = self.world
        if not self._copy.exists():
            return
        world.kill("its store is replaced by a backup")
        lost = world.folder / f"lost-{len(self.lost)}.db"
        _copied(world.database_file, lost)
        self.lost.append(lost)
        shutil.copyfile(self._copy, world.database_file)
        self.owed = True
        world.start()
        world.loop.after(20.0, self.adopt)

    def _running(self, machine: Machine) -> bool:
        """Whether it was asked for on this machine, and has not ended."""
        return self._task is not None and self._task[0] is machine and self._task[1].is_alive()

    def adopt(self) -> None:
        """The admin asks for it, again and again where a platform is down or the machine died meanwhile."""
        world = self.world
        if not self.owed:
            return
        machine = world.machine
        assert machine is not None
        if world.working is machine and not machine.dead:
            # The backup was as young as the last sign of life: nobody holds it, and there is nothing to adopt.
            self.owed = False
            return
        if machine.dead or world.loop.passed < machine.still_until or self._running(machine):
            world.loop.after(ASKS_AGAIN, self.adopt)
            return
        self._tries += 1
        number = self._tries

        def wire(name: str) -> Callable[[], BaseAdapter]:
            return world.wire(machine, name)

        ids = RandomIds(Random(f"{world.seed}/admin/{number}"))
        ports = Ports(machine, ids, machine, Random(f"{world.seed}/admin jitter/{number}"), wire)
        application = Application(world.configuration, world.plugins, "admin", ports)

        def run() -> None:
            try:
                found = application.adopt(lambda _text: None)
                self.owed = False
                world.trace.add(world.loop.passed, f"the admin adopted the backup: {found}")
            except SynclineError as error:
                world.trace.add(world.loop.passed, f"the admin is asked to come again: {str(error)[:160]}")
            application.close()

        world.trace.add(world.loop.passed, "the admin runs syncline adopt")
        self._task = machine, machine.spawn(f"adopt-{number}", run)
        world.loop.after(ASKS_AGAIN, self.adopt)
