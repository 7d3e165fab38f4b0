"""A simulated Helix server and somebody who talks to it as a client of the vendor's would: by raw requests."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest

from syncline.sandbox.helix import Helix
from syncline.sandbox.platform import Request, Response

NEW = {
    "z1D_Action": "CREATE",
    "Login_ID": "olga",
    "Description": "Mail is down",
    "Impact": "2-Significant/Large",
    "Urgency": "2-High",
    "Reported Source": "Direct Input",
    "Service_Type": "User Service Restoration",
}


class Desk:
    new = NEW

    def __init__(self, **knobs: Any) -> None:
        self.platform = Helix(**knobs)
        self.at = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
        self.rng = Random(1)

    def pass_time(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def raw(self, method: str, path: str, query: str = "", body: bytes = b"", **headers: str) -> Response:
        sent = {"host": "helix.example", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.platform.handle(Request(method, path, query, sent, body), self.at, self.rng)

    def login(self, user: str = "syncline", password: str = "sandbox") -> Response:
        form = urlencode({"username": user, "password": password}).encode()
        return self.raw("POST", "/api/jwt/login", body=form, content_type="application/x-www-form-urlencoded")

    def send(self, method: str, form: str, body: Any = None, user: str = "amina", **params: str) -> Response:
        raw = b"" if body is None else json.dumps(body).encode()
        return self.raw(
            method,
            f"/api/arsys/v1/entry/{form}",
            urlencode(params),
            raw,
            authorization=f"AR-JWT token-{user}",
            content_type="application/json",
        )

    def create(self, user: str = "amina", **values: Any) -> str:
        """The number of a new incident."""
        given = {**NEW, **{name.replace("__", " "): value for name, value in values.items()}}
        reply = self.send(
            "POST", "HPD:IncidentInterface_Create", {"values": given}, user, fields="values(Incident Number)"
        )
        assert reply.status == 201, reply.body
        return str(json.loads(reply.body)["values"]["Incident Number"])

    def rows(self, form: str, q: str, **params: str) -> list[dict[str, Any]]:
        reply = self.send("GET", form, q=q, **params)
        assert reply.status == 200, reply.body
        return [entry["values"] for entry in json.loads(reply.body)["entries"]]

    def read(self, number: str) -> dict[str, Any]:
        (row,) = self.rows("HPD:IncidentInterface", f"'Incident Number' = \"{number}\"")
        return row

    def change(self, number: str, user: str = "amina", **values: Any) -> Response:
        body = {"values": {name.replace("__", " "): value for name, value in values.items()}}
        return self.send("PUT", f"HPD:IncidentInterface/{self.read(number)['Request ID']}", body, user)

    def note(self, number: str, text: str, user: str = "amina", **values: Any) -> Response:
        body = {
            "Incident Number": number,
            "Work Log Type": "General Information",
            "Detailed Description": text,
            "View Access": "Internal",
            "Secure Work Log": "No",
            **values,
        }
        return self.send("POST", "HPD:WorkLog", {"values": body}, user, fields="values(Work Log ID)")


def error(reply: Response) -> tuple[int, int, str]:
    """Status, number and text; the shape is the vendor's."""
    (message,) = json.loads(reply.body)
    assert set(message) == {"messageType", "messageText", "messageNumber", "messageAppendedText"}
    assert message["messageType"] == "ERROR"
    return (
        reply.status,
        message["messageNumber"],
        f"{message['messageText']} {message['messageAppendedText'] or ''}",
    )


@pytest.fixture
def desk_with() -> Callable[..., Desk]:
    return Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture(name="error")
def error_fixture() -> Callable[[Response], tuple[int, int, str]]:
    return error
