"""Routes and conflict rules of `syncline.yaml`."""

from collections.abc import Mapping, Sequence
from typing import Any

from syncline.configuration.instances import Note
from syncline.configuration.model import Backfill, BackfillKind, Condition, ConflictRule, Conflicts, Route
from syncline.configuration.quantities import moment
from syncline.configuration.specification import ALL, ConflictEntry, RouteEntry
from syncline.mapping.compiling import fits, wrong_value
from syncline.mapping.document import Loc
from syncline.mapping.rules import Conflict
from syncline.mapping.validation import suggestion
from syncline.model import FIELDS, Kind, Value, field_named

_DEFAULT = "default"
"""In `conflicts`: every field that is not named."""

_RANKED = frozenset({Kind.STATUS, Kind.PRIORITY, Kind.LEVEL})


def routes(entries: Sequence[RouteEntry], names: tuple[str, ...], note: Note) -> tuple[Route, ...]:
    """The routes; `names` are the instances there are."""
    found: list[Route] = []
    for number, entry in enumerate(entries):
        loc: Loc = ("routes", number)
        if entry.name in {route.name for route in found}:
            note((*loc, "name"), f'two routes are called "{entry.name}"')
        sources, targets = (
            _instances(listed, names, (*loc, key), note)
            for key, listed in (("from", entry.from_), ("to", entry.to))
        )
        if sources and set(sources) == set(targets) and len(sources) == 1:
            note((*loc, "to"), f"this route leads from {sources[0]} to itself")
        found.append(
            Route(
                entry.name,
                sources,
                targets,
                tuple(
                    _condition(name, values, (*loc, "when", name), note)
                    for name, values in entry.when.items()
                ),
                _backfill(entry.backfill, (*loc, "backfill"), note),
            )
        )
    return tuple(found)


def _instances(listed: Sequence[str], names: tuple[str, ...], loc: Loc, note: Note) -> tuple[str, ...]:
    if list(listed) == [ALL]:
        return names
    for name in listed:
        if name not in names:
            note(loc, f'there is no instance "{name}"{suggestion(name, (*names, ALL))}')
    return tuple(dict.fromkeys(listed))


def _condition(name: str, values: Sequence[Any], loc: Loc, note: Note) -> Condition:
    found = field_named(name)
    if found is None:
        note(loc, f'there is no common field "{name}"{suggestion(name, FIELDS)}', value=False)
        return Condition(name, ())
    wanted: list[Value] = []
    for number, value in enumerate(values):
        # Labels are compared one by one; numbers in a text field are meant as text.
        kind = Kind.TEXT if found.kind is Kind.TAGS else found.kind
        if kind not in {Kind.PRIORITY, Kind.LEVEL} and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str | int) and not isinstance(value, bool) and fits(kind, value):
            wanted.append(value)
        else:
            note((*loc, number), wrong_value(name, kind, str(value)))
    return Condition(name, tuple(wanted))


def _backfill(text: str, loc: Loc, note: Note) -> Backfill:
    if text in {BackfillKind.NONE, BackfillKind.OPEN}:
        return Backfill(BackfillKind(text))
    try:
        return Backfill(BackfillKind.SINCE, moment(text))
    except ValueError:
        note(loc, f'backfill: "{text}" must be none, open, or a date such as 2026-11-01')
        return Backfill()


def conflicts(entries: Mapping[str, ConflictEntry], names: tuple[str, ...], note: Note) -> Conflicts:
    """Who wins; `names` are the instances there are."""
    rules: dict[str, ConflictRule] = {}
    for name, entry in entries.items():
        loc: Loc = ("conflicts", name)
        found = field_named(name)
        if found is None and name != _DEFAULT:
            note(
                loc, f'there is no common field "{name}"{suggestion(name, (*FIELDS, _DEFAULT))}', value=False
            )
        rule = ConflictRule(
            entry.conflict or (Conflict.OWNER if entry.owner else Conflict.LATEST), entry.owner
        )
        if (rule.conflict is Conflict.OWNER) != (rule.owner is not None):
            note(loc, f"{name}: an owner is named like this: `{name}: {{owner: snow-prod}}`")
        if rule.owner is not None and rule.owner not in names:
            note((*loc, "owner"), f'there is no instance "{rule.owner}"{suggestion(rule.owner, names)}')
        if rule.conflict is Conflict.HIGHEST and (found is None or found.kind not in _RANKED):
            note(loc, f'{name}: only status, priority, impact and urgency have a "highest"')
        rules[name] = rule
    default = rules.pop(_DEFAULT, ConflictRule())
    return Conflicts(default, rules)
