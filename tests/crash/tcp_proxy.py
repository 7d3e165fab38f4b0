"""A network that misbehaves: a small TCP proxy, put between the daemon and a platform, that delays, cuts and swallows.

An exchange begins with the first bytes that the client sends after a reply; what becomes of it is drawn then, so that it
is known of each fault whether the platform got the request.
"""

import random
import socket
import struct
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import partial

from syncline.ports import ThreadRuntime

RUNTIME = ThreadRuntime()
MOST = 65_536
PER_SECOND = 20
"""Pieces into which a second of a narrow line is cut."""
RST = struct.pack("ii", 1, 0)


class Fate(StrEnum):
    """What becomes of one exchange. Each has a share of all, under its name in `Toxics`."""

    PASSES = "passes"
    CUT_REQUEST = "cut_request"  # reset in the middle of the request: the platform does not act on it
    CUT_BEFORE_REPLY = "cut_before_reply"  # reset once the platform has acted, before anything is said of it
    CUT_REPLY = "cut_reply"  # reset in the middle of the reply
    TRUNCATE = "truncate"  # closed in the middle of the reply, as if it were over
    SWALLOW_REQUEST = "swallow_request"  # accepted and never answered; the platform gets nothing
    SWALLOW_REPLY = "swallow_reply"  # never answered, although the platform acted


@dataclass(frozen=True, slots=True)
class Toxics:
    """What is wrong with a line. Those of `Fate` are shares of exchanges, 0 to 1, and exclude each other.

    Attributes:
        latency: Least and most seconds by which whatever passes is late, either way.
        bandwidth: Bytes a second, either way; 0: no limit.
        slices: Bytes that pass at a time, either way; 0: as they come.
        pause: Seconds between two slices.
        slow_close: Seconds by which the end of a connection is late.
    """

    latency: tuple[float, float] = (0.0, 0.0)
    bandwidth: int = 0
    slices: int = 0
    pause: float = 0.0
    slow_close: float = 0.0
    cut_request: float = 0.0
    cut_before_reply: float = 0.0
    cut_reply: float = 0.0
    truncate: float = 0.0
    swallow_request: float = 0.0
    swallow_reply: float = 0.0

    def fate(self, draw: float) -> Fate:
        """Of one exchange."""
        for fate in tuple(Fate)[1:]:
            draw -= getattr(self, fate)
            if draw < 0:
                return fate
        return Fate.PASSES

    @classmethod
    def drawn(cls, rng: random.Random, patience: float) -> "Toxics | None":
        """Something that happens to lines; None: they are down. `patience` is how long a client waits for a reply."""
        kinds = (
            cls(),
            cls(latency=(0.0, patience / 3)),
            cls(bandwidth=6_000),
            cls(slices=40, pause=0.003, cut_before_reply=0.1),
            cls(slices=1, pause=patience / 20),  # so slow that nothing ever comes whole in time
            cls(cut_request=0.1, cut_before_reply=0.15, cut_reply=0.1, truncate=0.1),
            cls(cut_before_reply=0.4),
            cls(truncate=0.3, slow_close=patience * 1.5),  # now and then longer than a client waits
            cls(swallow_request=0.15, swallow_reply=0.15),
            None,
        )
        return rng.choices(kinds, (2, 2, 1, 2, 1, 4, 2, 1, 1, 1))[0]

    def __str__(self) -> str:
        changed = (f.name for f in fields(self) if getattr(self, f.name) != f.default)
        return ", ".join(f"{name} {getattr(self, name)}" for name in changed) or "nothing"


class Proxy:
    """Listens on a loopback port of its own for one platform. Its toxics may be replaced at any time.

    Attributes:
        toxics: In force from the next exchange or piece on.
        met: How many exchanges met each fate.
    """

    def __init__(self, target: tuple[str, int], seed: str) -> None:
        self.target = target
        self.toxics = Toxics()
        self.met: Counter[Fate] = Counter()
        self._rng = random.Random(f"proxy {seed}")
        self._lock = RUNTIME.lock()
        self._connections: set[Connection] = set()
        # Bound and deaf: while the line is down nobody else gets the port, and who calls is refused.
        self._holder = self._bound(0)
        self.port: int = self._holder.getsockname()[1]
        self._listener: socket.socket | None = None
        self.up()

    @staticmethod
    def _bound(port: int) -> socket.socket:
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        return bound

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        """Listen."""
        if self._listener is None:
            self._listener = self._bound(self.port)
            self._listener.listen(64)
            RUNTIME.spawn(f"proxy-{self.port}", partial(self._accept, self._listener))

    def down(self) -> None:
        """Refuse connections, and reset those that there are."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # close() alone does not wake accept()
            self._listener.close()
            self._listener = None
        with self._lock:
            for connection in tuple(self._connections):
                connection.reset()

    def close(self) -> None:
        self.down()
        self._holder.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                connection = Connection(self, client)
                self._connections.add(connection)
                if self._listener is not listener:
                    connection.reset()
            RUNTIME.spawn(f"proxy-{self.port}-connection", connection.serve)

    def gone(self, connection: "Connection") -> None:
        with self._lock:
            self._connections.discard(connection)

    def draw(self) -> tuple[Fate, float]:
        """The fate of the next exchange, and the part of a piece after which it strikes."""
        with self._lock:
            fate = self.toxics.fate(self._rng.random())
            self.met[fate] += 1
            return fate, self._rng.random()

    def late(self, toxics: Toxics) -> float:
        with self._lock:
            return self._rng.uniform(*toxics.latency)


@dataclass(eq=False)
class Connection:
    """One connection through the proxy."""

    proxy: Proxy
    client: socket.socket
    server: socket.socket = field(default_factory=socket.socket)
    fate: Fate = Fate.PASSES
    part: float = 0.0
    answered: bool = True

    def __post_init__(self) -> None:
        self._ended = RUNTIME.signal()

    def serve(self) -> None:
        back = None
        try:
            self.server.connect(self.proxy.target)
            for end in (self.client, self.server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = RUNTIME.spawn(f"proxy-{self.proxy.port}-replies", self._replies)
            self._requests()
        except OSError:
            self.reset()
        finally:
            if back is not None:
                back.join()
            self.proxy.gone(self)
            self.client.close()
            self.server.close()

    def reset(self) -> None:
        """Break both ends. They are closed, with RST, once nobody reads from them any more."""
        self._ended.set()
        for end in (self.client, self.server):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
                end.shutdown(socket.SHUT_RD)

    def _requests(self) -> None:
        while piece := self.client.recv(MOST):
            if self.answered:
                self.answered = False
                self.fate, self.part = self.proxy.draw()
            if self.fate is Fate.CUT_REQUEST:
                self._pass(piece[: self._within(piece)], self.server)
                return self.reset()
            if self.fate is not Fate.SWALLOW_REQUEST:
                self._pass(piece, self.server)
        if not self._ended.is_set():
            self._end(self.server)
        return None

    def _replies(self) -> None:
        try:
            while piece := self.server.recv(MOST):
                self.answered = True
                if self.fate is Fate.CUT_BEFORE_REPLY:
                    return self.reset()
                if self.fate is Fate.CUT_REPLY:
                    self._pass(piece[: self._within(piece)], self.client)
                    return self.reset()
                if self.fate is Fate.TRUNCATE:
                    self._pass(piece[: self._within(piece)], self.client)
                    break
                if self.fate is not Fate.SWALLOW_REPLY:
                    self._pass(piece, self.client)
            if not self._ended.is_set():
                self._end(self.client)
        except OSError:
            self.reset()
        return None

    def _within(self, piece: bytes) -> int:
        """A place in it: at least one byte comes before, and one after it."""
        return min(len(piece) - 1, 1 + int(self.part * (len(piece) - 1)))

    def _pass(self, piece: bytes, to: socket.socket) -> None:
        toxics = self.proxy.toxics
        self._ended.wait(self.proxy.late(toxics))
        size = toxics.slices or len(piece)
        if toxics.bandwidth:
            size = min(size, max(1, toxics.bandwidth // PER_SECOND))
        for at in range(0, len(piece), max(1, size)):
            if to is self.server and self._gave_up():
                return self.reset()
            slice_ = piece[at : at + size]
            to.sendall(slice_)
            if at + size < len(piece):
                self._ended.wait(toxics.pause + (len(slice_) / toxics.bandwidth if toxics.bandwidth else 0.0))
        return None

    def _gave_up(self) -> bool:
        """Whether the client has gone. What it said does not get through then: else it took effect later than who looks
        for a write waits for it."""
        with suppress(BlockingIOError):
            return self.client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        return False

    def _end(self, to: socket.socket) -> None:
        self._ended.wait(self.proxy.toxics.slow_close)
        with suppress(OSError):
            to.shutdown(socket.SHUT_WR)
