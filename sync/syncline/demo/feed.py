"""The newest lines of Syncline's timelines, for the view."""

from collections.abc import Callable
from typing import Final

from syncline.demo.records import Records
from syncline.errors import SynclineError
from syncline.ports import Signal

_EVERY: Final = 0.7
_ALARMS: Final = frozenset({"raised", "step", "undelivered"})
"""Kinds of lines that are about escalation; a `step` on an instance is one of its workflow."""
_SHOWN: Final = frozenset(
    [
        "began",
        "linked",
        "changed",
        "conflict",
        "parked",
        "written",
        "unknown",
        "settled",
        "unreachable",
        "recovered",
        "frozen",
        "gone",
    ]
)
"""Kinds of lines that are worth a look; the others are for who asks about one incident."""


def feed(records: Records, say: Callable[[str], None], alarm: Callable[[str], None], stop: Signal) -> None:
    """Tell of every new line until `stop` is up; `alarm` is told of those about escalation."""
    last = 0
    while not stop.wait(_EVERY):
        try:
            events = records.after(last)
        except SynclineError:
            continue  # the daemon holds the database: the next look brings it
        for event in events:
            last = event.id
            if event.kind in _SHOWN:
                say(f"{event.kind:<9} {event.text}")
            elif event.kind in _ALARMS and (event.kind == "raised" or event.instance is None):
                alarm(event.text)
