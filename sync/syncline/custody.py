"""Whether this database may be worked with: recognised before anything is done, stamped while it is worked with."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from syncline.errors import Configuration
from syncline.lineage import Doubt, Home, Kept, Recognised, Stamp, recognise
from syncline.store import meta, stamps, timeline
from syncline.store.database import Database, Tx
from syncline.store.timeline import Event

log = logging.getLogger(__name__)

LIFE: Final = ("held", "started", "stopped", "adopted")
"""Lines that say how a daemon stands."""


class Replaced(Configuration):
    """The database was replaced by an older one while it was worked with."""


@dataclass(slots=True)
class Custody:
    """One database, its home and its stamp.

    Attributes:
        database: Which.
        folder: Of the configuration.
        strict: Whether it is to be worked with from here. Commands beside a daemon may come from another machine than the
            daemon's to a database server, and need not be allowed to read its stamp.
        here: Where it is being opened; None: in memory, where nothing can be copied.
    """

    database: Database
    folder: Path
    strict: bool = True
    here: Home | None = field(init=False)
    _last: tuple[int, int] | None = None
    _silent: bool = False

    def __post_init__(self) -> None:
        self.here = stamps.home(self.database.url)
        if self.here is not None and not self.strict and not self.database.sqlite:
            self.here = replace(self.here, machine="")

    def _file(self, kept: Kept) -> Path:
        """Where the stamp stands. Beside a server it depends on who looks, so the database knows where it was written."""
        at_home = self.here is not None and kept.home is not None and kept.home.place == self.here.place
        if kept.stamp and at_home and not self.database.sqlite:
            return Path(kept.stamp)
        return stamps.path(self.database.url, self.folder, os.environ)

    def recognise(self) -> Recognised | None:
        """What is doubtful about the database; None: it is the one."""
        if self.here is None:
            return None
        # The stamp before what it is held against: a beat between the two must not make it look newer.
        stamp = stamps.read(self._file(self.database.transact(meta.kept)))
        kept = self.database.transact(meta.kept)
        if not self.strict and not self.database.sqlite and not isinstance(stamp, Stamp):
            stamp, kept = None, replace(kept, stamp="")
        return recognise(stamp, kept, self.here)

    def demand(self) -> None:
        """See that the database may be worked with.

        Raises:
            Configuration: it may be a copy, or older than the platforms; the message says what to do.
        """
        found = self.recognise()
        if found is not None:
            raise Configuration(found.text)

    def hold(self, found: Recognised, now: float) -> None:
        """Put on record that the daemon is held, and since when.

        Args:
            found: Why.
            now: The machine's time since it came up, which nobody sets.
        """
        data = {"doubt": found.doubt, "uptime": now, "machine": self._machine()}
        self.database.transact(
            lambda tx: timeline.append(tx, None, Event("held", f"held: {found.text}", data=data))
        )

    def held_since(self, now: float) -> float | None:
        """Since when at the latest nobody of ours has been at work, as a daemon is held here because the database is an older
        state of what was worked with; None: that is not known.

        Args:
            now: The machine's time since it came up; the answer is by that, too.
        """
        last = self.database.transact(lambda tx: timeline.last_of(tx, LIFE))
        data = (last.data if last is not None and last.kind == "held" else None) or {}
        since = data.get("uptime")
        here = self._machine()
        # Another machine's time cannot be compared; a file is on this one.
        known = data.get("machine") == here and bool(here or self.database.sqlite)
        if since is None or data["doubt"] != Doubt.RESTORED or not known:
            return None
        # A machine that came up since counts from zero: nobody has been at work in all that time.
        return float(since) if since <= now else 0.0

    def _machine(self) -> str:
        return "" if self.here is None else self.here.machine

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
        file = self._file(kept)
        stamped = str(file)
        try:
            stamps.write(file, Stamp(kept.identity, kept.generation, kept.beat, here))
        except Configuration as error:
            stamped = ""
            if not self._silent:
                log.warning("%s", error)
            self._silent = True
        if kept.home != here or (stamped and kept.stamp != stamped):
            # Only now: a crash before leaves a database that never had a stamp, and none is missed.
            self.database.transact(lambda tx: meta.settle(tx, here, stamped))

    def take_over(self, also: Callable[[Tx], None]) -> None:
        """It is the one from now on, whatever was doubtful.

        Args:
            also: What is stored in the same transaction.

        Raises:
            RetryLater: the database cannot take it now.
        """
        here = self.here or Home("", "")
        stamp = None if self.here is None else stamps.read(self._file(self.database.transact(meta.kept)))
        seen = (stamp.generation, stamp.beat) if isinstance(stamp, Stamp) else (0, 0)

        def store(tx: Tx) -> Kept:
            also(tx)
            return meta.adopt(tx, here, *seen)

        kept = self.database.transact(store)
        if self.here is not None:
            self._write(kept, here)
