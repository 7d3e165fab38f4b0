"""An issue's change history, turned into edits of native fields. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from syncline.connector import Edit, Native
from syncline.model import tags
from syncline_jira import shape
from syncline_jira.records import LABEL, Lens, is_own, person_name
from syncline_jira.text import canonical

_NAMES: Final = {"Component": "components", "Fix Version": "fixVersions", "Version": "versions"}
"""What the history calls a field, where it does not bring the field's id."""

_SETS: Final = frozenset({"components", "fixVersions", "versions"})
"""Fields of which the history names what came and what went, not what there was."""

_DATES: Final = frozenset({"duedate"})

_WORDS: Final = frozenset({"description", "environment"})

Change = tuple[Mapping[str, Any], datetime, str, list[Mapping[str, Any]]]
"""An entry, when, which native field, and its items on that field."""


def edits(histories: object, current: Mapping[str, Native], lens: Lens) -> tuple[Edit, ...]:
    """The edits of the fields that the mapping names, oldest first.

    Args:
        histories: Entries as Jira gives them, in any order.
        current: The issue's values after the last of them.
        lens: How this instance is looked at.
    """
    found: list[Edit] = []
    later = dict(current)
    newest = set(current)
    for entry, at, name, items in reversed(_changes(histories, lens)):
        after, before = _sides(name, items, later, lens)
        if name in newest and _is_rich(name, current.get(name), lens):
            # Cloud writes rich text into its history as wiki text; what there is now is known better.
            after = current[name]
        newest.discard(name)
        later[name] = before
        author = shape.mapping(entry.get("author"))
        entry_id = shape.required(entry.get("id"), "history id", lens.instance)
        actor = person_name(author, lens) or "anonymous"
        found.append(Edit(f"{entry_id}:{name}", actor, is_own(author, lens), at, name, before, after))
    return tuple(reversed(found))


def user_keys(histories: object, lens: Lens) -> frozenset[str]:
    """Data Center: keys of people in the history whose user names are not known yet."""
    if lens.cloud:
        return frozenset()
    found = set()
    for entry in shape.objects(histories):
        for item in shape.objects(entry.get("items")):
            if field_of(item, lens) in lens.people & lens.fields:
                found |= {shape.text(item.get("from")), shape.text(item.get("to"))}
    return frozenset(found - {""} - lens.names.keys())


def users_in(value: object, depth: int = 0) -> Iterable[Mapping[str, Any]]:
    """Every user that a reply describes with key and name."""
    if depth > 8:
        return
    if isinstance(value, Mapping):
        if "key" in value and "name" in value and "displayName" in value:
            yield value
            return
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from users_in(item, depth + 1)


def last_author(histories: object, at: datetime) -> Mapping[str, Any] | None:
    """Who made the change of that very moment, if it is in the history."""
    for entry in shape.objects(histories):
        if shape.instant(entry.get("created")) == at:
            return shape.mapping(entry.get("author")) or None
    return None


def reaches_the_end(changelog: Mapping[str, Any]) -> bool:
    """Whether an inline history holds the newest entry. A shortened one does if it begins with the newest,
    as Cloud's does; one that begins with the oldest may have lost what came last."""
    listed = shape.objects(changelog.get("histories"))
    if shape.whole(changelog.get("total"), len(listed)) <= len(listed):
        return True
    times = [at for entry in listed if (at := shape.instant(entry.get("created")))]
    return len(times) > 1 and times[0] > times[-1]


def field_of(item: Mapping[str, Any], lens: Lens) -> str:
    """The native field of one item of the history."""
    found = shape.text(item.get("fieldId"))
    if found:
        return found
    name = shape.text(item.get("field"))
    if item.get("fieldtype") == "custom":
        return lens.custom.get(name, name)
    return _NAMES.get(name, name)


def _changes(histories: object, lens: Lens) -> list[Change]:
    """One for each entry and field that the mapping names, oldest first."""
    found: list[Change] = []
    for entry in shape.objects(histories):
        at = shape.required_instant(entry.get("created"), "a history's created", lens.instance)
        items: dict[str, list[Mapping[str, Any]]] = {}
        for item in shape.objects(entry.get("items")):
            name = field_of(item, lens)
            if name in lens.fields:
                items.setdefault(name, []).append(item)
        found += [(entry, at, name, items[name]) for name in sorted(items)]
    return sorted(found, key=lambda one: (one[1], _order(one[0])))


def _order(entry: Mapping[str, Any]) -> tuple[int, str]:
    """Ids grow with time; they are numbers in text."""
    found = shape.text(entry.get("id"))
    return len(found), found


def _sides(
    name: str, items: list[Mapping[str, Any]], later: Mapping[str, Native], lens: Lens
) -> tuple[Native, Native]:
    """After and before."""
    if name in _SETS:
        known = later.get(name)
        after = set(known) if isinstance(known, tuple) else set()
        came = {shape.text(item.get("toString")) for item in items} - {""}
        went = {shape.text(item.get("fromString")) for item in items} - {""}
        if not isinstance(known, tuple):
            after = came
        return tuple(sorted(after)), tuple(sorted((after - came) | went))
    like = later.get(name)
    first, last = items[0], items[-1]
    return _side(name, last, "to", like, lens), _side(name, first, "from", like, lens)


def _side(name: str, item: Mapping[str, Any], side: str, like: Native, lens: Lens) -> Native:
    """One end of an item: the id for people, Jira's words for everything else."""
    raw, words = shape.text(item.get(side)), shape.text(item.get(f"{side}String"))
    if name in lens.people:
        return lens.names.get(raw, raw) or None
    if name in lens.teams:
        return raw or words or None
    if name == "labels":
        return tags(label for label in words.split() if not label.startswith(LABEL))
    if name in _DATES:
        return raw or words[:10] or None
    if isinstance(like, tuple):
        return None  # several options in one line of text, parted by what may stand in an option
    if isinstance(like, int | float) and not isinstance(like, bool):
        return _number(words)
    at = shape.instant(words)
    return shape.iso(at) if at else canonical(words) or None


def _number(words: str) -> int | float | None:
    try:
        return shape.number(float(words))
    except ValueError:
        return None


def _is_rich(name: str, value: Native, lens: Lens) -> bool:
    return lens.cloud and (name in _WORDS or (name.startswith("customfield_") and isinstance(value, str)))
