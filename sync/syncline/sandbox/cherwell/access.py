"""Who is asking: tokens that `/token` gives, and the sessions behind them.

Ivanti, "OAuth2 Protocol for the REST API" and "Requesting Access and Refresh Tokens": a client id and a user's credentials give an
access token that lives about twenty minutes and a refresh token that lives longer; a refresh gives both anew and invalidates both
that were in use. Whoever logs in occupies a licence. How many there are, and what is said when all are taken, is assumed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Final
from urllib.parse import parse_qsl

from syncline.sandbox.cherwell.people import CLIENT_ID, INTEGRATION, INTEGRATION_PASSWORD, Person
from syncline.sandbox.cherwell.replies import RefusalError, answered, said
from syncline.sandbox.platform import Request, Response

_MODES: Final = frozenset({"", "internal", "windows", "ldap", "saml", "auto"})
_PREFIX: Final = "token-"
_DENIED: Final = "Authorization has been denied for this request."
_BAD_LOGIN: Final = "Could not login to system with the provided user ID and password."


@dataclass(frozen=True, slots=True)
class _Session:
    login: str
    until: datetime
    refresh: str
    refresh_until: datetime


class Access:
    """Accounts and the tokens that they hold."""

    def __init__(
        self, people: Mapping[str, Person], lifetime: float, refresh_lifetime: float, most_sessions: int
    ) -> None:
        self._people = people
        self._lifetime = timedelta(seconds=lifetime)
        self._refresh_lifetime = timedelta(seconds=refresh_lifetime)
        self._most = most_sessions
        self._sessions: dict[str, _Session] = {}

    def token(self, request: Request, now: datetime, rng: Random) -> Response:
        """A pair of tokens, for a password or for a refresh token. Raises `RefusalError`."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        client = form.get("client_id", "")
        if client != CLIENT_ID or request.param("api_key", CLIENT_ID) != CLIENT_ID:
            raise _oauth("invalid_client_id", f"Client {client} is not registered in the system.")
        if request.param("auth_mode").lower() not in _MODES:
            raise _oauth("invalid_request", "auth_mode")
        self._sessions = {token: held for token, held in self._sessions.items() if now < held.refresh_until}
        match form.get("grant_type"):
            case "password":
                return self._login(form, now, rng)
            case "refresh_token":
                return self._refresh(form.get("refresh_token", ""), now, rng)
            case _:
                raise _oauth("unsupported_grant_type", "")

    def logout(self, request: Request) -> Response:
        """End the session."""
        self._sessions.pop(_token(request), None)
        return Response(200)

    def user(self, request: Request, now: datetime) -> Person:
        """Whose token it is. Raises `RefusalError` (401) where it is none that holds."""
        login = self.name(request, now)
        if login is None:
            raise said(401, _DENIED)
        return self._people[login]

    def name(self, request: Request, now: datetime | None = None) -> str | None:
        """The login of the credentials; None where they are missing or wrong. Without `now` tokens do not expire."""
        token = _token(request)
        held = self._sessions.get(token)
        if held is not None and (now is None or now < held.until):
            return held.login
        login = token.removeprefix(_PREFIX) if token.startswith(_PREFIX) else ""
        # The integration must log in as a real one must; people of a test need not.
        return login if login in self._people and login != INTEGRATION else None

    def expire(self, *, refresh: bool) -> None:
        """Make every access token invalid; the refresh tokens as well where told so."""
        if refresh:
            self._sessions.clear()
        self._sessions = {
            token: replace(held, until=datetime.min.replace(tzinfo=UTC))
            for token, held in self._sessions.items()
        }

    def open_sessions(self, login: str, now: datetime) -> int:
        """How many licences an account occupies."""
        return sum(1 for held in self._sessions.values() if held.login == login and now < held.until)

    def _login(self, form: Mapping[str, str], now: datetime, rng: Random) -> Response:
        login, password = form.get("username", ""), form.get("password", "")
        right = bool(password) and (login != INTEGRATION or password == INTEGRATION_PASSWORD)
        if login not in self._people or not right:
            raise _oauth("invalid_grant", _BAD_LOGIN)
        if self.open_sessions(login, now) >= self._most:
            raise _oauth("invalid_grant", "There is no license available.")
        return self._given(login, now, rng)

    def _refresh(self, refresh: str, now: datetime, rng: Random) -> Response:
        token = next(
            (token for token, held in self._sessions.items() if refresh and held.refresh == refresh), None
        )
        if token is None:
            raise _oauth("invalid_grant", "The refresh token is not valid.")
        return self._given(self._sessions.pop(token).login, now, rng)

    def _given(self, login: str, now: datetime, rng: Random) -> Response:
        token, refresh = f"{rng.getrandbits(512):0128x}", f"{rng.getrandbits(128):032x}"
        session = _Session(login, now + self._lifetime, refresh, now + self._refresh_lifetime)
        self._sessions[token] = session
        return answered(
            200,
            {
                "access_token": token,
                "token_type": "bearer",
                "expires_in": int(self._lifetime.total_seconds()),
                "refresh_token": refresh,
                "as:client_id": CLIENT_ID,
                "username": login,
                ".issued": _http_date(now),
                ".expires": _http_date(session.until),
            },
        )


def _oauth(error: str, description: str) -> RefusalError:
    return RefusalError(answered(400, {"error": error, "error_description": description}))


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.replace(microsecond=0), usegmt=True)


def _token(request: Request) -> str:
    scheme, _, token = request.header("authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
