"""What happened, in order: hashed, so that two runs of one seed can be compared; and kept, where somebody wants to read it."""

import hashlib
from collections import deque


class Trace:
    """Lines of what happened.

    Args:
        keep: How many of the last lines are kept for reading.
    """

    def __init__(self, keep: int = 4_000) -> None:
        self.lines: deque[str] = deque(maxlen=keep)
        self.count = 0
        self._hash = hashlib.sha256()

    def add(self, at: float, text: str) -> None:
        """One thing happened, so many seconds after the world began."""
        line = f"{at:11.4f} {text}"
        self.count += 1
        self._hash.update(line.encode())
        self._hash.update(b"\n")
        self.lines.append(line)

    def digest(self) -> str:
        """Equal for equal traces."""
        return self._hash.hexdigest()[:20]
