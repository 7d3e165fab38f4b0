"""The connector contract: everything that the core asks of a platform, and all that a plugin must bring.

A plugin is an object of `Plugin` behind the entry point group `syncline.connectors`. Its `connect` gives a
`Connector` for one configured instance. What a platform can and cannot do is stated as data (`Capabilities`),
so that the core never asks which platform it talks to. `CONTRACT` is the version of all of this.
"""

from syncline.connector.contract import (
    CONTRACT,
    Capabilities,
    Connector,
    FieldSchema,
    Finding,
    HistoryKind,
    Pager,
    Plugin,
    Schema,
    Severity,
)
from syncline.connector.operations import (
    Attach,
    Comment,
    Create,
    LinkBack,
    Operation,
    Paged,
    PagePerson,
    Receipt,
    Reference,
    Step,
    Transition,
    Update,
    mark,
    marker_of,
)
from syncline.connector.records import Cursor, Edit, Hint, Native, Page, Party, PartyKind, Record, Sighting

__all__ = [
    "CONTRACT",
    "Attach",
    "Capabilities",
    "Comment",
    "Connector",
    "Create",
    "Cursor",
    "Edit",
    "FieldSchema",
    "Finding",
    "Hint",
    "HistoryKind",
    "LinkBack",
    "Native",
    "Operation",
    "Page",
    "PagePerson",
    "Paged",
    "Pager",
    "Party",
    "PartyKind",
    "Plugin",
    "Receipt",
    "Record",
    "Reference",
    "Schema",
    "Severity",
    "Sighting",
    "Step",
    "Transition",
    "Update",
    "mark",
    "marker_of",
]
