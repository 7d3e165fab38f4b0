"""How ServiceNow says no (Table API docs; shapes as seen by other clients of it)."""

import re
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from syncline.errors import SynclineError
from syncline.http.dialect import Dialect, Reaction, Verdict

CANCELLED: Final = "transaction cancelled"
"""Stands in the reason where a quota rule ended a query before its end."""

_LABELS: Final = {
    "additional comments": "comments",
    "additional comments (customer visible)": "comments",
    "assigned to": "assigned_to",
    "assignment group": "assignment_group",
    "caller": "caller_id",
    "close code": "close_code",
    "close notes": "close_notes",
    "description": "description",
    "impact": "impact",
    "on hold reason": "hold_reason",
    "resolution code": "close_code",
    "resolution notes": "close_notes",
    "short description": "short_description",
    "state": "state",
    "urgency": "urgency",
    "work notes": "work_notes",
}
"""Labels of the base system, which a data policy names instead of the fields."""

_MANDATORY: Final = re.compile(
    r"(?:fields? (?:are|is) mandatory|mandatory fields?)\s*:?\s*(.+)", re.IGNORECASE | re.DOTALL
)
_RIGHTS: Final = (
    "acl exception",
    "security constraints",
    "not authorized",
    "insufficient rights",
    "acl validation",
)
_NO_RECORD: Final = ("no record found", "record doesn't exist")
_WRONG_ADDRESS: Final = ("invalid table", "does not represent any resource")


def is_cancelled(failure: SynclineError) -> bool:
    """Whether the platform gave up on a query that took too long; a smaller page may pass."""
    return CANCELLED in str(failure).lower()


def verdict(response: requests.Response) -> Verdict | None:
    """What a reply means where its status alone does not say."""
    status = response.status_code
    if is_file(response):
        return None
    if status == HTTPStatus.ACCEPTED:
        # More than ten requests of one session were waiting, and this one was dropped.
        return Verdict(Reaction.LATER, "ServiceNow dropped the request: too many requests of one session")
    if status < HTTPStatus.BAD_REQUEST:
        return _failure_behind_success(response)
    reason = error_text(response)
    if status == HTTPStatus.UNAUTHORIZED and "X-MFA_TOKEN" in response.headers:
        said = f"{reason}: the account asks for a second factor; use an integration account without one, or OAuth"
        return Verdict(Reaction.CONFIGURATION, said)
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND} and _holds(reason, _WRONG_ADDRESS):
        return Verdict(Reaction.CONFIGURATION, f"{reason}; check url and table in the settings")
    if status == HTTPStatus.NOT_FOUND:
        known = _holds(reason, _NO_RECORD)
        return Verdict(Reaction.GONE if known else Reaction.CONFIGURATION, reason)
    if status == HTTPStatus.FORBIDDEN and _holds(reason, _RIGHTS):
        return Verdict(Reaction.REFUSED, f"insufficient rights: {reason}")
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN}:
        return Verdict(Reaction.REFUSED, reason, _mandatory(reason))
    return None


def is_file(response: requests.Response) -> bool:
    """Whether the reply is the content of an attachment, which may be anything, a page and an error object too."""
    path = urlsplit(response.request.url or "").path
    described = "Content-Disposition" in response.headers or "X-Attachment-Metadata" in response.headers
    return response.status_code == HTTPStatus.OK and path.endswith("/file") and described


def wait(response: requests.Response) -> float | None:
    """Seconds until the hourly limit starts anew: `X-RateLimit-Reset` is Unix time, counted from the reply's `Date`."""
    reset = response.headers.get("X-RateLimit-Reset", "")
    if response.status_code != HTTPStatus.TOO_MANY_REQUESTS or not (reset.isascii() and reset.isdigit()):
        return None
    try:
        now = parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
    except ValueError:
        return None
    seconds = float(reset[:15]) - now
    return seconds if seconds > 0 else None


def error_text(response: requests.Response) -> str:
    """Message and detail of an error object, one line; the reason phrase where there is none."""
    error = _error(response)
    if isinstance(error, dict):
        parts = [str(error[key]) for key in ("message", "detail") if isinstance(error.get(key), str | int)]
        if parts:
            return " ".join(": ".join(parts).split())[:500]
    if isinstance(error, str) and error:
        return " ".join(error.split())[:500]
    return response.reason or f"HTTP {response.status_code}"


def _error(response: requests.Response) -> Any:
    if b'"error"' not in response.content:
        return None
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return body.get("error") if isinstance(body, dict) else None


def _failure_behind_success(response: requests.Response) -> Verdict | None:
    if not _error(response):
        return None
    # A cancelled query answers 200 with part of the rows and an error object behind them.
    reading = (response.request.method or "GET").upper() in {"GET", "HEAD"}
    return Verdict(Reaction.LATER if reading else Reaction.UNKNOWN, error_text(response))


def _mandatory(reason: str) -> dict[str, str]:
    """The fields that a data policy asks for; a label that is not of the base system stays as it is."""
    match = _MANDATORY.search(reason)
    if match is None:
        return {}
    labels = [label.strip(" .;:'\"") for label in re.split(r"[,\n]", match.group(1))]
    return {_LABELS.get(label.lower(), label): "is mandatory" for label in labels if label}


def _holds(reason: str, phrases: tuple[str, ...]) -> bool:
    lowered = reason.lower()
    return any(phrase in lowered for phrase in phrases)


def own_dialect() -> Dialect:
    """ServiceNow's dialect."""
    return Dialect(
        reactions={
            HTTPStatus.METHOD_NOT_ALLOWED: Reaction.REFUSED,
            HTTPStatus.NOT_ACCEPTABLE: Reaction.REFUSED,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Reaction.REFUSED,
        },
        verdict=verdict,
        reason=error_text,
        wait=wait,
    )
