"""Writing entries: what a client may set, the workflow around it, work logs with their files, and the audit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Final

from syncline.sandbox.helix import incidents
from syncline.sandbox.helix.bodies import File
from syncline.sandbox.helix.entries import Entries
from syncline.sandbox.helix.forms import (
    AUDIT,
    CREATE,
    DISPLAY,
    ENUM,
    FILES,
    GROUP_FORM,
    INCIDENT,
    INTEGER,
    PEOPLE_FORM,
    TIME,
    WORK_LOG,
    FieldSpec,
    FormSpec,
)
from syncline.sandbox.helix.people import ADMIN
from syncline.sandbox.helix.qualification import Entry
from syncline.sandbox.helix.replies import (
    MISSING,
    NO_ACCESS,
    NO_FIELD,
    NOT_EMPTY,
    NOT_FOUND,
    WRONG_VALUE,
    RefusalError,
    refused_by_workflow,
)

_DEMANDED: Final = ("Description", "Impact", "Urgency", "Reported Source", "Service_Type")
_GROUP_FIELDS: Final = ("Assigned Group", "Assigned Support Company", "Assigned Support Organization")
_ASSIGNED: Final = (*_GROUP_FIELDS, "Assigned Group ID")
_AUDIT_LOG_LINE: Final = "{name}: {value}"


@dataclass(frozen=True, slots=True)
class Call:
    """Who writes, when, and where randomness comes from."""

    user: str
    now: datetime
    rng: Random

    @property
    def at(self) -> int:
        """The time as the server keeps it: whole seconds."""
        return int(self.now.timestamp())


class Writer:
    """Carries out writes on the forms.

    Attributes:
        assignee_required: Whether a status beyond Assigned asks for an assignee.
        routed_to: The support group to which the routing rules give an incident that names none; empty: there is no rule.
        work_log_touches: Whether a work log entry changes the incident's Last Modified Date. The vendor does not say.
        audited: Whether the audit of incidents is on.
    """

    def __init__(
        self,
        forms: Mapping[str, FormSpec],
        entries: Mapping[str, Entries],
        *,
        assignee_required: bool,
        routed_to: str,
        work_log_touches: bool,
        audited: bool,
    ) -> None:
        self._forms = forms
        self._entries = entries
        self.assignee_required = assignee_required
        self.routed_to = routed_to
        self.work_log_touches = work_log_touches
        self.audited = audited
        self._counts: dict[str, int] = {}

    def create(self, given: Mapping[str, Any], call: Call) -> Entry:
        """Make an incident through the create form; gives it. Raises `RefusalError`."""
        names = self._forms[CREATE].create_names
        unknown = [name for name in given if name not in names]
        if unknown:
            raise RefusalError(400, NO_FIELD, f"{unknown[0]} ({CREATE})")
        if str(given.get("z1D_Action", "")).upper() != "CREATE":
            raise RefusalError(400, MISSING, "z1D_Action")
        missing = [name for name in _DEMANDED if given.get(name) in (None, "")]
        if missing:
            raise RefusalError(400, MISSING, ", ".join(missing))
        values = self._read(INCIDENT, {names[name]: value for name, value in given.items()})
        values = {name: value for name, value in values.items() if value is not None and name not in DISPLAY}
        values |= self._customer(values)
        values |= self._assignment({}, values)
        if not values.get("Assigned Group"):
            raise refused_by_workflow(62, "No Assigned Group was given, and no assignment rule applies.")
        serial = self._next("entry")
        entry = {
            "Status": "Assigned",
            "Company": values.get("Assigned Support Company"),
            **values,
            **self._stamps(call, "Submit Date"),
            "Request ID": f"INC{serial:012}|INC{serial:012}",
            "Entry ID": f"INC{serial:012}",
            # The number that people see is drawn from another source than the entry id.
            "Incident Number": f"INC{self._next('number') + 400:012}",
            "InstanceId": f"IDG{call.rng.getrandbits(96):024X}",
            "Reported Date": values.get("Reported Date") or call.at,
        }
        incidents.prepare(None, entry, call.at, call.user, assignee_required=self.assignee_required)
        self._entries[INCIDENT].put(entry, call.now)
        self._audit({}, entry, call, "Create")
        return entry

    def update(self, before: Entry, given: Mapping[str, Any], call: Call) -> None:
        """Change an incident. Raises `RefusalError`."""
        values = self._read(INCIDENT, given)
        shown = {name: values.pop(name) for name in tuple(values) if name in DISPLAY}
        after = {**before, **values, **self._assignment(before, values)}
        incidents.prepare(before, after, call.at, call.user, assignee_required=self.assignee_required)
        after |= {"Last Modified By": call.user, "Last Modified Date": call.at}
        self._entries[INCIDENT].put(after, call.now)
        self._audit(before, after, call, "Set")
        if shown.get("z1D_Details"):
            note = {
                "Incident Number": before["Incident Number"],
                "Work Log Type": shown.get("z1D_Activity_Type") or "General Information",
                "Detailed Description": shown["z1D_Details"],
                "View Access": shown.get("z1D_View_Access") or "Internal",
                "Secure Work Log": shown.get("z1D_Secure_Log") or "Yes",
            }
            self.add_note(note, {}, call)

    def delete(self, entry: Entry, call: Call) -> None:
        """Remove an incident for good. Raises `RefusalError`."""
        if call.user != ADMIN:
            raise RefusalError(403, NO_ACCESS)
        self._entries[INCIDENT].remove(str(entry["Request ID"]), call.now)

    def add_note(self, given: Mapping[str, Any], files: Mapping[str, File], call: Call) -> Entry:
        """Add a work log entry; gives it. Raises `RefusalError`."""
        values = self._read(WORK_LOG, {name: value for name, value in given.items() if name not in FILES})
        values.setdefault("View Access", "Internal")
        values.setdefault("Secure Work Log", "Yes")
        missing = [
            name
            for name, spec in self._forms[WORK_LOG].fields.items()
            if spec.required and not values.get(name)
        ]
        if missing:
            raise RefusalError(400, MISSING, ", ".join(missing))
        found = self._entries[INCIDENT].where("Incident Number", values["Incident Number"])
        if not found:
            raise refused_by_workflow(70, f"There is no incident {values['Incident Number']}.")
        if not values.get("Detailed Description") and not values.get("Description") and not files:
            raise RefusalError(400, MISSING, "Detailed Description")
        note = {
            "Status": "Enabled",
            **{name: value for name, value in values.items() if value is not None},
            **self._stamps(call, "Submit Date"),
            "Work Log ID": f"WLG{self._next('note'):012}",
            "Work Log Submitter": call.user,
            "Work Log Submit Date": call.at,
            "Number of Attachments": len(files),
            **{name: file for name, file in files.items()},
        }
        self._entries[WORK_LOG].put(note, call.now)
        if self.work_log_touches:
            touched = {**found[0], "Last Modified By": call.user, "Last Modified Date": call.at}
            self._entries[INCIDENT].put(touched, call.now)
        return note

    def change_note(self, before: Entry, given: Mapping[str, Any], call: Call) -> None:
        """Change a work log entry. Raises `RefusalError`."""
        if call.user not in {before["Submitter"], ADMIN}:
            raise RefusalError(403, NO_ACCESS)
        after = {
            **before,
            **self._read(WORK_LOG, given),
            "Last Modified By": call.user,
            "Last Modified Date": call.at,
        }
        self._entries[WORK_LOG].put(after, call.now)

    def _read(self, form: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """What a body sets, as it is stored. Raises `RefusalError`."""
        values: dict[str, Any] = {}
        for name, value in given.items():
            spec = self._forms[form].named(name)
            if spec is None:
                raise RefusalError(400, NO_FIELD, f"{name} ({form})")
            if spec.system:
                raise RefusalError(403, (330, "You do not have write access to field"), name)
            stored = _stored(spec, value)
            if stored is None and spec.required:
                raise RefusalError(400, NOT_EMPTY, name)
            values[spec.name] = stored
        return values

    def _customer(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Who reported it: by login, or by first and last name. Raises `RefusalError`."""
        people = self._entries[PEOPLE_FORM]
        if login := values.get("Customer Login ID"):
            found = people.where("Remedy Login ID", login)
        else:
            asked = (values.get("First Name"), values.get("Last Name"))
            if not all(asked):
                raise RefusalError(400, MISSING, "First_Name, Last_Name")
            found = [p for p in people.by_id.values() if (p["First Name"], p["Last Name"]) == asked]
        if not found:
            raise refused_by_workflow(60, "The Customer is not a valid person.")
        person = found[0]
        return {
            "Customer Login ID": person["Remedy Login ID"],
            "First Name": person["First Name"],
            "Last Name": person["Last Name"],
            "Internet E-mail": person["Internet E-mail"],
        }

    def _assignment(self, before: Entry, values: Mapping[str, Any]) -> dict[str, Any]:
        """Group and assignee as they are stored: company, organization and group must name one that there is.
        Raises `RefusalError`."""
        found: dict[str, Any] = {}
        if any(name in values for name in _ASSIGNED):
            asked = {name: values.get(name, before.get(name)) for name in _GROUP_FIELDS}
            if not all(values.get(name) for name in _GROUP_FIELDS):
                raise refused_by_workflow(
                    63,
                    "Assigned Support Company, Assigned Support Organization and Assigned Group go together.",
                )
            found |= self._group(asked)
        elif not before and self.routed_to:
            (group,) = self._entries[GROUP_FORM].where("Support Group Name", self.routed_to)[:1]
            found |= _as_assigned(group)
        people = self._entries[PEOPLE_FORM]
        if "Assignee Login ID" in values:
            login = values["Assignee Login ID"]
            person = next(iter(people.where("Remedy Login ID", login)), None) if login else None
            found |= incidents.place(login, person)
        elif "Assignee" in values:
            name = values["Assignee"]
            person = next((p for p in people.by_id.values() if p["Full Name"] == name), None)
            found |= incidents.place(name, person)
        return found

    def _group(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        for group in self._entries[GROUP_FORM].where("Support Group Name", asked["Assigned Group"]):
            if group["Status"] == "Enabled" and _as_assigned(group).items() >= asked.items():
                return _as_assigned(group)
        raise refused_by_workflow(
            64, f"{asked['Assigned Group']} is no support group of that company and organization."
        )

    def _audit(self, before: Entry, after: Entry, call: Call, action: str) -> None:
        """A line of the audit in the log style: the names of the fields that changed, and their new values as text.

        BMC, "Specifying fields to be audited": only what changed and is marked for it is kept, with its new value. How the
        text is laid out is not documented.
        """
        specs = self._forms[INCIDENT].fields.values()
        changed = [
            spec.name for spec in specs if spec.audited and before.get(spec.name) != after.get(spec.name)
        ]
        if not self.audited or not changed:
            return
        lines = [_AUDIT_LOG_LINE.format(name=name, value=_shown(after.get(name))) for name in changed]
        entry = {
            **self._stamps(call, "Create Date"),
            "Last Modified By": "AR_AUDITOR",
            "Request ID": f"{self._next('audit'):015}",
            "Original Request ID": after["Entry ID"],
            "From Form": "HPD:Help Desk",
            "Audit Date": call.at,
            "User": call.user,
            "Fields Changed": ";" + ";".join(changed) + ";",
            "Log": "\n".join(lines),
            "Action": action,
        }
        self._entries[AUDIT].put(entry, call.now)

    def _stamps(self, call: Call, submitted: str) -> dict[str, Any]:
        return {
            "Submitter": call.user,
            submitted: call.at,
            "Last Modified By": call.user,
            "Last Modified Date": call.at,
        }

    def _next(self, what: str) -> int:
        self._counts[what] = self._counts.get(what, 0) + 1
        return self._counts[what]


def found_or_refused(entry: Entry | None) -> Entry:
    """The entry. Raises `RefusalError` (404) where there is none."""
    if entry is None:
        raise RefusalError(404, NOT_FOUND)
    return entry


def _as_assigned(group: Entry) -> dict[str, Any]:
    return {
        "Assigned Group": group["Support Group Name"],
        "Assigned Support Company": group["Company"],
        "Assigned Support Organization": group["Support Organization"],
        "Assigned Group ID": group["Support Group ID"],
    }


def _stored(spec: FieldSpec, value: Any) -> Any:
    """One value as it is stored; nothing is None. Raises `RefusalError`."""
    if value is None or value == "":
        return None
    wrong = RefusalError(400, WRONG_VALUE, spec.name)
    if isinstance(value, bool | list | dict):
        raise wrong
    if spec.type == ENUM:
        if isinstance(value, int) or (value not in spec.options and str(value).isdigit()):
            # Selection fields take the label or its number.
            value = spec.options[int(value)] if 0 <= int(value) < len(spec.options) else None
        if value not in spec.options:
            raise wrong
        return value
    if spec.type == INTEGER:
        if not isinstance(value, int):
            raise wrong
        return value
    if spec.type == TIME:
        try:
            return int(datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S.%f%z").timestamp())
        except ValueError:
            raise wrong from None
    text = str(value)
    if spec.length and len(text) > spec.length:
        raise wrong
    return text


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
