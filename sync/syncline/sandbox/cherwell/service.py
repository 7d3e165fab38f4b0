"""A simulated Cherwell instance: incidents and their journals behind the CSM REST API, with what its lifecycle does to them.

Facts are those of Ivanti's documentation of the API (CSM 10.4 to 2023) and of its published contract, and of replies recorded with
public clients (the Cherwell integration of demisto/content, gocherwell, scripts of OpsGenie and xMatters), unless a comment says
that they are assumed.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from syncline.sandbox.cherwell import rendering
from syncline.sandbox.cherwell.access import Access
from syncline.sandbox.cherwell.bodies import body_of, dirty_value, flag, listed_objects, related_by_path
from syncline.sandbox.cherwell.culture import CULTURES, Culture
from syncline.sandbox.cherwell.lifecycle import TRANSITIONS
from syncline.sandbox.cherwell.objects import (
    CUSTOMER,
    HISTORY,
    INCIDENT,
    JOURNAL,
    NOTE,
    REQUEST,
    TEAM,
    USER,
    ObjectSpec,
    objects,
)
from syncline.sandbox.cherwell.people import INTEGRATION, PEOPLE, TEAMS, Person, customers, teams, users
from syncline.sandbox.cherwell.reading import Reader
from syncline.sandbox.cherwell.records import Record, Records
from syncline.sandbox.cherwell.replies import (
    FINE,
    FORBIDDEN,
    RefusalError,
    answered,
    bad_request,
    page,
    refused,
    said,
)
from syncline.sandbox.cherwell.writes import Call, Writer
from syncline.sandbox.platform import Request, Response

_FIRST_DAY: Final = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
_TRACKED: Final = ("Status", "Priority", "OwnedBy", "OwnedByTeam", "ShortDescription")


class Cherwell:
    """One instance. The integration account is `syncline` / `sandbox` of client id `sandbox-client`; anyone else of `people` logs in
    with any password, or shows the token `token-<login>` without logging in.

    Attributes:
        hidden: Public ids of incidents that the integration account may not see.
        unreadable: Names of business objects that it may not read.
        index_lag: Seconds by which searches lag behind what was written. May be set at any time.
    """

    platform: Final = "cherwell"

    def __init__(
        self,
        *,
        people: Sequence[Person] = PEOPLE,
        team_names: Sequence[str] = TEAMS,
        custom_fields: Sequence[str] = ("SynclineID",),
        required: Collection[str] = ("Description", "Priority", "CustomerRecID"),
        index_lag: float = 0.0,
        hidden: Collection[str] = (),
        unreadable: Collection[str] = (),
        culture: str = "en-US",
        time_zone: str = "UTC",
        seconds_shown: bool = True,
        summary_length: int = 255,
        shown_field: str = "ShowInSelfService",
        token_lifetime: float = 1199.0,
        refresh_lifetime: float = 28_800.0,
        most_sessions: int = 3,
        most_rows: int = 1000,
        missing_status: int = 404,
        transitions: Mapping[str, tuple[str, ...]] = TRANSITIONS,
        owner_required: bool = True,
        journal_touches: bool = False,
        tracked: Sequence[str] = _TRACKED,
        history_combined: bool = False,
    ) -> None:
        """`required`: what an incident may not be without. `seconds_shown`: whether times in replies have seconds. `most_sessions`:
        licences of one account. `most_rows`: rows of one page at the most, whatever is asked for. `missing_status`: with which a
        record is said not to be there. See `objects` and `Writer` for the others.

        Raises:
            ValueError: there is no such culture.
        """
        if culture not in CULTURES:
            raise ValueError(f"there is no culture {culture!r} here; there are {', '.join(CULTURES)}")
        self.hidden = hidden
        self.unreadable = unreadable
        self._now = _FIRST_DAY
        self._people = {person.login: person for person in people}
        self._objects = objects(summary_length, tuple(custom_fields), frozenset(required), shown_field)
        self._records = {name: Records(spec) for name, spec in self._objects.items() if not spec.members}
        first = int(_FIRST_DAY.timestamp())
        for name, listed in (
            (USER, users(people, first)),
            (TEAM, teams(team_names, first)),
            (CUSTOMER, customers(people, first)),
        ):
            for record in listed:
                self._records[name].put(record, _FIRST_DAY)
        self._access = Access(self._people, token_lifetime, refresh_lifetime, most_sessions)
        self._culture = Culture(culture, ZoneInfo(time_zone), seconds_shown)
        self._reader = Reader(self._objects, self._records, most_rows, missing_status)
        self._reader.index_lag = index_lag
        self.writer = Writer(
            self._objects,
            self._records,
            transitions=transitions,
            owner_required=owner_required,
            journal_touches=journal_touches,
            tracked=tracked,
            history_combined=history_combined,
        )

    @property
    def index_lag(self) -> float:
        """Seconds by which searches lag behind what was written."""
        return self._reader.index_lag

    @index_lag.setter
    def index_lag(self, seconds: float) -> None:
        self._reader.index_lag = seconds

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        """Answer one request at that moment."""
        self._now = now
        try:
            return self._answer(request, now, rng)
        except RefusalError as refusal:
            return refusal.response

    def actor(self, request: Request) -> str:
        """The login of the request's token; empty where it names none."""
        return self._access.name(request) or ""

    def throttled(self, now: datetime) -> Response:  # noqa: ARG002  no limit of the service's own is documented
        """What a gateway before the service says where there are too many requests."""
        return answered(429, {"Message": "Too many requests."}, **{"Retry-After": "5"})

    def unavailable(self, status: int) -> Response:
        """What the web server says while there is no service behind it: a page."""
        return page(status)

    def expire_tokens(self, *, refresh: bool = False) -> None:
        """Make every access token invalid; the refresh tokens as well where told so."""
        self._access.expire(refresh=refresh)

    def open_sessions(self, login: str = INTEGRATION) -> int:
        """How many licences an account occupied when it was last asked something."""
        return self._access.open_sessions(login, self._now)

    def require_field(self, name: str, *, required: bool = True) -> None:
        """Schema drift: a field of incidents may not be empty any more, or may again. Raises KeyError where there is none."""
        fields = self._objects[INCIDENT].fields
        fields[name] = replace(fields[name], required=required)

    def remove_field(self, name: str) -> None:
        """Schema drift: incidents lose a field. Raises KeyError where there is none."""
        del self._objects[INCIDENT].fields[name]

    def snapshot(self) -> dict[str, Any]:
        """Everything, as plain JSON: `records` (incidents with values, `remarks`, `history`), `users`, `groups`. Times in ISO 8601."""
        records = []
        for incident in self._records[INCIDENT].by_id.values():
            record = rendering.plain(self._objects[INCIDENT], incident)
            record["remarks"] = [one for kind in (NOTE, REQUEST) for one in self._journals(kind, incident)]
            record["history"] = self._journals(HISTORY, incident)
            records.append(record)
        listed = {
            key: [rendering.plain(self._objects[name], one) for one in self._records[name].by_id.values()]
            for key, name in (("users", USER), ("groups", TEAM))
        }
        return {"platform": self.platform, "records": records, **listed}

    def _journals(self, kind: str, incident: Record) -> list[dict[str, Any]]:
        found = self._records[kind].where("ParentRecID", str(incident["RecID"]))
        return [rendering.plain(self._objects[kind], one) for one in found]

    def _answer(self, request: Request, now: datetime, rng: Random) -> Response:
        # Clients spell the operations in several ways; the web server takes them all.
        parts = [part for part in request.path.lower().split("/") if part]
        match request.method, parts:
            case "POST", ["cherwellapi", "token"]:
                return self._access.token(request, now, rng)
            case "GET", ["cherwellapi", "api", "v1", "serviceinfo"]:
                told = {"apiVersion": "10.4.0", "csmVersion": "10.4.0", **self._culture.said(now)}
                return answered(200, told)
            case _, ["cherwellapi", "api", "v1" | "v2", *rest] if rest:
                call = Call(self._access.user(request, now), now, rng, self._spoken(request))
                return self._operation(request, rest, call)
        raise said(404, f"No HTTP resource was found that matches the request URI '{request.path}'.")

    def _spoken(self, request: Request) -> Culture:
        """How the request wants times: every operation takes `lang` or `locale` (the published contract). Raises `RefusalError`."""
        name = request.param("locale") or request.param("lang")
        known = {one.lower(): one for one in CULTURES}
        if not name:
            return self._culture
        if name.lower() not in known:
            raise bad_request(f"Culture {name} is not simulated.")
        return replace(self._culture, name=known[name.lower()])

    def _operation(self, request: Request, parts: list[str], call: Call) -> Response:
        match request.method, parts:
            case "DELETE", ["logout"]:
                return self._access.logout(request)
            case "GET", ["getbusinessobjectsummary", "busobname" | "busobid" as by, which]:
                return answered(200, self._reader.summaries(by, which))
            case "GET", ["getbusinessobjectschema", "busobid", object_id]:
                related = request.param("includerelationships").lower() == "true"
                return answered(
                    200, rendering.schema(self._object(object_id, call), self._objects, related=related)
                )
            case "GET", ["getbusinessobject", "busobid", object_id, "busobrecid" | "publicid" as by, which]:
                spec = self._object(object_id, call)
                return answered(200, rendering.read_response(*self._one(spec, by, which, call), call.culture))
            case "DELETE", [
                "deletebusinessobject",
                "busobid",
                object_id,
                "busobrecid" | "publicid" as by,
                which,
            ]:
                return answered(200, self._deleted(self._object(object_id, call), by, which, call))
            case "GET", [
                "getrelatedbusinessobject",
                "parentbusobid",
                object_id,
                "parentbusobrecid",
                which,
                "relationshipid",
                relationship,
            ]:
                content = related_by_path(request, object_id, which, relationship)
                return self._related(content, call)
            case "GET", ["getteams"]:
                self._object(self._objects[TEAM].object_id, call)
                return answered(200, self._reader.teams())
            case "GET", ["getuserbyloginid"]:
                self._object(self._objects[USER].object_id, call)
                return answered(200, self._reader.user(request.param("loginid"), call))
            case "POST", [operation]:
                return self._posted(operation, body_of(request), call)
        raise said(404, f"No HTTP resource was found that matches the request URI '{request.path}'.")

    def _posted(self, operation: str, content: Mapping[str, Any], call: Call) -> Response:
        match operation:
            case "getsearchresults":
                return answered(
                    200,
                    self._reader.search(
                        self._object(content.get("busObId"), call), content, call, self._unseen(call)
                    ),
                )
            case "getrelatedbusinessobject":
                return self._related(content, call)
            case "getbusinessobjecttemplate":
                return answered(
                    200, self._reader.template(self._object(content.get("busObId"), call), content)
                )
            case "fieldvalueslookup":
                return answered(200, self._reader.values(self._object(content.get("busObId"), call), content))
            case "savebusinessobject":
                return answered(200, self._saved(content, call))
            case "savebusinessobjectbatch":
                return answered(200, self._batch(content, "saveRequests", lambda one: self._saved(one, call)))
            case "getbusinessobjectbatch":
                return answered(200, self._batch(content, "readRequests", lambda one: self._read(one, call)))
            case "saverelatedbusinessobject":
                return answered(200, self._saved_related(content, call))
        raise said(404, f"No HTTP resource was found that matches the operation '{operation}'.")

    def _saved(self, content: Mapping[str, Any], call: Call) -> dict[str, Any]:
        spec = self._object(content.get("busObId"), call)
        if spec.group == JOURNAL and not content.get("busObRecId"):
            # So xMatters' script writes a note: its fields say to which incident it belongs.
            owner = dirty_value(content, spec.fields["ParentRecID"])
            parent = self._one(self._objects[INCIDENT], "busobrecid", owner, call)[1]
            return self.writer.save_related(parent, spec, None, content, call)
        return self.writer.save(spec, self._addressed(spec, content, call, "busOb"), content, call)

    def _batch(
        self, content: Mapping[str, Any], name: str, answer: Callable[[Mapping[str, Any]], dict[str, Any]]
    ) -> dict[str, Any]:
        """The replies to several requests, one by one."""
        responses: list[dict[str, Any]] = []
        for one in listed_objects(content, name):
            try:
                responses.append(answer(one))
            except RefusalError as refusal:
                responses.append(json.loads(refusal.response.body))
            if flag(content, "stopOnError") and responses[-1]["hasError"]:
                break
        return {"responses": responses, **FINE}

    def _read(self, content: Mapping[str, Any], call: Call) -> dict[str, Any]:
        spec = self._object(content.get("busObId"), call)
        record = self._addressed(spec, content, call, "busOb")
        if record is None:
            raise bad_request("A record ID or a public ID is required.")
        return rendering.read_response(spec, record, call.culture)

    def _saved_related(self, content: Mapping[str, Any], call: Call) -> dict[str, Any]:
        parent = self._parent(content, call)
        spec = self._object(content.get("busObId"), call)
        if spec.name != JOURNAL and spec.group != JOURNAL:
            raise bad_request(f"{spec.display} is not related by that relationship.")
        before = self._addressed(spec, content, call, "busOb")
        told = self.writer.save_related(parent, spec, before, content, call)
        return {**self._parent_keys(parent), "relationshipId": content.get("relationshipId"), **told}

    def _related(self, content: Mapping[str, Any], call: Call) -> Response:
        parent = self._parent(content, call)
        told = self._reader.related(parent, content, call, self._unseen(call))
        return answered(
            200, {**self._parent_keys(parent), "relationshipId": content.get("relationshipId"), **told}
        )

    def _parent(self, content: Mapping[str, Any], call: Call) -> Record:
        spec = self._object(content.get("parentBusObId"), call)
        relationships = rendering.schema(spec, self._objects, related=True)["relationships"]
        asked = str(content.get("relationshipId") or "").lower()
        if asked not in {one["relationshipId"] for one in relationships}:
            raise bad_request(f"Relationship {content.get('relationshipId')} was not found.")
        parent = self._addressed(spec, content, call, "parentBusOb")
        if parent is None:
            raise bad_request("A parent record ID or public ID is required.")
        return parent

    def _parent_keys(self, parent: Record) -> dict[str, Any]:
        return {
            "parentBusObId": self._objects[INCIDENT].object_id,
            "parentBusObPublicId": parent["IncidentID"],
            "parentBusObRecId": parent["RecID"],
        }

    def _addressed(
        self, spec: ObjectSpec, content: Mapping[str, Any], call: Call, prefix: str
    ) -> Record | None:
        """The record that a body names by record id or by public id; None where by neither. Raises `RefusalError`."""
        rec_id, public_id = content.get(f"{prefix}RecId"), content.get(f"{prefix}PublicId")
        if rec_id:
            return self._one(spec, "busobrecid", str(rec_id), call)[1]
        if public_id:
            return self._one(spec, "publicid", str(public_id), call)[1]
        return None

    def _deleted(self, spec: ObjectSpec, by: str, which: str, call: Call) -> dict[str, Any]:
        own, record = self._one(spec, by, which, call)
        self.writer.delete(own, record, call)
        keys = ("busObId", "busObPublicId", "busObRecId", *FINE)
        told = rendering.read_response(own, record, call.culture, ())
        return {key: told[key] for key in keys}

    def _object(self, object_id: Any, call: Call) -> ObjectSpec:
        """The object of that id. Raises `RefusalError`."""
        found = next((one for one in self._objects.values() if one.object_id == str(object_id).lower()), None)
        if found is None:
            raise bad_request(f"Business Object {object_id} was not found.")
        if call.person.login == INTEGRATION and found.name in self.unreadable:
            raise refused(403, FORBIDDEN, f"User does not have rights to view {found.display}.")
        return found

    def _one(self, spec: ObjectSpec, by: str, which: str, call: Call) -> tuple[ObjectSpec, Record]:
        own, record = self._reader.one(spec, by, which)
        if {record["RecID"], record.get("ParentRecID")} & self._unseen(call):
            raise self._reader.missing()
        return own, record

    def _unseen(self, call: Call) -> frozenset[str]:
        """Record ids of the incidents that this person may not see."""
        if call.person.login != INTEGRATION or not self.hidden:
            return frozenset()
        found = [self._records[INCIDENT].where("IncidentID", number) for number in self.hidden]
        return frozenset(str(one["RecID"]) for several in found for one in several)
