"""Errors in the server's shape: a JSON array of messages."""

from collections.abc import Mapping
from typing import Any, Final

from syncline.sandbox.platform import Response, json_response

JSON_TYPE: Final = "application/json;charset=utf-8"

# Numbers and texts of the AR System server (BMC: AR System error messages).
NOT_FOUND: Final = (302, "Entry does not exist in database")
NO_FORM: Final = (303, "Form does not exist on server")
WRONG_VALUE: Final = (306, "Value does not fall within the limits specified for the field")
MISSING: Final = (307, "Required field (without a default) not specified")
NO_FIELD: Final = (314, "Field does not exist on current form")
NOT_EMPTY: Final = (326, "Required field cannot be reset to a NULL value")
NO_ACCESS: Final = (331, "You do not have write access to this record")
BAD_QUERY: Final = (1587, "Format of the qualification is invalid")
BAD_LOGIN: Final = (623, "Authentication failed")
BAD_BODY: Final = (8940, "The body of the request is not valid")
SESSIONS: Final = (9093, "User is currently connected from another machine or incompatible session")

WORKFLOW: Final = 1_291_000
"""From here on numbers are an application's own: its filters answer so, and the operation is rolled back."""


class RefusalError(Exception):
    """The request is answered with an error; `response` is the reply."""

    def __init__(self, status: int, message: tuple[int, str], detail: str | None = None) -> None:
        super().__init__(message[1])
        self.response = failure(status, message, detail)


def failure(status: int, message: tuple[int, str], detail: str | None = None, **headers: str) -> Response:
    """`[{"messageType", "messageText", "messageNumber", "messageAppendedText"}]`."""
    number, text = message
    content = [
        {"messageType": "ERROR", "messageText": text, "messageNumber": number, "messageAppendedText": detail}
    ]
    return json_response(status, content, {"Content-Type": JSON_TYPE, **headers})


def refused_by_workflow(number: int, text: str) -> RefusalError:
    """An application's filter says no. What it says comes with 500, as whatever the server has no status for."""
    return RefusalError(500, (WORKFLOW + number, text))


def answered(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON reply."""
    return json_response(status, content, {"Content-Type": JSON_TYPE, **(headers or {})})


def page(status: int, title: str, text: str) -> Response:
    """An HTML page, as the load balancer before a server gives it."""
    body = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"
    return Response(status, body.encode(), {"Content-Type": "text/html;charset=UTF-8"})
