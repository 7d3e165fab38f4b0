"""A simulated BMC Helix ITSM server: incidents behind the AR System REST API, with what its workflow does to them.

Facts are those of BMC's documentation of the AR System REST API (19.02 to 23.3) and of replies recorded with public clients of it
(the BmcITSM integration of demisto/content), unless a comment says that they are assumed.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from syncline.sandbox.helix.access import Access
from syncline.sandbox.helix.bodies import File, multipart, values_of
from syncline.sandbox.helix.entries import Entries
from syncline.sandbox.helix.forms import (
    AUDIT,
    CREATE,
    FILES,
    GROUP_FORM,
    HELP_DESK,
    INCIDENT,
    PEOPLE_FORM,
    WORK_LOG,
    FieldSpec,
    FormSpec,
    forms,
)
from syncline.sandbox.helix.people import GROUPS, INTEGRATION, PEOPLE, Person, group_entries, people_entries
from syncline.sandbox.helix.qualification import Entry, Locale, compile_query
from syncline.sandbox.helix.rendering import FIRST_DAY, metadata, rendered
from syncline.sandbox.helix.replies import (
    BAD_BODY,
    NO_FIELD,
    NO_FORM,
    NOT_FOUND,
    RefusalError,
    answered,
    failure,
    page,
)
from syncline.sandbox.helix.writes import Call, Writer, found_or_refused
from syncline.sandbox.platform import Request, Response

_FIELDS: Final = re.compile(r"values\((.*)\)", re.DOTALL)


class Helix:
    """One server. The integration account is `syncline` / `sandbox`; anyone else of `people` logs in with any password, or
    shows the token `token-<login>` without logging in.

    Attributes:
        hidden: Numbers of incidents that the integration account may not see.
        unreadable_forms: Forms that it may not read.
        index_lag: Seconds by which lists lag behind what was written. May be set at any time.
    """

    platform: Final = "helix"

    def __init__(
        self,
        *,
        people: Sequence[Person] = PEOPLE,
        groups: Sequence[str] = GROUPS,
        custom_fields: Sequence[str] = (),
        index_lag: float = 0.0,
        hidden: Collection[str] = (),
        unreadable_forms: Collection[str] = (),
        date_pattern: str = "%m/%d/%Y %I:%M:%S %p",
        time_zone: str = "UTC",
        summary_length: int = 254,
        token_lifetime: float = 3600.0,
        most_sessions: int = 3,
        most_rows: int = 2000,
        assignee_required: bool = True,
        routed_to: str = "Service Desk",
        work_log_touches: bool = False,
        audited: bool = True,
    ) -> None:
        """`date_pattern` and `time_zone`: how the server reads a quoted time in a qualification. `most_sessions`: tokens that one
        account may hold at once. `most_rows`: entries that one list gives at the most, whatever `limit` says. See `Writer` for the
        others."""
        self.hidden = hidden
        self.unreadable_forms = unreadable_forms
        self.index_lag = index_lag
        self._forms = forms(summary_length, tuple(custom_fields))
        self._entries = {name: Entries(spec) for name, spec in self._forms.items() if name != CREATE}
        first = int(FIRST_DAY.timestamp())
        for form, entries in (
            (PEOPLE_FORM, people_entries(people, first)),
            (GROUP_FORM, group_entries(groups, first)),
        ):
            for entry in entries:
                self._entries[form].put(entry, FIRST_DAY)
        self._access = Access({person.login: person for person in people}, token_lifetime, most_sessions)
        self._locale = Locale(date_pattern, ZoneInfo(time_zone))
        self._most_rows = most_rows
        self.workflow = Writer(
            self._forms,
            self._entries,
            assignee_required=assignee_required,
            routed_to=routed_to,
            work_log_touches=work_log_touches,
            audited=audited,
        )

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        """Answer one request at that moment."""
        try:
            return self._answer(request, now, rng)
        except RefusalError as refusal:
            return refusal.response

    def actor(self, request: Request) -> str:
        """The login of the request's token; empty where it names none."""
        if request.path == "/api/jwt/login":
            return re.sub(
                r".*?username=([^&]*).*", r"\1", request.body.decode("utf-8", "replace"), flags=re.DOTALL
            )
        return self._access.name(request) or ""

    def throttled(self, now: datetime) -> Response:  # noqa: ARG002  no limit of the server's own is documented
        """What a gateway before the server says where there are too many requests."""
        return failure(429, (0, "Too many requests"), **{"Retry-After": "5"})

    def unavailable(self, status: int) -> Response:
        """What the load balancer says while there is no server behind it: a page."""
        return page(status, "Service unavailable", "The service is temporarily unavailable.")

    def expire_tokens(self) -> None:
        """Make every token invalid."""
        self._access.expire()

    def open_sessions(self, login: str = INTEGRATION) -> int:
        """How many tokens an account holds."""
        return self._access.open_sessions(login)

    def snapshot(self) -> dict[str, Any]:
        """Everything, as plain JSON: `records` (incidents with values, `remarks`, `attachments`, `history`), `users`, `groups`."""
        records = []
        for entry in self._entries[INCIDENT].by_id.values():
            record = self._values(self._forms[INCIDENT], entry, None, "")
            notes = self._entries[WORK_LOG].where("Incident Number", entry["Incident Number"])
            record["remarks"] = [self._values(self._forms[WORK_LOG], note, None, "") for note in notes]
            record["attachments"] = [
                {
                    "name": file.name,
                    "size": len(file.content),
                    "sha256": hashlib.sha256(file.content).hexdigest(),
                }
                for note in notes
                for file in map(note.get, FILES)
                if file is not None
            ]
            lines = self._entries[AUDIT].where("Original Request ID", entry["Entry ID"])
            record["history"] = [self._values(self._forms[AUDIT], line, None, "") for line in lines]
            records.append(record)
        listed = {
            key: [
                self._values(self._forms[form], one, None, "") for one in self._entries[form].by_id.values()
            ]
            for key, form in (("users", PEOPLE_FORM), ("groups", GROUP_FORM))
        }
        return {"platform": self.platform, "records": records, **listed}

    def _answer(self, request: Request, now: datetime, rng: Random) -> Response:
        parts = [part for part in request.path.split("/") if part]
        match request.method, parts:
            case "POST", ["api", "jwt", "login"]:
                return self._access.login(request, now, rng)
            case "POST", ["api", "jwt", "logout"]:
                return self._access.logout(request)
        call = Call(self._access.user(request, now), now, rng)
        match parts:
            case ["api", "arsys", "v1" | "v1.0", "entry", form, *rest]:
                return self._entry(request, form, rest, call)
            case ["api", "arsys", "v1" | "v1.0", "fields", form, *ids] if request.method == "GET":
                return self._described(form, ids)
            case _:
                raise RefusalError(404, (0, "No such resource"))

    def _entry(self, request: Request, form: str, rest: list[str], call: Call) -> Response:
        if form not in self._forms and form != HELP_DESK:
            raise RefusalError(404, NO_FORM, form)
        if form in self.unreadable_forms and call.user == INTEGRATION:
            raise RefusalError(403, (353, "You have no access to form"), form)
        match request.method, rest:
            case "GET", [] if form != CREATE:
                return self._list(request, form, call)
            case "OPTIONS", []:
                # Documented to describe the form, without saying how.
                return self._described(form, [])
            case "POST", []:
                return self._create(request, form, call)
            case "GET", [entry_id] if form != CREATE:
                entry = self._one(form, entry_id, call)
                return answered(200, self._shown(request, form, entry, self._wanted(request, form)))
            case "GET", [entry_id, "attach", field] if form == WORK_LOG:
                file = self._one(form, entry_id, call).get(field)
                if not isinstance(file, File):
                    raise RefusalError(404, NOT_FOUND, field)
                disposition = f"attachment; filename*=UTF-8''{quote(file.name)}"
                return Response(
                    200,
                    file.content,
                    {"Content-Type": "application/octet-stream", "Content-Disposition": disposition},
                )
            case "PUT", [entry_id] if form in {INCIDENT, WORK_LOG}:
                entry, values = self._one(form, entry_id, call), values_of(request.body)
                change = self.workflow.update if form == INCIDENT else self.workflow.change_note
                change(entry, values, call)
                return Response(204)
            case "DELETE", [entry_id] if form == HELP_DESK:
                self.workflow.delete(self._one(form, entry_id, call), call)
                return Response(204)
            case _:
                raise RefusalError(405, (0, f"{request.method} is not supported for {form}"))

    def _list(self, request: Request, form: str, call: Call) -> Response:
        spec, entries = self._form(form), self._held(form)
        wanted = self._wanted(request, form)
        query = compile_query(request.param("q"), spec, self._locale, call.user, call.now)
        seen_at = call.now - timedelta(seconds=self.index_lag) if self.index_lag > 0 else None
        found = entries.search(query, request.param("sort"), call.rng, seen_at)
        found = [entry for entry in found if self._visible(entry, call.user)]
        limit = min(_count(request, "limit", self._most_rows), self._most_rows)
        offset = _count(request, "offset", 0)
        rows = found[offset : offset + limit]
        links: dict[str, Any] = {"self": [{"href": self._address(request)}]}
        if offset + limit < len(found):
            links["next"] = [{"href": f"{self._address(request)}?offset={offset + limit}&limit={limit}"}]
        content = {"entries": [self._shown(request, form, row, wanted) for row in rows], "_links": links}
        return answered(200, content)

    def _create(self, request: Request, form: str, call: Call) -> Response:
        wanted = self._wanted(request, form)
        if form == CREATE:
            entry = self.workflow.create(values_of(request.body), call)
            entry_id = str(entry["Entry ID"])
        elif form == WORK_LOG:
            values, files = multipart(request)
            entry = self.workflow.add_note(values, files, call)
            entry_id = str(entry["Work Log ID"])
        else:
            raise RefusalError(405, (0, f"POST is not supported for {form}"))
        location = {"Location": f"{self._address(request)}/{quote(entry_id)}"}
        if wanted is None:
            # The reply to a create has a body only where `fields` asks for one.
            return Response(201, b"", location)
        return answered(201, self._shown(request, form, entry, wanted), location)

    def _one(self, form: str, entry_id: str, call: Call) -> Entry:
        entries = self._held(form)
        if form == HELP_DESK:
            entry = next(iter(entries.where("Entry ID", entry_id)), None)
        else:
            entry = entries.by_id.get(entry_id)
        if entry is not None and not self._visible(entry, call.user):
            entry = None
        return found_or_refused(entry)

    def _visible(self, entry: Entry, user: str) -> bool:
        return user != INTEGRATION or entry.get("Incident Number") not in self.hidden

    def _form(self, form: str) -> FormSpec:
        return self._forms[INCIDENT if form == HELP_DESK else form]

    def _held(self, form: str) -> Entries:
        return self._entries[INCIDENT if form == HELP_DESK else form]

    def _wanted(self, request: Request, form: str) -> tuple[FieldSpec, ...] | None:
        """The fields that `fields=values(a,b)` names; None where it is missing. Raises `RefusalError`."""
        text = request.param("fields")
        if not text:
            return None
        match = _FIELDS.fullmatch(text.strip())
        if match is None:
            raise RefusalError(400, BAD_BODY, f"fields={text}")
        names = [name.strip() for name in match[1].split(",") if name.strip()]
        spec = self._form(form)
        found = [spec.named(name) for name in names]
        if None in found:
            raise RefusalError(400, NO_FIELD, f"{names[found.index(None)]} ({form})")
        return tuple(one for one in found if one is not None)

    def _shown(
        self, request: Request, form: str, entry: Entry, wanted: tuple[FieldSpec, ...] | None
    ) -> dict[str, Any]:
        spec = self._form(form)
        base = f"{_base(request)}/api/arsys/v1/entry/{quote(form)}"
        href = f"{base}/{quote(str(entry.get(spec.key)))}"
        return {
            "values": self._values(spec, entry, wanted, href),
            "_links": {"self": [{"href": href if form != CREATE else base}]},
        }

    def _values(
        self, spec: FormSpec, entry: Entry, wanted: tuple[FieldSpec, ...] | None, href: str
    ) -> dict[str, Any]:
        fields = spec.fields.values() if wanted is None else wanted
        return {one.name: rendered(one, entry.get(one.name), href) for one in fields}

    def _described(self, form: str, ids: list[str]) -> Response:
        """The fields resource (BMC, "Retrieving field metadata"); whole forms are listed, and several numbers."""
        if form not in self._forms and form != HELP_DESK:
            raise RefusalError(404, NO_FORM, form)
        spec = self._form(form)
        names = spec.create_names or {name: name for name in spec.fields}
        described = [metadata(name, spec.fields[target]) for name, target in names.items()]
        if ids:
            asked = {part.strip() for part in ids[0].split(",")}
            described = [one for one in described if str(one["id"]) in asked]
            if not described:
                raise RefusalError(404, NO_FIELD, ids[0])
        return answered(200, described[0] if ids and "," not in ids[0] else described)

    def _address(self, request: Request) -> str:
        return f"{_base(request)}{quote(request.path)}"


def _base(request: Request) -> str:
    scheme = request.header("x-forwarded-proto") or "https"
    return f"{scheme}://{request.header('host') or 'localhost'}"


def _count(request: Request, name: str, default: int) -> int:
    text = request.param(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise RefusalError(400, BAD_BODY, f"{name}={text}")
    return int(text)
