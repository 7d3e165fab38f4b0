"""The names that conditions may use, each with its type."""

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from syncline.escalation.conditions.compiling import Condition

WORDS: Final = frozenset({"and", "or", "not", "in", "is", "true", "false", "none"})
"""Words of the language; no name may be one."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class Type(StrEnum):
    """What a fact is. A duration is a number of seconds, a set is a tuple or frozenset of text."""

    TEXT = "text"
    NUMBER = "number"
    YES_NO = "yes_no"
    DURATION = "duration"
    SET = "set"

    @property
    def noun(self) -> str:
        """The type in a sentence: `a number`."""
        return _NOUNS[self]


_NOUNS = {
    Type.TEXT: "text",
    Type.NUMBER: "a number",
    Type.YES_NO: "yes or no",
    Type.DURATION: "a duration",
    Type.SET: "a set",
}


@dataclass(frozen=True, slots=True)
class Name:
    """One name.

    Attributes:
        name: As it stands in conditions: ASCII letters, digits and `_`, at most 64.
        type: What its facts are.
        values: All the values that there are, for text and numbers; empty: any text, or any whole number from 0.
        nullable: Whether its fact may be unknown.
        about: One sentence for the reader.

    Raises:
        ValueError: That cannot be a name, or its values are not of its type.
    """

    name: str
    type: Type
    values: tuple[str | int, ...] = ()
    nullable: bool = True
    about: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f'"{self.name}" cannot be a name in conditions: write letters, digits and _, first a letter, at most 64'
            )
        if self.name.casefold() in WORDS:
            raise ValueError(f'"{self.name}" is a word of the language and cannot be a name in conditions')
        right = {Type.TEXT: str, Type.NUMBER: int}.get(self.type)
        for value in self.values:
            if right is None or type(value) is not right or (isinstance(value, int) and value < 0):
                raise ValueError(f'"{self.name}" is {self.type.noun}: {value!r} cannot be one of its values')


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that the conditions of one book may use.

    Attributes:
        names: Canonical name to what it is.
        aliases: Other spelling to canonical name.
        axioms: Conditions that hold for every incident; deciding takes no other incidents into account.
    """

    names: Mapping[str, Name]
    aliases: Mapping[str, str]
    axioms: tuple["Condition", ...] = ()

    def extended(self, names: Iterable[Name]) -> "Vocabulary":
        """The vocabulary with more names, or with known ones closed to certain values.

        Raises:
            ValueError: A known name would change its type, or an alias its meaning.
        """
        known = dict(self.names)
        for name in names:
            if name.name in self.aliases:
                canonical = self.aliases[name.name]
                raise ValueError(f'"{name.name}" is another word for "{canonical}"; declare "{canonical}"')
            before = known.get(name.name)
            if before is not None and before.type is not name.type:
                raise ValueError(f'"{name.name}" is {before.type.noun}, and cannot be made {name.type.noun}')
            known[name.name] = name
        return replace(self, names=MappingProxyType(known))

    def find(self, word: str) -> Name | None:
        """The name that is spelled so, or None."""
        return self.names.get(self.aliases.get(word, word))

    @property
    def words(self) -> tuple[str, ...]:
        """All spellings."""
        return (*self.names, *self.aliases)


def foreign(word: str) -> bool:
    """Whether it is a word of programming languages that this one has no use for."""
    return keyword.iskeyword(word) or keyword.issoftkeyword(word)
