"""What is written: values as texts under the ids of their fields. One request that changes something for each."""

from collections.abc import Mapping
from typing import Final

from syncline.connector import (
    Attach,
    Comment,
    Create,
    LinkBack,
    Native,
    Operation,
    PagePerson,
    Receipt,
    Transition,
    Update,
    unfit,
)
from syncline.errors import Configuration, Refused
from syncline.http.client import Http
from syncline.model import Visibility
from syncline_cherwell.client import Client, Row
from syncline_cherwell.discovery import Discovery
from syncline_cherwell.records import ASSIGNEE, GROUP, known
from syncline_cherwell.schema import CUSTOMER, DESCRIPTION
from syncline_cherwell.settings import CherwellSettings
from syncline_cherwell.values import wire

STATUS: Final = "Status"
CLOSED: Final = "Closed"

FIXED: Final = frozenset(
    {
        ASSIGNEE,
        GROUP,
        "CloseDescription",
        "Description",
        "Impact",
        "PendingReason",
        "Priority",
        "ShortDescription",
        "Urgency",
    }
)
"""Fields that a closed incident takes no more."""

_OWNER: Final = "OwnedBy"
_MEANT: Final = {_OWNER: ASSIGNEE, "OwnedByTeamID": GROUP}
"""What Cherwell says of a name or an id, is said of the field that we write."""


class Writer:
    """Carries out writes on one instance."""

    def __init__(self, client: Client, http: Http, settings: CherwellSettings, discovery: Discovery) -> None:
        self._client = client
        self._http = http
        self._settings = settings
        self._discovery = discovery

    def write(self, operation: Operation) -> Receipt:
        """Carry out one operation.

        Raises:
            Refused: Cherwell will not do it, or cannot be asked for it.
            OutcomeUnknown: whether it was done is not known.
        """
        match operation:
            case Create():
                return self._create(operation)
            case Update(record_id, values):
                return self._update(record_id, values)
            case Transition(record_id):
                # The status is a field, and what must come with it comes in the same save.
                return self._update(record_id, {**operation.values, STATUS: operation.to})
            case Comment():
                return self._comment(operation)
            case LinkBack(record_id):
                return self._noted(record_id, operation.text, {})
            case Attach(record_id):
                raise Refused(
                    f"{self._http.instance}: record {record_id}: files are not carried to and from Cherwell; leave them where they are"
                )
            case PagePerson(record_id):
                raise Refused(
                    f"{self._http.instance}: record {record_id}: Cherwell calls nobody; page by another way"
                )

    def _create(self, operation: Create) -> Receipt:
        """A new incident that carries our key."""
        given = {name: value for name, value in operation.values.items() if value is not None}
        values = self._written(given, "the new record")
        # Cherwell takes no incident without the two.
        values.setdefault(DESCRIPTION, values.get("ShortDescription", operation.marker))
        if not any(values.get(name) for name in CUSTOMER):
            values[CUSTOMER[1]] = self._settings.customer or self._discovery.account()[1]
        values[self._settings.marker_field] = operation.marker
        if (
            values.get(STATUS) in self._settings.owned
            and not values.get(ASSIGNEE)
            and self._settings.stand_in
        ):
            values[_OWNER] = self._settings.stand_in
        return Receipt(self._saved(values))

    def _update(self, record_id: str, given: Mapping[str, Native]) -> Receipt:
        """Fields of an incident."""
        rec_id = known(record_id, self._http.instance)
        incident, values = self._discovery.incident(), self._written(given, f"record {rec_id}")
        unowned = values.get(ASSIGNEE) == ""
        if self._settings.stand_in and not values.get(ASSIGNEE) and (STATUS in values or unowned):
            row = self._client.read(incident, rec_id)
            status = values.get(STATUS, row.get(STATUS))
            if status in self._settings.owned and (unowned or not row.get(ASSIGNEE)):
                values.pop(ASSIGNEE, None)
                values[_OWNER] = self._settings.stand_in
        return Receipt(self._saved(values, rec_id))

    def _comment(self, operation: Comment) -> Receipt:
        """A note."""
        public = operation.visibility is Visibility.PUBLIC
        note, shown = self._discovery.note(), self._settings.public_field
        if public and shown not in note.fields:
            raise Refused(
                f"{self._http.instance}: record {operation.record_id}: notes have no field that shows them to the customer; name it"
                " in public_field"
            )
        return self._noted(operation.record_id, operation.body, {shown: "True"} if public else {})

    def _saved(self, values: Row, rec_id: str = "") -> str:
        """The record id of an incident that is saved; a refusal names fields as the mapping does."""
        incident = self._discovery.incident()
        try:
            return self._client.save(incident, values, rec_id)
        except Refused as error:
            names = {ident.rpartition("FI:")[2]: name for name, ident in incident.ids.items()}
            named = {names.get(ident.rpartition("FI:")[2], ""): said for ident, said in error.fields.items()}
            fields = {_MEANT.get(name, name): said for name, said in named.items() if name}
            raise Refused(str(error), fields) from error

    def _noted(self, record_id: str, body: str, more: Row) -> Receipt:
        rec_id = known(record_id, self._http.instance)
        incident, note = self._discovery.incident(), self._discovery.note()
        relationship = incident.relationships.get(self._settings.journal_relationship)
        if not relationship:
            raise Configuration(
                f"{self._http.instance}: {incident.name} has no relationship {self._settings.journal_relationship!r}; correct"
                " journal_relationship"
            )
        values = {"Details": body, **more}
        return Receipt(
            rec_id, item_id=self._client.save_related(incident, rec_id, relationship, note, values)
        )

    def _written(self, values: Mapping[str, Native], target: str) -> dict[str, str]:
        """Values as the REST API takes them; all that cannot be sent is named at once."""
        incident, dates = self._discovery.incident(), self._discovery.dates()
        written: dict[str, str] = {}
        complaints: dict[str, str] = {}
        for name, value in values.items():
            field = incident.fields.get(name)
            if field is None:
                complaints[name] = f"{incident.name} has no such field"
            elif not field.writable or name == self._settings.marker_field:
                complaints[name] = "can only be read"
            else:
                try:
                    written[name] = wire(value, dates if name in incident.times else None)
                except ValueError as error:
                    complaints[name] = str(error)
        if complaints:
            raise unfit(self._http.instance, target, complaints)
        return written
