"""What a reply means: the plugin's dialect over the table of statuses, and pages where JSON should stand."""

import html
import re
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from requests.utils import requote_uri

from syncline.errors import Configuration, Gone, Refused, RetryLater, SynclineError
from syncline.http.dialect import DEFAULT_REACTIONS, Dialect, Reaction, Verdict, plain_reason
from syncline.http.exchange import Exchange, Outcome
from syncline.http.line import parse_date

LONGEST_WAIT: Final = 3600.0
"""Seconds: a platform that asks for more is asked again after that."""

_PAGE: Final = 65_536
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_LOGIN_TITLE: Final = re.compile(r"log[ -]?in|log[ -]?on|sign[ -]?in|single sign|\bsso\b", re.IGNORECASE)
_LOGIN_FORM: Final = re.compile(r"type=[\"']?password|SAMLRequest", re.IGNORECASE)
_LOGIN_ADDRESS: Final = re.compile(
    r"(?:^|/)(?:log[-_]?in|log[-_]?on|sign[-_]?in|sso|saml2?|adfs|oauth2?|openid|auth)(?:[./_]|$)",
    re.IGNORECASE,
)
_ASLEEP: Final = re.compile(r"hibernat", re.IGNORECASE)
_MAINTENANCE: Final = re.compile(
    r"maintenance|unavailable|be right back|be back soon|upgrad|overload|try again later|starting up|bad gateway|time-?out",
    re.IGNORECASE,
)

_T = TypeVar("_T")


def _asked(question: Callable[[requests.Response], _T], response: requests.Response, fallback: _T) -> _T:
    """A dialect's answer. It reads what a stranger sent; where that throws it, the reply says nothing."""
    try:
        return question(response)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return fallback


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds that a `Retry-After` header names, as a number or as a date (RFC 9110, section 10.2.3).

    Args:
        value: The header's value, if there is one.
        now: The platform's clock.
    """
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII):
        return min(float(text), LONGEST_WAIT)
    until = parse_date(text)
    if until is None:
        return None
    return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT)


def wait_of(response: requests.Response, dialect: Dialect, now: datetime) -> float | None:
    """The seconds that a reply asks us to wait, by `Retry-After` or the platform's own headers."""
    standard = retry_after(response.headers.get("Retry-After"), now)
    own = _asked(dialect.wait, response, None)
    waits = [wait for wait in (standard, own) if wait is not None and wait >= 0]
    return min(max(waits), LONGEST_WAIT) if waits else None


def is_page(content_type: str, content: bytes) -> bool:
    """Whether a body is HTML (or XML), by what it says or what it is."""
    return "html" in content_type.lower() or content[:256].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def leads_to_login(url: str) -> bool:
    """Whether an address is one where people log in."""
    return _LOGIN_ADDRESS.search(urlsplit(url).path) is not None


def redirect_target(exchange: Exchange, response: requests.Response) -> str | None:
    """Where a redirect leads, ready to be called; None where that is no address."""
    location = response.headers.get("Location", "").strip()
    if not location:
        return None
    try:
        target = urljoin(exchange.url, requote_uri(location))
        origin(target)
    except (ValueError, requests.RequestException):
        return None
    return target


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port.

    Raises:
        ValueError: it is no address.
    """
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port


def judge_redirect(exchange: Exchange, response: requests.Response) -> Outcome:
    """A reply that sends us elsewhere, where we do not go: to another host, or with a write."""
    target = redirect_target(exchange, response)
    if target is None:
        cause = f"the platform sends us to no valid address ({response.status_code})"
        return Outcome(error=exchange.without_verdict(cause))
    parts, ours = urlsplit(target), urlsplit(exchange.url)
    shown = exchange.quote(f"{parts.scheme}://{parts.netloc}{parts.path}")
    cause = f"the platform sends us to {shown} ({response.status_code})"
    if parts.netloc != ours.netloc or leads_to_login(target):
        step = (
            "That is how single sign-on (SSO) answers an account that may not use the API: check"
            f" {exchange.credentials_named()} and the setting url, and have the account exempted from SSO."
        )
        return Outcome(error=Configuration(exchange.sentence(cause, step)))
    if exchange.write and response.status_code in {302, 303}:
        return Outcome(error=exchange.without_verdict(cause))
    return Outcome(
        error=Configuration(exchange.sentence(cause, "Set url to the address that the platform names."))
    )


def judge_page(exchange: Exchange, status: int, content: bytes) -> Outcome:
    """HTML where JSON should stand, with a status that says all is well."""
    text = content[:_PAGE].decode("utf-8", "replace")
    title = _title(exchange, text)
    cause = f"a page{title} came instead of JSON ({status})"
    account = f"check {exchange.credentials_named()}, the setting url, and whether the account may use the API without it"
    if _ASLEEP.search(text):
        step = "Wake it at the developer portal (developer.servicenow.com), under Manage instance."
        return _page(exchange, f"the instance hibernates: {cause}", step, down=True)
    if _LOGIN_TITLE.search(title) or _LOGIN_FORM.search(text):
        return _page(exchange, cause, f"It is a login page, perhaps of single sign-on (SSO): {account}.")
    if _MAINTENANCE.search(text):
        return _page(exchange, cause, "It looks like maintenance; it is tried again by itself.", down=True)
    return _page(
        exchange, cause, f"Check the setting url ({exchange.base_url}): does it lead to the platform's API?"
    )


def _page(exchange: Exchange, cause: str, step: str, *, down: bool = False) -> Outcome:
    """A platform that is down comes back by itself; else a person must act. Of a write a page proves nothing:
    something may have passed it on and then answered in the platform's place."""
    error: SynclineError
    if exchange.write:
        error = exchange.without_verdict(f"{cause}. {step}")
    elif down:
        error = RetryLater(exchange.sentence(cause, step))
    else:
        error = Configuration(exchange.sentence(cause, step))
    return Outcome(error=error, down=down, reason=cause)


def _title(exchange: Exchange, text: str) -> str:
    """A page's title in quotes, with a leading blank; empty where it has none."""
    found = _TITLE.search(text)
    title = exchange.quote(html.unescape(found[1]), 80) if found else ""
    return f' "{title}"' if title else ""


def judge(exchange: Exchange, dialect: Dialect, response: requests.Response, now: datetime) -> Outcome:
    """What a reply means whose body is read and, where it is JSON, sound.

    Args:
        exchange: The request.
        dialect: How the platform says no.
        response: Its reply.
        now: The platform's clock.
    """
    verdict = _asked(dialect.verdict, response, None)
    if verdict is None:
        reaction = _reaction(dialect, response.status_code)
        if reaction is Reaction.OK:
            return Outcome(response=response)
        verdict = Verdict(reaction, _asked(dialect.reason, response, plain_reason(response)))
    if verdict.reaction is Reaction.OK:
        return Outcome(response=response)
    reason = exchange.quote(verdict.reason)
    if response.status_code >= 400 and is_page(response.headers.get("Content-Type", ""), response.content):
        text = response.content[:_PAGE].decode("utf-8", "replace")
        reason = f"a page{_title(exchange, text)}"
        if response.status_code == 404:
            step = f"Check the setting url ({exchange.base_url}): is it the right address?"
            return Outcome(
                error=Configuration(exchange.sentence(f"there is no such address (404, {reason})", step))
            )
    return _outcome(exchange, response, verdict, reason, wait_of(response, dialect, now))


def _reaction(dialect: Dialect, status: int) -> Reaction:
    """What the table says to a status."""
    if status in dialect.reactions:
        return dialect.reactions[status]
    if status in DEFAULT_REACTIONS:
        return DEFAULT_REACTIONS[status]
    return Reaction.OK if 200 <= status < 300 else Reaction.UNKNOWN


def _outcome(
    exchange: Exchange, response: requests.Response, verdict: Verdict, reason: str, after: float | None
) -> Outcome:
    """The error of a verdict that is not `OK`."""
    status = response.status_code
    said = f"({status}: {reason})" if reason else f"({status})"
    down = status >= 500
    match verdict.reaction:
        case Reaction.CONFIGURATION:
            return Outcome(error=_configuration(exchange, status, said))
        case Reaction.GONE:
            step = "It was deleted, or our account may no longer see it."
            return Outcome(error=Gone(exchange.sentence(f"the record is not there {said}", step)))
        case Reaction.REFUSED if exchange.write:
            fields = {name: exchange.quote(text) for name, text in verdict.fields.items()}
            step = "Correct the record, the mapping or the permissions of our account, then retry."
            return Outcome(
                error=Refused(exchange.sentence(f"the platform refuses this {said}", step), fields)
            )
        case Reaction.REFUSED:
            step = "Check the permissions of our account, and the names of fields in the mapping."
            return Outcome(
                error=Configuration(exchange.sentence(f"the platform refuses this read {said}", step))
            )
        case Reaction.LATER:
            return Outcome(
                error=_later(exchange, status, said, after),
                # Of a write only a 429 is sure to succeed unchanged later on; others are decided upon afresh.
                repeat=not exchange.write or status == 429,
                down=down,
                reason=f"it answers {said}",
            )
        case _:
            cause = f"the platform failed {said}" if down else f"an answer that decides nothing {said}"
            error = exchange.without_verdict(cause, after=after)
            return Outcome(error=error, repeat=not exchange.write, down=down, reason=f"it answers {said}")


def _configuration(exchange: Exchange, status: int, said: str) -> Configuration:
    """A person must act: says on what."""
    if status == 401:
        cause = f"the platform does not accept our credentials {said}"
        step = f"Check {exchange.credentials_named()}, the user, and the setting url ({exchange.base_url})."
    elif status == 402:
        cause = f"the account's plan does not include this {said}"
        step = "Have the platform's administrator look at the plan."
    else:
        cause = f"the platform refuses us {said}"
        step = f"Check the permissions of our account, {exchange.credentials_named()} and the settings of the instance."
    return Configuration(exchange.sentence(cause, step))


def _later(exchange: Exchange, status: int, said: str, after: float | None) -> RetryLater:
    """Not now."""
    when = f"in {after:.0f} s" if after else "by itself"
    if status == 429:
        step = f"It is tried again {when}. If this happens often, lower requests_per_minute."
        return RetryLater(exchange.sentence(f"the platform asks us to slow down {said}", step), after)
    return RetryLater(exchange.sentence(f"not now {said}", f"It is tried again {when}."), after)
