"""A simulated Acme Desk, and a person at it: what the connector of `acme_desk.py` is tested on."""

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any

from pydantic import SecretStr

from syncline.connector import Native
from syncline.model import Visibility
from syncline.sandbox.platform import Request, Response, json_response
from syncline.testing import SimulatedStand

TOKENS = {"Bearer acme-secret": "syncline", "Bearer dana-secret": "dana"}
STATES = ("open", "working", "done")


class SimulatedAcmeDesk:
    """The platform: a function of a request, the time and randomness over its own state.

    Attributes:
        tickets: By number.
        notes: Of each ticket, by its number.
    """

    platform = "acmedesk"

    def __init__(self) -> None:
        self.tickets: dict[int, dict[str, Any]] = {}
        self.notes: dict[int, list[dict[str, Any]]] = {}

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:  # noqa: ARG002  nothing is drawn
        """Answer one request."""
        account = TOKENS.get(request.header("authorization"))
        if account is None:
            return json_response(401, {"error": "who are you?"})
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["tickets"]:
                return self._saved(max(self.tickets, default=0) + 1, account, now, request.json(), 201)
            case "GET", ["tickets"]:
                return json_response(200, {"tickets": self._listed(request)})
            case method, ["tickets", number, *rest] if number.isdigit() and int(number) in self.tickets:
                return self._ticket(method, int(number), rest, account, now, request)
        return json_response(404, {"error": "there is no such thing"})

    def _ticket(
        self, method: str, number: int, rest: list[str], account: str, now: datetime, request: Request
    ) -> Response:
        notes = self.notes.setdefault(number, [])
        match method, rest:
            case "GET", []:
                return json_response(200, self.tickets[number])
            case "PATCH", []:
                return self._saved(number, account, now, request.json(), 200)
            case "DELETE", []:
                del self.tickets[number]
                return Response(204)
            case "GET", ["notes"]:
                return json_response(200, {"notes": notes})
            case "POST", ["notes"]:
                note = {"id": f"{number}-{len(notes)}", "author": account, "at": now.isoformat()}
                notes.append({**note, "text": str(request.json().get("text", ""))})
                # A note is a change of its ticket, so that who reads changes finds it.
                self._saved(number, account, now, {}, 200)
                return json_response(201, notes[-1])
        return json_response(404, {"error": "there is no such thing"})

    def _saved(
        self, number: int, account: str, now: datetime, values: Mapping[str, Any], status: int
    ) -> Response:
        """Make a ticket, or change one."""
        if set(values) - {"title", "state", "tag"} or values.get("state", "open") not in STATES:
            return json_response(
                400, {"error": "a ticket has a title, and a state that is open, working or done"}
            )
        if len(str(values.get("title", ""))) > 120:
            return json_response(400, {"error": "a title has at most 120 characters"})
        new = {
            "number": number,
            "version": 0,
            "created": now.isoformat(),
            "tag": "",
            "state": "open",
            "title": "",
        }
        before = self.tickets.get(number, new)
        stamps = {"author": account, "updated": now.isoformat(), "version": before["version"] + 1}
        self.tickets[number] = {**before, **values, **stamps}
        return json_response(status, self.tickets[number])

    def _listed(self, request: Request) -> list[dict[str, Any]]:
        """Tickets by (updated, number), after a place in that order."""
        found = sorted(self.tickets.values(), key=lambda one: (one["updated"], one["number"]))
        if ids := request.param("ids"):
            found = [one for one in found if str(one["number"]) in ids.split(",")]
        if tag := request.param("tag"):
            found = [one for one in found if one["tag"] == tag]
        if after := request.param("after"):
            place = (datetime.fromisoformat(after), int(request.param("id") or 0))
            found = [one for one in found if (datetime.fromisoformat(one["updated"]), one["number"]) > place]
        return found[: int(request.param("limit") or 50)]


class AcmeStand(SimulatedStand):
    """Dana at Acme Desk, who is not our account."""

    platform: SimulatedAcmeDesk

    def __init__(self) -> None:
        super().__init__(SimulatedAcmeDesk())

    @property
    def settings(self) -> Mapping[str, object]:
        """As in `syncline.yaml`; secrets as SecretStr."""
        return {**super().settings, "token": SecretStr("acme-secret")}

    def open(self, values: Mapping[str, Native]) -> str:
        """A ticket; its number."""
        return str(self._dana("POST", "/tickets", values)["number"])

    def edit(self, record_id: str, values: Mapping[str, Native]) -> None:
        """Fields of it."""
        self._dana("PATCH", f"/tickets/{record_id}", values)

    def say(self, record_id: str, text: str, visibility: Visibility) -> bool:
        """A note; customers read none."""
        if visibility is Visibility.PUBLIC:
            return False
        self._dana("POST", f"/tickets/{record_id}/notes", {"text": text})
        return True

    def delete(self, record_id: str) -> bool:
        """For good."""
        self._dana("DELETE", f"/tickets/{record_id}")
        return True

    def delivery(self, record_id: str) -> tuple[Mapping[str, str], bytes]:
        """Its webhook: the ticket's number."""
        return {"content-type": "text/plain"}, record_id.encode()

    def _dana(self, method: str, path: str, values: Mapping[str, Native] | None = None) -> Any:
        return self.call(method, path, values, {"authorization": "Bearer dana-secret"})
