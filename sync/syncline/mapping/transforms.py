"""The fixed list of changes that a mapping may make to text on its way. There will never be a language here.

Each has two sides: what it does when we write, and what it does when we read. Where reading does not undo
writing, `loses` says what is lost; the lens then knows the written form as one that holds the common value.
"""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from types import MappingProxyType
from typing import Final

from syncline.connector import Native

Text = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Transform:
    """One change to text.

    Attributes:
        name: As it stands in the mapping, with its arguments.
        write: Common to native.
        read: Native to common.
        loses: What a round trip loses, in words; empty where reading undoes writing.
    """

    name: str
    write: Text
    read: Text
    loses: str = ""


@dataclass(frozen=True, slots=True)
class TransformKind:
    """An entry of the fixed list.

    Attributes:
        name: As it stands in the mapping.
        about: One sentence for the admin.
        arguments: How many it takes.
        make: Gives the transform of its arguments.
        example: As an admin writes it.
    """

    name: str
    about: str
    arguments: int
    make: Callable[..., Transform]
    example: str


def _strip(text: str) -> str:
    return text.strip()


def _same(text: str) -> str:
    return text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0].rstrip()


def _no_spaces(text: str) -> str:
    return re.sub(r"\s+", "_", text.strip())


def _replace(common: str, native: str) -> Transform:
    return Transform(
        f"replace: [{common!r}, {native!r}]",
        lambda text: text.replace(common, native),
        lambda text: text.replace(native, common) if native else text,
        loses=f"text that already holds {native!r}",
    )


def _prefix(prefix: str) -> Transform:
    return Transform(
        f"prefix: {prefix!r}",
        lambda text: text if text.startswith(prefix) else prefix + text,
        lambda text: text.removeprefix(prefix),
        loses=f"whether text began with {prefix!r} by itself",
    )


class _TextOfHtml(HTMLParser):
    """Collects what a reader of the page sees; never fails, whatever it is fed."""

    BREAKS: Final = frozenset(
        {"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table"}
    )
    UNSEEN: Final = frozenset({"script", "style", "head", "template"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag opens."""
        del attrs
        if tag in self.UNSEEN:
            self._unseen += 1
        elif tag == "br" or (tag in self.BREAKS and self.parts and not self.parts[-1].endswith("\n")):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """A tag closes."""
        if tag in self.UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in self.BREAKS and tag != "br" and self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        if not self._unseen:
            self.parts.append(data)


def html_to_text(markup: str) -> str:
    """What a reader of that HTML sees, as plain text."""
    parser = _TextOfHtml()
    parser.feed(markup)
    parser.close()
    return "".join(parser.parts).replace("\xa0", " ").strip("\n")


def text_to_html(text: str) -> str:
    """Plain text as HTML that shows it."""
    return html.escape(text, quote=False).replace("\n", "<br>")


def _fixed(name: str, write: Text, read: Text, loses: str) -> Callable[[], Transform]:
    return lambda: Transform(name, write, read, loses)


TRANSFORMS: Final[Mapping[str, TransformKind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            TransformKind(
                "strip",
                "Blanks before and after the text go.",
                0,
                _fixed("strip", _strip, _strip, "blanks around the text"),
                "strip",
            ),
            TransformKind(
                "lower",
                "All letters become small, both ways.",
                0,
                _fixed("lower", str.lower, str.lower, "capital letters"),
                "lower",
            ),
            TransformKind(
                "upper",
                "All letters become capitals, both ways.",
                0,
                _fixed("upper", str.upper, str.upper, "small letters"),
                "upper",
            ),
            TransformKind(
                "one_line",
                "Line breaks become blanks, both ways.",
                0,
                _fixed("one_line", _one_line, _one_line, "line breaks"),
                "one_line",
            ),
            TransformKind(
                "first_line",
                "Only the first line is written.",
                0,
                _fixed("first_line", _first_line, _same, "all but the first line"),
                "first_line",
            ),
            TransformKind(
                "no_spaces",
                "Blanks are written as `_`.",
                0,
                _fixed("no_spaces", _no_spaces, _same, "blanks"),
                "no_spaces",
            ),
            TransformKind(
                "html_to_text",
                "The platform holds HTML; the incident holds plain text.",
                0,
                _fixed("html_to_text", text_to_html, html_to_text, ""),
                "html_to_text",
            ),
            TransformKind(
                "replace",
                "The first text is written as the second, and read back as the first.",
                2,
                _replace,
                'replace: ["&", "and"]',
            ),
            TransformKind(
                "prefix",
                "Is put before the text when written, and taken off when read.",
                1,
                _prefix,
                'prefix: "[EU] "',
            ),
        )
    }
)
"""Every transform there is, by name. `split` is one too, but belongs to labels: see `codecs.TagsCodec`."""


SPLIT: Final = TransformKind(
    "split",
    "Labels stand in one text field, with this text between them.",
    1,
    lambda separator: Transform(f"split: {separator!r}", _same, _same, f"labels that hold {separator!r}"),
    'split: ", "',
)
"""Only for labels."""

CUT_MARK: Final = " […]"
"""Stands where text was cut, so that a reader sees that there is more."""

_JOINERS: Final = frozenset({"\u200d", "\ufe0f", "\ufe0e"})


def cut(text: str, limit: int | None) -> str:
    """The text, at most `limit` characters long; what is cut is marked. Never cuts between a letter and what
    belongs on it."""
    if limit is None or len(text) <= limit:
        return text
    if limit <= len(CUT_MARK):
        return text[:limit]
    end = limit - len(CUT_MARK)
    while end > 0 and (text[end] in _JOINERS or text[end - 1] == "\u200d" or _combines(text[end])):
        end -= 1
    return (text[:end] or text[: limit - len(CUT_MARK)]).rstrip() + CUT_MARK


def _combines(character: str) -> bool:
    return "\u0300" <= character <= "\u036f" or "\U0001f3fb" <= character <= "\U0001f3ff"


def plain(value: Native) -> str:
    """A native value as canonical text: `\\n` line ends, no white space at the end; nothing is the empty text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return ", ".join(value)
        case float() if value.is_integer():
            return str(int(value))
        case _:
            text = value if isinstance(value, str) else f"{value}"
            return text.replace("\r\n", "\n").replace("\r", "\n").rstrip()
