"""The change history, out of a journal that tells the values from before and not those after."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from syncline.connector import Edit, Native


def edits(
    raw: Mapping[str, Any],
    record_id: str,
    fields: frozenset[str],
    account: str,
    named: Callable[[str, Any], Native],
) -> list[Edit]:
    """All edits of those fields, oldest first.

    A journal is read from its end: what stands now is what the last change made of it, and what that one replaced is
    what the one before it made.

    Args:
        raw: What the tracker's `@journal` gave.
        record_id: Of which issue.
        fields: Native names.
        account: Ours.
        named: A value of a field, out of the ids that the journal has.
    """
    now: dict[str, Any] = dict(raw["now"])
    found: list[Edit] = []
    for place, entry in reversed(list(enumerate(raw["journal"]))):
        if entry["action"] != "set":
            continue
        for field, told in entry["before"].items():
            after, before = now.get(field), told
            if isinstance(after, list):
                before = _without(after, told)
            now[field] = before
            if field in fields:
                who = str(entry["username"])
                found.append(
                    Edit(
                        id=f"{record_id}-{place}-{field}",
                        actor=who,
                        own=who == account,
                        at=datetime.fromisoformat(entry["at"]).astimezone(UTC),
                        field=field,
                        before=named(field, before),
                        after=named(field, after),
                    )
                )
    return found[::-1]


def _without(after: list[str], told: Any) -> list[str]:
    """What a list held before: `[["+", added], ["-", taken away]]` undone."""
    changes = {sign: {str(one) for one in ids} for sign, ids in told or ()}
    kept = [one for one in after if one not in changes.get("+", set())]
    return kept + sorted(changes.get("-", set()) - set(kept))
