"""What is read: records by their ids, searches, what is related, templates and lists of values."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from syncline.sandbox.cherwell import rendering
from syncline.sandbox.cherwell.bodies import flag, listed
from syncline.sandbox.cherwell.objects import JOURNAL, TEAM, USER, FieldSpec, ObjectSpec
from syncline.sandbox.cherwell.records import Record, Records, as_of
from syncline.sandbox.cherwell.replies import FINE, NOT_FOUND, RefusalError, bad_request, refused
from syncline.sandbox.cherwell.searching import Search, field_of, parse
from syncline.sandbox.cherwell.writes import Call

_LOOKED_UP = {"OwnedBy": (USER, "FullName"), "OwnedByTeam": (TEAM, "Name")}


class Reader:
    """Answers what asks for records.

    Attributes:
        index_lag: Seconds by which searches lag behind what was written.
    """

    def __init__(
        self,
        objects: Mapping[str, ObjectSpec],
        records: Mapping[str, Records],
        most_rows: int,
        missing_status: int,
    ) -> None:
        self.index_lag = 0.0
        self._objects = objects
        self._records = records
        self._most_rows = most_rows
        self._missing_status = missing_status

    def missing(self) -> RefusalError:
        """There is no such record."""
        empty: dict[str, Any] = {
            "busObId": None,
            "busObPublicId": None,
            "busObRecId": None,
            "fields": [],
            "links": [],
        }
        return refused(self._missing_status, NOT_FOUND, "Record not found", **empty)

    def one(self, spec: ObjectSpec, by: str, which: str) -> tuple[ObjectSpec, Record]:
        """A record by its record id or its public id, and what object it truly is. Raises `RefusalError`."""
        name = "RecID" if by == "busobrecid" else spec.public
        for own in self._kinds(spec):
            records = self._records[own.name]
            if not records.indexed(name):
                # All journals of a kind have one public id.
                raise bad_request("The public ID is not unique. Use the record ID.")
            if found := records.where(name, which):
                return own, found[0]
        raise self.missing()

    def search(
        self, spec: ObjectSpec, content: Mapping[str, Any], call: Call, unseen: Collection[str]
    ) -> dict[str, Any]:
        """The body of an ad-hoc search's reply. Raises `RefusalError`."""
        search = parse(content, spec, call.culture, self._most_rows)
        wanted = self._wanted(spec, content, "fields", everything=flag(content, "includeAllFields"))
        found = self._found(spec, search, call, unseen)
        return {
            "businessObjects": self._rows(spec, search.paged(found), wanted, call),
            "hasPrompts": False,
            "links": [],
            "prompts": [],
            "searchResultsFields": [],
            "simpleResults": None,
            "totalRows": len(found),
            "hasMoreRecords": search.page * search.size < len(found),
            **FINE,
        }

    def related(
        self, parent: Record, content: Mapping[str, Any], call: Call, unseen: Collection[str]
    ) -> dict[str, Any]:
        """The body of a reply with an incident's journals. Raises `RefusalError`."""
        spec = self._objects[JOURNAL]
        search = parse(content, spec, call.culture, self._most_rows)
        everything = flag(content, "allFields", default=not content.get("fieldsList"))
        wanted = self._wanted(spec, content, "fieldsList", everything=everything)
        own = self._found(spec, search, call, unseen, parent)
        return {
            "links": [],
            "pageNumber": search.page,
            "pageSize": search.size,
            "relatedBusinessObjects": self._rows(spec, search.paged(own), wanted, call),
            "totalRecords": len(own),
            **FINE,
        }

    def template(self, spec: ObjectSpec, content: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a template's reply. Raises `RefusalError`."""
        names, ids = listed(content, "fieldNames"), listed(content, "fieldIds")
        # What it does not know it leaves out: so a live test of panoramicdata's client shows.
        known = [field.name.casefold() for one in ids if (field := spec.addressed(one)) is not None]
        asked = {*(str(name).casefold() for name in names), *known}
        chosen = [
            one
            for one in spec.fields.values()
            if flag(content, "includeAll")
            or (flag(content, "includeRequired") and one.required)
            or one.name.casefold() in asked
        ]
        return {"fields": [rendering.item(one, "") for one in chosen], **FINE}

    def summaries(self, by: str, which: str) -> list[dict[str, Any]]:
        """What there is of an object, by name or by id: a list of one, or of none."""
        found = [
            spec
            for spec in self._objects.values()
            if which == (spec.name.lower() if by == "busobname" else spec.object_id)
        ]
        return [rendering.summary(spec, self._objects) for spec in found]

    def teams(self) -> dict[str, Any]:
        """The body of a reply with all teams."""
        found = self._records[TEAM].by_id.values()
        return {"teams": [{"teamId": one["RecID"], "teamName": one["Name"]} for one in found], **FINE}

    def user(self, login: str, call: Call) -> dict[str, Any]:
        """The body of a reply with a user. Raises `RefusalError`."""
        found = self._records[USER].where("LoginID", login)
        if not found:
            raise self.missing()
        told = rendering.read_response(self._objects[USER], found[0], call.culture)
        return {
            "recordId": told["busObRecId"],
            "publicId": told["busObPublicId"],
            "displayName": told["busObPublicId"],
            "shortDisplayName": told["busObPublicId"],
            "accountLocked": False,
            "fields": told["fields"],
            **FINE,
        }

    def values(self, spec: ObjectSpec, content: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a lookup's reply: what a field may hold. Raises `RefusalError`."""
        name = content.get("fieldName")
        field = spec.fields.get(str(name)) if name else field_of(spec, content.get("fieldId"))
        if field is None:
            raise bad_request(f"Field {name} is not a field of {spec.display}.")
        if field.name in _LOOKED_UP:
            other, shown = _LOOKED_UP[field.name]
            return {"values": sorted(str(one[shown]) for one in self._records[other].by_id.values()), **FINE}
        return {"values": list(field.options), **FINE}

    def _found(
        self,
        spec: ObjectSpec,
        search: Search,
        call: Call,
        unseen: Collection[str],
        parent: Record | None = None,
    ) -> list[Record]:
        """All rows in order; only what `parent` owns, where it is given."""
        seen_at = call.now - timedelta(seconds=self.index_lag) if self.index_lag > 0 else None
        found: list[Record] = []
        for own in self._kinds(spec):
            records = self._records[own.name]
            near = (
                search.candidates(records)
                if parent is None
                else records.where("ParentRecID", str(parent["RecID"]))
            )
            found += [
                record
                for record in as_of(records, near, seen_at)
                if search.fits(record)
                and not {record["RecID"], record.get("ParentRecID")} & set(unseen)
                and (parent is None or record["ParentRecID"] == parent["RecID"])
            ]
        return search.ordered(found, call.rng)

    def _rows(
        self, spec: ObjectSpec, rows: list[Record], wanted: list[FieldSpec] | None, call: Call
    ) -> list[dict[str, Any]]:
        return [rendering.read_response(self._kind(spec, row), row, call.culture, wanted) for row in rows]

    def _kinds(self, spec: ObjectSpec) -> list[ObjectSpec]:
        return [self._objects[name] for name in spec.members] or [spec]

    def _kind(self, spec: ObjectSpec, record: Record) -> ObjectSpec:
        kinds = {one.object_id: one for one in self._kinds(spec)}
        return kinds.get(str(record.get("JournalTypeID")), spec)

    def _wanted(
        self, spec: ObjectSpec, content: Mapping[str, Any], name: str, *, everything: bool
    ) -> list[FieldSpec] | None:
        if everything:
            return None
        asked = [field_of(spec, one) for one in listed(content, name) if one]
        return asked or [spec.fields[one] for one in spec.grid]
