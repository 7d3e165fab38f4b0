"""What a planted bug is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

EXPECTED: Final = frozenset(
    {
        "lost",
        "duplicate",
        "diverged",
        "unrecorded",
        "leaked",
        "stuck",
        "loop",
        "garbled",
        "disordered",
        "unlinked",
        "unruly",
        "slow",
        "missed",
        "doubled",
        "early",
        "deaf",
    }
)
"""What an oracle may say of one."""


FAULTS: Final[Mapping[str, str]] = {
    # Classes of `weather`.
    "kill": "kill -9 at some moment",
    "killwrite": "kill -9 just when a write took effect",
    "pause": "SIGSTOP for minutes",
    "jump": "somebody sets the clock of our machine",
    "outage": "a platform does not answer for a while",
    "slow": "replies wait for seconds",
    "error": "a 5xx, before or after the deed",
    "reset": "the connection breaks, before or after the deed",
    "late": "no reply, or a connection that breaks, and the request is applied up to a minute later",
    "throttle": "429",
    "pages": "pages of gateways, and replies that were cut off",
    "stale": "searches lag behind",
    "skew": "a platform's clock is minutes ahead of ours, or behind",
    "restore": "an old backup is put back, and adopted",
    # What else may go wrong.
    "future": "a record bears a stamp that lies in the future",
    "delete": "people delete tickets",
    "hidden": "our account cannot see a ticket for a while",
    "silent": "a channel takes a message, or not, and does not say which",
    "refuses": "a channel turns a message away for good",
    "dropped": "PagerDuty takes a request to page somebody, and tells nobody",
}
"""What `needs` may ask for as `faults`; any of those that a bug names will do."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake in our own code, as a patch of its text: it breaks a promise in some world.

    Attributes:
        name: What people call it.
        fault: Of the failure model (`F1` to `F53`), or `escalation`, or `messages`.
        breaks: The mistake, as its author would have justified it or overlooked it.
        expects: What the oracle should say first; one of `EXPECTED`.
        file: Path in the repository.
        before: Text that stands in the file exactly once.
        after: What stands there instead.
        also: More places that belong to the same mistake: file, before, after. They are replaced after the first, in order.
        needs: What the world must have to show it; empty where any may. `nets`: the only net that is on (`poll`, `sweep`); `beside`: a platform that stands beside the three;
            `faults`: some of `FAULTS`; `fair`: nothing else goes wrong; `escalation`: a book in force. All other keys say in words what is wanted: `people` what
            people do, `bots` what automations do, `conflicts` the policy, `page_size` the size of pages.
    """

    name: str
    fault: str
    breaks: str
    expects: str
    file: str
    before: str
    after: str
    also: tuple[tuple[str, str, str], ...] = ()
    needs: Mapping[str, object] = field(default_factory=dict)

    def places(self) -> tuple[tuple[str, str, str], ...]:
        """All replacements, in order: file, before, after."""
        return ((self.file, self.before, self.after), *self.also)
