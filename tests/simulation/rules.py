"""The policies of a world, as a table written by hand from their text, and who is on call."""

from dataclasses import dataclass
from typing import Final

L1: Final = "L1"
L2: Final = "L2"
OLGA: Final = "olga"
STAND_IN: Final = "noah"
"""Who is paged where a page reached nobody."""
_TURNS: Final = {L1: (900.0, "amina", "bruno"), L2: (1_200.0, "chloe", "diane")}
"""Worked out from calendars of 2026: the desk hands over at 01:45 in Beirut, whose clocks went forward at midnight, and that
is 22:45 UTC; the network team at 23:50 in Paris, whose clocks have not gone forward yet, and that is 22:50 UTC. In seconds after
22:30 UTC."""
SERVED_BY: Final = {
    L1: frozenset({"amina", "bruno"}),
    L2: frozenset({"chloe", "diane"}),
    OLGA: frozenset({OLGA}),
}
"""Who may be on call. Anybody else is paged for a step only where whom it meant got no page by any way."""
ACK: Final = "ack"
OPEN: Final = "open"


def on_call(level: str, shown: float) -> str:
    """Who is on call at a moment that a clock shows, in seconds after 22:30 UTC."""
    if level not in _TURNS:
        return level
    turns, before, after = _TURNS[level]
    return before if shown < turns else after


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a policy.

    Attributes:
        step: As its runbook calls it; for the end, what the policy calls itself and `end`.
        offset: Seconds on the policy's clock.
        level: Whom it pages.
        spared: What makes it superfluous: `ack`, or `open`: only that the incident is over.
        every: Seconds between its repetitions; 0: there are none.
        times: How often it is repeated.
    """

    step: str
    offset: float
    level: str
    spared: str
    every: float = 0.0
    times: int = 0


_FOR_LONG: Final = 20
URGENT: Final = (
    Rung("urgent-1", 0.0, L1, ACK, 120.0, 2),
    Rung("urgent-2", 300.0, L2, ACK),
    Rung("urgent-3", 480.0, OLGA, OPEN),
    Rung("urgent-end", 840.0, OLGA, ACK, 360.0, _FOR_LONG),
)
SERIOUS: Final = (
    Rung("serious-1", 60.0, L1, ACK),
    Rung("serious-2", 360.0, L2, OPEN),
    Rung("serious-3", 600.0, OLGA, ACK),
    Rung("serious-end", 1_140.0, OLGA, ACK, 540.0, _FOR_LONG),
)
MAX_PAUSE: Final = 240.0
HANDS: Final = ((0.0, L2), (240.0, OLGA))
"""Seconds after a hand was heard, and whom it pages then."""
