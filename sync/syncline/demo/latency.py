"""How long it takes until people on the other platforms see an edit.

Measured from outside, through the platforms' own APIs: from the moment at which a platform has accepted a person's edit,
the record on every other platform is read again and again until it shows the edit. So the figures carry the platforms'
own delays (Jira's search shows an edit two seconds late) and are rough by the time between two looks. An edit that
somebody replaces before it was seen is not counted. Edits whose way met something that was broken on purpose are counted
apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from syncline.demo.equivalence import SIDES, Ticket, case_of, shows
from syncline.demo.people import PlatformRefusedError, Side, UnreachableError
from syncline.demo.script import FIELDS, REMARKS, Edit, Script
from syncline.ports import Clock, Runtime, Signal

EVERY: Final = 0.04
"""Seconds between two looks at one record."""
AT_ONCE: Final = 6
"""Edits that are followed at the same time; of more than that a sample is followed."""
_PATIENCE: Final = timedelta(seconds=180)
_TARGETS: Final[Mapping[str, tuple[str, ...]]] = {
    "description": ("snow", "jira", "helix", "cherwell"),
    "assignee": ("snow", "jira", "helix", "cherwell"),
    "group": (),
}
"""Where an edit of a field is to be seen; all others on every platform."""


@dataclass(slots=True)
class _Followed:
    edit: Edit
    records: dict[str, str]
    due: datetime


@dataclass(slots=True)
class Latency:
    """Follows edits from platform to platform.

    Attributes:
        samples: Seconds from acceptance to sight, of one edit on one other platform.
        disturbed: The same, where something was broken on purpose meanwhile.
        replaced: Edits that were replaced before they were seen, and are in neither.
        skipped: Edits that were not followed because enough were.
    """

    sides: Mapping[str, Side]
    script: Script
    clock: Clock
    runtime: Runtime
    stop: Signal
    samples: list[float] = field(default_factory=list)
    disturbed: list[float] = field(default_factory=list)
    replaced: int = 0
    skipped: int = 0
    _followed: list[_Followed] = field(default_factory=list)

    def start(self) -> None:
        """Begin to follow, beside the caller."""
        self.runtime.spawn("latency", self._run)

    def watch(self, edit: Edit, records: Mapping[str, str]) -> None:
        """Follow that edit, if it can be followed and not too many are."""
        if edit.what not in (*FIELDS, *REMARKS):
            return
        others = {
            side: records[side]
            for side in _TARGETS.get(edit.what, SIDES)
            if side != edit.side and side in records
        }
        for followed in list(self._followed):
            if (followed.edit.case, followed.edit.what) == (edit.case, edit.what) and edit.what in FIELDS:
                self._followed.remove(followed)
                self.replaced += 1
        if not others:
            return
        if len(self._followed) >= AT_ONCE:
            self.skipped += 1
            return
        # What the other side can say already is no news there: it would be seen at once.
        if edit.what in FIELDS:
            others = {side: record for side, record in others.items() if not self._told(edit, side, record)}
        if others:
            self._followed.append(_Followed(edit, others, self.clock.now() + _PATIENCE))

    def idle(self) -> bool:
        """Whether nothing is followed any more."""
        return not self._followed

    def unseen(self, edit: Edit, records: Mapping[str, str]) -> list[str]:
        """The sides on which the edit cannot be seen now."""
        return [side for side, record in records.items() if not record or not self._told(edit, side, record)]

    def _run(self) -> None:
        while not self.stop.wait(EVERY):
            for followed in list(self._followed):
                self._look(followed)

    def _look(self, followed: _Followed) -> None:
        for side, record in list(followed.records.items()):
            if not self._told(followed.edit, side, record):
                continue
            now = self.clock.now()
            del followed.records[side]
            broken = self.script.disturbed(followed.edit.at, now)
            (self.disturbed if broken else self.samples).append((now - followed.edit.at).total_seconds())
        if (not followed.records or self.clock.now() > followed.due) and followed in self._followed:
            self._followed.remove(followed)

    def _told(self, edit: Edit, side: str, record: str) -> bool:
        """Whether the record shows the edit now; False where its platform does not answer."""
        try:
            if edit.what in REMARKS:
                return any(edit.value in text for text in self.sides[side].remarks(record))
            ticket: Ticket = self.sides[side].look(record)
        except (UnreachableError, PlatformRefusedError):
            return False
        return bool(case_of(ticket.title)) and shows(ticket, edit.side, edit.what, edit.value)


def percentile(samples: list[float], share: float) -> float | None:
    """The value below which that share of the samples lies, in milliseconds; None where there is none."""
    if not samples:
        return None
    ordered = sorted(samples)
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
