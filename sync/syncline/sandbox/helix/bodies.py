"""Bodies of writes: an entry as JSON, or as a part of a form beside its files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final

from syncline.sandbox.helix.forms import FILES
from syncline.sandbox.helix.replies import BAD_BODY, RefusalError
from syncline.sandbox.platform import Request

_LARGEST_BODY: Final = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class File:
    """A file on a work log entry."""

    name: str
    content: bytes


def values_of(raw: bytes) -> Mapping[str, Any]:
    """The `values` of an entry object. Raises `RefusalError`."""
    if len(raw) > _LARGEST_BODY:
        raise RefusalError(413, BAD_BODY, "too large")
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        raise RefusalError(400, BAD_BODY, "not JSON") from None
    values = content.get("values") if isinstance(content, dict) else None
    if not isinstance(values, dict):
        raise RefusalError(400, BAD_BODY, "values")
    return values


def multipart(request: Request) -> tuple[Mapping[str, Any], dict[str, File]]:
    """Values and files of a create: JSON, or a part `entry` and parts `attach-<field>`. Raises `RefusalError`."""
    kind = request.header("content-type")
    if not kind.startswith("multipart/form-data"):
        return values_of(request.body), {}
    if len(request.body) > _LARGEST_BODY:
        raise RefusalError(413, BAD_BODY, "too large")
    message = BytesParser(policy=HTTP).parsebytes(
        f"Content-Type: {kind}\r\nMIME-Version: 1.0\r\n\r\n".encode() + request.body
    )
    values: Mapping[str, Any] | None = None
    files: dict[str, File] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition") or "")
        raw = part.get_payload(decode=True)
        content = raw if isinstance(raw, bytes) else b""
        if name == "entry":
            values = values_of(content)
        elif name.removeprefix("attach-") in FILES and part.get_filename():
            files[name.removeprefix("attach-")] = File(str(part.get_filename()), content)
        else:
            raise RefusalError(400, BAD_BODY, f"unexpected part {name}")
    if values is None:
        raise RefusalError(400, BAD_BODY, "the part entry is missing")
    if any(values.get(field) != file.name for field, file in files.items()):
        raise RefusalError(400, BAD_BODY, "the entry must name each file in its field")
    return values, files
