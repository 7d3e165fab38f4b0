"""Text as Jira keeps it: Atlassian Document Format on Cloud (REST v3), wiki markup on Data Center (REST v2).

What we write and read back is the same text: `plain(document(text)) == canonical(text)`. Of what people wrote
with the editor the reader keeps the words and drops the looks. Wiki markup already is text and is left alone:
undoing and redoing its escapes would change what people wrote.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from syncline.connector import canonical_text

MAX_DEPTH: Final = 60
"""Levels of a document that are read; the editor nests far less."""

_UNSTORABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML 1.0 has no place for: Jira drops it or answers 400."""

_HALF: Final = re.compile("[\ud800-\udfff]")
"""Halves of a surrogate pair: no text at all, and not to be encoded as UTF-8."""

_BREAK: Final = re.compile(r"[^\S\n]*\n\s*")

_BLOCKS: Final = frozenset(
    {
        "blockquote",
        "bulletList",
        "codeBlock",
        "decisionList",
        "expand",
        "heading",
        "layoutColumn",
        "layoutSection",
        "mediaGroup",
        "mediaSingle",
        "nestedExpand",
        "orderedList",
        "panel",
        "paragraph",
        "rule",
        "table",
        "taskList",
    }
)


def canonical(text: str) -> str:
    """The one form in which text is compared: `\\n` line ends, nothing unstorable, no white space at its end."""
    return canonical_text(_HALF.sub("\ufffd", _UNSTORABLE.sub("", text)))


def one_line(text: str) -> str:
    """Text for a field that takes no line break, such as the summary: each becomes one space."""
    return _BREAK.sub(" ", canonical(text)).strip()


def document(text: str) -> dict[str, Any]:
    """Plain text as an ADF document: blank lines part paragraphs, other line ends are hard breaks."""
    paragraphs = canonical(text).split("\n\n")
    return {"version": 1, "type": "doc", "content": [_paragraph(lines) for lines in paragraphs]}


def plain(value: object) -> str | None:
    """The words of a text field as v2 or v3 gives it; None where it is empty or no text."""
    if isinstance(value, str):
        return canonical(value) or None
    if isinstance(value, Mapping):
        return canonical(_node(value, 0)) or None
    return None


def _paragraph(lines: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for number, line in enumerate(lines.split("\n")):
        if number:
            content.append({"type": "hardBreak"})
        if line:  # ADF: a text node holds at least one character
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}


def _node(node: object, depth: int) -> str:
    """The words of one node. What is not shaped like a node has none."""
    if not isinstance(node, Mapping) or depth > MAX_DEPTH:
        return ""
    kind = node.get("type")
    attributes = node.get("attrs")
    attrs: Mapping[str, Any] = attributes if isinstance(attributes, Mapping) else {}
    match kind:
        case "text":
            return _text(node)
        case "hardBreak":
            return "\n"
        case "rule":
            return "----"
        case "bulletList" | "orderedList" | "taskList" | "decisionList":
            return _list(node, depth)
        case "table":
            return "\n".join(_node(row, depth + 1) for row in _content(node))
        case "tableRow":
            return " | ".join(_node(cell, depth + 1).replace("\n", " ") for cell in _content(node))
        case _:
            return _leaf(attrs) if not _content(node) else _inside(node, depth)


def _leaf(attrs: Mapping[str, Any]) -> str:
    """A node without content shows an attribute: a mention, an emoji, a card, a status, a file."""
    return next((v for k in ("text", "shortName", "url", "alt") if isinstance(v := attrs.get(k), str)), "")


def _content(node: Mapping[str, Any]) -> list[Any]:
    content = node.get("content")
    return content if isinstance(content, list) else []


def _inside(node: Mapping[str, Any], depth: int) -> str:
    """Blocks are parted by a blank line; what stands in a line follows one on the other."""
    children = _content(node)
    blocks = any(isinstance(child, Mapping) and str(child.get("type")) in _BLOCKS for child in children)
    return ("\n\n" if blocks else "").join(_node(child, depth + 1) for child in children)


def _text(node: Mapping[str, Any]) -> str:
    """A text node; a link shows where it leads unless its words already say so."""
    text = node.get("text")
    words = text if isinstance(text, str) else ""
    marks = node.get("marks")
    for mark in marks if isinstance(marks, list) else ():
        attrs = mark.get("attrs") if isinstance(mark, Mapping) and mark.get("type") == "link" else None
        href = attrs.get("href") if isinstance(attrs, Mapping) else None
        if isinstance(href, str) and href not in (words, f"mailto:{words}"):
            words = f"{words} ({href})"
    return words


def _list(node: Mapping[str, Any], depth: int) -> str:
    numbered = node.get("type") == "orderedList"
    lines = []
    for number, item in enumerate(_content(node), start=1):
        mark = f"{number}. " if numbered else "- "
        words = _node(item, depth + 1).replace("\n\n", "\n")
        lines.append(mark + words.replace("\n", "\n" + " " * len(mark)))
    return "\n".join(lines)
