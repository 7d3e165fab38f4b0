"""Where a character of a YAML value stands in the file."""

import re
from bisect import bisect_right
from typing import Final

_LINE_END: Final = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_BLANK: Final = " \t\r\n\x85\u2028\u2029"
_BLANKS: Final = frozenset(_BLANK)
_HEX: Final = {"x": 2, "u": 4, "U": 8}


def line_starts(text: str) -> list[int]:
    """At which character each line begins."""
    return [0, *(match.end() for match in _LINE_END.finditer(text))]


def inside(text: str, lines: list[int], start: tuple[int, int], value: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of the character `offset` of a value.

    Args:
        text: The file.
        lines: Its `line_starts`.
        start: Line and column, from 1, at which the value stands in it, with its quotation mark.
        value: The value, as YAML has it: folded, and with escapes taken for what they stand for.
        offset: In characters from 0; that of the end is possible.

    Returns:
        The place; that of the value's start where the file and the value do not go together.
    """
    if not 0 < start[0] <= len(lines):
        return start
    at = lines[start[0] - 1] + start[1] - 1
    found = _aligned(text, at, value, offset)
    if found is None:
        return start
    line = bisect_right(lines, found)
    return line, found - lines[line - 1] + 1


def _aligned(text: str, at: int, value: str, offset: int) -> int | None:
    """The place in the file of that character; None where they do not go together."""
    quote = text[at : at + 1]
    if quote in {"|", ">"}:
        end = _LINE_END.search(text, at)
        if end is None:
            return None
        at, quote = _skipped(text, end.end()), ""
    elif quote in {'"', "'"}:
        at += 1
    else:
        quote = ""
    for char in value[:offset]:
        next_at = _after(text, at, char, quote)
        if next_at is None:
            return None
        at = next_at
    # A fault may begin where the value went on in the next line, or at its very end.
    if offset < len(value) and value[offset] not in _BLANK:
        at = _skipped(text, at)
        if quote != '"' and text[at : at + 1] != value[offset]:
            return None
    return at if at <= len(text) else None


def _after(text: str, at: int, char: str, quote: str) -> int | None:
    """The place after one character of the value."""
    here = text[at : at + 1]
    if quote == '"' and here == "\\":
        return _after_escape(text, at)
    if char in _BLANK:
        if here == char == " ":
            return at + 1
        # Blanks that follow one another may have been skipped all at once.
        before = text[at - 1 : at]
        return _skipped(text, at) if {here, before} & _BLANKS else None
    if here and here in _BLANK:
        # A line end that was folded away, or the indentation of the line.
        at = _skipped(text, at)
        here = text[at : at + 1]
    if here != char:
        return None
    return at + 2 if quote == "'" == char else at + 1


def _after_escape(text: str, at: int) -> int | None:
    kind = text[at + 1 : at + 2]
    return at + 2 + _HEX.get(kind, 0) if kind and kind not in _BLANK else None


def _skipped(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at
