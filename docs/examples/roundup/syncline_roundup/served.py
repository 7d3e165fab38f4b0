"""A tracker that runs as a process of its own."""

import datetime as dt
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Final

SERVING: Final = Path(__file__).with_name("serving.py")


class MovedClock:
    """The server's clock: this machine's, moved by what was waited.

    Args:
        file: By which the server is told.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._moved = 0.0
        file.write_bytes(struct.pack("d", 0.0))

    def now(self) -> dt.datetime:
        """The moment."""
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self._moved)

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        return time.monotonic() + self._moved

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self._moved += seconds
        with self._file.open("r+b") as file:
            file.write(struct.pack("d", self._moved))


class Served:
    """A running tracker; `close` ends it.

    Args:
        folder: An empty one of its own; without it, a temporary one.

    Raises:
        RuntimeError: Roundup is not installed, or does not begin; with what it said.

    Attributes:
        url: Its address.
        clock: Its clock.
    """

    def __init__(self, folder: Path | None = None) -> None:
        if find_spec("roundup") is None:
            raise RuntimeError("the tests need the tracker itself: pip install roundup")
        self._temporary = tempfile.TemporaryDirectory(prefix="roundup-") if folder is None else None
        self._folder = folder or Path(self._temporary.name if self._temporary else "")
        self.clock = MovedClock(self._folder / "clock")
        self._databases = 0
        self._log = self._folder / "server.log"
        command = [sys.executable, "-W", "ignore", str(SERVING), str(self._folder)]
        with self._log.open("wb") as log:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log, text=True)
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            if line.startswith("port "):
                self.url = f"http://127.0.0.1:{int(line[5:])}/t"
                self.empty()
                return
            said.append(line)
        self.close()
        raise RuntimeError(f"roundup-server did not begin:\n{''.join(said)}{self.log}")

    @property
    def log(self) -> str:
        """What the server wrote."""
        return self._log.read_text(errors="replace")

    def empty(self) -> None:
        """There are no issues any more. It gets a new database; a request that is not quite over keeps the old one."""
        self._databases += 1
        new, link = self._folder / f"db{self._databases}", self._folder / "link"
        shutil.copytree(self._folder / "empty", new)
        link.symlink_to(new)
        link.replace(self._folder / "tracker" / "db")

    def unstamp(self, issue: str) -> None:
        """In its database, for nobody else could."""
        with closing(sqlite3.connect(self._folder / "tracker" / "db" / "db")) as database, database:
            database.execute("update _issue set _stamp = null where id = ?", (issue,))

    def close(self) -> None:
        """End the server, and take away what it left."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        if self._temporary:
            self._temporary.cleanup()
