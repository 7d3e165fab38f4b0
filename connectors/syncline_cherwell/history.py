"""Who changed what, as far as the server keeps it. Pure.

Ivanti, "Incident Journals": a Journal - History tracks important field changes; which ones is configured with the business object. How its text
is laid out is not documented, so that is a setting; lines that are laid out otherwise tell nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from syncline.connector import Edit, Native
from syncline_cherwell.client import Row
from syncline_cherwell.records import Shape, moment, needed
from syncline_cherwell.schema import BusinessObject
from syncline_cherwell.values import separators

CUT: Final = 255
"""Characters of a value that the history keeps: what is as long may have been longer."""


def parts(line: str, pattern: str) -> tuple[str, str, str] | None:
    """Field, value before and value after of a line; None: it is laid out otherwise."""
    start, first, second, end = separators(pattern)
    if not line.startswith(start) or not line.endswith(end) or len(line) < len(start) + len(end):
        return None
    name, found, rest = line[len(start) : len(line) - len(end)].partition(first)
    before, found_too, after = rest.partition(second)
    return (name, before, after) if found and found_too else None


def edits(
    rows: Iterable[Row], incident: BusinessObject, shape: Shape, people: Mapping[str, str]
) -> tuple[Edit, ...]:
    """What those journals of one record tell of the fields that are asked for, oldest first.

    Args:
        rows: The journals.
        incident: Whose fields the lines name, by what people read.
        shape: The fields that are asked for.
        people: Full name to the id that `OwnedByID` holds, of those whom the lines name.

    Raises:
        ValueError: a journal lacks what it must have.
    """
    labels = {one.label: name for name, one in incident.fields.items()}
    found: list[Edit] = []
    for row in rows:
        for number, line in enumerate(row.get("Details", "").split("\n")):
            told = parts(line, shape.history_line)
            name = labels.get(told[0]) if told else None
            if told is None or name is None:
                continue
            values: list[Native] = [value or None for value in told[1:]]
            if name == "OwnedBy" and "OwnedByID" in shape.values:
                name, values = "OwnedByID", [people.get(value) if value else None for value in told[1:]]
                if told[2] and values[1] is None:
                    continue
            if name not in shape.values or max(map(len, told[1:])) >= CUT:
                continue
            before, after = values
            found.append(
                Edit(
                    id=f"{needed(row, 'RecID')}/{number}",
                    actor=needed(row, "CreatedBy"),
                    own=shape.is_own(row.get("CreatedByID", ""), row["CreatedBy"]),
                    at=moment(row, "CreatedDateTime", shape.dates),
                    field=name,
                    before=before,
                    after=after,
                )
            )
    return tuple(in_order(found))


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """Oldest first. The ids of journals do not grow, so of two edits of a field within one second that is the later one which
    replaced what the other had given."""
    left = sorted(edits, key=lambda edit: (edit.at, edit.id))
    ordered: list[Edit] = []
    last: dict[str, Native] = {}
    while left:
        now = [edit for edit in left if edit.at == left[0].at]
        given = {(edit.field, edit.after) for edit in now if edit.after != edit.before}
        following = (edit for edit in now if edit.field in last and edit.before == last[edit.field])
        first = (edit for edit in now if (edit.field, edit.before) not in given)
        chosen = next(following, None) or next(first, now[0])
        left.remove(chosen)
        last[chosen.field] = chosen.after
        ordered.append(chosen)
    return ordered


def owners(rows: Iterable[Row], incident: BusinessObject, pattern: str) -> frozenset[str]:
    """The full names of owners whom those journals name."""
    owned = incident.fields.get("OwnedBy")
    lines = (parts(line, pattern) for row in rows for line in row.get("Details", "").split("\n"))
    return frozenset(
        name for told in lines if told and owned and told[0] == owned.label for name in told[1:] if name
    )
