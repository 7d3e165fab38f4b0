"""Keeps secrets out of messages and logs: the values we know, and the places where secrets are wont to stand."""

import base64
import json
import logging
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "[hidden]"
"""What stands in a secret's place."""

_SHORTEST: Final = 4
"""A shorter value is not looked for: it would black out half of every text."""

_LONGEST_WORD: Final = 11
_KEYWORD: Final = r"\b\w*(?:passw(?:or)?d|secret|token|key|credential)s?"

_NAMES: Final = (
    r"(?:[\w-]*(?:passw(?:or)?d|secret|token|api[_-]?key|apikey|signature|credential)[\w-]*"
    r"|authorization|proxy-authorization|cookie|set-cookie|jsessionid|routing_key)"
)
_USERINFO: Final = re.compile(r"(?<=://)[^/?#\s\"'<>@]+@")
_QUERY: Final = re.compile(rf"([?&;]{_NAMES}=)[^&;\s\"'<>]+", re.IGNORECASE)
_JSON: Final = re.compile(
    rf"""(["']{_NAMES}["']\s*:\s*)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", re.IGNORECASE
)
_SCHEME: Final = re.compile(r"\b((?:Basic|Bearer|AR-JWT|Digest|Negotiate)\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
_TOKEN: Final = re.compile(r"(\bToken token=)[^\s,;\"']+", re.IGNORECASE)
_HEADER: Final = re.compile(rf"^{_NAMES}$", re.IGNORECASE)


def secret_header(name: str) -> bool:
    """Whether a header of that name holds a secret."""
    return _HEADER.match(name) is not None


def _is_word(secret: str) -> bool:
    return len(secret) <= _LONGEST_WORD and secret.isascii() and secret.isalpha() and secret.islower()


def _as_values(words: Iterable[str]) -> re.Pattern[str]:
    """Those words as values: alone on a line, behind `=` or `:`, in quotes or brackets, or soon after a keyword."""
    word = f"(?:{'|'.join(sorted(words))})"
    return re.compile(
        rf"""^{word}$|(?<=[=:"'`(\[{{<]){word}(?!\w)|(?P<before>{_KEYWORD}\W{{1,3}}(?:\w+\W{{1,3}}){{0,4}}?){word}(?!\w)""",
        re.IGNORECASE | re.MULTILINE,
    )


class Redactor:
    """Hides the secrets that it was told about, in every form in which they travel, and what looks like one.

    One redactor may serve many instances; telling it a secret while others use it is safe.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self._words: frozenset[str] = frozenset()
        self._values: re.Pattern[str] | None = None
        self.learn(*secrets)

    def __repr__(self) -> str:
        return f"Redactor({len(self._forms)} forms)"

    def learn(self, *secrets: str, ordinary: bool = False) -> None:
        """Hide these from now on. Empty and very short ones are left out.

        Args:
            secrets: What must not be shown.
            ordinary: Of a platform for trying out, which may have a word such as `sandbox` for a password: a short word
                of small letters is then hidden only where it stands as a value, and not in the middle of a sentence.
        """
        forms = set(self._forms)
        words = set(self._words)
        for secret in secrets:
            if len(secret) < _SHORTEST:
                continue
            if ordinary and _is_word(secret):
                words.add(secret)
                forms.add(base64.b64encode(secret.encode()).decode())
                continue
            plain = base64.b64encode(secret.encode()).decode()
            forms |= {secret, plain, quote(secret, safe=""), quote(secret), quote_plus(secret)}
            forms |= {
                json.dumps(secret)[1:-1],
                json.dumps(secret, ensure_ascii=False)[1:-1],
                repr(secret)[1:-1],
            }
            # As a platform shows it that takes our UTF-8 for Latin-1, and as Python shows bytes.
            forms |= {secret.encode().decode("latin-1"), repr(secret.encode())[2:-1]}
        if forms != self._forms:
            longest_first = sorted(forms, key=lambda form: (-len(form), form))
            self._pattern = re.compile("|".join(re.escape(form) for form in longest_first))
            self._forms = frozenset(forms)
        if words != self._words:
            self._values = _as_values(words)
            self._words = frozenset(words)

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        if self._values is not None:
            text = self._values.sub(lambda found: f"{found['before'] or ''}{MASK}", text)
        text = _USERINFO.sub(f"{MASK}@", text)
        text = _QUERY.sub(rf"\1{MASK}", text)
        text = _JSON.sub(rf'\1"{MASK}"', text)
        text = _TOKEN.sub(rf"\1{MASK}", text)
        return _SCHEME.sub(rf"\1{MASK}", text)

    def headers(self, headers: Mapping[str, str | bytes]) -> dict[str, str]:
        """The headers, those that hold secrets by their name or value hidden."""
        shown = {}
        for name, value in headers.items():
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            shown[name] = MASK if secret_header(name) else self(text)
        return shown


class RedactingFilter(logging.Filter):
    """For log handlers: message, arguments and traceback pass through a redactor."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Always keeps the record, without its secrets."""
        record.msg = self._redactor(record.getMessage())
        record.args = ()
        if record.exc_info:
            record.exc_text = self._redactor(logging.Formatter().formatException(record.exc_info))
            # A formatter of another kind would render the exception afresh, secrets and all.
            record.exc_info = None
        if record.stack_info:
            record.stack_info = self._redactor(record.stack_info)
        return True
