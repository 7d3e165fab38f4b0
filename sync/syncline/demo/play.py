"""What people do in the demo: each act goes to a platform, and, once that has accepted it, into the script."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from syncline.demo.equivalence import JIRA, SIDES
from syncline.demo.latency import Latency
from syncline.demo.people import PlatformRefusedError, UnreachableError
from syncline.demo.script import CREATE, FILE, INTERNAL, LABEL, PUBLIC, Edit
from syncline.demo.stage import Stage, StageError
from syncline.ports import Clock, Runtime, Signal

_LOOK_AGAIN: Final = 0.15
_SLICE: Final = 0.25


class StoppedError(Exception):
    """Somebody pressed Ctrl-C."""


@dataclass(slots=True)
class Play:
    """The people, and where their tickets are.

    Attributes:
        stage: Everything that runs.
        clock: What time it is.
        runtime: How to wait.
        stop: Up when the demo shall end.
        latency: Told of every edit.
        say: Told what is going on, for the view.
        meanwhile: Called again and again while time passes; waits for nothing.
        records: Case to side to record id, as far as people know.
    """

    stage: Stage
    clock: Clock
    runtime: Runtime
    stop: Signal
    latency: Latency
    say: Callable[[str], None] = lambda _text: None
    meanwhile: Callable[[], None] = lambda: None
    records: dict[str, dict[str, str]] = field(default_factory=dict)

    # ---- acts -----------------------------------------------------------------------------------

    def create(self, case: str, side: str, who: str, title: str, description: str, **values: str) -> str:
        """Open a ticket; its id. `title` ends with `#` and the case."""
        looked = self.clock.now()
        record = self.stage.sides[side].create(who, title, description, **values)
        self.records.setdefault(case, {})[side] = record
        self._accepted(case, side, who, CREATE, title, "", looked, record)
        return record

    def edit(self, case: str, side: str, who: str, what: str, value: str, **more: str) -> Edit | None:
        """Give a field another value, having looked at it; None where it has that value already."""
        record = self.records[case][side]
        looked = self.clock.now()
        before = self.stage.sides[side].look(record).field(what)
        if before == value:
            return None
        return self.blind(case, side, who, what, value, before, looked, **more)

    def blind(
        self,
        case: str,
        side: str,
        who: str,
        what: str,
        value: str,
        before: str,
        looked: datetime,
        **more: str,
    ) -> Edit:
        """Give a field another value, having looked at it a while ago."""
        record = self.records[case][side]
        self.stage.sides[side].set(who, record, what, value, **more)
        return self._accepted(case, side, who, what, value, before, looked, record)

    def accepted(
        self, case: str, side: str, who: str, what: str, value: str, before: str, looked: datetime
    ) -> Edit:
        """Put down an edit that was made together with others in one request."""
        return self._accepted(case, side, who, what, value, before, looked, self.records[case][side])

    def remark(self, case: str, side: str, who: str, text: str, *, public: bool = False) -> Edit:
        """Write a comment that the customer reads, or an internal note."""
        record = self.records[case][side]
        looked = self.clock.now()
        self.stage.sides[side].remark(who, record, text, public=public)
        return self._accepted(case, side, who, PUBLIC if public else INTERNAL, text, "", looked, record)

    def attach(self, case: str, side: str, who: str, name: str, content: bytes) -> Edit:
        """Attach a file."""
        record = self.records[case][side]
        looked = self.clock.now()
        self.stage.sides[side].attach(who, record, name, content)
        return self._accepted(case, side, who, FILE, f"{name}|{len(content)}", "", looked, record)

    def label(self, case: str, who: str, label: str) -> Edit:
        """Add a label; only Jira has any."""
        record = self.records[case][JIRA]
        looked = self.clock.now()
        self.stage.jira.label(who, record, label)
        return self._accepted(case, JIRA, who, LABEL, label, "", looked, record)

    def _accepted(
        self,
        case: str,
        side: str,
        who: str,
        what: str,
        value: str,
        before: str,
        looked: datetime,
        record: str,
    ) -> Edit:
        at = self.clock.now()
        edit = self.stage.script.add(case, side, who, what, value, before, looked, at, record)
        self.latency.watch(edit, self.records[case])
        return edit

    def attempt(self, act: Callable[[], object]) -> bool:
        """Do what a platform may refuse to a person; whether it did not."""
        try:
            act()
        except PlatformRefusedError as error:
            self.stage.script.refused.append(str(error))
            return False
        return True

    # ---- waiting --------------------------------------------------------------------------------

    def pause(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            StoppedError: the demo shall end.
        """
        until = self.clock.monotonic() + seconds
        while True:
            left = until - self.clock.monotonic()
            if self.stop.wait(max(0.0, min(left, _SLICE))):
                raise StoppedError
            self.meanwhile()
            if left <= _SLICE:
                return

    def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait until something holds, at most that long; whether it does."""
        deadline = self.clock.monotonic() + seconds
        while not holds():
            if self.clock.monotonic() > deadline:
                return False
            self.stage.check_daemon()
            self.pause(_LOOK_AGAIN)
        return True

    def locate(self) -> None:
        """Find out, as people do, which tickets belong to which incident: by the newest of each platform's list."""
        for side in SIDES:
            if all(side in places for places in self.records.values()):
                continue
            try:
                newest = self.stage.sides[side].newest()
            except (UnreachableError, PlatformRefusedError):
                continue
            for ticket in newest:
                places = self.records.get(ticket.case)
                if places is not None:
                    places.setdefault(side, ticket.id)

    def linked(self, *cases: str, sides: tuple[str, ...] = SIDES) -> bool:
        """Whether those incidents stand on all of these platforms."""
        self.locate()
        return all(side in self.records[case] for case in cases for side in sides)

    def await_linked(self, *cases: str, sides: tuple[str, ...] = SIDES, seconds: float = 40.0) -> None:
        """Wait until those incidents stand on all of these platforms.

        Raises:
            StageError: they do not, after that time.
        """
        if not self.until(lambda: self.linked(*cases, sides=sides), seconds):
            missing = [
                f"{case} on {side}" for case in cases for side in sides if side not in self.records[case]
            ]
            raise StageError(
                f"{', '.join(missing)} did not appear within {seconds:g} s; {self.stage.log} says why"
            )

    def visible(self, edit: Edit, *sides: str) -> bool:
        """Whether an edit can be seen on all of those sides."""
        return not self.latency.unseen(edit, {s: self.records[edit.case].get(s, "") for s in sides})

    def field(self, case: str, side: str, what: str) -> str:
        """What stands in a field now."""
        return self.stage.sides[side].look(self.records[case][side]).field(what)
