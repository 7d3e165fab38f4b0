"""What connectors share that look at an instance: what each of them finds is found in one way, and said in the same words."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from syncline.connector.contract import Finding, Severity
from syncline.errors import RetryLater, SynclineError
from syncline.http.client import Http

SKEW: Final = 60.0
"""Seconds by which the clocks may differ without a word: times are corrected by what replies say, to a second or two."""


@dataclass(frozen=True, slots=True)
class Look:
    """One thing to look at, once the instance answers.

    Attributes:
        check: What its finding is called where it cannot be looked at.
        findings: Looks.
        fix: What to do where it cannot be looked at.
        severity: How bad that is: `WARNING` where it may be well all the same.
    """

    check: str
    findings: Callable[[], Iterable[Finding]]
    fix: str = "Give the account the right to read it."
    severity: Severity = Severity.WARNING


def looks(http: Http, first: Callable[[], object], may: str, fix: str, *then: Look) -> Iterator[Finding]:
    """The findings of `check`: `reachable` and `authorised` by one request, the clock by its reply, and one thing after the
    other; nothing more where the first request fails.

    Args:
        http: The instance's.
        first: Asks for what only our account may see.
        may: What is said where that is given.
        fix: What to do where it is refused.
        then: What else to look at; that one of them fails keeps none of the others back.
    """
    try:
        first()
    except RetryLater as error:
        yield Finding("reachable", Severity.ERROR, str(error), "Check url, network and proxy.")
        return
    except SynclineError as error:
        yield Finding("authorised", Severity.ERROR, str(error), fix)
        return
    yield Finding("reachable", Severity.OK, f"{http.base_url} answers")
    yield Finding("authorised", Severity.OK, may)
    yield clock(http)
    for look in then:
        try:
            yield from look.findings()
        except SynclineError as error:
            yield Finding(look.check, look.severity, f"could not be looked at: {error}", look.fix)


def clock(http: Http) -> Finding:
    """How far the platform's clock and ours are apart, by its last reply."""
    skew = http.clock_skew()
    if skew is None:
        said = "the platform does not tell its time"
        return Finding("clock", Severity.WARNING, said, "Let the proxy pass the Date header.")
    said = f"the platform's clock is {skew:+.0f} s from ours"
    if abs(skew) <= SKEW:
        return Finding("clock", Severity.OK, said)
    fix = "Have both follow an NTP server; polls follow the platform's clock, but timers follow ours."
    return Finding("clock", Severity.WARNING, said, fix)
