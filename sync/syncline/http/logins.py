"""Logins with user and password that give a token for all workers, and logouts that give it back."""

from abc import ABC
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from json import loads
from typing import ClassVar, Final

from pydantic import SecretStr

from syncline.errors import Configuration, RetryLater
from syncline.http.auth import AuthContext, IssuedToken, is_token, issued, life

JWT_LIFE: Final = 3600.0
"""Seconds that a JSON Web Token is taken to live where it does not say."""


class _Login(IssuedToken, ABC):
    """A token that a login gives, and that a logout gives back."""

    logout_method: ClassVar[str] = "POST"

    def __init__(
        self, login_url: str, logout_url: str, user: str, password: SecretStr, context: AuthContext
    ) -> None:
        super().__init__(context)
        self.login_url = login_url
        self.logout_url = logout_url
        self.user = user
        self._password = password

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.login_url!r}, {self.user!r})"

    def secrets(self) -> tuple[str, ...]:
        """The password; tokens are told to the redactor as they come."""
        return (self._password.get_secret_value(),)

    def give_back(self) -> None:
        """Log out, so that the session is free for others. The next request would log in again."""
        with self._context.lock:
            token, self._token = self._token, ""
            if token:
                self._context.post.give_back(self.logout_url, f"{self.scheme} {token}", self.logout_method)


class JwtLogin(_Login):
    """A JSON Web Token that a login with user and password gives as plain text.

    How long it lives the token itself says (RFC 7519: `exp` and `iat`); it is believed in nothing else.

    Args:
        login_url: Where user and password go, as a form.
        logout_url: Where the token is given back.
        user: Who logs in.
        password: Their password.
        context: Clock, lock and transport.
        scheme: What stands before the token in the header `Authorization`.
        parameters: More form fields that the login asks for.
    """

    def __init__(
        self,
        login_url: str,
        logout_url: str,
        user: str,
        password: SecretStr,
        *,
        context: AuthContext,
        scheme: str = "Bearer",
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(login_url, logout_url, user, password, context)
        self.scheme = scheme
        self._parameters = dict(parameters or {})

    def _issue(self) -> tuple[str, float]:
        form = {"username": self.user, "password": self._password.get_secret_value(), **self._parameters}
        token = self._context.post.text(self.login_url, form)
        if not is_token(token) or not _is_whole(token):
            raise RetryLater(
                f"{self._context.instance}: the reply of the login {self.login_url} is no token; check that this is"
                " the address of the platform's login"
            )
        return token, _stated_life(token)


class OAuthLogin(_Login):
    """An access token by user and password, renewed by the refresh token that comes with it (RFC 6749, sections 4.3 and 6).

    The password goes out once, and again where the refresh token is no longer good. Platforms give a new refresh token with
    each renewal, and the old one may then be worth nothing.

    Args:
        login_url: The token endpoint.
        logout_url: Where the session is ended.
        client_id: Our id.
        user: Who logs in.
        password: Their password.
        context: Clock, lock and transport.
    """

    logout_method = "DELETE"

    def __init__(
        self,
        login_url: str,
        logout_url: str,
        client_id: str,
        user: str,
        password: SecretStr,
        *,
        context: AuthContext,
    ) -> None:
        super().__init__(login_url, logout_url, user, password, context)
        self.client_id = client_id
        self._refresh = ""

    def give_back(self) -> None:
        """Log out: that ends the refresh token too."""
        super().give_back()
        self._refresh = ""

    def _issue(self) -> tuple[str, float]:
        refresh, self._refresh = self._refresh, ""
        if refresh:
            try:
                return self._asked({"grant_type": "refresh_token", "refresh_token": refresh})
            except Configuration:
                # It has ended, or the session was ended for us: only the password helps.
                pass
            except RetryLater:
                self._refresh = refresh
                raise
        password = self._password.get_secret_value()
        return self._asked({"grant_type": "password", "username": self.user, "password": password})

    def _asked(self, form: Mapping[str, str]) -> tuple[str, float]:
        reply = self._context.post(self.login_url, {**form, "client_id": self.client_id})
        found = issued(self._context, self.login_url, reply)
        refresh = reply.get("refresh_token")
        if isinstance(refresh, str) and is_token(refresh):
            self._context.redactor.learn(refresh)
            self._refresh = refresh
        return found


def _is_whole(token: str) -> bool:
    """Whether what begins as a JSON Web Token ends as one: with a signature behind header and claims (RFC 7515). A reply that
    was cut is plain text too, and taken for a token it makes the platform refuse us."""
    return not token.startswith("eyJ") or (token.count(".") >= 2 and not token.endswith("."))


def _stated_life(token: str) -> float:
    """Seconds from the issue of a JSON Web Token to its end, by its own claims; an hour where it has none."""
    try:
        payload = token.split(".")[1]
        claims = loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return life(claims["exp"] - claims["iat"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return JWT_LIFE
