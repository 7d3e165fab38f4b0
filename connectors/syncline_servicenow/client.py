"""Our small client of the Table and Attachment APIs, over pysnow.

pysnow builds the address and sends; all else it does is kept out of the way. Its resource keeps the parameters
of earlier calls, so each call has a resource of its own. Its response object takes an error behind a 200 for
success, so we read the reply ourselves. To replace pysnow, replace `Client._send`.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import requests

from syncline.errors import Configuration, OutcomeUnknown, RetryLater
from syncline.http.client import Http
from syncline_servicenow.dialect import is_file
from syncline_servicenow.query import both, ordered
from syncline_servicenow.records import Row, needed
from syncline_servicenow.values import sys_id_of

with warnings.catch_warnings():
    # pysnow warns at import where libmagic is missing (we never guess a type), and its pytz uses what Python 3.12
    # deprecates; neither is the operator's affair.
    warnings.simplefilter("ignore")
    import pysnow

_UNUSED: Final = (
    "sysparm_query",
    "sysparm_limit",
    "sysparm_offset",
    "sysparm_display_value",
    "sysparm_suppress_pagination_header",
    "sysparm_exclude_reference_link",
    "sysparm_view",
    "sysparm_fields",
)
"""Parameters that pysnow sends by itself, some with Python's spelling of booleans; None keeps them back."""

_VALUES: Final = {"sysparm_display_value": "false", "sysparm_exclude_reference_link": "true"}
"""Database values (times in UTC, references as sys_ids); the default of a reference is an object with a link."""

_INSERTED: Final = {**_VALUES, "sysparm_input_display_value": "false"}
"""And what we send is of the same kind."""

_PATCHED: Final = {"sysparm_display_value": "false", "sysparm_input_display_value": "false"}
"""PATCH alone does not take `sysparm_exclude_reference_link` (Table API docs): its references are objects."""

ATTACHMENTS: Final = "sys_attachment"
"""Its rows come through the Attachment API, which takes fewer parameters and gives all columns."""

_MOST_PAGES: Final = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rows:
    """The reply to a query.

    Attributes:
        rows: As the platform has them.
        total: `X-Total-Count`: how many rows fit the query, those that we may not see too; None: not said.
    """

    rows: tuple[Row, ...]
    total: int | None


class Client:
    """One instance's Table and Attachment APIs. Shared by workers: each call stands on its own."""

    def __init__(self, http: Http) -> None:
        self._http = http
        scheme, _, self._host = http.base_url.partition("://")
        self._tls = scheme == "https"

    def rows(self, table: str, query: str, columns: Sequence[str], limit: int, offset: int = 0) -> Rows:
        """One page of a table, in database values.

        Raises:
            Configuration: the query, the table or our rights to it are wrong.
            RetryLater: the platform could not answer now, or answered with something else.
        """
        parameters = {
            "sysparm_query": query,
            "sysparm_limit": str(limit),
            "sysparm_offset": str(offset) if offset else None,
        }
        if table == ATTACHMENTS:
            response = self._send("GET", "/attachment", parameters)
        else:
            shown = {
                **_VALUES,
                "sysparm_fields": ",".join(columns),
                # A long query else fails with "Pagination not supported": the links repeat it.
                "sysparm_suppress_pagination_header": "true",
            }
            response = self._send("GET", f"/table/{table}", {**parameters, **shown})
        rows = self._result(response, list)
        if not all(isinstance(row, Mapping) for row in rows):
            raise self._malformed(response, "a list with something else than rows")
        return Rows(tuple(rows), _count(response.headers.get("X-Total-Count")))

    def all_rows(self, table: str, query: str, columns: Sequence[str], size: int) -> list[Row]:
        """All rows of a query, in the order of sys_id; pages begin behind the last row of the one before.

        Raises:
            Configuration: as `rows`; also where the platform ignores the order.
            RetryLater: as `rows`; also where there is no end to it.
        """
        found: list[Row] = []
        last, offset = "", 0
        for _ in range(_MOST_PAGES):
            asked = ordered(both(query, f"sys_id>{last}" if last else ""), "sys_id")
            page = self.rows(table, asked, columns, size, offset)
            for row in page.rows:
                sys_id = self.sys_id(row, table)
                if sys_id <= last:
                    raise Configuration(
                        f"{self._http.instance}: {table} answered with rows out of order, so terms of our query were"
                        f" ignored; check that the account may read sys_id of {table}"
                    )
                last = sys_id
            found.extend(page.rows)
            if not page.rows if page.total is None else page.total <= offset + size:
                return found
            offset = 0 if page.rows else offset + size
        raise RetryLater(
            f"{self._http.instance}: {table} has more rows than {_MOST_PAGES} pages of {size} for one question"
        )

    def row(self, table: str, sys_id: str, columns: Sequence[str]) -> Row:
        """One row by its sys_id.

        Raises:
            Gone: there is no such row, or we may not see it.
            Configuration: as `rows`.
            RetryLater: as `rows`.
        """
        parameters = {**_VALUES, "sysparm_fields": ",".join(columns)}
        response = self._send("GET", f"/table/{table}", parameters, append=sys_id_of(sys_id), record=sys_id)
        row: Row = self._result(response, dict)
        return row

    def insert(self, table: str, values: Mapping[str, str], columns: Sequence[str]) -> Row:
        """Make a row; gives it as it then is.

        Raises:
            Refused: the platform will not have it.
            OutcomeUnknown: it may have been made.
            Configuration: as `rows`.
            RetryLater: it was not made.
        """
        parameters = {**_INSERTED, "sysparm_fields": ",".join(columns)}
        row: Row = self._result(self._send("POST", f"/table/{table}", parameters, json=values), dict)
        return row

    def patch(self, table: str, sys_id: str, values: Mapping[str, str], columns: Sequence[str]) -> Row:
        """Set columns of a row; gives it as it then is.

        Raises:
            Gone: there is no such row, or we may not see it.
            Refused: the platform will not have it.
            OutcomeUnknown: it may have been set.
            Configuration: as `rows`.
            RetryLater: it was not set.
        """
        parameters = {**_PATCHED, "sysparm_fields": ",".join(columns)}
        response = self._send(
            "PATCH", f"/table/{table}", parameters, append=sys_id_of(sys_id), json=values, record=sys_id
        )
        row: Row = self._result(response, dict)
        return row

    def upload(self, table: str, sys_id: str, name: str, content_type: str, content: bytes) -> Row:
        """Hang a file on a row; gives its row of sys_attachment.

        Raises:
            Gone: there is no such row, or we may not see it.
            Refused: the platform will not have it.
            OutcomeUnknown: it may hang there.
            Configuration: as `rows`.
            RetryLater: it does not hang there.
        """
        parameters = {"table_name": table, "table_sys_id": sys_id_of(sys_id), "file_name": name}
        headers = {"Content-Type": content_type}
        response = self._send(
            "POST", "/attachment/file", parameters, data=content, headers=headers, record=sys_id
        )
        row: Row = self._result(response, dict)
        return row

    def download(self, sys_id: str, record: str) -> bytes:
        """The content of an attachment of a record.

        Raises:
            Gone: there is none such, or we may not see it.
            Refused: it is larger than the instance's limit.
            Configuration: as `rows`.
            RetryLater: as `rows`.
        """
        path = f"/attachment/{sys_id_of(sys_id)}/file"
        response = self._send("GET", path, {}, headers={"Accept": "*/*"}, record=record, raw=True)
        if "html" in response.headers.get("Content-Type", "") and not is_file(response):
            raise self._malformed(response, "a page instead of the file")
        return response.content

    def sys_id(self, row: Row, table: str) -> str:
        """The sys_id of a row.

        Raises:
            Configuration: we may not read it.
        """
        try:
            return sys_id_of(needed(row, "sys_id"))
        except ValueError as error:
            raise Configuration(
                f"{self._http.instance}: a row of {table} cannot be told from others: {error}"
            ) from error

    def _send(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str | None],
        *,
        append: str = "",
        json: Mapping[str, str] | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        record: str | None = None,
        raw: bool = False,
    ) -> requests.Response:
        session = self._http.session()
        agent = session.headers.get("User-Agent")
        platform = pysnow.Client(host=self._host, use_ssl=self._tls, session=session)
        if agent is not None:
            # pysnow writes its own name over ours.
            session.headers["User-Agent"] = agent
        resource = platform.resource(api_path=path, timeout=self._http.timeout)
        resource.parameters.add_custom({**dict.fromkeys(_UNUSED), **parameters})
        replies: list[requests.Response] = []

        def keep(response: requests.Response, **_: Any) -> None:
            replies.append(response)

        with self._http.about(record=record and f"record {record}", raw=raw):
            resource.request(
                method,
                path_append=f"/{append}" if append else None,
                headers=dict(headers or {}),
                data=dumps(json).encode() if json is not None else data,
                # Hooks of a request replace those of its session.
                hooks={"response": [*session.hooks.get("response", ()), keep]},
            )
        return replies[-1]

    def _result(self, response: requests.Response, kind: type[T]) -> T:
        try:
            body = response.json()
        except ValueError as error:
            raise self._malformed(response, "something else than JSON") from error
        failed = isinstance(body, dict) and body.get("error")
        result = body.get("result") if isinstance(body, dict) else None
        if isinstance(result, kind) and not failed:
            return result
        if failed:
            raise self._malformed(response, "an error behind a success")
        raise self._malformed(response, f"no result that is a {'row' if kind is dict else 'list'}")

    def _malformed(self, response: requests.Response, what: str) -> RetryLater | OutcomeUnknown:
        """The error for a reply that is none of the Table API: a write may have happened all the same."""
        path = urlsplit(response.request.url or "").path
        said = f"{self._http.instance}: {path} answered {response.status_code} with {what}; check that url leads to ServiceNow"
        return RetryLater(said) if response.request.method == "GET" else OutcomeUnknown(said)


def _count(header: str | None) -> int | None:
    return int(header) if header and header.isascii() and header.isdigit() and len(header) < 16 else None
