"""How PagerDuty says no: one body for every error, with the codes of its documentation."""

from collections.abc import Mapping, Sequence
from typing import Any

from syncline.sandbox.platform import Response, json_response


class RefusalError(Exception):
    """A request that PagerDuty does not carry out.

    Attributes:
        status: HTTP status.
        message: `error.message`.
        code: `error.code`, PagerDuty's own number.
        errors: `error.errors`, sentences for people.
    """

    def __init__(self, status: int, message: str, code: int, *errors: str) -> None:
        super().__init__(message, *errors)
        self.status = status
        self.message = message
        self.code = code
        self.errors = errors

    def response(self) -> Response:
        """The reply."""
        return error_response(self.status, self.message, self.code, self.errors)


def error_response(
    status: int, message: str, code: int, errors: Sequence[str] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """`{"error": {"message", "code", "errors"}}`; `errors` is left out where there are none, as PagerDuty does."""
    error: dict[str, Any] = {"message": message, "code": code}
    if errors:
        error["errors"] = list(errors)
    return json_response(status, {"error": error}, headers)


def invalid(*errors: str) -> RefusalError:
    """400, code 2001: what was sent is not legal."""
    return RefusalError(400, "Invalid Input Provided", 2001, *errors)


def arguments(*errors: str) -> RefusalError:
    """400, code 2002: legal by itself, but not in the present state."""
    return RefusalError(400, "Arguments Caused Error", 2002, *errors)


def not_found() -> RefusalError:
    """404, code 2100: neither such a resource nor such an endpoint."""
    return RefusalError(404, "Not Found", 2100)


def unauthorized() -> RefusalError:
    """401, code 2006: no credentials, or wrong ones. A key of another service region reads the same."""
    return RefusalError(401, "Authentication Failed", 2006, "The API key is missing or invalid.")


def requester_not_found() -> RefusalError:
    """400, code 2013: the address in the From header is no user's."""
    return RefusalError(
        400, "Requester User Not Found", 2013, "The From header must name a user of this account."
    )


def missing_ability(name: str) -> RefusalError:
    """402, code 2012: the account's plan does not have it."""
    return RefusalError(
        402,
        "Account does not have the abilities to perform the action.",
        2012,
        f"Required abilities: {name}.",
    )


def already_resolved() -> RefusalError:
    """400, code 1001."""
    return RefusalError(400, "Incident Already Resolved", 1001)


def already_acknowledged() -> RefusalError:
    """400, code 1002."""
    return RefusalError(400, "Incident Already Acknowledged", 1002)


def cannot_escalate() -> RefusalError:
    """400, code 1006."""
    return RefusalError(400, "Incident Cannot Be Escalated", 1006, "The escalation policy has no such level.")


def nobody_on_call() -> RefusalError:
    """400, code 1015."""
    return RefusalError(400, "Nobody Is On Call For The Escalation Policy", 1015)


def merged() -> RefusalError:
    """400, code 1019: a merged incident stays resolved."""
    return RefusalError(400, "Incident Has Been Merged", 1019)


def bad_priority() -> RefusalError:
    """400, code 1020."""
    return RefusalError(400, "Priority Not Found", 1020, "Priority does not exist on this account.")


def key_in_use() -> RefusalError:
    """400: the incident_key of a create belongs to an open incident of that service."""
    return arguments("Open incident with matching dedup key already exists on this service")
