"""How a copied remark looks."""

from datetime import datetime
from typing import Final

from syncline.connector import mark

CUT: Final = " […]"


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
