"""From text to tokens: what may stand in a condition at all, and in which order.

Only what this module knows goes on to the parser, respelled: names become `x`, constants `1`. So nothing that the
author wrote, but for its structure, ever reaches `ast.parse`.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from syncline.escalation.conditions.faults import Fault
from syncline.escalation.conditions.vocabulary import WORDS, Vocabulary, foreign
from syncline.mapping.validation import nearest

LONGEST: Final = 2_000
"""Characters of a condition."""
DEEPEST: Final = 30
"""Levels of nesting: brackets, and each `not` before what it negates."""
MOST_FAULTS: Final = 50
"""Faults reported of one condition."""
LARGEST: Final = 1_000_000_000
"""The largest number, and the largest count of a unit of time."""

SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
"""Units of durations, in the order in which they are written."""

_DURATION = re.compile(r"(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<text>"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')
    |(?P<count>[0-9][\w.]*)
    |(?P<word>[^\W\d]\w*(?:[ ]*\.[ ]*[^\W\d]\w*)*)
    |(?P<sign>===|!==|:=|\*\*|//|==|!=|<=|>=|<>|=>|=<|&&|\|\||.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_COUNTED = re.compile(r"([0-9]+)([A-Za-z]+)")
_LONG_UNITS = {
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "min": "m",
    "mins": "m",
    "minute": "m",
    "minutes": "m",
    "hr": "h",
    "hrs": "h",
    "hour": "h",
    "hours": "h",
    "day": "d",
    "days": "d",
    "week": "w",
    "weeks": "w",
}
_RIGHT_SIGNS = {"==", "!=", "<", "<=", ">", ">="}
_OTHER_SIGNS = {
    "=": "==",
    "===": "==",
    ":=": "==",
    "!==": "!=",
    "<>": "!=",
    "=>": ">=",
    "=<": "<=",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2260": "!=",
    "&&": "and",
    "&": "and",
    "||": "or",
    "|": "or",
    "!": "not",
}
_OTHER_WORDS = {"null": "none", "nil": "none", "yes": "true", "no": "false"}
_SIGNS_ABOUT = {
    "+": "arithmetic",
    "-": "arithmetic",
    "*": "arithmetic",
    "**": "arithmetic",
    "/": "arithmetic",
    "//": "arithmetic",
    "%": "arithmetic",
    "{": "a set in braces",
    "}": "a set in braces",
    ".": "an attribute",
    "@": "arithmetic",
    "~": "arithmetic",
    "^": "arithmetic",
    "#": "a comment",
    "\\": "a backslash outside of quotes",
}


class Kind(StrEnum):
    """What a token is."""

    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    DURATION = "duration"
    TRUTH = "truth"
    NONE = "none"
    COMPARE = "compare"
    AND_OR = "and or"
    NOT = "not"
    OPEN = "open"
    CLOSE = "close"
    COMMA = "comma"


VALUES: Final = frozenset({Kind.NAME, Kind.TEXT, Kind.NUMBER, Kind.DURATION, Kind.TRUTH, Kind.NONE})
"""Kinds of tokens that can stand on a side of a comparison."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    Attributes:
        kind: What it is.
        offset: Where it begins in the text.
        length: How many characters of the text it takes.
        plain: How it is spelled for the parser; the canonical word or sign.
        value: Of a constant; the word as written of a name.
    """

    kind: Kind
    offset: int
    length: int
    plain: str
    value: str | int | float | bool | None = None


def tokens(text: str, vocabulary: Vocabulary) -> tuple[list[Token], list[Fault], bool]:
    """The tokens of a condition, what is wrong with them, and whether all of the text became tokens. Slips with one
    likely meaning are read as meant, so that the rest can be checked as well."""
    found: list[Token] = []
    faults: list[Fault] = []
    whole = True
    for match in _TOKEN.finditer(text):
        kind, word, at = match.lastgroup, match[0], match.start()
        if kind == "space":
            continue
        if len(faults) >= MOST_FAULTS:
            whole = False
            break
        if kind == "text":
            read = _text(word, at)
        elif kind == "count":
            read = _count(word, at)
        elif kind == "word":
            read = _word(word, at, vocabulary)
        else:
            read = _sign(word, at)
        token, fault = read
        if token is None:
            whole = False
        else:
            found.append(token)
        if fault is not None:
            faults.append(fault)
        if token is None and word in {'"', "'"}:
            break  # what follows is inside of a text that never ends
    return _joined(found, faults), faults, whole


Read = tuple[Token | None, Fault | None]


def _text(word: str, at: int) -> Read:
    for match in _ESCAPE.finditer(word, 1, len(word) - 1):
        if match[1] not in "\\\"'":
            return Token(Kind.TEXT, at, len(word), "1", word[1:-1]), Fault(
                'In text, a backslash stands only before a quote or another backslash; write "\\\\".',
                at + match.start(),
                2,
                "\\\\",
            )
    hidden = next((place for place, char in enumerate(word) if not char.isprintable()), None)
    if hidden is not None:
        message = f"This text has a character that cannot be seen: {_described(word[hidden])}."
        return Token(Kind.TEXT, at, len(word), "1", word[1:-1]), Fault(message, at + hidden, 1)
    value = _ESCAPE.sub(r"\1", word[1:-1])
    return Token(Kind.TEXT, at, len(word), "1", value), None


def _count(word: str, at: int) -> Read:
    token = Token(Kind.NUMBER, at, len(word), "1", 0)
    if re.fullmatch(r"[0-9]+", word):
        if len(word) > 10 or int(word) > LARGEST:
            return token, Fault(f"This number is too large; the largest is {LARGEST}.", at, len(word))
        return Token(Kind.NUMBER, at, len(word), "1", int(word)), None
    seconds = duration(word)
    if seconds is not None:
        if seconds > LARGEST:
            return token, Fault("This duration is longer than 30 years.", at, len(word))
        return Token(Kind.DURATION, at, len(word), "1", seconds), None
    guess = _COUNTED.fullmatch(word)
    if guess is not None:
        unit = guess[2] if guess[2] in SECONDS else guess[2].lower()
        unit = _LONG_UNITS.get(unit, unit)
        if unit in SECONDS:
            meant = f"{guess[1]}{unit}"
            return Token(Kind.DURATION, at, len(word), "1", duration(meant)), Fault(
                f"{_quoted(word)} is not a duration; write {meant}.", at, len(word), meant
            )
    if "." in word:
        return token, Fault(
            "A number is written without a point: a whole number, or 90m for 1.5 h.", at, len(word)
        )
    return token, Fault(
        f"{_quoted(word)} is neither a whole number nor a duration such as 90s, 30m, 4h, 2d, 1w or 1h30m.",
        at,
        len(word),
    )


def duration(word: str) -> float | None:
    """The seconds of `90s`, `30m`, `4h`, `2d`, `1w`, `1h30m`; None where it is no such thing."""
    match = _DURATION.fullmatch(word)
    if match is None or not word:
        return None
    counts = zip(match.groups(), SECONDS.values(), strict=True)
    return float(sum(min(int(count[:12]), 10**11) * seconds for count, seconds in counts if count))


def _word(word: str, at: int, vocabulary: Vocabulary) -> Read:
    plain, length = word.lower(), len(word)
    if "." in word:
        token = Token(Kind.NAME, at, length, "x", word)
        last = word.rpartition(".")[2].strip()
        near = vocabulary.find(last)
        hint = (
            f" Did you mean {near.name}?" if near else " Names stand alone; `fields:` declares further ones."
        )
        return token, Fault(
            f"An attribute is not part of the language.{hint}", at, length, near.name if near else None
        )
    if vocabulary.find(word) is not None:
        return Token(Kind.NAME, at, length, "x", word), None
    if plain in WORDS:
        token = _keyword(plain, at, length)
        return token, None if word == plain else Fault(f"Write {plain} in small letters.", at, length, plain)
    if plain in _OTHER_WORDS:
        meant = _OTHER_WORDS[plain]
        return _keyword(meant, at, length), Fault(f"Write {meant} for {_quoted(word)}.", at, length, meant)
    if foreign(word):
        return Token(Kind.NAME, at, length, "x", word), Fault(
            f"`{word}` is not part of the language.", at, length
        )
    if not word.isascii():
        odd = next(char for char in word if not char.isascii())
        close = nearest(unicodedata.normalize("NFKC", word), vocabulary.words)
        message = f"{_quoted(word)} has a letter that only looks like one of ours: {_described(odd)}."
        if close is not None:
            message += f" Did you mean {close}?"
        return Token(Kind.NAME, at, length, "x", word), Fault(message, at, length, close)
    return Token(Kind.NAME, at, length, "x", word), None


def _keyword(word: str, at: int, length: int) -> Token:
    match word:
        case "true" | "false":
            return Token(Kind.TRUTH, at, length, "1", word == "true")
        case "none":
            return Token(Kind.NONE, at, length, "1")
        case "and" | "or":
            return Token(Kind.AND_OR, at, length, word)
        case "not":
            return Token(Kind.NOT, at, length, word)
        case _:
            return Token(Kind.COMPARE, at, length, word)


def _sign(word: str, at: int) -> Read:
    length = len(word)
    if word in _RIGHT_SIGNS:
        return Token(Kind.COMPARE, at, length, word), None
    if word in "([":
        return Token(Kind.OPEN, at, length, word), None
    if word in ")]":
        return Token(Kind.CLOSE, at, length, word), None
    if word == ",":
        return Token(Kind.COMMA, at, length, word), None
    if word in _OTHER_SIGNS:
        meant = _OTHER_SIGNS[word]
        token = _keyword(meant, at, length) if meant.isalpha() else Token(Kind.COMPARE, at, length, meant)
        message = "Two values are compared by ==." if meant == "==" else f"Write {meant} for {word}."
        return token, Fault(message, at, length, meant)
    if word in "\"'":
        return None, Fault(f"The text that begins here has no closing {word} on its line.", at, length)
    if word in "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb`":
        return None, Fault(
            f'Write text in straight quotes: "like this"; here stands {_described(word)}.', at, length
        )
    what = _SIGNS_ABOUT.get(word, _described(word))
    return None, Fault(f"{what[0].upper()}{what[1:]} is not part of the language.", at, length)


def _joined(found: Sequence[Token], faults: list[Fault]) -> list[Token]:
    """With `not in` and `is not` as one token each, and `30 m` read as `30m`."""
    joined: list[Token] = []
    for token in found:
        before = joined[-1] if joined else None
        pair = (before.plain, token.plain) if before else ("", "")
        length = token.offset + token.length - before.offset if before else 0
        if before and pair == ("is", "not"):
            joined[-1] = Token(Kind.COMPARE, before.offset, length, "is not")
        elif before and pair == ("not", "in") and len(joined) > 1 and ends_value(joined[-2]):
            joined[-1] = Token(Kind.COMPARE, before.offset, length, "not in")
        elif before and before.kind is Kind.NUMBER and token.kind is Kind.NAME and _unit(token) is not None:
            meant = f"{before.value}{_unit(token)}"
            joined[-1] = Token(Kind.DURATION, before.offset, length, "1", duration(meant))
            faults.append(Fault(f"Write the duration as one word: {meant}.", before.offset, length, meant))
        else:
            joined.append(token)
    return joined


def _unit(token: Token) -> str | None:
    word = str(token.value).lower()
    return _LONG_UNITS.get(word, word if word in SECONDS else None)


def ends_value(token: Token) -> bool:
    """Whether a comparison or an `and` may follow."""
    return token.kind in VALUES or token.kind is Kind.CLOSE


def _quoted(word: str) -> str:
    return f'"{word if len(word) <= 40 else word[:37] + "..."}"'


def _described(char: str) -> str:
    name = unicodedata.name(char, "")
    shown = f'"{char}" ' if char.isprintable() and not char.isspace() else ""
    return f"{shown}U+{ord(char):04X}{' ' + name.lower() if name and not char.isascii() else ''}"
