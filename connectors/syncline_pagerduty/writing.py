"""What we write: the bodies of the requests, and the requests.

PagerDuty takes an assignee or an escalation policy, not both, and a policy assigns whoever is on call. Where an
operation brings both, the policy goes out, since it is what gets somebody called; the reply shows whom it assigned.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from syncline.connector import (
    Attach,
    Comment,
    Create,
    LinkBack,
    Native,
    Operation,
    PagePerson,
    Receipt,
    Record,
    Transition,
    Update,
    unfit,
)
from syncline.errors import Gone, OutcomeUnknown, Refused
from syncline.model import Visibility
from syncline_pagerduty import records
from syncline_pagerduty.dialect import ALREADY_ACKNOWLEDGED, ALREADY_RESOLVED, is_code, key_in_use
from syncline_pagerduty.paging import Pages
from syncline_pagerduty.reading import Reader
from syncline_pagerduty.records import MERGED, STATUSES, URGENCIES, identity, incident_key, mapping

Body = dict[str, Any]

SETTABLE: Final = frozenset(
    {"title", "status", "urgency", "priority", "assignee", "escalation_policy", "service", "resolution"}
)
"""Native fields that an update may set."""

AT_CREATE: Final = (SETTABLE | {"description"}) - {"status", "resolution"}
"""Native fields that a create may set. Every incident begins as triggered; its status follows as an update."""

NEVER_EMPTY: Final = SETTABLE - {"resolution"}
"""Native fields that hold something for ever once they do: the API takes no null for them, or has no word for nobody."""

FIXED_WHEN_ENDED: Final = frozenset({"urgency", "assignee", "escalation_policy"})
"""Native fields that a resolved incident takes no more: PagerDuty answers with error 1001."""

_FIXED: Final = FIXED_WHEN_ENDED | {"assignments"}
"""The same, as an incident's body has them."""

RESOLVED: Final = "resolved"

LINKS: Final = "The same incident elsewhere:"
"""How the note with the links begins."""

_MARKED: Final = re.compile(r"\[syncline:[^\]\s]+\]$")


class Writer:
    """Writes to one instance. Every method sends one request that changes something."""

    def __init__(self, reader: Reader, pages: Pages) -> None:
        self._reader = reader
        self._pages = pages
        self._client = reader.client
        self._directory = reader.directory
        self._settings = reader.settings
        self._instance = reader.client.http.instance

    def write(self, operation: Operation) -> Receipt:
        """Carry out one operation."""
        match operation:
            case Create():
                return self._create(operation)
            case Update():
                return self._update(operation)
            case Comment(visibility=Visibility.PUBLIC):
                raise Refused(
                    f"{self._instance}: incident {operation.record_id}: PagerDuty has no remarks that customers read, so a"
                    " public one is not written there; nothing is to be done"
                )
            case Comment():
                return self._note(operation.record_id, operation.body)
            case LinkBack():
                return self._link_back(operation)
            case Attach():
                raise Refused(
                    f"{self._instance}: incident {operation.record_id}: PagerDuty holds no files, so"
                    f" {operation.name!r} cannot be attached; switch attachments off for this instance"
                )
            case PagePerson():
                return self._pages.send(operation)
            case Transition():
                raise Refused(
                    f"{self._instance}: incident {operation.record_id}: PagerDuty has no workflow; its status is set"
                    " by an update"
                )

    def _create(self, operation: Create) -> Receipt:
        values = {
            field: value for field, value in operation.values.items() if field not in ("status", "resolution")
        }
        body = self._body(values, AT_CREATE, f"a new incident ({operation.marker})")
        if "title" not in body:
            raise Refused(
                f"{self._instance}: PagerDuty takes no incident without a title; map one",
                {"title": "is required"},
            )
        if "service" not in body:
            body["service"] = _reference("service", self._default_service())
        body = {"type": "incident", **body, "incident_key": incident_key(operation.marker)}
        asof = self._reader.clock()
        try:
            reply = self._client.post("/incidents", {"incident": body})
        except Refused as refused:
            if not key_in_use(refused.fields):
                raise
            # An open incident has our key, so an earlier try has taken effect after all.
            adopted = [r for r in self._reader.find(operation.marker) if _is_open(r)]
            if not adopted:
                raise
            return Receipt(adopted[-1].id, adopted[-1])
        return self._receipt(mapping(reply.get("incident")), asof)

    def _update(self, operation: Update) -> Receipt:
        what = f"incident {operation.record_id}"
        body = self._body(operation.values, SETTABLE, what)
        if "resolution" in body and body.get("status") != RESOLVED:
            raise unfit(
                self._instance, what, {"resolution": "can be written only together with status resolved"}
            )
        if not body:
            record = self._reader.one(operation.record_id)
            return Receipt(record.id, record)
        try:
            return self._put(operation.record_id, body)
        except Refused as refused:
            return self._second_try(operation, body, refused)

    def _second_try(self, operation: Update, body: Body, refused: Refused) -> Receipt:
        """After a refusal for the sake of the status; nothing of the request has taken effect."""
        status = body.get("status")
        rest = {field: value for field, value in body.items() if field not in ("status", "resolution")}
        if _is_so_already(refused, status):
            if status == RESOLVED:
                # It would refuse all of the rest for these, and say that it is for the status. The reply shows what it kept.
                rest = {field: value for field, value in rest.items() if field not in _FIXED}
            if rest:
                return self._put(operation.record_id, rest)
            if "resolution" in body:
                self._note(operation.record_id, body["resolution"])
            record = self._reader.one(operation.record_id)
            return Receipt(record.id, record)
        if is_code(refused.fields, "status", ALREADY_RESOLVED):
            if rest and status is not None:
                # It is to be opened again, and some fields of an ended incident cannot be set. Opening comes first.
                return self._put(operation.record_id, {"status": status})
            if status is None:
                raise Refused(str(refused), dict.fromkeys(operation.values, refused.fields["status"]))
        raise refused

    def _put(self, record_id: str, body: Body) -> Receipt:
        path, asof = f"/incidents/{quote(record_id, safe='')}", self._reader.clock()
        with self._reader.writes.under_way(record_id):
            reply = self._client.put(path, {"incident": {"type": "incident_reference", **body}})
        return self._receipt(mapping(reply.get("incident")), asof)

    def _note(self, record_id: str, content: str) -> Receipt:
        path = f"/incidents/{quote(record_id, safe='')}/notes"
        reply = self._client.post(path, {"note": {"content": content}})
        return Receipt(record_id, item_id=identity(reply.get("note")))

    def _link_back(self, operation: LinkBack) -> Receipt:
        """A note that ends with the marker. It replaces the one that we wrote for other siblings before."""
        content = link_note(operation)
        path = f"/incidents/{quote(operation.record_id, safe='')}/notes"
        for note in reversed(self._reader.remarks(operation.record_id)):
            if not note.own or not note.body.startswith(LINKS) or not _MARKED.search(note.body):
                continue
            if note.body == content:
                return Receipt(operation.record_id, item_id=note.id)
            try:
                self._client.put(f"{path}/{quote(note.id, safe='')}", {"note": {"content": content}})
                return Receipt(operation.record_id, item_id=note.id)
            except Gone:
                continue
        return self._note(operation.record_id, content)

    def _receipt(self, incident: Mapping[str, Any], asof: datetime | None) -> Receipt:
        record_id = identity(incident)
        if record_id is None:
            raise OutcomeUnknown(f"{self._instance}: PagerDuty's reply to a write names no incident")
        return Receipt(record_id, self._reader.record(incident, asof) if records.complete(incident) else None)

    def _body(self, values: Mapping[str, Native], allowed: frozenset[str], what: str) -> Body:
        """The fields of an incident as the API takes them.

        Raises:
            Refused: with all that cannot be written.
        """
        body: Body = {}
        wrong: dict[str, str] = {}
        for field, value in values.items():
            try:
                body |= self._field(field if field in allowed else "", value)
            except ValueError as error:
                wrong[field] = str(error)
        if wrong:
            raise unfit(self._instance, what, wrong)
        if "escalation_policy" in body:
            body.pop("assignments", None)
        return body

    def _field(self, field: str, value: Native) -> Body:
        writers: Mapping[str, Callable[[str], Body]] = {
            "title": lambda text: {"title": text},
            "status": lambda text: {"status": _one_of(text, tuple(s for s in STATUSES if s != MERGED))},
            "urgency": lambda text: {"urgency": _one_of(text, URGENCIES)},
            "priority": self._priority,
            "assignee": lambda text: {"assignments": [{"assignee": _reference("user", text)}]},
            "escalation_policy": lambda text: {"escalation_policy": _reference("escalation_policy", text)},
            "service": lambda text: {"service": _reference("service", text)},
            "description": lambda text: {"body": {"type": "incident_body", "details": text}},
            "resolution": lambda text: {"resolution": resolution_note(text)},
        }
        if field not in writers:
            raise ValueError("cannot be written")
        if value is None:
            if field in ("description", "resolution"):
                return {}
            if field == "assignee":
                raise ValueError(
                    "cannot be emptied: an open incident is always assigned; set an escalation policy"
                )
            raise ValueError("cannot be emptied")
        if not isinstance(value, str):
            raise ValueError(f"takes text, not {type(value).__name__}")  # noqa: TRY004  collected with the others
        return writers[field](value)

    def _priority(self, wanted: str) -> Body:
        priority_id = self._directory.priority_id(wanted)
        if priority_id is None:
            known = ", ".join(self._directory.priorities()) or "none"
            raise ValueError(f"{wanted!r} is no priority of this account; there are: {known}")
        return {"priority": _reference("priority", priority_id)}

    def _default_service(self) -> str:
        if not self._settings.services:
            raise Refused(
                f"{self._instance}: no service for a new incident; name one in the setting services, or map one",
                {"service": "is required"},
            )
        return self._settings.services[0]


def link_note(operation: LinkBack) -> str:
    """The text of the note that shows where the siblings of an incident are; it ends with the marker."""
    lines = [f"{reference.instance} {reference.key}: {reference.url}" for reference in operation.references]
    return records.text("\n".join((LINKS, *lines, mark(operation.marker)))) or ""


def mark(marker: str) -> str:
    """How a text ends by which the core knows that we wrote it."""
    return f"[syncline:{marker}]"


def resolution_note(text: str) -> str:
    """A resolution with a marker of its own: PagerDuty makes a note of it, and no operation of ours writes that note, so
    it would be copied to the other platforms as somebody's remark."""
    token = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()
    return f"{text}\n{mark(token)}"


def _one_of(text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise ValueError(f"cannot be set to {text!r}; there are: {', '.join(allowed)}")
    return text


def _reference(kind: str, reference_id: str) -> Body:
    return {"id": reference_id, "type": f"{kind}_reference"}


def _is_open(record: Record) -> bool:
    return record.values.get("status") not in (RESOLVED, MERGED)


def _is_so_already(refused: Refused, status: object) -> bool:
    """Whether a status was refused because it holds already."""
    code = {RESOLVED: ALREADY_RESOLVED, "acknowledged": ALREADY_ACKNOWLEDGED}.get(str(status))
    return code is not None and is_code(refused.fields, "status", code)
