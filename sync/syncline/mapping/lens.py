"""The lens: a mapping, compiled. `read` says a record in common terms, `write` says common changes in a record's own.

It keeps two laws. Put-get: what is written is read back as the value that was meant, or as one that the linter
names as lost. Get-put: writing back what was read changes nothing. A record that already says the common value in
its own words, however roughly, is left alone; so a lossy table never drifts.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass, field, replace

from syncline.connector import Native, Party, Schema
from syncline.mapping.choices import ChoiceCodec, PartyCodec
from syncline.mapping.codecs import Codec, NoWordError, Side, Silence, TemplateCodec, TextCodec
from syncline.mapping.directory import Directory, Parties
from syncline.mapping.document import Document
from syncline.mapping.rules import Reading, Rule, Supply, Unmapped, Writing
from syncline.mapping.template import Template
from syncline.mapping.transforms import plain
from syncline.model import Incident, Value


@dataclass(frozen=True, slots=True)
class Mapping:
    """How the common fields are said on one platform.

    Attributes:
        platform: `servicenow`.
        rules: By common field, in the order of the file.
        codecs: By common field.
        constants: Native fields that every record that we create gets, with their values.
        people: Common handle to what stands for it on this platform: an id, an e-mail address or a name.
        groups: The same for groups.
        document: The file, for the places of its faults.
    """

    platform: str
    rules: Table[str, Rule]
    codecs: Table[str, Codec] = field(repr=False)
    constants: Table[str, Native] = field(default_factory=dict)
    people: Table[str, str] = field(default_factory=dict)
    groups: Table[str, str] = field(default_factory=dict)
    document: Document | None = field(default=None, repr=False, compare=False)

    @property
    def native_fields(self) -> frozenset[str]:
        """Every native field that is read or written; what a connector is asked for."""
        supplied = (s.native for r in self.rules.values() for some in r.supplies.values() for s in some)
        return frozenset(self.constants) | {n for r in self.rules.values() for n in r.natives} | set(supplied)

    def natives_of(self, name: str) -> frozenset[str]:
        """The native fields of a common field; none where it is not mapped."""
        rule = self.rules.get(name)
        return frozenset(rule.natives) if rule else frozenset()

    def fields_of(self, native: str) -> frozenset[str]:
        """The common fields that are read from a native field."""
        return frozenset(r.name for r in self.rules.values() if native in r.natives and r.direction.reads)

    def required_with(self, status: str) -> frozenset[str]:
        """The native fields that go with a status when it is written."""
        rule = self.rules.get("status")
        return frozenset(s.native for s in rule.supplies.get(status, ())) if rule else frozenset()

    def directory(self, parties: Iterable[Party] = ()) -> Parties:
        """A directory of those parties under this mapping's aliases."""
        return Parties.of(parties, self.people, self.groups)

    def holds(self, name: str, value: Value, natives: Table[str, Native], directory: Directory) -> bool:
        """Whether a record with those native values already says that a common field has that value. False where one
        of the field's natives is not among them."""
        codec = self.codecs.get(name)
        return codec is not None and _covers(codec, natives) and codec.holds(value, Side(natives, directory))

    def read(
        self, natives: Table[str, Native], directory: Directory, incident: Incident | None = None
    ) -> Reading:
        """What the native values say.

        With the incident as it is known, a record that already says its value in its own words gives
        exactly that value: five priorities on a platform with two, or a title that had to be cut, come back whole. Give
        it wherever there is one.

        Args:
            natives: Native values; a field of which one native is missing is left out.
            directory: Who is who here.
            incident: What is known so far.
        """
        side = Side(natives, directory)
        values: dict[str, Value] = {}
        unmapped: list[Unmapped] = []
        for name, rule in self.rules.items():
            codec = self.codecs[name]
            if not rule.direction.reads or not _covers(codec, natives):
                continue
            known = incident[name] if incident is not None else None
            if known is not None and codec.holds(known, side):
                values[name] = known
                continue
            try:
                value = codec.read(side)
            except NoWordError as error:
                native = natives[codec.natives[0]] if len(codec.natives) == 1 else _pair(codec, natives)
                unmapped.extend(_unmapped(name, native, error))
                continue
            if isinstance(value, Silence):
                continue
            if isinstance(codec, TextCodec) and isinstance(known, str):
                value = codec.restored(side, known) or value
            values[name] = value
        return Reading(values, tuple(unmapped))

    def write(
        self,
        changes: Table[str, Value],
        incident: Incident,
        present: Table[str, Native],
        directory: Directory,
        *,
        creating: bool = False,
        origin: str = "",
    ) -> Writing:
        """The native values that make a record say what the incident says.

        Args:
            changes: Common fields that changed, with their new values.
            incident: The incident, before or after the changes.
            present: Native values of the record as it stands; empty for a new one.
            directory: Who is who here.
            creating: A new record: all that is known is written, with defaults and constants.
            origin: The instance that the change came from, for templates.
        """
        after = incident.changed(changes)
        task = _Task(self, Side(present, directory, after, origin))
        if creating:
            task.values.update(self.constants)
        for name, rule in self.rules.items():
            if rule.direction.writes(creating=creating) and (creating or self._touches(name, changes)):
                task.say(rule, self.codecs[name], creating=creating)
        return task.writing()

    def fitted(self, schema: Schema | None = None, limits: Table[str, int] | None = None) -> "Mapping":
        """The same mapping for a live platform: of several native values for one common value the first that the
        platform has is written, and texts are cut to what its fields hold.

        Args:
            schema: The live schema.
            limits: Native field to most characters, beside those of the schema.
        """
        lengths = dict(limits or {})
        choices: dict[str, frozenset[str]] = {}
        status = self.rules.get("status")
        if schema is not None:
            for name, found in schema.fields.items():
                if found.max_length is not None:
                    lengths[name] = min(found.max_length, lengths.get(name, found.max_length))
                if found.choices:
                    choices[name] = frozenset(found.choices)
            if schema.statuses and status is not None:
                choices[status.natives[0]] = frozenset(schema.statuses)
        codecs = {}
        for name, codec in self.codecs.items():
            shorter = codec.shortened(lengths)
            if isinstance(shorter, ChoiceCodec) and shorter.native in choices:
                shorter = shorter.among(choices[shorter.native])
            codecs[name] = shorter
        return replace(self, codecs=codecs)

    def with_groups(self, groups: Table[str, str]) -> "Mapping":
        """The same mapping, in which those groups are called so here, whatever it says of them itself: they are written
        so, and read back as themselves.

        Args:
            groups: Common group to the name or id of the group, team or escalation policy here.
        """
        codec = self.codecs.get("group")
        if not isinstance(codec, PartyCodec) or codec.laid == groups:
            return self
        return replace(self, codecs={**self.codecs, "group": replace(codec, laid=dict(groups))})

    def _touches(self, name: str, changes: Table[str, Value]) -> bool:
        codec = self.codecs[name]
        return (
            not codec.template.names.isdisjoint(changes)
            if isinstance(codec, TemplateCodec)
            else name in changes
        )


def _covers(codec: Codec, natives: Table[str, Native]) -> bool:
    return all(native in natives for native in codec.natives)


def _unmapped(name: str, value: Native | Value, error: NoWordError) -> Iterator[Unmapped]:
    """One report for each party that may be looked up, or a single one."""
    for party in error.parties or (None,):
        yield Unmapped(name, value, error.reason, party)


def _pair(codec: Codec, natives: Table[str, Native]) -> str:
    return ", ".join(f"{native}={plain(natives[native])!r}" for native in codec.natives)


class _Task:
    """One call of `Mapping.write`: what has been gathered so far."""

    def __init__(self, mapping: Mapping, side: Side) -> None:
        self.values: dict[str, Native] = {}
        self._mapping = mapping
        self._side = side
        self._withheld: list[Unmapped] = []
        self._supplied: dict[str, Native] = {}
        self._supplies: list[Supply] = []

    def say(self, rule: Rule, codec: Codec, *, creating: bool) -> None:
        """Add what one field needs."""
        value = self._side.after[rule.name]
        if creating and value is None:
            value = rule.default
        if creating and value in (None, ()) and not isinstance(codec, TemplateCodec):
            return
        if not creating and _covers(codec, self._side.present) and codec.holds(value, self._side):
            return
        try:
            found = codec.write(value, self._side)
        except NoWordError as error:
            self._withheld.extend(_unmapped(rule.name, value, error))
            found = error.stand_in or {}
        self.values.update(found)
        if found:
            self._supplies.extend(rule.supplies.get(value, ()))

    def writing(self) -> Writing:
        """What was gathered, less what the record already has."""
        for supply in self._supplies:
            self._supply(supply)
        values = {
            native: value
            for native, value in self.values.items()
            if native not in self._side.present or self._side.present[native] != value
        }
        return Writing(values, tuple(dict.fromkeys(self._withheld)), self._supplied)

    def _supply(self, supply: Supply) -> None:
        native = supply.native
        value = next((found for found in self._candidates(supply) if found is not None), None)
        if value is not None:
            self.values[native] = value
            self._supplied[native] = value

    def _candidates(self, supply: Supply) -> Iterator[Native]:
        """The values that will do, best first."""
        native = supply.native
        if not supply.fixed:
            yield self.values.get(native)
            if supply.source is not None and self._side.after[supply.source] not in (None, ()):
                yield self._from(supply.source, native)
            yield self._side.present.get(native) or None
        if supply.default is not None:
            yield plain(Template.parsed(supply.default).filled(self._side.after, self._side.origin)) or None

    def _from(self, source: str, native: str) -> Native:
        """The source's value as this native field says it, None where it has no word for it."""
        value, codec = self._side.after[source], self._mapping.codecs.get(source)
        if codec is None or codec.natives != (native,):
            return plain(value) or None
        if _covers(codec, self._side.present) and codec.holds(value, self._side):
            return self._side.present[native]
        try:
            return codec.write(value, self._side).get(native)
        except NoWordError as error:
            self._withheld.extend(_unmapped(source, value, error))
            return error.stand_in.get(native) if error.stand_in else None
