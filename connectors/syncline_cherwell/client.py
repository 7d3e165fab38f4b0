"""Our small client of the Cherwell REST API: business objects, their records, related records, and what fields they have.

There is no library of the vendor's to stand on; requests go out by `Http` itself. Most reading is by POST, and changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from syncline.errors import Configuration, Gone, OutcomeUnknown, RetryLater
from syncline.http.client import Http
from syncline_cherwell.schema import RECORD, BusinessObject, described, named
from syncline_cherwell.values import said

PUBLIC: Final = "busObPublicId"
_API: Final = "/CherwellAPI/api/V1"
_MOST_PAGES: Final = 200

Row = Mapping[str, str]
"""A record: field to text in canonical form; its ids under `RecID` and `busObPublicId`."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition: several on one field are alternatives, those on different fields must all hold (Ivanti, "Using Search Operations")."""

    name: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave, and whether there is more."""

    rows: tuple[Row, ...]
    more: bool


class Client:
    """One server's REST API. Shared by workers: each call stands on its own.

    Args:
        http: The way there.
        ascending: The number that sorts upwards.

    Attributes:
        locale: The culture to ask for; empty: that of the instance.
    """

    def __init__(self, http: Http, ascending: int) -> None:
        self._http = http
        self._ascending = ascending
        self.locale = ""

    def service(self) -> Mapping[str, Any]:
        """What the server says of itself: culture, time, zone.

        Raises:
            Configuration: the address is wrong.
            RetryLater: the platform could not answer now, or answered with something else.
        """
        return self._object("GET", "serviceinfo")

    def account(self, login: str, mode: str) -> Mapping[str, Any]:
        """A user by login. Raises as `service`; also Configuration where our rights do not reach."""
        path = f"/CherwellAPI/api/V2/getuserbyloginid?loginid={quote(login, safe='')}&loginidtype={mode}"
        return self._object("GET", path)

    def teams(self) -> list[str]:
        """The names of all teams. Raises as `account`."""
        teams = self._object("GET", "/CherwellAPI/api/V2/getteams").get("teams")
        if not isinstance(teams, list):
            raise self._malformed("getteams", "no list of teams")
        return [said(team.get("teamName")) for team in teams if isinstance(team, dict)]

    def ids(self, name: str) -> Mapping[str, str]:
        """The ids of a business object and, where it is a group, of its members: by their names, and by what people read.
        Raises as `account`."""
        summaries = self._ask("GET", f"getbusinessobjectsummary/busobname/{quote(name, safe='')}")
        if not isinstance(summaries, list):
            raise self._malformed("getbusinessobjectsummary", "no list")
        return named(summaries)

    def business_object(self, ident: str) -> BusinessObject:
        """A business object by its id. Raises as `account`."""
        path = f"getbusinessobjectschema/busobid/{quote(ident, safe='')}?includerelationships=true"
        found = described(self._object("GET", path))
        if found.id != ident or RECORD not in found.fields:
            raise self._malformed("getbusinessobjectschema", f"no fields of {found.name or ident}")
        return found

    def choices(self, kind: BusinessObject, name: str) -> tuple[str, ...]:
        """What may stand in a field. Raises as `account`."""
        body = {"busObId": kind.id, "fieldId": self.field(kind, name)}
        values = self._object("POST", "fieldvalueslookup", body).get("values")
        return (
            tuple(value for value in values if isinstance(value, str) and value)
            if isinstance(values, list)
            else ()
        )

    def search(
        self, kind: BusinessObject, filters: Sequence[Filter], fields: Sequence[str], by: str, size: int
    ) -> Found:
        """The first records that fulfil the filters, in the order of `by`; `-by` for the last ones first. Raises as `account`."""
        direction = 1 - self._ascending if by.startswith("-") else self._ascending
        body = self._object(
            "POST",
            "getsearchresults",
            {
                "busObId": kind.id,
                "filters": [
                    {"fieldId": self.field(kind, one.name), "operator": one.operator, "value": one.value}
                    for one in filters
                ],
                "fields": [self.field(kind, name) for name in fields],
                "sorting": [{"fieldId": self.field(kind, by.lstrip("-")), "sortDirection": direction}],
                "pageNumber": 1,
                "pageSize": size,
            },
        )
        rows, more = body.get("businessObjects"), body.get("hasMoreRecords")
        if not isinstance(rows, list) or not isinstance(more, bool):
            raise self._malformed("getsearchresults", "no list of records")
        return Found(tuple(self._row(row) for row in rows), more and bool(rows))

    def behind(
        self, kind: BusinessObject, filters: Sequence[Filter], fields: Sequence[str], key: str, size: int
    ) -> Found:
        """Those that fulfil the filters and have a record id behind `key`, in the order of these. Raises as `account`.

        Ids neither change nor move, so nothing is left out, whatever people do between two pages.
        """
        asked = [*filters, Filter(RECORD, "gt", key)] if key else list(filters)
        found = self.search(kind, asked, fields, RECORD, size)
        last = key.lower()
        for row in found.rows:
            if row[RECORD].lower() <= last:
                raise Configuration(
                    f"{self._http.instance}: {kind.name} did not come in the order of {RECORD}; check that the account may read"
                    " that field, and the setting ascending"
                )
            last = row[RECORD].lower()
        return found

    def all_of(
        self, kind: BusinessObject, filters: Sequence[Filter], fields: Sequence[str], size: int
    ) -> list[Row]:
        """All that fulfil the filters. Raises as `account`; RetryLater also where there is no end to it."""
        rows: list[Row] = []
        for _ in range(_MOST_PAGES):
            found = self.behind(kind, filters, fields, rows[-1][RECORD] if rows else "", size)
            rows.extend(found.rows)
            if not found.more:
                return rows
        raise RetryLater(
            f"{self._http.instance}: {kind.name} has more records than {_MOST_PAGES} pages of {size} for one question"
        )

    def read(self, kind: BusinessObject, ident: str, *, public: bool = False) -> Row:
        """One record, by its record id or by what people call it.

        Raises:
            Gone: there is none, or we may not see it.
            Configuration: as `account`.
            RetryLater: as `account`.
        """
        by = "publicid" if public else "busobrecid"
        path = f"getbusinessobject/busobid/{quote(kind.id, safe='')}/{by}/{quote(ident, safe='')}"
        return self._row(self._object("GET", path, record=f"record {ident}"))

    def save(self, kind: BusinessObject, values: Row, rec_id: str = "") -> str:
        """Make a record, or set fields of that one; its record id.

        Raises:
            Gone: there is no such record, or we may not see it.
            Refused: the platform will not have it.
            OutcomeUnknown: it may have been saved.
            Configuration: as `account`.
            RetryLater: it was not saved.
        """
        body = {
            "busObId": kind.id,
            "busObRecId": rec_id,
            "fields": self._dirty(kind, values),
            "persist": True,
        }
        return self._saved("savebusinessobject", body, rec_id)

    def save_related(
        self, parent: BusinessObject, rec_id: str, relationship: str, kind: BusinessObject, values: Row
    ) -> str:
        """Make a record that hangs on that one; its record id. Raises as `save`."""
        body = {
            "parentBusObId": parent.id,
            "parentBusObRecId": rec_id,
            "relationshipId": relationship,
            "busObId": kind.id,
            "fields": self._dirty(kind, values),
            "persist": True,
        }
        return self._saved("saverelatedbusinessobject", body, rec_id)

    def field(self, kind: BusinessObject, name: str) -> str:
        """The id of a field.

        Raises:
            Configuration: there is no such field.
        """
        found = kind.ids.get(name)
        if not found:
            raise Configuration(
                f"{self._http.instance}: {kind.name} has no field {name}; correct the mapping or the settings"
            )
        return found

    def _dirty(self, kind: BusinessObject, values: Mapping[str, str]) -> list[dict[str, object]]:
        """What is not marked so is not looked at."""
        return [
            {"fieldId": self.field(kind, name), "name": name, "value": value, "dirty": True}
            for name, value in values.items()
        ]

    def _saved(self, path: str, body: Mapping[str, Any], record: str) -> str:
        about = f"record {record}" if record else None
        try:
            reply = self._http.json("POST", f"{_API}/{path}", params=self._culture(), json=body, record=about)
        except Gone as error:
            if about is not None:
                raise
            raise Configuration(str(error)) from error
        ident = said(reply.get("busObRecId")) if isinstance(reply, dict) else ""
        if not ident:
            raise OutcomeUnknown(
                f"{self._http.instance}: {path} answered without a record id, so it is not known whether it was saved"
            )
        return ident

    def _row(self, raw: Any) -> Row:
        fields = raw.get("fields") if isinstance(raw, dict) else None
        if not isinstance(fields, list) or not said(raw.get("busObRecId")):
            raise self._malformed("a search or a read", "a record without id or fields")
        row = {
            said(one.get("name")): said(one["value"])
            for one in fields
            if isinstance(one, dict) and isinstance(one.get("value"), str)
        }
        return {**row, RECORD: said(raw["busObRecId"]), PUBLIC: said(raw.get("busObPublicId"))}

    def _object(
        self, method: str, path: str, body: object = None, *, record: str | None = None
    ) -> Mapping[str, Any]:
        reply = self._ask(method, path, body, record=record)
        if not isinstance(reply, dict):
            raise self._malformed(path.partition("/")[0] or path, "no object")
        return reply

    def _ask(self, method: str, path: str, body: object = None, *, record: str | None = None) -> Any:
        address = path if path.startswith("/") else f"{_API}/{path}"
        try:
            return self._http.json(
                method, address, params=self._culture(), json=body, safe=True, record=record
            )
        except Gone as error:
            if record is not None:
                raise
            # What an instance is like, who we are, or a search: that is no record that somebody deleted.
            raise Configuration(str(error)) from error

    def _culture(self) -> dict[str, str] | None:
        """The published contract has it for every operation: "the culture of the request". Times are in it."""
        return {"locale": self.locale} if self.locale else None

    def _malformed(self, what: str, how: str) -> RetryLater:
        return RetryLater(
            f"{self._http.instance}: {what} answered with {how}; check that url leads to Cherwell's REST API"
        )
