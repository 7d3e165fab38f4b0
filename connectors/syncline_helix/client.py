"""Our small client of the AR System REST API: forms, their entries, files of entries, and what fields a form has.

There is no library of the vendor's to stand on; requests go out by `Http` itself.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

import requests

from syncline.errors import Configuration, OutcomeUnknown, RetryLater
from syncline.http.client import Http
from syncline_helix.query import both, field, literal
from syncline_helix.values import said

INCIDENT: Final = "HPD:IncidentInterface"
CREATE: Final = "HPD:IncidentInterface_Create"
WORK_LOG: Final = "HPD:WorkLog"
PEOPLE: Final = "CTM:People"
GROUPS: Final = "CTM:Support Group"

_MOST_PAGES: Final = 200
_NEVER_CUT: Final = 10
_JSON: Final = {"Accept": "application/json"}

Row = Mapping[str, Any]
"""The `values` of an entry: field to JSON value."""


class Client:
    """One server's REST API. Shared by workers: each call stands on its own."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def entries(
        self, form: str, qualification: str, fields: Sequence[str], sort: Sequence[str] = (), limit: int = 100
    ) -> list[Row]:
        """One page of a form. A short one is not the last for sure: the server has a limit of its own.

        Raises:
            Configuration: the qualification, the form or our rights to it are wrong.
            RetryLater: the platform could not answer now, or answered with something else.
        """
        parameters = {"q": qualification, "fields": _values(fields), "limit": str(limit)}
        if sort:
            parameters["sort"] = ",".join(f"{name}.asc" if "." not in name else name for name in sort)
        response = self._http.request("GET", _address(form), params=parameters, headers=_JSON)
        body = self._body(response)
        rows = body.get("entries") if isinstance(body, dict) else None
        if not isinstance(rows, list):
            raise self._malformed(response, "no list of entries")
        return [self._row(response, row) for row in rows]

    def all_entries(
        self, form: str, qualification: str, fields: Sequence[str], key: str, size: int
    ) -> list[Row]:
        """All entries that fulfil it, in the order of `key`; pages begin behind the last entry of the one before.

        Raises:
            Configuration: as `entries`; also where the platform ignores the order.
            RetryLater: as `entries`; also where there is no end to it.
        """
        found: list[Row] = []
        last = ""
        for _ in range(_MOST_PAGES):
            asked = both(qualification, f"{field(key)} > {literal(last)}" if last else "")
            page = self.entries(form, asked, fields, (key,), size)
            found.extend(page)
            if is_last(len(page), size):
                return found
            reached = said(page[-1].get(key))
            if not reached.isprintable() or reached in {"", last}:
                raise Configuration(
                    f"{self._http.instance}: {form} answered with the same entries again; check that the account may read {key}"
                    f" of {form}"
                )
            last = reached
        raise RetryLater(
            f"{self._http.instance}: {form} has more entries than {_MOST_PAGES} pages of {size} for one question"
        )

    def create(
        self,
        form: str,
        values: Mapping[str, Any],
        fields: Sequence[str],
        *,
        file: tuple[str, str, str, bytes] | None = None,
        record: str | None = None,
    ) -> Row:
        """Make an entry; gives those fields of it. `file`: its field, name, content type and content.

        Raises:
            Refused: the platform will not have it.
            OutcomeUnknown: it may have been made.
            Configuration: as `entries`.
            RetryLater: it was not made.
        """
        body = {"values": dict(values)}
        about = record and f"record {record}"
        parameters = {"fields": _values(fields)}
        if file is None:
            response = self._http.request(
                "POST", _address(form), params=parameters, json=body, headers=_JSON, record=about
            )
        else:
            name, file_name, kind, content = file
            parts = [
                ("entry", (None, json.dumps(body), "application/json")),
                (f"attach-{name}", (file_name, content, kind)),
            ]
            response = self._http.request(
                "POST", _address(form), params=parameters, files=parts, headers=_JSON, record=about
            )
        return self._row(response, self._body(response))

    def update(self, form: str, entry_id: str, values: Mapping[str, Any], record: str) -> None:
        """Set fields of an entry; the reply shows nothing.

        Raises:
            Gone: there is no such entry, or we may not see it.
            Refused: the platform will not have it.
            OutcomeUnknown: it may have been set.
            Configuration: as `entries`.
            RetryLater: it was not set.
        """
        self._http.request(
            "PUT",
            _address(form, entry_id),
            json={"values": dict(values)},
            headers=_JSON,
            record=f"record {record}",
        )

    def download(self, entry_id: str, name: str, record: str) -> bytes:
        """The content of a file of a work log entry.

        Raises:
            Gone: there is none such, or we may not see it.
            Refused: it is larger than the instance's limit.
            Configuration: as `entries`.
            RetryLater: as `entries`.
        """
        path = f"{_address(WORK_LOG, entry_id)}/attach/{quote(name, safe='')}"
        about = f"record {record}"
        response = self._http.request("GET", path, headers={"Accept": "*/*"}, record=about, raw=True)
        return response.content

    def fields(self, form: str) -> list[Row]:
        """What fields a form has (BMC, "Retrieving field metadata using REST API").

        Raises:
            Configuration: as `entries`.
            RetryLater: as `entries`.
        """
        response = self._http.request("GET", f"/api/arsys/v1.0/fields/{_quoted(form)}", headers=_JSON)
        body = self._body(response)
        if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
            raise self._malformed(response, "no list of fields")
        return body

    def _body(self, response: requests.Response) -> Any:
        try:
            return response.json()
        except ValueError as error:
            raise self._malformed(response, "something else than JSON") from error

    def _row(self, response: requests.Response, entry: Any) -> Row:
        values = entry.get("values") if isinstance(entry, dict) else None
        if not isinstance(values, dict):
            raise self._malformed(response, "an entry without values")
        return values

    def _malformed(self, response: requests.Response, what: str) -> RetryLater | OutcomeUnknown:
        """The error for a reply that is none of the REST API: a write may have happened all the same."""
        path = urlsplit(response.request.url or "").path
        said = (
            f"{self._http.instance}: {path} answered {response.status_code} with {what}; check that url leads to the AR System"
            " REST API"
        )
        return RetryLater(said) if response.request.method == "GET" else OutcomeUnknown(said)


def is_last(rows: int, size: int) -> bool:
    """Whether a page ends a list. A page can be short because the server has a limit of its own, which is never as low as
    this."""
    return rows < min(size, _NEVER_CUT)


def _values(fields: Sequence[str]) -> str:
    return f"values({','.join(fields)})"


def _address(form: str, entry_id: str = "") -> str:
    address = f"/api/arsys/v1/entry/{_quoted(form)}"
    return f"{address}/{quote(entry_id, safe='')}" if entry_id else address


def _quoted(form: str) -> str:
    """A form's name in an address: blanks are encoded, the colon stays (BMC's own examples)."""
    return quote(form, safe=":")
