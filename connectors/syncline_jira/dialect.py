"""How Jira says no: `{"errorMessages": [...], "errors": {field: message}}`, a few headers, and some traps.

Sources: Jira REST API docs ("Status codes", "Rate limiting"), and the behaviour of Seraph, Jira's login layer.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from syncline.http.dialect import Dialect, Reaction, Verdict

_LONGEST: Final = 500
"""Characters of Jira's words that go into a message."""

_LARGEST: Final = 1_000_000
"""Bytes of an error reply that are looked into."""

_DEEPEST_WAIT: Final = 3600.0


def reason(response: requests.Response) -> str:
    """Jira's own words, one line."""
    body = _body(response)
    words = [*_messages(body), *(f"{field}: {text}" for field, text in _complaints(body).items())]
    if response.status_code == 429 and (limit := response.headers.get("RateLimit-Reason")):
        words.append(f"limit: {limit}")
    text = " ".join("; ".join(words).split())
    return text[:_LONGEST] or response.reason or f"HTTP {response.status_code}"


def verdict(response: requests.Response) -> Verdict | None:
    """What a status alone does not tell."""
    denied = response.headers.get("X-Authentication-Denied-Reason")
    if response.status_code == 403 and denied:
        return Verdict(
            Reaction.CONFIGURATION,
            f"Jira asks for a CAPTCHA ({' '.join(denied.split())[:200]}); log in once with this account in a browser,"
            " or use a personal access token",
        )
    login = response.headers.get("X-Seraph-LoginReason", "")
    if "AUTHENTICATED_FAILED" in login or "AUTHENTICATION_DENIED" in login:
        # Seraph then goes on as nobody: an issue is "not found", a search finds nothing. Both would be believed.
        return Verdict(
            Reaction.CONFIGURATION, f"Jira refused the credentials ({login[:100]}); {_hint(response)}"
        )
    if response.status_code == 401:
        return Verdict(Reaction.CONFIGURATION, f"{reason(response)}; {_hint(response)}")
    path = urlsplit(response.url or "").path.rstrip("/")
    if response.status_code == 410 and path.endswith("/search"):
        return Verdict(
            Reaction.CONFIGURATION,
            "this is Jira Cloud, where /search was removed; set flavour: cloud and remove auth",
        )
    if response.status_code == 400:
        if path.endswith(("/search", "/search/jql")):
            return Verdict(
                Reaction.CONFIGURATION, f"{reason(response)}; check projects and jql in the settings"
            )
        return Verdict(Reaction.REFUSED, reason(response), _complaints(_body(response)))
    return None


def wait(response: requests.Response) -> float | None:
    """Seconds until `X-RateLimit-Reset`, an ISO 8601 time, by the reply's own `Date`."""
    if response.status_code != 429:
        return None
    try:
        reset = datetime.fromisoformat(response.headers.get("X-RateLimit-Reset", ""))
        now = parsedate_to_datetime(response.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    aware = reset if reset.tzinfo else reset.replace(tzinfo=UTC)
    return min(max((aware - now.astimezone(UTC)).total_seconds(), 0.0), _DEEPEST_WAIT)


def _hint(response: requests.Response) -> str:
    """What is usually wrong with credentials, by the host that refused them."""
    host = urlsplit(response.url or "").hostname or ""
    if host.endswith(".atlassian.net"):
        return (
            "is the API token expired or of another account? Scoped tokens and service accounts are accepted only at"
            " https://api.atlassian.com/ex/jira/<cloud id>"
        )
    if host == "api.atlassian.com":
        return "is the cloud id in the url right, is the token expired, and has it the scopes read:jira-work, write:jira-work and read:jira-user?"
    return "is the personal access token expired or revoked?"


def _body(response: requests.Response) -> Mapping[str, Any]:
    """The reply as a JSON object; empty where it is none."""
    if not response.content or len(response.content) > _LARGEST:
        return {}
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, Mapping) else {}


def _messages(body: Mapping[str, Any]) -> list[str]:
    """`errorMessages`; the gateway says `message`, some endpoints `errorMessage`."""
    listed = body.get("errorMessages")
    words = [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else []
    return words or [
        word for key in ("errorMessage", "message") if isinstance(word := body.get(key), str) and word
    ]


def _complaints(body: Mapping[str, Any]) -> dict[str, str]:
    """`errors`: field to complaint."""
    errors = body.get("errors")
    if not isinstance(errors, Mapping):
        return {}
    return {str(field): str(text)[:_LONGEST] for field, text in list(errors.items())[:50]}


def own_dialect() -> Dialect:
    """Jira's dialect. 403 without a CAPTCHA is a permission that this one write needs: refused. 404 is gone, or hidden from us."""
    return Dialect(verdict=verdict, reason=reason, wait=wait)
