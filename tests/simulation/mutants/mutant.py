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
        "missed",
        "doubled",
        "early",
    }
)
"""What an oracle may say of one."""


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
        needs: What the world must have to show it; empty where any may. `nets`: the only net that is on (`poll`, `sweep`);
            `faults`: kinds of faults; `escalation`: a book in force; `bots`: automations and people that use our account;
            all other keys say in words what people or platforms must do.
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
