"""Templates of messages: text with names in braces, `{title}`, and nothing else: no formats, no attributes, no code."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    "id": "Our id of the incident.",
    "title": "Its title.",
    "description": "Its description.",
    "status": "Its status.",
    "priority": "Its priority, P1 to P5.",
    "service": "The service that it is about.",
    "group": "The group that has it.",
    "assignee": "Who has it.",
    "requester": "Who reported it.",
    "records": "Its tickets: platform, key and address, a line each.",
    "policy": "The policy by which the message is sent.",
    "tier": "The tier that holds it.",
    "person": "The name of who gets the message.",
    "why": "Why they get it, in a sentence.",
    "runbook": "The step's runbook.",
    "raised_by": "Who raised a hand; empty where nobody did.",
}
"""What may stand in braces."""

LONGEST_VALUE: Final = 2_000
"""Characters; what is longer is cut with a visible mark."""
LONGEST_TITLE: Final = 200

_PART: Final = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}|[{}]")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
# Control characters but tab and line feed; also what turns the direction of text, or hides it.
_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


@dataclass(frozen=True, slots=True)
class TemplateFault:
    """One thing that is wrong with a template.

    Attributes:
        message: A plain sentence.
        offset: 0-based character of the template at which it stands.
        length: Characters.
    """

    message: str
    offset: int
    length: int


def faults(template: str, names: Collection[str] = NAMES.keys()) -> list[TemplateFault]:
    """All that is wrong with a template, in its order. `{{` and `}}` stand for braces."""
    found = []
    for match in _PART.finditer(template):
        if match[0] in {"{{", "}}"}:
            continue
        said = _fault(match[0], match[1], names)
        if said:
            found.append(TemplateFault(said, match.start(), len(match[0])))
    return found


def _fault(part: str, inside: str | None, names: Collection[str]) -> str:
    if inside is None:
        return f'the brace "{part}" has no partner; for a brace itself write it twice'
    if not _NAME.match(inside):
        plain_name = re.match(r"\s*([A-Za-z_]\w*)", inside)
        hint = f", such as {{{plain_name[1]}}}" if plain_name and plain_name[1] in names else ""
        return f'"{part}" holds more than a name; write one name in braces{hint}, without blanks, dots or formats'
    if inside in names:
        return ""
    near = get_close_matches(inside, list(names), n=1)
    guess = f"; did you mean {{{near[0]}}}?" if near else f"; there are {', '.join(sorted(names))}"
    return f'nothing is called "{inside}" here{guess}'


def filled(template: str, values: Mapping[str, object], longest: int = 10_000) -> str:
    """The text with its blanks filled in; at most `longest` characters.

    A name without a value leaves a blank. What a value says is never taken for a template.

    Raises:
        ValueError: the template has faults; `faults` names them.
    """

    def fill(match: re.Match[str]) -> str:
        if match[0] in {"{{", "}}"}:
            return match[0][0]
        if match[1] is None or not _NAME.match(match[1]):
            raise ValueError(_fault(match[0], match[1], values))
        return cut(clean(_said(values.get(match[1]))), LONGEST_VALUE)

    return cut(clean(_PART.sub(fill, template)), longest)


def _said(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable) and not isinstance(value, Mapping | bytes):
        return "\n".join(_said(one) for one in value)
    return str(value)


def clean(text: str) -> str:
    """Text without control characters, which could forge lines or hide what follows; line ends are `\\n`."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def cut(text: str, longest: int) -> str:
    """Text of at most so many characters; where it was cut, it shows."""
    return text if len(text) <= longest else text[: max(0, longest - 3)] + "..."


def one_line(text: str, longest: int = LONGEST_TITLE) -> str:
    """Text for a title: one line without control characters."""
    return cut(" ".join(clean(text).split()), longest)
