"""What is written: values as the forms take them, and what goes with them. One request that changes something for each.

The form that creates calls some fields otherwise than the one that changes (vendor's spelling, seen with several public clients).
A group is written as company, organization and name together, a person as login and name.
"""

from collections.abc import Mapping
from typing import Any, Final

from syncline.connector import (
    Attach,
    Comment,
    Create,
    LinkBack,
    Native,
    Operation,
    PagePerson,
    PartyKind,
    Receipt,
    Transition,
    Update,
    mark,
    unfit,
)
from syncline.errors import Gone, OutcomeUnknown, Refused
from syncline.http.client import Http
from syncline.model import Visibility
from syncline_helix.client import CREATE, INCIDENT, WORK_LOG, Client, Row
from syncline_helix.directory import Directory
from syncline_helix.query import equals
from syncline_helix.records import ASSIGNEE, FILES, GROUP, NUMBER, is_number, known
from syncline_helix.settings import HelixSettings
from syncline_helix.values import said, wire

CLOSED: Final = "Closed"

FIXED: Final = frozenset(
    {
        "Assigned Group ID",
        "Assignee Login ID",
        "Categorization Tier 1",
        "Categorization Tier 2",
        "Categorization Tier 3",
        "Description",
        "Detailed Decription",
        "Impact",
        "Resolution",
        "Resolution Category",
        "Urgency",
    }
)
"""Fields that a closed incident takes no more: it is read-only (BMC, "Incident status")."""

_CREATE_NAMES: Final = {
    "Customer Login ID": "Login_ID",
    "Detailed Decription": "Detailed_Decription",
    "First Name": "First_Name",
    "Last Name": "Last_Name",
    "Service Type": "Service_Type",
}
_CUSTOMER: Final = "Customer Login ID"
_STAFFED: Final = frozenset({"In Progress", "Pending", "Resolved", CLOSED})
"""Statuses that ask for an assignee."""

READ_ONLY: Final = frozenset(
    {
        "Request ID",
        "Entry ID",
        NUMBER,
        "InstanceId",
        "Submitter",
        "Submit Date",
        "Last Modified By",
        "Last Modified Date",
    }
    | {"Status-History", "Priority Weight", "Last Resolved Date", "Closed Date", "Assigned Group", "Assignee"}
)
GIVEN_ONCE: Final = frozenset(
    {"Customer Login ID", "First Name", "Last Name", "Service Type", "Reported Source"}
)
"""Fields that a create brings and that nobody writes afterwards, unless a mapping says so."""

_KNOWN_ENTRY: Final = ("Request ID", "Entry ID", NUMBER, ASSIGNEE, "Status")
_REMEMBERED: Final = 50_000


class Writer:
    """Carries out writes on one instance. Remembers which entry an incident is, which never changes."""

    def __init__(self, client: Client, http: Http, settings: HelixSettings, directory: Directory) -> None:
        self._client = client
        self._http = http
        self._settings = settings
        self._directory = directory
        self._entries: dict[str, str] = {}

    def knows(self, row: Row) -> None:
        """Remember which entry an incident is, from an entry that was read."""
        number, entry = said(row.get(NUMBER)), said(row.get("Request ID"))
        if number and entry:
            if len(self._entries) >= _REMEMBERED:
                self._entries.clear()
            self._entries[number] = entry

    def write(self, operation: Operation) -> Receipt:
        """Carry out one operation.

        Raises:
            Refused: Helix will not do it, or cannot be asked for it.
            OutcomeUnknown: whether it was done is not known.
        """
        match operation:
            case Create():
                return self._create(operation)
            case Update(record_id, values):
                return self._update(known(record_id, self._http.instance), values)
            case Comment():
                return self._comment(operation)
            case LinkBack(record_id):
                return self._noted(self._entry(record_id, operation.text, public=False))
            case Attach():
                return self._attach(operation)
            case PagePerson(record_id):
                raise Refused(
                    f"{self._http.instance}: record {record_id}: Helix calls nobody; page by another way"
                )
            case Transition(record_id, transition_id):
                raise Refused(
                    f"{self._http.instance}: record {record_id} cannot take transition {transition_id}: Helix has no transitions,"
                    " set the field Status by an update"
                )

    def _create(self, operation: Create) -> Receipt:
        """A new incident that carries our key."""
        given = {name: value for name, value in operation.values.items() if value is not None}
        values = self._written(given, "the new record")
        self._place(values, "the new record")
        values.setdefault(_CUSTOMER, self._settings.customer or self._settings.username)
        values[self._settings.marker_field] = operation.marker
        if values.get("Status") in _STAFFED and not values.get(ASSIGNEE):
            self._stand_in(values)
        form = {_CREATE_NAMES.get(name, name): value for name, value in values.items()}
        row = self._client.create(CREATE, {**form, "z1D_Action": "CREATE"}, (NUMBER,))
        number = said(row.get(NUMBER))
        if not is_number(number):
            raise OutcomeUnknown(
                f"{self._http.instance}: a record was created for {operation.marker}, and the reply does not say which"
            )
        return Receipt(number)

    def _update(self, number: str, given: Mapping[str, Native]) -> Receipt:
        """Fields of an incident."""
        values = self._written(given, f"record {number}")
        self._place(values, f"record {number}")
        if self._settings.stand_in and ("Status" in values or values.get(ASSIGNEE, "") is None):
            self._staffed(values, self._row(number))
        entry = self._entries.get(number) or said(self._row(number).get("Request ID"))
        self._client.update(INCIDENT, entry, {**values, "z1D Action": "MODIFY"}, number)
        return Receipt(number)

    def _comment(self, operation: Comment) -> Receipt:
        """A work log entry."""
        public = operation.visibility is Visibility.PUBLIC
        return self._noted(self._entry(operation.record_id, operation.body, public=public))

    def _attach(self, operation: Attach) -> Receipt:
        """A work log entry with a file. Nothing says for whom the file is, so the entry is internal."""
        name = (
            "".join(c if c.isprintable() and c not in '"\\/' else "_" for c in operation.name)[:255] or "file"
        )
        body = f"{name}\n{mark(operation.marker)}"
        values = {**self._entry(operation.record_id, body, public=False), FILES[0]: name}
        file = (FILES[0], name, operation.content_type or "application/octet-stream", operation.content)
        entry = self._logged(values, file)
        return Receipt(operation.record_id, item_id=f"{entry}/{FILES[0]}" if entry else None)

    def _entry(self, number: str, body: str, *, public: bool) -> dict[str, Any]:
        return {
            NUMBER: known(number, self._http.instance),
            "Work Log Type": self._settings.work_log_type,
            "Detailed Description": body,
            "View Access": "Public" if public else "Internal",
            # Nobody edits what was copied: the original stands elsewhere.
            "Secure Work Log": "Yes",
        }

    def _noted(self, values: Mapping[str, Any]) -> Receipt:
        return Receipt(values[NUMBER], item_id=self._logged(values) or None)

    def _logged(self, values: Mapping[str, Any], file: tuple[str, str, str, bytes] | None = None) -> str:
        """The id of a new work log entry.

        Raises:
            Gone: there is no incident for it, or we may not see it.
        """
        number = values[NUMBER]
        try:
            row = self._client.create(WORK_LOG, values, ("Work Log ID",), file=file, record=number)
        except Refused:
            # For a deleted incident the filters of the application refuse it too, with numbers that differ from release to release.
            self._row(number)
            raise
        return said(row.get("Work Log ID"))

    def _row(self, number: str) -> Row:
        """The entry of an incident, as far as a write must know it.

        Raises:
            Gone: there is none, or we may not see it.
        """
        try:
            rows = self._client.entries(INCIDENT, equals(NUMBER, number), _KNOWN_ENTRY, (), 2)
        except ValueError:
            rows = []
        found = [row for row in rows if said(row.get(NUMBER)) == number and row.get("Request ID")]
        if not found:
            raise Gone(
                f"{self._http.instance}: there is no incident {number[:40]!r}, or the account may not see it"
            )
        self.knows(found[0])
        return found[0]

    def _staffed(self, values: dict[str, Any], row: Row) -> None:
        """Put the stand-in where the incident will ask for an assignee and will have none. `row` is how it stands, just before."""
        status = values.get("Status") or said(row.get("Status"))
        assigned = values[ASSIGNEE] if ASSIGNEE in values else said(row.get(ASSIGNEE))
        if status in _STAFFED and not assigned:
            self._stand_in(values)

    def _stand_in(self, values: dict[str, Any]) -> None:
        if self._settings.stand_in:
            values[ASSIGNEE] = self._settings.stand_in
            self._place(values, "the record")

    def _place(self, values: dict[str, Any], target: str) -> None:
        """Write a group and a person as the forms take them."""
        if (ident := values.pop(GROUP, None)) is not None:
            group = self._directory.row(PartyKind.GROUP, ident)
            if group is None:
                raise self._unknown(target, GROUP, ident)
            values["Assigned Support Company"] = group.get("Company")
            values["Assigned Support Organization"] = group.get("Support Organization")
            values["Assigned Group"] = group.get("Support Group Name")
        if ASSIGNEE in values:
            login = values[ASSIGNEE]
            person = self._directory.row(PartyKind.PERSON, login) if login else None
            if login and person is None:
                raise self._unknown(target, ASSIGNEE, login)
            values["Assignee"] = person.get("Full Name") if person is not None else None

    def _unknown(self, target: str, name: str, value: str) -> Refused:
        return unfit(self._http.instance, target, {name: f"there is nobody {value[:60]!r}"})

    def _written(self, values: Mapping[str, Native], target: str) -> dict[str, Any]:
        """Values as the REST API takes them; all that cannot be sent is named at once."""
        written: dict[str, Any] = {}
        complaints: dict[str, str] = {}
        for name, value in values.items():
            if name in READ_ONLY or name == self._settings.marker_field:
                complaints[name] = "can only be read"
                continue
            if name == GROUP and value is None:
                complaints[name] = "cannot be emptied: an incident always has a group"
                continue
            try:
                written[name] = wire(name, value, self._settings.times())
            except ValueError as error:
                complaints[name] = str(error)
        if complaints:
            raise unfit(self._http.instance, target, complaints)
        return written
