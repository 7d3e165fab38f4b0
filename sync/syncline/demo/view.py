"""What is seen while the demo runs: live on a terminal, line by line elsewhere, nothing where nobody looks."""

from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from syncline.demo.equivalence import SIDES, TITLES
from syncline.demo.script import Edit, Script
from syncline.demo.traffic import Traffic
from syncline.ports import Clock, Runtime, Signal

_LINES: Final = 9
_EVERY: Final = 0.25
_LONGEST: Final = 150
_ICON: Final = {"create": "+", "status": "→", "priority": "!", "file": "@", "conflict": "≠"}


class View(Protocol):
    """Where the demo tells what happens."""

    def act(self, name: str) -> None:
        """A new act begins."""
        ...

    def say(self, text: str) -> None:
        """Something worth a line happened."""
        ...

    def alarm(self, text: str) -> None:
        """Somebody is called."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(slots=True)
class Lines:
    """A line for each act and event; for logs, pipes and `--headless`."""

    console: Console
    clock: Clock
    quiet: bool = False
    _begun: float = 0.0

    def __enter__(self) -> Self:
        self._begun = self.clock.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def act(self, name: str) -> None:
        """A new act begins."""
        self.say(name)

    def say(self, text: str) -> None:
        """Something worth a line happened."""
        if not self.quiet:
            seconds = self.clock.monotonic() - self._begun
            self.console.print(Text(f"{seconds:6.1f} s  {text}"), soft_wrap=True)

    def alarm(self, text: str) -> None:
        """Somebody is called."""
        self.say(f"☎ {_short(text)}")


@dataclass(slots=True)
class Screen:
    """A live picture: the act, the platforms, what people do, what Syncline says.

    Attributes:
        console: A terminal.
        clock: For throughput and seconds.
        runtime: What draws beside the play.
        script: What people do.
        traffic: What Syncline does.
    """

    console: Console
    clock: Clock
    runtime: Runtime
    script: Script
    traffic: Traffic
    _act: str = ""
    _number: int = 0
    _said: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES))
    _begun: float = 0.0
    _stop: Signal | None = None
    _live: Live | None = None
    _alarm: str = ""

    def __enter__(self) -> Self:
        self._begun = self.clock.monotonic()
        self._stop = self.runtime.signal()
        self._live = Live(self.picture(), console=self.console, auto_refresh=False, transient=True)
        self._live.start()
        self.runtime.spawn("view", self._draw)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._stop is not None
        assert self._live is not None
        self._stop.set()
        self._live.stop()

    def act(self, name: str) -> None:
        """A new act begins."""
        self._number += 1
        self._act = name
        self.console.print(
            Text(f"{self.clock.monotonic() - self._begun:5.0f} s  {self._number}. {name}", style="bold")
        )

    def say(self, text: str) -> None:
        """Something worth a line happened."""
        self._said.append(text)

    def alarm(self, text: str) -> None:
        """Somebody is called; the last one stands there until the next."""
        now = self.clock.monotonic() - self._begun
        self._alarm = f"☎ {now:.0f} s  {_short(text)}"

    def _draw(self) -> None:
        assert self._stop is not None
        assert self._live is not None
        while not self._stop.wait(_EVERY):
            self.traffic.follow()
            self._live.update(self.picture(), refresh=True)

    def picture(self) -> RenderableType:
        """All of it, as it is now."""
        seconds = max(0.1, self.clock.monotonic() - self._begun)
        head = Text.assemble(
            (f"{self._number}. {self._act}", "bold cyan"),
            f"   {seconds:.0f} s   {len(self.script.edits)} edits by people, {self.traffic.writes} writes by Syncline,"
            f" {self.traffic.calls / seconds:.0f} calls/s",
        )
        alarm = (
            [Text(self._alarm, style="bold yellow", no_wrap=True, overflow="ellipsis")] if self._alarm else []
        )
        return Group(
            Panel(head, title="syncline demo", title_align="left", border_style="cyan"),
            self._platforms(),
            *alarm,
            _panel("people", [_line(edit) for edit in self.script.edits[-_LINES:]]),
            _panel("Syncline", list(self._said)),
        )

    def _platforms(self) -> Table:
        table = Table(expand=True, box=None)
        for column in ("platform", "", "by people", "writes", "reads", "polls", "spoilt"):
            table.add_column(column, justify="left" if column in {"platform", ""} else "right")
        broken = {w.side: w.what for w in self.script.windows if w.end is None}
        for side in SIDES:
            seen = self.traffic.seen[side]
            state = broken.get(side)
            table.add_row(
                Text(TITLES[side], style="bold"),
                Text("● up", style="green") if state is None else Text(f"● {state}", style="bold red"),
                str(seen.people),
                str(seen.calls["write"]),
                str(seen.calls["read"]),
                str(seen.calls["poll"]),
                str(seen.faults.total()),
            )
        if "" in broken:
            table.add_row(Text("the daemon", style="bold"), Text("● killed", style="bold red"))
        return table


def _panel(title: str, lines: list[str]) -> Panel:
    """Always of the same height, and no line longer than the screen: a picture that jumps is hard to read."""
    text = Text("\n".join(" ".join(line.split("\n")) for line in lines), no_wrap=True, overflow="ellipsis")
    return Panel(text, title=title, title_align="left", height=_LINES + 2)


def _short(text: str) -> str:
    """One line of it."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."


def _line(edit: Edit) -> str:
    value = " ".join(edit.value.split())
    value = value if len(value) <= 60 else value[:57] + "..."
    return f"{edit.at:%H:%M:%S}  {TITLES[edit.side]:<10}  {edit.who:<6} #{edit.case:<4} {_ICON.get(edit.what, '·')} {edit.what}: {value}"
