"""The names of conditions, the priority rules, and the clocks of the file."""

from datetime import timedelta
from typing import Final

from syncline.escalation.book import Clock, PriorityRules, Raise, Start
from syncline.escalation.conditions import ALWAYS, STANDARD, Condition, Name, Type, Vocabulary, compiled
from syncline.escalation.reading.calendars import ALWAYS_OPEN
from syncline.escalation.reading.faults import MATRIX, Faults
from syncline.escalation.reading.ladders import ClockEntry, EscalationFile
from syncline.escalation.reading.world import FieldEntry, PriorityEntry
from syncline.mapping.document import Loc
from syncline.mapping.validation import suggestion
from syncline.model import CUSTOM, FIELDS, field_named

OPENED: Final = "opened"
RAISED: Final = "raised"
BUILT_IN: Final = frozenset({OPENED, RAISED})
"""Clocks without a target that are there in any case."""

CUSTOM_NAMES: Final = ("vip", "account")
"""Names that conditions know, and that no common field holds: they are read from custom fields."""

MOMENTARY: Final = frozenset(
    {
        "age",
        "since_ack",
        "since_update",
        "since_tier",
        "in_status",
        "hops",
        "reopens",
        "reopened",
        "recurrences",
        "raised",
    }
)
"""Names whose facts belong to a moment. A clock is read off the past of an incident's fields, and cannot ask for them."""

_STOPS: Final = {"closed": 'status in ["closed", "canceled"]'}


def vocabulary(file: EscalationFile, faults: Faults) -> tuple[Vocabulary, dict[str, str]]:
    """The names that the file's conditions may use; and name to common field, where they are not the same."""
    sources = {name: CUSTOM + name for name in CUSTOM_NAMES}
    names = STANDARD
    tiers = tuple(sorted(faults.ids("tiers")))
    if tiers and "tier" not in file.fields:
        # A tier that nobody defined is a mistake wherever it stands.
        names = names.extended([_closed(STANDARD.names["tier"], tiers)])
    for name, entry in file.fields.items():
        loc: Loc = ("fields", name)
        made = _name(name, entry, loc, faults)
        if made is None:
            continue
        try:
            names = names.extended([made])
        except ValueError as error:
            faults.note(loc, str(error), value=False)
            continue
        source = _source(name, entry, loc, faults)
        if source is not None:
            sources[name] = source
    return names, sources


def _closed(name: Name, values: tuple[str | int, ...]) -> Name:
    return Name(name.name, name.type, values, name.nullable, name.about)


def _name(name: str, entry: FieldEntry, loc: Loc, faults: Faults) -> Name | None:
    known = STANDARD.names.get(name)
    kind = Type(entry.type) if entry.type else known.type if known else _guessed(entry)
    values = tuple(dict.fromkeys(entry.values))
    if known is not None and values and known.values and set(values) - set(known.values):
        faults.note((*loc, "values"), f"{name} can only be {', '.join(map(str, known.values))}")
        return None
    try:
        if known is not None and kind is known.type:
            return Name(name, kind, values or known.values, known.nullable, known.about)
        return Name(name, kind, values)
    except ValueError as error:
        faults.note(loc, str(error), value=False)
        return None


def _guessed(entry: FieldEntry) -> Type:
    numbers = bool(entry.values) and all(isinstance(value, int) for value in entry.values)
    return Type.NUMBER if numbers else Type.TEXT


def _source(name: str, entry: FieldEntry, loc: Loc, faults: Faults) -> str | None:
    """The common field that a name of one's own is read from; None for one that is a common field itself."""
    own = name not in STANDARD.names or name in CUSTOM_NAMES
    if entry.from_ is None:
        return (name if name in FIELDS else CUSTOM + name) if own else None
    if not own:
        faults.note((*loc, "from"), f'"{name}" is known already; only its values can be given')
    elif field_named(entry.from_) is None:
        near = suggestion(entry.from_, (*FIELDS, CUSTOM + name))
        faults.note((*loc, "from"), f'from: there is no common field "{entry.from_}"{near}')
    return entry.from_ if own else None


def priority(file: EscalationFile, names: Vocabulary, faults: Faults) -> PriorityRules:
    """The priority rules."""
    entry = file.priority
    loc: Loc = ("priority",)
    raises = tuple(
        Raise(
            faults.condition((*loc, "raise", number, "when"), one.when, names),
            one.by,
            faults.place((*loc, "raise", number)),
        )
        for number, one in enumerate(entry.raise_)
    )
    return PriorityRules(_matrix(entry, loc, faults), raises, faults.place(loc))


def _matrix(entry: PriorityEntry, loc: Loc, faults: Faults) -> dict[tuple[int, int], int]:
    if not entry.matrix or not faults.sound((*loc, "matrix")):
        return {}
    for key, levels in (("impact", entry.impact), ("urgency", entry.urgency)):
        if len(set(levels)) < len(levels):
            faults.note((*loc, key), f"{key}: a level stands here twice", code=MATRIX)
            return {}
    if len(entry.matrix) != len(entry.impact):
        faults.note(
            (*loc, "matrix"),
            f"the matrix has {len(entry.matrix)} rows; it must have {len(entry.impact)}, one for each impact",
            code=MATRIX,
        )
    for number, row in enumerate(entry.matrix):
        if len(row) != len(entry.urgency):
            faults.note(
                (*loc, "matrix", number),
                f"row {number + 1} of the matrix has {len(row)} cells; it must have {len(entry.urgency)}, one for each"
                " urgency",
                code=MATRIX,
            )
    return {
        (impact, urgency): cell
        for impact, row in zip(entry.impact, entry.matrix, strict=False)
        for urgency, cell in zip(entry.urgency, row, strict=False)
    }


def clocks(file: EscalationFile, names: Vocabulary, faults: Faults) -> dict[str, Clock]:
    """The clocks, by id, with the built-in ones."""
    resolved = compiled("resolved", STANDARD)
    found = {
        OPENED: Clock(OPENED, ALWAYS, "", None, ALWAYS_OPEN, Start.CREATED, resolved),
        RAISED: Clock(RAISED, ALWAYS, "", None, ALWAYS_OPEN, Start.RAISED, resolved),
    }
    calendars = faults.ids("calendars") | {ALWAYS_OPEN}
    slas = faults.ids("slas")
    for name, entry in file.slas.items():
        loc: Loc = ("slas", name)
        if name in BUILT_IN:
            faults.note(loc, f'"{name}" is there in any case; give this clock another name', value=False)
            continue
        faults.known((*loc, "calendar"), entry.calendar, calendars, "calendar")
        if entry.part_of is not None:
            faults.known((*loc, "part_of"), entry.part_of, slas, "SLA")
        found[name] = _clock(name, entry, loc, names, faults)
    return found


def _clock(name: str, entry: ClockEntry, loc: Loc, names: Vocabulary, faults: Faults) -> Clock:
    def condition(key: str, text: str | None) -> Condition | None:
        if text is None:
            return None
        found = faults.condition((*loc, key), text, names)
        for word in sorted(found.names & MOMENTARY):
            faults.at_word(
                (*loc, key),
                text,
                word,
                f"{word} cannot be asked for by a clock, which goes by the fields of an incident, by ack and by resolved",
            )
        return found

    start: Start | Condition
    try:
        start = Start(entry.start)
    except ValueError:
        start = condition("start", entry.start) or ALWAYS
    max_pause: timedelta | None = entry.max_pause
    return Clock(
        id=name,
        when=condition("when", entry.when) or ALWAYS,
        kind=entry.kind,
        target=entry.target,
        calendar=entry.calendar,
        start=start,
        stop=condition("stop", _STOPS.get(entry.stop, entry.stop)) or ALWAYS,
        pause=condition("pause", entry.pause),
        max_pause=max_pause,
        restart=entry.on_priority_change == "restart",
        part_of=entry.part_of,
        place=faults.place(loc),
    )
