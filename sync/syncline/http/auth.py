"""How we prove who we are. A plugin's settings choose the strategy; the guard applies it to each request.

A strategy is a `requests.auth.AuthBase`. Its `secrets` are told to the redactor, and one that can renew what
it holds has `renew`, which the guard calls once when the platform answers 401.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, runtime_checkable

import requests
from pydantic import SecretStr
from requests.auth import AuthBase, HTTPBasicAuth

from syncline.errors import Configuration, RetryLater
from syncline.http.redaction import Redactor
from syncline.ports import Clock

EARLY: Final = 60.0
"""Seconds before its end at which a token is renewed; half its life where that is less."""

DEFAULT_LIFE: Final = 300.0
"""Seconds that a token is taken to live where the reply does not say."""


class TokenPost(Protocol):
    """Sends a form to a token endpoint, with the instance's timeouts, TLS, proxy and size limit."""

    def __call__(
        self, url: str, form: Mapping[str, str], basic: tuple[str, str] | None = None
    ) -> Mapping[str, Any]:
        """The reply's JSON object.

        Raises:
            Configuration: the endpoint refuses these credentials, or is no token endpoint.
            RetryLater: it cannot be reached, or fails.
        """
        ...

    def text(self, url: str, form: Mapping[str, str]) -> str:
        """The reply's plain text, of an endpoint that gives the bare token. Raises as a call does."""
        ...

    def give_back(self, url: str, authorization: str, method: str = "POST") -> None:
        """Tell an endpoint that a token is no longer needed. Whether it heard does not matter: tokens end by themselves."""
        ...


@dataclass(frozen=True, slots=True)
class AuthContext:
    """What a strategy may use.

    Attributes:
        instance: Name, for messages.
        clock: What time it is.
        lock: Held while a token is fetched, so that it is fetched once.
        post: Asks a token endpoint.
        redactor: Is told each new token.
    """

    instance: str
    clock: Clock
    lock: AbstractContextManager[Any]
    post: TokenPost
    redactor: Redactor = field(default_factory=Redactor)


Authenticate = Callable[[AuthContext], AuthBase]
"""Chooses the strategy: `InstanceSettings.authentication`, or a function in a test."""


@runtime_checkable
class Secretive(Protocol):
    """A strategy that holds secrets."""

    def secrets(self) -> tuple[str, ...]:
        """Every text that must not be shown."""
        ...


@runtime_checkable
class Renewable(Protocol):
    """A strategy that can get itself something new to show."""

    def renew(self, refused: requests.PreparedRequest) -> bool:
        """Replace what the refused request showed; whether there is now something else to show."""
        ...


@runtime_checkable
class Returnable(Protocol):
    """A strategy that holds something of which the platform has only so many."""

    def give_back(self) -> None:
        """Give it back, for we leave. Raises nothing."""
        ...


def _latin1(text: str) -> bytes | str:
    """Header text as bytes where `requests` would fail on it: it encodes as Latin-1."""
    return text if text.isascii() else text.encode()


class BasicAuth(HTTPBasicAuth):
    """User and password; user and API token for Jira Cloud. Both travel as UTF-8 (RFC 7617)."""

    def __init__(self, user: str, password: SecretStr) -> None:
        super().__init__(user.encode(), password.get_secret_value().encode())
        self._user = user
        self._password = password

    def __repr__(self) -> str:
        return f"BasicAuth({self._user!r})"

    def secrets(self) -> tuple[str, ...]:
        """The password, and the pair as the header has it."""
        password = self._password.get_secret_value()
        return password, f"{self._user}:{password}"


class HeaderAuth(AuthBase):
    """A secret in a header of the platform's choosing: `x-sn-apikey: ...`, `Authorization: Token token=...`.

    Args:
        name: The header.
        prefix: What stands before the secret, with its space: `"Token token="`, or empty.
        secret: The secret.

    Raises:
        Configuration: the secret holds a line break or another control character.
    """

    def __init__(self, name: str, prefix: str, secret: SecretStr) -> None:
        if any(ord(char) < 32 or ord(char) == 127 for char in secret.get_secret_value()):
            raise Configuration(
                f"the secret for the header {name} holds a line break or a control character; set it anew without"
            )
        self.name = name
        self.prefix = prefix
        self._secret = secret

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def secrets(self) -> tuple[str, ...]:
        """The secret."""
        return (self._secret.get_secret_value(),)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request, with the header."""
        request.headers[self.name] = _latin1(self.prefix + self._secret.get_secret_value())  # type: ignore[assignment]
        return request


class BearerAuth(HeaderAuth):
    """A token that somebody issued to us: a personal access token, a scoped API token."""

    def __init__(self, token: SecretStr) -> None:
        super().__init__("Authorization", "Bearer ", token)


class IssuedToken(AuthBase, ABC):
    """A token that we fetch ourselves and renew early.

    However many workers need a token at once, one of them fetches it. While an old token is still good, a
    token endpoint that is down hurts nobody.

    Args:
        context: Clock, lock and transport.
    """

    scheme = "Bearer"

    def __init__(self, context: AuthContext) -> None:
        self._context = context
        self._token = ""
        self._renew_at = 0.0
        self._ends_at = 0.0

    @abstractmethod
    def _issue(self) -> tuple[str, float]:
        """A new token, and the seconds that it lives. The lock is held."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request, with a token that is good now.

        Raises:
            Configuration: the token endpoint refuses us.
            RetryLater: it is down and we have no good token.
        """
        request.headers["Authorization"] = f"{self.scheme} {self._current()}"
        return request

    def renew(self, refused: requests.PreparedRequest) -> bool:
        """Fetch a new token, unless another worker has done so since that request was signed."""
        with self._context.lock:
            if refused.headers.get("Authorization") == f"{self.scheme} {self._token}":
                self._fetch()
            return True

    def _current(self) -> str:
        now = self._context.clock.monotonic()
        if self._token and now < self._renew_at:
            return self._token
        with self._context.lock:
            now = self._context.clock.monotonic()
            if not self._token or now >= self._renew_at:
                try:
                    self._fetch()
                except RetryLater:
                    if not self._token or now >= self._ends_at:
                        raise
            return self._token

    def _fetch(self) -> None:
        """Replace the token. The lock is held."""
        asked_at = self._context.clock.monotonic()
        token, life = self._issue()
        self._context.redactor.learn(token)
        self._token = token
        self._ends_at = asked_at + life
        self._renew_at = asked_at + max(life - EARLY, life / 2)


class OAuthClientCredentials(IssuedToken):
    """OAuth 2 client credentials (RFC 6749, section 4.4).

    Args:
        token_url: The token endpoint.
        client_id: Our id.
        client_secret: Our secret.
        scope: Space-separated scopes, or None.
        context: Clock, lock and transport.
        basic: Whether id and secret go in an `Authorization: Basic` header; else in the form.
        parameters: More form fields that the endpoint asks for (`audience`).
    """

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: SecretStr,
        scope: str | None = None,
        *,
        context: AuthContext,
        basic: bool = False,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(context)
        self.token_url = token_url
        self.client_id = client_id
        self._secret = client_secret
        self._basic = basic
        self._form = {"grant_type": "client_credentials", **(parameters or {})}
        if scope:
            self._form["scope"] = scope

    def __repr__(self) -> str:
        return f"OAuthClientCredentials({self.token_url!r}, {self.client_id!r})"

    def secrets(self) -> tuple[str, ...]:
        """The client secret; tokens are told to the redactor as they come."""
        return (self._secret.get_secret_value(),)

    def _issue(self) -> tuple[str, float]:
        secret = self._secret.get_secret_value()
        if self._basic:
            reply = self._context.post(self.token_url, self._form, (self.client_id, secret))
        else:
            form = {**self._form, "client_id": self.client_id, "client_secret": secret}
            reply = self._context.post(self.token_url, form)
        return issued(self._context, self.token_url, reply)


def issued(context: AuthContext, url: str, reply: Mapping[str, Any]) -> tuple[str, float]:
    """The access token of a token endpoint's reply, and the seconds that it lives (RFC 6749, section 5.1).

    Raises:
        RetryLater: it holds none.
    """
    token = reply.get("access_token")
    if not isinstance(token, str) or not is_token(token):
        raise RetryLater(
            f"{context.instance}: the reply of the token endpoint {url} holds no usable access_token; check that this is"
            " the address of its OAuth 2 token endpoint"
        )
    return token, life(reply.get("expires_in"))


def is_token(text: str) -> bool:
    """Whether that can stand in a header as a token."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def life(stated: object) -> float:
    """Seconds that a token lives; some endpoints write the number as text."""
    if isinstance(stated, bool) or not isinstance(stated, int | float | str):
        return DEFAULT_LIFE
    try:
        seconds = float(stated)
    except ValueError:
        return DEFAULT_LIFE
    return min(seconds, 86_400.0) if seconds > 0 else DEFAULT_LIFE
