"""Scenarios: an incident, what people do about it, and whom that should reach. YAML, read as strictly as the policy file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from syncline.errors import InvalidFile, Problem
from syncline.escalation.book import Book
from syncline.escalation.conditions import Type
from syncline.escalation.decision import Message
from syncline.escalation.playing import Deed
from syncline.escalation.roster import NOWHERE, Place
from syncline.escalation.scenario_form import EarlierEntry, EventEntry, ExpectEntry, ScenarioFile
from syncline.escalation.scenario_times import LocalTime, moment_of
from syncline.mapping.document import Document, Loc, in_order, parse_document
from syncline.mapping.validation import Outcome, suggestion, validate
from syncline.model import FIELDS, STATUSES, Kind, Value, field_named, legal, tags

VERSION: Final = 1
SHORTEST: Final = timedelta(hours=6)
"""So long a scenario is played at least that does not say `until`."""
AFTERWARDS: Final = timedelta(hours=1)
"""And so long after the last thing that it names."""
LONGEST: Final = timedelta(days=370)

# ---- what it means -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier incident.

    Attributes:
        at: When it was opened, UTC.
        values: Common fields.
        ran: Ids of policies that ran for it, from its opening on.
    """

    at: datetime
    values: Mapping[str, Value]
    ran: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What should come of it: one of `paged`, `reached`, `moved`, `told`, `never_paged`, `nobody_paged_after`.

    Attributes:
        kind: Which.
        at: When, UTC; of `nobody_paged_after` the end; None: ever.
        names: People, a tier, or a message.
        by: By which channel, or None.
        place: Where it stands.
    """

    kind: str
    at: datetime | None
    names: tuple[str, ...] = ()
    by: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario for one book.

    Attributes:
        title: What it is about.
        file: As the person named it.
        opened_at: UTC.
        tz: On whose clock it is told; None: only an offset was named.
        values: The incident's common fields at its opening.
        source: The instance on which it began.
        deeds: What people do, in the order of time.
        remarks: (when, who) to what they write.
        earlier: For recurrences.
        unreachable: Channels and `person:<id>` where pages fail.
        lost: The same: no sign of those pages comes back.
        pagers: Platforms that page.
        until: The end, UTC.
        expectations: In the order of the file.
    """

    title: str
    file: str
    opened_at: datetime
    tz: ZoneInfo | None
    values: Mapping[str, Value]
    source: str
    deeds: Sequence[Deed]
    earlier: Sequence[Earlier]
    unreachable: frozenset[str]
    lost: frozenset[str]
    pagers: tuple[str, ...]
    until: datetime
    expectations: Sequence[Expectation]
    remarks: Mapping[tuple[datetime, str], str] = field(default_factory=dict)

    def fate(self, message: Message) -> str:
        """What becomes of a page: the state of `PageState`."""
        ways = {message.channel, f"person:{message.recipient}"}
        return "failed" if ways & self.unreachable else "unknown" if ways & self.lost else "reached"


@dataclass(frozen=True, slots=True)
class Draft:
    """A scenario file of which the form is known; what it means depends on a policy.

    Attributes:
        policy: The policy file that it names, or None.
    """

    policy: str | None
    _file: ScenarioFile
    _document: Document
    _outcome: Outcome[ScenarioFile]

    def of(self, book: Book) -> Scenario:
        """The scenario, for that book.

        Raises:
            InvalidFile: with every fault in it.
        """
        return _Reader(self._file, self._document, self._outcome, book).scenario()


def drafted(raw: str | bytes, source: str) -> Draft:
    """The scenario file.

    Args:
        raw: The file's content.
        source: What to call it in messages.

    Raises:
        InvalidFile: it is not of the form of a scenario; with every fault that could be found.
    """
    document = parse_document(raw, source)
    outcome = validate(document, ScenarioFile)
    if outcome.model is None:
        raise InvalidFile(in_order(_uncoded(outcome.problems)))
    return Draft(outcome.model.policy, outcome.model, document, outcome)


_DOES = ("set", "raises", "answers", "remarks")
_EXPECTS = ("paged", "reached", "moved", "told", "never_paged", "nobody_paged_after")
_SAID_BY_START: Final = "opened_at"


class _Reader:
    """Holds a scenario against a book."""

    def __init__(
        self, file: ScenarioFile, document: Document, outcome: Outcome[ScenarioFile], book: Book
    ) -> None:
        self._file = file
        self._document = document
        self._outcome = outcome
        self._book = book
        self._start: LocalTime = file.at
        self.problems: list[Problem] = _uncoded(outcome.problems)

    def scenario(self) -> Scenario:
        """The scenario."""
        file, opened = self._file, self._start.at
        if file.scenario != VERSION:
            self._note(
                ("scenario",),
                f"this file is of version {file.scenario}; this Syncline reads version {VERSION}",
            )
        given = dict(file.incident)
        source = given.pop("source", "")
        if not isinstance(source, str):
            self._note(("incident", "source"), "source must be the name of an instance")
            source = ""
        values = {"title": file.title or "An incident", "status": "new", **self._values(given, ("incident",))}
        deeds = [self._deed(entry, ("people", number)) for number, entry in enumerate(file.people)]
        earlier = [
            self._earlier(entry, values, ("earlier", number)) for number, entry in enumerate(file.earlier)
        ]
        expectations = [self._expectation(entry, ("expect", n)) for n, entry in enumerate(file.expect)]
        self._check_ways("unreachable", file.unreachable)
        self._check_ways("lost", file.lost)
        until = self._until([*(deed.at for deed in deeds), *(e.at for e in expectations if e.at is not None)])
        if self.problems:
            raise InvalidFile(in_order(self.problems))
        return Scenario(
            file.title,
            self._document.file,
            opened,
            self._start.tz,
            values,
            str(source),
            sorted(deeds, key=lambda deed: deed.at),
            earlier,
            frozenset(file.unreachable),
            frozenset(file.lost),
            self._pagers(),
            until,
            expectations,
            {
                (deed.at, deed.by): entry.remarks
                for deed, entry in zip(deeds, file.people, strict=True)
                if entry.remarks
            },
        )

    def _note(self, loc: Loc, message: str, *, value: bool = True) -> None:
        self.problems.append(self._document.problem(self._outcome.original(loc), message, value=value))

    def _moment(self, entry: EventEntry | ExpectEntry, loc: Loc) -> datetime | None:
        """When; None: it does not say, or says it wrongly."""
        if entry.after is not None and entry.at is not None:
            self._note((*loc, "at"), "write either after or at", value=False)
        if entry.after is not None:
            return self._start.at + entry.after
        if entry.at is None:
            return None
        try:
            found = moment_of(entry.at, self._start)
        except ValueError as error:
            self._note((*loc, "at"), f"at: {error}")
            return None
        if found < self._start.at:
            self._note((*loc, "at"), "at: this is before the incident is opened")
        return found

    def _deed(self, entry: EventEntry, loc: Loc) -> Deed:
        at = self._moment(entry, loc)
        given = {key for key in _DOES if key in self._given(loc)}
        if at is None and entry.at is None and self._outcome.sound(self._outcome.original(loc)):
            self._note(
                loc, "say when: after: 20m counts from the opening, at: 09:30 is a local time", value=False
            )
        if not given and self._outcome.sound(self._outcome.original(loc)):
            self._note(loc, f"nothing happens here; say what {entry.who} does: {', '.join(_DOES)}")
        if entry.answers and entry.who not in self._book.people:
            near = suggestion(entry.who, self._book.people)
            self._note(
                (*loc, "who"), f'the policy has no person "{entry.who}", who could answer a page{near}'
            )
        return Deed(
            at or self._start.at,
            entry.who,
            self._values(entry.set_, (*loc, "set")),
            entry.raises,
            entry.who if entry.answers else None,
            entry.remarks is not None,
        )

    def _given(self, loc: Loc) -> set[str]:
        """The keys that stand in an entry."""
        data: Any = self._document.data
        for part in self._outcome.original(loc):
            data = data[part]
        return set(data) if isinstance(data, Mapping) else set()

    def _earlier(self, entry: EarlierEntry, values: Mapping[str, Value], loc: Loc) -> Earlier:
        known = [policy.id for policy in self._book.policies]
        for number, policy in enumerate(entry.ran):
            if policy not in known:
                self._note((*loc, "ran", number), f'there is no policy "{policy}"{suggestion(policy, known)}')
        changed = self._values(entry.set_, (*loc, "set"))
        return Earlier(self._start.at - entry.before, {**values, **changed}, tuple(entry.ran))

    def _expectation(self, entry: ExpectEntry, loc: Loc) -> Expectation:
        at = self._moment(entry, loc)
        kinds = [kind for kind in _EXPECTS if getattr(entry, kind) is not None]
        place = Place(*self._document.position(self._outcome.original(loc)))
        if len(kinds) != 1:
            if self._outcome.sound(self._outcome.original(loc)):
                self._note(loc, f"expect one thing at a time: {', '.join(_EXPECTS)}")
            return Expectation("never_paged", None, (), None, place)
        (kind,) = kinds
        if kind in {"never_paged", "nobody_paged_after"} and at is not None:
            self._note(loc, f"{kind} goes without after and at")
        if entry.by is not None and kind not in {"paged", "reached", "told"}:
            self._note((*loc, "by"), "by goes with paged, reached or told")
        if kind == "nobody_paged_after":
            assert entry.nobody_paged_after is not None
            return Expectation(kind, self._start.at + entry.nobody_paged_after, (), None, place)
        raw = getattr(entry, kind)
        names: tuple[str, ...] = (raw,) if isinstance(raw, str) else tuple(raw)
        known = {"moved": [*self._book.tiers], "told": [*self._book.people, *self._book.says]}.get(
            kind, [*self._book.people]
        )
        what = {"moved": "tier", "told": "person or message"}.get(kind, "person")
        for number, name in enumerate(names):
            if name not in known:
                where: Loc = (
                    (*loc, kind) if isinstance(self._raw((*loc, kind)), str) else (*loc, kind, number)
                )
                self._note(where, f'the policy has no {what} "{name}"{suggestion(name, known)}')
        return Expectation(kind, at, names, entry.by, place)

    def _raw(self, loc: Loc) -> Any:
        data: Any = self._document.data
        for part in self._outcome.original(loc):
            data = data[part]
        return data

    def _values(self, entry: Mapping[str, Any], loc: Loc) -> dict[str, Value]:
        """Common fields, by the names that conditions have for them, too."""
        found: dict[str, Value] = {}
        for given, raw in entry.items():
            word = str(given)
            name = self._book.vocabulary.aliases.get(word, word)
            common = self._book.sources.get(name, name)
            known = field_named(common)
            if known is None or common == _SAID_BY_START:
                fields = [*(f for f in FIELDS if f != _SAID_BY_START), *self._book.sources]
                why = (
                    "the scenario's at says when it was opened"
                    if known
                    else f'there is no field "{word}"{suggestion(word, fields)}'
                )
                self._note((*loc, word), why, value=False)
                continue
            value = _value(known.kind, raw)
            fault = self._fault(name, known.kind, value)
            if fault is None:
                found[common] = value if not isinstance(value, _Wrong) else None
            else:
                self._note((*loc, word), f"{word}: {fault}")
        return found

    def _fault(self, name: str, kind: Kind, value: "Value | _Wrong") -> str | None:
        """What is wrong with the value of a field; None: nothing."""
        known = self._book.vocabulary.names.get(name)
        own = name in self._book.sources and known is not None
        if own and known is not None and not isinstance(value, _Wrong):
            typed = {Type.YES_NO: bool, Type.NUMBER: int}.get(known.type, str)
            if value is not None and (
                not isinstance(value, typed) or (typed is int and isinstance(value, bool))
            ):
                return {
                    Type.YES_NO: "must be true or false",
                    Type.NUMBER: "must be a whole number",
                }.get(known.type, "must be text; put it in quotes")
        elif isinstance(value, _Wrong) or not legal(kind, value):
            if kind is Kind.STATUS:
                return f"must be a status{suggestion(str(value), sorted(STATUSES))}"
            return {
                Kind.PRIORITY: "must be a whole number from 1 (highest) to 5",
                Kind.LEVEL: "must be a whole number from 1 (most) to 3",
                Kind.TAGS: "must be a list of labels, such as [security, vip]",
                Kind.TIME: "must be a time in quotes, ISO 8601 in UTC",
            }.get(kind, "must be text; put a number in quotes")
        if known is not None and known.values and isinstance(value, str | int) and value not in known.values:
            return f'the policy knows no "{value}"{suggestion(str(value), map(str, known.values))}'
        return None

    def _check_ways(self, key: str, names: Sequence[str]) -> None:
        people = self._book.people
        ways = {way for person in people.values() for way in (*person.reach, *person.ids)}
        for number, name in enumerate(names):
            person = name.removeprefix("person:")
            if person != name and person not in people:
                near = suggestion(person, people)
                self._note(("unreachable", number), f'unreachable: the policy has no person "{person}"{near}')
            elif person == name and name not in ways:
                hint = f"; write person:{name}" if name in people else suggestion(name, sorted(ways))
                self._note((key, number), f'{key}: nobody is reached by "{name}"{hint}')

    def _pagers(self) -> tuple[str, ...]:
        if self._file.pages_by is not None:
            return tuple(self._file.pages_by)
        return ("pagerduty",) if any("pagerduty" in p.ids for p in self._book.people.values()) else ()

    def _until(self, named: Sequence[datetime]) -> datetime:
        start, until = self._start.at, self._file.until
        if until is None:
            until = min(max(SHORTEST, max(named, default=start) - start + AFTERWARDS), LONGEST)
        elif until > LONGEST:
            self._note(("until",), "until: must be at most 370 days")
        return start + until


def _uncoded(problems: Sequence[Problem]) -> list[Problem]:
    """Without the names of checks, which are those of the policy file."""
    return [replace(problem, code="") for problem in problems]


class _Wrong:
    """A value that no field can have."""

    def __init__(self, raw: object) -> None:
        self._raw = raw

    def __str__(self) -> str:
        return str(self._raw)


def _value(kind: Kind, raw: object) -> Value | _Wrong:
    if kind is Kind.TAGS and raw is not None:
        items = raw if isinstance(raw, list) else [raw]
        labels = [item for item in items if isinstance(item, str)]
        return tags(labels) if len(labels) == len(items) else _Wrong(raw)
    if raw is None or isinstance(raw, str | bool | int):
        return raw
    return _Wrong(raw)
