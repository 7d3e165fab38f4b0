"""What only Syncline can tell: the conflicts on record, what waits for a person, and the newest lines of its timelines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from syncline.application import Application
from syncline.assembly import Ports
from syncline.configuration import read_configuration
from syncline.demo.oracle import OnRecord
from syncline.plugins import discover
from syncline.store import timeline
from syncline.store.timeline import Event

_KINDS: Final = ("conflict", "parked")


@dataclass(slots=True)
class Records:
    """An application beside the daemon, that only looks.

    Attributes:
        application: It.
    """

    application: Application
    _known: dict[str, list[OnRecord]] = field(default_factory=dict)

    @classmethod
    def of(cls, configuration: Path, ports: Ports) -> "Records":
        """The records of the daemon that runs with that configuration."""
        plugins = discover()
        read = read_configuration(configuration, plugins.settings(), {}, plugins.causes())
        return cls(Application(read, plugins.found, "demo", ports))

    def close(self) -> None:
        """Give the database back."""
        self.application.close()

    def conflicts_of(self, key: str) -> Sequence[OnRecord]:
        """The losing edits on record for the incident of that record."""
        if key not in self._known:
            events = [event for found in self.application.explain(key) for event in found.events]
            self._known[key] = [entry for event in events for entry in _losers(event)]
        return self._known[key]

    def after(self, event_id: int) -> list[Event]:
        """The lines of all timelines after that one."""
        return self.application.database.transact(lambda tx: timeline.after(tx, event_id))

    def forget(self) -> None:
        """Ask anew from now on."""
        self._known.clear()

    def counts(self) -> tuple[int, int]:
        """How many conflicts are on record, and how much waits for a person."""
        status = self.application.status()
        return status.events.get("conflict", 0), status.parked

    def waiting(self) -> list[str]:
        """What waits for a person, a sentence each."""
        return [parked.reason for parked in self.application.parked()]


def _losers(event: Event) -> list[OnRecord]:
    if event.kind not in _KINDS or event.field is None:
        return []
    data: Mapping[str, Any] = event.data or {}
    lost = [OnRecord(entry[0], event.field, entry[2]) for entry in data.get("losers", ())]
    return lost + [OnRecord(entry[0], event.field, entry[1], waits=True) for entry in data.get("values", ())]
