"""Replies and errors in the service's shapes.

`errorCode`, `errorMessage` and `hasError` stand in every body, whatever its status (Ivanti's published contract of the API). Ivanti,
"Errors": 400 is a bad request, 404 what does not exist. The codes are those of public clients' tests; validation's is assumed.
"""

from collections.abc import Mapping
from typing import Any, Final

from syncline.sandbox.platform import Response, json_response

JSON_TYPE: Final = "application/json; charset=utf-8"

BAD_REQUEST: Final = "BadRequest"
FORBIDDEN: Final = "Forbidden"
NOT_FOUND: Final = "RecordNotFound"
INVALID: Final = "ValidationError"

FINE: Final[Mapping[str, Any]] = {"errorCode": None, "errorMessage": None, "hasError": False}


class RefusalError(Exception):
    """The request is answered with an error; `response` is the reply."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def wrong(code: str, message: str) -> dict[str, Any]:
    """The three keys of an error."""
    return {"errorCode": code, "errorMessage": message, "hasError": True}


def answered(status: int, content: Any, **headers: str) -> Response:
    """A JSON reply."""
    return json_response(status, content, {"Content-Type": JSON_TYPE, **headers})


def refused(status: int, code: str, message: str, **more: Any) -> RefusalError:
    """A refusal with the three keys, and what else stands in such a body."""
    return RefusalError(answered(status, {**more, **wrong(code, message)}))


def bad_request(message: str) -> RefusalError:
    """What was sent does not read."""
    return refused(400, BAD_REQUEST, message)


def said(status: int, message: str) -> RefusalError:
    """What the web server before the service says."""
    return RefusalError(answered(status, {"Message": message}))


def page(status: int) -> Response:
    """The web server's page where the service behind it is not there."""
    text = f"""<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">
<HTML><HEAD><TITLE>Service Unavailable</TITLE></HEAD>
<BODY><h2>Service Unavailable</h2><hr><p>HTTP Error {status}. The service is unavailable.</p></BODY></HTML>
"""
    return Response(status, text.encode(), {"Content-Type": "text/html; charset=us-ascii"})
