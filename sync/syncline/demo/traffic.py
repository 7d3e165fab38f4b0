"""What the platforms' own logs of requests say about our account: calls by kind, writes, and when the last one was."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from syncline.demo.people import PlatformRefusedError, UnreachableError, Wire
from syncline.ports import Runtime

_OURS: Final = "syncline"
_LOOK: Final = re.compile(
    r"/search|bulkfetch|/oauth_token|/api/jwt/|CherwellAPI/token|getsearchresults|getrelated|getbusinessobjecttemplate|fieldvalueslookup"
)
"""Paths below which a POST changes nothing."""
_RECORD: Final = re.compile(r"/(?:incident|incidents|issue|HPD:IncidentInterface)/([^/?|]+)")
"""At Helix it is the entry behind the incident."""
_LISTS: Final = re.compile(
    r"/(?:incident|incidents|log_entries|search|search/jql|sys_journal_field|sys_attachment|attachment|HPD:\w+|getsearchresults)$"
)


def is_write(method: str, path: str) -> bool:
    """Whether a request means to change something."""
    return method not in {"GET", "HEAD"} and not _LOOK.search(path)


def kind_of(method: str, path: str) -> str:
    """`write`; `poll` for a list of what changed; `read` for all else."""
    if is_write(method, path):
        return "write"
    return "poll" if _LISTS.search(path) else "read"


@dataclass(slots=True)
class Seen:
    """What one platform's log said so far.

    Attributes:
        calls: Our calls by kind.
        methods: Our calls by method.
        faults: What was done to our calls on purpose, by kind.
        people: Calls of people that changed something.
        last_write: When we last sent a write (UTC).
        touched: Record id to the times of our writes to it.
        mark: Number of the last request that was looked at.
    """

    calls: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    people: int = 0
    last_write: datetime | None = None
    last_call: datetime | None = None
    touched: dict[str, list[datetime]] = field(default_factory=dict)
    mark: int = 0

    def take(self, entry: Mapping[str, Any]) -> None:
        """Count one request."""
        self.mark = max(self.mark, int(entry["n"]))
        method, path = str(entry["method"]), str(entry["path"])
        if not str(entry["actor"]).startswith(_OURS):
            self.people += is_write(method, path)
            return
        at = datetime.fromisoformat(entry["at"])
        self.last_call = at
        kind = kind_of(method, path)
        self.calls[kind] += 1
        self.methods[method] += 1
        if entry["fault"] != "none":
            self.faults[str(entry["fault"])] += 1
        if kind == "write":
            self.last_write = at
            found = _RECORD.search(path)
            if found is not None:
                self.touched.setdefault(found.group(1), []).append(at)


class Traffic:
    """The logs of all platforms, followed.

    Attributes:
        seen: By instance.
    """

    def __init__(self, wires: Mapping[str, Wire], runtime: Runtime) -> None:
        self._wires = wires
        self._lock = runtime.lock()
        self.seen = {name: Seen() for name in wires}

    def follow(self) -> None:
        """Read on in every log."""
        with self._lock:
            for name, wire in self._wires.items():
                seen = self.seen[name]
                try:
                    rows = wire.sandbox("GET", f"requests?since={seen.mark}")["requests"]
                except (UnreachableError, PlatformRefusedError):
                    continue
                for entry in rows:
                    seen.take(entry)

    @property
    def writes(self) -> int:
        """Our writes on all platforms."""
        return sum(seen.calls["write"] for seen in self.seen.values())

    @property
    def calls(self) -> int:
        """All our calls."""
        return sum(seen.calls.total() for seen in self.seen.values())

    @property
    def faults(self) -> int:
        """Our calls to which something was done on purpose."""
        return sum(seen.faults.total() for seen in self.seen.values())

    def last_write(self) -> datetime | None:
        """When we last wrote anywhere."""
        return max((s.last_write for s in self.seen.values() if s.last_write is not None), default=None)

    def last_call(self) -> datetime | None:
        """When we last called anybody."""
        return max((s.last_call for s in self.seen.values() if s.last_call is not None), default=None)

    def wrote_between(self, side: str, record: str, start: datetime, end: datetime) -> bool:
        """Whether we wrote to that record in that time."""
        return any(start <= at <= end for at in self.seen[side].touched.get(record, ()))
