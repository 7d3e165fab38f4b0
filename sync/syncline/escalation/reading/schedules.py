"""Schedules and tiers of the file."""

from datetime import date, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from syncline.escalation.book import Tier
from syncline.escalation.reading.calendars import needs_zone, span, windows
from syncline.escalation.reading.faults import DURATION, PROJECT, Faults
from syncline.escalation.reading.ladders import EscalationFile
from syncline.escalation.reading.values import WEEKDAYS, Handoff, between
from syncline.escalation.reading.world import LayerEntry, OverrideEntry, ScheduleEntry, TargetEntry, TierEntry
from syncline.escalation.roster import Layer, Override, Schedule
from syncline.mapping.document import Loc
from syncline.mapping.durations import said

NOT_TIERS: Final = frozenset({"next", "manager"})
"""What steps say for somebody who depends on the incident; no tier may be called so."""

_UTC: Final = ZoneInfo("UTC")
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(weeks=1)
_HOUR: Final = timedelta(hours=1)
_EVER: Final = date(2000, 1, 3)


def schedules(file: EscalationFile, faults: Faults) -> dict[str, Schedule]:
    """The schedules, by id."""
    known = faults.ids("schedules")
    people = faults.ids("people")
    return {
        name: _schedule(name, entry, file.tz, known, people, faults) for name, entry in file.schedules.items()
    }


def _schedule(
    name: str,
    entry: ScheduleEntry,
    default: ZoneInfo | None,
    known: frozenset[str],
    people: frozenset[str],
    faults: Faults,
) -> Schedule:
    loc: Loc = ("schedules", name)
    tz = entry.tz or default
    if tz is None and (entry.layers or entry.overrides):
        needs_zone(loc, name, "turns", faults)
    if entry.backfill is not None:
        faults.known((*loc, "backfill"), entry.backfill, known, "schedule")
    overrides = (
        _override(one, tz or _UTC, (*loc, "overrides", number), people, faults)
        for number, one in enumerate(entry.overrides)
    )
    return Schedule(
        id=name,
        tz=tz or _UTC,
        layers=tuple(
            _layer(layer, (*loc, "layers", number), people, faults)
            for number, layer in enumerate(entry.layers)
        ),
        overrides=tuple(one for one in overrides if one is not None),
        backfill=entry.backfill,
        place=faults.place(loc),
    )


def _layer(entry: LayerEntry, loc: Loc, people: frozenset[str], faults: Faults) -> Layer:
    for number, person in enumerate(entry.rotate):
        faults.known((*loc, "rotate", number), person, people, "person")
    start = entry.from_ or _EVER
    if len(set(entry.rotate)) > 1:
        for key, given, why in (
            ("from", entry.from_, "on which day does the first turn begin"),
            ("handoff", entry.handoff, 'when do turns change, such as "mon 09:00"'),
        ):
            if given is None and faults.sound((*loc, key)):
                faults.note(loc, f"{key} is missing: {why}? Several people take turns here")
    if entry.until is not None and entry.until <= start:
        faults.note((*loc, "until"), f"until: {entry.until} is not after {start}, on which the layer begins")
    weekday = _weekday(entry.every, entry.handoff, start, loc, faults)
    return Layer(
        rotate=tuple(entry.rotate),
        every=entry.every,
        handoff=entry.handoff.at if entry.handoff is not None else time(0),
        weekday=weekday,
        start=start,
        only=windows(entry.only, (*loc, "only"), faults),
        until=entry.until,
        place=faults.place(loc),
    )


def _weekday(every: timedelta, handoff: Handoff | None, start: date, loc: Loc, faults: Faults) -> int | None:
    """On which weekday turns change; None for turns that are no weeks."""
    if every % _DAY and (every >= _DAY or every % _HOUR or _DAY % every):
        faults.note(
            (*loc, "every"),
            f"every: a turn is hours that divide a day (1h, 2h, 3h, 4h, 6h, 8h, 12h), days, or weeks; not {said(every)}",
            code=DURATION,
        )
        return None
    named = handoff.weekday if handoff is not None else None
    if every % _WEEK == timedelta(0):
        return start.weekday() if named is None else named
    if named is not None:
        faults.note(
            (*loc, "handoff"),
            f"handoff: turns of {said(every)} do not always change on {WEEKDAYS[named]}; leave the weekday out, or write"
            " every: 1w",
        )
    return None


def _override(
    entry: OverrideEntry, tz: ZoneInfo, loc: Loc, people: frozenset[str], faults: Faults
) -> Override | None:
    faults.known((*loc, "who"), entry.who, people, "person")
    try:
        stretch = between(entry.from_, entry.to)
    except ValueError as error:
        faults.note((*loc, "to"), f"to: {error}")
        return None
    return Override(entry.who, span(tz, stretch), entry.why, faults.place(loc))


def tiers(file: EscalationFile, faults: Faults) -> dict[str, Tier]:
    """The tiers, by id."""
    return {name: _tier(name, entry, faults) for name, entry in file.tiers.items()}


def _tier(name: str, entry: TierEntry, faults: Faults) -> Tier:
    loc: Loc = ("tiers", name)
    if name in NOT_TIERS:
        faults.note(loc, f'no tier can be called "{name}": steps say it for somebody else', value=False)
    for number, who in enumerate(entry.who):
        faults.party((*loc, "who", number), who, faults.ids("schedules"), "schedule", faults.ids("people"))
    if entry.next is not None:
        faults.known((*loc, "next"), entry.next, faults.ids("tiers"), "tier")
    to: dict[str, str] = {}
    for platform, target in entry.to.items():
        named = _target(platform, target, (*loc, "to", platform), faults)
        if named is not None:
            to[platform] = named
    group = entry.group
    if group is None and not entry.hierarchical:
        group = to.get("servicenow") or next(iter(to.values()), name)
    return Tier(name, tuple(entry.who), entry.next, entry.hierarchical, group, to, faults.place(loc))


def _target(platform: str, entry: TargetEntry, loc: Loc, faults: Faults) -> str | None:
    given = {
        key: value
        for key in ("group", "team", "role", "policy", "name")
        if (value := getattr(entry, key)) is not None
    }
    if entry.project is not None:
        faults.note(
            (*loc, "project"),
            "project has no effect: records are not moved between projects; name a role, team or group",
            value=False,
            severity="warning",
            code=PROJECT,
        )
    if len(given) > 1:
        faults.note(loc, f"{platform}: name one of them: {' or '.join(given)}", value=False)
    if not given and entry.project is None and faults.sound(loc):
        faults.note(loc, f"{platform}: name a group, team, role or policy", value=False)
    return next(iter(given.values()), None)
