"""Atlassian Document Format: what the site accepts, and its relation to the text of version 2 of the API."""

from collections.abc import Mapping
from typing import Any, Final

from syncline.sandbox.jira.model import RichText
from syncline.sandbox.jira.refusals import ContentError, FieldError

LIMIT: Final = 32767
"""Characters of a text field (`jira.text.field.character.limit`)."""
_DEPTH: Final = 60

_INLINE: Final = frozenset(
    {"text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status", "mediaInline", "placeholder"}
)
_BLOCKS: Final = frozenset(
    {
        "paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "rule", "panel", "table",
        "mediaSingle", "mediaGroup", "expand", "taskList", "decisionList", "blockCard", "embedCard", "layoutSection",
    }
)  # fmt: skip
_CHILDREN: Final[Mapping[str, frozenset[str]]] = {
    "doc": _BLOCKS,
    "paragraph": _INLINE,
    "heading": _INLINE,
    "codeBlock": frozenset({"text"}),
    "bulletList": frozenset({"listItem"}),
    "orderedList": frozenset({"listItem"}),
    "listItem": frozenset({"paragraph", "bulletList", "orderedList", "codeBlock", "mediaSingle", "taskList"}),
    "blockquote": frozenset(
        {"paragraph", "bulletList", "orderedList", "codeBlock", "mediaSingle", "mediaGroup"}
    ),
    "panel": _BLOCKS,
    "expand": _BLOCKS | {"nestedExpand"},
    "nestedExpand": _BLOCKS,
    "table": frozenset({"tableRow"}),
    "tableRow": frozenset({"tableCell", "tableHeader"}),
    "tableCell": _BLOCKS | {"nestedExpand"},
    "tableHeader": _BLOCKS | {"nestedExpand"},
    "mediaSingle": frozenset({"media", "caption"}),
    "mediaGroup": frozenset({"media"}),
    "caption": _INLINE,
    "taskList": frozenset({"taskItem", "taskList", "blockTaskItem"}),
    "taskItem": _INLINE,
    "decisionList": frozenset({"decisionItem"}),
    "decisionItem": _INLINE,
    "layoutSection": frozenset({"layoutColumn"}),
    "layoutColumn": _BLOCKS,
}
_MARKS: Final = frozenset(
    {
        "strong", "em", "code", "link", "strike", "subsup", "underline", "textColor", "backgroundColor", "annotation",
        "alignment", "indentation", "border", "breakout", "fontSize",
    }
)  # fmt: skip
_REQUIRED_ATTRS: Final[Mapping[str, str]] = {"heading": "level", "panel": "panelType", "mention": "id"}
_WIKI_MARKS: Final = {"strong": "*", "em": "_", "strike": "-", "underline": "+"}


def parse_document(value: Any) -> RichText | None:
    """A text field's value in version 3 of the API; None clears it.

    Raises:
        FieldError: it is no document at all: a plain string, say.
        ContentError: it is one that the schema of the format does not allow, or too long.
    """
    if value is None:
        return None
    if not isinstance(value, dict) or value.get("type") != "doc":
        # Jira Cloud platform REST API v3: description, environment, comment bodies and multi-line custom fields are ADF.
        raise FieldError("Operation value must be an Atlassian Document (see the Atlassian Document Format)")
    if value.get("version") != 1 or not isinstance(value.get("content"), list):
        raise ContentError("INVALID_INPUT")
    _validate(value, 0)
    if len(plain(value)) > LIMIT:
        raise ContentError("CONTENT_LIMIT_EXCEEDED")
    return value if value["content"] else None


def parse_text(value: Any) -> RichText | None:
    """A text field's value in version 2 of the API; None and the empty string clear it.

    Raises:
        FieldError: it is no text, or too long.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise FieldError("Operation value must be a string")
    if len(value) > LIMIT:
        raise FieldError("The entered text is too long. It exceeds the allowed limit of 32,767 characters.")
    return value or None


def _validate(node: Any, depth: int) -> None:
    if not isinstance(node, dict) or depth > _DEPTH:
        raise ContentError("INVALID_INPUT")
    kind = node.get("type")
    if not isinstance(node.get("attrs", {}), dict):
        raise ContentError("INVALID_INPUT")
    required = _REQUIRED_ATTRS.get(str(kind))
    if required and required not in node.get("attrs", {}):
        raise ContentError("INVALID_INPUT")
    if kind == "text":
        # ADF: a text node holds at least one character.
        if not isinstance(node.get("text"), str) or not node["text"]:
            raise ContentError("INVALID_INPUT")
        _validate_marks(node.get("marks", []))
        return
    children = node.get("content", [])
    if not isinstance(children, list):
        raise ContentError("INVALID_INPUT")
    allowed = _CHILDREN.get(str(kind), frozenset())
    for child in children:
        if not isinstance(child, dict) or child.get("type") not in allowed:
            raise ContentError("INVALID_INPUT")
        _validate(child, depth + 1)


def _validate_marks(marks: Any) -> None:
    if not isinstance(marks, list):
        raise ContentError("INVALID_INPUT")
    for mark in marks:
        if not isinstance(mark, dict) or mark.get("type") not in _MARKS:
            raise ContentError("INVALID_INPUT")
        attrs = mark.get("attrs", {})
        if not isinstance(attrs, dict) or (mark["type"] == "link" and not isinstance(attrs.get("href"), str)):
            raise ContentError("INVALID_INPUT")


def document(text: RichText) -> Mapping[str, Any]:
    """The text as version 3 shows it: blank lines part paragraphs, line ends are hard breaks."""
    if not isinstance(text, str):
        return text
    return {"version": 1, "type": "doc", "content": [_paragraph(part) for part in _lines(text).split("\n\n")]}


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _paragraph(text: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content} if content else {"type": "paragraph"}


def wiki(text: RichText) -> str:
    """The text as version 2 shows it: wiki markup."""
    return text if isinstance(text, str) else _blocks(text.get("content", []), marked=True)


def plain(text: RichText) -> str:
    """The bare words, for the search index and for limits."""
    return text if isinstance(text, str) else _blocks(text.get("content", []), marked=False)


def same(one: RichText | None, other: RichText | None) -> bool:
    """Whether two values of a text field say the same; a round trip through the other version is no change."""
    if one is None or other is None or type(one) is type(other):
        return one == other
    return wiki(one) == wiki(other)


def _blocks(nodes: list[Any], *, marked: bool, prefix: str = "") -> str:
    joiner = "\n" if prefix else "\n\n"
    return joiner.join(_block(node, marked=marked, prefix=prefix) for node in nodes)


def _block(node: Mapping[str, Any], *, marked: bool, prefix: str) -> str:
    kind = node.get("type")
    children = node.get("content", [])
    if kind in {"paragraph", "caption", "taskItem", "decisionItem"}:
        return "".join(_inline(child, marked=marked) for child in children)
    if kind == "heading":
        words = "".join(_inline(child, marked=marked) for child in children)
        return f"h{node['attrs']['level']}. {words}" if marked else words
    if kind == "codeBlock":
        code = "".join(child.get("text", "") for child in children)
        return f"{{code}}{code}{{code}}" if marked else code
    if kind in {"bulletList", "orderedList"}:
        sign = prefix + ("*" if kind == "bulletList" else "#")
        return "\n".join(_item(child, sign, marked=marked) for child in children)
    if kind == "blockquote" and marked:
        return "{quote}" + _blocks(children, marked=marked) + "{quote}"
    if kind == "panel" and marked:
        return "{panel}" + _blocks(children, marked=marked) + "{panel}"
    if kind == "tableRow":
        return "|" + "|".join(_blocks(cell.get("content", []), marked=marked) for cell in children) + "|"
    if kind == "rule":
        return "----"
    return _blocks(children, marked=marked, prefix=" " if kind == "table" else "")


def _item(node: Mapping[str, Any], sign: str, *, marked: bool) -> str:
    children = node.get("content", [])
    rows = [_block(child, marked=marked, prefix=sign) for child in children]
    if marked and children and children[0].get("type") == "paragraph":
        rows[0] = f"{sign} {rows[0]}"
    return "\n".join(rows)


def _inline(node: Mapping[str, Any], *, marked: bool) -> str:
    kind = node.get("type")
    attrs: Mapping[str, Any] = node.get("attrs", {})
    if kind == "text":
        return _marked(node) if marked else str(node["text"])
    if kind == "hardBreak":
        return "\n"
    if kind == "mention":
        return f"[~accountid:{attrs.get('id')}]" if marked else str(attrs.get("text", ""))
    if kind == "inlineCard":
        return f"[{attrs.get('url', '')}]" if marked else str(attrs.get("url", ""))
    return str(attrs.get("text") or attrs.get("shortName") or "")


def _marked(node: Mapping[str, Any]) -> str:
    text = str(node["text"])
    for mark in node.get("marks", []):
        sign = _WIKI_MARKS.get(mark["type"])
        if sign:
            text = f"{sign}{text}{sign}"
        elif mark["type"] == "code":
            text = "{{" + text + "}}"
        elif mark["type"] == "link":
            href = mark["attrs"]["href"]
            text = f"[{text}|{href}]" if text != href else f"[{href}]"
    return text
