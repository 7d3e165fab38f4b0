"""What a connector calls its platform through: one `Http` for each instance, shared by its workers."""

import json as json_format
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import requests
from requests.adapters import BaseAdapter
from requests.auth import AuthBase

from syncline.errors import Configuration
from syncline.http.auth import AuthContext, Authenticate, Returnable, Secretive
from syncline.http.dialect import Dialect
from syncline.http.exchange import About
from syncline.http.guard import GuardedAdapter
from syncline.http.line import Health, Kind, Line, Route
from syncline.http.redaction import Redactor
from syncline.http.settings import InstanceSettings, check_url, host_is_loopback
from syncline.http.tokens import TokenEndpoint
from syncline.http.wire import one_connection
from syncline.ports import Clock, Runtime, Signal

USER_AGENT: Final = "syncline"

_S = TypeVar("_S", bound=requests.Session)


class Http:
    """The way to call one instance; safe to share between workers, each of which has its own session.

    Whatever goes wrong is raised as one of `syncline.errors`: reads raise `Configuration`, `RetryLater` or
    `Gone`, writes also `Refused` and `OutcomeUnknown`.

    Args:
        instance: Its name, for messages.
        base_url: Its address; https, or http to this machine.
        auth: Chooses how to authenticate.
        dialect: How the platform says no.
        clock: What time it is.
        runtime: Where workers run and wait.
        rng: Jitter.
        timeout: Seconds to connect, and to read.
        requests_per_minute: The rate budget, at least 10.
        max_attachment: Largest file, bytes.
        ca_file: Certificate authorities to trust instead of the usual ones.
        client_cert: Our certificate with its key.
        proxy: Address of a proxy, or what gives it, with user and password where it needs them.
        credentials: Variables that hold our credentials, for messages.
        redactor: Shared with the log; told our secrets.
        wire: Makes the adapter beneath the guard; the sandbox and the simulation bring their own.
        stop: Once it is up, nothing waits or is repeated any more.

    Attributes:
        instance: Its name.
        base_url: No trailing slash.
        timeout: Seconds to connect, and to read.
        max_attachment: Largest file, bytes.
    """

    def __init__(
        self,
        instance: str,
        base_url: str,
        *,
        auth: Authenticate,
        dialect: Dialect,
        clock: Clock,
        runtime: Runtime,
        rng: Random,
        timeout: tuple[float, float] = (5.0, 30.0),
        requests_per_minute: int = 600,
        max_attachment: int = 10_000_000,
        ca_file: Path | None = None,
        client_cert: Path | None = None,
        proxy: str | Callable[[], str | None] | None = None,
        credentials: Sequence[str] = (),
        redactor: Redactor | None = None,
        wire: Callable[[], BaseAdapter] | None = None,
        stop: Signal | None = None,
    ) -> None:
        try:
            base_url = check_url(base_url)
        except ValueError as error:
            raise Configuration(f"{instance}: the setting url {error}") from None
        route = Route(
            base_url=base_url,
            timeout=timeout,
            verify=str(ca_file) if ca_file else True,
            cert=str(client_cert) if client_cert else None,
            max_attachment=max_attachment,
            credentials=tuple(credentials),
        )
        line = Line(
            instance,
            route,
            dialect,
            clock=clock,
            runtime=runtime,
            rng=rng,
            requests_per_minute=requests_per_minute,
            redactor=redactor or Redactor(),
            wire=wire or one_connection,
            stop=stop,
        )
        context = AuthContext(instance, clock, runtime.lock(), TokenEndpoint(line), line.redactor)
        self._line = line
        self._auth = _Credentials(line, auth, context, proxy, runtime.lock())
        self._rehearsing = False
        self._here = runtime.local()

    @classmethod
    def for_instance(
        cls,
        settings: InstanceSettings,
        dialect: Dialect,
        *,
        clock: Clock,
        runtime: Runtime,
        rng: Random,
        redactor: Redactor | None = None,
        wire: Callable[[], BaseAdapter] | None = None,
        stop: Signal | None = None,
    ) -> Self:
        """The `Http` of a configured instance."""
        redactor = redactor or Redactor()
        redactor.learn(*settings.secrets(), ordinary=host_is_loopback(settings.url))
        return cls(
            settings.name,
            settings.url,
            auth=settings.authentication,
            dialect=dialect,
            clock=clock,
            runtime=runtime,
            rng=rng,
            timeout=(settings.connect_timeout, settings.read_timeout),
            requests_per_minute=settings.requests_per_minute,
            max_attachment=settings.max_attachment,
            ca_file=settings.ca_file,
            client_cert=settings.client_cert,
            proxy=lambda: _proxy(settings),
            credentials=settings.credentials(),
            redactor=redactor,
            wire=wire,
            stop=stop,
        )

    def __repr__(self) -> str:
        return f"Http({self.instance!r}, {self.base_url!r})"

    @property
    def instance(self) -> str:
        """Its name."""
        return self._line.instance

    @property
    def base_url(self) -> str:
        """Its address, no trailing slash."""
        return self._line.route.base_url

    @property
    def timeout(self) -> tuple[float, float]:
        """Seconds to connect, and to read."""
        return self._line.route.timeout

    @property
    def max_attachment(self) -> int:
        """Largest file, bytes."""
        return self._line.route.max_attachment

    @property
    def counts(self) -> Counter[Kind]:
        """How many requests went out: by `read`, `write` and `auth`, and by (method, status class)."""
        return self._line.counts()

    def health(self) -> Health:
        """How the instance fares."""
        return self._line.health()

    def platform_now(self) -> datetime:
        """The platform's clock by its last reply (aware, UTC), never ahead of it; ours before the first."""
        return self._line.platform_now()

    def clock_skew(self) -> float | None:
        """Seconds that the platform's clock is ahead of ours; None before its first reply."""
        return self._line.clock_skew()

    def authenticate(self) -> None:
        """Look for our secrets now. Else the first call does: what calls no platform needs none.

        Raises:
            Configuration: a secret that the authentication needs is missing.
        """
        self._auth()

    def leave(self) -> None:
        """Give back what the platform gave us to hold: a session that it counts. The next call gets a new one."""
        self._auth.leave()

    def rehearsal(self) -> "Http":
        """A twin whose reads pass and whose writes are not sent: they end in `Rehearsed`, which holds the call."""
        twin = object.__new__(type(self))
        twin._line = self._line
        twin._auth = self._auth
        twin._rehearsing = True
        twin._here = self._line.runtime.local()
        return twin

    def session(self) -> requests.Session:
        """This worker's own session: authenticated and guarded, with one kept-alive connection."""
        session: requests.Session | None = getattr(self._here, "session", None)
        if session is None:
            session = self.equip(requests.Session())
            self._here.session = session
        return session

    def equip(self, session: _S) -> _S:
        """Make a client library's own session ours: guarded, authenticated, blind to the environment.

        Its other retries are to be switched off by its owner. Like any session it belongs to one worker.
        """
        session.trust_env = False
        session.auth = None
        session.verify = True
        session.cert = None
        session.proxies = {}
        session.headers["User-Agent"] = USER_AGENT
        guard = GuardedAdapter(self._line, self._auth, self._about, rehearsing=self._rehearsing)
        session.adapters.clear()
        session.mount("https://", guard)
        session.mount("http://", guard)
        return session

    @contextmanager
    def about(
        self, *, record: str | None = None, safe: bool | None = None, raw: bool | None = None
    ) -> Iterator[None]:
        """Say what this worker's requests are about, for calls through a library.

        Args:
            record: The record, for messages.
            safe: Whether repeating is harmless (a search by POST); None leaves it to the method.
            raw: Whether the reply is a file.
        """
        before = self._about()
        now = replace(
            before,
            record=before.record if record is None else record,
            safe=before.safe if safe is None else safe,
            raw=before.raw if raw is None else raw,
        )
        self._here.about = now
        try:
            yield
        finally:
            self._here.about = before

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """This worker's requests belong to an escalation: they may use the reserve of the rate budget."""
        before = self._about()
        self._here.about = replace(before, urgent=True)
        try:
            yield
        finally:
            self._here.about = before

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Any = None,
        json: Any = None,
        data: Any = None,
        files: Any = None,
        headers: Mapping[str, str] | None = None,
        safe: bool | None = None,
        record: str | None = None,
        raw: bool | None = None,
    ) -> requests.Response:
        """Send one request.

        Args:
            method: `GET`.
            path: Beneath the instance's address, or an absolute address of the same host.
            params: The query, as `requests` takes it.
            json: A body to be sent as JSON.
            data: A raw or form body.
            files: A multipart body.
            headers: More headers.
            safe: Whether repeating is harmless; by default GET, HEAD and OPTIONS are.
            record: The record that it is about, for messages.
            raw: Whether the reply is a file and not JSON.
        """
        with self.about(record=record, safe=safe, raw=raw):
            return self.session().request(
                method,
                self._address(path),
                params=params,
                json=json,
                data=data,
                files=files,
                headers=dict(headers or {}),
            )

    def json(
        self,
        method: str,
        path: str,
        *,
        params: Any = None,
        json: Any = None,
        data: Any = None,
        files: Any = None,
        headers: Mapping[str, str] | None = None,
        safe: bool | None = None,
        record: str | None = None,
    ) -> Any:
        """Send one request, and parse the reply; None where it is empty. Arguments as for `request`."""
        wanted = {"Accept": "application/json", **(headers or {})}
        response = self.request(
            method,
            path,
            params=params,
            json=json,
            data=data,
            files=files,
            headers=wanted,
            safe=safe,
            record=record,
        )
        return json_format.loads(response.content) if response.content else None

    def _about(self) -> About:
        """What this worker says about its requests."""
        about: About | None = getattr(self._here, "about", None)
        return about or About()

    def _address(self, path: str) -> str:
        """The full address of a path; the guard refuses those of other hosts."""
        if path.startswith(("https://", "http://")):
            return path
        return f"{self.base_url}/{path.lstrip('/')}"


class _Credentials:
    """What an instance's workers authenticate with; looked for at the first need of it, once for all of them."""

    def __init__(
        self,
        line: Line,
        auth: Authenticate,
        context: AuthContext,
        proxy: str | Callable[[], str | None] | None,
        lock: AbstractContextManager[Any],
    ) -> None:
        self._line = line
        self._choose = auth
        self._context = context
        self._proxy = proxy
        self._lock = lock
        self._found: AuthBase | None = None

    def __call__(self) -> AuthBase:
        """The strategy.

        Raises:
            Configuration: a secret is missing.
        """
        if self._found is None:
            with self._lock:
                if self._found is None:
                    self._found = self._look()
        return self._found

    def leave(self) -> None:
        """Give back what the strategy holds, if there is any."""
        if isinstance(self._found, Returnable):
            self._found.give_back()

    def _look(self) -> AuthBase:
        proxy = self._proxy() if callable(self._proxy) else self._proxy
        if proxy:
            self._line.route = replace(self._line.route, proxies={"http": proxy, "https": proxy})
        auth = self._choose(self._context)
        if isinstance(auth, Secretive):
            ordinary = host_is_loopback(self._line.route.base_url)
            self._line.redactor.learn(*auth.secrets(), ordinary=ordinary)
        return auth


def _proxy(settings: InstanceSettings) -> str | None:
    """The proxy's address with its user and password."""
    if settings.proxy is None or settings.proxy_user is None:
        return settings.proxy
    password = settings.secret("proxy_password").get_secret_value()
    scheme, _, rest = settings.proxy.partition("://")
    return f"{scheme}://{quote(settings.proxy_user, safe='')}:{quote(password, safe='')}@{rest}"
