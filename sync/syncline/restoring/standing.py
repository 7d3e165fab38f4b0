"""What of all that was said of a field nobody replaced knowingly. Pure.

Whoever gives a field a value has seen what stood there, and with it the edit of which that was a copy, and all that this one had
replaced. What nobody has seen stands: side by side, since none of it has seen another. It does not matter which of it our own
writes overwrote, nor whether somebody gave anew what the database knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from syncline.model import Value
from syncline.restoring.strands import TOLERANCE, Claim, Said, Side


@dataclass(frozen=True, slots=True)
class Strand:
    """What one side has to do with a field.

    Attributes:
        side: The record.
        known: So many entries of its history the database knows, the oldest: they are merged, or on record.
        claim: What it says by itself, where that is no person's entry; None: nothing.
    """

    side: Side
    known: int = 0
    claim: Claim | None = None

    def counted(self, said: Said) -> Said:
        """An entry, with the time since when it counts."""
        return said if self.claim is None else replace(said, at=self.claim.at)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands.

    Attributes:
        sayings: The number of a strand, and what was said there.
        base: Whether what the database knew stands beside it, unseen.
    """

    sayings: Sequence[tuple[int, Said]]
    base: bool


_Place = tuple[int, int]
"""Number of a strand, and of an entry in it."""


def standing(name: str, strands: Sequence[Strand], base: Value) -> Standing:
    """What stands of a field.

    Args:
        name: Common field.
        strands: All records of the incident.
        base: What the database knew; of an incident that it had lost, with what that began.
    """
    web = _Web(name, strands, base)
    seen = {root: web.seen(root) for root in web.roots()}
    sayings = [
        (number, strands[number].counted(web.entries[number][position]))
        for number, position in seen
        if not any(web.replaced((number, position), root, seen) for root in seen)
    ]
    return Standing(sayings, not any(web.says(place, base) for places in seen.values() for place in places))


class _Web:
    """All that was said of a field, and what each of it replaced."""

    def __init__(self, name: str, strands: Sequence[Strand], base: Value) -> None:
        self.name, self.strands, self.base = name, strands, base
        self.entries = [_entries(name, strand, base) for strand in strands]
        self.known_sources: dict[_Place, list[_Place]] = {}

    def roots(self) -> list[_Place]:
        """What the database does not know and is no copy. What nobody said counts only where it is the last."""
        return [
            (number, place)
            for number, strand in enumerate(self.strands)
            for place in range(strand.known + 1, len(self.entries[number]))
            if self._counts((number, place))
        ]

    def _counts(self, place: _Place) -> bool:
        said, strand = self._at(place), self.strands[place[0]]
        if place[1] < len(self.entries[place[0]]) - 1:
            return not said.own and not said.automatic
        if not said.own:
            return True
        alone = all(self._at(source).own for source in self._sources(place))
        return strand.claim is not None and alone and not self._owed(place)

    def _owed(self, place: _Place) -> bool:
        """Whether an entry brings there what the database knew, and what had not stood there yet."""
        number, position = place
        return self.says(place, self.base) and not any(
            self.says((number, earlier), self.base) for earlier in range(position)
        )

    def seen(self, root: _Place) -> set[_Place]:
        """What whoever said that had seen of what was said before."""
        found: set[_Place] = set()
        left = self._before(root)
        while left:
            place = left.pop()
            if place not in found:
                found.add(place)
                left += self._before(place)
        return found

    def replaced(self, one: _Place, by: _Place, seen: Mapping[_Place, set[_Place]]) -> bool:
        """Whether whoever said the second had seen the first. Of two that seem to have seen one another, since clocks differ,
        the later one."""
        if one == by or one not in seen[by]:
            return False
        return by not in seen[one] or (self._at(by).at, by) > (self._at(one).at, one)

    def says(self, place: _Place, value: Value) -> bool:
        """Whether an entry says that, were it in its side's own words."""
        said, side = self._at(place), self.strands[place[0]].side
        if (said.value or None) == (value or None):
            return True
        return bool(value) and side.mapping.holds(self.name, value, said.natives, side.directory)

    def _at(self, place: _Place) -> Said:
        return self.entries[place[0]][place[1]]

    def _before(self, place: _Place) -> list[_Place]:
        """What stood there until then, or of what an entry of our account is the copy."""
        number, position = place
        if self._at(place).own:
            sources = self._sources(place)
            if sources or self._owed(place):
                return sources
        return [(number, position - 1)] if position else []

    def _sources(self, place: _Place) -> list[_Place]:
        """The entries of which one of our account can be the copy. Who uses our account passes for us: what it wrote elsewhere
        before may be theirs, where it can be no copy itself."""
        if place not in self.known_sources:
            self.known_sources[place] = self._sought(place)
        return self.known_sources[place]

    def _sought(self, place: _Place) -> list[_Place]:
        copy = self._at(place)
        return [
            (number, position)
            for number, told in enumerate(self.entries)
            for position, said in enumerate(told)
            if position
            and (position < place[1] if number == place[0] else not said.own or said.at < copy.at)
            and said.at <= copy.at + TOLERANCE
            and said.value is not None
            and self.says(place, said.value)
            and self.strands[place[0]].side.may_copy(said, self.strands[number].side, place[1] - 1)
            and not (said.own and self._sources((number, position)))
        ]


def _entries(name: str, strand: Strand, base: Value) -> list[Said]:
    """A side's history, after what stood there before it."""
    side, told = strand.side, strand.side.of(name)
    first = Said(name, told[0].before if told else base, side.record.created_at - side.skew, True, "", {})
    claim = strand.claim
    if told or claim is None:
        return [first, *told]
    natives = {n: side.record.values.get(n) for n in side.mapping.natives_of(name)}
    return [first, Said(name, claim.value, claim.at, False, claim.actor, natives, claim.automatic)]
