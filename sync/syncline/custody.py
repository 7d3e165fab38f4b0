"""Whether this database may be worked with: recognised before anything is done, stamped while it is worked with."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from syncline.errors import Configuration
from syncline.lineage import Home, Kept, Recognised, Stamp, recognise
from syncline.store import meta, stamps
from syncline.store.database import Database, Tx

log = logging.getLogger(__name__)


class Replaced(Configuration):
    """The database was replaced by an older one while it was worked with."""


@dataclass(slots=True)
class Custody:
    """One database, its home and its stamp.

    Attributes:
        database: Which.
        folder: Of the configuration.
        here: Where it is being opened; None: in memory, where nothing can be copied.
    """

    database: Database
    folder: Path
    here: Home | None = field(init=False)
    _last: tuple[int, int] | None = None
    _silent: bool = False

    def __post_init__(self) -> None:
        self.here = stamps.home(self.database.url)

    @property
    def file(self) -> Path | None:
        """Where the stamp stands; None: there is none of a database in memory."""
        return None if self.here is None else stamps.path(self.database.url, self.folder, os.environ)

    def stamp(self) -> Stamp | None:
        """The stamp, where there is one that can be read."""
        found = stamps.read(self.file) if self.file is not None else None
        return found if isinstance(found, Stamp) else None

    def recognise(self) -> Recognised | None:
        """What is doubtful about the database; None: it is the one."""
        file = self.file
        if self.here is None or file is None:
            return None
        # The stamp first: a beat between the two readings must not make it look newer.
        stamp = stamps.read(file)
        return recognise(stamp, self.database.transact(meta.kept), self.here)

    def demand(self) -> None:
        """See that the database may be worked with.

        Raises:
            Configuration: it may be a copy, or older than the platforms; the message says what to do.
        """
        found = self.recognise()
        if found is not None:
            raise Configuration(found.text)

    def beat(self) -> None:
        """Count one sign of life, in the database and then on the stamp.

        Raises:
            Replaced: by an older one, since the last sign of life.
            Configuration: it cannot take it until a person acts.
            RetryLater: it cannot take it now.
        """
        if self.here is None:
            return
        kept = self.database.transact(meta.beat)
        before, self._last = self._last, (kept.generation, kept.beat)
        if before is not None and self._last <= before:
            raise Replaced(
                f"the database {self.here.place} was replaced by an older one while the daemon worked with it; it stops. "
                "Start it again: it then says what was recognised"
            )
        self._write(kept, self.here)

    def _write(self, kept: Kept, here: Home) -> None:
        file = self.file
        assert file is not None
        stamped = True
        try:
            stamps.write(file, Stamp(kept.identity, kept.generation, kept.beat, here))
        except Configuration as error:
            stamped = False
            if not self._silent:
                log.warning("%s", error)
            self._silent = True
        if kept.home != here or (stamped and not kept.stamped):
            # Only now: a crash before leaves a database that never had a stamp, and none is missed.
            self.database.transact(lambda tx: meta.settle(tx, here, stamped=stamped))

    def take_over(self, also: Callable[[Tx], None]) -> None:
        """It is the one from now on, whatever was doubtful.

        Args:
            also: What is stored in the same transaction.

        Raises:
            RetryLater: the database cannot take it now.
        """
        here, stamp = self.here or Home("", ""), self.stamp()
        seen = (stamp.generation, stamp.beat) if stamp is not None else (0, 0)

        def store(tx: Tx) -> Kept:
            also(tx)
            return meta.adopt(tx, here, *seen)

        kept = self.database.transact(store)
        if self.here is not None:
            self._write(kept, here)
