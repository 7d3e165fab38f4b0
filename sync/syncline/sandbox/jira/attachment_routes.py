"""Files over HTTP."""

import re
from email.message import Message
from typing import Final
from urllib.parse import quote, unquote

from syncline.sandbox.jira import render
from syncline.sandbox.jira.call import Call, Routes, need
from syncline.sandbox.jira.editing import issue_to_write
from syncline.sandbox.jira.issue_routes import DONE
from syncline.sandbox.jira.model import Attachment, number_of
from syncline.sandbox.jira.refusals import RefusalError, refusal
from syncline.sandbox.jira.site import Site
from syncline.sandbox.platform import Response, json_response

_NAME: Final = re.compile(r'[;\s]name="([^"]*)"')
_FILENAME: Final = re.compile(r'[;\s]filename="((?:[^"\\]|\\.)*)"')
_ENCODED: Final = re.compile(r"filename\*=(?:utf-8|UTF-8)''([^;\s]+)")


def _parts(content_type: str, body: bytes) -> list[tuple[str, str, str, bytes]]:
    """Form parts that are files: field name, file name, content type, content."""
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_param("boundary")
    if message.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise RefusalError(Response(415, b"", {"Content-Type": "text/html;charset=UTF-8"}))
    found: list[tuple[str, str, str, bytes]] = []
    for chunk in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:]:
        if chunk.startswith(b"--"):
            break
        head, _, content = chunk.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "replace").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        disposition = headers.get("content-disposition", "")
        name, filename = _NAME.search(disposition), _filename(disposition)
        if name is not None and filename is not None:
            found.append(
                (name[1], filename, headers.get("content-type", "application/octet-stream"), content)
            )
    return found


def _filename(disposition: str) -> str | None:
    encoded = _ENCODED.search(disposition)
    if encoded:
        return unquote(encoded[1])
    plain = _FILENAME.search(disposition)
    return None if plain is None else plain[1].replace('\\"', '"').replace("%22", '"')


def _add(site: Site, call: Call, reference: str) -> Response:
    if call.request.header("x-atlassian-token").lower() not in {"no-check", "nocheck"}:
        # Add attachment: "the header X-Atlassian-Token: no-check must be included … otherwise the request is blocked".
        raise RefusalError(Response(403, b"XSRF check failed", {"Content-Type": "text/plain;charset=UTF-8"}))
    issue = issue_to_write(site, call, reference)
    need(
        site,
        call,
        "CREATE_ATTACHMENTS",
        403,
        "You do not have permission to create attachments for this issue.",
    )
    files = [
        part for part in _parts(call.request.header("content-type"), call.request.body) if part[0] == "file"
    ]
    if not files:
        raise refusal(400, "No file was sent: the form part must be named 'file'.")
    for _, filename, _, content in files:
        if len(content) > site.attachment_limit:
            limit = f"its maximum permitted size of {site.attachment_limit} bytes."
            raise refusal(413, f"The file '{filename}' exceeds {limit}")
    shown = []
    for _, filename, mime_type, content in files:
        attachment = Attachment(
            site.next_id("attachment"), issue.id, filename, call.user.login, call.now, mime_type, content
        )
        site.attach(issue, attachment, call.now)
        shown.append(render.attachment(site, call, attachment))
    return json_response(200, shown)


def _found(site: Site, call: Call, reference: str) -> Attachment:
    attachment = site.attachments.get(number_of(reference) or -1)
    if attachment is None or not site.allowed(call.user, "BROWSE_PROJECTS"):
        raise refusal(404, f"The attachment with id '{reference}' does not exist")
    return attachment


def _get(site: Site, call: Call, reference: str) -> Response:
    shown = render.attachment(site, call, _found(site, call, reference))
    if site.cloud:
        # AttachmentMetadata: the id is a number here, and text in an issue.
        shown["id"] = int(shown["id"])
    return json_response(200, shown)


def _remove(site: Site, call: Call, reference: str) -> Response:
    attachment = _found(site, call, reference)
    needed = "DELETE_OWN_ATTACHMENTS" if attachment.author == call.user.login else "DELETE_ALL_ATTACHMENTS"
    need(site, call, needed, 403, "You do not have permission to delete attachments for this issue.")
    site.drop_attachment(attachment, call.user.login, call.now)
    return DONE


def _content(site: Site, call: Call, reference: str) -> Response:
    attachment = _found(site, call, reference)
    if call.flag("redirect", default=True):
        # Get attachment content: a redirect to where the file lies, unless `redirect=false`.
        address = f"{call.api}/attachment/content/{attachment.id}?redirect=false"
        return Response(303, b"", {"Location": address})
    return download(attachment)


def _settings(site: Site, _call: Call) -> Response:
    return json_response(200, {"enabled": True, "uploadLimit": site.attachment_limit})


def download(attachment: Attachment) -> Response:
    """The bytes of a file."""
    headers = {
        "Content-Type": attachment.mime_type,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(attachment.filename)}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(200, attachment.content, headers)


def secure(site: Site, call: Call, reference: str) -> Response:
    """Data Center's `/secure/attachment/{id}/{name}`."""
    return download(_found(site, call, reference))


ROUTES: Routes = {
    ("POST", "issue/{}/attachments"): _add,
    ("GET", "attachment/meta"): _settings,
    ("GET", "attachment/{}"): _get,
    ("DELETE", "attachment/{}"): _remove,
}
CLOUD: Routes = {("GET", "attachment/content/{}"): _content}
