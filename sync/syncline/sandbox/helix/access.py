"""Who is asking: tokens that `/api/jwt/login` gives, and the sessions that they occupy.

BMC, "Access and authentication for the REST API": user name and password go in a form, the token comes back as plain text, is
sent as `Authorization: AR-JWT <token>`, lives an hour unless configured otherwise, and is given back by `/api/jwt/logout`. It is a
signed JSON Web Token with the claims `sub`, `iss`, `iat`, `nbf`, `exp` and `_cacheId` (BMC, "Login information").
"""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from urllib.parse import parse_qsl

from syncline.sandbox.helix.people import INTEGRATION, INTEGRATION_PASSWORD, Person
from syncline.sandbox.helix.replies import BAD_BODY, BAD_LOGIN, SESSIONS, RefusalError
from syncline.sandbox.platform import Request, Response

_SCHEME: Final = "ar-jwt"
_PREFIX: Final = "token-"
_KEY: Final = b"sandbox"
_BACKDATED: Final = timedelta(minutes=2)
"""For servers whose clocks differ."""


@dataclass(frozen=True, slots=True)
class _Session:
    login: str
    until: datetime


class Access:
    """Accounts and the tokens that they hold."""

    def __init__(self, people: Mapping[str, Person], lifetime: float, most_sessions: int) -> None:
        self._people = people
        self._lifetime = timedelta(seconds=lifetime)
        self._most = most_sessions
        self._sessions: dict[str, _Session] = {}

    def login(self, request: Request, now: datetime, rng: Random) -> Response:
        """A token. Raises `RefusalError`."""
        if not request.header("content-type").startswith("application/x-www-form-urlencoded"):
            raise RefusalError(400, BAD_BODY, "application/x-www-form-urlencoded is required")
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        login, password = form.get("username", ""), form.get("password", "")
        right = bool(password) and (login != INTEGRATION or password == INTEGRATION_PASSWORD)
        if login not in self._people or not right:
            raise RefusalError(401, BAD_LOGIN, login)
        self._sessions = {token: held for token, held in self._sessions.items() if now < held.until}
        if sum(1 for held in self._sessions.values() if held.login == login) >= self._most:
            raise RefusalError(500, SESSIONS, login)
        until = now + self._lifetime
        token = _signed(
            {
                "sub": login,
                "iss": "sandbox",
                "iat": int(now.timestamp()),
                "nbf": int((now - _BACKDATED).timestamp()),
                "exp": int(until.timestamp()),
                "_cacheId": rng.getrandbits(128),
            }
        )
        self._sessions[token] = _Session(login, until)
        return Response(200, token.encode(), {"Content-Type": "text/plain;charset=utf-8"})

    def logout(self, request: Request) -> Response:
        """Give a token back."""
        self._sessions.pop(_token(request), None)
        return Response(204)

    def user(self, request: Request, now: datetime) -> str:
        """The login whose token it is. Raises `RefusalError` (401) where it is none that holds."""
        name = self.name(request, now)
        if name is None:
            raise RefusalError(401, BAD_LOGIN)
        return name

    def name(self, request: Request, now: datetime | None = None) -> str | None:
        """The login of the credentials; None where they are missing or wrong. Without `now` tokens do not expire."""
        token = _token(request)
        held = self._sessions.get(token)
        if held is not None and (now is None or now < held.until):
            return held.login
        login = token.removeprefix(_PREFIX) if token.startswith(_PREFIX) else ""
        # The integration must log in as a real one must; people of a test need not.
        return login if login in self._people and login != INTEGRATION else None

    def expire(self) -> None:
        """Make every token invalid."""
        self._sessions.clear()

    def open_sessions(self, login: str) -> int:
        """How many tokens an account holds."""
        return sum(1 for held in self._sessions.values() if held.login == login)


def _signed(claims: Mapping[str, Any]) -> str:
    """A JSON Web Token (RFC 7519)."""
    said = ".".join(_encoded(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "HS256"}, claims))
    return f"{said}.{_encoded(hmac.digest(_KEY, said.encode(), 'sha256'))}"


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _token(request: Request) -> str:
    scheme, _, token = request.header("authorization").partition(" ")
    return token.strip() if scheme.lower() == _SCHEME else ""
