"""How a copied remark looks, and how it is known again."""

from datetime import datetime
from typing import Final

from syncline.connector import LINKS, mark, marker_of

CUT: Final = " […]"
OURS: Final = "Syncline"
"""The author of what Syncline itself says."""


def copy_of(
    author: str, platform: str, key: str, at: datetime, body: str, marker: str, limit: int = 30_000
) -> str:
    """The text of a copy: who wrote it, on which record, when (UTC), and what; and the mark by which it is known."""
    where = f"{platform} {key}".strip()
    head = f"{author} on {where}, {at:%Y-%m-%d %H:%M} UTC:\n" if where else f"{author}:\n"
    tail = f"\n{mark(marker)}"
    room = limit - len(head) - len(tail)
    text = body if len(body) <= room else body[: room - len(CUT)] + CUT
    return head + text + tail


def letters(text: str) -> str:
    """Its letters and digits alone: what no platform's formatting changes."""
    return "".join(char for char in text if char.isalnum()).casefold()


def link_mark(incident_id: str) -> str:
    """The marker of all of an incident's links back: written again, they replace what stands there."""
    return incident_id.replace("-", "").lower()


def is_link_back(text: str) -> bool:
    """Whether a text is the note with an incident's links back."""
    return text.lstrip().startswith(LINKS) and marker_of(text) is not None


def own_words(text: str) -> str | None:
    """What Syncline itself says in a note of ours; None where the note is a copy of somebody's."""
    head, _, rest = text.strip().partition("\n")
    marker = marker_of(text)
    if marker is None or head.strip() != f"{OURS}:":
        return None
    return rest.rpartition(mark(marker))[0].strip()
