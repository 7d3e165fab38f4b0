"""Who is who: handles of people and groups on one side, a platform's ids on the other. Pure data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, Self

from syncline.connector import Party, PartyKind


class Directory(Protocol):
    """What the lens knows of one platform's people and groups."""

    def handle(self, kind: PartyKind, native_id: str) -> str | None:
        """The common handle of that party: a person's e-mail address in lower case, else the name; a group's
        name. None where it is unknown."""
        ...

    def native(self, kind: PartyKind, handle: str) -> str | None:
        """The platform's id for that handle. None where nobody, or more than one party, answers to it."""
        ...

    def sought(self, kind: PartyKind, handle: str) -> str:
        """What to ask the platform for to find the party of that handle: an id, an e-mail address or a name."""
        ...


def folded(name: str) -> str:
    """A handle in the form in which it is compared: case and blanks around it make no difference."""
    return name.strip().casefold()


@dataclass(frozen=True, slots=True)
class Parties:
    """A directory in memory: the parties that a platform has shown us, under the aliases of its mapping.

    Attributes:
        parties: By kind and id.
        aliases: By kind: folded common handle to what stands for it on this platform: an id, an e-mail
            address, or a name.
    """

    parties: Mapping[tuple[PartyKind, str], Party] = field(default_factory=dict)
    aliases: Mapping[PartyKind, Mapping[str, str]] = field(default_factory=dict)
    _by_name: Mapping[tuple[PartyKind, str], str | None] = field(default_factory=dict, repr=False)
    _by_alias: Mapping[tuple[PartyKind, str], str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        parties: Iterable[Party] = (),
        people: Mapping[str, str] | None = None,
        groups: Mapping[str, str] | None = None,
    ) -> Self:
        """A directory of those parties. `people` and `groups` map a common handle to an id, an e-mail address
        or a name of this platform."""
        aliases = {PartyKind.PERSON: dict(people or {}), PartyKind.GROUP: dict(groups or {})}
        by_alias = {
            (kind, folded(target)): handle
            for kind, table in aliases.items()
            for handle, target in table.items()
        }
        folded_aliases = {
            kind: {folded(handle): target for handle, target in table.items()}
            for kind, table in aliases.items()
        }
        return cls({}, folded_aliases, {}, by_alias).including(parties)

    def including(self, parties: Iterable[Party]) -> Self:
        """A copy that knows those parties too; a later description of the same id replaces the earlier."""
        fresh = {(p.kind, p.id): p for p in parties if self.parties.get((p.kind, p.id)) != p}
        if not fresh:
            return self
        known = {**self.parties, **fresh}
        renamed = any(key in self.parties for key in fresh)
        # A name that changed leaves its old entry behind: then the names are gathered anew.
        by_name = {} if renamed else dict(self._by_name)
        for party in known.values() if renamed else fresh.values():
            for name in {folded(party.name), folded(party.email or "")} - {""}:
                key = (party.kind, name)
                # Two parties under one name: an id picked at random would be the wrong one half the time.
                by_name[key] = party.id if by_name.get(key, party.id) == party.id else None
        return type(self)(MappingProxyType(known), self.aliases, MappingProxyType(by_name), self._by_alias)

    def people(self) -> frozenset[str]:
        """The people by all that a change history may call them: their names and their ids."""
        known = (party for party in self.parties.values() if party.kind is PartyKind.PERSON)
        return frozenset(called for party in known for called in (party.name, party.id))

    def handle(self, kind: PartyKind, native_id: str) -> str | None:
        """The alias that the mapping gives this party, else a person's e-mail address in lower case, else the name."""
        party = self.parties.get((kind, native_id))
        names = (native_id,) if party is None else (native_id, party.email or "", party.name)
        for name in names:
            alias = self._by_alias.get((kind, folded(name)))
            if alias is not None:
                return alias.strip().lower() if "@" in alias else alias
        if party is None:
            return None
        address = (party.email or "").strip().lower()
        # Groups go by their name: a mailbox is an accident of one platform.
        named = (party.name, address) if kind is PartyKind.GROUP else (address, party.name)
        return named[0] or named[1] or None

    def native(self, kind: PartyKind, handle: str) -> str | None:
        """The id of the party that the handle, or its alias, names."""
        name = self.sought(kind, handle)
        return name if (kind, name) in self.parties else self._by_name.get((kind, folded(name)))

    def sought(self, kind: PartyKind, handle: str) -> str:
        """The alias of the handle here (an id, an e-mail address or a name), else the handle."""
        return self.aliases.get(kind, {}).get(folded(handle), handle)
