"""Carries one message by Apprise, and judges what came of it. Nothing else knows Apprise.

Apprise says only whether a service took a message. Whether one that was not taken may have arrived nevertheless is
read from what its plugins log while they send: the status of the reply, or why there was none. What says neither
counts as unknown, never as not sent.
"""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    import apprise

ADDRESS: Final = "{address}"
"""Where the recipient goes in the URL of a channel."""
CONNECT_WITHIN: Final = 5.0
READ_WITHIN: Final = 10.0
"""Seconds; what a URL says by `cto` and `rto` counts where it is less."""
PATIENT: Final = 12.0
"""Seconds for plugins that want more by themselves: mail servers let one wait on purpose before they say anything."""

_HEARD_MOST: Final = 200
_SAMPLES: Final = ("someone@example.com", "+15555550123", "general", "#general", "123456789", "U12345678")


class Fate(StrEnum):
    """What became of one attempt to send."""

    TAKEN = "taken"  # the service took it
    LATER = "later"  # it surely was not sent, and may be later
    REFUSED = "refused"  # it surely was not sent, and never will be as things stand
    UNKNOWN = "unknown"  # it left us, and no verdict came back


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one attempt to send.

    Attributes:
        fate: In short.
        reason: Why it was not taken, for people; without secrets.
        after: Seconds to wait before the next attempt; None: as always.
        counts: Whether anything was attempted at all.
        answered: Whether the service said anything.
    """

    fate: Fate
    reason: str = ""
    after: float | None = None
    counts: bool = True
    answered: bool = True


class Unusable(Exception):
    """Apprise can make nothing of a URL or an address. `str()` of it says why, and may hold parts of the URL."""


Heard = list[tuple[int, str]]
"""What Apprise logged: level and text, in order."""

_here: ContextVar[Heard | None] = ContextVar("apprise_heard", default=None)


class _Listener(logging.Handler):
    """Keeps what Apprise logs for the task that made it speak. It reaches no other log: it names addresses and keys."""

    def emit(self, record: logging.LogRecord) -> None:
        heard = _here.get()
        if heard is None or len(heard) >= _HEARD_MOST:
            return
        try:
            heard.append((record.levelno, record.getMessage()[:4_000]))
        except (TypeError, ValueError):  # a plugin's own mistake in a line of its log
            heard.append((record.levelno, str(record.msg)[:4_000]))


@contextmanager
def _listening() -> Iterator[Heard]:
    heard: Heard = []
    token = _here.set(heard)
    try:
        yield heard
    finally:
        _here.reset(token)


def library() -> Any:
    """Apprise, imported at the first need of it: it takes a good part of a second. Its log is for us alone."""
    logger = logging.getLogger("apprise")
    if not any(isinstance(handler, _Listener) for handler in logger.handlers):
        logger.handlers[:] = [_Listener()]
        logger.propagate = False
        logger.setLevel(logging.DEBUG)
    import apprise

    return apprise


def _asset() -> "apprise.AppriseAsset":
    asset: apprise.AppriseAsset = library().AppriseAsset(
        app_id="Syncline",
        app_desc="Syncline",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,  # a redirect would carry our keys elsewhere
        pgp_autogen=False,
        pem_autogen=False,
        interpret_emojis=False,
        language="en",
        storage_mode=library().PersistentStoreMode.MEMORY,  # nothing of it on the disk
    )
    return asset


def opened(url: str, address: str) -> "apprise.NotifyBase":
    """The service of that URL, ready to send to that address.

    Raises:
        Unusable: there is no such service, or it does not take the URL or the address.
    """
    if any(char in ",;" or not char.isprintable() for char in address) or not address.strip():
        raise Unusable("the address is empty, holds a control character, or is more than one")
    target = url.replace(ADDRESS, quote(address.strip(), safe=""))
    with _listening() as heard:
        plugin: apprise.NotifyBase | None = library().Apprise.instantiate(target, asset=_asset())
    warned = [text for level, text in heard if level >= logging.WARNING]
    if plugin is None:
        raise Unusable(_why_not(url, warned))
    dropped = [text for text in warned if re.search(r"invalid|dropped|ignor", text, re.IGNORECASE)]
    # Some plugins, left without a target, send to the sender.
    if ADDRESS in url and (dropped or getattr(plugin, "targets", None) in ([], (), set())):
        raise Unusable("; ".join(dropped) or "the address is none that this service takes")
    most = CONNECT_WITHIN if plugin.socket_connect_timeout <= CONNECT_WITHIN else PATIENT
    plugin.socket_connect_timeout = min(plugin.socket_connect_timeout, most)
    given = plugin.socket_read_timeout if "rto=" in url else READ_WITHIN  # Apprise's own four seconds are few
    plugin.socket_read_timeout = min(given, READ_WITHIN)
    if plugin.overflow_mode == library().OverflowMode.SPLIT:
        # Of several pieces some might arrive: one message is one request.
        plugin.overflow_mode = library().OverflowMode.TRUNCATE
    return plugin


def _why_not(url: str, warned: Sequence[str]) -> str:
    schema = url.partition("://")[0].lower()
    if "://" not in url or not re.fullmatch(r"[a-z][a-z0-9+.-]{0,30}", schema):
        return "its URL does not begin with the name of a service, such as mailtos://"
    known = _schemas()
    if schema not in known:
        near = get_close_matches(schema, known, n=1)
        return f"Apprise knows no service {schema}://" + (f"; did you mean {near[0]}://?" if near else "")
    if any("disabled on this system" in text for text in warned):
        return f"the service {schema}:// needs a package that is not installed"
    return f"the URL is not one of the service {schema}://" + (f" ({warned[0]})" if warned else "")


def _schemas() -> list[str]:
    from apprise.manager_plugins import NotificationManager

    found: list[str] = NotificationManager().schemas()  # type: ignore[no-untyped-call]
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a URL is, without anything sent.

    Attributes:
        service: What people call the service.
        everybody: Whether it names no recipient of its own: all messages go to the same place.
        open: Whether what it sends can be read on the way.
        unverified: Whether certificates are not looked at.
    """

    service: str
    everybody: bool
    open: bool
    unverified: bool


def inspected(url: str) -> Inspection:
    """Look at a URL; sends nothing.

    Raises:
        Unusable: Apprise can make nothing of it.
    """
    first: Unusable | None = None
    for sample in _SAMPLES:
        try:
            plugin = opened(url, sample)
        except Unusable as unusable:
            first = first or unusable
            continue
        schema = plugin.schema
        given: Any = plugin.secure_protocol or ()
        secured = (given,) if isinstance(given, str) else tuple(given)
        return Inspection(
            str(plugin.service_name),
            ADDRESS not in url,
            bool(secured) and schema not in secured and not plugin.secure and not _loopback(plugin.host),
            not plugin.verify_certificate,
        )
    assert first is not None
    raise first


def _loopback(host: object) -> bool:
    return str(host).lower() in {"localhost", "127.0.0.1", "::1", "[::1]"}


def carry(plugin: "apprise.NotifyBase", title: str, text: str, *, urgent: bool) -> Verdict:
    """Send one message. Blocks for as long as the plugin does: the caller sees to a deadline.

    The verdict's reason may hold what the service said; the caller hides secrets in it.
    """
    begun: list[bool] = []
    throttle: Callable[..., Any] = plugin.throttle

    def beginning(*args: Any, **kwargs: Any) -> Any:
        # Plugins call this before they send anything anywhere.
        begun.append(True)
        return throttle(*args, **kwargs)

    plugin.throttle = beginning  # type: ignore[method-assign]
    kinds, formats = library().NotifyType, library().NotifyFormat
    with _listening() as heard:
        try:
            taken = plugin.notify(
                body=text,
                title=title,
                notify_type=kinds.WARNING if urgent else kinds.INFO,
                body_format=formats.TEXT,
            )
        except Exception as error:  # noqa: BLE001  whatever one of two hundred plugins raises, we must say what became of it
            heard.append((logging.ERROR, f"{type(error).__name__} in Apprise's plugin"))
            taken = False
    return judged(taken=bool(taken), begun=bool(begun), heard=heard)


# ---- the verdict -----------------------------------------------------------------------------------

_STATUS: Final = re.compile(r"\berror[=:] ?\(?(\d{3})\b")
_MAIL: Final = re.compile(r"\((\d{3}), b['\"]|was refused: (\d{3})\b")
_SOCKET: Final = re.compile(r"socket exception", re.IGNORECASE)
_URL: Final = re.compile(r"with url: \S+")
_SUBMITTING: Final = "while submitting email"
"""Apprise says so where it came to no mail being handed over: no connection, no encryption, no login."""

_NEVER_LEFT: Final = (
    ("NameResolutionError", "the name of its server is not known"),
    ("Name or service not known", "the name of its server is not known"),
    ("name resolution", "the name of its server is not known"),
    ("nodename nor servname", "the name of its server is not known"),
    ("No address associated", "the name of its server is not known"),
    ("Connection refused", "its server refused the connection"),
    ("CERTIFICATE_VERIFY_FAILED", "the certificate of its server is not trusted"),
    ("CertificateError", "the certificate of its server is not trusted"),
    ("WRONG_VERSION_NUMBER", "its server does not speak TLS there"),
    ("Network is unreachable", "its server cannot be reached"),
    ("No route to host", "its server cannot be reached"),
    ("ConnectTimeout", "its server did not accept a connection in time"),
    ("NewConnectionError", "its server cannot be reached"),
    ("Unable to connect to proxy", "the proxy cannot be reached"),
)
_NO_WORD: Final = (
    ("timed out", "no answer in time"),
    ("Connection aborted", "the connection broke off"),
    ("RemoteDisconnected", "the connection broke off"),
    ("reset by peer", "the connection broke off"),
    ("Connection unexpectedly closed", "the connection broke off"),
)


def judged(*, taken: bool, begun: bool, heard: Sequence[tuple[int, str]]) -> Verdict:
    """What became of a message.

    Args:
        taken: What the plugin says.
        begun: Whether it began to send anything anywhere.
        heard: What it logged meanwhile: level and text.
    """
    if taken:
        return Verdict(Fate.TAKEN)
    submitted = not any(_SUBMITTING in text for _, text in heard)
    evidence = [verdict for level, text in heard for verdict in _evidence(level, text, submitted=submitted)]
    for fate in (Fate.UNKNOWN, Fate.REFUSED, Fate.LATER):
        found = next((verdict for verdict in evidence if verdict.fate is fate), None)
        if found is not None:
            return found
    warned = next((text for level, text in reversed(heard) if level >= logging.WARNING), "")
    if not begun:
        return Verdict(Fate.REFUSED, warned or "Apprise did not send it, and does not say why")
    return Verdict(Fate.UNKNOWN, warned or "Apprise does not say what became of it")


def _evidence(level: int, text: str, *, submitted: bool) -> Iterator[Verdict]:
    """What one line of the log proves. What is logged for debugging holds the message itself and the reply, which can
    say anything: of these lines only those count that tell of an exception."""
    failure = _SOCKET.match(text) is not None
    if not failure and level < logging.WARNING:
        return
    mail = _MAIL.search(text)
    if mail:
        yield _by_mail_code(int(mail[1] or mail[2]))
        return
    if failure:
        yield _by_exception(_URL.sub("", text), submitted=submitted)
        return
    status = _STATUS.search(text)
    if status:
        yield _by_status(int(status[1]))


def _by_mail_code(code: int) -> Verdict:
    # RFC 5321, 4.2.1: 4yz may be tried again, 5yz not; in both cases the mail was not taken.
    reason = f"the mail server answered {code}"
    return Verdict(Fate.LATER if code < 500 else Fate.REFUSED, reason)


def _by_status(status: int) -> Verdict:
    reason = f"the service answered {status}"
    if status in {429, 503}:
        return Verdict(Fate.LATER, reason)
    # A gateway answers 502 and 504 for a service that may have done it.
    return Verdict(Fate.UNKNOWN if status >= 500 or status == 408 else Fate.REFUSED, reason)


def _by_exception(text: str, *, submitted: bool) -> Verdict:
    for words, reason in _NEVER_LEFT:
        if words in text:
            return Verdict(Fate.LATER, reason, answered=False)
    reason = next((said for words, said in _NO_WORD if words in text), "the connection failed")
    return Verdict(Fate.UNKNOWN if submitted else Fate.LATER, reason, answered=False)
