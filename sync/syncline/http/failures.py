"""What it means when no reply came: was the request ever sent, and what must be done about it."""

import re
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from syncline.errors import Configuration, RetryLater
from syncline.http.exchange import Exchange, Outcome

_TUNNEL: Final = re.compile(r"Tunnel connection failed: (\d{3})")
"""How `http.client` tells the status with which a proxy refuses a tunnel."""

_TLS_REFUSALS: Final = (
    "CERTIFICATE",
    "UNKNOWN_CA",
    "UNKNOWN CA",
    "HANDSHAKE_FAILURE",
    "HANDSHAKE FAILURE",
    "WRONG_VERSION_NUMBER",
    "UNSUPPORTED_PROTOCOL",
    "PROTOCOL_VERSION",
    "PROTOCOL VERSION",
    "UNRECOGNIZED_NAME",
    "HTTP_REQUEST",
    "ACCESS_DENIED",
)
"""TLS failures in which one side refuses the other: no request was accepted, and none will be."""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that lies beneath it; urllib3 hides causes in arguments and in `reason`."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [getattr(cause, "reason", None), cause.__cause__, cause.__context__, *cause.args]


def judge_failure(exchange: Exchange, error: HTTPError | OSError) -> Outcome:
    """The outcome of an attempt that ended without a reply."""
    causes = tuple(_causes(error))
    host = urlsplit(exchange.url).netloc.rpartition("@")[2]
    if isinstance(error, requests.exceptions.ProxyError):
        return _proxy(exchange, causes)
    if any(isinstance(cause, ssl.SSLError) for cause in causes) or isinstance(
        error, requests.exceptions.SSLError
    ):
        return _tls(exchange, causes, host)
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return _never_sent(
            exchange,
            f"the name {host} is not known to the name service",
            "Check the setting url and the name service",
        )
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return _never_sent(
            exchange,
            f"{host} did not accept a connection in time",
            "Check the network, the proxy and the firewall",
        )
    if any(isinstance(cause, NewConnectionError) for cause in causes):
        why = next(
            (cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror),
            "no connection",
        )
        return _never_sent(
            exchange,
            f"{host} cannot be reached ({why})",
            "Check the setting url and whether the platform is up",
        )
    if isinstance(error, requests.exceptions.ReadTimeout):
        return _lost(exchange, f"no reply from {host} in time")
    if isinstance(error, requests.exceptions.ConnectionError):
        return _lost(exchange, f"{host} broke off the connection before its reply was complete")
    if isinstance(error, requests.RequestException | HTTPError):
        return _lost(exchange, f"the exchange with {host} failed ({type(error).__name__})")
    # What is no exception of requests comes from files that it opens: certificates.
    step = "Check the settings ca_file and client_cert: are the files there, readable and PEM?"
    return Outcome(error=Configuration(exchange.sentence(f"{error.strerror or type(error).__name__}", step)))


def _never_sent(exchange: Exchange, cause: str, check: str) -> Outcome:
    """The request never left, so even a write was surely not done."""
    sentence = exchange.sentence(cause, f"Nothing was sent; it is tried again by itself. {check}.")
    return Outcome(error=RetryLater(sentence), repeat=True, down=True, reason=cause)


def _lost(exchange: Exchange, cause: str) -> Outcome:
    """It may have left. A kept-alive connection that the server closed meanwhile looks the same."""
    return Outcome(error=exchange.without_verdict(cause), repeat=not exchange.write, down=True, reason=cause)


def _tls(exchange: Exchange, causes: tuple[BaseException, ...], host: str) -> Outcome:
    """A certificate that is not trusted, ours or theirs; or a connection that broke in the middle of it."""
    # The innermost has the library's own words.
    words = next(
        (str(cause) for cause in reversed(causes) if isinstance(cause, ssl.SSLError)), str(causes[0])
    )
    refused = any(refusal in words.upper() for refusal in _TLS_REFUSALS)
    if not refused and not any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return _lost(exchange, f"the encrypted connection to {host} broke off")
    step = (
        "If it is signed by an authority of your own, name that in the setting ca_file (PEM); if the platform asks for"
        " a certificate of ours, name it in client_cert; else check the setting url."
    )
    cause = f"no trusted connection to {host}: {words}"
    return Outcome(error=Configuration(exchange.sentence(cause, step)))


def _proxy(exchange: Exchange, causes: tuple[BaseException, ...]) -> Outcome:
    """The proxy is not there, or does not let us through. The request itself goes through the tunnel only."""
    refusal = _TUNNEL.search(" ".join(str(cause) for cause in causes))
    status = refusal[1] if refusal else ""
    if status == "407":
        step = "Check the settings proxy_user and proxy_password."
        return Outcome(
            error=Configuration(exchange.sentence("the proxy does not accept our credentials (407)", step))
        )
    if status == "403":
        step = "Have its administrator allow the host, or correct the setting proxy."
        return Outcome(
            error=Configuration(exchange.sentence("the proxy does not let us through (403)", step))
        )
    return _never_sent(
        exchange, "the proxy cannot be reached or does not reach the platform", "Check the setting proxy"
    )
