"""Finds the edits that our own writes overwrote, in the platform's change history.

No platform offers a conditional write. A person's edit between our look at a record and our write to it is gone from the
record when our write lands, but not from its history.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
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


def overwritten(write: Write, edits: Sequence[Edit], sent: Mapping[str, Collection[Native]]) -> list[Edit]:
    """The last foreign edit of each field that stands between what we knew and our own write.

    Args:
        write: Ours.
        edits: The record's history, oldest first.
        sent: Native field to the values that we gave it of late. An edit by our account that gave another one is that of
            a person who uses it.
    """
    lost: dict[str, Edit] = {}
    for name, places, mine in _shown(write, edits):
        known, value, ours = write.base.get(name), write.values[name], edits[places[mine]]
        # Ours says itself from where it moved the field: nothing came between.
        if ours.before is not None and ours.before == known:
            continue
        if mine == 0:
            continue
        last = edits[places[mine - 1]]
        if not _ours(last, sent) and last.at >= write.base_at and last.after not in (known, value):
            lost[name] = last
    return list(lost.values())


def by_others(write: Write, edits: Sequence[Edit]) -> list[Edit]:
    """The foreign edits that gave a record what our write was to give it, where the history shows none of ours that did.

    Args:
        write: Ours, of which it is not known whether it happened.
        edits: The record's history, oldest first.
    """
    found = []
    for name, value in write.values.items():
        since = [edit for edit in edits if edit.field == name and edit.at >= write.base_at]
        if any(edit.own and edit.after == value for edit in since):
            return []
        if since and since[-1].after == value:
            found.append(since[-1])
    return found


def may_be(values: Mapping[str, Native], edits: Sequence[Edit]) -> list[Edit]:
    """The edits without those of our account that belong to another write than the one that gave those values: a write
    comes at one stroke, and what gave another of its fields something else at that moment was not this one.

    Args:
        values: Native values that our write was to give.
        edits: The record's history, oldest first.
    """
    strokes: dict[tuple[datetime, str], set[Native]] = {}
    for edit in edits:
        if edit.own and edit.field in values:
            strokes.setdefault((edit.at, edit.field), set()).add(edit.after)
    others = {at for (at, name), given in strokes.items() if values[name] not in given}
    return [edit for edit in edits if not (edit.own and edit.field in values and edit.at in others)]


def alike(write: Write, edits: Sequence[Edit]) -> list[Edit]:
    """The last edit of each field that people had given what we then wrote: of that our write leaves no line, whatever we did
    next.

    Args:
        write: Ours, which happened.
        edits: The record's history, oldest first.
    """
    found = []
    for name, value in write.values.items():
        since = [edit for edit in edits if edit.field == name and edit.at >= write.base_at]
        ours = any(edit.own and edit.after == value for edit in since)
        while since and since[-1].own:
            since.pop()
        if since and since[-1].after == value != write.base.get(name) and not ours:
            found.append(since[-1])
    return found


def undone(write: Write, resets: Mapping[str, Native], edits: Sequence[Edit]) -> list[Edit]:
    """The last edit of each field that people made since what we knew, and that the platform took back with our own write.

    Args:
        write: Ours, which happened.
        resets: What the platform makes of other fields with it. Whether that leaves a line, and in whose name, is not told.
        edits: The record's history, oldest first.
    """
    found = []
    for name, value in resets.items():
        since = [edit for edit in edits if edit.field == name and edit.at >= write.base_at]
        while since and since[-1].own:
            since.pop()
        if since and since[-1].after not in (value, write.base.get(name)):
            found.append(since[-1])
    return found


def beside(write: Write, edits: Sequence[Edit], sent: Mapping[str, Collection[Native]]) -> list[Edit]:
    """The last edit of each field that people made between what we knew and our own write, whether that overwrote it or
    not: a value that stands in several fields is read of all of them. Of a field that said by then what we wrote our
    write leaves no line.

    Args:
        write: Ours.
        edits: The record's history, oldest first.
        sent: As of `overwritten`.
    """
    starts = {name: places[mine] for name, places, mine in _shown(write, edits)}
    end = max(starts.values(), default=0)
    before = (edit for place, edit in enumerate(edits) if place < starts.get(edit.field, end))
    last = {edit.field: edit for edit in before if edit.at >= write.base_at}
    return [edit for edit in last.values() if not _ours(edit, sent)]


def added(
    free: Collection[str],
    shown: Mapping[str, Native],
    edits: Sequence[Edit],
    sent: Mapping[str, Collection[Native]],
) -> list[Edit]:
    """The last edit of each field of a new record to which our create had given nothing, where people made it.

    Args:
        free: Such fields.
        shown: What the record said when we first saw it.
        edits: The record's history, oldest first.
        sent: As of `overwritten`.
    """
    last = {edit.field: edit for edit in edits if edit.field in free}
    return [
        edit
        for edit in last.values()
        if edit.after not in (None, "", ()) and edit.after == shown.get(edit.field) and not _ours(edit, sent)
    ]


def _shown(write: Write, edits: Sequence[Edit]) -> Iterator[tuple[str, Sequence[int], int]]:
    """Each field of a write in whose history it is to be seen: the places of that field's edits, and where among these ours
    begins."""
    for name, value in write.values.items():
        places = [place for place, edit in enumerate(edits) if edit.field == name]
        mine = _written([edits[place] for place in places], value)
        # Where our write left no line, one that is older than what we knew may look like it.
        if mine is not None and edits[places[mine]].at >= write.base_at:
            yield name, places, mine


def _ours(edit: Edit, sent: Mapping[str, Collection[Native]]) -> bool:
    return edit.own and edit.after in sent.get(edit.field, ())


def _written(edits: Sequence[Edit], value: Native) -> int | None:
    """Where our write begins among the edits of one field; None where it is not to be seen. One write may leave several
    lines: an incident is opened again and acknowledged at one stroke."""
    at = next((i for i in range(len(edits) - 1, -1, -1) if edits[i].own and edits[i].after == value), None)
    while at and edits[at - 1].own and edits[at - 1].at == edits[at].at:
        at -= 1
    return at
