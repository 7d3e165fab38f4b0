"""How the AR System server says no: a JSON array of messages, each with a number (BMC, "Error handling for the REST API")."""

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from syncline.errors import Configuration
from syncline.http.dialect import Dialect, Reaction, Verdict

NO_ENTRY: Final = 302
NO_FORM: Final = 303
NO_FIELD: Final = 314
NO_FORM_ACCESS: Final = 353
BAD_LOGIN: Final = 623
OTHER_SESSION: Final = 9093

_REFUSALS: Final = frozenset(
    {305, 306, 307, 309, 311, 312, 313, NO_FIELD, 319, 326, 330, 331, 332, 333, 382, 1587}
)
"""What the server itself refuses before anything is stored: missing and wrong values, missing rights, keys that exist."""

_OWN: Final = 10_000
"""From here on numbers are an application's: its filters end the operation with such a message, and it is rolled back
(BMC, "Message action")."""

_LABELS: Final = {
    "assignee": "Assignee Login ID",
    "assigned group": "Assigned Group ID",
    "status reason": "Status_Reason",
    "resolution": "Resolution",
    "summary": "Description",
    "notes": "Detailed Decription",
    "impact": "Impact",
    "urgency": "Urgency",
}
"""What the application's messages call fields."""


def verdict(response: requests.Response) -> Verdict | None:
    """What a reply means where its status alone does not say."""
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST or is_file(response):
        return None
    messages = _messages(response)
    numbers = {message.get("messageNumber") for message in messages}
    reason = error_text(response)
    if OTHER_SESSION in numbers:
        return Verdict(
            Reaction.LATER, f"{reason}: the account is at work in another session; use it for Syncline alone"
        )
    if NO_FORM in numbers:
        return Verdict(
            Reaction.CONFIGURATION, f"{reason}; is Incident Management installed, and url that of its server?"
        )
    if NO_ENTRY in numbers:
        return Verdict(Reaction.GONE, reason)
    if status == HTTPStatus.NOT_FOUND:
        return Verdict(Reaction.CONFIGURATION, f"{reason}; check url in the settings")
    if BAD_LOGIN in numbers or status == HTTPStatus.UNAUTHORIZED:
        return None
    refused = any(isinstance(number, int) and (number in _REFUSALS or number >= _OWN) for number in numbers)
    if refused or status in {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN}:
        return Verdict(Reaction.REFUSED, reason, _fields(messages))
    return None


def is_hidden(error: Configuration) -> bool:
    """Whether it is the server itself that says so, by its own numbers: there is no such form, or not for our account. A page
    that a gateway puts there says nothing of forms, nor does a login that failed."""
    said = str(error)
    return "(ARERR " in said and f"(ARERR {BAD_LOGIN})" not in said


def is_file(response: requests.Response) -> bool:
    """Whether the reply is the content of an attachment, which may be anything."""
    path = urlsplit(response.request.url or "").path
    return response.status_code == HTTPStatus.OK and "/attach/" in path


def error_text(response: requests.Response) -> str:
    """The texts of the messages with their numbers, one line; the reason phrase where there are none."""
    said = []
    for message in _messages(response):
        parts = [str(message[key]) for key in ("messageText", "messageAppendedText") if message.get(key)]
        number = message.get("messageNumber")
        said.append(": ".join(parts) + (f" (ARERR {number})" if number else ""))
    text = " ".join("; ".join(part for part in said if part).split())[:500]
    return text or response.reason or f"HTTP {response.status_code}"


def _messages(response: requests.Response) -> list[dict[str, Any]]:
    if b"message" not in response.content:
        return []
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return []
    return [one for one in body if isinstance(one, dict)] if isinstance(body, list) else []


def _fields(messages: list[dict[str, Any]]) -> dict[str, str]:
    """The fields that the messages name, by their labels or, appended, by their names."""
    found: dict[str, str] = {}
    for message in messages:
        said, appended = str(message.get("messageText") or ""), str(message.get("messageAppendedText") or "")
        for label, name in _LABELS.items():
            if label in said.lower() or appended.partition(" (")[0] == name:
                found[name] = said[:200]
    return found


def own_dialect() -> Dialect:
    """The server's dialect."""
    return Dialect(
        reactions={
            HTTPStatus.METHOD_NOT_ALLOWED: Reaction.REFUSED,
            HTTPStatus.NOT_ACCEPTABLE: Reaction.REFUSED,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Reaction.REFUSED,
        },
        verdict=verdict,
        reason=error_text,
    )
