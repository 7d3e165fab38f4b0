"""How PagerDuty says no: `{"error": {"message", "code", "errors"}}` (REST API docs, errors)."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from syncline.http.dialect import Dialect, Reaction, Verdict

ALREADY_RESOLVED: Final = 1001
ALREADY_ACKNOWLEDGED: Final = 1002

_FIELD_OF: Final[Mapping[int, str]] = {
    ALREADY_RESOLVED: "status",
    ALREADY_ACKNOWLEDGED: "status",
    1006: "escalation_policy",
    1014: "escalation_policy",
    1015: "escalation_policy",
    1019: "status",
    1020: "priority",
}
"""Code to the native field that it is about; all of these are final."""

_SENDER_UNKNOWN: Final = frozenset({1008, 2013})
_UPDATED_MEANWHILE: Final = 1005
_TOO_SLOW: Final = 2016
_ACCESS_LOST: Final = 2018
_THROTTLED: Final = 2020
_LONGEST: Final = 250

_ONE_OF_MANY: Final = re.compile(r"/(?:incidents|users|services|escalation_policies)/[^/]+(?:/[a-z_]+)?$")
_INCIDENT: Final = re.compile(r"/incidents/[^/]+(?:/[a-z_]+)?$")
_KEY_IN_USE: Final = re.compile(r"(?:incident|dedup|matching)[ _]key", re.IGNORECASE)


def error_of(response: requests.Response) -> Mapping[str, Any]:
    """The error object of a reply, empty where it has none."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, dict) else {}


def reason(response: requests.Response) -> str:
    """PagerDuty's own words, in one line."""
    error = error_of(response)
    message = error.get("message")
    details = error.get("errors")
    parts = [message] if isinstance(message, str) else []
    parts += [str(detail) for detail in details] if isinstance(details, list) else []
    if not parts:
        return response.reason or f"HTTP {response.status_code}"
    words = " ".join("; ".join(parts).split())
    code = _code(error)
    return words[:_LONGEST] + (f" (code {code})" if code else "")


def verdict(response: requests.Response) -> Verdict | None:
    """What an error reply means; None where the status says it all."""
    if response.status_code < 400:
        return None
    code, words = _code(error_of(response)), reason(response)
    method, path = _request(response)
    by_code = _by_code(code, words, reading=method == "GET")
    if by_code is not None:
        return by_code
    return _by_status(response.status_code, words, method, path)


def wait(response: requests.Response) -> float | None:
    """Seconds until the rate limit starts anew, by `ratelimit-reset`; PagerDuty may leave it out."""
    try:
        seconds = float(response.headers.get("ratelimit-reset", ""))
    except ValueError:
        return None
    return min(seconds, 3600.0) if seconds >= 0 else None


def is_code(fields: Mapping[str, str], field: str, code: int) -> bool:
    """Whether a refusal complained about that field with that code."""
    return fields.get(field, "").endswith(f"(code {code})")


def key_in_use(fields: Mapping[str, str]) -> bool:
    """Whether a create was refused because an open incident has its key already."""
    return "incident_key" in fields


def own_dialect() -> Dialect:
    """PagerDuty's dialect."""
    return Dialect(verdict=verdict, reason=reason, wait=wait)


def _by_code(code: int, words: str, *, reading: bool) -> Verdict | None:
    if code in _FIELD_OF:
        return Verdict(Reaction.REFUSED, words, {_FIELD_OF[code]: words})
    if code in _SENDER_UNKNOWN:
        return Verdict(
            Reaction.CONFIGURATION, f"{words}; set from_email to the login address of a PagerDuty user"
        )
    if code == _TOO_SLOW:
        return Verdict(Reaction.LATER if reading else Reaction.UNKNOWN, words)
    if code == _ACCESS_LOST:
        return Verdict(Reaction.GONE, words)
    return Verdict(Reaction.LATER, words) if code in (_UPDATED_MEANWHILE, _THROTTLED) else None


def _by_status(status: int, words: str, method: str, path: str) -> Verdict | None:
    reading = method == "GET"
    if status == 401:
        return Verdict(
            Reaction.CONFIGURATION,
            f"{words}; check the key, and the service region: accounts in the EU are at https://api.eu.pagerduty.com",
        )
    if status == 400 and method == "POST" and path.endswith("/incidents") and _KEY_IN_USE.search(words):
        return Verdict(Reaction.REFUSED, words, {"incident_key": words})
    if status == 404 and not _ONE_OF_MANY.search(path):
        # A list that is not there is a wrong address, and a create that finds no target is for a person.
        return Verdict(Reaction.CONFIGURATION if reading else Reaction.REFUSED, words)
    if status == 403 and reading:
        return Verdict(Reaction.GONE if _INCIDENT.search(path) else Reaction.CONFIGURATION, words)
    if status in (400, 402):
        # A missing ability of the plan spoils one write, not the whole instance.
        return Verdict(Reaction.CONFIGURATION if reading else Reaction.REFUSED, words)
    return None


def _code(error: Mapping[str, Any]) -> int:
    code = error.get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) else 0


def _request(response: requests.Response) -> tuple[str, str]:
    """Method and path of what was asked."""
    request: requests.PreparedRequest | None = getattr(response, "request", None)
    url = (request.url if request is not None else None) or response.url or ""
    method = (request.method if request is not None else None) or "GET"
    return method.upper(), urlsplit(url).path.rstrip("/")
