"""Which comment is the copy of which, and which file. Pure.

A copy bears a marker that a restored database has forgotten. Its text says who wrote the original, on which record, when and
what: the original is the comment of which it is the copy, word by word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syncline.connector import marker_of
from syncline.model import Attachment, Remark
from syncline.remarks import copy_of, letters

_ROOM: Final = 30_000


@dataclass(frozen=True, slots=True)
class Voice:
    """One record, and what is said on it.

    Attributes:
        instance: Where.
        title: What people call its platform.
        key: What people call the record.
        limit: Characters that a comment there may have.
        remarks: Oldest first.
        files: Oldest first.
    """

    instance: str
    title: str
    key: str
    remarks: Sequence[Remark] = ()
    files: Sequence[Attachment] = ()
    limit: int = _ROOM


@dataclass(frozen=True, slots=True)
class Copied:
    """One thing that was said once, and where it stands as a copy.

    Attributes:
        marker: Of its copies; empty for a file.
        origin: The instance of the original; empty: Syncline said it itself, or it is gone.
        original: None: Syncline said it itself, or it is gone.
        copies: Instance to the id of the copy there.
        body: What a copy says.
    """

    marker: str
    origin: str
    original: Remark | Attachment | None
    copies: Mapping[str, str]
    body: Remark | None = None


def copied_remarks(voices: Sequence[Voice], known: frozenset[str]) -> list[Copied]:
    """The copies whose markers are not known, each with its original, oldest first."""
    by_marker: dict[str, list[tuple[Voice, Remark]]] = {}
    for voice in voices:
        for remark in voice.remarks:
            marker = marker_of(remark.body)
            if marker is not None and marker not in known and remark.own:
                by_marker.setdefault(marker, []).append((voice, remark))
    free = sorted(
        ((v, r) for v in voices for r in v.remarks if marker_of(r.body) is None),
        key=lambda entry: (entry[1].created_at, entry[1].id),
    )
    found: list[Copied] = []
    for marker, copies in sorted(by_marker.items(), key=lambda entry: entry[1][0][1].created_at):
        places = {voice.instance for voice, _ in copies}
        match = next(
            (
                entry
                for entry in free
                if entry[0].instance not in places and _is_copy(copies[0], entry, marker)
            ),
            None,
        )
        stands = {voice.instance: remark.id for voice, remark in reversed(copies)}
        if match is not None:
            free.remove(match)
        origin, original = (match[0].instance, match[1]) if match is not None else ("", None)
        found.append(Copied(marker, origin, original, stands, copies[0][1]))
    return found


def _is_copy(copy: tuple[Voice, Remark], of: tuple[Voice, Remark], marker: str) -> bool:
    (there, text), (here, original) = copy, of
    wanted = copy_of(
        original.author, here.title, here.key, original.created_at, original.body, marker, there.limit
    )
    return letters(wanted) == letters(text.body)


def copied_files(voices: Sequence[Voice]) -> list[Copied]:
    """The files that our account attached, each with the file of the same name and size from which it was copied: of files
    that no ledger knows."""
    free = [(voice, file) for voice in voices for file in voice.files if not file.own]
    free.sort(key=lambda entry: (entry[1].created_at, entry[1].id))
    ours = [(voice, file) for voice in voices for file in voice.files if file.own]
    found: list[Copied] = []
    for voice, file in free:
        stands: dict[str, str] = {}
        for entry in list(ours):
            place, copy = entry
            same = (copy.name, copy.size) == (file.name, file.size)
            if same and place.instance != voice.instance and place.instance not in stands:
                stands[place.instance] = copy.id
                ours.remove(entry)
        if stands:
            found.append(Copied("", voice.instance, file, stands))
    found.extend(Copied("", "", file, {voice.instance: file.id}) for voice, file in ours)
    return found
