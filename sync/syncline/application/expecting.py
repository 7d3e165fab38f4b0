"""What a scenario expects, held against what came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syncline.escalation.decision import Message
from syncline.escalation.playing import Played
from syncline.escalation.scenario import Expectation, Scenario
from syncline.escalation.wording import length

TOLERANCE: Final = timedelta(seconds=5)
"""What comes so much later than expected is in time: a condition on a duration turns just after it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An expectation, and whether it was met.

    Attributes:
        expectation: What should come.
        holds: Whether it came.
        wanted: The expectation in words.
        came: What came instead; empty where it holds.
    """

    expectation: Expectation
    holds: bool
    wanted: str
    came: str = ""


Sent = Sequence[tuple[datetime, Message]]


def check(scenario: Scenario, played: Played) -> list[Checked]:
    """Whether what a scenario expects came, in the order of the file."""
    judge = _Judge(scenario, played)
    return [judge.checked(one) for one in scenario.expectations]


class _Judge:
    def __init__(self, scenario: Scenario, played: Played) -> None:
        self._start = scenario.opened_at
        self._played = played
        self._pages = [(at, m) for at, m in played.messages if m.urgent]
        self._arrived = [(at, m) for at, m in self._pages if scenario.fate(m) == "reached"]
        self._told = [(at, m) for at, m in played.messages if not m.urgent]

    def checked(self, wanted: Expectation) -> Checked:
        """One expectation."""
        match wanted.kind:
            case "paged":
                return self._reached(wanted, self._pages, "paged")
            case "reached":
                return self._reached(wanted, self._arrived, "reached")
            case "told":
                return self._reached(wanted, self._told, "told")
            case "moved":
                return self._moved(wanted)
            case "never_paged":
                return self._never(wanted)
            case _:
                return self._silence(wanted)

    def _reached(self, wanted: Expectation, sent: Sent, verb: str) -> Checked:
        by = f" by {wanted.by}" if wanted.by else ""
        text = f"{self._when(wanted.at)}{' and '.join(wanted.names)} {verb}{by}"
        then = [(at, m) for at, m in sent if self._then(wanted.at, at)]
        missing = [name for name in wanted.names if not any(_is(m, name, wanted.by) for _, m in then)]
        if not missing:
            return Checked(wanted, True, text)
        said = []
        if wanted.at is not None:
            said.append(f"then {_people(then) or 'nobody'} {_were(then)} {verb}")
        for name in missing:
            times = [at for at, m in sent if _is(m, name, None)]
            said.append(
                f"{name} was {verb} {self._times(times)}" if times else f"{name} was not {verb} at all"
            )
        return Checked(wanted, False, text, "; ".join(said))

    def _moved(self, wanted: Expectation) -> Checked:
        (tier,) = wanted.names
        text = f"{self._when(wanted.at)}moved to {tier}"
        moves = [(m.at, m.changes["tier"]) for m in self._played.moments if "tier" in m.changes]
        if any(to == tier and self._then(wanted.at, at) for at, to in moves):
            return Checked(wanted, True, text)
        said = ", ".join(f"to {to} at {self._after(at)}" for at, to in moves)
        return Checked(wanted, False, text, f"it moved {said}" if moves else "it was not moved at all")

    def _never(self, wanted: Expectation) -> Checked:
        text = f"{' and '.join(wanted.names)} never paged"
        found = {name: [at for at, m in self._pages if m.recipient == name] for name in wanted.names}
        said = [f"{name} was paged {self._times(times)}" for name, times in found.items() if times]
        return Checked(wanted, not said, text, "; ".join(said))

    def _silence(self, wanted: Expectation) -> Checked:
        assert wanted.at is not None
        text = f"nobody paged after {self._after(wanted.at)}"
        later = [(at, m) for at, m in self._pages if at > wanted.at + TOLERANCE]
        if not later:
            return Checked(wanted, True, text)
        at, first = later[0]
        more = f", and {len(later) - 1} more pages followed" if len(later) > 1 else ""
        return Checked(wanted, False, text, f"{first.recipient} was paged at {self._after(at)}{more}")

    def _then(self, wanted: datetime | None, at: datetime) -> bool:
        return wanted is None or wanted <= at <= wanted + TOLERANCE

    def _when(self, at: datetime | None) -> str:
        return "" if at is None else f"at {self._after(at)}: "

    def _after(self, at: datetime) -> str:
        return length(at - self._start)

    def _times(self, times: Sequence[datetime]) -> str:
        shown = [self._after(at) for at in dict.fromkeys(times)]
        return f"at {', '.join(shown[:5])}{' and later' if len(shown) > 5 else ''}"


def _is(message: Message, name: str, by: str | None) -> bool:
    says = message.occasion.endswith(f" says {name}") and not message.urgent
    return (message.recipient == name or says) and by in {None, message.channel}


def _people(sent: Sent) -> str:
    return ", ".join(dict.fromkeys(f"{m.recipient} by {m.channel}" for _, m in sent))


def _were(sent: Sent) -> str:
    return "were" if len({m.recipient for _, m in sent}) > 1 else "was"
