"""How Cherwell says no: by the status, or with a 200 and `hasError` in the body, its code and, of a save, what is wrong with which field.

The keys are those of the published API contract (CSM 10.x). Of the codes there are public clients that know RECORDNOTFOUND and
INSUFFICIENTRIGHTS; how they are spelled differs, so only their letters count.
"""

import json
from http import HTTPStatus
from typing import Any, Final

import requests

from syncline.http.dialect import Dialect, Reaction, Verdict

NO_RECORD: Final = "RECORDNOTFOUND"


def verdict(response: requests.Response) -> Verdict | None:
    """What a reply means where its status alone does not say."""
    body = _body(response)
    failed = body.get("hasError") is True
    if response.status_code < HTTPStatus.BAD_REQUEST and not failed:
        return None
    code = "".join(letter for letter in str(body.get("errorCode") or "") if letter.isalpha()).upper()
    reason = error_text(response)
    if code == NO_RECORD:
        return Verdict(Reaction.GONE, reason)
    if response.status_code == HTTPStatus.NOT_FOUND:
        return Verdict(Reaction.CONFIGURATION, f"{reason}; check url, and the version of CSM")
    if not failed or response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}:
        return None
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    asked = _asked(response)
    if body.get("busObRecId") and not asked.get("busObRecId") and "fields" in asked:
        # It names a record that it made, and says that it failed: nobody knows which is true.
        return Verdict(Reaction.UNKNOWN, reason)
    # By their ids, for a reply has no names; the writer puts them in.
    fields = {str(one.get("fieldId")): str(one.get("error") or "refused")[:200] for one in _errors(body)}
    return Verdict(Reaction.REFUSED, reason, fields)


def error_text(response: requests.Response) -> str:
    """The message, and what is said of fields, one line; the reason phrase where there is none."""
    body = _body(response)
    words = [body.get("errorMessage"), body.get("error_description"), body.get("Message")]
    words += [error.get("error") for error in _errors(body)]
    unlike = dict.fromkeys(" ".join(word.split()) for word in words if isinstance(word, str) and word.strip())
    return "; ".join(unlike)[:500] or response.reason or f"HTTP {response.status_code}"


def _errors(body: dict[str, Any]) -> list[dict[str, Any]]:
    errors = body.get("fieldValidationErrors")
    return [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []


def _body(response: requests.Response) -> dict[str, Any]:
    return _object(response.content)


def _asked(response: requests.Response) -> dict[str, Any]:
    sent = response.request.body
    return _object(sent) if isinstance(sent, str | bytes) else {}


def _object(raw: str | bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def own_dialect() -> Dialect:
    """Cherwell's dialect."""
    return Dialect(verdict=verdict, reason=error_text)
