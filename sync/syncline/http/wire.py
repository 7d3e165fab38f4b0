"""The wire of production: one kept-alive connection, no retries of its own, and a reply that has to be whole in time.

A socket's timeout is for one packet. A reply that comes byte by byte meets every one of them and lasts for hours: so the
time that is left for the whole is what each packet may take. And to http.client a head that ends early is a head: its status is
believed, and that no length was stated too.
"""

import io
from http.client import HTTPResponse, IncompleteRead
from socket import SocketIO, socket
from typing import Any, Final, cast

from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from syncline.ports import SystemClock

_CLOCK: Final = SystemClock()
"""Sockets wait in the machine's own time."""


def one_connection() -> BaseAdapter:
    """A new wire."""
    return _Wire(pool_connections=1, pool_maxsize=1, max_retries=0)


class _Timely(io.RawIOBase):
    """What comes in by a socket, until the time is over.

    Attributes:
        ended: Whether the other side said that nothing more comes.
    """

    def __init__(self, sock: socket, packets: SocketIO) -> None:
        self._socket = sock
        self._packets = packets
        self._patience = sock.gettimeout()
        self.ended = False
        self.begin()

    def begin(self) -> None:
        """From now on it has as long as one packet may take."""
        self._until = None if self._patience is None else _CLOCK.monotonic() + self._patience

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """The next packet. Raises TimeoutError."""
        left = None if self._until is None else self._until - _CLOCK.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError("the reply did not end in time")
        self._socket.settimeout(left)
        try:
            size = self._packets.readinto(buffer)
        finally:
            # The next request leaves by the same socket.
            self._socket.settimeout(self._patience)
        self.ended = size == 0
        return size

    def close(self) -> None:
        """Let go of the socket."""
        self._packets.close()
        super().close()


class _TimelyResponse(HTTPResponse):
    """A reply with so much time for its head, and as much for its body."""

    def __init__(self, sock: socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        packets = cast("SocketIO", self.fp.detach())
        self._timely = _Timely(sock, packets)
        self.fp = io.BufferedReader(self._timely)

    def begin(self) -> None:
        """Read the head.

        Raises:
            IncompleteRead: it ended before its end.
        """
        super().begin()
        if self._timely.ended:  # a whole head is read without asking for more
            raise IncompleteRead(b"")
        self._timely.begin()


class _Connection(HTTPConnection):
    response_class = _TimelyResponse


class _SecureConnection(HTTPSConnection):
    response_class = _TimelyResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _timely(manager: PoolManager) -> PoolManager:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return manager


class _Wire(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        _timely(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return _timely(super().proxy_manager_for(proxy, **options))
