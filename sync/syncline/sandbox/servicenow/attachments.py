"""The Attachment API: `/api/now/attachment`."""

import hashlib
import zlib
from email.parser import BytesParser
from email.policy import HTTP
from typing import Final

from syncline.sandbox.platform import Request, Response, json_response
from syncline.sandbox.servicenow.access import Call, User
from syncline.sandbox.servicenow.database import Database
from syncline.sandbox.servicenow.query import Row
from syncline.sandbox.servicenow.replies import (
    JSON_TYPE,
    NO_RECORD,
    RESTRICTED,
    RefusalError,
    base_url,
)
from syncline.sandbox.servicenow.table_api import TableApi, Visible
from syncline.sandbox.servicenow.writes import Writer

_DEFAULT_LIMIT: Final = 1_000
_SHOWN: Final = (
    "sys_id",
    "table_name",
    "table_sys_id",
    "file_name",
    "content_type",
    "size_bytes",
    "size_compressed",
    "compressed",
    "average_image_color",
    "image_height",
    "image_width",
    "hash",
    "state",
    "sys_created_on",
    "sys_created_by",
    "sys_updated_on",
    "sys_updated_by",
    "sys_mod_count",
    "sys_tags",
)


class AttachmentApi:
    """Answers the requests of the Attachment API. Hanging a file on a record does not touch the record itself."""

    def __init__(self, database: Database, writer: Writer, table_api: TableApi, visible: Visible) -> None:
        self._database = database
        self._writer = writer
        self._table_api = table_api
        self._visible = visible
        self.contents: dict[str, bytes] = {}

    def handle(self, request: Request, method: str, rest: list[str], call: Call) -> Response:
        """Answer one request. `rest` is the path after `attachment`. Raises `RefusalError`."""
        match method, rest:
            case "GET", []:
                return self._list(request, call)
            case "POST", ["file"]:
                return self._post_file(request, call)
            case "POST", ["upload"]:
                return self._post_form(request, call)
            case "GET", [sys_id]:
                row = self._row(sys_id, call.user)
                return json_response(200, {"result": self._shown(row, request)}, {"Content-Type": JSON_TYPE})
            case "GET", [sys_id, "file"]:
                row = self._row(sys_id, call.user)
                kind = row.get("content_type", "application/octet-stream")
                name = row["file_name"].replace('"', "")
                disposition = f'attachment; filename="{name}"'.encode("ascii", "replace").decode()
                headers = {"Content-Type": kind, "Content-Disposition": disposition}
                return Response(200, self.contents.get(sys_id, b""), headers)
            case "DELETE", [sys_id]:
                self._row(sys_id, call.user)
                self._writer.delete("sys_attachment", sys_id, call)
                self.contents.pop(sys_id, None)
                return Response(204)
            case _:
                raise RefusalError(
                    405, "Method not supported", f"{method} is not supported for {request.path}"
                )

    def _list(self, request: Request, call: Call) -> Response:
        found = self._table_api.find("sys_attachment", call, _DEFAULT_LIMIT)
        rows = [self._shown(row, request) for row in found.rows if self._owner_visible(row, call.user)]
        headers = {"Content-Type": JSON_TYPE}
        if found.total is not None:
            headers["X-Total-Count"] = str(found.total)
        return json_response(200, {"result": rows}, headers)

    def _row(self, sys_id: str, user: User) -> Row:
        row = self._database.tables["sys_attachment"].rows.get(sys_id)
        if row is None or not self._owner_visible(row, user):
            raise RefusalError(404, NO_RECORD, RESTRICTED)
        return row

    def _owner_visible(self, row: Row, user: User) -> bool:
        table = self._database.tables.get(row.get("table_name", ""))
        owner = table.rows.get(row.get("table_sys_id", "")) if table is not None else None
        return owner is None or self._visible(user, row["table_name"], owner)

    def _post_file(self, request: Request, call: Call) -> Response:
        # Attachment API docs: the three parameters and the file's own Content-Type are mandatory.
        table, owner, name = (call.params.get(p) for p in ("table_name", "table_sys_id", "file_name"))
        kind = request.header("content-type")
        if not (table and owner and name):
            raise RefusalError(
                400, "Missing parameter", "table_name, table_sys_id and file_name are mandatory"
            )
        if not kind:
            raise RefusalError(400, "Invalid Content-Type", "The Content-Type header is required")
        return self._store(request, table, owner, name, kind, request.body, call)

    def _post_form(self, request: Request, call: Call) -> Response:
        kind = request.header("content-type")
        if not kind.startswith("multipart/form-data") or "boundary=" not in kind:
            raise RefusalError(400, "Invalid Content-Type", "multipart/form-data with a boundary is required")
        head = f"Content-Type: {kind}\r\nMIME-Version: 1.0\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + request.body)
        fields: dict[str, str] = {}
        file: tuple[str, str, bytes] | None = None
        for part in message.iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            raw = content if isinstance(content, bytes) else b""
            if part.get_filename():
                file = (str(part.get_filename()), part.get_content_type(), raw)
            elif isinstance(name, str):
                fields[name] = raw.decode("utf-8", "replace").strip()
        if file is None or not fields.get("table_name") or not fields.get("table_sys_id"):
            raise RefusalError(400, "Missing parameter", "table_name, table_sys_id and a file are mandatory")
        return self._store(request, fields["table_name"], fields["table_sys_id"], *file, call)

    def _store(
        self,
        request: Request,
        table: str,
        owner_id: str,
        name: str,
        kind: str,
        content: bytes,
        call: Call,
    ) -> Response:
        owners = self._database.tables.get(table)
        owner = owners.rows.get(owner_id) if owners is not None else None
        if owner is None or not self._visible(call.user, table, owner):
            # Attachment API docs: 404 where that record does not exist or is not accessible to the user.
            raise RefusalError(404, NO_RECORD, RESTRICTED)
        self._check_allowed(name, content)
        row = self._writer.add_row(
            "sys_attachment",
            {
                "table_name": table,
                "table_sys_id": owner_id,
                "file_name": name,
                "content_type": kind,
                "size_bytes": str(len(content)),
                "size_compressed": str(len(zlib.compress(content, 1))),
                "compressed": "true",
                "hash": hashlib.sha256(content).hexdigest(),
                "state": "available",
            },
            call,
        )
        self.contents[row["sys_id"]] = content
        location = f"{base_url(request)}/api/now/attachment/{row['sys_id']}"
        headers = {"Content-Type": JSON_TYPE, "Location": location}
        return json_response(201, {"result": self._shown(row, request)}, headers)

    def _check_allowed(self, name: str, content: bytes) -> None:
        most = int(self._database.property("com.glide.attachment.max_size") or "1024") * 1024 * 1024
        if len(content) > most:
            raise RefusalError(400, "Operation Failed", f"File size exceeds the maximum of {most} bytes")
        allowed = self._database.property("glide.attachment.extensions")
        extension = name.rpartition(".")[2].lower()
        if allowed and extension not in {part.strip() for part in allowed.split(",")}:
            raise RefusalError(400, "Operation Failed", f"File extension {extension} is not allowed")

    def _shown(self, row: Row, request: Request) -> dict[str, str]:
        shown = {name: row.get(name, "") for name in _SHOWN}
        users = self._database.tables["sys_user"]
        for kind in ("created", "updated"):
            author = row.get(f"sys_{kind}_by", "")
            shown[f"{kind}_by_name"] = next((u["name"] for u in users.where("user_name", author)), author)
        return {**shown, "download_link": f"{base_url(request)}/api/now/attachment/{row['sys_id']}/file"}
