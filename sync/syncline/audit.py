"""Finds the edits that our own writes overwrote, in the platform's change history.

No platform offers a conditional write. A person's edit between our look at a record and our write to it is gone from the
record when our write lands, but not from its history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syncline.connector import Edit, Native


@dataclass(frozen=True, slots=True)
class Write:
    """One applied write of ours.

    Attributes:
        values: Native values as the platform kept them.
        base: Native values as we knew them when we decided to write.
        base_at: The record's own time of what we knew.
    """

    values: Mapping[str, Native]
    base: Mapping[str, Native]
    base_at: datetime


def overwritten(write: Write, edits: Sequence[Edit]) -> list[Edit]:
    """The last foreign edit of each field that stands between what we knew and our own write.

    Args:
        write: Ours.
        edits: The record's history, oldest first.
    """
    lost: dict[str, Edit] = {}
    for name, value in write.values.items():
        mine = next((i for i in range(len(edits) - 1, -1, -1) if _is(edits[i], name, value)), None)
        if mine is None:
            continue
        known = write.base.get(name)
        # Ours says itself from where it moved the field: nothing came between.
        if edits[mine].before is not None and edits[mine].before == known:
            continue
        for edit in reversed(edits[:mine]):
            if edit.field != name or edit.at < write.base_at:
                continue
            if not edit.own and edit.after not in (known, value):
                lost[name] = edit
            break
    return list(lost.values())


def _is(edit: Edit, name: str, value: Native) -> bool:
    return edit.own and edit.field == name and edit.after == value
