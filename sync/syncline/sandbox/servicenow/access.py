"""Who is asking: basic authentication, OAuth tokens and API keys, and the rate limit by user."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final
from urllib.parse import parse_qsl

from syncline.sandbox.platform import Request, Response, json_response
from syncline.sandbox.servicenow.people import ADMIN, INTEGRATION, INTEGRATION_PASSWORD, Person, fixed_id
from syncline.sandbox.servicenow.replies import unauthenticated

CLIENT_ID: Final = "syncline"
CLIENT_SECRET: Final = "sandbox"  # noqa: S105  the sandbox's credentials are no secret
_PREFIX: Final = "token-"


@dataclass(frozen=True, slots=True)
class User:
    """The one who asks."""

    sys_id: str
    user_name: str
    is_admin: bool


@dataclass(frozen=True, slots=True)
class Call:
    """What goes with a request all the way down.

    Attributes:
        user: Who asks.
        now: When, aware and in UTC.
        rng: The source of whatever is drawn.
        pairs: The decoded query, in order.
        params: The first value of each of its names.
    """

    user: User
    now: datetime
    rng: Random
    pairs: Sequence[tuple[str, str]] = ()
    params: Mapping[str, str] = field(default_factory=dict)

    def flag(self, name: str) -> bool:
        """A boolean parameter. `True` counts as true: it is read by Java's `parseBoolean`."""
        return self.params.get(name, "").lower() == "true"


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    user_name: str
    until: datetime


class Access:
    """Accounts, tokens and counts."""

    def __init__(self, people: Mapping[str, Person], token_lifetime: float) -> None:
        self._people = people
        self._users = {
            name: User(fixed_id("sys_user", name), name, ADMIN in person.roles)
            for name, person in people.items()
        }
        self._lifetime = token_lifetime
        self._tokens: dict[str, _Token] = {}
        self._refresh: dict[str, str] = {}
        self._counts: dict[tuple[str, datetime], int] = {}

    def user(self, request: Request, now: datetime) -> User:
        """The user of the request's credentials. Raises `RefusalError` (401) where they are missing or wrong."""
        name = self.name(request, now)
        if name is None:
            raise unauthenticated()
        return self._users[name]

    def name(self, request: Request, now: datetime | None = None) -> str | None:
        """The user name of the credentials; None where they are missing or wrong. Without `now` tokens do not expire."""
        scheme, _, rest = request.header("authorization").partition(" ")
        name: str | None = None
        if scheme.lower() == "basic":
            name = self._basic(rest)
        elif scheme.lower() == "bearer":
            token = self._tokens.get(rest.strip())
            if token is not None and (now is None or now < token.until):
                name = token.user_name
            elif rest.startswith(_PREFIX):
                name = rest.strip().removeprefix(_PREFIX)
        elif key := request.header("x-sn-apikey"):
            name = key.removeprefix(_PREFIX) if key.startswith(_PREFIX) else None
        return name if name in self._people else None

    def over_limit(self, user: User, now: datetime, limit: int) -> bool:
        """Count a request; whether it is one too many in this hour."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        if self._counts and next(iter(self._counts))[1] != hour:
            self._counts.clear()
        key = (user.user_name, hour)
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._counts[key] > limit

    def expire_tokens(self) -> None:
        """Make every access token that was issued invalid."""
        self._tokens.clear()

    def issue(self, request: Request, now: datetime, rng: Random) -> Response:
        """`POST /oauth_token.do` (OAuth API request parameters docs): the body is form-encoded."""
        if "application/x-www-form-urlencoded" not in request.header("content-type"):
            return _denied("invalid_request")
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        scheme, _, rest = request.header("authorization").partition(" ")
        client = (form.get("client_id", ""), form.get("client_secret", ""))
        if scheme.lower() == "basic" and not client[0]:
            client = _pair(rest)
        if client != (CLIENT_ID, CLIENT_SECRET):
            return _denied("access_denied")
        match form.get("grant_type", ""):
            case "password":
                name = form.get("username", "")
                if not self._right(name, form.get("password", "")):
                    return _denied("access_denied")
            case "client_credentials":
                name = INTEGRATION
            case "refresh_token":
                name = self._refresh.get(form.get("refresh_token", ""), "")
                if not name:
                    return _denied("access_denied")
            case _:
                return _denied("unsupported_grant_type")
        return self._granted(name, form["grant_type"], now, rng)

    def _granted(self, name: str, grant: str, now: datetime, rng: Random) -> Response:
        # While a token is valid, each request gets the same one again, with its time renewed (KB0791140).
        current = next((t for t in self._tokens.values() if t.user_name == name and now < t.until), None)
        text = current.text if current is not None else f"{rng.getrandbits(512):0128x}"[:86]
        self._tokens[text] = _Token(text, name, now + timedelta(seconds=self._lifetime))
        content: dict[str, str | int] = {
            "access_token": text,
            "scope": "useraccount",
            "token_type": "Bearer",
            "expires_in": int(self._lifetime) - 1,
        }
        if grant != "client_credentials":
            refresh = next((r for r, owner in self._refresh.items() if owner == name), None)
            if refresh is None:
                refresh = f"{rng.getrandbits(512):0128x}"[:86]
                self._refresh[refresh] = name
            content["refresh_token"] = refresh
        return json_response(200, content, {"Cache-Control": "no-store"})

    def _basic(self, encoded: str) -> str | None:
        name, password = _pair(encoded)
        return name if self._right(name, password) else None

    def _right(self, name: str, password: str) -> bool:
        if name == INTEGRATION:
            return password == INTEGRATION_PASSWORD
        return name in self._people and bool(password)


def _pair(encoded: str) -> tuple[str, str]:
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return name, password


def _denied(reason: str) -> Response:
    return json_response(401, {"error_description": reason, "error": "server_error"})
