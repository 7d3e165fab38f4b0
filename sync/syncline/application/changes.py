"""What is different between two policy files, for people: by name, and not by lines."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

from syncline.escalation.book import Book
from syncline.escalation.conditions import Condition
from syncline.escalation.roster import Place

_SECTIONS: Final[Mapping[str, str]] = {
    "calendars": "calendar",
    "people": "person",
    "schedules": "schedule",
    "tiers": "tier",
    "clocks": "clock",
    "says": "message",
    "audiences": "audience",
}


def changes(old: Book, new: Book) -> list[str]:
    """What is different, a sentence each; places in the file and comments are not."""
    found = [
        line
        for section, word in _SECTIONS.items()
        for line in _named(word, getattr(old, section), getattr(new, section))
    ]
    found += _named("policy", {p.id: p for p in old.policies}, {p.id: p for p in new.policies})
    both = [p.id for p in old.policies if new.policy(p.id)]
    if both != [p.id for p in new.policies if old.policy(p.id)]:
        found.append("the order of the policies is different: the first that matches runs")
    if _bare(old.priority) != _bare(new.priority):
        found.append("the priority rules are different")
    if _fields(old) != _fields(new):
        found.append("the names that conditions may use are different: fields")
    return found


def _fields(book: Book) -> Any:
    """What conditions may name, without the tiers: those are told of by themselves."""
    names = {name: known for name, known in book.vocabulary.names.items() if name != "tier"}
    return dict(book.sources), names


def _named(word: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in (*old, *(name for name in new if name not in old)):
        if name not in new:
            yield f"{word} {name} is gone"
        elif name not in old:
            yield f"{word} {name} is new"
        elif _bare(old[name]) != _bare(new[name]):
            parts = _parts(old[name], new[name])
            yield f"{word} {name} is different{f': {parts}' if parts else ''}"


def _parts(old: Any, new: Any) -> str:
    """Which of its attributes differ."""
    if not is_dataclass(old):
        return ""
    names = [f.name for f in fields(old) if _bare(getattr(old, f.name)) != _bare(getattr(new, f.name))]
    return ", ".join(_WORDS.get(name, name.replace("_", " ")) for name in names)


_WORDS: Final[Mapping[str, str]] = {
    "ack_holds": "ack",
    "beside": "with",
    "platform_pages": "pagerduty",
    "repeat_times": "repeat",
    "repeat_from": "repeat from",
}
"""What the file calls what the book calls otherwise."""


def _bare(value: Any) -> Any:
    """The value without the places in the file."""
    if isinstance(value, Condition):
        return value.text
    if is_dataclass(value):
        return tuple(
            _bare(getattr(value, f.name))
            for f in fields(value)
            if not isinstance(getattr(value, f.name), Place)
        )
    if isinstance(value, Mapping):
        return tuple((key, _bare(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_bare, value))
    return value
