"""A simulated Cherwell instance and somebody who talks to it as a client of the vendor's would: by raw requests."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest

from syncline.sandbox.cherwell import Cherwell
from syncline.sandbox.platform import Request, Response

API = "/CherwellAPI/api/V1"
ERROR_KEYS = {"errorCode", "errorMessage", "hasError"}


class Desk:
    def __init__(self, **knobs: Any) -> None:
        self.platform = Cherwell(**knobs)
        self.at = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
        self.rng = Random(1)
        self._ours = ""
        self._ids: dict[str, dict[str, str]] = {}
        self._objects: dict[str, str] = {}

    def pass_time(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def raw(self, method: str, path: str, query: str = "", body: bytes = b"", **headers: str) -> Response:
        sent = {"host": "csm.example", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.platform.handle(Request(method, path, query, sent, body), self.at, self.rng)

    def token(self, query: str = "auth_mode=Internal", **form: str) -> Response:
        body = urlencode({"client_id": "sandbox-client", **form}).encode()
        kind = "application/x-www-form-urlencoded"
        return self.raw("POST", "/CherwellAPI/token", query, body, content_type=kind)

    def login(self, user: str = "syncline", password: str = "sandbox") -> Response:
        return self.token(grant_type="password", username=user, password=password)

    def send(
        self, method: str, path: str, body: Any = None, user: str = "amina", query: str = ""
    ) -> Response:
        raw = b"" if body is None else json.dumps(body).encode()
        if user == "syncline" and not self._ours:
            self._ours = json.loads(self.login().body)["access_token"]
        return self.raw(
            method,
            f"{API}/{path}",
            query,
            raw,
            authorization=f"Bearer {self._ours if user == 'syncline' else f'token-{user}'}",
            content_type="application/json",
        )

    def said(self, method: str, path: str, body: Any = None, user: str = "amina", query: str = "") -> Any:
        reply = self.send(method, path, body, user, query)
        assert reply.status == 200, reply.body
        return json.loads(reply.body)

    def object_id(self, name: str) -> str:
        if name not in self._objects:
            (summary,) = self.said("GET", f"getbusinessobjectsummary/busobname/{name}")
            for one in (summary, *summary["groupSummaries"]):
                self._objects[one["name"]] = one["busObId"]
        return self._objects[name]

    def ids(self, name: str) -> dict[str, str]:
        """Field names to their ids."""
        if name not in self._ids:
            told = self.said("GET", f"getbusinessobjectschema/busobid/{self.object_id(name)}")
            self._ids[name] = {one["name"]: one["fieldId"] for one in told["fieldDefinitions"]}
        return self._ids[name]

    def dirty(self, name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        ids = self.ids(name)
        return [
            {"fieldId": ids[one], "name": one, "value": value, "dirty": True} for one, value in values.items()
        ]

    def customer(self, full_name: str = "Olga Petrova") -> str:
        ((_, rec_id),) = self.rows("CustomerInternal", FullName=full_name)
        return rec_id

    def save(self, user: str = "amina", rec_id: str = "", **values: Any) -> dict[str, Any]:
        body = {
            "busObId": self.object_id("Incident"),
            "busObRecId": rec_id,
            "fields": self.dirty("Incident", values),
            "persist": True,
        }
        told: dict[str, Any] = self.said("POST", "savebusinessobject", body, user)
        return told

    def create(self, user: str = "amina", **values: Any) -> str:
        """The record id of a new incident."""
        given = {
            "ShortDescription": "Mail is down",
            "Description": "Nobody can send.",
            "Priority": "2",
            "CustomerRecID": self.customer(),
            **values,
        }
        told = self.save(user, **given)
        assert not told["hasError"], told
        return str(told["busObRecId"])

    def read(self, rec_id: str, user: str = "amina") -> dict[str, str]:
        told = self.said(
            "GET", f"getbusinessobject/busobid/{self.object_id('Incident')}/busobrecid/{rec_id}", user=user
        )
        return {one["name"]: one["value"] for one in told["fields"]}

    def search(
        self, name: str, *filters: tuple[str, str, str], user: str = "amina", **more: Any
    ) -> dict[str, Any]:
        ids = self.ids(name)
        body = {
            "busObId": self.object_id(name),
            "filters": [{"fieldId": ids[f], "operator": op, "value": v} for f, op, v in filters],
            "includeAllFields": True,
            **more,
        }
        told: dict[str, Any] = self.said("POST", "getsearchresults", body, user)
        return told

    def rows(self, name: str, **equal: str) -> list[tuple[dict[str, str], str]]:
        found = self.search(name, *((field, "eq", value) for field, value in equal.items()))
        return [
            ({one["name"]: one["value"] for one in row["fields"]}, row["busObRecId"])
            for row in found["businessObjects"]
        ]

    def relationship(self) -> str:
        told = self.said(
            "GET",
            f"getbusinessobjectschema/busobid/{self.object_id('Incident')}",
            query="includerelationships=true",
        )
        (found,) = [one for one in told["relationships"] if one["displayName"] == "Incident Owns Journals"]
        assert found["target"] == self.object_id("Journal")
        return str(found["relationshipId"])

    def note(
        self, rec_id: str, text: str, user: str = "amina", kind: str = "JournalNote", **values: Any
    ) -> Any:
        self.object_id("Journal")
        body = {
            "parentBusObId": self.object_id("Incident"),
            "parentBusObRecId": rec_id,
            "relationshipId": self.relationship(),
            "busObId": self.object_id(kind),
            "fields": self.dirty(kind, {"Details": text, **values}),
            "persist": True,
        }
        return self.said("POST", "saverelatedbusinessobject", body, user)

    def journals(self, rec_id: str, kind: str = "", user: str = "amina") -> list[dict[str, str]]:
        path = (
            f"getrelatedbusinessobject/parentbusobid/{self.object_id('Incident')}"
            f"/parentbusobrecid/{rec_id}/relationshipid/{self.relationship()}"
        )
        told = self.said("GET", path, user=user)
        found = [
            {one["name"]: one["value"] for one in row["fields"]} for row in told["relatedBusinessObjects"]
        ]
        return [one for one in found if kind in {"", one["JournalTypeName"]}]


def error(reply: Response) -> tuple[int, str]:
    """Status and code; the shape is the vendor's."""
    content = json.loads(reply.body)
    assert content.keys() >= ERROR_KEYS
    assert content["hasError"] is True
    assert content["errorMessage"]
    return reply.status, content["errorCode"]


@pytest.fixture
def desk_with() -> Callable[..., Desk]:
    return Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture(name="error")
def error_fixture() -> Callable[[Response], tuple[int, str]]:
    return error
