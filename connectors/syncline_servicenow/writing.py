"""What is written: operations as calls of the Table and Attachment APIs. One request for each, whose reply brings the record."""

import re
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
from syncline.errors import OutcomeUnknown, Refused
from syncline.http.client import Http
from syncline.model import Visibility
from syncline_servicenow import records
from syncline_servicenow.client import Client
from syncline_servicenow.records import ORIGIN, Row, Shape, known
from syncline_servicenow.settings import ServiceNowSettings
from syncline_servicenow.values import is_sys_id, plain, sys_id_of, wire

_TYPE: Final = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w.+-]+=[\w.+-]+)*", re.ASCII)


class Writer:
    """Carries out operations on one instance."""

    def __init__(self, client: Client, http: Http, settings: ServiceNowSettings, shape: Shape) -> None:
        self._client = client
        self._http = http
        self._settings = settings
        self._shape = shape

    def write(self, operation: Operation) -> Receipt:
        """Carry out one operation.

        Raises:
            Refused: ServiceNow will not do it, or cannot be asked for it.
            OutcomeUnknown: whether it was done is not known.
        """
        match operation:
            case Create(marker, values):
                return self._create(marker, values)
            case Update(record_id, values):
                return self._patch(record_id, self._written(values, f"record {record_id}"))
            case Comment(record_id, _, body, visibility):
                name = "comments" if visibility is Visibility.PUBLIC else "work_notes"
                return self._patch(record_id, self._written({name: body}, f"record {record_id}"))
            case LinkBack(record_id):
                return self._patch(
                    record_id, self._written({"work_notes": operation.text}, f"record {record_id}")
                )
            case Attach():
                return self._attach(operation)
            case PagePerson(record_id):
                raise Refused(
                    f"{self._http.instance}: record {record_id}: ServiceNow calls nobody; page by another way"
                )
            case Transition(record_id, transition_id):
                raise Refused(
                    f"{self._http.instance}: record {record_id} cannot take transition {transition_id}: ServiceNow has"
                    " no transitions, set the field state by an update"
                )

    def _create(self, marker: str, values: Mapping[str, Native]) -> Receipt:
        given = {name: value for name, value in values.items() if value is not None}
        written = self._written(given, "the new record")
        marked = {**written, "correlation_id": marker, "correlation_display": ORIGIN}
        row = self._client.insert(self._settings.table, marked, self._shape.columns)
        try:
            return self._receipt(sys_id_of(plain(row.get("sys_id"))), row)
        except ValueError as error:
            raise OutcomeUnknown(
                f"{self._http.instance}: a record was created for {marker}, and the reply does not say which: {error}"
            ) from error

    def _patch(self, record_id: str, values: Mapping[str, str]) -> Receipt:
        row = self._client.patch(
            self._settings.table, known(record_id, self._http.instance), values, self._shape.columns
        )
        return self._receipt(record_id, row)

    def _attach(self, operation: Attach) -> Receipt:
        row = self._client.upload(
            self._settings.table,
            known(operation.record_id, self._http.instance),
            operation.name,
            # It comes from another platform and becomes a header.
            operation.content_type if _TYPE.fullmatch(operation.content_type) else "application/octet-stream",
            operation.content,
        )
        item = plain(row.get("sys_id"))
        return Receipt(operation.record_id, item_id=item if is_sys_id(item) else None)

    def _receipt(self, record_id: str, row: Row) -> Receipt:
        """A write that was applied; a reply that does not show the record properly is no reason to doubt it."""
        try:
            record = records.record(row, self._shape, self._settings.username)
        except ValueError:
            return Receipt(record_id)
        return Receipt(record_id, record if record.id == record_id else None)

    def _written(self, values: Mapping[str, Native], target: str) -> dict[str, str]:
        """Values as the Table API takes them; all that cannot be sent is named at once."""
        written: dict[str, str] = {}
        complaints: dict[str, str] = {}
        for name, value in values.items():
            if "." in name or name.startswith(("sys_", "correlation_")):
                complaints[name] = "can only be read"
                continue
            try:
                written[name] = wire(name, value, self._shape.kinds)
            except ValueError as error:
                complaints[name] = str(error)
        if complaints:
            raise unfit(self._http.instance, target, complaints)
        return written
