"""How Jira says no: one exception that the dispatcher turns into the reply."""

from collections.abc import Mapping
from typing import Any

from syncline.sandbox.platform import Response, json_response

UNSEEN = "Issue does not exist or you do not have permission to see it."


class RefusalError(Exception):
    """A reply that is not a success.

    Attributes:
        response: What is sent.
    """

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def refusal(
    status: int,
    *messages: str,
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> RefusalError:
    """Jira's `ErrorCollection`: messages that concern no field, and a complaint for each field."""
    content: dict[str, Any] = {"errorMessages": list(messages), "errors": dict(fields or {})}
    return RefusalError(json_response(status, content, headers))


def unseen() -> RefusalError:
    """An issue that is not there and one that may not be seen look the same."""
    return refusal(404, UNSEEN)


def bad_payload() -> RefusalError:
    """A body of the wrong shape."""
    return refusal(400, "Invalid request payload. Refer to the REST API documentation and try again.")


def no_resource(address: str) -> RefusalError:
    """Jersey's 404 for a path that no resource has."""
    return RefusalError(json_response(404, {"message": f"null for uri: {address}", "status-code": 404}))


class FieldError(Exception):
    """A value that a field does not take; `str()` is Jira's complaint about it."""


class ContentError(Exception):
    """A rich text that Jira Cloud rejects as a whole, naming no field: `INVALID_INPUT`, `CONTENT_LIMIT_EXCEEDED`."""
