"""What is wrong with a condition, for the person who wrote it."""

from dataclasses import dataclass
from typing import Final

_WIDEST: Final = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a condition.

    Attributes:
        message: A plain sentence, with the way to mend it where it is known.
        offset: Where it begins in the text, in characters from 0.
        length: How many characters it spans, at least 1.
        suggestion: What was most likely meant, as it would be written there; None where nothing is near.
    """

    message: str
    offset: int
    length: int
    suggestion: str | None = None

    def caret(self, text: str) -> str:
        """Two lines: the line of the text in which the fault begins, and carets under the fault."""
        begin = text.rfind("\n", 0, self.offset) + 1
        end = text.find("\n", begin)
        line = text[begin : end if end >= 0 else len(text)]
        at = self.offset - begin
        length = max(1, min(self.length, len(line) - at))
        if len(line) > _WIDEST:
            first = max(0, min(at - _WIDEST // 3, len(line) - _WIDEST))
            rest = "..." if first + _WIDEST < len(line) else ""
            line = ("..." if first else "") + line[first : first + _WIDEST] + rest
            length = max(1, min(length, first + _WIDEST - at))
            at = at - first + (3 if first else 0)
        shown = "".join(char if char.isprintable() else " " if char in "\t\r" else "\ufffd" for char in line)
        return f"{shown}\n{' ' * at}{'^' * length}"


class ConditionFaults(ValueError):
    """A condition cannot be used.

    Attributes:
        text: The condition, as written.
        faults: All its faults, in the order of the text.
    """

    def __init__(self, text: str, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(f"{fault.message}\n{fault.caret(text)}" for fault in faults))
        self.text = text
        self.faults = faults
