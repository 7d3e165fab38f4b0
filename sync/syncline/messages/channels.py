"""The channels at work: where their secret addresses are, a deadline for each message, and rest for one that is down."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from syncline.configuration import Channel
from syncline.connector import Finding, Severity
from syncline.errors import Configuration as Misconfigured
from syncline.escalation.templates import LONGEST_TITLE, clean, cut, one_line
from syncline.http.breaker import Breaker
from syncline.http.redaction import Redactor
from syncline.http.settings import secret_of, variable
from syncline.messages import carrier
from syncline.messages.carrier import ADDRESS, Fate, Unusable, Verdict
from syncline.ports import Clock, Runtime, Task

log = logging.getLogger(__name__)

DEADLINE: Final = 18.0
"""Seconds that a worker waits for one message: less than the daemon's patience when it stops."""
HANGING: Final = 3
"""So many sends of a channel may hang beyond the deadline; then it is left alone until one of them ends."""
AGAIN: Final = 30.0
"""Seconds after which a channel that hangs is tried again."""
LONGEST_REASON: Final = 200


@dataclass(slots=True)
class _Line:
    """One channel, and how it behaves."""

    spec: Channel
    lock: AbstractContextManager[Any]
    breaker: Breaker = field(default_factory=Breaker)
    hanging: list[Task] = field(default_factory=list)
    url: str | None = None


class Channels:
    """All channels of a configuration. Safe to share.

    Args:
        specs: By name.
        clock: For rests.
        runtime: Each send runs beside the worker that waits for it, so that none can hold it for good.
        redactor: Shared with the log; told the secrets.
    """

    def __init__(
        self, specs: Mapping[str, Channel], clock: Clock, runtime: Runtime, redactor: Redactor
    ) -> None:
        self._lines = {name: _Line(spec, runtime.lock()) for name, spec in specs.items()}
        self._clock = clock
        self._runtime = runtime
        self._redactor = redactor

    def __len__(self) -> int:
        return len(self._lines)

    def __contains__(self, name: object) -> bool:
        return name in self._lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def ready(self) -> None:
        """Look for the address of every channel, and whether Apprise can use it.

        Raises:
            Configuration: with all that is wrong.
        """
        faults = []
        for name in self._lines:
            try:
                carrier.inspected(self._address(name))
            except Misconfigured as error:
                faults.append(str(error))
            except Unusable as error:
                faults.append(self._unusable(name, error))
        if faults:
            raise Misconfigured("\n".join(faults))

    def check(self, name: str) -> Iterator[Finding]:
        """Look whether a channel can be used; sends nothing."""
        holds = variable(_owner(name), "url")
        try:
            found = carrier.inspected(self._address(name))
        except Misconfigured as error:
            yield Finding("secret", Severity.ERROR, str(error), f"set {holds}")
            return
        except Unusable as error:
            yield Finding(
                "channel", Severity.ERROR, self._unusable(name, error), f"correct the URL in {holds}"
            )
            return
        yield Finding("channel", Severity.OK, f"{found.service}; nothing was sent")
        if found.everybody:
            yield Finding(
                "recipient",
                Severity.WARNING,
                f"its URL has no {ADDRESS}: whoever is meant, all messages go to the same place",
                f"put {ADDRESS} where the recipient goes; leave it so for a room that all of them read",
            )
        if found.open:
            yield Finding(
                "encryption",
                Severity.WARNING,
                "what it sends can be read on the way",
                "use the service's encrypted form, such as mailtos:// or jsons://",
            )
        if found.unverified:
            yield Finding(
                "certificate",
                Severity.WARNING,
                "its URL says verify=no: anybody on the way can pose as the service",
                "take verify=no out",
            )

    def send(self, name: str, address: str, title: str, text: str, *, urgent: bool) -> Verdict:
        """Send one message; what became of it. Raises nothing, and takes `DEADLINE` at the most."""
        line = self._lines.get(name)
        if line is None:
            return Verdict(Fate.REFUSED, f'there is no channel "{name}" in the configuration')
        with line.lock:
            line.hanging[:] = [task for task in line.hanging if task.is_alive()]
            if len(line.hanging) >= HANGING:
                return Verdict(Fate.LATER, "it hangs", AGAIN, counts=False)
            rest = line.breaker.admit(self._clock.monotonic())
        if rest > 0.0:
            return Verdict(Fate.LATER, "it does not answer and is left alone for a while", rest, counts=False)
        verdict = self._sent(line, address, title, text, urgent=urgent)
        self._note(line, verdict)
        return verdict

    def _sent(self, line: _Line, address: str, title: str, text: str, *, urgent: bool) -> Verdict:
        name = line.spec.name
        try:
            url = self._address(name)
        except Misconfigured as error:
            return Verdict(Fate.REFUSED, str(error))
        title = one_line(title, min(LONGEST_TITLE, line.spec.longest // 2))
        body = cut(clean(text).strip() or title, line.spec.longest - len(title))
        verdicts: list[Verdict] = []

        def carry() -> None:
            try:
                verdicts.append(carrier.carry(carrier.opened(url, address), title, body, urgent=urgent))
            except Unusable as unusable:
                verdicts.append(Verdict(Fate.REFUSED, str(unusable)))

        task = self._runtime.spawn(f"{name}-send", carry)
        task.join(DEADLINE)
        if not verdicts:
            if task.is_alive():
                with line.lock:
                    line.hanging.append(task)
            return Verdict(Fate.UNKNOWN, f"no answer within {DEADLINE:.0f} seconds", answered=False)
        verdict = verdicts[0]
        reason = one_line(self._redactor(verdict.reason), LONGEST_REASON)
        return Verdict(verdict.fate, reason, verdict.after, verdict.counts, verdict.answered)

    def _note(self, line: _Line, verdict: Verdict) -> None:
        now = self._clock.monotonic()
        with line.lock:
            closed = line.breaker.succeeded(now) if verdict.answered else None
            opened = None if verdict.answered else line.breaker.failed(now, verdict.reason)
        if closed is not None:
            log.info("channel %s answers again, after %.0f seconds", line.spec.name, closed.after)
        if opened is not None:
            log.warning(
                "channel %s does not answer (%s); it is tried now and then", line.spec.name, opened.reason
            )

    def _address(self, name: str) -> str:
        """The URL of a channel; its secrets are hidden in all logs from then on.

        Raises:
            Configuration: it is nowhere to be found.
        """
        line = self._lines[name]
        if line.url is None:
            found, places = secret_of(_owner(name), "url", line.spec.secrets_dir)
            if found is None:
                raise Misconfigured(
                    f"channel {name}: its URL is a secret and was not found. Tried in this order: {places}. Set one of them"
                )
            url = found.get_secret_value().strip()
            self._redactor.learn(*secrets_in(url))
            line.url = url
        return line.url

    def _unusable(self, name: str, error: Unusable) -> str:
        return f"channel {name}: {one_line(self._redactor(str(error)), LONGEST_REASON)}"


def _owner(name: str) -> str:
    return f"channel-{name}"


def secrets_in(url: str) -> set[str]:
    """What is to be hidden of a URL of Apprise: it as a whole, passwords, and all that looks like a key."""
    found = {url, *(part for part in url.split(ADDRESS) if len(part) > 20)}
    main, _, query = url.partition("://")[2].partition("?")
    first, *path = main.split("/")
    login, _, host = first.rpartition("@")
    user, _, password = login.partition(":")
    found.add(password)
    values = [pair.partition("=")[2] for pair in re.split("[&;]", query)]
    found |= {part for part in (user, *host.split(":"), *path, *values) if _like_a_key(unquote(part))}
    return {part for part in found | {unquote(part) for part in found} if part}


def _like_a_key(part: str) -> bool:
    """Whether it is long, and no plain word, no host and no e-mail address."""
    if len(part) < 8 or ADDRESS in part or re.fullmatch(r"(?:[\w.+-]+@)?(?:[a-z0-9-]+\.)+[a-z]{2,}", part):
        return False
    return any(char.isdigit() or char.isupper() or char in "_-" for char in part)
