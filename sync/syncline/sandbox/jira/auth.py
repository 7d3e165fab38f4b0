"""Who asks: what Jira Cloud and Data Center take for credentials, and how they turn others away."""

import base64
import binascii
from urllib.parse import quote

from syncline.sandbox.jira.refusals import RefusalError
from syncline.sandbox.jira.setup import Person
from syncline.sandbox.jira.site import Site
from syncline.sandbox.platform import Request, Response, json_response

_PLAIN = "token-"
_SCOPED = "scoped-token-"


def authenticate(site: Site, request: Request, root: str, *, gateway: bool) -> Person | None:
    """The account that a request's credentials belong to; None without any.

    Args:
        site: Whose people.
        request: With its `Authorization`.
        root: The site's address, for the challenge.
        gateway: Whether it came through `/ex/jira/{cloudId}`.

    Raises:
        RefusalError: the credentials are wrong, or of a kind that is not taken here.
    """
    header = request.header("authorization")
    if not header:
        return None
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "basic":
        name, secret = _basic(rest.strip())
        person = (
            _cloud_basic(site, name, secret, gateway=gateway) if site.cloud else _dc_basic(site, name, secret)
        )
        if person is not None and person.login in site.captcha and not site.cloud:
            # Data Center: after failed logins REST answers 403 until somebody solves the CAPTCHA in a browser.
            reason = f"CAPTCHA_CHALLENGE; login-url={root}/login.jsp"
            headers = {
                "X-Authentication-Denied-Reason": reason,
                "X-Seraph-LoginReason": "AUTHENTICATION_DENIED",
            }
            raise RefusalError(
                Response(403, _UNAUTHORIZED_PAGE, {**headers, "Content-Type": "text/html;charset=UTF-8"})
            )
    elif scheme.lower() == "bearer":
        person = _bearer(site, rest.strip(), gateway=gateway)
    else:
        person = None
    if person is None or not person.active:
        raise denied(site, root, basic=scheme.lower() == "basic", gateway=gateway)
    return person


def _basic(text: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def _cloud_basic(site: Site, email: str, token: str, *, gateway: bool) -> Person | None:
    person = next((p for p in site.people.values() if p.email == email.lower()), None)
    if person is None:
        return None
    # Atlassian support, "Manage API tokens": a token with scopes works at api.atlassian.com only; a password nowhere.
    right = {_PLAIN + person.login, _SCOPED + person.login} if gateway else {_PLAIN + person.login}
    return person if token in right else None


def _dc_basic(site: Site, name: str, password: str) -> Person | None:
    # Any password is right but none and those that begin with "wrong", so that a wrong one can be tried.
    return site.people.get(name) if password and not password.startswith("wrong") else None


def _bearer(site: Site, token: str, *, gateway: bool) -> Person | None:
    if not site.cloud:
        # Data Center: "Using personal access tokens", a bearer token.
        return site.people.get(token.removeprefix(_PLAIN)) if token.startswith(_PLAIN) else None
    if gateway:
        return site.people.get(token.removeprefix(_SCOPED)) if token.startswith(_SCOPED) else None
    if token.startswith(_SCOPED):
        return None
    # At the site's own address a bearer is taken for the session token of a Connect app.
    raise RefusalError(json_response(403, {"error": "Failed to parse Connect Session Auth Token"}))


def denied(site: Site, root: str, *, basic: bool, gateway: bool) -> RefusalError:
    """The 401 of this kind of Jira."""
    challenge = {"WWW-Authenticate": f'OAuth realm="{quote(root, safe="")}"'}
    if gateway:
        return RefusalError(json_response(401, {"code": 401, "message": "Unauthorized"}))
    if basic:
        challenge["X-Seraph-LoginReason"] = "AUTHENTICATED_FAILED"
    if not site.cloud and basic:
        return RefusalError(
            Response(401, _UNAUTHORIZED_PAGE, {**challenge, "Content-Type": "text/html;charset=UTF-8"})
        )
    content = {"message": "Client must be authenticated to access this resource.", "status-code": 401}
    return RefusalError(json_response(401, content, challenge))


_UNAUTHORIZED_PAGE = (
    b"<html><head><title>Unauthorized (401)</title></head><body><h1>Unauthorized (401)</h1>"
    b'<p>Encountered a <code>"401 - Unauthorized"</code> error while loading this page.</p>'
    b"<p>Basic Authentication Failure - Reason : AUTHENTICATED_FAILED</p></body></html>"
)
