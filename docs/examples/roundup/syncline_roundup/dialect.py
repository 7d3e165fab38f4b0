"""How Roundup says no: `{"error": {"status": 400, "msg": "..."}}`."""

import json
from typing import Final

import requests

from syncline.http.dialect import Dialect, Reaction, Verdict

CRASHED: Final = "An error occurred. Please check the server log"
"""So Roundup says that it stumbled, with the status of a request that is wrong."""


def reason(response: requests.Response) -> str:
    """Its own words."""
    try:
        return " ".join(str(json.loads(response.content)["error"]["msg"]).split())
    except (ValueError, KeyError, TypeError):
        return response.reason or f"HTTP {response.status_code}"


def verdict(response: requests.Response) -> Verdict | None:
    """Who knows how far it came before it stumbled? And a value that it does not take is as final as a conflict of keys."""
    said = reason(response)
    if response.status_code == 400 and CRASHED in said:
        return Verdict(Reaction.UNKNOWN, said)
    if response.status_code == 409 and "is retired" in said:
        return Verdict(Reaction.GONE, said)
    return None


DIALECT: Final = Dialect(
    reactions={
        405: Reaction.REFUSED,  # a detector of the tracker forbids it
        409: Reaction.REFUSED,  # a value that cannot be
        412: Reaction.LATER,  # somebody changed the issue just now
    },
    verdict=verdict,
    reason=reason,
)
