"""How a platform says no, as data that each plugin brings: status to reaction, and where its own words stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import requests


class Reaction(StrEnum):
    """What we do about a reply; each but `OK` has its class in `syncline.errors`."""

    OK = "ok"
    CONFIGURATION = "configuration"
    LATER = "later"
    REFUSED = "refused"
    GONE = "gone"
    UNKNOWN = "unknown"


DEFAULT_REACTIONS: Final[Mapping[int, Reaction]] = MappingProxyType(
    {
        202: Reaction.UNKNOWN,  # taken, and not done yet: a gateway's word for what may never be done
        400: Reaction.REFUSED,
        401: Reaction.CONFIGURATION,
        402: Reaction.CONFIGURATION,
        403: Reaction.REFUSED,
        404: Reaction.GONE,
        408: Reaction.UNKNOWN,
        409: Reaction.LATER,
        410: Reaction.GONE,
        413: Reaction.REFUSED,
        422: Reaction.REFUSED,
        425: Reaction.LATER,
        429: Reaction.LATER,
    }
)
"""Only these say *not applied*; every other failure of a write leaves its outcome unknown."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reply means.

    Attributes:
        reaction: What to do.
        reason: The platform's own words, one line, for the operator.
        fields: Native field to complaint, where the platform names fields.
    """

    reaction: Reaction
    reason: str
    fields: Mapping[str, str] = field(default_factory=dict)


def no_verdict(_response: requests.Response) -> Verdict | None:
    """The table decides."""
    return None


def no_wait(_response: requests.Response) -> float | None:
    """No header of the platform's own; `Retry-After` is always honoured."""
    return None


def plain_reason(response: requests.Response) -> str:
    """The reply's reason phrase, for a platform that says no more."""
    return response.reason or f"HTTP {response.status_code}"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one platform says no.

    Attributes:
        reactions: Status to reaction, over `DEFAULT_REACTIONS`.
        verdict: Looked at first; finds failures behind a 200 and tells apart what one status means twice.
        reason: The platform's own words in an error reply.
        wait: Seconds to wait by headers of the platform's own, beside `Retry-After`.
        json_only: Whether a reply that is not JSON (a login page, a hibernating instance) is a fault.
    """

    reactions: Mapping[int, Reaction] = field(default_factory=dict)
    verdict: Callable[[requests.Response], Verdict | None] = no_verdict
    reason: Callable[[requests.Response], str] = plain_reason
    wait: Callable[[requests.Response], float | None] = no_wait
    json_only: bool = True
