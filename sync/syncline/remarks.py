"""How a copied remark looks, and how a copy is known again."""

import re
from datetime import datetime
from typing import Final

_MARK: Final = re.compile(r"\[syncline:([0-9a-z]{12})\][ \t]*\Z")
CUT: Final = " […]"


def mark(marker: str) -> str:
    """The mark in the text of everything that we write and that people can read."""
    return f"[syncline:{marker}]"


def marker_of(text: str) -> str | None:
    """The marker of a text that we wrote. It stands at the very end: one that is quoted in a person's reply is none."""
    found = _MARK.search(text.rstrip())
    return found.group(1) if found else None


def copy_of(
    author: str, platform: str, key: str, at: datetime, body: str, marker: str, limit: int = 30_000
) -> str:
    """The text of a copy: who wrote it, on which record, when (UTC), and what."""
    where = f"{platform} {key}".strip()
    head = f"{author} on {where}, {at:%Y-%m-%d %H:%M} UTC:\n" if where else f"{author}:\n"
    tail = f"\n{mark(marker)}"
    room = limit - len(head) - len(tail)
    text = body if len(body) <= room else body[: room - len(CUT)] + CUT
    return head + text + tail
