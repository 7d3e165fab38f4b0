"""Saving and deleting: what a client may set, what the instance sets itself, journals, and the history.

Ivanti, "Business Object Usage and Examples": without a record id and a public id a record is made, else it is changed. Only fields
that are marked `dirty` are looked at. What validation refuses comes with status 200 and `hasError`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Final

from syncline.sandbox.cherwell import lifecycle
from syncline.sandbox.cherwell.bodies import dirty_fields, flag
from syncline.sandbox.cherwell.culture import Culture
from syncline.sandbox.cherwell.objects import (
    CUSTOMER,
    DATE_TIME,
    HISTORY,
    INCIDENT,
    JOURNAL,
    LOGICAL,
    NOTE,
    REQUEST,
    TEAM,
    USER,
    FieldSpec,
    ObjectSpec,
)
from syncline.sandbox.cherwell.people import ADMIN, Person
from syncline.sandbox.cherwell.records import Record, Records
from syncline.sandbox.cherwell.replies import FINE, FORBIDDEN, INVALID, bad_request, refused, wrong

_KEPT: Final = 255
"""Characters of a value that the history keeps."""

_REFERENCES: Final = (
    ("OwnedByID", "RecID", USER, {"OwnedByID": "RecID", "OwnedBy": "FullName"}),
    ("OwnedBy", "FullName", USER, {"OwnedByID": "RecID", "OwnedBy": "FullName"}),
    ("OwnedByTeamID", "RecID", TEAM, {"OwnedByTeamID": "RecID", "OwnedByTeam": "Name"}),
    ("OwnedByTeam", "Name", TEAM, {"OwnedByTeamID": "RecID", "OwnedByTeam": "Name"}),
    ("CustomerRecID", "RecID", CUSTOMER, {"CustomerRecID": "RecID", "CustomerDisplayName": "FullName"}),
    (
        "CustomerDisplayName",
        "FullName",
        CUSTOMER,
        {"CustomerRecID": "RecID", "CustomerDisplayName": "FullName"},
    ),
)
"""Fields that name another record: field, what it holds of that, whose object, and what is set with it."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, when, where randomness comes from, and how times are written."""

    person: Person
    now: datetime
    rng: Random
    culture: Culture

    @property
    def at(self) -> int:
        """The time as the database keeps it: whole seconds."""
        return int(self.now.timestamp())


class _InvalidError(Exception):
    """Validation refuses: fields' ids and texts."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__(faults[0][1])
        self.faults = faults


class Writer:
    """Carries out saves and deletions.

    Attributes:
        transitions: Status to the statuses that may follow it.
        owner_required: Whether work asks for an owner.
        journal_touches: Whether a journal changes the incident's LastModifiedDateTime. Ivanti does not say.
        tracked: Fields of an incident whose changes the history keeps; none: there is no history.
        history_combined: Whether a save makes one history journal, and not one for each field.
    """

    def __init__(
        self,
        objects: Mapping[str, ObjectSpec],
        records: Mapping[str, Records],
        *,
        transitions: Mapping[str, tuple[str, ...]],
        owner_required: bool,
        journal_touches: bool,
        tracked: Sequence[str],
        history_combined: bool,
    ) -> None:
        self._objects = objects
        self._records = records
        self.transitions = transitions
        self.owner_required = owner_required
        self.journal_touches = journal_touches
        self.tracked = tuple(tracked)
        self.history_combined = history_combined
        self._incidents = 10_000

    def save(
        self, spec: ObjectSpec, before: Record | None, content: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        """Make a record, or change `before`; gives the body of the reply. Raises `RefusalError`."""
        if spec.name not in {INCIDENT, NOTE, REQUEST} or (before is None and spec.name != INCIDENT):
            raise refused(403, FORBIDDEN, f"User does not have rights to save {spec.display}.")
        return _reply(spec, lambda: self._saved(spec, before, content, call))

    def save_related(
        self, parent: Record, spec: ObjectSpec, before: Record | None, content: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        """Add a journal to an incident, or change one; gives the body of the reply. Raises `RefusalError`."""
        if before is not None:
            return self.save(spec, before, content, call)
        return _reply(spec, lambda: self._journal(parent, spec, content, call))

    def delete(self, spec: ObjectSpec, record: Record, call: Call) -> None:
        """Remove a record for good, and what it owns. Raises `RefusalError`."""
        own = spec.name in {NOTE, REQUEST} and record["CreatedByID"] == call.person.user_id
        if spec.name != INCIDENT and not own and call.person.login != ADMIN:
            raise refused(403, FORBIDDEN, f"User does not have rights to delete {spec.display}.")
        self._records[spec.name].remove(str(record["RecID"]), call.now)
        if spec.name == INCIDENT:
            for name in self._objects[JOURNAL].members:
                for journal in self._records[name].where("ParentRecID", str(record["RecID"])):
                    self._records[name].remove(str(journal["RecID"]), call.now)

    def _saved(
        self, spec: ObjectSpec, before: Record | None, content: Mapping[str, Any], call: Call
    ) -> Record | None:
        given = self._read(spec, content, call)
        if spec.name != INCIDENT:
            return self._journal_changed(spec, before or {}, given, content, call)
        given = self._resolved(given)
        if before is not None and all(before.get(name) == value for name, value in given.items()):
            return before
        made = {"Status": lifecycle.FIRST, "IncidentType": INCIDENT} if before is None else {}
        after = {**made, **(before or {}), **given}
        faults = [
            (one.name, f"{one.display} is required.")
            for one in spec.fields.values()
            if one.required and not after.get(one.name)
        ]
        if after.get("Status"):
            faults += lifecycle.faults(before, after, self.transitions, owner_required=self.owner_required)
        if faults:
            raise _InvalidError([(spec.fields[name].full_id, text) for name, text in faults])
        if not flag(content, "persist", default=True):
            return before
        who = {"name": call.person.name, "id": call.person.user_id}
        after |= lifecycle.entered(before, after, call.at, who)
        if before is None:
            self._incidents += 1
            after |= {
                "RecID": _new_id(call.rng),
                "IncidentID": str(self._incidents),
                "CreatedDateTime": call.at,
                "CreatedBy": call.person.name,
                "CreatedByID": call.person.user_id,
            }
        after |= self._touched(call)
        self._records[INCIDENT].put(after, call.now)
        if before is not None:
            self._tell(before, after, call)
        return after

    def _journal(
        self, parent: Record, spec: ObjectSpec, content: Mapping[str, Any], call: Call
    ) -> Record | None:
        given = self._read(spec, content, call)
        kinds = {one.object_id: one for one in self._objects.values() if one.group == JOURNAL}
        kind = kinds.get(str(given.get("JournalTypeID") or spec.object_id).lower())
        if kind is None or kind.name == HISTORY:
            # History journals are made by the instance itself (Ivanti, "Incident Journals").
            raise _InvalidError([(spec.fields["JournalTypeID"].full_id, "Journal Type ID is not valid.")])
        if not given.get("Details"):
            raise _InvalidError([(spec.fields["Details"].full_id, "Details is required.")])
        if not flag(content, "persist", default=True):
            return None
        journal = {**given, **self._journal_stamps(parent, kind, call)}
        self._records[kind.name].put(journal, call.now)
        if self.journal_touches:
            self._records[INCIDENT].put({**parent, **self._touched(call)}, call.now)
        return journal

    def _journal_changed(
        self,
        spec: ObjectSpec,
        before: Record,
        given: Mapping[str, Any],
        content: Mapping[str, Any],
        call: Call,
    ) -> Record:
        if call.person.user_id != before["CreatedByID"] and call.person.login != ADMIN:
            raise refused(403, FORBIDDEN, f"User does not have rights to save {spec.display}.")
        fixed = ("JournalTypeID", "ParentTypeID", "ParentRecID")
        after = {**before, **given, **{name: before[name] for name in fixed}}
        if not after["Details"]:
            raise _InvalidError([(spec.fields["Details"].full_id, "Details is required.")])
        if after == before or not flag(content, "persist", default=True):
            return before
        after |= {"LastModDateTime": call.at, "LastModBy": call.person.name}
        self._records[spec.name].put(after, call.now)
        return after

    def _tell(self, before: Record, after: Record, call: Call) -> None:
        """The history of a save. That it is kept, by fields or for all at once, Ivanti says; not how it reads."""
        spec = self._objects[INCIDENT]
        changed = [name for name in self.tracked if before.get(name) != after.get(name)]
        lines = [
            f"{spec.fields[name].display} changed from '{_cut(before.get(name))}' to '{_cut(after.get(name))}'"
            for name in changed
        ]
        for text in ["\n".join(lines)] if lines and self.history_combined else lines:
            stamps = self._journal_stamps(after, self._objects[HISTORY], call)
            self._records[HISTORY].put({"Details": text, **stamps}, call.now)

    def _journal_stamps(self, parent: Record, kind: ObjectSpec, call: Call) -> dict[str, Any]:
        return {
            "RecID": _new_id(call.rng),
            "JournalTypeID": kind.object_id,
            "JournalTypeName": kind.display,
            "ParentTypeID": self._objects[INCIDENT].object_id,
            "ParentRecID": parent["RecID"],
            "CreatedDateTime": call.at,
            "CreatedBy": call.person.name,
            "CreatedByID": call.person.user_id,
            "LastModDateTime": call.at,
            "LastModBy": call.person.name,
        }

    def _touched(self, call: Call) -> dict[str, Any]:
        return {
            "LastModifiedDateTime": call.at,
            "LastModBy": call.person.name,
            "LastModByID": call.person.user_id,
        }

    def _read(self, spec: ObjectSpec, content: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """What the dirty fields of a body set, as it is stored. Raises `_InvalidError`, `RefusalError`."""
        values: dict[str, Any] = {}
        faults = []
        for one in dirty_fields(content):
            field = spec.addressed(one.get("fieldId"))
            if field is None:
                faults.append((str(one.get("fieldId")), f"Field {one.get('fieldId')} was not found."))
                continue
            try:
                values[field.name] = _stored(field, one.get("value"), call.culture)
            except ValueError as error:
                faults.append((field.full_id, str(error)))
        if faults:
            raise _InvalidError(faults)
        return values

    def _resolved(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """With what goes together: owner, team and customer have a name and an id. Raises `_InvalidError`."""
        values = dict(given)
        faults = []
        for name, held, other, together in _REFERENCES:
            if name not in given:
                continue
            found = self._records[other].where(held, given[name]) if given[name] else []
            if given[name] and not found:
                text = f"'{given[name]}' is not a valid value for {self._objects[INCIDENT].fields[name].display}."
                faults.append((self._objects[INCIDENT].fields[name].full_id, text))
            values |= {target: found[0][source] if found else "" for target, source in together.items()}
        if faults:
            raise _InvalidError(faults)
        return values


def _reply(spec: ObjectSpec, write: Callable[[], Record | None]) -> dict[str, Any]:
    try:
        saved = write()
    except _InvalidError as error:
        errors = [
            {"error": text, "errorCode": INVALID, "fieldId": field_id} for field_id, text in error.faults
        ]
        return {**_body(None, None, errors), **wrong(INVALID, error.faults[0][1])}
    if saved is None:
        return _body(None, None, [])
    return _body(str(saved.get(spec.public) or ""), str(saved["RecID"]), [])


def _body(public_id: str | None, rec_id: str | None, errors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "busObPublicId": public_id,
        "busObRecId": rec_id,
        "cacheKey": "",
        "fieldValidationErrors": list(errors),
        "notificationTriggers": [],
        **FINE,
    }


def _new_id(rng: Random) -> str:
    return f"94{rng.getrandbits(160):040x}"


def _cut(value: Any) -> str:
    return str(value or "")[:_KEPT]


def _stored(spec: FieldSpec, value: Any, culture: Culture) -> Any:
    """One value as it is stored. Raises ValueError."""
    if isinstance(value, list | dict):
        raise bad_request(f"The value of {spec.display} is not text.")
    if spec.read_only:
        raise ValueError(f"{spec.display} is read-only.")
    text = "" if value is None else str(value)
    if spec.type == DATE_TIME:
        return culture.read(text) if text else None
    if spec.type == LOGICAL:
        if text.lower() not in {"true", "false", ""}:
            raise ValueError(f"'{text}' is not a valid value for {spec.display}.")
        return str(text.lower() == "true")
    if spec.size and len(text) > spec.size:
        raise ValueError(f"{spec.display} is longer than {spec.size} characters.")
    if text and spec.options:
        known = next((one for one in spec.options if one.casefold() == text.casefold()), None)
        if known is None:
            raise ValueError(f"'{text}' is not a valid value for {spec.display}.")
        return known
    return text
