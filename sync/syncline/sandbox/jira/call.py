"""One request to a simulated Jira, once it is known who asks."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from syncline.sandbox.jira.model import Issue
from syncline.sandbox.jira.refusals import RefusalError, bad_payload, refusal, unseen
from syncline.sandbox.jira.setup import Person
from syncline.sandbox.jira.site import Site
from syncline.sandbox.platform import Request, Response

_NUMBER: Final = re.compile(r"-?\d{1,9}\Z")


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds of an aware time."""
    return round(moment.timestamp() * 1000)


def stamp(moment: int, zone: ZoneInfo) -> str:
    """A time as Jira writes it: milliseconds, and the offset without a colon, which ISO 8601 parsers trip over."""
    when = datetime.fromtimestamp(moment // 1000, UTC).astimezone(zone)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{moment % 1000:03d}{when:%z}"


@dataclass(frozen=True, slots=True)
class Call:
    """A request and its circumstances.

    Attributes:
        request: As it came.
        now: Epoch milliseconds.
        user: Who asks.
        version: Of the API, 2 or 3.
        root: The site's address as this caller knows it; behind the gateway with its prefix.
        zone: Of the caller's profile.
        params: The query: name to all its values.
    """

    request: Request
    now: int
    user: Person
    version: int
    root: str
    zone: ZoneInfo
    params: Mapping[str, list[str]]

    @property
    def api(self) -> str:
        """Where `self` links begin."""
        return f"{self.root}/rest/api/{self.version}"

    def param(self, name: str, default: str = "") -> str:
        """The first value of a parameter."""
        values = self.params.get(name)
        return values[0] if values else default

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean parameter."""
        text = self.param(name).lower()
        return text == "true" if text else default

    def number(self, name: str, default: int, *, least: int = 0, most: int = 1_000_000_000) -> int:
        """A whole number, brought down to `most`, as Jira does with page sizes.

        Raises:
            RefusalError: it is no number, or below `least`.
        """
        text = self.param(name)
        if not text:
            return min(default, most)
        if not _NUMBER.match(text) or int(text) < least:
            raise refusal(400, f"The value '{text}' is not valid for the parameter '{name}'.")
        return min(int(text), most)

    def listed(self, name: str) -> list[str]:
        """A parameter that may be repeated and may be comma separated."""
        return [
            part.strip() for value in self.params.get(name, ()) for part in value.split(",") if part.strip()
        ]

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent.

        Raises:
            RefusalError: it is none.
        """
        content = self.json()
        if not isinstance(content, dict):
            raise bad_payload()
        return content

    def json(self) -> Any:
        """The JSON value that was sent.

        Raises:
            RefusalError: 415 without the right content type, 400 where it is no JSON.
        """
        kind = self.request.header("content-type").split(";")[0].strip().lower()
        if kind != "application/json":
            # JAX-RS: the resources consume application/json and nothing else.
            raise RefusalError(Response(415, b"", {"Content-Type": "text/html;charset=UTF-8"}))
        try:
            return self.request.json()
        except (ValueError, RecursionError) as error:
            raise refusal(
                400, "There was an error parsing JSON. Check that your request body is valid."
            ) from error


def issue_of(site: Site, call: Call, reference: str) -> Issue:
    """The issue that a path names.

    Raises:
        RefusalError: 404, also where the caller may not see it.
    """
    issue = site.find_issue(reference)
    if issue is None or not site.allowed(call.user, "BROWSE_PROJECTS"):
        raise unseen()
    return issue


def need(site: Site, call: Call, permission: str, status: int, message: str) -> None:
    """Refuse what the caller may not do."""
    if not site.allowed(call.user, permission):
        raise refusal(status, message)


Handler = Callable[..., Response]
"""Takes the site, the call and the variable parts of the path."""
Routes = Mapping[tuple[str, str], Handler]
"""Method and path, with `{}` for a variable part, to what answers."""
