"""Text with blanks to fill in: `{title} ({service})`. Names only: no expressions, no attributes, no formats."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from syncline.mapping.transforms import plain
from syncline.model import Incident, Value

EXTRAS: Final[Mapping[str, str]] = {
    "id": "Our id of the incident.",
    "origin": "The instance that the change came from.",
}
"""What may stand in a template beside the common fields."""

_PART = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_.]{0,63})\}|[{}]")


@dataclass(frozen=True, slots=True)
class Template:
    """A template, taken apart.

    Attributes:
        parts: Text, and names in a tuple of one.
    """

    parts: tuple[str | tuple[str], ...]

    @classmethod
    def parsed(cls, text: str) -> Self:
        """The template that the text describes; `{{` and `}}` stand for braces.

        Raises:
            ValueError: a brace stands alone, or holds more than a name.
        """
        parts: list[str | tuple[str]] = []
        end = 0
        for match in _PART.finditer(text):
            if match.start() > end:
                parts.append(text[end : match.start()])
            if match[1]:
                parts.append((match[1],))
            elif match[0] in {"{{", "}}"}:
                parts.append(match[0][0])
            else:
                raise ValueError(
                    f"the brace at character {match.start() + 1} must hold one name, such as {{title}};"
                    " for a brace itself write it twice"
                )
            end = match.end()
        if end < len(text):
            parts.append(text[end:])
        return cls(tuple(parts))

    @property
    def names(self) -> frozenset[str]:
        """The names that stand in it."""
        return frozenset(part[0] for part in self.parts if isinstance(part, tuple))

    def filled(self, incident: Incident, origin: str) -> str:
        """The text for that incident; what is not known leaves a blank."""
        extras: dict[str, Value] = {"id": incident.id, "origin": origin}
        return "".join(
            part
            if isinstance(part, str)
            else plain(extras[part[0]] if part[0] in extras else incident[part[0]])
            for part in self.parts
        )
