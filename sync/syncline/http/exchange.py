"""One request under way, as far as messages and reactions need to know it, and what became of it."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import requests

from syncline.errors import OutcomeUnknown, RetryLater, SynclineError
from syncline.http.redaction import Redactor

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

LONGEST_QUOTE: Final = 300
_MOST_READ: Final = 16_384
_BLANKS: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class About:
    """What the caller says about its requests.

    Attributes:
        record: The record that it is about, for messages.
        safe: Whether repeating it is harmless; None: by its method.
        raw: Whether the reply is a file and not the platform's JSON.
        urgent: Whether it belongs to an escalation.
    """

    record: str | None = None
    safe: bool | None = None
    raw: bool = False
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A write that a rehearsal did not send.

    Attributes:
        method: Upper case.
        url: With its query.
        headers: Secrets hidden.
        body: As it would have gone out; None where it has none.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None


class Rehearsed(Exception):
    """Where a rehearsal ends: at the write that would have been sent.

    Attributes:
        call: That write.
    """

    def __init__(self, call: Call) -> None:
        super().__init__(f"rehearsal: {call.method} {call.url} was not sent")
        self.call = call


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to one instance.

    Attributes:
        instance: Its name.
        base_url: The setting `url`.
        credentials: Variables that hold our credentials.
        method: Upper case.
        url: Where it goes.
        write: Whether it may change something.
        raw: Whether the reply is a file.
        record: The record that it is about.
        redactor: Hides secrets in what the platform says.
    """

    instance: str
    base_url: str
    credentials: tuple[str, ...]
    method: str
    url: str
    write: bool
    raw: bool
    record: str | None
    redactor: Redactor

    def sentence(self, cause: str, next_step: str) -> str:
        """The operator's sentence: which instance and record, what was tried, the cause, the next step."""
        whom = f"{self.instance}: {self.record}" if self.record else self.instance
        path = unquote(urlsplit(self.url).path) or "/"
        what = quote_text(f"{self.method} {path}")
        return self.redactor(f"{whom}: {what}: {cause.rstrip('.')}. {next_step}")

    def quote(self, text: str, longest: int = LONGEST_QUOTE) -> str:
        """A stranger's text as messages show it; secrets are hidden before it is cut, lest half of one is left."""
        return quote_text(self.redactor(text[:_MOST_READ]), longest)

    def without_verdict(self, cause: str, *, after: float | None = None) -> SynclineError:
        """No word came on whether it was done: a read is repeated, of a write the outcome is unknown."""
        if self.write:
            step = "Whether it was done is not known; it is looked up before anything is sent again."
            return OutcomeUnknown(self.sentence(cause, step))
        return RetryLater(self.sentence(cause, "It is tried again by itself."), after)

    def credentials_named(self) -> str:
        """How to speak of our credentials."""
        return " and ".join(self.credentials) or "the credentials"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt: a response or an error.

    Attributes:
        response: What the platform sent.
        error: Why that is not what was asked for.
        repeat: Whether it was surely not done, or repeating is harmless, and may succeed in a moment.
        down: Whether it speaks for an instance that is unavailable.
        reason: The cause alone, for the log.
    """

    response: requests.Response | None = None
    error: SynclineError | None = None
    repeat: bool = False
    down: bool = False
    reason: str = ""

    @property
    def after(self) -> float | None:
        """Seconds that the platform asked us to wait."""
        return self.error.after if isinstance(self.error, RetryLater) else None


def quote_text(text: str, longest: int = LONGEST_QUOTE) -> str:
    """A stranger's text on one line of moderate length, without control or format characters."""
    plain = "".join(
        " " if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else char
        for char in text[:_MOST_READ]
    )
    line = _BLANKS.sub(" ", plain).strip()
    return line if len(line) <= longest else line[: longest - 1] + "…"
