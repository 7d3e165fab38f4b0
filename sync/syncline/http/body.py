"""Reads a reply's body as what it is: something that a stranger sent. Size, depth, encoding, numbers."""

import json
import math
import re
from collections.abc import Callable
from email.message import Message
from typing import Final

import requests
from urllib3.exceptions import ReadTimeoutError

MAX_DEPTH: Final = 64
"""Nesting of JSON; what the three platforms send is below 20."""

_CHUNK: Final = 65_536
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_CONSTANT: Final = re.compile(rb"NaN|Infinity")
_NUMBER: Final = re.compile(rb"-?\d[\d.eE+-]{18,}|-?\d[\d.]*[eE]\+?\d{3,}")
_ESCAPES: Final = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([dD][89a-fA-F][0-9a-fA-F]{2}|0000)|.)",
    re.DOTALL,
)
_DOUBTFUL: Final = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
_REPLACEMENT: Final = r"\ufffd"


class UnusableBodyError(Exception):
    """What came is no reply that we can use; `str()` says why, in words that follow "the reply"."""


class TooLargeError(UnusableBodyError):
    """It is larger than we take."""


class BrokenError(UnusableBodyError):
    """It ended early, or took too long."""


def read(response: requests.Response, limit: int, expired: Callable[[], bool]) -> bytes:
    """The whole body, unpacked.

    Args:
        response: Its body not yet read.
        limit: Bytes, counted after unpacking.
        expired: Asked after each piece, for replies that never end.

    Raises:
        TooLargeError: there is more than `limit`.
        BrokenError: it stopped in the middle, was badly packed, or took too long.
    """
    stated = response.headers.get("Content-Length", "")
    if stated.isdecimal() and len(stated) < 20 and int(stated) > limit:
        raise TooLargeError(f"is larger than {limit:,} bytes")
    pieces = []
    size = 0
    try:
        for piece in response.iter_content(_CHUNK):
            size += len(piece)
            if size > limit:
                raise TooLargeError(f"is larger than {limit:,} bytes")
            pieces.append(piece)
            if expired():
                raise BrokenError("did not end in time")
    except requests.exceptions.ContentDecodingError:
        raise BrokenError("is badly compressed") from None
    except requests.RequestException as error:
        if any(isinstance(cause, ReadTimeoutError) for cause in error.args):
            raise BrokenError("did not end in time") from None
        raise BrokenError(f"ended early ({type(error).__name__})") from None
    return b"".join(pieces)


def charset(content_type: str) -> str:
    """The character set that a `Content-Type` names; UTF-8 where it names none."""
    header = Message()
    header["Content-Type"] = content_type
    named = header.get_content_charset()
    return named or "utf-8"


def checked_json(content: bytes, content_type: str = "") -> bytes:
    """JSON that every parser and database can take: UTF-8, of moderate depth, with numbers that are numbers.

    Halves of surrogate pairs and NUL, which no database stores, become U+FFFD.

    Raises:
        UnusableBodyError: it is no JSON, or not of that kind.
    """
    named = charset(content_type)
    try:
        if named not in {"utf-8", "us-ascii", "ascii"}:
            content = content.decode(named).encode()
        text = content.decode("utf-8-sig")
    except (UnicodeError, LookupError):
        raise UnusableBodyError(f"is not text in the encoding {named}") from None
    bare = _without_texts(content)
    brackets = bare.translate(None, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            break
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    if brackets:
        raise UnusableBodyError(f"is not JSON, or nested more than {MAX_DEPTH} deep")
    _check_numbers(bare)
    if _DOUBTFUL.search(text):
        text = _ESCAPES.sub(_whole, text)
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        raise UnusableBodyError("is not JSON") from None
    return text.encode()


def _without_texts(content: bytes) -> bytes:
    """What stands outside of the strings of a JSON text. The parser refuses what has an odd number of quotes."""
    if b"\\" in content:
        content = content.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b'"'.join(content.split(b'"')[::2])


def _check_numbers(bare: bytes) -> None:
    """Refuse numbers that are none, or that do not fit."""
    if _CONSTANT.search(bare):
        raise UnusableBodyError("holds NaN or Infinity, which are no JSON")
    for match in _NUMBER.finditer(bare):
        number = match.group()
        if number.lstrip(b"-").isdigit():
            if len(number) > 20 or not -(2**63) <= int(number) < 2**63:
                raise UnusableBodyError("holds a whole number of more than 64 bits")
        else:
            _check_float(number)


def _check_float(number: bytes) -> None:
    """Refuse a number too large for a float; what is no number, the parser refuses."""
    try:
        finite = math.isfinite(float(number))
    except ValueError:
        return
    if not finite:
        raise UnusableBodyError("holds a number that is too large")


def _whole(escape: re.Match[str]) -> str:
    """An escape as it stands, unless it is half a surrogate pair or NUL."""
    if escape[1]:
        return escape[0]
    return _REPLACEMENT if escape[3] else escape[0]
